/**
 * What an expression of a program is before it becomes part of the graph: an array given by a
 * scalar body, or nothing because something in it is wrong (and was reported once).
 */
import { type ArrayExpr, type Expr, type Index, element, index, reduce, rewrite, substitute, visit } from '../expr/expr.js';
import type { Family } from '../distributions/family.js';
import type { Law, ScalarType } from './graph.js';

/** A value `${...}` of a tagged template. Arrays are row-major. */
export type HoleValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'array'; readonly shape: readonly number[]; readonly values: Float64Array }
  | { readonly kind: 'function'; readonly name: string; readonly call: (...args: readonly unknown[]) => unknown }
  /** A value that the language does not have; whoever passes it says so. */
  | { readonly kind: 'unusable' };

/** The array `[body for indices in dims]` with elements of type `scalar`. */
export interface ArrayValue extends ArrayExpr {
  readonly kind: 'array';
  readonly scalar: ScalarType;
  /** Number of leading dimensions that must be indexed before the rest is a rectangle. */
  readonly ragged: number;
  readonly variable: string | null;
}

/** Something wrong was found inside; `pending` where it only waits for the type of another variable. */
export interface Poison {
  readonly kind: 'poison';
  readonly pending: boolean;
}

export type Value = ArrayValue | Poison;

export const poison: Poison = { kind: 'poison', pending: false };
export const pending: Poison = { kind: 'poison', pending: true };

/** True for what stands for a mistake that was reported. */
export function isPoison<T extends object>(v: T | Poison): v is Poison {
  return 'kind' in v && v.kind === 'poison';
}

/** A distribution with its plate: one draw for each value of `indices`, each of shape `eventDims`. */
export interface LawValue {
  readonly kind: 'law';
  readonly indices: readonly Index[];
  readonly batch: readonly Expr[];
  readonly law: Law;
  readonly eventDims: readonly Expr[];
  readonly discrete: boolean;
  /** The family of a plain or truncated law, null for mixtures. */
  readonly family: Family | null;
}

/** A scalar value. */
export function scalarValue(scalar: ScalarType, body: Expr): ArrayValue {
  return { kind: 'array', scalar, indices: [], dims: [], body, ragged: 0, variable: null };
}
/** An array as a value. */
export function arrayValue(scalar: ScalarType, array: ArrayExpr): ArrayValue {
  return { kind: 'array', scalar, indices: array.indices, dims: array.dims, body: array.body, ragged: 0, variable: null };
}
/** The array of the given shape whose element at `indices` is `body(...indices)`. */
export function buildValue(scalar: ScalarType, dims: readonly Expr[], body: (...at: Expr[]) => Expr): ArrayValue {
  const indices = dims.map((_, d) => index(['i', 'j', 'k', 'l'][d] ?? `i${d}`));
  return arrayValue(scalar, { indices, dims, body: body(...indices) });
}
/** One element; `where` has as many entries as the array has dimensions. */
export function elementOf(v: ArrayExpr, where: readonly Expr[]): Expr {
  if (where.length === 0) return v.body;
  return substitute(apart(v.body, where), new Map(v.indices.map((i, d) => [i, where[d]!])));
}
/** The array that remains when the leading dimensions are fixed. */
export function partOf(v: ArrayExpr, where: readonly Expr[]): ArrayExpr {
  if (where.length === 0) return v;
  const map = new Map(where.map((e, d) => [v.indices[d]!, e]));
  const rest = v.indices.slice(where.length);
  // Fresh indices: two parts of one array may stand in the same expression.
  const fresh = rest.map((i) => index(i.name));
  rest.forEach((i, d) => map.set(i, fresh[d]!));
  return { indices: fresh, dims: v.dims.slice(where.length).map((d) => substitute(d, map)), body: substitute(apart(v.body, where), map) };
}

/**
 * The body with fresh bound indices where it shares one with what is about to be put into it:
 * `v[v[j]]` must not become a reduction inside another over the same index.
 */
function apart(body: Expr, where: readonly Expr[]): Expr {
  if (where.every((e) => e.op === 'const' || e.op === 'size')) return body;
  const bound = new Set<Index>();
  visit(body, (x) => {
    if (x.op === 'reduce') bound.add(x.index);
    if (x.op === 'element') for (const a of x.array.args) for (const i of a.indices) bound.add(i);
  });
  if (bound.size === 0) return body;
  let clash = false;
  for (const e of where) {
    visit(e, (x) => {
      if (x.op === 'index' && bound.has(x)) clash = true;
      if (x.op === 'reduce' && bound.has(x.index)) clash = true;
      if (x.op === 'element' && x.array.args.some((a) => a.indices.some((i) => bound.has(i)))) clash = true;
    });
  }
  return clash ? renamed(body) : body;
}
function renamed(body: Expr): Expr {
  return rewrite(body, (x) => {
    if (x.op === 'reduce') {
      const fresh = index(x.index.name);
      return reduce(x.kind, fresh, x.from, x.to, substitute(x.body, new Map([[x.index, fresh]])));
    }
    if (x.op === 'element' && x.array.args.some((a) => a.indices.length > 0)) {
      const args = x.array.args.map((a) => {
        const fresh = a.indices.map((i) => index(i.name));
        return { indices: fresh, dims: a.dims, body: substitute(a.body, new Map(a.indices.map((i, d) => [i, fresh[d]!]))) };
      });
      return element({ fn: x.array.fn, args, dims: x.array.dims }, x.at);
    }
    return x;
  });
}

/** The least type that holds both: bool < int < real. */
export function joinScalars(a: ScalarType, b: ScalarType): ScalarType {
  if (a === 'real' || b === 'real') return 'real';
  return a === 'int' || b === 'int' ? 'int' : 'bool';
}
