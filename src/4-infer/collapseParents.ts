/**
 * Parents that are integrated out: their natural parameters in storages, and by how much the log density of
 * their current value rises when what an element of a label adds is added (see `collapse.ts`).
 *
 * Of scalars and of single counts of proportions that is an expression; vectors are assembled in scratch memory.
 * A Normal m with a scale v of its own has the density q(v) N(m; v): with r the coefficient of v^p at the
 * current m, and e_1 m + e_2 m^2 the terms of m, q(v) has the coefficient r - e_2 v^-p (m + e_1 / (2 e_2))^2 and
 * p/2 less in front of log v.
 */
import { type Argument, type Code, accumulate, forLoop, store } from '../code/loop.js';
import {
  add,
  addAll,
  apply,
  build,
  equal,
  type Expr,
  freeIndices,
  index,
  type Index,
  isConst,
  lgamma,
  log,
  mul,
  neg,
  nestedSum,
  num,
  one,
  pow,
  ref,
  reduce,
  scalar,
  sub,
  zero,
} from '../expr/expr.js';
import type { Binder } from '../3-derive/normalForm.js';
import type { Addition, Exponential } from './collapseAdditions.js';
import type { FoldedTables } from './contract.js';
import { closedFormKernel, drawVariate, naturals, RegionContext } from './kernels.js';
import type { RegionPlan } from './derivation.js';
import { formName } from './wording.js';
import { guarded, loops, type ProgramBuilder } from './programBuilder.js';

/** A parent with its natural parameters in storages: [...address, ...event] for each slot. */
export interface Parent {
  readonly plan: RegionPlan;
  readonly form: Exponential;
  readonly context: RegionContext;
  readonly natural: readonly string[];
  /** Sum of the parameters of proportions; null for others. */
  readonly total: string | null;
  /** Computes them from the state. */
  readonly fill: readonly Code[];
}

/** A parent, or a Normal with the scale that it has to itself. */
export interface Target {
  readonly parent: Parent;
  readonly scale: { readonly parent: Parent; readonly power: number } | null;
}

/** What one element adds to one address: additions to the target's parent, and to its scale. */
export interface FedGroup {
  readonly address: readonly Expr[];
  readonly across: readonly Binder[];
  readonly additions: readonly (readonly Addition[])[];
}
export interface Fed {
  readonly target: Target;
  readonly groups: readonly FedGroup[];
}

/** The parent of a plan; a sentence where it cannot be integrated out. */
export function parentOf(builder: ProgramBuilder, plan: RegionPlan, folded: FoldedTables): Parent | string {
  const form = plan.recognised;
  if (form.kind !== 'exponential' || form.bounded) return `its conditional is ${form.kind === 'none' ? 'of no family' : formName(form)}`;
  const rank = plan.region.eventRank;
  const proportions = rank === 1 && form.slots.length === 1 && form.slots[0]!.statistic.kind === 'log';
  if (rank > 1 || (rank === 1 && !proportions && !isNormal(form))) return 'matrices are drawn';
  const context = new RegionContext(builder, plan.collected, folded);
  const lead = builder.storage(context.name).shape.slice(0, context.at.length),
    dims = context.eventDims;
  const eta = naturals(context, form.slots);
  const natural = form.slots.map((s) => builder.fresh('natural', [...lead, ...shapeOf(s.rank, dims)], 'state'));
  const total = proportions ? builder.fresh('total', lead, 'state') : null;
  const copy = form.slots.flatMap((s, k) =>
    overPlaces(shapeOf(s.rank, dims), (event) => [store(natural[k]!, [...context.at, ...event], ref(eta.storages[k]!, event))]),
  );
  const j = index('j');
  const sum =
    total === null ? [] : [store(total, context.at, reduce('sum', j, zero, num(dims[0]!), add(one, ref(natural[0]!, [...context.at, j]))))];
  return { plan, form, context, natural, total, fill: context.sweep([...eta.code, ...copy, ...sum]) };
}
function isNormal(form: Exponential): boolean {
  return form.slots.some((s) => s.statistic.kind === 'pair');
}
function shapeOf(rank: 0 | 1 | 2, dims: readonly number[]): readonly number[] {
  return rank === 0 ? [] : rank === 1 ? [dims[0]!] : [dims[0]!, dims[0]!];
}
function overPlaces(shape: readonly number[], body: (event: readonly Expr[]) => readonly Code[]): readonly Code[] {
  const event = shape.map((_, d) => index(`i${d}`));
  return event.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(shape[d]!), inner)], body(event));
}

/** True where the rise is computed by assembling whole vectors: of Normals, and of proportions that get many counts at once. */
export function isWhole({ target: { parent }, groups }: Fed): boolean {
  if (parent.context.eventDims.length === 0) return false;
  return parent.total === null || groups.some((g) => g.additions.flat().some((a) => a.binders.length > 0));
}

/** Equal addresses of two groups, as tests; null where they cannot be equal. */
function meeting(a: readonly Expr[], b: readonly Expr[]): readonly Expr[] | null {
  const tests = a.flatMap((e, d) => (equal(e, b[d]!) ? [] : [apply('eq', e, b[d]!)]));
  return tests.some((t) => isConst(t, 0)) ? null : tests.filter((t) => !isConst(t, 1));
}
/** Guards that all of some additions have, whatever their own loops. */
function shared(additions: readonly Addition[]): readonly Expr[] {
  const [first] = additions;
  if (first === undefined) return [];
  const own = new Set(additions.flatMap((a) => a.binders.map((b) => b.index)));
  return first.guards.filter(
    (g) => ![...freeIndices(g)].some((i) => own.has(i)) && additions.every((a) => a.guards.some((h) => equal(g, h))),
  );
}
function boundBy(binders: readonly Binder[], put: (e: Expr) => Expr): readonly Binder[] {
  return binders.map((b) => ({ index: b.index, from: put(b.from), to: put(b.to) }));
}
/** How much an addition adds in all. */
function amountOf(a: Addition, put: (e: Expr) => Expr): Expr {
  // Guards that hold for all of a sum stand before it: what it reads may not exist where they fail.
  const inside = (g: Expr): boolean => a.binders.some((b) => freeIndices(g).has(b.index));
  return guarded(
    a.guards.filter((g) => !inside(g)).map(put),
    nestedSum(boundBy(a.binders, put), guarded(a.guards.filter(inside).map(put), put(a.coefficient))),
  );
}

/**
 * Whether what a group adds to is the same for all candidates: the density before is a constant then, and left out. It may be none: with n taken out of
 * n - 10 failures, -10 are left.
 */
function isSameForAll(group: FedGroup, before: readonly FedGroup[], candidate: Index, put: (e: Expr) => Expr): boolean {
  const address = group.address.map(put);
  return (
    before.every((other) => meeting(other.address.map(put), address) === null) &&
    [...address, ...shared(group.additions.flat()).map(put)].every((e) => !freeIndices(e).has(candidate))
  );
}

/**
 * How much the log density of the target's current value rises when an element with the candidate's value is added, up to what is the same for
 * all candidates.
 */
export function gainOf(builder: ProgramBuilder, { target, groups }: Fed, candidate: Index, put: (e: Expr) => Expr): Expr {
  const counts = target.parent.total !== null;
  // Counts of proportions one by one.
  const steps = counts ? groups.flatMap((g) => g.additions[0]!.map((a) => ({ ...g, additions: [[a]] }))) : groups;
  return addAll(
    steps.map((g, k) => {
      const rise = counts
        ? riseOfCount(target.parent, steps.slice(0, k), g, put)
        : riseOfScalars(builder, target, steps.slice(0, k), g, candidate, put);
      return nestedSum(boundBy(g.across, put), guarded(shared(g.additions.flat()).map(put), rise));
    }),
  );
}

/** Of a Dirichlet one parameter and their sum change. */
function riseOfCount(parent: Parent, before: readonly FedGroup[], group: FedGroup, put: (e: Expr) => Expr): Expr {
  const a = group.additions[0]![0]!,
    address = group.address.map(put),
    event = a.event.map(put),
    c = put(a.coefficient);
  const own: Expr[] = [],
    all: Expr[] = [];
  for (const other of before) {
    const tests = meeting(other.address.map(put), address),
      b = other.additions[0]![0]!;
    if (tests === null) continue;
    const places = meeting(b.event.map(put), event),
      guards = b.guards.map(put);
    all.push(guarded([...guards, ...tests], put(b.coefficient)));
    if (places !== null) own.push(guarded([...guards, ...tests, ...places], put(b.coefficient)));
  }
  const parameter = addAll([one, ref(parent.natural[0]!, [...address, ...event]), ...own]),
    sum = addAll([ref(parent.total!, address), ...all]);
  const rise = (x: Expr): Expr => (isConst(c, 1) ? log(x) : sub(lgamma(add(x, c)), lgamma(x)));
  return guarded(a.guards.map(put), add(sub(rise(sum), rise(parameter)), mul(c, log(ref(parent.context.name, [...address, ...event])))));
}

function riseOfScalars(
  builder: ProgramBuilder,
  target: Target,
  before: readonly FedGroup[],
  group: FedGroup,
  candidate: Index,
  put: (e: Expr) => Expr,
): Expr {
  const address = group.address.map(put);
  const parents = target.scale === null ? [target.parent] : [target.parent, target.scale.parent];
  const without = parents.map((p, m) =>
    p.natural.map(
      (name, slot): Expr =>
        addAll([
          ref(name, address),
          ...before.flatMap((other) => {
            const tests = meeting(other.address.map(put), address);
            return tests === null
              ? []
              : other.additions[m]!.filter((a) => a.slot === slot).map((a) =>
                  guarded([...shared(other.additions.flat()).map(put), ...tests], amountOf(a, put)),
                );
          }),
        ]),
    ),
  );
  const having = parents.map((_, m) =>
    without[m]!.map((e, slot) => addAll([e, ...group.additions[m]!.filter((a) => a.slot === slot).map((a) => amountOf(a, put))])),
  );
  const after = densityOf(builder, target, address, having);
  return isSameForAll(group, before, candidate, put) ? after : sub(after, densityOf(builder, target, address, without));
}

/** The log density of the current value, at an address, under natural parameters of the parent and of its scale. */
function densityOf(
  builder: ProgramBuilder,
  { parent, scale }: Target,
  address: readonly Expr[],
  natural: readonly (readonly Expr[])[],
): Expr {
  const of = (p: Parent, parameters: readonly Expr[]): Expr =>
    builder.bind(
      p.form.family.logDensity(scalar(ref(p.context.name, address)), p.form.family.exponential!.parameters(parameters.map(scalar))),
    );
  const own = of(parent, natural[0]!);
  return scale === null ? own : add(own, of(scale.parent, marginalScale({ parent, scale }, address, natural)));
}
/** Natural parameters of a scale with its Normal integrated out. */
function marginalScale(
  { parent, scale }: Target & { readonly scale: NonNullable<Target['scale']> },
  address: readonly Expr[],
  natural: readonly (readonly Expr[])[],
): readonly Expr[] {
  const at = (k: number): number => parent.form.slots.findIndex((s) => s.statistic.kind === 'power' && s.statistic.power === k);
  const linear = natural[0]![at(1)]!,
    square = natural[0]![at(2)]!;
  const value = ref(parent.context.name, address),
    v = ref(scale.parent.context.name, address);
  const distance = add(value, apply('div', linear, mul(num(2), square)));
  const deficit = mul(mul(square, pow(v, num(-scale.power))), pow(distance, num(2)));
  return scale.parent.form.slots.map((s, k) =>
    s.statistic.kind === 'log' ? sub(natural[1]![k]!, num(scale.power / 2)) : sub(natural[1]![k]!, deficit),
  );
}

/** The same for whole vectors, as code that fills a storage for all values of the candidate's index. */
export function gainCode(
  builder: ProgramBuilder,
  { target: { parent }, groups }: Fed,
  candidate: { readonly index: Index; readonly count: Expr; readonly most: number },
  put: (e: Expr) => Expr,
): { readonly code: readonly Code[]; readonly storage: string } {
  const dims = parent.context.eventDims,
    d = dims[0]!;
  const storage = builder.fresh('gain', [Math.max(1, candidate.most)], 'scratch');
  const scratch = parent.form.slots.map((s) => builder.fresh('assembled', shapeOf(s.rank, dims), 'scratch'));
  const density = builder.fresh('density', [], 'local');
  const addTo = (additions: readonly Addition[], tests: readonly Expr[]): readonly Code[] =>
    additions.flatMap((a) =>
      loops(
        boundBy(a.binders, put),
        [...tests, ...a.guards.map(put)],
        [accumulate(scratch[a.slot]!, a.event.map(put), put(a.coefficient))],
      ),
    );
  const body = groups.flatMap((g, k): readonly Code[] => {
    const address = g.address.map(put);
    const args: Argument[] = [
      ...scratch.map(
        (s, n): Argument => ({ kind: 'place', place: { storage: s, at: shapeOf(parent.form.slots[n]!.rank, dims).map(() => zero) } }),
      ),
      { kind: 'array', value: build([num(d)], (i) => ref(parent.context.name, [...address, i])) },
      { kind: 'value', value: num(d) },
    ];
    const weigh = (sign: 1 | -1): readonly Code[] => [
      {
        do: 'call',
        procedure: parent.total === null ? 'naturalNormalDensity' : 'naturalDirichletDensity',
        args,
        into: { storage: density, at: [] },
        effects: [],
      },
      accumulate(storage, [candidate.index], sign === 1 ? ref(density, []) : neg(ref(density, []))),
    ];
    const earlier = groups.slice(0, k).flatMap((other) => {
      const tests = meeting(other.address.map(put), address);
      return tests === null ? [] : addTo(other.additions[0]!, tests);
    });
    return loops(boundBy(g.across, put), shared(g.additions.flat()).map(put), [
      ...scratch.flatMap((s, n) =>
        overPlaces(shapeOf(parent.form.slots[n]!.rank, dims), (event) => [
          store(s, event, ref(parent.natural[n]!, [...address, ...event])),
        ]),
      ),
      ...earlier,
      ...(isSameForAll(g, groups.slice(0, k), candidate.index, put) ? [] : weigh(-1)),
      ...addTo(g.additions[0]!, []),
      ...weigh(1),
    ]);
  });
  return { storage, code: [forLoop(candidate.index, zero, candidate.count, [store(storage, [candidate.index], zero), ...body])] };
}

/** Draws a target from its law given the labels, its natural parameters being up to date. */
export function drawnBack(builder: ProgramBuilder, target: Target, folded: FoldedTables): readonly Code[] {
  const { parent, scale } = target;
  const own = closedFormKernel(new RegionContext(builder, parent.plan.collected, folded), parent.form);
  if (scale === null) return own;
  const { context, form } = scale.parent;
  const natural = marginalScale(
    { parent, scale },
    context.at,
    [parent, scale.parent].map((p) => p.natural.map((name) => ref(name, context.at))),
  );
  const law = form.family.exponential!.parameters(natural.map(scalar));
  return [...loops(context.plates, context.guards, drawVariate(builder, form.family.variate(law), context.place(), 0)), ...own];
}
