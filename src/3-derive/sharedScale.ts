/**
 * Normals whose precision and potential are one unknown scale times what is known: P = s P0, h = s h0,
 * with s a power of a scalar or, for vectors, an unknown matrix (P = P0 x S). Found in the monomials, by no
 * table of pairs. Then the mean P0^-1 h0 does not depend on s, and integrating the Normals out leaves
 *   (2 pi)^(n/2) |s P0|^(-1/2) exp(the other terms at the mean):
 * the conditional of s at the mean with -1/2 log s more for each scalar (Raiffa and Schlaifer 1961, ch. 13).
 */
import { div, equal, type Expr, freeIndices, type Index, index, isConst, num, one, substitute, variablesOf, zero } from '../expr/expr.js';
import { mentions, solve, type Contribution, type FactorForm } from './conditional.js';
import type { DerivedModel, LatentRegion } from './model.js';
import { type Binder, type Monomial, monomialExpr, refresh } from './normalForm.js';

/** Where a coordinate of the scale's address comes from. */
type Coordinate = { readonly from: 'member'; readonly axis: number } | { readonly from: 'constant'; readonly value: Expr };

/** The scale of a Gaussian variable: which unknown, in which role, at which address. */
export interface Scale {
  readonly variable: string;
  /** `power`: v^power multiplies the precision. `covariance`: its inverse does. `precision`: it does. */
  readonly role: { readonly kind: 'power'; readonly power: number } | { readonly kind: 'covariance' | 'precision' };
  readonly address: readonly Coordinate[];
  /** True where the last coordinate of a member's address is its place in a vector (scalars that a matrix scales together). */
  readonly split: boolean;
}

export type ScaleResult =
  | { readonly kind: 'scales'; readonly scales: ReadonlyMap<string, Scale> }
  | { readonly kind: 'refused'; readonly variable: string; readonly term: Expr; readonly factor: number; readonly reason: string };

/** One reference to a Gaussian member or to a scale in a monomial. */
interface Reference {
  readonly variable: string;
  readonly at: readonly Expr[];
  readonly event: readonly Expr[];
}

interface Member extends Reference {
  readonly split: boolean;
}

interface Use {
  readonly members: readonly Member[];
  readonly scale: { readonly reference: Reference; readonly role: Scale['role'] } | null;
  readonly term: Expr;
  readonly factor: number;
}

/**
 * The scale of every Gaussian variable.
 * @param held latents that stand at a value: configurations of finite unknowns.
 */
export function sharedScales(
  forms: readonly FactorForm[],
  gaussian: ReadonlySet<string>,
  held: ReadonlySet<string>,
  model: DerivedModel,
): ScaleResult {
  const found = new Map<
    string,
    {
      readonly variable: string;
      readonly role: Scale['role'];
      readonly split: boolean;
      address: readonly (readonly Coordinate[])[];
      readonly term: Expr;
      readonly factor: number;
    }
  >();
  for (const form of forms)
    for (const raw of form.monomials) {
      if (![...gaussian].some((g) => monomialMentions(raw, g))) continue;
      const m = refresh(raw);
      const use = useOf(m, form.factor.id, gaussian, held, model);
      if (typeof use === 'string') return refused(use, m, form.factor.id, [...gaussian].find((g) => monomialMentions(m, g))!);
      for (const member of use.members) {
        const { variable } = member;
        if (use.scale === null)
          return {
            kind: 'refused',
            variable,
            term: use.term,
            factor: use.factor,
            reason: `has no unknown scale, while other terms of ${variable} have one`,
          };
        const { reference, role } = use.scale;
        const coordinates = reference.at.map((e) => coordinatesOf(e, member.at));
        const known = found.get(variable);
        if (known === undefined) {
          found.set(variable, {
            variable: reference.variable,
            role,
            split: member.split,
            address: coordinates,
            term: use.term,
            factor: use.factor,
          });
        } else {
          if (known.variable !== reference.variable || !sameRole(known.role, role)) {
            return {
              kind: 'refused',
              variable,
              term: use.term,
              factor: use.factor,
              reason: `has another scale than other terms of ${variable}`,
            };
          }
          known.address = known.address.map((options, d) => options.filter((o) => coordinates[d]!.some((c) => sameCoordinate(o, c))));
        }
        if (found.get(variable)!.address.some((options) => options.length === 0)) {
          return {
            kind: 'refused',
            variable,
            term: use.term,
            factor: use.factor,
            reason: `one element of ${variable} meets several elements of ${reference.variable}`,
          };
        }
      }
    }
  return {
    kind: 'scales',
    scales: new Map(
      [...found].map(([name, s]) => [
        name,
        { variable: s.variable, role: s.role, split: s.split, address: s.address.map((options) => options[0]!) },
      ]),
    ),
  };
}

function refused(reason: string, m: Monomial, factor: number, variable: string): ScaleResult {
  return { kind: 'refused', variable, term: monomialExpr({ ...m, binders: [], guards: [] }), factor, reason };
}
function monomialMentions(m: Monomial, variable: string): boolean {
  return [...m.guards, ...m.coefficient, ...m.atoms.flatMap((a) => [a.base, a.power])].some((e) => mentions(e, variable));
}
function sameRole(a: Scale['role'], b: Scale['role']): boolean {
  return a.kind === b.kind && (a.kind !== 'power' || b.kind !== 'power' || a.power === b.power);
}
function sameCoordinate(a: Coordinate, b: Coordinate): boolean {
  return a.from === 'member' ? b.from === 'member' && a.axis === b.axis : b.from === 'constant' && equal(a.value, b.value);
}
/** How a coordinate of the scale's address can be read off a member's address. */
function coordinatesOf(e: Expr, member: readonly Expr[]): readonly Coordinate[] {
  const out: Coordinate[] = member.flatMap((a, axis): Coordinate[] => (equal(a, e) ? [{ from: 'member', axis }] : []));
  if (isConst(e) || (freeIndices(e).size === 0 && e.op === 'size')) out.push({ from: 'constant', value: e });
  return out;
}

/** What a monomial with Gaussian members consists of; a sentence where it is not of the form sought. */
function useOf(m: Monomial, factor: number, gaussian: ReadonlySet<string>, held: ReadonlySet<string>, model: DerivedModel): Use | string {
  const unknown = (e: Expr): boolean => [...variablesOf(e)].some((name) => !held.has(name) && model.statusOf(name) !== 'given');
  const members: Reference[] = [];
  const rest: Expr[] = [...m.coefficient, ...m.guards, ...m.binders.flatMap((b) => [b.from, b.to])];
  let scale: Use['scale'] = null;
  for (const a of m.atoms) {
    if (!unknown(a.base) && !unknown(a.power)) {
      rest.push(a.base, a.power);
      continue;
    }
    const { base } = a;
    if (base.op === 'ref' && gaussian.has(base.variable)) {
      if (!isConst(a.power) || ![1, 2].includes(a.power.value)) return 'is not quadratic';
      const rank = addressRank(base.variable, model);
      const reference = { variable: base.variable, at: base.at.slice(0, rank), event: base.at.slice(rank) };
      members.push(reference);
      if (a.power.value === 2) members.push(reference);
      continue;
    }
    if (scale !== null) return 'has more than one unknown scale';
    if (!isConst(a.power)) return 'has an unknown power';
    const matrix = inverseOf(base, model);
    if (matrix !== null && a.power.value === 1) scale = { reference: matrix, role: { kind: 'covariance' } };
    else if (base.op === 'ref') {
      const rank = addressRank(base.variable, model);
      const reference = { variable: base.variable, at: base.at.slice(0, rank), event: base.at.slice(rank) };
      if (reference.event.length === 0) scale = { reference, role: { kind: 'power', power: a.power.value } };
      else if (reference.event.length === 2 && a.power.value === 1) scale = { reference, role: { kind: 'precision' } };
      else return 'mixes it with a vector';
    } else return 'mixes it with a function of other unknowns';
  }
  if (rest.some(unknown)) return 'mixes it with a function of other unknowns';
  if (members.length > 2) return 'is not quadratic';
  const term = monomialExpr({ ...m, binders: [], guards: [] });
  if (scale !== null && scale.role.kind !== 'power') {
    // P0 x S: the indices of S are those of the vectors, and nothing else depends on a vector's own index.
    const left = [...scale.reference.event];
    const vectors = members.map(vectorOf);
    for (const x of vectors) {
      const at = left.findIndex((e) => x.event.length === 1 && equal(e, x.event[0]!));
      if (at < 0) return 'is not one matrix times what is known';
      left.splice(at, 1);
      const own = x.event[0]!;
      if (own.op !== 'index' || rest.some((e) => freeIndices(e).has(own))) return 'is not one matrix times what is known';
    }
  }
  return {
    members: scale === null || scale.role.kind === 'power' ? members.map((x) => ({ ...x, split: false })) : members.map(vectorOf),
    scale,
    term,
    factor,
  };
}
/** A scalar element read as a place of the vector that its last coordinate runs over. */
function vectorOf(x: Reference): Member {
  return x.event.length > 0 || x.at.length === 0
    ? { ...x, split: false }
    : { ...x, at: x.at.slice(0, -1), event: x.at.slice(-1), split: true };
}
/** Number of coordinates that address one draw: all of a datum with gaps. */
function addressRank(name: string, model: DerivedModel): number {
  const v = model.variable(name);
  return model.statusOf(name) === 'partial' ? v.dims.length : v.dims.length - v.eventRank;
}
/** `inverse(S[at])[i, j]` of an unknown matrix S. */
function inverseOf(e: Expr, model: DerivedModel): Reference | null {
  if (e.op !== 'element' || e.array.fn !== 'inverse') return null;
  const matrix = e.array.args[0]!,
    { body } = matrix;
  if (body.op !== 'ref') return null;
  const rank = addressRank(body.variable, model);
  const inner = body.at.slice(rank);
  if (inner.length !== 2 || !inner.every((x, d) => x === matrix.indices[d])) return null;
  const at = body.at.slice(0, rank);
  return at.some((x) => matrix.indices.some((i) => freeIndices(x).has(i))) ? null : { variable: body.variable, at, event: e.at };
}

/**
 * What integrating Gaussian members out adds to the log statistic of their scale: -1/2 log s for each
 * scalar (log det of the precision for each vector), as contributions to the element of `region`.
 */
export function determinantTerms(
  region: LatentRegion,
  members: readonly LatentRegion[],
  scales: ReadonlyMap<string, Scale>,
): readonly Contribution[] {
  return members.flatMap((member): Contribution[] => {
    const scale = scales.get(member.variable.name);
    if (scale === undefined || scale.variable !== region.variable.name) return [];
    const map = new Map<Index, Expr>();
    const fresh = (i: Index, from: Expr, to: Expr): Binder => {
      const own = index(i.name);
      const binder = { index: own, from: substitute(from, map), to: substitute(to, map) };
      map.set(i, own);
      return binder;
    };
    const binders = member.plates.map((p) => fresh(p.index, p.from, p.to));
    const at = member.at.map((e) => substitute(e, map));
    const address = scale.address.map((c) => (c.from === 'constant' ? c.value : at[c.axis]!));
    const guards = member.guards.map((g) => substitute(g, map));
    const event = scale.role.kind === 'power' ? member.eventDims.map((d) => ({ index: index('i'), from: zero, to: d })) : [];
    const solved = solve([address], [], region, [...binders, ...event], guards);
    if (solved === null) return [];
    // Of a vector written as scalars each counts for its share.
    const share = scale.split ? region.eventDims[0]! : one;
    const coefficient =
      scale.role.kind === 'power' ? num(-scale.role.power / 2) : div(num(scale.role.kind === 'precision' ? -0.5 : 0.5), share);
    return [
      {
        factor: member.statement.id,
        statistic: { kind: scale.role.kind === 'power' ? 'log' : 'logdet' },
        event: [],
        binders: solved.binders,
        guards: solved.guards,
        coefficient,
      },
    ];
  });
}

/** The scale that multiplies the variance of a member at an address, as a reference to its element. */
export function scaleAddress(scale: Scale, at: readonly Expr[]): readonly Expr[] {
  return scale.address.map((c) => (c.from === 'constant' ? c.value : at[c.axis]!));
}
