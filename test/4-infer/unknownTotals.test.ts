/**
 * Vectors of counts whose total is unknown. Under Dirichlet(1, 1, 1) all 136 count vectors of total 15 are equally probable, so that y has the
 * probability 1/41 * 1/136 with a total uniform on 0 to 40, and no other total than 15 is possible; where a label chooses the total, Bayes' theorem
 * by hand. Draws: shares within five standard errors (false alarm below 1e-6), seeds fixed.
 */
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';

const y = [3, 5, 7];
const programs = {
  Multinomial:
    'data y: int[K]\nsample n ~ DiscreteUniform(0, 40)\nsample p ~ Dirichlet(ones(K))\nobserve y ~ Multinomial(n, p)\nreport first = p[0]',
  DirichletMultinomial: 'data y: int[K]\nsample n ~ DiscreteUniform(0, 40)\nobserve y ~ DirichletMultinomial(n, ones(K))',
};
const logEvidence = -Math.log(41) - Math.log(136);

describe.each(Object.entries(programs))('an unknown total of %s', (_, source) => {
  it.each(['gibbs', 'mh', 'exact', 'map', 'laplace'])('%s', async (backend) => {
    const settings = { backend, chains: 2, draws: 500, warmup: 200, seed: 1, workers: 0 };
    const posterior = await compile(source).infer({ y }, settings);
    const { variables } = posterior.summary();
    expect(variables['n']).toMatchObject({ mean: 15, sd: 0 });
    if (backend === 'exact') expect(posterior.summary().logEvidence).toBeCloseTo(logEvidence, 10);
  });

  it('cavi: the bound is the evidence where nothing depends on the total', async () => {
    const { variables, elbo, warnings } = (await compile(source).infer({ y }, { backend: 'cavi', seed: 1, workers: 0 })).summary();
    expect(variables['n']!.mean).toBe(15);
    expect(elbo).toBeCloseTo(logEvidence, 10);
    expect(warnings).toEqual([]);
  });
});

it('a total without a largest value is found by gibbs and mh', async () => {
  const source = programs.Multinomial.replace('DiscreteUniform(0, 40)', 'Poisson(20)');
  for (const backend of ['gibbs', 'mh']) {
    const posterior = await compile(source).infer({ y }, { backend, chains: 2, draws: 500, warmup: 200, seed: 1, workers: 0 });
    expect(posterior.summary().variables['n']).toMatchObject({ mean: 15, sd: 0 });
  }
});

describe('a label that chooses the total', () => {
  const source =
    'data y: int[2]\ndata total: int[3]\nsample z ~ Categorical([0.2, 0.3, 0.5])\nobserve y ~ Multinomial(total[z], z == 1 ? [0.2, 0.8] : [0.5, 0.5])';
  // z = 0 and 1 have the total 5: 0.2 C(5, 2) / 32 against 0.3 C(5, 2) 0.04 * 0.512.
  const weights = [0.2 / 32, 0.3 * 0.04 * 0.512];
  const first = weights[0]! / (weights[0]! + weights[1]!);
  it.each(['exact', 'gibbs', 'mh'])('%s', async (backend) => {
    const posterior = await compile(source).infer(
      { y: [2, 3], total: [5, 5, 6] },
      { backend, chains: 2, draws: 4000, warmup: 100, seed: 2, workers: 0 },
    );
    const { variables, logEvidence: found } = posterior.summary();
    if (backend === 'exact') {
      expect(found).toBeCloseTo(Math.log(10 * (weights[0]! + weights[1]!)), 10);
      expect(variables['z']!.probs!['0']).toBeCloseTo(first, 10);
      expect(variables['z']!.probs!['2']).toBe(0);
    } else {
      const draws = posterior.draws('z');
      expect(draws.includes(2)).toBe(false);
      const share = draws.reduce((n, z) => n + Number(z === 0), 0) / draws.length;
      // Proposals are uniform among two or three values and nearly all between 0 and 1 are taken: neighbours are correlated by 1/3 at most, and two draws stand for one; four are allowed for.
      expect(Math.abs(share - first)).toBeLessThan(5 * Math.sqrt((first * (1 - first) * 4) / draws.length));
    }
  });
});

it('components with totals of their own are refused', () => {
  for (const law of [
    'mixture([0.3, 0.7], [Multinomial(5, [0.2, 0.8]), Multinomial(7, [0.5, 0.5])])',
    'mixture([0.3, 0.7], Multinomial(5 + k, [0.2, 0.8]) for k in 0..<2)',
  ])
    expect(() => compile(`data y: int[2]\nobserve y ~ ${law}`)).toThrow(ModelError);
  expect(() =>
    compile('data y: int[2]\ndata n: int\nobserve y ~ mixture([0.3, 0.7], [Multinomial(n, [0.2, 0.8]), DirichletMultinomial(n, [1, 2])])'),
  ).not.toThrow();
});

it('logpdf of counts with another total is minus infinity', async () => {
  const posterior = await compile(
    'data y: int[2]\nsample a ~ Normal(0, 1)\nreport right = exp(logpdf(Multinomial(5, [0.5, 0.5]), y))\nreport wrong = exp(logpdf(Multinomial(6, [0.5, 0.5]), y))',
  ).infer({ y: [2, 3] }, { backend: 'exact', chains: 1, draws: 10, seed: 1, workers: 0 });
  expect(posterior.summary().variables['right']!.mean).toBeCloseTo(10 / 32, 12);
  expect(posterior.summary().variables['wrong']!.mean).toBe(0);
});
