/**
 * Linear algebra against closed forms (Hilbert and Vandermonde matrices, AR(1) covariances) and the
 * defining equations on random matrices.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arrayFunctions,
  choleskyInPlace,
  inverseFromCholesky,
  logDeterminantFromCholesky,
  solveLower,
  solveLowerTransposed,
} from '../../src/numeric/linearAlgebra.js';

function call(name: string, length: number, args: readonly number[][], shapes: readonly number[][]): number[] {
  const out = new Float64Array(length);
  arrayFunctions.get(name)!.compute(
    out,
    args.map((a) => Float64Array.from(a)),
    shapes,
  );
  return [...out];
}
function multiply(a: readonly number[], b: readonly number[], d: number): number[] {
  return Array.from({ length: d * d }, (_, e) => {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += a[Math.floor(e / d) * d + k]! * b[k * d + (e % d)]!;
    return sum;
  });
}
function transpose(a: readonly number[], d: number): number[] {
  return a.map((_, e) => a[(e % d) * d + Math.floor(e / d)]!);
}
function identity(d: number): number[] {
  return Array.from({ length: d * d }, (_, e) => (e % (d + 1) === 0 ? 1 : 0));
}
function maximumDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((x, i) => (Number.isNaN(x - b[i]!) ? Infinity : Math.abs(x - b[i]!))));
}
const square = fc
  .integer({ min: 1, max: 6 })
  .chain((d) => fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: d * d, maxLength: d * d }).map((a) => ({ a, d })));
/** Diagonally dominated, so well conditioned: 5 on the diagonal, or the product with its transpose plus one. */
const regular = square.map(({ a, d }) => ({ a: a.map((x, e) => x / d + (e % (d + 1) === 0 ? 5 : 0)), d }));
const definite = square.map(({ a, d }) => {
  const p = multiply(a, transpose(a, d), d);
  return { a: p.map((x, e) => x + (e % (d + 1) === 0 ? 1 : 0)), d };
});

describe('array functions on known matrices', () => {
  const hilbert = (d: number): number[] => Array.from({ length: d * d }, (_, e) => 1 / (Math.floor(e / d) + (e % d) + 1));

  it('the inverse of the 4 x 4 Hilbert matrix has its known integers', () => {
    const known = [16, -120, 240, -140, -120, 1200, -2700, 1680, 240, -2700, 6480, -4200, -140, 1680, -4200, 2800];
    expect(maximumDifference(call('inverse', 16, [hilbert(4)], [[4, 4]]), known)).toBeLessThan(1e-8);
    expect(call('det', 1, [hilbert(4)], [[4, 4]])[0]! * 6048000).toBeCloseTo(1, 10);
    expect(call('logdet', 1, [hilbert(4)], [[4, 4]])[0]).toBeCloseTo(-Math.log(6048000), 10);
  });

  it('the Vandermonde determinant is the product of differences', () => {
    const x = [0.5, -1, 2, 3];
    const vandermonde = x.flatMap((v) => [1, v, v * v, v ** 3]);
    let product = 1;
    for (let i = 0; i < 4; i++) for (let j = i + 1; j < 4; j++) product *= x[j]! - x[i]!;
    expect(call('det', 1, [vandermonde], [[4, 4]])[0]).toBeCloseTo(product, 10);
    // Two rows swapped: the same size, the other sign.
    expect(call('det', 1, [[...vandermonde.slice(4, 8), ...vandermonde.slice(0, 4), ...vandermonde.slice(8)]], [[4, 4]])[0]).toBeCloseTo(
      -product,
      10,
    );
  });

  it('the Cholesky factor of an AR(1) correlation has rho^(i-j) sqrt(1 - rho^2)', () => {
    const rho = 0.8,
      d = 5;
    const correlation = Array.from({ length: d * d }, (_, e) => rho ** Math.abs(Math.floor(e / d) - (e % d)));
    const expected = correlation.map((_, e) => {
      const i = Math.floor(e / d),
        j = e % d;
      return j > i ? 0 : j === 0 ? rho ** i : rho ** (i - j) * Math.sqrt(1 - rho * rho);
    });
    expect(maximumDifference(call('cholesky', d * d, [correlation], [[d, d]]), expected)).toBeLessThan(1e-15);
  });

  it('running sums and products', () => {
    expect(call('cumsum', 4, [[1, 2, 3, 4]], [[4]])).toEqual([1, 3, 6, 10]);
    expect(call('cumprod', 4, [[1, 2, 3, 4]], [[4]])).toEqual([1, 2, 6, 24]);
    expect(call('cumsum', 0, [[]], [[0]])).toEqual([]);
  });
});

describe('array functions satisfy their equations', () => {
  it('A inverse(A) = I, for symmetric and general A', () => {
    for (const matrices of [regular, definite]) {
      fc.assert(
        fc.property(matrices, ({ a, d }) => {
          expect(maximumDifference(multiply(a, call('inverse', d * d, [a], [[d, d]]), d), identity(d))).toBeLessThan(1e-10);
        }),
        { seed: 1 },
      );
    }
  });

  it('A solve(A, B) = B, for vectors and matrices', () => {
    for (const matrices of [regular, definite]) {
      fc.assert(
        fc.property(matrices, ({ a, d }) => {
          const b = Array.from({ length: d * d }, (_, e) => Math.sin(e + 1));
          expect(
            maximumDifference(
              multiply(
                a,
                call(
                  'solve',
                  d * d,
                  [a, b],
                  [
                    [d, d],
                    [d, d],
                  ],
                ),
                d,
              ),
              b,
            ),
          ).toBeLessThan(1e-10);
          const v = b.slice(0, d);
          const x = call('solve', d, [a, v], [[d, d], [d]]);
          const back = v.map((_, i) => x.reduce((s, y, k) => s + a[i * d + k]! * y, 0));
          expect(maximumDifference(back, v)).toBeLessThan(1e-10);
        }),
        { seed: 2 },
      );
    }
  });

  it('L L^T = A and logdet = log det', () => {
    fc.assert(
      fc.property(definite, ({ a, d }) => {
        const l = call('cholesky', d * d, [a], [[d, d]]);
        expect(maximumDifference(multiply(l, transpose(l, d), d), a)).toBeLessThan(1e-12);
        expect(Math.abs(call('logdet', 1, [a], [[d, d]])[0]! - Math.log(call('det', 1, [a], [[d, d]])[0]!))).toBeLessThan(1e-10);
      }),
      { seed: 3 },
    );
    fc.assert(
      fc.property(regular, ({ a, d }) => {
        expect(Math.abs(call('logdet', 1, [a], [[d, d]])[0]! - Math.log(call('det', 1, [a], [[d, d]])[0]!))).toBeLessThan(1e-10);
      }),
      { seed: 4 },
    );
  });

  it('an inverse of a symmetric matrix is exactly symmetric', () => {
    fc.assert(
      fc.property(definite, ({ a, d }) => {
        const inverse = call('inverse', d * d, [a], [[d, d]]);
        expect(transpose(inverse, d)).toEqual(inverse);
      }),
      { seed: 5 },
    );
  });
});

describe('what does not exist is NaN', () => {
  it('singular and indefinite matrices', () => {
    expect(call('inverse', 4, [[1, 2, 2, 4]], [[2, 2]]).every(Number.isNaN)).toBe(true);
    expect(
      call(
        'solve',
        2,
        [
          [1, 2, 2, 4],
          [1, 1],
        ],
        [[2, 2], [2]],
      ).every(Number.isNaN),
    ).toBe(true);
    expect(call('cholesky', 4, [[1, 2, 2, 1]], [[2, 2]]).every(Number.isNaN)).toBe(true);
    expect(call('det', 1, [[1, 2, 2, 4]], [[2, 2]])).toEqual([0]);
    expect(call('logdet', 1, [[1, 2, 3, 6]], [[2, 2]])).toEqual([-Infinity]);
    expect(call('det', 1, [[1, Number.NaN, 2, 4]], [[2, 2]])[0]).toBeNaN();
  });

  it('the log determinant of a symmetric matrix with two negative eigenvalues is not that of a covariance', () => {
    expect(call('logdet', 1, [[-1, 0, 0, -1]], [[2, 2]])[0]).toBeNaN();
    expect(call('det', 1, [[-1, 0, 0, -1]], [[2, 2]])).toEqual([1]);
  });

  it('an indefinite symmetric matrix still has an inverse', () => {
    expect(call('inverse', 4, [[0, 2, 2, 0]], [[2, 2]])).toEqual([0, 0.5, 0.5, 0]);
  });
});

describe('kernels with offsets', () => {
  it('work inside a larger array and leave the rest alone', () => {
    const a = Float64Array.of(9, 4, 7, 2, 5, 9);
    expect(choleskyInPlace(a, 1, 2)).toBe(true);
    expect([...a]).toEqual([9, 2, 7, 1, 2, 9]);
    const b = Float64Array.of(8, 6, 8, 9, 8);
    solveLower(a, 1, 2, b, 1, 2);
    expect([...b]).toEqual([8, 3, 8, 3, 8]);
    solveLowerTransposed(a, 1, 2, b, 1, 2);
    expect([...b]).toEqual([8, 0.75, 8, 1.5, 8]);
  });

  it('a factor gives the log determinant and the whole inverse, and reads the lower triangle only', () => {
    const a = Float64Array.of(0, 4, 99, 2, 5, 0);
    expect(choleskyInPlace(a, 1, 2)).toBe(true);
    expect(logDeterminantFromCholesky(a, 1, 2)).toBeCloseTo(Math.log(16), 14);
    inverseFromCholesky(a, 1, 2);
    expect(maximumDifference([...a], [0, 5 / 16, -2 / 16, -2 / 16, 4 / 16, 0])).toBeLessThan(1e-16);
    expect(choleskyInPlace(Float64Array.of(1, 2, 2, 1), 0, 2)).toBe(false);
  });
});
