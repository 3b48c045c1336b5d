/**
 * Effective sample size of split chains (Vehtari et al. 2021, section 3.2; Geyer's initial monotone
 * sequence): S / tau, tau = -1 + 2 sum_t rho_t with rho_t = 1 - (W - mean autocovariance_t) / var_plus.
 * Agrees with the R package `posterior`, its treatment of very short chains included.
 */
import { isDegenerate, meanOf, varianceOf, type ChainDraws, type Series } from './chainDraws.js';

/** Of the normal scores of the ranks: efficiency in the bulk. NaN where draws are constant, not a number, or fewer than six a chain. */
export function essBulk(draws: ChainDraws): number {
  return draws.fillNormalScores() ? essOfSplit(draws) : Number.NaN;
}

/** The smaller of the effective sizes of the 5 % and the 95 % quantile. */
export function essTail(draws: ChainDraws): number {
  return Math.min(essQuantile(draws, 0.05), essQuantile(draws, 0.95));
}

/** Of the indicator that a draw is at most the `probability` quantile of all. */
export function essQuantile(draws: ChainDraws, probability: number): number {
  if (draws.isDegenerate()) return Number.NaN;
  const count = draws.values.length;
  const bound = draws.quantile(probability === 1 ? (count - 0.5) / count : probability);
  draws.fillSplit((value) => (value <= bound ? 1 : 0));
  return essOfSplit(draws);
}

/** For the mean: of the draws themselves. */
export function essMean(draws: ChainDraws): number {
  draws.fillSplitPlain();
  return essOfSplit(draws);
}

/**
 * Of what the split of draws holds. Where draws repeat, their means over the repeats are a chain whose effective size is known, and the
 * variance of the whole mean is that of these means over this size: so many independent draws have a mean as certain.
 */
export function essOfSplit(draws: ChainDraws): number {
  if (draws.repeats === 1) return effectiveSize(draws);
  const { split } = draws,
    means = draws.judged();
  if (means.split.length < 2 || isDegenerate(means.split)) return Number.NaN;
  const variance = (values: Float64Array): number => varianceOf(values, 0, values.length, meanOf(values, 0, values.length));
  const ratio = variance(split) / variance(means.split);
  return ratio * effectiveSize(means);
}

/** Beyond about this many lags one transform of all costs less than lags one by one. */
const directLags = 32;
/** A correlation at this lag above this bound foretells more lags than that. */
const foretellingLag = 8;
const slowCorrelation = 0.25;

/** sum over chains of sum_i x[i] x[i + lag] of centred series [chains, n]. */
function lagSum(centred: Float64Array, chains: number, n: number, lag: number): number {
  let even = 0;
  let odd = 0;
  for (let chain = 0; chain < chains; chain++) {
    const start = chain * n;
    const end = start + n - lag;
    let i = start;
    // Two sums, so that one addition need not wait for the other.
    for (; i + 1 < end; i += 2) {
      even += centred[i]! * centred[i + lag]!;
      odd += centred[i + 1]! * centred[i + 1 + lag]!;
    }
    if (i < end) even += centred[i]! * centred[i + lag]!;
  }
  return even + odd;
}

/** Of what `split` holds; leaves it centred. */
export function effectiveSize(draws: Series): number {
  const { split, splitChains, splitDraws: n, splitMeans, lags } = draws;
  if (n < 3 || isDegenerate(split)) return Number.NaN;
  for (let chain = 0; chain < splitChains; chain++) {
    const mean = meanOf(split, chain * n, n);
    splitMeans[chain] = mean;
    for (let i = chain * n; i < (chain + 1) * n; i++) split[i] = split[i]! - mean;
  }
  const scale = 1 / (n * splitChains);
  lags[0] = lagSum(split, splitChains, n, 0);
  const within = (lags[0] * scale * n) / (n - 1);
  let variance = (within * (n - 1)) / n;
  if (splitChains > 1) variance += varianceOf(splitMeans, 0, splitChains, meanOf(splitMeans, 0, splitChains));

  // Chains that mix well need a few lags only: these one by one, all of them by transform otherwise.
  let known = 1;
  let previous = 1;
  const correlation = (lag: number): number => {
    if (lag >= known) {
      if (lag < directLags && !(lag === foretellingLag && previous > slowCorrelation)) {
        lags[lag] = lagSum(split, splitChains, n, lag);
        known = lag + 1;
      } else {
        draws.autocovariance.sum(split, splitChains, n, lags);
        known = n;
      }
    }
    previous = 1 - (within - lags[lag]! * scale) / variance;
    return previous;
  };
  const size = splitChains * n;
  // Antithetic chains: an estimate above S log10 S is not stable enough to report.
  return size / Math.max(integratedTime(correlation, n, draws.correlations), 1 / Math.log10(size));
}

/**
 * -1 + 2 sum of correlations over Geyer's initial monotone positive sequence of pairs (even, odd).
 * @param correlation asked for lags from 1, increasing
 * @param rho buffer of at least n numbers
 */
function integratedTime(correlation: (lag: number) => number, n: number, rho: Float64Array): number {
  rho.fill(0);
  let even = 1;
  let odd = correlation(1);
  rho[0] = even;
  rho[1] = odd;
  let last = 0;
  while (last < n - 5 && even + odd > 0) {
    last += 2;
    even = correlation(last);
    odd = correlation(last + 1);
    if (even + odd >= 0) {
      rho[last] = even;
      rho[last + 1] = odd;
    }
  }
  if (even > 0) rho[last] = even;
  for (let lag = 2; lag <= last - 2; lag += 2) {
    const before = rho[lag - 2]! + rho[lag - 1]!;
    if (rho[lag]! + rho[lag + 1]! > before) {
      rho[lag] = before / 2;
      rho[lag + 1] = before / 2;
    }
  }
  let sum = 0;
  // `posterior` sums rho[1:last]; for last = 0 that range of R counts down and still takes the first.
  for (let lag = 0; lag < Math.max(1, last); lag++) sum += rho[lag]!;
  return -1 + 2 * sum + rho[last]!;
}
