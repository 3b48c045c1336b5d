/**
 * How the factor of a block is kept: a table of probabilities, a family, a power of a Gamma, a quadrature
 * grid, or a point that maximises the bound; refused where no way is known.
 */
import { kindsOf, regionSupport, replaceSelf, statisticTerm } from '../../../3-derive/closedForm.js';
import { type MeanFieldBlock, MeanFieldRefusal } from '../../../3-derive/meanField.js';
import type { DerivedModel } from '../../../3-derive/model.js';
import { pareto } from '../../../distributions/pareto.js';
import { add, isConst, one, ref, sub, zero } from '../../../expr/expr.js';
import type { ProgramBuilder } from '../../programBuilder.js';
import { hasMode } from '../points.js';
import { type FactorKind, type PointOptions, plainPoints } from './factor.js';
import { largestTable } from './tables.js';

/** Decides how a block's factor is kept. @throws MeanFieldRefusal naming the term where no way is known. */
export function factorKind(builder: ProgramBuilder, block: MeanFieldBlock, points: PointOptions = plainPoints): FactorKind {
  const name = block.region.variable.name;
  const self = ref(name, block.region.at);
  const estimated = block.region.statement.kind === 'param' || points.maximised.has(name);
  if (builder.model.finiteRange(name) !== null) {
    if (estimated) throw new MeanFieldRefusal('takes finitely many values, which are not maximised one by one', self, name);
    const range = builder.model.finiteRange(name)!;
    const low = builder.bind(range.low),
      count = builder.bind(add(sub(range.high, range.low), one));
    if (low.op !== 'const' || count.op !== 'const')
      throw new MeanFieldRefusal('has a support that differs between elements', range.high, name);
    if (count.value > largestTable)
      throw new MeanFieldRefusal(`takes ${count.value} values, more than a table of probabilities holds`, range.high, name);
    return { kind: 'finite', count: count.value, low: low.value };
  }
  return continuousKind(builder.model, block, points);
}

/** The same for what is not finite, which the derivation alone decides. @throws MeanFieldRefusal as `factorKind`. */
export function continuousKind(model: DerivedModel, block: MeanFieldBlock, points: PointOptions = plainPoints): FactorKind {
  const r = block.recognised;
  const name = block.region.variable.name;
  const self = ref(name, block.region.at);
  const estimated = block.region.statement.kind === 'param' || points.maximised.has(name);
  const ordered = block.region.variable.constraint.kind === 'ordered';
  if (ordered && !(estimated && points.gradient))
    throw new MeanFieldRefusal('is bounded by its neighbours, so it has no fixed support', self, name);
  if (estimated) {
    if (points.gradient && (r.kind === 'none' || !hasMode(r) || ordered)) return { kind: 'moving' };
    if (r.kind === 'none')
      throw new MeanFieldRefusal(`is a param whose maximum is not known in closed form (${r.reason})`, r.term ?? self, name);
    return { kind: 'point', form: r, slots: 'slots' in r ? r.slots : [] };
  }
  if (r.kind === 'exponential' && !r.bounded) return { kind: 'family', family: r.family, slots: r.slots };
  if (r.kind === 'powerGamma' && !r.bounded) return { kind: 'powerGamma', power: r.power, slots: r.slots };
  const support = regionSupport(block.region);
  if (
    r.kind === 'powerLaw' &&
    support.kind === 'interval' &&
    isConst(support.high, Infinity) &&
    block.collected.bounds.every((b) => b.side === 'low')
  )
    return { kind: 'family', family: pareto, slots: r.slots };
  const obstacle = block.collected.obstacles[0];
  if (obstacle !== undefined) throw new MeanFieldRefusal('does not separate from the other unknowns', obstacle.term, name);
  const kinds = kindsOf(block.expected);
  if (r.kind === 'shiftedCount' || block.region.variable.scalar !== 'real')
    throw new MeanFieldRefusal(
      'is a count without a conjugate family',
      statisticTerm(kinds[kinds.length - 1] ?? { kind: 'log' }, block.region),
      name,
    );
  if (block.region.eventRank > 0)
    throw new MeanFieldRefusal(r.kind === 'none' ? r.reason : 'has no family', r.kind === 'none' && r.term !== null ? r.term : self, name);
  for (const k of kinds) {
    if (k.kind === 'other' && model.dependsOnLatents(replaceSelf(k.expr, zero)))
      throw new MeanFieldRefusal('mixes it with other unknowns', statisticTerm(k, block.region), name);
  }
  return { kind: 'grid', slots: kinds.map((statistic) => ({ statistic, rank: 0 as const })) };
}
