/**
 * `credence report`: one self-contained page about a run that was written with `--out`.
 */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ModelError } from '../../index.js';
import { failure, readPieces, readText } from '../files.js';
import { cannotWrite } from '../outDirectory.js';
import { write } from '../output.js';
import { folderName } from '../unfinished.js';

/** @throws ModelError for a directory that holds no run or a damaged one, and where the page cannot be written. */
export async function report(directory: string): Promise<number> {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw noRun(directory, 'There is no such directory.');
  const path = (name: string): string => join(directory, name);
  if (!existsSync(path('summary.json')) && existsSync(path(folderName))) {
    throw failure(directory, '', [{ code: 'no-run', severity: 'error', message: 'The run there was cut off: it has no results yet.', hint: `Let it go on: credence infer --resume ${directory}` }]);
  }
  for (const name of ['summary.json', 'run.json']) if (!existsSync(path(name))) throw noRun(directory, `There is no ${name}: this is not the directory of a run.`);
  const optional = (name: string): string | null => (existsSync(path(name)) ? readText(path(name)) : null);
  // Charts and formulas are loaded for what is a run only.
  const { reportPage } = await import('../../report.js');
  const page = located(directory, () => reportPage(basename(resolve(directory)), {
    summary: readText(path('summary.json')), run: readText(path('run.json')), data: optional('data.json'), pointwise: optional('pointwise.csv'),
    draws: existsSync(path('draws.csv')) ? readPieces(path('draws.csv'))() : null,
  }));
  const target = path('report.html');
  try {
    writeFileSync(target, page);
  } catch (error) {
    throw cannotWrite(target, error);
  }
  await write(`Written: ${target} (${Math.ceil(page.length / 1024)} kB)\n`);
  return 0;
}

function noRun(directory: string, message: string): ModelError {
  return failure(directory, '', [{ code: 'no-run', severity: 'error', message, hint: 'Name a directory that credence infer --out has written.' }]);
}

/** What is wrong with the files, under the name of their directory; a file that cannot be read is named itself. */
function located<T>(directory: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    throw thrown instanceof ModelError && thrown.diagnostics.every(({ code }) => code !== 'cannot-read') ? failure(directory, '', thrown.diagnostics) : thrown;
  }
}
