/**
 * Pieces of one function applied to a piece of its argument.
 */
import { isConst, neg, num, one, rewrite, sub, zero, type Apply, type Expr } from '../../expr/expr.js';
import { logOf, powOf, simplify } from '../../expr/simplify.js';
import { needNonzero, type Setting } from './setting.js';
import { Underivable, outward, cut, type Piece } from './pieces.js';
import { powerPieces, unknownPower, within } from './powers.js';
import {
  scaling,
  signOf,
  simple,
  shifting,
  increasingFunctions,
  domainsOfFunctions,
  distributionFunctions,
  folded,
  reflecting,
  type Step,
} from './oneToOne.js';
import { cosinePieces, tangentPieces } from './trigonometric.js';

/** The pieces of `e`, which is a function of `u` alone, on a piece of `u`. */
export function applied(setting: Setting, e: Apply, u: Expr, p: Piece): readonly Piece[] {
  if (p.kind === 'constant') return [{ ...p, value: simplify(rewrite(e, (x) => (x === u ? p.value : x))) }];
  const position = e.args.indexOf(u),
    other = e.args[1 - position];
  if (p.kind === 'step') {
    const step = affineStep(setting, e.fn, position, other);
    if (step === null) throw new Underivable('is applied to a rounded value', e);
    return [{ ...p, plain: false, forward: (k) => step.at(p.forward(k)), backward: (y) => p.backward(step.inverse(y)) }];
  }
  const affine = affineStep(setting, e.fn, position, other);
  if (affine !== null) return [outward(p, affine)];
  switch (e.fn) {
    case 'div':
      return powerPieces(setting, p, -1, e).map((q) => outward(q, scaling(other!)));
    case 'pow': {
      if (position === 1) {
        if (signOf(other!) < 0 || isConst(other!, 0)) throw new Underivable('has a base that is not positive', e);
        // c^u = e^(u log c).
        setting.nonzero.push(sub(other!, one));
        return [outward(outward(p, scaling(logOf(other!))), simple('exp'))];
      }
      if (isConst(other!)) return powerPieces(setting, p, other!.value, e);
      return [unknownPower(setting, p, other!, e)];
    }
    case 'abs': {
      const [below, above] = cut(setting, p, zero, false);
      return [...(below === null ? [] : [outward(below, scaling(num(-1)))]), ...(above === null ? [] : [above])];
    }
    case 'floor':
    case 'ceil':
    case 'round':
      return [
        {
          kind: 'step',
          when: p.when,
          atLow: p.atLow,
          atHigh: p.atHigh,
          rounding: e.fn,
          inner: p,
          plain: true,
          forward: (k) => k,
          backward: (y) => y,
        },
      ];
    case 'sin':
      return cosinePieces(setting, outward(p, shifting(num(-Math.PI / 2))), e);
    case 'cos':
      return cosinePieces(setting, p, e);
    case 'tan':
      return tangentPieces(setting, p, e);
  }
  if (increasingFunctions[e.fn] !== undefined) {
    const range = domainsOfFunctions[e.fn];
    if (range !== undefined) within(p, range[0], range[1], e);
    return [outward(p, simple(e.fn))];
  }
  const known = distributionFunctions[e.fn];
  if (known !== undefined && position === known.position) {
    if (known.isQuantile) within(p, 0, 1, e);
    const others = e.args.filter((_, k) => k !== position);
    const call = (fn: string, x: Expr): Expr => folded(fn, ...(known.position === 0 ? [x, ...others] : [...others, x]));
    return [
      outward(p, {
        increasing: one,
        at: (x) => call(e.fn, x),
        inverse: (y) => call(known.inverse, y),
        logSlope: (x, y) => (known.isQuantile ? neg(known.density(y, ...others)) : known.density(x, ...others)),
      }),
    ];
  }
  throw new Underivable('has no known inverse', e);
}

/** Sums, differences and multiples; null for any other function. */
function affineStep(setting: Setting, fn: string, position: number, other: Expr | undefined): Step | null {
  switch (fn) {
    case 'neg':
      return scaling(num(-1));
    case 'add':
      return shifting(other!);
    case 'sub':
      return position === 0 ? shifting(neg(other!)) : reflecting(other!);
    case 'mul':
      needNonzero(setting, other!);
      return scaling(other!);
    case 'div':
      if (position === 1) {
        needNonzero(setting, other!);
        return null;
      }
      needNonzero(setting, other!);
      return scaling(powOf(other!, -1));
    default:
      return null;
  }
}
