/** Components of a mixture over its data: ellipses that hold 90 % of a normal component, or weighted densities over a histogram. */
import * as Plot from '@observablehq/plot';
import { type Chart, chart, ellipse, grid, histogram } from '../drawing.js';
import { colour, groupColours } from '../palette.js';
import { evenly } from '../statistics.js';

/** sqrt of the 90 % quantile of chi-squared with two degrees of freedom: -2 log 0.1. */
const radius = Math.sqrt(-2 * Math.log(0.1));
/** Observations that ellipses are drawn over; of more, as many at even distances. */
export const mostPoints = 1500;
const mostBins = 40;
/** Whole numbers of which masses are drawn. */
const mostMasses = 400;

/** The colour of a component. */
export function componentColour(component: number): string {
  return groupColours[component % groupColours.length]!;
}

export interface Ellipse {
  readonly component: number;
  readonly mean: readonly [number, number];
  readonly covariance: readonly (readonly [number, number])[];
}

/** @param labels by point, the component it belongs to most probably; null where that is not known. */
export function ellipsesChart(
  names: readonly [string, string],
  data: readonly (readonly [number, number])[],
  labels: readonly number[] | null,
  ellipses: readonly Ellipse[],
  width: number,
  height: number,
): Chart {
  const shown = evenly(data.length, mostPoints),
    several = ellipses.length > new Set(ellipses.map(({ component }) => component)).size;
  return chart('', {
    width,
    height,
    x: { label: names[0], nice: true },
    y: { label: names[1], nice: true, grid: true },
    marks: [
      Plot.dot(
        shown.map((i) => data[i]!),
        {
          r: 2,
          fill: (_: readonly [number, number], k: number) => (labels === null ? colour('muted') : componentColour(labels[shown[k]!]!)),
          fillOpacity: 0.55,
        },
      ),
      ...ellipses.flatMap(({ component, mean, covariance }) => [
        Plot.line(ellipse(mean, covariance, radius), {
          stroke: componentColour(component),
          strokeWidth: several ? 0.9 : 2,
          strokeOpacity: several ? 0.45 : 1,
        }),
        ...(several ? [] : [Plot.dot([mean], { r: 4, fill: colour('background'), stroke: componentColour(component), strokeWidth: 2 })]),
      ]),
    ],
  });
}

export interface WeightedDensity {
  readonly component: number;
  /** Weight times density at a value. */
  at(x: number): number;
}

/** @param discrete values are whole numbers: masses instead of densities. */
export function densitiesChart(
  name: string,
  data: Float64Array,
  discrete: boolean,
  densities: readonly WeightedDensity[],
  width: number,
  height: number,
): Chart {
  const low = data.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    high = data.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const margin = (high - low) * 0.05 || 1;
  const bins = discrete ? Math.min(mostBins, high - low + 1) : Math.min(mostBins, Math.max(5, Math.ceil(2 * Math.sqrt(data.length))));
  const [first, last] = discrete ? [low - 0.5, high + 0.5] : [low, high + 1e-9 * Math.max(1, Math.abs(high))];
  // Of many whole numbers some at even distances, so that the lines go as far as the data.
  const at = discrete ? evenly(high - low + 1, mostMasses).map((i) => low + i) : grid(low - margin, high + margin, 160);
  const several = densities.length > new Set(densities.map(({ component }) => component)).size;
  return chart('', {
    width,
    height,
    x: { label: name },
    y: { label: discrete ? 'probability' : 'density', grid: true },
    marks: [
      Plot.rectY(histogram([...data], first, last, bins), { x1: 'x1', x2: 'x2', y: 'y', fill: colour('muted'), fillOpacity: 0.3 }),
      ...densities.map((one) =>
        Plot.line(
          at.map((x): readonly [number, number] => [x, one.at(x)]),
          { stroke: componentColour(one.component), strokeWidth: several ? 0.9 : 2, strokeOpacity: several ? 0.45 : 1 },
        ),
      ),
    ],
  });
}
