/**
 * Symbolic dimensions: what can be said about `N`, `N - 1`, `2 * K` before data is bound.
 *
 * A dimension is put into polynomial form over sizes, indices and irreducible terms. Sizes are taken
 * to be at least 1 where an inequality is asked for; equality holds only where the polynomials agree.
 */
import { type Expr, type Index, add, equal, isConst, mul, num, size, substitute, sub, visit } from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import { printText } from '../expr/print.js';
import type { ScalarType } from './graph.js';

/** Stands for a dimension that is wrong and was reported: it agrees with everything. */
export const unknownDimension: Expr = size('?');

/** Values an index takes: `from <= index < to`. */
export interface IndexRange {
  readonly from: Expr;
  readonly to: Expr;
}

interface Monomial {
  readonly factors: readonly Expr[];
  readonly coefficient: number;
}
type Polynomial = readonly Monomial[];

function sameFactors(a: readonly Expr[], b: readonly Expr[]): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  for (const x of a) {
    const k = left.findIndex((y) => equal(x, y));
    if (k < 0) return false;
    left.splice(k, 1);
  }
  return true;
}

function collect(terms: readonly Monomial[]): Polynomial {
  const out: { factors: readonly Expr[]; coefficient: number }[] = [];
  for (const t of terms) {
    const same = out.find((s) => sameFactors(s.factors, t.factors));
    if (same === undefined) out.push({ ...t });
    else same.coefficient += t.coefficient;
  }
  return out.filter((t) => t.coefficient !== 0);
}

/** Products of long sums are left irreducible beyond this many terms, so that hostile input stays cheap. */
const longestProduct = 64;

function polynomial(e: Expr): Polynomial {
  if (e.op === 'const') return e.value === 0 ? [] : [{ factors: [], coefficient: e.value }];
  if (e.op === 'apply') {
    const [a, b] = e.args;
    switch (e.fn) {
      case 'add':
        return collect([...polynomial(a!), ...polynomial(b!)]);
      case 'sub':
        return collect([...polynomial(a!), ...negated(polynomial(b!))]);
      case 'neg':
        return negated(polynomial(a!));
      case 'mul': {
        const p = polynomial(a!),
          q = polynomial(b!);
        if (p.length * q.length > longestProduct) break;
        return collect(
          p.flatMap((s) => q.map((t) => ({ factors: [...s.factors, ...t.factors], coefficient: s.coefficient * t.coefficient }))),
        );
      }
    }
  }
  return [{ factors: [e], coefficient: 1 }];
}
function negated(p: Polynomial): Polynomial {
  return p.map((t) => ({ factors: t.factors, coefficient: -t.coefficient }));
}

function isUnknown(e: Expr): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'size' && x.name === '?') found = true;
  });
  return found;
}

export type Comparison = 'equal' | 'different' | 'undecided';

/**
 * Compares two dimensions. `different` where they differ for every value of the sizes, or where they
 * are two different names; numbers against names and everything else that depends on data is `undecided`.
 */
export function compareDimensions(a: Expr, b: Expr): Comparison {
  if (isUnknown(a) || isUnknown(b)) return 'equal';
  const difference = polynomial(sub(a, b));
  if (difference.length === 0) return 'equal';
  if (difference.every((t) => t.factors.length === 0)) return 'different';
  if (a.op === 'size' && b.op === 'size') return 'different';
  return 'undecided';
}

/** The constant `a - b`, or null where it is not one. */
export function constantDifference(a: Expr, b: Expr): number | null {
  if (isUnknown(a) || isUnknown(b)) return null;
  const difference = polynomial(sub(a, b));
  if (difference.length === 0) return 0;
  return difference.length === 1 && difference[0]!.factors.length === 0 ? difference[0]!.coefficient : null;
}

/**
 * True where `e >= bound` for all sizes of at least 1, indices anywhere in their (non-empty) ranges.
 * Sound and incomplete.
 */
export function atLeast(e: Expr, bound: number, ranges: ReadonlyMap<Index, IndexRange>): boolean {
  const lowest = extreme(e, 'low', ranges);
  if (lowest === null || isUnknown(lowest)) return false;
  // With size = 1 + s, s >= 0, a polynomial with no negative coefficient is smallest at s = 0.
  const names = new Set<string>();
  visit(lowest, (x) => {
    if (x.op === 'size') names.add(x.name);
  });
  const shifted = polynomial(replaceSizes(lowest));
  let constant = 0;
  for (const t of shifted) {
    if (t.factors.length === 0) constant = t.coefficient;
    else if (t.coefficient < 0 || t.factors.some((f) => f.op !== 'size')) return false;
  }
  return constant >= bound;
}

function replaceSizes(e: Expr): Expr {
  const p = polynomial(e);
  return p.reduce<Expr>(
    (sum, t) =>
      add(
        sum,
        t.factors.reduce<Expr>((product, f) => mul(product, f.op === 'size' ? add(f, num(1)) : f), num(t.coefficient)),
      ),
    num(0),
  );
}

/**
 * The smallest or largest value of `e` over the ranges of its indices, as an expression without them;
 * null where an index occurs in a way that is not affine. Attained, unlike the ends of interval arithmetic: `n - n` is 0.
 */
export function extreme(e: Expr, end: 'low' | 'high', ranges: ReadonlyMap<Index, IndexRange>): Expr | null {
  let current = e;
  // Each round removes one index; ranges may refer to outer indices, never to inner ones.
  for (let round = 0; round < 32; round++) {
    const p = polynomial(current);
    const term = p.find((t) => t.factors.length === 1 && t.factors[0]!.op === 'index' && ranges.has(t.factors[0]!));
    if (term === undefined) {
      const left = p.some((t) => t.factors.some((f) => containsIndex(f, ranges)));
      return left ? null : tidy(current);
    }
    const i = term.factors[0] as Index;
    if (p.some((t) => t !== term && t.factors.some((f) => containsOne(f, i)))) return null;
    const range = ranges.get(i)!;
    const lowEnd = term.coefficient > 0 === (end === 'low');
    current = substitute(fromPolynomial(p), new Map([[i, lowEnd ? range.from : sub(range.to, num(1))]]));
  }
  return null;
}
function containsIndex(e: Expr, ranges: ReadonlyMap<Index, IndexRange>): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'index' && ranges.has(x)) found = true;
  });
  return found;
}
function containsOne(e: Expr, i: Index): boolean {
  let found = false;
  visit(e, (x) => {
    if (x === i) found = true;
  });
  return found;
}
function fromPolynomial(p: Polynomial): Expr {
  return p.reduce<Expr>(
    (sum, t) =>
      add(
        sum,
        t.factors.reduce<Expr>((product, f) => mul(product, f), num(t.coefficient)),
      ),
    num(0),
  );
}

/** `i + rest` where `rest` has none of the given indices; null where `e` is not of that form. */
export function indexPlusOffset(e: Expr, indices: ReadonlySet<Index>): { readonly index: Index | null; readonly offset: Expr } | null {
  const p = polynomial(e);
  const own = p.filter((t) => t.factors.some((f) => [...indices].some((i) => containsOne(f, i))));
  if (own.length === 0) return { index: null, offset: tidy(e) };
  const term = own[0]!;
  if (own.length > 1 || term.coefficient !== 1 || term.factors.length !== 1 || term.factors[0]!.op !== 'index') return null;
  return { index: term.factors[0]!, offset: tidy(fromPolynomial(p.filter((t) => t !== term))) };
}

/** The greater of two dimensions; `max(a, b)` where that depends on data. */
export function greatest(a: Expr, b: Expr): Expr {
  const none = new Map<Index, IndexRange>();
  if (isUnknown(a) || isUnknown(b)) return unknownDimension;
  if (atLeast(sub(a, b), 0, none)) return a;
  if (atLeast(sub(b, a), 0, none)) return b;
  return { op: 'apply', fn: 'max', args: [a, b] };
}

/** A dimension as a user wrote it. */
export function printDimension(e: Expr): string {
  return isConst(e) ? String(e.value) : printText(e);
}

/** `real[N, D]`. */
export function printType(scalar: ScalarType | string, dims: readonly Expr[]): string {
  return dims.length === 0 ? scalar : `${scalar}[${dims.map(printDimension).join(', ')}]`;
}
