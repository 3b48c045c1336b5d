/**
 * The grid against closed forms: integrals, moments, quantiles and draws of densities that are smooth,
 * kinked, far from the origin, narrow, of two modes, and bounded on either side.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/random/generator.js';
import { gridDraw, gridEdges, gridLosses, gridNodes, gridQuantile, quadratureGrid } from '../../src/random/quadratureGrid.js';

const random = createRandom('1', 'grid');
interface Grid {
  readonly integral: number;
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
  readonly edges: Float64Array;
  readonly losses: Float64Array;
  readonly low: number;
  readonly high: number;
}
function grid(logDensity: (x: number) => number, low = -Infinity, high = Infinity): Grid {
  const nodes = new Float64Array(gridNodes + 2),
    weights = new Float64Array(gridNodes + 3),
    edges = new Float64Array(gridEdges + 1),
    losses = new Float64Array(gridLosses + 1);
  const integral = quadratureGrid(random, logDensity, low, high, nodes, 2, weights, 3, edges, 1, losses, 1);
  return {
    integral,
    nodes: nodes.subarray(2),
    weights: weights.subarray(3),
    edges: edges.subarray(1),
    losses: losses.subarray(1),
    low,
    high,
  };
}
function mean(g: Grid, f: (x: number) => number): number {
  let s = 0;
  for (let i = 0; i < gridNodes; i++) s += g.weights[i]! * f(g.nodes[i]!);
  return s;
}
function quantile(g: Grid, u: number): number {
  return gridQuantile(random, u, g.low, g.high, g.weights, 0, g.edges, 0);
}
const normal = (m: number, s: number) => (x: number) => -0.5 * ((x - m) / s) ** 2 - Math.log(s * Math.sqrt(2 * Math.PI));
/** Standard normal quantile of 0.975 (R: qnorm(0.975)). */
const z975 = 1.959963984540054;

describe('a quadrature grid', () => {
  it.each([
    [0, 1],
    [3, 0.2],
    [-1000, 0.5],
    [1e6, 1],
    [0.001, 1e-7],
    [5, 1e5],
  ])('integrates Normal(%f, %f) to 1, with its moments and quantiles', (m, s) => {
    const g = grid(normal(m, s));
    // Far from the origin the density itself is only known to the rounding of x.
    const rounding = Math.abs(m / s) * 4e-16;
    expect(Math.abs(g.integral)).toBeLessThan(1e-12 + rounding);
    expect(Math.abs(mean(g, (x) => (x - m) / s))).toBeLessThan(1e-12 + 10 * rounding);
    expect(mean(g, (x) => ((x - m) / s) ** 2)).toBeCloseTo(1, 10);
    expect((quantile(g, 0.975) - m) / s).toBeCloseTo(z975, 5);
    expect((quantile(g, 0.5) - m) / s).toBeCloseTo(0, 5);
  });

  it('finds both of two narrow modes, wherever they are', () => {
    for (const [m, s] of [
      [2, 0.02],
      [2, 0.001],
      [40, 0.1],
    ] as const) {
      const one = normal(m, s);
      const g = grid((x) => one(Math.abs(x)));
      expect(g.integral).toBeCloseTo(Math.log(2), 6);
      expect(mean(g, (x) => x)).toBeCloseTo(0, 6);
      expect(g.losses[0]).toBeLessThan(1e-4);
    }
  });

  it('tells of modes that are more than its panels', () => {
    // The density is periodic but for a wide Normal: its integral is that of one period, in parts of it.
    const f = (x: number): number => (-x * x) / 50 - 0.5 * ((0.5 - Math.sin(3 * x)) / 0.02) ** 2;
    let truth = 0;
    for (let x = -60; x < 60; x += 1e-4) truth += 1e-4 * Math.exp(f(x));
    const g = grid(f);
    expect(Math.abs(Math.expm1(g.integral - Math.log(truth)))).toBeGreaterThan(0.01);
    expect(g.losses[0]).toBeGreaterThan(0.1);
    expect(grid(normal(3, 2)).losses[0]).toBeLessThan(1e-9);
  });

  it('tells of mass that lies nearer to a bound than numbers', () => {
    // Of Beta(1, b) the mass above 1 - e is e^b; numbers below 1 end at 2^-53, and half of that is rounded away.
    const b = 0.1;
    const g = grid((x) => Math.log(b) + (b - 1) * Math.log1p(-x), 0, 1);
    expect(g.losses[1]! / 2 ** (-53 * b)).toBeGreaterThan(0.8);
    expect(g.losses[1]! / 2 ** (-53 * b)).toBeLessThan(1.2);
    // Those nodes are not at the bound, where a logarithm is infinite; E log(1 - x) = -1 / b without them is less.
    const log = mean(g, (x) => Math.log1p(-x));
    expect(log).toBeLessThan(0.85 * (-1 / b));
    expect(log).toBeGreaterThan(-1 / b);
  });

  it('fills only its own part of the arrays, with increasing nodes and probabilities', () => {
    const g = grid(normal(0, 1));
    let sum = 0;
    for (let i = 0; i < gridNodes; i++) {
      sum += g.weights[i]!;
      if (i > 0) expect(g.nodes[i]!).toBeGreaterThan(g.nodes[i - 1]!);
    }
    expect(sum).toBeCloseTo(1, 13);
  });

  it('sees both of two modes, far apart and unequal', () => {
    const g = grid((x) => Math.log(0.3 * Math.exp(normal(-8, 0.5)(x)) + 0.7 * Math.exp(normal(9, 1)(x)) + 1e-300));
    expect(Math.abs(g.integral)).toBeLessThan(1e-9);
    expect(mean(g, (x) => (x < 0 ? 1 : 0))).toBeCloseTo(0.3, 9);
  });

  it('keeps a kink to nine digits', () => {
    const g = grid((x) => -Math.abs(x - 0.3) - x * x);
    // Simpson's rule with the kink at a node.
    const f = (x: number): number => Math.exp(-Math.abs(x - 0.3) - x * x);
    const simpson = (a: number, b: number, n: number): number => {
      let s = f(a) + f(b);
      for (let i = 1; i < n; i++) s += f(a + ((b - a) * i) / n) * (i % 2 === 1 ? 4 : 2);
      return (s * (b - a)) / (3 * n);
    };
    expect(g.integral).toBeCloseTo(Math.log(simpson(-8, 0.3, 4000) + simpson(0.3, 8, 4000)), 9);
  });

  it('respects bounds: Gamma(3, 2), Beta(0.5, 2), the negative of an Exponential(1), Uniform(2, 5)', () => {
    const gamma = grid((x) => 2 * Math.log(x) - 2 * x, 0);
    expect(gamma.integral).toBeCloseTo(Math.log(2 / 8), 11);
    expect(mean(gamma, (x) => x)).toBeCloseTo(1.5, 11);
    expect(mean(gamma, (x) => x * x)).toBeCloseTo(3, 11);
    const beta = grid((x) => -0.5 * Math.log(x) + Math.log1p(-x), 0, 1);
    expect(beta.integral).toBeCloseTo(Math.log(4 / 3), 10);
    expect(mean(beta, (x) => x)).toBeCloseTo(0.2, 10);
    const below = grid((x) => x - 4, -Infinity, 4);
    expect(below.integral).toBeCloseTo(0, 11);
    expect(mean(below, (x) => x)).toBeCloseTo(3, 10);
    expect(quantile(below, 0.5)).toBeCloseTo(4 - Math.LN2, 6);
    const flat = grid(() => 0, 2, 5);
    expect(flat.integral).toBeCloseTo(Math.log(3), 11);
    for (const u of [0.01, 0.3, 0.5, 0.99]) expect(quantile(flat, u)).toBeCloseTo(2 + 3 * u, 5);
  });

  it('draws every value, not the nodes alone, from the density', () => {
    const g = grid((x) => 2 * Math.log(x) - 2 * x, 0);
    const cdf = (x: number): number => 1 - Math.exp(-2 * x) * (1 + 2 * x + 2 * x * x);
    const count = 20000,
      draws = Array.from({ length: count }, () => gridDraw(random, 0, Infinity, g.weights, 0, g.edges, 0)).sort((a, b) => a - b);
    expect(new Set(draws).size).toBeGreaterThan(count - 5);
    let distance = 0;
    draws.forEach((x, i) => {
      distance = Math.max(distance, Math.abs(cdf(x) - i / count), Math.abs(cdf(x) - (i + 1) / count));
    });
    // Kolmogorov-Smirnov: exceeded once in 10^5 seeds. A shift by a tenth of a node's cell would be seen at 10^6 draws only.
    expect(distance).toBeLessThan(2.47 / Math.sqrt(count));
  });

  it('says that a density without a finite maximum has none', () => {
    expect(grid(() => NaN).integral).toBeNaN();
    expect(grid(() => -Infinity).integral).toBeNaN();
    expect(grid(() => Infinity).integral).toBeNaN();
  });
});
