/**
 * `credence/distributions`: the families and combinators of the language as objects, and divergences between them.
 * @module
 */
export {
  Bernoulli, Beta, BetaBinomial, Binomial, Categorical, Cauchy, ChiSquared, Delta, Dirichlet, DirichletMultinomial, DiscreteUniform, Exponential, Flat, Gamma, Geometric,
  Gumbel, HalfCauchy, HalfNormal, HalfStudentT, Hypergeometric, InverseChiSquared, InverseGamma, InverseWishart, LKJ, Laplace, LogNormal, Logistic, Multinomial, MvNormal,
  MvStudentT, NegativeBinomial, Normal, OrderedLogistic, Pareto, Poisson, StudentT, Uniform, VonMises, Weibull, Wishart,
  censored, iid, mixture, pushforward, truncated,
  type Factory, type Matrix, type Vector,
} from './objects/factories.js';
export { Distribution, type Draw, type Seed, type SupportOf, type VarianceOf } from './objects/distribution.js';
export { chiSquared, crossEntropy, type Estimate, type Gradient, kl, klGradient, l1, type Method, type SimulationOptions } from './objects/divergences.js';
export { createRandom, type Random } from './random/generator.js';
export { ModelError } from './errors/diagnostic.js';
