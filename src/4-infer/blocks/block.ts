/**
 * A joint block: latent regions whose joint law given everything else is known in closed form, as code
 * over the program's storages. One derivation serves every reader: `gibbs` prepares and draws in each
 * sweep, `exact` prepares once and reads moments, draws and the normaliser, `em` prepares and reads
 * expectations in each iteration.
 *
 * Everything outside the block stands at its current value in the state (or at its data). The pattern of
 * the block (which elements meet) is fixed when the block is made; `prepare` computes numbers only.
 */
import type { Code } from '../../code/loop.js';
import type { Expr, Ref } from '../../expr/expr.js';
import type { LatentRegion } from '../../3-derive/model.js';
import type { Binder } from '../../3-derive/normalForm.js';
import type { FoldedTables } from '../contract.js';
import type { Derivation, RegionPlan } from '../derivation.js';
import type { ProgramBuilder } from '../programBuilder.js';

/** What all joint blocks offer. The codes run in generated code, `prepare` first. */
export interface JointBlock {
  readonly kind: 'gaussian' | 'discrete';
  readonly regions: readonly LatentRegion[];
  /** Scalars (Gaussian) or finite latents (discrete) drawn together. */
  readonly size: number;
  /** What was found, in words: `3 scalars, banded, half bandwidth 1`, `tree-width 2 in min-fill order`. */
  readonly structure: string;
  /** Rough number of floating-point operations of one `prepare` and `draw`. */
  readonly cost: number;
  /** Assembles the potentials at the current state and eliminates the block's variables. */
  readonly prepare: readonly Code[];
  /**
   * log of the integral (sum) over the block of exp(the terms of the log joint that mention a member); valid
   * after `prepare`. The terms without a member are not in it: they are the log joint's remaining ones.
   */
  readonly logNormaliser: Expr;
  /** An exact joint draw into the state; after `prepare`, any number of times. */
  readonly draw: readonly Code[];
  /** Computes what `mean`, `covariance` and `probability` read; after `prepare`. */
  readonly moments: readonly Code[];
}

/** Jointly Gaussian given the rest. */
export interface GaussianBlock extends JointBlock {
  readonly kind: 'gaussian';
  /** E of a member's scalar element; addresses may use binders of the reader. */
  mean(element: Ref): Expr;
  /**
   * Covariance of two members that meet in a factor, or are one element, for all values of the reader's binders at which the guards hold;
   * null where the block does not keep it.
   */
  covariance(a: Ref, b: Ref, binders: readonly Binder[], guards?: readonly Expr[]): Expr | null;
}

/** Finite given the rest. */
export interface DiscreteBlock extends JointBlock {
  readonly kind: 'discrete';
  /**
   * P(all these elements have these values), for elements of one factor; null where the block does not keep it. Values count from the low
   * end of the support. Addresses may turn out to be one when data are known.
   * @param everywhere true for a reader that no factor stands behind: null unless a factor has the elements wherever they exist; else the
   * result is 0 where none has.
   */
  probability(members: readonly { readonly element: Ref; readonly value: Expr }[], everywhere?: boolean): Expr | null;
  /** Writes the most probable joint assignment to the state; after `prepare`. */
  readonly mode: readonly Code[];
}

/**
 * Makes the joint blocks of one kind. Only regions among `candidates` may become members; every other
 * latent (a parameter that `em` holds fixed, say) stands at its current value.
 */
export type BlockMaker<Block extends JointBlock> = (
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  folded: FoldedTables,
) => readonly Block[];
