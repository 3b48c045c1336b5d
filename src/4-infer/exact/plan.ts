/**
 * How the posterior is solved exactly: the program's unknowns fall into components that share no factor,
 * and each component has the first way that applies. Symbolic; no data but names.
 *
 *   closed     every element alone, Normals that meet, Normals under a shared scale
 *   discrete   finite unknowns, by elimination
 *   mixture    one of the former for each configuration of a few finite unknowns
 *   prior      unknowns that nothing is observed of: drawn from their laws, with nothing to integrate
 */
import type { Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import { isProper } from '../../distributions/law/law.js';
import { supportOf } from '../../distributions/law/form.js';
import { type Expr, type Index, apply, cond, equal, one, ref, variablesOf, zero } from '../../expr/expr.js';
import { type ClosedForm, floorOf, recognise } from '../../3-derive/closedForm.js';
import { factorMentions, variablesIn } from '../../3-derive/conditional.js';
import { type GaussianStructure, gaussianStructures } from '../../3-derive/gaussianBlock.js';
import { jointFactors } from '../../3-derive/joint.js';
import { DerivedModel, type Factor, latentRegions, type LatentRegion, maskOf } from '../../3-derive/model.js';
import { derive, type Derivation, type RegionPlan } from '../derivation.js';
import { inWords, refusalText, regionName } from '../wording.js';
import { determinantTerms, type Scale, sharedScales } from '../../3-derive/sharedScale.js';

/** A region whose elements are independent of each other given what comes before it. */
export interface AlonePart {
  readonly kind: 'alone';
  /** Contributions include what integrating Normals out has added. */
  readonly plan: RegionPlan;
  readonly form: ClosedForm;
}
/** Normals that meet each other. */
export interface GaussianPart {
  readonly kind: 'gaussian';
  readonly plans: readonly RegionPlan[];
  /** The joint blocks they form; no two share a factor. */
  readonly structures: readonly GaussianStructure[];
}
export type Part = AlonePart | GaussianPart;

/** Continuous unknowns of a component, finite ones held. */
export interface Leaf {
  /** Independent of everything else. */
  readonly free: readonly Part[];
  /** Normals given the scales, and the scales with the Normals integrated out. */
  readonly scaled: {
    readonly normals: readonly Part[];
    readonly scales: readonly AlonePart[];
    readonly roles: ReadonlyMap<string, Scale>;
  } | null;
}

export type Component = {
  readonly regions: readonly RegionPlan[];
  /** Factors that mention one of its unknowns. */
  readonly factors: readonly Factor[];
  /** The forms that the component was read from: those of the pruned program where unknowns were left to their priors. */
  readonly derivation: Derivation;
} & (
  | { readonly kind: 'closed'; readonly leaf: Leaf }
  | { readonly kind: 'discrete' }
  | { readonly kind: 'mixture'; readonly finite: readonly RegionPlan[]; readonly leaf: Leaf; readonly lane: Lane | null }
);

/** A loop that all regions and factors of a component share: its steps are independent of each other. */
export interface Lane {
  /** The loop's index in each region and factor; their ranges are equal. */
  readonly region: ReadonlyMap<LatentRegion, Index>;
  readonly factor: ReadonlyMap<Factor, Index>;
}

export interface ExactPlan {
  readonly model: DerivedModel;
  readonly derivation: Derivation;
  readonly components: readonly Component[];
  /** Variables drawn from their laws once everything else is drawn. */
  readonly prior: ReadonlySet<string>;
  /** Factors without unknowns, and those of the given elements of what is drawn from its law. */
  readonly constant: readonly Factor[];
  /** False where a prior is improper or has no known normalising constant. */
  readonly proper: boolean;
}

/** Why a component has no exact posterior. */
export interface Refusal {
  readonly component: readonly RegionPlan[];
  readonly region: LatentRegion;
  /** Completes `REGION ...`. */
  readonly reason: string;
  readonly factor: Factor | null;
}

export class ExactRefusal extends Error {
  readonly refusals: readonly Refusal[];
  constructor(refusals: readonly Refusal[]) {
    super('exact does not apply');
    this.refusals = refusals;
  }
}

/**
 * @param mode true where the most probable assignment is asked for: finite unknowns that nothing observes belong to it, and are not left to
 * their laws.
 * @throws ExactRefusal naming the block and the term of every component that is not tractable.
 */
export function exactPlan(model: DerivedModel, mode: boolean = false): ExactPlan {
  const all = derive(model);
  const constant = [...withoutUnknowns(model, all)];
  const refusals: Refusal[] = [];
  const solved: Component[] = [];
  const prior = new Set<string>();
  for (const group of components(model, all)) {
    const plan = componentPlan(model, group, all);
    if (!('reason' in plan)) {
      solved.push(plan);
      continue;
    }
    const pruned = withoutBarren(model, group, all, (name) => mode && model.finiteRange(name) !== null);
    if (pruned === null) {
      refusals.push(plan);
      continue;
    }
    for (const name of pruned.names) prior.add(name);
    // What is given of an unknown with gaps stays when the gaps go, and may speak of nothing that is still unknown.
    constant.push(...withoutUnknowns(model, pruned.derivation));
    for (const part of components(model, pruned.derivation)) {
      const again = componentPlan(model, part, pruned.derivation);
      if ('reason' in again) refusals.push(again);
      else solved.push(again);
    }
  }
  if (refusals.length > 0) throw new ExactRefusal(refusals);
  return { model, derivation: all, components: solved, prior, constant, proper: all.regions.every((r) => hasConstant(r.region)) };
}

/** True where a region's prior is a density with its constant. */
function hasConstant(region: LatentRegion): boolean {
  const { law, variable } = region;
  if (law === null || !isProper(law)) return false;
  // The share of K draws that is in order is known where they are exchangeable only.
  return variable.constraint.kind !== 'ordered';
}

/** Which of these variables a factor speaks of, directly or through a recursion; each factor is looked through once. */
function speaking(model: DerivedModel, names: Iterable<string>): (factor: Factor) => ReadonlySet<string> {
  const meant = new Map<string, string[]>();
  for (const name of new Set(names))
    for (const read of [name, ...model.recursionsOf(name)]) {
      const list = meant.get(read);
      if (list === undefined) meant.set(read, [name]);
      else list.push(name);
    }
  const known = new Map<Factor, ReadonlySet<string>>();
  return (factor) => {
    const found = known.get(factor);
    if (found !== undefined) return found;
    const out = new Set([...variablesIn(factor)].flatMap((v) => meant.get(v) ?? []));
    known.set(factor, out);
    return out;
  };
}

/** Factors that speak of none of a derivation's unknowns. */
function withoutUnknowns(model: DerivedModel, { regions, factors }: Derivation): readonly Factor[] {
  const speaksOf = speaking(
    model,
    regions.map((r) => r.region.variable.name),
  );
  return factors.filter((f) => speaksOf(f).size === 0);
}

type Group = { readonly regions: readonly RegionPlan[]; readonly factors: readonly Factor[] };

/** Unknowns that are joined by factors. */
function components(model: DerivedModel, derivation: Derivation): readonly Group[] {
  const names = [...new Set(derivation.regions.map((r) => r.region.variable.name))];
  const parent = new Map(names.map((n) => [n, n]));
  const root = (n: string): string => {
    let at = n;
    while (parent.get(at) !== at) at = parent.get(at)!;
    return at;
  };
  const speaksOf = speaking(model, names),
    firstOf = (f: Factor): string | undefined => speaksOf(f).values().next().value;
  for (const f of derivation.factors) for (const n of speaksOf(f)) parent.set(root(n), root(firstOf(f)!));
  const roots = [...new Set(names.map(root))];
  return roots.map((r) => ({
    regions: derivation.regions.filter((x) => root(x.region.variable.name) === r),
    factors: derivation.factors.filter((f) => {
      const first = firstOf(f);
      return first !== undefined && root(first) === r;
    }),
  }));
}

/**
 * The group without unknowns that nothing depends on but their own proper laws (predictions, gaps that
 * nobody reads): they integrate to one. Null where there are none.
 * @param kept true of unknowns that stay all the same.
 */
function withoutBarren(
  model: DerivedModel,
  group: Group,
  all: Derivation,
  kept: (name: string) => boolean,
): { readonly names: ReadonlySet<string>; readonly derivation: Derivation } | null {
  const names = new Set<string>(),
    everyone = [...new Set(group.regions.map((r) => r.region.variable.name))],
    speaksOf = speaking(model, everyone);
  let factors = group.factors;
  for (;;) {
    const rest = everyone.filter((n) => !names.has(n) && !kept(n));
    const barren = rest.find((name) => {
      const own = group.regions.filter((r) => r.region.variable.name === name);
      const mentioning = factors.filter((f) => speaksOf(f).has(name));
      if (!own.every((r) => hasConstant(r.region)) || !mentioning.every((f) => own.some((r) => r.region.statement.id === f.id)))
        return false;
      if (model.statusOf(name) !== 'partial') return true;
      // Gaps: the given elements still count, so no law may read another element.
      return own.every(
        (r) =>
          r.region.law !== null &&
          supportOf(r.region.law).kind !== 'vector' &&
          r.region.law.kind !== 'mixture' &&
          !lawReads(model, r.region, name),
      );
    });
    if (barren === undefined) break;
    names.add(barren);
    const own = group.regions.filter((r) => r.region.variable.name === barren);
    factors = factors.flatMap((f): Factor[] => {
      const region = own.find((r) => r.region.statement.id === f.id)?.region;
      if (region === undefined) return [f];
      if (model.statusOf(barren) !== 'partial') return [];
      const given = apply('not', ref(maskOf(barren), region.at));
      return [{ ...f, logDensity: cond(given, f.logDensity, zero), conditions: f.conditions.map((c) => cond(given, c, one)) }];
    });
  }
  if (names.size === 0) return null;
  const left = group.regions.filter((r) => !names.has(r.region.variable.name));
  return {
    names,
    derivation: derive(
      model,
      factors,
      latentRegions(model).filter((x) =>
        left.some((r) => r.region.statement.id === x.statement.id && r.region.variable.name === x.variable.name),
      ),
      all,
    ),
  };
}
function lawReads(model: DerivedModel, region: LatentRegion, name: string): boolean {
  // The density reads the datum itself at its own address only.
  const factor = jointFactors(model, [region.statement])[0];
  if (factor === undefined) return true;
  let other = false;
  const look = (e: Expr): void => {
    if (e.op === 'ref' && e.variable === name && !(e.at.length === region.at.length && e.at.every((a, d) => equal(a, region.at[d]!))))
      other = true;
    for (const c of childrenOf(e)) look(c);
  };
  for (const e of [factor.logDensity, ...factor.conditions, ...factor.guards]) look(e);
  return other;
}
function childrenOf(e: Expr): readonly Expr[] {
  switch (e.op) {
    case 'ref':
      return e.at;
    case 'apply':
      return e.args;
    case 'cond':
      return [e.test, e.then, e.otherwise];
    case 'reduce':
      return [e.from, e.to, e.body];
    case 'element':
      return [...e.at, ...e.array.args.flatMap((a) => [...a.dims, a.body])];
    default:
      return [];
  }
}

/** The first way that solves a group. */
function componentPlan(model: DerivedModel, group: Group, derivation: Derivation): Component | Refusal {
  const base = { ...group, derivation };
  const finite = group.regions.filter((r) => r.recognised.kind === 'finite'),
    continuous = group.regions.filter((r) => r.recognised.kind !== 'finite');
  if (continuous.length === 0) return { ...base, kind: 'discrete' };
  const held = new Set(finite.map((r) => r.region.variable.name));
  for (const r of continuous)
    if (held.has(r.region.variable.name))
      return { component: group.regions, region: r.region, reason: 'is finite in one region and not in another', factor: null };
  const leaf = leafOf(model, group, continuous, held, derivation);
  if ('reason' in leaf) return leaf;
  if (finite.length === 0) return { ...base, kind: 'closed', leaf };
  return { ...base, kind: 'mixture', finite, leaf, lane: laneOf(group, model) };
}

/** The continuous unknowns of a group given configurations of its finite ones. */
function leafOf(
  model: DerivedModel,
  group: Group,
  regions: readonly RegionPlan[],
  held: ReadonlySet<string>,
  derivation: Derivation,
): Leaf | Refusal {
  const refuse = (plan: RegionPlan, reason: string, factor: Factor | null = null): Refusal => ({
    component: group.regions,
    region: plan.region,
    reason,
    factor,
  });
  const factorOf = (id: number | null): Factor | null => group.factors.find((f) => f.id === id) ?? null;
  for (const plan of regions) {
    const r = plan.recognised;
    if (r.kind === 'none') return refuse(plan, refusalOf(plan), factorOf(r.factor));
    if (floorOf(plan.region) !== undefined) return refuse(plan, 'has a floor for its eigenvalues, and the mass above it is not known');
    if (r.kind === 'piecewiseNormal') return refuse(plan, 'has a density in pieces of Normals, whose integral exact does not form');
  }
  const unknown = (names: Iterable<string>): string[] => [...names].filter((n) => !held.has(n) && model.statusOf(n) !== 'given');
  const reads = new Map(regions.map((plan) => [plan, unknown(readsOf(plan))]));
  const alone = (plan: RegionPlan): AlonePart => ({ kind: 'alone', plan, form: plan.recognised as ClosedForm });
  const free = regions.filter((plan) => reads.get(plan)!.length === 0).map(alone);
  const tied = regions.filter((plan) => reads.get(plan)!.length > 0);
  if (tied.length === 0) return { free, scaled: null };
  const gaussian = tied.filter(isGaussian),
    others = tied.filter((p) => !isGaussian(p));
  const names = new Set(gaussian.map((p) => p.region.variable.name));
  const normals = gaussianParts(gaussian, reads, names, derivation, model);
  if ('reason' in normals) return refuse(normals.plan, normals.reason, normals.factor);
  if (others.length === 0) return { free: [...free, ...normals.parts], scaled: null };
  // What a scale reads besides Normals ties it to another unknown.
  const beside = (plan: RegionPlan): string | undefined => reads.get(plan)!.find((n) => !names.has(n));
  const worst = others.find((p) => beside(p) !== undefined);
  if (worst !== undefined) return refuse(worst, tieReason(worst, beside(worst)!), tieFactor(group, worst, beside(worst)!));
  if (gaussian.length === 0)
    return refuse(others[0]!, tieReason(others[0]!, reads.get(others[0]!)![0]!), tieFactor(group, others[0]!, reads.get(others[0]!)![0]!));
  const forms = derivation.forms.filter((f) => group.factors.includes(f.factor));
  const result = sharedScales(forms, names, held, model);
  if (result.kind === 'refused') {
    const plan = gaussian.find((p) => p.region.variable.name === result.variable)!;
    return refuse(
      plan,
      `meets ${unknownsBeside(plan, reads, names)} in the term ${inWords(result.term, plan.graph)}, which ${result.reason}`,
      factorOf(result.factor),
    );
  }
  const split = others.find((p) => others.some((o) => o !== p && o.region.variable.name === p.region.variable.name));
  if (split !== undefined)
    return refuse(
      split,
      `scales ${[...names].join(', ')} and is defined by several statements, so that its law is not one for all elements`,
    );
  const scales: AlonePart[] = [];
  for (const plan of others) {
    const added = determinantTerms(
      plan.region,
      gaussian.map((g) => g.region),
      result.scales,
    );
    const collected = { ...plan.collected, contributions: [...plan.collected.contributions, ...added] };
    const form = recognise(collected, model);
    if (form.kind === 'none' || form.kind === 'finite' || form.kind === 'piecewiseNormal')
      return refuse(plan, `has no family once ${[...names].join(', ')} are integrated out`);
    scales.push({ kind: 'alone', plan: { ...plan, collected, recognised: form }, form });
  }
  return { free, scaled: { normals: normals.parts, scales, roles: result.scales } };
}
function refusalOf(plan: RegionPlan): string {
  return `has no closed form: ${refusalText(plan)}`;
}
function unknownsBeside(plan: RegionPlan, reads: ReadonlyMap<RegionPlan, readonly string[]>, names: ReadonlySet<string>): string {
  const others = reads.get(plan)!.filter((n) => !names.has(n));
  return others.length === 0 ? 'other unknowns' : others.join(' and ');
}
function tieReason(plan: RegionPlan, other: string): string {
  return `has a closed form only while ${other} is held fixed${plan.region.variable.name === other ? ' at its other elements' : ''}`;
}
function tieFactor(group: Group, plan: RegionPlan, other: string): Factor | null {
  return group.factors.find((f) => factorMentions(f, plan.region.variable.name) && factorMentions(f, other)) ?? null;
}

/** Normals that meet no other Normal stand alone, the others together; or why those are not jointly Gaussian. */
function gaussianParts(
  plans: readonly RegionPlan[],
  reads: ReadonlyMap<RegionPlan, readonly string[]>,
  names: ReadonlySet<string>,
  derivation: Derivation,
  model: DerivedModel,
): { readonly parts: readonly Part[] } | { readonly plan: RegionPlan; readonly reason: string; readonly factor: Factor | null } {
  const meeting = plans.filter(
    (p) => reads.get(p)!.some((n) => names.has(n)) || plans.some((q) => q !== p && reads.get(q)!.includes(p.region.variable.name)),
  );
  const single = plans
    .filter((p) => !meeting.includes(p))
    .map((plan): Part => ({ kind: 'alone', plan, form: plan.recognised as ClosedForm }));
  if (meeting.length === 0) return { parts: single };
  const planOf = (variable: string): RegionPlan | undefined => meeting.find((p) => p.region.variable.name === variable);
  const { blocks, refused } = gaussianStructures(
    meeting.map((p) => p.region),
    derivation.regions.map((r) => r.region),
    derivation.forms,
    model,
  );
  for (const r of refused) {
    const plan = planOf(r.variable);
    if (plan !== undefined)
      return {
        plan,
        reason: `meets other Normals, but ${r.reason}${r.term === null ? '' : `: ${inWords(r.term, plan.graph)}`}`,
        factor: null,
      };
  }
  // Blocks that share a factor are Gaussian only while the others are held: each alone is a conditional, not the posterior.
  const blockOf = new Map<Factor, GaussianStructure>();
  for (const block of blocks)
    for (const factor of block.factors) {
      const other = blockOf.get(factor);
      if (other === undefined) blockOf.set(factor, block);
      else {
        const [variable, held] = [block, other].map((b) => b.variables.find((v) => factorMentions(factor, v)) ?? b.variables[0]!);
        return {
          plan: planOf(variable!)!,
          reason: `stands in a product with ${held!}, so that together they are not Gaussian`,
          factor,
        };
      }
    }
  return { parts: [...single, { kind: 'gaussian', plans: meeting, structures: blocks }] };
}

/** Statistics of a Normal on the whole line, or of a vector of them. */
export function isGaussian(plan: RegionPlan): boolean {
  const form = plan.recognised;
  return (
    form.kind === 'exponential' &&
    !form.bounded &&
    form.slots.some((s) => s.statistic.kind === 'pair' || (s.statistic.kind === 'power' && s.statistic.power === 2)) &&
    form.slots.every((s) => s.statistic.kind === 'pair' || s.statistic.kind === 'power')
  );
}

/** Unknowns in the coefficients of a region's statistics and in its bounds. */
function readsOf(plan: RegionPlan): ReadonlySet<string> {
  const out = new Set<string>();
  const add = (e: Expr): void => {
    for (const v of variablesOf(e)) out.add(v);
  };
  for (const c of plan.collected.contributions)
    for (const e of [c.coefficient, ...c.guards, ...c.event, ...c.binders.flatMap((b) => [b.from, b.to])]) add(e);
  for (const c of plan.collected.contributions)
    if (c.statistic.kind === 'other') for (const v of variablesOf(c.statistic.expr)) if (!v.startsWith('#')) out.add(v);
  for (const b of plan.collected.bounds) for (const e of [b.value, ...b.guards, ...b.binders.flatMap((x) => [x.from, x.to])]) add(e);
  return out;
}

/** The loop of independent steps of a mixture, where every region has it first and every factor keeps to one step. */
function laneOf(group: Group, model: DerivedModel): Lane | null {
  const region = new Map<LatentRegion, Index>(),
    factor = new Map<Factor, Index>();
  const first = group.regions[0]!.region.plates[0];
  if (first === undefined) return null;
  for (const { region: r } of group.regions) {
    const plate = r.plates[0],
      address = r.at[0];
    if (plate === undefined || address !== plate.index || !equal(plate.from, first.from) || !equal(plate.to, first.to)) return null;
    region.set(r, plate.index);
  }
  const names = new Set(group.regions.map((r) => r.region.variable.name));
  // What is computed by recursion reads other steps than the one it is read at.
  for (const name of names)
    for (const recursion of model.recursionsOf(name)) if (group.factors.some((f) => factorMentions(f, recursion))) return null;
  for (const f of group.factors) {
    let own: Index | null = null,
      fine = true;
    const look = (e: Expr): void => {
      if (e.op === 'ref' && names.has(e.variable)) {
        const address = e.at[0];
        const plate = f.plates.find((p) => p.index === address);
        if (plate === undefined || (own !== null && own !== plate.index) || !equal(plate.from, first.from) || !equal(plate.to, first.to))
          fine = false;
        else own = plate.index;
      }
      for (const c of childrenOf(e)) look(c);
    };
    for (const e of [f.logDensity, ...f.guards, ...f.conditions]) look(e);
    if (!fine || own === null) return null;
    factor.set(f, own);
  }
  return { region, factor };
}

/** Unknowns of a refused component whose values, were they given, would make everything tractable. */
export function helpfulGivens(graph: ModelGraph, given: Given, refusal: Refusal): readonly string[] {
  const candidates = [...new Set(refusal.component.map((r) => r.region.variable.name))].filter(
    (n) => graph.variables.get(n)?.origin === 'sample' || graph.variables.get(n)?.origin === 'param',
  );
  // Every try derives the whole program again.
  if (candidates.length > mostTried && graph.statements.length > longestTried) return [];
  return candidates.slice(0, mostTried).filter((name) => {
    try {
      exactPlan(new DerivedModel(graph, { ...given, complete: new Set([...given.complete, name]) }));
      return true;
    } catch (error) {
      if (error instanceof ExactRefusal)
        return !error.refusals.some((r) =>
          r.component.some((x) => refusal.component.some((y) => y.region.variable.name === x.region.variable.name)),
        );
      throw error;
    }
  });
}
/** Unknowns whose values are tried in a hint. */
const mostTried = 12;
/** Statements of a program in which they are tried although not all of them can be: a hint is not worth seconds. */
const longestTried = 60;

/** The block of a refusal as the program writes it. */
export function refusedBlock(refusal: Refusal): string {
  return regionName(refusal.region);
}
