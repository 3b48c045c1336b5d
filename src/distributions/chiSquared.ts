/**
 * ChiSquared(df): Gamma(df / 2, 1 / 2), the law of the sum of df squared standard normals.
 */
import { mul, scalar } from '../expr/expr.js';
import type { Arguments, Family } from './family.js';
import { gamma } from './gamma.js';
import { argument, half, parameter, scalars, two } from './notation.js';

function asGamma(p: Arguments): Arguments {
  return scalars({ shape: mul(half, argument(p, 'df')), rate: half });
}

export const chiSquared: Family = {
  name: 'ChiSquared',
  doc: 'density of Gamma(df / 2, 1 / 2), x >= 0',
  parameters: [parameter('df', 0, 'positive', 'the degrees of freedom')],
  alternatives: [],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: (p) => gamma.support(asGamma(p)),
  logDensity: (x, p) => gamma.logDensity(x, asGamma(p)),
  evaluatedLogDensity: (x, p) => gamma.evaluatedLogDensity!(x, asGamma(p)),
  variate: (p) => gamma.variate(asGamma(p)),
  cdf: (x, p) => gamma.cdf!(x, asGamma(p)),
  survival: (x, p) => gamma.survival!(x, asGamma(p)),
  quantile: (u, p) => gamma.quantile!(u, asGamma(p)),
  upperQuantile: (q, p) => gamma.upperQuantile!(q, asGamma(p)),
  mean: (p) => scalar(argument(p, 'df')),
  variance: (p) => scalar(mul(two, argument(p, 'df'))),
  caseOf: (p) => ({ family: gamma, parameters: asGamma(p) }),
};
