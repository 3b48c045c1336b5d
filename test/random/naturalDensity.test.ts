/**
 * Densities by natural parameters against values of SciPy (multivariate_normal.logpdf, dirichlet.logpdf) and formulas worked out by hand.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/random/generator.js';
import { naturalDirichletDensity, naturalNormalDensity } from '../../src/random/naturalDensity.js';

const random = createRandom('1', 'test');

describe('the Normal by potential and quadratic form', () => {
  it('of one number: h = p m, Q = -p/2', () => {
    const p = 2.5,
      m = -0.7,
      x = 1.2;
    expect(naturalNormalDensity(random, Float64Array.of(9, p * m), 1, Float64Array.of(-p / 2), 0, Float64Array.of(x), 1)).toBeCloseTo(
      0.5 * Math.log(p) - 0.5 * p * (x - m) ** 2,
      13,
    );
  });
  it('of two numbers; only the symmetric part of Q counts', () => {
    // P = [[2, 0.5], [0.5, 1]], mean (1, -1): h = P mean = (1.5, -0.5); x - mean = (-0.5, 1.5), whose form is 2 * 0.25 - 0.75 + 2.25 = 2.
    const value = naturalNormalDensity(
      random,
      Float64Array.of(1.5, -0.5),
      0,
      Float64Array.of(-1, -0.5, 0, -0.5),
      0,
      Float64Array.of(0.5, 0.5),
      2,
    );
    expect(value).toBeCloseTo(0.5 * Math.log(1.75) - 1, 13);
    // scipy.stats.multivariate_normal([1, -1], inv([[2, .5], [.5, 1]])).logpdf([.5, .5]) + log(2 pi)
    expect(value).toBeCloseTo(-0.7201921060322886, 12);
  });
  it('has none where the form is not negative definite', () => {
    expect(naturalNormalDensity(random, Float64Array.of(0, 0), 0, Float64Array.of(-1, -2, -2, -1), 0, Float64Array.of(0, 0), 2)).toBeNaN();
  });
});

describe('the Dirichlet by its counts', () => {
  it('is the density of 1 + h', () => {
    // scipy.stats.dirichlet([1, 3, 1.5]).logpdf([.2, .3, .5])
    expect(naturalDirichletDensity(random, Float64Array.of(0, 2, 0.5), 0, Float64Array.of(0.2, 0.3, 0.5), 3)).toBeCloseTo(
      0.6309298257621716,
      12,
    );
  });
});
