/**
 * `credence compare`: runs that were written with `--out`, side by side.
 */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { compareRuns, type ComparedRun, readRun, renderComparison } from '../../index.js';
import { readPieces, readText } from '../files.js';
import { write } from '../output.js';
import { refuseWithoutRun } from '../runDirectory.js';

export interface CompareFlags {
  readonly json?: boolean;
}

/** Columns of a table where nothing says how wide the reader's screen is. */
const defaultWidth = 80;

/** @throws ModelError for directories that hold no run, and for runs of different data. */
export async function compare(directories: readonly string[], flags: CompareFlags): Promise<number> {
  const names = namesOf(directories);
  const comparison = compareRuns(directories.map((directory, k) => runIn(directory, names[k]!)));
  await write(
    flags.json === true ? `${JSON.stringify(comparison, null, 2)}\n` : renderComparison(comparison, process.stdout.columns ?? defaultWidth),
  );
  return 0;
}

/** The last parts of the paths where these differ, else the paths as given. */
function namesOf(directories: readonly string[]): readonly string[] {
  const short = directories.map((d) => basename(resolve(d)));
  return new Set(short).size === short.length ? short : directories;
}

function runIn(directory: string, name: string): ComparedRun {
  refuseWithoutRun(directory);
  const pointwise = join(directory, 'pointwise.csv');
  return readRun(name, {
    summary: readPieces(join(directory, 'summary.json'))(),
    run: readText(join(directory, 'run.json')),
    pointwise: existsSync(pointwise) ? readText(pointwise) : null,
  });
}
