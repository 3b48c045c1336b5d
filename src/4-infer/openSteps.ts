/**
 * The steps of a sweep as entry points of their own, forwards and backwards, for those who test kernels.
 * A step that visits elements one by one, each update reversible, is reversed by visiting them in the opposite
 * order; one that draws all at once, or elements that do not meet, is its own reversal.
 */
import type { Code } from '../code/loop.js';
import type { Index } from '../expr/expr.js';
import type { KernelProgram } from './backend.js';
import type { ProgramBuilder } from './programBuilder.js';
import type { PlacedTables, PlannedStep } from './tables.js';

/**
 * Declares `step0`, `back0`, `step1`, ...
 * @param ordered blocks that visit unknowns in an order of their own, which nothing here can turn round.
 */
export function openSteps(builder: ProgramBuilder, planned: readonly PlannedStep[], placed: PlacedTables, ordered: ReadonlySet<string>): KernelProgram['steps'] {
  return planned.map(({ block, context }, k) => {
    // Alone, a step cannot count on tables that an earlier one of the sweep has filled.
    const tables = (context?.tables.needs ?? []).flatMap((t) => [t.clear, ...t.code]);
    const code = placed.steps[k]!.result.code;
    builder.entry(`step${k}`, [...tables, ...code]);
    builder.entry(`back${k}`, [...tables, ...reversed(code, new Set(context?.plates.map((p) => p.index) ?? []))]);
    return { block, reversible: !ordered.has(block) };
  });
}

/** Loops over the given indices run the other way. */
function reversed(code: readonly Code[], indices: ReadonlySet<Index>): readonly Code[] {
  return code.map((c): Code => {
    switch (c.do) {
      case 'for': return { ...c, body: reversed(c.body, indices), descending: (c.descending === true) !== indices.has(c.index) };
      case 'if': return { ...c, then: reversed(c.then, indices), otherwise: reversed(c.otherwise, indices) };
      default: return c;
    }
  });
}
