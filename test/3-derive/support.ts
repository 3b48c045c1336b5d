/**
 * Programs compiled for tests of derivations. The two sides of the ratio law, the program as written and
 * what the derivation says of one element, are `src/6-check/program`.
 */
import { parse } from '../../src/1-parse/parse.js';
import { bind } from '../../src/2-graph/bind.js';
import { lower } from '../../src/2-graph/lower.js';
import { DerivedModel } from '../../src/3-derive/model.js';
import { derive } from '../../src/4-infer/derivation.js';
import { givenOf } from '../../src/4-infer/programBuilder.js';
import type { DerivedProgram } from '../../src/6-check/program/state.js';

export { boundsOf, elementDensity, familyArguments, forEachInstance, naturalParameters, type Place, separableDensity, statistic, termsOf } from '../../src/6-check/program/conditionalLaw.js';
export { goodState, State } from '../../src/6-check/program/state.js';

export type Compiled = DerivedProgram;

/** Text and data to a derivation. @throws Error with the diagnostics of a program that is refused. */
export function compile(text: string, data: Readonly<Record<string, unknown>> = {}): Compiled {
  const parsed = parse(text);
  if (parsed.program === null) throw new Error(parsed.diagnostics.map((d) => d.message).join('\n'));
  const lowered = lower(parsed.program, []);
  if (lowered.graph === null) throw new Error(lowered.diagnostics.map((d) => d.message).join('\n'));
  const bound = bind(lowered.graph, { ...data }, { mode: 'infer' });
  if (bound.model === null) throw new Error(bound.diagnostics.map((d) => d.message).join('\n'));
  const model = new DerivedModel(lowered.graph, givenOf(bound.model));
  return { graph: lowered.graph, bound: bound.model, model, derivation: derive(model) };
}
