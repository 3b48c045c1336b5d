/**
 * The table of systems: for each system of examples/systems.json its examples, the backends they claim, the references and the largest
 * difference found by running every claim now: in standard errors (se) for draws, absolute for everything else.
 *
 *   node scripts/systems.mjs [S08 ...]    some of them
 *   node scripts/systems.mjs --write      also writes docs/systems.md
 *
 * Status 1 where a claim does not hold.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

setUp();
const { tsImport } = await import('tsx/esm/api');
const { backendsOf, check, claimOf, exampleNames, readJson } = await tsImport(join(root, 'test', 'claims.ts'), import.meta.url);
const surface = await import('../dist/index.js');

const asked = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const systems = readJson(join(root, 'examples', 'systems.json')).filter(({ id }) => asked.length === 0 || asked.includes(id));
const unknown = asked.filter((id) => !systems.some((system) => system.id === id));
if (unknown.length > 0) {
  process.stderr.write(`There is no system ${unknown.join(', ')}; examples/systems.json lists them.\n`);
  process.exit(2);
}
const claims = new Map(exampleNames().map((name) => [name, claimOf(name)]));

/** Outcomes by example: an example may serve several systems and runs once. */
const outcomes = new Map();
let failures = 0;
async function outcomesOf(example) {
  const known = outcomes.get(example);
  if (known) return known;
  const claim = claims.get(example);
  const found = new Map();
  outcomes.set(example, found);
  for (const run of claim.runs) {
    const backends = backendsOf(run);
    if (backends.some((name) => surface.laterBackends.includes(name))) continue;
    let outcome;
    try {
      outcome = await check(surface, example, claim, run);
    } catch (error) {
      outcome = { complaints: [error instanceof Error ? error.message : String(error)], standardErrors: null, absolute: null };
    }
    for (const complaint of outcome.complaints) process.stderr.write(`${example}, ${run.backend}: ${complaint}\n`);
    failures += outcome.complaints.length;
    for (const name of backends) {
      const before = found.get(name) ?? { standardErrors: null, absolute: null, failed: false };
      found.set(name, {
        standardErrors: larger(before.standardErrors, outcome.standardErrors),
        absolute: larger(before.absolute, outcome.absolute),
        failed: before.failed || outcome.complaints.length > 0,
      });
    }
  }
  return found;
}
function larger(a, b) {
  return a === null ? b : b === null ? a : Math.max(a, b);
}
function render([name, { standardErrors, absolute, failed }]) {
  const parts = [];
  if (absolute !== null) parts.push(absolute === 0 ? '0' : absolute.toExponential(1));
  if (standardErrors !== null) parts.push(`${standardErrors.toFixed(1)} se`);
  return `${name} ${parts.join(' and ')}${failed ? ' FAILED' : ''}`.trim();
}

const lines = ['| system | | example | largest difference by backend | reference |', '| --- | --- | --- | --- | --- |'];
const print = (line) => {
  lines.push(line);
  process.stdout.write(`${line}\n`);
};
for (const line of lines) process.stdout.write(`${line}\n`);
for (const { id, system } of systems) {
  const own = [...claims].filter(([, claim]) => claim.systems.includes(id));
  if (own.length === 0) print(`| ${id} | ${system} | in a later version | | |`);
  for (const [position, [example, claim]] of own.entries()) {
    const found = await outcomesOf(example);
    print(
      `| ${position === 0 ? id : ''} | ${position === 0 ? system : ''} | [${example}](../examples/${example}) | ${[...found].map(render).join(', ')} | ${claim.source.replaceAll('|', '\\|')} |`,
    );
  }
}

if (process.argv.includes('--write') && asked.length === 0 && failures === 0) {
  writeFileSync(
    join(root, 'docs', 'systems.md'),
    `# Systems

<!-- Written by scripts/systems.mjs from a run of all claims; do not edit. -->

What Credence is held against. Each system is stated by one or more [examples](../examples), solved by the backends listed, and compared with a
reference computed without Credence (\`test/reference/systems/\`). Differences of draws are in standard errors (se) of the run itself,
the largest of all quantities compared; those of everything else are absolute. \`npm run systems\` prints this table anew.

${lines.join('\n')}
`,
  );
}
process.exitCode = failures > 0 ? 1 : 0;
