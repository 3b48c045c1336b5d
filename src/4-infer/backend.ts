/**
 * What a backend is: a reading of the canonical form. One folder, one registry line.
 */
import type { BoundModel, Given } from '../2-graph/bound.js';
import type { ModelGraph } from '../2-graph/graph.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import type { DerivedModel } from '../3-derive/model.js';
import type { ChainProgram, Recorded } from './chainProgram.js';
import type { ChainState, Checkpoint, DrawPiece } from './checkpoint.js';
import type { CollectedRun } from './collect.js';
import type { Derivation } from './derivation.js';
import type { RunResult } from './posterior.js';

/** An option of a backend: `--opt name=default`. */
export interface OptionDoc {
  /** As it is written; `kernel.NAME` stands for one of each variable. */
  readonly name: string;
  /** What may be written. */
  readonly type: 'number' | 'integer' | 'boolean' | 'text' | 'names' | 'kernel';
  /** What holds where nothing is written, in words. */
  readonly default: string;
  /** What it does. */
  readonly doc: string;
}

/** One run as the user asked for it. */
export interface RunRequest {
  readonly chains: number;
  readonly draws: number;
  readonly warmup: number;
  readonly thin: number;
  readonly seed: string;
  /** Number of worker threads; 0 runs on the calling thread. */
  readonly workers: number;
  readonly keep: readonly string[] | null;
  /** `--opt name=value`, as written. */
  readonly options: Readonly<Record<string, string>>;
  /** Start values by variable name, nested arrays. */
  readonly init: Readonly<Record<string, unknown>> | null;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** What the user should know before a run that may be long. */
  readonly onNote?: ((note: Diagnostic) => void) | undefined;
  /** Asked now and then: true ends the run with what there is. */
  readonly stopped?: (() => boolean) | undefined;
  /** Chains advance side by side, so that a run that ends early has draws of all of them. */
  readonly inStep?: boolean | undefined;
  /** Asked between rounds of chains in step, with the draws so far: true ends the run. The answer depends on the draws alone. */
  readonly enough?: ((run: CollectedRun) => boolean) | undefined;
  /** Draws of each chain that would do where draws are independent; `draws` where absent. */
  readonly independentDraws?: number | undefined;
  /** Keeps what the chains make, so that a run that was cut off goes on. */
  readonly store?: RunStore | undefined;
}

/** Where chains are kept while they run; calls follow each other. */
export interface RunStore {
  /**
   * Before the first sweep: what is kept of this run, by chain (null where nothing is).
   * @param identity of the program; what is kept of another one is of no use.
   * @param values numbers in all draws of all chains; null where nobody knows how many draws there will be.
   * @param recorded the variables whose draws are in a piece, in its order.
   * @throws ModelError where what is kept cannot be used, or where there is no room.
   */
  open(identity: string, chains: number, values: number | null, recorded: readonly Recorded[]): Promise<readonly (ChainState | null)[]>;
  /** A chain has come to a checkpoint, with the draws made since the one before. @throws Error where it cannot be kept. */
  keep(checkpoint: Checkpoint, pieces: readonly DrawPiece[]): Promise<void>;
}

/** How far a chain (or an iteration) has come. */
export interface ProgressEvent {
  /** Number of the chain; 0 where there is none. */
  readonly chain: number;
  /** What it is doing. */
  readonly phase: 'warmup' | 'sampling' | 'iteration' | 'solving';
  /** Steps of this phase made. */
  readonly done: number;
  /** Steps of this phase at most. */
  readonly total: number;
  /** Objective so far, for variational and point backends. */
  readonly objective?: number | undefined;
}

/** One latent block of a derivation, as `explain` shows it. */
export interface ExplainedBlock {
  /** The element in the program's own names, e.g. `mu[k]`. */
  readonly block: string;
  /** Loops it stands in, e.g. `for k in 0..<K`. */
  readonly loops: string;
  /** Family of its conditional, variational factor or M-step; null where none was found. */
  readonly family: string | null;
  /** Parameters as formulas, rendered in the three forms. */
  readonly parameters: readonly { readonly name: string; readonly text: string; readonly latex: string; readonly json: unknown }[];
  /** Source lines of the factors that enter. */
  readonly factors: readonly string[];
  /** What updates it, such as `conjugate`. */
  readonly kernel: string;
  /** Why: what makes the kernel possible, or the term that prevents a better one. */
  readonly reason: string;
  /** A finite variable all of whose elements are enumerated together: the number of cases is exponential in theirs. */
  readonly enumerates?: string | undefined;
}

/** What a backend derives for a program. */
export interface Explanation {
  /** The backend that would run. */
  readonly backend: string;
  /** One for each block of unknowns. */
  readonly blocks: readonly ExplainedBlock[];
  /** What is to be known beside the formulas. */
  readonly notes: readonly string[];
  /** Generated code; only with a bound model. */
  readonly code: string | null;
}

/** How a sampler's kernel is wanted by those who test it. */
export interface KernelRequest {
  readonly options: Readonly<Record<string, string>>;
  /** Values of all unknowns by name, flat or nested; gaps of data included. Absent ones are drawn by `initialise`. */
  readonly init: Readonly<Record<string, unknown>>;
  /** What is derived of the program: where a test plants an error. The derivation itself where absent. */
  readonly derive?: ((model: DerivedModel) => Derivation) | undefined;
}

/**
 * One sweep of a sampler, opened up: beside the entry points of a `ChainProgram`, `step0()`, `step1()`, ... run
 * the steps of a sweep alone, and `back0()`, ... the same steps with their elements visited in reverse order.
 */
export interface KernelProgram {
  readonly program: ChainProgram;
  readonly derivation: Derivation;
  /** In the order of the sweep. `reversible`: `back` of a step is its time reversal. */
  readonly steps: readonly { readonly block: string; readonly reversible: boolean }[];
  /**
   * The same code over other data of the same shapes and gaps. It is the program of these data only where compiling
   * for them gives this code and these memories, which is not known without doing so.
   */
  over(bound: BoundModel): ChainProgram;
}

/**
 * What the numbers of a backend are: those of the posterior (in the limit of many draws), those of an approximation of
 * it, or estimates of some unknowns.
 */
export type ResultKind = 'posterior' | 'approximation' | 'estimates';

/** What holds of the results of a backend on every program, beside what its kind says; `credence check` tests it. */
export type BackendLaw = 'objective never falls' | 'estimates are stationary' | 'factors are optimal';

export interface Backend {
  readonly name: string;
  readonly doc: string;
  /** What it gives; null where it hands on what another backend gives. */
  readonly gives: ResultKind | null;
  /** Names of the unknowns that it estimates, for backends that give estimates. */
  estimated?(graph: ModelGraph, options: Readonly<Record<string, string>>): readonly string[];
  /** What its results obey on every program. */
  readonly laws?: readonly BackendLaw[] | undefined;
  /** True where unknowns move by Metropolis walks in unconstrained coordinates. */
  readonly walks?: boolean | undefined;
  /** True where it draws by chains (or may choose a backend that does), which can be stopped, kept and continued. */
  readonly runsChains?: boolean | undefined;
  /** True where it iterates, and ends with what there is once its request is stopped. */
  readonly iterates?: boolean | undefined;
  readonly options: readonly OptionDoc[];
  /** The derivation for a program, without data. @throws ModelError where the backend does not apply. */
  explain(
    graph: ModelGraph,
    given: Given,
    source: string,
    options: Readonly<Record<string, string>>,
    bound: BoundModel | null,
  ): Explanation;
  /** @throws ModelError where the backend does not apply or an option is wrong. */
  run(model: BoundModel, source: string, request: RunRequest): Promise<RunResult>;
  /** The transition kernel, for backends that have one. @throws ModelError as `run`. */
  kernel?(model: BoundModel, request: KernelRequest): KernelProgram;
}
