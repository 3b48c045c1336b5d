/**
 * Quantiles of laws in closed form, and where that form has lost the digits of the probability it starts from.
 */
import { add, apply, cond, isConst, mul, num, one, sub, zero, type Expr } from '../../expr/expr.js';
import { simplify } from '../../expr/simplify.js';
import { pushedQuantile } from '../pushforward/scalarMaps.js';
import { familyOf, isProper, type Law } from './law.js';
import { isDiscrete, flattened, formOf, mapAt, hasCdf } from './form.js';
import { isFiniteBound, maximum, minimum } from '../bounds.js';
import { cdfOf, massBetween, survivalOf, logMassBetween } from './density.js';

/**
 * Smallest x with cdf(x) >= u, for 0 < u < 1; null where there is no closed form (mixtures).
 */
export function quantileOf(law: Law, u: Expr): Expr | null {
  switch (law.kind) {
    case 'family': {
      const family = familyOf(law);
      return family.quantile?.(u, law.parameters) ?? null;
    }
    case 'truncated': {
      if (law.base.kind === 'family' && !familyOf(law.base).proper) {
        return isProper(law) ? add(law.low, mul(u, sub(law.high, law.low))) : null;
      }
      const before = isDiscrete(law.base) ? sub(apply('ceil', law.low), one) : law.low;
      const start = isFiniteBound(law.low) ? cdfOf(law.base, before) : zero;
      const inner = quantileOf(law.base, add(start, mul(u, massBetween(law.base, law.low, law.high))));
      if (inner === null) return null;
      const plain = within(law, inner);
      const family = law.base.kind === 'family' ? familyOf(law.base) : null;
      if (family?.upperQuantile === undefined || law.base.kind !== 'family' || !isFiniteBound(law.low)) return simplify(plain);
      // An interval far in the upper tail: measure mass from above, where it keeps its digits.
      const left = sub(survivalOf(law.base, law.low), mul(u, massBetween(law.base, law.low, law.high)));
      const fromAbove = within(law, family.upperQuantile(left, law.base.parameters));
      return simplify(cond(apply('gt', start, num(0.5)), fromAbove, plain));
    }
    case 'mixture':
    case 'mixtureOf':
      return null;
    case 'censored': {
      const inner = quantileOf(law.base, u);
      return inner === null ? null : maximum(law.low, minimum(law.high, inner));
    }
    case 'pushforward': {
      const whole = flattened(law),
        form = formOf(whole);
      if (form.kind !== 'monotone' || isDiscrete(whole.base)) return null;
      return pushedQuantile(
        form.pieces,
        u,
        (t) => mapAt(whole, t),
        (v) => quantileOf(whole.base, v),
      );
    }
  }
}

/** A smaller mass has lost digits, or all of them. */
const smallestMass = 1e-290,
  smallestDifference = 1e-6;

/**
 * Where this is not 0, `quantileOf` has lost the mass it measures: an interval whose mass underflows, or one in an upper tail that is
 * known from below only. `logMassBetween` must be inverted there. Null where that cannot happen.
 */
export function quantileLoss(law: Law): Expr | null {
  switch (law.kind) {
    case 'family':
    case 'mixture':
    case 'mixtureOf':
      return null;
    case 'censored':
    case 'pushforward':
      return quantileLoss(law.base);
    case 'truncated': {
      const { base } = law;
      if (!isProper(base) || !hasCdf(base)) return null;
      const before = isDiscrete(base) ? sub(apply('ceil', law.low), one) : law.low;
      // A mass that is no difference of tails cancels in them long before it underflows.
      const direct = base.kind === 'family' && familyOf(base).logMass !== undefined;
      const vanishing = direct
        ? apply('lt', logMassBetween(base, law.low, law.high), num(Math.log(smallestDifference)))
        : apply('lt', massBetween(base, law.low, law.high), num(smallestMass));
      const fromAbove = base.kind === 'family' && familyOf(base).upperQuantile !== undefined;
      const own = fromAbove || !isFiniteBound(law.low) ? vanishing : apply('or', vanishing, apply('gt', cdfOf(base, before), num(0.5)));
      const inner = quantileLoss(base),
        loss = simplify(inner === null ? own : apply('or', inner, own));
      return isConst(loss, 0) ? null : loss;
    }
  }
}

/**
 * The quantile function where it has its digits, no number where the closed form has lost the mass it measures; null without a closed form.
 */
export function soundQuantileOf(law: Law, u: Expr): Expr | null {
  const closed = quantileOf(law, u),
    loss = closed === null ? null : quantileLoss(law);
  return closed === null || loss === null ? closed : cond(loss, num(Number.NaN), closed);
}

/** Rounding must not carry a quantile over the bounds. */
function within(law: Extract<Law, { kind: 'truncated' }>, x: Expr): Expr {
  return maximum(law.low, minimum(law.high, x));
}
