/**
 * Running moments of a large variable, element by element, in one pass over its draws.
 *
 * Each half of a chain keeps Welford's mean and sum of squares (split R-hat needs them apart), batches
 * of about sqrt(draws) draws give the Monte Carlo error, and finite supports are counted. Memory does
 * not grow with the number of draws.
 */
import type { MomentsForm } from './posterior.js';

/** Supports of more values are not counted: their probabilities would not be reported either. */
const largestCountedRange = 50;

/** What one chain hands back for one variable. */
export interface ChainMoments {
  /** Draws seen. */
  readonly draws: number;
  /** Draws in each half: the middle one of an odd number belongs to neither. A run that ended early has a shorter second half. */
  readonly halves: readonly [first: number, second: number];
  /** [2, size] for the halves: mean and sum of squared deviations. */
  readonly mean: Float64Array;
  readonly squares: Float64Array;
  /** [size]: the middle draw of an odd number, else null. */
  readonly middle: Float64Array | null;
  readonly batches: number;
  /** [size]: mean of the batch means and sum of their squared deviations. */
  readonly batchMean: Float64Array;
  readonly batchSquares: Float64Array;
  /** [size, range], or null. */
  readonly counts: Int32Array | null;
}

/** All that an accumulator remembers, in buffers of its own. */
export interface MomentsState {
  readonly seen: number;
  readonly batches: number;
  readonly mean: Float64Array;
  readonly squares: Float64Array;
  readonly middle: Float64Array | null;
  readonly batchMean: Float64Array;
  readonly batchSquares: Float64Array;
  readonly batchSum: Float64Array;
  readonly counts: Int32Array | null;
}

/** Bytes that the moments of so many elements take: of two halves and of batches, and counts of a finite support. */
export function momentsBytes(size: number, range: number | undefined): number {
  return size * (7 * 8 + (range !== undefined && range <= largestCountedRange ? 4 * range : 0));
}

/** Accumulates the draws of one variable in one chain. */
export class MomentAccumulator {
  /** Draws of the whole run, and of each of its halves. */
  private readonly draws: number;
  private readonly halfLength: number;
  private readonly size: number;
  private readonly range: number;
  private readonly batchLength: number;
  private readonly mean: Float64Array;
  private readonly squares: Float64Array;
  private readonly middle: Float64Array | null;
  private readonly batchMean: Float64Array;
  private readonly batchSquares: Float64Array;
  private readonly batchSum: Float64Array;
  private readonly counts: Int32Array | null;
  private batches: number;
  private seen: number;

  /** @param state of an accumulator of the same size, draws and range, to go on from. */
  constructor(size: number, draws: number, range: number | undefined, state: MomentsState | null = null) {
    this.size = size;
    this.draws = draws;
    this.halfLength = Math.floor(draws / 2);
    this.batchLength = Math.max(1, Math.floor(Math.sqrt(draws)));
    this.range = range ?? 0;
    this.mean = state?.mean.slice() ?? new Float64Array(2 * size);
    this.squares = state?.squares.slice() ?? new Float64Array(2 * size);
    this.middle = draws % 2 === 1 ? (state?.middle?.slice() ?? new Float64Array(size)) : null;
    this.batchMean = state?.batchMean.slice() ?? new Float64Array(size);
    this.batchSquares = state?.batchSquares.slice() ?? new Float64Array(size);
    this.batchSum = state?.batchSum.slice() ?? new Float64Array(size);
    this.counts = range !== undefined && range <= largestCountedRange ? (state?.counts?.slice() ?? new Int32Array(size * range)) : null;
    this.batches = state?.batches ?? 0;
    this.seen = state?.seen ?? 0;
  }

  add(values: Float64Array | Int32Array): void {
    const { size, batchSum } = this;
    const draw = this.seen++;
    const second = this.draws - this.halfLength;
    if (draw < this.halfLength) welford(values, size, this.mean, this.squares, 0, draw + 1);
    else if (draw >= second) welford(values, size, this.mean, this.squares, size, draw - second + 1);
    else for (let i = 0; i < size; i++) this.middle![i] = values[i]!;
    for (let i = 0; i < size; i++) batchSum[i] = batchSum[i]! + values[i]!;
    if ((draw + 1) % this.batchLength === 0) this.closeBatch();
    const { counts, range } = this;
    if (counts !== null) {
      for (let i = 0; i < size; i++) {
        const value = values[i]!;
        if (value >= 0 && value < range) counts[i * range + value]!++;
      }
    }
  }

  private closeBatch(): void {
    const { size, batchSum, batchLength } = this;
    this.batches++;
    for (let i = 0; i < size; i++) batchSum[i] = batchSum[i]! / batchLength;
    welford(batchSum, size, this.batchMean, this.batchSquares, 0, this.batches);
    batchSum.fill(0);
  }

  /** A copy of all that is remembered. */
  state(): MomentsState {
    const { seen, batches, mean, squares, middle, batchMean, batchSquares, batchSum, counts } = this;
    return {
      seen,
      batches,
      mean: mean.slice(),
      squares: squares.slice(),
      middle: middle?.slice() ?? null,
      batchMean: batchMean.slice(),
      batchSquares: batchSquares.slice(),
      batchSum: batchSum.slice(),
      counts: counts?.slice() ?? null,
    };
  }
}

/** The moments that a state holds, of a run of `draws` draws. */
export function momentsOf(state: MomentsState, draws: number): ChainMoments {
  const { seen, batches, mean, squares, middle, batchMean, batchSquares, counts } = state;
  const half = Math.floor(draws / 2);
  return {
    draws: seen,
    halves: [Math.min(seen, half), Math.max(0, seen - (draws - half))],
    mean,
    squares,
    middle: seen > half ? middle : null,
    batches,
    batchMean,
    batchSquares,
    counts,
  };
}

/** One step of Welford's recursion for `size` elements at `offset` of the accumulators. */
function welford(
  values: Float64Array | Int32Array,
  size: number,
  mean: Float64Array,
  squares: Float64Array,
  offset: number,
  count: number,
): void {
  const weight = 1 / count;
  for (let i = 0; i < size; i++) {
    const value = values[i]!;
    const before = mean[offset + i]!;
    const after = before + (value - before) * weight;
    mean[offset + i] = after;
    squares[offset + i] = squares[offset + i]! + (value - before) * (value - after);
  }
}

/** Moments of all chains together. */
export function poolMoments(chains: readonly ChainMoments[], size: number, range: number | undefined): MomentsForm {
  const draws = Math.min(...chains.map((chain) => chain.draws));
  const total = chains.reduce((sum, chain) => sum + chain.draws, 0);
  const mean = new Float64Array(size);
  const variance = new Float64Array(size);
  const mcse = new Float64Array(size);
  const rhat = new Float64Array(size);
  const counted = range !== undefined && chains.every((chain) => chain.counts !== null);
  const probabilities = counted ? new Float64Array(size * range) : null;
  for (let i = 0; i < size; i++) {
    const all = pool(setsOf(chains, i, size));
    mean[i] = all.mean;
    variance[i] = all.squares / (total - 1);
    mcse[i] = standardError(chains, i);
    rhat[i] = splitRhat(chains, i, size);
    if (probabilities !== null && range !== undefined) {
      for (let value = 0; value < range; value++) {
        let count = 0;
        for (const chain of chains) count += chain.counts![i * range + value]!;
        probabilities[i * range + value] = count / total;
      }
    }
  }
  return { form: 'moments', chains: chains.length, draws, mean, variance, mcse, rhat, probabilities };
}

/** Some values by their number, mean and sum of squared deviations. */
interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
}

/** Both halves of every chain, and the middle draws. */
function setsOf(chains: readonly ChainMoments[], element: number, size: number): Moments[] {
  return chains.flatMap(({ halves, mean, squares, middle }) => [
    { count: halves[0], mean: mean[element]!, squares: squares[element]! },
    { count: halves[1], mean: mean[size + element]!, squares: squares[size + element]! },
    ...(middle === null ? [] : [{ count: 1, mean: middle[element]!, squares: 0 }]),
  ]);
}

/** Moments of the union of sets (Chan, Golub and LeVeque 1979). */
function pool(sets: readonly Moments[]): Moments {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (const set of sets) {
    if (set.count === 0) continue;
    const difference = set.mean - mean;
    const total = count + set.count;
    mean += (difference * set.count) / total;
    squares += set.squares + (difference * difference * count * set.count) / total;
    count = total;
  }
  return { count, mean, squares };
}

/** Batch means of all chains about their common mean; NaN for constants and for fewer than four batches. */
function standardError(chains: readonly ChainMoments[], element: number): number {
  const total = chains.reduce((sum, { batches }) => sum + batches, 0);
  if (total < 4) return Number.NaN;
  const { squares } = pool(
    chains.map((chain) => ({ count: chain.batches, mean: chain.batchMean[element]!, squares: chain.batchSquares[element]! })),
  );
  return squares > 0 ? Math.sqrt(squares / (total - 1) / total) : Number.NaN;
}

/** A second half of fewer draws than this share of the first says more about itself than about the chain. */
const shortestHalf = 1 / 5;

/**
 * R-hat from moments: of half chains (split R-hat, Gelman et al. 2013), or of whole ones (Gelman and Rubin 1992) where the run ended
 * before it came far into its second half. NaN for constants, for a single sequence, and where one has fewer than two draws.
 * Halves of a run that ended early differ in length: their mean length stands for n.
 */
function splitRhat(chains: readonly ChainMoments[], element: number, size: number): number {
  const sequences = sequencesOf(chains, element, size),
    count = sequences.length;
  if (count < 2 || sequences.some((sequence) => sequence.count < 2)) return Number.NaN;
  let n = 0;
  let centre = 0;
  let within = 0;
  for (const sequence of sequences) {
    n += sequence.count / count;
    centre += sequence.mean / count;
    within += sequence.squares / (sequence.count - 1) / count;
  }
  let between = 0;
  for (const { mean } of sequences) between += (mean - centre) ** 2;
  between *= n / (count - 1);
  if (within === 0 && between <= Number.EPSILON * Math.abs(centre)) return Number.NaN;
  return Math.sqrt((between / within + n - 1) / n);
}

/** What R-hat compares: the halves of every chain, or the chains. */
function sequencesOf(chains: readonly ChainMoments[], element: number, size: number): readonly Moments[] {
  const isSplit = chains.every(({ halves: [first, second] }) => second >= 2 && second >= shortestHalf * first);
  return chains.flatMap((chain) => {
    const { halves, mean, squares } = chain;
    return isSplit
      ? [
          { count: halves[0], mean: mean[element]!, squares: squares[element]! },
          { count: halves[1], mean: mean[size + element]!, squares: squares[size + element]! },
        ]
      : [pool(setsOf([chain], element, size))];
  });
}
