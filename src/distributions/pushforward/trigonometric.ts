/**
 * Pieces of cosine and tangent, one for each half period that the values of their argument reach.
 */
import { add, apply, div, isConst, mul, neg, num, one, pow, square, sub, type Expr } from '../../expr/expr.js';
import { infinity, minusInfinity } from '../notation.js';
import { Underivable, mostPieces, between, outward, type MonotonePiece } from './pieces.js';
import { isInfinite, folded } from './oneToOne.js';
import type { Setting } from './setting.js';

/** Integers k with the interval [k pi, (k + 1) pi] inside or across the image of a piece. */
function periods(p: MonotonePiece, e: Expr, offset: number): readonly number[] {
  const {
    imageLow: { value: a },
    imageHigh: { value: b },
  } = p;
  if (!isConst(a) || !isConst(b) || isInfinite(a) || isInfinite(b))
    throw new Underivable('has infinitely many branches unless its argument lies between two known numbers', e);
  const first = Math.floor((a.value - offset) / Math.PI + 1e-12),
    last = Math.ceil((b.value - offset) / Math.PI - 1e-12);
  if (last - first > mostPieces) throw new Underivable(`has more than ${mostPieces} branches`, e);
  return Array.from({ length: last - first }, (_, k) => first + k);
}

/** cos of a piece. `e` is what messages show. */
export function cosinePieces(setting: Setting, p: MonotonePiece, e: Expr): readonly MonotonePiece[] {
  return periods(p, e, 0).flatMap((k) => {
    const part = between(setting, p, num(k * Math.PI), num((k + 1) * Math.PI));
    const even = k % 2 === 0;
    // acos(y) = 2 atan(sqrt((1 - y) / (1 + y))).
    const arc = (y: Expr): Expr => mul(num(2), apply('atan', pow(div(sub(one, y), add(one, y)), num(0.5))));
    return part === null
      ? []
      : [
          outward(part, {
            increasing: num(even ? 0 : 1),
            at: (u) => folded('cos', u),
            inverse: (y) => (even ? add(num(k * Math.PI), arc(y)) : sub(num((k + 1) * Math.PI), arc(y))),
            logSlope: (_, y) => mul(num(0.5), add(apply('log1p', y), apply('log1p', neg(y)))),
          }),
        ];
  });
}

/** tan of a piece. */
export function tangentPieces(setting: Setting, p: MonotonePiece, e: Expr): readonly MonotonePiece[] {
  return periods(p, e, -Math.PI / 2).flatMap((k) => {
    const low = (k - 0.5) * Math.PI,
      high = (k + 0.5) * Math.PI;
    const part = between(setting, p, num(low), num(high));
    return part === null
      ? []
      : [
          outward(part, {
            increasing: one,
            // The pole is not exactly a floating point number.
            at: (u) =>
              isConst(u) && u.value <= low + 1e-15 * Math.abs(low)
                ? minusInfinity
                : isConst(u) && u.value >= high - 1e-15 * Math.abs(high)
                  ? infinity
                  : folded('tan', u),
            inverse: (y) => add(num(k * Math.PI), apply('atan', y)),
            logSlope: (_, y) => apply('log1p', square(y)),
          }),
        ];
  });
}
