/**
 * The members of discrete blocks by number: values that count from a low end, elements that count over
 * the latent cells of their variables, and where each element's log potentials and value stand.
 *
 * A place is a cell of the variable where all its cells are latent, so that addresses need no table;
 * else (gaps of data, elements that a `let` defines) an element's number, looked up by cell.
 */
import { type Expr, type Ref, add, apply, mul, num, one, ref, zero } from '../../expr/expr.js';
import { factorMentions } from '../../3-derive/conditional.js';
import type { Derivation, RegionPlan } from '../derivation.js';
import type { ProgramBuilder } from '../programBuilder.js';
import { instancesOf } from './instances.js';
import { sizeOf } from '../posterior.js';

export interface Refusal {
  readonly variable: string;
  readonly reason: string;
}

/** A variable all of whose latent elements take finitely many values. */
export interface FiniteVariable {
  readonly name: string;
  readonly regions: readonly RegionPlan[];
  /** Values are `low` to `low + count - 1`. */
  readonly low: number;
  readonly count: number;
}

/** The same with its elements numbered. */
export interface NumberedVariable extends FiniteVariable {
  readonly shape: readonly number[];
  /** Flat cells of its latent elements, ascending. */
  readonly cells: Int32Array;
  /** Storage of each cell's element number, -1 where it is not latent; null where places are cells. */
  readonly map: string | null;
}

/** Largest number of values of an element. */
const mostValues = 1 << 16;

/** The finite variables whose regions are all candidates. */
export function finiteVariables(
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  refused: Refusal[],
): Map<string, FiniteVariable> {
  const out = new Map<string, FiniteVariable>();
  const chosen = new Set(candidates),
    names = new Set(candidates.map((c) => c.region.variable.name));
  const regions = new Map<string, RegionPlan[]>([...names].map((name) => [name, []]));
  for (const r of derivation.regions) regions.get(r.region.variable.name)?.push(r);
  for (const [name, all] of regions) {
    if (!all.every((r) => r.recognised.kind === 'finite' && chosen.has(r))) continue;
    const followed = builder.model.recursionsOf(name);
    if (derivation.factors.some((f) => [...followed].some((r) => factorMentions(f, r)))) {
      refused.push({ variable: name, reason: 'quantities computed by recursion follow it' });
      continue;
    }
    const found = valuesOf(builder, all);
    if (found === null || found.count > mostValues) {
      refused.push({ variable: name, reason: `it takes ${found?.count ?? 'too many'} values` });
      continue;
    }
    out.set(name, { name, regions: all, ...found });
  }
  return out;
}

/** Least value and number of values over all elements; null where they are not known. */
function valuesOf(builder: ProgramBuilder, regions: readonly RegionPlan[]): { readonly low: number; readonly count: number } | null {
  let low = Infinity,
    high = -Infinity;
  for (const { region, recognised } of regions) {
    if (recognised.kind !== 'finite') return null;
    for (const p of region.plates) builder.bindBinder({ index: p.index, from: p.from, to: p.to });
    const a = builder.interval(builder.bind(recognised.low)),
      b = builder.interval(builder.bind(recognised.high));
    if (a === null || b === null) return null;
    low = Math.min(low, a.low);
    high = Math.max(high, b.high);
  }
  return Number.isFinite(high - low) ? { low, count: Math.max(1, high - low + 1) } : null;
}

/** Lists the latent elements of a variable. */
export function numbered(builder: ProgramBuilder, variable: FiniteVariable): NumberedVariable {
  const { name, regions } = variable;
  const { shape } = builder.storage(name);
  const size = sizeOf(shape);
  const latent = new Uint8Array(size);
  for (const { region } of regions) {
    const binders = region.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
    const found = instancesOf(builder, {
      binders,
      guards: region.guards.map((g) => builder.bind(g)),
      outputs: [builder.bind(flatAddress(region.at, shape))],
    });
    for (let k = 0; k < found.count; k++) latent[found.values[k]!] = 1;
  }
  const cells = new Int32Array(latent.reduce((n, l) => n + l, 0));
  for (let c = 0, k = 0; c < size; c++) if (latent[c] === 1) cells[k++] = c;
  const bound = builder.bound.variables.get(name);
  let existing = size;
  for (const a of bound?.absent ?? []) existing -= a;
  const base = { ...variable, shape, cells };
  if (bound?.status === 'latent' && cells.length === existing) return { ...base, map: null };
  const number = new Int32Array(size).fill(-1);
  cells.forEach((c, k) => {
    number[c] = k;
  });
  const map = builder.fresh('element', shape, 'data', 'int32');
  builder.setInitial(map, number);
  return { ...base, map };
}

/** Position of an element in a row-major array. */
export function flatAddress(at: readonly Expr[], shape: readonly number[]): Expr {
  return at.reduce<Expr>((flat, e, d) => add(mul(flat, num(shape[d]!)), e), zero);
}

/** Where the elements of one block stand. */
export class Layout {
  readonly variables: ReadonlyMap<string, NumberedVariable>;
  /** Number of places for values, and of log potentials. */
  readonly places: number;
  readonly unaryCells: number;
  /** By element: its number of values, its place, the first of its log potentials. */
  readonly counts: Int32Array;
  readonly placeOf: Int32Array;
  readonly unaryOf: Int32Array;
  private readonly placeBase = new Map<string, number>();
  private readonly unaryBase = new Map<string, number>();
  private readonly numbers = new Map<string, Int32Array>();

  constructor(own: readonly NumberedVariable[]) {
    this.variables = new Map(own.map((v) => [v.name, v]));
    const elements = own.reduce((n, v) => n + v.cells.length, 0);
    this.counts = new Int32Array(elements);
    this.placeOf = new Int32Array(elements);
    this.unaryOf = new Int32Array(elements);
    let places = 0,
      unaryCells = 0,
      first = 0;
    for (const v of own) {
      const size = sizeOf(v.shape),
        at = new Int32Array(size).fill(-1);
      this.placeBase.set(v.name, places);
      this.unaryBase.set(v.name, unaryCells);
      v.cells.forEach((c, k) => {
        const e = first + k,
          place = v.map === null ? c : k;
        at[c] = e;
        this.counts[e] = v.count;
        this.placeOf[e] = places + place;
        this.unaryOf[e] = unaryCells + place * v.count;
      });
      this.numbers.set(v.name, at);
      const span = v.map === null ? size : v.cells.length;
      first += v.cells.length;
      places += span;
      unaryCells += span * v.count;
    }
    this.places = places;
    this.unaryCells = unaryCells;
  }

  variable(name: string): NumberedVariable {
    return this.variables.get(name)!;
  }
  /** Element at a flat cell of a variable; -1 where it is not latent. */
  elementAt(variable: string, cell: number): number {
    return this.numbers.get(variable)![cell] ?? -1;
  }
  /** Where the value of a latent element stands. */
  place(element: Ref): Expr {
    const v = this.variable(element.variable);
    return add(num(this.placeBase.get(v.name)!), within(v, element.at));
  }
  /** Where the log potentials (and marginals) of a latent element begin. */
  potentials(element: Ref): Expr {
    const v = this.variable(element.variable);
    return add(num(this.unaryBase.get(v.name)!), mul(num(v.count), within(v, element.at)));
  }
  /** 1 where one of the elements is latent. */
  anyLatent(elements: readonly Ref[]): Expr {
    const tests = elements.map((e) => {
      const { map } = this.variable(e.variable);
      return map === null ? one : apply('ge', ref(map, e.at), zero);
    });
    return tests.some((t) => t === one) ? one : tests.reduce((a, b) => apply('or', a, b), zero);
  }
}

/** An element's place among those of its variable. */
function within(v: NumberedVariable, at: readonly Expr[]): Expr {
  return v.map === null ? flatAddress(at, v.shape) : ref(v.map, at);
}
