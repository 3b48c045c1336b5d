/**
 * Predictions of a finished run for new data. Truth: predictive laws in closed form (Normal and t of conjugate
 * regressions, random intercepts, autoregressions, random walks), worked out here; z-scores of 20,000 draws.
 */
import { describe, expect, it } from 'vitest';
import {
  coded,
  compile,
  type Diagnostic,
  ModelError,
  openRun,
  parseCsv,
  type Posterior,
  readRun,
  tableValue,
  tensor,
} from '../src/index.js';

const many = { workers: 0, chains: 2, draws: 10_000, warmup: 200, seed: 3 } as const;
/** A wrong verdict once in 15,000 comparisons. */
const worst = 4;

function drawsOf(p: Posterior, name: string, element: number): Float64Array {
  const all = p.draws(name),
    size = all.length / (all.shape[0]! * all.shape[1]!);
  return all.filter((_, k) => k % size === element);
}
function moments(x: Float64Array): { readonly mean: number; readonly sd: number } {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return { mean, sd: Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / (x.length - 1)) };
}
/** z-scores of mean and sd of nearly independent draws against a Normal law. */
function expectNormal(p: Posterior, name: string, element: number, mean: number, sd: number): void {
  const x = drawsOf(p, name, element),
    found = moments(x);
  expect(Math.abs(found.mean - mean) / (sd / Math.sqrt(x.length)), `mean of ${name}[${element}]: ${found.mean}, not ${mean}`).toBeLessThan(
    worst,
  );
  expect(Math.abs(found.sd - sd) / (sd / Math.sqrt(2 * x.length)), `sd of ${name}[${element}]: ${found.sd}, not ${sd}`).toBeLessThan(worst);
}

const regression =
  'data x: real[N]\ndata y: real[N]\nsample a ~ Normal(0, 10)\nsample b ~ Normal(0, 10)\nfor n in 0..<N {\n  report line[n] = a + b * x[n]\n  observe y[n] ~ Normal(line[n], 0.5)\n}\n';
const line = { x: [0, 1, 2, 3], y: [1, 3.2, 4.9, 7.1] };

/** Posterior covariance and mean of (a, b) under Normal(0, 10) priors and noise 0.5. */
function normalRegression(): { readonly mean: readonly [number, number]; readonly covariance: readonly [number, number, number] } {
  const w = 1 / 0.25,
    p = 0.01;
  const s = (f: (x: number, y: number) => number): number => line.x.reduce((sum, x, n) => sum + f(x, line.y[n]!), 0);
  const aa = p + w * 4,
    ab = w * s((x) => x),
    bb = p + w * s((x) => x * x),
    det = aa * bb - ab * ab;
  const u = w * s((_, y) => y),
    v = w * s((x, y) => x * y);
  return { mean: [(bb * u - ab * v) / det, (aa * v - ab * u) / det], covariance: [bb / det, -ab / det, aa / det] };
}

describe('a regression', () => {
  const {
    mean: [a, b],
    covariance: [va, cab, vb],
  } = normalRegression();
  for (const backend of ['exact', 'gibbs', 'laplace']) {
    it(`has the Normal predictive law at new points (${backend})`, async () => {
      const p = (await compile(regression, 'm').infer(line, { ...many, backend })).predictions({ x: [10, -2] });
      expect(p.names).toEqual(['y', 'line']);
      for (const [n, x] of [10, -2].entries()) {
        const variance = va + 2 * x * cab + x * x * vb;
        expectNormal(p, 'y', n, a + b * x, Math.sqrt(variance + 0.25));
        expectNormal(p, 'line', n, a + b * x, Math.sqrt(variance));
      }
    });
  }

  it('with unknown variance has the t predictive law', async () => {
    const program =
      'data x: real[N]\ndata y: real[N]\nsample v ~ InverseGamma(3, 2)\nsample a ~ Normal(0, variance: 4 * v)\nsample b ~ Normal(0, variance: 4 * v)\nfor n in 0..<N { observe y[n] ~ Normal(a + b * x[n], variance: v) }\n';
    const p = (await compile(program, 'm').infer(line, { ...many, backend: 'exact' })).predictions({ x: [5] });
    // Posterior precision of (a, b) in units of v, and InverseGamma(3 + N / 2, 2 + (y'y - m'Pm) / 2) of v.
    const s = (f: (x: number, y: number) => number): number => line.x.reduce((sum, x, n) => sum + f(x, line.y[n]!), 0);
    const aa = 0.25 + 4,
      ab = s((x) => x),
      bb = 0.25 + s((x) => x * x),
      det = aa * bb - ab * ab,
      u = s((_, y) => y),
      w = s((x, y) => x * y);
    const a0 = (bb * u - ab * w) / det,
      b0 = (aa * w - ab * u) / det;
    const shape = 3 + 2,
      rate = 2 + (s((_, y) => y * y) - (a0 * u + b0 * w)) / 2;
    const scale = Math.sqrt((rate / shape) * (1 + (bb - 2 * 5 * ab + 25 * aa) / det));
    const sorted = drawsOf(p, 'y', 0).sort();
    expect(2 * shape).toBe(10);
    // scipy.stats.t.ppf(level, 10)
    for (const [level, quantile] of [
      [0.01, -2.763769458112696],
      [0.1, -1.3721836411103359],
      [0.5, 0],
      [0.9, 1.372183641110336],
      [0.99, 2.7637694581126957],
    ] as const) {
      const below = sorted.filter((y) => y < a0 + 5 * b0 + scale * quantile).length;
      expect(Math.abs(below / sorted.length - level) / Math.sqrt((level * (1 - level)) / sorted.length), `quantile ${level}`).toBeLessThan(
        worst,
      );
    }
  });

  it('of which an estimate is known puts it in, and says so', async () => {
    const program =
      'data x: real[N]\ndata y: real[N]\nparam a: real\nparam b: real\nfor n in 0..<N { observe y[n] ~ Normal(a + b * x[n], 0.5) }\n';
    const p = await compile(program, 'm').infer(line, { backend: 'map', workers: 0 }),
      q = p.predictions({ x: [10] }, { draws: 20_000 });
    // Least squares: b = 10.0 / 5 of the centred sums, a = mean y - b mean x.
    const slope = line.x.reduce((sum, x, n) => sum + (x - 1.5) * line.y[n]!, 0) / 5;
    expectNormal(q, 'y', 0, 4.05 + slope * 8.5, 0.5);
    expect(q.warnings.map(({ code, message }) => [code, message])).toEqual([
      ['plug-in', "a, b: estimates by 'map', put in as if they were known"],
    ]);
    expect(q.converged).toBe(true);
  });

  it('says so of an estimate that stands in every draw, in a run read back too', async () => {
    const program = 'data y: real[N]\nparam m: real\nfor n in 0..<N {\n  sample u[n] ~ Normal(m, 1)\n  observe y[n] ~ Normal(u[n], 1)\n}\n';
    const run = await compile(program, 'm').infer({ y: [1, 2, 6] }, { ...many, backend: 'em' });
    for (const posterior of [run, readBack(run)]) {
      const p = posterior.predictions({ y: [null, null] });
      // The maximum of the likelihood of Normal(m, 2) is the mean of the data.
      expectNormal(p, 'y', 0, 3, Math.sqrt(2));
      expect(p.warnings.map(({ code, message }) => [code, message])).toEqual([
        ['plug-in', "m: estimates by 'em', put in as if they were known"],
      ]);
    }
  });
});

/** A run as its files tell of it. */
function readBack(run: Posterior): Posterior {
  const { 'summary.json': summary, 'run.json': record, 'draws.csv': draws, 'data.json': data } = run.files();
  return openRun('m', { summary: summary!, run: record!, draws: draws === undefined ? null : [draws], data: data ?? null, pointwise: null })
    .posterior;
}

describe('an unknown that is given in part', () => {
  const program =
    'data x: real[N]\ndata y: real[N]\ndata J: int\nfor j in 0..<J { sample b[j] ~ Normal(0, 1) }\nfor n in 0..<N { observe y[n] ~ Normal(b[0] + b[1] * x[n], 1) }\n';
  it('keeps what is given and the draws of the rest, in a run read back too', async () => {
    const run = await compile(program, 'm').infer({ x: [1, 2, 3], y: [6, 7, 8], J: 2, b: [5, null] }, { ...many, backend: 'exact' });
    for (const posterior of [run, readBack(run)]) {
      const p = posterior.predictions({ x: [0, 10] });
      expect(p.names).toEqual(['y']);
      // b[0] is 5; of b[1] the precision is 1 + 14, the mean (1 + 4 + 9) / 15.
      expectNormal(p, 'y', 0, 5, 1);
      expectNormal(p, 'y', 1, 5 + 140 / 15, Math.sqrt(1 + 100 / 15));
    }
    expect(
      readBack(run)
        .predictions({ x: [10] })
        .draws('y'),
    ).toEqual(run.predictions({ x: [10] }).draws('y'));
  });
});

describe('a regression on a matrix', () => {
  const program =
      'data X: real[N, D]\ndata y: real[N]\nfor d in 0..<D { sample w[d] ~ Normal(0, 10) }\nfor n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 0.5) }\n',
    {
      mean: [a, b],
      covariance: [va, cab, vb],
    } = normalRegression();
  const rows = (xs: readonly number[]): readonly (readonly number[])[] => xs.map((x) => [1, x]);
  it('keeps its coefficients for other rows: fewer, as many, more', async () => {
    const run = await compile(program, 'm').infer({ X: rows(line.x), y: line.y }, { ...many, backend: 'exact' });
    for (const xs of [[10], [10, -2, 3, 4], [10, -2, 3, 4, 5]]) {
      const said: Diagnostic[] = [],
        p = run.predictions({ X: rows(xs) }, { onNotes: (notes) => said.push(...notes) });
      for (const [n, x] of xs.entries()) expectNormal(p, 'y', n, a + b * x, Math.sqrt(va + 2 * x * cab + x * x * vb + 0.25));
      expect(p.names).toEqual(['y']);
      expect(said.map(({ message }) => message)).toEqual([
        `N = ${xs.length}: the data given along N are not those of the run, so everything in its plates is new`,
      ]);
    }
  });

  it('keeps them where columns come first', async () => {
    const turned = program.replace('X: real[N, D]', 'X: real[D, N]').replace('X[n] @ w', 'X[.., n] @ w'),
      columns = (xs: readonly number[]): readonly (readonly number[])[] => [xs.map(() => 1), xs];
    const run = await compile(turned, 'm').infer({ X: columns(line.x), y: line.y }, { ...many, backend: 'exact' });
    for (const xs of [[10], [10, -2, 3, 4]]) {
      const p = run.predictions({ X: columns(xs) });
      for (const [n, x] of xs.entries()) expectNormal(p, 'y', n, a + b * x, Math.sqrt(va + 2 * x * cab + x * x * vb + 0.25));
    }
  });
});

const intercepts =
  'data g: int[N]\ndata J: int\ndata y: real[N]\nfor j in 0..<J { sample u[j] ~ Normal(2, 3) }\nfor n in 0..<N { observe y[n] ~ Normal(u[g[n]], 1) }\n';
const groups = { g: [0, 0, 1, 1, 1], J: 2, y: [4, 5, -1, 0, -2] };
/** Of a group with so many data of such a sum: precision 1/9 + n. */
const ofGroup = (n: number, sum: number): { readonly mean: number; readonly variance: number } => ({
  mean: (2 / 9 + sum) / (1 / 9 + n),
  variance: 1 / (1 / 9 + n),
});

describe('random intercepts', () => {
  for (const backend of ['exact', 'gibbs', 'cavi']) {
    it(`of known groups are the run's, of new groups drawn from their law (${backend})`, async () => {
      const said: Diagnostic[] = [];
      const p = (await compile(intercepts, 'm').infer(groups, { ...many, backend })).predictions(
        { g: [1, 0, 2, 2], J: 3 },
        { onNotes: (notes) => said.push(...notes) },
      );
      const first = ofGroup(2, 9),
        second = ofGroup(3, -3);
      expectNormal(p, 'y', 0, second.mean, Math.sqrt(second.variance + 1));
      expectNormal(p, 'y', 1, first.mean, Math.sqrt(first.variance + 1));
      expectNormal(p, 'y', 2, 2, Math.sqrt(10));
      // Two members of a new group share its intercept: covariance 9.
      const y2 = drawsOf(p, 'y', 2),
        y3 = drawsOf(p, 'y', 3);
      const covariance = y2.reduce((sum, y, d) => sum + (y - 2) * (y3[d]! - 2), 0) / y2.length;
      expect(Math.abs(covariance - 9) / (Math.sqrt(181) / Math.sqrt(y2.length))).toBeLessThan(worst);
      expect(Object.keys(p.summary().variables)).toEqual(['y[0]', 'y[1]', 'y[2]', 'y[3]', 'u[2]']);
      expect(said.map(({ message }) => message)).toContain(
        "u: 1 of 3 elements are new and drawn from their laws; the others are the run's",
      );
    });
  }

  it('counted by max(g) are the groups that they were, whichever rows are new', async () => {
    const counted = intercepts.replace('data J: int\n', '').replace('0..<J', '0..max(g)');
    expect(counted).toContain('0..max(g)');
    const { J: _, ...data } = groups,
      run = await compile(counted, 'm').infer(data, { ...many, backend: 'exact' });
    const first = ofGroup(2, 9),
      second = ofGroup(3, -3);
    for (const g of [
      [1, 0, 2],
      [0, 0, 1],
    ]) {
      const p = run.predictions({ g });
      g.forEach((group, row) => {
        const known = [first, second][group];
        expectNormal(p, 'y', row, known?.mean ?? 2, Math.sqrt((known?.variance ?? 9) + 1));
      });
    }
  });

  it('of coded words keep their codes; a new word is a new group', async () => {
    const words = (list: readonly string[]): unknown => {
      const levels = [...new Set(list)].sort();
      return {
        ...tensor(
          list.map((word) => levels.indexOf(word)),
          [list.length],
        ),
        levels,
      };
    };
    const p = await compile(intercepts, 'm').infer(
      { ...groups, g: words(['left', 'left', 'right', 'right', 'right']) },
      { ...many, backend: 'exact' },
    );
    const said: Diagnostic[] = [],
      q = p.predictions({ g: words(['right', 'above']), J: 3 }, { onNotes: (notes) => said.push(...notes) });
    expectNormal(q, 'y', 0, ofGroup(3, -3).mean, Math.sqrt(ofGroup(3, -3).variance + 1));
    expectNormal(q, 'y', 1, 2, Math.sqrt(10));
    expect(said.map(({ message }) => message)).toContain('g: above is new, coded 2');
  });

  it('of coded words are looked up by them, and numbers without words are codes, which is said', async () => {
    // 10 = 0, 2 = 1: the groups of the closed form in this order.
    const run = await compile(intercepts, 'm').infer(
      { ...groups, g: coded(['10', '10', '2', '2', '2'], ['10', '2', 'x']), J: 3 },
      { ...many, backend: 'exact' },
    );
    const said: Diagnostic[] = [],
      onNotes = (notes: readonly Diagnostic[]): void => void said.push(...notes);
    const first = ofGroup(2, 9),
      second = ofGroup(3, -3);
    for (const g of [tableValue(parseCsv('g\n2\n10\n', { words: ['g'] }), ['g']), coded([2, 10]), coded(['2.0', '10.0'])]) {
      const p = run.predictions({ g }, { onNotes });
      expectNormal(p, 'y', 0, second.mean, Math.sqrt(second.variance + 1));
      expectNormal(p, 'y', 1, first.mean, Math.sqrt(first.variance + 1));
    }
    expect(said.filter(({ code }) => code === 'codes-of-the-run')).toEqual([]);
    const p = run.predictions({ g: [1, 0] }, { onNotes });
    expectNormal(p, 'y', 0, second.mean, Math.sqrt(second.variance + 1));
    expect(said).toContainEqual(
      expect.objectContaining({
        code: 'codes-of-the-run',
        message: 'g is given in numbers: they are the codes of the run, 0 = 10, 1 = 2, 2 = x',
      }),
    );
    expect(() => run.predictions({ g: [10, 1], J: 11 })).toThrow(/10 is none of them, but one of its words/);
  });
});

describe('series', () => {
  it('go on from data with gaps', async () => {
    const program =
      'data y: real[T]\nsample c ~ Normal(0, 0.001)\nobserve y[0] ~ Normal(0, 1)\nfor t in 1..<T { observe y[t] ~ Normal(c + 0.8 * y[t - 1], 0.6) }\n';
    const y = [0, 0.5, 1.2, 3];
    const p = (await compile(program, 'm').infer({ y }, { ...many, backend: 'exact' })).predictions({ y: [...y, null, null] });
    expect(Object.keys(p.summary().variables)).toEqual(['y[4]', 'y[5]']);
    expectNormal(p, 'y', 4, 2.4, 0.6);
    expectNormal(p, 'y', 5, 1.92, 0.6 * Math.sqrt(1.64));
  });

  it('of states go on from the last state of the run', async () => {
    const program =
      'data T: int\ndata y: real[T]\nsample x[0] ~ Normal(0, 2)\nfor t in 1..<T { sample x[t] ~ Normal(x[t - 1], 1) }\nfor t in 0..<T { observe y[t] ~ Normal(x[t], 1) }\n';
    const p = (await compile(program, 'm').infer({ T: 3, y: [1, 2, 4] }, { ...many, backend: 'exact' })).predictions({ T: 5 });
    // Kalman filter: variance 4 and mean 0 at first, 1 added in each step.
    let mean = 0,
      variance = 3;
    for (const y of [1, 2, 4]) {
      variance += 1;
      const gain = variance / (variance + 1);
      mean += gain * (y - mean);
      variance *= 1 - gain;
    }
    expectNormal(p, 'x', 3, mean, Math.sqrt(variance + 1));
    expectNormal(p, 'x', 4, mean, Math.sqrt(variance + 2));
    expectNormal(p, 'y', 4, mean, Math.sqrt(variance + 3));
    expect(Object.keys(p.summary().variables)).toEqual(['y[0]', 'y[1]', 'y[2]', 'y[3]', 'y[4]', 'x[3]', 'x[4]']);
    const known = (await compile(program, 'm').infer({ T: 3, y: [1, 2, 4] }, { ...many, backend: 'gibbs' })).predictions({
      T: 4,
      y: [1, 2, 4, null],
    });
    expectNormal(known, 'x', 3, mean, Math.sqrt(variance + 1));
    expect(Object.keys(known.summary().variables)).toEqual(['y[3]', 'x[3]']);
  });
});

describe('plates of several lengths', () => {
  const program =
    'data J: int\ndata n: int[J]\ndata M: int\ndata y: real[J, M]\nfor j in 0..<J {\n  sample m[j] ~ Normal(0, 5)\n  for i in 0..<n[j] {\n    sample e[j, i] ~ Normal(m[j], 1)\n    observe y[j, i] ~ Normal(e[j, i], 0.1)\n  }\n}\n';
  it('go on where their lengths grow', async () => {
    const run = await compile(program, 'm').infer(
      {
        J: 2,
        n: [1, 2],
        M: 2,
        y: [
          [10, null],
          [-3, -5],
        ],
      },
      { ...many, backend: 'exact' },
    );
    const p = run.predictions({ n: [2, 2] });
    expect(Object.keys(p.summary().variables)).toEqual(['y[0,0]', 'y[0,1]', 'y[1,0]', 'y[1,1]', 'e[0,1]']);
    // Of the first plot one observation: m + e + noise has variance 25 + 1 + 0.01.
    const variance = 1 / (1 / 25 + 1 / 1.01),
      mean = (variance * 10) / 1.01;
    expectNormal(p, 'y', 1, mean, Math.sqrt(variance + 1.01));
    const e = 1 / (1 / 26 + 100);
    expectNormal(p, 'y', 0, e * 1000, Math.sqrt(e + 0.01));
    // Fewer than the run had: which ones is not known, so all are new.
    expect(Object.keys(run.predictions({ n: [1, 1] }).summary().variables)).toContain('e[1,0]');
  });

  it('of vectors with gaps: those of the run keep their draws, given cells are never passed over', async () => {
    const vectors =
        'data x: real[N, 2]\nsample m ~ MvNormal(zeros(2), 9 * eye(2))\nfor n in 0..<N { observe x[n] ~ MvNormal(m, [[1, 0.9], [0.9, 1]]) }\n',
      x = [
        [1, 2],
        [1.2, null],
        [0.8, 2.2],
      ];
    const run = await compile(vectors, 'm').infer({ x }, { ...many, draws: 50, backend: 'gibbs' });
    expect(Object.keys(run.predictions({ x: [...x, [null, null]] }).summary().variables)).toEqual(['x[3,0]', 'x[3,1]']);
    expect(() => run.predictions({ x: [[5, null]] })).toThrow(/x\[0,1\] is missing beside given values of the same draw/);
  });
});

describe('more predictions than the run has draws', () => {
  // Of y = [1, 2, 3] ~ Normal(m, 1), m ~ Normal(0, 1) the posterior is Normal(1.5, 1/2).
  const program =
    'data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)\npredict w ~ Normal(m, 0.0001)\npredict v ~ Normal(m, 10)\n';
  const draws = 400,
    repeats = 250;
  for (const backend of ['exact', 'gibbs']) {
    it(`are as certain as those draws allow (${backend})`, async () => {
      const run = await compile(program, 'm').infer({ y: [1, 2, 3] }, { workers: 0, chains: 4, draws: draws / 4, seed: 3, backend }),
        said: Diagnostic[] = [];
      // Rounded up, so that every draw is used as often.
      const p = run.predictions({}, { draws: draws * repeats - 50, onNotes: (notes) => said.push(...notes) });
      expect(p.draws('w').length).toBe(draws * repeats);
      expect(said).toContainEqual(expect.objectContaining({ code: 'repeated-draws' }));
      for (const [name, noise] of [
        ['w', 0.0001],
        ['v', 10],
      ] as const) {
        // Draws of a conjugate mean are independent: var(mean) = var(m) / draws + noise^2 / (draws * repeats). An error estimated
        // from 400 draws is off by 3.5 % (one sd); from a chain, by the noise of its correlations, by some 10 %.
        const error = Math.sqrt(0.25 / draws + noise ** 2 / (draws * repeats)),
          { mean, mcse, essBulk, rhat } = p.summary().variables[name]!;
        expect(mcse! / error).toBeGreaterThan(0.7);
        expect(mcse! / error).toBeLessThan(1.4);
        expect(Math.abs(mean! - 1.5) / error).toBeLessThan(worst);
        if (backend === 'exact') continue;
        expect(essBulk! / ((0.25 + noise ** 2) / error ** 2)).toBeGreaterThan(0.5);
        expect(essBulk! / ((0.25 + noise ** 2) / error ** 2)).toBeLessThan(2);
        expect(Math.abs(rhat! - 1)).toBeLessThan(0.03);
      }
      const files = p.files(),
        again = openRun('m', {
          summary: files['summary.json']!,
          run: files['run.json']!,
          draws: [files['draws.csv']!],
          data: null,
          pointwise: null,
        });
      expect(again.posterior.summary().variables['w']!.mcse).toBeCloseTo(p.summary().variables['w']!.mcse!, 8);
    });
  }
});

describe('plates of new rows', () => {
  it('draw latents of their own, and never take those of the run', async () => {
    const program =
      'data x: real[N]\ndata y: real[N]\nsample b ~ Normal(0, 1)\nfor n in 0..<N {\n  sample e[n] ~ Normal(0, 3)\n  observe y[n] ~ Normal(b * x[n] + e[n], 0.1)\n}\n';
    const run = await compile(program, 'm').infer({ x: [0, 0, 0], y: [9, 9, 9] }, { ...many, backend: 'exact' });
    // Other rows: e is new. The same rows: e is known, y is 9 +- 0.14.
    expectNormal(run.predictions({ x: [0, 0] }), 'y', 0, 0, Math.sqrt(9.01));
    const e = ofRow(9, 3, 0.1);
    expectNormal(run.predictions({ x: [0, 0, 0, 1] }), 'y', 2, e.mean, Math.sqrt(e.variance + 0.01));
    expectNormal(run.predictions(), 'y', 2, e.mean, Math.sqrt(e.variance + 0.01));
  });
  function ofRow(y: number, sd: number, noise: number): { readonly mean: number; readonly variance: number } {
    const variance = 1 / (1 / sd ** 2 + 1 / noise ** 2);
    return { mean: (variance * y) / noise ** 2, variance };
  }

  it('leave the draws of what is given alone, and depend on the seed only', async () => {
    const run = await compile(regression, 'm').infer(line, { ...many, draws: 50, backend: 'exact' });
    const first = run.predictions({ x: [1] }, { seed: 5 }).draws('y');
    expect(run.predictions({ x: [1] }, { seed: 5 }).draws('y')).toEqual(first);
    expect(run.predictions({ x: [1] }, { seed: 6 }).draws('y')).not.toEqual(first);
    expect(run.predictions({ x: [1] }, { draws: 7 }).draws('y').shape).toEqual([1, 7, 1]);
    // Of 100 draws each is used as often: three times.
    expect(run.predictions({ x: [1] }, { draws: 250 }).draws('y').shape).toEqual([1, 300, 1]);
  });
});

describe('a run that was saved', () => {
  it('predicts what the run itself predicts', async () => {
    const run = await compile(intercepts, 'm').infer(groups, { ...many, draws: 200, backend: 'gibbs' }),
      files = run.files();
    const opened = openRun('m', {
      summary: files['summary.json']!,
      run: files['run.json']!,
      draws: [files['draws.csv']!],
      data: files['data.json']!,
      pointwise: null,
    }).posterior;
    expect(opened.predictions({ g: [0, 2], J: 3 }).files()['draws.csv']).toBe(run.predictions({ g: [0, 2], J: 3 }).files()['draws.csv']);
    expect(opened.warnings).toEqual(run.warnings);
    expect(opened.summary().variables).toEqual(run.summary().variables);
  });
});

describe('rows with the values of the run', () => {
  const program =
    'data x: real[N]\ndata y: real[N]\nsample b ~ Normal(0, 1)\nfor n in 0..<N {\n  sample u[n] ~ Normal(0, 1)\n  observe y[n] ~ Normal(b * x[n] + u[n], 1)\n}\n';

  it('keep the effects of their rows, which is said', async () => {
    const run = await compile(program, 'm').infer({ x: [1, 1, 1], y: [1, 2, 3] }, { workers: 0, draws: 50, backend: 'exact' });
    const said = (values: Record<string, unknown>): readonly string[] => {
      const notes: Diagnostic[] = [];
      run.predictions(values, { draws: 10, onNotes: (found) => notes.push(...found) });
      return notes.map(({ code, message }) => `${code}: ${message}`).filter((text) => !text.startsWith('ignored'));
    };
    expect(said({ x: [1, 1, 1] })).toEqual(["rows-of-the-run: the data given along N are those of the run, so u is the run's too"]);
    expect(said({ x: [1, 1] })).toEqual([
      'new-elements: N = 2: the data given along N are not those of the run, so everything in its plates is new',
    ]);
    expect(said({ x: [1, 1, 1, 1] }).join()).toMatch(/1 of 4 elements are new/);
    expect(said({})).toEqual([]);
    // Nothing of a row is the run's where no unknown stands in rows.
    const line = await compile(regression, 'm').infer({ x: [1, 2], y: [1, 2] }, { workers: 0, draws: 50, backend: 'exact' }),
      notes: Diagnostic[] = [];
    line.predictions({ x: [1, 2] }, { draws: 10, onNotes: (found) => notes.push(...found) });
    expect(notes.map(({ code }) => code)).not.toContain('rows-of-the-run');
  });

  it('are no run themselves', async () => {
    const run = await compile(program, 'm').infer({ x: [1, 2], y: [1, 2] }, { workers: 0, draws: 50, backend: 'exact' }),
      files = run.predictions({ x: [3] }, { draws: 10 }).files();
    const opened = openRun('p', {
      summary: files['summary.json']!,
      run: files['run.json']!,
      draws: [files['draws.csv']!],
      data: null,
      pointwise: null,
    });
    expect(() => opened.program()).toThrow(/^these are predictions, and not a run\. Name the directory of the run/);
    expect(() => readRun('p', { summary: files['summary.json']!, run: files['run.json']!, pointwise: null })).toThrow(
      /p: these are predictions, and not a run/,
    );
  });
});

/** What predictions are refused with; the names of what is predicted where they are not. */
function answer(run: Posterior, values: Record<string, unknown>): string {
  try {
    return Object.keys(run.predictions(values, { draws: 20 }).summary().variables).join();
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
}

describe('what is known and tells of what would be drawn', () => {
  const backwards =
      'data y: real[T]\nsample z[T - 1] ~ Normal(0, 1)\nfor t in 0..<T - 1 { sample z[t] ~ Normal(0.9 * z[t + 1], 0.3) }\nobserve y ~ Normal(z, 0.5)\n',
    autoregression =
      'data y: real[T]\nobserve y[0] ~ Normal(0, 1)\nfor t in 1..<T { observe y[t] ~ Normal(0.9 * y[t - 1], 1) }\nsample c ~ Normal(0, 1)\n',
    average =
      'data g: int[N]\ndata J: int\ndata y: real[N]\ndata w: real\nfor j in 0..<J { sample u[j] ~ Normal(0, 1) }\nobserve w ~ Normal(mean(u), 0.1)\nfor n in 0..<N { observe y[n] ~ Normal(u[g[n]], 1) }\n',
    moving =
      'data y: real[T]\nsample th ~ Normal(0.5, 0.0001)\nlet e[0] = y[0]\nfor t in 1..<T { let e[t] = y[t] - th * e[t - 1] }\nobserve y[0] ~ Normal(0, 1)\nfor t in 1..<T { observe y[t] ~ Normal(th * e[t - 1], 1) }\n';
  const grown = { g: [0, 1, 1], J: 2, y: [1, 2, 3], w: 1 };

  it.each<[string, string, Record<string, unknown>, Record<string, unknown>, RegExp]>([
    [
      'elements of the run that read new ones',
      backwards,
      { y: [3, 3, 3] },
      { T: 4 },
      /m:3:22: error\[cannot-predict\]: z\[2\] is the run's, and its law now reads z\[3\]: it tells of z\[3\], which would be drawn without regard to it[\s\S]*hint: add the new rows to the data of the run, with null for what is to be predicted, and run again/,
    ],
    ['the same with a gap', backwards, { y: [3, 3, 3] }, { y: [3, 3, 3, null] }, /z\[2\] is the run's, and its law now reads z\[3\]/],
    [
      'a value after a gap',
      autoregression,
      { y: [3, 3, 3] },
      { y: [3, 3, 3, null, 100] },
      /m:3:18: error\[cannot-predict\]: y\[4\] is given, and tells of y\[3\], which would be drawn without regard to it[\s\S]*hint: write null for y\[4\] to predict it too; or add/,
    ],
    [
      'a value after a gap, through a recursion',
      moving,
      { y: [3, 3, 3] },
      { y: [3, 3, 3, null, null, 100] },
      /y\[5\] is given, and tells of y\[[34]\], which/,
    ],
    [
      'a value that a mean holds',
      average,
      grown,
      { J: 3, w: 1 },
      /w is given, and tells of u\[2\], which[\s\S]*hint: leave out w to predict it too/,
    ],
    [
      'an observation of the run that a mean holds',
      average,
      grown,
      { J: 3 },
      /w was observed in the run, and its law now reads u\[2\]: it tells of u\[2\], which/,
    ],
    [
      'a label chooses among old and new',
      'data K: int\ndata y: real[N]\nfor k in 0..<K { sample m[k] ~ Normal(0, 3) }\nfor n in 0..<N {\n  sample z[n] ~ DiscreteUniform(0, K - 1)\n  observe y[n] ~ Normal(m[z[n]], 1)\n}\n',
      { K: 2, y: [1, -1] },
      { K: 3 },
      /y\[0\] was observed in the run, and its law now reads m\[2\]/,
    ],
    [
      'components of a mixture, old and new',
      'data K: int\ndata y: real[N]\nfor k in 0..<K { sample m[k] ~ Normal(0, 3) }\nfor n in 0..<N { observe y[n] ~ mixture(fill(1 / K, K), Normal(m[k], 1) for k in 0..<K) }\n',
      { K: 2, y: [1, -1] },
      { K: 3, y: [1, -1] },
      /y\[0\] is given, and tells of m\[2\]/,
    ],
    [
      'an observed expression',
      'data J: int\ndata w: positive\ndata y: real[J]\nfor j in 0..<J { sample u[j] ~ Normal(0, 1) }\nobserve log(w) ~ Normal(sum(u), 0.1)\nfor j in 0..<J { observe y[j] ~ Normal(u[j], 1) }\n',
      { J: 2, w: 1, y: [1, 2] },
      { J: 3 },
      /m:5:1: error\[cannot-predict\]: an observed expression tells of u\[2\], which/,
    ],
  ])('is refused: %s', async (_, program, data, values, says) => {
    const run = await compile(program, 'm').infer(data, { workers: 0, chains: 1, draws: 20, warmup: 20, backend: 'gibbs' });
    expect(answer(run, values)).toMatch(says);
  });

  it('has the truth in a run with the new data in place', async () => {
    const chain = await compile(backwards, 'm').infer({ y: [3, 3, 3, null] }, { ...many, backend: 'exact' });
    // z[3] ~ N(0, 1), z[t] = 0.9 z[t + 1] + N(0, 0.09): the filter from the end, with y[2], y[1], y[0].
    let precision = 1,
      shift = 0,
      slope = 1,
      variance = 0;
    // Given z[3], y[2 - k] are Normal; one after the other by the filter of z[2 - k] given z[3] = x: mean slope x + offset.
    let offset = 0;
    for (const y of [3, 3, 3]) {
      slope *= 0.9;
      offset *= 0.9;
      variance = 0.81 * variance + 0.09;
      const total = variance + 0.25,
        gain = variance / total;
      precision += slope ** 2 / total;
      shift += (slope * (y - offset)) / total;
      offset += gain * (y - offset);
      slope *= 1 - gain;
      variance *= 1 - gain;
    }
    expect(shift / precision).toBeCloseTo(2.787, 3);
    expectNormal(chain, 'z', 3, shift / precision, Math.sqrt(1 / precision));
    // y[3] ~ N(2.7, 1) and 100 = 0.9 y[3] + N(0, 1).
    const gap = await compile(autoregression, 'm').infer({ y: [3, 3, 3, null, 100] }, { ...many, backend: 'exact' });
    expectNormal(gap, 'y', 3, (2.7 + 90) / 1.81, Math.sqrt(1 / 1.81));
  });

  it.each<[string, string, Record<string, unknown>, Record<string, unknown>, string]>([
    [
      'an observation that is predicted again and read by what the run has drawn',
      'data a: int\ndata y: int\nobserve a ~ Bernoulli(0.5)\nsample t ~ Bernoulli(a == 1 ? 0.9 : 0.2)\nobserve y ~ Bernoulli(t == 1 ? 0.7 : 0.1)\n',
      { a: 1, y: 1 },
      {},
      'a,y',
    ],
    ['a gap at the end', autoregression, { y: [3, 3, 3] }, { y: [3, 3, 3, null, null] }, 'y[3],y[4]'],
    ['a gap that the run had too', autoregression, { y: [3, null, 3] }, { y: [3, null, 3, null] }, 'y[3]'],
    ['a whole series again', autoregression, { y: [3, 3] }, { T: 3 }, 'y[0],y[1],y[2]'],
    ['a gap at the end of a recursion', moving, { y: [3, 3, 3] }, { y: [3, 3, 3, null] }, 'y[3]'],
    [
      'a gap at the end of one series beside others',
      'data y: real[I, T]\nsample r ~ Normal(0, 1)\nfor i in 0..<I {\n  observe y[i, 0] ~ Normal(0, 1)\n  for t in 1..<T { observe y[i, t] ~ Normal(r * y[i, t - 1], 1) }\n}\n',
      {
        y: [
          [1, 2, 3],
          [1, 2, 3],
        ],
      },
      {
        y: [
          [1, 2, 3, null],
          [1, 2, 3, 4],
          [5, 6, null, null],
        ],
      },
      'y[0,3],y[2,2],y[2,3]',
    ],
    [
      'new leaves of a tree',
      'data parent: int[T]\ndata y: real[T]\nfor t in 0..<T { if parent[t] == t { sample z[t] ~ Normal(0, 1) } else { sample z[t] ~ Normal(z[parent[t]], 1) } }\nfor t in 0..<T { observe y[t] ~ Normal(z[t], 1) }\n',
      { parent: [2, 2, 2], y: [1, 2, 3] },
      { parent: [2, 2, 2, 0, 3], y: [1, 2, 3, null, null] },
      'y[3],y[4],z[3],z[4]',
    ],
    [
      'a column of zeros for a new group',
      'data X: real[N, J]\ndata y: real[N]\nsample s ~ Normal(0, 1)\nfor j in 0..<J { sample u[j] ~ Normal(s, 1) }\nfor n in 0..<N { observe y[n] ~ Normal(sum(X[n, j] * u[j] for j in 0..<J), 1) }\n',
      {
        X: [
          [1, 0],
          [0, 1],
        ],
        y: [1, 2],
      },
      {
        X: [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ],
        y: [1, 2, null],
      },
      'y[2],u[2]',
    ],
    ['a sum in a report', `${intercepts}report total = sum(u)\n`, groups, { J: 3, g: [0, 0, 1, 1, 1], y: groups.y }, 'u[2],total'],
  ])('is nothing where it does not: %s', async (_, program, data, values, names) => {
    const run = await compile(program, 'm').infer(data, { workers: 0, chains: 1, draws: 20, warmup: 20, backend: 'gibbs' });
    expect(answer(run, values)).toBe(names);
  });

  it('goes on by the law of a moving average', async () => {
    const p = (await compile(moving, 'm').infer({ y: [3, 2, 1] }, { ...many, backend: 'gibbs' })).predictions({ y: [3, 2, 1, null] });
    // e = 3, 0.5, 0.75.
    expectNormal(p, 'y', 3, 0.375, 1);
  });

  it('is looked for at a cost linear in the data', async () => {
    const run = await compile(autoregression, 'm').infer({ y: [3, 3, 3] }, { workers: 0, draws: 20, backend: 'exact' }),
      y = Array.from({ length: 300_000 }, (_, t): number | null => (t < 3 ? 3 : Math.sin(t)));
    const start = performance.now();
    expect(() => run.predictions({ y: [...y.slice(0, -2), null, 1] }, { draws: 1 })).toThrow(
      /y\[299999\] is given, and tells of y\[299998\]/,
    );
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('functions of whole arrays of data', () => {
  const x = [1, 2, 3, 4, 5],
    y = [2.1, 3.9, 6.2, 7.8, 10.1];
  const program = (law: string, more = ''): string =>
    `data x: real[N]\ndata y: real[N]\n${more}sample a ~ Normal(0, 10)\nsample b ~ Normal(0, 10)\nfor n in 0..<N { observe y[n] ~ Normal(a + b * (${law}), 1) }\n`;
  const said = async (text: string, data: Record<string, unknown>, values: Record<string, unknown>): Promise<readonly string[]> => {
    const run = await compile(text, 'm').infer(data, { workers: 0, draws: 20, backend: 'exact' });
    return run.predictions(values).warnings.map(({ code, message }) => `${code}: ${message}`);
  };
  const warning = (reader: string, variable: string, along = 'N'): string =>
    `summary-of-new-rows: ${reader} reads a function of all of ${variable} along ${along} (a mean, a sum or the like), which here is of the new rows and in the run was of its own`;

  it('that new rows change are warned of', async () => {
    for (const values of [{ x: [10, 11] }, { x: [...x, 6] }])
      for (const law of ['x[n] - mean(x)', '(x[n] - mean(x)) / sd(x)', 'x[n] / max(x)', 'x[n] / sum(x)'])
        expect(await said(program(law), { x, y }, values)).toEqual([warning('y', 'x')]);
    expect(await said(program('s[n]', 'let s = standardise(x)\n'), { x, y }, { x: [10, 11] })).toEqual([warning('s', 'x')]);
    expect(await said(program('l[n] - mean(l)', 'for n in 0..<N { let l[n] = log(x[n]) }\n'), { x, y }, { x: [10, 11] })).toEqual([
      warning('y', 'l'),
    ]);
    // New groups in rows of their own: the mean that the run had is not theirs.
    expect(await said(intercepts.replace('u[g[n]]', 'u[g[n]] - mean(u)'), groups, { g: [1, 2], J: 3 })).toEqual([warning('y', 'u', 'J')]);
  });

  it('that stay what they were are not', async () => {
    expect(await said(program('x[n] - mean(x)'), { x, y }, { x })).toEqual([]);
    expect(await said(program('x[n]'), { x, y }, { x: [10, 11] })).toEqual([]);
    // Sums over what a row itself has, reports, predictions of the new rows.
    const matrix =
      'data X: real[N, D]\ndata y: real[N]\nfor d in 0..<D { sample w[d] ~ Normal(0, 1) }\nobserve y ~ Normal(X @ w, 1)\nreport average = mean(X @ w)\npredict total ~ Normal(sum(X @ w), 1)\n';
    expect(
      await said(
        matrix,
        {
          X: [
            [1, 2],
            [3, 4],
          ],
          y: [1, 2],
        },
        { X: [[5, 6]] },
      ),
    ).toEqual([]);
  });

  it('can be given as data, and predictions are those of the run', async () => {
    const text = program('(x[n] - centre) / spread', 'data centre: real\ndata spread: real\n'),
      centre = 3,
      spread = Math.sqrt(2.5);
    const run = await compile(text, 'm').infer({ x, y, centre, spread }, { ...many, backend: 'exact' }),
      p = run.predictions({ x: [10, 11] });
    expect(p.warnings).toEqual([]);
    // Standardised regressors are orthogonal to the intercept: sum of squares 4.
    const slope = x.reduce((sum, v, n) => sum + ((v - centre) / spread) * y[n]!, 0) / 4.01,
      level = y.reduce((sum, v) => sum + v, 0) / 5.01;
    for (const [row, v] of [10, 11].entries()) {
      const s = (v - centre) / spread;
      expectNormal(p, 'y', row, level + slope * s, Math.sqrt(1 + 1 / 5.01 + s ** 2 / 4.01));
    }
  });
});

describe('reports', () => {
  it('of a size alone follow it', async () => {
    // y = [1, 2, 3] ~ Normal(t, 1), t ~ Normal(0, 1): the posterior is Normal(1.5, 1/4).
    const program =
      'data y: real[N]\nsample t ~ Normal(0, 1)\nobserve y ~ Normal(t, 1)\nlet share = 1 / N\nreport total = t * N\nreport part = t * share\nreport twice = 2 * t\n';
    const p = (await compile(program, 'm').infer({ y: [1, 2, 3] }, { ...many, backend: 'exact' })).predictions({ N: 6 });
    expect(p.names).toEqual(['y', 'total', 'part']);
    expectNormal(p, 'total', 0, 9, 3);
    expectNormal(p, 'part', 0, 0.25, 0.5 / 6);
  });
});

describe('data that do not fit', () => {
  const field =
    'data X: real[N]\ndata y: real[N]\nsample f ~ MvNormal(zeros(N), eye(N))\nfor n in 0..<N { observe y[n] ~ Normal(f[n], 1) }\n';
  const shares = 'data K: int\ndata k: int[N]\nsample p ~ Dirichlet(fill(1, K))\nfor n in 0..<N { observe k[n] ~ Categorical(p) }\n';
  const through = 'data y: positive[N]\nsample m ~ Normal(0, 1)\nfor n in 0..<N { observe log(y[n]) ~ Normal(m, 1) }\n';
  it.each<[string, string, Record<string, unknown>, Record<string, unknown>, RegExp]>([
    [
      'another length without its regressor',
      regression,
      line,
      { y: [1, null] },
      /missing-data\]: No value is given for x: the new data have N = 2, and the run had 4[\s\S]*hint: give x for the new data too/,
    ],
    [
      'other values of the same length',
      'data x: real[N]\ndata z: real[N]\ndata y: real[N]\nsample a ~ Normal(0, 1)\nfor n in 0..<N { observe y[n] ~ Normal(a + x[n] + z[n], 1) }',
      { x: [1, 2], z: [1, 2], y: [1, 2] },
      { x: [3, 4] },
      /No value is given for z: the new data have other values along N/,
    ],
    [
      'names of nothing',
      regression,
      line,
      { xx: [1] },
      /unknown-name\]: The program names none of the new data: xx\.[\s\S]*it declares x, y/,
    ],
    ['a wrong shape', regression, line, { x: [[1, 2]] }, /wrong-shape\]: x is declared real\[N\]/],
    ['a group that is not there', intercepts, groups, { g: [2] }, /error\[/],
    [
      'a joint draw over other rows',
      field,
      { X: [1, 2], y: [1, 2] },
      { X: [1, 2, 3] },
      /cannot-predict\]: f is one joint draw of shape \[2\] in the run; with the new data it has shape \[3\]/,
    ],
    [
      'a joint draw over rows that mean something else',
      field,
      { X: [1, 2], y: [1, 2] },
      { X: [5, 6] },
      /f is one joint draw over indices that mean something else/,
    ],
    [
      // Drawn in their place, further numbers would push those of the run to other indices.
      'more increasing numbers than the posterior knows',
      'data K: int\ndata y: real[N]\nsample c: ordered[K] ~ iid(Normal(0, 5), K)\nfor n in 0..<N { observe y[n] ~ Normal(c[0], 1) }\n',
      { K: 3, y: [1, 2] },
      { K: 5 },
      /cannot-predict\]: c is one joint draw of shape \[3\] in the run; with the new data it has shape \[5\]/,
    ],
    [
      'more outcomes than the posterior knows',
      shares,
      { K: 2, k: [0, 1] },
      { K: 3 },
      /cannot-predict\]: p is one joint draw of shape \[2\] in the run; with the new data it has shape \[3\]/,
    ],
    [
      'observations that tell of a label to be drawn',
      'data x: real[N]\ndata label: int[N]\nsample m ~ iid(Normal(0, 3), 2)\nfor n in 0..<N {\n  observe label[n] ~ Bernoulli(0.5)\n  observe x[n] ~ Normal(m[label[n]], 1)\n}\n',
      { x: [1, 2], label: [0, 1] },
      { x: [1.5] },
      /cannot-predict\]: x\[0\] is given, and tells of label\[0\], which would be drawn without regard to it[\s\S]*hint: leave out x to predict it too; or add the new rows/,
    ],
    [
      'observations that tell of new latents',
      'data x: real[N]\ndata y: real[N]\nfor n in 0..<N {\n  sample e[n] ~ Normal(0, 1)\n  observe x[n] ~ Normal(e[n], 1)\n  observe y[n] ~ Normal(e[n], 1)\n}\n',
      { x: [1, 2], y: [1, 2] },
      { x: [3, 4] },
      /x\[0\] is given, and tells of e\[0\], which would be drawn without regard to it/,
    ],
    [
      'a new value among those of the run',
      'data T: int\ndata y: real[T]\nsample x[0] ~ Normal(0, 2)\nfor t in 1..<T { sample x[t] ~ Normal(x[t - 1], 1) }\nfor t in 0..<T { observe y[t] ~ Normal(x[t], 1) }\n',
      { T: 2, y: [1, 2] },
      { T: 4, y: [1, 2, 3, null] },
      /m:5:18: error\[cannot-predict\]: y\[2\] is given, and tells of x\[2\], which would be drawn[\s\S]*hint: write null for y\[2\] to predict it too; or/,
    ],
    ['nothing left to draw', regression, line, { x: [1], y: [2], a: 1, b: 2 }, /error\[nothing-to-predict\]|line/],
    ['an observation through an expression', through, { y: [1, 2] }, { y: [1, 2] }, /nothing-to-predict\]: Nothing is left to predict/],
    [
      'words for numbers',
      intercepts,
      groups,
      { g: { ...tensor([0, 1], [2]), levels: ['a', 'b'] } },
      /cannot-predict\]: g is given in words, and it was in numbers in the run/,
    ],
  ])('are refused with the reason: %s', async (_, program, data, values, says) => {
    const run = await compile(program, 'm').infer(data, { workers: 0, chains: 1, draws: 20, warmup: 20, backend: 'gibbs' });
    const refused = (): string => {
      try {
        return run.predictions(values).names.join();
      } catch (error) {
        if (error instanceof ModelError) return error.message;
        throw error;
      }
    };
    expect(refused()).toMatch(says);
  });

  it('say what the run did not keep', async () => {
    const run = await compile(regression, 'm').infer(line, { workers: 0, chains: 1, draws: 20, warmup: 20, backend: 'gibbs', keep: ['a'] });
    expect(() => run.predictions({ x: [1] })).toThrow(
      /no-draws\]: The run kept nothing of b, which the predictions depend on[\s\S]*--keep and b/,
    );
  });

  it('are too many for memory', async () => {
    const run = await compile(regression, 'm').infer(line, { ...many, draws: 20, backend: 'exact' });
    expect(() => run.predictions({ x: [1, 2] }, { draws: 1e9 })).toThrow(
      /1000000000 draws of 4 predicted numbers do not fit into memory[\s\S]*at most 50000000/,
    );
    expect(() => run.predictions({ x: [1, 2] }, { draws: 0.5 })).toThrow(/draws is 0\.5; it must be a whole number/);
  });
});
