/**
 * What must hold of estimates (em, map): the log likelihood that is reported is the log evidence with the estimates given
 * (log p = ELBO + KL with KL = 0), and no element of an estimate can be moved to a higher density. The truth is the backend
 * `exact` with the estimates as data, so that unknowns which are summed or integrated out are so by other means; where there
 * are none, the gradient of the log joint.
 */
import { gradientAtPoint } from '../../4-infer/gradientAtPoint.js';
import { unknownsOf } from '../../4-infer/logDensity.js';
import { elementName, type RunResult } from '../../4-infer/posterior.js';
import { backends } from '../../4-infer/registry.js';
import { ModelError } from '../../errors/diagnostic.js';
import { tensor } from '../../input/tensor.js';
import type { QuantityTest } from '../results.js';
import { runOn, type Subject } from '../subject.js';

export type Law = Omit<QuantityTest, 'failed'>;

/** A comparison without chance, as one that either cannot fail or must. */
export function certain(quantity: string, statistic: string, value: number, holds: boolean, detail: string, pointsTo: string): Law {
  return { quantity, statistic, value, p: holds ? 1 : 0, detail, pointsTo };
}

/** An estimate: its values, and their standard errors where there are any. */
interface PointEstimate {
  readonly values: Float64Array;
  readonly sd: Float64Array | null;
}

/** What the backend estimates, and whether other unknowns are summed or integrated out of the density that they maximise. */
function estimates(subject: Subject, result: RunResult): { readonly points: ReadonlyMap<string, PointEstimate>; readonly hides: boolean } {
  const { graph, options, backend } = subject;
  const estimated = new Set(backend.estimated?.(graph, options) ?? []);
  const names = new Set(unknownsOf(subject.bound).map((u) => u.name)),
    unknowns = result.variables.filter((v) => names.has(v.name));
  const points = new Map(
    unknowns.flatMap((v): [string, PointEstimate][] =>
      estimated.has(v.name) && v.result.form === 'closed' ? [[v.name, { values: v.result.mean, sd: v.result.sd }]] : [],
    ),
  );
  return { points, hides: points.size < names.size };
}

/** The laws of estimates; none where the run does not claim to have found a maximum. */
export async function ofEstimates(subject: Subject, result: RunResult): Promise<readonly Law[]> {
  const { points, hides } = estimates(subject, result);
  // A run that says it has not converged, or that gaps were maximised, does not claim to be at a maximum of the likelihood.
  if (
    points.size === 0 ||
    !result.converged ||
    subject.options['hard'] === 'true' ||
    result.warnings.some((w) => w.code === 'gaps-maximised')
  )
    return [];
  const evidence = evidenceOf(subject);
  return [
    ...(await likelihood(subject, result, points, evidence)),
    ...(!subject.backend.laws?.includes('estimates are stationary')
      ? []
      : hides
        ? await stationaryEvidence(points, subject, evidence)
        : stationaryDensity(subject, points)),
  ];
}

/** log p(data, points) with everything else summed out, by the backend `exact`; null where it does not apply. */
type Evidence = (points: ReadonlyMap<string, Float64Array>) => Promise<number | null>;
function evidenceOf(subject: Subject): Evidence {
  return async (points) => {
    const data = new Map([
      ...subject.data,
      ...[...points].map(([name, values]) => [name, tensor(values, subject.bound.variables.get(name)!.shape)] as const),
    ]);
    try {
      return (
        await runOn({ ...subject, backend: backends.get('exact')!, options: {}, planted: {} }, data, {
          chains: 1,
          draws: 1,
          warmup: 0,
          thin: 1,
          seed: subject.seed,
          keep: [],
        })
      ).logEvidence;
    } catch (thrown) {
      if (thrown instanceof ModelError) return null;
      throw thrown;
    }
  };
}
function valuesOf(points: ReadonlyMap<string, PointEstimate>): Map<string, Float64Array> {
  return new Map([...points].map(([name, { values }]) => [name, values]));
}

async function likelihood(
  subject: Subject,
  result: RunResult,
  points: ReadonlyMap<string, PointEstimate>,
  evidence: Evidence,
): Promise<readonly Law[]> {
  // Unknowns with priors that are given have these in the evidence.
  const found = result.logJoint ?? result.logLikelihood,
    truth = found === null ? null : await evidence(valuesOf(points));
  if (found === null || truth === null) return [];
  const error = Math.abs(truth - found) / (1 + Math.abs(truth));
  return [
    certain(
      'log likelihood',
      'relative error',
      error,
      error <= 1e-6,
      `${subject.backend.name} ${found}, exact at the estimates ${truth}`,
      'an E-step or a sum that is not over the posterior, or a density with a wrong constant',
    ),
  ];
}

/** Log density that a Newton step may gain at what is taken for a maximum. */
const mostRise = 1e-4;
/** Elements of a variable at which slopes by differences are taken, and their distance in standard errors. */
const mostSlopes = 6,
  slopeWidth = 0.01;

/** By how much the density would rise in one Newton step along one element: g^2 sd^2 / 2 with g sd the slope in standard errors. */
function slopeLaw(name: string, shape: readonly number[], slopes: readonly { readonly at: number; readonly slope: number }[]): Law {
  let worst = 0,
    at = slopes[0]?.at ?? 0;
  for (const { at: k, slope } of slopes) {
    const rise = slope ** 2 / 2;
    if (rise > worst) {
      worst = rise;
      at = k;
    }
  }
  return certain(
    `slope by ${name}`,
    'rise left',
    worst,
    worst <= mostRise,
    `a Newton step at ${elementName(name, shape, at)} would raise the log density by ${worst.toExponential(1)}`,
    'the estimate is no maximum',
  );
}

/** By the gradient of the log joint, where every unknown is estimated. */
function stationaryDensity(subject: Subject, points: ReadonlyMap<string, PointEstimate>): readonly Law[] {
  try {
    const { gradient } = gradientAtPoint(subject.bound).natural(valuesOf(points));
    return [...gradient].flatMap(([name, { shape, values }]): Law[] => {
      const sd = points.get(name)?.sd;
      if (!sd || subject.graph.variables.get(name)!.eventRank > 0) return [];
      return [
        slopeLaw(
          name,
          shape,
          [...values].map((g, k) => ({ at: k, slope: g * sd[k]! })),
        ),
      ];
    });
  } catch (thrown) {
    if (thrown instanceof ModelError) return [];
    throw thrown;
  }
}

/** By central differences of the evidence, where unknowns are summed out. */
async function stationaryEvidence(
  points: ReadonlyMap<string, PointEstimate>,
  subject: Subject,
  evidence: Evidence,
): Promise<readonly Law[]> {
  const laws: Law[] = [];
  for (const [name, { values, sd }] of points) {
    if (sd === null || subject.graph.variables.get(name)!.eventRank > 0) continue;
    const slopes: { at: number; slope: number }[] = [],
      stride = Math.ceil(values.length / mostSlopes);
    for (let k = 0; k < values.length; k += stride) {
      if (!(sd[k]! > 0)) continue;
      const at = (distance: number): Promise<number | null> =>
        evidence(new Map([...valuesOf(points), [name, values.map((x, i) => (i === k ? x + distance * sd[k]! : x))]]));
      const above = await at(slopeWidth),
        below = await at(-slopeWidth);
      if (above !== null && below !== null) slopes.push({ at: k, slope: (above - below) / (2 * slopeWidth) });
    }
    if (slopes.length > 0) laws.push(slopeLaw(name, subject.bound.variables.get(name)!.shape, slopes));
  }
  return laws;
}
