/**
 * The numbers behind the figures: kernel densities, ranks, autocorrelations, and series made short
 * enough to draw. Nothing here draws, and nothing is random.
 */

import { quantileOfSorted } from '../numeric/orderStatistics.js';

/** Silverman's rule of thumb (1986, eq. 3.31; R's `bw.nrd0`): 0.9 min(sd, interquartile range / 1.34) n^(-1/5). */
export function bandwidth(sorted: Float64Array): number {
  const n = sorted.length,
    mean = sorted.reduce((sum, x) => sum + x / n, 0);
  const sd = Math.sqrt(sorted.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, n - 1));
  const spread = (quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25)) / 1.34;
  const scale = spread > 0 ? Math.min(sd, spread) : sd;
  return 0.9 * scale * n ** -0.2;
}

export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Points of a density curve; bins are finer, so that the binning is not seen. */
const curvePoints = 160;
const bins = 640;

/**
 * A Gaussian kernel density over the range of the draws, reflected at both ends: draws of a bounded
 * quantity leave no mass outside, and the curve's area is 1. Null where the draws do not vary.
 * Draws are put into bins first (linear binning, Wand 1994), so the cost does not grow with their number.
 * @param reflected false for data, whose range is no bound: the curve goes on for three bandwidths to each side.
 */
export function kernelDensity(draws: Float64Array, reflected: boolean = true): Curve | null {
  return densityOfSorted(draws.filter(Number.isFinite).sort(), reflected);
}

/** The same of finite draws in increasing order: of millions the order is what takes long. */
export function densityOfSorted(sorted: Float64Array, reflected: boolean = true): Curve | null {
  const n = sorted.length;
  const low = sorted[0] ?? Number.NaN,
    high = sorted[n - 1] ?? Number.NaN,
    width = bandwidth(sorted);
  if (!(high > low) || !(width > 0)) return null;
  const step = (high - low) / (bins - 1),
    counts = new Float64Array(bins);
  for (const x of sorted) {
    const at = Math.min((x - low) / step, bins - 1),
      left = Math.min(Math.floor(at), bins - 2),
      share = at - left;
    counts[left]! += 1 - share;
    counts[left + 1]! += share;
  }
  const kernel = (distance: number): number => Math.exp(-0.5 * (distance / width) ** 2);
  const scale = 1 / (n * width * Math.sqrt(2 * Math.PI));
  const margin = reflected ? 0 : 3 * width,
    first = low - margin,
    last = high + margin;
  const x = Array.from({ length: curvePoints }, (_, k) => first + ((last - first) * k) / (curvePoints - 1));
  const y = x.map((at) => {
    let sum = 0;
    for (let b = 0; b < bins; b++) {
      if (counts[b] === 0) continue;
      const centre = low + b * step;
      // The images of a draw behind the two ends carry what would lie outside.
      const images = reflected ? kernel(at - (2 * low - centre)) + kernel(at - (2 * high - centre)) : 0;
      sum += counts[b]! * (kernel(at - centre) + images);
    }
    return sum * scale;
  });
  return { x, y };
}

/** Those of numbers in increasing order that are finite: infinities stand at the ends, NaN is last. */
export function finitePart(sorted: Float64Array): Float64Array {
  return sorted.subarray(upperBound(sorted, Number.NEGATIVE_INFINITY), lowerBound(sorted, Number.POSITIVE_INFINITY));
}

/** Relative frequencies of whole numbers, in increasing order. */
export function frequencies(draws: ArrayLike<number>): readonly { readonly value: number; readonly share: number }[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < draws.length; i++) counts.set(draws[i]!, (counts.get(draws[i]!) ?? 0) + 1);
  return [...counts].map(([value, count]) => ({ value, share: count / draws.length })).sort((a, b) => a.value - b.value);
}

/**
 * How many of each chain's draws have a rank among all draws in each of `count` equal bins (Vehtari et
 * al. 2021, section 4.2): chains that agree have about the same number in every bin. Equal draws share the
 * ranks they take up, in parts of one where these lie in several bins.
 */
export function rankCounts(chains: readonly Float64Array[], count: number): readonly (readonly number[])[] {
  const draws = chains[0]?.length ?? 0,
    total = draws * chains.length,
    width = total / count;
  const sorted = new Float64Array(total);
  chains.forEach((chain, c) => {
    sorted.set(chain, c * draws);
  });
  sorted.sort();
  // Only values at the edge of a bin can have ranks in more than one: all others lie between two of these.
  const edges = Float64Array.from(new Set(Array.from({ length: count - 1 }, (_, b) => sorted[Math.floor((b + 1) * width)]!))).filter(
    (value) => !Number.isNaN(value),
  );
  const parts = Array.from(edges, (value) => partsOfBins(lowerBound(sorted, value), upperBound(sorted, value), width, count));
  // The bin of what lies below an edge is the one in which that edge begins.
  const below = [
    ...Array.from(edges, (value) => Math.min(count - 1, Math.floor(Math.max(0, lowerBound(sorted, value) - 1) / width))),
    count - 1,
  ];
  return chains.map((chain) => {
    const counts = new Array<number>(count).fill(0),
      atEdge = new Float64Array(edges.length);
    for (const x of chain) {
      const at = lowerBound(edges, x);
      if (edges[at] === x) atEdge[at]! += 1;
      else counts[below[at]!]! += 1;
    }
    parts.forEach((shares, e) => {
      shares.forEach((share, bin) => {
        counts[bin]! += atEdge[e]! * share;
      });
    });
    return counts;
  });
}

/** What part of the ranks `from` to `to` (not included) lies in each bin. */
function partsOfBins(from: number, to: number, width: number, count: number): readonly number[] {
  return Array.from(
    { length: count },
    (_, bin) => Math.max(0, Math.min(to, (bin + 1) * width) - Math.max(from, bin * width)) / (to - from),
  );
}

/** How many of a sorted list are below a value. */
function lowerBound(sorted: Float64Array, value: number): number {
  return firstWhere(sorted, (x) => !(x < value));
}
/** How many are not above it. */
function upperBound(sorted: Float64Array, value: number): number {
  return firstWhere(sorted, (x) => !(x <= value));
}
function firstWhere(sorted: Float64Array, holds: (x: number) => boolean): number {
  let low = 0,
    high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sorted[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Autocorrelations of one chain at lags 0 to `lags`; 1 and zeros where it does not vary. */
export function autocorrelations(chain: Float64Array, lags: number): readonly number[] {
  const n = chain.length,
    mean = chain.reduce((sum, x) => sum + x / n, 0);
  const at = (lag: number): number => {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += (chain[i]! - mean) * (chain[i - lag]! - mean);
    return sum;
  };
  const variance = at(0);
  return Array.from({ length: Math.min(lags, n - 1) + 1 }, (_, lag) => (variance > 0 ? at(lag) / variance : lag === 0 ? 1 : 0));
}

/** Positions and values of a series as a drawing of `buckets` columns shows it: of each column its lowest and highest value, in order. */
export function envelope(values: Float64Array, buckets: number): { readonly x: readonly number[]; readonly y: readonly number[] } {
  const n = values.length;
  if (n <= 2 * buckets) return { x: Array.from(values, (_, i) => i), y: [...values] };
  const x: number[] = [],
    y: number[] = [];
  for (let b = 0; b < buckets; b++) {
    const from = Math.floor((b * n) / buckets),
      to = Math.floor(((b + 1) * n) / buckets);
    let low = from,
      high = from;
    for (let i = from; i < to; i++) {
      if (values[i]! < values[low]!) low = i;
      if (values[i]! > values[high]!) high = i;
    }
    for (const i of low === high ? [low] : low < high ? [low, high] : [high, low]) {
      x.push(i);
      y.push(values[i]!);
    }
  }
  return { x, y };
}

/** `count` of the numbers 0 to n - 1, evenly spread, both ends included; all where there are fewer. */
export function evenly(n: number, count: number): readonly number[] {
  if (n <= count) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: count }, (_, k) => Math.round((k * (n - 1)) / (count - 1)));
}
