/**
 * Collapsed Gibbs against exact enumeration: means of every unknown within five standard errors (seeds
 * fixed; the false alarm of a comparison is below 1e-6), better mixing than with the parents at their
 * values, and refusals that say what stands in the way.
 */
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';

const cases: readonly {
  readonly name: string;
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly collapse: string;
  readonly gains: string | null;
}[] = [
  {
    name: 'mixture of Normals: Beta weight, Normal means',
    collapse: 'p,mu',
    gains: 'z[0]',
    data: { x: [-0.5, 0.2, 3.1, 2.2, 1.1] },
    source:
      'data x: real[N]\nsample p ~ Beta(2, 3)\nfor k in 0..<2 { sample mu[k] ~ Normal(k, 3) }\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(p)\n  observe x[n] ~ Normal(mu[z[n]], 0.5 + z[n])\n}',
  },
  {
    name: 'topics: Dirichlet rows chosen by data and by labels',
    collapse: 'theta, phi',
    gains: 'z[2]',
    data: { w: [0, 1, 0, 2, 2, 1, 0, 2], doc: [0, 0, 0, 0, 1, 1, 1, 1] },
    source:
      'data w: int[N]\ndata doc: int[N]\nfor d in 0..<2 { sample theta[d] ~ Dirichlet([0.7, 1.2]) }\nfor k in 0..<2 { sample phi[k] ~ Dirichlet([0.5, 0.6, 0.9]) }\nfor n in 0..<N {\n  sample z[n] ~ Categorical(theta[doc[n]])\n  observe w[n] ~ Categorical(phi[z[n]])\n}',
  },
  {
    name: 'one of two parents',
    collapse: 'theta',
    gains: null,
    data: { w: [0, 1, 0, 2, 2], doc: [0, 0, 0, 1, 1] },
    source:
      'data w: int[N]\ndata doc: int[N]\nfor d in 0..<2 { sample theta[d] ~ Dirichlet([0.7, 1.2]) }\nfor k in 0..<2 { sample phi[k] ~ Dirichlet([0.5, 0.6, 0.9]) }\nfor n in 0..<N {\n  sample z[n] ~ Categorical(theta[doc[n]])\n  observe w[n] ~ Categorical(phi[z[n]])\n}',
  },
  {
    name: 'Gamma rates of counts, labels nested in the loop of their weights',
    collapse: 'p,r',
    gains: null,
    data: {
      y: [
        [0, 3],
        [7, 1],
      ],
    },
    source:
      'data y: int[J, N]\nfor k in 0..<3 { sample r[k] ~ Gamma(2, 0.5 + k) }\nfor j in 0..<J {\n  sample p[j] ~ Dirichlet([1, 2, 1.5])\n  for n in 0..<N {\n    sample z[j, n] ~ Categorical(p[j])\n    observe y[j, n] ~ Poisson(r[z[j, n]])\n  }\n}',
  },
  {
    name: 'a label that counts as a number, values from 1',
    collapse: 'b',
    gains: null,
    data: { x: [0.4, 2.5, 1.1] },
    source:
      'data x: real[N]\nsample b ~ Normal(1, 2)\nfor n in 0..<N {\n  sample k[n] ~ DiscreteUniform(1, 3)\n  observe x[n] ~ Normal(b * k[n], 1)\n}',
  },
  {
    name: 'numbers of trials that the data rule out',
    collapse: 'p',
    gains: 'size[0]',
    data: {
      y: [
        [4, 5, 4],
        [1, 0, 1],
      ],
    },
    source:
      'data y: int[G, K]\nfor g in 0..<G {\n  sample size[g] ~ DiscreteUniform(0, 12)\n  sample p[g] ~ Beta(1, 1)\n  for k in 0..<K { observe y[g, k] ~ Binomial(size[g], p[g]) }\n}',
  },
  {
    name: 'numbers of trials under one probability',
    collapse: 'p',
    gains: null,
    data: { y: [4, 5, 1] },
    source:
      'data y: int[N]\nsample p ~ Beta(1, 1)\nfor n in 0..<N {\n  sample size[n] ~ DiscreteUniform(0, 8)\n  observe y[n] ~ Binomial(size[n], p)\n}',
  },
  {
    name: 'vectors of Normals as means',
    collapse: 'pi,mu',
    gains: 'z[4]',
    data: {
      x: [
        [-1.2, -0.5],
        [-0.8, -1.1],
        [0.9, 1.4],
        [1.5, 0.7],
        [0.1, 0.2],
      ],
    },
    source:
      'data x: real[N, 2]\nsample pi ~ Dirichlet([2, 3])\nfor k in 0..<2 { sample mu[k] ~ MvNormal([k, 0.5 * k], [[2, 0.5], [0.5, 1]]) }\nfor n in 0..<N {\n  sample z[n] ~ Categorical(pi)\n  observe x[n] ~ MvNormal(mu[z[n]], [[0.8, 0.2], [0.2, 0.6]])\n}',
  },
  {
    name: 'Normals with an InverseGamma variance of their own',
    collapse: 'mu,v',
    gains: null,
    data: { x: [-1.2, -0.8, 0.9, 1.5, 0.1] },
    source:
      'data x: real[N]\nfor k in 0..<2 {\n  sample v[k] ~ InverseGamma(4 + k, 2)\n  sample mu[k] ~ Normal(k, variance: 3 * v[k])\n}\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.6)\n  observe x[n] ~ Normal(mu[z[n]], variance: v[z[n]])\n}',
  },
  {
    name: 'Normals with a Gamma precision of their own, coordinate by coordinate',
    collapse: 'p,mu,tau',
    gains: null,
    data: {
      x: [
        [-1.2, 0.3],
        [-0.8, 1.1],
        [0.9, 0.2],
        [1.5, 2.2],
      ],
    },
    source:
      'data x: real[N, 2]\nsample p ~ Beta(2, 1)\nfor k in 0..<2, d in 0..<2 {\n  sample tau[k, d] ~ Gamma(5, 2 + d)\n  sample mu[k, d] ~ Normal(k - d, precision: 0.5 * tau[k, d])\n}\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(p)\n  for d in 0..<2 { observe x[n, d] ~ Normal(mu[z[n], d], precision: tau[z[n], d]) }\n}',
  },
  {
    name: 'one Normal and its variance',
    collapse: 'mu,v',
    gains: null,
    data: { x: [1, 2, -0.3, 0.1] },
    source:
      'data x: real[N]\nsample v ~ InverseGamma(5, 2)\nsample mu ~ Normal(0, variance: v)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.4)\n  observe x[n] ~ Normal(mu * z[n], variance: v)\n}',
  },
  {
    name: 'rates of several counts of one label',
    collapse: 'w,r',
    gains: 'z[5]',
    data: {
      x: [
        [2, 5],
        [1, 6],
        [7, 1],
        [9, 2],
        [3, 3],
        [4, 0],
      ],
    },
    source:
      'data x: int[N, D]\nsample w ~ Dirichlet([1, 2])\nfor k in 0..<2, d in 0..<D { sample r[k, d] ~ Gamma(2 + k, 0.5) }\nfor n in 0..<N {\n  sample z[n] ~ Categorical(w)\n  for d in 0..<D { observe x[n, d] ~ Poisson(r[z[n], d]) }\n}',
  },
  {
    name: 'a chain of labels: rows of its transitions and of what it emits',
    collapse: 'A,B',
    gains: null,
    data: { x: [0, 0, 1, 2, 2, 1, 0] },
    source:
      'data x: int[T]\nfor k in 0..<2 {\n  sample A[k] ~ Dirichlet([1 + k, 1.5])\n  sample B[k] ~ Dirichlet([0.8, 0.9 + k, 1])\n}\nsample z[0] ~ Categorical([0.3, 0.7])\nfor t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) }\nfor t in 0..<T { observe x[t] ~ Categorical(B[z[t]]) }',
  },
  {
    name: 'a chain of labels with Beta rows and Normal means',
    collapse: 'stay,m',
    gains: null,
    data: { x: [-1.2, -0.8, 0.9, 1.5, 0.1, -0.5] },
    source:
      'data x: real[T]\nfor k in 0..<2 {\n  sample stay[k] ~ Beta(1 + 2 * k, 2)\n  sample m[k] ~ Normal(2 * k - 1, 1)\n}\nsample z[0] ~ Bernoulli(0.5)\nfor t in 1..<T { sample z[t] ~ Bernoulli(stay[z[t-1]]) }\nfor t in 0..<T { observe x[t] ~ Normal(m[z[t]], 0.7) }',
  },
  {
    name: 'a label of a text: many counts of one row at once',
    collapse: 'theta,phi',
    gains: null,
    data: {
      w: [
        [0, 1, 0, 0],
        [2, 2, 1, 2],
        [0, 2, 1, 1],
        [2, 1, 2, 2],
      ],
    },
    source:
      'data w: int[D, N]\nsample theta ~ Dirichlet([1, 2])\nfor k in 0..<2 { sample phi[k] ~ Dirichlet([0.5, 0.6 + k, 0.9]) }\nfor d in 0..<D {\n  sample z[d] ~ Categorical(theta)\n  for n in 0..<N { observe w[d, n] ~ Categorical(phi[z[d]]) }\n}',
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
      expect(Math.abs(row.mean! - truth.mean!), `${name}: ${row.mean} against ${truth.mean}, error ${row.mcse}`).toBeLessThan(
        5 * row.mcse!,
      );
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
  const mixture =
    'data x: real[N]\nsample v ~ InverseGamma(3, 2)\nsample mu ~ Normal(0, variance: v)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.4)\n  observe x[n] ~ Normal(mu * z[n], variance: v)\n}';
  it('parents that meet', async () => {
    const common =
      'data x: real[N]\nsample v ~ InverseGamma(3, 2)\nfor k in 0..<2 { sample mu[k] ~ Normal(0, variance: v) }\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.4)\n  observe x[n] ~ Normal(mu[z[n]], variance: v)\n}';
    expect(await refusal(common, { x: [1, 2] }, 'mu,v')).toMatch(
      /\(collapse\): \w+ is named too, and each has a family only while the other is held fixed/,
    );
  });
  it('a matrix', async () => {
    expect(
      await refusal(
        'data x: real[N, 2]\nfor k in 0..<2 { sample P[k] ~ Wishart(4, eye(2)) }\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.4)\n  observe x[n] ~ MvNormal([0, 0], precision: P[z[n]])\n}',
        {
          x: [
            [1, 2],
            [0, 1],
          ],
        },
        'P',
      ),
    ).toMatch(/matrices are drawn/);
  });
  it('one of them alone is fine', async () => {
    expect(await refusal(mixture, { x: [1, 2] }, 'mu')).toBe('not refused');
  });
  it('no family, no labels, no such name', async () => {
    expect(
      await refusal(
        'data x: real[N]\nsample s ~ LogNormal(0, 1)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.4)\n  observe x[n] ~ Normal(z[n], s)\n}',
        { x: [1] },
        's',
      ),
    ).toMatch(/of no family/);
    expect(await refusal('data x: real\nsample m ~ Normal(0, 1)\nobserve x ~ Normal(m, 1)', { x: 1 }, 'm')).toMatch(/changes nothing/);
    expect(await refusal(mixture, { x: [1] }, 'nu')).toMatch(/no unknown is called 'nu'/);
    expect(await refusal(mixture, { x: [1], mu: 0.3 }, 'mu')).toMatch(/it is given/);
  });
  it('labels that a term reads together', async () => {
    for (const mean of [
      'max(w[z[i]] for i in 0..n)',
      'prod(1 - 0.3 * z[i] for i in 0..n)',
      '(sum(z[i] == 1 for i in 0..<N) > 1 ? 1 : 0)',
      '(argmax(z) == n ? 2 : 0)',
    ])
      expect(
        await refusal(
          `data y: real[N]\ndata w: real[2]\nsample a ~ Normal(0, 2)\nfor n in 0..<N { sample z[n] ~ Bernoulli(0.4) }\nfor n in 0..<N { observe y[n] ~ Normal(a + ${mean}, 1) }`,
          { y: [2, 1, 0], w: [0.5, -1] },
          'a',
        ),
        mean,
      ).toMatch(/one of its terms reads elements of z together/);
  });
  it('is an option of gibbs, not of mh', async () => {
    await expect(compile(mixture).infer({ x: [1] }, { backend: 'mh', options: { collapse: 'mu' } })).rejects.toThrow(ModelError);
  });
});
