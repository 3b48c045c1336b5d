/**
 * A `Law`: a family with arguments, or a combinator of laws (truncated, mixture, censored, pushforward). What is made of it is
 * in the files beside: `form.ts` (support, what can be stated), `conditions.ts`, `density.ts`, `quantile.ts`.
 *
 * truncated: p(x) / P(low <= X <= high) on the interval (both bounds included, discrete laws too);
 * mixture: sum_i w_i p_i(x), by log-sum-exp; censored: P(X <= low) at or below low, P(X >= high) at or
 * above high; pushforward: the law of T(X) (`../pushforward/`). All constants are included.
 */
import { InternalError, type Span } from '../../errors/diagnostic.js';
import { apply, cond, index, num, substitute, zero, type ArrayExpr, type Expr, type Index } from '../../expr/expr.js';
import type { Bounds } from '../../expr/intervals.js';
import type { Domain, Family } from '../family.js';
import type { MapArgument } from '../pushforward/argument.js';
import { families } from '../registry.js';
import { isFiniteBound } from '../bounds.js';

/** A scalar argument of an alternative parameterisation. */
export interface WrittenArgument {
  readonly name: string;
  readonly domain: Domain;
  readonly value: Expr;
}

/** A distribution with event-shaped arguments; broadcasting was turned into plates. */
export type Law =
  | {
      readonly kind: 'family';
      readonly family: string;
      /** Canonical parameters by name (alternatives were rewritten by the family), each of its event rank. */
      readonly parameters: Readonly<Record<string, ArrayExpr>>;
      /** Arguments of alternatives as they were written, where there are any: what is computed from them need not show that one is invalid. */
      readonly written?: readonly WrittenArgument[];
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

/** The components of a mixture of either form. */
export function componentsOf(law: Extract<Law, { kind: 'mixture' | 'mixtureOf' }>): Components {
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
export function firstLaw(law: Law): FamilyLaw | PushforwardLaw {
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
        ...(law.written === undefined ? {} : { written: law.written.map((w) => ({ ...w, value: f(w.value) })) }),
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
