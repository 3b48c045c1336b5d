/**
 * What is made of a block in mean field and EM: how its factor is kept, and the code that updates, reads,
 * draws and describes it. Points (`param`s and what is maximised) are blocks without a factor.
 */
import type { ClosedForm, Slot } from '../../../3-derive/closedForm.js';
import type { MeanFieldBlock } from '../../../3-derive/meanField.js';
import type { Code } from '../../../code/loop.js';
import type { Family } from '../../../distributions/family.js';

/** How the factor of one block is kept. */
export type FactorKind =
  | { readonly kind: 'finite'; readonly count: number; readonly low: number }
  | { readonly kind: 'family'; readonly family: Family; readonly slots: readonly Slot[] }
  | { readonly kind: 'powerGamma'; readonly power: number; readonly slots: readonly Slot[] }
  | { readonly kind: 'grid'; readonly slots: readonly Slot[] }
  /** A member of a joint Gaussian block. */
  | { readonly kind: 'gaussian' }
  /** A point without a maximum in closed form: moved along the gradient with others of its kind. */
  | { readonly kind: 'moving' }
  /** A `param`: the mode of what would be its factor. */
  | { readonly kind: 'point'; readonly form: ClosedForm; readonly slots: readonly Slot[] };

/** Which unknowns are points that maximise the bound, and how they move. */
export interface PointOptions {
  /** Sampled variables that are maximised as `param`s are. */
  readonly maximised: ReadonlySet<string>;
  /** Weight of the old natural parameters in the new ones, 0 to less than 1. */
  readonly damping: number;
  /** Added to the diagonal of covariance matrices after every step. */
  readonly inflate: number;
  /** Points without a maximum in closed form are moved along the gradient instead of refused. */
  readonly gradient: boolean;
}

export const plainPoints: PointOptions = { maximised: new Set(), damping: 0, inflate: 0, gradient: false };

/** True for what is estimated instead of described by a factor. */
export function isPoint(code: BlockCode): boolean {
  return code.factor.kind === 'point' || code.factor.kind === 'moving';
}

/** True for points that stand in the mean of Gaussians. */
export function isMeanPoint({ factor }: BlockCode): boolean {
  return (
    factor.kind === 'point' &&
    factor.form.kind === 'exponential' &&
    (factor.form.family.exponential!.statistics as readonly string[]).some((s) => s === 'x^2' || s === 'x_i x_j')
  );
}

/** A state storage that is 1 once natural parameters of an earlier step exist. */
export const dampingStorage: string = '%damping';

export interface BlockCode {
  readonly block: MeanFieldBlock;
  readonly factor: FactorKind;
  /** Natural parameters and factor parameters from the other blocks' expectations. */
  readonly update: readonly Code[];
  /** The expectations that blocks read, from the factor's parameters; follows every update. */
  readonly expectations: readonly Code[];
  /** Adds the entropy of the factor to a storage. */
  entropy(into: string): readonly Code[];
  /** Writes a draw of the block to the state. */
  readonly draw: readonly Code[];
  /** Writes mean and variance of each number of the block. */
  moments(mean: string, variance: string): readonly Code[];
  /** For vectors: writes the covariance matrix of each element. */
  covariances?(into: string): readonly Code[];
  /** Writes the quantiles of each number of the block; null where they are not in closed form. */
  quantiles(into: readonly string[]): readonly Code[] | null;
  /** For finite blocks: the largest log weight of each element, from the last update. */
  readonly scores: string | null;
  /** Adds to the scores what all values have in common, so that elements compare. */
  readonly common: readonly Code[];
  /** Grids: the storage of what each element's grid misses of its mass. */
  readonly losses?: string;
  /** Points: code that marks, in a storage, elements that the expected log joint does not hold in place. */
  readonly loose?: { readonly storage: string; readonly code: readonly Code[] };
  /**
   * Members of joint blocks: the place of the block among those that are made one after the other, and the numbers of all members, for the
   * first of them (no numbers for the others, which move with it).
   */
  readonly joint?: {
    readonly rank: number;
    readonly members: readonly number[] /** What was found, in words. */;
    readonly structure: string;
  };
  /** Members of joint blocks, the first one for all: what follows once all expectations are there. */
  readonly settle?: readonly Code[];
  /**
   * Members of finite joint blocks: the update of a factor of its own, for starts; the most probable assignment, to the state (the first
   * member); the state as expectations.
   */
  readonly alone?: readonly Code[];
  readonly mode?: readonly Code[];
  readonly assigned?: readonly Code[];
}
