/**
 * Maximum likelihood against R's lm and glm (test/reference/maximumLikelihood.R), networks of finite unknowns
 * against numpy (test/reference/networks.py), closed forms worked out here, and what must be said where there is no proper maximum.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compile, type Posterior } from '../../src/index.js';

interface Fit {
  readonly X: number[][];
  readonly y: number[];
  readonly coefficients: number[];
  readonly se: number[];
  readonly logLik: number;
  readonly rss: number;
}
const reference = JSON.parse(readFileSync(new URL('../reference/maximumLikelihood.json', import.meta.url), 'utf8')) as Readonly<
  Record<'cars' | 'longley' | 'infert' | 'warpbreaks', Fit>
>;

const estimate = (source: string, data: object, options: object = {}): Promise<Posterior> =>
  compile(source).infer(data as Record<string, unknown>, { backend: 'map', workers: 0, ...options });
const row = (p: Posterior, name: string): { mean: number; sd: number; q5: number; q95: number } =>
  p.summary().variables[name] as unknown as { mean: number; sd: number; q5: number; q95: number };
const codes = (p: Posterior): readonly string[] => p.warnings.map((w) => w.code);
/** Relative to the standard error, the natural unit of an estimate. */
function close(found: number, truth: number, unit: number, tolerance = 1e-6): void {
  expect(Math.abs(found - truth) / unit, `${found} against ${truth}`).toBeLessThan(tolerance);
}

const linear = 'data X: real[N, D] data y: real[N] param w: real[D] param s: positive observe y ~ Normal(X @ w, s)';
const logistic = 'data X: real[N, D] data y: int[N] param w: real[D] for n in 0..<N { observe y[n] ~ Bernoulli(logit: X[n] @ w) }';

describe('against lm and glm', () => {
  test.each(['cars', 'longley'] as const)('linear regression: %s', async (name) => {
    const { X, y, coefficients, se, logLik, rss } = reference[name];
    const n = y.length,
      d = coefficients.length;
    const p = await estimate(linear, { X, y });
    expect(p.warnings).toEqual([]);
    expect(p.converged).toBe(true);
    // lm divides the residual sum of squares by n - d, maximum likelihood by n.
    const shrink = Math.sqrt((n - d) / n);
    coefficients.forEach((b, k) => {
      const found = row(p, `w[${k}]`);
      close(found.mean, b, se[k]!);
      close(found.sd, se[k]! * shrink, se[k]!);
    });
    const s = Math.sqrt(rss / n);
    close(row(p, 's').mean, s, s);
    // The information about s is 2n / s^2.
    close(row(p, 's').sd, s / Math.sqrt(2 * n), s);
    expect(p.logLikelihood).toBeCloseTo(logLik, 7);
    expect(p.result.logJoint).toBeNull();
  });

  test('logistic regression: infert', async () => {
    const { X, y, coefficients, se, logLik } = reference.infert;
    const p = await estimate(logistic, { X, y });
    expect(p.warnings).toEqual([]);
    coefficients.forEach((b, k) => {
      close(row(p, `w[${k}]`).mean, b, se[k]!);
      close(row(p, `w[${k}]`).sd, se[k]!, se[k]!);
    });
    expect(p.logLikelihood).toBeCloseTo(logLik, 8);
    // The score vanishes.
    const w = coefficients.map((_, k) => row(p, `w[${k}]`).mean);
    coefficients.forEach((_, k) => {
      const score = X.reduce((sum, x, n) => sum + (y[n]! - 1 / (1 + Math.exp(-x.reduce((e, v, j) => e + v * w[j]!, 0)))) * x[k]!, 0);
      expect(Math.abs(score)).toBeLessThan(1e-8);
    });
  });

  test('Poisson regression: warpbreaks', async () => {
    const { X, y, coefficients, se, logLik } = reference.warpbreaks;
    const p = await estimate('data X: real[N, D] data y: int[N] param w: real[D] observe y ~ Poisson(lograte: X @ w)', { X, y });
    coefficients.forEach((b, k) => {
      close(row(p, `w[${k}]`).mean, b, se[k]!);
      close(row(p, `w[${k}]`).sd, se[k]!, se[k]!);
    });
    expect(p.logLikelihood).toBeCloseTo(logLik, 8);
    expect(p.converged).toBe(true);
  });
});

describe('published networks, which leave nothing to maximise', () => {
  interface Network {
    readonly logEvidence: number;
    readonly marginals: Readonly<Record<string, readonly number[]>>;
  }
  const networks = JSON.parse(readFileSync(new URL('../reference/networks.json', import.meta.url), 'utf8')) as Readonly<
    Record<string, Network>
  >;
  test.each(Object.keys(networks))('%s: probabilities, evidence, and a note', async (name) => {
    const program = (ending: string): string => readFileSync(new URL(`../programs/bn_${name}.${ending}`, import.meta.url), 'utf8');
    const p = await estimate(program('cred'), JSON.parse(program('json')) as object),
      { logEvidence, marginals } = networks[name]!;
    expect(p.logLikelihood).toBeCloseTo(logEvidence, 10);
    for (const [node, probabilities] of Object.entries(marginals)) {
      const found = p.summary().variables[node]!.probs!;
      probabilities.forEach((probability, value) => close(found[value]!, probability, 1, 1e-10));
    }
    expect(p.notes.map((n) => n.code)).toContain('nothing-to-maximise');
    expect(p.converged).toBe(true);
  });
});

describe('closed forms', () => {
  const y = [1.2, 0.4, 2.9, 0.7, 1.8, 0.3, 1.1, 0.9, 1.4, 0.6],
    n = y.length,
    total = y.reduce((a, b) => a + b, 0);

  test('an exponential rate; intervals of its logarithm and its inverse are the images of its own', async () => {
    const p = await estimate('data y: positive[N] param r: positive report l = log(r) report m = 1 / r observe y ~ Exponential(r)', { y });
    const r = n / total,
      z = 1.6448536269514722,
      se = r / Math.sqrt(n);
    close(row(p, 'r').mean, r, r, 1e-10);
    close(row(p, 'r').sd, se, se, 1e-8);
    close(row(p, 'r').q5, r * Math.exp(-z / Math.sqrt(n)), r, 1e-8);
    close(row(p, 'r').q95, r * Math.exp(z / Math.sqrt(n)), r, 1e-8);
    close(row(p, 'l').mean, Math.log(r), 1, 1e-10);
    close(row(p, 'l').sd, 1 / Math.sqrt(n), 1, 1e-7);
    for (const q of ['q5', 'q95'] as const) close(row(p, 'l')[q], Math.log(row(p, 'r')[q]), 1, 1e-10);
    close(row(p, 'm').mean, total / n, 1, 1e-10);
    close(row(p, 'm').q5, 1 / row(p, 'r').q95, 1, 1e-10);
    close(row(p, 'm').sd, total / n / Math.sqrt(n), 1, 1e-7);
  });

  test('maximum a posteriori on the scale of the program', async () => {
    // Gamma(2 + n, 1 + sum y) has its mode at (1 + n) / (1 + sum y), not at the mode of log r.
    const p = await estimate('data y: positive[N] sample r ~ Gamma(2, 1) observe y ~ Exponential(r)', { y });
    const a = 2 + n,
      b = 1 + total,
      mode = (a - 1) / b;
    close(row(p, 'r').mean, mode, 1, 1e-10);
    close(row(p, 'r').sd, Math.sqrt(a - 1) / b, 1, 1e-8);
    expect(p.result.logJoint).toBeCloseTo(Math.log(mode) - mode + n * Math.log(mode) - mode * total, 9);
    expect(p.logLikelihood).toBeCloseTo(n * Math.log(mode) - mode * total, 9);
  });

  test('a mean vector and a covariance matrix', async () => {
    const x = y.map((a, k) => [a, Math.sin(k) + 0.5 * a, Math.cos(2 * k)]);
    const p = await estimate('data x: real[N, D] param m: real[D] param S: cov[D] observe x ~ MvNormal(m, S)', { x });
    const mean = [0, 1, 2].map((i) => x.reduce((s, v) => s + v[i]!, 0) / n);
    for (let i = 0; i < 3; i++) {
      close(row(p, `m[${i}]`).mean, mean[i]!, 1, 1e-9);
      for (let j = 0; j < 3; j++) {
        const cov = (a: number, b: number): number => x.reduce((s, v) => s + (v[a]! - mean[a]!) * (v[b]! - mean[b]!), 0) / n;
        close(row(p, `S[${i},${j}]`).mean, cov(i, j), 1, 1e-9);
        // The asymptotic variance of an element is (s_ii s_jj + s_ij^2) / n.
        close(row(p, `S[${i},${j}]`).sd, Math.sqrt((cov(i, i) * cov(j, j) + cov(i, j) ** 2) / n), 1, 1e-6);
      }
      close(row(p, `m[${i}]`).sd, Math.sqrt(row(p, `S[${i},${i}]`).mean / n), 1, 1e-7);
    }
  });

  test('proportions', async () => {
    const k = [0, 1, 1, 2, 2, 2, 0, 1, 2, 2];
    const p = await estimate('data k: int[N] param p: simplex[3] observe k ~ Categorical(p)', { k });
    [0.2, 0.3, 0.5].forEach((q, i) => {
      close(row(p, `p[${i}]`).mean, q, 1, 1e-10);
      close(row(p, `p[${i}]`).sd, Math.sqrt((q * (1 - q)) / 10), 1, 1e-7);
    });
  });

  test('labels are summed out: EM for two known components', async () => {
    // p maximises sum log(p a_n + (1 - p) b_n); its score is zero.
    const density = (v: number, m: number): number => Math.exp(-0.5 * (v - m) ** 2) / Math.sqrt(2 * Math.PI);
    const p = await estimate(
      'data y: real[N] param p: unit for n in 0..<N { sample z[n] ~ Bernoulli(p) observe y[n] ~ Normal(2 * z[n], 1) }',
      { y },
    );
    const w = row(p, 'p').mean;
    expect(
      Math.abs(y.reduce((s, v) => s + (density(v, 2) - density(v, 0)) / (w * density(v, 2) + (1 - w) * density(v, 0)), 0)),
    ).toBeLessThan(1e-8);
    y.forEach((v, k) => {
      close(row(p, `z[${k}]`).mean, (w * density(v, 2)) / (w * density(v, 2) + (1 - w) * density(v, 0)), 1, 1e-9);
    });
  });

  test('missing observations that nothing reads change nothing, and are drawn at the estimate', async () => {
    const source = 'data y: real[N] param m: real param s: positive observe y ~ Normal(m, s)';
    const whole = await estimate(source, { y }),
      gaps = await estimate(source, { y: [...y, null, null] }, { draws: 500 });
    for (const name of ['m', 's']) {
      close(row(gaps, name).mean, row(whole, name).mean, 1, 1e-9);
      close(row(gaps, name).sd, row(whole, name).sd, 1, 1e-7);
    }
    close(row(gaps, 'y[10]').mean, row(whole, 'm').mean, row(whole, 's').mean, 0.15);
    close(row(gaps, 'y[10]').sd, row(whole, 's').mean, row(whole, 's').mean, 0.1);
  });

  test('exchangeable components come in order, and the fit is that of EM', async () => {
    const x = [...y.map((v) => v - 3), ...y.map((v) => 2 * v + 4)];
    const source =
      'data x: real[N] data K: int param p: simplex[K] param m: real[K] param s: positive for n in 0..<N { sample z[n] ~ Categorical(p) observe x[n] ~ Normal(m[z[n]], s) }';
    const p = await estimate(source, { x, K: 2 }, { seed: 3 });
    expect(p.converged).toBe(true);
    expect(row(p, 'm[0]').mean).toBeLessThan(row(p, 'm[1]').mean);
    expect(row(p, 'p[0]').mean).toBeCloseTo(0.5, 1);
  });
});

describe('where there is no proper maximum', () => {
  const y = [0.3, -1.2, 0.8, 1.9, -0.4, 0.6];

  test('collinear columns are a flat direction, named; what is identified keeps its error', async () => {
    const X = y.map((_, n) => [1, n, 2 * n + 1]);
    const p = await estimate(`${linear} report fitted = X @ w`, { X, y });
    expect(codes(p)).toEqual(['flat-direction']);
    expect(p.converged).toBe(false);
    expect(p.warnings[0]!.message).toContain('w[0], w[1], w[2]');
    expect(row(p, 'w[1]').sd).toBeNull();
    const reduced = await estimate(`${linear} report fitted = X @ w`, { X: X.map((r) => r.slice(0, 2)), y });
    y.forEach((_, n) => {
      close(row(p, `fitted[${n}]`).mean, row(reduced, `fitted[${n}]`).mean, 1, 1e-6);
      close(row(p, `fitted[${n}]`).sd, row(reduced, `fitted[${n}]`).sd, 1, 1e-5);
    });
  });

  test('separated classes', async () => {
    const p = await estimate(logistic, { X: [-2, -1, -0.5, 0.4, 1, 3].map((v) => [1, v]), y: [0, 0, 0, 1, 1, 1] });
    expect(p.converged).toBe(false);
    expect(codes(p)).toEqual(['no-maximum']);
    expect(p.warnings[0]!.message).toContain('w[');
    expect(Number.isFinite(p.logLikelihood)).toBe(true);
  });

  test('a probability at the edge', async () => {
    const p = await estimate('data y: int[N] param p: unit observe y ~ Bernoulli(p)', { y: [1, 1, 1, 1] });
    expect(p.converged).toBe(false);
    expect(codes(p)).toEqual(['edge-of-range']);
    expect(p.warnings[0]!.message).toContain('p runs to the edge');
    expect(row(p, 'p').mean).toBeCloseTo(1, 4);
  });

  test('a variance component of zero', async () => {
    // Groups that differ less than chance: the likelihood is largest without a group effect.
    const p = await estimate('data m: real[J] param mu: real param t: positive observe m ~ Normal(mu, sqrt(1 + t^2))', {
      m: [0.1, -0.2, 0.05, 0.15],
    });
    expect(p.converged).toBe(false);
    expect(p.warnings[0]!.message).toMatch(/^t runs to the edge/);
    expect(row(p, 'mu').mean).toBeCloseTo(0.025, 4);
    expect(row(p, 't').mean).toBeLessThan(1e-2);
    expect(row(p, 't').sd).toBeNull();
    // At t = 0 the mean has the error of four unit Normals.
    expect(row(p, 'mu').sd).toBeCloseTo(0.5, 3);
  });

  test('a component that collapses on one point grows without bound and is named', async () => {
    const p = await estimate(
      'data x: real[N] param m: real[2] param s: positive[2] observe x ~ mixture([0.5, 0.5], Normal(m[k], s[k]) for k in 0..<2)',
      { x: y },
      { init: { m: [0.3, 0.2], s: [0.001, 1] } },
    );
    expect(p.converged).toBe(false);
    expect(codes(p)).toEqual(['unbounded-density']);
    expect(p.warnings[0]!.message).toContain('s[0]');
    expect(Number.isFinite(p.logLikelihood)).toBe(true);
    for (const value of Object.values(p.summary().variables)) expect(Number.isFinite(value.mean)).toBe(true);
  });

  test('constant data with a free scale', async () => {
    const p = await estimate('data y: real[N] param m: real param s: positive observe y ~ Normal(m, s)', { y: [2, 2, 2] });
    expect(p.converged).toBe(false);
    expect(p.warnings[0]!.message).toContain('s');
    expect(Number.isFinite(p.logLikelihood)).toBe(true);
  });

  test('of more unknowns than are looked at in every direction: known where the curvature is that of a maximum, and said where it is not', async () => {
    const many = Array.from({ length: 420 }, (_, n) => Math.sin(n * n) + 0.1),
      average = many.reduce((sum, v) => sum + v, 0) / many.length;
    const flat = await estimate('data y: real[N] param m: real[N] for n in 0..<N { observe y[n] ~ Normal(standardise(m)[n], 1) }', {
      y: many,
    });
    expect(codes(flat)).toEqual(['not-judged']);
    expect(flat.converged).toBe(false);
    // The precision is 2 across the direction of ones, and 1 + 2^2 along it.
    const p = await estimate(
      'data y: real[N] for n in 0..<N { sample m[n] ~ Normal(0, 1) } for n in 0..<N { observe y[n] ~ Normal(m[n] + mean(m), 1) }',
      { y: many },
    );
    expect(codes(p)).toEqual([]);
    for (const n of [0, 7, 419]) {
      expect(row(p, `m[${n}]`).mean).toBeCloseTo((many[n]! - average) / 2 + (2 / 5) * average, 6);
      expect(row(p, `m[${n}]`).sd).toBeCloseTo(Math.sqrt((1 - 1 / 420) / 2 + 1 / 5 / 420), 6);
    }
  });

  test('no data at all', async () => {
    const p = await estimate('data y: real[N] param m: real observe y ~ Normal(m, 1)', { y: [] });
    expect(codes(p)).toEqual(['flat-direction']);
  });
});

describe('options and refusals', () => {
  test.each([
    [{ options: { restarts: 0 } }, 'wrong-option'],
    [{ options: { tolerance: -1 } }, 'wrong-option'],
    [{ options: { marginal: 'q' } }, 'wrong-option'],
  ])('%j', async (options, code) => {
    await expect(estimate('data y: real[N] param m: real observe y ~ Normal(m, 1)', { y: [1] }, options)).rejects.toMatchObject({
      diagnostics: [{ code }],
    });
  });

  test('an impossible start says so', async () => {
    await expect(
      estimate('data y: real[N] param c: positive observe y ~ Uniform(0, c)', { y: [1, 3] }, { init: { c: 2 } }),
    ).rejects.toMatchObject({ diagnostics: [{ code: 'wrong-init' }] });
    await expect(estimate('data y: real param c: real factor (c > 3 || c < -1e9) && y > 0 ? -c : -inf', { y: -1 })).rejects.toMatchObject({
      diagnostics: [{ code: 'no-start' }],
    });
  });
});

test('a kink at the maximum is named', async () => {
  // The median of an odd number of observations.
  const p = await estimate('data y: real[N] param m: real observe y ~ Laplace(m, 1)', { y: [0.2, 1.7, 3.1] });
  expect(codes(p)).toEqual(['kink']);
  expect(row(p, 'm').mean).toBeCloseTo(1.7, 3);
  expect(row(p, 'm').sd).toBeNull();
});

describe('data as they come', () => {
  test('far from zero, with a small spread', async () => {
    const y = [0.3, -1.2, 0.8, 1.9, -0.4, 0.6].map((v) => 1e6 + 1e-2 * v),
      mean = y.reduce((a, b) => a + b, 0) / 6;
    const p = await estimate('data y: real[N] param m: real param s: positive observe y ~ Normal(m, s)', { y });
    const s = Math.sqrt(y.reduce((v, x) => v + (x - mean) ** 2, 0) / 6);
    expect(p.converged).toBe(true);
    close(row(p, 'm').mean, mean, s);
    close(row(p, 's').mean, s, s, 1e-5);
  });

  test('columns of very different scales', async () => {
    const x = [1, 2, 3, 4, 5, 6, 7],
      y = [3.1, 4.9, 7.2, 8.8, 11.1, 13.2, 14.8];
    const plain = await estimate(
      'data x: real[N] data y: real[N] param a: real param b: real param s: positive observe y ~ Normal(a + b * x, s)',
      { x, y },
    );
    const scaled = await estimate(
      'data x: real[N] data y: real[N] param a: real param b: real param s: positive observe y ~ Normal(a + b * x, s)',
      { x: x.map((v) => 1e4 + v), y: y.map((v) => 1e6 * v) },
    );
    expect(scaled.converged).toBe(true);
    close(row(scaled, 'b').mean / 1e6, row(plain, 'b').mean, row(plain, 'b').sd, 1e-3);
    close(row(scaled, 'b').sd / 1e6, row(plain, 'b').sd, row(plain, 'b').sd, 1e-3);
    close(row(scaled, 's').mean / 1e6, row(plain, 's').mean, row(plain, 's').sd, 1e-3);
  });

  test('Old Faithful: two Gaussians from random starts, at a fixed point of EM', async () => {
    const y = readFileSync(new URL('../../examples/08-known-mixture/faithful.csv', import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(',')[1]));
    const p = await estimate(
      'data y: real[N] data K: int param p: simplex[K] param m: real[K] param s: positive[K] for n in 0..<N { sample z[n] ~ Categorical(p) observe y[n] ~ Normal(m[z[n]], s[z[n]]) }',
      { y, K: 2 },
    );
    expect(p.converged).toBe(true);
    const [w, m, s] = ['p', 'm', 's'].map((name) => [0, 1].map((k) => row(p, `${name}[${k}]`).mean)) as [number[], number[], number[]];
    const density = (v: number, k: number): number => (w[k]! / s[k]!) * Math.exp(-0.5 * ((v - m[k]!) / s[k]!) ** 2);
    for (const k of [0, 1]) {
      const r = y.map((v) => density(v, k) / (density(v, 0) + density(v, 1))),
        total = r.reduce((a, b) => a + b, 0);
      const mean = r.reduce((t, q, n) => t + q * y[n]!, 0) / total;
      close(total / y.length, w[k]!, 1, 1e-8);
      close(mean, m[k]!, s[k]!, 1e-8);
      close(Math.sqrt(r.reduce((t, q, n) => t + q * (y[n]! - mean) ** 2, 0) / total), s[k]!, s[k]!, 1e-8);
    }
    expect(m[0]!).toBeLessThan(60);
    expect(m[1]!).toBeGreaterThan(75);
  });

  test('a chain whose data never take one way: that probability is at its edge, the others have errors', async () => {
    const z = [0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 2, 2, 0, 0, 1, 0, 0, 2, 0, 1, 1];
    const p = await estimate(
      'data y: real[T] param P: simplex[3, 3] param m: ordered[3] sample z[0] ~ Categorical(fill(1 / 3, 3)) for t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) } for t in 0..<T { observe y[t] ~ Normal(m[z[t]], 0.1) }',
      { y: z.map((k, t) => 5 * k + 0.1 * Math.sin(t)) },
    );
    expect(codes(p)).toEqual(['edge-of-range']);
    // Labels are certain: the estimates are proportions of transitions.
    const count = (a: number, b: number): number => z.slice(1).filter((k, t) => z[t] === a && k === b).length;
    for (const a of [0, 1, 2]) {
      const total = [0, 1, 2].reduce((s, b) => s + count(a, b), 0);
      for (const b of [0, 1, 2]) close(row(p, `P[${a},${b}]`).mean, count(a, b) / total, 1, 1e-3);
    }
    const q = count(0, 1) / 11;
    close(row(p, 'P[0,1]').sd, Math.sqrt((q * (1 - q)) / 11), 1, 1e-3);
  });
});

test('explain shows score equations', () => {
  const m = compile(
    'data x: real[N] data y: real[N] param a: real param s: positive for n in 0..<N { sample z[n] ~ Bernoulli(0.3) observe y[n] ~ Normal(a * x[n], s) }',
  );
  const text = m.explain({ backend: 'map' }).toText();
  expect(text).toContain('derivative = sum((y[n] - a*x[n])*x[n]/s^2 for n in 0..<N)');
  expect(text).toContain('derivative = sum((y[n] - a*x[n])^2/s^3 - 1/s for n in 0..<N)');
  expect(text).toContain('summed out');
  expect(m.explain({ backend: 'laplace', options: { scale: 'natural' } }).toText()).toContain('natural scale');
});

describe('columns that are nearly combinations of each other', () => {
  const x = Array.from({ length: 40 }, (_, n) => Math.sin(2.3 * n)),
    z = x.map((_, n) => Math.cos(5.1 * n)),
    noise = x.map((_, n) => Math.sin(7.7 * n * n));
  const design = (e: number): number[][] => x.map((v, n) => [1, v, v + e * z[n]!]);
  // In the coordinates (w1 + w2, e w2) the design has columns x and z: least squares there, by Cramer's rule on the normal equations.
  const wellPosed = (y: readonly number[]): readonly number[] => {
    const columns = [x.map(() => 1), x, z],
      dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, n) => s + v * b[n]!, 0);
    const A = columns.map((a) => columns.map((b) => dot(a, b))),
      c = columns.map((a) => dot(a, y));
    const det = (m: readonly (readonly number[])[]): number =>
      m[0]![0]! * (m[1]![1]! * m[2]![2]! - m[1]![2]! * m[2]![1]!) -
      m[0]![1]! * (m[1]![0]! * m[2]![2]! - m[1]![2]! * m[2]![0]!) +
      m[0]![2]! * (m[1]![0]! * m[2]![1]! - m[1]![1]! * m[2]![0]!);
    return [0, 1, 2].map((k) => det(A.map((r, i) => r.map((v, j) => (j === k ? c[i]! : v)))) / det(A));
  };
  test.each([
    [1e-3, []],
    [1e-6, ['near-collinear']],
  ] as const)('spread %f', async (e, expected) => {
    const y = x.map((v, n) => 1 + 2 * v + 0.4 * noise[n]!);
    const p = await estimate(linear, { X: design(e), y });
    expect(codes(p)).toEqual(expected);
    expect(p.converged).toBe(true);
    const [, sum, scaled] = wellPosed(y) as [number, number, number];
    const w = [1, 2].map((k) => row(p, `w[${k}]`).mean);
    expect(w[0]! + w[1]!).toBeCloseTo(sum, 6);
    expect(e * w[1]!).toBeCloseTo(scaled, 4);
    if (expected.length > 0) expect(p.warnings[0]!.message).toContain('w[1], w[2]');
  });
  test('of a logistic regression, no kink is seen where estimates are large', async () => {
    const y = x.map((v, n) => Number(v + noise[n]! > 0));
    expect(codes(await estimate(logistic, { X: design(1e-7), y }))).toEqual(['near-collinear']);
  });
});

test('ordered unknowns of which a part is given are refused: coordinates that add up would pass what is given', async () => {
  const source = 'data y: real  sample c: ordered[3] ~ iid(Normal(0, 2), 3)  observe y ~ Normal(c[1], 1)';
  await expect(estimate(source, { y: 0.5, c: [null, -1, null] })).rejects.toThrow('no unconstrained coordinates');
  await expect(estimate(source, { y: 0.5, c: [null, null, -1] })).rejects.toThrow('no unconstrained coordinates');
});
