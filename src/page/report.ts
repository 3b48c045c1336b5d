/** What a page about a run is made of: the run as its files tell of it, and what its program gives when it is compiled again. */
import { kindOfResults } from '../4-infer/registry.js';
import type { BoundModel } from '../2-graph/bound.js';
import type { Derivation } from '../5-report/derivation.js';
import type { StoredRun } from '../5-report/storedRun.js';
import type { ElementSummary } from '../5-report/rows.js';
import { rowCount, rowsOf, type VariableSummary } from '../5-report/summary.js';

export interface Report {
  /** What the page calls the run. */
  readonly name: string;
  readonly run: StoredRun;
  /** Variables as figures show them: components matched to each other where labels switch. */
  readonly variables: readonly VariableSummary[];
  /** What the program gives; what it does not give is said in `missing`. */
  readonly graph: string | null;
  readonly derivation: Derivation | null;
  /** Names of data and sizes. */
  readonly inputs: ReadonlySet<string>;
  /** The program with its data; null where the run kept none. */
  readonly bound: BoundModel | null;
  /** What could not be shown, in sentences. */
  readonly missing: readonly string[];
}

/** Whether a run found a point, not a law. */
export function isEstimate({
  run: {
    record: { backend },
  },
}: Report): boolean {
  return kindOfResults(backend) === 'estimates';
}

/** An element with its variable. */
export interface ShownElement {
  readonly variable: VariableSummary['variable'];
  readonly element: ElementSummary;
}

/** Numbers in sentences: four digits, a proper minus. */
export function shortNumber(value: number | null): string {
  if (value === null || Number.isNaN(value)) return 'not known';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : '−infinite';
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2).replace('e+', 'e') : String(Number(value.toPrecision(4)));
  return text.replaceAll('-', '−');
}

/** `1 draw`, `2 draws`. */
export function counted(count: number, word: string, plural: string = `${word}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? word : plural}`;
}

/** Probabilities of each element's values, [elements, values]; null where they are not listed. */
export function probabilitiesOf(summary: VariableSummary, values: number): Float64Array | null {
  const { low = 0 } = summary.variable,
    probabilities = new Float64Array(rowCount(summary) * values);
  let at = 0;
  for (const { probs } of rowsOf(summary)) {
    if (probs === null) return null;
    for (let k = 0; k < values; k++) probabilities[at++] = probs[String(k + low)] ?? 0;
  }
  return probabilities;
}
