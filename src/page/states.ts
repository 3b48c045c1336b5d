/** The state of all unknowns in a draw of a run, as numbers by name. */
import { keptDraws, sizeOf } from '../4-infer/posterior.js';
import type { VariableSummary } from '../5-report/summary.js';

export interface DrawnStates {
  /** Unknowns that every state has a value for. */
  readonly known: ReadonlySet<string>;
  readonly count: number;
  /** Values by variable. */
  at(draw: number): ReadonlyMap<string, Float64Array>;
}

/**
 * Draws where there are draws; what was estimated stands for itself. Labels of which only probabilities are
 * known have no value: they are to be drawn from their law.
 */
export function drawnStates(summaries: readonly VariableSummary[]): DrawnStates {
  const drawn: { readonly name: string; readonly size: number; readonly values: ArrayLike<number>; readonly count: number }[] = [];
  const fixed = new Map<string, Float64Array>();
  for (const { variable } of summaries) {
    const { name, shape, discrete, kind, result } = variable,
      kept = keptDraws(variable);
    if (kind !== 'latent') continue;
    if (kept !== null && kept.draws > 0) drawn.push({ name, size: sizeOf(shape), values: kept.values, count: kept.chains * kept.draws });
    else if (result.form === 'closed' && !discrete && result.mean.every(Number.isFinite)) fixed.set(name, result.mean);
  }
  const count = drawn.length === 0 ? 1 : Math.min(...drawn.map((one) => one.count));
  return {
    known: new Set([...drawn.map(({ name }) => name), ...fixed.keys()]),
    count,
    at: (draw) =>
      new Map([
        ...fixed,
        ...drawn.map(({ name, size, values }) => [name, Float64Array.from({ length: size }, (_, i) => values[draw * size + i]!)] as const),
      ]),
  };
}
