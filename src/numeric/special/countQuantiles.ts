/**
 * Quantiles of counts: the smallest count whose distribution function reaches a probability, found by bracketing from a
 * normal guess and bisection. NaN outside the domain.
 */
import { epsilon } from './constants.js';
import { normalQuantile } from './normal.js';
import { gammaQ, gammaP } from './incompleteGamma.js';
import { incompleteBeta } from './incompleteBeta.js';
import { lbeta, lchoose } from './gamma.js';

/**
 * The smallest count k <= high whose distribution function reaches u, from the distribution function
 * and its complement. u above a half is compared on the side of the complement. Values equal to u up
 * to rounding count as reached, so that the quantile inverts the distribution function.
 */
function countQuantile(u: number, guess: number, high: number, lower: (k: number) => number, upper: (k: number) => number): number {
  const slack = 64 * epsilon;
  // u itself is only known to its last place.
  const v = 1 - u + 2 * epsilon;
  const reached = u <= 0.5 ? (k: number): boolean => lower(k) >= u * (1 - slack) : (k: number): boolean => upper(k) <= v * (1 + slack);
  // Bracket (below, above] by doubling steps, then bisect.
  let above = Math.min(high, Math.max(0, Math.floor(guess)));
  let below = above - 1;
  let step = 1;
  if (reached(above)) {
    while (below >= 0 && reached(below)) {
      above = below;
      below -= step;
      step *= 2;
    }
    if (below < -1) below = -1;
  } else {
    below = above;
    above += step;
    while (above < high && !reached(above)) {
      below = above;
      step *= 2;
      above += step;
    }
    if (above > high) above = high;
  }
  while (above - below > 1) {
    const middle = Math.floor(below + (above - below) / 2);
    if (middle <= below || middle >= above) break;
    if (reached(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** The smallest k with P(X <= k) >= u, X ~ Poisson(rate). */
export function poissonQuantile(u: number, rate: number): number {
  if (!(rate >= 0 && u >= 0 && u <= 1) || rate === Infinity) return Number.NaN;
  if (u === 0 || rate === 0) return 0;
  if (u === 1) return Infinity;
  const z = normalQuantile(u);
  const guess = rate + Math.sqrt(rate) * z + (z * z - 1) / 6;
  return countQuantile(
    u,
    guess,
    Infinity,
    (k) => gammaQ(k + 1, rate),
    (k) => gammaP(k + 1, rate),
  );
}

/** The smallest k with P(X <= k) >= u, X ~ Binomial(n, p). */
export function binomialQuantile(u: number, n: number, p: number): number {
  if (!(n >= 0 && p >= 0 && p <= 1 && u >= 0 && u <= 1) || !Number.isInteger(n)) return Number.NaN;
  if (u === 0 || n === 0 || p === 0) return 0;
  if (u === 1 || p === 1) return n;
  const z = normalQuantile(u);
  const guess = n * p + z * Math.sqrt(n * p * (1 - p)) + ((1 - 2 * p) * (z * z - 1)) / 6;
  return countQuantile(
    u,
    guess,
    n,
    (k) => (k >= n ? 1 : incompleteBeta(1 - p, p, n - k, k + 1)),
    (k) => (k >= n ? 0 : incompleteBeta(p, 1 - p, k + 1, n - k)),
  );
}

/** The smallest k with P(X <= k) >= u, X ~ NegativeBinomial(r, p), failures before the r-th success. */
export function negativeBinomialQuantile(u: number, r: number, p: number): number {
  if (!(r > 0 && p > 0 && p <= 1 && u >= 0 && u <= 1)) return Number.NaN;
  if (u === 0 || p === 1) return 0;
  if (u === 1) return Infinity;
  const z = normalQuantile(u);
  const mean = (r * (1 - p)) / p;
  const sd = Math.sqrt(mean / p);
  const guess = mean + z * sd + (((2 - p) / p) * (z * z - 1)) / 6;
  return countQuantile(
    u,
    guess,
    Infinity,
    (k) => incompleteBeta(p, 1 - p, r, k + 1),
    (k) => incompleteBeta(1 - p, p, k + 1, r),
  );
}

/**
 * The smallest k with P(X <= k) >= u for a law on low..high whose log masses are given; sums run from the nearer end and stop
 * where terms past the mode no longer count.
 */
function massQuantile(u: number, guess: number, low: number, high: number, logMass: (k: number) => number): number {
  const sum = (from: number, step: number, end: number): number => {
    let total = 0,
      before = 0;
    for (let k = from; step > 0 ? k <= end : k >= end; k += step) {
      const mass = Math.exp(logMass(k));
      total += mass;
      if (mass < before && mass < 1e-18 * total) break;
      before = mass;
    }
    return total;
  };
  return countQuantile(
    u,
    guess,
    high,
    (k) => (k < low ? 0 : k >= high ? 1 : sum(k, -1, low)),
    (k) => (k < low ? 1 : k >= high ? 0 : sum(k + 1, 1, high)),
  );
}

/** The smallest k with P(X <= k) >= u, X ~ BetaBinomial(n, a, b). */
export function betaBinomialQuantile(u: number, n: number, a: number, b: number): number {
  if (!(n >= 0 && a > 0 && b > 0 && u >= 0 && u <= 1) || !Number.isInteger(n)) return Number.NaN;
  if (u === 0 || n === 0) return 0;
  if (u === 1) return n;
  const constant = lbeta(a, b);
  return massQuantile(u, (n * a) / (a + b), 0, n, (k) => lchoose(n, k) + lbeta(k + a, n - k + b) - constant);
}

/** The smallest k with P(X <= k) >= u, X the successes among `draws` drawn without replacement. */
export function hypergeometricQuantile(u: number, successes: number, failures: number, draws: number): number {
  const total = successes + failures;
  if (!(successes >= 0 && failures >= 0 && draws >= 0 && draws <= total && u >= 0 && u <= 1)) return Number.NaN;
  const low = Math.max(0, draws - failures),
    high = Math.min(draws, successes);
  if (u === 0 || low === high) return low;
  if (u === 1) return high;
  const constant = lchoose(total, draws),
    p = successes / total;
  const sd = Math.sqrt((draws * p * (1 - p) * (total - draws)) / Math.max(1, total - 1));
  const guess = Math.max(low, draws * p + sd * normalQuantile(u));
  return massQuantile(u, guess, low, high, (k) => lchoose(successes, k) + lchoose(failures, draws - k) - constant);
}
