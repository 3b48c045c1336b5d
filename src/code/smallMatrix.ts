/**
 * Closed forms for array functions of matrices of one to three rows: inverse and solve (Cramer's
 * rule, up to two rows), determinant, log determinant and Cholesky factor. Written as expressions,
 * so that elements share work and hoist like any other; nothing is copied to memory.
 */
import { add, apply, at, cond, isConst, log, mul, num, pow, square, sub, zero } from '../expr/expr.js';
import type { Element, Expr } from '../expr/expr.js';

/** The element as a scalar expression, or null where the matrix is not small or the index not constant. */
export function closedForm(e: Element): Expr | null {
  const matrix = e.array.args[0];
  const rows = matrix?.dims[0];
  if (matrix === undefined || rows === undefined || matrix.dims.length !== 2 || !isConst(rows) || !isConst(matrix.dims[1]!, rows.value))
    return null;
  const d = rows.value;
  const position = e.at.map((x) => (x.op === 'const' ? x.value : Number.NaN));
  if (d < 1 || d > 3 || position.some((x) => Number.isNaN(x) || x < 0 || x >= d)) return null;
  const a = (i: number, j: number): Expr => at(matrix, num(i), num(j));
  const [row, column] = position;
  switch (e.array.fn) {
    case 'det':
      return determinant(a, d);
    case 'logdet': {
      if (d === 1) return log(a(0, 0));
      if (d === 2) {
        const det = determinant(a, 2);
        return cond(apply('and', apply('gt', a(0, 0), zero), apply('gt', det, zero)), log(det), num(Number.NaN));
      }
      return mul(num(2), add(add(log(factor(a, 0, 0)), log(factor(a, 1, 1))), log(factor(a, 2, 2))));
    }
    case 'cholesky':
      return row === undefined || column === undefined ? null : factor(a, row, column);
    case 'inverse': {
      if (row === undefined || column === undefined || d > 2) return null;
      if (d === 1) return divide(num(1), a(0, 0));
      const cofactor = row === column ? a(1 - row, 1 - row) : mul(num(-1), a(row, column));
      return divide(cofactor, determinant(a, 2));
    }
    case 'solve': {
      const right = e.array.args[1];
      if (right === undefined || row === undefined || d > 2) return null;
      const b = (i: number): Expr => (right.dims.length === 1 ? at(right, num(i)) : at(right, num(i), e.at[1]!));
      if (d === 1) return divide(b(0), a(0, 0));
      const other = 1 - row;
      return divide(sub(mul(b(row), a(other, other)), mul(a(row, other), b(other))), determinant(a, 2));
    }
    default:
      return null;
  }
}

type Matrix = (i: number, j: number) => Expr;

/** Unlike the constructor, never folds a division away: 0 / NaN must stay NaN. */
function divide(a: Expr, b: Expr): Expr {
  return { op: 'apply', fn: 'div', args: [a, b] };
}

function determinant(a: Matrix, d: number): Expr {
  const minor = (i: number, j: number, k: number, l: number): Expr => sub(mul(a(i, k), a(j, l)), mul(a(i, l), a(j, k)));
  switch (d) {
    case 1:
      return a(0, 0);
    case 2:
      return minor(0, 1, 0, 1);
    default:
      return add(sub(mul(a(0, 0), minor(1, 2, 1, 2)), mul(a(0, 1), minor(1, 2, 0, 2))), mul(a(0, 2), minor(1, 2, 0, 1)));
  }
}

/** Element of the lower Cholesky factor, by the recurrence; NaN where a pivot is negative. */
function factor(a: Matrix, i: number, j: number): Expr {
  if (j > i) return zero;
  let rest = a(i, j);
  for (let k = 0; k < j; k++) rest = sub(rest, i === j ? square(factor(a, i, k)) : mul(factor(a, i, k), factor(a, j, k)));
  return i === j ? pow(rest, num(0.5)) : divide(rest, factor(a, j, j));
}
