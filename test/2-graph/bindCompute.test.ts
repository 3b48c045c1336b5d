import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bounds, Evaluator, type Stored, boundsOf } from '../../src/2-graph/compute.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { type Expr, type Index, index, num, ref, scalarOf, size } from '../../src/expr/expr.js';

const sizes = new Map([
  ['N', 3],
  ['M', 2],
]);
const storages = new Map<string, Stored>([
  ['x', { shape: [3], values: Float64Array.of(0.5, -1.5, 2), gaps: null }],
  ['A', { shape: [3, 2], values: Float64Array.of(1, 2, 3, 4, 5, 6), gaps: null }],
  ['g', { shape: [3], values: Int32Array.of(2, 0, 1), gaps: null }],
]);
const read = (name: string, at: readonly number[]): number => {
  const { shape, values } = storages.get(name)!;
  if (at.some((i, axis) => !(i >= 0 && i < shape[axis]!))) return Number.NaN;
  return values[at.reduce((flat, i, axis) => flat * shape[axis]! + i, 0)]!;
};

const outer: readonly Index[] = [index('n'), index('m')];
const raw = (fn: string, ...args: Expr[]): Expr => ({ op: 'apply', fn, args });
/** Expressions over the two outer indices and the reductions around them. */
function expressions(scope: readonly Index[], depth: number): fc.Arbitrary<Expr> {
  const position: fc.Arbitrary<Expr> = fc.oneof(
    fc.constantFrom<Expr>(...scope),
    fc.constantFrom(0, 1, 2, -1).map(num),
    fc.constantFrom<Expr>(...scope).map((i) => ref('g', [i])),
  );
  const atoms: fc.Arbitrary<Expr> = fc.oneof(
    fc.constantFrom<Expr>(...scope),
    fc.constantFrom(-1, 0, 0.5, 2).map(num),
    fc.constant(size('N')),
    position.map((i) => ref('x', [i])),
    fc.tuple(position, position).map(([i, j]) => ref('A', [i, j])),
  );
  if (depth === 0) return atoms;
  const inner = expressions(scope, depth - 1);
  return fc.oneof(
    atoms,
    fc.tuple(fc.constantFrom('add', 'sub', 'mul', 'max', 'lt', 'and'), inner, inner).map(([fn, a, b]) => raw(fn, a, b)),
    fc.tuple(fc.constantFrom('neg', 'exp', 'abs', 'floor'), inner).map(([fn, a]) => raw(fn, a)),
    fc.tuple(inner, inner, inner).map(([test, then, otherwise]): Expr => ({ op: 'cond', test, then, otherwise })),
    fc.constant(null).chain(() => {
      const i = index('i');
      return fc
        .tuple(
          fc.constantFrom('sum', 'prod', 'min', 'max', 'logsumexp', 'argmax'),
          expressions([...scope, i], depth - 1),
          fc.constantFrom<Expr>(size('N'), size('M'), num(0), scope[0]!),
        )
        .map(([kind, body, to]): Expr => ({ op: 'reduce', kind: kind as 'sum', index: i, from: num(0), to, body }));
    }),
    fc.constant(null).chain(() => {
      const i = index('i'),
        j = index('j');
      return expressions([...scope, i, j], depth - 1).map((body) =>
        scalarOf('det', [{ indices: [i, j], dims: [size('M'), size('M')], body }]),
      );
    }),
  );
}
const close = (a: number, b: number): boolean =>
  Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));

describe('Evaluator', () => {
  it('gives what the reference interpreter gives, in whatever order indices move', () => {
    fc.assert(
      fc.property(expressions(outer, 4), fc.array(fc.tuple(fc.nat(2), fc.nat(1)), { minLength: 1, maxLength: 6 }), (e, places) => {
        const evaluator = new Evaluator(sizes, storages, []);
        const value = evaluator.compile(e);
        for (const [n, m] of places) {
          evaluator.box(outer[0]!).value = n;
          evaluator.box(outer[1]!).value = m;
          const expected = evaluate(e, {
            sizes,
            variable: read,
            indices: new Map([
              [outer[0]!, n],
              [outer[1]!, m],
            ]),
          });
          const found = value();
          // NaN compares as unordered, so the extremes of arrays that hold one may differ in sign of zero only.
          expect(close(found, expected), `${found} ${expected}`).toBe(true);
        }
      }),
      { seed: 17, numRuns: 2000 },
    );
  });

  it('visits loops in order and stops when told to', () => {
    const evaluator = new Evaluator(sizes, storages, []);
    const [n, m] = outer as [Index, Index];
    const seen: number[][] = [];
    const done = evaluator.walk(
      [
        { kind: 'loop', index: n, from: num(0), to: size('N') },
        { kind: 'test', test: raw('lt', num(0), n), holds: true },
        { kind: 'loop', index: m, from: num(0), to: n },
        { kind: 'test', test: raw('eq', m, num(1)), holds: false },
      ],
      () => {
        seen.push([evaluator.box(n).value, evaluator.box(m).value]);
        return seen.length < 2;
      },
    );
    expect([done, seen]).toEqual([
      false,
      [
        [1, 0],
        [2, 0],
      ],
    ]);
  });
});

describe('boundsOf', () => {
  it('encloses every value', () => {
    const loops = new Map<Index, Bounds>([
      [outer[0]!, { low: 0, high: 2 }],
      [outer[1]!, { low: 0, high: 1 }],
    ]);
    const extremes = new Map<string, Bounds>([
      ['x', { low: -1.5, high: 2 }],
      ['A', { low: 1, high: 6 }],
      ['g', { low: 0, high: 2 }],
    ]);
    let judged = 0;
    fc.assert(
      fc.property(expressions(outer, 3), (e) => {
        const bounds = boundsOf(e, loops, sizes, (name) => extremes.get(name) ?? null);
        if (bounds === null) return;
        for (let n = 0; n < 3; n++) {
          for (let m = 0; m < 2; m++) {
            const x = evaluate(e, {
              sizes,
              variable: read,
              indices: new Map([
                [outer[0]!, n],
                [outer[1]!, m],
              ]),
            });
            // An element outside its array has no value to enclose.
            if (Number.isNaN(x)) continue;
            judged++;
            expect(x).toBeGreaterThanOrEqual(bounds.low);
            expect(x).toBeLessThanOrEqual(bounds.high);
          }
        }
      }),
      { seed: 23, numRuns: 2000 },
    );
    expect(judged).toBeGreaterThan(1000);
  });
});
