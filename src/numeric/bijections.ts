/**
 * Bijections between real vectors and constrained values, with log Jacobians and their derivatives:
 * simplexes by stick-breaking, covariance matrices by the Cholesky factor with a log diagonal,
 * correlation matrices by inverse hyperbolic tangents of canonical partial correlations (Stan reference
 * manual, 10; Lewandowski, Kurowicka and Joe 2009). Procedures of generated code: the first argument,
 * the random stream, is not used; memory comes as array and offset.
 *
 * Invariant: Jacobians are those of the free coordinates of a value: all elements of a simplex but the
 * last, the lower triangle of a covariance, the triangle below the diagonal of a correlation matrix.
 */
import { choleskyInPlace } from './linearAlgebra.js';

/** x_k = z_k prod_{j<k} (1 - z_j), z_k = sigmoid(u_k - log(K - 1 - k)): u = 0 is the centre. Returns the log Jacobian. */
export function simplexFromPosition(
  _random: unknown,
  x: Float64Array,
  xOffset: number,
  u: Float64Array,
  uOffset: number,
  size: number,
): number {
  let rest = 1,
    logJacobian = 0;
  for (let k = 0; k < size - 1; k++) {
    const shifted = u[uOffset + k]! - Math.log(size - 1 - k);
    const z = 1 / (1 + Math.exp(-shifted)),
      left = 1 / (1 + Math.exp(shifted));
    logJacobian += Math.log(z) + Math.log(left) + Math.log(rest);
    x[xOffset + k] = rest * z;
    rest *= left;
  }
  x[xOffset + size - 1] = rest;
  return logJacobian;
}

/** The inverse of `simplexFromPosition`; infinite for elements that are 0. */
export function simplexToPosition(
  _random: unknown,
  x: Float64Array,
  xOffset: number,
  u: Float64Array,
  uOffset: number,
  size: number,
): void {
  // What is left after element k, summed from the small end so that it keeps its digits.
  let rest = x[xOffset + size - 1]!;
  for (let k = size - 2; k >= 0; k--) {
    u[uOffset + k] = Math.log(x[xOffset + k]!) - Math.log(rest) + Math.log(size - 1 - k);
    rest += x[xOffset + k]!;
  }
}

/** Adds to the gradient by u that by x, pulled back, and `jacobian` times the gradient of the log Jacobian. */
export function simplexPullBack(
  _random: unknown,
  gradient: Float64Array,
  gOffset: number,
  u: Float64Array,
  uOffset: number,
  out: Float64Array,
  outOffset: number,
  size: number,
  jacobian: number,
): void {
  const rests = new Float64Array(size);
  rests[0] = 1;
  for (let k = 0; k < size - 1; k++) rests[k + 1] = rests[k]! / (1 + Math.exp(u[uOffset + k]! - Math.log(size - 1 - k)));
  let byRest = gradient[gOffset + size - 1]!;
  for (let k = size - 2; k >= 0; k--) {
    const shifted = u[uOffset + k]! - Math.log(size - 1 - k);
    const z = 1 / (1 + Math.exp(-shifted)),
      left = 1 / (1 + Math.exp(shifted)),
      rest = rests[k]!;
    const own = gradient[gOffset + k]!;
    out[outOffset + k]! += (own - byRest) * rest * z * left + jacobian * (left - z);
    byRest = own * z + byRest * left + (rest > 0 ? jacobian / rest : 0);
  }
}

/** Numbers of the free coordinates of a symmetric matrix: row by row, up to and with the diagonal. */
function lowerFactor(u: Float64Array, uOffset: number, d: number): Float64Array {
  const l = new Float64Array(d * d);
  let at = uOffset;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) l[i * d + j] = u[at++]!;
    l[i * d + i] = Math.exp(u[at++]!);
  }
  return l;
}

function productWithTranspose(l: Float64Array, x: Float64Array, xOffset: number, d: number, floor: number): void {
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? floor : 0;
      for (let k = 0; k <= j; k++) sum += l[i * d + k]! * l[j * d + k]!;
      x[xOffset + i * d + j] = sum;
      x[xOffset + j * d + i] = sum;
    }
}

/** X = floor I + L L', L with log diagonal in u. Returns the log Jacobian 2^d prod_i L_ii^(d - i + 1), i from 0. */
export function covarianceFromPosition(
  _random: unknown,
  x: Float64Array,
  xOffset: number,
  u: Float64Array,
  uOffset: number,
  d: number,
  floor: number,
): number {
  const l = lowerFactor(u, uOffset, d);
  productWithTranspose(l, x, xOffset, d, floor);
  let logJacobian = d * Math.LN2,
    at = uOffset - 1;
  for (let i = 0; i < d; i++) {
    at += i + 1;
    logJacobian += (d - i + 1) * u[at]!;
  }
  return logJacobian;
}

/** The inverse of `covarianceFromPosition`; NaN where X - floor I is not positive definite. */
export function covarianceToPosition(
  _random: unknown,
  x: Float64Array,
  xOffset: number,
  u: Float64Array,
  uOffset: number,
  d: number,
  floor: number,
): void {
  const l = x.slice(xOffset, xOffset + d * d);
  for (let i = 0; i < d; i++) l[i * d + i]! -= floor;
  const fine = choleskyInPlace(l, 0, d);
  let at = uOffset;
  for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) u[at++] = !fine ? Number.NaN : i === j ? Math.log(l[i * d + i]!) : l[i * d + j]!;
}

/** (G + G') L, the gradient by L of a function of L L' with gradient G; every entry of X counts as moving by itself. */
function byFactor(gradient: Float64Array, gOffset: number, l: Float64Array, d: number): Float64Array {
  const out = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = j; k < d; k++) sum += (gradient[gOffset + i * d + k]! + gradient[gOffset + k * d + i]!) * l[k * d + j]!;
      out[i * d + j] = sum;
    }
  return out;
}

/** As `simplexPullBack`, for covariance matrices. */
export function covariancePullBack(
  _random: unknown,
  gradient: Float64Array,
  gOffset: number,
  u: Float64Array,
  uOffset: number,
  out: Float64Array,
  outOffset: number,
  d: number,
  jacobian: number,
): void {
  const l = lowerFactor(u, uOffset, d),
    g = byFactor(gradient, gOffset, l, d);
  let at = outOffset;
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++) out[at++]! += i === j ? g[i * d + i]! * l[i * d + i]! + jacobian * (d - i + 1) : g[i * d + j]!;
}

/** R = L L' with L_ij = tanh(u_ij) times what is left of the unit length of row i. Returns the log Jacobian. */
export function correlationFromPosition(
  _random: unknown,
  x: Float64Array,
  xOffset: number,
  u: Float64Array,
  uOffset: number,
  d: number,
): number {
  const l = new Float64Array(d * d);
  let logJacobian = 0,
    at = uOffset;
  for (let i = 0; i < d; i++) {
    let left = 1;
    for (let j = 0; j < i; j++) {
      const y = u[at++]!;
      l[i * d + j] = Math.tanh(y) * left;
      const cosine = 1 / Math.cosh(y);
      left *= cosine;
      logJacobian += (d - j) * Math.log(cosine);
    }
    l[i * d + i] = left;
  }
  productWithTranspose(l, x, xOffset, d, 0);
  for (let i = 0; i < d; i++) x[xOffset + i * d + i] = 1;
  return logJacobian;
}

/** The inverse of `correlationFromPosition`; NaN where R is not positive definite. */
export function correlationToPosition(
  _random: unknown,
  x: Float64Array,
  xOffset: number,
  u: Float64Array,
  uOffset: number,
  d: number,
): void {
  const l = x.slice(xOffset, xOffset + d * d);
  const fine = choleskyInPlace(l, 0, d);
  let at = uOffset;
  for (let i = 0; i < d; i++) {
    let rest = 1;
    for (let j = 0; j < i; j++) {
      u[at++] = fine ? Math.atanh(l[i * d + j]! / Math.sqrt(rest)) : Number.NaN;
      rest -= l[i * d + j]! ** 2;
    }
  }
}

/** As `simplexPullBack`, for correlation matrices. */
export function correlationPullBack(
  _random: unknown,
  gradient: Float64Array,
  gOffset: number,
  u: Float64Array,
  uOffset: number,
  out: Float64Array,
  outOffset: number,
  d: number,
  jacobian: number,
): void {
  const l = new Float64Array(d * d),
    lefts = new Float64Array(d * d);
  let at = uOffset;
  for (let i = 0; i < d; i++) {
    let left = 1;
    for (let j = 0; j < i; j++) {
      const y = u[at++]!;
      lefts[i * d + j] = left;
      l[i * d + j] = Math.tanh(y) * left;
      left /= Math.cosh(y);
    }
    l[i * d + i] = left;
  }
  const g = byFactor(gradient, gOffset, l, d);
  for (let i = 1; i < d; i++) {
    let byLeft = g[i * d + i]!;
    for (let j = i - 1; j >= 0; j--) {
      const place = (i * (i - 1)) / 2 + j,
        y = Math.tanh(u[uOffset + place]!),
        cosine = 1 / Math.cosh(u[uOffset + place]!),
        left = lefts[i * d + j]!;
      // dy = cosine^2 du and d cosine = -y cosine du.
      out[outOffset + place]! += g[i * d + j]! * left * cosine * cosine - byLeft * left * y * cosine - jacobian * (d - j) * y;
      byLeft = g[i * d + j]! * y + byLeft * cosine;
    }
  }
}
