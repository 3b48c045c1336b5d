/**
 * What the derivation says of one element at a state: contributions, bounds, closed forms, and the terms
 * that enumeration, slice and Metropolis steps evaluate, all by the interpreter of expressions. The
 * other side of the ratio law is `state.ts`.
 */
import type { Slot } from '../../3-derive/closedForm.js';
import { regionSupport, sameKind } from '../../3-derive/closedForm.js';
import { type Bound, type Contribution, type StatisticKind, selfName } from '../../3-derive/conditional.js';
import type { Factor } from '../../3-derive/model.js';
import type { Binder } from '../../3-derive/normalForm.js';
import { elementTerms } from '../../3-derive/occurrences.js';
import type { RegionPlan } from '../../4-infer/derivation.js';
import type { Family } from '../../distributions/family.js';
import { type Environment, evaluate, evaluateArray } from '../../expr/evaluate.js';
import { type ArrayExpr, arrayOf, at, build, type Expr, num, ref, scalarOf } from '../../expr/expr.js';
import { type Bindings, flatten, productOf, type State } from './state.js';

/** One element of a region at a state. */
export interface Place {
  readonly state: State;
  readonly plan: RegionPlan;
  readonly indices: Bindings;
}

/** Interpreter in which the element itself cannot be read: a coefficient that reads it becomes NaN. */
function poisoned(place: Place, indices: Bindings, self?: readonly number[]): Environment {
  const {
    state,
    plan: { region },
  } = place;
  const name = region.variable.name,
    shape = state.shape(name);
  const own = region.at.map((e) => evaluate(e, state.environment(place.indices)));
  const event = shape.slice(region.at.length);
  return state.derivedEnvironment(indices, (variable, at) => {
    if (variable === selfName) return self === undefined ? Number.NaN : (self[flatten(at, event)] ?? Number.NaN);
    return variable === name && own.every((x, d) => x === at[d]) ? Number.NaN : undefined;
  });
}

/** Calls `f` for every instance of a sum that its guards admit. */
export function forEachInstance(
  place: Place,
  sum: { readonly binders: readonly Binder[]; readonly guards: readonly Expr[] },
  f: (indices: Bindings) => void,
  environment: (indices: Bindings) => Environment = (i) => poisoned(place, i),
): void {
  const loop = (k: number, indices: Bindings): void => {
    const b = sum.binders[k];
    if (b === undefined) {
      if (sum.guards.every((g) => evaluate(g, environment(indices)) !== 0)) f(indices);
      return;
    }
    const env = environment(indices);
    const from = evaluate(b.from, env),
      to = evaluate(b.to, env);
    for (let i = from; i < to; i++) loop(k + 1, new Map([...indices, [b.index, i]]));
  };
  loop(0, place.indices);
}

/** T(v) of an element with its event. */
export function statistic(place: Place, kind: StatisticKind, event: readonly number[], v: readonly number[]): number {
  const shape = place.state.shape(place.plan.region.variable.name).slice(place.plan.region.at.length);
  const d = shape[0] ?? 1;
  const x = (i: readonly number[]): number => v[flatten(i, shape)]!;
  switch (kind.kind) {
    case 'power':
      return x(event) ** kind.power;
    case 'log':
      return Math.log(x(event));
    case 'log1m':
      return Math.log(1 - x(event));
    case 'pair':
      return x([event[0]!]) * x([event[1]!]);
    case 'onehot':
      return v[0] === event[0] ? 1 : 0;
    case 'inverse':
    case 'logdet': {
      const matrix = build([num(d), num(d)], (i, j) => ref(selfName, [i, j]));
      const env = poisoned(place, place.indices, v);
      return kind.kind === 'logdet'
        ? evaluate(scalarOf('logdet', [matrix]), env)
        : evaluate(at(arrayOf('inverse', [matrix], matrix.dims), ...event.map(num)), env);
    }
    case 'other':
      return evaluate(kind.expr, poisoned(place, place.indices, v));
  }
}

/** Every term `coefficient, statistic, event` of an element's conditional. */
export function termsOf(
  place: Place,
  contributions: readonly Contribution[] = place.plan.collected.contributions,
): readonly { readonly kind: StatisticKind; readonly event: readonly number[]; readonly coefficient: number }[] {
  const out: { kind: StatisticKind; event: readonly number[]; coefficient: number }[] = [];
  for (const c of contributions) {
    forEachInstance(place, c, (indices) => {
      const env = poisoned(place, indices);
      out.push({ kind: c.statistic, event: c.event.map((e) => evaluate(e, env)), coefficient: evaluate(c.coefficient, env) });
    });
  }
  return out;
}

/** Natural parameters: the summed coefficients of each slot's statistic, row-major over its event. */
export function naturalParameters(place: Place, slots: readonly Slot[]): readonly Float64Array[] {
  const shape = place.state.shape(place.plan.region.variable.name).slice(place.plan.region.at.length);
  const terms = termsOf(place);
  return slots.map((s) => {
    const dims = s.rank === 0 ? [] : s.rank === 1 ? [shape[0]!] : [shape[0]!, shape[0]!];
    const out = new Float64Array(productOf(dims));
    for (const t of terms) if (sameKind(t.kind, s.statistic)) out[flatten(t.event, dims)]! += t.coefficient;
    return out;
  });
}

/** The largest lower and the smallest upper bound of an element: its own support and what other factors add. */
export function boundsOf(place: Place): { readonly low: number; readonly high: number } {
  const { state, plan } = place;
  const support = regionSupport(plan.region);
  let low = Number.NEGATIVE_INFINITY,
    high = Number.POSITIVE_INFINITY;
  if (support.kind === 'interval' || support.kind === 'integers') {
    low = evaluate(support.low, state.environment(place.indices));
    high = evaluate(support.high, state.environment(place.indices));
  }
  const fold = (b: Bound): void =>
    forEachInstance(place, b, (indices) => {
      const x = evaluate(b.value, poisoned(place, indices));
      if (b.side === 'low') low = Math.max(low, x);
      else high = Math.min(high, x);
      if (Number.isNaN(x)) low = Number.NaN;
    });
  plan.collected.bounds.forEach(fold);
  return { low, high };
}

/** A member of an exponential family by its numbers, row-major. */
export interface FamilyInNumbers {
  readonly arguments: Readonly<Record<string, readonly number[]>>;
  readonly natural: readonly number[];
  /** False where the natural parameters have no law. */
  readonly proper: boolean;
  readonly logDensity: (v: readonly number[], shape: readonly number[]) => number;
}

/** The arguments of a family as arrays of numbers, by the family's own parameters(natural). */
export function familyArguments(
  family: Family,
  natural: readonly Float64Array[],
  slots: readonly Slot[],
  dimension: number,
): FamilyInNumbers {
  const d = num(dimension);
  const arrays = slots.map((s, k): ArrayExpr => build(s.rank === 0 ? [] : s.rank === 1 ? [d] : [d, d], (...i) => ref(`#natural${k}`, i)));
  const parameters = family.exponential!.parameters(arrays);
  const env = (v: readonly number[], shape: readonly number[]): Environment => ({
    variable: (name, at) => {
      if (name === selfName) return v[flatten(at, shape)]!;
      const k = Number(name.slice('#natural'.length)),
        rank = slots[k]!.rank;
      return natural[k]![flatten(at, rank === 0 ? [] : rank === 1 ? [dimension] : [dimension, dimension])]!;
    },
  });
  return {
    arguments: Object.fromEntries(Object.entries(parameters).map(([name, a]) => [name, [...evaluateArray(a, env([], [])).values]])),
    // There and back: what the canonical parameters say about scalars' natural ones.
    natural: slots.every((s) => s.rank === 0) ? family.exponential!.natural(parameters).map((a) => evaluate(a.body, env([], []))) : [],
    proper: family.exponential!.proper(arrays).every((e) => evaluate(e, env([], [])) > 0),
    logDensity: (v, shape) =>
      evaluate(
        family.logDensity(
          build(shape.map(num), (...i) => ref(selfName, i)),
          parameters,
        ),
        env(v, shape),
      ),
  };
}

/** Sum of what `elementTerms` gives for the element: with the state as it stands, or the element replaced by a number. */
export function elementDensity(
  place: Place,
  replacement: number | null,
  factors: readonly Factor[] = place.plan.collected.factors,
): number {
  let total = 0;
  const recursions = place.state.compiled.model.recursionsOf(place.plan.region.variable.name);
  for (const t of elementTerms(place.plan.region, factors, replacement === null ? null : num(replacement), recursions)) {
    forEachInstance(
      place,
      t,
      (indices) => {
        total += evaluate(t.value, place.state.derivedEnvironment(indices));
      },
      (i) => place.state.derivedEnvironment(i),
    );
  }
  return total;
}

/** The separable part of the log conditional at v: sum of coefficient * statistic. */
export function separableDensity(
  place: Place,
  terms: ReturnType<typeof termsOf>,
  v: readonly number[],
): { readonly value: number; readonly magnitude: number } {
  let value = 0,
    magnitude = 0;
  for (const t of terms) {
    const x = t.coefficient === 0 ? 0 : t.coefficient * statistic(place, t.kind, t.event, v);
    value += x;
    magnitude += Math.abs(x);
  }
  return { value, magnitude };
}
