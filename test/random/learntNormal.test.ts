/**
 * Proposals learnt from a warm-up: mean and covariance against sums written out here, the correction against the density of the
 * multivariate Student t, and what they do in a logistic regression against a posterior summed over a grid.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { learntMemory, learntObserve, learntPropose } from '../../src/random/learntNormal.js';
import { createRandom } from '../../src/random/generator.js';

/** A window of correlated pairs, and the memory after it. */
function afterOneWindow(): { readonly memory: Float64Array; readonly points: readonly (readonly [number, number])[] } {
  const random = createRandom('learnt', 'points'),
    memory = new Float64Array(learntMemory(2));
  const points = Array.from({ length: 60 }, (): [number, number] => {
    const u = random.normal();
    return [3 + 2 * u, -1 + u + 0.5 * random.normal()];
  });
  for (const p of points) learntObserve(random, memory, 0, Float64Array.from(p), 0, 2, 0, 0);
  return { memory, points };
}
type Row = Readonly<Record<'mean' | 'sd' | 'mcse' | 'essBulk', number>>;
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('learnt proposals', () => {
  it('have the mean and the covariance of the window', () => {
    const { memory, points } = afterOneWindow();
    const x = points.map((p) => p[0]),
      y = points.map((p) => p[1]);
    const covariance = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((s, v, k) => s + (v - mean(a)) * (b[k]! - mean(b)), 0) / (a.length - 1);
    const a = Math.sqrt(covariance(x, x)),
      b = covariance(x, y) / a,
      c = Math.sqrt(covariance(y, y) - b * b);
    expect(memory[0]).toBe(1);
    [mean(x), mean(y), a, 0, b, c].forEach((v, k) => {
      // Nothing above the diagonal is read.
      if (k !== 3) expect(memory[5 + k]).toBeCloseTo(v, 12);
    });
    const random = createRandom('learnt', 'draws'),
      next = new Float64Array(2),
      point = Float64Array.from([4, 0.5]);
    const logTail = (p: ArrayLike<number>): number => {
      const u = (p[0]! - mean(x)) / a,
        v = (p[1]! - mean(y) - b * u) / c;
      return -3.5 * Math.log(1 + (u * u + v * v) / 5);
    };
    const draws = Array.from({ length: 20_000 }, (): readonly number[] => {
      const correction = learntPropose(random, memory, 0, point, 0, next, 0, 2);
      expect(correction).toBeCloseTo(logTail(point) - logTail(next), 9);
      return [...next];
    });
    // A Student t with 5 degrees of freedom has 5 / 3 of the covariance of its Normal.
    expect(mean(draws.map((d) => d[0]!))).toBeCloseTo(mean(x), 1);
    const spread = mean(draws.map((d) => (d[0]! - mean(x)) * (d[1]! - mean(y))));
    expect(Math.abs(spread / ((5 / 3) * a * b) - 1)).toBeLessThan(0.1);
  });

  it('count where they were accepted often enough, and are learnt anew when the next window ends', () => {
    const { memory } = afterOneWindow();
    const random = createRandom('learnt', 'more');
    const observe = (accepted: number): void =>
      learntObserve(random, memory, 0, Float64Array.from([random.normal(), random.normal()]), 0, 2, 1, accepted);
    for (let k = 0; k < 30; k++) observe(k % 2);
    expect(memory[0]).toBe(2);
    for (let k = 0; k < 60; k++) observe(0);
    expect(memory[0]).toBe(1);
    const before = memory[5]!;
    for (let k = 0; k < 60; k++) observe(0);
    expect(Math.abs(memory[5]!)).toBeLessThan(Math.abs(before) / 2);
  });

  it.each([
    ['scalars', ['a', 'b'], 'sample a ~ Normal(0, 2) sample b ~ Normal(0, 2)'],
    // One variable in two statements, whose loops do not count its elements from 0.
    ['elements', ['w[0]', 'w[1]'], 'data L: int for k in 0..<L { sample w[k+1] ~ Normal(0, 2) } sample w[L-1] ~ Normal(0, 2)'],
  ] as const)('leave the posterior of a regression as it is, and more of its draws count: %s', async (_, [first, second], priors) => {
    const x = Array.from({ length: 60 }, (_, n) => 1 + Math.sin(n)),
      y = x.map((v, n) => (Math.sin(7.3 * n) + v - 1 > 0 ? 1 : 0));
    const model = compile(`
      data x: real[N]
      data y: int[N]
      ${priors}
      for n in 0..<N { observe y[n] ~ Bernoulli(sigmoid(${first} + ${second} * x[n])) }`);
    const posterior = await model.infer(first === 'a' ? { x, y } : { x, y, L: 1 }, {
      backend: 'gibbs',
      seed: 4,
      chains: 2,
      workers: 0,
      warmup: 800,
      draws: 8000,
    });
    let total = 0;
    const sums = { a: 0, b: 0, bb: 0 };
    for (let a = -9; a < 4; a += 0.04)
      for (let b = -2; b < 10; b += 0.04) {
        const log = x.reduce((s, v, n) => s - Math.log1p(Math.exp(y[n] === 1 ? -(a + b * v) : a + b * v)), -(a * a + b * b) / 8);
        const weight = Math.exp(log + 25);
        total += weight;
        sums.a += weight * a;
        sums.b += weight * b;
        sums.bb += weight * b * b;
      }
    const [a, b] = [first, second].map((name) => {
      const row = posterior.summary().variables[name]!;
      return { mean: row.mean ?? NaN, sd: row.sd ?? NaN, mcse: row.mcse ?? NaN, essBulk: row.essBulk ?? NaN };
    }) as [Row, Row];
    const sd = Math.sqrt(sums.bb / total - (sums.b / total) ** 2);
    expect(Math.abs(a.mean - sums.a / total)).toBeLessThan(5 * a.mcse);
    expect(Math.abs(b.mean - sums.b / total)).toBeLessThan(5 * b.mcse);
    expect(Math.abs(b.sd / sd - 1)).toBeLessThan(0.05);
    // Slices alone reach 0.16 here.
    expect(b.essBulk / 16_000).toBeGreaterThan(0.3);
    expect(posterior.plan.filter((p) => p.kernel === 'learnt')).toHaveLength(1);
  });
});
