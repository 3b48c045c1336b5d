/**
 * Sums with equal terms counted together, also inside of conditions with one test and of sums over one range: `2 a b` for `a b + b a`.
 * Invariant: the value of the sum is unchanged.
 */
import {
  type Expr,
  add,
  addAll,
  cond,
  equal,
  freeIndices,
  hash,
  isConst,
  mul,
  mulAll,
  neg,
  num,
  reduce,
  sub,
  substitute,
} from '../expr/expr.js';
import { factorsOf } from '../3-derive/normalForm.js';

/** A number times an expression. */
export interface Term {
  readonly factor: number;
  readonly body: Expr;
}

interface Addend {
  readonly sign: 1 | -1;
  readonly term: Expr;
}

/** What a sum adds and subtracts, from left to right. */
export function addends(e: Expr, sign: 1 | -1 = 1, out: Addend[] = []): readonly Addend[] {
  const [a, b] = e.op === 'apply' ? e.args : [];
  if (e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub')) {
    addends(a!, sign, out);
    addends(b!, e.fn === 'add' ? sign : sign === 1 ? -1 : 1, out);
  } else if (e.op === 'apply' && e.fn === 'neg') addends(a!, sign === 1 ? -1 : 1, out);
  else out.push({ sign, term: e });
  return out;
}
/** The terms of a sum, each with its number in front. */
export function termsOf(e: Expr, sign: 1 | -1 = 1): readonly Term[] {
  return addends(e, sign).map(({ sign: own, term }): Term => {
    const factors = factorsOf(term);
    return {
      factor: factors.reduce((p, f) => (isConst(f) ? p * f.value : p), own as number),
      body: mulAll(factors.filter((f) => !isConst(f))),
    };
  });
}

/** A sum in the order of first mention, each term once. Long ones stay as they are: conditions that are put together would be too. */
export function sumOf(terms: readonly Term[]): Expr {
  const out: Term[] = [],
    likeness = new Likeness(),
    places = new Map<number, number[]>();
  const note = (key: number, place: number): void => {
    const list = places.get(key);
    if (list === undefined) places.set(key, [place]);
    else list.splice(list.findLastIndex((other) => other < place) + 1, 0, place);
  };
  for (const t of terms) {
    if (terms.length > longestCounted) {
      out.push(t);
      continue;
    }
    const key = likeness.of(t.body),
      near = places.get(key) ?? [],
      [place, one] = firstMerged(out, near, t);
    if (one === null) {
      note(key, out.length);
      out.push(t);
      continue;
    }
    out[place] = one;
    const changed = likeness.of(one.body);
    if (changed === key) continue;
    near.splice(near.indexOf(place), 1);
    note(changed, place);
  }
  const left = out.filter((t) => t.factor !== 0 && !isConst(t.body, 0));
  if (left.length > longestCounted) return addAll(left.map(written));
  return left.reduce<Expr>(
    (sum, t, k) => (k > 0 && t.factor < 0 ? sub(sum, written({ ...t, factor: -t.factor })) : add(sum, written(t))),
    num(0),
  );
}
const longestCounted = 100;

/** The first of some places whose term is one with another, and the two as one; nothing where there is none. */
function firstMerged(out: readonly Term[], places: readonly number[], t: Term): readonly [number, Term | null] {
  for (const place of places) {
    const one = merged(out[place]!, t);
    if (one !== null) return [place, one];
  }
  return [-1, null];
}

/** Keys of the bodies of terms: those that `merged` puts together have the same, so that a sum need not compare all pairs. */
class Likeness {
  private readonly hashes = new Map<Expr, number>();

  of(body: Expr): number {
    if (body.op === 'cond') return this.mixed(1, [body.test]);
    if (body.op === 'reduce' && body.kind === 'sum') return Math.imul(this.mixed(2, [body.from, body.to]), 31) + this.of(body.body);
    // Whatever the order of its factors.
    return factorsOf(body).reduce(
      (sum, f) => (sum + (f.op === 'apply' && f.fn === 'E' ? this.of(f.args[0]!) : hash(f, this.hashes))) | 0,
      3,
    );
  }

  private mixed(kind: number, parts: readonly Expr[]): number {
    return parts.reduce((h, e) => (Math.imul(h, 31) + hash(e, this.hashes)) | 0, kind);
  }
}

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
