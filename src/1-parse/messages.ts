/**
 * Every message of the parser, one function each: what is wrong with the program in hand, what was
 * expected, one thing to do about it. Codes are kebab-case words. No message text stands elsewhere.
 */
import type { Diagnostic, Span } from '../errors/diagnostic.js';

function error(code: string, span: Span, message: string, hint?: string, expected?: string): Diagnostic {
  return { code, severity: 'error', span, message, hint, expected };
}

// --- text and brackets ------------------------------------------------------------------------

export function unexpectedToken(span: Span, found: string | null, expected: string, hint?: string): Diagnostic {
  return error(
    'syntax-error',
    span,
    found === null ? 'the program ends in the middle of a statement' : `unexpected \`${found}\``,
    hint,
    expected,
  );
}
export function reservedName(span: Span, word: string): Diagnostic {
  return error(
    'reserved-word',
    span,
    `\`${word}\` is a reserved word and cannot be a name`,
    `take another name, \`${word}_\` for instance`,
    'a name',
  );
}
export function unknownCharacter(span: Span, character: string): Diagnostic {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  const visible = /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character);
  return error(
    'unknown-character',
    span,
    visible ? `\`${character}\` is not part of the language` : `the character U+${code} is not part of the language`,
    visible ? undefined : 'it may have been pasted along with other text; delete it',
  );
}
export function hashComment(span: Span): Diagnostic {
  return error('wrong-comment', span, '`#` does not begin a comment', 'write `//` for the rest of a line, or `/* ... */`');
}
export function unclosedComment(span: Span): Diagnostic {
  return error('unclosed-comment', span, 'this comment is never closed', 'end it with `*/`');
}
export function unclosedBracket(span: Span, open: string, close: string, before: string | null): Diagnostic {
  return error(
    'unclosed-bracket',
    span,
    `this \`${open}\` is never closed`,
    undefined,
    before === null ? `\`${close}\` before the end of the program` : `\`${close}\` before \`${before}\``,
  );
}
export function unopenedBracket(span: Span, close: string): Diagnostic {
  return error('unopened-bracket', span, `this \`${close}\` closes nothing`, 'remove it, or open what it should close');
}
export function mismatchedBracket(span: Span, open: string, close: string, wanted: string): Diagnostic {
  return error('mismatched-bracket', span, `\`${close}\` does not close \`${open}\``, undefined, `\`${wanted}\``);
}
export function nestedTooDeeply(span: Span, depth: number | null): Diagnostic {
  return error(
    'nested-too-deeply',
    span,
    depth === null ? 'this statement is nested too deeply' : `brackets are nested too deeply here (${depth} levels)`,
    'name parts of it with `let`',
  );
}
export function chainTooLong(span: Span, limit: number): Diagnostic {
  return error(
    'nested-too-deeply',
    span,
    `more than ${limit} operators in one expression`,
    'use `sum` or `prod` of a comprehension, or name parts of it with `let`',
  );
}
export function tooManyElseIfs(span: Span, limit: number): Diagnostic {
  return error(
    'nested-too-deeply',
    span,
    `more than ${limit} \`else if\` in one statement`,
    'look the values up instead, in a list (`means[k]`) or with `onehot(k, K)`',
  );
}
export function tooManyErrors(span: Span, limit: number): Diagnostic {
  return error('too-many-errors', span, `more than ${limit} syntax errors; the rest is not shown`);
}

// --- statements -------------------------------------------------------------------------------

export function noBlocks(span: Span, title: string): Diagnostic {
  return error(
    'no-blocks',
    span,
    `there are no \`${title}\` blocks: a program is a list of statements`,
    'begin each statement with its own keyword: `data`, `param`, `sample`, `observe`, `let`, ...',
  );
}
export function typeFirst(span: Span, keyword: string, name: string, type: string): Diagnostic {
  return error('type-before-name', span, 'the type stands after the name', `write \`${keyword} ${name}: ${type}\``);
}
export function missingColon(span: Span, keyword: string, target: string, type: string): Diagnostic {
  return error(
    'missing-colon',
    span,
    `a colon is missing between \`${target}\` and its type`,
    `write \`${keyword} ${target}: ${type}\``,
    '`:`',
  );
}
export function indexedData(span: Span, name: string): Diagnostic {
  return error(
    'indexed-data',
    span,
    'data are declared whole, without an index',
    `write the dimensions after the type: \`data ${name}: real[N]\``,
  );
}
export function untypedDeclaration(span: Span, keyword: string, target: string): Diagnostic {
  return error(
    'missing-type',
    span,
    `\`${keyword} ${target}\` has no type`,
    `write \`${keyword} ${target}: real\`, or another type`,
    '`:` and a type',
  );
}
export function dataWithLaw(span: Span, name: string, law: string): Diagnostic {
  return error(
    'data-with-distribution',
    span,
    'a `data` statement takes no distribution',
    `declare the type with \`data ${name}: ...\`, then write \`observe ${name} ~ ${law}\``,
  );
}
export function paramWithLaw(span: Span, target: string, law: string): Diagnostic {
  return error(
    'param-with-distribution',
    span,
    'a `param` is an unknown without a prior and takes no distribution',
    `write \`sample ${target} ~ ${law}\``,
  );
}
export function declarationWithValue(span: Span, keyword: string, target: string, value: string): Diagnostic {
  return error(
    'declaration-with-value',
    span,
    `a \`${keyword}\` statement takes no value`,
    keyword === 'data'
      ? `give the value with the data, or write \`let ${target} = ${value}\` for a constant`
      : `write \`let ${target} = ${value}\` for a known quantity`,
  );
}
export function equalsForTilde(span: Span, keyword: string, target: string, law: string): Diagnostic {
  return error(
    'equals-for-tilde',
    span,
    `\`${keyword}\` joins a quantity to its distribution by \`~\``,
    `write \`${keyword} ${target} ~ ${law}\``,
    '`~`',
  );
}
export function missingTilde(span: Span, keyword: string, target: string, law: string): Diagnostic {
  return error(
    'missing-tilde',
    span,
    `\`~\` is missing between \`${target}\` and its distribution`,
    `write \`${keyword} ${target} ~ ${law}\``,
    '`~`',
  );
}
export function drawInExpression(span: Span, name: string, law: string): Diagnostic {
  return error(
    'draw-in-expression',
    span,
    '`sample` is a statement and stands in no expression',
    `write \`sample ${name} ~ ${law}\` as a statement of its own, and \`${name}\` here`,
  );
}
export function observeWithType(span: Span): Diagnostic {
  return error('observe-with-type', span, 'an `observe` statement takes no type', 'the type belongs to the `data` declaration');
}
export function tildeForEquals(span: Span, keyword: string, target: string, value: string): Diagnostic {
  return error(
    'tilde-for-equals',
    span,
    `\`${keyword}\` defines a quantity by \`=\`; a random one is introduced by \`sample\``,
    `write \`sample ${target} ~ ${value}\``,
    '`=`',
  );
}
export function definitionWithType(span: Span, keyword: string, target: string, value: string): Diagnostic {
  return error(
    'definition-with-type',
    span,
    `a \`${keyword}\` statement takes no type: it follows from the value`,
    `write \`${keyword} ${target} = ${value}\``,
  );
}
export function unnamedQuantity(span: Span, keyword: string, value: string): Diagnostic {
  const isName = /^[\p{L}_][\p{L}0-9_]*$/u.test(value);
  return error(
    'unnamed-quantity',
    span,
    `\`${keyword}\` gives a quantity a name`,
    keyword === 'report' && isName
      ? `unknowns are in the results as they are; write \`report ${value} = ...\` in place of \`let ${value} = ...\``
      : `write \`${keyword} name = ${value}\``,
  );
}
export function wrongAssignment(span: Span, found: string, suggestion: string): Diagnostic {
  return error('wrong-assignment', span, `\`${found}\` does not define a quantity`, `write \`${suggestion}\``, '`=`');
}
export function letFunction(span: Span, signature: string, body: string): Diagnostic {
  return error('function-keyword', span, 'a function is defined by `fn`', `write \`fn ${signature} = ${body}\``);
}
export function factorOperator(span: Span, value: string): Diagnostic {
  return error('factor-operator', span, '`factor` is followed by the term itself', `write \`factor ${value}\``);
}
export function functionBody(span: Span, signature: string, body: string): Diagnostic {
  return error(
    'function-body',
    span,
    'the body of a function is one expression after `=`',
    `write \`fn ${signature} = ${body}\``,
    '`=` and an expression',
  );
}
export function typedParameters(span: Span): Diagnostic {
  return error('typed-parameters', span, 'parameters of a function have no types', 'write the names alone: `fn f(a, b) = ...`');
}
export function parenthesisedPlates(span: Span, plates: string): Diagnostic {
  return error('parenthesised-for', span, '`for` takes its indices without parentheses', `write \`for ${plates} { ... }\``);
}
export function countingLoop(span: Span, index: string): Diagnostic {
  return error('counting-loop', span, 'a plate runs over a range, it does not count', `write \`for ${index} in 0..<N { ... }\``);
}
export function beforeBlock(span: Span, found: string): Diagnostic {
  return error('before-block', span, `no \`${found}\` before a block`, `remove \`${found}\``, '`{`');
}
export function missingBraces(span: Span, keyword: string): Diagnostic {
  return error('missing-braces', span, `the body of \`${keyword}\` stands in braces`, `write \`${keyword} ... { ... }\``, '`{`');
}
export function elseIf(span: Span, found: string): Diagnostic {
  return error('else-if', span, `there is no \`${found}\``, 'write `else if`');
}
export function strayElse(span: Span): Diagnostic {
  return error('stray-else', span, 'this `else` belongs to no `if`', '`else` follows the closing brace of its `if`');
}
export function noWhile(span: Span): Diagnostic {
  return error('no-while', span, 'there is no `while`: a model has no loops, only plates', 'write `for i in 0..<N { ... }`');
}
export function strayLaw(span: Span): Diagnostic {
  return error(
    'stray-tilde',
    span,
    'this `~` belongs to no `sample`, `observe` or `predict`',
    'declare and observe in two statements: `data x: real` and `observe x ~ ...`',
  );
}
export function strayValue(span: Span, found: string): Diagnostic {
  return error(
    'stray-equals',
    span,
    `this \`${found}\` belongs to no \`let\` or \`report\``,
    'a `data` or `param` statement takes no value',
  );
}
export function strayComma(span: Span): Diagnostic {
  return error('stray-comma', span, 'statements are not separated by commas', 'begin each declaration with its own keyword');
}
export function stanDeclaration(span: Span, name: string, type: string): Diagnostic {
  return error(
    'missing-keyword',
    span,
    'a declaration begins with its keyword and the type stands last',
    `write \`data ${name}: ${type}\` for an input, \`param ${name}: ${type}\` for an unknown`,
  );
}
export function bareLaw(span: Span, left: string, law: string, keyword: 'sample' | 'observe' | null): Diagnostic {
  return error(
    'missing-keyword',
    span,
    'a statement begins with its keyword',
    keyword === null
      ? `write \`sample ${left} ~ ${law}\` for an unknown, \`observe ${left} ~ ${law}\` for data`
      : `write \`${keyword} ${left} ~ ${law}\``,
  );
}
export function bareValue(span: Span, target: string, value: string): Diagnostic {
  return error('missing-keyword', span, 'a definition begins with `let`', `write \`let ${target} = ${value}\``);
}
export function bareIncrement(span: Span, target: string, operator: string, value: string): Diagnostic {
  return error(
    'no-assignment',
    span,
    'a quantity is defined once and never changed',
    target === 'target' && operator === '+='
      ? `write \`factor ${value}\` to add a term to the log density`
      : 'use `sum`, or a recursion over an index',
  );
}
export function bareType(span: Span, target: string, type: string): Diagnostic {
  return error(
    'missing-keyword',
    span,
    'a declaration begins with its keyword',
    `write \`data ${target}: ${type}\` for an input, \`param ${target}: ${type}\` for an unknown`,
  );
}
export function unknownStatement(span: Span, word: string, meant: string | null): Diagnostic {
  return error(
    'unknown-statement',
    span,
    `there is no statement \`${word}\``,
    meant === null ? undefined : `did you mean \`${meant}\`?`,
    'one of `data`, `param`, `sample`, `observe`, `predict`, `let`, `report`, `factor`, `fn`, `for`, `if`',
  );
}
export function bareCall(span: Span, call: string): Diagnostic {
  return error(
    'expression-statement',
    span,
    `\`${call}\` alone is an expression, not a statement`,
    `write \`factor ${call}\` to add it to the log density, \`let name = ${call}\` to name it`,
  );
}
export function bareBlock(span: Span): Diagnostic {
  return error('stray-block', span, 'a block belongs to `for` or `if`', 'remove the braces');
}

// --- plates, ranges, types --------------------------------------------------------------------

export function wrongJoiner(span: Span, found: string | null, index: string): Diagnostic {
  return error(
    'missing-in',
    span,
    found === null ? `\`in\` is missing after \`${index}\`` : `\`${found}\` does not join an index to its range`,
    `write \`${index} in 0..<N\``,
    '`in`',
  );
}
export function wrongRange(span: Span, found: string, from: string, to: string): Diagnostic {
  return error(
    'wrong-range',
    span,
    `\`${found}\` is not a range`,
    `\`${from}..<${to}\` excludes ${to}, \`${from}..${to}\` includes it; indices start at 0`,
    '`..<` or `..`',
  );
}
export function noRange(span: Span, value: string, range: string | null): Diagnostic {
  return error(
    'wrong-range',
    span,
    `a plate runs over a range, \`${value}\` is none`,
    `write \`${range ?? `0..<${/^\w+$/.test(value) ? value : 'N'}`}\``,
    '`..<` or `..`',
  );
}
export function wrongSlice(span: Span, found: string): Diagnostic {
  return error(
    'wrong-slice',
    span,
    `\`${found}\` is not an index`,
    '`..` takes a whole dimension, `a..<b` a part of it',
    'an expression, a range or `..`',
  );
}
export function missingIndex(span: Span): Diagnostic {
  return error('missing-index', span, 'an index is missing before `,`', '`..` takes a whole dimension', 'an expression, a range or `..`');
}
export function halfRange(span: Span, found: string): Diagnostic {
  return error('half-range', span, `the range \`${found}\` lacks an end`, 'write both ends, or `..` for the whole dimension');
}
export function angleBounds(span: Span): Diagnostic {
  return error('angle-bounds', span, 'types have no bounds in `<...>`', 'write `positive`, `unit` or `interval(a, b)` in place of `real`');
}
export function earlyOptions(span: Span): Diagnostic {
  return error('early-options', span, 'options stand after the dimensions', 'write `cov[D](floor: 1e-3)`');
}
export function repeatedDimensions(span: Span, dimensions: string): Diagnostic {
  return error('repeated-dimensions', span, 'the dimensions of a type stand in one pair of brackets', `write \`${dimensions}\``);
}
export function emptyDimensions(span: Span): Diagnostic {
  return error(
    'empty-dimensions',
    span,
    'a dimension needs a size or a name',
    'write `real[N]`: N is bound by the shape of the data',
    'a dimension',
  );
}

// --- expressions ------------------------------------------------------------------------------

export function lambdaForm(span: Span, parameter: string, body: string): Diagnostic {
  return error('lambda-form', span, 'a lambda is one name, `=>` and an expression', `write \`${parameter} => ${body}\``);
}
export function conditionalForm(span: Span, test: string, then: string, otherwise: string): Diagnostic {
  return error(
    'conditional-form',
    span,
    'a choice between two values is written with `?` and `:`',
    `write \`${test} ? ${then} : ${otherwise}\``,
  );
}
export function chainedComparison(span: Span, middle: string, rewritten: string): Diagnostic {
  return error('chained-comparison', span, `comparisons do not chain: \`${middle}\` cannot be compared twice`, `write \`${rewritten}\``);
}
export function wrongOperator(span: Span, found: string, operator: string | null): Diagnostic {
  return error(
    'wrong-operator',
    span,
    `there is no operator \`${found}\``,
    operator === null ? 'a remainder is `a - b * floor(a / b)`' : `write \`${operator}\``,
  );
}
export function comparisonByEquals(span: Span): Diagnostic {
  return error('wrong-operator', span, '`=` does not compare', 'write `==`', '`==`');
}
export function memberAccess(span: Span, array: string, member: string, called: boolean): Diagnostic {
  return error(
    'member-access',
    span,
    'values have no members',
    called && /^(?:Math|np|numpy|torch|tf|jnp|tfd|dist|pm|stats|scipy)$/.test(array)
      ? `write \`${member}(...)\``
      : called
        ? `write \`${member}(${array})\` for a function`
        : undefined,
  );
}
export function transposeMark(span: Span, array: string): Diagnostic {
  return error('transpose-mark', span, "`'` does not transpose", `write \`transpose(${array})\``);
}
export function equalsForColon(span: Span, name: string, value: string): Diagnostic {
  return error('equals-for-colon', span, 'a named argument is joined to its value by `:`', `write \`${name}: ${value}\``, '`:`');
}
export function wrongNumber(span: Span, found: string, suggestion: string): Diagnostic {
  return error('wrong-number', span, `\`${found}\` is not a number`, `write \`${suggestion}\``);
}
export function noText(span: Span): Diagnostic {
  return error('no-text', span, 'the language has no text values', 'code words as integers before they become data');
}
