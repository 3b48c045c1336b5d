/**
 * Scalar expressions over plated arrays: the one language in which densities, derivations and
 * generated code are written.
 *
 * Everything is a scalar. An array is a comprehension (`ArrayExpr`): indices, their dimensions and
 * a scalar body. `X[n] @ w` is `sum_j X[n, j] * w[j]`. Only functions that need a whole array at
 * once (inverse, cholesky, ...) are array functions whose elements are read by `element`.
 *
 * Expressions are immutable and may share subtrees. Bound indices are compared by identity, so
 * substitution never captures. Constructors fold constants and neutral elements; everything else
 * is left to `simplify.ts`.
 */

export interface Const {
  readonly op: 'const';
  readonly value: number;
}
/** A loop index; two indices are the same only if they are the same object. */
export interface Index {
  readonly op: 'index';
  readonly name: string;
}
/** A named dimension of the program (`N`), a number once data is bound. */
export interface Size {
  readonly op: 'size';
  readonly name: string;
}
/** One scalar element of a variable of the graph. */
export interface Ref {
  readonly op: 'ref';
  readonly variable: string;
  readonly at: readonly Expr[];
}
/** A scalar primitive of `primitives.ts` applied to scalars. */
export interface Apply {
  readonly op: 'apply';
  readonly fn: string;
  readonly args: readonly Expr[];
}
export type ReduceKind = 'sum' | 'prod' | 'min' | 'max' | 'logsumexp' | 'argmax';
/** A reduction over `from <= index < to`. An empty sum is 0, an empty product 1. */
export interface Reduce {
  readonly op: 'reduce';
  readonly kind: ReduceKind;
  readonly index: Index;
  readonly from: Expr;
  readonly to: Expr;
  readonly body: Expr;
}
/** Only the branch taken is evaluated. */
export interface Cond {
  readonly op: 'cond';
  readonly test: Expr;
  readonly then: Expr;
  readonly otherwise: Expr;
}
/** An element of the result of an array function; `at` is empty for scalar results (logdet). */
export interface Element {
  readonly op: 'element';
  readonly array: ArrayFunction;
  readonly at: readonly Expr[];
}

export type Expr = Const | Index | Size | Ref | Apply | Reduce | Cond | Element;

/** A function of whole arrays, computed once into scratch memory: inverse, cholesky, logdet, solve, host functions, ... */
export interface ArrayFunction {
  readonly fn: string;
  readonly args: readonly ArrayExpr[];
  /** Dimensions of the result; empty for a scalar. */
  readonly dims: readonly Expr[];
}

/** The array whose element at `indices` is `body`; rank 0 (no indices) is a scalar. */
export interface ArrayExpr {
  readonly indices: readonly Index[];
  readonly dims: readonly Expr[];
  readonly body: Expr;
}

// --- constructors -----------------------------------------------------------------------------

/** A number. */
export function num(value: number): Const {
  return { op: 'const', value };
}
export const zero: Const = num(0);
export const one: Const = num(1);
/** A new bound index; names are for readers, identity is what counts. */
export function index(name: string): Index {
  return { op: 'index', name };
}
/** The size of the program of that name. */
export function size(name: string): Size {
  return { op: 'size', name };
}
/** An element of a variable, or the whole of a scalar. */
export function ref(variable: string, at: readonly Expr[] = []): Ref {
  return { op: 'ref', variable, at };
}
/** True for a number (that number, where one is given). */
export function isConst(e: Expr): e is Const;
export function isConst(e: Expr, value: number): boolean;
export function isConst(e: Expr, value?: number): boolean {
  return e.op === 'const' && (value === undefined || e.value === value);
}

/** a + b, with sums of numbers and additions of 0 carried out; the following functions simplify alike. */
export function add(a: Expr, b: Expr): Expr {
  if (isConst(a) && isConst(b)) return num(a.value + b.value);
  if (isConst(a, 0)) return b;
  if (isConst(b, 0)) return a;
  return { op: 'apply', fn: 'add', args: [a, b] };
}
/** a - b. */
export function sub(a: Expr, b: Expr): Expr {
  if (isConst(a) && isConst(b)) return num(a.value - b.value);
  if (isConst(b, 0)) return a;
  if (isConst(a, 0)) return neg(b);
  return { op: 'apply', fn: 'sub', args: [a, b] };
}
/** -a. */
export function neg(a: Expr): Expr {
  if (isConst(a)) return num(-a.value);
  if (a.op === 'apply' && a.fn === 'neg') return a.args[0]!;
  return { op: 'apply', fn: 'neg', args: [a] };
}
/** a b. */
export function mul(a: Expr, b: Expr): Expr {
  if (isConst(a) && isConst(b)) return num(a.value * b.value);
  if (isConst(a, 1)) return b;
  if (isConst(b, 1)) return a;
  if (isConst(a, 0) || isConst(b, 0)) return zero;
  if (isConst(a, -1)) return neg(b);
  if (isConst(b, -1)) return neg(a);
  return { op: 'apply', fn: 'mul', args: [a, b] };
}
/** a / b. */
export function div(a: Expr, b: Expr): Expr {
  if (isConst(a) && isConst(b)) return num(a.value / b.value);
  if (isConst(b, 1)) return a;
  return { op: 'apply', fn: 'div', args: [a, b] };
}
/** a^b. */
export function pow(a: Expr, b: Expr): Expr {
  if (isConst(a) && isConst(b)) return num(a.value ** b.value);
  if (isConst(b, 1)) return a;
  if (isConst(b, 0)) return one;
  return { op: 'apply', fn: 'pow', args: [a, b] };
}
/** A primitive of `primitives.ts` on scalars; arithmetic goes through the functions above. */
export function apply(fn: string, ...args: Expr[]): Expr {
  switch (fn) {
    case 'add':
      return add(args[0]!, args[1]!);
    case 'sub':
      return sub(args[0]!, args[1]!);
    case 'mul':
      return mul(args[0]!, args[1]!);
    case 'div':
      return div(args[0]!, args[1]!);
    case 'neg':
      return neg(args[0]!);
    case 'pow':
      return pow(args[0]!, args[1]!);
    default:
      return { op: 'apply', fn, args };
  }
}
/** log a. */
export function log(a: Expr): Expr {
  return isConst(a) ? num(Math.log(a.value)) : apply('log', a);
}
/** e^a. */
export function exp(a: Expr): Expr {
  return isConst(a) ? num(Math.exp(a.value)) : apply('exp', a);
}
/** The square root. */
export function sqrt(a: Expr): Expr {
  return pow(a, num(0.5));
}
/** a^2. */
export function square(a: Expr): Expr {
  return pow(a, num(2));
}
/** log Gamma(a). */
export function lgamma(a: Expr): Expr {
  return apply('lgamma', a);
}
/** A sum in order; of many terms by halves, so that a program of thousands of statements makes no expression of that depth. */
export function addAll(terms: readonly Expr[]): Expr {
  if (terms.length <= 64) return terms.reduce(add, zero);
  const half = terms.length >> 1;
  return add(addAll(terms.slice(0, half)), addAll(terms.slice(half)));
}
/** The product of a list; 1 for an empty one. */
export function mulAll(factors: readonly Expr[]): Expr {
  return factors.reduce(mul, one);
}
/** A reduction of `body` over from <= i < to; a range of one step is its body. */
export function reduce(kind: ReduceKind, i: Index, from: Expr, to: Expr, body: Expr): Expr {
  if (kind === 'sum' && isConst(body, 0)) return zero;
  if (isConst(from) && isConst(to) && to.value - from.value === 1 && kind !== 'argmax') return substitute(body, new Map([[i, from]]));
  return { op: 'reduce', kind, index: i, from, to, body };
}
/** `sum_{i=0}^{count-1} body(i)`. */
export function sumOver(count: Expr, body: (i: Index) => Expr, name = 'i'): Expr {
  const i = index(name);
  return reduce('sum', i, zero, count, body(i));
}
/** `sum over ranges of body`, the first range outermost: the ends of a range may mention the indices of those before it. */
export function nestedSum(ranges: readonly { readonly index: Index; readonly from: Expr; readonly to: Expr }[], body: Expr): Expr {
  return ranges.reduceRight<Expr>((inner, r) => reduce('sum', r.index, r.from, r.to, inner), body);
}
/** `then` where the test is non-zero, else `otherwise`. */
export function cond(test: Expr, then: Expr, otherwise: Expr): Expr {
  if (isConst(test)) return test.value !== 0 ? then : otherwise;
  if (equal(then, otherwise)) return then;
  return { op: 'cond', test, then, otherwise };
}
/** An element of a function of whole arrays. */
export function element(array: ArrayFunction, at: readonly Expr[]): Expr {
  return { op: 'element', array, at };
}

/** An array given by its dimensions and a function from indices to elements. */
export function build(dims: readonly Expr[], body: (...at: Index[]) => Expr, names: readonly string[] = ['i', 'j', 'k', 'l']): ArrayExpr {
  const indices = dims.map((_, d) => index(names[d] ?? `i${d}`));
  return { indices, dims, body: body(...indices) };
}
/** A scalar as an array without dimensions. */
export function scalar(body: Expr): ArrayExpr {
  return { indices: [], dims: [], body };
}
/** The element of an array at the given indices. @throws never; rank must agree (checked by callers). */
export function at(array: ArrayExpr, ...indices: readonly Expr[]): Expr {
  if (indices.length === 0) return array.body;
  return substitute(array.body, new Map(array.indices.map((i, d) => [i, indices[d]!])));
}
/** The whole result of an array function as an array. */
export function arrayOf(fn: string, args: readonly ArrayExpr[], dims: readonly Expr[]): ArrayExpr {
  const array: ArrayFunction = { fn, args, dims };
  return build(dims, (...i) => element(array, i));
}
/** A scalar-valued array function such as logdet. */
export function scalarOf(fn: string, args: readonly ArrayExpr[]): Expr {
  return element({ fn, args, dims: [] }, []);
}

// --- traversal --------------------------------------------------------------------------------

/** Rebuilds an expression from mapped children; constructors fold again. */
export function mapChildren(e: Expr, f: (child: Expr) => Expr): Expr {
  switch (e.op) {
    case 'const':
    case 'index':
    case 'size':
      return e;
    case 'ref': {
      const a = mapList(e.at, f);
      return a === e.at ? e : ref(e.variable, a);
    }
    case 'apply': {
      const a = mapList(e.args, f);
      return a === e.args ? e : apply(e.fn, ...a);
    }
    case 'reduce': {
      const from = f(e.from),
        to = f(e.to),
        body = f(e.body);
      return from === e.from && to === e.to && body === e.body ? e : reduce(e.kind, e.index, from, to, body);
    }
    case 'cond': {
      const test = f(e.test),
        then = f(e.then),
        otherwise = f(e.otherwise);
      return test === e.test && then === e.then && otherwise === e.otherwise ? e : cond(test, then, otherwise);
    }
    case 'element': {
      const args = mapList(e.array.args, (a) => mapArray(a, f));
      const dims = mapList(e.array.dims, f);
      const a = mapList(e.at, f);
      if (args === e.array.args && dims === e.array.dims && a === e.at) return e;
      return element(args === e.array.args && dims === e.array.dims ? e.array : { fn: e.array.fn, args, dims }, a);
    }
  }
}
/** The array with a function applied to its dimensions and its body. */
export function mapArray(a: ArrayExpr, f: (child: Expr) => Expr): ArrayExpr {
  const dims = mapList(a.dims, f),
    body = f(a.body);
  return dims === a.dims && body === a.body ? a : { indices: a.indices, dims, body };
}
function mapList<T>(list: readonly T[], f: (item: T) => T): readonly T[] {
  let changed = false;
  const out = list.map((item) => {
    const m = f(item);
    if (m !== item) changed = true;
    return m;
  });
  return changed ? out : list;
}

/** Direct children, array functions' bodies and dimensions included. */
export function children(e: Expr): readonly Expr[] {
  switch (e.op) {
    case 'const':
    case 'index':
    case 'size':
      return [];
    case 'ref':
      return e.at;
    case 'apply':
      return e.args;
    case 'reduce':
      return [e.from, e.to, e.body];
    case 'cond':
      return [e.test, e.then, e.otherwise];
    case 'element':
      return [...e.at, ...e.array.dims, ...e.array.args.flatMap((a) => [...a.dims, a.body])];
  }
}

/** Simultaneous substitution of indices by expressions. Bound indices are unique objects, so nothing is captured. */
export function substitute(e: Expr, map: ReadonlyMap<Index, Expr>): Expr {
  const memo = new Map<Expr, Expr>();
  const go = (x: Expr): Expr => {
    if (x.op === 'index') return map.get(x) ?? x;
    if (x.op === 'const' || x.op === 'size') return x;
    const known = memo.get(x);
    if (known !== undefined) return known;
    const out = mapChildren(x, go);
    memo.set(x, out);
    return out;
  };
  return go(e);
}
/** Bottom-up rewriting: `f` sees every node after its children were rewritten. */
export function rewrite(e: Expr, f: (node: Expr) => Expr): Expr {
  const memo = new Map<Expr, Expr>();
  const go = (x: Expr): Expr => {
    const known = memo.get(x);
    if (known !== undefined) return known;
    const out = f(mapChildren(x, go));
    memo.set(x, out);
    return out;
  };
  return go(e);
}
/** Visits every node once (shared subtrees once). */
export function visit(e: Expr, f: (node: Expr) => void): void {
  const seen = new Set<Expr>();
  const go = (x: Expr): void => {
    if (seen.has(x)) return;
    seen.add(x);
    f(x);
    for (const c of children(x)) go(c);
  };
  go(e);
}
/** Free indices: those that occur and are not bound by a reduction or comprehension inside. */
export function freeIndices(e: Expr): ReadonlySet<Index> {
  const memo = new Map<Expr, ReadonlySet<Index>>();
  const go = (x: Expr): ReadonlySet<Index> => {
    const known = memo.get(x);
    if (known !== undefined) return known;
    const out = new Set<Index>();
    if (x.op === 'index') out.add(x);
    else if (x.op === 'reduce') {
      for (const i of go(x.body)) if (i !== x.index) out.add(i);
      for (const i of go(x.from)) out.add(i);
      for (const i of go(x.to)) out.add(i);
    } else if (x.op === 'element') {
      for (const c of x.at) for (const i of go(c)) out.add(i);
      for (const c of x.array.dims) for (const i of go(c)) out.add(i);
      for (const a of x.array.args) {
        for (const d of a.dims) for (const i of go(d)) out.add(i);
        for (const i of go(a.body)) if (!a.indices.includes(i)) out.add(i);
      }
    } else for (const c of children(x)) for (const i of go(c)) out.add(i);
    memo.set(x, out);
    return out;
  };
  return go(e);
}
/** Names of the variables an expression reads. */
export function variablesOf(e: Expr): ReadonlySet<string> {
  const out = new Set<string>();
  visit(e, (x) => {
    if (x.op === 'ref') out.add(x.variable);
  });
  return out;
}

/** Structural equality up to the names of bound indices. */
export function equal(a: Expr, b: Expr, bound: ReadonlyMap<Index, Index> = new Map()): boolean {
  return equalBut(a, b, { bound, proven: new Map() });
}
/** True for arrays of the same dimensions and elements, whatever their indices are called. */
export function equalArrays(a: ArrayExpr, b: ArrayExpr, bound: ReadonlyMap<Index, Index> = new Map()): boolean {
  return equalArraysBut(a, b, { bound, proven: new Map() });
}

/** What bound indices are called on the other side, and what has been found equal under that: a part may stand in many places. */
interface Renaming {
  readonly bound: ReadonlyMap<Index, Index>;
  readonly proven: Map<Expr, Expr>;
}

function equalBut(a: Expr, b: Expr, names: Renaming): boolean {
  if (a === b && names.bound.size === 0) return true;
  if (a.op !== b.op) return false;
  switch (a.op) {
    case 'const':
      return Object.is(a.value, (b as Const).value);
    case 'index':
      return (names.bound.get(a) ?? a) === b;
    case 'size':
      return a.name === (b as Size).name;
    default:
      break;
  }
  // One difference ends the whole comparison, so only what is equal can be met again.
  if (names.proven.get(a) === b) return true;
  if (!equalParts(a, b, names)) return false;
  names.proven.set(a, b);
  return true;
}
function equalParts(a: Ref | Apply | Reduce | Cond | Element, b: Expr, names: Renaming): boolean {
  switch (a.op) {
    case 'ref':
      return a.variable === (b as Ref).variable && equalLists(a.at, (b as Ref).at, names);
    case 'apply':
      return a.fn === (b as Apply).fn && equalLists(a.args, (b as Apply).args, names);
    case 'reduce': {
      const r = b as Reduce;
      return (
        a.kind === r.kind &&
        equalBut(a.from, r.from, names) &&
        equalBut(a.to, r.to, names) &&
        equalBut(a.body, r.body, renamed(names, [a.index], [r.index]))
      );
    }
    case 'cond': {
      const c = b as Cond;
      return equalBut(a.test, c.test, names) && equalBut(a.then, c.then, names) && equalBut(a.otherwise, c.otherwise, names);
    }
    case 'element': {
      const c = b as Element;
      return (
        a.array.fn === c.array.fn &&
        a.array.args.length === c.array.args.length &&
        equalLists(a.at, c.at, names) &&
        equalLists(a.array.dims, c.array.dims, names) &&
        a.array.args.every((x, k) => equalArraysBut(x, c.array.args[k]!, names))
      );
    }
  }
}
function equalArraysBut(a: ArrayExpr, b: ArrayExpr, names: Renaming): boolean {
  return (
    a.indices.length === b.indices.length &&
    equalLists(a.dims, b.dims, names) &&
    equalBut(a.body, b.body, renamed(names, a.indices, b.indices))
  );
}
function equalLists(a: readonly Expr[], b: readonly Expr[], names: Renaming): boolean {
  return a.length === b.length && a.every((x, k) => equalBut(x, b[k]!, names));
}
/** Within a binder: what was equal outside may be another index here. */
function renamed({ bound, proven }: Renaming, from: readonly Index[], to: readonly Index[]): Renaming {
  return from.length === 0
    ? { bound, proven }
    : { bound: new Map([...bound, ...from.map((i, k): [Index, Index] => [i, to[k]!])]), proven: new Map() };
}
/** A 32-bit hash that agrees with `equal`: bound indices hash alike whatever their names. */
export function hash(e: Expr, memo: Map<Expr, number> = new Map()): number {
  const known = memo.get(e);
  if (known !== undefined) return known;
  let h: number;
  switch (e.op) {
    case 'const':
      h = mix(1, hashNumber(e.value));
      break;
    case 'index':
      h = 2;
      break;
    case 'size':
      h = mix(3, hashText(e.name));
      break;
    case 'ref':
      h = e.at.reduce((s, x) => mix(s, hash(x, memo)), mix(4, hashText(e.variable)));
      break;
    case 'apply':
      h = e.args.reduce((s, x) => mix(s, hash(x, memo)), mix(5, hashText(e.fn)));
      break;
    case 'reduce':
      h = [e.from, e.to, e.body].reduce((s, x) => mix(s, hash(x, memo)), mix(6, hashText(e.kind)));
      break;
    case 'cond':
      h = [e.test, e.then, e.otherwise].reduce((s, x) => mix(s, hash(x, memo)), 7);
      break;
    case 'element':
      h = children(e).reduce((s, x) => mix(s, hash(x, memo)), mix(8, hashText(e.array.fn)));
      break;
  }
  memo.set(e, h);
  return h;
}
function mix(a: number, b: number): number {
  return (Math.imul(a ^ (b + 0x9e3779b9 + (a << 6) + (a >>> 2)), 0x85ebca6b) ^ (b >>> 13)) | 0;
}
function hashText(s: string): number {
  let h = 17;
  for (let i = 0; i < s.length; i++) h = (Math.imul(h, 31) + s.charCodeAt(i)) | 0;
  return h;
}
function hashNumber(x: number): number {
  return hashText(String(x));
}
