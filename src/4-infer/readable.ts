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
  add,
  addAll,
  apply,
  cond,
  element,
  equal,
  freeIndices,
  index,
  isConst,
  mapChildren,
  mul,
  mulAll,
  neg,
  num,
  ref,
  reduce,
  rewrite,
  sub,
  substitute,
  variablesOf,
} from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import { printText } from '../expr/print.js';
import { simplify } from '../expr/simplify.js';
import { factorsOf } from '../3-derive/normalForm.js';
import { asPowers, quotient } from './cancel.js';
import { byCases, decided } from './cases.js';

/** The formula as a reader would write it. */
export function readable(e: Expr, graph: ModelGraph): Expr {
  const symmetric = symmetricMatrices(graph),
    order = new Order(freeIndices(e));
  const inCases = (x: Expr): Expr => byCases(x, graph, (part) => inCases(tidied(part)));
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
  return rewrite(e, (x) => {
    if (x.op === 'reduce') return freeIndices(x.body).has(x.index) ? outOfSum(x) : simplify(x);
    return x.op === 'apply' && (x.fn === 'add' || x.fn === 'sub') ? sumOf(termsOf(x)) : x;
  });
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

// --- sums -------------------------------------------------------------------------------------

interface Term {
  readonly factor: number;
  readonly body: Expr;
}

interface Addend {
  readonly sign: 1 | -1;
  readonly term: Expr;
}

/** What a sum adds and subtracts, from left to right. */
function addends(e: Expr, sign: 1 | -1 = 1, out: Addend[] = []): readonly Addend[] {
  const [a, b] = e.op === 'apply' ? e.args : [];
  if (e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub')) {
    addends(a!, sign, out);
    addends(b!, e.fn === 'add' ? sign : sign === 1 ? -1 : 1, out);
  } else if (e.op === 'apply' && e.fn === 'neg') addends(a!, sign === 1 ? -1 : 1, out);
  else out.push({ sign, term: e });
  return out;
}
function termsOf(e: Expr, sign: 1 | -1 = 1): readonly Term[] {
  return addends(e, sign).map(({ sign: own, term }): Term => {
    const factors = factorsOf(term);
    return {
      factor: factors.reduce((p, f) => (isConst(f) ? p * f.value : p), own as number),
      body: mulAll(factors.filter((f) => !isConst(f))),
    };
  });
}

/** A sum in the order of first mention, each term once. Long ones stay as they are: comparing all pairs is quadratic. */
function sumOf(terms: readonly Term[]): Expr {
  const out: Term[] = [];
  for (const t of terms) {
    const at = terms.length > longestCompared ? -1 : out.findIndex((o) => merged(o, t) !== null);
    if (at < 0) out.push(t);
    else out[at] = merged(out[at]!, t)!;
  }
  const left = out.filter((t) => t.factor !== 0 && !isConst(t.body, 0));
  if (left.length > longestCompared) return addAll(left.map(written));
  return left.reduce<Expr>(
    (sum, t, k) => (k > 0 && t.factor < 0 ? sub(sum, written({ ...t, factor: -t.factor })) : add(sum, written(t))),
    num(0),
  );
}
const longestCompared = 100;

/** The factor stands with the numbers inside of conditions and sums. */
function written({ factor, body }: Term): Expr {
  if (factor === 0) return num(0);
  if (body.op === 'cond' && (isConst(body.otherwise, 0) || isConst(body.then, 0)))
    return cond(body.test, scaled(factor, body.then), scaled(factor, body.otherwise));
  if (body.op === 'reduce' && body.kind === 'sum' && hasNumber(body.body))
    return reduce('sum', body.index, body.from, body.to, scaled(factor, body.body));
  const factors = factorsOf(body),
    whole = factors.reduce((p, f) => (isConst(f) ? p * f.value : p), factor);
  // A factor that is not a number stays one.
  if (!Object.is(whole, factor)) return written({ factor: whole, body: mulAll(factors.filter((f) => !isConst(f))) });
  if (factor === -1 && !isConst(body)) return neg(body);
  return mul(num(factor), body);
}

/** Two terms as one where they are the same but for their factors; null where they are not. */
function merged(a: Term, b: Term): Term | null {
  if (alike(a.body, b.body)) return { factor: a.factor + b.factor, body: a.body };
  const [x, y] = [a.body, b.body];
  if (x.op === 'cond' && y.op === 'cond' && [x, y].every((c) => isConst(c.otherwise, 0) || isConst(c.then, 0)) && equal(x.test, y.test)) {
    return {
      factor: 1,
      body: cond(x.test, together(a.factor, x.then, b.factor, y.then), together(a.factor, x.otherwise, b.factor, y.otherwise)),
    };
  }
  if (x.op !== 'reduce' || y.op !== 'reduce' || x.kind !== 'sum' || y.kind !== 'sum' || !equal(x.from, y.from) || !equal(x.to, y.to))
    return null;
  const body = substitute(y.body, new Map([[y.index, x.index]]));
  // Only what becomes simpler is put under one sum.
  const one = merged({ factor: a.factor, body: x.body }, { factor: b.factor, body });
  if (one === null || (x.index !== y.index && freeIndices(body).has(y.index))) return null;
  return { factor: 1, body: reduce('sum', x.index, x.from, x.to, written(one)) };
}
/** Equal up to the order of factors. */
function alike(a: Expr, b: Expr): boolean {
  if (equal(a, b)) return true;
  if (a.op === 'apply' && b.op === 'apply' && a.fn === 'E' && b.fn === 'E') return alike(a.args[0]!, b.args[0]!);
  const left = factorsOf(a),
    right = [...factorsOf(b)];
  if (left.length < 2 || left.length !== right.length) return false;
  return left.every((f) => {
    const at = right.findIndex((g) =>
      f === a && g === b ? equal(f, g) : equal(f, g) || (f.op === 'apply' && f.fn === 'E' && alike(f, g)),
    );
    if (at >= 0) right.splice(at, 1);
    return at >= 0;
  });
}
function together(p: number, a: Expr, q: number, b: Expr): Expr {
  return sumOf([...scaledTerms(p, a), ...scaledTerms(q, b)]);
}
function hasNumber(e: Expr): boolean {
  if (e.op === 'cond') return isConst(e.otherwise, 0) && hasNumber(e.then);
  if (e.op === 'reduce' && e.kind === 'sum') return hasNumber(e.body);
  return termsOf(e).every((t) => Math.abs(t.factor) !== 1);
}
function scaled(factor: number, e: Expr): Expr {
  return sumOf(scaledTerms(factor, e));
}
function scaledTerms(factor: number, e: Expr): readonly Term[] {
  return termsOf(e).map((t) => ({ factor: factor * t.factor, body: t.body }));
}
