/** Implicit functions: values by putting them back into the map, derivatives by finite differences, text, and names that are none. */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/expr/evaluate.js';
import { add, apply, type Expr, exp, mul, num, pow, ref } from '../../src/expr/expr.js';
import { differentiate } from '../../src/expr/gradient.js';
import { rootOf } from '../../src/expr/implicit.js';
import { printLatex, printText } from '../../src/expr/print.js';
import { primitives } from '../../src/expr/primitives.js';

const t = ref('t'),
  y = ref('y'),
  a = ref('a'),
  b = ref('b');
const isArgument = (e: Expr): boolean => e.op === 'ref' && e.variable === 't';
const valueOf = (e: Expr, values: Readonly<Record<string, number>>): number => evaluate(e, { variable: (name) => values[name]! });
/** a t + exp(b t) + t^3. */
const map = add(add(mul(a, t), exp(mul(b, t))), pow(t, num(3)));
const root = rootOf(map, isArgument, true, y, num(-Infinity), num(Infinity))!;

describe('implicit functions', () => {
  it('solve their equation', () => {
    for (const [value, slope, rate] of [
      [0, 1, 0.5],
      [-50, 0.1, 2],
      [1e6, 3, 0.2],
      [2, 0, 1],
    ] as const) {
      const found = valueOf(root, { y: value, a: slope, b: rate });
      expect(valueOf(map, { t: found, a: slope, b: rate })).toBeCloseTo(value, value === 1e6 ? 8 : 12);
    }
    const falling = rootOf(apply('neg', map), isArgument, false, y, num(-Infinity), num(Infinity))!;
    expect(valueOf(falling, { y: -4, a: 1, b: 1 })).toBeCloseTo(valueOf(root, { y: 4, a: 1, b: 1 }), 14);
  });

  it('have the derivatives of the implicit function theorem', () => {
    const at = { y: 3, a: 1.2, b: 0.7 },
      h = 1e-5;
    for (const name of ['y', 'a', 'b'] as const) {
      const difference = (valueOf(root, { ...at, [name]: at[name] + h }) - valueOf(root, { ...at, [name]: at[name] - h })) / (2 * h);
      expect(valueOf(differentiate(root, ref(name)), at)).toBeCloseTo(difference, 8);
    }
  });

  it('read as the equation they solve', () => {
    expect(printText(root)).toBe('(the t with a*t + exp(b*t) + t^3 = y)');
    expect(printLatex(root)).toContain('a t + \\exp\\left(b t\\right) + t^{3} = y');
  });

  it('are refused for maps with other parts than scalar functions, and for names that hold no map', () => {
    expect(
      rootOf(
        add(t, { op: 'reduce', kind: 'sum', index: { op: 'index', name: 'k' }, from: num(0), to: ref('K'), body: t }),
        isArgument,
        true,
        y,
        num(0),
        num(1),
      ),
    ).toBe(null);
    expect(rootOf(add(t, apply('host:0', t)), isArgument, true, y, num(0), num(1))).toBe(null);
    for (const name of ['root$up$', 'root$up$t$add', 'root$up$t$t', 'root$sideways$t', 'root$up$t$constructor', 'root$up$t$root$up$t'])
      expect(primitives.get(name), name).toBe(undefined);
    expect(primitives.get('root$up$t$0$mul')?.arity).toBe(4);
  });
});
