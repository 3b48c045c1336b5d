/**
 * Variates that only their bounds make proper against distribution functions summed from their densities by the
 * midpoint rule, with the bound of Dvoretzky, Kiefer and Wolfowitz (see law.ts); infinite ends and heights are NaN, never loops.
 */
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/random/generator.js';
import { boundedBeta, boundedGamma, boundedInverseGamma, convexNormal } from '../../src/random/variates/logConvex.js';
import { expectLaw } from './law.js';

const count = 20_000;

/** The distribution function of exp(logDensity) on [low, high], from midpoints that are equally far apart in log(x / (1 - x)) of the interval. */
function distributionOf(logDensity: (x: number) => number, low: number, high: number): (x: number) => number {
  const steps = 200_000,
    reach = 34;
  const share = (t: number): number => 1 / (1 + Math.exp(-t));
  const logs = Float64Array.from({ length: steps }, (_, k) => {
    const t = -reach + (2 * reach * (k + 0.5)) / steps,
      x = low + (high - low) * share(t);
    return logDensity(x) + Math.log(share(t)) + Math.log(share(-t));
  });
  const top = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  const cumulative = new Float64Array(steps + 1);
  logs.forEach((l, k) => {
    cumulative[k + 1] = cumulative[k]! + Math.exp(l - top);
  });
  return (x) => {
    const t = Math.log((x - low) / (high - x));
    const position = Math.min(Math.max(((t + reach) / (2 * reach)) * steps, 0), steps),
      k = Math.min(Math.floor(position), steps - 1);
    return (cumulative[k]! + (position - k) * (cumulative[k + 1]! - cumulative[k]!)) / cumulative[steps]!;
  };
}

type Case = readonly [first: number, second: number, low: number, high: number];
interface Law {
  readonly draw: (random: Random, ...of: Case) => number;
  readonly logDensity: (x: number, first: number, second: number) => number;
  readonly cases: readonly Case[];
}
const laws: Readonly<Record<string, Law>> = {
  'a Normal of negative precision': {
    draw: convexNormal,
    logDensity: (x, linear, square) => linear * x + square * x * x,
    cases: [
      [0.3, 1.5, -1, 2],
      [0, 30, -1, 1],
      [0, 1e4, -1, 1],
      [-100, 25, 0, 4],
      [5, 1e-6, 0, 3],
      [0.3, 2, 100, 100.01],
    ],
  },
  'a Gamma of negative rate': {
    draw: boundedGamma,
    logDensity: (x, shape, rate) => (shape - 1) * Math.log(x) - rate * x,
    cases: [
      [2, -2, 0.1, 2],
      [0.5, -3, 0, 2],
      [-2, -3, 0.1, 2],
      [0, -40, 0.01, 1],
      [3, -1e4, 0, 1],
      [-40, -20, 0.5, 4],
    ],
  },
  'an InverseGamma of negative scale': {
    draw: boundedInverseGamma,
    logDensity: (x, shape, scale) => -(shape + 1) * Math.log(x) - scale / x,
    cases: [
      [2, -2, 0.5, 3],
      [-1, -0.4, 0.1, 2],
      [0, -3, 1, 40],
    ],
  },
  'a Beta of shapes that are not positive': {
    draw: boundedBeta,
    logDensity: (x, a, b) => (a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x),
    cases: [
      [0, 1, 0.3, 1],
      [-2, 0.5, 0.3, 1],
      [-0.2, 3, 0.1, 0.8],
      [1, 0, 0, 0.7],
      [2, -5, 0, 0.7],
      [3, -1, 0.2, 0.9],
      [0, 0, 0.01, 0.98],
      [-20, -30, 0.05, 0.9],
    ],
  },
};

describe.each(Object.entries(laws))('%s between bounds', (name, { draw, logDensity, cases }) => {
  it.each(cases)('%d, %d on [%d, %d]', (first, second, low, high) => {
    const random = createRandom('1', `${name} ${first} ${second}`);
    const draws = Float64Array.from({ length: count }, () => draw(random, first, second, low, high));
    expect(draws.every((x) => x >= low && x <= high)).toBe(true);
    expectLaw(
      draws,
      distributionOf((x) => logDensity(x, first, second), low, high),
      name,
    );
  });
});

describe('where one end is infinite', () => {
  it('an InverseGamma of negative scale falls as its shape says', () => {
    const random = createRandom('1', 'tail');
    // 1 / x has the density y e^(2 y) on [0, 2].
    const draws = Float64Array.from({ length: count }, () => 1 / boundedInverseGamma(random, 2, -2, 0.5, Infinity));
    expectLaw(
      draws,
      distributionOf((y) => Math.log(y) + 2 * y, 0, 2),
      'tail',
    );
  });
});

describe('what no bounds make proper', () => {
  it('is NaN, and a point is itself', () => {
    const random = createRandom('1', 'edges');
    for (const x of [
      convexNormal(random, 0, 1, 0, Infinity),
      convexNormal(random, 0, 1, -Infinity, 0),
      convexNormal(random, 0, 1, 2, 1),
      convexNormal(random, 0, Number.NaN, 0, 1),
      convexNormal(random, 0, 1, 0, 1e200),
      boundedGamma(random, 1, -1, 0, Infinity),
      boundedGamma(random, 0, -1, 0, 1),
      boundedGamma(random, 1, -1, 2, 1),
      boundedGamma(random, Number.NaN, -1, 1, 2),
      boundedInverseGamma(random, 1, -1, 0, 1),
      boundedInverseGamma(random, 0, -1, 1, Infinity),
      boundedBeta(random, 0, 1, 0, 1),
      boundedBeta(random, 1, 0, 0, 1),
      boundedBeta(random, 0, 1, 0.8, 0.2),
      boundedBeta(random, Number.NaN, 1, 0.1, 0.2),
    ])
      expect(x).toBeNaN();
    // So steep that the next number below the end has no mass.
    for (let k = 0; k < 100; k++) {
      expect(Math.abs(convexNormal(random, 0, 1e20, -1, 1))).toBe(1);
      expect(boundedGamma(random, 2, -1e20, 0.1, 0.7)).toBe(0.7);
    }
    expect([
      convexNormal(random, 1, 1, 2, 2),
      boundedGamma(random, 1, -1, 2, 2),
      boundedInverseGamma(random, 1, -1, 2, 2),
      boundedBeta(random, 0, 0, 0.5, 0.5),
    ]).toEqual([2, 2, 2, 0.5]);
  });
});
