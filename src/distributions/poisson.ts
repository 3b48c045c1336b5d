/**
 * Poisson(rate): mass rate^x e^(-rate) / x! at x = 0, 1, ...
 * Statistic x with natural parameter log rate and base measure 1 / x!.
 */
import { add, addAll, apply, exp, index, lgamma, mul, neg, num, one, reduce, scalar, sub, zero } from '../expr/expr.js';
import type { ArrayExpr } from '../expr/expr.js';
import { logOf, powOf, xlogy } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { argument, infinity, integers, naturalAt, noExpectation, parameter, scalars } from './notation.js';

export const poisson: Family = {
  name: 'Poisson',
  doc: 'mass rate^x e^(-rate) / x!, x = 0, 1, ...',
  parameters: [parameter('rate', 0, 'nonnegative', 'the mean')],
  alternatives: [
    {
      parameters: [parameter('lograte', 0, 'real', 'the log of the mean')],
      replaces: ['rate'],
      canonical: (given) => scalars({ rate: exp(argument(given, 'lograte')) }),
    },
  ],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: () => integers(zero, infinity),
  logDensity: (x, p) => addAll([xlogy(x.body, argument(p, 'rate')), neg(argument(p, 'rate')), neg(lgamma(add(x.body, one)))]),
  evaluatedLogDensity: (x, p) => apply('logPoissonMass', x.body, argument(p, 'rate')),
  variate: (p) => ({ fn: 'poisson', args: [scalar(argument(p, 'rate'))] }),
  cdf: (x, p) => apply('gammaQ', add(apply('floor', x), one), argument(p, 'rate')),
  survival: (x, p) => apply('gammaP', add(apply('floor', x), one), argument(p, 'rate')),
  quantile: (u, p) => apply('poissonQuantile', u, argument(p, 'rate')),
  mean: (p) => scalar(argument(p, 'rate')),
  variance: (p) => scalar(argument(p, 'rate')),
  exponential: {
    statistics: ['x'],
    logBase: (x) => neg(lgamma(add(x.body, one))),
    parameters: (natural) => scalars({ rate: exp(naturalAt(natural, 0).body) }),
    natural: (p) => [scalar(logOf(argument(p, 'rate')))],
    proper: () => [],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const rate = argument(p, 'rate');
      switch (statistic) {
        case 'x':
          return scalar(rate);
        case 'x^2':
          return scalar(add(rate, powOf(rate, 2)));
        default:
          return noExpectation('Poisson', statistic);
      }
    },
    entropy(p) {
      // rate - rate log rate + E[log x!]. The series stops 12 standard deviations (and 40) above the
      // mean, where the mass left is below 1e-16 for every rate.
      const rate = argument(p, 'rate'),
        k = index('k');
      const last = apply('ceil', addAll([rate, mul(num(12), powOf(rate, 0.5)), num(40)]));
      const logFactorial = lgamma(add(k, one));
      const mass = exp(sub(sub(xlogy(k, rate), rate), logFactorial));
      return add(sub(rate, xlogy(rate, rate)), reduce('sum', k, zero, last, mul(mass, logFactorial)));
    },
  },
};
