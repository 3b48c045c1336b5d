/**
 * Factors that are families of the registry: natural parameters in expectation, parameters, moments, quantiles.
 */
import { type Slot, statisticName, statisticTerm } from '../../../3-derive/closedForm.js';
import type { StatisticKind } from '../../../3-derive/conditional.js';
import { type MeanFieldBlock, MeanFieldRefusal, type NeededExpectation } from '../../../3-derive/meanField.js';
import { type Code, accumulate, store } from '../../../code/loop.js';
import type { Family } from '../../../distributions/family.js';
import { InternalError } from '../../../errors/diagnostic.js';
import { type ArrayExpr, at as elementAt, num, scalar, zero } from '../../../expr/expr.js';
import { type RegionContext, boundExprs, drawVariate, naturalArray, naturals, overEvent } from '../../kernels.js';
import { marginalLaw, quantileLevels } from '../../marginals.js';
import type { BlockCode } from './factor.js';
import { over, parameterStorages, together, writeTable } from './tables.js';

/** A law of the registry with the natural parameters that the contributions give in expectation. */
export function familyBlock(
  context: RegionContext,
  block: MeanFieldBlock,
  family: Family,
  slots: readonly Slot[],
  needed: readonly NeededExpectation[],
): BlockCode {
  const { builder } = context;
  const eta = naturals(context, slots, block.expected);
  const natural = slots.map((s, k) => naturalArray(s, eta.storages[k]!, context.eventDims));
  const { low } = boundExprs(context);
  const stored = parameterStorages(context, family.exponential!.parameters(natural, { kind: 'interval', low, high: num(Infinity) }));
  const p = stored.read();
  // Recomputed from the stored parameters: one update, then everything else in one place.
  const tables = needed.flatMap((n) => writeTable(context, n.name, familyExpectation(family, n.kind, p, context)));
  return {
    block,
    factor: { kind: 'family', family, slots },
    scores: null,
    common: [],
    ...together(context, [...eta.code, ...stored.write], tables),
    entropy: (into) => over(context, [accumulate(into, [], builder.bind(family.exponential!.entropy(p)))]),
    draw: over(context, drawVariate(builder, family.variate(p), context.place(), context.region.eventRank)),
    moments: (mean, variance) => over(context, momentCode(context, family, p, mean, variance)),
    ...(context.region.eventRank === 1 && family.variance !== undefined
      ? { covariances: (into: string): readonly Code[] => over(context, writeTable(context, into, family.variance!(p))) }
      : {}),
    quantiles: (into) => quantileCode(context, family, p, into),
  };
}

function momentCode(
  context: RegionContext,
  family: Family,
  p: Readonly<Record<string, ArrayExpr>>,
  mean: string,
  variance: string,
): readonly Code[] {
  const m = family.mean?.(p),
    v = family.variance?.(p);
  if (m === undefined || v === undefined) throw new InternalError(`${family.name} states no moments`);
  // Vectors state a covariance matrix, matrices elementwise variances.
  return overEvent(context, (event) => [
    store(mean, [...context.at, ...event], context.builder.bind(elementAt(m, ...event))),
    store(
      variance,
      [...context.at, ...event],
      context.builder.bind(event.length === 1 ? elementAt(v, event[0]!, event[0]!) : elementAt(v, ...event)),
    ),
  ]);
}

/** Quantiles of each number of a family's draw by its marginal law; null where one has no closed form. */
function quantileCode(
  context: RegionContext,
  family: Family,
  p: Readonly<Record<string, ArrayExpr>>,
  into: readonly string[],
): readonly Code[] | null {
  if (
    marginalLaw(
      family,
      p,
      context.eventDims.map(() => zero),
    ) === null
  )
    return null;
  return over(
    context,
    overEvent(context, (event) => {
      const marginal = marginalLaw(family, p, event)!;
      return quantileLevels.map((u, n) => store(into[n]!, [...context.at, ...event], context.builder.bind(marginal.quantile(num(u)))));
    }),
  );
}

/** E[statistic] of a family, powers by its moments where it has them. */
function familyExpectation(family: Family, kind: StatisticKind, p: Readonly<Record<string, ArrayExpr>>, context: RegionContext): ArrayExpr {
  if (kind.kind === 'power' && family.exponential?.moment !== undefined) return scalar(family.exponential.moment(kind.power, p));
  const name = statisticName(kind, context.region.eventRank);
  try {
    if (name !== null) return family.exponential!.expectation(name, p);
  } catch (error) {
    if (!(error instanceof InternalError)) throw error;
  }
  throw new MeanFieldRefusal(`has no expectation under ${family.name} in closed form`, statisticTerm(kind, context.region), context.name);
}
