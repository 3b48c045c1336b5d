/**
 * What generated code calls for a jointly Gaussian block: factoring its precision and solving for its
 * mean, joint draws, and the selected inverse; banded (dense where the band is full) or sparse.
 *
 * `status` holds four numbers: log det of the precision (-Infinity where it is not positive definite, since
 * the integral over a direction that nothing holds is infinite); 0, or 1 + the row where factoring failed;
 * how often it has failed; and 1 + the row of the first failure. After a failure mean and factor mean nothing.
 */
import { drawBanded, factorBanded, invertBanded, solveBanded } from '../numeric/bandedCholesky.js';
import { drawSparse, factorSparse, invertSparse, solveSparse } from '../numeric/sparseCholesky.js';
import type { Random } from './generator.js';

/** Factors the banded precision in place and replaces the potential in `mean` by the mean. */
export function gaussianFactorBanded(
  _random: Random,
  a: Float64Array,
  _a: number,
  mean: Float64Array,
  _mean: number,
  status: Float64Array,
  _status: number,
  n: number,
  w: number,
): void {
  if (settled(factorBanded(a, n, w, status), status)) solveBanded(a, n, w, mean);
}

/** The same for a sparse precision. */
export function gaussianFactorSparse(
  _random: Random,
  a: Float64Array,
  _a: number,
  mean: Float64Array,
  _mean: number,
  status: Float64Array,
  _status: number,
  work: Float64Array,
  _work: number,
  columnStart: Int32Array,
  _columnStart: number,
  rowOf: Int32Array,
  _rowOf: number,
  rowStart: Int32Array,
  _rowStart: number,
  columnOf: Int32Array,
  _columnOf: number,
  placeOf: Int32Array,
  _placeOf: number,
  n: number,
): void {
  if (settled(factorSparse(a, n, columnStart, rowOf, rowStart, columnOf, placeOf, work, status), status))
    solveSparse(a, n, columnStart, rowOf, mean);
}

/** Records whether factoring went through, see the head of the file; `failure` is -1 or a row. */
export function settled(failure: number, status: Float64Array): boolean {
  status[1] = failure + 1;
  if (failure < 0) return true;
  status[0] = -Infinity;
  status[2] = status[2]! + 1;
  if (status[3] === 0) status[3] = failure + 1;
  return false;
}

/** A joint draw in the order of elimination. */
export function gaussianDrawBanded(
  random: Random,
  out: Float64Array,
  _out: number,
  a: Float64Array,
  mean: Float64Array,
  n: number,
  w: number,
): void {
  for (let i = 0; i < n; i++) out[i] = random.normal();
  drawBanded(a, n, w, mean, out);
}

/** The same from a sparse factor. */
export function gaussianDrawSparse(
  random: Random,
  out: Float64Array,
  _out: number,
  a: Float64Array,
  mean: Float64Array,
  columnStart: Int32Array,
  _columnStart: number,
  rowOf: Int32Array,
  _rowOf: number,
  n: number,
): void {
  for (let i = 0; i < n; i++) out[i] = random.normal();
  drawSparse(a, n, columnStart, rowOf, mean, out);
}

/** Covariances inside the band. */
export function gaussianInvertBanded(_random: Random, out: Float64Array, _out: number, a: Float64Array, n: number, w: number): void {
  invertBanded(a, n, w, out);
}

/** Covariances on the pattern of the factor. */
export function gaussianInvertSparse(
  _random: Random,
  out: Float64Array,
  _out: number,
  work: Float64Array,
  _work: number,
  sums: Float64Array,
  _sums: number,
  a: Float64Array,
  columnStart: Int32Array,
  _columnStart: number,
  rowOf: Int32Array,
  _rowOf: number,
  n: number,
): void {
  invertSparse(a, n, columnStart, rowOf, out, work, sums);
}
