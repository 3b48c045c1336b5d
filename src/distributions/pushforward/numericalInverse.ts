/**
 * Pieces of maps without an inverse in closed form: where interval arithmetic proves that the map rises or falls, its inverse
 * is the root of an equation (`expr/implicit.ts`).
 */
import { InternalError } from '../../errors/diagnostic.js';
import { add, isConst, num, ref, rewrite, zero, type Apply, type Expr } from '../../expr/expr.js';
import { differentiate } from '../../expr/gradient.js';
import { rootOf } from '../../expr/implicit.js';
import { boundsOf, isNegative, isPositive } from '../../expr/intervals.js';
import { simplify } from '../../expr/simplify.js';
import { limitAt, stretchesOf } from './monotone.js';
import type { Setting } from './setting.js';
import { mostPieces, type Interval, type MonotonePiece, type End } from './pieces.js';
import { isInfinite, logAbsolute } from './oneToOne.js';

/** The parts of `e` on which it is certain to rise or to fall, each inverted by finding a root; null where they are not found. */
export function invertedPieces(setting: Setting, e: Apply, domain: Interval): readonly MonotonePiece[] | null {
  const isArgument = (x: Expr): boolean => x.op === 'ref' && x.variable === setting.argument;
  const slope = derivative(setting, e),
    curvature = slope === null ? null : derivative(setting, slope);
  if (slope === null) return null;
  const low = boundsOf(domain.low.value, setting.known).low,
    high = boundsOf(domain.high.value, setting.known).high;
  const stretches = stretchesOf(slope, curvature, isArgument, low, high, setting.known);
  // Between ends that are unknown only a map without turning points is one whose pieces are known.
  if (
    stretches === null ||
    (stretches.length > 1 && !(isConst(domain.low.value) && isConst(domain.high.value))) ||
    stretches.length > mostPieces
  )
    return null;
  const put = (of: Expr, t: Expr): Expr => simplify(rewrite(of, (x) => (isArgument(x) ? t : x)));
  needSlope(setting, slope, put, low, high);
  const ends = [domain.low, ...stretches.slice(1).map((s): End => ({ value: num(s.low), open: false, shared: true })), domain.high];
  const pieces: MonotonePiece[] = [];
  for (const [k, { rising }] of stretches.entries()) {
    const from = k === 0 ? ends[0]! : { ...ends[k]!, open: true },
      to = ends[k + 1]!;
    const image = (end: End, direction: -1 | 1): End | null => {
      const value = isInfinite(end.value) ? limitAt(e, direction, isArgument, setting.known) : put(e, end.value);
      if (value === null || (isConst(value) && Number.isNaN(value.value))) return null;
      // At a pole the sign of infinity is that of the side.
      const outermost = isInfinite(value) ? num(direction > 0 === rising ? Infinity : -Infinity) : value;
      return { value: outermost, open: end.open || isInfinite(end.value) || isInfinite(value), shared: end.shared && !isInfinite(value) };
    };
    const atStart = image(from, -1),
      atEnd = image(to, 1);
    if (atStart === null || atEnd === null) return null;
    const inverse = (y: Expr): Expr => rootOf(e, isArgument, rising, y, from.value, to.value)!;
    if (rootOf(e, isArgument, rising, zero, from.value, to.value) === null) return null;
    pieces.push({
      kind: 'monotone',
      when: [],
      increasing: num(rising ? 1 : 0),
      inverse,
      logSlope: (y) => logAbsolute(put(slope, inverse(y))),
      ...(rising
        ? { atLow: from, atHigh: to, imageLow: atStart, imageHigh: atEnd }
        : { atLow: to, atHigh: from, imageLow: atEnd, imageHigh: atStart }),
    });
  }
  return pieces;
}

function derivative(setting: Setting, e: Expr): Expr | null {
  try {
    return differentiate(e, ref(setting.argument));
  } catch (thrown) {
    // The word of `differentiate` for functions without a derivative.
    if (thrown instanceof InternalError) return null;
    throw thrown;
  }
}

/**
 * A slope that is never negative but may vanish for some values of unknowns must not vanish everywhere: it is looked at in three places.
 */
function needSlope(setting: Setting, slope: Expr, put: (of: Expr, t: Expr) => Expr, low: number, high: number): void {
  const inside =
    Number.isFinite(low) && Number.isFinite(high)
      ? [0.271, 0.503, 0.761].map((share) => low + share * (high - low))
      : Number.isFinite(low)
        ? [low + 0.37, low + 1.13, low + 2.71]
        : Number.isFinite(high)
          ? [high - 0.37, high - 1.13, high - 2.71]
          : [-1.37, 0.13, 1.71];
  const somewhere = simplify(inside.reduce((total: Expr, t) => add(total, put(slope, num(t))), zero)),
    bounds = boundsOf(somewhere, setting.known);
  if (!isPositive(bounds) && !isNegative(bounds)) setting.nonzero.push(somewhere);
}
