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
import { shareRows, type VariableRecord } from './files.js';
import type { Posterior } from './posterior.js';
import type { Summary, SummaryRow } from './record.js';
import type { ElementSummary, VariableSummary } from './summary.js';

/** The texts of a run's files; null for those it has not. */
export interface RunFiles {
  readonly summary: string;
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
  const summary = summaryOf(files.summary),
    record = recordOf(files.run);
  const rows = rowsByVariable(summary, record.variables);
  const columns = new Map<string, DrawsColumn>();
  const drawn = record.variables.filter(({ form, draws }) => form !== 'moments' && draws > 0);
  const [first] = drawn;
  // One table holds the draws that share their rows.
  const stored = new Set(drawn.filter((variable) => shareRows(variable, first!)));
  const values = new Map<VariableRecord, Float64Array>();
  for (const variable of stored) {
    const size = sizeOf(variable.shape),
      array = new Float64Array(variable.chains * variable.draws * size).fill(Number.NaN);
    values.set(variable, array);
    for (let element = 0; element < size; element++)
      columns.set(elementName(variable.name, variable.shape, element), { values: array, element, size });
  }
  if (first !== undefined) {
    if (files.draws === null) throw badDraws('the file is missing, and the run made draws');
    readDraws(files.draws, first.chains * first.draws, (name) => columns.get(name) ?? null);
  }
  const variables = record.variables.map((variable): VariableSummary => {
    const elements = rows.get(variable.name) ?? [];
    return { variable: resultOf(variable, elements, values.get(variable) ?? null), elements };
  });
  return {
    summary,
    record,
    variables,
    data: files.data === null ? null : dataOf(files.data),
    paretoK: files.pointwise === null ? null : paretoOf(files.pointwise),
  };
}

/** What the files of a run would tell, without its draws as text: they may be more than fit into one. */
export function runOf(posterior: Posterior): StoredRun {
  const files = posterior.files(),
    { 'data.json': data, 'pointwise.csv': pointwise } = files;
  const summary = summaryOf(files['summary.json']!),
    record = recordOf(files['run.json']!);
  const rows = rowsByVariable(summary, record.variables);
  const variables = posterior.result.variables.map((variable): VariableSummary => ({ variable, elements: rows.get(variable.name) ?? [] }));
  return {
    summary,
    record,
    variables,
    data: data === undefined ? null : dataOf(data),
    paretoK: pointwise === undefined ? null : paretoOf(pointwise),
  };
}

/** The part of a result that relabelling and figures read. */
export function resultOfRun({ record, variables }: StoredRun): Pick<RunResult, 'variables' | 'exchangeable'> {
  return { variables: variables.map(({ variable }) => variable), exchangeable: record.exchangeable };
}

function resultOf(record: VariableRecord, elements: readonly ElementSummary[], values: DrawValues | null): VariableResult {
  const { name, shape, kind, discrete, insidePlate, range, low, chains, chainNumbers, draws, independent } = record;
  const size = sizeOf(shape);
  const column = (pick: (row: ElementSummary) => number | null): Float64Array => {
    const out = new Float64Array(size).fill(Number.NaN);
    for (const row of elements) out[row.flat] = pick(row) ?? Number.NaN;
    return out;
  };
  const some = (pick: (row: ElementSummary) => number | null): Float64Array | null =>
    elements.some((row) => pick(row) !== null) ? column(pick) : null;
  const probabilities = probabilitiesOf(record, elements);
  const common = {
    name,
    shape,
    kind,
    discrete,
    insidePlate,
    ...(range === null ? {} : { range }),
    ...(low === null ? {} : { low }),
    ...(elements.length === size ? {} : { elements: Int32Array.from(elements, ({ flat }) => flat) }),
  };
  if (record.form === 'draws' && values !== null)
    return {
      ...common,
      result: { form: 'draws', chains, ...(chainNumbers === undefined ? {} : { chainNumbers }), draws, values, independent },
    };
  if (record.form === 'closed') {
    const q5 = some((row) => row.q5),
      q50 = some((row) => row.q50),
      q95 = some((row) => row.q95);
    return {
      ...common,
      result: {
        form: 'closed',
        mean: column((row) => row.mean),
        sd: some((row) => row.sd),
        mcse: some((row) => row.mcse),
        quantiles: q5 === null || q50 === null || q95 === null ? null : { q5, q50, q95 },
        probabilities,
        draws: values === null ? null : { count: draws, values },
      },
    };
  }
  const sd = column((row) => row.sd);
  return {
    ...common,
    result: {
      form: 'moments',
      chains,
      draws,
      mean: column((row) => row.mean),
      variance: sd.map((x) => x * x),
      mcse: column((row) => row.mcse),
      rhat: column((row) => row.rhat),
      probabilities,
    },
  };
}

/** [...shape, range] from the probabilities by value; null where none are listed. */
function probabilitiesOf({ shape, range, low }: VariableRecord, elements: readonly ElementSummary[]): Float64Array | null {
  if (range === null || !elements.some((row) => row.probs !== null)) return null;
  const out = new Float64Array(sizeOf(shape) * range).fill(Number.NaN);
  for (const { flat, probs } of elements)
    for (let k = 0; k < range; k++) out[flat * range + k] = probs?.[String(k + (low ?? 0))] ?? Number.NaN;
  return out;
}

/** The rows of the summary under their variables. @throws ModelError for a row of no variable. */
function rowsByVariable(summary: Summary, variables: readonly VariableRecord[]): ReadonlyMap<string, readonly ElementSummary[]> {
  const byName = new Map(variables.map((variable) => [variable.name, variable]));
  const rows = new Map<string, ElementSummary[]>();
  for (const name of Object.keys(summary.variables)) {
    const [, own = name, at] = /^(.*?)(?:\[([\d,]+)\])?$/s.exec(name) ?? [];
    const variable = byName.get(own);
    const indices = at === undefined ? [] : at.split(',').map(Number);
    if (variable === undefined || indices.length !== variable.shape.length || indices.some((i, axis) => i >= variable.shape[axis]!)) {
      throw noRun('summary.json', `the row ${JSON.stringify(name)} is of no variable of run.json: the files are of different runs`);
    }
    const flat = indices.reduce((sum, i, axis) => sum * variable.shape[axis]! + i, 0);
    const list = rows.get(own) ?? [];
    list.push({ name, flat, ...summary.variables[name]! });
    rows.set(own, list);
  }
  return rows;
}

// --- reading with suspicion --------------------------------------------------------------------

type Fields = Readonly<Record<string, unknown>>;

function noRun(file: string, problem: string): ModelError {
  const diagnostic: Diagnostic = {
    code: 'no-run',
    severity: 'error',
    message: `${file}: ${problem}`,
    hint: 'Name a directory that credence infer --out has written with this version.',
  };
  return new ModelError([diagnostic], `${diagnostic.message}. ${diagnostic.hint}`);
}

function parsed(file: string, text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw noRun(file, `this is not whole JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isFields(value)) throw noRun(file, 'this is not what a run writes');
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function isNumberOrNull(value: unknown): boolean {
  return value === null || typeof value === 'number';
}
function isText(value: unknown): value is string {
  return typeof value === 'string';
}
function isList(value: unknown, holds: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(holds);
}
function isTable(value: unknown, holds: (item: unknown) => boolean): boolean {
  return isFields(value) && Object.values(value).every(holds);
}
const isNumbers = (value: unknown): boolean => isList(value, isNumberOrNull);

/** @throws ModelError naming the first field that is not what it has to be. */
function requireFields(file: string, fields: Fields, wanted: Readonly<Record<string, (value: unknown) => boolean>>): void {
  for (const [name, holds] of Object.entries(wanted))
    if (!holds(fields[name]))
      throw noRun(file, `the field ${JSON.stringify(name)} is ${fields[name] === undefined ? 'missing' : 'not what a run writes'}`);
}

const rowNumbers = [
  'mean',
  'sd',
  'mcse',
  'q5',
  'q50',
  'q95',
  'essBulk',
  'essTail',
  'rhat',
] as const satisfies readonly (keyof SummaryRow)[];

function summaryOf(text: string): Summary {
  const fields = parsed('summary.json', text);
  requireFields('summary.json', fields, {
    backend: isText,
    seed: isText,
    converged: (x) => typeof x === 'boolean',
    warnings: (x) => isList(x, isText),
    variables: (x) =>
      isTable(
        x,
        (row) =>
          isFields(row) &&
          rowNumbers.every((name) => isNumberOrNull(row[name])) &&
          (row['probs'] === null || isTable(row['probs'], isNumberOrNull)),
      ),
    ...Object.fromEntries(
      ['logEvidence', 'logEvidenceSe', 'elbo', 'logLikelihood', 'logJoint', 'aic', 'bic'].map((name) => [name, isNumberOrNull]),
    ),
    seconds: isSeconds,
    waic: (x) => x === null || isFields(x),
    loo: (x) => x === null || isFields(x),
  });
  return fields as unknown as Summary;
}

function isSeconds(value: unknown): boolean {
  return isFields(value) && ['compile', 'warmup', 'sampling'].every((name) => isNumberOrNull(value[name]));
}

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
