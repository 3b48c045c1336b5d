/**
 * Mean field: the same coefficients as a complete conditional's, every other block replaced by its
 * expectation (q_j proportional to exp E_{-j} log p; Bishop 2006, eq. 10.9).
 *
 * Finite latents become one-hot variables: a monomial that contains z[n] anywhere is
 * sum_k 1[z[n] = k] times itself at z[n] = k. Expectations are references to tables named
 * `E|variable|statistic`, which a backend keeps; products within one block stay joint.
 */
import { provablyDistinct, provablyEqual, type Range } from '../expr/affine.js';
import {
  type Expr, type Index, add, apply, cond, equal, index, mul, mulAll, one, pow, ref, rewrite, sub, visit, zero,
} from '../expr/expr.js';
import { isConst } from '../expr/expr.js';
import { type Contribution, collect, type Collected, type FactorForm, type StatisticKind } from './conditional.js';
import { type Recognised, recognise, statisticName } from './closedForm.js';
import { type Binder, combine, factorsOf, type Monomial, monomialExpr, normalForm } from './normalForm.js';
import { type DerivedModel, latentRegions, type LatentRegion } from './model.js';

/** Name of the one-hot variable of a finite latent: one more dimension, its values. */
export function oneHotOf(variable: string): string { return `${variable}=`; }
/** Name of the table of E[statistic] of a variable. */
export function expectationOf(variable: string, statistic: string): string { return `E|${variable}|${statistic}`; }
/** Names that stand for something a run changes, though no variable of the program has them. */
export function isDerivedName(name: string): boolean { return name.endsWith('=') || name.startsWith('E|'); }

/** A statistic whose expectation some update needs: the table's name and how to compute it. */
export interface NeededExpectation { readonly variable: string; readonly kind: StatisticKind; readonly name: string }

/** Why mean field cannot treat a model, with the term. */
export class MeanFieldRefusal extends Error {
  readonly term: Expr;
  readonly variable: string | null;
  constructor(message: string, term: Expr, variable: string | null) { super(message); this.term = term; this.variable = variable; }
}

export interface MeanFieldBlock {
  readonly region: LatentRegion;
  /** Contributions to the one-hot statistic for finite latents, else to the region's own. */
  readonly collected: Collected;
  readonly recognised: Recognised;
  /** The contributions with coefficients in expectation. */
  readonly expected: readonly Contribution[];
}

export interface MeanField {
  readonly blocks: readonly MeanFieldBlock[];
  /** Expected log joint as sums of products of expectations. */
  readonly energy: readonly { readonly binders: readonly Binder[]; readonly guards: readonly Expr[]; readonly coefficient: Expr }[];
  readonly needed: readonly NeededExpectation[];
}

/**
 * Updates and energy of the fully factorised family.
 * @throws MeanFieldRefusal where an expectation has no closed form.
 */
export function meanField(forms: readonly FactorForm[], model: DerivedModel): MeanField {
  const expander = new OneHot(model);
  const oneHot: readonly FactorForm[] = forms.map((f) => ({ factor: f.factor, monomials: combine(f.monomials.flatMap((m) => expander.expand(m))) }));
  const needed = new Map<string, NeededExpectation>();
  const blocks = latentRegions(model).map((region): MeanFieldBlock => {
    const finite = model.finiteRange(region.variable.name) !== null;
    const view = finite ? oneHotRegion(region) : region;
    const collected = collectOneHot(view, oneHot, model, finite);
    const recognised = finite ? recognise(collect(region, forms, model), model) : recognise(collected, model);
    const expected = collected.contributions.map((c) => ({ ...c, coefficient: expect(c.coefficient, c.binders, region, model, needed) }));
    return { region, collected, recognised, expected };
  });
  const energy = oneHot.flatMap((f) => f.monomials.map((m) => ({
    binders: m.binders, guards: m.guards,
    coefficient: expect(mulAll([...m.coefficient, ...m.atoms.map((a) => pow(a.base, a.power))]), m.binders, null, model, needed),
  })));
  return { blocks, energy, needed: [...needed.values()] };
}

function oneHotRegion(region: LatentRegion): LatentRegion {
  return { ...region, variable: { ...region.variable, name: oneHotOf(region.variable.name) }, eventRank: 1 };
}

/** Contributions to 1[z = k]: a linear statistic of the one-hot vector. */
function collectOneHot(region: LatentRegion, forms: readonly FactorForm[], model: DerivedModel, finite: boolean): Collected {
  const named = forms.map((f) => ({ factor: { ...f.factor, logDensity: sumOf(f.monomials), guards: [], conditions: finite ? [] : f.factor.conditions }, monomials: f.monomials }));
  const collected = collect(region, named, model);
  if (!finite) return collected;
  return { ...collected, contributions: collected.contributions.map((c) => ({ ...c, statistic: { kind: 'onehot' } })) };
}
function sumOf(monomials: readonly Monomial[]): Expr { return monomials.map(monomialExpr).reduce(add, zero); }

class OneHot {
  private readonly model: DerivedModel;
  constructor(model: DerivedModel) { this.model = model; }

  /** The monomial with every reference to a finite latent summed over its values. */
  expand(m: Monomial): readonly Monomial[] {
    const parts = [...m.coefficient, ...m.guards, ...m.binders.flatMap((b) => [b.from, b.to]), ...m.atoms.flatMap((a) => [a.base, a.power])];
    const references: (Expr & { op: 'ref' })[] = [];
    for (const e of parts) visit(e, (x) => {
      if (x.op === 'ref' && this.isFiniteLatent(x.variable) && !references.some((r) => equal(r, x))) references.push(x);
    });
    if (references.length === 0) return [m];
    const values: { reference: Expr & { op: 'ref' }; k: Index; low: Expr; count: Expr }[] = references.map((reference) => {
      const range = this.model.finiteRange(reference.variable)!;
      return { reference, k: index('k'), low: range.low, count: add(sub(range.high, range.low), one) };
    });
    // Inner references first: an index of an outer one may itself contain a latent.
    const put = (e: Expr): Expr => rewrite(e, (x) => {
      if (x.op !== 'ref') return x;
      const v = values.find((w) => equal(w.reference, x));
      return v === undefined ? x : isConst(v.low, 0) ? v.k : add(v.low, v.k);
    });
    const binders: Binder[] = [...values.map((v): Binder => ({ index: v.k, from: zero, to: v.count }))];
    const guards = m.guards.map(put);
    const inner: Binder[] = m.binders.map((b) => ({ index: b.index, from: put(b.from), to: put(b.to) }));
    const hot = values.map((v) => ({ base: ref(oneHotOf(v.reference.variable), [...v.reference.at.map(put), v.k]) as Expr, power: one as Expr }));
    // What the latents stood in may expand further at a fixed value.
    const body = mulAll([...m.coefficient.map(put), ...m.atoms.map((a) => pow(put(a.base), put(a.power)))]);
    return normalForm(body, this.model).map((x) => ({
      binders: [...inner, ...binders, ...x.binders], guards: [...guards, ...x.guards], coefficient: x.coefficient, atoms: [...hot, ...x.atoms],
    }));
  }
  private isFiniteLatent(name: string): boolean {
    const status = this.model.statusOf(name);
    return (status === 'latent' || status === 'partial') && !isDerivedName(name) && this.model.finiteRange(name) !== null;
  }
}

/** One latent factor of a product: which block, which statistic. */
interface Item { readonly variable: string; readonly lead: readonly Expr[]; readonly event: readonly Expr[]; readonly kind: StatisticKind; readonly source: Expr }

/** E of a product: one table for each block, joint within a block. */
function expect(product: Expr, binders: readonly Binder[], own: LatentRegion | null, model: DerivedModel, needed: Map<string, NeededExpectation>): Expr {
  const items: Item[] = [];
  const rest: Expr[] = [];
  for (const f of factorsOf(product)) {
    if (!dependsOnState(f, model)) { rest.push(f); continue; }
    items.push(itemOf(f, model));
  }
  const ranges: Range[] = [...binders, ...(own?.plates ?? [])];
  const groups = new Map<string, Item[]>();
  for (const i of items) { const g = groups.get(i.variable) ?? []; g.push(i); groups.set(i.variable, g); }
  const out = [...groups.values()].map((g) => groupExpectation(g, ranges, model, needed));
  return mulAll([...rest, ...out]);
}
function dependsOnState(e: Expr, model: DerivedModel): boolean {
  let found = false;
  visit(e, (x) => { if (x.op === 'ref' && (isDerivedName(x.variable) || model.statusOf(x.variable) !== 'given')) found = true; });
  return found;
}

function itemOf(f: Expr, model: DerivedModel): Item {
  const base = f.op === 'apply' && f.fn === 'pow' ? f.args[0]! : f;
  const power = f.op === 'apply' && f.fn === 'pow' ? f.args[1]! : one;
  const own = (e: Expr): { variable: string; lead: readonly Expr[]; event: readonly Expr[] } | null => {
    if (e.op !== 'ref') return null;
    if (e.variable.endsWith('=')) return { variable: e.variable, lead: e.at.slice(0, -1), event: e.at.slice(-1) };
    const rank = model.statusOf(e.variable) === 'partial' ? 0 : model.variable(e.variable).eventRank;
    return { variable: e.variable, lead: e.at.slice(0, e.at.length - rank), event: e.at.slice(e.at.length - rank) };
  };
  const direct = own(base);
  // The square of a vector's element is a diagonal entry of its second moments.
  if (direct !== null && isConst(power, 2) && direct.event.length === 1 && !direct.variable.endsWith('=')) return { ...direct, event: [direct.event[0]!, direct.event[0]!], kind: { kind: 'pair' }, source: f };
  if (direct !== null && isConst(power)) return { ...direct, kind: base.op === 'ref' && base.variable.endsWith('=') ? { kind: 'onehot' } : { kind: 'power', power: power.value }, source: f };
  if (isConst(power, 1) && base.op === 'apply' && base.fn === 'log') {
    const inner = base.args[0]!;
    const logged = own(inner);
    if (logged !== null) return { ...logged, kind: { kind: 'log' }, source: f };
    if (inner.op === 'apply' && inner.fn === 'sub' && isConst(inner.args[0]!, 1)) {
      const complement = own(inner.args[1]!);
      if (complement !== null) return { ...complement, kind: { kind: 'log1m' }, source: f };
    }
  }
  if (isConst(power, 1) && base.op === 'element' && (base.array.fn === 'inverse' || base.array.fn === 'logdet')) {
    const body = own(base.array.args[0]!.body);
    if (body !== null && body.event.length === 2 && body.event.every((e, d) => e === base.array.args[0]!.indices[d])) {
      return base.array.fn === 'inverse' ? { variable: body.variable, lead: body.lead, event: base.at, kind: { kind: 'inverse' }, source: f } : { variable: body.variable, lead: body.lead, event: [], kind: { kind: 'logdet' }, source: f };
    }
  }
  // A function of one scalar element alone: its expectation exists on a quadrature grid.
  const names = new Set<string>();
  const leads: (readonly Expr[])[] = [];
  visit(f, (x) => { if (x.op === 'ref' && model.statusOf(x.variable) !== 'given') { names.add(x.variable); if (!leads.some((l) => l.every((e, d) => equal(e, x.at[d]!)))) leads.push(x.at); } });
  const name = [...names][0]!;
  if (names.size === 1 && leads.length === 1 && !name.endsWith('=') && model.variable(name).eventRank === 0) {
    const expr = rewrite(f, (x) => (x.op === 'ref' && x.variable === name ? ref('#self', []) : x));
    let closed = true;
    visit(expr, (x) => { if (x.op === 'index' || (x.op === 'ref' && x.variable !== '#self') || x.op === 'element') closed = false; });
    if (closed) return { variable: name, lead: leads[0]!, event: [], kind: { kind: 'other', expr }, source: f };
  }
  throw new MeanFieldRefusal('has no expectation in closed form', f, names.size > 0 ? name : null);
}

function table(i: { readonly variable: string; readonly kind: StatisticKind }, at: readonly Expr[], needed: Map<string, NeededExpectation>, model: DerivedModel): Expr {
  const name = i.kind.kind === 'onehot' ? expectationOf(i.variable, '1') : expectationOf(i.variable, statisticKey(i.kind, model, i.variable, needed));
  if (!needed.has(name)) needed.set(name, { variable: i.variable, kind: i.kind, name });
  return ref(name, at);
}
function statisticKey(kind: StatisticKind, model: DerivedModel, variable: string, needed: ReadonlyMap<string, NeededExpectation>): string {
  if (kind.kind === 'other') {
    for (const n of needed.values()) if (n.variable === variable && n.kind.kind === 'other' && equal(n.kind.expr, kind.expr)) return n.name.slice(expectationOf(variable, '').length);
    return `f${[...needed.values()].filter((n) => n.kind.kind === 'other').length}`;
  }
  const rank = variable.endsWith('=') ? 1 : model.statusOf(variable) === 'partial' ? 0 : model.variable(variable).eventRank;
  return statisticName(kind, rank) ?? (kind.kind === 'power' ? `x^${kind.power}` : kind.kind);
}

function groupExpectation(items: readonly Item[], ranges: readonly Range[], model: DerivedModel, needed: Map<string, NeededExpectation>): Expr {
  if (items.length === 1) return table(items[0]!, [...items[0]!.lead, ...items[0]!.event], needed, model);
  if (items.length === 2) {
    const [a, b] = [items[0]!, items[1]!];
    const apart = mul(table(a, [...a.lead, ...a.event], needed, model), table(b, [...b.lead, ...b.event], needed, model));
    if (a.lead.some((e, d) => provablyDistinct(e, b.lead[d]!, ranges))) return apart;
    const together = jointExpectation(a, b, needed, model);
    const tests = a.lead.flatMap((e, d) => (provablyEqual(e, b.lead[d]!) ? [] : [apply('eq', e, b.lead[d]!)]));
    return tests.length === 0 ? together : cond(tests.reduce((x, y) => apply('and', x, y)), together, apart);
  }
  // Several factors of one variable: only where all are different elements.
  for (let i = 0; i < items.length; i++) for (let j = 0; j < i; j++) {
    if (!items[i]!.lead.some((e, d) => provablyDistinct(e, items[j]!.lead[d]!, ranges))) {
      throw new MeanFieldRefusal('needs a moment of higher order', mulAll(items.map((x) => x.source)), items[0]!.variable);
    }
  }
  return mulAll(items.map((i) => table(i, [...i.lead, ...i.event], needed, model)));
}

/** E of two statistics of the same element. */
function jointExpectation(a: Item, b: Item, needed: Map<string, NeededExpectation>, model: DerivedModel): Expr {
  if (a.kind.kind === 'onehot' && b.kind.kind === 'onehot') return cond(apply('eq', a.event[0]!, b.event[0]!), table(a, [...a.lead, ...a.event], needed, model), zero);
  if (a.kind.kind === 'power' && b.kind.kind === 'power') {
    if (a.event.length === 0) return table({ variable: a.variable, kind: { kind: 'power', power: a.kind.power + b.kind.power } }, a.lead, needed, model);
    if (a.event.length === 1 && a.kind.power === 1 && b.kind.power === 1) return table({ variable: a.variable, kind: { kind: 'pair' } }, [...a.lead, a.event[0]!, b.event[0]!], needed, model);
  }
  if (a.event.length === 0 && b.event.length === 0) {
    const one_ = (k: StatisticKind): Expr => (k.kind === 'power' ? pow(ref('#self', []), { op: 'const', value: k.power }) : k.kind === 'log' ? apply('log', ref('#self', [])) : k.kind === 'log1m' ? apply('log', sub(one, ref('#self', []))) : k.kind === 'other' ? k.expr : zero);
    return table({ variable: a.variable, kind: { kind: 'other', expr: mul(one_(a.kind), one_(b.kind)) } }, a.lead, needed, model);
  }
  throw new MeanFieldRefusal('needs a joint moment that its family does not give', mul(a.source, b.source), a.variable);
}
