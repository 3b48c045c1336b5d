/**
 * All families by name. The only place where a new family has to be entered; alphabetical.
 */
import { bernoulli } from './bernoulli.js';
import { beta } from './beta.js';
import { binomial } from './binomial.js';
import { categorical } from './categorical.js';
import { cauchy } from './cauchy.js';
import { chiSquared } from './chiSquared.js';
import { delta } from './delta.js';
import { dirichlet } from './dirichlet.js';
import { discreteUniform } from './discreteUniform.js';
import { exponential } from './exponential.js';
import type { Family } from './family.js';
import { flat } from './flat.js';
import { gamma } from './gamma.js';
import { geometric } from './geometric.js';
import { halfCauchy } from './halfCauchy.js';
import { halfNormal } from './halfNormal.js';
import { inverseGamma } from './inverseGamma.js';
import { inverseWishart } from './inverseWishart.js';
import { laplace } from './laplace.js';
import { logNormal } from './logNormal.js';
import { multinomial } from './multinomial.js';
import { mvNormal } from './mvNormal.js';
import { negativeBinomial } from './negativeBinomial.js';
import { normal } from './normal.js';
import { pareto } from './pareto.js';
import { poisson } from './poisson.js';
import { studentT } from './studentT.js';
import { uniform } from './uniform.js';
import { weibull } from './weibull.js';
import { wishart } from './wishart.js';

const list: readonly Family[] = [
  bernoulli,
  beta,
  binomial,
  categorical,
  cauchy,
  chiSquared,
  delta,
  dirichlet,
  discreteUniform,
  exponential,
  flat,
  gamma,
  geometric,
  halfCauchy,
  halfNormal,
  inverseGamma,
  inverseWishart,
  laplace,
  logNormal,
  multinomial,
  mvNormal,
  negativeBinomial,
  normal,
  pareto,
  poisson,
  studentT,
  uniform,
  weibull,
  wishart,
];

/** Every family of the language by its name in programs. */
export const families: ReadonlyMap<string, Family> = new Map(list.map((family) => [family.name, family]));
