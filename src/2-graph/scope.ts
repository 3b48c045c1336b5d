/**
 * Names: what is declared where, and what a name means at a place of the program.
 *
 * Names of users are keys of maps only, so `constructor` and `__proto__` are ordinary. A scope is a
 * `for` body, a comprehension or the body of a function; the outermost names are the variables.
 */
import type { Span } from '../errors/diagnostic.js';
import type { Index, Expr } from '../expr/expr.js';
import type { Name, PlateSyntax, RangeSyntax, Stmt, Syntax } from '../1-parse/ast.js';
import type { Constraint, Origin, ScalarType } from './graph.js';
import type { Value } from './types.js';

/** A loop of the program (a plate) or of a comprehension, before its bounds are known. */
export interface Loop {
  readonly index: Index;
  readonly name: Name;
  readonly range: RangeSyntax;
  /** Where the bounds are read: everything outside of this loop. */
  readonly outside: Environment;
}

export interface Guard {
  readonly test: Syntax;
  readonly negated: boolean;
  readonly environment: Environment;
}

export type Binding =
  | { readonly kind: 'index'; readonly loop: Loop }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'variable'; readonly variable: Declared }
  | { readonly kind: 'size'; readonly name: string };

export interface Scope {
  readonly parent: Scope | null;
  readonly names: Map<string, Binding>;
}

/** Everything an expression's meaning depends on besides the variables themselves. */
export interface Environment {
  readonly scope: Scope;
  /** Plates around a statement, outermost first. */
  readonly plates: readonly Loop[];
  /** Loops of comprehensions around an expression. */
  readonly loops: readonly Loop[];
  readonly guards: readonly Guard[];
  /** True where the expression need not be evaluated for every index (branches of `?:`, `if`). */
  readonly conditional: boolean;
  /** Names of the functions being inlined, to find recursion. */
  readonly calls: readonly string[];
}

export interface Definition {
  readonly statement: Stmt;
  readonly environment: Environment;
}

/** Type of a variable: `dims` is the full storage; the last `eventRank` are one draw. */
export interface VariableType {
  readonly scalar: ScalarType;
  readonly dims: readonly Expr[];
  readonly eventRank: number;
  /** Number of leading dimensions that must be indexed before the rest is a rectangle. */
  readonly ragged: number;
  readonly constraint: Constraint;
  /** Shape of a local in its own iteration, where it is not ragged: dimensions may use the plates' indices. */
  readonly here: readonly Expr[] | null;
}

/** A variable as declared; `name` is unique in the program, `text` is what the user wrote. */
export interface Declared {
  readonly name: string;
  readonly text: string;
  readonly origin: Origin;
  readonly span: Span;
  /** Local to the iteration: its indices are the plates around it. */
  readonly local: boolean;
  readonly definitions: Definition[];
}

export interface ProgramFunction {
  readonly name: Name;
  readonly parameters: readonly Name[];
  readonly body: Syntax;
}

/** A scope whose names hide those outside. */
export function innerScope(parent: Scope): Scope {
  return { parent, names: new Map() };
}

/** What `name` means here; null where it means nothing. */
export function lookUp(scope: Scope, name: string): Binding | null {
  for (let s: Scope | null = scope; s !== null; s = s.parent) {
    const found = s.names.get(name);
    if (found !== undefined) return found;
  }
  return null;
}

/** All names that mean something here. */
export function visibleNames(scope: Scope): readonly string[] {
  const out: string[] = [];
  for (let s: Scope | null = scope; s !== null; s = s.parent) out.push(...s.names.keys());
  return out;
}

/** A loop of the program with its index. */
export function loopOf(plate: PlateSyntax, index: Index, outside: Environment): Loop {
  return { index, name: plate.index, range: plate.range, outside };
}
