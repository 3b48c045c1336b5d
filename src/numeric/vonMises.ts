/**
 * Modified Bessel functions of order 0 and 1 and the von Mises law on the circle: distribution function, masses, quantiles. The
 * density e^(concentration cos(x - loc)) is integrated from its mode outwards by Gauss-Kronrod panels, so that tails of any depth
 * keep their digits (tested against mpmath). Arguments outside a domain give NaN, nothing throws.
 */
import { gaussKronrod } from './quadrature.js';

/** Above this argument the asymptotic series reaches machine precision, below it the power series has few terms. */
const besselSwitch = 20;

/** The sum of the power series of I_order(x) (x / 2)^-order less its first term, order 0 or 1. */
function besselSeries(x: number, order: number): number {
  const square = 0.25 * x * x;
  let term = 1,
    sum = 0;
  for (let k = 1; term > 1e-18 * (1 + sum); k++) {
    term *= square / (k * (k + order));
    sum += term;
  }
  return sum;
}
/** sqrt(2 pi x) e^-x I_order(x) for x >= 20 (DLMF 10.40.1). */
function besselAsymptotic(x: number, order: number): number {
  let term = 1,
    sum = 1;
  for (let k = 1; k < 60; k++) {
    const next = (-term * (4 * order * order - (2 * k - 1) ** 2)) / (8 * k * x);
    if (Math.abs(next) < 1e-18 || Math.abs(next) > Math.abs(term)) break;
    term = next;
    sum += term;
  }
  return sum;
}

/** log(e^-x I_0(x)), x >= 0, I_0 the modified Bessel function. */
export function logScaledBesselI0(x: number): number {
  if (!(x >= 0)) return Number.NaN;
  if (x < besselSwitch) return Math.log1p(besselSeries(x, 0)) - x;
  return Math.log(besselAsymptotic(x, 0)) - 0.5 * Math.log(2 * Math.PI * x);
}
/** I_1(x) / I_0(x), x >= 0: the mean resultant length of a von Mises law. */
export function besselRatio(x: number): number {
  if (!(x >= 0)) return Number.NaN;
  if (x === Infinity) return 1;
  if (x < besselSwitch) return (0.5 * x * (1 + besselSeries(x, 1))) / (1 + besselSeries(x, 0));
  return besselAsymptotic(x, 1) / besselAsymptotic(x, 0);
}

/**
 * The integral of weight(d) e^(-2 concentration sin^2(d / 2)) over angles d = low..high measured from the mode, as
 * value e^scale, so that tails of any depth keep their digits.
 */
function vonMisesIntegral(
  low: number,
  high: number,
  concentration: number,
  weight: (d: number) => number,
): { readonly value: number; readonly scale: number } {
  const parts: { readonly shift: number; readonly sum: number }[] = [];
  for (let turn = Math.floor((low + Math.PI) / (2 * Math.PI)); 2 * Math.PI * turn - Math.PI < high; turn++) {
    const from = Math.max(low - 2 * Math.PI * turn, -Math.PI),
      to = Math.min(high - 2 * Math.PI * turn, Math.PI);
    // Either side of the mode the density falls; it is symmetric.
    if (from < Math.min(to, 0)) parts.push(vonMisesSide(Math.max(-to, 0), -from, concentration, (d) => weight(-d)));
    if (to > Math.max(from, 0)) parts.push(vonMisesSide(Math.max(from, 0), to, concentration, weight));
  }
  const scale = parts.reduce((best, { shift }) => Math.max(best, shift), -Infinity);
  return { scale, value: parts.reduce((total, { shift, sum }) => total + sum * Math.exp(shift - scale), 0) };
}
/** The same over 0 <= near..far <= pi, where the density falls: sum e^shift with e^shift the density at `near`. */
function vonMisesSide(
  near: number,
  far: number,
  concentration: number,
  weight: (d: number) => number,
): { readonly shift: number; readonly sum: number } {
  // sin^2(d / 2) - sin^2(near / 2) without cancellation.
  const relative = (d: number): number => Math.exp(-2 * concentration * Math.sin(0.5 * (d + near)) * Math.sin(0.5 * (d - near)));
  const sine = Math.sin(0.5 * near);
  let sum = 0;
  for (let d = near; d < far; ) {
    // Panels over which the density falls by about e^4: 21 points still take it to the last digits.
    const next = Math.min(far, d + 4 / (1 + Math.sqrt(concentration) + concentration * Math.abs(Math.sin(d))));
    if (!(next > d)) break;
    sum += gaussKronrod((t) => weight(t) * relative(t), d, next).value;
    d = next;
    // What is left is below (far - d) relative(d), the whole about the first panel.
    if (relative(d) * (1 + concentration) < 1e-20) break;
  }
  return { shift: -2 * concentration * sine * sine, sum };
}
/** The logarithm of the constant that the density e^(-2 concentration sin^2(d / 2)) is divided by. */
function vonMisesConstant(concentration: number): number {
  return Math.log(2 * Math.PI) + logScaledBesselI0(concentration);
}
function vonMisesMass(low: number, high: number, concentration: number, weight: (d: number) => number): number {
  const { value, scale } = vonMisesIntegral(low, high, concentration, weight);
  return value === 0 ? 0 : value * Math.exp(scale - vonMisesConstant(concentration));
}
/** loc moved by whole turns into [-pi, pi). */
function turned(loc: number): number {
  return loc - 2 * Math.PI * Math.floor((loc + Math.PI) / (2 * Math.PI));
}

/** P(-pi <= X <= x), X the angle of a von Mises law. */
export function vonMisesCdf(x: number, loc: number, concentration: number): number {
  if (!(concentration >= 0) || Number.isNaN(x + loc)) return Number.NaN;
  const mode = turned(loc);
  return x <= -Math.PI ? 0 : x >= Math.PI ? 1 : vonMisesMass(-Math.PI - mode, x - mode, concentration, () => 1);
}
/** P(X > x), X the angle of a von Mises law. */
export function vonMisesSurvival(x: number, loc: number, concentration: number): number {
  if (!(concentration >= 0) || Number.isNaN(x + loc)) return Number.NaN;
  const mode = turned(loc);
  return x <= -Math.PI ? 1 : x >= Math.PI ? 0 : vonMisesMass(x - mode, Math.PI - mode, concentration, () => 1);
}
/** log P(low <= X <= high), also where it underflows; bounds beyond the circle are its ends. */
export function logVonMisesMass(low: number, high: number, loc: number, concentration: number): number {
  if (!(concentration >= 0) || Number.isNaN(low + high + loc)) return Number.NaN;
  const from = Math.max(low, -Math.PI),
    to = Math.min(high, Math.PI);
  if (from >= to) return -Infinity;
  const mode = turned(loc),
    outside =
      vonMisesMass(-Math.PI - mode, from - mode, concentration, () => 1) + vonMisesMass(to - mode, Math.PI - mode, concentration, () => 1);
  if (outside < 0.5) return Math.log1p(-outside);
  const { value, scale } = vonMisesIntegral(from - mode, to - mode, concentration, () => 1);
  return Math.log(value) + scale - vonMisesConstant(concentration);
}
/** The derivative of `vonMisesCdf` in the concentration. */
export function vonMisesCdfSlope(x: number, loc: number, concentration: number): number {
  if (!(concentration >= 0) || Number.isNaN(x + loc)) return Number.NaN;
  if (x <= -Math.PI || x >= Math.PI) return 0;
  const mode = turned(loc),
    length = besselRatio(concentration);
  return vonMisesMass(-Math.PI - mode, x - mode, concentration, (d) => Math.cos(d) - length);
}
/** The derivative of `logVonMisesMass` in the concentration. */
export function logVonMisesMassSlope(low: number, high: number, loc: number, concentration: number): number {
  if (!(concentration >= 0) || Number.isNaN(low + high + loc)) return Number.NaN;
  const mode = turned(loc),
    length = besselRatio(concentration),
    from = Math.max(low, -Math.PI) - mode,
    to = Math.min(high, Math.PI) - mode;
  if (from >= to) return Number.NaN;
  return (
    vonMisesIntegral(from, to, concentration, (d) => Math.cos(d) - length).value / vonMisesIntegral(from, to, concentration, () => 1).value
  );
}
/** x with `vonMisesCdf` = u, by Newton's method kept within a shrinking bracket. */
export function vonMisesQuantile(u: number, loc: number, concentration: number): number {
  if (!(u >= 0 && u <= 1 && concentration >= 0) || Number.isNaN(loc)) return Number.NaN;
  if (u === 0) return -Math.PI;
  if (u === 1) return Math.PI;
  const constant = Math.log(2 * Math.PI) + logScaledBesselI0(concentration),
    mode = turned(loc);
  let low = -Math.PI,
    high = Math.PI;
  let x = mode;
  for (let iteration = 0; iteration < 200; iteration++) {
    // Each half is measured in its own tail, in logarithms, so that both ends keep their digits and the steps their size.
    const logTail = u <= 0.5 ? logVonMisesMass(-Math.PI, x, loc, concentration) : logVonMisesMass(x, Math.PI, loc, concentration);
    const excess = u <= 0.5 ? logTail - Math.log(u) : Math.log1p(-u) - logTail;
    if (excess === 0) return x;
    if (excess > 0) high = x;
    else low = x;
    const sine = Math.sin(0.5 * (x - mode));
    const next = x - excess * Math.exp(logTail + 2 * concentration * sine * sine + constant);
    const step = next > low && next < high ? next : 0.5 * (low + high);
    if (Math.abs(step - x) <= 1e-15 * Math.max(1e-3, Math.abs(x)) || step === x) return step;
    x = step;
  }
  return x;
}
