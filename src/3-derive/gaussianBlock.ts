/**
 * Which latent variables are jointly Gaussian given the rest, read off the canonical form: real and
 * unbounded, every monomial of total degree at most two in them, with coefficients, guards, ranges and
 * addresses free of them. Variables that share a factor belong together; where a product of three or more
 * would arise (`w[k] * z[n, k]` squared) they are split in the order of the program, and each block has
 * the other at its current value.
 */
import { type Expr, isConst, type Ref, variablesOf, mulAll, pow } from '../expr/expr.js';
import { regionSupport } from './closedForm.js';
import { factorMentions, type FactorForm, mentions } from './conditional.js';
import type { DerivedModel, Factor, LatentRegion } from './model.js';
import type { Binder, Monomial } from './normalForm.js';

/** `sum over binders, where guards hold, of coefficient * product of elements`: one element, or two (a square: the same twice). */
export interface QuadraticTerm {
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly coefficient: Expr;
  readonly elements: readonly Ref[];
}

export interface GaussianStructure {
  /** In the order of the program. */
  readonly variables: readonly string[];
  readonly regions: readonly LatentRegion[];
  /** The terms of the log joint that mention a member. */
  readonly terms: readonly QuadraticTerm[];
  /** The factors those terms come from, whole. */
  readonly factors: readonly Factor[];
}

/** Why a variable is in no Gaussian block; `term` is the offending one where there is one. */
export interface NotGaussian {
  readonly variable: string;
  readonly reason: string;
  readonly term: Expr | null;
}

export interface GaussianStructures {
  readonly blocks: readonly GaussianStructure[];
  readonly refused: readonly NotGaussian[];
}

/** The Gaussian blocks among the candidates. `regions` are all latent regions, whose other members stand at their values. */
export function gaussianStructures(
  candidates: readonly LatentRegion[],
  regions: readonly LatentRegion[],
  forms: readonly FactorForm[],
  model: DerivedModel,
): GaussianStructures {
  const names = [...new Set(candidates.map((r) => r.variable.name))];
  const refused: NotGaussian[] = [];
  const readers = new Map<string, FactorForm[]>(names.map((n) => [n, []]));
  for (const form of forms) {
    const read = new Set([form.factor.logDensity, ...form.factor.guards, ...form.factor.conditions].flatMap((e) => [...variablesOf(e)]));
    for (const n of read) readers.get(n)?.push(form);
  }
  const regionsOf = new Map<string, LatentRegion[]>();
  for (const r of regions) {
    const list = regionsOf.get(r.variable.name);
    if (list === undefined) regionsOf.set(r.variable.name, [r]);
    else list.push(r);
  }
  const chosen = new Set(candidates),
    order = new Map<unknown, number>([...forms, ...regions].map((x, k) => [x, k]));
  const inOrder = <T>(list: readonly T[]): readonly T[] => [...new Set(list)].sort((a, b) => order.get(a)! - order.get(b)!);
  const eligible = names.filter((name) => {
    const own = regionsOf.get(name) ?? [];
    const refusal = own.some((r) => !chosen.has(r))
      ? { reason: 'some of its elements are not to be drawn with the others', term: null }
      : unsuitable(name, own, readers.get(name)!, forms, model);
    if (refusal !== null) refused.push({ variable: name, ...refusal });
    return refusal === null;
  });
  const blocks = group(eligible, forms).map((variables): GaussianStructure => {
    const members = new Set(variables);
    const own = inOrder(variables.flatMap((v) => readers.get(v)!));
    return {
      variables,
      regions: inOrder(variables.flatMap((v) => regionsOf.get(v) ?? [])),
      factors: own.map((f) => f.factor),
      terms: own.flatMap((f) => f.monomials.flatMap((m) => termOf(m, members))),
    };
  });
  return { blocks, refused };
}

/** Why a variable alone is not Gaussian given all others; null where it is. */
function unsuitable(
  name: string,
  regions: readonly LatentRegion[],
  own: readonly FactorForm[],
  forms: readonly FactorForm[],
  model: DerivedModel,
): { readonly reason: string; readonly term: Expr | null } | null {
  const bad = (reason: string, term: Expr | null = null): { readonly reason: string; readonly term: Expr | null } => ({ reason, term });
  for (const r of regions) {
    const support = regionSupport(r),
      constrained = r.variable.constraint.kind !== 'none';
    const unbounded =
      support.kind === 'vector' ||
      (support.kind === 'interval' && support.periodic !== true && isConst(support.low, -Infinity) && isConst(support.high, Infinity));
    if (r.variable.scalar !== 'real' || !unbounded || constrained) return bad('its support is not the whole real line');
    if (r.eventRank > 1) return bad('it is a matrix');
  }
  const recursion = [...model.recursionsOf(name)].find((v) => forms.some((f) => factorMentions(f.factor, v)));
  if (recursion !== undefined) return bad(`${recursion} follows it through a recursion`);
  for (const { factor, monomials } of own) {
    const condition = factor.conditions.find((c) => mentions(c, name));
    if (condition !== undefined) return bad('a support depends on it', condition);
    for (const m of monomials) {
      let degree = 0;
      for (const e of [...m.guards, ...m.coefficient, ...m.binders.flatMap((b) => [b.from, b.to]), ...m.atoms.map((a) => a.power)])
        if (mentions(e, name)) return bad('it stands in a condition, a range or an exponent', e);
      for (const a of m.atoms) {
        if (!mentions(a.base, name)) continue;
        const { base, power } = a,
          term = pow(base, power);
        if (base.op !== 'ref' || base.variable !== name) return bad('it enters in a way that is not a polynomial', term);
        if (!isConst(power) || (power.value !== 1 && power.value !== 2)) return bad('it enters with another power than one or two', term);
        if (base.at.some((e) => !isAddress(e, model)))
          return bad('an element is chosen by an unknown that does not take finitely many values', base);
        degree += power.value;
      }
      if (degree > 2)
        return bad(
          'a product of more than two of its elements',
          mulAll(m.atoms.filter((a) => mentions(a.base, name)).map((a) => pow(a.base, a.power))),
        );
    }
  }
  return null;
}
/** Addresses read indices, data and finite latents only. */
function isAddress(e: Expr, model: DerivedModel): boolean {
  return [...variablesOf(e)].every((v) => model.statusOf(v) === 'given' || model.finiteRange(v) !== null);
}

function degreeIn(m: Monomial, members: ReadonlySet<string>): number {
  return m.atoms.reduce((sum, a) => sum + (a.base.op === 'ref' && members.has(a.base.variable) && isConst(a.power) ? a.power.value : 0), 0);
}

/** Variables that share factors, split where a product of their elements would be of degree three or more. */
function group(eligible: readonly string[], forms: readonly FactorForm[]): readonly (readonly string[])[] {
  const known = new Set(eligible),
    position = new Map(eligible.map((name, k) => [name, k]));
  const shared: (readonly string[])[] = [];
  const conflicts: Monomial[] = [];
  for (const f of forms) {
    const together = new Set<string>();
    for (const m of f.monomials) {
      for (const a of m.atoms) if (a.base.op === 'ref' && known.has(a.base.variable)) together.add(a.base.variable);
      if (degreeIn(m, known) > 2) conflicts.push(m);
    }
    if (together.size > 1) shared.push([...together]);
  }
  const fits = (block: readonly string[], name: string): boolean => {
    const own = conflicts.filter((m) => m.atoms.some((a) => a.base.op === 'ref' && a.base.variable === name));
    if (own.length === 0) return true;
    const members = new Set([...block, name]);
    return own.every((m) => degreeIn(m, members) <= 2);
  };
  const sharing = new Map<string, (readonly string[])[]>();
  for (const list of shared)
    for (const name of list) {
      const own = sharing.get(name);
      if (own === undefined) sharing.set(name, [list]);
      else own.push(list);
    }
  // Colours without conflict first, then what hangs together within one colour.
  const colours: string[][] = [];
  for (const name of eligible) {
    const near = colours.filter((c) => fits(c, name));
    const best = near.length < 2 ? near[0] : (near.find((c) => sharing.get(name)?.some((s) => s.some((o) => c.includes(o)))) ?? near[0]);
    if (best === undefined) colours.push([name]);
    else best.push(name);
  }
  return colours.flatMap((colour) => {
    const rest = new Set(colour),
      out: string[][] = [];
    for (const first of colour) {
      if (!rest.has(first)) continue;
      const reached = new Set<string>([first]);
      for (const name of reached) for (const s of sharing.get(name) ?? []) for (const o of s) if (rest.has(o)) reached.add(o);
      for (const name of reached) rest.delete(name);
      out.push([...reached].sort((a, b) => position.get(a)! - position.get(b)!));
    }
    return out;
  });
}

/** A monomial as a term of the members; none where it mentions no member. */
function termOf(m: Monomial, members: ReadonlySet<string>): readonly QuadraticTerm[] {
  const elements: Ref[] = [],
    rest: Expr[] = [...m.coefficient];
  for (const a of m.atoms) {
    if (a.base.op === 'ref' && members.has(a.base.variable)) {
      elements.push(a.base);
      if (isConst(a.power, 2)) elements.push(a.base);
    } else rest.push(pow(a.base, a.power));
  }
  return elements.length === 0 ? [] : [{ binders: m.binders, guards: m.guards, coefficient: mulAll(rest), elements }];
}
