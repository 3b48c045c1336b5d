/**
 * Digits of exact posteriors of ill-conditioned Normals: states whose steps are 10^-4 to 10^-8 of the noise against a filter
 * in 60 digits (test/reference/smallSteps.py), and collinear regressors, where what is summed has lost the digits
 * and no arithmetic brings them back: a warning that says how many are left, or a refusal.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';

interface Smoothed {
  readonly logEvidence: number;
  readonly mean: readonly (readonly number[])[];
  readonly sd: readonly (readonly number[])[];
}
const reference = JSON.parse(readFileSync(new URL('../reference/smallSteps.json', import.meta.url), 'utf8')) as {
  readonly y: readonly number[];
  readonly times: readonly number[];
  readonly walk: Record<string, Smoothed>;
  readonly trend: Record<string, Smoothed>;
};
const settings = { backend: 'exact', chains: 1, draws: 2, workers: 0 };

const walk = `
data y: real[T]
data q: positive
sample z[0] ~ Normal(0, 10)
for t in 1..<T { sample z[t] ~ Normal(z[t-1], q) }
for t in 0..<T { observe y[t] ~ Normal(z[t], 1) }`;
const trend = `
data y: real[T]
data q: positive
sample l[0] ~ Normal(0, 10)
sample b[0] ~ Normal(0, 1)
for t in 1..<T {
  sample l[t] ~ Normal(l[t-1] + b[t-1], q)
  sample b[t] ~ Normal(b[t-1], q / 100)
}
for t in 0..<T { observe y[t] ~ Normal(l[t], 1) }`;
// A tree by data instead of a shift, which is laid out sparse: four branches of 75 steps, each observed as the walk is.
const branches = `
data y: real[T]
data q: positive
data before: int[T]
sample z[0] ~ Normal(0, 10)
for t in 1..<T { sample z[t] ~ Normal(z[before[t]], q) }
for t in 0..<T { observe y[t] ~ Normal(z[t], 1) }`;

describe.each([
  ['a random walk', walk, ['z'], reference.walk],
  ['a local linear trend', trend, ['l', 'b'], reference.trend],
] as const)('%s', (_, source, names, truth) => {
  it.each(['1e-4', '1e-6', '1e-8'])('with steps of %s of the noise', async (q) => {
    const { variables, logEvidence, warnings } = (await compile(source).infer({ y: reference.y, q: Number(q) }, settings)).summary();
    const expected = truth[q]!;
    expect(warnings).toEqual([]);
    expect(Math.abs(logEvidence! - expected.logEvidence)).toBeLessThan(1e-9);
    names.forEach((name, k) =>
      reference.times.forEach((t, i) => {
        const row = variables[`${name}[${t}]`]!,
          sd = expected.sd[k]![i]!;
        expect(Math.abs(row.mean! - expected.mean[k]![i]!) / sd, `mean of ${name}[${t}]`).toBeLessThan(1e-9);
        expect(Math.abs(row.sd! / sd - 1), `sd of ${name}[${t}]`).toBeLessThan(1e-9);
      }),
    );
  });
});

it('branches of a tree, all at the mean of the data where steps vanish', async () => {
  // As q goes to 0 all z are one Normal: precision 1/100 + T, potential sum y; the next term is of the order of T^2 q^2.
  const T = 300,
    before = Array.from({ length: T }, (_, t) => (t % 75 === 0 ? 0 : t - 1));
  const { variables, warnings } = (await compile(branches).infer({ y: reference.y, q: 1e-8, before }, settings)).summary();
  const precision = 1 / 100 + T,
    mean = reference.y.reduce((a, b) => a + b, 0) / precision;
  expect(warnings).toEqual([]);
  for (const t of [0, 74, 75, 299]) {
    expect(Math.abs(variables[`z[${t}]`]!.mean! - mean) * Math.sqrt(precision)).toBeLessThan(1e-9);
    expect(Math.abs(variables[`z[${t}]`]!.sd! * Math.sqrt(precision) - 1)).toBeLessThan(1e-9);
  }
});

describe('collinear regressors', () => {
  const source =
    'data X: real[N, 3]\ndata y: real[N]\nfor d in 0..<3 { param b[d]: real }\nfor n in 0..<N { observe y[n] ~ Normal(X[n] @ b, 1) }';
  /** The third column is the sum of the others plus `apart` times cos(5 n). */
  const data = (apart: number): Readonly<Record<string, unknown>> => {
    const X = Array.from({ length: 40 }, (_, n) => {
      const a = Math.sin(1.7 * n),
        b = Math.cos(0.3 * n * n);
      return [a, b, a + b + apart * Math.cos(5 * n)];
    });
    return { X, y: X.map(([a, b], n) => a! + 2 * b! + Math.sin(11 * n)) };
  };
  const refusal = async (apart: number): Promise<string> => {
    try {
      await compile(source).infer(data(apart), settings);
    } catch (error) {
      if (error instanceof ModelError) return error.diagnostics[0]!.code;
      throw error;
    }
    return 'not refused';
  };
  it('are refused where they differ by rounding', async () => {
    expect(await refusal(0)).toBe('improper-posterior');
    expect(await refusal(1e-9)).toBe('improper-posterior');
  });
  it('that differ a little come with the number of digits that are left', async () => {
    const apart = 1e-6;
    const { warnings, variables } = (await compile(source).infer(data(apart), settings)).summary();
    const digits = Number(/about (\d+) digits/.exec(warnings.join())![1]);
    expect(digits).toBeGreaterThan(2);
    // In the coordinates b0 + b2, b1 + b2, c = apart b2 the columns are independent: ordinary least squares has no trouble.
    const { X, y } = data(apart) as { X: number[][]; y: number[] };
    const columns = [(n: number): number => X[n]![0]!, (n: number): number => X[n]![1]!, (n: number): number => Math.cos(5 * n)];
    const gram = columns.map((f) => columns.map((g) => y.reduce((sum, _, n) => sum + f(n) * g(n), 0)));
    const minor = (i: number, j: number): number => {
      const r = [0, 1, 2].filter((k) => k !== i),
        c = [0, 1, 2].filter((k) => k !== j);
      return gram[r[0]!]![c[0]!]! * gram[r[1]!]![c[1]!]! - gram[r[0]!]![c[1]!]! * gram[r[1]!]![c[0]!]!;
    };
    const determinant = [0, 1, 2].reduce((sum, j) => sum + (j === 1 ? -1 : 1) * gram[0]![j]! * minor(0, j), 0);
    const right = columns.map((f) => y.reduce((sum, v, n) => sum + f(n) * v, 0));
    const slope = (minor(0, 2) * right[0]! - minor(1, 2) * right[1]! + minor(2, 2) * right[2]!) / determinant / apart;
    const sd = Math.sqrt(minor(2, 2) / determinant) / apart;
    const error = Math.max(Math.abs(variables['b[2]']!.mean! / slope - 1), Math.abs(variables['b[2]']!.sd! / sd - 1));
    expect(error).toBeLessThan(10 * 10 ** -digits);
  });
});
