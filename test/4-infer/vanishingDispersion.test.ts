/**
 * Maximum likelihood where data scatter no more than a simpler law says: the dispersion runs off, and the supremum is the maximum of
 * Poisson, Binomial, Multinomial or Normal laws, which are worked out here.
 */
import { describe, expect, it } from 'vitest';
import { coordinatesAtEdges } from '../../src/4-infer/variational/edges.js';
import { compile, type Posterior } from '../../src/index.js';

const maximise = (source: string, data: object, backend: 'em' | 'map'): Promise<Posterior> =>
  compile(source).infer(data as Record<string, unknown>, { backend, seed: 1, workers: 0 });
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const logFactorial = (n: number): number => sum(Array.from({ length: n }, (_, k) => Math.log(k + 1)));

const counts = [10, 10, 10, 9, 11, 10, 10, 10, 10, 11],
  trials = 20,
  average = sum(counts) / counts.length,
  share = average / trials;
const rows = [
  [6, 7, 7],
  [7, 6, 7],
  [7, 7, 6],
  [6, 7, 7],
  [8, 6, 6],
];
const shares = [0, 1, 2].map((k) => sum(rows.map((row) => row[k]!)) / (rows.length * trials));
const numbers = [1, 2, 3, 1.5, 2.5, 2, 2.2, 1.8],
  centre = sum(numbers) / numbers.length,
  variance = sum(numbers.map((v) => (v - centre) ** 2)) / numbers.length;

const cases = [
  {
    name: 'NegativeBinomial to Poisson',
    source:
      'data y: int[N] param m: positive param r: positive for n in 0..<N { observe y[n] ~ NegativeBinomial(mean: m, overdispersion: r) }',
    data: { y: counts },
    supremum: sum(counts.map((y) => y * Math.log(average) - average - logFactorial(y))),
    off: ['r'],
  },
  {
    name: 'BetaBinomial to Binomial',
    source: 'data y: int[N] param a: positive param b: positive for n in 0..<N { observe y[n] ~ BetaBinomial(20, a, b) }',
    data: { y: counts },
    supremum: sum(
      counts.map(
        (y) => logFactorial(trials) - logFactorial(y) - logFactorial(trials - y) + y * Math.log(share) + (trials - y) * Math.log(1 - share),
      ),
    ),
    off: ['a', 'b'],
  },
  {
    name: 'DirichletMultinomial to Multinomial',
    source: 'data y: int[N, 3] param a: positive[3] for n in 0..<N { observe y[n] ~ DirichletMultinomial(20, a) }',
    data: { y: rows },
    supremum: sum(rows.map((row) => logFactorial(trials) + sum(row.map((y, k) => y * Math.log(shares[k]!) - logFactorial(y))))),
    off: ['a[0]', 'a[1]', 'a[2]'],
  },
  {
    name: 'StudentT to Normal',
    source: 'data y: real[N] param m: real param s: positive param nu: positive observe y ~ StudentT(nu, m, s)',
    data: { y: numbers },
    supremum: (-numbers.length / 2) * (Math.log(2 * Math.PI * variance) + 1),
    off: ['nu'],
  },
];

describe.each(['em', 'map'] as const)('%s', (backend) => {
  it.each(cases)(
    '$name: the likelihood nears its supremum from below, and what runs off is named',
    async ({ source, data, supremum, off }) => {
      const p = await maximise(source, data, backend);
      // What is missing is of the order of one over what runs off.
      expect(p.logLikelihood! - supremum).toBeLessThan(1e-10);
      expect(supremum - p.logLikelihood!).toBeLessThan(1e-5);
      expect(p.converged).toBe(false);
      expect(p.warnings.map((w) => w.code)).toEqual(['edge-of-range']);
      expect(p.warnings[0]!.message.startsWith(`${off.join(', ')} run`)).toBe(true);
    },
  );
});

describe('what is far out and known', () => {
  it('shapes above 1000 are no edge', async () => {
    const x = Array.from({ length: 40 }, (_, n) => 0.6 + 0.01 * Math.sin(1.7 * n));
    const p = await maximise('data x: real[N] param a: positive param b: positive observe x ~ Beta(a, b)', { x }, 'em');
    expect(p.warnings).toEqual([]);
    expect(p.converged).toBe(true);
    const [a, b] = ['a', 'b'].map((name) => (p.summary().variables[name] as { mean: number }).mean) as [number, number];
    expect(Math.min(a, b)).toBeGreaterThan(1000);
    // Both likelihood equations, by the asymptotic series of psi.
    const psi = (v: number): number => Math.log(v) - 1 / (2 * v) - 1 / (12 * v * v);
    const [logs, complements] = [sum(x.map(Math.log)), sum(x.map((v) => Math.log(1 - v)))].map((t) => t / x.length) as [number, number];
    // In standard errors of the shapes, which are about a / sqrt(N / 2).
    for (const [shape, mean] of [
      [a, logs],
      [b, complements],
    ] as const)
      expect(Math.abs(psi(shape) - psi(a + b) - mean) * shape).toBeLessThan(1e-3);
  });

  it('a large unknown that is known, beside shapes that run off', async () => {
    const w = Array.from({ length: 10 }, (_, n) => 1000 + Math.sin(1.7 * n));
    const p = await maximise(
      'data y: int[N] data w: real[N] param a: positive param b: positive param s: positive for n in 0..<N { observe y[n] ~ BetaBinomial(20, a, b) observe w[n] ~ Normal(sqrt(s), 1) }',
      { y: counts, w },
      'em',
    );
    expect(p.warnings.map((v) => v.message.split(' run')[0])).toEqual(['a, b']);
    expect(Math.abs((p.summary().variables.s as { mean: number }).mean / (sum(w) / w.length) ** 2 - 1)).toBeLessThan(1e-4);
  });

  /** The gradient of -50 ((x - here) . v)^2, flat across v. */
  const across =
    (v: readonly number[], here: readonly number[]) =>
    (x: Float64Array): Float64Array => {
      const along = x.reduce((t, xk, k) => t + (xk - here[k]!) * v[k]!, 0);
      return Float64Array.from(v, (vk) => -100 * along * vk);
    };
  it.each([
    ['which go outwards together', [1, -1], [10, 10], [0, 1]],
    ['of which one goes inwards', [1, 2], [10, 10], []],
    ['with a third that is free', [1, 0, -1], [9, 20, 9], [0, 1, 2]],
    ['of which one alone is free', [0, 1], [10, 0], [0]],
    ['near the middle', [1, -1], [3, 3], []],
  ] as const)('coordinates %s', (_, v, here, edges) => {
    expect(coordinatesAtEdges(Float64Array.from(here), across(v, here), [true, true, true])).toEqual(edges);
  });
});
