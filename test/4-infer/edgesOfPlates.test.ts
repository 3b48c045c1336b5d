/**
 * Programs that look beyond the end of a list only where a test lets them: `n > 0 ? z[n - 1] : 0`, parents of a tree that has roots, neighbours on a
 * grid. Truth is enumeration of all configurations, written out here.
 *
 * Power: an element's term that is left out where its neighbour does not exist changes the evidence in all cases.
 * False alarms: means of 4,000 draws within 6 standard errors, one of 10^7 tests by chance where draws are independent.
 */
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/index.js';

const y = [2.1, 1.1, 1.2, -0.3],
  weights = [0.2, 0.5, 0.3],
  w = [0.5, 1.5, -1],
  parent = [-1, 0, 0, 1],
  transitions = [
    [0.7, 0.2, 0.1],
    [0.1, 0.6, 0.3],
    [0.3, 0.3, 0.4],
  ];
const N = y.length;
const logNormal = (x: number, mean: number): number => -0.5 * (x - mean) ** 2 - 0.5 * Math.log(2 * Math.PI);
const clamp = (n: number): number => Math.max(n, 0);

interface Posterior {
  readonly logEvidence: number;
  readonly means: readonly number[];
}
/** Of `length` labels of `count` values. */
function enumerated(length: number, count: number, logJoint: (z: readonly number[]) => number): Posterior {
  let total = 0;
  const sums = Array.from({ length }, () => 0);
  const go = (z: readonly number[]): void => {
    if (z.length < length) {
      for (let k = 0; k < count; k++) go([...z, k]);
      return;
    }
    const weight = Math.exp(logJoint(z));
    total += weight;
    z.forEach((value, n) => (sums[n]! += weight * value));
  };
  go([]);
  return { logEvidence: Math.log(total), means: sums.map((s) => s / total) };
}

type Mean = (n: number, z: readonly number[]) => number;
/** Means of the observations, beside their text. */
const means: readonly (readonly [string, Mean])[] = [
  ['z[n] - (n > 0 ? z[n - 1] : 0)', (n, z) => z[n]! - (n > 0 ? z[n - 1]! : 0)],
  ['n > 0 && z[n - 1] == 1 ? 2 : 0.5 * z[n]', (n, z) => (n > 0 && z[n - 1] === 1 ? 2 : 0.5 * z[n]!)],
  ['n == 0 || z[n - 1] == 1 ? 2 : 0.5 * z[n]', (n, z) => (n === 0 || z[n - 1] === 1 ? 2 : 0.5 * z[n]!)],
  ['z[n] + (n < N - 1 ? z[n + 1] : 0) + (n > 0 ? z[n - 1] : 0)', (n, z) => z[n]! + (n < N - 1 ? z[n + 1]! : 0) + (n > 0 ? z[n - 1]! : 0)],
  ['z[max(n - 1, 0)] - z[n]', (n, z) => z[clamp(n - 1)]! - z[n]!],
  ['(n > 1 ? z[n - 2] : n > 0 ? z[n - 1] : z[n]) * 1.5', (n, z) => 1.5 * z[clamp(n - (n > 1 ? 2 : 1))]!],
  ['parent[n] >= 0 ? z[parent[n]] : 0.5', (n, z) => (n > 0 ? z[parent[n]!]! : 0.5)],
  ['z[n] + (parent[n] >= 0 ? z[parent[n]] : 0.5)', (n, z) => z[n]! + (n > 0 ? z[parent[n]!]! : 0.5)],
  ['abs(sum((n > i ? z[n - 1 - i] : 0) * 0.5 for i in 0..<2))', (n, z) => 0.5 * ((n > 0 ? z[n - 1]! : 0) + (n > 1 ? z[n - 2]! : 0))],
  ['exp(0.3 * z[n] * (n > 0 ? z[n - 1] : 1))', (n, z) => Math.exp(0.3 * z[n]! * (n > 0 ? z[n - 1]! : 1))],
  ['w[z[n]] + (n > 0 ? w[z[n - 1]] : 0)', (n, z) => w[z[n]!]! + (n > 0 ? w[z[n - 1]!]! : 0)],
  ['n > 0 ? w[(z[n] + z[n - 1]) > 2 ? 2 : 1] : w[0]', (n, z) => (n === 0 ? w[0]! : w[z[n]! + z[n - 1]! > 2 ? 2 : 1]!)],
];
/** Laws of the labels, beside their text. */
const laws: readonly (readonly [string, (n: number, z: readonly number[]) => number])[] = [
  ['Categorical(weights)', (n, z) => weights[z[n]!]!],
  ['Categorical(n > 0 ? transitions[z[n - 1]] : weights)', (n, z) => (n > 0 ? transitions[z[n - 1]!]! : weights)[z[n]!]!],
  ['Categorical(parent[n] >= 0 ? transitions[z[parent[n]]] : weights)', (n, z) => (n > 0 ? transitions[z[parent[n]!]!]! : weights)[z[n]!]!],
];
const data = { N, y, weights, w, parent, transitions };

const cases = laws.flatMap(([law, chance], l) =>
  means.map(([mean, at]) => ({
    source: `data N: int
data y: real[N]
data weights: simplex[3]
data w: real[3]
data parent: int[N]
data transitions: simplex[3, 3]
for n in 0..<N { sample z[n] ~ ${law} }
for n in 0..<N { observe y[n] ~ Normal(${mean}, 1) }`,
    name: `${law}, ${mean}`,
    isBoundWanted: l === 0 && !mean.startsWith('abs'),
    truth: enumerated(N, 3, (z) => y.reduce((sum, value, n) => sum + Math.log(chance(n, z)) + logNormal(value, at(n, z)), 0)),
  })),
);

describe('labels at the ends of plates', () => {
  test.each(cases)('exact: $name', async ({ source, truth }) => {
    const { logEvidence, variables } = (await compile(source).infer(data, { backend: 'exact', seed: 1, workers: 0 })).summary();
    expect(logEvidence).toBeCloseTo(truth.logEvidence, 9);
    truth.means.forEach((mean, n) => expect(variables[`z[${n}]`]!.mean).toBeCloseTo(mean, 9));
  });
  test.each(cases)('gibbs: $name', async ({ source, truth }) => {
    const posterior = await compile(source).infer(data, { backend: 'gibbs', seed: 1, workers: 0, chains: 2, draws: 2000, warmup: 100 });
    truth.means.forEach((mean, n) => {
      const { mean: found, sd, essBulk } = posterior.summary().variables[`z[${n}]`]!;
      expect(Math.abs(found! - mean)).toBeLessThan((6 * Math.max(sd!, 0.02)) / Math.sqrt(Math.min(essBulk ?? 4000, 4000)));
    });
  });
  test.each(cases.filter((c) => c.isBoundWanted))('cavi has a bound: $name', async ({ source, truth }) => {
    const { elbo } = (await compile(source).infer(data, { backend: 'cavi', seed: 1, workers: 0 })).result;
    expect(elbo).not.toBeNull();
    expect(elbo!).toBeLessThan(truth.logEvidence + 1e-9);
    expect(elbo!).toBeGreaterThan(truth.logEvidence - 1);
  });
});

/** The point where f is largest on [-6, 6], and its value there: a grid, then golden sections. */
function largest(f: (x: number) => number): { readonly at: number; readonly value: number } {
  const grid = Array.from({ length: 241 }, (_, k) => -6 + 0.05 * k),
    best = grid.reduce((a, b) => (f(b) > f(a) ? b : a)),
    ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [best - 0.05, best + 0.05];
  while (high - low > 1e-9) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (f(a) > f(b)) high = b;
    else low = a;
  }
  return { at: (low + high) / 2, value: f((low + high) / 2) };
}

describe('an estimate with labels at the ends of plates summed out', () => {
  const estimated: typeof means = [
    means[0]!,
    means[2]!,
    means[6]!,
    means[9]!,
    means[10]!,
    ['n > 0 ? z[n - 1] : 0', (n, z) => (n > 0 ? z[n - 1]! : 0)],
  ];
  const programs = laws.flatMap(([law, chance]) =>
    estimated.map(([mean, at]) => ({
      name: `${law}, ${mean}`,
      source: (unknown: string): string => `data N: int
data y: real[N]
data weights: simplex[3]
data w: real[3]
data parent: int[N]
data transitions: simplex[3, 3]
${unknown}
for n in 0..<N { sample z[n] ~ ${law} }
for n in 0..<N { observe y[n] ~ Normal(a + (${mean}), 1) }`,
      logLikelihood: (a: number): number =>
        enumerated(N, 3, (z) => y.reduce((sum, value, n) => sum + Math.log(chance(n, z)) + logNormal(value, a + at(n, z)), 0)).logEvidence,
    })),
  );
  test.each(programs)('em: $name', async ({ source, logLikelihood }) => {
    const posterior = await compile(source('param a: real')).infer(data, {
        backend: 'em',
        seed: 1,
        workers: 0,
        options: { restarts: '10' },
      }),
      found = posterior.summary().variables['a']!.mean!,
      truth = largest(logLikelihood);
    expect(posterior.result.logLikelihood).toBeCloseTo(logLikelihood(found), 8);
    expect(posterior.result.logLikelihood).toBeCloseTo(truth.value, 5);
  });
  test.each(programs)('map: $name', async ({ source, logLikelihood }) => {
    const posterior = await compile(source('sample a ~ Normal(0, 2)')).infer(data, { backend: 'map', seed: 1, workers: 0 }),
      logJoint = (a: number): number => logLikelihood(a) + logNormal(a / 2, 0) - Math.log(2),
      found = posterior.summary().variables['a']!.mean!,
      truth = largest(logJoint);
    expect(posterior.result.logJoint).toBeCloseTo(logJoint(found), 8);
    expect(posterior.result.logJoint).toBeCloseTo(truth.value, 5);
    expect(found).toBeCloseTo(truth.at, 3);
  });
});

/** Of two groups only have labels; the third stands for rows outside of both. */
const group = [0, 2, 1, 2];
const guardedByData: readonly (readonly [string, Mean])[] = [
  ['group[n] < 2 && u[group[n]] == 1 ? 1.3 : -0.2', (n, u) => (group[n]! < 2 && u[group[n]!] === 1 ? 1.3 : -0.2)],
  ['group[n] == 2 || u[group[n]] == 1 ? 1.3 : -0.2', (n, u) => (group[n] === 2 || u[group[n]!] === 1 ? 1.3 : -0.2)],
  ['n < 2 && u[n] == 1 ? 1.3 : -0.2', (n, u) => (n < 2 && u[n] === 1 ? 1.3 : -0.2)],
  ['1.5 * (group[n] < 2 && u[group[n]] > 0) - 0.2', (n, u) => (group[n]! < 2 && u[group[n]!]! > 0 ? 1.3 : -0.2)],
];
describe('labels of groups behind && and ||', () => {
  test.each(guardedByData)('%s', async (mean, at) => {
    const model = compile(`data N: int
data y: real[N]
data group: int[N]
for j in 0..<2 { sample u[j] ~ Bernoulli(0.3) }
for n in 0..<N { observe y[n] ~ Normal(${mean}, 1) }`);
    const given = { N, y, group };
    const logJoint = (u: readonly number[]): number =>
      u.reduce((sum, label) => sum + Math.log(label === 1 ? 0.3 : 0.7), 0) +
      y.reduce((sum, value, n) => sum + logNormal(value, at(n, u)), 0);
    const truth = enumerated(2, 2, logJoint);
    expect(model.logDensity(given)({ u: [1, 0] })).toBeCloseTo(logJoint([1, 0]), 9);
    const { logEvidence, variables } = (await model.infer(given, { backend: 'exact', seed: 1, workers: 0 })).summary();
    expect(logEvidence).toBeCloseTo(truth.logEvidence, 9);
    truth.means.forEach((wanted, j) => expect(variables[`u[${j}]`]!.mean).toBeCloseTo(wanted, 9));
    const gibbs = await model.infer(given, { backend: 'gibbs', seed: 1, workers: 0, chains: 2, draws: 2000, warmup: 100 });
    truth.means.forEach((wanted, j) => {
      const error = Math.sqrt((wanted * (1 - wanted)) / 4000);
      expect(Math.abs(gibbs.summary().variables[`u[${j}]`]!.mean! - wanted)).toBeLessThan(6 * error);
    });
  });
});

/** Tests of indices within the address of a list, or within another test. */
const withinAddresses: typeof means = [
  ['w[n > 0 ? max(z[n], z[n - 1]) : z[n]]', (n, z) => w[n > 0 ? Math.max(z[n]!, z[n - 1]!) : z[n]!]!],
  ['w[n > 0 && z[n] > z[n - 1] ? 1 : 0]', (n, z) => w[n > 0 && z[n]! > z[n - 1]! ? 1 : 0]!],
  ['z[n] > (n > 0 ? z[n - 1] : 0) ? 1.5 : -0.4', (n, z) => (z[n]! > (n > 0 ? z[n - 1]! : 0) ? 1.5 : -0.4)],
];
describe('a test within an address', () => {
  const source = (unknown: string, mean: string): string => `data N: int
data y: real[N]
data weights: simplex[3]
data w: real[3]
${unknown}
for n in 0..<N { sample z[n] ~ Categorical(weights) }
for n in 0..<N { observe y[n] ~ Normal(a + (${mean}), 1) }`;
  test.each(withinAddresses)('%s', async (mean, at) => {
    const logLikelihood = (a: number): number =>
      enumerated(N, 3, (z) => y.reduce((sum, value, n) => sum + Math.log(weights[z[n]!]!) + logNormal(value, a + at(n, z)), 0)).logEvidence;
    const { elbo } = (await compile(source('let a = 0', mean)).infer(data, { backend: 'cavi', seed: 1, workers: 0 })).result;
    expect(elbo).not.toBeNull();
    expect(elbo!).toBeLessThan(logLikelihood(0) + 1e-9);
    expect(elbo!).toBeGreaterThan(logLikelihood(0) - 1);
    const em = await compile(source('param a: real', mean)).infer(data, {
      backend: 'em',
      seed: 1,
      workers: 0,
      options: { restarts: '10' },
    });
    expect(em.result.warnings).toEqual([]);
    expect(em.result.logLikelihood).toBeCloseTo(logLikelihood(em.summary().variables['a']!.mean!), 8);
    expect(em.result.logLikelihood).toBeCloseTo(largest(logLikelihood).value, 5);
  });
});

test('neighbours on a grid', async () => {
  const source = `data y: real[2, 3]
for i in 0..<2, j in 0..<3 { sample s[i, j] ~ Bernoulli(0.4) }
for i in 0..<2, j in 0..<3 {
  observe y[i, j] ~ Normal(s[i, j] * ((i > 0 ? s[i - 1, j] : 0.5) + (j < 2 ? s[i, j + 1] : 0.3)), 1)
}`;
  const grid = [
    [0.4, 1.9, -0.2],
    [1.1, 0.2, 0.9],
  ];
  const truth = enumerated(6, 2, (z) => {
    const s = (i: number, j: number): number => z[3 * i + j]!;
    let sum = 0;
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++) {
        sum += Math.log(s(i, j) === 1 ? 0.4 : 0.6);
        sum += logNormal(grid[i]![j]!, s(i, j) * ((i > 0 ? s(i - 1, j) : 0.5) + (j < 2 ? s(i, j + 1) : 0.3)));
      }
    return sum;
  });
  const { logEvidence, variables } = (await compile(source).infer({ y: grid }, { backend: 'exact', seed: 1, workers: 0 })).summary();
  expect(logEvidence).toBeCloseTo(truth.logEvidence, 9);
  truth.means.forEach((mean, n) => expect(variables[`s[${Math.floor(n / 3)},${n % 3}]`]!.mean).toBeCloseTo(mean, 9));
});

test('cavi: a test inside of an address is one outside of it', async () => {
  const bound = async (mean: string): Promise<number | null> => {
    const source = `data N: int
data y: real[N]
for k in 0..<2 { sample mu[k] ~ Normal(0.5, 2) }
for n in 0..<N { sample z[n] ~ Bernoulli(0.4) }
for n in 0..<N { observe y[n] ~ Normal(${mean}, 1) }`;
    return (await compile(source).infer({ N, y }, { backend: 'cavi', seed: 1, workers: 0 })).result.elbo;
  };
  const outside = await bound('n > 0 ? mu[z[n - 1]] : mu[0]');
  expect(outside).not.toBeNull();
  expect(await bound('mu[n > 0 ? z[n - 1] : 0]')).toBeCloseTo(outside!, 9);
});
