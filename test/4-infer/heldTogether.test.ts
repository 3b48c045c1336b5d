/** Integers that hold each other: chains that stand still in one of several probable states say so; those of a single state do not. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

async function codesOf(program: string, data: Record<string, unknown>, backend: string): Promise<readonly string[]> {
  const found = await compile(program).infer(data, { backend, chains: 2, draws: 300, warmup: 100, seed: 1, workers: 0 });
  return found.warnings.map((w) => w.code);
}

describe.each(['gibbs', 'mh'])('%s', (backend) => {
  it('says that two counts with a known sum never moved', async () => {
    // a given a + b = 1 is Bernoulli(0.5 / 3.5): a chain of 300 draws with one value of a is wrong.
    const program = 'data s: int sample a ~ Poisson(0.5) sample b ~ Poisson(3) factor a + b == s ? 0 : -inf';
    expect(await codesOf(program, { s: 1 }, backend)).toEqual(['never-moved']);
  });
  it('says so of elements of one variable, and of a difference', async () => {
    // x[1] = x[0] + 2: the weights of x[0] are 2^(2k + 2) / (k! (k + 2)!), no more than half of all for any k.
    const program = 'data s: int for i in 0..<2 { sample x[i] ~ Poisson(2) } factor x[1] - x[0] == s ? 0 : -inf';
    expect(await codesOf(program, { s: 2 }, backend)).toContain('never-moved');
  });
  it('says nothing where the data leave one state', async () => {
    // The other whole numbers are 20 standard deviations away.
    const program = 'data y: real[2] for i in 0..<2 { sample x[i] ~ Poisson(5) observe y[i] ~ Normal(x[i], 0.05) }';
    expect(await codesOf(program, { y: [4, 7] }, backend)).toEqual([]);
    // a + b = 0 has one solution.
    const none = 'data s: int sample a ~ Poisson(0.5) sample b ~ Poisson(3) factor a + b == s ? 0 : -inf';
    expect(await codesOf(none, { s: 0 }, backend)).toEqual([]);
  });
});
