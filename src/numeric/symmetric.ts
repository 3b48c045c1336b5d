/**
 * Eigenvalues and vectors of symmetric matrices, and what optimisers make of them.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

export interface SymmetricEigen {
  /** Increasing. */
  readonly values: readonly number[];
  /** vectors[k] belongs to values[k]; orthonormal. */
  readonly vectors: readonly Float64Array[];
}

/**
 * Cells below this share of the largest count as zero: they change no eigenvalue by more than d times that share of the largest, which rounding
 * hides. Cells of 5e-324 would be divided by, or lose all their digits in products: the library then reads outside of its arrays, or gives
 * vectors that are not orthogonal.
 */
const smallestShare = 1e-60;

/** The spectrum of a symmetric d x d matrix (row-major) of finite numbers, of which the lower triangle counts. */
export function symmetricEigen(a: ArrayLike<number>, d: number): SymmetricEigen {
  const cell = (i: number, j: number): number => a[Math.max(i, j) * d + Math.min(i, j)]!;
  let largest = 0;
  for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) largest = Math.max(largest, Math.abs(cell(i, j)));
  // The decomposition of the library fails for what has nothing to decompose.
  if (d === 1 || largest === 0)
    return {
      values: Array.from({ length: d }, (_, i) => cell(i, i)),
      vectors: Array.from({ length: d }, (_, k) => Float64Array.from({ length: d }, (_unused, i) => Number(i === k))),
    };
  // The library multiplies several cells at a time, which must neither overflow nor underflow.
  const share = (i: number, j: number): number => cell(i, j) / largest;
  const rows = Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_unused, j) => (Math.abs(share(i, j)) < smallestShare ? 0 : share(i, j))),
  );
  const found = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });
  const order = found.realEigenvalues.map((value, k) => ({ value, k })).sort((x, y) => x.value - y.value);
  return {
    values: order.map((o) => o.value * largest),
    vectors: order.map((o) => Float64Array.from({ length: d }, (_, i) => found.eigenvectorMatrix.get(i, o.k))),
  };
}
