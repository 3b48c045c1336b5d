/**
 * The plated graph: what a program means, not unrolled.
 *
 * A plate is an index with a range, so the size of the graph does not depend on N. Every value is
 * a scalar expression (`expr/expr.ts`) over elements of variables; broadcasting, slices, matrix
 * products and comprehensions of the surface language are gone. Index maps are the `at` of
 * references: identity (`x[n]`), shift (`z[t - 1]`), gather by data (`mu[g[n]]`) or by a discrete
 * latent (`mu[z[n]]`).
 */
import type { Law } from '../distributions/law/law.js';
import type { Span } from '../errors/diagnostic.js';
import type { SourceText } from '../errors/render.js';
import type { ArrayExpr, Expr, Index } from '../expr/expr.js';

export type { Law };

/** `from <= index < to`; bounds may use sizes, data and outer indices (ragged plates). */
export interface Plate {
  readonly index: Index;
  readonly from: Expr;
  readonly to: Expr;
}

export type ScalarType = 'real' | 'int' | 'bool';

/** Restrictions of a declared type or of the annotation of a sampled variable. */
export type Constraint =
  | { readonly kind: 'none' }
  | { readonly kind: 'positive' }
  | { readonly kind: 'unit' }
  | { readonly kind: 'interval'; readonly low: Expr; readonly high: Expr }
  | { readonly kind: 'simplex' }
  | { readonly kind: 'ordered' }
  | { readonly kind: 'cov'; readonly options: Readonly<Record<string, Expr>> }
  | { readonly kind: 'corr' };

export type Origin = 'data' | 'constant' | 'param' | 'sample' | 'let' | 'report' | 'predict';

/** An array of the program. Its storage is rectangular, row-major, of shape `dims`. */
export interface Variable {
  readonly name: string;
  /** How it was introduced; a variable defined by both `sample` and `let` regions is `sample`. */
  readonly origin: Origin;
  readonly scalar: ScalarType;
  /** Full shape. A ragged dimension is the maximum over its outer indices (a `max` reduction). */
  readonly dims: readonly Expr[];
  /** How many trailing dimensions are one draw of its distribution (0 for scalars, 1 MvNormal, Dirichlet; 2 Wishart). */
  readonly eventRank: number;
  readonly constraint: Constraint;
  /** True where some plate bound depends on an outer index, so that not every cell exists. */
  readonly ragged: boolean;
  /** For `constant`: the value put into the program by `${...}` or a literal array (row-major). */
  readonly value?: ConstantArray | undefined;
  /** Kept in the results. */
  readonly reported: boolean;
  readonly span: Span;
}

export interface ConstantArray {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The elements a statement defines: `variable[at..., event...]`, `at` as long as the non-event dimensions. */
export interface Target {
  readonly variable: string;
  /** Index expressions in the statement's plate indices: an index, an integer, or one of these plus or minus a size expression. */
  readonly at: readonly Expr[];
}

interface StatementBase {
  /** Position in the program, 0-based, unique. */
  readonly id: number;
  readonly plates: readonly Plate[];
  /** Conditions of enclosing `if`s (data and indices only); the statement exists where all are non-zero. */
  readonly guards: readonly Expr[];
  readonly span: Span;
}

export type Statement = StatementBase &
  (
    | { readonly kind: 'sample' | 'predict'; readonly target: Target; readonly law: Law }
    /** A flat unknown: support from its variable's constraint. */
    | {
        readonly kind: 'param';
        readonly target: Target /** How many of the plates, the last ones, are dimensions of the declared type. */;
        readonly declaredPlates: number;
      }
    /**
     * `target` is set where the left side is an element (or event) of a variable itself, so that a gap
     * becomes a latent and ancestral sampling can generate it; `value` is always set.
     */
    | { readonly kind: 'observe'; readonly target: Target | null; readonly value: ArrayExpr; readonly law: Law }
    | { readonly kind: 'let'; readonly target: Target; readonly value: Expr; readonly recursive: boolean }
    | { readonly kind: 'factor'; readonly value: Expr }
  );

/** Where the dimension `name` gets its number: the shape of a data variable, or a value given by the user. */
export interface SizeSource {
  readonly name: string;
  readonly sources: readonly { readonly variable: string; readonly axis: number }[];
  readonly span: Span;
}

/** A joint restriction to check at bind: `left` and `right` are dimensions that could not be proved equal symbolically. */
export interface ShapeObligation {
  readonly left: Expr;
  readonly right: Expr;
  readonly message: string;
  readonly span: Span;
}

export interface ModelGraph {
  /** The text that spans refer to; absent where a graph was not compiled from one. */
  readonly source?: SourceText | undefined;
  readonly sizes: ReadonlyMap<string, SizeSource>;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly statements: readonly Statement[];
  readonly obligations: readonly ShapeObligation[];
  /** Host functions by number, for `host:K` array functions. */
  readonly hostFunctions: readonly HostFunction[];
}

export interface HostFunction {
  readonly name: string;
  readonly call: (...args: readonly unknown[]) => unknown;
}
