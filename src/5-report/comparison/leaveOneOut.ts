/**
 * Expected log predictive density of data left out, one unit at a time, from the pointwise log likelihood of
 * posterior draws: PSIS-LOO (Vehtari, Gelman and Gabry 2017; Vehtari et al. 2024) and WAIC (Watanabe 2010;
 * lpd less the variance of the log likelihood). Agrees with `loo`, `relative_eff` and `waic` of the R package loo.
 */
import { normalQuantile } from '../../numeric/special.js';
import { Autocovariance } from '../diagnostics/fourier.js';
import { effectiveSize, type Series } from '../diagnostics/ess.js';
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
}

export interface WaicUnit { readonly elpd: number; readonly p: number }

/** A sum over units with its standard error, sqrt(units * variance over units); NaN of a single unit. */
export interface Total { readonly value: number; readonly se: number }

/** Fewer tail draws than this are not smoothed. */
const fewestTailDraws = 5;
/** Points at which the distribution of an estimate is looked at for its Monte Carlo error, as in loo. */
const normalPoints = 1000;

/** The shape up to which estimates of so many draws are reliable (Vehtari et al. 2024, section 3.2.4). */
export function shapeThreshold(draws: number): number {
  return Math.min(1 - 1 / Math.log10(draws), 0.7);
}

/** @param relativeEfficiency of the likelihood's mean by unit; estimated from the draws where absent. */
export function leaveOneOut(likelihoods: LogLikelihoods, relativeEfficiency: Float64Array | null = null): readonly LeaveOneOutUnit[] {
  const { units, chains, draws, values, independent } = likelihoods;
  const size = chains * draws;
  const efficiencies = relativeEfficiency ?? (independent ? new Float64Array(units).fill(1) : relativeEfficiencies(likelihoods));
  const smoother = new Smoother(size);
  return Array.from({ length: units }, (_, unit) => smoother.leaveOut(values.subarray(unit * size, (unit + 1) * size), efficiencies[unit]!));
}

/** Effective size of the mean of the likelihood (not its logarithm) relative to the number of draws, by unit; 1 where it is constant. */
export function relativeEfficiencies({ units, chains, draws, values }: LogLikelihoods): Float64Array {
  const size = chains * draws;
  const series: Series = {
    split: new Float64Array(size), splitChains: chains, splitDraws: draws, splitMeans: new Float64Array(chains),
    autocovariance: new Autocovariance(Math.max(1, draws)), lags: new Float64Array(draws), correlations: new Float64Array(draws + 2),
  };
  return Float64Array.from({ length: units }, (_, unit) => {
    const own = values.subarray(unit * size, (unit + 1) * size), largest = maximum(own);
    for (let i = 0; i < size; i++) series.split[i] = Math.exp(own[i]! - largest);
    const effective = effectiveSize(series);
    return Number.isNaN(effective) ? 1 : effective / size;
  });
}

export function waic({ units, chains, draws, values }: LogLikelihoods): readonly WaicUnit[] {
  const size = chains * draws;
  return Array.from({ length: units }, (_, unit) => {
    const own = values.subarray(unit * size, (unit + 1) * size);
    let mean = 0;
    for (let i = 0; i < size; i++) mean += own[i]!;
    mean /= size;
    let squares = 0;
    for (let i = 0; i < size; i++) squares += (own[i]! - mean) ** 2;
    const p = squares / (size - 1);
    return { elpd: logMeanExp(own) - p, p };
  });
}

/** Sum over units and its standard error. */
export function total(values: readonly number[]): Total {
  const n = values.length, value = values.reduce((a, b) => a + b, 0), mean = value / n;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { value, se: n > 1 ? Math.sqrt((n * squares) / (n - 1)) : Number.NaN };
}

function maximum(values: Float64Array): number {
  let largest = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i]! > largest) largest = values[i]!;
  return largest;
}

/** log of the mean of exp. */
export function logMeanExp(values: Float64Array): number {
  const largest = maximum(values);
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i]! - largest);
  return largest + Math.log(sum / values.length);
}

/** Pareto smoothing with buffers for a number of draws. */
class Smoother {
  private readonly size: number;
  /** Log importance ratios less the largest, log weights once smoothed. */
  private readonly logWeights: Float64Array;
  private readonly scratch: Float64Array;
  private readonly scores: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.logWeights = new Float64Array(size);
    this.scratch = new Float64Array(size);
    this.scores = Float64Array.from({ length: normalPoints }, (_, i) => normalQuantile((i + 1 - 3 / 8) / (normalPoints - 3 / 4 + 1)));
  }

  leaveOut(logLikelihood: Float64Array, relativeEfficiency: number): LeaveOneOutUnit {
    const { size, logWeights } = this;
    let smallest = Infinity;
    for (let i = 0; i < size; i++) if (logLikelihood[i]! < smallest) smallest = logLikelihood[i]!;
    const lpd = logMeanExp(logLikelihood);
    // A draw under which the unit is impossible has an infinite ratio: nothing can be said without the unit.
    if (!Number.isFinite(smallest) || !Number.isFinite(lpd)) return { elpd: Number.NaN, p: Number.NaN, k: Number.POSITIVE_INFINITY, effectiveSize: Number.NaN, mcse: Number.NaN };
    for (let i = 0; i < size; i++) logWeights[i] = smallest - logLikelihood[i]!;
    const k = this.smooth(Math.ceil(Math.min(0.2 * size, 3 * Math.sqrt(size / relativeEfficiency))));

    let sum = 0, squares = 0;
    for (let i = 0; i < size; i++) {
      const w = Math.exp(logWeights[i]!);
      this.scratch[i] = w;
      sum += w;
      squares += w * w;
    }
    let largest = -Infinity;
    for (let i = 0; i < size; i++) { const x = logLikelihood[i]! + logWeights[i]!; if (x > largest) largest = x; }
    let weighted = 0;
    for (let i = 0; i < size; i++) weighted += Math.exp(logLikelihood[i]! + logWeights[i]! - largest);
    const elpd = largest + Math.log(weighted / sum);
    // Everything in units of the estimate itself, so that likelihoods too small for a number have an error too.
    let variance = 0;
    for (let i = 0; i < size; i++) variance += (this.scratch[i]! / sum) ** 2 * Math.expm1(logLikelihood[i]! - elpd) ** 2;
    return {
      elpd, p: lpd - elpd, k, effectiveSize: (relativeEfficiency * sum * sum) / squares,
      mcse: Math.sqrt(this.logVariance(Math.sqrt(variance)) / relativeEfficiency),
    };
  }

  /** Replaces the largest log weights by quantiles of the fitted tail. @returns its shape. */
  private smooth(tailLength: number): number {
    const { size, logWeights, scratch } = this;
    if (tailLength < fewestTailDraws || tailLength >= size) return Number.POSITIVE_INFINITY;
    scratch.set(logWeights);
    const cutoff = select(scratch, size - tailLength - 1);
    // Draws at the cutoff itself may belong to the tail too: those that come last.
    const above: number[] = [], at: number[] = [];
    for (let i = 0; i < size; i++) {
      if (logWeights[i]! > cutoff) above.push(i);
      else if (logWeights[i] === cutoff) at.push(i);
    }
    const tail = [...at.slice(at.length - (tailLength - above.length)), ...above];
    const order = tail.sort((a, b) => logWeights[a]! - logWeights[b]!);
    const lowest = logWeights[order[0]!]!, highest = logWeights[order[tailLength - 1]!]!;
    if (highest - lowest < Number.EPSILON / 100) return Number.POSITIVE_INFINITY;
    const base = Math.exp(cutoff);
    const fitted = fitGeneralisedPareto(Float64Array.from(order, (i) => Math.exp(logWeights[i]!) - base));
    if (Number.isFinite(fitted.shape)) {
      order.forEach((i, rank) => { logWeights[i] = Math.min(0, Math.log(paretoQuantile((rank + 0.5) / tailLength, fitted) + base)); });
    }
    return fitted.shape;
  }

  /** Variance of log z for z Normal about 1, as far as it is positive. */
  private logVariance(sd: number): number {
    let count = 0, mean = 0, squares = 0;
    for (const score of this.scores) {
      const z = 1 + sd * score;
      if (!(z > 0)) continue;
      const x = Math.log(z), difference = x - mean;
      mean += difference / ++count;
      squares += difference * (x - mean);
    }
    return squares / (count - 1);
  }
}

/** The element of rank `rank` (from 0) by Hoare's selection; reorders `values`. */
function select(values: Float64Array, rank: number): number {
  let low = 0, high = values.length - 1;
  while (low < high) {
    const pivot = median(values[low]!, values[(low + high) >> 1]!, values[high]!);
    let i = low, j = high;
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
function median(a: number, b: number, c: number): number { return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c)); }
