/**
 * Distances between draws and laws, with bounds whose false alarm is 1e-7 for the fixed seeds of these tests.
 * With 100,000 draws the bound is 0.0092: a scale that is 10 % off (0.024 for a normal) is caught.
 */
import { expect } from 'vitest';

/** |z| of a standard normal is above this with probability 1e-7. */
export const zBound = 5.33;

/** The Dvoretzky-Kiefer-Wolfowitz bound (Massart 1990) on the distance for n draws. */
export function dkwBound(n: number): number {
  return Math.sqrt(Math.log(2 / 1e-7) / (2 * n));
}

/** The largest distance between the empirical distribution function of the draws and `cdf`, ties (counts) included. */
export function distance(draws: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(draws).sort();
  const n = sorted.length;
  let worst = 0;
  for (let i = 0; i < n; ) {
    let next = i + 1;
    while (next < n && sorted[next] === sorted[i]) next++;
    const f = cdf(sorted[i]!);
    if (Number.isNaN(f)) return Number.NaN;
    // At a value both are right-continuous, so ties of counts are compared fairly; what a continuous law
    // could differ just below the value is 1/n more.
    worst = Math.max(worst, Math.abs(next / n - f));
    i = next;
  }
  return worst;
}

/** Expects the draws to follow the law. */
export function expectLaw(draws: ArrayLike<number>, cdf: (x: number) => number, what: string): void {
  const d = distance(draws, cdf);
  expect(d, `${what}: distance ${d}`).toBeLessThan(dkwBound(draws.length));
}

/** Expects draws to have this mean, judged by their own standard deviation. */
export function expectMean(draws: ArrayLike<number>, mean: number, what: string): void {
  const values = Float64Array.from(draws);
  const average = values.reduce((s, x) => s + x, 0) / values.length;
  const variance = values.reduce((s, x) => s + (x - average) ** 2, 0) / values.length;
  expect(Math.abs(average - mean), `${what}: mean ${average} against ${mean}`).toBeLessThan(
    zBound * Math.sqrt(variance / values.length) + 1e-12 * Math.abs(mean),
  );
}
