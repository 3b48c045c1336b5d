/**
 * Checks of backends on programs: right ones pass, planted errors are caught and named, what does not apply says why.
 * Planted errors are those of `mutations.ts`; what a mutant's conditional must be is worked out here.
 */
import { describe, expect, it } from 'vitest';
import { compile, model } from '../../src/index.js';
import { check, type CheckOptions, type CheckReport, type Effort, renderCheck, type TestReport } from '../../src/testing-api.js';
import { backends } from '../../src/4-infer/registry.js';
import { checkSubject, defaultEffort, findMethods } from '../../src/6-check/check.js';
import { mutations } from '../../src/6-check/mutations.js';
import { type Planted, subjectOf } from '../../src/6-check/subject.js';
import { evaluate } from '../../src/expr/evaluate.js';

const small: Partial<Effort> = { draws: 500, warmup: 200, simulations: 40, ranks: 19, steps: 640, repetitions: 80 };
const normal = compile(
  'data y: real[N]\nsample mu ~ Normal(0, 2)\nsample s2 ~ InverseGamma(3, 2)\nfor n in 0..<N { observe y[n] ~ Normal(mu, variance: s2) }\n',
);
const y = [1, 2, 0.5, 3];

async function reportOf(program: string, data: Readonly<Record<string, unknown>>, options: CheckOptions): Promise<TestReport> {
  const { methods } = await check(compile(program), data, { effort: small, ...options });
  expect(methods).toHaveLength(1);
  return methods[0]!;
}

describe('a right backend passes', () => {
  it.each(['gibbs', 'mh', 'cavi'])('%s on a normal mean and variance', async (backend) => {
    const report = await check(normal, { y }, { backend, effort: small });
    expect(report.methods.filter((m) => m.verdict === 'failed')).toEqual([]);
    expect(report).toMatchObject({ verdict: 'passed', backend, falseAlarm: 1e-3 });
    // The rate is shared by the methods that draw.
    const shares = report.methods.map((m) => m.falseAlarm).filter((r) => r > 0);
    expect(shares.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1e-3 * (1 + 1e-12));
  });
  it('whatever its variables are called', async () => {
    const report = await reportOf(
      `data constructor: int
       sample __proto__ ~ Dirichlet(fill(0.5, constructor))
       for k in 0..<constructor { sample toString[k] ~ Normal(0, 2) }
       for n in 0..<N { sample valueOf[n] ~ Categorical(__proto__) observe hasOwnProperty[n] ~ Normal(toString[valueOf[n]], 1) }
       data hasOwnProperty: real[N]`,
      { constructor: 2, hasOwnProperty: [1, -2, null] },
      { backend: 'gibbs', methods: ['ratio'] },
    );
    expect(report.tests.filter((t) => t.failed)).toEqual([]);
    expect(report.verdict).toBe('passed');
  });
  it('with the same seed gives the same report', async () => {
    const run = async (seed: string): Promise<readonly (number | null)[]> =>
      (await check(normal, { y }, { backend: 'gibbs', methods: ['geweke', 'rank', 'sbc'], effort: small, seed })).methods.map((m) => m.p);
    expect(await run('a')).toEqual(await run('a'));
    expect(await run('a')).not.toEqual(await run('b'));
  });
  it('on a program with gaps, a chain and a mixture', async () => {
    const programs: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
      [
        'data y: real[N]\nsample phi ~ Uniform(-0.9, 0.9)\nobserve y[0] ~ Normal(0, 1)\nfor n in 1..<N { observe y[n] ~ Normal(phi * y[n-1], 1) }\n',
        { y: [1, null, 0.5, null] },
      ],
      [
        'data x: real[N]\nsample p ~ Beta(2, 2)\nfor n in 0..<N { sample z[n] ~ Bernoulli(p)  observe x[n] ~ Normal(3 * z[n], 1) }\n',
        { x: [0, 3, 2.5] },
      ],
      [
        'data x: real[T]\nsample z[0] ~ Normal(0, 1)\nfor t in 1..<T { sample z[t] ~ Normal(sin(z[t-1]), 0.5) }\nfor t in 0..<T { observe x[t] ~ Normal(z[t], 1) }\n',
        { x: [0, 1, 0.5] },
      ],
    ];
    for (const [program, data] of programs) {
      const { methods } = await check(compile(program), data, { backend: 'gibbs', methods: ['ratio', 'rank', 'geweke'], effort: small });
      expect(methods.map((m) => [m.method, m.verdict, m.tests.filter((t) => t.failed)])).toEqual(
        ['ratio', 'rank', 'geweke'].map((m) => [m, 'passed', []]),
      );
    }
  });
  it('without data where sizes are known', async () => {
    expect((await check(normal, { N: 5 }, { backend: 'gibbs', methods: ['ratio', 'exact', 'agreement'], effort: small })).verdict).toBe(
      'passed',
    );
    await expect(check(normal, {}, { backend: 'gibbs' })).rejects.toThrow(/No value is given for y/);
  });
  it('against the closed form', async () => {
    const report = await reportOf(
      'data y: real[N]\nsample mu ~ Normal(0, 2)\nfor n in 0..<N { observe y[n] ~ Normal(mu, 1) }\n',
      { y },
      { backend: 'gibbs', methods: ['exact'] },
    );
    expect(report.verdict).toBe('passed');
    // Posterior precision 1/4 + 4, mean 6.5 / 4.25.
    expect(report.tests.find((t) => t.quantity === 'mean of mu')!.detail).toContain((6.5 / 4.25).toPrecision(5));
    expect(report.tests.find((t) => t.quantity === 'variance of mu')!.detail).toContain((1 / 4.25).toPrecision(5));
    // One factor holds the whole posterior: the bound is the evidence, and nothing else of an approximation is judged.
    const bound = await reportOf(
      'data y: real[N]\nsample mu ~ Normal(0, 2)\nfor n in 0..<N { observe y[n] ~ Normal(mu, 1) }\n',
      { y },
      { backend: 'cavi', methods: ['exact'] },
    );
    expect(bound.verdict).toBe('passed');
    expect(bound.tests.filter((t) => t.p !== null).map((t) => [t.quantity, Math.abs(t.value) < 1e-6])).toEqual([['elbo', true]]);
  });
});

describe('estimates', () => {
  const source =
      'data x: real[N]\nsample p ~ Beta(2, 2)\nsample m ~ Normal(1, 0.5)\nfor n in 0..<N { sample z[n] ~ Bernoulli(p)  observe x[n] ~ Normal(m + 3 * z[n], 1) }\n',
    data = { x: [0.5, 3, 2.5, 4, 0] };
  it('are those of the density with finite unknowns summed out', async () => {
    const byMap = await reportOf(source, data, { backend: 'map', methods: ['laws'] });
    expect(byMap.tests.filter((t) => !t.quantity.startsWith('gradient')).map((t) => [t.quantity, t.failed])).toEqual([
      ['logJoint', false],
      ['log likelihood', false],
      ['slope by p', false],
      ['slope by m', false],
    ]);
    // Where estimates have priors, the likelihood is not what never falls.
    const byEm = await reportOf(source, data, { backend: 'em', methods: ['laws'], options: { maximize: 'p,m' } });
    expect(byEm.tests.filter((t) => !t.quantity.startsWith('gradient')).map((t) => [t.quantity, t.failed])).toEqual([
      ['elbo', false],
      ['logJoint', false],
      ['log likelihood', false],
    ]);
  });
  it.each(['map', 'em'])('of another program fail: %s', async (backend) => {
    const subject = subjectOf(
      compile(source).plated(),
      new Map(Object.entries(data)),
      backends.get(backend)!,
      backend === 'em' ? { maximize: 'p,m' } : {},
      '1',
    );
    const forgotten = mutations(subject.bound, { walks: false, hasKernel: false }).find((m) => m.name === 'sample m forgotten')!;
    const [report] = (
      await checkSubject(
        { ...subject, planted: forgotten.planted },
        findMethods(['laws']).methods,
        1e-3,
        { ...defaultEffort, ...small },
        () => {},
      )
    ).methods;
    expect(report!.tests.filter((t) => t.failed).map((t) => t.quantity)).toEqual(
      backend === 'map' ? ['log likelihood', 'slope by m'] : ['log likelihood'],
    );
  });
});

describe('a planted error is caught', () => {
  /** The report of one method on a backend that runs with an error. */
  async function planted(name: string, method: string, error: Planted, effort: Partial<Effort> = {}): Promise<TestReport> {
    const subject = subjectOf(normal.plated(), new Map([['y', y]]), backends.get(name)!, {}, '1');
    return (
      await checkSubject(
        { ...subject, planted: error },
        findMethods([method]).methods,
        1e-3,
        { ...defaultEffort, ...small, ...effort },
        () => {},
      )
    ).methods[0]!;
  }
  const subject = subjectOf(normal.plated(), new Map([['y', y]]), backends.get('mh')!, {}, '1');
  const all = new Map(mutations(subject.bound, { walks: true, hasKernel: true }).map((m) => [m.name, m.planted]));

  it('errors are made from the program and its derivation', () => {
    expect([...all.keys()]).toEqual([
      'sample mu forgotten',
      'sample mu 10 % too wide',
      'sample s2 forgotten',
      'sample s2 10 % too wide',
      'observe y[n] forgotten',
      'observe y[n] 10 % too wide',
      'conditional of mu 10 % too wide',
      'conditional of s2 10 % too wide',
      'walk of s2 without its Jacobian',
    ]);
    const shifted = subjectOf(
      compile(
        'data g: int[N]\ndata y: real[N]\nsample b ~ iid(Normal(0, 1), 3)\nfor n in 0..<N { observe y[n] ~ Normal(b[g[n]], 1) }\n',
      ).plated(),
      new Map<string, unknown>([
        ['y', y],
        ['g', [0, 1, 2, 1]],
      ]),
      backends.get('gibbs')!,
      {},
      '1',
    );
    // log |d exp(2 t) / dt| = log 2 + log s: forgetting it multiplies the density of s by 2 s. Of y = k exp(t) it is log y, which no
    // unknown moves.
    const mapped = subjectOf(
      compile(
        'data y: real[N]\nsample s ~ pushforward(t => exp(2 * t), Normal(0, 1))\nsample k ~ Gamma(2, 1)\nfor n in 0..<N { observe y[n] ~ pushforward(t => k * exp(t), Normal(0, s)) }\n',
      ).plated(),
      new Map([['y', [1, 2]]]),
      backends.get('gibbs')!,
      {},
      '1',
    );
    const jacobians = mutations(mapped.bound, { walks: false, hasKernel: false }).filter((m) => m.kind === 'missing Jacobian'),
      added = jacobians[0]!.planted.graph!.statements.at(-1)!;
    expect(jacobians.map((m) => m.name)).toEqual(['sample s without the Jacobian of its map']);
    expect(
      added.kind === 'factor'
        ? evaluate(added.value, { indices: new Map(), sizes: new Map(), variable: () => 3, hostFunctions: [] })
        : null,
    ).toBeCloseTo(Math.log(2 * 3), 12);
    expect(
      mutations(shifted.bound, { walks: false, hasKernel: false })
        .filter((m) => m.kind === 'shifted index')
        .map((m) => m.name),
    ).toEqual(['b[g[n]] read one place early in observe y[n]', 'g[n] read one place early in observe y[n]']);
  });
  it.each([...all.keys()])('by the ratios, without chance: %s', async (name) => {
    const report = await planted('mh', 'ratio', all.get(name)!);
    expect(report.verdict).toBe('failed');
    expect(report.falseAlarm).toBe(0);
  });
  it('by rank: the conditional of s2 with its step named', async () => {
    const report = await planted('gibbs', 'rank', all.get('sample s2 forgotten')!, { repetitions: 250 });
    expect(report.verdict).toBe('failed');
    expect(report.tests.filter((t) => t.failed).map((t) => t.quantity)).toContain('s2 (step s2)');
    expect(report.tests.filter((t) => t.failed).map((t) => t.quantity)).not.toContain('mu (step mu)');
  });
  it('by rank: a walk without its Jacobian', async () => {
    expect((await planted('mh', 'rank', all.get('walk of s2 without its Jacobian')!, { repetitions: 800 })).verdict).toBe('failed');
  });
  it.each(['geweke', 'agreement', 'sbc'])('by %s: forgotten data', async (method) => {
    expect((await planted('gibbs', method, all.get('observe y[n] forgotten')!)).verdict).toBe('failed');
  });
  it('by the laws of cavi: a factor that is not the best', async () => {
    const report = await planted('cavi', 'laws', all.get('sample mu forgotten')!, { draws: 4000 });
    expect(report.tests.filter((t) => t.failed).map((t) => t.quantity)).toContain('location of the factor of mu');
  });
  it('and power counts who catches what', async () => {
    const simple = compile('data y: real[N]\nsample mu ~ Normal(0, 2)\nfor n in 0..<N { observe y[n] ~ Normal(mu, 1) }\n');
    const report = await reportOf(
      simple.source,
      { y },
      { backend: 'gibbs', methods: ['power'], effort: { ...small, repetitions: 60, simulations: 30 } },
    );
    expect(report.scores?.planted).toBe(5);
    expect(report.scores?.caught['ratio']).toBe(5);
    expect(report.scores?.caught['exact']).toBeGreaterThanOrEqual(1);
    expect(report.scores?.caught['geweke']).toBeGreaterThanOrEqual(1);
    expect(report.verdict).toBe('passed');
  });
});

describe('what does not apply says why', () => {
  it.each([
    ['sample x ~ Normal(0, 1)\nfactor -x^4\n', {}, 'gibbs', 'geweke', /factor statement cannot be simulated/],
    ['param m: real\ndata y: real[N]\nobserve y ~ Normal(m, 1)\n', { y }, 'gibbs', 'sbc', /'m' is a param: it has no prior/],
    [
      'data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)\nobserve y ~ Normal(m, 2)\n',
      { y },
      'gibbs',
      'rank',
      /observed more than once/,
    ],
    [
      'data y: positive[N]\nsample m ~ Normal(0, 1)\nlet l = log(y)\nobserve l ~ Normal(m, 1)\n',
      { y },
      'gibbs',
      'geweke',
      /only through an expression|cannot all be simulated/,
    ],
    ['data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)\n', { y }, 'cavi', 'geweke', /cavi has no kernel/],
    ['data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(sin(m), 1)\n', { y }, 'gibbs', 'exact', /there is no closed form/],
    ['data y: real[N]\nparam m: real\nobserve y ~ Normal(m, 1)\n', { y }, 'map', 'agreement', /estimates, not draws/],
  ] as const)('%s', async (program, data, backend, method, reason) => {
    const report = await reportOf(program, data, { backend, methods: [method] });
    expect(report).toMatchObject({ verdict: 'inapplicable' });
    expect(report.reason).toMatch(reason);
  });
  it('estimates are not ranked, though what stands beside them is drawn', async () => {
    const mixture =
      'data y: real[N]\nsample w ~ Beta(2, 2)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(w)\n  observe y[n] ~ Normal(3 * z[n], 1)\n}\n';
    const report = await reportOf(mixture, { y }, { backend: 'em', options: { maximize: 'w' }, methods: ['sbc'] });
    expect(report).toMatchObject({ verdict: 'inapplicable', reason: 'em gives estimates, not draws from a posterior' });
  });
  it('and what is wrong is refused, all of it together', async () => {
    await expect(check(normal, { y }, { backend: 'gibs', methods: ['rato'], falseAlarm: 2, effort: { steps: 0 } })).rejects.toThrow(
      /gibs[\s\S]*rato[\s\S]*false-alarm rate is 2[\s\S]*steps is 0/,
    );
    await expect(check(normal, { y }, { backend: 'auto' })).rejects.toThrow(/auto chooses/);
    await expect(check(normal, { y }, { backend: 'exact' })).rejects.toThrow(/exact does not apply/);
    await expect(check(normal, { y }, { backend: 'gibbs', options: { 'kernel.mu': 'nothing' } })).rejects.toThrow(/not a kernel/);
  });
});

it('templates are checked too, and reports read as text', async () => {
  const m = model`data y: real[N]
    sample mu ~ Normal(${1}, 2)
    for n in 0..<N { observe y[n] ~ Normal(mu, 1) }`;
  const report: CheckReport = await check(m, { y }, { backend: 'gibbs', effort: small });
  const text = renderCheck(report, 90);
  expect(text).toMatch(/^ratio +passed/);
  expect(text).toMatch(/z of +cavi +exact/);
  expect(text).toMatch(/\(-?\d.*\n(.*\n)* *In brackets: shown, not judged/);
  expect(text).toMatch(/mu +[▁▂▃▄▅▆▇█]{20} {2}p /u);
  expect(text).toMatch(/gibbs passes every check that applies\. A right backend fails with probability 0\.001 at\s+most\.\n$/);
  expect(Math.max(...text.split('\n').map((l) => l.length))).toBeLessThanOrEqual(90);
});

it('ranks that tell nothing are shown last, and why', async () => {
  const m = compile('data y: real\nsample b ~ Bernoulli(0.5)\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(100 * b + m, 1)\n');
  const report = await check(m, { y: 0 }, { backend: 'exact', methods: ['sbc'] });
  const text = renderCheck(report, 200);
  const pictures = text.split('\n').filter((line) => /[▁▂▃▄▅▆▇█]{20}/u.test(line));
  expect(pictures.at(-1)).toMatch(/^ *b +[▁▂▃▄▅▆▇█]{20} +not judged$/u);
  for (const other of pictures.slice(0, -1)) expect(other).toMatch(/ p [0-9.]+$/);
  expect(text).toMatch(/Not judged: the exact value equals all that it is ranked among/);
  expect(text).not.toContain('NaN');
});

it('chains on both sides of nothing are judged by neither mean nor variance', async () => {
  // Modes at 3 and -3: with this seed two chains of gibbs stay at each, so that the squares about their common mean, 0, agree among chains;
  // all of mh stay at -3.
  const report = await check(
    compile('data y: real\nsample a ~ Normal(0, 10)\nobserve y ~ Normal(a^2, 0.5)\n'),
    { y: 9 },
    { backend: 'gibbs', methods: ['agreement'], seed: '7', effort: { draws: 300, warmup: 100 } },
  );
  const variance = report.methods[0]!.tests.find(({ quantity }) => quantity === 'variance of a, mh')!;
  expect(Math.abs(variance.value)).toBeGreaterThan(100);
  expect([variance.p, variance.failed]).toEqual([null, false]);
  expect(variance.detail).toMatch(/not judged: R-hat 1\.[5-9]/);
  // Nor is what both modes have in common: a run that is not where it should be tells nothing.
  const other = await check(
    compile('data y: real\nsample a ~ Normal(0, 10)\nobserve y ~ Normal(a^2, 0.5)\n'),
    { y: 9 },
    { backend: 'gibbs', methods: ['agreement'], seed: '3', effort: { draws: 300, warmup: 100 } },
  );
  expect(other.methods[0]!.tests.find(({ quantity }) => quantity === 'mean of log joint, mh')!.detail).toMatch(
    /not judged: gibbs: its chains disagree on a, R-hat 1\.[5-9]/,
  );
});
