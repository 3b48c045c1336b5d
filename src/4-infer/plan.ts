/**
 * Which kernel each latent region gets, and why: the user's override, else the closed form, else
 * enumeration, else slice sampling (or, for `mh`, a Metropolis walk).
 */
import { type ClosedForm, floorOf, regionSupport } from '../3-derive/closedForm.js';
import type { ConstantArray, Law } from '../2-graph/graph.js';
import type { RegionPlan } from './derivation.js';
import { formName, inWords, refusalText } from './wording.js';

export type KernelChoice =
  | { readonly kind: 'conjugate'; readonly form: ClosedForm }
  | { readonly kind: 'enumerate'; readonly form: ClosedForm & { kind: 'finite' } }
  | { readonly kind: 'slice' }
  | { readonly kind: 'walk'; readonly scale: number; readonly adapt: boolean }
  | { readonly kind: 'uniform'; readonly form: ClosedForm & { kind: 'finite' } }
  /** Vectors of counts: all compositions of the total, or two cells at a time. */
  | { readonly kind: 'compositions' | 'transfer' }
  | {
      readonly kind: 'independent' | 'propose';
      readonly law: Law;
      readonly text: string /** Literal arrays that the law refers to and the program does not have. */;
      readonly constants: ReadonlyMap<string, ConstantArray>;
    };

/** A kernel with the reason for it. */
export interface ChosenKernel {
  readonly choice: KernelChoice;
  readonly reason: string;
}

/** The kernel that gibbs gives a region unless told otherwise, with its reason. */
export function defaultGibbsKernel(plan: RegionPlan): ChosenKernel {
  const { recognised, region } = plan;
  if (recognised.kind === 'finite') return { choice: { kind: 'enumerate', form: recognised }, reason: 'it takes finitely many values' };
  if (regionSupport(region).kind === 'counts')
    return { choice: { kind: 'compositions' }, reason: 'its values are the compositions of a known total' };
  const floor = floorOf(region);
  if (floor !== undefined)
    return {
      choice: { kind: 'walk', scale: 0.2, adapt: true },
      reason: `no eigenvalue may be below ${inWords(floor, plan.graph)}${recognised.kind === 'none' ? '' : `, which cuts the support of ${formName(recognised)}`}`,
    };
  if (recognised.kind !== 'none')
    return { choice: { kind: 'conjugate', form: recognised }, reason: `its terms are statistics of ${formName(recognised)}` };
  const support = regionSupport(region).kind;
  if (support === 'cov' || support === 'corr') return { choice: { kind: 'walk', scale: 0.2, adapt: true }, reason: refusalText(plan) };
  return { choice: { kind: 'slice' }, reason: refusalText(plan) };
}

/** The kernel that mh gives a region unless told otherwise. */
export function defaultWalkKernel(plan: RegionPlan): ChosenKernel {
  if (plan.recognised.kind === 'finite')
    return { choice: { kind: 'uniform', form: plan.recognised }, reason: 'a uniform proposal among its values' };
  if (regionSupport(plan.region).kind === 'counts')
    return { choice: { kind: 'transfer' }, reason: 'its total is known: two cells at a time redraw how they share their counts' };
  return {
    choice: { kind: 'walk', scale: plan.region.eventRank === 2 ? 0.2 : 1, adapt: true },
    reason: 'an adaptive random walk in unconstrained coordinates',
  };
}
