/** Probabilities that unknowns make: what sums to 1 by algebra is taken, what does not is refused before a run. */
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
