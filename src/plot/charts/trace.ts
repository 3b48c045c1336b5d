/** The draws of a scalar in the order in which they were made, a line for each chain. Long chains are drawn by the range of each column. */
import * as Plot from '@observablehq/plot';
import { type Chart, chart, points } from '../drawing.js';
import { groupColours } from '../palette.js';
import type { Series } from '../series.js';
import { envelope } from '../statistics.js';

/** Points of all lines together, so that fifty chains do not weigh fifty times as much. */
const mostPoints = 2400;

/** The colour of a chain. */
export function chainColour(chain: number): string {
  return groupColours[chain % groupColours.length]!;
}

/** Draws in their order, a line for each chain. */
export function traceChart({ name, chains }: Series, width: number, height: number): Chart {
  const buckets = Math.max(24, Math.floor(mostPoints / chains.length / 2));
  return chart('', {
    width,
    height,
    x: { label: 'draw' },
    y: { label: name, grid: true, nice: true },
    marks: chains.map((chain, c) => {
      const { x, y } = envelope(chain, Math.min(buckets, 300));
      return Plot.line(points(x, y), { stroke: chainColour(c), strokeWidth: 0.9, strokeOpacity: chains.length > 4 ? 0.5 : 0.65 });
    }),
  });
}
