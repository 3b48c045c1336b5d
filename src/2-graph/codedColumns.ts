/**
 * Columns of words, which became codes 0, 1, ..., where their codes cannot be meant: two columns with codes of their own that choose
 * from one list of unknowns (home and away team: the same word is two teams), and codes that a law of counts observes.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import { lawSupport } from './lawSupport.js';
import * as messages from './bindMessages.js';
import type { ModelGraph } from './graph.js';
import { readsOf } from './query.js';

/** A warning for each. @param levels by name the words of the columns that were coded. */
export function codedColumns(graph: ModelGraph, levels: ReadonlyMap<string, readonly string[]>): readonly Diagnostic[] {
  return levels.size === 0 ? [] : [...indicesWithOtherCodes(graph, levels), ...codesAsCounts(graph, levels)];
}

function indicesWithOtherCodes(graph: ModelGraph, levels: ReadonlyMap<string, readonly string[]>): readonly Diagnostic[] {
  /** The columns that index a dimension, by variable and axis. */
  const indexing = new Map<string, { readonly variable: string; readonly columns: Set<string> }>();
  for (const statement of graph.statements)
    for (const { variable, at } of readsOf(statement))
      at.forEach((index, axis) => {
        if (index.op !== 'ref' || !levels.has(index.variable)) return;
        const place = `${variable} ${axis}`,
          found = indexing.get(place) ?? { variable, columns: new Set() };
        found.columns.add(index.variable);
        indexing.set(place, found);
      });
  const said = new Set<string>();
  return [...indexing.values()].flatMap(({ variable, columns }) => {
    const [first, ...others] = [...columns];
    const other = others.find((name) => !haveSameCodes(levels.get(first!)!, levels.get(name)!));
    if (other === undefined || said.has(`${first} ${other}`)) return [];
    said.add(`${first} ${other}`);
    return [messages.otherCodes(first!, other, variable, levels.get(first!)!, levels.get(other)!, graph.variables.get(other)!.span)];
  });
}

/** True where a code that both have is the same word in both: one list may be longer. */
function haveSameCodes(a: readonly string[], b: readonly string[]): boolean {
  const shorter = Math.min(a.length, b.length);
  return a.slice(0, shorter).every((word, code) => word === b[code]);
}

/** Counts have no end, and codes of words do: nothing is meant by the count of a word. */
function codesAsCounts(graph: ModelGraph, levels: ReadonlyMap<string, readonly string[]>): readonly Diagnostic[] {
  return graph.statements.flatMap((s) => {
    if (s.kind !== 'observe' || s.target === null || !levels.has(s.target.variable)) return [];
    const support = lawSupport(s.law);
    return support?.kind === 'integers' && support.high.op === 'const' && support.high.value === Number.POSITIVE_INFINITY
      ? [messages.codesAsCounts(s.target.variable, levels.get(s.target.variable)!, s.span)]
      : [];
  });
}
