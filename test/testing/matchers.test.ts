/**
 * The matchers and arbitraries of credence/testing: they pass what is right at the stated rate, fail what is wrong,
 * and say in words what they compared.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';
import {
  createRandom,
  credenceMatchers,
  dataOf,
  type DrawsOptions,
  distributions,
  type ExactMoments,
  programs,
  rank,
} from '../../src/testing-api.js';

const random = createRandom('matchers', 'draws');
const normals = Float64Array.from({ length: 2000 }, () => 3 + 2 * random.normal());
/** x' = 0.9 x + e: an autocorrelation of 0.9, so that 2000 states are worth about a hundred draws. */
const chain = ((): Float64Array => {
  let x = 0;
  return Float64Array.from({ length: 2000 }, () => (x = 0.9 * x + Math.sqrt(1 - 0.81) * random.normal()));
})();

describe('toMatchExact', () => {
  it('passes draws of the law and fails others', () => {
    expect(credenceMatchers.toMatchExact(normals, { mean: 3, variance: 4 }).pass).toBe(true);
    expect(credenceMatchers.toMatchExact(normals, { mean: 3.4, variance: 4 }).pass).toBe(false);
    expect(credenceMatchers.toMatchExact(normals, { mean: 3, variance: 5 }).pass).toBe(false);
    expect(credenceMatchers.toMatchExact(normals, { mean: 3.4 }).message()).toMatch(
      /^mean of 2000 draws is \d\.\d+ \(± 0\.04\d*\), exactly 3\.4: z = -\d/,
    );
  });
  it('knows what states of a chain are worth', () => {
    // The mean of 2000 states with correlation 0.9 has a standard error of sqrt(19 / 2000) = 0.097.
    expect(credenceMatchers.toMatchExact(chain, { mean: 0, variance: 1 }).pass).toBe(true);
    expect(Number(/± ([\d.]+)/.exec(credenceMatchers.toMatchExact(chain, { mean: 0 }).message())![1])).toBeGreaterThan(0.06);
  });
  it('fails right draws at the stated rate', () => {
    let failed = 0;
    const repetitions = 400;
    for (let r = 0; r < repetitions; r++)
      if (
        !credenceMatchers.toMatchExact(
          Array.from({ length: 200 }, () => random.normal()),
          { mean: 0, variance: 1 },
          { falseAlarm: 0.05 },
        ).pass
      )
        failed++;
    expect(failed / repetitions).toBeLessThan(0.05 + 4 * Math.sqrt((0.05 * 0.95) / repetitions));
    expect(failed).toBeGreaterThan(0);
  });
  // Under `not` a claim that is not judged would hold: what makes no sense throws.
  it.each<readonly [string, unknown, unknown, unknown, RegExp]>([
    ['no list', 'draws', { mean: 0 }, {}, /list of numbers/],
    ['bytes', new DataView(new ArrayBuffer(64)), { mean: 0 }, {}, /list of numbers/],
    ['NaN', [1, 2, Number.NaN, 4, 5, 6], { mean: 3 }, {}, /finite numbers, and element 2 is NaN/],
    ['an infinite draw', [1, 2, 3, 4, 5, Infinity], { mean: 3 }, {}, /element 5 is Infinity/],
    ['null', [1, null, 3, 4, 5, 6], { mean: 3 }, {}, /element 1 is null/],
    ['a gap', [1, undefined, 3, 4, 5, 6], { mean: 3 }, {}, /element 1 is undefined/],
    ['text', ['1', '2', '3', '4', '5', '6'], { mean: 3 }, {}, /element 0 is "1"/],
    ['no mean', normals, {}, {}, /exact mean, a finite number.*it is undefined/],
    ['nothing exact', normals, null, {}, /exact mean/],
    ['a mean of NaN', normals, { mean: Number.NaN }, {}, /it is NaN/],
    ['a negative variance', normals, { mean: 3, variance: -1 }, {}, /not negative; it is -1/],
    ['a rate of 2', normals, { mean: 3 }, { falseAlarm: 2 }, /falseAlarm is 2; it must lie between 0 and 1/],
    ['no chains', normals, { mean: 3 }, { chains: 0 }, /chains is 0; it must be a whole number of at least 1/],
    ['chains that do not divide the draws', normals, { mean: 3 }, { chains: 3 }, /2000 draws cannot be of 3 chains of one length/],
    ['short chains', [1, 2, 3, 4, 5, 6, 7, 8], { mean: 3 }, { chains: 2 }, /needs 6 draws of each chain at least, and has 8 of 2 chains/],
    ['options that are none', normals, { mean: 3 }, null, /takes options as an object/],
    [
      'draws whose squares overflow',
      [1e200, -1e200, 2e200, 3e200, 1e199, 5e200],
      { mean: 3, variance: 1 },
      {},
      /beyond what a number can hold/,
    ],
  ])('refuses %s', (_, draws, expected, options, message) => {
    expect(() => credenceMatchers.toMatchExact(draws, expected as ExactMoments, options as DrawsOptions)).toThrow(message);
  });
});

describe('toHaveRanksUniform and toPassCheck', () => {
  it('say what is wrong with ranks', () => {
    const ranks = Array.from({ length: 300 }, () => random.integer(20));
    expect(credenceMatchers.toHaveRanksUniform(ranks, 20).pass).toBe(true);
    const wrong = credenceMatchers.toHaveRanksUniform(
      ranks.map((r) => Math.floor(r / 2)),
      20,
    );
    expect(wrong.pass).toBe(false);
    expect(wrong.message()).toMatch(/300 ranks of 20 values: p = .*too high/);
  });
  it('refuse ranks and values that can say nothing', () => {
    const ranks = Array.from({ length: 300 }, () => random.integer(2));
    expect(() => credenceMatchers.toHaveRanksUniform(ranks, 2.5)).toThrow(/values is 2.5; it must be a whole number of at least 2/);
    expect(() => credenceMatchers.toHaveRanksUniform(ranks, 2, { falseAlarm: 2 })).toThrow(/falseAlarm is 2/);
    expect(() => credenceMatchers.toHaveRanksUniform(['0', '1', '1', '0'], 2)).toThrow(/element 0 is "0"/);
    // The least likely of all samples of n ranks of 20 lies in one end cell of n: 2 / n^n is 1/128 for 4, and 1/1562 for 5.
    expect(() => credenceMatchers.toHaveRanksUniform([0, 0, 0, 0], 20)).toThrow(/4 ranks of 20 values cannot fail at .* 0.001, 5 can/);
    expect(credenceMatchers.toHaveRanksUniform([0, 0, 0, 0, 0], 20).pass).toBe(false);
  });
  it('pass and fail reports', async () => {
    const walk = (scale: number) =>
      rank<number>(
        { draw: (r) => r.normal(), forward: (x, r) => 0.5 * x + scale * r.normal(), quantities: (x) => ({ x }) },
        { repetitions: 2000 },
      );
    // x' = x / 2 + e leaves the standard normal invariant where e has variance 3 / 4, and is then its own reversal.
    expect(credenceMatchers.toPassCheck(await walk(Math.sqrt(0.75))).pass).toBe(true);
    const wrong = credenceMatchers.toPassCheck(await walk(1.2));
    expect(wrong.pass).toBe(false);
    expect(wrong.message()).toMatch(/the check fails:\n {2}rank: x, gamma = /);
    expect(() => credenceMatchers.toPassCheck(3)).toThrow(/report of check/);
  });
  it('fail reports that say nothing, both ways', async () => {
    const silent = await rank<number>({ draw: (r) => r.normal(), forward: (x) => x, quantities: () => ({}) }, { repetitions: 10 });
    expect(silent.verdict).toBe('inapplicable');
    expect(() => credenceMatchers.toPassCheck(silent)).toThrow(/says nothing:\n {2}rank does not apply/);
    const few = await rank<number>(
      { draw: (r) => r.normal(), forward: (_, r) => r.normal(), quantities: (x) => ({ x }) },
      { repetitions: 2 },
    );
    expect(() => credenceMatchers.toPassCheck(few)).toThrow(/x: too few ranks: 2 of 20 values cannot fail .* 0.001, 5 can/);
  });
  it('are used as the documents say', () => {
    const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
    const block = /```ts vitest\n([\s\S]*?)```/.exec(read('../../docs/testing.md'))![1]!;
    expect(read('ownSampler.test.ts').replace(/^.*\n/, '').replace('../../src/testing-api.js', 'credence/testing')).toBe(block);
  });
});

describe('arbitraries', () => {
  it('give programs that compile with data that they accept', () => {
    fc.assert(
      fc.property(programs(fc), ({ source, data }) => {
        compile(source).logDensity(data);
      }),
      { numRuns: 25, seed: 3 },
    );
  });
  it('give data that the program accepts', () => {
    const m = compile(
      'data X: real[N, D]\ndata y: int[N]\nsample w ~ iid(Normal(0, 1), D)\nfor n in 0..<N { observe y[n] ~ Bernoulli(logit: X[n] @ w) }\n',
    );
    const X = [
      [1, 0],
      [1, 2],
      [1, -1],
    ];
    fc.assert(
      fc.property(dataOf(fc, m, { X }), (data) => {
        expect(data['X']).toEqual(X);
        expect((data['y'] as readonly number[]).every((x) => x === 0 || x === 1)).toBe(true);
        m.logDensity(data);
      }),
      { numRuns: 10 },
    );
    expect(() => fc.sample(dataOf(fc, compile('param m: real\ndata y: real\nobserve y ~ Normal(m, 1)\n')), 1)).toThrow(ModelError);
  });
  it('give distributions whose quantile inverts their distribution function', () => {
    fc.assert(
      fc.property(distributions(fc, { discrete: false }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (law, p) => {
        expect(law.cdf(law.quantile(p))).toBeCloseTo(p, 6);
      }),
      { numRuns: 150, seed: 1 },
    );
    fc.assert(
      fc.property(distributions(fc), fc.nat(), (law, seed) => {
        expect(law.logProb(law.sample(seed))).toBeGreaterThan(-Infinity);
      }),
      { numRuns: 150, seed: 1 },
    );
  });
});
