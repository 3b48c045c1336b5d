/** Components of mixtures over their data: the law of an observation for each label, at draws of the posterior or at the estimate. */
import type { BoundModel } from '../2-graph/bound.js';
import type { Stored } from '../2-graph/compute.js';
import { type Component, type LabelledData, labelledData } from '../4-infer/componentLaws.js';
import { observedName } from '../4-infer/replicate.js';
import { componentColour, densitiesChart, type Ellipse, ellipsesChart, mostPoints } from '../plot/charts/components.js';
import type { LegendEntry } from '../plot/drawing.js';
import { evenly } from '../plot/statistics.js';
import { paragraph, type Section } from './html.js';
import { type Pictures, wideChart } from './pictures.js';
import { counted, isEstimate, probabilitiesOf, type Report } from './report.js';
import { type DrawnStates, drawnStates } from './states.js';

/** Draws whose components are drawn one over the other. */
const mostDraws = 24;
const mostColumns = 3;

/** A mixture as it is drawn: its components at one state or several. */
interface Mixture {
  /** What is observed, as the program calls it. */
  readonly name: string;
  /** What the components are of, for captions. */
  readonly words: string;
  readonly data: LabelledData;
  /** Components by state and label. */
  readonly components: readonly (readonly Component[])[];
  /** By observation and label; null where they are not listed. */
  readonly probabilities: Float64Array | null;
  readonly legend: readonly LegendEntry[];
}

/** Components of mixtures over the data. */
export function componentsSection(report: Report, bound: BoundModel, pictures: Pictures): readonly Section[] {
  const states = drawnStates(report.variables);
  const found = labelledData(bound).flatMap((data) => {
    const lacking = [...data.unknowns].filter((name) => !states.known.has(name));
    if (lacking.length > 0) return notShown(lacking, report) ?? [];
    const mixture = mixtureOf(data, states, report, bound);
    return (mixture.data.width === 1 ? densities(mixture, pictures) : ellipses(mixture, pictures)) ?? [];
  });
  return found.length === 0 ? [] : [{ id: 'components', title: 'Components over the data', folded: false, content: found.join('') }];
}

/**
 * Why there is no picture: what the components depend on was left out of the run; null where there never were draws of it (a law in closed
 * form).
 */
function notShown(lacking: readonly string[], report: Report): string | null {
  const left = lacking.filter((name) => !report.variables.some(({ variable }) => variable.name === name));
  return left.length === 0
    ? null
    : paragraph(
        `Not shown: the run kept nothing of ${left.join(', ')}. Leave out \`--keep\`, or name ${left.length === 1 ? 'it' : 'them'} there too.`,
        'muted',
      );
}

function mixtureOf(data: LabelledData, states: DrawnStates, report: Report, bound: BoundModel): Mixture {
  const shown = isEstimate(report) ? [0] : evenly(states.count, Math.min(mostDraws, states.count));
  const given = [...bound.variables.values()]
    .filter(({ status }) => status === 'given')
    .map((v): [string, Stored] => [v.name, { shape: v.shape, values: v.values, gaps: null }]);
  const all = shown.map((draw) =>
    data.components(
      new Map([
        ...given,
        ...[...states.at(draw)].map(([name, values]): [string, Stored] => [
          name,
          { shape: bound.variables.get(name)?.shape ?? [], values, gaps: null },
        ]),
      ]),
    ),
  );
  // Known components are the same at every draw.
  const marks = all.map((list) => fingerprint(list, data.values)),
    components = all.filter((_, i) => marks.indexOf(marks[i]!) === i);
  const labels = report.variables.find(({ variable }) => variable.name === data.label);
  return {
    name: observedName(data.statement, report.run.record.program),
    data,
    components,
    words:
      components.length > 1
        ? `Components at ${counted(components.length, 'draw')} of the posterior, one over the other`
        : isEstimate(report)
          ? 'Components at the estimate'
          : 'Components',
    probabilities: labels === undefined ? null : probabilitiesOf(labels, data.labels),
    legend: Array.from({ length: data.labels }, (_, k) => ({ label: `${data.label} = ${k}`, colour: componentColour(k), shape: 'line' })),
  };
}

/** Densities of one dimension over a histogram; null where nothing was observed. */
function densities({ name, words, data, components, probabilities, legend }: Mixture, pictures: Pictures): string | null {
  const values = data.values.filter(Number.isFinite);
  if (values.length === 0) return null;
  const weights = weightsOf(probabilities, data.labels);
  const curves = components.flatMap((list) =>
    list.map((one, component) => ({ component, at: (x: number) => weights[component]! * Math.exp(one.logDensity(x)) })),
  );
  const picture = pictures.of(
    `Components of ${name}`,
    `${words}, over a histogram of ${data.values.length} observations.`,
    densitiesChart(name, values, data.discrete, curves, wideChart, 220),
    legend,
  );
  const share = probabilities === null ? `1/${data.labels} (${data.label} was not kept)` : 'its share of the observations';
  return `<figure class="large">${picture}${paragraph(`${words}, each times ${share}, over the data.`, 'muted')}</figure>`;
}

/** Normal components in each pair of dimensions; null for other laws. */
function ellipses({ name, words, data, components, probabilities, legend }: Mixture, pictures: Pictures): string | null {
  if (components.some((list) => list.some(({ normal }) => normal === null))) return null;
  const number = data.values.length / data.width,
    valueAt = (n: number, column: number): number => data.values[n * data.width + column]!;
  const assigned = probabilities === null || probabilities.length !== number * data.labels ? null : probabilities;
  const columns = Array.from({ length: Math.min(data.width, mostColumns) }, (_, c) => c),
    pairs = columns.flatMap((b) => columns.slice(0, b).map((a) => [a, b] as const));
  const size = pairs.length === 1 ? { width: 480, height: 330 } : { width: 420, height: 340 };
  const charts = pairs.map(([a, b]) => {
    const rows = Array.from({ length: number }, (_, n) => n).filter(
      (n) => Number.isFinite(valueAt(n, a)) && Number.isFinite(valueAt(n, b)),
    );
    const shown = evenly(rows.length, mostPoints).map((place) => rows[place]!);
    const chart = ellipsesChart(
      [`${name}[.., ${a}]`, `${name}[.., ${b}]`],
      shown.map((n) => [valueAt(n, a), valueAt(n, b)] as const),
      assigned === null ? null : shown.map((n) => mostProbable(assigned, n, data.labels)),
      components.flatMap((list) => list.map((one, k) => ellipseOf(one, k, a, b))),
      size.width,
      size.height,
    );
    return pictures.of(
      `Components of ${name}`,
      `${words}: ellipses that hold 90 % of a component, over ${thinned(rows.length)}${assigned === null ? '' : ' coloured by their most probable label'}.`,
      chart,
      legend,
    );
  });
  const left = data.width > mostColumns ? ` ${data.width - mostColumns} more dimensions are not drawn.` : '';
  const some = number > mostPoints ? ` ${counted(mostPoints, 'observation')} of ${number.toLocaleString('en')} are drawn.` : '';
  const colours =
    assigned === null ? `${data.label} was not kept: points have no colour.` : 'Points have the colour of their most probable label.';
  return `<figure class="large"><div class="${pairs.length === 1 ? '' : 'charts wide'}">${charts.join('')}</div>${paragraph(`${words}: an ellipse holds 90 % of its component. ${colours}${some}${left}`, 'muted')}</figure>`;
}

function ellipseOf({ normal }: Component, component: number, a: number, b: number): Ellipse {
  const { mean, covariance } = normal!;
  return {
    component,
    mean: [mean[a]!, mean[b]!],
    covariance: [
      [covariance[a]![a]!, covariance[a]![b]!],
      [covariance[b]![a]!, covariance[b]![b]!],
    ],
  };
}

/** What tells components at one state from those at another. */
function fingerprint(components: readonly Component[], values: Float64Array): string {
  return JSON.stringify(components.map(({ normal, ...one }) => normal ?? [values[0]!, values.at(-1)!].map((x) => one.logDensity(x))));
}

function thinned(observations: number): string {
  return `${observations} observations${observations > mostPoints ? `, ${mostPoints} of them drawn` : ''}`;
}

function mostProbable(probabilities: Float64Array, n: number, labels: number): number {
  let best = 0;
  for (let k = 1; k < labels; k++) if (probabilities[n * labels + k]! > probabilities[n * labels + best]!) best = k;
  return best;
}

/** The share of each label among the observations. */
function weightsOf(probabilities: Float64Array | null, labels: number): readonly number[] {
  if (probabilities === null) return new Array<number>(labels).fill(1 / labels);
  const sums = new Array<number>(labels).fill(0);
  for (let i = 0; i < probabilities.length; i++) sums[i % labels]! += probabilities[i]!;
  return sums.map((sum) => (sum * labels) / probabilities.length);
}
