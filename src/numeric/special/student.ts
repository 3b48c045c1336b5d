/**
 * Student's t law: distribution function, its logarithm, quantiles, all by the incomplete beta function of
 * 1 / (1 + t^2/df) (DLMF 8.17), and by the leading power where t^2/df leaves the range of doubles.
 */
import { Phi, logPhi, normalQuantile } from './normal.js';
import { incompleteBeta, logIncompleteBeta, betaTailInverse } from './incompleteBeta.js';
import { lbeta } from './gamma.js';

/** The distribution function of Student's t with df degrees of freedom. */
export function studentCdf(t: number, df: number): number {
  if (!(df > 0) || Number.isNaN(t)) return Number.NaN;
  if (df > 1e16) return Phi(t);
  const ratio = t / Math.sqrt(df);
  const square = ratio * ratio;
  // The square of a farther ratio leaves the range of doubles long before the tail of a small df does.
  const tail =
    Math.abs(ratio) > 1e100
      ? Math.exp(logStudentCdf(-Math.abs(t), df))
      : 0.5 * incompleteBeta(1 / (1 + square), square / (1 + square), 0.5 * df, 0.5);
  return t < 0 ? tail : 1 - tail;
}

/** log of `studentCdf`, also where it underflows. */
export function logStudentCdf(t: number, df: number): number {
  if (!(df > 0) || Number.isNaN(t)) return Number.NaN;
  if (df > 1e16) return logPhi(t);
  if (t > 0) return Math.log1p(-studentCdf(-t, df));
  const ratio = t / Math.sqrt(df),
    square = ratio * ratio;
  // I_w(df/2, 1/2) is w^(df/2) / (df/2 B(df/2, 1/2)) for such small w = 1 / ratio^2.
  if (ratio < -1e100) return -df * (Math.log(-t) - 0.5 * Math.log(df)) - Math.log(df) - lbeta(0.5 * df, 0.5);
  return -Math.LN2 + logIncompleteBeta(1 / (1 + square), square / (1 + square), 0.5 * df, 0.5);
}

/** The inverse of `studentCdf` in t. */
export function studentQuantile(u: number, df: number): number {
  if (!(df > 0 && u >= 0 && u <= 1)) return Number.NaN;
  if (u === 0) return -Infinity;
  if (u === 1) return Infinity;
  if (df > 1e16) return normalQuantile(u);
  const tail = u < 0.5 ? u : 1 - u;
  if (tail === 0.5) return 0;
  // T^2/df = (1 - X)/X with X ~ Beta(df/2, 1/2), of which X^(df/2) / (df/2 B(df/2, 1/2)) is the distribution function near 0.
  const power = (Math.log(2 * tail) + Math.log(0.5 * df) + lbeta(0.5 * df, 0.5)) / (0.5 * df);
  const half =
    power < -40
      ? -0.5 * power
      : tail < 0.25
        ? -0.5 * betaTailInverse(2 * tail, 0.5 * df, 0.5)
        : 0.5 * betaTailInverse(1 - 2 * tail, 0.5, 0.5 * df);
  const t = Math.sqrt(df) * Math.exp(half);
  return u < 0.5 ? -t : t;
}
