/**
 * Are ranks uniform? The simultaneous test of the empirical distribution function of Säilynoja, Bürkner and
 * Vehtari, "Graphical test for discrete uniformity and its applications in goodness-of-fit evaluation and multiple
 * sample comparison" (Statistics and Computing 32, 2022).
 *
 * With N ranks uniform on 0..values-1 and K | values, the count of ranks below i values / K is Binomial(N, i / K) for
 * each i, and the counts are a Markov chain in i. The pointwise level gamma of the bands follows from their joint
 * coverage by one recursion (section 2.2, algorithm 1); read the other way it gives an exact p-value.
 */
import { lgamma } from '../../numeric/special.js';

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

export interface Envelope {
  /** Evaluation points i / K, i = 1..K - 1. */
  readonly points: readonly number[];
  /** Least and greatest count of ranks below each point. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Pointwise level: each band covers 1 - gamma at least. */
  readonly gamma: number;
}

/** More evaluation points than this say little more. */
const mostPoints = 100;

/** The largest divisor of the number of values that is at most the number of ranks and a hundred. */
export function evaluationPoints(count: number, values: number): number {
  let best = 1;
  for (let k = 2; k <= Math.min(count, values, mostPoints); k++) if (values % k === 0) best = k;
  return best;
}

/** log of the probability of x successes. */
function logBinomial(x: number, n: number, p: number): number {
  return lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1) + (x === 0 ? 0 : x * Math.log(p)) + (x === n ? 0 : (n - x) * Math.log1p(-p));
}

/** Two-sided tail 2 min(P(X <= x), P(X >= x)) for x = 0..n, X ~ Binomial(n, p). */
function tails(n: number, p: number): Float64Array {
  const mass = Float64Array.from({ length: n + 1 }, (_, x) => Math.exp(logBinomial(x, n, p)));
  const out = new Float64Array(n + 1);
  let below = 0;
  for (let x = 0; x <= n; x++) { below += mass[x]!; out[x] = 2 * below; }
  let above = 0;
  for (let x = n; x >= 0; x--) { above += mass[x]!; out[x] = Math.min(out[x]!, 2 * above); }
  return out;
}

/** P(the counts stay strictly inside tails above `gamma` at all points), by the chain of binomial increments. */
function coverage(count: number, points: number, tailsAt: readonly Float64Array[], gamma: number): number {
  let law = new Float64Array(count + 1);
  law[0] = 1;
  for (let i = 1; i < points; i++) {
    // Of the ranks that are not below the last point, each lies below this one with probability p.
    const p = 1 / (points - i + 1), next = new Float64Array(count + 1), tail = tailsAt[i - 1]!;
    for (let x = 0; x <= count; x++) {
      const mass = law[x]!;
      if (mass < 1e-300) continue;
      const rest = count - x;
      for (let step = 0; step <= rest; step++) if (tail[x + step]! > gamma) next[x + step]! += mass * Math.exp(logBinomial(step, rest, p));
    }
    law = next;
  }
  return law.reduce((a, b) => a + b, 0);
}

function pointTails(count: number, points: number): readonly Float64Array[] {
  return Array.from({ length: points - 1 }, (_, i) => tails(count, (i + 1) / points));
}

/** Counts of ranks below each point i values / K, i = 1..K - 1. */
function countsBelow(ranks: readonly number[], values: number, points: number): readonly number[] {
  const bins = new Array<number>(points).fill(0);
  for (const r of ranks) bins[Math.floor((r * points) / values)]! += 1;
  let sum = 0;
  return bins.slice(0, -1).map((n) => { sum += n; return sum; });
}

/**
 * Exact test that ranks are uniform on 0..values-1.
 * @param ranks whole numbers from 0 to values - 1, independent of each other.
 * @throws RangeError for a rank outside that range.
 */
export function rankTest(ranks: readonly number[], values: number): RankTest {
  const wrong = ranks.find((r) => !(Number.isInteger(r) && r >= 0 && r < values));
  if (wrong !== undefined) throw new RangeError(`the rank ${wrong} is not one of 0..${values - 1}`);
  const count = ranks.length, points = evaluationPoints(count, values);
  if (points < 2) return { p: Number.NaN, gamma: 1, at: Number.NaN, excess: 0 };
  const tailsAt = pointTails(count, points), below = countsBelow(ranks, values, points);
  let gamma = Number.POSITIVE_INFINITY, worst = 0;
  below.forEach((x, i) => { const tail = tailsAt[i]![x]!; if (tail < gamma) { gamma = tail; worst = i; } });
  // A tail equal up to rounding is as far out.
  const p = Math.max(0, Math.min(1, 1 - coverage(count, points, tailsAt, gamma * (1 + 1e-9))));
  const at = (worst + 1) / points;
  return { p, gamma: Math.min(1, gamma), at, excess: below[worst]! / count - at };
}

/**
 * Bands that the counts of uniform ranks leave somewhere with probability `rate` at most, pointwise equally likely everywhere.
 * @param count number of ranks. @param values ranks are 0..values-1.
 */
export function ecdfEnvelope(count: number, values: number, rate: number): Envelope {
  const points = evaluationPoints(count, values), tailsAt = pointTails(count, points);
  // Coverage falls with gamma in steps: the largest tail that may be excluded, by bisection among those that occur.
  const levels = [...new Set(tailsAt.flatMap((t) => [...t]))].sort((a, b) => a - b);
  let low = -1, high = levels.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (coverage(count, points, tailsAt, levels[middle]!) >= 1 - rate) low = middle; else high = middle;
  }
  const gamma = low < 0 ? 0 : levels[low]!;
  const bands = tailsAt.map((tail) => { const inside = [...tail.keys()].filter((x) => tail[x]! > gamma); return { low: inside[0] ?? 0, high: inside.at(-1) ?? count }; });
  return { points: bands.map((_, i) => (i + 1) / points), low: bands.map((b) => b.low), high: bands.map((b) => b.high), gamma };
}

/** What a departure of ranks of the truth among posterior draws points to (Talts et al. 2018, section 4). */
export function shapeOfRanks(ranks: readonly number[], values: number): string {
  const u = ranks.map((r) => (r + 0.5) / values);
  const mean = u.reduce((a, b) => a + b, 0) / u.length;
  const spread = u.reduce((a, b) => a + (b - 0.5) ** 2, 0) / u.length;
  // Standardised by the moments of the uniform law: variance 1/12, fourth central moment 1/80.
  const shift = (mean - 0.5) * Math.sqrt(12 * u.length), width = (spread - 1 / 12) * Math.sqrt(180 * u.length);
  if (Math.abs(shift) > Math.abs(width)) return shift > 0 ? 'draws lie too low: the posterior is biased downwards' : 'draws lie too high: the posterior is biased upwards';
  return width > 0 ? 'draws are too narrow: the posterior is overconfident, or the draws are correlated' : 'draws are too wide: the posterior is underconfident';
}
