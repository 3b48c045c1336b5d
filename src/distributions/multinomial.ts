/**
 * Multinomial(n, probs): mass n! / prod x_k! * prod probs_k^x_k on count vectors of total n.
 */
import { add, apply, at, build, cond, lgamma, mul, neg, one, sub, sumOver, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { xlogy } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, arrayArgument, parameter } from './notation.js';

function dimension(p: Arguments): Expr { return arrayArgument(p, 'probs').dims[0]!; }

export const multinomial: Family = {
  name: 'Multinomial',
  doc: 'mass n! / prod x_k! * prod probs_k^x_k on count vectors of total n',
  parameters: [parameter('n', 0, 'count', 'the number of trials'), parameter('probs', 1, 'simplex', 'the probabilities of the outcomes')],
  alternatives: [],
  eventRank: 1,
  discrete: true,
  proper: true,
  eventDims: (p) => [dimension(p)],
  support: (p) => ({ kind: 'counts', dimension: dimension(p), total: argument(p, 'n') }),
  logDensity(x, p) {
    const probs = arrayArgument(p, 'probs');
    const terms = sumOver(dimension(p), (k) => sub(xlogy(at(x, k), at(probs, k)), lgamma(add(at(x, k), one))), 'k');
    return add(lgamma(add(argument(p, 'n'), one)), terms);
  },
  variate: (p) => ({ fn: 'multinomial', args: [{ indices: [], dims: [], body: argument(p, 'n') }, arrayArgument(p, 'probs')] }),
  mean: (p) => build([dimension(p)], (k) => mul(argument(p, 'n'), at(arrayArgument(p, 'probs'), k)), ['k']),
  variance(p) {
    const probs = arrayArgument(p, 'probs'), n = argument(p, 'n');
    return build([dimension(p), dimension(p)], (i, j) =>
      mul(mul(n, at(probs, i)), add(cond(apply('eq', i, j), one, zero), neg(at(probs, j)))));
  },
};
