/** What is positive, or below 1, for every state: of variables whose laws read their own other elements it is proved by induction. */
import { describe, expect, it } from 'vitest';
import { DerivedModel } from '../../src/3-derive/model.js';
import { num, ref } from '../../src/expr/expr.js';
import { compile } from '../../src/model.js';
import { graphOf } from '../compiled.js';

function modelOf(text: string): DerivedModel {
  return new DerivedModel(graphOf(text), { complete: new Set(), partial: new Set() });
}
const chain = (first: string, next: string): string => `sample z[0] ~ ${first}\nfor t in 1..<5 { sample z[t] ~ ${next} }`;

describe('elements drawn one after the other', () => {
  it.each([
    ['Uniform(0.5, 1)', 'Uniform(0.1 * z[t-1], 3)', true, false],
    ['Uniform(0.5, 1)', 'Pareto(z[t-1], 2)', true, false],
    ['Uniform(0.5, 1)', 'Uniform(0.5 * z[t-1], z[t-1])', true, true],
    // Positive only where the one before is below 1.
    ['Uniform(0.5, 1)', 'Uniform(1 - z[t-1], 5)', false, false],
    ['Uniform(0.5, 1)', 'Uniform(1 - z[t-1], 1)', true, true],
    ['Normal(0, 1)', 'Uniform(0.1 * z[t-1], 3)', false, false],
    ['Uniform(0.5, 1)', 'Uniform(z[t-1] - 1, 3)', false, false],
  ])('%s, then %s: positive %s, in the unit interval %s', (first, next, positive, unit) => {
    const model = modelOf(chain(first, next)),
      element = ref('z', [num(3)]);
    expect([model.isPositive(element), model.isUnit(element)]).toEqual([positive, unit]);
  });

  it('have the posterior of quadrature', async () => {
    const text =
      'data y: real[T]\nfor t in 0..<T - 1 { sample z[t] ~ Uniform(0.1 * z[t+1], 3) }\nsample z[T - 1] ~ Normal(0, 1)\nobserve y ~ Normal(z, 0.5)';
    // z1 ~ N(0, 1), z0 given z1 uniform from z1 / 10 to 3, y = (1, -0.4).
    let mass = 0,
      first = 0,
      last = 0;
    const n = 1200;
    for (let i = 0; i < n; i++) {
      const b = -6 + (12 * (i + 0.5)) / n,
        low = 0.1 * b;
      for (let j = 0; j < n; j++) {
        const a = low + ((3 - low) * (j + 0.5)) / n;
        const weight = Math.exp(-0.5 * b * b - 0.5 * ((1 - a) / 0.5) ** 2 - 0.5 * ((-0.4 - b) / 0.5) ** 2);
        mass += weight;
        first += weight * a;
        last += weight * b;
      }
    }
    for (const backend of ['gibbs', 'mh']) {
      const { variables } = (await compile(text).infer({ y: [1, -0.4] }, { backend, draws: 4000, seed: 3, workers: 0 })).summary();
      for (const [name, truth] of [
        ['z[0]', first / mass],
        ['z[1]', last / mass],
      ] as const)
        expect(Math.abs(variables[name]!.mean! - truth) / variables[name]!.mcse!, `${backend} ${name}`).toBeLessThan(4.5);
    }
  });
});

it('of data that are read by their own law nothing is proved', () => {
  expect(() =>
    compile('data counts: int[K]\nsample p ~ Dirichlet(fill(1, K))\nobserve counts ~ Pareto(sum(counts), p)').explain({
      backend: 'mh',
      data: { counts: [2, 1, 3] },
    }),
  ).not.toThrow(/internal|stack/);
});
