/**
 * The programs of docs/recipes.md give the numbers of R (test/reference/recipes.R): on the data of the page, with the flags
 * of its commands.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { readOptions, readValues } from '../src/cli/sources.js';
import { compile } from '../src/index.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = readFileSync(join(root, 'docs', 'recipes.md'), 'utf8');
const references = JSON.parse(readFileSync(join(root, 'test', 'reference', 'recipes.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, number>>>
>;
const files = new Map([...page.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```/gm)].map(([, name, text]) => [name!, text!]));
const commands = [...page.matchAll(/^credence infer (.*)$/gm)].map(([, words]) => words!.split(' '));

const folder = mkdtempSync(join(tmpdir(), 'credence-recipes-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Values of a flag that may be given several times. */
const flag = (words: readonly string[], name: string): readonly string[] =>
  words.flatMap((word, k) => (word === name ? [words[k + 1]!] : []));

/** Programs of the page in its order, and what R calls them. */
const names = [
  'ttest',
  'logistic',
  'poisson',
  'slopes',
  'mixture',
  'changepoint',
  'gp',
  'survival',
  'ar',
  'ordinal',
  'hmm',
  'zeroinflated',
  'multinomial',
];

it('has a reference for each program', () => {
  expect(Object.keys(references)).toEqual(names);
  expect(commands.length).toBe(names.length);
});

it.each(names.map((name, k) => [name, k] as const))(
  '%s agrees with R',
  async (name, k) => {
    const words = commands[k]!,
      model = compile(files.get(words[0]!)!, words[0]!);
    for (const [file, text] of files) writeFileSync(join(folder, file), text);
    const values = readValues(model, { data: flag(words, '--data').map((file) => join(folder, file)), levels: flag(words, '--levels') });
    const posterior = await model.infer(Object.fromEntries(values), {
      backend: flag(words, '--backend')[0] ?? 'auto',
      seed: 1,
      workers: 0,
      options: readOptions(flag(words, '--opt')),
    });
    expect(posterior.converged, posterior.warnings.map(({ message }) => message).join()).toBe(true);
    const { variables } = posterior.summary();
    for (const [element, expected] of Object.entries(references[name]!)) {
      const found = variables[element]!;
      // Draws have an error of their own; estimates and closed forms have none. R's iterations end where a likelihood is flat to 1e-8.
      const error = found.mcse === null ? 2e-3 * Math.max(0.5, Math.abs(expected)) : 5 * found.mcse + 1e-3;
      expect(Math.abs(found.mean! - expected), `${element}: ${found.mean} and ${expected}`).toBeLessThan(error);
    }
  },
  60_000,
);
