/**
 * Runs on the same data, side by side: evidence, bounds, criteria, and differences of expected log predictive
 * density with the standard error of the difference, unit by unit (as `loo_compare` of the R package loo).
 * Stacking weights maximise the leave-one-out density of the mixture (Yao et al. 2018) by expectation maximisation.
 */
import type { Observations } from '../../4-infer/pointwiseProgram.js';
import { kindOfResults } from '../../4-infer/registry.js';
import { type Diagnostic, ModelError } from '../../errors/diagnostic.js';
import { renderDiagnostics } from '../../errors/render.js';
import { parseCsv } from '../../input/csv.js';
import type { Tensor } from '../../input/tensor.js';
import type { Posterior } from '../posterior.js';
import type { Summary } from '../record.js';
import { total } from './leaveOneOut.js';
import { attempted } from './predictive.js';
import { withoutRows } from '../summaryFile.js';

/** What `pointwise.csv` holds. */
export interface PointwiseRow {
  readonly unit: string;
  readonly elpdLoo: number | null;
  readonly elpdWaic: number | null;
  readonly data: number;
}

/** A run as its files tell of it. */
export interface ComparedRun {
  /** What the comparison calls it. */
  readonly name: string;
  /** What it says of its fit. */
  readonly summary: Pick<
    Summary,
    'backend' | 'converged' | 'logEvidence' | 'logEvidenceSe' | 'elbo' | 'logLikelihood' | 'aic' | 'bic' | 'waic' | 'loo'
  >;
  /** What it observed, to tell data sets apart; null where that is not known. */
  readonly observations: Observations | null;
  /** Unit by unit; null where there are no criteria. */
  readonly pointwise: readonly PointwiseRow[] | null;
}

/** Against the best run; 0 for itself. */
export interface Difference {
  readonly value: number;
  readonly se: number | null;
}

/** One run in the table; what does not apply is null. */
export interface ComparisonRow {
  /** As given. */
  readonly name: string;
  /** The backend that ran. */
  readonly backend: string;
  /** False where the run must not be trusted. */
  readonly converged: boolean;
  /** As in its summary. */
  readonly logEvidence: number | null;
  /** As in its summary. */
  readonly logEvidenceSe: number | null;
  /** As in its summary. */
  readonly elbo: number | null;
  /** As in its summary. */
  readonly logLikelihood: number | null;
  /** As in its summary: less is better. */
  readonly aic: number | null;
  /** As in its summary: less is better. */
  readonly bic: number | null;
  /** As in its summary. */
  readonly waic: Summary['waic'];
  /** In elpd by WAIC against the best. */
  readonly waicDifference: Difference | null;
  /** As in its summary. */
  readonly loo: Summary['loo'];
  /** In elpd by leave-one-out against the best. */
  readonly looDifference: Difference | null;
  /** Stacking weight among the runs with a leave-one-out estimate. */
  readonly weight: number | null;
}

/** Runs side by side. */
export interface Comparison {
  /** In the order given. */
  readonly runs: readonly ComparisonRow[];
  /** What the table cannot say: which numbers not to rely on, which are missing and why. */
  readonly notes: readonly string[];
}

/** Relative difference above which two numbers of data are not the same. */
const sameNumber = 1e-9;

/**
 * Runs side by side, as `compare` does it with posteriors. @throws ModelError (codes `different-data`, `too-few-runs`) where the runs
 * cannot be compared.
 */
export function compareRuns(runs: readonly ComparedRun[]): Comparison {
  if (runs.length < 2) throw failure('too-few-runs', 'it takes two runs to compare', undefined);
  const known = runs.filter((r) => r.observations !== null);
  for (const run of known.slice(1)) refuseOtherData(known[0]!, run);
  const loo = paired(runs, (r) => r.elpdLoo),
    waic = paired(runs, (r) => r.elpdWaic);
  const withLoo = runs.filter((r) => loo.has(r));
  const weights = withLoo.length > 1 ? stackingWeights(withLoo.map((r) => loo.get(r)!)) : null;
  const looDifferences = differences(runs, loo),
    waicDifferences = differences(runs, waic);
  return {
    runs: runs.map((run): ComparisonRow => {
      const { backend, converged, logEvidence, logEvidenceSe, elbo, logLikelihood, aic, bic } = run.summary;
      return {
        name: run.name,
        backend,
        converged,
        logEvidence,
        logEvidenceSe,
        elbo,
        logLikelihood,
        aic,
        bic,
        waic: run.summary.waic,
        waicDifference: waicDifferences.get(run) ?? null,
        loo: run.summary.loo,
        looDifference: looDifferences.get(run) ?? null,
        weight: weights?.[withLoo.indexOf(run)] ?? null,
      };
    }),
    notes: runs.flatMap((run) => notesOn(run, loo.size > 0 || waic.size > 0)),
  };
}

function notesOn(run: ComparedRun, othersHave: boolean): readonly string[] {
  const { summary } = run;
  const isMaximum = kindOfResults(summary.backend) === 'estimates';
  const criteria = new Set([...(summary.loo?.warnings ?? []), ...(summary.waic?.warnings ?? [])]);
  return [
    ...(summary.converged ? [] : [`${run.name}: the run must not be trusted; its summary says why.`]),
    ...[...criteria].map((w) => `${run.name}: ${w}`),
    ...(summary.loo === null && summary.waic === null && (othersHave || !isMaximum)
      ? [
          `${run.name}: no WAIC and no leave-one-out estimate (${isMaximum ? `${summary.backend} makes no draws of its estimates` : 'run again with --pointwise'}).`,
        ]
      : []),
  ];
}

/**
 * Posteriors side by side, WAIC and leave-one-out computed where draws allow.
 * @param posteriors by the name that the comparison is to call them.
 * @throws ModelError as `compareRuns`.
 */
export function compare(posteriors: Readonly<Record<string, Posterior>>): Comparison {
  return compareRuns(
    Object.entries(posteriors).map(([name, posterior]): ComparedRun => {
      const predictive = attempted(() => posterior.predictive()).value;
      return {
        name,
        summary: posterior.summary(),
        observations: posterior.observations(),
        pointwise:
          predictive === null
            ? null
            : predictive.units.map(
                (unit, u): PointwiseRow => ({
                  unit,
                  elpdLoo: known(predictive.loo?.pointwise[u]?.elpd),
                  elpdWaic: known(predictive.waic.pointwise[u]?.elpd),
                  data: predictive.data[u]!,
                }),
              ),
      };
    }),
  );
}
function known(x: number | undefined): number | null {
  return x === undefined || Number.isNaN(x) ? null : x;
}

/** Numbers that are one but for the order of summation. */
function same(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= sameNumber * Math.max(Math.abs(a), Math.abs(b));
}

function refuseOtherData(a: ComparedRun, b: ComparedRun): void {
  const x = a.observations!,
    y = b.observations!;
  // A sum may be of numbers that cancel: its error is that of its terms.
  const scale = Math.sqrt(Math.max(x.sumOfSquares, y.sumOfSquares) * Math.max(x.count, 1));
  if (x.count === y.count && same(x.sumOfSquares, y.sumOfSquares) && Math.abs(x.sum - y.sum) <= sameNumber * scale) return;
  const told = (r: ComparedRun, o: Observations): string =>
    `${r.name} observes ${o.count} number${o.count === 1 ? '' : 's'} with mean ${o.count === 0 ? 'none' : Number((o.sum / o.count).toPrecision(6))}`;
  throw failure(
    'different-data',
    `the runs are of different data: ${told(a, x)}, ${told(b, y)}`,
    'Densities compare only where all runs observe the same numbers on the same scale (log(y) is another scale than y).',
  );
}

/** Pointwise densities of the runs that have them, in the order of the first one's units. */
function paired(runs: readonly ComparedRun[], pick: (row: PointwiseRow) => number | null): ReadonlyMap<ComparedRun, readonly number[]> {
  const out = new Map<ComparedRun, readonly number[]>();
  let first: ComparedRun | null = null;
  for (const run of runs) {
    const rows = run.pointwise;
    if (rows === null || rows.length === 0 || rows.some((r) => pick(r) === null)) continue;
    first ??= run;
    out.set(
      run,
      aligned(first, run).map((r) => pick(r)!),
    );
  }
  return out;
}

/** The rows of a run in the order of another's: by name, or by their data where the programs call units otherwise. */
function aligned(first: ComparedRun, run: ComparedRun): readonly PointwiseRow[] {
  const wanted = first.pointwise!,
    rows = run.pointwise!;
  const byName = new Map(rows.map((r) => [r.unit, r]));
  if (rows.length === wanted.length) {
    if (wanted.every((w) => byName.has(w.unit))) {
      const out = wanted.map((w) => byName.get(w.unit)!);
      const wrong = wanted.findIndex((w, i) => !same(w.data, out[i]!.data));
      if (wrong < 0) return out;
      throw failure(
        'different-data',
        `the runs are of different data: ${wanted[wrong]!.unit} is ${wanted[wrong]!.data} in ${first.name} and ${out[wrong]!.data} in ${run.name}`,
        'Run both programs on the same data, in the same order.',
      );
    }
    if (wanted.every((w, i) => same(w.data, rows[i]!.data))) return rows;
  }
  const some = (list: readonly PointwiseRow[]): string =>
    `${list.length} unit${list.length === 1 ? '' : 's'} (${list
      .slice(0, 3)
      .map((r) => r.unit)
      .join(', ')}${list.length > 3 ? ', ...' : ''})`;
  throw failure(
    'different-units',
    `${first.name} has ${some(wanted)} and ${run.name} has ${some(rows)}: leaving one out is not the same in both`,
    'Run them with units that agree: --opt unit=INDEX joins all observations with the same value of a loop.',
  );
}

function differences(
  runs: readonly ComparedRun[],
  densities: ReadonlyMap<ComparedRun, readonly number[]>,
): ReadonlyMap<ComparedRun, Difference> {
  const out = new Map<ComparedRun, Difference>();
  const sum = (r: ComparedRun): number => densities.get(r)!.reduce((a, b) => a + b, 0);
  const have = runs.filter((r) => densities.has(r));
  if (have.length < 2) return out;
  const best = have.reduce((a, b) => (sum(b) > sum(a) ? b : a));
  for (const run of have) {
    if (run === best) {
      out.set(run, { value: 0, se: 0 });
      continue;
    }
    const theirs = densities.get(best)!,
      { value, se } = total(densities.get(run)!.map((x, i) => x - theirs[i]!));
    out.set(run, { value, se: Number.isFinite(se) ? se : null });
  }
  return out;
}

/** Iterations and the change of a weight below which they stand still. */
const mostIterations = 20_000;
const settled = 1e-10;

/** Weights of a mixture of predictive densities that maximise sum_i log sum_k w_k exp(densities[k][i]). */
export function stackingWeights(densities: readonly (readonly number[])[]): readonly number[] {
  const runs = densities.length,
    units = densities[0]!.length;
  const likelihood = densities.map(() => new Float64Array(units));
  for (let i = 0; i < units; i++) {
    const top = Math.max(...densities.map((d) => d[i]!));
    densities.forEach((d, k) => {
      likelihood[k]![i] = Math.exp(d[i]! - top);
    });
  }
  let weights = new Float64Array(runs).fill(1 / runs);
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    const next = new Float64Array(runs);
    for (let i = 0; i < units; i++) {
      let mixture = 0;
      for (let k = 0; k < runs; k++) mixture += weights[k]! * likelihood[k]![i]!;
      for (let k = 0; k < runs; k++) next[k]! += (weights[k]! * likelihood[k]![i]!) / mixture / units;
    }
    const change = next.reduce((most, w, k) => Math.max(most, Math.abs(w - weights[k]!)), 0);
    weights = next;
    if (change < settled) break;
  }
  return [...weights];
}

/** A run from the texts of its files. @throws ModelError (code `no-run`) where they are not those of a run. */
export function readRun(
  name: string,
  files: { readonly summary: string | Iterable<string>; readonly run: string; readonly pointwise: string | null },
): ComparedRun {
  const summary = object(name, 'summary.json', withoutRows(files.summary)),
    run = object(name, 'run.json', files.run);
  if (typeof summary['backend'] !== 'string' || typeof summary['variables'] !== 'object' || summary['variables'] === null) {
    throw failure('no-run', `${name}: summary.json is not the summary of a run`, 'Name directories that credence infer --out has written.');
  }
  const { options } = run as { readonly options?: { readonly prediction?: unknown } | null };
  if (options?.prediction === true)
    throw failure('no-run', `${name}: these are predictions, and not a run`, 'Compare the runs that they are of.');
  const number = (field: string): number | null => {
    const x = summary[field];
    return typeof x === 'number' ? x : null;
  };
  const criterion = <T>(field: string): T | null => {
    const x = summary[field];
    return typeof x === 'object' && x !== null ? (x as T) : null;
  };
  return {
    name,
    summary: {
      backend: summary['backend'],
      converged: summary['converged'] === true,
      logEvidence: number('logEvidence'),
      logEvidenceSe: number('logEvidenceSe'),
      elbo: number('elbo'),
      logLikelihood: number('logLikelihood'),
      aic: number('aic'),
      bic: number('bic'),
      waic: criterion('waic'),
      loo: criterion('loo'),
    },
    observations: (run['observations'] ?? null) as Observations | null,
    pointwise: files.pointwise === null ? null : rowsOf(name, files.pointwise),
  };
}

function object(name: string, file: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw failure('no-run', `${name}: ${file} is not what a run writes`, 'Name directories that credence infer --out has written.');
  return value as Readonly<Record<string, unknown>>;
}

function rowsOf(name: string, text: string): readonly PointwiseRow[] {
  const table = parseCsv(text);
  const column = (title: string): Tensor => {
    const found = table.columns.get(title);
    if (found === undefined)
      throw failure('no-run', `${name}: pointwise.csv has no column ${title}`, 'Run again: the file is of another version or was changed.');
    return found;
  };
  const unit = column('unit'),
    elpdLoo = column('elpd_loo'),
    elpdWaic = column('elpd_waic'),
    data = column('data');
  return Array.from(
    { length: table.rows },
    (_, i): PointwiseRow => ({
      unit: unit.levels?.[unit.values[i]!] ?? String(unit.values[i]),
      elpdLoo: numberAt(elpdLoo, i),
      elpdWaic: numberAt(elpdWaic, i),
      data: numberAt(data, i) ?? Number.NaN,
    }),
  );
}
/** A cell; null where it is empty. Columns with an infinite number are read as words. */
function numberAt({ levels, values }: Tensor, i: number): number | null {
  const x = levels === undefined ? values[i]! : Number(levels[values[i]!] ?? Number.NaN);
  return Number.isNaN(x) ? null : x;
}

function failure(code: string, message: string, hint: string | undefined): ModelError {
  const diagnostic: Diagnostic = { code, severity: 'error', message, hint };
  return new ModelError([diagnostic], renderDiagnostics([diagnostic], '', 'compare'));
}
