/**
 * Unknowns on a circle, correlation matrices, and counts without a conjugate partner, against closed forms: von Mises data with a
 * von Mises prior have a von Mises posterior; an entry of an LKJ matrix tilted by (1 + r)^2 is a scaled Beta; masses are summed here.
 */
import { describe, expect, it } from 'vitest';
import { betaI } from '../../src/numeric/special/incompleteBeta.js';
import { lbeta, lchoose } from '../../src/numeric/special/gamma.js';
import { besselRatio, vonMisesCdf } from '../../src/numeric/vonMises.js';
import { compile } from '../../src/index.js';

/** |mean of f - expected| in standard errors from batch means. */
function zScore(values: readonly number[], expected: number): number {
  const batches = 40,
    size = Math.floor(values.length / batches);
  const means = Array.from({ length: batches }, (_, b) => values.slice(b * size, (b + 1) * size).reduce((sum, v) => sum + v, 0) / size);
  const mean = means.reduce((sum, m) => sum + m, 0) / batches;
  const variance = means.reduce((sum, m) => sum + (m - mean) ** 2, 0) / (batches - 1);
  return Math.abs(mean - expected) / Math.sqrt(variance / batches);
}
const options = (backend: string, draws = 8000): { backend: string; chains: number; draws: number; warmup: number; seed: number } => ({
  backend,
  chains: 1,
  draws,
  warmup: 1000,
  seed: 3,
});

describe('an angle', () => {
  const y = [3.0, -3.1, 2.9, -2.9, 3.1];
  // Vector sum of the prior's and the data's directions.
  const c = 0.1 + 3 * y.reduce((sum, v) => sum + Math.cos(v), 0),
    s = 3 * y.reduce((sum, v) => sum + Math.sin(v), 0);
  const loc = Math.atan2(s, c),
    concentration = Math.hypot(c, s);
  for (const backend of ['gibbs', 'mh']) {
    it(`has its von Mises posterior under ${backend}, across the cut`, async () => {
      const m = compile('data y: real[N] sample t ~ VonMises(0, 0.1) for n in 0..<N { observe y[n] ~ VonMises(t, 3) }');
      const p = await m.infer({ y }, options(backend));
      const draws = [...p.draws('t')];
      expect(draws.every((t) => t > -Math.PI - 1e-12 && t <= Math.PI)).toBe(true);
      expect(draws.filter((t) => t < 0).length).toBeGreaterThan(500);
      expect(
        zScore(
          draws.map((t) => Math.cos(t - loc)),
          besselRatio(concentration),
        ),
      ).toBeLessThan(5);
      expect(
        zScore(
          draws.map((t) => Math.sin(t - loc)),
          0,
        ),
      ).toBeLessThan(5);
      expect(
        zScore(
          draws.map((t) => (t < -2.9 ? 1 : 0)),
          vonMisesCdf(-2.9, loc, concentration),
        ),
      ).toBeLessThan(5);
    });
  }
  it('in an arc is not on a circle', async () => {
    const m = compile('data y: real[N] sample t ~ truncated(VonMises(0, 0.1), -3.1, 3) for n in 0..<N { observe y[n] ~ VonMises(t, 3) }');
    const p = await m.infer({ y }, options('gibbs', 2000));
    const draws = [...p.draws('t')];
    expect(draws.every((t) => t >= -3.1 && t <= 3)).toBe(true);
  });
});

describe('a correlation matrix', () => {
  for (const [dimension, shape] of [
    [2, 0.8],
    [3, 1.5],
    [4, 1],
  ] as const) {
    it(`of ${dimension} rows and shape ${shape} walks to its tilted LKJ law`, async () => {
      const m = compile(`sample R ~ LKJ(${dimension}, ${shape}) factor 2 * log(1 + R[1, 0])`);
      const p = await m.infer({}, options('mh', 40_000));
      const all = p.draws('R'),
        size = dimension * dimension;
      const entry = (i: number, j: number): number[] =>
        Array.from({ length: all.length / size }, (_, k) => all[k * size + i * dimension + j]!);
      const b = shape - 1 + dimension / 2;
      expect(entry(0, 0).every((r) => r === 1)).toBe(true);
      expect(zScore(entry(1, 0), (2 * (b + 2)) / (2 * b + 2) - 1)).toBeLessThan(5);
      for (const cut of [0, 0.6])
        expect(
          zScore(
            entry(0, 1).map((r) => (r <= cut ? 1 : 0)),
            betaI((1 + cut) / 2, b + 2, b),
          ),
        ).toBeLessThan(5);
      if (dimension === 2) return;
      // Partial correlations in the order 0, 1, 2, ... are independent, so the tilt leaves the other entries of column 0 alone, and
      // r_21 = r_20 r_10 + z sqrt((1 - r_20^2) (1 - r_10^2)) with (z + 1) / 2 ~ Beta(b - 1/2, b - 1/2).
      expect(
        zScore(
          entry(dimension - 1, 0).map((r) => (r <= 0.5 ? 1 : 0)),
          betaI(0.75, b, b),
        ),
      ).toBeLessThan(5);
      const tilted = (4 * (b + 2) * (b + 3)) / ((2 * b + 2) * (2 * b + 3)) - (4 * (b + 2)) / (2 * b + 2) + 1;
      const plain = 1 / (2 * b + 1);
      expect(
        zScore(
          entry(2, 1).map((r) => r * r),
          plain * tilted + (1 / (2 * b)) * (1 - plain) * (1 - tilted),
        ),
      ).toBeLessThan(5);
    });
  }
});

describe('counts that nothing conjugate covers', () => {
  it('a BetaBinomial latent has its enumerated posterior', async () => {
    const m = compile('data n: int data z: int sample y ~ BetaBinomial(n, 2.5, 1.5) observe z ~ Binomial(n, 0.1 + 0.08 * y)');
    const weights = Array.from(
      { length: 11 },
      (_, y) => Math.exp(lchoose(10, y) + lbeta(y + 2.5, 10 - y + 1.5)) * (0.1 + 0.08 * y) ** 4 * (0.9 - 0.08 * y) ** 6,
    );
    const total = weights.reduce((a, b) => a + b, 0);
    const p = await m.infer({ n: 10, z: 4 }, options('gibbs', 20_000));
    const draws = [...p.draws('y')];
    for (const k of [2, 5, 8])
      expect(
        zScore(
          draws.map((y) => (y <= k ? 1 : 0)),
          weights.slice(0, k + 1).reduce((a, b) => a + b, 0) / total,
        ),
      ).toBeLessThan(5);
  });
  it('a Hypergeometric with an unknown number of successes keeps to its support', async () => {
    const m = compile('data k: int sample s ~ DiscreteUniform(0, 20) observe k ~ Hypergeometric(s, 20 - s, 8)');
    const weights = Array.from({ length: 21 }, (_, s) => (s < 5 || s > 17 ? 0 : Math.exp(lchoose(s, 5) + lchoose(20 - s, 3))));
    const total = weights.reduce((a, b) => a + b, 0);
    for (const backend of ['gibbs', 'mh']) {
      const draws = [...(await m.infer({ k: 5 }, options(backend, 20_000))).draws('s')];
      expect(draws.every((s) => s >= 5 && s <= 17)).toBe(true);
      for (const c of [9, 12, 15])
        expect(
          zScore(
            draws.map((s) => (s <= c ? 1 : 0)),
            weights.slice(0, c + 1).reduce((a, b) => a + b, 0) / total,
          ),
        ).toBeLessThan(5);
    }
  });
  it('a missing ordered outcome is drawn from its masses', async () => {
    const m = compile('data y: int[N] data eta: real[N] for n in 0..<N { observe y[n] ~ OrderedLogistic(eta[n], [-1, 1]) }');
    const all = (await m.infer({ y: [0, null, 2], eta: [0.1, 0.2, 0.3] }, options('gibbs', 20_000))).draws('y');
    const draws = [...all].filter((_, k) => all.length === 20_000 || k % 3 === 1);
    expect(
      zScore(
        draws.map((y) => (y === 0 ? 1 : 0)),
        1 / (1 + Math.exp(1.2)),
      ),
    ).toBeLessThan(5);
    expect(
      zScore(
        draws.map((y) => (y === 2 ? 1 : 0)),
        1 / (1 + Math.exp(0.8)),
      ),
    ).toBeLessThan(5);
  });
});

describe('data', () => {
  const refusals: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ['data y: real observe y ~ VonMises(0, 1)', { y: 4 }, /y.*above 3\.14/s],
    ['data y: int data c: real[K] observe y ~ OrderedLogistic(0, c)', { y: 1, c: [0, 2, 1] }, /cutpoints.*1 at position \[2\] after 2/s],
    ['data y: int observe y ~ OrderedLogistic(0, [-1, 1])', { y: 3 }, /above 2/],
    ['data y: int observe y ~ Hypergeometric(4, 6, 8)', { y: 1 }, /below 2/],
    ['data k: int data y: int observe y ~ Hypergeometric(4, 6, k)', { k: 11, y: 3 }, /Hypergeometric/],
    ['data y: int observe y ~ BetaBinomial(5, 1, 1)', { y: 6 }, /above 5/],
    ['data y: int[K] observe y ~ DirichletMultinomial(5, [1, 2, 3])', { y: [1, 1, 1] }, /sums to 3, not to 5/],
    [
      'data R: real[3, 3] observe R ~ LKJ(3, 1)',
      {
        R: [
          [1, 0.9, -0.9],
          [0.9, 1, 0.9],
          [-0.9, 0.9, 1],
        ],
      },
      /not positive definite/,
    ],
    [
      'data R: real[2, 2] observe R ~ LKJ(2, 1)',
      {
        R: [
          [1, 0.2],
          [0.2, 2],
        ],
      },
      /diagonal, not 1/,
    ],
    [
      'data d: int data R: real[2, 2] observe R ~ LKJ(d, 1)',
      {
        d: 3,
        R: [
          [1, 0.2],
          [0.2, 1],
        ],
      },
      /3/,
    ],
    ['data y: real observe y ~ HalfStudentT(3, 1)', { y: -1 }, /negative/],
    [
      'data x: real[D] data S: real[D, D] observe x ~ MvStudentT(3, zeros(D), S)',
      {
        x: [1, 2],
        S: [
          [1, 2],
          [2, 1],
        ],
      },
      /scale.*not positive definite/s,
    ],
  ];
  for (const [source, data, message] of refusals) {
    it(`${source} refuses ${JSON.stringify(data)}`, async () => {
      await expect(compile(source).infer(data, options('gibbs', 10))).rejects.toThrow(message);
    });
  }
});

describe('what is conjugate and what is not', () => {
  const kernels = (source: string): string => String(compile(source).explain({ backend: 'gibbs' }).toText());
  it('an inverse chi-squared variance is an InverseGamma conditional', () => {
    const text = kernels('data y: real[N] sample v ~ InverseChiSquared(4, scale: 2) observe y ~ Normal(0, variance: v)');
    expect(text).toMatch(/InverseGamma\s+shape = 2 \+ 0\.5\*N\s+scale = 8/);
    expect(text).toMatch(/conjugate: its terms are statistics of InverseGamma/);
  });
  it('integrated-out families claim nothing', () => {
    for (const source of [
      'data y: int[K] sample a ~ Dirichlet(ones(K)) observe y ~ DirichletMultinomial(20, a)',
      'data y: int sample a ~ Gamma(2, 1) observe y ~ BetaBinomial(10, a, 2)',
      'data y: int[N] data x: real[N] sample b ~ Normal(0, 1) observe y ~ OrderedLogistic(b * x, [-1, 1])',
      'data y: real[N] sample m ~ Normal(0, 1) observe y ~ Logistic(m, 1)',
      'data y: real[N] sample m ~ Normal(0, 1) observe y ~ Gumbel(m, 1)',
      'data y: real[D] sample m ~ MvNormal(zeros(D), eye(D)) observe y ~ MvStudentT(5, m, eye(D))',
      'sample R ~ LKJ(3, 2) data y: real[3] observe y ~ MvNormal(zeros(3), R)',
      'data y: real[N] sample t ~ VonMises(0, 1) observe y ~ VonMises(t, 2)',
    ]) {
      const text = kernels(source);
      expect(text, source).toMatch(/no family/);
      expect(text, source).not.toMatch(/conjugate:/);
    }
  });
});
