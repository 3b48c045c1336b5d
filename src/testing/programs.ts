/**
 * Random well-typed programs with data they accept.
 *
 * A program is a list of fragments; each fragment adds statements and data, and may read what earlier
 * fragments declared (`Scope`). Every choice is a number of the fragment's own list, so that fast-check
 * shrinks a failing program to few fragments with small choices. Values of data come from a small
 * stream of the fragment's seed.
 */
import type * as FastCheck from 'fast-check';
import type { FastCheckModule } from './fastCheck.js';
import { Choice, type Choices } from './programs/choice.js';
import { Scope, type Fragments } from './programs/scope.js';
import { scalarFragments } from './programs/scalars.js';
import { plateFragments } from './programs/plates.js';
import { seriesFragments } from './programs/series.js';
import { mixtureFragments } from './programs/mixtures.js';
import { covarianceFragments } from './programs/covariances.js';
import { countFragments } from './programs/counts.js';
import { givenFragments } from './programs/givens.js';
import { expressionFragments } from './programs/expressions.js';

/** A program with data it can be run on. */
export interface RandomProgram {
  /** Its text. */
  readonly source: string;
  /** Values of everything it declares. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Statements `factor` and `param`, or data observed through expressions: cannot be simulated. */
  readonly simulable: boolean;
}

/** One statement or a few that belong together, by the name of what makes them. */
export interface Fragment extends Choices {
  readonly kind: string;
}

/** All kinds. Their order is part of what a seed means. */
const fragments: Fragments = {
  ...scalarFragments,
  ...plateFragments,
  ...seriesFragments,
  ...mixtureFragments,
  ...covarianceFragments,
  ...countFragments,
  ...givenFragments,
  ...expressionFragments,
};

/** What fragments there are. */
export const fragmentKinds: readonly string[] = Object.keys(fragments);

/** The program that a list of fragments makes. */
export function programOf(list: readonly Fragment[]): RandomProgram {
  const scope = new Scope();
  for (const fragment of list) fragments[fragment.kind]!(new Choice(fragment), scope);
  return { source: `${scope.lines.filter((line) => line !== '').join('\n')}\n`, data: scope.data, simulable: scope.simulable };
}

/** Well-typed programs of one to five fragments with data they accept. @param fc the fast-check that the test uses. */
export function programs(fc: FastCheckModule): FastCheck.Arbitrary<RandomProgram> {
  const fragment: FastCheck.Arbitrary<Fragment> = fc.record({
    kind: fc.constantFrom(...fragmentKinds),
    numbers: fc.array(fc.nat({ max: 719 }), { minLength: 14, maxLength: 14 }),
    seed: fc.nat({ max: 1_000_000 }),
  });
  return fc.array(fragment, { minLength: 1, maxLength: 5 }).map(programOf);
}
