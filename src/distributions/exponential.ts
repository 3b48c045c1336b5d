/**
 * Exponential(rate): density rate e^(-rate x) on x >= 0.
 * Statistic x with natural parameter -rate.
 */
import { apply, exp, mul, neg, num, one, scalar, sub, zero } from '../expr/expr.js';
import type { ArrayExpr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { gammaMoment } from './gamma.js';
import { argument, eulerGamma, infinity, interval, naturalAt, noExpectation, parameter, scalars } from './notation.js';

export const exponential: Family = {
  name: 'Exponential',
  doc: 'density rate e^(-rate x), x >= 0',
  parameters: [parameter('rate', 0, 'positive', 'the rate, 1 / mean')],
  alternatives: [
    {
      parameters: [parameter('scale', 0, 'positive', 'the mean, 1 / rate')],
      replaces: ['rate'],
      canonical: (given) => scalars({ rate: powOf(argument(given, 'scale'), -1) }),
    },
  ],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: () => interval(zero, infinity),
  logDensity: (x, p) => sub(logOf(argument(p, 'rate')), mul(argument(p, 'rate'), x.body)),
  variate: (p) => ({ fn: 'exponential', args: [scalar(argument(p, 'rate'))] }),
  truncatedVariate: 'truncatedExponential',
  cdf: (x, p) => neg(apply('expm1', neg(mul(argument(p, 'rate'), x)))),
  survival: (x, p) => exp(neg(mul(argument(p, 'rate'), x))),
  logSurvival: (x, p) => neg(mul(argument(p, 'rate'), x)),
  quantile: (u, p) => mul(neg(apply('log1p', neg(u))), powOf(argument(p, 'rate'), -1)),
  upperQuantile: (q, p) => mul(neg(logOf(q)), powOf(argument(p, 'rate'), -1)),
  mean: (p) => scalar(powOf(argument(p, 'rate'), -1)),
  variance: (p) => scalar(powOf(argument(p, 'rate'), -2)),
  exponential: {
    statistics: ['x'],
    parameters: (natural) => scalars({ rate: neg(naturalAt(natural, 0).body) }),
    natural: (p) => [scalar(neg(argument(p, 'rate')))],
    proper: (natural) => [neg(naturalAt(natural, 0).body)],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const rate = argument(p, 'rate');
      switch (statistic) {
        case 'x':
          return scalar(powOf(rate, -1));
        case 'x^2':
          return scalar(mul(num(2), powOf(rate, -2)));
        case 'log x':
          return scalar(sub(num(-eulerGamma.value), logOf(rate)));
        default:
          return noExpectation('Exponential', statistic);
      }
    },
    moment: (power, p) => gammaMoment(one, argument(p, 'rate'), power),
    entropy: (p) => sub(one, logOf(argument(p, 'rate'))),
  },
};
