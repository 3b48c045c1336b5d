/**
 * Probabilities that a program writes out, as [r, 1 - r], of an r that its own law does not keep between 0 and 1: nothing has a
 * density where one of them is below 0, though the data may only have values whose probabilities are above. Truth by quadrature.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

const cases: readonly { readonly name: string; readonly source: string; readonly data: Readonly<Record<string, unknown>> }[] = [
  {
    name: 'Categorical',
    source: 'data y: int[N] sample r ~ Normal(0.5, 2) observe y ~ Categorical([r, 1 - r])',
    data: { y: [1, 1, 1] },
  },
  {
    name: 'Categorical by a let',
    source: 'data y: int[N] sample r ~ Normal(0.5, 2) let p = [r, 1 - r] observe y ~ Categorical(p)',
    data: { y: [1, 1, 1] },
  },
  {
    name: 'Multinomial',
    source: 'data y: int[K] sample r ~ Normal(0.5, 2) observe y ~ Multinomial(3, [r, 1 - r])',
    data: { y: [0, 3] },
  },
];

/** Mean and standard deviation of r under Normal(r | 0.5, 2) (1 - r)^3 on [0, 1], by Simpson's rule. */
function truth(): { readonly mean: number; readonly sd: number } {
  const cells = 2000;
  const sums = [0, 0, 0];
  for (let k = 0; k <= cells; k++) {
    const r = k / cells,
      weight = (k === 0 || k === cells ? 1 : k % 2 === 1 ? 4 : 2) * Math.exp(-0.5 * ((r - 0.5) / 2) ** 2) * (1 - r) ** 3;
    sums.forEach((_, power) => {
      sums[power]! += weight * r ** power;
    });
  }
  const mean = sums[1]! / sums[0]!;
  return { mean, sd: Math.sqrt(sums[2]! / sums[0]! - mean * mean) };
}

describe.each(cases)('$name of probabilities below 0', ({ source, data }) => {
  const model = compile(source),
    { mean, sd } = truth();

  it('has no density', () => {
    const density = model.logDensity(data);
    expect(density({ r: -0.5 })).toBe(-Infinity);
    expect(density({ r: 1.5 })).toBe(-Infinity);
    expect(density({ r: 0.25 })).toBeCloseTo(-0.5 * 0.125 ** 2 - Math.log(2) - 0.5 * Math.log(2 * Math.PI) + 3 * Math.log(0.75), 12);
  });

  it.each(['gibbs', 'mh'])('is not visited by %s', async (backend) => {
    const p = await model.infer(data, { backend, seed: 5, draws: 4000, workers: 0 });
    expect(p.warnings).toEqual([]);
    const draws = Array.from(p.draws('r'));
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThanOrEqual(1);
    const { mcse } = p.summary().variables['r']!;
    expect(Math.abs((p.mean('r') as number) - mean)).toBeLessThan(4.5 * mcse!);
    expect(Math.abs((p.sd('r') as number) - sd)).toBeLessThan(0.02);
  });

  it('is no place for a maximum', async () => {
    // (1 - r)^3 falls from r = 0 on, faster than the prior rises.
    const p = await model.infer(data, { backend: 'map', seed: 5, workers: 0 });
    expect(Math.abs(p.mean('r') as number)).toBeLessThan(1e-3);
  });
});
