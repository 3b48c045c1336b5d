/** Branches of a chain of conditions: which tests are left, and that they hold for the same index. */
import { describe, expect, it } from 'vitest';
import { withoutImplied } from '../../src/2-graph/impliedGuards.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { type Expr, apply, index, num, ref } from '../../src/expr/expr.js';
import { graphOf } from './programs.js';

const k = index('k'),
  i = index('i');
const is = (of: Expr, value: number): Expr => apply('eq', of, num(value));
const not = (e: Expr): Expr => apply('not', e);

describe('implied conditions', () => {
  it('of a chain of branches are gone: each has its own test, the last that it is none of the others', () => {
    const { statements } = graphOf(`for k in 0..<4 {
      if k == 0 { sample e[k] ~ Normal(0, 1) } else { if k == 1 { sample e[k] ~ Normal(1, 1) } else {
      if k == 2 { sample e[k] ~ Normal(2, 1) } else { sample e[k] ~ Normal(3, 1) } } } }`);
    expect(statements.map((s) => s.guards.length)).toEqual([1, 1, 1, 3]);
    for (let value = 0; value < 4; value++) {
      const holds = statements.map((s) => s.guards.every((g) => evaluate(g, { indices: new Map([[s.plates[0]!.index, value]]) }) !== 0));
      expect(holds).toEqual([0, 1, 2, 3].map((n) => n === value));
    }
  });

  it('stay where they are of another index, or contradict', () => {
    const other = [not(is(i, 0)), is(k, 1)],
      never = [not(is(k, 1)), is(k, 1)],
      negative = [not(is(k, 0)), not(is(k, 1))];
    for (const guards of [other, never, negative]) expect(withoutImplied(guards)).toEqual(guards);
    expect(withoutImplied([not(is(i, 0)), not(is(k, 0)), not(is(i, 2)), is(k, 1)])).toEqual([not(is(i, 0)), not(is(i, 2)), is(k, 1)]);
  });

  it('stay before what may read data only where they hold', () => {
    const guards = [not(is(k, 0)), apply('gt', ref('x', [apply('sub', k, num(1))]), num(0)), is(k, 2)];
    expect(withoutImplied(guards)).toEqual(guards);
  });
});
