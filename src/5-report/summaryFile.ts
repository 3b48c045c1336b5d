/**
 * Reads `summary.json` row by row: of a million elements the file is longer than an engine's longest text, and an object for each
 * of them is a gigabyte.
 */
import { eachMember } from '../input/jsonMembers.js';
import type { Summary, SummaryRow } from './record.js';
import { rowNumbers } from './rows.js';
import { isFields, isList, isNumberOrNull, isSeconds, isTable, isText, parsed, requireFields, wrongField } from './runFields.js';

/** A text, whole or in pieces. */
export type FileText = string | Iterable<string>;

const file = 'summary.json';

/**
 * @param take is given every row with the name of its element.
 * @returns what the file says besides.
 * @throws ModelError (code `no-run`) for what no run writes.
 */
export function readSummary(text: FileText, take: (element: string, row: SummaryRow) => void): Omit<Summary, 'variables'> {
  const fields = parsed(
    file,
    withoutRows(text, (member) => {
      for (const [name, row] of Object.entries(parsed(file, `{${member}}`))) {
        if (!isRow(row)) throw wrongField(file, 'variables', row);
        take(name, row);
      }
    }),
  );
  requireFields(file, fields, {
    backend: isText,
    seed: isText,
    converged: (x) => typeof x === 'boolean',
    warnings: (x) => isList(x, isText),
    // Its rows have been taken.
    variables: (x) => isFields(x) && Object.keys(x).length === 0,
    ...Object.fromEntries(
      ['logEvidence', 'logEvidenceSe', 'elbo', 'logLikelihood', 'logJoint', 'aic', 'bic'].map((name) => [name, isNumberOrNull]),
    ),
    seconds: isSeconds,
    waic: (x) => x === null || isFields(x),
    loo: (x) => x === null || isFields(x),
  });
  const { variables: _, ...rest } = fields;
  return rest as unknown as Omit<Summary, 'variables'>;
}

/** The text of the file without its rows. @throws ModelError (code `no-run`) for a row that no run writes. */
export function withoutRows(text: FileText, take: (member: string) => void = () => undefined): string {
  try {
    return eachMember(typeof text === 'string' ? [text] : text, 'variables', take);
  } catch (error) {
    throw error instanceof RangeError ? wrongField(file, 'variables', null) : error;
  }
}

function isRow(row: unknown): row is SummaryRow {
  return (
    isFields(row) &&
    rowNumbers.every((name) => isNumberOrNull(row[name])) &&
    (row['probs'] === null || isTable(row['probs'], isNumberOrNull))
  );
}
