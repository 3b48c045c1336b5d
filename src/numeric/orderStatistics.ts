/**
 * Quantiles of samples, by linear interpolation of order statistics: type 7 of Hyndman and Fan,
 * Sample quantiles in statistical packages (1996), the default of R and NumPy.
 */

/** The quantile at a level in [0, 1] of numbers sorted upwards; NaN where there are none. */
export function quantileOfSorted(sorted: ArrayLike<number>, level: number): number {
  const at = (sorted.length - 1) * level,
    low = Math.floor(at);
  const below = sorted[low] ?? Number.NaN,
    above = sorted[Math.min(low + 1, sorted.length - 1)] ?? Number.NaN;
  return below + (at - low) * (above - below);
}
