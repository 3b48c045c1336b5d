/**
 * Steps: what remains of a module once everything is scheduled. A step's expressions are plain:
 * constants, indices, `ref`s of a storage at one flat offset (none for scalar locals), primitives
 * and `cond`. Temporaries are `Index` objects, told apart by identity, so they cannot clash with
 * names of storages. Any printer needs to understand only this form.
 */
import type { Expr, Index } from '../expr/expr.js';
import type { Storage } from './loop.js';

/** One element of a storage by flat offset; no offset for scalar locals. */
export interface Cell {
  readonly storage: string;
  readonly offset: Expr | null;
}

/** The value of one branch after its steps. */
export interface Branch {
  readonly steps: readonly Step[];
  readonly value: Expr;
}

export type StepArgument =
  | { readonly kind: 'value'; readonly value: Expr }
  /** A whole storage. */
  | { readonly kind: 'array'; readonly storage: string }
  | { readonly kind: 'cell'; readonly storage: string; readonly offset: Expr }
  | { readonly kind: 'function'; readonly name: string };

export type Step =
  /** Introduces a temporary; `mutable` where an `assign` follows. */
  | { readonly do: 'let'; readonly variable: Index; readonly value: Expr; readonly mutable: boolean }
  | { readonly do: 'assign'; readonly variable: Index; readonly value: Expr }
  /** Introduces a temporary whose value only one of two branches computes. */
  | { readonly do: 'choose'; readonly variable: Index; readonly test: Expr; readonly then: Branch; readonly otherwise: Branch }
  | { readonly do: 'store'; readonly into: Cell; readonly value: Expr; readonly accumulate: boolean }
  | { readonly do: 'fill'; readonly storage: string; readonly value: Expr }
  | {
      readonly do: 'for';
      readonly index: Index;
      readonly from: Expr;
      readonly to: Expr;
      readonly descending: boolean;
      readonly body: readonly Step[];
    }
  | { readonly do: 'if'; readonly test: Expr; readonly then: readonly Step[]; readonly otherwise: readonly Step[] }
  | { readonly do: 'call'; readonly procedure: string; readonly args: readonly StepArgument[]; readonly into: Cell | null }
  /** `out` receives the result of an array function of whole storages, each seen with its shape. */
  | {
      readonly do: 'arrayFunction';
      readonly fn: string;
      readonly out: string;
      readonly args: readonly string[];
      readonly shapes: readonly (readonly Expr[])[];
    }
  /** Sizes a scratch storage whose dimensions are known only at run time. */
  | { readonly do: 'allocate'; readonly storage: string; readonly size: Expr }
  /** Introduces a temporary holding a uniform random number in [0, 1). */
  | { readonly do: 'uniform'; readonly variable: Index }
  /** Introduces exp(x) for x <= 0, exactly 0 where it is below 2^-53 or x is NaN. */
  | { readonly do: 'relativeWeight'; readonly variable: Index; readonly of: Expr }
  | { readonly do: 'fault'; readonly code: number }
  | { readonly do: 'function'; readonly name: string; readonly parameters: readonly string[]; readonly body: readonly Step[] }
  | { readonly do: 'return'; readonly value: Expr };

/** A scheduled module: steps run once when it is instantiated, then its entry points. */
export interface Schedule {
  /** The module's storages, then the scratch storages that scheduling added. */
  readonly storages: readonly Storage[];
  /** Computed once from data alone. */
  readonly preparation: readonly Step[];
  readonly functions: readonly { readonly name: string; readonly parameters: readonly string[]; readonly body: readonly Step[] }[];
}
