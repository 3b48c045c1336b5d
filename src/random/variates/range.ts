/**
 * Where doubles end: variates that lie outside their range with positive probability are returned as its ends, so that
 * logarithms and reciprocals stay finite. Array variates that do not exist are NaN throughout.
 */

/**
 * Positive variates of tiny shape lie below the range of doubles with positive probability. They are
 * returned as this number instead of 0, so that logarithms and reciprocals stay finite.
 */
export const smallestNormal = 2.2250738585072014e-308;

/** The largest double below 1, for the same reason. */
export const belowOne: number = 1 - 1.1102230246251565e-16;

/** Fills the result with NaN and says that there is no law: 0. */
export function fail(out: Float64Array, offset: number, count: number): number {
  out.fill(Number.NaN, offset, offset + count);
  return 0;
}
