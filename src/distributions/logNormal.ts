/**
 * LogNormal(meanlog, sdlog): the law of exp(Z) for Z normal with that mean and standard deviation;
 * density exp(-(log x - meanlog)^2 / (2 sdlog^2)) / (x sdlog sqrt(2 pi)) on x > 0.
 */
import { add, addAll, apply, div, exp, mul, neg, num, scalar, square, sub, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, half, halfLogTwoPi, infinity, parameter, two } from './notation.js';

function standardised(x: Expr, p: Arguments): Expr {
  return mul(sub(logOf(x), argument(p, 'meanlog')), powOf(argument(p, 'sdlog'), -1));
}

export const logNormal: Family = {
  name: 'LogNormal',
  doc: 'density exp(-(log x - meanlog)^2 / (2 sdlog^2)) / (x sdlog sqrt(2 pi)), x > 0',
  parameters: [parameter('meanlog', 0, 'real', 'the mean of log x'), parameter('sdlog', 0, 'positive', 'the standard deviation of log x')],
  alternatives: [],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: () => ({ kind: 'interval', low: zero, high: infinity, open: true }),
  logDensity(x, p) {
    const sd = argument(p, 'sdlog'),
      logX = logOf(x.body);
    return addAll([
      mul(mul(num(-0.5), square(sub(logX, argument(p, 'meanlog')))), powOf(sd, -2)),
      neg(logX),
      neg(logOf(sd)),
      neg(halfLogTwoPi),
    ]);
  },
  evaluatedLogDensity(x, p) {
    const sd = argument(p, 'sdlog'),
      logX = logOf(x.body);
    return addAll([mul(num(-0.5), square(div(sub(logX, argument(p, 'meanlog')), sd))), neg(logX), neg(logOf(sd)), neg(halfLogTwoPi)]);
  },
  variate: (p) => ({
    fn: 'normalDraw',
    args: [scalar(argument(p, 'meanlog')), scalar(argument(p, 'sdlog'))],
    transform: (draw) => exp(draw),
  }),
  cdf: (x, p) => apply('Phi', standardised(x, p)),
  survival: (x, p) => apply('Phi', neg(standardised(x, p))),
  quantile: (u, p) => exp(add(argument(p, 'meanlog'), mul(argument(p, 'sdlog'), apply('normalQuantile', u)))),
  upperQuantile: (q, p) => exp(sub(argument(p, 'meanlog'), mul(argument(p, 'sdlog'), apply('normalQuantile', q)))),
  mean: (p) => scalar(exp(add(argument(p, 'meanlog'), mul(half, powOf(argument(p, 'sdlog'), 2))))),
  variance(p) {
    const s2 = powOf(argument(p, 'sdlog'), 2);
    return scalar(mul(apply('expm1', s2), exp(add(mul(two, argument(p, 'meanlog')), s2))));
  },
  expectedLogDensity(of, p) {
    const sd = argument(of, 'sdlog'),
      shift = sub(argument(p, 'meanlog'), argument(of, 'meanlog'));
    const distance = mul(add(square(shift), powOf(argument(p, 'sdlog'), 2)), powOf(sd, -2));
    return addAll([neg(argument(p, 'meanlog')), neg(logOf(sd)), neg(halfLogTwoPi), neg(mul(half, distance))]);
  },
};
