/**
 * Pieces of ratios of polynomials of degree two, (a u^2 + b u + c) / (d u^2 + g u + f), by completing the square or by
 * alpha h + beta + gamma / h.
 */
import { add, apply, cond, div, isConst, log, mul, num, pow, square, sub, zero, type Expr } from '../../expr/expr.js';
import { simplify } from '../../expr/simplify.js';
import { needNonzero, type Setting } from './setting.js';
import { Underivable, outward, cut, type MonotonePiece } from './pieces.js';
import { powerPieces } from './powers.js';
import { shifting, scaling, signOf, isInfinite, type Step } from './oneToOne.js';

/** (a u^2 + b u + c) / (d u^2 + g u + f). */
export function quadraticPieces(
  setting: Setting,
  p: MonotonePiece,
  a: Expr,
  b: Expr,
  c: Expr,
  d: Expr,
  g: Expr,
  f: Expr,
  e: Expr,
): readonly MonotonePiece[] {
  const none = (x: Expr): boolean => isConst(x, 0);
  if (!none(d)) {
    if (none(a)) return quadraticPieces(setting, p, d, g, f, zero, b, c, e).flatMap((q) => powerPieces(setting, q, -1, e));
    const share = ratioOf(a, d);
    const rest = (x: Expr, y: Expr): Expr => simplify(sub(x, mul(share, y)));
    const [b2, c2] = [rest(b, g), rest(c, f)];
    if (none(b2) && none(c2)) throw new Underivable('is constant', e);
    return quadraticPieces(setting, p, zero, b2, c2, d, g, f, e).map((q) => outward(q, shifting(share)));
  }
  if (none(g)) {
    needNonzero(setting, f);
    const [A, B, C] = [ratioOf(a, f), ratioOf(b, f), ratioOf(c, f)];
    if (none(A)) {
      if (none(B)) throw new Underivable('is constant', e);
      needNonzero(setting, B);
      return [outward(outward(p, scaling(B)), shifting(C))];
    }
    needNonzero(setting, A);
    const half = ratioOf(B, mul(num(2), A));
    return powerPieces(setting, outward(p, shifting(half)), 2, e).map((q) =>
      outward(outward(q, scaling(A)), shifting(simplify(sub(C, mul(A, square(half)))))),
    );
  }
  // With h = g u + f the ratio is alpha h + beta + gamma / h.
  needNonzero(setting, g);
  const inner = outward(outward(p, scaling(g)), shifting(f));
  const alpha = simplify(div(a, square(g)));
  const beta = simplify(sub(div(b, g), div(mul(mul(num(2), a), f), square(g))));
  const gamma = simplify(add(sub(c, div(mul(b, f), g)), div(mul(a, square(f)), square(g))));
  const moved = (q: MonotonePiece): MonotonePiece => outward(q, shifting(beta));
  if (none(gamma)) {
    if (none(alpha)) throw new Underivable('is constant', e);
    return [moved(outward(inner, scaling(alpha)))];
  }
  needNonzero(setting, gamma);
  if (none(alpha)) return powerPieces(setting, inner, -1, e).map((q) => moved(outward(q, scaling(gamma))));
  const signs = signOf(alpha) * signOf(gamma);
  if (signs === 0) throw new Underivable('has an inverse whose branches depend on the signs of its coefficients', e);
  const [below, above] = cut(setting, inner, zero, true);
  return (
    [
      [-1, below],
      [1, above],
    ] as const
  ).flatMap(([side, piece]) => {
    if (piece === null) return [];
    if (signs < 0) return [moved(outward(piece, hyperbola(alpha, gamma, side, null)))];
    // One-to-one on either side of the critical point; beyond it lies the part that goes to infinity.
    const critical = simplify(mul(num(side), pow(div(gamma, alpha), num(0.5))));
    return cut(setting, piece, critical, true).flatMap((part, k) =>
      part === null ? [] : [moved(outward(part, hyperbola(alpha, gamma, side, side > 0 === (k === 1))))],
    );
  });
}

/**
 * alpha h + gamma / h on one side of the pole, one-to-one: for alpha gamma < 0 on the whole side, else on its
 * outer (beyond the critical point) or inner part. The root is taken in the form that does not cancel.
 */
function hyperbola(alpha: Expr, gamma: Expr, side: -1 | 1, outer: boolean | null): Step {
  const rootOf = (y: Expr): Expr => pow(apply('max', sub(square(y), mul(num(4), mul(alpha, gamma))), zero), num(0.5));
  const rising = outer === null || outer ? signOf(alpha) : -signOf(alpha);
  return {
    increasing: num(rising > 0 ? 1 : 0),
    at: (h) => {
      if (isConst(h, 0)) return num(side * signOf(gamma) * Infinity);
      if (isInfinite(h)) return num(side * signOf(alpha) * Infinity);
      return simplify(add(mul(alpha, h), div(gamma, h)));
    },
    inverse: (y) => {
      // Roots of alpha h^2 - y h + gamma = 0: q / alpha and gamma / q with q = (y + sign(y) root) / 2.
      const root = rootOf(y);
      const q = mul(num(0.5), cond(apply('ge', y, zero), add(y, root), sub(y, root)));
      const large = div(q, alpha),
        small = div(gamma, q);
      if (outer !== null) return outer ? large : small;
      // alpha gamma < 0: one root is positive, the other negative; q has the sign of y.
      const positive = cond(apply('ge', y, zero), signOf(alpha) > 0 ? large : small, signOf(alpha) > 0 ? small : large);
      const negative = cond(apply('ge', y, zero), signOf(alpha) > 0 ? small : large, signOf(alpha) > 0 ? large : small);
      return side > 0 ? positive : negative;
    },
    // |alpha - gamma / h^2| = root / |h|.
    logSlope: (h, y) => sub(log(rootOf(y)), log(apply('abs', h))),
  };
}

function ratioOf(a: Expr, b: Expr): Expr {
  return isConst(a, 0) ? zero : simplify(div(a, b));
}
