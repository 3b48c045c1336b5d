/**
 * Posterior predictive checks (Gelman, Meng and Stern 1996): data replicated at draws of the posterior against the
 * data themselves, as densities and by statistics. A share near 0 or 1 is a feature that the model does not make.
 */
import type { BoundModel } from '../2-graph/bound.js';
import { type ReplicatedData, replicator } from '../4-infer/replicate.js';
import { predictiveChart, predictiveLegend } from '../plot/charts/predictive.js';
import { quantileOfSorted } from '../numeric/orderStatistics.js';
import { evenly } from '../plot/statistics.js';
import { escaped, type Html, paragraph, type Section, table } from './html.js';
import { type Pictures, wideChart } from './pictures.js';
import { counted, isEstimate, type Report, shortNumber } from './report.js';
import { drawnStates } from './states.js';

const mostReplicates = 200;
const fewestReplicates = 20;
/** Numbers replicated in all, so that a page of much data takes seconds. */
const mostNumbers = 4e6;
const mostData = 4;
const mostColumns = 4;
/** A statistic beyond this share of its replicates is said to be missed. */
const extreme = 0.01;

const statistics: readonly { readonly name: string; of(sorted: Float64Array): number }[] = [
  { name: 'mean', of: mean },
  {
    name: 'sd',
    of: (x) => {
      const m = mean(x);
      return Math.sqrt(x.reduce((sum, v) => sum + (v - m) ** 2, 0) / Math.max(1, x.length - 1));
    },
  },
  { name: 'smallest', of: (x) => x[0]! },
  { name: 'median', of: (x) => quantileOfSorted(x, 0.5) },
  { name: 'largest', of: (x) => x[x.length - 1]! },
];

/** `sd, smallest or largest`. */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`;
}

function mean(x: Float64Array): number {
  return x.reduce((sum, v) => sum + v / x.length, 0);
}

/** @throws ModelError where data cannot be replicated. */
export function fitSection(report: Report, bound: BoundModel, pictures: Pictures): readonly Section[] {
  const states = drawnStates(report.run.variables);
  const machine = replicator(bound, report.run.record.program, states.known, report.run.summary.seed);
  const shown = machine.data.filter(({ observed }) => observed.length > 0).slice(0, mostData);
  if (shown.length === 0) return [];
  const size = machine.data.reduce((sum, { observed }) => sum + observed.length, 0);
  const wanted = Math.max(fewestReplicates, Math.min(mostReplicates, Math.floor(mostNumbers / size)));
  // A single estimate is replicated again and again.
  const draws = states.count >= wanted ? evenly(states.count, wanted) : Array.from({ length: wanted }, (_, i) => i % states.count);
  const replicates = shown.map((): Float64Array[] => []);
  for (const draw of draws) {
    machine.draw(states.at(draw));
    shown.forEach((data, k) => {
      replicates[k]!.push(data.replicated());
    });
  }
  const intro = `${counted(draws.length, 'data set')} drawn from the model at ${isEstimate(report) ? 'the estimate' : 'draws of the posterior'}, each as large as the data. The data should look like one of them; the share tells how many of them have a larger value of the statistic (half of those that have the same).`;
  return [
    {
      id: 'fit',
      title: 'Replicated data',
      folded: false,
      content: `${paragraph(intro, 'muted')}${shown.map((data, k) => dataOf(data, replicates[k]!, pictures)).join('')}`,
    },
  ];
}

function dataOf(data: ReplicatedData, replicates: readonly Float64Array[], pictures: Pictures): Html {
  const columns = Array.from({ length: Math.min(data.width, mostColumns) }, (_, c) => c);
  const left = data.width - columns.length;
  return (
    columns.map((c) => columnOf(data, c, replicates, pictures)).join('') +
    (left > 0 ? paragraph(`${left} more columns of ${data.name} are not drawn.`, 'muted') : '')
  );
}

function columnOf(
  { name, width, discrete, observed }: ReplicatedData,
  c: number,
  replicates: readonly Float64Array[],
  pictures: Pictures,
): Html {
  const title = width === 1 ? name : `${name}[.., ${c}]`;
  const there = Array.from({ length: observed.length / width }, (_, row) => row * width + c).filter((i) => Number.isFinite(observed[i]!));
  if (there.length === 0) return '';
  // Replicates of millions are most of what a page takes: those that are whole are not copied.
  const pick = (values: Float64Array): Float64Array =>
    there.length === values.length ? values : Float64Array.from(there, (i) => values[i]!);
  const data = pick(observed).slice().sort(),
    made = replicates.map((one) => pick(one).sort());
  const chart = predictiveChart(title, discrete, data, made, wideChart, 200);
  const svg =
    chart === null
      ? ''
      : pictures.of(
          `Replicated ${title}`,
          `The distribution of ${there.length} observations of ${title}, and of ${made.length} replicates.`,
          chart,
          predictiveLegend(discrete),
        );
  const found = statistics
    .filter(({ name: own }) => there.length > 1 || own === 'mean')
    .map((statistic) => {
      const value = statistic.of(data),
        others = made.map(statistic.of).sort((a, b) => a - b);
      const share = others.reduce((sum, x) => sum + (x > value ? 1 : x === value ? 0.5 : 0), 0) / others.length;
      return { name: statistic.name, value, low: quantileOfSorted(others, 0.05), high: quantileOfSorted(others, 0.95), share };
    });
  // Against the spread of the data the rounding of a sum is nothing.
  const spread = data.at(-1)! - data[0]!,
    shown = (value: number): string => shortNumber(Math.abs(value) < 1e-12 * spread ? 0 : value);
  const rows = found.map(({ name: own, value, low, high, share }) => [own, shown(value), shown(low), shown(high), share.toFixed(3)]);
  const missed = found.filter(({ share }) => share < extreme || share > 1 - extreme).map(({ name: own }) => own);
  const verdict = missed.length === 0 ? '' : paragraph(`The model hardly ever makes the ${listed(missed)} of these data.`);
  return `<h3><code>${escaped(title)}</code></h3><div class="charts wide">${svg}<div>${table(`Statistics of ${title}`, ['statistic', 'data', 'replicates 5%', '95%', 'share above'], rows)}${verdict}</div></div>`;
}
