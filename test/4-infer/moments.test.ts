/**
 * Every closed form and every kernel against a posterior known by quadrature, summation or a formula
 * written out in the test. A model has one unknown, so exact kernels give independent draws.
 *
 * False alarms: about 250 z-scores with limit 6 and 45 Kolmogorov distances with limit 3 at fixed
 * seeds; below 1e-6 together. Power: with 20,000 independent draws a mean off by 0.06 sd, a variance
 * off by 10 % (z = 10 for a normal law), a dropped factor or a shift by one of a count is red.
 */
import { describe, expect, test } from 'vitest';
import { lgamma } from '../../src/numeric/special/gamma.js';
import { type CompileOptions, compile, draw } from './machine.js';
import { continuousLaw, discreteLaw, kolmogorov, zOfMean, zOfVariance } from './truth.js';

const limit = 6;
const normal = (y: number, mean: number, sd: number): number => -0.5 * ((y - mean) / sd) ** 2 - Math.log(sd);
const sum = (values: readonly number[], f: (x: number, i: number) => number): number => values.reduce((s, x, i) => s + f(x, i), 0);
const logChoose = (n: number, k: number): number => lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);

interface Scalar {
  readonly title: string;
  /** The unknown is `v`. */
  readonly source: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** Posterior up to a constant, on this range (outside it is negligible or zero). */
  readonly log: (v: number) => number;
  readonly range: readonly [number, number];
  readonly discrete?: boolean;
  /** What the plan must say of the conditional. */
  readonly form?: RegExp;
  readonly options?: CompileOptions;
}

const y = [0.3, 1.4, -0.6, 0.9, 2.1];
const counts = [2, 0, 3, 1];

const exact: readonly Scalar[] = [
  {
    title: 'Normal mean, variance of the data given as precision',
    source: 'data y: real[N] sample v ~ Normal(0.5, 1.2) for n in 0..<N { observe y[n] ~ Normal(v, precision: 2) }',
    data: { y },
    log: (v) => normal(v, 0.5, 1.2) + sum(y, (x) => normal(x, v, Math.SQRT1_2)),
    range: [-3, 4],
    form: /Normal/,
  },
  {
    title: 'Normal slope, used twice',
    source: 'data y: real[N] data x: real[N] sample v ~ Normal(0, 2) for n in 0..<N { observe y[n] ~ Normal(1 + v * x[n] - 0.5 * v, 0.8) }',
    data: { y, x: [1, 2, 0, -1, 0.5] },
    log: (v) => normal(v, 0, 2) + sum(y, (t, i) => normal(t, 1 + v * [1, 2, 0, -1, 0.5][i]! - 0.5 * v, 0.8)),
    range: [-4, 4],
    form: /Normal/,
  },
  {
    title: 'mean of a LogNormal',
    source: 'data y: real[N] sample v ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ LogNormal(v, 0.7) }',
    data: { y: [0.5, 1.2, 3] },
    log: (v) => normal(v, 0, 1) + sum([0.5, 1.2, 3], (x) => normal(Math.log(x), v, 0.7)),
    range: [-3, 3],
    form: /Normal/,
  },
  {
    title: 'Gamma precision',
    source: 'data y: real[N] sample v ~ Gamma(2, 1.5) for n in 0..<N { observe y[n] ~ Normal(0.4, precision: v) }',
    data: { y },
    log: (v) => Math.log(v) - 1.5 * v + sum(y, (x) => 0.5 * Math.log(v) - 0.5 * v * (x - 0.4) ** 2),
    range: [1e-9, 12],
    form: /Gamma/,
  },
  {
    title: 'precision written as an sd 1/sqrt(v)',
    source: 'data y: real[N] sample v ~ Gamma(2, 1.5) for n in 0..<N { observe y[n] ~ Normal(0.4, 1 / sqrt(v)) }',
    data: { y },
    log: (v) => Math.log(v) - 1.5 * v + sum(y, (x) => 0.5 * Math.log(v) - 0.5 * v * (x - 0.4) ** 2),
    range: [1e-9, 12],
    form: /Gamma/,
  },
  {
    title: 'Gamma rate of Poisson counts and an Exponential',
    source:
      'data c: int[N] data t: real sample v ~ Gamma(1.5, 2) for n in 0..<N { observe c[n] ~ Poisson(1.5 * v) } observe t ~ Exponential(v)',
    data: { c: counts, t: 0.7 },
    log: (v) => 0.5 * Math.log(v) - 2 * v + sum(counts, (c) => c * Math.log(v) - 1.5 * v) + Math.log(v) - 0.7 * v,
    range: [1e-9, 8],
    form: /Gamma/,
  },
  {
    title: 'InverseGamma variance',
    source: 'data y: real[N] sample v ~ InverseGamma(6, 4) for n in 0..<N { observe y[n] ~ Normal(0.4, variance: v) }',
    data: { y },
    log: (v) => -7 * Math.log(v) - 4 / v + sum(y, (x) => -0.5 * Math.log(v) - (x - 0.4) ** 2 / (2 * v)),
    range: [1e-6, 60],
    form: /InverseGamma/,
  },
  {
    title: 'InverseGamma under sqrt',
    source: 'data y: real[N] sample v ~ InverseGamma(6, 4) for n in 0..<N { observe y[n] ~ Normal(0.4, sqrt(v)) }',
    data: { y },
    log: (v) => -7 * Math.log(v) - 4 / v + sum(y, (x) => -0.5 * Math.log(v) - (x - 0.4) ** 2 / (2 * v)),
    range: [1e-6, 60],
    form: /InverseGamma/,
  },
  {
    title: 'Beta under Binomial, Geometric, NegativeBinomial and 1 - v',
    source:
      'data k: int data g: int data r: int data b: int sample v ~ Beta(2, 3) observe k ~ Binomial(5, v) observe g ~ Geometric(v) observe r ~ NegativeBinomial(2.5, v) observe b ~ Bernoulli(1 - v)',
    data: { k: 2, g: 3, r: 1, b: 1 },
    log: (v) =>
      Math.log(v) +
      2 * Math.log(1 - v) +
      2 * Math.log(v) +
      3 * Math.log(1 - v) +
      Math.log(v) +
      3 * Math.log(1 - v) +
      2.5 * Math.log(v) +
      Math.log(1 - v) +
      Math.log(1 - v),
    range: [1e-9, 1 - 1e-9],
    form: /Beta/,
  },
  {
    title: 'Uniform(0, 1) under Bernoulli',
    source: 'data b: int[N] sample v ~ Uniform(0, 1) for n in 0..<N { observe b[n] ~ Bernoulli(v) }',
    data: { b: [1, 1, 0, 1] },
    log: (v) => 3 * Math.log(v) + Math.log(1 - v),
    range: [1e-9, 1 - 1e-9],
    form: /Beta/,
  },
  {
    title: 'positive Normal as mean of Normals',
    source: 'data y: real[N] sample v: positive ~ Normal(-1, 1) for n in 0..<N { observe y[n] ~ Normal(v, 1.5) }',
    data: { y: [-0.5, 0.8] },
    log: (v) => normal(v, -1, 1) + normal(-0.5, v, 1.5) + normal(0.8, v, 1.5),
    range: [0, 6],
    form: /truncated Normal/,
  },
  {
    title: 'Normal truncated to an interval',
    source: 'data y: real[N] sample v ~ truncated(Normal(0, 1), -0.5, 0.9) for n in 0..<N { observe y[n] ~ Normal(v, 1.5) }',
    data: { y: [2, 3] },
    log: (v) => normal(v, 0, 1) + normal(2, v, 1.5) + normal(3, v, 1.5),
    range: [-0.5, 0.9],
    form: /truncated Normal/,
  },
  {
    title: 'Uniform mean of Normals',
    source: 'data y: real[N] sample v ~ Uniform(-1, 1.2) for n in 0..<N { observe y[n] ~ Normal(v, 1.5) }',
    data: { y },
    log: (v) => sum(y, (x) => normal(x, v, 1.5)),
    range: [-1, 1.2],
    form: /truncated Normal/,
  },
  {
    title: 'truncated Gamma',
    source: 'data c: int[N] sample v ~ truncated(Gamma(2, 1), 0.5, 1.6) for n in 0..<N { observe c[n] ~ Poisson(v) }',
    data: { c: counts },
    log: (v) => Math.log(v) - v + sum(counts, (c) => c * Math.log(v) - v),
    range: [0.5, 1.6],
    form: /truncated Gamma/,
  },
  {
    title: 'truncated InverseGamma',
    source: 'data y: real[N] sample v ~ truncated(InverseGamma(3, 2), 0.4, 2.5) for n in 0..<N { observe y[n] ~ Normal(0, variance: v) }',
    data: { y },
    log: (v) => -4 * Math.log(v) - 2 / v + sum(y, (x) => normal(x, 0, Math.sqrt(v))),
    range: [0.4, 2.5],
    form: /truncated InverseGamma/,
  },
  {
    title: 'truncated Beta',
    source: 'data k: int sample v ~ truncated(Beta(2, 2), 0.3, 0.6) observe k ~ Binomial(9, v)',
    data: { k: 8 },
    log: (v) => 9 * Math.log(v) + 2 * Math.log(1 - v),
    range: [0.3, 0.6],
    form: /truncated Beta/,
  },
  {
    title: 'Uniform probability between bounds',
    source: 'data k: int sample v ~ Uniform(0.2, 0.7) observe k ~ Binomial(9, v)',
    data: { k: 8 },
    log: (v) => 8 * Math.log(v) + Math.log(1 - v),
    range: [0.2, 0.7],
    form: /truncated Beta/,
  },
  {
    title: 'sd under a Uniform prior',
    source: 'data y: real[N] sample v ~ Uniform(0, 2) for n in 0..<N { observe y[n] ~ Normal(0.4, v) }',
    data: { y },
    log: (v) => sum(y, (x) => normal(x, 0.4, v)),
    range: [1e-3, 2],
    form: /power of a Gamma/,
  },
  {
    title: 'sd between two bounds',
    source: 'data y: real[N] sample v ~ Uniform(0.7, 1.1) for n in 0..<N { observe y[n] ~ Normal(0.4, v) }',
    data: { y },
    log: (v) => sum(y, (x) => normal(x, 0.4, v)),
    range: [0.7, 1.1],
    form: /power of a Gamma/,
  },
  {
    title: 'HalfNormal prior on a rate squared',
    source: 'data c: int[N] sample v ~ HalfNormal(1.5) for n in 0..<N { observe c[n] ~ Poisson(2 * v^2) }',
    data: { c: counts },
    log: (v) => -0.5 * (v / 1.5) ** 2 + sum(counts, (c) => 2 * c * Math.log(v) - 2 * v * v),
    range: [1e-6, 6],
    form: /power of a Gamma/,
  },
  {
    title: 'scale of a Weibull',
    source: 'data y: real[N] param v: positive for n in 0..<N { observe y[n] ~ Weibull(1.5, v) }',
    data: { y: [0.4, 1.1, 0.8, 2.2, 0.3, 1.6, 0.9, 1.2] },
    log: (v) => sum([0.4, 1.1, 0.8, 2.2, 0.3, 1.6, 0.9, 1.2], (x) => -1.5 * Math.log(v) - (x / v) ** 1.5),
    range: [1e-3, 12],
    form: /power of a Gamma/,
  },
  {
    title: 'upper end of a Uniform under a Pareto',
    source: 'data y: real[N] sample v ~ Pareto(1, 6) for n in 0..<N { observe y[n] ~ Uniform(0, v) }',
    data: { y: [0.3, 1.4, 0.9] },
    log: (v) => -10 * Math.log(v),
    range: [1.4, 60],
    form: /Pareto/,
  },
  {
    title: 'upper end of a Uniform between bounds',
    source: 'data y: real[N] sample v ~ Uniform(1, 3) for n in 0..<N { observe y[n] ~ Uniform(0, v) }',
    data: { y: [0.3, 1.4] },
    log: (v) => -2 * Math.log(v),
    range: [1.4, 3],
    form: /Pareto/,
  },
  {
    title: 'a tilted Uniform',
    source: 'sample v ~ Uniform(-1, 2) factor 1.3 * v',
    log: (v) => 1.3 * v,
    range: [-1, 2],
    form: /truncated Exponential/,
  },
  {
    title: 'a Uniform whose bound moves',
    source: 'data y: real sample v ~ Uniform(0, 2) observe y ~ Uniform(v, v + 1)',
    data: { y: 0.7 },
    log: () => 0,
    range: [0, 0.7],
    form: /Uniform/,
  },
  {
    title: 'Exponential cut by data',
    source: 'data y: real sample v ~ Exponential(1.3) observe y ~ Uniform(v, v + 1)',
    data: { y: 1.6 },
    log: (v) => -1.3 * v,
    range: [0.6, 1.6],
    form: /truncated|Uniform/,
  },
  {
    title: 'Laplace prior on a mean',
    source: 'data y: real[N] sample v ~ Laplace(0.3, 0.5) for n in 0..<N { observe y[n] ~ Normal(v, 1.2) }',
    data: { y },
    log: (v) => -Math.abs(v - 0.3) / 0.5 + sum(y, (x) => normal(x, v, 1.2)),
    range: [-4, 5],
    form: /piecewise/,
  },
  {
    title: 'two turning points',
    source: 'data y: real sample v ~ Laplace(-0.5, 1) observe y ~ Normal(v, 1) factor -0.8 * abs(v - 1)',
    data: { y: 0.6 },
    log: (v) => -Math.abs(v + 0.5) + normal(0.6, v, 1) - 0.8 * Math.abs(v - 1),
    range: [-6, 7],
    form: /piecewise/,
  },
  {
    title: 'thinned Poisson',
    source: 'data k: int sample v ~ Poisson(4) observe k ~ Binomial(v, 0.3)',
    data: { k: 2 },
    log: (v) => (v < 2 ? -Infinity : v * Math.log(4) - lgamma(v + 1) + logChoose(v, 2) + (v - 2) * Math.log(0.7)),
    range: [2, 60],
    discrete: true,
    form: /shifted Poisson/,
  },
  {
    title: 'thinned NegativeBinomial',
    source: 'data k: int sample v ~ NegativeBinomial(2.5, 0.4) observe k ~ Binomial(v, 0.3)',
    data: { k: 2 },
    log: (v) => (v < 2 ? -Infinity : lgamma(v + 2.5) - lgamma(v + 1) + v * Math.log(0.6) + logChoose(v, 2) + (v - 2) * Math.log(0.7)),
    range: [2, 200],
    discrete: true,
    form: /shifted NegativeBinomial/,
  },
  {
    title: 'thinned Binomial',
    source: 'data k: int sample v ~ Binomial(9, 0.6) observe k ~ Binomial(v, 0.3)',
    data: { k: 2 },
    log: (v) => (v < 2 ? -Infinity : logChoose(9, v) + v * Math.log(1.5) + logChoose(v, 2) + (v - 2) * Math.log(0.7)),
    range: [0, 9],
    discrete: true,
  },
  {
    title: 'enumeration with an offset',
    source: 'data y: real sample v ~ DiscreteUniform(-2, 3) observe y ~ Normal(v, 1.5)',
    data: { y: 0.8 },
    log: (v) => normal(0.8, v, 1.5),
    range: [-2, 3],
    discrete: true,
  },
];

/** Kernels that move by steps; the same posterior by several kernels. */
const stepped: readonly Scalar[] = [
  ...['slice', 'rw(scale: 1)', 'independent(Normal(0.3, 1))', 'propose(Normal(0.5 * v, 0.8))', 'propose(Uniform(v - 1, v + 2))'].map(
    (kernel): Scalar => ({
      title: `${kernel} on the line`,
      source: 'data c: int[N] sample v ~ Normal(0, 1) for n in 0..<N { observe c[n] ~ Poisson(lograte: v) }',
      data: { c: counts },
      log: (v) => normal(v, 0, 1) + sum(counts, (c) => c * v - Math.exp(v)),
      range: [-5, 4],
      options: { kernels: { v: kernel } },
    }),
  ),
  ...['slice', 'rw(scale: 1)', 'independent(Gamma(3, 2))', 'propose(LogNormal(log(v), 0.6))', 'propose(Gamma(4, 4 / v))'].map(
    (kernel): Scalar => ({
      title: `${kernel} on the positive half-line`,
      source: 'data y: real[N] sample v ~ Gamma(2, 1) for n in 0..<N { observe y[n] ~ Gamma(v, 2) }',
      data: { y: [0.5, 1.2, 0.8] },
      log: (v) => Math.log(v) - v + sum([0.5, 1.2, 0.8], (x) => v * Math.log(2) - lgamma(v) + v * Math.log(x)),
      range: [1e-9, 12],
      options: { kernels: { v: kernel } },
    }),
  ),
  ...['slice', 'rw(scale: 1)', 'independent(Uniform(-1, 2))', 'propose(Normal(0.3 + 0.5 * v, 0.9))', 'independent(Beta(2, 2))']
    .slice(0, 4)
    .map(
      (kernel): Scalar => ({
        title: `${kernel} on an interval`,
        source: 'data y: real[N] sample v ~ Uniform(-1, 2) for n in 0..<N { observe y[n] ~ Normal(sin(2 * v), 0.9) }',
        data: { y: [0.8, 0.3] },
        log: (v) => sum([0.8, 0.3], (x) => normal(x, Math.sin(2 * v), 0.9)),
        range: [-1, 2],
        options: { kernels: { v: kernel } },
      }),
    ),
  ...['slice', 'rw(scale: 1.5)', 'independent(Poisson(3))', 'propose(Poisson(v + 0.5))'].map(
    (kernel): Scalar => ({
      title: `${kernel} on the counts`,
      source: 'data y: real sample v ~ Poisson(2.5) observe y ~ Normal(sqrt(v + 0.5), 0.4)',
      data: { y: 1.9 },
      log: (v) => v * Math.log(2.5) - lgamma(v + 1) + normal(1.9, Math.sqrt(v + 0.5), 0.4),
      range: [0, 60],
      discrete: true,
      options: { kernels: { v: kernel } },
    }),
  ),
  {
    title: 'slice where the bound comes from data',
    source: 'data y: real[N] sample v ~ Exponential(0.5) for n in 0..<N { observe y[n] ~ Uniform(0, v^2 + 0.1) }',
    data: { y: [0.6, 1.3] },
    log: (v) => -0.5 * v - 2 * Math.log(v * v + 0.1),
    range: [Math.sqrt(1.2), 60],
  },
  {
    title: 'a kernel forced on a conjugate unknown',
    source: 'data y: real[N] sample v ~ InverseGamma(6, 4) for n in 0..<N { observe y[n] ~ Normal(0.4, variance: v) }',
    data: { y },
    log: (v) => -7 * Math.log(v) - 4 / v + sum(y, (x) => -0.5 * Math.log(v) - (x - 0.4) ** 2 / (2 * v)),
    range: [1e-6, 60],
    options: { kernels: { v: 'slice' } },
  },
  {
    title: 'a walk within moving bounds',
    source: 'data y: real sample v ~ truncated(Normal(0, 2), -1, inf) observe y ~ Uniform(v, v + 3)',
    data: { y: 1.2 },
    log: (v) => normal(v, 0, 2),
    range: [-1, 1.2],
    options: { backend: 'mh' },
  },
];

function judge(study: Scalar, independent: boolean): void {
  const sampler = compile(study.source, study.data ?? {}, study.options ?? {});
  if (study.form !== undefined) expect(sampler.plan[0]!.reason).toMatch(study.form);
  const count = independent ? 20_000 : 64_000;
  const x = draw(sampler, count, { warmup: independent ? 10 : 2000, seed: study.title }).of('v');
  const law = study.discrete === true ? discreteLaw(study.log, ...study.range) : continuousLaw(study.log, ...study.range);
  expect(Math.abs(zOfMean(x, law.mean, independent))).toBeLessThan(limit);
  expect(Math.abs(zOfVariance(x, law, independent))).toBeLessThan(limit);
  if (independent) expect(kolmogorov(x, law)).toBeLessThan(3);
  // Correlated draws have a larger distance: the limit grows with their inefficiency.
  else {
    const half = Float64Array.from(x, (v) => (v <= law.mean ? 1 : 0));
    expect(Math.abs(zOfMean(half, law.cdf(law.mean), false))).toBeLessThan(limit);
    // A kernel that hardly moves would pass any test of its mean: its standard error must be small.
    let moved = 0;
    for (let i = 1; i < count; i++) if (x[i] !== x[i - 1]) moved++;
    expect(moved / count).toBeGreaterThan(0.1);
  }
}

describe('exact draws from closed forms', () => {
  test.each(exact)('$title', (study) => {
    judge(study, true);
  });
});
describe('slice and Metropolis steps', () => {
  test.each(stepped)('$title', (study) => {
    judge(study, false);
  });
});
