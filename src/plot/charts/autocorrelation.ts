/** How much a draw of each chain tells of the draw `lag` later; the sooner the lines reach zero, the more a draw is worth. */
import * as Plot from '@observablehq/plot';
import { type Chart, chart } from '../drawing.js';
import { colour } from '../palette.js';
import type { Series } from '../series.js';
import { autocorrelations } from '../statistics.js';
import { chainColour } from './trace.js';

const lags = 40;
/** Chains drawn at most. */
const mostChains = 8;

/** Autocorrelations of each chain by lag. */
export function autocorrelationChart({ name, chains }: Series, width: number, height: number): Chart {
  const lines = chains.slice(0, mostChains).map((chain) => autocorrelations(chain, lags));
  return chart('', {
    width,
    height,
    x: { label: `lag of ${name}`, ticks: 5 },
    y: { label: 'autocorrelation', domain: [Math.min(-0.1, ...lines.flat()), 1], ticks: 4, grid: true },
    marks: [
      Plot.ruleY([0], { stroke: colour('muted') }),
      ...lines.map((line, c) =>
        Plot.line(
          line.map((y, lag) => [lag, y]),
          { stroke: chainColour(c), strokeWidth: 1.2 },
        ),
      ),
    ],
  });
}
