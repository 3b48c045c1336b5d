/**
 * Binomial variates: inversion for small means, Hoermann's transformed rejection (1993) for large ones, masses by
 * Stirling's error and deviance (Loader 2000), so that the method is exact for any size.
 */
import { deviance } from '../../numeric/special/countMasses.js';
import { stirlingError } from '../../numeric/special/gamma.js';
import type { Random } from '../generator.js';
import { halfLogTwoPi } from '../../numeric/special/constants.js';

/** Binomial(n, p) for n p < 10: sequential inversion of one uniform. */
function binomialInversion(random: Random, n: number, p: number): number {
  const odds = p / (1 - p);
  const start = Math.exp(n * Math.log1p(-p));
  for (;;) {
    let u = random.uniform();
    let mass = start;
    let k = 0;
    // Rounding may leave a remainder of u after all the mass is spent; then draw again.
    while (k <= n && mass > 0) {
      if (u < mass) return k;
      u -= mass;
      k++;
      mass *= (odds * (n - k + 1)) / k;
    }
  }
}

/** Binomial(n, p) for n p >= 10, p <= 1/2: Hoermann, "The generation of binomial random variates" (1993), algorithm BTRS. */
function binomialRejection(random: Random, n: number, p: number): number {
  const sd = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * sd;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = n * p + 0.5;
  const squeeze = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * sd;
  const atMode = logBinomialMass(n, p, Math.floor((n + 1) * p));
  for (;;) {
    const u = random.uniform() - 0.5;
    let v = random.uniformPositive();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + c);
    if (us >= 0.07 && v <= squeeze) return k;
    if (!(k >= 0 && k <= n)) continue;
    v = Math.log((v * alpha) / (a / (us * us) + b));
    if (v <= logBinomialMass(n, p, k) - atMode) return k;
  }
}

/** log of the binomial mass at k less its part common to all k (Loader 2000). */
function logBinomialMass(n: number, p: number, k: number): number {
  if (k === 0) return n * Math.log1p(-p) - stirlingError(n) + halfLogTwoPi;
  if (k === n) return n * Math.log(p) - stirlingError(n) + halfLogTwoPi;
  const rest = n - k;
  return -stirlingError(k) - stirlingError(rest) - 0.5 * Math.log((k / n) * rest) - deviance(k, n * p) - deviance(rest, n * (1 - p));
}

/** Binomial(n, p). */
export function binomial(random: Random, n: number, p: number): number {
  if (!(n >= 0 && p >= 0 && p <= 1) || n === Infinity) return Number.NaN;
  if (n === 0 || p === 0) return 0;
  if (p === 1) return n;
  if (p > 0.5) return n - binomial(random, n, 1 - p);
  return n * p < 10 ? binomialInversion(random, n, p) : binomialRejection(random, n, p);
}
