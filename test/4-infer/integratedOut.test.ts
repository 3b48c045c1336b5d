/**
 * Gaussian unknowns integrated out before maximising, against lme4's mixed models, StructTS, a dense
 * evaluation of the evidence with its textbook fixed point, dense Gaussian algebra for gaps of a series,
 * and central differences; what cannot be integrated out is refused by name.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DifferentiableDensity } from '../../src/4-infer/gradient.js';
import { compile, type Posterior } from '../../src/index.js';
import { boundModel } from './machine.js';

interface Fit {
  readonly fixed: number[];
  readonly variance: number[];
  readonly sd: number[];
  readonly logLik: number;
  readonly random: number[][];
}
const reference = JSON.parse(readFileSync(new URL('../reference/mixedModels.json', import.meta.url), 'utf8')) as {
  readonly y: number[];
  readonly age: number[];
  readonly subject: number[];
  readonly intercept: Fit & { readonly se: number[]; readonly conditionalSd: number[] };
  readonly slope: Fit;
  readonly reml: Fit;
  readonly nile: { readonly y: number[]; readonly level: number; readonly epsilon: number };
};
const growth = { y: reference.y, age: reference.age, g: reference.subject, J: 27 };

const estimate = (source: string, data: object, marginal: string): Promise<Posterior> =>
  compile(source).infer(data as Record<string, unknown>, { backend: 'map', workers: 0, seed: 1, options: { marginal } });
interface Row {
  readonly mean: number;
  readonly sd: number;
  readonly q5: number;
  readonly q95: number;
}
const row = (p: Posterior, name: string): Row => p.summary().variables[name] as unknown as Row;
function near(found: number, truth: number, tolerance: number): void {
  expect(Math.abs(found - truth) / Math.max(1e-3, Math.abs(truth)), `${found} against ${truth}`).toBeLessThan(tolerance);
}

const intercept = `data y: real[N] data age: real[N] data g: int[N] data J: int param b: real[2] param su: positive param s: positive
  sample u ~ iid(Normal(0, su), J)
  for n in 0..<N { observe y[n] ~ Normal(b[0] + b[1] * age[n] + u[g[n]], s) }`;
const slope = `data y: real[N] data age: real[N] data g: int[N] data J: int param b: real[2] param S: cov[2] param s: positive
  for j in 0..<J { sample u[j] ~ MvNormal(zeros(2), S) }
  for n in 0..<N { observe y[n] ~ Normal(b[0] + b[1] * age[n] + u[g[n], 0] + age[n] * u[g[n], 1], s) }`;
const level = `data y: real[T] param q: positive param r: positive sample a[0] ~ Normal(0, 1e4)
  for t in 1..<T { sample a[t] ~ Normal(a[t-1], variance: q) } for t in 0..<T { observe y[t] ~ Normal(a[t], variance: r) } report rise = a[T-1] - a[0]`;

describe('mixed models by lme4', () => {
  test('random intercepts by maximum likelihood: estimates, their standard errors, predictions', async () => {
    const { fixed, sd, logLik, random, se, conditionalSd } = reference.intercept;
    const p = await estimate(intercept, growth, 'u');
    expect(p.warnings).toEqual([]);
    expect(p.converged).toBe(true);
    ['b[0]', 'b[1]', 'su', 's'].forEach((name, k) => {
      near(row(p, name).mean, [...fixed, ...sd][k]!, 1e-6);
      near(row(p, name).sd, se[k]!, 1e-5);
    });
    expect(p.logLikelihood).toBeCloseTo(logLik, 8);
    expect(p.result.logJoint).toBeNull();
    random.forEach(([u], j) => {
      near(row(p, `u[${j}]`).mean, u!, 1e-5);
      near(row(p, `u[${j}]`).sd, conditionalSd[j]!, 1e-6);
    });
  });

  test('random intercepts and slopes with a covariance matrix', async () => {
    const { fixed, variance, logLik, random } = reference.slope;
    const p = await estimate(slope, growth, 'u');
    expect(p.warnings).toEqual([]);
    ['b[0]', 'b[1]', 'S[0,0]', 'S[1,1]', 'S[0,1]'].forEach((name, k) => {
      near(row(p, name).mean, [...fixed, ...variance][k]!, 2e-4);
    });
    near(row(p, 's').mean ** 2, variance[3]!, 1e-5);
    // lme4's optimiser stops where the likelihood is this close.
    expect(p.logLikelihood! - logLik).toBeGreaterThan(-1e-9);
    expect(p.logLikelihood! - logLik).toBeLessThan(1e-6);
    random.forEach((u, j) =>
      u.forEach((v, d) => {
        expect(row(p, `u[${j},${d}]`).mean).toBeCloseTo(v, 3);
      }),
    );
  });

  test('params integrated out, flat: restricted maximum likelihood', async () => {
    const { fixed, sd, logLik } = reference.reml;
    const p = await estimate(intercept, growth, 'u,b');
    near(row(p, 'su').mean, sd[0]!, 1e-6);
    near(row(p, 's').mean, sd[1]!, 1e-6);
    near(row(p, 'b[1]').mean, fixed[1]!, 1e-8);
    expect(p.logLikelihood).toBeCloseTo(logLik, 8);
  });
});

describe('chains and regressions', () => {
  test('the local level of the Nile: the variances of StructTS, the smoother of exact, draws of what follows from the states', async () => {
    const { y, level: q, epsilon } = reference.nile;
    const p = await estimate(level, { y }, 'a');
    near(row(p, 'q').mean, q, 2e-4);
    near(row(p, 'r').mean, epsilon, 2e-4);
    const exact = await compile(level).infer({ y, q: row(p, 'q').mean, r: row(p, 'r').mean }, { backend: 'exact', workers: 0 });
    expect(p.logLikelihood).toBeCloseTo(exact.logEvidence!, 8);
    for (const t of [0, 50, 99])
      for (const what of ['mean', 'sd', 'q5', 'q95'] as const) near(row(p, `a[${t}]`)[what], row(exact, `a[${t}]`)[what], 1e-9);
    // 4,000 joint draws at the estimates.
    const rise = row(exact, 'rise');
    expect(Math.abs(row(p, 'rise').mean - rise.mean)).toBeLessThan((4.5 * rise.sd) / Math.sqrt(4000));
    near(row(p, 'rise').sd, rise.sd, 0.06);
  });

  test('hyper-parameters of a regression: the dense evidence and its fixed point', async () => {
    const X = Array.from({ length: 14 }, (_, n) => [1, Math.sin(n), n / 5 - 1.3]),
      t = X.map((x, n) => 0.4 + 1.1 * x[1]! - 0.3 * x[2]! + 0.25 * Math.cos(7 * n));
    const p = await estimate(
      `data X: real[N, M] data t: real[N] param alpha: positive param beta: positive
      sample w ~ MvNormal(zeros(M), eye(M) / alpha) for n in 0..<N { observe t[n] ~ Normal(X[n] @ w, precision: beta) }`,
      { X, t },
      'w',
    );
    const alpha = row(p, 'alpha').mean,
      beta = row(p, 'beta').mean;
    const m = [0, 1, 2].map((k) => row(p, `w[${k}]`).mean),
      variance = [0, 1, 2].map((k) => row(p, `w[${k}]`).sd ** 2);
    // Bishop 2006, eqs 3.92 and 3.95: gamma = M - alpha tr S, alpha = gamma / m'm, 1 / beta = |t - Xm|^2 / (N - gamma).
    const gamma = 3 - alpha * variance.reduce((a, v) => a + v, 0),
      rss = t.reduce((sum, v, n) => sum + (v - X[n]!.reduce((e, x, k) => e + x * m[k]!, 0)) ** 2, 0);
    near(alpha, gamma / m.reduce((a, v) => a + v * v, 0), 1e-8);
    near(beta, (14 - gamma) / rss, 1e-8);
    const cov = t.map((_, i) => t.map((__, j) => X[i]!.reduce((s, x, k) => s + x * X[j]![k]!, 0) / alpha + (i === j ? 1 / beta : 0)));
    expect(p.logLikelihood).toBeCloseTo(gaussianLogDensity(cov, t), 9);
  });

  test('gaps of a series that the next element reads: the density of what was seen', async () => {
    const source =
      'data y: real[T] param phi: interval(-1, 1) param s: positive observe y[0] ~ Normal(0, s / sqrt(1 - phi^2)) for t in 1..<T { observe y[t] ~ Normal(phi * y[t-1], s) }';
    const y = [0.3, 0.9, null, 1.4, 0.6, -0.2, null, null, -1.1, -0.9, 0.1, 0.4, 1.3];
    const p = await estimate(source, { y }, 'y');
    expect(p.warnings).toEqual([]);
    const seen = y.flatMap((v, t) => (v === null ? [] : [t])),
      values = seen.map((t) => y[t]!);
    const logLikelihood = (phi: number, s: number): number =>
      gaussianLogDensity(
        seen.map((i) => seen.map((j) => (s * s * phi ** Math.abs(i - j)) / (1 - phi * phi))),
        values,
      );
    const phi = row(p, 'phi').mean,
      s = row(p, 's').mean,
      best = logLikelihood(phi, s);
    expect(p.logLikelihood).toBeCloseTo(best, 10);
    for (const [a, b] of [
      [1e-3, 0],
      [-1e-3, 0],
      [0, 1e-3],
      [0, -1e-3],
    ] as const)
      expect(logLikelihood(phi + a, s + b)).toBeLessThan(best);
    // Observed information by differences of the dense likelihood.
    const h = 1e-3,
      at = (a: number, b: number): number => logLikelihood(phi + a * h, s + b * h);
    const aa = -(at(1, 0) + at(-1, 0) - 2 * best) / h ** 2,
      bb = -(at(0, 1) + at(0, -1) - 2 * best) / h ** 2,
      ab = -(at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h * h);
    near(row(p, 'phi').sd, Math.sqrt(bb / (aa * bb - ab * ab)), 1e-4);
    near(row(p, 's').sd, Math.sqrt(aa / (aa * bb - ab * ab)), 1e-4);
  });
});

/** log N(v; 0, cov) by a dense Cholesky factor. */
function gaussianLogDensity(cov: number[][], v: readonly number[]): number {
  const n = v.length,
    L = cov.map((r) => [...r]),
    z: number[] = [];
  let out = -0.5 * n * Math.log(2 * Math.PI);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let s = cov[i]![j]!;
      for (let k = 0; k < j; k++) s -= L[i]![k]! * L[j]![k]!;
      L[i]![j] = i === j ? Math.sqrt(s) : s / L[j]![j]!;
    }
    z[i] = (v[i]! - z.reduce((s, x, k) => s + L[i]![k]! * x, 0)) / L[i]![i]!;
    out -= Math.log(L[i]![i]!) + 0.5 * z[i]! ** 2;
  }
  return out;
}

const y = [1.2, -0.3, 2.1, 0.7, 1.9, 0.2, -1.1, 0.9, 1.4, -0.6, 0.3, 0.5],
  x = y.map((v, n) => Math.cos(3 * n) - 0.2 * v),
  g = [0, 1, 0, 2, 1, 2, 2, 0, 1, 0, 1, 2];
const labels = [0, 1, 0, 2, 1, 1, 2, 0];
const programs: readonly {
  readonly title: string;
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly marginal: readonly string[];
}[] = [
  { title: 'random intercepts', source: intercept, data: { y, age: x, g, J: 3 }, marginal: ['u'] },
  { title: 'vectors with a covariance matrix', source: slope, data: { y, age: x, g, J: 3 }, marginal: ['u'] },
  {
    title: 'two crossed sets of effects and a flat mean',
    source:
      'data y: real[N] data g: int[N] param m: real param a: positive param c: positive param s: positive sample u ~ iid(Normal(0, a), 3) sample v ~ iid(Normal(0, c), 4) for n in 0..<N { observe y[n] ~ Normal(m + u[g[n]] + v[n - 4 * floor(n / 4)], s) }',
    data: { y, g },
    marginal: ['u', 'v', 'm'],
  },
  {
    title: 'a chain with an unknown coefficient',
    source:
      'data y: real[T] param phi: interval(-1, 1) param q: positive param r: positive sample a[0] ~ Normal(0, q / sqrt(1 - phi^2)) for t in 1..<T { sample a[t] ~ Normal(phi * a[t-1], q) } observe y ~ Normal(a, r)',
    data: { y },
    marginal: ['a'],
  },
  {
    title: 'a chain far from zero with gaps',
    source:
      'data y: real[T] param q: positive param r: positive sample a[0] ~ Normal(1e6, 10) for t in 1..<T { sample a[t] ~ Normal(a[t-1], q) } observe y ~ Normal(a, r)',
    data: { y: y.map((v, n) => (n % 4 === 1 ? null : 1e6 + v)) },
    marginal: ['a'],
  },
  {
    title: 'vector states with an unknown transition',
    source:
      'data y: real[T] param A: real[2, 2] param r: positive sample a[0] ~ MvNormal(zeros(2), eye(2)) for t in 1..<T { sample a[t] ~ MvNormal(0.3 * (A @ a[t-1]), 0.2 * eye(2)) } for t in 0..<T { observe y[t] ~ Normal(a[t, 0], r) }',
    data: { y },
    marginal: ['a'],
  },
  {
    title: 'vector states written element by element',
    source:
      'data y: real[T] param phi: real param r: positive sample f[0] ~ MvNormal(zeros(2), eye(2)) for t in 1..<T { sample f[t] ~ MvNormal([f[t-1, 0] + f[t-1, 1], phi * f[t-1, 1]], 0.5 * eye(2)) } for t in 0..<T { observe y[t] ~ Normal(f[t, 0], r) }',
    data: { y },
    marginal: ['f'],
  },
  {
    title: 'variances that differ by data and a recursion of the unknowns',
    source:
      'data y: real[N] data x: real[N] param c: real param d: unit let h[0] = exp(c) for n in 1..<N { let h[n] = d * h[n-1] + 0.2 } sample w ~ Normal(0, 2) sample v ~ Normal(w, exp(c)) for n in 0..<N { observe y[n] ~ Normal(w + v * x[n], sqrt(h[n]) * exp(d * x[n])) }',
    data: { y, x },
    marginal: ['w', 'v'],
  },
  {
    title: 'labels summed out beside it',
    source:
      'data y: real[N] data k: int[M] param s: positive param p: unit sample w ~ Normal(0, s) observe y ~ Normal(w, s) for m in 0..<M { sample z[m] ~ Bernoulli(p) observe k[m] ~ Categorical(z[m] == 1 ? [0.2, 0.3, 0.5] : [0.6, 0.3, 0.1]) } factor log(s + p)',
    data: { y, k: labels },
    marginal: ['w', 'z'],
  },
];

test.each(programs)('the gradient is the derivative of the marginal density: $title', ({ source, data, marginal }) => {
  const density = new DifferentiableDensity(boundModel(source, data), 'map', '1', { integrate: true, marginal });
  const gradient = new Float64Array(density.dimension);
  let finite = 0;
  for (let start = 0; start < 3; start++) {
    const position = density.initialise(true),
      value = density.gradient(position, false, gradient);
    if (!Number.isFinite(value)) continue;
    finite++;
    expect(density.density(position, false)).toBeCloseTo(value, 8);
    for (let k = 0; k < density.dimension; k++) {
      const at = (h: number): number => {
        const p = position.slice();
        p[k]! += h;
        return density.density(p, false);
      };
      const h = 1e-3,
        slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      expect(
        Math.abs(gradient[k]! - slope) / (1 + Math.abs(slope)),
        `${density.owners[k]!.variable} ${k}: ${gradient[k]} against ${slope}`,
      ).toBeLessThan(2e-6);
    }
  }
  expect(finite).toBeGreaterThan(0);
});

describe('what is refused', () => {
  const product =
    'data y: real[N] sample w ~ Normal(0, 1) sample v ~ Normal(0, 1) sample c ~ Gamma(2, 2) param s: positive sample z ~ Bernoulli(0.5) for n in 0..<N { observe y[n] ~ Normal(w * v * c + z, s) }';
  test.each([
    ['q', 'wrong-option', "'q' is no unknown"],
    ['w', 'no-marginal', "meets 'z'"],
    ['w,v', 'no-marginal', "product with 'w'"],
    ['c', 'no-marginal', 'not the whole real line'],
    ['', 'wrong-option', 'no unknown is named'],
  ] as const)('marginal=%s', async (marginal, code, words) => {
    await expect(estimate(product, { y }, marginal)).rejects.toMatchObject({
      diagnostics: expect.arrayContaining([
        expect.objectContaining({ code, message: expect.stringContaining(words) as string }),
      ]) as unknown,
    });
  });
  test('a coefficient that nothing holds', async () => {
    const source = 'data y: real[N] data X: real[N, D] param w: real[D] param s: positive observe y ~ Normal(X @ w, s)';
    await expect(
      estimate(
        source,
        {
          y: [1, 2, 3, 5],
          X: [
            [1, 1, 2],
            [1, 2, 3],
            [1, 3, 4],
            [1, 4, 5],
          ],
        },
        'w',
      ),
    ).rejects.toMatchObject({
      diagnostics: [expect.objectContaining({ code: 'no-marginal', message: expect.stringContaining('w[') as string })],
    });
  });
});

test('explain names what is integrated out, and refuses as a run does', () => {
  const shown = compile(intercept).explain({ backend: 'map', options: { marginal: 'u' } });
  expect(shown.toString()).toContain('integrated out');
  expect(() => compile(intercept).explain({ backend: 'map', options: { marginal: 's' } })).toThrow(
    expect.objectContaining({ diagnostics: [expect.objectContaining({ code: 'no-marginal' })] }),
  );
});
