/**
 * The files of a run in a directory that `--out` has named, or why there is no run.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ModelError, type RunFiles } from '../index.js';
import { failure, readPieces, readText } from './files.js';
import { folderName } from './unfinished.js';

/** What stands at a path; null for nothing, or nothing that can be looked at. */
export function kindOf(path: string): 'directory' | 'file' | null {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'file';
  } catch {
    return null;
  }
}

/** @throws ModelError (code `no-run`) where no run has ended there. */
export function refuseWithoutRun(directory: string): void {
  if (kindOf(directory) !== 'directory') throw noRun(directory, 'There is no such directory.');
  const path = (name: string): string => join(directory, name);
  if (isUnfinished(directory)) {
    throw failure(directory, '', [
      {
        code: 'no-run',
        severity: 'error',
        message: 'The run there was cut off: it has no results yet.',
        hint: `Let it go on: credence infer --resume ${directory}`,
      },
    ]);
  }
  for (const name of ['summary.json', 'run.json'])
    if (!existsSync(path(name))) throw noRun(directory, `There is no ${name}: this is not the directory of a run.`);
}

/** True of the directory of a run that was cut off before it had results. */
export function isUnfinished(directory: string): boolean {
  return !existsSync(join(directory, 'summary.json')) && existsSync(join(directory, folderName));
}

/** @throws ModelError (code `no-run`) where no run has ended there. */
export function runFilesIn(directory: string): RunFiles {
  refuseWithoutRun(directory);
  const path = (name: string): string => join(directory, name);
  const optional = (name: string): string | null => (existsSync(path(name)) ? readText(path(name)) : null);
  return {
    summary: readPieces(path('summary.json'))(),
    run: readText(path('run.json')),
    data: optional('data.json'),
    pointwise: optional('pointwise.csv'),
    draws: existsSync(path('draws.csv')) ? readPieces(path('draws.csv'))() : null,
  };
}

function noRun(directory: string, message: string): ModelError {
  return failure(directory, '', [
    { code: 'no-run', severity: 'error', message, hint: 'Name a directory that credence infer --out has written.' },
  ]);
}

/** What is wrong with the files, under the name of their directory; what has its place already, as it is. */
export function located<T>(directory: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    const hasPlace =
      !(thrown instanceof ModelError) ||
      thrown.message.startsWith(directory) ||
      thrown.diagnostics.some(({ code }) => code === 'cannot-read');
    throw hasPlace ? thrown : failure(directory, '', thrown.diagnostics);
  }
}
