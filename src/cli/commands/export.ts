/**
 * `credence export`: the draws of a run that was written with `--out`, in a form that other programs read.
 */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type ExportedFile, type ExportFormat, type ModelError, openRun, type Posterior } from '../../index.js';
import { failure } from '../files.js';
import { beginning, cannotWrite, lookedAt, makeDirectory } from '../outDirectory.js';
import { printError, write } from '../output.js';
import { kindOf, located, runFilesIn } from '../runDirectory.js';

export interface ExportFlags {
  readonly format: ExportFormat;
  readonly out: string;
}

/** @throws ModelError for a directory without a run, a run without draws, and a place that cannot be written. */
export async function exportRun(directory: string, { format, out }: ExportFlags): Promise<number> {
  const run = located(directory, () => openRun(directory, runFilesIn(directory)));
  const asFile = format === 'parquet',
    place = placeFor(out, asFile);
  const files = await posteriorFor(run, format).exportFiles(format);
  try {
    const bytes = asFile ? writeFile(place, files[0]!) : writeDirectory(place, files);
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

/**
 * Where the export goes, links followed. What stands there and is not ours is left alone: no file but one in Parquet is written over, and
 * that by one in Parquet only; no directory that holds anything.
 * @throws ModelError
 */
function placeFor(out: string, asFile: boolean): string {
  const refuse = (message: string, hint: string): ModelError =>
    failure(`--out ${out}`, '', [{ code: out === '' ? 'wrong-option' : 'cannot-write', severity: 'error', message, hint }]);
  if (out === '') throw refuse('Nothing is named.', `for example --out ${asFile ? 'draws.parquet' : 'draws'}`);
  const kind = kindOf(out);
  if (kind === null) {
    if (lookedAt(out, lstatSync) !== null) throw refuse('A symbolic link stands there that leads nowhere.', 'Name another place.');
    return resolve(out);
  }
  if (asFile && kind === 'directory')
    throw refuse('A directory stands where the file is to be.', `for example --out ${join(out, 'draws.parquet')}`);
  if (asFile && !beginning(out).startsWith(parquetMark))
    throw refuse('What stands there is no Parquet file, and would be lost.', 'Name a new file, or delete that one first.');
  if (!asFile && kind === 'file')
    throw refuse('A file stands where a directory is to be made, and would be lost.', 'Name a new directory.');
  if (!asFile && readdirSync(out).length > 0)
    throw refuse('The directory is not empty; files of another export would mix with these.', 'Name a new directory.');
  return realpathSync(out);
}

/** With which every Parquet file begins. */
const parquetMark = 'PAR1';

/** A directory appears whole or not at all. @returns bytes written. */
function writeDirectory(out: string, files: readonly ExportedFile[]): number {
  // Under a name that nothing else has: it is taken away again where anything fails.
  const partial = `${out}.partial-${process.pid}`;
  makeDirectory(dirname(out));
  mkdirSync(partial);
  try {
    let bytes = 0;
    for (const file of files) bytes += writeFile(join(partial, file.name), file);
    // One that is there is empty; should it be so no longer, this fails.
    if (kindOf(out) !== null) rmdirSync(out);
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
