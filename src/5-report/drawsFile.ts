/**
 * Reads `draws.csv` in pieces straight into typed arrays: a file of draws may be larger than a text can be.
 * The inverse of `drawsCsv` (`files.ts`): cells are numbers, `NaN` and `Infinity` as words.
 */
import type { DrawValues } from '../4-infer/posterior.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { eachLine } from './lines.js';

/** Where the values of a column go. */
export interface DrawsColumn {
  /** [rows, size]. */
  readonly values: DrawValues;
  readonly element: number;
  readonly size: number;
}

/** Refuses a file of draws. */
export function badDraws(message: string): ModelError {
  const diagnostic: Diagnostic = {
    code: 'bad-draws',
    severity: 'error',
    message: `draws.csv: ${message}`,
    hint: 'The file was cut off or changed: run again with --out.',
  };
  return new ModelError([diagnostic], `${diagnostic.message}. ${diagnostic.hint}`);
}

/**
 * @param rows kept draws of all chains.
 * @param columnOf where a column is to go; null for a name that is not one of the run's.
 * @throws ModelError (code `bad-draws`) for a file that is not the one the run wrote, with its line.
 */
export function readDraws(pieces: Iterable<string>, rows: number, columnOf: (name: string) => DrawsColumn | null): void {
  let columns: readonly DrawsColumn[] | null = null;
  let row = 0;
  const take = (line: string): void => {
    if (columns === null) {
      columns = header(line, columnOf);
      return;
    }
    if (line === '' || line === '\r') return;
    if (row >= rows) throw badDraws(`line ${row + 2}: the run made ${rows} draws, and there are more rows`);
    fill(line, row, columns);
    row++;
  };
  const rest = eachLine(pieces, take);
  // A last number without its last digits would pass for one.
  if (rest !== '') throw badDraws('the last line has no end');
  if (columns === null) throw badDraws('the file is empty');
  if (row < rows) throw badDraws(`there are ${row} rows, and the run made ${rows} draws`);
}

function header(line: string, columnOf: (name: string) => DrawsColumn | null): readonly DrawsColumn[] {
  const names = [...line.replace(/\r$/, '').matchAll(/"((?:[^"]|"")*)"|([^,]+)/g)].map(([, quoted, plain]) =>
    (quoted ?? plain ?? '').replaceAll('""', '"'),
  );
  if (names[0] !== 'chain' || names[1] !== 'draw') throw badDraws('line 1: the header does not begin with chain,draw');
  return names.slice(2).map((name) => {
    const column = columnOf(name);
    if (column === null) throw badDraws(`line 1: the run has no ${JSON.stringify(name)}`);
    return column;
  });
}

const comma = 44,
  zero = 48,
  nine = 57;

function fill(line: string, row: number, columns: readonly DrawsColumn[]): void {
  let at = 0,
    cell = -2;
  for (; at <= line.length && cell < columns.length; cell++) {
    let end = at;
    while (end < line.length && line.charCodeAt(end) !== comma) end++;
    if (cell >= 0) {
      const { values, element, size } = columns[cell]!,
        value = numberIn(line, at, end, row);
      values[row * size + element] = value;
      // Labels are kept in bytes, which hold nothing else.
      if (values instanceof Uint8Array && values[row * size + element] !== value)
        throw badDraws(`line ${row + 2}: ${line.slice(at, end)} is not among the values of its column`);
    }
    at = end + 1;
  }
  if (cell < columns.length || at <= line.length)
    throw badDraws(`line ${row + 2}: the row has ${line.split(',').length} cells, and the header ${columns.length + 2}`);
}

function numberIn(line: string, start: number, end: number, row: number): number {
  // Labels are mostly one digit: of millions the texts take longest.
  const digit = line.charCodeAt(start);
  if (end === start + 1 && digit >= zero && digit <= nine) return digit - zero;
  const text = line.slice(start, end).trim(),
    value = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value) && text !== 'NaN') throw badDraws(`line ${row + 2}: ${JSON.stringify(text.slice(0, 40))} is not a number`);
  return value;
}
