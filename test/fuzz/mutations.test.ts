/** Broken programs and broken data: checker and binding end with diagnostics, soon, and never throw. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/1-parse/parse.js';
import { bind } from '../../src/2-graph/bind.js';
import type { ModelGraph } from '../../src/2-graph/graph.js';
import { lower } from '../../src/2-graph/lower.js';
import { renderDiagnostics } from '../../src/errors/render.js';

interface Example { readonly source: string; readonly data: Readonly<Record<string, unknown>> | null }

/** FUZZ_RUNS asks for more by hand: then of long programs too. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 10_000);
const longest = process.env['FUZZ_RUNS'] === undefined ? 420 : 2000;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
function examples(): readonly Example[] {
  const read = (program: string, data: string): Example => ({
    source: readFileSync(program, 'utf8'),
    data: existsSync(data) ? JSON.parse(readFileSync(data, 'utf8')) as Record<string, unknown> : null,
  });
  const own = readdirSync(join(root, 'examples')).map((name) => join(root, 'examples', name)).filter((folder) => existsSync(join(folder, 'model.cred')))
    .map((folder) => read(join(folder, 'model.cred'), join(folder, 'data.json')));
  const others = readdirSync(join(root, 'test', 'programs')).filter((name) => name.endsWith('.cred'))
    .map((name) => read(join(root, 'test', 'programs', name), join(root, 'test', 'programs', name.replace(/\.cred$/, '.json'))));
  // Long programs and data say nothing that short ones do not.
  return [...own, ...others].filter(({ source }) => source.length < longest);
}
const all = examples();

const words = [
  'data', 'param', 'sample', 'observe', 'predict', 'let', 'report', 'factor', 'fn', 'for', 'in', 'if', 'else', 'inf', 'true', 'x', 'y', 'N', 'K', 'mu', 'z', 'n', 'k', '0', '1', '2', '0.5', '1e308', '-1',
  'Normal', 'MvNormal', 'Categorical', 'Dirichlet', 'Gamma', 'truncated', 'mixture', 'iid', 'Wishart', 'Poisson', 'Delta', 'Flat', 'sum', 'real', 'int', 'bool', 'positive', 'simplex', 'ordered', 'cov', 'interval',
  '(', ')', '[', ']', '{', '}', '~', '=', '==', ':', ';', ',', '..', '..<', '?', '=>', '+', '-', '*', '/', '^', '@', '&&', '||', '!', '<', '>=', '//', '/*', '*/', '\n', '[n]', '[k]', '[0]', '(0, 1)',
  '__proto__', 'constructor', 'toString', 'zeros(1e12)', 'fill(0, 1e9)', 'eye(0)', '$', '`', '${x}', '\u0000', '\uE0000\uE001', 'Σ', '\uD800', '1e400', '00', 'exp', 'inverse', 'cholesky', 'logpdf', 'range', 'concat', 'standardise', 'transpose', 'argmax', 'n - 1', 'z[n]', 'sum(k for k in 0..<K)',
];
interface Edit { readonly at: number; readonly action: number; readonly what: string; readonly length: number; readonly from: number }
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(), action: fc.nat({ max: 5 }), length: fc.integer({ min: 1, max: 4 }), from: fc.nat(),
  what: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }) }),
});

function mutate(source: string, edits: readonly Edit[], byToken: boolean): string {
  let pieces: readonly string[] = byToken ? source.match(/\w+|[^\S\n]+|\n|\.\.<|\.\.|=>|&&|\|\||[^\w\s]/g) ?? [] : [...source];
  for (const { at: place, action, what, length, from } of edits) {
    const at = place % (pieces.length + 1);
    const before = pieces.slice(0, at), some = pieces.slice(at, at + length), after = pieces.slice(at + length);
    const other = pieces.slice(from % (pieces.length + 1)).slice(0, 3 * length);
    pieces = [[...before, ...after], [...before, what, ...some, ...after], [...before, what, ...after], [...before, ...some, ...some, ...after], [...before, ...other, ...after], [...before, ...other, ...some, ...after]][action]!;
  }
  return pieces.join('');
}

/** Processor time since a start: what others do on the machine does not count. */
function seconds(start: NodeJS.CpuUsage): number { return process.cpuUsage(start).user / 1e6; }

/** Parses and lowers within a second; says what must hold of the diagnostics. */
function compile(text: string): ModelGraph | null {
  const start = process.cpuUsage();
  const { program, diagnostics } = parse(text);
  const lowered = program === null ? null : lower(program, []);
  const said = [...diagnostics, ...lowered?.diagnostics ?? []];
  expect(seconds(start), text).toBeLessThan(1);
  expect((lowered?.graph ?? null) === null, text).toBe(said.some((d) => d.severity === 'error'));
  for (const { span, message } of said) {
    expect(message, text).not.toMatch(/undefined|\[object|NaN/);
    if (span !== undefined) expect(0 <= span.start && span.start <= span.end && span.end <= text.length, `${message} in ${text}`).toBe(true);
  }
  expect(renderDiagnostics(said, text, 'm')).not.toBe(undefined);
  return lowered?.graph ?? null;
}

describe('10,000 changed programs', () => {
  for (const [unit, byToken, share] of [['characters', false, 0.4], ['tokens', true, 0.6]] as const) {
    it(`${unit}: end with a graph or with diagnostics`, () => {
      fc.assert(fc.property(fc.nat({ max: all.length - 1 }), fc.array(edit, { minLength: 1, maxLength: 3 }), (k, edits) => {
        compile(mutate(all[k]!.source, edits, byToken));
      }), { seed: byToken ? 12 : 11, numRuns: share * runs });
    }, 600_000);
  }
});

// --- data ---------------------------------------------------------------------------------------

const strange: readonly unknown[] = [
  null, undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, -1e308, 5e-324, -0, 0.5, -1, 2 ** 31, 2 ** 53, 1e100, '', 'a', '1', 'NaN', 'Infinity', '0x10', '__proto__', true, false, [], [[]], [[], []], [null], [[1], [2, 3]], [1, [2]], {}, { length: 3 }, { a: 1 },
  { __proto__: { x: 1 } }, Object.create(null), Symbol('s'), 10n, () => 1, new Date(0), new Map([['a', 1]]), new Set([1]), new Float64Array(3), new Float32Array([Number.NaN]), new Int8Array(2), new BigInt64Array(1), new ArrayBuffer(8), new Array(4), Object.assign([1, 2], { 5: 3 }),
  nested(60, 1), Array.from({ length: 2000 }, (_, k) => k), new Proxy([1, 2], {}), JSON.parse('{"__proto__": [1], "constructor": 2}'), Object.defineProperty([], 'length', { value: 4 }), /x/, new Error('x'), Number('1'), [Object(1), Object(2)], 'x'.repeat(10_000),
];
function nested(depth: number, leaf: unknown): unknown { return depth === 0 ? leaf : [nested(depth - 1, leaf)]; }

/** Changes one value somewhere inside. */
function spoil(value: unknown, path: readonly number[], by: unknown): unknown {
  if (!Array.isArray(value) || path.length === 0 || value.length === 0) return by;
  const at = path[0]! % (value.length + 1);
  if (at === value.length) return path[0]! % 2 === 0 ? [...value, by] : value.slice(1);
  return value.map((x, k) => (k === at ? spoil(x, path.slice(1), by) : x));
}

describe('1,000 changed data', () => {
  const bound = all.flatMap(({ source, data }) => {
    const graph = data === null || JSON.stringify(data).length > 20_000 ? null : compile(source);
    return graph === null ? [] : [{ graph, data: data! }];
  });
  it('are bound or refused', () => {
    expect(bound.length).toBeGreaterThan(20);
    fc.assert(fc.property(fc.nat({ max: bound.length - 1 }), fc.nat(), fc.nat({ max: strange.length - 1 }), fc.array(fc.nat({ max: 97 }), { maxLength: 3 }), fc.boolean(), (k, which, by, path, drop) => {
      const { graph, data } = bound[k]!;
      const names = [...Object.keys(data), ...graph.variables.keys(), ...graph.sizes.keys(), '__proto__', 'constructor', 'hasOwnProperty'];
      const name = names[which % names.length]!;
      const changed = new Map(Object.entries(data));
      if (drop && path.length === 0) changed.delete(name);
      else changed.set(name, spoil(changed.get(name), path, strange[by]));
      for (const mode of ['infer', 'sample'] as const) {
        const start = process.cpuUsage();
        const { model, diagnostics } = bind(graph, changed, { mode });
        expect(seconds(start), name).toBeLessThan(1);
        expect(model === null).toBe(diagnostics.some((d) => d.severity === 'error'));
        for (const { message } of diagnostics) expect(message).not.toMatch(/undefined(?!$)|\[object/);
        for (const v of model?.variables.values() ?? []) if (v.status === 'given') expect(v.values.every((x) => !Number.isNaN(x)), `${v.name} of ${name}`).toBe(true);
      }
    }), { seed: 13, numRuns: 1000 });
  });
});
