/** Adaptive quadrature: exactness of the rule, integrals known in closed form, and errors that are not understated. */
import { describe, expect, it } from 'vitest';
import { gaussKronrod, integrate } from '../../src/numeric/quadrature.js';

describe('the Gauss-Kronrod rule', () => {
  it('is exact for polynomials to degree 31, and its Gauss rule to degree 19', () => {
    for (let n = 0; n <= 31; n++) {
      const { value, error } = gaussKronrod((x) => (n + 1) * x ** n, -0.5, 1.5);
      const exact = 1.5 ** (n + 1) - (-0.5) ** (n + 1);
      expect(Math.abs(value - exact)).toBeLessThan(1e-13 * Math.max(1, exact));
      if (n <= 19) expect(error).toBeLessThan(1e-12 * Math.max(1, exact));
    }
    expect(Math.abs(gaussKronrod((x) => 33 * x ** 32, -1, 1).value - 2)).toBeGreaterThan(1e-15);
  });
});

describe('integrate', () => {
  const cases: readonly (readonly [string, (x: number) => number, readonly number[], number])[] = [
    ['a root singularity', (x) => 1 / Math.sqrt(x), [0, 1], 2],
    ['a logarithm', Math.log, [0, 1], -1],
    ['a kink off the breaks', (x) => Math.abs(x - 0.3), [0, 1], (0.09 + 0.49) / 2],
    ['a peak', (x) => 1e-4 / (x * x + 1e-8), [-1, 1], 2 * Math.atan(1e4)],
    ['oscillation', (x) => Math.cos(200 * x), [0, 1], Math.sin(200) / 200],
    ['several pieces', (x) => (x < 1 ? 1 : 5), [0, 1, 3], 11],
    ['nothing', () => 0, [0, 1], 0],
    ['no length', Math.exp, [2, 2], 0],
  ];
  it.each(cases)('%s', (_, f, breaks, exact) => {
    const { value, error } = integrate(f, breaks);
    expect(Math.abs(value - exact)).toBeLessThan(2e-11);
    expect(Math.abs(value - exact)).toBeLessThanOrEqual(error + 1e-15);
  });
  it('says that it could not', () => {
    const { value, error } = integrate((x) => Math.sin(1 / x) / x, [0, 1], { panels: 20 });
    expect(Math.abs(value - (Math.PI / 2 - 0.946083070367183))).toBeLessThanOrEqual(error);
    expect(error).toBeGreaterThan(1e-6);
  });
});
