/**
 * Recursions along a ragged dimension: rows of different lengths, of which the steps are taken together.
 * Rows are independent autoregressions under noise, so that data of a row are jointly Normal with a covariance in closed form.
 */
import { expect, test } from 'vitest';
import { compile } from '../../src/index.js';

const text = `data len: int[J]
data y: real[J, M]
data a: real
for j in 0..<J {
  sample z[j, 0] ~ Normal(0, 1)
  for k in 1..<len[j] { sample z[j, k] ~ Normal(a * z[j, k-1], 0.5) }
  for k in 0..<len[j] { observe y[j, k] ~ Normal(z[j, k], 0.7) }
}
for j in 0..<J { let path[j, 0] = z[j, 0]  for k in 1..<len[j] { let path[j, k] = path[j, k-1] + z[j, k] } }
report ends = sum(path[j, len[j] - 1] for j in 0..<J)`;
// The longest row is neither the first nor the last; what stands beyond the end of a row is never read.
const len = [3, 1, 4, 2],
  a = 0.7,
  y = [
    [1, 1.5, 0.2, 9],
    [2, 9, 9, 9],
    [-1, -0.5, 0.1, 0.4],
    [1, 1.1, 9, 9],
  ];

/** log N(y; 0, S) and E(sum of z | y) with cov(z) = C, S = C + 0.49 I, by elimination. */
function row(values: readonly number[]): { readonly logDensity: number; readonly sum: number } {
  const n = values.length,
    variance = values.map(() => 1);
  for (let k = 1; k < n; k++) variance[k] = a * a * variance[k - 1]! + 0.25;
  const c = values.map((_, i) => values.map((__, j) => a ** Math.abs(i - j) * variance[Math.min(i, j)]!));
  const m = c.map((r, i) => [...r.map((v, j) => v + (i === j ? 0.49 : 0)), values[i]!]);
  let logDeterminant = 0;
  for (let k = 0; k < n; k++) {
    logDeterminant += Math.log(m[k]![k]!);
    for (let i = 0; i < n; i++)
      if (i !== k) {
        const f = m[i]![k]! / m[k]![k]!;
        for (let j = k; j <= n; j++) m[i]![j]! -= f * m[k]![j]!;
      }
  }
  const solved = m.map((r, k) => r[n]! / r[k]!);
  return {
    logDensity: -0.5 * (n * Math.log(2 * Math.PI) + logDeterminant + values.reduce((s, v, k) => s + v * solved[k]!, 0)),
    sum: c.reduce((s, r) => s + r.reduce((t, v, j) => t + v * solved[j]!, 0), 0),
  };
}
const rows = y.map((values, j) => row(values.slice(0, len[j]))),
  evidence = rows.reduce((s, r) => s + r.logDensity, 0),
  ends = rows.reduce((s, r) => s + r.sum, 0);

test.each(['exact', 'laplace'])('%s has the evidence and the mean of the ends', async (backend) => {
  const p = await compile(text).infer({ len, y, a }, { backend, seed: 1 });
  expect(Math.abs(p.logEvidence! - evidence)).toBeLessThan(1e-8);
  expect(Math.abs((p.mean('ends') as number) - ends)).toBeLessThan(0.2);
});

test.each([
  ['gibbs', {}],
  ['gibbs', { block: 'none' }],
  ['mh', {}],
] as const)('%s %j', async (backend, options) => {
  const p = await compile(text).infer({ len, y, a }, { backend, options, seed: 1, draws: 4000 });
  const { mean, mcse } = p.summary().variables['ends']!;
  expect(Math.abs(mean! - ends)).toBeLessThan(4 * mcse!);
});
