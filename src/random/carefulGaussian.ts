/**
 * What generated code calls for a jointly Gaussian block that is ill-conditioned: sums, factor, mean and selected
 * inverse with numbers of two doubles (`numeric/carefulCholesky.ts`), in the memory of `gaussianBlock.ts` with a
 * second array for the low parts. Draws use the high parts.
 */
import { solveBanded } from '../numeric/bandedCholesky.js';
import { bandedColumns, type Columns, conditionOf, factorCareful, invertCareful, solveCareful } from '../numeric/carefulCholesky.js';
import { solveSparse } from '../numeric/sparseCholesky.js';
import { Twofold } from '../numeric/twofold.js';
import type { Random } from './generator.js';
import { settled } from './gaussianBlock.js';

/** Adds a double to a number of two. */
export function carefulAdd(_random: Random, high: Float64Array, highAt: number, low: Float64Array, lowAt: number, value: number): void {
  const x = new Twofold();
  x.load(high[highAt]!, low[lowAt]!);
  x.add(value);
  high[highAt] = x.high;
  low[lowAt] = x.low;
}

function gathered(values: Float64Array, cellOf: Int32Array): Float64Array {
  return Float64Array.from(cellOf, (cell) => values[cell]!);
}
function scattered(values: Float64Array, cellOf: Int32Array, into: Float64Array): void {
  cellOf.forEach((cell, k) => {
    into[cell] = values[k]!;
  });
}

function factorAndSolve(
  columns: Columns,
  high: Float64Array,
  low: Float64Array,
  mean: Float64Array,
  meanLow: Float64Array,
  status: Float64Array,
): void {
  if (settled(factorCareful(columns, { high, low }, status), status)) solveCareful(columns, { high, low }, { high: mean, low: meanLow });
}

/** Factors the precision high + low in place and replaces the potential in `mean` by the mean. */
export function carefulFactorBanded(
  _random: Random,
  a: Float64Array,
  _a: number,
  low: Float64Array,
  _low: number,
  mean: Float64Array,
  _mean: number,
  meanLow: Float64Array,
  _meanLow: number,
  status: Float64Array,
  _status: number,
  n: number,
  w: number,
): void {
  const columns = bandedColumns(n, w),
    high = gathered(a, columns.cellOf),
    rest = gathered(low, columns.cellOf);
  factorAndSolve(columns, high, rest, mean, meanLow, status);
  scattered(high, columns.cellOf, a);
  scattered(rest, columns.cellOf, low);
}
/** The same for a sparse precision. */
export function carefulFactorSparse(
  _random: Random,
  a: Float64Array,
  _a: number,
  low: Float64Array,
  _low: number,
  mean: Float64Array,
  _mean: number,
  meanLow: Float64Array,
  _meanLow: number,
  status: Float64Array,
  _status: number,
  columnStart: Int32Array,
  _columnStart: number,
  rowOf: Int32Array,
  _rowOf: number,
  n: number,
): void {
  factorAndSolve({ n, columnStart, rowOf }, a, low, mean, meanLow, status);
}

/** Covariances inside the band. */
export function carefulInvertBanded(
  _random: Random,
  out: Float64Array,
  _out: number,
  a: Float64Array,
  _a: number,
  low: Float64Array,
  _low: number,
  n: number,
  w: number,
): void {
  const columns = bandedColumns(n, w);
  scattered(invertCareful(columns, { high: gathered(a, columns.cellOf), low: gathered(low, columns.cellOf) }).high, columns.cellOf, out);
}
/** Covariances on the pattern of the factor. */
export function carefulInvertSparse(
  _random: Random,
  out: Float64Array,
  _out: number,
  a: Float64Array,
  _a: number,
  low: Float64Array,
  _low: number,
  columnStart: Int32Array,
  _columnStart: number,
  rowOf: Int32Array,
  _rowOf: number,
  n: number,
): void {
  out.set(invertCareful({ n, columnStart, rowOf }, { high: a, low }).high);
}

/** The condition number of a banded factor (see `conditionOf`); Infinity where factoring failed. */
export function gaussianConditionBanded(
  _random: Random,
  a: Float64Array,
  _a: number,
  status: Float64Array,
  _status: number,
  n: number,
  w: number,
): number {
  if (status[1]! > 0) return Infinity;
  const step = w + 1;
  return conditionOf(
    n,
    (i) => a[i * step + w]!,
    (visit) => {
      for (let i = 0; i < n; i++) for (let j = Math.max(0, i - w); j < i; j++) visit(i, j, a[i * step + w - i + j]!);
    },
    (b) => solveBanded(a, n, w, b),
  );
}
/** The same of a sparse factor. */
export function gaussianConditionSparse(
  _random: Random,
  a: Float64Array,
  _a: number,
  status: Float64Array,
  _status: number,
  columnStart: Int32Array,
  _columnStart: number,
  rowOf: Int32Array,
  _rowOf: number,
  n: number,
): number {
  if (status[1]! > 0) return Infinity;
  return conditionOf(
    n,
    (i) => a[i]!,
    (visit) => {
      for (let j = 0; j < n; j++) for (let p = columnStart[j]!; p < columnStart[j + 1]!; p++) visit(rowOf[p]!, j, a[n + p]!);
    },
    (b) => solveSparse(a, n, columnStart, rowOf, b),
  );
}

/** The direction x = L^-T e_row / sqrt(D_row), along which the precision's form x'Px is 1, of a banded factor. */
export function gaussianDirectionBanded(
  _random: Random,
  x: Float64Array,
  _x: number,
  a: Float64Array,
  _a: number,
  row: number,
  n: number,
  w: number,
): void {
  const step = w + 1;
  direction(x, row, a[row * step + w]!, n, (i, take) => {
    for (let j = Math.max(0, i - w); j < i; j++) take(j, a[i * step + w - i + j]!);
  });
}
/** The same of a sparse factor. */
export function gaussianDirectionSparse(
  _random: Random,
  x: Float64Array,
  _x: number,
  a: Float64Array,
  _a: number,
  row: number,
  columnStart: Int32Array,
  _columnStart: number,
  rowOf: Int32Array,
  _rowOf: number,
  n: number,
): void {
  x.fill(0);
  x[row] = Math.sqrt(a[row]!);
  for (let j = row - 1; j >= 0; j--) {
    let sum = 0;
    for (let p = columnStart[j]!; p < columnStart[j + 1]!; p++) sum -= a[n + p]! * x[rowOf[p]!]!;
    x[j] = sum;
  }
}
function direction(
  x: Float64Array,
  row: number,
  inverse: number,
  n: number,
  below: (i: number, take: (j: number, l: number) => void) => void,
): void {
  x.fill(0, 0, n);
  x[row] = Math.sqrt(inverse);
  for (let i = row; i > 0; i--) {
    const value = x[i]!;
    if (value !== 0)
      below(i, (j, l) => {
        x[j] = x[j]! - l * value;
      });
  }
}

/** Writes the row of the smallest pivot relative to its diagonal element, and that ratio, to the two numbers of `worst`. */
export function gaussianWorstBanded(
  _random: Random,
  worst: Float64Array,
  _worst: number,
  a: Float64Array,
  _a: number,
  n: number,
  w: number,
): void {
  const step = w + 1;
  worstPivot(
    worst,
    n,
    (i) => a[i * step + w]!,
    (visit) => {
      for (let i = 0; i < n; i++) for (let j = Math.max(0, i - w); j < i; j++) visit(i, j, a[i * step + w - i + j]!);
    },
  );
}
/** The same of a sparse factor. */
export function gaussianWorstSparse(
  _random: Random,
  worst: Float64Array,
  _worst: number,
  a: Float64Array,
  _a: number,
  columnStart: Int32Array,
  _columnStart: number,
  rowOf: Int32Array,
  _rowOf: number,
  n: number,
): void {
  worstPivot(
    worst,
    n,
    (i) => a[i]!,
    (visit) => {
      for (let j = 0; j < n; j++) for (let p = columnStart[j]!; p < columnStart[j + 1]!; p++) visit(rowOf[p]!, j, a[n + p]!);
    },
  );
}
function worstPivot(
  worst: Float64Array,
  n: number,
  inverse: (i: number) => number,
  below: (visit: (row: number, column: number, l: number) => void) => void,
): void {
  const own = new Float64Array(n);
  for (let i = 0; i < n; i++) own[i] = 1 / inverse(i);
  below((i, j, l) => {
    own[i] = own[i]! + (l * l) / inverse(j);
  });
  worst[0] = 0;
  worst[1] = Infinity;
  for (let i = 0; i < n; i++) {
    const ratio = 1 / (own[i]! * inverse(i));
    if (ratio < worst[1]!) {
      worst[0] = i;
      worst[1] = ratio;
    }
  }
}
