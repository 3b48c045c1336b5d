/**
 * A run as its files tell of it: `summary.json`, `run.json`, `draws.csv` and `data.json` read back into
 * what a backend returned. What the files do not hold (elements without draws) stays unknown, nothing is
 * computed anew. Invariant: files that are not those of one run are refused with the file and the reason.
 */
import {
  type DrawValues,
  elementName,
  type ExchangeableGroup,
  type PlanEntry,
  type RunResult,
  type Seconds,
  sizeOf,
  type Traces,
  type VariableResult,
} from '../4-infer/posterior.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { parseCsv } from '../input/csv.js';
import { parseDataJson } from '../input/json.js';
import { badDraws, type DrawsColumn, readDraws } from './drawsFile.js';
import { columnNames, shareRows, type VariableRecord } from './files.js';
import type { Posterior } from './posterior.js';
import type { Summary, SummaryRow } from './record.js';
import { isFields, isList, isNumberOrNull, isSeconds, isTable, isText, noRun, parsed, requireFields } from './runFields.js';
import { RowColumns } from './rowColumns.js';
import { type VariableSummary, variableSummary } from './summary.js';
import { readSummary, type FileText } from './summaryFile.js';

/** The texts of a run's files; null for those it has not. Those that may be longer than a text can be may come in pieces. */
export interface RunFiles {
  readonly summary: string | Iterable<string>;
  readonly run: string;
  /** In pieces: there may be more draws than fit into a text. */
  readonly draws: Iterable<string> | null;
  readonly data: string | null;
  /** `pointwise.csv`. */
  readonly pointwise: string | null;
}

/** What `run.json` records. */
export interface RunRecord {
  readonly program: string;
  readonly backend: string;
  readonly seed: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly plan: readonly PlanEntry[];
  readonly traces: { readonly [name in keyof Traces]-?: NonNullable<Traces[name]> | null };
  readonly notes: readonly Pick<Diagnostic, 'code' | 'message'>[];
  readonly warnings: readonly {
    readonly code: string;
    readonly severity: string;
    readonly message: string;
    readonly hint: string | null;
  }[];
  readonly levels: Readonly<Record<string, readonly string[]>>;
  readonly seconds: Seconds;
  readonly variables: readonly VariableRecord[];
  readonly exchangeable: readonly ExchangeableGroup[];
}

/** A finished run, read back from its files. */
export interface StoredRun {
  readonly summary: Summary;
  readonly record: RunRecord;
  /** Each variable with its draws where there are some, and with its rows of the summary. */
  readonly variables: readonly VariableSummary[];
  /** As given; null where the run kept none. */
  readonly data: ReadonlyMap<string, unknown> | null;
  /** Pareto k of each unit that was left out; null where the run has none. */
  readonly paretoK: readonly { readonly unit: string; readonly k: number }[] | null;
}

/** @throws ModelError (codes `no-run`, `bad-draws`) for files that are damaged, incomplete or of several runs. */
export function readStoredRun(files: RunFiles): StoredRun {
  const record = recordOf(files.run),
    { summary, rows } = rowsByVariable(files.summary, record.variables);
  const columns = new Map<string, DrawsColumn>(),
    columnOf = columnNames(record.variables);
  const drawn = record.variables.filter(({ form, draws }) => form !== 'moments' && draws > 0);
  const [first] = drawn;
  // One table holds the draws that share their rows.
  const stored = new Set(drawn.filter((variable) => shareRows(variable, first!)));
  const values = new Map<VariableRecord, DrawValues>();
  for (const variable of stored) {
    const size = sizeOf(variable.shape),
      array = roomFor(variable);
    values.set(variable, array);
    for (let element = 0; element < size; element++)
      columns.set(columnOf(elementName(variable.name, variable.shape, element)), { values: array, element, size });
  }
  if (first !== undefined) {
    if (files.draws === null) throw badDraws('the file is missing, and the run made draws');
    readDraws(files.draws, first.chains * first.draws, (name) => columns.get(name) ?? null);
  }
  return {
    summary,
    record,
    variables: record.variables.map((variable): VariableSummary => {
      const own = rows.get(variable.name)!;
      return summaryOf(resultOf(variable, own, values.get(variable) ?? null), own);
    }),
    data: files.data === null ? null : dataOf(files.data),
    paretoK: files.pointwise === null ? null : paretoOf(files.pointwise),
  };
}

/** What the files of a run would tell, without its draws as text: they may be more than fit into one. */
export function runOf(posterior: Posterior): StoredRun {
  const files = posterior.files(),
    { 'data.json': data, 'pointwise.csv': pointwise } = files;
  const record = recordOf(files['run.json']!),
    { summary, rows } = rowsByVariable(files['summary.json']!, record.variables);
  return {
    summary,
    record,
    variables: posterior.result.variables.map((variable) => summaryOf(variable, rows.get(variable.name)!)),
    data: data === undefined ? null : dataOf(data),
    paretoK: pointwise === undefined ? null : paretoOf(pointwise),
  };
}

/** Values from 0 of which every one fits into a byte take a byte each, as in a run. */
function roomFor({ shape, chains, draws, discrete, range, low }: VariableRecord): DrawValues {
  const count = chains * draws * sizeOf(shape);
  return discrete && range !== null && (low ?? 0) >= 0 && (low ?? 0) + range <= byteValues
    ? new Uint8Array(count)
    : new Float64Array(count).fill(Number.NaN);
}
const byteValues = 256;

/** The part of a result that relabelling and figures read. */
export function resultOfRun({ record, variables }: StoredRun): Pick<RunResult, 'variables' | 'exchangeable'> {
  return { variables: variables.map(({ variable }) => variable), exchangeable: record.exchangeable };
}

function resultOf(record: VariableRecord, rows: RowColumns, values: DrawValues | null): VariableResult {
  const { name, shape, kind, discrete, insidePlate, range, low, chains, chainNumbers, draws, independent, repeats } = record;
  const { probabilities } = rows;
  const common = {
    name,
    shape,
    kind,
    discrete,
    insidePlate,
    ...(range === null ? {} : { range }),
    ...(low === null ? {} : { low }),
    ...(rows.count === sizeOf(shape) ? {} : { elements: rows.flats() }),
  };
  if (record.form === 'draws' && values !== null)
    return {
      ...common,
      result: {
        form: 'draws',
        chains,
        ...(chainNumbers === undefined ? {} : { chainNumbers }),
        draws,
        values,
        independent,
        ...(repeats === undefined ? {} : { repeats }),
      },
    };
  if (record.form === 'closed') {
    const q5 = rows.column('q5'),
      q50 = rows.column('q50'),
      q95 = rows.column('q95');
    return {
      ...common,
      result: {
        form: 'closed',
        mean: rows.numbers('mean'),
        sd: rows.column('sd'),
        mcse: rows.column('mcse'),
        quantiles: q5 === null || q50 === null || q95 === null ? null : { q5, q50, q95 },
        probabilities,
        draws: values === null ? null : { count: draws, values },
      },
    };
  }
  return {
    ...common,
    result: {
      form: 'moments',
      chains,
      draws,
      mean: rows.numbers('mean'),
      variance: rows.numbers('sd').map((x) => x * x),
      mcse: rows.numbers('mcse'),
      rhat: rows.numbers('rhat'),
      probabilities,
    },
  };
}

function summaryOf(variable: VariableResult, rows: RowColumns): VariableSummary {
  return variableSummary(variable, rows.flats(), (flat) => rows.at(flat));
}

/** The summary, and its rows under their variables. @throws ModelError for a row of no variable. */
function rowsByVariable(
  text: FileText,
  variables: readonly VariableRecord[],
): { readonly summary: Summary; readonly rows: ReadonlyMap<string, RowColumns> } {
  const rows = new Map(variables.map((variable) => [variable.name, { shape: variable.shape, own: new RowColumns(variable) }]));
  const rest = readSummary(text, (name, row) => {
    const open = name.endsWith(']') ? name.lastIndexOf('[') : -1,
      found = rows.get(open < 0 ? name : name.slice(0, open));
    const flat = found === undefined ? null : flatOf(open < 0 ? [] : name.slice(open + 1, -1).split(','), found.shape);
    if (found === undefined || flat === null)
      throw noRun('summary.json', `the row ${JSON.stringify(name)} is of no variable of run.json: the files are of different runs`);
    found.own.set(flat, row);
  });
  const stored = new Map(Array.from(rows, ([name, { own }]) => [name, own]));
  return {
    rows: stored,
    summary: {
      ...rest,
      // A million rows are made into one object for who asks for it, not before.
      get variables() {
        return rowsByName(variables.map(({ name }) => stored.get(name)!));
      },
    },
  };
}

/** The number of an element, row-major; null where its indices do not lie in the shape. */
function flatOf(indices: readonly string[], shape: readonly number[]): number | null {
  if (indices.length !== shape.length) return null;
  let flat = 0;
  for (const [axis, text] of indices.entries()) {
    const length = shape[axis]!,
      index = Number(text);
    if (!/^\d+$/.test(text) || index >= length) return null;
    flat = flat * length + index;
  }
  return flat;
}

function rowsByName(variables: readonly RowColumns[]): Summary['variables'] {
  // Without a prototype: a variable may be called `__proto__`.
  const rows = Object.create(null) as { [element: string]: SummaryRow };
  for (const own of variables)
    for (const flat of own.flats()) {
      const { name, flat: _, ...row } = own.at(flat);
      rows[name] = row;
    }
  return rows;
}

// --- reading with suspicion --------------------------------------------------------------------

const isNumbers = (value: unknown): boolean => isList(value, isNumberOrNull);

function recordOf(text: string): RunRecord {
  const fields = parsed('run.json', text);
  const isShape = (x: unknown): boolean => isList(x, (n) => Number.isSafeInteger(n) && (n as number) >= 0);
  const isCount = (x: unknown): boolean => Number.isSafeInteger(x) && (x as number) >= 0;
  const isVariable = (x: unknown): boolean =>
    isFields(x) &&
    isText(x['name']) &&
    isShape(x['shape']) &&
    ['draws', 'moments', 'closed'].includes(String(x['form'])) &&
    isCount(x['chains']) &&
    (x['chainNumbers'] === undefined || isList(x['chainNumbers'], isCount)) &&
    isCount(x['draws']) &&
    (x['repeats'] === undefined || (isCount(x['repeats']) && Number(x['draws']) % Number(x['repeats']) === 0)) &&
    isNumberOrNull(x['range']) &&
    isNumberOrNull(x['low']) &&
    ['discrete', 'insidePlate', 'independent'].every((name) => typeof x[name] === 'boolean') &&
    ['latent', 'report', 'predict'].includes(String(x['kind']));
  const isGroup = (x: unknown): boolean =>
    isFields(x) &&
    isCount(x['size']) &&
    isList(x['variables'], (v) => isFields(v) && isText(v['name']) && isCount(v['axis'])) &&
    (x['labels'] === undefined || isList(x['labels'], isText));
  requireFields('run.json', fields, {
    program: isText,
    backend: isText,
    seed: isText,
    options: isFields,
    versions: (x) => isTable(x, isText),
    plan: (x) => isList(x, (entry) => isFields(entry) && ['block', 'kernel', 'reason'].every((name) => isText(entry[name]))),
    traces: (x) =>
      isFields(x) &&
      ['elbo', 'logLikelihood', 'logJoint', 'stepSizes', 'divergences'].every((name) => x[name] === null || isNumbers(x[name])) &&
      (x['acceptance'] === null || isTable(x['acceptance'], isNumbers)),
    notes: (x) => isList(x, (note) => isFields(note) && isText(note['message'])),
    warnings: (x) =>
      isList(x, (warning) => isFields(warning) && isText(warning['message']) && (warning['hint'] === null || isText(warning['hint']))),
    levels: (x) => isTable(x, (words) => isList(words, isText)),
    seconds: isSeconds,
    variables: (x) => isList(x, isVariable),
    exchangeable: (x) => isList(x, isGroup),
  });
  const { variables } = fields as unknown as RunRecord;
  const size = variables.reduce(
    (sum, { shape, chains, draws, form }) => sum + (form === 'moments' ? 1 : Math.max(1, chains * draws)) * sizeOf(shape),
    0,
  );
  if (!(size <= mostNumbers)) throw noRun('run.json', `the run says that it kept ${size} numbers`);
  return fields as unknown as RunRecord;
}

/** 16 GB of draws: more than a run keeps in memory, so that a record that says so is taken for damaged. */
const mostNumbers = 2 ** 31;

function paretoOf(text: string): StoredRun['paretoK'] {
  const table = located('pointwise.csv', () => parseCsv(text)),
    units = table.columns.get('unit'),
    k = table.columns.get('k');
  if (units === undefined || k === undefined) throw noRun('pointwise.csv', 'the columns unit and k are missing');
  return Array.from({ length: table.rows }, (_, row) => ({
    unit: units.levels?.[units.values[row]!] ?? String(units.values[row]),
    k: k.levels === undefined ? k.values[row]! : Number(k.levels[k.values[row]!]),
  })).filter(({ k: value }) => !Number.isNaN(value));
}

function dataOf(text: string): ReadonlyMap<string, unknown> {
  return located('data.json', () => parseDataJson(text));
}

/** What a reader refuses, under the name of its file. */
function located<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    throw noRun(file, thrown.message);
  }
}
