/**
 * Arithmetic with numbers of two doubles, high + low, about 32 digits (Dekker 1971; Knuth, TAOCP 2, 4.2.2): for
 * systems whose condition number takes the digits of plain doubles. Overflows from 1e300 on, to NaN.
 */

const splitter = 134217729; // 2^27 + 1

/** One number, changed in place: loops keep one and load it, so that nothing is allocated. */
export class Twofold {
  high = 0;
  low = 0;

  load(high: number, low: number): void {
    this.high = high;
    this.low = low;
  }

  /** Adds a double. */
  add(x: number): void {
    const s = this.high + x,
      b = s - this.high;
    const e = this.high - (s - b) + (x - b) + this.low;
    this.high = s + e;
    this.low = e - (this.high - s);
  }

  /** Adds sign * a * b, sign 1 or -1. */
  addProduct(sign: 1 | -1, aHigh: number, aLow: number, bHigh: number, bLow: number): void {
    const p = aHigh * bHigh;
    let t = splitter * aHigh;
    const a1 = t - (t - aHigh),
      a2 = aHigh - a1;
    t = splitter * bHigh;
    const b1 = t - (t - bHigh),
      b2 = bHigh - b1;
    const error = a1 * b1 - p + a1 * b2 + a2 * b1 + a2 * b2 + (aHigh * bLow + aLow * bHigh);
    const x = sign * p,
      s = this.high + x,
      b = s - this.high;
    const e = this.high - (s - b) + (x - b) + (this.low + sign * error);
    this.high = s + e;
    this.low = e - (this.high - s);
  }

  /** Replaces itself by sign * itself * b. */
  multiply(bHigh: number, bLow: number): void {
    const { high, low } = this;
    this.load(0, 0);
    this.addProduct(1, high, low, bHigh, bLow);
  }

  /** Replaces itself by its reciprocal. */
  invert(): void {
    const { high, low } = this,
      q = 1 / high;
    // One step of Newton: q + q (1 - q x).
    this.load(1, 0);
    this.addProduct(-1, q, 0, high, low);
    const rest = this.high + this.low;
    this.load(q, 0);
    this.add(q * rest);
  }
}
