/**
 * Starts for mixtures: clusters of the data, found without knowing what the data are. With all labels
 * shared equally the unknowns are fitted to everything; the score of one element there (the gradient of
 * its log density) is a vector in which like elements lie together. Seeds are drawn among them as
 * k-means++ draws them (Arthur and Vassilvitskii 2007), and the unknowns fitted to the clusters.
 */
import { choleskyInPlace, solveLower, solveLowerTransposed } from '../numeric/linearAlgebra.js';
import type { DifferentiableDensity } from './gradient.js';
import type { Interruptible } from './stopping.js';

/** A group of labels to seed: its table of joint probabilities, with so many states to each element. */
export interface Seeding {
  readonly table: string;
  readonly states: number;
}

/** Elements that are looked at. */
const mostElements = 300;
/** Rounds of k-means after the seeds. */
const rounds = 5;
/** Weight of the element's own cluster; the rest is shared, so that no cluster is a single point. */
const ownWeight = 0.9;

/** The largest group that has enough elements; null where none has. */
export function seeding(density: DifferentiableDensity): Seeding | null {
  if (density.program.summed.expected === null) return null;
  let best: { readonly table: string; readonly states: number; readonly elements: number } | null = null;
  for (const g of density.program.summed.groups) {
    const states = g.latents.reduce((n, l) => n * l.count, 1);
    if (g.joint === null || states < 2) continue;
    const elements = density.values(g.joint).length / states;
    if (elements >= 2 * states && (best === null || elements > best.elements)) best = { table: g.joint, states, elements };
  }
  return best;
}

/** A position fitted to clusters; null where the fits fail. @param climb raises the expected log density from a position. */
export function* seededStart(
  density: DifferentiableDensity,
  { table, states }: Seeding,
  from: Float64Array,
  climb: (from: Float64Array) => Interruptible<Float64Array | null>,
): Interruptible<Float64Array | null> {
  density.density(from, false);
  const cells = density.values(table) as Float64Array,
    elements: number[] = [];
  // Tables of all groups start as they are at the position: where an element exists its row sums to one.
  for (let n = 0; n < cells.length / states; n++) {
    let sum = 0;
    for (let k = 0; k < states; k++) sum += cells[n * states + k]!;
    if (sum > 0.5 || Number.isNaN(sum)) elements.push(n);
  }
  if (elements.length < 2 * states) return null;
  for (const n of elements) cells.fill(1 / states, n * states, (n + 1) * states);
  const pooled = yield* climb(from);
  if (pooled === null) return null;

  const looked = sampled(density, elements);
  const vectors = yield* scores(density, cells, states, looked, pooled);
  const clusters = cluster(density, vectors, states);
  if (clusters === null) return null;
  cells.fill(0);
  looked.forEach((n, j) => {
    for (let k = 0; k < states; k++) cells[n * states + k] = (1 - ownWeight) / states + (clusters[j] === k ? ownWeight : 0);
  });
  return yield* climb(pooled);
}

function sampled(density: DifferentiableDensity, elements: readonly number[]): readonly number[] {
  if (elements.length <= mostElements) return elements;
  const pool = [...elements];
  // The first of a shuffle.
  for (let k = 0; k < mostElements; k++) {
    const j = k + Math.floor(density.random.uniform() * (pool.length - k));
    [pool[k], pool[j]] = [pool[j]!, pool[k]!];
  }
  return pool.slice(0, mostElements);
}

/**
 * Where single elements would move the unknowns: their scores in the first state times the inverse of
 * the scores' covariance (for the mean of a Normal this is the datum itself), by coordinate of unit variance.
 */
function* scores(
  density: DifferentiableDensity,
  cells: Float64Array,
  states: number,
  looked: readonly number[],
  position: Float64Array,
): Interruptible<readonly Float64Array[]> {
  const p = density.dimension,
    without = new Float64Array(p);
  cells.fill(0);
  density.expected(position, without);
  const vectors: Float64Array[] = [];
  for (const n of looked) {
    yield;
    const own = new Float64Array(p);
    cells[n * states] = 1;
    density.expected(position, own);
    cells[n * states] = 0;
    vectors.push(own.map((g, i) => g - without[i]!));
  }
  // Locations tell clusters apart better than scales do, where there are locations.
  const moves = (i: number): boolean => vectors.some((v) => v[i] !== 0);
  const located = density.owners.some((o, i) => o.kind === 'real' && moves(i));
  const used = density.owners.flatMap((o, i) => (moves(i) && (!located || o.kind === 'real') ? [i] : [])),
    d = used.length;
  const rows = vectors.map((v) => Float64Array.from(used, (i) => v[i]!));
  centre(rows, d);
  const covariance = new Float64Array(d * d);
  for (const r of rows) for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) covariance[i * d + j]! += (r[i]! * r[j]!) / rows.length;
  for (let i = 0; i < d; i++) covariance[i * d + i]! *= 1 + 1e-8;
  if (choleskyInPlace(covariance, 0, d))
    for (const r of rows) {
      solveLower(covariance, 0, d, r, 0);
      solveLowerTransposed(covariance, 0, d, r, 0);
    }
  for (let i = 0; i < d; i++) {
    const sd = Math.sqrt(rows.reduce((s, r) => s + r[i]! ** 2, 0) / rows.length);
    for (const r of rows) r[i] = sd > 0 ? r[i]! / sd : 0;
  }
  return rows;
}

function centre(rows: readonly Float64Array[], d: number): void {
  for (let i = 0; i < d; i++) {
    const mean = rows.reduce((s, r) => s + r[i]!, 0) / rows.length;
    for (const r of rows) r[i]! -= mean;
  }
}

/** k-means++ and a few rounds of k-means; the cluster of each vector, or null where they do not differ. */
function cluster(density: DifferentiableDensity, vectors: readonly Float64Array[], count: number): readonly number[] | null {
  const distance = (a: Float64Array, b: Float64Array): number => {
    let s = 0;
    for (let i = 0; i < a.length; i++) s += (a[i]! - b[i]!) ** 2;
    return s;
  };
  const usable = vectors.filter((v) => v.every((x) => Number.isFinite(x)));
  if (usable.length < count) return null;
  let centres: Float64Array[] = [usable[Math.floor(density.random.uniform() * usable.length)]!];
  while (centres.length < count) {
    const weights = usable.map((v) => Math.min(...centres.map((c) => distance(v, c)))),
      total = weights.reduce((a, b) => a + b, 0);
    if (!(total > 0)) return null;
    let left = density.random.uniform() * total;
    const chosen = weights.findIndex((w) => {
      left -= w;
      return left < 0;
    });
    centres.push(usable[chosen < 0 ? usable.length - 1 : chosen]!);
  }
  const nearest = (v: Float64Array): number => centres.reduce((best, c, k) => (distance(v, c) < distance(v, centres[best]!) ? k : best), 0);
  for (let round = 0; round < rounds; round++) {
    const labels = vectors.map(nearest);
    centres = centres.map((old, k) => {
      const own = vectors.filter((_, j) => labels[j] === k);
      return own.length === 0 ? old : old.map((_, i) => own.reduce((s, v) => s + v[i]!, 0) / own.length);
    });
  }
  return vectors.map(nearest);
}
