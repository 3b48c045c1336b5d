/**
 * Complete conditionals: the coefficient of a block's statistics in the canonical form.
 *
 * For the element v[at] of a latent region every monomial is asked which of its references to v can
 * be that element. Each non-empty choice of references (the others being different elements) gives one
 * contribution: a statistic of the element and a coefficient that does not contain it. Index equations
 * `at(reference) = at(element)` are solved for summation indices; what cannot be solved stays as an
 * equality guard (a gather). There is no table of conjugate pairs.
 */
import {
  type Affine,
  affine,
  fromAffine,
  provablyDistinct,
  provablyEqual,
  provablyLess,
  provablyNonNegative,
  type Range,
  tidy,
} from '../expr/affine.js';
import {
  type Expr,
  type Index,
  add,
  addAll,
  apply,
  div,
  equal,
  freeIndices,
  isConst,
  mul,
  mulAll,
  neg,
  num,
  one,
  pow,
  ref,
  rewrite,
  sub,
  substitute,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import { simplify } from '../expr/simplify.js';
import { type Binder, isGuard, type Monomial, monomialExpr, normalForm, refresh, splitCondition } from './normalForm.js';
import { type DerivedModel, type Factor, type LatentRegion, withFreshPlates } from './model.js';

/** Name under which a statistic of kind `other` refers to the element itself. */
export const selfName = '#self';

export type StatisticKind =
  /** v^power for scalars, v_i^power for vectors (power 1: linear). */
  | { readonly kind: 'power'; readonly power: number }
  | { readonly kind: 'log' }
  | { readonly kind: 'log1m' }
  /** v_i v_j of one vector draw. */
  | { readonly kind: 'pair' }
  | { readonly kind: 'inverse' }
  | { readonly kind: 'logdet' }
  /** 1[v = k], the event index k running over the values of a finite latent. */
  | { readonly kind: 'onehot' }
  /** Any other function of the element and of quantities held fixed, written with `ref(selfName, [])`. */
  | { readonly kind: 'other'; readonly expr: Expr };

/** `sum over binders, where guards hold, of coefficient * statistic_event(element)`. */
export interface Contribution {
  readonly factor: number;
  readonly statistic: StatisticKind;
  readonly event: readonly Expr[];
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly coefficient: Expr;
}

/** A bound `low <= v` or `v <= high`, over binders where guards hold. */
export interface Bound {
  readonly side: 'low' | 'high';
  readonly value: Expr;
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly factor: number;
}

/** Why a region has no closed form: the first offending term of each kind. */
export interface Obstacle {
  readonly factor: number;
  /** The offending function of the element as it stands in the program. */
  readonly term: Expr;
  readonly reason: string;
}

export interface Collected {
  readonly region: LatentRegion;
  readonly contributions: readonly Contribution[];
  readonly bounds: readonly Bound[];
  readonly obstacles: readonly Obstacle[];
  /** Factors that must be evaluated as they stand because their dependence on the element does not separate. */
  readonly direct: readonly Factor[];
  /** Factors in which the region's variable occurs at all. */
  readonly factors: readonly Factor[];
}

/** The canonical form of each factor, computed once. */
export interface FactorForm {
  readonly factor: Factor;
  readonly monomials: readonly Monomial[];
}

/** `self`: the variable that the forms are read for, where residuals of others may stay whole (`normalForm`). */
export function factorForms(factors: readonly Factor[], model: DerivedModel, self: string | null = null): readonly FactorForm[] {
  return factors.map((factor) => ({
    factor,
    monomials: normalForm(factor.logDensity, model, self).map((m) => ({
      ...m,
      binders: [...factor.plates.map((p): Binder => ({ index: p.index, from: p.from, to: p.to })), ...m.binders],
      guards: [...factor.guards, ...m.guards],
    })),
  }));
}

/** Everything the joint density says about one element of a region. */
export function collect(region: LatentRegion, forms: readonly FactorForm[], model: DerivedModel): Collected {
  const name = region.variable.name;
  const contributions: Contribution[] = [];
  const bounds: Bound[] = [];
  const obstacles: Obstacle[] = [];
  const direct: Factor[] = [];
  const factors: Factor[] = [];
  const recursions = model.recursionsOf(name);
  for (const { factor, monomials } of forms) {
    const recursion = [...recursions].find((r) => factorMentions(factor, r));
    if (recursion !== undefined) {
      factors.push(factor);
      direct.push(factor);
      obstacles.push({ factor: factor.id, term: firstReference(factor, recursion), reason: `it follows ${name} through a recursion` });
      continue;
    }
    if (!factorMentions(factor, name)) continue;
    factors.push(factor);
    if (isApart(factor, region)) continue;
    const found: Contribution[] = [];
    let separable = true;
    for (const m of monomials) {
      const result = contributionsOf(refresh(m), region, factor.id);
      found.push(...result.contributions);
      if (result.obstacle !== null) {
        separable = false;
        obstacles.push(result.obstacle);
      }
    }
    // The element's own loop may be the factor's: its indices must not be taken for the factor's.
    const apart = withFreshPlates(factor);
    for (const c of apart.conditions) {
      if (!mentions(c, name)) continue;
      const result = boundsOf(c, apart, region, model);
      if (result === null) {
        separable = false;
        obstacles.push({ factor: factor.id, term: c, reason: `its support depends on ${name} in a way that gives no interval` });
      } else bounds.push(...result);
    }
    if (separable) contributions.push(...found);
    else direct.push(factor);
  }
  bounds.push(...neighbourBounds(region));
  return { region, contributions, bounds, obstacles, direct, factors };
}

/** Elements of an ordered vector lie between their neighbours. */
function neighbourBounds(region: LatentRegion): readonly Bound[] {
  const { variable, at } = region;
  if (variable.constraint.kind !== 'ordered' || region.eventRank > 0 || at.length === 0) return [];
  const lead = at.slice(0, -1),
    last = at[at.length - 1]!;
  const previous = tidy(sub(last, one)),
    next = tidy(add(last, one));
  const base = { binders: [], factor: region.statement.id };
  return [
    { ...base, side: 'low', value: ref(variable.name, [...lead, previous]), guards: [apply('ge', previous, zero)] },
    { ...base, side: 'high', value: ref(variable.name, [...lead, next]), guards: [apply('lt', next, variable.dims[at.length - 1]!)] },
  ];
}

/** True where a factor's density, tests or guards refer to a variable. */
export function factorMentions(factor: Factor, variable: string): boolean {
  return [factor.logDensity, ...factor.guards, ...factor.conditions].some((e) => mentions(e, variable));
}
/**
 * True where a factor refers to other elements of the region's variable only, by numbers: of statements that write out a network element by
 * element, most say nothing of a given one.
 */
function isApart(factor: Factor, { variable, at }: LatentRegion): boolean {
  if (!at.some((e) => isConst(e))) return false;
  let apart = true;
  for (const e of [factor.logDensity, ...factor.guards, ...factor.conditions])
    visit(e, (x) => {
      if (x.op !== 'ref' || x.variable !== variable.name) return;
      apart &&= at.some((own, d) => {
        const other = x.at[d];
        return isConst(own) && other !== undefined && isConst(other) && other.value !== own.value;
      });
    });
  return apart;
}
/** The variables that a factor's density, tests and guards refer to: where it is asked about many, this is quicker than asking for each. */
export function variablesIn(factor: Factor): ReadonlySet<string> {
  return new Set([factor.logDensity, ...factor.guards, ...factor.conditions].flatMap((e) => [...variablesOf(e)]));
}
/** How a factor refers to a variable that it mentions. */
export function firstReference(factor: Factor, variable: string): Expr {
  let found: Expr = ref(variable, []);
  for (const e of [...factor.conditions, ...factor.guards, factor.logDensity])
    visit(e, (x) => {
      if (x.op === 'ref' && x.variable === variable) found = x;
    });
  return found;
}

/** True where the expression refers to the variable. */
export function mentions(e: Expr, variable: string): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'ref' && x.variable === variable) found = true;
  });
  return found;
}

/** One reference to the region's variable inside a monomial. */
interface Reference {
  readonly at: readonly Expr[];
  readonly event: readonly Expr[];
}

function referencesIn(e: Expr, name: string, rank: number): readonly Reference[] {
  const out: Reference[] = [];
  visit(e, (x) => {
    if (x.op !== 'ref' || x.variable !== name) return;
    const reference = { at: x.at.slice(0, rank), event: x.at.slice(rank) };
    if (!out.some((o) => o.at.every((a, d) => equal(a, reference.at[d]!)) && o.event.every((a, d) => equal(a, reference.event[d]!))))
      out.push(reference);
  });
  return out;
}

function contributionsOf(
  m: Monomial,
  region: LatentRegion,
  factor: number,
): { contributions: readonly Contribution[]; obstacle: Obstacle | null } {
  const name = region.variable.name,
    rank = region.at.length;
  // A discrete element may stand in guards, index positions, binders and powers: not a polynomial statistic.
  const hidden = [...m.guards, ...m.coefficient, ...m.binders.flatMap((b) => [b.from, b.to]), ...m.atoms.map((a) => a.power)];
  const inHidden = hidden.find((e) => mentions(e, name));
  if (inHidden !== undefined)
    return { contributions: [], obstacle: { factor, term: inHidden, reason: `${name} stands in a condition, a range or an index` } };

  // Atoms that are statistics by themselves, and what is left.
  const parts: Part[] = [];
  const rest: Expr[] = [...m.coefficient];
  for (const a of m.atoms) {
    if (!mentions(a.base, name)) {
      rest.push(pow(a.base, a.power));
      continue;
    }
    const part = statisticPart(a.base, a.power, name, rank);
    if (part === null) return { contributions: [], obstacle: { factor, term: pow(a.base, a.power), reason: 'opaque' } };
    parts.push(part);
  }
  if (parts.length === 0) return { contributions: [], obstacle: null };
  if (rest.some((e) => mentions(e, name)))
    return { contributions: [], obstacle: { factor, term: rest.find((e) => mentions(e, name))!, reason: 'opaque' } };

  // Distinct addresses among the parts; parts with the same address are one reference.
  const references: { at: readonly Expr[]; parts: Part[] }[] = [];
  for (const p of parts) {
    const same = references.find((r) => r.at.every((a, d) => equal(a, p.at[d]!)));
    if (same) same.parts.push(p);
    else references.push({ at: p.at, parts: [p] });
  }
  const contributions: Contribution[] = [];
  for (let mask = 1; mask < 1 << references.length; mask++) {
    const chosen = references.filter((_, k) => mask & (1 << k));
    const others = references.filter((_, k) => !(mask & (1 << k)));
    const solved = solve(
      chosen.map((r) => r.at),
      others.map((r) => r.at),
      region,
      m.binders,
      m.guards,
    );
    if (solved === null) continue;
    const map = solved.map;
    const statistic = mergeParts(
      chosen.flatMap((r) => r.parts),
      map,
      solved.binders,
    );
    if (statistic === null) return { contributions: [], obstacle: { factor, term: mulAll(parts.map((p) => p.source)), reason: 'opaque' } };
    const coefficient = mulAll([...rest, ...others.flatMap((r) => r.parts.map((p) => p.source))].map((e) => substitute(e, map)));
    contributions.push({
      factor,
      statistic: statistic.kind,
      event: statistic.event,
      binders: solved.binders,
      guards: solved.guards,
      coefficient,
    });
  }
  return { contributions, obstacle: null };
}

/** A factor of a monomial that is a statistic of one element. */
interface Part {
  readonly kind: StatisticKind;
  readonly at: readonly Expr[];
  readonly event: readonly Expr[];
  readonly source: Expr;
}

function statisticPart(base: Expr, power: Expr, name: string, rank: number): Part | null {
  const source = pow(base, power);
  const own = (e: Expr): { at: readonly Expr[]; event: readonly Expr[] } | null =>
    e.op === 'ref' && e.variable === name ? { at: e.at.slice(0, rank), event: e.at.slice(rank) } : null;
  const direct = own(base);
  if (direct !== null && isConst(power)) return { kind: { kind: 'power', power: power.value }, ...direct, source };
  if (base.op === 'apply' && base.fn === 'log' && isConst(power, 1)) {
    const inner = base.args[0]!;
    const logged = own(inner);
    if (logged !== null) return { kind: { kind: 'log' }, ...logged, source };
    if (inner.op === 'apply' && inner.fn === 'sub' && isConst(inner.args[0]!, 1)) {
      const complement = own(inner.args[1]!);
      if (complement !== null) return { kind: { kind: 'log1m' }, ...complement, source };
    }
  }
  if (base.op === 'element' && isConst(power, 1) && (base.array.fn === 'inverse' || base.array.fn === 'logdet')) {
    const matrix = base.array.args[0]!;
    const body = own(matrix.body);
    if (
      body !== null &&
      body.event.length === 2 &&
      body.event.every((e, d) => e === matrix.indices[d]) &&
      body.at.every((e) => !matrix.indices.some((i) => mentionsIndex(e, i)))
    ) {
      return base.array.fn === 'inverse'
        ? { kind: { kind: 'inverse' }, at: body.at, event: base.at, source }
        : { kind: { kind: 'logdet' }, at: body.at, event: [], source };
    }
  }
  // A function of one scalar element and of things held fixed: separable, though of no family's statistics.
  const references = referencesIn(base, name, rank);
  if (references.length !== 1 || references[0]!.event.length > 0) return null;
  // One reference under a sum is many elements.
  const free = freeIndices(base);
  if (references[0]!.at.some((e) => [...freeIndices(e)].some((i) => !free.has(i)))) return null;
  const expr = rewrite(source, (x) => (x.op === 'ref' && x.variable === name ? ref(selfName, []) : x));
  return { kind: { kind: 'other', expr }, at: references[0]!.at, event: [], source };
}
function mentionsIndex(e: Expr, i: Index): boolean {
  let found = false;
  visit(e, (x) => {
    if (x === i) found = true;
  });
  return found;
}

/** The statistic that the product of parts of one element is; null where it separates no further. */
function mergeParts(
  parts: readonly Part[],
  map: ReadonlyMap<Index, Expr>,
  remaining: readonly Binder[],
): { kind: StatisticKind; event: readonly Expr[] } | null {
  const events = parts.map((p) => p.event.map((e) => substitute(e, map)));
  if (parts.length === 1) {
    const p = parts[0]!;
    const kind = p.kind;
    if (kind.kind === 'power' && kind.power === 2 && events[0]!.length === 1)
      return { kind: { kind: 'pair' }, event: [events[0]![0]!, events[0]![0]!] };
    if (kind.kind === 'other') {
      const expr = tidyIndices(substitute(kind.expr, map));
      return remaining.some((b) => mentionsIndex(expr, b.index)) ? null : { kind: { kind: 'other', expr }, event: [] };
    }
    return { kind, event: events[0]! };
  }
  if (parts.every((p) => p.kind.kind === 'power')) {
    const powers = parts.map((p) => (p.kind.kind === 'power' ? p.kind.power : 0));
    if (events.every((e) => e.length === 0)) {
      return { kind: { kind: 'power', power: powers.reduce((a, b) => a + b, 0) }, event: [] };
    }
    if (parts.length === 2 && powers.every((x) => x === 1) && events.every((e) => e.length === 1)) {
      return { kind: { kind: 'pair' }, event: [events[0]![0]!, events[1]![0]!] };
    }
  }
  if (events.every((e) => e.length === 0)) {
    const expr = tidyIndices(substitute(mulAll(parts.map((p) => selfExpr(p.kind))), map));
    return remaining.some((b) => mentionsIndex(expr, b.index)) ? null : { kind: { kind: 'other', expr }, event: [] };
  }
  return null;
}
/** A statistic as an expression of the element. */
export function selfExpr(kind: StatisticKind, event: readonly Expr[] = []): Expr {
  const self = ref(selfName, event);
  switch (kind.kind) {
    case 'power':
      return pow(self, num(kind.power));
    case 'log':
      return apply('log', self);
    case 'log1m':
      return apply('log', sub(one, self));
    case 'pair':
      return mul(ref(selfName, [event[0]!]), ref(selfName, [event[1]!]));
    case 'inverse':
    case 'logdet':
    case 'onehot':
      return self;
    case 'other':
      return kind.expr;
  }
}

export interface Solved {
  readonly map: ReadonlyMap<Index, Expr>;
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
}

/**
 * Solves `address = region.at` for summation indices, for every chosen address; the others must
 * differ from the element. Returns null where that is impossible.
 */
export function solve(
  chosen: readonly (readonly Expr[])[],
  others: readonly (readonly Expr[])[],
  region: LatentRegion,
  binders: readonly Binder[],
  guards: readonly Expr[],
): Solved | null {
  const map = new Map<Index, Expr>();
  const ranges: Range[] = region.plates.map((p) => ({ index: p.index, from: p.from, to: p.to }));
  const extra: Expr[] = [];
  const apply_ = (e: Expr): Expr => (map.size === 0 ? e : tidyIndices(substitute(e, map)));
  for (const address of chosen) {
    for (let d = 0; d < region.at.length; d++) {
      const left = apply_(address[d]!),
        right = region.at[d]!;
      if (provablyEqual(left, right)) continue;
      if (provablyDistinct(left, right, ranges)) return null;
      const form: Affine = affine(left);
      const t = form.terms.find(
        (x) =>
          x.term.op === 'index' && Math.abs(x.coefficient) === 1 && binders.some((b) => b.index === x.term) && !map.has(x.term as Index),
      );
      if (t === undefined) {
        extra.push(apply('eq', left, right));
        continue;
      }
      const rest = fromAffine({ constant: form.constant, terms: form.terms.filter((x) => x !== t) });
      if (mentionsIndex(rest, t.term as Index)) {
        extra.push(apply('eq', left, right));
        continue;
      }
      const value = tidy(t.coefficient === 1 ? sub(right, rest) : sub(rest, right));
      // Earlier solutions may mention the index just solved.
      for (const [k, v] of map) map.set(k, tidyIndices(substitute(v, new Map([[t.term as Index, value]]))));
      map.set(t.term as Index, value);
    }
  }
  const outGuards: Expr[] = [];
  const remaining: Binder[] = [];
  for (const b of binders) {
    const from = apply_(b.from),
      to = apply_(b.to);
    const value = map.get(b.index);
    if (value === undefined) {
      remaining.push({ index: b.index, from, to });
      continue;
    }
    const known = [...ranges, ...remaining];
    if (!provablyNonNegative(sub(value, from), known)) outGuards.push(apply('ge', value, from));
    if (!provablyLess(value, to, known)) outGuards.push(apply('lt', value, to));
  }
  // Equations set aside may hold indices that were solved for later.
  for (const g of [...guards, ...extra].map(apply_)) outGuards.push(g);
  for (const address of others) {
    const known = [...ranges, ...remaining];
    const tests: Expr[] = [];
    let distinct = false;
    address.forEach((left0, d) => {
      const left = apply_(left0),
        right = region.at[d]!;
      if (provablyEqual(left, right)) return;
      if (provablyDistinct(left, right, known)) {
        distinct = true;
        return;
      }
      tests.push(apply('ne', left, right));
    });
    if (distinct) continue;
    if (tests.length === 0) return null;
    outGuards.push(tests.reduce((a, b) => apply('or', a, b)));
  }
  const kept: Expr[] = [];
  for (const g of outGuards) {
    const s = simplify(g);
    if (isConst(s)) {
      if (s.value === 0) return null;
      continue;
    }
    // Guards of the region itself hold for every element a kernel visits.
    if (region.guards.some((r) => equal(r, s)) || kept.some((k) => equal(k, s))) continue;
    if (region.guards.some((r) => exclude(r, s))) return null;
    kept.push(s);
  }
  return { map, binders: remaining, guards: kept };
}
/** True where two tests cannot both hold by their form: one is the other's negation, or they ask the same for different numbers. */
function exclude(a: Expr, b: Expr): boolean {
  if (equal(apply('not', a), b) || equal(a, apply('not', b))) return true;
  const [x, y] = [numberAsked(a), numberAsked(b)];
  return x !== null && y !== null && x.value !== y.value && equal(x.of, y.of);
}
function numberAsked(test: Expr): { readonly of: Expr; readonly value: number } | null {
  if (test.op !== 'apply' || test.fn !== 'eq') return null;
  const [a, b] = test.args as readonly [Expr, Expr];
  return isConst(b) ? { of: a, value: b.value } : isConst(a) ? { of: b, value: a.value } : null;
}
/** Tidies addresses after substitution: `z[(t + 1) - 1]` becomes `z[t]`. */
function tidyIndices(e: Expr): Expr {
  return rewrite(e, (x) =>
    x.op === 'ref' && x.at.length > 0
      ? ref(x.variable, x.at.map(tidy))
      : x.op === 'apply' && (x.fn === 'add' || x.fn === 'sub') && isIndexArithmetic(x)
        ? tidy(x)
        : x,
  );
}
function isIndexArithmetic(e: Expr): boolean {
  if (e.op === 'index' || e.op === 'size') return true;
  if (e.op === 'const') return Number.isInteger(e.value);
  return e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub' || e.fn === 'neg' || e.fn === 'mul') && e.args.every(isIndexArithmetic);
}

/**
 * A test `a >= b` (or >, <=, <) as bounds on the element; null where it is not affine in it. Choices
 * inside the test become guards, a conjunction is the bounds of both sides.
 */
function boundsOf(test: Expr, factor: Factor, region: LatentRegion, model: DerivedModel): readonly Bound[] | null {
  if (!mentions(test, region.variable.name)) return [];
  const split = splitCondition(test, (t) => isGuard(t, model));
  if (split !== null) {
    if (mentions(split.test, region.variable.name)) return null;
    const then = boundsOf(split.then, { ...factor, guards: [...factor.guards, split.test] }, region, model);
    const otherwise = boundsOf(split.otherwise, { ...factor, guards: [...factor.guards, apply('not', split.test)] }, region, model);
    return then === null || otherwise === null ? null : [...then, ...otherwise];
  }
  if (test.op !== 'apply') return null;
  const [a, b] = test.args;
  switch (test.fn) {
    case 'ge':
    case 'gt':
      return halfLine(sub(a!, b!), test.fn === 'gt', factor, region, model);
    case 'le':
    case 'lt':
      return halfLine(sub(b!, a!), test.fn === 'lt', factor, region, model);
    case 'and': {
      const left = boundsOf(a!, factor, region, model),
        right = boundsOf(b!, factor, region, model);
      return left === null || right === null ? null : [...left, ...right];
    }
    default:
      return null;
  }
}

/**
 * Bounds from `condition >= 0`, or `> 0`, which is another bound for integers only: sum over references r of slope_r v[r] + rest, solved for
 * the references that are the element.
 */
function halfLine(condition: Expr, strict: boolean, factor: Factor, region: LatentRegion, model: DerivedModel): readonly Bound[] | null {
  if (region.eventRank > 0) return null;
  const name = region.variable.name;
  const references: { readonly at: readonly Expr[]; readonly source: Expr; readonly slopes: Expr[] }[] = [];
  const rest: Expr[] = [];
  for (const m of normalForm(condition, model)) {
    const own = m.atoms.filter((a) => mentions(a.base, name) || mentions(a.power, name));
    const others = [...m.coefficient, ...m.atoms.filter((a) => !own.includes(a)).map((a) => pow(a.base, a.power))];
    if ([...m.guards, ...others, ...m.binders.flatMap((b) => [b.from, b.to])].some((e) => mentions(e, name))) return null;
    if (own.length === 0) {
      rest.push(monomialExpr(m));
      continue;
    }
    const a = own[0]!;
    // A guard left by a missing datum or a sum over elements: no single half-line.
    if (
      own.length > 1 ||
      m.binders.length > 0 ||
      m.guards.length > 0 ||
      !isConst(a.power, 1) ||
      a.base.op !== 'ref' ||
      a.base.at.some((e) => mentions(e, name))
    )
      return null;
    const { at } = a.base;
    const same = references.find((r) => r.at.every((e, d) => equal(e, at[d]!)));
    if (same) same.slopes.push(mulAll(others));
    else references.push({ at, source: a.base, slopes: [mulAll(others)] });
  }
  if (references.length > largestReferences) return null;
  const constant = addAll(rest);
  const out: Bound[] = [];
  for (let mask = 1; mask < 1 << references.length; mask++) {
    const chosen = references.filter((_, k) => mask & (1 << k)),
      others = references.filter((_, k) => !(mask & (1 << k)));
    const solved = solve(
      chosen.map((r) => r.at),
      others.map((r) => r.at),
      region,
      factor.plates.map((p) => ({ index: p.index, from: p.from, to: p.to })),
      factor.guards,
    );
    if (solved === null) continue;
    const slope = simplify(addAll(chosen.flatMap((r) => r.slopes)));
    const sum = addAll([constant, ...others.map((r) => mul(addAll(r.slopes), r.source))]);
    const put = (e: Expr): Expr => tidyIndices(substitute(e, solved.map));
    const value = isConst(slope) ? mul(num(-1 / slope.value), sum) : neg(div(sum, slope));
    const beyond = (side: 'low' | 'high', end: Expr): Expr =>
      simplify(side === 'low' ? add(apply('floor', end), one) : sub(apply('ceil', end), one));
    const bound = (side: 'low' | 'high', guards: readonly Expr[]): Bound => ({
      side,
      value: strict && region.variable.scalar !== 'real' ? beyond(side, put(value)) : put(value),
      binders: solved.binders,
      guards: [...solved.guards, ...guards],
      factor: factor.id,
    });
    if (isConst(slope, 0)) continue;
    if ((isConst(slope) && slope.value > 0) || model.isPositive(slope)) out.push(bound('low', []));
    else if ((isConst(slope) && slope.value < 0) || model.isPositive(simplify(neg(slope)))) out.push(bound('high', []));
    else out.push(bound('low', [apply('gt', put(slope), zero)]), bound('high', [apply('lt', put(slope), zero)]));
  }
  return out;
}
/** Tests with more references to one variable than this are evaluated as they stand. */
const largestReferences = 6;
