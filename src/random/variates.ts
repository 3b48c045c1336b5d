/**
 * The variates that families name in their `variate` and that generated code calls by name (`code/runtime.ts`). Scalars are
 * returned; array results are written to `out` from `offset`, with dimensions read off the arguments, and return 1, or 0 where the
 * law does not exist (the result is then NaN throughout). Every method is exact up to rounding: rejection and composition, no
 * asymptotic shortcuts. Parameters outside their domain give NaN.
 */
export {
  uniform,
  normal,
  normalDraw,
  exponential,
  studentT,
  cauchy,
  laplace,
  logistic,
  gumbel,
  weibull,
  pareto,
} from './variates/continuous.js';
export { logGamma, gamma, inverseGamma, beta } from './variates/gamma.js';
export { vonMises } from './variates/vonMises.js';
export { bernoulli, discreteUniform, negativeBinomial, betaBinomial, orderedLogistic, categorical } from './variates/counts.js';
export { binomial } from './variates/binomial.js';
export { poisson } from './variates/poisson.js';
export { hypergeometric } from './variates/hypergeometric.js';
export { tiltedUniform, truncatedExponential, powerLaw } from './variates/powers.js';
export { truncatedNormal } from './variates/truncatedNormal.js';
export { truncatedGamma, truncatedInverseGamma, truncatedBeta } from './variates/truncatedGamma.js';
export { boundedBeta, boundedGamma, boundedInverseGamma, convexNormal } from './variates/logConvex.js';
export { mvNormal, mvNormalFromCholesky, mvStudentT, dirichlet, multinomial, dirichletMultinomial } from './variates/vectors.js';
export { wishart, inverseWishart, lkj } from './variates/matrices.js';
