/** Replicated data: they are laid out as the data are, and drawn from the law that the program states, at the state given. */
import { describe, expect, it } from 'vitest';
import { type Replicator, replicator } from '../../src/4-infer/replicate.js';
import { boundModel } from '../compiled.js';

function machine(program: string, data: Readonly<Record<string, unknown>>, known: readonly string[]): Replicator {
  return replicator(boundModel(program, data), program, new Set(known), 'seed');
}
const state = (values: Readonly<Record<string, readonly number[]>>): ReadonlyMap<string, readonly number[]> =>
  new Map(Object.entries(values));

/** Mean and variance of each number over many replicates of one datum. */
function moments(
  replicate: Replicator,
  at: ReadonlyMap<string, readonly number[]>,
  count: number,
): { readonly mean: readonly number[]; readonly variance: readonly number[] } {
  const size = replicate.data[0]!.observed.length,
    sum = new Array<number>(size).fill(0),
    squares = new Array<number>(size).fill(0);
  for (let r = 0; r < count; r++) {
    replicate.draw(at);
    replicate.data[0]!.replicated().forEach((x, i) => {
      sum[i]! += x;
      squares[i]! += x * x;
    });
  }
  return { mean: sum.map((s) => s / count), variance: squares.map((s, i) => s / count - (sum[i]! / count) ** 2) };
}
/** Within five standard errors of the mean of `count` draws with this variance: a false alarm in 10^6. */
function expectMeans(found: readonly number[], wanted: readonly number[], variance: readonly number[], count: number): void {
  expect(found).toHaveLength(wanted.length);
  found.forEach((x, i) => {
    expect(Math.abs(x - wanted[i]!), `at ${i}`).toBeLessThan(5 * Math.sqrt(variance[i]! / count));
  });
}
const count = 4000;

describe('replicates', () => {
  it('have the law of each observation at the state', () => {
    const replicate = machine(
      'data x: real[N] data y: real[N] sample b ~ Normal(0, 1) sample s ~ HalfNormal(1) for n in 0..<N { observe y[n] ~ Normal(b * x[n], s) }',
      { x: [1, 2, -3], y: [5, 6, 7] },
      ['b', 's'],
    );
    expect(replicate.data.map(({ name, width, discrete, observed }) => [name, width, discrete, [...observed]])).toEqual([
      ['y', 1, false, [5, 6, 7]],
    ]);
    const { mean, variance } = moments(replicate, state({ b: [2], s: [0.5] }), count);
    expectMeans(mean, [2, 4, -6], [0.25, 0.25, 0.25], count);
    // The variance of a squared normal is 2 sigma^4.
    expectMeans(variance, [0.25, 0.25, 0.25], [0.125, 0.125, 0.125], count);
  });

  it('follow the unknowns from draw to draw and are reproducible', () => {
    const make = (): Replicator =>
      machine(
        'data y: real[N] sample m ~ Normal(0, 1) let twice = 2 * m for n in 0..<N { observe y[n] ~ Normal(twice, 0.001) }',
        { y: [0, 0] },
        ['m'],
      );
    const [a, b] = [make(), make()];
    for (const m of [3, -7, 40]) {
      a.draw(state({ m: [m] }));
      b.draw(state({ m: [m] }));
      expect([...a.data[0]!.replicated()]).toEqual([...b.data[0]!.replicated()]);
      for (const x of a.data[0]!.replicated()) expect(x).toBeCloseTo(2 * m, 1);
    }
  });

  it('leave out what is missing, and join the statements of one datum', () => {
    const program =
      'data y: real[T] sample a ~ Normal(0, 1) observe y[0] ~ Normal(10, 0.001) for t in 1..<T { observe y[t] ~ Normal(a * y[t-1], 0.001) }';
    const replicate = machine(program, { y: [1, 4, null, 16] }, ['a', 'y']);
    const [data] = replicate.data;
    expect([...data!.observed]).toEqual([1, 4, 16]);
    // A lag is read as it was observed, or as the state has it where it was missing.
    replicate.draw(state({ a: [2], y: [0, 0, 9, 0] }));
    expect([...data!.replicated()].map((x) => Math.round(x * 10) / 10)).toEqual([10, 2, 18]);
  });

  it('are vectors where the observation is a vector', () => {
    const program =
      'data x: real[N, D] sample m ~ MvNormal(zeros(D), eye(D)) for n in 0..<N { observe standardise(x)[n] ~ MvNormal(m, [[1, 0.8], [0.8, 1]]) }';
    const replicate = machine(
      program,
      {
        x: [
          [1, 2],
          [3, 6],
        ],
      },
      ['m'],
    );
    expect(replicate.data.map(({ name, width }) => [name, width])).toEqual([['standardise(x)[n]', 2]]);
    let cross = 0;
    for (let r = 0; r < count; r++) {
      replicate.draw(state({ m: [5, -5] }));
      const [first, second] = replicate.data[0]!.replicated();
      cross += ((first! - 5) * (second! + 5)) / count;
    }
    // The product of two standard normals with correlation rho has variance 1 + rho^2.
    expectMeans([cross], [0.8], [1.64], count);
  });

  it('draw labels that have no value from their law', () => {
    const program =
      'data y: int[N] sample p ~ Beta(1, 1) for n in 0..<N { sample z[n] ~ Bernoulli(p) observe y[n] ~ Poisson(z[n] == 1 ? 20 : 1) }';
    const replicate = machine(program, { y: [0, 3] }, ['p']);
    expect(replicate.data[0]!.discrete).toBe(true);
    const { mean } = moments(replicate, state({ p: [0.25] }), count);
    // Mean 0.25 * 20 + 0.75 * 1, variance the mean plus that of the two rates.
    expectMeans(mean, [5.75, 5.75], [5.75 + 0.1875 * 361, 5.75 + 0.1875 * 361], count);
  });

  it('skip what the data rule out', () => {
    const program =
      'data y: real[N] data on: int[N] sample m ~ Normal(0, 1) for n in 0..<N { if on[n] == 1 { observe y[n] ~ Normal(m, 1) } else { observe y[n] ~ Normal(100, 0.001) } }';
    const replicate = machine(program, { y: [1, 2, 3], on: [1, 0, 1] }, ['m']);
    replicate.draw(state({ m: [0] }));
    const values = [...replicate.data[0]!.replicated()];
    expect(values).toHaveLength(3);
    expect(values.filter((x) => Math.abs(x - 100) < 0.1)).toHaveLength(1);
  });

  it('are refused where nothing is observed or an unknown has no law', () => {
    expect(() => machine('sample m ~ Normal(0, 1)', {}, ['m'])).toThrow(/the program observes nothing/);
    expect(() => machine('data y: real param s: positive observe y ~ Normal(0, s)', { y: 1 }, [])).toThrow(/'s' has no value and no law/);
    expect(() => machine('data y: real sample m ~ Flat() observe y ~ Normal(m, 1)', { y: 1 }, [])).toThrow(/'m' has no value and no law/);
  });
});
