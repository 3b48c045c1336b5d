/**
 * Hypergeometric variates: item by item for few draws, else ratio of uniforms (Stadlober 1990).
 */
import { lgamma } from '../../numeric/special/gamma.js';
import type { Random } from '../generator.js';

/** log of the hypergeometric mass at k up to a constant, with the smaller class of items first. */
function logHypergeometricMass(k: number, small: number, large: number, draws: number): number {
  return -(lgamma(k + 1) + lgamma(small - k + 1) + lgamma(draws - k + 1) + lgamma(large - draws + k + 1));
}

/**
 * Successes among `draws` items drawn without replacement: item by item for up to ten, else ratio of uniforms (Stadlober,
 * "The ratio of uniforms approach for generating discrete random variates", 1990, algorithm HRUA), cut 16 standard deviations out.
 */
export function hypergeometric(random: Random, successes: number, failures: number, draws: number): number {
  const total = successes + failures;
  if (!(successes >= 0 && failures >= 0 && draws >= 0 && draws <= total) || total === Infinity) return Number.NaN;
  const small = Math.min(successes, failures),
    large = Math.max(successes, failures),
    taken = Math.min(draws, total - draws);
  let drawn = 0;
  if (taken <= 10) {
    for (let k = 0; k < taken; k++) if (random.uniform() * (total - k) < small - drawn) drawn++;
  } else {
    const p = small / total;
    const centre = taken * p + 0.5;
    const spread = Math.sqrt(((total - taken) * taken * p * (1 - p)) / (total - 1) + 0.5);
    // 2 sqrt(2 / e) and 3 - 2 sqrt(3 / e).
    const width = 1.7155277699214135 * spread + 0.8989161620588988;
    const mode = Math.floor(((taken + 1) * (small + 1)) / (total + 2));
    const atMode = logHypergeometricMass(mode, small, large, taken);
    const end = Math.min(Math.min(taken, small) + 1, Math.floor(centre + 16 * spread));
    for (;;) {
      const u = random.uniformPositive();
      const x = centre + (width * (random.uniform() - 0.5)) / u;
      if (!(x >= 0 && x < end)) continue;
      drawn = Math.floor(x);
      if (2 * Math.log(u) <= logHypergeometricMass(drawn, small, large, taken) - atMode) break;
    }
  }
  if (successes > failures) drawn = taken - drawn;
  return taken < draws ? successes - drawn : drawn;
}
