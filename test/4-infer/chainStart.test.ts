/**
 * What a chain does around its draws: starts of positive density, diagnostics where there is none,
 * starts under vague priors, given values, adaptation in the warm-up only, reproducible draws.
 */
import { describe, expect, test } from 'vitest';
import { type CompileOptions, compile, draw, Machine } from './machine.js';
import { zOfMean } from './truth.js';

describe('a start', () => {
  test.each<readonly [string, string, Readonly<Record<string, unknown>>, CompileOptions]>([
    [
      'a bound that depends on another unknown',
      'data y: real[N] sample c ~ Exponential(0.05) sample d ~ Normal(0, 3) for n in 0..<N { observe y[n] ~ Uniform(d, c) }',
      { y: [3, 9, 5, 7] },
      {},
    ],
    [
      'a constraint written as a factor',
      'sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) factor a > b + 1.5 ? 0 : -inf',
      {},
      { backend: 'mh' },
    ],
    [
      'counts that bound each other',
      'data y: int sample n ~ DiscreteUniform(1, 30) sample m ~ DiscreteUniform(0, n) observe y ~ Binomial(m, 0.5)',
      { y: 9 },
      {},
    ],
    [
      'ordered elements',
      'data y: real sample v: ordered[3] ~ iid(Normal(0, 2), 3) observe y ~ Normal(v[0] + v[2], 1)',
      { y: 1 },
      { backend: 'mh' },
    ],
  ])('has positive density under %s', (_, source, data, options) => {
    const draws = draw(compile(source, data, options), 500, { warmup: 500 });
    const output = draws.output;
    expect(output.warnings).toEqual([]);
    for (const r of draws.sampler.program.recorded) {
      const values = draws.of(r.name);
      expect(values.every(Number.isFinite)).toBe(true);
      expect(new Set(values).size).toBeGreaterThan(5);
    }
  });

  test('that cannot be found is a warning that says so, not a crash', () => {
    const { output } = draw(
      compile('data y: real sample a ~ Normal(0, 1) observe y ~ Normal(a, 1) factor a > 1e9 ? 0 : -inf', { y: 0 }),
      50,
      { warmup: 50 },
    );
    expect(output.sound).toBe(false);
    expect(output.warnings.map((w) => w.code)).toContain('no-start');
    expect(output.warnings.find((w) => w.code === 'no-start')!.message).toMatch(/positive density/);
  });

  test('for some unknowns is not lost to the rest, which are updated first', () => {
    // Groups far apart: given labels from the prior the centres would be near 0, all of them.
    const x = Array.from({ length: 300 }, (_, n) => 100 * ((n % 3) - 1) + Math.sin(n));
    const source =
      'data x: real[N] for k in 0..<3 { sample mu[k] ~ Normal(0, 1000) } for n in 0..<N { sample z[n] ~ Categorical([1/3, 1/3, 1/3]) observe x[n] ~ Normal(mu[z[n]], 1) }';
    const machine = new Machine(compile(source, { x }, { init: { mu: [100, -100, 0] } }));
    machine.call('initialise', 0);
    machine.call('sweep', 1);
    [100, -100, 0].forEach((centre, k) => {
      expect(Math.abs(machine.get('mu')[k]! - centre)).toBeLessThan(1);
    });
  });

  test.each<CompileOptions>([{ kernels: { m: 'slice', s: 'slice' } }, { backend: 'mh' }])(
    'under vague priors does not strand a chain, %j',
    (options) => {
      const y = [4.9, 5.3, 5.1, 4.6, 5.4, 5.0, 5.2];
      const source =
        'data y: real[N] sample m ~ Normal(0, 1000) sample s ~ Uniform(0, 1000) for n in 0..<N { observe y[n] ~ Normal(m, s) }';
      for (const seed of ['a', 'b', 'c', 'd', 'e']) {
        const m = draw(compile(source, { y }, options), 2000, { warmup: 1000, seed }).of('m');
        // Posterior mean 5.071, sd near 0.12 (Student t): a chain on its way would be tens off.
        expect(Math.abs(m.reduce((a, b) => a + b, 0) / m.length - 5.0714)).toBeLessThan(0.08);
      }
    },
  );

  test('far from the origin is found from the prior', () => {
    const y = [5003, 5001, 4998],
      m = draw(compile('data y: real[N] sample m ~ Normal(5000, 10) for n in 0..<N { observe y[n] ~ StudentT(3, m, 1) }', { y }), 1000, {
        warmup: 500,
      }).of('m');
    expect(Math.abs(m.reduce((a, b) => a + b, 0) / m.length - 5001)).toBeLessThan(2);
  });

  test('takes the values it is given', () => {
    const machine = new Machine(
      compile('sample a ~ Normal(0, 1) for k in 0..<3 { sample b[k] ~ Normal(a, 1) }', {}, { init: { b: [7, 8, 9] } }),
    );
    machine.call('initialise', 0);
    expect([...machine.get('b')]).toEqual([7, 8, 9]);
    machine.call('initialise', 1);
    expect([...machine.get('b')]).toEqual([7, 8, 9]);
    expect(machine.get('a')[0]).not.toBe(0);
  });
});

describe('adaptation', () => {
  const source = `data y: real[N]
    sample m ~ Normal(0, 1) sample s ~ Gamma(2, 1) sample w ~ MvNormal(zeros(2), eye(2)) sample p ~ Dirichlet([1, 2, 1]) sample C ~ InverseWishart(5, eye(2))
    for n in 0..<N { observe y[n] ~ Normal(m + w[0] + p[1], s) observe y[n] ~ Normal(w[1], C[0, 0]) }`;
  test.each<CompileOptions>([{ backend: 'mh' }, { kernels: { m: 'slice', s: 'slice', w: 'slice', p: 'slice' } }])(
    'stops with the warm-up, %j',
    (options) => {
      const machine = new Machine(compile(source, { y: [0.3, 0.8, -0.1] }, options));
      machine.call('initialise', 0);
      const tuned = machine.names().filter((name) => /^%(scale|width|mean|spread)/.test(name));
      expect(tuned.length).toBeGreaterThan(0);
      const values = (): number[] => tuned.flatMap((name) => [...machine.get(name)]);
      const start = values();
      for (let i = 0; i < 200; i++) machine.call('sweep', 1);
      const learnt = values();
      expect(learnt).not.toEqual(start);
      expect(learnt.every(Number.isFinite)).toBe(true);
      for (let i = 0; i < 200; i++) machine.call('sweep', 0);
      expect(values()).toEqual(learnt);
    },
  );
  test('leads random walks to a reasonable acceptance', () => {
    const { output } = draw(compile(source, { y: [0.3, 0.8, -0.1] }, { backend: 'mh' }), 4000, { warmup: 3000 });
    for (const c of output.counters) {
      const rate = c.accepted / c.proposed;
      expect(rate, c.block).toBeGreaterThan(c.block === 'm' || c.block === 's' ? 0.3 : 0.1);
      expect(rate, c.block).toBeLessThan(0.6);
    }
  });
  test('switched off leaves the scale as it is', () => {
    const machine = new Machine(compile('sample m ~ Normal(0, 1)', {}, { kernels: { m: 'rw(scale: 0.37, adapt: false)' } }));
    machine.call('initialise', 0);
    for (let i = 0; i < 50; i++) machine.call('sweep', 1);
    expect(machine.get(machine.names().find((n) => n.startsWith('%scale'))!)[0]).toBe(0.37);
  });
});

test('the same seed gives the same draws, another seed others', () => {
  const source =
    'data y: real[N] sample m ~ Normal(0, 1) sample k ~ Poisson(3) for n in 0..<N { sample z[n] ~ Bernoulli(0.4) observe y[n] ~ Normal(m + z[n], 1 + k) }';
  for (const backend of ['gibbs', 'mh'] as const) {
    const run = (seed: string): number[] => {
      const d = draw(compile(source, { y: [0.1, 2, 1, 0.4] }, { backend }), 200, { seed });
      return [...d.of('m'), ...d.of('k'), ...d.of('z', 2)];
    };
    expect(run('one')).toEqual(run('one'));
    expect(run('one')).not.toEqual(run('two'));
  }
});

test('an unknown without data keeps its prior whatever start it is given', () => {
  const x = draw(compile('sample x ~ Gamma(2, 4)', {}, { init: { x: 900 }, kernels: { x: 'slice' } }), 20_000, { warmup: 500 }).of('x');
  expect(Math.abs(zOfMean(x, 0.5, false))).toBeLessThan(6);
});
