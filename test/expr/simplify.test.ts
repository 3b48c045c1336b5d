/**
 * Every rule of `simplify.ts` is an identity: both sides are evaluated by the reference interpreter
 * at random numbers, and the shape of the result is looked at where derivations depend on it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, evaluateArray } from '../../src/expr/evaluate.js';
import {
  add,
  apply,
  type ArrayExpr,
  arrayOf,
  at,
  build,
  cond,
  div,
  equal,
  exp,
  type Expr,
  index,
  isConst,
  log,
  mul,
  neg,
  num,
  one,
  pow,
  reduce,
  ref,
  scalarOf,
  size,
  sub,
  sumOver,
  visit,
  zero,
} from '../../src/expr/expr.js';
import {
  bilinear,
  choleskyOf,
  diagonal,
  diagonalOf,
  eye,
  inverseOf,
  logdetOf,
  logOf,
  oneMinus,
  powOf,
  simplify,
  timesTranspose,
  total,
  traceOfProduct,
  transposeOf,
  xlog1my,
  xlogy,
} from '../../src/expr/simplify.js';

const d = 3;
const A = [
  [2, -0.4, 0.3],
  [-0.4, 1.2, 0.1],
  [0.3, 0.1, 0.9],
];
const L = [
  [1.1, 0, 0],
  [0.4, 0.7, 0],
  [-0.2, 0.5, 1.9],
];
const v = [0.5, 2, 1.3];
const variables: Readonly<Record<string, unknown>> = { A, L, v, c: 2.5, a: 1.7, b: 0.3, s: -0.8, mean: [1, 2, 3] };
const environment = {
  sizes: new Map([
    ['N', d],
    ['M', 5],
  ]),
  variable: (name: string, place: readonly number[]): number => {
    let value = variables[name];
    for (const k of place) value = (value as readonly unknown[])[k];
    return Number(value ?? Number.NaN);
  },
};
const N = size('N');
const matrix = (name: string): ArrayExpr => build([N, N], (i, j) => ref(name, [i, j]));
const c = ref('c');
const scaled = (m: ArrayExpr, f: (e: Expr) => Expr): ArrayExpr => build(m.dims, (i, j) => f(at(m, i, j)));
const values = (a: ArrayExpr): number[] => [...evaluateArray(a, environment).values];
const value = (e: Expr): number => evaluate(e, environment);
function close(a: readonly number[], b: readonly number[]): void {
  expect(a.length).toBe(b.length);
  a.forEach((x, k) => expect(Math.abs(x - b[k]!)).toBeLessThan(1e-10 * Math.max(1, Math.abs(x))));
}
/** Names of the array functions an expression calls. */
function calls(e: Expr): readonly string[] {
  const out: string[] = [];
  visit(e, (x) => {
    if (x.op === 'element') out.push(x.array.fn);
  });
  return out;
}
function reductions(e: Expr): number {
  let n = 0;
  visit(e, (x) => {
    if (x.op === 'reduce') n++;
  });
  return n;
}

describe('logarithms and powers', () => {
  const a = ref('a'),
    s = ref('s');
  it('log undoes exp, sigmoid, Phi, powers and positive constants', () => {
    expect(equal(logOf(exp(s)), s)).toBe(true);
    for (const e of [
      apply('sigmoid', s),
      apply('Phi', s),
      pow(a, num(-0.5)),
      pow(a, num(-1)),
      mul(num(3), a),
      mul(exp(s), a),
      div(a, num(4)),
      cond(apply('gt', a, one), exp(s), a),
    ]) {
      expect(value(logOf(e))).toBeCloseTo(Math.log(value(e)), 12);
    }
    expect(equal(logOf(pow(a, num(0.5))), mul(num(0.5), log(a)))).toBe(true);
  });
  it('log of an even power keeps the sign question open', () => {
    expect(value(logOf(pow(s, num(2))))).toBeCloseTo(Math.log(0.64), 12);
  });
  it('a power of a power multiplies except where it is an absolute value', () => {
    expect(equal(powOf(pow(a, num(0.5)), -2), pow(a, num(-1)))).toBe(true);
    expect(value(powOf(pow(s, num(2)), 0.5))).toBeCloseTo(0.8, 12);
    expect(value(powOf(mul(num(-2), s), 0.5))).toBeCloseTo(Math.sqrt(1.6), 12);
    expect(equal(powOf(exp(s), -2), exp(mul(num(-2), s)))).toBe(true);
  });
  it('one minus a sigmoid is a sigmoid, one minus that is itself', () => {
    expect(equal(oneMinus(apply('sigmoid', s)), apply('sigmoid', neg(s)))).toBe(true);
    expect(equal(oneMinus(oneMinus(a)), a)).toBe(true);
  });
  it('x log y is 0 where x is, and linear in the logit of a sigmoid', () => {
    expect(value(xlogy(zero, zero))).toBe(0);
    expect(value(xlogy(sub(a, a), sub(a, a)))).toBe(0);
    expect(value(xlog1my(a, apply('sigmoid', s)))).toBeCloseTo(1.7 * Math.log(1 - 1 / (1 + Math.exp(0.8))), 12);
  });
});

describe('matrix rules', () => {
  const covariance = matrix('A'),
    root = matrix('L');
  const plainInverse = (m: ArrayExpr): ArrayExpr => arrayOf('inverse', [m], m.dims);
  const diagonalMatrix = diagonal(N, (i) => ref('v', [i]));
  const outer = (core: ArrayExpr): ArrayExpr => build([N, N], (i, j) => mul(mul(ref('v', [i]), at(core, i, j)), ref('v', [j])));
  /** The form, its name, and the array functions its inverse may still call. */
  const forms: readonly (readonly [string, ArrayExpr, readonly string[]])[] = [
    ['a variable', covariance, ['inverse']],
    ['an inverse', plainInverse(covariance), []],
    ['a transposed inverse', transposeOf(plainInverse(covariance)), []],
    ['a multiple', scaled(covariance, (e) => mul(c, e)), ['inverse']],
    ['a quotient', scaled(covariance, (e) => div(e, c)), ['inverse']],
    ['a multiple of an inverse', scaled(plainInverse(covariance), (e) => mul(c, e)), []],
    ['the identity', eye(N), []],
    ['a multiple of the identity', scaled(eye(N), (e) => mul(c, e)), []],
    ['a diagonal', diagonalMatrix, []],
    ['a sum of diagonals', build([N, N], (i, j) => add(at(eye(N), i, j), mul(c, at(diagonalMatrix, i, j)))), []],
    ['diag(v) R diag(v)', outer(covariance), ['inverse']],
    [
      'diag(v) R diag(v) by matrix products',
      build([N, N], (i, j) =>
        sumOver(N, (k) =>
          mul(
            mul(
              at(diagonalMatrix, i, k),
              sumOver(N, (l) => mul(at(covariance, k, l), at(diagonalMatrix, l, j))),
            ),
            one,
          ),
        ),
      ),
      ['inverse'],
    ],
    [
      'cholesky times its transpose',
      build([N, N], (i, j) => sumOver(N, (k) => mul(at(choleskyOf(covariance), i, k), at(choleskyOf(covariance), j, k)))),
      ['inverse'],
    ],
    ['L L^T', timesTranspose(root), ['inverse']],
    ['a choice', build([N, N], (i, j) => cond(apply('gt', c, one), at(covariance, i, j), at(eye(N), i, j))), ['inverse']],
    ['a transposed variable', transposeOf(covariance), ['inverse']],
  ];
  for (const [name, m, allowed] of forms) {
    it(`the inverse, log determinant and Cholesky factor of ${name} are what linear algebra says`, () => {
      const prepared = {
        ...m,
        body: simplify(
          m.body,
          m.indices.map((i, k) => ({ index: i, from: zero, to: m.dims[k]! })),
        ),
      };
      for (const form of [m, prepared]) {
        close(values(inverseOf(form)), values(plainInverse(m)));
        close([value(logdetOf(form))], [value(scalarOf('logdet', [m]))]);
        close(values(choleskyOf(form)), values(arrayOf('cholesky', [m], m.dims)));
      }
      expect(calls(inverseOf(prepared).body).filter((fn) => !allowed.includes(fn))).toEqual([]);
    });
  }
  it('a diagonal stays a diagonal, so that sums over it contract', () => {
    expect(diagonalOf(inverseOf(scaled(eye(N), (e) => mul(c, e))))).not.toBeNull();
    expect(diagonalOf(covariance)).toBeNull();
    const form = bilinear(
      inverseOf(scaled(eye(N), (e) => mul(c, e))),
      (i) => ref('mean', [i]),
      (i) => ref('mean', [i]),
    );
    expect(reductions(form)).toBe(1);
    expect(value(form)).toBeCloseTo(14 / 2.5, 12);
  });
  it('the inverse of the inverse is the matrix itself, and scales come out as powers', () => {
    expect(equal(at(inverseOf(plainInverse(covariance)), index('p'), index('q')), ref('A', [index('p'), index('q')]))).toBe(false);
    const p = index('p'),
      q = index('q');
    expect(equal(at(inverseOf(plainInverse(covariance)), p, q), ref('A', [p, q]))).toBe(true);
    expect(equal(at(inverseOf(scaled(plainInverse(covariance), (e) => mul(c, e))), p, q), mul(pow(c, num(-1)), ref('A', [p, q])))).toBe(
      true,
    );
    expect(equal(logdetOf(scaled(eye(N), (e) => mul(c, e))), mul(N, log(c)))).toBe(true);
  });
  it('a negative constant stays with its negative definite core', () => {
    const negative = build([N, N], (i, j) => neg(at(covariance, i, j)));
    const twice = scaled(negative, (e) => mul(num(-2), e));
    expect(value(logdetOf(twice))).toBeCloseTo(3 * Math.log(2) + value(scalarOf('logdet', [covariance])), 10);
  });
  it('one by one matrices are numbers', () => {
    const m = build([one, one], (i, j) => ref('A', [i, j]));
    expect(calls(inverseOf(m).body)).toEqual([]);
    close(values(inverseOf(m)), [0.5]);
    close([value(logdetOf(m))], [Math.log(2)]);
    close(values(choleskyOf(m)), [Math.SQRT2]);
  });
  it('the trace of a product and totals are the sums they stand for', () => {
    const products = A.flatMap((row, i) => row.map((x, j) => x * A[i]![j]!)).reduce((x, y) => x + y);
    expect(value(traceOfProduct(covariance, covariance))).toBeCloseTo(products, 12);
    expect(value(traceOfProduct(covariance, diagonalMatrix))).toBeCloseTo(2 * 0.5 + 1.2 * 2 + 0.9 * 1.3, 12);
    expect(reductions(total(N, () => c))).toBe(0);
    expect(value(total(N, (i) => ref('v', [i])))).toBeCloseTo(3.8, 12);
  });
});

describe('simplify', () => {
  const i = index('i'),
    j = index('j');
  const within = [
    { index: i, from: zero, to: N },
    { index: j, from: zero, to: N },
  ];
  it('decides tests of indices by their affine difference and range', () => {
    expect(simplify(apply('eq', i, i))).toEqual(one);
    expect(simplify(apply('eq', add(i, one), i))).toEqual(zero);
    expect(simplify(apply('lt', i, N), within)).toEqual(one);
    expect(simplify(apply('ge', i, zero), within)).toEqual(one);
    expect(simplify(apply('lt', i, zero), within)).toEqual(zero);
    expect(isConst(simplify(apply('lt', i, j), within))).toBe(false);
  });
  it('contracts a sum over a delta, with a guard where the range is not known', () => {
    const e = reduce('sum', i, zero, N, cond(apply('eq', i, j), mul(ref('v', [i]), c), zero));
    expect(equal(simplify(e, within), mul(ref('v', [j]), c))).toBe(true);
    const open = simplify(e);
    expect(open.op).toBe('cond');
    for (const k of [-1, 0, 2, 3]) {
      const inside = k >= 0 && k < d;
      expect(evaluate(open, { ...environment, indices: new Map([[j, k]]) })).toBeCloseTo(inside ? v[k]! * 2.5 : 0, 12);
    }
  });
  it('contracts through products, shifts, inner sums and conjunctions', () => {
    const shifted = reduce('sum', i, zero, N, mul(ref('v', [i]), cond(apply('eq', add(i, one), j), c, zero)));
    expect(reductions(simplify(shifted))).toBe(0);
    expect(evaluate(simplify(shifted), { ...environment, indices: new Map([[j, 2]]) })).toBeCloseTo(2 * 2.5, 12);
    const double = sumOver(N, (p) => sumOver(N, (q) => cond(apply('and', apply('eq', p, q), apply('eq', q, j)), ref('v', [p]), zero)));
    expect(reductions(simplify(double, within))).toBe(0);
    const trace = sumOver(N, (p) => sumOver(N, (q) => mul(at(eye(N), p, q), ref('A', [p, q]))));
    expect(reductions(simplify(trace))).toBe(1);
    expect(value(simplify(trace))).toBeCloseTo(4.1, 12);
    const split = sumOver(N, (p) => add(cond(apply('eq', p, one), ref('v', [p]), zero), ref('v', [p])));
    expect(value(simplify(split))).toBeCloseTo(5.8, 12);
  });
  it('folds constants, empty and short constant ranges', () => {
    expect(simplify(apply('lgamma', num(5)))).toEqual(num(evaluate(apply('lgamma', num(5)), environment)));
    expect(simplify(reduce('sum', i, zero, zero, ref('v', [i])))).toEqual(zero);
    expect(simplify(reduce('prod', i, num(2), one, ref('v', [i])))).toEqual(one);
    for (const kind of ['sum', 'prod', 'min', 'max', 'logsumexp', 'argmax'] as const) {
      const e = reduce(kind, i, zero, num(3), ref('v', [i]));
      expect(value(simplify(e))).toBeCloseTo(value(e), 12);
    }
    expect(reductions(simplify(reduce('sum', i, zero, num(3), ref('v', [i]))))).toBe(0);
    expect(equal(simplify(reduce('sum', i, zero, N, c)), mul(N, c))).toBe(true);
  });
  it('drops neutral elements, nested signs and repeated tests', () => {
    const a = ref('a');
    expect(equal(simplify(mul(neg(a), neg(c))), mul(a, c))).toBe(true);
    expect(equal(simplify(sub(a, neg(c))), add(a, c))).toBe(true);
    expect(simplify(sub(a, a))).toEqual(zero);
    expect(equal(simplify(mul(num(2), mul(a, num(3)))), mul(num(6), a))).toBe(true);
    const test = apply('gt', a, c);
    expect(equal(simplify(cond(test, cond(test, a, c), one)), cond(test, a, one))).toBe(true);
    expect(equal(simplify(cond(apply('not', test), a, c)), cond(test, c, a))).toBe(true);
  });

  const leaf = fc.oneof(
    fc.constantFrom<Expr>(ref('a'), ref('b'), ref('c'), ref('s'), N),
    fc.integer({ min: -3, max: 3 }).map((k): Expr => num(k)),
  );
  const { expression } = fc.letrec<{ expression: Expr }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaf,
      fc
        .tuple(
          fc.constantFrom('add', 'sub', 'mul', 'div', 'min', 'max', 'lt', 'le', 'eq', 'and', 'or'),
          tie('expression'),
          tie('expression'),
        )
        .map(([fn, l, r]): Expr => apply(fn, l, r)),
      fc.tuple(fc.constantFrom('neg', 'exp', 'log', 'sigmoid', 'not', 'Phi'), tie('expression')).map(([fn, x]): Expr => apply(fn, x)),
      fc.tuple(tie('expression'), fc.constantFrom(-2, -1, 0.5, 2)).map(([x, k]): Expr => pow(x, num(k))),
      fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([t, x, y]): Expr => cond(t, x, y)),
      fc
        .tuple(fc.constantFrom('sum', 'prod', 'max'), tie('expression'), fc.integer({ min: 0, max: 2 }), fc.boolean())
        .map(([kind, x, k, guarded]): Expr => {
          const r = index('r');
          return reduce(
            kind as 'sum',
            r,
            zero,
            N,
            guarded ? mul(x, cond(apply('eq', r, num(k)), ref('v', [r]), zero)) : add(x, ref('v', [r])),
          );
        }),
    ),
  }));
  it('keeps the value of random expressions wherever they have one', () => {
    fc.assert(
      fc.property(expression, (e) => {
        const before = value(e),
          after = value(simplify(e));
        if (!Number.isFinite(before) || Math.abs(before) > 1e8) return;
        expect(Math.abs(after - before)).toBeLessThan(1e-7 * Math.max(1, Math.abs(before)));
      }),
      { seed: 20, numRuns: 1500 },
    );
  });
});

describe('equality', () => {
  /** Each level holds the one before twice: 2^60 nodes written out, 121 in memory. */
  const deep = (last: Expr, through: (e: Expr) => Expr = (e) => e): Expr => {
    let e = last;
    for (let k = 0; k < 60; k++) e = apply('max', exp(e), through(e));
    return e;
  };
  it('looks once at parts that are shared', () => {
    expect(equal(deep(ref('a')), deep(ref('a')))).toBe(true);
    expect(equal(deep(ref('a')), deep(ref('b')))).toBe(false);
  });
  it('keeps apart what is one part under different names of indices', () => {
    const i = index('i'),
      j = index('j'),
      k = index('k'),
      part = ref('v', [i]);
    const total = (of: Expr, over: typeof i): Expr => reduce('sum', over, zero, N, of);
    // v[i] + sum_i v[i] against v[i] + sum_j v[j], v[i] + sum_j v[i] and v[k] + sum_i v[i]: i is free in one place, bound in the other.
    const both = apply('max', part, total(part, i));
    expect(equal(both, apply('max', part, total(ref('v', [j]), j)))).toBe(true);
    expect(equal(both, apply('max', part, total(part, j)))).toBe(false);
    const copy = ref('v', [i]);
    expect(equal(both, apply('max', copy, total(copy, i)))).toBe(true);
    expect(equal(both, apply('max', copy, total(copy, j)))).toBe(false);
    expect(equal(both, apply('max', ref('v', [k]), total(part, i)))).toBe(false);
    expect(equal(apply('max', total(part, i), part), apply('max', total(ref('v', [k]), k), ref('v', [k])))).toBe(false);
  });
});
