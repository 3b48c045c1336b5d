/**
 * Normal(mean, sd): density exp(-(x - mean)^2 / (2 sd^2)) / (sd sqrt(2 pi)).
 * Statistics (x, x^2) with natural parameters (mean / sd^2, -1 / (2 sd^2)).
 */
import { add, addAll, apply, div, mul, neg, num, scalar, square, sub } from '../expr/expr.js';
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family, ScalarLaw, Statistic } from './family.js';
import {
  argument,
  half,
  halfLogTwoPi,
  infinity,
  interval,
  minusInfinity,
  naturalAt,
  noExpectation,
  parameter,
  scalars,
} from './notation.js';

function standardised(x: Expr, p: Arguments): Expr {
  return mul(sub(x, argument(p, 'mean')), powOf(argument(p, 'sd'), -1));
}

/** The law of Normal(mean, sd) by formulas, for numbers that have it as their marginal. */
export function normalLaw(mean: Expr, sd: Expr): ScalarLaw {
  return { cdf: (x) => apply('Phi', apply('div', sub(x, mean), sd)), quantile: (u) => add(mean, mul(sd, apply('normalQuantile', u))) };
}

export const normal: Family = {
  name: 'Normal',
  doc: 'density exp(-(x - mean)^2 / (2 sd^2)) / (sd sqrt(2 pi))',
  parameters: [parameter('mean', 0, 'real', 'the mean'), parameter('sd', 0, 'positive', 'the standard deviation')],
  alternatives: [
    {
      parameters: [parameter('variance', 0, 'positive', 'the variance sd^2')],
      replaces: ['sd'],
      canonical: (given) => scalars({ sd: powOf(argument(given, 'variance'), 0.5) }),
    },
    {
      parameters: [parameter('precision', 0, 'positive', 'the precision 1 / sd^2')],
      replaces: ['sd'],
      canonical: (given) => scalars({ sd: powOf(argument(given, 'precision'), -0.5) }),
    },
  ],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: () => interval(minusInfinity, infinity),
  logDensity(x, p) {
    const sd = argument(p, 'sd');
    return sub(sub(mul(mul(num(-0.5), square(sub(x.body, argument(p, 'mean')))), powOf(sd, -2)), logOf(sd)), halfLogTwoPi);
  },
  evaluatedLogDensity(x, p) {
    // Squares of the standardised distance: neither 1 / sd^2 nor the squared distance may leave the range of doubles alone.
    const sd = argument(p, 'sd');
    return sub(sub(mul(num(-0.5), square(div(sub(x.body, argument(p, 'mean')), sd))), logOf(sd)), halfLogTwoPi);
  },
  variate: (p) => ({ fn: 'normalDraw', args: [scalar(argument(p, 'mean')), scalar(argument(p, 'sd'))] }),
  truncatedVariate: 'truncatedNormal',
  cdf: (x, p) => apply('Phi', standardised(x, p)),
  survival: (x, p) => apply('Phi', neg(standardised(x, p))),
  quantile: (u, p) => add(argument(p, 'mean'), mul(argument(p, 'sd'), apply('normalQuantile', u))),
  upperQuantile: (q, p) => sub(argument(p, 'mean'), mul(argument(p, 'sd'), apply('normalQuantile', q))),
  mean: (p) => scalar(argument(p, 'mean')),
  variance: (p) => scalar(powOf(argument(p, 'sd'), 2)),
  exponential: {
    statistics: ['x', 'x^2'],
    parameters(natural) {
      const linear = naturalAt(natural, 0).body,
        precision = mul(num(-2), naturalAt(natural, 1).body);
      return scalars({ mean: mul(linear, powOf(precision, -1)), sd: powOf(precision, -0.5) });
    },
    natural(p) {
      const precision = powOf(argument(p, 'sd'), -2);
      return [scalar(mul(argument(p, 'mean'), precision)), scalar(mul(num(-0.5), precision))];
    },
    proper: (natural) => [neg(naturalAt(natural, 1).body)],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      switch (statistic) {
        case 'x':
          return scalar(argument(p, 'mean'));
        case 'x^2':
          return scalar(add(square(argument(p, 'mean')), powOf(argument(p, 'sd'), 2)));
        default:
          return noExpectation('Normal', statistic);
      }
    },
    entropy: (p) => addAll([half, halfLogTwoPi, logOf(argument(p, 'sd'))]),
  },
};
