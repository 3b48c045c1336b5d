/**
 * Variates of conditionals that only their bounds make proper: a Normal of negative precision, a Gamma of negative rate, a
 * Beta of negative shapes. Their logarithm is convex on some scale, so chords lie above it: rejection from
 * chords, with a new one at every point that was rejected (Gilks and Wild 1992, turned upside down).
 */
import type { Random } from '../generator.js';
import { drawLogConcave, logitBetaLaw } from './logConcave.js';
import { belowOne, smallestNormal } from './range.js';
import { truncatedBeta, truncatedGamma, truncatedInverseGamma } from './truncatedGamma.js';

/** A log-convex density on the line; the slopes of its logarithm f far below and far above bound its tails where an end is infinite. */
interface LogConvex {
  f(t: number): number;
  readonly slopeBelow: number;
  readonly slopeAbove: number;
}

/** A stretch under the hat: from its higher end on, the hat's logarithm falls from `top` with `slope` per unit of `direction`. */
interface Stretch {
  readonly start: number;
  readonly direction: 1 | -1;
  readonly top: number;
  /** Length and fall over it; Infinity in a tail. */
  readonly length: number;
  readonly slope: number;
}

function chord(from: number, to: number, atFrom: number, atTo: number): Stretch {
  const length = to - from,
    slope = Math.abs(atTo - atFrom) / length;
  return atTo > atFrom ? { start: to, direction: -1, top: atTo, length, slope } : { start: from, direction: 1, top: atFrom, length, slope };
}
/** The area under a stretch of the hat, with its top at one. */
function area({ length, slope }: Stretch): number {
  const fall = slope * length;
  return fall < 1e-12 ? length : -Math.expm1(-fall) / slope;
}

/**
 * A draw from a log-convex density on [low, high]; at most one end is infinite, and the density falls there. NaN where it has no finite
 * integral, or a logarithm beyond the numbers.
 */
function drawLogConvex(random: Random, { f, slopeBelow, slopeAbove }: LogConvex, low: number, high: number): number {
  if (low === high) return low;
  if ((low === -Infinity && !(slopeBelow > 0)) || (high === Infinity && !(slopeAbove < 0))) return Number.NaN;
  const points = [low, high].filter(Number.isFinite),
    heights = points.map(f);
  if (points.length === 0 || !heights.every(Number.isFinite)) return Number.NaN;
  for (;;) {
    const hat: Stretch[] = points.slice(1).map((to, k) => chord(points[k]!, to, heights[k]!, heights[k + 1]!));
    // f rises no slower than far below on its whole length, and no faster than far above.
    if (low === -Infinity) hat.push({ start: points[0]!, direction: -1, top: heights[0]!, length: Infinity, slope: slopeBelow });
    if (high === Infinity)
      hat.push({
        start: points[points.length - 1]!,
        direction: 1,
        top: heights[heights.length - 1]!,
        length: Infinity,
        slope: -slopeAbove,
      });
    const highest = Math.max(...hat.map((s) => s.top));
    const areas = hat.map((s) => area(s) * Math.exp(s.top - highest));
    let u = random.uniform() * areas.reduce((sum, a) => sum + a, 0),
      chosen = 0;
    while (chosen < hat.length - 1 && u >= areas[chosen]!) u -= areas[chosen++]!;
    const { start, direction, top, length, slope } = hat[chosen]!;
    const fall = slope * length;
    const distance = fall < 1e-12 ? random.uniform() * length : -Math.log1p(random.uniform() * Math.expm1(-fall)) / slope;
    const t = Math.min(Math.max(start + direction * distance, low), high);
    const height = f(t);
    // Between neighbouring numbers the hat has nothing to learn.
    if (points.includes(t) || random.exponential() >= top - slope * distance - height) return t;
    const at = points.findIndex((p) => p >= t),
      place = at < 0 ? points.length : at;
    points.splice(place, 0, t);
    heights.splice(place, 0, height);
  }
}

/**
 * A draw with density proportional to exp(linear x + square x^2) on [low, high] for square > 0: a Normal of negative precision, which its
 * bounds make proper. NaN where one of them is infinite.
 */
export function convexNormal(random: Random, linear: number, square: number, low: number, high: number): number {
  if (!(square > 0 && low <= high && low > -Infinity && high < Infinity)) return Number.NaN;
  // Measured from the lower bound, so that digits are not lost far from zero.
  const f = (x: number): number => (x - low) * (linear + square * (x + low));
  return drawLogConvex(random, { f, slopeBelow: Number.NaN, slopeAbove: Number.NaN }, low, high);
}

/**
 * The density proportional to x^(shape-1) e^(-rate x) on [low, high], 0 <= low: `truncatedGamma`, also where a finite high makes a negative
 * rate proper. NaN where that has no finite integral.
 */
export function boundedGamma(random: Random, shape: number, rate: number, low: number, high: number): number {
  if (!(rate < 0)) return truncatedGamma(random, shape, rate, low, high);
  if (!(low >= 0 && low <= high && high > 0)) return Number.NaN;
  const from = low > 0 ? Math.log(low) : -Infinity;
  const f = (t: number): number => shape * t - rate * Math.exp(t);
  const t = drawLogConvex(random, { f, slopeBelow: shape, slopeAbove: Infinity }, from, Math.log(high));
  const x = Math.max(Math.exp(t), smallestNormal);
  return x < low ? low : x > high ? high : x;
}

/** The same for x^(-shape-1) e^(-scale/x): `truncatedInverseGamma`, also where low > 0 makes a negative scale proper. */
export function boundedInverseGamma(random: Random, shape: number, scale: number, low: number, high: number): number {
  if (!(scale < 0)) return truncatedInverseGamma(random, shape, scale, low, high);
  if (!(low <= high)) return Number.NaN;
  const x = 1 / boundedGamma(random, shape, scale, 1 / high, 1 / low);
  return x < low ? low : x > high ? high : x;
}

/**
 * The density proportional to x^(a-1) (1-x)^(b-1) on [low, high] within [0, 1]: `truncatedBeta`, also for a <= 0 where low > 0 and for
 * b <= 0 where high < 1. NaN where that has no finite integral.
 */
export function boundedBeta(random: Random, a: number, b: number, low: number, high: number): number {
  if (a > 0 && b > 0) return truncatedBeta(random, a, b, low, high);
  if (!(low >= 0 && high <= 1 && low <= high) || !(a > 0 || low > 0) || !(b > 0 || high < 1)) return Number.NaN;
  if (low === high) return low;
  const from = low > 0 ? Math.log(low) - Math.log1p(-low) : -Infinity,
    to = high < 1 ? Math.log(high) - Math.log1p(-high) : Infinity;
  // The density of the logit t is e^(a t) / (1 + e^t)^(a + b).
  const softplus = (t: number): number => Math.max(t, 0) + Math.log1p(Math.exp(-Math.abs(t)));
  const t =
    a + b > 0
      ? drawLogConcave(random, logitBetaLaw, a, b, a > 0 ? Infinity : -Infinity, from, to)
      : drawLogConvex(random, { f: (y) => a * y - (a + b) * softplus(y), slopeBelow: a, slopeAbove: -b }, from, to);
  const x = Math.min(Math.max(1 / (1 + Math.exp(-t)), smallestNormal), belowOne);
  return x < low ? low : x > high ? high : x;
}
