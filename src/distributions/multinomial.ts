/**
 * Multinomial(n, probs): mass n! / prod x_k! * prod probs_k^x_k on count vectors of total n.
 */
import { add, addAll, apply, at, build, cond, exp, index, lgamma, mul, neg, one, reduce, sub, sumOver, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { xlog1my, xlogy } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, arrayArgument, countVectors, parameter } from './notation.js';

function dimension(p: Arguments): Expr {
  return arrayArgument(p, 'probs').dims[0]!;
}

export const multinomial: Family = {
  name: 'Multinomial',
  doc: 'mass n! / prod x_k! * prod probs_k^x_k on count vectors of total n',
  parameters: [parameter('n', 0, 'count', 'the number of trials'), parameter('probs', 1, 'simplex', 'the probabilities of the outcomes')],
  ...countVectors('probs'),
  logDensity(x, p) {
    const probs = arrayArgument(p, 'probs');
    const terms = sumOver(dimension(p), (k) => sub(xlogy(at(x, k), at(probs, k)), lgamma(add(at(x, k), one))), 'k');
    return add(lgamma(add(argument(p, 'n'), one)), terms);
  },
  variate: (p) => ({ fn: 'multinomial', args: [{ indices: [], dims: [], body: argument(p, 'n') }, arrayArgument(p, 'probs')] }),
  mean: (p) => build([dimension(p)], (k) => mul(argument(p, 'n'), at(arrayArgument(p, 'probs'), k)), ['k']),
  variance(p) {
    const probs = arrayArgument(p, 'probs'),
      n = argument(p, 'n');
    return build([dimension(p), dimension(p)], (i, j) =>
      mul(mul(n, at(probs, i)), add(cond(apply('eq', i, j), one, zero), neg(at(probs, j)))),
    );
  },
  // Totals are equal; a count has a binomial law of its own.
  expectedLogDensity(of, p) {
    const n = argument(p, 'n'),
      probs = arrayArgument(p, 'probs'),
      others = arrayArgument(of, 'probs');
    const logFactorial = (share: Expr): Expr => {
      const j = index('j'),
        mass = exp(addAll([apply('lchoose', n, j), xlogy(j, share), xlog1my(sub(n, j), share)]));
      return reduce('sum', j, zero, add(n, one), mul(mass, lgamma(add(j, one))));
    };
    const terms = sumOver(dimension(p), (k) => sub(xlogy(mul(n, at(probs, k)), at(others, k)), logFactorial(at(probs, k))), 'k');
    return add(lgamma(add(n, one)), terms);
  },
};
