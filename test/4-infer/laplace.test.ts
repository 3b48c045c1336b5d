/**
 * Laplace's approximation against closed forms worked out here: Gaussian models, where it is exact,
 * the chi-squared law on both scales, logistic regression against R's glm, and its own draws.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compile, type Posterior } from '../../src/index.js';

interface Fit {
  readonly X: number[][];
  readonly y: number[];
  readonly coefficients: number[];
  readonly se: number[];
}
const { infert } = JSON.parse(readFileSync(new URL('../reference/maximumLikelihood.json', import.meta.url), 'utf8')) as { infert: Fit };

const approximate = (source: string, data: object = {}, options: object = {}): Promise<Posterior> =>
  compile(source).infer(data as Record<string, unknown>, { backend: 'laplace', workers: 0, draws: 500, ...options });
const row = (p: Posterior, name: string): { mean: number; sd: number; mcse: number | null; q5: number; q50: number; q95: number } =>
  p.summary().variables[name] as never;
const z95 = 1.6448536269514722;

test('a Gaussian posterior is exact: moments, quantiles, evidence', async () => {
  const y = [1.1, 0.3, 2.2, 0.8];
  const p = await approximate('data y: real[N] sample m ~ Normal(0, 2) report q = m + 1 observe y ~ Normal(m, 0.7)', { y });
  const precision = 1 / 4 + y.length / 0.49,
    mean = y.reduce((a, b) => a + b, 0) / 0.49 / precision,
    sd = 1 / Math.sqrt(precision);
  expect(row(p, 'm').mean).toBeCloseTo(mean, 9);
  expect(row(p, 'm').sd).toBeCloseTo(sd, 9);
  expect(row(p, 'm').mcse).toBeNull();
  expect(row(p, 'm').q95).toBeCloseTo(mean + z95 * sd, 8);
  // N(y; 0, 0.49 I + 4 1 1').
  const n = y.length,
    total = y.reduce((a, b) => a + b, 0),
    squares = y.reduce((a, b) => a + b * b, 0);
  const evidence =
    -0.5 *
    (n * Math.log(2 * Math.PI) +
      n * Math.log(0.49) +
      Math.log(1 + (4 * n) / 0.49) +
      squares / 0.49 -
      ((4 / 0.49) * total * total) / 0.49 / (1 + (4 * n) / 0.49));
  expect(p.logEvidence).toBeCloseTo(evidence, 8);
  // A report comes from draws with their error.
  expect(Math.abs(row(p, 'q').mean - mean - 1)).toBeLessThan(5 * row(p, 'q').mcse!);
  expect(p.draws('m').length).toBe(2000);
});

describe('the chi-squared law with 10 degrees of freedom', () => {
  test('on the natural scale: mode 8, variance 16', async () => {
    const p = await approximate('sample x ~ ChiSquared(10)', {}, { options: { scale: 'natural' } });
    expect(row(p, 'x').mean).toBeCloseTo(8, 8);
    expect(row(p, 'x').sd ** 2).toBeCloseTo(16, 6);
    // log f(8) + log(2 pi) / 2 + log(4), f(x) = x^4 exp(-x/2) / (2^5 Gamma(5)).
    expect(p.logEvidence).toBeCloseTo(4 * Math.log(8) - 4 - Math.log(32 * 24) + 0.5 * Math.log(2 * Math.PI) + Math.log(4), 8);
    expect(row(p, 'x').q5).toBeCloseTo(8 - z95 * 4, 7);
  });

  test('in the logarithm: mode 10, variance 1/5, moments of the lognormal', async () => {
    // log f + log x = 5 log x - x/2 + c: mode x = 10, minus the second derivative by log x is 5.
    const p = await approximate('sample x ~ ChiSquared(10)');
    expect(row(p, 'x').q50).toBeCloseTo(10, 8);
    expect(row(p, 'x').mean).toBeCloseTo(10 * Math.exp(0.1), 7);
    expect(row(p, 'x').sd).toBeCloseTo(10 * Math.exp(0.1) * Math.sqrt(Math.exp(0.2) - 1), 6);
    expect(row(p, 'x').q95).toBeCloseTo(10 * Math.exp(z95 / Math.sqrt(5)), 6);
    expect(p.logEvidence).toBeCloseTo(5 * Math.log(10) - 5 - Math.log(32 * 24) + 0.5 * Math.log(2 * Math.PI) - 0.5 * Math.log(5), 8);
    const draws = p.draws('x');
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    expect(Math.abs(mean - row(p, 'x').mean)).toBeLessThan((5 * row(p, 'x').sd) / Math.sqrt(draws.length));
  });
});

test('logistic regression: the inverse Hessian is that of glm', async () => {
  const { X, y, coefficients, se } = infert;
  const p = await approximate(
    'data X: real[N, D] data y: int[N] param w: real[D] for n in 0..<N { observe y[n] ~ Bernoulli(logit: X[n] @ w) }',
    { X, y },
  );
  coefficients.forEach((b, k) => {
    expect(Math.abs(row(p, `w[${k}]`).mean - b) / se[k]!).toBeLessThan(1e-6);
    expect(Math.abs(row(p, `w[${k}]`).sd / se[k]! - 1)).toBeLessThan(1e-6);
  });
  // Flat unknowns have no evidence.
  expect(p.logEvidence).toBeNull();
});

test('a Dirichlet posterior: evidence close to the truth, and on the natural scale the curvature by hand', async () => {
  const k = [...Array<number>(30).fill(0), ...Array<number>(50).fill(1), ...Array<number>(20).fill(2)],
    a = [32, 52, 22],
    total = 106;
  const source = 'data k: int[N] sample p ~ Dirichlet([2, 2, 2]) observe k ~ Categorical(p)';
  const truth = logGamma(6) - 3 * logGamma(2) + a.reduce((s, x) => s + logGamma(x), 0) - logGamma(total);
  for (const scale of ['unconstrained', 'natural']) {
    const p = await approximate(source, { k }, { options: { scale } });
    expect(Math.abs(p.logEvidence! - truth), scale).toBeLessThan(0.05);
    expect(row(p, 'p[1]').mean).toBeCloseTo(52 / 106, 2);
  }
  const p = await approximate(source, { k }, { options: { scale: 'natural' } });
  // Mode (a - 1) / (total - 3); information of (p0, p1) is diag((a_i - 1) / p_i^2) + (a_2 - 1) / p_2^2.
  const m = a.map((x) => (x - 1) / (total - 3)),
    d = a.map((x, i) => (x - 1) / m[i]! ** 2);
  const determinant = (d[0]! + d[2]!) * (d[1]! + d[2]!) - d[2]! ** 2;
  m.forEach((x, i) => {
    expect(row(p, `p[${i}]`).mean).toBeCloseTo(x, 9);
  });
  expect(row(p, 'p[0]').sd).toBeCloseTo(Math.sqrt((d[1]! + d[2]!) / determinant), 8);
  expect(p.logEvidence).toBeCloseTo(
    logGamma(6) + m.reduce((s, x, i) => s + (a[i]! - 1) * Math.log(x), 0) + Math.log(2 * Math.PI) - 0.5 * Math.log(determinant),
    7,
  );
});

test('matrices and ordered unknowns come from draws with their error', async () => {
  const x = Array.from({ length: 40 }, (_, n) => [Math.sin(n), Math.cos(1.7 * n) + 0.4 * Math.sin(n)]);
  const p = await approximate(
    'data x: real[N, 2] sample S ~ InverseWishart(5, eye(2)) observe x ~ MvNormal(zeros(2), S)',
    { x },
    { draws: 1000 },
  );
  // InverseWishart(5 + 40, I + sum x x'), mean over (45 - 3).
  for (const [i, j] of [
    [0, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const scale = x.reduce((s, v) => s + v[i]! * v[j]!, Number(i === j)),
      mean = scale / 42;
    expect(Math.abs(row(p, `S[${i},${j}]`).mean - mean)).toBeLessThan(0.05);
    // The first element moves with one coordinate: no Monte Carlo error.
    if (j > 0) expect(row(p, `S[${i},${j}]`).mcse).toBeGreaterThan(0);
    else expect(row(p, `S[${i},${j}]`).mcse).toBeNull();
  }
});

test('labels are summed out and drawn back', async () => {
  const y = [0.1, 4.2, -0.3, 3.9, 2.0];
  const p = await approximate(
    'data y: real[N] sample m ~ Normal(0, 3) for n in 0..<N { sample z[n] ~ Bernoulli(0.5) observe y[n] ~ Normal(m + 4 * z[n], 1) }',
    { y },
    { draws: 1000 },
  );
  const z = p.draws('z'),
    phi = (x: number): number => Math.exp(-0.5 * x * x);
  // E P(z_n = 1 | m) under the posterior of m, on a grid.
  const grid = Array.from({ length: 2001 }, (_, k) => -6 + 0.006 * k);
  const weights = grid.map((m) => phi(m / 3) * y.reduce((w, v) => w * (phi(v - m) + phi(v - m - 4)), 1)),
    total = weights.reduce((a, b) => a + b, 0);
  y.forEach((v, n) => {
    let found = 0;
    for (let d = 0; d < 4000; d++) found += z[d * 5 + n]! / 4000;
    const truth = grid.reduce((s, m, k) => s + (weights[k]! / total) * (phi(v - m - 4) / (phi(v - m) + phi(v - m - 4))), 0);
    expect(Math.abs(found - truth), String(v)).toBeLessThan(0.04);
  });
});

test('a natural scale that does not fit is said', async () => {
  const p = await approximate('sample x ~ ChiSquared(3)', {}, { options: { scale: 'natural' } });
  expect(p.warnings.map((w) => w.code)).toEqual(['outside-support']);
});

test('a bound that only an argument gives is told of, and where to write it', async () => {
  const p = await approximate('data y: int[N] sample p ~ Beta(1, 1) observe y ~ Bernoulli(1.2 * p)', { y: [1, 1, 1, 0, 1] });
  expect(p.warnings.map((w) => w.code)).toEqual(['outside-support']);
  expect(p.warnings[0]!.hint).toContain('the bound in the law');
});

test('without a mode there is no evidence and the reason', async () => {
  const p = await approximate(
    'data y: real[N] sample s ~ Exponential(1) sample m ~ Normal(0, 1) factor -m^2 * 0 observe y ~ Normal(m, 1)',
    { y: [0.2] },
    { options: { scale: 'natural' } },
  );
  expect(p.converged).toBe(false);
  expect(p.logEvidence).toBeNull();
  expect(p.warnings[0]!.message).toContain('s');
});

test.each([[{ scale: 'log' }], [{ restarts: 0 }]])('refuses %j', async (options) => {
  await expect(approximate('sample x ~ Normal(0, 1)', {}, { options })).rejects.toMatchObject({ diagnostics: [{ code: 'wrong-option' }] });
});

/** log Gamma of whole numbers. */
function logGamma(n: number): number {
  let s = 0;
  for (let k = 2; k < n; k++) s += Math.log(k);
  return s;
}

describe('an element whose derivative by a coordinate vanishes at the mode moves with that coordinate all the same', () => {
  test('a bound that is the square of a Normal: b - a^2 is uniform, E a^2 = 1', async () => {
    const p = await approximate('sample a ~ Normal(0, 1)  sample b ~ Uniform(a^2, a^2 + 1)', {}, { draws: 2000 });
    const b = row(p, 'b');
    expect(b.mcse).not.toBeNull();
    expect(Math.abs(b.mean - 1.5)).toBeLessThan(5 * b.mcse!);
    // The mean lies a unit above what stands at a = 0.
    expect(b.sd).toBeGreaterThan(1.2);
  });

  test('a correlation matrix at the identity: an element below the first column moves with three coordinates', async () => {
    const identity = [0, 1, 2].map((i) => [0, 1, 2].map((j) => Number(i === j)));
    const p = await approximate('sample R ~ LKJ(3, 2)', {}, { init: { R: identity } });
    expect(row(p, 'R[1,0]').mcse).toBeNull();
    expect(row(p, 'R[2,1]').mcse).not.toBeNull();
  });
});
