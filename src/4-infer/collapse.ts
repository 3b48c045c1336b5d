/**
 * Collapsed Gibbs (`collapse=names`): finite unknowns drawn with conjugate parents integrated out, the
 * parents drawn back from their conditionals afterwards. Both together are one exact block update.
 *
 * With q(p | z) the parents' conditional, p(z, data) = p(z, data, p) / q(p | z) at any value p of the parents
 * (Chib 1995): each value of an element weighs its factors at the current parents less the log density of the
 * parent it feeds. Natural parameters are kept up to date: what an element adds to them is taken out before
 * it is drawn and put back after (Griffiths and Steyvers 2004 for counts).
 */
import { type Code, accumulate, forLoop, store } from '../code/loop.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { add, addAll, apply, equal, type Expr, freeIndices, type Index, index, isConst, lgamma, log, mul, neg, num, one, ref, reduce, scalar, sub, substitute, variablesOf, visit, zero } from '../expr/expr.js';
import type { ClosedForm } from '../3-derive/closedForm.js';
import { floorOf, sameKind } from '../3-derive/closedForm.js';
import { type Contribution, solve } from '../3-derive/conditional.js';
import type { LatentRegion } from '../3-derive/model.js';
import type { Binder } from '../3-derive/normalForm.js';
import { replaceElement } from '../3-derive/occurrences.js';
import { recomputeCode } from './assemble.js';
import type { BlockRequest, JointStep } from './blocks/plan.js';
import type { FoldedTables } from './contract.js';
import { closedFormKernel, directDensity, naturals, RegionContext } from './kernels.js';
import { type Derivation, formName, regionName, type RegionPlan } from './plan.js';
import { guarded, loops, type ProgramBuilder } from './programBuilder.js';
import { valueCount } from './structuralZeros.js';

/** What is drawn together, and which parents are integrated out where their labels are drawn. */
export type DrawRequest = BlockRequest & { readonly collapse?: readonly string[] | undefined };

type Exponential = ClosedForm & { readonly kind: 'exponential' };

/** A parent with its natural parameters in storages: [...address, ...event] for each slot. */
interface Parent {
  readonly plan: RegionPlan;
  readonly form: Exponential;
  readonly context: RegionContext;
  readonly natural: readonly string[];
  /** Sum of the parameters of proportions; null for scalars. */
  readonly total: string | null;
  /** Computes them from the state. */
  readonly fill: readonly Code[];
}

/** What one element of a finite region adds to a parent: to which of its elements, statistic and place of the statistic. */
interface Addition {
  readonly slot: number;
  readonly address: readonly Expr[];
  readonly event: readonly Expr[];
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly coefficient: Expr;
}

function refuse(message: string, hint: string): never {
  const diagnostics: readonly Diagnostic[] = [{ code: 'wrong-option', severity: 'error', message, hint }];
  throw new ModelError(diagnostics, renderDiagnostics(diagnostics, '', 'options'));
}

/**
 * The block of the named parents and of the finite unknowns that feed them; empty where no name is given.
 * @throws ModelError for parents that cannot be integrated out, with the reason.
 */
export function collapsedSteps(builder: ProgramBuilder, derivation: Derivation, candidates: readonly RegionPlan[], folded: FoldedTables, names: readonly string[]): readonly JointStep[] {
  if (names.length === 0) return [];
  const plans = names.flatMap((name) => {
    const own = candidates.filter((c) => c.region.variable.name === name);
    if (own.length === 0) refuse(`'${name}' cannot be integrated out: it is given, or its kernel was chosen by option`, 'Name unknowns with a conjugate conditional.');
    return own;
  });
  const labels = [...new Set(plans.flatMap((p) => feeding(p, derivation)))];
  const finite = labels.flatMap((name) => candidates.filter((c) => c.region.variable.name === name));
  for (const plan of plans) {
    if (floorOf(plan.region) !== undefined) refuse(`${regionName(plan.region)} cannot be integrated out: the mass above the floor of its eigenvalues is not known`, 'Leave it out of collapse.');
    const reads = readsOf(plan);
    const other = names.find((n) => reads.has(n));
    if (other !== undefined) refuse(`${regionName(plan.region)} cannot be integrated out${other === plan.region.variable.name ? ': its elements depend on each other' : ` together with ${other}: each has a family only while the other is held fixed`}`, 'Integrate out parents that do not meet each other.');
    if (feeding(plan, derivation).length === 0) refuse(`integrating out ${regionName(plan.region)} changes nothing: no finite unknown enters its terms`, 'Leave it out of collapse.');
  }
  const parents = plans.map((p) => parentOf(builder, p, folded));
  const code = [...finite.flatMap((z) => [...parents.flatMap((p) => p.fill), ...sweepOf(builder, z, parents, folded)]), ...parents.flatMap((p) => closedFormKernel(new RegionContext(builder, p.plan.collected, folded), p.form))];
  const members = [...finite, ...plans];
  return [{
    members, name: members.map((m) => regionName(m.region)).join(', '), kernel: 'collapsed',
    reason: `${finite.map((m) => regionName(m.region)).join(', ')} with ${plans.map((p) => `${regionName(p.region)} (${formName(p.recognised as Exponential)})`).join(', ')} integrated out, drawn back after`,
    code, status: null,
  }];
}

/** Finite unknowns in the terms of a parent. */
function feeding(plan: RegionPlan, derivation: Derivation): readonly string[] {
  const reads = readsOf(plan);
  return [...new Set(derivation.regions.filter((r) => r.recognised.kind === 'finite' && reads.has(r.region.variable.name)).map((r) => r.region.variable.name))];
}
function readsOf(plan: RegionPlan): ReadonlySet<string> {
  const out = new Set<string>();
  for (const c of plan.collected.contributions) for (const e of parts(c)) for (const v of variablesOf(e)) out.add(v);
  return out;
}
function parts(c: Contribution): readonly Expr[] { return [c.coefficient, ...c.guards, ...c.event, ...c.binders.flatMap((b) => [b.from, b.to])]; }

function parentOf(builder: ProgramBuilder, plan: RegionPlan, folded: FoldedTables): Parent {
  const form = plan.recognised;
  const name = regionName(plan.region);
  if (form.kind !== 'exponential' || form.bounded) refuse(`${name} cannot be integrated out: its conditional is ${form.kind === 'none' ? 'of no family' : formName(form)}`, 'Families whose integral is known: Dirichlet, Beta, Gamma, InverseGamma, Normal.');
  const proportions = plan.region.eventRank === 1 && form.slots.length === 1 && form.slots[0]!.statistic.kind === 'log';
  if (plan.region.eventRank > 0 && !proportions) refuse(`${name} cannot be integrated out: vectors and matrices other than proportions are drawn`, 'Collapse scalars, or write the vector as independent scalars where it is one.');
  const context = new RegionContext(builder, plan.collected, folded);
  const lead = builder.storage(context.name).shape.slice(0, context.at.length);
  const eta = naturals(context, form.slots);
  const natural = form.slots.map((s) => builder.fresh('natural', [...lead, ...(s.rank === 0 ? [] : context.eventDims)], 'state'));
  const total = proportions ? builder.fresh('total', lead, 'state') : null;
  const i = index('i'), j = index('i');
  const copy = form.slots.map((s, k): Code => (s.rank === 0 ? store(natural[k]!, context.at, ref(eta.storages[k]!, []))
    : forLoop(i, zero, num(context.eventDims[0]!), [store(natural[k]!, [...context.at, i], ref(eta.storages[k]!, [i]))])));
  const sum = total === null ? [] : [store(total, context.at, reduce('sum', j, zero, num(context.eventDims[0]!), add(one, ref(natural[0]!, [...context.at, j]))))];
  return { plan, form, context, natural, total, fill: context.sweep([...eta.code, ...copy, ...sum]) };
}

/** One pass over the elements of a finite region. */
function sweepOf(builder: ProgramBuilder, plan: RegionPlan, parents: readonly Parent[], folded: FoldedTables): readonly Code[] {
  const { region, recognised } = plan;
  const name = regionName(region);
  if (recognised.kind !== 'finite') refuse(`'${name}' does not take finitely many values`, 'Leave out the parents it feeds.');
  if (recomputeCode(builder, region.variable.name).length > 0) refuse(`${name} feeds a recursion: it is drawn with its parents at their values`, 'Leave out the parents it feeds.');
  const context = new RegionContext(builder, plan.collected, folded);
  const fed = parents.map((parent) => ({ parent, additions: additionsOf(builder, parent, region) })).filter((f) => f.additions.length > 0);
  if (fed.length === 0) return [];
  const change = (sign: 1 | -1): readonly Code[] => fed.flatMap(({ parent, additions }) => additions.flatMap((a) => {
    const value = sign === 1 ? a.coefficient : neg(a.coefficient);
    const into = [accumulate(parent.natural[a.slot]!, [...a.address, ...a.event], value), ...(parent.total === null ? [] : [accumulate(parent.total, a.address, value)])];
    return loops(a.binders, a.guards, into);
  }));
  const from = builder.bind(recognised.low), count = builder.bind(valueCount(recognised.low, recognised.high));
  const k = index('k');
  builder.noteRange(k, zero, count);
  const candidate = isConst(from, 0) ? k : add(from, k);
  const put = (e: Expr): Expr => builder.bind(replaceElement(e, region, candidate, region.plates));
  const weight = sub(directDensity(context, plan.collected.factors, candidate), addAll(fed.map(({ parent, additions }) => gain(builder, parent, additions, put))));
  const here = context.place();
  const drawn = builder.fresh('drawn', [], 'local', 'int32');
  return context.sweep([
    ...change(-1),
    store(drawn, [], sub(context.current(), from)),
    { do: 'categorical', index: k, count, logWeight: weight, into: { storage: drawn, at: [] } },
    store(here.storage, here.at, add(ref(drawn, []), from)),
    ...change(1),
  ]);
}

/** How much the log density of the parent's current value rises when an element with the candidate's value is added. */
function gain(builder: ProgramBuilder, parent: Parent, additions: readonly Addition[], put: (e: Expr) => Expr): Expr {
  const first = additions[0]!;
  const address = first.address.map(put);
  const current = (event: readonly Expr[]): Expr => ref(parent.context.name, [...address, ...event]);
  if (parent.total !== null) {
    // Of a Dirichlet only one parameter and their sum change.
    const [a] = additions;
    const event = a!.event.map(put), c = put(a!.coefficient);
    const own = add(one, ref(parent.natural[0]!, [...address, ...event])), total = ref(parent.total, address);
    const rise = (x: Expr): Expr => (isConst(c, 1) ? log(x) : sub(lgamma(add(x, c)), lgamma(x)));
    return guarded(a!.guards.map(put), add(sub(rise(total), rise(own)), mul(c, log(current(event)))));
  }
  const { family, slots } = parent.form;
  const before = slots.map((_, n): Expr => ref(parent.natural[n]!, address));
  const after = slots.map((_, n): Expr => add(before[n]!, addAll(additions.filter((a) => a.slot === n).map((a) => {
    const inner = guarded(a.guards.filter((g) => a.binders.some((b) => freeIndices(g).has(b.index))).map(put), put(a.coefficient));
    const sum = [...a.binders].reverse().reduce<Expr>((e, b) => reduce('sum', b.index, put(b.from), put(b.to), e), inner);
    return guarded(a.guards.filter((g) => !a.binders.some((b) => freeIndices(g).has(b.index))).map(put), sum);
  }))));
  const density = (natural: readonly Expr[]): Expr => builder.bind(family.logDensity(scalar(current([])), family.exponential!.parameters(natural.map(scalar))));
  // Where nothing is added the address need not be one.
  const none = additions.every((a) => a.guards.length > 0) ? additions.map((a) => a.guards.map(put)) : [];
  const difference = sub(density(after), density(before));
  return none.length === 1 ? guarded(none[0]!, difference) : difference;
}

/** What an element of a finite region adds to a parent. @throws ModelError where that is not one element of the parent. */
function additionsOf(builder: ProgramBuilder, parent: Parent, region: LatentRegion): readonly Addition[] {
  const { region: own } = parent.plan;
  const label = region.variable.name, name = regionName(own);
  const out = parent.plan.collected.contributions.flatMap((c): Addition[] => {
    const addresses: (readonly Expr[])[] = [];
    for (const e of parts(c)) visit(e, (x) => { if (x.op === 'ref' && x.variable === label && !addresses.some((a) => a.every((y, d) => equal(y, x.at[d]!)))) addresses.push(x.at); });
    if (addresses.length === 0) return [];
    if (addresses.length > 1) refuse(`${name} cannot be integrated out: several elements of ${label} meet in one of its terms`, `Leave ${own.variable.name} out of collapse: chains of ${label} are drawn whole without it.`);
    // Loops of the parent and of the label may share indices.
    const map = new Map<Index, Expr>();
    const fresh = (b: Binder): Binder => {
      const i = index(b.index.name), made = { index: i, from: substitute(b.from, map), to: substitute(b.to, map) };
      map.set(b.index, i);
      return made;
    };
    const plates = own.plates.map(fresh), binders = [...plates, ...c.binders.map(fresh)];
    const move = (e: Expr): Expr => substitute(e, map);
    const solved = solve([addresses[0]!.map(move)], [], region, binders, [...own.guards, ...c.guards].map(move));
    if (solved === null) return [];
    let rest = solved.binders, guards = solved.guards;
    let values = { address: own.at, event: c.event, coefficient: c.coefficient };
    const apply_ = (f: (e: Expr) => Expr): void => { values = { address: values.address.map(f), event: values.event.map(f), coefficient: f(values.coefficient) }; };
    apply_((e) => substitute(move(e), solved.map));
    // `z[n] = k` says which element of the parent it is.
    for (const p of plates) {
      const binder = rest.find((b) => b.index === p.index);
      if (binder === undefined) continue;
      const found = guards.map((g) => chosenBy(g, p.index)).find((x) => x !== null) ?? null;
      const inside = found === null ? false : [...freeIndices(found)].some((i) => plates.some((q) => q.index === i));
      if (found === null || inside) refuse(`${name} cannot be integrated out: one element of ${label} enters the terms of many of its elements`, `Leave ${own.variable.name} out of collapse.`);
      const to = new Map<Index, Expr>([[p.index, found]]);
      guards = [...guards.filter((g) => chosenBy(g, p.index) !== found), apply('ge', found, binder.from), apply('lt', found, binder.to)].map((g) => substitute(g, to));
      rest = rest.filter((b) => b !== binder);
      apply_((e) => substitute(e, to));
    }
    if (values.address.some((e) => rest.some((b) => freeIndices(e).has(b.index)))) refuse(`${name} cannot be integrated out: one element of ${label} enters the terms of many of its elements`, `Leave ${own.variable.name} out of collapse.`);
    const slot = parent.form.slots.findIndex((s) => sameKind(s.statistic, c.statistic));
    return [{
      slot, address: values.address.map((e) => builder.bind(e)), event: values.event.map((e) => builder.bind(e)), coefficient: builder.bind(values.coefficient),
      binders: rest.map((b) => builder.bindBinder(b)), guards: guards.map((g) => builder.bind(g)).filter((g) => !isConst(g, 1)),
    }];
  });
  const alike = out.every((a) => a.address.every((e, d) => equal(e, out[0]!.address[d]!)));
  if (!alike || (parent.total !== null && (out.length > 1 || out.some((a) => a.binders.length > 0)))) refuse(`${name} cannot be integrated out: one element of ${label} enters several of its terms`, `Leave ${own.variable.name} out of collapse.`);
  return out;
}
/** The other side of an equation of an index. */
function chosenBy(g: Expr, i: Index): Expr | null {
  if (g.op !== 'apply' || g.fn !== 'eq') return null;
  const [a, b] = [g.args[0]!, g.args[1]!];
  return a === i && !freeIndices(b).has(i) ? b : b === i && !freeIndices(a).has(i) ? a : null;
}
