/**
 * Where a differentiable function of one real argument rises and where it falls, proved by bounds of its slope on cells that cover
 * its domain, and what it tends to at the ends.
 *
 * A cell whose slope has one sign by interval arithmetic, or by the mean value form T'(c) + T''(cell) (cell - c) (Neumaier, Interval
 * Methods for Systems of Equations, 1990), is decided; others are halved. What is left are zeros of the slope.
 */
import { evaluate } from '../../expr/evaluate.js';
import { add, apply, div, isConst, mul, neg, num, one, pow, visit, zero } from '../../expr/expr.js';
import type { Expr } from '../../expr/expr.js';
import { type Bounds, boundsOf, exactly, interval, isNegative, isPositive } from '../../expr/intervals.js';
import { primitives } from '../../expr/primitives.js';
import { simplify } from '../../expr/simplify.js';

/** Bounds of what an expression mentions beside the argument; null where nothing is known. */
export type Known = (part: Expr) => Bounds | null;

/** A part of the domain on which the function rises or falls. */
export interface Stretch {
  readonly low: number;
  readonly high: number;
  readonly rising: boolean;
}

/** Cells looked at before a function counts as too irregular. */
const mostCells = 3000;
/** Cells narrower than this share of their size are not halved: they hold a zero of the slope. */
const narrow = 1e-7;
/** Slopes below this are not told from 0. */
const vanishing = 1e-250;
/** Beyond this the cells of a tail grow by `tailFactor`. */
const tailStart = 2 ** 30,
  tailFactor = 2 ** 60,
  farthest = 1e280;

/**
 * The stretches of a function on low..high, given its slope and curvature (null where it has no formula). Several are found only where
 * nothing but the argument is mentioned. Null where it is not certain that these are all.
 */
export function stretchesOf(
  slope: Expr,
  curvature: Expr | null,
  isArgument: (e: Expr) => boolean,
  low: number,
  high: number,
  known: Known,
): readonly Stretch[] | null {
  /** The sign of the slope on a cell; 0 where it is not certain, null where it is lost to underflow. */
  const signOn = (cell: Bounds): -1 | 0 | 1 | null => {
    const within =
      (t: Bounds) =>
      (part: Expr): Bounds | null =>
        isArgument(part) ? t : known(part);
    const direct = boundsOf(slope, within(cell));
    if (isSigned(direct)) return signOf(direct);
    if (Math.max(-direct.low, direct.high) < vanishing) return null;
    if (curvature === null || !Number.isFinite(cell.low) || !Number.isFinite(cell.high)) return 0;
    const centre = 0.5 * (cell.low + cell.high),
      radius = 0.5 * (cell.high - cell.low);
    const bend = boundsOf(curvature, within(cell)),
      most = Math.max(Math.abs(bend.low), Math.abs(bend.high)) * radius * (1 + 1e-12);
    const here = boundsOf(slope, within(exactly(centre)));
    return here.low > most ? 1 : -here.high > most ? -1 : 0;
  };
  const alone = mentionsOnly(slope, isArgument);
  const decided: { readonly low: number; readonly high: number; readonly sign: -1 | 0 | 1 }[] = [];
  let looked = 0;
  const decide = (from: number, to: number): boolean => {
    if (++looked > mostCells) return false;
    const sign = signOn(interval(from, to, from === -Infinity, to === Infinity));
    if (sign === 0) {
      const middle = halfOf(from, to);
      if (middle !== null) return decide(from, middle) && decide(middle, to);
      // In the farthest cells, where doubles overflow, the function goes on as before.
      if (!alone && from < farthest && to > -farthest) return false;
    }
    if (sign === null && !alone) return false;
    decided.push({ low: from, high: to, sign: sign ?? 0 });
    return true;
  };
  if (!decide(low, high)) return null;
  return joined(decided, numberOf(slope));
}

/** A slope that is never negative or never positive counts as signed: it vanishes at single points, or is refused by who knows better. */
function isSigned(b: Bounds): boolean {
  return b.low >= 0 !== b.high <= 0;
}
function signOf(b: Bounds): -1 | 1 {
  return b.low >= 0 ? 1 : -1;
}
function mentionsOnly(e: Expr, isArgument: (e: Expr) => boolean): boolean {
  let found = true;
  visit(e, (x) => {
    if (!isArgument(x) && x.op !== 'apply' && x.op !== 'const') found = false;
  });
  return found;
}

/** Where a cell is halved; null for narrow ones and those at the end of the floating point numbers. */
function halfOf(from: number, to: number): number | null {
  if (from === -Infinity && to === Infinity) return 0;
  if (to === Infinity) return from >= farthest ? null : from < tailStart ? Math.max(1, from + Math.abs(from), 4 * from) : from * tailFactor;
  if (from === -Infinity) {
    const mirrored = halfOf(-to, Infinity);
    return mirrored === null ? null : -mirrored;
  }
  if (to - from <= narrow * (1 + Math.max(Math.abs(from), Math.abs(to)))) return null;
  if (from > tailStart || -to > tailStart) {
    const middle = Math.sign(from) * Math.sqrt(Math.abs(from)) * Math.sqrt(Math.abs(to));
    return middle > from && middle < to ? middle : null;
  }
  return 0.5 * (from + to);
}

/** Neighbours of one sign together; a zero of the slope between different signs to full precision. */
function joined(
  cells: readonly { readonly low: number; readonly high: number; readonly sign: -1 | 0 | 1 }[],
  slopeAt: (t: number) => number,
): readonly Stretch[] | null {
  const signed = cells.filter((c) => c.sign !== 0),
    first = signed[0];
  if (first === undefined) return null;
  const out: Stretch[] = [];
  let start = cells[0]!.low,
    sign = first.sign,
    end = first.high;
  for (const cell of signed.slice(1)) {
    if (cell.sign !== sign) {
      const turn = zeroBetween(slopeAt, end, cell.low, sign < 0);
      out.push({ low: start, high: turn, rising: sign > 0 });
      start = turn;
      sign = cell.sign;
    }
    end = cell.high;
  }
  return [...out, { low: start, high: cells[cells.length - 1]!.high, rising: sign > 0 }];
}
/** The change of sign of f between two points, by bisection. */
function zeroBetween(f: (t: number) => number, from: number, to: number, rising: boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = low + 0.5 * (high - low);
    if (middle <= low || middle >= high) break;
    if (f(middle) < 0 === rising) low = middle;
    else high = middle;
  }
  return low + 0.5 * (high - low);
}

/** An expression that mentions nothing but its argument as a function of it. */
function numberOf(e: Expr): (t: number) => number {
  return (t) => evaluate(e, { variable: () => t });
}

// --- limits -----------------------------------------------------------------------------------

type Limit =
  | { readonly kind: 'finite'; readonly value: Expr }
  | { readonly kind: 'infinite'; readonly sign: -1 | 1 }
  /** Between finite bounds, or between one on one side and infinity on the other. */
  | { readonly kind: 'bounded' }
  | { readonly kind: 'aside'; readonly sign: -1 | 1 };
const infinite = (sign: number): Limit => ({ kind: 'infinite', sign: sign > 0 ? 1 : -1 });
const finite = (value: Expr): Limit => ({ kind: 'finite', value: simplify(value) });

/**
 * What a monotone function tends to as its argument goes to +-infinity, which may be +-infinity; null where that is not found.
 */
export function limitAt(e: Expr, direction: -1 | 1, isArgument: (e: Expr) => boolean, known: Known): Expr | null {
  const found = limitOf(e, direction, isArgument, (x) => boundsOf(x, known));
  if (found?.kind === 'finite') return found.value;
  if (found?.kind === 'infinite') return num(found.sign * Infinity);
  return mentionsOnly(e, isArgument) ? limitByValues(numberOf(e), direction) : null;
}

/** From values far out: what still moves between squares of the argument moves on. */
function limitByValues(f: (t: number) => number, direction: -1 | 1): Expr | null {
  for (const far of [1e200, 1e100, 1e40, 1e16, 1e6]) {
    const there = f(direction * far),
      before = f(direction * Math.sqrt(far));
    if (Number.isNaN(there) || Number.isNaN(before)) continue;
    if (!Number.isFinite(there)) return num(there);
    return Math.abs(there - before) > 1e-9 * Math.max(Math.abs(there), Math.abs(before))
      ? num(Math.sign(there - before) * Infinity)
      : num(there);
  }
  return null;
}

function limitOf(e: Expr, direction: -1 | 1, isArgument: (e: Expr) => boolean, bounds: (e: Expr) => Bounds): Limit | null {
  const go = (x: Expr): Limit | null => {
    if (isArgument(x)) return infinite(direction);
    let depends = false;
    visit(x, (part) => {
      if (isArgument(part)) depends = true;
    });
    if (!depends) return finite(x);
    if (x.op !== 'apply') return null;
    const args = x.args.map(go),
      [a, b] = args;
    if (args.some((l) => l === null) || a == null) return null;
    switch (x.fn) {
      case 'add':
        return limitOfSum(a, b!);
      case 'sub':
        return limitOfSum(a, negated(b!));
      case 'neg':
        return negated(a);
      case 'mul':
        return limitOfProduct(a, b!, bounds);
      case 'div':
        if (b!.kind === 'infinite') return a.kind === 'infinite' || a.kind === 'aside' ? null : finite(zero);
        return b!.kind === 'finite' && !isConst(b!.value, 0) ? limitOfProduct(a, finite(div(one, b!.value)), bounds) : null;
      case 'pow':
        return limitOfPower(a, b!);
      case 'sin':
      case 'cos':
        return a.kind === 'finite' ? finite(apply(x.fn, a.value)) : { kind: 'bounded' };
    }
    if (args.every((l) => l!.kind === 'finite')) return finite(apply(x.fn, ...args.map((l) => (l as { readonly value: Expr }).value)));
    if (args.length > 1 || a.kind !== 'infinite') return null;
    const value = primitives.get(x.fn)?.evaluate(a.sign * Infinity) ?? Number.NaN;
    return Number.isNaN(value) ? null : Number.isFinite(value) ? finite(num(value)) : infinite(value);
  };
  return go(e);
}
function negated(a: Limit): Limit {
  switch (a.kind) {
    case 'infinite':
      return infinite(-a.sign);
    case 'finite':
      return finite(neg(a.value));
    case 'bounded':
      return a;
    case 'aside':
      return { kind: 'aside', sign: a.sign > 0 ? -1 : 1 };
  }
}
function limitOfSum(a: Limit, b: Limit): Limit | null {
  const [whole, other] = a.kind === 'infinite' ? [a, b] : [b, a];
  if (whole.kind === 'infinite') return (other.kind === 'infinite' || other.kind === 'aside') && other.sign !== whole.sign ? null : whole;
  if (a.kind === 'aside' || b.kind === 'aside')
    return a.kind === 'aside' && b.kind === 'aside' && a.sign !== b.sign ? null : a.kind === 'aside' ? a : b;
  return a.kind === 'finite' && b.kind === 'finite' ? finite(add(a.value, b.value)) : { kind: 'bounded' };
}
function limitOfProduct(a: Limit, b: Limit, bounds: (e: Expr) => Bounds): Limit | null {
  if (a.kind === 'finite' && b.kind === 'finite') return finite(mul(a.value, b.value));
  if (a.kind === 'infinite' && b.kind === 'infinite') return infinite(a.sign * b.sign);
  const [whole, factor] = a.kind === 'infinite' ? [a, b] : [b, a];
  if (whole.kind === 'aside' || factor.kind === 'aside') return null;
  if (whole.kind !== 'infinite') return { kind: 'bounded' };
  if (factor.kind !== 'finite') return null;
  const range = bounds(factor.value);
  if (isPositive(range)) return whole;
  if (isNegative(range)) return infinite(-whole.sign);
  // A factor that may be 0.
  return range.low >= 0 ? { kind: 'aside', sign: whole.sign } : range.high <= 0 ? { kind: 'aside', sign: whole.sign > 0 ? -1 : 1 } : null;
}
function limitOfPower(base: Limit, exponent: Limit): Limit | null {
  if (base.kind === 'finite' && exponent.kind === 'finite') return finite(pow(base.value, exponent.value));
  if (exponent.kind === 'finite' && isConst(exponent.value) && base.kind === 'infinite') {
    const value = (base.sign * Infinity) ** exponent.value.value;
    return Number.isNaN(value) || (base.sign < 0 && !Number.isInteger(exponent.value.value))
      ? null
      : Number.isFinite(value)
        ? finite(num(value))
        : infinite(value);
  }
  if (base.kind === 'finite' && isConst(base.value) && base.value.value > 0 && exponent.kind === 'infinite') {
    const value = base.value.value ** (exponent.sign * Infinity);
    return Number.isNaN(value) ? null : Number.isFinite(value) ? finite(num(value)) : infinite(value);
  }
  return null;
}
