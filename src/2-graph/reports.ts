/**
 * The diagnostics of lowering, each once. Types are inferred by attempts that may fail for want of other types: what is wrong then is found
 * again by the second pass, so attempts are made `quietly`.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/render.js';
import { type Poison, poison } from './types.js';

/** Mistakes before a suggestion is looked for no longer. */
const mostSuggestions = 100;

/** A list of diagnostics that can be silenced for a while. */
export class Reports {
  private readonly found: Diagnostic[] = [];
  private readonly seen = new Set<string>();
  private silent = false;

  /** False within `quietly`. */
  get reporting(): boolean {
    return !this.silent;
  }

  /** Records a diagnostic, and gives the value that stands for the mistake. */
  report(diagnostic: Diagnostic): Poison {
    if (this.silent) return poison;
    // What is too large is so as a whole; one message says it.
    const key =
      diagnostic.code === 'program-too-large'
        ? diagnostic.code
        : `${diagnostic.code}:${diagnostic.span?.start ?? -1}:${diagnostic.span?.end ?? -1}`;
    if (!this.seen.has(key)) {
      this.seen.add(key);
      this.found.push(diagnostic);
    }
    return poison;
  }

  /** What a misspelt name may mean; null where nothing is near, and for all but the first of very many mistakes. */
  suggestion(name: string, candidates: () => readonly string[]): string | null {
    // Thousands of wrong names against thousands of right ones would take minutes.
    return this.reporting && this.found.length < mostSuggestions ? didYouMean(name, candidates()) : null;
  }

  /** The result of `f`, whose mistakes are not recorded. */
  quietly<T>(f: () => T): T {
    const before = this.silent;
    this.silent = true;
    try {
      return f();
    } finally {
      this.silent = before;
    }
  }

  hasErrors(): boolean {
    return this.found.some((d) => d.severity === 'error');
  }

  /** In the order of the text. */
  sorted(): readonly Diagnostic[] {
    return [...this.found].sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
  }
}
