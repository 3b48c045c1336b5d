/**
 * Pieces of powers: of a whole number on either side of zero, of any number or unknown exponent on the non-negative side.
 */
import { add, apply, cond, isConst, log, mul, neg, num, one, pow, sub, zero, type Expr } from '../../expr/expr.js';
import { powOf } from '../../expr/simplify.js';
import { infinity } from '../notation.js';
import { Underivable, outward, cut, type MonotonePiece } from './pieces.js';
import { needNonzero, type Setting } from './setting.js';
import { folded, logAbsolute } from './oneToOne.js';

/** Refuses arguments that are certainly outside of a function's domain. */
export function within(p: MonotonePiece, low: number, high: number, e: Expr): void {
  const {
    imageLow: { value: a },
    imageHigh: { value: b },
  } = p;
  if ((isConst(a) && a.value < low) || (isConst(b) && b.value > high)) {
    throw new Underivable(
      `is not defined for all values that can occur (its argument must be ${high === Infinity ? `at least ${low}` : `between ${low} and ${high}`})`,
      e,
    );
  }
}

/** u^n for a constant n. */
export function powerPieces(setting: Setting, p: MonotonePiece, n: number, e: Expr): readonly MonotonePiece[] {
  if (n === 0) throw new Underivable('is constant', e);
  if (n === 1) return [p];
  const isInteger = Number.isInteger(n),
    even = n % 2 === 0;
  if (!isInteger) within(p, 0, Infinity, e);
  const {
    imageLow: { value: least },
  } = p;
  if (n > 0 && isInteger && !even && !(isConst(least) && least.value >= 0)) {
    // Odd powers are one-to-one on the whole line.
    return [
      outward(p, {
        increasing: one,
        at: (u) => folded('pow', u, num(n)),
        inverse: (y) => mul(apply('sign', y), pow(apply('abs', y), num(1 / n))),
        logSlope: (u) => add(num(Math.log(n)), mul(num(n - 1), log(apply('abs', u)))),
      }),
    ];
  }
  const [below, above] = isInteger ? cut(setting, p, zero, n > 0) : [null, p];
  const slope = (u: Expr): Expr => add(num(Math.log(Math.abs(n))), mul(num(n - 1), log(apply('abs', u))));
  const out: MonotonePiece[] = [];
  if (below !== null) {
    // (-1)^n (-u)^n: values of -u are non-negative.
    const sign = even ? 1 : -1;
    const rising = n > 0 !== even;
    out.push(
      outward(below, {
        increasing: num(rising ? 1 : 0),
        at: (u) =>
          isConst(u, 0)
            ? num(n > 0 ? 0 : sign * Infinity)
            : isConst(u, -Infinity)
              ? num(n > 0 ? sign * Infinity : 0)
              : folded('pow', u, num(n)),
        inverse: (y) => (n === -1 ? powOf(y, -1) : neg(pow(sign > 0 ? y : neg(y), num(1 / n)))),
        logSlope: slope,
      }),
    );
  }
  if (above !== null) {
    out.push(
      outward(above, {
        increasing: num(n > 0 ? 1 : 0),
        at: (u) =>
          isConst(u, 0) ? num(n > 0 ? 0 : Infinity) : isConst(u, Infinity) ? num(n > 0 ? Infinity : 0) : folded('pow', u, num(n)),
        inverse: (y) => pow(y, num(1 / n)),
        logSlope: (_, y) => add(num(Math.log(Math.abs(n))), mul(num((n - 1) / n), log(y))),
      }),
    );
  }
  return out;
}

/** u^c for an exponent that is not known yet; u must not be negative. */
export function unknownPower(setting: Setting, p: MonotonePiece, c: Expr, e: Expr): MonotonePiece {
  const { imageLow } = p;
  if (!isConst(imageLow.value) || imageLow.value.value < 0)
    throw new Underivable('is a power of values that may be negative with an exponent that is not a number of the program', e);
  needNonzero(setting, c);
  return outward(p, {
    increasing: apply('gt', c, zero),
    at: (u) =>
      isConst(u, 0)
        ? cond(apply('gt', c, zero), zero, infinity)
        : isConst(u, Infinity)
          ? cond(apply('gt', c, zero), infinity, zero)
          : pow(u, c),
    inverse: (y) => pow(y, powOf(c, -1)),
    logSlope: (u) => add(logAbsolute(c), mul(sub(c, one), log(u))),
  });
}
