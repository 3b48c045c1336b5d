/**
 * The pieces that a function of one real argument is taken apart into: monotone, constant, or a rounded monotone function.
 * Each knows its ends, its image, its inverse and log |dT/dt| as a function of the value: what the change-of-variables theorem
 * needs. A piece can be followed by a one-to-one function (`outward`) and cut at a value.
 */
import { add, apply, cond, isConst, num, type Expr } from '../../expr/expr.js';
import { simplify } from '../../expr/simplify.js';
import { infinity, minusInfinity } from '../notation.js';
import { folded, isInfinite, type Step } from './oneToOne.js';
import type { Setting } from './setting.js';

/** An end of an interval. `shared` ends come from cutting: a neighbour ends there too, and `open` says who owns the point. */
export interface End {
  readonly value: Expr;
  readonly open: boolean;
  readonly shared: boolean;
}

export interface Interval {
  readonly low: End;
  readonly high: End;
}

interface Part {
  /** Tests without the argument, all non-zero where the piece exists. */
  readonly when: readonly Expr[];
  /** Ends of the argument's interval that belong to the least and the greatest value; for a constant simply its two ends. */
  readonly atLow: End;
  readonly atHigh: End;
}

export interface MonotonePiece extends Part {
  readonly kind: 'monotone';
  readonly imageLow: End;
  readonly imageHigh: End;
  /** 0 or 1; an expression where it depends on the sign of an unknown. */
  readonly increasing: Expr;
  inverse(y: Expr): Expr;
  /** log |dT/dt| at the inverse of y. */
  logSlope(y: Expr): Expr;
}

export interface ConstantPiece extends Part {
  readonly kind: 'constant';
  readonly value: Expr;
}

/** `forward(rounding(inner(t)))` with forward one-to-one on the integers. */
export interface StepPiece extends Part {
  readonly kind: 'step';
  readonly rounding: Rounding;
  readonly inner: MonotonePiece;
  /** True for the rounded value itself. */
  readonly plain: boolean;
  forward(k: Expr): Expr;
  backward(y: Expr): Expr;
}

export type Piece = MonotonePiece | ConstantPiece | StepPiece;

export type Rounding = 'floor' | 'ceil' | 'round';

/** Why no pieces can be given: a sentence without full stop, about `part` of the map or the whole of it. */
export class Underivable extends Error {
  readonly reason: string;
  readonly part: Expr | null;
  constructor(reason: string, part: Expr | null) {
    super(reason);
    this.reason = reason;
    this.part = part;
  }
}

/** True where an interval between known ends has no point. */
export function isEmpty(low: End, high: End): boolean {
  if (!isConst(low.value) || !isConst(high.value)) return false;
  return low.value.value > high.value.value || (low.value.value === high.value.value && (low.open || high.open));
}

/** A test that holds where `a` does not. */
export function notOf(a: Expr): Expr {
  return isConst(a) ? num(a.value === 0 ? 1 : 0) : apply('not', a);
}

/** 1 where two tests agree. */
function agree(a: Expr, b: Expr): Expr {
  return isConst(a) ? (a.value !== 0 ? b : notOf(b)) : isConst(b) ? (b.value !== 0 ? a : notOf(a)) : apply('eq', a, b);
}

/** More pieces than this are no closed form. */
export const mostPieces = 64;

/** The parts of a piece with values below and above c; `lowerIsOpen` says which of them leaves out c itself. */
export function cut(
  setting: Setting,
  p: MonotonePiece,
  c: Expr,
  lowerIsOpen: boolean,
): readonly [MonotonePiece | null, MonotonePiece | null] {
  const { imageLow, imageHigh, atLow, atHigh } = p;
  // One point has no probability under a density.
  if (isConst(c) && isConst(imageLow.value)) {
    if (c.value < imageLow.value.value || (c.value === imageLow.value.value && (lowerIsOpen || imageLow.open || !setting.integers)))
      return [null, p];
  }
  if (isConst(c) && isConst(imageHigh.value)) {
    if (c.value > imageHigh.value.value || (c.value === imageHigh.value.value && (!lowerIsOpen || imageHigh.open || !setting.integers)))
      return [p, null];
  }
  const notAbove = folded('le', c, imageLow.value),
    notBelow = folded('ge', c, imageHigh.value);
  const t = cond(notAbove, atLow.value, cond(notBelow, atHigh.value, simplify(p.inverse(c))));
  const value = cond(notAbove, imageLow.value, cond(notBelow, imageHigh.value, c));
  const end = (of: Expr, open: boolean): End => ({ value: of, open, shared: true });
  return [
    { ...p, imageHigh: end(value, lowerIsOpen), atHigh: end(t, lowerIsOpen) },
    { ...p, imageLow: end(value, !lowerIsOpen), atLow: end(t, !lowerIsOpen) },
  ];
}

/** The part of a piece with values between two numbers; null where there is none. */
export function between(setting: Setting, p: MonotonePiece, low: Expr, high: Expr): MonotonePiece | null {
  const above = cut(setting, p, low, true)[1];
  return above === null ? null : cut(setting, above, high, false)[0];
}

/** A piece followed by a one-to-one function. */
export function outward(p: MonotonePiece, step: Step): MonotonePiece {
  const endOf = (end: End): End => {
    const value = step.at(end.value);
    return { value, open: end.open || isInfinite(end.value), shared: end.shared && !isInfinite(end.value) };
  };
  const least = endOf(p.imageLow),
    greatest = endOf(p.imageHigh);
  const rising = step.increasing;
  const pick = (a: End, b: End, outermost: Expr): End => {
    if (isConst(rising)) return rising.value !== 0 ? a : b;
    if (isInfinite(p.imageLow.value) && isInfinite(p.imageHigh.value)) return { value: outermost, open: true, shared: false };
    return { value: cond(rising, a.value, b.value), open: a.open || b.open, shared: a.shared && b.shared };
  };
  const place = (a: End, b: End): End =>
    isConst(rising)
      ? rising.value !== 0
        ? a
        : b
      : { value: cond(rising, a.value, b.value), open: a.open || b.open, shared: a.shared && b.shared };
  return {
    ...p,
    imageLow: pick(least, greatest, minusInfinity),
    imageHigh: pick(greatest, least, infinity),
    atLow: place(p.atLow, p.atHigh),
    atHigh: place(p.atHigh, p.atLow),
    increasing: agree(p.increasing, rising),
    inverse: (y) => p.inverse(step.inverse(y)),
    logSlope: (y) => {
      const u = step.inverse(y);
      return add(step.logSlope(u, y), p.logSlope(u));
    },
  };
}

/** The interval of the argument that a piece covers; two with a test each where its direction is unknown. */
export function intervals(p: MonotonePiece): readonly (Interval & { readonly when: readonly Expr[] })[] {
  const rising = { low: p.atLow, high: p.atHigh, when: p.when },
    falling = { low: p.atHigh, high: p.atLow, when: p.when };
  if (isConst(p.increasing)) return [p.increasing.value !== 0 ? rising : falling];
  return [
    { ...rising, when: [...p.when, p.increasing] },
    { ...falling, when: [...p.when, notOf(p.increasing)] },
  ];
}
