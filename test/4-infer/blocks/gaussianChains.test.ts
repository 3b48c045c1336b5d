/**
 * Chains against the Kalman filter and the Rauch-Tung-Striebel smoother written out here, to 10^5 steps;
 * what large models cost; what happens where a direction is held by nothing.
 */
import { describe, expect, test } from 'vitest';
import type { Code } from '../../../src/code/loop.js';
import { nestedOf } from '../../../src/code/analysis.js';
import { isConst } from '../../../src/expr/expr.js';
import { createRandom } from '../../../src/random/generator.js';
import { BlockMachine } from './gaussianMachine.js';

interface Chain {
  readonly start: number;
  readonly a: number;
  readonly q: number;
  readonly r: number;
}

/** z_0 ~ N(0, start^2), z_t ~ N(a z_{t-1}, q^2), y_t ~ N(z_t, r^2), y_t NaN where it is missing. */
function smoother(
  { start, a, q, r }: Chain,
  y: Float64Array,
): { readonly mean: Float64Array; readonly variance: Float64Array; readonly logLikelihood: number } {
  const T = y.length,
    filtered = new Float64Array(T),
    spread = new Float64Array(T),
    ahead = new Float64Array(T),
    aheadSpread = new Float64Array(T);
  let logLikelihood = 0;
  for (let t = 0; t < T; t++) {
    ahead[t] = t === 0 ? 0 : a * filtered[t - 1]!;
    aheadSpread[t] = t === 0 ? start * start : a * a * spread[t - 1]! + q * q;
    if (Number.isNaN(y[t]!)) {
      filtered[t] = ahead[t]!;
      spread[t] = aheadSpread[t]!;
      continue;
    }
    const s = aheadSpread[t]! + r * r,
      e = y[t]! - ahead[t]!,
      gain = aheadSpread[t]! / s;
    logLikelihood -= 0.5 * (Math.log(2 * Math.PI * s) + (e * e) / s);
    filtered[t] = ahead[t]! + gain * e;
    spread[t] = (1 - gain) * aheadSpread[t]!;
  }
  const mean = filtered.slice(),
    variance = spread.slice();
  for (let t = T - 2; t >= 0; t--) {
    const gain = (a * spread[t]!) / aheadSpread[t + 1]!;
    mean[t] = filtered[t]! + gain * (mean[t + 1]! - ahead[t + 1]!);
    variance[t] = spread[t]! + gain * gain * (variance[t + 1]! - aheadSpread[t + 1]!);
  }
  return { mean, variance, logLikelihood };
}
const source = `data y: real[T] data a: real data q: positive data r: positive data start: positive
  sample z[0] ~ Normal(0, start)
  for t in 1..<T { sample z[t] ~ Normal(a * z[t-1], q) }
  for t in 0..<T { observe y[t] ~ Normal(z[t], r) }`;

function simulated({ start, a, q, r }: Chain, T: number, gaps: number): Float64Array {
  const random = createRandom('1', `chain ${T}`),
    y = new Float64Array(T);
  for (let t = 0, z = 0; t < T; t++) {
    z = t === 0 ? start * random.normal() : a * z + q * random.normal();
    y[t] = z + r * random.normal();
  }
  for (let t = 0; t < T; t++) if (random.uniform() < gaps) y[t] = Number.NaN;
  return y;
}

describe('chains', () => {
  for (const [what, chain, T, gaps] of [
    ['stationary', { start: 1, a: 0.9, q: 0.25, r: 0.45 }, 1000, 0],
    ['a random walk that hardly moves', { start: 10, a: 1, q: 0.01, r: 1 }, 2000, 0.2],
    ['an explosive one', { start: 1, a: 1.02, q: 0.3, r: 1 }, 500, 0.1],
    ['100,000 steps', { start: 3, a: 1, q: 0.1, r: 2 }, 100_000, 0.05],
  ] as const) {
    test(`${what}: means, variances and log likelihood of the smoother`, () => {
      const y = simulated(chain, T, gaps),
        truth = smoother(chain, y);
      const machine = new BlockMachine(source, { y: Array.from(y, (x) => (Number.isNaN(x) ? null : x)), ...chain });
      const normaliser = machine.prepare();
      expect(Math.abs(normaliser - truth.logLikelihood)).toBeLessThan(1e-9 * (1 + Math.abs(truth.logLikelihood)));
      machine.moments();
      const mean = machine.get('mean.z'),
        variance = machine.get('variance.z');
      let worst = 0;
      for (let t = 0; t < T; t++)
        worst = Math.max(
          worst,
          Math.abs(mean[t]! - truth.mean[t]!) / Math.sqrt(truth.variance[t]!),
          Math.abs(variance[t]! / truth.variance[t]! - 1),
        );
      expect(worst).toBeLessThan(1e-8);
      expect(machine.blocks[0]!.structure).toMatch(/banded, half bandwidth [12]$/);
    });
  }

  test("draws of 100,000 steps have the chain's increments", () => {
    const chain = { start: 3, a: 1, q: 0.1, r: 2 },
      T = 100_000,
      y = simulated(chain, T, 0);
    const machine = new BlockMachine(source, { y: [...y], ...chain });
    machine.prepare();
    machine.draw();
    const z = machine.get('z');
    // Given y an increment and a residual of a draw are draws from the joint: their mean squares are q^2 and r^2 up to 1 / sqrt(T).
    let increments = 0,
      residuals = 0;
    for (let t = 0; t < T; t++) {
      if (t > 0) increments += (z[t]! - z[t - 1]!) ** 2;
      residuals += (y[t]! - z[t]!) ** 2;
    }
    expect(Math.abs(increments / T / 0.01 - 1)).toBeLessThan(8 * Math.sqrt(2 / T));
    expect(Math.abs(residuals / T / 4 - 1)).toBeLessThan(8 * Math.sqrt(2 / T));
  });
});

/** Longest loop anywhere in code, of those whose bounds are known. */
function longestLoop(code: readonly Code[]): number {
  return code.reduce(
    (most, c) =>
      Math.max(
        most,
        c.do === 'for' ? (isConst(c.from) && isConst(c.to) ? c.to.value - c.from.value : Infinity) : 0,
        longestLoop(nestedOf(c)),
      ),
    0,
  );
}

describe('what large models cost', () => {
  test('a regression of 100,000 rows is assembled from folded sums', () => {
    const N = 100_000,
      D = 4,
      random = createRandom('1', 'rows');
    const X = Array.from({ length: N }, () => Array.from({ length: D }, () => random.normal())),
      y = X.map((x) => x[0]! - 2 * x[1]! + random.normal());
    const machine = new BlockMachine(
      `data X: real[N, D] data y: real[N]
      sample s ~ HalfNormal(1)
      for d in 0..<D { sample w[d] ~ Normal(0, 10) }
      sample b ~ Normal(0, 10)
      observe y ~ Normal(X @ w + b, s)`,
      { X, y },
    );
    const block = machine.blocks.find((o) => o.structureOf.variables.includes('w'))!;
    expect(longestLoop(block.prepare)).toBeLessThan(10);
    machine.get('s')[0] = 1;
    machine.prepare(machine.blocks.indexOf(block));
    machine.moments(machine.blocks.indexOf(block));
    expect(machine.get('mean.w')[1]!).toBeCloseTo(-2, 1);
  });

  test('groups are assembled group by group, and 20,000 of them fill nothing', () => {
    const J = 20_000,
      N = 60_000,
      random = createRandom('1', 'groups');
    const g = Array.from({ length: N }, (_, n) => (n < J ? n : Math.floor(J * random.uniform()))),
      y = g.map((j) => (j % 7) + random.normal());
    const machine = new BlockMachine(
      `data y: real[N] data g: int[N] data J: int
      sample m ~ Normal(0, 10)
      for j in 0..<J { sample a[j] ~ Normal(m, 2) }
      for n in 0..<N { observe y[n] ~ Normal(a[g[n]], 1) }`,
      { y, g, J },
    );
    const block = machine.blocks[0]!;
    expect(longestLoop(block.prepare)).toBe(J);
    expect(block.structure).toContain(`sparse, ${J} of`);
    machine.prepare();
    machine.moments();
    // Given m the groups are independent: var m = 1 / (1 / 100 + sum_j 1 / (4 + 1 / n_j)).
    const counts = new Float64Array(J);
    for (const j of g) counts[j]!++;
    expect(machine.get('variance.m')[0]! * (0.01 + counts.reduce((sum, c) => sum + 1 / (4 + 1 / c), 0))).toBeCloseTo(1, 9);
  });

  test('crossed effects of 300 and 200 levels', () => {
    const J = 300,
      H = 200,
      N = 5000,
      random = createRandom('1', 'crossed');
    const g = Array.from({ length: N }, () => Math.floor(J * random.uniform())),
      h = Array.from({ length: N }, () => Math.floor(H * random.uniform())),
      y = g.map((j, n) => j / J + h[n]! / H + random.normal());
    const machine = new BlockMachine(
      `data y: real[N] data g: int[N] data h: int[N] data J: int data H: int
      sample c ~ Normal(0, 10)
      for j in 0..<J { sample a[j] ~ Normal(0, 1) }
      for k in 0..<H { sample b[k] ~ Normal(0, 1) }
      for n in 0..<N { observe y[n] ~ Normal(c + a[g[n]] + b[h[n]], 1) }`,
      { y, g, h, J, H },
    );
    machine.prepare();
    machine.moments();
    // The equation of one level at the mean: a_j (1 + n_j) = sum over its rows of y - c - b.
    const a = machine.get('mean.a'),
      b = machine.get('mean.b'),
      c = machine.get('mean.c')[0]!;
    for (const j of [0, 17, 299]) {
      let count = 0,
        sum = 0;
      g.forEach((own, n) => {
        if (own === j) {
          count++;
          sum += y[n]! - c - b[h[n]!]!;
        }
      });
      expect(a[j]! * (1 + count)).toBeCloseTo(sum, 8);
    }
  });
});

describe('directions that nothing holds', () => {
  const collinear = `data X: real[N, D] data y: real[N]
    for d in 0..<D { sample w[d] ~ Flat() }
    observe y ~ Normal(X @ w, 1)`;

  test('collinear columns: an infinite normaliser, the element by name, and the state untouched', () => {
    const X = Array.from({ length: 12 }, (_, n) => [1, n, 2 * n + 1]),
      machine = new BlockMachine(collinear, { X, y: X.map((x) => x[1]!) });
    machine.get('w').set([1, 2, 3]);
    expect(machine.prepare()).toBe(Infinity);
    machine.draw();
    machine.moments();
    expect([...machine.get('w')]).toEqual([1, 2, 3]);
    const [, failed, count, first] = machine.get(machine.blocks[0]!.status);
    expect(failed).toBeGreaterThan(0);
    expect(count).toBe(1);
    expect(machine.blocks[0]!.elementOf(first! - 1)).toMatch(/^w\[[012]\]$/);
  });

  test('a random walk without a start and without data is improper, with one datum it is not', () => {
    const walk = `data y: real[T]
      sample z[0] ~ Flat()
      for t in 1..<T { sample z[t] ~ Normal(z[t-1], 1) }
      for t in 0..<T { observe y[t] ~ Normal(z[t], 1) }`;
    const machine = new BlockMachine(walk, { y: [null, null, 3, null] });
    expect(Number.isFinite(machine.prepare())).toBe(true);
    machine.moments();
    expect(machine.get('mean.z')[0]).toBeCloseTo(3, 12);
    expect(machine.get('variance.z')[0]).toBeCloseTo(3, 12);
    expect(new BlockMachine(walk, { y: [null, null, null, null] }).prepare()).toBe(Infinity);
  });

  test('columns that are nearly collinear but proper keep their digits', () => {
    const X = Array.from({ length: 40 }, (_, n) => [1, n, n + 1e-3 * Math.sin(n)]),
      machine = new BlockMachine(collinear, { X, y: X.map((x) => x[2]!) });
    machine.prepare();
    machine.moments();
    const w = machine.get('mean.w');
    expect(Math.abs(w[1]!)).toBeLessThan(1e-5);
    expect(Math.abs(w[2]! - 1)).toBeLessThan(1e-5);
  });
});
