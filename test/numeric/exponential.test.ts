import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expOfNegative } from '../../src/numeric/exponential.js';

test('exp of what is not positive, to 1e-15, and at the ends', () => {
  fc.assert(
    fc.property(fc.double({ min: -700, max: 0, noNaN: true }), (x) => {
      expect(Math.abs(expOfNegative(x) / Math.exp(x) - 1)).toBeLessThan(1e-15);
    }),
    { numRuns: 5000, seed: 1 },
  );
  expect(expOfNegative(0)).toBe(1);
  expect(expOfNegative(-1e-300)).toBe(1);
  for (const x of [-745, -1e10, -Infinity]) expect(expOfNegative(x)).toBe(0);
  expect(expOfNegative(-744) > 0 && expOfNegative(-744) < 1e-322).toBe(true);
  expect(expOfNegative(Number.NaN)).toBeNaN();
});
