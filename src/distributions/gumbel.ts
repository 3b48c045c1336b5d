/**
 * Gumbel(loc, scale), the law of maxima: distribution function exp(-e^(-z)), z = (x - loc) / scale;
 * density exp(-z - e^(-z)) / scale.
 */
import { add, addAll, apply, cond, exp, lgamma, mul, neg, num, one, scalar, sub } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Arguments, Family } from './family.js';
import { argument, eulerGamma, onLine, parameter, standardised } from './notation.js';

/** The value whose e^(-z) is h. */
function atHazard(h: Expr, p: Arguments): Expr {
  return sub(argument(p, 'loc'), mul(argument(p, 'scale'), logOf(h)));
}

export const gumbel: Family = {
  name: 'Gumbel',
  doc: 'the law of maxima: density exp(-z - e^(-z)) / scale, z = (x - loc) / scale',
  parameters: [parameter('loc', 0, 'real', 'the mode'), parameter('scale', 0, 'positive', 'the scale')],
  ...onLine,
  logDensity(x, p) {
    const z = standardised(x.body, p);
    return addAll([neg(z), neg(exp(neg(z))), neg(logOf(argument(p, 'scale')))]);
  },
  variate: (p) => ({ fn: 'gumbel', args: [], transform: (draw) => add(argument(p, 'loc'), mul(argument(p, 'scale'), draw)) }),
  cdf: (x, p) => exp(neg(exp(neg(standardised(x, p))))),
  survival: (x, p) => neg(apply('expm1', neg(exp(neg(standardised(x, p)))))),
  logCdf: (x, p) => neg(exp(neg(standardised(x, p)))),
  // 1 - e^(-h) is h to its last digit for such z, h = e^(-z).
  logSurvival(x, p) {
    const z = standardised(x, p);
    return cond(apply('gt', z, num(40)), neg(z), logOf(neg(apply('expm1', neg(exp(neg(z)))))));
  },
  quantile: (u, p) => atHazard(neg(logOf(u)), p),
  upperQuantile: (q, p) => atHazard(neg(apply('log1p', neg(q))), p),
  mean: (p) => scalar(add(argument(p, 'loc'), mul(eulerGamma, argument(p, 'scale')))),
  variance: (p) => scalar(mul(num(Math.PI ** 2 / 6), powOf(argument(p, 'scale'), 2))),
  expectedLogDensity(of, p) {
    // E e^(-t z) = Gamma(1 + t) of the standard law.
    const scale = argument(of, 'scale'),
      ratio = mul(argument(p, 'scale'), powOf(scale, -1));
    const shift = mul(sub(argument(p, 'loc'), argument(of, 'loc')), powOf(scale, -1));
    const mean = add(shift, mul(eulerGamma, ratio));
    return addAll([neg(logOf(scale)), neg(mean), neg(exp(sub(lgamma(add(one, ratio)), shift)))]);
  },
};
