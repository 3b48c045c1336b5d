/**
 * `quantile(D, p)` of a truncated law far out in a tail: right to the last digits, or no number; never the bound of the interval.
 */
import { expect, test } from 'vitest';
import { compile } from '../../src/index.js';

const text = 'data a: real sample x ~ Normal(0, 1) report q = quantile(truncated(Normal(0, 1), a, a + 1), 0.5)';

// mpmath with 40 digits: the root of (S(a) - S(q)) / (S(a) - S(a + 1)) = 1/2, S(x) = erfc(x / sqrt(2)) / 2.
test.each([
  [5, 5.131371763283919],
  [9, 9.075779713738545],
  [20, 20.034541676454726],
])('median of a normal above %d', async (a, truth) => {
  const p = await compile(text).infer({ a }, { backend: 'exact', seed: 1, draws: 1, chains: 1 });
  expect(Math.abs((p.draws('q') as Float64Array)[0]! - truth)).toBeLessThan(1e-12 * truth);
});

test('is no number where the mass of the interval is below the smallest number', async () => {
  // The median is 50.01385548686213, the mass 1e-545.
  const p = await compile(text).infer({ a: 50 }, { backend: 'exact', seed: 1, draws: 1, chains: 1 });
  expect((p.draws('q') as Float64Array)[0]).toBeNaN();
});
