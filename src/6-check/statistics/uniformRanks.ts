/**
 * Are ranks uniform? The simultaneous test of the empirical distribution function of Säilynoja, Bürkner and
 * Vehtari, "Graphical test for discrete uniformity and its applications in goodness-of-fit evaluation and multiple
 * sample comparison" (Statistics and Computing 32, 2022).
 *
 * With N ranks uniform on 0..V-1 the count of ranks below a cut c is Binomial(N, c / V), and the counts at growing cuts
 * are a Markov chain. The pointwise level gamma of the bands follows from their joint coverage by one recursion
 * (section 2.2, algorithm 1); read the other way it gives an exact p-value.
 */

export interface RankTest {
  /** P(a sample of uniform ranks leaves the bands at least as far somewhere): exact. */
  readonly p: number;
  /** Smallest pointwise tail probability, at the point where the ranks are least uniform. */
  readonly gamma: number;
  /** That point, as a share of the ranks: 0..1. */
  readonly at: number;
  /** Share of ranks below it less what is expected: positive where ranks are too small. */
  readonly excess: number;
}

/** Band that the distribution function of uniform ranks stays within, at a stated rate. */
export interface Envelope {
  /** Evaluation points as shares of the ranks: 0..1, both ends left out. */
  readonly points: readonly number[];
  /** Least and greatest count of ranks below each point. */
  readonly low: readonly number[];
  /** Its upper edge, likewise. */
  readonly high: readonly number[];
  /** Pointwise level: each band covers 1 - gamma at least. */
  readonly gamma: number;
}

/** More evaluation points than this say little more. */
const mostPoints = 100;

/**
 * Where the distribution function of ranks is looked at: cuts c, below which ranks are counted. As many as there are ranks or
 * values, and equally far apart where a divisor of the number of values comes near that; else as equally as whole numbers can.
 */
export function evaluationCuts(count: number, values: number): readonly number[] {
  const most = Math.min(count, values, mostPoints);
  let parts = most;
  while (values % parts !== 0) parts--;
  if (2 * parts < most) parts = most;
  return Array.from({ length: Math.max(0, parts - 1) }, (_, i) => Math.round(((i + 1) * values) / parts));
}

/**
 * The smallest p-value that so many ranks can have: of the samples that lie wholly below the first cut or wholly above the last.
 * @returns 1 where there is no cut.
 */
export function leastP(count: number, values: number): number {
  const cuts = evaluationCuts(count, values);
  if (cuts.length === 0) return 1;
  const low = cuts[0]!,
    high = values - cuts.at(-1)!;
  return (low === high ? 2 : 1) * (Math.min(low, high) / values) ** count;
}

/** The fewest ranks on 0..values-1 that can fail at a rate. */
export function fewestRanks(values: number, rate: number): number {
  let count = 2;
  while (leastP(count, values) > rate) count++;
  return count;
}

/** log of the probability of x successes in n, for x = 0..n; `factorials[k]` is log k!. */
function logBinomial(x: number, n: number, p: number, factorials: Float64Array): number {
  return factorials[n]! - factorials[x]! - factorials[n - x]! + (x === 0 ? 0 : x * Math.log(p)) + (x === n ? 0 : (n - x) * Math.log1p(-p));
}
function logFactorials(count: number): Float64Array {
  const out = new Float64Array(count + 1);
  for (let k = 2; k <= count; k++) out[k] = out[k - 1]! + Math.log(k);
  return out;
}

/** The law of the counts at all cuts, as far as it does not depend on the ranks. */
interface Counting {
  readonly count: number;
  readonly values: number;
  readonly cuts: readonly number[];
  readonly factorials: Float64Array;
  readonly tailsAt: readonly Float64Array[];
}

function counting(count: number, values: number): Counting {
  const cuts = evaluationCuts(count, values),
    factorials = logFactorials(count);
  return { count, values, cuts, factorials, tailsAt: cuts.map((c) => tails(count, c / values, factorials)) };
}

/** Two-sided tail 2 min(P(X <= x), P(X >= x)) for x = 0..n, X ~ Binomial(n, p). */
function tails(n: number, p: number, factorials: Float64Array): Float64Array {
  const mass = Float64Array.from({ length: n + 1 }, (_, x) => Math.exp(logBinomial(x, n, p, factorials)));
  const out = new Float64Array(n + 1);
  let below = 0;
  for (let x = 0; x <= n; x++) {
    below += mass[x]!;
    out[x] = 2 * below;
  }
  let above = 0;
  for (let x = n; x >= 0; x--) {
    above += mass[x]!;
    out[x] = Math.min(out[x]!, 2 * above);
  }
  return out;
}

/** P(the counts stay strictly inside tails above `gamma` at all cuts), by the chain of binomial increments. */
function coverage({ count, values, cuts, factorials, tailsAt }: Counting, gamma: number): number {
  let law = new Float64Array(count + 1);
  law[0] = 1;
  for (const [i, cut] of cuts.entries()) {
    // Of the ranks that are not below the last cut, each lies below this one with probability p.
    const last = i === 0 ? 0 : cuts[i - 1]!,
      p = (cut - last) / (values - last),
      next = new Float64Array(count + 1),
      tail = tailsAt[i]!;
    for (let x = 0; x <= count; x++) {
      const mass = law[x]!;
      if (mass < negligible) continue;
      const rest = count - x;
      for (let step = 0; step <= rest; step++)
        if (tail[x + step]! > gamma) next[x + step]! += mass * Math.exp(logBinomial(step, rest, p, factorials));
    }
    law = next;
  }
  return law.reduce((a, b) => a + b, 0);
}
/** Probabilities that add nothing to a sum near 1 even a million times. */
const negligible = 1e-30;

/** Counts of ranks below each cut. */
function countsBelow(ranks: readonly number[], cuts: readonly number[]): readonly number[] {
  const sorted = [...ranks].sort((a, b) => a - b);
  let below = 0;
  return cuts.map((cut) => {
    while (below < sorted.length && sorted[below]! < cut) below++;
    return below;
  });
}

/**
 * Exact test that ranks are uniform on 0..values-1.
 * @param ranks whole numbers from 0 to values - 1, independent of each other.
 * @throws RangeError for a rank outside that range.
 */
export function rankTest(ranks: readonly number[], values: number): RankTest {
  const wrong = ranks.find((r) => !(Number.isInteger(r) && r >= 0 && r < values));
  if (wrong !== undefined) throw new RangeError(`the rank ${wrong} is not one of 0..${values - 1}`);
  const law = counting(ranks.length, values),
    { cuts, tailsAt } = law;
  if (cuts.length === 0) return { p: Number.NaN, gamma: 1, at: Number.NaN, excess: 0 };
  const below = countsBelow(ranks, cuts);
  let gamma = Number.POSITIVE_INFINITY,
    worst = 0;
  below.forEach((x, i) => {
    const tail = tailsAt[i]![x]!;
    if (tail < gamma) {
      gamma = tail;
      worst = i;
    }
  });
  // A tail equal up to rounding is as far out.
  const p = Math.max(0, Math.min(1, 1 - coverage(law, gamma * (1 + 1e-9))));
  const at = cuts[worst]! / values;
  return { p, gamma: Math.min(1, gamma), at, excess: below[worst]! / ranks.length - at };
}

/**
 * Bands that the counts of uniform ranks leave somewhere with probability `rate` at most, pointwise equally likely everywhere.
 * @param count number of ranks. @param values ranks are 0..values-1.
 */
export function ecdfEnvelope(count: number, values: number, rate: number): Envelope {
  const law = counting(count, values),
    { cuts, tailsAt } = law;
  // Coverage falls with gamma in steps: the largest tail that may be excluded, by bisection among those that occur.
  const levels = [...new Set(tailsAt.flatMap((t) => [...t]))].sort((a, b) => a - b);
  let low = -1,
    high = levels.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (coverage(law, levels[middle]!) >= 1 - rate) low = middle;
    else high = middle;
  }
  const gamma = low < 0 ? 0 : levels[low]!;
  const bands = tailsAt.map((tail) => {
    const inside = [...tail.keys()].filter((x) => tail[x]! > gamma);
    return { low: inside[0] ?? 0, high: inside.at(-1) ?? count };
  });
  return { points: cuts.map((c) => c / values), low: bands.map((b) => b.low), high: bands.map((b) => b.high), gamma };
}

/** What a departure of ranks of the truth among posterior draws points to (Talts et al. 2018, section 4). */
export function shapeOfRanks(ranks: readonly number[], values: number): string {
  const u = ranks.map((r) => (r + 0.5) / values);
  const mean = u.reduce((a, b) => a + b, 0) / u.length;
  const spread = u.reduce((a, b) => a + (b - 0.5) ** 2, 0) / u.length;
  // Standardised by the moments of the uniform law: variance 1/12, fourth central moment 1/80.
  const shift = (mean - 0.5) * Math.sqrt(12 * u.length),
    width = (spread - 1 / 12) * Math.sqrt(180 * u.length);
  if (Math.abs(shift) > Math.abs(width))
    return shift > 0 ? 'draws lie too low: the posterior is biased downwards' : 'draws lie too high: the posterior is biased upwards';
  return width > 0
    ? 'draws are too narrow: the posterior is overconfident, or the draws are correlated'
    : 'draws are too wide: the posterior is underconfident';
}
