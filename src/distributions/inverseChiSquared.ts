/**
 * InverseChiSquared(df, scale: s): the law of df s^2 / ChiSquared(df), that is InverseGamma(df / 2, df s^2 / 2);
 * without `scale` that of 1 / ChiSquared(df), where s^2 = 1 / df.
 */
import { mul, scalar } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { inverseGamma } from './inverseGamma.js';
import { argument, half, parameter, scalars } from './notation.js';

/** df s^2 / 2. */
function rateOf(p: Arguments): Expr {
  return mul(half, mul(argument(p, 'df'), powOf(argument(p, 'scale'), 2)));
}
function asInverseGamma(p: Arguments): Arguments {
  return scalars({ shape: mul(half, argument(p, 'df')), scale: rateOf(p) });
}

export const inverseChiSquared: Family = {
  name: 'InverseChiSquared',
  doc: 'density of InverseGamma(df / 2, df scale^2 / 2), x > 0',
  parameters: [
    parameter('df', 0, 'positive', 'the degrees of freedom'),
    {
      ...parameter('scale', 0, 'positive', 'the scale s of df s^2 / ChiSquared(df); left out, the law is that of 1 / ChiSquared(df)'),
      absent: (given) => scalar(powOf(argument(given, 'df'), -0.5)),
    },
  ],
  alternatives: [],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: (p) => inverseGamma.support(asInverseGamma(p)),
  logDensity: (x, p) => inverseGamma.logDensity(x, asInverseGamma(p)),
  evaluatedLogDensity: (x, p) => inverseGamma.evaluatedLogDensity!(x, asInverseGamma(p)),
  variate: (p) => inverseGamma.variate(asInverseGamma(p)),
  cdf: (x, p) => inverseGamma.cdf!(x, asInverseGamma(p)),
  survival: (x, p) => inverseGamma.survival!(x, asInverseGamma(p)),
  quantile: (u, p) => inverseGamma.quantile!(u, asInverseGamma(p)),
  upperQuantile: (q, p) => inverseGamma.upperQuantile!(q, asInverseGamma(p)),
  mean: (p) => inverseGamma.mean!(asInverseGamma(p)),
  variance: (p) => inverseGamma.variance!(asInverseGamma(p)),
  caseOf: (p) => ({ family: inverseGamma, parameters: asInverseGamma(p) }),
};
