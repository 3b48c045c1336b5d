/** Broken programs: whatever happens to a text, parsing it ends with a program or with diagnostics inside the text. */
import fc from 'fast-check';
import { makeRecipe } from 'ohm-js';
import { describe, expect, it } from 'vitest';
import { renderDiagnostics } from '../../src/errors/render.js';
import { credenceRecipe } from '../../src/1-parse/grammar.js';
import { parse } from '../../src/1-parse/parse.js';
import { print } from '../../src/1-parse/print.js';
import { holeCount, program } from './programs.js';

const language = makeRecipe(credenceRecipe());

/** Short, so that ten thousand of them take seconds, and together with every construct. */
const seeds: readonly string[] = [
  'data x: real[N, D] data K: int',
  'sample pi ~ Dirichlet(fill(10, K));',
  'for n in 0..<N {\n  observe x[n] ~ Normal(mu[z[n]], s)\n}',
  'fn f(z, w) = 0.7 * z + -w^2',
  'param s[k]: cov[D](floor: 1e-3) // note',
  'let a = x[.., 1..3] ? [i for i in 0..2] : y',
  'sample y: positive ~ push(t => log(t), D(sd: 2))',
  'report q = sum(v[j] for j in 0..<k)',
  'if K == 2 && !b { factor -x } else if a { }\nelse { let b = 3 }',
  'let m = a @ inf || c <= d /* note */ predict y ~ D',
];
const tokens = [
  'data',
  'param',
  'sample',
  'observe',
  'predict',
  'let',
  'report',
  'factor',
  'fn',
  'for',
  'in',
  'if',
  'else',
  'true',
  'inf',
  'x',
  'Normal',
  '3',
  '.5',
  '2.',
  '1e',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '~',
  '=',
  '==',
  '<-',
  ':',
  ';',
  ',',
  '..',
  '..<',
  '...',
  '?',
  '=>',
  '->',
  '+',
  '-',
  '*',
  '^',
  '@',
  '&&',
  'and',
  'not',
  '<',
  '.',
  '"',
  "'",
  '#',
  '//',
  '/*',
  '*/',
  '\n',
  '\uE000',
  '\uE0001\uE001',
  '\uE002',
  '\uD800',
  '𝜇',
  '\u0000',
  '−',
  '`',
  '\\',
  '%',
  'elif',
  'while',
  'return',
];

interface Edit {
  readonly at: number;
  readonly action: 'delete' | 'insert' | 'replace' | 'swap' | 'duplicate' | 'truncate';
  readonly what: string;
  readonly length: number;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat({ max: 400 }),
  action: fc.constantFrom('delete', 'insert', 'insert', 'replace', 'swap', 'duplicate', 'truncate'),
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...tokens) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }) },
  ),
  length: fc.integer({ min: 1, max: 3 }),
});

/** One edit of a sequence of pieces, which are characters or tokens. */
function mutated(pieces: readonly string[], { at: place, action, what, length }: Edit): readonly string[] {
  const at = place % (pieces.length + 1);
  const [before, some, after] = [pieces.slice(0, at), pieces.slice(at, at + length), pieces.slice(at + length)];
  switch (action) {
    case 'delete':
      return [...before, ...after];
    case 'insert':
      return [...before, what, ...some, ...after];
    case 'replace':
      return [...before, what, ...after];
    case 'swap':
      return [...before, ...after.slice(0, length), ...some, ...after.slice(length)];
    case 'duplicate':
      return [...before, ...some, ...some, ...after];
    case 'truncate':
      return place % 7 === 0 ? before : [...before, ...after];
  }
}
function mutate(source: string, edits: readonly Edit[], byToken: boolean): string {
  const pieces = byToken ? (source.match(/\w+|\s+|\.\.<|\.\.|=>|&&|\|\||[^\w\s]/g) ?? []) : [...source];
  return edits.reduce<readonly string[]>(mutated, pieces).join('');
}

function accepts(text: string): boolean {
  try {
    return language.match(text).succeeded();
  } catch {
    return false;
  }
}

/** What must hold for any text. */
function check(text: string, holes: number): void {
  const { program: tree, diagnostics } = parse(text, holes);
  expect(tree === null).toBe(diagnostics.some((diagnostic) => diagnostic.severity === 'error'));
  for (const { span, message } of diagnostics) {
    expect(message).not.toBe('');
    expect(span!.start).toBeGreaterThanOrEqual(0);
    expect(span!.end).toBeGreaterThanOrEqual(span!.start);
    expect(span!.end).toBeLessThanOrEqual(text.length);
  }
  const starts = diagnostics.map((diagnostic) => diagnostic.span!.start);
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
  expect(renderDiagnostics(diagnostics, text, 'm')).not.toMatch(/undefined/);
}

/** For what hangs: a loaded machine may take many times as long as one that is not. */
const patience = 300_000;

describe('parse, of 2,700 mutated programs', () => {
  const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
  for (const [unit, byToken, seed] of [
    ['characters', false, 1],
    ['tokens', true, 2],
  ] as const) {
    it(
      `never throws on changed ${unit}`,
      () => {
        fc.assert(
          fc.property(fc.constantFrom(...seeds), edits, (source, changes) => check(mutate(source, changes, byToken), 0)),
          { seed, numRuns: 1200 },
        );
      },
      patience,
    );
  }

  it(
    'never throws on changed random programs, and accepts what the whole grammar accepts',
    () => {
      fc.assert(
        fc.property(program, edits, (tree, changes) => {
          const text = mutate(print({ ...tree, statements: tree.statements.slice(0, 2) }), changes, true);
          if (text.length > 400) return;
          check(text, holeCount);
          const unknownHole = [...text.matchAll(/\uE000(\d+)\uE001/g)].some((match) => Number(match[1]) >= holeCount);
          if (!unknownHole) expect(parse(text, holeCount).program !== null).toBe(accepts(text));
        }),
        { seed: 3, numRuns: 300 },
      );
    },
    patience,
  );
});
