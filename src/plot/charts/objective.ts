/** What a backend maximised, by iteration. */
import * as Plot from '@observablehq/plot';
import { type Chart, chart } from '../drawing.js';
import { colour } from '../palette.js';
import { envelope } from '../statistics.js';

/** A first climb longer than so many times the rest would flatten the rest to a line. */
const tallestClimb = 20;
const mostPoints = 500;
/** The climb of a longer run is at its beginning: iterations are on a logarithmic scale. */
const longRun = 60;

/** The chart, and how many first iterations are left out; they count from 1. */
export function objectiveChart(
  name: string,
  values: readonly number[],
  width: number,
  height: number,
): { readonly chart: Chart; readonly from: number } {
  const from = firstShown(values),
    shown = Float64Array.from(values.slice(from));
  const { x, y } = envelope(shown, mostPoints);
  return {
    from,
    chart: chart('', {
      width,
      height,
      marginLeft: 72,
      x:
        values.length > longRun
          ? {
              label: 'iteration',
              type: 'log',
              tickFormat: (n: number) => (/^1(?:\.0+)?e/.test(n.toExponential()) ? n.toLocaleString('en') : ''),
            }
          : { label: 'iteration', nice: true },
      y: { label: name, grid: true, nice: true, ticks: 5, tickFormat: (y: number) => String(Number(y.toPrecision(10))).replace('-', '−') },
      marks: [
        Plot.line(
          x.map((at, i) => [at + from + 1, y[i]!]),
          { stroke: colour('blue'), strokeWidth: 1.6 },
        ),
        ...(shown.length <= 60
          ? [
              Plot.dot(
                x.map((at, i) => [at + from + 1, y[i]!]),
                { r: 2.2, fill: colour('blue') },
              ),
            ]
          : []),
      ],
    }),
  };
}

/** The first iteration from which the climb is not `tallestClimb` times what comes after it. */
function firstShown(values: readonly number[]): number {
  const last = values.at(-1) ?? 0;
  let from = values.findIndex(Number.isFinite);
  if (from < 0) return 0;
  while (
    from < Math.min(values.length - 4, 10) &&
    Math.abs(last - values[from]!) > tallestClimb * Math.abs(last - values[from + 1]!) &&
    values[from + 1] !== last
  )
    from++;
  return from;
}
