/** Stretches on which functions rise or fall, against their turning points worked out by hand; limits; what is not certain is not said. */
import { describe, expect, it } from 'vitest';
import { type Known, limitAt, stretchesOf } from '../../../src/distributions/pushforward/monotone.js';
import { add, apply, type Expr, exp, isConst, mul, neg, num, pow, ref, sub } from '../../../src/expr/expr.js';
import { differentiate } from '../../../src/expr/gradient.js';
import { interval } from '../../../src/expr/intervals.js';

const t = ref('t'),
  a = ref('a');
const isArgument = (e: Expr): boolean => e.op === 'ref' && e.variable === 't';
const nothing: Known = () => null;
const between =
  (low: number, high: number): Known =>
  (part) =>
    part.op === 'ref' && part.variable === 'a' ? interval(low, high) : null;
function turns(e: Expr, low = -Infinity, high = Infinity, known: Known = nothing): readonly (readonly [number, number, boolean])[] | null {
  const slope = differentiate(e, t);
  return stretchesOf(slope, differentiate(slope, t), isArgument, low, high, known)?.map((s) => [s.low, s.high, s.rising] as const) ?? null;
}
const cubic = sub(pow(t, num(3)), mul(num(3), t)),
  wave = add(t, mul(a, apply('sin', t)));

describe('where a function rises and falls', () => {
  it('has its turning points to the last digits', () => {
    expect(turns(cubic)).toEqual(
      [
        [-Infinity, -1, true],
        [-1, 1, false],
        [1, Infinity, true],
      ].map(([low, high, rising]) => [
        low === -Infinity ? low : expect.closeTo(Number(low), 14),
        high === Infinity ? high : expect.closeTo(Number(high), 14),
        rising,
      ]),
    );
    expect(turns(mul(t, exp(neg(t))), 0)).toEqual([
      [0, expect.closeTo(1, 14), true],
      [expect.closeTo(1, 14), Infinity, false],
    ]);
    expect(turns(cubic, 2, 5)).toEqual([[2, 5, true]]);
    // (t - 1)^3 has a slope that touches 0.
    expect(
      turns(sub(add(sub(pow(t, num(3)), mul(num(3), pow(t, num(2)))), mul(num(3), t)), num(1)))?.map(([, , rising]) => rising),
    ).toEqual([true]);
    expect(turns(add(t, apply('sin', t)))).toEqual([[-Infinity, Infinity, true]]);
  });

  it('is said only where it is certain', () => {
    expect(turns(wave, -2, 2, between(-0.9, 0.5))).toEqual([[-2, 2, true]]);
    // Rises for a = 0, turns for a = -1.5.
    expect(turns(wave, -2, 2, between(-1.5, 0))).toBe(null);
    expect(turns(wave, -2, 2)).toBe(null);
    // The slope 3 (t - 1)^2 of a known a = 1 touches 0, and with it what lies beside 1 is open.
    expect(turns(add(sub(pow(t, num(3)), mul(num(3), pow(t, num(2)))), mul(mul(num(3), a), t)), -2, 2, between(1, 1))).toBe(null);
    // Far out both terms overflow.
    expect(turns(add(sub(pow(t, num(3)), mul(a, pow(t, num(2)))), t), -Infinity, Infinity, between(0, 0.1))).toEqual([
      [-Infinity, Infinity, true],
    ]);
    expect(turns(apply('sin', t))).toBe(null);
  });

  it('tends to limits', () => {
    const limit = (e: Expr, direction: -1 | 1, known: Known = nothing): number | null => {
      const found = limitAt(e, direction, isArgument, known);
      return found !== null && isConst(found) ? found.value : null;
    };
    expect([limit(wave, 1, between(-0.5, 0.5)), limit(cubic, -1), limit(mul(t, exp(neg(t))), 1), limit(exp(t), -1)]).toEqual([
      Infinity,
      -Infinity,
      0,
      0,
    ]);
    expect(limit(add(apply('sigmoid', t), mul(num(2), apply('tanh', t))), 1)).toBe(3);
    // a t^2 may stay 0 or not: of the sum with t^4 nothing is left open, of the product alone everything.
    expect(limit(add(pow(t, num(4)), mul(a, pow(t, num(2)))), 1, between(0, 3))).toBe(Infinity);
    expect(limit(mul(a, t), 1, between(-1, 3))).toBe(null);
  });
});
