/**
 * What the simulating checks stand on: the joint law of a program against closed forms, and kernels reused over
 * simulated data against kernels compiled for them.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { backends } from '../../src/4-infer/registry.js';
import { JointLaw, NoJointLaw, type Values } from '../../src/6-check/program/jointLaw.js';
import { KernelMachine } from '../../src/6-check/program/kernelMachine.js';
import type { KernelSource } from '../../src/6-check/program/kernelSource.js';
import { kernelSourceOf, subjectOf } from '../../src/6-check/subject.js';
import { createRandom } from '../../src/random/generator.js';

function lawOf(source: string, data: Readonly<Record<string, unknown>>, seed = 'law'): JointLaw {
  return new JointLaw(compile(source).plated(), new Map(Object.entries(data)), createRandom(seed, 'joint'));
}
const regression =
  'data X: real[N, D]\ndata y: real[N]\nsample w ~ iid(Normal(0, 1), D)\nsample s ~ Exponential(1)\nfor n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 0.5 + s) }\n';
const X = [
  [1, 0],
  [1, 1],
  [1, 2],
];

describe('the joint law of unknowns and data', () => {
  it('draws both, and has their log density', () => {
    const law = lawOf('data y: real\nsample m ~ Normal(1, 2)\nobserve y ~ Normal(m, 3)\n', { y: 0 });
    expect(law.unknowns.map((v) => v.name)).toEqual(['m']);
    const draws = Array.from({ length: 4000 }, () => law.draw());
    const mean = (f: (v: Values) => number): number => draws.reduce((sum, v) => sum + f(v), 0) / draws.length;
    // m ~ N(1, 4), y ~ N(1, 13), covariance 4: 4 standard errors.
    expect(Math.abs(mean((v) => v.get('m')![0]!) - 1)).toBeLessThan((4 * 2) / Math.sqrt(4000));
    expect(Math.abs(mean((v) => (v.get('y')![0]! - 1) ** 2) - 13)).toBeLessThan(4 * 13 * Math.sqrt(2 / 4000));
    expect(Math.abs(mean((v) => (v.get('y')![0]! - 1) * (v.get('m')![0]! - 1)) - 4)).toBeLessThan(
      (4 * Math.sqrt(4 * 13 + 16)) / Math.sqrt(4000),
    );
    const [v] = draws as [Values],
      [m, y] = [v.get('m')![0]!, v.get('y')![0]!];
    const normal = (x: number, mu: number, sd: number): number => -0.5 * ((x - mu) / sd) ** 2 - Math.log(sd) - 0.5 * Math.log(2 * Math.PI);
    expect(law.logJoint(v)).toBeCloseTo(normal(m, 1, 2) + normal(y, m, 3), 12);
  });
  it('keeps unknowns and covariates where data are drawn anew, and gaps where they were', () => {
    const law = lawOf(regression, { X, y: [1, null, 2] });
    expect(law.unknowns.map((v) => v.name).sort()).toEqual(['s', 'w', 'y']);
    const first = law.draw(),
      second = law.replicate(first);
    expect([second.get('w'), second.get('s')]).toEqual([first.get('w'), first.get('s')]);
    expect(second.get('y')).not.toEqual(first.get('y'));
    const given = law.dataOf(second);
    expect(given.get('X')).toBe(X);
    expect([...(given.get('y') as { readonly values: Float64Array }).values].map(Number.isNaN)).toEqual([false, true, false]);
    expect(law.bound(second).variables.get('y')!.status).toBe('partial');
  });
  it('generates what is conditioned on: it follows its own law', () => {
    const law = lawOf('sample a ~ Normal(0, 1)\nsample b ~ Normal(a, 1)\n', { b: 3 });
    expect(law.unknowns.map((v) => v.name)).toEqual(['a']);
    expect([...law.generated]).toEqual(['b']);
    const b = Array.from({ length: 3000 }, () => law.draw().get('b')![0]!);
    expect(Math.abs(b.reduce((x, y) => x + y ** 2, 0) / 3000 - 2)).toBeLessThan(4 * 2 * Math.sqrt(2 / 3000));
  });
  it('keeps what is conditioned on where it is the parent of an unknown', () => {
    const law = lawOf(
      'data y: real\nsample s ~ Exponential(1)\nsample a ~ Normal(0, s)\nlet double = 2 * a\nobserve y ~ Normal(double, 1)\n',
      { s: 2, y: 1 },
    );
    expect([...law.generated].sort()).toEqual(['s', 'y']);
    const first = law.draw(),
      second = law.replicate(first);
    // s given a does not follow Exponential(1); y given a follows its statement.
    expect(second.get('s')).toEqual(first.get('s'));
    expect(second.get('y')).not.toEqual(first.get('y'));
  });
  it.each([
    ['factor', 'sample x ~ Normal(0, 1)\nfactor -x^4\n', {}],
    ['param', 'param m: real\ndata y: real\nobserve y ~ Normal(m, 1)\n', { y: 1 }],
    ['flat', 'sample m ~ Flat()\ndata y: real\nobserve y ~ Normal(m, 1)\n', { y: 1 }],
    ['twice', 'sample m ~ Normal(0, 1)\ndata y: real\nobserve y ~ Normal(m, 1)\nobserve y ~ Normal(m, 2)\n', { y: 1 }],
    ['through an expression', 'sample m ~ Normal(0, 1)\ndata y: real\nobserve 2 * y ~ Normal(m, 1)\n', { y: 1 }],
    ['expression of several', 'sample m ~ Normal(0, 1)\ndata y: real\ndata x: real\nobserve y - x ~ Normal(m, 1)\n', { y: 1, x: 2 }],
  ] as const)('does not exist: %s', (_, source, data) => {
    expect(() => lawOf(source, data)).toThrow(NoJointLaw);
  });
});

describe('a kernel over simulated data', () => {
  function sourceOf(
    source: string,
    data: Readonly<Record<string, unknown>>,
    backend = 'gibbs',
    options: Readonly<Record<string, string>> = {},
  ): KernelSource {
    const subject = subjectOf(compile(source).plated(), new Map(Object.entries(data)), backends.get(backend)!, options, '1');
    return kernelSourceOf(subject, lawOf(source, data))!;
  }
  const programs: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
    [
      'sums of data',
      'data y: real[N]\nsample m ~ Normal(0, 1)\nsample t ~ Gamma(2, 2)\nfor n in 0..<N { observe y[n] ~ Normal(m, precision: t) }\n',
      { y: Array.from({ length: 40 }, (_, k) => k / 20) },
    ],
    ['regression with gaps', regression, { X, y: [1, null, 2] }],
    [
      'a mixture',
      'data x: real[N]\nsample p ~ Beta(2, 2)\nfor n in 0..<N { sample z[n] ~ Bernoulli(p)  observe x[n] ~ Normal(3 * z[n], 1) }\n',
      { x: [0, 1, 3, 4] },
    ],
    ['a single number, which is part of the code', 'data y: real\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)\n', { y: 1 }],
    [
      'a coin, which is part of the code',
      'data y: int\nsample p ~ Beta(1, 2)\nsample z ~ Bernoulli(p)\nobserve y ~ Bernoulli(z == 1 ? 0.9 : 0.2)\n',
      { y: 1 },
    ],
    [
      'counts as indices',
      'data g: int[N]\ndata y: real[N]\nsample p ~ Dirichlet([1, 1, 1])\nsample b ~ iid(Normal(0, 1), 3)\nfor n in 0..<N { observe g[n] ~ Categorical(p)  observe y[n] ~ Normal(b[g[n]], 1) }\n',
      { g: [0, 1, 2, 0], y: [1, 2, 3, 4] },
    ],
  ];
  it.each(programs)('draws what the kernel compiled for these data draws: %s', (title, source, data) => {
    const kernels = sourceOf(source, data),
      names = kernels.law.unknowns.map((v) => v.name);
    const subject = subjectOf(compile(source).plated(), new Map(Object.entries(data)), backends.get('gibbs')!, {}, '1');
    // A coin shows both sides only now and then.
    for (let k = 0; k < (title.startsWith('a coin') ? 12 : 3); k++) {
      const values = kernels.law.draw();
      const reused = kernels.at(values, createRandom('same', `stream ${k}`));
      const anew = kernelSourceOf(subject, kernels.law)!.at(values, createRandom('same', `stream ${k}`));
      // A program bound to these data only, without any sharing.
      const alone = backends.get('gibbs')!.kernel!(kernels.law.bound(values), {
        options: {},
        init: Object.fromEntries(names.map((n) => [n, Array.from(values.get(n)!)])),
      });
      // What the reused code has folded of the new data is what compiling for them folds.
      const single = new KernelMachine(alone, createRandom('same', `stream ${k}`), [], null);
      single.place(values, names);
      const other = kernels.law.draw(),
        over = alone.over(kernels.law.bound(other)),
        own = backends.get('gibbs')!.kernel!(kernels.law.bound(other), { options: {}, init: {} }).program;
      const folded = (p: typeof own): readonly (readonly number[])[] =>
        p.storages.filter((s) => s.place === 'data').map((s) => [...(s.values ?? [])]);
      if (own.source === over.source) expect(folded(over)).toEqual(folded(own));
      for (let sweep = 0; sweep < 5; sweep++) {
        reused.sweep();
        anew.sweep();
        single.sweep();
      }
      for (const name of names)
        expect([[...reused.read(name)], [...anew.read(name)]]).toEqual([[...single.read(name)], [...single.read(name)]]);
      expect(reused.logJoint()).toBeCloseTo(
        kernels.law.logJoint(new Map([...values, ...names.map((n) => [n, reused.read(n)] as const)])),
        8,
      );
      expect(alone.steps.map((s) => s.block)).toEqual(kernels.steps.map((s) => s.block));
    }
  });
  it('keeps what a walk has learnt, and adapts no further', () => {
    const kernels = sourceOf(
      'data y: real[N]\nsample m ~ Normal(0, 1)\nfor n in 0..<N { observe y[n] ~ Normal(m, 0.01) }\n',
      { y: Array.from({ length: 20 }, () => 0) },
      'mh',
    );
    const accepted = (): number => {
      const values = kernels.law.draw(),
        machine = kernels.at(values, createRandom('walk', 'stream'));
      let moved = 0,
        last = machine.read('m')[0]!;
      for (let k = 0; k < 400; k++) {
        machine.sweep();
        if (machine.read('m')[0] !== last) moved++;
        last = machine.read('m')[0]!;
      }
      return moved / 400;
    };
    expect(accepted()).toBeLessThan(0.05);
    kernels.tune(1000, createRandom('tune', 'stream'));
    expect(accepted()).toBeGreaterThan(0.25);
  });
  it('steps backwards through single sites in the opposite order', () => {
    // Deterministic but for rounding: each z[t] is drawn about z[t-1] alone, so that order shows.
    const kernels = sourceOf(
      'data x: real[T]\nsample z[0] ~ Normal(0, 1)\nfor t in 1..<T { sample z[t] ~ Normal(sin(z[t-1]), 0.5) }\nfor t in 0..<T { observe x[t] ~ Normal(z[t], 1) }\n',
      { x: [0, 1, 0.5, 2] },
    );
    expect(kernels.steps).toEqual([
      { block: 'z[0]', reversible: true },
      { block: 'z[t]', reversible: true },
    ]);
    const values = kernels.law.draw();
    const run = (move: 'step' | 'stepBack'): readonly number[] => {
      const m = kernels.at(values, createRandom('order', 'stream'));
      m[move](1);
      return [...m.read('z')];
    };
    expect(run('step')).not.toEqual(run('stepBack'));
    expect(run('step')).toEqual(run('step'));
    // So do the coordinates of a vector.
    const vector = sourceOf(
      'data y: real\nsample w ~ MvNormal(zeros(2), [[1, 0.9], [0.9, 1]])\nobserve y ~ Normal(w[0] + w[1], 1)\n',
      { y: 1 },
      'gibbs',
      { 'kernel.w': 'slice' },
    );
    const start = vector.law.draw();
    const slice = (move: 'step' | 'stepBack'): readonly number[] => {
      const m = vector.at(start, createRandom('order', 'stream'));
      m[move](0);
      return [...m.read('w')];
    };
    expect(vector.steps).toEqual([{ block: 'w', reversible: true }]);
    expect(slice('step')).not.toEqual(slice('stepBack'));
  });
});
