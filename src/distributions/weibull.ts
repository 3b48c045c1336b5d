/**
 * Weibull(shape k, scale s): density (k / s) (x / s)^(k - 1) e^(-(x / s)^k) on x >= 0.
 * Powers of x and of s stand apart, so that a rate s^(-k) is visible to the algebra.
 */
import { add, addAll, apply, div, exp, lgamma, mul, neg, one, pow, scalar, sub } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf, xlogy } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, eulerGamma, onHalfLine, parameter, two } from './notation.js';

/** (x / scale)^shape. */
function hazard(x: Expr, p: Arguments): Expr {
  const shape = argument(p, 'shape');
  return mul(pow(x, shape), pow(argument(p, 'scale'), neg(shape)));
}
/** The same as the power of a ratio, where neither power alone stays within the range of doubles. */
function hazardOfRatio(x: Expr, p: Arguments): Expr {
  return pow(div(x, argument(p, 'scale')), argument(p, 'shape'));
}
/** E[(x / scale)^m] = Gamma(1 + m / shape). */
function moment(p: Arguments, m: Expr): Expr {
  return exp(lgamma(add(one, mul(m, powOf(argument(p, 'shape'), -1)))));
}
/** scale h^(1 / shape), the inverse of the cumulative hazard. */
function atHazard(h: Expr, p: Arguments): Expr {
  return mul(argument(p, 'scale'), pow(h, powOf(argument(p, 'shape'), -1)));
}

export const weibull: Family = {
  name: 'Weibull',
  doc: 'density (shape / scale) (x / scale)^(shape - 1) e^(-(x / scale)^shape), x >= 0',
  parameters: [parameter('shape', 0, 'positive', 'the shape'), parameter('scale', 0, 'positive', 'the scale')],
  ...onHalfLine,
  logDensity(x, p) {
    const shape = argument(p, 'shape');
    return addAll([logOf(shape), neg(mul(shape, logOf(argument(p, 'scale')))), xlogy(sub(shape, one), x.body), neg(hazard(x.body, p))]);
  },
  evaluatedLogDensity(x, p) {
    const shape = argument(p, 'shape'),
      scale = argument(p, 'scale');
    return addAll([logOf(shape), neg(logOf(scale)), xlogy(sub(shape, one), div(x.body, scale)), neg(hazardOfRatio(x.body, p))]);
  },
  variate: (p) => ({ fn: 'weibull', args: [scalar(argument(p, 'shape')), scalar(argument(p, 'scale'))] }),
  cdf: (x, p) => neg(apply('expm1', neg(hazardOfRatio(x, p)))),
  survival: (x, p) => exp(neg(hazardOfRatio(x, p))),
  logSurvival: (x, p) => neg(hazardOfRatio(x, p)),
  quantile: (u, p) => atHazard(neg(apply('log1p', neg(u))), p),
  upperQuantile: (q, p) => atHazard(neg(logOf(q)), p),
  mean: (p) => scalar(mul(argument(p, 'scale'), moment(p, one))),
  variance: (p) => scalar(mul(powOf(argument(p, 'scale'), 2), sub(moment(p, two), powOf(moment(p, one), 2)))),
  expectedLogDensity(of, p) {
    // log x = log scale + log h / shape with h a standard exponential.
    const shape = argument(of, 'shape'),
      scale = argument(of, 'scale'),
      own = argument(p, 'scale');
    const meanLog = sub(logOf(own), mul(eulerGamma, powOf(argument(p, 'shape'), -1)));
    const power = mul(pow(mul(own, powOf(scale, -1)), shape), moment(p, shape));
    return addAll([logOf(shape), neg(mul(shape, logOf(scale))), mul(sub(shape, one), meanLog), neg(power)]);
  },
};
