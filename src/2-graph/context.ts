/**
 * What the parts of lowering share: where diagnostics, shape obligations and constants go, and how an
 * expression, a law or a variable's type is found. `lowerer.ts` implements it.
 */
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import type { Expr, Index } from '../expr/expr.js';
import type { Family } from '../distributions/family.js';
import type { Syntax } from '../1-parse/ast.js';
import type { Lost } from '../1-parse/salvage.js';
import type { ScalarType } from './graph.js';
import type { Declared, Environment, Loop, ProgramFunction, VariableType } from './scope.js';
import type { IndexRange } from './shapes.js';
import type { ArrayValue, HoleValue, LawValue, Poison, Value } from './types.js';

export interface Context {
  readonly families: ReadonlyMap<string, Family>;
  readonly functions: ReadonlyMap<string, ProgramFunction>;
  readonly holes: readonly HoleValue[];
  /** What statements that could not be read may define: nothing is said of what that is, nor that it is not. */
  readonly lost: Lost;
  /** What a misspelt name may mean; null where nothing is near, and for all but the first of very many mistakes. */
  suggestion(name: string, candidates: () => readonly string[]): string | null;
  /** Indices of the loops in which a local of this name is defined, as they are written in brackets; null where none is. */
  indicesOfLocal(name: string): string | null;
  /** Records a diagnostic (each once) and gives the value that stands for the mistake. */
  report(diagnostic: Diagnostic): Poison;
  /** Counts work, so that functions that double at each call end in a message; false where it is too much. */
  spend(span: Span): boolean;
  expression(syntax: Syntax, environment: Environment): Value;
  law(syntax: Syntax, environment: Environment): LawValue | Poison;
  typeOf(variable: Declared): VariableType | Poison;
  range(loop: Loop): IndexRange;
  /** Notes that `e` must not depend on latents; checked when all definitions are known. */
  requireData(e: Expr, span: Span, what: string): void;
  /**
   * True where the dimensions agree or may agree (then an obligation is noted); else reports `otherwise`.
   * `message` says at bind what failed.
   */
  agree(left: Expr, right: Expr, environment: Environment, span: Span, message: string, otherwise: () => Diagnostic): boolean;
  /** The constant variable for a literal or host array; `key` is what makes it the same constant. */
  constant(key: object, scalar: ScalarType, shape: readonly number[], values: Float64Array, span: Span): ArrayValue;
  /** Number of a host function for `host:K`. */
  host(hole: number): number;
  /** Replaces data-only scalar `let`s by their definitions, so that dimensions speak of sizes and data. */
  settled(e: Expr): Expr;
}

/** Ranges of all indices in scope. */
export function rangesOf(context: Context, environment: Environment): ReadonlyMap<Index, IndexRange> {
  const out = new Map<Index, IndexRange>();
  for (const loop of [...environment.plates, ...environment.loops]) out.set(loop.index, context.range(loop));
  return out;
}
