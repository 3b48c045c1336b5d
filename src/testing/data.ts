/**
 * Random data of a program: drawn from the program itself, so that they have shapes, types and supports that it accepts.
 */
import type * as FastCheck from 'fast-check';
import type { Model, Values } from '../index.js';
import type { FastCheckModule } from './fastCheck.js';

/**
 * Data sets that a program generates: each seed gives one. @param fc the fast-check that the test uses.
 * @param known what the program does not generate: sizes, covariates.
 * @throws ModelError, when a value is drawn, where the program cannot be simulated.
 */
export function dataOf(fc: FastCheckModule, model: Model, known: Readonly<Record<string, unknown>> = {}): FastCheck.Arbitrary<Values> {
  return fc.nat().map((seed) => model.sample(known, { seed, observed: true }));
}
