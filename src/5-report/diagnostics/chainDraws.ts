/**
 * The draws of one scalar in all chains, prepared for the diagnostics of Vehtari, Gelman, Simpson,
 * Carpenter and Buerkner, "Rank-normalization, folding, and localization: an improved R-hat"
 * (Bayesian Analysis 16, 2021), as the R package `posterior` computes them.
 *
 * Buffers are allocated once for a number of chains and draws and reused for every scalar, so an
 * instance is filled, asked, and filled again; results of one filling are computed once.
 */
import { normalQuantile } from '../../numeric/special/normal.js';
import { Autocovariance } from './fourier.js';
import { RadixSorter } from './sorting.js';

/** Draws as they are kept: real numbers, or integers in fewer bytes. */
export type DrawSource = Float64Array | Int32Array | Uint8Array;

/** Series of equal length with the buffers that their effective size takes. */
export interface Series {
  /** [splitChains, splitDraws]. */
  readonly split: Float64Array;
  readonly splitChains: number;
  readonly splitDraws: number;
  readonly splitMeans: Float64Array;
  readonly autocovariance: Autocovariance;
  readonly lags: Float64Array;
  readonly correlations: Float64Array;
}

export class ChainDraws implements Series {
  readonly chains: number;
  readonly draws: number;
  /** So many draws in a row that differ by noise of their own only: predictions from one draw of a posterior. Divides `draws`. */
  readonly repeats: number;
  /** [chains, draws]. Call `changed` after writing. */
  readonly values: Float64Array;
  /**
   * Every chain is cut into halves; an odd draw in the middle is left out, with its repeats. A single draw is not cut.
   * Halves of one draw (two or three draws a chain) are laid out as `posterior` does: the first draws
   * of all chains make one series, the last draws another. Nothing is judged on so few.
   */
  readonly splitChains: number;
  readonly splitDraws: number;
  /** [splitChains, splitDraws]: a derived quantity, cut; overwritten by each of the functions that fill it. */
  readonly split: Float64Array;
  /** Buffers for the functions that read `split`. */
  readonly splitMeans: Float64Array;
  readonly autocovariance: Autocovariance;
  readonly lags: Float64Array;
  readonly correlations: Float64Array;

  /** Draws in a half chain; all where there is a single draw. */
  private readonly half: number;
  private readonly transposed: boolean;
  private readonly meansOfRepeats: Series | null;
  private readonly sorter: RadixSorter;
  private readonly sortedValues: Float64Array;
  private readonly order: Int32Array;
  private readonly scoreOfTwiceRank: Float64Array;
  private sortedIsCurrent: boolean;

  constructor(chains: number, draws: number, repeats: number = 1) {
    this.chains = chains;
    this.draws = draws;
    this.repeats = repeats;
    this.values = new Float64Array(chains * draws);
    const isWhole = draws === repeats;
    this.half = isWhole ? draws : repeats * Math.floor(draws / repeats / 2);
    this.transposed = this.half === 1 && draws > 1 && chains > 1;
    this.splitChains = isWhole ? chains : this.transposed ? 2 : 2 * chains;
    this.splitDraws = this.transposed ? chains : this.half;
    const splitLength = this.splitChains * this.splitDraws,
      { split, splitMeans, autocovariance, lags, correlations } = seriesOf(this.splitChains, this.splitDraws);
    this.split = split;
    this.splitMeans = splitMeans;
    this.autocovariance = autocovariance;
    this.lags = lags;
    this.correlations = correlations;
    this.meansOfRepeats = repeats === 1 ? null : seriesOf(this.splitChains, this.splitDraws / repeats);
    this.sorter = new RadixSorter(chains * draws);
    this.sortedValues = new Float64Array(chains * draws);
    this.order = new Int32Array(chains * draws);
    this.scoreOfTwiceRank = new Float64Array(2 * splitLength + 1).fill(Number.NaN);
    this.sortedIsCurrent = false;
  }

  /** Draws of one scalar from an array [chains, draws, size]. */
  static of(values: DrawSource, chains: number, draws: number, element: number = 0, size: number = 1): ChainDraws {
    return new ChainDraws(chains, draws).load(values, element, size);
  }

  /** Reads element `element` of an array [chains, draws, size]. */
  load(source: DrawSource, element: number, size: number): this {
    const { values } = this;
    for (let i = 0, from = element; i < values.length; i++, from += size) values[i] = source[from]!;
    return this.changed();
  }

  /**
   * Divides the draws by a power of two where squares of them would overflow, or where their spread would pass for none
   * beside 2^-52. Returns the divisor, by which means and spreads are to be multiplied; ranks stay what they are.
   */
  toUnitScale(): number {
    const { values } = this;
    let largest = 0;
    for (let i = 0; i < values.length; i++) {
      const size = Math.abs(values[i]!);
      if (size > largest) largest = size;
    }
    if (!(largest > 0) || largest === Number.POSITIVE_INFINITY || (largest > 2 ** -26 && largest < 2 ** 500)) return 1;
    // 2^1023 at most: dividing by it keeps every draw normal enough.
    const divisor = 2 ** Math.max(-1022, Math.min(1023, Math.round(Math.log2(largest))));
    for (let i = 0; i < values.length; i++) values[i] = values[i]! / divisor;
    this.changed();
    return divisor;
  }

  changed(): this {
    this.sortedIsCurrent = false;
    return this;
  }

  /** All values in increasing order. */
  sorted(): Float64Array {
    this.sort();
    return this.sortedValues;
  }

  private sort(): void {
    if (this.sortedIsCurrent) return;
    this.order.set(this.sorter.sort(this.values));
    for (let i = 0; i < this.order.length; i++) this.sortedValues[i] = this.values[this.order[i]!]!;
    this.sortedIsCurrent = true;
  }

  /** Whether some draw is NaN, or infinite, or all draws agree to 2.2e-16: no diagnostics then. */
  isDegenerate(): boolean {
    return isDegenerate(this.values);
  }

  /** Quantile of type 7 (linear interpolation of order statistics), NaN where a draw is NaN. */
  quantile(probability: number): number {
    const sorted = this.sorted();
    const n = sorted.length;
    if (n === 0 || Number.isNaN(sorted[0]!) || Number.isNaN(sorted[n - 1]!)) return Number.NaN;
    // 1-based as in R, so that the weight has the same rounding.
    const index = 1 + (n - 1) * probability;
    const lower = Math.floor(index);
    const low = sorted[lower - 1]!;
    const high = sorted[Math.ceil(index) - 1]!;
    if (index <= lower || high === low) return low;
    const weight = index - lower;
    return (1 - weight) * low + weight * high;
  }

  median(): number {
    const sorted = this.sorted();
    const n = sorted.length;
    if (n === 0 || Number.isNaN(sorted[0]!) || Number.isNaN(sorted[n - 1]!)) return Number.NaN;
    return n % 2 === 1 ? sorted[(n - 1) / 2]! : (sorted[n / 2 - 1]! + sorted[n / 2]!) / 2;
  }

  mean(): number {
    return meanOf(this.values, 0, this.values.length);
  }

  /** Standard deviation with divisor n - 1. */
  standardDeviation(): number {
    const { values } = this;
    return Math.sqrt(varianceOf(values, 0, values.length, this.mean()));
  }

  /** Fills `split` with a function of each draw. */
  fillSplit(transform: (value: number) => number): Float64Array {
    const { values, split } = this;
    for (let i = 0; i < values.length; i++) {
      const to = this.splitPosition(i);
      if (to >= 0) split[to] = transform(values[i]!);
    }
    return split;
  }

  /** Fills `split` with the draws themselves. */
  fillSplitPlain(): Float64Array {
    return this.fillSplit(identity);
  }

  /**
   * Fills `split` with normal scores of the ranks, ties sharing their mean rank:
   * z = Phi^-1((rank - 3/8) / (S + 1/4)). False where a draw is NaN.
   */
  fillNormalScores(): boolean {
    this.sort();
    const { sortedValues, order } = this;
    const n = order.length;
    if (n === 0 || Number.isNaN(sortedValues[0]!) || Number.isNaN(sortedValues[n - 1]!)) return false;
    let rank = 0;
    for (let i = 0; i < n; ) {
      const value = sortedValues[i]!;
      let end = i;
      let kept = 0;
      while (end < n && sortedValues[end] === value) {
        if (this.splitPosition(order[end]!) >= 0) kept++;
        end++;
      }
      const score = kept === 0 ? 0 : this.score(2 * rank + kept + 1);
      for (; i < end; i++) {
        const to = this.splitPosition(order[i]!);
        if (to >= 0) this.split[to] = score;
      }
      rank += kept;
    }
    return true;
  }

  /**
   * Fills `split` with normal scores of the ranks of |x - median|, walking outwards from the median in
   * the sorted draws instead of sorting again. False where a draw or the median is not a number.
   */
  fillFoldedNormalScores(): boolean {
    this.sort();
    const { sortedValues, order } = this;
    const n = order.length;
    const centre = this.median();
    if (n === 0 || !Number.isFinite(centre)) return false;
    let right = 0;
    while (right < n && sortedValues[right]! <= centre) right++;
    let left = right - 1;
    let rank = 0;
    while (left >= 0 || right < n) {
      const distance = Math.min(
        left >= 0 ? centre - sortedValues[left]! : Number.POSITIVE_INFINITY,
        right < n ? sortedValues[right]! - centre : Number.POSITIVE_INFINITY,
      );
      let kept = 0;
      let leftEnd = left;
      let rightEnd = right;
      for (; leftEnd >= 0 && centre - sortedValues[leftEnd]! === distance; leftEnd--) if (this.splitPosition(order[leftEnd]!) >= 0) kept++;
      for (; rightEnd < n && sortedValues[rightEnd]! - centre === distance; rightEnd++)
        if (this.splitPosition(order[rightEnd]!) >= 0) kept++;
      const score = kept === 0 ? 0 : this.score(2 * rank + kept + 1);
      for (; left > leftEnd; left--) this.place(order[left]!, score);
      for (; right < rightEnd; right++) this.place(order[right]!, score);
      rank += kept;
    }
    return true;
  }

  /** What `split` holds, as chains of the posterior: of draws that repeat the means over the repeats, which only they have a chain's errors. */
  judged(): Series {
    const { meansOfRepeats: means, split, repeats } = this;
    if (means === null) return this;
    for (let i = 0; i < means.split.length; i++) means.split[i] = meanOf(split, i * repeats, repeats);
    return means;
  }

  private place(position: number, score: number): void {
    const to = this.splitPosition(position);
    if (to >= 0) this.split[to] = score;
  }

  /** Where draw number `position` of `values` stands in `split`; -1 for a middle draw left out. */
  private splitPosition(position: number): number {
    const { draws, half } = this;
    if (!this.transposed && (2 * half === draws || half === draws)) return position;
    const chain = Math.floor(position / draws);
    const within = position - chain * draws,
      leftOut = draws - 2 * half;
    if (within >= half && within < half + leftOut) return -1;
    if (this.transposed) return within === 0 ? chain : this.chains + chain;
    return position - leftOut * (chain + (within > half ? 1 : 0));
  }

  private score(twiceRank: number): number {
    const known = this.scoreOfTwiceRank[twiceRank]!;
    if (known === known) return known;
    const score = normalQuantile((twiceRank / 2 - 3 / 8) / (this.split.length + 1 / 4));
    this.scoreOfTwiceRank[twiceRank] = score;
    return score;
  }
}

function seriesOf(splitChains: number, splitDraws: number): Series {
  return {
    split: new Float64Array(splitChains * splitDraws),
    splitChains,
    splitDraws,
    splitMeans: new Float64Array(splitChains),
    autocovariance: new Autocovariance(Math.max(1, splitDraws)),
    lags: new Float64Array(splitDraws),
    correlations: new Float64Array(splitDraws + 2),
  };
}

function identity(value: number): number {
  return value;
}

/** Mean of values[from, from + count), with a second pass that removes the rounding error of the first. */
export function meanOf(values: Float64Array, from: number, count: number): number {
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += values[i]!;
  const first = sum / count;
  if (!Number.isFinite(first)) return first;
  let rest = 0;
  for (let i = from; i < from + count; i++) rest += values[i]! - first;
  return first + rest / count;
}

/** Variance about a given mean with divisor count - 1; NaN for a single value. */
export function varianceOf(values: Float64Array, from: number, count: number, mean: number): number {
  if (count < 2) return Number.NaN;
  let sum = 0;
  for (let i = from; i < from + count; i++) {
    const difference = values[i]! - mean;
    sum += difference * difference;
  }
  return sum / (count - 1);
}

/** Not a number or infinite somewhere, or constant to the precision R's `posterior` uses (absolute 2^-52). */
export function isDegenerate(values: Float64Array): boolean {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) return true;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return Math.abs(high - low) < Number.EPSILON;
}
