/**
 * Factors of finite latents as numbers in memory: the code that fills their tables, and the scopes, one
 * for each instance: which elements it mentions and with which strides they address its table.
 *
 * Instances that cannot differ share one table. Two slots that are one element in some instance read the
 * diagonal (their strides add up), a slot that is given there reads the row of its value.
 */
import { type Code, accumulate, forLoop, store } from '../../code/loop.js';
import { affine } from '../../expr/affine.js';
import {
  type Expr,
  type Index,
  type Ref,
  add,
  apply,
  freeIndices,
  index,
  isConst,
  mul,
  num,
  one,
  ref,
  rewrite,
  sub,
  variablesOf,
  zero,
} from '../../expr/expr.js';
import { type Addresses, type Members, sameElement, type TableTerm, tableTerms } from '../../3-derive/discreteBlock.js';
import { factorMentions } from '../../3-derive/conditional.js';
import type { Factor } from '../../3-derive/model.js';
import type { Binder } from '../../3-derive/normalForm.js';
import { impossibleOutside, loops, type ProgramBuilder } from '../programBuilder.js';
import { type FiniteVariable, flatAddress, type Layout, type NumberedVariable, type Refusal } from './finiteVariables.js';
import { type Instances, instancesOf } from './instances.js';

/** Largest table of one term, in states. */
const largestTable = 1 << 20;
/** Marginals of the elements of factors are kept up to this many numbers. */
const mostMarginals = 1 << 25;

/** A term and, where no member decides it, one of the members that its factor mentions. */
export interface OwnedTerm {
  readonly term: TableTerm;
  readonly owner: string | null;
}

/** The terms of all factors that mention members; variables without tables are taken out of `variables`, with the reason. */
export function tabulate(
  builder: ProgramBuilder,
  factors: readonly Factor[],
  variables: Map<string, FiniteVariable>,
  refused: Refusal[],
): readonly OwnedTerm[] {
  const members: Members = {
    has: (v) => variables.has(v),
    range: (v) => {
      const m = variables.get(v)!;
      return { low: num(m.low), high: num(m.low + m.count - 1) };
    },
    trips: (from, to) => builder.trips(builder.bind(from), builder.bind(to)),
    ...addressesOf(builder),
  };
  for (;;) {
    const out: OwnedTerm[] = [];
    let failed: Refusal | null = null;
    for (const raw of factors) {
      const named = [...variables.keys()].filter((v) => factorMentions(raw, v));
      if (named.length === 0) continue;
      const terms = tableTerms(boundFactor(builder, raw, variables), members);
      if ('reason' in terms) {
        failed = terms;
        break;
      }
      const wide = terms.find((t) => t.slots.reduce((n, s) => n * variables.get(s.variable)!.count, 1) > largestTable);
      if (wide !== undefined) {
        failed = {
          variable: wide.slots[0]!.variable,
          reason: `one term depends on ${wide.slots.length} elements, more than ${largestTable} combinations of values`,
        };
        break;
      }
      for (const term of terms) out.push({ term, owner: term.slots.length === 0 ? named[0]! : null });
    }
    if (failed === null) return out;
    variables.delete(failed.variable);
    refused.push(failed);
  }
}

/** What a program knows of addresses. */
export function addressesOf(builder: ProgramBuilder): Omit<Addresses, 'has'> {
  return {
    isFixed: (e) => isFixed(builder, e),
    isInside(reference, binders) {
      for (const b of binders) builder.bindBinder(b);
      return insideTests(builder, reference, builder.storage(reference.variable).shape).length === 0;
    },
  };
}

/** True for what cannot change while the program runs. */
export function isFixed(builder: ProgramBuilder, e: Expr): boolean {
  return [...variablesOf(e)].every((v) => builder.storage(v).place === 'data');
}

/** A factor with its sizes bound, without the conditions that hold for all values of the members. */
function boundFactor(builder: ProgramBuilder, factor: Factor, variables: ReadonlyMap<string, FiniteVariable>): Factor {
  const plates = factor.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
  // Each reference becomes an index of its own: what holds for all their values holds.
  const certain = (c: Expr): boolean =>
    isConst(
      builder.bind(
        rewrite(c, (x) => {
          const v = x.op === 'ref' ? variables.get(x.variable) : undefined;
          return v === undefined ? x : valueIndex(builder, v).value;
        }),
      ),
      1,
    );
  return {
    ...factor,
    plates,
    guards: factor.guards.map((g) => builder.bind(g)).filter((g) => !isConst(g, 1)),
    logDensity: builder.bind(factor.logDensity),
    conditions: factor.conditions.map((c) => builder.bind(c)).filter((c) => !certain(c)),
  };
}

/** A loop over the values of a member. */
interface ValueIndex {
  readonly index: Index;
  readonly count: number;
  readonly value: Expr;
}
function valueIndex(builder: ProgramBuilder, v: FiniteVariable): ValueIndex {
  const k = index('v');
  builder.noteRange(k, zero, num(v.count));
  return { index: k, count: v.count, value: add(num(v.low), k) };
}

/** The term's value with its slots' values as indices. */
function tabulated(
  builder: ProgramBuilder,
  layout: Layout,
  term: TableTerm,
): { readonly slots: readonly ValueIndex[]; readonly value: Expr } {
  for (const b of term.binders) builder.bindBinder(b);
  const slots = term.slots.map((s) => valueIndex(builder, layout.variable(s.variable)));
  const value = builder.bind(
    rewrite(term.value, (x) => {
      if (x.op !== 'ref' || !layout.variables.has(x.variable)) return x;
      return slots[term.slots.findIndex((s) => sameElement(s, x))]?.value ?? x;
    }),
  );
  return {
    slots,
    value: impossibleOutside(
      builder,
      value,
      slots.map((s) => s.index),
    ),
  };
}

function allFixed(builder: ProgramBuilder, term: TableTerm, value: Expr): boolean {
  return [value, ...term.guards, ...term.binders.flatMap((b) => [b.from, b.to])].every((e) => isFixed(builder, e));
}

// --- terms of one element -------------------------------------------------------------------------

/** Code that adds a term of one element to the log potentials, and whether it is of data alone. */
export function unaryTerm(
  builder: ProgramBuilder,
  layout: Layout,
  term: TableTerm,
): { readonly fixed: boolean; readonly into: (storage: string) => readonly Code[] } {
  const { slots, value } = tabulated(builder, layout, term);
  const slot = slots[0]!,
    element = term.slots[0]!;
  const cell = add(layout.potentials(element), slot.index);
  const guards = [...term.guards, ...inside(builder, layout, term), ...latentGuard(layout, term)];
  return {
    fixed: allFixed(builder, term, value),
    into: (storage) => loops(term.binders, guards, [forLoop(slot.index, zero, num(slot.count), [accumulate(storage, [cell], value)])]),
  };
}

function latentGuard(layout: Layout, term: TableTerm): readonly Expr[] {
  const latent = layout.anyLatent(term.slots);
  return isConst(latent, 1) ? [] : [latent];
}

/** Tests that addresses lie inside their variables, where ranges do not show it: opened gathers try every value. */
function inside(builder: ProgramBuilder, layout: Layout, term: TableTerm): readonly Expr[] {
  return term.slots.flatMap((s) => insideTests(builder, s, layout.variable(s.variable).shape));
}
/** The same of one address. */
export function insideTests(builder: ProgramBuilder, { at }: Pick<Ref, 'at'>, shape: readonly number[]): readonly Expr[] {
  return at.flatMap((a, d) => {
    const range = builder.interval(a);
    if (range !== null && range.low >= 0 && range.high < shape[d]!) return [];
    return [apply('ge', a, zero), apply('lt', a, num(shape[d]!))];
  });
}

// --- terms of several elements --------------------------------------------------------------------

/** A plate that numbers tables or instances. */
export interface Span {
  readonly binder: Binder;
  readonly from: number;
  readonly extent: number;
}

/** All instances of one term. */
export interface TableClass {
  readonly term: TableTerm;
  /** Number of values of each slot, and states of one table. */
  readonly counts: readonly number[];
  readonly cells: number;
  /** Offset of the first table among all tables of the block, and how many there are. */
  readonly offset: number;
  readonly tables: number;
  readonly fixed: boolean;
  readonly fill: (storage: string) => readonly Code[];
  /** For each instance: its table, its key, flat cells of its slots. */
  readonly instances: Instances;
  /** Plates that number the marginals; null where they cannot. */
  readonly key: readonly Span[] | null;
}

export function tableClass(builder: ProgramBuilder, layout: Layout, term: TableTerm, offset: number): TableClass {
  const { slots, value } = tabulated(builder, layout, term);
  const counts = slots.map((s) => s.count);
  const cells = counts.reduce((a, b) => a * b, 1);
  const guards = [...term.guards, ...inside(builder, layout, term), ...latentGuard(layout, term)];
  const dense = sharedPlates(builder, term, value, guards);
  const key = addressedPlates(builder, term);
  const instances = instancesOf(builder, {
    binders: term.binders,
    guards,
    outputs: [
      dense === null ? zero : position(dense),
      position(key ?? []),
      ...term.slots.map((s) => flatAddress(s.at, layout.variable(s.variable).shape)),
    ],
  });
  const tables = dense === null ? instances.count : dense.reduce((n, d) => n * d.extent, 1);
  if (dense === null) for (let k = 0; k < instances.count; k++) instances.values[k * (2 + slots.length)] = k;
  const state = slots.reduce<Expr>((flat, s) => add(mul(flat, num(s.count)), s.index), zero);
  const entries = (storage: string, table: Expr): readonly Code[] =>
    slots.reduceRight<readonly Code[]>(
      (body, s) => [forLoop(s.index, zero, num(s.count), body)],
      [store(storage, [add(add(num(offset), mul(num(cells), table)), state)], value)],
    );
  const fill = (storage: string): readonly Code[] => {
    if (dense !== null) {
      const own = guards.filter((g) => [...freeIndices(g)].every((i) => dense.some((d) => d.binder.index === i)));
      return loops(
        dense.map((d) => d.binder),
        own,
        entries(storage, position(dense)),
      );
    }
    const row = builder.fresh('row', [], 'local', 'int32');
    return [store(row, [], zero), ...loops(term.binders, guards, [...entries(storage, ref(row, [])), accumulate(row, [], one)])];
  };
  return { term, counts, cells, offset, tables, fixed: allFixed(builder, term, value), fill, instances, key };
}

/** Row-major number of the current instance among spans. */
export function position(spans: readonly Span[]): Expr {
  return spans.reduce<Expr>((flat, s) => add(mul(flat, num(s.extent)), sub(s.binder.index, num(s.from))), zero);
}

/** The plates that tell tables apart, as a grid; null where instances are counted instead. */
function sharedPlates(builder: ProgramBuilder, term: TableTerm, value: Expr, guards: readonly Expr[]): readonly Span[] | null {
  const used = new Set(freeIndices(value));
  for (const b of [...term.binders].reverse())
    if (used.has(b.index)) for (const e of [b.from, b.to]) for (const i of freeIndices(e)) used.add(i);
  const own = term.binders.filter((b) => used.has(b.index)).map((b) => builder.bindBinder(b));
  if (own.length === term.binders.length && guards.length > 0) return null;
  const spans: Span[] = [];
  for (const binder of own) {
    if (!isConst(binder.from) || !isConst(binder.to)) return null;
    spans.push({ binder, from: binder.from.value, extent: Math.max(0, binder.to.value - binder.from.value) });
  }
  return spans;
}

/**
 * The plates that occur in the slots' addresses: instances that agree in them are of the same elements. Null where their number is not
 * known.
 */
function addressedPlates(builder: ProgramBuilder, term: TableTerm): readonly Span[] | null {
  const used = new Set(term.slots.flatMap((s) => s.at.flatMap((a) => [...freeIndices(a)])));
  const out: Span[] = [];
  for (const raw of term.binders) {
    if (!used.has(raw.index)) continue;
    const binder = builder.bindBinder(raw);
    const low = builder.interval(binder.from),
      high = builder.interval(binder.to);
    if (low === null || high === null) return null;
    out.push({ binder, from: low.low, extent: Math.max(1, high.high - low.low) });
  }
  return out;
}

/** `index + shift`; null for other addresses. */
export function shiftOf(address: Expr): { readonly index: Index; readonly shift: number } | null {
  const form = affine(address);
  const term = form.terms[0];
  return form.terms.length === 1 && term!.coefficient === 1 && term!.term.op === 'index'
    ? { index: term!.term, shift: form.constant }
    : null;
}

// --- scopes ---------------------------------------------------------------------------------------

/** The instances of all classes as a network, in columns. */
export interface Scopes {
  readonly count: number;
  /** First of each scope's entries in `elements` and `strides`; one more at the end. */
  readonly starts: Int32Array;
  readonly elements: Int32Array;
  readonly strides: Int32Array;
  /** Where in the tables its first state is, and where its marginals are (-1 where they are not kept). */
  readonly offsets: Int32Array;
  readonly marginals: Int32Array;
}

/** Where readers find marginals of a class. */
export interface Lookup {
  readonly group: TableClass;
  /** Offsets of the marginals by key; -1 where there are none. */
  readonly offsets: Int32Array;
  /** Every key has marginals. */
  readonly complete: boolean;
}

/** Scopes of several elements, scopes of one, and where the marginals of the former are kept. */
export function scopesOf(
  builder: ProgramBuilder,
  layout: Layout,
  classes: readonly TableClass[],
): { readonly joint: Scopes; readonly alone: Scopes; readonly lookups: readonly Lookup[]; readonly marginalCells: number } {
  const joint = new ScopeList(),
    alone = new ScopeList();
  const lookups: Lookup[] = [];
  const wanted = classes.reduce((n, c) => n + c.instances.count * c.cells, 0);
  let marginalCells = 0;
  for (const c of classes) {
    const width = 2 + c.counts.length;
    const keys = c.key?.reduce((n, k) => n * k.extent, 1) ?? Infinity;
    const kept = wanted <= mostMarginals && keys <= mostMarginals;
    const offsets = kept ? new Int32Array(keys).fill(-1) : null;
    const strides = c.counts.map((_, s) => c.counts.slice(s + 1).reduce((a, b) => a * b, 1));
    const elements: number[] = [],
      along: number[] = [];
    for (let i = 0; i < c.instances.count; i++) {
      const row = i * width,
        table = c.instances.values[row]!,
        key = c.instances.values[row + 1]!;
      elements.length = 0;
      along.length = 0;
      let given = 0;
      for (let s = 0; s < c.counts.length; s++) {
        const { variable } = c.term.slots[s]!,
          cell = c.instances.values[row + 2 + s]!;
        const e = layout.elementAt(variable, cell);
        if (e < 0) {
          given += strides[s]! * givenValue(builder, layout.variable(variable), cell);
          continue;
        }
        const known = elements.indexOf(e);
        if (known >= 0) along[known] = along[known]! + strides[s]!;
        else {
          elements.push(e);
          along.push(strides[s]!);
        }
      }
      const list = elements.length === 1 ? alone : joint;
      let marginals = -1;
      if (offsets !== null && elements.length > 1 && offsets[key]! < 0) {
        offsets[key] = marginalCells;
        marginals = marginalCells + given;
        marginalCells += c.cells;
      }
      if (elements.length > 0) list.push(elements, along, c.offset + table * c.cells + given, marginals);
    }
    if (offsets !== null) lookups.push({ group: c, offsets, complete: !offsets.includes(-1) });
  }
  return { joint: joint.columns(), alone: alone.columns(), lookups, marginalCells };
}

/** Position of a given element's value among the values of its variable; 0 where its definition stands in the term itself. */
function givenValue(builder: ProgramBuilder, v: NumberedVariable, cell: number): number {
  const value = (builder.initialValues(v.name)?.[cell] ?? 0) - v.low;
  return value >= 0 && value < v.count ? value : 0;
}

class ScopeList {
  private readonly starts: number[] = [0];
  private readonly elements: number[] = [];
  private readonly strides: number[] = [];
  private readonly offsets: number[] = [];
  private readonly marginals: number[] = [];

  push(elements: readonly number[], strides: readonly number[], offset: number, marginals: number): void {
    for (let k = 0; k < elements.length; k++) {
      this.elements.push(elements[k]!);
      this.strides.push(strides[k]!);
    }
    this.starts.push(this.elements.length);
    this.offsets.push(offset);
    this.marginals.push(marginals);
  }
  columns(): Scopes {
    return {
      count: this.offsets.length,
      starts: Int32Array.from(this.starts),
      elements: Int32Array.from(this.elements),
      strides: Int32Array.from(this.strides),
      offsets: Int32Array.from(this.offsets),
      marginals: Int32Array.from(this.marginals),
    };
  }
}

/** Adds scopes of one element, rows of tables, to its log potentials. */
export function aloneCode(builder: ProgramBuilder, layout: Layout, scopes: Scopes, tables: string, into: string): readonly Code[] {
  const byCount = new Map<number, number[]>();
  for (let i = 0; i < scopes.count; i++) {
    const count = layout.counts[scopes.elements[i]!]!;
    const list = byCount.get(count);
    if (list === undefined) byCount.set(count, [i]);
    else list.push(i);
  }
  return [...byCount].map(([count, list]): Code => {
    const column = (hint: string, of: (i: number) => number): ((i: Expr) => Expr) => {
      const storage = builder.fresh(hint, [list.length], 'data', 'int32');
      builder.setInitial(storage, Int32Array.from(list, of));
      return (i) => ref(storage, [i]);
    };
    const to = column('to', (i) => layout.unaryOf[scopes.elements[i]!]!),
      from = column('from', (i) => scopes.offsets[i]!),
      stride = column('stride', (i) => scopes.strides[i]!);
    const i = index('i'),
      k = index('v');
    return forLoop(i, zero, num(list.length), [
      forLoop(k, zero, num(count), [accumulate(into, [add(to(i), k)], ref(tables, [add(from(i), mul(k, stride(i)))]))]),
    ]);
  });
}
