/**
 * Scales (and whatever else is a single number) beside a jointly Gaussian block, drawn with the block integrated out: a slice
 * step on the log density that the block's normaliser leaves, then a joint draw of the block. Given its block a scale hardly moves, for the
 * block says how large it is; together they move freely (collapsing: Liu 1994; partially: van Dyk and Park 2008).
 *
 * Each step leaves the joint law invariant by itself: the scale is updated under its marginal law, and the block is drawn
 * from its conditional before anything else reads it.
 */
import { writesOf } from '../code/analysis.js';
import { type Code, store } from '../code/loop.js';
import { num, ref } from '../expr/expr.js';
import { factorMentions } from '../3-derive/conditional.js';
import type { AssembledGaussianBlock } from './blocks/gaussian.js';
import type { JointStep } from './blocks/plan.js';
import type { FoldedTables } from './contract.js';
import { derive, type Derivation, type RegionPlan } from './derivation.js';
import { RegionContext } from './kernels.js';
import { instancesOf, type ProgramBuilder } from './programBuilder.js';
import { sliceStep } from './steps.js';
import type { PlannedStep } from './tables.js';
import { regionName } from './wording.js';

export interface IntegratedScale {
  readonly scale: RegionPlan;
  /** The block that its step draws after it. */
  readonly block: JointStep;
  readonly reason: string;
  readonly step: PlannedStep;
}

/** A step eliminates the block some eight times: most operations of one, and most scales that are worth it. */
const mostOperations = 2e7,
  mostElements = 8;

/**
 * The scales among the candidates to draw with a block integrated out: where the block has at least half as many numbers as the
 * factors that tell it of the scale have instances. That share of what is known of the scale is lost to a step that holds the block
 * fixed; below it (a regression with many rows) such a step is as good and far cheaper.
 */
export function integratedScales(
  builder: ProgramBuilder,
  derivation: Derivation,
  block: JointStep,
  candidates: readonly RegionPlan[],
  folded: FoldedTables,
): readonly IntegratedScale[] {
  const { gaussian } = block;
  if (gaussian === undefined || gaussian.cost > mostOperations) return [];
  return candidates.flatMap((scale): IntegratedScale[] => {
    const { region } = scale,
      { name } = region.variable;
    const own = gaussian.structureOf.factors.filter((f) => factorMentions(f, name));
    if (own.length === 0 || region.eventRank > 0 || region.variable.scalar !== 'real' || builder.model.recursionsOf(name).size > 0)
      return [];
    const told = own.reduce((sum, f) => sum + instancesOf(builder, f), 0);
    if (2 * gaussian.size < told || instancesOf(builder, region) > mostElements) return [];
    const rest = derive(
      builder.model,
      derivation.factors.filter((f) => !gaussian.structureOf.factors.includes(f)),
      [region],
      derivation,
    ).regions[0]!;
    return [
      {
        scale,
        block,
        reason: `${block.name} integrated out, and drawn right after: given them it would hardly move`,
        step: {
          block: `${regionName(region)}, ${block.name}`,
          context: null,
          result: { code: stepCode(builder, rest, gaussian, folded), counter: null },
        },
      },
    ];
  });
}

function stepCode(builder: ProgramBuilder, rest: RegionPlan, block: AssembledGaussianBlock, folded: FoldedTables): readonly Code[] {
  const context = new RegionContext(builder, rest.collected, folded, [...writesOf([...block.prepare, ...block.draw], new Map())]);
  // Scales far out that a slice tries and leaves are no failure of the block.
  const failures = [num(2), num(3)].map((k) => ({ k, kept: builder.fresh('failures', [], 'local') }));
  return [
    ...failures.map(({ k, kept }) => store(kept, [], ref(block.status, [k]))),
    ...sliceStep(context, [], { prepare: block.prepare, value: block.logNormaliser }).code,
    ...failures.map(({ k, kept }) => store(block.status, [k], ref(kept, []))),
    ...block.prepare,
    ...block.draw,
  ];
}
