/**
 * Categorical(probs): mass probs[x] at x in 0..K-1. Written as a selection, so that zeros are exact.
 * Statistic: the one-hot vector 1[x=k] with natural parameters log probs[k].
 */
import { add, apply, at, build, cond, exp, index, mul, neg, one, reduce, scalar, square, sub, sumOver, zero } from '../expr/expr.js';
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { logOf, xlogy } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { arrayArgument, integers, naturalAt, noExpectation, parameter } from './notation.js';

function outcomes(p: Arguments): Expr {
  return arrayArgument(p, 'probs').dims[0]!;
}

/** exp(logits[k] - logsumexp(logits)). */
function softmax(logits: ArrayExpr): ArrayExpr {
  const j = index('j');
  const total = reduce('logsumexp', j, zero, logits.dims[0]!, at(logits, j));
  return build(logits.dims, (k) => exp(sub(at(logits, k), total)), ['k']);
}

/** Sum of the probabilities of the outcomes from `from` up to, not including, `to`. */
function mass(p: Arguments, from: Expr, to: Expr): Expr {
  const k = index('k');
  return reduce('sum', k, from, to, at(arrayArgument(p, 'probs'), k));
}

/** x rounded down and kept within -1..K-1, so that sums stay inside the array. */
function lastOutcome(x: Expr, p: Arguments): Expr {
  return apply('min', apply('max', apply('floor', x), neg(one)), sub(outcomes(p), one));
}

function meanOf(p: Arguments): Expr {
  return sumOver(outcomes(p), (k) => mul(k, at(arrayArgument(p, 'probs'), k)), 'k');
}

export const categorical: Family = {
  name: 'Categorical',
  doc: 'mass probs[x] at x = 0, ..., K - 1',
  parameters: [parameter('probs', 1, 'simplex', 'the probabilities of the outcomes')],
  alternatives: [
    {
      parameters: [parameter('logits', 1, 'vector', 'log probabilities up to a constant')],
      replaces: ['probs'],
      canonical: (given) => ({ probs: softmax(arrayArgument(given, 'logits')) }),
    },
  ],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: (p) => integers(zero, sub(outcomes(p), one)),
  logDensity: (x, p) => logOf(at(arrayArgument(p, 'probs'), x.body)),
  variate: (p) => ({ fn: 'categorical', args: [arrayArgument(p, 'probs')] }),
  cdf: (x, p) => mass(p, zero, add(lastOutcome(x, p), one)),
  survival: (x, p) => mass(p, add(lastOutcome(x, p), one), outcomes(p)),
  // The number of outcomes whose distribution function is below u, last outcome excepted against rounding.
  quantile: (u, p) => {
    const k = index('k');
    return reduce('sum', k, zero, sub(outcomes(p), one), cond(apply('lt', mass(p, zero, add(k, one)), u), one, zero));
  },
  mean: (p) => scalar(meanOf(p)),
  variance(p) {
    const mean = meanOf(p);
    return scalar(sumOver(outcomes(p), (k) => mul(at(arrayArgument(p, 'probs'), k), square(sub(k, mean))), 'k'));
  },
  exponential: {
    statistics: ['1[x=k]'],
    parameters: (natural) => ({ probs: softmax(naturalAt(natural, 0)) }),
    natural: (p) => [build(arrayArgument(p, 'probs').dims, (k) => logOf(at(arrayArgument(p, 'probs'), k)), ['k'])],
    proper: () => [],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      switch (statistic) {
        case '1[x=k]':
          return arrayArgument(p, 'probs');
        case 'x':
          return scalar(meanOf(p));
        case 'x^2':
          return scalar(sumOver(outcomes(p), (k) => mul(square(k), at(arrayArgument(p, 'probs'), k)), 'k'));
        default:
          return noExpectation('Categorical', statistic);
      }
    },
    entropy: (p) => neg(sumOver(outcomes(p), (k) => xlogy(at(arrayArgument(p, 'probs'), k), at(arrayArgument(p, 'probs'), k)), 'k')),
  },
};
