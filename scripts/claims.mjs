/**
 * Copies the truths that the claims of examples/ refer to from test/reference/systems/ into
 * the claim.json of each example, so that a reader finds the numbers beside the model. No number is typed by
 * hand; test/examples.test.ts fails where the two differ. Names of examples as arguments limit it to these.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const folder = join(root, 'examples');
const asked = process.argv.slice(2);
for (const name of readdirSync(folder).sort()) {
  const path = join(folder, name, 'claim.json');
  if (!existsSync(path) || (asked.length > 0 && !asked.includes(name))) continue;
  const claim = JSON.parse(readFileSync(path, 'utf8'));
  claim.truth = {};
  for (const run of claim.runs) {
    const [file, result] = run.against.split('/');
    const reference = JSON.parse(readFileSync(join(root, 'test', 'reference', 'systems', `${file}.json`), 'utf8')).results[result];
    const { quantities, ...rest } = reference;
    const wanted = run.quantities === 'all' ? Object.keys(quantities) : run.quantities;
    // Long references (every state of a chain) are told by a few of their elements.
    const shown = wanted.length <= 24 ? wanted : wanted.filter((_, position) => position % Math.ceil(wanted.length / 12) === 0);
    const truth = (claim.truth[run.against] ??= { ...rest, quantities: {} });
    for (const quantity of shown) truth.quantities[quantity] = quantities[quantity];
  }
  writeFileSync(path, render(claim));
}

/** One line for each run and each quantity keeps a claim on one screen. */
function render({ truth, runs, ...head }) {
  const line = (value) =>
    JSON.stringify(value)
      .replace(/":/g, '": ')
      .replace(/,"/g, ', "')
      .replace(/\{"/g, '{ "')
      .replace(/([^{])\}/g, '$1 }')
      .replace(/ \}(?= \})/g, ' }');
  const runLines = runs.map((run) => `    ${line(run)}`).join(',\n');
  const truths = Object.entries(truth).map(([name, { quantities, ...rest }]) => {
    const others = Object.entries(rest).map(([key, value]) => `      ${JSON.stringify(key)}: ${line(value)}`);
    const rows = Object.entries(quantities).map(([key, value]) => `        ${JSON.stringify(key)}: ${line(value)}`);
    others.push(`      "quantities": {${rows.length ? `\n${rows.join(',\n')}\n      ` : ''}}`);
    return `    ${JSON.stringify(name)}: {\n${others.join(',\n')}\n    }`;
  });
  const headLines = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${line(value)}`);
  return `{\n${headLines.join(',\n')},\n  "runs": [\n${runLines}\n  ],\n  "truth": {\n${truths.join(',\n')}\n  }\n}\n`;
}
