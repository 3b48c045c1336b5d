/**
 * The files that a run was given, as they were: a run that goes on has their contents with it, and whoever has edited them since is
 * to know that it goes on with what they held before. Contents are not read again; time and size tell.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/** A file when a run began. */
export interface GivenFile {
  /** As it was given, and from anywhere. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  /** When it was last written, in milliseconds. */
  readonly written: number;
}

/** What is known of files now; what is no file, such as a pipe, is left out. */
export function givenFiles(names: readonly string[]): readonly GivenFile[] {
  return names.flatMap((name) => {
    const path = resolve(name),
      found = lookedAt(path);
    return found === null ? [] : [{ name, path, ...found }];
  });
}

/** Names of those that hold something else now, or may. One that is no longer there, as on another machine, is no matter. */
export function editedSince(files: readonly GivenFile[]): readonly string[] {
  return files
    .filter(({ path, size, written }) => {
      const now = lookedAt(path);
      return now !== null && (now.size !== size || now.written !== written);
    })
    .map(({ name }) => name);
}

function lookedAt(path: string): Pick<GivenFile, 'size' | 'written'> | null {
  try {
    const found = statSync(path);
    return found.isFile() ? { size: found.size, written: found.mtimeMs } : null;
  } catch {
    return null;
  }
}
