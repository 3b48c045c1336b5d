/**
 * The written form of a run: what `summary.json` holds and what `run.json` records besides the result.
 * Fields are never left out; what does not apply is null.
 */
import type { Seconds } from '../4-infer/posterior.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import type { ElementSummary } from './rows.js';

/** What surrounds a run: kept in `run.json`. */
export interface RunContext {
  /** As text. */
  readonly seed: string;
  /** Text of the program. */
  readonly program: string;
  /** Options as they were given, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of Credence and what it ran on, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Conditioning, coded levels, ignored values: what binding the data had to say. */
  readonly notes: readonly Diagnostic[];
  /** Words of coded columns, by data name. */
  readonly levels: Readonly<Record<string, readonly string[]>>;
  /** Seconds from the text of the program to code that runs. */
  readonly compileSeconds: number;
}

/** The row of one element in the summary. */
export type SummaryRow = Omit<ElementSummary, 'name' | 'flat'>;

/** A predictive criterion in the summary: what does not apply is null. */
export interface CriterionSummary {
  /** Expected log predictive density, summed over the units. */
  readonly elpd: number | null;
  /** Its standard error over the units; null for a single one. */
  readonly se: number | null;
  /** Effective number of parameters. */
  readonly p: number | null;
  /** Its standard error over the units. */
  readonly pSe: number | null;
  /** -2 elpd. */
  readonly ic: number | null;
  /** How many units the data are. */
  readonly units: number;
  /** Sentences on what not to rely on. */
  readonly warnings: readonly string[];
}
/** Leave-one-out cross-validation in the summary. */
export interface LooSummary extends CriterionSummary {
  /** Monte Carlo standard error of `elpd`; null where some k is too large to know. */
  readonly mcse: number | null;
  /** The largest Pareto k. */
  readonly worstK: number | null;
  /** How many units have a k above `threshold`. */
  readonly badUnits: number;
  /** The largest k to rely on with so many draws: at most 0.7. */
  readonly threshold: number;
}

/** `summary.json` as an object. */
export interface Summary {
  /** The backend that ran. */
  readonly backend: string;
  /** As text. */
  readonly seed: string;
  /** False where the run must not be trusted. */
  readonly converged: boolean;
  /** Sentences, each with what happened and what to do. */
  readonly warnings: readonly string[];
  /** Rows by element, such as `mu[0,1]`. */
  readonly variables: { readonly [element: string]: SummaryRow };
  /** Log of the normalising constant of the posterior; null where the backend has none. */
  readonly logEvidence: number | null;
  /** Its Monte Carlo standard error, where it is an estimate. */
  readonly logEvidenceSe: number | null;
  /** Lower bound of the log evidence (cavi, em). */
  readonly elbo: number | null;
  /** The maximum, of backends that maximise it. */
  readonly logLikelihood: number | null;
  /** Log density of unknowns and data at the point that was found. */
  readonly logJoint: number | null;
  /** Of maximum likelihood: -2 log L + 2 p and -2 log L + p log(units). */
  readonly aic: number | null;
  /** -2 log L + p log(units) of maximum likelihood. */
  readonly bic: number | null;
  /** Watanabe's criterion; null where there are no draws or nobody asked. */
  readonly waic: CriterionSummary | null;
  /** Leave-one-out; null as `waic`. */
  readonly loo: LooSummary | null;
  /** How long it took. */
  readonly seconds: Seconds;
}
