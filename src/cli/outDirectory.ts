/**
 * Where results go: the directory that `--out` names, made where it is not there and tried before a run rather than after it, and
 * files that are there whole or not at all.
 */
import { accessSync, constants, lstatSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ModelError } from '../index.js';
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

/** A directory that cannot be written is found before the run, not after it. @throws ModelError (code `cannot-write`). */
export function prepareDirectory(directory: string): void {
  if (directory === '')
    throw failure('--out', '', [
      { code: 'wrong-option', severity: 'error', message: 'No directory is named.', hint: 'for example --out results' },
    ]);
  try {
    makeDirectory(resolve(directory));
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw cannotWrite(`--out ${directory}`, error);
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
