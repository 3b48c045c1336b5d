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
  return x >= 0 && x <= n ? logMassOfSplit(x, n - x, p, q) : Number.NaN;
}

/** log(Gamma(x + r) / (Gamma(r) x!) p^r q^x), x >= 0, r > 0, with p and q = 1 - p given. */
export function logNegativeBinomialMass(x: number, r: number, p: number, q: number): number {
  return logMassOfSplit(r, x, p, q) - Math.log1p(x / r);
}

/**
 * log(Gamma(a + b + 1) / (Gamma(a + 1) Gamma(b + 1)) p^a q^b), a, b >= 0: a binomial mass of a and b themselves, as their sum loses
 * the smaller one's digits (a negative binomial whose r is large is nearly a Poisson of x).
 */
function logMassOfSplit(a: number, b: number, p: number, q: number): number {
  if (!(a >= 0 && b >= 0 && p >= 0 && q >= 0)) return Number.NaN;
  if (a === 0) return b === 0 ? 0 : q > 0.5 ? b * Math.log1p(-p) : b * Math.log(q);
  if (b === 0) return p > 0.5 ? a * Math.log1p(-q) : a * Math.log(p);
  if (p === 0 || q === 0) return -Infinity;
  const n = a + b;
  const errors = stirlingError(n) - stirlingError(a) - stirlingError(b);
  const deviances = deviance(a, n * p) + deviance(b, n * q);
  return errors - deviances - halfLogTwoPi - 0.5 * (Math.log(a) + Math.log(b / n));
}
