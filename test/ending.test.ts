/**
 * When a run ends, and what is said of it: once there is enough (`until`), by the clock (`maxSeconds`), by a signal.
 */
import { describe, expect, it } from 'vitest';
import { compile, type InferOptions, type Posterior } from '../src/index.js';

const codes = ({ warnings, notes }: Posterior): readonly string[] =>
  [...warnings, ...notes].map(({ code }) => code).filter((code) => code !== 'chosen-backend');
const drawsOf = (posterior: Posterior): number => posterior.draws(posterior.names[0]!).shape[1]!;
const infer = (text: string, data: Readonly<Record<string, unknown>>, options: InferOptions): Promise<Posterior> =>
  compile(text).infer(data, { workers: 0, seed: 3, warmup: 100, ...options });

const normal = 'data y: real[N]\nsample m ~ Normal(0, 10)\nsample s ~ HalfNormal(5)\nfor n in 0..<N { observe y[n] ~ Normal(m, s) }';
const y = [1, 2, 3, 4.5, 2.2];

describe('a run that ends once there is enough', () => {
  it('is whole: nothing is said of draws that were not needed', async () => {
    const posterior = await infer(normal, { y }, { backend: 'gibbs', until: { ess: 100 } });
    expect(codes(posterior)).not.toContain('stopped-early');
    expect(codes(posterior)).not.toContain('not-enough');
    expect(drawsOf(posterior)).toBeLessThan(1000);
    for (const element of Object.values(posterior.summary().variables)) expect(element.essBulk).toBeGreaterThanOrEqual(100);
  });

  it('says so where all its draws are not enough, however few they are', async () => {
    for (const draws of [10, 300]) {
      const posterior = await infer(normal, { y }, { backend: 'gibbs', draws, chains: 1, until: { ess: 1e6 } });
      expect(drawsOf(posterior)).toBe(draws);
      expect(codes(posterior)).toContain('not-enough');
    }
  });

  it('does not wait for reports that are constant or not numbers', async () => {
    const posterior = await infer(
      `${normal}\nreport one = 1 + 0 * m\nreport broken = log(-exp(m))`,
      { y },
      { backend: 'gibbs', until: { ess: 100 } },
    );
    expect(drawsOf(posterior)).toBeLessThan(1000);
    expect(codes(posterior)).toContain('not-finite');
  });

  it('judges unknowns of data plates where there are no others', async () => {
    const posterior = await infer(
      'data y: real[N]\nfor n in 0..<N { sample z[n] ~ Normal(0, 1) observe y[n] ~ Laplace(z[n], 1) }',
      { y },
      { backend: 'mh', until: { ess: 400 } },
    );
    for (const element of Object.values(posterior.summary().variables))
      expect(Math.min(element.essBulk ?? 0, element.essTail ?? 0)).toBeGreaterThanOrEqual(400);
  });

  it('is told where auto has chosen what runs no chains, and draws no more than would do', async () => {
    const conjugate = 'data y: real[N]\nsample m ~ Normal(0, 10)\nfor n in 0..<N { observe y[n] ~ Normal(m, 1) }';
    for (const [ess, draws] of [
      [50, 1000],
      [8000, 2000],
    ] as const) {
      const posterior = await infer(conjugate, { y }, { until: { ess } });
      expect(posterior.backend).toBe('exact');
      expect(codes(posterior)).toEqual(['until-ignored']);
      expect(posterior.draws('m').shape.reduce((a, b) => a * b)).toBe(4 * draws);
    }
  });
});

describe('iterations that are stopped', () => {
  const mixture = `data x: real[N]
param w: simplex[3] param m: real[3]
param s: interval(0.1, 10)
for n in 0..<N { sample z[n] ~ Categorical(w) observe x[n] ~ Normal(m[z[n]], s) }`;
  const withPriors = mixture
    .replaceAll('param w: simplex[3] param m: real[3]', 'sample w ~ Dirichlet(fill(1, 3))\nfor k in 0..<3 { sample m[k] ~ Normal(0, 10) }')
    .replace('param s: interval(0.1, 10)', 'sample s ~ Gamma(2, 1)');
  // Without gaps between the components, so that iterations are many.
  const x = Array.from({ length: 300 }, (_, n) => Math.sin(n * n) * 2 + (n % 3));

  it.each([
    ['em', mixture],
    ['map', mixture],
    ['cavi', withPriors],
    ['laplace', normal],
  ] as const)('%s: the best so far, not to be trusted', async (backend, text) => {
    const given = backend === 'laplace' ? { y } : { x };
    const stop = new AbortController();
    stop.abort();
    const posterior = await infer(text, given, { backend, signal: stop.signal });
    expect(codes(posterior)).toContain('stopped-early');
    // One of the few starts may have been enough for em.
    if (backend !== 'em') expect(posterior.converged).toBe(false);
    for (const element of Object.values(posterior.summary().variables)) expect(element.mean).not.toBeNull();
    expect(codes(await infer(text, given, { backend, maxSeconds: 600 }))).not.toContain('stopped-early');
  });

  it('are refused a time where there are none', async () => {
    await expect(
      infer(
        normal.replace('Normal(m, s)', 'Normal(m, 1)').replace('sample s ~ HalfNormal(5)\n', ''),
        { y },
        { backend: 'exact', maxSeconds: 3 },
      ),
    ).rejects.toThrow(/maxSeconds is for backends that run chains or iterate; exact does not/);
  });
});
