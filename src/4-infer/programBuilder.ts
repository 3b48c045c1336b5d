/**
 * Collects what a generated program consists of: storages, code folded once at bind time and entry
 * points. All sizes are numbers here; derived expressions come in with sizes still symbolic and are
 * bound by `bind`.
 */
import type { BoundModel, BoundVariable } from '../2-graph/bound.js';
import { type Code, type ElementType, type Module, type Storage, forLoop, when } from '../code/loop.js';
import {
  type ArrayExpr,
  apply,
  cond,
  type Expr,
  freeIndices,
  type Index,
  isConst,
  mapArray,
  num,
  one,
  rewrite,
  sub,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import { affine } from '../expr/affine.js';
import { truths } from '../expr/primitives.js';
import { simplify } from '../expr/simplify.js';
import { DerivedModel, givenPartOf, maskOf } from '../3-derive/model.js';
import type { Binder } from '../3-derive/normalForm.js';
import type { Given } from '../2-graph/bound.js';
import { InternalError } from '../errors/diagnostic.js';

const comparisons: ReadonlySet<string> = new Set(['ge', 'gt', 'le', 'lt']);

export class ProgramBuilder {
  readonly bound: BoundModel;
  readonly model: DerivedModel;
  private readonly table = new Map<string, Storage>();
  private readonly initial = new Map<string, Float64Array | Int32Array>();
  private readonly foldCode: Code[] = [];
  private readonly entries = new Map<string, { parameters: readonly string[]; body: Code[] }>();
  private readonly ranges = new Map<Index, { from: number; to: number }>();
  private counter = 0;

  constructor(bound: BoundModel) {
    this.bound = bound;
    this.model = new DerivedModel(bound.graph, givenOf(bound));
    for (const v of bound.variables.values()) this.addVariable(v);
  }

  private addVariable(v: BoundVariable): void {
    const type: ElementType = v.values instanceof Int32Array ? 'int32' : 'float64';
    const place = v.status === 'given' ? 'data' : 'state';
    this.addStorage({ name: v.name, type, shape: v.shape, place, range: v.range }, v.values);
    if (v.status === 'partial' && v.mask !== undefined) {
      this.addStorage({ name: maskOf(v.name), type: 'int32', shape: v.shape, place: 'data', range: 2 }, v.mask);
      this.addStorage({ name: givenPartOf(v.name), type, shape: v.shape, place: 'data' }, v.values.slice());
    }
  }

  addStorage(storage: Storage, values?: Float64Array | Int32Array): string {
    if (this.table.has(storage.name)) throw new InternalError(`storage ${storage.name} exists`);
    this.table.set(storage.name, storage);
    if (values !== undefined) this.initial.set(storage.name, values);
    return storage.name;
  }
  /** A new storage with a name of its own. */
  fresh(hint: string, shape: readonly number[], place: Storage['place'], type: ElementType = 'float64', range?: number): string {
    return this.addStorage({ name: `%${hint}${this.counter++}`, type, shape, place, range });
  }
  storage(name: string): Storage {
    const s = this.table.get(name);
    if (s === undefined) throw new InternalError(`storage ${name} does not exist`);
    return s;
  }
  /** Scratch memory that steps share under a name of its use: nothing in it outlives a step. At least as many numbers as asked for. */
  workspace(use: string, count: number): string {
    const name = `%${use}`;
    if (!this.table.has(name)) return this.addStorage({ name, type: 'float64', shape: [count], place: 'scratch' });
    if (this.storage(name).shape[0]! < count) this.reshape(name, [count]);
    return name;
  }
  /** Lets a scratch storage keep its values from call to call. */
  keep(name: string): void {
    this.table.set(name, { ...this.storage(name), place: 'state' });
  }
  /** Gives a storage the shape that it turns out to need. */
  reshape(name: string, shape: readonly number[]): void {
    this.table.set(name, { ...this.storage(name), shape });
  }
  hasStorage(name: string): boolean {
    return this.table.has(name);
  }
  storages(): readonly Storage[] {
    return [...this.table.values()];
  }
  initialValues(name: string): Float64Array | Int32Array | undefined {
    return this.initial.get(name);
  }
  setInitial(name: string, values: Float64Array | Int32Array): void {
    this.initial.set(name, values);
  }

  /** Code that runs once, before any chain, and writes data storages. */
  fold(...code: readonly Code[]): void {
    this.foldCode.push(...code);
  }
  folds(): readonly Code[] {
    return this.foldCode;
  }

  entry(name: string, body: readonly Code[], parameters: readonly string[] = []): void {
    this.entries.set(name, { parameters, body: [...body] });
  }
  module(): Module {
    return {
      storages: this.storages(),
      functions: [...this.entries].map(([name, f]) => ({ name, parameters: f.parameters, body: f.body })),
    };
  }

  /** Sizes and given scalars become numbers, comparisons that ranges decide become 0 or 1; lets stay as they are. */
  bind(e: Expr): Expr {
    return simplify(
      rewrite(e, (x) => {
        if (x.op === 'size') {
          const n = this.bound.sizes.get(x.name);
          if (n === undefined) throw new InternalError(`size ${x.name} has no value`);
          return num(n);
        }
        if (x.op === 'ref' && x.at.length === 0) {
          const v = this.bound.variables.get(x.variable);
          return v !== undefined && v.status === 'given' && v.shape.length === 0 ? num(v.values[0]!) : x;
        }
        return x.op === 'apply' && comparisons.has(x.fn) ? this.decide(x) : x;
      }),
    );
  }
  /** Integer comparisons whose two sides have ranges that do not overlap (or overlap wholly). */
  private decide(x: Expr & { op: 'apply' }): Expr {
    const [a, b] = [x.args[0]!, x.args[1]!];
    if (!this.model.isInteger(a) || !this.model.isInteger(b)) return x;
    const r = this.interval(sub(a, b));
    if (r === null) return x;
    switch (x.fn) {
      case 'ge':
        return r.low >= 0 ? one : r.high < 0 ? zero : x;
      case 'gt':
        return r.low > 0 ? one : r.high <= 0 ? zero : x;
      case 'le':
        return r.high <= 0 ? one : r.low > 0 ? zero : x;
      case 'lt':
        return r.high < 0 ? one : r.low >= 0 ? zero : x;
      default:
        return x;
    }
  }
  bindArray(a: ArrayExpr): ArrayExpr {
    return mapArray(a, (e) => this.bind(e));
  }
  bindBinder(b: Binder): Binder {
    const from = this.bind(b.from),
      to = this.bind(b.to);
    this.noteRange(b.index, from, to);
    return { index: b.index, from, to };
  }
  /** Remembers what values an index takes, for extents of tables. */
  noteRange(index: Index, from: Expr, to: Expr): void {
    const low = this.interval(from),
      high = this.interval(to);
    if (high !== null) this.ranges.set(index, { from: low?.low ?? 0, to: high.high });
  }

  /** Smallest and largest value of an integer expression of constants, indices and integer storages; null where unknown. */
  interval(e: Expr): { readonly low: number; readonly high: number } | null {
    const form = affine(e);
    let low = form.constant,
      high = form.constant;
    for (const t of form.terms) {
      const r = this.termInterval(t.term);
      if (r === null) return null;
      low += t.coefficient * (t.coefficient > 0 ? r.low : r.high);
      high += t.coefficient * (t.coefficient > 0 ? r.high : r.low);
    }
    return { low, high };
  }
  private termInterval(e: Expr): { low: number; high: number } | null {
    if (e.op === 'index') {
      const r = this.ranges.get(e);
      return r === undefined ? null : { low: r.from, high: r.to - 1 };
    }
    if (e.op === 'ref') {
      const s = this.table.get(e.variable);
      if (s?.range !== undefined) return { low: 0, high: s.range - 1 };
      const v = this.bound.variables.get(e.variable);
      if (v?.status === 'given' && v.values instanceof Int32Array) {
        let low = Infinity,
          high = -Infinity;
        for (const x of v.values) {
          if (x < low) low = x;
          if (x > high) high = x;
        }
        return low > high ? { low: 0, high: 0 } : { low, high };
      }
      return null;
    }
    if (e.op === 'cond') {
      const a = this.interval(e.then),
        b = this.interval(e.otherwise);
      return a === null || b === null ? null : { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
    }
    if (e.op === 'apply') return this.functionInterval(e);
    if (e.op === 'reduce' && e.kind !== 'prod' && e.kind !== 'logsumexp') {
      this.noteRange(e.index, e.from, e.to);
      const body = this.interval(e.body),
        count = e.kind === 'sum' ? this.trips(e.from, e.to) : 1;
      return body === null || !Number.isFinite(count) ? null : { low: count * body.low, high: count * body.high };
    }
    return null;
  }
  private functionInterval(e: Expr & { op: 'apply' }): { low: number; high: number } | null {
    const [a, b] = e.args.map((x) => this.interval(x));
    if (a === null || a === undefined || b === null) return null;
    const among = (...values: readonly number[]): { low: number; high: number } => ({
      low: Math.min(...values),
      high: Math.max(...values),
    });
    if (truths.has(e.fn)) return { low: 0, high: 1 };
    switch (e.fn) {
      case 'max':
        return { low: Math.max(a.low, b!.low), high: Math.max(a.high, b!.high) };
      case 'min':
        return { low: Math.min(a.low, b!.low), high: Math.min(a.high, b!.high) };
      case 'mul':
        return among(a.low * b!.low, a.low * b!.high, a.high * b!.low, a.high * b!.high);
      case 'div':
        return b!.low > 0 ? among(a.low / b!.low, a.low / b!.high, a.high / b!.low, a.high / b!.high) : null;
      case 'floor':
        return { low: Math.floor(a.low), high: Math.floor(a.high) };
      case 'ceil':
        return { low: Math.ceil(a.low), high: Math.ceil(a.high) };
      case 'round':
        return { low: Math.round(a.low), high: Math.round(a.high) };
      default:
        return null;
    }
  }
  /** Number of iterations of a range; Infinity where it is not known (ragged ranges). */
  trips(from: Expr, to: Expr): number {
    return isConst(from) && isConst(to) ? Math.max(0, to.value - from.value) : Infinity;
  }
}

/**
 * A log density that is minus infinity where it is no number, if unknowns (or the indices that run over their
 * values) may lead it outside an array: other factors rule such states out, and minus infinity plus what is no
 * number is none.
 */
export function impossibleOutside(builder: ProgramBuilder, logDensity: Expr, values: readonly Index[] = []): Expr {
  const chosen = (address: Expr): boolean =>
    [...variablesOf(address)].some((v) => builder.storage(v).place !== 'data') || values.some((i) => freeIndices(address).has(i));
  let leaves = false;
  visit(logDensity, (x) => {
    if (x.op !== 'ref' || leaves) return;
    leaves = x.at.some((a, d) => {
      const range = chosen(a) ? builder.interval(a) : null;
      return range !== null && (range.low < 0 || range.high >= builder.storage(x.variable).shape[d]!);
    });
  });
  return leaves ? cond(apply('gt', logDensity, num(-Infinity)), logDensity, num(-Infinity)) : logDensity;
}

/** `value` where all guards hold, else `otherwise`. A guard is read only where those before it hold: `t + 1 < T`, then `z[t + 1] = k`. */
export function guarded(guards: readonly Expr[], value: Expr, otherwise: Expr = zero): Expr {
  return guards.reduceRight((inner: Expr, g) => cond(g, inner, otherwise), value);
}

/** How many instances the loops of a factor or a region have at most. */
export function instancesOf(builder: ProgramBuilder, { plates }: { readonly plates: readonly Binder[] }): number {
  return plates.reduce((product, p) => {
    const b = builder.bindBinder(p),
      low = builder.interval(b.from),
      high = builder.interval(b.to);
    return product * (low === null || high === null ? Infinity : Math.max(0, high.high - low.low));
  }, 1);
}

/** Wraps code into loops and guards, outermost first. */
export function loops(
  binders: readonly Binder[],
  guards: readonly Expr[],
  body: readonly Code[],
  descending: boolean = false,
): readonly Code[] {
  let out = body;
  for (const g of [...guards].reverse()) out = [when(g, out)];
  for (const b of [...binders].reverse()) out = [forLoop(b.index, b.from, b.to, out, descending)];
  return out;
}

/** What a bound model knows, for the derivation. */
export function givenOf(bound: BoundModel): Given {
  const complete = new Set<string>(),
    partial = new Set<string>(),
    offCentre = new Set<string>();
  const extremes = new Map<string, { low: number; high: number }>();
  for (const v of bound.variables.values()) {
    if (v.status === 'given') complete.add(v.name);
    if (v.status === 'partial') partial.add(v.name);
    if ((v.status === 'given' || v.status === 'partial') && isOffCentre(v)) offCentre.add(v.name);
    if (v.status === 'given' && v.values.length > 0 && v.absent === undefined) extremes.set(v.name, extremesOf(v.values));
  }
  return { complete, partial, offCentre, extremes };
}

function extremesOf(values: ArrayLike<number>): { readonly low: number; readonly high: number } {
  let low = Infinity,
    high = -Infinity;
  for (let k = 0; k < values.length; k++) {
    const x = values[k]!;
    if (x < low) low = x;
    if (x > high) high = x;
  }
  return { low, high };
}

/**
 * sum (y - m)^2 from sum y, sum y^2 and m loses a factor (mean / sd)^2 of its 16 digits: beyond this
 * ratio residuals are summed as they stand.
 */
const largestOffset = 1e3;

/** True where a vector, or a column of an array, is off centre. A constant one is not: an intercept's ones. */
function isOffCentre({ shape, values, mask, absent }: BoundVariable): boolean {
  const columns = shape.length < 2 ? 1 : shape[shape.length - 1]!;
  for (let column = 0; column < columns; column++) {
    // Mean and spread by Welford's recurrence, which does not cancel.
    let count = 0,
      mean = 0,
      squares = 0;
    for (let k = column; k < values.length; k += columns) {
      if (mask?.[k] === 1 || absent?.[k] === 1) continue;
      const difference = values[k]! - mean;
      mean += difference / ++count;
      squares += difference * (values[k]! - mean);
    }
    if (squares > 0 && Math.abs(mean) > largestOffset * Math.sqrt(squares / count)) return true;
  }
  return false;
}
