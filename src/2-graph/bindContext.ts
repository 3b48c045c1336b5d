/**
 * What the checks of binding may know and do: the state of a binding as its checks see it.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import { type Expr, type Index, freeIndices } from '../expr/expr.js';
import type { Status } from './bound.js';
import type { Bounds, Evaluator, Step, Stored } from './compute.js';
import type { ModelGraph, Statement, Variable } from './graph.js';

/** More storage than this, beside the data given, is refused before it is allocated. */
export const maximumBytes: number = 2 ** 31;

/** Cells that no statement gives a value or a distribution; reading one is a mistake. */
export interface Holes {
  /** 1 where the cell is a hole. */
  readonly cells: Uint8Array;
  /** Missing in the data, absent data that nothing generates, or never defined (ragged). */
  readonly reason: 'missing' | 'absent' | 'undefined';
}

export interface BindContext {
  readonly graph: ModelGraph;
  readonly mode: 'infer' | 'sample';
  readonly sizes: ReadonlyMap<string, number>;
  /** Shapes of the variables whose dimensions are known. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Values of the variables that have any. */
  readonly storages: Map<string, Stored>;
  readonly status: ReadonlyMap<string, Status>;
  /** Statements by the variable they define (`observe` apart). */
  readonly definitions: ReadonlyMap<string, readonly Statement[]>;
  /** `observe` statements by the variable they observe directly. */
  readonly observations: ReadonlyMap<string, readonly Statement[]>;
  readonly evaluator: Evaluator;
  readonly holes: Map<string, Holes>;
  report(diagnostic: Diagnostic): void;
  /** True where the value can be computed now: sizes known, everything it reads stored without gaps. */
  known(e: Expr): boolean;
  /** True where an earlier mistake makes every further judgement of the expression idle. */
  isPoisoned(e: Expr): boolean;
  /** Says that a variable's values are wrong: what depends on them is not judged further. */
  poison(name: string): void;
  /** Smallest and largest value of an integer variable; null where unknown. */
  boundsOfVariable(name: string): Bounds | null;
  /** The declared type as a user writes it: `real[N, D]`, `simplex[K]`. */
  typeText(variable: Variable): string;
}

/** The loops of a statement, each condition as early as its indices are bound. */
export function stepsOf(s: { readonly plates: Statement['plates']; readonly guards: readonly Expr[] }): Step[] {
  const steps: Step[] = [];
  const waiting = s.guards.map((test) => {
    const free = freeIndices(test);
    return { test, needs: new Set<Index>(s.plates.filter((p) => free.has(p.index)).map((p) => p.index)) };
  });
  const admit = (): void => {
    for (let k = 0; k < waiting.length; ) {
      if (waiting[k]!.needs.size > 0) {
        k++;
        continue;
      }
      steps.push({ kind: 'test', test: waiting.splice(k, 1)[0]!.test, holds: true });
    }
  };
  admit();
  for (const plate of s.plates) {
    steps.push({ kind: 'loop', index: plate.index, from: plate.from, to: plate.to });
    for (const w of waiting) w.needs.delete(plate.index);
    admit();
  }
  return steps;
}

/** ` at n = 3, k = 0`: the values that loop indices have at the moment. */
export function placeOf(b: BindContext, indices: readonly Index[]): string {
  return indices.length === 0 ? '' : ` at ${indices.map((i) => `${i.name} = ${b.evaluator.box(i).value}`).join(', ')}`;
}

/** The expressions that decide how often the steps run. */
export function expressionsOfSteps(steps: readonly Step[]): Expr[] {
  return steps.flatMap((s) => (s.kind === 'loop' ? [s.from, s.to] : [s.test]));
}
