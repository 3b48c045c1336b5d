/** Files of a run read with suspicion: they may be damaged, cut off, edited, or of another program altogether. */
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';

/** An object of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** Refuses a file of a run (code `no-run`). */
export function noRun(file: string, problem: string): ModelError {
  const diagnostic: Diagnostic = {
    code: 'no-run',
    severity: 'error',
    message: `${file}: ${problem}`,
    hint: 'Name a directory that credence infer --out has written with this version.',
  };
  return new ModelError([diagnostic], `${diagnostic.message}. ${diagnostic.hint}`);
}

/** The object that a file holds. @throws ModelError (code `no-run`). */
export function parsed(file: string, text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw noRun(file, `this is not whole JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isFields(value)) throw noRun(file, 'this is not what a run writes');
  return value;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
export function isNumberOrNull(value: unknown): boolean {
  return value === null || typeof value === 'number';
}
export function isText(value: unknown): value is string {
  return typeof value === 'string';
}
export function isList(value: unknown, holds: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(holds);
}
export function isTable(value: unknown, holds: (item: unknown) => boolean): boolean {
  return isFields(value) && Object.values(value).every(holds);
}
export function isSeconds(value: unknown): boolean {
  return isFields(value) && ['compile', 'warmup', 'sampling'].every((name) => isNumberOrNull(value[name]));
}

/** @throws ModelError naming the first field that is not what it has to be. */
export function requireFields(file: string, fields: Fields, wanted: Readonly<Record<string, (value: unknown) => boolean>>): void {
  for (const [name, holds] of Object.entries(wanted)) if (!holds(fields[name])) throw wrongField(file, name, fields[name]);
}

/** Refuses a field of a file. */
export function wrongField(file: string, name: string, value: unknown): ModelError {
  return noRun(file, `the field ${JSON.stringify(name)} is ${value === undefined ? 'missing' : 'not what a run writes'}`);
}
