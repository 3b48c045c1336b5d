/**
 * Factor, solve and inverse with numbers of two doubles against Pascal's matrix, whose entries, inverse and determinant are
 * integers (Higham 2002, section 28.4): of order 22 its condition number is about 10^24, and plain doubles keep nothing of it.
 */
import { describe, expect, it } from 'vitest';
import {
  bandedColumns,
  conditionOf,
  factorCareful,
  invertCareful,
  solveCareful,
  type TwofoldValues,
} from '../../src/numeric/carefulCholesky.js';
import { Twofold } from '../../src/numeric/twofold.js';

function choose(n: number, k: number): bigint {
  let out = 1n;
  for (let i = 0; i < k; i++) out = (out * BigInt(n - i)) / BigInt(i + 1);
  return out;
}
const n = 22,
  columns = bandedColumns(n, n - 1);
/** Pascal's matrix in the layout of the columns: all entries are below 2^53. */
function pascal(): TwofoldValues {
  const high = new Float64Array(n + columns.rowOf.length);
  for (let j = 0; j < n; j++) {
    high[j] = Number(choose(2 * j, j));
    for (let p = columns.columnStart[j]!; p < columns.columnStart[j + 1]!; p++) high[n + p] = Number(choose(columns.rowOf[p]! + j, j));
  }
  return { high, low: new Float64Array(high.length) };
}
/** Entry (i, j) of the inverse: sum_k (-1)^(i + j) C(k, i) C(k, j). */
function inverse(i: number, j: number): number {
  let sum = 0n;
  for (let k = Math.max(i, j); k < n; k++) sum += choose(k, i) * choose(k, j);
  return Number((i + j) % 2 === 0 ? sum : -sum);
}

describe("Pascal's matrix of order 22", () => {
  const values = pascal(),
    status = new Float64Array(4);
  const failure = factorCareful(columns, values, status);
  it('has determinant 1 and the binomials as its factor', () => {
    expect(failure).toBe(-1);
    expect(Math.abs(status[0]!)).toBeLessThan(1e-6);
    for (let j = 0; j < n; j++)
      for (let p = columns.columnStart[j]!; p < columns.columnStart[j + 1]!; p++)
        expect(values.high[n + p]! / Number(choose(columns.rowOf[p]!, j))).toBeCloseTo(1, 7);
  });
  it('has an inverse of integers', () => {
    const z = invertCareful(columns, values);
    for (let j = 0; j < n; j++) {
      expect(z.high[j]! / inverse(j, j), `${j}`).toBeCloseTo(1, 6);
      for (let p = columns.columnStart[j]!; p < columns.columnStart[j + 1]!; p++)
        expect(z.high[n + p]! / inverse(columns.rowOf[p]!, j)).toBeCloseTo(1, 6);
    }
  });
  it('solves for its last column', () => {
    const b = { high: Float64Array.from({ length: n }, (_, i) => Number(choose(i + n - 1, i))), low: new Float64Array(n) };
    solveCareful(columns, values, b);
    for (let i = 0; i < n; i++) expect(Math.abs(b.high[i]! - (i === n - 1 ? 1 : 0))).toBeLessThan(1e-6);
  });
});

it('refuses what is not positive definite by its row', () => {
  const two = bandedColumns(2, 1);
  expect(factorCareful(two, { high: Float64Array.of(1, 4, 2), low: new Float64Array(3) }, new Float64Array(4))).toBe(1);
});

it('estimates the condition number of a walk observed through noise', () => {
  // P = w (second differences) + I: scaled to a unit diagonal its inverse has the eigenvector 1 with the eigenvalue 2 w + 1, nearly.
  const size = 50,
    w = 1e10;
  const diagonal = new Float64Array(size),
    below = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const own = (i === 0 || i === size - 1 ? w : 2 * w) + 1;
    below[i] = i === 0 ? 0 : -w * diagonal[i - 1]!;
    diagonal[i] = 1 / (own - (i === 0 ? 0 : w * w * diagonal[i - 1]!));
  }
  const solve = (b: Float64Array): void => {
    for (let i = 1; i < size; i++) b[i] = b[i]! - below[i]! * b[i - 1]!;
    for (let i = size - 1; i >= 0; i--) b[i] = b[i]! * diagonal[i]! - (i === size - 1 ? 0 : below[i + 1]! * b[i + 1]!);
  };
  const found = conditionOf(
    size,
    (i) => diagonal[i]!,
    (visit) => {
      for (let i = 1; i < size; i++) visit(i, i - 1, below[i]!);
    },
    solve,
  );
  expect(found / (2 * w)).toBeGreaterThan(0.3);
  expect(found / (2 * w)).toBeLessThan(3);
});

describe('numbers of two doubles', () => {
  it('keep what a double drops', () => {
    const x = new Twofold();
    x.load(1, 0);
    x.add(2 ** -80);
    x.add(-1);
    expect(x.high).toBe(2 ** -80);
    x.load(0, 0);
    // (1 + 2^-30)^2 - 1 - 2^-29 = 2^-60
    x.addProduct(1, 1 + 2 ** -30, 0, 1 + 2 ** -30, 0);
    x.add(-1 - 2 ** -29);
    expect(x.high).toBe(2 ** -60);
  });
  it('have reciprocals', () => {
    const x = new Twofold();
    x.load(3, 2 ** -60);
    x.invert();
    x.multiply(3, 2 ** -60);
    x.add(-1);
    expect(Math.abs(x.high)).toBeLessThan(2 ** -100);
  });
});
