/**
 * The law of T(X) for a scalar X from the pieces of T: p(y) = sum over the branches t of the inverse of p_X(t) / |T'(t)|
 * (change of variables), probabilities as those of the branches, quantiles where T is monotone as a whole.
 */
import { add, apply, cond, equal, index, isConst, num, one, reduce, sub, zero, type Expr } from '../../expr/expr.js';
import { printText } from '../../expr/print.js';
import { simplify } from '../../expr/simplify.js';
import type { Known } from './monotone.js';
import { isFiniteBound } from '../bounds.js';
import { infinity, minusInfinity } from '../notation.js';
import { conjunction, undecided } from '../tests.js';
import { type MapArgument, named } from './argument.js';
import { piecesOf } from './piecesOf.js';
import { Underivable, type ConstantPiece, type End, type Interval, type MonotonePiece, type StepPiece } from './pieces.js';

/** How the law of a map is known. */
export type MapForm =
  /** Of whole numbers: one-to-one or constant on each piece. */
  | { readonly kind: 'counts'; readonly pieces: readonly (MonotonePiece | ConstantPiece)[]; readonly nonzero: readonly Expr[] }
  | { readonly kind: 'monotone'; readonly pieces: readonly MonotonePiece[]; readonly nonzero: readonly Expr[] }
  /** Masses on values: T is constant or rounded on each piece. */
  | { readonly kind: 'masses'; readonly pieces: readonly (ConstantPiece | StepPiece)[]; readonly nonzero: readonly Expr[] }
  | { readonly kind: 'unknown'; readonly reason: string; readonly part: Expr | null };

/** The pieces of a map of a continuous scalar, sorted into a density or masses. */
export function formOfScalarMap(map: Expr, argument: MapArgument, domain: Interval, integers: boolean, known: Known): MapForm {
  try {
    const { pieces, nonzero } = piecesOf(map, argument.name, domain, integers, known);
    const monotone = pieces.filter((p) => p.kind === 'monotone');
    if (monotone.length === pieces.length && pieces.length > 0) return { kind: 'monotone', pieces: monotone, nonzero };
    const flat = pieces.filter((p) => p.kind !== 'monotone');
    if (flat.length === pieces.length && !integers && pieces.length > 0) return { kind: 'masses', pieces: flat, nonzero };
    if (integers && pieces.every((p) => p.kind !== 'step')) return { kind: 'counts', pieces, nonzero };
    const constant = flat.find((p) => p.kind === 'constant');
    const reason =
      constant === undefined
        ? 'gives rounded and other values'
        : `takes the value ${printText(named(constant.value, argument))} with positive probability and is continuous elsewhere; where values are cut off at bounds, censored(D, low, high) has this law`;
    return { kind: 'unknown', reason, part: null };
  } catch (thrown) {
    if (thrown instanceof Underivable) return { kind: 'unknown', reason: thrown.reason, part: thrown.part };
    throw thrown;
  }
}

/** A sum of few terms under one name each, by log-sum-exp. */
function logSum(terms: readonly Expr[]): Expr {
  const [only] = terms;
  if (only !== undefined && terms.length === 1) return only;
  const k = index('branch');
  const last = terms[terms.length - 1] ?? minusInfinity;
  return reduce(
    'logsumexp',
    k,
    zero,
    num(terms.length),
    terms.slice(0, -1).reduceRight((rest: Expr, term, i) => cond(apply('eq', k, num(i)), term, rest), last),
  );
}

/** Least and greatest value over all pieces; open where neither is taken. */
export function imageOf(pieces: readonly MonotonePiece[]): { readonly low: Expr; readonly high: Expr; readonly open: boolean } {
  const conditional = (p: MonotonePiece, value: Expr, neutral: Expr): Expr => cond(conjunction(p.when), value, neutral);
  const merge = (fn: 'min' | 'max', values: readonly Expr[]): Expr =>
    values.reduce((a, b) => {
      const neutral = fn === 'min' ? Infinity : -Infinity;
      if (isConst(a, neutral) || isConst(b, -neutral)) return b;
      if (isConst(b, neutral) || isConst(a, -neutral) || equal(a, b)) return a;
      return simplify(apply(fn, a, b));
    });
  const low = merge(
    'min',
    pieces.map((p) => conditional(p, p.imageLow.value, infinity)),
  );
  const high = merge(
    'max',
    pieces.map((p) => conditional(p, p.imageHigh.value, minusInfinity)),
  );
  const isOpen = (end: End): boolean => end.open && !end.shared;
  const open = pieces.some(
    (p) =>
      (isOpen(p.imageLow) && isFiniteBound(p.imageLow.value) && equal(p.imageLow.value, low)) ||
      (isOpen(p.imageHigh) && isFiniteBound(p.imageHigh.value) && equal(p.imageHigh.value, high)),
  );
  return { low, high, open };
}

/** Tests that y is a value of a piece; those that hold for every y of the whole image are left out. */
function valueTests(
  p: MonotonePiece,
  y: Expr,
  whole: { readonly low: Expr; readonly high: Expr; readonly open: boolean } | null,
): readonly Expr[] {
  const closed = (end: End): boolean => end.shared || !end.open;
  const implied = (end: End, bound: Expr | undefined): boolean =>
    bound !== undefined && equal(end.value, bound) && (whole!.open || closed(end));
  const tests = [...p.when];
  if (isFiniteBound(p.imageLow.value) && !implied(p.imageLow, whole?.low))
    tests.push(apply(closed(p.imageLow) ? 'ge' : 'gt', y, p.imageLow.value));
  if (isFiniteBound(p.imageHigh.value) && !implied(p.imageHigh, whole?.high))
    tests.push(apply(closed(p.imageHigh) ? 'le' : 'lt', y, p.imageHigh.value));
  return undecided(tests);
}

/** Log density of T(X) at y, from that of X. y lies in the image. */
export function pushedLogDensity(pieces: readonly MonotonePiece[], y: Expr, logDensity: (t: Expr) => Expr): Expr {
  const whole = imageOf(pieces);
  return logSum(
    pieces.map((p) => {
      const tests = valueTests(p, y, whole);
      const density = sub(logDensity(p.inverse(y)), p.logSlope(y));
      return tests.length === 0 ? density : cond(conjunction(tests), density, minusInfinity);
    }),
  );
}

/**
 * Log mass of T(X) at y for integer X, by the preimages of y. Exact: a candidate counts where T of it is y.
 * `map(t)` is T, `mass` that of an interval of X, both ends included.
 */
export function pushedLogMass(
  pieces: readonly (MonotonePiece | ConstantPiece)[],
  y: Expr,
  map: (t: Expr) => Expr,
  logMass: (t: Expr) => Expr,
  mass: Mass,
): Expr {
  return logSum(
    pieces.map((p) => {
      if (p.kind === 'constant') {
        const first = isFiniteBound(p.atLow.value)
          ? p.atLow.open
            ? add(apply('floor', p.atLow.value), one)
            : apply('ceil', p.atLow.value)
          : p.atLow.value;
        const last = isFiniteBound(p.atHigh.value)
          ? p.atHigh.open
            ? sub(apply('ceil', p.atHigh.value), one)
            : apply('floor', p.atHigh.value)
          : p.atHigh.value;
        return cond(
          conjunction([...p.when, apply('eq', y, p.value)]),
          simplify(apply('log', mass(simplify(first), simplify(last)))),
          minusInfinity,
        );
      }
      const t = apply('round', p.inverse(y));
      const ends = (end: End, above: boolean): readonly Expr[] =>
        isFiniteBound(end.value) ? [apply(above ? (end.open ? 'gt' : 'ge') : end.open ? 'lt' : 'le', t, end.value)] : [];
      const inside = isConst(p.increasing)
        ? p.increasing.value !== 0
          ? [...ends(p.atLow, true), ...ends(p.atHigh, false)]
          : [...ends(p.atHigh, true), ...ends(p.atLow, false)]
        : [
            cond(
              p.increasing,
              conjunction([...ends(p.atLow, true), ...ends(p.atHigh, false)]),
              conjunction([...ends(p.atHigh, true), ...ends(p.atLow, false)]),
            ),
          ];
      // Outside of the image the inverse is not a number, and no comparison with it holds.
      return cond(conjunction([...p.when, ...inside, apply('eq', map(t), y)]), logMass(t), minusInfinity);
    }),
  );
}

/** P(low <= X <= high) of the source; bounds may be infinite constants. */
export type Mass = (low: Expr, high: Expr) => Expr;

/** P(T(X) <= y) (cdf) or P(T(X) > y) (survival) of a continuous X. */
export function pushedTail(pieces: readonly MonotonePiece[], y: Expr, side: 'cdf' | 'survival', mass: Mass): Expr {
  const terms = pieces.map((p) => {
    const t = p.inverse(y);
    const between = (a: Expr, b: Expr): Expr =>
      isConst(p.increasing) ? (p.increasing.value !== 0 ? mass(a, b) : mass(b, a)) : cond(p.increasing, mass(a, b), mass(b, a));
    const inside = side === 'cdf' ? between(p.atLow.value, t) : between(t, p.atHigh.value);
    const whole = between(p.atLow.value, p.atHigh.value);
    const [below, above] = side === 'cdf' ? [zero, whole] : [whole, zero];
    const value = cond(simplify(apply('le', y, p.imageLow.value)), below, cond(simplify(apply('ge', y, p.imageHigh.value)), above, inside));
    return cond(conjunction(undecided(p.when)), value, zero);
  });
  return simplify(terms.reduce(add, zero));
}

/** Quantile of T(X) for a T that is monotone as a whole; null for several pieces. */
export function pushedQuantile(
  pieces: readonly MonotonePiece[],
  u: Expr,
  map: (t: Expr) => Expr,
  quantile: (u: Expr) => Expr | null,
): Expr | null {
  const [p] = pieces;
  if (p === undefined || pieces.length > 1 || p.when.length > 0) return null;
  const rising = quantile(u),
    falling = quantile(sub(one, u));
  if (rising === null || falling === null) return null;
  return cond(p.increasing, map(rising), map(falling));
}

/** Least and greatest value over pieces of whole numbers. */
export function rangeOfCounts(pieces: readonly (MonotonePiece | ConstantPiece)[]): { readonly low: Expr; readonly high: Expr } {
  const moving = pieces.filter((p) => p.kind === 'monotone'),
    fixed = pieces.filter((p) => p.kind === 'constant').map((p) => p.value);
  const image = moving.length === 0 ? null : imageOf(moving);
  const merge = (fn: 'min' | 'max', values: readonly Expr[]): Expr =>
    values.reduce((a, b) => (equal(a, b) ? a : simplify(apply(fn, a, b))));
  return {
    low: merge('min', [...(image === null ? [] : [image.low]), ...fixed]),
    high: merge('max', [...(image === null ? [] : [image.high]), ...fixed]),
  };
}
