/**
 * The families as functions: `Normal(0, 1)`, `Normal({ mean: 0, variance: 4 })`, `Binomial(10, { logit: 0.3 })`; and the
 * combinators. Arguments, their order and their meaning are those of the language (docs/distributions.md).
 */
import { between, independent, mixtureOf, ofFamily, pushed } from './build.js';
import type { Distribution, Draw } from './distribution.js';

/** A list of numbers, or a typed array. */
export type Vector = ArrayLike<number>;
/** A list of rows. */
export type Matrix = readonly Vector[];
type Scalars = Distribution<number>;
type Vectors = Distribution<readonly number[]>;
type Matrices = Distribution<readonly (readonly number[])[]>;

/** Parameters in order, or by name in one object; `More` are forms that mix both. */
export interface Factory<Positional extends readonly unknown[], Named, Result, More extends readonly unknown[] = never> {
  (...args: Positional | More): Result;
  (named: Named): Result;
}

function factory<F>(name: string): F {
  return ((...args: readonly unknown[]) => ofFamily(name, args)) as F;
}

type Spread = { sd: number } | { variance: number } | { precision: number };
type Covariance = { cov: Matrix } | { precision: Matrix } | { cholesky: Matrix };
type Locations = { loc: number; scale: number };

/** Bernoulli(p): mass p at 1 and 1 - p at 0. */
export const Bernoulli: Factory<[p: number], { p: number } | { logit: number }, Scalars> = factory('Bernoulli');
/** Beta(a, b): density x^(a - 1) (1 - x)^(b - 1) / B(a, b), 0 <= x <= 1. */
export const Beta: Factory<[a: number, b: number], { a: number; b: number } | { mean: number; concentration: number }, Scalars> =
  factory('Beta');
/** BetaBinomial(n, a, b): mass C(n, x) B(x + a, n - x + b) / B(a, b), x = 0, ..., n. */
export const BetaBinomial: Factory<[n: number, a: number, b: number], { n: number; a: number; b: number }, Scalars> =
  factory('BetaBinomial');
/** Binomial(n, p): mass C(n, x) p^x (1 - p)^(n - x), x = 0, ..., n. */
export const Binomial: Factory<
  [n: number, p: number],
  { n: number } & ({ p: number } | { logit: number }),
  Scalars,
  [n: number, named: { logit: number } | { p: number }]
> = factory('Binomial');
/** Categorical(probs): mass probs[x] at x = 0, ..., K - 1. */
export const Categorical: Factory<[probs: Vector], { probs: Vector } | { logits: Vector }, Scalars> = factory('Categorical');
/** Cauchy(loc, scale): density 1 / (pi scale (1 + z^2)), z = (x - loc) / scale. */
export const Cauchy: Factory<[loc: number, scale: number], Locations, Scalars> = factory('Cauchy');
/** ChiSquared(df): density of Gamma(df / 2, 1 / 2), x >= 0. */
export const ChiSquared: Factory<[df: number], { df: number }, Scalars> = factory('ChiSquared');
/** Delta(value): mass 1 at value. */
export const Delta: Factory<[value: number], { value: number }, Scalars> = factory('Delta');
/** Dirichlet(alpha): density Gamma(sum alpha) / prod Gamma(alpha_k) * prod x_k^(alpha_k - 1) on the simplex. */
export const Dirichlet: Factory<[alpha: Vector], { alpha: Vector }, Vectors> = factory('Dirichlet');
/**
 * DirichletMultinomial(n, alpha): mass n! Gamma(A) / Gamma(n + A) prod Gamma(x_k + alpha_k) / (x_k! Gamma(alpha_k)), A = sum alpha, on
 * count vectors of total n.
 */
export const DirichletMultinomial: Factory<[n: number, alpha: Vector], { n: number; alpha: Vector }, Vectors> =
  factory('DirichletMultinomial');
/** DiscreteUniform(low, high): mass 1 / (high - low + 1), x = low, ..., high. */
export const DiscreteUniform: Factory<[low: number, high: number], { low: number; high: number }, Scalars> = factory('DiscreteUniform');
/** Exponential(rate): density rate e^(-rate x), x >= 0. */
export const Exponential: Factory<[rate: number], { rate: number } | { scale: number }, Scalars> = factory('Exponential');
/** Flat(): improper: density 1 on the real line. */
export const Flat: Factory<[], Record<string, never>, Scalars> = factory('Flat');
/** Gamma(shape, rate): density rate^shape x^(shape - 1) e^(-rate x) / Gamma(shape), x >= 0. */
export const Gamma: Factory<
  [shape: number, rate: number],
  ({ shape: number } & ({ rate: number } | { scale: number })) | { mean: number; sd: number },
  Scalars,
  [shape: number, named: { scale: number } | { rate: number }]
> = factory('Gamma');
/** Geometric(p): mass p (1 - p)^x, x = 0, 1, ... failures before the first success. */
export const Geometric: Factory<[p: number], { p: number }, Scalars> = factory('Geometric');
/** Gumbel(loc, scale): the law of maxima: density exp(-z - e^(-z)) / scale, z = (x - loc) / scale. */
export const Gumbel: Factory<[loc: number, scale: number], Locations, Scalars> = factory('Gumbel');
/** HalfCauchy(scale): density 2 / (pi scale (1 + (x / scale)^2)), x >= 0. */
export const HalfCauchy: Factory<[scale: number], { scale: number }, Scalars> = factory('HalfCauchy');
/** HalfNormal(scale): density sqrt(2 / pi) exp(-x^2 / (2 scale^2)) / scale, x >= 0. */
export const HalfNormal: Factory<[scale: number], { scale: number }, Scalars> = factory('HalfNormal');
/** HalfStudentT(df, scale): density proportional to (1 + z^2 / df)^(-(df + 1) / 2), z = x / scale, x >= 0. */
export const HalfStudentT: Factory<[df: number, scale: number], { df: number; scale: number }, Scalars> = factory('HalfStudentT');
/**
 * Hypergeometric(successes, failures, draws): mass C(successes, x) C(failures, draws - x) / C(successes + failures, draws): successes among
 * draws without replacement.
 */
export const Hypergeometric: Factory<
  [successes: number, failures: number, draws: number],
  { successes: number; failures: number; draws: number },
  Scalars
> = factory('Hypergeometric');
/** InverseChiSquared(df, scale?): density of InverseGamma(df / 2, df scale^2 / 2), x > 0. */
export const InverseChiSquared: Factory<
  [df: number],
  { df: number; scale?: number },
  Scalars,
  [df: number, named: { scale: number }] | [df: number, scale: number]
> = factory('InverseChiSquared');
/** InverseGamma(shape, scale): density scale^shape x^(-shape - 1) e^(-scale / x) / Gamma(shape), x > 0. */
export const InverseGamma: Factory<[shape: number, scale: number], { shape: number; scale: number }, Scalars> = factory('InverseGamma');
/**
 * InverseWishart(df, scale): density proportional to |X|^(-(df + d + 1) / 2) exp(-tr(S X^-1) / 2) on positive definite matrices, S the
 * scale.
 */
export const InverseWishart: Factory<[df: number, scale: Matrix], { df: number; scale: Matrix }, Matrices> = factory('InverseWishart');
/** LKJ(dimension, shape): density proportional to |R|^(shape - 1) on correlation matrices. */
export const LKJ: Factory<[dimension: number, shape: number], { dimension: number; shape: number }, Matrices> = factory('LKJ');
/** Laplace(loc, scale): density exp(-|x - loc| / scale) / (2 scale). */
export const Laplace: Factory<[loc: number, scale: number], Locations, Scalars> = factory('Laplace');
/** LogNormal(meanlog, sdlog): density exp(-(log x - meanlog)^2 / (2 sdlog^2)) / (x sdlog sqrt(2 pi)), x > 0. */
export const LogNormal: Factory<[meanlog: number, sdlog: number], { meanlog: number; sdlog: number }, Scalars> = factory('LogNormal');
/** Logistic(loc, scale): density e^(-z) / (scale (1 + e^(-z))^2), z = (x - loc) / scale. */
export const Logistic: Factory<[loc: number, scale: number], Locations, Scalars> = factory('Logistic');
/** Multinomial(n, probs): mass n! / prod x_k! * prod probs_k^x_k on count vectors of total n. */
export const Multinomial: Factory<[n: number, probs: Vector], { n: number; probs: Vector }, Vectors> = factory('Multinomial');
/** MvNormal(mean, cov): density exp(-(x - mean)^T cov^-1 (x - mean) / 2) / sqrt(det(2 pi cov)). */
export const MvNormal: Factory<[mean: Vector, cov: Matrix], { mean: Vector } & Covariance, Vectors, [mean: Vector, named: Covariance]> =
  factory('MvNormal');
/** MvStudentT(df, loc, scale): density proportional to (1 + (x - loc)^T scale^-1 (x - loc) / df)^(-(df + d) / 2). */
export const MvStudentT: Factory<[df: number, loc: Vector, scale: Matrix], { df: number; loc: Vector; scale: Matrix }, Vectors> =
  factory('MvStudentT');
/** NegativeBinomial(r, p): mass Gamma(x + r) / (Gamma(r) x!) p^r (1 - p)^x, x = 0, 1, ... failures before the r-th success. */
export const NegativeBinomial: Factory<
  [r: number, p: number],
  { r: number; p: number } | { mean: number; overdispersion: number },
  Scalars
> = factory('NegativeBinomial');
/** Normal(mean, sd): density exp(-(x - mean)^2 / (2 sd^2)) / (sd sqrt(2 pi)). */
export const Normal: Factory<[mean: number, sd: number], { mean: number } & Spread, Scalars, [mean: number, named: Spread]> =
  factory('Normal');
/** OrderedLogistic(eta, cutpoints): P(x > k) = sigmoid(eta - cutpoints[k]), x = 0, ..., K with K cutpoints. */
export const OrderedLogistic: Factory<[eta: number, cutpoints: Vector], { eta: number; cutpoints: Vector }, Scalars> =
  factory('OrderedLogistic');
/** Pareto(minimum, shape): density shape minimum^shape / x^(shape + 1), x >= minimum. */
export const Pareto: Factory<[minimum: number, shape: number], { minimum: number; shape: number }, Scalars> = factory('Pareto');
/** Poisson(rate): mass rate^x e^(-rate) / x!, x = 0, 1, .... */
export const Poisson: Factory<[rate: number], { rate: number } | { lograte: number }, Scalars> = factory('Poisson');
/** StudentT(df, loc, scale): density proportional to (1 + z^2 / df)^(-(df + 1) / 2), z = (x - loc) / scale. */
export const StudentT: Factory<[df: number, loc: number, scale: number], { df: number } & Locations, Scalars> = factory('StudentT');
/** Uniform(low, high): density 1 / (high - low), low <= x <= high. */
export const Uniform: Factory<[low: number, high: number], { low: number; high: number }, Scalars> = factory('Uniform');
/** VonMises(loc, concentration): density e^(concentration cos(x - loc)) / (2 pi I_0(concentration)), -pi <= x <= pi. */
export const VonMises: Factory<[loc: number, concentration: number], { loc: number; concentration: number }, Scalars> = factory('VonMises');
/** Weibull(shape, scale): density (shape / scale) (x / scale)^(shape - 1) e^(-(x / scale)^shape), x >= 0. */
export const Weibull: Factory<[shape: number, scale: number], { shape: number; scale: number }, Scalars> = factory('Weibull');
/** Wishart(df, scale): density proportional to |X|^((df - d - 1) / 2) exp(-tr(S^-1 X) / 2) on positive definite matrices, S the scale. */
export const Wishart: Factory<[df: number, scale: Matrix], { df: number; scale: Matrix }, Matrices> = factory('Wishart');

/** The law of a draw from `components[k]` with k drawn with probabilities `weights`. @throws ModelError for arguments that do not fit. */
export function mixture<D extends Draw>(weights: Vector, components: readonly Distribution<D>[]): Distribution<D> {
  return mixtureOf(weights, components) as unknown as Distribution<D>;
}
/**
 * `base` given that it lies between two bounds (both included, either may be infinite), element by element. @throws ModelError for
 * arguments that do not fit.
 */
export function truncated<D extends Draw>(base: Distribution<D>, low: number, high: number): Distribution<D> {
  return between('truncated', base, low, high) as unknown as Distribution<D>;
}
/**
 * `base` moved to the bound it lies beyond: a value at or beyond a bound has the probability of the tail. @throws ModelError for arguments
 * that do not fit.
 */
export function censored<D extends Draw>(base: Distribution<D>, low: number, high: number): Distribution<D> {
  return between('censored', base, low, high) as unknown as Distribution<D>;
}
/** A list of n independent draws of a scalar. @throws ModelError for arguments that do not fit. */
export function iid(base: Distribution<number>, count: number): Vectors;
/** n independent vectors, as rows. */
export function iid(base: Distribution<readonly number[]>, count: number): Matrices;
/** A table of independent scalars. */
export function iid(base: Distribution<number>, shape: readonly [number, number]): Matrices;
export function iid(base: Distribution<number> | Distribution<readonly number[]>, shape: number | readonly number[]): Distribution {
  return independent(base, shape);
}
/**
 * The law of T(X): `pushforward('t => log(1 + t^2)', Normal(0, 1))`. The map is text of the language, of which the density is
 * derived; a map of arrays gives an array where its text does.
 * @throws ModelError for a text that is no map of such draws.
 */
export function pushforward<D extends Draw>(map: string, base: Distribution<D>): Distribution<D> {
  return pushed(map, base) as unknown as Distribution<D>;
}
