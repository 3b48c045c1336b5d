/**
 * `credence summary`: diagnostics of draws, of a run of ours or of another program; table, warnings and exit status
 * are those of `credence infer`.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openRun, type Posterior, readDraws, renderDiagnostics, renderPlots, renderSummary, type Summary } from '../../index.js';
import { failure, readBytes, readPieces } from '../files.js';
import { isSameFile, lookedAt } from '../outDirectory.js';
import { printError, write } from '../output.js';
import { isUnfinished, kindOf, located, refuseWithoutRun, runFilesIn } from '../runDirectory.js';

export interface SummaryFlags {
  readonly json?: boolean;
  readonly plot?: boolean;
  readonly against?: readonly string[];
}

/** Columns of a table where nothing says how wide the reader's screen is. */
const defaultWidth = 80;
const untrustedStatus = 1;

/** Probability that draws of one law are told apart. */
const falseAlarm = 0.001;

/** @throws ModelError for files that hold no draws. */
export async function summary(paths: readonly string[], flags: SummaryFlags): Promise<number> {
  const { posterior, stored } = await drawsIn(paths),
    other = flags.against === undefined ? null : await drawsIn(flags.against);
  // Tests of draws are loaded where they are asked for.
  const tests = other === null ? null : await import('../../testing-api.js');
  const agreement =
    other === null || tests === null
      ? null
      : tests.agreementOfDraws(posterior.result.variables, other.posterior.result.variables, falseAlarm);
  const status = posterior.converged && (agreement === null || (agreement.agrees && agreement.comparisons > 0)) ? 0 : untrustedStatus;
  process.exitCode = status;
  const width = process.stdout.columns || defaultWidth;
  if (flags.json === true) {
    await write(posterior.summaryText({ ...criteriaOf(stored), ...(agreement === null ? {} : { agreement }) }));
    if (posterior.warnings.length > 0) printError(warningsText(posterior, paths));
  } else
    await write(
      `${table(posterior, paths, flags, width)}${agreement === null || tests === null ? '' : `\nagainst ${flags.against?.join(', ')}\n\n${tests.renderAgreement(agreement, width)}`}`,
    );
  return status;
}

/** A run with what it has stored, or draws alone. */
async function drawsIn(paths: readonly string[]): Promise<{ readonly posterior: Posterior; readonly stored: Summary | null }> {
  const directory = paths.length === 1 ? runOf(paths[0]!) : null;
  const folder = directory === null ? paths.find((path) => kindOf(path) === 'directory') : undefined;
  if (folder !== undefined) {
    if (isUnfinished(folder)) refuseWithoutRun(folder);
    const message =
      paths.length === 1 ? 'This is a directory, and not one of a run.' : 'This is a directory: runs are summarised one at a time.';
    throw failure(folder, '', [
      {
        code: 'bad-draws',
        severity: 'error',
        message,
        hint: 'Name files of draws, or one directory that credence infer --out has written; credence compare sets runs side by side.',
      },
    ]);
  }
  refuseTwice(paths);
  const run = directory === null ? null : located(directory, () => openRun(directory, runFilesIn(directory)));
  return run !== null
    ? { posterior: run.posterior, stored: run.stored.summary }
    : {
        stored: null,
        posterior: await readDraws(
          paths.map((path) => ({ name: path, content: /\.parquet$/i.test(path) ? readBytes(path) : readPieces(path)() })),
        ),
      };
}

/** A file that is named twice would count as two chains that agree. @throws ModelError (code `bad-draws`). */
function refuseTwice(paths: readonly string[]): void {
  const found = paths.map((path) => lookedAt(path));
  for (const [k, file] of found.entries()) {
    const before = file === null ? -1 : found.slice(0, k).findIndex((other) => isSameFile(file, other));
    if (before < 0) continue;
    throw failure(paths[k]!, '', [
      {
        code: 'bad-draws',
        severity: 'error',
        message: paths[k] === paths[before] ? 'The file is named twice.' : `This is the same file as ${paths[before]!}.`,
        hint: 'each file is a chain of its own: name it once',
      },
    ]);
  }
}

/** The directory of the run that a path names: itself, or that of its draws. */
function runOf(path: string): string | null {
  const directory = kindOf(path) === 'directory' ? path : basename(path) === 'draws.csv' ? dirname(path) : null;
  return directory !== null && existsSync(join(directory, 'run.json')) && existsSync(join(directory, 'summary.json')) ? directory : null;
}

/** Criteria need the program and its data; the run has computed them. */
function criteriaOf(stored: Summary | null): Partial<Pick<Summary, 'aic' | 'bic' | 'waic' | 'loo'>> {
  return stored === null ? {} : { aic: stored.aic, bic: stored.bic, waic: stored.waic, loo: stored.loo };
}

function table(posterior: Posterior, paths: readonly string[], { plot }: SummaryFlags, width: number): string {
  const drawn = posterior.result.variables.map(({ result }) => result).find((result) => result.form !== 'closed');
  const counts = drawn === undefined ? '' : `, ${count(drawn.chains, 'chain')} of ${count(drawn.draws, 'draw')}`;
  const sections = [
    `${posterior.backend}${counts}${posterior.context.seed === '' ? '' : `, seed ${posterior.context.seed}`}`,
    renderSummary(posterior, width).trimEnd(),
    ...(plot === true ? [renderPlots(posterior, width).trimEnd()].filter((text) => text !== '') : []),
    ...(posterior.warnings.length === 0 ? [] : [warningsText(posterior, paths)]),
    ...(posterior.converged ? [] : ['These draws must not be trusted, for the reasons above.']),
  ];
  return `${sections.join('\n\n')}\n`;
}

function warningsText(posterior: Posterior, paths: readonly string[]): string {
  return renderDiagnostics(
    posterior.warnings.map(({ span: _, ...rest }) => rest),
    '',
    paths.length === 1 ? paths[0]! : `${paths[0]}, ...`,
  );
}

function count(value: number, word: string): string {
  return `${value} ${word}${value === 1 ? '' : 's'}`;
}
