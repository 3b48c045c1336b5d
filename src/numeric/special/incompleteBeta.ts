/**
 * The regularised incomplete beta function I_x(a, b), its logarithm and inverse, by the continued fraction of DiDonato and
 * Morris (1992) in contracted form. x and 1 - x are carried apart, so that neither loses its small digits. Relative accuracy
 * about 1e-14, tails included (tested against mpmath); NaN outside the domain.
 */
import { logMinus, sigmoid } from './elementary.js';
import { stirlingError, lbeta } from './gamma.js';
import { sqrtTwoPi, maximumTerms, epsilon, halfLogTwoPi } from './constants.js';
import { smallestTail, invertTail } from './tails.js';
import { normalQuantile } from './normal.js';

/** log(x^a y^b / B(a, b)) - log(a b / (2 pi (a + b))) / 2 with y = 1 - x, by deviances (Loader 2000). */
function betaExponent(x: number, y: number, a: number, b: number): number {
  const difference = b * x - a * y;
  return (
    a * logMinus(((a + b) / a) * x, difference / a) +
    b * logMinus(((a + b) / b) * y, -difference / b) +
    stirlingError(a + b) -
    stirlingError(a) -
    stirlingError(b)
  );
}

/** x^a y^b / B(a, b) with y = 1 - x. */
function betaPrefix(x: number, y: number, a: number, b: number): number {
  return (Math.exp(betaExponent(x, y, a, b)) * Math.sqrt(a / (a + b)) * Math.sqrt(b)) / sqrtTwoPi;
}

/** I_x(a, b) / prefix by the contracted continued fraction (DiDonato and Morris 1992), for x below about the mean. */
function betaFraction(x: number, y: number, a: number, b: number): number {
  const tiny = 1e-300;
  const lambda = a * y - b * x;
  let f = (a * (lambda + 1)) / (a + 1);
  if (f === 0) f = tiny;
  let c = f;
  let d = 0;
  for (let m = 1; m < maximumTerms; m++) {
    const s = a + 2 * m - 1;
    const an = ((a + m - 1) / s) * ((a + b + m - 1) / s) * m * (b - m) * x * x;
    const bn = m + (m * (b - m) * x) / s + ((a + m) * (lambda + 1 + m * (1 + y))) / (s + 2);
    d = bn + an * d;
    if (Math.abs(d) < tiny) d = tiny;
    c = bn + an / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    const delta = c * d;
    f *= delta;
    if (Math.abs(delta - 1) < epsilon) break;
  }
  return 1 / f;
}

/** I_x(a, b) with both x and y = 1 - x given, so that neither loses its small digits. */
export function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (!(a >= 0 && b >= 0 && x >= 0 && y >= 0)) return Number.NaN;
  if (x === 0) return 0;
  if (y === 0) return 1;
  if (a === 0) return b === 0 ? Number.NaN : 1;
  if (b === 0) return 0;
  const prefix = betaPrefix(x, y, a, b);
  if ((a + b + 2) * x <= a + 1) return prefix === 0 ? 0 : prefix * betaFraction(x, y, a, b);
  return prefix === 0 ? 1 : 1 - prefix * betaFraction(y, x, b, a);
}

/** log I_x(a, b) with both x and y = 1 - x given, also where I underflows. */
export function logIncompleteBeta(x: number, y: number, a: number, b: number): number {
  const lower = incompleteBeta(x, y, a, b);
  if (lower >= smallestTail || Number.isNaN(lower) || x === 0 || a === 0 || b === 0)
    return lower > 0.5 ? Math.log1p(-incompleteBeta(y, x, b, a)) : Math.log(lower);
  const logPrefix = betaExponent(x, y, a, b) + 0.5 * (Math.log(a / (a + b)) + Math.log(b)) - halfLogTwoPi;
  return logPrefix + Math.log(betaFraction(x, y, a, b));
}

/** The regularised incomplete beta function I_x(a, b). Where 1 - I is wanted use I_(1-x)(b, a). */
export function betaI(x: number, a: number, b: number): number {
  return incompleteBeta(x, 1 - x, a, b);
}

/** 1 - I_x(a, b), also where x is lost in 1 - x. */
export function betaIComplement(x: number, a: number, b: number): number {
  return incompleteBeta(1 - x, x, b, a);
}

/** Its logarithm. */
export function logBetaIComplement(x: number, a: number, b: number): number {
  return logIncompleteBeta(1 - x, x, b, a);
}

/** t = logit x with I_x(a, b) = tail <= 1/2; the density of logit X is log-concave. */
export function betaTailInverse(tail: number, a: number, b: number): number {
  const target = Math.log(tail);
  let start: number;
  if (a > 1 && b > 1) {
    start = Math.log(a / b) + normalQuantile(tail) * Math.sqrt(1 / a + 1 / b);
  } else {
    start = (target + Math.log(a) + lbeta(a, b)) / a;
    // I = x^a / (a B) to machine precision there.
    if (start < -40 - Math.log1p(b)) return start;
    // The power law says nothing about x near 1.
    if (start > -1) start = Math.max(-1, Math.log(a / b));
  }
  return invertTail(
    target,
    start,
    1,
    (t) => incompleteBeta(sigmoid(t), sigmoid(-t), a, b),
    (t) => betaPrefix(sigmoid(t), sigmoid(-t), a, b),
  );
}

/** x with I_x(a, b) = u. */
export function betaIInverse(u: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && u >= 0 && u <= 1)) return Number.NaN;
  if (u === 0 || u === 1) return u;
  return u <= 0.5 ? sigmoid(betaTailInverse(u, a, b)) : sigmoid(-betaTailInverse(1 - u, b, a));
}

/** The regularised incomplete beta function in logarithms, log I_x(a, b). */
export function logBetaI(x: number, a: number, b: number): number {
  return logIncompleteBeta(x, 1 - x, a, b);
}
