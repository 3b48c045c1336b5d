/**
 * Quantiles invert distribution functions, for every family with both, at ordinary and extreme shapes and probabilities: within the
 * rounding of the quantile the distribution function (above one half the survival function) passes the probability.
 */
import { describe, expect, it } from 'vitest';
import * as api from '../../src/distributions-api.js';
import type { Distribution } from '../../src/distributions-api.js';

const make = api as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Distribution<number>>>;
const shapes = [1e-3, 0.05, 0.7, 1, 3, 50, 1e4, 1e6],
  chances = [1e-12, 1e-3, 0.3, 0.5, 0.999, 1 - 1e-12];
const laws: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  Gamma: shapes.map((s) => [s, 2]),
  InverseGamma: shapes.map((s) => [s, 2]),
  ChiSquared: shapes.map((s) => [s]),
  InverseChiSquared: shapes.map((s) => [s]),
  Weibull: shapes.map((s) => [s, 2]),
  Pareto: shapes.map((s) => [2, s]),
  StudentT: shapes.map((s) => [s, 0, 1]),
  HalfStudentT: shapes.map((s) => [s, 1]),
  VonMises: shapes.map((s) => [0.5, s]),
  LogNormal: shapes.map((s) => [0, s]),
  Normal: shapes.map((s) => [1, s]),
  HalfNormal: shapes.map((s) => [s]),
  Cauchy: shapes.map((s) => [0, s]),
  HalfCauchy: shapes.map((s) => [s]),
  Laplace: shapes.map((s) => [0, s]),
  Logistic: shapes.map((s) => [0, s]),
  Gumbel: shapes.map((s) => [0, s]),
  Exponential: shapes.map((s) => [s]),
  Uniform: shapes.map((s) => [0, s]),
  Beta: shapes.flatMap((a) => shapes.map((b) => [a, b])),
  Poisson: shapes.map((s) => [s]),
  NegativeBinomial: shapes.flatMap((s) => [
    [s, 0.3],
    [2, 1 / (1 + s)],
  ]),
  Geometric: chances.map((p) => [p]),
  Bernoulli: chances.map((p) => [p]),
  Binomial: chances.flatMap((p) => [
    [100, p],
    [2e9, p],
  ]),
  BetaBinomial: [
    [200, 0.01, 3],
    [200, 1e4, 1e4],
  ],
  Hypergeometric: [
    [500, 300, 200],
    [5, 3000, 2000],
  ],
  DiscreteUniform: [[-5, 1e6]],
  Categorical: [[[0.2, 0.3, 0.5]]],
  OrderedLogistic: [[0.5, [-30, 0, 40]]],
};
const probabilities = [1e-300, 1e-100, 1e-17, 1e-9, 1e-3, 0.1, 0.37, 0.5, 0.7, 0.9, 0.999, 1 - 1e-9, 1 - 1e-15];
/** Half a last place of 1 is what a probability next to 1 is known to. */
const slack = 1e-9,
  last = 3e-16;

/** What is wrong at u, or null. */
function problem(d: Distribution<number>, u: number): string | null {
  const q = d.quantile(u),
    says = `quantile(${u}) = ${q}, cdf ${d.cdf(q)}, survival ${d.survival(q)}`;
  if (d.discrete) {
    const { support } = d,
      low = support.kind === 'integers' ? support.low : -Infinity;
    return d.cdf(q) >= u * (1 - 1e-10) - last && (q <= low || d.cdf(q - 1) < u * (1 + 1e-10) + last) ? null : says;
  }
  // Beyond the largest number, or below the smallest, lies more than u.
  if (q === Infinity) return d.survival(Number.MAX_VALUE) >= (1 - u) * (1 - slack) - last ? null : says;
  if (q === -Infinity) return d.cdf(-Number.MAX_VALUE) >= u * (1 - slack) ? null : says;
  const near = Math.abs(q) * 4e-15 + 1e-307,
    below = q - near,
    above = q + near;
  const passes =
    u <= 0.5
      ? d.cdf(below) <= u * (1 + slack) && d.cdf(above) >= u * (1 - slack)
      : d.survival(below) >= (1 - u) * (1 - slack) - last && d.survival(above) <= (1 - u) * (1 + slack) + last;
  return passes ? null : says;
}

describe('quantiles invert distribution functions', () => {
  for (const [family, parameters] of Object.entries(laws)) {
    it(`of ${family}`, () => {
      const found = parameters.flatMap((args) => {
        const d = make[family]!(...args);
        return probabilities.flatMap((u) => {
          const says = problem(d, u);
          return says === null ? [] : [`${JSON.stringify(args)}: ${says}`];
        });
      });
      expect(found).toEqual([]);
    });
  }
});
