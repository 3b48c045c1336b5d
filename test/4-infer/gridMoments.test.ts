/**
 * Moments of factors that cavi keeps on a grid: those that do not exist are given as none, not as the sum over the
 * grid; those that do exist are right.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

type Row = { readonly mean: number | null; readonly sd: number | null; readonly q50: number | null };
async function rowOf(program: string, data: Record<string, unknown> = {}): Promise<Row & { readonly notes: readonly string[] }> {
  const found = await compile(program).infer(data, { backend: 'cavi', chains: 1, draws: 5, workers: 0, seed: 1 });
  return { ...found.summary().variables['h']!, notes: found.notes.map((n) => n.code) };
}
function integral(f: (y: number) => number, a: number, b: number): number {
  const n = 40_000;
  let sum = f(a) + f(b);
  for (let k = 1; k < n; k++) sum += (k % 2 === 1 ? 4 : 2) * f(a + ((b - a) * k) / n);
  return (sum * (b - a)) / n / 3;
}

describe('moments of factors on a grid', () => {
  it.each(['HalfCauchy(2)', 'Cauchy(3, 2)', 'truncated(Cauchy(0, 1), -inf, 1)', 'truncated(Cauchy(0, 1), 1, inf)'])(
    '%s has none',
    async (law) => {
      expect(await rowOf(`sample h ~ ${law}`)).toMatchObject({ mean: null, sd: null });
    },
  );
  it('a median is right all the same', async () => {
    // P(|C| < 2) = 1/2 for a Cauchy of scale 2.
    expect((await rowOf('sample h ~ HalfCauchy(2)')).q50).toBeCloseTo(2, 8);
  });
  it('a scale seen once has a mean and no standard deviation', async () => {
    // p(h) ~ exp(-1 / (2 h^2)) / (h (1 + h^2)): E h^2 diverges like the integral of 1 / h. Integrated over log h.
    const density = (y: number): number => Math.exp(-0.5 * Math.exp(-2 * y)) / (1 + Math.exp(2 * y));
    const mean = integral((y) => Math.exp(y) * density(y), -3, 40) / integral(density, -3, 40);
    const { mean: found, sd } = await rowOf('data y: real sample h ~ HalfCauchy(1) observe y ~ Normal(0, h)', { y: 1 });
    expect(found).toBeCloseTo(mean, 6);
    expect(sd).toBeNull();
  });
  it('a third degree of freedom gives a variance', async () => {
    // Var t_3 = 3.
    const { mean, sd } = await rowOf('sample h ~ truncated(StudentT(3, 0, 1), -inf, inf)');
    expect(mean).toBeCloseTo(0, 6);
    expect(sd).toBeCloseTo(Math.sqrt(3), 4);
  });
  it('light tails have all moments, also far from zero and under truncation', async () => {
    const { mean, sd } = await rowOf('sample h ~ truncated(Normal(0, 1), 8, inf)');
    // E = phi(8) / (1 - Phi(8)); the values are R's dnorm and pnorm to 12 digits.
    expect(mean).toBeCloseTo(5.05227108353689e-15 / 6.22096057427178e-16, 6);
    expect(sd).toBeCloseTo(
      Math.sqrt(1 + 8 * (5.05227108353689e-15 / 6.22096057427178e-16) - (5.05227108353689e-15 / 6.22096057427178e-16) ** 2),
      5,
    );
    const logistic = await rowOf('sample h ~ Logistic(1e6, 2)');
    expect(logistic.mean).toBeCloseTo(1e6, 6);
    expect(logistic.sd).toBeCloseTo((2 * Math.PI) / Math.sqrt(3), 6);
  });
  it('counts of a rate whose logarithm has a wide prior', async () => {
    // p(h) ~ exp(2000 h - 2 exp(h) - h^2 / 200), integrated around log 1000.
    const top = Math.log(1000);
    const density = (d: number): number => Math.exp(2000 * (d - Math.expm1(d)) - ((top + d) ** 2 - top ** 2) / 200);
    const total = integral(density, -0.5, 0.5),
      shift = integral((d) => d * density(d), -0.5, 0.5) / total;
    const variance = integral((d) => (d - shift) ** 2 * density(d), -0.5, 0.5) / total;
    const { mean, sd } = await rowOf('data y: int[N] sample h ~ Normal(0, 10) observe y ~ Poisson(exp(h))', { y: [1000, 1000] });
    expect(mean).toBeCloseTo(top + shift, 8);
    expect(sd).toBeCloseTo(Math.sqrt(variance), 8);
  });
});
