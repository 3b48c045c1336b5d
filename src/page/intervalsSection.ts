/** Intervals of array variables, a panel for each, and of long ones as a band along their index. */
import { bandChart, mostBandElements } from '../plot/charts/band.js';
import { forestChart, type Interval } from '../plot/charts/forest.js';
import type { ElementSummary } from '../5-report/rows.js';
import { rowCount, rowsAt, type VariableSummary } from '../5-report/summary.js';
import { evenly } from '../plot/statistics.js';
import { paragraph, type Section } from './html.js';
import { type Pictures, wideChart } from './pictures.js';
import { isEstimate, type Report } from './report.js';

const mostRows = 40;
const mostPanels = 12;
/** Scalars share a panel where the widest interval is at most so many times the narrowest. */
const comparable = 25;
const standardErrors = 2;

/** What a point and its line mean: quantiles, or an estimate with its standard error; null where neither is known. */
export function intervalOf({ name, mean, sd, q5, q50, q95 }: ElementSummary): Interval | null {
  if (mean === null) return null;
  if (q5 !== null && q95 !== null && q5 < q95) return { name, centre: q50 ?? mean, low: q5, high: q95 };
  return sd === null
    ? { name, centre: mean, low: mean, high: mean }
    : { name, centre: mean, low: mean - standardErrors * sd, high: mean + standardErrors * sd };
}

/** @param drawn names of variables that another section shows along their index. */
export function intervalsSections(report: Report, pictures: Pictures, drawn: ReadonlySet<string>): readonly Section[] {
  const wanted = report.variables
    .filter((summary) => !drawn.has(summary.variable.name) && rowCount(summary) > 0 && !isAllocation(summary.variable))
    .map(sampled);
  const arrays = wanted.filter(({ variable }) => variable.shape.length > 0),
    scalars = wanted.filter(({ variable }) => variable.shape.length === 0);
  const panels: string[] = [];
  for (const group of comparableGroups(scalars.flatMap(({ rows }) => known(rows)))) {
    // A scalar on a scale of its own has its place in the summary.
    if (group.length === 1) continue;
    const names = group.map(({ name }) => name).join(', ');
    panels.push(pictures.of(`Intervals of ${names}`, describe(group), forestChart(group, wideChart)));
  }
  let left = 0;
  for (const array of arrays) {
    const intervals = known(array.rows);
    if (intervals.length === 0) continue;
    if (panels.length >= mostPanels) {
      left++;
      continue;
    }
    panels.push(
      intervals.length <= mostRows
        ? pictures.of(`Intervals of ${array.variable.name}`, describe(intervals), forestChart(intervals, wideChart))
        : longBand(array, pictures),
    );
  }
  if (panels.length === 0) return [];
  const shown = wanted.flatMap(({ rows }) => rows);
  const isPoint = ({ q5, q95 }: ElementSummary): boolean => q5 === null || q5 === q95;
  const points = shown.every(isPoint),
    laws = !shown.some(isPoint);
  const ofPoints = `Estimates with lines of ${standardErrors} standard errors to each side, where standard errors were computed.`,
    ofLaws = isEstimate(report)
      ? 'Estimates with lines between their 90 % confidence limits.'
      : 'Medians with lines from the 5 % to the 95 % quantile.';
  const intro = points ? ofPoints : laws ? ofLaws : `${ofLaws} Of what was estimated: ${ofPoints.toLowerCase()}`;
  const omitted = left > 0 ? paragraph(`${left} more variables are not drawn here; the summary has all of them.`, 'muted') : '';
  return [
    {
      id: 'intervals',
      title: points ? 'Estimates' : 'Intervals',
      folded: false,
      content: `${paragraph(intro, 'muted')}<div class="charts wide">${panels.map((svg) => `<figure>${svg}</figure>`).join('')}</div>${omitted}`,
    },
  ];
}

/** Labels of components are shown with the components. */
function isAllocation({ insidePlate, discrete, range }: VariableSummary['variable']): boolean {
  return discrete && insidePlate && range !== undefined;
}

function describe(intervals: readonly Interval[]): string {
  return `${intervals.length} intervals, from ${intervals[0]!.name} to ${intervals.at(-1)!.name}.`;
}

/** A variable with as many of its rows as a figure shows: of many, some at even distances. */
interface Sampled {
  readonly variable: VariableSummary['variable'];
  readonly count: number;
  /** Places of the rows among all that there are. */
  readonly places: readonly number[];
  readonly rows: readonly ElementSummary[];
}

function sampled(summary: VariableSummary): Sampled {
  const count = rowCount(summary),
    places = evenly(count, mostBandElements);
  return { variable: summary.variable, count, places, rows: rowsAt(summary, places) };
}

function known(rows: readonly ElementSummary[]): readonly Interval[] {
  return rows.flatMap((row) => intervalOf(row) ?? []);
}

/** Elements in order of their index: more than a list of names can hold. */
function longBand({ variable: { name }, count, places, rows }: Sampled, pictures: Pictures): string {
  const intervals = rows.map(intervalOf);
  const column = (pick: (interval: Interval) => number): Float64Array => {
    const values = new Float64Array(count).fill(Number.NaN);
    places.forEach((place, i) => {
      const interval = intervals[i];
      if (interval != null) values[place] = pick(interval);
    });
    return values;
  };
  const band = {
    name,
    index: 'element',
    centre: column(({ centre }) => centre),
    low: column(({ low }) => low),
    high: column(({ high }) => high),
  };
  const thinned = count > mostBandElements ? `, ${mostBandElements} of them drawn` : '';
  return pictures.of(
    `Intervals of ${name}`,
    `Medians and 90 % intervals of ${count} elements in order${thinned}.`,
    bandChart(band, null, wideChart, 220),
  );
}

/** Intervals of similar width and place together; each scale gets a panel of its own. */
function comparableGroups(intervals: readonly Interval[]): readonly (readonly Interval[])[] {
  const groups: Interval[][] = [];
  for (const interval of intervals) {
    const fitting = groups.find((group) => {
      const all = [...group, interval],
        spans = all.map(({ low, high }) => high - low).filter((span) => span > 0);
      const whole = Math.max(...all.map(({ high }) => high)) - Math.min(...all.map(({ low }) => low));
      return spans.length === 0 || whole <= comparable * Math.min(...spans);
    });
    if (fitting === undefined) groups.push([interval]);
    else fitting.push(interval);
  }
  return groups;
}
