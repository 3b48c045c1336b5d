/**
 * What is left of a program with syntax errors: the statements that are right, so that what is wrong
 * with their names, types and shapes is told together with the syntax errors, and the names that the
 * wrong ones may have defined, so that nobody is told of a name that it does not exist because the
 * statement that defines it could not be read.
 */
import type { Span } from '../errors/diagnostic.js';
import type { Program, PlateSyntax, Stmt, Syntax } from './ast.js';
import { outline, reservedWords, skippedMark, survey, type Token, tokens } from './survey.js';

/** What wrong statements may define. */
export interface Lost {
  readonly names: ReadonlySet<string>;
  /** True where it cannot be told which names they define. */
  readonly anything: boolean;
}
export const nothingLost: Lost = { names: new Set(), anything: false };

/** The right statements of a wrong program, and what its wrong ones may define. */
export interface Salvaged {
  readonly program: Program;
  readonly lost: Lost;
}

/**
 * A part of a wrong program, where it begins and ends, and its text with brackets mended: positions are kept, closing braces may stand
 * behind its end.
 */
export interface MendedPart extends Span {
  readonly text: string;
  /** The brackets without a partner, positions from the start of the part. */
  readonly faults: readonly Token[];
}

/** Statements of a text that begins at an offset; null where it does not parse. */
export type Reader = (text: string, start: number) => readonly Stmt[] | null;

/** Blocks within blocks that are looked into: each level reads what it contains once more. */
const deepestBlock = 16;

/** A name that no program can write: it stands for an expression that could not be read, and is lost. */
const unreadable = '?';

/** `parts` cover the source in order. */
export function salvage(source: string, parts: readonly MendedPart[], read: Reader): Salvaged {
  const names = new Set([unreadable]);
  const lost = { names, anything: false };
  const lose = (text: string): void => {
    const defined = definitionsIn(text);
    for (const name of defined.names) names.add(name);
    lost.anything ||= defined.anything;
  };
  const statements = parts.flatMap((part) => new PartSalvager(source, part, read, lose).statementsOfPart());
  return { program: { statements, span: { start: 0, end: source.length } }, lost };
}

class PartSalvager {
  private readonly source: string;
  private readonly part: MendedPart;
  private readonly readRight: Reader;
  private readonly lose: (text: string) => void;

  constructor(source: string, part: MendedPart, read: Reader, lose: (text: string) => void) {
    this.source = source;
    this.part = part;
    this.readRight = read;
    this.lose = lose;
  }

  statementsOfPart(): readonly Stmt[] {
    const { start, end, text, faults } = this.part;
    // Where a brace is wrong nobody knows which statements stand in which block.
    if (faults.some((bracket) => '{}'.includes(bracket.text))) {
      this.lose(this.source.slice(start, end));
      return [];
    }
    // What mending had to strike out is gone, but a block keeps the word that opens it.
    const readable = text.replace(new RegExp(`${skippedMark}(?:[${skippedMark}\\s]*${skippedMark})?`, 'g'), (run, at: number) => {
      const struck = this.source.slice(start + at, start + at + run.length);
      const opener = text
        .slice(at + run.length)
        .trimStart()
        .startsWith('{')
        ? (/^(?:for|if)\b/.exec(struck)?.[0] ?? '')
        : '';
      this.lose(struck);
      return opener + run.slice(opener.length).replaceAll(skippedMark, ' ');
    });
    return this.statements(readable, start, 0);
  }

  /** A statement that contains a bracket without partner is wrong, though it may read well without the bracket. */
  private read(text: string, start: number): readonly Stmt[] | null {
    const { start: origin, faults } = this.part;
    return faults.some((bracket) => bracket.start + origin >= start && bracket.start + origin < start + text.length)
      ? null
      : this.readRight(text, start);
  }

  /** What the source has in the place of a text of the part. */
  private sourceAt(start: number, length: number): string {
    return this.source.slice(start, Math.min(start + length, this.part.end));
  }

  /** The right ones among the statements of a text that begins at `start`, in so many blocks. */
  private statements(text: string, start: number, depth: number): readonly Stmt[] {
    const { starts } = outline(text);
    const pieces = starts.map((at, k) => text.slice(at, starts[k + 1] ?? text.length));
    const found = pieces.map((piece, k) =>
      piece.trim() === '' ? [] : (this.read(piece, start + starts[k]!) ?? this.block(piece, start + starts[k]!, depth + 1)),
    );
    for (const [k, piece] of pieces.entries()) {
      if (found[k] !== null || !/^(?:for|if)\b/.test(piece) || piece.includes('{')) continue;
      // `let a = 1 if c else 2` and `for i in 0..<N let a = i` are cut in two, but are one mistake.
      const joined = k > 0 && !pieces[k - 1]!.slice(pieces[k - 1]!.trimEnd().length).includes('\n') ? k - 1 : k + 1;
      if (joined < found.length) found[joined] = null;
    }
    for (const [k, piece] of pieces.entries()) {
      if (found[k] === null) this.lose(this.sourceAt(start + starts[k]!, piece.length));
    }
    return found.flatMap((statements) => statements ?? []);
  }

  /** A wrong block with what is right in it; null where the text is none. */
  private block(text: string, start: number, depth: number): readonly Stmt[] | null {
    const keyword = /^(?:for|if)\b/.exec(text)?.[0];
    const braces = keyword === undefined || depth > deepestBlock ? null : bracesOf(text);
    if (braces === null) return null;
    const { open, close } = braces;
    const header = this.source.slice(start, start + open);
    const [right] = this.read(`${header}{}`, start) ?? [];
    const span = { start, end: start + close + 1 };
    const body = (): readonly Stmt[] => this.statements(text.slice(open + 1, close), start + open + 1, depth);
    if (keyword === 'for') {
      const plates = right?.kind === 'for' ? right.plates : unreadablePlates(header, start);
      if (plates.length === 0) return null;
      // What follows the block belongs to no statement.
      this.lose(this.sourceAt(start + close + 1, text.length - close - 1));
      return [{ kind: 'for', plates, body: body(), span }];
    }
    const test = right?.kind === 'if' ? right.test : unreadableSyntax(span);
    return [{ kind: 'if', test, then: body(), otherwise: this.otherwise(text.slice(close + 1), start + close + 1, depth), span }];
  }

  /** What stands behind the first block of an `if`. */
  private otherwise(text: string, start: number, depth: number): readonly Stmt[] | null {
    const branch = /^\s*else\b\s*/.exec(text)?.[0].length ?? 0;
    const rest = text.slice(branch);
    const from = start + branch;
    if (branch > 0 && /^if\b/.test(rest)) return this.read(rest, from) ?? this.block(rest, from, depth + 1);
    const braces = branch > 0 && rest.startsWith('{') ? bracesOf(rest) : null;
    if (braces !== null) return this.statements(rest.slice(1, braces.close), from + 1, depth);
    this.lose(this.sourceAt(from, rest.length));
    return null;
  }
}

/** The first brace outside other brackets and its partner. */
function bracesOf(text: string): { readonly open: number; readonly close: number } | null {
  let depth = 0;
  let open = -1;
  for (const token of tokens(text)) {
    if (token.kind === 'open') {
      if (depth === 0 && token.text === '{') open = token.start;
      depth++;
    } else if (token.kind === 'close' && --depth === 0 && open >= 0) return { open, close: token.start };
  }
  return null;
}

function unreadableSyntax(span: Span): Syntax {
  return { kind: 'name', name: unreadable, span };
}

/** The indices of a header that could not be read; how far they run is unknown. */
function unreadablePlates(header: string, start: number): readonly PlateSyntax[] {
  return [...header.matchAll(/(?:\bfor|,)\s*\(?\s*([\p{L}_][\p{L}0-9_]*)/gu)]
    .filter(([, name]) => !reservedWords.includes(name!))
    .map((match) => {
      const end = start + match.index + match[0].length;
      const span = { start: end - match[1]!.length, end };
      return {
        index: { text: match[1]!, span },
        range: { from: unreadableSyntax(span), to: unreadableSyntax(span), inclusive: false, span },
        span,
      };
    });
}

const name = String.raw`[\p{L}_][\p{L}0-9_]*`;
/** A definition whose name is certainly the name. */
const definition = new RegExp(String.raw`^(?:let|report|fn|sample|predict)\s+(${name})\s*[[(=:~<]`, 'u');
/** A declaration whose name, type and dimensions are there, whatever stands between and behind them. */
const declaration = new RegExp(
  String.raw`^(?:data|param)\s+${name}(?![\p{L}0-9_])\s*(?:\[[^[\]]*\]\s*)?:?\s*(?:real|int|bool|positive|unit|interval|simplex|ordered|cov|corr)\b\s*(?:\([^()]*\)\s*)?(?:\[[^[\]]*\]|[^\p{L}[\]]*$)`,
  'u',
);

/** What wrong statements may define: as few names as can be told, and rather too many than too few. */
function definitionsIn(text: string): Lost {
  const parts = statementsOrLines(text).map(definitionsBy);
  return { names: new Set(parts.flatMap((part) => [...part.names])), anything: parts.some((part) => part.anything) };
}

/** A text cut where statements begin, and before lines that begin like one although no word of the language says so. */
function statementsOrLines(text: string): readonly string[] {
  const { boundaries, tokens: found } = survey(text);
  const lines = found.filter(
    (token, k) =>
      token.firstOnLine && (token.kind === 'word' || token.kind === 'open') && !['symbol', 'open'].includes(found[k - 1]?.kind ?? ''),
  );
  const cuts = [...new Set([...boundaries, ...lines.map((token) => token.start)])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, k) => text.slice(cuts[k], end));
}

function definitionsBy(statement: string): Lost {
  const found = tokens(statement);
  const words = found.filter((token) => token.kind === 'word' && !reservedWords.includes(token.text));
  const between = (from: number, to: number): ReadonlySet<string> =>
    new Set(words.filter((word) => word.start >= from && word.start < to).map((word) => word.text));
  const first = found.find((token) => token.kind !== 'close')?.text;
  const text = statement.trimStart();
  const tilde = found.find((token) => token.text === '~')?.start;
  switch (first) {
    case undefined:
    case 'observe':
    case 'factor':
    case 'else':
    case 'if':
      return nothingLost;
    case 'data':
    case 'param':
      return { names: between(0, statement.length), anything: !declaration.test(text) };
    case 'let':
    case 'report':
    case 'fn':
    case 'sample':
    case 'predict': {
      const own = definition.exec(text)?.[1];
      // A type may bind sizes.
      const colon = found.find((token) => token.text === ':' && token.start < (tilde ?? statement.length))?.start ?? statement.length;
      return {
        names: new Set([...(own === undefined ? [] : [own]), ...between(colon, tilde ?? statement.length)]),
        anything: own === undefined,
      };
    }
    default: {
      const joint = tilde ?? found.find((token) => ['=', '<-', ':='].includes(token.text))?.start;
      return { names: between(0, joint ?? statement.length), anything: false };
    }
  }
}
