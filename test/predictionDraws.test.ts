/** Where predictions begin: draws as a run kept them, and labels drawn from their probabilities, one draw at a time. */
import { describe, expect, it } from 'vitest';
import type { VariableResult } from '../src/4-infer/posterior.js';
import { drawsToUse, type RunDraws, sourcesOf } from '../src/predictionDraws.js';
import { createRandom } from '../src/random/generator.js';

const draws = 4000,
  probabilities = [0.2, 0.8, 0, 1, 0.55, 0.45];
const labels: VariableResult = {
  name: 'z',
  shape: [3],
  kind: 'latent',
  discrete: true,
  range: 2,
  low: 5,
  insidePlate: true,
  result: {
    form: 'closed',
    mean: Float64Array.of(5.8, 6, 5.45),
    sd: null,
    mcse: null,
    quantiles: null,
    probabilities: Float64Array.from(probabilities),
    draws: null,
  },
};
const weights: VariableResult = {
  name: 'w',
  shape: [2],
  kind: 'latent',
  discrete: false,
  insidePlate: false,
  result: { form: 'draws', chains: 1, draws, values: Float64Array.from({ length: 2 * draws }, (_, i) => i), independent: true },
};

function runOf(chains: number, length: number, effectiveSize: number): RunDraws {
  return {
    draws: new Map(),
    chains,
    length,
    independent: false,
    leastEffectiveSize: () => effectiveSize,
    points: [],
    marginal: [],
    missing: [],
  };
}

describe('the draws that predictions begin with', () => {
  const { draws: sources, marginal, length } = sourcesOf({ variables: [labels, weights] }, new Set(['z', 'w']), '1');

  it('are those of the run, and begin again after the last', () => {
    expect(length).toBe(draws);
    expect([...sources.get('w')!.at(3), ...sources.get('w')!.at(draws + 3)]).toEqual([6, 7, 6, 7]);
  });

  it('are used equally often where more are asked for, each several times in a row', () => {
    const run = runOf(2, 6, 6);
    const plan = (count: number | null): unknown => {
      const { draws: perChain, repeats, numbers } = drawsToUse(run, count, 1000)!;
      return { perChain, repeats, numbers: [...numbers] };
    };
    expect(plan(null)).toEqual({ perChain: 3, repeats: 1, numbers: [0, 1, 2, 3, 4, 5] });
    expect(plan(3)).toEqual({ perChain: 2, repeats: 1, numbers: [0, 1, 3, 4] });
    expect(plan(7)).toEqual({ perChain: 6, repeats: 2, numbers: [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5] });
  });

  it('count as independent where they are no more than the run is worth, and are a chain where they are more', () => {
    const isIndependent = (count: number | null): boolean => drawsToUse(runOf(2, 1000, 100), count, 5000)!.independent;
    expect([20, 100, 102, 998, 1000, null, 2000].map(isIndependent)).toEqual([true, true, false, false, false, false, false]);
  });

  it('are worth what the least known of the unknowns is worth', () => {
    const random = createRandom('1', 'autoregression'),
      chain = new Float64Array(20_000);
    // x' = 0.9 x + noise is worth (1 - 0.9) / (1 + 0.9) of as many independent draws; y is noise.
    for (let t = 2; t < chain.length; t += 2) {
      chain[t] = 0.9 * chain[t - 2]! + random.normal();
      chain[t + 1] = random.normal();
    }
    const result = { form: 'draws', chains: 1, draws: 10_000, values: chain, independent: false } as const;
    const found = sourcesOf({ variables: [{ ...weights, result }] }, new Set(['w']), '1').leastEffectiveSize();
    expect(found / ((10_000 * 0.1) / 1.9)).toBeGreaterThan(0.7);
    expect(found / ((10_000 * 0.1) / 1.9)).toBeLessThan(1.4);
  });

  it('of labels of which the run has probabilities are as probable, and take no more room than one of them', () => {
    expect(marginal).toEqual(['z']);
    const z = sources.get('z')!,
      counts = [0, 0, 0, 0, 0, 0];
    const buffer = z.at(0).buffer;
    for (let d = 0; d < draws; d++) {
      const values = z.at(d);
      values.forEach((value, element) => {
        counts[2 * element + value - 5]!++;
      });
      expect(values.buffer).toBe(buffer);
    }
    // Four standard errors of a share of so many draws.
    counts.forEach((count, k) => {
      const p = probabilities[k]!;
      expect(Math.abs(count / draws - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / draws));
    });
  });
});
