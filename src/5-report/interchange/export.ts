/**
 * Draws for other programs, by the name of the format.
 */
import { type Diagnostic, ModelError } from '../../errors/diagnostic.js';
import { cmdstanFiles } from './cmdstan.js';
import type { ExportedFile, ExportSource } from './exported.js';
import { zarrFiles } from './zarr.js';

/** A form in which other programs read draws. */
export type ExportFormat = 'cmdstan' | 'zarr' | 'parquet';
/** All of them. */
export const exportFormats: readonly ExportFormat[] = ['cmdstan', 'zarr', 'parquet'];

/**
 * `cmdstan`: a CSV file for each chain; `zarr`: the files of a store; `parquet`: one file.
 * @throws ModelError (codes `wrong-option`, `no-draws`) for another format, and where there are no draws.
 */
export async function exportedFiles(source: ExportSource, format: ExportFormat): Promise<readonly ExportedFile[]> {
  if (!exportFormats.includes(format))
    throw failure('wrong-option', `there is no format ${JSON.stringify(format)}`, `The formats are ${exportFormats.join(', ')}.`);
  const files =
    format === 'cmdstan'
      ? cmdstanFiles(source)
      : format === 'zarr'
        ? zarrFiles(source)
        : (await import('./parquet.js')).parquetFiles(source);
  if (files.length === 0)
    throw failure(
      'no-draws',
      `the run has no draws: ${source.backend} gives estimates, or none were kept`,
      'summary.json holds the numbers; use a backend that draws.',
    );
  return files;
}

function failure(code: string, message: string, hint: string): ModelError {
  const diagnostic: Diagnostic = { code, severity: 'error', message, hint };
  return new ModelError([diagnostic], `${message}. ${hint}`);
}
