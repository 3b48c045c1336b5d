/**
 * MvStudentT(df, loc, scale): loc + MvNormal(0, scale) / sqrt(ChiSquared(df) / df); density proportional to
 * (1 + q / df)^(-(df + d) / 2) with q = (x - loc)^T scale^-1 (x - loc). `scale` is a matrix, df / (df - 2) times smaller than the
 * covariance.
 */
import { add, addAll, apply, at, build, cond, lgamma, mul, neg, num, one, scalar, sub, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { bilinear, inverseOf, logdetOf, logOf, powOf } from '../expr/simplify.js';
import type { Family } from './family.js';
import { dimensionOf } from './matrixVariate.js';
import { argument, arrayArgument, half, logPi, parameter, two } from './notation.js';

export const mvStudentT: Family = {
  name: 'MvStudentT',
  doc: 'density proportional to (1 + (x - loc)^T scale^-1 (x - loc) / df)^(-(df + d) / 2)',
  parameters: [
    parameter('df', 0, 'positive', 'the degrees of freedom'),
    parameter('loc', 1, 'vector', 'the centre'),
    parameter('scale', 2, 'cov', 'the scale matrix, (df - 2) / df covariances'),
  ],
  alternatives: [],
  eventRank: 1,
  discrete: false,
  proper: true,
  eventDims: (p) => [dimensionOf(p)],
  support: (p) => ({ kind: 'vector', dimension: dimensionOf(p) }),
  logDensity(x, p) {
    const df = argument(p, 'df'),
      loc = arrayArgument(p, 'loc'),
      scale = arrayArgument(p, 'scale'),
      d = dimensionOf(p);
    const halfNext = mul(half, add(df, d));
    const centred = (i: Expr): Expr => sub(at(x, i), at(loc, i));
    const distance = bilinear(inverseOf(scale), centred, centred);
    return addAll([
      lgamma(mul(half, d)),
      neg(apply('lbeta', mul(half, df), mul(half, d))),
      neg(mul(mul(half, d), add(logOf(df), logPi))),
      neg(mul(half, logdetOf(scale))),
      neg(mul(halfNext, apply('log1p', mul(distance, powOf(df, -1))))),
    ]);
  },
  variate: (p) => ({ fn: 'mvStudentT', args: [scalar(argument(p, 'df')), arrayArgument(p, 'loc'), arrayArgument(p, 'scale')] }),
  mean(p) {
    const loc = arrayArgument(p, 'loc');
    return build(loc.dims, (i) => cond(apply('gt', argument(p, 'df'), one), at(loc, i), num(Number.NaN)));
  },
  variance(p) {
    const df = argument(p, 'df'),
      scale = arrayArgument(p, 'scale'),
      excess = apply('max', sub(df, two), zero);
    // Off the diagonal an infinite second moment says nothing of the sign.
    return build(scale.dims, (i, j) =>
      cond(
        apply('gt', df, two),
        mul(mul(df, powOf(excess, -1)), at(scale, i, j)),
        cond(apply('and', apply('gt', df, one), apply('eq', i, j)), num(Infinity), num(Number.NaN)),
      ),
    );
  },
  entropy(p) {
    const df = argument(p, 'df'),
      d = dimensionOf(p),
      halfNext = mul(half, add(df, d)),
      halfDf = mul(half, df);
    return addAll([
      mul(halfNext, sub(apply('digamma', halfNext), apply('digamma', halfDf))),
      mul(mul(half, d), add(logOf(df), logPi)),
      apply('lbeta', halfDf, mul(half, d)),
      neg(lgamma(mul(half, d))),
      mul(half, logdetOf(arrayArgument(p, 'scale'))),
    ]);
  },
};
