/**
 * Families and combinators as one thing, a `Law`: density, support, validity and distribution
 * function.
 *
 * truncated: p(x) / P(low <= X <= high) on the interval (both bounds included, discrete laws too);
 * mixture: sum_i w_i p_i(x), by log-sum-exp. All constants are included.
 */
import { InternalError } from '../errors/diagnostic.js';
import type { Span } from '../errors/diagnostic.js';
import { add, apply, at, cond, equal, index, isConst, mul, num, one, reduce, sub, substitute, zero } from '../expr/expr.js';
import type { ArrayExpr, Expr, Index } from '../expr/expr.js';
import { logOf, simplify } from '../expr/simplify.js';
import type { Domain, Family, Support } from './family.js';
import { infinity, minusInfinity } from './notation.js';
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
  | { readonly kind: 'mixture'; readonly index: Index; readonly from: Expr; readonly to: Expr; readonly weight: Expr; readonly component: Law; readonly span: Span }
  | { readonly kind: 'mixtureOf'; readonly weights: readonly Expr[]; readonly components: readonly Law[]; readonly span: Span };

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
    index: i, from: zero, to: num(law.components.length), weight: select(law.weights),
    of: (quantity) => select(law.components.map(quantity)),
  };
}

/** How many trailing dimensions are one draw. */
export function eventRankOf(law: Law): 0 | 1 | 2 { return familyOf(firstFamily(law)).eventRank; }
/** True where the law has masses instead of a density. */
export function isDiscrete(law: Law): boolean { return familyOf(firstFamily(law)).discrete; }
/** Dimensions of one draw. */
export function eventDimsOf(law: Law): readonly Expr[] {
  const first = firstFamily(law);
  return familyOf(first).eventDims(first.parameters);
}
/** False where the law has no normalising constant. */
export function isProper(law: Law): boolean {
  switch (law.kind) {
    case 'family': return familyOf(law).proper;
    case 'truncated': return isProper(law.base) || (isFiniteBound(law.low) && isFiniteBound(law.high));
    case 'mixture': return isProper(law.component);
    case 'mixtureOf': return law.components.every(isProper);
  }
}

/** The family of the law, of its base, or of its first component: all components are of one kind. */
function firstFamily(law: Law): FamilyLaw {
  switch (law.kind) {
    case 'family': return law;
    case 'truncated': return firstFamily(law.base);
    case 'mixture': return firstFamily(law.component);
    case 'mixtureOf': {
      const first = law.components[0];
      if (first === undefined) throw new InternalError('a mixture without components');
      return firstFamily(first);
    }
  }
}

function isFiniteBound(e: Expr): boolean { return !(isConst(e) && !Number.isFinite(e.value)); }
function minimum(a: Expr, b: Expr): Expr {
  return isConst(a, Infinity) ? b : isConst(b, Infinity) ? a : isConst(a, -Infinity) || isConst(b, -Infinity) ? minusInfinity : equal(a, b) ? a : apply('min', a, b);
}
function maximum(a: Expr, b: Expr): Expr {
  return isConst(a, -Infinity) ? b : isConst(b, -Infinity) ? a : isConst(a, Infinity) || isConst(b, Infinity) ? infinity : equal(a, b) ? a : apply('max', a, b);
}

/**
 * Where the law can put its values.
 * @throws InternalError for a truncated law of vectors and for a mixture of laws of different kinds.
 */
export function supportOf(law: Law): Support {
  switch (law.kind) {
    case 'family': return familyOf(law).support(law.parameters);
    case 'truncated': {
      const base = supportOf(law.base);
      if (base.kind === 'interval') return { ...base, low: maximum(base.low, law.low), high: minimum(base.high, law.high), periodic: undefined };
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
    case 'mixtureOf': return law.components.map(supportOf).reduce(union);
  }
}

function rounded(fn: 'floor' | 'ceil', e: Expr): Expr { return isConst(e) ? num(fn === 'floor' ? Math.floor(e.value) : Math.ceil(e.value)) : apply(fn, e); }

function union(a: Support, b: Support): Support {
  if (a.kind === 'interval' && b.kind === 'interval') {
    const open = a.open === true && b.open === true ? true : undefined;
    const periodic = a.periodic === true && b.periodic === true ? true : undefined;
    return { kind: 'interval', low: minimum(a.low, b.low), high: maximum(a.high, b.high), open, periodic };
  }
  const left = asIntegers(a), right = asIntegers(b);
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
    case 'point': return [apply('eq', x, support.value)];
    default: return [];
  }
}

/** Tests that are all non-zero exactly where a scalar lies in a parameter domain. */
export function domainTests(domain: Domain, x: Expr): readonly Expr[] {
  switch (domain) {
    case 'positive': return [apply('gt', x, zero)];
    case 'nonnegative': return [apply('ge', x, zero)];
    case 'unit': return [apply('ge', x, zero), apply('le', x, one)];
    case 'count': return [apply('ge', x, zero), apply('eq', apply('floor', x), x)];
    case 'positiveInt': return [apply('gt', x, zero), apply('eq', apply('floor', x), x)];
    case 'int': return [apply('eq', apply('floor', x), x)];
    case 'real': case 'simplex': case 'positiveVector': case 'orderedVector': case 'vector': case 'cov': case 'precision': case 'choleskyFactor': return [];
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
      const family = familyOf(law), tests: Expr[] = [];
      for (const { name, rank, domain } of family.parameters) {
        const value = law.parameters[name];
        if (value === undefined) throw new InternalError(`argument ${name} of ${law.family} is missing`);
        if (rank === 0) tests.push(...domainTests(domain, value.body));
        else if (domain === 'positiveVector') {
          const k = index('k');
          tests.push(apply('gt', reduce('min', k, zero, value.dims[0]!, at(value, k)), zero));
        } else if (domain === 'orderedVector') {
          const k = index('k');
          tests.push(apply('gt', reduce('min', k, one, value.dims[0]!, sub(at(value, k), at(value, sub(k, one)))), zero));
        }
      }
      for (const condition of family.conditions?.(law.parameters) ?? []) tests.push(apply('gt', condition, zero));
      return keepUndecided(tests);
    }
    case 'truncated': return keepUndecided([...conditionsOf(law.base), apply('lt', law.low, law.high)]);
    case 'mixture': {
      const tests = conditionsOf(law.component);
      return tests.length === 0 ? [] : [reduce('prod', law.index, law.from, law.to, conjunction(tests))];
    }
    case 'mixtureOf': return law.components.flatMap(conditionsOf);
  }
}

/** Tests that are not already true by their form. */
function keepUndecided(tests: readonly Expr[]): readonly Expr[] {
  return tests.map((t) => simplify(t)).filter((t) => !(isConst(t) && t.value !== 0));
}
function conjunction(tests: readonly Expr[]): Expr { return tests.length === 0 ? one : tests.reduce((a, b) => apply('and', a, b)); }

/**
 * Log density (or log mass) at x with every normalising constant, for x in the support and valid
 * parameters; components of a mixture with a smaller support than the mixture are guarded.
 * @throws InternalError where a truncated law has no distribution function.
 */
export function logDensityOf(law: Law, x: ArrayExpr): Expr {
  switch (law.kind) {
    case 'family': return familyOf(law).logDensity(x, law.parameters);
    case 'truncated': {
      const density = logDensityOf(law.base, x);
      return isProper(law) ? sub(density, logMassBetween(law.base, law.low, law.high)) : density;
    }
    case 'mixture': case 'mixtureOf': {
      const components = componentsOf(law);
      const whole = supportOf(law);
      const density = components.of((component) => {
        const inner = logDensityOf(component, x);
        return equalSupports(supportOf(component), whole) || eventRankOf(component) > 0 ? inner : guarded(component, x, inner);
      });
      return reduce('logsumexp', components.index, components.from, components.to, add(logOf(components.weight), density));
    }
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

/** `logDensityOf` with -Infinity outside the support of a scalar and for invalid parameters. */
export function guardedLogDensityOf(law: Law, x: ArrayExpr): Expr {
  const valid = conditionsOf(law);
  const inside = eventRankOf(law) === 0 ? guarded(law, x, logDensityOf(law, x)) : logDensityOf(law, x);
  return valid.length === 0 ? inside : cond(conjunction(valid), inside, minusInfinity);
}

/** True where `cdfOf`, `survivalOf` can be stated. */
export function hasCdf(law: Law): boolean {
  switch (law.kind) {
    case 'family': return familyOf(law).cdf !== undefined;
    case 'truncated': return isProper(law.base) ? hasCdf(law.base) : isProper(law);
    case 'mixture': return hasCdf(law.component);
    case 'mixtureOf': return law.components.every(hasCdf);
  }
}

/**
 * P(X <= x) for every real x.
 * @throws InternalError where the law has no distribution function (see `hasCdf`).
 */
export function cdfOf(law: Law, x: Expr): Expr { return tailOf(law, x, 'cdf'); }
/**
 * P(X > x) for every real x, without cancellation in the upper tail.
 * @throws InternalError where the law has no distribution function.
 */
export function survivalOf(law: Law, x: Expr): Expr { return tailOf(law, x, 'survival'); }

function tailOf(law: Law, x: Expr, side: 'cdf' | 'survival'): Expr {
  const below = side === 'cdf' ? zero : one, above = side === 'cdf' ? one : zero;
  switch (law.kind) {
    case 'family': {
      const family = familyOf(law), f = family[side];
      if (f === undefined) throw new InternalError(`${law.family} has no distribution function`);
      return overSupport(supportOf(law), x, below, f.call(family, x, law.parameters), above);
    }
    case 'truncated': {
      const inside = side === 'cdf' ? massBetween(law.base, law.low, x) : massBetween(law.base, afterValue(law.base, x), law.high);
      return overSupport(supportOf(law), x, below, mul(inside, apply('pow', massBetween(law.base, law.low, law.high), num(-1))), above);
    }
    case 'mixture': case 'mixtureOf': {
      const components = componentsOf(law);
      return reduce('sum', components.index, components.from, components.to, mul(components.weight, components.of((c) => tailOf(c, x, side))));
    }
  }
}

/** The least value that counts as above x when both ends of an interval are included. */
function afterValue(law: Law, x: Expr): Expr { return isDiscrete(law) ? add(apply('floor', x), one) : x; }

function overSupport(support: Support, x: Expr, below: Expr, inside: Expr, above: Expr): Expr {
  if (support.kind !== 'interval' && support.kind !== 'integers') return inside;
  // A continuous law has its limit at an included lower bound; an integer law already has mass there.
  const under = support.kind === 'interval' ? 'le' : 'lt';
  const upper = isFiniteBound(support.high) ? simplify(apply('ge', x, support.high)) : isConst(x) ? num(x.value === Infinity ? 1 : 0) : apply('eq', x, infinity);
  const lower = isFiniteBound(support.low) ? simplify(apply(under, x, support.low)) : isConst(x) ? num(x.value === -Infinity ? 1 : 0) : apply('eq', x, minusInfinity);
  return cond(lower, below, cond(upper, above, inside));
}

/** P(low <= X <= high), from the tail in which fewer digits cancel. */
function massBetween(law: Law, low: Expr, high: Expr): Expr {
  if (law.kind === 'family' && !familyOf(law).proper) return sub(high, low);
  const before = isDiscrete(law) ? sub(apply('ceil', low), one) : low;
  if (!isFiniteBound(low)) return simplify(cdfOf(law, high));
  if (!isFiniteBound(high)) return simplify(survivalOf(law, before));
  const lower = sub(cdfOf(law, high), cdfOf(law, before)), upper = sub(survivalOf(law, before), survivalOf(law, high));
  return simplify(cond(apply('gt', cdfOf(law, before), num(0.5)), upper, lower));
}
function logMassBetween(law: Law, low: Expr, high: Expr): Expr { return simplify(logOf(massBetween(law, low, high))); }

/**
 * Smallest x with cdf(x) >= u, for 0 < u < 1; null where there is no closed form (mixtures).
 */
export function quantileOf(law: Law, u: Expr): Expr | null {
  switch (law.kind) {
    case 'family': { const family = familyOf(law); return family.quantile?.(u, law.parameters) ?? null; }
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
    case 'mixture': case 'mixtureOf': return null;
  }
}

/** Rounding must not carry a quantile over the bounds. */
function within(law: Extract<Law, { kind: 'truncated' }>, x: Expr): Expr { return maximum(law.low, minimum(law.high, x)); }

/** A law with indices replaced in all its expressions. */
export function substituteLaw(law: Law, map: ReadonlyMap<Index, Expr>): Law {
  return mapLaw(law, (e) => substitute(e, map));
}
/** A law with every expression mapped. */
export function mapLaw(law: Law, f: (e: Expr) => Expr): Law {
  switch (law.kind) {
    case 'family': return {
      ...law,
      parameters: Object.fromEntries(Object.entries(law.parameters).map(([name, a]) => [name, { indices: a.indices, dims: a.dims.map(f), body: f(a.body) }])),
    };
    case 'truncated': return { ...law, base: mapLaw(law.base, f), low: f(law.low), high: f(law.high) };
    case 'mixture': return { ...law, from: f(law.from), to: f(law.to), weight: f(law.weight), component: mapLaw(law.component, f) };
    case 'mixtureOf': return { ...law, weights: law.weights.map(f), components: law.components.map((c) => mapLaw(c, f)) };
  }
}
