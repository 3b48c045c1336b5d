/**
 * VonMises(loc, concentration): density e^(concentration cos(x - loc)) / (2 pi I_0(concentration)) on the circle, written as
 * angles from -pi to pi whose ends are one point. Moments are of the angle as a number, so they have no closed form.
 */
import { addAll, apply, mul, neg, num, scalar, square, sub } from '../expr/expr.js';
import type { Expr } from '../expr/expr.js';
import type { Arguments, Family } from './family.js';
import { argument, half, parameter } from './notation.js';

const minusLogTwoPi = num(-Math.log(2 * Math.PI));

function call(fn: string, x: Expr, p: Arguments): Expr {
  return apply(fn, x, argument(p, 'loc'), argument(p, 'concentration'));
}

export const vonMises: Family = {
  name: 'VonMises',
  doc: 'density e^(concentration cos(x - loc)) / (2 pi I_0(concentration)), -pi <= x <= pi',
  parameters: [
    parameter('loc', 0, 'real', 'the mean direction, any angle'),
    parameter('concentration', 0, 'nonnegative', 'the concentration; 0 is uniform, 1 / variance where large'),
  ],
  alternatives: [],
  eventRank: 0,
  discrete: false,
  proper: true,
  eventDims: () => [],
  support: () => ({ kind: 'interval', low: num(-Math.PI), high: num(Math.PI), periodic: true }),
  logDensity(x, p) {
    // cos d - 1 = -2 sin^2(d / 2), and I_0 without its growth e^concentration: large concentrations keep their digits.
    const concentration = argument(p, 'concentration'),
      sine = apply('sin', mul(half, sub(x.body, argument(p, 'loc'))));
    return addAll([mul(num(-2), mul(concentration, square(sine))), minusLogTwoPi, neg(apply('logScaledBesselI0', concentration))]);
  },
  variate: (p) => ({ fn: 'vonMises', args: [scalar(argument(p, 'loc')), scalar(argument(p, 'concentration'))] }),
  cdf: (x, p) => call('vonMisesCdf', x, p),
  survival: (x, p) => call('vonMisesSurvival', x, p),
  // On the circle both ends of an interval may be nearer to the mode than what lies between them.
  logMass: (low, high, p) => apply('logVonMisesMass', low, high, argument(p, 'loc'), argument(p, 'concentration')),
  quantile: (u, p) => call('vonMisesQuantile', u, p),
  upperQuantile: (q, p) => neg(apply('vonMisesQuantile', q, neg(argument(p, 'loc')), argument(p, 'concentration'))),
  expectedLogDensity(of, p) {
    const concentration = argument(of, 'concentration');
    const cosine = mul(apply('besselRatio', argument(p, 'concentration')), apply('cos', sub(argument(p, 'loc'), argument(of, 'loc'))));
    return addAll([mul(concentration, sub(cosine, num(1))), minusLogTwoPi, neg(apply('logScaledBesselI0', concentration))]);
  },
};
