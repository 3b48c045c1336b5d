/**
 * The page of a run that was not stored is, to the last character, the page of its files: for chains, closed forms, factors, estimates and
 * switched labels.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compile, parseCsv, tableValue } from '../../src/index.js';
import { posteriorPage, posteriorParts, reportPage } from '../../src/report.js';

const example = (path: string): string => readFileSync(new URL(`../../examples/${path}`, import.meta.url), 'utf8');
const faithful = { x: tableValue(parseCsv(example('10-old-faithful/faithful.csv')), ['eruptions', 'waiting']), K: 2 };
const regression = JSON.parse(example('02-linear-regression/data.json')) as Readonly<Record<string, unknown>>;

const mixture = example('10-old-faithful/model.cred'),
  line = example('02-linear-regression/model.cred');

it.each([
  { backend: 'gibbs', of: 'a mixture', program: mixture, data: faithful },
  { backend: 'exact', of: 'a regression', program: line, data: regression },
  { backend: 'map', of: 'a regression', program: line, data: regression },
  { backend: 'cavi', of: 'a mixture without reports', program: mixture.replaceAll(/^report .*$/gm, ''), data: faithful },
])('$backend of $of', async ({ backend, program, data }) => {
  const posterior = await compile(program, 'model').infer(data, { backend, seed: 1, workers: 0, chains: 2, draws: 60, warmup: 60 });
  const files = posterior.files();
  const stored = reportPage('model', {
    summary: files['summary.json']!,
    run: files['run.json']!,
    draws: files['draws.csv'] === undefined ? null : [files['draws.csv']],
    data: files['data.json'] ?? null,
    pointwise: files['pointwise.csv'] ?? null,
  });
  expect(posteriorPage('model', posterior) === stored).toBe(true);
  const { verdict, sections } = posteriorParts('model', posterior);
  expect(stored).toContain(verdict);
  for (const { content } of sections) expect(stored.includes(content)).toBe(true);
});
