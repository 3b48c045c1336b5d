/**
 * Means compared with their errors: against normal theory worked out here, at the stated rate, and where draws are all the same.
 */
import { describe, expect, it } from 'vitest';
import { compareMeans, estimate, known } from '../../src/6-check/statistics/meanTests.js';
import { createRandom } from '../../src/random/generator.js';

const random = createRandom('means', 'draws');
const independent = (n: number, mean = 0): Float64Array => Float64Array.from({ length: n }, () => mean + random.normal());

describe('means and their errors', () => {
  it('are those of independent draws', () => {
    const e = estimate(independent(4000, 2), 4);
    expect(Math.abs(e.error * Math.sqrt(4000) - 1)).toBeLessThan(0.15);
    expect(e.rhat).toBeLessThan(1.01);
    expect(e.largest).toBeLessThan(0.01);
  });
  it('have p-values below a level with that probability', () => {
    const repetitions = 600,
      level = 0.05;
    let one = 0,
      two = 0;
    for (let r = 0; r < repetitions; r++) {
      const a = estimate(independent(400), 4);
      if (compareMeans(a, known(0)).p < level) one++;
      if (compareMeans(a, estimate(independent(200), 2)).p < level) two++;
    }
    for (const failed of [one, two])
      expect(Math.abs(failed / repetitions - level)).toBeLessThan(4 * Math.sqrt((level * (1 - level)) / repetitions));
  });
  it('that agree to rounding are equal, whatever their errors', () => {
    expect(compareMeans(known(1), known(1 + 1e-12))).toEqual({ z: 0, p: 1 });
    expect(compareMeans(known(1), known(2))).toEqual({ z: Number.NEGATIVE_INFINITY, p: 0 });
  });
  it('of draws that are all the same are judged by how rare other values are', () => {
    const zeros = estimate(new Float64Array(3200), 4);
    // A value of probability 1e-4 does not come up in 3200 draws with probability 0.73; one of probability 0.01 with 1e-14.
    const rare = compareMeans(zeros, known(1e-4, 0.01)),
      common = compareMeans(zeros, known(0.01, Math.sqrt(0.01 * 0.99)));
    expect(rare.p).toBeGreaterThan(0.5);
    expect(common.p).toBeLessThan(1e-6);
    expect(compareMeans(zeros, known(1e-4)).p).toBeNaN();
  });
  it('of heavy tails show that one draw rules', () => {
    expect(
      estimate(
        Float64Array.from({ length: 2000 }, () => Math.tan(Math.PI * (random.uniform() - 0.5))),
        1,
      ).largest,
    ).toBeGreaterThan(0.05);
  });
});
