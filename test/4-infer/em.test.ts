/**
 * Expectation maximisation against formulas written out here: equations of mixtures and regressions,
 * k-means, enumeration of small chains, dense Gaussians. Nothing is compared with the code's own output.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { em } from '../../src/4-infer/em/index.js';
import { exact } from '../../src/4-infer/exact/index.js';
import { EmProgram } from '../../src/4-infer/em/program.js';
import type { RunResult } from '../../src/4-infer/posterior.js';
import type { PointOptions } from '../../src/4-infer/variational/factors/factor.js';
import { boundModel, type Data } from './caviMachine.js';
import { oneChain } from './oneChain.js';

const plain: PointOptions = { maximised: new Set(), damping: 0, inflate: 0, gradient: true };

function machine(
  source: string,
  data: Data,
  init: Readonly<Record<string, readonly number[]>>,
  points: Partial<PointOptions> = {},
  hard = false,
): EmProgram {
  const program = new EmProgram(boundModel(source, data), '1', new Map(), { ...plain, ...points }, hard);
  program.initialise();
  program.setEstimates(new Map(Object.entries(init).map(([name, values]) => [name, Float64Array.from(values)])));
  return program;
}
function read(program: EmProgram, name: string): readonly number[] {
  return [...program.memory.get(name)!];
}

async function run(
  source: string,
  data: Data,
  options: Readonly<Record<string, string>> = {},
  init: Readonly<Record<string, unknown>> | null = null,
): Promise<RunResult> {
  return em.run(boundModel(source, data), source, oneChain({ options, init }));
}
function mean(result: RunResult, name: string): readonly number[] {
  const form = result.variables.find((v) => v.name === name)!.result;
  if (form.form !== 'closed') throw new Error(`${name} is not in closed form`);
  return [...form.mean];
}
function close(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((a, k) => {
    expect(Math.abs(a - expected[k]!), `element ${k}: ${a} against ${expected[k]}`).toBeLessThan(tolerance * (1 + Math.abs(expected[k]!)));
  });
}

const gaussianMixture = `data x: real[N, D]  data K: int
  param pi: simplex[K]
  for k in 0..<K { param mu[k]: real[D]  param Sigma[k]: cov[D] }
  for n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ MvNormal(mu[z[n]], Sigma[z[n]]) }`;
const scalarMixture = `data x: real[N]  data K: int
  param pi: simplex[K]
  for k in 0..<K { param mu[k]: real  param s[k]: positive }
  for n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ Normal(mu[z[n]], s[z[n]]) }`;

/** Numbers that look random and are the same everywhere. */
function noise(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  });
}
const points: readonly (readonly [number, number])[] = noise(120, 7)
  .slice(0, 60)
  .map((u, n) => [2 * u + (n % 3) * 2.5, noise(120, 99)[n]! * 3 - (n % 3)]);

interface Mixture {
  readonly pi: readonly number[];
  readonly mu: readonly (readonly number[])[];
  readonly sigma: readonly (readonly number[])[];
}
const begun: Mixture = {
  pi: [0.3, 0.3, 0.4],
  mu: [
    [0, 0],
    [3, 0],
    [5, -1],
  ],
  sigma: [
    [1, 0.2, 0.2, 1],
    [2, 0, 0, 1],
    [1, -0.3, -0.3, 0.8],
  ],
};
function logNormal2(x: readonly number[], mu: readonly number[], s: readonly number[]): number {
  const [a, b, , d] = s as [number, number, number, number];
  const det = a * d - b * b,
    u = x[0]! - mu[0]!,
    v = x[1]! - mu[1]!;
  return -Math.log(2 * Math.PI) - 0.5 * Math.log(det) - (0.5 * (d * u * u - 2 * b * u * v + a * v * v)) / det;
}
/** Responsibilities (eq. 2.12 of the notes) and log-likelihood. */
function responsibilities(m: Mixture): { readonly r: readonly (readonly number[])[]; readonly logLikelihood: number } {
  let logLikelihood = 0;
  const r = points.map((x) => {
    const w = m.pi.map((p, k) => p * Math.exp(logNormal2(x, m.mu[k]!, m.sigma[k]!)));
    const total = w.reduce((a, b) => a + b);
    logLikelihood += Math.log(total);
    return w.map((v) => v / total);
  });
  return { r, logLikelihood };
}
/** Equations 2.13 to 2.15. */
function maximise(r: readonly (readonly number[])[]): Mixture {
  const K = r[0]!.length,
    pi: number[] = [],
    mu: number[][] = [],
    sigma: number[][] = [];
  for (let k = 0; k < K; k++) {
    const total = r.reduce((s, row) => s + row[k]!, 0);
    const m = [0, 1].map((i) => r.reduce((s, row, n) => s + row[k]! * points[n]![i]!, 0) / total);
    pi.push(total / points.length);
    mu.push(m);
    sigma.push(
      [0, 1].flatMap((i) =>
        [0, 1].map((j) => r.reduce((s, row, n) => s + row[k]! * (points[n]![i]! - m[i]!) * (points[n]![j]! - m[j]!), 0) / total),
      ),
    );
  }
  return { pi, mu, sigma };
}

describe('a Gaussian mixture', () => {
  const data = { x: points, K: 3 };
  const start = { pi: begun.pi, mu: begun.mu.flat(), Sigma: begun.sigma.flat() };

  it('follows the equations exactly at each of ten iterations, and log p = ELBO + KL', () => {
    const program = machine(gaussianMixture, data, start);
    let truth = begun;
    program.expectation();
    let posterior = responsibilities(truth);
    for (let i = 0; i < 10; i++) {
      close(read(program, 'E|z=|1'), posterior.r.flat(), 1e-10);
      expect(program.objective()).toBeCloseTo(posterior.logLikelihood, 9);
      truth = maximise(posterior.r);
      program.maximisation();
      close(read(program, 'pi'), truth.pi, 1e-10);
      close(read(program, 'mu'), truth.mu.flat(), 1e-10);
      close(read(program, 'Sigma'), truth.sigma.flat(), 1e-9);
      const next = responsibilities(truth);
      // Between the steps the bound lies below the log-likelihood by KL(old posterior, new posterior).
      const divergence = posterior.r.reduce(
        (s, row, n) => s + row.reduce((t, p, k) => (p > 0 ? t + p * Math.log(p / next.r[n]![k]!) : t), 0),
        0,
      );
      expect(Math.abs(program.objective() + divergence - next.logLikelihood)).toBeLessThan(1e-9 * Math.abs(next.logLikelihood));
      program.expectation();
      posterior = next;
    }
  });

  it('traces a log-likelihood that never falls and a bound below it', async () => {
    const r = await run(gaussianMixture, data);
    const trace = r.traces.logLikelihood!;
    for (let i = 1; i < trace.length; i++) expect(trace[i]!).toBeGreaterThanOrEqual(trace[i - 1]! - 1e-9 * Math.abs(trace[i]!));
    r.traces.elbo!.forEach((bound, i) => {
      expect(bound).toBeLessThanOrEqual(trace[i + 1]! + 1e-9 * Math.abs(bound));
    });
    expect(r.converged).toBe(true);
    expect(r.logLikelihood).toBe(trace[trace.length - 1]);
    expect(r.logJoint).toBeNull();
  });

  it('has the same likelihood under all relabelings', () => {
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const program = machine(gaussianMixture, data, {
        pi: order.map((k) => begun.pi[k]!),
        mu: order.flatMap((k) => begun.mu[k]!),
        Sigma: order.flatMap((k) => begun.sigma[k]!),
      });
      program.expectation();
      expect(program.objective()).toBeCloseTo(responsibilities(begun).logLikelihood, 9);
    }
  });

  it('pools a tied covariance; diagonal and spherical ones fall out of how they are written', () => {
    const shapes: readonly (readonly [string, string, (s: readonly (readonly number[])[], n: readonly number[]) => readonly number[]])[] = [
      ['param S: cov[D]', 'S', (s, n) => [0, 1, 2, 3].map((i) => s.reduce((t, v, k) => t + n[k]! * v[i]!, 0))],
      ['param v: positive[D]', 'diag(v)', (s, n) => [0, 3].map((i) => s.reduce((t, c, k) => t + n[k]! * c[i]!, 0))],
      ['param v: positive', 'v * eye(D)', (s, n) => [s.reduce((t, c, k) => t + (n[k]! * (c[0]! + c[3]!)) / 2, 0)]],
      ['param sd: positive', 'sd^2 * eye(D)', (s, n) => [Math.sqrt(s.reduce((t, c, k) => t + (n[k]! * (c[0]! + c[3]!)) / 2, 0))]],
    ];
    for (const [declared, used, expected] of shapes) {
      const source = `data x: real[N, D]  data K: int  param pi: simplex[K]  ${declared}  for k in 0..<K { param mu[k]: real[D] }
        for n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ MvNormal(mu[z[n]], ${used}) }`;
      const name = /param (\w+):/.exec(declared)![1]!;
      const unit: Record<string, readonly number[]> = { S: [1, 0, 0, 1], v: declared.includes('[D]') ? [1, 1] : [1], sd: [1] };
      const program = machine(source, data, { pi: begun.pi, mu: begun.mu.flat(), [name]: unit[name]! });
      program.expectation();
      const same = { ...begun, sigma: begun.mu.map(() => [1, 0, 0, 1]) };
      const truth = maximise(responsibilities(same).r);
      program.maximisation();
      close(read(program, name), expected(truth.sigma, truth.pi), 1e-9);
    }
  });

  it('keeps eigenvalues above a floor and adds what it is told to', () => {
    const floored = gaussianMixture.replace('cov[D]', 'cov[D](floor: 0.9)');
    const program = machine(floored, data, start);
    program.expectation();
    program.maximisation();
    const truth = maximise(responsibilities(begun).r);
    truth.sigma.forEach(([a, b, , d], k) => {
      // Eigenvalues of a symmetric 2 x 2 matrix.
      const half = (a! + d!) / 2,
        root = Math.sqrt(((a! - d!) / 2) ** 2 + b! * b!);
      const [s, t, , u] = read(program, 'Sigma').slice(4 * k, 4 * k + 4);
      const h = (s! + u!) / 2,
        q = Math.sqrt(((s! - u!) / 2) ** 2 + t! * t!);
      expect(h + q).toBeCloseTo(Math.max(0.9, half + root), 9);
      expect(h - q).toBeCloseTo(Math.max(0.9, half - root), 9);
    });
    const inflated = machine(gaussianMixture, data, start, { inflate: 0.25 });
    inflated.expectation();
    inflated.maximisation();
    close(
      read(inflated, 'Sigma'),
      truth.sigma.flatMap(([a, b, c, d]) => [a! + 0.25, b!, c!, d! + 0.25]),
      1e-9,
    );
  });

  it('finds the mode under Dirichlet, Normal and inverse Wishart priors', async () => {
    const source = `data x: real[N, D]  data K: int
      sample pi ~ Dirichlet(fill(3, K))
      for k in 0..<K { sample mu[k] ~ MvNormal([1, -1], 4 * eye(D))  sample Sigma[k] ~ InverseWishart(7, [[2, 0.5], [0.5, 1]]) }
      for n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ MvNormal(mu[z[n]], Sigma[z[n]]) }`;
    const r = await run(source, data, { maximize: 'pi,mu,Sigma' });
    const pi = mean(r, 'pi'),
      mu = [0, 1, 2].map((k) => mean(r, 'mu').slice(2 * k, 2 * k + 2)),
      sigma = [0, 1, 2].map((k) => mean(r, 'Sigma').slice(4 * k, 4 * k + 4));
    const { r: weights, logLikelihood } = responsibilities({ pi, mu, sigma });
    for (let k = 0; k < 3; k++) {
      const n = weights.reduce((s, row) => s + row[k]!, 0);
      expect(pi[k]).toBeCloseTo((n + 2) / (points.length + 6), 7);
      // (1/4 + n S^-1) mu = m0/4 + S^-1 sum r x, times S.
      const sum = [0, 1].map((i) => weights.reduce((s, row, j) => s + row[k]! * points[j]![i]!, 0)),
        [a, b, , d] = sigma[k] as [number, number, number, number];
      const from = [a * 1 + b * -1, b * 1 + d * -1].map((v, i) => v / 4 + sum[i]!),
        m = mu[k]!;
      const left = [(a / 4 + n) * m[0]! + (b / 4) * m[1]!, (b / 4) * m[0]! + (d / 4 + n) * m[1]!];
      close(left, from, 1e-6);
      const scatter = [0, 1].flatMap((i) =>
        [0, 1].map((j) => weights.reduce((s, row, t) => s + row[k]! * (points[t]![i]! - m[i]!) * (points[t]![j]! - m[j]!), 0)),
      );
      close(
        sigma[k]!,
        scatter.map((s, i) => (s + [2, 0.5, 0.5, 1][i]!) / (n + 7 + 2 + 1)),
        1e-6,
      );
    }
    expect(r.logLikelihood).toBeCloseTo(logLikelihood, 6);
    expect(r.logJoint!).toBeLessThan(r.logLikelihood! + 20);
    const joint = r.traces.logJoint!;
    for (let i = 1; i < joint.length; i++) expect(joint[i]!).toBeGreaterThanOrEqual(joint[i - 1]! - 1e-9 * Math.abs(joint[i]!));
  });

  it('names a component that collapses on a datum, and reports numbers', async () => {
    const r = await run(
      scalarMixture,
      { x: [0.1, 0.5, 1.2, 3.3, 3.4, 7, 2.2, 5.5], K: 2 },
      {},
      { pi: [0.5, 0.5], mu: [7, 2], s: [0.1, 3] },
    );
    expect(r.converged).toBe(false);
    expect(r.warnings[0]!.code).toBe('collapsed');
    expect(r.warnings[0]!.message).toMatch(/^s\[0\] has collapsed/);
    for (const name of ['pi', 'mu', 's']) for (const v of mean(r, name)) expect(Number.isFinite(v)).toBe(true);
    expect(Number.isFinite(r.logLikelihood)).toBe(true);
  });

  it('keeps a scale above its lower bound, or a precision below its upper one, where a component sits on one datum', async () => {
    const x = [-1.2, -0.4, 0.1, 0.3, 0.9, 1.4, 2.2, 2.9, 3.1, 7.5];
    for (const [declared, used, bound] of [
      ['interval(0.1, inf)', 's[z[n]]', 0.1],
      ['interval(0, 100)', 'precision: s[z[n]]', 100],
      ['interval(0.01, inf)', 'variance: s[z[n]]', 0.01],
    ] as const) {
      const r = await run(scalarMixture.replace('positive', declared).replace('s[z[n]])', `${used})`), { x, K: 2 });
      expect(r.converged).toBe(true);
      // The last datum has a component of its own, to rounding; the others share one normal law.
      const own = x.slice(0, 9),
        m = own.reduce((a, b) => a + b) / 9,
        v = own.reduce((a, b) => a + (b - m) ** 2, 0) / 9;
      close(mean(r, 'mu'), [m, 7.5], 1e-4);
      expect(mean(r, 's')[1]).toBeCloseTo(bound, 12);
      const logLikelihood = 9 * Math.log(0.9) + Math.log(0.1) - 5 * Math.log(2 * Math.PI) - 4.5 * Math.log(v) - 4.5 - Math.log(0.1);
      expect(r.logLikelihood!).toBeCloseTo(logLikelihood, 3);
    }
  });

  it('finds components that have rates or probabilities in place of means from its own starts', async () => {
    const y = [0, 1, 0, 2, 1, 0, 8, 9, 7, 12, 10, 1, 0, 6],
      logFactorial = (n: number): number => (n < 2 ? 0 : Math.log(n) + logFactorial(n - 1));
    let p = 0.5,
      rates: readonly [number, number] = [1, 9],
      total = 0;
    for (let i = 0; i < 500; i++) {
      const terms = y.map(
        (v) => [Math.log(1 - p), Math.log(p)].map((w, k) => w + v * Math.log(rates[k]!) - rates[k]! - logFactorial(v)) as [number, number],
      );
      total = terms.reduce((s, [a, b]) => s + Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))), 0);
      const r = terms.map(([a, b]) => 1 / (1 + Math.exp(a - b))),
        n = r.reduce((a, b) => a + b);
      rates = [y.reduce((s, v, j) => s + (1 - r[j]!) * v, 0) / (y.length - n), y.reduce((s, v, j) => s + r[j]! * v, 0) / n];
      p = n / y.length;
    }
    const poisson = await run(
      `data x: int[N]  data K: int  param pi: simplex[K]  for k in 0..<K { param rate[k]: positive }
      for n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ Poisson(rate[z[n]]) }`,
      { x: y, K: 2 },
    );
    close(mean(poisson, 'rate'), rates, 1e-7);
    expect(poisson.logLikelihood).toBeCloseTo(total, 8);

    // Two patterns of 30 pixels with no pixel in common: components are the patterns, pixels that are always off stay off.
    const x = noise(40, 17).map((u, n) => noise(30, 100 + n).map((v, d) => Number(d < 20 && v < 0.8 && d < 10 === u < 0.4)));
    const images = await run(
      `data x: int[N, D]  data K: int  param pi: simplex[K]  for k in 0..<K, d in 0..<D { param p[k, d]: unit }
      for n in 0..<N { sample z[n] ~ Categorical(pi)  for d in 0..<D { observe x[n, d] ~ Bernoulli(p[z[n], d]) } }`,
      { x, K: 2 },
    );
    const first = x.filter((row) => row.slice(0, 10).some((v) => v === 1)),
      second = x.filter((row) => !first.includes(row)),
      average = (rows: readonly (readonly number[])[]): readonly number[] =>
        rows[0]!.map((_, d) => rows.reduce((s, row) => s + row[d]!, 0) / rows.length);
    close(mean(images, 'p'), [...average(second), ...average(first)], 1e-9);
  });

  it('finds a maximum of three components of the iris data from its own starts as high as that of mclust, which k-means++ alone does not', async () => {
    // library(mclust); Mclust(iris[, 1:4], 3, "VVV", control = emControl(tol = c(1e-12, 1e-12)))$loglik is -180.1855.
    const rows = readFileSync(new URL('../../examples/24-k-means/iris.csv', import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').slice(0, 4).map(Number));
    for (const seed of ['1', '2', '3']) {
      const r = await em.run(boundModel(gaussianMixture, { x: rows, K: 3 }), gaussianMixture, oneChain({ seed }));
      expect(r.logLikelihood!).toBeGreaterThan(-180.1855 - 5e-5);
    }
  });
});

describe('hard assignments', () => {
  const source = `data x: real[N, D]  data K: int  data v: positive
    for k in 0..<K { param mu[k]: real[D] }
    for n in 0..<N { sample z[n] ~ Categorical(fill(1 / K, K))  observe x[n] ~ MvNormal(mu[z[n]], v * eye(D)) }`;
  const begin = [
    [0, 0],
    [3, 0],
    [5, -1],
  ];

  /** Lloyd's algorithm (equations 2.3 and 2.4 of the notes). */
  function lloyd(): { readonly means: readonly (readonly number[])[]; readonly steps: number } {
    let means = begin;
    for (let steps = 1; ; steps++) {
      const nearest = points.map((x) => means.map((m) => (x[0] - m[0]!) ** 2 + (x[1] - m[1]!) ** 2)).map((d) => d.indexOf(Math.min(...d)));
      const next = means.map((m, k) => {
        const own = points.filter((_, n) => nearest[n] === k);
        return own.length === 0 ? m : [0, 1].map((i) => own.reduce((s, x) => s + x[i]!, 0) / own.length);
      });
      if (next.every((m, k) => m.every((v, i) => v === means[k]![i]))) return { means, steps };
      means = next;
    }
  }

  it('are k-means, in a finite number of steps', async () => {
    const r = await run(source, { x: points, K: 3, v: 0.5 }, { hard: 'true' }, { mu: begin });
    const truth = lloyd();
    // Results list components by their first mean.
    close(mean(r, 'mu'), [...truth.means].sort((a, b) => a[0]! - b[0]!).flat(), 1e-12);
    expect(r.traces.logJoint!.length).toBeLessThanOrEqual(truth.steps + 3);
    const within = points.reduce((s, x) => s + Math.min(...truth.means.map((m) => (x[0] - m[0]!) ** 2 + (x[1] - m[1]!) ** 2)), 0);
    expect(r.logJoint).toBeCloseTo(points.length * (Math.log(1 / 3) - Math.log(2 * Math.PI * 0.5)) - within / (2 * 0.5), 8);
  });

  it('are the limit of soft ones as the variance goes to 0', async () => {
    const truth = [...lloyd().means].sort((a, b) => a[0]! - b[0]!).flat();
    let last = Infinity;
    for (const v of [0.1, 0.01, 0.001]) {
      const soft = mean(await run(source, { x: points, K: 3, v }, {}, { mu: begin }), 'mu');
      const distance = Math.max(...soft.map((m, i) => Math.abs(m - truth[i]!)));
      expect(distance).toBeLessThan(last);
      last = distance;
    }
    expect(last).toBeLessThan(1e-3);
  });

  it('never lower the classification log-likelihood of a chain, whose assignment is the most probable path', () => {
    const chain = `data y: real[T]  data K: int  param rho: simplex[K]
      for k in 0..<K { param A[k]: simplex[K]  param m[k]: real }
      sample z[0] ~ Categorical(rho)  for t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) }
      for t in 0..<T { observe y[t] ~ Normal(m[z[t]], 1) }`;
    const y = [0.1, 0.3, 2.2, 1.9, 1.1, 0.2, 2.5];
    const program = machine(chain, { y, K: 2 }, { rho: [0.6, 0.4], A: [0.7, 0.3, 0.4, 0.6], m: [0.5, 1.5] }, {}, true);
    program.expectation();
    const rho = [0.6, 0.4],
      A = [
        [0.7, 0.3],
        [0.4, 0.6],
      ],
      m = [0.5, 1.5];
    let best = -Infinity,
      path: readonly number[] = [];
    for (let code = 0; code < 2 ** y.length; code++) {
      const z = y.map((_, t) => (code >> t) & 1);
      const value = z.reduce(
        (s, k, t) => s + Math.log(t === 0 ? rho[k]! : A[z[t - 1]!]![k]!) - 0.5 * Math.log(2 * Math.PI) - 0.5 * (y[t]! - m[k]!) ** 2,
        0,
      );
      if (value > best) {
        best = value;
        path = z;
      }
    }
    expect(program.objective()).toBeCloseTo(best, 10);
    close(
      read(program, 'E|z=|1'),
      path.flatMap((k) => [1 - k, k]),
      1e-15,
    );
    let last = program.objective();
    for (let i = 0; i < 5; i++) {
      program.maximisation();
      program.expectation();
      expect(program.objective()).toBeGreaterThanOrEqual(last - 1e-10);
      last = program.objective();
    }
  });
});

describe('other systems', () => {
  it('a mixture of Bernoullis: mu_k = sum r x / N_k', () => {
    const x = noise(60, 5).map((u) => Number(u < 0.4)),
      rows = Array.from({ length: 20 }, (_, n) => x.slice(3 * n, 3 * n + 3));
    const source = `data x: int[N, D]  data K: int  param pi: simplex[K]  for k in 0..<K, d in 0..<D { param p[k, d]: unit }
      for n in 0..<N { sample z[n] ~ Categorical(pi)  for d in 0..<D { observe x[n, d] ~ Bernoulli(p[z[n], d]) } }`;
    const pi = [0.4, 0.6],
      p = [
        [0.3, 0.6, 0.2],
        [0.5, 0.1, 0.7],
      ];
    const program = machine(source, { x: rows, K: 2 }, { pi, p: p.flat() });
    program.expectation();
    const r = rows.map((row) => {
      const w = pi.map((q, k) => row.reduce((s, v, d) => s * (v === 1 ? p[k]![d]! : 1 - p[k]![d]!), q));
      return w.map((v) => v / (w[0]! + w[1]!));
    });
    close(read(program, 'E|z=|1'), r.flat(), 1e-12);
    program.maximisation();
    close(
      read(program, 'p'),
      [0, 1].flatMap((k) =>
        [0, 1, 2].map((d) => r.reduce((s, row, n) => s + row[k]! * rows[n]![d]!, 0) / r.reduce((s, row) => s + row[k]!, 0)),
      ),
      1e-12,
    );
  });

  it("hyper-parameters of a regression: alpha = M / (m'm + tr S), 1 / beta = (|t - Phi m|^2 + tr(Phi'Phi S)) / N", () => {
    const phi = noise(24, 3).map((u, i) => [1, u, (i % 5) / 5]),
      t = noise(24, 11).map((u, i) => 1 + 2 * phi[i]![1]! - u);
    const source = `data Phi: real[N, M]  data t: real[N]  param alpha: positive  param beta: positive
      sample w ~ MvNormal(zeros(M), precision: alpha * eye(M))
      for n in 0..<N { observe t[n] ~ Normal(Phi[n] @ w, precision: beta) }`;
    let alpha = 0.7,
      beta = 2;
    const program = machine(source, { Phi: phi, t }, { alpha: [alpha], beta: [beta] });
    for (let i = 0; i < 4; i++) {
      program.expectation();
      // S = (alpha I + beta Phi'Phi)^-1 by Cramer's rule, m = beta S Phi't.
      const G = [0, 1, 2].map((a) => [0, 1, 2].map((b) => phi.reduce((s, row) => s + row[a]! * row[b]!, 0)));
      const P = G.map((row, a) => row.map((v, b) => beta * v + (a === b ? alpha : 0)));
      const minor = (a: number, b: number): number => {
        const r = [0, 1, 2].filter((v) => v !== a),
          c = [0, 1, 2].filter((v) => v !== b);
        return (P[r[0]!]![c[0]!]! * P[r[1]!]![c[1]!]! - P[r[0]!]![c[1]!]! * P[r[1]!]![c[0]!]!) * ((a + b) % 2 === 0 ? 1 : -1);
      };
      const det = [0, 1, 2].reduce((s, b) => s + P[0]![b]! * minor(0, b), 0);
      const S = [0, 1, 2].map((a) => [0, 1, 2].map((b) => minor(b, a) / det));
      const m = S.map((row) => beta * row.reduce((s, v, b) => s + v * phi.reduce((u, x, n) => u + x[b]! * t[n]!, 0), 0));
      close(read(program, 'E|w|x_i'), m, 1e-10);
      const logEvidence =
        1.5 * Math.log(alpha) +
        12 * Math.log(beta) -
        12 * Math.log(2 * Math.PI) -
        0.5 * Math.log(det) -
        0.5 * beta * phi.reduce((s, x, n) => s + (t[n]! - x.reduce((u, v, b) => u + v * m[b]!, 0)) ** 2, 0) -
        0.5 * alpha * m.reduce((s, v) => s + v * v, 0);
      expect(program.objective()).toBeCloseTo(logEvidence, 9);
      alpha = 3 / (m.reduce((s, v) => s + v * v, 0) + S[0]![0]! + S[1]![1]! + S[2]![2]!);
      const residual = phi.reduce((s, x, n) => s + (t[n]! - x.reduce((u, v, b) => u + v * m[b]!, 0)) ** 2, 0);
      beta = 24 / (residual + [0, 1, 2].reduce((s, a) => s + [0, 1, 2].reduce((u, b) => u + G[a]![b]! * S[b]![a]!, 0), 0));
      program.maximisation();
      close(read(program, 'alpha'), [alpha], 1e-9);
      close(read(program, 'beta'), [beta], 1e-9);
    }
  });

  it('a hidden Markov chain: the posterior of pairs by enumeration, expected transitions normalised', () => {
    const source = `data y: int[T]  data K: int  param rho: simplex[K]
      for k in 0..<K { param A[k]: simplex[K]  param lambda[k]: positive }
      sample z[0] ~ Categorical(rho)  for t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) }
      for t in 0..<T { observe y[t] ~ Poisson(lambda[z[t]]) }`;
    const y = [1, 0, 4, 6, 2, 5, 0],
      rho = [0.5, 0.3, 0.2],
      A = [
        [0.6, 0.3, 0.1],
        [0.2, 0.5, 0.3],
        [0.3, 0.3, 0.4],
      ],
      lambda = [1, 3, 5];
    const program = machine(source, { y, K: 3 }, { rho, A: A.flat(), lambda });
    program.expectation();
    const logFactorial = (n: number): number => (n < 2 ? 0 : Math.log(n) + logFactorial(n - 1));
    const pairs = [0, 1, 2].map(() => [0, 0, 0]),
      single = y.map(() => [0, 0, 0]);
    let total = 0;
    for (let code = 0; code < 3 ** y.length; code++) {
      const z = y.map((_, t) => Math.floor(code / 3 ** t) % 3);
      const p = Math.exp(
        z.reduce(
          (s, k, t) =>
            s + Math.log(t === 0 ? rho[k]! : A[z[t - 1]!]![k]!) + y[t]! * Math.log(lambda[k]!) - lambda[k]! - logFactorial(y[t]!),
          0,
        ),
      );
      total += p;
      z.forEach((k, t) => {
        single[t]![k]! += p;
        if (t > 0) pairs[z[t - 1]!]![k]! += p;
      });
    }
    expect(program.objective()).toBeCloseTo(Math.log(total), 10);
    close(
      read(program, 'E|z=|1'),
      single.flat().map((v) => v / total),
      1e-10,
    );
    program.maximisation();
    close(
      read(program, 'rho'),
      single[0]!.map((v) => v / total),
      1e-10,
    );
    close(
      read(program, 'A'),
      pairs.flatMap((row) => row.map((v) => v / row.reduce((a, b) => a + b))),
      1e-10,
    );
    close(
      read(program, 'lambda'),
      [0, 1, 2].map((k) => single.reduce((s, row, t) => s + row[k]! * y[t]!, 0) / single.reduce((s, row) => s + row[k]!, 0)),
      1e-10,
    );
  });

  it('a chain with impossible transitions: the likelihood by enumeration, at its maximum', async () => {
    const P = [
        [0.7, 0.2, 0.1],
        [0, 0.9, 0.1],
        [0.2, 0, 0.8],
      ],
      y = [-0.8, -1.3, 0.2, 0.4, 0.9, 1.4, -0.7];
    const source =
      'data y: real[T] data P: real[3, 3] param s: positive sample z[0] ~ Categorical([0.3, 0, 0.7]) for t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) } for t in 0..<T { observe y[t] ~ Normal(z[t] - 1, s) }';
    const logLikelihood = (s: number): number => {
      let total = 0;
      for (let code = 0; code < 3 ** y.length; code++) {
        const z = y.map((_, t) => Math.floor(code / 3 ** t) % 3);
        let p = [0.3, 0, 0.7][z[0]!]!;
        z.forEach((k, t) => {
          if (t > 0) p *= P[z[t - 1]!]![k]!;
          p *= Math.exp(-0.5 * ((y[t]! - k + 1) / s) ** 2) / (s * Math.sqrt(2 * Math.PI));
        });
        total += p;
      }
      return Math.log(total);
    };
    const result = await run(source, { y, P }),
      [s] = mean(result, 's') as [number];
    expect(result.warnings).toEqual([]);
    expect(result.logLikelihood).toBeCloseTo(logLikelihood(s), 9);
    for (const d of [-1e-3, 1e-3]) expect(logLikelihood(s + d)).toBeLessThan(logLikelihood(s));
  });

  it('variances of the local level model: the maximum of the likelihood by a Kalman filter', async () => {
    let level = 0;
    const y = noise(50, 21).map((u, t) => {
      level += u - 0.5;
      return level + 0.3 * Math.sin(9 * t);
    });
    const source = `data y: real[T]  param se: positive  param sl: positive
      sample mu[0] ~ Normal(0, 2)  for t in 1..<T { sample mu[t] ~ Normal(mu[t-1], sl) }
      for t in 0..<T { observe y[t] ~ Normal(mu[t], se) }`;
    const kalman = (se: number, sl: number): number => {
      let m = 0,
        P = 4,
        total = 0;
      y.forEach((v, t) => {
        if (t > 0) P += sl * sl;
        const F = P + se * se,
          e = v - m;
        total -= 0.5 * (Math.log(2 * Math.PI * F) + (e * e) / F);
        m += (P / F) * e;
        P *= (se * se) / F;
      });
      return total;
    };
    const r = await run(source, { y }, {}, { se: 0.5, sl: 0.5 });
    const [se] = mean(r, 'se'),
      [sl] = mean(r, 'sl');
    expect(r.logLikelihood).toBeCloseTo(kalman(se!, sl!), 8);
    for (const [a, b] of [
      [1.001, 1],
      [0.999, 1],
      [1, 1.001],
      [1, 0.999],
    ])
      expect(kalman(se! * a!, sl! * b!)).toBeLessThan(r.logLikelihood! + 1e-9);
  });

  it('coefficients of perfectly separated groups, which have no maximum, are named; ordinary ones are not', async () => {
    const source = 'data x: real[N] data k: int[N] param b: real for n in 0..<N { observe k[n] ~ Bernoulli(logit: b * x[n]) }';
    const apart = await run(source, { x: [-2, -1, 1, 2], k: [0, 0, 1, 1] });
    expect(apart.warnings.map((w) => [w.code, w.message.split(' ')[0]])).toEqual([['edge-of-range', 'b']]);
    expect(apart.converged).toBe(false);
    // In units of 1e-3 the slope is large, and found: sum x k = sum x sigmoid(b x).
    const x = [-2, -1, 1, 2, -0.5, 0.5].map((v) => v * 1e-3),
      k = [0, 0, 1, 1, 1, 0];
    const r = await run(source, { x, k }),
      [b] = mean(r, 'b') as [number];
    expect(r.warnings).toEqual([]);
    expect(b).toBeGreaterThan(100);
    expect(Math.abs(x.reduce((s, v, n) => s + v * (k[n]! - 1 / (1 + Math.exp(-b * v))), 0))).toBeLessThan(1e-8);
  });

  it('ordered means by the gradient: the maximum that mclust finds without an order', async () => {
    // x <- c(-3, 0, 4)[n %% 3 + 1] + 1.2 * sin(7.7 * n * n); Mclust(x, 3, "E", control = emControl(tol = c(1e-15, 1e-15)))
    const x = Array.from({ length: 60 }, (_, n) => [-3, 0, 4][n % 3]! + 1.2 * Math.sin(7.7 * n * n));
    const source =
      'data x: real[N] param c: ordered[3] param s: positive param pi: simplex[3] for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ Normal(c[z[n]], s) }';
    const r = await run(source, { x });
    expect(r.logLikelihood).toBeCloseTo(-136.35744125, 6);
    close(mean(r, 'c'), [-3.00487239, -0.25054151, 4.22877491], 1e-4);
  });

  it('damping forgets the natural parameters of other starts', async () => {
    const r = await run(gaussianMixture, { x: points, K: 3 }, { damping: '0.9', restarts: '6' });
    expect(r.warnings.map((w) => w.code)).toEqual([]);
    r.traces.logLikelihood!.forEach((l, k, all) => {
      if (k > 0) expect(l - all[k - 1]!).toBeGreaterThan(-1e-9 * (1 + Math.abs(l)));
    });
  });

  it('parameters without a closed maximum move along the gradient: shape of a Gamma, degrees of freedom', async () => {
    const x = noise(40, 13).map((u) => -Math.log(1 - u) * 2 + 0.2);
    const r = await run('data x: real[N]  param a: positive  param b: positive  for n in 0..<N { observe x[n] ~ Gamma(a, b) }', { x });
    const [a] = mean(r, 'a'),
      [b] = mean(r, 'b'),
      average = x.reduce((s, v) => s + v) / x.length;
    expect(a! / b!).toBeCloseTo(average, 6);
    // digamma(a) - log a = mean log x - log mean x; digamma by differences of the log-gamma series.
    const digamma = (v: number): number =>
      v < 8 ? digamma(v + 1) - 1 / v : Math.log(v) - 1 / (2 * v) - 1 / (12 * v ** 2) + 1 / (120 * v ** 4) - 1 / (252 * v ** 6);
    expect(digamma(a!) - Math.log(a!)).toBeCloseTo(x.reduce((s, v) => s + Math.log(v), 0) / x.length - Math.log(average), 5);
  });

  it('degrees of freedom that run off to the normal law: without falling, with its likelihood, named', async () => {
    const y = Array.from({ length: 60 }, (_, n) => Math.sin(1.7 * n)),
      m = y.reduce((a, b) => a + b, 0) / 60,
      v = y.reduce((a, b) => a + (b - m) ** 2, 0) / 60;
    const r = await run('data y: real[N] param m: real param s: positive param nu: positive observe y ~ StudentT(nu, m, s)', { y });
    // The supremum of the t likelihoods is the normal one; the t law differs from it by terms of order 1 / nu.
    const normal = -30 * (Math.log(2 * Math.PI * v) + 1),
      [nu] = mean(r, 'nu') as [number];
    expect(nu).toBeGreaterThan(1e4);
    expect(normal - r.logLikelihood!).toBeGreaterThan(-1e-10);
    expect((normal - r.logLikelihood!) * nu).toBeLessThan(60);
    expect(r.warnings.map((w) => [w.code, w.message.split(' ')[0]])).toContainEqual(['edge-of-range', 'nu']);
    expect(r.converged).toBe(false);
    const x = Array.from({ length: 40 }, (_, n) => 70 + 13 * Math.sin(n) + (n % 2) * 20);
    const mixed = await run(
      `data x: real[N]  data K: int  param pi: simplex[K]  param nu: positive  for k in 0..<K { param mu[k]: real }  param s: positive
      for n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ StudentT(nu, mu[z[n]], s) }`,
      { x, K: 2 },
      { iterations: '60' },
      { nu: 1e13, pi: [0.5, 0.5], mu: [60, 90], s: 9 },
    );
    expect(mixed.warnings.map((w) => w.code)).not.toContain('objective-fell');
  });

  it('degrees of freedom of hidden scales without outliers: the likelihood of the t law, never the rounding of a start far out', async () => {
    const y = [
      1.303, 1.312, 3.013, -2.954, -4.856, -1.188, 1.614, 5.374, 2.963, -1.627, -1.531, 2.114, -0.576, 8.084, 3.207, 0.592, 3.451, -1.746,
      -1.459, 4.123,
    ];
    const logGamma = (v: number): number =>
      v < 15
        ? logGamma(v + 1) - Math.log(v)
        : (v - 0.5) * Math.log(v) - v + Math.log(2 * Math.PI) / 2 + 1 / (12 * v) - 1 / (360 * v ** 3) + 1 / (1260 * v ** 5);
    const average = y.reduce((a, b) => a + b) / 20,
      normal = -10 * (Math.log((2 * Math.PI * y.reduce((a, b) => a + (b - average) ** 2, 0)) / 20) + 1);
    for (const hidden of [
      'sample t[n] ~ Gamma(nu / 2, nu / 2)  observe y[n] ~ Normal(m, s / sqrt(t[n]))',
      'sample t[n] ~ InverseGamma(nu / 2, nu / 2)  observe y[n] ~ Normal(m, variance: s^2 * t[n])',
      'sample t[n] ~ ChiSquared(nu)  observe y[n] ~ Normal(m, variance: s^2 * nu / t[n])',
    ]) {
      const r = await run(`data y: real[N]  param m: real  param s: positive  param nu: positive  for n in 0..<N { ${hidden} }`, { y });
      const [m, s, nu] = ['m', 's', 'nu'].map((name) => mean(r, name)[0]!) as [number, number, number];
      const law = y.reduce(
        (sum, x) =>
          sum +
          logGamma((nu + 1) / 2) -
          logGamma(nu / 2) -
          Math.log(nu * Math.PI) / 2 -
          Math.log(s) -
          ((nu + 1) / 2) * Math.log1p(((x - m) / s) ** 2 / nu),
        0,
      );
      expect(Math.abs(r.logLikelihood! - law)).toBeLessThan(1e-8);
      expect(normal - r.logLikelihood!).toBeGreaterThan(0);
      expect(normal - r.logLikelihood!).toBeLessThan(0.05);
      expect(r.converged).toBe(false);
    }
  });

  it('refuses what it cannot take an expectation of, what it has nothing to estimate in, and wrong options', async () => {
    await expect(
      run('param a: real  sample x ~ Normal(a, 1)  sample k ~ Bernoulli(0.3)  observe 0.3 ~ Normal(sin(x) + k, 1)', {}),
    ).rejects.toThrow(/em does not apply/);
    await expect(run('sample x ~ Normal(0, 1)  observe 0.3 ~ Normal(x, 1)', {})).rejects.toThrow(/maximize=x/);
    await expect(run('param a: real  observe 0.3 ~ Normal(a, 1)', {}, { dampng: '0.1' })).rejects.toThrow(/Did you mean 'damping'/);
    await expect(run('param a: real  observe 0.3 ~ Normal(a, 1)', {}, { damping: '1' })).rejects.toThrow(/less than 1/);
    await expect(run('param a: real  sample m ~ Normal(a, 1)  observe 0.3 ~ Normal(m, 1)', {}, { maximize: 'n' })).rejects.toThrow(
      /not a sampled variable/,
    );
  });
});

describe('laws over random mixtures and starts', () => {
  const arbitrary = fc.record({
    data: fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 8, maxLength: 20 }),
    K: fc.integer({ min: 1, max: 3 }),
    means: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 3, maxLength: 3 }),
    scales: fc.array(fc.double({ min: 0.5, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }),
  });

  it.each([
    ['soft', 0, false],
    ['damped', 0.6, false],
    ['hard', 0, true],
  ] as const)('%s: the objective never falls', (_name, damping, hard) => {
    fc.assert(
      fc.property(arbitrary, ({ data, K, means, scales }) => {
        const program = machine(
          scalarMixture,
          { x: data, K },
          { pi: Array.from({ length: K }, () => 1 / K), mu: means.slice(0, K), s: scales.slice(0, K) },
          { damping },
          hard,
        );
        program.expectation();
        let last = program.objective();
        for (let i = 0; i < 15; i++) {
          program.maximisation();
          // A component on one datum: the run itself would end here.
          if (read(program, 's').some((s) => !(s > 1e-3))) return;
          program.expectation();
          const now = program.objective();
          expect(now).toBeGreaterThanOrEqual(last - 1e-9 * (1 + Math.abs(last)));
          last = now;
        }
      }),
      { numRuns: 40, seed: 4 },
    );
  });

  it('an M-step is a stationary point of the expected log joint', () => {
    fc.assert(
      fc.property(arbitrary, ({ data, K, means, scales }) => {
        const program = machine(
          scalarMixture,
          { x: data, K },
          { pi: Array.from({ length: K }, () => 1 / K), mu: means.slice(0, K), s: scales.slice(0, K) },
        );
        program.expectation();
        program.maximisation();
        if (read(program, 's').some((s) => !(s > 1e-2))) return;
        const at = program.estimates(),
          top = program.energy();
        for (const name of ['mu', 's'])
          for (let k = 0; k < K; k++)
            for (const step of [1e-3, -1e-3]) {
              const moved = new Map([...at].map(([n, v]) => [n, v.slice()]));
              moved.get(name)![k]! *= 1 + step;
              program.setEstimates(moved);
              expect(program.energy()).toBeLessThanOrEqual(top + 1e-9 * (1 + Math.abs(top)));
            }
      }),
      { numRuns: 40, seed: 5 },
    );
  });
});

describe('digits', () => {
  it('survive in log(1 + a) for an a that 1 + a swallows', () => {
    const y = [0.3, -1.2, 2.1],
      program = machine(
        'data y: real[N]  param m: real  for n in 0..<N { factor -5e13 * log1p((y[n] - m)^2 / 1e14) }',
        { y },
        { m: [0.5] },
      );
    program.expectation();
    // -5e13 log(1 + z^2 / 1e14) = -z^2 / 2 + O(1e-14)
    expect(program.objective()).toBeCloseTo(
      y.reduce((s, v) => s - (v - 0.5) ** 2 / 2, 0),
      9,
    );
  });
});

describe('reports', () => {
  it('are evaluated at the estimates; of latents they are expectations', async () => {
    const source = `${scalarMixture}
      report gap = mu[1] - mu[0]  report ratio = s[1] / s[0]  for n in 0..<N { report centre[n] = mu[z[n]] }`;
    const r = await run(source, { x: [0.1, 0.5, 1.2, 3.3, 3.4, 7, 2.2, 5.5, 4.4], K: 2 }, { restarts: '3' });
    const mu = mean(r, 'mu'),
      s = mean(r, 's'),
      z = mean(r, 'z');
    close(mean(r, 'gap'), [mu[1]! - mu[0]!], 1e-12);
    close(mean(r, 'ratio'), [s[1]! / s[0]!], 1e-12);
    close(
      mean(r, 'centre'),
      z.map((p) => (1 - p) * mu[0]! + p * mu[1]!),
      1e-12,
    );
  });
});

describe('the E-step', () => {
  it.each([
    [
      'a mixture',
      gaussianMixture,
      { x: points.slice(0, 20), K: 3 },
      { pi: begun.pi, mu: begun.mu.flat(), Sigma: begun.sigma.flat() },
      {
        pi: begun.pi,
        mu: begun.mu,
        Sigma: begun.sigma.map(([a, b, c, d]) => [
          [a, b],
          [c, d],
        ]),
      },
      'z',
    ],
    [
      'a chain of labels',
      `data y: real[T]  data K: int  param rho: simplex[K]
      for k in 0..<K { param A[k]: simplex[K]  param m[k]: real }
      sample z[0] ~ Categorical(rho)  for t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) }
      for t in 0..<T { observe y[t] ~ Normal(m[z[t]], 1) }`,
      { y: [0.1, 0.3, 2.2, 1.9, 1.1, 0.2, 2.5, 2.4], K: 2 },
      { rho: [0.6, 0.4], A: [0.7, 0.3, 0.4, 0.6], m: [0.5, 1.5] },
      {
        rho: [0.6, 0.4],
        A: [
          [0.7, 0.3],
          [0.4, 0.6],
        ],
        m: [0.5, 1.5],
      },
      'z',
    ],
    [
      'Gaussian states',
      `data y: real[T]  param a: real  param q: positive  param r: positive
      sample s[0] ~ Normal(0, 2)  for t in 1..<T { sample s[t] ~ Normal(a * s[t-1], q) }
      for t in 0..<T { observe y[t] ~ Normal(s[t], r) }`,
      { y: [0.3, 0.8, -0.2, 1.4, 2.2, 1.1] },
      { a: [0.9], q: [0.7], r: [0.5] },
      { a: 0.9, q: 0.7, r: 0.5 },
      's',
    ],
  ] as const)(
    'of %s is the exact posterior at the parameters, and its objective the log evidence',
    async (_name, source, data, start, given, latent) => {
      const program = machine(source, data, start);
      program.expectation();
      const bound = boundModel(source, { ...data, ...given });
      const r = await exact.run(bound, source, oneChain());
      expect(program.objective()).toBeCloseTo(r.logEvidence!, 9);
      const form = r.variables.find((v) => v.name === latent)!.result;
      if (form.form !== 'closed') throw new Error('not in closed form');
      if (latent === 'z') close(read(program, 'E|z=|1'), [...form.probabilities!], 1e-10);
      else {
        close(read(program, 'E|s|x'), [...form.mean], 1e-10);
        close(
          read(program, 'E|s|x^2'),
          [...form.mean].map((m, i) => m * m + form.sd![i]! ** 2),
          1e-10,
        );
      }
    },
  );
});

describe('empty and singular cases give numbers, and the name of what is not determined', () => {
  const linear = 'data X: real[N, D] data y: real[N] param w: real[D] param s: positive observe y ~ Normal(X @ w, s)';
  const warned = (r: RunResult): readonly (readonly [string, string])[] => r.warnings.map((w) => [w.code, w.message] as const);

  it('no data', async () => {
    const r = await run(gaussianMixture, { x: [], K: 2, D: 2 });
    expect(warned(r)).toEqual([['flat-direction', expect.stringContaining('pi, mu[0], mu[1], Sigma[0], Sigma[1]') as string]]);
    expect(r.converged).toBe(false);
    expect(mean(r, 'mu').every((x) => Number.isFinite(x))).toBe(true);
  });

  it('a corner, which has no slope', async () => {
    const r = await run(
      'data y: real[N] param a: real for n in 0..<N { observe y[n] ~ Normal(sqrt(abs(a)), 1) }',
      { y: [-1, -2] },
      {},
      { a: 0 },
    );
    expect(warned(r)).toEqual([['no-slope', expect.stringContaining('no finite slope') as string]]);
    expect(r.converged).toBe(false);
  });

  it('collinear columns, in units of their own: the fit of least squares', async () => {
    // The third column is the sum of the others; y = (1, 2, 3, 5) on (1, t): slope 1.3, intercept 0.8 at t = 0, residual sum of squares
    // 0.3.
    const r = await run(linear, { X: [0, 1, 2, 3].map((t) => [1e3, 1e-4 * t, 1e3 + 1e-4 * t]), y: [1, 2, 3, 5] });
    expect(warned(r)).toEqual([['flat-direction', expect.stringContaining('determine w') as string]]);
    const [a, b, c] = mean(r, 'w') as [number, number, number];
    close([1e3 * (a + c), 1e-4 * (b + c), mean(r, 's')[0]!], [0.8, 1.3, Math.sqrt(0.3 / 4)], 1e-5);
    expect(r.logLikelihood).toBeCloseTo(-2 * (Math.log(2 * Math.PI * 0.075) + 1), 8);
  });

  it('fewer data than coefficients, one datum: the scale that vanishes is named', async () => {
    for (const [source, data, name] of [
      [linear, { X: [[1, 2]], y: [3] }, 's'],
      [gaussianMixture, { x: [[1, 2]], K: 1 }, 'Sigma[0]'],
    ] as const) {
      const r = await run(source, data as unknown as Data);
      expect(warned(r)).toEqual([['collapsed', expect.stringContaining(`${name} has collapsed`) as string]]);
      expect(r.converged).toBe(false);
      for (const v of r.variables)
        if (v.kind === 'latent' && !v.discrete) expect(mean(r, v.name).every((x) => Number.isFinite(x))).toBe(true);
    }
  });

  it('a component that no datum is nearest to stays where it began', async () => {
    const source =
      'data x: real[N] data K: int for k in 0..<K { param mu[k]: real } for n in 0..<N { sample z[n] ~ Categorical(fill(1 / K, K)) observe x[n] ~ Normal(mu[z[n]], 1) }';
    const r = await run(source, { x: [0, 1, 4, 5], K: 3 }, { hard: 'true' }, { mu: [0, 5, 100] });
    close(mean(r, 'mu'), [0.5, 4.5, 100], 1e-12);
    expect(warned(r)).toEqual([['flat-direction', expect.stringContaining('determine mu[2]') as string]]);
  });
});

describe('components that nothing but their joint law with other unknowns tells apart', () => {
  const probability = (y: readonly (number | null)[][], weights: readonly number[], laws: readonly (readonly number[])[]): number =>
    y.reduce(
      (sum, values) =>
        sum + Math.log(weights.reduce((total, w, k) => total + values.reduce((p: number, v) => (v === null ? p : p * laws[k]![v]!), w), 0)),
      0,
    );

  it('begin apart where data have gaps: higher than the maximum without classes', async () => {
    const y = [
      [0, 0, null, 0],
      [1, 1, 1, null],
      [0, 0, 0, 1],
      [1, 1, 0, 1],
      [null, 0, 0, 0],
      [1, 1, 1, 1],
      [0, 0, 0, 0],
      [1, null, 1, 1],
    ];
    const source = `data y: int[N, J]
      param w: simplex[2]
      param p: simplex[2, 2]
      for n in 0..<N {
        sample z[n] ~ Categorical(w)
        for j in 0..<J { observe y[n, j] ~ Categorical(p[z[n]]) }
      }`;
    const result = await run(source, { y });
    const [w, p] = [mean(result, 'w'), mean(result, 'p')];
    const classes = [p.slice(0, 2), p.slice(2)];
    expect(result.logLikelihood).toBeCloseTo(probability(y, w, classes), 8);
    const given = y.flat().filter((v) => v !== null),
      share = given.reduce((a, b) => a + b, 0) / given.length;
    expect(result.logLikelihood!).toBeGreaterThan(probability(y, [1], [[1 - share, share]]) + 3);
  });

  it('begin apart where two labels choose them together', async () => {
    const y = [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
      [2, 2, 2, 2],
      [0, 0, 0, 1],
      [1, 1, 2, 1],
      [2, 2, 2, 0],
    ];
    const source = `data y: int[N, J]
      param u: simplex[2]
      param v: simplex[2]
      for a in 0..<2, b in 0..<2 { param p[a, b]: simplex[3] }
      for n in 0..<N {
        sample z[n] ~ Categorical(u)
        sample x[n] ~ Categorical(v)
        for j in 0..<J { observe y[n, j] ~ Categorical(p[z[n], x[n]]) }
      }`;
    const result = await run(source, { y });
    const counts = [0, 1, 2].map((k) => y.flat().filter((value) => value === k).length / 24);
    expect(result.logLikelihood!).toBeGreaterThan(probability(y, [1], [counts]) + 3);
  });
});

it('hard assignments of labels that gaps join: each has its table', async () => {
  const source = `data a: int[N]  data b: int[N]
    param w: unit  param p: unit[2]  param q: unit[2, 2]
    for n in 0..<N {
      sample z[n] ~ Bernoulli(w)
      observe a[n] ~ Bernoulli(p[z[n]])
      observe b[n] ~ Bernoulli(q[z[n], a[n]])
    }`;
  const result = await run(source, { a: [0, 1, null, 1, 0, 1], b: [0, 1, 1, null, 0, 0] }, { hard: 'true' });
  expect(Number.isFinite(result.logJoint!)).toBe(true);
});

describe('a mode under concentrations below 1', () => {
  const source = `data y: int[N]
    sample w ~ Beta(0.5, 0.5)
    for n in 0..<N { sample z[n] ~ Bernoulli(w)  observe y[n] ~ Poisson(z[n] ? 30 : 1) }`;
  it('is (a + s - 1) / (a + b + n - 2) where there is one', async () => {
    const result = await run(source, { y: [0, 1, 2, 1, 33, 24] }, { maximize: 'w' });
    // Labels are certain: two of six.
    close(mean(result, 'w'), [1.5 / 5], 1e-6);
    expect(result.converged).toBe(true);
  });
  it('is never outside of the support: where the density grows without bound the run says so', async () => {
    const result = await run(source, { y: [0, 1, 2, 1] }, { maximize: 'w' });
    expect(result.converged).toBe(false);
    expect(result.warnings.map((w) => w.code)).toContain('no-finite-likelihood');
    const [w] = mean(result, 'w');
    expect(w!).toBeGreaterThanOrEqual(0);
    expect(w!).toBeLessThanOrEqual(1);
  });
});
