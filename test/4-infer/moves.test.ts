/**
 * Steps that move many unknowns at once: what a shift keeps and how far it goes, what a stretch keeps, scales drawn with a
 * Gaussian block integrated out. Truth is worked out beside each: a Normal's mean and variance by hand, integrals over a grid;
 * and exact ranks (Gandy and Scott 2020) of all steps of programs that have them.
 */
import { describe, expect, it } from 'vitest';
import { kernelProgram } from '../../src/4-infer/mcmc.js';
import { chooserFromOptions } from '../../src/4-infer/kernelOptions.js';
import { defaultGibbsKernel } from '../../src/4-infer/plan.js';
import { instantiate } from '../../src/code/module.js';
import { createRuntime } from '../../src/code/runtime.js';
import { createRandom } from '../../src/random/generator.js';
import { compile } from '../../src/index.js';
import { check } from '../../src/testing-api.js';
import { boundModel } from '../compiled.js';

/** One step of a sweep by the name of its block, with its memory. */
function opened(source: string, data: Readonly<Record<string, unknown>>, init: Readonly<Record<string, unknown>>) {
  const bound = boundModel(source, data);
  const { program, steps } = kernelProgram(
    bound,
    chooserFromOptions(bound.graph, {}, defaultGibbsKernel),
    { kind: 'derived' },
    { options: {}, init },
  );
  const arrays = program.storages.map((s) => {
    const size = s.shape.reduce((a, b) => a * b, 1);
    return s.values?.slice() ?? (s.type === 'int32' ? new Int32Array(size) : new Float64Array(size));
  });
  const memory = new Map(program.storages.map((s, k) => [s.name, arrays[k]!]));
  const entries = instantiate(program.source, arrays, createRuntime(createRandom('moves', 'chain 0')));
  return {
    blocks: steps.map((s) => s.block),
    get: (name: string): number[] => [...memory.get(name)!],
    set: (name: string, values: readonly number[]): void => memory.get(name)!.set(values),
    run: (block: string): void => {
      const k = steps.findIndex((s) => s.block === block);
      expect(k, `${block} among ${steps.map((s) => s.block).join('; ')}`).toBeGreaterThanOrEqual(0);
      entries[`step${k}`]!();
    },
  };
}

function moments(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1) };
}
/** Mean and variance of a density on a grid. */
function onGrid(logDensity: (x: number) => number, from: number, to: number): { readonly mean: number; readonly variance: number } {
  const points = Array.from({ length: 40_000 }, (_, k) => from + ((k + 0.5) / 40_000) * (to - from)),
    logs = points.map(logDensity),
    most = Math.max(...logs);
  const weights = logs.map((l) => Math.exp(l - most)),
    total = weights.reduce((a, b) => a + b, 0);
  const mean = points.reduce((s, x, k) => s + x * weights[k]!, 0) / total;
  return { mean, variance: points.reduce((s, x, k) => s + (x - mean) ** 2 * weights[k]!, 0) / total };
}

const crossed = `
data g: int[N]
data h: int[N]
data y: int[N]
sample b ~ Normal(0.5, 2)
sample m ~ Normal(0, 1)
sample s ~ HalfNormal(1)
for j in 0..<3 { sample a[j] ~ Normal(m, s) }
for k in 0..<2 { sample c[k] ~ Normal(0.1, 0.8) }
for n in 0..<N { observe y[n] ~ Poisson(exp(b + a[g[n]] + c[h[n]])) }`;
const counts = { g: [0, 1, 2, 0, 1, 2], h: [0, 1, 0, 1, 0, 1], y: [0, 1, 3, 1, 0, 1] };

describe('a shift', () => {
  it('of two addends keeps their sum, and goes as far as their priors say', () => {
    const machine = opened(crossed, counts, { b: 0.3, m: 0.2, s: 0.7, a: [0.5, -0.1, 0.4], c: [0.3, -0.6] });
    const steps: number[] = [];
    for (let k = 0; k < 20_000; k++) {
      machine.set('b', [0.3]);
      machine.set('c', [0.3, -0.6]);
      machine.run('shift of b, c[k]');
      const [b] = machine.get('b'),
        c = machine.get('c');
      expect(b! + c[0]!).toBeCloseTo(0.6, 12);
      expect(b! + c[1]!).toBeCloseTo(-0.3, 12);
      steps.push(c[0]! - 0.3);
    }
    // b - d ~ N(0.5, 2) and c + d ~ N(0.1, 0.8): d is Normal with these precision and potential.
    const precision = 1 / 4 + 2 / 0.64,
      potential = (0.3 - 0.5) / 4 + (0.1 - 0.3) / 0.64 + (0.1 + 0.6) / 0.64;
    const { mean, variance } = moments(steps);
    expect(Math.abs(mean - potential / precision)).toBeLessThan(4 * Math.sqrt(1 / precision / 20_000));
    expect(variance * precision).toBeCloseTo(1, 1);
  });

  it('of many unknowns is looked for where steps can cancel only', () => {
    const names = Array.from({ length: 60 }, (_, k) => `b${k}`),
      prior = names.map((name) => `sample ${name} ~ Normal(0, 1)`).join('\n');
    const blocks = (law: string): readonly string[] =>
      opened(`data y: int[N]\n${prior}\nfor n in 0..<N { observe y[n] ~ ${law} }`, { y: [1, 0, 2] }, {}).blocks;
    // Each addend stands in an exponent of its own: to look at 1,770 pairs one after the other took minutes.
    expect(blocks(`Poisson(${names.map((name) => `exp(${name})`).join(' + ')})`)).toEqual(names);
    // One chain of opposed shifts links all addends of one sum.
    expect(blocks(`Poisson(exp(${names.join(' + ')}))`).length).toBe(60 + 59);
  });

  it('takes the mean of effects with them', () => {
    const machine = opened(crossed, counts, { b: 0.3, m: 0.2, s: 0.7, a: [0.5, -0.1, 0.4], c: [0.3, -0.6] });
    const block = machine.blocks.find((b) => b.startsWith('shift') && b.includes('a[j]'))!;
    machine.run(block);
    const d = machine.get('b')[0]! - 0.3;
    expect(Math.abs(d)).toBeGreaterThan(1e-6);
    expect(machine.get('m')[0]).toBeCloseTo(0.2 - d, 12);
    machine.get('a').forEach((a, j) => void expect(a).toBeCloseTo([0.5, -0.1, 0.4][j]! - d, 12));
  });

  it('of slopes goes column by column, and of vectors with their mean coordinate by coordinate', () => {
    const plan = (source: string): readonly string[] =>
      opened(source, { g: [0, 1, 2], x: [0.5, -1, 1], y: [0, 1, 1] }, {}).blocks.filter((b) => b.startsWith('shift'));
    const data = 'data g: int[N]\ndata x: real[N]\ndata y: int[N]\n';
    expect(
      plan(`${data}
      for d in 0..<2 { sample b[d] ~ Normal(0, 1) }
      for j in 0..<3 { for d in 0..<2 { sample e[j, d] ~ Normal(0, 0.5) } }
      for n in 0..<N { observe y[n] ~ Bernoulli(sigmoid(b[0] + b[1] * x[n] + e[g[n], 0] + e[g[n], 1] * x[n])) }`),
    ).toEqual(['shift of b[d], e[j,d]']);
    expect(
      plan(`${data}
      sample b ~ MvNormal(fill(0, 2), [[1, 0], [0, 1]])
      for j in 0..<3 { sample e[j] ~ MvNormal(fill(0, 2), [[0.5, 0.1], [0.1, 0.5]]) }
      for n in 0..<N { observe y[n] ~ Bernoulli(sigmoid(b[0] + e[g[n], 0] + (b[1] + e[g[n], 1]) * x[n])) }`),
    ).toEqual(['shift of b, e[j]']);
    // Another factor for each: nothing cancels.
    expect(
      plan(`${data}
      sample b ~ Normal(0, 1)
      for j in 0..<3 { sample e[j] ~ Normal(0, 0.5) }
      for n in 0..<N { observe y[n] ~ Bernoulli(sigmoid(b * x[n] + e[g[n]])) }`),
    ).toEqual([]);
  });
});

describe('a stretch', () => {
  const source = (law: string): string => `
    data y: int[3]
    sample q ~ Gamma(2, 1.5)
    for j in 0..<3 { sample a[j] ~ Normal(0.3, ${law}) }
    for j in 0..<3 { observe y[j] ~ Poisson(exp(a[j])) }`;
  const y = [1, 0, 4];
  for (const [law, power] of [
    ['q', 1],
    ['variance: q', 0.5],
    ['precision: q', -0.5],
  ] as const)
    it(`keeps effects in units of their scale (${law}), and draws it given those`, () => {
      const ratio = [0.8, -1.1, 0.5];
      const machine = opened(source(law), { y }, { q: 1, a: ratio.map((r) => 0.3 + r) });
      const draws = Array.from({ length: 20_000 }, (): number => {
        machine.run('stretch of q, a[j]');
        return machine.get('q')[0]!;
      });
      const q = machine.get('q')[0]!;
      machine.get('a').forEach((a, j) => void expect((a - 0.3) / q ** power).toBeCloseTo(ratio[j]!, 9));
      const truth = onGrid(
        (x) => Math.log(x) - 1.5 * x + ratio.reduce((s, r, j) => s + y[j]! * (0.3 + x ** power * r) - Math.exp(0.3 + x ** power * r), 0),
        0,
        12,
      );
      const found = moments(draws);
      // Draws of a slice depend on each other: a tenth of them counted.
      expect(Math.abs(found.mean - truth.mean)).toBeLessThan(4 * Math.sqrt(truth.variance / 2000));
      expect(Math.abs(found.variance / truth.variance - 1)).toBeLessThan(0.15);
    });
});

describe('a scale beside a Gaussian block', () => {
  const y = [28, 8, -3, 7, -1, 1, 18, 12],
    sd = [15, 10, 16, 11, 9, 11, 10, 18];
  const schools = `
    data y: real[8]
    data sd: positive[8]
    sample tau ~ HalfNormal(10)
    for j in 0..<8 { sample theta[j] ~ Normal(4, tau)
      observe y[j] ~ Normal(theta[j], sd[j]) }
    sample mu ~ Normal(theta[0], 1)`;

  it('is drawn as if the block were not there, and the block after it', () => {
    const machine = opened(schools, { y, sd }, {});
    const block = machine.blocks.find((b) => b.startsWith('tau'))!;
    machine.set('tau', [5]);
    const taus: number[] = [],
      first: number[] = [];
    for (let k = 0; k < 20_000; k++) {
      machine.set(
        'theta',
        Array.from({ length: 8 }, () => 4),
      );
      machine.run(block);
      taus.push(machine.get('tau')[0]!);
      first.push(machine.get('theta')[0]!);
    }
    const logPosterior = (t: number): number =>
      (-t * t) / 200 - y.reduce((s, v, j) => s + 0.5 * Math.log(t * t + sd[j]! ** 2) + (0.5 * (v - 4) ** 2) / (t * t + sd[j]! ** 2), 0);
    const truth = onGrid(logPosterior, 0, 60),
      found = moments(taus);
    expect(Math.abs(found.mean - truth.mean)).toBeLessThan(4 * Math.sqrt(truth.variance / 4000));
    expect(Math.abs(found.variance / truth.variance - 1)).toBeLessThan(0.15);
    // theta_0 given tau shrinks y_0 towards 4 by sd^2 / (sd^2 + tau^2).
    const shrunk = moments(taus.map((t) => 4 + (24 * t * t) / (t * t + 225)));
    expect(Math.abs(moments(first).mean - shrunk.mean)).toBeLessThan(0.3);
  });

  it('is not where the rows tell of it without the block', () => {
    const rows = Array.from({ length: 60 }, (_, n) => Math.sin(n));
    const machine = opened(
      `data x: real[N]
       data y: real[N]
       sample s ~ HalfNormal(1)
       for d in 0..<2 { sample w[d] ~ Normal(0, 1) }
       for n in 0..<N { observe y[n] ~ Normal(w[0] + w[1] * x[n], s) }`,
      { x: rows, y: rows.map((v) => v + 0.1) },
      {},
    );
    expect(machine.blocks).toEqual(['s', 'w[d]']);
  });
});

describe('explain', () => {
  it('names what moves and what does not change', () => {
    const blocks = compile(crossed).explain({ backend: 'gibbs', data: counts }).blocks;
    const shift = blocks.find((b) => b.block === 'b, c[k]')!;
    expect(shift).toMatchObject({ kernel: 'shift', family: 'Normal' });
    expect(shift.reason).toContain('observe y[n] ~ Poisson(exp(b + a[g[n]] + c[h[n]])) does not change');
  });
});

describe('all steps of such programs', () => {
  for (const [name, source, data] of [
    ['shifts and stretches', crossed, counts],
    [
      'an integrated scale',
      `data y: real[T]
       sample drift ~ HalfNormal(1)
       sample z[0] ~ Normal(0, 1)
       for t in 1..<T { sample z[t] ~ Normal(z[t-1], drift) }
       for t in 0..<T { observe y[t] ~ Normal(z[t], 0.7) }`,
      { y: [0.1, 0.6, -0.2, 0.4] },
    ],
  ] as const)
    it(`leave the posterior as it is: ${name}`, async () => {
      const { verdict, methods } = await check(compile(source), data, {
        backend: 'gibbs',
        methods: ['rank'],
        effort: { repetitions: 150 },
        seed: 3,
      });
      const failed = methods.flatMap((m) => m.tests.filter((t) => t.failed).map((t) => t.quantity));
      expect({ verdict, failed }).toEqual({ verdict: 'passed', failed: [] });
    });
});
