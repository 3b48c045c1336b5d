/**
 * Diagnostics as text for a person: `file:line:column`, severity and code, message, the line with
 * carets under the place, what was expected, one hint. No colour; the command line adds it.
 * Invariant: carets stand under the characters they mean, whatever tabs or wide characters precede.
 */
import type { Diagnostic, Span } from './diagnostic.js';

export { didYouMean } from './words.js';

/** A place in a text: line and column count from 1, columns in UTF-16 units as editors do. */
export interface LineAndColumn {
  readonly line: number;
  readonly column: number;
}

const lineBreak = /\r\n|[\n\r\u2028\u2029]/g;
/** A tab in an excerpt is shown as this many spaces. */
const tabWidth = 4;
/** Longer lines are shown as the window of this many characters around the place. */
const excerptWidth = 100;

/** Offsets at which the lines of a text start. */
function lineStarts(source: string): number[] {
  return [0, ...[...source.matchAll(lineBreak)].map((match) => match.index + match[0].length)];
}

function place(starts: readonly number[], offset: number): LineAndColumn {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - starts[low]! + 1 };
}

/** A text of which many places are asked for: where its lines start is known. */
export interface SourceText {
  readonly text: string;
  readonly lineStarts: readonly number[];
}
/** A text with the places of its lines. */
export function sourceText(text: string): SourceText {
  return { text, lineStarts: lineStarts(text) };
}

/** As `lineAndColumn`. */
export function placeIn({ text, lineStarts: starts }: SourceText, offset: number): LineAndColumn {
  return place(starts, Math.min(Math.max(offset, 0), text.length));
}

/** The place of an offset (UTF-16 units from 0); offsets outside the text are moved to its ends. */
export function lineAndColumn(source: string, offset: number): LineAndColumn {
  return place(lineStarts(source), Math.min(Math.max(offset, 0), source.length));
}

/**
 * All diagnostics, in the order given, separated by blank lines; each without a trailing newline.
 * `fileName` is what stands before line and column, `hierarchical.cred` for instance.
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], source: string, fileName: string): string {
  const starts = lineStarts(source);
  return diagnostics.map((diagnostic) => renderOne(diagnostic, source, starts, fileName)).join('\n\n');
}

function renderOne(diagnostic: Diagnostic, source: string, starts: readonly number[], fileName: string): string {
  const { span } = diagnostic;
  const title = `${diagnostic.severity}[${diagnostic.code}]: ${diagnostic.message}`;
  const details = [
    ...(diagnostic.expected === undefined ? [] : [`  expected: ${diagnostic.expected}`]),
    ...(diagnostic.hint === undefined ? [] : [`  hint: ${diagnostic.hint}`]),
  ];
  if (span === undefined) return [`${fileName}: ${title}`, ...details].join('\n');
  const { line, column } = place(starts, Math.min(Math.max(span.start, 0), source.length));
  return [`${fileName}:${line}:${column}: ${title}`, ...excerpt(source, starts, line, span), ...details].join('\n');
}

/** The line of a span with its number, and a line of carets below it. */
function excerpt(source: string, starts: readonly number[], line: number, span: Span): string[] {
  const start = starts[line - 1]!;
  const text = source.slice(start, starts[line] ?? source.length).replace(/[\r\n\u2028\u2029]+$/, '');
  const from = Math.min(Math.max(span.start - start, 0), text.length);
  const to = Math.max(Math.min(span.end - start, text.length), from);
  const window = windowAround(text, from, to);
  const before = window.lead + shown(text.slice(window.from, from));
  const marked = shown(text.slice(from, Math.min(to, window.to)));
  const after = shown(text.slice(Math.min(to, window.to), window.to)) + window.trail;
  const gutter = `  ${line} | `;
  return [
    `${gutter}${before}${marked}${after}`.trimEnd(),
    `${' '.repeat(gutter.length - 2)}| ${' '.repeat(width(before))}${'^'.repeat(Math.max(width(marked), 1))}`,
  ];
}

/** The part of a long line to show: a third of it before the place. */
function windowAround(
  text: string,
  from: number,
  to: number,
): { readonly from: number; readonly to: number; readonly lead: string; readonly trail: string } {
  if (text.length <= excerptWidth) return { from: 0, to: text.length, lead: '', trail: '' };
  const wanted = to - from < excerptWidth / 2 ? from - Math.floor((excerptWidth - (to - from)) / 3) : from - 10;
  const first = outsidePair(text, Math.max(0, Math.min(wanted, text.length - excerptWidth)));
  const last = outsidePair(text, Math.min(text.length, first + excerptWidth));
  return { from: first, to: last, lead: first > 0 ? '…' : '', trail: last < text.length ? '…' : '' };
}

/** Moves an offset out of the middle of a surrogate pair. */
function outsidePair(text: string, offset: number): number {
  return /[\uDC00-\uDFFF]/.test(text[offset] ?? '') && /[\uD800-\uDBFF]/.test(text[offset - 1] ?? '') ? offset - 1 : offset;
}

/** Tabs become spaces, other control characters a visible replacement. */
function shown(text: string): string {
  return text.replace(/\t/g, ' '.repeat(tabWidth)).replace(/[\u0000-\u001F\u007F-\u009F]/g, '\uFFFD');
}

/** Columns a terminal gives to a text: combining marks none, East Asian wide characters and emoji two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += /\p{M}|[\u200B-\u200F]/u.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return columns;
}
/** Unicode Standard Annex 11: the main blocks of category W and F. */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
