/** A quantity along an index: its centre, the band from its 5 % to its 95 % quantile, and data at the same index. */
import * as Plot from '@observablehq/plot';
import { type Chart, chart } from '../drawing.js';
import { colour } from '../palette.js';
import { evenly } from '../statistics.js';

export interface Band {
  readonly name: string;
  /** What counts the elements. */
  readonly index: string;
  /** By element; NaN leaves a gap. */
  readonly centre: ArrayLike<number>;
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

/** Elements drawn along the index; of more, as many at even distances. */
export const mostBandElements = 700;

/** @param data observed at the same index; null where there are none on this scale. */
export function bandChart(
  { name, index, centre, low, high }: Band,
  data: { readonly name: string; readonly values: ArrayLike<number> } | null,
  width: number,
  height: number,
): Chart {
  const at = evenly(centre.length, mostBandElements);
  const finite = (values: ArrayLike<number>): readonly number[] => at.filter((i) => Number.isFinite(values[i]!));
  return chart('', {
    width,
    height,
    marginLeft: 56,
    x: { label: index },
    y: { label: name, grid: true, nice: true },
    marks: [
      Plot.areaY(at, {
        x: (i: number) => i,
        y1: (i: number) => low[i]!,
        y2: (i: number) => high[i]!,
        fill: colour('blue'),
        fillOpacity: 0.2,
      }),
      ...(data === null
        ? []
        : [
            Plot.dot(finite(data.values), {
              x: (i: number) => i,
              y: (i: number) => data.values[i]!,
              r: 2,
              fill: colour('ink'),
              fillOpacity: 0.6,
            }),
          ]),
      Plot.line(at, { x: (i: number) => i, y: (i: number) => centre[i]!, stroke: colour('blue'), strokeWidth: 1.6 }),
    ],
  });
}
