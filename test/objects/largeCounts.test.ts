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
});
