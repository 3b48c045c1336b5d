/** Sums with equal terms counted together: what the result is, and that its value is that of the sum. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumOf, termsOf } from '../../src/4-infer/likeTerms.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { type Expr, add, addAll, apply, cond, div, index, mul, neg, num, reduce, ref, sub } from '../../src/expr/expr.js';
import { printText } from '../../src/expr/print.js';

const names = ['a', 'b', 'c'];
const [a, b, c] = names.map((name) => ref(name)) as [Expr, Expr, Expr];
const counted = (e: Expr): string => printText(sumOf(termsOf(e)));

describe('like terms', () => {
  it('are those with the same factors in any order', () => {
    expect(counted(add(mul(a, b), mul(num(3), mul(b, a))))).toBe('4*a*b');
    expect(counted(sub(div(a, b), div(a, b)))).toBe('0');
    expect(counted(add(add(a, b), neg(mul(a, b))))).toBe('a + b - a*b');
    expect(counted(add(apply('E', mul(a, b)), apply('E', mul(b, a))))).toBe('2*E(a*b)');
  });

  it('are those of one condition, and of sums over one range', () => {
    const test = apply('gt', a, b),
      [i, j] = [index('i'), index('j')];
    expect(counted(add(cond(test, a, num(0)), cond(test, mul(num(2), a), num(0))))).toBe('a > b ? 3*a : 0');
    const over = (k: typeof i, to: number): Expr => reduce('sum', k, num(0), num(to), mul(ref('x', [k]), a));
    expect(counted(add(over(i, 9), over(j, 9)))).toBe('2*sum(x[i]*a for i in 0..<9)');
    expect(counted(add(over(i, 9), over(j, 8)))).toBe('sum(x[i]*a for i in 0..<9) + sum(x[j]*a for j in 0..<8)');
  });

  it('stand where the first of them stood', () => {
    const long = addAll(Array.from({ length: 100 }, (_, k) => mul(num(k % 2 === 0 ? 1 : -1), [a, mul(b, c), c, mul(c, b)][k % 4]!)));
    // 25 times a, -bc, c, -cb.
    expect(counted(long)).toBe('25*a - 50*b*c + 25*c');
  });

  it('a term that cancels within a condition may come back', () => {
    const test = apply('gt', a, b),
      when = (e: Expr): Expr => cond(test, e, num(0));
    expect(counted(addAll([when(a), when(neg(a)), c, when(b)]))).toBe('c + (a > b ? b : 0)');
  });

  it('leave the value of a sum as it is', () => {
    const leaf = fc.constantFrom<Expr>(a, b, c, num(2), num(-1), num(0.5));
    const { expr } = fc.letrec<{ expr: Expr }>((tie) => ({
      expr: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.tuple(tie('expr'), tie('expr')).map(([x, y]) => add(x, y)),
        fc.tuple(tie('expr'), tie('expr')).map(([x, y]) => sub(x, y)),
        fc.tuple(tie('expr'), tie('expr')).map(([x, y]) => mul(x, y)),
        fc.tuple(leaf, tie('expr')).map(([x, y]) => cond(apply('gt', x, num(1)), y, num(0))),
      ),
    }));
    const at = (e: Expr, values: readonly number[]): number => evaluate(e, { variable: (name) => values[names.indexOf(name)]! });
    fc.assert(
      fc.property(
        fc.array(expr, { maxLength: 12 }),
        fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.constant(0.7), fc.constant(1.9)),
        (terms, values) => {
          const sum = addAll(terms),
            found = at(sumOf(termsOf(sum)), values);
          expect(found).toBeCloseTo(at(sum, values), 8);
        },
      ),
      { seed: 4, numRuns: 300 },
    );
  });
});
