/**
 * A tagged template as source text. A host value `${...}` never enters the text: its number does,
 * between two private-use marks, and the value is kept beside. The text of the host expression is
 * unknown to us, so for messages each hole is shown as `${...}`.
 * Invariant: `shown` agrees with the template as written, hole contents aside, so that lines and
 * columns before the first hole of a line are those of the file.
 */
import type { Span } from '../errors/diagnostic.js';
import { holeClose, holeOpen, skippedMark } from './survey.js';

const placeholder = '${...}';

export interface TemplateSource {
  /** The text to parse: `parse(source, values.length)`. */
  readonly source: string;
  /** Host values by the number of their hole. */
  readonly values: readonly unknown[];
  /** The text to show in messages. */
  readonly shown: string;
  /** A span of `source` as a span of `shown`. */
  readonly toShown: (span: Span) => Span;
  /** Where in `shown` each host value stands. */
  readonly holes: readonly Span[];
}

/** Text with holes of a call `model\`...\``: strings as written (escapes are not interpreted), values in order. */
export function templateSource(strings: TemplateStringsArray, values: readonly unknown[]): TemplateSource {
  const pieces = strings.raw.map(withoutMarks);
  const source: string[] = [];
  const shown: string[] = [];
  /** Where each hole begins in `source` and in `shown`. */
  const holes: { readonly start: number; readonly end: number; readonly shown: number }[] = [];
  let sourceLength = 0;
  let shownLength = 0;
  pieces.forEach((piece, at) => {
    source.push(piece);
    shown.push(piece);
    sourceLength += piece.length;
    shownLength += piece.length;
    if (at === pieces.length - 1) return;
    const mark = `${holeOpen}${at}${holeClose}`;
    holes.push({ start: sourceLength, end: sourceLength + mark.length, shown: shownLength });
    source.push(mark);
    shown.push(placeholder);
    sourceLength += mark.length;
    shownLength += placeholder.length;
  });
  const toShownOffset = (offset: number, isEnd: boolean): number => {
    const hole = holes.findLast((candidate) => (isEnd ? candidate.start < offset : candidate.start <= offset));
    if (hole === undefined) return offset;
    if (offset < hole.end) return isEnd ? hole.shown + placeholder.length : hole.shown;
    return offset - hole.end + hole.shown + placeholder.length;
  };
  return {
    source: source.join(''),
    values,
    shown: shown.join(''),
    holes: holes.map((hole) => ({ start: hole.shown, end: hole.shown + placeholder.length })),
    toShown: (span) => {
      const start = toShownOffset(span.start, false);
      return { start, end: span.end <= span.start ? start : toShownOffset(span.end, true) };
    },
  };
}

/** Marks of ours in the template's own text would be mistaken for holes; another private-use character is refused by the parser. */
function withoutMarks(text: string): string {
  return text.replace(new RegExp(`[${holeOpen}${holeClose}${skippedMark}]`, 'g'), '\uE003');
}
