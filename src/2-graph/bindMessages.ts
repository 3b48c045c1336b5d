/**
 * Everything that binding says to a user, one function for each message.
 */
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import { nameAt } from './data.js';

function error(code: string, message: string, span?: Span, hint?: string, expected?: string): Diagnostic {
  return {
    code,
    severity: 'error',
    message: `${message}.`,
    ...(span === undefined ? {} : { span }),
    ...(hint === undefined ? {} : { hint }),
    ...(expected === undefined ? {} : { expected }),
  };
}
function note(code: string, message: string, span?: Span, hint?: string): Diagnostic {
  return {
    code,
    severity: 'note',
    message: `${message}.`,
    ...(span === undefined ? {} : { span }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function warning(code: string, message: string, span?: Span, hint?: string): Diagnostic {
  return { ...note(code, message, span, hint), severity: 'warning' };
}

/** A number as a user wrote it: no digits that mean nothing. */
export function showNumber(x: number): string {
  if (x === Number.POSITIVE_INFINITY) return 'inf';
  if (x === Number.NEGATIVE_INFINITY) return '-inf';
  return String(x);
}
function showShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'a single number' : `shape [${shape.join(', ')}]`;
}
function list(words: readonly string[]): string {
  return words.join(', ');
}
/** A sentence begins with a capital; the name of an element stays as it is. */
function capital(text: string): string {
  return /^(the|a|an|this) /.test(text) ? `${text[0]!.toUpperCase()}${text.slice(1)}` : text;
}
/** 80000000000 -> `80 GB (80000000000 bytes)`. */
function showBytes(bytes: number): string {
  const units = [
    ['PB', 1e15],
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
  ] as const;
  const [unit, scale] = units.find(([, s]) => bytes >= s) ?? ['kB', 1e3];
  const digits = bytes < 2 ** 53 ? String(bytes) : bytes.toExponential(1).replace('+', '');
  return `${Number((bytes / scale).toPrecision(3))} ${unit} (${digits} bytes)`;
}

// --- reading values ---------------------------------------------------------------------------

export function missingData(
  wanted: readonly { readonly name: string; readonly type: string }[],
  generatedBySample: boolean,
  indirect: readonly string[],
  span?: Span,
  dimension?: { readonly name: string; readonly of: string },
): Diagnostic {
  const names = wanted.map((w) => `${w.name}: ${w.type}`);
  const reason =
    indirect.length === 0
      ? ''
      : `; ${list(indirect)} ${indirect.length === 1 ? 'is' : 'are'} observed only through an expression, which cannot be generated`;
  return error(
    'missing-data',
    `No value is given for ${list(names)}${reason}`,
    span,
    dimension !== undefined
      ? `leave out \`data ${dimension.name}: int\`: it is read off the shape of ${dimension.of}; or give the number`
      : `pass ${wanted.length === 1 ? 'it' : 'them'} with the data (command line: --data file.json, or --set ${wanted[0]!.name}=...)${generatedBySample ? ', or draw data from the program with sample' : ''}`,
  );
}
export function nestedObject(name: string, keys: readonly string[], span?: Span): Diagnostic {
  const example = keys[0] === undefined ? `${name}_part` : `${name}_${keys[0]}`;
  return error(
    'nested-object',
    `The value of ${name} is an object with ${keys.length === 0 ? 'no keys' : `the keys ${list(keys.slice(0, 5))}`}; a value is a number or an array`,
    span,
    `flatten it: pass each part under a name of its own, such as ${example}`,
  );
}
export function raggedArray(element: string, expected: string, found: string, span?: Span): Diagnostic {
  return error(
    'ragged-array',
    `${element} ${found}; expected ${expected}`,
    span,
    'give all rows the same length, or pass the values as one long vector with an index of groups',
    expected,
  );
}
export function notANumber(element: string, found: string, span?: Span): Diagnostic {
  return error(
    'wrong-type',
    `${element} is ${found}, not a number`,
    span,
    /^the text "[+-]?[\d.]+"$/.test(found)
      ? 'write it without quotes'
      : found.startsWith('the text')
        ? 'categories are numbers 0, 1, ...; a column of words of a CSV file is coded so, a list in TypeScript by coded(list)'
        : undefined,
    'a number, true, false or null',
  );
}
export function wordsForNumbers(name: string, element: string, type: string, word: string, span?: Span): Diagnostic {
  return error(
    'wrong-type',
    `${name} is ${type} but its column holds words such as ${JSON.stringify(word)} (${element})`,
    span,
    type.startsWith('bool') && /^\p{L}+$/u.test(word)
      ? 'write 0 and 1, or true and false; words of a column declared int are coded 0, 1, ...'
      : hintForWord(word),
  );
}
/** @param first the first cell that is no number, its row counted from 0. */
export function wordAmongNumbers(
  name: string,
  type: string,
  first: { readonly row: number; readonly text: string },
  span?: Span,
): Diagnostic {
  const { row, text } = first,
    hint = hintForNumeral(text);
  return error(
    'wrong-type',
    `${name} is ${type} but its column holds numbers and words: row ${row + 1} is ${JSON.stringify(text)} (${name}[${row}])`,
    span,
    `${hint === null ? `where it stands for a missing value: --missing ${shellWord(text)}` : hint}; where all cells are names of categories: --levels ${name} (in TypeScript ${hint === null ? `parseCsv(text, { missing: [${JSON.stringify(text)}] }) or ` : ''}coded(column))`,
  );
}
/** A text as it is written on a command line. */
function shellWord(text: string): string {
  return /^[\p{L}\p{N}_.,=-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
/** What somebody meant who has this in a column of numbers. */
function hintForWord(word: string): string {
  const hint = hintForNumeral(word);
  if (hint !== null) return hint;
  if (/^[^\p{L}\p{N}\s]+$/u.test(word))
    return `cells of missing values are empty or NA; on the command line --missing ${shellWord(word)} says that this is one too`;
  return 'leave cells of missing values empty (or NA); a column of categories is declared int and coded 0, 1, ... in sorted order';
}
/** How a number that is written in another way is to be written; null where the word is no number. */
function hintForNumeral(word: string): string | null {
  if (!/\d/.test(word)) return null;
  if (/^[<>≤≥]/.test(word)) return 'a bound is no number: give it as one, and in another column say that it is a bound';
  if (/^[\u2212\u2013]\d/.test(word)) return 'write the minus sign of numbers as - (hyphen)';
  if (/^[+-]?\d+,\d+$/.test(word) && !/^[+-]?[1-9]\d{0,2},\d{3}$/.test(word)) return 'write decimals with a point';
  if (/^[+-]?\d{1,3}(?:[,.' \u00a0\u202f]\d{3})+(?:[.,]\d+)?$/.test(word))
    return 'write numbers without separators of thousands, and decimals with a point';
  if (/^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b/.test(word)) return 'a date is no number: give days or years since some day';
  if (/^[^\d\s.,+-]*\s*[+-]?[\d.,]+\s*[^\d\s.,]*$/.test(word)) return 'write numbers without units and signs of currency';
  return null;
}
export function wrongShape(
  name: string,
  declared: string,
  resolved: readonly number[] | null,
  found: readonly number[],
  span?: Span,
): Diagnostic {
  const meaning = resolved === null ? '' : ` = [${resolved.join(', ')}]`;
  return error('wrong-shape', `${name} is declared ${declared}${meaning} but its value has ${showShape(found)}`, span, undefined, declared);
}
export function sizeConflict(
  size: string,
  first: { value: number; from: string },
  second: { value: number; from: string },
  span?: Span,
): Diagnostic {
  return error('size-conflict', `${size} is ${first.value} by ${first.from} but ${second.value} by ${second.from}`, span);
}
export function badSize(name: string, found: string, span?: Span): Diagnostic {
  return error('bad-size', `The size ${name} is given as ${found}; a size is a whole number that is not negative`, span);
}
export function notAnInteger(element: string, value: number, type: string, span?: Span): Diagnostic {
  const large = type === 'int' && Number.isInteger(value);
  return error(
    'wrong-type',
    `${element} = ${showNumber(value)} ${large ? 'is beyond the range of an int (-2147483648 to 2147483647)' : `is not ${type === 'bool' ? 'true, false, 0 or 1' : 'a whole number'}`}, but the type is ${type}`,
    span,
  );
}
export function notFinite(element: string, value: number, span?: Span): Diagnostic {
  return error('not-finite', `${element} = ${showNumber(value)} is not finite`, span, 'write null for a missing value');
}
export function constraintViolated(element: string, value: string, reason: string, type: string, span?: Span): Diagnostic {
  return error('constraint-violated', `${element} = ${value} ${reason}, but the type is ${type}`, span);
}
export function arrayConstraintViolated(what: string, reason: string, type: string, span?: Span): Diagnostic {
  return error('constraint-violated', `${what} ${reason}, but the type is ${type}`, span);
}
export function conditioned(name: string, mode: 'infer' | 'sample', span?: Span): Diagnostic {
  const then = mode === 'infer' ? 'the model is conditioned on it' : 'it is not drawn, and what its law depends on does not hear of it';
  return note('conditioned', `${name} is sampled by the program and given a value: ${then}`, span);
}
export function ignoredValues(
  names: readonly string[],
  near: readonly { readonly given: string; readonly declared: string }[],
): Diagnostic {
  const hint = near.length === 0 ? undefined : near.map((n) => `did you mean ${n.declared} by ${n.given}?`).join(' ');
  const shown = names.length > 10 ? [...names.slice(0, 10), `${names.length - 10} more`] : names;
  return note(
    'ignored-values',
    `The program does not name ${list(shown)}; ${names.length === 1 ? 'its value is' : 'their values are'} ignored`,
    undefined,
    hint,
  );
}
export function computedValue(name: string, span?: Span): Diagnostic {
  return note('ignored-values', `${name} is computed by the program; the value given for it is ignored`, span);
}
/** So many levels are written out. */
const shownLevels = 20;
export function codedLevels(name: string, levels: readonly string[], span?: Span): Diagnostic {
  const shown = levels.slice(0, shownLevels).map((word, code) => `${code} = ${word}`);
  return note(
    'coded-levels',
    `${name} is coded ${list(shown)}${levels.length > shownLevels ? `, ... (${levels.length} levels)` : ''}`,
    span,
  );
}
export function otherCodes(
  first: string,
  other: string,
  variable: string,
  ofFirst: readonly string[],
  ofOther: readonly string[],
  span?: Span,
): Diagnostic {
  const code = ofFirst.findIndex((word, k) => k < ofOther.length && word !== ofOther[k]),
    all = [...new Set([...ofFirst, ...ofOther])].sort(),
    shown = all.length > shownLevels ? [...all.slice(0, 3), '...'] : all,
    together = all.some((word) => word.includes(',')) ? JSON.stringify(shown) : shown.join(','),
    flag = (name: string): string => `--levels ${shellWord(`${name}=${together}`)}`;
  return warning(
    'other-codes',
    `${first} and ${other} both choose from ${nameAt(variable, [])}, and were coded apart: ${code} is ${ofFirst[code]} in ${first} and ${ofOther[code]} in ${other}`,
    span,
    `where both name the same things, give both one list: ${flag(first)} ${flag(other)} (in TypeScript coded(column, levels))`,
  );
}
export function codesAsCounts(name: string, levels: readonly string[], span?: Span): Diagnostic {
  return warning(
    'codes-as-counts',
    `${name} holds words, coded ${list(levels.slice(0, 3).map((word, code) => `${code} = ${word}`))}${levels.length > 3 ? ', ...' : ''}, and these codes are observed as counts`,
    span,
    'give counts as numbers; categories are observed with Categorical, or OrderedLogistic where they have an order',
  );
}
export function groupsWithoutData(name: string, found: number, largest: number, hasZero: boolean, span?: Span): Diagnostic {
  const hint =
    found === largest && !hasZero
      ? `groups count from 0: take 0..<max(${name}) and ${name}[n] - 1, or code the column by --levels ${name}`
      : `--levels ${name} codes the values of a column 0, 1, ...; in TypeScript coded(values)`;
  return note(
    'groups-without-data',
    `${name} has ${found} of the ${largest + 1} values from 0 to ${largest}: what is made for each up to max(${name}) is made for ${largest + 1 - found} without data`,
    span,
    hint,
  );
}

// --- sizes and regions ------------------------------------------------------------------------

export function tooLarge(what: string, bytes: number, limit: number, span?: Span): Diagnostic {
  return error('too-large', `${capital(what)} needs ${showBytes(bytes)} of memory; the limit is ${showBytes(limit)}`, span);
}
export function tooManyIterations(what: string, count: number, limit: number, span?: Span): Diagnostic {
  return error('too-large', `${capital(what)} runs ${showNumber(count)} times; the limit is ${limit}`, span);
}
export function tooManySteps(loops: readonly string[], count: number, limit: number, span?: Span): Diagnostic {
  return error('too-large', `The loops over ${list(loops)} run ${showNumber(count)} times together; the limit is ${limit}`, span);
}
export function notACount(what: string, value: number, span?: Span): Diagnostic {
  return error('bad-size', `${capital(what)} is ${showNumber(value)}, not a whole number`, span);
}
export function dimensionsDiffer(message: string, left: number, right: number, span?: Span): Diagnostic {
  return error('shape-mismatch', `${capital(message)}; here the dimensions are ${left} and ${right}`, span);
}
export function definedTwice(element: string, span?: Span): Diagnostic {
  return error('defined-twice', `${element} is defined more than once`, span, 'each element is defined by exactly one statement');
}
export function definedOutside(element: string, name: string, shape: readonly number[], span?: Span): Diagnostic {
  return error('index-out-of-range', `${element} is defined, but ${name} has ${showShape(shape)}`, span);
}
export function notDefined(element: string, span?: Span): Diagnostic {
  return error('not-defined', `${element} is not defined by any statement`, span, 'each element is defined by exactly one statement');
}
export function neverObserved(element: string, missing: boolean, span?: Span): Diagnostic {
  return missing
    ? error(
        'missing-never-observed',
        `${element} is missing and is read, but no statement observes it, so it has no distribution`,
        span,
        'give its value, leave the element out, or observe it with a distribution',
      )
    : error('missing-data', `${element} is not given and no statement generates it`, span, 'give its value');
}
export function missingInExpression(element: string, span?: Span): Diagnostic {
  return error(
    'missing-in-expression',
    `An observed expression depends on ${element}, which is missing; a missing value can be inferred only where it is observed itself`,
    span,
    'leave the row out, or observe the datum directly',
  );
}
export function missingInRange(element: string, span?: Span): Diagnostic {
  return error(
    'missing-in-range',
    `The range of a loop, a condition or a dimension depends on ${element}, which is missing`,
    span,
    'give its value',
  );
}
export function indexOutOfRange(
  reading: string,
  place: string,
  variable: string,
  index: number,
  extent: number,
  axis: number,
  rank: number,
  span?: Span,
): Diagnostic {
  const along = rank > 1 ? ` along axis ${axis}` : '';
  const range = extent === 0 ? 'no elements' : `elements 0 to ${extent - 1}`;
  // A literal is its own reading.
  const what = reading === showNumber(index) ? reading : `${reading} = ${showNumber(index)}`;
  return error(
    'index-out-of-range',
    `${what}${place} is used as an index of ${variable}, which has ${range}${along}`,
    span,
    extent > 0 && index >= extent
      ? `indices count from 0: subtract 1 where they count from 1, or give ${variable} at least ${index + 1} elements`
      : undefined,
  );
}
export function noSuchElement(element: string, span?: Span): Diagnostic {
  return error('index-out-of-range', `${element} is read, but no statement defines it`, span);
}
export function latentIndexOutOfRange(
  reading: string,
  low: number,
  high: number,
  variable: string,
  extent: number,
  span?: Span,
): Diagnostic {
  return error(
    'index-out-of-range',
    `${reading} takes values ${low} to ${high} and is used as an index of ${variable}, which has ${extent === 0 ? 'no elements' : `elements 0 to ${extent - 1}`}`,
    span,
    high >= extent && low >= 0
      ? `give ${variable} ${high + 1} elements, or let ${reading} take ${low === 0 ? `${extent} values, 0 to ${extent - 1}` : `values up to ${extent - 1}`}`
      : undefined,
  );
}
export function cannotCompute(element: string, span?: Span): Diagnostic {
  return error('cannot-compute', `${element} cannot be computed: it depends on itself or on an element that nothing defines`, span);
}
export function badFloor(name: string, floor: number, span?: Span): Diagnostic {
  return error('bad-floor', `The floor of ${name} is ${showNumber(floor)}`, span, undefined, 'a number that is not negative');
}
export function badInterval(name: string, low: number, high: number, span?: Span): Diagnostic {
  return error(
    'bad-interval',
    `The interval of ${name} goes from ${showNumber(low)} to ${showNumber(high)}`,
    span,
    undefined,
    'a lower bound below the upper',
  );
}
export function elementCycle(path: readonly string[], length: number, span?: Span): Diagnostic {
  const count = path.includes('...') ? ` (${length} elements)` : '';
  return error(
    'cycle',
    `With these data the elements form a cycle: ${path.join(' -> ')}${count}`,
    span,
    'the indices must lead to elements that do not depend on this one, as the parents in a tree do',
  );
}
export function orderUnknown(span?: Span): Diagnostic {
  return error(
    'cycle',
    'The elements of this statement cannot be put in an order: it depends on indices that are not known before the run',
    span,
    'pass values, without gaps, for all data that are used as indices here',
  );
}
export function hostFunctionFailed(reason: string, span?: Span): Diagnostic {
  return error('host-function-failed', `A host function of the program failed: ${reason}`, span);
}

// --- laws -------------------------------------------------------------------------------------

export const labelsFromZero = 'labels count from 0: subtract 1 where they count from 1, or code the column of a table by --levels';
export function outsideSupport(element: string, value: string, law: string, reason: string, span?: Span, hint?: string): Diagnostic {
  return error('outside-support', `${element} = ${value} cannot come from ${law}: ${reason}`, span, hint);
}
export function badParameter(law: string, parameter: string, where: string, found: string, domain: string, span?: Span): Diagnostic {
  return error('bad-parameter', `The parameter ${parameter} of ${law}${where} is ${found}; it must be ${domain}`, span, undefined, domain);
}
/** `value` is what the whole comes to: NaN or an infinity, whatever the unknowns are. */
export function noFiniteValue(what: string, part: string, found: string, value: number, span?: Span): Diagnostic {
  const consequence = Number.isNaN(value)
    ? `${what} is not a number`
    : what === 'this factor' && value < 0
      ? 'the joint density is 0'
      : `${what} is infinite`;
  return error(
    Number.isNaN(value) ? 'not-a-number' : 'not-finite',
    `${capital(part)} is ${found}, so that ${consequence}, whatever the unknowns are`,
    span,
    'correct or leave out the data it comes from, or choose with `test ? a : b`, of which only the branch taken is evaluated',
  );
}
export function reportWithoutValue(part: string, found: string, value: number, span?: Span): Diagnostic {
  return {
    code: Number.isNaN(value) ? 'not-a-number' : 'not-finite',
    severity: 'warning',
    message: `${capital(part)} is ${found}, so that this report has no ${Number.isNaN(value) ? '' : 'finite '}value there.`,
    ...(span === undefined ? {} : { span }),
  };
}
export function badCondition(law: string, where: string, span?: Span): Diagnostic {
  return error('bad-parameter', `The parameters of ${law}${where} contradict each other: its support is empty`, span);
}
export function andMore(count: number): Diagnostic {
  return error('more-errors', `${count} more error${count === 1 ? '' : 's'} of the data ${count === 1 ? 'is' : 'are'} not shown`);
}

/** `reason` is about a part of the law, without full stop. */
export function noDensity(reason: string, span: Span): Diagnostic {
  return error(
    'no-density',
    `This distribution can be drawn from, but it has no density that could be derived: ${reason}`,
    span,
    'draw the variables it is made of with `sample`, and observe something whose density is known given them',
  );
}
export function noLatent(name: string, reason: string, span: Span): Diagnostic {
  return error('no-density', `${name} is unknown, and its distribution does not serve for an unknown: ${reason}`, span);
}
export function tornParam(name: string, reason: string, span: Span): Diagnostic {
  return error('no-density', `${name} cannot be estimated nor drawn: ${reason}`, span);
}
export function degenerateMap(reason: string, place: string, span: Span): Diagnostic {
  return error('degenerate-map', `The map of this pushforward is not one-to-one${place}: ${reason}`, span, 'such a law has no density');
}
