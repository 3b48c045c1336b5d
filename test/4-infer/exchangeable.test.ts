/** Which components count as exchangeable: named by program, with the reason of each refusal in its title. */
import { describe, expect, it } from 'vitest';
import { jointFactors } from '../../src/3-derive/joint.js';
import { exchangeableGroups } from '../../src/4-infer/exchangeable.js';
import { ProgramBuilder } from '../../src/4-infer/programBuilder.js';
import type { ExchangeableGroup } from '../../src/4-infer/posterior.js';
import { boundModel } from '../compiled.js';

function groups(source: string, data: Record<string, unknown>): readonly ExchangeableGroup[] {
  const builder = new ProgramBuilder(boundModel(source, data));
  return exchangeableGroups(builder, jointFactors(builder.model));
}
const y = [1, 2, 3, 4];
const start = 'data y: real[N]\ndata K: int\nsample pi ~ Dirichlet(fill(1, K))\n';
const labels = 'for n in 0..<N { sample z[n] ~ Categorical(pi)\n';

describe('exchangeable components', () => {
  it('are the weights, centres and scales that one label selects, ordered by the first that is no weight', () => {
    expect(
      groups(
        `${start}for k in 0..<K { sample mu[k] ~ Normal(0, 1)\n sample s[k] ~ Gamma(1, 1) }\n${labels} observe y[n] ~ Normal(mu[z[n]], s[z[n]]) }`,
        { y, K: 3 },
      ),
    ).toEqual([
      {
        size: 3,
        variables: [
          { name: 'pi', axis: 0 },
          { name: 'mu', axis: 0 },
          { name: 's', axis: 0 },
        ],
        labels: ['z'],
        orderBy: 'mu',
      },
    ]);
  });
  it('include what shares a loop with a component', () => {
    const [g] = groups(
      `${start}for k in 0..<K { sample s[k] ~ Gamma(1, 1)\n sample mu[k] ~ Normal(0, s[k]) }\n${labels} observe y[n] ~ Normal(mu[z[n]], 1) }`,
      { y, K: 2 },
    );
    expect(g!.variables.map((v) => v.name)).toEqual(['pi', 's', 'mu']);
  });
  it('are the states of a hidden Markov model, both axes of its transition matrix included', () => {
    const [g] = groups(
      'data y: real[T]\ndata K: int\nfor k in 0..<K { sample P[k] ~ Dirichlet(fill(1, K))\n sample mu[k] ~ Normal(0, 1) }\nsample p0 ~ Dirichlet(fill(1, K))\nsample z[0] ~ Categorical(p0)\nfor t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) }\nfor t in 0..<T { observe y[t] ~ Normal(mu[z[t]], 1) }',
      { y, K: 2 },
    );
    expect(g!.variables).toEqual([
      { name: 'P', axis: 0 },
      { name: 'P', axis: 1 },
      { name: 'mu', axis: 0 },
      { name: 'p0', axis: 0 },
    ]);
    expect(g!.orderBy).toBe('mu');
  });
  const component = 'for k in 0..<K { sample mu[k] ~ Normal(0, 1) }\n';
  const refused: readonly [string, string, Record<string, unknown>][] = [
    [
      'whose priors differ by a number of the loop',
      `${start}for k in 0..<K { sample mu[k] ~ Normal(k, 1) }\n${labels} observe y[n] ~ Normal(mu[z[n]], 1) }`,
      { y, K: 3 },
    ],
    [
      'whose priors differ by data',
      `data m: real[K]\ndata y: real[N]\nsample pi ~ Dirichlet(fill(1, K))\nfor k in 0..<K { sample mu[k] ~ Normal(m[k], 1) }\n${labels} observe y[n] ~ Normal(mu[z[n]], 1) }`,
      { y, m: [0, 1, 2] },
    ],
    [
      'whose weights have a prior that tells them apart',
      `data y: real[N]\nsample pi ~ Dirichlet([1, 2, 3])\nfor k in 0..<3 { sample mu[k] ~ Normal(0, 1) }\n${labels} observe y[n] ~ Normal(mu[z[n]], 1) }`,
      { y },
    ],
    ['whose label is also a number', `${start}${component}${labels} observe y[n] ~ Normal(mu[z[n]] + z[n], 1) }`, { y, K: 3 }],
    ['one of which is named by the program', `${start}${component}${labels} observe y[n] ~ Normal(mu[z[n]] + mu[0], 1) }`, { y, K: 3 }],
    [
      'that are ordered',
      `data y: real[N]\ndata K: int\nsample pi ~ Dirichlet(fill(1, K))\nsample mu: ordered[K] ~ iid(Normal(0, 5), K)\n${labels} observe y[n] ~ Normal(mu[z[n]], 1) }`,
      { y, K: 3 },
    ],
    [
      'some of which lie outside a loop',
      `${start}sample mu[0] ~ Normal(0, 1)\nfor k in 1..<3 { sample mu[k] ~ Normal(0, 1) }\n${labels} observe y[n] ~ Normal(mu[z[n]], 1) }`,
      { y, K: 3 },
    ],
    [
      'whose label is compared with a number that only some are below',
      `${start}${component}${labels} observe y[n] ~ Normal(mu[z[n]], z[n] < 2 ? 3 : 0.5) }`,
      { y, K: 3 },
    ],
    [
      'whose label is rounded to a number that only some come to',
      `${start}${component}${labels} observe y[n] ~ Normal(mu[z[n]], floor(z[n] / 2) == z[0] ? 3 : 0.5) }`,
      { y, K: 3 },
    ],
    [
      'only some of which another label chooses among',
      `${start}${component}sample u ~ DiscreteUniform(0, 1)\n${labels} observe y[n] ~ Normal(mu[z[n]] + mu[u], 1) }`,
      { y, K: 3 },
    ],
    [
      'that are data',
      `data mu: real[K]\ndata y: real[N]\nsample pi ~ Dirichlet(fill(1, K))\n${labels} observe y[n] ~ Normal(mu[z[n]], 1) }`,
      { y, mu: [0, 1] },
    ],
  ];
  for (const [title, source, data] of refused)
    it(`are not those ${title}`, () => {
      expect(groups(source, data)).toEqual([]);
    });
});
