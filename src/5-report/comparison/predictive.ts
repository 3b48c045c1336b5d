/**
 * What a posterior says of its own predictions, as users get it: PSIS-LOO and WAIC with their units, warnings in
 * words, and AIC and BIC of maximum likelihood. Computed when first asked for.
 */
import type { BoundModel } from '../../2-graph/bound.js';
import { likelihoodCount, observationsOf, observedCount, pointwiseLikelihood, type PointwiseLikelihood } from '../../4-infer/pointwise.js';
import type { Observations } from '../../4-infer/pointwiseProgram.js';
import { type RunResult, sizeOf } from '../../4-infer/posterior.js';
import { backends, kindOfResults } from '../../4-infer/registry.js';
import { type Diagnostic, ModelError } from '../../errors/diagnostic.js';
import { dataJson } from '../dataFile.js';
import { leaveOneOut, shapeThreshold, total, waic } from './leaveOneOut.js';

/** A criterion summed over units. */
interface Estimate {
  /** Expected log predictive density, and the standard error that comes from there being finitely many units (null for a single one). */
  readonly elpd: number;
  /** Its standard error over the units; null for a single one. */
  readonly se: number | null;
  /** Effective number of parameters. */
  readonly p: number;
  /** Its standard error over the units. */
  readonly pSe: number | null;
  /** -2 elpd. */
  readonly ic: number;
  /** How many units the data are. */
  readonly units: number;
  /** What not to rely on. */
  readonly warnings: readonly Diagnostic[];
}

/** Leave-one-out cross-validation by Pareto smoothed importance sampling. */
export interface Loo extends Estimate {
  /** Monte Carlo standard error of `elpd`; NaN where some k is too large to know. */
  readonly mcse: number;
  /** The largest Pareto k, how many are above `threshold`. */
  readonly worstK: number;
  /** How many units have a k above `threshold`. */
  readonly badUnits: number;
  /** The largest k to rely on with so many draws: at most 0.7. */
  readonly threshold: number;
  /** By unit, in the order of the data. */
  readonly pointwise: readonly {
    readonly unit: string;
    readonly elpd: number;
    readonly p: number;
    readonly k: number;
    readonly effectiveSize: number;
    readonly mcse: number;
  }[];
}

/** Watanabe's criterion. */
export interface Waic extends Estimate {
  /** By unit, in the order of the data. */
  readonly pointwise: readonly { readonly unit: string; readonly elpd: number; readonly p: number }[];
}

/** Both, of one result. */
export interface Predictive {
  /** Null where the draws of all units do not fit into memory; `missing` says so. */
  readonly loo: Loo | null;
  /** Why there is no leave-one-out estimate; null where there is one. */
  readonly missing: Diagnostic | null;
  /** Watanabe's criterion. */
  readonly waic: Waic;
  /** Names of the units, such as `y[3]`. */
  readonly units: readonly string[];
  /** How many observed numbers each unit has. */
  readonly data: Float64Array;
  /** What was observed, to tell data sets apart. */
  readonly observations: Observations;
}

/** Beyond this variance of a unit's log likelihood WAIC is not to be relied on (Vehtari, Gelman and Gabry 2017). */
const largestVariance = 0.4;
/** Log likelihoods up to which a summary computes them without being asked. */
const computedAnyway = 1e6;
/** Observed numbers up to which the record of a run describes them. */
const mostRecorded = 5e5;

/** The data of a run, kept for what is computed of its predictions. */
export class ObservedData {
  readonly bound: BoundModel;
  private readonly unit: string | null;
  /** Asked for by the user: computed with every summary, whatever it takes. */
  readonly asked: boolean;

  /** @param unit indices that count units, separated by commas; null for the usual units. */
  constructor(bound: BoundModel, unit: string | null, asked: boolean) {
    this.bound = bound;
    this.unit = unit;
    this.asked = asked;
  }

  /** Whether a summary holds the criteria: asked for, or there are few enough likelihoods. */
  wanted(result: RunResult): boolean {
    const count = likelihoodCount(this.bound, result);
    return this.asked || (count > 0 && count <= computedAnyway);
  }

  /** Log likelihoods that are not computed because they are many and nobody asked; 0 where the criteria are wanted or there are none. */
  skipped(result: RunResult): number {
    return this.wanted(result) ? 0 : likelihoodCount(this.bound, result);
  }

  /** @throws ModelError (code `no-pointwise`) where nothing is observed or draws that are needed were not kept. */
  predictive(result: RunResult): Predictive {
    return predictiveOf(this.likelihood(result), result.backend);
  }

  /** The log likelihood of each unit in each draw. @throws ModelError as `predictive`. */
  likelihood(result: RunResult): PointwiseLikelihood {
    return pointwiseLikelihood(this.bound, result, this.unit);
  }

  observations(): Observations {
    return observationsOf(this.bound);
  }

  /** The data as the text of a file. */
  dataJson(): Iterable<string> {
    return dataJson(this.bound);
  }

  /** True where going through all units for the record of a run would cost more than the run's own memory. */
  tooManyToRecord(): boolean {
    return observedCount(this.bound) > mostRecorded;
  }

  /** Free numbers among the `param`s; null where other unknowns are maximised with them. */
  freeParameters(): number | null {
    let free = 0;
    for (const v of this.bound.graph.variables.values()) {
      const known = this.bound.variables.get(v.name);
      if (known === undefined || known.status === 'given' || v.origin !== 'param') continue;
      const size = sizeOf(known.shape),
        d = known.shape.at(-1) ?? 1;
      switch (v.constraint.kind) {
        case 'simplex':
          free += size - size / d;
          break;
        case 'cov':
          free += (size * (d + 1)) / (2 * d);
          break;
        case 'corr':
          free += (size * (d - 1)) / (2 * d);
          break;
        // Corner constraints, elements outside of a ragged region and elements with a value are not free.
        default:
          for (let k = 0; k < size; k++)
            if (known.computed?.[k] !== 1 && known.absent?.[k] !== 1 && (known.mask === undefined || known.mask[k] !== 0)) free++;
      }
    }
    return free === 0 ? null : free;
  }

  /** Whether a run of the backend estimates `param`s only, with everything else summed or integrated out. */
  maximisesLikelihood(backend: string, options: Readonly<Record<string, string>>): boolean {
    const { graph } = this.bound,
      estimated = backends.get(backend)?.estimated?.(graph, options);
    return estimated?.every((name) => graph.variables.get(name)?.origin === 'param') ?? false;
  }
}

function predictiveOf(likelihood: PointwiseLikelihood, backend: string): Predictive {
  const { names, data, observations, chains, draws, independent, values, logMean, variance, warnings } = likelihood;
  const units = names.length,
    size = chains * draws;
  const approximate: readonly Diagnostic[] =
    kindOfResults(backend) === 'approximation'
      ? [
          warning(
            'approximate-draws',
            `the draws are from the approximation of ${backend}, not from the posterior: so are these densities`,
            'Compare with gibbs or exact where it matters.',
          ),
        ]
      : [];
  const common = [...warnings, ...approximate];
  const left = values === null ? null : leaveOneOut({ units, chains, draws, values, independent });
  const ofWaic = waic(left ?? names.map((_, u) => ({ lpd: logMean[u]!, variance: variance[u]! })));
  const wide = ofWaic.filter((u) => u.p > largestVariance).length;
  const wideWarning =
    wide === 0
      ? []
      : [
          warning(
            'waic-unreliable',
            `${wide} of ${units} units ${wide === 1 ? 'has' : 'have'} a log likelihood of variance above ${largestVariance}: WAIC is not to be relied on`,
            'Use the leave-one-out estimate, which has a diagnostic for each unit.',
          ),
        ];
  const waicResult: Waic = {
    ...estimate(ofWaic),
    warnings: [...common, ...wideWarning],
    pointwise: names.map((unit, u) => ({ unit, ...ofWaic[u]! })),
  };
  if (left === null) {
    const missing = warning(
      'too-many-likelihoods',
      `${units} units in ${size} draws are too many to keep: there is WAIC, and no leave-one-out estimate`,
      'Take larger units (--opt unit=INDEX), or keep fewer draws (--thin).',
    );
    return { loo: null, missing, waic: waicResult, units: names, data, observations };
  }
  const threshold = shapeThreshold(size),
    bad = left.map((u, k) => ({ u, name: names[k]! })).filter(({ u }) => !(u.k <= threshold));
  const worst = left.reduce((a, u, k) => (u.k > left[a]!.k ? k : a), 0);
  const badWarning =
    bad.length === 0
      ? []
      : [
          warning(
            'high-pareto-k',
            `${bad.length} of ${units} units ${bad.length === 1 ? 'has' : 'have'} a Pareto k above ${Number(threshold.toPrecision(2))} (the largest, ${shown(left[worst]!.k)}, is of ${names[worst]}): draws of this run cannot stand for a posterior without ${bad.length === 1 ? 'it' : 'them'}, and the estimate may be far off`,
            'Run again without these data to see, or use a model in which single data weigh less.',
          ),
        ];
  const loo: Loo = {
    ...estimate(left),
    mcse: bad.length > 0 ? Number.NaN : Math.sqrt(left.reduce((sum, u) => sum + u.mcse ** 2, 0)),
    worstK: left[worst]!.k,
    badUnits: bad.length,
    threshold,
    warnings: [...common, ...badWarning],
    pointwise: names.map((unit, u) => {
      const { elpd, p, k, effectiveSize, mcse } = left[u]!;
      return { unit, elpd, p, k, effectiveSize, mcse };
    }),
  };
  return { loo, missing: null, waic: waicResult, units: names, data, observations };
}

function estimate(
  units: readonly { readonly elpd: number; readonly p: number }[],
): Pick<Estimate, 'elpd' | 'se' | 'p' | 'pSe' | 'ic' | 'units'> {
  const elpd = total(units.map((u) => u.elpd)),
    p = total(units.map((u) => u.p));
  return { elpd: elpd.value, se: finite(elpd.se), p: p.value, pSe: finite(p.se), ic: -2 * elpd.value, units: units.length };
}
function finite(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}
function shown(k: number): string {
  return Number.isFinite(k) ? String(Number(k.toFixed(2))) : 'infinite';
}
function warning(code: string, message: string, hint: string): Diagnostic {
  return { code, severity: 'warning', message, hint };
}

/** `pointwise.csv`: one unit to a row. */
export function* pointwiseCsv({ loo, waic: { pointwise }, data }: Predictive): Generator<string> {
  yield 'unit,elpd_loo,p_loo,k,elpd_waic,p_waic,n_eff,data\n';
  for (const [u, w] of pointwise.entries()) {
    const l = loo?.pointwise[u];
    const name = /[",]/.test(w.unit) ? `"${w.unit.replaceAll('"', '""')}"` : w.unit;
    yield `${[name, l?.elpd ?? '', l?.p ?? '', l?.k ?? '', w.elpd, w.p, l?.effectiveSize ?? '', data[u]].join(',')}\n`;
  }
}

/** A failure to apply, as something to tell; other errors are thrown on. */
export function attempted<T>(work: () => T): { readonly value: T | null; readonly problem: Diagnostic | null } {
  try {
    return { value: work(), problem: null };
  } catch (thrown) {
    const problem = thrown instanceof ModelError ? thrown.diagnostics[0] : undefined;
    if (problem === undefined) throw thrown;
    return { value: null, problem };
  }
}
