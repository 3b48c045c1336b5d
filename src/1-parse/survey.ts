/**
 * A rough view of a text that does not parse: its tokens, its brackets and where statements begin.
 * It knows just enough of the language to say which bracket is unclosed, to name the token at a
 * place, and to cut out one statement so that the rest can be parsed.
 */
import type { Span } from '../errors/diagnostic.js';

/** The reserved words of the language. */
export const reservedWords: readonly string[] = [
  'data',
  'param',
  'sample',
  'observe',
  'predict',
  'let',
  'report',
  'factor',
  'fn',
  'for',
  'in',
  'if',
  'else',
  'true',
  'false',
  'inf',
];
/** Those that begin a statement; `for` also joins a generator. */
export const statementWords: readonly string[] = [
  'data',
  'param',
  'sample',
  'observe',
  'predict',
  'let',
  'report',
  'factor',
  'fn',
  'for',
  'if',
];

export type TokenKind =
  | 'skipped'
  | 'word'
  | 'number'
  | 'text'
  | 'hole'
  | 'open'
  | 'close'
  | 'symbol'
  | 'unknown'
  | 'openComment'
  | 'hashComment';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** First token of its line. */
  readonly firstOnLine: boolean;
}

/** Marks around the number of a template hole, and the one that overwrites a reported statement. */
export const holeOpen = '\uE000';
export const holeClose = '\uE001';
export const skippedMark = '\uE002';

/** Alternatives by kind, in the order in which they are tried; each is one group. */
const tokenSources = {
  white: String.raw`(\s+|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)`,
  openComment: String.raw`(\/\*[^]*)`,
  hashComment: String.raw`(#[^\n\r]*)`,
  word: String.raw`([\p{L}_][\p{L}0-9_]*)`,
  number: String.raw`([0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)`,
  text: String.raw`("[^"\n\r]*"?)`,
  hole: `(${holeOpen}[0-9]+${holeClose})`,
  open: String.raw`([([{])`,
  close: String.raw`([)\]}])`,
  symbol: String.raw`(\.\.<=|\.\.<|\.\.=|\.\.\.|\.\.|===|!==|%\*%|<-|->|=>|<=|>=|==|!=|&&|\|\||:=|\+=|-=|\*=|\/=|\*\*|<>|[-+*/@^<>!?:;,=~.&|%'−×·÷≤≥≠∈])`,
  skipped: `(${skippedMark}+)`,
  unknown: '([^])',
} as const;
const kinds: readonly (keyof typeof tokenSources)[] = Object.keys(tokenSources) as (keyof typeof tokenSources)[];

/** The tokens of a text, white space and comments left out. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  const pattern = new RegExp(Object.values(tokenSources).join('|'), 'uy');
  let line = true;
  for (let at = 0; at < text.length; ) {
    pattern.lastIndex = at;
    const match = pattern.exec(text)!;
    const content = match[0];
    const end = at + content.length;
    // One group for each kind, in the order of `kinds`.
    const kind = kinds[match.findIndex((part, group) => group > 0 && part !== undefined) - 1]!;
    if (kind === 'white') {
      line = line || /[\n\r]/.test(content);
    } else {
      found.push({ kind, text: content, start: at, end, firstOnLine: line });
      line = false;
    }
    at = end;
  }
  return found;
}

export type BracketFault =
  /** Opened and never closed; `before` is the token at which that became clear, null at the end of the text. */
  | { readonly kind: 'unclosed'; readonly open: Token; readonly before: Token | null }
  | { readonly kind: 'unopened'; readonly close: Token }
  | { readonly kind: 'mismatched'; readonly open: Token; readonly close: Token };

export interface Survey {
  readonly tokens: readonly Token[];
  readonly faults: readonly BracketFault[];
  /** Offsets that end one statement or header and begin another, ascending, from 0 to the length of the text. */
  readonly boundaries: readonly number[];
}

const partner: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', ')': '(', ']': '[', '}': '{' };
/** The bracket that closes (or opens) the given one. */
export function partnerOf(bracket: string): string {
  return partner[bracket]!;
}

/**
 * Whether a reserved word begins a statement, even inside brackets that somebody forgot to close:
 * it stands first on its line or where an expression has just ended. Inside brackets `for` joins a generator.
 */
function beginsStatement(token: Token, previous: Token | undefined, inBrackets: boolean): boolean {
  if (token.kind !== 'word' || !statementWords.includes(token.text) || (inBrackets && token.text === 'for')) return false;
  if (
    token.firstOnLine ||
    previous === undefined ||
    ['number', 'hole', 'close'].includes(previous.kind) ||
    ['{', ';'].includes(previous.text)
  )
    return true;
  return previous.kind === 'word' && (!reservedWords.includes(previous.text) || ['true', 'false', 'inf'].includes(previous.text));
}

/** Brackets that do not match, and the places where the text can be cut. */
export function survey(text: string): Survey {
  const found = tokens(text);
  const faults: BracketFault[] = [];
  const boundaries = new Set([0, text.length]);
  let open: Token[] = [];
  let suspect: Token | null = null;
  found.forEach((token, at) => {
    const inner = open.at(-1);
    const inBrackets = inner !== undefined && inner.text !== '{';
    if (token.kind === 'skipped') boundaries.add(token.start).add(token.end);
    if (token.kind === 'word') {
      const begins = beginsStatement(token, found[at - 1], inBrackets);
      if (inBrackets && begins) {
        const lost = open.slice(lastBrace(open) + 1);
        faults.push({ kind: 'unclosed', open: lost.at(-1)!, before: token });
        open = open.slice(0, lastBrace(open) + 1);
      }
      if (begins || (!inBrackets && token.text === 'else')) boundaries.add(token.start);
    } else if (token.kind === 'open') {
      open.push(token);
      if (token.text === '{') boundaries.add(token.start).add(token.end);
    } else if (token.kind === 'close') {
      if (token.text === '}') {
        boundaries.add(token.start).add(token.end);
        if (inBrackets) {
          faults.push({ kind: 'unclosed', open: inner, before: token });
          open = open.slice(0, lastBrace(open) + 1);
        }
      }
      const closes = open.at(-1);
      if (closes === undefined || (closes.text === '{' && token.text !== '}')) {
        faults.push({ kind: 'unopened', close: token });
        boundaries.add(token.start).add(token.end);
      } else {
        if (closes.text !== partnerOf(token.text)) faults.push({ kind: 'mismatched', open: closes, close: token });
        if (token.text === '}' && suspect === null && token.firstOnLine && indentation(text, token) < indentation(text, closes))
          suspect = closes;
        open.pop();
      }
    }
  });
  const lost = open.slice(lastBrace(open) + 1);
  const unclosed = [...open.slice(0, lastBrace(open) + 1), ...lost.slice(-1)];
  unclosed.forEach((token, at) => {
    // Which of several braces lacks its partner is told by the indentation of the others, if at all.
    const blamed: Token = at === 0 && token.text === '{' && suspect !== null ? suspect : token;
    faults.push({ kind: 'unclosed', open: blamed, before: null });
  });
  return { tokens: found, faults, boundaries: [...boundaries].sort((a, b) => a - b) };
}

function lastBrace(open: readonly Token[]): number {
  return open.findLastIndex((token) => token.text === '{');
}

/** White space before the first token of the line of a token. */
function indentation(text: string, token: Token): number {
  const line = text.slice(Math.max(text.lastIndexOf('\n', token.start - 1), text.lastIndexOf('\r', token.start - 1)) + 1);
  return /^\s*/.exec(line)![0].length;
}

// --- statements ------------------------------------------------------------------------------

/** Comments, words with numbers that run into them, and brackets: enough to see where statements begin. */
const landmark =
  /\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/|(?<word>[\p{L}_][\p{L}0-9_]*)|[0-9][\p{L}0-9_]*|(?<open>[([{])|(?<close>[)\]}])/gu;

/**
 * What is generated for a chain grows with the square of its length: with an observation in each, 100 take 4 s to compile, 250 take
 * 50 s; 1,000 would overflow the stack of the grammar.
 */
export const longestElseIfs = 100;

/** What is seen of a program without reading it. */
export interface Outline {
  /**
   * Offsets that cut a program into its outermost statements, 0 included. Reserved words stand
   * nowhere else, so in a right program one outside all brackets begins a statement (but for `else if`).
   */
  readonly starts: readonly number[];
  /** The `if` at which a chain has more than `longestElseIfs`; null where none has. */
  readonly elseIfTooMany: Span | null;
}

/** The outline of a text, right or wrong, in one pass over its words and brackets. */
export function outline(source: string): Outline {
  const starts = [0];
  // Of each depth of brackets how many the chain has that is written there.
  const elseIfs = [0];
  let elseIfTooMany: Span | null = null;
  let depth = 0;
  let previous = '';
  for (const { 0: text, index, groups } of source.matchAll(landmark)) {
    if (groups!['open'] !== undefined) elseIfs[++depth] = 0;
    else if (groups!['close'] !== undefined) depth = Math.max(0, depth - 1);
    else if (groups!['word'] === undefined) continue;
    else if (previous === 'else') {
      if (text === 'if' && ++elseIfs[depth]! > longestElseIfs) elseIfTooMany ??= { start: index, end: index + text.length };
    } else if (statementWords.includes(text)) {
      elseIfs[depth] = 0;
      if (depth === 0 && index > 0) starts.push(index);
    }
    previous = text;
  }
  return { starts, elseIfTooMany };
}

/** The token that covers or follows an offset, or null at the end. */
export function tokenAt(found: readonly Token[], offset: number): Token | null {
  return found.find((token) => token.end > offset) ?? null;
}

/** The token that ends at or before an offset, or null at the beginning. */
export function tokenBefore(found: readonly Token[], offset: number): Token | null {
  return found.findLast((token) => token.end <= offset) ?? null;
}

/** The deepest bracket of a text, with its depth. */
export function deepestBracket(found: readonly Token[]): { readonly depth: number; readonly span: Span } | null {
  let depth = 0;
  let deepest: { readonly depth: number; readonly span: Span } | null = null;
  for (const token of found) {
    if (token.kind === 'open') {
      depth++;
      if (deepest === null || depth > deepest.depth) deepest = { depth, span: { start: token.start, end: token.end } };
    } else if (token.kind === 'close') depth = Math.max(0, depth - 1);
  }
  return deepest;
}
