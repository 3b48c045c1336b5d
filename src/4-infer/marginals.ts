/**
 * Laws of single numbers of a draw, by formulas: distribution function and quantiles, of families. `exact` and the mean-field factors
 * report them.
 */
import type { Arguments, Family, ScalarLaw } from '../distributions/family.js';
import type { Expr } from '../expr/expr.js';

/** Probabilities of the quantiles that results have, in the order in which they are written. */
export const quantileLevels: readonly number[] = [0.05, 0.5, 0.95];

/** The law of one number of a draw of a family, `event` its place in the draw; null where it has no closed form. */
export function marginalLaw(family: Family, p: Arguments, event: readonly Expr[]): ScalarLaw | null {
  if (family.eventRank === 1) return family.marginal?.(event[0]!, p) ?? null;
  const { cdf, quantile } = family;
  if (family.eventRank === 2 || cdf === undefined || quantile === undefined) return null;
  return { cdf: (x) => cdf.call(family, x, p), quantile: (u) => quantile.call(family, u, p) };
}
