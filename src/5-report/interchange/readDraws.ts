/**
 * Files of draws of any program as a posterior; the form of each is known from its name.
 */
import type { Posterior } from '../posterior.js';
import { type DrawFile, readDrawFile } from './drawFile.js';
import { foreignPosterior } from './foreignDraws.js';

/** A file by its name; tables in pieces of text, Parquet files (`.parquet`) as bytes. */
export interface DrawsInput {
  readonly name: string;
  readonly content: Iterable<string> | ArrayBuffer;
}

/**
 * Draws of this or another program for diagnosis: summaries, R-hat, effective sizes and warnings. Several files are the
 * chains of one run, unless a column numbers chains.
 * @throws ModelError (code `bad-draws`) with file and line of what is not a table of draws.
 */
export async function readDraws(inputs: readonly DrawsInput[]): Promise<Posterior> {
  const files: DrawFile[] = [];
  for (const { name, content } of inputs)
    files.push(
      content instanceof ArrayBuffer
        ? await (await import('./parquetFile.js')).readParquetFile(name, content)
        : readDrawFile(name, content),
    );
  return foreignPosterior(files);
}
