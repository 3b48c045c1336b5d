/**
 * Logistic(loc, scale): distribution function 1 / (1 + e^(-z)), z = (x - loc) / scale; density
 * e^(-z) / (scale (1 + e^(-z))^2).
 */
import { add, addAll, apply, mul, neg, num, scalar, sub } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Family } from './family.js';
import { argument, onLine, parameter, standardised, two } from './notation.js';

export const logistic: Family = {
  name: 'Logistic',
  doc: 'density e^(-z) / (scale (1 + e^(-z))^2), z = (x - loc) / scale',
  parameters: [parameter('loc', 0, 'real', 'the mean'), parameter('scale', 0, 'positive', 'the scale, sqrt(3) / pi standard deviations')],
  ...onLine,
  logDensity(x, p) {
    const z = standardised(x.body, p);
    return addAll([neg(z), neg(mul(two, apply('softplus', neg(z)))), neg(logOf(argument(p, 'scale')))]);
  },
  variate: (p) => ({ fn: 'logistic', args: [], transform: (draw) => add(argument(p, 'loc'), mul(argument(p, 'scale'), draw)) }),
  cdf: (x, p) => apply('sigmoid', standardised(x, p)),
  survival: (x, p) => apply('sigmoid', neg(standardised(x, p))),
  quantile: (u, p) => add(argument(p, 'loc'), mul(argument(p, 'scale'), apply('logit', u))),
  upperQuantile: (q, p) => sub(argument(p, 'loc'), mul(argument(p, 'scale'), apply('logit', q))),
  mean: (p) => scalar(argument(p, 'loc')),
  variance: (p) => scalar(mul(num(Math.PI ** 2 / 3), powOf(argument(p, 'scale'), 2))),
  entropy: (p) => add(logOf(argument(p, 'scale')), two),
};
