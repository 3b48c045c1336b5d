/**
 * Syntax tree to canonical source: one statement a line, two spaces of indentation, parentheses
 * only where precedence asks for them. Law: parsing what is printed gives the tree back, spans aside.
 */
import type {
  ArgumentSyntax,
  BinaryOperator,
  IndexSyntax,
  PlateSyntax,
  Program,
  RangeSyntax,
  Stmt,
  Syntax,
  TargetSyntax,
  TypeSyntax,
} from './ast.js';
import { holeClose, holeOpen } from './survey.js';

/** Rule of the grammar that an expression belongs to, loosest first; a place accepts its own rule and tighter ones. */
const level = {
  expression: 0,
  choice: 1,
  disjunction: 2,
  conjunction: 3,
  comparison: 4,
  sum: 5,
  product: 6,
  unary: 7,
  power: 8,
  postfix: 9,
  primary: 10,
} as const;

const operatorLevel: Readonly<Record<BinaryOperator, number>> = {
  '||': level.disjunction,
  '&&': level.conjunction,
  '<': level.comparison,
  '<=': level.comparison,
  '>': level.comparison,
  '>=': level.comparison,
  '==': level.comparison,
  '!=': level.comparison,
  '+': level.sum,
  '-': level.sum,
  '*': level.product,
  '/': level.product,
  '@': level.product,
  '^': level.power,
};

/** The canonical text of a program, with a newline at its end (none for an empty program). */
export function print(program: Program): string {
  return program.statements.map((statement) => `${printStatement(statement, '')}\n`).join('');
}

function printStatement(statement: Stmt, indent: string): string {
  switch (statement.kind) {
    case 'data':
      return `${indent}data ${statement.name.text}: ${printType(statement.type)}`;
    case 'param':
      return `${indent}param ${printTarget(statement.target)}: ${printType(statement.type)}`;
    case 'sample':
    case 'predict': {
      const restriction = statement.type === null ? '' : `: ${printType(statement.type)}`;
      return `${indent}${statement.kind} ${printTarget(statement.target)}${restriction} ~ ${printSyntax(statement.law)}`;
    }
    case 'observe':
      return `${indent}observe ${printSyntax(statement.value)} ~ ${printSyntax(statement.law)}`;
    case 'let':
    case 'report':
      return `${indent}${statement.kind} ${printTarget(statement.target)} = ${printSyntax(statement.value)}`;
    case 'factor':
      return `${indent}factor ${printSyntax(statement.value)}`;
    case 'fn':
      return `${indent}fn ${statement.name.text}(${statement.parameters.map((parameter) => parameter.text).join(', ')}) = ${printSyntax(statement.body)}`;
    case 'for':
      return `${indent}for ${printPlates(statement.plates)} ${printBlock(statement.body, indent)}`;
    case 'if':
      return `${indent}if ${printSyntax(statement.test)} ${printBlock(statement.then, indent)}${printElse(statement.otherwise, indent)}`;
  }
}

function printBlock(body: readonly Stmt[], indent: string): string {
  if (body.length === 0) return '{ }';
  return `{\n${body.map((statement) => `${printStatement(statement, `${indent}  `)}\n`).join('')}${indent}}`;
}

function printElse(otherwise: readonly Stmt[] | null, indent: string): string {
  if (otherwise === null) return '';
  const only = otherwise.length === 1 ? otherwise[0] : undefined;
  return only?.kind === 'if' ? ` else ${printStatement(only, indent).slice(indent.length)}` : ` else ${printBlock(otherwise, indent)}`;
}

function printTarget(target: TargetSyntax): string {
  return target.name.text + (target.at.length === 0 ? '' : `[${printList(target.at)}]`);
}

function printType(type: TypeSyntax): string {
  return (
    type.base.text +
    (type.arguments.length === 0 ? '' : `(${printList(type.arguments)})`) +
    (type.dims.length === 0 ? '' : `[${printList(type.dims)}]`) +
    (type.options.length === 0 ? '' : `(${type.options.map(printArgument).join(', ')})`)
  );
}

function printPlates(plates: readonly PlateSyntax[]): string {
  return plates.map((plate) => `${plate.index.text} in ${printRange(plate.range)}`).join(', ');
}

function printRange(range: RangeSyntax): string {
  return `${printSyntax(range.from, level.choice)}${range.inclusive ? '..' : '..<'}${printSyntax(range.to, level.choice)}`;
}

function printArgument(argument: ArgumentSyntax): string {
  return (argument.name === null ? '' : `${argument.name.text}: `) + printSyntax(argument.value);
}

function printIndex(index: IndexSyntax): string {
  switch (index.kind) {
    case 'at':
      return printSyntax(index.value);
    case 'range':
      return printRange(index.range);
    case 'all':
      return '..';
  }
}

function printList(list: readonly Syntax[]): string {
  return list.map((syntax) => printSyntax(syntax)).join(', ');
}

/** The text of an expression at a place that accepts expressions of at least the given level. */
export function printSyntax(syntax: Syntax, place: number = level.expression): string {
  const { text, own } = printed(syntax);
  return own < place ? `(${text})` : text;
}

function printed(syntax: Syntax): { readonly text: string; readonly own: number } {
  switch (syntax.kind) {
    case 'number':
      return { text: syntax.text, own: level.primary };
    case 'boolean':
      return { text: String(syntax.value), own: level.primary };
    case 'inf':
      return { text: 'inf', own: level.primary };
    case 'name':
      return { text: syntax.name, own: level.primary };
    case 'hole':
      return { text: printHole(syntax.hole), own: level.primary };
    case 'unary':
      return { text: syntax.operator + printSyntax(syntax.operand, level.unary), own: level.unary };
    case 'binary':
      return printBinary(syntax);
    case 'conditional':
      return {
        text: `${printSyntax(syntax.test, level.disjunction)} ? ${printSyntax(syntax.then)} : ${printSyntax(syntax.otherwise)}`,
        own: level.choice,
      };
    case 'call': {
      const callee = 'hole' in syntax.callee ? printHole(syntax.callee.hole) : syntax.callee.text;
      return { text: `${callee}(${syntax.arguments.map(printArgument).join(', ')})`, own: level.primary };
    }
    case 'index':
      return { text: `${printSyntax(syntax.array, level.postfix)}[${syntax.at.map(printIndex).join(', ')}]`, own: level.postfix };
    case 'array':
      return { text: `[${printList(syntax.elements)}]`, own: level.primary };
    case 'comprehension':
      return { text: `[${printSyntax(syntax.body)} for ${printPlates(syntax.plates)}]`, own: level.primary };
    case 'generator':
      return { text: `${printSyntax(syntax.body)} for ${printPlates(syntax.plates)}`, own: level.expression };
    case 'lambda':
      return { text: `${syntax.parameter.text} => ${printSyntax(syntax.body)}`, own: level.expression };
  }
}

function printHole(hole: number): string {
  return `${holeOpen}${hole}${holeClose}`;
}

/** Chains to the left are printed by a loop: they are longer than anybody nests parentheses. */
function printBinary(syntax: Syntax & { readonly kind: 'binary' }): { readonly text: string; readonly own: number } {
  const own = operatorLevel[syntax.operator];
  if (own === level.power) return { text: `${printSyntax(syntax.left, level.postfix)}^${printSyntax(syntax.right, level.unary)}`, own };
  const steps: string[] = [];
  let left: Syntax = syntax;
  while (left.kind === 'binary' && operatorLevel[left.operator] === own && (own !== level.comparison || left === syntax)) {
    steps.unshift(` ${left.operator} ${printSyntax(left.right, own + 1)}`);
    left = left.left;
  }
  return { text: printSyntax(left, own + 1) + steps.join(''), own };
}
