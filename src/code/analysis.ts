/**
 * What the optimiser must know of expressions and code: which storages they read and may write,
 * which indices are free, and roughly what they cost (one unit is an addition).
 *
 * Invariant: `writesOf` never forgets a storage; every legality argument of the optimiser rests on it.
 */
import { children, mapArray, mapChildren } from '../expr/expr.js';
import type { ArrayFunction, Element, Expr, Index } from '../expr/expr.js';
import { primitives } from '../expr/primitives.js';
import type { Argument, Code, Place, Storage } from './loop.js';

/** Trip count assumed of a loop whose bounds are not constant. */
export const assumedTrips = 16;

export interface Facts {
  /** Storages read. */
  readonly reads: ReadonlySet<string>;
  /** Indices neither bound inside nor temporaries. */
  readonly free: ReadonlySet<Index>;
  /** Rough cost of one evaluation. */
  readonly cost: number;
  /** Calls a function of the user's, which must not run earlier than the program does. */
  readonly host: boolean;
}

const nothing: ReadonlySet<never> = new Set<never>();
const constantFacts: Facts = { reads: nothing, free: nothing, cost: 0, host: false };

/** Facts of expressions, remembered by identity. */
export class Analysis {
  private readonly known = new Map<Expr, Facts>();
  private readonly wholes = new Map<ArrayFunction, Element>();

  facts(e: Expr): Facts {
    if (e.op === 'const') return constantFacts;
    const known = this.known.get(e);
    if (known !== undefined) return known;
    const facts = this.compute(e);
    this.known.set(e, facts);
    return facts;
  }

  /** An expression that stands for the whole result of an array function. */
  whole(array: ArrayFunction): Element {
    const known = this.wholes.get(array);
    if (known !== undefined) return known;
    const whole: Element = { op: 'element', array, at: [] };
    this.wholes.set(array, whole);
    return whole;
  }

  private compute(e: Expr): Facts {
    if (e.op === 'index') return { reads: nothing, free: new Set([e]), cost: 0, host: false };
    const parts = children(e).map((child) => this.facts(child));
    let reads = union(parts.map((part) => part.reads));
    let free = union(parts.map((part) => part.free));
    let cost = parts.reduce((sum, part) => sum + part.cost, 0);
    let host = parts.some((part) => part.host);
    switch (e.op) {
      case 'ref':
        reads = union([reads, new Set([e.variable])]);
        cost += 1;
        break;
      case 'apply':
        cost += primitives.get(e.fn)?.cost ?? 1;
        if (e.fn.startsWith('host:')) host = true;
        break;
      case 'reduce': {
        free = without(this.facts(e.body).free, [e.index]);
        free = union([free, this.facts(e.from).free, this.facts(e.to).free]);
        const trips = e.from.op === 'const' && e.to.op === 'const' ? Math.max(0, e.to.value - e.from.value) : assumedTrips;
        cost = this.facts(e.from).cost + this.facts(e.to).cost + trips * (this.facts(e.body).cost + (e.kind === 'logsumexp' ? 15 : 1));
        break;
      }
      case 'cond':
        cost = this.facts(e.test).cost + 1 + Math.max(this.facts(e.then).cost, this.facts(e.otherwise).cost);
        break;
      case 'element': {
        free = union([
          ...e.at.map((x) => this.facts(x).free),
          ...e.array.dims.map((x) => this.facts(x).free),
          ...e.array.args.flatMap((a) => [...a.dims.map((x) => this.facts(x).free), without(this.facts(a.body).free, a.indices)]),
        ]);
        // A call and at least one pass over each argument; the cubic part is left out on purpose.
        cost =
          50 +
          e.array.args.reduce(
            (sum, a) => sum + a.dims.reduce((n, d) => n * (d.op === 'const' ? d.value : assumedTrips), 1) * (1 + this.facts(a.body).cost),
            0,
          );
        if (e.array.fn.startsWith('host:')) host = true;
        break;
      }
      default:
        break;
    }
    return { reads, free, cost, host };
  }
}

function union<T>(sets: readonly ReadonlySet<T>[]): ReadonlySet<T> {
  // Most parts read nothing or the same few storages: share a set where one covers the rest.
  let largest: ReadonlySet<T> = nothing;
  for (const set of sets) if (set.size > largest.size) largest = set;
  let out: Set<T> | null = null;
  for (const set of sets) {
    if (set === largest) continue;
    for (const item of set)
      if (!(out ?? largest).has(item)) {
        out ??= new Set(largest);
        out.add(item);
      }
  }
  return out ?? largest;
}

function without<T>(set: ReadonlySet<T>, items: readonly T[]): ReadonlySet<T> {
  return items.some((item) => set.has(item)) ? new Set([...set].filter((item) => !items.includes(item))) : set;
}

/** Bodies of the local functions in scope, for the effects of calling them. */
export type LocalFunctions = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Storages that running `code` may write, the writes of local functions it declares or is given
 * included (declaring one counts as calling it: the safe side).
 */
export function writesOf(code: readonly Code[], functions: LocalFunctions): ReadonlySet<string> {
  const out = new Set<string>();
  const go = (c: Code): void => {
    switch (c.do) {
      case 'for':
      case 'function':
        c.body.forEach(go);
        if (c.do === 'function') for (const parameter of c.parameters) out.add(parameter);
        break;
      case 'if':
        c.then.forEach(go);
        c.otherwise.forEach(go);
        break;
      case 'store':
      case 'categorical':
        out.add(c.into.storage);
        break;
      case 'fill':
        out.add(c.storage);
        break;
      case 'call':
        for (const name of effectsOfCall(c, functions)) out.add(name);
        break;
      case 'return':
        break;
    }
  };
  code.forEach(go);
  return out;
}

/** Storages that a call may write, its result's place included. */
export function effectsOfCall(call: Extract<Code, { do: 'call' }>, functions: LocalFunctions): ReadonlySet<string> {
  const out = new Set(call.effects);
  if (call.into !== null) out.add(call.into.storage);
  for (const argument of call.args) {
    // A place is handed over to be written unless the caller says otherwise; nobody can say so.
    if (argument.kind === 'place') out.add(argument.place.storage);
    if (argument.kind === 'function') for (const name of functions.get(argument.name) ?? []) out.add(name);
  }
  return out;
}

/** Rebuilds code with every expression mapped. */
export function mapCode(code: Code, f: (e: Expr) => Expr): Code {
  const place = (p: Place): Place => ({ storage: p.storage, at: p.at.map(f) });
  const block = (list: readonly Code[]): readonly Code[] => list.map((c) => mapCode(c, f));
  switch (code.do) {
    case 'for':
      return { ...code, from: f(code.from), to: f(code.to), body: block(code.body) };
    case 'if':
      return { ...code, test: f(code.test), then: block(code.then), otherwise: block(code.otherwise) };
    case 'store':
      return { ...code, into: place(code.into), value: f(code.value) };
    case 'fill':
      return { ...code, value: f(code.value) };
    case 'categorical':
      return { ...code, count: f(code.count), logWeight: f(code.logWeight), into: place(code.into) };
    case 'function':
      return { ...code, body: block(code.body) };
    case 'return':
      return { ...code, value: f(code.value) };
    case 'call': {
      const args = code.args.map((argument): Argument => {
        switch (argument.kind) {
          case 'value':
            return { kind: 'value', value: f(argument.value) };
          case 'array':
            return { kind: 'array', value: mapArray(argument.value, f) };
          case 'place':
            return { kind: 'place', place: place(argument.place) };
          case 'function':
            return argument;
        }
      });
      return { ...code, args, into: code.into === null ? null : place(code.into) };
    }
  }
}

/** The expressions of one piece of code, those of nested code left out. */
export function expressionsOf(code: Code): readonly Expr[] {
  switch (code.do) {
    case 'for':
      return [code.from, code.to];
    case 'if':
      return [code.test];
    case 'store':
      return [...code.into.at, code.value];
    case 'fill':
      return [code.value];
    case 'categorical':
      return [code.count, code.logWeight, ...code.into.at];
    case 'function':
      return [];
    case 'return':
      return [code.value];
    case 'call':
      return [
        ...(code.into?.at ?? []),
        ...code.args.flatMap((argument) => {
          switch (argument.kind) {
            case 'value':
              return [argument.value];
            case 'array':
              return [...argument.value.dims, argument.value.body];
            case 'place':
              return argument.place.at;
            case 'function':
              return [];
          }
        }),
      ];
  }
}

/** Code nested in one piece of code. */
export function nestedOf(code: Code): readonly Code[] {
  switch (code.do) {
    case 'for':
    case 'function':
      return code.body;
    case 'if':
      return [...code.then, ...code.otherwise];
    default:
      return [];
  }
}

/** True where every value is a whole number, so that storing it in an integer array keeps it. */
export function isInteger(e: Expr, storages: ReadonlyMap<string, Storage>): boolean {
  switch (e.op) {
    case 'const':
      return Number.isInteger(e.value) && !Object.is(e.value, -0);
    case 'index':
    case 'size':
      return true;
    case 'ref':
      return storages.get(e.variable)?.type === 'int32' && storages.get(e.variable)?.place !== 'local';
    case 'apply':
      switch (primitives.get(e.fn)?.integer) {
        case true:
          return true;
        // A negative zero is no whole number here; only negation and sign could make one of a zero.
        case 'inherit':
          return e.fn !== 'neg' && e.fn !== 'sign' && e.args.every((a) => isInteger(a, storages));
        default:
          return false;
      }
    case 'cond':
      return isInteger(e.then, storages) && isInteger(e.otherwise, storages);
    case 'reduce':
      return e.kind === 'argmax' || (e.kind === 'sum' && isInteger(e.body, storages));
    case 'element':
      return false;
  }
}

/** Bottom-up rewriting with a memory shared by all the expressions of a module. */
export function rewriter(f: (node: Expr) => Expr): (e: Expr) => Expr {
  const memo = new Map<Expr, Expr>();
  const go = (e: Expr): Expr => {
    const known = memo.get(e);
    if (known !== undefined) return known;
    const out = f(mapChildren(e, go));
    memo.set(e, out);
    return out;
  };
  return go;
}
