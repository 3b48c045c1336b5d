/** Probabilities and matrices that unknowns make: what is right by algebra is taken, what is not is refused before a run. */
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';

const scalars = `
data y: real[N]
data half: unit
sample w ~ Beta(1, 1)
sample s ~ Normal(0, 1)
sample z ~ Bernoulli(0.5)
let v = sigmoid(s)
let u = 1 - v
sample q ~ Dirichlet(ones(2))
for k in 0..<2 { sample a[k] ~ Beta(1, 1) }
`;
function refusal(law: string): string | null {
  try {
    compile(`${scalars} for n in 0..<N { observe y[n] ~ ${law} }`).logDensity({ y: [0, 1], half: 0.5 });
    return null;
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    return thrown.diagnostics[0]!.message;
  }
}

describe('probabilities of unknowns', () => {
  it.each([
    [
      'mixture([w, 1 - w^2], [Normal(0, 1), Normal(3, 1)])',
      /weights of the mixture is a list that does not sum to 1: to 1\.214 where w is 0\.31/,
    ],
    ['mixture([w, 0.5], [Normal(0, 1), Normal(3, 1)])', /to 0\.81 where w is 0\.31/],
    ['mixture([v, v], [Normal(0, 1), Normal(3, 1)])', /where s is 0\.31/],
    ['mixture([a[0], 1 - a[1]], [Normal(0, 1), Normal(3, 1)])', /where a\[0\] is 0\.31 and a\[1\] is 0\.69/],
    ['mixture([w * half, 1 - w], [Normal(0, 1), Normal(3, 1)])', /to 0\.845 where w is 0\.31/],
  ])('are refused where they sum to something else: %s', (law, message) => {
    expect(refusal(law)).toMatch(message);
  });

  it.each([
    'mixture([w, 1 - w], [Normal(0, 1), Normal(3, 1)])',
    'mixture([v, u], [Normal(0, 1), Normal(3, 1)])',
    'mixture([q[0], q[1]], [Normal(0, 1), Normal(3, 1)])',
    'mixture([exp(s) / (1 + exp(s)), 1 / (1 + exp(s))], [Normal(0, 1), Normal(3, 1)])',
    'mixture([w * v, w * u, 1 - w], [Normal(0, 1), Normal(3, 1), Normal(4, 1)])',
    'mixture([w * half, 1 - w * half], [Normal(0, 1), Normal(3, 1)])',
    'mixture([z == 0 ? w : 0.5, z == 0 ? 1 - w : 0.5], [Normal(0, 1), Normal(3, 1)])',
    'mixture([a[k] / sum(a) for k in 0..<2], [Normal(0, 1), Normal(3, 1)])',
  ])('are taken where they sum to 1: %s', (law) => {
    expect(refusal(law)).toBeNull();
  });
});

describe('matrices of unknowns', () => {
  const message = (argument: string): string | null => {
    try {
      compile(`data y: real[2]  data x: real[2]  sample r ~ Uniform(-1, 1)  sample s ~ Gamma(2, 1)  let t = 2 * r
        observe y ~ MvNormal(zeros(2), ${argument})`).logDensity({ y: [0, 1], x: [0.5, 2] });
      return null;
    } catch (thrown) {
      if (!(thrown instanceof ModelError)) throw thrown;
      return thrown.diagnostics[0]!.message;
    }
  };
  it.each([
    ['[[1, r], [0, 1]]', /is a matrix that is not symmetric: element \[0,1\] is 0\.31 but \[1,0\] is 0 where r is 0\.31/],
    ['[[s, r], [-r, s]]', /not symmetric: element \[0,1\]/],
    ['precision: [[2, r], [t, 2]]', /not symmetric/],
  ])('are refused where they are not what the law asks for: %s', (argument, expected) => {
    expect(message(argument)).toMatch(expected);
  });
  it.each([
    '[[1, r], [r, 1]]',
    '[[s, t * s], [2 * r * s, 2 + s * 8]]',
    'precision: [[2, r], [r, 2]]',
    'cholesky: [[1, 0], [r, s]]',
    '[[s * exp(-(x[i] - x[j])^2) + (i == j ? 1 : 0) for j in 0..<2] for i in 0..<2]',
  ])('are taken where they are: %s', (argument) => {
    expect(message(argument)).toBeNull();
  });
});

it('a size that the data lack is told as such', () => {
  const program =
    'data y: real[N]  data K: int  sample mu ~ iid(Normal(0, 2), K)  observe y ~ mixture(fill(1 / K, K), Normal(mu[k], 1) for k in 0..<K)';
  expect(() => compile(program).logDensity({ y: [1] })).toThrow(/No value is given for K/);
});
