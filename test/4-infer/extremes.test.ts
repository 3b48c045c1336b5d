/**
 * Numbers near the ends of what a double holds: results are right as long as their squares are
 * representable, and where they are not the run says so and names the variable; never a silent NaN or constant.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import type { Posterior } from '../../src/5-report/posterior.js';

const base = [0.3, -1.2, 0.7, 2.1, -0.4, 1.1, 0.2, -0.9];
const spread =
  'data y: real[N] data s0: real sample m ~ Normal(0, s0) sample s ~ HalfNormal(s0) for n in 0..<N { observe y[n] ~ Normal(m, s) }';
function infer(text: string, data: Record<string, unknown>, backend: string, more: Record<string, unknown> = {}): Promise<Posterior> {
  return compile(text).infer(data, { backend, seed: 3, chains: 2, draws: 300, warmup: 300, workers: 0, ...more });
}

describe('a scale changes nothing but the scale', () => {
  it.each([1e-140, 1e-20, 1e20, 1e100, 1e150])('mean and sd by gibbs, a slice step among them, in units of %d', async (unit) => {
    const still = (await infer(spread, { y: base, s0: 1 }, 'gibbs')).summary().variables;
    const posterior = await infer(spread, { y: base.map((v) => v * unit), s0: unit }, 'gibbs');
    expect(posterior.warnings.map((w) => w.code)).toEqual([]);
    for (const [name, row] of Object.entries(posterior.summary().variables)) {
      const error = 6 * Math.hypot(row.mcse! / unit, still[name]!.mcse!);
      expect(Math.abs(row.mean! / unit - still[name]!.mean!)).toBeLessThan(error);
      expect(row.sd! / unit / still[name]!.sd!).toBeGreaterThan(0.8);
      expect(row.sd! / unit / still[name]!.sd!).toBeLessThan(1.25);
      expect(row.rhat).toBeLessThan(1.05);
    }
  });
  it('means, deviations and quantiles of draws near the largest number', async () => {
    // Uniform(a, b): mean (a + b) / 2, sd (b - a) / sqrt(12), as fractions of 1e308.
    const row = (await infer('sample x ~ Uniform(1e308, 1.7e308)', {}, 'gibbs', { options: { 'kernel.x': 'conjugate' } })).summary()
      .variables['x']!;
    expect(row.mean! / 1e308).toBeCloseTo(1.35, 1);
    expect(row.sd! / 1e308).toBeCloseTo(0.7 / Math.sqrt(12), 1);
    expect(row.mcse! / 1e308).toBeLessThan(0.02);
  });
});

describe('what no double holds is said', () => {
  const cases: readonly (readonly [string, string, Record<string, unknown>])[] = [
    ['m', spread, { y: base.map((v) => v * 1e200), s0: 1e200 }],
    ['x', 'sample x ~ Normal(0, 1e308)', {}],
    ['x', 'sample x ~ Cauchy(0, 1e305)', {}],
    [
      'm',
      'data y: real[N] sample m ~ Normal(0, 1e-170) for n in 0..<N { observe y[n] ~ Normal(m, 1e-170) }',
      { y: base.map((v) => v * 1e-170) },
    ],
  ];
  for (const [name, text, data] of cases) {
    it.each(['gibbs', 'mh', 'cavi'])(`${text.slice(0, 40)} (%s)`, async (backend) => {
      const posterior = await infer(text, data, backend);
      expect(posterior.converged).toBe(false);
      expect(posterior.warnings.length).toBeGreaterThan(0);
      if (backend !== 'cavi') expect(posterior.warnings.some((w) => new RegExp(`\\b${name}\\b`).test(w.message))).toBe(true);
    });
  }
  it('a single chain that stands still', async () => {
    const posterior = await infer('sample x ~ Normal(0, 1e160)', {}, 'mh', {
      chains: 1,
      options: { 'kernel.x': 'rw(scale: 1e-200, adapt: false)' },
    });
    expect(posterior.converged).toBe(false);
    expect(posterior.warnings.map((w) => w.message).join()).toContain('x has the same value');
  });
  it('two chains that stand still at two values: an infinite R-hat, though their folded draws agree', async () => {
    const row = (await infer('sample x ~ Normal(0, 1)', {}, 'mh', { options: { 'kernel.x': 'rw(scale: 1e-200, adapt: false)' } })).summary()
      .variables['x']!;
    expect(row.rhat).toBe(Number.POSITIVE_INFINITY);
  });
  it('nothing of numbers that have no choice', async () => {
    const posterior = await infer(
      'sample p ~ Dirichlet([2]) sample d ~ Delta(3) sample q ~ Beta(1, 1) observe 3 ~ Binomial(5, q)',
      {},
      'gibbs',
    );
    expect(posterior.warnings.map((w) => w.message)).toEqual([]);
  });
});
