/**
 * Large data files in JSON, read without nesting: a rectangular array of numbers goes straight into
 * one typed array, where the engine's own parser would make an object for every row.
 *
 * Only what is certain is read here. Anything else (words, ragged rows, booleans, empty lists, a
 * name given twice, a mistake) gives null, and the caller parses the text in the ordinary way. Every number is the nearest double.
 */
import { exactDecimal } from './decimal.js';
import type { Tensor } from './tensor.js';
import { tensor } from './tensor.js';

const zero = '0'.charCodeAt(0),
  nine = '9'.charCodeAt(0),
  minus = '-'.charCodeAt(0),
  plus = '+'.charCodeAt(0),
  point = '.'.charCodeAt(0);
const open = '['.charCodeAt(0),
  close = ']'.charCodeAt(0),
  comma = ','.charCodeAt(0),
  quote = '"'.charCodeAt(0),
  colon = ':'.charCodeAt(0);
const openBrace = '{'.charCodeAt(0),
  closeBrace = '}'.charCodeAt(0),
  backslash = '\\'.charCodeAt(0),
  letterN = 'n'.charCodeAt(0);
const lowerE = 'e'.charCodeAt(0),
  upperE = 'E'.charCodeAt(0);

/** A deeper nest than any array of data. */
const deepest = 16;

/** The named values of a text that is an object of numbers and rectangular arrays of numbers; null where it is anything else. */
export function readLargeJson(text: string): Map<string, unknown> | null {
  return new Reader(text).object();
}

class Reader {
  private readonly text: string;
  private at = 0;
  /** Lengths of the dimensions met so far; -1 where the first row is not finished. */
  private shape: number[] = [];
  private values = new Float64Array(0);
  private count = 0;

  constructor(text: string) {
    this.text = text;
  }

  object(): Map<string, unknown> | null {
    const out = new Map<string, unknown>();
    if (!this.take(openBrace)) return null;
    if (this.take(closeBrace)) return this.ended() ? out : null;
    for (;;) {
      const name = this.name();
      if (name === null || out.has(name) || !this.take(colon)) return null;
      const value = this.value();
      if (value === null) return null;
      out.set(name, value);
      if (this.take(comma)) continue;
      return this.take(closeBrace) && this.ended() ? out : null;
    }
  }

  private skip(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return;
      this.at++;
    }
  }
  private take(c: number): boolean {
    this.skip();
    if (this.text.charCodeAt(this.at) !== c) return false;
    this.at++;
    return true;
  }
  private ended(): boolean {
    this.skip();
    return this.at === this.text.length;
  }

  /** A name without escapes. */
  private name(): string | null {
    if (!this.take(quote)) return null;
    const start = this.at;
    for (; ; this.at++) {
      const c = this.text.charCodeAt(this.at);
      if (c === quote) return this.text.slice(start, this.at++);
      if (Number.isNaN(c) || c === backslash || c < 32) return null;
    }
  }

  private value(): number | Tensor | null {
    this.skip();
    if (this.text.charCodeAt(this.at) !== open) {
      const x = this.number();
      // A missing scalar is left to the ordinary way, which keeps null apart from a number.
      return Number.isNaN(x) ? null : x;
    }
    this.shape = [];
    this.values = new Float64Array(1024);
    this.count = 0;
    if (!this.row(0)) return null;
    return tensor(this.values.slice(0, this.count), this.shape);
  }

  /** One list at a depth; false where the array is not rectangular and numeric. */
  private row(depth: number): boolean {
    this.at++;
    if (depth >= deepest) return false;
    if (this.shape.length === depth) this.shape.push(-1);
    let length = 0;
    for (;;) {
      this.skip();
      if (this.text.charCodeAt(this.at) === open) {
        // A list where the numbers of this or an earlier row stood.
        if (this.shape.length === depth + 1 && (this.shape[depth] !== -1 || length > 0)) return false;
        if (!this.row(depth + 1)) return false;
      } else {
        // A number where other rows have lists.
        if (this.shape.length > depth + 1) return false;
        const start = this.at;
        const x = this.number();
        if (this.at === start) return false;
        if (this.count === this.values.length) {
          const more = new Float64Array(2 * this.count);
          more.set(this.values);
          this.values = more;
        }
        this.values[this.count++] = x;
      }
      length++;
      this.skip();
      const c = this.text.charCodeAt(this.at);
      this.at++;
      if (c === comma) continue;
      if (c !== close) return false;
      if (this.shape[depth] === -1) this.shape[depth] = length;
      return this.shape[depth] === length;
    }
  }

  /** A number, NaN for null; `at` does not move where there is neither. */
  private number(): number {
    const { text } = this;
    const start = this.at;
    let i = start;
    let c = text.charCodeAt(i);
    if (c === letterN) {
      if (!text.startsWith('null', i)) return NaN;
      this.at = i + 4;
      return NaN;
    }
    const negative = c === minus;
    if (negative) c = text.charCodeAt(++i);
    if (!(c >= zero && c <= nine)) return NaN;
    const leadingZero = c === zero;
    let mantissa = 0,
      digits = 0,
      scale = 0;
    const first = i;
    while (c >= zero && c <= nine) {
      mantissa = mantissa * 10 + (c - zero);
      digits++;
      c = text.charCodeAt(++i);
    }
    if (leadingZero && i - first > 1) return NaN;
    if (c === point) {
      c = text.charCodeAt(++i);
      const fraction = i;
      while (c >= zero && c <= nine) {
        mantissa = mantissa * 10 + (c - zero);
        digits++;
        scale--;
        c = text.charCodeAt(++i);
      }
      if (i === fraction) return NaN;
    }
    if (c === lowerE || c === upperE) {
      c = text.charCodeAt(++i);
      const down = c === minus;
      if (down || c === plus) c = text.charCodeAt(++i);
      const exponent = i;
      let e = 0;
      while (c >= zero && c <= nine) {
        e = e * 10 + (c - zero);
        c = text.charCodeAt(++i);
      }
      if (i === exponent) return NaN;
      scale += down ? -e : e;
    }
    this.at = i;
    const x = exactDecimal(mantissa, digits, scale);
    return Number.isNaN(x) ? Number(text.slice(start, i)) : negative ? -x : x;
  }
}
