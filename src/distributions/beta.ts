/**
 * Beta(a, b): density x^(a - 1) (1 - x)^(b - 1) / B(a, b) on 0 <= x <= 1.
 * Statistics (log x, log(1-x)) with natural parameters (a - 1, b - 1).
 */
import { add, addAll, apply, cond, mul, neg, one, scalar, sub, zero } from '../expr/expr.js';
import type { ArrayExpr } from '../expr/expr.js';
import { logOf, oneMinus, powOf, xlog1my, xlogy } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { argument, interval, largeShape, logGammaWeight, naturalAt, noExpectation, parameter, scalars, two } from './notation.js';

export const beta: Family = {
  name: 'Beta',
  doc: 'density x^(a - 1) (1 - x)^(b - 1) / B(a, b), 0 <= x <= 1',
  parameters: [parameter('a', 0, 'positive', 'the first shape'), parameter('b', 0, 'positive', 'the second shape')],
  alternatives: [
    {
      parameters: [parameter('mean', 0, 'unit', 'the mean a / (a + b)'), parameter('concentration', 0, 'positive', 'a + b')],
      replaces: ['a', 'b'],
      canonical(given) {
        const mean = argument(given, 'mean'),
          concentration = argument(given, 'concentration');
        return scalars({ a: mul(mean, concentration), b: mul(oneMinus(mean), concentration) });
      },
    },
  ],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: () => interval(zero, one),
  logDensity(x, p) {
    const a = argument(p, 'a'),
      b = argument(p, 'b');
    return addAll([xlogy(sub(a, one), x.body), xlog1my(sub(b, one), x.body), neg(apply('lbeta', a, b))]);
  },
  // As a ratio of Gamma densities, for any rate: here that of their means.
  evaluatedLogDensity(x, p) {
    const a = argument(p, 'a'),
      b = argument(p, 'b'),
      sum = add(a, b),
      rest = oneMinus(x.body);
    const asCounts = addAll([
      logGammaWeight(a, mul(sum, x.body)),
      logGammaWeight(b, mul(sum, rest)),
      neg(logGammaWeight(sum, sum)),
      neg(logOf(x.body)),
      neg(logOf(rest)),
    ]);
    const isInside = apply('and', apply('gt', x.body, zero), apply('lt', x.body, one));
    return cond(apply('and', apply('gt', sum, largeShape), isInside), asCounts, beta.logDensity(x, p));
  },
  variate: (p) => ({ fn: 'beta', args: [scalar(argument(p, 'a')), scalar(argument(p, 'b'))] }),
  truncatedVariate: 'truncatedBeta',
  cdf: (x, p) => apply('betaI', x, argument(p, 'a'), argument(p, 'b')),
  survival: (x, p) => apply('betaIComplement', x, argument(p, 'a'), argument(p, 'b')),
  quantile: (u, p) => apply('betaIInverse', u, argument(p, 'a'), argument(p, 'b')),
  mean: (p) => scalar(mul(argument(p, 'a'), powOf(add(argument(p, 'a'), argument(p, 'b')), -1))),
  variance(p) {
    const a = argument(p, 'a'),
      b = argument(p, 'b'),
      sum = add(a, b);
    return scalar(mul(mul(a, b), mul(powOf(sum, -2), powOf(add(sum, one), -1))));
  },
  exponential: {
    statistics: ['log x', 'log(1-x)'],
    parameters: (natural) => scalars({ a: add(naturalAt(natural, 0).body, one), b: add(naturalAt(natural, 1).body, one) }),
    natural: (p) => [scalar(sub(argument(p, 'a'), one)), scalar(sub(argument(p, 'b'), one))],
    proper: (natural) => [add(naturalAt(natural, 0).body, one), add(naturalAt(natural, 1).body, one)],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const a = argument(p, 'a'),
        b = argument(p, 'b'),
        sum = add(a, b);
      switch (statistic) {
        case 'log x':
          return scalar(sub(apply('digamma', a), apply('digamma', sum)));
        case 'log(1-x)':
          return scalar(sub(apply('digamma', b), apply('digamma', sum)));
        case 'x':
          return scalar(mul(a, powOf(sum, -1)));
        case 'x^2':
          return scalar(mul(mul(a, add(a, one)), mul(powOf(sum, -1), powOf(add(sum, one), -1))));
        default:
          return noExpectation('Beta', statistic);
      }
    },
    entropy(p) {
      const a = argument(p, 'a'),
        b = argument(p, 'b'),
        sum = add(a, b);
      return addAll([
        apply('lbeta', a, b),
        neg(mul(sub(a, one), apply('digamma', a))),
        neg(mul(sub(b, one), apply('digamma', b))),
        mul(sub(sum, two), apply('digamma', sum)),
      ]);
    },
  },
};
