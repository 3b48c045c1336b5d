/**
 * Slice and Metropolis-Hastings steps of one region: for elements whose conditional has no closed form,
 * or where the user asks for them.
 *
 * Metropolis steps move in unconstrained coordinates (log, logit, log ratios, log-Cholesky) with the
 * Jacobian in the acceptance ratio. Scales adapt by Robbins and Monro (1951) during warm-up only,
 * towards an acceptance of 0.44 for scalars and 0.234 for vectors (Roberts, Gelman and Gilks 1997).
 */
import { type Argument, type Code, accumulate, forLoop, store, when } from '../code/loop.js';
import {
  type Expr,
  type Index,
  add,
  apply,
  build,
  cond,
  equal,
  exp,
  index,
  isConst,
  log,
  mapChildren,
  mul,
  mulAll,
  num,
  one,
  ref,
  reduce,
  scalarOf,
  sub,
  zero,
} from '../expr/expr.js';
import { simplify } from '../expr/simplify.js';
import { writesOf } from '../code/analysis.js';
import { floorOf, regionSupport } from '../3-derive/closedForm.js';
import { guardedLogDensityOf, logDensityOf } from '../distributions/law/density.js';
import { mapLaw } from '../distributions/law/law.js';
import type { Law } from '../2-graph/graph.js';
import { replaceElement } from '../3-derive/occurrences.js';
import { drawLaw } from './drawLaw.js';
import {
  boundExprs,
  candidateDensity,
  directDensity,
  type IntegratedPart,
  intoBounds,
  type RegionContext,
  scalarDensity,
} from './kernels.js';

export interface StepResult {
  readonly code: readonly Code[];
  /** Storage of (accepted, proposed) pairs, null for steps that always move. */
  readonly counter: { readonly storage: string; readonly pairs: number } | null;
  /** What is done for each element, where `code` is the context's sweep of it: more may be added to each visit. */
  readonly body?: readonly Code[] | undefined;
  /** The index of a loop that draws the coordinates of an element in turn. */
  readonly coordinate?: Index | undefined;
}

/** Names of the storages that all programs have: the sweep number and the flag of the warm-up. */
export const iterationStorage = '%iteration';
export const adaptingStorage = '%adapting';

function value(e: Expr): Argument {
  return { kind: 'value', value: e };
}

/** Storage with one number for each element of the region's variable (leading dimensions only). */
function perElement(context: RegionContext, hint: string, initial: number): Cell & { readonly cells: number } {
  const shape = context.builder.storage(context.name).shape.slice(0, context.at.length);
  const name = context.builder.fresh(hint, shape, 'state');
  const cells = shape.reduce((a, b) => a * b, 1);
  context.builder.setInitial(name, new Float64Array(cells).fill(initial));
  return { name, at: context.at, cells };
}

function isAdapting(): Expr {
  return ref(adaptingStorage, []);
}

/** In warm-up a width that moves a number at all: beside 1e100 a step of 1 is none. Later widths must not depend on the state. */
function visibleWidth(width: Expr, current: Expr): Expr {
  return cond(isAdapting(), apply('max', width, mul(num(1e-10), apply('abs', current))), width);
}
/** A slice's width tends to three times its moves. */
function learnt(storage: string, at: readonly Expr[], width: Expr, before: Expr, after: Expr): Code {
  return store(storage, at, add(mul(num(0.9), width), mul(num(0.1), add(mul(num(3), apply('abs', sub(after, before))), num(1e-12)))));
}

/**
 * Univariate slice sampling of each element (Neal 2003), the interval's first width learnt in warm-up.
 * @param integrated what stands for factors of the element that are not among the context's; of scalars on an interval.
 */
export function sliceStep(context: RegionContext, recompute: readonly Code[], integrated: IntegratedPart | null = null): StepResult {
  const { builder, region } = context;
  if (region.eventRank === 1) return sliceVector(context, recompute);
  const support = regionSupport(region);
  const x = builder.fresh('candidate', [], 'local');
  const density = scalarDensity(context, ref(x, []), recompute, integrated);
  const { low, high } = boundExprs(context);
  const width = perElement(context, 'width', 1);
  const f = builder.fresh('density', [], 'local');
  const before = builder.fresh('before', [], 'local'),
    after = builder.fresh('after', [], 'local');
  const integer = support.kind === 'integers';
  if (isCircle(context)) return sliceCircle(context, recompute);
  const here = context.place();
  const reach = visibleWidth(ref(width.name, width.at), ref(before, []));
  const learn = when(isAdapting(), [learnt(width.name, width.at, reach, ref(before, []), ref(after, []))]);
  return {
    counter: null,
    code: context.sweep([
      ...density.before,
      ...intoBounds(context, low, high),
      store(before, [], context.current()),
      { do: 'function', name: f, parameters: [x], body: density.body },
      {
        do: 'call',
        procedure: integer ? 'sliceSampleInteger' : 'sliceSample',
        into: { storage: after, at: [] },
        args: [
          { kind: 'function', name: f },
          value(ref(before, [])),
          value(integer ? apply('max', one, apply('ceil', reach)) : reach),
          value(low),
          value(high),
        ],
        effects: effectsOf(context, [...recompute, ...(integrated?.prepare ?? [])]),
      },
      store(here.storage, here.at, ref(after, [])),
      ...recompute,
      learn,
    ]),
  };
}

/** True where the two ends of the element's support are one point and no other factor bounds it. */
function isCircle(context: RegionContext): boolean {
  const support = regionSupport(context.region);
  if (support.kind !== 'interval' || support.periodic !== true) return false;
  const { low, high } = ends(context);
  return equal(low, support.low) && equal(high, support.high);
}

function ends(context: RegionContext): { readonly low: Expr; readonly high: Expr } {
  const { low, high } = boundExprs(context);
  return { low: simplify(low), high: simplify(high) };
}

/** Slice sampling of an angle: the first interval is the whole circle, so there is no width to learn. */
function sliceCircle(context: RegionContext, recompute: readonly Code[]): StepResult {
  const { builder } = context;
  const x = builder.fresh('candidate', [], 'local'),
    f = builder.fresh('density', [], 'local'),
    after = builder.fresh('after', [], 'local');
  const density = scalarDensity(context, ref(x, []), recompute);
  const { low, high } = ends(context);
  const here = context.place();
  return {
    counter: null,
    code: context.sweep([
      ...density.before,
      { do: 'function', name: f, parameters: [x], body: density.body },
      {
        do: 'call',
        procedure: 'sliceSampleCircle',
        into: { storage: after, at: [] },
        args: [{ kind: 'function', name: f }, value(context.current()), value(low), value(high)],
        effects: effectsOf(context, recompute),
      },
      store(here.storage, here.at, ref(after, [])),
      ...recompute,
    ]),
  };
}

/** What evaluating a density may write: the element itself and recursive lets. */
function effectsOf(context: RegionContext, recompute: readonly Code[]): readonly string[] {
  return [...new Set([context.name, ...writesOf(recompute, new Map())])];
}

/** Everything the joint says about the element, evaluated on the state as it stands. */
function stateDensity(context: RegionContext): Expr {
  return directDensity(context, context.collected.factors, null);
}

/**
 * Coordinate-wise slice steps of a vector draw. On a simplex coordinate i moves alone and the others
 * keep their proportions; in those coordinates the density has the Jacobian (1 - x_i)^(K - 2).
 */
function sliceVector(context: RegionContext, recompute: readonly Code[]): StepResult {
  const { builder, region } = context;
  const dimension = num(context.eventDims[0]!);
  const simplex = regionSupport(region).kind === 'simplex';
  const x = builder.fresh('candidate', [], 'local');
  const f = builder.fresh('density', [], 'local');
  const before = builder.fresh('before', [], 'local'),
    after = builder.fresh('after', [], 'local');
  const old = builder.fresh('old', [context.eventDims[0]!], 'scratch'),
    others = builder.fresh('others', [], 'local');
  const i = index('i'),
    j = index('j'),
    k = index('k');
  builder.noteRange(i, zero, dimension);
  const move = (candidate: Expr): readonly Code[] => {
    if (!simplex) return [store(context.name, context.place([i]).at, candidate), ...recompute];
    // Divided by their own sum, not 1 - x_i: rounding errors of the total would grow from move to move.
    const rest = mul(ref(old, [j]), apply('div', sub(one, candidate), ref(others, [])));
    return [
      forLoop(j, zero, dimension, [store(context.name, context.place([j]).at, cond(apply('eq', j, i), candidate, rest))]),
      ...recompute,
    ];
  };
  const width = simplex ? null : vectorWidths(context);
  const reach = width === null ? num(0.2) : visibleWidth(ref(width, context.place([i]).at), ref(before, []));
  // Coordinates of a simplex move together.
  const { before: held, density } = simplex
    ? { before: [], density: stateDensity(context) }
    : candidateDensity(context, context.collected.factors, [i], ref(x, []), recompute);
  const jacobian = simplex ? mul(num(context.eventDims[0]! - 2), log(sub(one, ref(x, [])))) : zero;
  const remember = forLoop(k, zero, dimension, [store(old, [k], context.current([k]))]);
  const code = context.sweep([
    forLoop(i, zero, dimension, [
      ...(simplex ? [remember, store(others, [], reduce('sum', k, zero, dimension, cond(apply('eq', k, i), zero, ref(old, [k]))))] : []),
      store(before, [], context.current([i])),
      ...held,
      { do: 'function', name: f, parameters: [x], body: [...move(ref(x, [])), { do: 'return', value: add(density, jacobian) }] },
      {
        do: 'call',
        procedure: 'sliceSample',
        into: { storage: after, at: [] },
        args: [
          { kind: 'function', name: f },
          value(ref(before, [])),
          value(reach),
          value(simplex ? zero : num(-Infinity)),
          value(simplex ? one : num(Infinity)),
        ],
        effects: effectsOf(context, recompute),
      },
      ...move(ref(after, [])),
      ...(width === null ? [] : [when(isAdapting(), [learnt(width, context.place([i]).at, reach, ref(before, []), ref(after, []))])]),
    ]),
  ]);
  return { code, counter: null, coordinate: i };
}
/** A width for each coordinate of a vector draw, 1 at first. */
function vectorWidths(context: RegionContext): string {
  const { shape } = context.builder.storage(context.name);
  const name = context.builder.fresh('width', shape, 'state');
  context.builder.setInitial(name, new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(1));
  return name;
}

/** A number of a storage. */
interface Cell {
  readonly name: string;
  readonly at: readonly Expr[];
}

export interface WalkOptions {
  readonly scale: number;
  readonly adapt: boolean;
}

/** A random walk in unconstrained coordinates. */
export function randomWalkStep(context: RegionContext, options: WalkOptions, recompute: readonly Code[]): StepResult {
  if (context.region.eventRank > 0) return walkBlock(context, options, recompute);
  const { builder, region } = context;
  const support = regionSupport(region);
  const { low, high } = boundExprs(context);
  const scale = perElement(context, 'scale', options.scale),
    adapted = options.adapt ? scale : null;
  const step = builder.fresh('step', [], 'local');
  const current = context.current();
  const draw: Code = { do: 'call', procedure: 'normal', args: [], into: { storage: step, at: [] }, effects: [] };
  const move = mul(ref(scale.name, scale.at), ref(step, []));
  let proposed: Expr,
    correction: Expr = zero;
  if (support.kind === 'integers') proposed = add(current, apply('round', move));
  else if (isCircle(context)) {
    // On a circle the walk goes round.
    const circle = ends(context),
      period = sub(circle.high, circle.low),
      moved = add(current, move);
    proposed = sub(moved, mul(period, apply('floor', apply('div', sub(moved, circle.low), period))));
  } else if (isConst(low, 0) && isConst(high, Infinity)) {
    proposed = mul(current, exp(move));
    correction = move;
  } else if (isConst(low) && isConst(high) && Number.isFinite(low.value) && Number.isFinite(high.value)) {
    // x = low + width sigmoid(y): log dx/dy = log(x - low) + log(high - x) - log(width)
    const logit = sub(log(sub(current, low)), log(sub(high, current)));
    const p = builder.fresh('proposed', [], 'local');
    proposed = add(low, mul(num(high.value - low.value), apply('sigmoid', add(logit, move))));
    const jacobian = (x: Expr): Expr => add(log(sub(x, low)), log(sub(high, x)));
    return finishScalar(
      context,
      { draw: [draw, store(p, [], proposed)], proposed: ref(p, []), correction: sub(jacobian(ref(p, [])), jacobian(current)) },
      adapted,
      recompute,
    );
  } else proposed = add(current, move);
  return finishScalar(context, { draw: [draw], proposed, correction }, adapted, recompute);
}

/** How a scalar is proposed: code, the value it leads to, and log q(old | new) - log q(new | old). */
interface ScalarProposal {
  readonly draw: readonly Code[];
  readonly proposed: Expr;
  readonly correction: Expr;
}

/** @param adapted the scale to learn in warm-up; null where none is learnt. */
function finishScalar(
  context: RegionContext,
  { draw, proposed, correction }: ScalarProposal,
  adapted: Cell | null,
  recompute: readonly Code[],
): StepResult {
  const { builder } = context;
  const x = builder.fresh('candidate', [], 'local');
  const density = scalarDensity(context, ref(x, []), recompute);
  const f = builder.fresh('density', [], 'local');
  const before = builder.fresh('before', [], 'local'),
    after = builder.fresh('after', [], 'local'),
    next = builder.fresh('next', [], 'local'),
    logRatio = builder.fresh('correction', [], 'local');
  const counter = counterOf(context);
  const here = context.place();
  const accepted = apply('eq', ref(after, []), ref(next, []));
  const { low, high } = boundExprs(context);
  const body: readonly Code[] = [
    ...density.before,
    ...intoBounds(context, low, high),
    store(before, [], context.current()),
    ...draw,
    store(next, [], proposed),
    store(logRatio, [], correction),
    { do: 'function', name: f, parameters: [x], body: density.body },
    {
      do: 'call',
      procedure: 'metropolis',
      into: { storage: after, at: [] },
      args: [{ kind: 'function', name: f }, value(ref(before, [])), value(ref(next, [])), value(ref(logRatio, []))],
      effects: effectsOf(context, recompute),
    },
    store(here.storage, here.at, ref(after, [])),
    ...recompute,
    ...count(counter, accepted),
    ...(adapted === null ? [] : [adaptation(adapted, accepted, 0.44)]),
  ];
  return { counter: { storage: counter.name, pairs: counter.pairs }, code: context.sweep(body), body };
}

/** log scale moves by (accepted - target) / sqrt(iteration + 1), in warm-up only. */
function adaptation(scale: Cell, accepted: Expr, target: number): Code {
  const gain = apply('pow', add(ref(iterationStorage, []), one), num(-0.5));
  return when(isAdapting(), [store(scale.name, scale.at, mul(ref(scale.name, scale.at), exp(mul(gain, sub(accepted, num(target))))))]);
}

function counterOf(context: RegionContext): Cell & { readonly pairs: number } {
  const shape = context.builder.storage(context.name).shape.slice(0, context.at.length);
  const pairs = shape.reduce((a, b) => a * b, 1);
  return { name: context.builder.fresh('accepted', [...shape, 2], 'state'), pairs, at: context.at };
}
/** Accepted and proposed steps after warm-up. */
function count(counter: Cell, accepted: Expr): readonly Code[] {
  return [
    when(apply('not', isAdapting()), [
      accumulate(counter.name, [...counter.at, zero], accepted),
      accumulate(counter.name, [...counter.at, one], one),
    ]),
  ];
}

/** A joint random walk of a vector or matrix draw. */
function walkBlock(context: RegionContext, options: WalkOptions, recompute: readonly Code[]): StepResult {
  const { builder, region } = context;
  const support = regionSupport(region);
  const d = context.eventDims[0]!,
    size = context.eventDims.reduce((a, b) => a * b, 1),
    dimension = num(d);
  const scale = perElement(context, 'scale', options.scale),
    adapted = options.adapt ? scale : null;
  const width = ref(scale.name, scale.at);
  const next = builder.fresh('next', [size], 'scratch');
  const correction = builder.fresh('correction', [], 'local'),
    noise = builder.fresh('noise', [], 'local'),
    accepted = builder.fresh('kept', [], 'local');
  const i = index('i'),
    k = index('k');
  const normal: Code = { do: 'call', procedure: 'normal', args: [], into: { storage: noise, at: [] }, effects: [] };
  let propose: readonly Code[];
  if (support.kind === 'simplex') {
    // Log ratios move by normal steps; dx/dy is the product of all K coordinates.
    const total = builder.fresh('total', [], 'local');
    const logs = (x: (e: Expr) => Expr): Expr => reduce('sum', k, zero, dimension, log(x(k)));
    propose = [
      store(total, [], zero),
      forLoop(i, zero, dimension, [
        normal,
        store(next, [i], mul(context.current([i]), exp(mul(width, ref(noise, []))))),
        accumulate(total, [], ref(next, [i])),
      ]),
      forLoop(i, zero, dimension, [store(next, [i], apply('div', ref(next, [i]), ref(total, [])))]),
      store(
        correction,
        [],
        sub(
          logs((e) => ref(next, [e])),
          logs((e) => context.current([e])),
        ),
      ),
    ];
  } else if (support.kind === 'cov' || support.kind === 'corr') {
    propose = [
      {
        do: 'call',
        procedure: support.kind === 'cov' ? 'proposeCovariance' : 'proposeCorrelation',
        into: { storage: correction, at: [] },
        effects: [next],
        args: [
          { kind: 'place', place: { storage: next, at: [zero] } },
          { kind: 'array', value: build([dimension, dimension], (a, b) => context.current([a, b])) },
          value(width),
          value(dimension),
        ],
      },
    ];
  } else {
    const learnt = options.adapt ? coordinateScales(context) : null;
    const each = learnt === null ? width : mul(width, learnt.scale(i));
    propose = [
      store(correction, [], zero),
      forLoop(i, zero, dimension, [normal, store(next, [i], add(context.current([i]), mul(each, ref(noise, []))))]),
    ];
    return finishBlock(
      context,
      { propose, next, size, correction: ref(correction, []), accepted, update: learnt?.update ?? [] },
      adapted,
      recompute,
    );
  }
  return finishBlock(context, { propose, next, size, correction: ref(correction, []), accepted, update: [] }, adapted, recompute);
}

/** Running standard deviations of each coordinate, learnt in warm-up (Welford), used as relative scales. */
function coordinateScales(context: RegionContext): { scale(i: Expr): Expr; readonly update: readonly Code[] } {
  const { builder } = context;
  const shape = builder.storage(context.name).shape;
  const mean = builder.fresh('mean', shape, 'state'),
    spread = builder.fresh('spread', shape, 'state');
  const t = add(ref(iterationStorage, []), one);
  const i = index('i');
  const at = (j: Expr): readonly Expr[] => context.place([j]).at;
  const delta = builder.fresh('delta', [], 'local');
  return {
    // Half the learnt spread is used only after enough sweeps; before, every coordinate counts alike.
    scale: (j) => cond(apply('gt', ref(spread, at(j)), zero), apply('pow', ref(spread, at(j)), num(0.5)), one),
    update: [
      when(isAdapting(), [
        forLoop(i, zero, num(context.eventDims[0]!), [
          store(delta, [], sub(context.current([i]), ref(mean, at(i)))),
          accumulate(mean, at(i), apply('div', ref(delta, []), apply('min', t, num(200)))),
          store(
            spread,
            at(i),
            add(
              mul(ref(spread, at(i)), sub(one, apply('div', one, apply('min', t, num(200))))),
              apply('div', mul(ref(delta, []), sub(context.current([i]), ref(mean, at(i)))), apply('min', t, num(200))),
            ),
          ),
        ]),
      ]),
    ],
  };
}

/** No eigenvalue of X lies below f exactly if X - f I is positive definite, and then its log determinant is a number. */
function isAbove(context: RegionContext, floor: Expr): Expr {
  const d = num(context.eventDims[0]!);
  const shifted = build([d, d], (i, j) => sub(context.current([i, j]), cond(apply('eq', i, j), floor, zero)));
  return apply('lt', apply('abs', scalarOf('logdet', [shifted])), num(Infinity));
}

/** How a vector or matrix is proposed: code that leaves `size` numbers in `next`, and log q(old | new) - log q(new | old). */
interface BlockProposal {
  readonly propose: readonly Code[];
  readonly next: string;
  readonly size: number;
  readonly correction: Expr;
  /** Local that is 1 where the proposal was accepted. */
  readonly accepted: string;
  /** Runs after the step. */
  readonly update: readonly Code[];
}

/** @param adapted the scale to learn in warm-up; null where none is learnt. */
function finishBlock(
  context: RegionContext,
  { propose, next, size, correction, accepted, update }: BlockProposal,
  adapted: Cell | null,
  recompute: readonly Code[],
): StepResult {
  const { builder } = context;
  const f = builder.fresh('density', [], 'local');
  const counter = counterOf(context);
  const flag = ref(accepted, []);
  const start = context.eventDims.map(() => zero as Expr);
  const floor = floorOf(context.region),
    density = stateDensity(context);
  return {
    counter: { storage: counter.name, pairs: counter.pairs },
    code: context.sweep(
      repeated(context, [
        ...propose,
        {
          do: 'function',
          name: f,
          parameters: [],
          body: [
            ...recompute,
            { do: 'return', value: floor === undefined ? density : cond(isAbove(context, builder.bind(floor)), density, num(-Infinity)) },
          ],
        },
        {
          do: 'call',
          procedure: 'metropolisBlock',
          into: { storage: accepted, at: [] },
          effects: [...effectsOf(context, recompute), next],
          args: [
            { kind: 'function', name: f },
            { kind: 'place', place: context.place(start) },
            { kind: 'array', value: build([num(size)], (i) => ref(next, [i])) },
            value(num(size)),
            value(correction),
          ],
        },
        ...recompute,
        ...count(counter, flag),
        ...(adapted === null ? [] : [adaptation(adapted, flag, 0.234)]),
        ...update,
      ]),
    ),
  };
}

/** Correlations walk once for each of them in a sweep, because partial correlations have no scales of their own. */
function repeated(context: RegionContext, step: readonly Code[]): readonly Code[] {
  const d = context.eventDims[0]!,
    times = (d * (d - 1)) / 2;
  return regionSupport(context.region).kind === 'corr' && times > 1 ? [forLoop(index('step'), zero, num(times), step)] : step;
}

/**
 * A proposal drawn from a law: independent of the current value, or a law in which the region's own
 * name is the current value (Hastings correction log q(old | new) - log q(new | old)).
 */
export function proposalStep(context: RegionContext, law: Law, recompute: readonly Code[]): StepResult {
  const { builder, region } = context;
  const bind = (e: Expr): Expr => builder.bind(builder.model.inline(e));
  const bound = mapLaw(law, bind);
  if (region.eventRank === 0) {
    const next = builder.fresh('proposal', [], 'local');
    const current = context.current();
    const reversed = mapLaw(bound, (e) => replaceElement(e, region, ref(next, []), context.plates));
    const forward = logDensityOf(bound, { indices: [], dims: [], body: ref(next, []) });
    // A step that the law does not take back is never taken.
    const backward = guardedLogDensityOf(reversed, { indices: [], dims: [], body: current });
    return finishScalar(
      context,
      { draw: drawLaw(builder, bound, { storage: next, at: [] }, 0), proposed: ref(next, []), correction: sub(backward, forward) },
      null,
      recompute,
    );
  }
  const shape = context.eventDims,
    size = shape.reduce((a, b) => a * b, 1);
  const next = builder.fresh('proposal', shape, 'scratch');
  const flat = builder.fresh('next', [size], 'scratch');
  const old = builder.fresh('old', shape, 'scratch');
  const accepted = builder.fresh('kept', [], 'local'),
    correction = builder.fresh('correction', [], 'local');
  const dims = shape.map((n) => num(n));
  const event = dims.map((_, d) => index(`e${d}`));
  const offset = event.reduce<Expr>((sum, e, d) => add(mul(sum, dims[d]!), e), zero);
  const over = (body: readonly Code[]): readonly Code[] => event.reduceRight((inner, e, d) => [forLoop(e, zero, dims[d]!, inner)], body);
  const swap = (e: Expr): Expr => swapEvent(e, context, next);
  const reversed = mapLaw(bound, swap);
  const propose: Code[] = [
    ...drawLaw(builder, bound, { storage: next, at: dims.map(() => zero) }, shape.length),
    ...over([store(flat, [offset], ref(next, event)), store(old, event, context.current(event))]),
    store(
      correction,
      [],
      sub(
        guardedLogDensityOf(
          reversed,
          build(dims, (...e) => ref(old, e)),
        ),
        logDensityOf(
          bound,
          build(dims, (...e) => ref(next, e)),
        ),
      ),
    ),
  ];
  return finishBlock(context, { propose, next: flat, size, correction: ref(correction, []), accepted, update: [] }, null, recompute);
}
/** The region's own element read from the proposal instead of the state. */
function swapEvent(e: Expr, context: RegionContext, storage: string): Expr {
  const rank = context.at.length;
  const go = (x: Expr): Expr => {
    if (x.op !== 'ref') return mapChildren(x, go);
    if (x.variable !== context.name) return ref(x.variable, x.at.map(go));
    const own = x.at.slice(0, rank).map((a, d) => apply('eq', a, context.at[d]!));
    const test = mulAll(own);
    return cond(test, ref(storage, x.at.slice(rank).map(go)), x);
  };
  return go(e);
}

/** For finite supports: a uniform choice among the values, accepted or not. */
export function uniformStep(context: RegionContext, low: Expr, high: Expr, recompute: readonly Code[]): StepResult {
  const { builder } = context;
  const next = builder.fresh('proposal', [], 'local');
  const draw: Code = {
    do: 'call',
    procedure: 'discreteUniform',
    args: [value(builder.bind(low)), value(builder.bind(high))],
    into: { storage: next, at: [] },
    effects: [],
  };
  return finishScalar(context, { draw: [draw], proposed: ref(next, []), correction: zero }, null, recompute);
}
