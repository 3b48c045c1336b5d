/**
 * Uniform(low, high): density 1 / (high - low) on low <= x <= high.
 */
import { add, mul, neg, num, scalar, sub } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, half, interval, parameter } from './notation.js';

function width(p: Arguments): Expr {
  return sub(argument(p, 'high'), argument(p, 'low'));
}

export const uniform: Family = {
  name: 'Uniform',
  doc: 'density 1 / (high - low), low <= x <= high',
  parameters: [parameter('low', 0, 'real', 'the lower bound'), parameter('high', 0, 'real', 'the upper bound')],
  alternatives: [],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: (p) => interval(argument(p, 'low'), argument(p, 'high')),
  conditions: (p) => [width(p)],
  logDensity: (_, p) => neg(logOf(width(p))),
  variate: (p) => ({ fn: 'uniform', args: [], transform: (draw) => add(argument(p, 'low'), mul(width(p), draw)) }),
  cdf: (x, p) => mul(sub(x, argument(p, 'low')), powOf(width(p), -1)),
  survival: (x, p) => mul(sub(argument(p, 'high'), x), powOf(width(p), -1)),
  quantile: (u, p) => add(argument(p, 'low'), mul(width(p), u)),
  upperQuantile: (q, p) => sub(argument(p, 'high'), mul(width(p), q)),
  mean: (p) => scalar(mul(half, add(argument(p, 'low'), argument(p, 'high')))),
  variance: (p) => scalar(mul(num(1 / 12), powOf(width(p), 2))),
  expectedLogDensity: (of) => neg(logOf(width(of))),
};
