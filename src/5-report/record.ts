/**
 * The written form of a run: what `summary.json` holds and what `run.json` records besides the result.
 * Fields are never left out; what does not apply is null.
 */
import type { Seconds } from '../4-infer/posterior.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import type { ElementSummary } from './summary.js';

/** What surrounds a run: kept in `run.json`. */
export interface RunContext {
  readonly seed: string;
  /** Text of the program. */
  readonly program: string;
  /** Options as they were given, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
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
  readonly elpd: number | null;
  readonly se: number | null;
  readonly p: number | null;
  readonly pSe: number | null;
  readonly ic: number | null;
  readonly units: number;
  readonly warnings: readonly string[];
}
export interface LooSummary extends CriterionSummary {
  readonly mcse: number | null;
  readonly worstK: number | null;
  readonly badUnits: number;
  readonly threshold: number;
}

/** `summary.json` as an object. */
export interface Summary {
  readonly backend: string;
  readonly seed: string;
  readonly converged: boolean;
  readonly warnings: readonly string[];
  readonly variables: { readonly [element: string]: SummaryRow };
  readonly logEvidence: number | null;
  readonly logEvidenceSe: number | null;
  readonly elbo: number | null;
  readonly logLikelihood: number | null;
  readonly logJoint: number | null;
  /** Of maximum likelihood: -2 log L + 2 p and -2 log L + p log(units). */
  readonly aic: number | null;
  readonly bic: number | null;
  readonly waic: CriterionSummary | null;
  readonly loo: LooSummary | null;
  readonly seconds: Seconds;
}
