/** Data against replicates of them: a thin line (or a range) for what the model would have made, a strong one for what is there. */
import * as Plot from '@observablehq/plot';
import { barHalfWidth, type Chart, chart, type LegendEntry, points } from '../drawing.js';
import { colour } from '../palette.js';
import { quantileOfSorted } from '../../numeric/orderStatistics.js';
import { densityOfSorted, finitePart, frequencies } from '../statistics.js';

/** Replicates with a line of their own. */
const mostLines = 40;
/** More different values than this are drawn as if they were continuous. */
const mostBars = 30;

/** @param replicates as many numbers each as there are observed, missing ones left out of both; all in increasing order. */
export function predictiveChart(
  name: string,
  discrete: boolean,
  observed: Float64Array,
  replicates: readonly Float64Array[],
  width: number,
  height: number,
): Chart | null {
  const bars = discrete ? frequencies(observed) : [];
  if (discrete && bars.length <= mostBars) return countsChart(name, observed, replicates, width, height);
  const data = densityOfSorted(finitePart(observed), false);
  if (data === null) return null;
  const curves = replicates.slice(0, mostLines).flatMap((replicate) => densityOfSorted(finitePart(replicate), false) ?? []);
  // A replicate far out would squeeze the rest: its tail is cut.
  const low = Math.min(
      data.x[0]!,
      middle(
        curves.map(({ x }) => x[0]!),
        0.1,
      ),
    ),
    high = Math.max(
      data.x.at(-1)!,
      middle(
        curves.map(({ x }) => x.at(-1)!),
        0.9,
      ),
    );
  const inside = (x: readonly number[], y: readonly number[]): readonly (readonly [number, number])[] =>
    points(x, y).filter(([at]) => at >= low && at <= high);
  return chart('', {
    width,
    height,
    x: { label: name, domain: [low, high] },
    y: { axis: null },
    marks: [
      ...curves.map(({ x, y }) => Plot.line(inside(x, y), { stroke: colour('blue'), strokeWidth: 0.8, strokeOpacity: 0.35 })),
      Plot.line(points(data.x, data.y), { stroke: colour('ink'), strokeWidth: 2 }),
      Plot.ruleY([0], { stroke: colour('grid') }),
    ],
  });
}

/** What the marks of the chart mean. */
export function predictiveLegend(discrete: boolean): readonly LegendEntry[] {
  return [
    { label: 'data', colour: discrete ? colour('muted') : colour('ink'), shape: discrete ? 'area' : 'line' },
    { label: discrete ? 'replicates, 90 %' : 'replicates', colour: colour('blue'), shape: 'line' },
  ];
}

function middle(values: readonly number[], level: number): number {
  return values.length === 0
    ? Number.NaN
    : quantileOfSorted(
        values.toSorted((a, b) => a - b),
        level,
      );
}

function countsChart(name: string, observed: Float64Array, replicates: readonly Float64Array[], width: number, height: number): Chart {
  const shares = new Map(frequencies(observed).map(({ value, share }) => [value, share]));
  const replicated = replicates.map((replicate) => new Map(frequencies(replicate).map(({ value, share }) => [value, share])));
  const values = [...new Set([...shares.keys(), ...replicated.flatMap((one) => [...one.keys()])])]
    .sort((a, b) => a - b)
    .slice(0, 2 * mostBars);
  const ranges = values.map((value) => {
    const sorted = replicated.map((one) => one.get(value) ?? 0).sort((a, b) => a - b);
    return { value, observed: shares.get(value) ?? 0, low: quantileOfSorted(sorted, 0.05), high: quantileOfSorted(sorted, 0.95) };
  });
  const half = barHalfWidth(values[0]!, values.at(-1)!, width);
  const at =
    (offset: number) =>
    ({ value }: { readonly value: number }): number =>
      value + offset;
  return chart('', {
    width,
    height,
    x: { label: name },
    y: { label: 'share', grid: true, ticks: 3 },
    marks: [
      Plot.rectY(ranges, { x1: at(-half), x2: at(half), y: 'observed', fill: colour('muted'), fillOpacity: 0.4 }),
      Plot.ruleX(ranges, { x: 'value', y1: 'low', y2: 'high', stroke: colour('blue'), strokeWidth: 2.5 }),
      Plot.ruleY([0], { stroke: colour('muted') }),
    ],
  });
}
