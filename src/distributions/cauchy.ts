/**
 * Cauchy(loc, scale): density 1 / (pi scale (1 + z^2)), z = (x - loc) / scale. It has no mean.
 */
import { add, apply, cond, div, mul, mulAll, neg, num, one, scalar, square, sub, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, half, infinity, logPi, minusInfinity, onLine, parameter, standardised } from './notation.js';

const inversePi = num(1 / Math.PI);

/** P(Z > z) of the standard law: atan(1 / z) / pi for positive z, without cancellation. */
function upperTail(z: Expr): Expr {
  return cond(apply('gt', z, zero), mul(inversePi, apply('atan', powOf(z, -1))), sub(half, mul(inversePi, apply('atan', z))));
}

/** The log density from log(1 + z^2). */
function densityOf(p: Arguments, logKernel: Expr): Expr {
  return neg(add(add(logPi, logOf(argument(p, 'scale'))), logKernel));
}

/** scale cot(pi q): the distance from loc above which mass q lies; exact for small q. */
function upperDistance(q: Expr, p: Arguments): Expr {
  return mulAll([argument(p, 'scale'), powOf(apply('tan', mul(num(Math.PI), q)), -1)]);
}

export const cauchy: Family = {
  name: 'Cauchy',
  doc: 'density 1 / (pi scale (1 + z^2)), z = (x - loc) / scale',
  parameters: [parameter('loc', 0, 'real', 'the median'), parameter('scale', 0, 'positive', 'half the interquartile range')],
  ...onLine,
  logDensity: (x, p) => densityOf(p, apply('log1p', square(standardised(x.body, p)))),
  evaluatedLogDensity: (x, p) => densityOf(p, apply('log1pSquare', div(sub(x.body, argument(p, 'loc')), argument(p, 'scale')))),
  variate: (p) => ({ fn: 'cauchy', args: [], transform: (draw) => add(argument(p, 'loc'), mul(argument(p, 'scale'), draw)) }),
  cdf: (x, p) => upperTail(neg(standardised(x, p))),
  survival: (x, p) => upperTail(standardised(x, p)),
  quantile: (u, p) => cond(apply('ge', u, one), infinity, sub(argument(p, 'loc'), upperDistance(u, p))),
  upperQuantile: (q, p) => cond(apply('ge', q, one), minusInfinity, add(argument(p, 'loc'), upperDistance(q, p))),
  mean: () => scalar(num(Number.NaN)),
  variance: () => scalar(num(Number.NaN)),
  // log of the Poisson kernel is harmonic: E log((x - m)^2 + s^2) is its value at the complex median (Chyzak and Nielsen 2019).
  expectedLogDensity(of, p) {
    const scale = argument(of, 'scale');
    const distance = add(square(sub(argument(p, 'loc'), argument(of, 'loc'))), square(add(argument(p, 'scale'), scale)));
    return sub(sub(logOf(scale), logPi), logOf(distance));
  },
};
