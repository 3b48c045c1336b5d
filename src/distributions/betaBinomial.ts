/**
 * BetaBinomial(n, a, b): Binomial(n, p) with p ~ Beta(a, b) integrated out; mass
 * C(n, x) B(x + a, n - x + b) / B(a, b) at x in 0..n.
 */
import { add, addAll, apply, mul, neg, one, scalar, square, sub, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, integers, massesGivenTotal, parameter, summedMasses } from './notation.js';

const rising = (r: Expr, x: Expr): Expr => apply('logRisingFactorial', r, x);

function logMass(x: Expr, p: Arguments): Expr {
  const n = argument(p, 'n'),
    a = argument(p, 'a'),
    b = argument(p, 'b');
  // B(x + a, n - x + b) / B(a, b) by rising factorials: only powers of the shapes cancel, and the last is free of x.
  return addAll([apply('lchoose', n, x), rising(a, x), rising(b, sub(n, x)), neg(rising(add(a, b), n))]);
}

export const betaBinomial: Family = {
  name: 'BetaBinomial',
  doc: 'mass C(n, x) B(x + a, n - x + b) / B(a, b), x = 0, ..., n',
  parameters: [
    parameter('n', 0, 'count', 'the number of trials'),
    parameter('a', 0, 'positive', 'the first shape of the probability of success'),
    parameter('b', 0, 'positive', 'the second shape of the probability of success'),
  ],
  alternatives: [],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: (p) => integers(zero, argument(p, 'n')),
  logDensity: (x, p) => logMass(x.body, p),
  evaluatedLogDensity(x, p) {
    // C(n, x) B(x + a, n - x + b) / B(a, b) is a ratio of three negative binomial masses.
    const n = argument(p, 'n'),
      a = argument(p, 'a'),
      b = argument(p, 'b'),
      sum = add(a, b);
    const mass = massesGivenTotal(n, sum);
    return sub(add(mass(x.body, a), mass(sub(n, x.body), b)), mass(n, sum));
  },
  variate: (p) => ({ fn: 'betaBinomial', args: ['n', 'a', 'b'].map((name) => scalar(argument(p, name))) }),
  ...summedMasses(
    logMass,
    () => zero,
    (p) => argument(p, 'n'),
  ),
  quantile: (u, p) => apply('betaBinomialQuantile', u, argument(p, 'n'), argument(p, 'a'), argument(p, 'b')),
  mean: (p) => scalar(mul(argument(p, 'n'), mul(argument(p, 'a'), powOf(add(argument(p, 'a'), argument(p, 'b')), -1)))),
  variance(p) {
    const n = argument(p, 'n'),
      a = argument(p, 'a'),
      b = argument(p, 'b'),
      total = add(a, b);
    return scalar(mul(mul(n, mul(a, b)), mul(add(total, n), powOf(mul(square(total), add(total, one)), -1))));
  },
};
