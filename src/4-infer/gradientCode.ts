/**
 * Reverse-mode differentiation of expressions into loop code (Griewank and Walther 2008, chapter 6, on
 * the graph instead of a tape): a reduction becomes a loop that hands its adjoint to its body, a
 * choice a branch, an element of an array function a cell of an adjoint array.
 *
 * Every node is treated in the outermost loop it depends on: what inner loops contribute is added up in
 * a local (or, for array functions, in an array of adjoints) and handed on once, after those loops.
 * Invariants: code does not grow with the ranges of loops; a node whose adjoint is zero because no
 * branch reached it is not evaluated.
 */
import { type Code, accumulate, forLoop, store, when } from '../code/loop.js';
import { Analysis } from '../code/analysis.js';
import { InternalError } from '../errors/diagnostic.js';
import {
  type Apply,
  type ArrayExpr,
  type ArrayFunction,
  type Cond,
  type Element,
  type Expr,
  type Index,
  type Reduce,
  add,
  addAll,
  apply,
  arrayOf,
  at as elementAt,
  build,
  children,
  cond,
  exp,
  index,
  isConst,
  mapChildren,
  mul,
  neg,
  num,
  one,
  reduce,
  ref,
  rewrite,
  sub,
  substitute,
  sumOver,
  zero,
} from '../expr/expr.js';
import { primitives } from '../expr/primitives.js';
import type { Binder } from '../3-derive/normalForm.js';
import type { ProgramBuilder } from './programBuilder.js';

/** A function that has no derivative here, by its name in expressions (`host:0`). */
export class GradientRefusal extends Error {
  readonly fn: string;
  constructor(fn: string) {
    super(`the function ${fn} has no derivative`);
    this.fn = fn;
  }
}

/** Most cells of an array of adjoints that is kept for all values of an index. */
const tableLimit = 1 << 22;

interface Pending {
  readonly node: Expr;
  readonly weights: Expr[];
  accumulator: string | null;
  guarded: boolean;
}

/** Code under construction: the body of a loop or of a branch, or the whole. */
class Scope {
  readonly kind: 'root' | 'loop' | 'branch';
  readonly parent: Scope | null;
  readonly bounds: { readonly index: Index; readonly from: Expr; readonly to: Expr } | null;
  readonly code: Code[] = [];
  readonly pending = new Map<Expr, Pending>();
  /** Pending nodes by height. */
  readonly byHeight: Pending[][] = [];
  /** Adjoint arrays whose home this is. */
  readonly tables = new Map<ArrayFunction, AdjointTable[]>();

  constructor(kind: Scope['kind'], parent: Scope | null, bounds: Scope['bounds'] = null) {
    this.kind = kind;
    this.parent = parent;
    this.bounds = bounds;
  }
}

/** What stands for something that varies in the loops an array of adjoints is kept across. */
interface Key {
  readonly expr: Expr;
  readonly low: Expr;
  readonly size: number;
}
interface AdjointTable {
  readonly storage: string;
  readonly keys: readonly Key[];
  readonly array: ArrayFunction;
}

/** Collects terms of a sum and makes the code of its value and derivatives. */
export class ReverseSweep {
  private readonly builder: ProgramBuilder;
  private readonly gradientOf: (storage: string) => string | null;
  private readonly analysis: Analysis = new Analysis();
  private readonly numbers = new Map<Expr, number>();
  private readonly known = new Map<string, Expr>();
  private readonly knownArrays = new Map<string, ArrayFunction>();
  private readonly arrayNumbers = new Map<ArrayFunction, number>();
  private readonly canonical = new Map<Expr, Expr>();
  private readonly heights = new Map<Expr, number>();
  private readonly activity = new Map<Expr, boolean>();
  private root = new Scope('root', null);

  /** @param gradientOf the storage that collects the derivative by a storage, of its shape; null for what is constant. */
  constructor(builder: ProgramBuilder, gradientOf: (storage: string) => string | null) {
    this.builder = builder;
    this.gradientOf = gradientOf;
  }

  /** Adds an expression to the sum: its value to the storage `value`, its derivatives to the gradients. @throws GradientRefusal */
  term(e: Expr, value: string): void {
    this.addTerm(this.share(e), value, this.root);
  }

  /** `sum over binders, where guards hold, of weight * value`, the weight held constant; derivatives only. @throws GradientRefusal */
  weighted(binders: readonly Binder[], guards: readonly Expr[], value: Expr, weight: Expr): void {
    this.inside(binders, guards, this.root, (scope) => {
      const local = this.atom(weight, scope);
      // Where the weight is zero the value may not even be finite.
      this.branch(apply('ne', local, zero), scope, (inner) => {
        this.contribute(this.share(value), local, inner, false);
      });
    });
  }

  /** Code to run before what is added from here on. */
  statements(code: readonly Code[]): void {
    this.root.code.push(...code);
  }

  /** The code of everything added since the last call. */
  finish(): readonly Code[] {
    this.flush(this.root);
    const { code } = this.root;
    this.root = new Scope('root', null);
    return code;
  }

  /** Code that adds `weight` times the derivatives of an expression to the gradients, complete where it stands. @throws GradientRefusal */
  statement(e: Expr, weight: Expr): readonly Code[] {
    const scope = new Scope('root', null);
    const local = this.atom(weight, scope);
    this.branch(apply('ne', local, zero), scope, (inner) => {
      this.contribute(this.share(e), local, inner, false);
    });
    return scope.code;
  }

  /** True where the value may change with anything that has a gradient. What chooses an element has no derivative. */
  active(e: Expr): boolean {
    const known = this.activity.get(e);
    if (known !== undefined) return known;
    let out = false;
    if (e.op === 'ref') out = this.gradientOf(e.variable) !== null;
    else
      for (const name of this.analysis.facts(e).reads)
        if (this.gradientOf(name) !== null) {
          out = true;
          break;
        }
    this.activity.set(e, out);
    return out;
  }

  // --- terms --------------------------------------------------------------------------------------

  private addTerm(e: Expr, value: string, scope: Scope): void {
    if (e.op === 'reduce' && e.kind === 'sum') {
      this.loop(e.index, e.from, e.to, scope, (inner) => {
        this.addTerm(e.body, value, inner);
      });
    } else if (e.op === 'cond') {
      this.choose(e, scope, (side, inner) => {
        this.addTerm(side, value, inner);
      });
    } else if (!isConst(e, 0)) {
      scope.code.push(accumulate(value, [], e));
      this.contribute(e, one, scope, false);
    }
  }

  private inside(binders: readonly Binder[], guards: readonly Expr[], scope: Scope, body: (scope: Scope) => void): void {
    const [binder, ...rest] = binders;
    if (binder !== undefined) {
      this.loop(binder.index, binder.from, binder.to, scope, (inner) => {
        this.inside(rest, guards, inner, body);
      });
      return;
    }
    const [guard, ...others] = guards;
    if (guard !== undefined)
      this.branch(guard, scope, (inner) => {
        this.inside([], others, inner, body);
      });
    else body(scope);
  }

  // --- scopes -------------------------------------------------------------------------------------

  private loop(i: Index, from: Expr, to: Expr, scope: Scope, body: (inner: Scope) => void, descending = false): void {
    const inner = new Scope('loop', scope, { index: i, from, to });
    body(inner);
    this.flush(inner);
    if (inner.code.length > 0) scope.code.push(forLoop(i, from, to, inner.code, descending));
  }
  private branch(test: Expr, scope: Scope, body: (inner: Scope) => void): void {
    const inner = new Scope('branch', scope);
    body(inner);
    this.flush(inner);
    if (inner.code.length > 0) scope.code.push(when(test, inner.code));
  }
  private choose(e: Cond, scope: Scope, body: (side: Expr, inner: Scope) => void): void {
    const sides = [e.then, e.otherwise].map((side) => {
      const inner = new Scope('branch', scope);
      body(side, inner);
      this.flush(inner);
      return inner.code;
    });
    if (sides.some((s) => s.length > 0)) scope.code.push(when(e.test, sides[0]!, sides[1]));
  }

  /** Treats pending nodes, users before what they use. */
  private flush(scope: Scope): void {
    for (let height = scope.byHeight.length - 1; height >= 0; height = Math.min(height - 1, scope.byHeight.length - 1)) {
      const level = scope.byHeight[height];
      for (const p of level ?? []) this.process(p, scope);
    }
    scope.byHeight.length = 0;
    scope.pending.clear();
    scope.tables.clear();
  }

  /** The outermost scope in which a node may be treated: its indices are bound and at least one loop is left. */
  private home(e: Expr, scope: Scope): Scope {
    const { free } = this.analysis.facts(e);
    const path: Scope[] = [scope];
    for (let s = scope; s.parent !== null && !(s.bounds !== null && free.has(s.bounds.index)); ) {
      s = s.parent;
      path.push(s);
    }
    let chosen = path.length - 1;
    while (chosen > 0 && path[chosen - 1]!.kind === 'branch') chosen--;
    return path[chosen]!;
  }
  private crosses(scope: Scope, home: Scope): boolean {
    for (let s = scope; s !== home; s = s.parent!) if (s.kind === 'branch') return true;
    return false;
  }

  // --- adjoints -----------------------------------------------------------------------------------

  private contribute(e: Expr, weight: Expr, scope: Scope, guarded: boolean): void {
    if (isConst(weight, 0) || !this.active(e)) return;
    if (e.op === 'element') {
      this.contributeElement(e, weight, scope);
      return;
    }
    const home = this.home(e, scope);
    const pending = this.pendingOf(e, home);
    if (home === scope) {
      pending.weights.push(weight);
      pending.guarded ||= guarded;
      return;
    }
    if (pending.accumulator === null) {
      pending.accumulator = this.builder.fresh('adjoint', [], 'local');
      home.code.push(store(pending.accumulator, [], zero));
      pending.weights.push(ref(pending.accumulator, []));
    }
    pending.guarded ||= guarded || this.crosses(scope, home);
    scope.code.push(accumulate(pending.accumulator, [], weight));
  }

  private pendingOf(e: Expr, scope: Scope): Pending {
    const found = scope.pending.get(e);
    if (found !== undefined) return found;
    const made: Pending = { node: e, weights: [], accumulator: null, guarded: false };
    scope.pending.set(e, made);
    const height = this.height(e);
    while (scope.byHeight.length <= height) scope.byHeight.push([]);
    scope.byHeight[height]!.push(made);
    return made;
  }

  private process(p: Pending, scope: Scope): void {
    const { node } = p;
    if (node.op === 'element') {
      for (const table of scope.tables.get(node.array) ?? []) this.processArray(table, scope);
      return;
    }
    const weight = addAll(p.weights);
    if (p.guarded && !isLinear(node)) {
      const local = this.atom(weight, scope);
      this.branch(apply('ne', local, zero), scope, (inner) => {
        this.propagate(node, local, inner, false);
      });
    } else this.propagate(node, weight, scope, p.guarded);
  }

  private propagate(e: Expr, weight: Expr, scope: Scope, guarded: boolean): void {
    switch (e.op) {
      case 'ref':
        scope.code.push(accumulate(this.gradientOf(e.variable)!, e.at, weight));
        return;
      case 'apply':
        this.propagateApply(e, weight, scope, guarded);
        return;
      case 'cond':
        this.choose(e, scope, (side, inner) => {
          this.contribute(side, weight, inner, guarded);
        });
        return;
      case 'reduce':
        this.propagateReduce(e, this.atom(weight, scope), scope);
        return;
      case 'const':
      case 'index':
      case 'size':
      case 'element':
        throw new InternalError(`no adjoint of ${e.op}`);
    }
  }

  private propagateApply(e: Apply, weight: Expr, scope: Scope, guarded: boolean): void {
    const active = e.args.map((a) => this.active(a));
    const derivative = primitives.get(e.fn)?.derivative;
    if (derivative === undefined) throw new GradientRefusal(e.fn);
    const partial = derivative(...e.args);
    const shared = active.filter((x) => x).length > 1 ? this.atom(weight, scope) : weight;
    e.args.forEach((a, k) => {
      const p = partial[k] ?? null;
      if (active[k] === true && p !== null) this.contribute(a, mul(shared, p), scope, guarded);
    });
  }

  private propagateReduce(e: Reduce, weight: Expr, scope: Scope): void {
    const { kind, index: i, from, to, body } = e;
    switch (kind) {
      case 'sum':
        this.loop(i, from, to, scope, (inner) => {
          this.contribute(body, weight, inner, false);
        });
        return;
      case 'logsumexp': {
        const whole = this.atom(e, scope);
        this.branch(apply('gt', whole, num(-Infinity)), scope, (outer) => {
          this.loop(i, from, to, outer, (inner) => {
            const share = this.atom(mul(weight, exp(sub(body, whole))), inner);
            this.branch(apply('ne', share, zero), inner, (reached) => {
              this.contribute(body, share, reached, false);
            });
          });
        });
        return;
      }
      case 'prod': {
        const whole = this.atom(e, scope);
        this.loop(i, from, to, scope, (inner) => {
          // Division by the factor itself, or the product of the others where it is zero.
          const j = index('j');
          const others = reduce('prod', j, from, to, cond(apply('eq', j, i), one, substitute(body, new Map([[i, j]]))));
          this.contribute(body, mul(weight, cond(apply('ne', body, zero), apply('div', whole, body), others)), inner, false);
        });
        return;
      }
      case 'min':
      case 'max': {
        const j = index('j');
        const moved = substitute(body, new Map([[i, j]]));
        const best = this.builder.fresh('best', [], 'local', 'int32');
        scope.code.push(store(best, [], reduce('argmax', j, from, to, kind === 'max' ? moved : neg(moved))));
        this.branch(apply('lt', from, to), scope, (inner) => {
          this.contribute(this.share(substitute(body, new Map([[i, ref(best, [])]]))), weight, inner, false);
        });
        return;
      }
      case 'argmax':
        return;
    }
  }

  // --- array functions ----------------------------------------------------------------------------

  private contributeElement(e: Element, weight: Expr, scope: Scope): void {
    const { home, keys } = this.tableHome(e.array, scope);
    let list = home.tables.get(e.array);
    if (list === undefined) {
      list = [];
      home.tables.set(e.array, list);
      this.pendingOf(this.analysis.whole(e.array), home);
    }
    let table = list.find((t) => sameKeys(t.keys, keys));
    if (table === undefined) {
      const shape = [...keys.map((k) => k.size), ...e.array.dims.map((d) => this.extent(d))];
      const storage = this.builder.fresh('adjoints', shape, shape.length === 0 ? 'local' : 'scratch');
      home.code.push(shape.length === 0 ? store(storage, [], zero) : { do: 'fill', storage, value: zero });
      table = { storage, keys, array: e.array };
      list.push(table);
    }
    scope.code.push(accumulate(table.storage, [...keys.map((k) => sub(k.expr, k.low)), ...e.at], weight));
  }

  private extent(d: Expr): number {
    const range = this.builder.interval(d);
    if (range === null) throw new InternalError('an array function over an unknown range');
    return Math.max(0, range.high);
  }

  /**
   * How far out the adjoints of an array are collected: across every loop it does not vary with, and
   * for each value of what it does vary with inside those (`S[k]` in a loop over n, then k).
   */
  private tableHome(array: ArrayFunction, scope: Scope): { readonly home: Scope; readonly keys: readonly Key[] } {
    const { free } = this.analysis.facts(this.analysis.whole(array));
    let keys: readonly Key[] = [],
      best: { home: Scope; keys: readonly Key[] } = { home: scope, keys };
    const cells = (list: readonly Key[]): number =>
      list.reduce(
        (n, k) => n * k.size,
        array.dims.reduce((n, d) => n * this.extent(d), 1),
      );
    for (let s = scope; s.parent !== null; s = s.parent) {
      if (s.bounds === null) continue;
      const { index: i, from, to } = s.bounds;
      let gains = true;
      if (free.has(i)) {
        const gathers = this.gathersOf(array, i);
        if (gathers !== null && isConst(from) && isConst(to) && cells([...keys, ...gathers]) <= 4 * (to.value - from.value) * cells([]))
          keys = [...keys, ...gathers.filter((g) => !keys.some((k) => k.expr === g.expr))];
        else if (isConst(from) && isConst(to)) {
          keys = [...keys, { expr: i, low: from, size: Math.max(0, to.value - from.value) }];
          gains = false;
        } else break;
        if (cells(keys) > tableLimit) break;
      }
      if (gains) best = { home: s.parent, keys };
    }
    return best;
  }

  /** The integer elements through which alone an array varies with an index; null where it varies otherwise. */
  private gathersOf(array: ArrayFunction, i: Index): readonly Key[] | null {
    const found = new Map<Expr, Key>();
    const go = (e: Expr): boolean => {
      if (!this.analysis.facts(e).free.has(i)) return true;
      if (e.op === 'index') return false;
      if (e.op === 'ref') {
        const { type, range } = this.builder.storage(e.variable);
        if (type === 'int32' && range !== undefined) {
          found.set(e, { expr: e, low: zero, size: range });
          return true;
        }
      }
      return children(e).every(go);
    };
    return array.args.every((a) => a.dims.every(go) && go(a.body)) ? [...found.values()] : null;
  }

  private processArray(table: AdjointTable, scope: Scope): void {
    const fresh = table.keys.map((_, k) => index(`key${k}`));
    const replaced = (e: Expr): Expr =>
      table.keys.reduce(
        (x, key, k) =>
          key.expr.op === 'index'
            ? substitute(x, new Map([[key.expr, add(fresh[k]!, key.low)]]))
            : rewrite(x, (y) => (y === key.expr ? fresh[k]! : y)),
        e,
      );
    const args = table.array.args.map((a): ArrayExpr => ({ indices: a.indices, dims: a.dims.map(replaced), body: replaced(a.body) }));
    const array: ArrayFunction = { fn: table.array.fn, args, dims: table.array.dims.map(replaced) };
    table.keys.forEach((k, d) => {
      this.builder.noteRange(fresh[d]!, zero, num(k.size));
    });
    const over = (axis: number, inside: Scope): void => {
      if (axis < fresh.length) {
        this.loop(fresh[axis]!, zero, num(table.keys[axis]!.size), inside, (inner) => {
          over(axis + 1, inner);
        });
        return;
      }
      const bar = (...position: readonly Expr[]): Expr => ref(table.storage, [...fresh, ...position]);
      const largest = array.dims.reduceRight<(p: readonly Expr[]) => Expr>(
        (inner, d) => (p) => {
          const i = index('i');
          return reduce('max', i, zero, d, inner([...p, i]));
        },
        (p) => apply('abs', bar(...p)),
      )([]);
      // Nothing reached it: its argument may not even have the function's value. NaN passes.
      this.branch(apply('not', apply('eq', largest, zero)), inside, (inner) => {
        this.arrayRule(array, bar, inner);
      });
    };
    over(0, scope);
  }

  /** Hands the adjoints of a whole array function to its arguments. */
  private arrayRule(array: ArrayFunction, bar: (...at: readonly Expr[]) => Expr, scope: Scope): void {
    const { fn } = array,
      [a, b] = array.args;
    if (a === undefined) throw new GradientRefusal(fn);
    const whole = (...at: readonly Expr[]): Expr => ({ op: 'element', array, at });
    const [rows, columns] = [a.dims[0] ?? one, a.dims[1] ?? one];
    switch (fn) {
      case 'inverse': {
        // B = inverse(A): A' = -B^T B' B^T
        const product = this.matrix(rows, columns, scope, (i, j) => sumOver(rows, (k) => mul(whole(k, i), bar(k, j)), 'k'));
        this.into(a, scope, ([i, j]) => neg(sumOver(columns, (k) => mul(ref(product, [i!, k]), whole(j!, k)), 'k')));
        return;
      }
      case 'logdet':
      case 'logabsdet':
      case 'det': {
        const inverse = arrayOf('inverse', [a], a.dims),
          scale = this.atom(fn === 'det' ? mul(bar(), whole()) : bar(), scope);
        this.into(a, scope, ([i, j]) => mul(scale, elementAt(inverse, j!, i!)));
        return;
      }
      case 'solve': {
        // A x = b: b' = A^-T x', A' = -b' x^T
        if (b === undefined) throw new InternalError('solve of one argument');
        const transposed = build(a.dims, (i, j) => elementAt(a, j, i));
        const right = build(array.dims, (...at) => bar(...at));
        const solved = arrayOf('solve', [transposed, right], array.dims);
        const shape = array.dims.map((d) => this.extent(d));
        const adjoint = this.builder.fresh('product', shape, 'scratch');
        const at = array.dims.map((_, d) => index(`i${d}`));
        this.nest(at, array.dims, scope, (inner) => {
          inner.code.push(store(adjoint, at, elementAt(solved, ...at)));
        });
        this.into(b, scope, (i) => ref(adjoint, i));
        this.into(a, scope, ([i, j]) => {
          const own = (k: readonly Expr[]): Expr => mul(ref(adjoint, [i!, ...k]), whole(j!, ...k));
          return neg(array.dims.length === 1 ? own([]) : sumOver(array.dims[1]!, (k) => own([k]), 'k'));
        });
        return;
      }
      case 'cholesky': {
        // A = L L^T: A' = L^-T Phi(L^T L') L^-1, symmetrised; Phi keeps the lower triangle with half the diagonal (Murray 2016).
        const inverse = arrayOf('inverse', [arrayOf('cholesky', [a], a.dims)], a.dims);
        const phi = this.matrix(rows, rows, scope, (i, j) => {
          const inner = sumOver(rows, (k) => mul(whole(k, i), bar(k, j)), 'k');
          return cond(apply('gt', i, j), inner, cond(apply('eq', i, j), mul(num(0.5), inner), zero));
        });
        const left = this.matrix(rows, rows, scope, (i, j) => sumOver(rows, (k) => mul(elementAt(inverse, k, i), ref(phi, [k, j])), 'k'));
        const both = this.matrix(rows, rows, scope, (i, j) => sumOver(rows, (k) => mul(ref(left, [i, k]), elementAt(inverse, k, j)), 'k'));
        this.into(a, scope, ([i, j]) => mul(num(0.5), add(ref(both, [i!, j!]), ref(both, [j!, i!]))));
        return;
      }
      case 'cumsum':
      case 'cumprod': {
        const total = this.builder.fresh('running', [], 'local');
        scope.code.push(store(total, [], zero));
        const i = index('i');
        const body = this.share(elementAt(a, i));
        this.loop(
          i,
          zero,
          rows,
          scope,
          (inner) => {
            inner.code.push(accumulate(total, [], fn === 'cumsum' ? bar(i) : mul(bar(i), whole(i))));
            if (fn === 'cumsum') {
              this.contribute(body, ref(total, []), inner, false);
              return;
            }
            // Where a factor is zero the later products are written out without it.
            const j = index('j'),
              k = index('k');
            const later = reduce(
              'sum',
              j,
              i,
              rows,
              mul(bar(j), reduce('prod', k, zero, add(j, one), cond(apply('eq', k, i), one, elementAt(a, k)))),
            );
            this.contribute(body, cond(apply('ne', body, zero), apply('div', ref(total, []), body), later), inner, false);
          },
          true,
        );
        return;
      }
      default:
        throw new GradientRefusal(fn);
    }
  }

  /** A matrix computed into memory. */
  private matrix(rows: Expr, columns: Expr, scope: Scope, value: (i: Expr, j: Expr) => Expr): string {
    const storage = this.builder.fresh('product', [this.extent(rows), this.extent(columns)], 'scratch');
    const i = index('i'),
      j = index('j');
    this.nest([i, j], [rows, columns], scope, (inner) => {
      inner.code.push(store(storage, [i, j], value(i, j)));
    });
    return storage;
  }

  /** Hands an adjoint to every element of an argument. */
  private into(a: ArrayExpr, scope: Scope, weight: (at: readonly Expr[]) => Expr): void {
    if (!this.active(a.body)) return;
    const at = a.indices.map((_, d) => index(`i${d}`));
    const body = this.share(elementAt(a, ...at));
    this.nest(at, a.dims, scope, (inner) => {
      this.contribute(body, weight(at), inner, false);
    });
  }

  private nest(at: readonly Index[], dims: readonly Expr[], scope: Scope, body: (inner: Scope) => void): void {
    const [i, ...rest] = at,
      [d, ...others] = dims;
    if (i === undefined || d === undefined) {
      body(scope);
      return;
    }
    this.builder.noteRange(i, zero, d);
    this.loop(i, zero, d, scope, (inner) => {
      this.nest(rest, others, inner, body);
    });
  }

  // --- expressions --------------------------------------------------------------------------------

  /** A constant, an index or a local that holds the value here. */
  private atom(e: Expr, scope: Scope): Expr {
    if (e.op === 'const' || e.op === 'index') return e;
    if (e.op === 'ref' && e.at.length === 0 && this.builder.storage(e.variable).place === 'local') return e;
    const local = this.builder.fresh('weight', [], 'local');
    scope.code.push(store(local, [], e));
    return ref(local, []);
  }

  /** The same expression with equal parts made one object, so that each is treated once; bound indices count as themselves. */
  private share(e: Expr): Expr {
    const done = this.canonical.get(e);
    if (done !== undefined) return done;
    if (e.op === 'index') {
      this.numbers.set(e, this.numbers.size);
      this.canonical.set(e, e);
      return e;
    }
    const mapped = mapChildren(e, (c) => this.share(c));
    const plain: Expr = mapped.op === 'element' ? { op: 'element', array: this.shareArray(mapped.array), at: mapped.at } : mapped;
    const key = this.keyOf(plain);
    let out = this.known.get(key);
    if (out === undefined) {
      out = plain;
      this.known.set(key, plain);
      this.numbers.set(plain, this.numbers.size);
    }
    this.canonical.set(e, out);
    this.canonical.set(out, out);
    return out;
  }
  private shareArray(array: ArrayFunction): ArrayFunction {
    if (this.arrayNumbers.has(array)) return array;
    const key = `${array.fn}(${array.args.map((a) => `${this.list(a.indices)};${this.list(a.dims)};${this.number(a.body)}`).join('|')})${this.list(array.dims)}`;
    const found = this.knownArrays.get(key);
    if (found !== undefined) return found;
    this.knownArrays.set(key, array);
    this.arrayNumbers.set(array, this.arrayNumbers.size);
    return array;
  }
  private number(e: Expr): number {
    return this.numbers.get(this.share(e))!;
  }
  private list(items: readonly Expr[]): string {
    return items.map((x) => this.number(x)).join(',');
  }
  private keyOf(e: Expr): string {
    switch (e.op) {
      case 'const':
        return `c${Object.is(e.value, -0) ? '-0' : e.value}`;
      case 'index':
        return `i${this.numbers.get(e)}`;
      case 'size':
        return `s${e.name}`;
      case 'ref':
        return `r${e.variable}[${this.list(e.at)}]`;
      case 'apply':
        return `a${e.fn}(${this.list(e.args)})`;
      case 'reduce':
        return `${e.kind} ${this.list([e.index, e.from, e.to, e.body])}`;
      case 'cond':
        return `?${this.list([e.test, e.then, e.otherwise])}`;
      case 'element':
        return `e${this.arrayNumbers.get(e.array)}[${this.list(e.at)}]`;
    }
  }

  private height(e: Expr): number {
    const known = this.heights.get(e);
    if (known !== undefined) return known;
    let out = 0;
    for (const c of children(e)) out = Math.max(out, this.height(c) + 1);
    this.heights.set(e, out);
    return out;
  }
}

/** Nodes whose partial derivatives are finite whatever their arguments. */
function isLinear(e: Expr): boolean {
  return e.op === 'ref' || (e.op === 'apply' && ['add', 'sub', 'neg'].includes(e.fn));
}
function sameKeys(a: readonly Key[], b: readonly Key[]): boolean {
  return a.length === b.length && a.every((k, d) => k.expr === b[d]!.expr);
}
