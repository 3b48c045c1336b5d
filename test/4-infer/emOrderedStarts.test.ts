/** em: starts of increasing means that share a variance, which nothing seeds, against EM written by hand. */
import { expect, test } from 'vitest';
import { compile } from '../../src/index.js';

const spread = [-2.1, -1.4, -3.2, -2.6, -0.9, -1.8, 1.2, 1.9, 2.4, 0.7, 1.6, 3.1, 2.2, 1.1, 1.8, 0.4, 2.7];

/** The log likelihood of the mixture at the limit of EM from the sorted halves. */
function maximum(y: readonly number[]): number {
  let w = 0.5,
    means = [-2, 2],
    variance = 1,
    logLikelihood = 0;
  for (let turn = 0; turn < 5000; turn++) {
    const densities = y.map((x) =>
      means.map((m, k) => ((k === 0 ? w : 1 - w) * Math.exp((-0.5 * (x - m) ** 2) / variance)) / Math.sqrt(2 * Math.PI * variance)),
    );
    logLikelihood = densities.reduce((sum, [a, b]) => sum + Math.log(a! + b!), 0);
    const first = densities.map(([a, b]) => a! / (a! + b!)),
      count = first.reduce((sum, p) => sum + p, 0);
    means = [
      first.reduce((sum, p, n) => sum + p * y[n]!, 0) / count,
      first.reduce((sum, p, n) => sum + (1 - p) * y[n]!, 0) / (y.length - count),
    ];
    variance = first.reduce((sum, p, n) => sum + p * (y[n]! - means[0]!) ** 2 + (1 - p) * (y[n]! - means[1]!) ** 2, 0) / y.length;
    w = count / y.length;
  }
  return logLikelihood;
}

test.each([0, 5, 10, 100, 1000])('the same maximum %f from zero', async (offset) => {
  const found = await compile(`
    data y: real[N]  param w: simplex[2]  param mu: ordered[2]  param v: positive
    for n in 0..<N { sample c[n] ~ Categorical(w)  observe y[n] ~ Normal(mu[c[n]], variance: v) }
  `).infer({ y: spread.map((x) => x + offset) }, { backend: 'em', seed: 1, workers: 0 });
  expect(found.logLikelihood).toBeCloseTo(maximum(spread), 5);
});
