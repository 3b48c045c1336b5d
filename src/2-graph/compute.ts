/**
 * Evaluation at bind: expressions of data alone as closures over typed arrays, loop nests, and
 * bounds of expressions by interval arithmetic.
 *
 * Closures rather than generated code: they run under every content security policy, cost nothing
 * to create and are fast enough for one pass over the data. A reduction or array function that
 * depends on at most one index is computed once for each value of it, so that `standardise` of N
 * rows does not cost N^2.
 */
import { type Diagnostic, InternalError, ModelError } from '../errors/diagnostic.js';
import { hostFunctionFailed } from './bindMessages.js';
import { type ArrayExpr, type ArrayFunction, type Expr, type Index, type Reduce, freeIndices, variablesOf } from '../expr/expr.js';
import { primitives } from '../expr/primitives.js';
import { toNested } from '../expr/evaluate.js';
import { arrayFunctions } from '../numeric/linearAlgebra.js';
import type { HostFunction } from './graph.js';

/** Values of a variable, row-major. */
export interface Stored {
  readonly shape: readonly number[];
  readonly values: Float64Array | Int32Array;
  /** 1 where missing; null where nothing is. */
  readonly gaps: Uint8Array | null;
}

/** One step on the way to an expression: a loop around it or a test that must hold (or fail). */
export type Step =
  | { readonly kind: 'loop'; readonly index: Index; readonly from: Expr; readonly to: Expr }
  | { readonly kind: 'test'; readonly test: Expr; readonly holds: boolean };

/** Results are kept for index values below this: 80 MB of numbers. */
const largestTable = 1e7;

interface Box {
  value: number;
}
type Closure = () => number;

/** Cells of a variable that is being computed: reading one that is not there yet is noticed. */
export interface Unfinished {
  readonly defined: ReadonlyMap<string, Uint8Array>;
  incomplete: boolean;
}

export class Evaluator {
  private readonly sizes: ReadonlyMap<string, number>;
  private readonly storages: ReadonlyMap<string, Stored>;
  private readonly hostFunctions: readonly HostFunction[];
  private readonly unfinished: Unfinished | null;
  private readonly boxes = new Map<Index, Box>();
  private readonly closures = new Map<Expr, Closure>();
  private readonly arrays = new Map<ArrayFunction, () => Stored>();

  constructor(
    sizes: ReadonlyMap<string, number>,
    storages: ReadonlyMap<string, Stored>,
    hostFunctions: readonly HostFunction[],
    unfinished: Unfinished | null = null,
  ) {
    this.sizes = sizes;
    this.storages = storages;
    this.hostFunctions = hostFunctions;
    this.unfinished = unfinished;
  }

  /** The current value of an index, set by loops. */
  box(i: Index): Box {
    let box = this.boxes.get(i);
    if (box === undefined) this.boxes.set(i, (box = { value: Number.NaN }));
    return box;
  }

  /** The value now, for expressions whose free indices were set. */
  value(e: Expr): number {
    return this.compile(e)();
  }

  /** A closure that gives the value at the current indices. Everything it reads must be stored. */
  compile(e: Expr): Closure {
    const known = this.closures.get(e);
    if (known !== undefined) return known;
    const closure = this.closure(e);
    this.closures.set(e, closure);
    return closure;
  }

  private closure(e: Expr): Closure {
    switch (e.op) {
      case 'const': {
        const { value } = e;
        return () => value;
      }
      case 'index': {
        const box = this.box(e);
        return () => box.value;
      }
      case 'size': {
        const value = this.sizes.get(e.name);
        if (value === undefined) throw new InternalError(`size ${e.name} has no value at bind`);
        return () => value;
      }
      case 'ref':
        return this.reference(e.variable, e.at);
      case 'apply':
        return this.application(e.fn, e.args);
      case 'cond': {
        const test = this.compile(e.test),
          then = this.compile(e.then),
          otherwise = this.compile(e.otherwise);
        return () => (test() !== 0 ? then() : otherwise());
      }
      case 'reduce':
        return this.cached(e, this.reduction(e));
      case 'element': {
        const whole = this.arrayFunction(e.array);
        const at = e.at.map((x) => this.compile(x));
        return () => {
          const { shape, values } = whole();
          let flat = 0;
          for (let axis = 0; axis < at.length; axis++) {
            const i = at[axis]!();
            if (!(i >= 0 && i < shape[axis]!)) return Number.NaN;
            flat = flat * shape[axis]! + i;
          }
          return values[flat]!;
        };
      }
    }
  }

  /** Position of an element, -1 outside the array. */
  position(shape: readonly number[], at: readonly Expr[]): Closure {
    const indices = at.map((x) => this.compile(x));
    const [i, j] = indices;
    const [n, m] = shape as [number, number];
    if (indices.length === 0) return () => 0;
    if (indices.length === 1)
      return () => {
        const a = i!();
        return a >= 0 && a < n ? a : -1;
      };
    if (indices.length === 2)
      return () => {
        const a = i!(),
          b = j!();
        return a >= 0 && a < n && b >= 0 && b < m ? a * m + b : -1;
      };
    return () => {
      let flat = 0;
      for (let axis = 0; axis < indices.length; axis++) {
        const a = indices[axis]!();
        if (!(a >= 0 && a < shape[axis]!)) return -1;
        flat = flat * shape[axis]! + a;
      }
      return flat;
    };
  }

  private reference(name: string, at: readonly Expr[]): Closure {
    const stored = this.storages.get(name);
    if (stored === undefined) throw new InternalError(`variable ${name} has no values at bind`);
    const { values } = stored;
    const position = this.position(stored.shape, at);
    const { unfinished } = this;
    const defined = unfinished?.defined.get(name);
    if (unfinished !== null && defined !== undefined) {
      return () => {
        const k = position();
        if (k < 0) return Number.NaN;
        if (defined[k] === 0) unfinished.incomplete = true;
        return values[k]!;
      };
    }
    return () => {
      const k = position();
      return k < 0 ? Number.NaN : values[k]!;
    };
  }

  private application(fn: string, args: readonly Expr[]): Closure {
    const [a, b] = args.map((x) => this.compile(x)) as [Closure, Closure];
    switch (fn) {
      case 'add':
        return () => a() + b();
      case 'sub':
        return () => a() - b();
      case 'mul':
        return () => a() * b();
      case 'div':
        return () => a() / b();
      case 'neg':
        return () => -a();
    }
    const primitive = primitives.get(fn);
    if (primitive === undefined) throw new InternalError(`unknown primitive ${fn}`);
    if (args.length === 1) return () => primitive.evaluate(a());
    if (args.length === 2) return () => primitive.evaluate(a(), b());
    const all = args.map((x) => this.compile(x));
    return () => primitive.evaluate(...all.map((f) => f()));
  }

  private reduction(e: Reduce): Closure {
    const box = this.box(e.index);
    const from = this.compile(e.from),
      to = this.compile(e.to),
      body = this.compile(e.body);
    const over =
      (start: number, step: (total: number, x: number, i: number) => number): Closure =>
      () => {
        const end = to(),
          outer = box.value;
        let total = start;
        for (let i = from(); i < end; i++) {
          box.value = i;
          total = step(total, body(), i);
        }
        box.value = outer;
        return total;
      };
    switch (e.kind) {
      case 'sum':
        return over(0, (total, x) => total + x);
      case 'prod':
        return over(1, (total, x) => total * x);
      case 'min':
        return over(Number.POSITIVE_INFINITY, (least, x) => Math.min(least, x));
      case 'max':
        return over(Number.NEGATIVE_INFINITY, (most, x) => Math.max(most, x));
      case 'logsumexp': {
        const top = over(Number.NEGATIVE_INFINITY, (most, x) => Math.max(most, x));
        let shift = 0;
        const rest = over(0, (total, x) => total + Math.exp(x - shift));
        return () => {
          const t = top();
          if (!Number.isFinite(t)) return t;
          shift = t;
          return t + Math.log(rest());
        };
      }
      case 'argmax': {
        let best = Number.NEGATIVE_INFINITY;
        const scan = over(Number.NaN, (at, x, i) => {
          if (!Number.isNaN(at) && !(x > best)) return at;
          best = x;
          return i;
        });
        return () => {
          best = Number.NEGATIVE_INFINITY;
          const i = scan();
          return Number.isNaN(i) ? from() : i;
        };
      }
    }
  }

  /** True where the value may change while a recursion is being computed. */
  private isUnfinished(e: Expr): boolean {
    if (this.unfinished === null) return false;
    for (const name of variablesOf(e)) if (this.unfinished.defined.has(name)) return true;
    return false;
  }

  private cached<T>(e: Expr, compute: () => T): () => T {
    if (this.isUnfinished(e)) return compute;
    const free = [...freeIndices(e)];
    if (free.length === 0) {
      let result: { readonly value: T } | null = null;
      return () => (result ??= { value: compute() }).value;
    }
    const boxes = free.map((i) => this.box(i));
    if (boxes.length === 1) {
      const [box] = boxes as [Box];
      // Indices are counts: an array is ten times faster than a Map here.
      const results: T[] = [];
      return () => {
        const at = box.value;
        if (!(at >= 0 && at < largestTable)) return compute();
        return (results[at] ??= compute());
      };
    }
    const last = boxes.map(() => Number.NaN);
    let result: T | null = null;
    return () => {
      let same = true;
      for (let k = 0; k < boxes.length; k++)
        if (boxes[k]!.value !== last[k]) {
          same = false;
          last[k] = boxes[k]!.value;
        }
      if (!same || result === null) result = compute();
      return result;
    };
  }

  private arrayFunction(f: ArrayFunction): () => Stored {
    const known = this.arrays.get(f);
    if (known !== undefined) return known;
    const args = f.args.map((a) => this.array(a));
    const dims = f.dims.map((d) => this.compile(d));
    const host = f.fn.startsWith('host:') ? this.hostFunctions[Number(f.fn.slice('host:'.length))] : undefined;
    const implementation = arrayFunctions.get(f.fn);
    if (host === undefined && implementation === undefined) throw new InternalError(`unknown array function ${f.fn}`);
    const compute = (): Stored => {
      const inputs = args.map((a) => a());
      const shape = dims.map((d) => Math.max(0, d()));
      const values = new Float64Array(shape.reduce((product, d) => product * d, 1));
      if (host !== undefined) values[0] = callHost(host, inputs.map(toNested));
      else
        implementation!.compute(
          values,
          inputs.map((a) => a.values),
          inputs.map((a) => a.shape),
        );
      return { shape, values, gaps: null };
    };
    const whole = this.cached({ op: 'element', array: f, at: [] }, compute);
    this.arrays.set(f, whole);
    return whole;
  }

  /** A closure that fills an array with the elements of a comprehension. */
  array(a: ArrayExpr): () => { readonly shape: readonly number[]; readonly values: Float64Array } {
    const dims = a.dims.map((d) => this.compile(d));
    const boxes = a.indices.map((i) => this.box(i));
    const body = this.compile(a.body);
    return () => {
      const shape = dims.map((d) => Math.max(0, d()));
      const values = new Float64Array(shape.reduce((product, d) => product * d, 1));
      let next = 0;
      const fill = (axis: number): void => {
        if (axis === shape.length) {
          values[next++] = body();
          return;
        }
        const box = boxes[axis]!;
        for (let i = 0; i < shape[axis]!; i++) {
          box.value = i;
          fill(axis + 1);
        }
      };
      if (values.length > 0) fill(0);
      return { shape, values };
    };
  }

  /**
   * Runs `visit` for every way through the steps, in order (all loops backwards where `descending`);
   * it stops and returns false as soon as `visit` returns false.
   */
  walk(steps: readonly Step[], visit: () => boolean, descending = false): boolean {
    const build = (k: number): (() => boolean) => {
      const step = steps[k];
      if (step === undefined) return visit;
      const inner = build(k + 1);
      if (step.kind === 'test') {
        const test = this.compile(step.test);
        return step.holds ? () => test() === 0 || inner() : () => test() !== 0 || inner();
      }
      const box = this.box(step.index);
      const from = this.compile(step.from),
        to = this.compile(step.to);
      return () => {
        const start = from(),
          count = to() - start;
        for (let k = 0; k < count; k++) {
          box.value = descending ? start + count - 1 - k : start + k;
          if (!inner()) return false;
        }
        return true;
      };
    };
    return build(0)();
  }
}

/** A host function threw, or did not return a number: the user's mistake, reported as such. */
export class HostFailure extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

function callHost(host: HostFunction, args: readonly unknown[]): number {
  try {
    return Number(host.call(...args));
  } catch (thrown) {
    // Of an answer that is no number the place is known.
    const known = thrown instanceof ModelError ? thrown.diagnostics[0] : undefined;
    throw new HostFailure(known ?? hostFunctionFailed(`${host.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`));
  }
}

/**
 * All values lie in low..high; an empty range has low > high.
 *
 * Not `expr/intervals.ts`: there an unknown part is the whole line, and what follows from it still is a bound. Here the ends
 * become ranges that storages are laid out for and mistakes that are reported, so what rests on an unknown part is unknown.
 */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * Bounds of an expression over its loops by interval arithmetic; null where unknown.
 * `variable` gives the bounds of all elements of a variable, null where unknown.
 */
export function boundsOf(
  e: Expr,
  loops: ReadonlyMap<Index, Bounds>,
  sizes: ReadonlyMap<string, number>,
  variable: (name: string) => Bounds | null,
): Bounds | null {
  const go = (x: Expr): Bounds | null => {
    switch (x.op) {
      case 'const':
        return Number.isNaN(x.value) ? null : { low: x.value, high: x.value };
      case 'index':
        return loops.get(x) ?? null;
      case 'size': {
        const value = sizes.get(x.name);
        return value === undefined ? null : { low: value, high: value };
      }
      case 'ref':
        return variable(x.variable);
      case 'cond': {
        const then = go(x.then),
          otherwise = go(x.otherwise);
        return then === null || otherwise === null
          ? null
          : { low: Math.min(then.low, otherwise.low), high: Math.max(then.high, otherwise.high) };
      }
      case 'reduce': {
        if (x.kind !== 'max' && x.kind !== 'min') return null;
        const from = go(x.from),
          to = go(x.to);
        if (from === null || to === null || !(from.high < to.low)) return null;
        const inner = new Map(loops).set(x.index, { low: from.low, high: to.high - 1 });
        return boundsOf(x.body, inner, sizes, variable);
      }
      case 'element':
        return null;
      case 'apply': {
        const args: Bounds[] = [];
        for (const arg of x.args) {
          const bounds = go(arg);
          if (bounds === null) return null;
          args.push(bounds);
        }
        const [a, b] = args as [Bounds, Bounds];
        switch (x.fn) {
          case 'add':
            return valid(a.low + b.low, a.high + b.high);
          case 'sub':
            return valid(a.low - b.high, a.high - b.low);
          case 'neg':
            return { low: -a.high, high: -a.low };
          case 'mul': {
            const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
            return valid(Math.min(...corners), Math.max(...corners));
          }
          case 'min':
            return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) };
          case 'max':
            return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) };
          case 'floor':
            return { low: Math.floor(a.low), high: Math.floor(a.high) };
          case 'ceil':
            return { low: Math.ceil(a.low), high: Math.ceil(a.high) };
          case 'lt':
          case 'le':
          case 'gt':
          case 'ge':
          case 'eq':
          case 'ne':
          case 'and':
          case 'or':
          case 'not':
            return { low: 0, high: 1 };
          default:
            return null;
        }
      }
    }
  };
  return go(e);
}

function valid(low: number, high: number): Bounds | null {
  return Number.isNaN(low) || Number.isNaN(high) ? null : { low, high };
}
