/**
 * Spectra of symmetric matrices whatever the size of their cells: I + 11' of three rows has the eigenvalues 1, 1 and 4; the second difference of n
 * points has 2 - 2 cos(k pi / (n + 1)), with the vectors sin(i k pi / (n + 1)). Any matrix is what its values and vectors make of it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '../../src/numeric/symmetric.js';

describe('the spectrum', () => {
  it.each([1, 1e200, 1e-200, 1e307, 1e-290])('of cells of size %s', (size) => {
    const { values, vectors } = symmetricEigen(
      Float64Array.from([2, 1, 1, 1, 2, 1, 1, 1, 2], (x) => x * size),
      3,
    );
    expect(values.map((x) => x / size)).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12), expect.closeTo(4, 12)]);
    for (const x of vectors[2]!) expect(x ** 2).toBeCloseTo(1 / 3, 12);
  });

  it('of cells of very different sizes', () => {
    const { values } = symmetricEigen(Float64Array.of(1e300, 1, 2, 1, 3, 1, 2, 1, 4), 3);
    expect(values[2]! / 1e300).toBeCloseTo(1, 12);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it.each([1, 2, 5, 60])('of a second difference of %i points', (n) => {
    const a = Float64Array.from({ length: n * n }, (_, c) => [2, -1][Math.abs(Math.floor(c / n) - (c % n))] ?? 0);
    const { values, vectors } = symmetricEigen(a, n);
    for (let k = 1; k <= n; k++) {
      expect(values[k - 1]).toBeCloseTo(2 - 2 * Math.cos((k * Math.PI) / (n + 1)), 12);
      const along = vectors[k - 1]!.reduce((sum, v, i) => sum + v * Math.sin(((i + 1) * k * Math.PI) / (n + 1)), 0);
      expect(Math.abs(along)).toBeCloseTo(Math.sqrt((n + 1) / 2), 11);
    }
  });

  it('of a matrix of zeros, and of none', () => {
    expect(symmetricEigen(new Float64Array(9), 3)).toEqual({
      values: [0, 0, 0],
      vectors: [Float64Array.of(1, 0, 0), Float64Array.of(0, 1, 0), Float64Array.of(0, 0, 1)],
    });
    expect(symmetricEigen(new Float64Array(0), 0)).toEqual({ values: [], vectors: [] });
  });

  it('of any matrix, with cells that are zero or equal', () => {
    const cell = fc.oneof(
      fc.constantFrom(0, 0, 0, 1, -1),
      fc.double({ min: -10, max: 10, noNaN: true }),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.constantFrom(5e-324, -1e-310, 1e-160),
    );
    const matrices = fc.integer({ min: 1, max: 9 }).chain((d) => fc.array(cell, { minLength: d * d, maxLength: d * d }));
    fc.assert(
      fc.property(matrices, (cells) => {
        const d = Math.sqrt(cells.length),
          at = (i: number, j: number): number => cells[Math.max(i, j) * d + Math.min(i, j)]!,
          size = Math.max(...cells.map(Math.abs)) * d + 1e-300;
        const { values, vectors } = symmetricEigen(Float64Array.from(cells), d);
        for (let i = 0; i < d; i++) {
          for (let j = 0; j < d; j++) {
            const product = vectors[i]!.reduce((sum, v, k) => sum + v * vectors[j]![k]!, 0);
            expect(product).toBeCloseTo(Number(i === j), 12);
            const made = values.reduce((sum, value, k) => sum + value * vectors[k]![i]! * vectors[k]![j]!, 0);
            expect(Math.abs(made - at(i, j)) / size).toBeLessThan(1e-13);
          }
        }
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});
