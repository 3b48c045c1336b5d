/**
 * What a prediction is of: everything that is drawn anew, and the reports that new data or new draws change.
 * And what it rests on: the unknowns of the run that these read, directly or through others.
 */
import type { BoundModel } from '../2-graph/bound.js';
import type { ModelGraph, Statement, Variable } from '../2-graph/graph.js';
import { readsOf } from '../2-graph/query.js';
import { type Expr, visit } from '../expr/expr.js';
import type { Continued } from './newData.js';

export interface Affected {
  /** In the order of the program; `elements` are those that are new, absent where all of the array is. */
  readonly predicted: readonly { readonly variable: Variable; readonly elements?: Int32Array | undefined }[];
  /** Unknowns of the run without which that cannot be drawn. */
  readonly needed: ReadonlySet<string>;
}

/** @param changed data and sizes that are not the run's. */
export function affectedBy(bound: BoundModel, continued: ReadonlyMap<string, Continued>, changed: ReadonlySet<string>): Affected {
  const { graph } = bound,
    closure = readerOf(graph),
    drawn = drawnAnew(bound, continued);
  const predicted = [...graph.variables.values()].flatMap((variable) => {
    const { name, origin } = variable;
    if (drawn.has(name)) return [{ variable, elements: existing(bound, name, continued.get(name)?.fresh ?? null) }];
    if (origin !== 'report' || bound.variables.get(name)?.status === 'given') return [];
    // What a report reads of the run alone, the run has reported.
    const below = closure([name], () => true);
    return [...below].some((other) => drawn.has(other) || changed.has(other)) ||
      variable.dims.some((dim) => dim.op === 'size' && changed.has(dim.name)) ||
      [...closure([name], (other) => isDefined(graph, other))].some((other) => sizesOfValue(graph, other).some((size) => changed.has(size)))
      ? [{ variable, elements: existing(bound, name, null) }]
      : [];
  });
  const needed = closure(
    predicted.map(({ variable }) => variable.name),
    (name) => !continued.has(name) || continued.get(name)!.fresh !== null,
  );
  return { predicted, needed: new Set([...continued.keys()].filter((name) => needed.has(name))) };
}

/** Names of the variables that have new elements. */
export function drawnAnew(bound: BoundModel, continued: ReadonlyMap<string, Continued>): ReadonlySet<string> {
  const isDrawn = ({ name, origin }: Variable): boolean => {
    const status = bound.variables.get(name)?.status;
    if (origin === 'predict') return true;
    return status !== 'given' && ['sample', 'param', 'data'].includes(origin) && continued.get(name)?.fresh !== null;
  };
  return new Set([...bound.graph.variables.values()].filter(isDrawn).map(({ name }) => name));
}

/** What variables read, directly or through others, themselves included: `goesOn` tells of which the definitions count. */
export function readerOf(graph: ModelGraph): (from: Iterable<string>, goesOn: (name: string) => boolean) => ReadonlySet<string> {
  const reads = new Map<string, Set<string>>();
  for (const s of graph.statements) {
    if (s.kind === 'factor' || s.target === null) continue;
    const own = reads.get(s.target.variable) ?? new Set<string>();
    for (const name of namesIn(s)) own.add(name);
    reads.set(s.target.variable, own);
  }
  return (from, goesOn) => {
    const names = new Set(from);
    for (const name of names) if (goesOn(name)) for (const other of reads.get(name) ?? []) names.add(other);
    return names;
  };
}

/** Names that a statement reads. */
export function namesIn(s: Statement): readonly string[] {
  return readsOf(s).map(({ variable }) => variable);
}

/** True for what `let` and `report` define: its value follows from what it reads, sizes included. */
function isDefined({ variables }: ModelGraph, name: string): boolean {
  const origin = variables.get(name)?.origin;
  return origin === 'let' || origin === 'report';
}

/** Sizes that are in the values of a definition or decide between them; those that only say how far an array goes are not. */
function sizesOfValue({ statements }: ModelGraph, name: string): readonly string[] {
  return statements.flatMap((s) => (s.kind === 'let' && s.target.variable === name ? [s.value, ...s.guards].flatMap(sizesIn) : []));
}

/** Names of the sizes in an expression, and of scalars, which may be sizes too (`data J: int`). */
export function sizesIn(e: Expr): readonly string[] {
  const names: string[] = [];
  visit(e, (x) => {
    if (x.op === 'size') names.push(x.name);
    else if (x.op === 'ref' && x.at.length === 0) names.push(x.variable);
  });
  return names;
}

/** Flat numbers of the elements to show; absent: all. */
function existing(bound: BoundModel, name: string, fresh: Int32Array | null): Int32Array | undefined {
  const { absent, mask, status, values } = bound.variables.get(name)!;
  const gaps = status === 'partial' ? mask : undefined;
  if (absent === undefined && gaps === undefined && fresh === null) return undefined;
  return Int32Array.from({ length: values.length }, (_, k) => k).filter((k) => absent?.[k] !== 1 && gaps?.[k] !== 0 && fresh?.[k] !== 0);
}
