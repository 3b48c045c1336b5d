/**
 * Bounds that other unknowns set and the support implies: `s + 0.2 * z` is positive whatever the label z, so that it keeps
 * neither em nor cavi from a positive s. The truth is the mixture's likelihood written out, and that it is stationary.
 */
import { expect, test } from 'vitest';
import { compile, ModelError } from '../../src/index.js';

const y = [-0.4, 0.9, 0.1, -1.2, 0.5, 6.1, 4.2, 7.9, 5.5, 3.6, -0.8, 6.6];
const text = (scale: string): string => `data y: real[N]
param s: positive
param mu: real[2]
for n in 0..<N { sample z[n] ~ Bernoulli(0.4)  observe y[n] ~ Normal(mu[z[n]], ${scale}) }`;
function logLikelihood(s: number, mu: readonly number[]): number {
  const density = (x: number, m: number, sd: number): number => Math.exp(-0.5 * ((x - m) / sd) ** 2) / (sd * Math.sqrt(2 * Math.PI));
  return y.reduce((sum, x) => sum + Math.log(0.6 * density(x, mu[0]!, s) + 0.4 * density(x, mu[1]!, s + 0.2)), 0);
}

test('em estimates a scale that labels add to', async () => {
  const p = await compile(text('s + 0.2 * z[n]')).infer({ y }, { backend: 'em', seed: 1 });
  const s = p.mean('s') as number,
    mu = p.mean('mu') as readonly number[];
  expect(p.warnings).toEqual([]);
  expect(Math.abs(p.logLikelihood! - logLikelihood(s, mu))).toBeLessThan(1e-9);
  const h = 1e-4;
  for (const [ds, d0, d1] of [
    [h, 0, 0],
    [0, h, 0],
    [0, 0, h],
  ] as const) {
    const slope = (logLikelihood(s + ds, [mu[0]! + d0, mu[1]! + d1]) - logLikelihood(s - ds, [mu[0]! - d0, mu[1]! - d1])) / (2 * h);
    expect(Math.abs(slope)).toBeLessThan(1e-4);
  }
});

test.each(['em', 'cavi'])('%s refuses a bound that labels do move', async (backend) => {
  await expect(compile(text('s - 0.2 * z[n]')).infer({ y }, { backend })).rejects.toThrow(ModelError);
});
