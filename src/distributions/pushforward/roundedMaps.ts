/**
 * The law of T(X) where T is constant or rounded on pieces: masses are differences of the distribution function of X.
 */
import { add, apply, cond, equal, num, one, sub, zero, type Expr } from '../../expr/expr.js';
import { simplify } from '../../expr/simplify.js';
import { infinity, minusInfinity } from '../notation.js';
import type { ConstantPiece, End, StepPiece } from './pieces.js';
import { isFiniteBound } from '../bounds.js';
import { conjunction, undecided } from '../tests.js';
import { pushedTail, type Mass } from './scalarMaps.js';

/** The values k of a rounding that a piece can take, both included. */
function stepRange(p: StepPiece): { readonly low: Expr; readonly high: Expr } {
  const { imageLow, imageHigh } = p.inner;
  const round = (e: Expr): Expr => (isFiniteBound(e) ? simplify(apply(p.rounding, e)) : e);
  // The floor of values below 3 is at most 2, of values up to 3 only at one point more.
  const top =
    p.rounding === 'floor' && isFiniteBound(imageHigh.value) ? simplify(sub(apply('ceil', imageHigh.value), one)) : round(imageHigh.value);
  const bottom =
    p.rounding === 'ceil' && isFiniteBound(imageLow.value) ? simplify(add(apply('floor', imageLow.value), one)) : round(imageLow.value);
  return { low: bottom, high: top };
}

function ordered(p: { readonly atLow: End; readonly atHigh: End }): readonly [Expr, Expr] {
  return [p.atLow.value, p.atHigh.value];
}

/** Log mass of T(X) at y where T is constant or rounded on pieces. */
export function logMassOfSteps(pieces: readonly (ConstantPiece | StepPiece)[], y: Expr, mass: Mass): Expr {
  const terms = pieces.map((p) => {
    const exists = [...p.when];
    if (p.kind === 'constant') return cond(conjunction([...exists, apply('eq', y, p.value)]), mass(...ordered(p)), zero);
    const k = apply('round', p.backward(y));
    const [from, to] =
      p.rounding === 'floor' ? [k, add(k, one)] : p.rounding === 'ceil' ? [sub(k, one), k] : [sub(k, num(0.5)), add(k, num(0.5))];
    // Whole numbers and exact images only.
    const exact = p.plain ? apply('eq', k, y) : apply('eq', p.forward(k), y);
    return cond(
      conjunction([...exists, exact]),
      sub(pushedTail([p.inner], to, 'cdf', mass), pushedTail([p.inner], from, 'cdf', mass)),
      zero,
    );
  });
  return simplify(apply('log', terms.reduce(add, zero)));
}

/** P(T(X) <= y) of the same; null where a rounded value is transformed further. */
export function tailOfSteps(pieces: readonly (ConstantPiece | StepPiece)[], y: Expr, side: 'cdf' | 'survival', mass: Mass): Expr | null {
  const terms: Expr[] = [];
  for (const p of pieces) {
    const exists = conjunction(undecided(p.when));
    if (p.kind === 'constant') {
      terms.push(cond(exists, cond(apply(side === 'cdf' ? 'le' : 'gt', p.value, y), mass(...ordered(p)), zero), zero));
      continue;
    }
    if (!p.plain) return null;
    const k = apply('floor', y);
    const upTo = p.rounding === 'floor' ? add(k, one) : p.rounding === 'ceil' ? k : add(k, num(0.5));
    terms.push(cond(exists, pushedTail([p.inner], upTo, side, mass), zero));
  }
  return simplify(terms.reduce(add, zero));
}

/** Least and greatest value of a T that is constant or rounded on pieces. */
export function rangeOfSteps(pieces: readonly (ConstantPiece | StepPiece)[]): { readonly low: Expr; readonly high: Expr } {
  const lows: Expr[] = [],
    highs: Expr[] = [];
  for (const p of pieces) {
    if (p.kind === 'constant') {
      lows.push(p.value);
      highs.push(p.value);
      continue;
    }
    const { low, high } = stepRange(p);
    const [a, b] = [low, high].map((k) => (isFiniteBound(k) || p.plain ? p.forward(k) : null));
    if (p.plain) {
      lows.push(low);
      highs.push(high);
    } else {
      lows.push(a == null || b == null ? minusInfinity : simplify(apply('min', a, b)));
      highs.push(a == null || b == null ? infinity : simplify(apply('max', a, b)));
    }
  }
  const merge = (fn: 'min' | 'max', values: readonly Expr[]): Expr =>
    values.reduce((a, b) => (equal(a, b) ? a : simplify(apply(fn, a, b))));
  return { low: merge('min', lows), high: merge('max', highs) };
}
