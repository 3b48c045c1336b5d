/**
 * Rank-normalised split R-hat (Vehtari et al. 2021, equations 4 and 14): the larger of the split
 * R-hat of the normal scores of the draws and of the draws folded about their median.
 * R-hat^2 = ((n - 1)/n W + B/n) / W with W the mean variance within, B/n the variance of the means.
 */
import { isDegenerate, meanOf, varianceOf, type ChainDraws } from './chainDraws.js';

/**
 * NaN where it is not defined: constant draws, NaN among them, fewer than four draws a chain (halves
 * of one draw have no variance). Infinite where every half chain stands still at different places.
 */
export function rhat(draws: ChainDraws): number {
  if (!draws.fillNormalScores()) return Number.NaN;
  const bulk = plainRhat(draws);
  if (!draws.fillFoldedNormalScores()) return Number.NaN;
  // Math.max hands on NaN as R's max does NA.
  return Math.max(bulk, plainRhat(draws));
}

/**
 * The same, where the folded draws are all alike (two chains that stand still at two values, a fair coin) by the ranks
 * alone: `posterior` has no R-hat there, but chains that disagree must not pass for constant.
 */
export function rhatOfRanks(draws: ChainDraws): number {
  return draws.fillNormalScores() ? plainRhat(draws) : Number.NaN;
}

/** Split R-hat of the draws themselves, without ranks (Gelman et al. 2013). */
export function rhatWithoutRanks(draws: ChainDraws): number {
  draws.fillSplitPlain();
  return plainRhat(draws);
}

/** R-hat of what `split` holds. */
function plainRhat(draws: ChainDraws): number {
  const { split, splitChains, splitDraws, splitMeans } = draws.judged();
  if (isDegenerate(split)) return Number.NaN;
  let within = 0;
  for (let chain = 0; chain < splitChains; chain++) {
    const mean = meanOf(split, chain * splitDraws, splitDraws);
    splitMeans[chain] = mean;
    within += varianceOf(split, chain * splitDraws, splitDraws, mean) / splitChains;
  }
  const between = splitDraws * varianceOf(splitMeans, 0, splitChains, meanOf(splitMeans, 0, splitChains));
  return Math.sqrt((between / within + splitDraws - 1) / splitDraws);
}
