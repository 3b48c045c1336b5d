/**
 * The numbers of a Gaussian block's members and the pattern of its precision, fixed when data is bound:
 * which elements exist, which of them meet in which instances of which terms, in what order they are
 * eliminated, and where each sum of coefficients stands among the values of the factor.
 *
 * Addresses are evaluated once over the data by compiled code; those that read a latent have been
 * spread over its values before. Instances that data rule out are left out.
 */
import { type Code, forLoop, store } from '../../code/loop.js';
import { allocate, instantiate, printModule } from '../../code/module.js';
import { createRuntime } from '../../code/runtime.js';
import { add, apply, type Expr, type Index, isConst, mul, num, type Ref, ref, variablesOf } from '../../expr/expr.js';
import { halfBandwidth, minimumDegree, positionsOf, reverseCuthillMcKee } from '../../numeric/ordering.js';
import { columnCounts, graphOf, type SparsePattern, sparsePlace, symbolicFactor } from '../../numeric/sparseCholesky.js';
import { createRandom } from '../../random/generator.js';
import type { LatentRegion } from '../../3-derive/model.js';
import type { Binder } from '../../3-derive/normalForm.js';
import { type ProgramBuilder, loops } from '../programBuilder.js';

/** A member variable: its elements are the cells of its storage that are drawn. */
export interface Member {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of each cell's element, -1 for cells that are none; a data storage. */
  readonly table: string;
}

export interface Elements {
  readonly members: readonly Member[];
  readonly count: number;
  /** Member and cell of each element: its number among the cells of all members. */
  readonly cellOf: Int32Array;
}

/** Instances of a term: the numbers of their elements by the values of the binders, -1 where there is no instance. */
export interface Instances {
  readonly binders: readonly Binder[];
  readonly extents: readonly number[];
  readonly elements: readonly Int32Array[];
}

export type Layout = { readonly kind: 'banded'; readonly width: number } | { readonly kind: 'sparse'; readonly pattern: SparsePattern };

export interface Pattern {
  readonly layout: Layout;
  /** Element eliminated k-th, and when each is. */
  readonly order: Int32Array;
  readonly position: Int32Array;
  /** Length of the factor's values. */
  readonly cells: number;
  /** Pairs of elements that meet, each with itself included. */
  readonly pairs: number;
  /** Floating-point operations of factoring, solving, drawing. */
  readonly cost: number;
  readonly structure: string;
}

/** Code over data storages, run now; `outputs` are integer storages that it fills (given at -1). */
function runNow(
  builder: ProgramBuilder,
  outputs: readonly { readonly name: string; readonly shape: readonly number[] }[],
  body: readonly Code[],
): ReadonlyMap<string, Int32Array> {
  const names = new Set(outputs.map((o) => o.name));
  const data = builder.storages().filter((s) => s.place === 'data' && !names.has(s.name));
  const printed = printModule({
    storages: [...data, ...outputs.map((o) => ({ name: o.name, shape: o.shape, type: 'int32' as const, place: 'state' as const }))],
    functions: [{ name: 'run', parameters: [], body }],
  });
  const values = new Map<string, Float64Array | Int32Array>();
  for (const s of data) {
    const v = builder.initialValues(s.name);
    if (v !== undefined) values.set(s.name, v);
  }
  const out = new Map<string, Int32Array>();
  for (const o of outputs) {
    const filled = new Int32Array(o.shape.reduce((a, b) => a * b, 1)).fill(-1);
    out.set(o.name, filled);
    values.set(o.name, filled);
  }
  instantiate(printed.source, allocate(printed.storages, values), createRuntime(createRandom('pattern', 'pattern')))['run']!();
  return out;
}

/** True where an expression reads data, sizes and indices only. */
export function readsDataOnly(builder: ProgramBuilder, e: Expr): boolean {
  return [...variablesOf(e)].every((v) => builder.storage(v).place === 'data');
}

/** Numbers the elements of the regions, variable by variable. */
export function numberElements(builder: ProgramBuilder, regions: readonly LatentRegion[]): Elements {
  const names = [...new Set(regions.map((r) => r.variable.name))];
  const shapes = names.map((n) => builder.storage(n).shape);
  const tables = names.map((_, v) => builder.fresh('element', shapes[v]!.length === 0 ? [1] : shapes[v]!, 'data', 'int32'));
  const code = regions.flatMap((r) => {
    const v = names.indexOf(r.variable.name),
      shape = shapes[v]!;
    const event = shape.slice(shape.length - r.eventRank).map((_, d): Index => ({ op: 'index', name: `i${d}` }));
    const binders = [
      ...r.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to })),
      ...event.map((i, d): Binder => ({ index: i, from: num(0), to: num(shape[shape.length - r.eventRank + d]!) })),
    ];
    const at = [...r.at.map((e) => builder.bind(e)), ...event];
    return loops(
      binders,
      r.guards.map((g) => builder.bind(g)),
      [store(tables[v]!, at.length === 0 ? [num(0)] : at, num(0))],
    );
  });
  const marked = runNow(
    builder,
    tables.map((name, v) => ({ name, shape: shapes[v]!.length === 0 ? [1] : shapes[v]! })),
    code,
  );
  const cells: number[] = [];
  let count = 0,
    offset = 0;
  const members = names.map((name, v): Member => {
    const table = marked.get(tables[v]!)!;
    for (let k = 0; k < table.length; k++)
      if (table[k] === 0) {
        table[k] = count++;
        cells.push(offset + k);
      }
    offset += table.length;
    builder.setInitial(tables[v]!, table);
    return { name, shape: shapes[v]!, table: tables[v]! };
  });
  return { members, count, cellOf: Int32Array.from(cells) };
}

/** The element number at an address; -1 outside the variable. */
function numberAt(elements: Elements, e: Ref): Expr {
  const member = elements.members.find((m) => m.name === e.variable)!;
  return ref(member.table, e.at.length === 0 ? [num(0)] : e.at);
}
function insideOf(elements: Elements, e: Ref): readonly Expr[] {
  const member = elements.members.find((m) => m.name === e.variable)!;
  return e.at.flatMap((x, d) => (isConst(x) ? [] : [apply('ge', x, num(0)), apply('lt', x, num(member.shape[d]!))]));
}

/** Most instances of one term whose places are looked up. */
const mostInstances = 1 << 26;

/** All values that an index may take: an end that reads latents is wherever it may come to be. */
function knownRange(builder: ProgramBuilder, { index, from, to }: Binder): Binder {
  return {
    index,
    from: readsDataOnly(builder, from) ? from : num(Math.max(0, builder.interval(from)?.low ?? 0)),
    to: readsDataOnly(builder, to) ? to : num(builder.interval(to)?.high ?? 0),
  };
}

/**
 * The elements of every instance of each term; null where there are too many to look up. Guards and addresses are bound; guards that read
 * latents do not count.
 */
export function instancesOf(
  builder: ProgramBuilder,
  elements: Elements,
  terms: readonly { readonly binders: readonly Binder[]; readonly guards: readonly Expr[]; readonly elements: readonly Ref[] }[],
): readonly Instances[] | null {
  const outputs: { name: string; shape: readonly number[] }[] = [];
  const code: Code[] = [];
  let failed = false;
  const plans = terms.map((t) => {
    const binders = t.binders.map((b) => knownRange(builder, b));
    const extents = t.binders.map((b) => Math.max(0, builder.interval(b.to)?.high ?? Number.NaN));
    const size = extents.reduce((a, b) => a * b, 1);
    if (!(size <= mostInstances)) {
      failed = true;
      return { extents, names: [] as string[] };
    }
    const shape = extents.length === 0 ? [1] : extents,
      at: readonly Expr[] = extents.length === 0 ? [num(0)] : t.binders.map((b) => b.index);
    const names = t.elements.map((_, k) => `%instances${outputs.length + k}`);
    for (const name of names) outputs.push({ name, shape });
    const guards = [...t.guards.filter((g) => readsDataOnly(builder, g)), ...t.elements.flatMap((e) => insideOf(elements, e))];
    if (size > 0)
      code.push(
        ...loops(
          binders,
          guards,
          t.elements.map((e, k) => store(names[k]!, at, numberAt(elements, e))),
        ),
      );
    return { extents, names };
  });
  if (failed) return null;
  const found = runNow(builder, outputs, code);
  return plans.map(({ extents, names }, k): Instances => {
    const own = names.map((n) => found.get(n)!);
    // An instance counts where all its elements exist.
    if (own.length === 2)
      for (let i = 0; i < own[0]!.length; i++)
        if (own[0]![i]! < 0 || own[1]![i]! < 0) {
          own[0]![i] = -1;
          own[1]![i] = -1;
        }
    return { binders: terms[k]!.binders, extents, elements: own };
  });
}

/** Up to this size, and where the factor is nearly full, the band is the whole triangle. */
const smallDense = 6;
/** A band this narrow is taken as it comes. */
const narrowBand = 4;

/** The order of elimination and the layout of the factor, by the number of operations they take. */
export function choosePattern(elements: Elements, instances: readonly Instances[]): Pattern {
  const n = elements.count;
  const pairs = instances.filter((t) => t.elements.length === 2);
  let size = 0;
  for (const t of pairs) size += t.elements[0]!.length;
  const left = new Int32Array(size),
    right = new Int32Array(size);
  let count = 0;
  for (const t of pairs) {
    const [a, b] = [t.elements[0]!, t.elements[1]!];
    for (let i = 0; i < a.length; i++)
      if (a[i]! >= 0 && a[i] !== b[i]) {
        left[count] = a[i]!;
        right[count++] = b[i]!;
      }
  }
  const graph = graphOf(n, left, right, count);
  const met = n + graph.adjacent.length / 2;
  const bandCost = (w: number): number => n * (w * w + 8 * w + 10) - (2 / 3) * w * w * w;
  const banded = (order: Int32Array): Pattern & { readonly width: number } => {
    const position = positionsOf(order),
      width = halfBandwidth(graph, position);
    return {
      width,
      layout: { kind: 'banded', width },
      order,
      position,
      cells: n * (width + 1),
      pairs: met,
      cost: bandCost(width),
      structure: width === 0 ? 'independent' : width === n - 1 ? 'dense' : `banded, half bandwidth ${width}`,
    };
  };
  let best = banded(Int32Array.from({ length: n }, (_, i) => i));
  if (best.width <= narrowBand || n <= smallDense) return best;
  const consider = (order: Int32Array): void => {
    const other = banded(order);
    if (other.cost < best.cost) best = other;
  };
  consider(interleaved(elements));
  if (best.width <= narrowBand) return best;
  const order = minimumDegree(graph),
    position = positionsOf(order);
  const counts = columnCounts(graph, order, position);
  let filled = 0,
    operations = 0,
    most = 0;
  for (const c of counts) {
    filled += c;
    operations += c * c + 8 * c + 10;
  }
  // Sparse operations follow pointers: measured, one takes 1.2 to 1.5 times as long as a band's.
  operations *= 1.5;
  // No band is narrower than half the neighbours of any element.
  for (let i = 0; i < n; i++) most = Math.max(most, graph.start[i + 1]! - graph.start[i]!);
  if (bandCost(Math.ceil(most / 2)) < Math.min(operations, best.cost)) consider(reverseCuthillMcKee(graph));
  if (operations > best.cost) return best;
  return {
    layout: { kind: 'sparse', pattern: symbolicFactor(graph, order, position) },
    order,
    position,
    cells: n + filled,
    pairs: met,
    cost: operations,
    structure: `sparse, ${filled} of ${(n * (n - 1)) / 2} elements below the diagonal after ordering by minimum degree`,
  };
}

/** Elements of equal leading index side by side: states of several variables at one time. */
function interleaved(elements: Elements): Int32Array {
  const { members, cellOf, count } = elements;
  const starts: number[] = [],
    strides: number[] = [];
  let offset = 0,
    most = 1;
  for (const m of members) {
    const size = m.shape.reduce((a, b) => a * b, 1);
    starts.push(offset);
    offset += size;
    strides.push(m.shape.length === 0 ? 1 : size / Math.max(1, m.shape[0]!));
    if (m.shape.length > 0) most = Math.max(most, m.shape[0]!);
  }
  // A stable counting sort by leading index; the elements come variable by variable.
  const key = new Int32Array(count),
    first = new Int32Array(most + 1);
  for (let e = 0, v = 0; e < count; e++) {
    while (v + 1 < starts.length && cellOf[e]! >= starts[v + 1]!) v++;
    key[e] = members[v]!.shape.length === 0 ? 0 : Math.floor((cellOf[e]! - starts[v]!) / strides[v]!);
    first[key[e]! + 1]!++;
  }
  for (let k = 0; k < most; k++) first[k + 1] = first[k + 1]! + first[k]!;
  const order = new Int32Array(count);
  for (let e = 0; e < count; e++) order[first[key[e]!]!++] = e;
  return order;
}

/** Where the coefficient of two elements stands among the factor's values; -1 where it has no place. */
export function placeOf(pattern: Pattern, a: number, b: number): number {
  const i = pattern.position[a]!,
    j = pattern.position[b]!;
  if (pattern.layout.kind === 'sparse') return sparsePlace(pattern.layout.pattern, i, j);
  const { width } = pattern.layout,
    row = i > j ? i : j,
    column = i > j ? j : i;
  return row - column > width ? -1 : row * (width + 1) + column - row + width;
}

/**
 * A table of integers over binders as an expression: affine in the binders where it is, else a reference to a data
 * storage. Cells below 0 are never asked for.
 */
export function tabulated(builder: ProgramBuilder, table: Int32Array, extents: readonly number[], at: readonly Expr[], hint: string): Expr {
  const found = affineOf(table, extents);
  if (found !== null) return found.slopes.reduce<Expr>((sum, slope, d) => add(sum, mul(num(slope), at[d]!)), num(found.constant));
  let range = 0;
  for (let k = 0; k < table.length; k++) {
    if (table[k]! >= range) range = table[k]! + 1;
    if (table[k]! < 0) table[k] = 0;
  }
  const name = builder.fresh(hint, extents, 'data', 'int32', range);
  builder.setInitial(name, table);
  return ref(name, at);
}

function affineOf(table: Int32Array, extents: readonly number[]): { readonly constant: number; readonly slopes: readonly number[] } | null {
  const strides = extents.map((_, d) => extents.slice(d + 1).reduce((a, b) => a * b, 1));
  const base = table.findIndex((x) => x >= 0);
  if (base < 0) return { constant: 0, slopes: extents.map(() => 0) };
  const slopes = extents.map((extent, d): number => {
    const stride = strides[d]!;
    for (let k = 0; k + stride < table.length; k++) {
      if (table[k]! >= 0 && table[k + stride]! >= 0 && Math.floor(k / stride) % extent < extent - 1) return table[k + stride]! - table[k]!;
    }
    return 0;
  });
  const value = (k: number): number => slopes.reduce((sum, slope, d) => sum + slope * (Math.floor(k / strides[d]!) % extents[d]!), 0);
  const constant = table[base]! - value(base);
  const index = extents.map(() => 0);
  let expected = constant;
  for (let k = 0; k < table.length; k++) {
    if (table[k]! >= 0 && table[k] !== expected) return null;
    for (let d = extents.length - 1; d >= 0; d--) {
      expected += slopes[d]!;
      if (++index[d]! < extents[d]!) break;
      expected -= slopes[d]! * extents[d]!;
      index[d] = 0;
    }
  }
  return { constant, slopes };
}

/** Loops over all elements of a variable's regions. */
export function overRegions(
  builder: ProgramBuilder,
  regions: readonly LatentRegion[],
  body: (element: Ref) => readonly Code[],
): readonly Code[] {
  return regions.flatMap((r) => {
    const { shape } = builder.storage(r.variable.name);
    const event = shape.slice(shape.length - r.eventRank).map((_, d): Index => ({ op: 'index', name: `i${d}` }));
    const binders = r.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
    let code = body(ref(r.variable.name, [...r.at.map((e) => builder.bind(e)), ...event]));
    for (let d = event.length - 1; d >= 0; d--) code = [forLoop(event[d]!, num(0), num(shape[shape.length - r.eventRank + d]!), code)];
    return loops(
      binders,
      r.guards.map((g) => builder.bind(g)),
      code,
    );
  });
}
