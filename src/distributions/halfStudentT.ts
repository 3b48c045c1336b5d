/**
 * HalfStudentT(df, scale): the law of |T| scale for Student's T with df degrees of freedom; density
 * proportional to (1 + z^2 / df)^(-(df + 1) / 2), z = x / scale, on x >= 0.
 */
import { add, addAll, apply, cond, div, exp, mul, neg, num, one, scalar, square, sub, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { standardEntropy } from './studentT.js';
import { argument, half, infinity, logTwo, onHalfLine, parameter, two } from './notation.js';

function ratio(x: Expr, p: Arguments): Expr {
  return mul(x, powOf(argument(p, 'scale'), -1));
}
/** The density of x / scale at 0, 2 / (sqrt(df) B(df / 2, 1 / 2)). */
function heightAtZero(p: Arguments): Expr {
  const df = argument(p, 'df');
  return exp(addAll([logTwo, neg(mul(half, logOf(df))), neg(apply('lbeta', mul(half, df), half))]));
}
/** P(X > x). */
function upperTail(x: Expr, p: Arguments): Expr {
  return mul(two, apply('studentCdf', neg(ratio(x, p)), argument(p, 'df')));
}
/** The log density from log(1 + z^2 / df). */
function densityOf(p: Arguments, logKernel: Expr): Expr {
  const df = argument(p, 'df'),
    halfNext = mul(half, add(df, one));
  return addAll([
    logTwo,
    neg(apply('lbeta', mul(half, df), half)),
    neg(mul(half, logOf(df))),
    neg(logOf(argument(p, 'scale'))),
    neg(mul(halfNext, logKernel)),
  ]);
}
/** The value above which mass q lies. */
function above(q: Expr, p: Arguments): Expr {
  return neg(mul(argument(p, 'scale'), apply('studentQuantile', mul(half, q), argument(p, 'df'))));
}
/** scale 2 sqrt(df / pi) Gamma((df + 1) / 2) / (Gamma(df / 2) (df - 1)), infinite where df <= 1. */
function meanOf(p: Arguments): Expr {
  const df = argument(p, 'df');
  const constant = addAll([logTwo, mul(half, logOf(df)), neg(apply('lbeta', mul(half, df), half))]);
  return mul(argument(p, 'scale'), mul(exp(constant), powOf(apply('max', sub(df, one), zero), -1)));
}

export const halfStudentT: Family = {
  name: 'HalfStudentT',
  doc: 'density proportional to (1 + z^2 / df)^(-(df + 1) / 2), z = x / scale, x >= 0',
  parameters: [parameter('df', 0, 'positive', 'the degrees of freedom'), parameter('scale', 0, 'positive', 'the scale')],
  ...onHalfLine,
  logDensity: (x, p) => densityOf(p, apply('log1p', mul(square(ratio(x.body, p)), powOf(argument(p, 'df'), -1)))),
  evaluatedLogDensity: (x, p) => densityOf(p, apply('log1pSquare', mul(div(x.body, argument(p, 'scale')), powOf(argument(p, 'df'), -0.5)))),
  variate: (p) => ({
    fn: 'studentT',
    args: [scalar(argument(p, 'df'))],
    transform: (draw) => mul(argument(p, 'scale'), apply('abs', draw)),
  }),
  cdf(x, p) {
    // I_w(1/2, df/2) with w = z^2 / (df + z^2): no difference of near halves for small z.
    const df = argument(p, 'df'),
      inverse = mul(df, powOf(ratio(x, p), -2));
    const below = apply('betaI', powOf(add(one, inverse), -1), half, mul(half, df));
    // For a large z w comes close to 1, and with few degrees of freedom the mass is not; for a small one w underflows.
    return cond(
      apply('lt', inverse, one),
      sub(one, upperTail(x, p)),
      cond(apply('gt', inverse, num(1e200)), mul(heightAtZero(p), ratio(x, p)), below),
    );
  },
  survival: upperTail,
  quantile(u, p) {
    const df = argument(p, 'df'),
      w = apply('betaIInverse', u, half, mul(half, df));
    const below = mul(argument(p, 'scale'), powOf(mul(mul(df, w), powOf(sub(one, w), -1)), 0.5));
    // Few degrees of freedom carry w to 1 early: only where 1 - u has lost digits of u is it measured from below.
    const line = mul(argument(p, 'scale'), mul(u, powOf(heightAtZero(p), -1)));
    return cond(apply('lt', u, num(1e-12)), line, cond(apply('lt', u, num(0.01)), below, above(sub(one, u), p)));
  },
  upperQuantile: (q, p) => above(q, p),
  mean: (p) => scalar(meanOf(p)),
  variance(p) {
    const df = argument(p, 'df');
    const second = mul(powOf(argument(p, 'scale'), 2), mul(df, powOf(sub(df, two), -1)));
    return scalar(cond(apply('gt', df, two), sub(second, square(meanOf(p))), cond(apply('gt', df, one), infinity, num(Number.NaN))));
  },
  entropy: (p) => sub(add(logOf(argument(p, 'scale')), standardEntropy(argument(p, 'df'))), logTwo),
};
