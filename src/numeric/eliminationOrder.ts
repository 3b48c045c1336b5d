/**
 * Orders in which to eliminate the variables of a discrete network (Koller and Friedman 2009, ch. 9):
 * the next variable is the one whose elimination adds the fewest edges (min-fill) or makes the smallest
 * table (min-weight); of the two orders the one of fewer operations is taken. Ties go to the smaller
 * table, then to the lower number, so that a chain is eliminated from its start.
 *
 * No table larger than `cap` is ever considered: an order is found in time near-linear in the number of
 * variables, or the network is refused with the least table that would have been needed.
 */

export interface EliminationOrder {
  readonly kind: 'order';
  readonly rule: 'min-fill' | 'min-weight';
  /** Variables in the order of their elimination. */
  readonly order: Int32Array;
  /** By variable: the variables it meets when it is eliminated, in the order of their own elimination. */
  readonly separators: readonly Int32Array[];
  /** Largest number of variables in a separator. */
  readonly treeWidth: number;
  /** States of the largest table, and of all tables together. */
  readonly largest: number;
  readonly total: number;
}
export interface TooWide {
  readonly kind: 'too wide';
  /** States of the smallest table that could come next when the cap was met. */
  readonly needed: number;
}

/** More variables than this are ordered by min-fill alone. */
const mostCompared = 4096;

/**
 * @param counts number of values of each variable.
 * @param members lists of variables that meet, one after the other, list i from `starts[i]` to before `starts[i + 1]`; repetitions do not
 * matter.
 * @param cap largest table allowed.
 */
export function eliminationOrder(
  counts: ArrayLike<number>,
  members: Int32Array,
  starts: Int32Array,
  cap: number,
): EliminationOrder | TooWide {
  const fill = greedy(counts, members, starts, cap, 'min-fill');
  if (counts.length > mostCompared || (fill.kind === 'order' && fill.treeWidth <= 1)) return fill;
  const weight = greedy(counts, members, starts, cap, 'min-weight');
  if (fill.kind === 'too wide') return weight.kind === 'too wide' && fill.needed < weight.needed ? fill : weight;
  return weight.kind === 'order' && weight.total < fill.total ? weight : fill;
}

function greedy(
  counts: ArrayLike<number>,
  members: Int32Array,
  starts: Int32Array,
  cap: number,
  rule: EliminationOrder['rule'],
): EliminationOrder | TooWide {
  const n = counts.length;
  const adjacent: Set<number>[] = Array.from({ length: n }, () => new Set<number>());
  for (let i = 0; i + 1 < starts.length; i++) {
    for (let a = starts[i]! + 1; a < starts[i + 1]!; a++)
      for (let b = starts[i]!; b < a; b++) {
        const x = members[a]!,
          y = members[b]!;
        if (x === y) continue;
        adjacent[x]!.add(y);
        adjacent[y]!.add(x);
      }
  }
  const queue = new Queue(n);
  /** States of the table that eliminating v makes; Infinity beyond the cap. */
  const weightOf = (v: number): number => {
    let w = counts[v]!;
    for (const u of adjacent[v]!) {
      w *= counts[u]!;
      if (w > cap) return Infinity;
    }
    return w;
  };
  const fillOf = (v: number): number => {
    const around = [...adjacent[v]!];
    let missing = 0;
    for (let a = 1; a < around.length; a++) for (let b = 0; b < a; b++) if (!adjacent[around[a]!]!.has(around[b]!)) missing++;
    return missing;
  };
  const place = (v: number): void => {
    const weight = weightOf(v);
    queue.put(v, weight === Infinity ? Infinity : rule === 'min-fill' ? fillOf(v) : weight, weight);
  };
  for (let v = 0; v < n; v++) place(v);
  const order = new Int32Array(n),
    rank = new Int32Array(n);
  const separators: Int32Array[] = new Array<Int32Array>(n);
  let treeWidth = 0,
    largest = 0,
    total = 0;
  for (let position = 0; position < n; position++) {
    const v = queue.take();
    const around = [...adjacent[v]!];
    const weight = weightOf(v);
    if (weight === Infinity) return { kind: 'too wide', needed: leastTable(counts, adjacent, rank) };
    order[position] = v;
    rank[v] = position + 1;
    separators[v] = Int32Array.from(around);
    treeWidth = Math.max(treeWidth, around.length);
    largest = Math.max(largest, weight);
    total += weight;
    const touched = new Set(around);
    for (const u of around) adjacent[u]!.delete(v);
    for (let a = 1; a < around.length; a++)
      for (let b = 0; b < a; b++) {
        const x = around[a]!,
          y = around[b]!;
        if (adjacent[x]!.has(y)) continue;
        // Whoever meets both has one edge less to add.
        if (rule === 'min-fill') {
          const [few, many] = adjacent[x]!.size <= adjacent[y]!.size ? [adjacent[x]!, adjacent[y]!] : [adjacent[y]!, adjacent[x]!];
          for (const common of few) if (many.has(common)) touched.add(common);
        }
        adjacent[x]!.add(y);
        adjacent[y]!.add(x);
      }
    adjacent[v]!.clear();
    for (const u of touched) place(u);
  }
  for (const s of separators) s.sort((a, b) => rank[a]! - rank[b]!);
  return { kind: 'order', rule, order, separators, treeWidth, largest, total };
}

/** States of the smallest table among variables not yet eliminated. */
function leastTable(counts: ArrayLike<number>, adjacent: readonly ReadonlySet<number>[], rank: Int32Array): number {
  let least = Infinity;
  for (let v = 0; v < adjacent.length; v++) {
    if (rank[v] !== 0) continue;
    let w = counts[v]!;
    for (const u of adjacent[v]!) w *= counts[u]!;
    least = Math.min(least, w);
  }
  return least;
}

/** A binary heap of variables by (key, weight, number); a variable put again takes its new place. */
class Queue {
  private readonly heap: number[] = [];
  private readonly at: Int32Array;
  private readonly key: Float64Array;
  private readonly weight: Float64Array;

  constructor(n: number) {
    this.at = new Int32Array(n).fill(-1);
    this.key = new Float64Array(n);
    this.weight = new Float64Array(n);
  }
  put(v: number, key: number, weight: number): void {
    this.key[v] = key;
    this.weight[v] = weight;
    if (this.at[v]! < 0) {
      this.at[v] = this.heap.length;
      this.heap.push(v);
    }
    this.rise(this.at[v]!);
    this.sink(this.at[v]!);
  }
  take(): number {
    const first = this.heap[0]!,
      last = this.heap.pop()!;
    this.at[first] = -1;
    if (last !== first) {
      this.heap[0] = last;
      this.at[last] = 0;
      this.sink(0);
    }
    return first;
  }
  private before(a: number, b: number): boolean {
    const { key, weight } = this;
    if (key[a] !== key[b]) return key[a]! < key[b]!;
    return weight[a] !== weight[b] ? weight[a]! < weight[b]! : a < b;
  }
  private swap(i: number, j: number): void {
    const a = this.heap[i]!,
      b = this.heap[j]!;
    this.heap[i] = b;
    this.heap[j] = a;
    this.at[a] = j;
    this.at[b] = i;
  }
  private rise(start: number): void {
    for (let i = start; i > 0; ) {
      const up = (i - 1) >> 1;
      if (!this.before(this.heap[i]!, this.heap[up]!)) return;
      this.swap(i, up);
      i = up;
    }
  }
  private sink(start: number): void {
    const { heap } = this;
    for (let i = start; ; ) {
      const left = 2 * i + 1,
        right = left + 1;
      let least = i;
      if (left < heap.length && this.before(heap[left]!, heap[least]!)) least = left;
      if (right < heap.length && this.before(heap[right]!, heap[least]!)) least = right;
      if (least === i) return;
      this.swap(i, least);
      i = least;
    }
  }
}
