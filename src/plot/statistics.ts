/**
 * The numbers behind the figures: kernel densities, ranks, autocorrelations, and series made short
 * enough to draw. Nothing here draws, and nothing is random.
 */

import { quantileOfSorted } from '../numeric/orderStatistics.js';

/** Silverman's rule of thumb (1986, eq. 3.31; R's `bw.nrd0`): 0.9 min(sd, interquartile range / 1.34) n^(-1/5). */
export function bandwidth(sorted: Float64Array): number {
  const n = sorted.length, mean = sorted.reduce((sum, x) => sum + x / n, 0);
  const sd = Math.sqrt(sorted.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, n - 1));
  const spread = (quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25)) / 1.34;
  const scale = spread > 0 ? Math.min(sd, spread) : sd;
  return 0.9 * scale * n ** -0.2;
}

export interface Curve { readonly x: readonly number[]; readonly y: readonly number[] }

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
  const sorted = draws.filter(Number.isFinite).sort(), n = sorted.length;
  const low = sorted[0] ?? Number.NaN, high = sorted[n - 1] ?? Number.NaN, width = bandwidth(sorted);
  if (!(high > low) || !(width > 0)) return null;
  const step = (high - low) / (bins - 1), counts = new Float64Array(bins);
  for (const x of sorted) {
    const at = Math.min((x - low) / step, bins - 1), left = Math.min(Math.floor(at), bins - 2), share = at - left;
    counts[left]! += 1 - share;
    counts[left + 1]! += share;
  }
  const kernel = (distance: number): number => Math.exp(-0.5 * (distance / width) ** 2);
  const scale = 1 / (n * width * Math.sqrt(2 * Math.PI));
  const margin = reflected ? 0 : 3 * width, first = low - margin, last = high + margin;
  const x = Array.from({ length: curvePoints }, (_, k) => first + (last - first) * k / (curvePoints - 1));
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
  const draws = chains[0]?.length ?? 0, total = draws * chains.length, width = total / count;
  const order = new Uint32Array(total).map((_, i) => i);
  const value = (i: number): number => chains[Math.floor(i / draws)]![i % draws]!;
  order.sort((a, b) => value(a) - value(b));
  const counts = chains.map(() => new Array<number>(count).fill(0));
  for (let from = 0; from < total;) {
    let to = from + 1;
    while (to < total && value(order[to]!) === value(order[from]!)) to++;
    for (let bin = Math.floor(from / width); bin < count && bin * width < to; bin++) {
      const part = (Math.min(to, (bin + 1) * width) - Math.max(from, bin * width)) / (to - from);
      for (let k = from; k < to; k++) counts[Math.floor(order[k]! / draws)]![bin]! += part;
    }
    from = to;
  }
  return counts;
}

/** Autocorrelations of one chain at lags 0 to `lags`; 1 and zeros where it does not vary. */
export function autocorrelations(chain: Float64Array, lags: number): readonly number[] {
  const n = chain.length, mean = chain.reduce((sum, x) => sum + x / n, 0);
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
  const x: number[] = [], y: number[] = [];
  for (let b = 0; b < buckets; b++) {
    const from = Math.floor((b * n) / buckets), to = Math.floor(((b + 1) * n) / buckets);
    let low = from, high = from;
    for (let i = from; i < to; i++) {
      if (values[i]! < values[low]!) low = i;
      if (values[i]! > values[high]!) high = i;
    }
    for (const i of low === high ? [low] : low < high ? [low, high] : [high, low]) { x.push(i); y.push(values[i]!); }
  }
  return { x, y };
}

/** `count` of the numbers 0 to n - 1, evenly spread, both ends included; all where there are fewer. */
export function evenly(n: number, count: number): readonly number[] {
  if (n <= count) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: count }, (_, k) => Math.round((k * (n - 1)) / (count - 1)));
}
