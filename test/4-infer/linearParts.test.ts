/**
 * Linear parts of densities held during a step. Truth: the log joint density of the whole program, computed by other code:
 * for any two candidates the step's density differs by as much as the joint with either in the state.
 */
import { describe, expect, it } from 'vitest';
import { instantiate } from '../../src/code/module.js';
import { createRuntime, type Procedure } from '../../src/code/runtime.js';
import { createRandom } from '../../src/random/generator.js';
import { compile } from './machine.js';

const N = 23;
const wave = (step: number, scale = 1): number[] => Array.from({ length: N }, (_, n) => scale * Math.sin(1 + step * n));
const labels = (most: number, step: number): number[] => Array.from({ length: N }, (_, n) => (n * step + (n >> 2)) % most);
const bits = labels(2, 3),
  counts = labels(5, 7);
const columns = { X: wave(0.3).map((a, n) => [a, Math.cos(n), 1.5 - a * a]), y: bits };

/** Programs whose elements are slice sampled, with predictors of every form. */
const programs: readonly (readonly [string, string, Readonly<Record<string, unknown>>, boolean])[] = [
  [
    'a product with a vector of independent coefficients',
    'data X: real[N, D] data y: int[N] sample w ~ iid(Normal(0, 2), D) for n in 0..<N { observe y[n] ~ Bernoulli(logit: X[n] @ w) }',
    columns,
    true,
  ],
  [
    'a product with a vector draw',
    'data X: real[N, D] data y: int[N] sample w ~ MvNormal(zeros(D), 2 * eye(D)) for n in 0..<N { observe y[n] ~ Bernoulli(logit: X[n] @ w) }',
    columns,
    true,
  ],
  [
    'crossed groups by data, a slope and an intercept',
    `data y: int[N] data x: real[N] data s: int[N] data i: int[N]
    sample m ~ Normal(0, 2) sample b ~ Normal(0, 2) sample t ~ Gamma(2, 1)
    for j in 0..<4 { sample u[j] ~ Normal(0, precision: t) } for j in 0..<3 { sample v[j] ~ Normal(0, 1) }
    for n in 0..<N { observe y[n] ~ Poisson(lograte: m + b * x[n] + u[s[n]] - v[i[n]] / 2) }`,
    { y: counts, x: wave(0.9), s: labels(4, 5), i: labels(3, 2) },
    true,
  ],
  [
    'one variable twice in a predictor',
    'data a: int[N] data b: int[N] data x: real[N] data y: int[N] sample h ~ Normal(0, 1) for j in 0..<5 { sample skill[j] ~ Normal(0, 1) } for n in 0..<N { observe y[n] ~ Bernoulli(logit: 0.3 + 2 * skill[a[n]] - skill[b[n]] + h * x[n]) }',
    { a: labels(5, 3), b: labels(5, 4), x: wave(0.8), y: bits },
    true,
  ],
  [
    'a predictor beside the same unknown elsewhere',
    'data x: real[N] data z: real[N] data y: real[N] sample b ~ Normal(0, 1) sample c ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ StudentT(4, b * x[n] + c * z[n] * x[n] - 1, exp(b) + 0.1) }',
    { x: wave(0.4), z: wave(1.1), y: wave(0.7, 2) },
    true,
  ],
  [
    'branches by data',
    'data x: real[N] data g: int[N] data y: real[N] sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ Cauchy((g[n] > 0 ? 3 * a + b * x[n] : x[n] * x[n] * b - a), 0.7) }',
    { x: wave(0.4), g: bits, y: wave(0.7, 2) },
    true,
  ],
  [
    'a matrix of coefficients by group',
    'data X: real[N, D] data g: int[N] data y: int[N] for j in 0..<3, d in 0..<D { sample w[j, d] ~ Normal(0, 1) } for n in 0..<N { observe y[n] ~ Bernoulli(logit: sum(X[n, d] * w[g[n], d] for d in 0..<D)) }',
    { ...columns, g: labels(3, 2) },
    true,
  ],
  [
    'what is not linear stays as it is',
    'data x: real[N] data y: real[N] sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ Cauchy(exp(a * x[n]) + a * b^2, 0.7) }',
    { x: wave(0.4), y: wave(0.7, 2) },
    false,
  ],
  [
    'a recursion that follows the element',
    'data y: real[N] sample a ~ Normal(0, 0.3) let h[0] = a for n in 1..<N { let h[n] = 0.5 * h[n-1] + 2 * a + 1 } for n in 0..<N { observe y[n] ~ Cauchy(h[n], 0.7) }',
    { y: wave(0.7, 2) },
    false,
  ],
];

describe('linear parts held during a step', () => {
  it.each(programs)('%s: the density of a step is the joint density', (_, source, data, holds) => {
    const { program } = compile(source, data);
    const arrays = program.storages.map(
      (s) =>
        s.values?.slice() ??
        (s.type === 'int32' ? new Int32Array(s.shape.reduce((a, b) => a * b, 1)) : new Float64Array(s.shape.reduce((a, b) => a * b, 1))),
    );
    const random = createRandom('3', 'steps');
    let steps = 0,
      logJoint: () => number = () => Number.NaN;
    const slice = (_random: unknown, density: (x: number) => number, x: number): number => {
      steps++;
      const at = (candidate: number): readonly [number, number] => [density(candidate), logJoint()];
      const here = at(x);
      for (const step of [-1.3, 0.4, 2.1]) {
        const there = at(x + step),
          difference = there[1] - here[1];
        expect(there[0] - here[0]).toBeCloseTo(difference, 10 - Math.ceil(Math.log10(1 + Math.abs(difference))));
      }
      density(x);
      return x + 0.2 * random.normal();
    };
    const entries = instantiate(
      program.source,
      arrays,
      createRuntime(random, [], new Map([['sliceSample', slice as unknown as Procedure]])),
    );
    logJoint = () => entries['logJoint']!()!;
    entries['initialise']!(0);
    for (let sweep = 0; sweep < 3; sweep++) entries['sweep']!(0);
    expect(steps).toBeGreaterThan(2);
    expect(program.storages.some((s) => s.name.startsWith('%held'))).toBe(holds);
  });
});
