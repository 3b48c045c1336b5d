/**
 * Geometric(p): failures before the first success, NegativeBinomial(1, p); mass p (1 - p)^x at x = 0, 1, ...
 */
import { add, apply, exp, mul, neg, one, scalar, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, oneMinus, powOf, xlog1my } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, infinity, integers, parameter } from './notation.js';

/** (floor(x) + 1) log(1 - p), the log of the survival function. */
function logSurvival(x: Expr, p: Arguments): Expr {
  return mul(add(apply('floor', x), one), apply('log1p', neg(argument(p, 'p'))));
}

export const geometric: Family = {
  name: 'Geometric',
  doc: 'mass p (1 - p)^x, x = 0, 1, ... failures before the first success',
  parameters: [parameter('p', 0, 'unit', 'the probability of success')],
  alternatives: [],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: () => integers(zero, infinity),
  conditions: (p) => [argument(p, 'p')],
  logDensity: (x, p) => add(logOf(argument(p, 'p')), xlog1my(x.body, argument(p, 'p'))),
  variate: (p) => ({ fn: 'negativeBinomial', args: [scalar(one), scalar(argument(p, 'p'))] }),
  cdf: (x, p) => neg(apply('expm1', logSurvival(x, p))),
  survival: (x, p) => exp(logSurvival(x, p)),
  logSurvival,
  quantile: (u, p) => apply('negativeBinomialQuantile', u, one, argument(p, 'p')),
  mean: (p) => scalar(mul(oneMinus(argument(p, 'p')), powOf(argument(p, 'p'), -1))),
  variance: (p) => scalar(mul(oneMinus(argument(p, 'p')), powOf(argument(p, 'p'), -2))),
  expectedLogDensity(of, p) {
    const mean = mul(oneMinus(argument(p, 'p')), powOf(argument(p, 'p'), -1));
    return add(logOf(argument(of, 'p')), xlog1my(mean, argument(of, 'p')));
  },
};
