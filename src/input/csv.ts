/**
 * Tables in CSV: columns by header, each of numbers or of words.
 *
 * Empty cells, NA, NaN and null are missing (NaN). A column with any word in it is a column of words
 * and coded 0, 1, ... in sorted order. The separator (comma, semicolon, tab, bar) is the one the
 * header uses; quoting is left to papaparse (RFC 4180).
 */
import Papa from 'papaparse';
import { ModelError } from '../errors/diagnostic.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/words.js';
import { type Tensor, tensor } from './tensor.js';

export interface Table {
  /** Column names in order. */
  readonly header: readonly string[];
  readonly rows: number;
  /** Each of shape [rows]; `levels` where the column holds words. */
  readonly columns: ReadonlyMap<string, Tensor>;
}

/** So many malformed rows are named; the rest is a count. */
const shownRows = 5;

/**
 * Reads a table.
 * @throws ModelError (code `bad-csv`) naming the malformed rows, a doubled or missing header.
 */
export function parseCsv(text: string): Table {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const delimiter = separatorOf(source);
  const problems: Diagnostic[] = [];
  let header: string[] | null = null;
  let cells: string[][] = [];
  let bad = 0;
  let rows = 0;
  const complain = (line: number, message: string): void => {
    if (++bad <= shownRows) problems.push({ code: 'bad-csv', severity: 'error', message: `line ${line}: ${message}` });
  };
  let lastCursor = 0;
  let line = 1;
  Papa.parse<string[]>(source, {
    delimiter,
    step: ({ data, errors, meta }) => {
      const start = line;
      for (let k = lastCursor; k < meta.cursor; k++) if (source.charCodeAt(k) === 10) line++;
      lastCursor = meta.cursor;
      // A blank line is no row, in whatever place.
      if (data.length === 1 && data[0]!.trim() === '' && errors.length === 0) return;
      if (errors.length > 0) { complain(start, errors[0]!.message); return; }
      if (header === null) {
        header = data.map((name) => name.trim());
        cells = header.map(() => []);
        return;
      }
      if (data.length !== header.length) {
        complain(start, `the row has ${data.length} cell${data.length === 1 ? '' : 's'} but the header names ${header.length} column${header.length === 1 ? '' : 's'}`);
        return;
      }
      rows++;
      for (let column = 0; column < data.length; column++) cells[column]!.push(data[column]!);
    },
  });
  const names: readonly string[] = header ?? [];
  problems.push(...headerProblems(names));
  if (bad > shownRows) problems.push({ code: 'bad-csv', severity: 'error', message: `${bad - shownRows} more rows are malformed` });
  if (problems.length > 0) throw new ModelError(problems, problems.map((p) => p.message).join('\n'));
  return { header: names, rows, columns: new Map(names.map((name, k) => [name, columnOf(cells[k]!)])) };
}

/**
 * One column as a vector, several as a matrix with one column each.
 * @throws ModelError (code `bad-csv`) for an unknown name, or words in a matrix.
 */
export function tableValue(table: Table, names: readonly string[]): Tensor {
  const columns = names.map((name) => {
    const column = table.columns.get(name);
    if (column !== undefined) return column;
    const near = didYouMean(name, table.header);
    return refuse(`there is no column ${JSON.stringify(name)}; the columns are ${table.header.join(', ')}`, near === null ? undefined : `did you mean ${near}?`);
  });
  const [only] = columns;
  if (only !== undefined && columns.length === 1) return only;
  const values = new Float64Array(table.rows * columns.length);
  columns.forEach((column, j) => {
    if (column.levels !== undefined) refuse(`the column ${JSON.stringify(names[j])} holds words; a matrix is made of numbers`);
    for (let i = 0; i < table.rows; i++) values[i * columns.length + j] = column.values[i]!;
  });
  return tensor(values, [table.rows, columns.length]);
}

/** The candidate that occurs most often in the header, outside quotes. */
function separatorOf(text: string): string {
  const header = (/^\s*((?:"[^"]*"|[^"\r\n])*)/.exec(text)?.[1] ?? '').replaceAll(/"[^"]*"/g, '');
  let best = ',';
  let most = 0;
  for (const candidate of [',', ';', '\t', '|']) {
    const count = header.split(candidate).length - 1;
    if (count > most) { best = candidate; most = count; }
  }
  return best;
}

function headerProblems(names: readonly string[]): Diagnostic[] {
  const problem = (message: string): Diagnostic => ({ code: 'bad-csv', severity: 'error', message, hint: 'the first line names the columns' });
  if (names.length === 0) return [problem('the table is empty')];
  if (names.every((name) => name !== '' && Number.isFinite(Number(name)))) return [problem(`the first line, ${names.slice(0, 5).join(', ')}, holds numbers instead of names`)];
  const doubled = names.filter((name, k) => names.indexOf(name) !== k);
  return [...new Set(doubled)].map((name) => problem(`two columns are named ${JSON.stringify(name)}`));
}

function columnOf(cells: readonly string[]): Tensor {
  const values = new Float64Array(cells.length);
  for (let k = 0; k < cells.length; k++) {
    const x = numberOf(cells[k]!);
    if (x === null) return wordsOf(cells);
    values[k] = x;
  }
  return tensor(values, [cells.length]);
}

const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** The number in a cell, NaN for a missing one, null for a word. */
function numberOf(cell: string): number | null {
  const x = Number(cell);
  // `Number` also takes the empty text as 0 and reads hexadecimal: digits only need no closer look.
  if (!Number.isNaN(x) && isDigit(cell, 0) && (cell.length === 1 || isDigit(cell, 1))) return x;
  const word = cell.trim();
  if (decimal.test(word)) return Number(word);
  if (isMissing(word)) return Number.NaN;
  if (/^[+-]?inf(?:inity)?$/i.test(word)) return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return null;
}

function isDigit(text: string, k: number): boolean {
  const code = text.charCodeAt(k);
  return (code >= 48 && code <= 57) || code === 46;
}

function isMissing(word: string): boolean {
  return word === '' || word === 'NA' || word === 'NaN' || word === 'nan' || word === 'null';
}

/** Words as codes in sorted order; true and false as 1 and 0 even where only one of them occurs. */
function wordsOf(cells: readonly string[]): Tensor {
  const words = cells.map((cell) => cell.trim());
  const present = new Set(words.filter((word) => !isMissing(word)));
  const truth = new Map([['true', 1], ['TRUE', 1], ['True', 1], ['false', 0], ['FALSE', 0], ['False', 0]]);
  if ([...present].every((word) => truth.has(word))) return tensor(Float64Array.from(words, (word) => truth.get(word) ?? Number.NaN), [words.length]);
  const levels = [...present].sort();
  const codes = new Map(levels.map((word, code) => [word, code]));
  return { shape: [words.length], values: Float64Array.from(words, (word) => codes.get(word) ?? Number.NaN), levels };
}

function refuse(message: string, hint?: string): never {
  throw new ModelError([{ code: 'bad-csv', severity: 'error', message, ...(hint === undefined ? {} : { hint }) }], message);
}
