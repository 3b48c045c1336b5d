/**
 * Inverse index lists. Truth: Gauss-Seidel steps of the same Normal graph written out over its edges (a
 * sweep with every normal at 0 puts each element at its conditional mean), and the posterior of a finite
 * tree summed over all states. The cost of a sweep grows with the number of edges, not with its square.
 */
import { describe, expect, it } from 'vitest';
import { compile as model } from '../../src/index.js';
import { compile, Machine } from './machine.js';
import { createRandom, Random } from '../../src/random/generator.js';
import { cpuMilliseconds } from '../cpuTime.js';

class Still extends Random {
  constructor() {
    super(createRandom('1', 'still').state);
  }
  override normal(): number {
    return 0;
  }
}

const edges = `
data a: int[E]
data b: int[E]
data d: real[E]
data y: real[N]
for i in 0..<N { sample u[i] ~ Normal(0, 2) }
for e in 0..<E { observe d[e] ~ Normal(u[a[e]] - u[b[e]], 0.5) }
for i in 0..<N { observe y[i] ~ Normal(u[i], 1) }`;

const tree = `
data parent: int[N]
data y: real[N]
sample z[0] ~ Normal(0, 1)
for n in 1..<N { sample z[n] ~ Normal(z[parent[n]], 0.7) }
for n in 0..<N { observe y[n] ~ Normal(z[n], 0.5) }`;

function wave(n: number, step: number): number[] {
  return Array.from({ length: n }, (_, i) => Math.sin(1 + step * i));
}
/** Pseudo-random integers below `most(k)`. */
function integers(n: number, most: (k: number) => number): number[] {
  return Array.from({ length: n }, (_, k) => Math.floor((Math.abs(Math.sin(12.9898 * (k + 1)) * 43758.5453) % 1) * most(k)));
}

/** One sweep from u = 0.3 i mod 1, every normal at 0. */
function swept(
  source: string,
  data: Readonly<Record<string, unknown>>,
  name: string,
): { readonly before: Float64Array; readonly after: Float64Array } {
  const machine = new Machine(compile(source, data), '1', new Still());
  machine.call('initialise', 0);
  const state = machine.get(name);
  for (let i = 0; i < state.length; i++) state[i] = (0.3 * i) % 1;
  const before = Float64Array.from(state);
  machine.call('sweep', 0);
  return { before, after: Float64Array.from(machine.get(name)) };
}

describe('conditionals of elements that data tie together', () => {
  it('edges with loops, repeated ones among them: every element at its conditional mean', () => {
    const N = 60,
      E = 150;
    const a = integers(E, () => N),
      b = integers(E, (k) => N - (k % 3)),
      d = wave(E, 0.7),
      y = wave(N, 1.3);
    b[7] = a[7]!;
    a[9] = a[8]!;
    b[9] = b[8]!;
    const { before: u, after } = swept(edges, { a, b, d, y }, 'u');
    for (let i = 0; i < N; i++) {
      let precision = 1 / 4 + 1,
        potential = y[i]!;
      for (let e = 0; e < E; e++) {
        const sign = (a[e] === i ? 1 : 0) - (b[e] === i ? 1 : 0);
        if (sign === 0) continue;
        precision += 4;
        potential += 4 * sign * (d[e]! + sign * u[sign === 1 ? b[e]! : a[e]!]!);
      }
      u[i] = potential / precision;
      expect(after[i]).toBeCloseTo(u[i]!, 10);
    }
  });

  it('a tree by data, its root defined by another statement', () => {
    const N = 40,
      parent = integers(N, (k) => Math.max(1, k)),
      y = wave(N, 0.9);
    const { before: z, after } = swept(tree, { parent, y }, 'z');
    for (let n = 0; n < N; n++) {
      let precision = 4 + (n === 0 ? 1 : 1 / 0.49),
        potential = 4 * y[n]! + (n === 0 ? 0 : z[parent[n]!]! / 0.49);
      for (let c = 1; c < N; c++)
        if (parent[c] === n) {
          precision += 1 / 0.49;
          potential += z[c]! / 0.49;
        }
      z[n] = potential / precision;
      expect(after[n]).toBeCloseTo(z[n]!, 10);
    }
  });

  it('a finite tree element by element has the posterior of the sum over all states', async () => {
    const N = 12,
      parent = [0, 0, 0, 1, 1, 2, 2, 2, 3, 5, 5, 9],
      y = [1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0];
    const source =
      'data parent: int[N]\ndata y: bool[N]\nsample z[0] ~ Bernoulli(0.4)\nfor n in 1..<N { sample z[n] ~ Bernoulli(z[parent[n]] == 1 ? 0.7 : 0.25) }\nfor n in 0..<N { observe y[n] ~ Bernoulli(z[n] == 1 ? 0.8 : 0.3) }';
    const sums = new Float64Array(N);
    let total = 0;
    for (let s = 0; s < 1 << N; s++) {
      const z = (n: number): number => (s >> n) & 1;
      let weight = z(0) === 1 ? 0.4 : 0.6;
      for (let n = 0; n < N; n++) {
        const p = n === 0 ? 0 : z(parent[n]!) === 1 ? 0.7 : 0.25,
          q = z(n) === 1 ? 0.8 : 0.3;
        weight *= (n === 0 ? 1 : z(n) === 1 ? p : 1 - p) * (y[n] === 1 ? q : 1 - q);
      }
      total += weight;
      for (let n = 0; n < N; n++) if (z(n) === 1) sums[n] = sums[n]! + weight;
    }
    const posterior = await model(source).infer(
      { parent, y },
      { backend: 'gibbs', chains: 2, draws: 4000, warmup: 100, seed: 3, workers: 0, options: { block: 'none' } },
    );
    const { variables } = posterior.summary();
    for (let n = 0; n < N; n++) {
      const row = variables[`z[${n}]`]!;
      expect(Math.abs(row.mean! - sums[n]! / total), `z[${n}]`).toBeLessThan(5 * row.mcse!);
    }
  });
});

describe('the cost of a sweep', () => {
  // Eight times the elements: 8 where it is linear, 64 where every element reads all edges.
  it.each([
    [
      'a random graph',
      edges,
      (N: number) => ({ a: integers(2 * N, () => N), b: integers(2 * N, (k) => N - (k % 3)), d: wave(2 * N, 0.7), y: wave(N, 1.3) }),
    ],
    [
      'a tree with slice steps',
      tree.replaceAll('Normal(z[parent[n]], 0.7)', 'StudentT(4, z[parent[n]], 0.7)'),
      (N: number) => ({ parent: integers(N, (k) => Math.max(1, k)), y: wave(N, 0.9) }),
    ],
  ] as const)('of %s grows with its edges', (_, source, data) => {
    const seconds = (N: number): number => {
      const machine = new Machine(compile(source, data(N)));
      machine.call('initialise', 0);
      let best = Infinity;
      for (let k = 0; k < 6; k++) {
        best = Math.min(
          best,
          cpuMilliseconds(() => {
            machine.call('sweep', 0);
          }),
        );
      }
      return best;
    };
    expect(seconds(24_000) / seconds(3000)).toBeLessThan(30);
  });
});
