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
import { deepestBracket, holeClose, holeOpen, partnerOf, reservedWords, skippedMark, statementWords, survey, tokenAt, tokenBefore } from './survey.js';
import type { BracketFault, Survey, Token } from './survey.js';

declare module 'ohm-js' {
  /** Part of ohm's documented interface, but absent from its declarations. */
  interface FailedMatchResult {
    getRightmostFailures(): readonly { getText(): string }[];
  }
}

/** The grammar of mistakes and what its alternatives have to say. */
export interface Mistakes {
  readonly grammar: MistakesGrammar;
  readonly semantics: MistakesSemantics;
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

/**
 * The syntax errors of `source`, in the order of the text, at least one. `holes` is the number of
 * template holes the text may refer to, `language` the grammar it failed against.
 */
export function syntaxErrors(source: string, holes: number, language: CredenceGrammar, mistakes: Mistakes): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  let matcher = matcherOf(withoutBracketFaults(withoutForeign(source, holes, found), found), mistakes);
  while (found.length < mostErrors) {
    const outcome = attempt(matcher, mistakes.semantics);
    if (outcome.kind === 'matched') {
      found.push(...outcome.found);
      break;
    }
    const text = matcher.getInput();
    const view = survey(text);
    const statement = outcome.kind === 'failed' ? statementAt(text, view, outcome.result.getRightmostFailurePosition()) : deepStatement(text, view, mistakes.grammar);
    found.push(outcome.kind === 'failed' ? nearestFailure(outcome.result, text, statement, language, view, source) : tooDeep(text, view, statement));
    if (statement === null) break;
    // What a match remembers is of no use after a stack overflow in the middle of it.
    if (outcome.kind === 'overflowed') matcher = matcherOf(overwritten(text, statement, skippedMark), mistakes);
    else matcher.replaceInputRange(statement.start, statement.end, marks(text.slice(statement.start, statement.end), skippedMark));
  }
  if (found.length === 0) found.push(unnamed(source, language));
  return distinct(found, source.length);
}

/** In the order of the text, the first of each place, and not more than anybody reads; within the text, without the braces put behind it. */
function distinct(found: readonly Diagnostic[], length: number): readonly Diagnostic[] {
  const start = (diagnostic: Diagnostic): number => diagnostic.span?.start ?? length;
  const inside = found.map((diagnostic) => ({ ...diagnostic, span: { start: Math.min(start(diagnostic), length), end: Math.min(diagnostic.span?.end ?? length, length) } }));
  const sorted = inside.sort((a, b) => start(a) - start(b));
  const kept = sorted.filter((diagnostic, at) => at === 0 || start(diagnostic) !== start(sorted[at - 1]!));
  if (kept.length <= mostErrors) return kept;
  return [...kept.slice(0, mostErrors), messages.tooManyErrors(kept[mostErrors]!.span, mostErrors)];
}

function matcherOf(text: string, { grammar }: Mistakes): Matcher {
  const matcher = grammar.matcher();
  matcher.setInput(text);
  return matcher;
}

/** What the language itself says, should the grammar of mistakes have let a mistake pass. */
function unnamed(source: string, language: CredenceGrammar): Diagnostic {
  const view = survey(source);
  const result = strictMatch(source, language);
  if (result?.failed() === true) return failure(result, 0, view, source);
  return tooDeep(source, view, null);
}

// --- characters and brackets ------------------------------------------------------------------

/** Reports and blanks what no program contains: foreign characters, `#` comments, an open comment, unknown holes. */
function withoutForeign(source: string, holes: number, found: Diagnostic[]): string {
  let text = source;
  let previous: Token | null = null;
  for (const token of survey(source).tokens) {
    const span = { start: token.start, end: token.end };
    const stray = token.text === skippedMark || (token.kind === 'hole' && Number(token.text.slice(1, -1)) >= holes);
    if (token.kind !== 'unknown' && token.kind !== 'hashComment' && token.kind !== 'openComment' && !stray) continue;
    if (token.kind === 'hashComment') found.push(messages.hashComment({ start: token.start, end: token.start + 1 }));
    else if (token.kind === 'openComment') found.push(messages.unclosedComment({ start: token.start, end: token.start + 2 }));
    else if (previous === null || previous.end !== token.start || previous.text !== token.text) found.push(messages.unknownCharacter(span, String.fromCodePoint(token.text.codePointAt(0)!)));
    previous = token;
    // What stands for a hole is a number, so that the statement around it is looked at as usual.
    text = overwritten(text, span, token.kind === 'hole' ? '0' : ' ');
  }
  return text;
}

/** Reports brackets that do not match and patches the text so that those of the rest do. */
function withoutBracketFaults(source: string, found: Diagnostic[]): string {
  let text = source;
  const { faults, boundaries } = survey(source);
  for (const fault of faults) {
    found.push(bracketMessage(fault));
    if (fault.kind === 'unopened') text = overwritten(text, { start: fault.close.start, end: fault.close.end }, fault.close.text === '}' ? skippedMark : ' ');
    else if (fault.kind === 'mismatched' || fault.open.text !== '{') {
      const start = boundaries.findLast((boundary) => boundary <= fault.open.start) ?? 0;
      const end = boundaries.find((boundary) => boundary > fault.open.start && (fault.kind === 'mismatched' || fault.before === null || boundary >= fault.before.start));
      text = overwritten(text, { start, end: end ?? text.length }, skippedMark);
    }
  }
  const lacking = survey(text).faults.filter((fault) => fault.kind === 'unclosed' && fault.open.text === '{').length;
  // On a line of their own, because the last line may end in a comment.
  return lacking === 0 ? text : `${text}\n${'}'.repeat(lacking)}`;
}

function bracketMessage(fault: BracketFault): Diagnostic {
  if (fault.kind === 'unopened') return messages.unopenedBracket({ start: fault.close.start, end: fault.close.end }, fault.close.text);
  const span = { start: fault.open.start, end: fault.open.end };
  if (fault.kind === 'unclosed') return messages.unclosedBracket(span, fault.open.text, partnerOf(fault.open.text), fault.before?.text ?? null);
  return messages.mismatchedBracket({ start: fault.close.start, end: fault.close.end }, fault.open.text, fault.close.text, partnerOf(fault.open.text));
}

// --- one match --------------------------------------------------------------------------------

type Outcome =
  | { readonly kind: 'matched'; readonly found: readonly Diagnostic[] }
  | { readonly kind: 'failed'; readonly result: FailedMatchResult }
  | { readonly kind: 'overflowed' };

function attempt(matcher: Matcher, semantics: MistakesSemantics): Outcome {
  try {
    const result = matcher.match();
    return result.failed() ? { kind: 'failed', result } : { kind: 'matched', found: semantics(result)['mistakes']() as readonly Diagnostic[] };
  } catch (problem) {
    if (problem instanceof RangeError) return { kind: 'overflowed' };
    throw problem;
  }
}

/** The statement (or header of a block) that contains an offset, or ends at it where something is missing; null if all there is was overwritten. */
function statementAt(text: string, { boundaries }: Survey, offset: number): Span | null {
  const pieces = boundaries.slice(1).map((end, at) => ({ start: boundaries[at]!, end }))
    .filter((piece) => /[^\s{}]/.test(text.slice(piece.start, piece.end).replaceAll(skippedMark, '')));
  const at = pieces.findIndex((piece) => piece.end > offset);
  const current = pieces[at];
  const before = at < 0 ? pieces.at(-1) : pieces[at - 1];
  // At the first token of a statement it is the one before that lacks something, unless nothing stands between.
  const startsHere = current === undefined || text.slice(current.start, Math.max(offset, current.start)).trim() === '';
  const adjacent = before !== undefined && !/[{}]/.test(text.slice(before.end, offset)) && !text.slice(before.end, offset).includes(skippedMark);
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

function tooDeep(text: string, view: Survey, statement: Span | null): Diagnostic {
  const piece = statement ?? { start: 0, end: text.length };
  const deepest = deepestBracket(view.tokens.filter((token) => token.start >= piece.start && token.end <= piece.end));
  const first = tokenAt(view.tokens, piece.start);
  if (deepest !== null && deepest.depth > notableDepth) return messages.nestedTooDeeply(deepest.span, deepest.depth);
  return messages.nestedTooDeeply(first === null ? piece : { start: first.start, end: first.end }, null);
}

// --- the message of an unnamed failure --------------------------------------------------------

/**
 * The failure to report for a statement. The grammar of mistakes may have read on beyond the place
 * where the language itself gives up; the earlier place is the one to look at.
 */
function nearestFailure(lenient: FailedMatchResult, text: string, statement: Span | null, language: CredenceGrammar, view: Survey, source: string): Diagnostic {
  if (statement === null) return failure(lenient, 0, view, source);
  const own = text.slice(statement.start, statement.end);
  const strict = strictMatch(own, language);
  if (strict === null) return failure(lenient, 0, view, source);
  const offset = strict.failed() ? strict.getRightmostFailurePosition() : own.length;
  const earlier = strict.failed() && own.slice(offset).trim() !== '' && statement.start + offset <= lenient.getRightmostFailurePosition();
  return earlier ? failure(strict, statement.start, view, source) : failure(lenient, 0, view, source);
}

function strictMatch(text: string, language: CredenceGrammar): MatchResult | null {
  try {
    return language.match(text);
  } catch (problem) {
    if (problem instanceof RangeError) return null;
    throw problem;
  }
}

/** `from` is where the matched text begins in the source. */
function failure(result: FailedMatchResult, from: number, view: Survey, source: string): Diagnostic {
  const offset = from + result.getRightmostFailurePosition();
  const wanted = expectations(result);
  const token = tokenAt(view.tokens, offset);
  if (token === null || token.start >= source.length) {
    const last = tokenBefore(view.tokens, source.length);
    const end = Math.min(last?.end ?? 0, source.length);
    return messages.unexpectedToken({ start: end, end: Math.min(end + 1, source.length) }, null, wanted.text, endHint(last, wanted));
  }
  const span = { start: token.start, end: token.end };
  if (wanted.name && reservedWords.includes(token.text) && (!token.firstOnLine || !statementWords.includes(token.text))) return messages.reservedName(span, token.text);
  return messages.unexpectedToken(span, token.text.replace(new RegExp(`${holeOpen}([0-9]+)${holeClose}`), '${...}'), wanted.text, failureHint(token, tokenBefore(view.tokens, token.start), wanted));
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
  const failures = result.getRightmostFailures().filter((failure) => failure.getText() !== 'a mistake' && !failure.getText().startsWith('not '));
  const tokens = new Set(failures.map((failure) => failure.getText()));
  const statement = tokens.has('observe');
  const expression = tokens.has('a number') && !statement;
  const name = tokens.has('a name') && !expression && !statement;
  const operator = !expression && [...tokens].some((token) => operatorTokens.has(token));
  const beside = expression ? ['(', '-', '!'] : operator ? ['(', '=>', ':'] : [];
  const others = [...tokens].filter((token) => /^[^a-z\s]+$/i.test(token) && !silentTokens.has(token) && !operatorTokens.has(token) && !beside.includes(token));
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
  if (wanted.expression && previous !== null && statementWords.includes(token.text) && token.firstOnLine) return `\`${previous.text}\` is followed by nothing`;
  if (token.text === ';' ) return '`;` may only stand between statements';
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
