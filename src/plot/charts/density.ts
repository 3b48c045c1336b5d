/**
 * The marginal law of a scalar: a density of all draws with a thin line for each chain, bars for whole
 * numbers. The bar below is the interval from the 5 % to the 95 % quantile, the point on it the mean.
 */
import * as Plot from '@observablehq/plot';
import { barHalfWidth, type Chart, chart, points } from '../drawing.js';
import { colour } from '../palette.js';
import { pooled, type Series } from '../series.js';
import { quantileOfSorted } from '../../numeric/orderStatistics.js';
import { densityOfSorted, frequencies, kernelDensity } from '../statistics.js';
import { chainColour } from './trace.js';

/** Chains with a line of their own; more are only shown together. */
const mostChains = 8;
/** More different values than this are drawn as if they were continuous. */
const mostBars = 60;

/** A whole number each has its tick where the axis has so many at most. */
const mostTicks = 12;

/**
 * A chain that stands still has a peak that would flatten everything else: its line leaves the picture at so many times the height of all.
 */
const tallest = 1.6;

/** Kernel densities of each chain. */
export function densityChart(series: Series, width: number, height: number): Chart {
  const { name, chains, discrete } = series,
    all = pooled(series);
  const bars = discrete ? frequencies(all) : [];
  if (discrete && bars.length <= mostBars) return massChart(name, bars, width, height);
  const sorted = all.filter(Number.isFinite).sort(),
    curve = densityOfSorted(sorted);
  if (curve === null) return constantChart(name, all, width, height);
  const mean = sorted.reduce((sum, x) => sum + x / sorted.length, 0);
  const top = tallest * Math.max(...curve.y);
  const own = chains.length > 1 && chains.length <= mostChains ? chains.map((chain) => kernelDensity(chain)) : [];
  return chart('', {
    width,
    height,
    x: { label: name },
    y: { axis: null, insetBottom: 10 },
    marks: [
      Plot.areaY(points(curve.x, curve.y), { x: '0', y: '1', fill: colour('blue'), fillOpacity: 0.14 }),
      ...own.flatMap((line, c) =>
        line === null
          ? []
          : [
              Plot.line(
                points(
                  line.x,
                  line.y.map((y) => (y > top ? Number.NaN : y)),
                ),
                { stroke: chainColour(c), strokeWidth: 0.8, strokeOpacity: 0.7 },
              ),
            ],
      ),
      Plot.line(points(curve.x, curve.y), { stroke: colour('blue'), strokeWidth: 1.6 }),
      Plot.ruleY([0], { stroke: colour('grid') }),
      Plot.ruleY([{ x1: quantileOfSorted(sorted, 0.05), x2: quantileOfSorted(sorted, 0.95) }], {
        y: 0,
        x1: 'x1',
        x2: 'x2',
        dy: 6,
        stroke: colour('ink'),
        strokeWidth: 2.5,
      }),
      Plot.dot([[mean, 0]], { dy: 6, r: 3.2, fill: colour('background'), stroke: colour('ink'), strokeWidth: 1.6 }),
    ],
  });
}

/** Probabilities of whole numbers as bars. */
function massChart(
  name: string,
  bars: readonly { readonly value: number; readonly share: number }[],
  width: number,
  height: number,
): Chart {
  const low = Math.min(...bars.map(({ value }) => value)),
    high = Math.max(...bars.map(({ value }) => value));
  const half = barHalfWidth(low, high, width),
    margin = half + 0.24;
  const ticks = high - low < mostTicks ? Array.from({ length: high - low + 1 }, (_, i) => low + i) : null;
  return chart('', {
    width,
    height,
    x: { label: name, domain: [low - margin, high + margin], ...(ticks === null ? {} : { ticks, tickFormat: 'd' }) },
    y: { label: 'probability', domain: [0, Math.max(...bars.map(({ share }) => share))], ticks: 3, grid: true },
    marks: [
      Plot.rectY(bars, {
        x1: ({ value }: { value: number }) => value - half,
        x2: ({ value }: { value: number }) => value + half,
        y: 'share',
        fill: colour('blue'),
        fillOpacity: 0.75,
      }),
      Plot.ruleY([0], { stroke: colour('muted') }),
    ],
  });
}

function constantChart(name: string, all: Float64Array, width: number, height: number): Chart {
  const value = all.find(Number.isFinite) ?? 0;
  return chart('', {
    width,
    height,
    x: { label: name, domain: [value - 1, value + 1] },
    y: { axis: null, domain: [0, 1] },
    marks: [Plot.ruleX([value], { stroke: colour('blue'), strokeWidth: 2 })],
  });
}
