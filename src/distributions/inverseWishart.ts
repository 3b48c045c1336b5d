/**
 * InverseWishart(df, scale S): density proportional to |X|^(-(df + d + 1) / 2) exp(-tr(S X^-1) / 2) on
 * positive definite X with respect to the lower triangle; mean S / (df - d - 1).
 * Statistics (inverse(X)_ij, logdet X) with natural parameters -S / 2 and -(df + d + 1) / 2.
 */
import { add, addAll, apply, at, build, mul, mulAll, neg, num, one, scalar, sub, zero } from '../expr/expr.js';
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { inverseOf, logdetOf, powOf, traceOfProduct } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { dimensionOf, logMultivariateGamma, multivariateDigamma, smallestPivot, symmetricPart } from './matrixVariate.js';
import { argument, arrayArgument, half, logTwo, naturalAt, noExpectation, parameter } from './notation.js';

/** (df + d + 1) / 2. */
function power(p: Arguments): Expr {
  return mul(half, addAll([argument(p, 'df'), dimensionOf(p), one]));
}

/** df - d - k where positive, else 0, so that a reciprocal is infinite. */
function excess(p: Arguments, k: number): Expr {
  return apply('max', sub(sub(argument(p, 'df'), dimensionOf(p)), num(k)), zero);
}

function meanOf(p: Arguments): ArrayExpr {
  const scale = arrayArgument(p, 'scale'),
    factor = powOf(excess(p, 1), -1);
  return build(scale.dims, (i, j) => mul(factor, at(scale, i, j)));
}

export const inverseWishart: Family = {
  name: 'InverseWishart',
  doc: 'density proportional to |X|^(-(df + d + 1) / 2) exp(-tr(S X^-1) / 2) on positive definite matrices, S the scale',
  parameters: [
    parameter('df', 0, 'positive', 'the degrees of freedom, above d - 1'),
    parameter('scale', 2, 'cov', 'the scale matrix, (df - d - 1) mean'),
  ],
  alternatives: [],
  eventRank: 2,
  discrete: false,
  proper: true,
  eventDims: (p) => [dimensionOf(p), dimensionOf(p)],
  support: (p) => ({ kind: 'cov', dimension: dimensionOf(p) }),
  conditions: (p) => [add(sub(argument(p, 'df'), dimensionOf(p)), one)],
  logDensity(x, p) {
    const scale = arrayArgument(p, 'scale'),
      halfDf = mul(half, argument(p, 'df'));
    return addAll([
      mul(halfDf, logdetOf(scale)),
      neg(mul(mul(halfDf, dimensionOf(p)), logTwo)),
      neg(logMultivariateGamma(dimensionOf(p), halfDf)),
      neg(mul(power(p), logdetOf(x))),
      neg(mul(half, traceOfProduct(scale, inverseOf(x)))),
    ]);
  },
  variate: (p) => ({ fn: 'inverseWishart', args: [scalar(argument(p, 'df')), arrayArgument(p, 'scale')] }),
  mean: (p) => meanOf(p),
  variance(p) {
    const scale = arrayArgument(p, 'scale');
    const factor = mulAll([powOf(excess(p, 0), -1), powOf(excess(p, 1), -2), powOf(excess(p, 3), -1)]);
    return build(scale.dims, (i, j) =>
      mul(factor, add(mul(add(excess(p, 1), num(2)), powOf(at(scale, i, j), 2)), mul(excess(p, 1), mul(at(scale, i, i), at(scale, j, j))))),
    );
  },
  exponential: {
    statistics: ['inverse(X)_ij', 'logdet X'],
    parameters(natural) {
      const scale = symmetricPart(naturalAt(natural, 0), -2);
      return { df: scalar(sub(sub(mul(num(-2), naturalAt(natural, 1).body), scale.dims[0]!), one)), scale };
    },
    natural(p) {
      const scale = arrayArgument(p, 'scale');
      return [build(scale.dims, (i, j) => mul(num(-0.5), at(scale, i, j))), scalar(neg(power(p)))];
    },
    proper(natural) {
      // df > d - 1 is -2 natural - d - 1 > d - 1.
      const scale = symmetricPart(naturalAt(natural, 0), -2);
      return [smallestPivot(scale), sub(neg(naturalAt(natural, 1).body), scale.dims[0]!)];
    },
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const df = argument(p, 'df'),
        scale = arrayArgument(p, 'scale'),
        d = dimensionOf(p);
      switch (statistic) {
        case 'inverse(X)_ij': {
          const inverse = inverseOf(scale);
          return build(scale.dims, (i, j) => mul(df, at(inverse, i, j)));
        }
        case 'logdet X':
          return scalar(sub(sub(logdetOf(scale), mul(d, logTwo)), multivariateDigamma(d, mul(half, df))));
        case 'X_ij':
          return meanOf(p);
        default:
          return noExpectation('InverseWishart', statistic);
      }
    },
    entropy(p) {
      const d = dimensionOf(p),
        halfDf = mul(half, argument(p, 'df'));
      return addAll([
        logMultivariateGamma(d, halfDf),
        mul(halfDf, d),
        mul(mul(half, add(d, one)), sub(logdetOf(arrayArgument(p, 'scale')), mul(d, logTwo))),
        neg(mul(power(p), multivariateDigamma(d, halfDf))),
      ]);
    },
  },
};
