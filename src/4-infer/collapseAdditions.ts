/**
 * What one element of a finite unknown adds to the natural parameters of conjugate parents: the terms of a
 * parent's conditional that contain the element, solved for it, grouped by the element of the parent they go to.
 *
 * An element of a chain stands in two terms (`A[z[t-1]]` at z[t] and `A[z[t]]` at z[t+1]); its groups may be
 * one element of the parent for some values, so whoever weighs them adds them one after the other.
 */
import { apply, equal, type Expr, freeIndices, type Index, index, isConst, substitute, variablesOf, visit } from '../expr/expr.js';
import { type ClosedForm, sameKind } from '../3-derive/closedForm.js';
import { type Contribution, solve } from '../3-derive/conditional.js';
import type { LatentRegion } from '../3-derive/model.js';
import type { Binder } from '../3-derive/normalForm.js';
import type { RegionPlan } from './derivation.js';
import type { ProgramBuilder } from './programBuilder.js';

export type Exponential = ClosedForm & { readonly kind: 'exponential' };

/** To which statistic, at which place of the statistic, how much; summed over its binders where its guards hold. */
export interface Addition {
  readonly slot: number;
  readonly event: readonly Expr[];
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly coefficient: Expr;
}

/** What goes to the parent's element at an address: one, or one for each step of the loops `across`. */
export interface Group {
  readonly address: readonly Expr[];
  readonly across: readonly Binder[];
  readonly additions: readonly Addition[];
}

/** Everything that a contribution is made of. */
export function partsOf(c: Contribution): readonly Expr[] {
  return [c.coefficient, ...c.guards, ...c.event, ...c.binders.flatMap((b) => [b.from, b.to])];
}

/** Unknowns and data in the terms of a parent. */
export function readsOf(plan: RegionPlan): ReadonlySet<string> {
  const out = new Set<string>();
  for (const c of plan.collected.contributions) for (const e of partsOf(c)) for (const v of variablesOf(e)) out.add(v);
  return out;
}

/**
 * The groups of one element of `region`, in a fixed order.
 * @param steps an index for each plate of the parent: those that no label chooses become `across`.
 * @returns a sentence where an element of the region reaches the parent in a way that no address states.
 */
export function groupsOf(
  builder: ProgramBuilder,
  plan: RegionPlan,
  form: Exponential,
  region: LatentRegion,
  steps: readonly Index[],
): readonly Group[] | string {
  const { region: own } = plan;
  const label = region.variable.name;
  const found: { readonly address: readonly Expr[]; readonly across: readonly Binder[]; readonly additions: Addition[] }[] = [];
  for (const c of plan.collected.contributions) {
    const addresses: (readonly Expr[])[] = [];
    for (const e of partsOf(c))
      visit(e, (x) => {
        if (x.op === 'ref' && x.variable === label && !addresses.some((a) => a.every((y, d) => equal(y, x.at[d]!)))) addresses.push(x.at);
      });
    // The index of a largest or smallest element, a product or a function of an array is of that alone, and has no value outside of it.
    const loops = new Set([...own.plates, ...c.binders].map((b) => b.index));
    if (addresses.flat().some((e) => [...freeIndices(e)].some((i) => !loops.has(i))))
      return `one of its terms reads elements of ${label} together`;
    for (let k = 0; k < addresses.length; k++) {
      // Loops of the parent and of the label may share indices.
      const map = new Map<Index, Expr>();
      const fresh = (b: Binder, i: Index): Binder => {
        const made = { index: i, from: substitute(b.from, map), to: substitute(b.to, map) };
        map.set(b.index, i);
        return made;
      };
      const plates = own.plates.map((p, d) => fresh(p, steps[d]!)),
        binders = [...plates, ...c.binders.map((b) => fresh(b, index(b.index.name)))];
      const move = (e: Expr): Expr => substitute(e, map);
      const solved = solve(
        [addresses[k]!.map(move)],
        addresses.slice(0, k).map((a) => a.map(move)),
        region,
        binders,
        [...own.guards, ...c.guards].map(move),
      );
      if (solved === null) continue;
      let rest = solved.binders,
        guards = solved.guards;
      let values = { address: own.at, event: c.event, coefficient: c.coefficient };
      const each = (f: (e: Expr) => Expr): void => {
        values = { address: values.address.map(f), event: values.event.map(f), coefficient: f(values.coefficient) };
      };
      each((e) => substitute(move(e), solved.map));
      // `z[n] = k` says which element of the parent it is.
      for (const p of plates) {
        const binder = rest.find((b) => b.index === p.index);
        const chosen = binder === undefined ? null : (guards.map((g) => chosenBy(g, p.index)).find((x) => x !== null) ?? null);
        if (binder === undefined || chosen === null) continue;
        if ([...freeIndices(chosen)].some((i) => rest.some((b) => b.index === i)))
          return `the element that one of ${label} chooses differs from term to term`;
        const to = new Map<Index, Expr>([[p.index, chosen]]);
        guards = [
          ...guards.filter((g) => chosenBy(g, p.index) !== chosen),
          apply('ge', chosen, binder.from),
          apply('lt', chosen, binder.to),
        ].map((g) => substitute(g, to));
        rest = rest.filter((b) => b !== binder);
        each((e) => substitute(e, to));
      }
      const isStep = (b: Binder): boolean => steps.includes(b.index);
      const across = rest.filter(isStep).map((b) => builder.bindBinder(b)),
        inner = rest.filter((b) => !isStep(b)).map((b) => builder.bindBinder(b));
      const address = values.address.map((e) => builder.bind(e));
      if (address.some((e) => inner.some((b) => freeIndices(e).has(b.index))))
        return `one element of ${label} enters the terms of elements that differ from term to term`;
      const addition: Addition = {
        slot: form.slots.findIndex((s) => sameKind(s.statistic, c.statistic)),
        event: values.event.map((e) => builder.bind(e)),
        coefficient: builder.bind(values.coefficient),
        binders: inner,
        guards: guards.map((g) => builder.bind(g)).filter((g) => !isConst(g, 1)),
      };
      const same = found.find((g) => samePlace(g, { address, across }));
      if (same === undefined) found.push({ address, across, additions: [addition] });
      else same.additions.push(addition);
    }
  }
  return found;
}

/** True for groups that go to the same element, or to the same elements over the same loops. */
export function samePlace(a: Pick<Group, 'address' | 'across'>, b: Pick<Group, 'address' | 'across'>): boolean {
  const sameLoop = (x: Binder, y: Binder): boolean => x.index === y.index && equal(x.from, y.from) && equal(x.to, y.to);
  return (
    a.address.every((e, d) => equal(e, b.address[d]!)) &&
    a.across.length === b.across.length &&
    a.across.every((x, d) => sameLoop(x, b.across[d]!))
  );
}

/** The other side of an equation of an index. */
function chosenBy(g: Expr, i: Index): Expr | null {
  if (g.op !== 'apply' || g.fn !== 'eq') return null;
  const [a, b] = [g.args[0]!, g.args[1]!];
  return a === i && !freeIndices(b).has(i) ? b : b === i && !freeIndices(a).has(i) ? a : null;
}
