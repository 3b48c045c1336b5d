/**
 * Bounds of values as expressions, infinite ones as constants: the smaller and the larger of two.
 */
import { apply, equal, isConst, type Expr } from '../expr/expr.js';
import { infinity, minusInfinity } from './notation.js';

/** False for the numbers Infinity and -Infinity; an expression counts as finite. */
export function isFiniteBound(e: Expr): boolean {
  return !(isConst(e) && !Number.isFinite(e.value));
}

/** The smaller of two, decided where one is infinite. */
export function minimum(a: Expr, b: Expr): Expr {
  if (isConst(a, Infinity)) return b;
  if (isConst(b, Infinity)) return a;
  if (isConst(a, -Infinity) || isConst(b, -Infinity)) return minusInfinity;
  return equal(a, b) ? a : apply('min', a, b);
}

/** The larger of two, decided where one is infinite. */
export function maximum(a: Expr, b: Expr): Expr {
  if (isConst(a, -Infinity)) return b;
  if (isConst(b, -Infinity)) return a;
  if (isConst(a, Infinity) || isConst(b, Infinity)) return infinity;
  return equal(a, b) ? a : apply('max', a, b);
}
