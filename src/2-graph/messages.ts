/**
 * Messages of the second phase: what can be wrong with a program that parses. One function each.
 */
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import { ourForm, ourName } from './otherNames.js';

function error(code: string, span: Span, message: string, hint?: string | undefined, expected?: string | undefined): Diagnostic {
  return {
    code,
    severity: 'error',
    message,
    span,
    ...(expected === undefined ? {} : { expected }),
    ...(hint === undefined ? {} : { hint }),
  };
}
function meant(suggestion: string | null): string | undefined {
  return suggestion === null ? undefined : `did you mean \`${suggestion}\`?`;
}
function list(words: readonly string[]): string {
  return words.join(', ');
}

// --- names ------------------------------------------------------------------------------------
export function unknownName(span: Span, name: string, suggestion: string | null): Diagnostic {
  return error(
    'unknown-name',
    span,
    `\`${name}\` is not defined.`,
    meant(suggestion) ?? `declare it: \`data ${name}: real\` (or \`int\`) for an input, \`sample ${name} ~ ...\` for an unknown`,
  );
}
export function unknownFunction(span: Span, name: string, suggestion: string | null, valid: readonly string[]): Diagnostic {
  const form = ourForm(name);
  return error(
    'unknown-function',
    span,
    `There is no function \`${name}\`.`,
    form === null ? meant(ourName(name, valid) ?? suggestion) : `write \`${form}\``,
    `one of ${list(valid)}, or a \`fn\` of the program`,
  );
}
export function unknownDistribution(span: Span, name: string, suggestion: string | null, valid: readonly string[]): Diagnostic {
  const meaning = ourName(name, valid) ?? suggestion;
  // The whole list only where nothing better is known: it is long.
  return error(
    'unknown-distribution',
    span,
    `There is no distribution \`${name}\`.`,
    meant(meaning),
    meaning === null ? `one of ${list(valid)}` : undefined,
  );
}
export function unknownParameter(
  span: Span,
  family: string,
  name: string,
  suggestion: string | null,
  valid: readonly string[],
): Diagnostic {
  return error(
    'unknown-parameter',
    span,
    `${family} has no parameter \`${name}\`.`,
    meant(ourName(name, valid) ?? suggestion),
    valid.length === 0 ? 'no arguments' : `one of ${list(valid)}`,
  );
}
export function unknownArgument(span: Span, fn: string, name: string): Diagnostic {
  return error('unknown-parameter', span, `\`${fn}\` has no argument called \`${name}\`.`, 'give the arguments in order, without names');
}
export function unknownType(span: Span, name: string, suggestion: string | null, valid: readonly string[]): Diagnostic {
  return error('unknown-type', span, `There is no type \`${name}\`.`, meant(ourName(name, valid) ?? suggestion), `one of ${list(valid)}`);
}
export function localName(span: Span, name: string, index: string): Diagnostic {
  return error(
    'unknown-name',
    span,
    `\`${name}\` is defined in a loop and not known outside of it.`,
    `with an index it is: \`${name}[${index}] = ...\` there, and \`${name}[${index}]\` or the whole \`${name}\` elsewhere`,
  );
}
export function drawnData(span: Span, name: string): Diagnostic {
  return error(
    'defined-twice',
    span,
    `\`${name}\` is declared as data, and data are observed, not sampled.`,
    `write \`observe ${name} ~ ...\`; what is not given of it is drawn all the same`,
  );
}
export function definedTwice(span: Span, name: string, line: string): Diagnostic {
  return error(
    'defined-twice',
    span,
    `\`${name}\` is defined more than once${line}.`,
    'each element of a variable is defined exactly once; use another name',
  );
}
export function indexHides(span: Span, name: string): Diagnostic {
  return error('defined-twice', span, `\`${name}\` is already the index of an enclosing loop.`, 'use another name for this index');
}
export function declarationInside(span: Span, kind: string): Diagnostic {
  return error('declaration-inside-block', span, `\`${kind}\` stands at the outermost level only.`, 'move it out of the block');
}
export function familyAsValue(span: Span, name: string): Diagnostic {
  return error(
    'distribution-as-value',
    span,
    `\`${name}\` is a distribution, not a value.`,
    `draw from it: \`sample v ~ ${name}(...)\`, or use logpdf(${name}(...), x)`,
  );
}
export function functionAsValue(span: Span, name: string): Diagnostic {
  return error('function-as-value', span, `\`${name}\` is a function; here a value is needed.`, `call it: \`${name}(...)\``);
}
export function valueAsDistribution(span: Span): Diagnostic {
  return error(
    'distribution-expected',
    span,
    'After `~` stands a distribution.',
    'write for example `Normal(0, 1)`; a fixed value is `Delta(value)`, or use `let`',
  );
}
export function reservedSize(span: Span, name: string): Diagnostic {
  return error(
    'not-a-size',
    span,
    `\`${name}\` cannot be used as a dimension: it is not an integer scalar of data.`,
    'declare it as `data ' + name + ': int`, or use another name for the dimension',
  );
}

// --- calls ------------------------------------------------------------------------------------
export function wrongArgumentCount(span: Span, fn: string, got: number, expected: string, hint?: string): Diagnostic {
  return error('wrong-argument-count', span, `\`${fn}\` takes ${expected}; here ${got === 1 ? 'is' : 'are'} ${got}.`, hint);
}
export function missingArgument(span: Span, family: string, missing: readonly string[], signature: string): Diagnostic {
  return error('missing-parameter', span, `${family} lacks ${missing.map((m) => `\`${m}\``).join(' and ')}.`, undefined, signature);
}
export function argumentTwice(span: Span, family: string, name: string): Diagnostic {
  return error('parameter-twice', span, `\`${name}\` of ${family} is given more than once.`);
}
export function bothParameterisations(span: Span, family: string, alternative: string, replaced: string): Diagnostic {
  return error(
    'both-parameterisations',
    span,
    `${family}: \`${alternative}\` stands for \`${replaced}\`, and both are given.`,
    `leave out one of the two`,
  );
}
export function positionalAfterNamed(span: Span): Diagnostic {
  return error('positional-after-named', span, 'Positional arguments come before named ones.');
}
export function recursiveFunction(span: Span, path: readonly string[]): Diagnostic {
  return error(
    'recursive-function',
    span,
    `A function cannot call itself: ${path.join(' -> ')}.`,
    'write a recursion over an index as `let h[t] = ... h[t-1] ...`',
  );
}
export function lambdaUnexpected(span: Span): Diagnostic {
  return error('function-as-value', span, 'A function `t => ...` may only stand where a function is expected.');
}
export function generatorUnexpected(span: Span, fn: string): Diagnostic {
  return error(
    'generator-unexpected',
    span,
    `\`${fn}\` does not take \`... for ...\`.`,
    'make an array of it: `[... for ...]`; sum, prod, min, max, mean and logsumexp take it directly',
  );
}
export function holeNotFunction(span: Span): Diagnostic {
  return error('not-a-function', span, 'This host value is not a function and cannot be called.');
}
export function holeIsFunction(span: Span): Diagnostic {
  return error('function-as-value', span, 'This host value is a function; here a value is needed.', 'call it: `${f}(x)`');
}
export function holeMissing(span: Span): Diagnostic {
  return error('missing-host-value', span, 'There is no host value for this place.', 'host values come from `${...}` in a tagged template');
}
export function programTooLarge(span: Span): Diagnostic {
  return error(
    'program-too-large',
    span,
    'The program becomes too large when its functions are written out.',
    'name intermediate results with `let`',
  );
}

// --- types ------------------------------------------------------------------------------------
export function typeMismatch(span: Span, what: string, expected: string, got: string, hint?: string): Diagnostic {
  return error('type-mismatch', span, `${what} must be ${expected}; here it is ${got}.`, hint, expected);
}
export function realIndex(span: Span, got: string): Diagnostic {
  return error(
    'real-index',
    span,
    `An index must be an integer; this is ${got}.`,
    'use floor(...) or round(...), or declare the data as `int`',
  );
}
export function tooManyIndices(span: Span, type: string, given: number, possible: number): Diagnostic {
  return error(
    'too-many-indices',
    span,
    possible === 0
      ? `A scalar (${type}) cannot be indexed.`
      : `${type} has ${possible} dimension${possible === 1 ? '' : 's'}; here are ${given} indices.`,
  );
}
export function indexOutOfRange(span: Span, index: string, dimension: string, where: string): Diagnostic {
  return error(
    'index-out-of-range',
    span,
    `Index ${index} is out of range: the dimension has ${dimension} elements, numbered from 0${where}.`,
    index === dimension
      ? `indices stop before ${dimension}: \`0..<${dimension}\` is the whole of it`
      : index.startsWith('-') && where !== ''
        ? 'begin the loop later, and give the first elements statements of their own'
        : undefined,
  );
}
export function shapeMismatch(span: Span, what: string, left: string, right: string, hint?: string): Diagnostic {
  return error('shape-mismatch', span, `${what}: ${left} does not agree with ${right}.`, hint);
}
export function mixedTotals(span: Span): Diagnostic {
  return error(
    'shape-mismatch',
    span,
    'The components of `mixture` are vectors of counts with totals of their own: such a mixture has no one total.',
    'choose the total by an unknown: `sample k ~ Categorical(w)` and `Multinomial(total[k], p)`',
  );
}
export function notSquare(span: Span, what: string, type: string): Diagnostic {
  return error('shape-mismatch', span, `${what} must be a square matrix; here it is ${type}.`);
}
export function parameterDomain(span: Span, family: string, parameter: string, domain: string, value: number): Diagnostic {
  return error('parameter-out-of-domain', span, `${parameter} of ${family} must be ${domain}; here it is ${value}.`);
}
export function noDistribution(span: Span, family: string): Diagnostic {
  return error('parameter-out-of-domain', span, `These arguments of ${family} do not make a distribution.`);
}
export function discreteObservation(span: Span, family: string, type: string): Diagnostic {
  return error(
    'type-mismatch',
    span,
    `${family} is a law of integers; the observed value is ${type}.`,
    'declare the data as `int`, or take a law of real numbers',
  );
}
export function raggedWhole(span: Span, name: string): Diagnostic {
  return error(
    'ragged-whole',
    span,
    `\`${name}\` is ragged (its rows differ in length) and is used by element only.`,
    'index it completely, for example inside a sum over the existing elements',
  );
}
export function raggedEvent(span: Span, name: string): Diagnostic {
  return error(
    'ragged-draw',
    span,
    `The draws of \`${name}\` differ in length from one index to the next.`,
    'vectors and matrices drawn as a whole have one shape; draw the longest, or use scalars in a ragged plate',
  );
}
export function optionUnknown(span: Span, type: string, name: string, valid: readonly string[]): Diagnostic {
  return error(
    'unknown-option',
    span,
    `The type \`${type}\` has no option \`${name}\`.`,
    undefined,
    valid.length === 0 ? 'no options' : `one of ${list(valid)}`,
  );
}
export function rangeNotInteger(span: Span, got: string): Diagnostic {
  return error(
    'type-mismatch',
    span,
    `The bounds of a range must be integers; this is ${got}.`,
    'use floor(...) or round(...), or declare the data as `int`',
  );
}
export function tooDeep(span: Span): Diagnostic {
  return error('program-too-large', span, 'This expression is nested too deeply.', 'name intermediate results with `let`');
}

// --- definitions ------------------------------------------------------------------------------
export function wrongLeftIndex(span: Span, name: string): Diagnostic {
  return error(
    'left-hand-index',
    span,
    `An index of \`${name}\` on the left must be a loop index, an integer, or one of these plus or minus a size.`,
  );
}
export function definedForEach(span: Span, name: string, index: string, fix: string): Diagnostic {
  return error('overlap', span, `\`${name}\` would be defined again for each ${index}.`, `index it: \`${fix}\``);
}
/**
 * @param only index of the one element that is defined; null where there are more.
 * @param isFirst whether all elements that are defined come after it.
 */
export function gap(span: Span, element: string, only: string | null = null, isFirst: boolean = false): Diagnostic {
  return error(
    'gap',
    span,
    `\`${element}\` is not defined by any statement.`,
    only === null
      ? isFirst
        ? `indices count from 0: begin there, or give it a statement of its own, \`sample ${element} ~ ...\` for example`
        : 'each element of a variable is defined exactly once'
      : `\`[${only}]\` on the left is one element, not a size: \`~ iid(D, ${only})\` draws ${only} of them, and a loop defines each`,
  );
}
export function overlap(span: Span, element: string): Diagnostic {
  return error(
    'overlap',
    span,
    `\`${element}\` is defined by more than one statement.`,
    'each element of a variable is defined exactly once',
  );
}
export function mixedDefinitions(span: Span, name: string, first: string, second: string): Diagnostic {
  return error(
    'defined-twice',
    span,
    `\`${name}\` is declared with \`${first}\` and with \`${second}\`.`,
    'only `sample` and `let` (or `param` and `let`) may define parts of one variable',
  );
}
export function ranksDiffer(span: Span, name: string, first: string, second: string): Diagnostic {
  return error('shape-mismatch', span, `The statements that define \`${name}\` disagree: ${first} and ${second}.`);
}
export function cycle(span: Span, path: readonly string[]): Diagnostic {
  return error(
    'cycle',
    span,
    `The definitions form a cycle: ${path.join(' -> ')}.`,
    'each quantity must be defined from others that do not depend on it; earlier (or later) elements of a sequence may be used',
  );
}
export function tangledReference(span: Span, element: string, read: readonly string[]): Diagnostic {
  return error(
    'cycle',
    span,
    `\`${element}\` depends on ${read.map((r) => `\`${r}\``).join(' and ')}: the elements cannot be put in an order.`,
    'a variable may depend on earlier elements of itself, or on later ones, not on both; an index of data cannot be ordered before data is known',
  );
}
export function selfReference(span: Span, name: string): Diagnostic {
  return error(
    'cycle',
    span,
    `\`${name}\` is defined in terms of itself.`,
    'refer to another element, such as the previous one, or use another name',
  );
}
export function circularShapes(span: Span, names: readonly string[]): Diagnostic {
  return error(
    'cycle',
    span,
    `The types and shapes of ${names.map((name) => `\`${name}\``).join(', ')} are defined by each other.`,
    'let data give one of them, or write a number in its place',
  );
}
export function unknownNormaliser(span: Span, constraint: string): Diagnostic {
  return error(
    'unknown-normaliser',
    span,
    `The restriction \`${constraint}\` of this distribution has a normalising constant that is not known.`,
    '`ordered[K]` of K independent draws of one distribution, such as iid(Normal(0, 5), K), is allowed',
  );
}
export function constraintShape(span: Span, constraint: string, got: string): Diagnostic {
  return error('type-mismatch', span, `The restriction ${constraint} does not fit a draw of type ${got}.`);
}

// --- latents ----------------------------------------------------------------------------------
export function latentCondition(span: Span, name: string): Diagnostic {
  return error(
    'latent-condition',
    span,
    `The condition of \`if\` depends on the unknown \`${name}\`.`,
    'use `test ? a : b` inside an expression, or a mixture',
  );
}
export function latentBound(span: Span, what: string, name: string): Diagnostic {
  return error(
    'latent-shape',
    span,
    `${what} depends on the unknown \`${name}\`.`,
    what === 'A loop'
      ? `shapes and loops may depend on data only; ask inside: \`n < ${name} ? a : b\``
      : 'shapes and loops may depend on data only',
  );
}
export function observedLatent(span: Span, name: string): Diagnostic {
  return error(
    'observe-latent',
    span,
    `\`observe\` needs data on its left; \`${name}\` is unknown.`,
    `give the value of \`${name}\` with the data to condition on it, or add \`factor logpdf(...)\``,
  );
}
export function predictUsed(span: Span, name: string): Diagnostic {
  return error(
    'predict-used',
    span,
    `\`${name}\` is a prediction: it never conditions anything, so it may stand only in \`report\`, \`let\` and other predictions.`,
  );
}
