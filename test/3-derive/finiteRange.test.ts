/** Spans of random integer expressions hold at every value of their references; single functions have the least span there is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Span, type SpanContext, spanOf } from '../../src/3-derive/finiteRange.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { add, apply, cond, type Expr, freeIndices, isConst, mul, neg, num, ref, sub, variablesOf } from '../../src/expr/expr.js';

const x = ref('x'),
  z = ref('z');
const leaf = fc.constantFrom<Expr>(x, z, num(-2), num(0), num(3));
const { tree } = fc.letrec<{ tree: Expr }>((tie) => {
  const inner = tie('tree');
  return {
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc
        .tuple(inner, inner)
        .chain(([a, b]) =>
          fc.constantFrom(
            add(a, b),
            sub(a, b),
            mul(a, b),
            apply('min', a, b),
            apply('max', a, b),
            apply('le', a, b),
            cond(apply('lt', a, b), a, b),
          ),
        ),
      inner.chain((a) => fc.constantFrom(neg(a), apply('abs', a), apply('floor', apply('div', a, num(2))))),
    ),
  };
});

function contextOf(spans: Readonly<Record<string, readonly [number, number]>>): SpanContext {
  return {
    isFixed: (e) => variablesOf(e).size === 0 && freeIndices(e).size === 0,
    isNonNegative: (e) => isConst(e) && e.value >= 0,
    ofReference: ({ variable }): Span => ({ low: num(spans[variable]![0]), high: num(spans[variable]![1]) }),
  };
}
const valueOf = (e: Expr, values: Readonly<Record<string, number>> = {}): number => evaluate(e, { variable: (name) => values[name]! });
const range = fc
  .tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: 0, max: 4 }))
  .map(([low, width]): readonly [number, number] => [low, low + width]);

describe('spans of finite unknowns', () => {
  it('hold at every value', () => {
    fc.assert(
      fc.property(tree, range, range, (e, ofX, ofZ) => {
        const span = spanOf(e, contextOf({ x: ofX, z: ofZ }));
        if (span === null) return;
        const low = valueOf(span.low),
          high = valueOf(span.high);
        for (let a = ofX[0]; a <= ofX[1]; a++)
          for (let b = ofZ[0]; b <= ofZ[1]; b++) {
            const value = valueOf(e, { x: a, z: b });
            expect(value).toBeGreaterThanOrEqual(low);
            expect(value).toBeLessThanOrEqual(high);
          }
      }),
      { numRuns: 1000, seed: 5 },
    );
  });

  it('are the least of single functions', () => {
    const on = (e: Expr, ofX: readonly [number, number], ofZ: readonly [number, number] = [0, 0]): readonly number[] => {
      const span = spanOf(e, contextOf({ x: ofX, z: ofZ }))!;
      return [valueOf(span.low), valueOf(span.high)];
    };
    expect(on(mul(x, z), [-3, 2], [-5, 4])).toEqual([-12, 15]);
    expect(on(mul(x, z), [1, 2], [3, 4])).toEqual([3, 8]);
    expect(on(sub(x, z), [-3, 2], [1, 4])).toEqual([-7, 1]);
    expect(on(apply('abs', x), [-3, 2])).toEqual([0, 3]);
    expect(on(neg(x), [-3, 2])).toEqual([-2, 3]);
    expect(on(apply('le', x, z), [-3, 2])).toEqual([0, 1]);
  });

  it('are not known where an end is not', () => {
    const context: SpanContext = { ...contextOf({}), ofReference: () => null };
    for (const e of [x, add(x, num(1)), mul(num(2), x), cond(apply('lt', x, num(0)), num(0), x)]) expect(spanOf(e, context)).toBeNull();
  });
});
