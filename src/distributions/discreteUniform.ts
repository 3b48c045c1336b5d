/**
 * DiscreteUniform(low, high): mass 1 / (high - low + 1) at low, low + 1, ..., high.
 */
import { add, addAll, apply, mul, neg, num, one, scalar, sub } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, half, integers, parameter } from './notation.js';

function count(p: Arguments): Expr {
  return add(sub(argument(p, 'high'), argument(p, 'low')), one);
}

export const discreteUniform: Family = {
  name: 'DiscreteUniform',
  doc: 'mass 1 / (high - low + 1), x = low, ..., high',
  parameters: [parameter('low', 0, 'int', 'the smallest value'), parameter('high', 0, 'int', 'the largest value, included')],
  alternatives: [],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: (p) => integers(argument(p, 'low'), argument(p, 'high')),
  conditions: (p) => [count(p)],
  logDensity: (_, p) => neg(logOf(count(p))),
  variate: (p) => ({ fn: 'discreteUniform', args: [scalar(argument(p, 'low')), scalar(argument(p, 'high'))] }),
  cdf: (x, p) => mul(add(sub(apply('floor', x), argument(p, 'low')), one), powOf(count(p), -1)),
  survival: (x, p) => mul(sub(argument(p, 'high'), apply('floor', x)), powOf(count(p), -1)),
  quantile(u, p) {
    // Rounding of u n may miss the step by one either way: compare with the distribution function itself.
    const perValue = powOf(count(p), -1);
    const guess = apply('max', sub(apply('ceil', mul(u, count(p))), one), num(0));
    const tooHigh = apply('and', apply('gt', guess, num(0)), apply('ge', mul(guess, perValue), u));
    const tooLow = apply('lt', mul(add(guess, one), perValue), u);
    return apply('min', argument(p, 'high'), addAll([argument(p, 'low'), guess, neg(tooHigh), tooLow]));
  },
  mean: (p) => scalar(mul(half, add(argument(p, 'low'), argument(p, 'high')))),
  variance: (p) => scalar(mul(num(1 / 12), sub(powOf(count(p), 2), one))),
  expectedLogDensity: (of) => neg(logOf(count(of))),
};
