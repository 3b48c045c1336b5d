/**
 * Wishart(df, scale S): density proportional to |X|^((df - d - 1) / 2) exp(-tr(S^-1 X) / 2) on
 * positive definite X with respect to the lower triangle; mean df S.
 * Statistics (X_ij, logdet X) with natural parameters -S^-1 / 2 and (df - d - 1) / 2.
 */
import { add, addAll, at, build, mul, neg, num, one, scalar, sub } from '../expr/expr.js';
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { inverseOf, logdetOf, powOf, traceOfProduct } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { argument, arrayArgument, half, logTwo, naturalAt, noExpectation, parameter, two } from './notation.js';
import { dimensionOf, logMultivariateGamma, multivariateDigamma, smallestPivot, symmetricPart } from './matrixVariate.js';

/** Twice the symmetric part of minus the coefficient of X: the inverse of the scale. */
function inverseScale(natural: readonly ArrayExpr[]): ArrayExpr {
  return symmetricPart(naturalAt(natural, 0), -2);
}

/** (df - d - 1) / 2. */
function power(p: Arguments): Expr {
  return mul(half, sub(sub(argument(p, 'df'), dimensionOf(p)), one));
}

export const wishart: Family = {
  name: 'Wishart',
  doc: 'density proportional to |X|^((df - d - 1) / 2) exp(-tr(S^-1 X) / 2) on positive definite matrices, S the scale',
  parameters: [
    parameter('df', 0, 'positive', 'the degrees of freedom, above d - 1'),
    parameter('scale', 2, 'cov', 'the scale matrix, mean / df'),
  ],
  alternatives: [],
  eventRank: 2,
  discrete: false,
  proper: true,
  eventDims: (p) => [dimensionOf(p), dimensionOf(p)],
  support: (p) => ({ kind: 'cov', dimension: dimensionOf(p) }),
  conditions: (p) => [add(sub(argument(p, 'df'), dimensionOf(p)), one)],
  logDensity(x, p) {
    const df = argument(p, 'df'),
      scale = arrayArgument(p, 'scale'),
      halfDf = mul(half, df);
    return addAll([
      mul(power(p), logdetOf(x)),
      neg(mul(half, traceOfProduct(inverseOf(scale), x))),
      neg(mul(mul(halfDf, dimensionOf(p)), logTwo)),
      neg(mul(halfDf, logdetOf(scale))),
      neg(logMultivariateGamma(dimensionOf(p), halfDf)),
    ]);
  },
  variate: (p) => ({ fn: 'wishart', args: [scalar(argument(p, 'df')), arrayArgument(p, 'scale')] }),
  mean(p) {
    const scale = arrayArgument(p, 'scale');
    return build(scale.dims, (i, j) => mul(argument(p, 'df'), at(scale, i, j)));
  },
  variance(p) {
    const scale = arrayArgument(p, 'scale');
    return build(scale.dims, (i, j) => mul(argument(p, 'df'), add(powOf(at(scale, i, j), 2), mul(at(scale, i, i), at(scale, j, j)))));
  },
  exponential: {
    statistics: ['X_ij', 'logdet X'],
    parameters(natural) {
      const scale = inverseOf(inverseScale(natural));
      return { df: scalar(addAll([mul(two, naturalAt(natural, 1).body), scale.dims[0]!, one])), scale };
    },
    natural(p) {
      const inverse = inverseOf(arrayArgument(p, 'scale'));
      return [build(inverse.dims, (i, j) => mul(num(-0.5), at(inverse, i, j))), scalar(power(p))];
    },
    proper: (natural) => [smallestPivot(inverseScale(natural)), add(naturalAt(natural, 1).body, one)],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const df = argument(p, 'df'),
        scale = arrayArgument(p, 'scale'),
        d = dimensionOf(p);
      switch (statistic) {
        case 'X_ij':
          return build(scale.dims, (i, j) => mul(df, at(scale, i, j)));
        case 'logdet X':
          return scalar(addAll([multivariateDigamma(d, mul(half, df)), mul(d, logTwo), logdetOf(scale)]));
        case 'inverse(X)_ij': {
          const inverse = inverseOf(scale),
            factor = powOf(sub(sub(df, d), one), -1);
          return build(scale.dims, (i, j) => mul(factor, at(inverse, i, j)));
        }
        default:
          return noExpectation('Wishart', statistic);
      }
    },
    entropy(p) {
      const df = argument(p, 'df'),
        d = dimensionOf(p),
        halfDf = mul(half, df),
        next = mul(half, add(d, one));
      return addAll([
        mul(next, logdetOf(arrayArgument(p, 'scale'))),
        mul(mul(d, next), logTwo),
        logMultivariateGamma(d, halfDf),
        neg(mul(power(p), multivariateDigamma(d, halfDf))),
        mul(halfDf, d),
      ]);
    },
  },
};
