/**
 * Gamma variates by Marsaglia and Tsang (2000), in logarithms where the shape is so small that they underflow, and what is
 * made of them: inverse gamma, chi-squared, beta. Parameters outside their domain give NaN.
 */
import type { Random } from '../generator.js';
import { smallestNormal, belowOne } from './range.js';

/** Gamma(shape, 1) for shape >= 1: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000). */
function standardGamma(random: Random, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    const u = random.uniformPositive();
    const square = x * x;
    if (u < 1 - 0.0331 * square * square) return d * v;
    if (Math.log(u) < 0.5 * square + d * (1 - v + Math.log(v))) return d * v;
  }
}

/**
 * Gamma(shape, 1) for shape >= 1/10. G(a) = G(a+1) U^(1/a), which cannot underflow: the smallest U is 2^-53.
 */
export function ordinaryGamma(random: Random, shape: number): number {
  return shape >= 1 ? standardGamma(random, shape) : standardGamma(random, shape + 1) * Math.exp(-random.exponential() / shape);
}

/** The logarithm of a Gamma(shape, 1) variate; finite for any shape > 0. */
export function logGamma(random: Random, shape: number): number {
  if (!(shape > 0)) return Number.NaN;
  if (shape >= 1) return Math.log(standardGamma(random, shape));
  return Math.log(standardGamma(random, shape + 1)) - random.exponential() / shape;
}

/** Gamma with the given shape and rate. */
export function gamma(random: Random, shape: number, rate: number): number {
  if (!(shape > 0 && rate > 0)) return Number.NaN;
  if (shape >= 0.1) return ordinaryGamma(random, shape) / rate;
  const x = Math.exp(logGamma(random, shape) - Math.log(rate));
  return x < smallestNormal ? smallestNormal : x;
}

/** Inverse gamma: scale / Gamma(shape, 1). */
export function inverseGamma(random: Random, shape: number, scale: number): number {
  if (!(shape > 0 && scale > 0)) return Number.NaN;
  if (shape >= 0.1) return scale / ordinaryGamma(random, shape);
  const x = Math.exp(Math.log(scale) - logGamma(random, shape));
  return x > Number.MAX_VALUE ? Number.MAX_VALUE : x;
}

/** Chi-squared with df degrees of freedom; `df` may be any positive number. */
export function chiSquared(random: Random, df: number): number {
  return 2 * gamma(random, 0.5 * df, 1);
}

/** Beta(a, b), from two gammas; kept strictly inside (0, 1). */
export function beta(random: Random, a: number, b: number): number {
  if (!(a > 0 && b > 0)) return Number.NaN;
  let x: number;
  if (a >= 0.1 && b >= 0.1) {
    const first = ordinaryGamma(random, a);
    x = first / (first + ordinaryGamma(random, b));
  } else {
    // In logarithms, because both gammas may underflow.
    x = 1 / (1 + Math.exp(logGamma(random, b) - logGamma(random, a)));
  }
  return x < smallestNormal ? smallestNormal : x > belowOne ? belowOne : x;
}
