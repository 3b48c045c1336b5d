/** Conditions on data in formulas for readers: textbook forms of censored laws, and values that do not change. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byCases, decided } from '../../src/4-infer/cases.js';
import { readable } from '../../src/4-infer/readable.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { type Apply, type Expr, add, apply, cond, mul, num, ref, sub } from '../../src/expr/expr.js';
import { compile } from '../../src/index.js';
import { graphOf } from '../2-graph/programs.js';

const graph = graphOf('data t: positive data c: positive data u: unit data r: real data e: bool sample s ~ Gamma(1, t + c + u + r + e)');
const datum = (name: string): Expr => ref(name, []);
const compare = (fn: string, a: Expr, b: Expr): Expr => ({ op: 'apply', fn, args: [a, b] });

describe('censored data', () => {
  it('give the estimate of textbooks: events and total time at risk', () => {
    // Klein and Moeschberger (2003), section 3.5: the likelihood of a right censored exponential is rate^events exp(-rate * total time).
    const text = String(
      compile(`data time: positive[N] data event: bool[N] sample rate ~ Gamma(2, 1)
        for n in 0..<N { observe time[n] ~ censored(Exponential(rate), -inf, event[n] ? inf : time[n]) }`).explain({ backend: 'exact' }),
    );
    expect(text).toContain('shape = 2 + sum(event[n] ? 1 : 0 for n in 0..<N)\n');
    expect(text).toContain('rate = 1 + sum(time[n] for n in 0..<N)\n');
  });

  it('are in the way by what their law says of times, not of their infinite bound', () => {
    const text = String(
      compile(`data time: positive[N] data event: bool[N] sample shape ~ Gamma(2, 1)
        for n in 0..<N { observe time[n] ~ censored(Weibull(shape, 2), -inf, event[n] ? inf : time[n]) }`).explain({ backend: 'gibbs' }),
    );
    expect(text).toContain('slice: the term');
    expect(text).not.toContain('the term (inf');
  });
});

describe('conditions on data', () => {
  const values: readonly Readonly<Record<string, number>>[] = [0, 1].flatMap((e) =>
    [0.5, 2].flatMap((t) => [0.5, 3].flatMap((c) => [0, 0.3, 1].flatMap((u) => [-1, 0, 0.5].map((r) => ({ e, t, c, u, r, s: 1.5 }))))),
  );
  const at = (e: Expr, environment: Readonly<Record<string, number>>): number =>
    evaluate(e, { indices: new Map(), sizes: new Map(), variable: (name) => environment[name]! });

  it('are decided by types as by values', () => {
    const sides = [...['t', 'c', 'u', 'r', 'e', 's'].map(datum), ...[-Infinity, -1, 0, 0.5, 1, 2, Infinity].map(num)];
    let known = 0;
    for (const fn of ['eq', 'ne', 'lt', 'le', 'gt', 'ge'])
      for (const a of sides)
        for (const b of sides) {
          const answer = decided(compare(fn, a, b) as Apply, graph);
          if (answer === null) continue;
          known++;
          for (const environment of values)
            expect([fn, a, b, at(compare(fn, a, b), environment)]).toEqual([fn, a, b, at(answer, environment)]);
        }
    // Six comparisons, both ways round: of five data with two infinities, of positive ones with -1 and 0, of a unit one with -1 and 2; itself with itself;
    // and two with 0 on the right of the unit one, which may be 0.
    expect(known).toBe(6 * (2 * (5 * 2 + 2 * 2 + 2) + 5) + 2);
    expect(decided(compare('lt', datum('s'), num(Infinity)) as Apply, graph)).toBeNull();
  });

  it('do not change the value, and make no formula longer', () => {
    const inner = cond(datum('e'), num(Infinity), datum('t'));
    const tests = fc.constantFrom<Expr>(
      datum('e'),
      compare('ge', datum('t'), inner),
      compare('eq', inner, num(Infinity)),
      compare('le', inner, num(0)),
      compare('lt', datum('c'), datum('t')),
      compare('ge', datum('u'), num(0)),
      compare('gt', datum('r'), datum('s')),
    );
    const atoms = fc.oneof(fc.constantFrom('t', 'c', 'u', 'r', 's').map(datum), fc.constantFrom(0, 1, -2).map(num));
    const expressions = (depth: number): fc.Arbitrary<Expr> => {
      if (depth === 0) return atoms;
      const part = expressions(depth - 1);
      return fc.oneof(
        atoms,
        fc.tuple(part, part).map(([a, b]) => add(a, b)),
        fc.tuple(part, part).map(([a, b]) => sub(a, b)),
        fc.tuple(part, part).map(([a, b]) => mul(a, b)),
        fc.tuple(tests, part, part).map(([test, a, b]) => cond(test, a, b)),
      );
    };
    let shortened = 0;
    fc.assert(
      fc.property(expressions(5), (e) => {
        const shown = readable(e, graph);
        if (byCases(e, graph, { left: Number.POSITIVE_INFINITY }, (x) => x) !== e) shortened++;
        for (const environment of values) {
          const expected = at(e, environment);
          expect(Math.abs(at(shown, environment) - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
        }
      }),
      { numRuns: 300, seed: 4 },
    );
    expect(shortened).toBeGreaterThan(20);
  });

  it('are tried until so many nodes were looked at: of n that are nested, each would be tried before the cases of all others', () => {
    const nested = Array.from({ length: 40 }, (_, k) => k).reduce<Expr>((e, k) => cond(apply('gt', ref('c'), num(k)), e, num(k)), ref('m'));
    const nodes = { left: 5000 };
    let tried = 0;
    const inCases = (e: Expr): Expr =>
      byCases(e, graph, nodes, (part) => {
        tried++;
        return inCases(part);
      });
    inCases(nested);
    // Each trial has two parts, and what is looked at has two nodes at least.
    expect(tried).toBeGreaterThan(0);
    expect(tried).toBeLessThan(5000);
  });
});
