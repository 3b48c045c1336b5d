/**
 * Random programs of every construct of the syntax, as trees. They need not make sense; they only
 * have to be trees that the grammar can produce. Spans are all empty.
 */
import fc from 'fast-check';
import type {
  ArgumentSyntax,
  BinaryOperator,
  IndexSyntax,
  Name,
  PlateSyntax,
  Program,
  RangeSyntax,
  Stmt,
  Syntax,
  TargetSyntax,
  TypeSyntax,
} from '../../src/1-parse/ast.js';

const span = { start: 0, end: 0 };

/** How many `${...}` a random program may refer to. */
export const holeCount = 3;

const word = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('x', 'y', 'mu', 'K', 'N', 'beta', 'T', 'lambda', 'x_1', '_', 'Normal', 'sum', 'real', 'cov', 'interval'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'μ',
      'Σ_x',
      'θ2',
      'é',
      'data_',
      'information',
      'forx',
      'inf1',
      'truely',
      'iff',
      'elsewhere',
      'letter',
      'e5',
      'E',
      'and',
      'or',
      'not',
      'of',
      'to',
      'then',
    ),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^q[A-Za-z_0-9]{0,6}$/) },
);
const name: fc.Arbitrary<Name> = word.map((text) => ({ text, span }));

const numberText = fc.oneof(
  fc.constantFrom('0', '1', '0.5', '1e5', '2.50', '1E-3', '1e+9', '007', '3.14159', '1e400'),
  fc.nat({ max: 1e6 }).map(String),
  fc.double({ min: 0, max: 1e30, noNaN: true }).map(String),
);

const leaf: fc.Arbitrary<Syntax> = fc.oneof(
  { weight: 4, arbitrary: word.map((text): Syntax => ({ kind: 'name', name: text, span })) },
  { weight: 3, arbitrary: numberText.map((text): Syntax => ({ kind: 'number', value: Number(text), text, span })) },
  fc.boolean().map((value): Syntax => ({ kind: 'boolean', value, span })),
  fc.constant<Syntax>({ kind: 'inf', span }),
  fc.nat({ max: holeCount - 1 }).map((hole): Syntax => ({ kind: 'hole', hole, span })),
);

const binaryOperators: readonly BinaryOperator[] = ['+', '-', '*', '/', '@', '^', '<', '<=', '>', '>=', '==', '!=', '&&', '||'];

interface Parts {
  syntax: Syntax;
  range: RangeSyntax;
  plates: PlateSyntax[];
  value: Syntax;
  argument: ArgumentSyntax;
  index: IndexSyntax;
  target: TargetSyntax;
  type: TypeSyntax;
  statement: Stmt;
  block: Stmt[];
}

const parts = fc.letrec<Parts>((tie: fc.LetrecTypedTie<Parts>) => {
  const syntax = tie('syntax');
  const list = (minLength: number): fc.Arbitrary<Syntax[]> => fc.array(syntax, { minLength, maxLength: 3 });
  return {
    syntax: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 3, arbitrary: leaf },
      fc.record({
        kind: fc.constant('unary' as const),
        operator: fc.constantFrom('-' as const, '!' as const),
        operand: syntax,
        span: fc.constant(span),
      }),
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('binary' as const),
          operator: fc.constantFrom(...binaryOperators),
          left: syntax,
          right: syntax,
          span: fc.constant(span),
        }),
      },
      fc.record({ kind: fc.constant('conditional' as const), test: syntax, then: syntax, otherwise: syntax, span: fc.constant(span) }),
      fc.record({
        kind: fc.constant('call' as const),
        callee: fc.oneof(
          { weight: 5, arbitrary: name },
          { weight: 1, arbitrary: fc.nat({ max: holeCount - 1 }).map((hole) => ({ hole, span })) },
        ),
        arguments: fc.array(tie('argument'), { maxLength: 3 }),
        span: fc.constant(span),
      }),
      fc.record({
        kind: fc.constant('index' as const),
        array: syntax,
        at: fc.array(tie('index'), { minLength: 1, maxLength: 3 }),
        span: fc.constant(span),
      }),
      fc.record({ kind: fc.constant('array' as const), elements: list(0), span: fc.constant(span) }),
      fc.record({ kind: fc.constant('comprehension' as const), body: syntax, plates: tie('plates'), span: fc.constant(span) }),
      fc.record({ kind: fc.constant('lambda' as const), parameter: name, body: syntax, span: fc.constant(span) }),
    ),
    range: fc.record({ from: syntax, to: syntax, inclusive: fc.boolean(), span: fc.constant(span) }),
    plates: fc.array(fc.record({ index: name, range: tie('range'), span: fc.constant(span) }), { minLength: 1, maxLength: 2 }),
    value: fc.oneof(
      { weight: 4, arbitrary: syntax },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('generator' as const), body: syntax, plates: tie('plates'), span: fc.constant(span) }),
      },
    ),
    argument: fc.record({ name: fc.option(name, { freq: 2 }), value: tie('value'), span: fc.constant(span) }),
    index: fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('at' as const), value: syntax, span: fc.constant(span) }) },
      fc.record({ kind: fc.constant('range' as const), range: tie('range'), span: fc.constant(span) }),
      fc.constant<IndexSyntax>({ kind: 'all', span }),
    ),
    target: fc.record({ name, at: list(0), span: fc.constant(span) }),
    type: fc.record({
      base: name,
      arguments: list(0),
      dims: list(0),
      options: fc.array(fc.record({ name, value: tie('value'), span: fc.constant(span) }), { maxLength: 2 }),
      span: fc.constant(span),
    }),
    statement: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.record({ kind: fc.constant('let' as const), target: tie('target'), value: syntax, span: fc.constant(span) }),
      fc.record({ kind: fc.constant('report' as const), target: tie('target'), value: syntax, span: fc.constant(span) }),
      fc.record({ kind: fc.constant('data' as const), name, type: tie('type'), span: fc.constant(span) }),
      fc.record({ kind: fc.constant('param' as const), target: tie('target'), type: tie('type'), span: fc.constant(span) }),
      fc.record({
        kind: fc.constantFrom('sample' as const, 'predict' as const),
        target: tie('target'),
        type: fc.option(tie('type')),
        law: syntax,
        span: fc.constant(span),
      }),
      fc.record({ kind: fc.constant('observe' as const), value: syntax, law: syntax, span: fc.constant(span) }),
      fc.record({ kind: fc.constant('factor' as const), value: syntax, span: fc.constant(span) }),
      fc.record({
        kind: fc.constant('fn' as const),
        name,
        parameters: fc.array(name, { maxLength: 3 }),
        body: syntax,
        span: fc.constant(span),
      }),
      fc.record({ kind: fc.constant('for' as const), plates: tie('plates'), body: tie('block'), span: fc.constant(span) }),
      fc.record({
        kind: fc.constant('if' as const),
        test: syntax,
        then: tie('block'),
        otherwise: fc.option(tie('block'), { freq: 2 }),
        span: fc.constant(span),
      }),
    ),
    block: fc.array(tie('statement'), { maxLength: 3 }),
  };
});

/** A random program of up to five statements. */
export const program: fc.Arbitrary<Program> = fc.array(parts.statement, { maxLength: 5 }).map((statements) => ({ statements, span }));

/** A tree with every span emptied. */
export function withoutSpans<T>(tree: T): T {
  return JSON.parse(JSON.stringify(tree, (key, value: unknown) => (key === 'span' ? span : value === Infinity ? 'Infinity' : value))) as T;
}

/** The kinds of node that occur in a tree. */
export function kindsIn(tree: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(tree)) for (const item of tree) kindsIn(item, found);
  else if (typeof tree === 'object' && tree !== null) {
    if ('kind' in tree && typeof tree.kind === 'string') found.add(tree.kind);
    for (const value of Object.values(tree)) kindsIn(value, found);
  }
  return found;
}
