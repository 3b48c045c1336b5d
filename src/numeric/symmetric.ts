/**
 * Eigenvalues and vectors of symmetric matrices: Householder's reduction to a tridiagonal matrix, then QL steps with implicit shifts (Bowdler,
 * Martin, Reinsch and Wilkinson 1968, tred2 and tql2).
 *
 * Not the matrix library's: that one reads outside of its arrays where a cell of 5e-324 stands beside a zero, and takes three times as long for
 * the few hundred unknowns whose curvature a search decomposes at its steps, since here all inner loops run along rows.
 */
export interface SymmetricEigen {
  /** Increasing. */
  readonly values: readonly number[];
  /** vectors[k] belongs to values[k]; orthonormal. */
  readonly vectors: readonly Float64Array[];
}

/** Cells are scaled so that the largest is 1 where it is beyond this or below its inverse: products of three are formed. */
const largestCell = 1e100;
/** Steps for one eigenvalue at most: two are usual. */
const mostSteps = 60;

/** The spectrum of a symmetric d x d matrix (row-major) of finite numbers, of which the lower triangle counts. */
export function symmetricEigen(a: ArrayLike<number>, d: number): SymmetricEigen {
  const rows = Float64Array.from({ length: d * d }, (_, c) => {
    const i = Math.floor(c / d),
      j = c % d;
    return a[Math.max(i, j) * d + Math.min(i, j)]!;
  });
  const largest = rows.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const scale = largest > 0 && (largest > largestCell || largest < 1 / largestCell) ? largest : 1;
  if (scale !== 1) for (let c = 0; c < rows.length; c++) rows[c]! /= scale;
  const diagonal = new Float64Array(d),
    beside = new Float64Array(d);
  tridiagonalise(rows, diagonal, beside, d);
  diagonalise(rows, diagonal, beside, d);
  const order = Array.from(diagonal, (_, k) => k).sort((x, y) => diagonal[x]! - diagonal[y]!);
  return { values: order.map((k) => diagonal[k]! * scale), vectors: order.map((k) => rows.slice(k * d, (k + 1) * d)) };
}

/**
 * A = Q T Q' for a tridiagonal T. `rows` holds A before and Q' after; beside[k] is the cell of T between k - 1 and k.
 */
function tridiagonalise(rows: Float64Array, diagonal: Float64Array, beside: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) diagonal[j] = rows[j * n + n - 1]!;
  for (let i = n - 1; i > 0; i--) {
    let size = 0,
      h = 0;
    for (let k = 0; k < i; k++) size += Math.abs(diagonal[k]!);
    if (size === 0) {
      beside[i] = diagonal[i - 1]!;
      for (let j = 0; j < i; j++) {
        diagonal[j] = rows[j * n + i - 1]!;
        rows[j * n + i] = 0;
        rows[i * n + j] = 0;
      }
    } else {
      for (let k = 0; k < i; k++) {
        diagonal[k]! /= size;
        h += diagonal[k]! ** 2;
      }
      const first = diagonal[i - 1]!,
        length = first > 0 ? -Math.sqrt(h) : Math.sqrt(h);
      beside[i] = size * length;
      h -= first * length;
      diagonal[i - 1] = first - length;
      beside.fill(0, 0, i);
      for (let j = 0; j < i; j++) {
        const f = diagonal[j]!,
          row = j * n;
        rows[i * n + j] = f;
        let g = beside[j]! + rows[row + j]! * f;
        for (let k = j + 1; k < i; k++) {
          g += rows[row + k]! * diagonal[k]!;
          beside[k]! += rows[row + k]! * f;
        }
        beside[j] = g;
      }
      let sum = 0;
      for (let j = 0; j < i; j++) {
        beside[j]! /= h;
        sum += beside[j]! * diagonal[j]!;
      }
      const half = sum / (h + h);
      for (let j = 0; j < i; j++) beside[j]! -= half * diagonal[j]!;
      for (let j = 0; j < i; j++) {
        const f = diagonal[j]!,
          g = beside[j]!,
          row = j * n;
        for (let k = j; k < i; k++) rows[row + k]! -= f * beside[k]! + g * diagonal[k]!;
        diagonal[j] = rows[row + i - 1]!;
        rows[row + i] = 0;
      }
    }
    diagonal[i] = h;
  }
  // The reflections, multiplied from the first on.
  for (let i = 0; i < n - 1; i++) {
    const next = (i + 1) * n,
      h = diagonal[i + 1]!;
    rows[i * n + n - 1] = rows[i * n + i]!;
    rows[i * n + i] = 1;
    if (h !== 0) {
      for (let k = 0; k <= i; k++) diagonal[k] = rows[next + k]! / h;
      for (let j = 0; j <= i; j++) {
        const row = j * n;
        let g = 0;
        for (let k = 0; k <= i; k++) g += rows[next + k]! * rows[row + k]!;
        for (let k = 0; k <= i; k++) rows[row + k]! -= g * diagonal[k]!;
      }
    }
    rows.fill(0, next, next + i + 1);
  }
  for (let j = 0; j < n; j++) {
    diagonal[j] = rows[j * n + n - 1]!;
    rows[j * n + n - 1] = 0;
  }
  rows[n * n - 1] = 1;
  beside[0] = 0;
}

/** The eigenvalues of a tridiagonal matrix, in place of its diagonal; `rows` is turned along, so that row k is the vector of value k. */
function diagonalise(rows: Float64Array, diagonal: Float64Array, beside: Float64Array, n: number): void {
  beside.copyWithin(0, 1);
  beside[n - 1] = 0;
  let shifted = 0,
    largest = 0;
  for (let k = 0; k < n; k++) largest = Math.max(largest, Math.abs(diagonal[k]!) + Math.abs(beside[k]!));
  // Of the whole matrix: measured against the cells above alone, a cell of 5e-324 beside a zero would be divided by.
  const small = Number.EPSILON * largest;
  for (let l = 0; l < n; l++) {
    let m = l;
    while (m < n - 1 && Math.abs(beside[m]!) > small) m++;
    for (let step = 0; m > l && step < mostSteps && Math.abs(beside[l]!) > small; step++) {
      const before = diagonal[l]!,
        p = (diagonal[l + 1]! - before) / (2 * beside[l]!),
        r = p < 0 ? -Math.hypot(p, 1) : Math.hypot(p, 1);
      diagonal[l] = beside[l]! / (p + r);
      diagonal[l + 1] = beside[l]! * (p + r);
      const second = diagonal[l + 1]!,
        shift = before - diagonal[l]!;
      for (let i = l + 2; i < n; i++) diagonal[i]! -= shift;
      shifted += shift;
      implicitStep(rows, diagonal, beside, l, m, second, n);
    }
    diagonal[l]! += shifted;
    beside[l] = 0;
  }
}

/** One QL step on rows l to m, from below. @param second the cell beside the shift's own. */
function implicitStep(
  rows: Float64Array,
  diagonal: Float64Array,
  beside: Float64Array,
  l: number,
  m: number,
  second: number,
  n: number,
): void {
  const below = beside[l + 1]!;
  let p = diagonal[m]!,
    c = 1,
    c2 = 1,
    c3 = 1,
    s = 0,
    s2 = 0;
  for (let i = m - 1; i >= l; i--) {
    c3 = c2;
    c2 = c;
    s2 = s;
    const g = c * beside[i]!,
      h = c * p,
      r = Math.hypot(p, beside[i]!);
    beside[i + 1] = s * r;
    s = beside[i]! / r;
    c = p / r;
    p = c * diagonal[i]! - s * g;
    diagonal[i + 1] = h + s * (c * g + s * diagonal[i]!);
    const row = i * n,
      next = row + n;
    for (let k = 0; k < n; k++) {
      const v = rows[next + k]!,
        u = rows[row + k]!;
      rows[next + k] = s * u + c * v;
      rows[row + k] = c * u - s * v;
    }
  }
  p = (-s * s2 * c3 * below * beside[l]!) / second;
  beside[l] = s * p;
  diagonal[l] = c * p;
}
