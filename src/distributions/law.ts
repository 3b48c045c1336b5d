/**
 * Families and combinators as one thing, a `Law`: density, support, validity and distribution
 * function.
 *
 * truncated: p(x) / P(low <= X <= high) on the interval (both bounds included, discrete laws too);
 * mixture: sum_i w_i p_i(x), by log-sum-exp; censored: P(X <= low) at or below low, P(X >= high) at or
 * above high; pushforward: the law of T(X) (`pushforward.ts`). All constants are included.
 */
import { InternalError } from '../errors/diagnostic.js';
import type { Span } from '../errors/diagnostic.js';
import { add, apply, at, cond, equal, exp, index, isConst, mul, num, one, reduce, scalar, sub, substitute, zero } from '../expr/expr.js';
import type { ArrayExpr, Expr, Index } from '../expr/expr.js';
import type { Bounds } from '../expr/intervals.js';
import { printText } from '../expr/print.js';
import { logOf, simplify } from '../expr/simplify.js';
import type { Arguments, Domain, Family, Support } from './family.js';
import { infinity, minusInfinity } from './notation.js';
import {
  elementBody,
  formOfScalarMap,
  formOfVectorMap,
  imageOf,
  logDeterminantOf,
  logMassOfSteps,
  type MapArgument,
  type MapForm,
  named,
  pushedLogDensity,
  pushedLogMass,
  pushedQuantile,
  pushedTail,
  rangeOfCounts,
  rangeOfSteps,
  solveAffine,
  splitVectorMap,
  tailOfSteps,
  type VectorForm,
} from './pushforward.js';
import { replaceArgument } from './pushforwardPieces.js';
import { families } from './registry.js';

/** A distribution with event-shaped arguments; broadcasting was turned into plates. */
export type Law =
  | {
      readonly kind: 'family';
      readonly family: string;
      /** Canonical parameters by name (alternatives were rewritten by the family), each of its event rank. */
      readonly parameters: Readonly<Record<string, ArrayExpr>>;
      readonly span: Span;
    }
  | { readonly kind: 'truncated'; readonly base: Law; readonly low: Expr; readonly high: Expr; readonly span: Span }
  /** `sum_i weight(i) * component(i)` over `from <= index < to`. */
  | {
      readonly kind: 'mixture';
      readonly index: Index;
      readonly from: Expr;
      readonly to: Expr;
      readonly weight: Expr;
      readonly component: Law;
      readonly span: Span;
    }
  | { readonly kind: 'mixtureOf'; readonly weights: readonly Expr[]; readonly components: readonly Law[]; readonly span: Span }
  /** A value at or beyond a bound says only that the draw lay there. */
  | { readonly kind: 'censored'; readonly base: Law; readonly low: Expr; readonly high: Expr; readonly span: Span }
  | PushforwardLaw;

/** The law of `map` of a draw: one of `base`, or an array of independent ones, `base` at each of `over`. */
export interface PushforwardLaw {
  readonly kind: 'pushforward';
  readonly base: Law;
  readonly over: { readonly indices: readonly Index[]; readonly dims: readonly Expr[] };
  /** Stands for the draw in `map`, by references to elements of it (`over` first, then the event of `base`). */
  readonly argument: MapArgument;
  readonly map: ArrayExpr;
  /** True where the map gives whole numbers by its type. */
  readonly integer: boolean;
  /** Bounds of the variables of the program by name, as far as types and families tell. */
  readonly known: ReadonlyMap<string, Bounds>;
  readonly span: Span;
}
function knownOf(law: PushforwardLaw): (part: Expr) => Bounds | null {
  return (part) => (part.op === 'ref' ? (law.known.get(part.variable) ?? null) : null);
}

type FamilyLaw = Extract<Law, { kind: 'family' }>;

/** The family of a law that is one. @throws InternalError for a name that is not in the registry. */
export function familyOf(law: FamilyLaw): Family {
  const family = families.get(law.family);
  if (family === undefined) throw new InternalError(`unknown family ${law.family}`);
  return family;
}

/** One component of a mixture with its weight, as a function of a position 0..count-1. */
interface Components {
  readonly index: Index;
  readonly from: Expr;
  readonly to: Expr;
  readonly weight: Expr;
  /** A quantity of the component at `index`. */
  of(quantity: (component: Law) => Expr): Expr;
}

function componentsOf(law: Extract<Law, { kind: 'mixture' | 'mixtureOf' }>): Components {
  if (law.kind === 'mixture') {
    return { index: law.index, from: law.from, to: law.to, weight: law.weight, of: (quantity) => quantity(law.component) };
  }
  const i = index('k');
  const select = (values: readonly Expr[]): Expr => {
    const last = values[values.length - 1];
    if (last === undefined) throw new InternalError('a mixture without components');
    return values.slice(0, -1).reduceRight((rest: Expr, value, k) => cond(apply('eq', i, num(k)), value, rest), last);
  };
  return {
    index: i,
    from: zero,
    to: num(law.components.length),
    weight: select(law.weights),
    of: (quantity) => select(law.components.map(quantity)),
  };
}

/** How many trailing dimensions are one draw. */
export function eventRankOf(law: Law): number {
  const first = firstLaw(law);
  return first.kind === 'family' ? familyOf(first).eventRank : first.map.dims.length;
}
/** True where the law has masses instead of a density. */
export function isDiscrete(law: Law): boolean {
  const first = firstLaw(law);
  if (first.kind === 'family') return familyOf(first).discrete;
  return first.integer || isDiscrete(first.base) || (first.map.dims.length === 0 && formOf(flattened(first)).kind === 'masses');
}
/** Dimensions of one draw. */
export function eventDimsOf(law: Law): readonly Expr[] {
  const first = firstLaw(law);
  return first.kind === 'family' ? familyOf(first).eventDims(first.parameters) : first.map.dims;
}
/** False where the law has no normalising constant. */
export function isProper(law: Law): boolean {
  switch (law.kind) {
    case 'family':
      return familyOf(law).proper;
    case 'truncated':
      return isProper(law.base) || (isFiniteBound(law.low) && isFiniteBound(law.high));
    case 'mixture':
      return isProper(law.component);
    case 'mixtureOf':
      return law.components.every(isProper);
    case 'censored':
    case 'pushforward':
      return isProper(law.base);
  }
}

/** The law itself, its base, or its first component, without combinators that keep the kind of values: all components are of one kind. */
function firstLaw(law: Law): FamilyLaw | PushforwardLaw {
  switch (law.kind) {
    case 'family':
    case 'pushforward':
      return law;
    case 'truncated':
    case 'censored':
      return firstLaw(law.base);
    case 'mixture':
      return firstLaw(law.component);
    case 'mixtureOf': {
      const first = law.components[0];
      if (first === undefined) throw new InternalError('a mixture without components');
      return firstLaw(first);
    }
  }
}

function isFiniteBound(e: Expr): boolean {
  return !(isConst(e) && !Number.isFinite(e.value));
}
function minimum(a: Expr, b: Expr): Expr {
  if (isConst(a, Infinity)) return b;
  if (isConst(b, Infinity)) return a;
  if (isConst(a, -Infinity) || isConst(b, -Infinity)) return minusInfinity;
  return equal(a, b) ? a : apply('min', a, b);
}
function maximum(a: Expr, b: Expr): Expr {
  if (isConst(a, -Infinity)) return b;
  if (isConst(b, -Infinity)) return a;
  if (isConst(a, Infinity) || isConst(b, Infinity)) return infinity;
  return equal(a, b) ? a : apply('max', a, b);
}

/**
 * Where the law can put its values.
 * @throws InternalError for a truncated law of vectors and for a mixture of laws of different kinds.
 */
export function supportOf(law: Law): Support {
  switch (law.kind) {
    case 'family':
      return familyOf(law).support(law.parameters);
    case 'truncated': {
      const base = supportOf(law.base);
      if (base.kind === 'interval')
        return { ...base, low: maximum(base.low, law.low), high: minimum(base.high, law.high), periodic: undefined };
      if (base.kind === 'integers') {
        return { kind: 'integers', low: maximum(base.low, rounded('ceil', law.low)), high: minimum(base.high, rounded('floor', law.high)) };
      }
      if (base.kind === 'point') return base;
      throw new InternalError('only laws of scalars can be truncated');
    }
    case 'mixture': {
      const component = supportOf(law.component);
      if (component.kind !== 'interval' && component.kind !== 'integers') return component;
      const over = (kind: 'min' | 'max', e: Expr): Expr => {
        const moved = reduce(kind, law.index, law.from, law.to, e);
        return isConst(e) ? e : simplify(moved);
      };
      return { ...component, low: over('min', component.low), high: over('max', component.high) };
    }
    case 'mixtureOf':
      return law.components.map(supportOf).reduce(union);
    case 'censored': {
      // Values beyond a bound say what a value at the bound says.
      const base = supportOf(law.base);
      if (base.kind !== 'interval' && base.kind !== 'integers') return base;
      return {
        kind: base.kind,
        low: isFiniteBound(law.low) ? minusInfinity : base.low,
        high: isFiniteBound(law.high) ? infinity : base.high,
      };
    }
    case 'pushforward':
      return supportOfPushforward(flattened(law));
  }
}

function rounded(fn: 'floor' | 'ceil', e: Expr): Expr {
  return isConst(e) ? num(fn === 'floor' ? Math.floor(e.value) : Math.ceil(e.value)) : apply(fn, e);
}

function union(a: Support, b: Support): Support {
  if (a.kind === 'interval' && b.kind === 'interval') {
    const open = a.open === true && b.open === true ? true : undefined;
    const periodic = a.periodic === true && b.periodic === true ? true : undefined;
    return { kind: 'interval', low: minimum(a.low, b.low), high: maximum(a.high, b.high), open, periodic };
  }
  const left = asIntegers(a),
    right = asIntegers(b);
  if (left !== null && right !== null) return { kind: 'integers', low: minimum(left.low, right.low), high: maximum(left.high, right.high) };
  if (a.kind !== b.kind) throw new InternalError('a mixture of laws of different kinds');
  return a;
}
/** Integer supports, and points (zero-inflation: a Delta among counts). */
function asIntegers(s: Support): { readonly low: Expr; readonly high: Expr } | null {
  if (s.kind === 'integers') return s;
  return s.kind === 'point' ? { low: s.value, high: s.value } : null;
}

/** Tests that are all non-zero exactly where a scalar x lies in the support; empty for the real line and for vectors and matrices. */
export function supportTests(support: Support, x: Expr): readonly Expr[] {
  switch (support.kind) {
    case 'interval': {
      const [above, below] = support.open === true ? ['gt', 'lt'] : ['ge', 'le'];
      const tests: Expr[] = [];
      if (isFiniteBound(support.low)) tests.push(apply(above!, x, support.low));
      if (isFiniteBound(support.high)) tests.push(apply(below!, x, support.high));
      return tests;
    }
    case 'integers': {
      const tests: Expr[] = [apply('eq', apply('floor', x), x)];
      if (isFiniteBound(support.low)) tests.push(apply('ge', x, support.low));
      if (isFiniteBound(support.high)) tests.push(apply('le', x, support.high));
      return tests;
    }
    case 'point':
      return [apply('eq', x, support.value)];
    default:
      return [];
  }
}

/** Tests that are all non-zero exactly where a scalar lies in a parameter domain. */
export function domainTests(domain: Domain, x: Expr): readonly Expr[] {
  switch (domain) {
    case 'positive':
      return [apply('gt', x, zero)];
    case 'nonnegative':
      return [apply('ge', x, zero)];
    case 'unit':
      return [apply('ge', x, zero), apply('le', x, one)];
    case 'count':
      return [apply('ge', x, zero), apply('eq', apply('floor', x), x)];
    case 'positiveInt':
      return [apply('gt', x, zero), apply('eq', apply('floor', x), x)];
    case 'int':
      return [apply('eq', apply('floor', x), x)];
    case 'real':
    case 'simplex':
    case 'positiveVector':
    case 'orderedVector':
    case 'vector':
    case 'cov':
    case 'precision':
    case 'choleskyFactor':
      return [];
  }
}

/**
 * Tests that are all non-zero exactly where the parameters are valid: domains of scalars, positivity
 * of vectors, conditions between parameters. Simplexes and matrices are not tested here: they are
 * checked on data and hold by construction for unknowns.
 */
export function conditionsOf(law: Law): readonly Expr[] {
  switch (law.kind) {
    case 'family': {
      const family = familyOf(law),
        tests: Expr[] = [];
      for (const { name, rank, domain } of family.parameters) {
        const value = law.parameters[name];
        if (value === undefined) throw new InternalError(`argument ${name} of ${law.family} is missing`);
        if (rank === 0) tests.push(...domainTests(domain, value.body));
        else if (domain === 'positiveVector') {
          const k = index('k');
          tests.push(apply('gt', reduce('min', k, zero, value.dims[0]!, at(value, k)), zero));
        } else if (domain === 'orderedVector') {
          const k = index('k');
          // A product of tests: the least step of a vector of one element is infinite, which integers do not hold.
          tests.push(reduce('prod', k, one, value.dims[0]!, apply('gt', at(value, k), at(value, sub(k, one)))));
        }
      }
      for (const condition of family.conditions?.(law.parameters) ?? []) tests.push(apply('gt', condition, zero));
      return keepUndecided(tests);
    }
    case 'truncated':
    case 'censored':
      return keepUndecided([...conditionsOf(law.base), apply(isDiscrete(law.base) ? 'le' : 'lt', law.low, law.high)]);
    case 'mixture': {
      const tests = conditionsOf(law.component);
      return tests.length === 0 ? [] : [reduce('prod', law.index, law.from, law.to, conjunction(tests))];
    }
    case 'mixtureOf':
      return law.components.flatMap(conditionsOf);
    case 'pushforward':
      return keepUndecided(conditionsOfPushforward(flattened(law)));
  }
}

/** Tests that are not already true by their form. */
function keepUndecided(tests: readonly Expr[]): readonly Expr[] {
  return tests.map((t) => simplify(t)).filter((t) => !(isConst(t) && t.value !== 0));
}
function conjunction(tests: readonly Expr[]): Expr {
  return tests.length === 0 ? one : tests.reduce((a, b) => apply('and', a, b));
}

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
  const tests = keepUndecided(supportTests(supportOf(law), x.body));
  return tests.length === 0 ? density : cond(conjunction(tests), density, minusInfinity);
}

/** `logDensityOf` (or the density given) with -Infinity outside the support of a scalar and for invalid parameters. */
export function guardedLogDensityOf(law: Law, x: ArrayExpr, density: (law: Law, x: ArrayExpr) => Expr = logDensityOf): Expr {
  const valid = conditionsOf(law);
  const inside = eventRankOf(law) === 0 ? guarded(law, x, density(law, x)) : density(law, x);
  return valid.length === 0 ? inside : cond(conjunction(valid), inside, minusInfinity);
}

/** True where `cdfOf`, `survivalOf` can be stated. */
export function hasCdf(law: Law): boolean {
  switch (law.kind) {
    case 'family':
      return familyOf(law).cdf !== undefined;
    case 'truncated':
      return isProper(law.base) ? hasCdf(law.base) : isProper(law);
    case 'mixture':
      return hasCdf(law.component);
    case 'mixtureOf':
      return law.components.every(hasCdf);
    case 'censored':
      return hasCdf(law.base);
    case 'pushforward':
      return tailOfPushforward(flattened(law), zero, 'cdf') !== null;
  }
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
function massBetween(law: Law, low: Expr, high: Expr): Expr {
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

/** A law with indices replaced in all its expressions. */
export function substituteLaw(law: Law, map: ReadonlyMap<Index, Expr>): Law {
  return mapLaw(law, (e) => substitute(e, map));
}
/** A law with every expression mapped. */
export function mapLaw(law: Law, f: (e: Expr) => Expr): Law {
  switch (law.kind) {
    case 'family':
      return {
        ...law,
        parameters: Object.fromEntries(
          Object.entries(law.parameters).map(([name, a]) => [name, { indices: a.indices, dims: a.dims.map(f), body: f(a.body) }]),
        ),
      };
    case 'truncated':
      return { ...law, base: mapLaw(law.base, f), low: f(law.low), high: f(law.high) };
    case 'mixture':
      return { ...law, from: f(law.from), to: f(law.to), weight: f(law.weight), component: mapLaw(law.component, f) };
    case 'mixtureOf':
      return { ...law, weights: law.weights.map(f), components: law.components.map((c) => mapLaw(c, f)) };
    case 'censored':
      return { ...law, base: mapLaw(law.base, f), low: f(law.low), high: f(law.high) };
    case 'pushforward':
      return {
        ...law,
        base: mapLaw(law.base, f),
        over: { indices: law.over.indices, dims: law.over.dims.map(f) },
        map: { indices: law.map.indices, dims: law.map.dims.map(f), body: f(law.map.body) },
      };
  }
}

// --- pushforwards -----------------------------------------------------------------------------

type Form =
  | MapForm
  | Exclude<VectorForm, { kind: 'unknown' }>
  /** Finitely many integers x, `low <= x <= high`: masses are added over all of them. */
  | { readonly kind: 'sum'; readonly low: Expr; readonly high: Expr }
  | { readonly kind: 'point'; readonly value: Expr };

function unknown(reason: string, part: Expr | null = null): MapForm {
  return { kind: 'unknown', reason, part };
}
function mapAt(law: PushforwardLaw, t: Expr): Expr {
  return simplify(replaceArgument(law.map.body, law.argument.name, () => t));
}

function isContinuousScalar(law: Law): boolean {
  const first = firstLaw(law);
  if (first.kind === 'family') return familyOf(first).eventRank === 0 && !familyOf(first).discrete;
  return !first.integer && first.map.dims.length === 0 && first.over.dims.length === 0 && isContinuousScalar(first.base);
}
/**
 * A map of a continuous transformed variable as one map of what that was made of; a map of a vector that is made of two as a map of a
 * mapped one.
 */
function flattened(law: PushforwardLaw): PushforwardLaw {
  let whole = law;
  for (let { base } = whole; base.kind === 'pushforward'; base = whole.base) {
    if (whole.over.dims.length > 0 || !isContinuousScalar(base)) break;
    const inner = base.map.body;
    const body = replaceArgument(whole.map.body, whole.argument.name, () => inner);
    whole = { ...whole, base: base.base, argument: base.argument, map: { ...whole.map, body } };
  }
  if (whole.map.dims.length !== 1) return whole;
  const between = { name: `${whole.argument.name} mapped`, text: whole.argument.text };
  const parts = splitVectorMap(whole.map, whole.argument.name, between.name, [...whole.over.dims, ...eventDimsOf(whole.base)]);
  return parts === null
    ? whole
    : { ...whole, over: { indices: [], dims: [] }, argument: between, base: { ...whole, map: parts.first }, map: parts.second };
}

/** What can be said of the law of a map in closed form. */
function formOf(law: PushforwardLaw): Form {
  const inner = noDensityReason(law.base);
  if (inner !== null) return unknown(inner);
  if (law.base.kind === 'censored') return unknown('is applied to a censored law: let censored stand outermost');
  const dims = [...law.over.dims, ...eventDimsOf(law.base)];
  if (dims.length > 0) return formOfVectors(law, dims);
  if (law.map.dims.length > 0) return unknown('turns a number into an array, which has no density');
  const support = supportOf(law.base);
  switch (support.kind) {
    case 'point':
      return { kind: 'point', value: mapAt(law, support.value) };
    case 'interval': {
      if (isDiscrete(law.base)) return unknown('is applied to values with masses that are no whole numbers');
      return formOfScalarMap(law.map.body, law.argument, continuousEnds(support), false, knownOf(law));
    }
    case 'integers': {
      const end = (value: Expr): { readonly value: Expr; readonly open: boolean; readonly shared: boolean } => ({
        value,
        open: !isFiniteBound(value),
        shared: false,
      });
      const form = formOfScalarMap(law.map.body, law.argument, { low: end(support.low), high: end(support.high) }, true, knownOf(law));
      // One branch costs one evaluation, a sum one for each value of X.
      if (form.kind === 'monotone' && form.pieces.length === 1) return form;
      if (isFiniteBound(support.low) && isFiniteBound(support.high)) return { kind: 'sum', low: support.low, high: support.high };
      return form.kind === 'counts' && !hasCdf(law.base)
        ? unknown('gives one value for many, and the distribution function that adds them up is not known')
        : form;
    }
    default:
      return unknown('is applied to arrays of a kind whose maps have no density here');
  }
}
function continuousEnds(support: Support & { kind: 'interval' }): {
  readonly low: ReturnType<typeof endOf>;
  readonly high: ReturnType<typeof endOf>;
} {
  return { low: endOf(support.low, support.open === true), high: endOf(support.high, support.open === true) };
}
function endOf(value: Expr, open: boolean): { readonly value: Expr; readonly open: boolean; readonly shared: boolean } {
  return { value, open: open || !isFiniteBound(value), shared: false };
}

function formOfVectors(law: PushforwardLaw, dims: readonly Expr[]): Form {
  if (isDiscrete(law.base))
    return unknown('works on arrays of whole numbers; where it works on each by itself write iid(pushforward(...), n)');
  const inner = supportOf(law.base).kind;
  if (inner !== (eventRankOf(law.base) === 0 ? 'interval' : 'vector'))
    return unknown('is a map of arrays whose elements are tied to each other');
  if (eventRankOf(law.base) > 0 && law.over.dims.length > 0) return unknown('is a map of several arrays');
  if (law.map.dims.length === 0) return unknown('turns an array into one number, so that it is not one-to-one', law.map.body);
  const form = formOfVectorMap(law.map, law.argument.name, dims);
  if (form.kind === 'elementwise') {
    const element = elementLaw(law, form, form.indices);
    const own =
      eventRankOf(law.base) === 0
        ? formOf(element)
        : formOfScalarMap(
            element.map.body,
            law.argument,
            { low: endOf(minusInfinity, true), high: endOf(infinity, true) },
            false,
            knownOf(law),
          );
    if (own.kind === 'unknown') return own;
    if (own.kind !== 'monotone') return unknown('gives an array of whole numbers', law.map.body);
    if (eventRankOf(law.base) > 0 && own.pieces.length > 1)
      return unknown('is not one-to-one in each element of an array whose elements depend on each other', law.map.body);
  }
  return form;
}

/** The law of one element of an elementwise map of independent draws. */
function elementLaw(law: PushforwardLaw, form: VectorForm & { kind: 'elementwise' }, where: readonly Expr[]): PushforwardLaw {
  const base = substituteLaw(law.base, new Map(law.over.indices.map((i, k) => [i, where[k]!])));
  return { ...law, base, over: { indices: [], dims: [] }, map: { indices: [], dims: [], body: elementBody(form, where) } };
}

function supportOfPushforward(law: PushforwardLaw): Support {
  if (law.map.dims.length > 0) return { kind: 'vector', dimension: law.map.dims[0]! };
  const form = formOf(law),
    kind = law.integer ? 'integers' : 'interval';
  switch (form.kind) {
    case 'monotone': {
      const { low, high, open } = imageOf(form.pieces);
      return law.integer ? { kind, low, high } : { kind: 'interval', low, high, ...(open ? { open } : {}) };
    }
    case 'masses':
      return { kind, ...rangeOfSteps(form.pieces) };
    case 'counts':
      return { kind, ...rangeOfCounts(form.pieces) };
    case 'sum': {
      const x = index('x');
      const over = (fn: 'min' | 'max'): Expr => extremeValue(fn, form, x, mapAt(law, x));
      return { kind, low: over('min'), high: over('max') };
    }
    case 'point':
      return { kind: 'point', value: form.value };
    default:
      return { kind, low: minusInfinity, high: infinity };
  }
}
/** Up to this many values are tried one by one. */
const mostTried = 4096;
function extremeValue(fn: 'min' | 'max', form: { readonly low: Expr; readonly high: Expr }, x: Index, value: Expr): Expr {
  const low = simplify(form.low),
    high = simplify(form.high);
  if (isConst(low) && isConst(high) && high.value - low.value < mostTried) {
    let best = fn === 'min' ? Infinity : -Infinity;
    for (let k = low.value; k <= high.value; k++) {
      const one_ = simplify(substitute(value, new Map([[x, num(k)]])));
      if (!isConst(one_)) {
        best = Number.NaN;
        break;
      }
      best = fn === 'min' ? Math.min(best, one_.value) : Math.max(best, one_.value);
    }
    if (!Number.isNaN(best)) return num(best);
  }
  return reduce(fn, x, low, add(high, one), value);
}

/** Expressions at whose zeros the map stops being one-to-one, with what is wrong there. */
export function degeneracies(given: PushforwardLaw): readonly { readonly expression: Expr; readonly reason: string }[] {
  const law = flattened(given),
    form = formOf(law);
  switch (form.kind) {
    case 'monotone':
    case 'masses':
    case 'counts':
      return form.nonzero.map((expression) => ({ expression, reason: `\`${printText(shown(law, expression))}\` is 0` }));
    case 'affine':
      return [{ expression: exp(logDeterminantOf(form)), reason: 'the matrix of the map is singular' }];
    default:
      return [];
  }
}

function conditionsOfPushforward(law: PushforwardLaw): readonly Expr[] {
  const overAll = (tests: readonly Expr[]): readonly Expr[] =>
    law.over.dims.length === 0 || tests.length === 0
      ? tests
      : [law.over.indices.reduceRight((inner: Expr, i, k) => reduce('prod', i, zero, law.over.dims[k]!, inner), conjunction(tests))];
  const own = overAll(conditionsOf(law.base));
  const form = formOf(law);
  switch (form.kind) {
    case 'monotone':
    case 'masses':
    case 'counts':
      return [...own, ...form.nonzero.map((e) => apply('ne', e, zero))];
    case 'affine':
      return [...own, apply('gt', logDeterminantOf(form), minusInfinity)];
    case 'elementwise': {
      const element = elementLaw(law, form, form.indices);
      const inner =
        eventRankOf(law.base) === 0
          ? formOf(element)
          : formOfScalarMap(
              element.map.body,
              law.argument,
              { low: endOf(minusInfinity, true), high: endOf(infinity, true) },
              false,
              knownOf(law),
            );
      const nonzero = inner.kind === 'monotone' ? inner.nonzero.map((e) => apply('ne', e, zero)) : [];
      return nonzero.length === 0
        ? own
        : [...own, form.indices.reduceRight((body: Expr, i, k) => reduce('prod', i, zero, law.map.dims[k]!, body), conjunction(nonzero))];
    }
    default:
      return own;
  }
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
          tests: keepUndecided(supportTests({ kind: 'interval', low, high, open }, value)),
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

/**
 * Why the law of a statement has no density that could be evaluated, about a part of its text; null
 * where it has one. Parts of maps are shown as the program names them.
 */
export function noDensityReason(law: Law): string | null {
  switch (law.kind) {
    case 'family':
      return null;
    case 'truncated':
      return (
        noDensityReason(law.base) ??
        (law.base.kind === 'censored'
          ? innerCensored
          : !isProper(law) || hasCdf(law)
            ? null
            : 'it is truncated, and the distribution function of what is truncated is not known')
      );
    case 'censored':
      return (
        noDensityReason(law.base) ??
        (law.base.kind === 'censored'
          ? innerCensored
          : hasCdf(law.base)
            ? null
            : 'it is censored, and the distribution function of what is censored is not known')
      );
    case 'mixture':
      return noDensityReason(law.component) ?? (law.component.kind === 'censored' ? innerCensored : null);
    case 'mixtureOf': {
      const inner = law.components.map(noDensityReason).find((r) => r !== null) ?? null;
      if (inner !== null) return inner;
      if (law.components.some((c) => c.kind === 'censored')) return innerCensored;
      const discrete = law.components.map(isDiscrete);
      return discrete.includes(true) && discrete.includes(false) ? 'it mixes masses with a density' : null;
    }
    case 'pushforward': {
      const whole = flattened(law),
        form = formOf(whole);
      if (form.kind === 'unknown') {
        return (
          noDensityReason(whole.base) ?? `${form.part === null ? 'its map' : `\`${printText(shown(whole, form.part))}\``} ${form.reason}`
        );
      }
      if (form.kind === 'masses' && !hasCdf(whole.base))
        return 'its map gives masses, and the distribution function they are differences of is not known';
      return null;
    }
  }
}
/** Values beyond a bound of a censored law stand for the bound, so that nothing can be computed from its density but the density. */
const innerCensored = 'it is made of a censored law: let censored stand outermost';
function shown(law: PushforwardLaw, part: Expr): Expr {
  return named(part, law.argument);
}

/** Why a law cannot be that of an unknown although it has a density; null where it can. */
export function noLatentReason(law: Law): string | null {
  switch (law.kind) {
    case 'family':
      return null;
    case 'truncated':
      return noLatentReason(law.base);
    case 'censored':
      return 'part of its probability lies on its bounds: an unknown cannot be censored, only data can';
    case 'mixture':
      return noLatentReason(law.component);
    case 'mixtureOf':
      return law.components.map(noLatentReason).find((r) => r !== null) ?? null;
    case 'pushforward':
      return isDiscrete(law) && !law.integer
        ? 'its values have masses and are no whole numbers; give the unknown the law before the map and use the map in a let'
        : noLatentReason(law.base);
  }
}
