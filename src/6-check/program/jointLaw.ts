/**
 * The joint law of a program's unknowns and data as a simulator: draws of both, new data given unknowns, the log
 * joint density, and the program bound to any such data. Truth of every test that simulates: the program as it was
 * written, whatever the sampler under test runs.
 */
import { bind } from '../../2-graph/bind.js';
import type { BoundModel, BoundVariable } from '../../2-graph/bound.js';
import type { ModelGraph, Statement } from '../../2-graph/graph.js';
import { arraysOfStatement } from '../../2-graph/query.js';
import { loadModule } from '../../4-infer/loadedModule.js';
import { ancestralCode } from '../../4-infer/ancestral.js';
import { type LogDensity, logDensityFunction } from '../../4-infer/logDensity.js';
import { sizeOf } from '../../4-infer/posterior.js';
import { ProgramBuilder } from '../../4-infer/programBuilder.js';
import { generation } from '../../4-infer/simulate.js';
import type { EntryPoint } from '../../code/module.js';
import { type Diagnostic, ModelError } from '../../errors/diagnostic.js';
import { isConst, variablesOf } from '../../expr/expr.js';
import { tensor } from '../../input/tensor.js';
import type { Random } from '../../random/generator.js';

/** Flat values by name. */
export type Values = ReadonlyMap<string, Float64Array | Int32Array>;
/** Values as a user gives them. */
export type GivenValues = ReadonlyMap<string, unknown>;

/** @throws ModelError with the errors of binding. */
export function boundTo(graph: ModelGraph, values: GivenValues, mode: 'infer' | 'sample' = 'infer'): BoundModel {
  const { model, diagnostics } = bind(graph, values, { mode });
  if (model === null) throw errorOf(diagnostics);
  return model;
}
function errorOf(diagnostics: readonly Diagnostic[]): ModelError {
  const errors = diagnostics.filter((d) => d.severity === 'error');
  return new ModelError(diagnostics, errors.map((d) => d.message).join('\n'));
}

/** Why a program has no joint law to draw from, in words. */
export class NoJointLaw extends Error {
  override readonly name: string = 'NoJointLaw';
}

export class JointLaw {
  /** What inference is about: latent variables, and data with gaps, as bound to the user's data (or to a first simulation). */
  readonly unknowns: readonly BoundVariable[];
  /** Names of the data that the program generates. */
  readonly generated: ReadonlySet<string>;
  private readonly graph: ModelGraph;
  /** Data that no statement generates: covariates, sizes. */
  private readonly fixed: Map<string, unknown>;
  /** Cells of generated data that are missing in the user's, by name. */
  private readonly gaps = new Map<string, Int32Array>();
  private readonly shapes = new Map<string, readonly number[]>();
  private readonly memory: ReadonlyMap<string, Float64Array | Int32Array>;
  private readonly entries: Readonly<Record<string, EntryPoint>>;
  private readonly density: LogDensity;

  /**
   * @param data what the user gives; data that the program generates may be left out where sizes are known.
   * @param random the stream of all draws.
   * @throws NoJointLaw where the program cannot be simulated, with the reason; ModelError where data are wrong.
   */
  constructor(graph: ModelGraph, data: GivenValues, random: Random) {
    this.graph = graph;
    const { model: given } = bind(graph, data, { mode: 'infer' });
    const first = given ?? boundTo(graph, data, 'sample');
    const generated = new Set(
      graph.statements.flatMap((s) => ((s.kind === 'sample' || s.kind === 'observe') && s.target !== null ? [s.target.variable] : [])),
    );
    this.fixed = new Map([...data].filter(([name]) => !generated.has(name)));
    for (const [name, size] of first.sizes) if (!this.fixed.has(name)) this.fixed.set(name, size);
    for (const v of first.variables.values()) if (v.status === 'partial' && v.mask !== undefined) this.gaps.set(v.name, v.mask);
    const bound = boundForSimulation(graph, this.fixed);
    const builder = new ProgramBuilder(bound);
    const { wanted, notes } = simulated(() => generation(builder));
    const twice = notes.find((n) => n.code === 'generated-once');
    if (twice !== undefined) throw new NoJointLaw(`${twice.message}, so simulated data do not follow the joint law of all statements`);
    this.generated = new Set(
      [...generated].filter(
        (name) => bound.variables.get(name)?.status === 'latent' && (graph.variables.get(name)?.origin === 'data' || data.has(name)),
      ),
    );
    const apart = graph.statements.find(
      (s) =>
        s.kind === 'observe' &&
        (s.target === null || !this.generated.has(s.target.variable)) &&
        !s.guards.some((g) => isConst(builder.bind(g), 0)),
    );
    if (apart !== undefined) throw new NoJointLaw('data are observed only through an expression, so no statement generates them');
    const childless = withoutOtherReaders(graph, this.generated);
    const isData = (s: Statement): boolean =>
      (s.kind === 'sample' || s.kind === 'observe') && s.target !== null && childless.has(s.target.variable);
    builder.entry('draw', ancestralCode(builder, { generate: 'everything', wanted }));
    builder.entry(
      'replicate',
      ancestralCode(builder, { generate: 'everything', wanted: (s) => wanted(s) && (s.kind === 'let' || isData(s)) }),
    );
    const { functions, memory } = loadModule(builder, random);
    this.entries = functions;
    this.memory = memory;
    this.density = logDensityFunction(bound);
    for (const { name, shape } of this.density.unknowns) this.shapes.set(name, shape);
    const inference = given ?? this.bound(this.draw());
    this.unknowns = [...inference.variables.values()].filter(
      (v) => (v.status === 'latent' || v.status === 'partial') && graph.variables.get(v.name)?.origin !== 'predict',
    );
  }

  /** Unknowns and data, independent of all draws before. */
  draw(): Values {
    this.entries['draw']!();
    return this.snapshot();
  }

  /**
   * The same unknowns with new data, from their law given the unknowns. What is conditioned on and itself the parent of an unknown
   * stays: its law given the unknowns is not the one it is drawn from.
   */
  replicate(values: Values): Values {
    for (const name of this.shapes.keys()) this.memory.get(name)!.set(values.get(name)!);
    this.entries['replicate']!();
    return this.snapshot();
  }

  /** The log density of unknowns and data together. */
  logJoint(values: Values): number {
    return this.density.total(values);
  }

  /** The data of a draw as a user would give them, gaps included. */
  dataOf(values: Values): GivenValues {
    const out = new Map(this.fixed);
    for (const name of this.generated) {
      const own = values.get(name)!,
        gaps = this.gaps.get(name);
      out.set(
        name,
        tensor(gaps === undefined ? own : Float64Array.from(own, (x, k) => (gaps[k] === 1 ? Number.NaN : x)), this.shapes.get(name)!),
      );
    }
    return out;
  }
  /**
   * The program bound to the data of a draw. @throws ModelError where they are no data of the program (an overflow, a value on a bound).
   */
  bound(values: Values, graph: ModelGraph = this.graph): BoundModel {
    return boundTo(graph, this.dataOf(values));
  }

  private snapshot(): Values {
    return new Map([...this.shapes.keys()].map((name) => [name, this.memory.get(name)!.slice(0, sizeOf(this.shapes.get(name)!))]));
  }
}

/**
 * The variables among some that no statement of others reads, directly or through definitions: given the others they follow their own
 * statements.
 */
function withoutOtherReaders(graph: ModelGraph, names: ReadonlySet<string>): ReadonlySet<string> {
  const defined = new Map<string, Set<string>>();
  for (const s of graph.statements)
    if (s.kind === 'let') defined.set(s.target.variable, new Set([...(defined.get(s.target.variable) ?? []), ...readBy(s)]));
  const reads = (s: Statement): ReadonlySet<string> => {
    const out = new Set(readBy(s));
    for (const name of out) for (const other of defined.get(name) ?? []) out.add(other);
    return out;
  };
  const left = new Set(names);
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const s of graph.statements) {
      if (s.kind === 'let' || s.kind === 'predict') continue;
      const own = s.kind === 'factor' ? null : (s.target?.variable ?? null);
      if (own === null || !left.has(own)) for (const name of reads(s)) if (name !== own) left.delete(name);
    }
  }
  return left;
}

function readBy(s: Statement): ReadonlySet<string> {
  return new Set(arraysOfStatement(s).flatMap((a) => [...variablesOf(a.body)]));
}

function boundForSimulation(graph: ModelGraph, fixed: GivenValues): BoundModel {
  const { model, diagnostics } = bind(graph, fixed, { mode: 'sample' });
  if (model === null)
    throw new NoJointLaw(
      `its data cannot all be simulated: ${diagnostics
        .filter((d) => d.severity === 'error')
        .map((d) => d.message)
        .join('; ')}`,
    );
  return model;
}
function simulated<T>(run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    throw new NoJointLaw([...new Set(thrown.diagnostics.map((d) => d.message))].join('; '));
  }
}
