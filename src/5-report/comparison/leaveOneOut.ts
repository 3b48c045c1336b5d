/**
 * Expected log predictive density of data left out, one unit at a time, from the pointwise log likelihood of
 * posterior draws: PSIS-LOO (Vehtari, Gelman and Gabry 2017; Vehtari et al. 2024) and WAIC (Watanabe 2010;
 * lpd less the variance of the log likelihood). Agrees with `loo`, `relative_eff` and `waic` of the R package loo.
 */
import { normalQuantile } from '../../numeric/special/normal.js';
import { Autocovariance } from '../diagnostics/fourier.js';
import type { Series } from '../diagnostics/chainDraws.js';
import { effectiveSize } from '../diagnostics/ess.js';
import { fitGeneralisedPareto, paretoQuantile } from './pareto.js';

/** Log likelihoods of every unit in every draw: [units, chains * draws], draws of one chain after the other. */
export interface LogLikelihoods {
  readonly units: number;
  readonly chains: number;
  readonly draws: number;
  readonly values: Float64Array;
  /** Draws that depend on none before them: their relative efficiency is 1. */
  readonly independent: boolean;
}

/** One unit left out. */
export interface LeaveOneOutUnit {
  readonly elpd: number;
  readonly p: number;
  /** Shape of the importance ratios' tail. */
  readonly k: number;
  readonly effectiveSize: number;
  /** Monte Carlo standard error of `elpd`. */
  readonly mcse: number;
  /** Log of the mean likelihood with the unit left in, and the variance of its log likelihood. */
  readonly lpd: number;
  readonly variance: number;
}

export interface WaicUnit {
  readonly elpd: number;
  readonly p: number;
}

/** A sum over units with its standard error, sqrt(units * variance over units); NaN of a single unit. */
export interface Total {
  readonly value: number;
  readonly se: number;
}

/** Fewer tail draws than this are not smoothed. */
const fewestTailDraws = 5;
/** Points at which the distribution of an estimate is looked at for its Monte Carlo error, as in loo. */
const normalPoints = 1000;

/** The shape up to which estimates of so many draws are reliable (Vehtari et al. 2024, section 3.2.4). */
export function shapeThreshold(draws: number): number {
  return Math.min(1 - 1 / Math.log10(draws), 0.7);
}

/** @param relativeEfficiency of the likelihood's mean by unit; estimated from the draws where absent. */
export function leaveOneOut(
  { units, chains, draws, values, independent }: LogLikelihoods,
  relativeEfficiency: Float64Array | null = null,
): readonly LeaveOneOutUnit[] {
  const size = chains * draws,
    smoother = new Smoother(chains, draws);
  return Array.from({ length: units }, (_, unit) =>
    smoother.leaveOut(values.subarray(unit * size, (unit + 1) * size), relativeEfficiency?.[unit] ?? (independent ? 1 : null)),
  );
}

/**
 * The widely applicable information criterion of the same units: elpd = lpd - p with p the variance of the log
 * likelihood over draws (Watanabe 2010; Vehtari, Gelman and Gabry 2017, eqs. 11 and 12).
 */
export function waic(units: readonly Pick<LeaveOneOutUnit, 'lpd' | 'variance'>[]): readonly WaicUnit[] {
  return units.map(({ lpd, variance }) => ({ elpd: lpd - variance, p: variance }));
}

/** Sum over units and its standard error. */
export function total(values: readonly number[]): Total {
  const n = values.length,
    value = values.reduce((a, b) => a + b, 0),
    mean = value / n;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { value, se: n > 1 ? Math.sqrt((n * squares) / (n - 1)) : Number.NaN };
}

/** Beyond this range of log likelihoods a ratio of two likelihoods is no number, and each is computed by itself. */
const widestRange = 600;

/** Pareto smoothing with buffers for a number of draws. */
class Smoother {
  private readonly size: number;
  /** Log importance ratios less the largest. */
  private readonly logRatios: Float64Array;
  /** Likelihoods in units of the largest, and importance weights. */
  private readonly likelihoods: Float64Array;
  private readonly weights: Float64Array;
  private readonly scratch: Float64Array;
  private readonly series: Series;
  private readonly scores: Float64Array;

  constructor(chains: number, draws: number) {
    const size = chains * draws;
    this.size = size;
    this.logRatios = new Float64Array(size);
    this.likelihoods = new Float64Array(size);
    this.weights = new Float64Array(size);
    this.scratch = new Float64Array(size);
    this.series = {
      split: this.scratch,
      splitChains: chains,
      splitDraws: draws,
      splitMeans: new Float64Array(chains),
      autocovariance: new Autocovariance(Math.max(1, draws)),
      lags: new Float64Array(draws),
      correlations: new Float64Array(draws + 2),
    };
    this.scores = Float64Array.from({ length: normalPoints }, (_, i) => normalQuantile((i + 1 - 3 / 8) / (normalPoints - 3 / 4 + 1)));
  }

  /** @param known relative efficiency; null to estimate it. */
  leaveOut(logLikelihood: Float64Array, known: number | null): LeaveOneOutUnit {
    const { size, logRatios, likelihoods, weights } = this;
    let smallest = Infinity,
      largest = -Infinity,
      mean = 0;
    for (let i = 0; i < size; i++) {
      const x = logLikelihood[i]!;
      if (x < smallest) smallest = x;
      if (x > largest) largest = x;
      mean += x;
    }
    mean /= size;
    let sum = 0,
      variance = 0;
    for (let i = 0; i < size; i++) {
      const x = logLikelihood[i]!,
        e = Math.exp(x - largest);
      likelihoods[i] = e;
      sum += e;
      variance += (x - mean) ** 2;
    }
    const lpd = largest + Math.log(sum / size),
      ofWaic = { lpd, variance: variance / (size - 1) };
    // A draw under which the unit is impossible has an infinite ratio: nothing can be said without the unit.
    if (!Number.isFinite(smallest) || !Number.isFinite(largest))
      return { elpd: Number.NaN, p: Number.NaN, k: Number.POSITIVE_INFINITY, effectiveSize: Number.NaN, mcse: Number.NaN, ...ofWaic };
    const efficiency = known ?? this.relativeEfficiency();
    const least = Math.exp(smallest - largest),
      narrow = largest - smallest < widestRange;
    for (let i = 0; i < size; i++) {
      const x = smallest - logLikelihood[i]!;
      logRatios[i] = x;
      weights[i] = narrow ? least / likelihoods[i]! : Math.exp(x);
    }
    const k = this.smooth(Math.ceil(Math.min(0.2 * size, 3 * Math.sqrt(size / efficiency))));
    let total = 0,
      squares = 0,
      weighted = 0;
    for (let i = 0; i < size; i++) {
      const w = weights[i]!;
      total += w;
      squares += w * w;
      weighted += w * likelihoods[i]!;
    }
    // Likelihoods whose ratio to the largest is no number: each product from logarithms.
    const elpd = narrow ? largest + Math.log(weighted / total) : this.wide(logLikelihood, total);
    // Everything in units of the estimate itself, so that likelihoods too small for a number have an error too.
    const scale = Math.exp(largest - elpd);
    let deviation = 0;
    for (let i = 0; i < size; i++)
      deviation += (weights[i]! / total) ** 2 * (narrow ? likelihoods[i]! * scale - 1 : Math.expm1(logLikelihood[i]! - elpd)) ** 2;
    return {
      elpd,
      p: lpd - elpd,
      k,
      effectiveSize: (efficiency * total * total) / squares,
      mcse: Math.sqrt(this.logVariance(Math.sqrt(deviation)) / efficiency),
      ...ofWaic,
    };
  }

  private wide(logLikelihood: Float64Array, total: number): number {
    const { size, weights } = this;
    let top = -Infinity;
    for (let i = 0; i < size; i++) {
      const x = logLikelihood[i]! + Math.log(weights[i]!);
      if (x > top) top = x;
    }
    let sum = 0;
    for (let i = 0; i < size; i++) sum += Math.exp(logLikelihood[i]! + Math.log(weights[i]!) - top);
    return top + Math.log(sum / total);
  }

  /** Effective size of the mean of the likelihood (not its logarithm) relative to the number of draws; 1 where it is constant. */
  private relativeEfficiency(): number {
    this.scratch.set(this.likelihoods);
    const effective = effectiveSize(this.series);
    return Number.isNaN(effective) ? 1 : effective / this.size;
  }

  /** Replaces the largest weights by quantiles of the fitted tail. @returns its shape. */
  private smooth(tailLength: number): number {
    const { size, logRatios, weights, scratch } = this;
    if (tailLength < fewestTailDraws || tailLength >= size) return Number.POSITIVE_INFINITY;
    scratch.set(logRatios);
    const cutoff = select(scratch, size - tailLength - 1);
    // Draws at the cutoff itself may belong to the tail too: those that come last.
    const above: number[] = [],
      at: number[] = [];
    for (let i = 0; i < size; i++) {
      if (logRatios[i]! > cutoff) above.push(i);
      else if (logRatios[i] === cutoff) at.push(i);
    }
    const tail = [...at.slice(at.length - (tailLength - above.length)), ...above];
    const order = tail.sort((a, b) => logRatios[a]! - logRatios[b]!);
    const lowest = logRatios[order[0]!]!,
      highest = logRatios[order[tailLength - 1]!]!;
    if (highest - lowest < Number.EPSILON / 100) return Number.POSITIVE_INFINITY;
    const base = Math.exp(cutoff);
    const fitted = fitGeneralisedPareto(Float64Array.from(order, (i) => Math.exp(logRatios[i]!) - base));
    if (Number.isFinite(fitted.shape)) {
      order.forEach((i, rank) => {
        weights[i] = Math.min(1, paretoQuantile((rank + 0.5) / tailLength, fitted) + base);
      });
    }
    return fitted.shape;
  }

  /** Variance of log z for z Normal about 1, as far as it is positive. */
  private logVariance(sd: number): number {
    let count = 0,
      mean = 0,
      squares = 0;
    for (const score of this.scores) {
      const z = 1 + sd * score;
      if (!(z > 0)) continue;
      const x = Math.log(z),
        difference = x - mean;
      mean += difference / ++count;
      squares += difference * (x - mean);
    }
    return squares / (count - 1);
  }
}

/** The element of rank `rank` (from 0) by Hoare's selection; reorders `values`. */
function select(values: Float64Array, rank: number): number {
  let low = 0,
    high = values.length - 1;
  while (low < high) {
    const pivot = median(values[low]!, values[(low + high) >> 1]!, values[high]!);
    let i = low,
      j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i <= j) {
        const held = values[i]!;
        values[i++] = values[j]!;
        values[j--] = held;
      }
    }
    if (rank <= j) high = j;
    else if (rank >= i) low = i;
    else return values[rank]!;
  }
  return values[rank]!;
}
function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
