/** Bessel functions and the von Mises distribution function against mpmath (`test/reference/circular.py`). */
import { describe, expect, it } from 'vitest';
import { betaBinomialQuantile, hypergeometricQuantile } from '../../src/numeric/special/countQuantiles.js';
import { lbeta, lchoose } from '../../src/numeric/special/gamma.js';
import {
  besselRatio,
  logScaledBesselI0,
  vonMisesCdf,
  vonMisesCdfSlope,
  vonMisesQuantile,
  vonMisesSurvival,
} from '../../src/numeric/vonMises.js';
import reference from '../reference/circular.json' with { type: 'json' };

const relative = (a: number, b: number): number => (a === b ? 0 : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b)));

describe('Bessel functions', () => {
  it.each(reference.bessel)('at $x', ({ x, logScaled, ratio }) => {
    expect(relative(logScaledBesselI0(x), logScaled)).toBeLessThan(1e-14);
    expect(relative(besselRatio(x), ratio)).toBeLessThan(2e-15);
  });
  it('end where they must', () => {
    expect([logScaledBesselI0(0), besselRatio(0), besselRatio(Infinity)]).toEqual([0, 0, 1].map((v) => expect.closeTo(v, 15)));
    expect([logScaledBesselI0(-1), besselRatio(-1), besselRatio(Number.NaN)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe('the von Mises distribution function', () => {
  it.each(reference.vonMises)('of ($loc, $concentration) at $x', ({ loc, concentration, x, cdf, survival }) => {
    // Tails of 1e-300 keep their digits, apart from what cos loses of a large concentration.
    const tolerance = 1e-13 * (1 + 10 * Math.sqrt(concentration)) + (concentration > 1e5 ? 1e-9 : 0);
    if (cdf > 1e-300) expect(relative(vonMisesCdf(x, loc, concentration), cdf)).toBeLessThan(tolerance);
    if (survival > 1e-300) expect(relative(vonMisesSurvival(x, loc, concentration), survival)).toBeLessThan(tolerance);
    const u = vonMisesCdf(x, loc, concentration);
    if (u > 1e-12 && u < 1 - 1e-12)
      expect(Math.abs(vonMisesCdf(vonMisesQuantile(u, loc, concentration), loc, concentration) - u)).toBeLessThan(4e-15);
  });
  it('turns with its mode and has its slope', () => {
    expect(vonMisesCdf(1, 0.4 + 20 * Math.PI, 2)).toBeCloseTo(vonMisesCdf(1, 0.4, 2), 13);
    const h = 1e-5;
    expect(vonMisesCdfSlope(1, 0.4, 2)).toBeCloseTo((vonMisesCdf(1, 0.4, 2 + h) - vonMisesCdf(1, 0.4, 2 - h)) / (2 * h), 9);
    expect([vonMisesCdf(-4, 0, 1), vonMisesCdf(4, 0, 1), vonMisesQuantile(0, 0, 1), vonMisesQuantile(1, 0, 1)]).toEqual([
      0,
      1,
      -Math.PI,
      Math.PI,
    ]);
    expect([vonMisesCdf(0, 0, -1), vonMisesSurvival(Number.NaN, 0, 1), vonMisesQuantile(2, 0, 1)]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
  });
});

describe('quantiles of counts', () => {
  it('step where the sum of the masses does', () => {
    const masses = (low: number, high: number, log: (k: number) => number): number[] =>
      Array.from({ length: high - low + 1 }, (_, k) => Math.exp(log(low + k)));
    const cases: readonly (readonly [number, readonly number[], (u: number) => number])[] = [
      [
        0,
        masses(0, 60, (k) => lchoose(60, k) + lbeta(k + 0.3, 60 - k + 0.4) - lbeta(0.3, 0.4)),
        (u) => betaBinomialQuantile(u, 60, 0.3, 0.4),
      ],
      [0, masses(0, 200, (k) => lchoose(200, k) + lbeta(k + 30, 200 - k + 9) - lbeta(30, 9)), (u) => betaBinomialQuantile(u, 200, 30, 9)],
      [5, masses(5, 20, (k) => lchoose(30, k) + lchoose(15, 20 - k) - lchoose(45, 20)), (u) => hypergeometricQuantile(u, 30, 15, 20)],
    ];
    for (const [low, list, quantile] of cases) {
      let below = 0;
      list.forEach((m, k) => {
        if (m > 1e-10 && below > 1e-12 && below + m < 1 - 1e-9)
          expect([quantile(below + 0.01 * m), quantile(below + 0.99 * m)]).toEqual([low + k, low + k]);
        below += m;
      });
    }
    expect([
      betaBinomialQuantile(0.5, 0, 1, 1),
      betaBinomialQuantile(1, 9, 1, 1),
      hypergeometricQuantile(0.5, 3, 0, 2),
      hypergeometricQuantile(0, 3, 4, 5),
    ]).toEqual([0, 9, 2, 1]);
    expect([betaBinomialQuantile(0.5, 1.5, 1, 1), hypergeometricQuantile(0.5, 3, 4, 8)]).toEqual([Number.NaN, Number.NaN]);
  });
});
