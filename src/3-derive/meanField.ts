/**
 * Mean field: the same coefficients as a complete conditional's, every other block replaced by its
 * expectation (q_j proportional to exp E_{-j} log p; Bishop 2006, eq. 10.9).
 *
 * Finite latents become one-hot variables: a monomial that contains z[n] anywhere is
 * sum_k 1[z[n] = k] times itself at z[n] = k. Expectations are references to tables named
 * `E|variable|statistic`, which a backend keeps; products within one block stay joint.
 */
import { conjunction } from '../distributions/tests.js';
import { provablyDistinct, provablyEqual, provablyLess, provablyNonNegative, type Range } from '../expr/affine.js';
import {
  type Expr,
  type Ref,
  add,
  addAll,
  apply,
  cond,
  equal,
  freeIndices,
  index,
  isConst,
  mul,
  mulAll,
  nestedSum,
  num,
  one,
  pow,
  ref,
  rewrite,
  sub,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import { momentAboutMeans, type Moment, type MomentReader, wholeSums } from './aboutMeans.js';
import {
  type Contribution,
  collect,
  type Collected,
  factorMentions,
  type FactorForm,
  factorForms,
  firstReference,
  mentions,
  selfExpr,
  selfName,
  type StatisticKind,
} from './conditional.js';
import { isImplied, type Recognised, recognise, regionSupport, replaceSelf, statisticName } from './closedForm.js';
import { type Binder, combine, factorsOf, type Monomial, monomialExpr, normalForm } from './normalForm.js';
import { type DerivedModel, type Factor, givenPartOf, latentRegions, type LatentRegion, maskOf } from './model.js';

/** Name of the one-hot variable of a finite latent: one more dimension, its values. */
export function oneHotOf(variable: string): string {
  return `${variable}=`;
}
/** Name of the table of E[statistic] of a variable. */
export function expectationOf(variable: string, statistic: string): string {
  return `E|${variable}|${statistic}`;
}
/** Name of the table of variances of a variable's scalar elements, covariance matrices of its vectors. */
export function covarianceOf(variable: string): string {
  return expectationOf(variable, 'covariance');
}
/** Names that stand for something a run changes, though no variable of the program has them. */
function isDerivedName(name: string): boolean {
  return name.endsWith('=') || name.startsWith('E|');
}

/** A statistic whose expectation some update needs: the table's name and how to compute it. */
export interface NeededExpectation {
  readonly variable: string;
  readonly kind: StatisticKind;
  readonly name: string;
}

/** Why mean field cannot treat a model, with the term. */
export class MeanFieldRefusal extends Error {
  readonly term: Expr;
  readonly variable: string | null;
  /** The factor that has the term, by its statement's id; null where it is not one factor's. */
  readonly factor: number | null;
  constructor(message: string, term: Expr, variable: string | null, factor: number | null = null) {
    super(message);
    this.term = term;
    this.variable = variable;
    this.factor = factor;
  }
}
/** What is derived from one factor: a refusal says which. */
function ofFactor<T>(factor: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MeanFieldRefusal) || error.factor !== null) throw error;
    throw new MeanFieldRefusal(error.message, error.term, error.variable, factor);
  }
}

export interface MeanFieldBlock {
  readonly region: LatentRegion;
  /** Contributions to the one-hot statistic for finite latents, else to the region's own. */
  readonly collected: Collected;
  readonly recognised: Recognised;
  /** The contributions with coefficients in expectation. */
  readonly expected: readonly Contribution[];
  /**
   * For finite latents: what their factors add besides, the same for every value (in expectation, as
   * contributions to every value). With these the log weights of different elements compare.
   */
  readonly common: readonly Contribution[];
}

export interface MeanField {
  readonly blocks: readonly MeanFieldBlock[];
  /** Expected log joint as sums of products of expectations. */
  readonly energy: readonly {
    readonly factor: number;
    readonly binders: readonly Binder[];
    readonly guards: readonly Expr[];
    readonly coefficient: Expr;
  }[];
  readonly needed: readonly NeededExpectation[];
  /** Variables of whose elements covariances are read, from tables named by `covarianceOf`. */
  readonly covariances: ReadonlySet<string>;
}

/** Expectations that some update or block reads. */
export type Tables = Pick<MeanField, 'needed' | 'covariances'>;
const nothing: ReadonlySet<string> = new Set();
const noTables: Tables = { needed: [], covariances: nothing };

/** Unknowns that are points rather than factors, and how expectations within joint blocks are read. */
export interface MeanFieldOptions {
  /** Variables held at a value: functions of them alone are left as they are. */
  readonly points: ReadonlySet<string>;
  /** Those among the points that stand in every expression as they are, because derivatives in them are taken. */
  readonly moving?: ReadonlySet<string>;
  /** Joint laws of several elements; without it every element is a factor of its own. */
  readonly joint: JointLaws | null;
  /** Unknowns that are no part of the joint: the forms do not speak of them. */
  readonly without?: ReadonlySet<string>;
}
const factorsOnly: MeanFieldOptions = { points: new Set(), joint: null };

/** One element of a product within a joint block: a scalar of a Gaussian, or a value (from 0) of a finite latent. */
export interface JointItem {
  readonly element: Ref;
  readonly value: Expr | null;
}

/** Blocks whose law is joint, and expectations of products of their elements. */
export interface JointLaws {
  /** The number of the block a variable belongs to. */
  blockOf(variable: string): number | undefined;
  /**
   * E of the product of different elements of one block, over the reader's binders where the guards hold; null where the block does not
   * keep it.
   */
  expectation(items: readonly JointItem[], binders: readonly Range[], guards: readonly Expr[]): Expr | null;
  /** Covariance of two scalars of one Gaussian block, one element included, likewise. */
  covariance(a: Ref, b: Ref, binders: readonly Range[], guards: readonly Expr[]): Expr | null;
}

/** What taking expectations needs: the model, what is a point, and the tables asked for so far. */
interface Scope extends MeanFieldOptions {
  readonly model: DerivedModel;
  readonly needed: Map<string, NeededExpectation>;
  readonly covariances: Set<string> /** Of the sum whose terms are read. */;
  readonly guards: readonly Expr[];
}

/**
 * Updates and energy of the fully factorised family, or of joint blocks.
 * @param known tables that are kept already: their names are taken.
 * @throws MeanFieldRefusal where an expectation has no closed form.
 */
export function meanField(
  forms: readonly FactorForm[],
  model: DerivedModel,
  options: MeanFieldOptions = factorsOnly,
  known: Tables = noTables,
): MeanField {
  const needed = new Map(known.needed.map((n) => [n.name, n]));
  const scope: Scope = { ...options, model, needed, covariances: new Set(known.covariances), guards: [] };
  /** The forms with one-hot latents, read for one variable: sums of data far from zero that it does not stand in are whole. */
  const readFor = (
    self: string | null,
  ): { readonly expander: OneHot; readonly forms: readonly FactorForm[]; readonly oneHot: readonly FactorForm[] } => {
    const expander = new OneHot(model, self, nothing);
    const own =
      self === null
        ? forms
        : factorForms(
            forms.map((f) => f.factor),
            model,
            self,
          );
    const oneHot = own.map(
      (f): FactorForm => ({
        factor: f.factor,
        monomials: ofFactor(f.factor.id, () =>
          combine([...f.monomials.map((m) => within(m, f, scope)), ...supportTerms(f, scope)].flatMap((m) => expander.expand(m))),
        ),
      }),
    );
    return { expander, forms: own, oneHot };
  };
  const expanded = readFor(null),
    centred = model.offCentre.size > 0;
  const regions = latentRegions(model).filter(({ variable }) => options.without?.has(variable.name) !== true);
  const blocks = regions.map((region): MeanFieldBlock => {
    const finite = model.finiteRange(region.variable.name) !== null;
    const view = finite ? oneHotRegion(region) : region;
    const read = centred ? readFor(view.variable.name) : expanded;
    const collected = collectOneHot(view, read.oneHot, model, finite);
    const recognised = finite ? recognise(collect(region, forms, model), model) : recognise(collected, model);
    refuseMovingBounds(collected, region, scope);
    if (finite) refuseReadTogether(collected, region, forms, scope);
    const expected = collected.contributions.flatMap((c) => ofFactor(c.factor, () => inExpectation(c, region, scope)));
    const common = finite
      ? collectOneHot(
          view,
          read.forms.map((f) => ({
            factor: f.factor,
            monomials: combine(withoutValue(f, region, model).flatMap((m) => read.expander.expand(m))),
          })),
          model,
          true,
        ).contributions
      : [];
    return { region, collected, recognised, expected, common: common.flatMap((c) => inExpectation(c, region, scope)) };
  });
  const energy = (centred ? readFor('') : expanded).oneHot.flatMap((f) =>
    f.monomials.flatMap((m) =>
      ofFactor(f.factor.id, () =>
        inExpectation(
          {
            factor: f.factor.id,
            binders: m.binders,
            guards: m.guards,
            coefficient: mulAll([...m.coefficient, ...m.atoms.map((a) => pow(a.base, a.power))]),
          },
          null,
          scope,
        ),
      ),
    ),
  );
  return { blocks, energy, needed: [...needed.values()], covariances: scope.covariances };
}

/**
 * The factors that mention members of a block, as functions of the members: everything else in expectation
 * (log q(block) = E of these + a constant). Factors of members, data and points alone stay as they are.
 * @param exact applied to every coefficient.
 * @throws MeanFieldRefusal where an expectation has no closed form, or a support depends on members and on others.
 */
export function expectedFactors(
  factors: readonly Factor[],
  model: DerivedModel,
  members: ReadonlySet<string>,
  options: MeanFieldOptions,
  known: Tables,
  exact: (coefficient: Expr) => Expr,
): { readonly factors: readonly Factor[]; readonly tables: Tables } {
  const needed = new Map(known.needed.map((n) => [n.name, n])),
    covariances = new Set(known.covariances);
  const held = new Set([...options.points, ...members]);
  const scope: Scope = {
    ...options,
    points: held,
    moving: new Set([...(options.moving ?? []), ...members]),
    model,
    needed,
    covariances,
    guards: [],
  };
  const expander = new OneHot(model, null, members);
  const out = factors
    .filter((f) => [...members].some((name) => factorMentions(f, name)))
    .map((factor): Factor => {
      const others = (e: Expr): string | undefined => [...variablesOf(e)].find((v) => model.statusOf(v) !== 'given' && !held.has(v));
      if ([factor.logDensity, ...factor.guards, ...factor.conditions].every((e) => others(e) === undefined)) return factor;
      const own = factor.conditions.filter((c) => [...members].some((name) => mentions(c, name)));
      for (const c of own) {
        const other = others(c);
        if (other !== undefined) throw new MeanFieldRefusal('makes the support of a block depend on another unknown', c, other);
      }
      const form = factorForms([factor], model, model.offCentre.size > 0 ? '' : null)[0]!;
      const monomials = combine(
        [...form.monomials.map((m) => within(m, form, scope)), ...supportTerms(form, scope)].flatMap((m) => expander.expand(m)),
      );
      const terms = monomials.flatMap((m) =>
        inExpectation(
          { binders: m.binders, guards: m.guards, coefficient: mulAll([...m.coefficient, ...m.atoms.map((a) => pow(a.base, a.power))]) },
          null,
          scope,
        ),
      );
      // Terms over the statement's own plates are one table for each instance.
      const shared = terms.every((t) => factor.plates.every((p, d) => t.binders[d]?.index === p.index));
      const plates = shared ? factor.plates.length : 0;
      const summed = terms.map((t) =>
        nestedSum(
          t.binders.slice(plates),
          t.guards.reduceRight<Expr>((e, g) => cond(g, e, zero), exact(t.coefficient)),
        ),
      );
      return { ...factor, plates: shared ? factor.plates : [], guards: [], conditions: own, logDensity: addAll(summed) };
    });
  return { factors: out, tables: { needed: [...needed.values()], covariances } };
}

/** A sum with its coefficient in expectation: sums kept whole about the means of what stands in them. */
function inExpectation<T extends Moment>(c: T, own: LatentRegion | null, outer: Scope): readonly T[] {
  const scope = { ...outer, guards: c.guards },
    { model } = scope;
  const reader = momentReader(scope);
  const whole = model.offCentre.size === 0 ? [] : wholeSums(c.coefficient, reader);
  if (whole.length === 0) return [{ ...c, coefficient: expect(c.coefficient, c.binders, own, scope) }];
  const rest = mulAll(factorsOf(c.coefficient).filter((f) => !whole.some((w) => w.factor === f)));
  const sums = whole.flatMap((w) => (w.power === 2 ? [w.sum, w.sum] : [w.sum]));
  const besides = variablesOf(rest);
  const independent = sums.every((e) =>
    [...variablesOf(e)].every((v) => !besides.has(v) || !dependsOnState(ref(v, []), model) || scope.points.has(v)),
  );
  const moments = independent ? momentAboutMeans(sums, [...c.binders, ...(own?.plates ?? [])], reader) : null;
  if (moments !== null) {
    const outside = expect(rest, c.binders, own, scope);
    return moments.map((m) => ({
      ...c,
      binders: [...c.binders, ...m.binders],
      guards: [...c.guards, ...m.guards],
      coefficient: mulAll([outside, m.coefficient]),
    }));
  }
  return normalForm(mulAll(sums), model).map((m) => {
    const binders = [...c.binders, ...m.binders];
    const guards = [...c.guards, ...m.guards];
    return {
      ...c,
      binders,
      guards,
      coefficient: expect(mulAll([rest, ...m.coefficient, ...m.atoms.map((a) => pow(a.base, a.power))]), binders, own, {
        ...scope,
        guards,
      }),
    };
  });
}
function momentReader(scope: Scope): MomentReader {
  const { model, needed, points, covariances, joint, guards } = scope;
  return {
    model,
    blockOf: (variable) => joint?.blockOf(variable),
    jointCovariance: (a, b, ranges) => joint?.covariance(a, b, ranges, guards) ?? null,
    fixed: (e) => onlyPoints(e, scope),
    mean: (x) => {
      const item = itemOf(x, model);
      return table(item, [...item.lead, ...item.event], needed, model);
    },
    covariance: (variable, lead, first, second) => {
      if (first.length > 1) return null;
      if (points.has(variable)) return zero;
      covariances.add(variable);
      return ref(covarianceOf(variable), [...lead, ...first, ...second]);
    },
  };
}

/**
 * E of a deterministic quantity, as sums of products of expectations; tables that nobody else needs are added to `needed`.
 * @throws MeanFieldRefusal where it has no closed form.
 */
export function expectedValue(
  e: Expr,
  plates: readonly Binder[],
  model: DerivedModel,
  options: MeanFieldOptions,
  needed: Map<string, NeededExpectation>,
): MeanField['energy'] {
  const expander = new OneHot(model, null, nothing);
  const scope: Scope = { ...options, model, needed, covariances: new Set(), guards: [] };
  return combine(normalForm(e, model).flatMap((m) => expander.expand(m))).map((m) => ({
    factor: -1,
    binders: m.binders,
    guards: m.guards,
    coefficient: expect(mulAll([...m.coefficient, ...m.atoms.map((a) => pow(a.base, a.power))]), [...plates, ...m.binders], null, {
      ...scope,
      guards: m.guards,
    }),
  }));
}

/** Terms of a factor that do not mention the latent it reads, as terms of each of its values. */
function withoutValue(f: FactorForm, region: LatentRegion, model: DerivedModel): readonly Monomial[] {
  const name = region.variable.name;
  const mentions = (m: Monomial): (Expr & { op: 'ref' }) | null => {
    let found: (Expr & { op: 'ref' }) | null = null;
    for (const e of [...m.coefficient, ...m.guards, ...m.atoms.flatMap((a) => [a.base, a.power])])
      visit(e, (x) => {
        if (found === null && x.op === 'ref' && x.variable === name) found = x;
      });
    return found;
  };
  const read = f.monomials.map(mentions).find((x) => x !== null) ?? null;
  const plates = new Set(f.factor.plates.map((p) => p.index));
  if (read === null || read.at.some((e) => [...freeIndices(e)].some((i) => !plates.has(i)))) return [];
  const range = model.finiteRange(name)!;
  return f.monomials
    .filter((m) => mentions(m) === null)
    .map((m) => {
      const k = index('k');
      return {
        ...m,
        binders: [...m.binders, { index: k, from: zero, to: add(sub(range.high, range.low), one) }],
        atoms: [...m.atoms, { base: ref(oneHotOf(name), [...read.at, k]), power: one }],
      };
    });
}

/** Conditions of a factor that finite latents decide (a bound on n of a Binomial, a forbidden transition). */
function finiteConditions(f: FactorForm, { model, points }: Scope): readonly Expr[] {
  return f.factor.conditions.filter((c) => {
    const latents = [...variablesOf(c)].filter((v) => model.statusOf(v) !== 'given' && !points.has(v));
    const finite = latents.filter((v) => model.finiteRange(v) !== null);
    if (finite.length === 0) return false;
    if (finite.length < latents.length)
      throw new MeanFieldRefusal('makes the support of one unknown depend on another', c, latents.find((v) => !finite.includes(v))!);
    return true;
  });
}
/** Outside its support a factor's density is not evaluated: its terms count where the conditions hold. */
function within(m: Monomial, f: FactorForm, scope: Scope): Monomial {
  const conditions = finiteConditions(f, scope);
  return conditions.length === 0 ? m : { ...m, guards: [...m.guards, ...conditions] };
}
/**
 * log 1[conditions]: zero inside the support, minus infinity outside. One logarithm for all of them: a sum of two times the probability 0 would be no
 * number.
 */
function supportTerms(f: FactorForm, scope: Scope): readonly Monomial[] {
  const conditions = finiteConditions(f, scope);
  if (conditions.length === 0) return [];
  const binders = f.factor.plates.map((p): Binder => ({ index: p.index, from: p.from, to: p.to }));
  return [{ binders, guards: f.factor.guards, coefficient: [apply('log', conjunction(conditions))], atoms: [] }];
}

/**
 * The factors of a fully factorised family have fixed supports; a point may bound another unknown, and so may what is finite in the same
 * joint block.
 */
function refuseMovingBounds(collected: Collected, region: LatentRegion, { model, points, joint }: Scope): void {
  const { name } = region.variable;
  const block = model.finiteRange(name) === null ? undefined : joint?.blockOf(name);
  const together = (v: string): boolean => block !== undefined && joint?.blockOf(v) === block;
  const moves = (e: Expr): boolean => [...variablesOf(e)].some((v) => model.statusOf(v) !== 'given' && !points.has(v) && !together(v));
  const refusal = 'is a bound that depends on another unknown';
  const support = regionSupport(region);
  for (const b of collected.bounds) {
    if (support.kind === 'interval' && isImplied(b, support.low, support.high, model)) continue;
    for (const e of [b.value, ...b.guards, ...b.binders.flatMap((x) => [x.from, x.to])])
      if (moves(e)) throw new MeanFieldRefusal(refusal, b.value, region.variable.name, b.factor);
  }
  if (support.kind === 'interval' || support.kind === 'integers') {
    for (const e of [support.low, support.high]) if (moves(model.inline(e))) throw new MeanFieldRefusal(refusal, e, region.variable.name);
  }
}

function oneHotRegion(region: LatentRegion): LatentRegion {
  return { ...region, variable: { ...region.variable, name: oneHotOf(region.variable.name) }, eventRank: 1 };
}

/** What is read of a finite unknown in a way that gives its values no weights: left out, the unknown would keep its prior. */
function refuseReadTogether(collected: Collected, region: LatentRegion, forms: readonly FactorForm[], { model, joint }: Scope): void {
  const { name } = region.variable;
  for (const recursion of model.recursionsOf(name)) {
    const follower = forms.find((f) => factorMentions(f.factor, recursion));
    if (follower === undefined) continue;
    const term = firstReference(follower.factor, recursion);
    throw new MeanFieldRefusal(
      'follows a finite unknown through a recursion, and has no expectation in closed form',
      term,
      name,
      follower.factor.id,
    );
  }
  const [obstacle] = collected.obstacles;
  if (obstacle === undefined || joint?.blockOf(name) !== undefined) return;
  throw new MeanFieldRefusal(readsTogether, ref(name, region.at), name, obstacle.factor);
}
const readsTogether = 'reads elements of a finite unknown together, and has no expectation in closed form';

/** Contributions to 1[z = k]: a linear statistic of the one-hot vector. */
function collectOneHot(region: LatentRegion, forms: readonly FactorForm[], model: DerivedModel, finite: boolean): Collected {
  const named = forms.map((f) => ({
    factor: {
      ...f.factor,
      logDensity: sumOf(f.monomials),
      guards: [],
      conditions: finite ? [] : f.factor.conditions.filter((c) => !decidedByFinite(c, model)),
    },
    monomials: f.monomials,
  }));
  const collected = collect(region, named, model);
  if (!finite) return collected;
  return {
    ...collected,
    contributions: collected.contributions.map((c): Contribution => {
      // 1[z = k] 1[z = l] is 1[z = k] where k = l, else nothing.
      const [k, l] = c.event;
      const guards = l === undefined || equal(k!, l) ? c.guards : [...c.guards, apply('eq', k!, l)];
      return { ...c, statistic: { kind: 'onehot' }, event: [k!], guards };
    }),
  };
}
function decidedByFinite(c: Expr, model: DerivedModel): boolean {
  return [...variablesOf(c)].every((v) => model.statusOf(v) === 'given' || model.finiteRange(v) !== null);
}
function sumOf(monomials: readonly Monomial[]): Expr {
  return monomials.map(monomialExpr).reduce(add, zero);
}

/** True where the ranges of indices decide a comparison. */
function holds(test: Expr, ranges: readonly Range[]): boolean {
  if (test.op !== 'apply') return false;
  const [a, b] = test.args;
  switch (test.fn) {
    case 'ge':
      return provablyNonNegative(sub(a!, b!), ranges);
    case 'le':
      return provablyNonNegative(sub(b!, a!), ranges);
    case 'gt':
      return provablyLess(b!, a!, ranges);
    case 'lt':
      return provablyLess(a!, b!, ranges);
    default:
      return false;
  }
}

class OneHot {
  private readonly model: DerivedModel;
  /** The variable that the forms are read for (`normalForm`). */
  private readonly self: string | null;
  /** Finite latents that stand as they are. */
  private readonly kept: ReadonlySet<string>;
  constructor(model: DerivedModel, self: string | null, kept: ReadonlySet<string>) {
    this.model = model;
    this.self = self;
    this.kept = kept;
  }

  /**
   * The monomial with every reference to a finite latent summed over its values, innermost references
   * first: the index of one latent may be another.
   */
  expand(m: Monomial): readonly Monomial[] {
    const reference = this.innermost([
      ...m.coefficient,
      ...m.guards,
      ...m.binders.flatMap((b) => [b.from, b.to]),
      ...m.atoms.flatMap((a) => (this.isOneHot(a.base) ? (a.base as Expr & { op: 'ref' }).at : [a.base, a.power])),
    ]);
    if (reference === null) return [m];
    const range = this.model.finiteRange(reference.variable)!;
    const k = index('k');
    const candidate = isConst(range.low, 0) ? k : add(range.low, k);
    const put = (e: Expr): Expr => rewrite(e, (x) => (x.op === 'ref' && equal(x, reference) ? candidate : x));
    const kept = m.atoms.filter((a) => this.isOneHot(a.base)).map((a) => ({ base: put(a.base), power: a.power }));
    const hot = { base: ref(oneHotOf(reference.variable), [...reference.at, k]) as Expr, power: one as Expr };
    // What the latent stood in may expand further at a fixed value.
    const body = mulAll([
      ...m.coefficient.map(put),
      ...m.atoms.filter((a) => !this.isOneHot(a.base)).map((a) => pow(put(a.base), put(a.power))),
    ]);
    // The value is bound as soon as its element is: later ranges may depend on it.
    const read = new Set(reference.at.flatMap((e) => [...freeIndices(e)]));
    const position = m.binders.findLastIndex((b) => read.has(b.index)) + 1;
    const own: Binder = { index: k, from: zero, to: add(sub(range.high, range.low), one) };
    const outer: Binder[] = m.binders.map((b) => ({ index: b.index, from: put(b.from), to: put(b.to) }));
    const binders = [...outer.slice(0, position), own, ...outer.slice(position)];
    const guards = m.guards.map(put).filter((g) => !holds(g, binders));
    return normalForm(body, this.model, this.self).flatMap((x) => {
      if (x.coefficient.some((c) => c.op === 'apply' && c.fn === 'log' && holds(c.args[0]!, binders))) return [];
      return this.expand({
        binders: [...binders, ...x.binders],
        guards: [...guards, ...x.guards],
        coefficient: x.coefficient,
        atoms: [...kept, hot, ...x.atoms],
      });
    });
  }
  private isOneHot(e: Expr): boolean {
    return e.op === 'ref' && e.variable.endsWith('=');
  }
  /**
   * A reference to a finite latent whose own indices hold none.
   * @throws MeanFieldRefusal where an index of it ranges inside of a function of many elements (an inverse, a maximum): one value cannot be
   * put for it alone.
   */
  private innermost(parts: readonly Expr[]): Ref | null {
    let found: Ref | null = null;
    for (const e of parts) {
      const outside = freeIndices(e);
      visit(e, (x) => {
        if (x.op !== 'ref' || !this.isFiniteLatent(x.variable)) return;
        if (x.at.some((a) => [...freeIndices(a)].some((i) => !outside.has(i)))) throw new MeanFieldRefusal(readsTogether, e, x.variable);
        if (found === null && !x.at.some((a) => this.mentionsFinite(a))) found = x;
      });
    }
    return found;
  }
  private mentionsFinite(e: Expr): boolean {
    let found = false;
    visit(e, (x) => {
      if (x.op === 'ref' && this.isFiniteLatent(x.variable)) found = true;
    });
    return found;
  }
  private isFiniteLatent(name: string): boolean {
    const status = this.model.statusOf(name);
    return (
      (status === 'latent' || status === 'partial') && !isDerivedName(name) && !this.kept.has(name) && this.model.finiteRange(name) !== null
    );
  }
}

/** One latent factor of a product: which block, which statistic. */
interface Item {
  readonly variable: string;
  readonly lead: readonly Expr[];
  readonly event: readonly Expr[];
  readonly kind: StatisticKind;
  readonly source: Expr;
}

/** E of a product: one table for each block, joint within a block. */
function expect(product: Expr, binders: readonly Binder[], own: LatentRegion | null, scope: Scope): Expr {
  const { model } = scope;
  const items: Item[] = [];
  const rest: Expr[] = [];
  for (const f of factorsOf(product)) {
    if (!dependsOnState(f, model)) {
      rest.push(f);
      continue;
    }
    if (onlyPoints(f, scope)) {
      rest.push(pointValue(f, scope));
      continue;
    }
    items.push(itemOf(f, model));
  }
  const ranges: Range[] = [...binders, ...(own?.plates ?? [])];
  const groups = new Map<string, Item[]>();
  for (const i of items) {
    const block = scope.joint?.blockOf(ownerOf(i.variable));
    const key = block === undefined ? i.variable : `#${block}`;
    const g = groups.get(key) ?? [];
    g.push(i);
    groups.set(key, g);
  }
  const out = [...groups.values()].map((g) => groupExpectation(g, ranges, scope));
  return mulAll([...rest, ...out]);
}
function dependsOnState(e: Expr, model: DerivedModel): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'ref' && (isDerivedName(x.variable) || model.statusOf(x.variable) !== 'given')) found = true;
  });
  return found;
}

function onlyPoints(e: Expr, { model, points }: Scope): boolean {
  let only = true;
  visit(e, (x) => {
    if (x.op === 'ref' && !points.has(x.variable) && (isDerivedName(x.variable) || model.statusOf(x.variable) !== 'given')) only = false;
  });
  return only;
}
/** A statistic of one point is read from its table, computed once; any other function of points stands as it is. */
function pointValue(f: Expr, scope: Scope): Expr {
  const { model, moving } = scope;
  if (moving !== undefined && [...variablesOf(f)].some((v) => moving.has(v))) return f;
  try {
    const item = itemOf(f, model);
    return item.kind.kind === 'other' ? f : itemValue(item, scope);
  } catch (error) {
    if (error instanceof MeanFieldRefusal) return f;
    throw error;
  }
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
  if (direct !== null && isConst(power, 2) && direct.event.length === 1 && !direct.variable.endsWith('='))
    return { ...direct, event: [direct.event[0]!, direct.event[0]!], kind: { kind: 'pair' }, source: f };
  if (direct !== null && isConst(power))
    return {
      ...direct,
      kind: base.op === 'ref' && base.variable.endsWith('=') ? { kind: 'onehot' } : { kind: 'power', power: power.value },
      source: f,
    };
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
      return base.array.fn === 'inverse'
        ? { variable: body.variable, lead: body.lead, event: base.at, kind: { kind: 'inverse' }, source: f }
        : { variable: body.variable, lead: body.lead, event: [], kind: { kind: 'logdet' }, source: f };
    }
  }
  // A function of one scalar element alone: its expectation exists on a quadrature grid.
  const names = new Set<string>();
  const leads: (readonly Expr[])[] = [];
  visit(f, (x) => {
    if (x.op === 'ref' && model.statusOf(x.variable) !== 'given') {
      names.add(x.variable);
      if (!leads.some((l) => l.length === x.at.length && l.every((e, d) => equal(e, x.at[d]!)))) leads.push(x.at);
    }
  });
  const name = [...names][0]!;
  if (names.size === 1 && leads.length === 1 && !isDerivedName(name) && model.graph.variables.has(name) && scalarBlock(name, model)) {
    const lead = leads[0]!;
    // The table has unknown elements alone: a function of a partly given variable is that of its unknown elements.
    const expr = rewrite(whereMissing(f, name, lead), (x) => {
      if (x.op === 'ref' && x.variable === name) return ref(selfName, []);
      // Indices that address the element are written by position, so that one table serves all elements.
      const d = x.op === 'index' ? lead.indexOf(x) : -1;
      return d < 0 ? x : addressOf(d);
    });
    let closed = freeIndices(expr).size === 0;
    visit(expr, (x) => {
      if (x.op === 'element' || x.op === 'reduce') closed = false;
    });
    if (closed) return { variable: name, lead, event: [], kind: { kind: 'other', expr }, source: f };
  }
  throw new MeanFieldRefusal('has no expectation in closed form', f, names.size > 0 ? name : null);
}

const addressName = '#at';
/** Stands for the element's own index at position d inside a statistic that depends on which element it is. */
function addressOf(d: number): Expr {
  return ref(addressName, [num(d)]);
}
/** A statistic's expression at the element `at`. */
export function atElement(expr: Expr, at: readonly Expr[]): Expr {
  return rewrite(expr, (x) => (x.op === 'ref' && x.variable === addressName && isConst(x.at[0]!) ? at[x.at[0].value]! : x));
}
function scalarBlock(name: string, model: DerivedModel): boolean {
  return model.statusOf(name) === 'partial' || model.variable(name).eventRank === 0;
}

/** An expression where the element of a partly given variable is unknown. */
function whereMissing(e: Expr, variable: string, lead: readonly Expr[]): Expr {
  const missing = ref(maskOf(variable), lead);
  return rewrite(e, (x) => {
    if (equal(x, missing)) return one;
    return x.op === 'apply' && x.fn === 'not' && isConst(x.args[0]!) ? num(x.args[0].value === 0 ? 1 : 0) : x;
  });
}

/** E of a statistic: that of an unknown element from its table, that of a given one at its value. */
function itemValue(i: Item, { model, needed, guards }: Scope): Expr {
  const at = [...i.lead, ...i.event];
  const expectation = table(i, at, needed, model);
  if (isDerivedName(i.variable) || model.statusOf(i.variable) !== 'partial') return expectation;
  const missing = ref(maskOf(i.variable), at);
  if (guards.some((g) => equal(g, missing))) return expectation;
  return cond(missing, expectation, replaceSelf(atElement(selfExpr(i.kind), at), ref(givenPartOf(i.variable), at)));
}

function table(
  i: { readonly variable: string; readonly kind: StatisticKind },
  at: readonly Expr[],
  needed: Map<string, NeededExpectation>,
  model: DerivedModel,
): Expr {
  const name =
    i.kind.kind === 'onehot' ? expectationOf(i.variable, '1') : expectationOf(i.variable, statisticKey(i.kind, model, i.variable, needed));
  if (!needed.has(name)) needed.set(name, { variable: i.variable, kind: i.kind, name });
  return ref(name, at);
}
function statisticKey(kind: StatisticKind, model: DerivedModel, variable: string, needed: ReadonlyMap<string, NeededExpectation>): string {
  if (kind.kind === 'other') {
    for (const n of needed.values())
      if (n.variable === variable && n.kind.kind === 'other' && equal(n.kind.expr, kind.expr))
        return n.name.slice(expectationOf(variable, '').length);
    return `f${[...needed.values()].filter((n) => n.kind.kind === 'other').length}`;
  }
  const rank = variable.endsWith('=') ? 1 : model.statusOf(variable) === 'partial' ? 0 : model.variable(variable).eventRank;
  return statisticName(kind, rank) ?? (kind.kind === 'power' ? `x^${kind.power}` : kind.kind);
}

/** The variable of the program behind a one-hot variable. */
function ownerOf(variable: string): string {
  return variable.endsWith('=') ? variable.slice(0, -1) : variable;
}

/** E of a product of statistics of one variable, or of one joint block: elements that may coincide are taken together. */
function groupExpectation(items: readonly Item[], ranges: readonly Range[], scope: Scope): Expr {
  const go = (rest: readonly Item[], apart: ReadonlySet<Item>): Expr => {
    // `apart` holds items known to be different elements from one another and from all after them.
    const next = rest.find((i) => !apart.has(i));
    if (next === undefined) return differentElements(rest, ranges, scope) ?? mulAll(rest.map((i) => itemValue(i, scope)));
    for (const other of rest) {
      if (other === next || apart.has(other) || other.variable !== next.variable) continue;
      if (next.lead.some((e, d) => provablyDistinct(e, other.lead[d]!, ranges))) continue;
      const tests = next.lead.flatMap((e, d) => (provablyEqual(e, other.lead[d]!) ? [] : [apply('eq', e, other.lead[d]!)]));
      const without = rest.filter((i) => i !== next && i !== other);
      const together = joined(next, other, (i) => go([...without, i], apart));
      if (tests.length === 0) return together;
      const test = tests.reduce((x, y) => apply('and', x, y));
      const different = separate(next, other, rest, apart, ranges, go);
      return cond(test, together, different);
    }
    return go(rest, new Set([...apart, next]));
  };
  return go(items, new Set());
}
/** E of a product of different elements of one joint block; null where they are independent. */
function differentElements(items: readonly Item[], ranges: readonly Range[], scope: Scope): Expr | null {
  const { joint, guards } = scope;
  if (joint === null || items.length < 2 || joint.blockOf(ownerOf(items[0]!.variable)) === undefined) return null;
  const simple = items.every((i) => i.kind.kind === 'onehot' || (i.kind.kind === 'power' && i.kind.power === 1));
  // An assignment of the block is read element by element: each has its table, also where no factor has it alone.
  if (simple) for (const i of items) if (i.kind.kind === 'onehot') itemValue(i, scope);
  const value = simple
    ? joint.expectation(
        items.map(
          (i): JointItem =>
            i.kind.kind === 'onehot'
              ? { element: ref(ownerOf(i.variable), i.lead), value: i.event[0]! }
              : { element: ref(i.variable, [...i.lead, ...i.event]), value: null },
        ),
        ranges,
        guards,
      )
    : null;
  if (value === null)
    throw new MeanFieldRefusal(
      'needs a joint moment that its block does not keep',
      mulAll(items.map((x) => x.source)),
      ownerOf(items[0]!.variable),
    );
  return value;
}

/** The product where two items are different elements; a third that may equal either is not followed. */
function separate(
  a: Item,
  b: Item,
  rest: readonly Item[],
  apart: ReadonlySet<Item>,
  ranges: readonly Range[],
  go: (rest: readonly Item[], apart: ReadonlySet<Item>) => Expr,
): Expr {
  const free = rest.filter((i) => i !== a && i !== b && !apart.has(i));
  if (free.some((i) => [a, b].some((x) => x.variable === i.variable && !i.lead.some((e, d) => provablyDistinct(e, x.lead[d]!, ranges))))) {
    throw new MeanFieldRefusal('needs a moment of three elements that may coincide', mulAll(rest.map((x) => x.source)), a.variable);
  }
  return go(rest, new Set([...apart, a, b]));
}

/** E of two statistics of the same element, given how to go on with what they make together. */
function joined(a: Item, b: Item, go: (together: Item) => Expr): Expr {
  const source = mul(a.source, b.source);
  if (a.kind.kind === 'onehot' && b.kind.kind === 'onehot') {
    const same = apply('eq', a.event[0]!, b.event[0]!);
    return equal(a.event[0]!, b.event[0]!) ? go(a) : cond(same, go(a), zero);
  }
  if (a.kind.kind === 'power' && b.kind.kind === 'power') {
    if (a.event.length === 0) return go({ ...a, kind: { kind: 'power', power: a.kind.power + b.kind.power }, source });
    if (a.event.length === 1 && a.kind.power === 1 && b.kind.power === 1)
      return go({ ...a, event: [a.event[0]!, b.event[0]!], kind: { kind: 'pair' }, source });
  }
  if (a.event.length === 0 && b.event.length === 0 && a.kind.kind !== 'logdet' && b.kind.kind !== 'logdet') {
    return go({ ...a, kind: { kind: 'other', expr: mul(selfExpr(a.kind), selfExpr(b.kind)) }, source });
  }
  throw new MeanFieldRefusal('needs a joint moment that its family does not give', source, a.variable);
}
