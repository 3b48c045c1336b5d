/**
 * Minimisation by limited-memory BFGS (Liu and Nocedal 1989; two-loop recursion, Nocedal and Wright 2006,
 * algorithm 7.4) with a line search for the strong Wolfe conditions (ibid., 3.5 and 3.6, cubic steps).
 *
 * Values that are not finite count as too large, so the search backs away from the edge of a domain;
 * where differences of values drown in rounding the approximate Wolfe conditions of Hager and Zhang
 * (2005) take over. Invariant: the value never rises by more than rounding.
 */

/** The value at x; the gradient goes to `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface LbfgsOptions {
  readonly iterations: number;
  /** Stops when the value falls by less than this, relative to its size, in each of several steps. */
  readonly tolerance: number;
  readonly memory?: number | undefined;
}

/** Where a search is after a step. */
export interface LbfgsStep {
  readonly value: number;
  readonly x: Float64Array;
}

export interface LbfgsResult {
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  readonly iterations: number;
  /**
   * `stuck`: no step along the search direction lowers the value, although the gradient is not zero; or none meets the conditions, search after
   * search, so that each costs all its trials and gains next to nothing.
   */
  readonly status: 'converged' | 'iterations' | 'stuck' | 'start';
}

/** Decrease and curvature of the Wolfe conditions. */
const decrease = 1e-4,
  curvature = 0.9;
/** Steps in a row with a small change, or with a search that failed, before the minimisation ends. */
const patience = 3;
const usualMemory = 10;

/** Minimises from a start. A start whose value is not finite comes back as it is, with status `start`. */
export function lbfgs(objective: Objective, start: Float64Array, options: LbfgsOptions): LbfgsResult {
  const steps = lbfgsSteps(objective, start, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same step by step, so that whoever takes them may do something else between two, or end there. */
export function* lbfgsSteps(objective: Objective, start: Float64Array, options: LbfgsOptions): Generator<LbfgsStep, LbfgsResult, void> {
  const n = start.length,
    memory = options.memory ?? usualMemory;
  let x: Float64Array = start.slice(),
    gradient: Float64Array = new Float64Array(n),
    value = objective(x, gradient);
  if (!Number.isFinite(value) || gradient.some((g) => !Number.isFinite(g))) return { x, value, gradient, iterations: 0, status: 'start' };
  const steps: Float64Array[] = [],
    changes: Float64Array[] = [],
    inverses: number[] = [];
  let small = 0,
    failed = 0,
    restarted = false;
  for (let iteration = 0; iteration < options.iterations; iteration++) {
    if (largest(gradient) === 0) return { x, value, gradient, iterations: iteration, status: 'converged' };
    const direction = descent(gradient, steps, changes, inverses);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      // Rounding has spoilt the memory: start again from the gradient.
      forget(steps, changes, inverses);
      for (let i = 0; i < n; i++) direction[i] = -gradient[i]!;
      slope = dot(direction, gradient);
    }
    const first = steps.length === 0 ? Math.min(1, 1 / norm(gradient)) : 1;
    const found = search(objective, x, value, direction, slope, first);
    if (found === null) {
      if (steps.length === 0 || restarted) return { x, value, gradient, iterations: iteration, status: 'stuck' };
      forget(steps, changes, inverses);
      restarted = true;
      continue;
    }
    restarted = false;
    const s = difference(found.x, x),
      y = difference(found.gradient, gradient),
      sy = dot(s, y);
    // The approximation stays positive definite only where the curvature is positive.
    if (sy > 1e-14 * dot(y, y) * (norm(s) / (norm(y) || 1)) && sy > 0) {
      steps.push(s);
      changes.push(y);
      inverses.push(1 / sy);
      if (steps.length > memory) {
        steps.shift();
        changes.shift();
        inverses.shift();
      }
    }
    const change = value - found.value;
    x = found.x;
    gradient = found.gradient;
    value = found.value;
    yield { value, x };
    small = change <= options.tolerance * Math.max(1, Math.abs(value)) ? small + 1 : 0;
    if (small >= patience) return { x, value, gradient, iterations: iteration + 1, status: 'converged' };
    failed = found.meetsConditions ? 0 : failed + 1;
    if (failed >= patience) return { x, value, gradient, iterations: iteration + 1, status: 'stuck' };
  }
  return { x, value, gradient, iterations: options.iterations, status: 'iterations' };
}

function forget(...lists: unknown[][]): void {
  for (const list of lists) list.length = 0;
}

/** Minus the approximate inverse Hessian times the gradient. */
function descent(
  gradient: Float64Array,
  steps: readonly Float64Array[],
  changes: readonly Float64Array[],
  inverses: readonly number[],
): Float64Array {
  const q = gradient.slice(),
    m = steps.length,
    alpha = new Float64Array(m);
  for (let k = m - 1; k >= 0; k--) {
    alpha[k] = inverses[k]! * dot(steps[k]!, q);
    addScaled(q, -alpha[k]!, changes[k]!);
  }
  if (m > 0) {
    const y = changes[m - 1]!,
      scale = 1 / (inverses[m - 1]! * dot(y, y));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (let k = 0; k < m; k++) addScaled(q, alpha[k]! - inverses[k]! * dot(changes[k]!, q), steps[k]!);
  for (let i = 0; i < q.length; i++) q[i] = -q[i]!;
  return q;
}

interface Point {
  readonly step: number;
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  readonly slope: number;
}

interface Found extends Point {
  /** Whether the strong Wolfe conditions hold. */
  readonly meetsConditions: boolean;
}

/** A step that satisfies the strong Wolfe conditions, or at least lowers the value; null where none was found. */
function search(objective: Objective, x: Float64Array, value: number, direction: Float64Array, slope: number, first: number): Found | null {
  const rounding = 1e-15 * Math.abs(value) * 8;
  const evaluate = (step: number): Point => {
    const at = x.slice(),
      gradient = new Float64Array(x.length);
    addScaled(at, step, direction);
    const here = objective(at, gradient);
    const usable = Number.isFinite(here) && gradient.every((g) => Number.isFinite(g));
    return { step, x: at, value: usable ? here : Infinity, gradient, slope: usable ? dot(gradient, direction) : Number.NaN };
  };
  const lowEnough = (p: Point): boolean =>
    p.value <= value + decrease * p.step * slope || (p.value <= value + rounding && p.slope <= (2 * decrease - 1) * slope);
  const flatEnough = (p: Point): boolean => Math.abs(p.slope) <= -curvature * slope;
  const origin: Point = { step: 0, x, value, gradient: new Float64Array(0), slope };
  let low = origin,
    high: Point | null = null,
    best: Point | null = null,
    step = first;
  for (let trial = 0; trial < 60; trial++) {
    const p = evaluate(step);
    if (p.value < value && (best === null || p.value < best.value)) best = p;
    if (!lowEnough(p) || (low !== origin && p.value > low.value + rounding)) high = p;
    else if (flatEnough(p)) return { ...p, meetsConditions: true };
    else {
      if (p.slope * ((high?.step ?? Infinity) - low.step) >= 0) high = low;
      low = p;
    }
    if (high === null) {
      step = extrapolated(low, origin, step);
      continue;
    }
    const width = high.step - low.step;
    if (Math.abs(width) <= 1e-14 * Math.max(Math.abs(low.step), Math.abs(high.step))) break;
    const cubic = high.value === Infinity ? low.step + 0.2 * width : minimumOfCubic(low, high);
    // Kept inside, so that the interval shrinks by a tenth at least.
    const left = Math.min(low.step, high.step) + 0.1 * Math.abs(width),
      right = Math.max(low.step, high.step) - 0.1 * Math.abs(width);
    step = Number.isFinite(cubic) ? Math.min(right, Math.max(left, cubic)) : low.step + 0.5 * width;
  }
  const left = low !== origin && low.value <= value + rounding ? low : best;
  return left === null ? null : { ...left, meetsConditions: false };
}

function extrapolated(low: Point, origin: Point, step: number): number {
  const guess = low === origin ? Number.NaN : minimumOfCubic(origin, low);
  return Number.isFinite(guess) && guess > step ? Math.min(10 * step, Math.max(2 * step, guess)) : 4 * step;
}

/** Minimum of the cubic through two points with their slopes. */
function minimumOfCubic(a: Point, b: Point): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.step - b.step);
  const d2 = Math.sign(b.step - a.step) * Math.sqrt(d1 * d1 - a.slope * b.slope);
  return b.step - ((b.step - a.step) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
}

function dot(a: Float64Array, b: Float64Array): number {
  let s = 0;
  for (let i = 0; i < a.length; i++) s += a[i]! * b[i]!;
  return s;
}
function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
function largest(a: Float64Array): number {
  let m = 0;
  for (const x of a) m = Math.max(m, Math.abs(x));
  return m;
}
function addScaled(a: Float64Array, scale: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i]! += scale * b[i]!;
}
function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((v, i) => v - b[i]!);
}
