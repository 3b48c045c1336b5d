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

function factory<F>(name: string): F { return ((...args: readonly unknown[]) => ofFamily(name, args)) as F; }

type Spread = { sd: number } | { variance: number } | { precision: number };
type Covariance = { cov: Matrix } | { precision: Matrix } | { cholesky: Matrix };
type Locations = { loc: number; scale: number };

export const Bernoulli: Factory<[p: number], { p: number } | { logit: number }, Scalars> = factory('Bernoulli');
export const Beta: Factory<[a: number, b: number], { a: number; b: number } | { mean: number; concentration: number }, Scalars> = factory('Beta');
export const BetaBinomial: Factory<[n: number, a: number, b: number], { n: number; a: number; b: number }, Scalars> = factory('BetaBinomial');
export const Binomial: Factory<[n: number, p: number], { n: number } & ({ p: number } | { logit: number }), Scalars, [n: number, named: { logit: number } | { p: number }]> = factory('Binomial');
export const Categorical: Factory<[probs: Vector], { probs: Vector } | { logits: Vector }, Scalars> = factory('Categorical');
export const Cauchy: Factory<[loc: number, scale: number], Locations, Scalars> = factory('Cauchy');
export const ChiSquared: Factory<[df: number], { df: number }, Scalars> = factory('ChiSquared');
export const Delta: Factory<[value: number], { value: number }, Scalars> = factory('Delta');
export const Dirichlet: Factory<[alpha: Vector], { alpha: Vector }, Vectors> = factory('Dirichlet');
export const DirichletMultinomial: Factory<[n: number, alpha: Vector], { n: number; alpha: Vector }, Vectors> = factory('DirichletMultinomial');
export const DiscreteUniform: Factory<[low: number, high: number], { low: number; high: number }, Scalars> = factory('DiscreteUniform');
export const Exponential: Factory<[rate: number], { rate: number } | { scale: number }, Scalars> = factory('Exponential');
export const Flat: Factory<[], Record<string, never>, Scalars> = factory('Flat');
export const Gamma: Factory<[shape: number, rate: number], { shape: number } & ({ rate: number } | { scale: number }) | { mean: number; sd: number }, Scalars, [shape: number, named: { scale: number } | { rate: number }]> = factory('Gamma');
export const Geometric: Factory<[p: number], { p: number }, Scalars> = factory('Geometric');
export const Gumbel: Factory<[loc: number, scale: number], Locations, Scalars> = factory('Gumbel');
export const HalfCauchy: Factory<[scale: number], { scale: number }, Scalars> = factory('HalfCauchy');
export const HalfNormal: Factory<[scale: number], { scale: number }, Scalars> = factory('HalfNormal');
export const HalfStudentT: Factory<[df: number, scale: number], { df: number; scale: number }, Scalars> = factory('HalfStudentT');
export const Hypergeometric: Factory<[successes: number, failures: number, draws: number], { successes: number; failures: number; draws: number }, Scalars> = factory('Hypergeometric');
export const InverseChiSquared: Factory<[df: number], { df: number; scale?: number }, Scalars, [df: number, named: { scale: number }] | [df: number, scale: number]> = factory('InverseChiSquared');
export const InverseGamma: Factory<[shape: number, scale: number], { shape: number; scale: number }, Scalars> = factory('InverseGamma');
export const InverseWishart: Factory<[df: number, scale: Matrix], { df: number; scale: Matrix }, Matrices> = factory('InverseWishart');
export const LKJ: Factory<[dimension: number, shape: number], { dimension: number; shape: number }, Matrices> = factory('LKJ');
export const Laplace: Factory<[loc: number, scale: number], Locations, Scalars> = factory('Laplace');
export const LogNormal: Factory<[meanlog: number, sdlog: number], { meanlog: number; sdlog: number }, Scalars> = factory('LogNormal');
export const Logistic: Factory<[loc: number, scale: number], Locations, Scalars> = factory('Logistic');
export const Multinomial: Factory<[n: number, probs: Vector], { n: number; probs: Vector }, Vectors> = factory('Multinomial');
export const MvNormal: Factory<[mean: Vector, cov: Matrix], { mean: Vector } & Covariance, Vectors, [mean: Vector, named: Covariance]> = factory('MvNormal');
export const MvStudentT: Factory<[df: number, loc: Vector, scale: Matrix], { df: number; loc: Vector; scale: Matrix }, Vectors> = factory('MvStudentT');
export const NegativeBinomial: Factory<[r: number, p: number], { r: number; p: number } | { mean: number; overdispersion: number }, Scalars> = factory('NegativeBinomial');
export const Normal: Factory<[mean: number, sd: number], { mean: number } & Spread, Scalars, [mean: number, named: Spread]> = factory('Normal');
export const OrderedLogistic: Factory<[eta: number, cutpoints: Vector], { eta: number; cutpoints: Vector }, Scalars> = factory('OrderedLogistic');
export const Pareto: Factory<[minimum: number, shape: number], { minimum: number; shape: number }, Scalars> = factory('Pareto');
export const Poisson: Factory<[rate: number], { rate: number } | { lograte: number }, Scalars> = factory('Poisson');
export const StudentT: Factory<[df: number, loc: number, scale: number], { df: number } & Locations, Scalars> = factory('StudentT');
export const Uniform: Factory<[low: number, high: number], { low: number; high: number }, Scalars> = factory('Uniform');
export const VonMises: Factory<[loc: number, concentration: number], { loc: number; concentration: number }, Scalars> = factory('VonMises');
export const Weibull: Factory<[shape: number, scale: number], { shape: number; scale: number }, Scalars> = factory('Weibull');
export const Wishart: Factory<[df: number, scale: Matrix], { df: number; scale: Matrix }, Matrices> = factory('Wishart');

/** The law of a draw from `components[k]` with k drawn with probabilities `weights`. @throws ModelError for arguments that do not fit. */
export function mixture<D extends Draw>(weights: Vector, components: readonly Distribution<D>[]): Distribution<D> {
  return mixtureOf(weights, components) as unknown as Distribution<D>;
}
/** `base` given that it lies between two bounds (both included, either may be infinite), element by element. @throws ModelError for arguments that do not fit. */
export function truncated<D extends Draw>(base: Distribution<D>, low: number, high: number): Distribution<D> {
  return between('truncated', base, low, high) as unknown as Distribution<D>;
}
/** `base` moved to the bound it lies beyond: a value at or beyond a bound has the probability of the tail. @throws ModelError for arguments that do not fit. */
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
