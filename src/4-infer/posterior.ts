/**
 * What a backend returns, whatever it is: one result for each variable the run keeps, objectives,
 * traces and warnings. Plain data: it can be sent between threads and written to a file.
 * The class users see (`5-report/posterior.ts`) reads this; nothing here judges or formats.
 *
 * Arrays are row-major. [chains, draws, ...shape] means draws outermost but chains; probabilities
 * are [...shape, range].
 */
import type { Diagnostic } from '../errors/diagnostic.js';

/** Kept draws: bytes for supports of at most 256 values from 0, 32-bit integers for other integers that are known to fit. */
export type DrawValues = Float64Array | Int32Array | Uint8Array;

/** Room for draws of a variable that is held in such an array. */
export function roomLike(held: Float64Array | Int32Array, length: number): DrawValues {
  return held instanceof Int32Array ? new Int32Array(length) : new Float64Array(length);
}

/** Values of every kept draw. */
export interface DrawsForm {
  readonly form: 'draws';
  readonly chains: number;
  /** What each chain is called where they are not 0..<chains: a run that was stopped leaves out those that had not come as far. */
  readonly chainNumbers?: readonly number[];
  readonly draws: number;
  /** [chains, draws, ...shape]. */
  readonly values: DrawValues;
  /** True for independent draws from a closed form: not judged by R-hat, effective size is the number of draws. */
  readonly independent: boolean;
  /** Of predictions: so many draws in a row are from one draw of the posterior; absent: each is from one of its own. Divides `draws`. */
  readonly repeats?: number;
}

/** Running moments of a variable too large to keep draw by draw. */
export interface MomentsForm {
  readonly form: 'moments';
  readonly chains: number;
  readonly draws: number;
  /** Each of the variable's shape; `variance` has divisor (number of draws - 1). */
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  /** Monte Carlo standard error of the mean by batch means, NaN where it cannot be estimated. */
  readonly mcse: Float64Array;
  /** Split R-hat of the means and variances of half chains (not rank-normalised), NaN where constant. */
  readonly rhat: Float64Array;
  /** [...shape, range] for variables of finite support, else null. */
  readonly probabilities: Float64Array | null;
}

/** A point, or a law known in closed form: em, map, cavi, exact, laplace. */
export interface ClosedForm {
  readonly form: 'closed';
  readonly mean: Float64Array;
  /** Posterior sd, or the standard error of an estimate; NaN elementwise or null where none is computed. */
  readonly sd: Float64Array | null;
  /** Monte Carlo standard error of the mean where it is itself an estimate, else null. */
  readonly mcse: Float64Array | null;
  readonly quantiles: { readonly q5: Float64Array; readonly q50: Float64Array; readonly q95: Float64Array } | null;
  /** [...shape, range], else null. */
  readonly probabilities: Float64Array | null;
  /** Independent draws from the law, [draws, ...shape], where the backend makes them. */
  readonly draws: { readonly count: number; readonly values: DrawValues } | null;
}

/** What a run has of one variable. */
export interface VariableResult {
  /** As the program calls it. */
  readonly name: string;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  /** What it is in the program; gaps of data are latent. */
  readonly kind: 'latent' | 'report' | 'predict';
  /** True where values are integers. */
  readonly discrete: boolean;
  /** Finite support: the values are low, low + 1, ..., low + range - 1. */
  readonly range?: number | undefined;
  /** Smallest value of a finite support; 0 if absent. */
  readonly low?: number | undefined;
  /** Flat numbers of the elements that exist, increasing; absent: all. */
  readonly elements?: Int32Array | undefined;
  /** In a data plate: judged by the looser R-hat rule. */
  readonly insidePlate: boolean;
  /** Draws, moments, or a closed form. */
  readonly result: DrawsForm | MomentsForm | ClosedForm;
}

/** Components indexed by one label whose names are arbitrary. */
export interface ExchangeableGroup {
  /** Number of labels. */
  readonly size: number;
  /** Variables with one axis for the label. */
  readonly variables: readonly { readonly name: string; readonly axis: number }[];
  /** Variable whose order fixes the labels; null: the first of `variables`. */
  readonly orderBy: string | null;
  /** Discrete variables whose values are labels (allocations). */
  readonly labels?: readonly string[] | undefined;
}

/** One line of the plan: which kernel or factor a block of latents got, and why. */
export interface PlanEntry {
  /** The unknowns, such as `mu[k]`. */
  readonly block: string;
  /** What updates them, such as `conjugate`. */
  readonly kernel: string;
  /** Why this one. */
  readonly reason: string;
}

/** The record of the run by iteration; absent where a backend has none. */
export interface Traces {
  /** Lower bound by sweep (em: between its steps). */
  readonly elbo?: readonly number[] | undefined;
  /** By iteration. */
  readonly logLikelihood?: readonly number[] | undefined;
  /** By iteration. */
  readonly logJoint?: readonly number[] | undefined;
  /** Fraction of accepted proposals by Metropolis block, one number for each chain. */
  readonly acceptance?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Final step size of each chain. */
  readonly stepSizes?: readonly number[] | undefined;
  /** Divergent transitions of each chain. */
  readonly divergences?: readonly number[] | undefined;
}

/** How long the parts of a run took, in seconds. */
export interface Seconds {
  /** From the text of the program to code that runs. */
  readonly compile: number;
  /** Of the slowest chain; 0 where there are none. */
  readonly warmup: number;
  /** After warm-up, or all of a run without chains. */
  readonly sampling: number;
}

/** What a backend returns. */
export interface RunResult {
  /** The backend that ran. */
  readonly backend: string;
  /** In the order of the program. */
  readonly variables: readonly VariableResult[];
  /** Components whose numbering means nothing. */
  readonly exchangeable: readonly ExchangeableGroup[];
  /** Null where the backend has none, or a prior is improper. */
  readonly logEvidence: number | null;
  /** Its Monte Carlo standard error, where it is an estimate. */
  readonly logEvidenceSe: number | null;
  /** Lower bound of the log evidence. */
  readonly elbo: number | null;
  /** The maximum, of backends that maximise it. */
  readonly logLikelihood: number | null;
  /** Log density of unknowns and data at the point found. */
  readonly logJoint: number | null;
  /** The course of the run. */
  readonly traces: Traces;
  /** Each says what happened and what to do next. */
  readonly warnings: readonly Diagnostic[];
  /**
   * False where the backend itself knows that the run must not be trusted (not converged, divergences,
   * a collapsed component). Draws are judged besides, when the result is read.
   */
  readonly converged: boolean;
  /** How long it took. */
  readonly seconds: Seconds;
  /** One line for each block of unknowns. */
  readonly plan: readonly PlanEntry[];
}

/** Draws of a variable, whatever made them. */
export type KeptDraws = Omit<DrawsForm, 'form'>;

/**
 * The draws of a variable, chains one after the other; those from a closed form are one chain of independent draws. Null where none are
 * kept; there may be none of them.
 */
export function keptDraws({ result }: Pick<VariableResult, 'result'>): KeptDraws | null {
  if (result.form === 'draws') return result;
  if (result.form === 'closed' && result.draws !== null)
    return { chains: 1, draws: result.draws.count, values: result.draws.values, independent: true };
  return null;
}

/** True of what Markov chains made: draws and moments that R-hat has something to say of. */
export function isOfChains(result: VariableResult['result']): result is DrawsForm | MomentsForm {
  return result.form === 'moments' || (result.form === 'draws' && !result.independent);
}

/** What each chain is called. */
export function chainNumbersOf({ chains, chainNumbers }: Pick<DrawsForm, 'chains' | 'chainNumbers'>): readonly number[] {
  return chainNumbers ?? Array.from({ length: chains }, (_, chain) => chain);
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** `mu`, `mu[2]`, `mu[0,1]`: the name of a flat element number. */
export function elementName(name: string, shape: readonly number[], flat: number): string {
  if (shape.length === 0) return name;
  const at: number[] = [];
  for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
    const length = shape[axis] ?? 1;
    at.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return `${name}[${at.join(',')}]`;
}
/** The element at a cell, counted over the cells of all members. */
export function nameOfCell(members: readonly { readonly name: string; readonly shape: readonly number[] }[], cell: number): string {
  let rest = cell;
  for (const m of members) {
    const size = m.shape.reduce((a, b) => a * b, 1);
    if (rest < size) return elementName(m.name, m.shape, rest);
    rest -= size;
  }
  return '?';
}
