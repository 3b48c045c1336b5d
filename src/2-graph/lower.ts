/**
 * AST to plated graph: the second phase. `lowerer.ts` does the work; this is its face.
 *
 * Never throws for a user's mistake: everything that can be found wrong is in the diagnostics, and
 * the graph is null exactly where one of them is an error.
 */
import type { Program } from '../1-parse/ast.js';
import { type Lost, nothingLost } from '../1-parse/salvage.js';
import type { Family } from '../distributions/family.js';
import { families as allFamilies } from '../distributions/registry.js';
import { type LoweringResult, Lowerer } from './lowerer.js';
import { tooDeep } from './messages.js';
import type { HoleValue } from './types.js';

export type { HoleValue } from './types.js';
export type { LoweringResult } from './lowerer.js';

/**
 * Lowers a program; `holes` are the host values of `${...}` by position, `lost` what statements that are
 * no part of the program, because they could not be read, may define.
 */
export function lower(
  program: Program,
  holes: readonly HoleValue[],
  families: ReadonlyMap<string, Family> = allFamilies,
  lost: Lost = nothingLost,
): LoweringResult {
  try {
    return new Lowerer(program, holes, families, lost).lower();
  } catch (error) {
    // Inlined functions can nest deeper than the engine's stack; that is a property of the program.
    if (error instanceof RangeError) return { graph: null, diagnostics: [tooDeep(program.span)] };
    throw error;
  }
}
