/**
 * Affine forms of index arithmetic and simple proofs about them.
 *
 * An affine form is an integer combination of indices, sizes and irreducible terms plus a constant.
 * Proofs replace every index by the end of its range that is worst and use that sizes are not
 * negative; they are sound and give up easily.
 */
import { type Expr, type Index, add, equal, freeIndices, isConst, mul, num, sub, substitute } from './expr.js';

/** `constant + sum coefficient * term`; terms are indices, sizes or anything not affine. */
export interface Affine {
  readonly constant: number;
  readonly terms: readonly { readonly term: Expr; readonly coefficient: number }[];
}

/** The expression as a sum of multiples of indices, sizes and whatever else it is made of. */
export function affine(e: Expr): Affine {
  if (e.op === 'const') return { constant: e.value, terms: [] };
  if (e.op === 'apply') {
    const [a, b] = e.args;
    switch (e.fn) {
      case 'add':
        return plus(affine(a!), affine(b!), 1);
      case 'sub':
        return plus(affine(a!), affine(b!), -1);
      case 'neg':
        return scale(affine(a!), -1);
      case 'mul':
        if (isConst(a!)) return scale(affine(b!), a.value);
        if (isConst(b!)) return scale(affine(a!), b.value);
    }
  }
  return { constant: 0, terms: [{ term: e, coefficient: 1 }] };
}

function scale(a: Affine, c: number): Affine {
  if (c === 0) return { constant: 0, terms: [] };
  return { constant: a.constant * c, terms: a.terms.map((t) => ({ term: t.term, coefficient: t.coefficient * c })) };
}

function plus(a: Affine, b: Affine, sign: number): Affine {
  const terms = a.terms.map((t) => ({ ...t }));
  for (const t of b.terms) {
    const same = terms.find((s) => equal(s.term, t.term));
    if (same) same.coefficient += sign * t.coefficient;
    else terms.push({ term: t.term, coefficient: sign * t.coefficient });
  }
  return { constant: a.constant + sign * b.constant, terms: terms.filter((t) => t.coefficient !== 0) };
}

/** The expression of an affine form. */
export function fromAffine(a: Affine): Expr {
  let out: Expr | null = null;
  for (const t of a.terms) {
    if (out !== null && t.coefficient < 0) out = sub(out, mul(num(-t.coefficient), t.term));
    else {
      const m = mul(num(t.coefficient), t.term);
      out = out === null ? m : add(out, m);
    }
  }
  if (out === null) return num(a.constant);
  return a.constant < 0 ? sub(out, num(-a.constant)) : add(out, num(a.constant));
}

/** `a - b` as an affine form. */
export function difference(a: Expr, b: Expr): Affine {
  return plus(affine(a), affine(b), -1);
}
/** Normalises index arithmetic: `(t + 1) - 1` is `t`. */
export function tidy(e: Expr): Expr {
  return fromAffine(affine(e));
}

/** Ranges of indices that a proof may use: `from <= index < to`. */
export interface Range {
  readonly index: Index;
  readonly from: Expr;
  readonly to: Expr;
}

/** True only where `e >= 0` for all values of the indices in their (non-empty) ranges and all sizes >= 0. */
export function provablyNonNegative(e: Expr, ranges: readonly Range[]): boolean {
  let form = affine(e);
  for (let round = 0; round < 12; round++) {
    const t = form.terms.find((s) => s.term.op === 'index' && ranges.some((r) => r.index === s.term));
    if (t === undefined) break;
    // In `i * i - i` the worst end of the one term is not the worst of the other, nor of both together.
    if (form.terms.some((s) => s !== t && freeIndices(s.term).has(t.term as Index))) return false;
    const r = ranges.find((s) => s.index === t.term)!;
    const worst = t.coefficient > 0 ? r.from : sub(r.to, num(1));
    form = affine(substitute(fromAffine(form), new Map([[t.term as Index, worst]])));
  }
  return form.constant >= 0 && form.terms.every((t) => t.term.op === 'size' && t.coefficient > 0);
}

/** Integer indices: proves `a < b`. */
export function provablyLess(a: Expr, b: Expr, ranges: readonly Range[]): boolean {
  return provablyNonNegative(sub(sub(b, a), num(1)), ranges);
}
/** True where the difference is 0 by algebra. */
export function provablyEqual(a: Expr, b: Expr): boolean {
  const d = difference(a, b);
  return d.constant === 0 && d.terms.length === 0;
}
/** True where the difference cannot be 0 for indices within the ranges. */
export function provablyDistinct(a: Expr, b: Expr, ranges: readonly Range[]): boolean {
  return provablyLess(a, b, ranges) || provablyLess(b, a, ranges);
}
