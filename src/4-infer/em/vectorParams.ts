/**
 * A `param b: real[D]` is D numbers of which each has a maximum given the others; as one vector it has a
 * joint maximum. For em the last dimension of such a declaration is the event of one draw.
 */
import type { ModelGraph, Statement, Variable } from '../../2-graph/graph.js';

/** The program with unconstrained arrays of params as vectors. */
export function vectorParams(graph: ModelGraph): ModelGraph {
  const vectors = new Set([...graph.variables.values()].filter((v) => isVector(graph, v)).map((v) => v.name));
  if (vectors.size === 0) return graph;
  return {
    ...graph,
    variables: new Map([...graph.variables].map(([name, v]) => [name, vectors.has(name) ? { ...v, eventRank: 1 } : v])),
    statements: graph.statements.map(
      (s): Statement =>
        s.kind === 'param' && vectors.has(s.target.variable)
          ? {
              ...s,
              plates: s.plates.slice(0, -1),
              target: { ...s.target, at: s.target.at.slice(0, -1) },
              declaredPlates: s.declaredPlates - 1,
            }
          : s,
    ),
  };
}

function isVector(graph: ModelGraph, v: Variable): boolean {
  if (v.origin !== 'param' || v.constraint.kind !== 'none' || v.eventRank !== 0 || v.ragged || v.dims.length === 0) return false;
  const own = graph.statements.filter((s) => s.kind !== 'factor' && s.target?.variable === v.name);
  return own.length > 0 && own.every((s) => s.kind === 'param' && s.declaredPlates > 0 && s.target.at.at(-1) === s.plates.at(-1)!.index);
}
