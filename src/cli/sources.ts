/**
 * Values from the command line: `--data file.json`, `--data name=file.csv:a,b`, `--data file.csv`,
 * `--set K=3`. All sources are read before anything is said, so that a user sees every mistake.
 */
import {
  coded,
  type Diagnostic,
  didYouMean,
  type Model,
  ModelError,
  parseCsvPieces,
  parseDataJson,
  parseJsonValue,
  renderDiagnostics,
  type Table,
  tableValue,
  type Tensor,
} from '../index.js';
import { failure, readPieces, readText } from './files.js';
import { printError } from './output.js';

/** A name of the language before `=`; `./a=b.json` is a file. */
const named = /^([\p{L}_][\p{L}0-9_]*)=(.*)$/su;
/** The file ends at the first `.csv`; what follows a colon are columns. */
const table = /^(.*?\.[ct]sv)(?::(.*))?$/isu;

/** Flags that say where data are and how tables are read; each may be given several times. */
export interface DataFlags {
  readonly data?: readonly string[];
  readonly set?: readonly string[];
  readonly levels?: readonly string[];
  readonly missing?: readonly string[];
}

/**
 * All values by name; `--set` overrides `--data`.
 * @param known by name the levels of an earlier run: columns of these names hold words, whatever they look like, and keep their order.
 * @throws ModelError for unreadable files, malformed texts and names given twice, all of them together.
 */
export function readValues(
  model: Model,
  flags: DataFlags,
  known: Readonly<Record<string, readonly string[]>> = {},
): ReadonlyMap<string, unknown> {
  const problems: ModelError[] = [];
  const fromData = new Map<string, unknown>();
  const givenBy = new Map<string, string>();
  const levels = new Map<string, readonly string[] | undefined>();
  const unused = new Set<string>();
  const unbound = new Map<string, Tensor>(),
    conditioned: Diagnostic[] = [];
  for (const flag of flags.levels ?? []) {
    collect(problems, () => {
      const { name, order } = readLevels(flag);
      if (unused.has(name))
        throw flagError('--levels', { code: 'given-twice', severity: 'error', message: `Levels of ${name} are given twice.` });
      if (order !== undefined && Object.hasOwn(known, name)) checkOrder(name, order, known[name]!);
      levels.set(name, order);
      unused.add(name);
    });
  }
  for (const source of flags.data ?? []) {
    collect(problems, () => {
      for (const [name, value] of readSource(model, source, { levels, known, missing: flags.missing ?? [], unbound, conditioned })) {
        unused.delete(name);
        const before = givenBy.get(name);
        if (before !== undefined)
          throw flagError('--data', {
            code: 'given-twice',
            severity: 'error',
            message: `${name} is given by ${before} and again by ${source}.`,
            hint: 'give each name once; --set overrides --data',
          });
        givenBy.set(name, source);
        fromData.set(name, value);
      }
    });
  }
  const set = new Map<string, unknown>();
  for (const setting of flags.set ?? []) {
    collect(problems, () => {
      const { name, value } = nameAndValue('--set', setting, 'K=3');
      if (set.has(name)) throw flagError('--set', { code: 'given-twice', severity: 'error', message: `${name} is set twice.` });
      set.set(
        name,
        located(
          `--set ${name}`,
          () => value,
          () => parseJsonValue(value),
          hintForValue(name, value),
        ),
      );
    });
  }
  // A file that could not be read has named nothing.
  if (problems.length === 0)
    for (const name of unused)
      problems.push(
        flagError('--levels', {
          code: 'wrong-option',
          severity: 'error',
          message: `No column of a table is bound to ${name}.`,
          ...hintFor(name, fromData.keys()),
        }),
      );
  if (problems.length > 0) throw together(problems);
  if (conditioned.length > 0) printError(renderDiagnostics(conditioned, '', '--data'));
  // A column that is left alone is a mistake where its name is nearly one that nobody gives: passed on, it is pointed out.
  const wanted = model.inputs.data.filter((name) => !fromData.has(name) && !set.has(name));
  const nearly = [...unbound].filter(([column]) => didYouMean(column, wanted) !== null);
  return new Map([...nearly, ...fromData, ...set]);
}

function hintFor(name: string, bound: Iterable<string>): { readonly hint?: string } {
  const near = didYouMean(name, bound);
  return near === null ? {} : { hint: `did you mean ${near}?` };
}

/** `NAME` or `NAME=low,medium,high`; a list in JSON where levels hold commas. @throws ModelError */
function readLevels(flag: string): { readonly name: string; readonly order: readonly string[] | undefined } {
  const at = flag.indexOf('=');
  if (at < 0) return { name: flag, order: undefined };
  const { name, value } = nameAndValue('--levels', flag, 'size=small,medium,large');
  if (!value.trim().startsWith('[')) return { name, order: value.split(',').map((level) => level.trim()) };
  const list = located(
    `--levels ${name}`,
    () => value,
    () => parseJsonValue(value),
  );
  if (!Array.isArray(list))
    throw flagError('--levels', {
      code: 'wrong-option',
      severity: 'error',
      message: `The levels of ${name} are no list.`,
      hint: `for example --levels ${name}=small,medium,large`,
    });
  return { name, order: list.map(String) };
}

/** @throws ModelError for levels in another order than that of the run, whose codes stay what they are. */
function checkOrder(name: string, order: readonly string[], ofRun: readonly string[]): void {
  if (order.slice(0, ofRun.length).every((level, code) => level === ofRun[code])) return;
  throw flagError('--levels', {
    code: 'wrong-levels',
    severity: 'error',
    message: `The levels ${order.join(', ')} of ${name} are not in the order of the run, which is ${ofRun.join(', ')}.`,
    hint: 'leave --levels out: words are coded as in the run; or name its levels first, and new ones after them',
  });
}

/** `name=value` flags, split at the first `=`. @throws ModelError */
export function nameAndValue(flag: string, text: string, example: string): { readonly name: string; readonly value: string } {
  const at = text.indexOf('=');
  if (at < 1)
    throw flagError(flag, {
      code: 'wrong-option',
      severity: 'error',
      message: `${JSON.stringify(text)} is not of the form name=value.`,
      hint: `for example ${flag} ${example}`,
    });
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

/** Options of a backend as texts by name. @throws ModelError */
export function readOptions(flags: readonly string[]): Readonly<Record<string, string>> {
  const options = Object.create(null) as Record<string, string>;
  for (const flag of flags) {
    const { name, value } = nameAndValue('--opt', flag, 'kernel.mu=slice');
    if (name in options)
      throw flagError('--opt', { code: 'given-twice', severity: 'error', message: `The option ${name} is given twice.` });
    options[name] = value;
  }
  return options;
}

/** Named values of a JSON file, which a flag names. @throws ModelError */
export function readNamedValues(flag: string, path: string): ReadonlyMap<string, unknown> {
  if (path === '')
    throw flagError(flag, {
      code: 'wrong-option',
      severity: 'error',
      message: 'No file is named.',
      hint: `for example ${flag} values.json`,
    });
  const text = readText(path);
  return located(
    path,
    () => text,
    () => parseDataJson(text),
    hintForFile(path, text),
  );
}

interface TableReading {
  /** Order of the levels by name, undefined for the ascending one. */
  readonly levels: ReadonlyMap<string, readonly string[] | undefined>;
  /** Levels of the run by name. */
  readonly known: Readonly<Record<string, readonly string[]>>;
  readonly missing: readonly string[];
  /** Receives the columns of tables that the program does not declare. */
  readonly unbound: Map<string, Tensor>;
  /** Receives what is to be said of columns that fix an unknown because they have its name. */
  readonly conditioned: Diagnostic[];
}

/** The file that a source of data names. */
export function fileOf(source: string): string {
  const { path, file } = partsOf(source);
  return file ?? path;
}

/** The name that is bound, the path, and of a table the file with its columns. */
function partsOf(source: string): {
  readonly name: string | undefined;
  readonly path: string;
  readonly file: string | undefined;
  readonly columns: string | undefined;
} {
  const [, name, path = source] = named.exec(source) ?? [];
  const [, file, columns] = table.exec(path) ?? [];
  return { name, path, file, columns };
}

function readSource(model: Model, source: string, reading: TableReading): Iterable<readonly [string, unknown]> {
  const { name, path, file, columns } = partsOf(source);
  if (file === undefined) return name === undefined ? readNamedValues('--data', path) : [[name, readJson(path)]];
  const pieces = readPieces(file);
  return located(
    file,
    () => [...pieces()].join(''),
    () => {
      const read = parseCsvPieces(pieces, { missing: reading.missing });
      if (read.rows === 0) throw failure('', '', [{ code: 'bad-csv', severity: 'error', message: 'The table has a header and no rows.' }]);
      if (name !== undefined) {
        if (columns === undefined || columns === '') {
          throw flagError(`--data ${source}`, {
            code: 'wrong-option',
            severity: 'error',
            message: 'It is not said which columns to take.',
            hint: `${source.replace(/:$/, '')}:${read.header[0] ?? 'column'} for one, ${source.replace(/:$/, '')}:* for all`,
          });
        }
        return [
          [
            name,
            valueOf(
              name,
              read,
              columns === '*' ? read.header : read.header.includes(columns) ? [columns] : columns.split(','),
              reading,
              pieces,
            ),
          ],
        ];
      }
      if (columns !== undefined)
        throw flagError(`--data ${source}`, {
          code: 'wrong-option',
          severity: 'error',
          message: 'Columns need a name to be bound to.',
          hint: `--data name=${source}`,
        });
      const bound = byHeader(model, read.header, file);
      for (const column of read.header)
        if (!bound.some((b) => b.column === column)) reading.unbound.set(column, tableValue(read, [column]));
      reading.conditioned.push(...fixedUnknowns(model, bound, file));
      return bound.map(({ name, column }) => [name, valueOf(name, read, [column], reading, pieces)]);
    },
  );
}

/** Columns of a table as the value of a name, with the levels asked for. */
function valueOf(
  name: string,
  read: Table,
  columns: readonly string[],
  { levels, known, missing }: TableReading,
  pieces: () => Iterable<string>,
): Tensor {
  let value = tableValue(read, columns);
  // Some rows of a column of words may hold numbers only, or true and false: in the run these were words.
  if (Object.hasOwn(known, name) && columns.length === 1 && value.levels === undefined)
    value = tableValue(parseCsvPieces(pieces, { missing, words: columns }), columns);
  return levels.has(name) ? coded(value, levels.get(name)) : value;
}

/**
 * Columns that carry a name of the program. What cannot stand in a name of the language counts as `_`: `Sepal.Length` is Sepal_Length.
 * @throws ModelError where there is none, or two are for the same name.
 */
function byHeader(model: Model, header: readonly string[], file: string): readonly { readonly name: string; readonly column: string }[] {
  const { data, unknowns } = model.inputs;
  const declared = new Set([...data, ...unknowns]);
  const bound = header.flatMap((column) => {
    if (declared.has(column)) return [{ name: column, column }];
    const name = column.replaceAll(/[^\p{L}0-9_]/gu, '_').replace(/^(?=[0-9])/, '_');
    return name !== column && declared.has(name) && !header.includes(name) ? [{ name, column }] : [];
  });
  const doubled = bound.find(({ name }, k) => bound.findIndex((other) => other.name === name) !== k);
  if (doubled !== undefined) {
    const columns = bound.filter(({ name }) => name === doubled.name).map(({ column }) => JSON.stringify(column));
    throw failure('', '', [
      {
        code: 'bad-csv',
        severity: 'error',
        message: `The columns ${columns.join(' and ')} are both meant by ${doubled.name}.`,
        hint: `say which one: --data ${doubled.name}=${file}:${doubled.column}`,
      },
    ]);
  }
  if (bound.length > 0) return bound;
  throw failure('', '', [
    {
      code: 'no-such-data',
      severity: 'error',
      message: `None of the columns ${header.join(', ')} is declared by the program.`,
      hint: hintForHeader(header, data, file),
    },
  ]);
}

/** An unknown may be given, but a table of data may hold a column of its name by chance: nobody has said that it is meant. */
function fixedUnknowns(
  model: Model,
  bound: readonly { readonly name: string; readonly column: string }[],
  file: string,
): readonly Diagnostic[] {
  const { data, unknowns } = model.inputs;
  return bound.every(({ name }) => !data.includes(name))
    ? []
    : bound
        .filter(({ name }) => unknowns.includes(name))
        .map(({ name, column }) => ({
          code: 'conditioned',
          severity: 'warning',
          message: `${file} has a column ${JSON.stringify(column)}, and the program samples ${name}: it is given now, and not inferred.`,
          hint: `rename the column; or say that this is meant: leave it out of this table, and --data ${name}=FILE:${column}`,
        }));
}

/** What may be the matter with a header that names nothing. */
function hintForHeader(header: readonly string[], data: readonly string[], file: string): string {
  if (data.length === 0) return 'the program declares no data';
  const [first = ''] = header;
  if (first.startsWith('#')) return 'comments have no place in a table: the first line names the columns';
  if (header.some((cell) => cell.trim() !== '' && Number.isFinite(Number(cell))))
    return 'the first line names the columns, and this one looks like data';
  if (header.length === 1 && /\S\s+\S/.test(first)) return 'columns are separated by commas, semicolons, tabs or bars';
  const near = header.flatMap((column) => {
    const name = didYouMean(column, data);
    return name === null ? [] : [`--data ${name}=${file}:${column}`];
  });
  if (near.length > 0) return `did you mean ${near[0]!}?`;
  const one = `bind columns by name: --data ${data[0]!}=${file}:${first}`;
  return header.length === 1 ? one : `${one} (columns of a matrix: ${data[0]!}=${file}:${header.join(',')})`;
}

function readJson(path: string): unknown {
  const text = readText(path);
  return located(
    path,
    () => text,
    () => parseJsonValue(text),
    hintForFile(path, text),
  );
}

/** A text that is no JSON under a name that does not say what it is. */
function hintForFile(path: string, text: string): string | undefined {
  return /\.json$/i.test(path) || /^\s*[[{]/.test(text) ? undefined : 'it is read as JSON: the name of a table ends in .csv or .tsv';
}

/** What somebody meant who wrote a value that is not JSON. */
function hintForValue(name: string, text: string): string {
  const value = text.trim();
  if (/^(true|false)$/i.test(value)) return `--set ${name}=${value.toLowerCase()}`;
  if (/^(na|nan|none|missing)$/i.test(value)) return `--set ${name}=null`;
  if (/^[-+0-9.eE]+(\s*[,; ]\s*[-+0-9.eE]+)+$/.test(value))
    return `a list stands in brackets: --set '${name}=[${value.split(/[,; ]+/).join(', ')}]'`;
  if (/\.(json|csv|tsv)\b/i.test(value)) return `values of files are given by --data ${name}=${value}`;
  return `a value is a number, true, false, null or a list of these: --set ${name}=3, --set '${name}=[1, 2]'`;
}

/** Runs a reader of a text; what it refuses is shown at its place in the text. */
function located<T>(place: string, textOf: () => string, read: () => T, hint?: string): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof ModelError) || /^--data /.test(thrown.message) || thrown.diagnostics.some((d) => d.code === 'cannot-read'))
      throw thrown;
    const text = textOf();
    throw failure(
      place,
      text,
      thrown.diagnostics.map((diagnostic) => ({ ...(hint === undefined ? {} : { hint }), ...withSpan(diagnostic, text) })),
    );
  }
}

/** The readers of `input/` name line and column in words; here they become a place. */
function withSpan(diagnostic: Diagnostic, text: string): Diagnostic {
  const [whole, line, column] = /^line (\d+)(?:, column (\d+))?: /.exec(diagnostic.message) ?? [];
  if (whole === undefined || diagnostic.span !== undefined) return diagnostic;
  const lines = text.split('\n');
  const start = lines.slice(0, Number(line) - 1).reduce((offset, before) => offset + before.length + 1, 0) + Number(column ?? 1) - 1;
  const message = diagnostic.message.slice(whole.length);
  const end = column === undefined ? start + (lines[Number(line) - 1]?.length ?? 0) : start + 1;
  return { ...diagnostic, message: `${message[0]?.toUpperCase() ?? ''}${message.slice(1)}`, span: { start, end } };
}

function flagError(flag: string, diagnostic: Diagnostic): ModelError {
  return failure(flag, '', [diagnostic]);
}

/** Keeps what goes wrong for the user; faults of ours pass through. */
export function collect(problems: ModelError[], run: () => void): void {
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    problems.push(thrown);
  }
}

/** Several errors as one. */
export function together(problems: readonly ModelError[]): ModelError {
  return new ModelError(
    problems.flatMap((problem) => problem.diagnostics),
    problems.map((problem) => problem.message).join('\n\n'),
  );
}
