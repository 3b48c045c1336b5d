/**
 * Integer variates made of others: one choice among categories or integers, mixtures of binomial and Poisson laws, the
 * ordered logistic law. Parameters outside their domain give NaN (an index: -1).
 */
import type { Random } from '../generator.js';
import { poisson } from './poisson.js';
import { gamma, beta } from './gamma.js';
import { binomial } from './binomial.js';
import { logistic } from './continuous.js';

/** 1 with probability p, else 0. */
export function bernoulli(random: Random, p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  return random.uniform() < p ? 1 : 0;
}

/** Uniform on the integers low, ..., high. */
export function discreteUniform(random: Random, low: number, high: number): number {
  if (!(low <= high)) return Number.NaN;
  // Of more than 2^53 values the sum is rounded, and nothing else keeps it from the number beyond the last.
  return Math.min(high, low + random.integer(high - low + 1));
}

/** NegativeBinomial(r, p): failures before the r-th success, a Poisson with a gamma rate. */
export function negativeBinomial(random: Random, r: number, p: number): number {
  if (!(r > 0 && p > 0 && p <= 1)) return Number.NaN;
  return p === 1 ? 0 : poisson(random, gamma(random, r, p / (1 - p)));
}

/** BetaBinomial(n, a, b). */
export function betaBinomial(random: Random, n: number, a: number, b: number): number {
  return binomial(random, n, beta(random, a, b));
}

/** OrderedLogistic: the number of cutpoints below eta plus a standard logistic. */
export function orderedLogistic(random: Random, eta: number, cutpoints: Float64Array): number {
  const x = eta + logistic(random);
  let k = 0;
  while (k < cutpoints.length && cutpoints[k]! < x) k++;
  return Number.isNaN(x) ? Number.NaN : k;
}

/** An index drawn with the given probabilities, which need not add up to exactly 1; -1 where they are no weights. */
export function categorical(random: Random, probs: Float64Array): number {
  let total = 0;
  for (let k = 0; k < probs.length; k++) total += probs[k]!;
  if (!(total > 0) || total === Infinity) return -1;
  let u = random.uniform() * total;
  let last = -1;
  for (let k = 0; k < probs.length; k++) {
    const p = probs[k]!;
    if (p > 0) {
      last = k;
      if (u < p) return k;
      u -= p;
    }
  }
  return last;
}
