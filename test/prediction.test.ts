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
      /cannot-predict\]: x is given, and tells of label, which would be drawn without regard to it[\s\S]*hint: leave out x to predict it too; or add these rows/,
    ],
    [
      'observations that tell of new latents',
      'data x: real[N]\ndata y: real[N]\nfor n in 0..<N {\n  sample e[n] ~ Normal(0, 1)\n  observe x[n] ~ Normal(e[n], 1)\n  observe y[n] ~ Normal(e[n], 1)\n}\n',
      { x: [1, 2], y: [1, 2] },
      { x: [3, 4] },
      /x is given, and tells of e, which would be drawn without regard to it/,
    ],
    [
      'a new value among those of the run',
      'data T: int\ndata y: real[T]\nsample x[0] ~ Normal(0, 2)\nfor t in 1..<T { sample x[t] ~ Normal(x[t - 1], 1) }\nfor t in 0..<T { observe y[t] ~ Normal(x[t], 1) }\n',
      { T: 2, y: [1, 2] },
      { T: 4, y: [1, 2, 3, null] },
      /y is given, and tells of x, which would be drawn/,
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
