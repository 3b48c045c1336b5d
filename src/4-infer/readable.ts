/**
 * Formulas for readers: equal terms of a sum are counted together, also inside loops and conditions, and the halves
 * of what is symmetric are one. Invariant: the value is unchanged for every state in which matrices that must be
 * symmetric are; the JSON of `explain` is this form.
 */
import type { ConstantArray, ModelGraph } from '../2-graph/graph.js';
import {
  type Apply,
  type ArrayExpr,
  type Cond,
  type Expr,
  type Index,
  type Ref,
  apply,
  cond,
  element,
  equal,
  freeIndices,
  index,
  isConst,
  mapChildren,
  num,
  ref,
  reduce,
  rewrite,
  substitute,
  variablesOf,
} from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import { printText } from '../expr/print.js';
import { simplify } from '../expr/simplify.js';
import { asPowers, quotient } from './cancel.js';
import { byCases, decided } from './cases.js';
import { addends, sumOf, termsOf } from './likeTerms.js';

/** The formula as a reader would write it. */
export function readable(e: Expr, graph: ModelGraph): Expr {
  const symmetric = symmetricMatrices(graph),
    order = new Order(freeIndices(e));
  const nodes = { left: mostTried };
  const inCases = (x: Expr): Expr => byCases(x, graph, nodes, (part) => inCases(tidied(part)));
  const tidied = (whole: Expr): Expr =>
    rewriteSums(whole, (x) => {
      if (x.op === 'const') return num(plain(x.value));
      if (x.op === 'element' && x.array.fn === 'inverse' && x.at.length === 2 && isSymmetric(x.array.args[0]!, symmetric))
        return element(x.array, order.sorted(x.at));
      const literal = x.op === 'ref' ? literalOf(x, graph) : null;
      if (literal !== null) return literal;
      if (x.op === 'ref' && symmetric(x.variable)) return ref(x.variable, [...x.at.slice(0, -2), ...order.sorted(x.at.slice(-2))]);
      if (x.op === 'ref' && x.at.length > 0) return ref(x.variable, x.at.map(tidy));
      if (x.op === 'cond') return guarded(x);
      if (x.op === 'reduce') return reduce(x.kind, x.index, x.from, x.to, inCases(x.body));
      if (x.op !== 'apply') return x;
      const truth = decided(x, graph);
      if (truth !== null) return truth;
      switch (x.fn) {
        case 'eq':
          return x.args.every((a) => a.op === 'index') ? apply('eq', ...order.sorted(x.args)) : subjectFirst(x);
        case 'ne':
          return subjectFirst(x);
        case 'lt':
        case 'le':
        case 'gt':
        case 'ge':
          return withoutOffset(x);
        case 'mul':
          return asPowers(x);
        case 'div':
          return quotient(x.args[0]!, x.args[1]!);
        default:
          return x;
      }
    });
  return withoutInnerTests(inCases(tidied(e)));
}

/** Nodes of formulas before which conditions on data are tried: each of n that are nested would be tried before the cases of all others. */
const mostTried = 20_000;

/** The number that an element of a literal array is, which has no name in the program; null for others. */
export function literalOf({ variable, at }: Ref, graph: Pick<ModelGraph, 'variables'>): Expr | null {
  const array = graph.variables.get(variable)?.value;
  if (array === undefined || at.length !== array.shape.length) return null;
  const position = at.reduce((sum, i, d) => (isConst(i) ? sum * array.shape[d]! + i.value : Number.NaN), 0);
  const value = array.values[position];
  return value === undefined ? null : num(value);
}

/** Tests of indices alone stand outside of sums over others: `i == j ? sum(f(n)) : 0` rather than a sum of `i == j ? f(n) : 0` over n. */
function withoutInnerTests(e: Expr): Expr {
  return rewriteSums(e, (x) => (x.op !== 'reduce' ? x : freeIndices(x.body).has(x.index) ? outOfSum(x) : simplify(x)));
}
function outOfSum(x: Expr): Expr {
  if (x.op !== 'reduce' || x.kind !== 'sum' || x.body.op !== 'cond' || !isConst(x.body.otherwise, 0)) return x;
  const { test, then } = x.body;
  return freeIndices(test).has(x.index) || variablesOf(test).size > 0
    ? x
    : cond(test, outOfSum(reduce('sum', x.index, x.from, x.to, then)), num(0));
}

/** Bottom-up rewriting in which a sum is one step, however long: the shorter sums that it is a chain of are no formulas. */
function rewriteSums(e: Expr, f: (node: Expr) => Expr): Expr {
  const memo = new Map<Expr, Expr>();
  const go = (x: Expr): Expr => {
    const known = memo.get(x);
    if (known !== undefined) return known;
    const out =
      x.op === 'apply' && (x.fn === 'add' || x.fn === 'sub')
        ? sumOf(addends(x).flatMap(({ sign, term }) => termsOf(go(term), sign)))
        : f(mapChildren(x, go));
    memo.set(x, out);
    return out;
  };
  return go(e);
}

/** `z[n] == k` rather than k == z[n], `i == 0` rather than 0 == i. */
function subjectFirst(x: Apply): Expr {
  const rank = (e: Expr): number => (e.op === 'const' ? 2 : e.op === 'index' || e.op === 'size' ? 1 : 0);
  const [a, b] = x.args as readonly [Expr, Expr];
  return rank(a) > rank(b) ? apply(x.fn, b, a) : x;
}
/** `i < 2` rather than 1 + i < 3. */
function withoutOffset(x: Apply): Expr {
  const [a, b] = x.args as readonly [Expr, Expr];
  if (!isConst(b) || a.op !== 'apply' || (a.fn !== 'add' && a.fn !== 'sub')) return x;
  const [p, q] = a.args as readonly [Expr, Expr];
  if (a.fn === 'add' && isConst(p)) return apply(x.fn, q, num(b.value - p.value));
  return isConst(q) ? apply(x.fn, p, num(a.fn === 'add' ? b.value - q.value : b.value + q.value)) : x;
}

/** A number without what rounding left in its last digits: 0.3 for 0.1 + 0.2. */
function plain(x: number): number {
  const short = Number(x.toPrecision(14));
  return Math.abs(x - short) <= 4 * Number.EPSILON * Math.abs(x) ? short : x;
}

/** An order of index expressions that does not depend on the names of bound indices: free ones first, then as they are met. */
class Order {
  private readonly numbers = new Map<Index, number>();

  constructor(first: Iterable<Index>) {
    for (const i of [...first].sort((a, b) => (a.name < b.name ? -1 : 1))) this.number(i);
  }

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
  const names = new Set(
    [...graph.variables.values()].filter((v) => v.constraint.kind === 'cov' || v.constraint.kind === 'corr').map((v) => v.name),
  );
  for (const v of graph.variables.values()) if (v.value !== undefined && isSymmetricArray(v.value)) names.add(v.name);
  for (const s of graph.statements)
    if (s.kind === 'sample' && graph.variables.get(s.target.variable)?.eventRank === 2) names.add(s.target.variable);
  return (name) => {
    if (!name.startsWith('E|')) return names.has(name);
    const [, variable, statistic] = name.split('|');
    return statistic === 'x_i x_j' || statistic === 'inverse(X)_ij' || (statistic === 'X_ij' && names.has(variable!));
  };
}

function isSymmetricArray({ shape: [rows, columns, ...rest], values }: ConstantArray): boolean {
  return (
    rows === columns &&
    rest.length === 0 &&
    rows !== undefined &&
    values.every((x, k) => x === values[(k % rows) * rows + Math.floor(k / rows)])
  );
}

/** True where exchanging the indices changes nothing but the order of indices of symmetric matrices. */
function isSymmetric(a: ArrayExpr, symmetric: (name: string) => boolean): boolean {
  const [i, j] = a.indices;
  if (i === undefined || j === undefined) return false;
  const [p, q] = [index('p'), index('q')],
    order = new Order([p, q]);
  const at = (first: Index, second: Index): Expr =>
    rewrite(
      substitute(
        a.body,
        new Map<Index, Expr>([
          [i, first],
          [j, second],
        ]),
      ),
      (x) => {
        if (x.op === 'ref' && symmetric(x.variable)) return ref(x.variable, [...x.at.slice(0, -2), ...order.sorted(x.at.slice(-2))]);
        return x.op === 'apply' && (x.fn === 'eq' || x.fn === 'add' || x.fn === 'mul') ? apply(x.fn, ...order.sorted(x.args)) : x;
      },
    );
  return equal(at(p, q), at(q, p));
}

/** A choice in which what its tests say is put to use: where `z[n] == k` holds, z[n] reads k, and `i == 0` leaves no other i. */
function guarded(x: Cond): Expr {
  const tests: Expr[] = [];
  let value: Expr = x;
  while (value.op === 'cond' && isConst(value.otherwise, 0)) {
    tests.push(value.test);
    value = value.then;
  }
  if (tests.length < 2) return known(x);
  // Each test in the light of those before it, so that none is lost; those that are no equations in the light of all.
  const kept: Expr[] = [];
  for (const t of tests) {
    const here = inTheLightOf(t, kept);
    if (isConst(here, 0)) return num(0);
    if (!isConst(here)) kept.push(here);
  }
  const left: Expr[] = [];
  for (const t of kept) {
    const here = isEquation(t) ? t : inTheLightOf(t, kept.filter(isEquation));
    if (isConst(here, 0)) return num(0);
    if (!isConst(here)) left.push(here);
  }
  const unchanged = left.length === tests.length && left.every((t, k) => t === tests[k]);
  return left.reduceRight<Expr>((e, t) => known(cond(t, e, num(0))), unchanged ? value : inTheLightOf(value, left.filter(isEquation)));
}
function isEquation(t: Expr): boolean {
  return t.op === 'apply' && t.fn === 'eq';
}
function inTheLightOf(e: Expr, tests: readonly Expr[]): Expr {
  const said = tests.reduce((x, t) => {
    const equation = equationOf(t),
      [a, b] = t.op === 'apply' && t.fn === 'eq' ? t.args : [];
    if (equation !== null) return replaced(x, equation.from, equation.to);
    return a?.op === 'index' && b !== undefined && isConst(b) ? substitute(x, new Map([[a, b]])) : x;
  }, e);
  return said === e ? e : simplify(said);
}
/** z[n] and k of a test `z[n] == k`. */
function equationOf(test: Expr): { readonly from: Expr; readonly to: Expr } | null {
  if (test.op !== 'apply' || test.fn !== 'eq') return null;
  const [a, b] = test.args as readonly [Expr, Expr];
  const plain = (e: Expr): boolean => e.op === 'index' || e.op === 'const';
  return a.op === 'ref' && plain(b) ? { from: a, to: b } : b.op === 'ref' && plain(a) ? { from: b, to: a } : null;
}
function replaced(e: Expr, from: Expr, to: Expr): Expr {
  return rewrite(e, (x) => (x.op === 'ref' && equal(x, from) ? to : x));
}
function known(x: Expr): Expr {
  if (x.op !== 'cond') return x;
  const { test, then, otherwise } = x,
    equation = equationOf(test);
  if (equation === null) return x;
  const used = replaced(then, equation.from, equation.to);
  // What was the same test inside of it is decided now.
  return cond(test, used === then ? then : simplify(used), otherwise);
}
