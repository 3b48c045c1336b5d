/**
 * Diagnostics: what is wrong with a user's program, data or options, as values.
 *
 * A diagnostic never carries an exception's stack; it carries a place in a text. Phases collect
 * all they can find and hand back a list; only the public surface throws (`ModelError`).
 */

/** A half-open range of UTF-16 offsets into the program text. */
export interface Span {
  /** Offset of the first unit. */
  readonly start: number;
  /** Offset after the last. */
  readonly end: number;
}

/** An error stops what was asked for; a warning is a reason for doubt, a note is none. */
export type Severity = 'error' | 'warning' | 'note';

/** What is wrong, or worth knowing, with its place. */
export interface Diagnostic {
  /** Kebab-case word that names the kind of mistake, e.g. `unknown-distribution`. */
  readonly code: string;
  /** How much it matters. */
  readonly severity: Severity;
  /** What is wrong, in the user's terms, one sentence. */
  readonly message: string;
  /** Its place in the text of the program; absent where it has none there. */
  readonly span?: Span | undefined;
  /** What was expected at that place, if that can be said. */
  readonly expected?: string | undefined;
  /** One thing the user can do about it. */
  readonly hint?: string | undefined;
}

/** Thrown by the public surface for a wrong program, wrong data or wrong options. */
export class ModelError extends Error {
  /** Tells it from errors of others, across copies of the package. */
  override readonly name: string = 'ModelError';
  /** Everything that was found, in the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[], rendered: string) {
    super(rendered);
    this.diagnostics = diagnostics;
  }
}

/** A broken invariant of ours: says that it is our fault. */
export class InternalError extends Error {
  /** Tells it from errors of others. */
  override readonly name: string = 'InternalError';
  constructor(message: string) {
    super(`internal error: ${message}. This is a fault of Credence, not of your program; please report it with the program.`);
  }
}
