/**
 * HalfCauchy(scale): the law of |C| scale for standard Cauchy C; density
 * 2 / (pi scale (1 + (x / scale)^2)) on x >= 0. It has no mean.
 */
import { apply, cond, div, mul, num, one, scalar, square, sub } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, half, infinity, onHalfLine, parameter } from './notation.js';

const logConstant = num(Math.log(2 / Math.PI));
const twoOverPi = num(2 / Math.PI);
const halfPi = num(Math.PI / 2);

function ratio(x: Expr, p: Arguments): Expr {
  return mul(x, powOf(argument(p, 'scale'), -1));
}
/** scale cot(pi q / 2): the value above which mass q lies. */
function above(q: Expr, p: Arguments): Expr {
  return mul(argument(p, 'scale'), powOf(apply('tan', mul(halfPi, q)), -1));
}

export const halfCauchy: Family = {
  name: 'HalfCauchy',
  doc: 'density 2 / (pi scale (1 + (x / scale)^2)), x >= 0',
  parameters: [parameter('scale', 0, 'positive', 'the median')],
  ...onHalfLine,
  logDensity: (x, p) => sub(sub(logConstant, logOf(argument(p, 'scale'))), apply('log1p', square(ratio(x.body, p)))),
  evaluatedLogDensity: (x, p) =>
    sub(sub(logConstant, logOf(argument(p, 'scale'))), apply('log1pSquare', div(x.body, argument(p, 'scale')))),
  variate: (p) => ({ fn: 'cauchy', args: [], transform: (draw) => mul(argument(p, 'scale'), apply('abs', draw)) }),
  cdf: (x, p) => mul(twoOverPi, apply('atan', ratio(x, p))),
  // atan(1 / z) is the complement of atan(z); 1 / 0 is infinity, whose arc tangent is right.
  survival: (x, p) => mul(twoOverPi, apply('atan', powOf(ratio(x, p), -1))),
  quantile: (u, p) => cond(apply('lt', u, half), mul(argument(p, 'scale'), apply('tan', mul(halfPi, u))), above(sub(one, u), p)),
  upperQuantile: (q, p) => above(q, p),
  mean: () => scalar(infinity),
  variance: () => scalar(num(Number.NaN)),
  expectedLogDensity(of, p) {
    const scale = argument(of, 'scale');
    return sub(sub(logConstant, logOf(scale)), mul(num(2), apply('log1p', mul(argument(p, 'scale'), powOf(scale, -1)))));
  },
};
