/**
 * A random program while it is written: its lines and data, and the expressions that later fragments may read.
 */
import type { Choice } from './choice.js';

/** Names that mean something to the host language, to packages or to nobody. */
const oddNames = [
  'constructor',
  'toString',
  '__proto__',
  'hasOwnProperty',
  'valueOf',
  'μ',
  'Σ',
  'beta',
  'T',
  'mean',
  'scale',
  'Normal',
  'lambda',
  'arguments',
  'this',
  'sum',
  'x',
  'random',
  'memory',
  'exports',
  'Math',
];

/** What earlier fragments declared. */
export class Scope {
  readonly lines: string[] = [];
  readonly data = Object.create(null) as Record<string, unknown>;
  /** Scalar expressions of each support that may be read anywhere. */
  readonly reals: string[] = [];
  readonly positives: string[] = [];
  readonly units: string[] = [];
  readonly counts: string[] = [];
  /** Latents that may be conditioned on. */
  readonly scalars: string[] = [];
  simulable = true;
  private number = 0;

  name(choice: Choice, base: string): string {
    this.number++;
    if (choice.below(6) === 5) {
      const odd = choice.of(oddNames);
      if (!this.taken.has(odd)) {
        this.taken.add(odd);
        return odd;
      }
    }
    return `${base}${this.number}`;
  }
  private readonly taken = new Set<string>();

  add(...lines: readonly string[]): void {
    this.lines.push(...lines);
  }

  /** A declared datum; its dimensions must already be in the text or be bare names. */
  datum(choice: Choice, base: string, type: string, value: unknown): string {
    const name = this.name(choice, base);
    this.add(`data ${name}: ${type}`);
    Object.defineProperty(this.data, name, { value, enumerable: true, configurable: true });
    return name;
  }
  /** A fresh size bound by the data that is declared with it. */
  size(): string {
    return `N${++this.number}`;
  }
}

/** What adds the statements of one kind to a program, by its name. */
export type Fragments = Readonly<Record<string, (c: Choice, s: Scope) => void>>;
