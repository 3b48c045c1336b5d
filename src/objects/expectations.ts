/**
 * Integrals and sums over the values of a scalar law: adaptive quadrature between the breaks of the laws involved, tails in
 * panels that double, sums of counts outwards with a bound of what is left.
 *
 * Whether an integral is infinite is decided before it is computed, from the slope of the integrand's logarithm far out (and close to
 * singular ends): x^s has a finite integral towards infinity for s < -1 only, towards a finite end for s > -1 only.
 */
import { integrate } from '../numeric/quadrature.js';
import { hasAtoms, NumericLaw } from './numericLaw.js';

/** A number with an estimate of its error. */
export interface Approximation { readonly value: number; readonly error: number }

/** What is integrated: its value and, where it is not zero, the logarithm of its size. */
export interface Integrand {
  /** The integrand; +-Infinity where it is infinite on a set that counts. */
  at(x: number): number;
  /** log |integrand|, finite where the value itself would underflow or overflow. */
  logSize(x: number): number;
}

/** Margin of slopes against -1: a slope is measured to about this. */
const slopeMargin = 1e-6;
const farPairs: readonly (readonly [number, number])[] = [
  [1e100, 1e98], [1e60, 1e58], [1e30, 1e29], [1e15, 5e14], [1e8, 5e7], [1e5, 5e4], [1e4, 5e3], [2000, 1500], [1000, 800], [600, 500], [300, 250], [100, 80], [30, 25],
];
const nearPairs: readonly (readonly [number, number])[] = [[1e-100, 1e-98], [1e-30, 1e-28], [1e-12, 1e-10], [1e-9, 1e-8], [1e-7, 1e-6]];
/** Shares of the whole below which panels of a tail are no longer added. */
const negligible = 1e-17;

/** Closer to an end than this share of its size, differences from it have lost their digits; closer to 0 than this, densities overflow. */
const nearestShare = 1e-11, nearestZero = 1e-290;
/** Relative error of what `restAt` says. */
const restError = 0.005;

interface Tail { readonly infinite: boolean; readonly slope: number }

/** The slope of log |f| in the logarithm of the distance, as far out as both values are finite. */
function tailOf(f: Integrand, from: number, direction: 1 | -1, width: number, pairs: readonly (readonly [number, number])[], outwards: boolean): Tail {
  for (const [far, near] of pairs) {
    const a = from + direction * width * far, b = from + direction * width * near;
    if (!Number.isFinite(a) || a === b || a === from || b === from) continue;
    const top = f.logSize(a), below = f.logSize(b);
    // Nothing there at all: whatever is left is nearer.
    if (top === Number.NEGATIVE_INFINITY && below === Number.NEGATIVE_INFINITY && f.at(a) === 0) return { infinite: false, slope: outwards ? Number.NEGATIVE_INFINITY : 0 };
    if (!Number.isFinite(top) || !Number.isFinite(below)) continue;
    const slope = (top - below) / (Math.log(Math.abs(a - from)) - Math.log(Math.abs(b - from)));
    return { slope, infinite: outwards ? slope >= -1 - slopeMargin : slope <= -1 + slopeMargin };
  }
  return { infinite: false, slope: Number.NaN };
}

/**
 * The integral of f over low..high (either may be infinite). `breaks` are points where f may have kinks and between which it
 * is of one size. Infinity where the integral diverges.
 */
export function integral(f: Integrand, low: number, high: number, breaks: readonly number[]): Approximation {
  // Where a density overflows, or a place cannot be told from the end, only its rest is known.
  const inner = breaks.filter((x) => x - low > nearest(low) && high - x > nearest(high) && x > low && x < high && Number.isFinite(f.at(x)));
  if (inner.length === 0) inner.push(Number.isFinite(low) ? (Number.isFinite(high) ? 0.5 * (low + high) : low + 1) : Number.isFinite(high) ? high - 1 : 0);
  const first = inner[0]!, last = inner[inner.length - 1]!;
  const middle = inner[inner.length >> 1]!;
  const span = last > first ? last - first : Math.max(1, Math.abs(middle)) * 1e-3;
  for (const [end, edge] of [[low, first], [high, last]] as const) {
    const finite = Number.isFinite(end), direction = end === high ? 1 : -1;
    const tail = finite ? tailOf(f, end, direction === 1 ? -1 : 1, Math.max(Math.abs(edge - end), 1e-300), nearPairs, false) : tailOf(f, middle, direction, quartileWidth(inner), farPairs, true);
    if (tail.infinite) return { value: Number.POSITIVE_INFINITY, error: 0 };
  }
  let infinite = false;
  const value = (x: number): number => {
    // A node may be rounded to an end, where a density that is integrable may be infinite.
    if (x <= low || x >= high) return 0;
    const y = f.at(x);
    if (Number.isFinite(y)) return y;
    if (y === Number.POSITIVE_INFINITY) infinite = true;
    return 0;
  };
  const body = integrate(value, inner, { relative: 1e-13, panels: 4000 });
  let total = body.value, error = body.error, size = Math.abs(body.value);
  const panel = (a: number, b: number): number => {
    const part = integrate(value, a < b ? [a, b] : [b, a], { relative: 1e-12, absolute: 1e-16 * size, panels: 200 });
    total += part.value;
    error += part.error;
    size += Math.abs(part.value);
    return Math.abs(part.value);
  };
  for (const [end, edge, direction] of [[low, first, -1], [high, last, 1]] as const) {
    let quiet = 0, smallest = Number.POSITIVE_INFINITY;
    if (Number.isFinite(end)) {
      // Towards an end in panels of half the distance that is left.
      for (let left = Math.abs(end - edge), at = edge; at !== end && quiet < 3 && !infinite; left /= 2) {
        const next = end - direction * left / 2;
        if (left < nearest(end) || !Number.isFinite(f.at(next))) {
          const rest = restAt(f, end, -direction, left);
          total += rest;
          error += restError * Math.abs(rest);
          break;
        }
        const to = next === at || Math.abs(end - next) < 1e-300 ? end : next;
        const added = panel(at, to);
        quiet = added <= negligible * size ? quiet + 1 : 0;
        at = to;
      }
    } else {
      for (let width = span / 4, at = edge; Number.isFinite(at) && quiet < 3 && !infinite; width *= 2) {
        const to = at + direction * width;
        if (!Number.isFinite(to)) { error += smallest; break; }
        const added = panel(at, to);
        smallest = Math.min(smallest, added);
        quiet = added <= negligible * size ? quiet + 1 : 0;
        at = to;
      }
    }
  }
  return infinite ? { value: Number.POSITIVE_INFINITY, error: 0 } : { value: total, error };
}

function nearest(end: number): number { return Number.isFinite(end) ? Math.max(nearestShare * Math.abs(end), nearestZero) : 0; }

/**
 * The integral over the last `distance` before an end, from the form distance^(c - 1) (a + b log distance) that densities and
 * their logarithms have there, fitted at three places.
 */
function restAt(f: Integrand, end: number, away: number, distance: number): number {
  const step = Math.log(16);
  const [here, near, far] = [1, 16, 256].map((k) => { const x = end + away * k * distance; return Math.abs(x - end) * f.at(x); }) as [number, number, number];
  const first = Math.log(near / here), second = Math.log(far / here);
  if (!Number.isFinite(first) || !Number.isFinite(second)) return 0;
  // (1 + 2 v) / (1 + v)^2 with v the relative change of the logarithmic factor over a step.
  const bend = Math.min(1, Math.exp(second - 2 * first)), v = ((1 - bend) - Math.sqrt(1 - bend)) / bend;
  const power = (first - Math.log1p(v)) / step;
  return power > 0 ? here * (1 / power - v / step / power ** 2) : 0;
}

function quartileWidth(inner: readonly number[]): number {
  const width = inner[Math.floor(inner.length * 0.6)]! - inner[Math.floor(inner.length * 0.4)]!;
  return width > 0 ? width : Math.max(1e-3, Math.abs(inner[inner.length >> 1]!) * 1e-3);
}

/** A range of counts that is summed whole. */
const shortRange = 10_000;
/** Counts summed one by one at most; beyond, the window of the breaks is the sum. */
const mostCounts = 5e6;

/**
 * The sum of f over the integers low..high, outwards from the breaks until what is left is bounded by a geometric series that does not count.
 * Infinity where terms grow in the end.
 */
export function sum(f: Integrand, low: number, high: number, breaks: readonly number[]): Approximation {
  if (low > high) return { value: 0, error: 0 };
  // All of a short range; of a long one the part that has mass, whose ends the ends of the support are not.
  const inside = high - low < shortRange ? [low, high] : breaks.map(Math.round).filter((k) => k > low && k < high);
  const start = inside.length > 0 ? inside[0]! : Number.isFinite(low) ? low : 0, end = inside.length > 0 ? inside[inside.length - 1]! : start;
  if (!Number.isFinite(high) && growing(f, end, 1) || !Number.isFinite(low) && growing(f, start, -1)) return { value: Number.POSITIVE_INFINITY, error: 0 };
  // Kahan's compensation: a million terms lose nothing.
  let total = 0, lost = 0, size = 0, error = 0, infinite = false;
  const take = (k: number): number => {
    const y = f.at(k);
    if (y === Number.POSITIVE_INFINITY) { infinite = true; return 0; }
    const corrected = y - lost, next = total + corrected;
    lost = next - total - corrected;
    total = next;
    size += Math.abs(y);
    return Math.abs(y);
  };
  let count = 0;
  for (let k = start; k <= end && !infinite && count < mostCounts; k++, count++) take(k);
  for (const [from, step, limit] of [[end + 1, 1, high], [start - 1, -1, low]] as const) {
    let before = Number.POSITIVE_INFINITY, quiet = 0;
    for (let k = from; (step > 0 ? k <= limit : k >= limit) && !infinite && count < mostCounts; k += step, count++) {
      const y = take(k), ratio = y / before;
      before = y;
      quiet = y <= negligible * size && !(ratio > 1) ? quiet + 1 : 0;
      if (quiet >= 5) { error += ratio < 1 ? y / (1 - ratio) : y; break; }
    }
  }
  if (count >= mostCounts) error = Number.POSITIVE_INFINITY;
  return infinite ? { value: Number.POSITIVE_INFINITY, error: 0 } : { value: total, error: error + 4 * Number.EPSILON * size };
}
/** Whether terms grow (or stay) far out. */
function growing(f: Integrand, from: number, direction: 1 | -1): boolean {
  for (const far of [1e9, 1e6, 1e4, 1e3]) {
    const a = f.logSize(from + direction * far), b = f.logSize(from + direction * (far + 1));
    if (Number.isFinite(a) && Number.isFinite(b)) return b >= a;
    if (a === Number.NEGATIVE_INFINITY && f.at(from + direction * far) === 0) return false;
  }
  return false;
}

/**
 * The integral (or sum) of an integrand over the real line, with breaks at those of the laws; `over` says where the integrand is not zero.
 */
export function overValues(f: Integrand, over: readonly NumericLaw[]): Approximation {
  let low = Number.POSITIVE_INFINITY, high = Number.NEGATIVE_INFINITY, integers = true;
  const points = new Set<number>();
  for (const { support } of over) {
    if (support.kind === 'point') points.add(support.value);
    else if (support.kind === 'interval' || support.kind === 'integers') {
      low = Math.min(low, support.low);
      high = Math.max(high, support.high);
      if (support.kind === 'interval') integers = false;
    }
  }
  const breaks = [...new Set(over.flatMap((d) => [...d.breaks]))].sort((a, b) => a - b);
  if (!integers) return integral(f, low, high, breaks);
  // All the mass of a law may lie at one value that need not be a whole number.
  const apart = [...points].filter((x) => !(Number.isInteger(x) && x >= low && x <= high)).reduce((total, x) => total + f.at(x), 0);
  const counted = sum(f, low, high, breaks);
  return { value: counted.value + apart, error: counted.error };
}

/** E f(X) of a scalar law; `logSize` is log |f|. `others` are laws at whose breaks f may have kinks. */
export function expectation(p: NumericLaw, f: (x: number) => number, logSize: (x: number) => number = (x) => Math.log(Math.abs(f(x))), others: readonly NumericLaw[] = []): Approximation {
  const { law } = p;
  if (law.kind === 'censored') {
    // The draw is one of the base, moved to the bound it lies beyond.
    const low = p.number(law.low), high = p.number(law.high), moved = (x: number): number => Math.min(high, Math.max(low, x));
    return expectation(new NumericLaw(law.base, p.values), (x) => f(moved(x)), (x) => logSize(moved(x)), [...others, p]);
  }
  if ((law.kind === 'mixture' || law.kind === 'mixtureOf') && hasAtoms(law)) {
    const parts = p.components().filter((c) => c.weight > 0).map(({ weight, part }) => ({ weight, own: expectation(part, f, logSize, others) }));
    return { value: parts.reduce((total, { weight, own }) => total + weight * own.value, 0), error: parts.reduce((total, { weight, own }) => total + weight * own.error, 0) };
  }
  const value = (x: number): number => {
    const density = Math.exp(p.logProbAt(x));
    // Infinite densities are those of single places, or of what doubles cannot tell from them.
    return density === 0 ? 0 : density === Number.POSITIVE_INFINITY ? Number.NaN : density * f(x);
  };
  const over: Integrand = { at: value, logSize: (x) => p.logProbAt(x) + logSize(x) };
  if (others.length === 0) return overValues(over, [p]);
  // Where others have mass the integrand may have kinks; its range is that of p.
  const { support } = p;
  if (support.kind !== 'interval') return overValues(over, [p]);
  const breaks = [...new Set([p, ...others].flatMap((d) => [...d.breaks]))].sort((a, b) => a - b);
  return integral(over, support.low, support.high, breaks);
}
