/**
 * Hypergeometric(successes, failures, draws): the number of successes among `draws` items drawn without
 * replacement from successes + failures; mass C(successes, x) C(failures, draws - x) / C(successes + failures, draws).
 */
import { add, addAll, apply, div, mul, mulAll, neg, one, scalar, sub, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, integers, parameter, summedMasses } from './notation.js';

function total(p: Arguments): Expr {
  return add(argument(p, 'successes'), argument(p, 'failures'));
}
function lowest(p: Arguments): Expr {
  return apply('max', zero, sub(argument(p, 'draws'), argument(p, 'failures')));
}
function highest(p: Arguments): Expr {
  return apply('min', argument(p, 'draws'), argument(p, 'successes'));
}

function logMass(x: Expr, p: Arguments): Expr {
  return addAll([
    apply('lchoose', argument(p, 'successes'), x),
    apply('lchoose', argument(p, 'failures'), sub(argument(p, 'draws'), x)),
    neg(apply('lchoose', total(p), argument(p, 'draws'))),
  ]);
}

export const hypergeometric: Family = {
  name: 'Hypergeometric',
  doc: 'mass C(successes, x) C(failures, draws - x) / C(successes + failures, draws): successes among draws without replacement',
  parameters: [
    parameter('successes', 0, 'count', 'how many items are successes'),
    parameter('failures', 0, 'count', 'how many items are not'),
    parameter('draws', 0, 'count', 'how many items are drawn, at most all of them'),
  ],
  alternatives: [],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: (p) => integers(lowest(p), highest(p)),
  conditions: (p) => [add(sub(total(p), argument(p, 'draws')), one)],
  logDensity: (x, p) => logMass(x.body, p),
  evaluatedLogDensity(x, p) {
    // A ratio of three binomial masses, for any probability of success: here the share that is drawn (Loader 2000).
    const whole = apply('max', total(p), one),
      draws = argument(p, 'draws');
    const [drawn, left] = [div(draws, whole), div(sub(total(p), draws), whole)];
    const mass = (k: Expr, n: Expr): Expr => apply('logBinomialMass', k, n, drawn, left);
    return sub(add(mass(x.body, argument(p, 'successes')), mass(sub(draws, x.body), argument(p, 'failures'))), mass(draws, total(p)));
  },
  variate: (p) => ({ fn: 'hypergeometric', args: ['successes', 'failures', 'draws'].map((name) => scalar(argument(p, name))) }),
  ...summedMasses(logMass, lowest, highest),
  quantile: (u, p) => apply('hypergeometricQuantile', u, argument(p, 'successes'), argument(p, 'failures'), argument(p, 'draws')),
  mean: (p) => scalar(mul(argument(p, 'draws'), mul(argument(p, 'successes'), powOf(apply('max', total(p), one), -1)))),
  variance(p) {
    // Of one item or none there is no spread; the maxima keep 0 / 0 away.
    const n = apply('max', total(p), one),
      rest = apply('max', sub(total(p), one), one);
    return scalar(
      mulAll([
        argument(p, 'draws'),
        argument(p, 'successes'),
        powOf(n, -1),
        argument(p, 'failures'),
        powOf(n, -1),
        sub(total(p), argument(p, 'draws')),
        powOf(rest, -1),
      ]),
    );
  },
};
