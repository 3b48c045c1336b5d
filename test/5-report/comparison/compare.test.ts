/**
 * Comparison of runs: differences and weights against the R package loo, conjugate models against leaving out in
 * closed form, information criteria by hand, files read back, and refusals.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  compare,
  type ComparedRun,
  compareRuns,
  compile,
  ModelError,
  type Posterior,
  readRun,
  renderComparison,
} from '../../../src/index.js';
import { stackingWeights } from '../../../src/5-report/comparison/compare.js';

const reference = (
  JSON.parse(readFileSync(new URL('../../reference/leaveOneOut.json', import.meta.url), 'utf8')) as {
    readonly compare: {
      readonly points: readonly (readonly number[])[];
      readonly difference: readonly number[];
      readonly se: readonly number[];
      readonly weights: readonly number[];
    };
  }
).compare;

const summary = {
  backend: 'gibbs',
  converged: true,
  logEvidence: null,
  logEvidenceSe: null,
  elbo: null,
  logLikelihood: null,
  aic: null,
  bic: null,
  waic: null,
  loo: null,
};
function run(name: string, points: readonly number[], change: Partial<ComparedRun> = {}): ComparedRun {
  return {
    name,
    summary,
    observations: { units: points.length, count: points.length, sum: 3, sumOfSquares: 9 },
    pointwise: points.map((elpd, i) => ({ unit: `y[${i}]`, elpdLoo: elpd, elpdWaic: elpd, data: i })),
    ...change,
  };
}
const quick = { seed: 1, workers: 0 } as const;
const normal = (x: number, mean: number, variance: number): number =>
  -0.5 * Math.log(2 * Math.PI * variance) - (0.5 * (x - mean) ** 2) / variance;

describe('differences and weights', () => {
  const found = compareRuns(reference.points.map((p, k) => run('abc'[k]!, p)));
  it('are those of loo_compare and stacking_weights', () => {
    found.runs.forEach((r, k) => {
      expect(r.looDifference!.value).toBeCloseTo(reference.difference[k]!, 8);
      expect(r.looDifference!.se).toBeCloseTo(reference.se[k]!, 8);
      // R's optimiser stops within about 1e-4 of the optimum.
      expect(Math.abs(r.weight! - reference.weights[k]!)).toBeLessThan(1e-3);
    });
  });
  it('are optimal: no run explains the data better than the mixture in the mean', () => {
    const weights = stackingWeights(reference.points),
      units = reference.points[0]!.length;
    const mixture = Array.from({ length: units }, (_, i) => weights.reduce((s, w, k) => s + w * Math.exp(reference.points[k]![i]!), 0));
    reference.points.forEach((p, k) => {
      const slope = p.reduce((s, x, i) => s + Math.exp(x) / mixture[i]!, 0) / units;
      expect(slope).toBeLessThan(1 + 1e-6);
      if (weights[k]! > 1e-3) expect(slope).toBeCloseTo(1, 6);
    });
  });
  it('pair units by name, and by their data where programs name them otherwise', () => {
    const first = run('a', [-1, -2, -4]);
    const turned = {
      ...run('b', []),
      pointwise: [2, 0, 1].map((i) => ({ unit: `y[${i}]`, elpdLoo: [-1.5, -2, -3][i]!, elpdWaic: null, data: i })),
      observations: first.observations,
    };
    const renamed = {
      ...turned,
      name: 'c',
      pointwise: [0, 1, 2].map((i) => ({ unit: `n=${i}`, elpdLoo: [-1.5, -2, -3][i]!, elpdWaic: null, data: i })),
    };
    for (const other of [turned, renamed]) {
      const { runs } = compareRuns([first, other]);
      expect(runs[0]!.looDifference).toEqual({
        value: -0.5,
        se: expect.closeTo(Math.sqrt(3) * Math.sqrt(((0.5 + 1 / 6) ** 2 + (0 + 1 / 6) ** 2 + (-1 + 1 / 6) ** 2) / 2), 12),
      });
      expect(runs[0]!.waicDifference).toBeNull();
    }
  });
});

describe('refusals', () => {
  const codes = (work: () => unknown): readonly string[] => {
    try {
      work();
    } catch (thrown) {
      if (thrown instanceof ModelError) return thrown.diagnostics.map((d) => `${d.code}: ${d.message}`);
      throw thrown;
    }
    return [];
  };
  it('say what differs', () => {
    const a = run('a', [-1, -2]),
      observations = { units: 2, count: 2, sum: 3, sumOfSquares: 9 };
    expect(codes(() => compareRuns([a]))).toEqual(['too-few-runs: it takes two runs to compare']);
    expect(codes(() => compareRuns([a, run('b', [-1, -2], { observations: { ...observations, sum: 5 } })]))).toEqual([
      'different-data: the runs are of different data: a observes 2 numbers with mean 1.5, b observes 2 numbers with mean 2.5',
    ]);
    expect(codes(() => compareRuns([a, run('b', [-1, -2, -3], { observations })]))).toEqual([
      'different-units: a has 2 units (y[0], y[1]) and b has 3 units (y[0], y[1], y[2]): leaving one out is not the same in both',
    ]);
    expect(codes(() => compareRuns([a, run('b', [-1, -2], { pointwise: a.pointwise!.map((r) => ({ ...r, data: 7 })) })]))).toEqual([
      'different-data: the runs are of different data: y[0] is 0 in a and 7 in b',
    ]);
    expect(codes(() => readRun('a', { summary: '[1]', run: '{}', pointwise: null }))).toEqual([
      'no-run: a: summary.json is not what a run writes',
    ]);
    expect(codes(() => readRun('a', { summary: '{"x": 1}', run: '{}', pointwise: null }))).toEqual([
      'no-run: a: summary.json is not the summary of a run',
    ]);
  });
});

describe('a conjugate model', () => {
  const y = [1.2, 2.4, 3.1, 2.2, 4.3, 1.9, 2.9, 3.4];
  const source = (prior: number): string => `data y: real[N]\nsample m ~ Normal(0, ${prior})\nobserve y ~ Normal(m, 1)`;
  /** log p(y_i | the others) of a Normal mean with known variance 1. */
  const leftOut = (prior: number): number =>
    y.reduce((sum, v, i) => {
      const others = y.filter((_, j) => j !== i),
        precision = 1 / prior ** 2 + others.length;
      return sum + normal(v, others.reduce((a, b) => a + b, 0) / precision, 1 + 1 / precision);
    }, 0);
  let fits: readonly Posterior[] = [];
  it('is left out as in closed form, by independent and by chained draws', async () => {
    fits = await Promise.all([
      compile(source(3)).infer({ y }, { ...quick, backend: 'exact' }),
      compile(source(3)).infer({ y }, { ...quick, backend: 'gibbs' }),
      compile(source(0.2)).infer({ y }, { ...quick, backend: 'exact' }),
    ]);
    for (const fit of fits.slice(0, 2)) {
      const loo = fit.loo();
      expect(loo.mcse).toBeLessThan(0.03);
      expect(Math.abs(loo.elpd - leftOut(3))).toBeLessThan(4 * loo.mcse);
      expect(loo.badUnits).toBe(0);
      expect(loo.pointwise.map((u) => u.unit)).toEqual(y.map((_, i) => `y[${i}]`));
      expect(Math.abs(fit.waic().elpd - loo.elpd)).toBeLessThan(0.1);
    }
  });
  it('is ranked by leaving out as by its evidence', () => {
    const [wide, , narrow] = fits,
      found = compare({ wide: wide!, narrow: narrow! });
    expect(wide!.logEvidence!).toBeGreaterThan(narrow!.logEvidence!);
    expect(found.runs.map((r) => r.looDifference!.value < 0)).toEqual([false, true]);
    expect(found.runs[1]!.looDifference!.value).toBeCloseTo(leftOut(0.2) - leftOut(3), 1);
    const text = renderComparison(found, 80);
    for (const title of ['log evidence', 'elpd by LOO', 'against the best', 'stacking weight']) expect(text).toContain(title);
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
  });
  it('reads the same from its files', () => {
    const read = fits.map((fit, k) => {
      const files = fit.files();
      return readRun('abc'[k]!, { summary: files['summary.json']!, run: files['run.json']!, pointwise: files['pointwise.csv']! });
    });
    const direct = compare({ a: fits[0]!, b: fits[1]!, c: fits[2]! });
    expect(JSON.parse(JSON.stringify(compareRuns(read).runs))).toEqual(JSON.parse(JSON.stringify(direct.runs)));
  });
});

describe('when it is computed', () => {
  const source = 'data y: real[N]\nsample m ~ Normal(0, 10)\nsample s ~ HalfNormal(1)\nobserve y ~ Normal(m, s)';
  const small = { y: [1, 2, 3, 2, 1] },
    large = { y: Array.from({ length: 6000 }, (_, i) => Math.sin(i)) };
  it('is with every summary of few data, of many where asked for', async () => {
    const options = { ...quick, backend: 'gibbs', chains: 1, draws: 600 } as const;
    expect((await compile(source).infer(small, options)).summary().loo!.units).toBe(5);
    const many = await compile(source).infer(large, options);
    expect([many.summary().loo, many.files()['pointwise.csv']]).toEqual([null, undefined]);
    expect((await compile(source).infer(large, { ...options, pointwise: true })).summary().loo!.units).toBe(6000);
  });
  it('has the draws it needs though they are not kept', async () => {
    const options = { ...quick, backend: 'gibbs', chains: 1, draws: 500, keep: ['m'] } as const;
    const without = await compile(source).infer(small, options);
    expect(without.summary().loo).toBeNull();
    expect(() => without.loo()).toThrow(/draws of s, which the data depend on, were not kept/);
    const asked = await compile(source).infer(small, { ...options, pointwise: true });
    expect(asked.names).toEqual(['m']);
    expect(asked.summary().loo!.units).toBe(5);
  });
  it('warns where it was asked for in vain, and takes other units', async () => {
    const point = await compile('data y: real[N]\nparam m: real\nobserve y ~ Normal(m, 1)').infer(small, {
      ...quick,
      backend: 'map',
      pointwise: true,
    });
    expect(point.warnings.map((w) => w.code)).toContain('no-pointwise');
    const grouped = await compile(
      'data y: real[I, J]\nsample m ~ Normal(0, 1)\nfor i in 0..<I, j in 0..<J { observe y[i, j] ~ Normal(m, 1) }',
    ).infer(
      {
        y: [
          [1, 2],
          [3, 4],
        ],
      },
      { ...quick, backend: 'exact', options: { unit: 'i' } },
    );
    expect(grouped.loo().pointwise.map((u) => u.unit)).toEqual(['i=0', 'i=1']);
    await expect(compile(source).infer(small, { backend: 'gibbs', options: { unit: 'k' } })).rejects.toThrow(/unit=k/);
  });
  it('says when single data weigh too much', async () => {
    const fit = await compile(
      'data y: real[N]\nsample m ~ Normal(0, 100)\nfor n in 0..<N { sample b[n] ~ Normal(m, 3)  observe y[n] ~ Normal(b[n], 0.2) }',
    ).infer({ y: [1, 5, -3, 0, 8, 2] }, { ...quick, backend: 'gibbs', draws: 500 });
    const { warnings } = fit.loo();
    expect(warnings.map((w) => w.code)).toEqual(['local-latent', 'high-pareto-k']);
    expect(warnings[1]!.message).toMatch(/of 6 units ha(s|ve) a Pareto k above 0\.7/);
  });
});

describe('maximum likelihood', () => {
  it('has AIC and BIC by hand, and none where a law takes part', async () => {
    const y = [1, 2, 4, 7],
      mean = 3.5,
      variance = y.reduce((s, v) => s + (v - mean) ** 2, 0) / 4;
    const fit = await compile('data y: real[N]\nparam m: real\nparam s: positive\nobserve y ~ Normal(m, s)').infer(
      { y },
      { ...quick, backend: 'map' },
    );
    const logLikelihood = y.reduce((s, v) => s + normal(v, mean, variance), 0),
      { aic, bic, loo } = fit.summary();
    expect(aic).toBeCloseTo(4 - 2 * logLikelihood, 6);
    expect(bic).toBeCloseTo(2 * Math.log(4) - 2 * logLikelihood, 6);
    expect(loo).toBeNull();
    const prior = await compile('data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)').infer(
      { y },
      { ...quick, backend: 'map' },
    );
    expect(prior.summary().aic).toBeNull();
    const empty = await compile('data y: real[N]\nparam m: interval(0, 1)\nobserve y ~ Normal(m, 1)').infer(
      { y: [] },
      { ...quick, backend: 'map' },
    );
    expect(empty.summary().bic).toBeNull();
  });
  it('counts the free numbers of simplices and covariances', async () => {
    const x = Array.from({ length: 40 }, (_, n) => [Math.sin(n * 2.1) + (n % 2) * 6, Math.cos(n * 1.3)]);
    const fit = await compile(
      'data x: real[N, D]\nparam pi: simplex[2]\nfor k in 0..<2 { param mu[k]: real[D]  param S[k]: cov[D] }\nfor n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ MvNormal(mu[z[n]], S[z[n]]) }',
    ).infer({ x }, { ...quick, backend: 'em' });
    expect(fit.informationCriteria()!.parameters).toBe(1 + 4 + 6);
    expect(fit.summary().aic).toBeCloseTo(22 - 2 * fit.logLikelihood!, 9);
    // Labels are drawn, what their likelihood is summed out at is one point: leaving a datum out is not what such draws can tell.
    expect([fit.summary().loo, fit.summary().waic, fit.warnings]).toEqual([null, null, []]);
    expect(() => fit.loo()).toThrow(/the backend em makes no draws of .*, which the data depend on, but one point/);
  });
});
