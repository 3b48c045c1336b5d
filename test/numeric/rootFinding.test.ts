/** Roots of increasing functions against their closed forms, over finite and infinite intervals and over sizes of 1e-200 to 1e200. */
import { describe, expect, it } from 'vitest';
import { rootOfIncreasing } from '../../src/numeric/rootFinding.js';

describe('rootOfIncreasing', () => {
  it('finds roots of any size to the last digits, in few evaluations', () => {
    for (const exact of [0, 1e-200, 3e-9, 0.7, 1, 123.456, 4e12, 1e200]) {
      for (const sign of [-1, 1]) {
        const root = sign * exact;
        let evaluations = 0;
        const found = rootOfIncreasing(
          (x) => {
            evaluations++;
            return x - root;
          },
          -Infinity,
          Infinity,
        );
        expect(Math.abs(found - root)).toBeLessThanOrEqual(4e-16 * exact);
        expect(evaluations).toBeLessThan(320);
      }
    }
  });

  it('inverts exp, t^3, t + e^t and a step-like function', () => {
    expect(rootOfIncreasing((x) => Math.exp(x) - 5, -Infinity, Infinity)).toBeCloseTo(Math.log(5), 14);
    let evaluations = 0;
    // The omega constant: w e^w = 1, so -w is where e^t + t = 0.
    expect(
      rootOfIncreasing(
        (x) => {
          evaluations++;
          return x + Math.exp(x);
        },
        -Infinity,
        Infinity,
      ),
    ).toBeCloseTo(-0.5671432904097838, 15);
    expect(evaluations).toBeLessThan(20);
    expect(rootOfIncreasing((x) => x ** 3, -Infinity, Infinity)).toBeCloseTo(0, 100);
    expect(rootOfIncreasing((x) => Math.tanh(1e6 * (x - 0.3)) + 0.5, 0, 1)).toBeCloseTo(0.3 - Math.atanh(0.5) / 1e6, 14);
  });

  it('finds roots next to ends that are not numbers, or infinite', () => {
    expect(rootOfIncreasing((x) => Math.log(x) + 300, 0, Infinity)).toBeCloseTo(Math.exp(-300), 140);
    expect(rootOfIncreasing((x) => Math.log(x) - Math.log(1 - x) + 40, 0, 1) / Math.exp(-40)).toBeCloseTo(1, 12);
    expect(rootOfIncreasing((x) => x ** 3 - x ** 2 + x - 1e60, -Infinity, Infinity) / 1e20).toBeCloseTo(1, 12);
  });

  it('gives an end where all values have one sign, and NaN where there are none', () => {
    expect(rootOfIncreasing((x) => x + 5, 0, 2)).toBe(0);
    expect(rootOfIncreasing((x) => x - 5, 0, 2)).toBe(2);
    expect(rootOfIncreasing(() => Number.NaN, 0, 2)).toBeNaN();
    expect(rootOfIncreasing((x) => x, 3, 2)).toBeNaN();
  });
});
