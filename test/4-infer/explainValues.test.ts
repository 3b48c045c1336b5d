/**
 * `explain` as JSON is the whole conditional: family, parameters and bounds, read by `explainedLaw.ts`, have the log density
 * ratios of the program's own statements and of what the engine draws from, to 1e-9. One program for each row of the
 * table of conjugate pairs, and every example with its data, cut short.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { closedDensity } from '../3-derive/ratio.js';
import { boundsOf, compile, type Compiled, goodState, type Place } from '../3-derive/support.js';
import { claimOf, exampleNames, readData } from '../claims.js';
import { regionSupport } from '../../src/3-derive/closedForm.js';
import type { Explanation } from '../../src/4-infer/backend.js';
import { regionLoops, regionName } from '../../src/4-infer/wording.js';
import { givenOf } from '../../src/4-infer/programBuilder.js';
import { backends } from '../../src/4-infer/registry.js';
import { lawOf } from './explainedLaw.js';

const y = [1.2, 0.3, 2.1, 0.7, 1.9];
const counts = [2, 0, 1, 3, 1];
const rows = [
  [1, 2],
  [0.5, 0.2],
  [-0.3, 1],
];
const reals = (prior: string, child: string): string => `data y: real[N] sample v ~ ${prior} for i in 0..<N { observe y[i] ~ ${child} }`;
const whole = (prior: string, child: string): string => reals(prior, child).replace('real', 'int');

/** One or more for each row: title, program, data. */
const table: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
  ['Normal in the mean of a Normal', reals('Normal(1, 2)', 'Normal(2 * v + 1, 0.5)'), { y }],
  ['Normal in the mean of a LogNormal', reals('Normal(1, 2)', 'LogNormal(2 * v + 1, 0.5)'), { y }],
  [
    'Normal in a mean vector',
    'data y: real[N, 2] sample v ~ Normal(1, 2) for i in 0..<N { observe y[i] ~ MvNormal([v, 2 * v - 1], [[2, 0.5], [0.5, 1]]) }',
    { y: rows },
  ],
  [
    'Normals in one linear predictor',
    'data y: real[N] data x: real[N] sample a ~ Normal(0, 2) sample b ~ iid(Normal(0, 1), 2) for i in 0..<N { observe y[i] ~ Normal(a + b[0] * x[i] + b[1] * x[i]^2, 0.5) }',
    { y, x: [1, -1, 0.5, 2, 0] },
  ],
  [
    'MvNormal in A v + b and in x . v',
    'data y: real[N, 2] data u: real[M] data A: real[2, 2] data b: real[2] sample v ~ MvNormal([0.1, 0.2], [[2, 0.5], [0.5, 1]]) for i in 0..<N { observe y[i] ~ MvNormal(A @ v + b, [[2, 0.5], [0.5, 1]]) } for i in 0..<M { observe u[i] ~ Normal(dot(v, b) + 3, 0.5) }',
    {
      y: rows,
      u: [1, 2, 4],
      A: [
        [1, 2],
        [3, 4],
      ],
      b: [0.1, 0.2],
    },
  ],
  [
    'MvNormal with scalar children',
    'data y: real[D] sample v ~ MvNormal(zeros(D), [[2, 0.5], [0.5, 1]]) for d in 0..<D { observe y[d] ~ Normal(v[d], 0.5) }',
    { y: [1, 3] },
  ],
  ['Laplace in the mean of a Normal', reals('Laplace(0.5, 2)', 'Normal(2 * v + 1, 0.5)'), { y }],
  ['Gamma as a precision', reals('Gamma(2, 3)', 'Normal(0.5, precision: 2 * v)'), { y }],
  ['Exponential as the precision of a LogNormal', reals('Exponential(0.7)', 'LogNormal(0.5, v^-0.5)'), { y }],
  [
    'Gamma as the precision of vectors',
    'data y: real[N, 2] sample v ~ Gamma(2, 3) for i in 0..<N { observe y[i] ~ MvNormal(zeros(2), precision: v * [[2, 0.5], [0.5, 1]]) }',
    { y: rows },
  ],
  ['ChiSquared as a rate of a Poisson', whole('ChiSquared(3)', 'Poisson(1.5 * v)'), { y: counts }],
  ['Gamma as a rate of an Exponential', reals('Gamma(2, 3)', 'Exponential(2 * v)'), { y }],
  ['Gamma as a rate of a Gamma', reals('Gamma(2, 3)', 'Gamma(1.5, v)'), { y }],
  ['Gamma as the scale of an InverseGamma', reals('Gamma(2, 3)', 'InverseGamma(1.5, v)'), { y }],
  ['Gamma in the scale of a Weibull', reals('Gamma(2, 3)', 'Weibull(1.7, v^(-1 / 1.7))'), { y }],
  ['Gamma in the scale of a Laplace', reals('Gamma(2, 3)', 'Laplace(0.5, 1 / v)'), { y }],
  ['Gamma as the shape of a Pareto', reals('Gamma(2, 3)', 'Pareto(0.2, v)'), { y }],
  ['InverseGamma as a variance', reals('InverseGamma(2, 3)', 'Normal(0.5, variance: 2 * v)'), { y }],
  ['InverseGamma as a scale of an Exponential', reals('InverseGamma(2, 3)', 'Exponential(scale: v)'), { y }],
  ['InverseGamma as the scale of a Laplace', reals('InverseGamma(2, 3)', 'Laplace(0.5, v)'), { y }],
  ['InverseGamma in the scale of an InverseGamma', reals('InverseGamma(2, 3)', 'InverseGamma(1.5, 1 / v)'), { y }],
  ['InverseGamma as a power of the scale of a Weibull', reals('InverseGamma(2, 3)', 'Weibull(1.7, v^(1 / 1.7))'), { y }],
  ['InverseGamma under a root', 'data y: real[N] sample s2 ~ InverseGamma(2, 3) let s = sqrt(s2) observe y ~ Normal(0, s)', { y }],
  ['Gamma under an inverse root', 'data y: real[N] sample t ~ Gamma(2, 3) let s = 1 / sqrt(t) observe y ~ Normal(0, s)', { y }],
  ['Uniform as an sd', reals('Uniform(0, 3)', 'Normal(0.5, v)'), { y }],
  [
    'mean and variance',
    'data y: real[N] sample s ~ InverseGamma(2, 3) sample m ~ Normal(0.4, variance: 2 * s) for i in 0..<N { observe y[i] ~ Normal(m, variance: s) }',
    { y },
  ],
  [
    'Beta as p and as 1 - p',
    'data y: int[N] sample v ~ Beta(2, 3) for i in 0..<N { observe y[i] ~ Binomial(4, v) observe y[i] ~ NegativeBinomial(2.5, 1 - v) observe y[i] ~ Geometric(v) }',
    { y: counts },
  ],
  ['Uniform(0, 1) as p', 'data y: int[N] sample v ~ Uniform(0, 1) for i in 0..<N { observe y[i] ~ Bernoulli(v) }', { y: [1, 0, 1] }],
  ['a bounded p', 'data y: int[N] sample v ~ Uniform(0.2, 0.7) for i in 0..<N { observe y[i] ~ Bernoulli(v) }', { y: [1, 0, 1] }],
  [
    'Beta through a mixture',
    'data y: int[N] sample v ~ iid(Beta(2, 3), 3) for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) observe y[i] ~ Binomial(5, v[z[i]]) }',
    { y: counts },
  ],
  [
    'Dirichlet as probabilities',
    'data y: int[N] data m: int[K] sample p ~ Dirichlet([2, 3, 4, 5]) for i in 0..<N { observe y[i] ~ Categorical(p) } observe m ~ Multinomial(sum(m), p)',
    { y: counts, m: [1, 2, 3, 4] },
  ],
  [
    'Dirichlet rows of a chain',
    'data y: real[T] data K: int for k in 0..<K { sample P[k] ~ Dirichlet(fill(1, K)) } sample z[0] ~ Categorical(fill(1 / K, K)) for t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) } for t in 0..<T { observe y[t] ~ Normal(z[t], 1) }',
    { y, K: 3 },
  ],
  [
    'Beta sticks',
    'data y: int[N] data K: int for k in 0..<K { sample v[k] ~ Beta(1, 2) } let w = [v[k] * prod(1 - v[j] for j in 0..<k) for k in 0..<K] for i in 0..<N { observe y[i] ~ Categorical(w) }',
    { y: counts, K: 4 },
  ],
  [
    'Wishart',
    'data y: real[N, 2] sample O ~ Wishart(5, [[2, 0.5], [0.5, 1]]) for i in 0..<N { observe y[i] ~ MvNormal([0.5, 1], precision: 3 * O) }',
    { y: rows },
  ],
  [
    'InverseWishart',
    'data y: real[N, 2] sample S ~ InverseWishart(5, [[2, 0.5], [0.5, 1]]) for i in 0..<N { observe y[i] ~ MvNormal([0.5, 1], S / 2) }',
    { y: rows },
  ],
  [
    'mean and covariance',
    'data y: real[N, 2] sample S ~ InverseWishart(5, eye(2)) sample m ~ MvNormal(zeros(2), 2 * S) for i in 0..<N { observe y[i] ~ MvNormal(m, S) }',
    { y: rows },
  ],
  ['Pareto as an upper bound', reals('Pareto(0.5, 3)', 'Uniform(0, v)'), { y }],
  ['Uniform as an upper bound', reals('Uniform(0, 10)', 'Uniform(0, v)'), { y }],
  ['a plain Uniform', 'sample v ~ Uniform(-1, 10) sample w ~ Uniform(v, 12)', {}],
  [
    'ends of a Uniform',
    'data y: real[N] sample a ~ Uniform(-5, 5) sample w ~ Gamma(2, 1) for i in 0..<N { observe y[i] ~ Uniform(a, a + w) }',
    { y },
  ],
  [
    'ends in some rows',
    'data y: real[N] data b: int[N] sample a ~ Uniform(-5, 5) for i in 0..<N { if b[i] == 1 { observe y[i] ~ Uniform(a, a + 3) } else { observe y[i] ~ Normal(0, 1) } }',
    { y, b: [1, 0, 1, 0, 0] },
  ],
  ['no rows', reals('Pareto(0.5, 3)', 'Uniform(0, v)'), { y: [] }],
  [
    'truncated Normal in the mean',
    'data y: real[N] data c: real sample v ~ truncated(Normal(1, 2), c, inf) for i in 0..<N { observe y[i] ~ Normal(2 * v + 1, 0.5) }',
    { y, c: -0.5 },
  ],
  [
    'truncated Gamma and InverseGamma',
    'data y: real[N] sample v ~ truncated(Gamma(2, 3), 0.1, 4) sample w ~ truncated(InverseGamma(2, 3), 0.2, inf) for i in 0..<N { observe y[i] ~ Normal(0, variance: w / v) }',
    { y },
  ],
  ['truncated Exponential', 'sample v ~ truncated(Exponential(2), 0.1, 4)', {}],
  [
    'ordered means',
    'data y: real[N] sample c: ordered[3] ~ iid(Normal(0, 5), 3) for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) observe y[i] ~ Normal(c[z[i]], 1) }',
    { y },
  ],
  [
    'finite supports',
    'data y: real[N] sample d ~ DiscreteUniform(1, 6) sample b ~ Bernoulli(0.3) for i in 0..<N { observe y[i] ~ Normal(d * b, 1 + b) }',
    { y },
  ],
  ['Poisson, thinned', 'data y: int sample n ~ Poisson(6) observe y ~ Binomial(n, 0.3)', { y: 3 }],
  ['NegativeBinomial, thinned', 'data y: int sample n ~ NegativeBinomial(2.5, 0.4) observe y ~ Binomial(n, 0.3)', { y: 3 }],
  ['Poisson thinned twice', 'data y: int sample t ~ Poisson(9) sample m ~ Binomial(t, 0.4) observe y ~ Binomial(m, 0.3)', { y: 2 }],
  [
    'a chain of Normals',
    'data y: real[T] sample x[0] ~ Normal(0, 1) for t in 1..<T { sample x[t] ~ Normal(0.9 * x[t-1], 0.3) } for t in 0..<T { observe y[t] ~ Normal(x[t], 0.5) }',
    { y },
  ],
  [
    'a component of several quantities',
    'data y: real[N] data c: int[N] sample p ~ Dirichlet(fill(1, 4)) for k in 0..<4 { sample m[k] ~ Normal(0, 2) sample t[k] ~ Gamma(2, 2) } for i in 0..<N { sample z[i] ~ Categorical(p) observe y[i] ~ Normal(m[z[i]], precision: t[z[i]]) observe c[i] ~ Poisson(t[z[i]]) }',
    { y, c: counts },
  ],
  [
    'gaps in data',
    'data y: real[N] data x: real[N] sample a ~ Normal(0, 2) sample m ~ Normal(0, 1) sample s ~ InverseGamma(2, 1) for i in 0..<N { observe x[i] ~ Normal(m, 1) observe y[i] ~ Normal(a * x[i], variance: s) }',
    { y: [1, null, 2, 0.3], x: [0.5, 1, null, -1] },
  ],
];

function explainedBy(compiled: Compiled, text: string): Explanation {
  return backends.get('gibbs')!.explain(compiled.graph, givenOf(compiled.bound), text, { block: 'none' }, null);
}

/** Compares at some elements and states; the number of comparisons for each region. */
function check(text: string, data: Readonly<Record<string, unknown>>, seeds: readonly number[] = [1, 2]): Map<string, number> {
  const compiled = compile(text, data);
  const { blocks } = explainedBy(compiled, text);
  const compared = new Map<string, number>();
  for (const seed of seeds) {
    const state = goodState(compiled, seed);
    for (const plan of compiled.derivation.regions) {
      const { region } = plan,
        name = regionName(region);
      const block = blocks.find((b) => b.block === name && b.loops === regionLoops(region))!;
      if (block.family === null) continue;
      const instances = state.instances(region);
      for (const indices of instances.filter((_, k) => k === 0 || k === instances.length - 1 || k === instances.length >> 1)) {
        const place: Place = { state, plan, indices },
          environment = state.derivedEnvironment(indices);
        const missing = (variable: string, at: readonly number[]): boolean => {
          const v = compiled.bound.variables.get(variable)!;
          return v.mask?.[at.reduce((flat, i, d) => flat * v.shape[d]! + i, 0)] === 1;
        };
        const law = lawOf(
          block.family,
          block.parameters,
          {
            sizes: compiled.bound.sizes,
            indices: Object.fromEntries([...indices].map(([i, at]) => [i.name, at])),
            missing,
            variable: (variable, at) => environment.variable!(variable, at),
          },
          region.variable.name,
        );
        const before = state.element(region, indices).values,
          start = law.logDensity(before);
        const engine = closedDensity(place);
        if (!Number.isFinite(start)) continue;
        for (const v of candidates(place)) {
          const truth = state.difference(region, indices, v);
          if (!truth.usable) continue;
          compared.set(name, (compared.get(name) ?? 0) + 1);
          const found = law.logDensity(v) - start,
            tolerance = 1e-9 * Math.max(1, truth.magnitude, Math.abs(start));
          const what = `${name} ${block.family} from ${before.join(' ')} to ${v.join(' ')}: ${block.parameters.map((p) => p.text).join('; ')}`;
          if (truth.difference === -Infinity) {
            expect(found, what).toBe(-Infinity);
            continue;
          }
          expect(Math.abs(found - truth.difference), what).toBeLessThanOrEqual(tolerance);
          if (engine !== null && v.every(Number.isFinite))
            expect(Math.abs(found - (engine.logDensity(v) - engine.logDensity(before))), what).toBeLessThanOrEqual(tolerance);
        }
      }
    }
  }
  return compared;
}

/** Values in the support of the element's own statement, and on both sides of every end. */
function candidates(place: Place): readonly (readonly number[])[] {
  const {
    state,
    plan: { region },
    indices,
  } = place;
  const out = [state.propose(region, indices), state.propose(region, indices)];
  const { low, high } = boundsOf(place),
    support = regionSupport(region).kind;
  if (support !== 'interval' && support !== 'integers') return out;
  const step = support === 'integers' ? 1 : 0.05 * Math.min(1, high - low);
  for (const end of [low, high]) if (Number.isFinite(end) && low < high) out.push([end - step], [end + step]);
  return out;
}

describe('the JSON of explain is the conditional', () => {
  it.each(table)('%s', (_, text, data) => {
    const compared = check(text, data);
    expect([...compared.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(3);
  });
});

const examples = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'examples');
/** Rows of data that are used. */
const fewRows = 6;

describe('the JSON of explain is the conditional, examples', () => {
  const programs = exampleNames().flatMap((name) =>
    readdirSync(join(examples, name))
      .filter((f) => f.endsWith('.cred'))
      .map((file) => ({ name, file })),
  );
  it.each(programs)('$name/$file', ({ name, file }) => {
    const text = readFileSync(join(examples, name, file), 'utf8');
    const { data: general, runs } = claimOf(name);
    // What is left to the runs, sizes aside: rows are few here.
    const own = Object.fromEntries(
      Object.entries(runs.find((r) => (r.model ?? 'model.cred') === file && r.data !== undefined)?.data ?? {}).filter(([key]) =>
        new RegExp(`^data ${key}:`, 'm').test(text),
      ),
    );
    const given = { ...readData(name, general), ...readData(name, own) };
    const data = Object.fromEntries(
      Object.entries(given)
        .filter(([, value]) => value !== null)
        .map(([key, value]) => [key, Array.isArray(value) ? value.slice(0, fewRows) : value]),
    );
    let compared: ReadonlyMap<string, number>;
    try {
      compared = check(text, data, [1]);
    } catch (error) {
      // Programs that can only be drawn from have no density to derive from.
      if (error instanceof Error && error.message.includes('no density')) return;
      throw error;
    }
    expect([...compared.values()].every((n) => n > 0)).toBe(true);
  });
});
