/**
 * Colours for the rows of a sparse symmetric matrix, such that its product with the sum of the unit vectors of each colour
 * gives every element (Powell and Toint 1979; as restricted star colouring in Gebremedhin, Manne and Pothen 2005, What
 * color is your Jacobian?, section 6).
 *
 * Invariant: neighbours differ, and where the two ends of a path of three nodes share a colour the middle's is lower. So a
 * node has at most one neighbour of any lower colour, and no other node of its own colour beside it: element (i, j) with
 * colour i < colour j is row j of the product with colour i, element (i, i) is row i of the product with its own.
 */
import type { Graph } from './sparseCholesky.js';

export interface Colouring {
  /** From 0, by node. */
  readonly colour: Int32Array;
  readonly count: number;
}

/** Greedy, from the node with most neighbours to the one with fewest: what everything meets has the lowest colours, alone. */
export function starColouring({ n, start, adjacent }: Graph): Colouring {
  const degree = (i: number): number => start[i + 1]! - start[i]!;
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => degree(b) - degree(a) || a - b);
  const colour = new Int32Array(n).fill(-1);
  /** forbidden[c] is the node that was last kept from colour c. */
  const forbidden = new Int32Array(n).fill(-1);
  let count = 0;
  for (const node of order) {
    for (let p = start[node]!; p < start[node + 1]!; p++) {
      const middle = adjacent[p]!,
        own = colour[middle]!;
      if (own >= 0) forbidden[own] = node;
      for (let q = start[middle]!; q < start[middle + 1]!; q++) {
        const end = colour[adjacent[q]!]!;
        if (end >= 0 && (own < 0 || end < own)) forbidden[end] = node;
      }
    }
    let c = 0;
    while (forbidden[c] === node) c++;
    colour[node] = c;
    if (c === count) count++;
  }
  return { colour, count };
}
