/**
 * Factors of scalars without a family, kept on a quadrature grid over the density their contributions give.
 */
import { type Slot, replaceSelf } from '../../../3-derive/closedForm.js';
import { type StatisticKind, selfExpr } from '../../../3-derive/conditional.js';
import { type MeanFieldBlock, type NeededExpectation, atElement } from '../../../3-derive/meanField.js';
import { type Code, accumulate, store } from '../../../code/loop.js';
import { type Expr, add, addAll, apply, cond, index, isConst, mul, num, pow, reduce, ref, scalar, sub, zero } from '../../../expr/expr.js';
import { gridEdges, gridLosses, gridNodes } from '../../../random/quadratureGrid.js';
import { type RegionContext, boundExprs, naturals } from '../../kernels.js';
import { quantileLevels } from '../../marginals.js';
import type { BlockCode } from './factor.js';
import { over, parameterOf, together, writeTable } from './tables.js';

function isPower(slot: Slot, power: number): boolean {
  return slot.statistic.kind === 'power' && slot.statistic.power === power;
}

/** The density `exp sum_k eta_k t_k(v)` of a scalar on nodes of a quadrature; what the grid does not hold (a heavy tail) has infinite moments. */
export function gridBlock(
  context: RegionContext,
  block: MeanFieldBlock,
  slots: readonly Slot[],
  needed: readonly NeededExpectation[],
): BlockCode {
  const { builder } = context;
  const eta = naturals(context, slots, block.expected);
  const lead = builder.storage(context.name).shape.slice(0, context.at.length);
  const id = context.region.statement.id;
  const table = (name: string, extra: readonly number[]): string =>
    builder.addStorage({ name: parameterOf(context.name, id, name), type: 'float64', shape: [...lead, ...extra], place: 'state' });
  const nodes = table('nodes', [gridNodes]),
    weights = table('weights', [gridNodes]),
    edges = table('edges', [gridEdges]),
    losses = table('losses', [gridLosses]),
    entropies = table('entropy', []);
  const x = builder.fresh('x', [], 'local'),
    f = builder.fresh('density', [], 'local'),
    total = builder.fresh('logIntegral', [], 'local'),
    centre = builder.fresh('centre', [], 'local');
  const at = (k: StatisticKind, v: Expr): Expr => replaceSelf(builder.bind(atElement(selfExpr(k), context.at)), v);
  const { low, high } = boundExprs(context);
  // On the whole line the grid counts from the middle of a v + b v^2: nodes, and squares, of numbers far from zero would lose their digits.
  const coefficient = (power: number): Expr => addAll(slots.flatMap((s, k) => (isPower(s, power) ? [ref(eta.storages[k]!, [])] : [])));
  const [a, b] = [coefficient(1), coefficient(2)];
  const shifted = isConst(low, -Infinity) && isConst(high, Infinity) && !isConst(b, 0);
  const middles = shifted ? table('middle', []) : null;
  const middle = middles === null ? zero : ref(middles, context.at);
  // What no factor asks of an element may be minus infinity there (a comparison in a statement that a guard leaves out).
  const term = ({ kind }: StatisticKind, natural: Expr, statistic: Expr): Expr =>
    kind === 'other' ? cond(apply('eq', natural, zero), zero, mul(natural, statistic)) : mul(natural, statistic);
  const density = (t: Expr): Expr =>
    addAll([
      ...slots.flatMap((s, k) =>
        shifted && (isPower(s, 1) || isPower(s, 2)) ? [] : [term(s.statistic, ref(eta.storages[k]!, []), at(s.statistic, add(middle, t)))],
      ),
      ...(shifted ? [mul(t, add(a, mul(b, add(t, mul(num(2), middle)))))] : []),
    ]);
  const mean = (body: (v: Expr) => Expr): Expr => {
    const m = index('m');
    return reduce('sum', m, zero, num(gridNodes), mul(ref(weights, [...context.at, m]), body(ref(nodes, [...context.at, m]))));
  };
  const first = (storage: string): { kind: 'place'; place: { storage: string; at: readonly Expr[] } } => ({
    kind: 'place',
    place: { storage, at: [...context.at, zero] },
  });
  const value = (e: Expr): { kind: 'value'; value: Expr } => ({ kind: 'value', value: e });
  const here = context.place();
  const law = [value(low), value(high), first(weights), first(edges)];
  const held = builder.fresh('held', [], 'local');
  const holds = (moment: number): Code => ({
    do: 'call',
    procedure: 'gridHolds',
    args: [value(num(moment)), value(low), value(high), first(nodes), first(weights), first(edges)],
    into: { storage: held, at: [] },
    effects: [],
  });
  return {
    block,
    factor: { kind: 'grid', slots },
    losses,
    scores: null,
    common: [],
    ...together(
      context,
      [
        ...eta.code,
        // Where other terms weigh more than these two, their middle is far out in a tail, and the first look of the grid would not find back.
        ...(middles === null
          ? []
          : [
              store(middles, context.at, cond(apply('lt', b, zero), apply('div', a, mul(num(-2), b)), zero)),
              store(middles, context.at, cond(apply('gt', density(zero), density(mul(num(-1), middle))), middle, zero)),
            ]),
        { do: 'function', name: f, parameters: [x], body: [{ do: 'return', value: density(ref(x, [])) }] },
        {
          do: 'call',
          procedure: 'quadratureGrid',
          into: { storage: total, at: [] },
          effects: [nodes, weights, edges, losses],
          args: [{ kind: 'function', name: f }, value(low), value(high), first(nodes), first(weights), first(edges), first(losses)],
        },
        store(entropies, context.at, sub(ref(total, []), mean(density))),
      ],
      needed.flatMap((n) => writeTable(context, n.name, scalar(mean((t) => at(n.kind, add(middle, t)))))),
    ),
    entropy: (into) => over(context, [accumulate(into, [], ref(entropies, context.at))]),
    draw: over(context, [
      { do: 'call', procedure: 'gridDraw', args: law, into: { storage: centre, at: [] }, effects: [] },
      store(here.storage, here.at, add(middle, ref(centre, []))),
    ]),
    moments: (into, variance) =>
      over(context, [
        store(
          centre,
          [],
          mean((t) => t),
        ),
        holds(1),
        store(into, context.at, cond(ref(held, []), add(middle, ref(centre, [])), num(Infinity))),
        holds(2),
        store(
          variance,
          context.at,
          cond(
            ref(held, []),
            mean((t) => pow(sub(t, ref(centre, [])), num(2))),
            num(Infinity),
          ),
        ),
      ]),
    quantiles: (into) =>
      over(
        context,
        quantileLevels.flatMap((u, n): readonly Code[] => [
          { do: 'call', procedure: 'gridQuantile', args: [value(num(u)), ...law], into: { storage: centre, at: [] }, effects: [] },
          store(into[n]!, context.at, add(middle, ref(centre, []))),
        ]),
      ),
  };
}
