/**
 * Every example's claims, through the public surface alone. A claim is a posterior mean and standard
 * deviation with the script that computed it (test/reference/systems/).
 *
 * Draws are held to their own Monte Carlo error, estimated here by batch means over the truth's
 * centre (so neither our diagnostics nor our summaries are trusted), joined with the error of the
 * reference where that is a simulation too. With at least 40 batches and a bound of 5 standard
 * errors the false alarm is below 2e-5 a comparison, below 1 in 200 for the whole file; seeds are
 * fixed, so a file that passes keeps passing.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'examples');
const surface = join(root, 'src', 'index.ts');

interface Truth { readonly mean: number; readonly sd?: number; readonly mcse?: number; readonly mcseSd?: number }
interface Reference {
  readonly quantities: Readonly<Record<string, Truth>>;
  readonly logEvidence?: number;
  readonly elbo?: number;
  readonly autocorrelation?: Readonly<Record<string, number>>;
}
interface Run {
  readonly backend: string;
  readonly seed: number;
  readonly against: string;
  readonly quantities: 'all' | readonly string[];
  readonly tolerance: { readonly standardErrors?: number; readonly absolute?: number };
  readonly logEvidence?: number;
  readonly elbo?: number;
  readonly autocorrelation?: number;
  readonly options?: Readonly<Record<string, string>>;
  /** Values beside (or instead of) the claim's data. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly [setting: string]: unknown;
}
interface Claim { readonly title: string; readonly data: Readonly<Record<string, unknown>>; readonly runs: readonly Run[]; readonly truth: Readonly<Record<string, Reference>> }

/** What this file uses of the public surface. */
interface Draws extends Float64Array { readonly shape: readonly number[] }
interface Summarised { readonly mean: number; readonly sd: number | null; readonly mcse: number | null }
interface Surface {
  readonly laterBackends: readonly string[];
  compile(source: string): {
    infer(data: object, options: object): Promise<{
      draws(name: string): Draws;
      summary(): { readonly variables: Readonly<Record<string, Summarised>> };
      readonly logEvidence: number | null;
      readonly elbo: number | null;
    }>;
  };
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

/** Columns of a small CSV file without quotes; empty cells are missing. */
function readColumns(path: string, columns: readonly string[]): (number | null)[][] {
  const [header = [], ...rows] = readFileSync(path, 'utf8').trim().split(/\r?\n/).map((line) => line.split(','));
  return columns.map((column) => {
    const position = header.indexOf(column);
    return rows.map((row) => (row[position] === '' || row[position] === 'NA' ? null : Number(row[position])));
  });
}

/** `*` merges a JSON file; `file.csv:a,b` reads columns (one: a vector, several: a matrix); anything else is the value. */
function readData(example: string, sources: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(sources)) {
    if (typeof value !== 'string') data[name] = value;
    else if (value.endsWith('.json')) Object.assign(data, readJson<object>(join(folder, example, value)));
    else {
      const [file = '', columns = ''] = value.split(':');
      const read = readColumns(join(folder, example, file), columns.split(','));
      data[name] = read.length === 1 ? read[0] : (read[0] ?? []).map((_, row) => read.map((column) => column[row]));
    }
  }
  return data;
}

function referenceOf(against: string): Reference {
  const [file, result = ''] = against.split('/');
  const found = readJson<{ results: Record<string, Reference> }>(join(root, 'test', 'reference', 'systems', `${file}.json`)).results[result];
  if (!found) throw new Error(`no reference ${against}`);
  return found;
}

/** Chains of one element `name[i,j]` out of the draws of its variable. */
function chainsOf(draws: Draws, element: string): Float64Array[] {
  const [chains = 0, count = 0, ...shape] = draws.shape;
  const at = /\[([\d,]+)\]$/.exec(element)?.[1]?.split(',').map(Number) ?? [];
  const size = shape.reduce((product, length) => product * length, 1);
  const flat = at.reduce((offset, index, axis) => offset * (shape[axis] ?? 1) + index, 0);
  return Array.from({ length: chains }, (_, chain) => Float64Array.from({ length: count }, (_, draw) => draws[(chain * count + draw) * size + flat] ?? Number.NaN));
}

/** Mean and its standard error by 25 or more batches a chain, whose length is far above the autocorrelation time. */
function batchMean(chains: readonly Float64Array[], value: (x: number) => number): { mean: number; standardError: number } {
  const perChain = Math.max(25, Math.ceil(60 / chains.length));
  const means = chains.flatMap((chain) => {
    const length = Math.floor(chain.length / perChain);
    return Array.from({ length: perChain }, (_, batch) => {
      let total = 0;
      for (let draw = batch * length; draw < (batch + 1) * length; draw++) total += value(chain[draw] ?? Number.NaN);
      return total / length;
    });
  });
  const mean = means.reduce((total, x) => total + x, 0) / means.length;
  const variance = means.reduce((total, x) => total + (x - mean) ** 2, 0) / (means.length - 1);
  return { mean, standardError: Math.sqrt(variance / means.length) };
}

/** Disagreements of draws with the truth, as sentences. */
function compareDraws(name: string, truth: Truth, chains: readonly Float64Array[], bound: number): string[] {
  const complaints: string[] = [];
  const centre = batchMean(chains, (x) => x);
  const error = Math.hypot(centre.standardError, truth.mcse ?? 0);
  if (!(Math.abs(centre.mean - truth.mean) <= bound * error)) complaints.push(`${name}: mean ${centre.mean}, truth ${truth.mean}, standard error ${error}`);
  if (truth.sd !== undefined) {
    const square = batchMean(chains, (x) => (x - truth.mean) ** 2);
    const squareError = Math.hypot(square.standardError, 2 * truth.sd * (truth.mcseSd ?? 0));
    if (!(Math.abs(square.mean - truth.sd ** 2) <= bound * squareError)) complaints.push(`${name}: variance ${square.mean}, truth ${truth.sd ** 2}, standard error ${squareError}`);
  }
  return complaints;
}

function autocorrelation(chains: readonly Float64Array[]): number {
  const pooled = batchMean(chains, (x) => x).mean;
  let lagged = 0;
  let square = 0;
  for (const chain of chains) {
    for (let draw = 1; draw < chain.length; draw++) {
      lagged += ((chain[draw] ?? 0) - pooled) * ((chain[draw - 1] ?? 0) - pooled);
      square += ((chain[draw] ?? 0) - pooled) ** 2;
    }
  }
  return lagged / square;
}

async function check(surfaceModule: Surface, example: string, claim: Claim, run: Run): Promise<string[]> {
  const reference = referenceOf(run.against);
  const { against: _against, quantities, tolerance, logEvidence, elbo, autocorrelation: lagTolerance, data: given, ...settings } = run;
  const names = quantities === 'all' ? Object.keys(reference.quantities) : quantities;
  const model = surfaceModule.compile(readFileSync(join(folder, example, 'model.cred'), 'utf8'));
  const posterior = await model.infer(readData(example, { ...claim.data, ...given }), { ...settings, workers: 0, keep: [...new Set(names.map((name) => name.replace(/\[.*/, '')))] });
  const complaints: string[] = [];
  const summary = posterior.summary();

  for (const name of names) {
    const truth = reference.quantities[name];
    if (!truth) throw new Error(`no reference for ${name}`);
    if (tolerance.standardErrors !== undefined) {
      complaints.push(...compareDraws(name, truth, chainsOf(posterior.draws(name.replace(/\[.*/, '')), name), tolerance.standardErrors));
    } else {
      const found = summary.variables[name];
      const bound = tolerance.absolute ?? 0;
      if (!found) complaints.push(`${name} is not in the summary`);
      else {
        if (!(Math.abs(found.mean - truth.mean) <= bound)) complaints.push(`${name}: mean ${found.mean}, truth ${truth.mean}`);
        if (truth.sd !== undefined && !(Math.abs((found.sd ?? Number.NaN) - truth.sd) <= bound)) complaints.push(`${name}: sd ${found.sd}, truth ${truth.sd}`);
      }
    }
  }
  for (const [name, value] of lagTolerance === undefined ? [] : Object.entries(reference.autocorrelation ?? {})) {
    const found = autocorrelation(chainsOf(posterior.draws(name), name));
    if (!(Math.abs(found - value) <= (lagTolerance ?? 0))) complaints.push(`${name}: lag-1 autocorrelation ${found}, truth ${value}`);
  }
  if (logEvidence !== undefined && !(Math.abs((posterior.logEvidence ?? Number.NaN) - (reference.logEvidence ?? Number.NaN)) <= logEvidence)) {
    complaints.push(`log evidence ${posterior.logEvidence}, truth ${reference.logEvidence}`);
  }
  if (elbo !== undefined && !(Math.abs((posterior.elbo ?? Number.NaN) - (reference.elbo ?? Number.NaN)) <= elbo)) {
    complaints.push(`elbo ${posterior.elbo}, truth ${reference.elbo}`);
  }
  return complaints;
}

const examples = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'claim.json'))).sort();

describe.each(examples)('example %s', (example) => {
  const claim = readJson<Claim>(join(folder, example, 'claim.json'));

  it('prints the numbers of its reference', () => {
    for (const [against, { quantities, ...rest }] of Object.entries(claim.truth)) {
      const { quantities: referenceQuantities, ...referenceRest } = referenceOf(against);
      expect(rest).toEqual(referenceRest);
      expect(referenceQuantities).toMatchObject(quantities);
    }
    expect(Object.keys(claim.truth).sort()).toEqual([...new Set(claim.runs.map((run) => run.against))].sort());
  });

  it('has a page that says what it shows', () => {
    expect(readFileSync(join(folder, example, 'README.md'), 'utf8').length).toBeGreaterThan(200);
  });

  it.each(claim.runs.map((run) => ({ run, name: [run.backend, ...Object.entries(run.options ?? {}).map(([option, value]) => `${option}=${value}`)].join(' ') })))(
    'holds by $name, unless the backend is of a later version and says so',
    async ({ run }) => {
      const surfaceModule = (await import(surface)) as Surface;
      const checked = check(surfaceModule, example, claim, run);
      if (surfaceModule.laterBackends.includes(run.backend)) await expect(checked).rejects.toMatchObject({ diagnostics: [{ code: 'not-in-this-version' }] });
      else expect(await checked).toEqual([]);
    },
  );
});

describe('the comparison itself', () => {
  /** A fixed sequence of independent standard normals (Park-Miller generator, Box-Muller). */
  function normals(count: number): Float64Array {
    let state = 42;
    const uniform = (): number => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    return Float64Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
  }

  it('accepts the truth, and rejects a mean off by a tenth and a variance off by a fifth', () => {
    const chains = [normals(8000), normals(16000).slice(8000)];
    expect(compareDraws('x', { mean: 0, sd: 1 }, chains, 5)).toEqual([]);
    expect(compareDraws('x', { mean: 0.1, sd: 1 }, chains, 5)).not.toEqual([]);
    expect(compareDraws('x', { mean: 0, sd: 1.1 }, chains, 5)).not.toEqual([]);
    expect(compareDraws('x', { mean: Number.NaN }, chains, 5)).not.toEqual([]);
  });
});
