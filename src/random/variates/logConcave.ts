/**
 * Variates of a log-concave law between bounds by rejection from a hat of three pieces (Devroye 1986, VII.2), and the two
 * laws it is used for: the logarithm of a gamma and the logit of a beta variate.
 */
import type { Random } from '../generator.js';

/** A log-concave density on the line, up to a constant: its logarithm's increase from `from` to `to`, and slope at t. */
interface LogConcave {
  rise(from: number, to: number, first: number, second: number): number;
  slope(t: number, first: number, second: number): number;
}

/** log of Gamma(first, 1): density exp(first t - e^t). */
export const logGammaLaw: LogConcave = {
  rise: (from, to, shape) => shape * (to - from) - Math.exp(from) * Math.expm1(to - from),
  slope: (t, shape) => shape - Math.exp(t),
};

/** logit of Beta(first, second): density exp(first t) / (1 + e^t)^(first + second). */
export const logitBetaLaw: LogConcave = {
  rise: (from, to, a, b) => {
    // log(1 + e^to) - log(1 + e^from) = log1p(sigmoid(from) (e^(to-from) - 1)), on the side that does not overflow.
    const d = to - from;
    return d <= 0
      ? a * d - (a + b) * Math.log1p(Math.expm1(d) / (1 + Math.exp(-from)))
      : -b * d - (a + b) * Math.log1p(Math.expm1(-d) / (1 + Math.exp(from)));
  },
  slope: (t, a, b) => a / (1 + Math.exp(t)) - b / (1 + Math.exp(-t)),
};

/**
 * A point on one side of `mode` where the log density has fallen by between 1/4 and 4, or the bound if
 * it falls less. Any point makes a valid hat; this range makes a good one.
 */
function shoulder(law: LogConcave, mode: number, bound: number, side: number, first: number, second: number): number {
  let distance = 1;
  let near = 0;
  let far = Infinity;
  for (let iteration = 0; iteration < 2000; iteration++) {
    const t = mode + side * distance;
    if (side * (bound - t) <= 0 && law.rise(mode, bound, first, second) >= -4) return bound;
    const fall = -law.rise(mode, t, first, second);
    if (fall > 4 || !(side * (bound - t) > 0)) far = distance;
    else if (fall < 0.25) near = distance;
    else return t;
    if (far === Infinity) distance *= 2;
    else distance = near === 0 ? far / 4 : 0.5 * (near + far);
    if (mode + side * distance === mode) return mode;
  }
  return mode + side * distance;
}

/**
 * Draws from a log-concave law on [low, high] by rejection from a hat of three pieces: the tangents at
 * a point left and right of the mode, and the mode's height between them (Devroye 1986, VII.2;
 * Hoermann and Leydold). Exact however far in a tail the interval lies, since heights are relative to
 * the highest point of the interval. NaN where there is no such law.
 */
export function drawLogConcave(
  random: Random,
  law: LogConcave,
  first: number,
  second: number,
  mode: number,
  low: number,
  high: number,
): number {
  const top = mode < low ? low : mode > high ? high : mode;
  const left = top > low ? shoulder(law, top, low, -1, first, second) : top;
  const right = top < high ? shoulder(law, top, high, 1, first, second) : top;
  const leftSlope = law.slope(left, first, second);
  const rightSlope = law.slope(right, first, second);
  // The tangents reach the mode's height at these points; between them the hat is flat.
  const leftEnd = left > low && leftSlope > 0 ? Math.min(top, left - law.rise(top, left, first, second) / leftSlope) : low;
  const rightEnd = right < high && rightSlope < 0 ? Math.max(top, right - law.rise(top, right, first, second) / rightSlope) : high;
  const leftMass = leftEnd > low ? -Math.expm1(-leftSlope * (leftEnd - low)) : 0;
  const rightMass = rightEnd < high ? -Math.expm1(rightSlope * (high - rightEnd)) : 0;
  const leftArea = leftMass === 0 ? 0 : leftMass / leftSlope;
  const rightArea = rightMass === 0 ? 0 : rightMass / -rightSlope;
  const middleArea = rightEnd - leftEnd;
  const area = leftArea + middleArea + rightArea;
  if (!(area > 0 && area < Infinity)) return area === 0 ? top : Number.NaN;
  for (;;) {
    const u = random.uniform() * area;
    let t: number;
    let hat = 0;
    if (u < middleArea) {
      t = leftEnd + u;
    } else if (u < middleArea + leftArea) {
      const distance = -Math.log1p(-leftMass * random.uniform()) / leftSlope;
      t = leftEnd - distance;
      hat = -distance * leftSlope;
    } else {
      const distance = Math.log1p(-rightMass * random.uniform()) / rightSlope;
      t = rightEnd + distance;
      hat = distance * rightSlope;
    }
    if (random.exponential() >= hat - law.rise(top, t, first, second)) return t;
  }
}
