/**
 * Slice sampling of one coordinate (Neal, "Slice sampling", 2003) on the line, the integers and the circle. Each is a
 * transition that leaves the density invariant whatever its width.
 */
import type { Random } from './generator.js';

/** Stepping out goes at most this many widths; the limit is split at random, which keeps the kernel exact. */
const steppingLimit = 64;

/** Shrinkage halves the interval about once a step; after so many it has shrunk to the current point. */
const shrinkingLimit = 400;

/** A point of infinite density (a probability so near 1 that it rounds to it) has no mass, and no move leads away from it. */
function isAbove(density: number, level: number): boolean {
  return density > level && density < Infinity;
}

/**
 * One transition of the univariate slice sampler with stepping out and shrinkage (Neal, "Slice
 * sampling", 2003, figures 3 and 5). Leaves exp(density) on [low, high] invariant.
 * @param density log density up to a constant; -Infinity or NaN outside the support
 * @param width typical size of the slice, > 0; any value is valid
 * @returns the new point, or x where the density at x is not finite
 */
export function sliceSample(random: Random, density: (x: number) => number, x: number, width: number, low: number, high: number): number {
  const here = density(x);
  if (!(here > -Infinity && here < Infinity)) return x;
  const level = here - random.exponential();
  let left = x - width * random.uniform();
  let right = left + width;
  let leftSteps = random.integer(steppingLimit);
  let rightSteps = steppingLimit - 1 - leftSteps;
  while (leftSteps-- > 0 && left > low && density(left) > level) left -= width;
  while (rightSteps-- > 0 && right < high && density(right) > level) right += width;
  if (left < low) left = low;
  if (right > high) right = high;
  for (let iteration = 0; iteration < shrinkingLimit; iteration++) {
    const proposal = left + (right - left) * random.uniform();
    if (proposal >= low && proposal <= high && isAbove(density(proposal), level)) return proposal;
    if (proposal < x) left = proposal;
    else right = proposal;
  }
  return x;
}

/**
 * The same for an integer x in [low, high]: the slice sampler on the line for the density that is
 * constant on [k, k + 1), started at a uniform point of [x, x + 1), so that integers keep their masses.
 * @param density log mass up to a constant, called with integers only
 * @param width at least 1
 */
export function sliceSampleInteger(
  random: Random,
  density: (k: number) => number,
  x: number,
  width: number,
  low: number,
  high: number,
): number {
  const here = density(x);
  if (!(here > -Infinity && here < Infinity)) return x;
  const level = here - random.exponential();
  const point = x + random.uniform();
  let left = point - width * random.uniform();
  let right = left + width;
  let leftSteps = random.integer(steppingLimit);
  let rightSteps = steppingLimit - 1 - leftSteps;
  while (leftSteps-- > 0 && left >= low && density(Math.floor(left)) > level) left -= width;
  while (rightSteps-- > 0 && right < high + 1 && density(Math.floor(right)) > level) right += width;
  if (left < low) left = low;
  if (right > high + 1) right = high + 1;
  for (let iteration = 0; iteration < shrinkingLimit; iteration++) {
    const proposal = left + (right - left) * random.uniform();
    const k = Math.floor(proposal);
    if (k >= low && k <= high && density(k) > level) return k;
    if (proposal < point) left = proposal;
    else right = proposal;
  }
  return x;
}

/**
 * The same for x on a circle cut open between `low` and `high`: the first interval is the whole circle at a random place, so
 * that x leaves over one end and comes back over the other.
 */
export function sliceSampleCircle(random: Random, density: (x: number) => number, x: number, low: number, high: number): number {
  const here = density(x);
  if (!(here > -Infinity && here < Infinity)) return x;
  const level = here - random.exponential();
  const period = high - low;
  let left = x - period * random.uniform();
  let right = left + period;
  for (let iteration = 0; iteration < shrinkingLimit; iteration++) {
    const proposal = left + (right - left) * random.uniform();
    const place = proposal < low ? proposal + period : proposal > high ? proposal - period : proposal;
    if (isAbove(density(place), level)) return place;
    if (proposal < x) left = proposal;
    else right = proposal;
  }
  return x;
}
