/**
 * The maximum of a differentiable log density: L-BFGS from several starts in unconstrained coordinates,
 * then Newton steps with a Hessian by differences of gradients until the score vanishes to rounding,
 * and a judgement of what was found: a proper maximum, a flat direction, the edge of a range, no maximum.
 *
 * Invariants: the position returned is the best proper maximum seen (or the best of the others, never
 * NaN), and what is wrong with it is named by element.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import { ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { lbfgsSteps, type LbfgsResult } from '../numeric/lbfgs.js';
import type { RunRequest } from './backend.js';
import { boundedKinds, type CoordinateKind, edge } from './coordinates.js';
import { type Curvature, Differences, mostEigenvectors, nothingCurved } from './curvature.js';
import type { Climbed } from './curvatureGroups.js';
import { exchangeableGroups } from './exchangeable.js';
import type { DifferentiableDensity } from './gradient.js';
import { inverseOf, type NewtonStep, newtonStep, saddleScore } from './newton.js';
import { elementName, type ExchangeableGroup, sizeOf } from './posterior.js';
import { scaledStart } from './positionScales.js';
import { seededStart, seeding } from './seeds.js';
import { type Interruptible, inTurns, stoppedAfter, stoppedWithout } from './stopping.js';
import { permute } from './variational/relabel.js';

export interface ModeSettings {
  /** Null: fewer where a start is costly. */
  readonly restarts: number | null;
  readonly iterations: number;
  readonly tolerance: number;
}

export interface Mode {
  readonly position: Float64Array;
  /** Of the density asked for, with the Jacobian where that was asked for. */
  readonly value: number;
  /** Inverse of minus the Hessian by the position, row-major, without the flat directions; null where there is none. */
  readonly covariance: Float64Array | null;
  /** Of minus the Hessian; null without a covariance, or with flat directions. */
  readonly logDeterminant: number | null;
  /** Directions in which the density does not change. */
  readonly flat: readonly Float64Array[];
  /** Coordinates at the edge of their range: the covariance is that of the others. */
  readonly edges: readonly number[];
  readonly trace: readonly number[];
  readonly warnings: readonly Diagnostic[];
  readonly converged: boolean;
  readonly exchangeable: readonly ExchangeableGroup[];
}

const usualRestarts = 10;
/** Steps that every start gets in each round before the best goes on, and the change at which it is content. */
const trialIterations = 150,
  trialTolerance = 1e-7;
const fewestRestarts = 2;
/** Work of a gradient (elements of data and unknowns) for which all the usual starts are tried. */
const comfortableWork = 20_000;
/** Starts drawn at most for each that is wanted: some may lie outside the support. */
const drawsPerStart = 20;
/** More coordinates than this get no Hessian. */
const mostCoordinates = 1500;
const newtonSteps = 40;
/**
 * Distance from the origin from which a constrained coordinate is taken for driven outwards: a range's value is within 1 % of an end there
 * (the logistic function of 5 is 0.993), a scale beyond a factor of 148.
 */
const outerDistance = 5;
/** Score in units of its own standard deviation below which a maximum is reached. */
const scoreLimit = 1e-6;

/** Steps of the ascents that prepare a start. */
const seedIterations = 50;

interface Found {
  readonly position: Float64Array;
  readonly value: number;
  readonly trace: readonly number[];
}

type Verdict =
  | { readonly kind: 'proper' | 'unjudged' }
  | { readonly kind: 'flat'; readonly directions: readonly Float64Array[] }
  /** A kink where the gradient jumps; or the density rises without bound, or has its supremum where a coordinate is infinite. */
  | { readonly kind: 'edge' | 'unbounded' | 'drift' | 'kink' | 'unfinished'; readonly coordinates: readonly number[] };

interface Polished extends Found {
  readonly curvature: Curvature | null;
  readonly verdict: Verdict;
}

/** What a search has come to: read when it is left. */
interface Course {
  /** The highest position of an ascent so far that is not known to run off to where the density has no bound. */
  best: Found | null;
  /** Whether the search is over, and only the curvature at its end is not known yet. */
  isMeasured: boolean;
}

/**
 * The best maximum; of a run that is stopped the highest position so far, which is not judged, and has no covariance.
 * @param initialised true where the user has given the start.
 * @throws ModelError where no start has a finite density, and where the run was stopped before there was a position.
 */
export async function findMode(
  density: DifferentiableDensity,
  jacobian: boolean,
  settings: ModeSettings,
  request: RunRequest,
  initialised: boolean,
): Promise<Mode> {
  const course: Course = { best: null, isMeasured: false };
  const mode = await inTurns(search(density, jacobian, settings, initialised, course), request);
  return mode ?? leftMode(density, jacobian, course);
}

function leftMode(density: DifferentiableDensity, jacobian: boolean, { best, isMeasured }: Course): Mode {
  if (best === null) throw stoppedWithout('the first step from its first start', 'Give it more time, or less data.');
  const groups = exchangeableGroups(density.builder, density.factors),
    { position, value, trace } = ordering(density, jacobian, best, groups);
  return {
    position,
    value,
    covariance: null,
    logDeterminant: null,
    flat: [],
    edges: [],
    trace,
    warnings: [
      stoppedAfter(
        trace.length,
        isMeasured ? 'before the curvature at the point that it had come to was known' : 'before it had converged',
        'without standard deviations',
      ),
    ],
    converged: false,
    exchangeable: groups,
  };
}

function* search(
  density: DifferentiableDensity,
  jacobian: boolean,
  settings: ModeSettings,
  initialised: boolean,
  course: Course,
): Interruptible<Mode> {
  const objective: Climbed = (x, gradient) => density.gradient(x, jacobian, gradient),
    differences = new Differences(density, objective);
  const starts = yield* allStarts(density, jacobian, differences, settings, initialised, course);
  const groups = exchangeableGroups(density.builder, density.factors);
  // The highest first; what turns out to be no proper maximum gives way to the next one.
  const ordered = [...starts].sort((a, b) => b.value - a.value);
  let best: Polished | null = null,
    improper = 0,
    first: Polished | null = null;
  for (const start of ordered) {
    if (best !== null || (first !== null && Math.abs(start.value - first.value) < 1e-6 * (1 + Math.abs(first.value)))) continue;
    course.best = start;
    const ascended = (yield* ascent(density, differences, start.position, settings, course, start.trace)) ?? start;
    const polished = yield* polish(density, jacobian, differences, ordering(density, jacobian, ascended, groups), settings, course);
    first ??= polished;
    if (polished.verdict.kind === 'unbounded') improper++;
    else best = polished;
  }
  const chosen = best ?? first!;
  const warnings = judge(density, chosen.verdict, chosen);
  if (best !== null && improper > 0) {
    warnings.push({
      code: 'unbounded-density',
      severity: 'warning',
      message: `${improper} of ${starts.length} starts ran to the edge of a range where the density grows without bound${named(density, first!.verdict)}; the highest proper maximum is reported`,
      hint: 'Give scales a prior or a lower bound: as it stands the density has no largest value.',
    });
  }
  const flat = chosen.verdict.kind === 'flat' ? chosen.verdict.directions : [];
  const inverse =
    chosen.curvature === null || !['proper', 'flat', 'edge'].includes(chosen.verdict.kind)
      ? null
      : inverseOf(chosen.curvature, density.dimension);
  if (chosen.verdict.kind === 'proper' && inverse !== null)
    warnings.push(...collinear(density, inverse.covariance, chosen.curvature!.scales));
  return {
    position: chosen.position,
    value: chosen.value,
    covariance: inverse?.covariance ?? null,
    logDeterminant: chosen.verdict.kind !== 'proper' ? null : (inverse?.logDeterminant ?? null),
    flat,
    edges: chosen.verdict.kind === 'edge' ? chosen.verdict.coordinates : [],
    trace: chosen.trace,
    warnings,
    converged: chosen.verdict.kind === 'proper',
    exchangeable: groups,
  };
}

function* allStarts(
  density: DifferentiableDensity,
  jacobian: boolean,
  differences: Differences,
  settings: ModeSettings,
  initialised: boolean,
  course: Course,
): Interruptible<readonly Found[]> {
  const work = [...density.memory.values()].reduce((n, v) => n + v.length, 0);
  const wanted = initialised
    ? 1
    : (settings.restarts ?? Math.max(fewestRestarts, Math.min(usualRestarts, Math.floor((usualRestarts * comfortableWork) / work))));
  const starts: Found[] = [];
  yield { done: 0, total: wanted };
  const seeds = initialised ? null : seeding(density),
    fits = new Differences(density, (x, gradient) => density.expected(x, gradient));
  for (let draw = 0; starts.length < wanted && draw < wanted * drawsPerStart; draw++) {
    // Where labels are summed out most starts come from clusters of the data.
    const drawn = density.initialise(draw % 2 === 0),
      plain = initialised ? drawn : yield* scaledStart(density, drawn, jacobian, draw === 0);
    const position =
      seeds === null || draw % 4 === 3
        ? plain
        : ((yield* seededStart(density, seeds, plain, (from) => fitted(density, fits, from, settings))) ?? plain);
    const result = yield* ascent(
      density,
      differences,
      position,
      {
        iterations: Math.min(trialIterations, settings.iterations),
        tolerance: Math.max(trialTolerance, settings.tolerance),
      },
      course,
    );
    if (result !== null) starts.push(result);
    yield { done: starts.length, total: wanted, objective: result?.value };
    if (initialised && result === null) break;
    if (density.dimension === 0) break;
  }
  if (starts.length === 0) {
    const unheld = density.unheld();
    const diagnostics: Diagnostic[] =
      unheld !== null
        ? [
            {
              code: 'no-marginal',
              severity: 'error',
              message: `the integral over ${unheld} is infinite at every start: nothing holds it`,
              hint: 'Columns of a design may be combinations of each other: drop one, give the unknowns priors, or leave them out of marginal.',
            },
          ]
        : [
            {
              code: 'no-start',
              severity: 'error',
              message: initialised ? 'the density is not finite at the given start' : 'no start has a finite density',
              hint: 'Look for data that are impossible under the model (on the edge of a support too: a 0 among data of a positive law, a 0 or 1 among fractions), or give a start (--init).',
            },
          ];
    throw new ModelError(diagnostics, renderDiagnostics(diagnostics, '', 'program'));
  }
  return starts;
}

/** A few steps up the expected density, with labels as they are; null where it is not finite. */
function* fitted(
  density: DifferentiableDensity,
  fits: Differences,
  from: Float64Array,
  { tolerance }: ModeSettings,
): Interruptible<Float64Array | null> {
  return (yield* ascent(density, fits, from, { iterations: seedIterations, tolerance }, null))?.position ?? null;
}

/** Ascents at most from one start, each in the scales that the last one ended in. */
const rounds = 8;
/** Score in units of its standard deviation at which Newton's method takes over. */
const nearScore = 0.1;

/**
 * One ascent; null where the start lies outside. Scales of coordinates are not known at first (data may lie at 10^6 with a
 * spread of 10^-2): where the gradient is small only for want of a scale, the next round has it.
 * @param course hears of higher positions; null where what is climbed is another density.
 * @param before the trace of an ascent that this one goes on from.
 */
function* ascent(
  density: DifferentiableDensity,
  differences: Differences,
  start: Float64Array,
  { iterations, tolerance }: Pick<ModeSettings, 'iterations' | 'tolerance'>,
  course: Course | null,
  before: readonly number[] = [],
): Interruptible<Found | null> {
  if (start.some((x) => !Number.isFinite(x))) return null;
  const p = density.dimension,
    trace: number[] = [...before];
  let scale: Float64Array = new Float64Array(p).fill(1),
    found: Found | null = null,
    from = start;
  for (let round = 0; round < rounds; round++) {
    const x = new Float64Array(p),
      inner = scale;
    const steps = lbfgsSteps(
      (v, gradient) => {
        for (let i = 0; i < p; i++) x[i] = v[i]! * inner[i]!;
        const value = differences.objective(x, gradient);
        for (let i = 0; i < p; i++) gradient[i] = -gradient[i]! * inner[i]!;
        // Plus infinity is a density without bound; the search stays where it is finite.
        return Number.isFinite(value) ? -value : Infinity;
      },
      from.map((u, i) => u / inner[i]!),
      { iterations, tolerance },
    );
    yield;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      const value = -step.value.value;
      trace.push(value);
      if (course !== null && !(course.best !== null && course.best.value >= value))
        course.best = { position: step.value.x.map((v, i) => v * inner[i]!), value, trace };
      yield course === null ? undefined : { done: trace.length, total: iterations, objective: value };
    }
    const result: LbfgsResult = step.value;
    if (result.status === 'start') break;
    const position = result.x.map((v, i) => v * inner[i]!),
      value = -result.value;
    const gain: number = found === null ? Infinity : value - found.value;
    found = { position, value, trace };
    if (
      p > mostCoordinates ||
      gain <= 1e-9 * (1 + Math.abs(value)) ||
      runaway(
        density,
        position,
        result.gradient.map((g, i) => -g / inner[i]!),
      ).length > 0
    )
      break;
    scale = yield* differences.scales(position);
    if (result.gradient.every((g, i) => Math.abs(g / inner[i]!) * scale[i]! < nearScore)) break;
    from = position;
  }
  return found === null ? null : { ...found, trace: trace.length === before.length ? [...before, found.value] : trace };
}

/** Exchangeable components in increasing order of their first parameter. */
function ordering(density: DifferentiableDensity, jacobian: boolean, found: Found, groups: readonly ExchangeableGroup[]): Found {
  let position = found.position;
  for (const group of groups) {
    density.constrain(position);
    const member = group.variables.find((v) => v.name === (group.orderBy ?? group.variables[0]?.name));
    if (member === undefined) continue;
    const { shape } = density.builder.storage(member.name),
      values = density.values(member.name);
    const inner = sizeOf(shape.slice(member.axis + 1)),
      outer = sizeOf(shape.slice(0, member.axis));
    const order = Array.from({ length: group.size }, (_, k) => k).sort((a, b) => {
      for (let o = 0; o < outer; o++)
        for (let i = 0; i < inner; i++) {
          const d = values[(o * group.size + a) * inner + i]! - values[(o * group.size + b) * inner + i]!;
          if (d !== 0) return d;
        }
      return a - b;
    });
    if (order.every((k, j) => k === j)) continue;
    for (const v of group.variables) permute(density.values(v.name), density.builder.storage(v.name).shape, v.axis, order);
    const moved = density.unconstrain();
    const value = density.density(moved, jacobian);
    if (Math.abs(value - found.value) <= 1e-8 * (1 + Math.abs(found.value))) position = moved;
  }
  return { ...found, position };
}

/** Newton's method from the end of an ascent, until neither value nor score gets any better. */
function* polish(
  density: DifferentiableDensity,
  jacobian: boolean,
  differences: Differences,
  found: Found,
  settings: ModeSettings,
  course: Course,
): Interruptible<Polished> {
  const p = density.dimension,
    trace = [...found.trace];
  let position: Float64Array = found.position.slice();
  const gradient = new Float64Array(p);
  let value = density.gradient(position, jacobian, gradient);
  if (p === 0) return { position, value, trace, curvature: nothingCurved, verdict: { kind: 'proper' } };
  if (p > mostCoordinates) return yield* withoutHessian(density, differences, { position, value, trace }, settings, course);
  const lost = (): Polished | null => {
    const driven = runaway(density, position, gradient);
    return driven.length === 0 ? null : { position, value, trace, curvature: null, verdict: { kind: 'unbounded', coordinates: driven } };
  };
  const early = lost();
  if (early !== null) return early;
  course.best = { position, value, trace };
  let curvature = yield* differences.curvature(position, gradient, false),
    escapes = 0,
    count = 0;
  for (; curvature !== null && count < Math.min(newtonSteps, settings.iterations); count++) {
    const gone = lost();
    if (gone !== null) return gone;
    const newton = newtonStep(curvature, gradient);
    const saddle = newton.negative.length > 0 && newton.score < saddleScore && escapes < 5;
    if (saddle) escapes++;
    // Near the maximum differences of the density drown in rounding, and the score alone tells.
    const near = newton.decrement < 1e-6 && newton.negative.length === 0 && !newton.isDamped;
    const moved = near
      ? fullStep(density, jacobian, position, newton, curvature)
      : uphill(density, jacobian, position, value, gradient, saddle ? newton.negative[0]! : newton.step, newton.decrement);
    if (moved === null) break;
    ({ position, value } = moved);
    gradient.set(moved.gradient);
    trace.push(value);
    course.best = { position, value, trace };
    yield { done: trace.length, total: settings.iterations, objective: value };
    if (!near) curvature = yield* differences.curvature(position, gradient, false);
  }
  course.isMeasured = true;
  curvature = curvature === null ? null : yield* differences.curvature(position, gradient, true);
  const kinks = yield* differences.kinks(position, curvature?.scales ?? null);
  const verdict: Verdict =
    kinks.length > 0
      ? { kind: 'kink', coordinates: kinks }
      : curvature === null
        ? edgeOf(density, position, gradient, 'unfinished')
        : verdictOf(
            density,
            position,
            gradient,
            newtonStep(curvature, gradient),
            curvature.frozen,
            count === settings.iterations,
            (x) => density.density(x, jacobian) >= value - 1e-12 * (1 + Math.abs(value)),
          );
  return { position, value, trace, curvature, verdict };
}

function smallStep(newton: NewtonStep, position: Float64Array): boolean {
  return newton.step.every((s, i) => Math.abs(s) <= 1e-6 * (1 + Math.abs(position[i]!)));
}

interface Moved {
  readonly position: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
}

/** Newton's step where it halves the score; null where rounding has the last word. */
function fullStep(
  density: DifferentiableDensity,
  jacobian: boolean,
  position: Float64Array,
  newton: NewtonStep,
  curvature: Curvature,
): Moved | null {
  const at = position.map((x, i) => x + newton.step[i]!),
    gradient = new Float64Array(position.length);
  const value = density.gradient(at, jacobian, gradient);
  if (!Number.isFinite(value) || gradient.some((g) => !Number.isFinite(g))) return null;
  return newtonStep(curvature, gradient).score <= 0.5 * newton.score ? { position: at, value, gradient } : null;
}

/** The first of ever shorter steps that does not go down; null where there is none. */
function uphill(
  density: DifferentiableDensity,
  jacobian: boolean,
  position: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
  decrement: number,
): Moved | null {
  const next = new Float64Array(position.length),
    at = new Float64Array(position.length),
    rounding = 1e-14 * (1 + Math.abs(value));
  const slope = direction.reduce((s, d, i) => s + d * gradient[i]!, 0);
  for (let half = 0, length = slope >= 0 ? 1 : -1; half < 40; half++, length /= 2) {
    for (let i = 0; i < at.length; i++) at[i] = position[i]! + length * direction[i]!;
    const here = density.gradient(at, jacobian, next);
    if (
      Number.isFinite(here) &&
      next.every((g) => Number.isFinite(g)) &&
      here >= value - rounding + (decrement > 1e-8 ? 1e-4 * length * slope : 0)
    )
      return { position: at, value: here, gradient: next };
  }
  return null;
}

/** Too many coordinates for a Hessian: L-BFGS until nothing moves. */
function* withoutHessian(
  density: DifferentiableDensity,
  differences: Differences,
  found: Found,
  { iterations }: ModeSettings,
  course: Course,
): Interruptible<Polished> {
  const again =
    (yield* ascent(density, differences, found.position, { iterations: iterations * 5, tolerance: 1e-15 }, course, found.trace)) ?? found;
  const gradient = new Float64Array(density.dimension);
  differences.objective(again.position, gradient);
  const size = gradient.reduce((m, g) => Math.max(m, Math.abs(g)), 0);
  return {
    ...again,
    curvature: null,
    verdict: size < 1e-3 * (1 + Math.abs(again.value)) ? { kind: 'proper' } : edgeOf(density, again.position, gradient, 'unfinished'),
  };
}

const outermost: ReadonlySet<CoordinateKind> = new Set<CoordinateKind>(['low', 'high', 'both', 'simplex', 'logDiagonal']);

/** Coordinates far out in their range (beyond e^12 or so) that the density still pushes outwards. */
function runaway(density: DifferentiableDensity, position: Float64Array, gradient: Float64Array): readonly number[] {
  const out: number[] = [];
  for (let k = 0; k < position.length; k++)
    if (
      outermost.has(density.owners[k]!.kind) &&
      position[k]! * gradient[k]! > 0 &&
      Math.abs(position[k]!) > 25 &&
      Math.abs(gradient[k]!) > 0.05
    )
      out.push(k);
  return out;
}

/** The constrained coordinates that are driven outwards. */
function edgeOf(density: DifferentiableDensity, position: Float64Array, force: Float64Array, otherwise: 'unfinished' | 'drift'): Verdict {
  const outwards = (i: number): number =>
    boundedKinds.has(density.owners[i]!.kind) && Math.abs(position[i]!) > outerDistance && force[i]! * position[i]! > 0
      ? Math.abs(force[i]!)
      : 0;
  const driven = Array.from(force, (_, i) => i).sort((a, b) => outwards(b) - outwards(a));
  const largest = driven[0] === undefined ? 0 : outwards(driven[0]);
  if (largest > 0) return { kind: 'unbounded', coordinates: driven.filter((i) => outwards(i) > 0.3 * largest) };
  const size = force.reduce((m, f) => Math.max(m, Math.abs(f)), 0);
  return { kind: otherwise, coordinates: driven.filter((i) => Math.abs(force[i]!) > 0.1 * size) };
}

/** Flat along coordinates far out in their ranges, and nothing else: those are at their edges. */
function flatOrEdge(density: DifferentiableDensity, position: Float64Array, directions: readonly Float64Array[]): Verdict {
  const far = position.map((x, i) => Number(boundedKinds.has(density.owners[i]!.kind) && Math.abs(x) > edge.distance));
  const part = (v: Float64Array, i: number): number => Math.abs(v[i]!) / (1 + Math.abs(position[i]!));
  const edges = new Set<number>();
  for (const v of directions) {
    let outside = 0,
      rest = 0;
    v.forEach((_, i) => {
      if (far[i] === 1) outside += part(v, i);
      else rest += part(v, i);
    });
    if (rest > 0.05 * outside) return { kind: 'flat', directions };
    v.forEach((_, i) => {
      if (far[i] === 1 && part(v, i) > 0.05 * outside) edges.add(i);
    });
  }
  return { kind: 'edge', coordinates: [...edges].sort((x, y) => x - y) };
}

/**
 * @param isCut whether the search was ended by the number of its steps. @param asHigh whether the density at another position is no lower.
 */
function verdictOf(
  density: DifferentiableDensity,
  position: Float64Array,
  gradient: Float64Array,
  newton: NewtonStep,
  frozen: readonly number[],
  isCut: boolean,
  asHigh: (x: Float64Array) => boolean,
): Verdict {
  const { score } = newton;
  // Scores of 1e-6 standard errors are what rounding leaves of sums of many large terms.
  const standing = smallStep(newton, position) && score < scoreLimit;
  if (standing && newton.isBlind) return { kind: 'unjudged' };
  if (standing && newton.negative.length === 0) {
    if (newton.flat.length === 0 && frozen.length > 0) return { kind: 'edge', coordinates: frozen };
    return newton.flat.length === 0 ? { kind: 'proper' } : flatOrEdge(density, position, newton.flat);
  }
  // Where the score has vanished and Newton's method still walks, the supremum is not attained.
  const steep = gradient.some(
    (g, i) =>
      boundedKinds.has(density.owners[i]!.kind) && Math.abs(position[i]!) > outerDistance && g * position[i]! > 0 && Math.abs(g) > 1e-3,
  );
  if (steep) return edgeOf(density, position, gradient, 'unfinished');
  if (newton.flat.length > 0 && score < 1e-3) return flatOrEdge(density, position, newton.flat);
  const outwards = newton.step.map((s, i) => (s * position[i]! >= 0 ? s : 0));
  const largest = outwards.reduce((m, s) => Math.max(m, Math.abs(s)), 0);
  const walking = Array.from(outwards, (_, i) => i).filter((i) => Math.abs(outwards[i]!) > 0.1 * largest);
  // As high ten, a hundred and a thousand times as far: the supremum is at infinity.
  const reach = newton.step.reduce((m, d, i) => Math.max(m, Math.abs(d) / (1 + Math.abs(position[i]!))), 0);
  const forEver = reach > 0 && [10, 100, 1000].every((t) => asHigh(position.map((x, i) => x + (t / reach) * newton.step[i]!)));
  if (forEver || (score < 1e-2 && largest > 1e-6 && !isCut))
    return { kind: walking.every((i) => boundedKinds.has(density.owners[i]!.kind)) ? 'edge' : 'drift', coordinates: walking };
  return { kind: 'unfinished', coordinates: walking };
}

/** A coordinate in the program's words. */
function coordinateName(density: DifferentiableDensity, k: number): string {
  const owner = density.owners[k]!;
  return elementName(owner.variable, density.builder.storage(owner.variable).shape, owner.element);
}
function names(density: DifferentiableDensity, coordinates: readonly number[]): string {
  const list = [...new Set(coordinates.map((k) => coordinateName(density, k)))];
  return list.length > 6 ? `${list.slice(0, 6).join(', ')} and ${list.length - 6} more` : list.join(', ');
}
/** Coordinates that run to the edge of their range, as a clause. */
function runningOff(density: DifferentiableDensity, coordinates: readonly number[]): string {
  const several = new Set(coordinates.map((k) => coordinateName(density, k))).size > 1;
  return `${names(density, coordinates)} ${several ? 'run to the edges of their ranges' : 'runs to the edge of its range'}`;
}
function named(density: DifferentiableDensity, verdict: Verdict): string {
  return !('coordinates' in verdict) ? '' : ` (${names(density, verdict.coordinates)})`;
}

/** Variance of an estimate against its variance given the others, beyond which rounding shows in the estimates. */
const largestInflation = 1e10;

/** A warning where estimates are known together but hardly alone. */
function collinear(density: DifferentiableDensity, covariance: Float64Array, scales: Float64Array): readonly Diagnostic[] {
  const p = scales.length,
    inflation = Array.from(scales, (s, k) => covariance[k * p + k]! / (s * s));
  const worst = Math.max(0, ...inflation);
  if (!(worst > largestInflation)) return [];
  const involved = inflation.flatMap((v, k) => (v > 1e-3 * worst ? [k] : []));
  return [
    {
      code: 'near-collinear',
      severity: 'warning',
      message: `${names(density, involved)} are known together, but hardly alone: each is ${Math.sqrt(worst).toExponential(0)} times as uncertain as it is given the others, and digits of these estimates are lost`,
      hint: 'Columns of a design may nearly be combinations of each other: drop one, centre them, or give the unknowns priors.',
    },
  ];
}

function judge(density: DifferentiableDensity, verdict: Verdict, { value }: Found): Diagnostic[] {
  const warning = (code: string, message: string, hint: string): Diagnostic[] => [{ code, severity: 'warning', message, hint }];
  switch (verdict.kind) {
    case 'proper':
      return [];
    case 'flat': {
      const involved = new Set(
        verdict.directions.flatMap((v) => {
          const top = v.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
          return Array.from(v, (_, i) => i).filter((i) => Math.abs(v[i]!) > 1e-6 * top);
        }),
      );
      return warning(
        'flat-direction',
        `the density does not change along a direction of ${names(density, [...involved])}: these estimates are one choice of many, without standard errors`,
        'Columns of a design may be combinations of each other; drop one, or give the unknowns priors.',
      );
    }
    case 'edge':
      return warning(
        'edge-of-range',
        `${runningOff(density, verdict.coordinates)}: the density is largest there (${value.toPrecision(8)} so far); standard errors of the others are for that edge`,
        'An estimate at the edge (a variance of 0, a probability of 0 or 1, a dispersion where counts scatter no more than without) has no Gaussian law; give it a prior, or leave the term out.',
      );
    case 'unbounded':
      return warning(
        'unbounded-density',
        `the density grows without bound as ${runningOff(density, verdict.coordinates)}: there is no largest value (a component that collapses on one point does this)`,
        'Give scales a prior or a lower bound, or try other starts (--opt restarts).',
      );
    case 'drift':
      return warning(
        'no-maximum',
        `the density keeps rising, ever more slowly, as ${names(density, verdict.coordinates)} goes to infinity: there is no maximum`,
        'Perfectly separated groups in a logistic regression do this; give the unknowns priors.',
      );
    case 'kink':
      return warning(
        'kink',
        `the density has a kink at its largest value, in ${names(density, verdict.coordinates)}: the estimate stands, but there are no standard errors`,
        'Absolute values (Laplace laws), max and min make kinks; use gibbs for the spread.',
      );
    case 'unjudged':
      return warning(
        'not-judged',
        `the search stands still, but whether this is a maximum is not known: the curvature here is that of none as far as differences of gradients tell, and with ${density.dimension} unknowns (more than ${mostEigenvectors}) it is not looked at in every direction`,
        'The density may be flat along a direction (give the unknowns priors, or drop what is too much), or this may be a saddle point: compare other seeds.',
      );
    case 'unfinished':
      return warning(
        'not-converged',
        `the search ended before a maximum was reached${verdict.coordinates.length === 0 ? '' : ` (last in ${names(density, verdict.coordinates)})`}`,
        'Raise --opt iterations, rescale the data, or give a start (--init).',
      );
  }
}
