/**
 * One-to-one functions with their inverses and log slopes: increasing functions of one argument, distribution functions and
 * their quantiles, shifts, reflections and multiples.
 */
import { add, apply, div, exp, isConst, log, mul, neg, num, one, square, sub, zero, type Expr } from '../../expr/expr.js';
import { primitives } from '../../expr/primitives.js';
import { logOf, powOf, simplify } from '../../expr/simplify.js';
import { halfLogTwoPi } from '../notation.js';

/** True for the numbers Infinity and -Infinity. */
export function isInfinite(e: Expr): boolean {
  return isConst(e) && !Number.isFinite(e.value);
}

/** A primitive, evaluated where its arguments are numbers. */
export function folded(fn: string, ...args: readonly Expr[]): Expr {
  const values = args.map((a) => (isConst(a) ? a.value : null));
  if (values.every((v) => v !== null)) return num(primitives.get(fn)!.evaluate(...values));
  return apply(fn, ...args);
}

/** The sign that an expression has by its form; 0 where that is not known. */
export function signOf(e: Expr): -1 | 0 | 1 {
  switch (e.op) {
    case 'const':
      return e.value > 0 ? 1 : e.value < 0 ? -1 : 0;
    case 'size':
      return 1;
    case 'apply': {
      const [a, b] = e.args;
      switch (e.fn) {
        case 'exp':
        case 'sigmoid':
        case 'softplus':
        case 'Phi':
          return 1;
        case 'neg':
          return -signOf(a!) as -1 | 0 | 1;
        case 'mul':
        case 'div':
          return (signOf(a!) * signOf(b!)) as -1 | 0 | 1;
        case 'add':
          return signOf(a!) === signOf(b!) ? signOf(a!) : 0;
        case 'sub':
          return signOf(a!) === -signOf(b!) ? signOf(a!) : 0;
        case 'pow':
          return signOf(a!) === 1 ? 1 : 0;
        default:
          return 0;
      }
    }
    default:
      return 0;
  }
}

/** log |e| without the bars where the sign is known. */
export function logAbsolute(e: Expr): Expr {
  const sign = signOf(e);
  return sign > 0 ? logOf(e) : sign < 0 ? logOf(neg(e)) : isConst(e) ? num(Math.log(Math.abs(e.value))) : log(apply('abs', e));
}

/** A one-to-one function u -> y on the image of a piece. */
export interface Step {
  readonly increasing: Expr;
  /** Its value, limits at infinite ends included. */
  at(u: Expr): Expr;
  inverse(y: Expr): Expr;
  /** log |dy/du|, from u and y = at(u) whichever is simpler. */
  logSlope(u: Expr, y: Expr): Expr;
}

const logNormal = (u: Expr): Expr => sub(mul(num(-0.5), square(u)), halfLogTwoPi);

const logGamma = (a: Expr, x: Expr): Expr => sub(sub(mul(sub(a, one), log(x)), x), apply('lgamma', a));

const logBeta = (x: Expr, a: Expr, b: Expr): Expr =>
  sub(add(mul(sub(a, one), log(x)), mul(sub(b, one), apply('log1p', neg(x)))), apply('lbeta', a, b));

const logStudent = (t: Expr, df: Expr): Expr =>
  sub(
    mul(mul(num(-0.5), add(df, one)), apply('log1p', div(square(t), df))),
    add(mul(num(0.5), log(df)), apply('lbeta', mul(num(0.5), df), num(0.5))),
  );

/** Increasing functions of one argument; the domain is all values that can occur, cut by `domainsOfFunctions`. */
export const increasingFunctions: Readonly<Record<string, { inverse(y: Expr): Expr; logSlope(u: Expr, y: Expr): Expr }>> = {
  exp: { inverse: log, logSlope: (u) => u },
  expm1: { inverse: (y) => apply('log1p', y), logSlope: (u) => u },
  log: { inverse: exp, logSlope: (_, y) => neg(y) },
  log1p: { inverse: (y) => apply('expm1', y), logSlope: (_, y) => neg(y) },
  log2: { inverse: (y) => exp(mul(num(Math.LN2), y)), logSlope: (_, y) => sub(num(-Math.log(Math.LN2)), mul(num(Math.LN2), y)) },
  log10: { inverse: (y) => exp(mul(num(Math.LN10), y)), logSlope: (_, y) => sub(num(-Math.log(Math.LN10)), mul(num(Math.LN10), y)) },
  sigmoid: { inverse: (y) => apply('logit', y), logSlope: (_, y) => add(log(y), apply('log1p', neg(y))) },
  logit: { inverse: (y) => apply('sigmoid', y), logSlope: (_, y) => add(apply('softplus', y), apply('softplus', neg(y))) },
  // y + log(1 - e^-y), which keeps its digits for small and for large y.
  softplus: { inverse: (y) => add(y, log(neg(apply('expm1', neg(y))))), logSlope: (_, y) => log(neg(apply('expm1', neg(y)))) },
  tanh: {
    inverse: (y) => mul(num(0.5), sub(apply('log1p', y), apply('log1p', neg(y)))),
    logSlope: (_, y) => add(apply('log1p', y), apply('log1p', neg(y))),
  },
  atan: { inverse: (y) => apply('tan', y), logSlope: (u) => neg(apply('log1p', square(u))) },
  erf: {
    inverse: (y) => mul(num(Math.SQRT1_2), apply('normalQuantile', mul(num(0.5), add(y, one)))),
    logSlope: (u) => sub(num(Math.log(2 / Math.sqrt(Math.PI))), square(u)),
  },
  Phi: { inverse: (y) => apply('normalQuantile', y), logSlope: (u) => logNormal(u) },
  normalQuantile: { inverse: (y) => apply('Phi', y), logSlope: (_, y) => neg(logNormal(y)) },
};

/** Where the functions that are not defined everywhere are. */
export const domainsOfFunctions: Readonly<Record<string, readonly [number, number]>> = {
  log: [0, Infinity],
  log2: [0, Infinity],
  log10: [0, Infinity],
  log1p: [-1, Infinity],
  logit: [0, 1],
  normalQuantile: [0, 1],
};

/** Distribution functions and their inverses: position of the argument, inverse, log density at (value, other arguments). */
export const distributionFunctions: Readonly<
  Record<
    string,
    {
      readonly position: number;
      readonly inverse: string;
      readonly isQuantile: boolean;
      density(x: Expr, ...others: readonly Expr[]): Expr;
    }
  >
> = {
  gammaP: { position: 1, inverse: 'gammaPInverse', isQuantile: false, density: (x, a) => logGamma(a!, x) },
  gammaPInverse: { position: 1, inverse: 'gammaP', isQuantile: true, density: (x, a) => logGamma(a!, x) },
  betaI: { position: 0, inverse: 'betaIInverse', isQuantile: false, density: (x, a, b) => logBeta(x, a!, b!) },
  betaIInverse: { position: 0, inverse: 'betaI', isQuantile: true, density: (x, a, b) => logBeta(x, a!, b!) },
  studentCdf: { position: 0, inverse: 'studentQuantile', isQuantile: false, density: (x, df) => logStudent(x, df!) },
  studentQuantile: { position: 0, inverse: 'studentCdf', isQuantile: true, density: (x, df) => logStudent(x, df!) },
};

/** A function of `increasingFunctions`. */
export function simple(fn: string): Step {
  const row = increasingFunctions[fn]!;
  return { increasing: one, at: (u) => folded(fn, u), inverse: row.inverse, logSlope: row.logSlope };
}

/** u + c. */
export function shifting(c: Expr): Step {
  return { increasing: one, at: (u) => (isInfinite(u) ? u : simplify(add(c, u))), inverse: (y) => sub(y, c), logSlope: () => zero };
}

/** c - u. */
export function reflecting(c: Expr): Step {
  return { increasing: zero, at: (u) => (isInfinite(u) ? neg(u) : simplify(sub(c, u))), inverse: (y) => sub(c, y), logSlope: () => zero };
}

/** c u, c not 0. */
export function scaling(c: Expr): Step {
  const sign = signOf(c),
    slope = logAbsolute(c);
  const at = (u: Expr): Expr => {
    if (isConst(u, 0)) return zero;
    if (isInfinite(u)) return sign === 0 ? mul(apply('sign', c), u) : num((u as { value: number }).value * sign);
    return simplify(mul(c, u));
  };
  return {
    increasing: sign === 0 ? apply('gt', c, zero) : num(sign > 0 ? 1 : 0),
    at,
    inverse: (y) => (isConst(c) ? mul(num(1 / c.value), y) : mul(y, powOf(c, -1))),
    logSlope: () => slope,
  };
}
