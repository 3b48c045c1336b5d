/**
 * Where a `param` stands: the maximum of the expected log joint in it, which is linear in its
 * statistics, so the maximum is the mode of the density with these coefficients, within its support.
 */
import { statisticTerm } from '../../3-derive/closedForm.js';
import type { ClosedForm } from '../../3-derive/closedForm.js';
import { MeanFieldRefusal } from '../../3-derive/meanField.js';
import {
  type ArrayExpr,
  type Expr,
  add,
  apply,
  arrayOf,
  at as elementAt,
  build,
  cond,
  index,
  isConst,
  mul,
  neg,
  num,
  one,
  pow,
  ref,
  reduce,
  scalar,
  sub,
  zero,
} from '../../expr/expr.js';
import { smallestPivot } from '../../distributions/matrixVariate.js';
import { flatEigenvalue } from '../../numeric/linearAlgebra.js';
import { boundExprs, type RegionContext } from '../kernels.js';

/** Statistics of the families whose maximum is known. */
const known: readonly (readonly string[])[] = [
  ['x', 'x^2'],
  ['log x', 'log(1-x)'],
  ['x', 'log x'],
  ['1/x', 'log x'],
  ['x_i', 'x_i x_j'],
  ['log x_i'],
  ['inverse(X)_ij', 'logdet X'],
  ['X_ij', 'logdet X'],
];
/** True where `modeOf` knows the maximum. */
export function hasMode(form: ClosedForm): boolean {
  if (form.kind === 'powerGamma' || form.kind === 'powerLaw') return true;
  if (form.kind !== 'exponential') return false;
  const statistics = form.family.exponential!.statistics as readonly string[];
  return known.some((k) => k.length === statistics.length && k.every((s) => statistics.includes(s)));
}

/** The maximising value, an array over the event. @throws MeanFieldRefusal where it is not known in closed form. */
export function modeOf(context: RegionContext, form: ClosedForm, natural: readonly ArrayExpr[]): ArrayExpr {
  const { constraint } = context.region.variable;
  const self = ref(context.name, context.at);
  const floored = (m: ArrayExpr): ArrayExpr => {
    const floor = constraint.kind === 'cov' ? constraint.options['floor'] : undefined;
    return floor === undefined ? m : arrayOf('floorEigenvalues', [m, scalar(floor)], m.dims);
  };
  if (form.kind === 'powerGamma') {
    const [a, b] = [natural[0]!.body, natural[1]!.body],
      { bounded, power } = form;
    // a / v + b p v^(p - 1) = 0; in v^p it is concave where a / p is not negative.
    const stationary = pow(apply('div', a, mul(num(-power), bounded ? negative(b) : b)), num(1 / power));
    const rises = apply('ge', mul(a, num(power)), zero);
    return scalar(largest(context, bounded, stationary, rises, (v) => add(times(a, apply('log', v)), times(b, pow(v, num(power))))));
  }
  if (form.kind === 'powerLaw') {
    // v^a is largest at an end; at a = 0 anywhere.
    return scalar(higher(context, zero, natural[0]!.body));
  }
  if (form.kind === 'exponential') {
    const statistics = form.family.exponential!.statistics as readonly string[];
    const has = (...wanted: readonly string[]): boolean =>
      wanted.length === statistics.length && wanted.every((s) => statistics.includes(s));
    const of = (s: string): ArrayExpr => natural[statistics.indexOf(s)]!;
    const scalarOf = (s: string): Expr => of(s).body;
    const here = (stationary: Expr, rises: Expr, logDensity: (v: Expr) => Expr): ArrayExpr =>
      scalar(largest(context, form.bounded, stationary, rises, logDensity));
    if (has('x', 'x^2')) {
      const [a, b] = [scalarOf('x'), scalarOf('x^2')];
      return here(apply('div', a, mul(num(-2), b)), apply('lt', b, zero), (v) => mul(v, add(a, mul(b, v))));
    }
    if (has('log x', 'log(1-x)')) {
      const [a, b] = [scalarOf('log x'), scalarOf('log(1-x)')];
      const rises = apply('and', notNegative(a), notNegative(b));
      return here(proper(apply('div', a, add(a, b)), rises), rises, (v) =>
        add(times(a, apply('log', v)), times(b, apply('log', sub(one, v)))),
      );
    }
    if (has('x', 'log x')) {
      const [a, b] = [scalarOf('log x'), scalarOf('x')];
      const rises = notNegative(a);
      return here(proper(apply('div', a, neg(form.bounded ? negative(b) : b)), rises), rises, (v) =>
        add(times(a, apply('log', v)), times(b, v)),
      );
    }
    if (has('1/x', 'log x')) {
      const [a, b] = [scalarOf('log x'), scalarOf('1/x')];
      return here(proper(apply('div', b, a), apply('lt', a, zero)), apply('lt', a, zero), (v) =>
        add(times(a, apply('log', v)), times(b, pow(v, num(-1)))),
      );
    }
    if (has('x_i', 'x_i x_j')) {
      const h = of('x_i'),
        precision = precisionOf(of('x_i x_j'));
      return arrayOf('quadraticMaximum', [precision, h, build(h.dims, (i) => context.current([i]))], h.dims);
    }
    if (has('log x_i')) {
      const i = index('i'),
        eta = of('log x_i');
      const sum = reduce('sum', i, zero, eta.dims[0]!, elementAt(eta, i)),
        least = reduce('min', i, zero, eta.dims[0]!, elementAt(eta, i));
      return build(eta.dims, (j) => proper(apply('div', elementAt(eta, j), sum), notNegative(least)));
    }
    // c logdet X + tr(A inverse(X)) is largest at A / c; with eigenvalues kept above a floor, at A / c with the smaller ones raised to it.
    if (has('inverse(X)_ij', 'logdet X')) {
      const a = of('inverse(X)_ij');
      return floored(
        build(a.dims, (i, j) => apply('div', mul(num(0.5), add(elementAt(a, i, j), elementAt(a, j, i))), scalarOf('logdet X'))),
      );
    }
    // c logdet X + tr(A X) is largest at -c inverse(A).
    if (has('X_ij', 'logdet X') && !(constraint.kind === 'cov' && constraint.options['floor'] !== undefined)) {
      const a = of('X_ij'),
        symmetric = build(a.dims, (i, j) => mul(num(-0.5), add(elementAt(a, i, j), elementAt(a, j, i))));
      return build(a.dims, (i, j) =>
        mul(scalarOf('logdet X'), { op: 'element', array: { fn: 'inverse', args: [symmetric], dims: a.dims }, at: [i, j] }),
      );
    }
  }
  const slots = 'slots' in form ? form.slots : [];
  throw new MeanFieldRefusal(
    'is a param without a maximum in closed form',
    slots.length > 0 ? statisticTerm(slots[0]!.statistic, context.region) : self,
    context.name,
  );
}

/** The precision whose quadratic form has these coefficients of pairs. */
function precisionOf(pairs: ArrayExpr): ArrayExpr {
  return build(pairs.dims, (i, j) => neg(add(elementAt(pairs, i, j), elementAt(pairs, j, i))));
}

/** Whether the coefficients hold an element in every direction: a vector's precision, with unit diagonal, is positive definite. */
export function isHeld(form: ClosedForm, natural: readonly ArrayExpr[]): Expr {
  if (form.kind !== 'exponential') return one;
  const pairs = (form.family.exponential!.statistics as readonly string[]).indexOf('x_i x_j');
  if (pairs < 0) return one;
  const p = precisionOf(natural[pairs]!),
    diagonal = (i: Expr): Expr => pow(elementAt(p, i, i), num(-0.5));
  return apply(
    'gt',
    smallestPivot(build(p.dims, (i, j) => mul(elementAt(p, i, j), mul(diagonal(i), diagonal(j))))),
    num(Math.sqrt(flatEigenvalue)),
  );
}

/** Whether a coefficient of a logarithm lets the density fall towards 0: with one below 0 (a concentration below 1) it grows there without bound. */
function notNegative(coefficient: Expr): Expr {
  return apply('ge', coefficient, num(-mostRounding));
}
/** What rounding leaves of a sum of probabilities that is zero. */
const mostRounding = 1e-9;
/** A stationary point where it is the maximum; no number elsewhere, which ends the start. */
function proper(stationary: Expr, isMaximum: Expr): Expr {
  return cond(isMaximum, stationary, num(Number.NaN));
}

/** A sum of squares that vanish may come out with the wrong sign: within bounds its maximum is at one of them all the same. */
function negative(rate: Expr): Expr {
  return apply('min', rate, num(-smallestRate));
}
/** Small against any rate of data, and its reciprocal is a number. */
const smallestRate = 1e-300;

/** A statistic times its coefficient, nothing where that is zero: the statistic may be infinite at an end. */
function times(coefficient: Expr, statistic: Expr): Expr {
  return cond(apply('eq', coefficient, zero), zero, mul(coefficient, statistic));
}

/** The end at which a density is higher; the current point where it is as high at both. */
function higher(context: RegionContext, atLow: Expr, atHigh: Expr): Expr {
  const { low, high } = boundExprs(context);
  return cond(apply('gt', atHigh, atLow), high, cond(apply('lt', atHigh, atLow), low, context.current()));
}

/**
 * The largest point between bounds. A density that rises to its stationary point and falls after it is largest at the point next to that;
 * one that only its bounds make proper rises, falls, or has its least value inside: it is largest at an end.
 */
function largest(context: RegionContext, bounded: boolean, stationary: Expr, rises: Expr, logDensity: (v: Expr) => Expr): Expr {
  if (!bounded) return stationary;
  const { low, high } = boundExprs(context);
  const raised = isConst(low, -Infinity) ? stationary : apply('max', stationary, low);
  const clipped = isConst(high, Infinity) ? raised : apply('min', raised, high);
  const end = isConst(high, Infinity) ? low : isConst(low, -Infinity) ? high : higher(context, logDensity(low), logDensity(high));
  return cond(rises, clipped, end);
}
