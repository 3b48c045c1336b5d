/**
 * Text to syntax tree. A right program costs one match against grammar/credence.ohm; a wrong one is
 * handed to `recover.ts`, which reports every syntax error it can find.
 * Invariant: never throws for a text, however broken; `program` is null exactly if an error is reported.
 */
import { makeRecipe } from 'ohm-js';
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import type { Program, Stmt } from './ast.js';
import { credenceRecipe, mistakesRecipe } from './grammar.js';
import type { CredenceGrammar, CredenceSemantics, MistakesGrammar } from './grammar.js';
import { chainTooLong } from './messages.js';
import { syntaxErrors } from './recover.js';
import { holeClose, holeOpen, statementStarts } from './survey.js';
import { ChainTooLong, longestChain, treeSemantics } from './tree.js';

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
/** Needed only when somebody made a mistake, so it is built on first use. */
const mistakes: () => MistakesGrammar = onFirstUse(() => makeRecipe(mistakesRecipe(language)) as MistakesGrammar);

/** A constant that is computed when it is first asked for. */
function onFirstUse<T>(compute: () => T): () => T {
  let known: { readonly value: T } | null = null;
  return () => (known ??= { value: compute() }).value;
}

/**
 * The syntax tree of a program, or all its syntax errors in the order of the text.
 * `holes` is how many host values `${...}` the text may refer to (see `template.ts`); a text from a
 * file has none.
 */
export function parse(source: string, holes = 0): ParseResult {
  try {
    const statements = hasUnknownHole(source, holes) ? null : parseStatements(source);
    if (statements !== null) return { program: { statements, span: { start: 0, end: source.length } }, diagnostics: [] };
  } catch (problem) {
    if (problem instanceof ChainTooLong) return { program: null, diagnostics: [chainTooLong(problem.span, longestChain)] };
    if (!(problem instanceof RangeError)) throw problem;
  }
  return { program: null, diagnostics: syntaxErrors(source, holes, language, mistakes()) };
}

function hasUnknownHole(source: string, holes: number): boolean {
  return source.includes(holeOpen) && [...source.matchAll(new RegExp(`${holeOpen}([0-9]+)${holeClose}`, 'g'))].some((match) => Number(match[1]) >= holes);
}

/**
 * Statement by statement, because ohm remembers every rule at every character of a match and small
 * memories cost half of one large one. Null if any statement is wrong.
 */
function parseStatements(source: string): readonly Stmt[] | null {
  const starts = statementStarts(source);
  const statements: Stmt[] = [];
  for (let at = 0; at < starts.length; at++) {
    const start = starts[at]!;
    const match = language.match(source.slice(start, starts[at + 1] ?? source.length));
    if (match.failed()) return null;
    statements.push(...movedBy(start, () => semantics(match)['statements']() as Stmt[]));
  }
  return statements;
}

/** A tree built from a piece of the text, with spans of the whole text. */
function movedBy(offset: number, build: () => readonly Stmt[]): readonly Stmt[] {
  try {
    return moved(build(), offset) as readonly Stmt[];
  } catch (problem) {
    throw problem instanceof ChainTooLong ? new ChainTooLong(movedSpan(problem.span, offset)) : problem;
  }
}
function movedSpan(span: Span, offset: number): Span {
  return { start: span.start + offset, end: span.end + offset };
}
function moved(node: unknown, offset: number): unknown {
  if (Array.isArray(node)) return node.map((item) => moved(item, offset));
  if (typeof node !== 'object' || node === null || offset === 0) return node;
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => [key, key === 'span' ? movedSpan(value as Span, offset) : moved(value, offset)]);
  return Object.fromEntries(entries);
}
