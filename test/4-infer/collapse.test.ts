/**
 * Collapsed Gibbs against exact enumeration: means of every unknown within five standard errors (seeds
 * fixed; the false alarm of a comparison is below 1e-6), better mixing than with the parents at their
 * values, and refusals that say what stands in the way.
 */
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';

const cases: readonly { readonly name: string; readonly source: string; readonly data: Readonly<Record<string, unknown>>; readonly collapse: string; readonly gains: string | null }[] = [
  {
    name: 'mixture of Normals: Beta weight, Normal means', collapse: 'p,mu', gains: 'z[0]', data: { x: [-0.5, 0.2, 3.1, 2.2, 1.1] },
    source: 'data x: real[N]\nsample p ~ Beta(2, 3)\nfor k in 0..<2 { sample mu[k] ~ Normal(k, 3) }\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(p)\n  observe x[n] ~ Normal(mu[z[n]], 0.5 + z[n])\n}',
  },
  {
    name: 'topics: Dirichlet rows chosen by data and by labels', collapse: 'theta, phi', gains: 'z[2]', data: { w: [0, 1, 0, 2, 2, 1, 0, 2], doc: [0, 0, 0, 0, 1, 1, 1, 1] },
    source: 'data w: int[N]\ndata doc: int[N]\nfor d in 0..<2 { sample theta[d] ~ Dirichlet([0.7, 1.2]) }\nfor k in 0..<2 { sample phi[k] ~ Dirichlet([0.5, 0.6, 0.9]) }\nfor n in 0..<N {\n  sample z[n] ~ Categorical(theta[doc[n]])\n  observe w[n] ~ Categorical(phi[z[n]])\n}',
  },
  {
    name: 'one of two parents', collapse: 'theta', gains: null, data: { w: [0, 1, 0, 2, 2], doc: [0, 0, 0, 1, 1] },
    source: 'data w: int[N]\ndata doc: int[N]\nfor d in 0..<2 { sample theta[d] ~ Dirichlet([0.7, 1.2]) }\nfor k in 0..<2 { sample phi[k] ~ Dirichlet([0.5, 0.6, 0.9]) }\nfor n in 0..<N {\n  sample z[n] ~ Categorical(theta[doc[n]])\n  observe w[n] ~ Categorical(phi[z[n]])\n}',
  },
  {
    name: 'Gamma rates of counts, labels nested in the loop of their weights', collapse: 'p,r', gains: null, data: { y: [[0, 3], [7, 1]] },
    source: 'data y: int[J, N]\nfor k in 0..<3 { sample r[k] ~ Gamma(2, 0.5 + k) }\nfor j in 0..<J {\n  sample p[j] ~ Dirichlet([1, 2, 1.5])\n  for n in 0..<N {\n    sample z[j, n] ~ Categorical(p[j])\n    observe y[j, n] ~ Poisson(r[z[j, n]])\n  }\n}',
  },
  {
    name: 'a label that counts as a number, values from 1', collapse: 'b', gains: null, data: { x: [0.4, 2.5, 1.1] },
    source: 'data x: real[N]\nsample b ~ Normal(1, 2)\nfor n in 0..<N {\n  sample k[n] ~ DiscreteUniform(1, 3)\n  observe x[n] ~ Normal(b * k[n], 1)\n}',
  },
];

describe.each(cases)('$name', ({ source, data, collapse, gains }) => {
  it('has the posterior of enumeration', async () => {
    const model = compile(source);
    const exact = (await model.infer(data, { backend: 'exact', chains: 1, draws: 2, workers: 0 })).summary();
    const settings = { backend: 'gibbs', chains: 2, draws: 8000, warmup: 100, seed: 11, workers: 0 };
    const posterior = await model.infer(data, { ...settings, options: { collapse } });
    expect(posterior.plan.some((p) => p.kernel === 'collapsed')).toBe(true);
    const { variables } = posterior.summary();
    for (const [name, truth] of Object.entries(exact.variables)) {
      const row = variables[name]!;
      expect(Math.abs(row.mean! - truth.mean!), `${name}: ${row.mean} against ${truth.mean}, error ${row.mcse}`).toBeLessThan(5 * row.mcse!);
      expect(Math.abs(row.sd! - truth.sd!) / truth.sd!, `sd of ${name}`).toBeLessThan(0.1);
    }
    if (gains === null) return;
    const plain = (await model.infer(data, settings)).summary();
    expect(variables[gains]!.essBulk!).toBeGreaterThan(1.5 * plain.variables[gains]!.essBulk!);
  });
});

describe('refusals', () => {
  const refusal = async (source: string, data: Readonly<Record<string, unknown>>, collapse: string): Promise<string> => {
    try {
      await compile(source).infer(data, { backend: 'gibbs', chains: 1, draws: 10, warmup: 0, workers: 0, options: { collapse } });
    } catch (error) {
      if (error instanceof ModelError) return error.diagnostics.map((d) => d.message).join();
      throw error;
    }
    return 'not refused';
  };
  const mixture = 'data x: real[N]\nsample v ~ InverseGamma(3, 2)\nsample mu ~ Normal(0, variance: v)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.4)\n  observe x[n] ~ Normal(mu * z[n], variance: v)\n}';
  it('parents that meet', async () => { expect(await refusal(mixture, { x: [1, 2] }, 'mu,v')).toMatch(/together with \w+: each has a family only while the other is held fixed/); });
  it('one of them alone is fine', async () => { expect(await refusal(mixture, { x: [1, 2] }, 'mu')).toBe('not refused'); });
  it('chains of labels', async () => {
    expect(await refusal('data x: real[T]\nfor k in 0..<2 { sample A[k] ~ Dirichlet([1, 1]) }\nsample z[0] ~ Bernoulli(0.5)\nfor t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) }\nfor t in 0..<T { observe x[t] ~ Normal(z[t], 1) }', { x: [1, 2, 0] }, 'A')).toMatch(/several elements of z meet/);
  });
  it('no family, no labels, no such name', async () => {
    expect(await refusal('data x: real[N]\nsample s ~ LogNormal(0, 1)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.4)\n  observe x[n] ~ Normal(z[n], s)\n}', { x: [1] }, 's')).toMatch(/of no family/);
    expect(await refusal('data x: real\nsample m ~ Normal(0, 1)\nobserve x ~ Normal(m, 1)', { x: 1 }, 'm')).toMatch(/changes nothing/);
    expect(await refusal(mixture, { x: [1] }, 'nu')).toMatch(/no unknown is called 'nu'/);
    expect(await refusal(mixture, { x: [1], mu: 0.3 }, 'mu')).toMatch(/it is given/);
  });
  it('is an option of gibbs, not of mh', async () => {
    await expect(compile(mixture).infer({ x: [1] }, { backend: 'mh', options: { collapse: 'mu' } })).rejects.toThrow(ModelError);
  });
});
