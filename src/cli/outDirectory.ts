/**
 * Where results go: the directory that `--out` names, made where it is not there and tried before a run rather than after it, and
 * files that are there whole or not at all.
 */
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { filesOfRuns, type ModelError, recordOfRuns } from '../index.js';
import { failure } from './files.js';

/** Code of an error of ours, beside those of the system: a symbolic link whose target is not there. */
const brokenLink = 'BROKENLINK';

/** By steps: `recursive` does not come back where a file system makes no directories. @throws Error of the file system. */
export function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
      throw Object.assign(new Error(path), { code: brokenLink, syscall: 'mkdir' });
    const parent = dirname(path);
    // A drive that is not there has no parent.
    if (parent !== path) makeDirectory(parent);
    mkdirSync(path);
  } else if (!statSync(path).isDirectory()) throw Object.assign(new Error(path), { code: 'ENOTDIR', syscall: 'mkdir' });
}

/** Files that a command writes into a directory, or takes away from it as being of an earlier result. */
export interface Results {
  readonly names: readonly string[];
  /** The file that tells a directory of such results, and how it begins. */
  readonly record: string;
  readonly begins: RegExp;
}

/** What `infer` and `predict` write. */
export const resultsOfRuns: Results = { names: filesOfRuns, ...recordOfRuns };

/**
 * A directory that cannot be written is found before the run, not after it, and nothing in it is lost but earlier results.
 * @param inputs paths of files that the command reads.
 * @throws ModelError (code `cannot-write`) where that cannot be, or a file that is no earlier result would be written over.
 */
export function prepareDirectory(directory: string, results: Results, inputs: readonly string[]): void {
  if (directory === '')
    throw failure('--out', '', [
      { code: 'wrong-option', severity: 'error', message: 'No directory is named.', hint: 'for example --out results' },
    ]);
  refuseOverwriting(directory, results, inputs);
  try {
    makeDirectory(resolve(directory));
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw cannotWrite(`--out ${directory}`, error);
  }
}

function refuseOverwriting(directory: string, { names, record, begins }: Results, inputs: readonly string[]): void {
  const refuse = (message: string): ModelError =>
    failure(`--out ${directory}`, '', [{ code: 'cannot-write', severity: 'error', message, hint: 'Name another directory.' }]);
  for (const name of names) {
    // Each is written beside its place first.
    for (const written of [name, `${name}.partial`]) {
      const there = lookedAt(join(directory, written));
      if (there?.isFile() === true && inputs.some((input) => isSameFile(there, lookedAt(input))))
        throw refuse(`${written} there is read by this command, and would be written over.`);
    }
  }
  if (beginning(join(directory, record)).match(begins) !== null) return;
  // A directory in the way of a file is not lost: writing fails.
  const foreign = names.find((name) => lookedAt(join(directory, name), lstatSync)?.isDirectory() === false);
  if (foreign === undefined) return;
  throw refuse(
    foreign === record
      ? `The ${foreign} there was not written by Credence; it would be written over.`
      : `A file ${foreign} is there that is of no earlier result (there is no ${record} of one); it would be lost.`,
  );
}

/** True of two names of one file. */
export function isSameFile(a: Stats, b: Stats | null): boolean {
  return b !== null && a.dev === b.dev && a.ino === b.ino;
}

/** What is known of what stands at a path, through links where these are not asked for; null for nothing that can be looked at. */
export function lookedAt(path: string, look: (path: string) => Stats = statSync): Stats | null {
  try {
    return look(path);
  } catch {
    return null;
  }
}

/** Bytes that tell what a file is. */
const beginningLength = 100;

/** The first bytes of a file, as text of one byte a character; empty where there is no file, or none that can be read. */
export function beginning(path: string): string {
  // What is no file on a disk, such as a pipe, would not come back.
  if (lookedAt(path)?.isFile() !== true) return '';
  try {
    const file = openSync(path, 'r'),
      bytes = Buffer.alloc(beginningLength);
    try {
      return bytes.toString('latin1', 0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}

/**
 * Writes a file beside its place and moves it there, so that one that stood there is replaced whole or not at all. @throws Error of the
 * file system.
 */
export function writeWhole(file: string, contents: string | Uint8Array): void {
  const partial = `${file}.partial`;
  try {
    writeFileSync(partial, contents, { flush: true });
    renameSync(partial, file);
  } catch (error) {
    // On a full disk half a file would be in the way of whatever is tried next; why it is there matters more than that it stays.
    try {
      rmSync(partial, { force: true });
    } catch {
      /* the first error is the one to tell */
    }
    throw error;
  }
}

/** What a user is told where the file system refuses; `place` is the flag with its directory, or the file. */
export function cannotWrite(place: string, error: unknown): ModelError {
  return failure(place, '', [{ code: 'cannot-write', severity: 'error', message: reason(error) }]);
}

function reason(error: unknown): string {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EEXIST':
    case 'ENOTDIR':
      return 'A file stands where a directory is needed.';
    case 'EISDIR':
      return 'A directory stands where a file is to be written.';
    case 'EACCES':
    case 'EPERM':
      return 'Permission to write there is denied.';
    case 'EROFS':
      return 'The file system is read-only.';
    case 'ENOENT':
      return 'The directory cannot be made there.';
    case 'ENAMETOOLONG':
      return 'The name is too long: a file system takes 255 bytes, and files are written under a longer name first.';
    case 'ELOOP':
      return 'A symbolic link there leads back to itself.';
    case brokenLink:
      return 'A symbolic link stands there that leads nowhere.';
    case 'ENOSPC':
      return 'No space is left on the disk.';
    case 'EDQUOT':
      return 'The disk quota is used up.';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
