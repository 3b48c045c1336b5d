/**
 * A table of draws as text, read line by line into numbers: Credence's `draws.csv`, CmdStan's CSV with its comments,
 * what R and Python write. Nothing is known here of what columns mean.
 */
import { type Diagnostic, ModelError } from '../../errors/diagnostic.js';
import { eachLine } from '../lines.js';

export interface DrawFile {
  readonly name: string;
  readonly header: readonly string[];
  readonly rows: number;
  /** [rows, columns]. */
  readonly values: Float64Array;
  /** `key = value` of the comments, `(Default)` taken away; the first of each key. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Refuses a file of draws. */
export function badFile(name: string, message: string, hint?: string): ModelError {
  const diagnostic: Diagnostic = { code: 'bad-draws', severity: 'error', message, hint };
  return new ModelError([diagnostic], `${name}: error[bad-draws]: ${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`);
}

/** Numbers as programs write them that are no JSON. */
const words: ReadonlyMap<string, number> = new Map([
  ['', Number.NaN],
  ['na', Number.NaN],
  ['nan', Number.NaN],
  ['-nan', Number.NaN],
  ['null', Number.NaN],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['infinity', Infinity],
  ['-infinity', -Infinity],
  ['true', 1],
  ['false', 0],
]);

/** @throws ModelError (code `bad-draws`) with the line of what is no table of numbers. */
export function readDrawFile(name: string, pieces: Iterable<string>): DrawFile {
  let header: readonly string[] | null = null,
    values = new Float64Array(1 << 12),
    rows = 0,
    line = 0;
  const settings = new Map<string, string>();
  const take = (text: string): void => {
    line++;
    const content = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (content.startsWith('#')) {
      comment(content, settings);
      return;
    }
    if (content.trim() === '') return;
    if (header === null) {
      header = headerOf(name, line === 1 ? content.replace(/^\uFEFF/, '') : content);
      return;
    }
    const width = header.length;
    if ((rows + 1) * width > values.length) {
      const larger = new Float64Array(Math.max(2 * values.length, width));
      larger.set(values);
      values = larger;
    }
    fill(name, content, line, header, values, rows * width);
    rows++;
  };
  const rest = eachLine(pieces, take);
  if (rest !== '') take(rest);
  if (header === null) throw badFile(name, 'there is no line of column names', 'a file of draws has a header, then one draw to a line');
  return { name, header, rows, values: values.subarray(0, rows * (header as readonly string[]).length), settings };
}

function comment(text: string, settings: Map<string, string>): void {
  const [, key, value] = /^#\s*([\w ]+?)\s*=\s*(.*?)\s*(?:\(Default\))?\s*$/.exec(text) ?? [];
  if (key !== undefined && value !== undefined && !settings.has(key)) settings.set(key, value);
}

function headerOf(name: string, text: string): readonly string[] {
  const names = cells(text).map((cell) => cell.trim());
  if (names.length > 1 || !/[\t;]/.test(text)) {
    const numbers = names.filter((cell) => cell !== '' && Number.isFinite(Number(cell)));
    if (numbers.length > 0 && numbers.length === names.length)
      throw badFile(name, 'the first line holds numbers, not names of columns', 'put a line with the names of the columns above them');
    const twice = names.find((cell, k) => cell !== '' && names.indexOf(cell) < k);
    if (twice !== undefined) throw badFile(name, `the column ${JSON.stringify(twice)} is there twice`);
    return names;
  }
  throw badFile(name, 'columns are not separated by commas', 'write the table with commas');
}

/** RFC 4180: cells in quotes may hold commas, and quotes twice. */
function cells(text: string): readonly string[] {
  if (!text.includes('"')) return text.split(',');
  const out: string[] = [];
  for (let at = 0; at <= text.length; ) {
    if (text[at] !== '"') {
      const comma = text.indexOf(',', at),
        end = comma < 0 ? text.length : comma;
      out.push(text.slice(at, end));
      at = end + 1;
      continue;
    }
    let end = text.indexOf('"', at + 1);
    while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
    if (end < 0) end = text.length;
    out.push(text.slice(at + 1, end).replaceAll('""', '"'));
    const comma = text.indexOf(',', end);
    at = comma < 0 ? text.length + 1 : comma + 1;
  }
  return out;
}

function fill(name: string, text: string, line: number, header: readonly string[], values: Float64Array, offset: number): void {
  const row = cells(text);
  if (row.length !== header.length)
    throw badFile(name, `line ${line} has ${row.length} cells, and there are ${header.length} columns`, 'the file was cut off or changed');
  for (let k = 0; k < row.length; k++) {
    const cell = row[k]!.trim();
    let value = cell === '' ? Number.NaN : Number(cell);
    if (Number.isNaN(value)) {
      const word = words.get(cell.toLowerCase());
      // A column without a name is the row numbers or names that data frames write.
      if (word === undefined && header[k] !== '')
        throw badFile(
          name,
          `line ${line}: ${JSON.stringify(cell.slice(0, 40))} in the column ${JSON.stringify(header[k])} is not a number`,
          'leave out columns of words',
        );
      value = word ?? Number.NaN;
    }
    values[offset + k] = value;
  }
}
