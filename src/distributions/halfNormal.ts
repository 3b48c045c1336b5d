/**
 * HalfNormal(scale): the law of |Z| scale for standard normal Z; density
 * sqrt(2 / pi) exp(-x^2 / (2 scale^2)) / scale on x >= 0.
 */
import { apply, cond, div, mul, neg, num, one, scalar, square, sub } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, half, onHalfLine, parameter, two } from './notation.js';

const logConstant = num(0.5 * Math.log(2 / Math.PI));

/** x / (scale sqrt 2), the argument of erf. */
function ratio(x: Expr, p: Arguments): Expr {
  return mul(mul(num(Math.SQRT1_2), x), powOf(argument(p, 'scale'), -1));
}

export const halfNormal: Family = {
  name: 'HalfNormal',
  doc: 'density sqrt(2 / pi) exp(-x^2 / (2 scale^2)) / scale, x >= 0',
  parameters: [parameter('scale', 0, 'positive', 'the standard deviation of the unfolded normal')],
  ...onHalfLine,
  logDensity(x, p) {
    const scale = argument(p, 'scale');
    return sub(sub(logConstant, logOf(scale)), mul(mul(half, square(x.body)), powOf(scale, -2)));
  },
  evaluatedLogDensity(x, p) {
    const scale = argument(p, 'scale');
    return sub(sub(logConstant, logOf(scale)), mul(half, square(div(x.body, scale))));
  },
  variate: (p) => ({ fn: 'normal', args: [], transform: (draw) => mul(argument(p, 'scale'), apply('abs', draw)) }),
  cdf: (x, p) => apply('erf', ratio(x, p)),
  survival: (x, p) => apply('erfc', ratio(x, p)),
  // The square is twice a Gamma(1/2); where that underflows the distribution function is a straight line.
  quantile: (u, p) =>
    mul(
      argument(p, 'scale'),
      cond(
        apply('lt', u, num(1e-8)),
        mul(num(Math.sqrt(Math.PI / 2)), u),
        cond(
          apply('lt', u, half),
          powOf(mul(two, apply('gammaPInverse', half, u)), 0.5),
          neg(apply('normalQuantile', mul(half, sub(one, u)))),
        ),
      ),
    ),
  upperQuantile: (q, p) => neg(mul(argument(p, 'scale'), apply('normalQuantile', mul(half, q)))),
  mean: (p) => scalar(mul(num(Math.sqrt(2 / Math.PI)), argument(p, 'scale'))),
  variance: (p) => scalar(mul(num(1 - 2 / Math.PI), powOf(argument(p, 'scale'), 2))),
  expectedLogDensity(of, p) {
    const scale = argument(of, 'scale');
    return sub(sub(num(0.5 * Math.log(2 / Math.PI)), logOf(scale)), mul(num(0.5), mul(powOf(argument(p, 'scale'), 2), powOf(scale, -2))));
  },
};
