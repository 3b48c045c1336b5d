/**
 * Shorthand in which the families are written: parameters by name, constants, common supports.
 */
import { InternalError } from '../errors/diagnostic.js';
import { add, apply, cond, div, exp, index, mul, num, one, reduce, scalar, sub, zero } from '../expr/expr.js';
import type { ArrayExpr, Const, Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Alternative, Arguments, Domain, Family, Parameter, Statistic, Support } from './family.js';

export const half: Const = num(0.5);
export const two: Const = num(2);
/** 0.5 log(2 pi): the constant of the standard normal log density. */
export const halfLogTwoPi: Const = num(0.5 * Math.log(2 * Math.PI));
export const logPi: Const = num(Math.log(Math.PI));
export const logTwo: Const = num(Math.LN2);
/** Euler's constant. */
export const eulerGamma: Const = num(0.5772156649015329);
export const infinity: Const = num(Infinity);
export const minusInfinity: Const = num(-Infinity);

/** A parameter of a family; `rank` 0 for a scalar, 1 for a vector, 2 for a matrix. */
export function parameter(name: string, rank: 0 | 1 | 2, domain: Domain, doc: string): Parameter {
  return { name, rank, domain, doc };
}
/** An argument as an array. @throws InternalError where callers left it out. */
export function arrayArgument(p: Arguments, name: string): ArrayExpr {
  const a = p[name];
  if (a === undefined) throw new InternalError(`argument ${name} of a family is missing`);
  return a;
}
/** A scalar argument. @throws InternalError where callers left it out. */
export function argument(p: Arguments, name: string): Expr {
  return arrayArgument(p, name).body;
}
/** Arguments from scalars by name. */
export function scalars(values: Readonly<Record<string, Expr>>): Arguments {
  return Object.fromEntries(Object.entries(values).map(([name, e]) => [name, scalar(e)]));
}
/** A natural parameter by position. @throws InternalError where callers left it out. */
export function naturalAt(natural: readonly ArrayExpr[], k: number): ArrayExpr {
  const a = natural[k];
  if (a === undefined) throw new InternalError(`natural parameter ${k} is missing`);
  return a;
}
/** The answer of `expectation` where no closed form is known. @throws InternalError always. */
export function noExpectation(family: string, statistic: Statistic): never {
  throw new InternalError(`no closed form of the expectation of ${statistic} under ${family}`);
}
/** The support low <= x <= high. */
export function interval(low: Expr, high: Expr): Support {
  return { kind: 'interval', low, high };
}
/** The integers low, ..., high. */
export function integers(low: Expr, high: Expr): Support {
  return { kind: 'integers', low, high };
}

/** What families say of their values, where each parameter has one form only. */
type Values = Pick<Family, 'alternatives' | 'eventRank' | 'discrete' | 'proper' | 'eventDims' | 'support'>;
function continuousScalar(low: Expr, high: Expr): Values {
  return { alternatives: [], eventRank: 0, discrete: false, proper: true, eventDims: () => [], support: () => interval(low, high) };
}
/** Densities on the real line. */
export const onLine: Values = continuousScalar(minusInfinity, infinity);
/** Densities on the numbers from 0. */
export const onHalfLine: Values = continuousScalar(zero, infinity);
/** Masses on count vectors of total `n`, as long as the parameter of that name. */
export function countVectors(name: string): Values {
  const dimension = (p: Arguments): Expr => arrayArgument(p, name).dims[0]!;
  return {
    alternatives: [],
    eventRank: 1,
    discrete: true,
    proper: true,
    eventDims: (p) => [dimension(p)],
    support: (p) => ({ kind: 'counts', dimension: dimension(p), total: argument(p, 'n') }),
  };
}
/**
 * The distribution functions of integers from `lowest` to `highest` as sums of masses, each from its own end.
 * @param logMass the log mass at x.
 */
export function summedMasses(
  logMass: (x: Expr, p: Arguments) => Expr,
  lowest: (p: Arguments) => Expr,
  highest: (p: Arguments) => Expr,
): Pick<Family, 'cdf' | 'survival' | 'logCdf' | 'logSurvival'> {
  // An index for each sum: arguments may hold sums of the same family.
  const mass = (p: Arguments, from: Expr, to: Expr): Expr => {
    const k = index('k');
    return reduce('sum', k, from, to, exp(logMass(k, p)));
  };
  const logOfMass = (p: Arguments, from: Expr, to: Expr): Expr => {
    const k = index('k');
    return reduce('logsumexp', k, from, to, logMass(k, p));
  };
  const next = (x: Expr): Expr => add(apply('floor', x), one);
  const isAbove = (x: Expr, p: Arguments): Expr => apply('ge', x, highest(p)),
    isBelow = (x: Expr, p: Arguments): Expr => apply('lt', x, lowest(p));
  return {
    cdf: (x, p) => cond(isAbove(x, p), one, mass(p, lowest(p), next(x))),
    survival: (x, p) => cond(isBelow(x, p), one, mass(p, next(x), add(highest(p), one))),
    logCdf: (x, p) => cond(isAbove(x, p), zero, logOfMass(p, lowest(p), next(x))),
    logSurvival: (x, p) => cond(isBelow(x, p), zero, logOfMass(p, next(x), add(highest(p), one))),
  };
}
/** p by its log odds. */
export const byLogit: Alternative = {
  parameters: [parameter('logit', 0, 'real', 'the log odds log(p / (1 - p))')],
  replaces: ['p'],
  canonical: (given) => scalars({ p: apply('sigmoid', argument(given, 'logit')) }),
};
/** From here on (of shapes, or their sum) log densities are written by `logGammaWeight`. */
export const largeShape: Const = num(1e3);

/** The log of x f(x) for the density f of Gamma(shape, 1): that of a count of the shape, whose parts do not cancel where it is large. */
export function logGammaWeight(shape: Expr, x: Expr): Expr {
  return add(apply('logPoissonMass', shape, x), logOf(shape));
}

/**
 * Log masses of NegativeBinomial(r, p) at k for the p of mean n at r = sum: laws of counts given their total n are ratios of these, for any
 * p, and nothing of the size of the concentrations cancels in them.
 */
export function massesGivenTotal(n: Expr, sum: Expr): (k: Expr, r: Expr) => Expr {
  const whole = add(n, sum);
  const [success, failure] = [div(sum, whole), div(n, whole)];
  return (k, r) => apply('logNegativeBinomialMass', k, r, success, failure);
}

/** (x - loc) / scale. */
export function standardised(x: Expr, p: Arguments): Expr {
  return mul(sub(x, argument(p, 'loc')), powOf(argument(p, 'scale'), -1));
}
