/**
 * Syntax of a program: nothing is resolved, every node keeps its span. The printer writes it back;
 * `parse(print(program))` is the program (spans aside).
 */
import type { Span } from '../errors/diagnostic.js';

export interface Program {
  readonly statements: readonly Stmt[];
  readonly span: Span;
}

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export type Stmt =
  | { readonly kind: 'data'; readonly name: Name; readonly type: TypeSyntax; readonly span: Span }
  | { readonly kind: 'param'; readonly target: TargetSyntax; readonly type: TypeSyntax; readonly span: Span }
  /** `sample v[i]: ordered[K] ~ D`; `type` is the optional restriction. */
  | {
      readonly kind: 'sample' | 'predict';
      readonly target: TargetSyntax;
      readonly type: TypeSyntax | null;
      readonly law: Syntax;
      readonly span: Span;
    }
  | { readonly kind: 'observe'; readonly value: Syntax; readonly law: Syntax; readonly span: Span }
  | { readonly kind: 'let' | 'report'; readonly target: TargetSyntax; readonly value: Syntax; readonly span: Span }
  | { readonly kind: 'factor'; readonly value: Syntax; readonly span: Span }
  | { readonly kind: 'fn'; readonly name: Name; readonly parameters: readonly Name[]; readonly body: Syntax; readonly span: Span }
  | { readonly kind: 'for'; readonly plates: readonly PlateSyntax[]; readonly body: readonly Stmt[]; readonly span: Span }
  | {
      readonly kind: 'if';
      readonly test: Syntax;
      readonly then: readonly Stmt[];
      readonly otherwise: readonly Stmt[] | null;
      readonly span: Span;
    };

export interface TargetSyntax {
  readonly name: Name;
  readonly at: readonly Syntax[];
  readonly span: Span;
}

/** `i in a..<b`; `range` is a range expression. */
export interface PlateSyntax {
  readonly index: Name;
  readonly range: RangeSyntax;
  readonly span: Span;
}
export interface RangeSyntax {
  readonly from: Syntax;
  readonly to: Syntax;
  readonly inclusive: boolean;
  readonly span: Span;
}

/** `interval(0, 1)[N]`, `cov[D](floor: 1e-3)`, `real[N, D]`. */
export interface TypeSyntax {
  readonly base: Name;
  /** Arguments of `interval(a, b)`. */
  readonly arguments: readonly Syntax[];
  readonly dims: readonly Syntax[];
  readonly options: readonly ArgumentSyntax[];
  readonly span: Span;
}

export interface ArgumentSyntax {
  readonly name: Name | null;
  readonly value: Syntax;
  readonly span: Span;
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '@' | '^' | '<' | '<=' | '>' | '>=' | '==' | '!=' | '&&' | '||';

export type Syntax =
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly span: Span }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly span: Span }
  | { readonly kind: 'inf'; readonly span: Span }
  | { readonly kind: 'name'; readonly name: string; readonly span: Span }
  /** `${...}` of a tagged template, by position. */
  | { readonly kind: 'hole'; readonly hole: number; readonly span: Span }
  | { readonly kind: 'unary'; readonly operator: '-' | '!'; readonly operand: Syntax; readonly span: Span }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Syntax; readonly right: Syntax; readonly span: Span }
  | { readonly kind: 'conditional'; readonly test: Syntax; readonly then: Syntax; readonly otherwise: Syntax; readonly span: Span }
  /** A function, family or combinator; `callee` is a name or (for host functions) a hole. */
  | {
      readonly kind: 'call';
      readonly callee: Name | { readonly hole: number; readonly span: Span };
      readonly arguments: readonly ArgumentSyntax[];
      readonly span: Span;
    }
  | { readonly kind: 'index'; readonly array: Syntax; readonly at: readonly IndexSyntax[]; readonly span: Span }
  | { readonly kind: 'array'; readonly elements: readonly Syntax[]; readonly span: Span }
  /** `[expr for k in a..<b, ...]`. */
  | { readonly kind: 'comprehension'; readonly body: Syntax; readonly plates: readonly PlateSyntax[]; readonly span: Span }
  /** `expr for k in a..<b` as the only argument of a reduction or the component of `mixture`. */
  | { readonly kind: 'generator'; readonly body: Syntax; readonly plates: readonly PlateSyntax[]; readonly span: Span }
  | { readonly kind: 'lambda'; readonly parameter: Name; readonly body: Syntax; readonly span: Span };

export type IndexSyntax =
  | { readonly kind: 'at'; readonly value: Syntax; readonly span: Span }
  | { readonly kind: 'range'; readonly range: RangeSyntax; readonly span: Span }
  /** `..`: the whole dimension. */
  | { readonly kind: 'all'; readonly span: Span };
