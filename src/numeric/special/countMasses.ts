/**
 * Logarithms of the masses of counts by Stirling's error and deviance (Loader, "Fast and accurate computation of binomial
 * probabilities", 2000): nothing of the size of the counts cancels. NaN outside the domain.
 */
import { logMinus } from './elementary.js';
import { stirlingError } from './gamma.js';
import { halfLogTwoPi } from './constants.js';

/** x log(x/m) + m - x, the deviance of Loader (2000), without cancellation for m near x; x, m > 0. */
export function deviance(x: number, m: number): number {
  return -x * logMinus(m / x, (m - x) / x);
}

/**
 * log(rate^x e^-rate / Gamma(x + 1)), x >= 0, by Stirling's error and deviance (Loader, "Fast and accurate computation of binomial
 * probabilities", 2000): nothing of the size of x cancels.
 */
export function logPoissonMass(x: number, rate: number): number {
  if (!(x >= 0 && rate >= 0)) return Number.NaN;
  if (x === 0) return -rate;
  return rate === 0 ? -Infinity : -stirlingError(x) - deviance(x, rate) - halfLogTwoPi - 0.5 * Math.log(x);
}

/** log(C(n, x) p^x q^(n - x)), 0 <= x <= n, with p and q = 1 - p given, so that neither loses its small digits (Loader 2000). */
export function logBinomialMass(x: number, n: number, p: number, q: number): number {
  if (!(x >= 0 && x <= n && p >= 0 && q >= 0)) return Number.NaN;
  if (x === 0) return n === 0 ? 0 : q > 0.5 ? n * Math.log1p(-p) : n * Math.log(q);
  if (x === n) return p > 0.5 ? n * Math.log1p(-q) : n * Math.log(p);
  if (p === 0 || q === 0) return -Infinity;
  const errors = stirlingError(n) - stirlingError(x) - stirlingError(n - x);
  return errors - deviance(x, n * p) - deviance(n - x, n * q) - halfLogTwoPi - 0.5 * (Math.log(x) + Math.log1p(-x / n));
}

/** log(Gamma(x + r) / (Gamma(r) x!) p^r q^x), x >= 0, r > 0, with p and q = 1 - p given. */
export function logNegativeBinomialMass(x: number, r: number, p: number, q: number): number {
  return x === 0 ? logBinomialMass(0, r, q, p) : logBinomialMass(r, r + x, p, q) - Math.log1p(x / r);
}
