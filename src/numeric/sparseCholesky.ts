/**
 * Sparse symmetric positive definite matrices of fixed pattern: symbolic factorisation once, then LDL^T
 * in place, solves, draws and the selected inverse without allocation (Davis 2006, Direct Methods for
 * Sparse Linear Systems; Takahashi, Fagan and Chin 1973).
 *
 * Values stand in one array: the n diagonal elements, then the elements below it column by column, rows
 * ascending. Factoring turns the diagonal into 1 / D_i and the rest into L_ij; cells of fill-in start at 0.
 */
import { smallestPivot } from './bandedCholesky.js';

/** The pattern of a factor, in the order of elimination. */
export interface SparsePattern {
  readonly n: number;
  /** Elements below the diagonal. */
  readonly count: number;
  /** Column j's elements are columnStart[j] .. columnStart[j + 1] - 1; their rows ascend. */
  readonly columnStart: Int32Array;
  readonly rowOf: Int32Array;
  /** Row i's elements left of the diagonal: their columns, ascending, and their places among the elements. */
  readonly rowStart: Int32Array;
  readonly columnOf: Int32Array;
  readonly placeOf: Int32Array;
}

/** A symmetric graph: neighbours of i are adjacent[start[i]] .. adjacent[start[i + 1] - 1], each edge from both ends, no loops. */
export interface Graph {
  readonly n: number;
  readonly start: Int32Array;
  readonly adjacent: Int32Array;
}

/** Pairs of positions as a graph; pairs may repeat, in either order, and equal ends are left out. */
export function graphOf(n: number, left: Int32Array, right: Int32Array, count: number): Graph {
  const degree = new Int32Array(n + 1);
  for (let e = 0; e < count; e++)
    if (left[e] !== right[e]) {
      degree[left[e]! + 1]!++;
      degree[right[e]! + 1]!++;
    }
  for (let i = 0; i < n; i++) degree[i + 1] = degree[i + 1]! + degree[i]!;
  const ends = new Int32Array(degree[n]!),
    next = degree.slice();
  for (let e = 0; e < count; e++)
    if (left[e] !== right[e]) {
      ends[next[left[e]!]!++] = right[e]!;
      ends[next[right[e]!]!++] = left[e]!;
    }
  const seen = new Int32Array(n).fill(-1),
    start = new Int32Array(n + 1);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let p = degree[i]!; p < degree[i + 1]!; p++) {
      const j = ends[p]!;
      if (seen[j] === i) continue;
      seen[j] = i;
      ends[at++] = j;
    }
    start[i + 1] = at;
  }
  return { n, start, adjacent: ends.slice(0, at) };
}

/** The number of elements below the diagonal in each column of the factor; `position[i]` is when node i is eliminated. */
export function columnCounts(graph: Graph, order: Int32Array, position: Int32Array): Int32Array {
  const counts = new Int32Array(graph.n);
  walkRows(graph, order, position, (_, column) => {
    counts[column]!++;
  });
  return counts;
}

/** Calls `visit(row, column)` for every element of the factor below the diagonal, rows ascending, columns of a row in no order. */
function walkRows(
  { n, start, adjacent }: Graph,
  order: Int32Array,
  position: Int32Array,
  visit: (row: number, column: number) => void,
): void {
  const parent = new Int32Array(n).fill(-1),
    mark = new Int32Array(n).fill(-1);
  for (let k = 0; k < n; k++) {
    mark[k] = k;
    const node = order[k]!;
    for (let p = start[node]!; p < start[node + 1]!; p++) {
      // Row k holds every column on the way from a neighbour up the elimination tree.
      for (let i = position[adjacent[p]!]!; i < k && mark[i] !== k; i = parent[i]!) {
        if (parent[i] === -1) parent[i] = k;
        mark[i] = k;
        visit(k, i);
      }
    }
  }
}

/** The pattern of the factor for an order of elimination. */
export function symbolicFactor(graph: Graph, order: Int32Array, position: Int32Array): SparsePattern {
  const { n } = graph;
  const counts = columnCounts(graph, order, position);
  const columnStart = new Int32Array(n + 1);
  for (let j = 0; j < n; j++) columnStart[j + 1] = columnStart[j]! + counts[j]!;
  const count = columnStart[n]!;
  const rowOf = new Int32Array(count),
    next = columnStart.slice(0, n),
    rowStart = new Int32Array(n + 1);
  walkRows(graph, order, position, (row, column) => {
    rowOf[next[column]!++] = row;
    rowStart[row + 1]!++;
  });
  for (let i = 0; i < n; i++) rowStart[i + 1] = rowStart[i + 1]! + rowStart[i]!;
  const columnOf = new Int32Array(count),
    placeOf = new Int32Array(count),
    fill = rowStart.slice(0, n);
  for (let j = 0; j < n; j++) {
    for (let p = columnStart[j]!; p < columnStart[j + 1]!; p++) {
      const at = fill[rowOf[p]!]!++;
      columnOf[at] = j;
      placeOf[at] = p;
    }
  }
  return { n, count, columnStart, rowOf, rowStart, columnOf, placeOf };
}

/** Where element (i, j) stands among the values (i = j: the diagonal); -1 where the pattern has none. */
export function sparsePlace(pattern: SparsePattern, i: number, j: number): number {
  if (i === j) return i;
  const row = i > j ? i : j,
    column = i > j ? j : i;
  let low = pattern.columnStart[column]!,
    high = pattern.columnStart[column + 1]! - 1;
  while (low <= high) {
    const middle = (low + high) >> 1,
      found = pattern.rowOf[middle]!;
    if (found === row) return pattern.n + middle;
    if (found < row) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/**
 * Replaces the values by those of the factor and puts the log determinant into out[0]; `work` holds n numbers. @returns -1, or the row of
 * the first pivot that is not positive.
 */
export function factorSparse(
  a: Float64Array,
  n: number,
  columnStart: Int32Array,
  rowOf: Int32Array,
  rowStart: Int32Array,
  columnOf: Int32Array,
  placeOf: Int32Array,
  work: Float64Array,
  out: Float64Array,
): number {
  let sum = 0;
  for (let k = 0; k < n; k++) {
    const from = rowStart[k]!,
      to = rowStart[k + 1]!;
    for (let p = from; p < to; p++) work[columnOf[p]!] = a[n + placeOf[p]!]!;
    const own = a[k]!;
    let d = own;
    for (let p = from; p < to; p++) {
      const i = columnOf[p]!,
        place = placeOf[p]!,
        g = work[i]!;
      for (let q = columnStart[i]!; q < place; q++) {
        const r = rowOf[q]!;
        work[r] = work[r]! - a[n + q]! * g;
      }
      const l = g * a[i]!;
      d -= l * g;
      a[n + place] = l;
    }
    if (!(d > own * smallestPivot) || d === Infinity || !(d > 0)) return k;
    a[k] = 1 / d;
    sum += Math.log(d);
  }
  out[0] = sum;
  return -1;
}

/** Solves L D L^T x = b in place of b. */
export function solveSparse(a: Float64Array, n: number, columnStart: Int32Array, rowOf: Int32Array, x: Float64Array): void {
  for (let j = 0; j < n; j++) {
    const value = x[j]!;
    for (let p = columnStart[j]!; p < columnStart[j + 1]!; p++) {
      const i = rowOf[p]!;
      x[i] = x[i]! - a[n + p]! * value;
    }
  }
  for (let j = 0; j < n; j++) x[j] = x[j]! * a[j]!;
  backward(a, n, columnStart, rowOf, x);
}

/** x <- mean + L^-T D^-1/2 z for z = x on entry: a draw from N(mean, (L D L^T)^-1) where z is standard normal. */
export function drawSparse(
  a: Float64Array,
  n: number,
  columnStart: Int32Array,
  rowOf: Int32Array,
  mean: Float64Array,
  x: Float64Array,
): void {
  for (let j = 0; j < n; j++) x[j] = x[j]! * Math.sqrt(a[j]!);
  backward(a, n, columnStart, rowOf, x);
  for (let j = 0; j < n; j++) x[j] = x[j]! + mean[j]!;
}

/** Solves L^T x = b in place of b. */
function backward(a: Float64Array, n: number, columnStart: Int32Array, rowOf: Int32Array, x: Float64Array): void {
  for (let j = n - 1; j >= 0; j--) {
    let value = x[j]!;
    for (let p = columnStart[j]!; p < columnStart[j + 1]!; p++) value -= a[n + p]! * x[rowOf[p]!]!;
    x[j] = value;
  }
}

/** The elements of the inverse on the pattern of the factor, in the layout of the values; `l` and `sum` hold n numbers. */
export function invertSparse(
  a: Float64Array,
  n: number,
  columnStart: Int32Array,
  rowOf: Int32Array,
  z: Float64Array,
  l: Float64Array,
  sum: Float64Array,
): void {
  // NaN marks rows that column j does not have: an element of the pattern may well be 0.
  l.fill(Number.NaN);
  for (let j = n - 1; j >= 0; j--) {
    const from = columnStart[j]!,
      to = columnStart[j + 1]!;
    for (let p = from; p < to; p++) {
      const i = rowOf[p]!;
      l[i] = a[n + p]!;
      sum[i] = 0;
    }
    // sum_i = sum_k L_kj Z_ik over the rows k of column j; Z_ik stands in column min(i, k).
    for (let p = from; p < to; p++) {
      const i = rowOf[p]!,
        li = l[i]!;
      let own = sum[i]! + li * z[i]!;
      for (let q = columnStart[i]!; q < columnStart[i + 1]!; q++) {
        const k = rowOf[q]!,
          lk = l[k]!;
        if (lk !== lk) continue;
        const value = z[n + q]!;
        own += lk * value;
        sum[k] = sum[k]! + li * value;
      }
      sum[i] = own;
    }
    let diagonal = a[j]!;
    for (let p = from; p < to; p++) {
      const i = rowOf[p]!;
      z[n + p] = -sum[i]!;
      diagonal += l[i]! * sum[i]!;
      l[i] = Number.NaN;
    }
    z[j] = diagonal;
  }
}
