/**
 * Vector variates, written to `out` from `offset` with dimensions read off the arguments. They return 1, or 0 where the law
 * does not exist (the result is then NaN throughout).
 */
import { choleskyInPlace } from '../../numeric/linearAlgebra.js';
import type { Random } from '../generator.js';
import { fail, smallestNormal } from './range.js';
import { chiSquared, ordinaryGamma, logGamma } from './gamma.js';
import { binomial } from './binomial.js';
import { betaBinomial } from './counts.js';

/** MvNormal(mean, cov), cov d x d by its lower triangle. */
export function mvNormal(
  random: Random,
  out: Float64Array,
  offset: number,
  mean: Float64Array,
  cov: Float64Array,
  d: number = mean.length,
): number {
  const scratch = random.workspace(d * d + d);
  for (let i = 0; i < d * d; i++) scratch[i] = cov[i]!;
  if (!choleskyInPlace(scratch, 0, d)) return fail(out, offset, d);
  const z = d * d;
  for (let i = 0; i < d; i++) scratch[z + i] = random.normal();
  for (let i = 0; i < d; i++) {
    let sum = mean[i]!;
    for (let k = 0; k <= i; k++) sum += scratch[i * d + k]! * scratch[z + k]!;
    out[offset + i] = sum;
  }
  return 1;
}

/** The same from the lower triangular factor l of the covariance, for many draws of one law; NaN where the factor is. */
export function mvNormalFromCholesky(
  random: Random,
  out: Float64Array,
  offset: number,
  mean: Float64Array,
  l: Float64Array,
  d: number,
): number {
  const z = random.workspace(d);
  for (let i = 0; i < d; i++) z[i] = random.normal();
  for (let i = 0; i < d; i++) {
    let sum = mean[i]!;
    for (let k = 0; k <= i; k++) sum += l[i * d + k]! * z[k]!;
    out[offset + i] = sum;
  }
  return 1;
}

/** MvStudentT(df, loc, scale), scale d x d by its lower triangle: a normal over the root of chi-squared(df) / df. */
export function mvStudentT(
  random: Random,
  out: Float64Array,
  offset: number,
  df: number,
  loc: Float64Array,
  scale: Float64Array,
  d: number = loc.length,
): number {
  if (mvNormal(random, out, offset, loc, scale, d) === 0 || !(df > 0)) return fail(out, offset, d);
  const stretch = 1 / Math.sqrt(chiSquared(random, df) / df);
  for (let i = 0; i < d; i++) out[offset + i] = loc[i]! + stretch * (out[offset + i]! - loc[i]!);
  return 1;
}

/** Dirichlet(alpha); every element is positive, as small as the range of doubles allows. */
export function dirichlet(random: Random, out: Float64Array, offset: number, alpha: Float64Array): number {
  const count = alpha.length;
  let smallest = Infinity;
  for (let k = 0; k < count; k++) {
    if (!(alpha[k]! > 0)) return fail(out, offset, count);
    if (alpha[k]! < smallest) smallest = alpha[k]!;
  }
  if (smallest >= 0.1) {
    for (let k = 0; k < count; k++) out[offset + k] = ordinaryGamma(random, alpha[k]!);
  } else {
    // In logarithms relative to the largest, because all gammas may underflow.
    let maximum = -Infinity;
    for (let k = 0; k < count; k++) {
      const t = logGamma(random, alpha[k]!);
      out[offset + k] = t;
      if (t > maximum) maximum = t;
    }
    for (let k = 0; k < count; k++) out[offset + k] = Math.exp(out[offset + k]! - maximum);
  }
  let total = 0;
  for (let k = 0; k < count; k++) total += out[offset + k]!;
  for (let k = 0; k < count; k++) {
    const p = out[offset + k]! / total;
    out[offset + k] = p < smallestNormal ? smallestNormal : p;
  }
  return 1;
}

/** Multinomial(n, probs) by conditional binomials. */
export function multinomial(random: Random, out: Float64Array, offset: number, n: number, probs: Float64Array): number {
  const count = probs.length;
  let mass = 0;
  for (let k = 0; k < count; k++) mass += probs[k]!;
  if (!(mass > 0 && n >= 0) || mass === Infinity) return fail(out, offset, count);
  let left = n;
  let last = 0;
  for (let k = 0; k < count; k++) if (probs[k]! > 0) last = k;
  for (let k = 0; k < count; k++) {
    const p = probs[k]!;
    if (p < 0) return fail(out, offset, count);
    // The last possible outcome takes the rest, whatever rounding left of the mass.
    const drawn = k === last ? left : k > last || left === 0 ? 0 : binomial(random, left, Math.min(1, p / mass));
    out[offset + k] = drawn;
    left -= drawn;
    mass -= p;
  }
  return 1;
}

/** DirichletMultinomial(n, alpha) by conditional beta-binomials. */
export function dirichletMultinomial(random: Random, out: Float64Array, offset: number, n: number, alpha: Float64Array): number {
  const count = alpha.length;
  let rest = 0;
  for (let k = 0; k < count; k++) {
    if (!(alpha[k]! > 0)) return fail(out, offset, count);
    rest += alpha[k]!;
  }
  if (!(n >= 0)) return fail(out, offset, count);
  let left = n;
  for (let k = 0; k < count; k++) {
    rest -= alpha[k]!;
    // Rounding may leave nothing of the rest before the last element, which takes what is left.
    const drawn = k === count - 1 || left === 0 ? left : betaBinomial(random, left, alpha[k]!, Math.max(rest, smallestNormal));
    out[offset + k] = drawn;
    left -= drawn;
  }
  return 1;
}
