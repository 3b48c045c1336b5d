/**
 * Cholesky factors of a curvature: of the matrix itself where that has one worth having, damped where it is indefinite;
 * in the sparse pattern where that is known, dense otherwise. Invariant: no pivot is so small that it is made of rounding.
 */
import {
  choleskyInPlace,
  inverseFromCholesky,
  logDeterminantFromCholesky,
  solveLower,
  solveLowerTransposed,
} from '../numeric/linearAlgebra.js';
import { factorSparse, solveSparse, sparsePlace } from '../numeric/sparseCholesky.js';
import type { Sparse } from './curvatureGroups.js';

export interface CurvatureFactor {
  readonly logDeterminant: number;
  /** Solves A x = b in place of b. */
  solve(b: Float64Array): void;
  /** The whole inverse, row-major. */
  inverse(): Float64Array;
}

/** Smallest squared pivot of the information in correlation form with which one pass of differences is enough. */
const plainPivot = 1e-4;
/** The same where all directions are flat. */
export const smallestCurvature = 1e-6;

/** A factor for steps uphill. */
export interface DampedFactor {
  readonly factor: CurvatureFactor;
  /** Whether it is that of the matrix itself. */
  readonly exact: boolean;
}

/** Shifts of the diagonal: the first that is tried, and from one to the next; relative to the largest element of the diagonal. */
const firstShift = 1e-3,
  shiftFactor = 4,
  mostShifts = 10;

/**
 * The factor of a matrix with a multiple of the identity added, as little as makes it positive definite (Nocedal and Wright
 * 2006, algorithm 3.3): what it solves points uphill. Null where the matrix is not finite.
 */
export function dampedFactor(matrix: Float64Array, p: number, sparse: Sparse | null): DampedFactor | null {
  let largest = 0;
  for (let i = 0; i < p; i++) largest = Math.max(largest, Math.abs(matrix[i * p + i]!));
  for (let attempt = 0, shift = 0; attempt <= mostShifts; attempt++, shift = attempt === 1 ? firstShift : shift * shiftFactor) {
    const shifted = matrix.slice();
    for (let i = 0; i < p; i++) shifted[i * p + i]! += shift * largest;
    const factor = factorAbove(shifted, p, sparse, smallestCurvature * largest);
    if (factor !== null) return { factor, exact: shift === 0 };
  }
  return null;
}

/**
 * The factor of a row-major symmetric matrix; null where it is not positive definite, or so badly conditioned that differences tell little
 * of it.
 */
export function factorCurvature(matrix: Float64Array, p: number, sparse: Sparse | null): CurvatureFactor | null {
  let largest = 0;
  for (let i = 0; i < p; i++) largest = Math.max(largest, matrix[i * p + i]!);
  return factorAbove(matrix, p, sparse, Math.max(plainPivot * largest, smallestCurvature));
}

/** The factor where all squared pivots are at least as large as they should. */
function factorAbove(matrix: Float64Array, p: number, sparse: Sparse | null, least: number): CurvatureFactor | null {
  return sparse === null ? denseFactor(matrix, p, least) : sparseFactor(matrix, p, sparse, least);
}

function denseFactor(matrix: Float64Array, p: number, least: number): CurvatureFactor | null {
  const factor = matrix.slice();
  if (!choleskyInPlace(factor, 0, p)) return null;
  for (let i = 0; i < p; i++) if (!(factor[i * p + i]! ** 2 >= least)) return null;
  return {
    logDeterminant: logDeterminantFromCholesky(factor, 0, p),
    solve: (b) => {
      solveLower(factor, 0, p, b, 0);
      solveLowerTransposed(factor, 0, p, b, 0);
    },
    inverse: () => {
      const out = factor.slice();
      inverseFromCholesky(out, 0, p);
      return out;
    },
  };
}

function sparseFactor(matrix: Float64Array, p: number, { graph, position, pattern }: Sparse, least: number): CurvatureFactor | null {
  const { columnStart, rowOf, rowStart, columnOf, placeOf } = pattern;
  const values = new Float64Array(p + pattern.count),
    work = new Float64Array(p),
    logDeterminant = new Float64Array(1);
  for (let i = 0; i < p; i++) {
    values[position[i]!] = matrix[i * p + i]!;
    for (let e = graph.start[i]!; e < graph.start[i + 1]!; e++) {
      const j = graph.adjacent[e]!;
      if (j < i) values[sparsePlace(pattern, position[i]!, position[j]!)] = matrix[i * p + j]!;
    }
  }
  if (factorSparse(values, p, columnStart, rowOf, rowStart, columnOf, placeOf, work, logDeterminant) >= 0) return null;
  // The diagonal holds inverses of squared pivots.
  for (let i = 0; i < p; i++) if (!(values[i]! * least <= 1)) return null;
  const solve = (b: Float64Array): void => {
    for (let i = 0; i < p; i++) work[position[i]!] = b[i]!;
    solveSparse(values, p, columnStart, rowOf, work);
    for (let i = 0; i < p; i++) b[i] = work[position[i]!]!;
  };
  return {
    logDeterminant: logDeterminant[0]!,
    solve,
    inverse(): Float64Array {
      const out = new Float64Array(p * p);
      for (let i = 0; i < p; i++) {
        const row = out.subarray(i * p, (i + 1) * p);
        row[i] = 1;
        solve(row);
      }
      // Rows and columns agree but for rounding.
      for (let i = 0; i < p; i++) for (let j = 0; j < i; j++) out[j * p + i] = out[i * p + j]!;
      return out;
    },
  };
}
