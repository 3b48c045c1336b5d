/**
 * Params that a recursive `let` follows, estimated by `em`: least squares where the recursion is all there is, and the maximum of
 * the likelihood by hand (labels summed over, Normals by their variances) on a grid around the estimate elsewhere.
 */
import { describe, expect, it } from 'vitest';
import { compile, type Posterior } from '../../src/index.js';
import { normalLogPdf } from './exactTruth.js';

const y = [0.5, 1, 2, -1, 1.3, 2, 0.8, 2.2];
const recursion = 'let h[0] = 0.3\nfor n in 1..<N { let h[n] = 0.5 * h[n - 1] + a }';
/** h[n] for a value of a. */
function followed(a: number): readonly number[] {
  const h = [0.3];
  for (let n = 1; n < y.length; n++) h[n] = 0.5 * h[n - 1]! + a;
  return h;
}
const estimate = (source: string): Promise<Posterior> =>
  compile(source).infer({ N: y.length, y }, { backend: 'em', workers: 0, options: { restarts: 3 } });
const meanOf = (posterior: Posterior, name: string): number => posterior.summary().variables[name]!.mean!;
const total = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0);

/** The estimate has the likelihood that it says, and none beside it has a larger one. */
function expectMaximum(posterior: Posterior, logLikelihood: (a: number) => number): void {
  const a = meanOf(posterior, 'a');
  expect(posterior.converged).toBe(true);
  expect(posterior.result.logLikelihood!).toBeCloseTo(logLikelihood(a), 6);
  for (const step of [-0.1, -0.01, 0.01, 0.1]) expect(logLikelihood(a + step)).toBeLessThan(logLikelihood(a));
}

describe('a param that a recursion follows is estimated', () => {
  it('by least squares where the recursion is the mean', async () => {
    const posterior = await estimate(`data y: real[N]\nparam a: real\n${recursion}\nfor n in 0..<N { observe y[n] ~ Normal(h[n], 0.5) }`);
    const [constant, slope] = [followed(0), followed(1).map((h, n) => h - followed(0)[n]!)];
    const best = total(slope.map((s, n) => s * (y[n]! - constant[n]!))) / total(slope.map((s) => s * s));
    expect(meanOf(posterior, 'a')).toBeCloseTo(best, 6);
    expectMaximum(posterior, (a) => total(followed(a).map((h, n) => normalLogPdf(y[n]!, h, 0.5))));
  });

  it('beside a scale with a maximum in closed form', async () => {
    const posterior = await estimate(
      `data y: real[N]\nparam a: real\nparam s: positive\n${recursion}\nfor n in 0..<N { observe y[n] ~ Normal(h[n], s) }`,
    );
    const s = meanOf(posterior, 's');
    expectMaximum(posterior, (a) => total(followed(a).map((h, n) => normalLogPdf(y[n]!, h, s))));
    expect(s).toBeCloseTo(Math.sqrt(total(followed(meanOf(posterior, 'a')).map((h, n) => (y[n]! - h) ** 2)) / y.length), 6);
  });

  it('beside labels that say where the recursion counts', async () => {
    const posterior = await estimate(
      `data y: real[N]\nparam a: real\n${recursion}\nfor n in 0..<N { sample z[n] ~ Bernoulli(0.5)  observe y[n] ~ Normal(z[n] == 1 ? h[n] : -1, 0.5) }`,
    );
    expectMaximum(posterior, (a) =>
      total(
        followed(a).map((h, n) => Math.log(0.5 * Math.exp(normalLogPdf(y[n]!, h, 0.5)) + 0.5 * Math.exp(normalLogPdf(y[n]!, -1, 0.5)))),
      ),
    );
  });

  it('beside Normals around it', async () => {
    const posterior = await estimate(
      `data y: real[N]\nparam a: real\n${recursion}\nfor n in 0..<N { sample x[n] ~ Normal(h[n], 1)  observe y[n] ~ Normal(x[n], 0.5) }`,
    );
    expectMaximum(posterior, (a) => total(followed(a).map((h, n) => normalLogPdf(y[n]!, h, Math.sqrt(1.25)))));
  });

  it('through a definition between them', async () => {
    const posterior = await estimate(
      `data y: real[N]\nparam a: real\nlet b = 0.5 * a\nlet h[0] = 0.3\nfor n in 1..<N { let h[n] = 0.5 * h[n - 1] + 2 * b }\nlet g = h[1]^2\nfor n in 0..<N { observe y[n] ~ Normal(h[n] + g, 0.5) }`,
    );
    expectMaximum(posterior, (a) => total(followed(a).map((h, n) => normalLogPdf(y[n]!, h + followed(a)[1]! ** 2, 0.5))));
  });
});
