/**
 * Simulated coverage of the intervals of maximum likelihood (S07): over data sets drawn from a known
 * law, 5 % to 95 % intervals must hold the truth nine times of ten, and standardised errors must have
 * mean 0 and variance 1. With 300 data sets and bounds of 4 standard errors the false alarm is below
 * 3e-4 (and seeds are fixed); standard errors 15 % too small or large go red.
 */
import { expect, test } from 'vitest';
import { compile } from '../../src/index.js';
import { createRandom } from '../../src/random/generator.js';

const sets = 300,
  size = 80;

test('intervals of a log-linear rate and of its coefficients', async () => {
  const truth = { a: 0.7, b: -0.4 },
    random = createRandom('coverage', 'data');
  const model = compile(
    'data x: real[N] data y: positive[N] param a: real param b: real report r = exp(a) for n in 0..<N { observe y[n] ~ Exponential(exp(a + b * x[n])) }',
  );
  const x = Array.from({ length: size }, (_, n) => (n % 9) / 4 - 1);
  const inside = { a: 0, b: 0, r: 0 },
    errors: number[] = [];
  for (let s = 0; s < sets; s++) {
    const y = x.map((v) => -Math.log(random.uniformPositive()) / Math.exp(truth.a + truth.b * v));
    const p = await model.infer({ x, y }, { backend: 'map', workers: 0, options: { restarts: 1 } });
    const rows = p.summary().variables as unknown as Record<'a' | 'b' | 'r', { mean: number; sd: number; q5: number; q95: number }>;
    for (const name of ['a', 'b', 'r'] as const) {
      const value = name === 'r' ? Math.exp(truth.a) : truth[name];
      if (rows[name].q5 <= value && value <= rows[name].q95) inside[name]++;
    }
    errors.push((rows.b.mean - truth.b) / rows.b.sd);
  }
  const deviation = 4 * Math.sqrt((0.9 * 0.1) / sets);
  for (const count of Object.values(inside)) expect(Math.abs(count / sets - 0.9)).toBeLessThan(deviation + 0.01);
  // The interval of exp(a) is the image of the interval of a.
  expect(inside.r).toBe(inside.a);
  const mean = errors.reduce((m, e) => m + e, 0) / sets,
    variance = errors.reduce((v, e) => v + (e - mean) ** 2, 0) / (sets - 1);
  expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(sets));
  // The estimate of a variance from a finite sample is a little off 1 itself.
  expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / sets) + 0.02);
});
