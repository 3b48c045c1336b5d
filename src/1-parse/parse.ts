/**
 * Text to syntax tree. A right program costs one match against grammar/credence.ohm; a wrong one is
 * handed to `recover.ts`, which reports every syntax error it can find.
 * Invariant: never throws for a text, however broken; `program` is null exactly if an error is reported.
 */
import { makeRecipe } from 'ohm-js';
import type { Diagnostic } from '../errors/diagnostic.js';
import type { Program, Stmt } from './ast.js';
import { credenceRecipe, mistakesRecipe } from './grammar.js';
import type { CredenceGrammar, CredenceSemantics, MistakesGrammar } from './grammar.js';
import { chainReport, syntaxErrors } from './recover.js';
import { holeClose, holeOpen } from './survey.js';
import { ChainTooLong, treeSemantics } from './tree.js';

declare module 'ohm-js' {
  /** Part of ohm's runtime, used by its bundles, but absent from its declarations. */
  export function makeRecipe(recipe: readonly unknown[]): Grammar;
}

export interface ParseResult {
  /** Null if there is any error. */
  readonly program: Program | null;
  readonly diagnostics: readonly Diagnostic[];
}

const language = makeRecipe(credenceRecipe()) as CredenceGrammar;
const semantics: CredenceSemantics = treeSemantics(language);

/**
 * The syntax tree of a program, or all its syntax errors in the order of the text.
 * `holes` is how many host values `${...}` the text may refer to (see `template.ts`); a text from a
 * file has none.
 */
export function parse(source: string, holes = 0): ParseResult {
  try {
    const match = language.match(source);
    if (match.succeeded() && !hasUnknownHole(source, holes)) {
      return { program: { statements: semantics(match)['statements']() as Stmt[], span: { start: 0, end: source.length } }, diagnostics: [] };
    }
  } catch (problem) {
    if (problem instanceof ChainTooLong) return { program: null, diagnostics: [chainReport(problem)] };
    if (!(problem instanceof RangeError)) throw problem;
  }
  // A recipe loads in two milliseconds, so the grammar of mistakes is built when somebody made one.
  const mistakes = makeRecipe(mistakesRecipe(language)) as MistakesGrammar;
  return { program: null, diagnostics: syntaxErrors(source, holes, language, mistakes) };
}

function hasUnknownHole(source: string, holes: number): boolean {
  return source.includes(holeOpen) && [...source.matchAll(new RegExp(`${holeOpen}([0-9]+)${holeClose}`, 'g'))].some((match) => Number(match[1]) >= holes);
}
