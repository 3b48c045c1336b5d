/**
 * Which coordinates may be moved together when second derivatives are taken by differences of gradients: those of one
 * colour (`numeric/starColouring.ts`), so that a hierarchy of a thousand unknowns takes a dozen differences.
 *
 * Which coordinates meet is seen in the gradient itself: each is moved once, and what changes meets it. That is right for
 * whatever the density is made of (sums over labels, recursions, host functions); what happens to be still at one position
 * is found out by `Differences`, which tests every curvature along one more direction.
 */
import { minimumDegree, positionsOf } from '../numeric/ordering.js';
import { type Graph, graphOf, type SparsePattern, symbolicFactor } from '../numeric/sparseCholesky.js';
import { starColouring } from '../numeric/starColouring.js';
import type { Interruptible } from './stopping.js';

/** A value to raise, with its gradient. */
export type Climbed = (position: Float64Array, gradient: Float64Array) => number;

export interface Groups {
  /** Coordinates that are moved together. */
  readonly members: readonly Int32Array[];
  /** Null where each is moved alone. */
  readonly sparse: Sparse | null;
}

export interface Sparse {
  readonly graph: Graph;
  readonly colour: Int32Array;
  /** For the Cholesky factor of the curvature: when each coordinate is eliminated, and the pattern in that order. */
  readonly position: Int32Array;
  readonly pattern: SparsePattern;
}

/** Fewer coordinates are moved one by one. */
const fewestCoordinates = 30;
/** Part of all pairs beyond which nothing is gained. */
const mostPairs = 0.5;
/** Colours to a coordinate beyond which nothing is gained. */
const mostColours = 0.5;
/**
 * How far a coordinate is moved to see what changes, in proportion to its size: rounding is 1e-8 of that again. All
 * stand off the position before, because derivatives vanish at places of symmetry.
 */
const shift = 1e-8,
  offset = 1e-6;
const golden = (Math.sqrt(5) - 1) / 2;

export function eachAlone(p: number): Groups {
  return { members: Array.from({ length: p }, (_, k) => Int32Array.of(k)), sparse: null };
}

/** The groups for a position; what met before is taken to meet here. Costs a gradient for each coordinate. */
export function* observedGroups(objective: Climbed, at: Float64Array, before: Groups): Interruptible<Groups> {
  const p = at.length;
  if (p < fewestCoordinates) return before;
  const x = at.map((u, i) => u + offset * (1 + Math.abs(u)) * (0.5 + fraction(golden * (i + 1))));
  const still = new Float64Array(p),
    moved = new Float64Array(p);
  if (!Number.isFinite(objective(x, still))) return before;
  const left: number[] = [],
    right: number[] = [];
  const known = before.sparse?.graph;
  for (let k = 0; k < p; k++) {
    yield;
    const own = x[k]!;
    x[k] = own + shift * (1 + Math.abs(own));
    objective(x, moved);
    x[k] = own;
    for (let i = 0; i < p; i++)
      if (i !== k && moved[i] !== still[i]) {
        left.push(k);
        right.push(i);
      }
    if (known !== undefined)
      for (let e = known.start[k]!; e < known.start[k + 1]!; e++) {
        left.push(k);
        right.push(known.adjacent[e]!);
      }
    if (left.length > 2 * mostPairs * p * p) return eachAlone(p);
  }
  const graph = graphOf(p, Int32Array.from(left), Int32Array.from(right), left.length);
  if (graph.adjacent.length > mostPairs * p * p) return eachAlone(p);
  const { colour, count } = starColouring(graph);
  if (count > mostColours * p) return eachAlone(p);
  const members = Array.from({ length: count }, (): number[] => []);
  colour.forEach((c, k) => {
    members[c]!.push(k);
  });
  const order = minimumDegree(graph),
    position = positionsOf(order);
  return {
    members: members.map((own) => Int32Array.from(own)),
    sparse: { graph, colour, position, pattern: symbolicFactor(graph, order, position) },
  };
}

/** Whether two observations say the same. */
export function sameGroups(a: Groups, b: Groups): boolean {
  return a.sparse?.graph.adjacent.length === b.sparse?.graph.adjacent.length;
}

/** Signs for a direction, others for every number. */
export function signs(p: number, number: number): Float64Array {
  return Float64Array.from({ length: p }, (_, i) => (fraction(golden * (i + 1) * (number + 1)) < 0.5 ? -1 : 1));
}

function fraction(x: number): number {
  return x - Math.floor(x);
}
