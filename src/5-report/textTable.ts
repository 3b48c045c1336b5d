/**
 * Tables and paragraphs of plain text for a terminal: names to the left, cells to the right in columns as wide as what
 * they hold, all within a width.
 */

/** A column of a table. */
export interface TextColumn {
  readonly title: string;
  /** Where the line is too short, columns of the highest rank are left out first. */
  readonly rank: number;
}

/** A row: its name, and a cell for each column; none for a row that is only a remark. */
export interface TextRow {
  readonly name: string;
  readonly cells: readonly string[];
}

/** Blanks before a column. */
const gap = 2;

/** Numbers of the columns in which some row has something to show. */
export function usedColumns(columns: readonly TextColumn[], rows: readonly TextRow[]): readonly number[] {
  return columns.flatMap((_, i) => (rows.some(({ cells }) => (cells[i] ?? '') !== '') ? [i] : []));
}

/**
 * The lines of a table, titles first. Columns without a cell are left out, and so are those that do not fit; names are never cut.
 * @param width characters of a line.
 */
export function textTable(columns: readonly TextColumn[], rows: readonly TextRow[], width: number): readonly string[] {
  const nameWidth = Math.max(0, ...rows.map(({ name }) => name.length));
  const used = usedColumns(columns, rows).map((i) => ({
    ...columns[i]!,
    i,
    width: gap + Math.max(columns[i]!.title.length, ...rows.map(({ cells }) => cells[i]?.length ?? 0)),
  }));
  let room = width - nameWidth;
  const kept = new Set([...used].sort((a, b) => a.rank - b.rank).filter((column) => (room -= column.width) >= 0));
  const fitting = used.filter((column) => kept.has(column));
  return [
    ' '.repeat(nameWidth) + fitting.map((column) => column.title.padStart(column.width)).join(''),
    ...rows.map(({ name, cells }) =>
      (name.padEnd(nameWidth) + fitting.map((column) => (cells[column.i] ?? '').padStart(column.width)).join('')).trimEnd(),
    ),
  ];
}

/** A paragraph cut at blanks into lines that fit. @param indent what each line but the first begins with. */
export function wrapped(text: string, width: number, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  // Blanks at the beginning belong to the first word.
  for (const word of text.split(/(?<=\S) /)) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line];
}

/** So many digits; in powers of ten where the number is very large or very small. */
export function significant(x: number, digits: number): string {
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return x.toExponential(digits - 1);
  return String(Number(x.toPrecision(digits)));
}
