/**
 * Priors cut on one side or both, for every family whose truncation has a sampler: means of Gibbs draws
 * against the law's own density by the trapezoidal rule. 10,000 independent draws, 5 standard errors:
 * a false alarm in 1.7 million; a bound ignored moves every mean by far more.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

/** Density up to a constant, bounds, and how far a tail is followed where there is none. */
const cases: readonly [string, (x: number) => number, number, number][] = [
  ['Exponential(2), 1, inf', (x) => Math.exp(-2 * x), 1, 20],
  ['Exponential(2), 0.25, 1', (x) => Math.exp(-2 * x), 0.25, 1],
  ['Exponential(2), 0, 1', (x) => Math.exp(-2 * x), 0, 1],
  ['Normal(0, 1), 1.5, inf', (x) => Math.exp((-x * x) / 2), 1.5, 12],
  ['Gamma(3, 2), 2, inf', (x) => x ** 2 * Math.exp(-2 * x), 2, 30],
  ['Gamma(3, 2), 0, 1', (x) => x ** 2 * Math.exp(-2 * x), 0, 1],
  ['InverseGamma(4, 2), 0, 0.8', (x) => (x === 0 ? 0 : x ** -5 * Math.exp(-2 / x)), 0, 0.8],
  ['Beta(2, 3), 0.2, 0.5', (x) => x * (1 - x) ** 2, 0.2, 0.5],
];

/** Mean and variance of a density on an interval. */
function moments(density: (x: number) => number, low: number, high: number): { mean: number; variance: number } {
  const steps = 200_000,
    h = (high - low) / steps;
  let mass = 0,
    first = 0,
    second = 0;
  for (let i = 0; i <= steps; i++) {
    const x = low + i * h,
      w = density(x) * (i === 0 || i === steps ? 0.5 : 1);
    mass += w;
    first += w * x;
    second += w * x * x;
  }
  const mean = first / mass;
  return { mean, variance: second / mass - mean * mean };
}

describe('a truncated prior', () => {
  for (const [law, density, low, high] of cases) {
    it(`has draws of truncated(${law})`, async () => {
      const posterior = await compile(`sample v ~ truncated(${law})`).infer(
        {},
        { backend: 'gibbs', chains: 1, draws: 10_000, warmup: 0, seed: 3, workers: 0 },
      );
      const draws = posterior.draws('v');
      const { mean, variance } = moments(density, low, high);
      expect(draws.every((x) => x >= low && x <= (law.endsWith('inf') ? Infinity : high))).toBe(true);
      expect(Math.abs(draws.reduce((a, b) => a + b, 0) / draws.length - mean)).toBeLessThan(5 * Math.sqrt(variance / draws.length));
    });
  }
});
