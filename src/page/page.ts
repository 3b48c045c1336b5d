/**
 * The page of a run: one HTML text that needs nothing else, neither scripts nor fonts nor a network. First
 * what every reader wants (verdict, warnings, summary, draws, intervals, fit to the data), then folded parts.
 */
import { isOfChains } from '../4-infer/posterior.js';
import type { Summary } from '../5-report/record.js';
import { isCut, summaryTable } from '../5-report/render.js';
import type { ElementSummary } from '../5-report/rows.js';
import { rowsOf, type VariableSummary } from '../5-report/summary.js';
import { objectiveChart } from '../plot/charts/objective.js';
import { paretoChart } from '../plot/charts/paretoK.js';
import { ModelError } from '../errors/diagnostic.js';
import { componentsSection } from './componentsSection.js';
import { drawsSections, mixingSections } from './drawsSection.js';
import { descriptions, escaped, figure, type Html, paragraph, prose, type Section, table } from './html.js';
import { fitSection } from './fitSection.js';
import { intervalsSections } from './intervalsSection.js';
import { modelSections } from './modelSections.js';
import { Pictures, wideChart } from './pictures.js';
import { counted, type Report, shortNumber } from './report.js';
import { statesSection } from './statesSection.js';
import { style } from './style.js';

/** What a page says: two sentences for its head, and its parts in their order. */
export interface PageParts {
  readonly lede: string;
  readonly verdict: string;
  readonly converged: boolean;
  /** Made one after the other, as they are asked for. */
  readonly sections: Iterable<Section>;
}

/** The page of a run, not yet put together: for pages that show more than a report. */
export function partsOf(report: Report): PageParts {
  const { summary, record } = report.run;
  return {
    lede: lede(report),
    verdict: verdict(summary, record.warnings.length),
    converged: summary.converged,
    sections: sectionsOf(report),
  };
}

/** What takes long to draw comes late. */
function* sectionsOf(report: Report): Generator<Section> {
  const pictures = new Pictures(),
    { bound } = report,
    missing = [...report.missing];
  yield* warningsSection(report);
  yield summarySection(report);
  yield* objectiveSections(report, pictures);
  if (bound !== null) yield* componentsSection(report, bound, pictures);
  const states = bound === null ? { sections: [], shown: new Set<string>() } : statesSection(report, bound, pictures);
  yield* states.sections;
  yield* drawsSections(report, pictures, states.shown);
  yield* intervalsSections(report, pictures, states.shown);
  if (bound !== null) yield* attempted('Replicated data are', missing, () => fitSection(report, bound, pictures)) ?? [];
  yield* leaveOneOutSection(report, pictures);
  yield* mixingSections(report, pictures, states.shown);
  yield* modelSections({ ...report, missing });
}

/** @returns the text of an HTML file. */
export function pageOf(report: Report): string {
  const { lede: intro, verdict: judgement, converged, sections: parts } = partsOf(report),
    sections = [...parts];
  const title = `${report.name}: ${report.run.summary.backend}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the results</a>
<header>
<h1>${escaped(report.name)}</h1>
${paragraph(intro, 'muted')}
<p class="verdict${converged ? '' : ' bad'}">${escaped(judgement)}</p>
<nav aria-label="Parts of this page"><ul>${sections.map(({ id, title: name }) => `<li><a href="#${id}">${escaped(name)}</a></li>`).join('')}</ul></nav>
</header>
<main id="content">
${sections.map(sectionOf).join('\n')}
</main>
</body>
</html>
`;
}

/** What a program refuses is left out of the page, with the reason. */
export function attempted<T>(what: string, missing: string[], make: () => T): T | null {
  try {
    return make();
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    missing.push(`${what} not shown: ${thrown.diagnostics[0]?.message ?? thrown.message}`);
    return null;
  }
}

function sectionOf({ id, title, content, folded }: Section): Html {
  if (!folded)
    return `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${escaped(title)}</h2>\n${content}\n</section>`;
  return `<details id="${id}"><summary><h2>${escaped(title)}</h2></summary>\n${content}\n</details>`;
}

function lede({ run: { summary, record, variables } }: Report): string {
  const sampled = variables.map(({ variable: { result } }) => result).find(isOfChains);
  const chains = sampled === undefined ? [] : [`${counted(sampled.chains, 'chain')} of ${counted(sampled.draws, 'draw')}`];
  const { compile, warmup, sampling } = summary.seconds;
  return [
    `backend ${record.backend}`,
    ...chains,
    `seed ${summary.seed}`,
    `${shortNumber(Number((compile + warmup + sampling).toPrecision(2)))} seconds`,
  ].join(', ');
}

function verdict({ converged }: Summary, warnings: number): string {
  if (!converged) return 'This run must not be trusted';
  return warnings === 0 ? 'No warnings' : `Done, with ${counted(warnings, 'warning')}`;
}

function warningsSection({ run: { record } }: Report): readonly Section[] {
  if (record.warnings.length === 0) return [];
  const names = new Set(record.variables.map(({ name }) => name)),
    sentence = (text: string): string => sentenceOf(text, names);
  // What to do about several is said once.
  const hints = [...new Set(record.warnings.map(({ hint }) => hint))];
  const items = hints.map(
    (hint) =>
      `<li>${record.warnings
        .filter((warning) => warning.hint === hint)
        .map(({ message }) => paragraph(sentence(message)))
        .join('')}${hint === null ? '' : `<p><strong>What to do:</strong> ${prose(sentence(hint))}</p>`}</li>`,
  );
  return [{ id: 'warnings', title: 'Warnings', folded: false, content: `<ul class="warnings">${items.join('')}</ul>` }];
}

/** With a capital and a full stop, names of the program left as they are. */
function sentenceOf(text: string, names: ReadonlySet<string>): string {
  const [first = ''] = text,
    word = /^[a-z]+(?= )/.exec(text)?.[0];
  const capital = word !== undefined && !names.has(word) ? first.toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

function summarySection({ run: { summary, variables, record } }: Report): Section {
  const { titles, rows } = summaryTable(variables);
  // A row without cells stands for the rest of a variable.
  const cut = variables.filter(isCut).values();
  const totals: (readonly [string, string])[] = (
    [
      ['log evidence', summary.logEvidence, summary.logEvidenceSe],
      ['evidence lower bound', summary.elbo],
      ['log likelihood', summary.logLikelihood],
      ['log joint', summary.logJoint],
      ['AIC', summary.aic],
      ['BIC', summary.bic],
      ['leave-one-out elpd', summary.loo?.elpd ?? null, summary.loo?.se ?? null],
      // On the scale of a deviance: -2 elpd.
      ['WAIC', summary.waic?.ic ?? null, summary.waic?.se == null ? null : 2 * summary.waic.se],
    ] as const
  ).flatMap(([name, value, error = null]) =>
    value === null ? [] : [[name, error === null ? precise(value) : withError(value, error)] as const],
  );
  if (summary.loo?.worstK != null) totals.push(['largest Pareto k', shortNumber(summary.loo.worstK)]);
  const content =
    rows.length === 0
      ? paragraph('The program has no unknowns: there is nothing to infer.')
      : table(
          `Summary of ${counted(variables.length, 'variable')}`,
          ['quantity', ...titles],
          rows.map(({ name, cells }) =>
            cells.length === 0 ? [name + worstOf(cut.next().value)] : [name, ...cells.map((cell) => cell.replace('-', '−'))],
          ),
        );
  // An empty row has its reason.
  const names = new Set(variables.map(({ variable }) => variable.name));
  const reasons = record.notes
    .filter(({ code }) => code === 'not-finite')
    .map(({ message }) => paragraph(sentenceOf(message, names)))
    .join('');
  return {
    id: 'summary',
    title: 'Summary',
    folded: false,
    content: `${content}${reasons}${totals.length === 0 ? '' : descriptions(totals)}`,
  };
}

/** What a table that leaves elements out has to say of them. */
function worstOf(summary: VariableSummary | undefined): string {
  if (summary === undefined || !isOfChains(summary.variable.result)) return '';
  let worst: ElementSummary | null = null;
  for (const row of rowsOf(summary)) if (row.rhat !== null && !(worst !== null && worst.rhat! >= row.rhat)) worst = row;
  return worst === null
    ? ''
    : `; the largest R-hat of all is ${Number.isFinite(worst.rhat) ? worst.rhat!.toFixed(3) : 'infinite'}, of ${worst.name}`;
}

/** With the first two digits of its standard error. */
function withError(value: number, error: number): string {
  if (!(error > 0)) return precise(value);
  const decimals = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${value.toFixed(decimals)} (SE ${error.toFixed(decimals)})`.replaceAll('-', '−');
}

/** Seven digits. */
function precise(value: number): string {
  return String(Number(value.toPrecision(7))).replaceAll('-', '−');
}

/** What was maximised, where the backend keeps a trace. */
function objectiveSections(
  {
    run: {
      record: { traces },
    },
  }: Report,
  pictures: Pictures,
): readonly Section[] {
  // After an E-step the bound is the log likelihood: one of the two tells all.
  const kept = (
    [
      ['evidence lower bound', traces.logLikelihood === null ? traces.elbo : null],
      ['log likelihood', traces.logLikelihood],
      ['log joint', traces.logJoint],
    ] as const
  ).flatMap(([name, values]) =>
    values === null || values.length < 2 ? [] : [{ name, values: values.map((value) => value ?? Number.NaN) }],
  );
  if (kept.length === 0) return [];
  const charts = kept.map(({ name, values }) => {
    const { chart, from } = objectiveChart(name, values, wideChart, 190);
    const svg = pictures.of(
      `The ${name} by iteration`,
      `The ${name} over ${values.length} iterations; it ends at ${shortNumber(values.at(-1)!)}.`,
      chart,
    );
    return figure(
      svg,
      `It ends at ${precise(values.at(-1)!)} after ${counted(values.length, 'iteration')}${from > 0 ? `; the first ${from} are not drawn, they lie far below` : ''}.`,
    );
  });
  return [
    {
      id: 'objective',
      title: kept.length === 1 ? `The ${kept[0]!.name} by iteration` : 'What was maximised',
      folded: false,
      content: `<div class="charts wide">${charts.join('')}</div>`,
    },
  ];
}

const worstUnits = 8;

/** Which data the leave-one-out estimate leans on. */
function leaveOneOutSection(
  {
    run: {
      summary: { loo },
      paretoK,
    },
  }: Report,
  pictures: Pictures,
): readonly Section[] {
  if (loo === null || paretoK === null || paretoK.length < 2) return [];
  const threshold = loo.threshold ?? usualThreshold,
    above = paretoK.filter(({ k }) => k > threshold).length;
  const worst = paretoK.toSorted((a, b) => b.k - a.k).slice(0, worstUnits);
  const svg = pictures.of(
    'Pareto k by datum',
    `Pareto k of ${paretoK.length} data; ${above} lie above ${shortNumber(threshold)}.`,
    paretoChart(
      paretoK.map(({ k }) => k),
      threshold,
      wideChart,
      190,
    ),
  );
  const intro = paragraph(
    `How much the posterior would change without each datum: ${above} of ${paretoK.length} lie above the line at ${shortNumber(threshold)}, where draws of this run cannot stand for a run without it.`,
    'muted',
  );
  return [
    {
      id: 'loo',
      title: 'Leave-one-out by datum',
      folded: true,
      content: `${intro}<div class="charts wide">${svg}<div>${table(
        'Largest Pareto k',
        ['datum', 'k'],
        worst.map(({ unit, k }) => [unit, shortNumber(k)]),
      )}</div></div>`,
    },
  ];
}

/** Of many draws (Vehtari et al. 2024). */
const usualThreshold = 0.7;
