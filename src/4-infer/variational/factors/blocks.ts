/**
 * Generated code of factors and points: for each block the update, the expectations that other blocks read,
 * entropy, draws, moments and quantiles; and the expected log joint.
 */
import type { Contribution } from '../../../3-derive/conditional.js';
import { type MeanField, type MeanFieldBlock, type NeededExpectation, covarianceOf, oneHotOf } from '../../../3-derive/meanField.js';
import { type Code, store } from '../../../code/loop.js';
import { InternalError } from '../../../errors/diagnostic.js';
import { addAll } from '../../../expr/expr.js';
import { type FoldedTables, StatisticTables } from '../../contract.js';
import { RegionContext } from '../../kernels.js';
import { type ProgramBuilder, guarded } from '../../programBuilder.js';
import { withExactZeros } from '../../exactZeros.js';
import { type BlockCode, type PointOptions, plainPoints } from './factor.js';
import { familyBlock } from './family.js';
import { finiteBlock } from './finite.js';
import { gridBlock } from './grid.js';
import { factorKind } from './kinds.js';
import { movingBlock, pointBlock } from './point.js';
import { powerGammaBlock } from './powerGamma.js';

/** Code of all blocks. @throws MeanFieldRefusal where a factor or an expectation is not to be had. */
export function blockCodes(
  builder: ProgramBuilder,
  field: MeanField,
  folded: FoldedTables,
  points: PointOptions = plainPoints,
): readonly BlockCode[] {
  return field.blocks.map((block) => {
    const { name } = block.region.variable;
    const code = blockCode(
      builder,
      block,
      field.needed.filter((n) => n.variable === name || n.variable === oneHotOf(name)),
      folded,
      points,
    );
    if (!field.covariances.has(name)) return code;
    // No update reads covariances of its own block, so they may follow the whole of it.
    const spread =
      code.covariances?.(covarianceOf(name)) ??
      code.moments(builder.fresh('meanOf', builder.storage(name).shape, 'scratch'), covarianceOf(name));
    return { ...code, update: [...code.update, ...spread], expectations: [...code.expectations, ...spread] };
  });
}

function blockCode(
  builder: ProgramBuilder,
  raw: MeanFieldBlock,
  needed: readonly NeededExpectation[],
  folded: FoldedTables,
  points: PointOptions,
): BlockCode {
  const exact = (list: readonly Contribution[]): readonly Contribution[] =>
    list.map((c) => ({ ...c, coefficient: withExactZeros(builder, c.coefficient) }));
  const block = { ...raw, expected: exact(raw.expected), common: exact(raw.common) };
  const factor = factorKind(builder, block, points);
  const context = new RegionContext(
    builder,
    { ...block.collected, region: block.region },
    folded,
    needed.map((n) => n.name),
  );
  switch (factor.kind) {
    case 'finite':
      return finiteBlock(context, block, factor);
    case 'family':
      return familyBlock(context, block, factor.family, factor.slots, needed);
    case 'powerGamma':
      return powerGammaBlock(context, block, factor.power, factor.slots, needed);
    case 'grid':
      return gridBlock(context, block, factor.slots, needed);
    case 'moving':
      return movingBlock(context, block);
    case 'gaussian':
      throw new InternalError('a member of a joint block has no factor of its own');
    case 'point':
      return pointBlock(context, block, factor, needed, points);
  }
}

/** The expected log joint into a scalar storage; with the entropies of the factors it is the evidence lower bound. */
export function energyCode(builder: ProgramBuilder, energy: MeanField['energy'], folded: FoldedTables, into: string): readonly Code[] {
  const tables = new StatisticTables(builder, [], [], folded);
  const terms = energy.map((t) => {
    const done = tables.contract({ ...t, coefficient: withExactZeros(builder, t.coefficient) }, []);
    return guarded(done.guards, done.value);
  });
  return [...tables.before, store(into, [], addAll(terms))];
}
