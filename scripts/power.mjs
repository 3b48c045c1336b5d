/**
 * What the checks themselves are worth, measured on the small programs of test/6-check/programs.json: which planted errors each check catches, with
 * every backend that applies; with --false-alarms, how often checks of right backends fail.
 *
 *   node scripts/power.mjs [--save] [--only gibbs,mh]
 *   node scripts/power.mjs --false-alarms [--seeds 4] [--first 1] [--save]
 *
 * `--save` keeps the results in docs/calibration.json and writes docs/calibration.md anew.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepFalseAlarms, keepPower } from './calibration.mjs';
import { root, setUp } from './setup.mjs';

setUp();
const { compile, ModelError } = await import('../dist/index.js');
const { givenOf } = await import('../dist/4-infer/programBuilder.js');
const { backends } = await import('../dist/4-infer/registry.js');
const { checkSubject, defaultEffort, findMethods } = await import('../dist/6-check/check.js');
const { mutations } = await import('../dist/6-check/mutations.js');
const { subjectOf } = await import('../dist/6-check/subject.js');

const programs = JSON.parse(readFileSync(join(root, 'test', '6-check', 'programs.json'), 'utf8'));
const argument = (name, absent) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? absent : process.argv[at + 1];
};
const save = process.argv.includes('--save');
const { methods } = findMethods(null);

/** A subject and a backend's refusal, if it refuses the program. */
function subjectFor({ source, data }, name, seed) {
  const backend = backends.get(name);
  try {
    const subject = subjectOf(compile(source).plated(), new Map(Object.entries(data)), backend, {}, String(seed));
    backend.explain(subject.bound.graph, givenOf(subject.bound), source, {}, null);
    return subject;
  } catch (thrown) {
    if (thrown instanceof ModelError) return null;
    throw thrown;
  }
}
async function reportOf(subject, method, rate, effort) {
  try {
    return (await checkSubject(subject, [method], rate, effort, () => {})).methods[0];
  } catch (thrown) {
    if (thrown instanceof ModelError) return { verdict: 'inapplicable', p: null };
    throw thrown;
  }
}

/** Each method at the share it would have of the default rate among all. */
const share = 1e-3 / methods.filter((m) => m.statistical).length;

async function power() {
  const effort = { ...defaultEffort, draws: 500, warmup: 200, simulations: 60, ranks: 19, steps: 1000, repetitions: 200 };
  const wanted = argument('--only', 'gibbs,mh,exact,cavi,laplace,em,map').split(',');
  for (const program of programs.filter((p) => p.power === true))
    for (const name of wanted) {
      const subject = subjectFor(program, name, 1);
      if (subject === null) continue;
      const applying = [];
      for (const method of methods) if ((await reportOf(subject, method, share, effort)).verdict === 'passed') applying.push(method);
      const errors = mutations(subject.bound, { walks: subject.backend.walks === true, hasKernel: subject.backend.kernel !== undefined });
      const rows = [];
      for (const { name: error, kind, planted } of errors) {
        const caught = {};
        for (const method of applying) {
          const report = await reportOf({ ...subject, planted }, method, share, effort);
          // Checks without chance have no p-value: they catch with certainty.
          if (report.verdict === 'failed') caught[method.name] = report.p === null ? 0 : Number(report.p.toPrecision(2));
        }
        rows.push({ program: program.name, backend: name, kind, error, applying: applying.map((m) => m.name), caught });
        console.log(
          `${program.name} | ${name} | ${error} | ${Object.entries(caught)
            .map(([m, p]) => `${m} ${p}`)
            .join(', ')}`,
        );
      }
      if (save && rows.length > 0) keepPower(rows, effort);
    }
}

async function falseAlarms() {
  const effort = { ...defaultEffort, draws: 300, warmup: 200, simulations: 30, ranks: 19, steps: 640, repetitions: 80 };
  const first = Number(argument('--first', '1')),
    seeds = Number(argument('--seeds', '4'));
  for (let seed = first; seed < first + seeds; seed++)
    for (const program of programs)
      for (const name of ['gibbs', 'mh', 'exact']) {
        const subject = subjectFor(program, name, seed);
        if (subject === null) continue;
        const p = {};
        for (const method of methods.filter((m) => m.statistical)) {
          const report = await reportOf(subject, method, share, effort);
          if (report.verdict !== 'inapplicable') p[method.name] = Number(report.p.toPrecision(2));
        }
        if (Object.values(p).some((x) => x < 0.02)) console.log(`${program.name} | ${name} | seed ${seed} | ${JSON.stringify(p)}`);
        if (save) keepFalseAlarms([{ program: program.name, backend: name, seed, p }], effort);
      }
}

await (process.argv.includes('--false-alarms') ? falseAlarms() : power());
