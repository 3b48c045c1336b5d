/**
 * A way to check a backend on a program: what it is called, what it costs, and how it is run.
 */
import type { TestProgress, TestReport } from '../results.js';
import type { Subject } from '../subject.js';

/** Names of the methods. */
export type MethodName = 'ratio' | 'laws' | 'exact' | 'rank' | 'geweke' | 'agreement' | 'sbc' | 'power';

/** How much work the methods that draw do; each has a default that takes seconds on a small program. */
export interface Effort {
  /** Draws kept of each chain of a run that is compared with another. */
  readonly draws: number;
  /** Sweeps before them, and of every adaptation. */
  readonly warmup: number;
  /** Simulated data sets of `sbc`, and posterior draws for each. */
  readonly simulations: number;
  /** Posterior draws for each of the simulated data sets. */
  readonly ranks: number;
  /** Steps of `geweke`. */
  readonly steps: number;
  /** Chains of `rank`, and their length. */
  readonly repetitions: number;
  /** Length of each chain of `rank`. */
  readonly length: number;
}

/** One way of checking a backend. */
export interface Method {
  /** As `--method` names it. */
  readonly name: MethodName;
  /** One line for help and documents. */
  readonly doc: string;
  /** Whether chance plays a part, so that it needs a share of the false-alarm rate. */
  readonly statistical: boolean;
  /**
   * Checks one backend on one program. @param rate false-alarm rate of this method. @throws ModelError where the backend refuses the
   * program.
   */
  run(subject: Subject, rate: number, effort: Effort, onProgress: TestProgress): Promise<TestReport> | TestReport;
}
