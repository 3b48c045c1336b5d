/**
 * Data far from zero: moving the data and the priors by c must move locations by c and nothing else, to
 * 1e-6 of a standard deviation, whatever c. Sums of squares that cancel lose (c / sd)^2 of 16 digits, so
 * a reading of the form that expands residuals fails from c = 1e6 on, and turns to noise at 1e8.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

const numbers = (count: number, seed: number): number[] => {
  let state = seed;
  const uniform = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return (state + 0.5) / 2147483648;
  };
  // Multiples of 1/1024: moved by 1e8 they are still what they were.
  return Array.from(
    { length: count },
    () => Math.round(1024 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())) / 1024,
  );
};
const count = 60;
const noise = numbers(count, 1),
  slopes = numbers(count, 2),
  second = numbers(count, 3);

interface Case {
  readonly name: string;
  readonly text: string;
  readonly data: (c: number) => Record<string, unknown>;
  /** Elements that move with the data, by the beginnings of their names. */
  readonly moving: readonly string[];
  readonly start: (c: number) => Record<string, unknown>;
  readonly backends?: readonly string[];
  readonly options?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
const cases: readonly Case[] = [
  {
    name: 'mean and variance',
    text: 'data y: real[N] data c: real sample m ~ Normal(c, 10) sample v ~ InverseGamma(2, 2) for n in 0..<N { observe y[n] ~ Normal(m, variance: v) }',
    data: (c) => ({ y: noise.map((e) => c + e), c }),
    moving: ['m'],
    start: (c) => ({ m: c + 0.5, v: 1 }),
  },
  {
    name: 'a mean by slice steps',
    text: 'data y: real[N] data c: real sample m ~ Normal(c, 10) sample v ~ InverseGamma(2, 2) for n in 0..<N { observe y[n] ~ Normal(m, variance: v) }',
    data: (c) => ({ y: noise.map((e) => c + e), c }),
    moving: ['m'],
    start: (c) => ({ m: c + 0.5, v: 1 }),
    backends: ['gibbs'],
    options: { gibbs: { 'kernel.m': 'slice' } },
  },
  {
    name: 'missing observations',
    text: 'data y: real[N] data c: real sample m ~ Normal(c, 10) sample v ~ InverseGamma(2, 2) for n in 0..<N { observe y[n] ~ Normal(m, variance: v) }',
    data: (c) => ({ y: noise.map((e, n) => (n % 7 === 3 ? null : c + e)), c }),
    moving: ['m', 'y['],
    start: (c) => ({ m: c + 0.5, v: 1 }),
    backends: ['gibbs', 'cavi'],
  },
  {
    name: 'a Laplace prior',
    text: 'data y: real[N] data c: real sample m ~ Laplace(c, 0.5) sample v ~ InverseGamma(2, 2) for n in 0..<N { observe y[n] ~ Normal(m, variance: v) }',
    data: (c) => ({ y: noise.map((e) => c + e), c }),
    moving: ['m'],
    start: (c) => ({ m: c + 0.5, v: 1 }),
  },
  {
    name: 'regression with an intercept',
    text: 'data y: real[N] data x: real[N] data c: real sample a ~ Normal(c, 10) sample b ~ Normal(0, 10) sample v ~ InverseGamma(2, 2) for n in 0..<N { observe y[n] ~ Normal(a + b * x[n], variance: v) }',
    data: (c) => ({ y: noise.map((e, n) => c + e + slopes[n]! / 2), x: slopes, c }),
    moving: ['a'],
    start: (c) => ({ a: c, b: 0, v: 1 }),
  },
  {
    name: 'regression by a vector of weights',
    text: 'data y: real[N] data X: real[N, D] data c: real[D] sample w ~ MvNormal(c, 100 * eye(D)) sample v ~ InverseGamma(2, 2) for n in 0..<N { observe y[n] ~ Normal(X[n] @ w, variance: v) }',
    data: (c) => ({ y: noise.map((e, n) => c + e + slopes[n]! / 2), X: slopes.map((x) => [1, x]), c: [c, 0] }),
    moving: ['w[0]'],
    start: (c) => ({ w: [c, 0], v: 1 }),
  },
  {
    name: 'groups about a common mean',
    text: 'data y: real[N] data g: int[N] data c: real sample m ~ Normal(c, 10) sample t ~ InverseGamma(2, 2) sample v ~ InverseGamma(2, 2) for j in 0..<5 { sample a[j] ~ Normal(m, variance: t) } for n in 0..<N { observe y[n] ~ Normal(a[g[n]], variance: v) }',
    data: (c) => ({ y: noise.map((e, n) => c + e + (n % 5)), g: noise.map((_, n) => n % 5), c }),
    moving: ['m', 'a['],
    start: (c) => ({ m: c, a: [c, c, c, c, c], v: 1, t: 1 }),
  },
  {
    name: 'a random walk observed with noise',
    text: 'data y: real[N] data c: real sample q ~ InverseGamma(2, 2) sample r ~ InverseGamma(2, 2) sample h[0] ~ Normal(c, 10) for t in 1..<N { sample h[t] ~ Normal(h[t-1], variance: q) } for t in 0..<N { observe y[t] ~ Normal(h[t], variance: r) }',
    data: (c) => ({ y: noise.map((e) => c + e), c }),
    moving: ['h'],
    start: (c) => ({ q: 1, r: 1, h: noise.map(() => c) }),
  },
  {
    name: 'a product of unknowns about a mean',
    text: 'data y: real[N, 2] data c: real sample m ~ Normal(c, 10) sample v ~ InverseGamma(2, 2) for j in 0..<2 { sample l[j] ~ Normal(1, 1) } for n in 0..<N { sample f[n] ~ Normal(0, 1) for j in 0..<2 { observe y[n, j] ~ Normal(m + l[j] * f[n], variance: v) } }',
    data: (c) => ({ y: noise.map((e, n) => [c + e, c + e + second[n]! / 4]), c }),
    moving: ['m'],
    start: (c) => ({ m: c, v: 1, l: [1, 1], f: noise }),
  },
  {
    name: 'a mixture',
    text: 'data y: real[N] data c: real sample pi ~ Dirichlet(fill(2, 2)) for k in 0..<2 { sample mu[k] ~ Normal(c, 10) sample v[k] ~ InverseGamma(2, 2) } for n in 0..<N { sample z[n] ~ Categorical(pi) observe y[n] ~ Normal(mu[z[n]], variance: v[z[n]]) }',
    data: (c) => ({ y: noise.map((e, n) => c + e + 6 * (n % 2)), c }),
    moving: ['mu'],
    start: (c) => ({ pi: [0.5, 0.5], mu: [c, c + 6], v: [1, 1], z: noise.map((_, n) => n % 2) }),
  },
  {
    name: 'a mixture of vectors',
    text: 'data y: real[N, 2] data c: real[2] sample pi ~ Dirichlet(fill(2, 2)) for k in 0..<2 { sample mu[k] ~ MvNormal(c, 100 * eye(2)) sample S[k] ~ InverseWishart(5, eye(2)) } for n in 0..<N { sample z[n] ~ Categorical(pi) observe y[n] ~ MvNormal(mu[z[n]], S[z[n]]) }',
    data: (c) => ({ y: noise.map((e, n) => [c + e + 6 * (n % 2), c + second[n]!]), c: [c, c] }),
    moving: ['mu'],
    start: (c) => ({
      pi: [0.5, 0.5],
      mu: [
        [c, c],
        [c + 6, c],
      ],
      S: [
        [
          [1, 0],
          [0, 1],
        ],
        [
          [1, 0],
          [0, 1],
        ],
      ],
      z: noise.map((_, n) => n % 2),
    }),
  },
];

async function moments(
  test: Case,
  backend: string,
  c: number,
): Promise<{
  readonly rows: ReadonlyMap<string, { readonly mean: number; readonly sd: number }>;
  readonly elbo: number | null;
  readonly codes: readonly string[];
}> {
  const posterior = await compile(test.text).infer(test.data(c), {
    backend,
    seed: 3,
    chains: 1,
    draws: 60,
    warmup: 60,
    workers: 0,
    init: test.start(c),
    options: test.options?.[backend] ?? {},
  });
  const summary = posterior.summary().variables;
  const rows = new Map<string, { mean: number; sd: number }>();
  for (const [name, row] of Object.entries(summary)) {
    if (row.mean !== null && row.sd !== null)
      rows.set(name, { mean: row.mean - (test.moving.some((m) => name.startsWith(m)) ? c : 0), sd: row.sd });
  }
  return { rows, elbo: posterior.elbo, codes: posterior.warnings.map((w) => w.code) };
}

for (const test of cases) {
  for (const backend of test.backends ?? ['gibbs', 'mh', 'cavi']) {
    it(`${test.name} (${backend}): equal at 0, 1e4, 1e6 and 1e8`, async () => {
      const still = await moments(test, backend, 0);
      expect(still.rows.size).toBeGreaterThan(1);
      for (const c of [1e4, 1e6, 1e8]) {
        const moved = await moments(test, backend, c);
        for (const [name, row] of still.rows) {
          const { mean, sd } = moved.rows.get(name)!;
          const unit = Math.max(row.sd, Math.abs(row.mean) * 1e-3);
          expect(Math.abs(mean - row.mean), `mean of ${name} moved by ${c}`).toBeLessThanOrEqual(1e-6 * unit);
          expect(Math.abs(sd - row.sd), `sd of ${name} moved by ${c}`).toBeLessThanOrEqual(1e-6 * unit);
        }
        if (still.elbo !== null) expect(Math.abs(moved.elbo! - still.elbo)).toBeLessThan(1e-6 * Math.abs(still.elbo));
        expect(moved.codes.filter((code) => code === 'bound-fell')).toEqual([]);
      }
    });
  }
}

it('maximum likelihood of a mixture (em): equal at 0, 1e4, 1e6 and 1e8', async () => {
  const text =
    'data x: real[N] data K: int param pi: simplex[K] for k in 0..<K { param mu[k]: real param v[k]: positive } for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ Normal(mu[z[n]], variance: v[z[n]]) }';
  const at = async (c: number): Promise<{ readonly likelihood: number; readonly values: readonly number[] }> => {
    const posterior = await compile(text).infer(
      { x: noise.map((e, n) => c + e + 6 * (n % 2)), K: 2 },
      { backend: 'em', seed: 1, workers: 0 },
    );
    const summary = posterior.summary().variables;
    return {
      likelihood: posterior.logLikelihood!,
      values: ['mu[0]', 'mu[1]', 'v[0]', 'v[1]', 'pi[0]'].map((name) => summary[name]!.mean! - (name.startsWith('mu') ? c : 0)),
    };
  };
  const still = await at(0);
  for (const c of [1e4, 1e6, 1e8]) {
    const moved = await at(c);
    expect(Math.abs(moved.likelihood - still.likelihood)).toBeLessThan(1e-6);
    moved.values.forEach((value, k) => {
      expect(Math.abs(value - still.values[k]!)).toBeLessThan(1e-6);
    });
  }
});

describe('joint blocks under em: equal at 0, 1e4, 1e6 and 1e8', () => {
  const groups = noise.map((_, n) => n % 4),
    twice = noise.map((e, n) => [e + 2 * (n % 4), 0.5 * e - (n % 4)]);
  const programs: readonly {
    readonly title: string;
    readonly text: string;
    data(c: number): Readonly<Record<string, unknown>>;
    readonly names: readonly string[];
  }[] = [
    {
      title: 'a chain',
      names: ['q', 'r'],
      data: (c) => ({ y: noise.map((e, n) => c + 3 * Math.sin(n / 4) + e), c }),
      text: 'data y: real[T] data c: real param q: positive param r: positive sample a[0] ~ Normal(c, 5) for t in 1..<T { sample a[t] ~ Normal(a[t-1], variance: q) } observe y ~ Normal(a, sqrt(r))',
    },
    {
      title: 'random intercepts about a mean of their own',
      names: ['b', 's'],
      data: (c) => ({ y: noise.map((e, n) => c + e + 2 * (n % 4)), g: groups, c }),
      text: 'data y: real[N] data g: int[N] data c: real param b: positive param s: positive sample m ~ Normal(c, 10) sample u ~ iid(Normal(m, b), 4) sample v ~ iid(Normal(0, 1), 4) for n in 0..<N { observe y[n] ~ Normal(u[g[n]] + v[g[n]], s) }',
    },
    {
      title: 'vector states',
      names: ['s', 'phi'],
      data: (c) => ({ x: twice.map(([a, b]) => [c + a!, b!]), c }),
      text: 'data x: real[T, 2] data c: real param s: positive param phi: real sample f[0] ~ MvNormal([c, 0], eye(2)) for t in 1..<T { sample f[t] ~ MvNormal([f[t-1, 0], phi * f[t-1, 1]], 2 * eye(2)) } for t in 0..<T { observe x[t] ~ MvNormal(f[t], s^2 * eye(2)) }',
    },
  ];
  for (const { title, text, data, names } of programs) {
    it(title, async () => {
      const at = async (
        c: number,
      ): Promise<{ readonly likelihood: number; readonly values: readonly number[]; readonly codes: readonly string[] }> => {
        const posterior = await compile(text).infer(data(c), { backend: 'em', seed: 1, workers: 0, options: { tolerance: 1e-12 } }),
          { variables } = posterior.summary();
        return {
          likelihood: posterior.logLikelihood!,
          values: names.map((name) => variables[name]!.mean!),
          codes: posterior.warnings.map((w) => w.code),
        };
      };
      const still = await at(0);
      for (const c of [1e4, 1e6, 1e8]) {
        const moved = await at(c);
        expect(moved.codes).toEqual(still.codes);
        expect(Math.abs(moved.likelihood - still.likelihood), `${moved.likelihood} against ${still.likelihood} at ${c}`).toBeLessThan(1e-6);
        moved.values.forEach((value, k) => {
          expect(Math.abs(value - still.values[k]!), `${names[k]} at ${c}: ${value} against ${still.values[k]}`).toBeLessThan(
            1e-4 * (1 + Math.abs(still.values[k]!)),
          );
        });
      }
    });
  }
});
