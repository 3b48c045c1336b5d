/**
 * `credence infer`: runs a backend, shows how far it is, prints the summary and writes the files.
 */
import {
  type BackendOptions,
  compile,
  type Diagnostic,
  type InferOptions,
  type Model,
  ModelError,
  type Posterior,
  renderDiagnostics,
  renderPlots,
  renderSummary,
} from '../../index.js';
import { givenFiles } from '../edited.js';
import { failure } from '../files.js';
import { Interruption } from '../interruption.js';
import { prepareDirectory, resultsOfRuns } from '../outDirectory.js';
import { printError, usageStatus, write } from '../output.js';
import { Progress } from '../progress.js';
import { fileOf, nameAndValue, readNamedValues, readOptions } from '../sources.js';
import { editedFiles, engine, otherEngine, UnfinishedRun } from '../unfinished.js';
import { printNotes, type ProgramFlags, readProgram } from './program.js';

export interface InferFlags extends ProgramFlags {
  readonly backend?: string;
  readonly chains?: string;
  readonly draws?: string;
  readonly warmup?: string;
  readonly thin?: string;
  readonly seed?: string;
  readonly workers?: string;
  readonly keep?: readonly string[];
  readonly opt?: readonly string[];
  readonly init?: string;
  readonly out?: string;
  readonly pointwise?: boolean;
  readonly plot?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly maxSeconds?: string;
  readonly until?: string;
  readonly resume?: string;
}

/** Columns of a table where nothing says how wide the reader's screen is. */
const defaultWidth = 80;
const untrustedStatus = 1;

/** @throws ModelError for whatever is wrong with program, data or options. */
export async function infer(path: string | undefined, flags: InferFlags): Promise<number> {
  if (flags.resume !== undefined) return resume(path, flags, flags.resume);
  if (path === undefined)
    throw failure('credence infer', '', [
      { code: 'wrong-option', severity: 'error', message: 'No program is named.', hint: 'credence infer model.cred --data data.json' },
    ]);
  // Looked at before they are read: what is written while they are is then known to be newer.
  const inputs = [path, ...(flags.data ?? []).map(fileOf), ...(flags.init === undefined ? [] : [flags.init])],
    files = givenFiles(inputs);
  const { model, values } = readProgram(path, flags);
  const options = inferOptions(flags);
  if (flags.out === undefined) return run(model, values, options, flags, null);
  prepareDirectory(flags.out, resultsOfRuns, inputs);
  const { maxSeconds: _, ...again } = options;
  return run(model, values, options, flags, {
    directory: flags.out,
    kept: UnfinishedRun.begin(flags.out, { fileName: path, program: model.source, values, options: again, files }),
  });
}

/** What may be said anew of a run that goes on: nothing that its draws depend on. */
const flagsOfResume: readonly string[] = ['resume', 'workers', 'maxSeconds', 'quiet', 'json', 'plot'];

/** Goes on with a run that was cut off; its draws are those that it would have had. */
async function resume(path: string | undefined, flags: InferFlags, directory: string): Promise<number> {
  const said = [
    ...(path === undefined ? [] : [path]),
    ...Object.keys(flags)
      .filter((name) => !flagsOfResume.includes(name))
      .map((name) => `--${name}`),
  ];
  if (said.length > 0)
    throw failure('--resume', '', [
      {
        code: 'wrong-option',
        severity: 'error',
        message: `The run has its program, data and options with it; leave out ${said.join(', ')}.`,
      },
    ]);
  const { run: kept, inputs } = UnfinishedRun.find(directory);
  if (inputs.engine !== engine()) printError(otherEngine(inputs.engine));
  const edited = editedFiles(directory, inputs.files);
  if (edited !== null) printError(edited);
  const { workers, maxSeconds } = inferOptions(flags);
  return run(
    compile(inputs.program, inputs.fileName),
    inputs.values,
    { ...inputs.options, ...(workers === undefined ? {} : { workers }), ...(maxSeconds === undefined ? {} : { maxSeconds }) },
    flags,
    { directory, kept },
  );
}

/** Where results go, and what is kept there until they are written. */
interface Output {
  readonly directory: string;
  readonly kept: UnfinishedRun;
}

async function run(
  model: Model,
  values: ReadonlyMap<string, unknown>,
  options: InferOptions,
  flags: InferFlags,
  out: Output | null,
): Promise<number> {
  const progress = flags.quiet === true ? null : new Progress();
  const interruption = new Interruption(),
    told = new Set<string>();
  const posterior = await model
    .infer(values, {
      ...options,
      signal: interruption.signal,
      store: out?.kept,
      onProgress: (event) => {
        // Before, nothing could be stopped: an interrupt ends the process as always.
        interruption.listen(event.phase);
        progress?.show(event);
      },
      ...(progress === null
        ? {}
        : {
            onNotes: (notes) => {
              printNotes(model)(notes);
              for (const { message } of notes) told.add(message);
            },
          }),
    })
    .catch((error: unknown) => {
      out?.kept.leave();
      if (interruption.status === null || !isStoppedEarly(error)) throw error;
      return error.diagnostics.map(({ message }) => message).join(' ');
    })
    .finally(() => {
      progress?.finish();
      interruption.end();
    });
  if (typeof posterior === 'string') {
    printError(`${posterior}${out?.kept.isOpen === true ? ` credence infer --resume ${out.directory} goes on.` : ''}`);
    return interruption.status ?? usageStatus;
  }

  // What only the run could tell, such as a report without a value.
  if (progress !== null) printNotes(model)(posterior.notes.filter(({ message }) => !told.has(message)));
  const saved = out === null ? [] : await save(posterior, out);
  const isWhole = posterior.warnings.every(({ code }) => code !== 'stopped-early');
  // Of a run that cannot go on nothing is kept, nor of one before it, whose results are no longer there.
  if (saved !== null && (isWhole || out?.kept.isOpen === false)) out?.kept.forget();
  else if (saved !== null) out?.kept.leave();
  const status = saved === null ? usageStatus : posterior.converged ? 0 : untrustedStatus;
  // A reader who closes the pipe in the middle of the table does not change the verdict.
  process.exitCode = status;
  if (flags.json === true) {
    await write(posterior.summaryText());
    if (posterior.warnings.length > 0) printError(warningsText(posterior, model.fileName));
  } else await write(report(posterior, model, out?.directory, saved ?? [], flags));
  return status;
}

/** True of a run that was stopped before it had anything. */
function isStoppedEarly(error: unknown): error is ModelError {
  return error instanceof ModelError && error.diagnostics.some(({ code }) => code === 'stopped-early');
}

/** Flags as options of the interface; texts that are no numbers are left for it to refuse where its words are those of the flags. */
function inferOptions(flags: InferFlags): InferOptions {
  const number = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : (text as never);
  const workers = flags.workers === 'auto' ? 'auto' : number(flags.workers);
  const opt: BackendOptions | undefined = flags.opt === undefined ? undefined : readOptions(flags.opt);
  return {
    backend: flags.backend,
    chains: number(flags.chains),
    draws: number(flags.draws),
    warmup: number(flags.warmup),
    thin: number(flags.thin),
    seed: flags.seed,
    workers,
    options: opt,
    pointwise: flags.pointwise,
    maxSeconds: flags.maxSeconds === undefined ? undefined : aboveZero('--max-seconds', '60', flags.maxSeconds),
    until: flags.until === undefined ? undefined : readUntil(flags.until),
    keep: flags.keep === undefined ? undefined : readKeep(flags.keep),
    init: flags.init === undefined ? undefined : Object.fromEntries(readNamedValues('--init', flags.init)),
  };
}

/** @throws ModelError where no name is among them: a run that keeps nothing is not meant. */
function readKeep(flags: readonly string[]): readonly string[] {
  const names = flags
    .flatMap((some) => some.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length > 0) return names;
  throw failure('--keep', '', [
    {
      code: 'wrong-option',
      severity: 'error',
      message: 'No variable is named.',
      hint: 'for example --keep mu,sigma; without the flag all are kept',
    },
  ]);
}

/** A number above 0 that is finite. @throws ModelError (code `wrong-option`), in words of the flag. */
function aboveZero(flag: string, example: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw failure(flag, '', [
    {
      code: 'wrong-option',
      severity: 'error',
      message: `${JSON.stringify(text)} is not a number above 0.`,
      hint: `for example ${flag} ${example}`,
    },
  ]);
}

/** `ess=400`. @throws ModelError for another form. */
function readUntil(text: string): { readonly ess: number } {
  const { name, value } = nameAndValue('--until', text, 'ess=400');
  if (name !== 'ess')
    throw failure('--until', '', [
      {
        code: 'wrong-option',
        severity: 'error',
        message: `A run cannot go on until ${name} is reached.`,
        hint: 'for example --until ess=400',
      },
    ]);
  return { ess: aboveZero('--until', 'ess=400', value) };
}

/** Names of the files written; null where writing failed, which is said at once. */
async function save(posterior: Posterior, { directory, kept }: Output): Promise<readonly string[] | null> {
  try {
    return await posterior.save(directory);
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ModelError')) throw error;
    printError(
      `--out ${directory}: error[cannot-write]: ${error.message}${kept.holdsDraws ? `\n  hint: what was kept is there: put that right, then credence infer --resume ${directory}` : ''}`,
    );
    return null;
  }
}

function report(
  posterior: Posterior,
  { fileName, inputs }: Model,
  directory: string | undefined,
  files: readonly string[],
  { pointwise, plot }: InferFlags,
): string {
  const { logEvidence, elbo, logLikelihood, logJoint } = posterior;
  const information = posterior.informationCriteria();
  const totals = Object.entries({
    'log evidence': logEvidence,
    elbo,
    'log likelihood': logLikelihood,
    'log joint': logJoint,
    AIC: information?.aic ?? null,
    BIC: information?.bic ?? null,
  }).flatMap(([name, value]) => (value === null ? [] : [`${name} ${Number(value.toPrecision(8))}`]));
  const { seed } = posterior.context;
  const skipped = posterior.skippedLikelihoods();
  const drawn = posterior.result.variables
    .map(({ result }) => result)
    .find((result) => result.form === 'moments' || (result.form === 'draws' && !result.independent));
  const chains = drawn === undefined || drawn.form === 'closed' ? '' : `, ${count(drawn.chains, 'chain')} of ${count(drawn.draws, 'draw')}`;
  const sections = [
    `${posterior.backend}${chains}, seed ${seed}, ${time(posterior)}`,
    posterior.names.length === 0
      ? `${inputs.unknowns.length > 0 ? 'All unknowns of the program are given' : 'The program has no unknowns'}: there is nothing to infer.`
      : renderSummary(posterior, process.stdout.columns || defaultWidth).trimEnd(),
    ...(totals.length === 0 ? [] : [totals.join('\n')]),
    ...(plot === true ? [renderPlots(posterior, process.stdout.columns || defaultWidth).trimEnd()].filter((text) => text !== '') : []),
    // The files hold them too where nobody asked; what there is to know of them is for those who did.
    ...(pointwise === true ? criteria(posterior) : []),
    ...(posterior.warnings.length === 0 ? [] : [warningsText(posterior, fileName)]),
    ...(posterior.converged ? [] : ['This run must not be trusted, for the reasons above.']),
    ...(files.length === 0
      ? []
      : [
          `Written to ${directory}: ${files.join(', ')}`,
          ...(skipped === 0
            ? []
            : [`No WAIC and no leave-one-out estimate: that many log likelihoods (${skipped}) are computed only with --pointwise.`]),
        ]),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Predictive criteria with what is to be known of them. */
function criteria(posterior: Posterior): readonly string[] {
  const found = posterior.wantedPredictive().value;
  if (found === null) return [];
  const { loo, waic } = found;
  const line = (name: string, { elpd, se, p }: typeof waic, more: string): string =>
    `${name}: elpd ${elpd.toFixed(2)}${se === null ? '' : ` (se ${se.toFixed(2)})`}, parameters ${p.toFixed(2)}${more}`;
  const warnings = [...new Map([...(loo?.warnings ?? []), ...(loo === null ? waic.warnings : [])].map((w) => [w.message, w])).values()];
  return [
    [...(loo === null ? [] : [line('leave-one-out', loo, `, largest Pareto k ${loo.worstK.toFixed(2)}`)]), line('WAIC', waic, '')].join(
      '\n',
    ),
    ...(warnings.length === 0
      ? []
      : [
          renderDiagnostics(
            warnings.map(({ span: _, ...w }) => w),
            '',
            'leave-one-out',
          ),
        ]),
  ];
}

function warningsText(posterior: Posterior, path: string): string {
  const warnings: readonly Diagnostic[] = posterior.warnings;
  return renderDiagnostics(warnings, posterior.context.program, path);
}

function count(value: unknown, word: string): string {
  return `${String(value)} ${word}${value === 1 ? '' : 's'}`;
}

function time({ seconds }: Posterior): string {
  return `${(seconds.compile + seconds.warmup + seconds.sampling).toPrecision(2)} s`;
}
