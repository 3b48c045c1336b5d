/**
 * Kernels of one latent region as loop code: exact draws from conditionals in closed form,
 * enumeration, and the densities that slice and Metropolis steps evaluate.
 *
 * Every kernel leaves the conditional of its elements given everything else invariant; elements of a
 * region are visited in order, each seeing the current values of the others.
 */
import { type Argument, type Code, type Place, accumulate, forLoop, store, when } from '../code/loop.js';
import { InternalError } from '../errors/diagnostic.js';
import {
  type ArrayExpr,
  type Expr,
  type Index,
  add,
  addAll,
  apply,
  build,
  cond,
  equal,
  freeIndices,
  index,
  isConst,
  mul,
  mulAll,
  neg,
  nestedSum,
  num,
  one,
  pow,
  reduce,
  ref,
  scalar,
  sub,
  substitute,
  variablesOf,
  zero,
} from '../expr/expr.js';
import type { Variate } from '../distributions/family.js';
import type { ClosedForm, Slot } from '../3-derive/closedForm.js';
import { regionSupport, replaceSelf, sameKind } from '../3-derive/closedForm.js';
import { type Bound, type Collected, type Contribution, selfExpr } from '../3-derive/conditional.js';
import { elementTerms } from '../3-derive/occurrences.js';
import type { Factor, LatentRegion } from '../3-derive/model.js';
import { type Binder, factorsOf } from '../3-derive/normalForm.js';
import { type FoldedTables, type SharedTables, smallRange, StatisticTables } from './contract.js';
import { listed, lookupOf } from './inverseLists.js';
import { atElement, heldLinearParts, type InstanceTerm, type StepElement } from './linearParts.js';
import { guarded, impossibleOutside, type ProgramBuilder, loops } from './programBuilder.js';

/** What all kernels of one region share. */
export class RegionContext {
  readonly builder: ProgramBuilder;
  readonly collected: Collected;
  readonly region: LatentRegion;
  readonly plates: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly at: readonly Expr[];
  readonly eventDims: readonly number[];
  readonly tables: StatisticTables;

  /** @param written storages beside the region's variable that its kernel writes. */
  constructor(
    builder: ProgramBuilder,
    collected: Collected,
    folded: FoldedTables,
    written: readonly string[] = [],
    shared: SharedTables | null = null,
  ) {
    this.builder = builder;
    this.collected = collected;
    const r = collected.region;
    this.region = r;
    this.plates = r.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
    this.guards = r.guards.map((g) => builder.bind(g)).filter((g) => !isConst(g, 1));
    this.at = r.at.map((e) => builder.bind(e));
    const shape = builder.storage(r.variable.name).shape;
    this.eventDims = r.eventRank === 0 ? [] : shape.slice(shape.length - r.eventRank);
    this.tables = new StatisticTables(builder, [r.variable.name, ...written], this.plates, folded, shared);
  }
  get name(): string {
    return this.region.variable.name;
  }
  place(event: readonly Expr[] = []): Place {
    return { storage: this.name, at: [...this.at, ...event] };
  }
  current(event: readonly Expr[] = []): Expr {
    return ref(this.name, [...this.at, ...event]);
  }
  /** The region's loops around code for one element, after the tables it needs. */
  sweep(body: readonly Code[]): readonly Code[] {
    return [...this.tables.before, ...loops(this.plates, this.guards, body)];
  }
}

/** Natural parameters of the current element, one storage for each slot, with the code that computes them. */
export interface Naturals {
  readonly code: readonly Code[];
  readonly storages: readonly string[];
}

/**
 * The summed coefficient of each slot's statistic. `contributions` and `dims` differ from the region's own where expectations stand for
 * values.
 */
export function naturals(
  context: RegionContext,
  slots: readonly Slot[],
  contributions: readonly Contribution[] = context.collected.contributions,
  dims: readonly number[] = context.eventDims,
): Naturals {
  const { builder, tables } = context;
  const code: Code[] = [];
  const storages = slots.map((slot) => {
    const shape = slot.rank === 0 ? [] : slot.rank === 1 ? [dims[0]!] : [dims[0]!, dims[0]!];
    const own = contributions.filter((c) => sameKind(c.statistic, slot.statistic));
    if (slot.rank === 0) {
      const name = builder.fresh('eta', [], 'local');
      const terms = own.map((c) => {
        const done = tables.contract(c, []);
        return guarded(done.guards, done.value);
      });
      code.push(store(name, [], addAll(terms)));
      return name;
    }
    const name = builder.fresh('eta', shape, 'scratch');
    code.push({ do: 'fill', storage: name, value: zero });
    for (const c of own.map((x) => spreadGathers(context, x, shape))) {
      const { event, kept } = addressed(context, c);
      const done = tables.contract(c, kept);
      // Nothing to add, and no loop that would give the event its indices.
      if (isConst(done.value, 0)) continue;
      code.push(...loops(done.binders, done.guards, [accumulate(name, event, done.value)]));
    }
    return name;
  });
  return { code, storages };
}

/**
 * A statistic at an address that a long loop looks up (`log p[z[n]]`) becomes one at every address j
 * under the guard `z[n] = j`, so that what is summed is a table of counts.
 */
function spreadGathers(context: RegionContext, c: Contribution, shape: readonly number[]): Contribution {
  const { builder, tables } = context;
  const binders = [...c.binders],
    guards = [...c.guards];
  if ([c.coefficient, ...c.guards, ...c.event].some((e) => tables.readsUpdated(e))) return c;
  const event = c.event.map((e, d): Expr => {
    const long =
      e.op === 'ref' &&
      c.binders.some(
        (b) => freeIndices(e).has(b.index) && builder.trips(builder.bind(b.from), builder.bind(b.to)) > Math.max(smallRange, 2 * shape[d]!),
      );
    if (!long) return e;
    const j = index('j');
    binders.push({ index: j, from: zero, to: num(shape[d]!) });
    guards.push(apply('eq', e, j));
    return j;
  });
  return { ...c, event, binders, guards };
}

/** The event address of a contribution, and the binders that it mentions. */
function addressed(context: RegionContext, c: Contribution): { readonly event: readonly Expr[]; readonly kept: readonly Index[] } {
  const event = c.event.map((e) => context.builder.bind(e));
  const kept = new Set<Index>();
  for (const e of event) for (const i of freeIndices(e)) if (c.binders.some((b) => b.index === i)) kept.add(i);
  return { event, kept: [...kept] };
}

/** A slot's natural parameter as an array over its event. */
export function naturalArray(slot: Slot, storage: string, dims: readonly number[]): ArrayExpr {
  if (slot.rank === 0) return scalar(ref(storage, []));
  const d = num(dims[0]!);
  return slot.rank === 1 ? build([d], (i) => ref(storage, [i])) : build([d, d], (i, j) => ref(storage, [i, j]));
}

/** Loops over the numbers of a region's element around code for one of them. */
export function overEvent(context: RegionContext, body: (event: readonly Index[]) => readonly Code[]): readonly Code[] {
  const event = context.eventDims.map((_, d) => index(`v${d}`));
  return event.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(context.eventDims[d]!), inner)], body(event));
}

/** Greatest lower and least upper bound of the element: its own support and what other factors add. */
export function boundExprs(context: RegionContext): { readonly low: Expr; readonly high: Expr } {
  const support = regionSupport(context.region);
  let low: Expr = num(-Infinity),
    high: Expr = num(Infinity);
  if (support.kind === 'interval' || support.kind === 'integers') {
    low = context.builder.bind(context.builder.model.inline(support.low));
    high = context.builder.bind(context.builder.model.inline(support.high));
  }
  for (const b of context.collected.bounds) {
    const value = foldBound(b, context);
    if (b.side === 'low') low = isConst(low, -Infinity) ? value : apply('max', low, value);
    else high = isConst(high, Infinity) ? value : apply('min', high, value);
  }
  return { low, high };
}
/**
 * Moves a current value that lies outside moving bounds inside. Only a start can lie there: every
 * kernel keeps the state in its support, and this lets one that is not find its way.
 */
export function intoBounds(context: RegionContext, low: Expr, high: Expr): readonly Code[] {
  if (isConst(low) && isConst(high)) return [];
  const { builder } = context;
  const integer = regionSupport(context.region).kind === 'integers';
  const from = builder.fresh('low', [], 'local'),
    to = builder.fresh('high', [], 'local');
  const [a, b] = [ref(from, []), ref(to, [])];
  const current = context.current(),
    here = context.place();
  const middle = mul(num(0.5), add(a, b)),
    unit = integer ? zero : one;
  const inside = cond(
    apply('gt', a, num(-Infinity)),
    cond(apply('lt', b, num(Infinity)), integer ? apply('floor', middle) : middle, add(a, unit)),
    sub(b, unit),
  );
  return [
    store(from, [], low),
    store(to, [], high),
    when(apply('and', apply('le', a, b), apply('or', apply('lt', current, a), apply('gt', current, b))), [
      store(here.storage, here.at, inside),
    ]),
  ];
}
function foldBound(b: Bound, context: RegionContext): Expr {
  const neutral = num(b.side === 'low' ? -Infinity : Infinity);
  const bind = (e: Expr): Expr => context.builder.bind(e);
  let value = bind(b.value);
  value = guarded(b.guards.map(bind), value, neutral);
  for (const raw of [...b.binders].reverse()) {
    const x = context.builder.bindBinder(raw);
    value = reduce(b.side === 'low' ? 'max' : 'min', x.index, x.from, x.to, value);
  }
  return value;
}

function value(e: Expr): Argument {
  return { kind: 'value', value: e };
}
function array(a: ArrayExpr): Argument {
  return { kind: 'array', value: a };
}

/** Draws a variate into a place; array results are written there, scalars pass through the family's transform. */
export function drawVariate(builder: ProgramBuilder, variate: Variate, into: Place, eventRank: number): readonly Code[] {
  const args: Argument[] = variate.args.map((a) => (a.indices.length === 0 ? value(builder.bind(a.body)) : array(builder.bindArray(a))));
  if (eventRank > 0) {
    // The place of the event's first number.
    const first = [...into.at, ...Array.from({ length: builder.storage(into.storage).shape.length - into.at.length }, () => zero)];
    return [
      {
        do: 'call',
        procedure: variate.fn,
        args: [{ kind: 'place', place: { storage: into.storage, at: first } }, ...args],
        into: null,
        effects: [into.storage],
      },
    ];
  }
  if (variate.transform === undefined) return [{ do: 'call', procedure: variate.fn, args, into, effects: [] }];
  const drawn = builder.fresh('drawn', [], 'local');
  return [
    { do: 'call', procedure: variate.fn, args, into: { storage: drawn, at: [] }, effects: [] },
    store(into.storage, into.at, builder.bind(variate.transform(ref(drawn, [])))),
  ];
}

/** Draws of conditionals between bounds where these may be all that makes them proper: their parameters are no family's then. */
const boundedVariates: Readonly<Record<string, string>> = {
  Beta: 'boundedBeta',
  Gamma: 'boundedGamma',
  InverseGamma: 'boundedInverseGamma',
};

/** One exact draw from a conditional in closed form, for every element of the region. */
export function closedFormKernel(context: RegionContext, form: Exclude<ClosedForm, { kind: 'finite' }>): readonly Code[] {
  const { builder } = context;
  const here = context.place();
  switch (form.kind) {
    case 'exponential': {
      if (form.slots.some((s) => s.statistic.kind === 'pair')) return context.sweep(gaussianDraw(context, form.slots));
      const eta = naturals(context, form.slots);
      const natural = form.slots.map((s, k) => naturalArray(s, eta.storages[k]!, context.eventDims));
      const p = form.family.exponential!.parameters(natural);
      if (!form.bounded)
        return context.sweep([...eta.code, ...drawVariate(builder, form.family.variate(p), here, context.region.eventRank)]);
      const { low, high } = boundExprs(context);
      const args = form.family.parameters.map((x) => value(builder.bind(p[x.name]!.body)));
      const draw: Code = {
        do: 'call',
        procedure: boundedVariates[form.family.name] ?? `truncated${form.family.name}`,
        args: [...args, value(low), value(high)],
        into: here,
        effects: [],
      };
      const square = form.slots.findIndex((s) => s.statistic.kind === 'power' && s.statistic.power === 2);
      if (square < 0) return context.sweep([...eta.code, draw]);
      // Where no factor curves the density (a group without members), what is left is exp(linear x) between the bounds; they also hold
      // what factors of the program's own curve upwards.
      const linear = form.slots.findIndex((s) => s.statistic.kind === 'power' && s.statistic.power === 1);
      const [slope, curvature] = [linear, square].map((k) => ref(eta.storages[k]!, []));
      const drawn = (procedure: string, ...natural: readonly Expr[]): Code => ({
        do: 'call',
        procedure,
        args: [...natural, low, high].map(value),
        into: here,
        effects: [],
      });
      const flat = drawn('tiltedUniform', slope!),
        convex = drawn('convexNormal', slope!, curvature!);
      return context.sweep([
        ...eta.code,
        when(apply('lt', curvature!, zero), [draw], [when(apply('eq', curvature!, zero), [flat], [convex])]),
      ]);
    }
    case 'powerGamma': {
      // v^p with statistics a log v + b v^p: u = v^p has density u^((a+1)/p - 1) e^(b u), a Gamma.
      const eta = naturals(context, form.slots);
      const [a, b] = eta.storages.map((s) => ref(s, []));
      const shape = mul(add(a!, one), num(1 / form.power)),
        rate = neg(b!);
      const drawn = builder.fresh('drawn', [], 'local');
      const back = store(here.storage, here.at, pow(ref(drawn, []), num(1 / form.power)));
      if (!form.bounded)
        return context.sweep([
          ...eta.code,
          { do: 'call', procedure: 'gamma', args: [value(shape), value(rate)], into: { storage: drawn, at: [] }, effects: [] },
          back,
        ]);
      const { low, high } = boundExprs(context);
      const [from, to] = form.power > 0 ? [low, high] : [high, low];
      const image = (e: Expr): Expr =>
        isConst(e, Infinity)
          ? num(form.power > 0 ? Infinity : 0)
          : isConst(e, 0)
            ? num(form.power > 0 ? 0 : Infinity)
            : pow(e, num(form.power));
      return context.sweep([
        ...eta.code,
        {
          do: 'call',
          procedure: 'boundedGamma',
          args: [value(shape), value(rate), value(image(from)), value(image(to))],
          into: { storage: drawn, at: [] },
          effects: [],
        },
        back,
      ]);
    }
    case 'powerLaw':
    case 'tilted': {
      const eta = naturals(context, form.slots);
      const { low, high } = boundExprs(context);
      const slope = eta.storages.length > 0 ? ref(eta.storages[0]!, []) : zero;
      return context.sweep([
        ...eta.code,
        {
          do: 'call',
          procedure: form.kind === 'powerLaw' ? 'powerLaw' : 'tiltedUniform',
          args: [value(slope), value(low), value(high)],
          into: here,
          effects: [],
        },
      ]);
    }
    case 'piecewiseNormal': {
      const eta = naturals(context, form.slots);
      const points = builder.fresh('points', [form.points.length], 'scratch'),
        slopes = builder.fresh('slopes', [form.points.length], 'scratch');
      const fill = form.points.flatMap((p, k) => [
        store(points, [num(k)], ifCounted(ref(eta.storages[k + 2]!, []), builder.bind(builder.model.inline(p)))),
        store(slopes, [num(k)], ref(eta.storages[k + 2]!, [])),
      ]);
      return context.sweep([
        ...eta.code,
        ...fill,
        {
          do: 'call',
          procedure: 'piecewiseNormal',
          into: here,
          effects: [],
          args: [
            value(ref(eta.storages[0]!, [])),
            value(ref(eta.storages[1]!, [])),
            array(build([num(form.points.length)], (i) => ref(points, [i]))),
            array(build([num(form.points.length)], (i) => ref(slopes, [i]))),
          ],
        },
      ]);
    }
    case 'shiftedCount': {
      const eta = naturals(context, form.slots);
      const slope = ref(eta.storages[0]!, []);
      const shift = builder.bind(form.shift);
      const drawn = builder.fresh('drawn', [], 'local');
      // exp(slope): rate of the Poisson, odds of the Binomial, failure probability of the NegativeBinomial.
      const base = apply('exp', slope);
      const args =
        form.family === 'Poisson'
          ? [value(base)]
          : form.family === 'Binomial'
            ? [value(sub(builder.bind(form.total!), shift)), value(apply('sigmoid', slope))]
            : [value(add(builder.bind(form.total!), shift)), value(sub(one, base))];
      const procedure = form.family === 'Poisson' ? 'poisson' : form.family === 'Binomial' ? 'binomial' : 'negativeBinomial';
      return context.sweep([
        ...eta.code,
        { do: 'call', procedure, args, into: { storage: drawn, at: [] }, effects: [] },
        store(here.storage, here.at, add(ref(drawn, []), shift)),
      ]);
    }
  }
}

/** A draw from N(P^-1 h, P^-1) with h the linear coefficient and P = -(Q + Q'). */
function gaussianDraw(context: RegionContext, slots: readonly Slot[]): readonly Code[] {
  const d = num(context.eventDims[0]!);
  const linear = slots.find((s) => s.rank === 1)!,
    quadratic = slots.find((s) => s.rank === 2)!;
  const shift = naturals(context, [linear]);
  const h = array(build([d], (i) => ref(shift.storages[0]!, [i])));
  const matrix = (storage: string): Argument => array(build([d, d], (i, j) => ref(storage, [i, j])));
  const draw = (procedure: string, ...args: readonly Argument[]): Code => ({
    do: 'call',
    procedure,
    into: null,
    effects: [context.name],
    args: [{ kind: 'place', place: context.place([zero]) }, ...args],
  });
  const known = factoredPrecision(context, quadratic);
  if (known !== null) return [...shift.code, draw('mvNormalFromFactor', h, matrix(known.factor), value(known.scale), value(d))];
  const q = naturals(context, [quadratic]);
  return [...shift.code, ...q.code, draw('mvNormalFromQuadratic', h, matrix(q.storages[0]!), value(d))];
}

/**
 * A precision that is one positive number of the state times a matrix of data alone (a regression
 * whose prior scales with its variance, or whose variance is known): its Cholesky factor is computed
 * once, when data is bound. Null where it is not of that form.
 */
function factoredPrecision(context: RegionContext, quadratic: Slot): { readonly scale: Expr; readonly factor: string } | null {
  const { builder, tables } = context;
  const plates = context.plates.map((p) => p.index);
  const constant = (e: Expr): boolean =>
    [...variablesOf(e)].every((v) => builder.storage(v).place === 'data') && !plates.some((p) => freeIndices(e).has(p));
  let scale: Expr | null = null;
  const parts: {
    readonly binders: readonly Binder[];
    readonly guards: readonly Expr[];
    readonly event: readonly Expr[];
    readonly value: Expr;
  }[] = [];
  for (const c of context.collected.contributions) {
    if (!sameKind(c.statistic, quadratic.statistic)) continue;
    // A sum over a latent gather cannot be of data alone, and contracting it would fill a table for nothing.
    const { event, kept } = addressed(context, c);
    if (![...c.guards, ...event, ...c.binders.flatMap((b) => [b.from, b.to])].every((e) => constant(builder.bind(e)))) return null;
    const done = tables.contract(c, kept);
    // As in `naturals`: nothing to add, and no loop for the indices of the event.
    if (isConst(done.value, 0)) continue;
    const factors = factorsOf(done.value);
    const own = mulAll(factors.filter((f) => !constant(f)));
    if (![...done.guards, ...done.binders.flatMap((b) => [b.from, b.to])].every(constant)) return null;
    if (scale === null) scale = own;
    if (!equal(scale, own) || [...freeIndices(own)].some((i) => !plates.includes(i))) return null;
    parts.push({ binders: done.binders, guards: done.guards, event, value: mulAll(factors.filter(constant)) });
  }
  if (scale === null || !builder.model.isPositive(scale)) return null;
  const d = context.eventDims[0]!;
  const factor = builder.fresh('sum', [d, d], 'data');
  builder.setInitial(factor, new Float64Array(d * d));
  builder.fold(...parts.flatMap((x) => loops(x.binders, x.guards, [accumulate(factor, x.event, x.value)])), {
    do: 'call',
    procedure: 'factorQuadratic',
    into: null,
    effects: [factor],
    args: [{ kind: 'place', place: { storage: factor, at: [zero, zero] } }, value(num(d))],
  });
  return { scale, factor };
}

/** Sum of the given factors over the instances that contain the element, with the element replaced where asked. */
export function directDensity(context: RegionContext, factors: readonly Factor[], replacement: Expr | null): Expr {
  return sumOfTerms(directTerms(context, factors, replacement, null));
}
function sumOfTerms(terms: readonly InstanceTerm[]): Expr {
  return addAll(terms.map((t) => nestedSum(t.binders, guarded(t.guards, t.value))));
}

/** @param element where references that must be the element are to be written as such. */
function directTerms(
  context: RegionContext,
  factors: readonly Factor[],
  replacement: Expr | null,
  element: StepElement | null,
): readonly InstanceTerm[] {
  const { builder, region } = context;
  const values = replacement === null ? [] : [...freeIndices(replacement)].filter((i) => !context.plates.some((p) => p.index === i));
  return elementTerms(region, factors, replacement, builder.model.recursionsOf(context.name)).map((t): InstanceTerm => {
    const all = t.guards.map((g) => builder.bind(g)),
      whole = builder.bind(t.value);
    const {
      binders,
      guards,
      value: term,
    } = childrenOnly(
      context,
      t.binders.map((b) => builder.bindBinder(b)),
      all,
      element === null ? whole : atElement(element, whole, all),
    );
    return { binders, guards, value: impossibleOutside(builder, term, values) };
  });
}

/**
 * What the given factors say of a candidate that stands as the element in the state, in two parts: what is computed
 * once before candidates are tried, and the log density. Recursive quantities that follow the element are not split.
 */
export function candidateDensity(
  context: RegionContext,
  factors: readonly Factor[],
  event: readonly Expr[],
  candidate: Expr,
  recompute: readonly Code[],
): { readonly before: readonly Code[]; readonly density: Expr } {
  const element = { name: context.name, at: [...context.at, ...event], plates: context.plates };
  if (recompute.length > 0) return { before: [], density: directDensity(context, factors, null) };
  const { before, terms } = heldLinearParts(context.builder, element, directTerms(context, factors, null, element), candidate);
  return { before, density: sumOfTerms(terms) };
}

/** A sum whose long loops run over the instances that data give the element, where data do. */
function childrenOnly(
  context: RegionContext,
  binders: readonly Binder[],
  guards: readonly Expr[],
  term: Expr,
): { readonly binders: readonly Binder[]; readonly guards: readonly Expr[]; readonly value: Expr } {
  const { builder, tables, plates } = context;
  let out = { binders, guards, value: term };
  for (const b of binders) {
    if (
      builder.trips(b.from, b.to) <= smallRange ||
      out.binders.some((o) => o !== b && (freeIndices(o.from).has(b.index) || freeIndices(o.to).has(b.index)))
    )
      continue;
    const lookup = lookupOf(builder, b, out.guards);
    if (lookup === null || [...freeIndices(lookup.target)].some((i) => !plates.some((p) => p.index === i))) continue;
    const made = listed(builder, tables.lists, lookup, out.guards);
    out = { binders: out.binders.map((o) => (o === b ? made.binder : o)), guards: made.guards, value: substitute(out.value, made.map) };
  }
  return out;
}

/**
 * Enumeration of one element: every value's log weight, one categorical draw. Where recursive quantities follow the
 * element (`recompute` is not empty) each value is stored and they are computed anew.
 */
export function finiteBody(context: RegionContext, low: Expr, high: Expr, recompute: readonly Code[] = []): readonly Code[] {
  const { builder, collected } = context;
  const from = builder.bind(low),
    count = builder.bind(add(sub(high, low), one));
  const k = index('k');
  if (recompute.length > 0) return steppedEnumeration(context, from, count, recompute);
  builder.noteRange(k, zero, count);
  const candidate = isConst(from, 0) ? k : add(from, k);
  const weight = directDensity(context, collected.factors, candidate);
  const here = context.place();
  if (isConst(from, 0)) return [{ do: 'categorical', index: k, count, logWeight: weight, into: here }];
  const drawn = builder.fresh('drawn', [], 'local', 'int32');
  return [
    store(drawn, [], sub(context.current(), from)),
    { do: 'categorical', index: k, count, logWeight: weight, into: { storage: drawn, at: [] } },
    store(here.storage, here.at, add(ref(drawn, []), from)),
  ];
}

/** Enumeration by storing each value in turn. The number of values must be known when data is bound. */
function steppedEnumeration(context: RegionContext, from: Expr, count: Expr, recompute: readonly Code[]): readonly Code[] {
  const { builder, collected } = context;
  const most = builder.interval(count);
  if (most === null) throw new InternalError(`the number of values of ${context.name} is not known`);
  const weights = builder.fresh('weight', [Math.max(1, most.high)], 'scratch');
  const old = builder.fresh('old', [], 'local'),
    drawn = builder.fresh('drawn', [], 'local', 'int32');
  const k = index('k'),
    j = index('j');
  const here = context.place();
  builder.noteRange(k, zero, count);
  builder.noteRange(j, zero, count);
  return [
    store(old, [], context.current()),
    forLoop(k, zero, count, [
      store(here.storage, here.at, add(from, k)),
      ...recompute,
      store(weights, [k], directDensity(context, collected.factors, null)),
    ]),
    store(drawn, [], sub(ref(old, []), from)),
    { do: 'categorical', index: j, count, logWeight: ref(weights, [j]), into: { storage: drawn, at: [] } },
    store(here.storage, here.at, add(from, ref(drawn, []))),
    ...recompute,
  ];
}

/** A term of a log density that code computes at the state as it stands: of unknowns integrated out. */
export interface IntegratedPart {
  readonly prepare: readonly Code[];
  readonly value: Expr;
}

/**
 * The log conditional density of the current element up to a constant, as code in two parts: what is
 * computed once (coefficients of separable statistics), and an expression of the candidate. Factors
 * that do not separate are evaluated with the candidate stored as the element, and so is what is `integrated` out.
 */
export function scalarDensity(
  context: RegionContext,
  candidate: Expr,
  recompute: readonly Code[],
  integrated: IntegratedPart | null = null,
): { readonly before: readonly Code[]; readonly body: readonly Code[] } {
  const { collected, builder } = context;
  const kinds: Slot[] = [];
  for (const c of collected.contributions)
    if (!kinds.some((s) => sameKind(s.statistic, c.statistic))) kinds.push({ statistic: c.statistic, rank: 0 });
  const eta = naturals(context, kinds);
  const coefficient = (power: number): Expr =>
    addAll(kinds.flatMap((s, k) => (s.statistic.kind === 'power' && s.statistic.power === power ? [ref(eta.storages[k]!, [])] : [])));
  // An integer may be 0, where its logarithm is minus infinity and none of 0 events tell of it; a real number is not.
  const mayBeUnread = (s: Slot): boolean =>
    s.statistic.kind === 'other' ||
    ((s.statistic.kind === 'log' || s.statistic.kind === 'log1m') && regionSupport(context.region).kind === 'integers');
  const others = kinds.flatMap((s, k): readonly Expr[] => {
    if (s.statistic.kind === 'power' && (s.statistic.power === 1 || s.statistic.power === 2)) return [];
    const eta_ = ref(eta.storages[k]!, []),
      statistic = replaceSelf(builder.bind(selfExpr(s.statistic)), candidate);
    return [mayBeUnread(s) ? ifCounted(eta_, mul(eta_, statistic)) : mul(eta_, statistic)];
  });
  // a x + b x^2 up to a constant, about the current value c: (x - c) (a + b (x + c)) keeps its digits far from zero.
  const origin = builder.fresh('origin', [], 'local'),
    current = context.current();
  const quadratic = mul(sub(candidate, ref(origin, [])), add(coefficient(1), mul(coefficient(2), add(candidate, ref(origin, [])))));
  const separable = addAll([...others, quadratic]);
  const about = isConst(quadratic, 0) ? [] : [store(origin, [], cond(apply('lt', apply('abs', current), num(Infinity)), current, zero))];
  const { low, high } = boundExprs(context);
  const inside = boundTest(candidate, low, high);
  const direct = candidateDensity(context, collected.direct, [], candidate, recompute);
  const here = context.place();
  const body: Code[] = [];
  const outside: Code[] = [{ do: 'return', value: num(-Infinity) }];
  if (inside !== null) body.push(when(inside, [], outside));
  if (collected.direct.length > 0 || integrated !== null) body.push(store(here.storage, here.at, candidate), ...recompute);
  body.push(...(integrated?.prepare ?? []), { do: 'return', value: addAll([separable, direct.density, integrated?.value ?? zero]) });
  return { before: [...eta.code, ...about, ...direct.before], body };
}
/** A function of the element may read what only the elements with that term have (`y[t + 1]`): it counts where its coefficient is not 0. */
function ifCounted(coefficient: Expr, e: Expr): Expr {
  return cond(apply('eq', coefficient, zero), zero, e);
}
function boundTest(x: Expr, low: Expr, high: Expr): Expr | null {
  const tests: Expr[] = [];
  if (!isConst(low, -Infinity)) tests.push(apply('ge', x, low));
  if (!isConst(high, Infinity)) tests.push(apply('le', x, high));
  return tests.length === 0 ? null : tests.reduce((a, b) => apply('and', a, b));
}
