/**
 * Dirichlet(alpha): density Gamma(sum alpha) / prod Gamma(alpha_k) * prod x_k^(alpha_k - 1) on the
 * simplex, with respect to the first K - 1 coordinates.
 * Statistics log x_k with natural parameters alpha_k - 1.
 */
import { add, addAll, apply, at, build, cond, index, lgamma, mul, neg, one, pow, reduce, sub, sumOver, zero } from '../expr/expr.js';
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { logOf, powOf, total, xlogy } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { arrayArgument, largeShape, logGammaWeight, naturalAt, noExpectation, parameter } from './notation.js';

function dimension(p: Arguments): Expr {
  return arrayArgument(p, 'alpha').dims[0]!;
}
function totalOf(p: Arguments): Expr {
  return total(dimension(p), (k) => at(arrayArgument(p, 'alpha'), k));
}
function logNormaliser(p: Arguments): Expr {
  return sub(
    total(dimension(p), (k) => lgamma(at(arrayArgument(p, 'alpha'), k))),
    lgamma(totalOf(p)),
  );
}

export const dirichlet: Family = {
  name: 'Dirichlet',
  doc: 'density Gamma(sum alpha) / prod Gamma(alpha_k) * prod x_k^(alpha_k - 1) on the simplex',
  parameters: [parameter('alpha', 1, 'positiveVector', 'the concentrations')],
  alternatives: [],
  eventRank: 1,
  discrete: false,
  proper: true,
  eventDims: (p) => [dimension(p)],
  support: (p) => ({ kind: 'simplex', dimension: dimension(p) }),
  logDensity: (x, p) =>
    sub(
      sumOver(dimension(p), (k) => xlogy(sub(at(arrayArgument(p, 'alpha'), k), one), at(x, k)), 'k'),
      logNormaliser(p),
    ),
  // As a ratio of Gamma densities, for any rate: here that of their means.
  evaluatedLogDensity(x, p) {
    const sum = totalOf(p),
      k = index('k');
    const asCounts = sub(
      sumOver(dimension(p), (i) => sub(logGammaWeight(at(arrayArgument(p, 'alpha'), i), mul(sum, at(x, i))), logOf(at(x, i))), 'k'),
      logGammaWeight(sum, sum),
    );
    const isInside = apply('gt', reduce('min', k, zero, dimension(p), at(x, k)), zero);
    return cond(apply('and', apply('gt', sum, largeShape), isInside), asCounts, dirichlet.logDensity(x, p));
  },
  variate: (p) => ({ fn: 'dirichlet', args: [arrayArgument(p, 'alpha')] }),
  mean(p) {
    const sum = totalOf(p);
    return build([dimension(p)], (k) => mul(at(arrayArgument(p, 'alpha'), k), powOf(sum, -1)), ['k']);
  },
  variance(p) {
    const sum = totalOf(p),
      alpha = arrayArgument(p, 'alpha');
    const scale = pow(mul(mul(sum, sum), add(sum, one)), neg(one));
    return build([dimension(p), dimension(p)], (i, j) =>
      mul(mul(at(alpha, i), sub(cond(apply('eq', i, j), sum, zero), at(alpha, j))), scale),
    );
  },
  // One of several proportions is a Beta.
  marginal(i, p) {
    const alpha = arrayArgument(p, 'alpha'),
      k = index('k');
    const own = at(alpha, i),
      others = sub(reduce('sum', k, zero, dimension(p), at(alpha, k)), own);
    return {
      cdf: (x) => apply('betaI', apply('max', zero, apply('min', one, x)), own, others),
      quantile: (u) => apply('betaIInverse', u, own, others),
    };
  },
  exponential: {
    statistics: ['log x_i'],
    parameters: (natural) => ({ alpha: build(naturalAt(natural, 0).dims, (k) => add(at(naturalAt(natural, 0), k), one), ['k']) }),
    natural: (p) => [build([dimension(p)], (k) => sub(at(arrayArgument(p, 'alpha'), k), one), ['k'])],
    proper(natural) {
      const k = index('k'),
        eta = naturalAt(natural, 0);
      return [reduce('min', k, zero, eta.dims[0]!, add(at(eta, k), one))];
    },
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const alpha = arrayArgument(p, 'alpha');
      switch (statistic) {
        case 'log x_i': {
          const whole = apply('digamma', totalOf(p));
          return build([dimension(p)], (k) => sub(apply('digamma', at(alpha, k)), whole), ['k']);
        }
        case 'x_i': {
          const sum = totalOf(p);
          return build([dimension(p)], (k) => mul(at(alpha, k), powOf(sum, -1)), ['k']);
        }
        default:
          return noExpectation('Dirichlet', statistic);
      }
    },
    entropy(p) {
      const sum = totalOf(p),
        alpha = arrayArgument(p, 'alpha');
      return addAll([
        logNormaliser(p),
        mul(sub(sum, dimension(p)), apply('digamma', sum)),
        neg(total(dimension(p), (k) => mul(sub(at(alpha, k), one), apply('digamma', at(alpha, k))))),
      ]);
    },
  },
};
