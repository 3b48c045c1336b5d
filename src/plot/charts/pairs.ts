/** Scalars against each other, a panel for each pair: what two unknowns say of each other, which margins hide. */
import * as Plot from '@observablehq/plot';
import { type Chart, chart } from '../drawing.js';
import { colour } from '../palette.js';
import { pooled, type Series } from '../series.js';
import { evenly } from '../statistics.js';

/** Draws shown in a panel. */
const mostPoints = 600;

/** Rows of panels: below the diagonal, each row one scalar against all before it. */
export function pairsCharts(series: readonly Series[], size: number): readonly (readonly Chart[])[] {
  const values = series.map(pooled);
  const shown = evenly(values[0]?.length ?? 0, mostPoints);
  return series.slice(1).map((row, r) =>
    series.slice(0, r + 1).map((column, c) =>
      chart('', {
        width: size,
        height: size,
        marginTop: 18,
        marginBottom: 34,
        x: { label: column.name, ticks: 3 },
        y: { label: row.name, ticks: 3 },
        marks: [
          Plot.dot(
            shown.map((i) => [values[c]![i]!, values[r + 1]![i]!]),
            { r: 1.3, fill: colour('blue'), fillOpacity: 0.4 },
          ),
        ],
      }),
    ),
  );
}
