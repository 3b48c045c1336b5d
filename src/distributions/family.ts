/**
 * What a distribution is. One file states one family; nothing else in the compiler knows it by name.
 *
 * Densities are symbolic (`expr/expr.ts`), so evaluation, derivatives, conjugacy and generated code
 * all come from the same line. Parameter domains and the support are stated apart from the density:
 * `logDensity` may assume both hold.
 */
import type { ArrayExpr, Expr } from '../expr/expr.js';

/** Where a parameter must lie; checked on data before a run and as -Infinity of the density during one. */
export type Domain =
  | 'real'
  | 'positive'
  | 'nonnegative'
  | 'unit'
  | 'int'
  | 'count'
  | 'positiveInt'
  | 'simplex'
  | 'positiveVector'
  | 'orderedVector'
  | 'vector'
  | 'cov'
  | 'precision'
  | 'choleskyFactor';

/** One argument of a family. */
export interface Parameter {
  /** As programs name it. */
  readonly name: string;
  /** Event rank: 0 scalar, 1 vector, 2 matrix. */
  readonly rank: 0 | 1 | 2;
  /** Where it must lie. */
  readonly domain: Domain;
  /** What it is, in words. */
  readonly doc: string;
  /** Its value from the other arguments where it is left out; absent: it must be given. */
  absent?(given: Arguments): ArrayExpr;
}

/** Arguments by name, each an array of its parameter's rank (scalars have rank 0). */
export type Arguments = Readonly<Record<string, ArrayExpr>>;

/** An alternative parameterisation, e.g. Normal(mean, variance: v). */
export interface Alternative {
  /** The named arguments that select it, in order. */
  readonly parameters: readonly Parameter[];
  /** The canonical parameters they stand for. */
  readonly replaces: readonly string[];
  /** Canonical values of `replaces` from the alternative's (and the other canonical) arguments. */
  canonical(given: Arguments): Arguments;
}

export type Support =
  /**
   * Continuous scalars, `low <= x <= high` (`low < x < high` where open), bounds possibly infinite
   * constants. Periodic: a circle, the two ends are one point.
   */
  | {
      readonly kind: 'interval';
      readonly low: Expr;
      readonly high: Expr;
      readonly open?: boolean | undefined;
      readonly periodic?: boolean | undefined;
    }
  /** Integers, both bounds included. */
  | { readonly kind: 'integers'; readonly low: Expr; readonly high: Expr }
  | { readonly kind: 'vector'; readonly dimension: Expr }
  | { readonly kind: 'simplex'; readonly dimension: Expr }
  /** Non-negative integer vectors with the given total. */
  | { readonly kind: 'counts'; readonly dimension: Expr; readonly total: Expr }
  /** Symmetric positive definite matrices. */
  | { readonly kind: 'cov'; readonly dimension: Expr }
  | { readonly kind: 'corr'; readonly dimension: Expr }
  /** A single value (Delta). */
  | { readonly kind: 'point'; readonly value: Expr };

/**
 * Sufficient statistics of one draw x, by name.
 * Scalars: 'x' | 'x^2' | '1/x' | 'log x' | 'log(1-x)'; vectors: 'x_i' | 'x_i x_j' | 'log x_i';
 * matrices: 'X_ij' | 'inverse(X)_ij' | 'logdet X'. '1[x=k]' is the one-hot vector of a Categorical.
 */
export type Statistic =
  | 'x'
  | 'x^2'
  | '1/x'
  | 'log x'
  | 'log(1-x)'
  | '1[x=k]'
  | 'x_i'
  | 'x_i x_j'
  | 'log x_i'
  | 'X_ij'
  | 'inverse(X)_ij'
  | 'logdet X';

/** log p(x) = sum_s natural_s . statistic_s(x) + logBase(x) - A(natural), on the family's support. */
export interface ExponentialForm {
  readonly statistics: readonly Statistic[];
  /** The part of the log density that is free of parameters but not constant in x (-log x! of a Poisson); absent: 0. */
  logBase?(x: ArrayExpr): Expr;
  /**
   * Natural parameters (rank = rank of the statistic) to canonical parameters. `support` is needed by
   * families one of whose parameters is a bound of the support (Pareto).
   */
  parameters(natural: readonly ArrayExpr[], support?: Support): Arguments;
  /** Canonical to natural parameters, in the order of `statistics`. */
  natural(p: Arguments): readonly ArrayExpr[];
  /** Scalars that must be positive for the natural parameters to be proper. */
  proper(natural: readonly ArrayExpr[]): readonly Expr[];
  /**
   * E[statistic] under canonical parameters, an array of the statistic's rank; also of some statistics
   * that are not the family's own ('x^2' of a Gamma). @throws InternalError where no closed form is known.
   */
  expectation(statistic: Statistic, p: Arguments): ArrayExpr;
  /** E[x^power] for any power, of families on the positive numbers that have it in closed form; infinite where it diverges. */
  moment?(power: number, p: Arguments): Expr;
  /** Differential (or discrete) entropy under canonical parameters. */
  entropy(p: Arguments): Expr;
}

/** The law of a single number. */
export interface ScalarLaw {
  /** P(X <= x). */
  cdf(x: Expr): Expr;
  /** Smallest x with cdf(x) >= u. */
  quantile(u: Expr): Expr;
}

/** A call of a random variate of `random/variates.ts` with its arguments. */
export interface Variate {
  readonly fn: string;
  readonly args: readonly ArrayExpr[];
  /** The value of the family from the value drawn (a change of location and scale); absent: the draw itself. */
  transform?(draw: Expr): Expr;
}

/** A family of distributions, stated once; all else is read off it. */
export interface Family {
  /** As programs call it. */
  readonly name: string;
  /** One line: the density in plain text and where it comes from. */
  readonly doc: string;
  /** Canonical parameters in positional order. */
  readonly parameters: readonly Parameter[];
  /** Other parameterisations, always by name. */
  readonly alternatives: readonly Alternative[];
  /** Of one draw: 0 scalar, 1 vector, 2 matrix. */
  readonly eventRank: 0 | 1 | 2;
  /** True where values have masses. */
  readonly discrete: boolean;
  /** False for Flat: no normalising constant. */
  readonly proper: boolean;
  /** Event dimensions (empty for scalars) from the arguments' dimensions. */
  eventDims(p: Arguments): readonly Expr[];
  /** Where its values lie. */
  support(p: Arguments): Support;
  /** Conditions beyond the parameters' domains, each must be > 0 (e.g. high - low). */
  conditions?(p: Arguments): readonly Expr[];
  /** Log density (or log mass) at x, every normalising constant included. */
  logDensity(x: ArrayExpr, p: Arguments): Expr;
  /**
   * The same log density in a form that keeps its digits where arguments are extreme. `logDensity` has the monomials that
   * conjugacy is read from; this is evaluated where a number is asked for. Absent: `logDensity`.
   */
  evaluatedLogDensity?(x: ArrayExpr, p: Arguments): Expr;
  /** How it is drawn. */
  variate(p: Arguments): Variate;
  /**
   * The runtime procedure that draws it between two bounds, exact far into the tails; its arguments are the parameters in
   * positional order, the lower and the upper bound. Absent: by the quantile function.
   */
  readonly truncatedVariate?: string;
  /** Distribution function P(X <= x); scalars only. */
  cdf?(x: Expr, p: Arguments): Expr;
  /** P(X > x) without cancellation; scalars only. */
  survival?(x: Expr, p: Arguments): Expr;
  /** Their logarithms, stated where `logOf` of them underflows. */
  logCdf?(x: Expr, p: Arguments): Expr;
  /** Log of the survival function, stated where `logOf` of it underflows. */
  logSurvival?(x: Expr, p: Arguments): Expr;
  /** log P(low <= X <= high), stated where it is not the difference of two tails that fall monotonically away from it. */
  logMass?(low: Expr, high: Expr, p: Arguments): Expr;
  /** Smallest x with cdf(x) >= u; scalars only. */
  quantile?(u: Expr, p: Arguments): Expr;
  /** The x with survival(x) = q, accurate for small q (draws far in the upper tail); continuous scalars only. */
  upperQuantile?(q: Expr, p: Arguments): Expr;
  /** The mean, of the rank of a draw. */
  mean?(p: Arguments): ArrayExpr;
  /** Variance; for vectors the covariance matrix, for matrices elementwise variances. */
  variance?(p: Arguments): ArrayExpr;
  /** The law of number i of a vector draw, where that has a closed form. */
  marginal?(i: Expr, p: Arguments): ScalarLaw;
  /** Its exponential form, from which conjugacy is read; absent where it has none. */
  readonly exponential?: ExponentialForm;
  /** E_p[log density under the parameters `of`], p of this family; for families without an exponential form. */
  expectedLogDensity?(of: Arguments, p: Arguments): Expr;
  /** Differential (or discrete) entropy, where it is not minus `expectedLogDensity(p, p)` nor that of the exponential form. */
  entropy?(p: Arguments): Expr;
  /** The wider family that this one is a case of (ChiSquared of Gamma), which has the expectations. */
  caseOf?(p: Arguments): { readonly family: Family; readonly parameters: Arguments };
}
