/** Pareto k of each datum that was left out (Vehtari, Gelman and Gabry 2017): above the line its estimate is not to be relied on. */
import * as Plot from '@observablehq/plot';
import { type Chart, chart } from '../drawing.js';
import { colour } from '../palette.js';

const mostPoints = 2000;

/** @param values by datum; of very many the largest are drawn. */
export function paretoChart(values: readonly number[], threshold: number, width: number, height: number): Chart {
  const finite = values
    .map((k, i) => ({ k: Math.min(k, 2), i }))
    .toSorted((a, b) => b.k - a.k)
    .slice(0, mostPoints);
  return chart('', {
    width,
    height,
    x: { label: 'datum' },
    y: { label: 'Pareto k', grid: true, nice: true },
    marks: [
      Plot.ruleY([threshold], { stroke: colour('orange'), strokeDasharray: '4 3' }),
      Plot.dot(finite, {
        x: 'i',
        y: 'k',
        r: 2,
        fill: ({ k }: { readonly k: number }) => (k > threshold ? colour('orange') : colour('blue')),
        fillOpacity: 0.7,
      }),
    ],
  });
}
