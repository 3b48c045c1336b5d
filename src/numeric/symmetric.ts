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
 * Matrices whose largest cell is beyond this, or below its inverse, are scaled first: the library multiplies three cells at a time, and
 * 1e308 is the largest number.
 */
const largestCell = 1e100;

/** The spectrum of a symmetric d x d matrix (row-major) of finite numbers, of which the lower triangle counts. */
export function symmetricEigen(a: Float64Array, d: number): SymmetricEigen {
  // The decomposition of the library fails for what has nothing to decompose.
  if (d === 1 || a.every((x) => x === 0))
    return {
      values: Array.from({ length: d }, (_, i) => a[i * d + i]!),
      vectors: Array.from({ length: d }, (_, k) => Float64Array.from({ length: d }, (_unused, i) => Number(i === k))),
    };
  const largest = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const scale = largest > largestCell || largest < 1 / largestCell ? largest : 1;
  const rows = Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_unused, j) => a[Math.max(i, j) * d + Math.min(i, j)]! / scale),
  );
  const found = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });
  const order = found.realEigenvalues.map((value, k) => ({ value, k })).sort((x, y) => x.value - y.value);
  return {
    values: order.map((o) => o.value * scale),
    vectors: order.map((o) => Float64Array.from({ length: d }, (_, i) => found.eigenvectorMatrix.get(i, o.k))),
  };
}
