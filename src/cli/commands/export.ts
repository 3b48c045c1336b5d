/**
 * `credence export`: the draws of a run that was written with `--out`, in a form that other programs read.
 */
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type ExportedFile, type ExportFormat, openRun, type Posterior } from '../../index.js';
import { failure } from '../files.js';
import { cannotWrite, makeDirectory } from '../outDirectory.js';
import { printError, write } from '../output.js';
import { kindOf, located, runFilesIn } from '../runDirectory.js';

export interface ExportFlags {
  readonly format: ExportFormat;
  readonly out: string;
}

/** @throws ModelError for a directory without a run, a run without draws, and a place that cannot be written. */
export async function exportRun(directory: string, { format, out }: ExportFlags): Promise<number> {
  const run = located(directory, () => openRun(directory, runFilesIn(directory)));
  const files = await posteriorFor(run, format).exportFiles(format);
  const asFile = format === 'parquet';
  refuseOther(out, asFile);
  try {
    const bytes = asFile ? writeFile(out, files[0]!) : writeDirectory(out, files);
    await write(`Written: ${out} (${files.length} ${files.length === 1 ? 'file' : 'files'}, ${Math.ceil(bytes / 1024)} kB)\n`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'syscall' in error)) throw error;
    throw cannotWrite(out, error);
  }
  return 0;
}

/** Data and likelihoods where the program can be read back; else the draws alone, with the reason. */
function posteriorFor(run: ReturnType<typeof openRun>, format: ExportFormat): Posterior {
  if (format === 'parquet') return run.posterior;
  try {
    return run.withData();
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.name === 'ModelError')) throw thrown;
    printError(`credence: warning[draws-only]: ${thrown.message} The draws are written without what needs the program.`);
    return run.posterior;
  }
}

/** What stands there and is not ours is left alone. */
function refuseOther(out: string, asFile: boolean): void {
  if (kindOf(out) !== 'directory') return;
  if (asFile)
    throw failure(`--out ${out}`, '', [
      {
        code: 'cannot-write',
        severity: 'error',
        message: 'A directory stands where the file is to be.',
        hint: `for example --out ${join(out, 'draws.parquet')}`,
      },
    ]);
  if (readdirSync(out).length > 0)
    throw failure(`--out ${out}`, '', [
      {
        code: 'cannot-write',
        severity: 'error',
        message: 'The directory is not empty; files of another export would mix with these.',
        hint: 'Name a new directory.',
      },
    ]);
}

/** A directory appears whole or not at all. @returns bytes written. */
function writeDirectory(out: string, files: readonly ExportedFile[]): number {
  const partial = `${resolve(out)}.partial`;
  rmSync(partial, { recursive: true, force: true });
  try {
    let bytes = 0;
    for (const file of files) bytes += writeFile(join(partial, file.name), file);
    rmSync(out, { recursive: true, force: true });
    renameSync(partial, out);
    return bytes;
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

/** Characters gathered before a write. */
const chunkLength = 1 << 20;

/** @returns bytes written. */
function writeFile(path: string, { pieces }: ExportedFile): number {
  makeDirectory(dirname(path));
  const partial = `${path}.partial`,
    file = openSync(partial, 'w');
  let bytes = 0,
    text = '';
  const put = (data: Uint8Array): void => {
    for (let at = 0; at < data.length; ) at += writeSync(file, data, at);
    bytes += data.length;
  };
  const flush = (): void => {
    if (text !== '') put(Buffer.from(text));
    text = '';
  };
  try {
    for (const piece of pieces) {
      if (typeof piece === 'string') {
        text += piece;
        if (text.length >= chunkLength) flush();
      } else {
        flush();
        put(piece);
      }
    }
    flush();
    fsyncSync(file);
  } catch (error) {
    closeSync(file);
    rmSync(partial, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(partial, path);
  return bytes;
}
