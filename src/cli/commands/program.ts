/**
 * What every command that reads a program does first: the program, its values, and what the checker
 * and the data had to say.
 */
import { compile, type Diagnostic, type Model, renderDiagnostics } from '../../index.js';
import { failure, readText } from '../files.js';
import { printError } from '../output.js';
import { type DataFlags, readValues } from '../sources.js';

/** Flags of every command that reads a program. */
export type ProgramFlags = DataFlags;

/** The program in a file. @throws ModelError where it is wrong */
export function readModel(path: string): Model {
  const text = readText(path);
  if (/\.(?:json|csv|tsv)$/i.test(path))
    throw failure(path, '', [
      {
        code: 'wrong-option',
        severity: 'error',
        message: 'This is a file of data, and the program is named first.',
        hint: `for example model.cred --data ${path}`,
      },
    ]);
  return compile(text, path);
}

/** @throws ModelError for a wrong program, unreadable files or malformed values. */
export function readProgram(path: string, flags: ProgramFlags): { readonly model: Model; readonly values: ReadonlyMap<string, unknown> } {
  const model = readModel(path);
  return { model, values: readValues(model, flags) };
}

/** Prints notes and warnings about program and data on standard error. */
export function printNotes(model: Model): (notes: readonly Diagnostic[]) => void {
  return (notes) => {
    if (notes.length > 0) printError(renderDiagnostics(notes, model.source, model.fileName));
  };
}
