/**
 * Questions about a graph: what a statement reads, who reads a variable, and in which order the
 * statements can run.
 *
 * Order is found on statements, not elements: strongly connected components of "reads an element
 * that is defined by". A component runs as one loop over a common axis where every reference inside
 * it goes to an earlier (or always to a later) element; references to the same element are ordered
 * inside the loop, again by components, so that grids need no special case. Where an index comes from
 * data (`z[parent[t]]`) the order is one of elements, and binding finds it (`elementOrder.ts`).
 */
import type { PushforwardLaw } from '../distributions/law/law.js';
import { type ArrayExpr, type Expr, type Index, children, num, sub, variablesOf } from '../expr/expr.js';
import { replaceArgument } from '../distributions/pushforward/argument.js';
import type { Law, ModelGraph, Plate, Statement, Target } from './graph.js';
import { randomNames, tooLargeToWriteOut } from './writtenOut.js';
import { type IndexRange, atLeast, constantDifference, extreme, indexPlusOffset } from './shapes.js';

/** A reference with the ranges of the indices bound around it inside the statement. */
export interface Read {
  readonly variable: string;
  readonly at: readonly Expr[];
  readonly ranges: ReadonlyMap<Index, IndexRange>;
}

/** All expressions of a law, each with its bound indices. */
export function arraysOfLaw(law: Law): readonly ArrayExpr[] {
  const scalar = (body: Expr): ArrayExpr => ({ indices: [], dims: [], body });
  switch (law.kind) {
    case 'family':
      return Object.values(law.parameters);
    case 'truncated':
      return [...arraysOfLaw(law.base), scalar(law.low), scalar(law.high)];
    case 'mixture':
      return [scalar(law.from), scalar(law.to), scalar(law.weight), ...arraysOfLaw(law.component)];
    case 'mixtureOf':
      return [...law.weights.map(scalar), ...law.components.flatMap(arraysOfLaw)];
    case 'censored':
      return [...arraysOfLaw(law.base), scalar(law.low), scalar(law.high)];
    // The argument of the map is no variable; a constant that folds nothing away stands for it.
    case 'pushforward':
      return [
        ...law.over.dims.map(scalar),
        ...arraysOfLaw(law.base),
        { ...law.map, body: replaceArgument(law.map.body, law.argument.name, () => num(Number.NaN)) },
      ];
  }
}
/** Maps that a law holds, the outermost first. */
export function mapsIn(law: Law): readonly PushforwardLaw[] {
  switch (law.kind) {
    case 'family':
      return [];
    case 'truncated':
    case 'censored':
      return mapsIn(law.base);
    case 'mixture':
      return mapsIn(law.component);
    case 'mixtureOf':
      return law.components.flatMap(mapsIn);
    case 'pushforward':
      return [law, ...mapsIn(law.base)];
  }
}
/** Ranges of the indices that a law binds (components of mixtures, draws that are mapped), the outermost first. */
export function rangesOfLaw(law: Law): ReadonlyMap<Index, IndexRange> {
  const ranges = new Map<Index, IndexRange>();
  mixtureRanges(law, ranges);
  return ranges;
}
function mixtureRanges(law: Law, into: Map<Index, IndexRange>): void {
  switch (law.kind) {
    case 'family':
      return;
    case 'truncated':
    case 'censored':
      mixtureRanges(law.base, into);
      return;
    case 'pushforward':
      law.over.indices.forEach((i, k) => into.set(i, { from: num(0), to: law.over.dims[k]! }));
      mixtureRanges(law.base, into);
      return;
    case 'mixture':
      into.set(law.index, { from: law.from, to: law.to });
      mixtureRanges(law.component, into);
      return;
    case 'mixtureOf':
      for (const c of law.components) mixtureRanges(c, into);
  }
}

/** Everything a statement evaluates: its law or value, guards and plate bounds. */
export function arraysOfStatement(s: Statement): readonly ArrayExpr[] {
  const scalar = (body: Expr): ArrayExpr => ({ indices: [], dims: [], body });
  const around = [...s.guards.map(scalar), ...s.plates.flatMap((p) => [scalar(p.from), scalar(p.to)])];
  switch (s.kind) {
    case 'sample':
    case 'predict':
      return [...around, ...s.target.at.map(scalar), ...arraysOfLaw(s.law)];
    case 'observe':
      return [...around, s.value, ...arraysOfLaw(s.law)];
    case 'param':
      return [...around, ...s.target.at.map(scalar)];
    case 'let':
      return [...around, ...s.target.at.map(scalar), scalar(s.value)];
    case 'factor':
      return [...around, scalar(s.value)];
  }
}

/** The references of a statement; shared subtrees are visited once for each set of ranges. */
export function readsOf(s: Statement): readonly Read[] {
  const out: Read[] = [];
  const base = new Map<Index, IndexRange>();
  for (const p of s.plates) base.set(p.index, { from: p.from, to: p.to });
  if (s.kind === 'sample' || s.kind === 'predict' || s.kind === 'observe') mixtureRanges(s.law, base);
  const own = s.kind === 'observe' ? s.target : null;
  const seen = new Set<Expr>();
  const walk = (e: Expr, ranges: ReadonlyMap<Index, IndexRange>): void => {
    if (seen.has(e)) return;
    seen.add(e);
    switch (e.op) {
      case 'ref':
        out.push({ variable: e.variable, at: e.at, ranges });
        for (const x of e.at) walk(x, ranges);
        return;
      case 'reduce': {
        walk(e.from, ranges);
        walk(e.to, ranges);
        walk(e.body, new Map([...ranges, [e.index, { from: e.from, to: e.to }]]));
        return;
      }
      case 'element':
        for (const x of [...e.at, ...e.array.dims]) walk(x, ranges);
        for (const a of e.array.args) walkArray(a, ranges);
        return;
      default:
        for (const x of children(e)) walk(x, ranges);
    }
  };
  const walkArray = (a: ArrayExpr, ranges: ReadonlyMap<Index, IndexRange>): void => {
    for (const d of a.dims) walk(d, ranges);
    if (a.indices.length === 0) {
      walk(a.body, ranges);
      return;
    }
    const inner = new Map(ranges);
    a.indices.forEach((i, d) => inner.set(i, { from: { op: 'const', value: 0 }, to: a.dims[d]! }));
    walk(a.body, inner);
  };
  for (const a of arraysOfStatement(s)) {
    // The observed element itself is not read in order to generate it.
    if (own !== null && s.kind === 'observe' && a === s.value) continue;
    walkArray(a, base);
  }
  return out;
}

/** The target of a statement that gives values to elements; null for factors and observed expressions. */
export function targetOf(s: Statement): Target | null {
  return s.kind === 'factor' ? null : s.target;
}

/** Statements whose law, value, guards or bounds refer to a variable. */
export function readersOf(graph: ModelGraph, variable: string): readonly Statement[] {
  return graph.statements.filter((s) => readsOf(s).some((r) => r.variable === variable));
}

// --- schedule ---------------------------------------------------------------------------------

/**
 * One statement of a fused loop: it stands for `coordinate = plate index + offset` (or only at
 * `offset` where `plate` is null), so its own index is `coordinate - offset`.
 */
export interface Member {
  readonly statement: Statement;
  /** Position of the plate in `statement.plates` whose index is the loop's; null for a single place. */
  readonly plate: number | null;
  readonly offset: Expr;
}

/**
 * Statements to run one after the other; a `loop` runs `body` once for each coordinate. The elements of
 * an `ordered` group run one at a time, in the order that the data of a bound model gives.
 */
export type Group =
  | { readonly kind: 'ordered'; readonly statements: readonly Statement[] }
  | { readonly kind: 'single'; readonly statement: Statement }
  | {
      readonly kind: 'loop';
      readonly direction: 'ascending' | 'descending';
      readonly members: readonly Member[];
      readonly body: readonly Group[];
    };

export interface Schedule {
  readonly groups: readonly Group[];
  /** Components that cannot be ordered, each as the statements of one cycle; empty for a legal program. */
  readonly cycles: readonly (readonly Statement[])[];
  /**
   * The `let`s to compute rather than write out: those that depend on themselves through `let`s alone, and those that would become too
   * large.
   */
  readonly recursive: ReadonlySet<Statement>;
  /** Reads of observed data that the order does not follow: legal where the data are given, and without a value where they are drawn. */
  readonly outOfOrder: readonly Edge[];
}

/** Reads of `reader` that may meet what `definer` defines. */
interface Edge {
  readonly reader: Statement;
  readonly definer: Statement;
  readonly read: Read;
}

/**
 * An order in which every statement runs after what it reads; data that an `observe` can generate
 * counts as defined by it where that leaves an order. Never throws: statements of a cycle follow in program order.
 */
export function schedule(graph: ModelGraph): readonly Group[] {
  return scheduleStatements(graph.statements).groups;
}

/** An order in which every statement comes after what it reads; cycles, and `let`s that read themselves. */
export function scheduleStatements(statements: readonly Statement[]): Schedule {
  const edges = edgesAmong(statements);
  const random = randomness(statements);
  const ordered = order(statements, edges, random, 0);
  const lets = statementsOf(ordered.groups).flatMap((s) => (s.kind === 'let' ? [s] : []));
  return { ...ordered, recursive: new Set([...recursiveLets(edges), ...tooLargeToWriteOut(lets, random)]) };
}

/** The statements of groups, each after those it reads (but for its own recursion). */
function statementsOf(groups: readonly Group[]): readonly Statement[] {
  return groups.flatMap((g) => (g.kind === 'single' ? [g.statement] : g.kind === 'ordered' ? g.statements : statementsOf(g.body)));
}

/** Groups whose order of elements depends on data; they stand at the outermost level. */
export function orderedGroups(graph: ModelGraph): readonly (readonly Statement[])[] {
  return schedule(graph).flatMap((g) => (g.kind === 'ordered' ? [g.statements] : []));
}

/** True where indices from data (or of an index, as in `floor(t / 2)`) may order what the statements alone do not. */
function mayBeOrderedByData(component: readonly Statement[], edges: readonly Edge[], random: (name: string) => boolean): boolean {
  const byIndexOnly = (e: Expr, s: Statement): boolean => indexPlusOffset(e, new Set(s.plates.map((p) => p.index))) !== null;
  const open = edges.filter((e) => !e.read.at.every((x) => byIndexOnly(x, e.reader)));
  if (open.length === 0) return false;
  const own = new Set(component.flatMap((s) => targetOf(s)?.variable ?? []));
  if (open.some((e) => e.read.at.some((x) => [...variablesOf(x)].some((name) => own.has(name) || random(name))))) return false;
  const rest = edges.filter((e) => !open.includes(e));
  return rest.length === 0 || order(component, rest, random, 1).cycles.length === 0;
}

/** Whether a variable is drawn or computed from one that is; found when first asked. */
function randomness(statements: readonly Statement[]): (name: string) => boolean {
  let found: ReadonlySet<string> | null = null;
  return (name) => (found ??= randomNames(statements)).has(name);
}

function edgesAmong(statements: readonly Statement[]): readonly Edge[] {
  const definers = new Map<string, Statement[]>();
  for (const s of statements) {
    const t = targetOf(s);
    if (t === null) continue;
    const list = definers.get(t.variable);
    if (list === undefined) definers.set(t.variable, [s]);
    else list.push(s);
  }
  const edges: Edge[] = [];
  for (const reader of statements) {
    for (const read of readsOf(reader)) {
      for (const definer of definers.get(read.variable) ?? []) {
        if (mayMeet(read, definer)) edges.push({ reader, definer, read });
      }
    }
  }
  return edges;
}

function rangesOfPlates(plates: readonly Plate[]): ReadonlyMap<Index, IndexRange> {
  return new Map(plates.map((p) => [p.index, { from: p.from, to: p.to }]));
}

/** False only where no element read is one that is defined. */
function mayMeet(read: Read, definer: Statement): boolean {
  const target = targetOf(definer)!;
  const own = rangesOfPlates(definer.plates);
  for (const [axis, at] of target.at.entries()) {
    const e = read.at[axis];
    if (e === undefined) continue;
    const low = extreme(at, 'low', own),
      high = extreme(at, 'high', own);
    const readLow = extreme(e, 'low', read.ranges),
      readHigh = extreme(e, 'high', read.ranges);
    if (readHigh !== null && low !== null && atLeast(sub(low, readHigh), 1, new Map())) return false;
    if (readLow !== null && high !== null && atLeast(sub(readLow, high), 1, new Map())) return false;
  }
  return true;
}

function order(
  statements: readonly Statement[],
  edges: readonly Edge[],
  random: (name: string) => boolean,
  depth: number,
): Omit<Schedule, 'recursive'> {
  const groups: Group[] = [];
  const cycles: (readonly Statement[])[] = [],
    outOfOrder: Edge[] = [];
  const byReader = new Map<Statement, Edge[]>();
  for (const e of edges) {
    const list = byReader.get(e.reader);
    if (list === undefined) byReader.set(e.reader, [e]);
    else list.push(e);
  }
  for (const component of components(statements, edges)) {
    const own = new Set(component);
    const inside = component.flatMap((s) => (byReader.get(s) ?? []).filter((e) => own.has(e.definer)));
    if (inside.length === 0) {
      groups.push({ kind: 'single', statement: component[0]! });
      continue;
    }
    const loop = fuse(component, inside, random, depth);
    if (loop !== null) {
      groups.push(loop.group);
      outOfOrder.push(...loop.outOfOrder);
      continue;
    }
    if (depth === 0 && mayBeOrderedByData(component, inside, random)) {
      groups.push({ kind: 'ordered', statements: component });
      continue;
    }
    // Lags of observed data never make a program illegal: the values are given.
    const firm = inside.filter((e) => e.definer.kind !== 'observe');
    if (firm.length < inside.length) {
      const again = order(component, firm, random, depth);
      groups.push(...again.groups);
      cycles.push(...again.cycles);
      outOfOrder.push(...inside.filter((e) => e.definer.kind === 'observe'), ...again.outOfOrder);
      continue;
    }
    cycles.push(shortestCycle(component, inside));
    for (const statement of component) groups.push({ kind: 'single', statement });
  }
  return { groups, cycles, outOfOrder };
}

interface Coordinate {
  readonly member: Member;
  readonly expression: Expr;
}

/** A loop over one axis in which every reference inside the component goes one way; null where there is none. */
function fuse(
  component: readonly Statement[],
  edges: readonly Edge[],
  random: (name: string) => boolean,
  depth: number,
): (Pick<Schedule, 'outOfOrder'> & { readonly group: Group }) | null {
  const first = targetOf(component[0]!);
  if (first === null || depth > 8) return null;
  const rank = Math.max(...component.map((s) => targetOf(s)?.at.length ?? 0));
  for (const choice of axisChoices(component, rank)) {
    for (const direction of ['ascending', 'descending'] as const) {
      const same: Edge[] = [];
      const fits = edges.every((e) => {
        const step = stepOf(e, choice);
        if (step === 'same') {
          same.push(e);
          return true;
        }
        return step === (direction === 'ascending' ? 'earlier' : 'later');
      });
      if (!fits || same.length === edges.length) continue;
      const body = order(component, same, random, depth + 1);
      if (body.cycles.length > 0) continue;
      return {
        group: { kind: 'loop', direction, members: component.map((s) => choice.get(s)!.member), body: body.groups },
        outOfOrder: body.outOfOrder,
      };
    }
  }
  return null;
}

/** Ways to pick one axis of each variable of a component; the same position first. */
function* axisChoices(
  component: readonly Statement[],
  rank: number,
): Generator<ReadonlyMap<Statement, Coordinate & { readonly axis: number }>> {
  const variables = [...new Set(component.map((s) => targetOf(s)!.variable))];
  const limit = 64;
  let tried = 0;
  for (let code = 0; code < rank ** variables.length && tried < limit; code++) {
    // Counting in base `rank` with all digits equal first.
    const digits = code < rank ? variables.map(() => code) : variables.map((_, k) => Math.floor(code / rank ** k) % rank);
    const axes = new Map(variables.map((v, k) => [v, digits[k]!]));
    const out = new Map<Statement, Coordinate & { readonly axis: number }>();
    for (const s of component) {
      const target = targetOf(s)!,
        axis = axes.get(target.variable)!;
      const e = target.at[axis];
      const form = e === undefined ? null : indexPlusOffset(e, new Set(s.plates.map((p) => p.index)));
      if (e === undefined || form === null) break;
      const plate = form.index === null ? null : s.plates.findIndex((p) => p.index === form.index);
      out.set(s, { axis, expression: e, member: { statement: s, plate, offset: form.offset } });
    }
    tried++;
    if (out.size === component.length) yield out;
  }
}

/** Where the element read lies against the one being defined, along the chosen axis. */
function stepOf(
  edge: Edge,
  choice: ReadonlyMap<Statement, Coordinate & { readonly axis: number }>,
): 'earlier' | 'same' | 'later' | 'unknown' {
  const own = choice.get(edge.reader)!,
    other = choice.get(edge.definer)!;
  const e = edge.read.at[other.axis];
  if (e === undefined) return 'unknown';
  const distance = sub(e, own.expression);
  if (constantDifference(distance, { op: 'const', value: 0 }) === 0) return 'same';
  const high = extreme(distance, 'high', edge.read.ranges),
    low = extreme(distance, 'low', edge.read.ranges);
  if (high !== null && atLeast(sub({ op: 'const', value: 0 }, high), 1, new Map())) return 'earlier';
  if (low !== null && atLeast(low, 1, new Map())) return 'later';
  return 'unknown';
}

/** Strongly connected components, each after those it reads (Tarjan 1972), program order where free. */
function components(statements: readonly Statement[], edges: readonly Edge[]): readonly (readonly Statement[])[] {
  const next = new Map<Statement, Statement[]>(statements.map((s) => [s, []]));
  for (const e of edges) if (e.definer !== e.reader) next.get(e.reader)?.push(e.definer);
  const number = new Map<Statement, number>(),
    low = new Map<Statement, number>();
  const stack: Statement[] = [],
    onStack = new Set<Statement>();
  const out: Statement[][] = [];
  // An explicit stack: programs of thousands of statements in one chain are legal.
  for (const start of statements) {
    if (number.has(start)) continue;
    const work: { node: Statement; at: number }[] = [{ node: start, at: 0 }];
    while (work.length > 0) {
      const frame = work[work.length - 1]!;
      const { node } = frame;
      if (frame.at === 0) {
        number.set(node, number.size);
        low.set(node, number.get(node)!);
        stack.push(node);
        onStack.add(node);
      }
      const targets = next.get(node)!;
      let descended = false;
      while (frame.at < targets.length) {
        const child = targets[frame.at++]!;
        if (!number.has(child)) {
          work.push({ node: child, at: 0 });
          descended = true;
          break;
        }
        if (onStack.has(child)) low.set(node, Math.min(low.get(node)!, number.get(child)!));
      }
      if (descended) continue;
      if (frame.at === 0) frame.at = 1;
      work.pop();
      const parent = work[work.length - 1]?.node;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent)!, low.get(node)!));
      if (low.get(node) === number.get(node)) {
        const component: Statement[] = [];
        for (;;) {
          const member = stack.pop()!;
          onStack.delete(member);
          component.push(member);
          if (member === node) break;
        }
        out.push(component.sort((a, b) => a.id - b.id));
      }
    }
  }
  return out;
}

/** Steps that the search for a shortest cycle may take; in longer cycles it begins at the first statements only. */
const longestSearch = 2e7;

/** A shortest path from some statement back to itself, each reading the next. */
function shortestCycle(component: readonly Statement[], edges: readonly Edge[]): readonly Statement[] {
  let best: readonly Statement[] = component;
  for (const start of component.slice(0, Math.max(1, Math.floor(longestSearch / (component.length * edges.length))))) {
    const before = new Map<Statement, Statement | null>([[start, null]]);
    const queue: Statement[] = [start];
    for (const s of queue) {
      for (const e of edges) {
        if (e.reader !== s) continue;
        if (e.definer === start) {
          const path: Statement[] = [];
          for (let x: Statement | null | undefined = s; x != null; x = before.get(x)) path.unshift(x);
          if (path.length < best.length || best === component) best = path;
        } else if (!before.has(e.definer)) {
          before.set(e.definer, s);
          queue.push(e.definer);
        }
      }
    }
  }
  return best;
}

/**
 * The `let`s that depend on themselves through `let`s alone. One whose way back leads through a draw
 * (`let m = 0.9 * z[t-1]` beside `z[t] ~ Normal(m, 1)`) is none: its definition can be written out.
 */
function recursiveLets(edges: readonly Edge[]): ReadonlySet<Statement> {
  const among = edges.filter((e) => e.reader.kind === 'let' && e.definer.kind === 'let');
  const own = new Set(among.flatMap((e) => (e.reader === e.definer ? [e.reader] : [])));
  const lets = [...new Set(among.flatMap((e) => [e.reader, e.definer]))];
  for (const component of components(lets, among)) if (component.length > 1) for (const s of component) own.add(s);
  return own;
}
