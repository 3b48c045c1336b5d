/** Spectra of symmetric matrices of any size of cell, against [[2, 1], [1, 2]], whose eigenvalues are 1 and 3. */
import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '../../src/numeric/symmetric.js';

describe('the spectrum', () => {
  it.each([1, 1e200, 1e-200, 1e304, 1e-290])('of cells of size %s', (size) => {
    const { values, vectors } = symmetricEigen(Float64Array.from([2, 1, 1, 2], (x) => x * size), 2);
    expect(values[0]! / size).toBeCloseTo(1, 12);
    expect(values[1]! / size).toBeCloseTo(3, 12);
    expect(Math.abs(vectors[1]![0]! * vectors[1]![1]!)).toBeCloseTo(0.5, 12);
  });

  it('of cells of very different sizes', () => {
    const { values } = symmetricEigen(Float64Array.of(1e300, 1, 2, 1, 3, 1, 2, 1, 4), 3);
    expect(values[2]! / 1e300).toBeCloseTo(1, 12);
    expect(values.every(Number.isFinite)).toBe(true);
  });
});
