/**
 * A label that says how many terms of a sum count (`cumsum(m)[z]`): which elements of a Gaussian block meet is known for no label in
 * particular, so all that may meet have a place. Truth: every configuration of the labels enumerated, each a linear Gaussian model in two
 * dimensions (Bishop 2006, 3.50 and 3.51, with its evidence). False alarms: 24 z-scores with limit 5, 1.4e-5 together; power: means are
 * known to 0.01 posterior standard deviations, and a label less in the sum shifts them by tenths.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/index.js';

const y = [0.3, 1.9, 2.4],
  sd = 0.7,
  p = 0.4;
const programs: Readonly<Record<string, string>> = {
  cumulated: 'let c = cumsum(m)',
  'summed by a loop': 'for k in 0..<2 { let c[k] = sum(m[j] for j in 0..k) }',
  'summed from behind': 'for k in 0..<2 { let c[k] = sum(m[1 - j] for j in (1 - k)..<2) }',
};

/** Means of m[0], m[1] and of the labels. */
function truth(): readonly number[] {
  const total = new Float64Array(2 + y.length);
  let evidence = 0;
  for (let configuration = 0; configuration < 2 ** y.length; configuration++) {
    const z = y.map((_, n) => (configuration >> n) & 1);
    // Precision I + A'A / sd^2 and potential 1 + A'y / sd^2, a row (1, z) of A for each observation.
    let p00 = 1,
      p01 = 0,
      p11 = 1,
      h0 = 1,
      h1 = 1,
      prior = 1;
    for (const [n, label] of z.entries()) {
      p00 += 1 / sd ** 2;
      p01 += label / sd ** 2;
      p11 += label / sd ** 2;
      h0 += y[n]! / sd ** 2;
      h1 += (label * y[n]!) / sd ** 2;
      prior *= label === 1 ? p : 1 - p;
    }
    const determinant = p00 * p11 - p01 ** 2,
      m0 = (p11 * h0 - p01 * h1) / determinant,
      m1 = (p00 * h1 - p01 * h0) / determinant,
      weight = (prior * Math.exp((h0 * m0 + h1 * m1) / 2)) / Math.sqrt(determinant);
    evidence += weight;
    for (const [i, value] of [m0, m1, ...z].entries()) total[i]! += weight * value;
  }
  return [...total].map((x) => x / evidence);
}

describe.each(Object.entries(programs))('%s', (_, definition) => {
  const source = `data y: real[N]
    for k in 0..<2 { sample m[k] ~ Normal(1, 1) }
    ${definition}
    for n in 0..<N {
      sample z[n] ~ Bernoulli(${p})
      observe y[n] ~ Normal(c[z[n]], ${sd})
    }`;
  it.each(['gibbs', 'exact'])('has its posterior by %s', async (backend) => {
    const { variables } = (await compile(source).infer({ y }, { backend, draws: 10_000, seed: 3, workers: 0 })).summary();
    const expected = truth();
    for (const [i, name] of ['m[0]', 'm[1]', 'z[0]', 'z[1]', 'z[2]'].entries()) {
      const { mean, mcse } = variables[name]!;
      if (backend === 'exact') expect(mean, name).toBeCloseTo(expected[i]!, 10);
      else expect(Math.abs(mean! - expected[i]!) / mcse!, name).toBeLessThan(5);
    }
  });
});
