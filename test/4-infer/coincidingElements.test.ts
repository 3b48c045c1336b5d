/**
 * Reports and gradients of finite unknowns that one factor mentions at several addresses, where data make two addresses one, and where no
 * factor stands behind a pair: against the sum over all states.
 */
import { describe, expect, it } from 'vitest';
import { compile, model } from '../../src/index.js';

const logNormal = (x: number, mean: number): number => -0.5 * (x - mean) ** 2 - 0.5 * Math.log(2 * Math.PI);

/** Log sum of exp(logJoint) over all states of as many bits, and the mean of a function under it. */
function summed(
  bits: number,
  logJoint: (z: readonly number[]) => number,
  of: (z: readonly number[]) => number = () => 0,
): { logSum: number; mean: number } {
  let total = 0,
    first = 0;
  for (let state = 0; state < 1 << bits; state++) {
    const z = Array.from({ length: bits }, (_, i) => (state >> i) & 1),
      weight = Math.exp(logJoint(z));
    total += weight;
    first += weight * of(z);
  }
  return { logSum: Math.log(total), mean: first / total };
}
const logBernoulli = (z: number, p: number): number => Math.log(z === 1 ? p : 1 - p);

const prior = 'data y: real[N]\ndata p: unit[N]\nfor n in 0..<N { sample z[n] ~ Bernoulli(p[n]) }\n';
const y = [1.2, 2.5, 0.4, 3.1],
  p = [0.3, 0.6, 0.4, 0.5];

async function reported(source: string, data: Readonly<Record<string, unknown>>): Promise<readonly number[]> {
  const posterior = await compile(source).infer(data, { backend: 'exact', chains: 1, draws: 40_000, warmup: 0, seed: 1, workers: 0 });
  return posterior.mean('s') as readonly number[];
}
function near(found: readonly number[], wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  // Drawn where no table is kept: six standard errors of an indicator.
  found.forEach((x, i) => {
    expect(Math.abs(x - wanted[i]!), `element ${i}: ${x} against ${wanted[i]}`).toBeLessThan((6 * 0.5) / Math.sqrt(40_000));
  });
}

describe('elements that data make one', () => {
  it.each([
    ['a gather', 'g[n]', [0, 0, 2, 1]],
    ['a fixed element', '0', [0, 0, 0, 0]],
    ['the mirror image', 'N-1-n', [3, 2, 1, 0]],
  ])('are one in a report: %s', async (_, address, g) => {
    for (const data of [
      { y, p },
      { y: y.slice(0, 3), p: p.slice(0, 3) },
    ]) {
      const size = data.y.length,
        other = address === 'N-1-n' ? data.y.map((__, n) => size - 1 - n) : g.slice(0, size);
      const logJoint = (z: readonly number[]): number =>
        z.reduce((sum, k, n) => sum + logBernoulli(k, p[n]!) + logNormal(y[n]!, k + 2 * z[other[n]!]!), 0);
      const source = `${address === 'g[n]' ? 'data g: int[N]\n' : ''}${prior}for n in 0..<N { observe y[n] ~ Normal(z[n] + 2 * z[${address}], 1) }\nfor n in 0..<N { report s[n] = z[n] == z[${address}] }`;
      near(
        await reported(source, address === 'g[n]' ? { ...data, g: other } : data),
        other.map((o, n) => summed(size, logJoint, (z) => (z[n] === z[o] ? 1 : 0)).mean),
      );
    }
  });

  it.each(['map', 'laplace'])('are one in the gradient of %s', async (backend) => {
    const g = [0, 0, 0, 3, 4],
      data = [1, 1.2, 0.8, 6, 6.5];
    const density = (a: number): number =>
      -0.005 * a * a +
      summed(5, (z) => z.reduce((sum, k, n) => sum + logBernoulli(k, 0.9) + logNormal(data[n]!, a * (k + z[g[n]!]!)), 0)).logSum;
    let mode = 0;
    for (let a = 2; a < 4; a += 1e-4) if (density(a) > density(mode)) mode = a;
    const posterior = await compile(
      'data y: real[N]\ndata g: int[N]\nsample a ~ Normal(0, 10)\nfor n in 0..<N { sample z[n] ~ Bernoulli(0.9) }\nfor n in 0..<N { observe y[n] ~ Normal(a * (z[n] + z[g[n]]), 1) }',
    ).infer({ y: data, g }, { backend, chains: 1, draws: 20, seed: 1, workers: 0 });
    expect(posterior.converged).toBe(true);
    expect(Math.abs((posterior.mean('a') as number) - mode)).toBeLessThan(2e-4);
  });
});

describe('pairs without a factor', () => {
  it('have a probability: a forecast beyond the data', async () => {
    const source =
      'data y: real[M]\ndata p: unit[N]\nfor n in 0..<N { sample z[n] ~ Bernoulli(p[n]) }\nfor n in 1..<M { observe y[n] ~ Normal(z[n] + 2 * z[n-1], 1) }\nfor n in 1..<N { report s[n-1] = z[n] * z[n-1] }';
    const logJoint = (z: readonly number[]): number =>
      z.reduce((sum, k, n) => sum + logBernoulli(k, p[n]!), 0) + logNormal(y[1]!, z[1]! + 2 * z[0]!);
    near(
      await reported(source, { y: y.slice(0, 2), p }),
      [1, 2, 3].map((n) => summed(4, logJoint, (z) => z[n]! * z[n - 1]!).mean),
    );
  });

  it('have a probability where conditions on data leave factors out', async () => {
    const source = `data use: int[N]\n${prior}for n in 1..<N { if use[n] == 1 { observe y[n] ~ Normal(z[n] + 2 * z[n-1], 1) } }\nfor n in 1..<N { report s[n-1] = z[n] * z[n-1] }`;
    const logJoint = (z: readonly number[]): number =>
      z.reduce((sum, k, n) => sum + logBernoulli(k, p[n]!), 0) + logNormal(y[2]!, z[2]! + 2 * z[1]!);
    near(
      await reported(source, { y, p, use: [1, 0, 1, 0] }),
      [1, 2, 3].map((n) => summed(4, logJoint, (z) => z[n]! * z[n - 1]!).mean),
    );
  });
});

it('a host function may take an array of labels', async () => {
  const squares = (v: ArrayLike<number>): number => Array.from(v).reduce((sum, x) => sum + x * x, 0);
  const posterior = await model`data y: real[N]
    for n in 0..<N { sample z[n] ~ Bernoulli(0.3) }
    for n in 0..<N { observe y[n] ~ Normal(z[n], 1) }
    report s = ${squares}(z)`.infer({ y: [1, 0.5] }, { backend: 'exact', chains: 1, draws: 40_000, warmup: 0, seed: 1, workers: 0 });
  const logJoint = (z: readonly number[]): number => z.reduce((sum, k, n) => sum + logBernoulli(k, 0.3) + logNormal([1, 0.5][n]!, k), 0);
  expect(Math.abs((posterior.mean('s') as number) - summed(2, logJoint, (z) => z[0]! + z[1]!).mean)).toBeLessThan(0.02);
});
