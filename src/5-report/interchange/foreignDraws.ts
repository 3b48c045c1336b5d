/**
 * Draws that other programs have written, as a posterior: which columns are elements of which variable, which rows
 * are of which chain, what is warmup and what tells of the sampler. A file is a chain unless a column says otherwise.
 */
import { type RunResult, sizeOf, type VariableResult } from '../../4-infer/posterior.js';
import type { Diagnostic } from '../../errors/diagnostic.js';
import { numbersRows } from '../freeNames.js';
import { Posterior } from '../posterior.js';
import { badFile, type DrawFile } from './drawFile.js';

/** How names are written: `a.1.2` from 1 (CmdStan), `a[0,1]` from 0 (Credence), `a[1,2]` from 1 (R), or as they stand. */
type Naming = 'cmdstan' | 'credence' | 'r' | 'plain';

/** Lengths of chains that a message lists. */
const mostLengths = 5;

/** One chain: rows of a file. */
interface Chain {
  readonly file: DrawFile;
  readonly rows: Int32Array;
}

/** Columns that number rows. */
const chainNames: readonly string[] = ['chain', '.chain', 'chain__'];
const drawNames: readonly string[] = ['draw', '.draw', '.iteration', 'iteration', 'iteration__', 'draw__'];

/**
 * @returns a posterior with the draws and without a program; names count from 0 where the format is known.
 * @throws ModelError (code `bad-draws`) for files that do not belong together or hold no draws.
 */
export function foreignPosterior(files: readonly DrawFile[]): Posterior {
  const [first] = files;
  if (first === undefined) throw badFile('draws', 'no file is named');
  for (const file of files.slice(1)) refuseOther(first, file);
  const naming = namingOf(first),
    warnings: Diagnostic[] = [];
  const method = first.settings.get('method') ?? 'sample';
  if (naming === 'cmdstan' && method === 'optimize') throw badFile(first.name, 'the file holds an optimum, not draws');
  const chains = files.flatMap((file) => chainsOf(file, naming, method));
  const draws = Math.min(...chains.map(({ rows }) => rows.length));
  if (draws === 0) throw badFile(chains.find(({ rows }) => rows.length === 0)?.file.name ?? first.name, 'there are no draws');
  const lengths = [...new Set(chains.map(({ rows }) => rows.length))];
  if (lengths.length > 1)
    warnings.push(
      warning(
        'unequal-chains',
        `the chains have ${lengths.length > mostLengths ? `${draws} to ${lengths.reduce((a, b) => Math.max(a, b))}` : lengths.join(', ')} draws: the first ${draws} of each are used`,
      ),
    );
  if (naming === 'cmdstan' && method === 'sample') warnings.push(...cutOff(chains));
  const sampler = naming === 'cmdstan' ? samplerWarnings(chains, draws) : [];
  // A column without any number is an element that does not exist, or what the program did not know.
  const columns = first.header.flatMap((name, column) =>
    isParameter(name, naming) && !chains.every((chain) => isEmpty(chain, column)) ? [{ name, column }] : [],
  );
  if (columns.length === 0) throw badFile(first.name, 'no column holds draws of a variable');
  const broken = columns.filter(({ column }) =>
    chains.some(({ file, rows }) => rows.some((row) => !Number.isFinite(file.values[row * file.header.length + column]!))),
  );
  if (broken.length > 0)
    warnings.push(
      warning(
        'not-finite',
        `some draws of ${broken
          .slice(0, 5)
          .map(({ name }) => name)
          .join(', ')}${broken.length > 5 ? ` and ${broken.length - 5} more columns` : ''} are not finite numbers`,
        'Their rows of the summary are left empty where they cannot be computed.',
      ),
    );
  const independent = naming === 'cmdstan' && method !== 'sample';
  const variables = groupsOf(columns, naming).map((group) => variableOf(group, chains, draws, independent));
  const seconds = { compile: 0, warmup: 0, sampling: 0 };
  const result: RunResult = {
    backend: naming === 'cmdstan' ? `CmdStan ${method}` : 'draws',
    variables,
    exchangeable: [],
    plan: [],
    traces: {},
    logEvidence: null,
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: null,
    logJoint: null,
    warnings: [...warnings, ...sampler],
    converged: sampler.length === 0 && warnings.every(({ code }) => code !== 'not-finite'),
    seconds,
  };
  return new Posterior(result, {
    seed: first.settings.get('seed') ?? '',
    program: '',
    options: { files: files.map(({ name }) => name) },
    versions: {},
    notes: [],
    levels: {},
    compileSeconds: 0,
  });
}

function warning(code: string, message: string, hint?: string): Diagnostic {
  return { code, severity: 'warning', message, hint };
}

function isEmpty({ file, rows }: Chain, column: number): boolean {
  return rows.every((row) => Number.isNaN(file.values[row * file.header.length + column]!));
}

function refuseOther(first: DrawFile, file: DrawFile): void {
  const missing = first.header.find((name) => !file.header.includes(name)) ?? null,
    other = file.header.find((name) => !first.header.includes(name)) ?? null;
  if (missing !== null)
    throw badFile(
      file.name,
      `there is no column ${JSON.stringify(missing)}, which ${first.name} has`,
      'files that are named together are the chains of one run',
    );
  if (other !== null)
    throw badFile(
      file.name,
      `${first.name} has no column ${JSON.stringify(other)}`,
      'files that are named together are the chains of one run',
    );
  if (first.header.some((name, k) => file.header[k] !== name))
    throw badFile(file.name, `the columns stand in another order than in ${first.name}`);
}

function namingOf({ header, settings }: DrawFile): Naming {
  if (settings.has('method') || header[0] === 'lp__' || header.includes('stepsize__')) return 'cmdstan';
  if (header[0] === 'chain' && header[1] === 'draw') return 'credence';
  return header.includes('.chain') ? 'r' : 'plain';
}

/** Columns that are no draws: numbers of rows, what CmdStan says of its sampler, row names of data frames. */
function isParameter(name: string, naming: Naming): boolean {
  // Ours are numbered by two columns, and others are variables, whatever they are called.
  if (naming === 'credence') return name !== '' && !numbersRows(name);
  if (name === '' || chainNames.includes(name) || drawNames.includes(name)) return false;
  return naming !== 'cmdstan' || name === 'lp__' || !name.endsWith('__');
}

function chainsOf(file: DrawFile, naming: Naming, method: string): readonly Chain[] {
  const width = file.header.length,
    column = file.header.findIndex((name) => chainNames.includes(name));
  if (column < 0) {
    // The first row of variational inference is the mean; warmup is there where it was saved.
    const from = naming !== 'cmdstan' ? 0 : method === 'variational' ? 1 : warmupRows(file.settings);
    return [{ file, rows: Int32Array.from({ length: Math.max(0, file.rows - from) }, (_, k) => from + k) }];
  }
  const rows = new Map<number, number[]>();
  for (let row = 0; row < file.rows; row++) {
    const chain = file.values[row * width + column]!,
      own = rows.get(chain);
    if (own === undefined) rows.set(chain, [row]);
    else own.push(row);
  }
  return [...rows].sort(([a], [b]) => a - b).map(([, own]) => ({ file, rows: Int32Array.from(own) }));
}

function warmupRows(settings: DrawFile['settings']): number {
  const number = (key: string, otherwise: number): number => {
    const x = Number(settings.get(key) ?? otherwise);
    return Number.isFinite(x) ? x : otherwise;
  };
  return ['1', 'true'].includes(settings.get('save_warmup') ?? '0')
    ? Math.ceil(number('num_warmup', 1000) / Math.max(1, number('thin', 1)))
    : 0;
}

/** Files that say themselves that there were to be more draws. */
function cutOff(chains: readonly Chain[]): readonly Diagnostic[] {
  return chains.flatMap(({ file, rows }) => {
    const number = (key: string): number => Number(file.settings.get(key) ?? Number.NaN);
    const thin = number('thin') >= 1 ? number('thin') : 1,
      declared = Math.ceil(number('num_samples') / thin);
    return rows.length < declared
      ? [
          warning(
            'cut-off',
            `${file.name} has ${rows.length} of the ${declared} draws that it declares`,
            'The sampler was stopped, or is still at work.',
          ),
        ]
      : [];
  });
}

/** Divergences make a run of Hamiltonian Monte Carlo untrusted, as those of our own do. */
function samplerWarnings(chains: readonly Chain[], draws: number): readonly Diagnostic[] {
  let divergent = 0;
  for (const { file, rows } of chains) {
    const column = file.header.indexOf('divergent__');
    if (column >= 0) for (let k = 0; k < draws; k++) divergent += file.values[rows[k]! * file.header.length + column]!;
  }
  return divergent === 0
    ? []
    : [
        warning(
          'divergences',
          `${divergent} of ${draws * chains.length} transitions diverged: the draws miss a part of the posterior`,
          'Raise adapt_delta, or reparameterise the model.',
        ),
      ];
}

interface Element {
  readonly column: number;
  readonly at: readonly number[];
}
interface Group {
  readonly name: string;
  readonly elements: readonly Element[];
}

/** Sparser arrays than this are taken as variables of their own. */
const mostCellsAnElement = 8;

/** Elements by variable, in the order of the columns. Names that do not make an array stand for themselves. */
function groupsOf(columns: readonly { readonly name: string; readonly column: number }[], naming: Naming): readonly Group[] {
  const groups = new Map<string, { readonly name: string; readonly column: number; readonly at: readonly number[] }[]>();
  for (const { name, column } of columns) {
    const { base, at } = parsed(name, naming),
      own = groups.get(base) ?? [];
    own.push({ name, column, at });
    groups.set(base, own);
  }
  return [...groups].flatMap(([name, elements]): readonly Group[] => {
    const rank = elements[0]!.at.length,
      shape = shapeOf(elements);
    const isArray =
      elements.every(({ at }) => at.length === rank) && sizeOf(shape) <= mostCellsAnElement * elements.length + mostCellsAnElement;
    return isArray
      ? [{ name, elements }]
      : elements.map((element): Group => ({ name: element.name, elements: [{ column: element.column, at: [] }] }));
  });
}

function parsed(name: string, naming: Naming): { readonly base: string; readonly at: readonly number[] } {
  const [, base, text] = (naming === 'cmdstan' ? /^([^.:]+)((?:\.\d+)+)$/ : /^(.+)\[(\s*\d+(?:\s*,\s*\d+)*\s*)\]$/).exec(name) ?? [];
  if (base === undefined || text === undefined) return { base: name, at: [] };
  const from = naming === 'cmdstan' || naming === 'r' ? 1 : 0,
    at = text
      .split(naming === 'cmdstan' ? '.' : ',')
      .filter((part) => part !== '')
      .map((part) => Number(part) - from);
  return at.every((i) => i >= 0) ? { base, at } : { base: name, at: [] };
}

function shapeOf(elements: readonly { readonly at: readonly number[] }[]): readonly number[] {
  return elements[0]!.at.map((_, axis) => elements.reduce((most, { at }) => Math.max(most, (at[axis] ?? 0) + 1), 0));
}

function variableOf({ name, elements }: Group, chains: readonly Chain[], draws: number, independent: boolean): VariableResult {
  const shape = shapeOf(elements),
    size = sizeOf(shape),
    values = new Float64Array(chains.length * draws * size).fill(Number.NaN);
  const places = elements
    .map(({ column, at }) => ({ column, flat: at.reduce((sum, i, axis) => sum * shape[axis]! + i, 0) }))
    .sort((a, b) => a.flat - b.flat);
  let discrete = true;
  for (const [c, { file, rows }] of chains.entries()) {
    for (let draw = 0; draw < draws; draw++) {
      for (const { column, flat } of places) {
        const x = file.values[rows[draw]! * file.header.length + column]!;
        values[(c * draws + draw) * size + flat] = x;
        discrete &&= Number.isInteger(x);
      }
    }
  }
  return {
    name,
    shape,
    kind: 'latent',
    discrete,
    insidePlate: false,
    ...(places.length === size ? {} : { elements: Int32Array.from(places, ({ flat }) => flat) }),
    result: { form: 'draws', chains: chains.length, draws, values, independent },
  };
}
