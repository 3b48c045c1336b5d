/**
 * From kernels to a program that chains run: start, sweep, reports, the joint density, and what is
 * recorded. Folded tables are computed here, once for all chains.
 */
import { allocate, instantiate, printModule } from '../code/module.js';
import { createRuntime } from '../code/runtime.js';
import { type Code, accumulate, store } from '../code/loop.js';
import { createRandom } from '../random/generator.js';
import { type Expr, addAll, cond, num, one, ref, reduce, zero } from '../expr/expr.js';
import { supportOf } from '../distributions/law/form.js';
import type { BoundVariable } from '../2-graph/bound.js';
import type { Statement, Variable } from '../2-graph/graph.js';
import { readsOf } from '../2-graph/query.js';
import type { Factor } from '../3-derive/model.js';
import { ancestralCode } from './ancestral.js';
import { exchangeableGroups } from './exchangeable.js';
import type { ChainProgram, Counter, ProgramStorage, Recorded } from './chainProgram.js';
import type { ProgramBuilder } from './programBuilder.js';
import { adaptingStorage, iterationStorage } from './steps.js';
import type { StepResult } from './steps.js';

/** A variable with more elements than this keeps moments only, unless it is asked for by name. */
const largestKept = 10_000;

/** Declares the storages that every sampler's code refers to. */
export function prepare(builder: ProgramBuilder): void {
  builder.addStorage({ name: iterationStorage, type: 'float64', shape: [], place: 'state' });
  builder.addStorage({ name: adaptingStorage, type: 'int32', shape: [], place: 'state' });
}

/** The log joint density of the state, term by factor, as expressions of storages. */
export function jointTerms(
  builder: ProgramBuilder,
  factors: readonly Factor[],
): readonly { readonly factor: Factor; readonly value: Expr }[] {
  return factors.map((factor) => {
    let e = builder.bind(factor.logDensity);
    for (const c of [...factor.conditions].reverse()) e = cond(builder.bind(c), e, num(-Infinity));
    for (const g of [...factor.guards].reverse()) e = cond(builder.bind(g), e, zero);
    for (const p of [...factor.plates].reverse()) {
      const b = builder.bindBinder({ index: p.index, from: p.from, to: p.to });
      e = reduce('sum', b.index, b.from, b.to, e);
    }
    return { factor, value: e };
  });
}

/** Code that recomputes recursive quantities in memory after a latent they depend on has changed. */
export function recomputeCode(builder: ProgramBuilder, changed: string | null): readonly Code[] {
  const wanted = recomputed(builder, changed);
  return wanted === null ? [] : ancestralCode(builder, { generate: 'latents', wanted });
}
/** The statements that recompute recursive quantities; null where there are none. */
export function recomputed(builder: ProgramBuilder, changed: string | null): ((s: Statement) => boolean) | null {
  const needed = new Set(builder.model.recursive);
  const graph = builder.bound.graph;
  if (needed.size === 0) return null;
  // Quantities between the latent and the recursion are read from memory too.
  const lets = graph.statements.flatMap((s) =>
    s.kind === 'let' ? [{ name: s.target.variable, reads: new Set(readsOf(s).map((read) => read.variable)) }] : [],
  );
  const readers = new Map<string, string[]>(),
    reads = new Map<string, string[]>();
  const push = (map: Map<string, string[]>, key: string, value: string): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [value]);
    else list.push(value);
  };
  for (const l of lets)
    for (const r of l.reads) {
      push(readers, r, l.name);
      push(reads, l.name, r);
    }
  const reached = (start: Iterable<string>, next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> => {
    const out = new Set(start);
    for (const name of out) for (const other of next.get(name) ?? []) out.add(other);
    return out;
  };
  const dependent = changed === null ? null : reached([changed], readers),
    feeding = reached(needed, reads);
  const depends = (name: string): boolean => dependent?.has(name) !== false;
  const feeds = (name: string): boolean => feeding.has(name);
  return (s) => s.kind === 'let' && isComputed(builder, s) && depends(s.target.variable) && feeds(s.target.variable);
}
/** Variables that hold recursive quantities, and what lies between them and the unknowns. */
export function recomputedNames(builder: ProgramBuilder): readonly string[] {
  const wanted = recomputed(builder, null);
  return wanted === null
    ? []
    : [...new Set(builder.bound.graph.statements.flatMap((s) => (s.kind === 'let' && wanted(s) ? [s.target.variable] : [])))];
}
/** True for definitions to evaluate during a run: also of elements of a variable that is sampled elsewhere. */
export function isComputed({ model }: ProgramBuilder, s: Statement): boolean {
  return s.kind === 'let' && model.statusOf(s.target.variable) !== 'given';
}
/** True for statements of latents that have no start yet. */
export function needsStart({ model }: ProgramBuilder, s: Statement, initialised: { has(name: string): boolean }): boolean {
  return (
    (s.kind === 'sample' || s.kind === 'param' || s.kind === 'observe') &&
    s.target !== null &&
    ['latent', 'partial'].includes(model.statusOf(s.target.variable)) &&
    !initialised.has(s.target.variable)
  );
}

export interface AssembleOptions {
  readonly keep: readonly string[] | null;
  /** Values of latents given by the user as a start. */
  readonly initialised: ReadonlySet<string>;
  /** Runs after a start is drawn: tables of the state that kernels keep up to date. */
  readonly prepared: readonly Code[];
}

/** The entry points of a sampler and what it records. */
export function assemble(
  builder: ProgramBuilder,
  factors: readonly Factor[],
  steps: readonly { readonly block: string; readonly result: Pick<StepResult, 'code' | 'counter'> }[],
  options: AssembleOptions,
): { readonly program: ChainProgram; readonly code: string } {
  const joint = addAll(jointTerms(builder, factors).map((t) => t.value));
  builder.entry('logJoint', [{ do: 'return', value: joint }]);
  const near = builder.fresh('near', [], 'local');
  builder.entry(
    'initialise',
    [
      ...ancestralCode(builder, {
        generate: 'latents',
        wanted: (s) => needsStart(builder, s, options.initialised) || isComputed(builder, s),
        near: ref(near, []),
      }),
      ...options.prepared,
    ],
    [near],
  );
  const flag = builder.fresh('adaptingFlag', [], 'local');
  builder.entry(
    'sweep',
    [store(adaptingStorage, [], ref(flag, [])), ...steps.flatMap((s) => s.result.code), accumulate(iterationStorage, [], one)],
    [flag],
  );
  builder.entry(
    'report',
    ancestralCode(builder, {
      generate: 'latents',
      wanted: (s) => isComputed(builder, s) || s.kind === 'predict',
    }),
  );
  const counters: Counter[] = steps.flatMap((s) =>
    s.result.counter === null ? [] : [{ block: s.block, storage: s.result.counter.storage, pairs: s.result.counter.pairs }],
  );
  const printed = printModule(builder.module());
  const values = runFolds(builder);
  const storages: ProgramStorage[] = printed.storages.map((s) => ({
    name: s.name,
    type: s.type,
    shape: s.shape,
    place: s.place,
    values: values.get(s.name) ?? builder.initialValues(s.name),
  }));
  return {
    code: printed.source,
    program: {
      source: printed.source,
      storages,
      counters,
      recorded: recordedVariables(builder, options.keep),
      exchangeable: exchangeableGroups(builder, factors),
      usesHostFunctions: builder.bound.graph.hostFunctions.length > 0,
    },
  };
}

/** Computes folded tables; returns the data storages they were written to. */
export function runFolds(builder: ProgramBuilder): ReadonlyMap<string, Float64Array | Int32Array> {
  return foldingOf(builder)(new Map());
}

/** Computes folded tables of the builder's data, or of other data in the place of some of them. */
export function foldingOf(
  builder: ProgramBuilder,
): (data: ReadonlyMap<string, Float64Array | Int32Array>) => ReadonlyMap<string, Float64Array | Int32Array> {
  if (builder.folds().length === 0) return () => new Map();
  const storages = builder
    .storages()
    .filter((s) => s.place !== 'local')
    .map((s) => (s.name.startsWith('%sum') && s.place === 'data' ? { ...s, place: 'state' as const } : s));
  const locals = builder.storages().filter((s) => s.place === 'local');
  const printed = printModule({ storages: [...storages, ...locals], functions: [{ name: 'fold', parameters: [], body: builder.folds() }] });
  return (data) => {
    const values = new Map<string, Float64Array | Int32Array>();
    // Tables start from zeros each time: the builder's own are filled already.
    for (const s of printed.storages) {
      const v = data.get(s.name) ?? (s.name.startsWith('%sum') ? undefined : builder.initialValues(s.name));
      if (v !== undefined) values.set(s.name, v);
    }
    const arrays = allocate(printed.storages, values);
    const functions = instantiate(
      printed.source,
      arrays,
      createRuntime(
        createRandom('fold', 'fold'),
        builder.bound.graph.hostFunctions.map((h) => h.call),
      ),
    );
    functions['fold']!();
    return new Map(
      printed.storages.flatMap((s, k): [string, Float64Array | Int32Array][] => (s.name.startsWith('%sum') ? [[s.name, arrays[k]!]] : [])),
    );
  };
}

/** What is kept of a run: latents, missing observations, reports and predictions. */
export function recordedVariables(builder: ProgramBuilder, keep: readonly string[] | null): readonly Recorded[] {
  const out: Recorded[] = [];
  for (const v of builder.bound.graph.variables.values()) {
    const bound = builder.bound.variables.get(v.name);
    if (bound === undefined) continue;
    const kind = v.origin === 'predict' ? ('predict' as const) : v.origin === 'report' ? ('report' as const) : ('latent' as const);
    const latent = bound.status === 'latent' || bound.status === 'partial';
    const asked = keep !== null && keep.includes(v.name);
    if (keep !== null ? !asked : !(latent || kind !== 'latent')) continue;
    if (v.origin === 'constant' || (v.origin === 'data' && !latent)) continue;
    const cells = bound.shape.reduce((a, b) => a * b, 1);
    const elements = existingElements(bound);
    out.push({
      name: v.name,
      storage: v.name,
      shape: bound.shape,
      kind,
      mode: cells > largestKept && !asked ? 'moments' : 'draws',
      range: v.scalar === 'real' ? undefined : bound.range,
      elements,
      discrete: v.scalar !== 'real',
      fixed: mayBeFixed(v, builder),
      insidePlate: inDataPlate(v, builder),
    });
  }
  return out;
}

function positions(marks: Int32Array | Uint8Array, mark: number): Int32Array {
  const out: number[] = [];
  marks.forEach((m, k) => {
    if (m === mark) out.push(k);
  });
  return Int32Array.from(out);
}
function existingElements(v: BoundVariable): Int32Array | undefined {
  const { mask, absent } = v;
  if (v.status === 'partial' && mask !== undefined) return positions(mask, 1);
  return absent === undefined ? undefined : positions(absent, 0);
}
/** True where a variable's support may be a single value, or some of its elements are computed (corner constraints). */
function mayBeFixed(v: Variable, builder: ProgramBuilder): boolean {
  const single: readonly string[] = ['simplex', 'corr', 'point'];
  return (
    single.includes(v.constraint.kind) ||
    (builder.model.definitions.get(v.name) ?? []).some(
      (s) => s.kind === 'let' || ((s.kind === 'sample' || s.kind === 'observe') && single.includes(supportOf(s.law).kind)),
    )
  );
}
/** True where a leading dimension is bound by the number of rows of some data. */
function inDataPlate(v: Variable, builder: ProgramBuilder): boolean {
  const leading = v.dims.slice(0, v.dims.length - v.eventRank);
  if (v.origin === 'data') return true;
  for (const [name, source] of builder.bound.graph.sizes) {
    if (!source.sources.some((s) => s.axis === 0)) continue;
    if (leading.some((d) => sizeIn(d, name))) return true;
  }
  return false;
}
function sizeIn(e: Expr, name: string): boolean {
  if (e.op === 'size') return e.name === name;
  if (e.op === 'apply') return e.args.some((a) => sizeIn(a, name));
  return false;
}
