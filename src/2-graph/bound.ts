/**
 * A graph with numbers: sizes, validated data in typed arrays, which elements are known.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import type { ModelGraph } from './graph.js';

/**
 * What is known of a variable's elements.
 * `given`: all (data, constants, conditioned variables, `let`s of data alone).
 * `latent`: none. `partial`: those with mask 0; the others are gaps (missing data) and latent.
 * `deterministic`: a `let` or `report` that depends on latents, directly or not.
 */
export type Status = 'given' | 'latent' | 'partial' | 'deterministic';

export interface BoundVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly status: Status;
  /** Row-major storage, allocated for every variable, filled where given. Int32Array for int and bool. */
  readonly values: Float64Array | Int32Array;
  /** For `partial`: 1 where the element is missing. Named `NAME?` as a storage. */
  readonly mask?: Int32Array | undefined;
  /**
   * 1 where no statement gives the element a value or a law (outside a ragged region); absent: all exist. Such cells hold 0 and are never
   * read.
   */
  readonly absent?: Uint8Array | undefined;
  /** Of a sampled variable with elements that a `let` defines (corner constraints): 1 where one does; absent: none. */
  readonly computed?: Uint8Array | undefined;
  /** For integer variables whose support is known to be 0..range-1 (Categorical, Bernoulli, data used as index). */
  readonly range?: number | undefined;
}

/** An order in which every element follows all it reads. */
export interface ElementOrder {
  /** Ids of the group's statements. */
  readonly statements: readonly number[];
  /** Numbers in a row: the position of a statement in `statements`, then the values of its plate indices (rest unused). */
  readonly width: number;
  readonly rows: Int32Array;
}

export interface BoundModel {
  readonly graph: ModelGraph;
  readonly sizes: ReadonlyMap<string, number>;
  readonly variables: ReadonlyMap<string, BoundVariable>;
  /** For each group of statements that only data put in an order (`query.ts`): that order, by the group's first statement. */
  readonly orders: ReadonlyMap<number, ElementOrder>;
  /** Notes and warnings for the user: conditioning, ignored values, coded levels. */
  readonly notes: readonly Diagnostic[];
}

/** What a derivation needs to know of the data: nothing but names. */
export interface Given {
  /** Names with a value for every element. */
  readonly complete: ReadonlySet<string>;
  /** Names with a value for some elements. */
  readonly partial: ReadonlySet<string>;
  /** Given names whose values lie so far from zero, against their spread, that expanded squares of them cancel. */
  readonly offCentre?: ReadonlySet<string> | undefined;
  /** Least and greatest value of what is given: signs that types do not tell. */
  readonly extremes?: ReadonlyMap<string, { readonly low: number; readonly high: number }> | undefined;
}
