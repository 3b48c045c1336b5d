/** Quantiles that no closed form gives come from draws beside exact moments, and say how well they are known. */
import { expect, it } from 'vitest';
import { compile } from '../../src/index.js';

const prior = 'data S: real[2, 2] sample P ~ Wishart(6, S) sample m ~ Normal(0, 1)';
const S = [
  [1, 0.3],
  [0.3, 0.5],
];

it('elements of a matrix factor have a Monte Carlo error that shrinks with the draws; a Normal has none', async () => {
  const of = async (draws: number): Promise<ReturnType<typeof rows>> =>
    rows(await compile(prior).infer({ S }, { backend: 'cavi', seed: 5, chains: 1, draws, workers: 0 }));
  const rows = (posterior: Awaited<ReturnType<ReturnType<typeof compile>['infer']>>) => posterior.summary().variables;
  const few = await of(500),
    many = await of(8000);
  expect(few['m']!.mcse).toBeNull();
  // P[0,0] / S[0,0] ~ ChiSquared(6): its 5 %, 50 % and 95 % quantiles are 1.635383, 5.348121, 12.591587 (R: qchisq).
  const exact = { q5: 1.635383, q50: 5.348121, q95: 12.591587 };
  for (const row of [few['P[0,0]']!, many['P[0,0]']!]) {
    expect(row.mean).toBeCloseTo(6, 10);
    expect(row.sd).toBeCloseTo(Math.sqrt(12), 10);
    for (const q of ['q5', 'q50', 'q95'] as const) expect(Math.abs(row[q]! - exact[q])).toBeLessThan(4 * row.mcse!);
  }
  const ratio = few['P[0,0]']!.mcse! / many['P[0,0]']!.mcse!;
  expect(ratio).toBeGreaterThan(2);
  expect(ratio).toBeLessThan(8);
});
