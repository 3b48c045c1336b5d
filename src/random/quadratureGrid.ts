/**
 * A one-dimensional density kept on an adaptive quadrature grid: Gauss-Legendre panels in coordinates
 * without bounds, between the points where the density has fallen to e^-40 of its maximum. The panel
 * whose Legendre expansion ends worst is halved until the panels are spent, so that kinks and separate
 * modes get theirs. The distribution function inside a panel is the integral of that expansion
 * (Trefethen, Approximation Theory and Practice, 2013, ch. 19), which gives quantiles and draws.
 */
import type { Random } from './generator.js';

const panels = 32;
const order = 8;
/** Nodes of a grid. */
export const gridNodes: number = panels * order;
/** Numbers that describe the panels: their edges. */
export const gridEdges: number = panels + 1;

/** Panels before the first is halved. */
const firstPanels = 8;
/** Points on either side of the origin of a first look, e^(k/6) - 1 away, and the last one ever looked at. */
const coarsePoints = 60;
const farthestPoint = 600;
/** exp(-40) is below the rounding of a sum of probabilities. */
const drop = 40;
/** Numbers that say what a grid misses: shares of its mass that the panels do not resolve, and that lie too near a bound. */
export const gridLosses = 2;

/** Gauss-Legendre abscissae and weights of order 8 (Abramowitz and Stegun 1964, table 25.4). */
const abscissae: readonly number[] = [
  -0.9602898564975363, -0.7966664774136267, -0.525532409916329, -0.1834346424956498, 0.1834346424956498, 0.525532409916329,
  0.7966664774136267, 0.9602898564975363,
];
const weightsOf: readonly number[] = [
  0.1012285362903763, 0.2223810344533745, 0.3137066458778873, 0.362683783378362, 0.362683783378362, 0.3137066458778873, 0.2223810344533745,
  0.1012285362903763,
];
/** P_k at the abscissae, [k, i]. */
const legendreAt: readonly (readonly number[])[] = Array.from({ length: order }, (_, k) => abscissae.map((x) => legendre(k, x)));

function legendre(k: number, x: number): number {
  let before = 1,
    now = x;
  if (k === 0) return 1;
  for (let n = 1; n < k; n++) {
    const next = ((2 * n + 1) * x * now - n * before) / (n + 1);
    before = now;
    now = next;
  }
  return now;
}

/** The real line and the interval [low, high]: identity, exponential or logistic. */
interface Coordinates {
  place(y: number): number;
  logJacobian(y: number): number;
}
function coordinates(low: number, high: number): Coordinates {
  const lower = Number.isFinite(low),
    upper = Number.isFinite(high);
  if (lower && upper) {
    return {
      place: (y) =>
        y < 0 ? low + ((high - low) * Math.exp(y)) / (1 + Math.exp(y)) : high - ((high - low) * Math.exp(-y)) / (1 + Math.exp(-y)),
      logJacobian: (y) => Math.log(high - low) - Math.abs(y) - 2 * Math.log1p(Math.exp(-Math.abs(y))),
    };
  }
  if (lower) return { place: (y) => low + Math.exp(y), logJacobian: (y) => y };
  if (upper) return { place: (y) => high - Math.exp(-y), logJacobian: (y) => -y };
  return { place: (y) => y, logJacobian: () => 0 };
}

/**
 * Fills `nodes`, `weights` (probabilities, increasing nodes) and `edges` of the panels (in the
 * coordinates without bounds) from their offsets on, estimates what the grid misses (`losses`), and returns the log of
 * the integral of exp(logDensity) over [low, high]; NaN where there is no finite maximum.
 */
export function quadratureGrid(
  _random: Random,
  logDensity: (x: number) => number,
  low: number,
  high: number,
  nodes: Float64Array,
  nodeOffset: number,
  weights: Float64Array,
  weightOffset: number,
  edges: Float64Array,
  edgeOffset: number,
  losses: Float64Array,
  lossOffset: number,
): number {
  const { place, logJacobian } = coordinates(low, high);
  const f = (y: number): number => {
    const x = place(y);
    // A bound itself has no mass, though a density may be infinite there.
    if (x <= low || x >= high) return -Infinity;
    const value = logDensity(x) + logJacobian(y);
    return Number.isNaN(value) ? -Infinity : value;
  };
  const range = support(f);
  losses.fill(0, lossOffset, lossOffset + gridLosses);
  if (range === null) {
    weights.fill(NaN, weightOffset, weightOffset + gridNodes);
    return NaN;
  }
  let { top } = range,
    { made, error, highest } = refine(f, top, range.left, range.right);
  // A mode that only the panels found may be too high for numbers in units of the first.
  while (highest > top + drop) {
    top = highest;
    ({ made, error, highest } = refine(f, top, range.left, range.right));
  }
  let total = 0,
    last = -1;
  made.forEach((p, k) => {
    edges[edgeOffset + k] = p.left;
    for (let i = 0; i < order; i++) {
      const n = k * order + i,
        w = weightsOf[i]! * p.half * p.values[i]!;
      nodes[nodeOffset + n] = place(p.left + p.half * (1 + abscissae[i]!));
      weights[weightOffset + n] = w;
      total += w;
      // Where there is no mass, a statistic may be infinite: such a node stands with its neighbour, lest 0 times infinity is added.
      if (p.logs[i] === -Infinity) {
        if (last >= 0) nodes[nodeOffset + n] = nodes[nodeOffset + last]!;
      } else {
        if (last < 0) nodes.fill(nodes[nodeOffset + n]!, nodeOffset, nodeOffset + n);
        last = n;
      }
    }
  });
  edges[edgeOffset + panels] = range.right;
  for (let i = 0; i < gridNodes; i++) weights[weightOffset + i]! /= total;
  const share = (lost: number): number => (lost === Infinity ? 1 : lost / (total + lost));
  losses[lossOffset] = share(
    error +
      betweenNodes(
        f,
        top,
        made.flatMap((p) => pointsOf(p)),
      ),
  );
  losses[lossOffset + 1] = share(
    [
      { bound: low, end: range.left },
      { bound: high, end: range.right },
    ].reduce((sum, { bound, end }) => sum + nearBound(f, top, (y) => place(y) === bound, range.at, end), 0),
  );
  return top + Math.log(total);
}

/** By so many e-folds the density rises beside a node that does not see a mode. */
const unseenRise = 2;

interface Point {
  readonly y: number;
  readonly value: number;
}

function pointsOf(p: Pick<Panel, 'left' | 'half' | 'logs'>): readonly Point[] {
  return p.logs.map((value, i) => ({ y: p.left + p.half * (1 + abscissae[i]!), value }));
}

/** Mass, in units of the top, of modes between nodes: where these see none of it, their order tells of it all the same. */
function betweenNodes(f: (y: number) => number, top: number, seen: readonly Point[]): number {
  let mass = 0;
  for (let k = 1; k < seen.length - 1; k++) {
    const [before, here, after] = [seen[k - 1]!, seen[k]!, seen[k + 1]!];
    if (!(here.value > before.value && here.value >= after.value)) continue;
    const mode = climb(f, before.y, after.y, here);
    if (mode.value > here.value + unseenRise) mass += Math.exp(Math.min(drop, mode.value - top)) * mode.width;
  }
  return mass;
}

/**
 * Where numbers are about to run out at a bound, the fall of the density is carried on from two points, so far inside. At the first,
 * a place still has e^3 = 20 values of its own to the bound: rounding moves its coordinate by a fortieth at most. Between them, 5
 * e-folds of the distance, a power of the distance has shown its slope, and what is beyond has not yet bent it.
 */
const roundedEnd = 3;
const straightEnd = 8;
/** Halvings after which an interval has no double between its ends. */
const halvings = 60;

/** Mass, in units of the top, that lies nearer to a bound than numbers do: the density goes on falling as it did before. */
function nearBound(f: (y: number) => number, top: number, isBound: (y: number) => boolean, start: number, end: number): number {
  if (!isBound(end)) return 0;
  let inside = start,
    outside = end;
  for (let k = 0; k < halvings; k++) {
    const middle = (inside + outside) / 2;
    if (isBound(middle)) outside = middle;
    else inside = middle;
  }
  const side = Math.sign(end - start);
  const near = f(inside - side * roundedEnd);
  if (near === -Infinity) return 0;
  const slope = (f(inside - side * straightEnd) - near) / (straightEnd - roundedEnd);
  return slope > 0 ? Math.exp(near - roundedEnd * slope - top) / slope : Infinity;
}

interface Panel {
  readonly left: number;
  readonly half: number;
  /** Of the density at the nodes, and the density in units of the top. */
  readonly logs: readonly number[];
  readonly values: readonly number[];
  readonly error: number;
  readonly atLeft: number;
  readonly atRight: number;
}

/** The nodes next to a panel's ends stand this share of its half width inside. */
const margin = 0.02;

function panel(f: (y: number) => number, top: number, left: number, half: number): Panel {
  const logs = abscissae.map((x) => f(left + half * (1 + x)));
  const values = logs.map((value) => Math.exp(value - top));
  const coefficients = legendreAt.map((row, k) => {
    let a = 0;
    for (let i = 0; i < order; i++) a += weightsOf[i]! * values[i]! * row[i]!;
    return a * (k + 0.5);
  });
  // The rule is exact to degree 15: the fall of the last coefficients, carried on for four more pairs,
  // says what it misses; a kink stops the fall.
  const pair = (k: number): number => Math.abs(coefficients[k]!) + Math.abs(coefficients[k + 1]!);
  const last = pair(order - 2),
    before = pair(order - 4);
  const fall = last === 0 ? 0 : Math.min(1, last / before);
  return {
    left,
    half,
    logs,
    values,
    error: last * fall ** 4 * half + betweenNodes(f, top, pointsOf({ left, half, logs })),
    atLeft: coefficients.reduce((sum, a, k) => sum + (k % 2 === 0 ? a : -a), 0),
    atRight: coefficients.reduce((sum, a) => sum + a, 0),
  };
}

/** The panels, the integral that they may still be wrong by, and the greatest log density at their nodes. */
function refine(
  f: (y: number) => number,
  top: number,
  left: number,
  right: number,
): { made: readonly Panel[]; error: number; highest: number } {
  const half = (right - left) / firstPanels / 2;
  const made = Array.from({ length: firstPanels }, (_, k) => panel(f, top, left + 2 * half * k, half));
  // Between its last node and its end a panel sees nothing: there, neighbours must agree.
  const error = (k: number): number => {
    const p = made[k]!;
    const gap = Math.max(Math.abs(p.atLeft - (made[k - 1]?.atRight ?? p.atLeft)), Math.abs(p.atRight - (made[k + 1]?.atLeft ?? p.atRight)));
    return Math.max(p.error, margin * p.half * gap);
  };
  while (made.length < panels) {
    let worst = 0,
      most = -1;
    for (let k = 0; k < made.length; k++) {
      const e = error(k);
      if (e > most) {
        worst = k;
        most = e;
      }
    }
    const p = made[worst]!;
    made.splice(worst, 1, panel(f, top, p.left, p.half / 2), panel(f, top, p.left + p.half, p.half / 2));
  }
  return {
    made,
    error: made.reduce((sum, _, k) => sum + error(k), 0),
    highest: made.reduce((most, p) => Math.max(most, ...p.logs), -Infinity),
  };
}

/** The maximum and where it is, and the ends between which the density lives. */
interface Range {
  readonly top: number;
  readonly at: number;
  readonly left: number;
  readonly right: number;
}

/** Where the density lives, and its maximum: coarse points of growing distance from the origin, golden sections, steps outwards. */
function support(f: (y: number) => number): Range | null {
  const at = (k: number): { readonly y: number; readonly value: number } => {
    const y = Math.sign(k) * (Math.exp(Math.abs(k) / 6) - 1);
    return { y, value: f(y) };
  };
  const coarse = Array.from({ length: 2 * coarsePoints + 1 }, (_, k) => at(k - coarsePoints));
  // As far out as it takes, while the density rises.
  for (let k = coarsePoints; k < farthestPoint && coarse[0]!.value > coarse[1]!.value; k++) coarse.unshift(at(-k - 1));
  for (let k = coarsePoints; k < farthestPoint && coarse[coarse.length - 1]!.value > coarse[coarse.length - 2]!.value; k++)
    coarse.push(at(k + 1));
  const modes = coarse.flatMap((p, k) => {
    const before = coarse[k - 1] ?? p,
      after = coarse[k + 1] ?? p;
    return p.value > -Infinity && p.value >= before.value && p.value >= after.value ? [climb(f, before.y, after.y, p)] : [];
  });
  const top = modes.reduce((best, mode) => (mode.value > best.value ? mode : best), { y: 0, value: -Infinity });
  if (!Number.isFinite(top.value)) return null;
  const inside = [...coarse, ...modes].filter((p) => p.value > top.value - drop).map((p) => p.y);
  const left = fall(f, Math.min(top.y, ...inside), top.value, -1),
    right = fall(f, Math.max(top.y, ...inside), top.value, 1);
  // A density that does not fall as far as numbers go has no integral that they could hold.
  return Number.isFinite(right - left) ? { top: top.value, at: top.y, left, right } : null;
}

/** Golden sections until the bracket lies within the top e-fold of the density; `width` is that of the bracket. */
function climb(
  f: (y: number) => number,
  from: number,
  to: number,
  start: { readonly y: number; readonly value: number },
): { readonly y: number; readonly value: number; readonly width: number } {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let a = from,
    b = to,
    fa = f(a),
    fb = f(b);
  let c = b - ratio * (b - a),
    d = a + ratio * (b - a);
  let fc = f(c),
    fd = f(d);
  let best = start;
  for (let k = 0; k < 200; k++) {
    if (fc > best.value) best = { y: c, value: fc };
    if (fd > best.value) best = { y: d, value: fd };
    if (best.value - Math.min(fa, fb) < 1 || b - a <= 1e-15 * (Math.abs(a) + Math.abs(b))) break;
    if (fc > fd) {
      b = d;
      fb = fd;
      d = c;
      fd = fc;
      c = b - ratio * (b - a);
      fc = f(c);
    } else {
      a = c;
      fa = fc;
      c = d;
      fc = fd;
      d = a + ratio * (b - a);
      fd = f(d);
    }
  }
  return { ...best, width: b - a };
}

/** Where the density has fallen by `drop` on one side of a point. */
function fall(f: (y: number) => number, start: number, top: number, side: 1 | -1): number {
  let step = 1e-6 * (1 + Math.abs(start)),
    inside = start;
  let outside = start + side * step;
  while (Math.abs(outside) < Infinity && f(outside) > top - drop) {
    inside = outside;
    step *= 2;
    outside = start + side * step;
  }
  // The panels need no exact end: a sixteenth of the last step is enough.
  for (let k = 0; k < 4; k++) {
    const middle = (inside + outside) / 2;
    if (f(middle) > top - drop) inside = middle;
    else outside = middle;
  }
  return outside;
}

/** The x with distribution function u of the law on a grid, 0 < u < 1. */
export function gridQuantile(
  _random: Random,
  u: number,
  low: number,
  high: number,
  weights: Float64Array,
  weightOffset: number,
  edges: Float64Array,
  edgeOffset: number,
): number {
  let below = 0,
    k = 0,
    mass = 0;
  for (; k < panels; k++) {
    mass = 0;
    for (let i = 0; i < order; i++) mass += weights[weightOffset + k * order + i]!;
    if (below + mass >= u || k === panels - 1) break;
    below += mass;
  }
  const left = edges[edgeOffset + k]!,
    half = (edges[edgeOffset + k + 1]! - left) / 2;
  // Coefficients of the density in the panel, in units of its mass: w_i = gauss_i f_i.
  const coefficients = new Float64Array(order);
  for (let n = 0; n < order; n++) {
    let a = 0;
    for (let i = 0; i < order; i++) a += weights[weightOffset + k * order + i]! * legendreAt[n]![i]!;
    coefficients[n] = a * (n + 0.5);
  }
  let a = -1,
    b = 1;
  for (let step = 0; step < 50; step++) {
    const x = (a + b) / 2;
    if (below + integral(coefficients, x) < u) a = x;
    else b = x;
  }
  return coordinates(low, high).place(left + half * (1 + (a + b) / 2));
}

/** Integral of sum a_n P_n from -1 to x: (P_{n+1} - P_{n-1}) / (2n + 1). */
function integral(a: Float64Array, x: number): number {
  let before = 1,
    now = x;
  let sum = a[0]! * (x + 1);
  for (let n = 1; n < order; n++) {
    const next = ((2 * n + 1) * x * now - n * before) / (n + 1);
    sum += (a[n]! * (next - before)) / (2 * n + 1);
    before = now;
    now = next;
  }
  return sum;
}

/** Of a moment's integrand at an infinite end, against its greatest value: beyond, what lies outside the grid counts. */
const negligibleTail = 1e-3;

/**
 * 1 where the grid holds the moment of the given order, 0 where it does not exist or where what lies beyond the
 * grid adds to it: the integrand, over the logarithm of the distance, must have fallen at each infinite end.
 */
export function gridHolds(
  _random: Random,
  moment: number,
  low: number,
  high: number,
  nodes: Float64Array,
  nodeOffset: number,
  weights: Float64Array,
  weightOffset: number,
  edges: Float64Array,
  edgeOffset: number,
): number {
  const lower = Number.isFinite(low),
    upper = Number.isFinite(high);
  if (lower && upper) return 1;
  let middle = 0,
    below = 0;
  while (middle < gridNodes - 1 && (below += weights[weightOffset + middle]!) < 0.5) middle++;
  const centre = lower ? low : upper ? high : nodes[nodeOffset + middle]!;
  // Densities are those of the coordinates: with one bound these are the logarithm of the distance already.
  const power = lower || upper ? moment : moment + 1;
  const logDensity = (k: number): number => {
    const p = edgeOffset + Math.floor(k / order),
      half = (edges[p + 1]! - edges[p]!) / 2;
    return Math.log(weights[weightOffset + k]! / (weightsOf[k % order]! * half));
  };
  const logIntegrand = (k: number): number => logDensity(k) + power * Math.log(Math.abs(nodes[nodeOffset + k]! - centre));
  let most = -Infinity,
    top = -Infinity;
  for (let k = 0; k < gridNodes; k++) {
    most = Math.max(most, logIntegrand(k));
    top = Math.max(top, logDensity(k));
  }
  const limit = most + Math.log(negligibleTail);
  // A grid ends where the density has fallen by `drop`: between its last node and there only a cut falls so far.
  const ends = (k: number): boolean => logIntegrand(k) <= limit || logDensity(k) > top - drop / 2;
  return (lower || ends(0)) && (upper || ends(gridNodes - 1)) ? 1 : 0;
}

/** A draw from the law on a grid. */
export function gridDraw(
  random: Random,
  low: number,
  high: number,
  weights: Float64Array,
  weightOffset: number,
  edges: Float64Array,
  edgeOffset: number,
): number {
  return gridQuantile(random, random.uniform(), low, high, weights, weightOffset, edges, edgeOffset);
}
