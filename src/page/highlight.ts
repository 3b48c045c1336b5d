/**
 * A program with its words told apart: keywords, families, numbers, comments, and the names of its data. By words only: a program need not
 * be right to be shown.
 */
import { reservedWords } from '../1-parse/survey.js';
import { families } from '../distributions/registry.js';
import { escaped, type Html } from './html.js';

const keywords: ReadonlySet<string> = new Set(reservedWords);
const word = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[\p{L}_][\p{L}\p{N}_]*|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/gu;

/** @param inputs names of data and sizes. */
export function highlighted(program: string, inputs: ReadonlySet<string>): Html {
  let out = '',
    at = 0;
  for (const match of program.matchAll(word)) {
    const [text] = match,
      kind = kindOf(text, inputs);
    out += escaped(program.slice(at, match.index)) + (kind === null ? escaped(text) : `<span class="${kind}">${escaped(text)}</span>`);
    at = match.index + text.length;
  }
  return out + escaped(program.slice(at));
}

function kindOf(text: string, inputs: ReadonlySet<string>): string | null {
  if (text.startsWith('/')) return 'comment';
  if (/^[\d.]/.test(text)) return 'number';
  if (keywords.has(text)) return 'keyword';
  if (inputs.has(text)) return 'data';
  return families.has(text) ? 'family' : null;
}
