/** R-hat of variables of which moments alone are kept, where a run ended before, at and after the middle of what was planned. */
import { describe, expect, it } from 'vitest';
import { type ChainMoments, MomentAccumulator, momentsOf, poolMoments } from '../../src/4-infer/moments.js';
import { createRandom } from '../../src/random/generator.js';

/** Draws planned for each chain. */
const planned = 1000;
const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
const variance = (x: readonly number[]): number => x.reduce((a, b) => a + (b - mean(x)) ** 2, 0) / (x.length - 1);

/** Gelman and Rubin's formula from the draws themselves; n is the mean length of the sequences. */
function rhat(sequences: readonly (readonly number[])[]): number {
  const n = mean(sequences.map((s) => s.length)),
    within = mean(sequences.map(variance)),
    between = n * variance(sequences.map(mean));
  return Math.sqrt((between / n + (within * (n - 1)) / n) / within);
}

/** Chains of `length` normal draws, the k-th shifted by `shift` k. */
function chains(length: number, count: number, shift: number): readonly (readonly number[])[] {
  return Array.from({ length: count }, (_, k) => {
    const random = createRandom('r-hat', `chain ${k}`);
    return Array.from({ length }, () => random.normal() + shift * k);
  });
}

function found(draws: readonly (readonly number[])[]): number {
  const accumulated = draws.map((chain): ChainMoments => {
    const accumulator = new MomentAccumulator(1, planned, undefined);
    for (const x of chain) accumulator.add(Float64Array.of(x));
    return momentsOf(accumulator.state(), planned);
  });
  return poolMoments(accumulated, 1, undefined).rhat[0]!;
}

describe('R-hat from moments', () => {
  // A second half of less than a fifth of the first joins it.
  it.each([[2], [120], [500], [502], [599]])('of %d draws of 1000 compares whole chains', (length) => {
    for (const shift of [0, 0.5]) {
      const draws = chains(length, 3, shift);
      expect(found(draws)).toBeCloseTo(rhat(draws), 10);
    }
  });

  it.each([[600], [800], [1000]])('of %d draws of 1000 compares half chains', (length) => {
    for (const shift of [0, 0.5]) {
      const draws = chains(length, 3, shift);
      expect(found(draws)).toBeCloseTo(rhat(draws.flatMap((chain) => [chain.slice(0, planned / 2), chain.slice(planned / 2)])), 10);
    }
  });

  it('sees chains that disagree long before the middle', () => {
    expect(found(chains(150, 4, 1))).toBeGreaterThan(1.3);
  });

  it('has nothing to compare of one chain before the middle, nor of one draw', () => {
    expect(found(chains(300, 1, 0))).toBeNaN();
    expect(found(chains(1, 3, 0))).toBeNaN();
  });
});
