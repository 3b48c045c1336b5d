/**
 * Conditions over two loops that keep an element's neighbour inside its list: `i > 0 && j < J - 1 ? a[i - 1] : 0`. Summed over j, the neighbour
 * stands beside a sum of nothing where there is none. Truth is linear algebra, written out here.
 *
 * Power: without the condition the first (or last) element is no number, or never moves, in every backend listed.
 * False alarms: means of dependent draws within 6 standard errors of their effective size.
 */
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/index.js';

interface Law {
  readonly logEvidence: number;
  readonly means: readonly number[];
}
/** Of a log density that is quadratic in `count` unknowns: its derivatives are differences, and the precision is inverted by elimination. */
function quadratic(count: number, logJoint: (a: readonly number[]) => number): Law {
  const at = (...ones: readonly (readonly [number, number])[]): number => {
    const a = Array.from({ length: count }, () => 0);
    for (const [i, value] of ones) a[i]! += value;
    return logJoint(a);
  };
  const atZero = at(),
    all = Array.from({ length: count }, (_, i) => i);
  const slope = all.map((i) => (at([i, 1]) - at([i, -1])) / 2);
  const rows = all.map((i) => [...all.map((j) => at([i, 1]) + at([j, 1]) - at([i, 1], [j, 1]) - atZero), slope[i]!]);
  let logDeterminant = 0;
  for (const i of all) {
    const pivot = rows[i]![i]!;
    logDeterminant += Math.log(pivot);
    rows[i] = rows[i]!.map((x) => x / pivot);
    for (const k of all) if (k !== i) rows[k] = rows[k]!.map((x, j) => x - rows[k]![i]! * rows[i]![j]!);
  }
  const means = rows.map((row) => row[count]!);
  const height = atZero + 0.5 * means.reduce((sum, m, i) => sum + m * slope[i]!, 0);
  return { logEvidence: height + 0.5 * (count * Math.log(2 * Math.PI) - logDeterminant), means };
}

const logNormal = (x: number, mean: number, sd: number): number =>
  -0.5 * ((x - mean) / sd) ** 2 - Math.log(sd) - 0.5 * Math.log(2 * Math.PI);
const I = 3;
type Mean = (a: readonly number[], i: number, j: number, J: number, w: readonly number[]) => number;
const means: readonly (readonly [string, Mean])[] = [
  ['a[i] + (i > 0 && j < J - 1 ? 0.6 * a[i - 1] : 0)', (a, i, j, J) => a[i]! + (i > 0 && j < J - 1 ? 0.6 * a[i - 1]! : 0)],
  ['a[i] + (j < i ? 0.6 * a[i - 1] : 0)', (a, i, j) => a[i]! + (j < i ? 0.6 * a[i - 1]! : 0)],
  ['a[i] + (i < I - 1 && w[j] > 0 ? 0.6 * a[i + 1] : 0)', (a, i, j, _, w) => a[i]! + (i < I - 1 && w[j]! > 0 ? 0.6 * a[i + 1]! : 0)],
  ['i > 0 && w[j] > 0 ? a[i] - w[j] * a[i - 1] : a[i]', (a, i, j, _, w) => a[i]! - (i > 0 && w[j]! > 0 ? w[j]! * a[i - 1]! : 0)],
];
const cases = [3, 12].flatMap((J) => {
  const wave = (i: number): readonly number[] => Array.from({ length: J }, (_, j) => Math.round(150 * Math.sin((j + 1) * (i + 1.3))) / 100);
  const w = wave(5),
    Y = [0, 1, 2].map(wave);
  return means.map(([mean, at]) => ({
    name: `${mean}, J = ${J}`,
    data: { Y, w },
    source: `data Y: real[I, J]
data w: real[J]
sample a ~ iid(Normal(0, 1), I)
for i in 0..<I, j in 0..<J { observe Y[i, j] ~ Normal(${mean}, 0.5) }`,
    truth: quadratic(I, (a) => {
      const likelihood = Y.flatMap((row, i) => row.map((y, j) => logNormal(y, at(a, i, j, J, w), 0.5)));
      return [...a.map((x) => logNormal(x, 0, 1)), ...likelihood].reduce((sum, x) => sum + x, 0);
    }),
  }));
});

describe('conditions over two loops', () => {
  const samplers = [
    { backend: 'gibbs', options: { block: 'none' } },
    { backend: 'gibbs', options: { 'kernel.a': 'slice' } },
    { backend: 'mh', options: {} },
  ];
  test.each(cases.flatMap((c) => samplers.map((sampler) => ({ ...c, ...sampler, kind: JSON.stringify(sampler) }))))(
    '$kind: $name',
    async ({ source, data, truth, backend, options }) => {
      const posterior = await compile(source).infer(data, { backend, options, seed: 1, workers: 0, chains: 2, draws: 3000, warmup: 500 });
      expect(posterior.warnings.filter((w) => w.code === 'never-moved')).toEqual([]);
      truth.means.forEach((mean, i) => {
        const { mean: found, sd, essBulk } = posterior.summary().variables[`a[${i}]`]!;
        expect(Math.abs(found! - mean)).toBeLessThan((6 * sd!) / Math.sqrt(essBulk!));
      });
    },
  );
  test.each(cases)('exact: $name', async ({ source, data, truth }) => {
    const { logEvidence, variables } = (await compile(source).infer(data, { backend: 'exact', seed: 1, workers: 0 })).summary();
    expect(logEvidence).toBeCloseTo(truth.logEvidence, 9);
    truth.means.forEach((mean, i) => expect(variables[`a[${i}]`]!.mean).toBeCloseTo(mean, 9));
  });
  // Factors of a jointly Normal law have its means.
  test.each(cases)('cavi: $name', async ({ source, data, truth }) => {
    const posterior = await compile(source).infer(data, { backend: 'cavi', seed: 1, workers: 0 });
    truth.means.forEach((mean, i) => expect(posterior.summary().variables[`a[${i}]`]!.mean).toBeCloseTo(mean, 3));
    expect(posterior.result.elbo!).toBeLessThan(truth.logEvidence + 1e-9);
    expect(posterior.result.elbo!).toBeGreaterThan(truth.logEvidence - 1);
  });
});
