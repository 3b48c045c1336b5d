/**
 * A comparison as plain text: a column for each run, a row for each quantity that some run has, notes beneath.
 * More runs than fit beside each other go into further tables.
 */
import { wrapped } from '../textTable.js';
import type { Comparison, ComparisonRow, Difference } from './compare.js';

interface Line {
  readonly title: string;
  text(run: ComparisonRow): string;
}

const lines: readonly Line[] = [
  { title: 'backend', text: (r) => `${r.backend}${r.converged ? '' : ' (!)'}` },
  { title: 'log evidence', text: (r) => withError(r.logEvidence, r.logEvidenceSe) },
  { title: 'ELBO', text: (r) => fixed(r.elbo) },
  { title: 'log likelihood', text: (r) => fixed(r.logLikelihood) },
  { title: 'AIC', text: (r) => fixed(r.aic) },
  { title: 'BIC', text: (r) => fixed(r.bic) },
  { title: 'elpd by WAIC', text: (r) => withError(r.waic?.elpd, r.waic?.se) },
  { title: '  parameters', text: (r) => fixed(r.waic?.p) },
  { title: '  against the best', text: (r) => against(r.waicDifference) },
  { title: 'elpd by LOO', text: (r) => withError(r.loo?.elpd, r.loo?.se) },
  { title: '  parameters', text: (r) => fixed(r.loo?.p) },
  { title: '  against the best', text: (r) => against(r.looDifference) },
  {
    title: '  largest Pareto k',
    text: (r) =>
      r.loo === null
        ? ''
        : `${r.loo.worstK === null ? 'infinite' : r.loo.worstK.toFixed(2)}${r.loo.badUnits === 0 ? '' : ` (${r.loo.badUnits} bad)`}`,
  },
  { title: '  stacking weight', text: (r) => (r.weight === null ? '' : r.weight.toFixed(3)) },
];

function fixed(x: number | null | undefined): string {
  return x === null || x === undefined ? '' : Math.abs(x) >= 1e7 ? x.toExponential(4) : x.toFixed(2);
}
function withError(x: number | null | undefined, se: number | null | undefined): string {
  return x === null || x === undefined ? '' : se === null || se === undefined ? fixed(x) : `${fixed(x)} (se ${fixed(se)})`;
}
function against(difference: Difference | null): string {
  if (difference === null) return '';
  return difference.value === 0 && difference.se === 0 ? 'best' : withError(difference.value, difference.se);
}

const gap = 3;

/**
 * A comparison as a table of plain text.
 * @param width characters of a line.
 */
export function renderComparison({ runs, notes }: Comparison, width: number): string {
  const used = lines.filter((line) => runs.some((r) => line.text(r) !== ''));
  const titleWidth = Math.max(...used.map((line) => line.title.length));
  const columns = runs.map((run) => {
    const cells = [run.name, ...used.map((line) => line.text(run))];
    return { cells, width: Math.max(...cells.map((c) => c.length)) + gap };
  });
  const tables: string[] = [];
  for (let from = 0; from < columns.length; ) {
    let to = from + 1,
      taken = titleWidth + columns[from]!.width;
    while (to < columns.length && taken + columns[to]!.width <= width) taken += columns[to++]!.width;
    const shown = columns.slice(from, to);
    tables.push(
      ['', ...used.map((line) => line.title)]
        .map((title, row) => `${title.padEnd(titleWidth)}${shown.map((c) => c.cells[row]!.padStart(c.width)).join('')}`.trimEnd())
        .join('\n'),
    );
    from = to;
  }
  return `${[...tables, ...(notes.length === 0 ? [] : [notes.flatMap((note) => wrapped(note, width, '  ')).join('\n')])].join('\n\n')}\n`;
}
