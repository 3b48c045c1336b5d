/**
 * Codes of categories: the values of a column become 0, 1, ... with a name for each.
 *
 * Words of a table arrive coded in sorted order; here they are given another order (low, medium, high), and
 * numbers that are names (subject 308, group 1) are coded as words are.
 */
import { ModelError } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/words.js';
import { isTensor, type Tensor, tensor } from './tensor.js';

/** So many values are listed in a message. */
const shownValues = 10;

/**
 * The codes of a column. Missing elements stay missing.
 * @param column a column of a table, or a list of words or numbers; null, undefined and NaN are missing.
 * @param levels what the codes 0, 1, ... stand for, in this order; may name more than occur. If left out, the values that occur in
 * ascending order: numbers by size, words as texts.
 * @throws ModelError (code `wrong-levels`) where a value is not among the levels, or a level is given twice.
 */
export function coded(
  column: Tensor | readonly (string | number | null | undefined)[],
  levels?: readonly string[],
): Tensor & { readonly levels: readonly string[] } {
  const { values, shape, levels: words } = isTensor(column) ? column : columnOf(column);
  const occurring = [...new Set(values)].filter((x) => !Number.isNaN(x)).sort((a, b) => a - b);
  const nameOf = (x: number): string => words?.[x] ?? String(x);
  const names = levels ?? (words === undefined ? occurring.map(nameOf) : words.filter((_, code) => occurring.includes(code)).sort());
  const keys = words === undefined ? names.map(numeralOf) : names;
  const doubled = names.find((_, k) => keys.indexOf(keys[k]!) !== k);
  if (doubled !== undefined) throw refusal(`the level ${JSON.stringify(doubled)} is given twice`);
  const placeOf = new Map(keys.map((key, code) => [key, code]));
  const codes = new Map<number, number>(),
    unknown: string[] = [];
  for (const x of occurring) {
    const code = placeOf.get(nameOf(x));
    if (code === undefined) unknown.push(nameOf(x));
    else codes.set(x, code);
  }
  if (unknown.length > 0) {
    const more = unknown.length > shownValues ? `, ... (${unknown.length} values)` : '';
    const near = didYouMean(unknown[0]!, names);
    throw refusal(
      `the levels ${names.slice(0, shownValues).join(', ')} do not name ${unknown.slice(0, shownValues).join(', ')}${more}, which the column holds`,
      near === null ? 'name every value once' : `did you mean ${unknown[0]!} by ${near}?`,
    );
  }
  return { shape, values: Float64Array.from(values, (x) => codes.get(x) ?? Number.NaN), levels: names };
}

/**
 * The code of a word among levels: of the level with this text, else of the only one that is the same number (308 and 308.0). Null
 * where there is none.
 */
export function codesOf(levels: readonly string[]): (word: string) => number | null {
  const byText = new Map(levels.map((level, code) => [level, code])),
    byNumeral = new Map<string, number | null>();
  levels.forEach((level, code) => {
    const numeral = numeralOf(level);
    byNumeral.set(numeral, byNumeral.has(numeral) ? null : code);
  });
  return (word) => byText.get(word) ?? byNumeral.get(numeralOf(word)) ?? null;
}

/** A list as a table would have it: numbers, or words in codes. */
function columnOf(list: readonly (string | number | null | undefined)[]): Tensor {
  const isMissing = (x: string | number | null | undefined): x is null | undefined => x === null || x === undefined || Number.isNaN(x);
  if (list.every((x) => isMissing(x) || typeof x === 'number'))
    return tensor(
      list.map((x) => (isMissing(x) ? Number.NaN : Number(x))),
      [list.length],
    );
  const levels = [...new Set(list.filter((x) => !isMissing(x)).map(String))].sort(),
    codes = new Map(levels.map((word, code) => [word, code]));
  return {
    ...tensor(
      list.map((x) => (isMissing(x) ? Number.NaN : codes.get(String(x))!)),
      [list.length],
    ),
    levels,
  };
}

/** A level of a column of numbers may be written in any way that means the same: 1, 01, 1.0, and true where truth was read as 1. */
function numeralOf(level: string): string {
  const word = level.trim();
  if (/^(?:true|false)$/i.test(word)) return /^true$/i.test(word) ? '1' : '0';
  return word === '' || Number.isNaN(Number(word)) ? word : String(Number(word));
}

function refusal(message: string, hint?: string): ModelError {
  return new ModelError([{ code: 'wrong-levels', severity: 'error', message, ...(hint === undefined ? {} : { hint }) }], message);
}
