/**
 * Gamma(shape, rate): density rate^shape x^(shape - 1) e^(-rate x) / Gamma(shape) on x >= 0.
 * Statistics (x, log x) with natural parameters (-rate, shape - 1).
 */
import { add, addAll, apply, cond, exp, lgamma, mul, mulAll, neg, num, one, pow, scalar, sub, zero } from '../expr/expr.js';
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { logOf, powOf, xlogy } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { argument, infinity, interval, largeShape, logGammaWeight, naturalAt, noExpectation, parameter, scalars } from './notation.js';

/** E[x^power] for x ~ Gamma(shape, rate), Gamma(shape + power) / Gamma(shape) rate^-power; infinite where shape + power <= 0. */
export function gammaMoment(shape: Expr, rate: Expr, power: number): Expr {
  if (power === 0) return one;
  const finite = (value: Expr): Expr => (power > 0 ? value : cond(apply('gt', add(shape, num(power)), zero), value, infinity));
  if (!Number.isInteger(power) || Math.abs(power) > 4)
    return finite(mul(exp(sub(lgamma(add(shape, num(power))), lgamma(shape))), pow(rate, num(-power))));
  // Products of neighbours of the shape: no difference of large log-gammas.
  const factors = mulAll(Array.from({ length: Math.abs(power) }, (_, k) => add(shape, num(power > 0 ? k : -k - 1))));
  return finite(power > 0 ? mul(factors, pow(rate, num(-power))) : apply('div', pow(rate, num(-power)), factors));
}

export const gamma: Family = {
  name: 'Gamma',
  doc: 'density rate^shape x^(shape - 1) e^(-rate x) / Gamma(shape), x >= 0',
  parameters: [parameter('shape', 0, 'positive', 'the shape'), parameter('rate', 0, 'positive', 'the rate, 1 / scale')],
  alternatives: [
    {
      parameters: [parameter('scale', 0, 'positive', 'the scale, 1 / rate')],
      replaces: ['rate'],
      canonical: (given) => scalars({ rate: powOf(argument(given, 'scale'), -1) }),
    },
    {
      parameters: [
        parameter('mean', 0, 'positive', 'the mean shape / rate'),
        parameter('sd', 0, 'positive', 'the standard deviation sqrt(shape) / rate'),
      ],
      replaces: ['shape', 'rate'],
      canonical(given) {
        const mean = argument(given, 'mean'),
          inverseVariance = powOf(argument(given, 'sd'), -2);
        return scalars({ shape: mul(powOf(mean, 2), inverseVariance), rate: mul(mean, inverseVariance) });
      },
    },
  ],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: () => interval(zero, infinity),
  logDensity(x, p) {
    const shape = argument(p, 'shape'),
      rate = argument(p, 'rate');
    return addAll([mul(shape, logOf(rate)), neg(lgamma(shape)), xlogy(sub(shape, one), x.body), neg(mul(rate, x.body))]);
  },
  // As a Poisson mass of the shape, whose parts do not cancel where the shape is large.
  evaluatedLogDensity(x, p) {
    const shape = argument(p, 'shape'),
      rate = argument(p, 'rate');
    const asCount = sub(logGammaWeight(shape, mul(rate, x.body)), logOf(x.body));
    return cond(apply('and', apply('gt', shape, largeShape), apply('gt', x.body, zero)), asCount, gamma.logDensity(x, p));
  },
  variate: (p) => ({ fn: 'gamma', args: [scalar(argument(p, 'shape')), scalar(argument(p, 'rate'))] }),
  truncatedVariate: 'truncatedGamma',
  cdf: (x, p) => apply('gammaP', argument(p, 'shape'), mul(argument(p, 'rate'), x)),
  survival: (x, p) => apply('gammaQ', argument(p, 'shape'), mul(argument(p, 'rate'), x)),
  quantile: (u, p) => mul(apply('gammaPInverse', argument(p, 'shape'), u), powOf(argument(p, 'rate'), -1)),
  upperQuantile: (q, p) => mul(apply('gammaQInverse', argument(p, 'shape'), q), powOf(argument(p, 'rate'), -1)),
  mean: (p) => scalar(mul(argument(p, 'shape'), powOf(argument(p, 'rate'), -1))),
  variance: (p) => scalar(mul(argument(p, 'shape'), powOf(argument(p, 'rate'), -2))),
  exponential: {
    statistics: ['x', 'log x'],
    parameters: (natural) => scalars({ shape: add(naturalAt(natural, 1).body, one), rate: neg(naturalAt(natural, 0).body) }),
    natural: (p) => [scalar(neg(argument(p, 'rate'))), scalar(sub(argument(p, 'shape'), one))],
    proper: (natural) => [add(naturalAt(natural, 1).body, one), neg(naturalAt(natural, 0).body)],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const shape = argument(p, 'shape'),
        rate = argument(p, 'rate');
      switch (statistic) {
        case 'x':
          return scalar(mul(shape, powOf(rate, -1)));
        case 'log x':
          return scalar(sub(apply('digamma', shape), logOf(rate)));
        case 'x^2':
          return scalar(mul(mul(shape, add(shape, one)), powOf(rate, -2)));
        // Finite for shape > 1 only; negative otherwise would be a wrong answer, so it is infinite there.
        case '1/x':
          return scalar(mul(rate, powOf(apply('max', sub(shape, one), zero), -1)));
        default:
          return noExpectation('Gamma', statistic);
      }
    },
    moment: (power, p) => gammaMoment(argument(p, 'shape'), argument(p, 'rate'), power),
    entropy(p) {
      const shape = argument(p, 'shape');
      return addAll([shape, neg(logOf(argument(p, 'rate'))), lgamma(shape), mul(sub(one, shape), apply('digamma', shape))]);
    },
  },
};
