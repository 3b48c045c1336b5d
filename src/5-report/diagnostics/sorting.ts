/**
 * Stable sorting of doubles with their positions, by radix: linear time, no comparator calls.
 *
 * A double's bits, read as an integer with the sign bit flipped (all bits for negatives), order as
 * the double does. Three passes of 11 bits order by the high word, which settles draws that spread
 * over their own magnitude; what is left is repaired by insertion, or, where that would take long
 * (many draws that agree in 20 bits but not in all), by sorting again with all six passes.
 */

const digitBits = 11;
const bucketCount = 1 << digitBits;
const passCount = 6;
/** First pass that looks at the high word only. */
const firstHighPass = 3;
/** The sign bit of the high word, as a 32-bit integer. */
const signBit = -0x80000000;
/** Moves of the repair, for each value, after which six passes are cheaper. */
const mostMovesPerValue = 8;

/** Buffers for arrays of one length. Not reentrant. */
export class RadixSorter {
  private low: Int32Array;
  private high: Int32Array;
  private nextLow: Int32Array;
  private nextHigh: Int32Array;
  private order: Int32Array;
  private nextOrder: Int32Array;
  private readonly counts: Int32Array;

  constructor(length: number) {
    this.low = new Int32Array(length);
    this.high = new Int32Array(length);
    this.nextLow = new Int32Array(length);
    this.nextHigh = new Int32Array(length);
    this.order = new Int32Array(length);
    this.nextOrder = new Int32Array(length);
    this.counts = new Int32Array(passCount * bucketCount);
  }

  /**
   * Positions of `values` in increasing order of value (NaN at the ends); valid until the next call.
   * -0 counts as 0.
   */
  sort(values: Float64Array): Int32Array {
    this.read(values);
    this.passes(firstHighPass);
    if (!this.repair()) {
      this.read(values);
      this.passes(0);
    }
    return this.order;
  }

  /** Keys in the original order. Words are little-endian, as on every platform in use. */
  private read(values: Float64Array): void {
    const n = values.length;
    const words = new Int32Array(values.buffer, values.byteOffset, 2 * n);
    const { low: lows, high: highs, order } = this;
    for (let i = 0; i < n; i++) {
      let low = words[2 * i]!;
      let high = words[2 * i + 1]!;
      if (high === signBit && low === 0) high = 0;
      if (high < 0) {
        low = ~low;
        high = ~high;
      } else {
        high |= signBit;
      }
      lows[i] = low;
      highs[i] = high;
      order[i] = i;
    }
  }

  private passes(first: number): void {
    const { counts, low, high } = this;
    const n = low.length;
    if (n === 0) return;
    counts.fill(0);
    for (let i = 0; i < n; i++) {
      const h = high[i]!;
      counts[3 * bucketCount + digit(0, h, 3)]!++;
      counts[4 * bucketCount + digit(0, h, 4)]!++;
      counts[5 * bucketCount + digit(0, h, 5)]!++;
    }
    if (first === 0) {
      for (let i = 0; i < n; i++) {
        const l = low[i]!;
        counts[digit(l, 0, 0)]!++;
        counts[bucketCount + digit(l, 0, 1)]!++;
        counts[2 * bucketCount + digit(l, high[i]!, 2)]!++;
      }
    }
    for (let pass = first; pass < passCount; pass++) {
      const base = pass * bucketCount;
      // A digit in which all agree orders nothing.
      if (counts[base + digit(this.low[0]!, this.high[0]!, pass)] === n) continue;
      for (let bucket = base, start = 0; bucket < base + bucketCount; bucket++) {
        const count = counts[bucket]!;
        counts[bucket] = start;
        start += count;
      }
      this.scatter(n, pass, base);
    }
  }

  private scatter(n: number, pass: number, base: number): void {
    const { low, high, order, nextLow, nextHigh, nextOrder, counts } = this;
    for (let i = 0; i < n; i++) {
      const l = low[i]!;
      const h = high[i]!;
      const bucket = base + digit(l, h, pass);
      const to = counts[bucket]!;
      counts[bucket] = to + 1;
      nextLow[to] = l;
      nextHigh[to] = h;
      nextOrder[to] = order[i]!;
    }
    this.low = nextLow;
    this.high = nextHigh;
    this.order = nextOrder;
    this.nextLow = low;
    this.nextHigh = high;
    this.nextOrder = order;
  }

  /** Insertion sort of almost sorted keys; false where it would take too many moves. */
  private repair(): boolean {
    const { low, high, order } = this;
    const n = low.length;
    let budget = mostMovesPerValue * n;
    for (let i = 1; i < n; i++) {
      const h = high[i]!;
      const l = low[i]!;
      let j = i - 1;
      if (!isAfter(high[j]!, low[j]!, h, l)) continue;
      const position = order[i]!;
      for (; j >= 0 && isAfter(high[j]!, low[j]!, h, l); j--) {
        high[j + 1] = high[j]!;
        low[j + 1] = low[j]!;
        order[j + 1] = order[j]!;
        budget--;
      }
      high[j + 1] = h;
      low[j + 1] = l;
      order[j + 1] = position;
      if (budget < 0) return false;
    }
    return true;
  }
}

/** Whether the 64-bit number a is greater than b, both unsigned in two signed words. */
function isAfter(aHigh: number, aLow: number, bHigh: number, bLow: number): boolean {
  return aHigh === bHigh ? aLow >>> 0 > bLow >>> 0 : aHigh >>> 0 > bHigh >>> 0;
}

/** Bits [11 pass, 11 pass + 11) of the 64-bit number high:low. */
function digit(low: number, high: number, pass: number): number {
  switch (pass) {
    case 0:
      return low & 0x7ff;
    case 1:
      return (low >>> 11) & 0x7ff;
    case 2:
      return ((low >>> 22) | (high << 10)) & 0x7ff;
    case 3:
      return (high >>> 1) & 0x7ff;
    case 4:
      return (high >>> 12) & 0x7ff;
    default:
      return (high >>> 23) & 0x1ff;
  }
}
