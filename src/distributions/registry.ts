/**
 * All families by name. The only place where a new family has to be entered; alphabetical.
 */
import { bernoulli } from './bernoulli.js';
import { beta } from './beta.js';
import { betaBinomial } from './betaBinomial.js';
import { binomial } from './binomial.js';
import { categorical } from './categorical.js';
import { cauchy } from './cauchy.js';
import { chiSquared } from './chiSquared.js';
import { delta } from './delta.js';
import { dirichlet } from './dirichlet.js';
import { dirichletMultinomial } from './dirichletMultinomial.js';
import { discreteUniform } from './discreteUniform.js';
import { exponential } from './exponential.js';
import type { Family } from './family.js';
import { flat } from './flat.js';
import { gamma } from './gamma.js';
import { geometric } from './geometric.js';
import { gumbel } from './gumbel.js';
import { halfCauchy } from './halfCauchy.js';
import { halfNormal } from './halfNormal.js';
import { halfStudentT } from './halfStudentT.js';
import { hypergeometric } from './hypergeometric.js';
import { inverseChiSquared } from './inverseChiSquared.js';
import { inverseGamma } from './inverseGamma.js';
import { inverseWishart } from './inverseWishart.js';
import { laplace } from './laplace.js';
import { lkj } from './lkj.js';
import { logistic } from './logistic.js';
import { logNormal } from './logNormal.js';
import { multinomial } from './multinomial.js';
import { mvNormal } from './mvNormal.js';
import { mvStudentT } from './mvStudentT.js';
import { negativeBinomial } from './negativeBinomial.js';
import { normal } from './normal.js';
import { orderedLogistic } from './orderedLogistic.js';
import { pareto } from './pareto.js';
import { poisson } from './poisson.js';
import { studentT } from './studentT.js';
import { uniform } from './uniform.js';
import { vonMises } from './vonMises.js';
import { weibull } from './weibull.js';
import { wishart } from './wishart.js';

const list: readonly Family[] = [
  bernoulli,
  beta,
  betaBinomial,
  binomial,
  categorical,
  cauchy,
  chiSquared,
  delta,
  dirichlet,
  dirichletMultinomial,
  discreteUniform,
  exponential,
  flat,
  gamma,
  geometric,
  gumbel,
  halfCauchy,
  halfNormal,
  halfStudentT,
  hypergeometric,
  inverseChiSquared,
  inverseGamma,
  inverseWishart,
  lkj,
  laplace,
  logNormal,
  logistic,
  multinomial,
  mvNormal,
  mvStudentT,
  negativeBinomial,
  normal,
  orderedLogistic,
  pareto,
  poisson,
  studentT,
  uniform,
  vonMises,
  weibull,
  wishart,
];

/** Every family of the language by its name in programs. */
export const families: ReadonlyMap<string, Family> = new Map(list.map((family) => [family.name, family]));
