/**
 * Binomial(n, p): mass C(n, x) p^x (1 - p)^(n - x) at x in 0..n.
 */
import { add, addAll, apply, cond, mul, one, scalar, sub, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { oneMinus, xlog1my, xlogy } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, byLogit, integers, parameter } from './notation.js';

/** `inside` for 0 <= x < n, `below` and `above` beyond, where the incomplete beta function is not defined. */
function ofRange(x: Expr, p: Arguments, below: Expr, inside: Expr, above: Expr): Expr {
  return cond(apply('lt', x, zero), below, cond(apply('lt', x, argument(p, 'n')), inside, above));
}

export const binomial: Family = {
  name: 'Binomial',
  doc: 'mass C(n, x) p^x (1 - p)^(n - x), x = 0, ..., n',
  parameters: [parameter('n', 0, 'count', 'the number of trials'), parameter('p', 0, 'unit', 'the probability of success')],
  alternatives: [byLogit],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: (p) => integers(zero, argument(p, 'n')),
  logDensity(x, p) {
    const n = argument(p, 'n'),
      success = argument(p, 'p');
    return addAll([apply('lchoose', n, x.body), xlogy(x.body, success), xlog1my(sub(n, x.body), success)]);
  },
  evaluatedLogDensity: (x, p) => apply('logBinomialMass', x.body, argument(p, 'n'), argument(p, 'p'), oneMinus(argument(p, 'p'))),
  variate: (p) => ({ fn: 'binomial', args: [scalar(argument(p, 'n')), scalar(argument(p, 'p'))] }),
  cdf(x, p) {
    const k = apply('floor', x),
      n = argument(p, 'n'),
      success = argument(p, 'p');
    return ofRange(x, p, zero, apply('betaIComplement', success, add(k, one), sub(n, k)), one);
  },
  survival(x, p) {
    const k = apply('floor', x),
      n = argument(p, 'n'),
      success = argument(p, 'p');
    return ofRange(x, p, one, apply('betaI', success, add(k, one), sub(n, k)), zero);
  },
  quantile: (u, p) => apply('binomialQuantile', u, argument(p, 'n'), argument(p, 'p')),
  mean: (p) => scalar(mul(argument(p, 'n'), argument(p, 'p'))),
  variance: (p) => scalar(mul(mul(argument(p, 'n'), argument(p, 'p')), oneMinus(argument(p, 'p')))),
};
