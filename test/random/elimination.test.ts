/**
 * The procedures for chains where numbers are hostile: potentials that differ by thousands of nats,
 * structural zeros, matrices that hardly mix, 10^5 steps. Truth: forward and backward recursions in
 * logarithms written out here (log-sum-exp at every step), enumeration for the mode, and for long
 * chains scaled recursions as a C program would have them.
 *
 * Power: without the certificate (never computing with logarithms) the hostile cases are red.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chainDraw, chainFields, chainForward, chainMode, chainMoments } from '../../src/random/elimination.js';
import { createRandom } from '../../src/random/generator.js';

/** A chain of K values: log potentials [T][K], one log matrix for each step (or one for all). */
interface Chain {
  readonly unary: readonly (readonly number[])[];
  readonly tables: readonly (readonly (readonly number[])[])[];
}

function run(chain: Chain) {
  const T = chain.unary.length,
    K = chain.unary[0]!.length,
    shared = chain.tables.length === 1;
  const unary = Float64Array.from(chain.unary.flat()),
    tables = Float64Array.from(chain.tables.flat(2));
  const positions = new Int32Array(T * chainFields);
  for (let t = 0; t < T; t++) positions.set([t * K, t === 0 ? -1 : shared ? 0 : t - 1, t, t === 0 ? -1 : (t - 1) * K * K], t * chainFields);
  const n = chain.tables.length,
    tableAt = Int32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? (i / 2) * K * K : 0));
  const weights = new Float64Array(n * (2 * K * K + 1)),
    filtered = new Float64Array(T * K),
    predicted = new Float64Array(T * K + 1);
  const marginals = new Float64Array(T * K),
    pairs = new Float64Array(T * K * K),
    values = new Int32Array(T),
    back = new Int32Array(T * K);
  const random = createRandom('3', 'chain');
  const forward = (): number =>
    chainForward(random, unary, 0, tables, 0, positions, 0, tableAt, 0, weights, 0, filtered, 0, predicted, 0, T, K, n);
  return {
    T,
    K,
    unary,
    marginals,
    pairs,
    values,
    forward,
    usedLogs: () => predicted[T * K] === 1,
    moments: () =>
      chainMoments(random, tables, 0, positions, 0, tableAt, 0, weights, 0, filtered, 0, predicted, 0, marginals, 0, pairs, 0, T, K, 1),
    draw: () => chainDraw(random, tables, 0, positions, 0, tableAt, 0, weights, 0, filtered, 0, predicted, 0, values, 0, T, K),
    mode: () => chainMode(random, unary, 0, tables, 0, positions, 0, tableAt, 0, back, 0, values, 0, T, K),
  };
}

const logSumExp = (x: readonly number[]): number => {
  const top = Math.max(...x);
  return top === -Infinity ? -Infinity : top + Math.log(x.reduce((s, v) => s + Math.exp(v - top), 0));
};
function table(chain: Chain, t: number): readonly (readonly number[])[] {
  return chain.tables[chain.tables.length === 1 ? 0 : t - 1]!;
}

/** Everything by logarithms. */
function reference(chain: Chain) {
  const T = chain.unary.length,
    K = chain.unary[0]!.length,
    ks = Array.from({ length: K }, (_, k) => k);
  const alpha: number[][] = [[...chain.unary[0]!]];
  for (let t = 1; t < T; t++)
    alpha.push(ks.map((k) => chain.unary[t]![k]! + logSumExp(ks.map((j) => alpha[t - 1]![j]! + table(chain, t)[j]![k]!))));
  const beta: number[][] = Array.from({ length: T }, () => ks.map(() => 0));
  for (let t = T - 2; t >= 0; t--)
    beta[t] = ks.map((j) => logSumExp(ks.map((k) => table(chain, t + 1)[j]![k]! + chain.unary[t + 1]![k]! + beta[t + 1]![k]!)));
  const total = logSumExp(alpha[T - 1]!);
  return {
    total,
    marginal: (t: number, k: number) => Math.exp(alpha[t]![k]! + beta[t]![k]! - total),
    pair: (t: number, j: number, k: number) =>
      Math.exp(alpha[t - 1]![j]! + table(chain, t)[j]![k]! + chain.unary[t]![k]! + beta[t]![k]! - total),
  };
}

function compare(chain: Chain, tolerance: number): ReturnType<typeof run> {
  const it = run(chain),
    truth = reference(chain);
  const total = it.forward();
  if (truth.total === -Infinity) {
    expect(total).toBe(-Infinity);
    return it;
  }
  expect(Math.abs(total - truth.total)).toBeLessThan(tolerance * Math.max(1, Math.abs(truth.total)));
  it.moments();
  for (let t = 0; t < it.T; t++)
    for (let k = 0; k < it.K; k++) {
      expect(Math.abs(it.marginals[t * it.K + k]! - truth.marginal(t, k)), `at ${t}, ${k}`).toBeLessThan(tolerance);
      if (t > 0)
        for (let j = 0; j < it.K; j++)
          expect(Math.abs(it.pairs[(t - 1) * it.K * it.K + j * it.K + k]! - truth.pair(t, j, k))).toBeLessThan(tolerance);
    }
  it.draw();
  // A draw has positive probability.
  let log = 0;
  it.values.forEach((k, t) => {
    log += chain.unary[t]![k]! + (t === 0 ? 0 : table(chain, t)[it.values[t - 1]!]![k]!);
  });
  expect(log).toBeGreaterThan(-Infinity);
  return it;
}

const zeros = (K: number): number[] => new Array<number>(K).fill(0);
const identity = [
  [0, -Infinity],
  [-Infinity, 0],
];

describe('chains with hostile numbers', () => {
  test('a state that all but died comes back', () => {
    // z never changes: the first potential speaks against state 1 by 800 nats, a hundred later ones for it by 10 each.
    const chain = { unary: [[0, -800], ...Array.from({ length: 100 }, () => [0, 10])], tables: [identity] };
    const it = compare(chain, 1e-10);
    expect(it.usedLogs()).toBe(true);
    expect(it.marginals[1]).toBeCloseTo(1, 12);
    it.draw();
    expect([...it.values]).toEqual(new Array<number>(101).fill(1));
  });
  test('jumps of probability e^-800 decide', () => {
    compare(
      {
        unary: [
          [0, -Infinity],
          [-Infinity, 0],
          [0, -5],
        ],
        tables: [
          [
            [0, -800],
            [-900, 0],
          ],
        ],
      },
      1e-10,
    );
  });
  test('potentials far apart under matrices that mix do not need logarithms', () => {
    const mixing = [
      [Math.log(0.9), Math.log(0.1)],
      [Math.log(0.2), Math.log(0.8)],
    ];
    const it = compare({ unary: Array.from({ length: 60 }, (_, t) => (t % 3 === 0 ? [0, -5000] : [-4000, 0])), tables: [mixing] }, 1e-10);
    expect(it.usedLogs()).toBe(false);
  });
  test('a path from left to right, an outlier at the wrong time', () => {
    const left = [
      [Math.log(0.5), Math.log(0.5), -Infinity],
      [-Infinity, Math.log(0.5), Math.log(0.5)],
      [-Infinity, -Infinity, 0],
    ];
    const unary = Array.from({ length: 12 }, (_, t) => [0, 1, 2].map((k) => -0.5 * (((t === 4 ? 30 : t / 4) - k) / 0.05) ** 2));
    compare({ unary: [[0, -Infinity, -Infinity], ...unary], tables: [left] }, 1e-10);
  });
  test('no path at all', () => {
    expect(
      run({
        unary: [
          [0, -Infinity],
          [-Infinity, 0],
        ],
        tables: [identity],
      }).forward(),
    ).toBe(-Infinity);
    expect(run({ unary: [zeros(2), [-Infinity, -Infinity]], tables: [identity] }).forward()).toBe(-Infinity);
    expect(run({ unary: [zeros(2), [Number.NaN, 0]], tables: [identity] }).forward()).toBeNaN();
    expect(run({ unary: [zeros(2), [Infinity, 0]], tables: [identity] }).forward()).toBeNaN();
    expect(
      run({
        unary: [zeros(2), zeros(2)],
        tables: [
          [
            [Number.NaN, 0],
            [0, 0],
          ],
        ],
      }).forward(),
    ).toBeNaN();
  });
  test('random potentials of every size, with zeros', () => {
    const potential = fc.oneof(
      { weight: 6, arbitrary: fc.double({ min: -5, max: 5, noNaN: true }) },
      { weight: 2, arbitrary: fc.double({ min: -2000, max: 500, noNaN: true }) },
      { weight: 1, arbitrary: fc.constant(-Infinity) },
    );
    const chain = fc.integer({ min: 1, max: 4 }).chain((K) =>
      fc.integer({ min: 1, max: 7 }).chain((T) =>
        fc.boolean().chain((shared) =>
          fc.record({
            unary: fc.array(fc.array(potential, { minLength: K, maxLength: K }), { minLength: T, maxLength: T }),
            tables: fc.array(fc.array(fc.array(potential, { minLength: K, maxLength: K }), { minLength: K, maxLength: K }), {
              minLength: shared ? 1 : Math.max(1, T - 1),
              maxLength: shared ? 1 : Math.max(1, T - 1),
            }),
          }),
        ),
      ),
    );
    fc.assert(
      fc.property(chain, (c) => {
        compare(c, 1e-9);
      }),
      { numRuns: 400, seed: 5 },
    );
  });
  test('the mode is that of enumeration', () => {
    const chain = fc.record({
      unary: fc.array(fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }), {
        minLength: 5,
        maxLength: 5,
      }),
      tables: fc.constant([
        [
          [0.1, -1, 0.4],
          [-Infinity, 0, 0.9],
          [1.2, 0.3, -0.2],
        ],
      ]),
    });
    fc.assert(
      fc.property(chain, (c) => {
        const it = run(c);
        it.mode();
        const score = (z: ArrayLike<number>): number =>
          c.unary.reduce((s, u, t) => s + u[z[t]!]! + (t === 0 ? 0 : c.tables[0]![z[t - 1]!]![z[t]!]!), 0);
        let best = -Infinity;
        for (let s = 0; s < 3 ** 5; s++) best = Math.max(best, score([0, 1, 2, 3, 4].map((t) => Math.floor(s / 3 ** t) % 3)));
        expect(score(it.values)).toBeCloseTo(best, 10);
      }),
      { numRuns: 100, seed: 6 },
    );
  });
});

describe('chains of 10^5 steps', () => {
  const T = 100_000,
    K = 3;
  const A = [
    [0.9, 0.07, 0.03],
    [0.1, 0.8, 0.1],
    [0.02, 0.08, 0.9],
  ];
  const random = createRandom('9', 'data');
  const unary = Array.from({ length: T }, (_, t) => {
    const y = (Math.floor(t / 1000) % 3) + random.normal();
    return [0, 1, 2].map((k) => -0.5 * ((y - k) / 0.3) ** 2 - 40);
  });
  const it = run({ unary, tables: [A.map((row) => row.map(Math.log))] });
  const log = it.forward();
  it.moments();

  test('agree with scaled recursions, normaliser and marginals', () => {
    const alpha = new Float64Array(T * K),
      beta = new Float64Array(T * K);
    // log(1 + x) sums of logs by halves keep their digits.
    const logs = new Float64Array(T);
    for (let t = 0; t < T; t++) {
      let s = 0;
      const top = Math.max(...unary[t]!);
      for (let k = 0; k < K; k++) {
        let a = t === 0 ? 1 : 0;
        if (t > 0) for (let j = 0; j < K; j++) a += alpha[(t - 1) * K + j]! * A[j]![k]!;
        s += alpha[t * K + k] = a * Math.exp(unary[t]![k]! - top);
      }
      for (let k = 0; k < K; k++) alpha[t * K + k] = alpha[t * K + k]! / s;
      logs[t] = top + Math.log(s);
    }
    const sum = (from: number, to: number): number =>
      to - from < 8 ? logs.subarray(from, to).reduce((a, b) => a + b, 0) : sum(from, (from + to) >> 1) + sum((from + to) >> 1, to);
    expect(Math.abs(log - sum(0, T))).toBeLessThan(1e-7);
    expect(Math.abs(log / sum(0, T) - 1)).toBeLessThan(1e-13);
    for (let k = 0; k < K; k++) beta[(T - 1) * K + k] = 1;
    let worst = 0;
    for (let t = T - 1; t >= 0; t--) {
      if (t < T - 1) {
        let s = 0;
        const top = Math.max(...unary[t + 1]!);
        for (let j = 0; j < K; j++) {
          let b = 0;
          for (let k = 0; k < K; k++) b += A[j]![k]! * Math.exp(unary[t + 1]![k]! - top) * beta[(t + 1) * K + k]!;
          s += beta[t * K + j] = b;
        }
        for (let j = 0; j < K; j++) beta[t * K + j] = beta[t * K + j]! / s;
      }
      let q = 0;
      for (let k = 0; k < K; k++) q += alpha[t * K + k]! * beta[t * K + k]!;
      for (let k = 0; k < K; k++) worst = Math.max(worst, Math.abs(it.marginals[t * K + k]! - (alpha[t * K + k]! * beta[t * K + k]!) / q));
    }
    expect(worst).toBeLessThan(1e-11);
    expect(it.usedLogs()).toBe(false);
  });
  test('draws visit states as often as the marginals say', () => {
    const counts = new Float64Array(K),
      expected = new Float64Array(K);
    it.draw();
    for (let t = 0; t < T; t++) {
      counts[it.values[t]!]!++;
      for (let k = 0; k < K; k++) expected[k] = expected[k]! + it.marginals[t * K + k]!;
    }
    // Neighbours are correlated over about 20 steps: six standard errors of 5,000 independent ones.
    counts.forEach((c, k) => expect(Math.abs(c - expected[k]!) / T).toBeLessThan((6 * 0.5) / Math.sqrt(5000)));
  });
  test('the same by logarithms', () => {
    const hostile = { unary, tables: [[[-0.1, -2.6, -800], ...A.slice(1).map((row) => row.map(Math.log))]] };
    const other = run(hostile);
    const total = other.forward();
    expect(other.usedLogs()).toBe(true);
    // Sums of 4e6 that are not normalised lose digits in the reference.
    expect(Math.abs(total / reference(hostile).total - 1)).toBeLessThan(1e-11);
  });
});
