/**
 * The files of a run as text in pieces (they may be larger than a string can be): `draws.csv`,
 * `summary.json`, `run.json` (`dataFile.ts` writes `data.json`). Names, fields and their order are fixed: other people's scripts read
 * them. JSON has no NaN and no infinity: both are null there; CSV writes them as words.
 */
import type { Observations } from '../4-infer/pointwiseProgram.js';
import {
  chainNumbersOf,
  type DrawValues,
  elementName,
  keptDraws,
  type RunResult,
  type Seconds,
  sizeOf,
  type VariableResult,
} from '../4-infer/posterior.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import { freeNames, numbersRows } from './freeNames.js';
import type { RunContext, Summary } from './record.js';
import type { ElementSummary } from './rows.js';
import { elementsOf } from './summary.js';

export interface Column {
  readonly name: string;
  readonly values: DrawValues;
  readonly element: number;
  readonly size: number;
}

/**
 * Header `chain,draw,NAME...`, then one row for each kept draw, counted from 0. Variables of which no
 * draws are kept are left out; null where that is all of them. A variable called `chain` or `draw` is `chain_` or `draw_` there.
 */
export function drawsCsv(variables: readonly VariableResult[]): Iterable<string> | null {
  const table = drawnTable(variables);
  return table === null ? null : csvRows(table.columns, table.chainNumbers, table.draws);
}

/** All draws that share their rows, a column for each element; null where no draws are kept. */
export function drawnTable(variables: readonly VariableResult[]): Table | null {
  const names = columnNames(variables);
  const tables = variables.flatMap((variable) => tableOf(variable, names));
  const [first] = tables;
  if (first === undefined) return null;
  return { ...first, columns: tables.filter((table) => shareRows(table, first)).flatMap((table) => table.columns) };
}

/**
 * Whether the draws of two variables stand in the same rows. Independent draws do where they are as many: closed forms count theirs as one
 * chain, reports by chain.
 */
export function shareRows(a: Rows, b: Rows): boolean {
  return (a.chains === b.chains && a.draws === b.draws) || (a.independent && b.independent && a.chains * a.draws === b.chains * b.draws);
}
interface Rows {
  readonly chains: number;
  readonly draws: number;
  readonly independent: boolean;
}

/** Columns with the same rows: `draws` of each chain, chain after chain. */
export interface Table extends Rows {
  readonly chainNumbers: readonly number[];
  readonly columns: readonly Column[];
}

/** The column of an element by the element's name. */
export function columnNames(variables: readonly { readonly name: string }[]): (element: string) => string {
  const names = freeNames(
    variables.map(({ name }) => name),
    numbersRows,
  );
  return (element) => names.get(element) ?? element;
}

function tableOf(variable: VariableResult, columnOf: (element: string) => string): readonly Table[] {
  const { name, shape } = variable,
    kept = keptDraws(variable);
  if (kept === null) return [];
  const { chains, draws, independent, values } = kept,
    size = sizeOf(shape);
  const columns = elementsOf(variable).map(
    (element): Column => ({ name: columnOf(elementName(name, shape, element)), values, element, size }),
  );
  return [{ chains, chainNumbers: chainNumbersOf(kept), draws, independent, columns }];
}

/** Small integers as text, so that allocations and bits cost a lookup. */
const byteTexts: readonly string[] = Array.from({ length: 256 }, (_, value) => String(value));

function* csvRows(columns: readonly Column[], chainNumbers: readonly number[], draws: number): Generator<string> {
  yield `${['chain', 'draw', ...columns.map((column) => quoted(column.name))].join(',')}\n`;
  const cells = columns.map(() => '');
  let row = 0;
  for (const chain of chainNumbers) {
    for (let draw = 0; draw < draws; draw++, row++) {
      for (let i = 0; i < columns.length; i++) {
        const { values, element, size } = columns[i]!;
        const value = values[row * size + element]!;
        cells[i] = values instanceof Uint8Array ? byteTexts[value]! : String(value);
      }
      yield `${chain},${draw}${cells.length === 0 ? '' : ','}${cells.join(',')}\n`;
    }
  }
}

/** RFC 4180: fields with commas, quotes or line ends stand in quotes. */
function quoted(name: string): string {
  return /[",\n\r]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

/** One element to a line. */
export function* summaryJson(summary: Omit<Summary, 'variables'>, rows: Iterable<ElementSummary>): Generator<string> {
  const { backend, seed, converged, warnings, ...rest } = summary;
  const head = JSON.stringify({ backend, seed, converged, warnings }, null, 2);
  yield `${head.slice(0, -2)},\n  "variables": {`;
  let separator = '\n';
  for (const { name, flat: _flat, ...row } of rows) {
    yield `${separator}    ${JSON.stringify(name)}: ${JSON.stringify(row)}`;
    separator = ',\n';
  }
  const tail = JSON.stringify(rest, null, 2);
  yield `${separator === '\n' ? '' : '\n  '}},${tail.slice(1)}\n`;
}

/** The record of the run. */
export function* runJson(
  result: RunResult,
  context: RunContext,
  warnings: readonly Diagnostic[],
  seconds: Seconds,
  observations: Observations | null,
): Generator<string> {
  const { program, seed, options, versions, notes, levels } = context;
  const { backend, plan, traces } = result;
  yield `${JSON.stringify(
    {
      program,
      backend,
      seed,
      options,
      versions,
      plan,
      traces: {
        elbo: traces.elbo ?? null,
        logLikelihood: traces.logLikelihood ?? null,
        logJoint: traces.logJoint ?? null,
        acceptance: traces.acceptance ?? null,
        stepSizes: traces.stepSizes ?? null,
        divergences: traces.divergences ?? null,
      },
      notes: notes.map(({ code, message }) => ({ code, message })),
      warnings: warnings.map(({ code, severity, message, hint }) => ({ code, severity, message, hint: hint ?? null })),
      levels,
      observations,
      seconds,
      variables: result.variables.map(recordOf),
      exchangeable: result.exchangeable,
    },
    null,
    2,
  )}\n`;
}

/** What a variable is, without its numbers: enough to read these back from the other files. */
export interface VariableRecord extends Pick<VariableResult, 'name' | 'shape' | 'kind' | 'discrete' | 'insidePlate'> {
  /** Of a finite support, else null. */
  readonly range: number | null;
  readonly low: number | null;
  readonly form: VariableResult['result']['form'];
  /** Kept draws, or those that moments are of; 0 where there are none. */
  readonly chains: number;
  /** Only where chains were left out (`DrawsForm.chainNumbers`). */
  readonly chainNumbers?: readonly number[];
  readonly draws: number;
  readonly independent: boolean;
  /** Only of predictions that repeat draws (`DrawsForm.repeats`). */
  readonly repeats?: number;
}

function recordOf(variable: VariableResult): VariableRecord {
  const { name, shape, kind, discrete, range, low, insidePlate, result } = variable;
  const { chains, chainNumbers, draws, independent, repeats } =
    keptDraws(variable) ??
    (result.form === 'moments'
      ? { ...result, chainNumbers: undefined, independent: false, repeats: undefined }
      : { chains: 0, chainNumbers: undefined, draws: 0, independent: true, repeats: undefined });
  const counts = {
    chains,
    ...(chainNumbers === undefined ? {} : { chainNumbers }),
    draws,
    independent,
    ...(repeats === undefined ? {} : { repeats }),
  };
  return { name, shape, kind, discrete, range: range ?? null, low: low ?? null, insidePlate, form: result.form, ...counts };
}
