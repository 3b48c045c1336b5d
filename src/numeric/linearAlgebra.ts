/**
 * Dense linear algebra on row-major Float64Arrays with offsets: Cholesky and LU factorisations,
 * triangular solves, inverses and determinants (Golub and Van Loan, Matrix Computations), and the
 * table of array functions that expressions may call. Nothing throws: what does not exist
 * (the Cholesky factor of an indefinite matrix, the inverse of a singular one) is NaN throughout.
 */
import { symmetricEigen } from './symmetric.js';

/** An array function of expressions: fills `out` from whole arrays of the given shapes. */
export interface ArrayFunctionImplementation {
  /** `out` has exactly the result's elements (one for a scalar); it shares no memory with `args`. */
  compute(out: Float64Array, args: readonly Float64Array[], shapes: readonly (readonly number[])[]): void;
}

// --- kernels ------------------------------------------------------------------------------------

/**
 * Replaces the lower triangle of the d x d matrix at `offset` by its Cholesky factor; reads and
 * writes nothing above the diagonal.
 * @returns false where the matrix is not positive definite; the triangle is then partly overwritten.
 */
export function choleskyInPlace(a: Float64Array, offset: number, d: number): boolean {
  for (let j = 0; j < d; j++) {
    const rowJ = offset + j * d;
    let pivot = a[rowJ + j]!;
    for (let k = 0; k < j; k++) pivot -= a[rowJ + k]! * a[rowJ + k]!;
    if (!(pivot > 0) || pivot === Infinity) return false;
    const root = Math.sqrt(pivot);
    a[rowJ + j] = root;
    const scale = 1 / root;
    for (let i = j + 1; i < d; i++) {
      const rowI = offset + i * d;
      let sum = a[rowI + j]!;
      for (let k = 0; k < j; k++) sum -= a[rowI + k]! * a[rowJ + k]!;
      a[rowI + j] = sum * scale;
    }
  }
  return true;
}

/** Solves L x = b in place of b, L lower triangular d x d; b has the given stride between elements. */
export function solveLower(l: Float64Array, lOffset: number, d: number, b: Float64Array, bOffset: number, stride = 1): void {
  for (let i = 0; i < d; i++) {
    const row = lOffset + i * d;
    let sum = b[bOffset + i * stride]!;
    for (let k = 0; k < i; k++) sum -= l[row + k]! * b[bOffset + k * stride]!;
    b[bOffset + i * stride] = sum / l[row + i]!;
  }
}

/** Solves L^T x = b in place of b, L lower triangular d x d; b has the given stride between elements. */
export function solveLowerTransposed(l: Float64Array, lOffset: number, d: number, b: Float64Array, bOffset: number, stride = 1): void {
  for (let i = d - 1; i >= 0; i--) {
    let sum = b[bOffset + i * stride]!;
    for (let k = i + 1; k < d; k++) sum -= l[lOffset + k * d + i]! * b[bOffset + k * stride]!;
    b[bOffset + i * stride] = sum / l[lOffset + i * d + i]!;
  }
}

/** log det A = 2 sum log L_ii from the Cholesky factor L of A. */
export function logDeterminantFromCholesky(l: Float64Array, offset: number, d: number): number {
  let sum = 0;
  for (let i = 0; i < d; i++) sum += Math.log(l[offset + i * d + i]!);
  return 2 * sum;
}

/** Replaces a Cholesky factor L (lower triangle) by the full symmetric inverse of L L^T. */
export function inverseFromCholesky(l: Float64Array, offset: number, d: number): void {
  // M = L^-1 in the lower triangle, by row i of L M = I; columns ascend, so L_ik is still there for k >= j.
  for (let i = 0; i < d; i++) {
    const row = offset + i * d;
    const scale = 1 / l[row + i]!;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum += l[row + k]! * l[offset + k * d + j]!;
      l[row + j] = -sum * scale;
    }
    l[row + i] = scale;
  }
  // M^T M: element (i, j), i >= j, needs rows k >= i of M only, so it can be written in this order.
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < d; k++) sum += l[offset + k * d + i]! * l[offset + k * d + j]!;
      l[offset + i * d + j] = sum;
    }
  }
  for (let i = 0; i < d; i++) for (let j = i + 1; j < d; j++) l[offset + i * d + j] = l[offset + j * d + i]!;
}

/**
 * LU factorisation with partial pivoting in place (unit lower triangle below the diagonal);
 * `permutation[i]` is the row of A that became row i.
 * @returns the sign of the permutation, or 0 where A is singular or not finite.
 */
function luInPlace(a: Float64Array, offset: number, d: number, permutation: Int32Array): number {
  let sign = 1;
  for (let i = 0; i < d; i++) permutation[i] = i;
  for (let j = 0; j < d; j++) {
    let best = j;
    let size = Math.abs(a[offset + j * d + j]!);
    for (let i = j + 1; i < d; i++) {
      const candidate = Math.abs(a[offset + i * d + j]!);
      if (candidate > size) {
        size = candidate;
        best = i;
      }
    }
    if (!(size > 0) || size === Infinity) return 0;
    if (best !== j) {
      for (let k = 0; k < d; k++) {
        const swap = a[offset + j * d + k]!;
        a[offset + j * d + k] = a[offset + best * d + k]!;
        a[offset + best * d + k] = swap;
      }
      const swap = permutation[j]!;
      permutation[j] = permutation[best]!;
      permutation[best] = swap;
      sign = -sign;
    }
    const pivot = a[offset + j * d + j]!;
    for (let i = j + 1; i < d; i++) {
      const factor = a[offset + i * d + j]! / pivot;
      a[offset + i * d + j] = factor;
      if (factor !== 0) for (let k = j + 1; k < d; k++) a[offset + i * d + k] = a[offset + i * d + k]! - factor * a[offset + j * d + k]!;
    }
  }
  return sign;
}

/** Solves L U x = b in place of b (already permuted), for the factors of `luInPlace`. */
function solveLu(lu: Float64Array, d: number, b: Float64Array, bOffset: number, stride: number): void {
  for (let i = 1; i < d; i++) {
    let sum = b[bOffset + i * stride]!;
    for (let k = 0; k < i; k++) sum -= lu[i * d + k]! * b[bOffset + k * stride]!;
    b[bOffset + i * stride] = sum;
  }
  for (let i = d - 1; i >= 0; i--) {
    let sum = b[bOffset + i * stride]!;
    for (let k = i + 1; k < d; k++) sum -= lu[i * d + k]! * b[bOffset + k * stride]!;
    b[bOffset + i * stride] = sum / lu[i * d + i]!;
  }
}

/** Symmetric to within rounding of how its two halves were computed. */
function isSymmetric(a: Float64Array, d: number): boolean {
  for (let i = 1; i < d; i++) {
    for (let j = 0; j < i; j++) {
      const x = a[i * d + j]!;
      const y = a[j * d + i]!;
      if (!(Math.abs(x - y) <= 1e-13 * (Math.abs(x) + Math.abs(y)))) return false;
    }
  }
  return true;
}

// --- array functions of expressions ---------------------------------------------------------------

/** A^-1: by Cholesky where A is symmetric positive definite, else by LU. */
function inverse(out: Float64Array, a: Float64Array, d: number): void {
  if (isSymmetric(a, d)) {
    out.set(a);
    if (choleskyInPlace(out, 0, d)) {
      inverseFromCholesky(out, 0, d);
      return;
    }
  }
  const lu = Float64Array.from(a);
  const permutation = new Int32Array(d);
  if (luInPlace(lu, 0, d, permutation) === 0) {
    out.fill(Number.NaN);
    return;
  }
  out.fill(0);
  for (let i = 0; i < d; i++) out[i * d + permutation[i]!] = 1;
  for (let j = 0; j < d; j++) solveLu(lu, d, out, j, d);
}

/** The lower Cholesky factor of the lower triangle of A, zeros above. */
function cholesky(out: Float64Array, a: Float64Array, d: number): void {
  out.set(a);
  if (!choleskyInPlace(out, 0, d)) {
    out.fill(Number.NaN);
    return;
  }
  for (let i = 0; i < d; i++) for (let j = i + 1; j < d; j++) out[i * d + j] = 0;
}

/** A^-1 B for a vector or matrix B with `columns` columns. */
function solve(out: Float64Array, a: Float64Array, b: Float64Array, d: number, columns: number): void {
  const factor = Float64Array.from(a);
  if (isSymmetric(a, d) && choleskyInPlace(factor, 0, d)) {
    out.set(b);
    for (let j = 0; j < columns; j++) {
      solveLower(factor, 0, d, out, j, columns);
      solveLowerTransposed(factor, 0, d, out, j, columns);
    }
    return;
  }
  factor.set(a);
  const permutation = new Int32Array(d);
  if (luInPlace(factor, 0, d, permutation) === 0) {
    out.fill(Number.NaN);
    return;
  }
  for (let i = 0; i < d; i++) for (let j = 0; j < columns; j++) out[i * columns + j] = b[permutation[i]! * columns + j]!;
  for (let j = 0; j < columns; j++) solveLu(factor, d, out, j, columns);
}

function determinant(a: Float64Array, d: number): number {
  const lu = Float64Array.from(a);
  let value = luInPlace(lu, 0, d, new Int32Array(d));
  if (value === 0) return a.every(Number.isFinite) ? 0 : Number.NaN;
  for (let i = 0; i < d; i++) value *= lu[i * d + i]!;
  return value;
}

/**
 * log det A. A symmetric matrix must be positive definite, any other have a positive determinant;
 * else NaN, so that the density of a covariance that is none is not a number either.
 */
function logDeterminant(a: Float64Array, d: number): number {
  const factor = Float64Array.from(a);
  if (isSymmetric(a, d)) return choleskyInPlace(factor, 0, d) ? logDeterminantFromCholesky(factor, 0, d) : Number.NaN;
  let sign = luInPlace(factor, 0, d, new Int32Array(d));
  if (sign === 0) return a.every(Number.isFinite) ? -Infinity : Number.NaN;
  let sum = 0;
  for (let i = 0; i < d; i++) {
    const pivot = factor[i * d + i]!;
    if (pivot < 0) sign = -sign;
    sum += Math.log(Math.abs(pivot));
  }
  return sign > 0 ? sum : Number.NaN;
}

/** log |det A| of any square matrix; minus infinity where a column is a combination of others up to rounding. */
function logAbsoluteDeterminant(a: Float64Array, d: number): number {
  const factor = Float64Array.from(a);
  if (luInPlace(factor, 0, d, new Int32Array(d)) === 0) return a.every(Number.isFinite) ? -Infinity : Number.NaN;
  let sum = 0;
  for (let j = 0; j < d; j++) {
    let largest = 0;
    for (let i = 0; i < d; i++) largest = Math.max(largest, Math.abs(a[i * d + j]!));
    const pivot = Math.abs(factor[j * d + j]!);
    if (pivot <= d * Number.EPSILON * largest) return -Infinity;
    sum += Math.log(pivot);
  }
  return sum;
}

/** Running sums of the elements in row-major order. */
function cumulativeSum(out: Float64Array, a: Float64Array): void {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i]!;
    out[i] = sum;
  }
}

/** Running products of the elements in row-major order. */
function cumulativeProduct(out: Float64Array, a: Float64Array): void {
  let product = 1;
  for (let i = 0; i < a.length; i++) {
    product *= a[i]!;
    out[i] = product;
  }
}

/** Eigenvalues of a symmetric matrix in increasing order; all NaN where an entry is not finite. */
export function symmetricEigenvalues(a: ArrayLike<number>, d: number): Float64Array {
  for (let i = 0; i < d * d; i++) if (!Number.isFinite(a[i]!)) return new Float64Array(d).fill(Number.NaN);
  return Float64Array.from(symmetricEigen(a, d).values);
}

/** The symmetric matrix with its eigenvalues below `floor` raised to it; unchanged where none is. */
function floorEigenvalues(out: Float64Array, a: Float64Array, floor: number, d: number): void {
  out.set(a);
  for (let i = 0; i < d * d; i++) if (!Number.isFinite(a[i]!)) return;
  const { values, vectors } = symmetricEigen(a, d);
  for (let k = 0; k < d; k++) {
    const raise = floor - values[k]!;
    if (!(raise > 0)) continue;
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) out[i * d + j]! += raise * vectors[k]![i]! * vectors[k]![j]!;
  }
}
/** Eigenvalue of a matrix with unit diagonal below which a direction counts as undetermined. */
export const flatEigenvalue = 1e-11;
/**
 * The maximum of -x'Px / 2 + h'x for a positive semidefinite P; where there are many, the one that leaves x where it
 * is along the directions in which P is zero.
 */
function quadraticMaximum(out: Float64Array, p: Float64Array, h: Float64Array, x: Float64Array, d: number): void {
  out.set(x);
  // With a unit diagonal, so that units do not matter.
  const scale = Float64Array.from({ length: d }, (_, i) => (p[i * d + i]! > 0 ? 1 / Math.sqrt(p[i * d + i]!) : 0));
  const matrix = Float64Array.from({ length: d * d }, (_, c) => p[c]! * scale[Math.floor(c / d)]! * scale[c % d]!);
  if (matrix.some((v) => !Number.isFinite(v))) {
    out.fill(Number.NaN);
    return;
  }
  const factor = matrix.slice();
  let least = choleskyInPlace(factor, 0, d) ? Infinity : 0;
  for (let i = 0; i < d && least > 0; i++) least = Math.min(least, factor[i * d + i]! ** 2);
  if (least > 1e3 * flatEigenvalue) {
    const solved = Float64Array.from({ length: d }, (_, i) => h[i]! * scale[i]!);
    solveLower(factor, 0, d, solved, 0, 1);
    solveLowerTransposed(factor, 0, d, solved, 0, 1);
    for (let i = 0; i < d; i++) out[i] = solved[i]! * scale[i]!;
    return;
  }
  const { values, vectors } = symmetricEigen(matrix, d);
  const slope = Float64Array.from({ length: d }, (_, i) => {
    let s = h[i]!;
    for (let j = 0; j < d; j++) s -= p[i * d + j]! * x[j]!;
    return s * scale[i]!;
  });
  for (let k = 0; k < d; k++) {
    if (!(values[k]! > flatEigenvalue)) continue;
    let along = 0;
    for (let i = 0; i < d; i++) along += vectors[k]![i]! * slope[i]!;
    for (let i = 0; i < d; i++) out[i]! += (along / values[k]!) * vectors[k]![i]! * scale[i]!;
  }
}
/**
 * Array functions by the name expressions use: inverse, cholesky, solve, logdet, logabsdet, det, cumsum, cumprod; floorEigenvalues and
 * quadraticMaximum of constrained maximisation.
 */
export const arrayFunctions: ReadonlyMap<string, ArrayFunctionImplementation> = new Map<string, ArrayFunctionImplementation>([
  ['inverse', { compute: (out, args, shapes) => inverse(out, args[0]!, shapes[0]![0]!) }],
  ['cholesky', { compute: (out, args, shapes) => cholesky(out, args[0]!, shapes[0]![0]!) }],
  ['solve', { compute: (out, args, shapes) => solve(out, args[0]!, args[1]!, shapes[0]![0]!, shapes[1]![1] ?? 1) }],
  [
    'logdet',
    {
      compute: (out, args, shapes) => {
        out[0] = logDeterminant(args[0]!, shapes[0]![0]!);
      },
    },
  ],
  [
    'logabsdet',
    {
      compute: (out, args, shapes) => {
        out[0] = logAbsoluteDeterminant(args[0]!, shapes[0]![0]!);
      },
    },
  ],
  ['quadraticMaximum', { compute: (out, args, shapes) => quadraticMaximum(out, args[0]!, args[1]!, args[2]!, shapes[0]![0]!) }],
  ['floorEigenvalues', { compute: (out, args, shapes) => floorEigenvalues(out, args[0]!, args[1]![0]!, shapes[0]![0]!) }],
  [
    'det',
    {
      compute: (out, args, shapes) => {
        out[0] = determinant(args[0]!, shapes[0]![0]!);
      },
    },
  ],
  ['cumsum', { compute: (out, args) => cumulativeSum(out, args[0]!) }],
  ['cumprod', { compute: (out, args) => cumulativeProduct(out, args[0]!) }],
]);
