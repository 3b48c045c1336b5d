/**
 * The posterior a user holds, one interface for all backends: summaries, means, draws, diagnostics,
 * probabilities, objectives, warnings, and the files of a run. It reads a `RunResult`; everything
 * that takes time is computed when first asked for.
 */
import { logJointOfDraws } from '../4-infer/logJointOfDraws.js';
import type { Observations } from '../4-infer/pointwiseProgram.js';
import { keptDraws, type PlanEntry, type RunResult, type Seconds, sizeOf, type VariableResult } from '../4-infer/posterior.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { currentPlatform } from '../platform/platform.js';
import { attempted, type Loo, type ObservedData, pointwiseCsv, type Predictive, type Waic } from './comparison/predictive.js';
import { ChainDraws } from './diagnostics/chainDraws.js';
import { essBulk, essTail } from './diagnostics/ess.js';
import { mcseMean, mcseQuantile, mcseSd } from './diagnostics/mcse.js';
import { rhat } from './diagnostics/rhat.js';
import { drawsCsv, runJson, summaryJson } from './files.js';
import { exportedFiles, type ExportFormat } from './interchange/export.js';
import type { ExportedFile } from './interchange/exported.js';
import { judge } from './judge.js';
import { type Relabelling, relabellings } from './labels.js';
import type { CriterionSummary, LooSummary, RunContext, Summary, SummaryRow } from './record.js';
import type { ElementSummary } from './rows.js';
import { rowsOf, summarise, type VariableSummary } from './summary.js';

/** Row-major numbers with their dimensions. */
export type ShapedArray = Float64Array & { readonly shape: readonly number[] };

/** A number, or arrays of numbers nested as deep as the variable has dimensions. */
export type Nested = number | readonly Nested[];

/** How to predict: all may be absent. */
export interface PredictOptions {
  /** Predictions drawn, rounded up to as many from each chain and, above the posterior's number of draws, from each draw; one for each draw of the posterior where absent (estimates: 1000). */
  readonly draws?: number | undefined;
  /** Any text or number: 1. */
  readonly seed?: string | number | undefined;
  /** Called with what is new and what is the run's, before anything is drawn. */
  readonly onNotes?: ((notes: readonly Diagnostic[]) => void) | undefined;
}

/** Draws the program's predictions for other data from a posterior of the same program: a posterior of what is predicted. */
export type Predictor = (posterior: Posterior, values: Readonly<Record<string, unknown>>, options: PredictOptions) => Posterior;

/** Diagnostics of one element; NaN where one is not defined (R's NA). */
export interface ElementDiagnostics {
  /** Rank-normalised split R-hat, the larger of bulk and folded (Vehtari et al. 2021). */
  readonly rhat: number;
  /** Effective sample size of the rank-normalised draws. */
  readonly essBulk: number;
  /** The smaller effective size of the 5 % and 95 % quantiles. */
  readonly essTail: number;
  /** Monte Carlo standard error of the mean. */
  readonly mcseMean: number;
  /** Of the standard deviation. */
  readonly mcseSd: number;
  /** Of the 5 % quantile. */
  readonly mcseQ5: number;
  /** Of the median. */
  readonly mcseQ50: number;
  /** Of the 95 % quantile. */
  readonly mcseQ95: number;
}

/** Draws a chain below which R-hat says nothing. */
const fewestJudgedDraws = 4;
/** Ratio of variances by label and after matching from which labels are taken to switch. */
const switchingRatio = 2;

interface View {
  readonly summaries: readonly VariableSummary[];
  readonly variables: readonly VariableResult[];
  readonly judgement: readonly Diagnostic[];
  readonly switched: readonly Diagnostic[];
}

/** What a run has found out, one interface for all backends. `Model.infer` makes it. What takes time is computed when first asked for. */
export class Posterior {
  /** What the backend returned. */
  readonly result: RunResult;
  /** What surrounds the run: seed, options, versions. */
  readonly context: RunContext;
  private readonly predictor: Predictor | null;
  private readonly observed: ObservedData | null;
  private cachedView: View | null;
  private cachedPredictive: Predictive | null;

  /**
   * @internal `Model.infer` makes posteriors.
   * @param predictor null where this posterior cannot predict for other data.
   * @param observed the data of the run; null where nothing is known of its predictions.
   * @param predictive the criteria where they are known already.
   */
  constructor(
    result: RunResult,
    context: RunContext,
    predictor: Predictor | null = null,
    observed: ObservedData | null = null,
    predictive: Predictive | null = null,
  ) {
    this.result = result;
    this.context = context;
    this.predictor = predictor;
    this.observed = observed;
    this.cachedView = null;
    this.cachedPredictive = predictive;
  }

  /** The backend that ran. */
  get backend(): string {
    return this.result.backend;
  }
  /** Log of the normalising constant, where the backend computes it. */
  get logEvidence(): number | null {
    return this.result.logEvidence;
  }
  /** Lower bound of the log evidence (cavi, em); null of others. */
  get elbo(): number | null {
    return this.result.elbo;
  }
  /** The maximum (em, map); null of others. */
  get logLikelihood(): number | null {
    return this.result.logLikelihood;
  }
  /** Log density of unknowns and data at the point found (map, MAP-EM, hard EM, modes of exact); null of others. */
  get logJoint(): number | null {
    return this.result.logJoint;
  }
  /** Which kernel or factor each block of unknowns got, and why. */
  get plan(): readonly PlanEntry[] {
    return this.result.plan;
  }
  /** How long it took. */
  get seconds(): Seconds {
    const { seconds } = this.result;
    return { ...seconds, compile: seconds.compile + this.context.compileSeconds };
  }

  /** False where the run finished but must not be trusted; `warnings` say why. */
  get converged(): boolean {
    return this.result.converged && this.view().judgement.length === 0;
  }

  /** Everything the user should know, most important last. */
  get warnings(): readonly Diagnostic[] {
    const { switched, judgement } = this.view();
    const { problem } = this.observed?.asked === true ? this.wantedPredictive() : { problem: null };
    const inVain: readonly Diagnostic[] = problem === null ? [] : [{ ...problem, severity: 'warning' }];
    return [
      ...this.result.warnings.filter((warning) => warning.severity !== 'note'),
      ...inVain,
      ...this.fewDraws(),
      ...switched,
      ...judgement,
    ];
  }

  /** What is worth knowing and no reason to doubt: which backend was chosen, and why. */
  get notes(): readonly Diagnostic[] {
    return this.result.warnings.filter((warning) => warning.severity === 'note');
  }

  /** Names of the variables in the results, in the order of the program. */
  get names(): readonly string[] {
    return this.result.variables.map((variable) => variable.name);
  }

  /** Every element with its mean, sd, Monte Carlo error, quantiles, effective sizes, R-hat and probabilities. */
  summary(): Summary {
    // Without a prototype: a variable may be called `__proto__`.
    const variables = Object.create(null) as { [element: string]: SummaryRow };
    for (const { name, flat: _flat, ...row } of this.rows()) variables[name] = row;
    const { backend, seed, converged, warnings, ...rest } = this.summaryWithoutRows();
    return { backend, seed, converged, warnings, variables, ...rest };
  }

  private *rows(): Generator<ElementSummary> {
    for (const summary of this.view().summaries) yield* rowsOf(summary);
  }

  private summaryWithoutRows(): Omit<Summary, 'variables'> {
    const { backend, logEvidence, logEvidenceSe, elbo, logLikelihood, logJoint } = this.result;
    const predictive = this.wantedPredictive().value,
      information = this.informationCriteria();
    return {
      backend,
      seed: this.context.seed,
      converged: this.converged,
      warnings: this.warnings.map(sentence),
      logEvidence,
      logEvidenceSe,
      elbo,
      logLikelihood,
      logJoint,
      aic: information?.aic ?? null,
      bic: information?.bic ?? null,
      waic: predictive === null ? null : criterionSummary(predictive.waic),
      loo: predictive?.loo ? looSummary(predictive.loo) : null,
      seconds: this.seconds,
    };
  }

  /**
   * Leave-one-out cross-validation by Pareto smoothed importance sampling: expected log predictive density,
   * effective number of parameters, Pareto k of every unit of the data.
   * @throws ModelError where nothing is observed, or there are no draws of what the data depend on.
   */
  loo(): Loo {
    const { loo, missing } = this.predictive();
    if (loo === null) throw modelError(missing!);
    return loo;
  }

  /** Watanabe's widely applicable information criterion. @throws ModelError as `loo`. */
  waic(): Waic {
    return this.predictive().waic;
  }

  /** What pointwise criteria were computed of, unit by unit. @throws ModelError as `loo`. */
  predictive(): Predictive {
    if (this.observed === null)
      throw modelError({ code: 'no-pointwise', severity: 'error', message: 'this posterior does not know the data it comes from' });
    this.cachedPredictive ??= this.observed.predictive(this.result);
    return this.cachedPredictive;
  }

  /** The criteria where a summary holds them: few likelihoods, or asked for; and why not where asked for in vain. */
  wantedPredictive(): { readonly value: Predictive | null; readonly problem: Diagnostic | null } {
    const { observed, result } = this;
    if (observed === null || !(this.cachedPredictive !== null || observed.wanted(result))) return { value: null, problem: null };
    const { value, problem } = attempted(() => this.predictive());
    return { value, problem: observed.asked ? (problem ?? value?.missing ?? null) : null };
  }

  /** Log likelihoods of which no criteria are computed with the summary, because they are many and nobody asked. */
  skippedLikelihoods(): number {
    return this.cachedPredictive === null ? (this.observed?.skipped(this.result) ?? 0) : 0;
  }

  /** AIC and BIC of a maximum of the likelihood; null of anything else. */
  informationCriteria(): {
    readonly aic: number /** Null where there are no data, or nobody knows how many. */;
    readonly bic: number | null;
    readonly parameters: number;
  } | null {
    const { backend, logLikelihood } = this.result,
      { observed } = this;
    const options = this.context.options['options'] as Readonly<Record<string, string>> | undefined;
    if (observed === null || logLikelihood === null || !observed.maximisesLikelihood(backend, options ?? {})) return null;
    const parameters = observed.freeParameters();
    const units = this.observations()?.units ?? 0;
    return parameters === null
      ? null
      : { parameters, aic: 2 * (parameters - logLikelihood), bic: units === 0 ? null : parameters * Math.log(units) - 2 * logLikelihood };
  }

  /** What the run observed, to tell data sets apart; null where it is not known. */
  observations(): Observations | null {
    const { observed } = this;
    return observed === null ? null : (this.cachedPredictive?.observations ?? attempted(() => observed.observations()).value);
  }

  /** Rows by variable, for tables. */
  summaries(): readonly VariableSummary[] {
    return this.view().summaries;
  }

  /** Posterior mean (em, map: the estimate), nested as the variable is. @throws ModelError for an unknown name. */
  mean(name: string): Nested {
    return this.column(name, (element) => element.mean);
  }

  /** Posterior standard deviation, nested as the variable is; NaN where there is none. @throws ModelError for an unknown name. */
  sd(name: string): Nested {
    return this.column(name, (element) => element.sd);
  }

  /**
   * All draws of a variable as they were made: `shape` is [chains, draws, ...dims].
   * @throws ModelError for an unknown name or one without draws.
   */
  draws(name: string): ShapedArray {
    return allDrawsOf(this.variable(name), this.backend);
  }

  /**
   * Probabilities of a variable of finite support: `shape` is [...dims, values].
   * @throws ModelError for an unknown name or one without finite support.
   */
  probabilities(name: string): ShapedArray {
    const variable = this.viewed(name);
    const { range, low = 0, result } = variable;
    if (range === undefined) throw modelError({ code: 'no-probabilities', severity: 'error', message: `'${name}' has no finite support` });
    const shape = [...variable.shape, range];
    if (result.form !== 'draws') {
      if (result.probabilities === null)
        throw modelError({
          code: 'no-probabilities',
          severity: 'error',
          message: `backend '${this.backend}' keeps no probabilities of '${name}'`,
        });
      return shaped(result.probabilities.slice(), shape);
    }
    const size = sizeOf(variable.shape);
    const probabilities = new Float64Array(size * range);
    const share = 1 / (result.chains * result.draws);
    for (let i = 0; i < result.values.length; i++) {
      const value = result.values[i]! - low;
      if (value >= 0 && value < range) probabilities[(i % size) * range + value]! += share;
    }
    return shaped(probabilities, shape);
  }

  /** R-hat, effective sizes and Monte Carlo errors by element, of the variables whose draws are kept. */
  diagnostics(): { readonly [element: string]: ElementDiagnostics } {
    const all = Object.create(null) as { [element: string]: ElementDiagnostics };
    let buffers: ChainDraws | null = null;
    for (const { variable, elements } of this.view().summaries) {
      const { result } = variable;
      if (result.form !== 'draws' || result.independent || result.chains * result.draws === 0) continue;
      const { chains, draws, repeats = 1 } = result;
      if (buffers === null || buffers.chains !== chains || buffers.draws !== draws || buffers.repeats !== repeats)
        buffers = new ChainDraws(chains, draws, repeats);
      for (const { name, flat } of elements) all[name] = diagnose(buffers.load(result.values, flat, sizeOf(variable.shape)));
    }
    return all;
  }

  /**
   * Posterior predictive draws: of the program's `predict` statements as this run drew them, or, with
   * values, of all that `predictions` is of. Of each `shape` is [chains, draws, ...dims].
   * @throws ModelError as `predictions`.
   */
  async predict(values: Readonly<Record<string, unknown>> = {}, options: PredictOptions = {}): Promise<ReadonlyMap<string, ShapedArray>> {
    const asDrawn =
      typeof values === 'object' && values !== null && (values instanceof Map ? values.size : Object.keys(values).length) === 0;
    const { result } = asDrawn ? this : this.predictions(values, options);
    return new Map(
      result.variables.filter(({ kind }) => kind === 'predict').map((variable) => [variable.name, allDrawsOf(variable, this.backend)]),
    );
  }

  /**
   * Predictions for new data, to be summarised and saved as any posterior: observations that are not given,
   * `predict` statements, new elements of unknowns, reports that these or the new data change. Unknowns keep the
   * draws of this posterior; where a size has grown, its further elements are drawn from their laws.
   * @throws ModelError for data that do not fit the program or this posterior, and where it cannot predict for other data.
   */
  predictions(values: Readonly<Record<string, unknown>> = {}, options: PredictOptions = {}): Posterior {
    if (this.predictor === null) {
      throw modelError({
        code: 'no-prediction',
        severity: 'error',
        message: `a posterior by '${this.backend}' cannot predict for other data`,
        hint: 'Write predict statements for the new data and run again.',
      });
    }
    return this.predictor(this, values, options);
  }

  /**
   * The draws in a form that other programs read: `cmdstan` (a CSV file for each chain), `zarr` (ArviZ's InferenceData,
   * a store of many files) or `parquet` (one file). Log likelihoods are there where the summary has criteria.
   * @throws ModelError (codes `wrong-option`, `no-draws`) for another format, and where there are no draws.
   */
  exportFiles(format: ExportFormat): Promise<readonly ExportedFile[]> {
    const { observed, result, context, seconds } = this;
    const known = <T>(work: (observed: ObservedData) => T): T | null =>
      observed === null || format === 'parquet' ? null : attempted(() => work(observed)).value;
    return exportedFiles(
      {
        backend: this.backend,
        variables: result.variables,
        context,
        seconds,
        bound: observed?.bound ?? null,
        logJoint: known(({ bound }) => logJointOfDraws(bound, result)),
        likelihood: format === 'zarr' && observed?.wanted(result) === true ? known((of) => of.likelihood(result)) : null,
      },
      format,
    );
  }

  /**
   * The text of `summary.json` in pieces: of millions of elements it is longer than a text can be.
   * @param more fields beside the summary's own, or in their place.
   */
  summaryText(more: Readonly<Record<string, unknown>> = {}): Iterable<string> {
    return summaryJson({ ...this.summaryWithoutRows(), ...more }, this.rows());
  }

  /** The files of a run by name, as text. A text is made when it is read: those of draws and data may be large. */
  files(): Readonly<Record<string, string>> {
    const files: Record<string, string> = {};
    for (const { name } of this.filePieces()) {
      const get = (): string => [...this.filePieces().find((file) => file.name === name)!.pieces].join('');
      Object.defineProperty(files, name, { enumerable: true, get });
    }
    return files;
  }

  /**
   * Writes the files into a directory, made if needed, in the place of an earlier run's: what that has left and this one does not write is
   * taken away.
   * @returns the names of the files.
   * @throws ModelError where there is no file system, no directory is named, it cannot be written, or files of these names stand there that
   * are of no run.
   */
  async save(directory: string): Promise<readonly string[]> {
    const { save } = await currentPlatform();
    if (save === null) {
      throw modelError({
        code: 'no-files',
        severity: 'error',
        message: 'there is no file system here',
        hint: 'Use files(): it returns names and contents.',
      });
    }
    if (typeof directory !== 'string' || directory === '')
      throw modelError({
        code: 'wrong-option',
        severity: 'error',
        message: `save takes the name of a directory; it is ${directory === '' ? 'empty' : `of type ${directory === null ? 'null' : typeof directory}`}`,
        hint: "write save('out'), or save('.') for the current directory",
      });
    try {
      const files = this.filePieces();
      await save(directory, files, { names: filesOfRuns, ...recordOfRuns });
      return files.map(({ name }) => name);
    } catch (error) {
      throw modelError({ code: 'cannot-write', severity: 'error', message: error instanceof Error ? error.message : String(error) });
    }
  }

  private filePieces(): { name: string; pieces: Iterable<string> }[] {
    const draws = drawsCsv(this.result.variables),
      predictive = this.wantedPredictive().value;
    return [
      ...(draws === null ? [] : [{ name: 'draws.csv', pieces: draws }]),
      { name: 'summary.json', pieces: this.summaryText() },
      ...(predictive === null ? [] : [{ name: 'pointwise.csv', pieces: pointwiseCsv(predictive) }]),
      {
        name: 'run.json',
        pieces: runJson(
          this.result,
          { ...this.context, notes: [...this.context.notes, ...this.notes] },
          this.warnings,
          this.seconds,
          this.observed?.tooManyToRecord() === true && this.cachedPredictive === null ? null : this.observations(),
        ),
      },
      ...(this.observed === null ? [] : [{ name: 'data.json', pieces: this.observed.dataJson() }]),
    ];
  }

  private variable(name: string): VariableResult {
    const found = this.result.variables.find((variable) => variable.name === name);
    if (found === undefined) {
      throw modelError({
        code: 'unknown-variable',
        severity: 'error',
        message: `the results have no variable '${name}'`,
        hint: `They have: ${this.names.join(', ')}.`,
      });
    }
    return found;
  }

  private viewed(name: string): VariableResult {
    this.variable(name);
    return this.view().variables.find((variable) => variable.name === name)!;
  }

  private column(name: string, pick: (element: ElementSummary) => number | null): Nested {
    const { shape } = this.variable(name);
    const values = new Float64Array(sizeOf(shape)).fill(Number.NaN);
    const summary = this.view().summaries.find(({ variable }) => variable.name === name);
    for (const element of summary === undefined ? [] : rowsOf(summary)) values[element.flat] = pick(element) ?? Number.NaN;
    return nested(values, shape, 0);
  }

  private fewDraws(): readonly Diagnostic[] {
    const few = this.result.variables.some(
      ({ result }) => result.form === 'draws' && !result.independent && result.draws / (result.repeats ?? 1) < fewestJudgedDraws,
    );
    return few
      ? [
          {
            code: 'few-draws',
            severity: 'warning',
            message: 'there are too few draws to judge convergence',
            hint: 'Ask for more (--draws).',
          },
        ]
      : [];
  }

  private view(): View {
    this.cachedView ??= makeView(this.result);
    return this.cachedView;
  }
}

/** All that may be in the directory of a run and is about that run, by name; the page (`report.html`) is made from the others. */
export const filesOfRuns: readonly string[] = ['draws.csv', 'summary.json', 'pointwise.csv', 'run.json', 'data.json', 'report.html'];

/** The file of them that tells the directory of a run, and how it begins. */
export const recordOfRuns: { readonly record: string; readonly begins: RegExp } = { record: 'run.json', begins: /^\s*\{\s*"program"\s*:/ };

/**
 * True where every unknown and report outside of data plates has this bulk and tail effective size, of matched components
 * where labels switch; where there is none outside, true of those inside. Elements that are constant or not finite have none and are passed
 * over, as are variables of which moments alone are kept.
 */
export function isWorth(run: Drawn, ess: number): boolean {
  const drawn = makeView(run).summaries.filter(({ variable }) => variable.kind !== 'predict' && variable.result.form === 'draws');
  const outside = drawn.filter(({ variable }) => !variable.insidePlate);
  return (outside.length > 0 ? outside : drawn).every(({ elements }) =>
    elements.every(
      ({ sd, essBulk: bulk, essTail: tail }) => sd === 0 || sd === null || (bulk !== null && bulk >= ess && (tail === null || tail >= ess)),
    ),
  );
}

/** The part of a result that summaries are made of. */
type Drawn = Pick<RunResult, 'variables' | 'exchangeable'>;

/** Summaries of the results, of matched components where labels switch, and the verdict on them. */
function makeView(result: Drawn): View {
  let { variables } = result;
  const switched: Diagnostic[] = [];
  for (const relabelling of relabellings(result)) {
    if (!switches(relabelling, variables)) continue;
    variables = replaced(variables, relabelling.variables);
    switched.push(switchingWarning(relabelling));
  }
  const summaries = summarise(variables);
  // Counts by label cannot be matched afterwards; they are not evidence against the chains.
  const unmatched = new Set(switched.length === 0 ? [] : result.exchangeable.flatMap((group) => group.labels ?? []));
  const judged = summaries.filter(({ variable }) => !(unmatched.has(variable.name) && variable.result.form === 'moments'));
  return { variables, summaries, switched, judgement: judge(judged) };
}

function replaced(variables: readonly VariableResult[], by: readonly VariableResult[]): readonly VariableResult[] {
  return variables.map((variable) => by.find((other) => other.name === variable.name) ?? variable);
}

/** Labels switch where they mix components that are apart, or where matching mends what R-hat rejects. */
function switches(relabelling: Relabelling, variables: readonly VariableResult[]): boolean {
  if (relabelling.varianceRatio > switchingRatio) return true;
  const parameters = new Set(relabelling.group.variables.map(({ name }) => name));
  const before = variables.filter((variable) => parameters.has(variable.name));
  if (judge(summarise(before)).length === 0) return false;
  return judge(summarise(replaced(before, relabelling.variables))).length === 0;
}

function switchingWarning(relabelling: Relabelling): Diagnostic {
  const { group, names, betweenChains, withinChains } = relabelling;
  const where = betweenChains && withinChains ? 'between and within chains' : betweenChains ? 'between chains' : 'within chains';
  return {
    code: 'label-switching',
    severity: 'warning',
    message: `the numbering of the ${group.size} exchangeable components of ${names.join(', ')} differs ${where}; the summary is of components matched across draws, in increasing order of ${group.orderBy ?? group.variables[0]?.name ?? ''}`,
    hint: 'The draws themselves keep their labels. Report quantities that do not depend on labels, or order the components (e.g. `ordered`).',
  };
}

/** @throws ModelError (code `no-draws`). */
function allDrawsOf(variable: VariableResult, backend: string): ShapedArray {
  const { name, shape } = variable,
    found = keptDraws(variable);
  if (found === null) {
    const why =
      variable.result.form === 'moments'
        ? { message: `draws of '${name}' were not kept: it has ${sizeOf(shape)} elements`, hint: `Name it in keep (--keep ${name}).` }
        : { message: `backend '${backend}' makes no draws of '${name}'`, hint: 'Use mean() and sd(), or a sampling backend.' };
    throw modelError({ code: 'no-draws', severity: 'error', ...why });
  }
  return shaped(Float64Array.from(found.values), [found.chains, found.draws, ...shape]);
}

function diagnose(draws: ChainDraws): ElementDiagnostics {
  return {
    rhat: rhat(draws),
    essBulk: essBulk(draws),
    essTail: essTail(draws),
    mcseMean: mcseMean(draws),
    mcseSd: mcseSd(draws),
    mcseQ5: mcseQuantile(draws, 0.05),
    mcseQ50: mcseQuantile(draws, 0.5),
    mcseQ95: mcseQuantile(draws, 0.95),
  };
}

function criterionSummary({ elpd, se, p, pSe, ic, units, warnings }: Waic | Loo): CriterionSummary {
  return { elpd: finite(elpd), se, p: finite(p), pSe, ic: finite(ic), units, warnings: warnings.map(sentence) };
}
function looSummary(loo: Loo): LooSummary {
  return { ...criterionSummary(loo), mcse: finite(loo.mcse), worstK: finite(loo.worstK), badUnits: loo.badUnits, threshold: loo.threshold };
}
/** JSON has no other numbers. */
function finite(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}

function shaped(values: Float64Array, shape: readonly number[]): ShapedArray {
  return Object.assign(values, { shape });
}

function nested(values: Float64Array, shape: readonly number[], offset: number): Nested {
  const [length, ...rest] = shape;
  if (length === undefined) return values[offset] ?? Number.NaN;
  const stride = sizeOf(rest);
  return Array.from({ length }, (_, i) => nested(values, rest, offset + i * stride));
}

function sentence(diagnostic: Diagnostic): string {
  return diagnostic.hint === undefined ? diagnostic.message : `${diagnostic.message}. ${diagnostic.hint}`;
}

function modelError(diagnostic: Diagnostic): ModelError {
  return new ModelError([diagnostic], sentence(diagnostic));
}
