/**
 * The loop form: the small imperative language in which kernels are composed.
 *
 * Expressions are those of `expr/expr.ts`; a `ref` names a storage of the program and `at` its
 * element. Indices are loop variables. The optimiser (`optimise.ts`) unrolls, hoists and shares;
 * the printer (`javascript.ts`) turns the result into JavaScript. All names here are the
 * compiler's own: no text of a user's program reaches the printer.
 */
import type { ArrayExpr, Expr, Index } from '../expr/expr.js';

export type ElementType = 'float64' | 'int32';

/** Memory that code may read or write. Rank 0 storages of place `local` become JavaScript locals. */
export interface Storage {
  readonly name: string;
  readonly type: ElementType;
  /** Row-major; empty for a scalar. */
  readonly shape: readonly number[];
  /**
   * `data`: never written after binding, shared by all chains. `state`: the chain's current values.
   * `scratch`: private to the generated code, need not survive a call. `local`: a scalar local of the enclosing function.
   */
  readonly place: 'data' | 'state' | 'scratch' | 'local';
  /**
   * For integer storages: all values lie in [0, range). Lets the optimiser tabulate f(A[z[n]]) over
   * the values of z instead of computing it for every n.
   */
  readonly range?: number | undefined;
}

export interface Place {
  readonly storage: string;
  readonly at: readonly Expr[];
}

export type Code =
  | {
      readonly do: 'for';
      readonly index: Index;
      readonly from: Expr;
      readonly to: Expr;
      readonly descending?: boolean;
      readonly body: readonly Code[];
    }
  | { readonly do: 'if'; readonly test: Expr; readonly then: readonly Code[]; readonly otherwise: readonly Code[] }
  /** `place = value`, or `place += value` where `accumulate`. */
  | { readonly do: 'store'; readonly into: Place; readonly value: Expr; readonly accumulate: boolean }
  /** Sets every element of a scratch or state storage. */
  | { readonly do: 'fill'; readonly storage: string; readonly value: Expr }
  /**
   * Calls a procedure of the runtime: `runtime.NAME(random, ...args)`. A scalar result goes to `into`
   * (discarded where null). `effects` names the storages it may write.
   */
  | {
      readonly do: 'call';
      readonly procedure: string;
      readonly args: readonly Argument[];
      readonly into: Place | null;
      readonly effects: readonly string[];
    }
  /**
   * Draws an integer in [0, count) with probability proportional to exp(logWeight(index)) from one uniform.
   * Where no weight is usable (all -Infinity, any NaN or +Infinity) the old value is kept and the
   * runtime's fault `categoricalWeights` is raised.
   */
  | { readonly do: 'categorical'; readonly index: Index; readonly count: Expr; readonly logWeight: Expr; readonly into: Place }
  /** A local function of scalar parameters (each a `local` storage) returning a number, for samplers that evaluate a density. */
  | { readonly do: 'function'; readonly name: string; readonly parameters: readonly string[]; readonly body: readonly Code[] }
  | { readonly do: 'return'; readonly value: Expr };

export type Argument =
  | { readonly kind: 'value'; readonly value: Expr }
  /** A whole array by value: materialised into scratch memory, passed as a Float64Array of exactly its elements. */
  | { readonly kind: 'array'; readonly value: ArrayExpr }
  /** A storage itself plus the flat offset of an element: passed as two arguments (typed array, offset). */
  | { readonly kind: 'place'; readonly place: Place }
  /** A local function declared by `do: 'function'`. */
  | { readonly kind: 'function'; readonly name: string };

/** One generated program: entry points over common storages. */
export interface Module {
  readonly storages: readonly Storage[];
  /** Entry points by name; each takes no arguments, works on the storages and returns a number or nothing. */
  readonly functions: readonly { readonly name: string; readonly parameters: readonly string[]; readonly body: readonly Code[] }[];
}

// --- constructors -----------------------------------------------------------------------------
/** Runs `body` for from <= index < to, downwards if wanted. */
export function forLoop(index: Index, from: Expr, to: Expr, body: readonly Code[], descending = false): Code {
  return { do: 'for', index, from, to, body, descending };
}
/** Runs `then` where the test is non-zero, else `otherwise`. */
export function when(test: Expr, then: readonly Code[], otherwise: readonly Code[] = []): Code {
  return { do: 'if', test, then, otherwise };
}
/** Assigns an element of a storage. */
export function store(storage: string, at: readonly Expr[], value: Expr): Code {
  return { do: 'store', into: { storage, at }, value, accumulate: false };
}
/** Adds to an element of a storage. */
export function accumulate(storage: string, at: readonly Expr[], value: Expr): Code {
  return { do: 'store', into: { storage, at }, value, accumulate: true };
}
