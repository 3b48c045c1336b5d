/**
 * What a Gaussian at the mode says about every variable, in two readings.
 *
 * Unconstrained: the position is Gaussian. An element that moves with one coordinate has its moments by
 * the trapezoidal rule over that coordinate (exponentially accurate for a Gaussian weight) and its
 * quantiles as images; everything else comes from independent draws, with their error.
 * Natural: the values themselves are Gaussian, mode plus J times a Gaussian; moments are closed.
 */
import type { Diagnostic } from '../../errors/diagnostic.js';
import { choleskyInPlace } from '../../numeric/linearAlgebra.js';
import { recordedVariables } from '../assemble.js';
import type { RunRequest } from '../backend.js';
import type { Recorded } from '../chainProgram.js';
import type { DifferentiableDensity } from '../gradient.js';
import { IndependentDraws } from '../independentDraws.js';
import type { Mode } from '../mode.js';
import { deltaVariance, randomVariables } from '../pointResults.js';
import { type DrawValues, roomLike, type VariableResult } from '../posterior.js';

const normalQuantile95 = 1.6448536269514722;
/** Nodes of the trapezoidal rule, from -8 to 8 standard deviations. */
const nodes = 129,
  reach = 8;

export type ScaleOption = 'unconstrained' | 'natural';

interface Moments {
  readonly r: Recorded;
  readonly mean: Float64Array;
  readonly sd: Float64Array;
  readonly mcse: Float64Array;
  readonly q5: Float64Array;
  readonly q50: Float64Array;
  readonly q95: Float64Array;
  readonly exact: Uint8Array;
}

export interface GaussianResults {
  readonly variables: readonly VariableResult[];
  /** Fraction of draws that left the support (natural scale). */
  readonly outside: number;
  /** What is to be said of the draws. */
  readonly warnings: readonly Diagnostic[];
}

/** Results of all recorded variables; without a covariance the mode alone. */
export async function gaussianResults(
  density: DifferentiableDensity,
  mode: Mode,
  scale: ScaleOption,
  request: RunRequest,
): Promise<GaussianResults> {
  const recorded = recordedVariables(density.builder, request.keep);
  const moving = recorded.filter((r) => density.program.coordinates.variables.includes(r.name));
  density.density(mode.position, false);
  density.report();
  const moments = new Map(moving.map((r) => [r.name, scale === 'natural' ? naturalMoments(density, mode, r) : emptyMoments(r, density)]));
  if (mode.covariance !== null && scale === 'unconstrained') alongCoordinates(density, mode, [...moments.values()]);
  const { draws, outside } = await drawn(density, mode, scale, recorded, request);
  density.density(mode.position, false);
  density.report();
  const random = randomVariables(density);
  const variables = recorded.map((r): VariableResult => {
    const base = {
      name: r.name,
      shape: r.shape,
      kind: r.kind,
      discrete: r.discrete,
      range: r.range,
      elements: r.elements,
      insidePlate: r.insidePlate,
    };
    const own = moments.get(r.name),
      values = draws?.of(r.name) ?? null,
      form = draws?.form(r.name) ?? null;
    if (own === undefined && form !== null) return { ...base, result: form };
    if (own === undefined) {
      const mean = Float64Array.from(density.values(r.storage));
      return {
        ...base,
        result: {
          form: 'closed',
          mean: random.has(r.name) ? mean.fill(Number.NaN) : mean,
          sd: null,
          mcse: null,
          quantiles: null,
          probabilities: null,
          draws: null,
        },
      };
    }
    if (values !== null) fromDraws(own, values.values, values.count);
    const known = mode.covariance !== null;
    return {
      ...base,
      result: {
        form: 'closed',
        mean: own.mean,
        sd: known ? own.sd : null,
        mcse: own.mcse.some((m) => m > 0) ? own.mcse : null,
        quantiles: known ? { q5: own.q5, q50: own.q50, q95: own.q95 } : null,
        probabilities: null,
        draws: values,
      },
    };
  });
  return { variables, outside, warnings: draws?.warnings ?? [] };
}

function emptyMoments(r: Recorded, density: DifferentiableDensity): Moments {
  const mean = Float64Array.from(density.values(r.storage)),
    n = mean.length;
  const unknown = (): Float64Array => new Float64Array(n).fill(Number.NaN);
  return { r, mean, sd: unknown(), mcse: unknown(), q5: unknown(), q50: unknown(), q95: unknown(), exact: new Uint8Array(n) };
}

/** Mode plus J times a Gaussian. */
function naturalMoments(density: DifferentiableDensity, mode: Mode, r: Recorded): Moments {
  const out = emptyMoments(r, density);
  out.exact.fill(1);
  const derivatives = new Float64Array(density.dimension);
  density.constrain(mode.position);
  out.mean.forEach((x, e) => {
    density.derivativeOf(r.name, e, derivatives);
    const sd = Math.sqrt(deltaVariance(mode, derivatives));
    out.sd[e] = sd;
    out.q5[e] = x - normalQuantile95 * sd;
    out.q50[e] = x;
    out.q95[e] = x + normalQuantile95 * sd;
  });
  return out;
}

/**
 * Where derivatives are looked at, in standard deviations: at the mode one may vanish though the element moves (a square at 0, an element of a
 * matrix whose factor is diagonal there), at other places of no symmetry it does not.
 */
const lookouts: readonly number[] = [0, 0.37, -0.61];

/** The one coordinate that an element of each variable moves with; -1 where there are several, or none. */
function onlyCoordinates(density: DifferentiableDensity, mode: Mode, moments: readonly Moments[]): readonly Int32Array[] {
  const p = density.dimension,
    derivatives = new Float64Array(p);
  const none = -1,
    several = -2;
  const only = moments.map((m) => new Int32Array(m.mean.length).fill(none));
  for (const distance of lookouts) {
    // No two coordinates move alike, so that what cancels between them at one place does not at the next.
    density.constrain(mode.position.map((u, k) => u + distance * (1 + 0.618 * ((k % 7) / 7)) * Math.sqrt(mode.covariance![k * p + k]!)));
    moments.forEach((m, n) => {
      for (let e = 0; e < m.mean.length; e++) {
        if (only[n]![e] === several) continue;
        density.derivativeOf(m.r.name, e, derivatives);
        derivatives.forEach((d, k) => {
          if (d !== 0) only[n]![e] = [none, k].includes(only[n]![e]!) ? k : several;
        });
      }
    });
  }
  density.constrain(mode.position);
  return only.map((row) => row.map((k) => Math.max(none, k)));
}

/** Moments and quantiles of elements that move with one coordinate. */
function alongCoordinates(density: DifferentiableDensity, mode: Mode, moments: readonly Moments[]): void {
  const p = density.dimension;
  const own = new Map<number, { readonly m: Moments; readonly e: number }[]>();
  onlyCoordinates(density, mode, moments).forEach((row, n) => {
    row.forEach((only, e) => {
      if (only < 0) return;
      const list = own.get(only);
      if (list === undefined) own.set(only, [{ m: moments[n]!, e }]);
      else list.push({ m: moments[n]!, e });
    });
  });
  const position = mode.position.slice(),
    step = (2 * reach) / (nodes - 1);
  for (const [k, elements] of own) {
    const sd = Math.sqrt(mode.covariance![k * p + k]!);
    const at = (z: number): Float64Array => {
      position[k] = mode.position[k]! + z * sd;
      density.constrain(position);
      position[k] = mode.position[k]!;
      return Float64Array.from(elements, ({ m, e }) => density.values(m.r.storage)[e]!);
    };
    const grid = Array.from({ length: nodes }, (_, n) => -reach + n * step);
    const weights = grid.map((z) => Math.exp(-0.5 * z * z)),
      total = weights.reduce((a, b) => a + b, 0);
    const values = grid.map(at),
      low = at(-normalQuantile95),
      middle = at(0),
      high = at(normalQuantile95);
    elements.forEach(({ m, e }, j) => {
      const mean = values.reduce((s, v, n) => s + weights[n]! * v[j]!, 0) / total;
      m.mean[e] = mean;
      m.sd[e] = Math.sqrt(values.reduce((s, v, n) => s + weights[n]! * (v[j]! - mean) ** 2, 0) / total);
      m.q5[e] = Math.min(low[j]!, high[j]!);
      m.q50[e] = middle[j]!;
      m.q95[e] = Math.max(low[j]!, high[j]!);
      m.exact[e] = 1;
    });
  }
}

/** Independent draws of everything recorded; null without a covariance that has a factor. */
async function drawn(
  density: DifferentiableDensity,
  mode: Mode,
  scale: ScaleOption,
  recorded: readonly Recorded[],
  request: RunRequest,
): Promise<{ readonly draws: IndependentDraws | null; readonly outside: number }> {
  const p = density.dimension,
    factor = mode.covariance?.slice();
  if (factor === undefined || !choleskyInPlace(factor, 0, p)) return { draws: null, outside: 0 };
  const draws = new IndependentDraws(recorded, request, (r, length) => roomLike(density.values(r.name), length));
  const place = scale === 'natural' ? naturalPlacer(density, mode) : null;
  const noise = new Float64Array(p),
    moved = new Float64Array(p),
    position = new Float64Array(p);
  let outside = 0,
    made = 0;
  const draw = (): void => {
    for (let i = 0; i < p; i++) noise[i] = density.random.normal();
    for (let i = 0; i < p; i++) {
      let s = 0;
      for (let j = 0; j <= i; j++) s += factor[i * p + j]! * noise[j]!;
      moved[i] = s;
    }
    for (let i = 0; i < p; i++) position[i] = mode.position[i]! + moved[i]!;
    const here = place === null ? density.density(position, false) : place(moved);
    if (!Number.isFinite(here)) outside++;
    made++;
    density.predict();
  };
  await draws.make(draw, (storage) => density.values(storage));
  return { draws, outside: outside / Math.max(1, made) };
}

/** Puts mode + J du into the state and answers with its density. */
function naturalPlacer(density: DifferentiableDensity, mode: Mode): (du: Float64Array) => number {
  const p = density.dimension;
  density.constrain(mode.position);
  const rows = density.program.coordinates.variables.map((name) => {
    const centre = Float64Array.from(density.values(name));
    return {
      name,
      centre,
      derivatives: Array.from(centre, (_, e) => {
        const row = new Float64Array(p);
        density.derivativeOf(name, e, row);
        return row;
      }),
    };
  });
  return (du) => {
    for (const { name, centre, derivatives } of rows) {
      const values = density.values(name);
      derivatives.forEach((row, e) => {
        let s = centre[e]!;
        for (let i = 0; i < p; i++) s += row[i]! * du[i]!;
        values[e] = s;
      });
    }
    return density.stateDensity();
  };
}

/** Fills in what has no closed form. */
function fromDraws(m: Moments, values: DrawValues, count: number): void {
  const size = m.mean.length;
  for (let e = 0; e < size; e++) {
    if (m.exact[e] === 1) continue;
    const column = Float64Array.from({ length: count }, (_, d) => values[d * size + e]!).sort();
    const mean = column.reduce((a, b) => a + b, 0) / count;
    const sd = Math.sqrt(column.reduce((s, x) => s + (x - mean) ** 2, 0) / Math.max(1, count - 1));
    const quantile = (level: number): number => {
      const at = level * (count - 1),
        low = Math.floor(at),
        high = Math.min(count - 1, low + 1);
      return column[low]! + (at - low) * (column[high]! - column[low]!);
    };
    m.mean[e] = mean;
    m.sd[e] = sd;
    m.mcse[e] = sd / Math.sqrt(count);
    m.q5[e] = quantile(0.05);
    m.q50[e] = quantile(0.5);
    m.q95[e] = quantile(0.95);
  }
}
