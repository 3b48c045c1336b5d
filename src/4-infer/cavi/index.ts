/**
 * Coordinate ascent variational inference: the fully factorised family, one factor for each element
 * of a plate and each multivariate draw; evidence lower bound after every sweep (Bishop 2006, 10.1).
 *
 * Starts are draws from the prior taken as point masses. Even starts first update finite latents (the
 * components drawn apart break their symmetry), odd ones the rest. All starts run a few sweeps; the
 * best goes on until the bound and the means stand still.
 */
import { type Diagnostic, ModelError } from '../../errors/diagnostic.js';
import { didYouMean, renderDiagnostics } from '../../errors/render.js';
import { allocate, type EntryPoint, instantiate, printModule } from '../../code/module.js';
import { createRuntime } from '../../code/runtime.js';
import type { Code } from '../../code/loop.js';
import { createRandom } from '../../random/generator.js';
import { breathe, seconds } from '../../platform/platform.js';
import { ref } from '../../expr/expr.js';
import { printText } from '../../expr/print.js';
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import { formName } from '../plan.js';
import { factorForms } from '../../3-derive/conditional.js';
import { jointFactors } from '../../3-derive/joint.js';
import { type MeanField, meanField, MeanFieldRefusal } from '../../3-derive/meanField.js';
import { DerivedModel } from '../../3-derive/model.js';
import { ancestralCode } from '../ancestral.js';
import { prepare, recordedVariables, runFolds } from '../assemble.js';
import type { Backend, ExplainedBlock, Explanation, OptionDoc, RunRequest } from '../backend.js';
import { FoldedTables } from '../contract.js';
import { formulasOf, render, sourceLine, weightFormulas } from '../explain.js';
import { regionLoops, regionName } from '../plan.js';
import { type PlanEntry, type RunResult, sizeOf, type VariableResult } from '../posterior.js';
import { ProgramBuilder } from '../programBuilder.js';
import { type BlockCode, blockCodes, boundCode, declareTables, startTables } from './updates.js';

const options: readonly OptionDoc[] = [
  { name: 'restarts', type: 'integer', default: '10', doc: 'random starts; the one with the highest bound is kept' },
  { name: 'iterations', type: 'integer', default: '5000', doc: 'sweeps at most' },
  { name: 'tolerance', type: 'number', default: '1e-9', doc: 'relative change of the bound in a sweep below which it has converged' },
  { name: 'block', type: 'text', default: 'none', doc: 'none: every scalar or draw alone (the only blocking of this version)' },
];

/** Sweeps that every start gets before the best is chosen. */
const trialSweeps = 25;
/** Sweeps after the bound has converged in which the means may still settle. */
const settlingSweeps = 1000;
/** Largest relative change of an expectation, in units of 1 + its size, that counts as standing still. */
const settled = 1e-12;
/** Elements of a variable beyond which no draws are made from its factor. */
const largestDrawn = 10_000;

export const cavi: Backend = {
  name: 'cavi',
  doc: 'coordinate ascent mean-field variational inference; evidence lower bound after every sweep',
  options,
  explain: (graph, given, source, chosen, bound) => { readOptions(chosen); return explain(graph, given, source, bound); },
  run,
};

interface Settings { readonly restarts: number; readonly iterations: number; readonly tolerance: number }

function refuse(diagnostics: readonly Diagnostic[]): never { throw new ModelError(diagnostics, renderDiagnostics(diagnostics, '', 'options')); }

function readOptions(given: Readonly<Record<string, string>>): Settings {
  const wrong: Diagnostic[] = [];
  const out = { restarts: 10, iterations: 5000, tolerance: 1e-9 };
  for (const [name, text] of Object.entries(given)) {
    if (name === 'block') {
      if (text !== 'none') wrong.push({ code: 'not-in-this-version', severity: 'error', message: `joint blocks (block=${text}) are not in this version`, hint: 'Leave the option out: every scalar or draw is a block of its own.' });
      continue;
    }
    if (name !== 'restarts' && name !== 'iterations' && name !== 'tolerance') {
      const near = didYouMean(name, options.map((o) => o.name));
      wrong.push({ code: 'wrong-option', severity: 'error', message: `cavi has no option '${name}'`, hint: near === null ? 'Options: restarts, iterations, tolerance, block.' : `Did you mean '${near}'?` });
      continue;
    }
    const value = Number(text);
    const fine = name === 'tolerance' ? value > 0 : Number.isInteger(value) && value >= 1;
    if (text.trim() === '' || !fine) wrong.push({ code: 'wrong-option', severity: 'error', message: `${name} must be ${name === 'tolerance' ? 'a positive number' : 'a whole number of at least 1'}, got '${text}'` });
    else out[name] = value;
  }
  if (wrong.length > 0) refuse(wrong);
  return out;
}

/** The derivation, with a refusal turned into a diagnostic that names the term and another backend. */
function derived<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MeanFieldRefusal)) throw error;
    refuse([{
      code: 'no-mean-field', severity: 'error',
      message: `cavi does not apply: the term ${printText(error.term)}${error.variable === null ? '' : ` of '${error.variable.replace(/=$/, '')}'`} ${error.message}`,
      hint: 'Use --backend gibbs (or mh), which needs no expectation.',
    }]);
  }
}

function explain(graph: ModelGraph, given: Given, source: string, bound: BoundModel | null): Explanation {
  const model = new DerivedModel(graph, given);
  const field = derived(() => meanField(factorForms(jointFactors(model), model), model));
  const blocks = field.blocks.map((b): ExplainedBlock => {
    const form = b.recognised.kind === 'none' ? null : b.recognised;
    const expected = { ...b.collected, contributions: b.expected };
    const shown = form?.kind === 'finite' ? weightFormulas(expected) : formulasOf(form, expected);
    return {
      block: `q(${regionName(b.region)})`, loops: regionLoops(b.region), family: form === null ? 'quadrature grid' : formName(form),
      parameters: shown.map(render),
      factors: b.collected.factors.map((f) => sourceLine(source, f.statement.span)),
      kernel: form === null ? 'grid' : 'coordinate update',
      reason: form === null ? 'no family has its statistics: kept on a quadrature grid' : `its expected terms are statistics of ${formName(form)}`,
    };
  });
  return { backend: 'cavi', blocks, notes: ['E(...) is the expectation under the other factors; in the JSON form it is read from a table named E|variable|statistic.'], code: bound === null ? null : derived(() => compile(bound)).source };
}

interface Compiled {
  readonly source: string;
  readonly field: MeanField;
  readonly codes: readonly BlockCode[];
  readonly builder: ProgramBuilder;
  readonly functions: Readonly<Record<string, EntryPoint>>;
  readonly memory: ReadonlyMap<string, Float64Array | Int32Array>;
  readonly tables: readonly string[];
}

/** Generated code and its memory; the stream is the one of all starts. */
function compile(bound: BoundModel, seed = 'explain'): Compiled {
  const builder = new ProgramBuilder(bound);
  prepare(builder);
  const { model } = builder;
  const field = meanField(factorForms(jointFactors(model), model), model);
  const folded = new FoldedTables();
  declareTables(builder, field, []);
  const codes = blockCodes(builder, field, folded);
  const isLatent = (s: { readonly kind: string; readonly target?: { readonly variable: string } | null }): boolean => s.target !== undefined && s.target !== null && ['latent', 'partial'].includes(model.statusOf(s.target.variable)) && s.kind !== 'predict' && s.kind !== 'let';
  const isDeterministic = (s: { readonly kind: string; readonly target?: { readonly variable: string } | null }): boolean => s.kind === 'let' && s.target != null && model.statusOf(s.target.variable) === 'deterministic';
  const bound_ = builder.fresh('bound', [], 'state');
  const finiteFirst = [...codes.filter((c) => c.factor.kind === 'finite'), ...codes.filter((c) => c.factor.kind !== 'finite')];
  const means = new Map<string, { mean: string; variance: string }>();
  for (const c of codes) {
    const name = c.block.region.variable.name;
    if (means.has(name)) continue;
    const shape = builder.storage(name).shape;
    means.set(name, { mean: builder.fresh('meanOf', shape, 'state'), variance: builder.fresh('varianceOf', shape, 'state') });
  }
  builder.entry('initialise', [...ancestralCode(builder, { generate: 'latents', wanted: (s) => isLatent(s) || isDeterministic(s) }), ...startTables(builder, field, folded)]);
  builder.entry('sweep', codes.flatMap((c) => c.update));
  builder.entry('finiteFirst', finiteFirst.flatMap((c) => c.update));
  builder.entry('bound', [...boundCode(builder, field, codes, folded, bound_), { do: 'return', value: ref(bound_, []) }]);
  builder.entry('draw', codes.flatMap((c): readonly Code[] => c.draw));
  builder.entry('report', ancestralCode(builder, { generate: 'latents', wanted: (s) => isDeterministic(s) || s.kind === 'predict' }));
  builder.entry('moments', codes.flatMap((c) => { const m = means.get(c.block.region.variable.name)!; return c.moments(m.mean, m.variance); }));
  const printed = printModule(builder.module());
  const values = runFolds(builder);
  const initial = new Map<string, Float64Array | Int32Array>();
  for (const s of printed.storages) { const v = values.get(s.name) ?? builder.initialValues(s.name); if (v !== undefined) initial.set(s.name, s.place === 'data' ? v : v.slice()); }
  const arrays = allocate(printed.storages, initial);
  const functions = instantiate(printed.source, arrays, createRuntime(createRandom(seed, 'cavi'), bound.graph.hostFunctions.map((h) => h.call)));
  const memory = new Map(printed.storages.map((s, k) => [s.name, arrays[k]!]));
  for (const [name, m] of means) { memory.set(`mean of ${name}`, memory.get(m.mean)!); memory.set(`variance of ${name}`, memory.get(m.variance)!); }
  return { source: printed.source, field, codes, builder, functions, memory, tables: printed.storages.filter((s) => s.name.startsWith('E|') || s.name.startsWith('Q|')).map((s) => s.name) };
}

async function run(model: BoundModel, _source: string, request: RunRequest): Promise<RunResult> {
  const settings = readOptions(request.options);
  const begin = seconds();
  const compiled = derived(() => compile(model, request.seed));
  const compiledAt = seconds();
  const call = (name: string): number => compiled.functions[name]!() ?? NaN;
  const snapshot = (): Map<string, Float64Array | Int32Array> => new Map([...compiled.memory].map(([name, a]) => [name, a.slice()]));
  const restore = (saved: ReadonlyMap<string, Float64Array | Int32Array>): void => { for (const [name, a] of saved) compiled.memory.get(name)!.set(a as never); };

  let best: { elbo: number; state: Map<string, Float64Array | Int32Array>; trace: number[] } | null = null;
  const symmetric = compiled.codes.some((c) => c.factor.kind === 'finite');
  const restarts = settings.restarts;
  for (let start = 0; start < restarts; start++) {
    call('initialise');
    const trace: number[] = [];
    const first = symmetric && start % 2 === 0 ? 'finiteFirst' : 'sweep';
    for (let s = 0; s < Math.min(trialSweeps, settings.iterations); s++) {
      call(s === 0 ? first : 'sweep');
      trace.push(call('bound'));
      if (s > 1 && relativeChange(trace) < settings.tolerance) break;
    }
    const elbo = trace[trace.length - 1]!;
    request.onProgress?.({ chain: 0, phase: 'iteration', done: start + 1, total: restarts, objective: elbo });
    if (Number.isFinite(elbo) && (best === null || elbo > best.elbo)) best = { elbo, state: snapshot(), trace };
    await breathe();
  }
  const warnings: Diagnostic[] = [];
  const fallen = { worst: 0, at: 0 };
  let converged = false;
  const trace = best?.trace ?? [];
  if (best === null) warnings.push({ code: 'no-finite-bound', severity: 'warning', message: `the evidence lower bound was not finite from any of ${restarts} starts`, hint: 'Check priors and data for values that are impossible under the model.' });
  else {
    restore(best.state);
    const tables = compiled.tables.map((t) => compiled.memory.get(t)!);
    let before = tables.map((t) => t.slice());
    let since = -1;
    while (trace.length < settings.iterations) {
      call('sweep');
      trace.push(call('bound'));
      const drop = trace[trace.length - 2]! - trace[trace.length - 1]!;
      if (drop > fallen.worst) { fallen.worst = drop; fallen.at = trace.length; }
      if (since < 0 && relativeChange(trace) < settings.tolerance) { since = trace.length; converged = true; }
      if (since >= 0 && (largestChange(tables, before) < settled || trace.length - since > settlingSweeps)) break;
      if (since >= 0) before = tables.map((t) => t.slice());
      if (trace.length % 50 === 0) {
        request.onProgress?.({ chain: 0, phase: 'iteration', done: trace.length, total: settings.iterations, objective: trace[trace.length - 1]! });
        await breathe();
      }
    }
    if (!converged) warnings.push({ code: 'not-converged', severity: 'warning', message: `the bound still changed by ${relativeChange(trace).toExponential(1)} (relative) after ${trace.length} sweeps`, hint: 'Raise --opt iterations, or accept a larger --opt tolerance.' });
    const scale = Math.abs(trace[trace.length - 1]!) + 1;
    if (fallen.worst > 1e-8 * scale) warnings.push({ code: 'bound-fell', severity: 'warning', message: `the bound fell by ${fallen.worst.toExponential(1)} in sweep ${fallen.at}`, hint: 'The numbers are too large or too small for the update to be exact: rescale the data.' });
  }
  const warmedAt = seconds();
  call('moments');
  const variables = results(compiled, request);
  return {
    backend: 'cavi', variables, exchangeable: [], logEvidence: null, logEvidenceSe: null,
    elbo: best === null ? null : trace[trace.length - 1]!, logLikelihood: null, logJoint: null,
    traces: { elbo: trace }, warnings, converged,
    seconds: { compile: compiledAt - begin, warmup: warmedAt - compiledAt, sampling: seconds() - warmedAt },
    plan: compiled.codes.map((c): PlanEntry => ({ block: `q(${regionName(c.block.region)})`, kernel: c.factor.kind, reason: c.block.recognised.kind === 'none' ? 'no family: quadrature grid' : formName(c.block.recognised) })),
  };
}

function relativeChange(trace: readonly number[]): number {
  const last = trace[trace.length - 1]!, before = trace[trace.length - 2];
  return before === undefined ? Infinity : Math.abs(last - before) / (1e-300 + Math.max(Math.abs(last), 1));
}
function largestChange(now: readonly (Float64Array | Int32Array)[], before: readonly (Float64Array | Int32Array)[]): number {
  let worst = 0;
  now.forEach((a, k) => {
    const b = before[k]!;
    for (let i = 0; i < a.length; i++) {
      const d = Math.abs(a[i]! - b[i]!) / (1 + Math.abs(a[i]!));
      if (d > worst) worst = d;
    }
  });
  return worst;
}

/** Moments of the factors, and independent draws for quantiles, reports and predictions. */
function results(compiled: Compiled, request: RunRequest): readonly VariableResult[] {
  const { builder, memory, codes } = compiled;
  const recorded = recordedVariables(builder, request.keep);
  const count = request.chains * request.draws;
  const drawn = recorded.map((r) => (sizeOf(r.shape) <= largestDrawn || r.kind !== 'latent' ? new Float64Array(count * sizeOf(r.shape)) : null));
  for (let d = 0; d < count; d++) {
    compiled.functions['draw']!();
    compiled.functions['report']!();
    recorded.forEach((r, k) => {
      const into = drawn[k];
      if (into !== null && into !== undefined) into.set(memory.get(r.storage)! as Float64Array, d * sizeOf(r.shape));
    });
  }
  return recorded.map((r, k): VariableResult => {
    const base = { name: r.name, shape: r.shape, kind: r.kind, discrete: r.discrete, range: r.range, elements: r.elements, insidePlate: r.insidePlate };
    const values = drawn[k] ?? null;
    const mean = memory.get(`mean of ${r.name}`), variance = memory.get(`variance of ${r.name}`);
    if (mean === undefined || variance === undefined) return { ...base, result: { form: 'draws', chains: request.chains, draws: request.draws, values: values!, independent: true } };
    const point = codes.filter((c) => c.block.region.variable.name === r.name).every((c) => c.factor.kind === 'point');
    return {
      ...base,
      result: {
        form: 'closed', mean: Float64Array.from(mean), sd: point ? null : Float64Array.from(variance, Math.sqrt), mcse: null, quantiles: null,
        probabilities: probabilitiesOf(memory, r.name), draws: values === null ? null : { count, values },
      },
    };
  });
}
function probabilitiesOf(memory: ReadonlyMap<string, Float64Array | Int32Array>, name: string): Float64Array | null {
  const p = memory.get(`E|${name}=|1`);
  return p === undefined ? null : Float64Array.from(p);
}
