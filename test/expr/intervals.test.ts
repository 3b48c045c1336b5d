/** Bounds of random expressions hold at random points; signs, openness and the tightness of single functions by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/expr/evaluate.js';
import { add, apply, cond, div, type Expr, exp, mul, neg, num, pow, ref, sub } from '../../src/expr/expr.js';
import { type Bounds, boundsOf, interval, isPositive } from '../../src/expr/intervals.js';

const x = ref('x'),
  z = ref('z');
const leaf = fc.constantFrom<Expr>(x, z, num(-1.5), num(0), num(2), num(0.3));
const { tree } = fc.letrec<{ tree: Expr }>((tie) => {
  const inner = tie('tree');
  return {
    tree: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc
        .tuple(inner, inner)
        .chain(([a, b]) =>
          fc.constantFrom(
            add(a, b),
            sub(a, b),
            mul(a, b),
            div(a, b),
            apply('min', a, b),
            apply('max', a, b),
            cond(apply('lt', a, b), a, b),
          ),
        ),
      inner.chain((a) =>
        fc.constantFrom(
          neg(a),
          exp(a),
          ...['tanh', 'sigmoid', 'atan', 'abs', 'sin', 'cos', 'log', 'softplus', 'Phi'].map((fn) => apply(fn, a)),
          pow(a, num(2)),
          pow(a, num(3)),
          pow(a, num(-1)),
          pow(a, num(0.5)),
        ),
      ),
    ),
  };
});
const around = fc
  .tuple(fc.double({ min: -4, max: 4, noNaN: true }), fc.double({ min: 0, max: 3, noNaN: true }))
  .map(([low, width]) => interval(low, low + width));
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('bounds by interval arithmetic', () => {
  it('hold wherever the expression has a value', () => {
    fc.assert(
      fc.property(tree, around, around, share, share, (e, bx, bz, s, t) => {
        const values: Readonly<Record<string, number>> = { x: bx.low + s * (bx.high - bx.low), z: bz.low + t * (bz.high - bz.low) };
        const value = evaluate(e, { variable: (name) => values[name]! });
        if (!Number.isFinite(value)) return;
        const { low, high } = boundsOf(e, (part) => (part === x ? bx : part === z ? bz : null)),
          slack = 1e-9 * (1 + Math.abs(value));
        expect(value).toBeGreaterThanOrEqual(low - slack);
        expect(value).toBeLessThanOrEqual(high + slack);
      }),
      { numRuns: 3000, seed: 11 },
    );
  });

  it('are those of the function on an interval', () => {
    const on = (e: Expr, of: Bounds): readonly number[] => {
      const b = boundsOf(e, (part) => (part === x ? of : null));
      return [b.low, b.high];
    };
    expect(on(pow(x, num(2)), interval(-3, 2))).toEqual([0, 9]);
    expect(on(mul(x, x), interval(-3, 2))).toEqual([0, 9]);
    expect(on(div(num(1), x), interval(2, 4))).toEqual([0.25, 0.5]);
    expect(on(div(num(1), x), interval(-1, 4))).toEqual([-Infinity, Infinity]);
    expect(on(apply('sin', x), interval(0, 3))[1]).toBe(1);
    expect(on(apply('cos', x), interval(-100, 100))).toEqual([-1, 1]);
    expect(on(apply('cos', x), interval(-0.5, 2))).toEqual([Math.cos(2), 1]);
    expect(on(apply('cos', x), interval(3, 4))).toEqual([-1, Math.cos(4)]);
    expect(on(apply('sin', x), interval(-2, 0.5))).toEqual([-1, Math.sin(0.5)]);
  });

  it('know what is positive although its infimum is 0', () => {
    const positive = interval(0, Infinity, true, true),
      of = (part: Expr): Bounds | null => (part === x ? positive : null);
    expect(isPositive(boundsOf(mul(x, exp(z)), of))).toBe(true);
    expect(isPositive(boundsOf(mul(x, pow(z, num(2))), of))).toBe(false);
    expect(isPositive(boundsOf(add(num(1), mul(x, pow(z, num(2)))), of))).toBe(true);
  });
});
