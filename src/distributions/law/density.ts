/**
 * Densities and masses of laws with every normalising constant: log density, distribution function, probabilities of intervals.
 * They call each other: the density of a truncated law divides by a probability, probabilities of the law of a map add up masses.
 */
import { InternalError } from '../../errors/diagnostic.js';
import {
  add,
  apply,
  at,
  cond,
  equal,
  exp,
  index,
  isConst,
  mul,
  num,
  one,
  reduce,
  scalar,
  sub,
  zero,
  type ArrayExpr,
  type Expr,
} from '../../expr/expr.js';
import { logOf, simplify } from '../../expr/simplify.js';
import type { Arguments, Family, Support } from '../family.js';
import { infinity, minusInfinity } from '../notation.js';
import { elementBody, logDeterminantOf, solveAffine } from '../pushforward/vectorMaps.js';
import { formOfScalarMap, imageOf, pushedLogDensity, pushedLogMass, pushedTail } from '../pushforward/scalarMaps.js';
import { logMassOfSteps, tailOfSteps } from '../pushforward/roundedMaps.js';
import { familyOf, isProper, componentsOf, eventRankOf, substituteLaw, type Law, type PushforwardLaw } from './law.js';
import { supportOf, isDiscrete, flattened, formOf, mapAt, elementLaw, endOf, knownOf, hasCdf } from './form.js';
import { isFiniteBound, maximum, minimum } from '../bounds.js';
import { undecided, supportTests, totalTests, conjunction } from '../tests.js';
import { conditionsOf } from './conditions.js';

/**
 * Log density (or log mass) at x with every normalising constant, for x in the support and valid
 * parameters; components of a mixture with a smaller support than the mixture are guarded.
 * @throws InternalError where a truncated law has no distribution function.
 */
export function logDensityOf(law: Law, x: ArrayExpr): Expr {
  return densityOf(law, x, (family, value, p) => family.logDensity(value, p));
}

/** The same in the form that keeps its digits where arguments are extreme; `logDensityOf` is the one that conjugacy is read from. */
export function evaluatedLogDensityOf(law: Law, x: ArrayExpr): Expr {
  return densityOf(law, x, (family, value, p) =>
    family.evaluatedLogDensity === undefined ? family.logDensity(value, p) : family.evaluatedLogDensity(value, p),
  );
}

type FamilyDensity = (family: Family, x: ArrayExpr, p: Arguments) => Expr;

function densityOf(law: Law, x: ArrayExpr, ofFamily: FamilyDensity): Expr {
  switch (law.kind) {
    case 'family':
      return ofFamily(familyOf(law), x, law.parameters);
    case 'truncated': {
      const density = densityOf(law.base, x, ofFamily);
      return isProper(law) ? sub(density, logMassBetween(law.base, law.low, law.high)) : density;
    }
    case 'mixture':
    case 'mixtureOf': {
      const components = componentsOf(law);
      const whole = supportOf(law);
      const density = components.of((component) => {
        const inner = densityOf(component, x, ofFamily);
        return equalSupports(supportOf(component), whole) || eventRankOf(component) > 0 ? inner : guarded(component, x, inner);
      });
      return reduce('logsumexp', components.index, components.from, components.to, add(logOf(components.weight), density));
    }
    case 'censored': {
      const { base, low, high } = law;
      const logAbove = logTailOf(base, isDiscrete(base) ? sub(apply('ceil', high), one) : high, 'survival');
      // The bounds may leave more room than the support of the base.
      const within = guarded(base, x, densityOf(base, x, ofFamily));
      const upper = isFiniteBound(high) ? cond(apply('ge', x.body, high), simplify(logAbove), within) : within;
      return isFiniteBound(low) ? cond(apply('le', x.body, low), simplify(logTailOf(base, low, 'cdf')), upper) : upper;
    }
    case 'pushforward':
      return logDensityOfPushforward(flattened(law), x, ofFamily);
  }
}

function equalSupports(a: Support, b: Support): boolean {
  if ((a.kind === 'interval' && b.kind === 'interval') || (a.kind === 'integers' && b.kind === 'integers')) {
    return equal(a.low, b.low) && equal(a.high, b.high);
  }
  return a.kind === b.kind && a.kind !== 'point';
}

function guarded(law: Law, x: ArrayExpr, density: Expr): Expr {
  const support = supportOf(law),
    tests = undecided(eventRankOf(law) === 0 ? supportTests(support, x.body) : totalTests(support, x));
  return tests.length === 0 ? density : cond(conjunction(tests), density, minusInfinity);
}

/** `logDensityOf` (or the density given) with -Infinity outside the support of a scalar, for counts of another total and for invalid parameters. */
export function guardedLogDensityOf(law: Law, x: ArrayExpr, density: (law: Law, x: ArrayExpr) => Expr = logDensityOf): Expr {
  const valid = conditionsOf(law);
  const inside = guarded(law, x, density(law, x));
  return valid.length === 0 ? inside : cond(conjunction(valid), inside, minusInfinity);
}

/**
 * P(X <= x) for every real x.
 * @throws InternalError where the law has no distribution function (see `hasCdf`).
 */
export function cdfOf(law: Law, x: Expr): Expr {
  return tailOf(law, x, 'cdf');
}

/**
 * P(X > x) for every real x, without cancellation in the upper tail.
 * @throws InternalError where the law has no distribution function.
 */
export function survivalOf(law: Law, x: Expr): Expr {
  return tailOf(law, x, 'survival');
}

function tailOf(law: Law, x: Expr, side: 'cdf' | 'survival'): Expr {
  const below = side === 'cdf' ? zero : one,
    above = side === 'cdf' ? one : zero;
  switch (law.kind) {
    case 'family': {
      const family = familyOf(law),
        f = family[side];
      if (f === undefined) throw new InternalError(`${law.family} has no distribution function`);
      return overSupport(supportOf(law), x, below, f.call(family, x, law.parameters), above);
    }
    case 'truncated': {
      const [from, to] = side === 'cdf' ? [law.low, x] : [afterValue(law.base, x), law.high];
      const inside = isProper(law.base)
        ? exp(sub(logMassBetween(law.base, from, to), logMassBetween(law.base, law.low, law.high)))
        : mul(massBetween(law.base, from, to), apply('pow', massBetween(law.base, law.low, law.high), num(-1)));
      return overSupport(supportOf(law), x, below, inside, above);
    }
    case 'mixture':
    case 'mixtureOf': {
      const components = componentsOf(law);
      return reduce(
        'sum',
        components.index,
        components.from,
        components.to,
        mul(
          components.weight,
          components.of((c) => tailOf(c, x, side)),
        ),
      );
    }
    case 'censored':
      return cond(apply('lt', x, law.low), below, cond(apply('ge', x, law.high), above, tailOf(law.base, x, side)));
    case 'pushforward': {
      const tail = tailOfPushforward(flattened(law), x, side);
      if (tail === null) throw new InternalError('a pushforward without a distribution function');
      return tail;
    }
  }
}

/** log P(X <= x) or log P(X > x), which keeps its digits where the probability is below the range of doubles. */
function logTailOf(law: Law, x: Expr, side: 'cdf' | 'survival'): Expr {
  const below = side === 'cdf' ? minusInfinity : zero,
    above = side === 'cdf' ? zero : minusInfinity;
  switch (law.kind) {
    case 'family': {
      const family = familyOf(law),
        own = side === 'cdf' ? family.logCdf : family.logSurvival;
      if (own === undefined) return logOf(tailOf(law, x, side));
      return overSupport(supportOf(law), x, below, own.call(family, x, law.parameters), above);
    }
    case 'truncated': {
      if (!isProper(law.base)) return logOf(tailOf(law, x, side));
      const inside = side === 'cdf' ? logMassBetween(law.base, law.low, x) : logMassBetween(law.base, afterValue(law.base, x), law.high);
      return overSupport(supportOf(law), x, below, sub(inside, logMassBetween(law.base, law.low, law.high)), above);
    }
    case 'mixture':
    case 'mixtureOf':
      return logOverComponents(law, (component) => logTailOf(component, x, side));
    case 'censored':
      return cond(apply('lt', x, law.low), below, cond(apply('ge', x, law.high), above, logTailOf(law.base, x, side)));
    case 'pushforward':
      return logOf(tailOf(law, x, side));
  }
}

/** log sum_i weight_i e^quantity_i. */
function logOverComponents(law: Extract<Law, { kind: 'mixture' | 'mixtureOf' }>, quantity: (component: Law) => Expr): Expr {
  const components = componentsOf(law);
  return reduce('logsumexp', components.index, components.from, components.to, add(logOf(components.weight), components.of(quantity)));
}

/** The least value that counts as above x when both ends of an interval are included. */
function afterValue(law: Law, x: Expr): Expr {
  return isDiscrete(law) ? add(apply('floor', x), one) : x;
}

function overSupport(support: Support, x: Expr, below: Expr, inside: Expr, above: Expr): Expr {
  if (support.kind !== 'interval' && support.kind !== 'integers') return inside;
  // A continuous law has its limit at an included lower bound; an integer law already has mass there.
  const under = support.kind === 'interval' ? 'le' : 'lt';
  const upper = isFiniteBound(support.high)
    ? simplify(apply('ge', x, support.high))
    : isConst(x)
      ? num(x.value === Infinity ? 1 : 0)
      : apply('eq', x, infinity);
  const lower = isFiniteBound(support.low)
    ? simplify(apply(under, x, support.low))
    : isConst(x)
      ? num(x.value === -Infinity ? 1 : 0)
      : apply('eq', x, minusInfinity);
  return cond(lower, below, cond(upper, above, inside));
}

/** P(low <= X <= high), from the tail in which fewer digits cancel. */
export function massBetween(law: Law, low: Expr, high: Expr): Expr {
  if (law.kind === 'family' && !familyOf(law).proper) return sub(high, low);
  const before = isDiscrete(law) ? sub(apply('ceil', low), one) : low;
  if (!isFiniteBound(low)) return simplify(cdfOf(law, high));
  if (!isFiniteBound(high)) return simplify(survivalOf(law, before));
  const lower = sub(cdfOf(law, high), cdfOf(law, before)),
    upper = sub(survivalOf(law, before), survivalOf(law, high));
  return simplify(cond(apply('gt', cdfOf(law, before), num(0.5)), upper, lower));
}

/**
 * log P(low <= X <= high), the difference of two tails by their logarithms, on the side where they are smaller: intervals far out in
 * a tail have a mass although both tails underflow.
 * @throws InternalError where the law has no distribution function.
 */
export function logMassBetween(law: Law, low: Expr, high: Expr): Expr {
  if (!isProper(law)) return logOf(massBetween(law, low, high));
  if (law.kind === 'mixture' || law.kind === 'mixtureOf')
    return simplify(logOverComponents(law, (component) => logMassBetween(component, low, high)));
  if (law.kind === 'truncated' && isProper(law.base)) {
    const from = maximum(low, law.low),
      to = minimum(high, law.high);
    const inside = sub(logMassBetween(law.base, from, to), logMassBetween(law.base, law.low, law.high));
    return simplify(cond(apply('le', from, to), inside, minusInfinity));
  }
  if (law.kind === 'family') {
    const own = familyOf(law).logMass;
    if (own !== undefined) return simplify(own.call(familyOf(law), low, high, law.parameters));
  }
  const before = isDiscrete(law) ? sub(apply('ceil', low), one) : low;
  if (!isFiniteBound(low)) return isFiniteBound(high) ? simplify(logTailOf(law, high, 'cdf')) : zero;
  if (!isFiniteBound(high)) return simplify(logTailOf(law, before, 'survival'));
  const tail = (x: Expr, side: 'cdf' | 'survival'): Expr => simplify(logTailOf(law, x, side));
  const upper = logMinusExp(tail(before, 'survival'), tail(high, 'survival')),
    lower = logMinusExp(tail(high, 'cdf'), tail(before, 'cdf'));
  return simplify(cond(apply('gt', cdfOf(law, before), num(0.5)), upper, lower));
}

function logMinusExp(a: Expr, b: Expr): Expr {
  return isConst(b, -Infinity) ? a : apply('logMinusExp', a, b);
}

function logDensityOfPushforward(law: PushforwardLaw, y: ArrayExpr, ofFamily: FamilyDensity): Expr {
  const form = formOf(law);
  const base = (t: Expr): Expr => densityOf(law.base, scalar(t), ofFamily);
  switch (form.kind) {
    case 'monotone':
    case 'counts': {
      if (form.kind === 'monotone' && !isDiscrete(law.base)) return pushedLogDensity(form.pieces, y.body, base);
      return pushedLogMass(
        form.pieces,
        y.body,
        (t) => mapAt(law, t),
        base,
        (low, high) => massBetween(law.base, low, high),
      );
    }
    case 'masses':
      return logMassOfSteps(form.pieces, y.body, (low, high) => massOf(law.base, low, high));
    case 'sum': {
      const x = index('x');
      return reduce('logsumexp', x, form.low, add(form.high, one), cond(apply('eq', mapAt(law, x), y.body), base(x), minusInfinity));
    }
    case 'point':
      return cond(apply('eq', y.body, form.value), zero, minusInfinity);
    case 'affine':
      return sub(logDensityOfDraws(law, solveAffine(form, y), ofFamily), logDeterminantOf(form));
    case 'elementwise': {
      const fresh = law.map.indices.map((i) => index(i.name));
      const sumAll = (body: Expr): Expr => fresh.reduceRight((inner: Expr, i, k) => reduce('sum', i, zero, law.map.dims[k]!, inner), body);
      if (eventRankOf(law.base) === 0) {
        const element = elementLaw(law, form, fresh),
          value = scalar(at(y, ...fresh));
        return sumAll(guarded(element, value, densityOf(element, value, ofFamily)));
      }
      const pieceAt = (where: readonly Expr[]): { readonly t: Expr; readonly logSlope: Expr; readonly tests: readonly Expr[] } => {
        const own = formOfScalarMap(
          elementBody(form, where),
          law.argument,
          { low: endOf(minusInfinity, true), high: endOf(infinity, true) },
          false,
          knownOf(law),
        );
        if (own.kind !== 'monotone') throw new InternalError('an elementwise map that is not monotone');
        const value = at(y, ...where),
          { low, high, open } = imageOf(own.pieces);
        return {
          t: own.pieces[0]!.inverse(value),
          logSlope: own.pieces[0]!.logSlope(value),
          tests: undecided(supportTests({ kind: 'interval', low, high, open }, value)),
        };
      };
      const { logSlope, tests } = pieceAt(fresh);
      const indices = law.map.indices.map((i) => index(i.name));
      const density = sub(densityOf(law.base, { indices, dims: law.map.dims, body: pieceAt(indices).t }, ofFamily), sumAll(logSlope));
      if (tests.length === 0) return density;
      return cond(
        fresh.reduceRight((inner: Expr, i, k) => reduce('prod', i, zero, law.map.dims[k]!, inner), conjunction(tests)),
        density,
        minusInfinity,
      );
    }
    case 'unknown':
      throw new InternalError(`the density of a pushforward that has none: its map ${form.reason}`);
  }
}

/** Log density of the array of draws that the map is applied to. */
function logDensityOfDraws(law: PushforwardLaw, t: ArrayExpr, ofFamily: FamilyDensity): Expr {
  if (law.over.dims.length === 0) return densityOf(law.base, t, ofFamily);
  const fresh = law.over.indices.map((i) => index(i.name));
  const base = substituteLaw(law.base, new Map(law.over.indices.map((i, k) => [i, fresh[k]!])));
  const value = scalar(at(t, ...fresh));
  return fresh.reduceRight(
    (inner: Expr, i, k) => reduce('sum', i, zero, law.over.dims[k]!, inner),
    guarded(base, value, densityOf(base, value, ofFamily)),
  );
}

function tailOfPushforward(law: PushforwardLaw, y: Expr, side: 'cdf' | 'survival'): Expr | null {
  const form = formOf(law);
  switch (form.kind) {
    case 'monotone':
      return isDiscrete(law.base) || !hasCdf(law.base)
        ? null
        : pushedTail(form.pieces, y, side, (low, high) => massOf(law.base, low, high));
    case 'masses':
      return hasCdf(law.base) ? tailOfSteps(form.pieces, y, side, (low, high) => massOf(law.base, low, high)) : null;
    case 'sum': {
      const x = index('x');
      const mass = exp(logDensityOf(law.base, scalar(x)));
      return reduce('sum', x, form.low, add(form.high, one), cond(apply(side === 'cdf' ? 'le' : 'gt', mapAt(law, x), y), mass, zero));
    }
    case 'point':
      return cond(apply(side === 'cdf' ? 'le' : 'gt', form.value, y), one, zero);
    default:
      return null;
  }
}

/** P(low <= X <= high) where a bound may be an end of the support. */
function massOf(law: Law, low: Expr, high: Expr): Expr {
  const support = supportOf(law);
  if (support.kind !== 'interval') return massBetween(law, low, high);
  const from = equal(low, support.low) ? minusInfinity : low,
    to = equal(high, support.high) ? infinity : high;
  return isConst(from, -Infinity) && isConst(to, Infinity) ? one : massBetween(law, from, to);
}
