/**
 * What a point with a covariance says about every variable: standard deviations by the delta method,
 * quantiles carried through transformations, probabilities of finite latents, draws of what is random
 * at the point.
 *
 * An element that depends on one coordinate has the images of that coordinate's quantiles as its own
 * (so that intervals of exp(theta) are the exponentials of those of theta); others get Gaussian
 * quantiles on the scale of their support.
 */
import { readsOf } from '../2-graph/query.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import { regionSupport } from '../3-derive/closedForm.js';
import { recordedVariables } from './assemble.js';
import type { RunRequest } from './backend.js';
import type { Recorded } from './chainProgram.js';
import { withComputedElements } from './computedElements.js';
import type { DifferentiableDensity } from './gradient.js';
import { IndependentDraws } from './independentDraws.js';
import type { Mode } from './mode.js';
import { type ClosedForm, roomLike, sizeOf, type VariableResult } from './posterior.js';

/** Phi^-1(0.95). */
const normalQuantile95 = 1.6448536269514722;
/** Steps of a difference in units of the standard error. */
const differenceStep = 0.02;
/** Cells of a table of derivatives of reports beyond which none is made. */
const mostDerivatives = 4_000_000;

/** Variance of a function with the given derivatives by the position; NaN where it moves along a flat direction. */
export function deltaVariance(mode: Mode, all: Float64Array): number {
  const { covariance: v } = mode,
    p = all.length;
  if (v === null) return Number.NaN;
  let derivatives = all;
  if (mode.edges.length > 0) {
    // What moves with an edge alone has no standard error.
    derivatives = all.slice();
    for (const k of mode.edges) derivatives[k] = 0;
    if (derivatives.every((d) => d === 0) && all.some((d) => d !== 0)) return Number.NaN;
  }
  for (const flat of mode.flat) {
    let along = 0,
      size = 0;
    for (let i = 0; i < p; i++) {
      const d = derivatives[i]! * flat[i]!;
      along += d;
      size += Math.abs(d);
    }
    if (Math.abs(along) > 1e-5 * size) return Number.NaN;
  }
  let out = 0;
  for (let i = 0; i < p; i++) {
    if (derivatives[i] === 0) continue;
    let row = 0;
    for (let j = 0; j < p; j++) row += v[i * p + j]! * derivatives[j]!;
    out += derivatives[i]! * row;
  }
  return Math.max(0, out);
}

/** Scales on which an element's Gaussian quantiles stay inside its support. */
type Scale = 'plain' | 'log' | 'logit' | 'tanh';

interface Described {
  readonly mean: Float64Array;
  readonly sd: Float64Array;
  readonly q5: Float64Array;
  readonly q95: Float64Array;
}

/** Results of all recorded variables at the mode, and what is to be said of their draws. The state is left at the mode. */
export async function pointResults(
  density: DifferentiableDensity,
  mode: Mode,
  request: RunRequest,
): Promise<{ readonly variables: readonly VariableResult[]; readonly warnings: readonly Diagnostic[] }> {
  const recorded = recordedVariables(density.builder, request.keep);
  const random = randomVariables(density);
  density.density(mode.position, false);
  density.marginals();
  density.report();
  const latents = recorded.filter((r) => density.program.coordinates.variables.includes(r.name));
  const reports = recorded.filter((r) => r.kind === 'report' && !random.has(r.name));
  const bound = density.builder.bound.variables,
    corners = latents.filter((r) => bound.get(r.name)!.computed !== undefined);
  const described = new Map<string, Described>(describeLatents(density, mode, latents));
  for (const [name, own] of describeReports(density, mode, [...reports, ...corners])) {
    const drawn = described.get(name);
    described.set(name, drawn === undefined ? own : withComputed(drawn, own, bound.get(name)!.computed!));
  }
  density.density(mode.position, false);
  density.marginals();
  density.report();
  const isKnown = (name: string): boolean => finite(density, name) !== null || integrated(density, name) !== null;
  // Predictions, functions of labels, gaps that were integrated out, and elements that are computed from any of these.
  const drawn = recorded.filter((r) => !described.has(r.name) && (!isKnown(r.name) || bound.get(r.name)!.computed !== undefined));
  const draws = new IndependentDraws(drawn, request, (r, length) => roomLike(density.values(r.name), length));
  await draws.make(
    () => density.predict(),
    (storage) => density.values(storage),
  );
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
    const own = described.get(r.name),
      label = finite(density, r.name);
    if (label !== null) {
      const closed = { ...ofProbabilities(density, label), draws: draws.of(r.name) };
      return {
        ...base,
        range: label.count,
        ...(label.low === 0 ? {} : { low: label.low }),
        result: withComputedElements(closed, bound.get(r.name)!),
      };
    }
    const normal = integrated(density, r.name);
    if (normal !== null) return { ...base, result: withComputedElements({ ...normal, draws: draws.of(r.name) }, bound.get(r.name)!) };
    if (own === undefined) return { ...base, result: draws.form(r.name)! };
    return {
      ...base,
      result: {
        form: 'closed',
        mean: own.mean,
        sd: mode.covariance === null ? null : own.sd,
        mcse: null,
        quantiles: mode.covariance === null ? null : { q5: own.q5, q50: own.mean, q95: own.q95 },
        probabilities: null,
        draws: null,
      },
    };
  });
  return { variables, warnings: draws.warnings };
}

interface Label {
  readonly storage: string;
  readonly low: number;
  readonly count: number;
}

/** Where the probabilities of a finite latent are. */
function finite(density: DifferentiableDensity, name: string): Label | null {
  for (const group of density.program.summed.groups) {
    const d = group.latents.findIndex((l) => l.name === name);
    if (d >= 0) return { storage: group.probabilities[d]!, low: group.latents[d]!.low, count: group.latents[d]!.count };
  }
  return null;
}

/** The law of an integrated variable given the estimates, after `marginals`; null for others. */
function integrated(density: DifferentiableDensity, name: string): ClosedForm | null {
  const own = density.program.integrated.variables.find((v) => v.name === name);
  if (own === undefined) return null;
  const mean = Float64Array.from(density.values(own.mean)),
    sd = Float64Array.from(density.values(own.variance), Math.sqrt);
  const quantile = (z: number): Float64Array => mean.map((m, e) => m + z * sd[e]!);
  return {
    form: 'closed',
    mean,
    sd,
    mcse: null,
    quantiles: { q5: quantile(-normalQuantile95), q50: mean, q95: quantile(normalQuantile95) },
    probabilities: null,
    draws: null,
  };
}

/** Moments and probabilities of finite latents at the state, after `marginals`. */
function ofProbabilities(density: DifferentiableDensity, { storage, low, count }: Label): ClosedForm {
  const probabilities = Float64Array.from(density.values(storage)),
    cells = probabilities.length / count;
  const mean = new Float64Array(cells),
    sd = new Float64Array(cells);
  for (let c = 0; c < cells; c++) {
    let m = 0,
      square = 0;
    for (let k = 0; k < count; k++) {
      const p = probabilities[c * count + k]!;
      m += p * (low + k);
      square += p * (low + k) ** 2;
    }
    mean[c] = m;
    sd[c] = Math.sqrt(Math.max(0, square - m * m));
  }
  return { form: 'closed', mean, sd, mcse: null, quantiles: null, probabilities, draws: null };
}

/** Variables that are not fixed by the position: predictions, labels, gaps, and whatever is computed from them. */
export function randomVariables(density: DifferentiableDensity): ReadonlySet<string> {
  const { graph } = density.builder.bound;
  const out = new Set<string>(density.integrated);
  for (const g of density.program.summed.groups) for (const l of g.latents) out.add(l.name);
  for (const v of density.program.integrated.variables) out.add(v.name);
  for (const v of graph.variables.values()) if (v.origin === 'predict') out.add(v.name);
  for (let before = -1; before !== out.size; ) {
    before = out.size;
    for (const s of graph.statements) if (s.kind === 'let' && readsOf(s).some((r) => out.has(r.variable))) out.add(s.target.variable);
  }
  return out;
}

/** A variable of which some elements are computed: these are described as reports are. */
function withComputed(drawn: Described, reported: Described, computed: Uint8Array): Described {
  const merged = (of: (d: Described) => Float64Array): Float64Array =>
    of(drawn).map((x, cell) => (computed[cell] === 0 ? x : of(reported)[cell]!));
  return { mean: merged((d) => d.mean), sd: merged((d) => d.sd), q5: merged((d) => d.q5), q95: merged((d) => d.q95) };
}

interface Row extends Described {
  readonly r: Recorded /** The one coordinate an element moves with, or -1. */;
  readonly only: Int32Array;
}

function emptyRow(r: Recorded, mean: Float64Array): Row {
  const unknown = (): Float64Array => new Float64Array(mean.length).fill(Number.NaN);
  return { r, mean, sd: unknown(), q5: unknown(), q95: unknown(), only: new Int32Array(mean.length).fill(-1) };
}

function describeLatents(
  density: DifferentiableDensity,
  mode: Mode,
  latents: readonly Recorded[],
): readonly (readonly [string, Described])[] {
  density.constrain(mode.position);
  const read = (): Float64Array[] => latents.map((r) => Float64Array.from(density.values(r.storage)));
  const means = read(),
    rows = latents.map((r, n) => emptyRow(r, means[n]!));
  if (mode.covariance !== null) {
    const derivatives = new Float64Array(density.dimension),
      scaleOf = scales(density);
    for (const m of rows) {
      m.mean.forEach((x, e) => {
        density.derivativeOf(m.r.name, e, derivatives);
        m.only[e] = onlyOne(derivatives);
        m.sd[e] = Math.sqrt(deltaVariance(mode, derivatives));
        [m.q5[e], m.q95[e]] = interval(x, m.sd[e]!, scaleOf(m.r.name, e));
      });
    }
    carryQuantiles(density, mode, rows, read);
  }
  return rows.map((m) => [m.r.name, m]);
}

/** Elements that move with one coordinate, monotonely, get the images of its quantiles. */
function carryQuantiles(density: DifferentiableDensity, mode: Mode, rows: readonly Row[], read: () => readonly Float64Array[]): void {
  const p = density.dimension,
    position = mode.position.slice(),
    unit = new Float64Array(p);
  for (let k = 0; k < p; k++) {
    if (!rows.some((m) => m.only.includes(k))) continue;
    unit[k] = 1;
    const sd = Math.sqrt(deltaVariance(mode, unit));
    unit[k] = 0;
    const [low, high] = [-1, 1].map((side) => {
      position[k] = mode.position[k]! + side * normalQuantile95 * sd;
      density.constrain(position);
      return read();
    });
    position[k] = mode.position[k]!;
    rows.forEach((m, n) => {
      m.only.forEach((only, e) => {
        const a = low![n]![e]!,
          b = high![n]![e]!,
          x = m.mean[e]!;
        if (only !== k || !((a - x) * (b - x) < 0)) return;
        m.q5[e] = Math.min(a, b);
        m.q95[e] = Math.max(a, b);
      });
    });
  }
  density.constrain(mode.position);
}

function onlyOne(row: Float64Array): number {
  let found = -1;
  for (let i = 0; i < row.length; i++)
    if (row[i] !== 0) {
      if (found >= 0) return -1;
      found = i;
    }
  return found;
}

function interval(x: number, sd: number, scale: Scale): readonly [number, number] {
  const z = normalQuantile95;
  switch (scale) {
    case 'log':
      return x > 0 ? [x * Math.exp((-z * sd) / x), x * Math.exp((z * sd) / x)] : [x - z * sd, x + z * sd];
    case 'logit': {
      if (!(x > 0 && x < 1)) return [x - z * sd, x + z * sd];
      const at = Math.log(x / (1 - x)),
        s = sd / (x * (1 - x)),
        back = (t: number): number => 1 / (1 + Math.exp(-t));
      return [back(at - z * s), back(at + z * s)];
    }
    case 'tanh': {
      if (!(Math.abs(x) < 1)) return [x, x];
      const at = Math.atanh(x),
        s = sd / (1 - x * x);
      return [Math.tanh(at - z * s), Math.tanh(at + z * s)];
    }
    case 'plain':
      return [x - z * sd, x + z * sd];
  }
}

/** Simplexes, correlations and variances have their own scales; what moves with one coordinate has that coordinate's. */
function scales(density: DifferentiableDensity): (name: string, element: number) => Scale {
  const kinds = new Map(density.program.coordinates.regions.map((r) => [r.variable.name, regionSupport(r).kind]));
  return (name, element) => {
    const kind = kinds.get(name);
    if (kind === 'simplex') return 'logit';
    if (kind === 'corr') return 'tanh';
    const d = density.builder.storage(name).shape.at(-1) ?? 1;
    return kind === 'cov' && Math.floor(element / d) % d === element % d ? 'log' : 'plain';
  };
}

/** Reports by fourth-order differences along every coordinate. */
function describeReports(
  density: DifferentiableDensity,
  mode: Mode,
  reports: readonly Recorded[],
): readonly (readonly [string, Described])[] {
  const p = density.dimension,
    cells = reports.reduce((n, r) => n + sizeOf(r.shape), 0);
  const read = (): Float64Array[] => {
    density.report();
    return reports.map((r) => Float64Array.from(density.values(r.storage)));
  };
  density.constrain(mode.position);
  const means = read(),
    rows = reports.map((r, n) => emptyRow(r, means[n]!));
  if (mode.covariance === null || cells * p > mostDerivatives) return rows.map((m) => [m.r.name, m]);
  const derivatives = reports.map((r) => Array.from({ length: sizeOf(r.shape) }, () => new Float64Array(p)));
  const position = mode.position.slice(),
    unit = new Float64Array(p);
  for (let k = 0; k < p; k++) {
    unit[k] = 1;
    const sd = Math.sqrt(deltaVariance(mode, unit));
    unit[k] = 0;
    const h = Number.isFinite(sd) && sd > 0 ? differenceStep * sd : 1e-4 * (1 + Math.abs(mode.position[k]!));
    const [near, back, far, farBack] = [h, -h, 2 * h, -2 * h].map((distance) => {
      position[k] = mode.position[k]! + distance;
      density.constrain(position);
      return read();
    });
    position[k] = mode.position[k]!;
    derivatives.forEach((list, n) => {
      list.forEach((row, e) => {
        row[k] = (8 * (near![n]![e]! - back![n]![e]!) - (far![n]![e]! - farBack![n]![e]!)) / (12 * h);
      });
    });
  }
  rows.forEach((m, n) => {
    // Whole numbers and truth values have no derivative.
    if (m.r.discrete) return;
    m.mean.forEach((x, e) => {
      const row = derivatives[n]![e]!;
      m.only[e] = onlyOne(row);
      m.sd[e] = Math.sqrt(deltaVariance(mode, row));
      [m.q5[e], m.q95[e]] = interval(x, m.sd[e]!, 'plain');
    });
  });
  carryQuantiles(density, mode, rows, read);
  return rows.map((m) => [m.r.name, m]);
}
