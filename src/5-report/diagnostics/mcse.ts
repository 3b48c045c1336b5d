/**
 * Monte Carlo standard errors of the mean, the standard deviation and quantiles (Vehtari et al. 2021,
 * section 4.3; delta method for the sd; Beta quantiles of the order statistics for quantiles), as in
 * the R package `posterior`.
 */
import { betaIInverse } from '../../numeric/special/incompleteBeta.js';
import type { ChainDraws } from './chainDraws.js';
import { essMean, essOfSplit, essQuantile } from './ess.js';

/** sd / sqrt(effective size); NaN where the effective size is not defined. */
export function mcseMean(draws: ChainDraws): number {
  return draws.standardDeviation() / Math.sqrt(essMean(draws));
}

/** From the fourth central moment: sd of the variance estimate over twice the sd. */
export function mcseSd(draws: ChainDraws): number {
  const mean = draws.mean();
  let second = 0;
  let fourth = 0;
  for (const value of draws.values) {
    const square = (value - mean) ** 2;
    second += square;
    fourth += square * square;
  }
  second /= draws.values.length;
  fourth /= draws.values.length;
  draws.fillSplit((value) => (value - mean) ** 2);
  const varianceOfVariance = (fourth - second * second) / essOfSplit(draws);
  return Math.sqrt(varianceOfVariance / second / 4);
}

/** Half the distance between the order statistics one standard error to either side. */
export function mcseQuantile(draws: ChainDraws, probability: number): number {
  const size = essQuantile(draws, probability);
  if (Number.isNaN(size)) return Number.NaN;
  const sorted = draws.sorted();
  const count = sorted.length;
  const a = size * probability + 1;
  const b = size * (1 - probability) + 1;
  // Phi(-1) and Phi(1), to the digits `posterior` writes.
  const low = betaIInverse(0.1586553, a, b);
  const high = betaIInverse(0.8413447, a, b);
  const lower = sorted[Math.max(Math.floor(low * count), 1) - 1]!;
  const upper = sorted[Math.min(Math.ceil(high * count), count) - 1]!;
  return (upper - lower) / 2;
}
