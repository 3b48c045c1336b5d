/** Components of mixtures over their data: the law of an observation for each label, at draws of the posterior or at the estimate. */
import type { BoundModel } from '../2-graph/bound.js';
import type { Stored } from '../2-graph/compute.js';
import { type Component, type LabelledData, labelledData } from '../4-infer/componentLaws.js';
import { observedName } from '../4-infer/replicate.js';
import type { VariableSummary } from '../5-report/summary.js';
import { componentColour, densitiesChart, type Ellipse, ellipsesChart } from '../plot/charts/components.js';
import type { LegendEntry } from '../plot/drawing.js';
import { evenly } from '../plot/statistics.js';
import { paragraph, type Section } from './html.js';
import type { Pictures } from './pictures.js';
import { counted, isEstimate, type Report } from './report.js';
import { drawnStates } from './states.js';

/** Draws whose components are drawn one over the other. */
const mostDraws = 24;
const mostColumns = 3;

export function componentsSection(report: Report, bound: BoundModel, pictures: Pictures): readonly Section[] {
  const found = labelledData(bound).flatMap((data) => pictureOf(data, report, bound, pictures));
  return found.length === 0 ? [] : [{ id: 'components', title: 'Components over the data', folded: false, content: found.join('') }];
}

function pictureOf(data: LabelledData, report: Report, bound: BoundModel, pictures: Pictures): readonly string[] {
  const states = drawnStates(report.variables), shown = isEstimate(report) ? [0] : evenly(states.count, Math.min(mostDraws, states.count));
  const given = [...bound.variables.values()].filter(({ status }) => status === 'given').map((v): [string, Stored] => [v.name, { shape: v.shape, values: v.values, gaps: null }]);
  // A component that reads an unknown of which nothing was kept has no picture.
  const needed = [...bound.variables.values()].filter(({ status, name }) => (status === 'latent' || status === 'partial') && name !== data.label && !states.known.has(name));
  if (needed.some(({ name }) => report.variables.some(({ variable }) => variable.name === name && !variable.insidePlate))) return [];
  const all = shown.map((draw) => data.components(new Map([...given, ...[...states.at(draw)].map(([name, values]): [string, Stored] => [name, { shape: bound.variables.get(name)?.shape ?? [], values, gaps: null }])])));
  // Known components are the same at every draw.
  const marks = all.map((list) => fingerprint(list, data.values)), components = all.filter((_, i) => marks.indexOf(marks[i]!) === i);
  const labels = report.variables.find(({ variable }) => variable.name === data.label);
  const probabilities = labels === undefined ? null : probabilitiesOf(labels, data.labels);
  const legend = Array.from({ length: data.labels }, (_, k): LegendEntry => ({ label: `${data.label} = ${k}`, colour: componentColour(k), shape: 'line' }));
  const name = observedName(data.statement, report.run.record.program), several = components.length > 1;
  const words = several ? `Components at ${counted(components.length, 'draw')} of the posterior, one over the other` : isEstimate(report) ? 'Components at the estimate' : 'Components';
  const number = data.values.length / data.width;
  if (data.width === 1) {
    const values = data.values.filter(Number.isFinite);
    if (values.length === 0) return [];
    const weights = weightsOf(probabilities, data.labels);
    const chart = densitiesChart(name, values, data.discrete, components.flatMap((list) => list.map((one, component) => ({ component, at: (x: number) => weights[component]! * Math.exp(one.logDensity(x)) }))), 640, 300);
    return [`<figure>${pictures.of(`Components of ${name}`, `${words}, over a histogram of ${number} observations.`, chart, legend)}${paragraph(`${words}, each times its share of the observations, over the data.`, 'muted')}</figure>`];
  }
  if (components.some((list) => list.some(({ normal }) => normal === null))) return [];
  const assigned = probabilities === null || probabilities.length !== number ? null : probabilities.map((p) => p.indexOf(Math.max(...p)));
  const columns = Array.from({ length: Math.min(data.width, mostColumns) }, (_, c) => c), pairs = columns.flatMap((b) => columns.slice(0, b).map((a) => [a, b] as const));
  const charts = pairs.map(([a, b]) => {
    const rows = Array.from({ length: number }, (_, n) => n).filter((n) => Number.isFinite(data.values[n * data.width + a]!) && Number.isFinite(data.values[n * data.width + b]!));
    const points = rows.map((n) => [data.values[n * data.width + a]!, data.values[n * data.width + b]!] as const);
    const chart = ellipsesChart([`${name}[.., ${a}]`, `${name}[.., ${b}]`], points, assigned === null ? null : rows.map((n) => assigned[n]!), components.flatMap((list) => list.map((one, k) => ellipseOf(one, k, a, b))), pairs.length === 1 ? 640 : 420, pairs.length === 1 ? 420 : 340);
    return pictures.of(`Components of ${name}`, `${words}: ellipses that hold 90 % of a component, over ${points.length} observations coloured by their most probable label.`, chart, legend);
  });
  const left = data.width > mostColumns ? ` ${data.width - mostColumns} more dimensions are not drawn.` : '';
  return [`<figure><div class="${pairs.length === 1 ? '' : 'charts wide'}">${charts.join('')}</div>${paragraph(`${words}: an ellipse holds 90 % of its component. Points have the colour of their most probable label.${left}`, 'muted')}</figure>`];
}

function ellipseOf({ normal }: Component, component: number, a: number, b: number): Ellipse {
  const { mean, covariance } = normal!;
  return { component, mean: [mean[a]!, mean[b]!], covariance: [[covariance[a]![a]!, covariance[a]![b]!], [covariance[b]![a]!, covariance[b]![b]!]] };
}

/** What tells components at one state from those at another. */
function fingerprint(components: readonly Component[], values: Float64Array): string {
  return JSON.stringify(components.map(({ normal, ...one }) => normal ?? [values[0]!, values.at(-1)!].map((x) => one.logDensity(x))));
}

/** By observation and label; null where they are not listed. */
function probabilitiesOf({ variable: { low = 0 }, elements }: VariableSummary, labels: number): readonly (readonly number[])[] | null {
  if (elements.some(({ probs }) => probs === null)) return null;
  return elements.map(({ probs }) => Array.from({ length: labels }, (_, k) => probs![String(k + low)] ?? 0));
}

/** The share of each label among the observations. */
function weightsOf(probabilities: readonly (readonly number[])[] | null, labels: number): readonly number[] {
  return Array.from({ length: labels }, (_, k) => (probabilities === null ? 1 / labels : probabilities.reduce((sum, p) => sum + p[k]!, 0) / probabilities.length));
}
