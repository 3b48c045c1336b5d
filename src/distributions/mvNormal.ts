/**
 * MvNormal(mean, cov): density exp(-(x - mean)^T cov^-1 (x - mean) / 2) / sqrt(det(2 pi cov)).
 * Statistics (x_i, x_i x_j) with natural parameters h = cov^-1 mean and Q = -cov^-1 / 2; only the
 * symmetric part of Q counts, so the precision is -(Q + Q^T).
 */
import { add, at, build, mul, num, pow, sub, sumOver } from '../expr/expr.js';
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { bilinear, diagonalOf, inverseOf, logdetOf, timesTranspose } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { smallestPivot, symmetricPart } from './matrixVariate.js';
import { normalLaw } from './normal.js';
import { arrayArgument, half, halfLogTwoPi, naturalAt, noExpectation, parameter } from './notation.js';

function precisionOf(quadratic: ArrayExpr): ArrayExpr {
  return symmetricPart(quadratic, -2);
}

/** M v; elementwise where M is diagonal by its form. */
function matrixTimesVector(m: ArrayExpr, v: ArrayExpr): ArrayExpr {
  const d = diagonalOf(m);
  return build([m.dims[0]!], (i) => (d !== null ? mul(d(i), at(v, i)) : sumOver(m.dims[1]!, (j) => mul(at(m, i, j), at(v, j)), 'j')));
}

function dimension(p: Arguments): Expr {
  return arrayArgument(p, 'cov').dims[0]!;
}

export const mvNormal: Family = {
  name: 'MvNormal',
  doc: 'density exp(-(x - mean)^T cov^-1 (x - mean) / 2) / sqrt(det(2 pi cov))',
  parameters: [parameter('mean', 1, 'vector', 'the mean vector'), parameter('cov', 2, 'cov', 'the covariance matrix')],
  alternatives: [
    {
      parameters: [parameter('precision', 2, 'precision', 'the precision matrix, inverse of cov')],
      replaces: ['cov'],
      canonical: (given) => ({ cov: inverseOf(arrayArgument(given, 'precision')) }),
    },
    {
      parameters: [parameter('cholesky', 2, 'choleskyFactor', 'the lower triangular L with cov = L L^T')],
      replaces: ['cov'],
      canonical: (given) => ({ cov: timesTranspose(arrayArgument(given, 'cholesky')) }),
    },
  ],
  eventRank: 1,
  discrete: false,
  proper: true,
  eventDims: (p) => [dimension(p)],
  support: (p) => ({ kind: 'vector', dimension: dimension(p) }),
  logDensity(x, p) {
    const mean = arrayArgument(p, 'mean'),
      cov = arrayArgument(p, 'cov');
    const centred = (i: Expr): Expr => sub(at(x, i), at(mean, i));
    const distance = bilinear(inverseOf(cov), centred, centred);
    return sub(sub(mul(num(-0.5), distance), mul(half, logdetOf(cov))), mul(dimension(p), halfLogTwoPi));
  },
  variate: (p) => ({ fn: 'mvNormal', args: [arrayArgument(p, 'mean'), arrayArgument(p, 'cov')] }),
  mean: (p) => arrayArgument(p, 'mean'),
  variance: (p) => arrayArgument(p, 'cov'),
  marginal: (i, p) => normalLaw(at(arrayArgument(p, 'mean'), i), pow(at(arrayArgument(p, 'cov'), i, i), half)),
  exponential: {
    statistics: ['x_i', 'x_i x_j'],
    parameters(natural) {
      const cov = inverseOf(precisionOf(naturalAt(natural, 1)));
      return { mean: matrixTimesVector(cov, naturalAt(natural, 0)), cov };
    },
    natural(p) {
      const precision = inverseOf(arrayArgument(p, 'cov'));
      return [matrixTimesVector(precision, arrayArgument(p, 'mean')), build(precision.dims, (i, j) => mul(num(-0.5), at(precision, i, j)))];
    },
    proper: (natural) => [smallestPivot(precisionOf(naturalAt(natural, 1)))],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const mean = arrayArgument(p, 'mean'),
        cov = arrayArgument(p, 'cov');
      switch (statistic) {
        case 'x_i':
          return mean;
        case 'x_i x_j':
          return build(cov.dims, (i, j) => add(mul(at(mean, i), at(mean, j)), at(cov, i, j)));
        default:
          return noExpectation('MvNormal', statistic);
      }
    },
    entropy: (p) => add(mul(dimension(p), add(half, halfLogTwoPi)), mul(half, logdetOf(arrayArgument(p, 'cov')))),
  },
};
