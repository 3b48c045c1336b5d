/**
 * Draws scalar by scalar: density, trace and ranks side by side. Of many elements the page shows those
 * outside data plates and those that mix worst, and says how many it leaves out.
 */
import { chainNumbersOf, keptDraws } from '../4-infer/posterior.js';
import { autocorrelationChart } from '../plot/charts/autocorrelation.js';
import { densityChart } from '../plot/charts/density.js';
import { pairsCharts } from '../plot/charts/pairs.js';
import { rankChart } from '../plot/charts/rank.js';
import { chainColour, traceChart } from '../plot/charts/trace.js';
import { rowsOf } from '../5-report/summary.js';
import { elementSeries, pooled, type Series } from '../plot/series.js';
import { escaped, type Html, paragraph, type Section } from './html.js';
import type { Pictures } from './pictures.js';
import { counted, type Report, type ShownElement, shortNumber } from './report.js';

const mostOpen = 10;
const mostFolded = 20;
/** Elements inside data plates that are shown beside the others: the worst. */
const worstInside = 3;
const worstOutside = 3;
const mostPairs = 4;
/** A line between so few values shows nothing. */
const fewValues = 8;
/** Chains whose colours are named; of more nobody tells one from the other. */
const mostChainsNamed = 8;
const chartSize = { width: 340, height: 176 } as const;

/**
 * Elements with draws that vary, those to be shown first in front. @param elsewhere variables that another section shows along their index:
 * of these only the worst elements.
 */
function chosenElements(report: Report, elsewhere: ReadonlySet<string>): readonly ShownElement[] {
  const drawn = report.variables.filter(
    ({ variable }) =>
      // Probabilities say all of a label in a data plate.
      !(variable.insidePlate && variable.discrete && variable.range !== undefined) && (keptDraws(variable)?.draws ?? 0) > 0,
  );
  const all = drawn.flatMap((summary) => {
    const shown: ShownElement[] = [];
    for (const element of rowsOf(summary)) if ((element.sd ?? 0) > 0) shown.push({ variable: summary.variable, element });
    return shown;
  });
  // The two halves of a symmetric matrix are one.
  const keys = all.map(({ variable, element: { mean, sd, q5, q95 } }) => `${variable.name} ${mean} ${sd} ${q5} ${q95}`),
    seen = new Set<string>();
  const distinct = all.filter((_, i) => !seen.has(keys[i]!) && seen.add(keys[i]!));
  const isInside = ({ variable }: ShownElement): boolean => variable.insidePlate || elsewhere.has(variable.name);
  const outside = distinct.filter((one) => !isInside(one)),
    inside = distinct.filter(isInside).toSorted(byMixing);
  if (outside.length === 0) return elsewhere.size === 0 ? inside : inside.slice(0, worstInside);
  // In the order of the program where all fit; else the worst, then elements of every variable in turn.
  const near =
    outside.length <= mostOpen ? outside : [...new Set([...outside.toSorted(byMixing).slice(0, worstOutside), ...inTurn(outside)])];
  return [...near.slice(0, mostOpen), ...inside.slice(0, worstInside), ...near.slice(mostOpen), ...inside.slice(worstInside)];
}

/** The first element of every variable, then every second, and so on. */
function inTurn(shown: readonly ShownElement[]): readonly ShownElement[] {
  const byVariable = new Map<ShownElement['variable'], ShownElement[]>();
  for (const one of shown) {
    const list = byVariable.get(one.variable);
    if (list === undefined) byVariable.set(one.variable, [one]);
    else list.push(one);
  }
  const lists = [...byVariable.values()];
  return Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
}

/** Worst first: by R-hat where it tells, then by effective size. */
function byMixing(a: ShownElement, b: ShownElement): number {
  const doubt = ({ element }: ShownElement): number => (element.rhat === null ? 0 : Math.max(0, element.rhat - 1.01));
  return doubt(b) - doubt(a) || (a.element.essBulk ?? Number.POSITIVE_INFINITY) - (b.element.essBulk ?? Number.POSITIVE_INFINITY);
}

function seriesFor({ variable, element }: ShownElement): Series {
  return elementSeries(variable, [element.flat])[0]!;
}

/** The element as it was drawn, before components were matched to each other. */
function rawSeries(report: Report, shown: ShownElement): Series {
  const raw = report.run.variables.find(({ variable }) => variable.name === shown.variable.name);
  return raw === undefined ? seriesFor(shown) : elementSeries(raw.variable, [shown.element.flat])[0]!;
}

/** Sections of draws; none where the backend makes no draws. */
export function drawsSections(report: Report, pictures: Pictures, elsewhere: ReadonlySet<string>): readonly Section[] {
  const chosen = chosenElements(report, elsewhere);
  if (chosen.length === 0) return [];
  const open = chosen.slice(0, mostOpen + worstInside),
    folded = chosen.slice(open.length, open.length + mostFolded),
    left = chosen.length - open.length - folded.length;
  const chains = open.some(({ variable }) => isChain(variable));
  const intro = chains
    ? 'For each quantity its density (a thin line for each chain, the bar from the 5 % to the 95 % quantile), its draws in the order they were made, and how each chain ranks among all draws. Chains that agree lie on top of each other, and their ranks stay in the grey band.'
    : 'Independent draws from the result: density, mean, and the bar from the 5 % to the 95 % quantile.';
  const matched = report.variables.some(({ variable }, i) => variable !== report.run.variables[i]?.variable)
    ? ' Labels switch in this run: densities are of components matched to each other, draws and ranks as they were made.'
    : '';
  const rest =
    folded.length === 0
      ? ''
      : `<details><summary>${counted(folded.length, 'more quantity', 'more quantities')}</summary>${cards(report, folded, pictures)}</details>`;
  const omitted = left > 0 ? paragraph(`${left.toLocaleString('en')} more are not drawn here; draws.csv holds all of them.`, 'muted') : '';
  return [
    {
      id: 'draws',
      title: chains ? 'Draws and densities' : 'Densities',
      folded: false,
      content: `${paragraph(intro + matched, 'muted')}${chainLegend(open)}${cards(report, open, pictures)}${rest}${omitted}`,
    },
  ];
}

/** Which colour is which chain: the same ones share it. */
function chainLegend(shown: readonly ShownElement[]): Html {
  const { result } = shown.find(({ variable }) => isChain(variable))?.variable ?? {};
  if (result?.form !== 'draws' || result.chains < 2 || result.chains > mostChainsNamed) return '';
  const items = chainNumbersOf(result).map((chain, c) => `<li><span style="background:${chainColour(c)}"></span>chain ${chain}</li>`);
  return `<ul class="chains" aria-label="Colours of chains">${items.join('')}</ul>`;
}

function isChain({ result }: ShownElement['variable']): boolean {
  return result.form === 'draws' && !result.independent;
}

function cards(report: Report, shown: readonly ShownElement[], pictures: Pictures): Html {
  if (!shown.some(({ variable }) => isChain(variable)))
    return `<div class="charts">${shown.map((one) => `<div>${density(one, pictures)}</div>`).join('')}</div>`;
  return shown.map((one) => card(report, one, pictures)).join('');
}

function card(report: Report, shown: ShownElement, pictures: Pictures): Html {
  const { element, variable } = shown,
    raw = rawSeries(report, shown);
  const facts = [
    `mean ${shortNumber(element.mean)}`,
    ...(element.q5 === null ? [] : [`90 % between ${shortNumber(element.q5)} and ${shortNumber(element.q95)}`]),
    ...(element.essBulk === null ? [] : [`effective draws ${Math.round(element.essBulk).toLocaleString('en')}`]),
    ...(element.rhat === null ? [] : [`R-hat ${Number.isFinite(element.rhat) ? element.rhat.toFixed(3) : 'infinite'}`]),
  ];
  const several = isChain(variable) && raw.chains.length > 1 && !(raw.discrete && (variable.range ?? Number.POSITIVE_INFINITY) < fewValues);
  const trace =
    isChain(variable) && !(raw.discrete && (variable.range ?? Number.POSITIVE_INFINITY) < fewValues)
      ? pictures.of(
          `Draws of ${element.name}`,
          `The draws of ${element.name} in order, a line for each of ${counted(raw.chains.length, 'chain')}.`,
          traceChart(raw, chartSize.width, chartSize.height),
        )
      : '';
  const ranks = several
    ? pictures.of(
        `Ranks of ${element.name}`,
        `How many draws of each chain have a rank in each of the bins; the grey band is what chance allows.`,
        rankChart(raw, chartSize.width, chartSize.height, element.essBulk),
      )
    : '';
  return `<div class="scalar"><h3><code>${escaped(element.name)}</code></h3>${paragraph(facts.join(', '), 'muted')}<div class="charts">${density(shown, pictures)}${trace}${ranks}</div></div>`;
}

function density(shown: ShownElement, pictures: Pictures): string {
  const { element } = shown,
    series = seriesFor(shown);
  // Independent draws have no chains that could differ.
  const drawn = isChain(shown.variable) ? series : { ...series, chains: [pooled(series)] };
  return pictures.of(
    `Posterior of ${element.name}`,
    `The posterior of ${element.name}: mean ${shortNumber(element.mean)}, 5 % quantile ${shortNumber(element.q5)}, 95 % quantile ${shortNumber(element.q95)}.`,
    densityChart(drawn, chartSize.width, chartSize.height),
  );
}

/** Pairs of the scalars that mix worst, and autocorrelations. */
export function mixingSections(report: Report, pictures: Pictures, elsewhere: ReadonlySet<string>): readonly Section[] {
  const chosen = chosenElements(report, elsewhere).filter(({ variable }) => !variable.discrete);
  const outside = chosen.filter(({ variable }) => !variable.insidePlate);
  const worst = (outside.length > 1 ? outside : chosen).toSorted(byMixing).slice(0, mostPairs);
  const chains = worst.filter(({ variable }) => isChain(variable));
  const sections: Section[] = [];
  if (worst.length > 1) {
    const names = worst.map(({ element }) => element.name);
    const svg = pictures.of(
      `Pairs of ${names.join(', ')}`,
      `Draws of ${names.join(', ')} against each other.`,
      pairsCharts(worst.map(seriesFor), 250),
    );
    sections.push({
      id: 'pairs',
      title: chains.length > 0 ? 'Pairs of the quantities that mix worst' : 'Pairs',
      folded: true,
      content: `${paragraph('A narrow ridge is a dependence that slows samplers which move one quantity at a time; a funnel is a scale that changes from place to place.', 'muted')}<div class="scroll natural" role="region" aria-label="${escaped(`Pairs of ${names.join(', ')}`)}" tabindex="0">${svg}</div>`,
    });
  }
  if (chains.length > 0) {
    const shown = chosen.filter(({ variable }) => isChain(variable)).slice(0, mostOpen);
    const charts = shown.map((one) =>
      pictures.of(
        `Autocorrelation of ${one.element.name}`,
        `The autocorrelation of ${one.element.name} at lags 0 to 40, a line for each chain.`,
        autocorrelationChart(rawSeries(report, one), chartSize.width, chartSize.height),
      ),
    );
    sections.push({
      id: 'autocorrelation',
      title: 'Autocorrelation',
      folded: true,
      content: `<div class="charts">${charts.join('')}</div>`,
    });
  }
  return sections;
}
