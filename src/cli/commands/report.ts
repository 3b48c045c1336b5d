/**
 * `credence report`: one self-contained page about a run that was written with `--out`.
 */
import { basename, join, resolve } from 'node:path';
import { cannotWrite, writeWhole } from '../outDirectory.js';
import { write } from '../output.js';
import { located, runFilesIn } from '../runDirectory.js';

/** @throws ModelError for a directory that holds no run or a damaged one, and where the page cannot be written. */
export async function report(directory: string): Promise<number> {
  const files = runFilesIn(directory);
  // Charts and formulas are loaded for what is a run only.
  const { reportPage } = await import('../../report.js');
  const page = located(directory, () => reportPage(basename(resolve(directory)), files));
  const target = join(directory, 'report.html');
  try {
    writeWhole(target, page);
  } catch (error) {
    throw cannotWrite(target, error);
  }
  await write(`Written: ${target} (${Math.ceil(page.length / 1024)} kB)\n`);
  return 0;
}
