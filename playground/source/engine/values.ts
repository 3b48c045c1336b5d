/** Values by name from what was pasted: a JSON object, and a table whose columns are bound by their header or as the user says. */
import { type Data, type Diagnostic, type Model, ModelError, parseCsv, parseDataJson, type Table, tableValue } from '../../../src/index.js';
import type { Origin, Problem, Project } from '../protocol.js';

export interface ReadValues {
  readonly data: Data;
  readonly table: Table | null;
  readonly problems: readonly Problem[];
}

/** Names in JSON win over columns, as `--set` does over `--data`. @param inputs null where the program has errors. */
export function readValues(project: Project, inputs: Model['inputs'] | null): ReadValues {
  const problems: Problem[] = [];
  const table = project.table.trim() === '' ? null : attempted('table', problems, () => parseCsv(project.table));
  const named = project.values.trim() === '' ? null : attempted('values', problems, () => parseDataJson(project.values));
  const values = new Map<string, unknown>();
  if (table !== null && inputs !== null) {
    const wanted = new Map(project.columns);
    for (const name of [...inputs.data, ...inputs.sizes, ...inputs.unknowns]) {
      const asked = (wanted.get(name) ?? '')
        .split(',')
        .map((column) => column.trim())
        .filter((column) => column !== '');
      const columns = asked.length > 0 ? asked : table.columns.has(name) ? [name] : [];
      const value = columns.length === 0 ? null : attempted('table', problems, () => tableValue(table, columns));
      if (value !== null) values.set(name, value);
    }
  }
  for (const [name, value] of named ?? []) values.set(name, value);
  return { data: values, table, problems };
}

function attempted<T>(origin: Origin, problems: Problem[], read: () => T): T | null {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    problems.push(...thrown.diagnostics.map((diagnostic) => problemOf(diagnostic, origin)));
    return null;
  }
}

/** A diagnostic for the page. */
export function problemOf({ severity, code, message, expected, hint, span }: Diagnostic, origin: Origin): Problem {
  return { origin, severity, code, message, expected: expected ?? null, hint: hint ?? null, span: span ?? null };
}
