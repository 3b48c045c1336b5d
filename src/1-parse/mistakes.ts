/**
 * What the alternatives of grammar/mistakes.ohm have to say: an action for each, which reports the
 * mistake where it stands and goes on inside its parts. Invariant: a rule of the language itself
 * reports nothing of its own, so a right program yields an empty list.
 */
import type { Node } from 'ohm-js';
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/words.js';
import type { MistakesActionDict, MistakesGrammar, MistakesSemantics } from './grammar.js';
import * as messages from './messages.js';
import { statementWords } from './survey.js';

type Found = readonly Diagnostic[];

function spanOf(node: Node): Span {
  return { start: node.source.startIdx, end: node.source.endIdx };
}
function spanFrom(first: Node, last: Node): Span {
  return { start: first.source.startIdx, end: last.source.endIdx };
}

/** Longer texts are cut in hints. */
const longestQuotation = 60;
function quoted(node: Node): string {
  const text = node.sourceString.trim().replace(/\s+/g, ' ');
  return text.length > longestQuotation ? '...' : text;
}
function quotedSpan(first: Node, last: Node): string {
  const text = first.source.coverageWith(last.source).contents.trim().replace(/\s+/g, ' ');
  return text.length > longestQuotation ? '...' : text;
}

function within(...nodes: readonly Node[]): Found {
  return nodes.flatMap((node) => node['mistakes']() as Found);
}

/** Words of other languages, and what they are called here. */
const translations: ReadonlyMap<string, string> = new Map([
  ...['var', 'const', 'val', 'define', 'set', 'def', 'calc'].map((word): [string, string] => [word, 'let']),
  ...['latent', 'draw', 'random', 'rv', 'prior'].map((word): [string, string] => [word, 'sample']),
  ...['obs', 'given', 'observed', 'condition'].map((word): [string, string] => [word, 'observe']),
  ...['input', 'constant'].map((word): [string, string] => [word, 'data']),
  ...['parameter', 'parameters', 'params', 'unknown'].map((word): [string, string] => [word, 'param']),
  ...['function', 'func', 'fun', 'def'].map((word): [string, string] => [word, 'fn']),
  ...['foreach', 'plate', 'loop', 'each'].map((word): [string, string] => [word, 'for']),
  ...['return', 'output', 'generated', 'track'].map((word): [string, string] => [word, 'report']),
  ...['target', 'potential', 'score', 'weight'].map((word): [string, string] => [word, 'factor']),
]);

function misspelt(word: Node, candidates: readonly string[]): Diagnostic {
  const text = word.sourceString;
  const translated = translations.get(text.toLowerCase());
  const meant =
    didYouMean(text, candidates) ??
    (translated !== undefined && candidates.includes(translated) ? translated : null) ??
    didYouMean(text, statementWords);
  return messages.unknownStatement(spanOf(word), text, meant);
}

/** Names declared by `data` anywhere in a text, as far as that can be told without parsing it. */
function declaredData(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/\bdata\s+([\p{L}_][\p{L}0-9_]*)/gu)].map((match) => match[1]!));
}

/** `observe` if the left side of a bare `~` is made of data, `sample` if it is a name that is none, else null. */
function keywordFor(left: Node, program: string): 'sample' | 'observe' | null {
  const data = declaredData(program);
  const names = left.sourceString.match(/[\p{L}_][\p{L}0-9_]*/gu) ?? [];
  if (names[0] !== undefined && data.has(names[0])) return 'observe';
  if (!/^[\p{L}_][\p{L}0-9_]*\s*(?:\[|$)/u.test(left.sourceString)) return names.some((name) => data.has(name)) ? 'observe' : null;
  return data.size > 0 ? 'sample' : null;
}

const operators: ReadonlyMap<string, string | null> = new Map([
  ['or', '||'],
  ['|', '||'],
  ['and', '&&'],
  ['&', '&&'],
  ['not', '!'],
  ['===', '=='],
  ['!==', '!='],
  ['<>', '!='],
  ['≤', '<='],
  ['≥', '>='],
  ['≠', '!='],
  ['−', '-'],
  ['%*%', '@'],
  ['%', null],
  ['.*', '*'],
  ['./', '/'],
  ['×', '*'],
  ['·', '*'],
  ['÷', '/'],
  ['**', '^'],
]);

function operatorMistake(operator: Node): Found {
  const text = operator.sourceString;
  if (text === '=') return [messages.comparisonByEquals(spanOf(operator))];
  const meant = operators.get(text);
  return meant === undefined ? [] : [messages.wrongOperator(spanOf(operator), text, meant)];
}

/** `program` is the whole text, of which the grammar may see only a part. */
function actionsFor(program: string): MistakesActionDict<Found> {
  return {
    _nonterminal: (...children: Node[]) => within(...children),
    _iter: (...children: Node[]) => within(...children),
    _terminal: () => [],

    // --- statements ---
    StanBlock: (title, body) => [messages.noBlocks(spanOf(title), quoted(title)), ...within(body)],
    TypeFirst: (keyword, _type, type, name) => [
      messages.typeFirst(spanFrom(type, name), keyword.sourceString, name.sourceString, quoted(type)),
      ...within(type),
    ],
    MissingColon: (keyword, target, _type, type) => [
      messages.missingColon(spanFrom(target, type), keyword.sourceString, quoted(target), quoted(type)),
      ...within(target, type),
    ],
    Indexed: (_data, name, places, _colon, type) => [messages.indexedData(spanOf(places), name.sourceString), ...within(type)],
    Untyped(keyword, target, tail) {
      const rest = tail.child(0);
      if (tail.numChildren === 0)
        return [messages.untypedDeclaration(spanOf(target), keyword.sourceString, quoted(target)), ...within(target)];
      const value = quoted(rest.child(1));
      const own =
        rest.child(0).sourceString !== '~'
          ? messages.declarationWithValue(spanOf(rest), keyword.sourceString, quoted(target), value)
          : keyword.sourceString === 'data'
            ? messages.dataWithLaw(spanOf(rest), quoted(target), value)
            : messages.paramWithLaw(spanOf(rest), quoted(target), value);
      return [own, ...within(target, rest)];
    },
    DrawUnjoined: (keyword, target, restriction, _start, law) => [
      messages.missingTilde(spanOf(law), keyword.sourceString, quoted(target) + restrictionText(restriction), quoted(law)),
      ...within(target, restriction, law),
    ],
    ObserveUnjoined: (keyword, value, _start, law) => [
      messages.missingTilde(spanOf(law), keyword.sourceString, quoted(value), quoted(law)),
      ...within(value, law),
    ],
    DrawByEquals: (keyword, target, restriction, equals, law) => [
      messages.equalsForTilde(spanOf(equals), keyword.sourceString, quoted(target) + restrictionText(restriction), quoted(law)),
      ...within(target, restriction, law),
    ],
    ObserveByEquals: (keyword, value, equals, law) => [
      messages.equalsForTilde(spanOf(equals), keyword.sourceString, quoted(value), quoted(law)),
      ...within(value, law),
    ],
    ObserveTyped: (_observe, target, restriction, _tilde, law) => [
      messages.observeWithType(spanOf(restriction)),
      ...within(target, restriction, law),
    ],
    DefinitionByLaw: (keyword, target, restriction, tilde, law) => [
      messages.tildeForEquals(spanOf(tilde), keyword.sourceString, quoted(target) + restrictionText(restriction), quoted(law)),
      ...within(target, restriction, law),
    ],
    DefinitionTyped: (keyword, target, restriction, _equals, value) => [
      messages.definitionWithType(spanOf(restriction), keyword.sourceString, quoted(target), quoted(value)),
      ...within(target, restriction, value),
    ],
    DefinitionByArrow: (keyword, target, arrow, value) => [
      messages.wrongAssignment(spanOf(arrow), arrow.sourceString, `${keyword.sourceString} ${quoted(target)} = ${quoted(value)}`),
      ...within(target, value),
    ],
    DefinedFunction: (keyword, name, parameters, _equals, body) => [
      messages.letFunction(spanOf(keyword), quotedSpan(name, parameters), quoted(body)),
      ...within(body),
    ],
    Unnamed: (keyword, value) => [messages.unnamedQuantity(spanOf(value), keyword.sourceString, quoted(value)), ...within(value)],
    FactorByOperator: (_factor, operator, value) => [messages.factorOperator(spanOf(operator), quoted(value)), ...within(value)],
    FunctionByArrow: (_fn, name, parameters, arrow, body) => [
      messages.functionBody(spanOf(arrow), quotedSpan(name, parameters), quoted(body)),
      ...within(body),
    ],
    FunctionByBlock: (_fn, name, parameters, _equals, open, _return, body, _separators, close) => [
      messages.functionBody(spanFrom(open, close), quotedSpan(name, parameters), quoted(body)),
      ...within(body),
    ],
    FunctionTyped: (_fn, _name, open, _list, close, _result, _equals, body) => [
      messages.typedParameters(spanFrom(open, close)),
      ...within(body),
    ],
    ForParenthesised: (_for, open, plates, close, body) => [
      messages.parenthesisedPlates(spanFrom(open, close), quoted(plates)),
      ...within(plates, body),
    ],
    ForCounting: (_for, open, _let, index, _equals, _from, _first, _test, _second, _step, close, body) => [
      messages.countingLoop(spanFrom(open, close), index.sourceString),
      ...within(body),
    ],
    ForPunctuated: (_for, plates, opener, body) => [messages.beforeBlock(spanOf(opener), opener.sourceString), ...within(plates, body)],
    ForBraceless: (_for, plates, _colon, body) => [messages.missingBraces(spanOf(body), 'for'), ...within(plates, body)],
    IfPunctuated: (_if, test, opener, body, otherwise) => [
      messages.beforeBlock(spanOf(opener), opener.sourceString),
      ...within(test, body, otherwise),
    ],
    IfBraceless: (_if, test, _then, body, otherwise) => [messages.missingBraces(spanOf(body), 'if'), ...within(test, body, otherwise)],
    BracelessElse: (_else, body) => [messages.missingBraces(spanOf(body), 'else'), ...within(body)],
    Braceless: (body) => [messages.missingBraces(spanOf(body), 'else'), ...within(body)],
    ElseIf: (word, test, body, otherwise) => [messages.elseIf(spanOf(word), word.sourceString), ...within(test, body, otherwise)],
    StrayElse: (word, body) => [messages.strayElse(spanOf(word)), ...within(body)],
    While: (word, test, body) => [messages.noWhile(spanOf(word)), ...within(test, body)],
    StrayLaw: (tilde, law) => [messages.strayLaw(spanOf(tilde)), ...within(law)],
    StrayValue: (equals, value) => [messages.strayValue(spanOf(equals), equals.sourceString), ...within(value)],
    StrayComma: (comma, _name, _colon, type) => [messages.strayComma(spanOf(comma)), ...within(type)],
    StanDeclaration(_type, type, name, dimensions, _equals, value) {
      return [
        messages.stanDeclaration(
          spanFrom(type, name),
          name.sourceString,
          quoted(type) + (dimensions.numChildren === 0 ? '' : quoted(dimensions.child(0))),
        ),
        ...within(type, value),
      ];
    },
    BareLaw(left, restriction, _tilde, law) {
      const keyword = keywordFor(left, program);
      return [
        messages.bareLaw(spanOf(left), quoted(left) + restrictionText(restriction), quoted(law), keyword),
        ...within(left, restriction, law),
      ];
    },
    BareValue: (target, _restriction, equals, value) => [
      messages.bareValue(spanFrom(target, equals), quoted(target), quoted(value)),
      ...within(target, value),
    ],
    BareIncrement: (target, operator, value) => [
      messages.bareIncrement(spanFrom(target, operator), quoted(target), operator.sourceString, quoted(value)),
      ...within(target, value),
    ],
    BareType: (target, _colon, type) => [messages.bareType(spanOf(target), quoted(target), quoted(type)), ...within(type)],
    MisspeltFunction: (word, _name, _parameters, _equals, body) => [misspelt(word, ['fn']), ...within(body)],
    MisspeltLaw: (word, left, restriction, _tilde, law) => [
      misspelt(word, ['sample', 'observe', 'predict']),
      ...within(left, restriction, law),
    ],
    MisspeltValue: (word, target, _equals, value) => [misspelt(word, ['let', 'report']), ...within(target, value)],
    MisspeltFor: (word, plates, body) => [misspelt(word, ['for']), ...within(plates, body)],
    MisspeltType: (word, target, _colon, type) => [misspelt(word, ['data', 'param']), ...within(target, type)],
    Returned: (word, value) => [misspelt(word, ['report']), ...within(value)],
    BareCall: (call) => [messages.bareCall(spanOf(call), quoted(call)), ...within(call)],
    BareBlock: (block) => [messages.bareBlock(spanOf(block.child(0))), ...within(block)],

    // --- plates, ranges, types ---
    Plate_joined: (name, joiner, range) => [
      ...(joiner.ctorName === 'wrongJoiner' ? [messages.wrongJoiner(spanOf(joiner), joiner.sourceString, name.sourceString)] : []),
      ...within(range),
    ],
    Plate_unjoined: (name, _nothing, range) => [messages.wrongJoiner(spanOf(name), null, name.sourceString), ...within(range)],
    WrongRange_operator(from, operator, to) {
      return [
        messages.wrongRange(
          spanOf(this),
          quoted(this),
          from.sourceString === '1' && operator.sourceString === ':' ? '0' : quoted(from),
          quoted(to),
        ),
        ...within(from, to),
      ];
    },
    WrongRange_single: (value) => [messages.noRange(spanOf(value), quoted(value), rangeCall(value.sourceString)), ...within(value)],
    WrongPosition_operator(from, operator, to) {
      return [
        operator.sourceString === ':'
          ? messages.wrongSlice(spanOf(this), quoted(this))
          : messages.wrongRange(spanOf(this), quoted(this), quoted(from), quoted(to)),
        ...within(from, to),
      ];
    },
    WrongPosition_from(from, _mark) {
      return [messages.halfRange(spanOf(this), quoted(this)), ...within(from)];
    },
    WrongPosition_to(_mark, to) {
      return [messages.halfRange(spanOf(this), quoted(this)), ...within(to)];
    },
    WrongPosition_colon: (colon) => [messages.wrongSlice(spanOf(colon), ':')],
    WrongPosition_left: (comma, _nothing) => [messages.missingIndex(spanOf(comma))],
    angle(_open, _text, _close) {
      return [messages.angleBounds(spanOf(this))];
    },
    EarlyOptions: (options, _dimensions) => [messages.earlyOptions(spanOf(options)), ...within(options)],
    RepeatedDimensions(first, more) {
      const all = [first, ...more.children].map((part) => part.child(1).sourceString.trim()).join(', ');
      return [messages.repeatedDimensions(spanOf(more), `[${all}]`), ...within(first, more)];
    },
    EmptyDimensions(_open, _commas, _close) {
      return [messages.emptyDimensions(spanOf(this))];
    },

    // --- expressions ---
    WrongLambda_parenthesised: (open, parameters, close, _arrow, body) => [
      messages.lambdaForm(spanFrom(open, close), parameters.asIteration().children[0]?.sourceString ?? 't', quoted(body)),
      ...within(body),
    ],
    WrongLambda_arrow: (parameter, arrow, body) => [
      messages.lambdaForm(spanOf(arrow), parameter.sourceString, quoted(body)),
      ...within(body),
    ],
    Choice_python(then, _if, test, _else, otherwise) {
      return [messages.conditionalForm(spanOf(this), quoted(test), quoted(then), quoted(otherwise)), ...within(then, test, otherwise)];
    },
    IfExpression(_if, test, _then, then, _else, otherwise) {
      return [messages.conditionalForm(spanOf(this), quoted(test), quoted(then), quoted(otherwise)), ...within(test, then, otherwise)];
    },
    Comparison(first, comparisons, rest) {
      const operands = [first, ...rest.children];
      const own =
        comparisons.numChildren < 2
          ? []
          : [
              messages.chainedComparison(
                spanOf(comparisons.child(1)),
                quoted(operands[1]!),
                comparisons.children
                  .map(
                    (operator, at) =>
                      `${quoted(operands[at]!)} ${operators.get(operator.sourceString) ?? operator.sourceString} ${quoted(operands[at + 1]!)}`,
                  )
                  .join(' && '),
              ),
            ];
      return [...within(first), ...comparisons.children.flatMap(operatorMistake), ...own, ...within(rest)];
    },
    Postfix(array, parts) {
      return [
        ...within(array),
        ...parts.children.flatMap((part) => {
          if (part.ctorName === 'Member')
            return [
              messages.memberAccess(spanOf(part), quoted(array), part.child(1).sourceString, part.child(2).numChildren > 0),
              ...within(part.child(2)),
            ];
          if (part.ctorName === 'prime') return [messages.transposeMark(spanOf(part), quoted(array))];
          return within(part);
        }),
      ];
    },
    InnerLaw_named: (keyword, name, _tilde, law) => [
      messages.drawInExpression(spanFrom(keyword, law), name.sourceString, quoted(law)),
      ...within(law),
    ],
    InnerLaw_unnamed: (keyword, law) => [
      messages.drawInExpression(spanFrom(keyword, law), 'name', quoted(law).replace(/^\((.*)\)$/, '$1')),
      ...within(law),
    ],
    NamedByEquals: (name, equals, value) => [messages.equalsForColon(spanOf(equals), name.sourceString, quoted(value)), ...within(value)],
    orOperator: operatorMistake,
    andOperator: operatorMistake,
    sumOperator: operatorMistake,
    productOperator: operatorMistake,
    unaryOperator: operatorMistake,
    powerOperator: operatorMistake,
    wrongNumber(_form) {
      return [messages.wrongNumber(spanOf(this), this.sourceString, numberSuggestion(this.sourceString))];
    },
    wrongText(_form) {
      return [messages.noText(spanOf(this))];
    },
  };
}

function restrictionText(restriction: Node): string {
  return restriction.numChildren === 0 ? '' : quoted(restriction.child(0));
}

/** `range(a, b)` of Python or `seq(a, b)` of R as a range of ours. */
function rangeCall(text: string): string | null {
  const match = /^\w+\(\s*([^,()]+?)\s*(?:,\s*([^,()]+?)\s*)?\)$/.exec(text);
  return match === null ? null : match[2] === undefined ? `0..<${match[1]}` : `${match[1]}..<${match[2]}`;
}

function numberSuggestion(text: string): string {
  if (text.startsWith('.')) return `0${text}`;
  if (text.endsWith('.')) return text.slice(0, -1);
  if (/^[0-9_]+$/.test(text)) return text.replaceAll('_', '');
  const product = /^([0-9.]+)(.*)$/.exec(text)!;
  return `${product[1]} * ${product[2]}`;
}

/** The actions above, on the grammar of mistakes: `mistakes()` lists all of a matched part of `program`, in the order of the text. */
export function mistakeSemantics(grammar: MistakesGrammar, program: string): MistakesSemantics {
  return grammar.createSemantics().addOperation('mistakes', actionsFor(program));
}
