/**
 * Programs up to the graph and bound to data, for tests of what comes after. A program or data that is refused is a fault of the
 * test: its diagnostics are thrown.
 */
import { parse } from '../src/1-parse/parse.js';
import { bind } from '../src/2-graph/bind.js';
import type { BoundModel } from '../src/2-graph/bound.js';
import type { ModelGraph } from '../src/2-graph/graph.js';
import { lower } from '../src/2-graph/lower.js';
import type { HoleValue } from '../src/2-graph/types.js';
import type { Diagnostic } from '../src/errors/diagnostic.js';

function accepted<T>(result: T | null, diagnostics: readonly Diagnostic[]): T {
  if (result === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return result;
}

/** @param holes host values of a template, in order. */
export function graphOf(source: string, holes: readonly HoleValue[] = []): ModelGraph {
  const { program, diagnostics } = parse(source, holes.length);
  const lowered = lower(accepted(program, diagnostics), holes);
  return accepted(lowered.graph, lowered.diagnostics);
}

export function boundModel(
  source: string,
  data: Parameters<typeof bind>[1] = {},
  { mode = 'infer', holes = [] }: { readonly mode?: 'infer' | 'sample'; readonly holes?: readonly HoleValue[] } = {},
): BoundModel {
  const { model, diagnostics } = bind(graphOf(source, holes), data, { mode });
  return accepted(model, diagnostics);
}
