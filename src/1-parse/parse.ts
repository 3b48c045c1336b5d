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
import { chainTooLong, tooManyElseIfs } from './messages.js';
import { syntaxErrors } from './recover.js';
import { type Salvaged, salvage } from './salvage.js';
import { holeClose, holeOpen, longestElseIfs, outline } from './survey.js';
import { ChainTooLong, longestChain, treeSemantics } from './tree.js';

declare module 'ohm-js' {
  /** Part of ohm's runtime, used by its bundles, but absent from its declarations. */
  export function makeRecipe(recipe: readonly unknown[]): Grammar;
}

export interface ParseResult {
  /** Null if there is any error. */
  readonly program: Program | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Of a wrong program what is right, to be checked all the same; null where next to nothing is. */
  readonly salvaged: Salvaged | null;
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
  const hasWrongHole = hasUnknownHole(source, holes),
    { starts, elseIfTooMany } = outline(source);
  if (elseIfTooMany !== null) return { program: null, diagnostics: [tooManyElseIfs(elseIfTooMany, longestElseIfs)], salvaged: null };
  try {
    const statements = hasWrongHole ? null : parseStatements(source, starts);
    if (statements !== null) return { program: { statements, span: { start: 0, end: source.length } }, diagnostics: [], salvaged: null };
  } catch (problem) {
    if (problem instanceof ChainTooLong) {
      const salvaged = salvage(source, [{ start: 0, end: source.length, text: source, faults: [] }], readStatements);
      return { program: null, diagnostics: [chainTooLong(problem.span, longestChain)], salvaged };
    }
    if (!(problem instanceof RangeError)) throw problem;
  }
  const { diagnostics, parts } = syntaxErrors(source, holes, language, mistakes());
  return { program: null, diagnostics, salvaged: parts === null ? null : salvage(source, parts, readStatements) };
}

function hasUnknownHole(source: string, holes: number): boolean {
  return (
    source.includes(holeOpen) &&
    [...source.matchAll(new RegExp(`${holeOpen}([0-9]+)${holeClose}`, 'g'))].some((match) => Number(match[1]) >= holes)
  );
}

/**
 * Statement by statement, because ohm remembers every rule at every character of a match and small
 * memories cost half of one large one. Null if any statement is wrong.
 */
function parseStatements(source: string, starts: readonly number[]): readonly Stmt[] | null {
  const statements: Stmt[] = [];
  for (let at = 0; at < starts.length; at++) {
    const start = starts[at]!;
    const read = readPiece(source.slice(start, starts[at + 1] ?? source.length), start);
    if (read === null) return null;
    statements.push(...read);
  }
  return statements;
}

/** The statements of a piece of the text that begins at an offset; null where it is wrong. */
function readPiece(text: string, start: number): readonly Stmt[] | null {
  const match = language.match(text);
  return match.failed() ? null : movedBy(start, () => semantics(match)['statements']() as Stmt[]);
}
/** The same where what is too long or too deep to be read is only wrong. */
function readStatements(text: string, start: number): readonly Stmt[] | null {
  try {
    return readPiece(text, start);
  } catch (problem) {
    if (problem instanceof ChainTooLong || problem instanceof RangeError) return null;
    throw problem;
  }
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
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => [
    key,
    key === 'span' ? movedSpan(value as Span, offset) : moved(value, offset),
  ]);
  return Object.fromEntries(entries);
}
