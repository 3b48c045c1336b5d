/**
 * Densities that are infinite at an end of their support, which rounding reaches: Beta(1, 0.05) puts a sixth of its mass so near 1 that
 * it rounds to 1. A chain that went there would never leave.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/random/generator.js';
import { metropolis } from '../../src/random/metropolis.js';
import { sliceSample, sliceSampleCircle } from '../../src/random/sliceSampling.js';

const density = (x: number): number => (x < 0 || x > 1 ? -Infinity : -0.95 * Math.log(1 - x));
const steps = 5000;

describe('never ends where the density is infinite', () => {
  it.each([
    ['slices', (random: ReturnType<typeof createRandom>, x: number) => sliceSample(random, density, x, 0.5, 0, 1)],
    ['slices on the circle', (random: ReturnType<typeof createRandom>, x: number) => sliceSampleCircle(random, density, x, 0, 1)],
    [
      'Metropolis',
      (random: ReturnType<typeof createRandom>, x: number) =>
        metropolis(random, density, x, random.uniform() < 0.5 ? 1 : random.uniform(), 0),
    ],
  ])('%s', (_, step) => {
    const random = createRandom('1', 'infinite'),
      seen = new Set<number>();
    let x = 0.5;
    for (let k = 0; k < steps; k++) {
      x = step(random, x);
      expect(density(x)).toBeLessThan(Infinity);
      seen.add(x);
    }
    // A chain that stands still shows few values.
    expect(seen.size).toBeGreaterThan(50);
  });
});
