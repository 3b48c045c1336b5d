/**
 * Elementary functions written so that no digits cancel and nothing overflows: the logistic function and its inverse,
 * x log y, log(e^a - e^b), log(1 + x^2). Arguments outside a domain give NaN, nothing throws.
 */
import { logSubtractExp } from '../logSpace.js';

/** 1/(1 + e^-x). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** log(p/(1 - p)), accurate also next to p = 1/2 and p = 0. */
export function logit(p: number): number {
  return p > 0.25 && p < 0.75 ? Math.log1p((2 * p - 1) / (1 - p)) : Math.log(p) - Math.log1p(-p);
}

/** The nearest integer; halves go away from zero, as in C and Stan (`Math.round` takes them upwards). */
export function round(x: number): number {
  return x < 0 ? -Math.round(-x) : Math.round(x);
}

/** x log y, and 0 where x = 0 whatever y is. */
export function xlogy(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log(y);
}

/** x log(1 - y), and 0 where x = 0 whatever y is. */
export function xlog1my(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log1p(-y);
}

/** log(r) - (r - 1), given r and x = r - 1 apart so that neither loses its small digits. */
export function logMinus(r: number, x: number): number {
  if (!(x > -0.3 && x < 0.45)) return Math.log(r) - x;
  const numerator =
    -0.5 +
    x *
      (-1.3654131731171422 +
        x *
          (-1.3793305962315552 +
            x * (-0.6292259217485171 + x * (-0.12496355229320869 + x * (-0.0081401747193293322 + x * -4.8751892070324099e-6)))));
  const denominator =
    1 +
    x *
      (3.3974930129009513 +
        x *
          (4.5236565343970749 +
            x * (2.9754763599779066 + x * (0.99741361586730237 + x * (0.15616380853511599 + x * 0.008429470041141059)))));
  return x * x * (numerator / denominator);
}

/** log(e^a - e^b) for a >= b, and -Infinity where rounding has put b above a. */
export function logMinusExp(a: number, b: number): number {
  return b >= a ? -Infinity : logSubtractExp(a, b);
}

/** log(1 + x^2), where the square overflows too. */
export function log1pSquare(x: number): number {
  return Math.abs(x) > 1e100 ? 2 * Math.log(Math.abs(x)) : Math.log1p(x * x);
}
