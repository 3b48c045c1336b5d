/**
 * Variable elimination at run time, as procedures that generated code calls (Koller and Friedman 2009,
 * ch. 9 and 10). Eliminating v from the product of the tables that mention it leaves a message over
 * its separator S and the conditional p(v | S); conditionals in reverse order give joint draws and
 * marginals, maxima in place of sums the most probable assignment.
 *
 * General networks work with logarithms throughout. Chains (`chain...`) work with normalised
 * probabilities, O(T K^2), and a certificate: where a number that underflowed might come to matter, the
 * whole chain is computed again with logarithms. All memory belongs to the caller; nothing is allocated.
 * Arrays come as (array, offset) pairs, all offsets are 0.
 */
import { expOfNegative } from '../numeric/exponential.js';
import type { Random } from './generator.js';

type Numbers = Float64Array;
type Integers = Int32Array;

/**
 * Integers of one position of a chain: offset of its log potentials, number of the table to its predecessor (-1 where it starts a chain),
 * its place among the values, offset of the pair's marginals (-1 where they are not kept).
 */
export const chainFields: number = 4;
/** Integers of one table of a chain: its offset, 1 where its rows are the later element's values. */
export const chainTableFields: number = 2;

/** Totals below this may lose digits: normal numbers end at 2.2e-308. */
const faint = 1e-290;
/** Weights of tables below this call for logarithms. */
const leastWeight = 1e-30;
/** Filtered weights below this, times weights of tables and divided by totals above `leastTotal`, may underflow ... */
const threshold = 1e-230;
const leastTotal = 1e-30;
/** ... to errors below 1e-290, which predictions above this do not notice. */
const safe = 1e-200;

/**
 * The first half of a forward filter: `weights` receives for each table exp(table - its maximum), rows for the earlier
 * element, then its transpose, then the maxima of all tables; `filtered` the weights exp(potential - its maximum) of each
 * position. Returns the sum of what was subtracted; -Infinity where an element has no possible value, NaN where a table's
 * smallest weights are too small for arithmetic without logarithms.
 */
export function chainWeights(
  _random: Random,
  unary: Numbers,
  _u: number,
  tables: Numbers,
  _t: number,
  positions: Integers,
  _p: number,
  tableAt: Integers,
  _a: number,
  weights: Numbers,
  _w: number,
  filtered: Numbers,
  _f: number,
  n: number,
  K: number,
  tableCount: number,
): number {
  const shifts = tableCount * 2 * K * K;
  let least = 1;
  for (let table = 0; table < tableCount; table++) {
    const from = tableAt[table * chainTableFields]!,
      transposed = tableAt[table * chainTableFields + 1] === 1;
    let top = -Infinity;
    for (let c = from; c < from + K * K; c++) if (tables[c]! > top) top = tables[c]!;
    weights[shifts + table] = top;
    const rows = table * 2 * K * K,
      columns = rows + K * K;
    for (let j = 0; j < K; j++)
      for (let k = 0; k < K; k++) {
        const x = tables[from + (transposed ? k * K + j : j * K + k)]!;
        const w = top === -Infinity ? (x === -Infinity ? 0 : x) : expOfNegative(x - top);
        if (w < least && x > -Infinity) least = w;
        weights[rows + j * K + k] = w;
        weights[columns + k * K + j] = w;
      }
  }
  // Neumaier's sum.
  let total = 0,
    lost = 0;
  for (let t = 0, here = 0; t < n; t++, here += K) {
    const u = positions[t * chainFields]!,
      table = positions[t * chainFields + 1]!;
    let top = unary[u]!;
    for (let k = 1; k < K; k++) {
      const x = unary[u + k]!;
      if (x > top) top = x;
    }
    for (let k = 0; k < K; k++) filtered[here + k] = expOfNegative(unary[u + k]! - top);
    if (top === -Infinity) return -Infinity;
    const shift = table < 0 ? top : top + weights[shifts + table]!;
    const next = total + shift;
    lost += Math.abs(total) >= Math.abs(shift) ? total - next + shift : shift - next + total;
    total = next;
  }
  return least < leastWeight ? Number.NaN : total + lost;
}

/**
 * Forward filter over chains in a row. Writes p(z_t | potentials up to t) to `filtered` and the
 * prediction sum_j p(z_(t-1) = j | ...) W(j, .) to `predicted`, whose last cell says whether both are
 * logarithms. Returns the log normaliser; -Infinity or NaN where no assignment is possible.
 */
export function chainForward(
  random: Random,
  unary: Numbers,
  _u: number,
  tables: Numbers,
  _t: number,
  positions: Integers,
  _p: number,
  tableAt: Integers,
  _a: number,
  weights: Numbers,
  _w: number,
  filtered: Numbers,
  _f: number,
  predicted: Numbers,
  _q: number,
  n: number,
  K: number,
  tableCount: number,
): number {
  const shift = chainWeights(random, unary, 0, tables, 0, positions, 0, tableAt, 0, weights, 0, filtered, 0, n, K, tableCount);
  if (shift === -Infinity) return -Infinity;
  const log = Number.isNaN(shift) ? Number.NaN : chainRecursion(positions, weights, filtered, predicted, unary, n, K);
  predicted[n * K] = Number.isNaN(log) ? 1 : 0;
  return Number.isNaN(log) ? chainForwardLog(unary, tables, positions, tableAt, filtered, predicted, n, K) : shift + log;
}

/** The filter on weights; NaN where what underflowed may come to matter (or a potential is no number). */
function chainRecursion(
  positions: Integers,
  weights: Numbers,
  filtered: Numbers,
  predicted: Numbers,
  unary: Numbers,
  n: number,
  K: number,
): number {
  let log = 0,
    product = 1,
    risk = false;
  for (let t = 0, here = 0; t < n; t++, here += K) {
    const u = positions[t * chainFields]!,
      table = positions[t * chainFields + 1]!;
    let sum = 0,
      low = 1;
    if (table < 0) {
      for (let k = 0; k < K; k++) {
        const w = filtered[here + k]!;
        predicted[here + k] = 1;
        sum += w;
        if (w < low) low = w;
      }
      risk = false;
    } else {
      let row = table * 2 * K * K + K * K,
        least = 1;
      for (let k = 0; k < K; k++, row += K) {
        const a = product4(filtered, here - K, weights, row, K);
        const w = a * filtered[here + k]!;
        predicted[here + k] = a;
        filtered[here + k] = w;
        sum += w;
        if (a < least) least = a;
        if (w < low) low = w;
      }
      if (risk && least < safe) return Number.NaN;
      risk = false;
    }
    if (!(sum > faint)) return Number.NaN;
    if (low < threshold) {
      // A weight that is 0 because its potential or all its predecessors are has lost nothing.
      for (let k = 0; k < K; k++) if (filtered[here + k]! < threshold && predicted[here + k]! > 0 && unary[u + k]! > -Infinity) risk = true;
      if (risk && sum < leastTotal) return Number.NaN;
    }
    const scale = 1 / sum;
    for (let k = 0; k < K; k++) filtered[here + k] = filtered[here + k]! * scale;
    product *= sum;
    if (product < 1e-100 || product > 1e100) {
      log += Math.log(product);
      product = 1;
    }
  }
  return log + Math.log(product);
}

/** sum_j a[i + j] b[l + j] over K numbers, four at a time. */
function product4(a: Numbers, i: number, b: Numbers, l: number, K: number): number {
  let sum = 0,
    j = 0;
  for (; j + 3 < K; j += 4)
    sum += a[i + j]! * b[l + j]! + a[i + j + 1]! * b[l + j + 1]! + (a[i + j + 2]! * b[l + j + 2]! + a[i + j + 3]! * b[l + j + 3]!);
  for (; j < K; j++) sum += a[i + j]! * b[l + j]!;
  return sum;
}

/** Entry (j, k) of a chain's log table: earlier value j, later value k. */
function entry(tables: Numbers, tableAt: Integers, table: number, K: number, j: number, k: number): number {
  const from = tableAt[table * chainTableFields]!;
  return tables[from + (tableAt[table * chainTableFields + 1] === 1 ? k * K + j : j * K + k)]!;
}

function chainForwardLog(
  unary: Numbers,
  tables: Numbers,
  positions: Integers,
  tableAt: Integers,
  filtered: Numbers,
  predicted: Numbers,
  n: number,
  K: number,
): number {
  let total = 0,
    lost = 0;
  for (let t = 0, here = 0; t < n; t++, here += K) {
    const u = positions[t * chainFields]!,
      table = positions[t * chainFields + 1]!;
    let top = -Infinity;
    for (let k = 0; k < K; k++) {
      let a = 0;
      if (table >= 0) {
        let most = -Infinity;
        for (let j = 0; j < K; j++) {
          const x = filtered[here - K + j]! + entry(tables, tableAt, table, K, j, k);
          if (x > most) most = x;
        }
        if (most > -Infinity) {
          for (let j = 0; j < K; j++) a += Math.exp(filtered[here - K + j]! + entry(tables, tableAt, table, K, j, k) - most);
          a = most + Math.log(a);
        } else a = -Infinity;
      }
      predicted[here + k] = a;
      const x = a + unary[u + k]!;
      filtered[here + k] = x;
      if (Number.isNaN(x)) return Number.NaN;
      if (x > top) top = x;
    }
    if (top === -Infinity) return -Infinity;
    let sum = 0;
    for (let k = 0; k < K; k++) sum += Math.exp(filtered[here + k]! - top);
    const shift = top + Math.log(sum);
    for (let k = 0; k < K; k++) filtered[here + k] = filtered[here + k]! - shift;
    const next = total + shift;
    lost += Math.abs(total) >= Math.abs(shift) ? total - next + shift : shift - next + total;
    total = next;
  }
  return total + lost;
}

/** Backward sampler after `chainForward`: one joint draw of all values, each from a uniform. */
export function chainDraw(
  random: Random,
  tables: Numbers,
  _t: number,
  positions: Integers,
  _p: number,
  tableAt: Integers,
  _a: number,
  weights: Numbers,
  _w: number,
  filtered: Numbers,
  _f: number,
  predicted: Numbers,
  _q: number,
  values: Integers,
  _v: number,
  n: number,
  K: number,
): void {
  const logs = predicted[n * K] === 1;
  const weight = random.workspace(K);
  let later = 0;
  for (let t = n - 1; t >= 0; t--) {
    const here = t * K;
    const table = t + 1 < n ? positions[(t + 1) * chainFields + 1]! : -1;
    let total = 0;
    if (logs) {
      let top = -Infinity;
      for (let j = 0; j < K; j++) {
        const x = filtered[here + j]! + (table < 0 ? 0 : entry(tables, tableAt, table, K, j, later));
        weight[j] = x;
        if (x > top) top = x;
      }
      for (let j = 0; j < K; j++) total += weight[j] = Math.exp(weight[j]! - top);
    } else if (table < 0) for (let j = 0; j < K; j++) total += weight[j] = filtered[here + j]!;
    else {
      const row = table * 2 * K * K + K * K + later * K;
      for (let j = 0; j < K; j++) total += weight[j] = filtered[here + j]! * weights[row + j]!;
    }
    later = pick(weight, K, random.uniform() * total);
    values[positions[t * chainFields + 2]!] = later;
  }
}

/** The first k at which the running sum of weights exceeds x, never one of weight 0. */
function pick(weight: Numbers, K: number, x: number): number {
  let last = 0,
    left = x;
  for (let k = 0; k < K; k++) {
    const w = weight[k]!;
    if (w > 0) {
      last = k;
      if (left < w) return k;
      left -= w;
    }
  }
  return last;
}

/**
 * Marginals after `chainForward`: of each element into `marginals` (laid out as the log potentials), of neighbours into `pairs` where they
 * are wanted.
 */
export function chainMoments(
  random: Random,
  tables: Numbers,
  _t: number,
  positions: Integers,
  _p: number,
  tableAt: Integers,
  _a: number,
  weights: Numbers,
  _w: number,
  filtered: Numbers,
  _f: number,
  predicted: Numbers,
  _q: number,
  marginals: Numbers,
  _m: number,
  pairs: Numbers,
  _o: number,
  n: number,
  K: number,
  keepPairs: number,
): void {
  const logs = predicted[n * K] === 1;
  const ratio = random.workspace(K);
  for (let t = n - 1; t >= 0; t--) {
    const here = t * K,
      own = positions[t * chainFields]!;
    const table = t + 1 < n ? positions[(t + 1) * chainFields + 1]! : -1;
    if (table < 0) {
      for (let j = 0; j < K; j++) marginals[own + j] = logs ? Math.exp(filtered[here + j]!) : filtered[here + j]!;
      continue;
    }
    const next = positions[(t + 1) * chainFields]!,
      out = keepPairs === 1 ? positions[(t + 1) * chainFields + 3]! : -1;
    const transposed = tableAt[table * chainTableFields + 1] === 1;
    const down = transposed ? 1 : K,
      across = transposed ? K : 1;
    if (logs) {
      for (let j = 0; j < K; j++) {
        let sum = 0;
        for (let k = 0; k < K; k++) {
          const later = marginals[next + k]!;
          const p =
            later === 0 ? 0 : later * Math.exp(filtered[here + j]! + entry(tables, tableAt, table, K, j, k) - predicted[here + K + k]!);
          if (out >= 0) pairs[out + j * down + k * across] = p;
          sum += p;
        }
        marginals[own + j] = sum;
      }
      continue;
    }
    for (let k = 0; k < K; k++) {
      const later = marginals[next + k]!;
      ratio[k] = later === 0 ? 0 : later / predicted[here + K + k]!;
    }
    let row = table * 2 * K * K;
    for (let j = 0; j < K; j++, row += K) {
      const f = filtered[here + j]!;
      let sum = 0;
      if (out < 0) sum = f * product4(weights, row, ratio, 0, K);
      else {
        for (let k = 0; k < K; k++) {
          const p = f * weights[row + k]! * ratio[k]!;
          pairs[out + j * down + k * across] = p;
          sum += p;
        }
      }
      marginals[own + j] = sum;
    }
  }
}

/**
 * The most probable joint values of chains in a row (Viterbi); of equally probable ones the lowest last value, then the lowest before it.
 * `back` holds n K pointers.
 */
export function chainMode(
  random: Random,
  unary: Numbers,
  _u: number,
  tables: Numbers,
  _t: number,
  positions: Integers,
  _p: number,
  tableAt: Integers,
  _a: number,
  back: Integers,
  _b: number,
  values: Integers,
  _v: number,
  n: number,
  K: number,
): void {
  const best = random.workspace(2 * K);
  for (let t = 0; t < n; t++) {
    const u = positions[t * chainFields]!,
      table = positions[t * chainFields + 1]!;
    const now = (t & 1) * K,
      before = K - now;
    let top = -Infinity;
    for (let k = 0; k < K; k++) {
      let most = table < 0 ? 0 : -Infinity,
        from = 0;
      if (table >= 0)
        for (let j = 0; j < K; j++) {
          const x = best[before + j]! + entry(tables, tableAt, table, K, j, k);
          if (x > most) {
            most = x;
            from = j;
          }
        }
      back[t * K + k] = from;
      const x = most + unary[u + k]!;
      best[now + k] = x;
      if (x > top) top = x;
    }
    // Only differences matter: kept near 0, they keep their digits.
    if (top > -Infinity) for (let k = 0; k < K; k++) best[now + k] = best[now + k]! - top;
    const last = t + 1 === n || positions[(t + 1) * chainFields + 1]! < 0;
    if (!last) continue;
    let state = 0;
    for (let k = 1; k < K; k++) if (best[now + k]! > best[now + state]!) state = k;
    for (let s = t; ; s--) {
      values[positions[s * chainFields + 2]!] = state;
      if (positions[s * chainFields + 1]! < 0) break;
      state = back[s * K + state]!;
    }
  }
}

/**
 * Layout of one bucket (one eliminated variable v) among the integers of a network:
 * D, count of v, cells of the separator, table's offset, message's offset (-1 for a root), number of sources, place of v
 * among the values, offset of v's marginals, parent's bucket (-1 for a root); then D counts (separator, v last), D - 1 places
 * among the values, D - 1 strides in the message, D' strides of the message along the parent's scope, and for each
 * source: kind (0 unary, 1 table, 2 message), offset, offset of its marginals (-1 where not kept), D strides.
 */
const bucketHeader: number = 9;

/** Adds a source, read along the bucket's scope by strides, to the bucket's table. `digits` counts in mixed radix. */
function spread(
  out: Numbers,
  at: number,
  from: Numbers,
  offset: number,
  D: number,
  network: Integers,
  counts: number,
  strides: number,
  cells: number,
  digits: Integers,
): void {
  const inner = network[counts + D - 1]!,
    step = network[strides + D - 1]!;
  for (let d = 0; d < D; d++) digits[d] = 0;
  let read = offset;
  for (let c = at; c < at + cells; c += inner) {
    for (let k = 0, r = read; k < inner; k++, r += step) out[c + k] = out[c + k]! + from[r]!;
    for (let d = D - 2; d >= 0; d--) {
      read += network[strides + d]!;
      if (++digits[d]! < network[counts + d]!) break;
      read -= network[strides + d]! * network[counts + d]!;
      digits[d] = 0;
    }
  }
}

/** Adds the bucket's table to `out` along strides: a marginal over part of its scope. */
function gather(
  from: Numbers,
  at: number,
  out: Numbers,
  offset: number,
  D: number,
  network: Integers,
  counts: number,
  strides: number,
  cells: number,
  digits: Integers,
): void {
  const inner = network[counts + D - 1]!,
    step = network[strides + D - 1]!;
  for (let d = 0; d < D; d++) digits[d] = 0;
  let write = offset;
  for (let c = at; c < at + cells; c += inner) {
    for (let k = 0, w = write; k < inner; k++, w += step) out[w] = out[w]! + from[c + k]!;
    for (let d = D - 2; d >= 0; d--) {
      write += network[strides + d]!;
      if (++digits[d]! < network[counts + d]!) break;
      write -= network[strides + d]! * network[counts + d]!;
      digits[d] = 0;
    }
  }
}

/** First integer after a bucket's fixed part: its sources. `parentSize` is D of its parent, 0 for a root. */
function sourcesOf(b: number, D: number, parentSize: number): number {
  return b + bucketHeader + D + 2 * (D - 1) + parentSize;
}

/** The logarithm of the product of a bucket's sources, in `table` from `at`. */
function combine(
  network: Integers,
  b: number,
  parentSize: number,
  unary: Numbers,
  tables: Numbers,
  messages: Numbers,
  table: Numbers,
  at: number,
  digits: Integers,
): void {
  const D = network[b]!,
    cells = network[b + 1]! * network[b + 2]!,
    counts = b + bucketHeader;
  for (let c = at; c < at + cells; c++) table[c] = 0;
  let s = sourcesOf(b, D, parentSize);
  for (let left = network[b + 5]!; left > 0; left--, s += 3 + D) {
    const kind = network[s]!;
    spread(table, at, kind === 0 ? unary : kind === 1 ? tables : messages, network[s + 1]!, D, network, counts, s + 3, cells, digits);
  }
}

/**
 * Eliminates every variable of a network in order: `conditionals` receives p(v | separator) of each bucket. Returns the log
 * normaliser; -Infinity where no assignment is possible, NaN where a potential is NaN or infinite.
 */
export function eliminate(
  _random: Random,
  network: Integers,
  _n: number,
  starts: Integers,
  _s: number,
  unary: Numbers,
  _u: number,
  tables: Numbers,
  _t: number,
  messages: Numbers,
  _m: number,
  conditionals: Numbers,
  _c: number,
  digits: Integers,
  _d: number,
  buckets: number,
): number {
  let total = 0;
  for (let i = 0; i < buckets; i++) {
    const b = starts[i]!,
      count = network[b + 1]!,
      separator = network[b + 2]!,
      at = network[b + 3]!,
      message = network[b + 4]!;
    const parent = network[b + 8]!;
    combine(network, b, parent < 0 ? 0 : network[starts[parent]!]!, unary, tables, messages, conditionals, at, digits);
    for (let s = 0, c = at; s < separator; s++, c += count) {
      let top = -Infinity;
      for (let k = 0; k < count; k++) {
        const x = conditionals[c + k]!;
        if (x > top) top = x;
        else if (Number.isNaN(x)) return Number.NaN;
      }
      let log = top;
      if (top === Infinity) return Number.NaN;
      if (top === -Infinity) for (let k = 0; k < count; k++) conditionals[c + k] = 0;
      else {
        let sum = 0;
        for (let k = 0; k < count; k++) sum += conditionals[c + k] = expOfNegative(conditionals[c + k]! - top);
        const scale = 1 / sum;
        for (let k = 0; k < count; k++) conditionals[c + k] = conditionals[c + k]! * scale;
        log = top + Math.log(sum);
      }
      if (message < 0) total += log;
      else messages[message + s] = log;
    }
  }
  return total;
}

/** One joint draw after `eliminate`. */
export function eliminationDraw(
  random: Random,
  network: Integers,
  _n: number,
  starts: Integers,
  _s: number,
  conditionals: Numbers,
  _c: number,
  values: Integers,
  _v: number,
  buckets: number,
): void {
  for (let i = buckets - 1; i >= 0; i--) {
    const b = starts[i]!,
      D = network[b]!,
      count = network[b + 1]!;
    let row = 0;
    for (let d = 0; d + 1 < D; d++) row += values[network[b + bucketHeader + D + d]!]! * network[b + bucketHeader + 2 * D - 1 + d]!;
    const at = network[b + 3]! + row * count;
    let left = random.uniform(),
      value = 0;
    for (let k = 0; k < count; k++) {
      const p = conditionals[at + k]!;
      if (p > 0) {
        value = k;
        if (left < p) break;
        left -= p;
      }
    }
    values[network[b + 6]!] = value;
  }
}

/**
 * Marginals after `eliminate`: of each element into `marginals`, of each factor's elements into `pairs` where they are wanted. `joints`
 * holds the joint law of each bucket's scope, `separators` that of each separator (laid out as the messages).
 */
export function eliminationMoments(
  _random: Random,
  network: Integers,
  _n: number,
  starts: Integers,
  _s: number,
  conditionals: Numbers,
  _c: number,
  joints: Numbers,
  _j: number,
  separators: Numbers,
  _q: number,
  marginals: Numbers,
  _m: number,
  pairs: Numbers,
  _p: number,
  digits: Integers,
  _d: number,
  buckets: number,
  keepPairs: number,
): void {
  if (keepPairs === 1) pairs.fill(0);
  for (let i = buckets - 1; i >= 0; i--) {
    const b = starts[i]!,
      D = network[b]!,
      count = network[b + 1]!,
      separator = network[b + 2]!,
      at = network[b + 3]!,
      message = network[b + 4]!;
    const parent = network[b + 8]!;
    const cells = count * separator;
    let parentSize = 0;
    if (parent >= 0) {
      const p = starts[parent]!;
      parentSize = network[p]!;
      for (let s = 0; s < separator; s++) separators[message + s] = 0;
      gather(
        joints,
        network[p + 3]!,
        separators,
        message,
        parentSize,
        network,
        p + bucketHeader,
        b + bucketHeader + D + 2 * (D - 1),
        network[p + 1]! * network[p + 2]!,
        digits,
      );
      for (let s = 0, c = at; s < separator; s++) {
        const weight = separators[message + s]!;
        for (let k = 0; k < count; k++, c++) joints[c] = conditionals[c]! * weight;
      }
    } else for (let c = at; c < at + cells; c++) joints[c] = conditionals[c]!;
    const own = network[b + 7]!;
    for (let k = 0; k < count; k++) marginals[own + k] = 0;
    for (let s = 0, c = at; s < separator; s++) for (let k = 0; k < count; k++, c++) marginals[own + k] = marginals[own + k]! + joints[c]!;
    if (keepPairs !== 1) continue;
    let s = sourcesOf(b, D, parentSize);
    for (let left = network[b + 5]!; left > 0; left--, s += 3 + D) {
      if (network[s + 2]! >= 0) gather(joints, at, pairs, network[s + 2]!, D, network, b + bucketHeader, s + 3, cells, digits);
    }
  }
}

/**
 * The most probable joint values of a network; ties go to the lowest value, last eliminated variable first. `best` has room
 * for the largest table and, from `messagesAt`, all messages; `choices` for one value of each message cell, roots included.
 */
export function eliminationMode(
  _random: Random,
  network: Integers,
  _n: number,
  starts: Integers,
  _s: number,
  unary: Numbers,
  _u: number,
  tables: Numbers,
  _t: number,
  messages: Numbers,
  _m: number,
  best: Numbers,
  _b: number,
  choices: Integers,
  _c: number,
  values: Integers,
  _v: number,
  digits: Integers,
  _d: number,
  buckets: number,
): void {
  for (let i = 0, choice = 0; i < buckets; i++) {
    const b = starts[i]!,
      count = network[b + 1]!,
      separator = network[b + 2]!,
      message = network[b + 4]!;
    const parent = network[b + 8]!;
    combine(network, b, parent < 0 ? 0 : network[starts[parent]!]!, unary, tables, messages, best, 0, digits);
    for (let s = 0, c = 0; s < separator; s++, c += count) {
      let k = 0;
      for (let j = 1; j < count; j++) if (best[c + j]! > best[c + k]!) k = j;
      choices[choice++] = k;
      if (message >= 0) messages[message + s] = best[c + k]!;
    }
  }
  let choice = 0;
  for (let i = 0; i < buckets; i++) choice += network[starts[i]! + 2]!;
  for (let i = buckets - 1; i >= 0; i--) {
    const b = starts[i]!,
      D = network[b]!;
    choice -= network[b + 2]!;
    let row = 0;
    for (let d = 0; d + 1 < D; d++) row += values[network[b + bucketHeader + D + d]!]! * network[b + bucketHeader + 2 * D - 1 + d]!;
    values[network[b + 6]!] = choices[choice + row]!;
  }
}
