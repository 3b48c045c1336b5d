/**
 * Formulas for readers: equal terms of a sum are counted together, also inside loops and conditions, and the halves
 * of what is symmetric are one. Invariant: the value is unchanged for every state in which matrices that must be
 * symmetric are; the JSON of `explain` is this form.
 */
import type { ModelGraph } from '../2-graph/graph.js';
import { type ArrayExpr, type Expr, type Index, add, addAll, apply, cond, element, equal, freeIndices, index, isConst, mul, mulAll, neg, num, ref, reduce, rewrite, sub, substitute } from '../expr/expr.js';
import { printText } from '../expr/print.js';
import { factorsOf } from '../3-derive/normalForm.js';

/** The formula as a reader would write it. */
export function readable(e: Expr, graph: ModelGraph): Expr {
  const symmetric = symmetricMatrices(graph), order = new Order(freeIndices(e));
  return rewrite(e, (x) => {
    if (x.op === 'element' && x.array.fn === 'inverse' && x.at.length === 2 && isSymmetric(x.array.args[0]!, symmetric)) return element(x.array, order.sorted(x.at));
    if (x.op === 'ref' && symmetric(x.variable)) return ref(x.variable, [...x.at.slice(0, -2), ...order.sorted(x.at.slice(-2))]);
    if (x.op === 'apply' && x.fn === 'eq' && x.args.every((a) => a.op === 'index')) return apply('eq', ...order.sorted(x.args));
    if (x.op === 'cond') return known(x);
    return x.op === 'apply' && (x.fn === 'add' || x.fn === 'sub') ? sumOf(termsOf(x)) : x;
  });
}

/** An order of index expressions that does not depend on the names of bound indices: free ones first, then as they are met. */
class Order {
  private readonly numbers = new Map<Index, number>();

  constructor(first: Iterable<Index>) { for (const i of [...first].sort((a, b) => (a.name < b.name ? -1 : 1))) this.number(i); }

  sorted(list: readonly Expr[]): Expr[] {
    const keyed = list.map((e) => ({ e, key: e.op === 'index' ? `0 ${String(this.number(e)).padStart(9, '0')}` : `1 ${printText(e)}` }));
    return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map((k) => k.e);
  }

  private number(i: Index): number {
    const found = this.numbers.get(i) ?? this.numbers.size;
    this.numbers.set(i, found);
    return found;
  }
}

/** Variables whose last two dimensions are a symmetric matrix by their type or law, and expectations of symmetric statistics. */
function symmetricMatrices(graph: ModelGraph): (name: string) => boolean {
  const names = new Set([...graph.variables.values()].filter((v) => v.constraint.kind === 'cov' || v.constraint.kind === 'corr').map((v) => v.name));
  for (const s of graph.statements) if (s.kind === 'sample' && graph.variables.get(s.target.variable)?.eventRank === 2) names.add(s.target.variable);
  return (name) => {
    if (!name.startsWith('E|')) return names.has(name);
    const [, variable, statistic] = name.split('|');
    return statistic === 'x_i x_j' || statistic === 'inverse(X)_ij' || (statistic === 'X_ij' && names.has(variable!));
  };
}

/** True where exchanging the indices changes nothing but the order of indices of symmetric matrices. */
function isSymmetric(a: ArrayExpr, symmetric: (name: string) => boolean): boolean {
  const [i, j] = a.indices;
  if (i === undefined || j === undefined) return false;
  const [p, q] = [index('p'), index('q')], order = new Order([p, q]);
  const at = (first: Index, second: Index): Expr => rewrite(substitute(a.body, new Map<Index, Expr>([[i, first], [j, second]])), (x) => {
    if (x.op === 'ref' && symmetric(x.variable)) return ref(x.variable, [...x.at.slice(0, -2), ...order.sorted(x.at.slice(-2))]);
    return x.op === 'apply' && (x.fn === 'eq' || x.fn === 'add' || x.fn === 'mul') ? apply(x.fn, ...order.sorted(x.args)) : x;
  });
  return equal(at(p, q), at(q, p));
}

/** Where `z[n] == k` holds, z[n] reads k. */
function known(x: Expr & { readonly op: 'cond' }): Expr {
  const { test, then, otherwise } = x;
  if (test.op !== 'apply' || test.fn !== 'eq') return x;
  const [a, b] = test.args as readonly [Expr, Expr];
  const [from, to] = a.op === 'ref' && b.op === 'index' ? [a, b] : b.op === 'ref' && a.op === 'index' ? [b, a] : [null, null];
  return from === null ? x : cond(test, rewrite(then, (e) => (e.op === 'ref' && equal(e, from) ? to : e)), otherwise);
}

// --- sums -------------------------------------------------------------------------------------

interface Term { readonly factor: number; readonly body: Expr }

function termsOf(e: Expr, sign: number = 1): readonly Term[] {
  if (e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub')) return [...termsOf(e.args[0]!, sign), ...termsOf(e.args[1]!, e.fn === 'add' ? sign : -sign)];
  if (e.op === 'apply' && e.fn === 'neg') return termsOf(e.args[0]!, -sign);
  const factors = factorsOf(e);
  const factor = factors.reduce((p, f) => (isConst(f) ? p * f.value : p), sign);
  return [{ factor, body: mulAll(factors.filter((f) => !isConst(f))) }];
}

/** A sum in the order of first mention, each term once. Long ones stay as they are: comparing all pairs is quadratic. */
function sumOf(terms: readonly Term[]): Expr {
  const out: Term[] = [];
  for (const t of terms) {
    const at = terms.length > longestCompared ? -1 : out.findIndex((o) => merged(o, t) !== null);
    if (at < 0) out.push(t); else out[at] = merged(out[at]!, t)!;
  }
  const left = out.filter((t) => t.factor !== 0 && !isConst(t.body, 0));
  if (left.length > longestCompared) return addAll(left.map(written));
  return left.reduce<Expr>((sum, t, k) => (k > 0 && t.factor < 0 ? sub(sum, written({ ...t, factor: -t.factor })) : add(sum, written(t))), num(0));
}
const longestCompared = 100;

/** The factor stands with the numbers inside of conditions and sums. */
function written({ factor, body }: Term): Expr {
  if (factor === 0) return num(0);
  if (body.op === 'cond' && (isConst(body.otherwise, 0) || isConst(body.then, 0))) return cond(body.test, scaled(factor, body.then), scaled(factor, body.otherwise));
  if (body.op === 'reduce' && body.kind === 'sum' && hasNumber(body.body)) return reduce('sum', body.index, body.from, body.to, scaled(factor, body.body));
  if (factor === -1 && !isConst(body)) return neg(body);
  return mul(num(factor), body);
}

/** Two terms as one where they are the same but for their factors; null where they are not. */
function merged(a: Term, b: Term): Term | null {
  if (equal(a.body, b.body)) return { factor: a.factor + b.factor, body: a.body };
  const [x, y] = [a.body, b.body];
  if (x.op === 'cond' && y.op === 'cond' && isConst(x.otherwise, 0) && isConst(y.otherwise, 0) && equal(x.test, y.test)) {
    return { factor: 1, body: cond(x.test, together(a.factor, x.then, b.factor, y.then), num(0)) };
  }
  if (x.op !== 'reduce' || y.op !== 'reduce' || x.kind !== 'sum' || y.kind !== 'sum' || !equal(x.from, y.from) || !equal(x.to, y.to)) return null;
  const body = substitute(y.body, new Map([[y.index, x.index]]));
  // Only what becomes simpler is put under one sum.
  const one = merged({ factor: a.factor, body: x.body }, { factor: b.factor, body });
  if (one === null || freeIndices(body).has(y.index)) return null;
  return { factor: 1, body: reduce('sum', x.index, x.from, x.to, written(one)) };
}
function together(p: number, a: Expr, q: number, b: Expr): Expr { return sumOf([...scaledTerms(p, a), ...scaledTerms(q, b)]); }
function hasNumber(e: Expr): boolean {
  if (e.op === 'cond') return isConst(e.otherwise, 0) && hasNumber(e.then);
  if (e.op === 'reduce' && e.kind === 'sum') return hasNumber(e.body);
  return termsOf(e).every((t) => Math.abs(t.factor) !== 1);
}
function scaled(factor: number, e: Expr): Expr { return sumOf(scaledTerms(factor, e)); }
function scaledTerms(factor: number, e: Expr): readonly Term[] { return termsOf(e).map((t) => ({ factor: factor * t.factor, body: t.body })); }
