/**
 * Laplace(loc, scale): density exp(-|x - loc| / scale) / (2 scale).
 */
import { add, apply, cond, exp, mul, neg, num, one, scalar, sub, zero } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import { logOf, powOf } from '../expr/simplify.js';
import type { Family } from './family.js';
import { argument, half, logTwo, onLine, parameter, standardised, two } from './notation.js';

/** P(Z > z) of the standard law. */
function upperTail(z: Expr): Expr {
  return cond(apply('gt', z, zero), mul(half, exp(neg(z))), sub(one, mul(half, exp(z))));
}

/** Its logarithm. */
function logUpperTail(z: Expr): Expr {
  return cond(apply('gt', z, zero), sub(neg(logTwo), z), apply('log1p', neg(mul(half, exp(z)))));
}

/** The standard value above which mass q lies. */
function above(q: Expr): Expr {
  return cond(apply('lt', q, half), neg(logOf(mul(two, q))), logOf(mul(two, sub(one, q))));
}

export const laplace: Family = {
  name: 'Laplace',
  doc: 'density exp(-|x - loc| / scale) / (2 scale)',
  parameters: [parameter('loc', 0, 'real', 'the mean'), parameter('scale', 0, 'positive', 'the mean absolute deviation')],
  ...onLine,
  logDensity(x, p) {
    const scale = argument(p, 'scale');
    return sub(neg(add(logTwo, logOf(scale))), mul(apply('abs', sub(x.body, argument(p, 'loc'))), powOf(scale, -1)));
  },
  variate: (p) => ({ fn: 'laplace', args: [], transform: (draw) => add(argument(p, 'loc'), mul(argument(p, 'scale'), draw)) }),
  cdf: (x, p) => upperTail(neg(standardised(x, p))),
  survival: (x, p) => upperTail(standardised(x, p)),
  logCdf: (x, p) => logUpperTail(neg(standardised(x, p))),
  logSurvival: (x, p) => logUpperTail(standardised(x, p)),
  quantile: (u, p) => sub(argument(p, 'loc'), mul(argument(p, 'scale'), above(u))),
  upperQuantile: (q, p) => add(argument(p, 'loc'), mul(argument(p, 'scale'), above(q))),
  mean: (p) => scalar(argument(p, 'loc')),
  variance: (p) => scalar(mul(num(2), powOf(argument(p, 'scale'), 2))),
  expectedLogDensity(of, p) {
    // E|x - loc| under another centre at distance d is d + scale e^(-d / scale).
    const scale = argument(of, 'scale'),
      own = argument(p, 'scale');
    const distance = apply('abs', sub(argument(p, 'loc'), argument(of, 'loc')));
    const mean = add(distance, mul(own, exp(neg(mul(distance, powOf(own, -1))))));
    return sub(neg(add(logTwo, logOf(scale))), mul(mean, powOf(scale, -1)));
  },
};
