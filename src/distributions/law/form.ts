/**
 * What the form of a law tells: masses or a density, its support, whether its distribution function can be stated, and in words
 * why it has no density. For the law of a map all of this follows from the pieces of the map (`formOf`), so these functions
 * call each other.
 */
import { InternalError } from '../../errors/diagnostic.js';
import { add, apply, index, isConst, num, one, reduce, substitute, type Expr, type Index } from '../../expr/expr.js';
import type { Bounds } from '../../expr/intervals.js';
import { printText } from '../../expr/print.js';
import { simplify } from '../../expr/simplify.js';
import type { Support } from '../family.js';
import { infinity, minusInfinity } from '../notation.js';
import { elementBody, formOfVectorMap, splitVectorMap, type VectorForm } from '../pushforward/vectorMaps.js';
import { formOfScalarMap, imageOf, rangeOfCounts, type MapForm } from '../pushforward/scalarMaps.js';
import { rangeOfSteps } from '../pushforward/roundedMaps.js';
import { named, replaceArgument } from '../pushforward/argument.js';
import { firstLaw, familyOf, isProper, eventDimsOf, eventRankOf, substituteLaw, type PushforwardLaw, type Law } from './law.js';
import { maximum, minimum, isFiniteBound } from '../bounds.js';

/** Bounds of the variables of the program, as the law knows them. */
export function knownOf(law: PushforwardLaw): (part: Expr) => Bounds | null {
  return (part) => (part.op === 'ref' ? (law.known.get(part.variable) ?? null) : null);
}

/** True where the law has masses instead of a density. */
export function isDiscrete(law: Law): boolean {
  const first = firstLaw(law);
  if (first.kind === 'family') return familyOf(first).discrete;
  return first.integer || isDiscrete(first.base) || (first.map.dims.length === 0 && formOf(flattened(first)).kind === 'masses');
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
      return hasTail(flattened(law));
  }
}

/** True where `tailOfPushforward` can be stated. */
function hasTail(law: PushforwardLaw): boolean {
  const form = formOf(law);
  switch (form.kind) {
    case 'monotone':
      return !isDiscrete(law.base) && hasCdf(law.base);
    case 'masses':
      return hasCdf(law.base) && form.pieces.every((p) => p.kind === 'constant' || p.plain);
    case 'sum':
    case 'point':
      return true;
    default:
      return false;
  }
}

type Form =
  | MapForm
  | Exclude<VectorForm, { kind: 'unknown' }>
  /** Finitely many integers x, `low <= x <= high`: masses are added over all of them. */
  | { readonly kind: 'sum'; readonly low: Expr; readonly high: Expr }
  | { readonly kind: 'point'; readonly value: Expr };

function unknown(reason: string, part: Expr | null = null): MapForm {
  return { kind: 'unknown', reason, part };
}

/** T(t). */
export function mapAt(law: PushforwardLaw, t: Expr): Expr {
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
export function flattened(law: PushforwardLaw): PushforwardLaw {
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
export function formOf(law: PushforwardLaw): Form {
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

/** An end of an interval that no neighbour shares; infinite ends are open. */
export function endOf(value: Expr, open: boolean): { readonly value: Expr; readonly open: boolean; readonly shared: boolean } {
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
    const own = formOfElement(law, element);
    if (own.kind === 'unknown') return own;
    if (own.kind !== 'monotone') return unknown('gives an array of whole numbers', law.map.body);
    if (eventRankOf(law.base) > 0 && own.pieces.length > 1)
      return unknown('is not one-to-one in each element of an array whose elements depend on each other', law.map.body);
  }
  return form;
}

/** The form of the map of one element (`elementLaw`); the elements of a vector may lie anywhere on the line. */
export function formOfElement(law: PushforwardLaw, element: PushforwardLaw): Form {
  if (eventRankOf(law.base) === 0) return formOf(element);
  const line = { low: endOf(minusInfinity, true), high: endOf(infinity, true) };
  return formOfScalarMap(element.map.body, law.argument, line, false, knownOf(law));
}
/** The law of one element of an elementwise map of independent draws. */
export function elementLaw(law: PushforwardLaw, form: VectorForm & { kind: 'elementwise' }, where: readonly Expr[]): PushforwardLaw {
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

/** A part of the map with its argument named as in the program. */
export function shown(law: PushforwardLaw, part: Expr): Expr {
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
