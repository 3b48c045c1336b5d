/**
 * What the derivation must refuse, with the offending term in the message; the ratio law holds for
 * the densities that slice and Metropolis steps then evaluate.
 */
import { describe, expect, it } from 'vitest';
import { templateSource } from '../../src/1-parse/template.js';
import { DerivedModel } from '../../src/3-derive/model.js';
import { derive } from '../../src/4-infer/derivation.js';
import { refusalText } from '../../src/4-infer/wording.js';
import { givenOf } from '../../src/4-infer/programBuilder.js';
import { boundModel } from '../compiled.js';
import { checkRatios, regionOf } from './ratio.js';
import { compile } from './support.js';

const y = [1.2, 0.3, 2.1, 0.7, 1.9];
const counts = [2, 0, 1, 3, 1];

function refusal(text: string, data: Readonly<Record<string, unknown>>, name: string): string {
  const compiled = compile(text, data);
  const { failures, compared } = checkRatios(compiled);
  expect(failures).toEqual([]);
  expect([...compared].filter(([, k]) => k === 0)).toEqual([]);
  const plan = regionOf(compiled, name);
  expect(plan.recognised.kind).toBe('none');
  return refusalText(plan);
}

describe('refused with the term', () => {
  const real = (prior: string, child: string): string => `data y: real[N] sample v ~ ${prior} for i in 0..<N { observe y[i] ~ ${child} }`;
  const count = (prior: string, child: string): string => real(prior, child).replace('real', 'int');
  it.each([
    ['the shape of a Gamma', real('Gamma(2, 3)', 'Gamma(v, 2)'), y, 'lgamma(v)'],
    ['the df of a Student-t', real('Gamma(2, 3)', 'StudentT(v, 0, 2)'), y, '/v)'],
    ['a truncated child whose bound is v', real('Normal(0, 3)', 'truncated(Normal(0, 1), v, 5)'), y, 'Phi(v)'],
    ['a truncated child whose normaliser depends on v', real('Normal(0, 3)', 'truncated(Normal(v, 1), 0, inf)'), y, 'logPhi(v)'],
    ['Poisson of exp(v)', count('Normal(0, 3)', 'Poisson(exp(v))'), counts, 'exp(v)'],
    ['Poisson of v^2', count('Normal(0, 3)', 'Poisson(v^2)'), counts, 'log(v^2)'],
    ['v under sin', real('Normal(0, 3)', 'Normal(sin(v), 1)'), y, 'sin(v)'],
    ['two powers of v', real('Gamma(2, 3)', 'Normal(0, v)'), y, 'no family has both the power 1 and the power -2'],
    ['v in mean and variance', real('Gamma(2, 3)', 'Normal(v, variance: v)'), y, '1/v'],
    [
      'an index range with v',
      real('Poisson(3)', 'Normal(sum(0.5^k for k in 0..<v), 1)'),
      y,
      'v stands in a condition, a range or an index',
    ],
    ['v in the support of a child', count('Poisson(3)', 'DiscreteUniform(0, v)'), counts, 'log(v + 1)'],
    ['v in a condition', real('Normal(0, 3)', 'Normal(v > 1 ? 2 : 0, 1)'), y, 'v > 1'],
    ['the log of a sum', count('Gamma(1, 1)', 'Poisson(v + 2)'), counts, 'log(v + 2)'],
    ['two Binomial children', count('Poisson(9)', 'Binomial(v, 0.3)'), counts, 'lgamma('],
    ['a prior outside every family', real('HalfCauchy(2)', 'Normal(0, v)'), y, 'log1p(0.25*v^2)'],
    ['a mixture that is summed out', real('Normal(0, 3)', 'mixture([0.3, 0.7], Normal(v + k, 1) for k in 0..<2)'), y, 'logsumexp'],
  ])('%s', (_, text, data, term) => {
    expect(refusal(text, { y: data }, 'v')).toContain(term);
  });

  it('a sum inside an inverse', () => {
    expect(
      refusal(
        'data y: real[N, 2] sample v ~ Gamma(1, 1) for i in 0..<N { observe y[i] ~ MvNormal(zeros(2), v * eye(2) + [[1, 0.5], [0.5, 1]]) }',
        {
          y: [
            [1, 2],
            [3, 4],
          ],
        },
        'v',
      ),
    ).toContain('inverse(');
  });
  it('an element of a covariance as a variance', () => {
    expect(refusal('data y: real[N] sample S ~ InverseWishart(4, eye(2)) observe y ~ Normal(0, variance: S[0, 0])', { y }, 'S')).toContain(
      'S[0,0]',
    );
  });
  it('the same element twice in one term', () => {
    expect(
      refusal(
        'data y: real[N] sample w ~ iid(Normal(0, 1), 3) for i in 0..<N { observe y[i] ~ Normal(sum(w[i] * w[j] for i in 0..<3, j in 0..<3), 1) }',
        { y },
        'w[i]',
      ),
    ).toContain('w[i]^3');
    expect(
      refusal('data y: real[N] sample w ~ MvNormal(zeros(2), eye(2)) for i in 0..<N { observe y[i] ~ Normal(w[0] * w[1], 1) }', { y }, 'w'),
    ).toContain('w[0]^2*w[1]^2');
    expect(
      refusal(
        'data y: real[N] sample m ~ iid(Normal(0, 1), 3) for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) } for i in 1..<N { observe y[i] ~ Normal(m[z[i]] * m[z[i - 1]], 1) }',
        { y },
        'm[i]',
      ),
    ).toContain('m[i]^4');
  });
  it('a recursion', () => {
    expect(
      refusal(
        'data y: real[T] sample a ~ Normal(0, 1) let h[0] = 1 for t in 1..<T { let h[t] = a * h[t-1] } for t in 0..<T { observe y[t] ~ Normal(h[t], 1) }',
        { y },
        'a',
      ),
    ).toContain('h[t]');
  });
  it('nothing that restricts an unknown', () => {
    const compiled = compile('sample v ~ Flat() sample w ~ Normal(0, 1)');
    expect(refusalText(regionOf(compiled, 'v'))).toContain('improper');
  });
  it('an opaque host function, by name', () => {
    const strings = ['data y: real[N] sample v ~ Normal(0, 1) for i in 0..<N { observe y[i] ~ Normal(', '(v), 1) }'];
    const template = templateSource(Object.assign(strings, { raw: strings }), [(x: number) => x ** 3]);
    const bound = boundModel(template.source, { y }, { holes: [{ kind: 'function', call: (x: unknown) => Number(x) ** 3, name: 'cube' }] });
    const plan = derive(new DerivedModel(bound.graph, givenOf(bound))).regions[0]!;
    expect(plan.recognised.kind).toBe('none');
    expect(refusalText(plan)).toContain('host');
  });
});
