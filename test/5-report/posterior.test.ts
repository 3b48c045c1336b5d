/**
 * The posterior a user holds: what summaries, accessors and files say of results written by hand, when
 * a run is trusted, and what happens to switching labels. Numbers are worked out here.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { VariableResult } from '../../src/4-infer/posterior.js';
import { Posterior } from '../../src/5-report/posterior.js';
import { renderSummary } from '../../src/5-report/render.js';
import { createRandom } from '../../src/random/generator.js';
import { context, drawn, normals, result } from './results.js';

function posterior(variables: readonly VariableResult[], changes: Parameters<typeof result>[1] = {}): Posterior {
  return new Posterior(result(variables, changes), context);
}

const closed: VariableResult = {
  name: 'theta',
  shape: [2],
  kind: 'latent',
  discrete: false,
  insidePlate: false,
  result: {
    form: 'closed',
    mean: Float64Array.of(1, 2),
    sd: Float64Array.of(0.5, Number.NaN),
    mcse: null,
    quantiles: null,
    probabilities: null,
    draws: null,
  },
};
const label: VariableResult = {
  name: 'z',
  shape: [],
  kind: 'latent',
  discrete: true,
  range: 3,
  low: 1,
  insidePlate: false,
  result: {
    form: 'closed',
    mean: Float64Array.of(2.3),
    sd: Float64Array.of(0.78),
    mcse: null,
    quantiles: null,
    probabilities: Float64Array.of(0.2, 0.3, 0.5),
    draws: null,
  },
};

describe('numbers of the summary', () => {
  it('have digits to the Monte Carlo error, however large they are', () => {
    // Draws alternate about the mean: of n of them at a distance of 1 the standard deviation is sqrt(n / (n - 1)).
    const about = (center: number, n: number): Float64Array => Float64Array.from({ length: n }, (_, k) => center + (k % 2 === 0 ? 1 : -1));
    for (const [center, shown] of [
      [1.7e9, /^x +1700000000\.0+ /],
      [1.7e12, /^x +1700000000000\.0+ /],
      [1_234_567_890_123.5, /^x +1234567890123\.50? /],
      [12.25, /^x +12\.250 /],
    ] as const) {
      const variable = drawn('x', [], 1, about(center, 400));
      if (variable.result.form !== 'draws') throw new Error('draws');
      const p = new Posterior(result([{ ...variable, result: { ...variable.result, independent: true } }]), context);
      // The error of the mean of 400 independent draws is 1.0013 / 20 = 0.05.
      expect(p.summary().variables['x']?.mcse).toBeCloseTo(0.05006, 4);
      expect(renderSummary(p, 100).split('\n')[1], String(center)).toMatch(shown);
    }
  });

  it('have no spread where there is one draw', () => {
    const rows = (draws: number): unknown =>
      new Posterior(result([drawn('x', [], 1, new Float64Array(draws).fill(5))]), context).summary().variables['x'];
    expect(rows(1)).toMatchObject({ mean: 5, sd: null, q50: 5 });
    expect(rows(2)).toMatchObject({ mean: 5, sd: 0, q50: 5 });
  });
});

describe('a posterior of draws', () => {
  // Chains 1..4 and 3..6 of a scalar; a matrix of constants; a bit.
  const scalar = drawn('mu', [], 2, Float64Array.of(1, 2, 3, 4, 3, 4, 5, 6));
  const matrix = drawn(
    'm',
    [2, 2],
    2,
    Float64Array.from({ length: 32 }, (_, i) => i % 4),
  );
  const bit = drawn('b', [], 2, Uint8Array.of(0, 1, 1, 0, 1, 1, 1, 0), { discrete: true, range: 2 });
  const p = posterior([scalar, matrix, bit]);

  it('summarises a scalar', () => {
    const row = p.summary().variables['mu']!;
    expect(row.mean).toBe(3.5);
    expect(row.sd).toBeCloseTo(Math.sqrt(18 / 7), 14);
    // Type 7: positions 0.35, 3.5 and 6.65 of the sorted draws 1 2 3 3 4 4 5 6.
    expect([row.q5, row.q50, row.q95]).toEqual([1.35, 3.5, 5.65].map((x) => expect.closeTo(x, 14)));
    expect(row.probs).toBeNull();
  });

  it('gives constants no R-hat and no error', () => {
    expect(p.summary().variables['m[1,0]']).toEqual({
      mean: 2,
      sd: 0,
      mcse: null,
      q5: 2,
      q50: 2,
      q95: 2,
      essBulk: null,
      essTail: null,
      rhat: null,
      probs: null,
    });
  });

  it('counts the values of a finite support', () => {
    expect(p.summary().variables['b']!.probs).toEqual({ 0: 0.375, 1: 0.625 });
    expect([...p.probabilities('b')]).toEqual([0.375, 0.625]);
    expect(() => p.probabilities('mu')).toThrow(/finite support/);
  });

  it('nests means as the variable is', () => {
    expect(p.mean('mu')).toBe(3.5);
    expect(p.mean('m')).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(p.sd('m')).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('gives draws with their shape, integers too', () => {
    expect(p.draws('m').shape).toEqual([2, 4, 2, 2]);
    expect(p.draws('b')).toBeInstanceOf(Float64Array);
    expect([...p.draws('b')]).toEqual([0, 1, 1, 0, 1, 1, 1, 0]);
  });

  it('does not let a user change what it holds', () => {
    p.draws('mu')[0] = 99;
    expect(p.draws('mu')[0]).toBe(1);
  });

  it('names what it has when asked for something else', () => {
    expect(() => p.mean('nu')).toThrow(/no variable 'nu'.*mu, m, b/);
  });

  it('leaves out elements that do not exist', () => {
    const ragged = posterior([
      drawn(
        'r',
        [2, 2],
        1,
        Float64Array.from({ length: 40 }, (_, i) => i),
        { elements: Int32Array.of(0, 1, 3) },
      ),
    ]);
    expect(Object.keys(ragged.summary().variables)).toEqual(['r[0,0]', 'r[0,1]', 'r[1,1]']);
    expect(ragged.files()['draws.csv']!.split('\n')[0]).toBe('chain,draw,"r[0,0]","r[0,1]","r[1,1]"');
    expect((ragged.mean('r') as number[][])[1]![0]).toBeNaN();
  });

  it('treats independent draws as such', () => {
    const base = drawn(
      'f',
      [],
      1,
      normals(1, 400, 1, (_c, _d, _e, normal) => normal),
    );
    const row = posterior([{ ...base, result: { ...base.result, independent: true } as typeof base.result }]).summary().variables['f']!;
    expect(row.mcse).toBeCloseTo(row.sd! / 20, 14);
    expect([row.essBulk, row.essTail, row.rhat]).toEqual([null, null, null]);
  });

  it('keeps names that objects have of their own', () => {
    const odd = posterior([
      drawn('__proto__', [], 1, Float64Array.of(1, 2, 3, 4)),
      drawn('constructor', [], 1, Float64Array.of(1, 2, 3, 4)),
    ]);
    expect(Object.keys(JSON.parse(odd.files()['summary.json']!).variables)).toEqual(['__proto__', 'constructor']);
    expect(odd.mean('__proto__')).toBe(2.5);
  });
});

describe('a posterior in closed form', () => {
  const p = posterior([closed, label], { backend: 'exact', logEvidence: -12.5 });

  it('reports moments and the quantiles of a finite support', () => {
    const { variables } = p.summary();
    expect(variables['theta[0]']).toEqual({
      mean: 1,
      sd: 0.5,
      mcse: null,
      q5: null,
      q50: null,
      q95: null,
      essBulk: null,
      essTail: null,
      rhat: null,
      probs: null,
    });
    expect(variables['theta[1]']!.sd).toBeNull();
    expect(variables['z']).toMatchObject({ mean: 2.3, q5: 1, q50: 2, q95: 3, probs: { 1: 0.2, 2: 0.3, 3: 0.5 } });
    expect(p.logEvidence).toBe(-12.5);
    expect(p.probabilities('z').shape).toEqual([3]);
  });

  it('writes no draws where there are none, and says so when asked', () => {
    expect(Object.keys(p.files())).toEqual(['summary.json', 'run.json']);
    expect(() => p.draws('theta')).toThrow(/'exact' makes no draws of 'theta'/);
  });

  it('writes the draws a backend makes of it', () => {
    const withDraws = {
      ...closed,
      result: { ...closed.result, draws: { count: 3, values: Float64Array.of(1, 2, 3, 4, 5, 6) } } as VariableResult['result'],
    };
    expect(posterior([withDraws]).files()['draws.csv']).toBe('chain,draw,theta[0],theta[1]\n0,0,1,2\n0,1,3,4\n0,2,5,6\n');
    expect(posterior([withDraws]).draws('theta').shape).toEqual([1, 3, 2]);
  });

  it('is trusted unless the backend says otherwise', () => {
    expect(p.converged).toBe(true);
    expect(posterior([closed], { converged: false }).converged).toBe(false);
  });
});

describe('a large variable', () => {
  const moments: VariableResult = {
    name: 'z',
    shape: [3],
    kind: 'latent',
    discrete: true,
    range: 2,
    insidePlate: true,
    result: {
      form: 'moments',
      chains: 2,
      draws: 100,
      mean: Float64Array.of(0.25, 0.5, 1),
      variance: Float64Array.of(0.1875, 0.25, 0),
      mcse: Float64Array.of(0.01, 0.02, Number.NaN),
      rhat: Float64Array.of(1, 1.2, Number.NaN),
      probabilities: Float64Array.of(0.75, 0.25, 0.5, 0.5, 0, 1),
    },
  };

  it('has moments, probabilities and quantiles without draws', () => {
    expect(posterior([moments]).summary().variables['z[0]']).toEqual({
      mean: 0.25,
      sd: Math.sqrt(0.1875),
      mcse: 0.01,
      q5: 0,
      q50: 0,
      q95: 1,
      essBulk: null,
      essTail: null,
      rhat: 1,
      probs: { 0: 0.75, 1: 0.25 },
    });
    expect(() => posterior([moments]).draws('z')).toThrow(/--keep z/);
  });

  it('is judged by the R-hat of its moments', () => {
    expect(posterior([moments]).converged).toBe(false);
    expect(posterior([moments]).warnings[0]!.message).toContain('z[1]');
  });
});

describe('the verdict', () => {
  const good = normals(4, 500, 1, (_chain, _draw, _element, normal) => normal);
  const apart = normals(4, 500, 1, (chain, _draw, _element, normal) => chain + normal);

  it('trusts chains that agree', () => {
    const p = posterior([drawn('mu', [], 4, good)]);
    expect(p.converged).toBe(true);
    expect(p.warnings).toEqual([]);
  });

  it('rejects chains that do not, naming the worst element, R-hat and ESS', () => {
    const p = posterior([drawn('mu', [], 4, apart)]);
    expect(p.converged).toBe(false);
    expect(p.summary().warnings[0]).toMatch(/^R-hat of mu is 1\.\d{3} with a bulk ESS of \d+: .*--warmup/);
  });

  it('rejects chains that stand still at different values, and keeps JSON valid', () => {
    const p = posterior([
      drawn(
        'mu',
        [],
        4,
        normals(4, 50, 1, (chain) => chain),
      ),
    ]);
    expect(p.summary().variables['mu']!.rhat).toBe(Infinity);
    expect(p.converged).toBe(false);
    expect(JSON.parse(p.files()['summary.json']!).variables.mu.rhat).toBeNull();
  });

  it('needs both R-hat and a small ESS outside data plates', () => {
    // Chains of different spread: R-hat sees it in the folded draws, the effective size of the bulk does not.
    const spread = normals(4, 1000, 1, (chain, _draw, _element, normal) => (1 + 0.3 * chain) * normal);
    const p = posterior([drawn('mu', [], 4, spread)]);
    const { rhat, essBulk } = p.summary().variables['mu']!;
    expect(rhat).toBeGreaterThan(1.01);
    expect(essBulk).toBeGreaterThan(400);
    expect(p.converged).toBe(true);
  });

  it.each([
    [3, true],
    [8, false],
  ])('allows one element in twenty of a data plate above 1.01 (%i of 100)', (bad, trusted) => {
    const values = normals(4, 500, 100, (chain, _draw, element, normal) => (element < bad ? 0.4 * (chain % 2) : 0) + normal);
    const inside = posterior([drawn('theta', [100], 4, values, { insidePlate: true })]);
    const rhats = Object.values(inside.summary().variables).map((row) => row.rhat!);
    // The construction: the shifted elements, and only these, lie between the two bounds.
    expect(rhats.slice(0, bad).every((rhat) => rhat > 1.01 && rhat < 1.05)).toBe(true);
    expect(rhats.slice(bad).every((rhat) => rhat < 1.01)).toBe(true);
    expect(inside.converged).toBe(trusted);
    expect(posterior([drawn('theta', [100], 4, values)]).converged).toBe(false);
  });

  it('allows no element of a data plate above 1.05', () => {
    const values = normals(4, 500, 100, (chain, _draw, element, normal) => (element === 0 ? chain : 0) + normal);
    expect(posterior([drawn('theta', [100], 4, values, { insidePlate: true })]).converged).toBe(false);
  });

  it('does not judge a handful of draws, and says so', () => {
    const p = posterior([drawn('mu', [], 2, Float64Array.of(1, 2, 3, 9, 9, 9))]);
    expect(p.converged).toBe(true);
    expect(p.warnings.map((warning) => warning.code)).toEqual(['few-draws']);
  });

  it('leaves notes out of the warnings', () => {
    const p = posterior([drawn('mu', [], 4, good)], {
      warnings: [
        { code: 'a', severity: 'note', message: 'n' },
        { code: 'b', severity: 'warning', message: 'w' },
      ],
    });
    expect(p.summary().warnings).toEqual(['w']);
  });
});

describe('switching labels', () => {
  const chains = 4;
  const draws = 300;
  /** Three components in the plane, numbered in each draw by a permutation; truth by component. */
  const centres = [
    [0, 0],
    [0, 6],
    [6, 3],
  ] as const;
  const weights = [0.5, 0.3, 0.2];

  function mixture(permutationOf: (chain: number, draw: number) => readonly number[]): {
    mu: VariableResult;
    pi: VariableResult;
    z: VariableResult;
  } {
    const random = createRandom('labels', 'test');
    const mu = new Float64Array(chains * draws * 6);
    const pi = new Float64Array(chains * draws * 3);
    const z = new Uint8Array(chains * draws * 3);
    for (let chain = 0, row = 0; chain < chains; chain++) {
      for (let draw = 0; draw < draws; draw++, row++) {
        permutationOf(chain, draw).forEach((component, at) => {
          mu[row * 6 + 2 * at] = centres[component]![0] + 0.3 * random.normal();
          mu[row * 6 + 2 * at + 1] = centres[component]![1] + 0.3 * random.normal();
          pi[row * 3 + at] = weights[component]! + 0.01 * random.normal();
          z[row * 3 + component] = at; // datum c belongs to component c
        });
      }
    }
    return {
      mu: drawn('mu', [3, 2], chains, mu),
      pi: drawn('pi', [3], chains, pi),
      z: drawn('z', [3], chains, z, { discrete: true, range: 3, insidePlate: true }),
    };
  }

  const exchangeable = [
    {
      size: 3,
      variables: [
        { name: 'pi', axis: 0 },
        { name: 'mu', axis: 0 },
      ],
      orderBy: 'mu',
      labels: ['z'],
    },
  ];
  const permutations = [
    [0, 1, 2],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
  ] as const;

  function check(permutationOf: (chain: number, draw: number) => readonly number[], where: RegExp): void {
    const { mu, pi, z } = mixture(permutationOf);
    const p = posterior([pi, mu, z], { exchangeable });
    expect(p.converged).toBe(true);
    expect(p.warnings.map((warning) => warning.code)).toEqual(['label-switching']);
    expect(p.warnings[0]!.message).toMatch(where);
    // Components 0 and 1 share the first coordinate up to noise: they come in either order, the third last.
    const means = p.mean('mu') as number[][];
    const order = [0, 1, 2].map((place) => centres.findIndex(([x, y]) => Math.hypot(means[place]![0]! - x, means[place]![1]! - y) < 0.2));
    expect([...order].sort()).toEqual([0, 1, 2]);
    expect(order[2]).toBe(2);
    // Weights and allocations follow their components.
    expect((p.mean('pi') as number[]).map((mean, place) => Math.abs(mean - weights[order[place]!]!) < 0.01)).toEqual([true, true, true]);
    expect((p.mean('z') as number[]).map((place) => order[place])).toEqual([0, 1, 2]);
    for (const row of Object.values(p.summary().variables)) if (row.rhat !== null) expect(row.rhat).toBeLessThan(1.02);
    // The draws themselves stay as they are.
    expect(p.draws('mu')).toEqual(
      Object.assign(Float64Array.from((mu.result as { values: Float64Array }).values), { shape: [chains, draws, 3, 2] }),
    );
  }

  it('are recognised between chains', () => check((chain) => permutations[chain]!, /differs between chains/));
  it('are recognised within chains', () =>
    check((_chain, draw) => permutations[draw % 7 === 0 ? 1 : 0]!, /differs within chains|differs between and within chains/));
  it('are recognised in one chain that changes once', () =>
    check((chain, draw) => permutations[chain === 2 && draw > 150 ? 3 : 0]!, /differs within chains/));

  it('are not seen where chains agree', () => {
    const { mu, pi, z } = mixture(() => [2, 0, 1]);
    const p = posterior([pi, mu, z], { exchangeable });
    expect(p.warnings).toEqual([]);
    // As drawn: label 0 is the component at (6, 3).
    expect((p.mean('mu') as number[][])[0]![0]).toBeCloseTo(6, 0);
  });

  it('make no excuse for chains that disagree about the components', () => {
    const { mu, pi, z } = mixture((chain) => permutations[chain]!);
    const values = (mu.result as { values: Float64Array }).values;
    // Chain 3 finds every component two to the right.
    for (let i = 3 * draws * 6; i < values.length; i += 2) values[i] = values[i]! + 2;
    const p = posterior([pi, mu, z], { exchangeable });
    expect(p.converged).toBe(false);
    expect(p.warnings.map((warning) => warning.code)).toContain('not-converged');
  });

  it('are judged without the group: the same draws without it are rejected', () => {
    const { mu, pi, z } = mixture((chain) => permutations[chain]!);
    expect(posterior([pi, mu, z]).converged).toBe(false);
  });

  it('take the transition matrix of a chain of labels along, rows and columns', () => {
    const transition = [
      [0.9, 0.07, 0.03],
      [0.2, 0.7, 0.1],
      [0.02, 0.38, 0.6],
    ] as const;
    const { mu, pi, z } = mixture((chain) => permutations[chain]!);
    const random = createRandom('transitions', 'test');
    const a = Float64Array.from({ length: chains * draws * 9 }, (_, i) => {
      const labels = permutations[Math.floor(i / (9 * draws))]!;
      return transition[labels[Math.floor((i % 9) / 3)]!]![labels[i % 3]!]! + 0.005 * random.normal();
    });
    const p = posterior([pi, mu, drawn('A', [3, 3], chains, a), z], {
      exchangeable: [{ ...exchangeable[0]!, variables: [...exchangeable[0]!.variables, { name: 'A', axis: 0 }, { name: 'A', axis: 1 }] }],
    });
    expect(p.converged).toBe(true);
    expect(p.warnings[0]!.message).toContain('components of pi, mu, A, z differs');
    const order = (p.mean('mu') as number[][]).map(([x, y]) =>
      centres.findIndex((centre) => Math.hypot(x! - centre[0], y! - centre[1]) < 0.2),
    );
    const means = p.mean('A') as number[][];
    for (const [i, from] of order.entries())
      for (const [j, to] of order.entries()) expect(Math.abs(means[i]![j]! - transition[from]![to]!)).toBeLessThan(0.01);
  });

  it('are sorted where there are too many to match', () => {
    const labels = 15;
    const values = normals(2, 500, labels, (chain, _draw, element, normal) => ((element + 4 * chain) % labels) * 10 + normal);
    const p = posterior([drawn('c', [labels], 2, values)], {
      exchangeable: [{ size: labels, variables: [{ name: 'c', axis: 0 }], orderBy: null }],
    });
    expect(p.converged).toBe(true);
    (p.mean('c') as number[]).forEach((mean, place) => expect(mean).toBeCloseTo(10 * place, -0.5));
  });
});

describe('the files', () => {
  const p = posterior(
    [
      drawn('mu', [], 2, Float64Array.of(0.1, -2e-7, 3, 1e21)),
      drawn('m', [1, 2], 2, Float64Array.of(1, 2, 3, 4, 5, 6, Number.NaN, Infinity)),
    ],
    {
      elbo: -3.25,
      traces: { elbo: [-9, -3.25], acceptance: { mu: [0.25, 0.5] } },
      plan: [{ block: 'mu', kernel: 'rw', reason: 'not conjugate' }],
    },
  );

  it('write draws so that they read back exactly', () => {
    expect(p.files()['draws.csv']).toBe('chain,draw,mu,"m[0,0]","m[0,1]"\n0,0,0.1,1,2\n0,1,-2e-7,3,4\n1,0,3,5,6\n1,1,1e+21,NaN,Infinity\n');
  });

  it('hold every field of summary.json, null where it does not apply', () => {
    const summary = JSON.parse(p.files()['summary.json']!);
    expect(Object.keys(summary)).toEqual([
      'backend',
      'seed',
      'converged',
      'warnings',
      'variables',
      'logEvidence',
      'logEvidenceSe',
      'elbo',
      'logLikelihood',
      'logJoint',
      'aic',
      'bic',
      'waic',
      'loo',
      'seconds',
    ]);
    expect(Object.keys(summary.variables['m[0,0]'])).toEqual([
      'mean',
      'sd',
      'mcse',
      'q5',
      'q50',
      'q95',
      'essBulk',
      'essTail',
      'rhat',
      'probs',
    ]);
    expect(summary).toMatchObject({
      backend: 'gibbs',
      seed: '7',
      elbo: -3.25,
      logEvidence: null,
      seconds: { compile: 0.5, warmup: 1, sampling: 2 },
    });
    expect(summary).toEqual(JSON.parse(JSON.stringify(p.summary())));
  });

  it('are valid without any variable', () => {
    expect(JSON.parse(posterior([]).files()['summary.json']!).variables).toEqual({});
  });

  it('record the run', () => {
    expect(JSON.parse(p.files()['run.json']!)).toMatchObject({
      program: context.program,
      options: context.options,
      versions: context.versions,
      seed: '7',
      plan: [{ block: 'mu', kernel: 'rw' }],
      traces: {
        elbo: [-9, -3.25],
        logLikelihood: null,
        logJoint: null,
        acceptance: { mu: [0.25, 0.5] },
        stepSizes: null,
        divergences: null,
      },
    });
  });

  it('are written into a directory that is made, and leave nothing else behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'credence-'));
    try {
      const target = join(folder, 'a', 'b');
      await p.save(target);
      // What another run left there would tell of that run beside this one's results; what is not ours stays.
      for (const name of ['pointwise.csv', 'data.json', 'report.html', 'notes.txt']) writeFileSync(join(target, name), 'of another run');
      await p.save(target);
      expect(readdirSync(target).sort()).toEqual(['draws.csv', 'notes.txt', 'run.json', 'summary.json']);
      for (const [name, text] of Object.entries(p.files())) expect(readFileSync(join(target, name), 'utf8')).toBe(text);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each(['draws.csv', 'data.json', 'report.html', 'run.json'])('never take the place of a file %s that is of no run', async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'credence-'));
    try {
      const file = join(folder, name);
      writeFileSync(file, '{ "mine": 1 }');
      await expect(p.save(folder)).rejects.toMatchObject({
        name: 'ModelError',
        diagnostics: [expect.objectContaining({ code: 'cannot-write', message: expect.stringMatching(/would be lost$/) as string })],
      });
      expect(readdirSync(folder)).toEqual([name]);
      expect(readFileSync(file, 'utf8')).toBe('{ "mine": 1 }');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('say in words why they cannot be written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'credence-'));
    try {
      writeFileSync(join(folder, 'file'), '');
      await expect(p.save(join(folder, 'file'))).rejects.toMatchObject({
        name: 'ModelError',
        message: `cannot write to ${join(folder, 'file')}: a file stands where a directory is needed`,
      });
      await expect(p.save('/proc/none/run')).rejects.toMatchObject({
        name: 'ModelError',
        message: 'cannot write to /proc/none/run: the directory cannot be made there',
      });
      await Promise.all([p.save(join(folder, 'new', 'run')), p.save(join(folder, 'new', 'other'))]);
      expect(readdirSync(join(folder, 'new')).sort()).toEqual(['other', 'run']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('predictions', () => {
  it('are the draws of predict statements', async () => {
    const p = posterior([drawn('mu', [], 1, Float64Array.of(1, 2)), drawn('y2', [], 1, Float64Array.of(3, 4), { kind: 'predict' })]);
    expect([...(await p.predict()).keys()]).toEqual(['y2']);
    await expect(p.predict({ x: 1 })).rejects.toThrow(/cannot predict for other data/);
  });

  it('for other data come from the program', async () => {
    const p = new Posterior(result([]), context, (_posterior, values) =>
      posterior(Object.keys(values).map((name) => drawn(name, [], 1, Float64Array.of(1, 4), { kind: 'predict' }))),
    );
    expect(p.predictions({ x: 1 }).names).toEqual(['x']);
    const draws = (await p.predict({ x: 1 })).get('x')!;
    expect([[...draws], draws.shape]).toEqual([
      [1, 4],
      [1, 2],
    ]);
  });
});

describe('the table', () => {
  const p = posterior([
    drawn(
      'mu',
      [],
      4,
      normals(4, 500, 1, (_c, _d, _e, normal) => 100 + normal),
    ),
    drawn(
      'theta',
      [40],
      4,
      normals(4, 100, 40, (_c, _d, _e, normal) => normal),
    ),
  ]);

  it('has a line for each element, of large variables the first ten', () => {
    const lines = renderSummary(p, 100).split('\n');
    expect(lines[0]).toMatch(/^ +mean +sd +mcse +5% +50% +95% +ESS bulk +ESS tail +R-hat$/);
    expect(lines[1]).toMatch(
      /^mu +(99\.9|100\.0)\d+ +(0\.9|1\.0)\d+ +0\.0\d+ +98\.\d+ +(99|100)\.\d+ +101\.\d+ +\d+ +\d+ +(0\.99|1\.00)\d$/,
    );
    expect(lines).toHaveLength(14);
    expect(lines[12]).toBe('theta: 30 more');
  });

  it('fits the width', () => {
    for (const width of [100, 60, 30])
      expect(
        Math.max(
          ...renderSummary(p, width)
            .split('\n')
            .map((line) => line.length),
        ),
      ).toBeLessThanOrEqual(width);
  });

  it('writes whole numbers as such, however certain they are', async () => {
    const { compile } = await import('../../src/index.js');
    // P(z = 1) = 1e-6 is below 1 - 0.95: all three quantiles are 0.
    const rare = await compile('sample z ~ Bernoulli(0.000001)').infer({}, { backend: 'exact', draws: 20, workers: 0 });
    expect(renderSummary(rare, 80).split('\n')[1]).toMatch(/^z +\S+ +\S+ +0 +0 +0$/);
  });

  it('reads the rows of a large variable off its moments, one after the other', () => {
    const count = 10_001,
      of = (f: (k: number) => number): Float64Array => Float64Array.from({ length: count }, (_, k) => f(k));
    const large: VariableResult = {
      ...closed,
      shape: [count],
      elements: Int32Array.from({ length: count - 1 }, (_, k) => (k < 7 ? k : k + 1)),
      result: { ...closed.result, mean: of((k) => k / 2), sd: of(() => 0.5) } as VariableResult['result'],
    };
    const p = posterior([large]),
      lines = renderSummary(p, 80).split('\n');
    expect(lines.slice(7, 13)).toEqual([
      'theta[6]          3.0000  0.5000',
      'theta[8]          4.0000  0.5000',
      'theta[9]          4.5000  0.5000',
      'theta[10]         5.0000  0.5000',
      'theta: 9990 more',
      '',
    ]);
    const [summary] = p.summaries();
    expect(summary!.elements.length).toBe(count - 1);
    expect(summary!.elements.at(-1)).toMatchObject({ name: 'theta[10000]', flat: 10_000, mean: 5000, sd: 0.5, q50: null });
    const written = JSON.parse(p.files()['summary.json']!) as { readonly variables: Readonly<Record<string, unknown>> };
    expect(written).toEqual(JSON.parse(JSON.stringify(p.summary())));
    expect(Object.keys(written.variables).length).toBe(count - 1);
    expect((p.mean('theta') as readonly number[])[7]).toBeNaN();
  });

  it('leaves out columns that say nothing', () => {
    expect(renderSummary(posterior([closed]), 80)).toBe('            mean      sd\ntheta[0]  1.0000  0.5000\ntheta[1]       2\n');
  });
});
