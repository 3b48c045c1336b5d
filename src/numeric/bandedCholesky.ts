/**
 * Symmetric positive definite matrices of small half bandwidth w: LDL^T in place, solves, draws and
 * the selected inverse (Takahashi, Fagan and Chin 1973; Rue and Held 2005, section 2). Row i of the
 * lower triangle stands at i (w + 1): columns i - w .. i, the diagonal last; cells left of column 0
 * are zero. A dense matrix is the case w = n - 1.
 *
 * After factoring the diagonal holds 1 / D_i and the rest L_ij. Chains of one and two states (w = 1, 2)
 * have loops of their own that keep neighbours in registers.
 */

/** A pivot smaller than this part of its diagonal element has lost all its digits: the matrix counts as singular. */
export const smallestPivot: number = 1e-13;

/** Sums logarithms by products, one logarithm for many factors. */
const productLimit = 1e100;

/**
 * Replaces the matrix by its factor and puts the log determinant into out[0].
 * @returns -1, or the row of the first pivot that is not positive; the factor is then of no use.
 */
export function factorBanded(a: Float64Array, n: number, w: number, out: Float64Array): number {
  if (w === 0) return factorDiagonal(a, n, out);
  if (w === 1) return factorTridiagonal(a, n, out);
  return w === 2 ? factorPentadiagonal(a, n, out) : factorGeneral(a, n, w, out);
}

function factorDiagonal(a: Float64Array, n: number, out: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const d = a[i]!;
    if (!(d > 0) || d === Infinity) return i;
    a[i] = 1 / d;
    sum += Math.log(d);
  }
  out[0] = sum;
  return -1;
}

function factorTridiagonal(a: Float64Array, n: number, out: Float64Array): number {
  let sum = 0,
    product = 1,
    inverse = 0;
  for (let i = 0, at = 0; i < n; i++, at += 2) {
    const g = a[at]!,
      own = a[at + 1]!;
    const l = g * inverse;
    const d = own - g * l;
    if (!(d > own * smallestPivot) || d === Infinity || !(d > 0)) return i;
    inverse = 1 / d;
    a[at] = l;
    a[at + 1] = inverse;
    if (d > productLimit || d < 1 / productLimit) sum += Math.log(d);
    else {
      product *= d;
      if (product > productLimit || product < 1 / productLimit) {
        sum += Math.log(product);
        product = 1;
      }
    }
  }
  out[0] = sum + Math.log(product);
  return -1;
}

function factorPentadiagonal(a: Float64Array, n: number, out: Float64Array): number {
  let sum = 0,
    product = 1;
  // Inverse pivots of the two rows before, and L between them.
  let inverse1 = 0,
    inverse2 = 0,
    between = 0;
  for (let i = 0, at = 0; i < n; i++, at += 3) {
    const g2 = a[at]!,
      own = a[at + 2]!;
    const g1 = a[at + 1]! - g2 * between;
    const l2 = g2 * inverse2,
      l1 = g1 * inverse1;
    const d = own - g2 * l2 - g1 * l1;
    if (!(d > own * smallestPivot) || d === Infinity || !(d > 0)) return i;
    a[at] = l2;
    a[at + 1] = l1;
    inverse2 = inverse1;
    inverse1 = 1 / d;
    between = l1;
    a[at + 2] = inverse1;
    if (d > productLimit || d < 1 / productLimit) sum += Math.log(d);
    else {
      product *= d;
      if (product > productLimit || product < 1 / productLimit) {
        sum += Math.log(product);
        product = 1;
      }
    }
  }
  out[0] = sum + Math.log(product);
  return -1;
}

function factorGeneral(a: Float64Array, n: number, w: number, out: Float64Array): number {
  const step = w + 1;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const row = i * step + w - i; // a[row + j] is element (i, j)
    const first = i > w ? i - w : 0;
    for (let j = first; j < i; j++) {
      const other = j * step + w - j;
      const from = j - w > first ? j - w : first;
      let g = a[row + j]!;
      for (let k = from; k < j; k++) g -= a[row + k]! * a[other + k]!;
      a[row + j] = g;
    }
    const own = a[row + i]!;
    let d = own;
    for (let j = first; j < i; j++) {
      const g = a[row + j]!,
        l = g * a[j * step + w]!;
      d -= g * l;
      a[row + j] = l;
    }
    if (!(d > own * smallestPivot) || d === Infinity || !(d > 0)) return i;
    a[row + i] = 1 / d;
    sum += Math.log(d);
  }
  out[0] = sum;
  return -1;
}

/** Solves L D L^T x = b in place of b. */
export function solveBanded(a: Float64Array, n: number, w: number, x: Float64Array): void {
  if (w === 0) {
    for (let i = 0; i < n; i++) x[i] = x[i]! * a[i]!;
    return;
  }
  if (w === 1) {
    let before = 0;
    for (let i = 0, at = 0; i < n; i++, at += 2) {
      before = x[i]! - a[at]! * before;
      x[i] = before;
    }
  } else if (w === 2) {
    let before1 = 0,
      before2 = 0;
    for (let i = 0, at = 0; i < n; i++, at += 3) {
      const y = x[i]! - a[at]! * before2 - a[at + 1]! * before1;
      x[i] = y;
      before2 = before1;
      before1 = y;
    }
  } else {
    const step = w + 1;
    for (let i = 0; i < n; i++) {
      const row = i * step + w - i;
      let sum = x[i]!;
      for (let j = i > w ? i - w : 0; j < i; j++) sum -= a[row + j]! * x[j]!;
      x[i] = sum;
    }
  }
  backward(a, n, w, x, 0);
}

/** x <- mean + L^-T D^-1/2 z for z = x on entry: a draw from N(mean, (L D L^T)^-1) where z is standard normal. */
export function drawBanded(a: Float64Array, n: number, w: number, mean: Float64Array, x: Float64Array): void {
  backward(a, n, w, x, 1);
  for (let i = 0; i < n; i++) x[i] = x[i]! + mean[i]!;
}

/** Solves L^T x = D^-1 b (root 0) or L^T x = D^-1/2 b (root 1) in place of b. */
function backward(a: Float64Array, n: number, w: number, x: Float64Array, root: 0 | 1): void {
  if (w === 1) {
    let after = 0,
      l = 0;
    for (let i = n - 1, at = 2 * (n - 1); i >= 0; i--, at -= 2) {
      const inverse = a[at + 1]!;
      after = x[i]! * (root === 0 ? inverse : Math.sqrt(inverse)) - l * after;
      x[i] = after;
      l = a[at]!;
    }
    return;
  }
  if (w === 2) {
    // L_{i+1,i}, L_{i+2,i} and the L_{i+1,i-1} that the next row needs.
    let after1 = 0,
      after2 = 0,
      l1 = 0,
      l2 = 0,
      next2 = 0;
    for (let i = n - 1, at = 3 * (n - 1); i >= 0; i--, at -= 3) {
      const inverse = a[at + 2]!;
      const value = x[i]! * (root === 0 ? inverse : Math.sqrt(inverse)) - l1 * after1 - l2 * after2;
      x[i] = value;
      after2 = after1;
      after1 = value;
      l2 = next2;
      l1 = a[at + 1]!;
      next2 = a[at]!;
    }
    return;
  }
  const step = w + 1;
  for (let i = 0; i < n; i++) {
    const inverse = a[i * step + w]!;
    x[i] = x[i]! * (root === 0 ? inverse : Math.sqrt(inverse));
  }
  for (let i = n - 1; i >= 0; i--) {
    const row = i * step + w - i,
      value = x[i]!;
    for (let j = i > w ? i - w : 0; j < i; j++) x[j] = x[j]! - a[row + j]! * value;
  }
}

/** The elements of the inverse inside the band, in the layout of the matrix: Z = D^-1 L^-1 + (I - L^T) Z from the last row up. */
export function invertBanded(a: Float64Array, n: number, w: number, z: Float64Array): void {
  if (w === 0) {
    for (let i = 0; i < n; i++) z[i] = a[i]!;
    return;
  }
  if (w === 1) {
    let last = 0,
      l = 0;
    for (let i = n - 1, at = 2 * (n - 1); i >= 0; i--, at -= 2) {
      const across = -l * last;
      if (i < n - 1) z[at + 2] = across;
      last = a[at + 1]! - l * across;
      z[at + 1] = last;
      l = a[at]!;
    }
    z[0] = 0;
    return;
  }
  if (w === 2) {
    // z11 = Z_{i+1,i+1}, z21 = Z_{i+2,i+1}, z22 = Z_{i+2,i+2}.
    let z11 = 0,
      z21 = 0,
      z22 = 0,
      l1 = 0,
      l2 = 0,
      next2 = 0;
    for (let i = n - 1, at = 3 * (n - 1); i >= 0; i--, at -= 3) {
      const z10 = -(l1 * z11 + l2 * z21),
        z20 = -(l1 * z21 + l2 * z22);
      const z00 = a[at + 2]! - l1 * z10 - l2 * z20;
      if (i < n - 1) z[at + 4] = z10;
      if (i < n - 2) z[at + 6] = z20;
      z[at + 2] = z00;
      z22 = z11;
      z21 = z10;
      z11 = z00;
      l2 = next2;
      l1 = a[at + 1]!;
      next2 = a[at]!;
    }
    z[0] = 0;
    z[1] = 0;
    if (n > 1) z[3] = 0;
    return;
  }
  const step = w + 1;
  for (let j = n - 1; j >= 0; j--) {
    const last = j + w < n ? j + w : n - 1;
    let own = a[j * step + w]!;
    for (let i = last; i > j; i--) {
      // Z_ij = - sum_{k > j} L_kj Z_ik, by the lower triangle: Z_ik stands in row max(i, k).
      const row = i * step + w - i;
      let sum = 0;
      for (let k = j + 1; k <= i; k++) sum += a[k * step + w - k + j]! * z[row + k]!;
      for (let k = i + 1; k <= last; k++) sum += a[k * step + w - k + j]! * z[k * step + w - k + i]!;
      z[row + j] = -sum;
      own += a[row + j]! * sum;
    }
    z[j * step + w] = own;
  }
}
