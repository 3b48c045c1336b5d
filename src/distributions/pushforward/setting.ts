/**
 * What the parts of the walk over a map share: its argument, what is known of the rest, and the conditions gathered on the way.
 */
import type { Expr } from '../../expr/expr.js';
import type { Known } from './monotone.js';
import { mentions } from './argument.js';
import { signOf } from './oneToOne.js';

/** What a map is taken apart with: its argument, and what is gathered on the way. */
export interface Setting {
  /** Name of the variable whose references are the argument. */
  readonly argument: string;
  /** True where the argument takes whole numbers only, so that single points matter. */
  readonly integers: boolean;
  /** Bounds of what the map mentions beside its argument. */
  readonly known: Known;
  /** Expressions that must not be zero for the pieces to be right; added to while the map is walked. */
  readonly nonzero: Expr[];
}

/** True where the expression refers to the argument. */
export function depends(setting: Setting, e: Expr): boolean {
  return mentions(e, setting.argument);
}

/** Notes that the pieces are right only where `e` is not 0, unless its sign is known. */
export function needNonzero(setting: Setting, e: Expr): void {
  if (signOf(e) === 0) setting.nonzero.push(e);
}
