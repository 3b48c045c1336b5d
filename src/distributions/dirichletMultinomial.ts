/**
 * DirichletMultinomial(n, alpha): Multinomial(n, p) with p ~ Dirichlet(alpha) integrated out; mass
 * n! Gamma(A) / Gamma(n + A) prod Gamma(x_k + alpha_k) / (x_k! Gamma(alpha_k)), A = sum alpha, on count vectors of total n.
 */
import { add, addAll, apply, at, build, cond, lgamma, mul, mulAll, neg, one, scalar, sub, sumOver, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { powOf, total } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, arrayArgument, countVectors, massesGivenTotal, parameter } from './notation.js';

function dimension(p: Arguments): Expr {
  return arrayArgument(p, 'alpha').dims[0]!;
}
function totalOf(p: Arguments): Expr {
  return total(dimension(p), (k) => at(arrayArgument(p, 'alpha'), k));
}

export const dirichletMultinomial: Family = {
  name: 'DirichletMultinomial',
  doc: 'mass n! Gamma(A) / Gamma(n + A) prod Gamma(x_k + alpha_k) / (x_k! Gamma(alpha_k)), A = sum alpha, on count vectors of total n',
  parameters: [
    parameter('n', 0, 'count', 'the number of trials'),
    parameter('alpha', 1, 'positiveVector', 'the concentrations of the probabilities'),
  ],
  ...countVectors('alpha'),
  logDensity(x, p) {
    const n = argument(p, 'n'),
      sum = totalOf(p),
      alpha = arrayArgument(p, 'alpha');
    const terms = sumOver(dimension(p), (k) => sub(apply('logRisingFactorial', at(alpha, k), at(x, k)), lgamma(add(at(x, k), one))), 'k');
    return addAll([lgamma(add(n, one)), neg(apply('logRisingFactorial', sum, n)), terms]);
  },
  evaluatedLogDensity(x, p) {
    const n = argument(p, 'n'),
      sum = totalOf(p),
      mass = massesGivenTotal(n, sum);
    return sub(
      sumOver(dimension(p), (k) => mass(at(x, k), at(arrayArgument(p, 'alpha'), k)), 'k'),
      mass(n, sum),
    );
  },
  variate: (p) => ({ fn: 'dirichletMultinomial', args: [scalar(argument(p, 'n')), arrayArgument(p, 'alpha')] }),
  mean(p) {
    const sum = totalOf(p);
    return build([dimension(p)], (k) => mul(argument(p, 'n'), mul(at(arrayArgument(p, 'alpha'), k), powOf(sum, -1))), ['k']);
  },
  variance(p) {
    const sum = totalOf(p),
      alpha = arrayArgument(p, 'alpha'),
      n = argument(p, 'n');
    const scale = mulAll([n, add(n, sum), powOf(add(sum, one), -1), powOf(sum, -2)]);
    return build([dimension(p), dimension(p)], (i, j) =>
      mul(scale, mul(at(alpha, i), sub(cond(apply('eq', i, j), sum, zero), at(alpha, j)))),
    );
  },
};
