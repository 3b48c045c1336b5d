/**
 * Programs compiled for tests of derivations. The two sides of the ratio law, the program as written and
 * what the derivation says of one element, are `src/6-check/program`.
 */
import { DerivedModel } from '../../src/3-derive/model.js';
import { derive } from '../../src/4-infer/derivation.js';
import { givenOf } from '../../src/4-infer/programBuilder.js';
import type { DerivedProgram } from '../../src/6-check/program/state.js';
import { boundModel } from '../compiled.js';

export {
  boundsOf,
  elementDensity,
  familyArguments,
  forEachInstance,
  naturalParameters,
  type Place,
  separableDensity,
  statistic,
  termsOf,
} from '../../src/6-check/program/conditionalLaw.js';
export { goodState, State } from '../../src/6-check/program/state.js';

export type Compiled = DerivedProgram;

/** Text and data to a derivation. @throws Error with the diagnostics of a program that is refused. */
export function compile(text: string, data: Readonly<Record<string, unknown>> = {}): Compiled {
  const bound = boundModel(text, { ...data }),
    { graph } = bound;
  const model = new DerivedModel(graph, givenOf(bound));
  return { graph, bound, model, derivation: derive(model) };
}
