/**
 * The directory that `--out` names: made where it is not there, and tried before a run rather than after it.
 */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
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
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'A file stands where a directory is needed.'
      : code === 'EACCES' || code === 'EPERM' ? 'Permission to write there is denied.'
        : code === 'EROFS' ? 'The file system is read-only.' : code === 'ENOENT' ? 'The directory cannot be made there.' : error instanceof Error ? error.message : String(error);
    throw failure(`--out ${directory}`, '', [{ code: 'cannot-write', severity: 'error', message: reason }]);
  }
}
