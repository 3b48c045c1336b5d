/**
 * A run that was saved, as the posterior it was: its files read back, its program compiled once more where
 * something is asked that needs it (predictions, log likelihoods). Numbers are the files' own.
 */
import type { BoundModel } from './2-graph/bound.js';
import { isOfChains, type RunResult, type Traces } from './4-infer/posterior.js';
import { ObservedData } from './5-report/comparison/predictive.js';
import { Posterior, type Predictor } from './5-report/posterior.js';
import type { RunContext } from './5-report/record.js';
import { readStoredRun, type RunFiles, type StoredRun } from './5-report/storedRun.js';
import { type Diagnostic, ModelError } from './errors/diagnostic.js';
import { bindData, type Compiled, compileText, modelError } from './pipeline.js';
import { predictions } from './prediction.js';

/** A finished run, opened to go on with: see `openRun`. */
export interface OpenedRun {
  readonly stored: StoredRun;
  readonly posterior: Posterior;
  /** The same posterior with the data that it is of: for log likelihoods and exports. @throws ModelError as `program`. */
  withData(): Posterior;
  /** The program with the run's data. @throws ModelError (code `no-program`) where the files do not hold them. */
  program(): { readonly compiled: Compiled; readonly bound: BoundModel };
}

/** What the text of a program shows in place of a value of its host. */
const hole = '${...}';

/**
 * Opens a run that was saved, from the texts of its files.
 * @param name what messages call the program.
 * @throws ModelError (codes `no-run`, `bad-draws`) for files that are not those of a run.
 */
export function openRun(name: string, files: RunFiles): OpenedRun {
  const stored = readStoredRun(files),
    { record, summary } = stored;
  let opened: ReturnType<OpenedRun['program']> | null = null;
  const program = (): ReturnType<OpenedRun['program']> => (opened ??= programOf(name, stored));
  const predictor: Predictor = ({ result, context: of }, values, options) =>
    predictions({ ...program(), result, context: of, converged: summary.converged }, values, options);
  const context: RunContext = {
    seed: record.seed,
    program: record.program,
    options: record.options,
    versions: record.versions,
    levels: record.levels,
    compileSeconds: 0,
    notes: record.notes.map(({ code, message }) => ({ code, severity: 'note', message })),
  };
  const made = (warnings: readonly Diagnostic[], observed: ObservedData | null = null): Posterior =>
    new Posterior(resultOf(stored, warnings), context, predictor, observed);
  const others = record.warnings
    .filter(({ code }) => !isFoundAgain(code, stored))
    .map(
      ({ code, severity, message, hint }): Diagnostic => ({
        code,
        severity: severity === 'note' ? 'note' : 'warning',
        message,
        hint: hint ?? undefined,
      }),
    );
  const { unit } = (record.options['options'] ?? {}) as { readonly unit?: string };
  return {
    stored,
    posterior: made(others),
    program,
    withData: () => made(others, new ObservedData(program().bound, unit ?? null, summary.waic !== null)),
  };
}

/** True for what a posterior says of its draws when it is asked; what the backend had to say is in the files only. */
function isFoundAgain(code: string, { variables }: StoredRun): boolean {
  const hasChains = variables.some(({ variable }) => isOfChains(variable.result));
  return code === 'few-draws' || code === 'label-switching' || (code === 'not-converged' && hasChains);
}

function resultOf({ record, summary, variables }: StoredRun, warnings: readonly Diagnostic[]): RunResult {
  const { logEvidence, logEvidenceSe, elbo, logLikelihood, logJoint, converged, seconds } = summary;
  const traces = Object.fromEntries(Object.entries(record.traces).filter(([, trace]) => trace !== null)) as Traces;
  return {
    backend: record.backend,
    variables: variables.map(({ variable }) => variable),
    exchangeable: record.exchangeable,
    plan: record.plan,
    traces,
    logEvidence,
    logEvidenceSe,
    elbo,
    logLikelihood,
    logJoint,
    warnings,
    converged,
    seconds,
  };
}

function programOf(name: string, { record, data }: StoredRun): ReturnType<OpenedRun['program']> {
  if (record.options['prediction'] === true)
    throw noProgram('these are predictions, and not a run', 'Name the directory of the run that they are of.');
  if (record.program.includes(hole))
    throw noProgram(
      `the program has values of its host (${hole}), which its text does not hold`,
      'Call predict() of the posterior itself, or pass those values as data.',
    );
  if (data === null) throw noProgram('there is no data.json beside the draws', 'Run again with --out.');
  const compiled = compileText(record.program, name),
    { bound, diagnostics } = bindData(compiled, data, 'infer');
  if (bound === null) throw modelError(diagnostics, compiled.source, name);
  return { compiled, bound };
}

function noProgram(message: string, hint: string): ModelError {
  return new ModelError([{ code: 'no-program', severity: 'error', message, hint }], `${message}. ${hint}`);
}
