/** Spectra of symmetric matrices whatever the size of their cells: I + 11' of three rows has the eigenvalues 1, 1 and 4. */
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
});
