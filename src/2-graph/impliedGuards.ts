/**
 * Conditions of a statement that others of it imply: the n-th branch of `if k == 0 { } else { if k == 1 { } else { ... } }` is where k is n,
 * and n tests that it is nothing before would make a chain of branches quadratic. Invariant: the conditions left hold together where all did,
 * and each is evaluated only where those before it that it may need hold.
 */
import { type Expr, isConst, visit } from '../expr/expr.js';

/** The conditions without those `not (i == c)` of an index that a later `i == d` implies. */
export function withoutImplied(guards: readonly Expr[]): readonly Expr[] {
  const kept: Expr[] = [],
    asked = new Map<Expr, number>();
  for (const guard of guards.toReversed()) {
    const excluded = guard.op === 'apply' && guard.fn === 'not' ? numberAsked(guard.args[0]!) : null,
      known = excluded === null ? undefined : asked.get(excluded.index);
    if (known !== undefined && known !== excluded!.value) continue;
    kept.push(guard);
    // What reads data may do so only where the conditions before it hold.
    if (readsVariables(guard)) asked.clear();
    const own = numberAsked(guard);
    if (own !== null) asked.set(own.index, own.value);
  }
  return kept.reverse();
}

/** The index and the number of `i == c`. */
function numberAsked(test: Expr): { readonly index: Expr; readonly value: number } | null {
  if (test.op !== 'apply' || test.fn !== 'eq') return null;
  const [a, b] = test.args as readonly [Expr, Expr];
  return a.op === 'index' && isConst(b)
    ? { index: a, value: b.value }
    : b.op === 'index' && isConst(a)
      ? { index: b, value: a.value }
      : null;
}

function readsVariables(e: Expr): boolean {
  let reads = false;
  visit(e, (x) => {
    if (x.op === 'ref' || x.op === 'element') reads = true;
  });
  return reads;
}
