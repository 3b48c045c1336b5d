/**
 * Metropolis-Hastings steps and draws from conditionals of no standard family, as procedures that
 * generated code calls. A step compares the density at the old and the proposed value and keeps one;
 * `correction` is log q(old | new) - log q(new | old) with the Jacobian of the coordinates included
 * (Hastings 1970). A density of NaN counts as zero density.
 */
import { choleskyInPlace, solveLower, solveLowerTransposed } from '../numeric/linearAlgebra.js';
import { logPhi } from '../numeric/special/normal.js';
import type { Random } from './generator.js';
import { tiltedUniform } from './variates/powers.js';
import { truncatedNormal } from './variates/truncatedNormal.js';

/** Accepts `proposed` with probability min(1, f(proposed)/f(current) * exp(correction)). Returns the value kept. */
export function metropolis(
  random: Random,
  logDensity: (x: number) => number,
  current: number,
  proposed: number,
  correction: number,
): number {
  // The candidate first: densities may leave their argument in the state, which is then the current value again.
  const after = logDensity(proposed);
  const before = logDensity(current);
  return accepts(random, after - before + correction, after, before) ? proposed : current;
}

function accepts(random: Random, logRatio: number, after: number, before: number): boolean {
  const u = random.uniformPositive();
  // A point of infinite density has no mass (a probability so near 1 that it rounds to it), and no proposal leads away from it.
  if (!Number.isFinite(after)) return false;
  if (!Number.isFinite(before)) return true;
  return Math.log(u) < logRatio;
}

/**
 * The same for a block of `size` numbers in memory: `proposed` is swapped in, the density (of the
 * whole state) compared, and the old values restored on rejection. Returns 1 where accepted.
 */
export function metropolisBlock(
  random: Random,
  logDensity: () => number,
  memory: Float64Array,
  offset: number,
  proposed: Float64Array,
  size: number,
  correction: number,
): number {
  const before = logDensity();
  for (let i = 0; i < size; i++) {
    const old = memory[offset + i]!;
    memory[offset + i] = proposed[i]!;
    proposed[i] = old;
  }
  const after = logDensity();
  if (accepts(random, after - before + correction, after, before)) return 1;
  for (let i = 0; i < size; i++) memory[offset + i] = proposed[i]!;
  return 0;
}

/**
 * A random walk on a covariance matrix X = L L' in the coordinates (log diagonal of L, entries below it): writes the
 * proposal to `out` and returns the log ratio of the Jacobians 2^d prod_i L_ii^(d - i + 1) (i from 0), new over old,
 * plus that of the densities of the steps back and forth: entries below the diagonal move in proportion to sqrt(X_ii),
 * which is another number after the step.
 */
export function proposeCovariance(random: Random, out: Float64Array, _offset: number, x: Float64Array, scale: number, d: number): number {
  const l = random.workspace(d * d);
  let correction = 0;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let s = x[i * d + j]!;
      for (let k = 0; k < j; k++) s -= l[i * d + k]! * l[j * d + k]!;
      if (i === j) {
        if (!(s > 0)) return NaN;
        l[i * d + i] = Math.sqrt(s);
      } else l[i * d + j] = s / l[j * d + j]!;
    }
  }
  for (let i = 0; i < d; i++) {
    const before = x[i * d + i]!;
    let squares = 0,
      after = 0;
    for (let j = 0; j < i; j++) {
      const noise = random.normal();
      l[i * d + j] = l[i * d + j]! + scale * Math.sqrt(before) * noise;
      squares += noise * noise;
      after += l[i * d + j]! ** 2;
    }
    const step = scale * random.normal();
    l[i * d + i] = l[i * d + i]! * Math.exp(step);
    after += l[i * d + i]! ** 2;
    // d - i + 1 from the map to L, and one more for the log; then i steps of another size on the way back.
    correction += (d - i + 1) * step + 0.5 * (i * Math.log(before / after) + squares * (1 - before / after));
  }
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      let s = 0;
      for (let k = 0; k <= Math.min(i, j); k++) s += l[i * d + k]! * l[j * d + k]!;
      out[i * d + j] = s;
    }
  return correction;
}

/**
 * A random walk on a correlation matrix in the inverse hyperbolic tangents of its canonical partial
 * correlations z_ij, j < i (Lewandowski, Kurowicka and Joe 2009): with R = L L' the Jacobian is
 * prod_{j<i} (1 - z_ij^2)^((d - j) / 2), the last factor of each from the tangent. Writes the proposal
 * to `out` and returns the log ratio of the Jacobians, new over old.
 */
export function proposeCorrelation(random: Random, out: Float64Array, _offset: number, x: Float64Array, scale: number, d: number): number {
  const l = random.workspace(2 * d * d);
  const next = d * d;
  let correction = 0;
  for (let i = 0; i < d; i++) {
    let oldRest = 1,
      newRest = 1;
    for (let j = 0; j < d; j++) l[next + i * d + j] = 0;
    for (let j = 0; j < i; j++) {
      let s = x[i * d + j]!;
      for (let k = 0; k < j; k++) s -= l[i * d + k]! * l[j * d + k]!;
      const entry = s / l[j * d + j]!;
      const old = entry / Math.sqrt(oldRest);
      if (!(Math.abs(old) < 1)) return NaN;
      const moved = Math.tanh(Math.atanh(old) + scale * random.normal());
      if (!(Math.abs(moved) < 1)) return NaN;
      l[i * d + j] = entry;
      l[next + i * d + j] = moved * Math.sqrt(newRest);
      oldRest *= 1 - old * old;
      newRest *= 1 - moved * moved;
      correction += 0.5 * (d - j) * (Math.log1p(-moved * moved) - Math.log1p(-old * old));
    }
    l[i * d + i] = Math.sqrt(oldRest);
    l[next + i * d + i] = Math.sqrt(newRest);
  }
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      let s = 0;
      for (let k = 0; k <= Math.min(i, j); k++) s += l[next + i * d + k]! * l[next + j * d + k]!;
      out[i * d + j] = i === j ? 1 : s;
    }
  return correction;
}

/**
 * A draw with log density a x + b x^2 + sum_k c_k |x - p_k|, b < 0: Normal pieces between the sorted
 * points (Laplace prior, Normal likelihood). NaN where improper.
 */
export function piecewiseNormal(random: Random, a: number, b: number, points: Float64Array, slopes: Float64Array): number {
  const count = points.length;
  if (!(b <= 0)) return NaN;
  // Counted from the middle of the curved part, squares of numbers far from zero do not cancel.
  const middle = b < 0 ? a / (-2 * b) : 0;
  const lean0 = b < 0 ? 0 : a;
  // Sorted points, their slopes, and the log mass and slope of each piece; nothing is allocated.
  const room = random.workspace(4 * count + 2);
  const slopeFrom = count,
    massFrom = 2 * count,
    leanFrom = 3 * count + 1;
  let slope = lean0,
    constant = 0;
  for (let k = 0; k < count; k++) {
    const p = points[k]! - middle,
      c = slopes[k]!;
    let j = k;
    for (; j > 0 && room[j - 1]! > p; j--) {
      room[j] = room[j - 1]!;
      room[slopeFrom + j] = room[slopeFrom + j - 1]!;
    }
    room[j] = p;
    room[slopeFrom + j] = c;
    slope -= c;
    constant += c * p;
  }
  let largest = -Infinity;
  for (let piece = 0; piece <= count; piece++) {
    const low = piece === 0 ? -Infinity : room[piece - 1]!,
      high = piece === count ? Infinity : room[piece]!;
    const mass = constant + logIntegral(slope, b, low, high);
    room[leanFrom + piece] = slope;
    room[massFrom + piece] = mass;
    if (mass > largest) largest = mass;
    if (piece < count) {
      const c = room[slopeFrom + piece]!;
      slope += 2 * c;
      constant -= 2 * c * high;
    }
  }
  if (!Number.isFinite(largest)) return NaN;
  let total = 0;
  for (let piece = 0; piece <= count; piece++) total += Math.exp(room[massFrom + piece]! - largest);
  let u = random.uniform() * total,
    chosen = count;
  for (let piece = 0; piece <= count; piece++) {
    u -= Math.exp(room[massFrom + piece]! - largest);
    if (u < 0) {
      chosen = piece;
      break;
    }
  }
  const low = chosen === 0 ? -Infinity : room[chosen - 1]!,
    high = chosen === count ? Infinity : room[chosen]!,
    lean = room[leanFrom + chosen]!;
  return b === 0
    ? tiltedUniform(random, lean, low, high)
    : middle + truncatedNormal(random, lean / (-2 * b), Math.sqrt(1 / (-2 * b)), low, high);
}

/** log of the integral of exp(s x + b x^2) over [low, high], b <= 0. */
function logIntegral(s: number, b: number, low: number, high: number): number {
  if (low >= high) return -Infinity;
  if (b === 0) {
    if (low === -Infinity) return s > 0 ? s * high - Math.log(s) : Infinity;
    if (high === Infinity) return s < 0 ? s * low - Math.log(-s) : Infinity;
    const t = s * (high - low);
    if (Math.abs(t) < 1e-12) return s * low + Math.log(high - low);
    return Math.max(s * low, s * high) + Math.log(-Math.expm1(-Math.abs(t)) / Math.abs(s));
  }
  const mean = s / (-2 * b),
    sd = Math.sqrt(1 / (-2 * b));
  return (s * mean) / 2 + Math.log(sd) + 0.5 * Math.log(2 * Math.PI) + logNormalInterval((low - mean) / sd, (high - mean) / sd);
}
/** log(Phi(b) - Phi(a)) in either tail, by the scaled complementary error function's continued fraction where needed. */
function logNormalInterval(a: number, b: number): number {
  if (a > 0) return logNormalInterval(-b, -a);
  if (b <= 0) {
    const upper = logLowerTail(b),
      lower = logLowerTail(a);
    return upper + Math.log(-Math.expm1(lower - upper));
  }
  return Math.log1p(-Math.exp(logLowerTail(a)) - Math.exp(logLowerTail(-b)));
}
function logLowerTail(x: number): number {
  return x === -Infinity ? -Infinity : logPhi(x);
}

/** The factor L of P = -(Q + Q') = L L' written over Q (d x d, row-major); NaN throughout where P is not positive definite. */
export function factorQuadratic(_random: Random, q: Float64Array, offset: number, d: number): void {
  for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) q[offset + i * d + j] = -(q[offset + i * d + j]! + q[offset + j * d + i]!);
  if (!choleskyInPlace(q, offset, d)) q.fill(Number.NaN, offset, offset + d * d);
}

/** Normal with potential h and precision P = -(Q + Q'), that is N(P^-1 h, P^-1). */
export function mvNormalFromQuadratic(
  random: Random,
  out: Float64Array,
  offset: number,
  h: Float64Array,
  q: Float64Array,
  d: number,
): void {
  const l = random.workspace(d * d);
  for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) l[i * d + j] = -(q[i * d + j]! + q[j * d + i]!);
  if (choleskyInPlace(l, 0, d)) mvNormalFromFactor(random, out, offset, h, l, 1, d);
  else out.fill(Number.NaN, offset, offset + d);
}

/** Normal with potential h and precision `scale` L L', scale > 0: x = (s L')^-1 ((s L)^-1 h + z), s the scale's root. */
export function mvNormalFromFactor(
  random: Random,
  out: Float64Array,
  offset: number,
  h: Float64Array,
  l: Float64Array,
  scale: number,
  d: number,
): void {
  const inverse = 1 / Math.sqrt(scale);
  for (let i = 0; i < d; i++) out[offset + i] = inverse * h[i]!;
  solveLower(l, 0, d, out, offset);
  for (let i = 0; i < d; i++) out[offset + i] = out[offset + i]! + random.normal();
  solveLowerTransposed(l, 0, d, out, offset);
  for (let i = 0; i < d; i++) out[offset + i] = inverse * out[offset + i]!;
}
