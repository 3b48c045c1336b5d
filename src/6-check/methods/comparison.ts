/**
 * `exact` and `agreement`: the results of a backend against the closed form where there is one, and against every
 * other backend that applies, for means and variances of all unknowns.
 *
 * Draws are judged by z-scores with their Monte Carlo errors. Approximations are not expected to agree:
 * their z-scores are shown and not judged, but a bound must lie below the evidence it bounds.
 */
import { ModelError } from '../../errors/diagnostic.js';
import type { Backend } from '../../4-infer/backend.js';
import type { ExchangeableGroup, RunResult } from '../../4-infer/posterior.js';
import { backends } from '../../4-infer/registry.js';
import { logDensityFunction, unknownsOf } from '../../4-infer/logDensity.js';
import type { BoundVariable } from '../../2-graph/bound.js';
import { drawsOf, readerOf, withLogJoint } from '../quantities.js';
import { inapplicable, judged, type QuantityTest, type TestReport } from '../results.js';
import { compareMeans, type Estimate, estimate, known } from '../statistics/meanTests.js';
import { runOn, type Subject } from '../subject.js';
import type { Effort, Method } from './method.js';

/** Why a backend has no draws from a posterior to test, although what it does not estimate may be drawn; null where it has them. */
export function noPosteriorReason({ name, gives }: Backend): string | null {
  return gives === 'estimates' ? `${name} gives estimates, not draws from a posterior` : null;
}

/**
 * Draws beyond this R-hat are not where they should be yet: nothing follows from where they are. Nor does anything of the same run's other
 * quantities: chains that are slow in one direction err in others by more than their own draws can tell.
 */
const worstRhat = 1.05;
/** Share of one draw in a sum of squares above which the sum has no error to speak of. */
const largestShare = 0.05;

/** Means and variances by quantity. */
interface Moments {
  readonly estimates: ReadonlyMap<string, Estimate>;
  /** Why the run is not to be trusted, whatever is asked of it; null where it is. */
  readonly doubt: string | null;
}

function unknownsIn(subject: Subject): readonly BoundVariable[] {
  const names = new Set(unknownsOf(subject.bound).map((u) => u.name));
  return [...subject.bound.variables.values()].filter((v) => names.has(v.name));
}

/** The run of one backend on the subject's data; the error planted in the subject stays with its own backend. */
function runBackend(
  subject: Subject,
  backend: Backend,
  { draws, warmup }: Effort,
  onProgress: (share: number) => void,
): Promise<RunResult> {
  const other = backend !== subject.backend;
  const chains = 4;
  return runOn(other ? { ...subject, backend, options: {}, planted: {} } : subject, subject.data, {
    chains,
    draws,
    warmup,
    thin: 1,
    seed: `${subject.seed} ${backend.name}`,
    keep: unknownsIn(subject).map((v) => v.name),
    onProgress: ({ chain, phase, done, total }) =>
      onProgress(
        (chain + (phase === 'warmup' ? (0.5 * done) / total : phase === 'sampling' ? 0.5 + (0.5 * done) / total : done / total)) / chains,
      ),
  });
}

/** Means and variances of the draws of a result about given centres; null where it has no draws. */
function momentsOf(
  subject: Subject,
  result: RunResult,
  groups: readonly ExchangeableGroup[],
  centres: ReadonlyMap<string, number> | null,
): Moments | null {
  const unknowns = unknownsIn(subject),
    draws = drawsOf(unknowns, result.variables);
  if (draws === null) return null;
  const density = logDensityFunction(subject.bound);
  const read = withLogJoint(readerOf(unknowns, groups), (values) => density.total(values));
  const series = new Map<string, Float64Array>();
  for (let k = 0; k < draws.count; k++) {
    for (const [name, x] of Object.entries(read(draws.values(k)))) {
      let list = series.get(name);
      if (list === undefined) {
        list = new Float64Array(draws.count);
        series.set(name, list);
      }
      list[k] = x;
    }
  }
  const out = new Map<string, Estimate>();
  for (const [name, x] of series) {
    const mean = estimate(x, draws.chains),
      centre = centres?.get(name) ?? mean.mean;
    out.set(`mean of ${name}`, mean);
    const variance = estimate(
      x.map((y) => (y - centre) ** 2),
      draws.chains,
    );
    // Chains on both sides of what is no mean of any are equally far from it, and agree on nothing.
    out.set(`variance of ${name}`, { ...variance, rhat: Math.max(mean.rhat, variance.rhat) });
  }
  const [worst] = [...series.keys()]
    .map((name) => ({ name, ...out.get(`mean of ${name}`)! }))
    .filter(({ rhat }) => rhat > worstRhat)
    .sort((a, b) => b.rhat - a.rhat);
  return { estimates: out, doubt: worst === undefined ? null : `its chains disagree on ${worst.name}, R-hat ${worst.rhat.toFixed(2)}` };
}

/** Means and variances in closed form; empty for what exact itself only draws. */
function closedMoments(subject: Subject, result: RunResult): { readonly moments: Moments; readonly centres: ReadonlyMap<string, number> } {
  const moments = new Map<string, Estimate>(),
    centres = new Map<string, number>();
  const unknowns = unknownsIn(subject).filter((v) => result.variables.some((r) => r.name === v.name && r.result.form === 'closed'));
  const values = (of: 'mean' | 'sd'): ReadonlyMap<string, Float64Array> =>
    new Map(
      unknowns.map((v) => {
        const found = result.variables.find((r) => r.name === v.name)!.result;
        return [v.name, (found.form === 'closed' ? found[of] : null) ?? new Float64Array(v.values.length).fill(Number.NaN)];
      }),
    );
  const read = readerOf(unknowns),
    means = read(values('mean')),
    sds = read(values('sd'));
  for (const [name, mean] of Object.entries(means)) {
    // The mean of several elements has a variance that their own do not tell.
    if (!Number.isFinite(mean)) continue;
    moments.set(`mean of ${name}`, known(mean, sds[name]));
    centres.set(name, mean);
    if (!name.startsWith('mean of ') && Number.isFinite(sds[name]!)) moments.set(`variance of ${name}`, known(sds[name]! ** 2));
  }
  return { moments: { estimates: moments, doubt: null }, centres };
}

/**
 * The two sides in words, with p where both are where they should be. @param doubt why nothing of the two is judged; null where it may be.
 */
function compared(
  quantity: string,
  own: Estimate,
  other: Estimate,
  names: readonly [string, string],
  doubt: string | null,
): Omit<QuantityTest, 'failed'> {
  const { z, p } = compareMeans(own, other);
  const rhat = Math.max(own.rhat, other.rhat);
  const objection = Number.isNaN(p)
    ? 'all draws agree'
    : rhat > worstRhat
      ? `R-hat ${rhat.toFixed(2)}`
      : Math.max(own.largest, other.largest) > largestShare
        ? 'its tails are too heavy for a standard error'
        : doubt;
  const number = (e: Estimate): string => `${e.mean.toPrecision(5)}${e.error > 0 ? ` (± ${e.error.toPrecision(2)})` : ''}`;
  return {
    quantity,
    statistic: 'z',
    value: z,
    p: objection === null ? p : null,
    detail: `${names[0]} ${number(own)}, ${names[1]} ${number(other)}${objection === null ? '' : `; not judged: ${objection}`}`,
    pointsTo: '',
  };
}
function all(
  own: Moments,
  other: Moments,
  names: readonly [string, string],
  judge: boolean,
  suffix = '',
): readonly Omit<QuantityTest, 'failed'>[] {
  const doubtOf = (moments: Moments, name: string): string | null => (moments.doubt === null ? null : `${name}: ${moments.doubt}`);
  const doubt = judge ? (doubtOf(own, names[0]) ?? doubtOf(other, names[1])) : 'an approximation';
  return [...own.estimates].flatMap(([quantity, e]) => {
    const o = other.estimates.get(quantity);
    return o === undefined || Number.isNaN(e.error) || Number.isNaN(o.error) ? [] : [compared(`${quantity}${suffix}`, e, o, names, doubt)];
  });
}

function refusal(thrown: unknown): string {
  if (!(thrown instanceof ModelError)) throw thrown;
  return thrown.diagnostics.find((d) => d.severity === 'error')?.message ?? thrown.message;
}

/** The beginning of a reason, in whole words: what is left out is said in a line, and in full by the backend itself. */
function inBrief(reason: string): string {
  const longest = 80;
  return reason.length <= longest ? reason : `${reason.slice(0, reason.lastIndexOf(' ', longest))} ...`;
}

export const exact: Method = {
  name: 'exact',
  doc: 'means, variances and the evidence against the closed form, where the backend exact applies',
  statistical: true,
  async run(subject, rate, effort, onProgress) {
    const { name } = subject.backend;
    if (name === 'exact') return inapplicable('exact', 'the backend is exact itself: agreement compares it with samplers');
    let truth: RunResult;
    try {
      truth = await runBackend(subject, backends.get('exact')!, effort, () => {});
    } catch (thrown) {
      return inapplicable('exact', `there is no closed form: ${refusal(thrown)}`);
    }
    const result = await runBackend(subject, subject.backend, effort, (share) => onProgress(Math.round(100 * share), 100));
    const tests: Omit<QuantityTest, 'failed'>[] = [];
    const judge = subject.backend.gives === 'posterior';
    const groups = result.exchangeable;
    const closed = closedMoments(subject, truth);
    const reference = groups.length > 0 ? momentsOf(subject, truth, groups, null) : closed.moments;
    const own = momentsOf(subject, result, groups, groups.length > 0 ? null : closed.centres) ?? closedMoments(subject, result).moments;
    if (reference !== null) tests.push(...all(own, reference, [name, 'exact'], judge));
    if (result.elbo !== null && truth.logEvidence !== null) {
      const excess = result.elbo - truth.logEvidence;
      tests.push({
        quantity: 'elbo',
        statistic: 'excess',
        value: excess,
        p: excess > 1e-6 * (1 + Math.abs(truth.logEvidence)) ? 0 : 1,
        detail: `bound ${result.elbo.toPrecision(9)}, log evidence ${truth.logEvidence.toPrecision(9)}: ${excess > 0 ? 'above it' : `divergence ${(-excess).toPrecision(3)}`}`,
        pointsTo: 'a bound may not exceed what it bounds',
      });
    }
    if (tests.length === 0) return inapplicable('exact', `${name} gives nothing that the closed form states`);
    return judged('exact', `4 chains of ${effort.draws} draws against closed forms`, rate, tests);
  },
};

export const agreement: Method = {
  name: 'agreement',
  doc: 'means and variances against those of every other backend that applies, as a table of z-scores',
  statistical: true,
  async run(subject, rate, effort, onProgress): Promise<TestReport> {
    const own = subject.backend,
      others = [...backends.values()].filter((b) => b !== own && b.gives !== null && noPosteriorReason(b) === null);
    const estimates = noPosteriorReason(own);
    if (estimates !== null) return inapplicable('agreement', estimates);
    let begun = 0;
    const progress = (share: number): void => {
      onProgress(Math.round(100 * (begun + share)), 100 * (others.length + 1));
    };
    const result = await runBackend(subject, own, effort, progress);
    const left: string[] = [],
      tests: Omit<QuantityTest, 'failed'>[] = [];
    const mine = momentsOf(subject, result, result.exchangeable, null);
    if (mine === null) return inapplicable('agreement', `${own.name} gives no draws`);
    for (const other of others) {
      begun++;
      try {
        const found = await runBackend(subject, other, effort, progress);
        const groups = result.exchangeable.length > 0 ? result.exchangeable : found.exchangeable;
        const theirs = momentsOf(subject, found, groups, null);
        const ours = groups === result.exchangeable ? mine : momentsOf(subject, result, groups, null)!;
        if (theirs === null) {
          left.push(`${other.name} (${inBrief(found.warnings[0]?.message ?? 'it gives no draws')})`);
          continue;
        }
        const judge = own.gives === 'posterior' && other.gives === 'posterior';
        tests.push(...all(ours, theirs, [own.name, other.name], judge, `, ${other.name}`));
      } catch (thrown) {
        left.push(`${other.name} (${inBrief(refusal(thrown))})`);
      }
    }
    if (tests.length === 0) return inapplicable('agreement', `no other backend applies: ${left.join('; ')}`);
    return judged(
      'agreement',
      `4 chains of ${effort.draws} draws with each backend${left.length > 0 ? `; left out: ${left.join('; ')}` : ''}`,
      rate,
      tests,
    );
  },
};
