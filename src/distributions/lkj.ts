/**
 * LKJ(dimension d, shape eta): density |R|^(eta - 1) / c on correlation matrices with respect to the entries below
 * the diagonal; uniform for eta = 1. log c = sum over 1 <= k < d of (2 (eta - 1) + k) k log 2 + k log B(a_k, a_k),
 * a_k = eta + (k - 1) / 2 (Lewandowski, Kurowicka and Joe 2009, equation 16).
 */
import { add, addAll, apply, build, cond, index, mul, neg, one, reduce, scalar, sub, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logdetOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, half, logTwo, parameter, two } from './notation.js';

function logNormaliser(p: Arguments): Expr {
  const k = index('k'),
    eta = argument(p, 'shape');
  const a = add(eta, mul(half, sub(k, one)));
  const term = mul(k, add(mul(add(mul(two, sub(eta, one)), k), logTwo), apply('lbeta', a, a)));
  return reduce('sum', k, one, argument(p, 'dimension'), term);
}

export const lkj: Family = {
  name: 'LKJ',
  doc: 'density proportional to |R|^(shape - 1) on correlation matrices',
  parameters: [
    parameter('dimension', 0, 'positiveInt', 'the number of rows'),
    parameter('shape', 0, 'positive', 'eta; 1 is uniform, above 1 favours small correlations'),
  ],
  alternatives: [],
  eventRank: 2,
  discrete: false,
  proper: true,
  eventDims: (p) => [argument(p, 'dimension'), argument(p, 'dimension')],
  support: (p) => ({ kind: 'corr', dimension: argument(p, 'dimension') }),
  logDensity: (x, p) => sub(mul(sub(argument(p, 'shape'), one), logdetOf(x)), logNormaliser(p)),
  variate: (p) => ({ fn: 'lkj', args: [scalar(argument(p, 'dimension')), scalar(argument(p, 'shape'))] }),
  mean: (p) => build([argument(p, 'dimension'), argument(p, 'dimension')], (i, j) => cond(apply('eq', i, j), one, zero)),
  // An entry r has (r + 1) / 2 ~ Beta(b, b), b = eta - 1 + d / 2: variance 1 / (2 b + 1).
  variance: (p) =>
    build([argument(p, 'dimension'), argument(p, 'dimension')], (i, j) =>
      cond(apply('eq', i, j), zero, powOf(add(mul(two, argument(p, 'shape')), sub(argument(p, 'dimension'), one)), -1)),
    ),
  expectedLogDensity(of, p) {
    // E log |R| is the derivative of the log normaliser in the shape.
    const k = index('k'),
      a = add(argument(p, 'shape'), mul(half, sub(k, one)));
    const meanLog = reduce(
      'sum',
      k,
      one,
      argument(p, 'dimension'),
      mul(mul(two, k), addAll([logTwo, apply('digamma', a), neg(apply('digamma', mul(two, a)))])),
    );
    return sub(mul(sub(argument(of, 'shape'), one), meanLog), logNormaliser(of));
  },
};
