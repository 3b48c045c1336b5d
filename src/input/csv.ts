/**
 * Tables in CSV: columns by header, each of numbers or of words.
 *
 * Empty cells, NA, NaN and null are missing (NaN), and what the caller calls missing. A column with any word in it is a column of words
 * and coded 0, 1, ... in sorted order; where numbers stand in it, too, its first word is named (`firstWord`). The separator (comma, semicolon, tab, bar) is the one the
 * header uses; texts with quotes are left to papaparse (RFC 4180), others are read where they stand.
 */
import Papa from 'papaparse';
import { ModelError } from '../errors/diagnostic.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/words.js';
import { exactDecimal } from './decimal.js';
import { type Tensor, tensor } from './tensor.js';

/** A table as read: cells are texts, untouched. */
export interface Table {
  /** Column names in order. */
  readonly header: readonly string[];
  /** One list of cells for each row, as long as the header. */
  readonly rows: number;
  /** Each of shape [rows]; `levels` where the column holds words. */
  readonly columns: ReadonlyMap<string, Tensor>;
}

/** How a table is read. */
export interface TableOptions {
  /** Cells that mean a missing value besides empty ones, NA, NaN and null, such as `.` or `-999`; a number in any way it may be written. */
  readonly missing?: readonly string[] | undefined;
  /** Names of columns whose cells are words whatever they look like: numbers that are names (`308`), `true` beside `maybe` in another table. */
  readonly words?: readonly string[] | undefined;
}

/** So many malformed rows are named; the rest is a count. */
const shownRows = 5;

/**
 * Reads a table.
 * @throws ModelError (code `bad-csv`) naming the malformed rows, a doubled or missing header.
 */
export function parseCsv(text: string, options: TableOptions = {}): Table {
  return parseCsvPieces(() => [text], options);
}

/**
 * The same of a text that comes in pieces, cut anywhere, so that it need not be in memory; it is asked for
 * once more where a column turns out to hold words. A text with quotes is put together after all.
 * @throws ModelError as `parseCsv`; whatever `pieces` throws.
 */
export function parseCsvPieces(pieces: () => Iterable<string>, options: TableOptions = {}): Table {
  const missing = new MissingCells(options.missing ?? []);
  // Numbers go straight into typed arrays; columns in which words turn up are read once more, as words.
  const first = scan(pieces, new Set(), missing);
  const { names } = first;
  // One mistake, however many rows disagree with such a header.
  const comment = (first.bad > 0 && names[0]?.startsWith('#') === true) || names[0]?.startsWith('sep=') === true ? names[0] : null;
  const problems = comment === null ? [...first.problems, ...headerProblems(names)] : [commentProblem(comment)];
  if (comment === null && first.bad > shownRows)
    problems.push({ code: 'bad-csv', severity: 'error', message: `${first.bad - shownRows} more rows are malformed` });
  if (problems.length > 0) throw new ModelError(problems, problems.map((p) => p.message).join('\n'));
  const named = (k: number): boolean => options.words?.includes(names[k]!) ?? false;
  const wordColumns = new Set(first.columns.flatMap((column, k) => (column.isNumeric && !named(k) ? [] : [k])));
  const second = wordColumns.size === 0 ? first : scan(pieces, wordColumns, missing);
  const column = (k: number): Tensor => {
    if (!wordColumns.has(k)) return first.columns[k]!.numbers(first.rows);
    return named(k) ? second.columns[k]!.words(first.rows) : second.columns[k]!.wordsOrTruth(first.rows);
  };
  return { header: names, rows: first.rows, columns: new Map(names.map((name, k) => [name, column(k)])) };
}

/** What stands for a missing value. */
class MissingCells {
  private readonly words: ReadonlySet<string>;
  private readonly numbers: ReadonlySet<number>;

  /** @param others texts besides the usual ones. */
  constructor(others: readonly string[]) {
    this.words = new Set(['', 'NA', 'NaN', 'nan', 'null', ...others.map((cell) => cell.trim())]);
    this.numbers = new Set(others.filter((cell) => decimal.test(cell.trim())).map(Number));
  }

  /** Of a trimmed cell. */
  hasWord(word: string): boolean {
    return this.words.has(word) || (this.numbers.size > 0 && decimal.test(word) && this.numbers.has(Number(word)));
  }
  hasNumber(x: number): boolean {
    return this.numbers.size > 0 && this.numbers.has(x);
  }
}

/** One pass over the rows. */
class Reading {
  names: readonly string[] = [];
  columns: readonly Column[] = [];
  rows = 0;
  bad = 0;
  /** Number of the next line. */
  line = 1;
  readonly problems: Diagnostic[] = [];
  private readonly wordColumns: ReadonlySet<number>;
  private readonly missing: MissingCells;
  private header = false;

  /** @param wordColumns columns to read as words; if there are any, nothing else is read. */
  constructor(wordColumns: ReadonlySet<number>, missing: MissingCells) {
    this.wordColumns = wordColumns;
    this.missing = missing;
  }

  get hasHeader(): boolean {
    return this.header;
  }

  begin(names: readonly string[]): void {
    this.header = true;
    this.names = names.map((name) => name.trim());
    const any = this.wordColumns.size > 0;
    this.columns = this.names.map((_, k) => new Column(any ? (this.wordColumns.has(k) ? 'words' : 'nothing') : 'numbers', this.missing));
  }

  complain(line: number, message: string): void {
    if (++this.bad <= shownRows) this.problems.push({ code: 'bad-csv', severity: 'error', message: `line ${line}: ${message}` });
  }
  complainOfCells(line: number, count: number): void {
    const { length } = this.names;
    this.complain(
      line,
      `the row has ${count} cell${count === 1 ? '' : 's'} but the header names ${length} column${length === 1 ? '' : 's'}`,
    );
  }
}

/** The cells of one column, as numbers or as words. */
class Column {
  isNumeric = true;
  private readonly kind: 'numbers' | 'words' | 'nothing';
  private readonly missing: MissingCells;
  private values: Float64Array;
  /** Numbers of words in the order of their first mention; missing is NaN. */
  private readonly mentioned = new Map<string, number>();

  constructor(kind: 'numbers' | 'words' | 'nothing', missing: MissingCells) {
    this.kind = kind;
    this.missing = missing;
    this.values = new Float64Array(kind === 'nothing' ? 0 : 1024);
  }

  get wantsNumbers(): boolean {
    return this.kind === 'numbers';
  }

  setNumber(row: number, x: number): void {
    this.setCode(row, this.missing.hasNumber(x) ? Number.NaN : x);
  }

  private setCode(row: number, x: number): void {
    if (row >= this.values.length) {
      const more = new Float64Array(2 * this.values.length);
      more.set(this.values);
      this.values = more;
    }
    this.values[row] = x;
  }

  set(row: number, cell: string): void {
    if (this.kind === 'nothing') return;
    if (this.kind === 'numbers') {
      const x = this.isNumeric ? numberOf(cell, this.missing) : null;
      if (x === null) this.isNumeric = false;
      else this.setNumber(row, x);
      return;
    }
    const word = cell.trim();
    if (this.missing.hasWord(word)) {
      this.setCode(row, Number.NaN);
      return;
    }
    let code = this.mentioned.get(word);
    if (code === undefined) this.mentioned.set(word, (code = this.mentioned.size));
    this.setCode(row, code);
  }

  numbers(rows: number): Tensor {
    // A part of what was allocated: pages that were never written take no memory, a copy would.
    return tensor(this.values.subarray(0, rows), [rows]);
  }

  /** Codes in sorted order. */
  words(rows: number): Tensor & { readonly levels: readonly string[] } {
    const levels = [...this.mentioned.keys()].sort(),
      places = new Map(levels.map((word, code) => [word, code]));
    return { ...this.recoded(rows, (word) => places.get(word)!), levels };
  }

  /** The same, but true and false are 1 and 0 even where only one of them occurs, and a word among numbers is named. */
  wordsOrTruth(rows: number): Tensor {
    const words = [...this.mentioned.keys()];
    if (words.every((word) => truth.test(word))) return this.recoded(rows, (word) => (truth.exec(word)![1] === undefined ? 0 : 1));
    const isNumber = (word: string): boolean => numberOf(word, this.missing) !== null;
    const text = words.some(isNumber) ? words.find((word) => !isNumber(word)) : undefined;
    if (text === undefined) return this.words(rows);
    const row = this.values.indexOf(this.mentioned.get(text)!);
    return { ...this.words(rows), firstWord: { row, text } };
  }

  private recoded(rows: number, codeOf: (word: string) => number): Tensor {
    const values = this.values.subarray(0, rows),
      codes = Array.from(this.mentioned.keys(), codeOf);
    for (let k = 0; k < rows; k++) values[k] = Number.isNaN(values[k]!) ? Number.NaN : codes[values[k]!]!;
    return tensor(values, [rows]);
  }
}

const truth = /^(?:(true|TRUE|True)|false|FALSE|False)$/;

/** One pass over all rows. Without quotes a cell ends at the next separator, which takes no parser and whole lines only. */
function scan(pieces: () => Iterable<string>, wordColumns: ReadonlySet<number>, missing: MissingCells): Reading {
  const reading = new Reading(wordColumns, missing);
  let rest = '',
    delimiter: string | null = null;
  for (const piece of pieces()) {
    const text = rest === '' && reading.line === 1 && piece.startsWith('\uFEFF') ? piece.slice(1) : rest + piece;
    if (piece.includes('"')) return scanQuoted([...pieces()].join('').replace(/^\uFEFF/, ''), new Reading(wordColumns, missing));
    const end = endOfLines(text);
    rest = text.slice(end);
    if (text.slice(0, end).trim() !== '') delimiter ??= separatorOf(text);
    if (delimiter !== null && end > 0) scanPlain(text.slice(0, end), delimiter.charCodeAt(0), reading);
  }
  if (rest.trim() !== '') scanPlain(rest, (delimiter ?? separatorOf(rest)).charCodeAt(0), reading);
  return reading;
}

/** Where the last whole line of a text ends; a carriage return at the very end may be half of a line end. */
function endOfLines(text: string): number {
  const feed = text.lastIndexOf('\n');
  return feed >= 0 ? feed + 1 : text.lastIndexOf('\r', text.length - 2) + 1;
}

function scanQuoted(source: string, reading: Reading): Reading {
  const delimiter = separatorOf(source);
  let lastCursor = 0,
    line = 1;
  Papa.parse<string[]>(source, {
    delimiter,
    step: ({ data, errors, meta }) => {
      const start = line,
        from = lastCursor;
      for (let k = lastCursor; k < meta.cursor; k++) if (source.charCodeAt(k) === lineFeed) line++;
      lastCursor = meta.cursor;
      // A blank line is no row, in whatever place; an empty text in quotes is a cell.
      if (data.length === 1 && data[0]!.trim() === '' && errors.length === 0 && !source.slice(from, meta.cursor).includes('"')) return;
      if (errors.length > 0) {
        reading.complain(start, errors[0]!.message);
        return;
      }
      if (!reading.hasHeader) {
        reading.begin(data);
        return;
      }
      if (data.length !== reading.names.length) {
        reading.complainOfCells(start, data.length);
        return;
      }
      for (let column = 0; column < data.length; column++) reading.columns[column]!.set(reading.rows, data[column]!);
      reading.rows++;
    },
  });
  return reading;
}

const lineFeed = 10,
  carriageReturn = 13;

function scanPlain(source: string, delimiter: number, reading: Reading): void {
  const { length } = source;
  for (let at = 0; at < length; reading.line++) {
    let end = at,
      cells = 1;
    for (; end < length; end++) {
      const c = source.charCodeAt(end);
      if (c === delimiter) cells++;
      else if (c === lineFeed || c === carriageReturn) break;
    }
    const next = source.charCodeAt(end) === carriageReturn && source.charCodeAt(end + 1) === lineFeed ? end + 2 : end + 1;
    // A blank line is no row, in whatever place.
    if (cells > 1 || source.slice(at, end).trim() !== '') {
      if (!reading.hasHeader) reading.begin(source.slice(at, end).split(String.fromCharCode(delimiter)));
      else if (cells !== reading.names.length) reading.complainOfCells(reading.line, cells);
      else {
        for (const column of reading.columns) {
          let stop = at;
          while (stop < end && source.charCodeAt(stop) !== delimiter) stop++;
          const x = column.wantsNumbers && column.isNumeric ? decimalOf(source, at, stop) : Number.NaN;
          if (Number.isNaN(x)) column.set(reading.rows, source.slice(at, stop));
          else column.setNumber(reading.rows, x);
          at = stop + 1;
        }
        reading.rows++;
      }
    }
    at = next;
  }
}

const zero = 48,
  nine = 57,
  minus = 45,
  point = 46;

/** The number of a cell of digits with a point, NaN where it is written in any other way. */
function decimalOf(text: string, start: number, end: number): number {
  let i = start;
  const negative = text.charCodeAt(i) === minus;
  if (negative) i++;
  let mantissa = 0,
    digits = 0,
    fraction = -1;
  for (; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c >= zero && c <= nine) {
      mantissa = mantissa * 10 + (c - zero);
      digits++;
    } else if (c === point && fraction < 0) fraction = digits;
    else return Number.NaN;
  }
  if (digits === 0) return Number.NaN;
  const x = exactDecimal(mantissa, digits, fraction < 0 ? 0 : fraction - digits);
  return Number.isNaN(x) ? Number(text.slice(start, end)) : negative ? -x : x;
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
    return refuse(
      `there is no column ${JSON.stringify(name)}; the columns are ${table.header.join(', ')}`,
      near === null ? undefined : `did you mean ${near}?`,
    );
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
    if (count > most) {
      best = candidate;
      most = count;
    }
  }
  return best;
}

function commentProblem(line: string): Diagnostic {
  if (line.startsWith('sep='))
    return {
      code: 'bad-csv',
      severity: 'error',
      message: 'the first line says to spreadsheets what separates the cells (sep=)',
      hint: 'leave it out: the first line names the columns, and the separator is found there',
    };
  return {
    code: 'bad-csv',
    severity: 'error',
    message: `the first line, ${line}, is a comment`,
    hint: 'comments have no place in a table: the first line names the columns',
  };
}

function headerProblems(names: readonly string[]): Diagnostic[] {
  const problem = (message: string): Diagnostic => ({
    code: 'bad-csv',
    severity: 'error',
    message,
    hint: 'the first line names the columns',
  });
  if (names.length === 0) return [problem('the table is empty')];
  if (names.every((name) => name !== '' && Number.isFinite(Number(name))))
    return [problem(`the first line, ${names.slice(0, 5).join(', ')}, holds numbers instead of names`)];
  // Spreadsheets leave empty columns at the end, without a name.
  const doubled = names.filter((name, k) => name !== '' && names.indexOf(name) !== k);
  return [...new Set(doubled)].map((name) => ({
    ...problem(`two columns are named ${JSON.stringify(name)}`),
    hint: 'rename one of them in the first line',
  }));
}

const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** The number in a cell, NaN for a missing one, null for a word. */
function numberOf(cell: string, missing: MissingCells): number | null {
  const x = Number(cell);
  // `Number` also takes the empty text as 0 and reads hexadecimal: digits only need no closer look.
  if (!Number.isNaN(x) && isDigit(cell, 0) && (cell.length === 1 || isDigit(cell, 1))) return x;
  const word = cell.trim();
  if (decimal.test(word)) return Number(word);
  if (missing.hasWord(word)) return Number.NaN;
  if (/^[+-]?inf(?:inity)?$/i.test(word)) return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return null;
}

function isDigit(text: string, k: number): boolean {
  const code = text.charCodeAt(k);
  return (code >= 48 && code <= 57) || code === 46;
}

function refuse(message: string, hint?: string): never {
  throw new ModelError([{ code: 'bad-csv', severity: 'error', message, ...(hint === undefined ? {} : { hint }) }], message);
}
