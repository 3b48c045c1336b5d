/**
 * Kernels of vectors of counts with a known total (Multinomial, DirichletMultinomial), and of the missing cells of
 * observed ones: all compositions of the total are weighed where they are few; else two cells at a time redraw how
 * they share what they hold together.
 *
 * Both draw from the conditional given everything else. The second cell of a pair is chosen at random, so that
 * counts reach every cell, also past cells whose probability is zero.
 */
import { writesOf } from '../code/analysis.js';
import { type Argument, type Code, forLoop, store, when } from '../code/loop.js';
import { type Expr, add, apply, index, num, ref, reduce, sub, zero } from '../expr/expr.js';
import { compositionCount } from '../random/compositions.js';
import type { Collected } from '../3-derive/conditional.js';
import { type LatentRegion, maskOf } from '../3-derive/model.js';
import { regionSupport } from '../3-derive/closedForm.js';
import { directDensity, type RegionContext } from './kernels.js';
import type { ProgramBuilder } from './programBuilder.js';
import type { StepResult } from './steps.js';

/** Compositions that a sweep weighs, over all vectors of a region together. */
export const mostCompositions: number = 1 << 16;
/** Ways to share a pair's counts that are all weighed; larger totals move by slices along the pair. */
const mostShares = 256;

/** True for vectors of counts, and for the missing cells of observed ones. */
export function isCounts(region: LatentRegion): boolean {
  return regionSupport(region).kind === 'counts';
}

/** What is known of whole vectors: the region of missing cells seen as its rows. */
export function wholeVectors(collected: Collected, partial: boolean): Collected {
  const { region } = collected;
  if (!partial) return collected;
  return {
    ...collected,
    region: {
      ...region,
      at: region.at.slice(0, -1),
      plates: region.plates.slice(0, -1),
      guards: region.guards.slice(0, -1),
      eventRank: 1,
      eventDims: [region.plates.at(-1)!.to],
    },
  };
}

/** Number of compositions that weighing all of them takes in a sweep; Infinity where it is not known. */
export function compositionsIn(builder: ProgramBuilder, region: LatentRegion): number {
  const support = regionSupport(region);
  if (support.kind !== 'counts') return Number.POSITIVE_INFINITY;
  const shape = builder.storage(region.variable.name).shape,
    dimension = shape.at(-1)!;
  const total = builder.interval(builder.bind(builder.model.inline(support.total)));
  const vectors = shape.reduce((a, b) => a * b, 1) / Math.max(1, dimension);
  return total === null ? Number.POSITIVE_INFINITY : vectors * compositionCount(null, total.high, dimension);
}

/** One draw of every vector. `whole`: among all compositions, else pair by pair. */
export function countsStep(context: RegionContext, whole: boolean, recompute: readonly Code[]): StepResult {
  const { builder } = context;
  const support = regionSupport(context.region);
  const dimension = context.eventDims[0]!;
  const cells = builder.fresh('cell', [Math.max(1, dimension)], 'scratch', 'int32'),
    count = builder.fresh('cells', [], 'local', 'int32'),
    held = builder.fresh('held', [], 'local', 'int32');
  const k = index('k'),
    i = index('i');
  const partial = builder.model.statusOf(context.name) === 'partial';
  const missing = (at: Expr): Expr => ref(maskOf(context.name), [...context.at, at]);
  const list = [store(cells, [ref(count, [])], k), store(count, [], add(ref(count, []), num(1)))];
  const own = support.kind === 'counts' ? support.total : zero;
  const limit = builder.interval(builder.bind(builder.model.inline(own)));
  const listed: readonly Code[] = [
    store(count, [], zero),
    forLoop(k, zero, num(dimension), partial ? [when(missing(k), list)] : list),
    store(held, [], reduce('sum', i, zero, ref(count, []), context.current([ref(cells, [i])]))),
  ];
  const density = directDensity(context, context.collected.factors, null);
  const state = { context, cells, count, held, density, recompute };
  return {
    counter: null,
    code: context.sweep([
      ...listed,
      ...(whole ? wholeDraw(state, limit?.high ?? 0) : pairDraws(state, limit?.high ?? Number.POSITIVE_INFINITY)),
    ]),
  };
}

interface Sharing {
  readonly context: RegionContext;
  /** Storages of the cells that are free, how many they are, and their sum. */
  readonly cells: string;
  readonly count: string;
  readonly held: string;
  readonly density: Expr;
  readonly recompute: readonly Code[];
}
function value(e: Expr): Argument {
  return { kind: 'value', value: e };
}

function wholeDraw({ context, cells, count, held, density, recompute }: Sharing, total: number): readonly Code[] {
  const { builder } = context;
  const most = compositionCount(null, total, context.eventDims[0]!);
  const states = builder.fresh('states', [], 'local', 'int32'),
    drawn = builder.fresh('drawn', [], 'local', 'int32');
  const weights = builder.fresh('weight', [Math.max(1, most)], 'scratch');
  const k = index('k'),
    j = index('j'),
    step = index('s');
  builder.noteRange(k, zero, num(most));
  builder.noteRange(j, zero, num(most));
  const row: readonly Argument[] = [
    { kind: 'place', place: context.place([zero]) },
    { kind: 'place', place: { storage: cells, at: [zero] } },
    value(ref(count, [])),
  ];
  const call = (procedure: string, into: string | null, ...more: readonly Argument[]): Code => ({
    do: 'call',
    procedure,
    args: [...row, ...more],
    into: into === null ? null : { storage: into, at: [] },
    effects: into === null ? [context.name] : [],
  });
  return [
    when(apply('gt', ref(count, []), num(1)), [
      call('compositionRank', drawn),
      {
        do: 'call',
        procedure: 'compositionCount',
        args: [value(ref(held, [])), value(ref(count, []))],
        into: { storage: states, at: [] },
        effects: [],
      },
      call('firstComposition', null, value(ref(held, []))),
      forLoop(k, zero, ref(states, []), [...recompute, store(weights, [k], density), call('nextComposition', null)]),
      { do: 'categorical', index: j, count: ref(states, []), logWeight: ref(weights, [j]), into: { storage: drawn, at: [] } },
      call('firstComposition', null, value(ref(held, []))),
      forLoop(step, zero, ref(drawn, []), [call('nextComposition', null)]),
      ...recompute,
    ]),
  ];
}

function pairDraws(sharing: Sharing, total: number): readonly Code[] {
  const { context, cells, count, density, recompute } = sharing;
  const { builder } = context;
  const i = index('i'),
    k = index('k'),
    j = index('j');
  const other = builder.fresh('other', [], 'local', 'int32'),
    both = builder.fresh('both', [], 'local', 'int32'),
    drawn = builder.fresh('share', [], 'local', 'int32');
  const first = ref(cells, [i]),
    second = ref(cells, [ref(other, [])]);
  const shared = (share: Expr): readonly Code[] => [
    store(context.name, context.place([first]).at, share),
    store(context.name, context.place([second]).at, sub(ref(both, []), share)),
    ...recompute,
  ];
  const weighed = (): readonly Code[] => {
    const weights = builder.fresh('weight', [Math.min(total, mostShares) + 1], 'scratch');
    return [
      forLoop(k, zero, add(ref(both, []), num(1)), [...shared(k), store(weights, [k], density)]),
      { do: 'categorical', index: j, count: add(ref(both, []), num(1)), logWeight: ref(weights, [j]), into: { storage: drawn, at: [] } },
    ];
  };
  const sliced = (): readonly Code[] => {
    const x = builder.fresh('candidate', [], 'local'),
      f = builder.fresh('density', [], 'local');
    return [
      { do: 'function', name: f, parameters: [x], body: [...shared(ref(x, [])), { do: 'return', value: density }] },
      // A width that depends on what the pair holds is the same wherever the slice starts.
      {
        do: 'call',
        procedure: 'sliceSampleInteger',
        into: { storage: drawn, at: [] },
        effects: [context.name, ...writesOf(recompute, new Map())],
        args: [
          { kind: 'function', name: f },
          value(ref(drawn, [])),
          value(apply('ceil', apply('sqrt', ref(both, [])))),
          value(zero),
          value(ref(both, [])),
        ],
      },
    ];
  };
  const redraw = total <= mostShares ? weighed() : [when(apply('le', ref(both, []), num(mostShares)), weighed(), sliced())];
  builder.noteRange(i, zero, num(context.eventDims[0]!));
  return [
    when(apply('gt', ref(count, []), num(1)), [
      forLoop(i, zero, ref(count, []), [
        { do: 'call', procedure: 'otherPosition', args: [value(i), value(ref(count, []))], into: { storage: other, at: [] }, effects: [] },
        store(both, [], add(context.current([first]), context.current([second]))),
        store(drawn, [], context.current([first])),
        when(apply('gt', ref(both, []), zero), [...redraw, ...shared(ref(drawn, []))]),
      ]),
    ]),
  ];
}
