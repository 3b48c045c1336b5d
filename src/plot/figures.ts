/**
 * Figures as SVG text, in Node and in a browser: of the draws of a `Posterior` or of plain arrays. They are the
 * figures of `credence report`. Each is one picture with a title and a description, readable on light and dark
 * grounds by itself; equal input gives equal text.
 */
import type { Posterior } from '../5-report/posterior.js';
import { ModelError } from '../errors/diagnostic.js';
import { autocorrelationChart } from './charts/autocorrelation.js';
import { bandChart } from './charts/band.js';
import { componentColour, type Ellipse, ellipsesChart } from './charts/components.js';
import { densityChart } from './charts/density.js';
import { forestChart } from './charts/forest.js';
import { objectiveChart } from './charts/objective.js';
import { pairsCharts } from './charts/pairs.js';
import { predictiveChart, predictiveLegend } from './charts/predictive.js';
import { rankChart } from './charts/rank.js';
import { chainColour, traceChart } from './charts/trace.js';
import { type Chart, type LegendEntry, type Picture, picture } from './drawing.js';
import { colour } from './palette.js';
import { type DrawSource, pooled, type Series, seriesOf } from './series.js';
import { quantileOfSorted } from '../numeric/orderStatistics.js';

/** What to draw. */
export interface PlotOptions {
  /** Variables (`mu`) or elements (`mu[0]`); without it the first elements outside data plates. */
  readonly variables?: readonly string[];
  /** In place of the figure's own title, for those who do not see it. */
  readonly title?: string;
}

const width = 340;
const height = 190;
const chartsInRow = 2;
const mostChainsNamed = 8;

/**
 * The draws of each scalar in the order they were made, a line for each chain. @throws ModelError (code `no-draws`) as every figure of
 * draws.
 */
export function tracePlot(source: DrawSource, options: PlotOptions = {}): string {
  return ofEach('Trace', 'Draws in the order in which they were made, a line for each chain', source, options, (series) =>
    traceChart(series, width, height),
  );
}

/** How the draws of each chain rank among those of all chains (Vehtari et al. 2021): lines within the grey band agree. */
export function rankPlot(source: DrawSource, options: PlotOptions = {}): string {
  return ofEach('Ranks', 'Draws of each chain by their rank among all draws; the band is what chance allows', source, options, (series) =>
    rankChart(series, width, height, null),
  );
}

/** The density of each scalar (bars for whole numbers) with its mean and 5 % and 95 % quantiles. */
export function densityPlot(source: DrawSource, options: PlotOptions = {}): string {
  return ofEach('Density', 'Densities with mean, 5 % and 95 % quantile', source, options, (series) => densityChart(series, width, height));
}

/** Autocorrelation of each chain at lags 0 to 40. */
export function autocorrelationPlot(source: DrawSource, options: PlotOptions = {}): string {
  return ofEach('Autocorrelation', 'Autocorrelation at lags 0 to 40, a line for each chain', source, options, (series) =>
    autocorrelationChart(series, width, height),
  );
}

/** Scalars against each other, a panel for each pair. @throws ModelError for fewer than two scalars. */
export function pairsPlot(source: DrawSource, options: PlotOptions = {}): string {
  const series = seriesOf(source, checked(options).variables);
  if (series.length < 2) throw wrong('it takes two quantities to make a pair', 'Name two or more in variables.');
  return drawn({
    title: options.title ?? titled('Pairs', series),
    description: `Draws of ${names(series)} against each other.`,
    legend: [],
    rows: pairsCharts(series, 220),
  });
}

/** Medians with lines from the 5 % to the 95 % quantile, all on one scale. */
export function forestPlot(source: DrawSource, options: PlotOptions = {}): string {
  const series = seriesOf(source, checked(options).variables);
  const intervals = series.map((one) => {
    const sorted = pooled(one).sort();
    return {
      name: one.name,
      centre: quantileOfSorted(sorted, 0.5),
      low: quantileOfSorted(sorted, 0.05),
      high: quantileOfSorted(sorted, 0.95),
    };
  });
  return drawn({
    title: options.title ?? titled('Intervals', series),
    description: `Medians and 90 % intervals of ${names(series)}.`,
    legend: [],
    rows: [[forestChart(intervals, 560)]],
  });
}

/**
 * What a backend maximised by iteration: a list of numbers, or the trace that a posterior kept.
 * @throws ModelError where there is no trace.
 */
export function objectivePlot(source: Posterior | readonly number[], options: Pick<PlotOptions, 'title'> = {}): string {
  checked(options);
  const { name, values } = 'result' in source ? traceOf(source) : { name: 'objective', values: source };
  if (values.length < 2) throw wrong('there is no trace of an objective', 'Backends that maximise one keep it: em, map, cavi.');
  const { chart, from } = objectiveChart(name, values, 560, 260);
  return drawn({
    title: options.title ?? `${name} by iteration`,
    description: `${name} over ${values.length} iterations${from > 0 ? `, without the first ${from}` : ''}.`,
    legend: [],
    rows: [[chart]],
  });
}

function traceOf({ result: { traces } }: Posterior): { readonly name: string; readonly values: readonly number[] } {
  if (traces.logLikelihood !== undefined) return { name: 'log likelihood', values: traces.logLikelihood };
  if (traces.elbo !== undefined) return { name: 'evidence lower bound', values: traces.elbo };
  return { name: 'log joint', values: traces.logJoint ?? [] };
}

/** Data and replicates of them, each replicate as long as the data. */
export interface PredictiveCheck {
  /** What the axis says. */
  readonly name: string;
  /** The data. */
  readonly observed: ArrayLike<number>;
  /** One replicated data set in each row. */
  readonly replicated: readonly ArrayLike<number>[];
}

/**
 * Data against data that the model would have made: densities, or shares of whole numbers.
 * @throws ModelError where the data do not vary, there are no replicates, or one is not as long as the data.
 */
export function predictivePlot({ name, observed, replicated }: PredictiveCheck, options: Pick<PlotOptions, 'title'> = {}): string {
  checked(options);
  const data = Float64Array.from(observed),
    discrete = data.every(Number.isInteger);
  if (replicated.length === 0) throw wrong(`there are no replicates of ${name}`, 'Give one replicated data set in each row of replicated.');
  requireLengths('observed', data.length, Object.fromEntries(replicated.map((one, k) => [`replicated[${k}]`, one.length])));
  const chart = predictiveChart(
    name,
    discrete,
    data.slice().sort(),
    replicated.map((one) => Float64Array.from(one).sort()),
    560,
    280,
  );
  if (chart === null) throw wrong(`the data of ${name} do not vary`, 'A figure needs two different values.');
  return drawn({
    title: options.title ?? `Replicated ${name}`,
    description: `The distribution of ${data.length} observations of ${name} and of ${replicated.length} replicates.`,
    legend: predictiveLegend(discrete),
    rows: [[chart]],
  });
}

/** Points in the plane, and components that they may come from. */
export interface Components {
  /** The data, two coordinates each. */
  readonly points: readonly (readonly [number, number])[];
  /** The component of each point. */
  readonly labels?: readonly number[];
  /** Centre and covariance matrix of each ellipse. */
  readonly components: readonly { readonly mean: readonly [number, number]; readonly covariance: readonly (readonly [number, number])[] }[];
  /** What the two axes say. */
  readonly names?: readonly [string, string];
}

/** Normal components over their data: an ellipse holds 90 % of its component. @throws ModelError for labels that are not one for each point. */
export function componentsPlot(
  { points, labels, components, names: [x, y] = ['x', 'y'] }: Components,
  options: Pick<PlotOptions, 'title'> = {},
): string {
  checked(options);
  if (labels !== undefined) requireLengths('points', points.length, { labels: labels.length });
  const ellipses = components.map(({ mean, covariance }, component): Ellipse => ({ component, mean, covariance }));
  const legend = components.map((_, k): LegendEntry => ({ label: `component ${k}`, colour: componentColour(k), shape: 'line' }));
  return drawn({
    title: options.title ?? 'Components over the data',
    description: `Ellipses that hold 90 % of ${components.length} components, over ${points.length} points.`,
    legend,
    rows: [[ellipsesChart([x, y], points, labels ?? null, ellipses, 640, 420)]],
  });
}

/** A quantity along an index with its band; NaN leaves a gap. */
export interface BandSource {
  /** What the axis says. */
  readonly name: string;
  /** What counts the elements: `t` for instance. */
  readonly index: string;
  /** The line, one number for each place. */
  readonly centre: ArrayLike<number>;
  /** The lower edge of the band. */
  readonly low: ArrayLike<number>;
  /** The upper edge of the band. */
  readonly high: ArrayLike<number>;
  /** Observed at the same index on the same scale. */
  readonly data?: { readonly name: string; readonly values: ArrayLike<number> };
}

/**
 * States of a chain over time, or any quantity with an index, with the data beside it.
 * @throws ModelError for edges of the band, or data, that are not one for each place of the line.
 */
export function bandPlot({ data, ...band }: BandSource, options: Pick<PlotOptions, 'title'> = {}): string {
  checked(options);
  requireLengths('centre', band.centre.length, {
    low: band.low.length,
    high: band.high.length,
    ...(data === undefined ? {} : { 'data.values': data.values.length }),
  });
  const legend: readonly LegendEntry[] =
    data === undefined
      ? []
      : [
          { label: band.name, colour: colour('blue'), shape: 'line' },
          { label: data.name, colour: colour('ink'), shape: 'point' },
        ];
  return drawn({
    title: options.title ?? `${band.name} along ${band.index}`,
    description: `${band.name} with its band at ${band.centre.length} values of ${band.index}${data === undefined ? '' : `, and ${data.name}`}.`,
    legend,
    rows: [[bandChart(band, data ?? null, 760, 280)]],
  });
}

function ofEach(kind: string, description: string, source: DrawSource, options: PlotOptions, make: (series: Series) => Chart): string {
  const series = seriesOf(source, checked(options).variables),
    charts = series.map(make);
  const { chainNumbers } = series.reduce((most, one) => (one.chains.length > most.chains.length ? one : most));
  const legend =
    chainNumbers.length < 2 || chainNumbers.length > mostChainsNamed
      ? []
      : chainNumbers.map((chain, c): LegendEntry => ({ label: `chain ${chain}`, colour: chainColour(c), shape: 'line' }));
  const rows = Array.from({ length: Math.ceil(charts.length / chartsInRow) }, (_, r) =>
    charts.slice(r * chartsInRow, (r + 1) * chartsInRow),
  );
  return drawn({ title: options.title ?? titled(kind, series), description: `${description}: ${names(series)}.`, legend, rows });
}

/** @throws ModelError for options that are none. */
function checked<Options extends PlotOptions>(options: Options): Options {
  if (typeof options !== 'object' || options === null)
    throw wrong(`the options of a figure are ${String(options)}, and no object`, "As in { title: 'Draws of mu' }.");
  const { variables, title } = options;
  if (variables !== undefined && !(Array.isArray(variables) && variables.every((name) => typeof name === 'string')))
    throw wrong('variables is not a list of names', "As in { variables: ['mu', 'tau[0]'] }.");
  if (title !== undefined && typeof title !== 'string') throw wrong('title is no text', "As in { title: 'Draws of mu' }.");
  return options;
}

/** @throws ModelError for lists of numbers that belong to each other and are not of one length. */
function requireLengths(what: string, length: number, lists: Readonly<Record<string, number>>): void {
  for (const [name, own] of Object.entries(lists))
    if (own !== length) throw wrong(`${name} has ${own} elements, and ${what} has ${length}`, 'A figure takes one for each of the other.');
}

function drawn(source: Picture): string {
  return picture(identity(JSON.stringify(source)), source);
}

/** A name for a picture by what it shows, so that several stand on one page (FNV-1a, 32 bits). */
function identity(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}

function titled(kind: string, series: readonly Series[]): string {
  return `${kind} of ${names(series)}`;
}

const mostNames = 6;

function names(series: readonly Series[]): string {
  const shown = series
    .slice(0, mostNames)
    .map(({ name }) => name)
    .join(', ');
  return series.length > mostNames ? `${shown} and ${series.length - mostNames} more` : shown;
}

function wrong(message: string, hint: string): ModelError {
  return new ModelError([{ code: 'no-figure', severity: 'error', message, hint }], `${message}. ${hint}`);
}
