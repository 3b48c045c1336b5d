/**
 * The log likelihood of each unit of the data in each draw of a result, whatever backend made it. Draws are put
 * into memory one after the other and the generated code of `pointwiseProgram` reads them. Tails of importance
 * ratios need all draws of a unit at once; where these do not fit, running sums keep what WAIC needs.
 */
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import type { BoundModel } from '../2-graph/bound.js';
import { type Observations, pointwiseProgram } from './pointwiseProgram.js';
import { type KeptDraws, keptDraws, type RunResult, sizeOf } from './posterior.js';

export interface PointwiseLikelihood {
  readonly names: readonly string[];
  readonly data: Float64Array;
  readonly observations: Observations;
  readonly chains: number;
  readonly draws: number;
  /** True for draws that do not depend on each other. */
  readonly independent: boolean;
  /** [units, chains * draws]; null where that is more than `mostKept` numbers. */
  readonly values: Float64Array | null;
  /** By unit, where `values` is null: log of the mean likelihood, and variance of the log likelihood (divisor draws - 1). */
  readonly logMean: Float64Array;
  readonly variance: Float64Array;
  readonly warnings: readonly Diagnostic[];
}

/** Log likelihoods kept at most: 1.2 GB. */
export const mostKept = 1.5e8;
/** Draws whose likelihoods are turned from one row a draw into one row a unit at a time. */
const block = 32;

/** Numbers a table of all log likelihoods has; 0 where the result has no draws. */
export function likelihoodCount(bound: BoundModel, result: RunResult): number {
  const drawn = result.variables.map(keptDraws).find((d) => d !== null);
  return drawn === null || drawn === undefined ? 0 : observedCount(bound) * drawn.chains * drawn.draws;
}
/** Observed numbers at most, without looking at any. */
export function observedCount(bound: BoundModel): number {
  let observed = 0;
  for (const s of bound.graph.statements) {
    if (s.kind !== 'observe') continue;
    const target = s.target === null ? null : bound.variables.get(s.target.variable);
    observed += target === null || target === undefined ? largestShape(bound) : sizeOf(target.shape);
  }
  return observed;
}
/** What is observed through an expression is as long as some data at most. */
function largestShape(bound: BoundModel): number {
  return [...bound.variables.values()].reduce((most, v) => (v.status === 'given' ? Math.max(most, sizeOf(v.shape)) : most), 1);
}

/** What the units of bound data are, without draws. @throws ModelError where `unit` names no loop. */
export function observationsOf(bound: BoundModel): Observations {
  return pointwiseProgram(bound, null).observations;
}

/** Names of the unknowns whose draws the likelihoods read. @throws ModelError where `unit` names no loop. */
export function neededDraws(bound: BoundModel, unit: string | null): readonly string[] {
  return pointwiseProgram(bound, unit).needed;
}

/**
 * @param unit names of the indices that count units, separated by commas; null for one unit an observation.
 * @throws ModelError (code `no-pointwise`) where nothing is observed or a draw that is needed was not kept.
 */
export function pointwiseLikelihood(
  bound: BoundModel,
  result: RunResult,
  unit: string | null,
  largest: number = mostKept,
): PointwiseLikelihood {
  const program = pointwiseProgram(bound, unit),
    { names } = program;
  if (names.length === 0) throw inapplicable('the program observes nothing: there is no datum to leave out');
  const sources = program.needed.map((name) => {
    const variable = result.variables.find((v) => v.name === name),
      drawn = variable === undefined ? null : keptDraws(variable);
    if (drawn !== null) return { memory: program.memory(name), size: sizeOf(variable!.shape), ...drawn };
    throw variable !== undefined && variable.result.form === 'closed'
      ? inapplicable(
          `the backend ${result.backend} makes no draws of ${name}, which the data depend on`,
          'Use a backend that draws from the posterior.',
        )
      : inapplicable(
          `draws of ${name}, which the data depend on, were not kept`,
          `Ask for the pointwise likelihood before the run (--pointwise), or keep ${name} (--keep).`,
        );
  });
  const { chains, draws, independent } = sources[0] ?? drawnAtAll(result);
  const size = chains * draws,
    units = names.length;
  // Estimates beside drawn labels stand in every draw: what is the same everywhere tells nothing of a run without a datum.
  if (sources.length > 0 && size > 1 && sources.every(isOnePoint))
    throw inapplicable(
      `the backend ${result.backend} makes no draws of ${program.needed.join(', ')}, which the data depend on, but one point`,
      'Use a backend that draws from the posterior.',
    );
  const values = units * size <= largest ? new Float64Array(units * size) : null;
  const top = new Float64Array(units).fill(-Infinity),
    sum = new Float64Array(units),
    mean = new Float64Array(units),
    squares = new Float64Array(units);
  const rows = Array.from({ length: block }, () => new Float64Array(units));
  for (let from = 0; from < size; from += block) {
    const count = Math.min(block, size - from);
    for (let r = 0; r < count; r++) {
      const draw = from + r,
        row = rows[r]!;
      for (const s of sources) s.memory.set(s.values.subarray(draw * s.size, (draw + 1) * s.size));
      program.evaluate(row);
      if (values !== null) continue;
      for (let u = 0; u < units; u++) {
        const x = row[u]!,
          difference = x - mean[u]!;
        mean[u]! += difference / (draw + 1);
        squares[u]! += difference * (x - mean[u]!);
        if (x <= top[u]!) sum[u]! += x === top[u]! && x === -Infinity ? 0 : Math.exp(x - top[u]!);
        else {
          sum[u] = sum[u]! * Math.exp(top[u]! - x) + 1;
          top[u] = x;
        }
      }
    }
    if (values !== null) for (let u = 0; u < units; u++) for (let r = 0; r < count; r++) values[u * size + from + r] = rows[r]![u]!;
  }
  return {
    names,
    data: program.data,
    observations: program.observations,
    chains,
    draws,
    independent,
    values,
    warnings: program.warnings,
    logMean: top.map((t, u) => t + Math.log(sum[u]! / size)),
    variance: squares.map((s) => s / (size - 1)),
  };
}

/** Whether all draws are the same. */
function isOnePoint({ values, size }: { readonly values: ArrayLike<number>; readonly size: number }): boolean {
  for (let i = size; i < values.length; i++)
    if (values[i] !== values[i - size] && !(Number.isNaN(values[i]) && Number.isNaN(values[i - size]))) return false;
  return true;
}

/** A likelihood without unknowns is the same in every draw. */
function drawnAtAll(result: RunResult): Pick<KeptDraws, 'chains' | 'draws' | 'independent'> {
  const drawn = result.variables.map(keptDraws).find((d) => d !== null);
  if (drawn === null || drawn === undefined)
    throw inapplicable(`the backend ${result.backend} makes no draws`, 'Use a backend that draws from the posterior.');
  return drawn;
}

function inapplicable(message: string, hint?: string): ModelError {
  const diagnostic: Diagnostic = { code: 'no-pointwise', severity: 'error', message, hint };
  return new ModelError([diagnostic], renderDiagnostics([diagnostic], '', 'posterior'));
}
