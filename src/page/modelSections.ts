/** What the program is and what was derived from it: the program, its plated graph, formulas as MathML, the record of the run. */
import temml from 'temml';
import type { ExplainedBlock } from '../4-infer/backend.js';
import { escaped, descriptions, type Html, paragraph, preformatted, type Section, table } from './html.js';
import { highlighted } from './highlight.js';
import { type Report, shortNumber } from './report.js';

/** Sections about the model, all folded. */
export function modelSections(report: Report): readonly Section[] {
  return [graphSection(report), derivationSection(report), programSection(report), runSection(report)].flat();
}

function programSection({ run: { record, data }, inputs }: Report): readonly Section[] {
  const legend =
    inputs.size === 0
      ? ''
      : `<p class="muted">Data are <span class="data">coloured</span>: ${[...inputs].map((name) => `<code>${escaped(name)}</code>${shapeOf(data?.get(name))}`).join(', ')}.</p>`;
  return [
    { id: 'program', title: 'Program', folded: true, content: `${preformatted('Program', highlighted(record.program, inputs))}${legend}` },
  ];
}

function shapeOf(value: unknown): string {
  const shape: number[] = [];
  for (let at = value; isArray(at); at = at[0]) shape.push(at.length);
  return shape.length === 0 ? (typeof value === 'number' ? ` = ${escaped(shortNumber(value))}` : '') : ` [${shape.join(', ')}]`;
}

function isArray(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

/** The plated graph; nothing where there is none. */
export function graphSection({ graph, name }: Pick<Report, 'graph' | 'name'>): readonly Section[] {
  if (graph === null) return [];
  return [
    {
      id: 'graph',
      title: 'Plated graph',
      folded: true,
      content: `${paragraph('Circles are random, boxes are data, filled ones are observed; a frame stands for as many copies as it says.', 'muted')}<div class="graph" tabindex="0" role="img" aria-label="${escaped(`Plated graph of ${name}`)}">${graph}</div>`,
    },
  ];
}

/** What a backend derived; nothing where it derived nothing. */
export function derivationSection({ derivation }: Pick<Report, 'derivation'>): readonly Section[] {
  if (derivation === null) return [];
  const notes = derivation.notes.map((note) => paragraph(note)).join('');
  return [
    {
      id: 'derivation',
      title: 'Derivation',
      folded: true,
      content: `${paragraph(`What the backend ${derivation.backend} derived for each block of unknowns, from the statements that mention it.`, 'muted')}${derivation.blocks.map(blockOf).join('')}${notes}`,
    },
  ];
}

function blockOf({ block, loops, family, parameters, factors, kernel, reason }: ExplainedBlock): Html {
  const formulas = parameters
    .map(({ latex }) => `<div class="formulas" tabindex="0" role="group" aria-label="formula">${mathematics(latex)}</div>`)
    .join('');
  const from =
    factors.length === 0 ? '' : `<p class="muted">from ${factors.map((factor) => `<code>${escaped(factor)}</code>`).join(', ')}</p>`;
  return `<h3><code>${escaped(block)}</code>${loops === '' ? '' : ` <span class="muted">${escaped(loops)}</span>`}: ${escaped(family ?? 'no family')}</h3>${formulas}${from}${paragraph(`${kernel}: ${reason}`)}`;
}

/** LaTeX as MathML; as text where it cannot be read. */
function mathematics(latex: string): Html {
  try {
    return temml.renderToString(latex, { displayMode: true, throwOnError: true, trust: false, annotate: false });
  } catch {
    return `<code>${escaped(latex)}</code>`;
  }
}

/** Words of a column that are listed. */
const mostWords = 50;

function runSection({ run: { record, summary }, missing }: Report): readonly Section[] {
  const { options, versions, plan, notes, levels, traces, seconds } = record;
  const { options: backendOptions, ...counts } = options;
  const text = (value: unknown): string => (value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value));
  const given = [
    ...Object.entries(counts),
    ...(typeof backendOptions === 'object' && backendOptions !== null ? Object.entries(backendOptions) : []),
  ].map(([name, value]) => [name, text(value)] as const);
  const parts: Html[] = [
    descriptions([
      ['seed', summary.seed],
      ...given,
      ...Object.entries(versions).map(([name, version]) => [`version of ${name}`, version] as const),
      ...Object.entries(seconds).map(([phase, time]) => [`seconds of ${phase}`, shortNumber(time)] as const),
    ]),
  ];
  if (plan.length > 0)
    parts.push(
      `<div class="words">${table(
        'Plan',
        ['block', 'kernel', 'reason'],
        plan.map(({ block, kernel, reason }) => [block, kernel, reason]),
      )}</div>`,
    );
  const acceptance = Object.entries(traces.acceptance ?? {});
  const chainNumbers = record.variables.find((variable) => variable.chainNumbers !== undefined)?.chainNumbers;
  if (acceptance.length > 0)
    parts.push(
      table(
        'Accepted proposals by chain',
        ['block', ...acceptance[0]![1].map((_, c) => `chain ${chainNumbers?.[c] ?? c}`)],
        acceptance.map(([block, rates]) => [block, ...rates.map((rate) => `${(100 * rate).toFixed(1)} %`)]),
      ),
    );
  if (traces.stepSizes !== null || traces.divergences !== null) {
    const chains = (traces.stepSizes ?? traces.divergences ?? []).length;
    parts.push(
      table(
        'Steps by chain',
        ['of a step', ...Array.from({ length: chains }, (_, chain) => `chain ${chain}`)],
        [
          ...(traces.stepSizes === null ? [] : [['step size', ...traces.stepSizes.map(shortNumber)]]),
          ...(traces.divergences === null ? [] : [['divergences', ...traces.divergences.map(String)]]),
        ],
      ),
    );
  }
  for (const [name, words] of Object.entries(levels))
    parts.push(
      table(
        `Codes of ${name}`,
        ['word', 'code'],
        [
          ...words.slice(0, mostWords).map((level, code) => [level, String(code)]),
          ...(words.length > mostWords ? [[`${words.length - mostWords} more in run.json`]] : []),
        ],
      ),
    );
  // Words have their tables, and what is not finite is said with the summary.
  parts.push(
    ...notes.filter(({ code }) => code !== 'coded-levels' && code !== 'not-finite').map(({ message }) => paragraph(message)),
    ...missing.map((sentence) => paragraph(sentence)),
  );
  return [{ id: 'run', title: 'Options and versions', folded: true, content: parts.join('\n') }];
}
