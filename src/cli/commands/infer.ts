/**
 * `credence infer`: runs a backend, shows how far it is, prints the summary and writes the files.
 */
import { type BackendOptions, type Diagnostic, type InferOptions, type Posterior, renderDiagnostics, renderSummary } from '../../index.js';
import { failure } from '../files.js';
import { prepareDirectory } from '../outDirectory.js';
import { printError, usageStatus, write } from '../output.js';
import { Progress } from '../progress.js';
import { readNamedValues, readOptions } from '../sources.js';
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
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly resume?: string;
}

/** Columns of a table where nothing says how wide the reader's screen is. */
const defaultWidth = 80;
const untrustedStatus = 1;

/** @throws ModelError for whatever is wrong with program, data or options. */
export async function infer(path: string | undefined, flags: InferFlags): Promise<number> {
  if (flags.resume !== undefined) throw failure('--resume', '', [{ code: 'not-in-this-version', severity: 'error', message: 'Continuing a run is not in this version.' }]);
  if (path === undefined) throw failure('credence infer', '', [{ code: 'wrong-option', severity: 'error', message: 'No program is named.', hint: 'credence infer model.cred --data data.json' }]);
  const { model, values } = readProgram(path, flags);
  const options = inferOptions(flags);
  if (flags.out !== undefined) prepareDirectory(flags.out);
  const progress = flags.quiet === true ? null : new Progress();
  const posterior = await model.infer(values, {
    ...options,
    ...(progress === null ? {} : { onProgress: (event) => progress.show(event), onNotes: printNotes(model) }),
  }).finally(() => progress?.finish());

  const saved = flags.out === undefined ? [] : await save(posterior, flags.out);
  const status = saved === null ? usageStatus : posterior.converged ? 0 : untrustedStatus;
  // A reader who closes the pipe in the middle of the table does not change the verdict.
  process.exitCode = status;
  if (flags.json === true) {
    await write(posterior.files()['summary.json'] ?? '');
    if (posterior.warnings.length > 0) printError(warningsText(posterior, path));
  } else await write(report(posterior, path, flags.out, saved ?? [], flags.pointwise === true));
  return status;
}

/** Flags as options of the interface; texts that are no numbers are left for it to refuse. */
function inferOptions(flags: InferFlags): InferOptions {
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text as never);
  const workers = flags.workers === 'auto' ? 'auto' : number(flags.workers);
  const opt: BackendOptions | undefined = flags.opt === undefined ? undefined : readOptions(flags.opt);
  return {
    backend: flags.backend, chains: number(flags.chains), draws: number(flags.draws), warmup: number(flags.warmup), thin: number(flags.thin),
    seed: flags.seed, workers, options: opt, pointwise: flags.pointwise,
    keep: flags.keep?.flatMap((names) => names.split(',')).map((name) => name.trim()).filter((name) => name !== ''),
    init: flags.init === undefined ? undefined : Object.fromEntries(readNamedValues(flags.init)),
  };
}

/** Names of the files written; null where writing failed, which is said at once. */
async function save(posterior: Posterior, directory: string): Promise<readonly string[] | null> {
  try {
    await posterior.save(directory);
    const hasDraws = posterior.result.variables.some(({ result }) => result.form === 'draws' || (result.form === 'closed' && result.draws !== null));
    return [...(hasDraws ? ['draws.csv'] : []), 'summary.json', ...(posterior.wantedPredictive().value === null ? [] : ['pointwise.csv']), 'run.json', 'data.json'];
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ModelError')) throw error;
    printError(`--out ${directory}: error[cannot-write]: ${error.message}`);
    return null;
  }
}

function report(posterior: Posterior, path: string, directory: string | undefined, files: readonly string[], pointwise: boolean): string {
  const { logEvidence, elbo, logLikelihood, logJoint } = posterior;
  const information = posterior.informationCriteria();
  const totals = Object.entries({ 'log evidence': logEvidence, elbo, 'log likelihood': logLikelihood, 'log joint': logJoint, AIC: information?.aic ?? null, BIC: information?.bic ?? null })
    .flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`]));
  const { options, seed } = posterior.context;
  const chains = posterior.result.variables.some(({ result }) => result.form === 'moments' || (result.form === 'draws' && !result.independent)) ? `, ${count(options['chains'], 'chain')} of ${count(options['draws'], 'draw')}` : '';
  const skipped = posterior.skippedLikelihoods();
  const sections = [
    `${posterior.backend}${chains}, seed ${seed}, ${time(posterior)}`,
    posterior.names.length === 0 ? 'The program has no unknowns: there is nothing to infer.' : renderSummary(posterior, process.stdout.columns || defaultWidth).trimEnd(),
    ...(totals.length === 0 ? [] : [totals.join('\n')]),
    // The files hold them too where nobody asked; what there is to know of them is for those who did.
    ...(pointwise ? criteria(posterior) : []),
    ...(posterior.warnings.length === 0 ? [] : [warningsText(posterior, path)]),
    ...(posterior.converged ? [] : ['This run must not be trusted, for the reasons above.']),
    ...(files.length === 0 ? [] : [`Written to ${directory}: ${files.join(', ')}`, ...(skipped === 0 ? [] : [`No WAIC and no leave-one-out estimate: that many log likelihoods (${skipped}) are computed only with --pointwise.`])]),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Predictive criteria with what is to be known of them. */
function criteria(posterior: Posterior): readonly string[] {
  const found = posterior.wantedPredictive().value;
  if (found === null) return [];
  const { loo, waic } = found;
  const line = (name: string, { elpd, se, p }: typeof waic, more: string): string => `${name}: elpd ${elpd.toFixed(2)}${se === null ? '' : ` (se ${se.toFixed(2)})`}, parameters ${p.toFixed(2)}${more}`;
  const warnings = [...new Map([...(loo?.warnings ?? []), ...(loo === null ? waic.warnings : [])].map((w) => [w.message, w])).values()];
  return [
    [...(loo === null ? [] : [line('leave-one-out', loo, `, largest Pareto k ${loo.worstK.toFixed(2)}`)]), line('WAIC', waic, '')].join('\n'),
    ...(warnings.length === 0 ? [] : [renderDiagnostics(warnings.map(({ span: _, ...w }) => w), '', 'leave-one-out')]),
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
