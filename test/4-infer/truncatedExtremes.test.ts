/**
 * Programs with truncation to intervals whose mass underflows: density and gradient at a point, maximum, and draws, by quadrature of
 * the law's own kernel.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

/** log of the mass of exp(log kernel) on low..high relative to its value at `top`, by the midpoint rule. */
function logMass(logKernel: (x: number) => number, low: number, high: number, top: number, steps = 50_000): number {
  let sum = 0;
  for (let k = 0; k < steps; k++) sum += Math.exp(logKernel(low + ((k + 0.5) * (high - low)) / steps) - logKernel(top));
  return Math.log((sum * (high - low)) / steps);
}

describe('a truncation far out in a tail', () => {
  const program = compile('data x: real\nsample mu ~ Normal(0, 100)\nobserve x ~ truncated(Normal(mu, 1), 50, 51)');
  it('has a finite density and gradient at a point', () => {
    const density = program.logDensity({ x: 50.02 });
    const own = (mu: number): number =>
      -0.5 * (mu / 100) ** 2 -
      Math.log(100) -
      0.5 * Math.log(2 * Math.PI) -
      0.5 * (50.02 - mu) ** 2 +
      0.5 * (50 - mu) ** 2 -
      logMass((x) => -0.5 * (x - mu) ** 2, 50, 51, 50);
    expect(Math.abs(density({ mu: 0 }) - own(0))).toBeLessThan(1e-6);
    const slope = (own(0.001) - own(-0.001)) / 0.002;
    expect(Math.abs((density.gradient({ mu: 0 })['mu'] as number) - slope)).toBeLessThan(1e-6);
  });
  it.each([
    ['Laplace(0, 1), 800, 801', (x: number) => -x, 800, 801],
    ['StudentT(150, 0, 1), 10000, 20000', (x: number) => (-151 / 2) * Math.log1p((x * x) / 150), 10000, 20000],
    ['Gumbel(0, 1), -8, -7', (x: number) => -x - Math.exp(-x), -8, -7],
    ['ChiSquared(3), 2000, 2020', (x: number) => 0.5 * Math.log(x) - 0.5 * x, 2000, 2020],
    ['Weibull(2, 1), 30, 30.2', (x: number) => Math.log(x) - x * x, 30, 30.2],
  ] as const)('draws of truncated(%s) have the law', (law, kernel, low, high) => {
    const draws = compile(`sample v ~ truncated(${law})`)
      .sample({}, { count: 4000, seed: 5 })
      .map((d) => d['v'] as number)
      .sort((a, b) => a - b);
    const top = kernel(low) > kernel(high) ? low : high,
      whole = logMass(kernel, low, high, top);
    // Dvoretzky, Kiefer and Wolfowitz at 1e-7.
    const bound = Math.sqrt(Math.log(2 / 1e-7) / (2 * draws.length));
    for (let k = 199; k < draws.length; k += 400) {
      const x = draws[k]!,
        below = Math.exp(logMass(kernel, low, x, top, 20_000) - whole);
      expect(Math.abs(below - (k + 1) / draws.length)).toBeLessThan(bound);
    }
  });
  it('has a maximum of its likelihood', async () => {
    // On 50..51 the mean of the observations, 50.3, is that of an exponential-like law: solved here by bisection.
    const data = [50.1, 50.2, 50.3, 50.4, 50.5],
      mean = 50.3;
    const meanAt = (mu: number): number => {
      let mass = 0,
        first = 0;
      for (let k = 0; k < 20_000; k++) {
        const x = 50 + (k + 0.5) / 20_000,
          w = Math.exp(-0.5 * (x - mu) ** 2 + 0.5 * (50 - mu) ** 2);
        mass += w;
        first += w * x;
      }
      return first / mass;
    };
    let low = 0,
      high = 51;
    for (let k = 0; k < 60; k++) {
      const middle = 0.5 * (low + high);
      if (meanAt(middle) < mean) low = middle;
      else high = middle;
    }
    const fit = await compile('data x: real[N]\nparam mu: real\nfor n in 0..<N { observe x[n] ~ truncated(Normal(mu, 1), 50, 51) }').infer(
      { x: data },
      { backend: 'map', seed: 1 },
    );
    expect(Math.abs((fit.mean('mu') as number) - low)).toBeLessThan(1e-3);
  });
});
