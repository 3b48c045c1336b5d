/**
 * `credence predict`: predictions of a run that was written with `--out`, for new data.
 */
import { realpathSync } from 'node:fs';
import { compile, type Model, openRun, type OpenedRun, type Posterior, renderDiagnostics, renderSummary } from '../../index.js';
import { failure } from '../files.js';
import { prepareDirectory, resultsOfRuns } from '../outDirectory.js';
import { printError, usageStatus, write } from '../output.js';
import { kindOf, located, runFilesIn } from '../runDirectory.js';
import { fileOf, readValues } from '../sources.js';
import type { ProgramFlags } from './program.js';

export interface PredictFlags extends ProgramFlags {
  readonly draws?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Columns of a table where nothing says how wide the reader's screen is. */
const defaultWidth = 80;
const untrustedStatus = 1;

/** @throws ModelError for a directory without a run, and for data that do not fit it. */
export async function predict(directory: string, flags: PredictFlags): Promise<number> {
  const run = located(directory, () => openRun(directory, runFilesIn(directory)));
  const model = located(directory, () => modelOf(run));
  const values = readValues(model, flags, run.posterior.context.levels);
  if (flags.out !== undefined) {
    if (isSamePlace(directory, flags.out))
      throw failure(`--out ${flags.out}`, '', [
        {
          code: 'wrong-option',
          severity: 'error',
          message: 'The run itself is there; predictions would take its place.',
          hint: 'Name another directory.',
        },
      ]);
    prepareDirectory(flags.out, resultsOfRuns, (flags.data ?? []).map(fileOf));
  }
  const { posterior } = run;
  const predicted = posterior.predictions(Object.fromEntries(values), {
    draws: numberOf(flags.draws),
    seed: flags.seed,
    ...(flags.quiet === true
      ? {}
      : {
          onNotes: (notes) => {
            if (notes.length > 0) printError(renderDiagnostics(notes, model.source, model.fileName));
          },
        }),
  });
  const saved = flags.out === undefined || (await save(predicted, flags.out));
  const status = !saved ? usageStatus : predicted.converged ? 0 : untrustedStatus;
  process.exitCode = status;
  if (flags.json === true) {
    await write(predicted.summaryText());
    if (predicted.warnings.length > 0) printError(renderDiagnostics(predicted.warnings, '', directory));
  } else await write(table(predicted, directory, saved ? flags.out : undefined));
  return status;
}

/** False where the predictions cannot be written, which is said at once; the table is shown all the same. */
async function save(predicted: Posterior, out: string): Promise<boolean> {
  try {
    await predicted.save(out);
    return true;
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ModelError')) throw error;
    printError(`--out ${out}: error[cannot-write]: ${error.message}`);
    return false;
  }
}

/** A text that is no number is left for the interface to refuse. */
function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : (text as never);
}

/** The program, of which the values of the command line are read. */
function modelOf(run: OpenedRun): Model {
  const { compiled } = run.program();
  return compile(compiled.source, compiled.fileName);
}

function isSamePlace(a: string, b: string): boolean {
  return kindOf(b) !== null && realpathSync(a) === realpathSync(b);
}

function table(predicted: Posterior, directory: string, out: string | undefined): string {
  const { chains, draws } = predicted.context.options as { readonly chains: number; readonly draws: number };
  const sections = [
    `predictions by ${predicted.backend}, ${chains * draws} draws, seed ${predicted.context.seed}`,
    renderSummary(predicted, process.stdout.columns || defaultWidth).trimEnd(),
    ...(predicted.warnings.length === 0 ? [] : [renderDiagnostics(predicted.warnings, '', directory)]),
    ...(predicted.converged ? [] : ['These predictions must not be trusted, for the reasons above.']),
    ...(out === undefined ? [] : [`Written to ${out}: draws.csv, summary.json, run.json`]),
  ];
  return `${sections.join('\n\n')}\n`;
}
