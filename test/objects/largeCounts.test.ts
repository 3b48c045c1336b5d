/**
 * Densities where plain formulas lose their digits: counts of 1e9 and more, scales below 1e-154, values beyond 1e154; as objects
 * and as `logp` of a program, against mpmath (test/reference/largeCounts.py).
 */
import { describe, expect, it } from 'vitest';
import * as api from '../../src/distributions-api.js';
import { compile } from '../../src/index.js';
import type { Distribution } from '../../src/distributions-api.js';
import reference from '../reference/largeCounts.json' with { type: 'json' };

const make = api as unknown as Readonly<Record<string, (...args: readonly number[]) => Distribution<number>>>;
/** A few roundings of the value, and of 30 nats: of terms of order log x that do cancel. */
const tolerance = (expected: number): number => 1e-14 * (30 + Math.abs(expected));

describe('the density of an extreme argument', () => {
  for (const c of reference) {
    const text = `${c.family}(${c.arguments.join(', ')})`;
    it(`of ${text} at ${c.x}`, () => {
      expect(Math.abs(make[c.family]!(...c.arguments).logProb(c.x) - c.logDensity)).toBeLessThan(tolerance(c.logDensity));
    });
    // Integers of a program have 32 bits.
    const whole = make[c.family]!(...c.arguments).discrete;
    if (!whole || [...c.arguments.filter((a) => Number.isInteger(a)), c.x].every((v) => v < 2 ** 31))
      it(`of ${text} at ${c.x} in a program`, () => {
        const value = compile(`data x: ${whole ? 'int' : 'real'}\nobserve x ~ ${text}`).logDensity({ x: c.x })({});
        expect(Math.abs(value - c.logDensity)).toBeLessThan(tolerance(c.logDensity));
      });
  }

  // Beta(1, b) has the density b (1 - x)^(b - 1).
  it('of Beta at the ends of its range', () => {
    expect(api.Beta(1, 2000).logProb(0)).toBeCloseTo(Math.log(2000), 12);
    expect(api.Beta(2000, 1).logProb(1)).toBeCloseTo(Math.log(2000), 12);
    expect(api.Beta(2, 2000).logProb(0)).toBe(-Infinity);
  });

  // Proportions are drawn one after the other as Betas of what is left.
  it.each([1e2, 1e4, 1e8, 1e12, 1e16])('of Dirichlet with concentrations of the order of %d', (size) => {
    const alpha = [2 * size, size, 5 * size],
      x = [0.25, 0.125, 0.625];
    const chain =
      api.Beta(alpha[0]!, alpha[1]! + alpha[2]!).logProb(x[0]!) +
      api.Beta(alpha[1]!, alpha[2]!).logProb(x[1]! / (1 - x[0]!)) -
      Math.log(1 - x[0]!);
    // x[1] / (1 - x[0]) is rounded: an eighth of its standard deviation at the largest size.
    expect(Math.abs(api.Dirichlet(alpha).logProb(x) - chain)).toBeLessThan(1e-11 + 4e-17 * size);
  });
  it('of Dirichlet at an edge of its simplex', () => {
    expect(api.Dirichlet([1, 1, 2000]).logProb([0, 0, 1])).toBeCloseTo(Math.log(2000 * 2001), 10);
    expect(api.Dirichlet([2, 1, 2000]).logProb([0, 0.5, 0.5])).toBe(-Infinity);
  });
});
