/**
 * Continuous variates that are a function of one or two numbers of the stream: by inversion of the distribution function,
 * or as a normal over a root of chi-squared. Parameters outside their domain give NaN.
 */
import type { Random } from '../generator.js';
import { chiSquared } from './gamma.js';

/** Uniform on [0, 1). */
export function uniform(random: Random): number {
  return random.uniform();
}

/** Standard normal. */
export function normal(random: Random): number {
  return random.normal();
}

/** Normal with the given mean and standard deviation. */
export function normalDraw(random: Random, mean: number, sd: number): number {
  return mean + sd * random.normal();
}

/** Exponential with the given rate. */
export function exponential(random: Random, rate: number): number {
  return rate > 0 ? random.exponential() / rate : Number.NaN;
}

/** Student's t with df degrees of freedom. */
export function studentT(random: Random, df: number): number {
  return random.normal() / Math.sqrt(chiSquared(random, df) / df);
}

/** Standard Cauchy. */
export function cauchy(random: Random): number {
  return Math.tan(Math.PI * (random.uniform() - 0.5));
}

/** Standard Laplace, density e^-|x| / 2. */
export function laplace(random: Random): number {
  const size = random.exponential();
  return random.uniform() < 0.5 ? size : -size;
}

/** Standard logistic. */
export function logistic(random: Random): number {
  // The logit of a uniform on (0, 1/2] and a sign, so that both tails keep their digits.
  const u = 0.5 * random.uniformPositive();
  const size = Math.log1p(-u) - Math.log(u);
  return random.uniform() < 0.5 ? size : -size;
}

/** Standard Gumbel of maxima, distribution function exp(-e^-x). */
export function gumbel(random: Random): number {
  // An exponential of exactly zero stands for what lies below the least positive one.
  return -Math.log(Math.max(random.exponential(), 2 ** -54));
}

/** Weibull with distribution function 1 - exp(-(x/scale)^shape). */
export function weibull(random: Random, shape: number, scale: number): number {
  if (!(shape > 0 && scale > 0)) return Number.NaN;
  return scale * random.exponential() ** (1 / shape);
}

/** Pareto with density shape minimum^shape / x^(shape+1), x >= minimum. */
export function pareto(random: Random, minimum: number, shape: number): number {
  if (!(minimum > 0 && shape > 0)) return Number.NaN;
  return minimum * Math.exp(random.exponential() / shape);
}
