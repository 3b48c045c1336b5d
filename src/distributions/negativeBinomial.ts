/**
 * NegativeBinomial(r, p): the number of failures before the r-th success; mass
 * Gamma(x + r) / (Gamma(r) x!) p^r (1 - p)^x at x = 0, 1, ... Mean r (1 - p) / p.
 */
import { add, addAll, apply, lgamma, mul, neg, one, scalar, sub, zero } from '../expr/expr.js';
import { logOf, oneMinus, powOf, xlog1my, xlogy } from '../expr/simplify.js';
import type { Family } from './family.js';
import { argument, infinity, integers, parameter, scalars } from './notation.js';

export const negativeBinomial: Family = {
  name: 'NegativeBinomial',
  doc: 'mass Gamma(x + r) / (Gamma(r) x!) p^r (1 - p)^x, x = 0, 1, ... failures before the r-th success',
  parameters: [parameter('r', 0, 'positive', 'the number of successes'), parameter('p', 0, 'unit', 'the probability of success')],
  alternatives: [
    {
      parameters: [
        parameter('mean', 0, 'positive', 'the mean m'),
        parameter('overdispersion', 0, 'positive', 'phi, with variance m + m^2 / phi'),
      ],
      replaces: ['r', 'p'],
      canonical(given) {
        // p = phi / (phi + m) as a sigmoid of the log odds: 1 - p keeps its digits where phi is large.
        const phi = argument(given, 'overdispersion');
        return scalars({ r: phi, p: apply('sigmoid', sub(logOf(phi), logOf(argument(given, 'mean')))) });
      },
    },
  ],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: () => integers(zero, infinity),
  conditions: (p) => [argument(p, 'p')],
  logDensity(x, p) {
    const r = argument(p, 'r'),
      success = argument(p, 'p');
    return addAll([apply('logRisingFactorial', r, x.body), neg(lgamma(add(x.body, one))), xlogy(r, success), xlog1my(x.body, success)]);
  },
  evaluatedLogDensity: (x, p) => apply('logNegativeBinomialMass', x.body, argument(p, 'r'), argument(p, 'p'), oneMinus(argument(p, 'p'))),
  variate: (p) => ({ fn: 'negativeBinomial', args: [scalar(argument(p, 'r')), scalar(argument(p, 'p'))] }),
  cdf: (x, p) => apply('betaI', argument(p, 'p'), argument(p, 'r'), add(apply('floor', x), one)),
  survival: (x, p) => apply('betaIComplement', argument(p, 'p'), argument(p, 'r'), add(apply('floor', x), one)),
  quantile: (u, p) => apply('negativeBinomialQuantile', u, argument(p, 'r'), argument(p, 'p')),
  mean: (p) => scalar(mul(mul(argument(p, 'r'), oneMinus(argument(p, 'p'))), powOf(argument(p, 'p'), -1))),
  variance: (p) => scalar(mul(mul(argument(p, 'r'), oneMinus(argument(p, 'p'))), powOf(argument(p, 'p'), -2))),
};
