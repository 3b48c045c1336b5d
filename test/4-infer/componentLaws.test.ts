/** The laws of mixture components: at a state they are what the program states for each label, in closed form. */
import { describe, expect, it } from 'vitest';
import { type LabelledData, labelledData } from '../../src/4-infer/componentLaws.js';
import { bindData, compileText } from '../../src/pipeline.js';

function labelled(program: string, data: Readonly<Record<string, unknown>>): readonly LabelledData[] {
  const { bound, diagnostics } = bindData(compileText(program, 'test'), data, 'infer');
  if (bound === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return labelledData(bound);
}
const stored = (
  shape: readonly number[],
  values: readonly number[],
): { readonly shape: readonly number[]; readonly values: Float64Array; readonly gaps: null } => ({
  shape,
  values: Float64Array.from(values),
  gaps: null,
});

describe('the components of a mixture', () => {
  it('are normal laws with the means and covariances of the state', () => {
    const [data, ...more] = labelled(
      'data x: real[N, D] data K: int sample pi ~ Dirichlet(fill(1, K)) for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), eye(D)) sample S[k] ~ InverseWishart(4, eye(D)) } for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ MvNormal(mu[z[n]], S[z[n]]) }',
      {
        x: [
          [1, 2],
          [3, null],
          [5, 6],
        ],
        K: 2,
      },
    );
    expect(more).toEqual([]);
    expect([data!.label, data!.labels, data!.width, [...data!.values]]).toEqual(['z', 2, 2, [1, 2, 3, Number.NaN, 5, 6]]);
    const components = data!.components(
      new Map([
        ['mu', stored([2, 2], [1, 2, 3, 4])],
        ['S', stored([2, 2, 2], [2, 0.5, 0.5, 1, 3, 0, 0, 4])],
      ]),
    );
    expect(components.map(({ normal }) => normal)).toEqual([
      {
        mean: [1, 2],
        covariance: [
          [2, 0.5],
          [0.5, 1],
        ],
      },
      {
        mean: [3, 4],
        covariance: [
          [3, 0],
          [0, 4],
        ],
      },
    ]);
  });

  it('have dimensions of their own where they are written one by one', () => {
    const [data] = labelled(
      'data y: real[N, D] sample s ~ HalfNormal(1) for k in 0..<3, d in 0..<D { sample mu[k, d] ~ Normal(0, 1) } for n in 0..<N { sample z[n] ~ DiscreteUniform(0, 2) for d in 0..<D { observe y[n, d] ~ Normal(mu[z[n], d], variance: s) } }',
      { y: [[1, 2]] },
    );
    const components = data!.components(
      new Map([
        ['mu', stored([3, 2], [1, 2, 3, 4, 5, 6])],
        ['s', stored([], [0.25])],
      ]),
    );
    expect(components[2]!.normal!.mean).toEqual([5, 6]);
    expect(components[2]!.normal!.covariance.flat().map((x) => Math.round(x * 1e12) / 1e12)).toEqual([0.25, 0, 0, 0.25]);
  });

  it('have the density of their family, whatever it is, through definitions', () => {
    const [data] = labelled(
      'data y: int[N] sample r ~ Gamma(2, 1) let rate = [r, 10 * r] for n in 0..<N { sample z[n] ~ Bernoulli(0.5) let own = rate[z[n]] observe y[n] ~ Poisson(own) }',
      { y: [3, 4] },
    );
    expect([data!.discrete, data!.width]).toEqual([true, 1]);
    const [low, high] = data!.components(new Map([['r', stored([], [0.5])]]));
    // log Poisson(4; m) = 4 log m - m - log 24
    const density = (m: number): number => 4 * Math.log(m) - m - Math.log(24);
    expect([low!.normal, high!.normal]).toEqual([null, null]);
    expect(low!.logDensity(4)).toBeCloseTo(density(0.5), 12);
    expect(high!.logDensity(4)).toBeCloseTo(density(5), 12);
    expect(low!.logDensity(-1)).toBe(Number.NEGATIVE_INFINITY);
  });

  it('read the unknowns of all of them', () => {
    const [data] = labelled(
      'data y: real[N] sample m ~ Normal(0, 1) sample b ~ Normal(0, 1) for n in 0..<N { sample z[n] ~ Bernoulli(0.5) observe y[n] ~ Normal(m + b * z[n], 1) }',
      { y: [1, 2] },
    );
    expect([...data!.unknowns].sort()).toEqual(['b', 'm']);
  });

  it.each([
    [
      'regressions',
      'data x: real[N] data y: real[N] sample b ~ iid(Normal(0, 1), 2) for n in 0..<N { sample z[n] ~ Bernoulli(0.5) observe y[n] ~ Normal(b[z[n]] * x[n], 1) }',
      { x: [1, 2], y: [1, 2] },
    ],
    [
      'two labels',
      'data y: real[N] sample b ~ iid(Normal(0, 1), 2) for n in 0..<N { sample z[n] ~ Bernoulli(0.5) sample w[n] ~ Bernoulli(0.5) observe y[n] ~ Normal(b[z[n]] + b[w[n]], 1) }',
      { y: [1, 2] },
    ],
    ['no label', 'data y: real[N] sample m ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ Normal(m, 1) }', { y: [1, 2] }],
    [
      'labels of others',
      'data y: real[N] sample b ~ iid(Normal(0, 1), 2) for n in 0..<N { sample z[n] ~ Bernoulli(0.5) } for n in 1..<N { observe y[n] ~ Normal(b[z[n-1]], 1) }',
      { y: [1, 2] },
    ],
    [
      'regressions that one of the components lacks',
      'data x: real[N] data y: real[N] sample b ~ Normal(0, 1) for n in 0..<N { sample z[n] ~ Bernoulli(0.5) observe y[n] ~ Normal(b * z[n] * x[n], 1) }',
      { x: [1, 2], y: [1, 2] },
    ],
    [
      'a label and the one before it',
      'data y: real[N] sample b ~ iid(Normal(0, 1), 2) for n in 0..<N { sample z[n] ~ Bernoulli(0.5) } for n in 1..<N { observe y[n] ~ Normal(z[n - 1] + b[z[n]], 1) }',
      { y: [1, 2] },
    ],
    [
      'labels from 1 on',
      'data y: real[N] sample b ~ iid(Normal(0, 1), 2) for n in 0..<N { sample z[n] ~ DiscreteUniform(1, 2) observe y[n] ~ Normal(b[z[n] - 1], 1) }',
      { y: [1, 2] },
    ],
    [
      'some dimensions of an observation',
      'data y: real[N, 2] sample b ~ iid(Normal(0, 1), 2) for n in 0..<N { sample z[n] ~ Bernoulli(0.5) for d in 1..<2 { observe y[n, d] ~ Normal(b[z[n]], 1) } }',
      { y: [[1, 2]] },
    ],
  ])('are not those of %s', (_, program, data) => {
    expect(labelled(program, data)).toEqual([]);
  });
});
