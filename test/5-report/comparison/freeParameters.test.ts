/**
 * How many numbers AIC counts. Truth: the dimension of each parameter space, worked out by hand.
 */
import { expect, it } from 'vitest';
import { compile } from '../../../src/index.js';

const y = [0.3, 1.2, -0.4, 2.2, 0.9, 1.6];
it.each([
  [
    'a corner constraint is no parameter',
    'let a[0] = 0 for k in 1..<3 { param a[k]: real } for n in 0..<N { observe y[n] ~ Normal(a[g[n]] + 1, 1) }',
    { g: [0, 1, 2, 0, 1, 2] },
    2,
  ],
  [
    'elements outside of a ragged region are none',
    'for i in 0..<2, j in 0..<m[i] { param a[i, j]: real } for n in 0..<N { observe y[n] ~ Normal(a[1, 0] + a[1, 1] + a[0, 0], 1) } for i in 0..<2, j in 0..<m[i] { observe 0 ~ Normal(a[i, j], 1) }',
    { m: [1, 2] },
    3,
  ],
  [
    'an element with a value is none',
    'param a: real[3] for n in 0..<N { observe y[n] ~ Normal(a[g[n]], 1) }',
    { g: [0, 1, 2, 0, 1, 2], a: [null, 0.5, null] },
    2,
  ],
  [
    'a simplex has one less than its length',
    'param p: simplex[3] observe k ~ Categorical(p) observe y ~ Normal(0, 1)',
    { k: [0, 1, 2, 0] },
    2,
  ],
])('%s', async (_, program, data, count) => {
  const declared = [
    ...('g' in data ? ['data g: int[N]'] : []),
    ...('m' in data ? ['data m: int[2]'] : []),
    ...('k' in data ? ['data k: int[M]'] : []),
  ];
  const posterior = await compile(`data y: real[N] ${declared.join(' ')} ${program}`).infer(
    { y, ...data },
    { backend: 'map', options: { restarts: 2 } },
  );
  const { aic, logLikelihood } = posterior.summary();
  expect((aic! + 2 * logLikelihood!) / 2).toBeCloseTo(count, 9);
});

it('counts params alone where the other unknowns are integrated out, and makes no criteria where they are maximised', async () => {
  const model = compile(`data y: real[G, 2]
param s2: positive
for g in 0..<G {
  sample u[g] ~ Normal(0, 1)
  for i in 0..<2 { observe y[g, i] ~ Normal(u[g], sqrt(s2)) }
}`);
  const pairs = [
    [1.2, 0.8],
    [-0.5, -1.1],
    [0.3, 0.9],
  ] as const;
  const estimated = (options: Readonly<Record<string, string>>): ReturnType<typeof model.infer> =>
    model.infer({ y: pairs }, { backend: 'map', seed: 1, options });
  const marginal = (await estimated({ marginal: 'u' })).summary();
  // Given s2 the pairs are Gaussian with variance 1 + s2 and covariance 1; the maximum on a grid of steps of 1e-4 is good to 1e-7.
  const logDensity = (s2: number): number =>
    pairs.reduce((total, [a, b]) => {
      const determinant = (1 + s2) ** 2 - 1;
      return total - Math.log(2 * Math.PI) - 0.5 * Math.log(determinant) - ((1 + s2) * (a * a + b * b) - 2 * a * b) / (2 * determinant);
    }, 0);
  let best = -Infinity;
  for (let s2 = 0.001; s2 < 2; s2 += 0.0001) best = Math.max(best, logDensity(s2));
  expect(marginal.aic).toBeCloseTo(2 - 2 * best, 5);
  expect((await estimated({})).summary().aic).toBeNull();
});
