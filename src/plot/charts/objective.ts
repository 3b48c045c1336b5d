/** What a backend maximised, by iteration. */
import * as Plot from '@observablehq/plot';
import { type Chart, chart } from '../drawing.js';
import { colour } from '../palette.js';
import { envelope } from '../statistics.js';

/** A first climb longer than so many times the rest would flatten the rest to a line. */
const tallestClimb = 20;
const mostPoints = 500;

/** The chart, and the iteration it begins with where the first climb is left out. */
export function objectiveChart(name: string, values: readonly number[], width: number, height: number): { readonly chart: Chart; readonly from: number } {
  const from = firstShown(values), shown = Float64Array.from(values.slice(from));
  const { x, y } = envelope(shown, mostPoints);
  return {
    from,
    chart: chart('', {
      width, height, marginLeft: 72, x: { label: 'iteration', nice: true }, y: { label: name, grid: true, nice: true, ticks: 5 },
      marks: [
        Plot.line(x.map((at, i) => [at + from, y[i]!]), { stroke: colour('blue'), strokeWidth: 1.6 }),
        ...(shown.length <= 60 ? [Plot.dot(x.map((at, i) => [at + from, y[i]!]), { r: 2.2, fill: colour('blue') })] : []),
      ],
    }),
  };
}

/** The first iteration from which the climb is not `tallestClimb` times what comes after it. */
function firstShown(values: readonly number[]): number {
  const last = values.at(-1) ?? 0;
  let from = values.findIndex(Number.isFinite);
  if (from < 0) return 0;
  while (from < Math.min(values.length - 4, 10) && Math.abs(last - values[from]!) > tallestClimb * Math.abs(last - values[from + 1]!) && values[from + 1] !== last) from++;
  return from;
}
