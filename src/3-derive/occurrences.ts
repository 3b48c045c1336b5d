/**
 * Where an element of a latent region occurs in the joint density, factor by factor: the instances of
 * each factor that contain it, with the element replaced by a value where asked. What enumeration,
 * slice and Metropolis steps evaluate, and what `explain` shows for finite latents.
 */
import { provablyDistinct, provablyEqual, type Range } from '../expr/affine.js';
import {
  type Expr,
  type Index,
  add,
  apply,
  cond,
  freeIndices,
  isConst,
  neg,
  num,
  one,
  mapChildren,
  ref,
  sub,
  substitute,
  zero,
} from '../expr/expr.js';
import { simplify } from '../expr/simplify.js';
import { factorMentions, mentions, solve } from './conditional.js';
import { type Factor, type LatentRegion, withFreshPlates } from './model.js';
import type { Binder } from './normalForm.js';

/** `sum over binders, where guards hold, of value`. */
export interface ElementTerm {
  readonly factor: number;
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly value: Expr;
}

/**
 * The terms of the given factors that contain the region's element. Of factors that read one of
 * `recursions` (see `DerivedModel.recursionsOf`) every instance counts.
 * @param complete whether to keep what cancels from a conditional: additive terms that do not mention the element, and tests of its own
 * support.
 */
export function elementTerms(
  region: LatentRegion,
  factors: readonly Factor[],
  replacement: Expr | null,
  recursions: ReadonlySet<string> = new Set(),
  complete: boolean = false,
): readonly ElementTerm[] {
  return factors.map(withFreshPlates).flatMap((f) =>
    occurrences(f, region, recursions).map((o): ElementTerm => {
      const ranges: Range[] = [...region.plates, ...o.binders];
      const put = (e: Expr): Expr => (replacement === null ? e : simplify(replaceElement(e, region, replacement, ranges)));
      // A value to enumerate lies in the element's own support, unless other unknowns bound that.
      const own = !complete && replacement !== null && f.id === region.statement.id && !region.movingSupport;
      const density = complete
        ? f.conditions.reduceRight((e, c) => cond(c, e, num(-Infinity)), f.logDensity)
        : factorDensity(own ? { ...f, conditions: [] } : f, [region.variable.name, ...recursions]);
      return { factor: f.id, binders: o.binders, guards: o.guards.map(put), value: put(substitute(density, o.map)) };
    }),
  );
}

/** Additive terms of an expression that mention some of the variables: the others cancel from any conditional. */
export function dependentTerms(e: Expr, variables: readonly string[]): Expr {
  if (!variables.some((v) => mentions(e, v))) return zero;
  if (e.op === 'apply') {
    if (e.fn === 'add') return add(dependentTerms(e.args[0]!, variables), dependentTerms(e.args[1]!, variables));
    if (e.fn === 'sub') return sub(dependentTerms(e.args[0]!, variables), dependentTerms(e.args[1]!, variables));
    if (e.fn === 'neg') return neg(dependentTerms(e.args[0]!, variables));
  }
  return e;
}

/** Instances of a factor that contain the region's element, as loops over what is not determined by it. */
interface Occurrence {
  readonly map: ReadonlyMap<Index, Expr>;
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
}

function occurrences(factor: Factor, region: LatentRegion, recursions: ReadonlySet<string>): readonly Occurrence[] {
  const name = region.variable.name,
    rank = region.at.length;
  const whole: Occurrence = {
    map: new Map(),
    binders: factor.plates.map((p) => ({ index: p.index, from: p.from, to: p.to })),
    guards: factor.guards,
  };
  if ([...recursions].some((r) => factorMentions(factor, r))) return [whole];
  const addresses: (readonly Expr[])[] = [];
  let unsolvable = false;
  const plateIndices = new Set(factor.plates.map((p) => p.index));
  const look = (e: Expr): void => {
    const seen = new Set<Expr>();
    const go = (x: Expr): void => {
      if (seen.has(x)) return;
      seen.add(x);
      if (x.op === 'ref') {
        if (x.variable === name) {
          const address = x.at.slice(0, rank);
          const outer = address.every((a) => [...freeIndices(a)].every((i) => plateIndices.has(i)));
          // An address with an inner index may be any element: every instance counts.
          if (!outer) unsolvable = true;
          else if (!addresses.some((o) => o.every((a, d) => provablyEqual(a, address[d]!)))) addresses.push(address);
        }
        for (const a of x.at) go(a);
        return;
      }
      if (x.op === 'apply') for (const a of x.args) go(a);
      else if (x.op === 'cond') {
        go(x.test);
        go(x.then);
        go(x.otherwise);
      } else if (x.op === 'reduce') {
        go(x.from);
        go(x.to);
        go(x.body);
      } else if (x.op === 'element') {
        for (const a of x.at) go(a);
        for (const a of x.array.args) {
          for (const q of a.dims) go(q);
          go(a.body);
        }
      }
    };
    go(e);
  };
  for (const e of [factor.logDensity, ...factor.conditions, ...factor.guards]) look(e);
  if (unsolvable) return [whole];
  const out: Occurrence[] = [];
  addresses.forEach((address, k) => {
    const solved = solve([address], addresses.slice(0, k), region, whole.binders, whole.guards);
    if (solved !== null) out.push(solved);
  });
  return out;
}

/** A factor's log density (zero density where a condition fails), only the terms that depend on the variables. */
function factorDensity(factor: Factor, variables: readonly string[]): Expr {
  let out = dependentTerms(factor.logDensity, variables);
  for (const c of factor.conditions) if (variables.some((v) => mentions(c, v))) out = cond(c, out, num(-Infinity));
  return out;
}

/** Replaces the region's element by a value wherever a reference is, or may be, that element. */
export function replaceElement(e: Expr, region: LatentRegion, replacement: Expr, ranges: readonly Range[]): Expr {
  const name = region.variable.name,
    { at } = region;
  const go = (x: Expr): Expr => {
    if (x.op !== 'ref') return mapChildren(x, go);
    const address = x.at.map(go);
    if (x.variable !== name) return ref(x.variable, address);
    let test: Expr = one;
    for (let d = 0; d < at.length; d++) {
      const a = address[d]!;
      if (provablyEqual(a, at[d]!)) continue;
      if (provablyDistinct(a, at[d]!, ranges)) return ref(x.variable, address);
      test = isConst(test, 1) ? apply('eq', a, at[d]!) : apply('and', test, apply('eq', a, at[d]!));
    }
    return cond(test, replacement, ref(x.variable, address));
  };
  return go(e);
}
