/**
 * Groups that no datum belongs to, where `max(g)` says how many groups there are.
 *
 * With g = 308, 309, ... `for j in 0..max(g)` makes an unknown for each number from 0 on; with g = 1, ..., J there is one group
 * too many. The posterior of the others is right all the same, but mixing suffers, and hardly anybody means it.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import type { Expr } from '../expr/expr.js';
import * as messages from './bindMessages.js';
import type { Stored } from './compute.js';
import type { ModelGraph } from './graph.js';

/** A note for each datum that counts groups of which some have no data. */
export function groupsWithoutData(graph: ModelGraph, storages: ReadonlyMap<string, Stored>): readonly Diagnostic[] {
  const counted = new Set<string>();
  for (const { origin, dims } of graph.variables.values()) {
    if (origin !== 'sample' && origin !== 'param') continue;
    for (const dim of dims) {
      const name = countedBy(dim);
      if (name !== null) counted.add(name);
    }
  }
  return [...counted].flatMap((name) => {
    const variable = graph.variables.get(name)!,
      stored = storages.get(name);
    if (variable.origin !== 'data' || variable.scalar !== 'int' || stored === undefined) return [];
    const { values, gaps } = stored,
      found = new Set<number>();
    let largest = -1;
    for (let k = 0; k < values.length; k++)
      if (gaps?.[k] !== 1) {
        found.add(values[k]!);
        largest = Math.max(largest, values[k]!);
      }
    return found.size > 0 && found.size < largest + 1
      ? [messages.groupsWithoutData(name, found.size, largest, found.has(0), variable.span)]
      : [];
  });
}

/** g of a dimension max(g) + 1; null where it is anything else. */
function countedBy(dim: Expr): string | null {
  if (dim.op !== 'apply' || dim.fn !== 'add') return null;
  const [most, one] = dim.args;
  if (most?.op !== 'reduce' || most.kind !== 'max' || one?.op !== 'const' || one.value !== 1) return null;
  const { body, index } = most,
    at = body.op === 'ref' ? body.at[0] : undefined;
  return body.op === 'ref' && body.at.length === 1 && at?.op === 'index' && at.name === index.name ? body.variable : null;
}
