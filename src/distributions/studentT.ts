/**
 * StudentT(df, loc, scale): density proportional to (1 + z^2 / df)^(-(df + 1) / 2), z = (x - loc) / scale.
 */
import { add, addAll, apply, cond, div, mul, neg, num, one, scalar, square, sub } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, half, onLine, parameter, standardised, two } from './notation.js';

/** The entropy of the law with centre 0 and scale 1. */
export function standardEntropy(df: Expr): Expr {
  const halfDf = mul(half, df),
    halfNext = mul(half, add(df, one));
  return addAll([
    mul(halfNext, sub(apply('digamma', halfNext), apply('digamma', halfDf))),
    mul(half, logOf(df)),
    apply('lbeta', halfDf, half),
  ]);
}

/** The log density from log(1 + z^2 / df). */
function densityOf(p: Arguments, logKernel: Expr): Expr {
  const df = argument(p, 'df'),
    halfNext = mul(half, add(df, one));
  // Gamma((df + 1) / 2) / (Gamma(df / 2) sqrt(pi)) = 1 / B(df / 2, 1 / 2), which keeps its digits for a large df.
  return addAll([
    neg(apply('lbeta', mul(half, df), half)),
    neg(mul(half, logOf(df))),
    neg(logOf(argument(p, 'scale'))),
    neg(mul(halfNext, logKernel)),
  ]);
}

export const studentT: Family = {
  name: 'StudentT',
  doc: 'density proportional to (1 + z^2 / df)^(-(df + 1) / 2), z = (x - loc) / scale',
  parameters: [
    parameter('df', 0, 'positive', 'the degrees of freedom'),
    parameter('loc', 0, 'real', 'the centre'),
    parameter('scale', 0, 'positive', 'the scale'),
  ],
  ...onLine,
  logDensity: (x, p) => densityOf(p, apply('log1p', mul(square(standardised(x.body, p)), powOf(argument(p, 'df'), -1)))),
  evaluatedLogDensity: (x, p) =>
    densityOf(p, apply('log1pSquare', mul(div(sub(x.body, argument(p, 'loc')), argument(p, 'scale')), powOf(argument(p, 'df'), -0.5)))),
  variate: (p) => ({
    fn: 'studentT',
    args: [scalar(argument(p, 'df'))],
    transform: (draw) => add(argument(p, 'loc'), mul(argument(p, 'scale'), draw)),
  }),
  cdf: (x, p) => apply('studentCdf', standardised(x, p), argument(p, 'df')),
  survival: (x, p) => apply('studentCdf', neg(standardised(x, p)), argument(p, 'df')),
  quantile: (u, p) => add(argument(p, 'loc'), mul(argument(p, 'scale'), apply('studentQuantile', u, argument(p, 'df')))),
  upperQuantile: (q, p) => sub(argument(p, 'loc'), mul(argument(p, 'scale'), apply('studentQuantile', q, argument(p, 'df')))),
  mean: (p) => scalar(cond(apply('gt', argument(p, 'df'), one), argument(p, 'loc'), num(Number.NaN))),
  variance(p) {
    const df = argument(p, 'df'),
      excess = apply('max', sub(df, two), num(0));
    const finite = mul(powOf(argument(p, 'scale'), 2), mul(df, powOf(excess, -1)));
    return scalar(cond(apply('gt', df, one), finite, num(Number.NaN)));
  },
  entropy: (p) => add(logOf(argument(p, 'scale')), standardEntropy(argument(p, 'df'))),
};
