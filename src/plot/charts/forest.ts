/**
 * Intervals of scalars on one scale: a point for the mean or estimate, a line from the 5 % to the 95 % quantile or two standard errors to
 * each side.
 */
import * as Plot from '@observablehq/plot';
import { type Chart, chart, shortened, textWidth } from '../drawing.js';
import { colour } from '../palette.js';

export interface Interval {
  readonly name: string;
  readonly centre: number;
  readonly low: number;
  readonly high: number;
}

const rowHeight = 18;
/** Of a name, in pixels. */
const mostWidth = 170;

/** Intervals side by side, one to a row. */
export function forestChart(intervals: readonly Interval[], width: number): Chart {
  const shown = intervals.map((interval) => ({ ...interval, label: shortened(interval.name, mostWidth) }));
  const marginLeft = 16 + Math.max(...shown.map(({ label }) => textWidth(label)));
  const numbers = intervals.flatMap(({ low, high, centre }) => [low, high, centre]);
  const zero = Math.min(...numbers) < 0 && Math.max(...numbers) > 0;
  return chart('', {
    width,
    height: 62 + rowHeight * intervals.length,
    marginLeft,
    marginTop: 10,
    x: { label: null, grid: true, nice: true, ticks: 5 },
    y: { type: 'point', label: null, domain: intervals.map((_, i) => i), tickFormat: (i: number) => shown[i]!.label, tickSize: 0 },
    marks: [
      ...(zero ? [Plot.ruleX([0], { stroke: colour('muted'), strokeDasharray: '3 3' })] : []),
      Plot.ruleY(intervals, {
        y: (_: Interval, i: number) => i,
        x1: 'low',
        x2: 'high',
        stroke: colour('blue'),
        strokeWidth: 2.2,
        strokeOpacity: 0.75,
      }),
      Plot.dot(intervals, {
        y: (_: Interval, i: number) => i,
        x: 'centre',
        r: 3.2,
        fill: colour('background'),
        stroke: colour('blue'),
        strokeWidth: 1.8,
      }),
    ],
  });
}
