/**
 * Random distributions of `credence/distributions`: families of scalars with parameters of moderate size, truncations
 * and mixtures of them.
 */
import type * as FastCheck from 'fast-check';
import {
  Bernoulli,
  Beta,
  BetaBinomial,
  Binomial,
  Categorical,
  Cauchy,
  ChiSquared,
  type Distribution,
  DiscreteUniform,
  Exponential,
  Gamma,
  Geometric,
  Gumbel,
  HalfCauchy,
  HalfNormal,
  HalfStudentT,
  Hypergeometric,
  InverseChiSquared,
  InverseGamma,
  Laplace,
  LogNormal,
  Logistic,
  NegativeBinomial,
  Normal,
  Pareto,
  Poisson,
  StudentT,
  Uniform,
  VonMises,
  Weibull,
  mixture,
  truncated,
} from '../distributions-api.js';
import type { FastCheckModule } from './fastCheck.js';

/** Laws of one number, discrete ones where `discrete` is not false, combinators included. @param fc the fast-check that the test uses. */
export function distributions(
  fc: FastCheckModule,
  { discrete = true }: { readonly discrete?: boolean | undefined } = {},
): FastCheck.Arbitrary<Distribution<number>> {
  const real = fc.double({ min: -3, max: 3, noNaN: true }),
    positive = fc.double({ min: 0.3, max: 4, noNaN: true }),
    unit = fc.double({ min: 0.05, max: 0.95, noNaN: true });
  const count = fc.integer({ min: 1, max: 12 });
  const of = (
    make: (a: number, b: number, c: number, d: number) => Distribution<number>,
    ...parameters: readonly FastCheck.Arbitrary<number>[]
  ): FastCheck.Arbitrary<Distribution<number>> => fc.tuple(...parameters).map(([a = 0, b = 0, c = 0, d = 0]) => make(a, b, c, d));
  const continuous = [
    of((a, b) => Normal(a, b), real, positive),
    of((a, b, c) => StudentT(a, b, c), positive, real, positive),
    of((a, b) => Cauchy(a, b), real, positive),
    of((a, b) => Laplace(a, b), real, positive),
    of((a, b) => Logistic(a, b), real, positive),
    of((a, b) => Gumbel(a, b), real, positive),
    of((a) => HalfNormal(a), positive),
    of((a) => HalfCauchy(a), positive),
    of((a, b) => HalfStudentT(a, b), positive, positive),
    of((a, b) => LogNormal(a, b), real, unit),
    of((a) => Exponential(a), positive),
    of((a, b) => Gamma(a, b), positive, positive),
    of((a, b) => InverseGamma(a, b), positive, positive),
    of((a) => ChiSquared(a), positive),
    of((a) => InverseChiSquared(a), positive),
    of((a, b) => Weibull(a, b), positive, positive),
    of((a, b) => Pareto(a, b), positive, positive),
    of((a, b) => Beta(a, b), positive, positive),
    of((low, width) => Uniform(low, low + width), real, positive),
    of((a, b) => VonMises(a, b), real, positive),
  ];
  const counting = [
    of((a) => Bernoulli(a), unit),
    of((a, b) => Binomial(a, b), count, unit),
    of((a, b, c) => BetaBinomial(a, b, c), count, positive, positive),
    of((a, b, c) => Categorical([a / (a + b + c), b / (a + b + c), 1 - (a + b) / (a + b + c)]), positive, positive, positive),
    of((a) => Poisson(a), positive),
    of((a, b) => NegativeBinomial(a, b), positive, unit),
    of((a) => Geometric(a), unit),
    of((low, width) => DiscreteUniform(low, low + width), count, count),
    of((successes, failures, drawn) => Hypergeometric(successes, failures, Math.min(drawn, successes + failures)), count, count, count),
  ];
  const combined = [
    of((m, s, low, width) => truncated(Normal(m, s), m + low, m + low + width), real, positive, real, positive),
    of((w, a, b, s) => mixture([w, 1 - w], [Normal(a, s), Normal(b, 1)]), unit, real, real, positive),
  ];
  return fc.oneof(...continuous, ...combined, ...(discrete ? counting : []));
}
