/**
 * Files that a user names: read whole, with a reason that says what to do where that fails.
 */
import { readFileSync } from 'node:fs';
import { type Diagnostic, ModelError, renderDiagnostics } from '../index.js';

/** The text of a file. @throws ModelError (code `cannot-read`). */
export function readText(path: string): string {
  try {
    // A file that is not UTF-8 must not pass with replacement characters in names.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    throw failure(path, '', [{ code: 'cannot-read', severity: 'error', message: reason(error) }]);
  }
}

/** Diagnostics about a file or a flag as an error for the user. */
export function failure(place: string, text: string, diagnostics: readonly Diagnostic[]): ModelError {
  return new ModelError(diagnostics, renderDiagnostics(diagnostics, text, place));
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT': return 'There is no such file.';
    case 'EISDIR': return 'This is a directory, not a file.';
    case 'EACCES': case 'EPERM': return 'Permission to read it is denied.';
    case 'ENOTDIR': return 'A part of the path is not a directory.';
    case 'ENAMETOOLONG': return 'The name is too long.';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA': return 'This is not a text in UTF-8.';
    case 'ERR_FS_FILE_TOO_LARGE': return 'The file is larger than 2 GiB.';
    default: return error instanceof Error ? error.message : String(error);
  }
}
