/**
 * The ratio law for the examples and for programs written without Credence in mind: every region,
 * every closed form, every density that slice and Metropolis steps evaluate, against the statements.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkRatios, type RatioOptions } from './ratio.js';
import { compile } from './support.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const examples = join(root, 'examples'),
  programs = join(root, 'test', 'programs');

/** Columns of a small CSV file without quotes; empty cells are missing. */
function readColumns(path: string, columns: readonly string[]): (number | null)[][] {
  const [header = [], ...rows] = readFileSync(path, 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  return columns.map((column) =>
    rows.map((row) => {
      const cell = row[header.indexOf(column)];
      return cell === '' || cell === 'NA' ? null : Number(cell);
    }),
  );
}
function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}
function exampleData(name: string): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  const claim = readJson(join(examples, name, 'claim.json')) as {
    readonly data: Record<string, unknown>;
    readonly runs: readonly { readonly backend?: string; readonly model?: string; readonly data?: Record<string, unknown> }[];
  };
  const own = claim.runs.find((run) => run.model === undefined && run.backend !== 'sample' && run.data !== undefined)?.data;
  for (const [key, value] of Object.entries({ ...own, ...claim.data })) {
    if (typeof value !== 'string') data[key] = value;
    else if (value.endsWith('.json')) Object.assign(data, readJson(join(examples, name, value)));
    else {
      const [file = '', columns = ''] = value.split(':');
      const read = readColumns(join(examples, name, file), columns.split(','));
      data[key] = read.length === 1 ? read[0] : read[0]!.map((_, row) => read.map((column) => column[row]));
    }
  }
  return data;
}

function holds(text: string, data: Readonly<Record<string, unknown>>, options: RatioOptions = {}): void {
  const compiled = compile(text, data);
  const { failures, compared } = checkRatios(compiled, options);
  expect(failures).toEqual([]);
  // A region that no state reaches would pass unseen.
  expect([...compared].filter(([, n]) => n === 0)).toEqual([]);
}

describe('the ratio law holds for the examples', () => {
  it.each(
    readdirSync(examples)
      .filter((name) => existsSync(join(examples, name, 'model.cred')))
      .sort(),
  )('%s', (name) => {
    holds(readFileSync(join(examples, name, 'model.cred'), 'utf8'), exampleData(name), { seeds: [1], elements: 3 });
  });
});

describe('the ratio law holds for programs of others', () => {
  /** What a program needs that this version says it lacks. */
  const lacking = new Set(['bugs_inhalers', 'bugs_mice', 'bugs_biops']);
  const names = readdirSync(programs)
    .filter((n) => n.endsWith('.cred'))
    .map((n) => n.slice(0, -'.cred'.length))
    .sort();
  const runnable = names.filter((n) => existsSync(join(programs, `${n}.json`)) && !lacking.has(n));
  it.each(runnable)('%s', (name) => {
    holds(readFileSync(join(programs, `${name}.cred`), 'utf8'), readJson(join(programs, `${name}.json`)), {
      seeds: [1],
      elements: name === 'bugs_epil' ? 1 : 3,
    });
  });
});
