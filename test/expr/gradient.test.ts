/**
 * Symbolic derivatives against central differences of the reference interpreter.
 */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/expr/evaluate.js';
import {
  add,
  apply,
  arrayOf,
  at,
  build,
  cond,
  element,
  exp,
  type Expr,
  index,
  log,
  mul,
  num,
  one,
  pow,
  reduce,
  ref,
  scalarOf,
  size,
  sub,
  sumOver,
  zero,
} from '../../src/expr/expr.js';
import { differentiate } from '../../src/expr/gradient.js';

const start: Readonly<Record<string, unknown>> = {
  a: 1.3,
  b: 0.4,
  x: [0.3, -1.2, 2.1],
  A: [
    [2, -0.4, 0.3],
    [-0.4, 1.2, 0.1],
    [0.3, 0.1, 0.9],
  ],
  g: [2, 0, 2, 1],
};
const N = size('N');

function valueAt(e: Expr, name: string, place: readonly number[], by: number): number {
  return evaluate(e, {
    sizes: new Map([
      ['N', 3],
      ['M', 4],
    ]),
    variable: (variable, at) => {
      let value = start[variable];
      for (const k of at) value = (value as readonly unknown[])[k];
      const moved = variable === name && at.length === place.length && at.every((k, d) => k === place[d]);
      return Number(value) + (moved ? by : 0);
    },
  });
}

/** Compares with a five-point difference. */
function check(e: Expr, name: string, place: readonly number[] = []): void {
  const h = 1e-3;
  const f = (d: number): number => valueAt(e, name, place, d);
  const numeric = (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
  const symbolic = valueAt(differentiate(e, ref(name, place.map(num))), '', [], 0);
  expect(Math.abs(symbolic - numeric)).toBeLessThan(1e-8 * Math.max(1, Math.abs(numeric)));
}

const a = ref('a'),
  b = ref('b');
const x = build([N], (i) => ref('x', [i]));
const A = build([N, N], (i, j) => ref('A', [i, j]));
const element3 = [[0], [1], [2]];
const pairs = element3.flatMap(([i]) => element3.map(([j]) => [i!, j!]));

describe('derivatives', () => {
  it('of sums, products, choices and compositions', () => {
    check(mul(exp(mul(a, b)), log(add(a, pow(b, num(2))))), 'a');
    check(apply('lgamma', mul(a, apply('sigmoid', b))), 'b');
    check(cond(apply('gt', a, one), mul(a, a), b), 'a');
    expect(valueAt(differentiate(cond(apply('gt', a, one), mul(a, a), b), b), '', [], 0)).toBe(0);
  });
  it('of reductions, elements of a vector taken one at a time', () => {
    for (const place of element3) {
      check(
        sumOver(N, (i) => mul(pow(at(x, i), num(2)), a)),
        'x',
        place,
      );
      check(
        sumOver(N, (i) => sumOver(N, (j) => mul(at(x, i), at(x, j)))),
        'x',
        place,
      );
      const i = index('i');
      check(reduce('prod', i, zero, N, at(x, i)), 'x', place);
      check(reduce('max', i, zero, N, mul(b, at(x, i))), 'x', place);
      check(reduce('min', i, zero, N, at(x, i)), 'x', place);
      check(reduce('logsumexp', i, zero, N, mul(at(x, i), a)), 'x', place);
    }
  });
  it('of gathers: an element counts once for each place that reads it', () => {
    const e = sumOver(size('M'), (n) => mul(add(n, one), exp(ref('x', [ref('g', [n])]))));
    for (const place of element3) check(e, 'x', place);
  });
  it('of shifts', () => {
    const t = index('t');
    const e = reduce('sum', t, one, N, pow(sub(at(x, t), mul(a, at(x, sub(t, one)))), num(2)));
    for (const place of element3) check(e, 'x', place);
    check(e, 'a');
  });
  it('of a product with a factor that is zero', () => {
    const i = index('i');
    const e = reduce('prod', i, zero, N, sub(at(x, i), num(0.3)));
    check(e, 'x', [0]);
  });
  it('of matrix functions, every element independent', () => {
    const dims = [N, N];
    for (const place of pairs) {
      check(element({ fn: 'inverse', args: [A], dims }, [zero, num(2)]), 'A', place);
      check(scalarOf('det', [A]), 'A', place);
      check(element({ fn: 'solve', args: [A, x], dims: [N] }, [one]), 'A', place);
    }
    for (const place of element3) check(element({ fn: 'solve', args: [A, x], dims: [N] }, [one]), 'x', place);
  });
  it('of log determinants and Cholesky factors along symmetric directions', () => {
    const scaled = build([N, N], (i, j) => add(at(A, i, j), mul(a, mul(at(x, i), at(x, j)))));
    check(scalarOf('logdet', [scaled]), 'a');
    for (const place of element3) check(scalarOf('logdet', [scaled]), 'x', place);
    const factor = arrayOf('cholesky', [scaled], [N, N]);
    for (const [i, j] of pairs) {
      check(at(factor, num(i!), num(j!)), 'a');
      check(at(factor, num(i!), num(j!)), 'x', [1]);
    }
  });
  it('of cumulative sums and products', () => {
    for (const place of element3) {
      for (const fn of ['cumsum', 'cumprod']) check(element({ fn, args: [x], dims: [N] }, [num(1)]), 'x', place);
    }
  });
  it('with respect to an index that stands for a real number', () => {
    const z = index('z');
    const e = differentiate(mul(z, exp(mul(a, z))), z);
    expect(evaluate(e, { indices: new Map([[z, 0.7]]), variable: () => 1.3 })).toBeCloseTo(Math.exp(0.91) * (1 + 0.91), 12);
  });
  it('say so where a function has none', () => {
    const hosted = element({ fn: 'host:0', args: [x], dims: [] }, []);
    expect(() => differentiate(hosted, ref('x', [zero]))).toThrow(/host:0 has no derivative/);
    expect(differentiate(hosted, a)).toEqual(zero);
    const z = index('z');
    expect(() => differentiate(ref('x', [z]), z)).toThrow(/index of x/);
  });
});
