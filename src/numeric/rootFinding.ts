/**
 * The argument at which an increasing function has a given value, by Chandrupatla's method (Chandrupatla 1997, Advances
 * in Engineering Software 28): inverse quadratic interpolation where it is safe, bisection elsewhere. The bracket is
 * found by steps that grow, so that the ends of the interval may be infinite.
 */

/** Steps towards a bracket; the last reach the ends of the floating point numbers. */
const growth = 8,
  mostSteps = 400;
const largest = Number.MAX_VALUE;

/**
 * The x in low..high with f(x) = 0, for an f that increases there; an end where f has the same sign everywhere. Where f is not a
 * number (beyond what doubles hold), it counts as negative left of the middle and positive right of it. NaN for an f without numbers.
 */
export function rootOfIncreasing(f: (x: number) => number, low: number, high: number): number {
  if (!(low < high)) return low === high ? low : Number.NaN;
  const middle =
    low > -Infinity && high < Infinity
      ? low + 0.5 * (high - low)
      : low > -Infinity
        ? low + Math.max(1, Math.abs(low))
        : high < Infinity
          ? high - Math.max(1, Math.abs(high))
          : 0;
  const at = (x: number): number => {
    const y = f(x);
    return Number.isNaN(y) ? (x > middle ? Infinity : x < middle ? -Infinity : Number.NaN) : y;
  };
  const start = at(middle);
  if (Number.isNaN(start)) return Number.NaN;
  if (start === 0) return middle;
  // The other side of the root is looked for away from the middle.
  const direction = start < 0 ? 1 : -1,
    end = Math.max(-largest, Math.min(largest, direction > 0 ? high : low));
  let near = middle,
    nearValue = start,
    far = middle,
    farValue = start;
  for (let step = Math.min(1, 0.25 * Math.abs(end - middle)); farValue * direction < 0; step *= growth) {
    if (far === end) return direction > 0 ? high : low;
    near = far;
    nearValue = farValue;
    far = direction > 0 ? Math.min(end, middle + step) : Math.max(end, middle - step);
    farValue = at(far);
  }
  return farValue === 0 ? far : between(at, near, nearValue, far, farValue);
}

/** A point between a and b that halves their logarithms where they differ in size, else their distance. */
function halfway(a: number, b: number): number {
  const [small, big] = Math.abs(a) < Math.abs(b) ? [a, b] : [b, a];
  if (small * big < 0 || Math.abs(big) <= 8 * Math.abs(small)) return a + 0.5 * (b - a);
  return Math.sign(big) * Math.sqrt(Math.max(Math.abs(small), Number.MIN_VALUE)) * Math.sqrt(Math.abs(big));
}

/** The root between a and b, at which f has different signs. */
function between(f: (x: number) => number, from: number, atFrom: number, to: number, atTo: number): number {
  // a is the latest point, b the end on the other side of the root, c the point before.
  let a = from,
    fa = atFrom,
    b = to,
    fb = atTo,
    c: number,
    fc: number,
    share = 0.5;
  for (let step = 0; step < mostSteps; step++) {
    const x = share === 0.5 ? halfway(a, b) : a + share * (b - a),
      fx = f(x);
    if (fx === 0) return x;
    // Rounded to an end: nothing lies between.
    if (x === a || x === b) return Math.abs(fa) < Math.abs(fb) ? a : b;
    if (fx < 0 === fa < 0) {
      c = a;
      fc = fa;
    } else {
      c = b;
      fc = fb;
      b = a;
      fb = fa;
    }
    a = x;
    fa = fx;
    const width = Math.abs(b - a),
      best = Math.abs(fa) < Math.abs(fb) ? a : b;
    const least = 2 ** -52 * Math.abs(best) + Number.MIN_VALUE;
    if (width <= least) return best;
    // Where the inverse function is close to a parabola through the three points.
    const xi = (a - b) / (c - b),
      phi = (fa - fb) / (fc - fb);
    const safe = Number.isFinite(fa) && Number.isFinite(fb) && Number.isFinite(fc) && phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi;
    const interpolated = (fa / (fb - fa)) * (fc / (fb - fc)) + ((c - a) / (b - a)) * (fa / (fc - fa)) * (fb / (fc - fb));
    const edge = Math.min(0.5, (0.5 * least) / width);
    share = safe && interpolated > 0 && interpolated < 1 ? Math.min(1 - edge, Math.max(edge, interpolated)) : 0.5;
  }
  return Math.abs(fa) < Math.abs(fb) ? a : b;
}
