/**
 * A program as an object: infer, simulate, explain, evaluate, draw. Each method binds the data it is
 * given and hands over to the phases; wrong programs, data and options leave as one `ModelError`
 * with all diagnostics, rendered with places in the program.
 */
import { templateSource } from './1-parse/template.js';
import type { BoundModel } from './2-graph/bound.js';
import { drawGraph, type DrawingFormat } from './2-graph/draw.js';
import type { ModelGraph } from './2-graph/graph.js';
import { automaticWorkers } from './4-infer/chains.js';
import { type ByVariable, gradientAtPoint } from './4-infer/gradientAtPoint.js';
import { logDensityFunction } from './4-infer/logDensity.js';
import { neededDraws } from './4-infer/pointwise.js';
import type { RunResult } from './4-infer/posterior.js';
import { givenOf } from './4-infer/programBuilder.js';
import { simulate, withoutAbsent } from './4-infer/simulate.js';
import { ObservedData, type Predictive } from './5-report/comparison/predictive.js';
import { hiddenSizes } from './5-report/dataFile.js';
import { Derivation } from './5-report/derivation.js';
import { isWorth, type Nested, Posterior, type Predictor } from './5-report/posterior.js';
import type { RunContext } from './5-report/record.js';
import { type Diagnostic, ModelError, type Span } from './errors/diagnostic.js';
import { didYouMean } from './errors/render.js';
import { isTensor } from './input/tensor.js';
import { checkMemory, outOfMemory } from './memory.js';
import {
  bindData,
  type Compiled,
  compileTemplate,
  compileText,
  type Data,
  givenWithoutData,
  modelError,
  withoutNames,
} from './pipeline.js';
import { currentPlatform, seconds } from './platform/platform.js';
import { predictions } from './prediction.js';
import {
  type BackendOptions,
  flatValue,
  type InferOptions,
  nest,
  readBackendOptions,
  readInit,
  readKeep,
  readListener,
  readOptions,
  readSeed,
  readSettings,
  type Settings,
  usualDraws,
} from './request.js';
import { version } from './version.js';

/** Called with what binding the data had to say (conditioning, coded levels, ignored values), before anything runs. */
export type NotesListener = (notes: readonly Diagnostic[]) => void;

/** How to simulate: all may be absent. */
export interface SampleOptions {
  /** Any text or number: 1. */
  readonly seed?: string | number | undefined;
  /** How many independent draws; without it one draw is returned by itself. */
  readonly count?: number | undefined;
  /** Only the declared data, given ones included: values that the program can be run on. */
  readonly observed?: boolean | undefined;
  /** Hears what binding the data had to say. */
  readonly onNotes?: NotesListener | undefined;
}

/** What to explain: all may be absent. */
export interface ExplainOptions {
  /** A name of `backends`: `auto`. */
  readonly backend?: string | undefined;
  /** With data the structure of joint blocks and the generated code are shown. */
  readonly data?: Data | undefined;
  /** Options of the backend. */
  readonly options?: BackendOptions | undefined;
  /** Hears what binding the data had to say. */
  readonly onNotes?: NotesListener | undefined;
}

/** Values by name, arrays nested as deep as the variable has dimensions. */
export type Values = Readonly<Record<string, Nested>>;

/** One additive part of a log density: of which statement, and how much. */
export interface LogDensityTerm {
  /** Its text on one line. */
  readonly statement: string;
  /** Its place in the program. */
  readonly span: Span;
  /** Its part of the log density, summed over its loops. */
  readonly value: number;
}

/** The log joint density of a program for given data, as a function of its unknowns. */
export interface LogDensity {
  /** @throws ModelError where a value is absent, unknown or of the wrong shape. */
  (values: Data): number;
  /** The same by statement, in the order of the program. @throws ModelError as the function itself. */
  byFactor(values: Data): readonly LogDensityTerm[];
  /**
   * The gradient by every continuous unknown on the scale of the program, without Jacobians: of a symmetric
   * matrix the lower triangle (both entries move), of a simplex projected to sum zero.
   * @throws ModelError where the program has no gradient, the values are wrong, or the density is zero there.
   */
  gradient(values: Data): Values;
  /**
   * The same in the coordinates of gradient samplers (logarithms of positive unknowns, ...), the log
   * Jacobian included: the density, the coordinates of the point and the gradient by them.
   * @throws ModelError as `gradient`.
   */
  unconstrained(values: Data): { readonly value: number; readonly position: Values; readonly gradient: Values };
  /** What it is a function of, with dimensions (empty for a scalar). */
  readonly unknowns: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/**
 * A compiled program, made by `model` or `compile`. Its methods take data and never change it; each throws a `ModelError` with all
 * diagnostics where program, data or options are wrong.
 */
export class Model {
  /** The text of the program; host values of a template are shown as `${...}`. */
  readonly source: string;
  /** What messages call the program. */
  readonly fileName: string;
  /** Warnings and notes of the checker. */
  readonly notes: readonly Diagnostic[];
  private readonly compiled: Compiled;

  /** @internal `model` and `compile` make models. */
  constructor(compiled: Compiled) {
    this.compiled = compiled;
    this.source = compiled.source;
    this.fileName = compiled.fileName;
    this.notes = compiled.notes;
  }

  /** Names a user may pass values for: declared data, sizes, and unknowns (to condition on). */
  get inputs(): { readonly data: readonly string[]; readonly sizes: readonly string[]; readonly unknowns: readonly string[] } {
    const variables = [...this.compiled.graph.variables.values()];
    const data = variables.filter((v) => v.origin === 'data').map((v) => v.name);
    const unknowns = variables.filter((v) => v.origin === 'sample' || v.origin === 'param').map((v) => v.name);
    return { data, sizes: [...this.compiled.graph.sizes.keys()].filter((name) => !data.includes(name)), unknowns };
  }

  /**
   * Runs a backend on data.
   * @throws ModelError where data or options are wrong (all of them together) or the backend does not apply.
   */
  async infer(data: Data = {}, options: InferOptions & { readonly onNotes?: NotesListener | undefined } = {}): Promise<Posterior> {
    const start = seconds();
    const { settings, problems: ofSettings } = readSettings(options),
      problems = [...ofSettings];
    const { onNotes: _, ...inferOptions } = options ?? {},
      onNotes = readListener('onNotes', options?.onNotes, problems);
    const { bound, diagnostics } = bindData(this.compiled, data, 'infer');
    const all = [...problems, ...diagnostics];
    const keep = bound === null ? null : readKeep(inferOptions.keep, bound, all);
    const init = bound === null ? null : readInit(inferOptions.init, bound, all);
    if (bound !== null && init !== null) all.push(...this.startProblems(data, init, diagnostics));
    // Data have been read: what their owner does with them from here on is no matter.
    const available = (await currentPlatform()).memory;
    if (bound !== null) all.push(...checkMemory(settings, bound, keep, available));
    if (bound === null || settings.backend === null || all.some((d) => d.severity === 'error')) throw this.error(all);
    const compileSeconds = this.compiled.seconds + seconds() - start;
    const notes = [...this.notes, ...diagnostics];
    onNotes?.(notes);
    const { backend, unit, pointwise, maxSeconds, until, ...request } = settings;
    const { signal, store } = inferOptions;
    const limited = maxSeconds < Number.POSITIVE_INFINITY;
    const stopped =
      signal === undefined && !limited ? undefined : (): boolean => signal?.aborted === true || seconds() - start > maxSeconds;
    const observed = new ObservedData(bound, unit, pointwise);
    // A wrong unit is said before the run, and what its likelihoods need is kept.
    const extra =
      pointwise || unit !== null
        ? this.explained(() => neededDraws(bound, unit)).filter((name) => pointwise && keep !== null && !keep.includes(name))
        : [];
    if (extra.length > 0) {
      const beyond = checkMemory(settings, bound, [...keep!, ...extra], available);
      if (beyond.length > 0) throw this.error(beyond);
    }
    const workers = settings.workers === 'auto' ? await automaticWorkers(settings.chains) : settings.workers;
    const result = await this.explained(() =>
      backend.run(bound, this.source, {
        ...request,
        workers,
        keep: keep === null ? null : [...keep, ...extra],
        init,
        onProgress: inferOptions.onProgress,
        onNote: (note) => onNotes?.([note]),
        stopped,
        inStep: limited,
        enough: until === null ? undefined : (run) => isWorth(run, until),
        store,
        independentDraws: until === null ? undefined : Math.min(settings.draws, Math.max(usualDraws, Math.ceil(until / settings.chains))),
      }),
    );
    const warnings = notes.filter((note) => note.severity === 'warning');
    const context = this.context(data, settings, inferOptions, notes, compileSeconds);
    const predictor: Predictor = ({ result: drawn, converged }, values, how) =>
      predictions({ compiled: this.compiled, bound, result: drawn, context, converged }, values, how);
    const posterior = (variables: RunResult['variables'], predictive: Predictive | null): Posterior =>
      new Posterior({ ...result, variables, warnings: [...warnings, ...result.warnings] }, context, predictor, observed, predictive);
    if (extra.length === 0) return posterior(result.variables, null);
    const { value } = posterior(result.variables, null).wantedPredictive();
    return posterior(
      result.variables.filter((v) => !extra.includes(v.name)),
      value,
    );
  }

  /**
   * Draws from the program in the order of its dependencies: everything that is not given. One draw, or a
   * list of them where `count` is given.
   * @throws ModelError where data are wrong or the program cannot be simulated, with the reason.
   */
  sample(data?: Data, options?: SampleOptions & { readonly count?: undefined }): Values;
  sample(data: Data, options: SampleOptions & { readonly count: number }): readonly Values[];
  sample(data: Data = {}, options: SampleOptions = {}): Values | readonly Values[] {
    const drawn = [...this.simulate(data, options)];
    return options.count === undefined ? drawn[0]! : drawn;
  }

  /**
   * As `sample`, one draw after the other, so that any number of them fits into memory. @throws ModelError as `sample`, before the first
   * draw.
   */
  simulate(data: Data = {}, options: SampleOptions = {}): Iterable<Values> {
    const problems: Diagnostic[] = [];
    const { seed: givenSeed, observed, ...read } = readOptions(options, ['seed', 'count', 'observed', 'onNotes'], problems);
    const seed = readSeed(givenSeed, problems),
      onNotes = readListener('onNotes', read.onNotes, problems);
    const count: unknown = read.count ?? 1;
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      problems.push({
        code: 'wrong-option',
        severity: 'error',
        message: `count is ${String(count)}; it must be a whole number of at least 0.`,
      });
    }
    if (observed !== undefined && typeof observed !== 'boolean')
      problems.push({ code: 'wrong-option', severity: 'error', message: `observed is ${String(observed)}; it must be true or false.` });
    const bound = this.bind(data, 'sample', problems, onNotes);
    const simulation = this.explained(() => simulate(bound, { count: count as number, seed }));
    if (simulation.notes.length > 0) onNotes?.(simulation.notes);
    const given = observed === true ? observedValues(bound) : null;
    const { graph } = this.compiled;
    return this.explainedItems(simulation.draws(), (draw) => {
      const values = Object.create(null) as Record<string, Nested>;
      for (const [name, value] of given ?? []) values[name] = value;
      for (const [name, { shape, values: flat }] of draw) {
        const origin = graph.variables.get(name)?.origin;
        // What was given is no result; of data with gaps the whole is shown, and reports always.
        const wanted =
          given === null ? bound.variables.get(name)?.status !== 'given' || origin === 'report' : origin === 'data' && !given.has(name);
        if (wanted) values[name] = nest(flat, shape, 0) as Nested;
      }
      return values;
    });
  }

  /**
   * What a backend derives for this program, as formulas; with data also its generated code.
   * @throws ModelError where data are wrong or the backend does not apply.
   */
  explain(options: ExplainOptions = {}): Derivation {
    const problems: Diagnostic[] = [];
    const read = readOptions(options, ['backend', 'data', 'options', 'onNotes'], problems),
      onNotes = readListener('onNotes', read.onNotes, problems);
    const { settings, problems: wrong } = readSettings(read.backend === undefined ? {} : { backend: read.backend });
    problems.push(...wrong);
    const backend = settings.backend;
    const { unit: _, ...backendOptions } = readBackendOptions(read.options ?? {}, backend, problems);
    const bound = read.data === undefined ? null : this.bind(read.data, 'infer', problems, onNotes);
    if (backend === null || problems.some((d) => d.severity === 'error')) throw this.error(problems);
    const { graph } = this.compiled;
    const given = bound === null ? givenWithoutData(graph) : givenOf(bound);
    return new Derivation(this.explained(() => backend.explain(graph, given, this.source, backendOptions, bound)));
  }

  /** The log joint density for given data, every normalising constant included. @throws ModelError where data are wrong. */
  logDensity(data: Data = {}, options: { readonly onNotes?: NotesListener | undefined } = {}): LogDensity {
    const problems: Diagnostic[] = [];
    const { onNotes } = readOptions(options, ['onNotes'], problems);
    const bound = this.bind(data, 'infer', problems, readListener('onNotes', onNotes, problems));
    const evaluator = this.explained(() => logDensityFunction(bound));
    const { unknowns } = evaluator;
    const read = (values: Data): ReadonlyMap<string, Float64Array> => this.readPoint(values, unknowns, bound);
    const byFactor = (values: Data): readonly LogDensityTerm[] =>
      this.explained(() => evaluator.byFactor(read(values))).map(({ span, value }) => ({
        statement: this.source.slice(span.start, span.end).replace(/\s+/g, ' ').trim(),
        span,
        value,
      }));
    let made: ReturnType<typeof gradientAtPoint> | null = null;
    // Derivatives are compiled when they are first asked for.
    const differentiated = <T>(use: (g: ReturnType<typeof gradientAtPoint>) => T): T =>
      this.explained(() => use((made ??= gradientAtPoint(bound))));
    const gradient = (values: Data): Values => {
      const point = read(values);
      return differentiated((g) => nestedValues(g.natural(point).gradient));
    };
    const unconstrained: LogDensity['unconstrained'] = (values) => {
      const point = read(values),
        found = differentiated((g) => g.unconstrained(point));
      return { value: found.value, position: nestedValues(found.position), gradient: nestedValues(found.gradient) };
    };
    return Object.assign((values: Data): number => this.explained(() => evaluator.total(read(values))), {
      byFactor,
      gradient,
      unconstrained,
      unknowns,
    });
  }

  /**
   * The plated graph: as a picture (svg), for other tools (dot, mermaid) or as data (json). @throws ModelError for a picture of too many
   * quantities.
   */
  graph(format: DrawingFormat = 'svg'): string {
    return this.explained(() => drawGraph(this.compiled.graph, format));
  }

  /** @internal The plated graph of the program, for tools that test or draw it (`credence/testing`). */
  plated(): ModelGraph {
    return this.compiled.graph;
  }

  private bind(data: Data, mode: 'infer' | 'sample', problems: readonly Diagnostic[], onNotes: NotesListener | undefined): BoundModel {
    const { bound, diagnostics } = bindData(this.compiled, data, mode);
    if (bound === null || problems.some((d) => d.severity === 'error')) throw this.error([...problems, ...diagnostics]);
    onNotes?.([...this.notes, ...diagnostics]);
    return bound;
  }

  /** Starts outside the support: what binding would say if they were data. */
  private startProblems(data: Data, init: Readonly<Record<string, unknown>>, known: readonly Diagnostic[]): readonly Diagnostic[] {
    const values = new Map<string, unknown>([...(data instanceof Map ? data : Object.entries(data)), ...Object.entries(init)]);
    const said = new Set(known.map((d) => d.message));
    return bindData(this.compiled, values, 'infer')
      .diagnostics.filter((d) => d.severity === 'error' && !said.has(d.message))
      .map((d) => ({ ...d, code: 'wrong-init', message: `As a start: ${d.message}` }));
  }

  private readPoint(values: Data, unknowns: LogDensity['unknowns'], bound: BoundModel): ReadonlyMap<string, Float64Array> {
    const unnamed = withoutNames(values, 'values');
    if (unnamed !== null) throw this.error([unnamed]);
    const given = new Map<string, unknown>(values instanceof Map ? values : Object.entries(values));
    const problems: Diagnostic[] = [];
    const problem = (message: string, hint?: string): void => {
      problems.push({ code: 'wrong-value', severity: 'error', message, hint });
    };
    const point = new Map<string, Float64Array>();
    for (const { name } of unknowns) {
      const value = given.get(name);
      if (!given.has(name)) {
        problem(`No value is given for the unknown ${name}.`, `the unknowns are ${unknowns.map((u) => u.name).join(', ')}`);
        continue;
      }
      const flat = flatValue(bound.variables.get(name)!, value);
      if (typeof flat === 'string') problem(`${flat}.`);
      else point.set(name, flat);
    }
    for (const name of given.keys()) {
      if (unknowns.some((u) => u.name === name)) continue;
      const near = didYouMean(
        name,
        unknowns.map((u) => u.name),
      );
      problem(`${name} is not an unknown of the program.`, near === null ? undefined : `did you mean ${near}?`);
    }
    if (problems.length > 0) throw this.error(problems);
    return point;
  }

  private context(data: Data, settings: Settings, given: InferOptions, notes: readonly Diagnostic[], compileSeconds: number): RunContext {
    const { backend, seed, options, unit, pointwise: _, maxSeconds, until, ...counts } = settings;
    return {
      seed,
      program: this.source,
      notes,
      compileSeconds,
      options: {
        backend: backend?.name ?? null,
        ...counts,
        maxSeconds: Number.isFinite(maxSeconds) ? maxSeconds : null,
        until: until === null ? null : { ess: until },
        keep: given.keep ?? null,
        init: given.init ?? null,
        options: unit === null ? options : { ...options, unit },
      },
      versions: { credence: version, ...(typeof process === 'undefined' ? {} : { node: process.versions.node }) },
      levels: levelsOf(data, this.compiled.graph),
    };
  }

  /** Refusals of the phases name places; the text around them is known here. */
  private explained<T>(run: () => T): T {
    try {
      const result = run();
      return result instanceof Promise
        ? (result.catch((thrown: unknown) => {
            throw this.rendered(thrown);
          }) as T)
        : result;
    } catch (thrown) {
      throw this.rendered(thrown);
    }
  }

  /** The same for what is made one by one. */
  private *explainedItems<T, U>(items: Iterable<T>, use: (item: T) => U): Generator<U> {
    try {
      for (const item of items) yield use(item);
    } catch (thrown) {
      throw this.rendered(thrown);
    }
  }

  private rendered(thrown: unknown): unknown {
    const noMemory = outOfMemory(thrown);
    return noMemory !== null ? this.error([noMemory]) : thrown instanceof ModelError ? this.error(thrown.diagnostics) : thrown;
  }

  private error(diagnostics: readonly Diagnostic[]): ModelError {
    return modelError(diagnostics, this.source, this.fileName);
  }
}

/**
 * A program written as a tagged template; `${value}` is a constant of the program.
 * @throws ModelError with all diagnostics of the program.
 */
export function model(strings: TemplateStringsArray, ...values: readonly unknown[]): Model {
  // Without types it may be called as a function.
  if (!Array.isArray(strings) || !('raw' in strings))
    throw modelError(
      [
        {
          code: 'wrong-option',
          severity: 'error',
          message: 'model is a tag of a template.',
          hint: 'write model`...`, or compile(text) for the text of a program',
        },
      ],
      '',
      'model',
    );
  return new Model(compileTemplate(templateSource(strings, values), 'model'));
}

/**
 * A program given as text, as in a `.cred` file.
 * @param fileName what messages call it.
 * @throws ModelError with all diagnostics of the program.
 */
export function compile(source: string, fileName: string = 'model'): Model {
  if (typeof source !== 'string')
    throw modelError(
      [
        {
          code: 'wrong-option',
          severity: 'error',
          message: 'compile takes the text of a program.',
          hint: "write compile('data y: real[N] ...'), or model`...` for a template with values",
        },
      ],
      '',
      'model',
    );
  return new Model(compileText(source, fileName));
}

function nestedValues(byVariable: ByVariable): Values {
  const out = Object.create(null) as Record<string, Nested>;
  for (const [name, { shape, values }] of byVariable) out[name] = nest(values, shape, 0) as Nested;
  return out;
}

/** Data that were given, and sizes that no data shows, as values to pass again. */
function observedValues(bound: BoundModel): ReadonlyMap<string, Nested> {
  const values = new Map<string, Nested>(hiddenSizes(bound));
  for (const variable of bound.graph.variables.values()) {
    const known = bound.variables.get(variable.name);
    if (variable.origin === 'data' && known?.status === 'given')
      values.set(variable.name, nest(withoutAbsent(known.values, known.absent), known.shape, 0) as Nested);
  }
  return values;
}

function levelsOf(data: Data, graph: ModelGraph): Readonly<Record<string, readonly string[]>> {
  const levels = Object.create(null) as Record<string, readonly string[]>;
  for (const [name, value] of data instanceof Map ? (data as ReadonlyMap<string, unknown>) : Object.entries(data)) {
    if (isTensor(value) && value.levels !== undefined && graph.variables.get(name)?.scalar === 'int') levels[name] = value.levels;
  }
  return levels;
}
