/**
 * Moments in one pass against the same draws kept: means, variances, split R-hat and batch means written out here, for
 * whole runs, runs of an odd number of draws and runs that ended early.
 */
import { describe, expect, it } from 'vitest';
import { MomentAccumulator, momentsOf, poolMoments } from '../../src/4-infer/moments.js';
import { createRandom } from '../../src/random/generator.js';
import { normal } from '../../src/random/variates/continuous.js';

const size = 2;
const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0) / x.length;
const variance = (x: readonly number[]): number => x.reduce((s, v) => s + (v - mean(x)) ** 2, 0) / (x.length - 1);

/** Split R-hat (Gelman et al. 2013, section 11.4) with the mean length of the halves for n. */
function splitRhat(halves: readonly (readonly number[])[]): number {
  const n = mean(halves.map((half) => half.length)),
    between = n * variance(halves.map(mean)),
    within = mean(halves.map(variance));
  return Math.sqrt((((n - 1) / n) * within + between / n) / within);
}

/** Chains of different means and spreads, [chain][draw][element]. */
function chainsOf(count: number): readonly (readonly (readonly number[])[])[] {
  const random = createRandom('1', 'moments');
  return [0, 1, 2].map((chain) =>
    Array.from({ length: count }, (_, draw) =>
      Array.from({ length: size }, (_, i) => 1e6 * i + 0.3 * chain + 0.01 * draw + normal(random)),
    ),
  );
}

describe.each([
  [100, 100],
  [101, 101],
  [101, 80],
  [100, 60],
])('runs of %i draws that ended after %i', (planned, seen) => {
  const chains = chainsOf(seen),
    half = Math.floor(planned / 2),
    second = planned - half;
  const accumulated = (draws: readonly (readonly number[])[]): MomentAccumulator => {
    const first = new MomentAccumulator(size, planned, undefined);
    for (const draw of draws.slice(0, 37)) first.add(Float64Array.from(draw));
    // What was remembered goes on as if it had never stopped.
    const rest = new MomentAccumulator(size, planned, undefined, first.state());
    for (const draw of draws.slice(37)) rest.add(Float64Array.from(draw));
    return rest;
  };
  const pooled = poolMoments(
    chains.map((draws) => momentsOf(accumulated(draws).state(), planned)),
    size,
    undefined,
  );
  const element = (draws: readonly (readonly number[])[], i: number): readonly number[] => draws.map((draw) => draw[i]!);

  it.each([0, 1])('have the moments of the draws in element %i', (i) => {
    const all = chains.flatMap((draws) => element(draws, i));
    expect(pooled.draws).toBe(seen);
    expect(pooled.mean[i]! - mean(all)).toBeCloseTo(0, 8);
    expect(pooled.variance[i]! / variance(all)).toBeCloseTo(1, 8);
    const halves = chains.flatMap((draws) => [element(draws.slice(0, half), i), element(draws.slice(second), i)]);
    expect(pooled.rhat[i]!).toBeCloseTo(splitRhat(halves), 8);
    // Batches of floor(sqrt(planned)) draws; those that were not closed say nothing.
    const length = Math.floor(Math.sqrt(planned)),
      batches = Math.floor(seen / length);
    const means = chains.flatMap((draws) =>
      Array.from({ length: batches }, (_, b) => mean(element(draws, i).slice(b * length, (b + 1) * length))),
    );
    expect(pooled.mcse[i]!).toBeCloseTo(Math.sqrt(variance(means) / means.length), 8);
  });
});

it('values of finite unknowns are counted', () => {
  const chain = new MomentAccumulator(1, 5, 3);
  for (const value of [0, 2, 2, 1, 2]) chain.add(Int32Array.of(value));
  expect([...poolMoments([momentsOf(chain.state(), 5)], 1, 3).probabilities!]).toEqual([0.2, 0.2, 0.6]);
});
