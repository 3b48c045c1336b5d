import { describe, expect, it } from 'vitest';
import { evaluate, evaluateArray, toNested } from '../../src/expr/evaluate.js';
import {
  type ArrayExpr,
  type Expr,
  add,
  apply,
  arrayOf,
  at,
  build,
  cond,
  index,
  mul,
  num,
  ref,
  scalarOf,
  size,
  sub,
  sumOver,
} from '../../src/expr/expr.js';

const x = [
  [1, 2],
  [3, 5],
  [8, 13],
];
const environment = {
  sizes: new Map([
    ['N', 3],
    ['D', 2],
    ['Z', 0],
  ]),
  variable: (name: string, k: readonly number[]): number => {
    if (name === 'x') return x[k[0]!]?.[k[1]!] ?? Number.NaN;
    if (name === 'g') return [2, 0, 1][k[0]!]!;
    return 7;
  },
};
const value = (e: Expr): number => evaluate(e, environment);
const reduceOver = (
  kind: 'sum' | 'prod' | 'min' | 'max' | 'logsumexp' | 'argmax',
  from: number,
  to: number,
  body: (i: Expr) => Expr,
): Expr => {
  const i = index('i');
  return { op: 'reduce', kind, index: i, from: num(from), to: num(to), body: body(i) };
};

describe('evaluate', () => {
  it('sums products over sizes', () => {
    // 1*2 + 3*5 + 8*13
    expect(value(sumOver(size('N'), (n) => mul(ref('x', [n, num(0)]), ref('x', [n, num(1)]))))).toBe(121);
  });

  it('nests reductions and gathers: sum_n sum_d x[g[n], d]', () => {
    expect(value(sumOver(size('N'), (n) => sumOver(size('D'), (d) => ref('x', [ref('g', [n]), d]))))).toBe(32);
  });

  it('gives the neutral element of an empty reduction', () => {
    const empty = (kind: Parameters<typeof reduceOver>[0]): number => value(reduceOver(kind, 4, 2, () => num(1)));
    expect(empty('sum')).toBe(0);
    expect(empty('prod')).toBe(1);
    expect(empty('min')).toBe(Number.POSITIVE_INFINITY);
    expect(empty('max')).toBe(Number.NEGATIVE_INFINITY);
    expect(empty('logsumexp')).toBe(Number.NEGATIVE_INFINITY);
  });

  it('reduces by product, extremes and log-sum-exp', () => {
    expect(value(reduceOver('prod', 1, 6, (i) => i))).toBe(120);
    expect(value(reduceOver('min', 0, 3, (i) => ref('g', [i])))).toBe(0);
    expect(value(reduceOver('max', 0, 3, (i) => ref('g', [i])))).toBe(2);
    // log(e^1000 + e^1000) = 1000 + log 2, which overflows without a shift
    expect(value(reduceOver('logsumexp', 0, 2, () => num(1000)))).toBeCloseTo(1000 + Math.LN2, 12);
    expect(value(reduceOver('logsumexp', 0, 2, () => num(Number.NEGATIVE_INFINITY)))).toBe(Number.NEGATIVE_INFINITY);
  });

  it('finds the index of the first maximum', () => {
    expect(value(reduceOver('argmax', 0, 3, (i) => ref('g', [i])))).toBe(0);
    expect(value(reduceOver('argmax', 1, 3, (i) => ref('g', [i])))).toBe(2);
    expect(value(reduceOver('argmax', 0, 3, () => num(1)))).toBe(0);
  });

  it('evaluates only the branch taken', () => {
    const unknown = ref('nothing');
    const lookup = {
      ...environment,
      variable: (): number => {
        throw new Error('read');
      },
    };
    expect(evaluate({ op: 'cond', test: num(1), then: num(5), otherwise: unknown }, lookup)).toBe(5);
    expect(() => evaluate({ op: 'cond', test: num(0), then: num(5), otherwise: unknown }, lookup)).toThrow('read');
  });

  it('computes array functions of comprehensions', () => {
    // [[2, 1], [1, 1]] has determinant 1 and inverse [[1, -1], [-1, 2]]
    const m: ArrayExpr = build([num(2), num(2)], (i, j) => cond(apply('eq', add(i, j), num(0)), num(2), num(1)));
    const inverse = arrayOf('inverse', [m], m.dims);
    expect(toNested(evaluateArray(inverse, environment))).toEqual([
      [expect.closeTo(1, 12), expect.closeTo(-1, 12)],
      [expect.closeTo(-1, 12), expect.closeTo(2, 12)],
    ]);
    expect(value(scalarOf('logdet', [m]))).toBeCloseTo(0, 12);
    expect(value(at(inverse, num(1), num(1)))).toBeCloseTo(2, 12);
  });

  it('recomputes an array function for each value of an index outside it', () => {
    // logdet of the 1x1 matrix [n + 1], summed over n = 0, 1, 2: log 1 + log 2 + log 3
    expect(value(sumOver(size('N'), (n) => scalarOf('logdet', [build([num(1), num(1)], () => add(n, num(1)))])))).toBeCloseTo(
      Math.log(6),
      12,
    );
  });

  it('calls host functions with nested arrays', () => {
    const matrix = build([num(2), num(1)], (i, j) => add(mul(num(10), i), j));
    const host = (m: unknown, s: unknown): number => {
      expect(m).toEqual([[0], [10]]);
      return Number(s) + 1;
    };
    const call = scalarOf('host:0', [matrix, { indices: [], dims: [], body: num(4) }]);
    expect(evaluate(call, { ...environment, hostFunctions: [host as (...args: readonly unknown[]) => unknown] })).toBe(5);
  });

  it('fills arrays in row-major order and takes a negative dimension as empty', () => {
    expect(
      evaluateArray(
        build([num(2), num(3)], (i, j) => add(mul(num(10), i), j)),
        environment,
      ),
    ).toEqual({ shape: [2, 3], values: Float64Array.of(0, 1, 2, 10, 11, 12) });
    expect(
      evaluateArray(
        build([sub(size('Z'), num(1))], () => num(1)),
        environment,
      ),
    ).toEqual({ shape: [0], values: new Float64Array(0) });
  });

  it("is undefined outside an array function's result", () => {
    const eye = build([num(2), num(2)], (i, j) => apply('eq', i, j));
    expect(value(at(arrayOf('inverse', [eye], eye.dims), num(0), num(2)))).toBeNaN();
    expect(value(at(arrayOf('inverse', [eye], eye.dims), num(-1), num(0)))).toBeNaN();
  });

  it('says whose fault a missing name is', () => {
    expect(() => evaluate(index('n'), {})).toThrow(/index n has no value/);
    expect(() => evaluate(size('N'), {})).toThrow(/size N has no value/);
    expect(() => evaluate(ref('x'), {})).toThrow(/variable x has no value/);
  });
});
