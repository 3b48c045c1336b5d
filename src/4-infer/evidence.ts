/**
 * New observations that tell of what would be drawn: their laws read elements that the run does not know, so that
 * drawing these in order, from their own laws, would pass the observations over.
 */
import type { BoundModel } from '../2-graph/bound.js';
import type { Statement } from '../2-graph/graph.js';
import { drawnAnew, namesIn, readerOf } from './affected.js';
import { type Continued, hasNewValues } from './newData.js';

export interface IgnoredEvidence {
  readonly datum: string /** In the order of the program. */;
  readonly unknowns: readonly string[];
}

/** A recursion of a datum in itself does not count: gaps follow what is given, as a rule. */
export function ignoredEvidence(
  before: BoundModel,
  bound: BoundModel,
  continued: ReadonlyMap<string, Continued>,
): readonly IgnoredEvidence[] {
  const { graph } = bound,
    closure = readerOf(graph),
    drawn = drawnAnew(bound, continued);
  const isNew = (name: string): boolean => {
    const now = bound.variables.get(name);
    return now !== undefined && hasNewValues(before.variables.get(name), now);
  };
  const found = new Map<string, ReadonlySet<string>>();
  for (const s of graph.statements) {
    if (s.kind !== 'observe') continue;
    const datum = s.target?.variable ?? dataIn(s, bound).find(isNew);
    if (datum === undefined || found.has(datum) || !isNew(datum)) continue;
    // What is drawn itself hides what is above it only where it is known; so all is looked through.
    const above = closure(namesIn(s), () => true),
      unknowns = new Set([...drawn].filter((name) => name !== datum && above.has(name)));
    if (unknowns.size > 0) found.set(datum, unknowns);
  }
  return [...found].map(([datum, unknowns]) => ({ datum, unknowns: [...graph.variables.keys()].filter((name) => unknowns.has(name)) }));
}

function dataIn(s: Statement, { graph }: BoundModel): readonly string[] {
  return namesIn(s).filter((name) => graph.variables.get(name)?.origin === 'data');
}
