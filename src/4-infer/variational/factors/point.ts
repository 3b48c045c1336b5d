/**
 * Points: `param`s, and sampled variables that are maximised, at the mode of what would be their factor.
 */
import { type Slot, regionSupport } from '../../../3-derive/closedForm.js';
import type { MeanFieldBlock, NeededExpectation } from '../../../3-derive/meanField.js';
import { type Code, forLoop, store, when } from '../../../code/loop.js';
import {
  type Expr,
  type Index,
  add,
  addAll,
  apply,
  build,
  cond,
  at as elementAt,
  index,
  mul,
  num,
  reduce,
  ref,
  zero,
} from '../../../expr/expr.js';
import { type RegionContext, naturalArray, naturals, overEvent } from '../../kernels.js';
import { isHeld, modeOf } from '../points.js';
import { type BlockCode, type FactorKind, type PointOptions, dampingStorage } from './factor.js';
import { stateStatistic } from './stateStatistic.js';
import { over, parameterOf, together, writeTable } from './tables.js';

/** A `param`: the mode of the density its contributions give, on the scale of the program. */
export function pointBlock(
  context: RegionContext,
  block: MeanFieldBlock,
  factor: FactorKind & { kind: 'point' },
  needed: readonly NeededExpectation[],
  points: PointOptions,
): BlockCode {
  const { builder } = context;
  const eta = naturals(context, factor.slots, block.expected);
  const damped =
    points.damping > 0 ? factor.slots.flatMap((slot, k) => dampedSlot(context, slot, eta.storages[k]!, k, points.damping)) : [];
  const natural = factor.slots.map((s, k) => naturalArray(s, eta.storages[k]!, context.eventDims));
  const mode = modeOf(context, factor.form, natural);
  const next = builder.fresh('mode', context.eventDims, context.eventDims.length === 0 ? 'local' : 'scratch');
  const inflated = (event: readonly Index[]): Expr => {
    const value = ref(next, event);
    return points.inflate > 0 && regionSupport(context.region).kind === 'cov'
      ? add(value, cond(apply('eq', event[0]!, event[1]!), num(points.inflate), zero))
      : value;
  };
  const speaks = apply('gt', weightOf(factor.slots, eta.storages, context.eventDims), zero);
  const loose = builder.fresh('loose', builder.storage(context.name).shape.slice(0, context.at.length), 'state');
  const hold = [
    ...overEvent(context, (event) => [store(next, event, builder.bind(elementAt(mode, ...event)))]),
    // What no datum speaks of stays where it is: a component without points has no mean.
    when(
      speaks,
      overEvent(context, (event) => [store(context.name, [...context.at, ...event], inflated(event))]),
    ),
  ];
  const tables = needed.flatMap((n) => writeTable(context, n.name, stateStatistic(context, n.kind)));
  return {
    block,
    factor,
    scores: null,
    common: [],
    ...together(context, [...eta.code, ...damped, ...hold], tables),
    entropy: () => [],
    draw: [],
    loose: {
      storage: loose,
      code: [
        { do: 'fill', storage: loose, value: zero },
        ...context.sweep([...eta.code, store(loose, context.at, apply('not', apply('and', speaks, isHeld(factor.form, natural))))]),
      ],
    },
    ...pointResults(context),
  };
}

/** A point that others move: nothing to update, nothing in tables. */
export function movingBlock(context: RegionContext, block: MeanFieldBlock): BlockCode {
  return {
    block,
    factor: { kind: 'moving' },
    scores: null,
    common: [],
    update: [],
    expectations: [],
    entropy: () => [],
    draw: [],
    ...pointResults(context),
  };
}

/** Moments and quantiles of a point. */
function pointResults(context: RegionContext): Pick<BlockCode, 'covariances' | 'moments' | 'quantiles'> {
  return {
    ...(context.region.eventRank === 1
      ? {
          covariances: (into: string): readonly Code[] =>
            over(
              context,
              writeTable(
                context,
                into,
                build([num(context.eventDims[0]!), num(context.eventDims[0]!)], () => zero),
              ),
            ),
        }
      : {}),
    moments: (mean, variance) =>
      over(
        context,
        overEvent(context, (event) => [
          store(mean, [...context.at, ...event], context.current(event)),
          store(variance, [...context.at, ...event], zero),
        ]),
      ),
    quantiles: (into) =>
      over(
        context,
        overEvent(context, (event) => into.map((s) => store(s, [...context.at, ...event], context.current(event)))),
      ),
  };
}

/** The sum of the sizes of natural parameters: zero where no factor says anything. */
function weightOf(slots: readonly Slot[], storages: readonly string[], dims: readonly number[]): Expr {
  return addAll(
    slots.map((slot, k) => {
      const [i, j] = [index('w'), index('w')],
        d = num(dims[0] ?? 1);
      const size = (...event: readonly Expr[]): Expr => apply('abs', ref(storages[k]!, event));
      return slot.rank === 0 ? size() : reduce('sum', i, zero, d, slot.rank === 1 ? size(i) : reduce('sum', j, zero, d, size(i, j)));
    }),
  );
}

/** Mixes a natural parameter with the one of the step before, once there is one, and remembers the mixture. */
function dampedSlot(context: RegionContext, slot: Slot, storage: string, k: number, damping: number): readonly Code[] {
  const { builder } = context;
  const lead = builder.storage(context.name).shape.slice(0, context.at.length);
  const dims = slot.rank === 0 ? [] : slot.rank === 1 ? [context.eventDims[0]!] : [context.eventDims[0]!, context.eventDims[0]!];
  const old = builder.addStorage({
    name: parameterOf(context.name, context.region.statement.id, `natural${k}`),
    type: 'float64',
    shape: [...lead, ...dims],
    place: 'state',
  });
  const event = dims.map((_, d) => index(`d${d}`));
  const cell = [...context.at, ...event];
  const mixed = cond(
    apply('gt', ref(dampingStorage, []), zero),
    add(mul(num(1 - damping), ref(storage, event)), mul(num(damping), ref(old, cell))),
    ref(storage, event),
  );
  const body: readonly Code[] = [store(storage, event, mixed), store(old, cell, ref(storage, event))];
  return event.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(dims[d]!), inner)], body);
}
