/**
 * pi P = pi to 1e-12 for the exact transition matrix of whole sweeps over small finite models; pi is
 * written out in each test. A matrix that does not forget its start (the identity, say) fails too.
 */
import { describe, expect, test } from 'vitest';
import { type CompileOptions, compile } from './machine.js';
import { checkMatrix, finite, type FiniteVariable } from './transitions.js';

interface Study {
  readonly title: string;
  readonly source: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly variables: readonly FiniteVariable[];
  readonly logMass: (...state: readonly number[]) => number;
  /** Choices of kernels; each gives a matrix of its own. */
  readonly kernels: readonly CompileOptions[];
}

const normal = (y: number, mean: number, sd: number): number => -0.5 * ((y - mean) / sd) ** 2 - Math.log(sd);
const categorical = (p: readonly number[], k: number): number => Math.log(p[k] ?? 0);
const bernoulli = (p: number, x: number): number => Math.log(x === 1 ? p : 1 - p);
const uniformly = (...names: readonly string[]): CompileOptions => ({
  backend: 'mh',
  kernels: Object.fromEntries(names.map((n) => [n, 'independent'])),
});

const p3 = [0.5, 0.3, 0.2];
const A = [
  [0.6, 0.3, 0.1],
  [0.2, 0.5, 0.3],
  [0.25, 0.25, 0.5],
];
const mu3 = [-0.5, 0.1, 0.8];
const y3 = [0.2, -0.4, 0.9];

const studies: readonly Study[] = [
  {
    title: 'a chain of categories with overlapping emissions',
    source: `data p: simplex[K]  data A: simplex[K, K]  data mu: real[K]  data y: real[T]
      sample z[0] ~ Categorical(p)
      for t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) }
      for t in 0..<T { observe y[t] ~ Normal(mu[z[t]], 0.7) }`,
    data: { p: p3, A, mu: mu3, y: y3 },
    variables: finite('z', 3, 0, 2),
    logMass: (...z) =>
      categorical(p3, z[0]!) +
      categorical(A[z[0]!]!, z[1]!) +
      categorical(A[z[1]!]!, z[2]!) +
      z.reduce((s, k, t) => s + normal(y3[t]!, mu3[k]!, 0.7), 0),
    kernels: [
      {},
      { backend: 'mh' },
      { kernels: { z: 'rw(scale: 1, adapt: false)' } },
      { kernels: { z: 'propose(Categorical([0.2, 0.5, 0.3]))' } },
      { kernels: { z: 'independent(Categorical(p))' } },
    ],
  },
  {
    title: 'Bernoulli unknowns as number and condition, with a shared child',
    source: `data y: real  data c: int
      sample a ~ Bernoulli(0.3)
      sample b ~ Bernoulli(a ? 0.7 : 0.2)
      observe y ~ Normal(2 * a - b, 1)
      observe c ~ Bernoulli(a == 1 && b == 1 ? 0.9 : 0.35)`,
    data: { y: 0.4, c: 1 },
    variables: [...finite('a', 1, 0, 1), ...finite('b', 1, 0, 1)],
    logMass: (a, b) => bernoulli(0.3, a!) + bernoulli(a ? 0.7 : 0.2, b!) + normal(0.4, 2 * a! - b!, 1) + bernoulli(a && b ? 0.9 : 0.35, 1),
    kernels: [
      {},
      { backend: 'mh' },
      { kernels: { a: 'enumerate', b: 'independent' } },
      { kernels: { a: 'propose(Bernoulli(a ? 0.1 : 0.6))' } },
    ],
  },
  {
    title: 'a gather through another unknown',
    source: `data y: real[2]
      for k in 0..<3 { sample w[k] ~ Bernoulli(0.2 + 0.2 * k) }
      for n in 0..<2 {
        sample z[n] ~ Categorical([0.5, 0.3, 0.2])
        observe y[n] ~ Normal(w[z[n]] + 0.3 * z[n], 0.8)
      }`,
    data: { y: [0.9, 0.2] },
    variables: [...finite('w', 3, 0, 1), ...finite('z', 2, 0, 2)],
    logMass: (w0, w1, w2, z0, z1) => {
      const w = [w0!, w1!, w2!];
      return (
        w.reduce((s, x, k) => s + bernoulli(0.2 + 0.2 * k, x), 0) +
        [z0!, z1!].reduce((s, z, n) => s + categorical(p3, z) + normal([0.9, 0.2][n]!, w[z]! + 0.3 * z, 0.8), 0)
      );
    },
    kernels: [{}, { backend: 'mh' }],
  },
  {
    title: 'a support that depends on another unknown',
    source: `data y: real
      sample n ~ DiscreteUniform(1, 4)
      sample m ~ DiscreteUniform(0, n)
      observe y ~ Normal(n - m, 1.5)`,
    data: { y: 1.2 },
    variables: [...finite('n', 1, 1, 4), ...finite('m', 1, 0, 4)],
    logMass: (n, m) => (m! > n! ? -Infinity : -Math.log(n! + 1) + normal(1.2, n! - m!, 1.5)),
    kernels: [
      { kernels: { m: 'independent(DiscreteUniform(0, n))' } },
      { kernels: { m: 'rw(scale: 1.3, adapt: false)' } },
      { kernels: { n: 'independent', m: 'propose(DiscreteUniform(max(m - 1, 0), min(m + 1, 4)))' } },
      { kernels: { n: 'rw(scale: 0.8, adapt: false)', m: 'propose(Binomial(4, (m + 1) / 6))' } },
    ],
  },
  {
    title: 'two unknowns that bound each other through an observed count',
    source: `data y: int
      sample n ~ Binomial(4, 0.6)
      sample k ~ DiscreteUniform(0, 3)
      observe y ~ Binomial(n, 0.2 + 0.2 * k)`,
    data: { y: 1 },
    variables: [...finite('n', 1, 0, 4), ...finite('k', 1, 0, 3)],
    logMass: (n, k) => {
      if (n! < 1) return -Infinity;
      const choose = [1, 4, 6, 4, 1][n!]!;
      return (
        Math.log(choose) +
        n! * Math.log(0.6) +
        (4 - n!) * Math.log(0.4) +
        Math.log(n!) +
        Math.log(0.2 + 0.2 * k!) +
        (n! - 1) * Math.log(0.8 - 0.2 * k!)
      );
    },
    kernels: [{}, { backend: 'mh' }, { kernels: { n: 'rw(scale: 2, adapt: false)' } }],
  },
  {
    title: 'four overlapping categories moved by asymmetric proposals',
    source: `data y: real
      sample z ~ Categorical([0.1, 0.4, 0.3, 0.2])
      observe y ~ Normal(0.5 * z, 1)`,
    data: { y: 0.8 },
    variables: finite('z', 1, 0, 3),
    logMass: (z) => categorical([0.1, 0.4, 0.3, 0.2], z!) + normal(0.8, 0.5 * z!, 1),
    kernels: [
      { kernels: { z: 'propose(DiscreteUniform(max(z - 1, 0), min(z + 1, 3)))' } },
      { kernels: { z: 'propose(Binomial(3, (z + 1) / 5))' } },
      // Two down are proposed, and two up never are.
      { kernels: { z: 'propose(DiscreteUniform(max(z - 2, 0), min(z + 1, 3)))' } },
      { kernels: { z: 'propose(truncated(Poisson(1 + z), max(z - 2, 0), min(z + 1, 3)))' } },
      { kernels: { z: 'propose(Categorical([0.4, 0.3, 0.2, 0.1]))' } },
      uniformly('z'),
    ],
  },
  {
    title: 'an unknown that drives a recursion',
    source: `data y: real[T]
      sample s ~ Categorical([0.2, 0.5, 0.3])
      sample r ~ Bernoulli(0.4)
      let c = 0.3 * s
      let h[0] = r + 0.1
      for t in 1..<T { let h[t] = c + 0.5 * h[t-1] }
      for t in 0..<T { observe y[t] ~ Normal(h[t], 0.4 + 0.1 * s) }`,
    data: { y: [0.5, 0.7, 0.4] },
    variables: [...finite('s', 1, 0, 2), ...finite('r', 1, 0, 1)],
    logMass: (s, r) => {
      let h = r! + 0.1,
        sum = categorical([0.2, 0.5, 0.3], s!) + bernoulli(0.4, r!);
      for (const [t, y] of [0.5, 0.7, 0.4].entries()) {
        if (t > 0) h = 0.3 * s! + 0.5 * h;
        sum += normal(y, h, 0.4 + 0.1 * s!);
      }
      return sum;
    },
    kernels: [{}, { backend: 'mh' }, { kernels: { s: 'rw(scale: 1, adapt: false)', r: 'propose(Bernoulli(r ? 0.3 : 0.8))' } }],
  },
  {
    title: 'missing categories',
    source: `data d: int[N]  data P: simplex[2, 3]
      sample g ~ Bernoulli(0.45)
      for n in 0..<N { observe d[n] ~ Categorical(P[g]) }`,
    data: {
      d: [0, null, 2],
      P: [
        [0.5, 0.2, 0.3],
        [0.1, 0.3, 0.6],
      ],
    },
    variables: [...finite('g', 1, 0, 1), { name: 'd', element: 1, low: 0, high: 2 }],
    logMass: (g, d) => {
      const row = [
        [0.5, 0.2, 0.3],
        [0.1, 0.3, 0.6],
      ][g!]!;
      return bernoulli(0.45, g!) + Math.log(row[0]! * row[d!]! * row[2]!);
    },
    kernels: [{}, { backend: 'mh' }],
  },
  {
    title: 'a chain over two lags, fixed at one end',
    source: `data y: real[T]
      let z[0] = 1
      for t in 1..<2 { sample z[t] ~ Bernoulli(0.3 + 0.4 * z[t-1]) }
      for t in 2..<4 { sample z[t] ~ Bernoulli(0.2 + 0.3 * z[t-1] + 0.4 * z[t-2]) }
      for t in 0..<T { observe y[t] ~ Normal(z[t], 0.9) }`,
    data: { y: [0.3, 0.6, -0.2, 0.9] },
    variables: [1, 2, 3].map((element) => ({ name: 'z', element, low: 0, high: 1 })),
    logMass: (z1, z2, z3) =>
      bernoulli(0.7, z1!) +
      bernoulli(0.2 + 0.3 * z1! + 0.4, z2!) +
      bernoulli(0.2 + 0.3 * z2! + 0.4 * z1!, z3!) +
      normal(0.6, z1!, 0.9) +
      normal(-0.2, z2!, 0.9) +
      normal(0.9, z3!, 0.9),
    kernels: [{}, { backend: 'mh' }],
  },
  {
    title: 'a factor of counts and a comparison of unknowns',
    source: `sample a ~ DiscreteUniform(-1, 2)
      sample b ~ DiscreteUniform(0, 2)
      factor (a < b ? 0.7 : -0.2) + 0.3 * a * b - 0.4 * (a == 0)`,
    variables: [...finite('a', 1, -1, 2), ...finite('b', 1, 0, 2)],
    logMass: (a, b) => (a! < b! ? 0.7 : -0.2) + 0.3 * a! * b! - (a === 0 ? 0.4 : 0),
    kernels: [
      {},
      { backend: 'mh' },
      { kernels: { a: 'rw(scale: 1.5, adapt: false)', b: 'propose(DiscreteUniform(max(b - 1, 0), min(b + 1, 2)))' } },
    ],
  },
];

/** Each of these sweeps draws blocks, alone or with kernels of other unknowns. */
const blocks: readonly Study[] = [
  ...studies
    .filter((s) =>
      [
        'a chain of categories with overlapping emissions',
        'missing categories',
        'a chain over two lags, fixed at one end',
        'a factor of counts and a comparison',
        'two unknowns that bound each other through an observed count',
      ].includes(s.title),
    )
    .map((s): Study => ({ ...s, title: `${s.title}, as a block`, kernels: [{ blocks: { kind: 'derived' } }] })),
  {
    title: 'a chain drawn whole, with its switch of emissions drawn alone',
    source: `data A: simplex[K, K]  data y: real[T]
      sample s ~ Bernoulli(0.4)
      sample z[0] ~ Categorical([0.5, 0.3, 0.2])
      for t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) }
      for t in 0..<T { observe y[t] ~ Normal(z[t], s ? 0.6 : 1.2) }`,
    data: { A, y: y3 },
    variables: [...finite('s', 1, 0, 1), ...finite('z', 3, 0, 2)],
    logMass: (s, ...z) =>
      bernoulli(0.4, s!) +
      categorical(p3, z[0]!) +
      categorical(A[z[0]!]!, z[1]!) +
      categorical(A[z[1]!]!, z[2]!) +
      z.reduce((t, k, n) => t + normal(y3[n]!, k, s ? 0.6 : 1.2), 0),
    kernels: [{ blocks: { kind: 'groups', groups: [['z']] } }, { blocks: { kind: 'derived' }, kernels: { s: 'independent' } }],
  },
];

const D = [
  [0.7, 0.3, 0],
  [0, 0.6, 0.4],
  [0.5, 0, 0.5],
];
const zeros: readonly Study[] = [
  {
    title: 'two unknowns that must differ',
    source: `data y: real
      sample a ~ Bernoulli(0.3) sample b ~ Bernoulli(0.6)
      factor a + b == 1 ? 0 : -inf
      observe y ~ Normal(a, 1)`,
    data: { y: 0.7 },
    variables: [...finite('a', 1, 0, 1), ...finite('b', 1, 0, 1)],
    logMass: (a, b) => (a! + b! === 1 ? bernoulli(0.3, a!) + bernoulli(0.6, b!) + normal(0.7, a!, 1) : -Infinity),
    kernels: [{}, { backend: 'mh' }],
  },
  {
    title: 'pairs along a plate with a known sum',
    source: `data total: int[N] data y: real[N]
      sample r ~ Bernoulli(0.5)
      for n in 0..<N {
        sample a[n] ~ DiscreteUniform(0, 2) sample b[n] ~ Binomial(2, 0.4)
        observe total[n] ~ Delta(a[n] + b[n])
        observe y[n] ~ Normal(a[n] + r, 0.8)
      }`,
    data: { total: [2, 3], y: [0.6, 1.9] },
    variables: [...finite('r', 1, 0, 1), ...finite('a', 2, 0, 2), ...finite('b', 2, 0, 2)],
    logMass: (r, a0, a1, b0, b1) =>
      a0! + b0! !== 2 || a1! + b1! !== 3
        ? -Infinity
        : [
            [a0!, b0!, 0.6],
            [a1!, b1!, 1.9],
          ].reduce((s, [a, b, y]) => s + Math.log([1, 2, 1][b!]! * 0.4 ** b! * 0.6 ** (2 - b!)) + normal(y!, a! + r!, 0.8), 0),
    kernels: [{}, { backend: 'mh' }],
  },
  {
    title: 'a chain with forbidden steps',
    source: `data D: simplex[3, 3] data y: real[T]
      sample z[0] ~ Categorical([0.5, 0.3, 0.2])
      for t in 1..<T { sample z[t] ~ Categorical(D[z[t-1]]) }
      for t in 0..<T { observe y[t] ~ Normal(z[t], 1) }`,
    data: { D, y: [0.5, 1.1, 0.2, 1.8] },
    variables: finite('z', 4, 0, 2),
    logMass: (...z) =>
      categorical(p3, z[0]!) +
      [1, 2, 3].reduce((s, t) => s + categorical(D[z[t - 1]!]!, z[t]!), 0) +
      z.reduce((s, k, t) => s + normal([0.5, 1.1, 0.2, 1.8][t]!, k, 1), 0),
    kernels: [{}],
  },
  {
    title: 'a switch that silences a plate',
    source: `data y: int
      sample s ~ Bernoulli(0.4)
      for n in 0..<3 { sample b[n] ~ Bernoulli(s * 0.7) }
      observe y ~ Bernoulli(0.2 + 0.2 * (b[0] + b[1] + b[2]))`,
    data: { y: 1 },
    variables: [...finite('s', 1, 0, 1), ...finite('b', 3, 0, 1)],
    logMass: (s, ...b) =>
      bernoulli(0.4, s!) + b.reduce((t, x) => t + bernoulli(0.7 * s!, x), 0) + bernoulli(0.2 + 0.2 * b.reduce((t, x) => t + x, 0), 1),
    kernels: [{}],
  },
];

describe('unknowns that meet in a structural zero', () => {
  test('are found beside unknowns that are not finite, wherever these stand', () => {
    const plan = (source: string, options: Parameters<typeof compile>[2]): readonly string[] =>
      compile(source, {}, options).plan.map((p) => p.block);
    const start = 'sample p ~ Beta(2, 2) sample a ~ Bernoulli(0.3)',
      apart = `${start} sample b ~ Categorical(a == 0 ? [p, 1 - p, 0, 0] : [0, 0, p, 1 - p])`;
    for (const options of [{ backend: 'mh' }, { blocks: { kind: 'none' } }] as const) {
      expect(plan(apart, options)).toEqual(['p', 'a, b']);
      expect(plan(`${start} sample b ~ Categorical(a == 0 ? [p, 1 - p, 0] : [p / 2, 0.5, 0])`, options)).toEqual(['p', 'a', 'b']);
      // Each value of p forbids some combination, and none is forbidden by all.
      expect(plan(`${start} sample b ~ Bernoulli(0.5) factor a == b || p > 0.5 ? 0 : -inf`, options)).toEqual(['p', 'a', 'b']);
    }
  });
  test('are drawn alone where the user says so, and a warning names them where they are too many', () => {
    const source = 'sample a ~ Bernoulli(0.3) sample b ~ Bernoulli(0.6) factor a + b == 1 ? 0 : -inf';
    expect(compile(source, {}).plan.map((p) => p.block)).toEqual(['a, b']);
    expect(compile(source, {}, { kernels: { a: 'enumerate' } }).plan.map((p) => p.block)).toEqual(['a', 'b']);
    const chain =
      'data D: simplex[3, 3] sample z[0] ~ Categorical([0.5, 0.3, 0.2]) for t in 1..<40 { sample z[t] ~ Categorical(D[z[t-1]]) }';
    expect(compile(chain, { D }).plan).toMatchObject([
      { block: 'z[0], z[t]', reason: expect.stringMatching(/structural zero: a chain of 40 elements/) as string },
    ]);
    // A recursion that follows them leaves only the enumeration of all states.
    const followed = `sample z[0] ~ Bernoulli(0.4) let h[0] = z[0]
      for t in 1..<20 { sample z[t] ~ Bernoulli(z[t-1] == 1 ? 0 : 0.6) let h[t] = 0.5 * h[t-1] + z[t] }
      data y: real observe y ~ Normal(h[19], 1)`;
    const sampler = compile(followed, { y: 1 });
    expect(sampler.warnings.map((w) => w.code)).toEqual(['structural-zero']);
    expect(sampler.warnings[0]!.message).toMatch(/z\[0\] and z\[t\]/);
    expect(compile(chain, { D: A }).warnings).toEqual([]);
  });
});

for (const study of [...studies, ...blocks, ...zeros]) {
  describe(study.title, () => {
    study.kernels.forEach((options) => {
      const named = `${options.backend ?? 'gibbs'} ${options.blocks === undefined ? '' : `blocks ${options.blocks.kind} `}${Object.entries(
        options.kernels ?? {},
      )
        .map(([n, k]) => `${n}=${k}`)
        .join(', ')}`;
      test(`one sweep of ${named} leaves the posterior as it is and forgets its start`, () => {
        const check = checkMatrix(compile(study.source, study.data ?? {}, options), study.variables, study.logMass);
        expect(check.joint).toBeLessThan(1e-9);
        expect(check.leak).toBe(0);
        expect(check.stationarity).toBeLessThan(1e-12);
        expect(check.mixing).toBeLessThan(1e-6);
      });
    });
  });
}

describe('a single Metropolis kernel', () => {
  test.each([
    'independent',
    'propose(Binomial(3, (z + 1) / 5))',
    'rw(scale: 1, adapt: false)',
    'propose(DiscreteUniform(max(z - 1, 0), min(z + 1, 3)))',
    'propose(DiscreteUniform(max(z - 2, 0), min(z + 1, 3)))',
  ])('%s satisfies detailed balance', (kernel) => {
    const source = `data y: real
      sample z ~ Categorical([0.1, 0.4, 0.3, 0.2])
      observe y ~ Normal(0.5 * z, 1)`;
    const check = checkMatrix(
      compile(source, { y: 0.8 }, { kernels: { z: kernel } }),
      finite('z', 1, 0, 3),
      (z) => categorical([0.1, 0.4, 0.3, 0.2], z!) + normal(0.8, 0.5 * z!, 1),
    );
    expect(check.reversibility).toBeLessThan(1e-12);
  });
});
