/**
 * Pareto(minimum, shape): density shape minimum^shape / x^(shape + 1) on x >= minimum.
 * Statistic log x with natural parameter -(shape + 1); the minimum is the bound of the support.
 */
import { InternalError } from '../errors/diagnostic.js';
import { add, addAll, apply, exp, mul, neg, one, scalar, sub, zero } from '../expr/expr.js';
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { argument, infinity, interval, naturalAt, noExpectation, parameter, scalars, two } from './notation.js';

/** shape - k where positive, else 0, so that a reciprocal is infinite. */
function excess(p: Arguments, k: Expr): Expr {
  return apply('max', sub(argument(p, 'shape'), k), zero);
}

/** shape (log minimum - log x), the log of the survival function. */
function logSurvival(x: Expr, p: Arguments): Expr {
  return mul(argument(p, 'shape'), sub(logOf(argument(p, 'minimum')), logOf(x)));
}

export const pareto: Family = {
  name: 'Pareto',
  doc: 'density shape minimum^shape / x^(shape + 1), x >= minimum',
  parameters: [parameter('minimum', 0, 'positive', 'the lower bound'), parameter('shape', 0, 'positive', 'the tail index')],
  alternatives: [],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: (p) => interval(argument(p, 'minimum'), infinity),
  logDensity(x, p) {
    const shape = argument(p, 'shape');
    return addAll([logOf(shape), mul(shape, logOf(argument(p, 'minimum'))), neg(mul(add(shape, one), logOf(x.body)))]);
  },
  variate: (p) => ({ fn: 'pareto', args: [scalar(argument(p, 'minimum')), scalar(argument(p, 'shape'))] }),
  cdf: (x, p) => neg(apply('expm1', logSurvival(x, p))),
  survival: (x, p) => exp(logSurvival(x, p)),
  logSurvival,
  quantile: (u, p) => mul(argument(p, 'minimum'), exp(mul(neg(apply('log1p', neg(u))), powOf(argument(p, 'shape'), -1)))),
  upperQuantile: (q, p) => mul(argument(p, 'minimum'), exp(mul(neg(logOf(q)), powOf(argument(p, 'shape'), -1)))),
  mean: (p) => scalar(mul(mul(argument(p, 'shape'), argument(p, 'minimum')), powOf(excess(p, one), -1))),
  variance(p) {
    const shape = argument(p, 'shape');
    return scalar(mul(mul(shape, powOf(argument(p, 'minimum'), 2)), mul(powOf(excess(p, one), -2), powOf(excess(p, two), -1))));
  },
  exponential: {
    statistics: ['log x'],
    parameters(natural, support) {
      if (support?.kind !== 'interval') throw new InternalError('the minimum of a Pareto is the bound of its support, which was not given');
      return scalars({ minimum: support.low, shape: sub(neg(naturalAt(natural, 0).body), one) });
    },
    natural: (p) => [scalar(neg(add(argument(p, 'shape'), one)))],
    proper: (natural) => [sub(neg(naturalAt(natural, 0).body), one)],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const shape = argument(p, 'shape'),
        minimum = argument(p, 'minimum');
      switch (statistic) {
        case 'log x':
          return scalar(add(logOf(minimum), powOf(shape, -1)));
        case 'x':
          return scalar(mul(mul(shape, minimum), powOf(excess(p, one), -1)));
        case 'x^2':
          return scalar(mul(mul(shape, powOf(minimum, 2)), powOf(excess(p, two), -1)));
        case '1/x':
          return scalar(mul(shape, powOf(mul(add(shape, one), minimum), -1)));
        default:
          return noExpectation('Pareto', statistic);
      }
    },
    entropy(p) {
      const shape = argument(p, 'shape');
      return addAll([logOf(argument(p, 'minimum')), neg(logOf(shape)), powOf(shape, -1), one]);
    },
  },
};
