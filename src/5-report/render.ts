/**
 * The summary as plain text: one row for each element, columns as wide as their numbers, cut to a
 * width. Large variables show their first rows and say how many there are more.
 */
import type { Posterior } from './posterior.js';
import type { ElementSummary } from './rows.js';
import { rowCount, rowsAt, type VariableSummary } from './summary.js';
import { significant, type TextColumn, type TextRow, textTable, usedColumns } from './textTable.js';

/** In the order shown; where the line is too short those of the highest rank go first: what tells whether to trust a row stays. */
const columns: readonly (TextColumn & { readonly text: (element: ElementSummary) => string })[] = [
  { title: 'mean', rank: 0, text: (element) => value(element.mean, errorOf(element)) },
  { title: 'sd', rank: 1, text: (element) => value(element.sd, errorOf(element)) },
  { title: 'mcse', rank: 6, text: ({ mcse }) => (mcse === null ? '' : significant(mcse, 2)) },
  { title: '5%', rank: 4, text: (element) => quantile(element.q5, element) },
  { title: '50%', rank: 7, text: (element) => quantile(element.q50, element) },
  { title: '95%', rank: 5, text: (element) => quantile(element.q95, element) },
  { title: 'ESS bulk', rank: 3, text: ({ essBulk }) => (essBulk === null ? '' : String(Math.round(essBulk))) },
  { title: 'ESS tail', rank: 8, text: ({ essTail }) => (essTail === null ? '' : String(Math.round(essTail))) },
  { title: 'R-hat', rank: 2, text: ({ rhat }) => (rhat === null ? '' : Number.isFinite(rhat) ? rhat.toFixed(3) : 'infinite') },
];

/** Decimal digits that a double has for sure. */
const mostDigits = 15;
const mostShown = 30;
const shownOfMany = 10;

/** True of a variable of which tables and plots show the first rows only. */
export function isCut(summary: VariableSummary): boolean {
  return rowCount(summary) > mostShown;
}

/** The rows of a variable that tables and plots show: all of a few, the first of many. */
export function shownRows(summary: VariableSummary): readonly ElementSummary[] {
  return isCut(summary)
    ? rowsAt(
        summary,
        Array.from({ length: shownOfMany }, (_, place) => place),
      )
    : summary.elements;
}

/**
 * The summary of a posterior as a table of plain text.
 * @param width characters of a line; columns that do not fit are left out, names are never cut.
 */
export function renderSummary(posterior: Posterior, width: number): string {
  return `${textTable(columns, posterior.summaries().flatMap(linesOf), width).join('\n')}\n`;
}

/**
 * The summary as a table for other places than a terminal: titles of the columns that hold something, and rows of as many cells; a row
 * without cells says what is left out.
 */
export function summaryTable(summaries: readonly VariableSummary[]): {
  readonly titles: readonly string[];
  readonly rows: readonly TextRow[];
} {
  const rows = summaries.flatMap(linesOf);
  const used = usedColumns(columns, rows);
  return {
    titles: used.map((i) => columns[i]!.title),
    rows: rows.map((row) => ({ name: row.name, cells: row.cells.length === 0 ? [] : used.map((i) => row.cells[i]!) })),
  };
}

/** Lines of a variable: of a large one its rows are not made but for those that are shown. */
function linesOf(summary: VariableSummary): TextRow[] {
  const shown = shownRows(summary);
  const rows = shown.map((element): TextRow => ({ name: element.name, cells: columns.map((column) => column.text(element)) }));
  const more = rowCount(summary) - shown.length;
  return more === 0 ? rows : [...rows, { name: `${summary.variable.name}: ${more} more`, cells: [] }];
}

/** Values of whole numbers are whole, however certain. */
function quantile(x: number | null, element: ElementSummary): string {
  if (x !== null && element.probs !== null && Number.isInteger(x)) return String(x);
  return value(x, element.mcse === null ? errorOf(element) : element.sd);
}

/** Numbers without a Monte Carlo error have digits to spare: four of the standard deviation are shown. */
function errorOf({ mcse, sd }: ElementSummary): number | null {
  return mcse !== null && mcse > 0 ? mcse : sd === null ? null : sd / 100;
}

/** As many decimals as make sense for a quantity with such an error: its first two digits. */
function value(x: number | null, error: number | null): string {
  if (x === null) return '';
  if (Number.isInteger(x) && Math.abs(x) < 1e15 && (error === null || error === 0)) return String(x);
  if (error === null || !(error > 0)) return significant(x, 4);
  const decimals = 1 - Math.floor(Math.log10(error));
  const known = mostDigits - Math.ceil(Math.log10(Math.abs(x) + 1e-300));
  // Beyond fixed notation: very large, very small, or far more exact than a table needs.
  if (decimals < -3 || decimals > 8 || known < 0) return significant(x, 4);
  // A negative number that rounds to nothing is shown without its sign.
  return x.toFixed(Math.max(0, Math.min(decimals, known))).replace(/^-(0(?:\.0*)?)$/, '$1');
}
