/**
 * Variates against their distribution functions: the largest distance over 100,000 draws at fixed
 * seeds, with the bound of Dvoretzky, Kiefer and Wolfowitz for a false alarm of 1e-7 (see law.ts).
 * Vectors and matrices by projections whose law is known; slice samplers by one transition from
 * exact draws, which must leave the law and be reversible.
 */
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/random/generator.js';
import { bernoulli, categorical, discreteUniform, negativeBinomial } from '../../src/random/variates/counts.js';
import { beta, gamma, inverseGamma, logGamma } from '../../src/random/variates/gamma.js';
import { binomial } from '../../src/random/variates/binomial.js';
import {
  cauchy,
  exponential,
  laplace,
  normal,
  normalDraw,
  pareto,
  studentT,
  uniform,
  weibull,
} from '../../src/random/variates/continuous.js';
import { dirichlet, multinomial, mvNormal, mvNormalFromCholesky } from '../../src/random/variates/vectors.js';
import { inverseWishart, wishart } from '../../src/random/variates/matrices.js';
import { poisson } from '../../src/random/variates/poisson.js';
import { powerLaw, tiltedUniform, truncatedExponential } from '../../src/random/variates/powers.js';
import { sliceSample, sliceSampleInteger } from '../../src/random/sliceSampling.js';
import { truncatedBeta, truncatedGamma, truncatedInverseGamma } from '../../src/random/variates/truncatedGamma.js';
import { truncatedNormal } from '../../src/random/variates/truncatedNormal.js';
import { betaI } from '../../src/numeric/special/incompleteBeta.js';
import { digamma, lgamma } from '../../src/numeric/special/gamma.js';
import { gammaP, gammaQ } from '../../src/numeric/special/incompleteGamma.js';
import { logPhi, Phi } from '../../src/numeric/special/normal.js';
import { studentCdf } from '../../src/numeric/special/student.js';
import { distance, dkwBound, expectLaw, expectMean, zBound } from './law.js';

const count = 100_000;
function take(name: string, draw: (random: Random) => number, n: number = count): Float64Array {
  const random = createRandom('1', name);
  return Float64Array.from({ length: n }, () => draw(random));
}

describe('continuous variates follow their laws', () => {
  const laws: readonly (readonly [name: string, draw: (random: Random) => number, cdf: (x: number) => number])[] = [
    ['uniform', uniform, (x) => x],
    ['normal', normal, Phi],
    ['normalDraw(2, 0.5)', (r) => normalDraw(r, 2, 0.5), (x) => Phi((x - 2) / 0.5)],
    ['exponential(3)', (r) => exponential(r, 3), (x) => -Math.expm1(-3 * x)],
    ...[0.02, 0.5, 0.99, 1, 2.5, 300].map(
      (shape) => [`gamma(${shape}, 2)`, (r: Random) => gamma(r, shape, 2), (x: number) => gammaP(shape, 2 * x)] as const,
    ),
    ...[0.02, 0.7, 3].map(
      (shape) => [`inverseGamma(${shape}, 2)`, (r: Random) => inverseGamma(r, shape, 2), (x: number) => gammaQ(shape, 2 / x)] as const,
    ),
    // P(log G <= t) = e^(a t) / Gamma(a + 1) far below 0.
    ['logGamma(1e-5)', (r) => logGamma(r, 1e-5), (t) => (t < -40 ? Math.exp(1e-5 * t - lgamma(1 + 1e-5)) : gammaP(1e-5, Math.exp(t)))],
    ['logGamma(4)', (r) => logGamma(r, 4), (t) => gammaP(4, Math.exp(t))],
    ...(
      [
        [0.3, 0.4],
        [2, 3],
        [0.5, 20],
        [400, 100],
      ] as const
    ).map(([a, b]) => [`beta(${a}, ${b})`, (r: Random) => beta(r, a, b), (x: number) => betaI(x, a, b)] as const),
    ['studentT(3)', (r) => studentT(r, 3), (x) => studentCdf(x, 3)],
    ['studentT(0.6)', (r) => studentT(r, 0.6), (x) => studentCdf(x, 0.6)],
    ['cauchy', cauchy, (x) => 0.5 + Math.atan(x) / Math.PI],
    ['laplace', laplace, (x) => (x < 0 ? 0.5 * Math.exp(x) : 1 - 0.5 * Math.exp(-x))],
    ['weibull(1.7, 2)', (r) => weibull(r, 1.7, 2), (x) => -Math.expm1(-((x / 2) ** 1.7))],
    ['pareto(2, 1.3)', (r) => pareto(r, 2, 1.3), (x) => 1 - (2 / x) ** 1.3],
  ];
  for (const [name, draw, cdf] of laws)
    it(name, () => {
      expectLaw(take(name, draw), cdf, name);
    });

  it('and a scale that is 10 % off is caught', () => {
    for (const [draw, cdf] of [
      [(r: Random) => 1.1 * normal(r), Phi],
      [(r: Random) => 1.1 * gamma(r, 2.5, 1), (x: number) => gammaP(2.5, x)],
      [(r: Random) => 1.1 * exponential(r, 1), (x: number) => -Math.expm1(-x)],
    ] as const) {
      expect(distance(take('off', draw), cdf)).toBeGreaterThan(dkwBound(count));
    }
  });

  it('with the right means and variances', () => {
    const moments: readonly (readonly [string, (r: Random) => number, number, number])[] = [
      ['gamma', (r) => gamma(r, 0.4, 2), 0.2, 0.1],
      ['gamma', (r) => gamma(r, 7, 2), 3.5, 1.75],
      ['beta', (r) => beta(r, 2, 3), 0.4, 0.04],
      ['inverseGamma', (r) => inverseGamma(r, 9, 4), 0.5, 0.25 / 7],
      ['laplace', laplace, 0, 2],
      ['exponential', (r) => exponential(r, 4), 0.25, 1 / 16],
    ];
    for (const [name, draw, mean, variance] of moments) {
      const draws = take(`moments ${name}`, draw);
      expectMean(draws, mean, name);
      expectMean(
        draws.map((x) => (x - mean) ** 2),
        variance,
        `variance of ${name}`,
      );
    }
  });
});

describe('tiny shapes', () => {
  it('give positive finite gammas, reciprocals and betas inside (0, 1)', () => {
    const random = createRandom('1', 'tiny');
    for (let i = 0; i < 2000; i++) {
      for (const shape of [1e-8, 1e-3, 0.01]) {
        const g = gamma(random, shape, 1);
        expect(g > 0 && Number.isFinite(1 / g) && Number.isFinite(Math.log(g))).toBe(true);
        const h = inverseGamma(random, shape, 1);
        expect(h > 0 && h < Infinity).toBe(true);
        const b = beta(random, shape, shape);
        expect(b > 0 && b < 1).toBe(true);
      }
    }
  });

  it('share the two ends of a beta equally', () => {
    const draws = take('ends', (r) => (beta(r, 1e-4, 1e-4) < 0.5 ? 1 : 0));
    expectMean(draws, 0.5, 'lower end');
  });
});

describe('counts follow their laws', () => {
  const below =
    (f: (k: number) => number) =>
    (x: number): number =>
      x < 0 ? 0 : f(Math.floor(x));
  const binomialCdf = (n: number, p: number) => below((k) => (k >= n ? 1 : betaI(1 - p, n - k, k + 1)));
  const laws: readonly (readonly [name: string, draw: (random: Random) => number, cdf: (x: number) => number])[] = [
    ['bernoulli(0.3)', (r) => bernoulli(r, 0.3), (x) => (x < 1 ? 0.7 : 1)],
    ...(
      [
        [1, 0.3],
        [10, 0.3],
        [20, 0.95],
        [5000, 0.001],
        [33, 0.33],
        [40, 0.4],
        [1000, 0.7],
        [1e9, 0.3],
      ] as const
    ).map(([n, p]) => [`binomial(${n}, ${p})`, (r: Random) => binomial(r, n, p), binomialCdf(n, p)] as const),
    ...[0.01, 0.5, 4, 9.99, 10.01, 30, 700, 1e6, 1e10].map(
      (rate) => [`poisson(${rate})`, (r: Random) => poisson(r, rate), below((k) => gammaQ(k + 1, rate))] as const,
    ),
    ...(
      [
        [0.3, 0.2],
        [4, 0.6],
        [50, 0.01],
      ] as const
    ).map(
      ([size, p]) =>
        [`negativeBinomial(${size}, ${p})`, (r: Random) => negativeBinomial(r, size, p), below((k) => betaI(p, size, k + 1))] as const,
    ),
    ['discreteUniform(-3, 8)', (r) => discreteUniform(r, -3, 8), (x) => (Math.floor(x) + 4) / 12],
  ];
  for (const [name, draw, cdf] of laws) {
    it(name, () => {
      const draws = take(name, draw);
      expectLaw(draws, cdf, name);
      expect(draws.every((k) => Number.isInteger(k))).toBe(true);
    });
  }

  // Rejection with few cells, so that each cell's share is seen: chi-squared over eight million draws.
  const cells: readonly (readonly [string, (r: Random) => number, (k: number) => number])[] = [
    [
      'binomial(34, 0.3)',
      (r) => binomial(r, 34, 0.3),
      (k) => (k > 34 ? 0 : Math.exp(lgamma(35) - lgamma(k + 1) - lgamma(35 - k) + k * Math.log(0.3) + (34 - k) * Math.log(0.7))),
    ],
    ['poisson(11.3)', (r) => poisson(r, 11.3), (k) => Math.exp(k * Math.log(11.3) - 11.3 - lgamma(k + 1))],
    ['poisson(3)', (r) => poisson(r, 3), (k) => Math.exp(k * Math.log(3) - 3 - lgamma(k + 1))],
  ];
  for (const [name, draw, mass] of cells) {
    it(`cell by cell: ${name}`, () => {
      const size = 8_000_000;
      const random = createRandom('1', `cells ${name}`);
      const observed = new Float64Array(200);
      for (let i = 0; i < size; i++) observed[draw(random)]!++;
      let statistic = 0,
        tested = 0;
      observed.forEach((seen, k) => {
        const expected = size * mass(k);
        if (expected > 20) {
          statistic += (seen - expected) ** 2 / expected;
          tested++;
        }
      });
      expect(tested).toBeGreaterThan(10);
      expect(gammaQ((tested - 1) / 2, statistic / 2)).toBeGreaterThan(1e-7);
    });
  }

  it('have their degenerate cases', () => {
    const random = createRandom('1', 'edges');
    expect([
      binomial(random, 5, 0),
      binomial(random, 5, 1),
      binomial(random, 0, 0.3),
      poisson(random, 0),
      negativeBinomial(random, 3, 1),
      discreteUniform(random, 4, 4),
    ]).toEqual([0, 5, 0, 0, 0, 4]);
    for (const wrong of [
      binomial(random, -1, 0.5),
      binomial(random, 3, 1.5),
      poisson(random, -1),
      poisson(random, Infinity),
      poisson(random, Number.NaN),
      negativeBinomial(random, 0, 0.5),
      bernoulli(random, 2),
      discreteUniform(random, 3, 2),
      gamma(random, 0, 1),
      gamma(random, 1, -1),
      beta(random, Number.NaN, 1),
      inverseGamma(random, -1, 1),
      exponential(random, 0),
      weibull(random, 0, 1),
      pareto(random, 1, 0),
      logGamma(random, 0),
    ])
      expect(wrong).toBeNaN();
  });
});

describe('categorical', () => {
  const weights = [0.5, 0, 0.125, 3, 1.375];
  const total = weights.reduce((a, b) => a + b, 0);
  const cumulative = (k: number): number => weights.slice(0, k + 1).reduce((a, b) => a + b, 0) / total;

  it('draws by weights', () => {
    expectLaw(
      take('categorical', (r) => categorical(r, Float64Array.from(weights))),
      cumulative,
      'categorical',
    );
  });

  it('gives -1 where there is nothing to choose', () => {
    const random = createRandom('1', 'x');
    expect(categorical(random, Float64Array.of(0, 0))).toBe(-1);
    expect(categorical(random, Float64Array.of(0.5, Number.NaN))).toBe(-1);
  });
});

describe('truncated laws', () => {
  it('powers and exponentials between bounds, whichever end is heavier', () => {
    // Density x^slope: the distribution function is the difference of powers, or of logarithms at slope -1.
    for (const [slope, low, high] of [
      [-3.5, 2, Infinity],
      [-1, 0.5, 8],
      [-1 + 1e-9, 0.5, 8],
      [-0.5, 0, 4],
      [2, 1, 3],
      [-4, 1e-3, 1],
    ] as const) {
      const power = slope + 1,
        integral = (x: number): number => (Math.abs(power) < 1e-6 ? Math.log(x) : x ** power / power);
      expectLaw(
        take(`power ${slope}`, (r) => powerLaw(r, slope, low, high)),
        (x) => (integral(x) - integral(low)) / (integral(high) - integral(low)),
        `x^${slope} on [${low}, ${high}]`,
      );
    }
    // Density e^(slope x), measured from the lower end or from the upper one.
    for (const [slope, low, high] of [
      [-2, 1, Infinity],
      [3, -Infinity, 2],
      [0, -1, 4],
      [1e-14, 0, 1],
      [0.7, -2, 1],
      [-50, 1, 1.5],
      [400, 0, 10],
    ] as const) {
      const cdf = (x: number): number =>
        Math.abs(slope) < 1e-6
          ? (x - low) / (high - low)
          : high === Infinity
            ? -Math.expm1(slope * (x - low))
            : slope > 0
              ? (Math.exp(slope * (x - high)) - Math.exp(slope * (low - high))) / -Math.expm1(slope * (low - high))
              : Math.expm1(slope * (x - low)) / Math.expm1(slope * (high - low));
      expectLaw(
        take(`tilted ${slope}`, (r) => tiltedUniform(r, slope, low, high)),
        cdf,
        `e^(${slope} x) on [${low}, ${high}]`,
      );
    }
    // Below 0 there is nothing of an exponential law.
    expectLaw(
      take('exponential', (r) => truncatedExponential(r, 2, -3, 1)),
      (x) => Math.expm1(-2 * x) / Math.expm1(-2),
      'truncated exponential',
    );
    const random = createRandom('1', 'edge');
    for (const x of [
      powerLaw(random, 0, 2, 1),
      powerLaw(random, -1, 0, 1),
      powerLaw(random, -1, 1, Infinity),
      powerLaw(random, 0.5, 1, Infinity),
      tiltedUniform(random, 0, 0, Infinity),
      tiltedUniform(random, 1, 0, Infinity),
      tiltedUniform(random, -1, -Infinity, 0),
      tiltedUniform(random, 1, 2, 1),
    ])
      expect(x).toBeNaN();
    expect([powerLaw(random, 3, 2, 2), tiltedUniform(random, 3, 2, 2)]).toEqual([2, 2]);
  });

  /** The law of a normal between a and b (standardised), in logarithms on the side of the nearer tail. */
  function truncatedNormalCdf(a: number, b: number): (z: number) => number {
    const flip = Math.abs(b) < Math.abs(a);
    const low = flip ? -b : a,
      high = flip ? -a : b;
    // Survival beyond low relative to that at low.
    const survival = (z: number): number => Math.exp(logPhi(-z) - logPhi(-low));
    const f = (z: number): number => (1 - survival(z)) / (1 - survival(high));
    return flip ? (z) => 1 - f(-z) : f;
  }
  const bounds: readonly (readonly [number, number])[] = [
    [-1, 2],
    [-0.1, 0.2],
    [-Infinity, 0.5],
    [0.3, Infinity],
    [0.2, 0.6],
    [0.2, 3],
    [1.5, 1.8],
    [2, Infinity],
    [3, 3.5],
    [8, Infinity],
    [8, 8.05],
    [40, Infinity],
    [-Infinity, -6],
    [-7, -5],
    [-0.3, -0.1],
    [-3, 0.01],
    [-0.01, 8],
    [1e5, Infinity],
    [-4, -4 + 1e-7],
  ];
  for (const [a, b] of bounds) {
    it(`normal on [${a}, ${b}]`, () => {
      const mean = 3,
        sd = 0.5;
      const draws = take(`normal ${a} ${b}`, (r) => truncatedNormal(r, mean, sd, mean + sd * a, mean + sd * b));
      expect(draws.every((x) => x >= mean + sd * a && x <= mean + sd * b)).toBe(true);
      // Where the distribution function has no digits left the tail is exponential to 1e-10.
      const cdf =
        a === 1e5 ? (z: number) => -Math.expm1(-a * (z - a)) : b - a < 1e-6 ? (z: number) => (z - a) / (b - a) : truncatedNormalCdf(a, b);
      expectLaw(draws, (x) => cdf((x - mean) / sd), `[${a}, ${b}]`);
    });
  }

  it('have the means phi(a)/Q(a) of normal tails', () => {
    for (const a of [-0.5, 0.3, 0.6, 2, 8]) {
      const draws = take(`tail mean ${a}`, (r) => truncatedNormal(r, 0, 1, a, Infinity), 1_000_000);
      expectMean(draws, Math.exp(-0.5 * a * a - logPhi(-a)) / Math.sqrt(2 * Math.PI), `[${a}, Infinity]`);
    }
  });

  it('of a normal are numbers or NaN, never loops', () => {
    const random = createRandom('1', 'edges');
    expect(truncatedNormal(random, 0, 1, 2, 2)).toBe(2);
    for (const x of [
      truncatedNormal(random, 0, 1, 2, 1),
      truncatedNormal(random, Infinity, 1, 0, 1),
      truncatedNormal(random, 0, 0, 0, 1),
      truncatedNormal(random, 0, Infinity, 0, 1),
      truncatedNormal(random, Number.NaN, 1, 0, 1),
      truncatedNormal(random, 0, 1, Number.NaN, 1),
    ])
      expect(x).toBeNaN();
    expect(truncatedNormal(random, 0, 1e-200, 1, Infinity)).toBe(1);
    expect(truncatedNormal(random, 0, 1, 1e300, Infinity)).toBe(1e300);
  });

  const gammas: readonly (readonly [shape: number, rate: number, low: number, high: number])[] = [
    [3, 2, 0.5, 2],
    [3, 2, 0, 0.1],
    [3, 2, 4, Infinity],
    [0.4, 1, 0, 0.5],
    [0.4, 1, 0.001, 0.002],
    [0.4, 1, 2, Infinity],
    [0.01, 1, 1e-5, 3],
    [200, 1, 190, 210],
    [200, 1, 0, 150],
    [200, 1, 199, 199.5],
    [1, 1, 0, 1],
    [50, 0.1, 450, 700],
    [1e6, 1, 1e6 + 500, 1e6 + 3000],
  ];
  for (const [shape, rate, low, high] of gammas) {
    it(`Gamma(${shape}, ${rate}) on [${low}, ${high}]`, () => {
      const draws = take(`gamma ${shape} ${low}`, (r) => truncatedGamma(r, shape, rate, low, high));
      expect(draws.every((x) => x >= low && x <= high)).toBe(true);
      const upper = gammaP(shape, rate * low) > 0.5;
      const f = (x: number): number => (upper ? -gammaQ(shape, rate * x) : gammaP(shape, rate * x));
      expectLaw(draws, (x) => (f(x) - f(low)) / (f(high) - f(low)), 'truncated gamma');
      // The same by the reciprocal.
      if (low > 0) {
        const inverses = take(`inverse ${shape} ${low}`, (r) => truncatedInverseGamma(r, shape, rate, 1 / high, 1 / low));
        expect(inverses.every((x) => x >= 1 / high && x <= 1 / low)).toBe(true);
        expectLaw(inverses, (x) => 1 - (f(1 / x) - f(low)) / (f(high) - f(low)), 'truncated inverse gamma');
      }
    });
  }

  it('Gamma beyond where its tail is a double', () => {
    // Q(3, x) = e^-x (1 + x + x^2/2).
    const logTail = (x: number): number => -x + Math.log1p(x + 0.5 * x * x);
    const draws = take('far', (r) => truncatedGamma(r, 3, 1, 2000, Infinity));
    expectLaw(draws, (x) => -Math.expm1(logTail(x) - logTail(2000)), 'upper tail');
    // P(400, x) is about x^400 e^-x: the law of log x is nearly exponential with rate 400 - x.
    const lower = take('far', (r) => truncatedGamma(r, 400, 1, 0, 1e-3));
    expectLaw(lower, (x) => Math.exp(400 * Math.log(x / 1e-3)), 'lower tail');
  });

  it('Gamma of shape 0 and below, which has a law above a positive bound', () => {
    // x^-1 e^-x has the tail E1(x); x^-2 e^-x has E2(x)/x-type tails: integrated here by Simpson's rule in log x.
    for (const [shape, rate, low, high] of [
      [0, 1, 0.01, Infinity],
      [-1, 2, 0.5, Infinity],
      [-0.5, 1, 3, 4],
      [-2.5, 0.1, 1e-4, 50],
      [0, 1e-3, 0.01, 1],
    ] as const) {
      const top = Math.min(Math.log(high), Math.log(60 / rate)),
        bottom = Math.log(low),
        n = 4000,
        h = (top - bottom) / n;
      const f = (t: number): number => Math.exp(shape * (t - bottom) - rate * Math.exp(t));
      const sums = new Float64Array(n + 1);
      for (let k = 1; k <= n; k++)
        sums[k] = sums[k - 1]! + (h / 6) * (f(bottom + (k - 1) * h) + 4 * f(bottom + (k - 0.5) * h) + f(bottom + k * h));
      const cdf = (x: number): number => {
        const s = Math.min(n, (Math.log(x) - bottom) / h),
          k = Math.min(n - 1, Math.floor(s));
        return (sums[k]! + (s - k) * (sums[k + 1]! - sums[k]!)) / sums[n]!;
      };
      expectLaw(
        take(`flat ${shape} ${rate}`, (r) => truncatedGamma(r, shape, rate, low, high)),
        cdf,
        `Gamma(${shape}, ${rate})`,
      );
      expectLaw(
        take(`flat ${shape} ${rate}`, (r) => truncatedInverseGamma(r, shape, rate, 1 / high, 1 / low)),
        (x) => 1 - cdf(1 / x),
        `InverseGamma(${shape}, ${rate})`,
      );
    }
  });

  it('Gamma of rate 0, a power between bounds', () => {
    for (const [shape, low, high] of [
      [2, 0, 3],
      [2, 1, 3],
      [0, 1, 3],
      [-1.5, 1, Infinity],
      [-1.5, 1, 3],
      [0.2, 0, 1],
    ] as const) {
      const integral = (x: number): number => (shape === 0 ? Math.log(x) : x ** shape / shape);
      const cdf = (x: number): number => (integral(x) - integral(low)) / (integral(high) - integral(low));
      expectLaw(
        take(`power ${shape} ${low}`, (r) => truncatedGamma(r, shape, 0, low, high)),
        cdf,
        `power ${shape} on [${low}, ${high}]`,
      );
      expectLaw(
        take(`power ${shape} ${low}`, (r) => truncatedInverseGamma(r, shape, 0, 1 / high, 1 / low)),
        (x) => 1 - cdf(1 / x),
        `inverse power ${shape}`,
      );
    }
    const random = createRandom('1', 'improper');
    for (const x of [
      truncatedGamma(random, 0, 0, 0, 1),
      truncatedGamma(random, 0, 0, 1, Infinity),
      truncatedGamma(random, 1, 0, 0, Infinity),
      truncatedGamma(random, -1, 0, 0, 1),
      truncatedGamma(random, 0, 1, 0, 1),
      truncatedGamma(random, -1, 1, 0, Infinity),
      truncatedInverseGamma(random, 0, 1, 1, Infinity),
      truncatedGamma(random, 1, -1, 0, 1),
    ])
      expect(x).toBeNaN();
  });

  const betas: readonly (readonly [a: number, b: number, low: number, high: number])[] = [
    [2, 3, 0.2, 0.5],
    [2, 3, 0, 0.01],
    [2, 3, 0.9, 1],
    [0.3, 0.4, 0.1, 0.9],
    [0.3, 0.4, 0.5, 1],
    [0.05, 2, 0, 0.5],
    [100, 200, 0.3, 0.36],
    [100, 200, 0.6, 0.7],
    [1, 1, 0.25, 0.75],
    [5, 0.5, 0.3, 0.999],
  ];
  for (const [a, b, low, high] of betas) {
    it(`Beta(${a}, ${b}) on [${low}, ${high}]`, () => {
      const draws = take(`beta ${a} ${low}`, (r) => truncatedBeta(r, a, b, low, high));
      expect(draws.every((x) => x >= low && x <= high)).toBe(true);
      const upper = betaI(low, a, b) > 0.5;
      const f = (x: number): number => (upper ? -betaI(1 - x, b, a) : betaI(x, a, b));
      expectLaw(draws, (x) => (f(x) - f(low)) / (f(high) - f(low)), 'truncated beta');
    });
  }

  it('without bounds are the plain laws, without an interval NaN', () => {
    expectLaw(
      take('plain', (r) => truncatedGamma(r, 2, 3, 0, Infinity)),
      (x) => gammaP(2, 3 * x),
      'gamma',
    );
    expectLaw(
      take('plain', (r) => truncatedBeta(r, 2, 3, 0, 1)),
      (x) => betaI(x, 2, 3),
      'beta',
    );
    const random = createRandom('1', 'edges');
    for (const x of [
      truncatedGamma(random, 2, 1, 3, 2),
      truncatedGamma(random, -2, 1, 0, 2),
      truncatedBeta(random, 1, 1, 0.7, 0.6),
      truncatedInverseGamma(random, 1, 1, 2, 1),
    ])
      expect(x).toBeNaN();
    expect(truncatedGamma(random, 2, 1, 3, 3)).toBe(3);
    expect(truncatedBeta(random, 2, 1, 0.25, 0.25)).toBe(0.25);
  });

  it('with a thousandth of the mass in the interval cost no more', () => {
    // 10,000 draws; plain rejection of gammas would need 10^9 and more.
    const draws = take('cost', (r) => truncatedGamma(r, 1e-3, 1, 0.5, 0.6), 10_000);
    expect(draws.length).toBe(10_000);
  });
});

describe('vectors', () => {
  const project = (
    name: string,
    d: number,
    direction: readonly number[],
    draw: (r: Random, out: Float64Array, offset: number) => number,
  ): Float64Array => {
    const out = new Float64Array(d + 2);
    return take(name, (r) => {
      if (draw(r, out, 1) !== 1) throw new Error(`${name} gave no draw`);
      return direction.reduce((s, a, i) => s + a * out[1 + i]!, 0);
    });
  };
  const mean = Float64Array.of(1, -2, 0.5);
  const cov = Float64Array.of(4, 1, -1, 1, 2, 0.3, -1, 0.3, 1.5);
  const quadratic = (a: readonly number[], s: ArrayLike<number>): number =>
    a.reduce((t, x, i) => t + a.reduce((u, y, j) => u + x * y * s[i * a.length + j]!, 0), 0);

  for (const direction of [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [1, -1, 2],
    [0.5, 2, 1],
  ]) {
    it(`MvNormal along ${direction}`, () => {
      const m = direction.reduce((s, a, i) => s + a * mean[i]!, 0),
        sd = Math.sqrt(quadratic(direction, cov));
      expectLaw(
        project(`mv ${direction}`, 3, direction, (r, out, offset) => mvNormal(r, out, offset, mean, cov)),
        (x) => Phi((x - m) / sd),
        'mvNormal',
      );
    });
  }

  it('write only their place, and NaN and 0 where the matrix is not positive definite', () => {
    const random = createRandom('1', 'edges');
    const out = new Float64Array(4).fill(7);
    expect(mvNormal(random, out, 1, Float64Array.of(0, 0), Float64Array.of(1, 2, 2, 1))).toBe(0);
    expect([...out]).toEqual([7, Number.NaN, Number.NaN, 7]);
    out.fill(7);
    expect(dirichlet(random, out, 1, Float64Array.of(1, -1))).toBe(0);
    expect([...out]).toEqual([7, Number.NaN, Number.NaN, 7]);
    expect(multinomial(random, out, 1, 3, Float64Array.of(0, 0))).toBe(0);
    expect(wishart(random, new Float64Array(4), 0, 0.5, Float64Array.of(1, 0, 0, 1))).toBe(0);
    expect(inverseWishart(random, new Float64Array(4), 0, 3, Float64Array.of(1, 2, 2, 1))).toBe(0);
  });

  it('Dirichlet elements are betas, and sums of elements too', () => {
    const alpha = Float64Array.of(0.02, 1.5, 3, 0.4);
    const total = alpha.reduce((a, b) => a + b, 0);
    for (const subset of [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [0, 1, 0, 1],
    ]) {
      const a = subset.reduce((s, x, k) => s + x * alpha[k]!, 0);
      const draws = project(`dirichlet ${subset}`, 4, subset, (r, out, offset) => dirichlet(r, out, offset, alpha));
      expectLaw(draws, (x) => betaI(x, a, total - a), `dirichlet ${subset}`);
    }
    const out = new Float64Array(3);
    const random = createRandom('1', 'tiny');
    for (let i = 0; i < 1000; i++) {
      dirichlet(random, out, 0, Float64Array.of(1e-5, 1e-5, 1e-5));
      expect(out.every((p) => p > 0 && p <= 1)).toBe(true);
      expect(Math.abs(out.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
    }
  });

  it('Multinomial cells are binomials, and sums of cells too', () => {
    const probs = Float64Array.of(0.1, 0, 0.25, 0.6, 0.05, 0);
    for (const subset of [
      [1, 0, 0, 0, 0, 0],
      [0, 0, 1, 0, 0, 0],
      [0, 0, 0, 1, 0, 0],
      [0, 0, 0, 0, 1, 0],
      [1, 0, 0, 1, 0, 0],
    ]) {
      const p = subset.reduce((s, x, k) => s + x * probs[k]!, 0);
      const draws = project(`multinomial ${subset}`, 6, subset, (r, out, offset) => multinomial(r, out, offset, 40, probs));
      expectLaw(draws, (k) => (k >= 40 ? 1 : betaI(1 - p, 40 - k, k + 1)), `multinomial ${subset}`);
    }
    const out = new Float64Array(6);
    const random = createRandom('1', 'sum');
    for (let i = 0; i < 1000; i++) {
      multinomial(random, out, 0, 40, probs);
      expect([out[1], out[5], out.reduce((a, b) => a + b, 0)]).toEqual([0, 0, 40]);
    }
  });
});

describe('matrices', () => {
  const scale = Float64Array.of(2, 0.6, -0.4, 0.6, 1, 0.3, -0.4, 0.3, 1.5);
  const d = 3,
    df = 4.5;
  const quadratic = (a: readonly number[], s: ArrayLike<number>): number =>
    a.reduce((t, x, i) => t + a.reduce((u, y, j) => u + x * y * s[i * d + j]!, 0), 0);
  const determinant = (m: ArrayLike<number>): number =>
    m[0]! * (m[4]! * m[8]! - m[5]! * m[7]!) - m[1]! * (m[3]! * m[8]! - m[5]! * m[6]!) + m[2]! * (m[3]! * m[7]! - m[4]! * m[6]!);

  for (const a of [
    [1, 0, 0],
    [0, 0, 1],
    [1, -2, 0.5],
  ]) {
    it(`a^T X a of a Wishart is a^T S a times a chi-squared, a = ${a}`, () => {
      const x = new Float64Array(9);
      const draws = take(
        `wishart ${a}`,
        (r) => {
          wishart(r, x, 0, df, scale);
          return quadratic(a, x) / quadratic(a, scale);
        },
        50_000,
      );
      expectLaw(draws, (v) => gammaP(df / 2, v / 2), 'wishart');
    });

    it(`a^T S a over a^T X a of an inverse Wishart is a chi-squared with df - d + 1, a = ${a}`, () => {
      const x = new Float64Array(9);
      const draws = take(
        `inverse ${a}`,
        (r) => {
          inverseWishart(r, x, 0, df, scale);
          return quadratic(a, scale) / quadratic(a, x);
        },
        50_000,
      );
      expectLaw(draws, (v) => gammaP((df - d + 1) / 2, v / 2), 'inverse wishart');
    });
  }

  it('log determinants have their mean and variance, and the matrices are symmetric', () => {
    // det X / det S is a product of chi-squareds with df, df - 1, df - 2 degrees of freedom.
    const mean = [0, 1, 2].reduce((s, i) => s + digamma((df - i) / 2) + Math.LN2, 0);
    const logDet = Math.log(determinant(scale));
    const x = new Float64Array(11);
    const draws = take('logdet', (r) => {
      wishart(r, x, 1, df, scale);
      return Math.log(determinant(x.subarray(1, 10)));
    });
    expectMean(draws, mean + logDet, 'wishart');
    expect([x[2], x[3], x[6], x[0], x[10]]).toEqual([x[4], x[7], x[8], 0, 0]);
    const inverses = take('logdet', (r) => {
      inverseWishart(r, x, 1, df, scale);
      return Math.log(determinant(x.subarray(1, 10)));
    });
    expectMean(inverses, logDet - mean, 'inverse wishart');
    expect([x[2], x[3], x[6], x[0], x[10]]).toEqual([x[4], x[7], x[8], 0, 0]);
  });

  it('means are df S and S / (df - d - 1)', () => {
    const x = new Float64Array(9);
    const random = createRandom('1', 'means');
    const elements = Array.from({ length: 9 }, () => new Float64Array(20_000));
    for (let i = 0; i < 20_000; i++) {
      wishart(random, x, 0, df, scale);
      x.forEach((v, e) => {
        elements[e]![i] = v;
      });
    }
    elements.forEach((values, e) => expectMean(values, df * scale[e]!, `wishart ${e}`));
    for (let i = 0; i < 20_000; i++) {
      inverseWishart(random, x, 0, 12, scale);
      x.forEach((v, e) => {
        elements[e]![i] = v;
      });
    }
    elements.forEach((values, e) => expectMean(values, scale[e]! / (12 - d - 1), `inverse wishart ${e}`));
  });
});

describe('slice sampling leaves the law invariant and is reversible', () => {
  const laws: readonly {
    name: string;
    start: (r: Random) => number;
    density: (x: number) => number;
    cdf: (x: number) => number;
    width: number;
    low: number;
    high: number;
  }[] = [
    { name: 'normal, good width', start: normal, density: (x) => -0.5 * x * x, cdf: Phi, width: 2, low: -Infinity, high: Infinity },
    {
      name: 'normal, narrow width, so that stepping meets its limit',
      start: normal,
      density: (x) => -0.5 * x * x,
      cdf: Phi,
      width: 0.01,
      low: -Infinity,
      high: Infinity,
    },
    { name: 'normal, wide', start: normal, density: (x) => -0.5 * x * x, cdf: Phi, width: 100, low: -Infinity, high: Infinity },
    {
      name: 'exponential against its bound',
      start: (r) => exponential(r, 1),
      density: (x) => (x < 0 ? Number.NaN : -x),
      cdf: (x) => -Math.expm1(-x),
      width: 1,
      low: 0,
      high: Infinity,
    },
    { name: 'uniform between bounds', start: uniform, density: () => 0, cdf: (x) => x, width: 0.3, low: 0, high: 1 },
    {
      name: 'unbounded beta',
      start: (r) => beta(r, 0.5, 0.5),
      density: (x) => -0.5 * Math.log(x) - 0.5 * Math.log1p(-x),
      cdf: (x) => betaI(x, 0.5, 0.5),
      width: 0.2,
      low: 0,
      high: 1,
    },
    {
      name: 'two modes',
      start: (r) => normal(r) + (uniform(r) < 0.3 ? -4 : 4),
      density: (x) => Math.log(0.3 * Math.exp(-0.5 * (x + 4) ** 2) + 0.7 * Math.exp(-0.5 * (x - 4) ** 2)),
      cdf: (x) => 0.3 * Phi(x + 4) + 0.7 * Phi(x - 4),
      width: 3,
      low: -Infinity,
      high: Infinity,
    },
    {
      name: 'gap in the support',
      start: (r) => (uniform(r) < 0.5 ? 0 : 2) + uniform(r),
      density: (x) => (x < 1 || x > 2 ? 0 : -Infinity),
      cdf: (x) => (x < 1 ? x / 2 : 0.5 + (x - 2) / 2),
      width: 1.5,
      low: 0,
      high: 3,
    },
  ];
  /** Counts of moves between k cells must be symmetric for a reversible kernel started from its law. */
  function expectReversible(pairs: readonly (readonly [number, number])[], cell: (x: number) => number, cells: number, what: string): void {
    const moves = new Float64Array(cells * cells);
    for (const [a, b] of pairs) moves[cell(a) * cells + cell(b)]!++;
    for (let i = 0; i < cells; i++) {
      for (let j = 0; j < i; j++) {
        const there = moves[i * cells + j]!,
          back = moves[j * cells + i]!;
        expect(Math.abs(there - back), `${what}: ${there} moves ${i} to ${j}, ${back} back`).toBeLessThan(
          zBound * Math.sqrt(there + back) + 1,
        );
      }
    }
  }

  for (const { name, start, density, cdf, width, low, high } of laws) {
    it(name, () => {
      const random = createRandom('1', name);
      const pairs = Array.from({ length: count }, (): [number, number] => {
        const x = start(random);
        return [x, sliceSample(random, density, x, width, low, high)];
      });
      expectLaw(
        pairs.map(([, b]) => b),
        cdf,
        name,
      );
      expectReversible(pairs, (x) => Math.min(5, Math.floor(6 * cdf(x))), 6, name);
      expect(pairs.filter(([a, b]) => a !== b).length / count).toBeGreaterThan(0.999);
    });
  }

  const integers: readonly { name: string; mass: (k: number) => number; width: number; low: number; high: number; terms: number }[] = [
    { name: 'Poisson', mass: (k) => k * Math.log(4) - 4 - lgamma(k + 1), width: 3, low: 0, high: Infinity, terms: 60 },
    { name: 'Poisson, width 1', mass: (k) => k * Math.log(4) - 4 - lgamma(k + 1), width: 1, low: 0, high: Infinity, terms: 60 },
    {
      name: 'wide geometric, so that stepping meets its limit',
      mass: (k) => k * Math.log(0.98) + Math.log(0.02),
      width: 1,
      low: 0,
      high: Infinity,
      terms: 3000,
    },
    { name: 'six values with a hole', mass: (k) => Math.log([0.1, 0.3, 0, 0.05, 0.15, 0.4][k]!), width: 2, low: 0, high: 5, terms: 6 },
    { name: 'two values', mass: (k) => Math.log([0.2, 0.8][k]!), width: 10, low: 0, high: 1, terms: 2 },
  ];
  for (const { name, mass, width, low, high, terms } of integers) {
    it(`integers: ${name}`, () => {
      const random = createRandom('1', name);
      const masses = Float64Array.from({ length: terms }, (_, k) => Math.exp(mass(k)));
      const sums = new Float64Array(terms);
      masses.forEach((m, k) => {
        sums[k] = m + (k > 0 ? sums[k - 1]! : 0);
      });
      const cdf = (k: number): number => sums[k]!;
      const checked = (k: number): number => {
        if (!(Number.isInteger(k) && k >= low && k <= high)) throw new Error(`density called at ${k}`);
        return mass(k);
      };
      const pairs = Array.from({ length: count }, (): [number, number] => {
        const x = categorical(random, masses);
        return [x, sliceSampleInteger(random, checked, x, width, low, high)];
      });
      expectLaw(
        pairs.map(([, b]) => b),
        cdf,
        name,
      );
      const cells = Math.min(terms, 6);
      expectReversible(pairs, (k) => Math.min(cells - 1, terms <= 6 ? k : Math.floor(cells * (cdf(k) - masses[k]! / 2))), cells, name);
      expect(pairs.some(([a, b]) => a !== b)).toBe(true);
    });
  }

  it('a long run from a bad start reaches the law', () => {
    const random = createRandom('1', 'run');
    let x = 30,
      sum = 0,
      squares = 0;
    for (let i = 0; i < 100; i++) x = sliceSample(random, (y) => -0.5 * y * y, x, 1, -Infinity, Infinity);
    const n = 200_000;
    for (let i = 0; i < n; i++) {
      x = sliceSample(random, (y) => -0.5 * y * y, x, 1, -Infinity, Infinity);
      sum += x;
      squares += x * x;
    }
    // Autocorrelation of this kernel is below 0.5, so the effective size is at least n/3.
    expect(Math.abs(sum / n)).toBeLessThan(zBound * Math.sqrt(3 / n));
    expect(Math.abs(squares / n - 1)).toBeLessThan(zBound * Math.sqrt(6 / n));
  });

  it('stays where it is for densities that are no numbers, and always ends', () => {
    const random = createRandom('1', 'edges');
    expect(sliceSample(random, () => Number.NaN, 1, 1, -Infinity, Infinity)).toBe(1);
    expect(sliceSample(random, () => -Infinity, 1, 1, -Infinity, Infinity)).toBe(1);
    expect(sliceSampleInteger(random, () => Number.NaN, 1, 1, 0, 5)).toBe(1);
    // A single point of positive density, and a density that never falls.
    expect(sliceSample(random, (x) => (x === 1 ? 0 : -Infinity), 1, 1, -Infinity, Infinity)).toBe(1);
    expect(Math.abs(sliceSample(random, () => 0, 1, 1, -Infinity, Infinity))).toBeLessThan(100);
    expect(sliceSampleInteger(random, (k) => (k === 3 ? 0 : -Infinity), 3, 1, 0, 9)).toBe(3);
  });
});

describe('a Normal vector from its factor', () => {
  it('is the draw from the covariance that the factor belongs to', () => {
    // [[4, 2], [2, 5]] = L L' with L = [[2, 0], [1, 2]]
    const a = new Float64Array(3),
      b = new Float64Array(3);
    mvNormal(createRandom('4', 'vector'), a, 1, Float64Array.of(1, -1), Float64Array.of(4, 2, 2, 5));
    mvNormalFromCholesky(createRandom('4', 'vector'), b, 1, Float64Array.of(1, -1), Float64Array.of(2, 0, 1, 2), 2);
    expect([...b]).toEqual([...a]);
  });
});
