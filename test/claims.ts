/**
 * Runs the claims of examples/ through the public surface alone and compares what comes out with its reference
 * (test/reference/systems/). Used by test/examples.test.ts and by scripts/systems.mjs, which prints the table of all systems.
 *
 * Draws are held to their own Monte Carlo error, estimated here by batch means over the truth's
 * centre (so neither our diagnostics nor our summaries are trusted), joined with the error of the
 * reference where that is a simulation too.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'examples');

interface Truth {
  readonly mean: number;
  readonly sd?: number;
  readonly mcse?: number;
  readonly mcseSd?: number;
}
interface Reference {
  readonly quantities: Readonly<Record<string, Truth>>;
  readonly logEvidence?: number;
  readonly elbo?: number;
  readonly logLikelihood?: number;
  readonly logJoint?: number;
  readonly autocorrelation?: Readonly<Record<string, number>>;
  /** The log joint density at values. */
  readonly points?: readonly { readonly at: Readonly<Record<string, unknown>>; readonly logDensity: number }[];
}
export interface Run {
  /**
   * A backend; `sample` (ancestral draws), `density` (the log joint density at points), `distributions` (a program over
   * `credence/distributions`).
   */
  readonly backend: string;
  readonly seed?: number;
  readonly against: string;
  readonly quantities: 'all' | readonly string[];
  readonly tolerance: { readonly standardErrors?: number; readonly absolute?: number; readonly relative?: number };
  readonly logEvidence?: number;
  readonly elbo?: number;
  readonly logLikelihood?: number;
  readonly logJoint?: number;
  readonly autocorrelation?: number;
  /** How far the acceptance rates of Metropolis proposals may be from 1. */
  readonly acceptance?: number;
  readonly options?: Readonly<Record<string, string>>;
  /** Values beside (or instead of) the claim's data; null takes one away. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Another program of the example than model.cred. */
  readonly model?: string;
  /**
   * The code of the warning with which the run must disown its result, whose numbers are finite all the same; absent: nothing is asked of
   * its verdict.
   */
  readonly warning?: string;
  /** A TypeScript file whose `results` are the numbers in question. */
  readonly program?: string;
  readonly [setting: string]: unknown;
}
export interface Claim {
  readonly title: string;
  readonly systems: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
  readonly source: string;
  readonly runs: readonly Run[];
  readonly truth: Readonly<Record<string, Reference>>;
}

/** What this file uses of the public surface. */
interface Draws extends Float64Array {
  readonly shape: readonly number[];
}
interface Summarised {
  readonly mean: number;
  readonly sd: number | null;
  readonly mcse: number | null;
}
type Nested = number | readonly Nested[];
export interface Surface {
  readonly laterBackends: readonly string[];
  compile(source: string): {
    infer(
      data: object,
      options: object,
    ): Promise<{
      draws(name: string): Draws;
      summary(): { readonly variables: Readonly<Record<string, Summarised>> };
      readonly logEvidence: number | null;
      readonly elbo: number | null;
      readonly logLikelihood: number | null;
      readonly logJoint: number | null;
      readonly result: { readonly traces: { readonly acceptance?: Readonly<Record<string, readonly number[]>> | undefined } };
      readonly converged: boolean;
      readonly warnings: readonly { readonly code: string }[];
    }>;
    sample(data: object, options: object): readonly Readonly<Record<string, Nested>>[];
    logDensity(data: object): (values: object) => number;
  };
}
/** What a program of an example exports. */
interface Program {
  results(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
}

/** Disagreements as sentences, and the largest differences found: in standard errors for draws, absolute for everything else. */
export interface Outcome {
  readonly complaints: readonly string[];
  readonly standardErrors: number | null;
  readonly absolute: number | null;
}

/** Collects differences; each is allowed up to its bound, and what is not a number is not allowed. */
class Differences {
  readonly complaints: string[];
  standardErrors: number | null;
  absolute: number | null;
  constructor() {
    this.complaints = [];
    this.standardErrors = null;
    this.absolute = null;
  }
  /** A number without an error of its own. */
  near(what: string, found: number | null | undefined, truth: number | undefined, bound: number): void {
    const difference = Math.abs((found ?? Number.NaN) - (truth ?? Number.NaN));
    if (!(difference <= bound)) this.complaints.push(`${what} ${found}, truth ${truth}`);
    if (!Number.isNaN(difference)) this.absolute = Math.max(this.absolute ?? 0, difference);
  }
  /** An estimate with a standard error. */
  within(what: string, found: number, truth: number, error: number, bound: number): void {
    const difference = Math.abs(found - truth);
    if (!(difference <= bound * error)) this.complaints.push(`${what} ${found}, truth ${truth}, standard error ${error}`);
    if (difference > 0) this.standardErrors = Math.max(this.standardErrors ?? 0, difference / error);
    else this.standardErrors ??= 0;
  }
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

/** Columns of a small CSV file without quotes; empty cells are missing. */
function readColumns(path: string, columns: readonly string[]): (number | null)[][] {
  const [header = [], ...rows] = readFileSync(path, 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  return columns.map((column) => {
    const position = header.indexOf(column);
    return rows.map((row) => (row[position] === '' || row[position] === 'NA' ? null : Number(row[position])));
  });
}

/** `*` merges a JSON file; `file.csv:a,b` reads columns (one: a vector, several: a matrix); anything else is the value. */
export function readData(example: string, sources: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(sources)) {
    if (value === null) delete data[name];
    else if (typeof value !== 'string') data[name] = value;
    else if (value.endsWith('.json')) Object.assign(data, readJson<object>(join(folder, example, value)));
    else {
      const [file = '', columns = ''] = value.split(':');
      const read = readColumns(join(folder, example, file), columns.split(','));
      data[name] = read.length === 1 ? read[0] : (read[0] ?? []).map((_, row) => read.map((column) => column[row]));
    }
  }
  return data;
}

export function referenceOf(against: string): Reference {
  const [file, result = ''] = against.split('/');
  const found = readJson<{ results: Record<string, Reference> }>(join(root, 'test', 'reference', 'systems', `${file}.json`)).results[
    result
  ];
  if (!found) throw new Error(`no reference ${against}`);
  return found;
}

/** Chains of one element `name[i,j]` out of the draws of its variable. */
function chainsOf(draws: Draws, element: string): Float64Array[] {
  const [chains = 0, count = 0, ...shape] = draws.shape;
  const at = /\[([\d,]+)\]$/.exec(element)?.[1]?.split(',').map(Number) ?? [];
  const size = shape.reduce((product, length) => product * length, 1);
  const flat = at.reduce((offset, index, axis) => offset * (shape[axis] ?? 1) + index, 0);
  return Array.from({ length: chains }, (_, chain) =>
    Float64Array.from({ length: count }, (_, draw) => draws[(chain * count + draw) * size + flat] ?? Number.NaN),
  );
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

/** Disagreements of draws with the truth. */
function addDraws(differences: Differences, name: string, truth: Truth, chains: readonly Float64Array[], bound: number): void {
  const centre = batchMean(chains, (x) => x);
  differences.within(`${name}: mean`, centre.mean, truth.mean, Math.hypot(centre.standardError, truth.mcse ?? 0), bound);
  if (truth.sd === undefined) return;
  const square = batchMean(chains, (x) => (x - truth.mean) ** 2);
  differences.within(
    `${name}: variance`,
    square.mean,
    truth.sd ** 2,
    Math.hypot(square.standardError, 2 * truth.sd * (truth.mcseSd ?? 0)),
    bound,
  );
}
/** The same as sentences. */
export function compareDraws(name: string, truth: Truth, chains: readonly Float64Array[], bound: number): readonly string[] {
  const differences = new Differences();
  addDraws(differences, name, truth, chains, bound);
  return differences.complaints;
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

/** Element `name[i,j]` of ancestral draws. */
function elementOf(values: Readonly<Record<string, Nested>>, element: string): number {
  const at = /\[([\d,]+)\]$/.exec(element)?.[1]?.split(',').map(Number) ?? [];
  return at.reduce<Nested | undefined>((value, k) => (value as readonly Nested[])[k], values[element.replace(/\[.*/, '')]) as number;
}

/** Programs that ran: several runs may ask for different results of one. */
const programs = new Map<string, Promise<Readonly<Record<string, number>>>>();
function resultsOf(path: string): Promise<Readonly<Record<string, number>>> {
  const known = programs.get(path) ?? (async () => ((await import(/* @vite-ignore */ pathToFileURL(path).href)) as Program).results())();
  programs.set(path, known);
  return known;
}

export async function check(surface: Surface, example: string, claim: Claim, run: Run): Promise<Outcome> {
  const reference = referenceOf(run.against);
  const {
    against: _against,
    quantities,
    tolerance,
    logEvidence,
    elbo,
    logLikelihood,
    logJoint,
    autocorrelation: lagTolerance,
    acceptance,
    data: given,
    model: file = 'model.cred',
    program,
    warning,
    ...settings
  } = run;
  const names = quantities === 'all' ? Object.keys(reference.quantities) : quantities;
  const differences = new Differences();
  const truthOf = (name: string): Truth => {
    const truth = reference.quantities[name];
    if (!truth) throw new Error(`no reference for ${name}`);
    return truth;
  };

  if (program !== undefined) {
    const found = await resultsOf(join(folder, example, program));
    for (const name of names) {
      const truth = truthOf(name).mean;
      differences.near(name, found[name], truth, tolerance.absolute ?? (tolerance.relative ?? 0) * Math.abs(truth));
    }
    return differences;
  }

  const model = surface.compile(readFileSync(join(folder, example, file), 'utf8'));
  const data = readData(example, { ...claim.data, ...given });
  if (run.backend === 'density') {
    const density = model.logDensity(data);
    for (const { at, logDensity } of reference.points ?? [])
      differences.near(`log density at ${JSON.stringify(at)}`, density(at), logDensity, tolerance.absolute ?? 0);
    return differences;
  }
  if (run.backend === 'sample') {
    const draws = model.sample(data, { seed: run.seed, count: settings['draws'] });
    for (const name of names)
      addDraws(
        differences,
        name,
        truthOf(name),
        [Float64Array.from(draws, (values) => elementOf(values, name))],
        tolerance.standardErrors ?? 0,
      );
    return differences;
  }

  const posterior = await model.infer(data, {
    ...settings,
    workers: 0,
    ...(names.length === 0 ? {} : { keep: [...new Set(names.map((name) => name.replace(/\[.*/, '')))] }),
  });
  const summary = posterior.summary();
  for (const name of names) {
    const truth = truthOf(name);
    if (tolerance.standardErrors !== undefined) {
      addDraws(differences, name, truth, chainsOf(posterior.draws(name.replace(/\[.*/, '')), name), tolerance.standardErrors);
      continue;
    }
    const found = summary.variables[name];
    const bound = tolerance.absolute ?? 0;
    if (!found) {
      differences.complaints.push(`${name} is not in the summary`);
      continue;
    }
    differences.near(`${name}: mean`, found.mean, truth.mean, bound);
    if (truth.sd !== undefined) differences.near(`${name}: sd`, found.sd, truth.sd, bound);
  }
  for (const [name, value] of lagTolerance === undefined ? [] : Object.entries(reference.autocorrelation ?? {})) {
    differences.near(`${name}: lag-1 autocorrelation`, autocorrelation(chainsOf(posterior.draws(name), name)), value, lagTolerance ?? 0);
  }
  if (acceptance !== undefined) {
    const rates = Object.entries(posterior.result.traces.acceptance ?? {});
    if (rates.length === 0) differences.complaints.push('no acceptance rates');
    for (const [block, found] of rates) for (const rate of found) differences.near(`acceptance of ${block}`, rate, 1, acceptance);
  }
  if (logEvidence !== undefined) differences.near('log evidence', posterior.logEvidence, reference.logEvidence, logEvidence);
  if (elbo !== undefined) differences.near('elbo', posterior.elbo, reference.elbo, elbo);
  if (logLikelihood !== undefined) differences.near('log likelihood', posterior.logLikelihood, reference.logLikelihood, logLikelihood);
  if (logJoint !== undefined) differences.near('log joint', posterior.logJoint, reference.logJoint, logJoint);
  if (warning !== undefined) {
    if (posterior.converged || !posterior.warnings.some((w) => w.code === warning))
      differences.complaints.push(`no warning ${warning} in: ${posterior.warnings.map((w) => w.code).join(', ')}`);
    for (const [name, { mean }] of Object.entries(summary.variables))
      if (!Number.isFinite(mean)) differences.complaints.push(`${name} is ${mean}`);
  }
  return differences;
}

/** A row of examples/systems.json. */
export interface System {
  readonly id: string;
  readonly system: string;
  readonly backends: readonly string[];
  readonly later?: boolean;
}
/** The backends that a run shows; a program may run several. */
export function backendsOf(run: Run): readonly string[] {
  return run.backend.split(' and ');
}

/** Folders of examples/ that make a claim. */
export function exampleNames(): readonly string[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'claim.json')))
    .sort();
}
export function claimOf(example: string): Claim {
  return readJson<Claim>(join(folder, example, 'claim.json'));
}
