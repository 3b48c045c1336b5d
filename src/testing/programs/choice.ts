/**
 * The decisions of a fragment, numbers that fast-check shrinks to 0, and a small stream of values for its data.
 */

/** Decisions of a fragment, and where its data come from. */
export interface Choices {
  readonly numbers: readonly number[];
  readonly seed: number;
}

/** A fragment's decisions and data. */
export class Choice {
  private readonly numbers: readonly number[];
  private next = 0;
  private state: number;

  constructor({ numbers, seed }: Choices) {
    this.numbers = numbers;
    this.state = ((seed + 1) * 0x9e3779b1) | 0;
  }

  /** A choice that shrinks to 0. */
  below(n: number): number {
    return (this.numbers[this.next++ % this.numbers.length] ?? 0) % n;
  }
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  likely(): boolean {
    return this.below(4) !== 3;
  }
  chance(): boolean {
    return this.below(2) === 1;
  }

  uniform(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  /** Data with three digits, so that a printed program is short. */
  normal(): number {
    return Number((Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())).toPrecision(3));
  }
  positive(): number {
    return Number((0.1 + 2 * this.uniform()).toPrecision(3));
  }
  unit(): number {
    return Number((0.02 + 0.96 * this.uniform()).toPrecision(3));
  }
  integer(n: number): number {
    return Math.floor(n * this.uniform());
  }
  list<T>(n: number, f: (k: number) => T): T[] {
    return Array.from({ length: n }, (_, k) => f(k));
  }
  simplex(n: number): number[] {
    const x = this.list(n, () => this.positive());
    const sum = x.reduce((a, b) => a + b, 0);
    return x.map((y) => y / sum);
  }
}
