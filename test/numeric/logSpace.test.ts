/** Log-space arithmetic against direct evaluation where that is possible, and limits where it is not. */
import { describe, expect, it } from 'vitest';
import { log1mExp, logAddExp, logSubtractExp, logSumExp } from '../../src/numeric/logSpace.js';

describe('logAddExp and logSubtractExp', () => {
  it('agree with plain arithmetic', () => {
    for (const [a, b] of [
      [0.3, 0.2],
      [5, 4],
      [2, 1e-9],
    ] as const) {
      expect(logAddExp(Math.log(a), Math.log(b))).toBeCloseTo(Math.log(a + b), 14);
      expect(logAddExp(Math.log(b), Math.log(a))).toBeCloseTo(Math.log(a + b), 14);
      expect(logSubtractExp(Math.log(a), Math.log(b))).toBeCloseTo(Math.log(a - b), 13);
    }
  });

  it('neither overflow nor lose infinities', () => {
    expect(logAddExp(1000, 1000)).toBeCloseTo(1000 + Math.LN2, 12);
    expect([logAddExp(-Infinity, -Infinity), logAddExp(-Infinity, 3), logAddExp(Infinity, 0)]).toEqual([-Infinity, 3, Infinity]);
    expect([logSubtractExp(3, -Infinity), logSubtractExp(-Infinity, -Infinity), logSubtractExp(2, 2)]).toEqual([3, -Infinity, -Infinity]);
    expect(logSubtractExp(1, 2)).toBeNaN();
  });
});

describe('log1mExp', () => {
  it('keeps relative accuracy at both ends', () => {
    // log(1 - e^-x) = log x - x/2 + x^2/24 - ... for small x, and -e^-x - e^-2x/2 for large x.
    expect(log1mExp(-1e-10) / (Math.log(1e-10) - 0.5e-10)).toBeCloseTo(1, 15);
    expect(log1mExp(-50) / -Math.exp(-50)).toBeCloseTo(1, 14);
    expect(log1mExp(-Math.LN2)).toBeCloseTo(-Math.LN2, 15);
    expect([log1mExp(0), log1mExp(-Infinity)]).toEqual([-Infinity, -0]);
  });
});

describe('logSumExp', () => {
  it('sums a stretch of an array', () => {
    const values = Float64Array.of(99, Math.log(1), Math.log(2), Math.log(3), 99);
    expect(logSumExp(values, 1, 3)).toBeCloseTo(Math.log(6), 14);
    expect(
      logSumExp(
        values.map((v) => v + 1e4),
        1,
        3,
      ),
    ).toBeCloseTo(1e4 + Math.log(6), 11);
  });

  it('has its limits', () => {
    expect(logSumExp([], 0, 0)).toBe(-Infinity);
    expect(logSumExp([-Infinity, -Infinity], 0, 2)).toBe(-Infinity);
    expect(logSumExp([-Infinity, 2], 0, 2)).toBe(2);
    expect(logSumExp([1, Infinity], 0, 2)).toBe(Infinity);
    expect(logSumExp([1, Number.NaN, Infinity], 0, 3)).toBeNaN();
    expect(logSumExp([Number.NaN, 1], 0, 2)).toBeNaN();
  });
});
