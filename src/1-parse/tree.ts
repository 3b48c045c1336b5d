/**
 * From a match of the grammar to the syntax tree: one operation for each sort of node, as actions
 * on the rules of grammar/credence.ohm. Nothing is checked here but the length of operator chains:
 * every tree is so shallow that later phases may walk it recursively.
 */
import type { IterationNode, Node } from 'ohm-js';
import type { Span } from '../errors/diagnostic.js';
import type {
  ArgumentSyntax,
  BinaryOperator,
  IndexSyntax,
  Name,
  PlateSyntax,
  RangeSyntax,
  Stmt,
  Syntax,
  TargetSyntax,
  TypeSyntax,
} from './ast.js';
import type { CredenceActionDict, CredenceGrammar, CredenceSemantics } from './grammar.js';

/** More operators than anybody writes in one chain, few enough for recursion over the tree. */
export const longestChain = 1000;

/** A chain of more than `longestChain` operators; caught by the parser, never seen outside. */
export class ChainTooLong extends Error {
  override readonly name: string = 'ChainTooLong';
  readonly span: Span;
  constructor(span: Span) {
    super('operator chain too long');
    this.span = span;
  }
}

function spanOf(node: Node): Span {
  return { start: node.source.startIdx, end: node.source.endIdx };
}

/** The nodes of a `ListOf`, without the separators. */
function items(list: Node): readonly Node[] {
  return list.asIteration().children;
}

function syntaxes(list: Node): Syntax[] {
  return items(list).map((item) => item['syntax']() as Syntax);
}

/** The subscripts of a target or the parts of a type, which may be absent. */
function flattened(parts: IterationNode): Syntax[] {
  return parts.children.flatMap((part) => part['syntaxList']() as Syntax[]);
}

/** `a op b op c` grouped to the left; the span of each step reaches from the first operand. */
function chain(first: Node, operators: IterationNode, rest: IterationNode): Syntax {
  const start = first.source.startIdx;
  if (operators.numChildren > longestChain) throw new ChainTooLong({ start, end: rest.source.endIdx });
  return operators.children.reduce<Syntax>((left, operator, at) => {
    const operand = rest.child(at);
    return {
      kind: 'binary',
      operator: operator.sourceString as BinaryOperator,
      left,
      right: operand['syntax']() as Syntax,
      span: { start, end: operand.source.endIdx },
    };
  }, first['syntax']() as Syntax);
}

const statements: CredenceActionDict<Stmt[]> = {
  Program: (_separators, body) => body.children.map((statement) => statement['statement']() as Stmt),
  Block: (_open, _separators, body, _close) => body.children.map((statement) => statement['statement']() as Stmt),
  Else: (_else, body) => body['statements']() as Stmt[],
  If(_if, _test, _then, _otherwise) {
    return [this['statement']() as Stmt];
  },
};

const statement: CredenceActionDict<Stmt> = {
  Terminated: (body, _separators) => body['statement']() as Stmt,
  Data(_data, name, _colon, type) {
    return { kind: 'data', name: name['name']() as Name, type: type['type']() as TypeSyntax, span: spanOf(this) };
  },
  Param(_param, target, _colon, type) {
    return { kind: 'param', target: target['target']() as TargetSyntax, type: type['type']() as TypeSyntax, span: spanOf(this) };
  },
  Draw(keyword, target, restriction, _tilde, law) {
    return {
      kind: keyword.sourceString as 'sample' | 'predict',
      target: target['target']() as TargetSyntax,
      type: restriction.numChildren === 0 ? null : (restriction.child(0)['type']() as TypeSyntax),
      law: law['syntax']() as Syntax,
      span: spanOf(this),
    };
  },
  Observe(_observe, value, _tilde, law) {
    return { kind: 'observe', value: value['syntax']() as Syntax, law: law['syntax']() as Syntax, span: spanOf(this) };
  },
  Definition(keyword, target, _equals, value) {
    return {
      kind: keyword.sourceString as 'let' | 'report',
      target: target['target']() as TargetSyntax,
      value: value['syntax']() as Syntax,
      span: spanOf(this),
    };
  },
  Factor(_factor, value) {
    return { kind: 'factor', value: value['syntax']() as Syntax, span: spanOf(this) };
  },
  Function(_fn, name, parameters, _equals, body) {
    return {
      kind: 'fn',
      name: name['name']() as Name,
      parameters: parameters['names']() as Name[],
      body: body['syntax']() as Syntax,
      span: spanOf(this),
    };
  },
  For(_for, plates, body) {
    return { kind: 'for', plates: plates['plates']() as PlateSyntax[], body: body['statements']() as Stmt[], span: spanOf(this) };
  },
  If(_if, test, then, otherwise) {
    return {
      kind: 'if',
      test: test['syntax']() as Syntax,
      then: then['statements']() as Stmt[],
      otherwise: otherwise.numChildren === 0 ? null : (otherwise.child(0)['statements']() as Stmt[]),
      span: spanOf(this),
    };
  },
};

const name: CredenceActionDict<Name> = {
  name(_first, _rest) {
    return { text: this.sourceString, span: spanOf(this) };
  },
};

const names: CredenceActionDict<Name[]> = {
  Parameters: (_open, list, _close) => items(list).map((item) => item['name']() as Name),
};

const target: CredenceActionDict<TargetSyntax> = {
  Target(targetName, places) {
    return { name: targetName['name']() as Name, at: flattened(places), span: spanOf(this) };
  },
};

const type: CredenceActionDict<TypeSyntax> = {
  Restriction: (_colon, restriction) => restriction['type']() as TypeSyntax,
  Type(base, bounds, dimensions, options) {
    return {
      base: base['name']() as Name,
      arguments: flattened(bounds),
      dims: flattened(dimensions),
      options: options.children.flatMap((part) => part['arguments']() as ArgumentSyntax[]),
      span: spanOf(this),
    };
  },
};

const syntaxList: CredenceActionDict<Syntax[]> = {
  Place: (_open, list, _close) => syntaxes(list),
  Bounds: (_open, list, _close) => syntaxes(list),
  Dimensions: (_open, list, _close) => syntaxes(list),
};

const plates: CredenceActionDict<PlateSyntax[]> = {
  Plates: (list) =>
    items(list).map((plate) => ({
      index: plate.child(0)['name']() as Name,
      range: plate.child(2)['range']() as RangeSyntax,
      span: spanOf(plate),
    })),
};

const range: CredenceActionDict<RangeSyntax> = {
  Range(from, operator, to) {
    return {
      from: from['syntax']() as Syntax,
      to: to['syntax']() as Syntax,
      inclusive: operator.sourceString === '..',
      span: spanOf(this),
    };
  },
};

const position: CredenceActionDict<IndexSyntax> = {
  Range(_from, _operator, _to) {
    return { kind: 'range', range: this['range']() as RangeSyntax, span: spanOf(this) };
  },
  Whole(_dots) {
    return { kind: 'all', span: spanOf(this) };
  },
  Expression(value) {
    return { kind: 'at', value: value['syntax']() as Syntax, span: spanOf(this) };
  },
};

const argument: CredenceActionDict<ArgumentSyntax> = {
  NamedArgument(argumentName, _colon, value) {
    return { name: argumentName['name']() as Name, value: value['syntax']() as Syntax, span: spanOf(this) };
  },
  Generator(_body, _for, _plates) {
    return { name: null, value: this['syntax']() as Syntax, span: spanOf(this) };
  },
  Expression(value) {
    return { name: null, value: value['syntax']() as Syntax, span: spanOf(this) };
  },
};

const argumentList: CredenceActionDict<ArgumentSyntax[]> = {
  Options: (_open, list, _close) => items(list).map((item) => item['argument']() as ArgumentSyntax),
};

const syntax: CredenceActionDict<Syntax> = {
  Lambda(parameter, _arrow, body) {
    return { kind: 'lambda', parameter: parameter['name']() as Name, body: body['syntax']() as Syntax, span: spanOf(this) };
  },
  Choice_conditional(test, _question, then, _colon, otherwise) {
    return {
      kind: 'conditional',
      test: test['syntax']() as Syntax,
      then: then['syntax']() as Syntax,
      otherwise: otherwise['syntax']() as Syntax,
      span: spanOf(this),
    };
  },
  Disjunction: chain,
  Conjunction: chain,
  Comparison: chain,
  Sum: chain,
  Product: chain,
  Unary_applied(operator, operand) {
    return { kind: 'unary', operator: operator.sourceString as '-' | '!', operand: operand['syntax']() as Syntax, span: spanOf(this) };
  },
  Power_raised(base, _operator, exponent) {
    return { kind: 'binary', operator: '^', left: base['syntax']() as Syntax, right: exponent['syntax']() as Syntax, span: spanOf(this) };
  },
  Postfix(array, subscripts) {
    const start = array.source.startIdx;
    if (subscripts.numChildren > longestChain) throw new ChainTooLong(spanOf(this));
    return subscripts.children.reduce<Syntax>(
      (indexed, subscript) => ({
        kind: 'index',
        array: indexed,
        at: items(subscript.child(1)).map((at) => at['position']() as IndexSyntax),
        span: { start, end: subscript.source.endIdx },
      }),
      array['syntax']() as Syntax,
    );
  },
  Call(callee, _open, list, _close) {
    return {
      kind: 'call',
      callee: callee.ctorName === 'hole' ? { hole: holeNumber(callee), span: spanOf(callee) } : (callee['name']() as Name),
      arguments: items(list).map((item) => item['argument']() as ArgumentSyntax),
      span: spanOf(this),
    };
  },
  Generator(body, _for, over) {
    return { kind: 'generator', body: body['syntax']() as Syntax, plates: over['plates']() as PlateSyntax[], span: spanOf(this) };
  },
  Comprehension(_open, body, _for, over, _close) {
    return { kind: 'comprehension', body: body['syntax']() as Syntax, plates: over['plates']() as PlateSyntax[], span: spanOf(this) };
  },
  Array(_open, list, _close) {
    return { kind: 'array', elements: syntaxes(list), span: spanOf(this) };
  },
  Parenthesis: (_open, inner, _close) => inner['syntax']() as Syntax,
  hole(_open, _digits, _close) {
    return { kind: 'hole', hole: holeNumber(this), span: spanOf(this) };
  },
  number(_whole, _fraction, _exponent) {
    return { kind: 'number', value: Number(this.sourceString), text: this.sourceString, span: spanOf(this) };
  },
  constant(_word) {
    const word = this.sourceString;
    return word === 'inf' ? { kind: 'inf', span: spanOf(this) } : { kind: 'boolean', value: word === 'true', span: spanOf(this) };
  },
  name(_first, _rest) {
    return { kind: 'name', name: this.sourceString, span: spanOf(this) };
  },
};

function holeNumber(hole: Node): number {
  return Number(hole.sourceString.slice(1, -1));
}

/**
 * The actions above, on a grammar; `statements()` of a program throws ChainTooLong, or RangeError where the nesting is too deep for the
 * stack.
 */
export function treeSemantics(grammar: CredenceGrammar): CredenceSemantics {
  return grammar
    .createSemantics()
    .addOperation('statements', statements)
    .addOperation('statement', statement)
    .addOperation('name', name)
    .addOperation('names', names)
    .addOperation('target', target)
    .addOperation('type', type)
    .addOperation('syntaxList', syntaxList)
    .addOperation('plates', plates)
    .addOperation('range', range)
    .addOperation('position', position)
    .addOperation('argument', argument)
    .addOperation('arguments', argumentList)
    .addOperation('syntax', syntax);
}
