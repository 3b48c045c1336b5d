/**
 * Units: data measured in units a hundred million times smaller or larger have estimates that differ by that factor and
 * a log likelihood that differs by -n log c, whatever the backend. A start at numbers of size one, in the
 * wrong units, lies on a plateau where iterations creep and then claim to have converged.
 */
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/index.js';
import { findScales } from '../../src/4-infer/startScales.js';
import { toEnd } from './toEnd.js';

/** Standard normal numbers, the same everywhere. */
function numbers(count: number, seed: number): number[] {
  let state = seed;
  const uniform = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return (state + 0.5) / 2147483648;
  };
  return Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

interface Case {
  readonly name: string;
  readonly text: string;
  /** Data at scale 1 that are multiplied by the unit, and the rest. */
  readonly scaled: Readonly<Record<string, readonly number[] | readonly (readonly number[])[]>>;
  readonly fixed: Readonly<Record<string, unknown>>;
  /** Powers of the unit by which estimates change. */
  readonly powers: Readonly<Record<string, number>>;
  readonly runs: readonly (readonly [string, Readonly<Record<string, string>>])[];
}

const group = [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 5, 5, 5, 5, 6, 6, 6, 7, 7];
const between = numbers(8, 1),
  within = numbers(group.length, 2);
const walk: number[] = [],
  noise = numbers(60, 4);
for (const e of numbers(60, 3)) walk.push(0.8 * (walk.at(-1) ?? 0) + e);
const cases: readonly Case[] = [
  {
    name: 'random intercepts',
    text: 'data y: real[N] data g: int[N] data J: int param m: real param b: positive param w: positive sample u ~ iid(Normal(0, b), J) for n in 0..<N { observe y[n] ~ Normal(m + u[g[n]], w) }',
    scaled: { y: group.map((j, n) => 1 + 2 * between[j]! + 0.7 * within[n]!) },
    fixed: { g: group, J: 8 },
    powers: { m: 1, b: 1, w: 1 },
    runs: [
      ['em', {}],
      ['cavi', { restarts: '1' }],
      ['map', { marginal: 'u', restarts: '2' }],
    ],
  },
  {
    name: 'an autoregression under noise',
    text: 'data y: real[T] param q: positive param r: positive param phi: interval(-1, 1) sample a[0] ~ Normal(0, q / sqrt(1 - phi^2)) for t in 1..<T { sample a[t] ~ Normal(phi * a[t-1], q) } for t in 0..<T { observe y[t] ~ Normal(a[t], r) }',
    scaled: { y: walk.map((a, t) => a + 0.7 * noise[t]!) },
    fixed: {},
    powers: { q: 1, r: 1, phi: 0 },
    runs: [
      ['em', {}],
      ['map', { marginal: 'a', restarts: '2' }],
    ],
  },
  {
    name: 'precisions of coefficients and noise',
    text: 'data y: real[N] data X: real[N, 2] param alpha: positive param beta: positive sample w ~ iid(Normal(0, precision: alpha), 2) observe y ~ Normal(X @ w, precision: beta)',
    scaled: { y: noise.map((e, n) => 1 + 2 * numbers(60, 5)[n]! + 0.3 * e) },
    fixed: { X: numbers(60, 5).map((x) => [1, x]) },
    powers: { alpha: -2, beta: -2 },
    runs: [
      ['em', {}],
      ['cavi', { restarts: '1' }],
    ],
  },
  {
    name: 'heavy tails, all by gradient',
    text: 'data y: real[N] param m: real param s: positive param df: positive observe y ~ StudentT(df, m, s)',
    scaled: { y: noise.map((e, n) => 0.4 + e / Math.sqrt(0.1 + numbers(60, 6)[n]! ** 2)) },
    fixed: {},
    powers: { m: 1, s: 1, df: 0 },
    runs: [
      ['em', {}],
      ['map', { restarts: '2' }],
    ],
  },
  {
    name: 'a density of two components',
    text: 'data y: real[N] param p: simplex[2] param mu: real[2] param s: positive[2] observe y ~ mixture(p, Normal(mu[k], s[k]) for k in 0..<2)',
    scaled: { y: noise.map((e, n) => (n % 3 === 0 ? 6 + 2 * e : e)) },
    fixed: {},
    powers: { p: 0, mu: 1, s: 1 },
    runs: [['map', { restarts: '6' }]],
  },
];

describe.each(cases)('$name', ({ text, scaled, fixed, powers, runs }) => {
  test.each(runs)('by %s', async (backend, options) => {
    const at = async (
      c: number,
    ): Promise<{ readonly objective: number; readonly estimates: Readonly<Record<string, readonly number[]>> }> => {
      const data = Object.fromEntries(
        Object.entries(scaled).map(([name, values]) => [name, values.map((v) => (typeof v === 'number' ? v * c : v.map((x) => x * c)))]),
      );
      const p = await compile(text).infer({ ...fixed, ...data }, { backend, options, seed: 1 });
      expect(p.warnings.map((w) => w.code)).toEqual([]);
      const size = (name: string): readonly number[] => ([p.mean(name)].flat(2) as number[]).map((v) => v / c ** powers[name]!);
      return {
        objective: p.logLikelihood ?? p.elbo!,
        estimates: Object.fromEntries(Object.keys(powers).map((name) => [name, size(name)])),
      };
    };
    const one = await at(1),
      count = Object.values(scaled).flat(2).length;
    // Components have no order of their own here.
    const sorted = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);
    for (const c of [1e8, 1e3, 1e-8]) {
      const other = await at(c);
      expect(Math.abs(other.objective + count * Math.log(c) - one.objective), `${c}`).toBeLessThan(1e-6);
      for (const [name, values] of Object.entries(one.estimates)) {
        sorted(other.estimates[name]!).forEach((v, k) => {
          const expected = sorted(values)[k]!;
          expect(Math.abs(v - expected), `${name} at ${c}`).toBeLessThan(2e-4 * (1 + Math.abs(expected)));
        });
      }
    }
  });
});

test('labels summed out, covariances in small units', async () => {
  const e = numbers(160, 7),
    x = Array.from({ length: 80 }, (_, n) => (n < 48 ? [e[2 * n]!, e[2 * n + 1]!] : [5 + 0.7 * e[2 * n]!, 5 + 0.7 * e[2 * n + 1]!]));
  const text =
    'data x: real[N, D] data K: int param pi: simplex[K] for k in 0..<K { param mu[k]: real[D] param S[k]: cov[D] } for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ MvNormal(mu[z[n]], S[z[n]]) }';
  const run = async (c: number): Promise<number> => {
    const p = await compile(text).infer(
      { x: x.map((row) => row.map((v) => v * c)), K: 2 },
      { backend: 'map', options: { restarts: '3' }, seed: 1 },
    );
    expect(p.converged).toBe(true);
    return p.logLikelihood! + 160 * Math.log(c);
  };
  const one = await run(1);
  expect(Math.abs((await run(1e-8)) - one)).toBeLessThan(1e-6);
  expect(Math.abs((await run(1e8)) - one)).toBeLessThan(1e-6);
});

test('in the right units a long chain keeps its start: scales that only trade with each other are no units', async () => {
  const count = 4000,
    e = numbers(2 * count, 8);
  let level = 0;
  const y = Array.from({ length: count }, (_, t) => {
    level += 0.5 * e[t]!;
    return level + e[count + t]!;
  });
  const text =
    'data y: real[T] param q: positive param r: positive sample a[0] ~ Normal(0, 10) for t in 1..<T { sample a[t] ~ Normal(a[t-1], q) } for t in 0..<T { observe y[t] ~ Normal(a[t], r) }';
  const best = (await compile(text).infer({ y }, { backend: 'map', options: { marginal: 'a', restarts: '1' }, seed: 1, keep: ['q', 'r'] }))
    .logLikelihood!;
  for (const seed of [1, 2, 3])
    expect(Math.abs((await compile(text).infer({ y }, { backend: 'em', seed, keep: ['q', 'r'] })).logLikelihood! - best)).toBeLessThan(
      1e-3,
    );
});

describe('scales of a start', () => {
  const attempt =
    (density: (state: Readonly<Record<string, number>>) => number) =>
    (
      state: Readonly<Record<string, number>>,
      unknown: { readonly name: string },
      factor: number,
    ): { state: Readonly<Record<string, number>>; value: number } => {
      const next = { ...state, [unknown.name]: state[unknown.name]! * factor };
      return { state: next, value: density(next) };
    };
  const from = (
    density: (state: Readonly<Record<string, number>>) => number,
    state: Readonly<Record<string, number>>,
  ): { state: Readonly<Record<string, number>>; value: number } => ({ state, value: density(state) });

  test('a variance of twenty numbers is found within a step, and a smaller one behind it too', () => {
    // Twenty numbers of standard deviation 1e6, made of two variances of which one is all but invisible.
    const density = ({ a, b }: Readonly<Record<string, number>>): number =>
      -10 * Math.log(a! ** 2 + b! ** 2) - (10 * 1e12) / (a! ** 2 + b! ** 2);
    const { state } = toEnd(
      findScales(
        from(density, { a: 1, b: 1 }),
        [
          { name: 'a', positive: true },
          { name: 'b', positive: true },
        ],
        attempt(density),
      ),
    );
    expect(Math.hypot(state['a']!, state['b']!)).toBeGreaterThan(1e5);
    expect(Math.hypot(state['a']!, state['b']!)).toBeLessThan(1e7);
  });

  test('what the density does not speak of stays, as does a density that is no number', () => {
    const flat = ({ a }: Readonly<Record<string, number>>): number => -1 / (1e30 * a!);
    expect(toEnd(findScales(from(flat, { a: 1 }), [{ name: 'a', positive: true }], attempt(flat))).state).toEqual({ a: 1 });
    const none = (): number => Number.NaN;
    expect(toEnd(findScales(from(none, { a: 1 }), [{ name: 'a', positive: true }], attempt(none))).state).toEqual({ a: 1 });
  });

  test('one datum that a scale could shrink to does not tempt it', () => {
    const spike = ({ a }: Readonly<Record<string, number>>): number => -Math.log(a!);
    expect(toEnd(findScales(from(spike, { a: 1 }), [{ name: 'a', positive: true }], attempt(spike))).state).toEqual({ a: 1 });
  });

  test('what rounding adds far out is no gain', () => {
    // Degrees of freedom without an outlier: terms of the size a log a cancel, and -1 / a is what should be left of them.
    const rounded = ({ a }: Readonly<Record<string, number>>): number => {
      let sum = -1 / a!;
      for (let n = 1; n <= 20; n++) sum += a! * Math.log(a! * n) - a! * Math.log(a!) - a! * Math.log(n);
      return sum;
    };
    const { state } = toEnd(findScales(from(rounded, { a: 7 }), [{ name: 'a', positive: true }], attempt(rounded)));
    expect(state['a']).toBe(7);
  });
});
