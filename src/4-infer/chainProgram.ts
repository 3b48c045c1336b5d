/**
 * What a backend hands to the chain runner: generated code plus memory, nothing else. It is plain
 * data (structured-cloneable), so a worker needs neither the program nor the compiler.
 */

/** Memory in the order the generated source expects it. */
export interface ProgramStorage {
  readonly name: string;
  readonly type: 'float64' | 'int32';
  readonly shape: readonly number[];
  readonly place: 'data' | 'state' | 'scratch';
  /** Data (shared by chains) or initial values of state; absent for zeros. */
  readonly values?: Float64Array | Int32Array | undefined;
}

/** A variable whose values are kept for each draw. */
export interface Recorded {
  /** Name in the user's program. */
  readonly name: string;
  /** The storage it is read from. */
  readonly storage: string;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  /** `moments`: running mean, variance and probabilities only (variables of more than 10,000 elements). */
  readonly mode: 'draws' | 'moments';
  /** For finite supports: values are 0..range-1 and probabilities are counted. */
  readonly range?: number | undefined;
  /** Flat element numbers that exist (ragged or partly missing variables); absent: all. */
  readonly elements?: Int32Array | undefined;
  /** True for integers and booleans. */
  readonly discrete: boolean;
  /** True where the support itself may leave a number no choice: a point, a single proportion, the diagonal of a correlation matrix. */
  readonly fixed?: boolean | undefined;
  /** In a data plate (dimension bound by data): judged by the looser R-hat rule. */
  readonly insidePlate: boolean;
  /** Predictions and reports are not judged where they are constant. */
  readonly kind: 'latent' | 'report' | 'predict';
}

/** Acceptance of Metropolis blocks: two consecutive state storages elements, accepted and proposed. */
export interface Counter {
  readonly block: string;
  readonly storage: string;
  /** Number of (accepted, proposed) pairs in the storage, stored as [pairs, 2]. */
  readonly pairs: number;
}

/**
 * Entry points of the generated module (see `code/javascript.ts`):
 * - `initialise(near)`: draws a start from the chain's own stream: from the prior, or, where `near` is
 *   1, unbounded unknowns near the origin of their unconstrained coordinates;
 * - `sweep(adapting)`: one pass of the kernels; `adapting` is 1 during warm-up only;
 * - `report()`: recomputes reports, deterministic quantities and predictions before a draw is kept;
 * - `logJoint()`: log joint density of the current state.
 */
export interface ChainProgram {
  readonly source: string;
  readonly storages: readonly ProgramStorage[];
  readonly recorded: readonly Recorded[];
  readonly counters: readonly Counter[];
  /** Names of components that are exchangeable: variables indexed by one label (label switching). */
  readonly exchangeable: readonly {
    readonly size: number;
    readonly variables: readonly { readonly name: string; readonly axis: number }[];
    readonly orderBy: string | null /** Discrete variables whose values are these labels (allocations z). */;
    readonly labels?: readonly string[] | undefined;
  }[];
  /** Joint blocks whose drawing may fail: where their status stands, and what its rows are called. */
  readonly blocks?:
    | readonly {
        readonly block: string;
        readonly storage: string;
        readonly rows: Int32Array;
        readonly members: readonly { readonly name: string; readonly shape: readonly number[] }[];
      }[]
    | undefined;
  /** Flat indices of host functions: such a program runs on the calling thread. */
  readonly usesHostFunctions: boolean;
}
