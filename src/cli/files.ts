/**
 * Files that a user names: read whole or piece by piece, with a reason that says what to do where that fails.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Diagnostic, didYouMean, ModelError, renderDiagnostics } from '../index.js';

/** The text of a file. @throws ModelError (code `cannot-read`). */
export function readText(path: string): string {
  try {
    // A file that is not UTF-8 must not pass with replacement characters in names.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The bytes of a file. @throws ModelError (code `cannot-read`). */
export function readBytes(path: string): ArrayBuffer {
  try {
    return new Uint8Array(readFileSync(path)).buffer;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Bytes of a piece. */
const pieceLength = 1 << 16;

/**
 * The text of a file in pieces; may be asked for again. What is no file on a disk, such as a pipe, is read whole at once. @throws
 * ModelError (code `cannot-read`), now or on the way.
 */
export function readPieces(path: string): () => Iterable<string> {
  if (!isOnDisk(path)) {
    const text = readText(path);
    return () => [text];
  }
  return function* () {
    let file: number | null = null;
    try {
      file = openSync(path, 'r');
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      const buffer = new Uint8Array(pieceLength);
      for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer))
        yield decoder.decode(buffer.subarray(0, count), { stream: true });
      yield decoder.decode();
    } catch (error) {
      throw unreadable(path, error);
    } finally {
      if (file !== null) closeSync(file);
    }
  };
}

function isOnDisk(path: string): boolean {
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    return fstatSync(file).isFile();
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Diagnostics about a file or a flag as an error for the user. */
export function failure(place: string, text: string, diagnostics: readonly Diagnostic[]): ModelError {
  return new ModelError(diagnostics, renderDiagnostics(diagnostics, text, place));
}

/** Why a file cannot be read, with the file beside it that may be meant. */
function unreadable(path: string, error: unknown): ModelError {
  const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  const near = isAbsent ? nearFile(path) : null,
    hint = isAbsent && path === '-' ? 'standard input is the file /dev/stdin' : near === null ? undefined : `did you mean ${near}?`;
  return failure(path, '', [{ code: 'cannot-read', severity: 'error', message: reason(error), hint }]);
}

/** The file in the same directory whose name is nearest; null where there is none or the directory cannot be read. */
function nearFile(path: string): string | null {
  try {
    const folder = dirname(path),
      near = didYouMean(basename(path), readdirSync(folder));
    return near === null ? null : join(folder, near);
  } catch {
    return null;
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'There is no such file.';
    case 'EISDIR':
      return 'This is a directory, not a file.';
    case 'EACCES':
    case 'EPERM':
      return 'Permission to read it is denied.';
    case 'ENOTDIR':
      return 'A part of the path is not a directory.';
    case 'ENAMETOOLONG':
      return 'The name is too long.';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'This is not a text in UTF-8; spreadsheets and editors can save it as one.';
    case 'ERR_FS_FILE_TOO_LARGE':
      return 'The file is larger than 2 GiB.';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
