/**
 * Bernoulli(p): mass p at 1, 1 - p at 0. Written as a selection, so that p = 0 and p = 1 are exact.
 * Statistic x with natural parameter log(p / (1 - p)).
 */
import { add, apply, cond, mul, neg, one, scalar, sub, zero } from '../expr/expr.js';
import type { ArrayExpr } from '../expr/expr.js';
import { logOf, oneMinus, xlogy } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { argument, byLogit, integers, naturalAt, noExpectation, parameter, scalars } from './notation.js';

export const bernoulli: Family = {
  name: 'Bernoulli',
  doc: 'mass p at 1 and 1 - p at 0',
  parameters: [parameter('p', 0, 'unit', 'the probability of 1')],
  alternatives: [byLogit],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: () => integers(zero, one),
  logDensity: (x, p) => cond(x.body, logOf(argument(p, 'p')), logOf(oneMinus(argument(p, 'p')))),
  variate: (p) => ({ fn: 'bernoulli', args: [scalar(argument(p, 'p'))] }),
  cdf: (x, p) => cond(apply('lt', x, zero), zero, cond(apply('lt', x, one), oneMinus(argument(p, 'p')), one)),
  survival: (x, p) => cond(apply('lt', x, zero), one, cond(apply('lt', x, one), argument(p, 'p'), zero)),
  quantile: (u, p) => cond(apply('gt', u, oneMinus(argument(p, 'p'))), one, zero),
  mean: (p) => scalar(argument(p, 'p')),
  variance: (p) => scalar(mul(argument(p, 'p'), oneMinus(argument(p, 'p')))),
  exponential: {
    statistics: ['x'],
    parameters: (natural) => scalars({ p: apply('sigmoid', naturalAt(natural, 0).body) }),
    natural: (p) => [scalar(sub(logOf(argument(p, 'p')), logOf(oneMinus(argument(p, 'p')))))],
    proper: () => [],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      // x^2 = x on {0, 1}.
      return statistic === 'x' || statistic === 'x^2' ? scalar(argument(p, 'p')) : noExpectation('Bernoulli', statistic);
    },
    entropy(p) {
      const success = argument(p, 'p'),
        failure = oneMinus(success);
      return neg(add(xlogy(success, success), xlogy(failure, failure)));
    },
  },
};
