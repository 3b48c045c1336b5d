/**
 * Conditionals that are proper between their bounds only, with natural parameters outside their family's range: means
 * under gibbs and exact against Simpson's rule on the joint density written out here. The chain that draws
 * an unknown alone is independent draws; elsewhere the Monte Carlo error is the summary's. Bounds are five standard errors.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { em } from '../../src/4-infer/em/index.js';
import { boundModel } from './caviMachine.js';
import { oneChain } from './oneChain.js';

const draws = 8000;

function simpson(f: (x: number) => number, a: number, b: number, steps = 4000): number {
  let sum = f(a) + f(b);
  for (let k = 1; k < steps; k++) sum += (k % 2 === 1 ? 4 : 2) * f(a + ((b - a) * k) / steps);
  return (sum * (b - a)) / steps / 3;
}

interface Case {
  readonly name: string;
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly density: (x: number) => number;
  readonly low: number;
  readonly high: number;
}
const cases: readonly Case[] = [
  {
    name: 'one datum below a Uniform bound',
    source: 'data c: real\nsample x ~ Uniform(0, 1)\nobserve c ~ Uniform(0, x)',
    data: { c: 0.3 },
    density: (x) => 1 / x,
    low: 0.3,
    high: 1,
  },
  {
    name: 'three data below a Uniform bound',
    source: 'data c: real[N]\nsample x ~ Uniform(0, 1)\nobserve c ~ Uniform(0, x)',
    data: { c: [0.3, 0.2, 0.1] },
    density: (x) => x ** -3,
    low: 0.3,
    high: 1,
  },
  {
    name: 'three data below a bound with a Beta prior',
    source: 'data c: real[N]\nsample x ~ Beta(2, 3)\nobserve c ~ Uniform(0, x)',
    data: { c: [0.3, 0.2, 0.1] },
    density: (x) => x ** -2 * (1 - x) ** 2,
    low: 0.3,
    high: 1,
  },
  {
    name: 'data below one minus the unknown',
    source: 'data c: real[N]\nsample x ~ Uniform(0, 1)\nobserve c ~ Uniform(0, 1 - x)',
    data: { c: [0.3, 0.2] },
    density: (x) => (1 - x) ** -2,
    low: 0,
    high: 0.7,
  },
  {
    name: 'a Normal of negative precision',
    source: 'data y: real\nsample x ~ Uniform(-1, 2)\nfactor 2 * x^2\nobserve y ~ Normal(x, 1)',
    data: { y: 0.3 },
    density: (x) => Math.exp(2 * x * x - (0.3 - x) ** 2 / 2),
    low: -1,
    high: 2,
  },
  {
    name: 'a Gamma of negative rate',
    source: 'data y: int\nsample x ~ Uniform(0.1, 2)\nobserve y ~ Poisson(x)\nfactor 3 * x',
    data: { y: 1 },
    density: (x) => x * Math.exp(2 * x),
    low: 0.1,
    high: 2,
  },
  {
    name: 'an InverseGamma of negative scale',
    source: 'data y: real\nsample x ~ Uniform(0.5, 3)\nobserve y ~ Normal(0, variance: x)\nfactor 2 / x',
    data: { y: 1 },
    density: (x) => x ** -0.5 * Math.exp(1.5 / x),
    low: 0.5,
    high: 3,
  },
  {
    name: 'a power of a Gamma with negative rate',
    source: 'data y: real\nsample x ~ Uniform(0.5, 3)\nobserve y ~ Normal(0, x)\nfactor 2 / x^2',
    data: { y: 1 },
    density: (x) => Math.exp(1.5 / x ** 2) / x,
    low: 0.5,
    high: 3,
  },
];

describe.each(cases)('$name', ({ source, data, density, low, high }) => {
  const mass = simpson(density, low, high),
    mean = simpson((x) => x * density(x), low, high) / mass,
    central = (power: number): number => simpson((x) => (x - mean) ** power * density(x), low, high) / mass,
    variance = central(2);
  it('is drawn exactly by gibbs', async () => {
    const posterior = await compile(source).infer(data, { backend: 'gibbs', chains: 1, draws, warmup: 10, seed: 1, workers: 0 });
    expect(posterior.plan).toMatchObject([{ kernel: 'conjugate' }]);
    expect(posterior.summary().warnings).toEqual([]);
    const found = posterior.draws('x');
    expect(Math.abs(found.reduce((a, x) => a + x, 0) / found.length - mean)).toBeLessThan(5 * Math.sqrt(variance / draws));
    const spread = found.reduce((a, x) => a + (x - mean) ** 2, 0) / found.length;
    expect(Math.abs(spread - variance)).toBeLessThan(5 * Math.sqrt((central(4) - variance ** 2) / draws));
  });
  it('is solved by exact', async () => {
    const posterior = await compile(source).infer(data, { backend: 'exact', chains: 1, draws: 10, warmup: 0, seed: 1, workers: 0 });
    expect(posterior.summary().variables['x']!.mean).toBeCloseTo(mean, 8);
  });
});

it('log of an unknown alone between bounds is a power law on the unit interval too', () => {
  const law = (prior: string, datum: string): string =>
    String(compile(`data c: real\nsample x ~ ${prior}\nobserve c ~ ${datum}`).explain({ backend: 'gibbs' }).toText());
  expect(law('Uniform(0, 1)', 'Uniform(0, x)')).toMatch(/conjugate: its terms are statistics of truncated Pareto/);
  expect(law('Uniform(0, 1)', 'Uniform(0, 1 - x)')).toMatch(/conjugate: its terms are statistics of truncated Beta/);
});

describe('an unknown that bounds another, chosen by auto', () => {
  it('has the means of the joint density', async () => {
    const posterior = await compile('data y: real\nsample a ~ Uniform(0, 1)\nsample b ~ Uniform(0, a)\nobserve y ~ Normal(b, 1)').infer(
      { y: 1 },
      { backend: 'auto', chains: 2, draws: 10_000, warmup: 200, seed: 1, workers: 0 },
    );
    const { variables, warnings } = posterior.summary();
    // Given b, a has the density 1 / a on (b, 1): mass -log b, first moment 1 - b. With b = s^4 the logarithm is mild at 0.
    const weight = (b: number): number => Math.exp(-((1 - b) ** 2) / 2);
    const over = (f: (b: number) => number): number => simpson((s) => (s === 0 ? 0 : f(s ** 4) * weight(s ** 4) * 4 * s ** 3), 0, 1);
    const mass = over((b) => -Math.log(b));
    const truth = { a: over((b) => 1 - b) / mass, b: over((b) => -b * Math.log(b)) / mass };
    expect(warnings).toEqual([]);
    for (const name of ['a', 'b'] as const) expect(Math.abs(variables[name]!.mean! - truth[name])).toBeLessThan(5 * variables[name]!.mcse!);
  });
});

describe('the maximum of what only bounds make proper is at an end', () => {
  const estimate = async (source: string, y: readonly number[]): Promise<number> => {
    const result = await em.run(boundModel(source, y.length === 0 ? {} : { y: [...y] }), source, oneChain());
    const { result: form } = result.variables.find((v) => v.name === 'a')!;
    if (form.form !== 'closed') throw new Error('not in closed form');
    return form.mean[0]!;
  };
  it.each(['positive', 'unit', 'interval(0.1, 0.8)'])('of a param that is %s', async (type) => {
    // The likelihoods a^-2 for a >= max y and a^4 for a <= min y.
    expect(await estimate(`data y: real[N]\nparam a: ${type}\nobserve y ~ Uniform(0, a)`, [0.3, 0.2])).toBeCloseTo(0.3, 12);
    expect(await estimate(`data y: real[N]\nparam a: ${type}\nobserve y ~ Pareto(a, 2)`, [0.3, 0.2])).toBeCloseTo(0.2, 12);
  });

  // The factor, its logarithm as a function, and the interval: the truth is the best point of a fine grid.
  it.each<readonly [string, (p: number) => number, number, number]>([
    ['2 * p^2 - (0.3 - p)^2 / 2', (p) => 2 * p * p - (0.3 - p) ** 2 / 2, -1, 2],
    ['-2 * p^2 + p', (p) => -2 * p * p + p, -1, 2],
    ['-2 * log(p) + 3 * p', (p) => -2 * Math.log(p) + 3 * p, 0.1, 2],
    ['-2 * log(p) + 5 * p', (p) => -2 * Math.log(p) + 5 * p, 0.1, 2],
    ['2 * log(p) - 3 * p', (p) => 2 * Math.log(p) - 3 * p, 0.1, 2],
    ['2 * log(p) + p', (p) => 2 * Math.log(p) + p, 0.1, 2],
    ['2 * log(p) - 1 / p', (p) => 2 * Math.log(p) - 1 / p, 0.1, 2],
    ['-2 * log(p) - 1 / p', (p) => -2 * Math.log(p) - 1 / p, 0.1, 2],
    ['2 * log(p) + 1 / p', (p) => 2 * Math.log(p) + 1 / p, 0.1, 2],
    ['-log(p) + p^2', (p) => -Math.log(p) + p * p, 0.1, 2],
    ['-log(p) - p^2', (p) => -Math.log(p) - p * p, 0.1, 2],
    ['log(p) - p^2', (p) => Math.log(p) - p * p, 0.1, 2],
    ['-2 * log(p) + log(1 - p)', (p) => -2 * Math.log(p) + Math.log(1 - p), 0.1, 0.8],
    ['-2 * log(p) - log(1 - p)', (p) => -2 * Math.log(p) - Math.log(1 - p), 0.1, 0.8],
    ['2 * log(p) - log(1 - p)', (p) => 2 * Math.log(p) - Math.log(1 - p), 0.1, 0.8],
    ['-log(1 - p)', (p) => -Math.log(1 - p), 0, 0.7],
  ])('%s', async (factor, logDensity, low, high) => {
    const steps = 100_000,
      points = Array.from({ length: steps + 1 }, (_, k) => low + ((high - low) * k) / steps),
      finite = points.filter((p) => Number.isFinite(logDensity(p)));
    const best = finite.reduce((a, b) => (logDensity(b) > logDensity(a) ? b : a));
    const found = await estimate(`param a: interval(${low}, ${high})\nfactor ${factor.replaceAll('p', 'a')}`, []);
    expect(Math.abs(found - best)).toBeLessThanOrEqual((high - low) / steps);
  });
});
