/**
 * What a run of coordinate ascent or em hands back: moments, quantiles and probabilities of the factors,
 * and independent draws from them for reports, predictions and joint quantities.
 */
import type { Diagnostic } from '../../errors/diagnostic.js';
import { recordedVariables } from '../assemble.js';
import type { Recorded } from '../chainProgram.js';
import type { RunRequest } from '../backend.js';
import { withComputedElements } from '../computedElements.js';
import { IndependentDraws } from '../independentDraws.js';
import { type ClosedForm, type DrawValues, roomLike, sizeOf, type VariableResult } from '../posterior.js';
import { type VariationalProgram, largestDrawn } from './program.js';
import { isPoint } from './factors/factor.js';

/** Results of all recorded variables, and what is to be said of their draws: these are made of predictions too where nothing is random. */
export async function results(
  program: VariationalProgram,
  request: RunRequest,
): Promise<{ readonly variables: readonly VariableResult[]; readonly warnings: readonly Diagnostic[] }> {
  program.describe();
  const recorded = recordedVariables(program.builder, request.keep);
  const draws = new IndependentDraws(
    recorded.filter((r) => sizeOf(r.shape) <= largestDrawn || r.kind !== 'latent' || program.integrated.has(r.name)),
    request,
    (r, length) => drawStorage(r, length, program),
  );
  await draws.make(
    () => program.draw(),
    (storage) => program.memory.get(storage)!,
  );
  const variables = recorded.map((r): VariableResult => {
    const low = lowestValue(program, r.name);
    const base = {
      name: r.name,
      shape: r.shape,
      kind: r.kind,
      discrete: r.discrete,
      range: rangeOf(program, r),
      elements: r.elements,
      insidePlate: r.insidePlate,
      ...(low === 0 ? {} : { low }),
    };
    const closed = closedForm(program, r, draws.of(r.name));
    return {
      ...base,
      result: (closed === null ? null : withComputedElements(closed, program.builder.bound.variables.get(r.name)!)) ?? draws.form(r.name)!,
    };
  });
  return { variables, warnings: draws.warnings };
}

/** Bytes for small supports from 0 on: a label for each of many elements is drawn thousands of times. */
function drawStorage(r: Recorded, length: number, program: VariationalProgram): DrawValues {
  if (!r.discrete) return new Float64Array(length);
  const range = rangeOf(program, r);
  if (range !== undefined && range <= 256 && lowestValue(program, r.name) === 0) return new Uint8Array(length);
  return roomLike(program.builder.bound.variables.get(r.name)!.values, length);
}
function finiteFactor(program: VariationalProgram, name: string): { readonly low: number; readonly count: number } | null {
  const block = program.blocks.find((b) => b.block.region.variable.name === name);
  return block?.factor.kind === 'finite' ? block.factor : null;
}
function rangeOf(program: VariationalProgram, r: Recorded): number | undefined {
  return finiteFactor(program, r.name)?.count ?? r.range;
}
function lowestValue(program: VariationalProgram, name: string): number {
  return finiteFactor(program, name)?.low ?? 0;
}

/** A point has no interval, and equal draws are none. */
function noInterval(count: number): NonNullable<ClosedForm['quantiles']> {
  const unknown = new Float64Array(count).fill(Number.NaN);
  return { q5: unknown, q50: unknown, q95: unknown };
}

function closedForm(program: VariationalProgram, r: Recorded, draws: ClosedForm['draws']): ClosedForm | null {
  const described = program.described.get(r.name);
  const expected = program.expectedReports.get(r.name);
  if (expected !== undefined)
    return {
      form: 'closed',
      mean: Float64Array.from(program.memory.get(expected)!),
      sd: null,
      mcse: null,
      quantiles: null,
      probabilities: null,
      draws,
    };
  if (described === undefined) return null;
  const read = (storage: string): Float64Array => Float64Array.from(program.memory.get(storage)!);
  const estimated = program.blocks.filter((b) => b.block.region.variable.name === r.name).every(isPoint);
  const probabilities = program.memory.get(`E|${r.name}=|1`);
  const [q5, q50, q95] = described.quantiles?.map(read) ?? [];
  return {
    form: 'closed',
    mean: read(described.mean),
    sd: estimated ? null : read(described.variance).map((v) => Math.sqrt(Math.max(0, v))),
    mcse: null,
    quantiles: estimated
      ? noInterval(read(described.mean).length)
      : q5 === undefined || q50 === undefined || q95 === undefined
        ? null
        : { q5, q50, q95 },
    probabilities: probabilities === undefined ? null : Float64Array.from(probabilities),
    draws,
  };
}
