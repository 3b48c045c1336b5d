/**
 * Like terms of the canonical form: coefficients of data are alike where all their factors are, not where those of one are among
 * those of another (`x` and `x * x`).
 */
import { expect, it } from 'vitest';
import { compile } from '../../src/index.js';

it('a coefficient and its multiple by data are two terms', async () => {
  const x = [0.5, -1, 1, 1.5, 0.2, -0.3],
    y = [0, 1, 1, 1, 0, 1];
  const slope = x.map((v) => v + v * v),
    precision = 1 + slope.reduce((s, v) => s + v * v, 0),
    mean = slope.reduce((s, v, n) => s + v * y[n]!, 0) / precision;
  const posterior = await compile(`
    data x: real[N]
    data y: real[N]
    sample b ~ Normal(0, 1)
    for n in 0..<N { observe y[n] ~ Normal(b * x[n] + b * x[n] * x[n], 1) }`).infer({ x, y }, { backend: 'exact', seed: 1 });
  const { b } = posterior.summary().variables;
  expect(b!.mean).toBeCloseTo(mean, 10);
  expect(b!.sd).toBeCloseTo(1 / Math.sqrt(precision), 10);
});
