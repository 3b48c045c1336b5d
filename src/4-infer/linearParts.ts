/**
 * Linear predictors in steps that try several values of one element: a part `a + b x` of a density, x the element's
 * value, is summed once with x = 0 before the step (a dot product, gathers of other effects), and each try reads
 * that sum and adds b x. Evaluating the coefficients of a regression costs N instead of N d for each try.
 *
 * The parts are found in the terms as they are bound; what is stored is a itself, without a difference, so no digits are lost.
 */
import { Analysis } from '../code/analysis.js';
import { type Code, store } from '../code/loop.js';
import { provablyDistinct, provablyEqual, type Range } from '../expr/affine.js';
import {
  add,
  apply,
  cond,
  equal,
  type Expr,
  freeIndices,
  type Index,
  isConst,
  mapChildren,
  mul,
  neg,
  num,
  one,
  ref,
  rewrite,
  sub,
  substitute,
  variablesOf,
  zero,
} from '../expr/expr.js';
import type { Binder } from '../3-derive/normalForm.js';
import { loops, type ProgramBuilder } from './programBuilder.js';

/** A term of a density over the instances that contain the element: `sum over binders, where guards hold, of value`. */
export interface InstanceTerm {
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly value: Expr;
}

/** The element of a step. */
export interface StepElement {
  readonly name: string;
  /** Its whole address, in indices of the step's loops. */
  readonly at: readonly Expr[];
  /** The loops of the step. */
  readonly plates: readonly Range[];
}

/** Work that has to be saved in each evaluation, in additions: a load and the sum that replace it cost some. */
const leastSaving = 5;
/** Dearer coefficients of the element are kept, too. */
const costOfLoad = 4;
/** Most numbers kept for one part of one term. */
const mostNumbers = 1 << 25;

/**
 * The terms with what is linear in the element split, and code to run before the step.
 * @param candidate the value that is tried.
 */
export function heldLinearParts(
  builder: ProgramBuilder,
  element: StepElement,
  terms: readonly InstanceTerm[],
  candidate: Expr,
): { readonly before: readonly Code[]; readonly terms: readonly InstanceTerm[] } {
  const made = terms.map((term, position) => new HeldTerm(builder, element, term, candidate, position).split());
  const fill = made.flatMap((m) => m.fill);
  if (fill.length === 0) return { before: [], terms };
  const old = builder.fresh('held', [], 'local'),
    here = ref(element.name, element.at);
  return {
    before: [store(old, [], here), store(element.name, element.at, zero), ...fill, store(element.name, element.at, ref(old, []))],
    terms: made.map((m) => m.term),
  };
}

/** The value with every reference that guards or algebra show to be the element written as the element's own address. */
export function atElement(element: StepElement, value: Expr, guards: readonly Expr[]): Expr {
  const stated = (a: Expr, own: Expr): boolean =>
    guards.some(
      (g) =>
        g.op === 'apply' &&
        g.fn === 'eq' &&
        ((equal(g.args[0]!, a) && equal(g.args[1]!, own)) || (equal(g.args[0]!, own) && equal(g.args[1]!, a))),
    );
  const at = (a: readonly Expr[]): boolean =>
    a.every((x, d) => d >= element.at.length || provablyEqual(x, element.at[d]!) || stated(x, element.at[d]!));
  return rewrite(value, (x) =>
    x.op === 'ref' && x.variable === element.name && at(x.at)
      ? ref(
          x.variable,
          x.at.map((a, d) => element.at[d] ?? a),
        )
      : x,
  );
}

class HeldTerm {
  private readonly builder: ProgramBuilder;
  private readonly element: StepElement;
  private readonly term: InstanceTerm;
  private readonly candidate: Expr;
  private readonly position: number;
  private readonly ranges: readonly Range[];
  private readonly allowed: ReadonlySet<Index>;
  private readonly analysis: Analysis = new Analysis();
  private readonly parts: { readonly part: Expr; readonly held: Expr }[] = [];
  private readonly stores: Code[] = [];

  constructor(builder: ProgramBuilder, element: StepElement, term: InstanceTerm, candidate: Expr, position: number) {
    this.builder = builder;
    this.element = element;
    this.term = term;
    this.candidate = candidate;
    this.position = position;
    this.ranges = [...element.plates, ...term.binders];
    this.allowed = new Set(this.ranges.map((r) => r.index));
  }

  split(): { readonly term: InstanceTerm; readonly fill: readonly Code[] } {
    // Which instances count must not depend on the value that is tried.
    const { binders, guards } = this.term;
    if (guards.some((g) => this.mentions(g)) || this.cell() === null) return { term: this.term, fill: [] };
    const value = this.rewrite(this.term.value);
    return { term: { binders, guards, value }, fill: this.stores.length === 0 ? [] : loops(binders, guards, this.stores) };
  }

  private mentions(e: Expr): boolean {
    return variablesOf(e).has(this.element.name);
  }

  /**
   * The number of the current instance, row-major in the indices of its loops, and how many there may be. Null where that is unknown or too
   * many.
   */
  private cell(): { readonly at: Expr; readonly count: number } | null {
    let at: Expr = zero,
      count = 1;
    for (const b of this.term.binders) {
      const low = this.builder.interval(b.from),
        high = this.builder.interval(b.to);
      if (low === null || high === null || !Number.isFinite(low.low) || !Number.isFinite(high.high)) return null;
      const extent = Math.max(1, high.high - low.low);
      at = add(mul(at, num(extent)), sub(b.index, num(low.low)));
      count *= extent;
    }
    return count > mostNumbers ? null : { at, count };
  }

  /** The largest parts that are linear, replaced by what is held. */
  private rewrite(e: Expr): Expr {
    if (!this.mentions(e)) return e;
    const known = this.parts.find((p) => equal(p.part, e));
    if (known !== undefined) return known.held;
    // The two branches of a Bernoulli read one predictor with either sign.
    if (e.op === 'apply' && e.fn === 'neg') return neg(this.rewrite(e.args[0]!));
    const free = freeIndices(e),
      { binders } = this.term;
    const slope = [...free].every((i) => this.allowed.has(i)) ? this.slope(e) : null;
    if (slope !== null) {
      const facts = this.analysis.facts(e),
        cost = this.analysis.facts(slope).cost;
      // What all instances share is computed once in any case.
      const shared = binders.length > 0 && !binders.some((b) => free.has(b.index));
      return shared || facts.host || facts.cost - Math.min(cost, costOfLoad) < leastSaving ? e : this.hold(e, slope, cost > costOfLoad);
    }
    return mapChildren(e, (child) => this.rewrite(child));
  }

  private hold(part: Expr, slope: Expr, both: boolean): Expr {
    const held = add(this.stored(part), mul(both ? this.stored(slope) : slope, this.candidate));
    this.parts.push({ part, held });
    return held;
  }

  /** A number for each instance, computed before the step. */
  private stored(e: Expr): Expr {
    const { at, count } = this.cell()!,
      single = this.term.binders.length === 0;
    const name = single
      ? this.builder.fresh('held', [], 'local')
      : this.builder.workspace(`held${this.position}.${this.stores.length}`, count);
    const address = single ? [] : [at];
    this.stores.push(store(name, address, e));
    return ref(name, address);
  }

  /** The coefficient of the element in an expression that is linear in it; null where it is not, or may not be. */
  private slope(e: Expr): Expr | null {
    if (!this.mentions(e)) return zero;
    switch (e.op) {
      case 'ref':
        return e.variable === this.element.name && !e.at.some((a) => this.mentions(a)) ? this.isElement(e.at) : null;
      case 'apply': {
        const [a, b] = e.args;
        if (e.fn === 'neg') return mapped(this.slope(a!), neg);
        if (b === undefined) return null;
        if (e.fn === 'add' || e.fn === 'sub') {
          const left = this.slope(a!),
            right = this.slope(b);
          return left === null || right === null ? null : e.fn === 'add' ? add(left, right) : sub(left, right);
        }
        if (e.fn === 'mul')
          return !this.mentions(a!)
            ? mapped(this.slope(b), (s) => mul(a!, s))
            : !this.mentions(b)
              ? mapped(this.slope(a!), (s) => mul(s, b))
              : null;
        return e.fn === 'div' && !this.mentions(b) ? mapped(this.slope(a!), (s) => apply('div', s, b)) : null;
      }
      case 'cond': {
        if (this.mentions(e.test)) return null;
        const then = this.slope(e.then),
          otherwise = this.slope(e.otherwise);
        return then === null || otherwise === null ? null : cond(e.test, then, otherwise);
      }
      case 'reduce':
        return e.kind === 'sum' ? this.slopeOfSum(e) : null;
      default:
        return null;
    }
  }

  /** 1 where the address is the element's, 0 where it is not, else a test. */
  private isElement(address: readonly Expr[]): Expr {
    let test: Expr = one;
    for (const [d, a] of address.entries()) {
      const own = this.element.at[d]!;
      if (provablyEqual(a, own)) continue;
      if (provablyDistinct(a, own, this.ranges)) return zero;
      const same = apply('eq', a, own);
      test = isConst(test, 1) ? same : apply('and', test, same);
    }
    return isConst(test, 1) ? one : cond(test, one, zero);
  }

  /** `sum_j c(j) w[j]` has the slope c(i) where i is among the j. */
  private slopeOfSum(e: Expr & { op: 'reduce' }): Expr | null {
    if (this.mentions(e.from) || this.mentions(e.to)) return null;
    const places: (readonly Expr[])[] = [];
    const collect = (x: Expr): Expr => {
      if (x.op === 'ref' && x.variable === this.element.name) places.push(x.at);
      return mapChildren(x, collect);
    };
    collect(e.body);
    const address = places[0]!;
    const running = address.indexOf(e.index),
      own = this.element.at[running];
    // One place that the sum runs over, and whose other positions it does not.
    if (
      own === undefined ||
      places.some((p) => p.some((a, d) => !equal(a, address[d]!))) ||
      address.some((a, d) => d !== running && freeIndices(a).has(e.index))
    )
      return null;
    const position = this.builder.interval(own);
    if (position === null || !isConst(e.from) || !isConst(e.to) || position.low < e.from.value || position.high >= e.to.value) return null;
    return this.slope(substitute(e.body, new Map([[e.index, own]])));
  }
}

function mapped(e: Expr | null, f: (e: Expr) => Expr): Expr | null {
  return e === null ? null : f(e);
}
