/**
 * Censored and transformed laws through the public surface: posteriors in closed form or by quadrature
 * written here, draws, and refusals with their reasons.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compile, model, ModelError } from '../../src/index.js';
import { DifferentiableDensity } from '../../src/4-infer/gradient.js';
import { boundModel } from './machine.js';
import { cpuMilliseconds } from '../cpuTime.js';

/** Mean of draws with its standard error by batches. */
function batches(draws: ArrayLike<number>): { mean: number; error: number } {
  const values = Array.from(draws),
    n = 40,
    size = Math.floor(values.length / n);
  const means = Array.from({ length: n }, (_, k) => values.slice(k * size, (k + 1) * size).reduce((a, b) => a + b, 0) / size);
  const mean = means.reduce((a, b) => a + b, 0) / n;
  return { mean, error: Math.sqrt(means.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1) / n) };
}
/** Posterior mean of an unnormalised log density on a grid. */
function gridMean(log: (x: number) => number, low: number, high: number): number {
  const n = 40_000,
    h = (high - low) / n;
  const logs = Array.from({ length: n }, (_, i) => log(low + (i + 0.5) * h)),
    top = Math.max(...logs);
  let mass = 0,
    first = 0;
  logs.forEach((l, i) => {
    const w = Math.exp(l - top);
    mass += w;
    first += w * (low + (i + 0.5) * h);
  });
  return first / mass;
}
const run = { chains: 2, draws: 4000, warmup: 500, seed: 5, workers: 0 } as const;
function reasonOf(f: () => unknown): string {
  try {
    f();
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown.diagnostics.map((d) => `${d.code}: ${d.message}`).join('\n');
    throw thrown;
  }
  return '';
}

/** log Phi by the continued fraction far out, by the complementary error function of Numerical Recipes nearby. */
function logPhi(x: number): number {
  if (x < -5) {
    let c = 0;
    for (let k = 60; k > 0; k--) c = k / (-x + c);
    return (-x * x) / 2 - 0.5 * Math.log(2 * Math.PI) - Math.log(-x + c);
  }
  if (x > 5) return Math.log1p(-Math.exp(logPhi(-x)));
  let sum = x,
    term = x;
  for (let k = 1; k < 200; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return Math.log(0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI));
}

describe('censored data', () => {
  const times = [0.3, 1.1, 2, 0.7, 2, 1.6, 2, 0.2];

  it('of exponential lifetimes leave the rate a Gamma law: failures and total time at risk', async () => {
    const model = compile(`
      data t: positive[N]  data limit: real
      sample rate ~ Gamma(2, 1)
      observe t ~ censored(Exponential(rate), -inf, limit)`);
    const failures = times.filter((t) => t < 2).length,
      total = times.reduce((a, b) => a + b, 0);
    const density = model.logDensity({ t: times, limit: 2 });
    for (const rate of [0.2, 1, 4]) {
      const expected = Math.log(rate) - rate + failures * Math.log(rate) - rate * total;
      expect(density({ rate })).toBeCloseTo(expected, 10);
    }
    for (const backend of ['gibbs', 'mh']) {
      const { mean, error } = batches((await model.infer({ t: times, limit: 2 }, { ...run, backend })).draws('rate'));
      expect(Math.abs(mean - (2 + failures) / (1 + total))).toBeLessThan(5 * error);
      expect(error).toBeLessThan(0.02);
    }
    expect(model.explain({ backend: 'gibbs' }).toString()).toMatch(/Gamma/);
  });

  it('of Weibull lifetimes, each with its own limit', async () => {
    const limit = [1, 2, 3, 1, 2, 3, 1, 2],
      t = [0.4, 1.3, 3, 1, 0.9, 2.2, 1, 1.7];
    const model = compile(`
      data t: positive[N]  data limit: positive[N]
      sample scale ~ LogNormal(0, 1)
      observe t ~ censored(Weibull(1.5, scale), -inf, limit)`);
    const log = (s: number): number =>
      -(Math.log(s) ** 2) / 2 -
      Math.log(s) +
      t.reduce(
        (sum, x, i) => sum + (x >= limit[i]! ? -((limit[i]! / s) ** 1.5) : Math.log(1.5 / s) + 0.5 * Math.log(x / s) - (x / s) ** 1.5),
        0,
      );
    const density = model.logDensity({ t, limit });
    expect(density({ scale: 1.7 }) - density({ scale: 0.9 })).toBeCloseTo(log(1.7) - log(0.9), 10);
    const { mean, error } = batches((await model.infer({ t, limit }, { ...run, backend: 'gibbs' })).draws('scale'));
    expect(Math.abs(mean - gridMean(log, 0.01, 12))).toBeLessThan(5 * error);
  });

  it('of normal values on both sides, with tails that do not underflow', async () => {
    const values = [-1, -1, 0.2, 0.9, 2, 2, 2],
      model = compile(`
      data y: real[N]
      sample mu ~ Normal(0, 3)
      observe y ~ censored(Normal(mu, 0.5), -1, 2)`);
    const log = (mu: number): number =>
      -(mu * mu) / 18 +
      values.reduce((s, y) => s + (y <= -1 ? logPhi((-1 - mu) / 0.5) : y >= 2 ? logPhi((mu - 2) / 0.5) : -((y - mu) ** 2) / 0.5), 0);
    const density = model.logDensity({ y: values });
    expect(density({ mu: -20 }) - density({ mu: 0.5 })).toBeCloseTo(log(-20) - log(0.5), 7);
    // A value beyond a bound says what one at the bound says.
    expect(model.logDensity({ y: [-1, -1, 0.2, 0.9, 2, 7, 2] })({ mu: 0.5 })).toBeCloseTo(density({ mu: 0.5 }), 12);
    const { mean, error } = batches((await model.infer({ y: values }, { ...run, backend: 'gibbs' })).draws('mu'));
    expect(Math.abs(mean - gridMean(log, -3, 5))).toBeLessThan(5 * error);
  });

  it('of counts: the bounds have the mass of everything at or beyond them', () => {
    const poisson = (k: number, r: number): number => {
      let f = 1;
      for (let i = 2; i <= k; i++) f *= i;
      return (Math.exp(-r) * r ** k) / f;
    };
    const mass = (y: number): number =>
      Math.exp(compile('data y: int data r: positive observe y ~ censored(Poisson(r), 1, 4)').logDensity({ y, r: 2.5 })({}));
    expect(mass(1)).toBeCloseTo(poisson(0, 2.5) + poisson(1, 2.5), 12);
    expect(mass(3)).toBeCloseTo(poisson(3, 2.5), 12);
    expect(mass(4)).toBeCloseTo(1 - [0, 1, 2, 3].reduce((s, k) => s + poisson(k, 2.5), 0), 12);
    expect([1, 2, 3, 4].reduce((s, k) => s + mass(k), 0)).toBeCloseTo(1, 12);
  });

  it('are drawn with clamped values, and cannot be unknown', () => {
    const draws = compile('sample y ~ censored(Normal(0, 1), -0.5, 1)')
      .sample({}, { count: 4000, seed: 2 })
      .map((d) => d['y'] as number);
    expect(Math.min(...draws)).toBe(-0.5);
    expect(Math.max(...draws)).toBe(1);
    expect(Math.abs(draws.filter((y) => y === 1).length / 4000 - 0.158655)).toBeLessThan(0.03);
    expect(reasonOf(() => compile('sample y ~ censored(Normal(0, 1), -0.5, 1) observe 1.0 ~ Normal(y, 1)').logDensity({}))).toMatch(
      /no-density: y is unknown.*lies on its bounds/,
    );
  });
});

describe('transformed laws in models', () => {
  it('are conjugate where their inverse is: log-normal data by hand', async () => {
    const y = [0.5, 1.2, 3.4, 2.2],
      model = compile('data y: positive[N] sample mu ~ Normal(0, 2) observe y ~ pushforward(t => exp(t), Normal(mu, 0.7))');
    expect(model.explain({ backend: 'gibbs' }).toString()).toMatch(/Normal/);
    const { mean, error } = batches((await model.infer({ y }, { ...run, backend: 'gibbs' })).draws('mu'));
    const precision = 1 / 4 + 4 / 0.49,
      exact = y.reduce((s, x) => s + Math.log(x), 0) / 0.49 / precision;
    expect(Math.abs(mean - exact)).toBeLessThan(5 * error);
    expect(error).toBeLessThan(0.01);
    expect((await model.infer({ y }, { ...run, backend: 'gibbs' })).plan?.[0]?.kernel ?? 'conjugate').toBe('conjugate');
  });

  it('serve for unknowns: slice and Metropolis steps stay in the support', async () => {
    const model = compile('sample y ~ pushforward(t => log(1 + t^2), Normal(0, 1)) observe 0.8 ~ Normal(y, 0.4)');
    const log = (y: number): number => {
      const t = Math.sqrt(Math.expm1(y));
      return (-t * t) / 2 + y - Math.log(t) - ((0.8 - y) / 0.4) ** 2 / 2;
    };
    for (const backend of ['gibbs', 'mh']) {
      const posterior = await model.infer({}, { ...run, backend });
      const { mean, error } = batches(posterior.draws('y'));
      expect(posterior.draws('y').every((y) => y >= 0)).toBe(true);
      expect(Math.abs(mean - gridMean(log, 0, 4))).toBeLessThan(5 * error);
    }
  });

  it('have unknown coefficients', async () => {
    const y = [0.9, -0.3, 1.7, 2.5, 0.1],
      model = compile(`
      data y: real[N]
      sample a ~ Normal(0, 2)
      sample b ~ truncated(Normal(0, 2), 0, inf)
      observe y ~ pushforward(t => a + b * t, StudentT(4, 0, 1))`);
    const same = compile(
      'data y: real[N] sample a ~ Normal(0, 2) sample b ~ truncated(Normal(0, 2), 0, inf) observe y ~ StudentT(4, a, b)',
    );
    const [left, right] = [model.logDensity({ y }), same.logDensity({ y })];
    for (const [a, b] of [
      [0, 1],
      [1.2, 0.4],
      [-3, 2.5],
    ])
      expect(left({ a, b })).toBeCloseTo(right({ a, b }), 10);
    const [p, q] = [await model.infer({ y }, { ...run, backend: 'gibbs' }), await same.infer({ y }, { ...run, backend: 'gibbs', seed: 6 })];
    const [m, n] = [batches(p.draws('b')), batches(q.draws('b'))];
    expect(Math.abs(m.mean - n.mean)).toBeLessThan(5 * Math.hypot(m.error, n.error));
  });

  it('leave families where the map moves or scales: the same closed forms as written by hand', () => {
    const formulas = (text: string, data: object): string =>
      compile(text)
        .explain({ backend: 'gibbs', data: data as Record<string, unknown> })
        .toString()
        .replace(/^( {2}from| {7}).*$/gm, '')
        .replace(/\(sqrt\(v\)\*sqrt\(v\)\)/g, 'v');
    const prior = 'sample a ~ Normal(0, 1) sample v ~ InverseGamma(2, 2)';
    expect(formulas(`data y: real[N] ${prior} observe y ~ pushforward(t => a + sqrt(v) * t, Normal(0, 1))`, { y: [1, 2] })).toBe(
      formulas(`data y: real[N] ${prior} observe y ~ Normal(a, sqrt(v))`, { y: [1, 2] }),
    );
    expect(formulas('data y: positive[N] sample r ~ Gamma(2, 1) observe y ~ pushforward(t => t / r, Exponential(1))', { y: [1, 2] })).toBe(
      formulas('data y: positive[N] sample r ~ Gamma(2, 1) observe y ~ Exponential(r)', { y: [1, 2] }),
    );
  });

  it('have gradients: chains of maps, matrices and directions that are unknown, censored data', () => {
    const models: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
      [
        'data y: real[N] param a: real param b: positive param c: real param d: positive observe y ~ pushforward(v => a + b * v, pushforward(u => (exp(u) - exp(-u)) / 2, pushforward(z => c + d * z, Normal(0, 1))))',
        { y: [0.3, -1, 2.5] },
      ],
      [
        'data y: real[N] sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) observe y ~ pushforward(t => a + b * tanh(t) + b * t^0, pushforward(t => 2 * t, Normal(0, 3)))',
        { y: [0.3] },
      ],
      [
        'data y: real[N, 2] param A: real[2, 2] param m: real[2] for n in 0..<N { observe y[n] ~ pushforward(t => A @ t + m, iid(Normal(0, 1), 2)) }',
        {
          y: [
            [0.3, 1],
            [-0.4, 2],
          ],
        },
      ],
      [
        'data y: real[N] sample m ~ Normal(0, 1) sample s ~ HalfNormal(1) observe y ~ censored(Normal(m, s), -1, 1)',
        { y: [0.3, 1, -1, 0.2] },
      ],
      ['data y: real[N] sample s ~ HalfNormal(1) observe y ~ pushforward(t => log(1 + (s * t)^2), Normal(0, 1))', { y: [0.3, 1.4] }],
    ];
    for (const [text, data] of models) {
      const density = new DifferentiableDensity(boundModel(text, data), 'map', '3');
      let compared = 0;
      for (let start = 0; start < 4; start++) {
        const position = density.initialise(start % 2 === 0),
          gradient = new Float64Array(density.dimension);
        if (!Number.isFinite(density.gradient(position, false, gradient))) continue;
        for (let k = 0; k < density.dimension; k++) {
          const at = (h: number): number => {
            const p = position.slice();
            p[k]! += h;
            return density.density(p, false);
          };
          const slope = (8 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 1.2e-3;
          if (!Number.isFinite(slope)) continue;
          compared++;
          expect({ text, wrong: Math.abs(gradient[k]! - slope) > 1e-5 * (1 + Math.abs(slope)) }).toEqual({ text, wrong: false });
        }
      }
      expect(compared).toBeGreaterThan(0);
    }
  });

  it('fill gaps in data, and nest deeply', async () => {
    const posterior = await compile('data y: real[N] observe y ~ pushforward(t => exp(t), Normal(0, 0.5))').infer(
      { y: [1, null] },
      { ...run, backend: 'gibbs' },
    );
    const { mean, mcse } = posterior.summary().variables['y[1]']!;
    expect(Math.abs(mean! - Math.exp(0.125))).toBeLessThan(6 * mcse!);
    let law = 'Normal(0, 1)';
    for (let k = 0; k < 10; k++) law = k % 2 === 0 ? `pushforward(t => 0.5 + 1.1 * t, ${law})` : `pushforward(t => softplus(t), ${law})`;
    expect(
      cpuMilliseconds(() => {
        expect(compile(`data y: real observe y ~ ${law}`).logDensity({ y: 6 })({})).toBeGreaterThan(-Infinity);
      }),
    ).toBeLessThan(4000);
  });

  it('with tests within tests: the derivation ends, and draws are right', async () => {
    // y is 1/2 where c + d z > 0 for z ~ LogNormal(0, 1), which is certain for c >= 0.
    const program = compile(
      'data y: real sample c ~ Normal(0, 1) sample d ~ Exponential(1) observe y ~ pushforward(u => (exp(u) > exp(-u)) / 2, pushforward(z => c + d * z, LogNormal(0, 1)))',
    );
    expect(cpuMilliseconds(() => expect(() => program.explain({ backend: 'exact' })).toThrow(/exact does not apply/))).toBeLessThan(5000);
    const posterior = await program.infer({ y: 0.5 }, { ...run, backend: 'gibbs' });
    const step = 0.02;
    let mass = 0,
      first = 0;
    for (let c = -6 + step / 2; c < 6; c += step)
      for (let d = step / 2; d < 20; d += step) {
        const weight = Math.exp(-0.5 * c * c - d) * (c >= 0 ? 1 : Math.exp(logPhi(-Math.log(-c / d))));
        mass += weight;
        first += weight * c;
      }
    const { mean, mcse } = posterior.summary().variables['c']!;
    expect(Math.abs(mean! - first / mass)).toBeLessThan(5 * mcse!);
  });

  it('of vectors: affine maps are the normal law of the transformed moments', () => {
    const A = [
        [2, 1],
        [0.5, -1],
      ],
      b = [1, -2],
      m = [0.3, 0.1];
    const cov = A.map((r) => A.map((s) => r[0]! * s[0]! + r[1]! * s[1]!)),
      mean = A.map((r, i) => r[0]! * m[0]! + r[1]! * m[1]! + b[i]!);
    const direct = compile('data y: real[D] data m: real[D] data S: cov[D] observe y ~ MvNormal(m, S)');
    for (const law of ['MvNormal(m, eye(D))', 'pushforward(s => s + m, iid(Normal(0, 1), D))']) {
      const model = compile(
        `data y: real[D] data A: real[D, D] data b: real[D] data m: real[D] observe y ~ pushforward(t => A @ t + b, ${law})`,
      );
      for (const y of [
        [0, 0],
        [1.5, -3],
      ])
        expect(model.logDensity({ y, A, b, m })({})).toBeCloseTo(direct.logDensity({ y, m: mean, S: cov })({}), 10);
    }
    const model = compile('data y: real[D] data A: real[D, D] observe y ~ pushforward(t => A @ t, iid(Exponential(1), D))');
    expect(
      model.logDensity({
        y: [3, 4],
        A: [
          [1, 0],
          [1, 1],
        ],
      })({}),
    ).toBeCloseTo(-4, 12);
    expect(
      model.logDensity({
        y: [3, 2],
        A: [
          [1, 0],
          [1, 1],
        ],
      })({}),
    ).toBe(-Infinity);
    expect(
      reasonOf(() =>
        model.logDensity({
          y: [3, 4],
          A: [
            [1, 2],
            [2, 4],
          ],
        }),
      ),
    ).toMatch(/degenerate-map.*singular/);
  });

  it('of vectors: running sums are random walks, solutions of equations are affine', () => {
    const walk = compile('data y: real[D] observe y ~ pushforward(t => cumsum(t), iid(Normal(0, 2), D))');
    const steps = compile('data y: real[D] observe y ~ Normal(0, 2)');
    expect(walk.logDensity({ y: [1, 0, 3] })({})).toBeCloseTo(steps.logDensity({ y: [1, -1, 3] })({}), 10);
    const solved = compile('data y: real[D] data A: real[D, D] observe y ~ pushforward(t => solve(A, t), iid(Normal(0, 2), D))');
    expect(
      solved.logDensity({
        y: [1, 2],
        A: [
          [0, 1],
          [3, 0],
        ],
      })({}),
    ).toBeCloseTo(steps.logDensity({ y: [2, 3] })({}) + Math.log(3), 10);
  });

  it('refuse matrices and factors that are not one-to-one where a density is asked for, and draw', () => {
    const model = compile('data y: real[K] data A: real[K, D] observe y ~ pushforward(t => A @ t, iid(Normal(0, 1), D))');
    expect(
      reasonOf(() =>
        model.logDensity({
          y: [1, 2, 3],
          A: [
            [1, 0],
            [0, 2],
            [1, 1],
          ],
        }),
      ),
    ).toMatch(/another shape/);
    expect(
      model.sample(
        {
          A: [
            [1, 0],
            [0, 2],
            [1, 1],
          ],
        },
        { seed: 1 },
      )['y'],
    ).toHaveLength(3);
    const scaled = compile('data y: real[N] data c: real[N] for n in 0..<N { observe y[n] ~ pushforward(t => c[n] * t, Normal(0, 1)) }');
    expect(reasonOf(() => scaled.logDensity({ y: [0.2, 1], c: [1, 0] }))).toMatch(/degenerate-map.*at n = 1: `c\[n\]` is 0/);
    expect(scaled.sample({ c: [1, 0] }, { seed: 1 })['y']).toHaveProperty('1', 0);
    expect(reasonOf(() => compile('data y: real observe y ~ pushforward(t => exp(t), Normal(0, 1))').logDensity({ y: 0 }))).toMatch(
      /outside-support.*its density there is zero/,
    );
  });

  it('of vectors: element by element', () => {
    const model = compile('data y: real[D] data s: real[D] observe y ~ pushforward(t => s * exp(t), iid(Normal(0, 1), D))');
    const single = compile('data y: positive[D] data s: positive[D] observe y ~ LogNormal(log(s), 1)');
    expect(model.logDensity({ y: [1, 2, 0.4], s: [1, 3, 0.5] })({})).toBeCloseTo(
      single.logDensity({ y: [1, 2, 0.4], s: [1, 3, 0.5] })({}),
      10,
    );
    const dependent = compile('data y: real[D] data S: cov[D] observe y ~ pushforward(t => exp(t), MvNormal(zeros(D), S))');
    const gaussian = compile('data y: real[D] data S: cov[D] observe y ~ MvNormal(zeros(D), S)');
    const S = [
        [1, 0.6],
        [0.6, 2],
      ],
      y = [0.7, 3];
    expect(dependent.logDensity({ y, S })({})).toBeCloseTo(gaussian.logDensity({ y: y.map(Math.log), S })({}) - Math.log(0.7 * 3), 10);
    expect(dependent.logDensity({ y: [0.7, -1], S })({})).toBe(-Infinity);
    const folded = compile('data y: real[D] observe y ~ pushforward(t => t^2, iid(Normal(0, 1), D))'),
      chi = compile('data y: real[D] observe y ~ ChiSquared(1)');
    expect(folded.logDensity({ y: [0.3, 2] })({})).toBeCloseTo(chi.logDensity({ y: [0.3, 2] })({}), 10);
  });

  it('truncated where the distribution function is known: draws between the bounds with the right law', () => {
    const draws = compile('sample y ~ truncated(pushforward(t => t^2, Normal(0, 1)), 1, inf)')
      .sample({}, { count: 20_000, seed: 4 })
      .map((d) => d['y'] as number);
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(1);
    // P(1 < Z^2 <= 2) / P(Z^2 > 1) with normal tails.
    const Phi = (x: number): number => Math.exp(logPhi(x));
    const expected = (Phi(-1) - Phi(-Math.SQRT2)) / Phi(-1);
    expect(Math.abs(draws.filter((y) => y <= 2).length / draws.length - expected)).toBeLessThan(5 * Math.sqrt(0.25 / draws.length));
    const counts = compile('sample k ~ truncated(mixture([0.5, 0.5], [Poisson(1), Poisson(6)]), 2, inf)')
      .sample({}, { count: 20_000, seed: 4 })
      .map((d) => d['k'] as number);
    const poisson = (k: number, r: number): number => {
      let f = 1;
      for (let i = 2; i <= k; i++) f *= i;
      return (Math.exp(-r) * r ** k) / f;
    };
    const mixed = (k: number): number => (poisson(k, 1) + poisson(k, 6)) / 2,
      tail = 1 - mixed(0) - mixed(1);
    for (const k of [2, 3, 6])
      expect(Math.abs(counts.filter((x) => x === k).length / counts.length - mixed(k) / tail)).toBeLessThan(
        5 * Math.sqrt(0.25 / counts.length),
      );
  });

  it('of discrete variables take part in enumeration', async () => {
    const model = compile('data p: simplex[K] sample y ~ pushforward(x => x == 0 ? 0 : 1, Categorical(p)) observe 0.5 ~ Normal(y, 1)');
    const posterior = await model.infer({ p: [0.2, 0.5, 0.3] }, { ...run, backend: 'gibbs' });
    const { mean, error } = batches(posterior.draws('y'));
    expect(Math.abs(mean - 0.8)).toBeLessThan(5 * error);
    expect(posterior.summary().variables['y']!.probs).toHaveProperty('1');
    expect(
      compile('data v: int[K] data p: simplex[K] sample y ~ pushforward(x => v[x], Categorical(p))')
        .sample({ v: [4, 4, 9], p: [0, 0.5, 0.5] }, { count: 50, seed: 1 })
        .every((d) => [4, 9].includes(d['y'] as number)),
    ).toBe(true);
    expect(
      compile('data y: int data v: int[K] data p: simplex[K] observe y ~ pushforward(x => v[x], Categorical(p))').logDensity({
        y: 4,
        v: [4, 4, 9],
        p: [0.2, 0.5, 0.3],
      })({}),
    ).toBeCloseTo(Math.log(0.7), 12);
  });
});

describe('models known by sampling alone', () => {
  const implicit = compile('data y: real sample z ~ Normal(0, 1) observe y ~ pushforward(t => t + z * exp(sin(t)), Normal(0, 1))');

  it('are drawn from', () => {
    const draws = compile('sample y ~ pushforward(z => z[0] * z[1], iid(Normal(0, 1), 2))')
      .sample({}, { count: 20_000, seed: 8 })
      .map((d) => d['y'] as number);
    expect(Math.abs(draws.reduce((s, y) => s + y * y, 0) / draws.length - 1)).toBeLessThan(5 * Math.sqrt(8 / draws.length));
    expect(implicit.sample({}, { seed: 1 })).toHaveProperty('y');
  });

  it('refuse inference with the part of the map that stands in the way', async () => {
    expect(reasonOf(() => implicit.logDensity({ y: 1 }))).toMatch(/no-density: .*no density that could be derived: `t \+ z/);
    await expect(implicit.infer({ y: 1 }, { ...run, backend: 'gibbs' })).rejects.toMatchObject({ diagnostics: [{ code: 'no-density' }] });
    expect(reasonOf(() => implicit.explain({ backend: 'gibbs' }))).toMatch(/no-density/);
    expect(
      reasonOf(() => compile('data y: real observe y ~ pushforward(z => z[0] * z[1], iid(Normal(0, 1), 2))').logDensity({ y: 1 })),
    ).toMatch(/not one-to-one/);
    expect(reasonOf(() => compile('report d = logpdf(pushforward(t => t + lgamma(t), Gamma(2, 1)), 1)'))).toMatch(
      /no inverse in closed form/,
    );
  });

  it('with host functions, too', () => {
    const cube = (x: number): number => x ** 3;
    const hosted = model`data y: real observe y ~ pushforward(t => ${cube}(t), Normal(0, 1))`;
    expect(hosted.sample({}, { seed: 1 })).toHaveProperty('y');
    expect(reasonOf(() => hosted.logDensity({ y: 1 }))).toMatch(/its map calls a host function/);
  });

  it('may be predicted', async () => {
    const model = compile('sample m ~ Normal(0, 1) observe 1.0 ~ Normal(m, 1) predict y ~ pushforward(t => max(t, 0), Normal(m, 1))');
    const draws = (await model.infer({}, { ...run, backend: 'gibbs' })).draws('y');
    expect(draws.some((y) => y === 0) && draws.every((y) => y >= 0)).toBe(true);
  });
});

describe('the examples', () => {
  const example = (...path: readonly string[]): string =>
    readFileSync(join(dirname(fileURLToPath(import.meta.url)), '..', '..', ...path), 'utf8');
  const flow = compile(example('examples', '16-normalising-flow', 'model.cred'));
  const { quantities, logLikelihood, gaussian } = JSON.parse(example('test', 'reference', 'systems', 'normalising-flow.json')).results
    .estimate as {
    quantities: Record<string, { mean: number }>;
    logLikelihood: number;
    gaussian: number;
  };
  const estimate = Object.fromEntries(Object.entries(quantities).map(([name, { mean }]) => [name, mean]));
  const length = example('examples', '16-normalising-flow', 'rivers.csv').trim().split('\n').slice(1).map(Number);

  it('a normalising flow has the density of the law that it is, and beats a normal law', () => {
    expect(flow.logDensity({ length })(estimate)).toBeCloseTo(logLikelihood, 8);
    expect(logLikelihood).toBeGreaterThan(gaussian + 50);
  });

  it('its density integrates to one', () => {
    const density = flow.logDensity({ length: [1] });
    // One river of every length: location moves instead of the length, which is all that counts.
    const at = (x: number): number => Math.exp(density({ ...estimate, location: 1 - x }));
    let mass = 0;
    // x = sinh(s) / 10: tails fall like exp(-s^2 / 2).
    for (let k = -2000; k <= 2000; k++) {
      const s = k / 200;
      mass += (at(Math.sinh(s) / 10) * Math.cosh(s)) / 10 / 200;
    }
    expect(mass).toBeCloseTo(1, 9);
  });

  it('an implicit model is refused where its density is asked for', () => {
    const text = example('examples', '15-implicit-model', 'observed.cred');
    const said = reasonOf(() => compile(text).logDensity({ x: 1 })).replace('no-density: ', '');
    expect(said).toContain('turns an array into one number, so that it is not one-to-one');
    expect(example('examples', '15-implicit-model', 'README.md').replace(/\s+/g, ' ')).toContain(said.replace(/\s+/g, ' '));
  });
});

describe('maps of vectors that are made of an affine and an elementwise map', () => {
  // The matrix [[2, 1], [1/2, 3]] has determinant 11/2 and the inverse below.
  const solve = ([a, b]: readonly [number, number]): readonly [number, number] => [(3 * a - b) / 5.5, (-0.5 * a + 2 * b) / 5.5];
  const normal = (z: readonly number[]): number => z.reduce((sum, t) => sum - 0.5 * t * t - 0.5 * Math.log(2 * Math.PI), 0);
  const logDensity = (map: string, base: string, y: readonly number[], more = '', at: Readonly<Record<string, unknown>> = {}): number =>
    compile(`${more}\ndata y: real[2]\nobserve y ~ pushforward(z => ${map}, ${base})`).logDensity({ y })(at);

  it.each(['iid(Normal(0, 1), 2)', 'MvNormal([0, 0], eye(2))'])('exp(A @ z + b) of %s', (base) => {
    const y = [1.3, 2.4] as const,
      z = solve([Math.log(y[0]) - 1, Math.log(y[1]) - 2]);
    expect(logDensity('exp([[2, 1], [0.5, 3]] @ z + [1, 2])', base, y)).toBeCloseTo(normal(z) - Math.log(5.5) - Math.log(y[0] * y[1]), 12);
    expect(
      logDensity('exp(A @ z + [1, 2])', base, y, 'param A: real[2, 2]', {
        A: [
          [2, 1],
          [0.5, 3],
        ],
      }),
    ).toBeCloseTo(normal(z) - Math.log(5.5) - Math.log(y[0] * y[1]), 12);
  });
  it('A @ exp(z) + b, and A @ (z + e^z) by a numerical inverse', () => {
    const y = [4.3, 7.1] as const,
      u = solve([y[0] - 1, y[1] - 2]),
      z = u.map(Math.log);
    expect(logDensity('[[2, 1], [0.5, 3]] @ exp(z) + [1, 2]', 'iid(Normal(0, 1), 2)', y)).toBeCloseTo(
      normal(z) - Math.log(u[0] * u[1]) - Math.log(5.5),
      12,
    );
    // Values chosen from their sources: y = A (z + e^z).
    const source = [0.3, -0.8],
      moved = source.map((t) => t + Math.exp(t)) as [number, number];
    const image = [2 * moved[0] + moved[1], 0.5 * moved[0] + 3 * moved[1]];
    expect(logDensity('[[2, 1], [0.5, 3]] @ (z + exp(z))', 'iid(Normal(0, 1), 2)', image)).toBeCloseTo(
      normal(source) - source.reduce((sum, t) => sum + Math.log1p(Math.exp(t)), 0) - Math.log(5.5),
      12,
    );
  });
  it('refuse what mixes elements otherwise', () => {
    expect(() => logDensity('[z[0], z[1] + z[0]^2]', 'iid(Normal(0, 1), 2)', [1, 2])).toThrow(/not affine/);
    expect(() => logDensity('exp([[2, 1], [0.5, 3]] @ z) + z', 'iid(Normal(0, 1), 2)', [1, 2])).toThrow(/not affine/);
  });
});
