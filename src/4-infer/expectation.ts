/**
 * Expectations as formulas: moved inside of sums, and products of independent unknowns taken apart.
 * Invariant: the value is that of the expectation of the whole, for every law in which the groups are independent.
 */
import { apply, cond, type Expr, isConst, mapChildren, mul, mulAll, num, pow, reduce, variablesOf } from '../expr/expr.js';

/** Which variables are random, and which of them one law covers. */
export interface Expectation {
  isRandom(name: string): boolean;
  /** The same for variables of one joint law. */
  groupOf(name: string): string;
}

/** E of an expression: sums and what is known are outside of it, products of independent unknowns are products of expectations. */
export function expectationOf(e: Expr, law: Expectation): Expr {
  // Whether an element is missing is known, whatever its value.
  const random = (x: Expr): boolean =>
    !(x.op === 'apply' && (x.fn === 'missing' || (x.fn === 'not' && !random(x.args[0]!)))) &&
    [...variablesOf(x)].some((v) => law.isRandom(v));
  const go = (x: Expr): Expr => {
    if (!random(x)) return x;
    switch (x.op) {
      case 'reduce':
        return x.kind === 'sum' && !random(x.from) && !random(x.to) ? reduce('sum', x.index, x.from, x.to, go(x.body)) : apply('E', x);
      case 'cond': {
        if (!random(x.test)) return cond(x.test, go(x.then), go(x.otherwise));
        return isConst(x.otherwise, 0) ? product(factors(x)) : apply('E', x);
      }
      case 'apply':
        switch (x.fn) {
          case 'add':
          case 'sub':
          case 'neg':
            return mapChildren(x, go);
          case 'mul':
          case 'div':
          case 'xlogy':
            return product(factors(x));
          default:
            return apply('E', x);
        }
      default:
        return apply('E', x);
    }
  };
  /** Factors of a product; a choice that is zero otherwise is a product with its test. */
  const factors = (x: Expr): readonly Expr[] => {
    if (x.op === 'cond' && isConst(x.otherwise, 0) && random(x.test)) return [x.test, ...factors(x.then)];
    if (x.op !== 'apply') return [x];
    const [a, b] = x.args;
    switch (x.fn) {
      case 'mul':
        return [...factors(a!), ...factors(b!)];
      case 'div':
        return [...factors(a!), ...factors(b!).map((f) => pow(f, num(-1)))];
      case 'neg':
        return [num(-1), ...factors(a!)];
      case 'xlogy':
        return [...factors(a!), apply('log', b!)];
      default:
        return [x];
    }
  };
  const product = (list: readonly Expr[]): Expr => {
    const known = list.filter((f) => !random(f)),
      groups: { readonly names: Set<string>; readonly factors: Expr[] }[] = [];
    for (const f of list.filter(random)) {
      const names = new Set([...variablesOf(f)].filter((v) => law.isRandom(v)).map((v) => law.groupOf(v)));
      const met = groups.filter((g) => [...names].some((n) => g.names.has(n)));
      for (const g of met) {
        for (const n of g.names) names.add(n);
        groups.splice(groups.indexOf(g), 1);
      }
      groups.push({ names, factors: [...met.flatMap((g) => g.factors), f] });
    }
    return mul(mulAll(known), mulAll(groups.map((g) => (g.factors.length === 1 ? go(g.factors[0]!) : apply('E', mulAll(g.factors))))));
  };
  return go(e);
}
