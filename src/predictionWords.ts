/**
 * New data for what was words in a run: words of any table get the codes that they had there; numbers are these codes.
 */
import { readValue } from './2-graph/data.js';
import type { ModelGraph, Variable } from './2-graph/graph.js';
import type { RunContext } from './5-report/record.js';
import type { Diagnostic } from './errors/diagnostic.js';
import { codesOf } from './input/levels.js';
import { isTensor, tensor } from './input/tensor.js';

/**
 * Words get the codes that they had in the run; words that it did not know get the codes after these, in the order of their levels.
 * Numbers are codes already.
 */
export function recoded(
  name: string,
  value: unknown,
  graph: ModelGraph,
  context: RunContext,
  problems: Diagnostic[],
  notes: Diagnostic[],
): unknown {
  const variable = graph.variables.get(name),
    known = context.levels[name];
  if (variable?.scalar !== 'int') return value;
  if (!isTensor(value) || value.levels === undefined) {
    if (known !== undefined) noteCodes(variable, value, known, problems, notes);
    return value;
  }
  // A stray word among numbers is refused by the binding, with its place.
  if (known === undefined && value.firstWord !== undefined) return value;
  if (known === undefined) {
    problems.push({
      code: 'cannot-predict',
      severity: 'error',
      span: variable.span,
      message: `${name} is given in words, and it was in numbers in the run`,
      hint: 'give the codes that the run used',
    });
    return value;
  }
  const codeOf = codesOf(known),
    added: string[] = [],
    codes = value.levels.map((word) => codeOf(word) ?? known.length - 1 + added.push(word));
  if (added.length > 0)
    notes.push({
      code: 'new-levels',
      severity: 'note',
      message: `${name}: ${added.map((word, k) => `${word} is new, coded ${known.length + k}`).join('; ')}`,
    });
  return tensor(
    Float64Array.from(value.values, (code) => (Number.isNaN(code) ? Number.NaN : codes[code]!)),
    value.shape,
  );
}

/** So many codes are listed in a note. */
const shownCodes = 10;

/** Numbers for what was words in the run: its codes, which is said; a number that is no code but a word of the run is refused. */
function noteCodes({ name, span }: Variable, value: unknown, known: readonly string[], problems: Diagnostic[], notes: Diagnostic[]): void {
  const reading = readValue(value);
  if (reading.kind !== 'array') return;
  const given = reading.values.filter((x) => !Number.isNaN(x));
  if (given.length === 0) return;
  const words = new Set(known),
    word = given.find((x) => !(x >= 0 && x < known.length) && words.has(String(x)));
  const shown = known.slice(0, shownCodes).map((level, code) => `${code} = ${level}`),
    codes = `${shown.join(', ')}${known.length > shownCodes ? `, ... (${known.length} levels)` : ''}`;
  const hint = 'the words themselves are read from a table (--data new.csv; in TypeScript coded(list))';
  if (word === undefined)
    notes.push({
      code: 'codes-of-the-run',
      severity: 'note',
      message: `${name} is given in numbers: they are the codes of the run, ${codes}`,
      hint,
    });
  else
    problems.push({
      code: 'cannot-predict',
      severity: 'error',
      span,
      message: `${name} is given in numbers, which are the codes of the run, ${codes}; ${word} is none of them, but one of its words`,
      hint,
    });
}
