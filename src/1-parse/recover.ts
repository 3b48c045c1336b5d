/**
 * Every syntax error of a program that does not parse. Bracket faults and foreign characters are
 * found by `survey.ts` and patched over; then the text is matched against grammar/mistakes.ohm. As
 * long as that fails, the failure is reported, its statement overwritten with marks of equal
 * length, and the text matched again; at last the named mistakes are read off the match.
 * Invariant: offsets never move; each round overwrites something, so the rounds end.
 */
import type { FailedMatchResult, MatchResult, Matcher } from 'ohm-js';
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/words.js';
import type { CredenceGrammar, MistakesGrammar, MistakesSemantics } from './grammar.js';
import * as messages from './messages.js';
import { mistakeSemantics } from './mistakes.js';
import type { MendedPart } from './salvage.js';
import {
  deepestBracket,
  holeOpen,
  outline,
  partnerOf,
  reservedWords,
  skippedMark,
  statementWords,
  survey,
  tokenAt,
  tokenBefore,
  tokens,
} from './survey.js';
import type { BracketFault, Survey, Token, TokenKind } from './survey.js';

declare module 'ohm-js' {
  /** Part of ohm's documented interface, but absent from its declarations. */
  interface FailedMatchResult {
    getRightmostFailures(): readonly { getText(): string }[];
  }
}

/** Beyond this many errors a text is not a program with mistakes. */
const mostErrors = 20;

/** A text of marks of the same length, line ends kept. */
function marks(text: string, mark: string): string {
  return text.replace(/[^\n\r\u2028\u2029]/g, mark);
}
function overwritten(text: string, span: Span, mark: string): string {
  return text.slice(0, span.start) + marks(text.slice(span.start, span.end), mark) + text.slice(span.end);
}

/** A statement longer than this is matched against the language alone, which is enough to say where it goes wrong. */
const longestStatement = 20_000;

/** What the search for errors needs to know of the program. */
interface Search {
  readonly language: CredenceGrammar;
  readonly mistakes: MistakesGrammar;
  readonly semantics: MistakesSemantics;
  /** Tokens of the program as it was written, and its length. */
  readonly written: readonly Token[];
  readonly length: number;
  /** Grows as errors are found. */
  readonly found: Diagnostic[];
}

/**
 * What is wrong with a text, and the text itself as far as it can be mended; null where it has so many mistakes that it is hardly a
 * program.
 */
export interface SyntaxErrors {
  readonly diagnostics: readonly Diagnostic[];
  readonly parts: readonly MendedPart[] | null;
}

/**
 * The syntax errors of `source`, in the order of the text, at least one. `holes` is the number of
 * template holes the text may refer to, `language` the grammar it failed against.
 */
export function syntaxErrors(source: string, holes: number, language: CredenceGrammar, mistakes: MistakesGrammar): SyntaxErrors {
  const found: Diagnostic[] = [];
  const search: Search = {
    language,
    mistakes,
    semantics: mistakeSemantics(mistakes, source),
    written: tokens(source),
    length: source.length,
    found,
  };
  const text = withoutForeign(source, holes, search);
  const parts: MendedPart[] = [];
  const untouched = (end: number): void => {
    const start = parts.at(-1)?.end ?? 0;
    parts.push({ start, end, text: text.slice(start, end), faults: [] });
  };
  for (const { start, end } of wrongParts(text, search)) {
    if (found.length >= mostErrors) break;
    const { mended, faults } = withoutBracketFaults(text.slice(start, end), start, search);
    untouched(start);
    parts.push({ start, end, text: mended, faults });
    partErrors(mended, start, search);
  }
  untouched(text.length);
  if (found.length === 0) found.push(unnamed(source, search));
  return { diagnostics: distinct(found, source.length), parts: found.length >= mostErrors ? null : parts };
}

/**
 * The runs of outermost statements that are wrong. Statements after the last mistake anybody will
 * read about count as right; very long wrong ones are reported here.
 */
function wrongParts(text: string, { language, written, length, found }: Search): readonly Span[] {
  const { starts } = outline(text);
  const parts: Span[] = [];
  let wrong = 0;
  for (let at = 0; at < starts.length && wrong <= mostErrors; at++) {
    const end = starts[at + 1] ?? text.length;
    const piece = text.slice(starts[at]!, end);
    const result = strictMatch(piece, language);
    if (result?.succeeded() === true) continue;
    wrong++;
    if (piece.length > longestStatement && result?.failed() === true) found.push(failure(result, starts[at]!, written, length));
    else
      addPart(parts, {
        start: isTail(piece) ? (starts[at - 1] ?? 0) : starts[at]!,
        end: isHead(piece) ? (starts[at + 2] ?? text.length) : end,
      });
  }
  return parts;
}

/** `let a = 1 if c else 2` is cut before the `if`, but is one mistake. */
function isTail(piece: string): boolean {
  return /^(?:if|for)/.test(piece);
}
/** `for i in 0..<N let a = i` is cut before the `let`, but is one mistake. */
function isHead(piece: string): boolean {
  return (/^(?:if|for)/.test(piece) && !piece.includes('{')) || /\belse\s*$/.test(piece);
}
/** Parts that touch are one, unless that would be too long for the grammar of mistakes. */
function addPart(parts: Span[], part: Span): void {
  const last = parts.at(-1);
  if (last !== undefined && last.end >= part.start && part.end - last.start <= longestStatement)
    parts[parts.length - 1] = { start: last.start, end: Math.max(last.end, part.end) };
  else if (last === undefined || part.start >= last.end) parts.push(part);
  else parts.push({ start: last.end, end: Math.max(last.end, part.end) });
}

/** Rounds of matching, reporting and overwriting on a part of the program that begins at `offset`. */
function partErrors(part: string, offset: number, search: Search): void {
  const { found, mistakes } = search;
  let matcher = matcherOf(part, mistakes);
  while (found.length < mostErrors) {
    const outcome = attempt(matcher, search.semantics);
    if (outcome.kind === 'matched') {
      found.push(...outcome.found.map((diagnostic) => shifted(diagnostic, offset)));
      return;
    }
    const text = matcher.getInput();
    const view = survey(text);
    const statement =
      outcome.kind === 'failed'
        ? statementAt(text, view, outcome.result.getRightmostFailurePosition())
        : deepStatement(text, view, mistakes);
    found.push(
      outcome.kind === 'failed'
        ? nearestFailure(outcome.result, text, statement, offset, search)
        : shifted(tooDeep(text, view.tokens, statement), offset),
    );
    if (statement === null) return;
    // What a match remembers is of no use after a stack overflow in the middle of it.
    if (outcome.kind === 'overflowed') matcher = matcherOf(overwritten(text, statement, skippedMark), mistakes);
    else matcher.replaceInputRange(statement.start, statement.end, marks(text.slice(statement.start, statement.end), skippedMark));
  }
}

function shifted(diagnostic: Diagnostic, offset: number): Diagnostic {
  const { span } = diagnostic;
  return span === undefined ? diagnostic : { ...diagnostic, span: { start: span.start + offset, end: span.end + offset } };
}

function matcherOf(text: string, grammar: MistakesGrammar): Matcher {
  const matcher = grammar.matcher();
  matcher.setInput(text);
  return matcher;
}

/** What the language itself says, should the grammar of mistakes have let a mistake pass. */
function unnamed(source: string, { language, written }: Search): Diagnostic {
  const result = strictMatch(source, language);
  return result?.failed() === true ? failure(result, 0, written, source.length) : tooDeep(source, written, null);
}

/**
 * In the order of the text, the first of each place, and not more than anybody reads; within the text, without the braces put behind it.
 */
function distinct(found: readonly Diagnostic[], length: number): readonly Diagnostic[] {
  const start = (diagnostic: Diagnostic): number => diagnostic.span?.start ?? length;
  const inside = found.map((diagnostic) => ({
    ...diagnostic,
    span: { start: Math.min(start(diagnostic), length), end: Math.min(diagnostic.span?.end ?? length, length) },
  }));
  const sorted = inside.sort((a, b) => start(a) - start(b));
  const kept = sorted.filter((diagnostic, at) => at === 0 || start(diagnostic) !== start(sorted[at - 1]!));
  if (kept.length <= mostErrors) return kept;
  return [...kept.slice(0, mostErrors), messages.tooManyErrors(kept[mostErrors]!.span, mostErrors)];
}

// --- characters and brackets ------------------------------------------------------------------

/** Reports and blanks what no program contains: foreign characters, `#` comments, an open comment, unknown holes. */
function withoutForeign(source: string, holes: number, { written, found }: Search): string {
  const parts: string[] = [];
  let done = 0;
  let previous: Token | null = null;
  for (const token of written) {
    const stray = token.kind === 'skipped' || (token.kind === 'hole' && Number(token.text.slice(1, -1)) >= holes);
    if (!foreignKinds.has(token.kind) && !stray) continue;
    if (token.kind === 'hashComment') found.push(messages.hashComment({ start: token.start, end: token.start + 1 }));
    else if (token.kind === 'openComment') found.push(messages.unclosedComment({ start: token.start, end: token.start + 2 }));
    else if (previous === null || previous.end !== token.start || previous.text !== token.text) {
      found.push(messages.unknownCharacter({ start: token.start, end: token.end }, String.fromCodePoint(token.text.codePointAt(0)!)));
    }
    previous = token;
    // What stands for a hole is a number, so that the statement around it is looked at as usual.
    parts.push(source.slice(done, token.start), marks(token.text, token.kind === 'hole' ? '0' : ' '));
    done = token.end;
  }
  return parts.join('') + source.slice(done);
}
const foreignKinds: ReadonlySet<TokenKind> = new Set(['unknown', 'hashComment', 'openComment']);

/** Reports brackets that do not match in a part of the program and patches it so that those of the rest do. */
function withoutBracketFaults(
  part: string,
  offset: number,
  { found }: Search,
): { readonly mended: string; readonly faults: readonly Token[] } {
  let text = part;
  const { faults, boundaries } = survey(part);
  for (const fault of faults) {
    if (found.length > mostErrors) break;
    found.push(shifted(bracketMessage(fault), offset));
    if (fault.kind === 'unopened')
      text = overwritten(text, { start: fault.close.start, end: fault.close.end }, fault.close.text === '}' ? skippedMark : ' ');
    else if (fault.kind === 'mismatched' || fault.open.text !== '{') {
      const start = boundaries.findLast((boundary) => boundary <= fault.open.start) ?? 0;
      const end = boundaries.find(
        (boundary) =>
          boundary > fault.open.start && (fault.kind === 'mismatched' || fault.before === null || boundary >= fault.before.start),
      );
      text = overwritten(text, { start, end: end ?? text.length }, skippedMark);
    }
  }
  const lacking = survey(text).faults.filter((fault) => fault.kind === 'unclosed' && fault.open.text === '{').length;
  // On a line of their own, because the last line may end in a comment.
  return {
    mended: lacking === 0 ? text : `${text}\n${'}'.repeat(lacking)}`,
    faults: faults.flatMap((fault) =>
      fault.kind === 'mismatched' ? [fault.open, fault.close] : [fault.kind === 'unopened' ? fault.close : fault.open],
    ),
  };
}

function bracketMessage(fault: BracketFault): Diagnostic {
  if (fault.kind === 'unopened') return messages.unopenedBracket({ start: fault.close.start, end: fault.close.end }, fault.close.text);
  const span = { start: fault.open.start, end: fault.open.end };
  if (fault.kind === 'unclosed')
    return messages.unclosedBracket(span, fault.open.text, partnerOf(fault.open.text), fault.before?.text ?? null);
  return messages.mismatchedBracket(
    { start: fault.close.start, end: fault.close.end },
    fault.open.text,
    fault.close.text,
    partnerOf(fault.open.text),
  );
}

// --- one match --------------------------------------------------------------------------------

type Outcome =
  | { readonly kind: 'matched'; readonly found: readonly Diagnostic[] }
  | { readonly kind: 'failed'; readonly result: FailedMatchResult }
  | { readonly kind: 'overflowed' };

function attempt(matcher: Matcher, semantics: MistakesSemantics): Outcome {
  try {
    const result = matcher.match();
    return result.failed()
      ? { kind: 'failed', result }
      : { kind: 'matched', found: semantics(result)['mistakes']() as readonly Diagnostic[] };
  } catch (problem) {
    if (problem instanceof RangeError) return { kind: 'overflowed' };
    throw problem;
  }
}

/**
 * The statement (or header of a block) that contains an offset, or ends at it where something is missing; null if all there is was
 * overwritten.
 */
function statementAt(text: string, { boundaries }: Survey, offset: number): Span | null {
  const pieces = boundaries
    .slice(1)
    .map((end, at) => ({ start: boundaries[at]!, end }))
    .filter((piece) => /[^\s{}]/.test(text.slice(piece.start, piece.end).replaceAll(skippedMark, '')));
  const at = pieces.findIndex((piece) => piece.end > offset);
  const current = pieces[at];
  const before = at < 0 ? pieces.at(-1) : pieces[at - 1];
  // At the first token of a statement it is the one before that lacks something, unless nothing stands between.
  const startsHere = current === undefined || text.slice(current.start, Math.max(offset, current.start)).trim() === '';
  const adjacent =
    before !== undefined && !/[{}]/.test(text.slice(before.end, offset)) && !text.slice(before.end, offset).includes(skippedMark);
  return (startsHere && adjacent ? before : current) ?? before ?? null;
}

/** The first statement that overflows the stack by itself. */
function deepStatement(text: string, view: Survey, mistakes: MistakesGrammar): Span {
  for (let at = 1; at < view.boundaries.length; at++) {
    const piece = { start: view.boundaries[at - 1]!, end: view.boundaries[at]! };
    try {
      mistakes.match(text.slice(piece.start, piece.end));
    } catch (problem) {
      if (problem instanceof RangeError) return piece;
      throw problem;
    }
  }
  return { start: 0, end: text.length };
}

/** Brackets deeper than this are what overflowed; shallower ones are not worth pointing at. */
const notableDepth = 20;

function tooDeep(text: string, found: readonly Token[], statement: Span | null): Diagnostic {
  const piece = statement ?? { start: 0, end: text.length };
  const deepest = deepestBracket(found.filter((token) => token.start >= piece.start && token.end <= piece.end));
  const first = tokenAt(found, piece.start);
  if (deepest !== null && deepest.depth > notableDepth) return messages.nestedTooDeeply(deepest.span, deepest.depth);
  return messages.nestedTooDeeply(first === null ? piece : { start: first.start, end: first.end }, null);
}

// --- the message of an unnamed failure --------------------------------------------------------

/**
 * The failure to report for a statement. The grammar of mistakes may have read on beyond the place
 * where the language itself gives up; the earlier place is the one to look at.
 */
function nearestFailure(
  lenient: FailedMatchResult,
  text: string,
  statement: Span | null,
  from: number,
  { language, written, length }: Search,
): Diagnostic {
  const own = statement === null ? '' : text.slice(statement.start, statement.end);
  const strict = strictMatch(own, language);
  if (statement === null || strict?.failed() !== true) return failure(lenient, from, written, length);
  const offset = strict.getRightmostFailurePosition();
  const earlier = own.slice(offset).trim() !== '' && statement.start + offset <= lenient.getRightmostFailurePosition();
  return earlier ? failure(strict, from + statement.start, written, length) : failure(lenient, from, written, length);
}

/** Null where the nesting is too deep for the stack. */
function strictMatch(text: string, language: CredenceGrammar): MatchResult | null {
  try {
    return language.match(text);
  } catch (problem) {
    if (problem instanceof RangeError) return null;
    throw problem;
  }
}

/** `from` is where the matched text begins in the source, `written` are the tokens of the source and `length` is its length. */
function failure(result: FailedMatchResult, from: number, written: readonly Token[], length: number): Diagnostic {
  const offset = from + result.getRightmostFailurePosition();
  const wanted = expectations(result);
  const readable = written.filter((token) => !foreignKinds.has(token.kind));
  const token = tokenAt(readable, offset);
  if (token === null) {
    const last = tokenBefore(readable, length);
    const end = last?.end ?? 0;
    return messages.unexpectedToken({ start: end, end: Math.min(end + 1, length) }, null, wanted.text, endHint(last, wanted));
  }
  const span = { start: token.start, end: token.end };
  if (wanted.name && reservedWords.includes(token.text) && (!token.firstOnLine || !statementWords.includes(token.text)))
    return messages.reservedName(span, token.text);
  const shown = token.kind === 'hole' ? '${...}' : token.text;
  return messages.unexpectedToken(span, shown, wanted.text, failureHint(token, tokenBefore(readable, token.start), wanted));
}

interface Expectations {
  readonly text: string;
  readonly name: boolean;
  readonly expression: boolean;
  readonly statement: boolean;
  readonly tokens: ReadonlySet<string>;
}

const operatorTokens: ReadonlySet<string> = new Set(['||', '&&', '<=', '>=', '==', '!=', '<', '>', '+', '-', '*', '/', '@', '^', '?']);
/** Tokens that say nothing beside the others: they continue what has already been read. */
const silentTokens: ReadonlySet<string> = new Set(['[', ';', '.', 'e', 'E', "'", '..<', '..', holeOpen, skippedMark]);

/** The failures of a match in the words of the language, the mistakes' own tokens left out. */
function expectations(result: FailedMatchResult): Expectations {
  const failures = result
    .getRightmostFailures()
    .filter((failure) => failure.getText() !== 'a mistake' && !failure.getText().startsWith('not '));
  const tokens = new Set(failures.map((failure) => failure.getText()));
  const statement = tokens.has('observe');
  const expression = tokens.has('a number') && !statement;
  const name = tokens.has('a name') && !expression && !statement;
  const operator = !expression && [...tokens].some((token) => operatorTokens.has(token));
  const beside = expression ? ['(', '-', '!'] : operator ? ['(', '=>', ':'] : [];
  const others = [...tokens].filter(
    (token) => /^[^a-z\s]+$/i.test(token) && !silentTokens.has(token) && !operatorTokens.has(token) && !beside.includes(token),
  );
  const words = ['in', 'else', ...(operator || expression || statement ? [] : ['for'])].filter((word) => tokens.has(word) && !statement);
  const parts = [
    ...(expression ? ['an expression'] : name ? ['a name'] : []),
    ...others.concat(words).map((token) => `\`${token}\``),
    ...(!expression && others.length === 0 && tokens.has('..<') ? ['`..<`'] : []),
    ...(operator ? ['an operator'] : []),
    ...(statement ? ['a statement'] : []),
    ...(tokens.has('end of input') && !statement ? ['the end of the program'] : []),
  ];
  return { text: listed(parts.length === 0 ? ['something else'] : parts), name, expression, statement, tokens };
}

function listed(parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : `${parts.slice(0, -1).join(', ')} or ${parts.at(-1)}`;
}

function endHint(last: Token | null, wanted: Expectations): string | undefined {
  if (last !== null && wanted.expression && last.text === '~') return 'after `~` stands a distribution, `Normal(0, 1)` for instance';
  return undefined;
}

/** One thing to do about a failure, told from the tokens around it. */
function failureHint(token: Token, previous: Token | null, wanted: Expectations): string | undefined {
  if (previous?.text === ',' && token.kind === 'close') return `there is a comma before \`${token.text}\` with nothing after it`;
  if (wanted.expression && previous?.text === '~') return 'after `~` stands a distribution, `Normal(0, 1)` for instance';
  if (wanted.expression && previous !== null && statementWords.includes(token.text) && token.firstOnLine)
    return `\`${previous.text}\` is followed by nothing`;
  if (token.text === ';') return '`;` may only stand between statements';
  if (token.text === 'in') return 'a comprehension is written `expression for k in 0..<K`';
  if (token.text === 'if') return 'a choice between two values is written `condition ? a : b`';
  if (token.text === 'for' && !wanted.statement) return 'several indices are written `for i in 0..<N, j in 0..<M`';
  if (token.text === '~') return 'the left side of `~` is a name with indices, in `observe` any expression of data';
  if (token.text === '{' && wanted.expression) return 'arrays are written in square brackets';
  if (wanted.statement && token.kind === 'word') {
    const meant = didYouMean(token.text, statementWords);
    return meant === null ? undefined : `did you mean \`${meant}\`?`;
  }
  return undefined;
}
