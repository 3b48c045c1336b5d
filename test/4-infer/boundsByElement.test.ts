/**
 * Supports whose ends are data and differ by element bind like constants: the same closed forms, with evidence and
 * means against integrals by Simpson's rule.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

interface Case {
  readonly law: string;
  readonly child: string;
  readonly kernel: RegExp;
  readonly integer?: boolean;
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly y: readonly number[] /** Prior density up to its normaliser on (a, b), times the likelihood. */;
  readonly joint: (h: number, y: number) => number;
  readonly prior: (h: number) => number;
}

const normal = (y: number, mean: number, sd: number): number => Math.exp(-0.5 * ((y - mean) / sd) ** 2) / (sd * Math.sqrt(2 * Math.PI));
const cases: readonly Case[] = [
  {
    law: 'Uniform(a[k], b[k])',
    child: 'Normal(0, h[k])',
    kernel: /truncated power of a Gamma/,
    a: [1, 2, 0.5],
    b: [2, 3, 4],
    y: [1.5, -2.5, 1],
    prior: () => 1,
    joint: (h, y) => normal(y, 0, h),
  },
  {
    law: 'truncated(Gamma(2, 1), a[k], b[k])',
    child: 'Exponential(h[k])',
    kernel: /truncated Gamma/,
    a: [1, 2, 3],
    b: [2, 3, 4],
    y: [1.5, 2.5, 1],
    prior: (h) => h * Math.exp(-h),
    joint: (h, y) => h * h * Math.exp(-h - h * y),
  },
  {
    law: 'truncated(Beta(2, 3), a[k], b[k])',
    child: 'Bernoulli(h[k])',
    kernel: /truncated Beta/,
    integer: true,
    a: [0.1, 0.2, 0.3],
    b: [0.2, 0.35, 0.9],
    y: [0, 1, 1],
    prior: (h) => h * (1 - h) ** 2,
    joint: (h, y) => h * (1 - h) ** 2 * (y === 1 ? h : 1 - h),
  },
  {
    law: 'Uniform(a[k], b[k])',
    child: 'Bernoulli(h[k])',
    kernel: /truncated Beta/,
    integer: true,
    a: [0.1, 0.2, 0.3],
    b: [0.2, 0.35, 0.9],
    y: [0, 1, 1],
    prior: () => 1,
    joint: (h, y) => (y === 1 ? h : 1 - h),
  },
  {
    law: 'truncated(Normal(0, 1), a[k], b[k])',
    child: 'Normal(h[k], 1)',
    kernel: /truncated Normal/,
    a: [-1, 1, -3],
    b: [2, 3, 4],
    y: [1.5, 2.5, 1],
    prior: (h) => normal(h, 0, 1),
    joint: (h, y) => normal(h, 0, 1) * normal(y, h, 1),
  },
];

function simpson(f: (x: number) => number, a: number, b: number, steps = 2000): number {
  let sum = f(a) + f(b);
  for (let k = 1; k < steps; k++) sum += (k % 2 === 1 ? 4 : 2) * f(a + ((b - a) * k) / steps);
  return (sum * (b - a)) / steps / 3;
}

describe.each(cases)('h[k] ~ $law under $child', ({ law, child, kernel, integer, a, b, y, joint, prior }) => {
  const source = `data a: real[K] data b: real[K] data y: ${integer === true ? 'int' : 'real'}[K] for k in 0..<K { sample h[k] ~ ${law} observe y[k] ~ ${child} }`;
  const settings = { chains: 1, draws: 20, warmup: 5, workers: 0, seed: 1 };
  it('is solved by exact', async () => {
    const { logEvidence, variables } = (await compile(source).infer({ a, b, y }, { backend: 'exact', ...settings })).summary();
    let evidence = 0;
    y.forEach((datum, k) => {
      const mass = simpson((h) => joint(h, datum), a[k]!, b[k]!);
      evidence += Math.log(mass / simpson(prior, a[k]!, b[k]!));
      expect(variables[`h[${k}]`]!.mean).toBeCloseTo(simpson((h) => h * joint(h, datum), a[k]!, b[k]!) / mass, 8);
    });
    expect(logEvidence).toBeCloseTo(evidence, 8);
  });
  it('is conjugate under gibbs', async () => {
    const found = await compile(source).infer({ a, b, y }, { backend: 'gibbs', ...settings });
    expect(found.plan).toMatchObject([{ kernel: 'conjugate', reason: expect.stringMatching(kernel) as string }]);
  });
});

describe('a Pareto whose minimum is data', () => {
  const source = 'data a: real[K] data y: real[K] for k in 0..<K { sample h[k] ~ Pareto(a[k], 2) observe y[k] ~ Uniform(0, h[k]) }',
    data = { a: [1, 2, 3], y: [1.5, 2.5, 1] };
  it.each(['exact', 'cavi'])('is Pareto(max(a, y), 3) with data (%s)', async (backend) => {
    const { variables } = (await compile(source).infer(data, { backend, chains: 1, draws: 5, workers: 0, seed: 1 })).summary();
    // The mean of Pareto(m, 3) is 3 m / 2.
    [1.5, 2.5, 3].forEach((least, k) => {
      expect(variables[`h[${k}]`]!.mean).toBeCloseTo(1.5 * least, 10);
    });
  });
  it('is found without data', () => {
    expect(String(compile(source).explain({ backend: 'gibbs' }).toText())).toMatch(/conjugate: its terms are statistics of Pareto/);
  });
});
