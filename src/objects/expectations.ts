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
export interface Approximation {
  readonly value: number;
  readonly error: number;
}

/** What is integrated: its value and, where it is not zero, the logarithm of its size. */
export interface Integrand {
  /** The integrand; +-Infinity where it is infinite on a set that counts. */
  at(x: number): number;
  /** log |integrand|, finite where the value itself would underflow or overflow. */
  logSize(x: number): number;
  /**
   * The same as a function of the distance from a point, to the right (1) or left of it: close to an end the digits of that distance
   * matter. Absent: through x.
   */
  from?(end: number, away: 1 | -1): Integrand;
}

/** An integrand made of laws, which can be seen from the ends of their supports. */
export function ofLaws(laws: readonly NumericLaw[], make: (...laws: readonly NumericLaw[]) => Omit<Integrand, 'from'>): Integrand {
  return { ...make(...laws), from: (end, away) => make(...laws.map((d) => d.seenFrom(end, away))) };
}

/** Margin of slopes against -1: a slope is measured to about this. */
const slopeMargin = 1e-6;
const farPairs: readonly (readonly [number, number])[] = [
  [1e100, 1e98],
  [1e60, 1e58],
  [1e30, 1e29],
  [1e15, 5e14],
  [1e8, 5e7],
  [1e5, 5e4],
  [1e4, 5e3],
  [2000, 1500],
  [1000, 800],
  [600, 500],
  [300, 250],
  [100, 80],
  [30, 25],
];
const nearPairs: readonly (readonly [number, number])[] = [
  [1e-100, 1e-98],
  [1e-60, 1e-58],
  [1e-30, 1e-28],
  [1e-12, 1e-10],
  [1e-9, 1e-8],
  [1e-7, 1e-6],
];
/** Shares of the whole below which panels of a tail are no longer added. */
const negligible = 1e-17;

/**
 * Closer to an end than this share of its size, differences from it have lost their digits; closer than `nearestZero`, densities overflow.
 */
const nearestShare = 1e-9,
  nearestZero = 1e-290;

interface Tail {
  readonly infinite: boolean;
  readonly slope: number;
}

/** The slope of log |f| in the logarithm of the distance, as far out as both values are finite. */
function tailOf(
  f: Integrand,
  from: number,
  direction: 1 | -1,
  width: number,
  pairs: readonly (readonly [number, number])[],
  outwards: boolean,
): Tail {
  for (const [far, near] of pairs) {
    const a = from + direction * width * far,
      b = from + direction * width * near;
    if (!Number.isFinite(a) || a === b || a === from || b === from) continue;
    const top = f.logSize(a),
      below = f.logSize(b);
    // Nothing there at all: whatever is left is nearer.
    if (top === Number.NEGATIVE_INFINITY && below === Number.NEGATIVE_INFINITY && f.at(a) === 0)
      return { infinite: false, slope: outwards ? Number.NEGATIVE_INFINITY : 0 };
    if (!Number.isFinite(top) || !Number.isFinite(below)) continue;
    const slope = (top - below) / (Math.log(Math.abs(a - from)) - Math.log(Math.abs(b - from)));
    return { slope, infinite: outwards ? slope >= -1 - slopeMargin : slope <= -1 + slopeMargin };
  }
  return { infinite: false, slope: Number.NaN };
}

/** The integrand as a function of the distance from a finite end, and the least distance at which it has its digits. */
function beside(f: Integrand, end: number, away: 1 | -1): { readonly near: Integrand; readonly least: number } {
  if (end !== 0 && f.from !== undefined) return { near: f.from(end, away), least: nearestZero };
  return {
    near: { at: (d) => f.at(end + away * d), logSize: (d) => f.logSize(end + away * d) },
    least: Math.max(nearestShare * Math.abs(end), nearestZero),
  };
}

/**
 * The integral of f over low..high (either may be infinite). `breaks` are points where f may have kinks and between which it
 * is of one size. Infinity where the integral diverges.
 */
export function integral(f: Integrand, low: number, high: number, breaks: readonly number[]): Approximation {
  // Where a density overflows, or a place is not told well from the end, the ends are what the tails are worked out from.
  const apart = (end: number): number => (Number.isFinite(end) ? Math.max(1e-7 * Math.abs(end), nearestZero) : 0);
  const inner = breaks.filter((x) => x - low > apart(low) && high - x > apart(high) && x > low && x < high && Number.isFinite(f.at(x)));
  if (inner.length === 0)
    inner.push(Number.isFinite(low) ? (Number.isFinite(high) ? 0.5 * (low + high) : low + 1) : Number.isFinite(high) ? high - 1 : 0);
  const first = inner[0]!,
    last = inner[inner.length - 1]!;
  const middle = inner[inner.length >> 1]!;
  const span = last > first ? last - first : Math.max(1, Math.abs(middle)) * 1e-3;
  const ends = (
    [
      [low, first, -1],
      [high, last, 1],
    ] as const
  ).map(([end, edge, direction]) => ({
    end,
    edge,
    direction,
    close: Number.isFinite(end) ? beside(f, end, direction === 1 ? -1 : 1) : null,
  }));
  for (const { edge, end, direction, close } of ends) {
    const tail =
      close === null
        ? tailOf(f, middle, direction, quartileWidth(inner), farPairs, true)
        : tailOf(
            close.near,
            0,
            1,
            Math.max(Math.abs(edge - end), 1e-300),
            nearPairs.filter(([distance]) => distance * Math.abs(edge - end) >= close.least),
            false,
          );
    if (tail.infinite) return { value: Number.POSITIVE_INFINITY, error: 0 };
  }
  let infinite = false;
  const counted =
    (at: (x: number) => number, from: number, to: number) =>
    (x: number): number => {
      // A node may be rounded to an end, where a density that is integrable may be infinite.
      if (x <= from || x >= to) return 0;
      const y = at(x);
      if (Number.isFinite(y)) return y;
      if (y === Number.POSITIVE_INFINITY) infinite = true;
      return 0;
    };
  const value = counted((x) => f.at(x), low, high);
  const body = integrate(value, inner, { relative: 1e-13, panels: 4000 });
  let total = body.value,
    error = body.error,
    size = Math.abs(body.value);
  const panel = (g: (x: number) => number, a: number, b: number): number => {
    const part = integrate(g, a < b ? [a, b] : [b, a], { relative: 1e-12, absolute: 1e-16 * size, panels: 200 });
    total += part.value;
    error += part.error;
    size += Math.abs(part.value);
    return part.value;
  };
  for (const { end, edge, direction, close } of ends) {
    let quiet = 0,
      smallest = Number.POSITIVE_INFINITY;
    if (close !== null) {
      // Towards an end in panels of half the distance that is left.
      const near = counted((d) => close.near.at(d), 0, Number.POSITIVE_INFINITY),
        latest: number[] = [];
      for (let left = Math.abs(end - edge); left > 0 && quiet < 3 && !infinite; left /= 2) {
        if (left < close.least || !Number.isFinite(close.near.at(left / 2))) {
          const rest = restAt(close.near, left);
          total += rest;
          // The same form four panels further out, against what those panels have.
          error +=
            latest.length < 4
              ? Math.abs(rest)
              : Math.abs(restAt(close.near, 16 * left) - rest - latest.slice(-4).reduce((a, b) => a + b, 0));
          break;
        }
        const added = panel(near, left / 2, left);
        latest.push(added);
        quiet = Math.abs(added) <= negligible * size ? quiet + 1 : 0;
      }
    } else {
      for (let width = span / 4, at = edge; Number.isFinite(at) && quiet < 3 && !infinite; width *= 2) {
        const to = at + direction * width;
        if (!Number.isFinite(to)) {
          error += smallest;
          break;
        }
        const added = Math.abs(panel(value, at, to));
        smallest = Math.min(smallest, added);
        quiet = added <= negligible * size ? quiet + 1 : 0;
        at = to;
      }
    }
  }
  return infinite ? { value: Number.POSITIVE_INFINITY, error: 0 } : { value: total, error };
}

/**
 * The integral over the last `distance` before an end of a function of it, from the form distance^(c - 1) (a + b log distance) that
 * densities and their logarithms have there, fitted at three places.
 */
function restAt(f: Integrand, distance: number): number {
  const step = Math.log(16);
  const [here, near, far] = [1, 16, 256].map((k) => k * distance * f.at(k * distance)) as [number, number, number];
  const first = Math.log(near / here),
    second = Math.log(far / here);
  if (!Number.isFinite(first) || !Number.isFinite(second)) return 0;
  // (1 + 2 v) / (1 + v)^2 with v the relative change of the logarithmic factor over a step.
  const bend = Math.min(1, Math.exp(second - 2 * first)),
    v = (1 - bend - Math.sqrt(1 - bend)) / bend;
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
 * The sum of f over the integers low..high, outwards from the breaks until what is left is bounded by a geometric series that does not
 * count.
 * Infinity where terms grow in the end.
 */
export function sum(f: Integrand, low: number, high: number, breaks: readonly number[]): Approximation {
  if (low > high) return { value: 0, error: 0 };
  // All of a short range; of a long one the part that has mass, whose ends the ends of the support are not.
  const inside = high - low < shortRange ? [low, high] : breaks.map(Math.round).filter((k) => k > low && k < high);
  const start = inside.length > 0 ? inside[0]! : Number.isFinite(low) ? low : 0,
    end = inside.length > 0 ? inside[inside.length - 1]! : start;
  if ((!Number.isFinite(high) && growing(f, end, 1)) || (!Number.isFinite(low) && growing(f, start, -1)))
    return { value: Number.POSITIVE_INFINITY, error: 0 };
  // Kahan's compensation: a million terms lose nothing.
  let total = 0,
    lost = 0,
    size = 0,
    error = 0,
    infinite = false;
  const take = (k: number): number => {
    const y = f.at(k);
    if (y === Number.POSITIVE_INFINITY) {
      infinite = true;
      return 0;
    }
    const corrected = y - lost,
      next = total + corrected;
    lost = next - total - corrected;
    total = next;
    size += Math.abs(y);
    return Math.abs(y);
  };
  let count = 0;
  for (let k = start; k <= end && !infinite && count < mostCounts; k++, count++) take(k);
  for (const [from, step, limit] of [
    [end + 1, 1, high],
    [start - 1, -1, low],
  ] as const) {
    let before = Number.POSITIVE_INFINITY,
      quiet = 0;
    for (let k = from; (step > 0 ? k <= limit : k >= limit) && !infinite && count < mostCounts; k += step, count++) {
      const y = take(k),
        ratio = y / before;
      before = y;
      quiet = y <= negligible * size && !(ratio > 1) ? quiet + 1 : 0;
      if (quiet >= 5) {
        error += ratio < 1 ? y / (1 - ratio) : y;
        break;
      }
    }
  }
  if (count >= mostCounts) error = Number.POSITIVE_INFINITY;
  return infinite ? { value: Number.POSITIVE_INFINITY, error: 0 } : { value: total, error: error + 4 * Number.EPSILON * size };
}
/** Whether terms grow (or stay) far out. */
function growing(f: Integrand, from: number, direction: 1 | -1): boolean {
  for (const far of [1e9, 1e6, 1e4, 1e3]) {
    const a = f.logSize(from + direction * far),
      b = f.logSize(from + direction * (far + 1));
    if (Number.isFinite(a) && Number.isFinite(b)) return b >= a;
    if (a === Number.NEGATIVE_INFINITY && f.at(from + direction * far) === 0) return false;
  }
  return false;
}

/**
 * The integral (or sum) of an integrand over the real line, with breaks at those of the laws; `over` says where the integrand is not zero.
 */
export function overValues(f: Integrand, over: readonly NumericLaw[]): Approximation {
  let low = Number.POSITIVE_INFINITY,
    high = Number.NEGATIVE_INFINITY,
    integers = true;
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
  if (!integers) {
    // A density may be singular where its support ends, which may lie inside that of another law.
    const ends = over
      .flatMap(({ support }) => (support.kind === 'interval' ? [support.low, support.high] : []))
      .filter((x) => x > low && x < high);
    const cuts = [low, ...[...new Set(ends)].sort((a, b) => a - b), high];
    return cuts
      .slice(1)
      .map((to, k) => integral(f, cuts[k]!, to, breaks))
      .reduce((a, b) => ({
        value: a.value + b.value,
        error: a.value === Number.POSITIVE_INFINITY || b.value === Number.POSITIVE_INFINITY ? 0 : a.error + b.error,
      }));
  }
  // All the mass of a law may lie at one value that need not be a whole number.
  const apart = [...points].filter((x) => !(Number.isInteger(x) && x >= low && x <= high)).reduce((total, x) => total + f.at(x), 0);
  const counted = sum(f, low, high, breaks);
  return { value: counted.value + apart, error: counted.error };
}

/** E f(X) of a scalar law; `logSize` is log |f|. `others` are laws at whose breaks f may have kinks. */
export function expectation(
  p: NumericLaw,
  f: (x: number) => number,
  logSize: (x: number) => number = (x) => Math.log(Math.abs(f(x))),
  others: readonly NumericLaw[] = [],
): Approximation {
  const { law } = p;
  if (law.kind === 'censored') {
    // The draw is one of the base, moved to the bound it lies beyond.
    const low = p.number(law.low),
      high = p.number(law.high),
      moved = (x: number): number => Math.min(high, Math.max(low, x));
    return expectation(
      new NumericLaw(law.base, p.values),
      (x) => f(moved(x)),
      (x) => logSize(moved(x)),
      [...others, p],
    );
  }
  if ((law.kind === 'mixture' || law.kind === 'mixtureOf') && hasAtoms(law)) {
    const parts = p
      .components()
      .filter((c) => c.weight > 0)
      .map(({ weight, part }) => ({ weight, own: expectation(part, f, logSize, others) }));
    return {
      value: parts.reduce((total, { weight, own }) => total + weight * own.value, 0),
      error: parts.reduce((total, { weight, own }) => total + weight * own.error, 0),
    };
  }
  return integralOver(p, others, { at: (x) => weighted(p.logProbAt(x), f, x), logSize: (x) => p.logProbAt(x) + logSize(x) });
}
/** A density times a function. Infinite densities are those of single places, or of what doubles cannot tell from them. */
function weighted(logDensity: number, f: (x: number) => number, x: number): number {
  const density = Math.exp(logDensity);
  return density === 0 ? 0 : density === Number.POSITIVE_INFINITY ? Number.NaN : density * f(x);
}
/** The integral over the range of p; where others have mass the integrand may have kinks. */
function integralOver(p: NumericLaw, others: readonly NumericLaw[], over: Integrand): Approximation {
  const { support } = p;
  if (others.length === 0 || support.kind !== 'interval') return overValues(over, [p]);
  const breaks = [...new Set([p, ...others].flatMap((d) => [...d.breaks]))].sort((a, b) => a - b);
  return integral(over, support.low, support.high, breaks);
}

/** E f(X) for an f that is made of the densities of the laws themselves. */
export function expectationUnder(
  p: NumericLaw,
  others: readonly NumericLaw[],
  make: (...laws: readonly NumericLaw[]) => (x: number) => number,
): Approximation {
  const laws = [p, ...others];
  if (laws.some((d) => d.support.kind !== 'interval' || hasAtoms(d.law))) return expectation(p, make(...laws), undefined, others);
  return integralOver(
    p,
    others,
    ofLaws(laws, (...here) => {
      const f = make(...here),
        own = here[0]!;
      return { at: (x) => weighted(own.logProbAt(x), f, x), logSize: (x) => own.logProbAt(x) + Math.log(Math.abs(f(x))) };
    }),
  );
}
