/**
 * The log joint density at each draw of a result: of the natural scale, every constant included.
 */
import type { BoundModel } from '../2-graph/bound.js';
import { logDensityFunction } from './logDensity.js';
import { likelihoodCount } from './pointwise.js';
import { type DrawValues, keptDraws, type RunResult, sizeOf } from './posterior.js';

/** Evaluations of single observations that are made without being asked for. */
const mostEvaluations = 1e8;

/**
 * @returns [chains * draws]; null where some unknown has no draws, or there are too many data.
 * @throws ModelError where the program has no density.
 */
export function logJointOfDraws(bound: BoundModel, result: RunResult): Float64Array | null {
  if (likelihoodCount(bound, result) > mostEvaluations) return null;
  const density = logDensityFunction(bound),
    sources: { readonly name: string; readonly values: DrawValues; readonly size: number }[] = [];
  let count: number | null = null;
  for (const { name, shape } of density.unknowns) {
    const variable = result.variables.find((candidate) => candidate.name === name);
    const values = variable === undefined ? undefined : keptDraws(variable)?.values,
      size = sizeOf(shape);
    if (values === undefined || size === 0 || (count !== null && values.length !== count * size)) return null;
    count = values.length / size;
    sources.push({ name, values, size });
  }
  if (count === null) return null;
  return Float64Array.from({ length: count }, (_, draw) =>
    density.total(new Map(sources.map(({ name, values, size }) => [name, values.subarray(draw * size, (draw + 1) * size)]))),
  );
}
