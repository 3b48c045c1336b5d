/**
 * All families by name. The only place where a new family has to be entered; alphabetical.
 */
import { bernoulli } from './bernoulli.js';
import { categorical } from './categorical.js';
import { dirichlet } from './dirichlet.js';
import type { Family } from './family.js';
import { gamma } from './gamma.js';
import { mvNormal } from './mvNormal.js';
import { normal } from './normal.js';

const list: readonly Family[] = [
  bernoulli,
  categorical,
  dirichlet,
  gamma,
  mvNormal,
  normal,
];

/** Every family of the language by its name in programs. */
export const families: ReadonlyMap<string, Family> = new Map(list.map((family) => [family.name, family]));
