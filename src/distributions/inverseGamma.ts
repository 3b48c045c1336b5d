/**
 * InverseGamma(shape, scale): density scale^shape x^(-shape - 1) e^(-scale / x) / Gamma(shape) on x > 0.
 * Statistics (1/x, log x) with natural parameters (-scale, -shape - 1).
 */
import { add, addAll, apply, cond, div, lgamma, mul, neg, one, scalar, sub, zero } from '../expr/expr.js';
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family, Statistic } from './family.js';
import { gammaMoment } from './gamma.js';
import { argument, infinity, largeShape, logGammaWeight, naturalAt, noExpectation, parameter, scalars, two } from './notation.js';

/** scale / (shape - 1), infinite where shape <= 1. */
function meanOf(p: Arguments): Expr {
  return mul(argument(p, 'scale'), powOf(apply('max', sub(argument(p, 'shape'), one), zero), -1));
}

export const inverseGamma: Family = {
  name: 'InverseGamma',
  doc: 'density scale^shape x^(-shape - 1) e^(-scale / x) / Gamma(shape), x > 0',
  parameters: [parameter('shape', 0, 'positive', 'the shape'), parameter('scale', 0, 'positive', 'the scale')],
  alternatives: [],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: () => ({ kind: 'interval', low: zero, high: infinity, open: true }),
  logDensity(x, p) {
    const shape = argument(p, 'shape'),
      scale = argument(p, 'scale');
    return addAll([
      mul(shape, logOf(scale)),
      neg(lgamma(shape)),
      neg(mul(add(shape, one), logOf(x.body))),
      neg(mul(scale, powOf(x.body, -1))),
    ]);
  },
  // Of a Gamma at scale / x, as a Poisson mass of the shape.
  evaluatedLogDensity(x, p) {
    const shape = argument(p, 'shape');
    const asCount = sub(logGammaWeight(shape, div(argument(p, 'scale'), x.body)), logOf(x.body));
    return cond(apply('gt', shape, largeShape), asCount, inverseGamma.logDensity(x, p));
  },
  variate: (p) => ({ fn: 'inverseGamma', args: [scalar(argument(p, 'shape')), scalar(argument(p, 'scale'))] }),
  truncatedVariate: 'truncatedInverseGamma',
  cdf: (x, p) => apply('gammaQ', argument(p, 'shape'), mul(argument(p, 'scale'), powOf(x, -1))),
  survival: (x, p) => apply('gammaP', argument(p, 'shape'), mul(argument(p, 'scale'), powOf(x, -1))),
  quantile: (u, p) => mul(argument(p, 'scale'), powOf(apply('gammaQInverse', argument(p, 'shape'), u), -1)),
  upperQuantile: (q, p) => mul(argument(p, 'scale'), powOf(apply('gammaPInverse', argument(p, 'shape'), q), -1)),
  mean: (p) => scalar(meanOf(p)),
  variance(p) {
    const excess = apply('max', sub(argument(p, 'shape'), two), zero);
    return scalar(mul(powOf(meanOf(p), 2), powOf(excess, -1)));
  },
  exponential: {
    statistics: ['1/x', 'log x'],
    parameters: (natural) => scalars({ shape: sub(neg(naturalAt(natural, 1).body), one), scale: neg(naturalAt(natural, 0).body) }),
    natural: (p) => [scalar(neg(argument(p, 'scale'))), scalar(sub(neg(argument(p, 'shape')), one))],
    proper: (natural) => [sub(neg(naturalAt(natural, 1).body), one), neg(naturalAt(natural, 0).body)],
    expectation(statistic: Statistic, p: Arguments): ArrayExpr {
      const shape = argument(p, 'shape'),
        scale = argument(p, 'scale');
      switch (statistic) {
        case '1/x':
          return scalar(mul(shape, powOf(scale, -1)));
        case 'log x':
          return scalar(sub(logOf(scale), apply('digamma', shape)));
        case 'x':
          return scalar(meanOf(p));
        default:
          return noExpectation('InverseGamma', statistic);
      }
    },
    moment: (power, p) => gammaMoment(argument(p, 'shape'), argument(p, 'scale'), -power),
    entropy(p) {
      const shape = argument(p, 'shape');
      return addAll([shape, logOf(argument(p, 'scale')), lgamma(shape), neg(mul(add(one, shape), apply('digamma', shape)))]);
    },
  },
};
