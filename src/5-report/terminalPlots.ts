/**
 * Compact plots for a terminal: a line of block characters for each scalar, as high as its draws are dense
 * between their 0.5 % and 99.5 % quantiles; probabilities of finite variables; what was maximised, by iteration.
 */
import { keptDraws, sizeOf, type VariableResult } from '../4-infer/posterior.js';
import { quantileOfSorted } from '../numeric/orderStatistics.js';
import type { Posterior } from './posterior.js';
import { shownRows } from './render.js';
import type { ElementSummary } from './rows.js';

const blocks = '▁▂▃▄▅▆▇█';
const tail = 0.005;
/** Columns of a plot, fewer where the screen is narrow. */
const mostColumns = 40;
const fewestColumns = 8;
/** Characters of a number at an end of a plot. */
const endWidth = 10;

/** Heights of 0 to 1 as characters; nothing where the height is 0. */
export function sparkline(heights: readonly number[]): string {
  return heights.map((height) => (height > 0 ? blocks[Math.min(blocks.length - 1, Math.floor(height * blocks.length))]! : ' ')).join('');
}

interface Line {
  readonly name: string;
  readonly low: string;
  readonly plot: string;
  readonly high: string;
}

/**
 * Small plots as plain text: a line of block characters for each number.
 * @param width characters of a line. @returns lines for all that has draws, probabilities or a trace; the empty text where nothing has.
 */
export function renderPlots(posterior: Posterior, width: number): string {
  const rows = posterior.summaries().flatMap((summary) => shownRows(summary).map((element) => ({ variable: summary.variable, element })));
  const nameWidth = Math.max(0, ...rows.map(({ element }) => element.name.length));
  const columns = Math.max(fewestColumns, Math.min(mostColumns, width - nameWidth - 2 * endWidth - 4));
  const lines = rows.flatMap(({ variable, element }) => lineOf(variable, element, columns) ?? []);
  const traces = tracesOf(posterior, columns);
  const names = Math.max(0, ...[...lines, ...traces].map(({ name }) => name.length)),
    lows = Math.max(0, ...[...lines, ...traces].map(({ low }) => low.length));
  return (
    [...lines, ...traces]
      .map(({ name, low, plot, high }) => `${name.padEnd(names)}  ${low.padStart(lows)} ${plot.padEnd(columns)} ${high}`.trimEnd())
      .join('\n') + (lines.length + traces.length === 0 ? '' : '\n')
  );
}

function lineOf(variable: VariableResult, { name, flat, probs }: ElementSummary, columns: number): Line | null {
  if (probs !== null) {
    const entries = Object.entries(probs).slice(0, columns),
      largest = Math.max(...entries.map(([, p]) => p));
    if (largest > 0) return { name, low: entries[0]![0], plot: sparkline(entries.map(([, p]) => p / largest)), high: entries.at(-1)![0] };
  }
  const draws = drawsOf(variable, flat).filter(Number.isFinite).sort();
  const low = quantileOfSorted(draws, tail),
    high = quantileOfSorted(draws, 1 - tail);
  // What does not vary has its place in the summary.
  if (!(high > low)) return null;
  const counts = new Array<number>(columns).fill(0);
  for (const x of draws) if (x >= low && x <= high) counts[Math.min(columns - 1, Math.floor(((x - low) / (high - low)) * columns))]! += 1;
  const most = Math.max(...counts);
  return { name, low: number(low), plot: sparkline(counts.map((count) => count / most)), high: number(high) };
}

function drawsOf(variable: VariableResult, flat: number): Float64Array {
  const kept = keptDraws(variable),
    size = sizeOf(variable.shape);
  return kept === null
    ? new Float64Array(0)
    : Float64Array.from({ length: kept.chains * kept.draws }, (_, i) => kept.values[i * size + flat]!);
}

function tracesOf({ result: { traces } }: Posterior, columns: number): readonly Line[] {
  const kept = {
    elbo: traces.logLikelihood === undefined ? traces.elbo : undefined,
    'log likelihood': traces.logLikelihood,
    'log joint': traces.logJoint,
  };
  return Object.entries(kept).flatMap(([name, given = []]) => {
    const values = given.filter(Number.isFinite);
    if (values.length < 2) return [];
    const low = values.reduce((a, b) => Math.min(a, b)),
      high = values.reduce((a, b) => Math.max(a, b));
    const wide = Math.min(columns, values.length);
    const heights = Array.from({ length: wide }, (_, c) =>
      high > low ? 1e-9 + (values[Math.floor((c * (values.length - 1)) / Math.max(1, wide - 1))]! - low) / (high - low) : 1,
    );
    return [{ name, low: number(values[0]!), plot: sparkline(heights), high: number(values.at(-1)!) }];
  });
}

/** Four digits. */
function number(x: number): string {
  const size = Math.abs(x);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? x.toExponential(2) : String(Number(x.toPrecision(4)));
}
