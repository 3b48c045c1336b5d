/**
 * Between which values an integer expression of finite unknowns lies: interval arithmetic (Moore 1966) on
 * expressions, a reference to a finite unknown standing for its least and its greatest value. Ends are formulas, because sizes
 * are not known yet: with numbers it is `expr/intervals.ts`.
 *
 * Invariant: the ends mention nothing that changes during a run. They are sound and need not be tight: what an
 * end allows too much, the conditions of the factors rule out.
 */
import { provablyEqual, provablyNonNegative } from '../expr/affine.js';
import { type Expr, type Ref, apply, isConst, mul, neg, num, one, reduce, sub, zero } from '../expr/expr.js';
import { truths } from '../expr/primitives.js';
import { simplify } from '../expr/simplify.js';

/** `low <= value <= high`, both included. */
export interface Span {
  readonly low: Expr;
  readonly high: Expr;
}

export interface SpanContext {
  /** True for what has one value during a run. */
  isFixed(e: Expr): boolean;
  isNonNegative(e: Expr): boolean;
  /** The span of an element that changes; null where it has none. */
  ofReference(reference: Ref): Span | null;
}

/** Functions that grow in every argument. */
const increasing: ReadonlySet<string> = new Set(['add', 'min', 'max', 'floor', 'ceil', 'round']);

/** The span of an expression without definitions that would have to be looked up; null where it has no finite one. */
export function spanOf(e: Expr, context: SpanContext): Span | null {
  if (context.isFixed(e)) return { low: e, high: e };
  const span = (x: Expr): Span | null => spanOf(x, context);
  switch (e.op) {
    case 'ref':
      return context.ofReference(e);
    case 'cond': {
      const then = span(e.then),
        otherwise = span(e.otherwise);
      return then === null || otherwise === null ? null : hull(then, otherwise);
    }
    case 'reduce': {
      if (e.kind !== 'sum' && e.kind !== 'min' && e.kind !== 'max') return null;
      const body = context.isFixed(e.from) && context.isFixed(e.to) ? span(e.body) : null;
      return body === null
        ? null
        : { low: reduce(e.kind, e.index, e.from, e.to, body.low), high: reduce(e.kind, e.index, e.from, e.to, body.high) };
    }
    case 'apply': {
      if (truths.has(e.fn)) return { low: zero, high: one };
      const [a, b] = e.args.map(span);
      if (a === null || a === undefined || b === null) return null;
      if (increasing.has(e.fn))
        return {
          low: apply(e.fn, a.low, ...(b === undefined ? [] : [b.low])),
          high: apply(e.fn, a.high, ...(b === undefined ? [] : [b.high])),
        };
      switch (e.fn) {
        case 'neg':
          return { low: neg(a.high), high: neg(a.low) };
        case 'sub':
          return { low: sub(a.low, b!.high), high: sub(a.high, b!.low) };
        case 'abs':
          return { low: zero, high: apply('max', neg(a.low), a.high) };
        case 'mul':
          return product(a, b!, context);
        case 'div':
          return isConst(e.args[1]!) && e.args[1].value > 0
            ? { low: apply('div', a.low, e.args[1]), high: apply('div', a.high, e.args[1]) }
            : null;
        default:
          return null;
      }
    }
    default:
      return null;
  }
}

function product(a: Span, b: Span, context: SpanContext): Span | null {
  if (context.isNonNegative(a.low) && context.isNonNegative(b.low)) return { low: mul(a.low, b.low), high: mul(a.high, b.high) };
  const ends = [a.low, a.high].flatMap((x) => [b.low, b.high].map((y) => simplify(mul(x, y))));
  if (!ends.every((x) => isConst(x))) return null;
  const values = ends.map((x) => (isConst(x) ? x.value : Number.NaN));
  return { low: num(Math.min(...values)), high: num(Math.max(...values)) };
}

/** The least span that contains both. */
export function hull(a: Span, b: Span): Span {
  return { low: outermost('min', a.low, b.low), high: outermost('max', a.high, b.high) };
}

/** The smaller or the larger of two ends. */
export function outermost(kind: 'min' | 'max', a: Expr, b: Expr): Expr {
  return provablyEqual(a, b) ? a : simplify(apply(kind, a, b));
}

/** True where an end goes no further out than another, as far as can be shown. */
export function isWithin(kind: 'min' | 'max', end: Expr, other: Expr): boolean {
  if (provablyEqual(end, other) || provablyNonNegative(kind === 'max' ? sub(other, end) : sub(end, other), [])) return true;
  if (end.op === 'apply' && end.fn === kind) return end.args.every((e) => isWithin(kind, e, other));
  return other.op === 'apply' && other.fn === kind && other.args.some((e) => isWithin(kind, end, e));
}
