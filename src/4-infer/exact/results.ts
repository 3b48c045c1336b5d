/**
 * What an exact run hands back: moments, quantiles and probabilities in closed form, and independent
 * joint draws for reports, predictions and joint quantities.
 */
import type { Diagnostic } from '../../errors/diagnostic.js';
import { recordedVariables } from '../assemble.js';
import type { RunRequest } from '../backend.js';
import type { Recorded } from '../chainProgram.js';
import { withComputedElements } from '../computedElements.js';
import { IndependentDraws } from '../independentDraws.js';
import { type ClosedForm, type DrawValues, roomLike, sizeOf, type VariableResult } from '../posterior.js';
import type { Statement } from '../../2-graph/graph.js';
import { readsOf } from '../../2-graph/query.js';
import type { ExactProgram, FiniteVariable } from './program.js';
import type { VariableMoments } from './parts.js';
import type { SolvedComponent } from './solve.js';

/** Elements of a variable beyond which draws of it are kept only where it is asked for. */
const largestDrawn = 10_000;

/** Results of all recorded variables, and what is to be said of their draws. */
export async function results(
  program: ExactProgram,
  solved: readonly SolvedComponent[],
  reports: ReadonlyMap<string, VariableMoments>,
  request: RunRequest,
): Promise<{ readonly variables: readonly VariableResult[]; readonly warnings: readonly Diagnostic[] }> {
  const recorded = recordedVariables(program.builder, request.keep);
  const finite = new Map<string, FiniteVariable>(solved.flatMap((s) => s.program.finite.map((f): [string, FiniteVariable] => [f.name, f])));
  const drawn = recorded.filter((r) => r.kind !== 'latent' || r.mode === 'draws' || sizeOf(r.shape) <= largestDrawn);
  const draws = new IndependentDraws(drawn, request, (r, length) => drawStorage(r, length, finite.get(r.name), program));
  const components = drawnComponents(program, solved, drawn);
  await draws.make(
    () => {
      for (const s of components) s.draw();
      program.report();
    },
    (storage) => program.read(storage),
  );
  const variables = recorded.map((r): VariableResult => {
    const f = finite.get(r.name);
    const base = {
      name: r.name,
      shape: r.shape,
      kind: r.kind,
      discrete: r.discrete,
      range: f?.count ?? r.range,
      elements: r.elements,
      insidePlate: r.insidePlate,
      ...(f === undefined || f.low === 0 ? {} : { low: f.low }),
    };
    const own = draws.of(r.name),
      report = reports.get(r.name);
    const closed =
      report === undefined ? closedForm(solved, r, f, own) : { ...fromMoments(report, own), probabilities: truthOf(r, report) };
    return {
      ...base,
      result: (closed === null ? null : withComputedElements(closed, program.builder.bound.variables.get(r.name)!)) ?? draws.form(r.name)!,
    };
  });
  return { variables, warnings: draws.warnings };
}

/** Bytes for small supports from 0 on. */
function drawStorage(r: Recorded, length: number, finite: FiniteVariable | undefined, program: ExactProgram): DrawValues {
  if (!r.discrete) return new Float64Array(length);
  const range = finite?.count ?? r.range;
  if (range !== undefined && range <= 256 && (finite?.low ?? 0) === 0) return new Uint8Array(length);
  return roomLike(program.builder.bound.variables.get(r.name)!.values, length);
}

/** Components with a variable that is recorded draw by draw, or read by a report, a prediction or a prior. */
function drawnComponents(
  program: ExactProgram,
  solved: readonly SolvedComponent[],
  recorded: readonly Recorded[],
): readonly SolvedComponent[] {
  const { graph } = program.builder.bound;
  const needed = new Set(recorded.map((r) => r.name));
  const follows = (s: Statement): boolean =>
    s.kind === 'let' ||
    s.kind === 'predict' ||
    ((s.kind === 'sample' || s.kind === 'observe') && s.target !== null && program.plan.prior.has(s.target.variable));
  for (const s of graph.statements) if (follows(s)) for (const r of readsOf(s)) needed.add(r.variable);
  return solved.filter((s) => s.program.component.regions.some((r) => needed.has(r.region.variable.name)));
}

function closedForm(
  solved: readonly SolvedComponent[],
  r: Recorded,
  finite: FiniteVariable | undefined,
  draws: ClosedForm['draws'],
): ClosedForm | null {
  for (const s of solved) {
    const moments = s.moments.get(r.name);
    if (moments !== undefined) return fromMoments(moments, draws);
    const probabilities = s.probabilities.get(r.name);
    if (probabilities !== undefined && finite !== undefined) return fromProbabilities(probabilities, finite, sizeOf(r.shape), draws);
  }
  return null;
}
/** Probabilities of false and true, where a report is a condition. */
function truthOf(r: Recorded, { mean }: VariableMoments): Float64Array | null {
  return r.discrete && r.range === 2
    ? Float64Array.from({ length: 2 * mean.length }, (_, i) => (i % 2 === 1 ? mean[i >> 1]! : 1 - mean[i >> 1]!))
    : null;
}
function fromMoments({ mean, variance, quantiles }: VariableMoments, draws: ClosedForm['draws']): ClosedForm {
  const [q5, q50, q95] = quantiles ?? [];
  return {
    form: 'closed',
    mean,
    sd: variance.map((v) => Math.sqrt(Math.max(0, v))),
    mcse: null,
    quantiles: q5 === undefined || q50 === undefined || q95 === undefined ? null : { q5, q50, q95 },
    probabilities: null,
    draws,
  };
}
function fromProbabilities(table: Float64Array, { low, count }: FiniteVariable, size: number, draws: ClosedForm['draws']): ClosedForm {
  const mean = new Float64Array(size),
    sd = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let m = 0,
      v = 0;
    for (let k = 0; k < count; k++) m += table[i * count + k]! * (low + k);
    for (let k = 0; k < count; k++) v += table[i * count + k]! * (low + k - m) ** 2;
    mean[i] = m;
    sd[i] = Math.sqrt(v);
  }
  return { form: 'closed', mean, sd, mcse: null, quantiles: null, probabilities: table, draws };
}
