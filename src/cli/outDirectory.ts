/**
 * The directory that `--out` names: made where it is not there, and tried before a run rather than after it.
 */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ModelError } from '../index.js';
import { failure } from './files.js';

/** By steps: `recursive` does not come back where a file system makes no directories. */
function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    makeDirectory(dirname(path));
    mkdirSync(path);
  } else if (!statSync(path).isDirectory()) throw Object.assign(new Error(path), { code: 'ENOTDIR' });
}

/** A directory that cannot be written is found before the run, not after it. @throws ModelError (code `cannot-write`). */
export function prepareDirectory(directory: string): void {
  try {
    makeDirectory(resolve(directory));
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw cannotWrite(`--out ${directory}`, error);
  }
}

/** What a user is told where the file system refuses; `place` is the flag with its directory, or the file. */
export function cannotWrite(place: string, error: unknown): ModelError {
  return failure(place, '', [{ code: 'cannot-write', severity: 'error', message: reason(error) }]);
}

function reason(error: unknown): string {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EEXIST': case 'ENOTDIR': return 'A file stands where a directory is needed.';
    case 'EISDIR': return 'A directory stands where a file is to be written.';
    case 'EACCES': case 'EPERM': return 'Permission to write there is denied.';
    case 'EROFS': return 'The file system is read-only.';
    case 'ENOENT': return 'The directory cannot be made there.';
    case 'ENOSPC': return 'No space is left on the disk.';
    case 'EDQUOT': return 'The disk quota is used up.';
    default: return error instanceof Error ? error.message : String(error);
  }
}
