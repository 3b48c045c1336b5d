/**
 * The gamma function and its relatives: log Gamma, its derivatives, log beta, log binomial coefficients. Rational
 * approximations near the zeros of log Gamma, Stirling's series above 8 (DLMF 5.11); coefficients come from
 * `test/reference/special.coefficients.py`. Relative accuracy about 1e-14 (tested against mpmath); NaN outside the domain.
 */
import { halfLogTwoPi } from './constants.js';

/** log Gamma(2 + s) for |s| <= 1/2, with full relative accuracy at its zero s = 0. */
function lgammaNearTwo(s: number): number {
  const numerator =
    0.42278433509846713 +
    s *
      (0.99620296222748639 +
        s *
          (0.86049228091275975 +
            s *
              (0.35178725002779826 +
                s * (0.071051151266494528 + s * (0.0065443515552094725 + s * (0.00020732341880777067 + s * 5.2688201810238551e-7))))));
  const denominator =
    1 +
    s *
      (1.593568807714834 +
        s *
          (0.97915448047179809 +
            s * (0.29043632157265531 + s * (0.042413908909606758 + s * (0.0027340212896628737 + s * 5.4576151462967447e-5)))));
  return s * (numerator / denominator);
}

/** The series 1/(12 x) - 1/(360 x^3) + ... of `stirlingError`, for x >= 8 (DLMF 5.11.1). */
function stirlingSeries(x: number): number {
  const z = 1 / x;
  const w = z * z;
  return (
    z *
    (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * (691 / 360360 - w * (1 / 156 - w * (3617 / 122400))))))))
  );
}

/**
 * log |Gamma(x)|. Below 8 the recurrence leads to [1.5, 2.5], above it Stirling's series is used,
 * negative arguments go through the reflection formula. Infinity at 0, -1, -2, ...
 */
export function lgamma(x: number): number {
  if (x >= 8) {
    if (x > 1e17) return x * (Math.log(x) - 1);
    return (x - 0.5) * (Math.log(x) - 1) + (halfLogTwoPi - 0.5) + stirlingSeries(x);
  }
  if (x >= 2.5) {
    let product = 1;
    let y = x;
    while (y >= 2.5) {
      y -= 1;
      product *= y;
    }
    return Math.log(product) + lgammaNearTwo(y - 2);
  }
  if (x >= 1.5) return lgammaNearTwo(x - 2);
  if (x >= 0.5) return lgammaNearTwo(x - 1) - Math.log(x);
  if (x > 0) return lgammaNearTwo(x) - Math.log1p(x) - Math.log(x);
  if (x !== x) return x;
  if (x === -Infinity) return Infinity;
  const nearest = Math.round(x);
  if (nearest === x) return Infinity;
  // Gamma(x) Gamma(1 - x) = pi / sin(pi x); the argument of the sine is reduced exactly first.
  return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x - nearest)))) - lgamma(1 - x);
}

/** log Gamma(1 + x) for x > -1/2, with full relative accuracy near 0. */
export function lgamma1p(x: number): number {
  return x < 0.5 ? lgammaNearTwo(x) - Math.log1p(x) : lgamma(1 + x);
}

/** log Gamma(x + 1) - (x + 1/2) log x + x - log(2 pi)/2, the error of Stirling's formula; x > 0. */
export function stirlingError(x: number): number {
  if (x >= 8) return stirlingSeries(x);
  return lgamma1p(x) - (x + 0.5) * Math.log(x) + x - halfLogTwoPi;
}

/** Psi(x), the derivative of log Gamma. NaN at 0, -1, -2, ... */
export function digamma(x: number): number {
  if (x >= 7) return Math.log(x) - 0.5 / x - digammaTail(x);
  if (x > 0) {
    let shift = 0;
    let y = x;
    while (y > 2) {
      y -= 1;
      shift += 1 / y;
    }
    if (y < 1) {
      shift -= 1 / y;
      y += 1;
    }
    const s = y - 1;
    const numerator =
      1.2503801375034054 +
      s *
        (1.8675925104074453 +
          s *
            (0.97113275262623922 +
              s * (0.21631407251432455 + s * (0.01996408274151926 + s * (0.00058111350639856768 + s * 1.0894678528383955e-6)))));
    const denominator =
      1 +
      s *
        (2.1771665986671342 +
          s *
            (1.6630736963665909 +
              s * (0.5710455727133128 + s * (0.091119022533032848 + s * (0.0061009756924348211 + s * 0.00012043151172286901)))));
    // The positive root in two parts keeps relative accuracy next to it.
    return (y - 1.4616321449683622 - 9.5499954299656974e-17) * (numerator / denominator) + shift;
  }
  const nearest = Math.round(x);
  if (nearest === x || x === -Infinity || x !== x) return Number.NaN;
  return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - nearest));
}

/** The derivative of `digamma`. NaN at 0, -1, -2, ... */
export function trigamma(x: number): number {
  if (x <= 0) {
    const nearest = Math.round(x);
    if (nearest === x || x === -Infinity) return Number.NaN;
    const sine = Math.sin(Math.PI * (x - nearest));
    return (Math.PI / sine) ** 2 - trigamma(1 - x);
  }
  let sum = 0;
  let y = x;
  while (y < 8) {
    sum += 1 / (y * y);
    y += 1;
  }
  const z = 1 / y;
  const w = z * z;
  // DLMF 5.15.8: 1/y + 1/(2 y^2) + sum of B_2k / y^(2k+1).
  return (
    sum +
    z +
    0.5 * w +
    z * w * (1 / 6 - w * (1 / 30 - w * (1 / 42 - w * (1 / 30 - w * (5 / 66 - w * (691 / 2730 - w * (7 / 6 - w * (3617 / 510))))))))
  );
}

/** The derivative of `trigamma`, for x > 0. */
export function tetragamma(x: number): number {
  if (!(x > 0)) return Number.NaN;
  let sum = 0;
  let y = x;
  while (y < 9) {
    sum -= 2 / (y * y * y);
    y += 1;
  }
  const z = 1 / y;
  const w = z * z;
  // The derivative of the series in `trigamma`, term by term.
  return (
    sum -
    w -
    w * z -
    w * w * (1 / 2 - w * (1 / 6 - w * (1 / 6 - w * (3 / 10 - w * (5 / 6 - w * (691 / 210 - w * (35 / 2 - w * (3617 / 30))))))))
  );
}

/** log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a + b), without cancellation for large a or b. */
export function lbeta(a: number, b: number): number {
  const p = a < b ? a : b;
  const q = a < b ? b : a;
  if (p >= 8) {
    const correction = stirlingSeries(p) + stirlingSeries(q) - stirlingSeries(p + q);
    return -0.5 * Math.log(q) + halfLogTwoPi + correction + (p - 0.5) * Math.log(p / (p + q)) - q * Math.log1p(p / q);
  }
  if (q >= 8) {
    const correction = stirlingSeries(q) - stirlingSeries(p + q);
    return lgamma(p) + correction + p - p * Math.log(p + q) - (q - 0.5) * Math.log1p(p / q);
  }
  return lgamma(p) + (lgamma(q) - lgamma(p + q));
}

/**
 * log (r)_x = log Gamma(r + x) - log Gamma(r), the rising factorial (DLMF 5.2.5), without cancellation for large r; r > 0, x >= 0.
 * Below 8 r goes up by (r)_x = r (r + 1)_(x - 1); above it both are written by Stirling's series.
 */
export function logRisingFactorial(r: number, x: number): number {
  if (!(r > 0 && x >= 0)) return lgamma(r + x) - lgamma(r);
  let base = r;
  let rest = x;
  let product = 1;
  while (base < 8 && rest >= 1) {
    product *= base;
    base += 1;
    rest -= 1;
  }
  const passed = base > r ? Math.log(product) : 0;
  if (rest === 0) return passed;
  if (base < 8) return passed + (lgamma(base + rest) - lgamma(base));
  const end = base + rest;
  return passed + rest * Math.log(base) + ((end - 0.5) * Math.log1p(rest / base) - rest) + (stirlingSeries(end) - stirlingSeries(base));
}

/** Psi(r + x) - Psi(r), the derivative of `logRisingFactorial` by r, without cancellation for large r; r > 0, x >= 0. */
export function digammaRise(r: number, x: number): number {
  if (!(r > 0 && x >= 0)) return digamma(r + x) - digamma(r);
  let base = r;
  let rest = x;
  let passed = 0;
  while (base < 8 && rest >= 1) {
    passed += 1 / base;
    base += 1;
    rest -= 1;
  }
  if (rest === 0) return passed;
  if (base < 8) return passed + (digamma(base + rest) - digamma(base));
  const end = base + rest;
  return passed + Math.log1p(rest / base) + (0.5 * rest) / (base * end) + (digammaTail(base) - digammaTail(end));
}

/** log x - 1 / (2 x) - Psi(x), the rest of the asymptotic series, for x >= 7 (DLMF 5.11.2: the sum of B_2k / (2k x^2k)). */
function digammaTail(x: number): number {
  const z = 1 / x;
  const w = z * z;
  return (
    w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132 - w * (691 / 32760 - w * (1 / 12 - w * (3617 / 8160))))))))
  );
}

/** log of the binomial coefficient n over k; -Infinity for integers outside 0 <= k <= n, real n > -1 is allowed. */
export function lchoose(n: number, k: number): number {
  if (k === 0 || k === n) return 0;
  if (k < 0 || k > n) return Number.isInteger(n) && Number.isInteger(k) ? -Infinity : Number.NaN;
  return -Math.log1p(n) - lbeta(n - k + 1, k + 1);
}
