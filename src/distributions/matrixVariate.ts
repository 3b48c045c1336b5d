/**
 * What the Wishart and its inverse share: the multivariate gamma function
 * Gamma_d(a) = pi^(d (d - 1) / 4) prod_{j < d} Gamma(a - j / 2), and tests of definiteness.
 */
import { add, apply, at, build, index, lgamma, mul, num, one, reduce, sub, sumOver, zero } from '../expr/expr.js';
import type { ArrayExpr, Expr, Index } from '../expr/expr.js';
import { choleskyOf } from '../expr/simplify.js';
import type { Arguments } from './family.js';
import { arrayArgument, half, logPi } from './notation.js';

/** d of a family whose parameter `scale` is a d by d matrix. */
export function dimensionOf(p: Arguments): Expr {
  return arrayArgument(p, 'scale').dims[0]!;
}

function shifted(a: Expr, j: Index): Expr {
  return sub(a, mul(half, j));
}

/** log Gamma_d(a), a > (d - 1) / 2. */
export function logMultivariateGamma(d: Expr, a: Expr): Expr {
  return add(
    mul(mul(num(0.25), mul(d, sub(d, one))), logPi),
    sumOver(d, (j) => lgamma(shifted(a, j)), 'j'),
  );
}
/** The derivative of log Gamma_d: sum_{j < d} digamma(a - j / 2). */
export function multivariateDigamma(d: Expr, a: Expr): Expr {
  return sumOver(d, (j) => apply('digamma', shifted(a, j)), 'j');
}

/** factor times the symmetric part of a matrix. */
export function symmetricPart(m: ArrayExpr, factor: number): ArrayExpr {
  return build(m.dims, (i, j) => mul(num(factor / 2), add(at(m, i, j), at(m, j, i))));
}
/** Positive exactly where the matrix is positive definite: the least diagonal element of its Cholesky factor. */
export function smallestPivot(m: ArrayExpr): Expr {
  const factor = choleskyOf(m),
    i = index('i');
  return reduce('min', i, zero, factor.dims[0]!, at(factor, i, i));
}
