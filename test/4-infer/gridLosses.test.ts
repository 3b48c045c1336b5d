/** Laws that cavi and exact keep on a grid: right where the grid can hold them, and a warning where it cannot. */
import { describe, expect, it } from 'vitest';
import { compile, type Posterior } from '../../src/index.js';

const infer = (program: string, data: Readonly<Record<string, unknown>> = {}, backend = 'cavi'): Promise<Posterior> =>
  compile(program).infer(data, { backend, chains: 1, draws: 5, workers: 0, seed: 1 });
const codes = (p: Posterior): readonly string[] => p.warnings.map((w) => w.code);

describe('factors on a grid', () => {
  it('with two narrow modes are the whole posterior', async () => {
    // Both signs of a are as probable; the evidence is integrated over the positive ones, twice.
    let half = 0;
    const step = 1e-5;
    for (let a = 1.5; a < 2.5; a += step)
      half += (step * Math.exp((-a * a) / 50 - 0.5 * ((4 - a * a) / 0.05) ** 2)) / (5 * 0.05 * 2 * Math.PI);
    const p = await infer('data y: real  sample a ~ Normal(0, 5)  observe y ~ Normal(a^2, 0.05)', { y: 4 });
    expect(p.elbo).toBeCloseTo(Math.log(2 * half), 6);
    expect(p.summary().variables['a']).toMatchObject({ sd: expect.closeTo(2, 3) });
    expect(codes(p)).toEqual([]);
  });
  it('with more modes than panels are warned of', async () => {
    const p = await infer('data y: real  sample a ~ Normal(0, 5)  observe y ~ Normal(sin(a * 3), 0.02)', { y: 0.5 });
    expect(codes(p)).toContain('coarse-grid');
  });
  it('with two heavy tails, too', async () => {
    const p = await infer('sample a ~ Cauchy(3, 2)');
    // A prior without data has the evidence 1.
    expect(Math.abs(p.elbo!)).toBeGreaterThan(1);
    expect(codes(p)).toContain('coarse-grid');
  });
  it.each([0.3, 0.5])('with mass right at the upper bound 1, where a logarithm is infinite: Beta(2, %f)', async (b) => {
    // E p and E p^2 of Beta(2, b).
    const one = 2 / (2 + b),
      two = (one * 3) / (3 + b);
    const p = await infer(`data y: bool  sample p ~ Beta(2, ${b})  observe y ~ Bernoulli(0.2 + 0.6 * p)`, { y: 1 });
    expect(p.elbo).toBeCloseTo(Math.log(0.2 + 0.6 * one), 4);
    expect(p.summary().variables['p']!.mean).toBeCloseTo((0.2 * one + 0.6 * two) / (0.2 + 0.6 * one), 4);
    expect(codes(p)).toEqual([]);
  });
  it('with more of it there than numbers can hold are warned of', async () => {
    const p = await infer('data y: bool  sample p ~ Beta(2, 0.1)  observe y ~ Bernoulli(0.2 + 0.6 * p)', { y: 1 });
    expect(Number.isFinite(p.elbo)).toBe(true);
    expect(codes(p)).toEqual(['cut-at-bound']);
  });
  it('so are exact posteriors between bounds', async () => {
    // Of p ~ Beta(2, 0.1) above 1/2 the evidence is E p; 1 - q is written for the distance q from 1, which numbers hold.
    const near = await infer('data y: bool  sample p ~ truncated(Beta(2, 0.1), 0.5, 1)  observe y ~ Bernoulli(p)', { y: 1 }, 'exact');
    const far = await infer('data y: bool  sample q ~ truncated(Beta(0.1, 2), 0, 0.5)  observe y ~ Bernoulli(q)', { y: 0 }, 'exact');
    // scipy: log(2 / 2.1 * beta.sf(0.5, 3, 0.1) / beta.sf(0.5, 2, 0.1)).
    expect(far.logEvidence).toBeCloseTo(-0.035779927433417166, 6);
    expect(codes(far)).toEqual([]);
    expect(Math.abs(near.logEvidence! - far.logEvidence!)).toBeGreaterThan(0.02);
    expect(codes(near)).toEqual(['cut-at-bound']);
  });
});
