/**
 * The best of many optima: with six components and a spread of each, most single starts end in a worse
 * one (the first three starts of these seeds in more than half of the runs, as the second test shows).
 */
import { expect, it } from 'vitest';
import { compile } from '../../src/index.js';

const components = 6,
  count = 600;
function data(seed: number, turned: boolean): { readonly x: number[][]; readonly K: number } {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 4294967296;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const centres = Array.from({ length: components }, () => [12 * uniform() - 6, 12 * uniform() - 6] as const);
  const shapes = centres.map(() => [0.3 + 1.2 * uniform(), 0.3 + 1.2 * uniform(), turned ? 3 * uniform() : 0] as const);
  return {
    x: Array.from({ length: count }, () => {
      const k = Math.floor(components * uniform());
      const [s, t, angle] = shapes[k]!,
        a = s * normal(),
        b = t * normal();
      return [centres[k]![0] + Math.cos(angle) * a - Math.sin(angle) * b, centres[k]![1] + Math.sin(angle) * a + Math.cos(angle) * b];
    }),
    K: components,
  };
}
const full =
  'data x: real[N, D] data K: int sample pi ~ Dirichlet(fill(1, K)) for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), 100 * eye(D)) sample S[k] ~ InverseWishart(D + 2, eye(D)) } for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ MvNormal(mu[z[n]], S[z[n]]) }';
const diagonal =
  'data x: real[N, D] data K: int sample pi ~ Dirichlet(fill(1, K)) for k in 0..<K, d in 0..<D { sample mu[k, d] ~ Normal(0, 10) sample v[k, d] ~ InverseGamma(2, 1) } for n in 0..<N { sample z[n] ~ Categorical(pi) for d in 0..<D { observe x[n, d] ~ Normal(mu[z[n], d], variance: v[z[n], d]) } }';

async function bounds(text: string, seeds: number, options: Readonly<Record<string, string>>): Promise<readonly number[]> {
  const program = compile(text),
    given = data(101, text === full),
    out: number[] = [];
  for (let seed = 1; seed <= seeds; seed++)
    out.push((await program.infer(given, { backend: 'cavi', seed, chains: 1, draws: 1, workers: 0, options })).elbo!);
  return out;
}

it.each([
  ['covariance matrices', full],
  ['variances of coordinates', diagonal],
] as const)('six components with %s: every seed finds the same optimum', async (_name, text) => {
  const found = await bounds(text, 5, {});
  expect(Math.max(...found) - Math.min(...found)).toBeLessThan(1e-4);
});
it('which few starts do not', async () => {
  const found = await bounds(full, 5, { restarts: '3' });
  expect(Math.max(...found) - Math.min(...found)).toBeGreaterThan(0.5);
});
