/**
 * Laws of EM on random programs: one to three fragments of different kinds side by side (mixtures, chains of labels and of
 * Gaussian states, random effects, regressions, gaps, parameters without a closed maximum), random data, random starts. The objective
 * never falls; after an E-step it is the log evidence that `exact` finds at the parameters; after an M-step it lies below by a
 * divergence: log p = bound + KL with KL >= 0. False alarms: none, the arithmetic is deterministic.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EmProgram } from '../../src/4-infer/em/program.js';
import { exact } from '../../src/4-infer/exact/index.js';
import { boundModel } from './caviMachine.js';
import { oneChain } from './oneChain.js';

interface Fragment {
  /** Declarations with `$` where the number of the fragment stands. */
  readonly text: string;
  readonly data: (u: () => number) => Readonly<Record<string, unknown>>;
  /** Starts of the parameters: how many numbers, and of what kind. */
  readonly start: Readonly<Record<string, readonly [kind: 'real' | 'positive' | 'simplex' | 'unit', ...shape: readonly number[]]>>;
  /** False where `exact` has no answer at given parameters. */
  readonly solvable?: false;
}

const reals = (u: () => number, n: number): number[] => Array.from({ length: n }, () => 6 * u() - 3);
const counts = (u: () => number, n: number): number[] => Array.from({ length: n }, () => Math.floor(8 * u() * u()));
const rows = (u: () => number, n: number, d: number): number[][] => Array.from({ length: n }, () => reals(u, d));

const fragments: readonly Fragment[] = [
  {
    text: 'data y$: real[N$] param w$: simplex[3] for k in 0..<3 { param m$[k]: real param s$[k]: positive } for n in 0..<N$ { sample z$[n] ~ Categorical(w$) observe y$[n] ~ Normal(m$[z$[n]], s$[z$[n]]) }',
    data: (u) => ({ y$: reals(u, 14) }),
    start: { w$: ['simplex', 3], m$: ['real', 3], s$: ['positive', 3] },
  },
  {
    text: 'data c$: int[N$] param w$: simplex[2] for k in 0..<2 { param r$[k]: positive } for n in 0..<N$ { sample z$[n] ~ Categorical(w$) observe c$[n] ~ Poisson(r$[z$[n]]) }',
    data: (u) => ({ c$: counts(u, 12) }),
    start: { w$: ['simplex', 2], r$: ['positive', 2] },
  },
  {
    text: 'data b$: int[N$, D$] param w$: simplex[2] for k in 0..<2, d in 0..<D$ { param p$[k, d]: unit } for n in 0..<N$ { sample z$[n] ~ Categorical(w$) for d in 0..<D$ { observe b$[n, d] ~ Bernoulli(p$[z$[n], d]) } }',
    data: (u) => ({ b$: rows(u, 9, 3).map((row) => row.map((x) => (x > 0 ? 1 : 0))) }),
    start: { w$: ['simplex', 2], p$: ['unit', 2, 3] },
  },
  {
    text: 'data y$: real[T$] for k in 0..<2 { param A$[k]: simplex[2] param m$[k]: real } sample z$[0] ~ Bernoulli(0.5) for t in 1..<T$ { sample z$[t] ~ Categorical(A$[z$[t-1]]) } for t in 0..<T$ { observe y$[t] ~ Normal(m$[z$[t]], 1.5) }',
    data: (u) => ({ y$: reals(u, 11) }),
    start: { A$: ['simplex', 2, 2], m$: ['real', 2] },
  },
  {
    text: 'data y$: real[T$] param a$: real param q$: positive param r$: positive sample x$[0] ~ Normal(0, 2) for t in 1..<T$ { sample x$[t] ~ Normal(a$ * x$[t-1], q$) } for t in 0..<T$ { observe y$[t] ~ Normal(x$[t], r$) }',
    data: (u) => ({ y$: reals(u, 12) }),
    start: { a$: ['real'], q$: ['positive'], r$: ['positive'] },
  },
  {
    text: 'data y$: real[N$] data g$: int[N$] param b$: real param t$: positive param s$: positive for j in 0..<4 { sample e$[j] ~ Normal(0, t$) } for n in 0..<N$ { observe y$[n] ~ Normal(b$ + e$[g$[n]], s$) }',
    data: (u) => ({ y$: reals(u, 12), g$: Array.from({ length: 12 }, () => Math.floor(4 * u())) }),
    start: { b$: ['real'], t$: ['positive'], s$: ['positive'] },
  },
  {
    text: 'data X$: real[N$, D$] data y$: real[N$] param a$: positive param h$: positive for d in 0..<D$ { sample v$[d] ~ Normal(0, precision: a$) } for n in 0..<N$ { observe y$[n] ~ Normal(sum(X$[n, d] * v$[d] for d in 0..<D$), precision: h$) }',
    data: (u) => ({ X$: rows(u, 10, 2), y$: reals(u, 10) }),
    start: { a$: ['positive'], h$: ['positive'] },
  },
  {
    text: 'data y$: real[N$] param m$: real param s$: positive param c$: real for n in 0..<N$ { observe y$[n] ~ Normal(m$, s$) } for n in 1..<N$ { observe y$[n] ~ Normal(c$ * y$[n-1], 2) }',
    data: (u) => ({
      y$: reals(u, 8)
        .map((x) => (u() < 0.2 ? null : x))
        .map((x, n) => (n < 2 ? n + 0.5 : x)),
    }),
    start: { m$: ['real'], s$: ['positive'], c$: ['real'] },
    solvable: false,
  },
  {
    text: 'data y$: positive[N$] param k$: positive param l$: positive for n in 0..<N$ { observe y$[n] ~ Gamma(k$, l$) }',
    data: (u) => ({ y$: reals(u, 9).map((x) => Math.abs(x) + 0.1) }),
    start: { k$: ['positive'], l$: ['positive'] },
  },
];

function value(kind: string, u: () => number): number {
  return kind === 'real' ? 4 * u() - 2 : kind === 'unit' ? 0.1 + 0.8 * u() : 0.4 + 2 * u();
}

it('on random programs the objective never falls and is the log evidence; between the steps a divergence is missing', async () => {
  const arbitrary = fc.record({
    kinds: fc.array(fc.nat(fragments.length - 1), { minLength: 1, maxLength: 3 }),
    seed: fc.integer({ min: 1, max: 2 ** 30 }),
  });
  let solved = 0;
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ kinds, seed }) => {
      let state = seed;
      const u = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
      const chosen = kinds.map((kind, k) => ({ fragment: fragments[kind]!, name: (text: string) => text.replaceAll('$', String(k)) }));
      const source = chosen.map(({ fragment, name }) => name(fragment.text)).join('\n');
      const data = Object.fromEntries(
        chosen.flatMap(({ fragment, name }) => Object.entries(fragment.data(u)).map(([key, v]) => [name(key), v] as const)),
      );
      const start = new Map<string, Float64Array>(),
        shapes = new Map<string, readonly number[]>();
      for (const { fragment, name } of chosen)
        for (const [key, [kind, ...shape]] of Object.entries(fragment.start)) {
          const size = shape.reduce((a, b) => a * b, 1),
            numbers = Float64Array.from({ length: size }, () => value(kind, u)),
            row = shape.at(-1) ?? 1;
          if (kind === 'simplex')
            for (let i = 0; i < size; i += row) {
              const total = numbers.slice(i, i + row).reduce((a, b) => a + b);
              for (let j = i; j < i + row; j++) numbers[j]! /= total;
            }
          start.set(name(key), numbers);
          shapes.set(name(key), shape);
        }
      const nested = (numbers: Float64Array, shape: readonly number[]): unknown =>
        shape.length === 0
          ? numbers[0]
          : shape.length === 1
            ? [...numbers]
            : Array.from({ length: shape[0]! }, (_, i) => [...numbers.slice(i * shape[1]!, (i + 1) * shape[1]!)]);
      const evidence = async (estimates: ReturnType<EmProgram['estimates']>): Promise<number> => {
        const given = Object.fromEntries(
          [...estimates].map(([key, numbers]) => [key, nested(Float64Array.from(numbers), shapes.get(key)!)]),
        );
        return (await exact.run(boundModel(source, { ...data, ...given }), source, oneChain())).logEvidence!;
      };
      const solvable = chosen.every(({ fragment }) => fragment.solvable !== false);
      const program = new EmProgram(
        boundModel(source, data),
        '1',
        new Map(),
        { maximised: new Set(), damping: 0, inflate: 0, gradient: true },
        false,
      );
      program.initialise();
      program.setEstimates(start);
      program.expectation();
      let last = program.objective();
      for (let i = 0; i < 6; i++) {
        program.maximisation();
        // A scale on its way to nothing: a run of its own would end here, and name it.
        if (
          [...program.estimates()].some(
            ([key, numbers]) => shapes.get(key)!.length < 2 && /^[str]/.test(key) && numbers.some((x) => !(x > 1e-2)),
          )
        )
          return;
        const between = program.objective();
        program.expectation();
        const now = program.objective(),
          slack = 1e-9 * (1 + Math.abs(now));
        expect(now, source).toBeGreaterThanOrEqual(last - slack);
        expect(between, source).toBeGreaterThanOrEqual(last - slack);
        expect(between, source).toBeLessThanOrEqual(now + slack);
        last = now;
        if (!solvable || i !== 2) continue;
        expect(Math.abs(now - (await evidence(program.estimates()))), source).toBeLessThan(slack);
        solved++;
      }
    }),
    { numRuns: 60, seed: 11 },
  );
  expect(solved).toBeGreaterThan(25);
});
