/**
 * Corner constraints: a variable of which `let` defines some elements and `sample` the others, under every
 * backend that gives moments in closed form. Truth: Normal priors with one or two observations of variance 1,
 * worked out by hand (with prior variance 1: mean sum(y) / (n + 1), variance 1 / (n + 1)).
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/model.js';

const rest = `
  for k in 1..<K { sample a[k] ~ Normal(0, 1) }
  for n in 0..<N { observe y[n] ~ Normal(a[g[n]], 1) }
  report r = a[0] + 2 * a[1]
`;
const data = { K: 3, y: [1, 2, 3, 4], g: [0, 1, 2, 2] };

describe.each(['exact', 'cavi', 'laplace', 'gibbs'])('corner constraints under %s', (backend) => {
  it('a constant is the constant', async () => {
    const posterior = await compile(`data K: int data y: real[N] data g: int[N] let a[0] = 5 ${rest}`).infer(data, {
      backend,
      seed: 3,
      draws: 2000,
    });
    const a = posterior.mean('a') as readonly number[];
    expect(a[0]).toBe(5);
    expect(a[1]).toBeCloseTo(1, 1);
    expect(a[2]).toBeCloseTo(7 / 3, 1);
    expect(posterior.mean('r')).toBeCloseTo(7, 0);
    expect(posterior.converged).toBe(true);
    expect(posterior.warnings).toEqual([]);
    expect(posterior.draws('a').slice(0, 1)[0]).toBe(5);
  });

  it('what depends on another unknown follows it', async () => {
    const posterior = await compile(`data K: int data y: real[N] data g: int[N] sample t ~ Normal(0, 1) let a[0] = 5 + t ${rest}`).infer(
      data,
      { backend, seed: 3, draws: 2000 },
    );
    // t has prior Normal(0, 1) and the observation 1 - 5.
    expect(posterior.mean('t')).toBeCloseTo(-2, 1);
    expect((posterior.mean('a') as readonly number[])[0]).toBeCloseTo(3, 1);
    expect((posterior.sd('a') as readonly number[])[0]).toBeCloseTo(Math.sqrt(0.5), 1);
  });
});

it('the standard error of what was estimated from independent draws is its standard deviation over the root of their number', async () => {
  const posterior = await compile(`data K: int data y: real[N] data g: int[N] sample t ~ Normal(0, 1) let a[0] = 5 + t ${rest}`).infer(
    data,
    { backend: 'exact', seed: 3, draws: 2500 },
  );
  const [
    {
      elements: [computed, closed],
    },
  ] = posterior.summaries().filter(({ variable }) => variable.name === 'a') as [ReturnType<typeof posterior.summaries>[number]];
  // The posterior variance of a[0] is 1/2.
  expect(computed!.mcse! / Math.sqrt(0.5 / (posterior.draws('a').length / 3))).toBeCloseTo(1, 1);
  expect(computed!.q95! - computed!.q5!).toBeCloseTo(2 * 1.6449 * Math.sqrt(0.5), 1);
  expect(closed!.mcse ?? 0).toBe(0);
});
