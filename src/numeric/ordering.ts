/**
 * Orders of elimination for sparse symmetric matrices: reverse Cuthill-McKee for a small bandwidth
 * (Cuthill and McKee 1969, George and Liu 1981) and minimum degree for little fill (Amestoy, Davis and
 * Duff 1996: quotient graph, approximate degrees, element absorption). Rows that nearly everything
 * meets (hyper-parameters) are put off to the end, where they cost nothing.
 *
 * An order lists nodes: order[k] is eliminated k-th. Both are deterministic.
 */
import type { Graph } from './sparseCholesky.js';

/** Where each node stands in an order. */
export function positionsOf(order: Int32Array): Int32Array {
  const out = new Int32Array(order.length);
  order.forEach((node, k) => {
    out[node] = k;
  });
  return out;
}

/** Largest distance of neighbours in an order. */
export function halfBandwidth({ n, start, adjacent }: Graph, position: Int32Array): number {
  let width = 0;
  for (let i = 0; i < n; i++) {
    const own = position[i]!;
    for (let p = start[i]!; p < start[i + 1]!; p++) {
      const distance = own - position[adjacent[p]!]!;
      if (distance > width) width = distance;
    }
  }
  return width;
}

/** Reverse Cuthill-McKee, each component from a node as far out as two breadth-first searches find. */
export function reverseCuthillMcKee(graph: Graph): Int32Array {
  const { n, start, adjacent } = graph;
  const degree = (i: number): number => start[i + 1]! - start[i]!;
  const order = new Int32Array(n),
    level = new Int32Array(n).fill(-1),
    queue = new Int32Array(n);
  const placed = new Uint8Array(n);
  // Breadth first from a root into `queue`; returns how many nodes were reached and how deep they lie.
  const search = (root: number): { readonly count: number; readonly depth: number } => {
    queue[0] = root;
    level[root] = 0;
    let count = 1;
    for (let head = 0; head < count; head++) {
      const i = queue[head]!;
      for (let p = start[i]!; p < start[i + 1]!; p++) {
        const j = adjacent[p]!;
        if (level[j] === -1) {
          level[j] = level[i]! + 1;
          queue[count++] = j;
        }
      }
    }
    const depth = level[queue[count - 1]!]!;
    return { count, depth };
  };
  const farthest = (count: number, depth: number): number => {
    let best = queue[count - 1]!;
    for (let k = count - 1; k >= 0 && level[queue[k]!] === depth; k--) if (degree(queue[k]!) <= degree(best)) best = queue[k]!;
    return best;
  };
  const forget = (count: number): void => {
    for (let k = 0; k < count; k++) level[queue[k]!] = -1;
  };
  let at = 0;
  for (let seed = 0; seed < n; seed++) {
    if (placed[seed] === 1) continue;
    let root = seed;
    for (let round = 0, last = -1; round < 4; round++) {
      const { count, depth } = search(root);
      const next = farthest(count, depth);
      forget(count);
      if (depth <= last) break;
      last = depth;
      root = next;
    }
    const from = at;
    order[at++] = root;
    placed[root] = 1;
    for (let head = from; head < at; head++) {
      const i = order[head]!,
        first = at;
      for (let p = start[i]!; p < start[i + 1]!; p++) {
        const j = adjacent[p]!;
        if (placed[j] === 0) {
          placed[j] = 1;
          order[at++] = j;
        }
      }
      if (at - first > 1) order.subarray(first, at).sort((a, b) => degree(a) - degree(b) || a - b);
    }
  }
  return order.reverse();
}

/** Minimum degree on a quotient graph. Nodes with more than 10 sqrt(n) neighbours come last. */
export function minimumDegree(graph: Graph): Int32Array {
  const { n, start, adjacent } = graph;
  const dense = Math.max(16, 10 * Math.sqrt(n));
  const order = new Int32Array(n);
  let done = 0;
  const late: number[] = [];
  /** 0: a variable, 1: eliminated (an element while its list is not null), 2: put off. */
  const state = new Uint8Array(n);
  for (let i = 0; i < n; i++)
    if (start[i + 1]! - start[i]! > dense) {
      state[i] = 2;
      late.push(i);
    }
  late.sort((a, b) => start[a + 1]! - start[a]! - (start[b + 1]! - start[b]!) || a - b);
  const variables: (readonly number[])[] = [],
    elements: (readonly number[])[] = [];
  const members: (readonly number[] | null)[] = new Array<readonly number[] | null>(n).fill(null);
  const degree = new Int32Array(n);
  // Doubly linked lists of variables by degree.
  const head = new Int32Array(n + 1).fill(-1),
    next = new Int32Array(n).fill(-1),
    previous = new Int32Array(n).fill(-1);
  const link = (i: number): void => {
    const d = degree[i]!,
      first = head[d]!;
    next[i] = first;
    previous[i] = -1;
    if (first !== -1) previous[first] = i;
    head[d] = i;
  };
  const unlink = (i: number): void => {
    const before = previous[i]!,
      after = next[i]!;
    if (before === -1) head[degree[i]!] = after;
    else next[before] = after;
    if (after !== -1) previous[after] = before;
  };
  // Lists are replaced, never changed: most nodes of a hierarchy share the empty one.
  const none: readonly number[] = [];
  for (let i = 0; i < n; i++) {
    let own: number[] | null = null;
    if (state[i] === 0) for (let p = start[i]!; p < start[i + 1]!; p++) if (state[adjacent[p]!] === 0) (own ??= []).push(adjacent[p]!);
    variables.push(own ?? none);
    elements.push(none);
    degree[i] = variables[i]!.length;
  }
  for (let i = n - 1; i >= 0; i--) if (state[i] === 0) link(i);
  const total = n - late.length;
  const mark = new Int32Array(n).fill(-1),
    outside = new Int32Array(n),
    touched = new Int32Array(n).fill(-1);
  let least = 0;
  while (done < total) {
    while (head[least] === -1) least++;
    const p = head[least]!;
    unlink(p);
    state[p] = 1;
    order[done] = p;
    // The element that p becomes: all it meets, directly or through elements, which it absorbs.
    const list: number[] = [];
    mark[p] = done;
    const take = (i: number): void => {
      if (state[i] === 0 && mark[i] !== done) {
        mark[i] = done;
        list.push(i);
      }
    };
    variables[p]!.forEach(take);
    for (const e of elements[p]!) {
      members[e]?.forEach(take);
      members[e] = null;
    }
    members[p] = list;
    variables[p] = none;
    // |L_e \ L_p| of every element that a member of the new one belongs to.
    for (const i of list) {
      for (const e of elements[i]!) {
        const others = members[e];
        if (others === null || others === undefined) continue;
        if (touched[e] !== done) {
          touched[e] = done;
          outside[e] = others.length;
        }
        outside[e] = outside[e]! - 1;
      }
    }
    for (const i of list) {
      unlink(i);
      let bound = list.length - 1;
      const kept: number[] = [p];
      for (const e of elements[i]!) {
        if (members[e] === null || members[e] === undefined) continue;
        // An element within the new one says nothing more.
        if (outside[e] === 0) {
          members[e] = null;
          continue;
        }
        kept.push(e);
        bound += outside[e]!;
      }
      elements[i] = kept;
      const rest = variables[i]!.filter((j) => state[j] === 0 && mark[j] !== done);
      variables[i] = rest;
      bound += rest.length;
      degree[i] = Math.min(bound, degree[i]! + list.length - 1, total - done - 2);
      if (degree[i]! < 0) degree[i] = 0;
      if (degree[i]! < least) least = degree[i]!;
      link(i);
    }
    done++;
  }
  for (const i of late) order[done++] = i;
  return order;
}
