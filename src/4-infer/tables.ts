/**
 * Where tables over the state are filled. A table that only one kernel changes, element by element in
 * the table's own order, is kept up to date inside that kernel's loop (counts and sums of mixture
 * components); any other is filled before the first kernel that reads it after a change.
 *
 * Invariant: whenever a kernel runs, every table it reads equals what filling it anew would give.
 */
import { mapCode, writesOf } from '../code/analysis.js';
import type { Code } from '../code/loop.js';
import { type Expr, type Index, equal, substitute, variablesOf, visit } from '../expr/expr.js';
import type { SharedTable, SharedTables } from './contract.js';
import type { RegionContext } from './kernels.js';
import type { ProgramBuilder } from './programBuilder.js';
import type { StepResult } from './steps.js';

/** `context`: of a kernel of one region; null for what moves several. */
export interface PlannedStep {
  readonly block: string;
  readonly context: RegionContext | null;
  readonly result: StepResult;
}

export interface PlacedTables {
  /** The steps with the code that fills tables. */
  readonly steps: readonly { readonly block: string; readonly result: Pick<StepResult, 'code' | 'counter'> }[];
  /** Fills the tables that are kept up to date, once a start is drawn. */
  readonly prepared: readonly Code[];
}

export function placeTables(builder: ProgramBuilder, shared: SharedTables, steps: readonly PlannedStep[]): PlacedTables {
  const writes = steps.map((s) => writesOf(s.result.code, new Map()));
  const changes = (step: number, table: SharedTable): boolean => [...table.reads].some((r) => writes[step]!.has(r));
  const prepared: Code[] = [];
  const kept = new Set<SharedTable>();
  const additions = steps.map((): { readonly clear: Code[]; readonly element: Code[] } => ({ clear: [], element: [] }));
  for (const table of shared.known) {
    const writers = steps.flatMap((_, k) => (changes(k, table) ? [k] : []));
    const element = writers.length === 1 ? visited(table, steps[writers[0]!]!, writes[writers[0]!]!) : null;
    if (element === null) continue;
    additions[writers[0]!]!.clear.push(table.clear);
    additions[writers[0]!]!.element.push(...element);
    prepared.push(table.clear, ...table.code);
    builder.keep(table.table);
    kept.add(table);
  }
  // Tables filled in this sweep and not changed since; none holds over from the sweep before.
  const fresh = new Set<SharedTable>();
  return {
    prepared,
    steps: steps.map(({ block, context, result }, k) => {
      const filled = (context?.tables.needs ?? []).filter((t) => !kept.has(t) && !fresh.has(t));
      for (const t of filled) fresh.add(t);
      for (const t of [...fresh]) if (changes(k, t)) fresh.delete(t);
      const { clear, element } = additions[k]!;
      const own = element.length === 0 || context === null ? result.code : [...clear, ...context.sweep([...result.body!, ...element])];
      return { block, result: { counter: result.counter, code: [...filled.flatMap((t) => [t.clear, ...t.code]), ...own] } };
    }),
  };
}

/** The table's terms for the element that a step visits, where its loop is the table's and all it changes is that element. */
function visited(table: SharedTable, step: PlannedStep, writes: ReadonlySet<string>): readonly Code[] | null {
  const { context, result } = step;
  if (context === null) return null;
  const plate = context.plates[0];
  if (table.element === null || table.madeOf.length > 0 || result.body === undefined) return null;
  if (plate === undefined || context.plates.length !== 1 || context.guards.length > 0 || context.region.eventRank > 0) return null;
  if (!equal(plate.from, table.binder.from) || !equal(plate.to, table.binder.to)) return null;
  if ([...table.reads].some((r) => r !== context.name && writes.has(r))) return null;
  const map = new Map<Index, Expr>([[table.binder.index, plate.index]]);
  const own = (e: Expr): boolean => {
    let all = true;
    visit(substitute(e, map), (x) => {
      if (x.op === 'ref' && x.variable === context.name && !x.at.every((a, d) => equal(a, context.at[d]!))) all = false;
    });
    return all;
  };
  const ranges = table.others.flatMap((o) => [o.from, o.to]);
  if (ranges.some((e) => variablesOf(e).has(context.name)) || ![...table.addresses, ...table.guards, table.body].every(own)) return null;
  return table.element.map((code) => mapCode(code, (e) => substitute(e, map)));
}
