/**
 * Inverse index lists: where a sum runs over all n with `lookup(n) = i` and data fix the lookup, the n of
 * each i are listed once (compressed rows: start[i] .. start[i + 1] of `list`), so that the element i of a
 * tree or of a group costs as much as it has children, not as much as there are data.
 *
 * The sum is the same sum in the same order; guards before the lookup's stay, since a lookup may be out of
 * range where they fail.
 */
import { add, equal, type Expr, freeIndices, type Index, index, isConst, one, ref, substitute, variablesOf, visit } from '../expr/expr.js';
import type { Binder } from '../3-derive/normalForm.js';
import { instancesOf } from './blocks/instances.js';
import type { ProgramBuilder } from './programBuilder.js';

/** Lists of one lookup: storages of data. */
interface InverseList {
  readonly binder: Binder;
  readonly lookup: Expr;
  readonly guards: readonly Expr[];
  readonly extent: number;
  readonly start: string;
  readonly list: string;
}

/** All lists of a program, so that equal ones are made once. */
export class InverseLists {
  readonly known: InverseList[] = [];
}

/** A bound loop whose instances a guard looks up. */
export interface Lookup {
  readonly binder: Binder;
  readonly guard: Expr;
  readonly lookup: Expr;
  /** What the lookup must be: it does not contain the loop's index. */
  readonly target: Expr;
  /** The target lies in 0 .. extent - 1. */
  readonly extent: number;
}

/** The first guard that says which instances of a loop over a constant range count, by a lookup in data; null where there is none. */
export function lookupOf(builder: ProgramBuilder, binder: Binder, guards: readonly Expr[]): Lookup | null {
  if (!isConst(binder.from) || !isConst(binder.to)) return null;
  for (const guard of guards) {
    if (guard.op !== 'apply' || guard.fn !== 'eq') continue;
    const [a, b] = [guard.args[0]!, guard.args[1]!];
    for (const [lookup, target] of [
      [a, b],
      [b, a],
    ] as const) {
      const own = freeIndices(lookup);
      if (own.size !== 1 || !own.has(binder.index) || !looksUpData(builder, lookup)) continue;
      // One place for all elements is an ordinary test.
      if (freeIndices(target).size === 0 || freeIndices(target).has(binder.index) || variablesOf(target).size > 0) continue;
      const range = builder.interval(target);
      if (range !== null && range.low >= 0) return { binder, guard, lookup, target, extent: range.high + 1 };
    }
  }
  return null;
}
function looksUpData(builder: ProgramBuilder, e: Expr): boolean {
  let looksUp = false,
    given = true;
  visit(e, (x) => {
    if (x.op !== 'ref') return;
    looksUp = true;
    if (builder.bound.variables.get(x.variable)?.status !== 'given') given = false;
  });
  return looksUp && given;
}

/** The loop of a lookup as a loop over its list: the new binder, the value that replaces the old index, the guards that are left. */
export function listed(
  builder: ProgramBuilder,
  lists: InverseLists,
  { binder, guard, lookup, target, extent }: Lookup,
  guards: readonly Expr[],
): { readonly binder: Binder; readonly map: ReadonlyMap<Index, Expr>; readonly guards: readonly Expr[] } {
  const { start, list } = listOf(
    builder,
    lists,
    binder,
    lookup,
    guards.slice(0, guards.indexOf(guard)).filter((g) => isOwn(builder, g, binder.index)),
    extent,
  );
  const position = index('p');
  const map = new Map<Index, Expr>([[binder.index, ref(list, [position])]]);
  return {
    binder: { index: position, from: ref(start, [target]), to: ref(start, [add(target, one)]) },
    map,
    guards: guards.filter((g) => g !== guard).map((g) => substitute(g, map)),
  };
}
/** True where a guard speaks of data and one index alone. */
function isOwn(builder: ProgramBuilder, guard: Expr, i: Index): boolean {
  return (
    [...freeIndices(guard)].every((j) => j === i) &&
    [...variablesOf(guard)].every((v) => builder.bound.variables.get(v)?.status === 'given')
  );
}

function listOf(
  builder: ProgramBuilder,
  lists: InverseLists,
  binder: Binder,
  lookup: Expr,
  guards: readonly Expr[],
  extent: number,
): InverseList {
  const found = lists.known.find((k) => {
    const map = new Map<Index, Index>([[k.binder.index, binder.index]]);
    return (
      k.extent === extent &&
      equal(k.binder.from, binder.from) &&
      equal(k.binder.to, binder.to) &&
      equal(k.lookup, lookup, map) &&
      k.guards.length === guards.length &&
      k.guards.every((g, n) => equal(g, guards[n]!, map))
    );
  });
  if (found !== undefined) return found;
  const { count, values } = instancesOf(builder, { binders: [binder], guards, outputs: [lookup, binder.index] });
  const start = new Int32Array(extent + 1);
  const inside = (i: number): boolean => i >= 0 && i < extent;
  for (let k = 0; k < count; k++) {
    const i = values[2 * k]!;
    if (inside(i)) start[i + 1]!++;
  }
  for (let i = 0; i < extent; i++) start[i + 1] = start[i + 1]! + start[i]!;
  const list = new Int32Array(Math.max(1, start[extent]!)),
    next = start.slice();
  for (let k = 0; k < count; k++) {
    const i = values[2 * k]!;
    if (inside(i)) list[next[i]!++] = values[2 * k + 1]!;
  }
  const made: InverseList = {
    binder,
    lookup,
    guards,
    extent,
    start: builder.fresh('listStart', [extent + 1], 'data', 'int32', list.length + 1),
    list: builder.fresh('list', [list.length], 'data', 'int32', isConst(binder.to) ? binder.to.value : undefined),
  };
  builder.setInitial(made.start, start);
  builder.setInitial(made.list, list);
  lists.known.push(made);
  return made;
}
