/**
 * Counts of 0 where the rate of an unknown may be 0 as well: 0 times the logarithm of 0 is 0. Truth by enumeration, with what is
 * integrated out in closed form.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { lgamma } from '../../src/numeric/special/gamma.js';

async function summary(source: string, data: Record<string, unknown>, backend: string, options: Record<string, string> = {}) {
  const draws = backend === 'gibbs' || backend === 'mh' ? { chains: 2, warmup: 1000, draws: backend === 'mh' ? 20_000 : 8000 } : {};
  return (await compile(source).infer(data, { backend, seed: 2, workers: 0, options, ...draws })).summary();
}
/** Within 4.5 standard errors (10 numbers of draws in this file: a false alarm in one of 14,000 seeds), or the last digits where it is exact. */
function near(own: { readonly mean: number | null; readonly mcse: number | null }, truth: number): void {
  expect(Math.abs(own.mean! - truth)).toBeLessThan(own.mcse === null ? 1e-9 : 4.5 * own.mcse);
}

describe('alleles 0, 1, 2 that multiply a rate', () => {
  const y = [1, 2, 0, 0, 5];
  const source = `data y: int[N]  sample q ~ Beta(1, 1)  sample r ~ Gamma(2, 1)
    for i in 0..<N { sample z[i] ~ Binomial(2, q)  observe y[i] ~ Poisson(r * z[i]) }`;
  // q and r are conjugate given z: sum over the 3^5 configurations of z.
  let total = 0,
    q = 0,
    r = 0,
    third = 0;
  const events = y.reduce((a, b) => a + b, 0);
  for (let code = 0; code < 3 ** y.length; code++) {
    const z = y.map((_, i) => Math.floor(code / 3 ** i) % 3),
      sum = z.reduce((a, b) => a + b, 0);
    const choices = z.reduce((product, v) => product * (v === 1 ? 2 : 1), 1);
    const a = 1 + sum,
      b = 1 + 2 * y.length - sum;
    const likelihood = y.reduce((log, c, i) => log + (c === 0 ? 0 : c * Math.log(z[i]!)) - lgamma(c + 1), 0);
    const weight =
      choices *
      Math.exp(lgamma(a) + lgamma(b) - lgamma(a + b) + likelihood + lgamma(2 + events) - lgamma(2) - (2 + events) * Math.log(1 + sum));
    total += weight;
    q += (weight * a) / (a + b);
    r += (weight * (2 + events)) / (1 + sum);
    third += weight * z[2]!;
  }

  it.each(['exact', 'gibbs', 'mh'])('%s', async (backend) => {
    const { variables, logEvidence } = await summary(source, { y }, backend);
    near(variables['q']!, q / total);
    near(variables['r']!, r / total);
    near(variables['z[2]']!, third / total);
    if (backend === 'exact') expect(logEvidence).toBeCloseTo(Math.log(total), 9);
  });
  it('cavi has a bound, below the evidence', async () => {
    const { variables, elbo } = await summary(source, { y }, 'cavi');
    expect(variables['z[2]']!.mean).toBeGreaterThan(0);
    expect(elbo).toBeLessThan(Math.log(total));
    expect(elbo).toBeGreaterThan(Math.log(total) - 3);
    // One factor for each allele by itself is what there is without the option.
    expect((await summary(source, { y }, 'cavi', { block: 'z' })).elbo).toBeCloseTo(elbo!, 6);
  });
});

describe('a Poisson number of Poisson numbers', () => {
  const rate = 1.5;
  it.each([
    ['gibbs', 0],
    ['mh', 0],
    ['gibbs', 2],
    ['mh', 2],
  ])('%s, %i events', async (backend, y) => {
    let total = 0,
      mean = 0;
    for (let z = 0; z < 60; z++) {
      const likelihood = z === 0 ? (y === 0 ? 1 : 0) : Math.exp(y * Math.log(rate * z) - rate * z);
      const weight = Math.exp(z * Math.log(2) - lgamma(z + 1)) * likelihood;
      total += weight;
      mean += weight * z;
    }
    const source = `data y: int  sample z ~ Poisson(2)  observe y ~ Poisson(${rate} * z)`;
    near((await summary(source, { y }, backend)).variables['z']!, mean / total);
  });
});

describe('cavi where a value has probability 0', () => {
  it.each([
    ['Categorical', 'for i in 0..<N { observe y[i] ~ Categorical([v / 4, 1 - v / 4]) }', (v: number) => [v / 4, 1 - v / 4]],
    ['Bernoulli', 'for i in 0..<N { observe y[i] ~ Bernoulli(v / 4) }', (v: number) => [1 - v / 4, v / 4]],
    ['Geometric', 'for i in 0..<N { observe y[i] ~ Geometric(v / 4) }', (v: number) => [v / 4, (1 - v / 4) * (v / 4)]],
  ])('%s', async (_, statement, masses) => {
    const y = [0, 1, 0, 0];
    let total = 0,
      mean = 0;
    for (let v = 0; v <= 4; v++) {
      const weight = y.reduce((product, c) => product * masses(v)[c]!, 0.2);
      total += weight;
      mean += weight * v;
    }
    const { variables, elbo } = await summary(`data y: int[N]  sample v ~ DiscreteUniform(0, 4)  ${statement}`, { y }, 'cavi');
    expect(variables['v']!.mean).toBeCloseTo(mean / total, 9);
    // One unknown: the bound is the evidence.
    expect(elbo).toBeCloseTo(Math.log(total), 9);
  });
  it('zeros of a label that makes the rate 0', async () => {
    const y = [0, 0, 3, 2, 0];
    const source = `data y: int[N]  for i in 0..<N { sample z[i] ~ Bernoulli(0.4)  observe y[i] ~ Poisson(z[i] ? 0 : 2) }`;
    const { variables, elbo } = await summary(source, { y }, 'cavi');
    expect(variables['z[0]']!.mean).toBeCloseTo(0.4 / (0.4 + 0.6 * Math.exp(-2)), 9);
    expect(variables['z[2]']!.mean).toBeCloseTo(0, 12);
    const truth = y.reduce((log, c) => log + Math.log((c === 0 ? 0.4 : 0) + 0.6 * Math.exp(c * Math.log(2) - 2 - lgamma(c + 1))), 0);
    expect(elbo).toBeCloseTo(truth, 9);
  });
});

describe('counts that are 0 in excess, at a known rate', () => {
  const counts = [2, 0, 0, 3];
  const source = (unknown: string): string => `data c: int[N]
${unknown}
for n in 0..<N { sample z[n] ~ Bernoulli(0.6)  observe c[n] ~ Poisson(z[n] * 2.5)  observe c[n] ~ Normal(a + z[n], 1) }`;
  const logLikelihood = (a: number): number =>
    counts.reduce((sum, c) => {
      const normal = (mean: number): number => Math.exp(-0.5 * (c - mean) ** 2) / Math.sqrt(2 * Math.PI);
      const poisson = Math.exp(c * Math.log(2.5) - 2.5 - lgamma(c + 1));
      return sum + Math.log(0.6 * poisson * normal(a + 1) + (c === 0 ? 0.4 * normal(a) : 0));
    }, 0);
  it('cavi has its bound, which is the evidence: labels are independent', async () => {
    const posterior = await compile(source('let a = 0')).infer({ c: counts }, { backend: 'cavi', seed: 1, workers: 0 });
    expect(posterior.elbo).toBeCloseTo(logLikelihood(0), 9);
  });
  it('em finds the maximum', async () => {
    const posterior = await compile(source('param a: real')).infer({ c: counts }, { backend: 'em', seed: 1, workers: 0 }),
      found = posterior.summary().variables['a']!.mean!;
    expect(posterior.logLikelihood).toBeCloseTo(logLikelihood(found), 9);
    for (const other of [found - 0.01, found + 0.01, -1, 1, 2]) expect(logLikelihood(other)).toBeLessThan(logLikelihood(found));
  });
});

describe('visits to sites, of which some are empty', () => {
  const logs = (y: readonly (readonly number[])[]): { evidence: number; occupied: readonly number[] } => {
    const weights = y.map((visits) => ({
      empty: visits.includes(1) ? 0 : 0.5,
      full: visits.reduce((product, v) => product * (v === 1 ? 0.4 : 0.6), 0.5),
    }));
    return {
      evidence: weights.reduce((sum, { empty, full }) => sum + Math.log(empty + full), 0),
      occupied: weights.map(({ empty, full }) => full / (empty + full)),
    };
  };
  const visits = (length: number, seen: number): readonly number[] => Array.from({ length }, (_, j) => (j < seen ? 1 : 0));
  it.each(
    [
      'Bernoulli(0.4 * z[i])',
      'Bernoulli(1 - (1 - 0.4 * z[i]))',
      'Categorical([1 - 0.4 * z[i], 0.4 * z[i]])',
      'Binomial(1, 0.4 * z[i])',
    ].flatMap((law) => [2, 12].flatMap((number) => ['cavi', 'exact'].map((backend) => [law, number, backend] as const))),
  )('%s, %i times, by %s', async (law, number, backend) => {
    const y = [visits(number, 0), visits(number, 1), visits(number, 0)],
      truth = logs(y);
    const { variables, elbo, logEvidence } = await summary(
      `data y: int[I, J]  for i in 0..<I { sample z[i] ~ Bernoulli(0.5)  for j in 0..<J { observe y[i, j] ~ ${law} } }`,
      { y },
      backend,
    );
    // One unknown in each factor: the bound is the evidence.
    expect(elbo ?? logEvidence).toBeCloseTo(truth.evidence, 9);
    truth.occupied.forEach((p, i) => {
      expect(variables[`z[${i}]`]!.mean).toBeCloseTo(p, 9);
    });
  });
});
