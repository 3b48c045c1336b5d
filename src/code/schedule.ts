/**
 * Scheduling: where and how often each expression is computed. One walk over the code keeps a stack
 * of open scopes (module, function, loop, branch); every expression is computed in the outermost
 * scope where its indices are bound and no storage it reads can change (hoisting), once while it
 * stays valid (sharing), or as a table over an inner loop's range or an integer gather's values
 * (tabulation). The idea is global code motion (Click 1995) on structured code.
 *
 * Validity: each storage has a version, advanced by every write and at both ends of every loop for
 * all the loop may write; a remembered value holds while the versions of all it reads are unchanged.
 */
import { InternalError } from '../errors/diagnostic.js';
import { add, apply, at, cond, equal, exp, hash, index, isConst, log, mapChildren, mul, num, one, ref, sub, zero } from '../expr/expr.js';
import type { Apply, ArrayExpr, ArrayFunction, Cond, Element, Expr, Index, Reduce } from '../expr/expr.js';
import { Analysis, assumedTrips, effectsOfCall, isInteger, writesOf } from './analysis.js';
import { flatten, fold } from './fold.js';
import type { Argument, Code, Module, Storage } from './loop.js';
import { closedForm } from './smallMatrix.js';
import type { Branch, Cell, Schedule, Step, StepArgument } from './steps.js';

/** Faults a generated program can raise; `Runtime.fault` counts them. */
export const faults: { readonly categoricalWeights: number } = { categoricalWeights: 1 };

/** Cheapest expression worth a table: a load and its index cost about as much. */
const tableCost = 8;
/** Most elements of a table that is filled anew on every call, and of one that is filled once. */
const tableLimit = 1 << 16,
  preparedTableLimit = 1 << 22;
/** How often an entry point is assumed to be called, for tables that depend on data alone. */
const assumedCalls = 64;
/** Cheapest expression of data alone that is computed when the module is instantiated. */
const preparedCost = 10;
/** Most categories of a draw whose weights stay in locals. */
const inlineCategories = 8;

interface Known {
  readonly expr: Expr;
  readonly value: Expr;
  readonly versions: readonly (readonly [string, number])[];
}
interface Table {
  readonly indices: readonly Index[];
  readonly expr: Expr;
  readonly storage: string;
  readonly sizes: readonly number[];
  readonly versions: readonly (readonly [string, number])[];
}

interface Scope {
  readonly kind: 'module' | 'function' | 'loop' | 'branch';
  readonly parent: Scope | null;
  readonly depth: number;
  /** Whether running the scope may write a storage. */
  readonly mayWrite: (storage: string) => boolean;
  readonly bounds: { readonly index: Index; readonly from: Expr; readonly to: Expr } | null;
  /** Expected executions for one of the parent. */
  readonly trips: number;
  readonly steps: Step[];
  readonly known: Map<number, Known[]>;
  readonly tables: Map<number, Table[]>;
}

/** A value that a table is indexed by: a loop index, or an integer storage's element of known range. */
interface Key {
  readonly expr: Expr;
  readonly low: number;
  readonly size: number;
}

/**
 * Schedules a module whose references are flat. With `optimise` false every expression is computed
 * where it stands, in order, each time: the reference that optimised code is tested against.
 * @throws InternalError for code that breaks the contract of `loop.ts`.
 */
export function schedule(module: Module, optimise: boolean): Schedule {
  return new Scheduler(module.storages, optimise).module(module);
}

class Scheduler {
  private readonly storages: Map<string, Storage>;
  private readonly added: Storage[] = [];
  private readonly optimise: boolean;
  private readonly analysis: Analysis = new Analysis();
  private readonly hashes = new Map<Expr, number>();
  private readonly versions = new Map<string, number>();
  /** What versions were before each change, so that changes can be taken back. */
  private readonly changed: (readonly [string, number])[] = [];
  private nextVersion = 1;
  private readonly functions = new Map<string, ReadonlySet<string>>();
  private current: Scope;

  constructor(storages: readonly Storage[], optimise: boolean) {
    this.storages = new Map(storages.map((s) => [s.name, s]));
    if (this.storages.size !== storages.length) throw new InternalError('a storage is declared twice');
    this.optimise = optimise;
    this.current = newScope('module', null, () => false, 1);
  }

  module(module: Module): Schedule {
    const root = this.current;
    const functions = module.functions.map((f) => {
      // Anything but data may change between two calls.
      const scope = newScope('function', root, (name) => this.storages.get(name)?.place !== 'data', assumedCalls);
      this.within(scope, () => {
        this.block(f.body);
      });
      return { name: f.name, parameters: f.parameters, body: scope.steps };
    });
    return { storages: [...module.storages, ...this.added], preparation: root.steps, functions };
  }

  // --- code -------------------------------------------------------------------------------------

  private block(list: readonly Code[]): void {
    list.forEach((code, position) => {
      if (code.do === 'function') this.localFunction(code, list.slice(position + 1));
      else this.code(code);
    });
  }

  private code(code: Exclude<Code, { do: 'function' }>): void {
    switch (code.do) {
      case 'for': {
        const from = this.lower(code.from),
          to = this.lower(code.to);
        this.loop(code.index, from, to, code.descending === true, writesOf(code.body, this.functions), () => {
          this.block(code.body);
        });
        break;
      }
      case 'if': {
        const test = this.lower(code.test);
        if (isConst(test)) {
          this.block(test.value !== 0 ? code.then : code.otherwise);
          break;
        }
        const start = this.changed.length;
        const then = this.branch(writesOf(code.then, this.functions), () => {
          this.block(code.then);
        });
        this.restore(start);
        const otherwise = this.branch(writesOf(code.otherwise, this.functions), () => {
          this.block(code.otherwise);
        });
        this.advance(writesOf([code], this.functions));
        this.emit({ do: 'if', test, then, otherwise });
        break;
      }
      case 'store': {
        const cell = this.cell(code.into.storage, code.into.at);
        const value = this.lower(code.value);
        this.emit({ do: 'store', into: cell, value, accumulate: code.accumulate });
        this.written(code.into.storage, code.into.at, code.accumulate ? null : value, code.value);
        break;
      }
      case 'fill': {
        const value = this.lower(code.value);
        this.emit({ do: 'fill', storage: code.storage, value });
        this.advance([code.storage]);
        break;
      }
      case 'call':
        this.call(code);
        break;
      case 'categorical':
        this.categorical(code);
        break;
      case 'return':
        this.emit({ do: 'return', value: this.lower(code.value) });
        break;
    }
  }

  private call(code: Extract<Code, { do: 'call' }>): void {
    const effects = effectsOfCall(code, this.functions);
    const into = code.into === null ? null : this.cell(code.into.storage, code.into.at);
    const args = code.args.map((argument: Argument): StepArgument => {
      switch (argument.kind) {
        case 'value':
          return { kind: 'value', value: this.lower(argument.value) };
        case 'place':
          return { kind: 'cell', storage: argument.place.storage, offset: this.lower(argument.place.at[0] ?? zero) };
        case 'function':
          return argument;
        case 'array': {
          const direct = this.wholeStorage(argument.value);
          if (direct !== null && !effects.has(direct)) return { kind: 'array', storage: direct };
          // A private copy, so that the procedure cannot see its own writing through it.
          return { kind: 'array', storage: this.arrayValue({ fn: '', args: [argument.value], dims: argument.value.dims }) };
        }
      }
    });
    this.emit({ do: 'call', procedure: code.procedure, args, into });
    this.advance(effects);
  }

  private localFunction(code: Extract<Code, { do: 'function' }>, rest: readonly Code[]): void {
    const own = writesOf([code], this.functions);
    this.functions.set(code.name, own);
    // The function runs some time during the rest of its block, amid whatever that writes.
    const effects = new Set([...own, ...writesOf(rest, this.functions)]);
    const start = this.changed.length;
    this.advance(effects);
    const scope = newScope('function', this.current, (name) => effects.has(name), assumedTrips);
    this.within(scope, () => {
      this.block(code.body);
    });
    this.restore(start);
    this.emit({ do: 'function', name: code.name, parameters: code.parameters, body: scope.steps });
  }

  /** Draws by inversion of the cumulative weights, taken relative to the largest. */
  private categorical(code: Extract<Code, { do: 'categorical' }>): void {
    const cell = this.cell(code.into.storage, code.into.at);
    const count = this.lower(code.count);
    if (isConst(count) && count.value >= 1 && count.value <= inlineCategories) this.shortCategorical(code, cell, count.value);
    else this.longCategorical(code, cell, count);
    this.advance([code.into.storage]);
  }

  /** Weights in locals. */
  private shortCategorical(code: Extract<Code, { do: 'categorical' }>, cell: Cell, count: number): void {
    const weights = Array.from({ length: count }, (_, k) =>
      this.lower(at({ indices: [code.index], dims: [one], body: code.logWeight }, num(k))),
    );
    const top = weights.reduce((a, b) => this.temporary(apply('max', a, b)));
    const cumulative: Expr[] = [];
    for (const weight of weights) {
      const share = this.relativeWeight(sub(weight, top));
      const last = cumulative.at(-1);
      cumulative.push(last === undefined ? share : this.temporary(add(last, share)));
    }
    const total = cumulative.at(-1)!;
    this.draw(cell, total, (point) => cumulative.slice(0, -1).reduce((sum: Expr, bound) => add(sum, apply('ge', point, bound)), zero));
  }

  /** Weights, then their cumulative sums, in scratch memory. */
  private longCategorical(code: Extract<Code, { do: 'categorical' }>, cell: Cell, count: Expr): void {
    const weights = this.room([count]);
    const top = this.variable(num(Number.NEGATIVE_INFINITY)),
      total = this.variable(zero);
    this.loop(code.index, zero, count, false, new Set(), () => {
      const weight = this.lower(code.logWeight);
      this.emit({ do: 'store', into: { storage: weights, offset: code.index }, value: weight, accumulate: false });
      this.emit({ do: 'assign', variable: top, value: apply('max', top, weight) });
    });
    const k = index('k');
    this.loop(k, zero, count, false, new Set(), () => {
      this.emit({ do: 'assign', variable: total, value: add(total, this.relativeWeight(sub(ref(weights, [k]), top))) });
      this.emit({ do: 'store', into: { storage: weights, offset: k }, value: total, accumulate: false });
    });
    this.draw(cell, total, (point) => {
      const position = this.variable(zero),
        j = index('j');
      this.loop(j, zero, sub(count, one), false, new Set(), () => {
        this.emit({ do: 'assign', variable: position, value: add(position, apply('ge', point, ref(weights, [j]))) });
      });
      return position;
    });
  }

  /** Stores the position of one uniform point among the weights, where there is a weight. */
  private draw(cell: Cell, total: Expr, position: (point: Expr) => Expr): void {
    const then = this.branch(new Set(), () => {
      const uniform = index('uniform');
      this.emit({ do: 'uniform', variable: uniform });
      const point = index('point');
      this.emit({ do: 'let', variable: point, value: mul(uniform, total), mutable: false });
      this.emit({ do: 'store', into: cell, value: position(point), accumulate: false });
    });
    // NaN weights count as none: then the total is 0.
    this.emit({ do: 'if', test: apply('gt', total, zero), then, otherwise: [{ do: 'fault', code: faults.categoricalWeights }] });
  }

  private relativeWeight(logWeight: Expr): Expr {
    const variable = index('weight');
    this.emit({ do: 'relativeWeight', variable, of: this.temporary(logWeight) });
    return variable;
  }

  /** A temporary that `assign` changes. */
  private variable(start: Expr): Index {
    const variable = index('accumulator');
    this.emit({ do: 'let', variable, value: start, mutable: true });
    return variable;
  }

  // --- expressions ------------------------------------------------------------------------------

  /** Emits what is needed for an expression and returns an atom: a constant or an index. */
  private lower(e: Expr): Expr {
    if (e.op === 'const' || e.op === 'index') return e;
    if (e.op === 'size') throw new InternalError('a size was left unbound in generated code');
    if (!this.optimise) return this.compute(e);
    const known = this.recall(e);
    if (known !== null) return known;
    const home = this.home(e);
    if (home.depth > 0 && e.op !== 'ref' && this.analysis.facts(e).cost >= tableCost) {
      const value = this.tabulate(e, home);
      if (value !== null) return value;
    }
    return this.in(home, () => this.remember(e, this.compute(e)));
  }

  private compute(e: Exclude<Expr, { op: 'const' | 'index' | 'size' }>): Expr {
    switch (e.op) {
      case 'ref':
        return this.temporary(
          ref(
            e.variable,
            e.at.map((x) => this.lower(x)),
          ),
        );
      case 'apply':
        return this.apply(e);
      case 'reduce':
        return this.reduce(e);
      case 'cond':
        return this.cond(e);
      case 'element':
        return this.element(e);
    }
  }

  private apply(e: Apply): Expr {
    if (e.fn === 'pow' && isConst(e.args[1]!)) {
      const power = this.power(this.lower(e.args[0]!), e.args[1].value);
      if (power !== null) return power;
    }
    if (e.fn === 'div' && this.optimise) {
      // One division before the loop and products inside, where neither side is a whole number
      // (those are compared exactly); the result differs by one rounding.
      const [numerator, denominator] = [e.args[0]!, e.args[1]!];
      if (denominator.op !== 'const' && !isConst(numerator, 1) && !isInteger(numerator, this.storages)) {
        const inverse: Apply = { op: 'apply', fn: 'div', args: [one, denominator] };
        const factor =
          this.home(inverse).depth < this.home(numerator).depth
            ? this.lower(inverse)
            : (this.recall(inverse) ??
              (this.analysis.facts(inverse).cost >= tableCost ? this.tabulate(inverse, this.home(inverse)) : null));
        if (factor !== null) return this.temporary(mul(this.lower(numerator), factor));
      }
    }
    return this.temporary(apply(e.fn, ...e.args.map((a) => this.lower(a))));
  }

  /** Small constant powers by multiplication, which is exact where `pow` is, and far cheaper. */
  private power(base: Expr, exponent: number): Expr | null {
    const times = (a: Expr, b: Expr): Expr => this.temporary(mul(a, b));
    switch (exponent) {
      case 2:
        return times(base, base);
      case 3:
        return times(times(base, base), base);
      case 4: {
        const squared = times(base, base);
        return times(squared, squared);
      }
      case 0.5:
        return this.temporary({ op: 'apply', fn: 'sqrt', args: [base] });
      case -1:
        return this.temporary({ op: 'apply', fn: 'div', args: [one, base] });
      case -2:
        return this.temporary({ op: 'apply', fn: 'div', args: [one, times(base, base)] });
      case -0.5:
        return this.temporary({ op: 'apply', fn: 'div', args: [one, this.temporary({ op: 'apply', fn: 'sqrt', args: [base] })] });
      default:
        return null;
    }
  }

  private cond(e: Cond): Expr {
    const test = this.lower(e.test);
    if (isConst(test)) return this.lower(test.value !== 0 ? e.then : e.otherwise);
    const variable = index('choice');
    const side = (x: Expr): Branch => {
      let value: Expr = zero;
      const steps = this.branch(new Set(), () => {
        value = this.lower(x);
      });
      return { steps, value };
    };
    const then = side(e.then),
      otherwise = side(e.otherwise);
    this.emit({ do: 'choose', variable, test, then, otherwise });
    return variable;
  }

  private reduce(e: Reduce): Expr {
    const from = this.lower(e.from),
      to = this.lower(e.to);
    const loop = (body: (value: Expr) => void): void => {
      this.loop(e.index, from, to, false, new Set(), () => {
        body(this.lower(e.body));
      });
    };
    const assign = (i: Index, value: Expr): Step => ({ do: 'assign', variable: i, value });
    const infinity = num(Number.POSITIVE_INFINITY),
      minusInfinity = num(Number.NEGATIVE_INFINITY);
    switch (e.kind) {
      case 'sum':
      case 'prod':
      case 'min':
      case 'max': {
        const start = { sum: zero, prod: one, min: infinity, max: minusInfinity }[e.kind];
        const fn = { sum: 'add', prod: 'mul', min: 'min', max: 'max' }[e.kind];
        const total = this.variable(start);
        loop((value) => {
          this.emit(assign(total, { op: 'apply', fn, args: [total, value] }));
        });
        return total;
      }
      case 'argmax': {
        const best = this.variable(minusInfinity),
          position = this.variable(from);
        loop((value) => {
          this.emit({ do: 'if', test: apply('gt', value, best), then: [assign(best, value), assign(position, e.index)], otherwise: [] });
        });
        return position;
      }
      case 'logsumexp': {
        // Streaming: `total` is the sum of exp(value - top) so far, top the largest value so far.
        const top = this.variable(minusInfinity),
          total = this.variable(zero);
        loop((value) => {
          const scaled = add(mul(total, exp(sub(top, value))), one);
          const share = cond(apply('eq', value, top), one, exp(sub(value, top)));
          this.emit({
            do: 'if',
            test: apply('le', value, top),
            // At an infinite `top` the difference would be NaN.
            then: [{ do: 'if', test: apply('gt', value, minusInfinity), then: [assign(total, add(total, share))], otherwise: [] }],
            otherwise: [assign(total, scaled), assign(top, value)],
          });
        });
        return this.temporary(add(top, this.temporary(log(total))));
      }
    }
  }

  private element(e: Element): Expr {
    const closed = this.optimise ? closedForm(e) : null;
    if (closed !== null) return this.lower(closed);
    const storage = this.arrayValue(e.array);
    const shape = e.array.dims.map((d) => this.lower(d));
    const offset = e.at.reduce((sum: Expr, x, axis) => (axis === 0 ? x : add(mul(sum, shape[axis]!), x)), zero);
    return this.temporary(ref(storage, [this.lower(offset)]));
  }

  /** The scratch storage that holds the whole result of an array function (of `''`: of its argument). */
  private arrayValue(array: ArrayFunction): string {
    const whole = this.analysis.whole(array);
    const compute = (): string => {
      if (array.fn === '') return this.materialise(array.args[0]!);
      const args = array.args.map((a) => {
        const direct = this.wholeStorage(a);
        return direct ?? this.arrayValue({ fn: '', args: [a], dims: a.dims });
      });
      const dims = array.dims.map((d) => this.lower(d));
      const out = this.room(dims);
      this.emit({ do: 'arrayFunction', fn: array.fn, out, args, shapes: array.args.map((a) => a.dims.map((d) => this.lower(d))) });
      return out;
    };
    if (!this.optimise) return compute();
    const known = this.recall(whole);
    if (known !== null) return storageOf(known);
    return this.in(this.home(whole), () => storageOf(this.remember(whole, ref(compute(), [zero]))));
  }

  /** Fills scratch memory with the elements of an array. */
  private materialise(array: ArrayExpr): string {
    const dims = array.dims.map((d) => this.lower(d));
    const out = this.room(dims);
    const nest = (axis: number): void => {
      if (axis < dims.length) {
        this.loop(array.indices[axis]!, zero, dims[axis]!, false, new Set(), () => {
          nest(axis + 1);
        });
        return;
      }
      const offset = array.indices.reduce((sum: Expr, i, k) => (k === 0 ? i : add(mul(sum, dims[k]!), i)), zero);
      const at = this.lower(offset);
      this.emit({ do: 'store', into: { storage: out, offset: at }, value: this.lower(array.body), accumulate: false });
    };
    nest(0);
    return out;
  }

  /** The storage that an array expression is, element for element, or null. */
  private wholeStorage(array: ArrayExpr): string | null {
    const body = array.body;
    if (body.op !== 'ref') return null;
    const storage = this.storages.get(body.variable);
    if (storage === undefined || storage.type !== 'float64' || storage.place === 'local') return null;
    if (storage.shape.length !== array.dims.length || storage.shape.length === 0) return null;
    if (!array.dims.every((d, k) => isConst(d, storage.shape[k]!))) return null;
    return equal(body, ref(body.variable, flatten(body.variable, array.indices, this.storages))) ? body.variable : null;
  }

  // --- placement --------------------------------------------------------------------------------

  /** The scope an expression is best computed in, without tabulation. */
  private home(e: Expr): Scope {
    const facts = this.analysis.facts(e);
    const path: Scope[] = [this.current];
    let scope = this.current;
    while (scope.parent !== null && this.leaves(facts, scope)) {
      scope = scope.parent;
      path.push(scope);
    }
    // Leaving a branch gains nothing in itself and would compute what may not be needed.
    let chosen = path.length - 1;
    while (chosen > 0 && path[chosen - 1]!.kind === 'branch') chosen--;
    return path[chosen]!;
  }

  /** Whether an expression may be computed before a scope instead of inside. */
  private leaves(
    facts: { readonly reads: ReadonlySet<string>; readonly free: ReadonlySet<Index>; readonly cost: number; readonly host: boolean },
    scope: Scope,
  ): boolean {
    if (scope.bounds !== null && facts.free.has(scope.bounds.index)) return false;
    for (const name of facts.reads) if (scope.mayWrite(name)) return false;
    // A local copy of a cheap value is nearer than one shared by all entry points.
    return scope.parent?.kind !== 'module' || (facts.cost >= preparedCost && !facts.host);
  }

  /** Reads an expression from a table filled in an outer scope, where that saves evaluations. */
  private tabulate(e: Expr, home: Scope): Expr | null {
    let best: { scope: Scope; keys: readonly Key[]; size: number; gain: number } | null = null;
    let runs = 1;
    for (let scope: Scope = home; scope.parent !== null; scope = scope.parent) {
      runs *= scope.trips;
      const target = scope.parent;
      if (scope.kind === 'branch' || target.kind === 'branch') continue;
      if (this.analysis.facts(e).host) return null;
      const keys = this.keys(e, target);
      if (keys === null) break;
      const size = keys.reduce((product, key) => product * key.size, 1);
      if (keys.length === 0 || size === 0 || size > (target.kind === 'module' ? preparedTableLimit : tableLimit)) continue;
      const gain = runs / size;
      if (gain >= 2 && (best === null || gain > best.gain)) best = { scope: target, keys, size, gain };
    }
    if (best === null) return null;
    const { scope, keys } = best;
    const indices = keys.map((_, k) => index(`key${k}`));
    const expr = replace(
      e,
      keys.map((key, k): readonly [Expr, Expr] => [key.expr, add(indices[k]!, num(key.low))]),
    );
    const table = this.findTable(expr, indices, keys) ?? this.in(scope, () => this.fillTable(expr, indices, keys));
    return this.in(home, () => {
      // The offset's own arithmetic is not looked at again: a table for it would need an offset too.
      const offset = keys.reduce(
        (sum: Expr, key) =>
          this.temporary(add(this.temporary(mul(sum, num(key.size))), this.temporary(sub(this.lower(key.expr), num(key.low))))),
        zero,
      );
      return this.remember(e, this.temporary(ref(table, [offset])));
    });
  }

  private fillTable(expr: Expr, indices: readonly Index[], keys: readonly Key[]): string {
    const sizes = keys.map((key) => key.size);
    const scope = this.current;
    const storage = this.scratch('float64', sizes).name;
    const nest = (axis: number): void => {
      if (axis < indices.length) {
        this.loop(indices[axis]!, zero, num(sizes[axis]!), false, new Set(), () => {
          nest(axis + 1);
        });
        return;
      }
      const offset = this.lower(indices.reduce((sum: Expr, i, k) => add(mul(sum, num(sizes[k]!)), i), zero));
      this.emit({ do: 'store', into: { storage, offset }, value: this.lower(expr), accumulate: false });
    };
    nest(0);
    push(scope.tables, hash(expr, this.hashes), { indices, expr, storage, sizes, versions: this.stamp(expr) });
    return storage;
  }

  private findTable(expr: Expr, indices: readonly Index[], keys: readonly Key[]): string | null {
    const key = hash(expr, this.hashes);
    for (let scope: Scope | null = this.current; scope !== null; scope = scope.parent) {
      for (const table of scope.tables.get(key) ?? []) {
        if (
          table.sizes.length === keys.length &&
          keys.every((key, k) => key.size === table.sizes[k]) &&
          this.valid(table.versions) &&
          equal(table.expr, expr, new Map(table.indices.map((i, k) => [i, indices[k]!])))
        )
          return table.storage;
      }
    }
    return null;
  }

  /** What must be given for an expression to be computable before everything inside `target`; null where nothing suffices. */
  private keys(e: Expr, target: Scope): readonly Key[] | null {
    // Only gathers can stand in for a storage that changes; found out without walking the expression.
    for (const name of this.analysis.facts(e).reads) {
      const storage = this.storages.get(name)!;
      if (storage.type === 'int32' && storage.range !== undefined) continue;
      for (let scope = this.current; scope !== target; scope = scope.parent!) if (scope.mayWrite(name)) return null;
    }
    const keys: Key[] = [];
    const legal = (x: Expr, bound: ReadonlySet<Index>): boolean => {
      const facts = this.analysis.facts(x);
      for (let scope = this.current; scope !== target; scope = scope.parent!) {
        if (scope.bounds !== null && facts.free.has(scope.bounds.index) && !bound.has(scope.bounds.index)) return false;
        for (const name of facts.reads) if (scope.mayWrite(name)) return false;
      }
      return true;
    };
    const release = (key: Key): boolean => {
      if (keys.some((k) => equal(k.expr, key.expr))) return true;
      keys.push(key);
      return keys.length <= 3;
    };
    // What only a branch or a loop that may be empty evaluates may lie outside its storage: it is no key,
    // since keys are read wherever the table is.
    // A part that stands in many places is looked at once where the same indices are bound: what it gave then, it has given.
    const passed = new Map<ReadonlySet<Index>, { readonly certain: Set<Expr>; readonly perhaps: Set<Expr> }>();
    const go = (x: Expr, bound: ReadonlySet<Index>, certain: boolean): boolean => {
      const known = passed.get(bound) ?? { certain: new Set(), perhaps: new Set() };
      passed.set(bound, known);
      const seen = certain ? known.certain : known.perhaps;
      if (!seen.has(x) && !look(x, bound, certain)) return false;
      seen.add(x);
      return true;
    };
    const look = (x: Expr, bound: ReadonlySet<Index>, certain: boolean): boolean => {
      if (legal(x, bound)) return true;
      if (x.op === 'index') {
        for (let scope = this.current; scope !== target; scope = scope.parent!) {
          if (scope.bounds?.index === x) {
            const { from, to } = scope.bounds;
            return isConst(from) && isConst(to) && release({ expr: x, low: from.value, size: Math.max(0, to.value - from.value) });
          }
        }
        return false;
      }
      if (x.op === 'ref') {
        const storage = this.storages.get(x.variable)!;
        const dependsOnBound = [...this.analysis.facts(x).free].some((i) => bound.has(i));
        if (storage.type === 'int32' && storage.place !== 'local' && storage.range !== undefined && !dependsOnBound && certain) {
          return release({ expr: x, low: 0, size: storage.range });
        }
        for (let scope = this.current; scope !== target; scope = scope.parent!) if (scope.mayWrite(x.variable)) return false;
        return x.at.every((child) => go(child, bound, certain));
      }
      switch (x.op) {
        case 'apply':
          return x.args.every((child) => go(child, bound, certain));
        case 'cond':
          return go(x.test, bound, certain) && go(x.then, bound, false) && go(x.otherwise, bound, false);
        case 'reduce':
          return (
            go(x.from, bound, certain) &&
            go(x.to, bound, certain) &&
            go(x.body, new Set([...bound, x.index]), certain && isConst(x.from) && isConst(x.to) && x.from.value < x.to.value)
          );
        case 'element':
          return (
            x.at.every((child) => go(child, bound, certain)) &&
            x.array.dims.every((child) => go(child, bound, certain)) &&
            x.array.args.every(
              (a) =>
                a.dims.every((child) => go(child, bound, certain)) &&
                go(a.body, new Set([...bound, ...a.indices]), certain && a.dims.every((d) => isConst(d) && d.value > 0)),
            )
          );
        default:
          return false;
      }
    };
    return go(e, new Set(), true) ? keys : null;
  }

  // --- scopes, versions, memory -----------------------------------------------------------------

  private emit(step: Step): void {
    this.current.steps.push(step);
  }

  /** Names a plain expression; atoms and what folds to one stay as they are. */
  private temporary(e: Expr): Expr {
    const folded = fold(e);
    if (folded.op === 'const' || folded.op === 'index') return folded;
    const variable = index('t');
    this.emit({ do: 'let', variable, value: folded, mutable: false });
    return variable;
  }

  private loop(i: Index, from: Expr, to: Expr, descending: boolean, effects: ReadonlySet<string>, body: () => void): void {
    const trips = isConst(from) && isConst(to) ? Math.max(0, to.value - from.value) : assumedTrips;
    this.advance(effects);
    const scope = newScope('loop', this.current, (name) => effects.has(name), trips, { index: i, from, to });
    this.within(scope, body);
    this.advance(effects);
    this.emit({ do: 'for', index: i, from, to, descending, body: scope.steps });
  }

  private branch(effects: ReadonlySet<string>, body: () => void): readonly Step[] {
    const scope = newScope('branch', this.current, (name) => effects.has(name), 1);
    this.within(scope, body);
    return scope.steps;
  }

  private within(scope: Scope, body: () => void): void {
    const outer = this.current;
    this.current = scope;
    body();
    this.current = outer;
  }

  /** Runs in an enclosing scope, at the place just before what is open inside it. */
  private in<T>(scope: Scope, body: () => T): T {
    const inner = this.current;
    this.current = scope;
    const out = body();
    this.current = inner;
    return out;
  }

  private cell(storage: string, offsets: readonly Expr[]): Cell {
    return { storage, offset: offsets.length === 0 ? null : this.lower(offsets[0]!) };
  }

  /** After a store: what was known of the storage is void, what was stored is known. */
  private written(storage: string, at: readonly Expr[], value: Expr | null, source: Expr): void {
    this.advance([storage]);
    if (value === null || !this.optimise) return;
    const declared = this.storages.get(storage)!;
    if (declared.type === 'int32' && declared.place !== 'local' && !isInteger(source, this.storages)) return;
    if (at.some((x) => this.analysis.facts(x).reads.has(storage))) return;
    this.remember(ref(storage, at), value);
  }

  private advance(storages: Iterable<string>): void {
    for (const name of storages) {
      this.changed.push([name, this.versions.get(name) ?? 0]);
      this.versions.set(name, this.nextVersion++);
    }
  }

  /** Takes back all changes of versions since there were `start` of them. */
  private restore(start: number): void {
    while (this.changed.length > start) {
      const [name, version] = this.changed.pop()!;
      this.versions.set(name, version);
    }
  }

  private stamp(e: Expr): readonly (readonly [string, number])[] {
    return [...this.analysis.facts(e).reads].map((name) => [name, this.versions.get(name) ?? 0]);
  }

  private valid(versions: readonly (readonly [string, number])[]): boolean {
    return versions.every(([name, version]) => (this.versions.get(name) ?? 0) === version);
  }

  private remember(e: Expr, value: Expr): Expr {
    push(this.current.known, hash(e, this.hashes), { expr: e, value, versions: this.stamp(e) });
    return value;
  }

  private recall(e: Expr): Expr | null {
    const key = hash(e, this.hashes);
    for (let scope: Scope | null = this.current; scope !== null; scope = scope.parent) {
      const list = scope.known.get(key);
      if (list === undefined) continue;
      for (let k = list.length - 1; k >= 0; k--) {
        const known = list[k]!;
        if (this.valid(known.versions) && equal(known.expr, e)) return known.value;
      }
    }
    return null;
  }

  private scratch(type: Storage['type'], shape: readonly number[]): Storage {
    let name = `scratch:${this.added.length}`;
    while (this.storages.has(name)) name += ':';
    const storage: Storage = { name, type, shape, place: 'scratch' };
    this.storages.set(name, storage);
    this.added.push(storage);
    return storage;
  }

  /** Scratch memory of exactly the given dimensions; allocated on the way where they are not constant. */
  private room(dims: readonly Expr[]): string {
    if (dims.every((d) => isConst(d)))
      return this.scratch(
        'float64',
        dims.map((d) => (d.op === 'const' ? Math.max(0, d.value) : 0)),
      ).name;
    const storage = this.scratch('float64', [0]).name;
    const size = dims.reduce((product: Expr, d) => (isConst(product, 1) ? d : this.temporary(mul(product, d))), one);
    this.emit({ do: 'allocate', storage, size });
    return storage;
  }
}

function newScope(
  kind: Scope['kind'],
  parent: Scope | null,
  mayWrite: (storage: string) => boolean,
  trips: number,
  bounds: Scope['bounds'] = null,
): Scope {
  return {
    kind,
    parent,
    depth: parent === null ? 0 : parent.depth + 1,
    mayWrite,
    bounds,
    trips,
    steps: [],
    known: new Map(),
    tables: new Map(),
  };
}

function push<T>(map: Map<number, T[]>, key: number, item: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}

function storageOf(e: Expr): string {
  if (e.op !== 'ref') throw new InternalError('an array value must be a storage');
  return e.variable;
}

/** Replaces expressions, compared by structure, outermost first. */
function replace(e: Expr, pairs: readonly (readonly [Expr, Expr])[]): Expr {
  const memo = new Map<Expr, Expr>();
  const go = (x: Expr): Expr => {
    const known = memo.get(x);
    if (known !== undefined) return known;
    const found = pairs.find(([from]) => equal(from, x));
    const out = found === undefined ? mapChildren(x, go) : found[1];
    memo.set(x, out);
    return out;
  };
  return go(e);
}
