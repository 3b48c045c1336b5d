/**
 * Ranks of each chain's draws among all draws (Vehtari et al. 2021): chains that agree stay within the
 * grey band around the level line; one that lies elsewhere leaves it on one side.
 */
import * as Plot from '@observablehq/plot';
import { type Chart, chart, points } from '../drawing.js';
import { colour } from '../palette.js';
import type { Series } from '../series.js';
import { rankCounts } from '../statistics.js';
import { chainColour } from './trace.js';

const mostBins = 20;
/** 2.58 standard deviations hold 99 % of a normal law. */
const normal99 = 2.576;

/**
 * Draws that are worth less than a quarter of as many independent ones are judged as if they were worth that much: a band as wide as the
 * picture says nothing.
 */
const mostInflation = 4;

/** @param effective effective sample size of all draws: counts of correlated draws scatter more than those of independent ones. */
export function rankChart({ name, chains }: Series, width: number, height: number, effective: number | null): Chart {
  const draws = chains[0]!.length,
    bins = Math.max(2, Math.min(mostBins, Math.floor(draws / 10))),
    counted = rankCounts(chains, bins);
  const expected = draws / bins;
  const inflation = effective === null ? 1 : Math.min(mostInflation, Math.max(1, (draws * chains.length) / effective));
  const half = normal99 * Math.sqrt(expected * (1 - 1 / bins) * (1 - 1 / chains.length) * inflation);
  return chart('', {
    width,
    height,
    x: { label: `rank of ${name}`, domain: [0, 1], ticks: [0, 0.5, 1], tickFormat: (x: number) => String(x) },
    y: { label: 'draws', domain: [0, Math.max(2 * expected, ...counted.flat())], ticks: 3, grid: true },
    marks: [
      Plot.rectY([{}], { x1: 0, x2: 1, y1: Math.max(0, expected - half), y2: expected + half, fill: colour('muted'), fillOpacity: 0.16 }),
      Plot.ruleY([expected], { stroke: colour('muted') }),
      ...counted.map((counts, c) => {
        const x = counts.flatMap((_, b) => [b / bins, (b + 1) / bins]);
        return Plot.line(
          points(
            x,
            counts.flatMap((count) => [count, count]),
          ),
          { stroke: chainColour(c), strokeWidth: 1.2, strokeOpacity: chains.length > 4 ? 0.55 : 0.9 },
        );
      }),
    ],
  });
}
