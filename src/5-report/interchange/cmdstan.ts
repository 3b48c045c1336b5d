/**
 * Draws as CmdStan writes them (CmdStan User's Guide, "Stan CSV File Format"): a file for each chain, comments with
 * the settings, `lp__`, then elements as `a.1.2`, counted from 1 with the first index fastest. `lp__` is the log joint
 * density on the natural scale, every constant included; it is `nan` where it is not known. Variables whose names mean something else to
 * readers of such files have `_` (or `_1`, ...) behind them.
 */
import { keptDraws, sizeOf } from '../../4-infer/posterior.js';
import { drawnTable, type Table } from '../files.js';
import { freeNames, numbersRows } from '../freeNames.js';
import type { ExportedFile, ExportSource } from './exported.js';

/** `chain_1.csv`, `chain_2.csv`, ...; none where there are no draws. */
export function cmdstanFiles(source: ExportSource): readonly ExportedFile[] {
  const table = drawnTable(source.variables);
  if (table === null) return [];
  const names = freeNames(
    source.variables.map(({ name }) => name),
    isReserved,
  );
  const columns = source.variables.flatMap((variable) => {
    const drawn = keptDraws(variable)?.values,
      own = table.columns.find(({ values }) => values === drawn);
    if (own === undefined || own.values.length === 0) return [];
    const { name, shape } = variable,
      size = sizeOf(shape),
      exists = variable.elements === undefined ? null : new Set(variable.elements);
    return Array.from({ length: size }, (_, k) => {
      const at = indicesFirstFastest(k, shape),
        flat = at.reduce((sum, i, axis) => sum * shape[axis]! + i, 0);
      return {
        name: [names.get(name)!, ...at.map((i) => i + 1)].join('.'),
        values: own.values,
        element: exists === null || exists.has(flat) ? flat : -1,
        size,
      };
    });
  });
  return table.chainNumbers.map((number, chain) => ({
    name: `chain_${number + 1}.csv`,
    pieces: rows(source, table, chain, number, columns),
  }));
}

/** Numbers of rows as readers know them, and `lp__` with its like, which are the sampler's. */
function isReserved(name: string): boolean {
  return numbersRows(name) || name === 'iteration' || name.endsWith('__');
}

function indicesFirstFastest(number: number, shape: readonly number[]): readonly number[] {
  const at: number[] = [];
  let rest = number;
  for (const length of shape) {
    at.push(rest % length);
    rest = Math.floor(rest / length);
  }
  return at;
}

function* rows(
  { backend, context, seconds, logJoint }: ExportSource,
  { draws }: Table,
  chain: number,
  number: number,
  columns: readonly { readonly name: string; readonly values: ArrayLike<number>; readonly element: number; readonly size: number }[],
): Generator<string> {
  const { warmup, thin } = context.options as { readonly warmup?: unknown; readonly thin?: unknown };
  const settings = [
    'model = credence_model',
    `credence_version = ${context.versions['credence'] ?? ''}`,
    'method = sample (Default)',
    `  num_samples = ${draws * (typeof thin === 'number' ? thin : 1)}`,
    `  num_warmup = ${typeof warmup === 'number' ? warmup : 0}`,
    '  save_warmup = 0 (Default)',
    `  thin = ${typeof thin === 'number' ? thin : 1}`,
    `algorithm = ${backend}`,
    `id = ${number + 1}`,
    'random',
    `  seed = ${/^\d+$/.test(context.seed) ? context.seed : JSON.stringify(context.seed)}`,
  ];
  yield settings.map((line) => `# ${line}\n`).join('');
  yield `${['lp__', ...columns.map(({ name }) => name)].join(',')}\n`;
  const cells: string[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const row = chain * draws + draw;
    cells[0] = cell(logJoint?.[row] ?? Number.NaN);
    for (let c = 0; c < columns.length; c++) {
      const { values, element, size } = columns[c]!;
      cells[c + 1] = element < 0 ? 'nan' : cell(values[row * size + element]!);
    }
    yield `${cells.join(',')}\n`;
  }
  yield `# \n#  Elapsed Time: ${seconds.warmup} seconds (Warm-up)\n#                ${seconds.sampling} seconds (Sampling)\n#                ${seconds.warmup + seconds.sampling} seconds (Total)\n# \n`;
}

function cell(x: number): string {
  if (Number.isFinite(x)) return String(x);
  return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf';
}
