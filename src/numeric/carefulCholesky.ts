/**
 * The sparse factorisation, solve and selected inverse of `sparseCholesky.ts` with numbers of two doubles, for
 * matrices whose condition number leaves plain doubles no digits (states whose steps are a millionth of the
 * noise). And how to know: Hager's estimate of the condition number (Higham 2002, Accuracy and Stability, ch. 15).
 */
import { smallestPivot } from './bandedCholesky.js';
import { Twofold } from './twofold.js';

/** Columns of a factor: the part of `SparsePattern` that is read column by column. */
export interface Columns {
  readonly n: number;
  readonly columnStart: Int32Array;
  readonly rowOf: Int32Array;
}

/** High and low parts: the n diagonal elements, then those below it column by column. */
export interface TwofoldValues {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

/** The pattern of a band, and where its cells stand in the layout of `bandedCholesky.ts` (by value: diagonal first). */
export function bandedColumns(n: number, w: number): Columns & { readonly cellOf: Int32Array } {
  const columnStart = new Int32Array(n + 1);
  for (let j = 0; j < n; j++) columnStart[j + 1] = columnStart[j]! + Math.min(w, n - 1 - j);
  const rowOf = new Int32Array(columnStart[n]!),
    cellOf = new Int32Array(n + rowOf.length);
  for (let j = 0; j < n; j++) {
    cellOf[j] = j * (w + 1) + w;
    for (let p = columnStart[j]!, i = j + 1; p < columnStart[j + 1]!; p++, i++) {
      rowOf[p] = i;
      cellOf[n + p] = i * (w + 1) + w - (i - j);
    }
  }
  return { n, columnStart, rowOf, cellOf };
}

/**
 * P = L D L' in place, right-looking: the diagonal becomes 1 / D, the rest L; log det P into out[0].
 * @returns -1, or the row of the first pivot that is not positive.
 */
export function factorCareful({ n, columnStart, rowOf }: Columns, { high, low }: TwofoldValues, out: Float64Array): number {
  const x = new Twofold();
  const first = high.slice(0, n);
  let sum = 0;
  for (let j = 0; j < n; j++) {
    const d = high[j]!;
    // Of 32 digits 26 may be lost.
    if (!(d > first[j]! * smallestPivot * smallestPivot) || d === Infinity || !(d > 0)) return j;
    sum += Math.log(d) + low[j]! / d;
    x.load(d, low[j]!);
    x.invert();
    const inverse = x.high,
      inverseLow = x.low;
    high[j] = inverse;
    low[j] = inverseLow;
    const from = columnStart[j]!,
      to = columnStart[j + 1]!;
    for (let p = from; p < to; p++) {
      // Column j changes column i = row of p by -g_ij g_kj / d_j, for its rows k from i down.
      const i = rowOf[p]!,
        g = n + p;
      x.load(high[g]!, low[g]!);
      x.multiply(inverse, inverseLow);
      const l = x.high,
        lLow = x.low;
      x.load(high[i]!, low[i]!);
      x.addProduct(-1, high[g]!, low[g]!, l, lLow);
      high[i] = x.high;
      low[i] = x.low;
      for (let q = p + 1, at = columnStart[i]!; q < to; q++) {
        const k = rowOf[q]!;
        while (rowOf[at] !== k) at++;
        x.load(high[n + at]!, low[n + at]!);
        x.addProduct(-1, high[n + q]!, low[n + q]!, l, lLow);
        high[n + at] = x.high;
        low[n + at] = x.low;
      }
    }
    for (let p = from; p < to; p++) {
      x.load(high[n + p]!, low[n + p]!);
      x.multiply(inverse, inverseLow);
      high[n + p] = x.high;
      low[n + p] = x.low;
    }
  }
  out[0] = sum;
  return -1;
}

/** Solves L D L' x = b in place of b. */
export function solveCareful({ n, columnStart, rowOf }: Columns, a: TwofoldValues, b: TwofoldValues): void {
  const x = new Twofold();
  for (let j = 0; j < n; j++) {
    const value = b.high[j]!,
      valueLow = b.low[j]!;
    for (let p = columnStart[j]!; p < columnStart[j + 1]!; p++) {
      const i = rowOf[p]!;
      x.load(b.high[i]!, b.low[i]!);
      x.addProduct(-1, a.high[n + p]!, a.low[n + p]!, value, valueLow);
      b.high[i] = x.high;
      b.low[i] = x.low;
    }
  }
  for (let j = n - 1; j >= 0; j--) {
    x.load(b.high[j]!, b.low[j]!);
    x.multiply(a.high[j]!, a.low[j]!);
    for (let p = columnStart[j]!; p < columnStart[j + 1]!; p++)
      x.addProduct(-1, a.high[n + p]!, a.low[n + p]!, b.high[rowOf[p]!]!, b.low[rowOf[p]!]!);
    b.high[j] = x.high;
    b.low[j] = x.low;
  }
}

/** The elements of the inverse on the pattern: Z = D^-1 L^-1 + (I - L') Z from the last column up. */
export function invertCareful({ n, columnStart, rowOf }: Columns, a: TwofoldValues): TwofoldValues {
  const z = { high: new Float64Array(a.high.length), low: new Float64Array(a.high.length) };
  const x = new Twofold();
  for (let j = n - 1; j >= 0; j--) {
    const from = columnStart[j]!,
      to = columnStart[j + 1]!;
    for (let p = from; p < to; p++) {
      // Z_ij = -sum_k L_kj Z_ik over the rows k of column j.
      const i = rowOf[p]!;
      x.load(0, 0);
      for (let q = from; q < to; q++) {
        const k = rowOf[q]!;
        const at = k === i ? i : n + placeIn(columnStart, rowOf, Math.max(i, k), Math.min(i, k));
        x.addProduct(-1, a.high[n + q]!, a.low[n + q]!, z.high[at]!, z.low[at]!);
      }
      z.high[n + p] = x.high;
      z.low[n + p] = x.low;
    }
    x.load(a.high[j]!, a.low[j]!);
    for (let p = from; p < to; p++) x.addProduct(-1, a.high[n + p]!, a.low[n + p]!, z.high[n + p]!, z.low[n + p]!);
    z.high[j] = x.high;
    z.low[j] = x.low;
  }
  return z;
}
function placeIn(columnStart: Int32Array, rowOf: Int32Array, row: number, column: number): number {
  let low = columnStart[column]!,
    high = columnStart[column + 1]! - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rowOf[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Below this ratio of a diagonal element to its pivot the condition number is not looked for. */
const harmless = 1e4;

/**
 * About the condition number of a factored matrix scaled to a unit diagonal (so that units do not matter), from
 * below; the largest ratio of a diagonal element to its pivot where that is small.
 * @param diagonal 1 / D; `below(visit)` calls visit(row, column, L) for every element of L.
 * @param solve solves P x = b in place of b.
 */
export function conditionOf(
  n: number,
  diagonal: (i: number) => number,
  below: (visit: (row: number, column: number, l: number) => void) => void,
  solve: (b: Float64Array) => void,
): number {
  const own = new Float64Array(n);
  for (let i = 0; i < n; i++) own[i] = 1 / diagonal(i);
  below((i, j, l) => {
    own[i] = own[i]! + (l * l) / diagonal(j);
  });
  let ratio = 1;
  for (let i = 0; i < n; i++) ratio = Math.max(ratio, own[i]! * diagonal(i));
  if (!(ratio > harmless)) return ratio;
  // || (S P S)^-1 ||_1 with S = diag(P)^-1/2.
  const root = own.map(Math.sqrt);
  const apply = (v: Float64Array): Float64Array => {
    const y = v.map((value, i) => value * root[i]!);
    solve(y);
    return y.map((value, i) => value * root[i]!);
  };
  let x = new Float64Array(n).fill(1 / n),
    best = ratio;
  for (let round = 0; round < 5; round++) {
    const y = apply(x);
    const norm = y.reduce((sum, value) => sum + Math.abs(value), 0);
    if (!(norm > best)) break;
    best = norm;
    const z = apply(y.map((value) => (value < 0 ? -1 : 1)));
    let most = 0;
    for (let i = 1; i < n; i++) if (Math.abs(z[i]!) > Math.abs(z[most]!)) most = i;
    if (Math.abs(z[most]!) <= z.reduce((sum, value, i) => sum + value * x[i]!, 0)) break;
    x = new Float64Array(n);
    x[most] = 1;
  }
  return best;
}
