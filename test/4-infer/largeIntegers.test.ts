/**
 * Whole numbers that do not fit into 32 bits: powers, sums and products of data, counts without a largest value.
 * Truth: arithmetic of BigInt, the closed form of a regression, moments of the laws.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backends } from '../../src/4-infer/registry.js';
import { boundModel } from '../compiled.js';
import { compile } from '../../src/index.js';

describe('whole numbers beyond 32 bits', () => {
  const x = [1980, 1985, 1990, 1995, 2000],
    y = [7.8, 7.8, 7.9, 7.9, 8];
  const program = `data x: int[N]
data y: real[N]
sample b ~ Normal(0, 1)
for n in 0..<N {
  let q = x[n]^3
  observe y[n] ~ Normal(b * q, 1)
}
report total = sum(x[n]^3 for n in 0..<N)`;
  const cubes = x.map((v) => v ** 3);
  const precision = 1 + cubes.reduce((sum, q) => sum + q * q, 0),
    mean = cubes.reduce((sum, q, n) => sum + q * y[n]!, 0) / precision,
    sd = Math.sqrt(1 / precision);

  it.each([...backends.values()].filter(({ gives }) => gives !== 'estimates').map(({ name }) => name))(
    '%s reads a cube of years as it is',
    async (backend) => {
      const run = await compile(program).infer({ x, y }, { backend, seed: 1, workers: 0 });
      const { b, total } = run.summary().variables;
      // Chains have at least 400 effective draws of a mean whose error is then below sd / 20; five of those.
      expect(Math.abs(b!.mean! - mean)).toBeLessThan(sd / 4);
      expect(total!.mean).toBe(cubes.reduce((sum, q) => sum + q, 0));
    },
  );

  it('reports are those of exact arithmetic (random sums and products)', async () => {
    const whole = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(whole, { minLength: 1, maxLength: 5 }), fc.integer({ min: -3, max: 3 }), async (list, factor) => {
        const source = `data k: int[N]\nreport s = sum(k)\nreport p = k[0] * ${factor} + k[0]\nreport c = cumsum(k)\nreport big = k[0] * 65536`;
        const { variables } = (await compile(source).infer({ k: list }, { backend: 'exact', draws: 2, workers: 0 })).summary();
        const sum = list.reduce((total, v) => total + BigInt(v), 0n);
        expect(BigInt(variables.s!.mean!)).toBe(sum);
        expect(BigInt(variables.p!.mean!)).toBe(BigInt(list[0]!) * BigInt(factor + 1));
        expect(BigInt(variables[`c[${list.length - 1}]`]!.mean!)).toBe(sum);
        expect(BigInt(variables.big!.mean!)).toBe(BigInt(list[0]!) * 65536n);
      }),
      { seed: 3, numRuns: 30 },
    );
  });

  // 4000 draws: the error of a mean is sd / 63 or, in a walk, at most sd / 20; five of them.
  it.each(['exact', 'gibbs', 'mh'])('%s draws counts without a largest value', async (backend) => {
    const source = 'sample k ~ Poisson(4e9)\nsample x ~ Normal(3e9, 1)\nreport f = floor(x)\nreport twice = 2 * k';
    const { variables } = (await compile(source).infer({}, { backend, draws: 1000, seed: 2, workers: 0 })).summary();
    const sdOfCount = Math.sqrt(4e9);
    expect(Math.abs(variables.k!.mean! - 4e9)).toBeLessThan(sdOfCount / 4);
    expect(Math.abs(variables.twice!.mean! - 8e9)).toBeLessThan(sdOfCount / 2);
    expect(Math.abs(variables.f!.mean! - (3e9 - 0.5))).toBeLessThan(1 / 4);
  });

  it('predictions and ancestral draws as well', async () => {
    const model = compile('data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)\npredict k ~ Poisson(1e10)');
    const { variables } = (await model.infer({ y: [1] }, { backend: 'gibbs', draws: 500, seed: 2, workers: 0 })).summary();
    expect(Math.abs(variables.k!.mean! - 1e10)).toBeLessThan(1e5 / 8);
    const draws = Array.from({ length: 200 }, (_, seed) => compile('sample k ~ Poisson(1e10)').sample({}, { seed }).k as number);
    expect(Math.abs(draws.reduce((sum, k) => sum + k, 0) / 200 - 1e10)).toBeLessThan((5 * 1e5) / Math.sqrt(200));
  });

  it('labels, indices and what is computed of them stay in 32 bits', () => {
    const bound = boundModel(
      'data g: int[N]\nlet h = g[0] + 1\nfor n in 0..<N { sample z[n] ~ Categorical([0.5, 0.5])\n let w = z[n] + g[n] }\nsample c ~ Poisson(3)',
      { g: [1, 2] },
    );
    const held = (name: string): string => bound.variables.get(name)!.values.constructor.name;
    expect(['g', 'h', 'z', 'w', 'c'].map(held)).toEqual(['Int32Array', 'Int32Array', 'Int32Array', 'Int32Array', 'Float64Array']);
  });
});
