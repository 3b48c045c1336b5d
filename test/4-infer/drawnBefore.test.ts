/**
 * Simulations of data that read each other: in an order in which each value is drawn before it is read, or refused. Truth: laws of the
 * recursions worked out here, and the noise of the draws.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

const count = 4000;
/** A wrong verdict once in 15,000 comparisons. */
const worst = 4;

function means(program: string, data: Readonly<Record<string, unknown>>): readonly number[] {
  const draws = compile(program, 'm')
    .sample(data, { count, seed: 5 })
    .map(({ y }) => y as readonly number[]);
  return draws[0]!.map((_, t) => draws.reduce((sum, y) => sum + y[t]!, 0) / count);
}

describe('data that are drawn', () => {
  const lag =
    'data T: int\ndata lag: int\ndata y: real[T]\nfor t in 0..<T { observe y[t] ~ Normal(t - lag >= 0 && t - lag < T ? y[t - lag] + 10 : 0, 0.1) }\n';
  it('go back by a lag that is data', () => {
    // Every second step adds 10, and a variance of 0.01.
    for (const [t, mean] of means(lag, { T: 6, lag: 2 }).entries()) {
      const steps = Math.floor(t / 2);
      expect(Math.abs(mean - 10 * steps) / Math.sqrt((0.01 * (steps + 1)) / count)).toBeLessThan(worst);
    }
  });

  it('are not cut off by themselves where a bound of `censored` is the datum', () => {
    const program =
      'data n: int\ndata d: bool[n]\ndata y: positive[n]\nfor i in 0..<n { observe y[i] ~ censored(Exponential(2), 0, d[i] ? inf : y[i]) }\n';
    for (const mean of means(program, { n: 2, d: [true, false] }))
      expect(Math.abs(mean - 0.5) / (0.5 / Math.sqrt(count))).toBeLessThan(worst);
  });

  it('may read data that are given in any way', () => {
    const program =
      'data x: real[N]\ndata y: real[N]\nfor n in 0..<N {\n  observe y[n] ~ Normal(x[n], 1)\n  observe x[n] ~ Normal(y[n], 1)\n}\n';
    for (const [n, mean] of means(program, { x: [5, 50] }).entries())
      expect(Math.abs(mean - [5, 50][n]!) * Math.sqrt(count)).toBeLessThan(worst);
  });

  it.each([
    [
      'itself',
      'data y: real\nobserve y ~ Normal(2 * y, 1)\n',
      {},
      /m:2:1: error\[cannot-simulate\]: 'y' is drawn by a law that reads y before/,
    ],
    ['the one after it', lag, { T: 4, lag: -1 }, /'y' is drawn by a law that reads y\[1\] before that has a value/],
    [
      'its neighbours, through a definition',
      'data y: real[N]\nfor n in 0..<N {\n  let near[n] = (n > 0 ? y[n - 1] : 0) + (n < N - 1 ? y[n + 1] : 0)\n  observe y[n] ~ Normal(0.4 * near[n], 1)\n}\n',
      { N: 3 },
      /cannot-simulate\]: 'y' is drawn by a law that reads y\[[01]\] before that has a value/,
    ],
    [
      'each other',
      'data x: real[N]\ndata y: real[N]\nfor n in 0..<N {\n  observe y[n] ~ Normal(x[n], 1)\n  observe x[n] ~ Normal(y[n], 1)\n}\n',
      { N: 2 },
      /'y' is drawn by a law that reads x\[0\] before that has a value[\s\S]*hint: Pass values for it/,
    ],
    [
      'their own value to choose a law',
      'data y: int[N]\nfor n in 0..<N { if y[n] == 0 { observe y[n] ~ Bernoulli(0.5) } else { observe y[n] ~ Poisson(3) } }\n',
      { N: 2 },
      /'y' is drawn by a law that reads y before that has a value/,
    ],
  ])('are refused where they read %s', (_, program, data, says) => {
    expect(() => compile(program, 'm').sample(data)).toThrow(says);
  });

  it('are refused in predictions, too', async () => {
    const run = await compile(
      'data y: real[N]\nsample a ~ Normal(0, 1)\nfor n in 0..<N { observe y[n] ~ Normal(a + 2 * y[n], 1) }\n',
      'm',
    ).infer({ y: [1, 2] }, { workers: 0, chains: 1, draws: 20, backend: 'gibbs' });
    expect(() => run.predictions({ N: 3 })).toThrow(/cannot-simulate\]: 'y' is drawn by a law that reads y\[0\] before/);
  });
});
