/**
 * Values from the command line: `--data file.json`, `--data name=file.csv:a,b`, `--data file.csv`,
 * `--set K=3`. All sources are read before anything is said, so that a user sees every mistake.
 */
import { type Diagnostic, didYouMean, type Model, ModelError, parseCsvPieces, parseDataJson, parseJsonValue, tableValue } from '../index.js';
import { failure, readPieces, readText } from './files.js';

/** A name of the language before `=`; `./a=b.json` is a file. */
const named = /^([\p{L}_][\p{L}0-9_]*)=(.*)$/su;
/** The file ends at the first `.csv`; what follows a colon are columns. */
const table = /^(.*?\.[ct]sv)(?::(.*))?$/isu;

/**
 * All values by name; `--set` overrides `--data`.
 * @throws ModelError for unreadable files, malformed texts and names given twice, all of them together.
 */
export function readValues(model: Model, data: readonly string[], settings: readonly string[]): ReadonlyMap<string, unknown> {
  const problems: ModelError[] = [];
  const fromData = new Map<string, unknown>();
  const givenBy = new Map<string, string>();
  for (const source of data) {
    collect(problems, () => {
      for (const [name, value] of readSource(model, source)) {
        const before = givenBy.get(name);
        if (before !== undefined) throw flagError('--data', { code: 'given-twice', severity: 'error', message: `${name} is given by ${before} and again by ${source}.`, hint: 'give each name once; --set overrides --data' });
        givenBy.set(name, source);
        fromData.set(name, value);
      }
    });
  }
  const set = new Map<string, unknown>();
  for (const setting of settings) {
    collect(problems, () => {
      const { name, value } = nameAndValue('--set', setting, 'K=3');
      if (set.has(name)) throw flagError('--set', { code: 'given-twice', severity: 'error', message: `${name} is set twice.` });
      set.set(name, located(`--set ${name}`, () => value, () => parseJsonValue(value), hintForValue(name, value)));
    });
  }
  if (problems.length > 0) throw together(problems);
  return new Map([...fromData, ...set]);
}

/** `name=value` flags, split at the first `=`. @throws ModelError */
export function nameAndValue(flag: string, text: string, example: string): { readonly name: string; readonly value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw flagError(flag, { code: 'wrong-option', severity: 'error', message: `${JSON.stringify(text)} is not of the form name=value.`, hint: `for example ${flag} ${example}` });
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

/** Options of a backend as texts by name. @throws ModelError */
export function readOptions(flags: readonly string[]): Readonly<Record<string, string>> {
  const options = Object.create(null) as Record<string, string>;
  for (const flag of flags) {
    const { name, value } = nameAndValue('--opt', flag, 'kernel.mu=slice');
    if (name in options) throw flagError('--opt', { code: 'given-twice', severity: 'error', message: `The option ${name} is given twice.` });
    options[name] = value;
  }
  return options;
}

/** Named values of a JSON file, which a flag names. @throws ModelError */
export function readNamedValues(flag: string, path: string): ReadonlyMap<string, unknown> {
  if (path === '') throw flagError(flag, { code: 'wrong-option', severity: 'error', message: 'No file is named.', hint: `for example ${flag} values.json` });
  const text = readText(path);
  return located(path, () => text, () => parseDataJson(text));
}

function readSource(model: Model, source: string): Iterable<readonly [string, unknown]> {
  const [, name, path = source] = named.exec(source) ?? [];
  const [, file, columns] = table.exec(path) ?? [];
  if (file === undefined) return name === undefined ? readNamedValues('--data', path) : [[name, readJson(path)]];
  const pieces = readPieces(file);
  return located(file, () => [...pieces()].join(''), () => {
    const read = parseCsvPieces(pieces);
    if (name !== undefined) {
      if (columns === undefined || columns === '') {
        throw flagError(`--data ${source}`, { code: 'wrong-option', severity: 'error', message: 'It is not said which columns to take.', hint: `${source.replace(/:$/, '')}:${read.header[0] ?? 'column'} for one, ${source.replace(/:$/, '')}:* for all` });
      }
      return [[name, tableValue(read, columns === '*' ? read.header : columns.split(','))]];
    }
    if (columns !== undefined) throw flagError(`--data ${source}`, { code: 'wrong-option', severity: 'error', message: 'Columns need a name to be bound to.', hint: `--data name=${source}` });
    return byHeader(model, read.header).map((column) => [column, tableValue(read, [column])]);
  });
}

/** Columns that carry a name of the program. @throws ModelError where none does. */
function byHeader(model: Model, header: readonly string[]): readonly string[] {
  const { data, unknowns } = model.inputs;
  const bound = header.filter((column) => data.includes(column) || unknowns.includes(column));
  if (bound.length > 0) return bound;
  const near = header.flatMap((column) => didYouMean(column, data) ?? []);
  throw failure('', '', [{
    code: 'no-such-data', severity: 'error', message: `None of the columns ${header.join(', ')} is declared by the program.`,
    hint: near.length > 0 ? `did you mean ${near[0]}?` : data.length === 0 ? 'the program declares no data' : `bind columns by name: --data ${data[0]}=file.csv:${header[0] ?? 'column'}`,
  }]);
}

function readJson(path: string): unknown {
  const text = readText(path);
  return located(path, () => text, () => parseJsonValue(text));
}

/** What somebody meant who wrote a value that is not JSON. */
function hintForValue(name: string, text: string): string {
  const value = text.trim();
  if (/^(true|false)$/i.test(value)) return `--set ${name}=${value.toLowerCase()}`;
  if (/^(na|nan|none|missing)$/i.test(value)) return `--set ${name}=null`;
  if (/^[-+0-9.eE]+(\s*[,; ]\s*[-+0-9.eE]+)+$/.test(value)) return `a list stands in brackets: --set '${name}=[${value.split(/[,; ]+/).join(', ')}]'`;
  if (/\.(json|csv|tsv)\b/i.test(value)) return `values of files are given by --data ${name}=${value}`;
  return `a value is a number, true, false, null or a list of these: --set ${name}=3, --set '${name}=[1, 2]'`;
}

/** Runs a reader of a text; what it refuses is shown at its place in the text. */
function located<T>(place: string, textOf: () => string, read: () => T, hint?: string): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof ModelError) || /^--data /.test(thrown.message) || thrown.diagnostics.some((d) => d.code === 'cannot-read')) throw thrown;
    const text = textOf();
    throw failure(place, text, thrown.diagnostics.map((diagnostic) => ({ ...(hint === undefined ? {} : { hint }), ...withSpan(diagnostic, text) })));
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
  return new ModelError(problems.flatMap((problem) => problem.diagnostics), problems.map((problem) => problem.message).join('\n\n'));
}
