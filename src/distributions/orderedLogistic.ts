/**
 * OrderedLogistic(eta, cutpoints): P(X > k) = sigmoid(eta - cutpoints[k]) for k = 0..K-2, so that X takes
 * the values 0..K-1 with K - 1 increasing cutpoints (the proportional odds model, McCullagh 1980).
 *
 * An inner mass sigmoid(s) - sigmoid(t) is written sigmoid(s) sigmoid(-t) (1 - e^(t - s)): nothing cancels.
 */
import { add, addAll, apply, at, cond, index, mul, neg, one, reduce, scalar, square, sub, sumOver, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, arrayArgument, integers, parameter, two } from './notation.js';

/** K - 1. */
function last(p: Arguments): Expr {
  return arrayArgument(p, 'cutpoints').dims[0]!;
}
/** eta - cutpoints[k]. */
function excess(p: Arguments, k: Expr): Expr {
  return sub(argument(p, 'eta'), at(arrayArgument(p, 'cutpoints'), k));
}
/** P(X > k), k in 0..K-2. */
function above(p: Arguments, k: Expr): Expr {
  return apply('sigmoid', excess(p, k));
}
function meanOf(p: Arguments): Expr {
  return sumOver(last(p), (k) => above(p, k), 'k');
}

export const orderedLogistic: Family = {
  name: 'OrderedLogistic',
  doc: 'P(x > k) = sigmoid(eta - cutpoints[k]), x = 0, ..., K with K cutpoints',
  parameters: [
    parameter('eta', 0, 'real', 'the linear predictor'),
    parameter('cutpoints', 1, 'orderedVector', 'the increasing cutpoints, one fewer than there are outcomes'),
  ],
  alternatives: [],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: (p) => integers(zero, last(p)),
  logDensity(x, p) {
    const k = x.body,
      before = sub(k, one);
    const lowest = neg(apply('softplus', excess(p, zero)));
    const highest = neg(apply('softplus', neg(excess(p, sub(last(p), one)))));
    const gap = sub(at(arrayArgument(p, 'cutpoints'), before), at(arrayArgument(p, 'cutpoints'), k));
    const inner = addAll([
      neg(apply('softplus', neg(excess(p, before)))),
      neg(apply('softplus', excess(p, k))),
      logOf(neg(apply('expm1', gap))),
    ]);
    return cond(apply('eq', k, zero), lowest, cond(apply('eq', k, last(p)), highest, inner));
  },
  variate: (p) => ({ fn: 'orderedLogistic', args: [scalar(argument(p, 'eta')), arrayArgument(p, 'cutpoints')] }),
  cdf(x, p) {
    const k = apply('floor', x);
    return cond(apply('lt', k, zero), zero, cond(apply('lt', k, last(p)), apply('sigmoid', neg(excess(p, k))), one));
  },
  survival(x, p) {
    const k = apply('floor', x);
    return cond(apply('lt', k, zero), one, cond(apply('lt', k, last(p)), above(p, k), zero));
  },
  // The number of outcomes whose distribution function is below u.
  quantile(u, p) {
    const k = index('k');
    return reduce('sum', k, zero, last(p), apply('lt', apply('sigmoid', neg(excess(p, k))), u));
  },
  mean: (p) => scalar(meanOf(p)),
  // E[X^2] is the sum of (2 k + 1) P(X > k).
  variance: (p) =>
    scalar(
      sub(
        sumOver(last(p), (k) => mul(add(mul(two, k), one), above(p, k)), 'k'),
        square(meanOf(p)),
      ),
    ),
};
