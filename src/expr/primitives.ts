/**
 * The table of scalar primitives: for each its value, its partial derivatives as expressions, its
 * JavaScript text, its cost and whether its result is an integer, in one row, so that none can be
 * forgotten. Derivatives are those of calculus (any standard table; DLMF for the special
 * functions); the law test compares each with finite differences.
 */
import { add, apply, cond, div, exp, log, mul, neg, num, one, pow, square, sub, type Expr } from './expr.js';
import { softplus } from '../numeric/exponential.js';
import * as elementary from '../numeric/special/elementary.js';
import * as gammaFunction from '../numeric/special/gamma.js';
import * as errorFunction from '../numeric/special/errorFunction.js';
import * as normalLaw from '../numeric/special/normal.js';
import * as countMasses from '../numeric/special/countMasses.js';
import * as incompleteGamma from '../numeric/special/incompleteGamma.js';
import * as incompleteBeta from '../numeric/special/incompleteBeta.js';
import * as studentLaw from '../numeric/special/student.js';
import * as shapeDerivatives from '../numeric/special/shapeDerivatives.js';
import * as countQuantiles from '../numeric/special/countQuantiles.js';
import * as circular from '../numeric/vonMises.js';
import { implicitFunction, isRoot } from './implicit.js';

export interface Primitive {
  readonly name: string;
  readonly arity: number;
  evaluate(...x: readonly number[]): number;
  /** Partial derivatives with respect to each argument; null where one is zero almost everywhere. Absent: not differentiable here. */
  derivative?(...args: readonly Expr[]): readonly (Expr | null)[];
  /** JavaScript text from the texts of the arguments; null: a call of the runtime function of this name. */
  readonly javascript: ((...args: readonly string[]) => string) | null;
  /** Rough time of one evaluation in nanoseconds. */
  readonly cost: number;
  /** Whether the result is an integer; 'inherit': where all arguments are. */
  readonly integer: boolean | 'inherit';
}

type Row = Omit<Primitive, 'name' | 'arity'>;

/** Number of a JavaScript numeric literal, or null for any other text. */
export function literalValue(text: string): number | null {
  const bare = /^\((.*)\)$/.exec(text)?.[1] ?? text;
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(bare) ? Number(bare) : null;
}

/** Text that may be repeated without repeating work: a name, a literal, or an element at a plain index. */
function isRepeatable(text: string): boolean {
  return literalValue(text) !== null || /^[A-Za-z_$][\w$]*(\[[\w$]+\])?$/.test(text);
}

/** `base ** exponent` with the cheap forms of constant exponents. */
function powText(base: string, exponent: string): string {
  const repeat = isRepeatable(base);
  const square = repeat ? `(${base}*${base})` : `((${base})**2)`;
  switch (literalValue(exponent)) {
    case 0:
      return '1';
    case 1:
      return `(${base})`;
    case 2:
      return square;
    case -1:
      return `(1/(${base}))`;
    case -2:
      return `(1/${square})`;
    case 0.5:
      return `Math.sqrt(${base})`;
    case -0.5:
      return `(1/Math.sqrt(${base}))`;
    case 3:
      if (repeat) return `(${base}*${base}*${base})`;
      break;
    case -3:
      if (repeat) return `(1/(${base}*${base}*${base}))`;
      break;
    case 4:
      if (repeat) return `(${square}*${square})`;
      break;
    case 1.5:
      if (repeat) return `(${base}*Math.sqrt(${base}))`;
      break;
    case -1.5:
      if (repeat) return `(1/(${base}*Math.sqrt(${base})))`;
      break;
    default:
      break;
  }
  return `Math.pow(${base},${exponent})`;
}

function infix(operator: string): (a: string, b: string) => string {
  // The space keeps `a - -b` from reading as a decrement.
  return (a, b) => `(${a} ${operator} ${b})`;
}
function comparison(operator: string): (a: string, b: string) => string {
  return (a, b) => `(${a} ${operator} ${b}?1:0)`;
}
function mathCall(name: string): (...args: readonly string[]) => string {
  return (...args) => `Math.${name}(${args.join(',')})`;
}
const nowhere1 = (): readonly null[] => [null];
const nowhere2 = (): readonly null[] => [null, null];
const nowhere3 = (): readonly null[] => [null, null, null];
const nowhere4 = (): readonly null[] => [null, null, null, null];

const reciprocal = (x: Expr): Expr => pow(x, num(-1));
const logBeta = (a: Expr, b: Expr): Expr => apply('lbeta', a, b);
const halfLogTwoPi = num(0.5 * Math.log(2 * Math.PI));
/** log of the standard normal density. */
const logPhiDensity = (x: Expr): Expr => sub(mul(num(-0.5), square(x)), halfLogTwoPi);
/** Log density at x of Gamma(a, 1), and the density. */
const logGammaDensity = (a: Expr, x: Expr): Expr => sub(sub(apply('xlogy', sub(a, one), x), x), apply('lgamma', a));
const gammaDensity = (a: Expr, x: Expr): Expr => exp(logGammaDensity(a, x));
/** Log density at x of Beta(a, b), and the density. */
const logBetaDensity = (x: Expr, a: Expr, b: Expr): Expr =>
  sub(add(apply('xlogy', sub(a, one), x), apply('xlog1my', sub(b, one), x)), logBeta(a, b));
const betaDensity = (x: Expr, a: Expr, b: Expr): Expr => exp(logBetaDensity(x, a, b));
/** Log density at t of Student's t with df degrees of freedom, and the density. */
const logStudentDensity = (t: Expr, df: Expr): Expr =>
  sub(
    mul(mul(num(-0.5), add(df, one)), apply('log1pSquare', div(t, pow(df, num(0.5))))),
    add(mul(num(0.5), log(df)), logBeta(mul(num(0.5), df), num(0.5))),
  );
const studentDensity = (t: Expr, df: Expr): Expr => exp(logStudentDensity(t, df));
/** Log density at x of the von Mises law, and the density. */
const logVonMisesDensity = (x: Expr, loc: Expr, concentration: Expr): Expr =>
  sub(
    mul(num(-2), mul(concentration, square(apply('sin', mul(num(0.5), sub(x, loc)))))),
    add(num(Math.log(2 * Math.PI)), apply('logScaledBesselI0', concentration)),
  );
const vonMisesDensity = (x: Expr, loc: Expr, concentration: Expr): Expr => exp(logVonMisesDensity(x, loc, concentration));
/** Partial derivatives of the von Mises distribution function from -pi to x. */
const vonMisesSlopes = (x: Expr, loc: Expr, concentration: Expr): readonly [Expr, Expr, Expr] => {
  const here = vonMisesDensity(x, loc, concentration);
  // Turning the law moves mass in at -pi and out at x.
  return [here, sub(vonMisesDensity(num(-Math.PI), loc, concentration), here), apply('vonMisesCdfSlope', x, loc, concentration)];
};

const rows: Readonly<Record<string, readonly [arity: number, row: Row]>> = {
  // --- arithmetic
  add: [2, { evaluate: (a, b) => a + b, derivative: () => [one, one], javascript: infix('+'), cost: 1, integer: 'inherit' }],
  sub: [2, { evaluate: (a, b) => a - b, derivative: () => [one, num(-1)], javascript: infix('-'), cost: 1, integer: 'inherit' }],
  mul: [2, { evaluate: (a, b) => a * b, derivative: (a, b) => [b, a], javascript: infix('*'), cost: 1, integer: 'inherit' }],
  div: [
    2,
    {
      evaluate: (a, b) => a / b,
      derivative: (a, b) => [reciprocal(b), neg(div(a, square(b)))],
      javascript: infix('/'),
      cost: 4,
      integer: false,
    },
  ],
  neg: [
    1,
    {
      evaluate: (a) => -a,
      derivative: () => [num(-1)],
      javascript: (a) => `(-${a.startsWith('-') ? `(${a})` : a})`,
      cost: 1,
      integer: 'inherit',
    },
  ],
  pow: [
    2,
    {
      evaluate: (a, b) => a ** b,
      // d/db is a^b log a, 0 at a = 0.
      derivative: (a, b) => [mul(b, pow(a, sub(b, one))), b.op === 'const' ? null : apply('xlogy', pow(a, b), a)],
      javascript: powText,
      cost: 20,
      integer: false,
    },
  ],
  abs: [
    1,
    { evaluate: (a) => Math.abs(a), derivative: (a) => [apply('sign', a)], javascript: mathCall('abs'), cost: 1, integer: 'inherit' },
  ],
  // At a tie the derivative is that of the first argument.
  min: [
    2,
    {
      evaluate: (a, b) => Math.min(a, b),
      derivative: (a, b) => [apply('le', a, b), apply('gt', a, b)],
      javascript: mathCall('min'),
      cost: 2,
      integer: 'inherit',
    },
  ],
  max: [
    2,
    {
      evaluate: (a, b) => Math.max(a, b),
      derivative: (a, b) => [apply('ge', a, b), apply('lt', a, b)],
      javascript: mathCall('max'),
      cost: 2,
      integer: 'inherit',
    },
  ],
  floor: [1, { evaluate: (a) => Math.floor(a), derivative: nowhere1, javascript: mathCall('floor'), cost: 1, integer: true }],
  ceil: [1, { evaluate: (a) => Math.ceil(a), derivative: nowhere1, javascript: mathCall('ceil'), cost: 1, integer: true }],
  /** Halves go away from zero. */
  round: [1, { evaluate: elementary.round, derivative: nowhere1, javascript: null, cost: 2, integer: true }],
  sign: [1, { evaluate: (a) => Math.sign(a), derivative: nowhere1, javascript: mathCall('sign'), cost: 1, integer: 'inherit' }],

  // --- comparisons and logic, 0 or 1
  lt: [2, { evaluate: (a, b) => (a < b ? 1 : 0), derivative: nowhere2, javascript: comparison('<'), cost: 1, integer: true }],
  le: [2, { evaluate: (a, b) => (a <= b ? 1 : 0), derivative: nowhere2, javascript: comparison('<='), cost: 1, integer: true }],
  gt: [2, { evaluate: (a, b) => (a > b ? 1 : 0), derivative: nowhere2, javascript: comparison('>'), cost: 1, integer: true }],
  ge: [2, { evaluate: (a, b) => (a >= b ? 1 : 0), derivative: nowhere2, javascript: comparison('>='), cost: 1, integer: true }],
  eq: [2, { evaluate: (a, b) => (a === b ? 1 : 0), derivative: nowhere2, javascript: comparison('==='), cost: 1, integer: true }],
  ne: [2, { evaluate: (a, b) => (a !== b ? 1 : 0), derivative: nowhere2, javascript: comparison('!=='), cost: 1, integer: true }],
  and: [
    2,
    {
      evaluate: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
      derivative: nowhere2,
      javascript: (a, b) => `(${a} !== 0 && ${b} !== 0?1:0)`,
      cost: 1,
      integer: true,
    },
  ],
  or: [
    2,
    {
      evaluate: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
      derivative: nowhere2,
      javascript: (a, b) => `(${a} !== 0 || ${b} !== 0?1:0)`,
      cost: 1,
      integer: true,
    },
  ],
  not: [1, { evaluate: (a) => (a === 0 ? 1 : 0), derivative: nowhere1, javascript: (a) => `(${a} === 0?1:0)`, cost: 1, integer: true }],

  // --- elementary functions
  exp: [1, { evaluate: (a) => Math.exp(a), derivative: (a) => [exp(a)], javascript: mathCall('exp'), cost: 12, integer: false }],
  log: [1, { evaluate: (a) => Math.log(a), derivative: (a) => [reciprocal(a)], javascript: mathCall('log'), cost: 12, integer: false }],
  log10: [
    1,
    {
      evaluate: (a) => Math.log10(a),
      derivative: (a) => [mul(num(Math.LOG10E), reciprocal(a))],
      javascript: mathCall('log10'),
      cost: 15,
      integer: false,
    },
  ],
  log2: [
    1,
    {
      evaluate: (a) => Math.log2(a),
      derivative: (a) => [mul(num(Math.LOG2E), reciprocal(a))],
      javascript: mathCall('log2'),
      cost: 15,
      integer: false,
    },
  ],
  log1p: [
    1,
    {
      evaluate: (a) => Math.log1p(a),
      derivative: (a) => [reciprocal(add(one, a))],
      javascript: mathCall('log1p'),
      cost: 15,
      integer: false,
    },
  ],
  expm1: [1, { evaluate: (a) => Math.expm1(a), derivative: (a) => [exp(a)], javascript: mathCall('expm1'), cost: 15, integer: false }],
  sin: [1, { evaluate: (a) => Math.sin(a), derivative: (a) => [apply('cos', a)], javascript: mathCall('sin'), cost: 15, integer: false }],
  cos: [
    1,
    { evaluate: (a) => Math.cos(a), derivative: (a) => [neg(apply('sin', a))], javascript: mathCall('cos'), cost: 15, integer: false },
  ],
  tan: [
    1,
    {
      evaluate: (a) => Math.tan(a),
      derivative: (a) => [pow(apply('cos', a), num(-2))],
      javascript: mathCall('tan'),
      cost: 20,
      integer: false,
    },
  ],
  atan: [
    1,
    {
      evaluate: (a) => Math.atan(a),
      derivative: (a) => [reciprocal(add(one, square(a)))],
      javascript: mathCall('atan'),
      cost: 15,
      integer: false,
    },
  ],
  tanh: [
    1,
    {
      evaluate: (a) => Math.tanh(a),
      derivative: (a) => [sub(one, square(apply('tanh', a)))],
      javascript: mathCall('tanh'),
      cost: 20,
      integer: false,
    },
  ],
  sigmoid: [
    1,
    {
      evaluate: elementary.sigmoid,
      // sigmoid(-x) rather than 1 - sigmoid(x), which cancels for large x.
      derivative: (a) => [mul(apply('sigmoid', a), apply('sigmoid', neg(a)))],
      javascript: (a) => `(1/(1+Math.exp(-(${a}))))`,
      cost: 16,
      integer: false,
    },
  ],
  logit: [
    1,
    { evaluate: elementary.logit, derivative: (p) => [reciprocal(mul(p, sub(one, p)))], javascript: null, cost: 25, integer: false },
  ],
  softplus: [1, { evaluate: softplus, derivative: (a) => [apply('sigmoid', a)], javascript: null, cost: 30, integer: false }],
  xlogy: [2, { evaluate: elementary.xlogy, derivative: (x, y) => [log(y!), div(x, y!)], javascript: null, cost: 13, integer: false }],
  xlog1my: [
    2,
    {
      evaluate: elementary.xlog1my,
      derivative: (x, y) => [apply('log1p', neg(y!)), neg(div(x, sub(one, y!)))],
      javascript: null,
      cost: 16,
      integer: false,
    },
  ],

  /** log(e^a - e^b). */
  logMinusExp: [
    2,
    {
      evaluate: elementary.logMinusExp,
      derivative: (a, b) => [neg(reciprocal(apply('expm1', sub(b, a)))), neg(reciprocal(apply('expm1', sub(a, b))))],
      javascript: null,
      cost: 30,
      integer: false,
    },
  ],
  /** log(1 + a^2). */
  log1pSquare: [
    1,
    {
      evaluate: elementary.log1pSquare,
      derivative: (a) => [mul(mul(num(2), a), reciprocal(add(one, square(a))))],
      javascript: null,
      cost: 17,
      integer: false,
    },
  ],

  // --- error function and normal distribution
  erf: [
    1,
    {
      evaluate: errorFunction.erf,
      derivative: (a) => [mul(num(2 / Math.sqrt(Math.PI)), exp(neg(square(a))))],
      javascript: null,
      cost: 30,
      integer: false,
    },
  ],
  erfc: [
    1,
    {
      evaluate: errorFunction.erfc,
      derivative: (a) => [mul(num(-2 / Math.sqrt(Math.PI)), exp(neg(square(a))))],
      javascript: null,
      cost: 30,
      integer: false,
    },
  ],
  Phi: [1, { evaluate: normalLaw.Phi, derivative: (a) => [exp(logPhiDensity(a))], javascript: null, cost: 30, integer: false }],
  logPhi: [1, { evaluate: normalLaw.logPhi, derivative: (a) => [apply('inverseMills', a)], javascript: null, cost: 45, integer: false }],
  /** phi(x)/Phi(x), the derivative of logPhi. */
  inverseMills: [
    1,
    {
      evaluate: normalLaw.inverseMills,
      derivative: (a) => {
        const ratio = apply('inverseMills', a);
        return [neg(mul(ratio, add(a, ratio)))];
      },
      javascript: null,
      cost: 40,
      integer: false,
    },
  ],
  normalQuantile: [
    1,
    {
      evaluate: normalLaw.normalQuantile,
      derivative: (p) => [exp(neg(logPhiDensity(apply('normalQuantile', p))))],
      javascript: null,
      cost: 40,
      integer: false,
    },
  ],

  // --- gamma and beta functions
  lgamma: [1, { evaluate: gammaFunction.lgamma, derivative: (a) => [apply('digamma', a)], javascript: null, cost: 50, integer: false }],
  digamma: [1, { evaluate: gammaFunction.digamma, derivative: (a) => [apply('trigamma', a)], javascript: null, cost: 50, integer: false }],
  trigamma: [
    1,
    { evaluate: gammaFunction.trigamma, derivative: (a) => [apply('tetragamma', a)], javascript: null, cost: 50, integer: false },
  ],
  /** The derivative of trigamma. */
  tetragamma: [1, { evaluate: gammaFunction.tetragamma, javascript: null, cost: 50, integer: false }],
  lbeta: [
    2,
    {
      evaluate: gammaFunction.lbeta,
      derivative: (a, b) => [neg(apply('digammaRise', a, b)), neg(apply('digammaRise', b, a))],
      javascript: null,
      cost: 100,
      integer: false,
    },
  ],
  /** log Gamma(r + x) - log Gamma(r), which keeps its digits where r is large. */
  logRisingFactorial: [
    2,
    {
      evaluate: gammaFunction.logRisingFactorial,
      derivative: (r, x) => [apply('digammaRise', r, x), apply('digamma', add(r, x))],
      javascript: null,
      cost: 80,
      integer: false,
    },
  ],
  /** Psi(r + x) - Psi(r). */
  digammaRise: [
    2,
    {
      evaluate: gammaFunction.digammaRise,
      derivative: (r, x) => {
        const both = apply('trigamma', add(r, x));
        return [sub(both, apply('trigamma', r)), both];
      },
      javascript: null,
      cost: 80,
      integer: false,
    },
  ],
  lchoose: [
    2,
    {
      evaluate: gammaFunction.lchoose,
      derivative: (n, k) => {
        const rest = apply('digamma', add(sub(n, k), one));
        return [sub(apply('digamma', add(n, one)), rest), sub(rest, apply('digamma', add(k, one)))];
      },
      javascript: null,
      cost: 120,
      integer: false,
    },
  ],

  // --- masses of counts, which keep their digits where the counts are large
  logPoissonMass: [
    2,
    {
      evaluate: countMasses.logPoissonMass,
      derivative: (x, rate) => [sub(log(rate), apply('digamma', add(x, one))), div(sub(x, rate), rate)],
      javascript: null,
      cost: 60,
      integer: false,
    },
  ],
  logBinomialMass: [
    4,
    {
      evaluate: countMasses.logBinomialMass,
      derivative: (x, n, p, q) => {
        const rest = sub(n!, x!),
          byRest = apply('digamma', add(rest, one));
        return [
          add(sub(byRest, apply('digamma', add(x!, one))), sub(log(p!), log(q!))),
          add(sub(apply('digamma', add(n!, one)), byRest), log(q!)),
          // p + q stays 1, so that what both lose by n times their change is nothing.
          div(sub(x!, mul(n!, p!)), p!),
          div(sub(rest, mul(n!, q!)), q!),
        ];
      },
      javascript: null,
      cost: 120,
      integer: false,
    },
  ],
  logNegativeBinomialMass: [
    4,
    {
      evaluate: countMasses.logNegativeBinomialMass,
      derivative: (x, r, p, q) => {
        const both = apply('digamma', add(x!, r!));
        return [
          add(sub(both, apply('digamma', add(x!, one))), log(q!)),
          add(sub(both, apply('digamma', r!)), log(p!)),
          div(sub(r!, mul(add(x!, r!), p!)), p!),
          div(sub(x!, mul(add(x!, r!), q!)), q!),
        ];
      },
      javascript: null,
      cost: 120,
      integer: false,
    },
  ],

  // --- distribution functions and quantiles
  gammaP: [
    2,
    {
      evaluate: incompleteGamma.gammaP,
      derivative: (a, x) => [apply('gammaPShapeDerivative', a, x), gammaDensity(a, x)],
      javascript: null,
      cost: 200,
      integer: false,
    },
  ],
  gammaQ: [
    2,
    {
      evaluate: incompleteGamma.gammaQ,
      derivative: (a, x) => [neg(apply('gammaPShapeDerivative', a, x)), neg(gammaDensity(a, x))],
      javascript: null,
      cost: 200,
      integer: false,
    },
  ],
  logGammaP: [
    2,
    {
      evaluate: incompleteGamma.logGammaP,
      derivative: (a, x) => [apply('logGammaPShapeDerivative', a, x), exp(sub(logGammaDensity(a, x), apply('logGammaP', a, x)))],
      javascript: null,
      cost: 220,
      integer: false,
    },
  ],
  logGammaQ: [
    2,
    {
      evaluate: incompleteGamma.logGammaQ,
      derivative: (a, x) => [apply('logGammaQShapeDerivative', a, x), neg(exp(sub(logGammaDensity(a, x), apply('logGammaQ', a, x))))],
      javascript: null,
      cost: 220,
      integer: false,
    },
  ],
  logGammaPShapeDerivative: [2, { evaluate: shapeDerivatives.logGammaPShapeDerivative, javascript: null, cost: 1800, integer: false }],
  logGammaQShapeDerivative: [2, { evaluate: shapeDerivatives.logGammaQShapeDerivative, javascript: null, cost: 1800, integer: false }],
  /** dP(a, x)/da. */
  gammaPShapeDerivative: [2, { evaluate: shapeDerivatives.gammaPShapeDerivative, javascript: null, cost: 2500, integer: false }],
  gammaPInverse: [
    2,
    {
      evaluate: incompleteGamma.gammaPInverse,
      // By the implicit function theorem on P(a, x) = u.
      derivative: (a, u) => {
        const x = apply('gammaPInverse', a, u),
          density = gammaDensity(a, x);
        return [neg(div(apply('gammaPShapeDerivative', a, x), density)), reciprocal(density)];
      },
      javascript: null,
      cost: 1000,
      integer: false,
    },
  ],
  gammaQInverse: [
    2,
    {
      evaluate: incompleteGamma.gammaQInverse,
      derivative: (a, u) => {
        const x = apply('gammaQInverse', a, u),
          density = gammaDensity(a, x);
        return [neg(div(apply('gammaPShapeDerivative', a, x), density)), neg(reciprocal(density))];
      },
      javascript: null,
      cost: 1000,
      integer: false,
    },
  ],
  betaI: [
    3,
    {
      evaluate: incompleteBeta.betaI,
      derivative: (x, a, b) => [betaDensity(x, a, b), apply('betaIFirstDerivative', x, a, b), apply('betaISecondDerivative', x, a, b)],
      javascript: null,
      cost: 300,
      integer: false,
    },
  ],
  betaIComplement: [
    3,
    {
      evaluate: incompleteBeta.betaIComplement,
      derivative: (x, a, b) => [
        neg(betaDensity(x, a, b)),
        neg(apply('betaIFirstDerivative', x, a, b)),
        neg(apply('betaISecondDerivative', x, a, b)),
      ],
      javascript: null,
      cost: 300,
      integer: false,
    },
  ],
  logBetaIComplement: [
    3,
    {
      evaluate: incompleteBeta.logBetaIComplement,
      // Of the mirror image, 1 - x under (b, a).
      derivative: (x, a, b) => [
        neg(exp(sub(logBetaDensity(x, a, b), apply('logBetaIComplement', x, a, b)))),
        apply('logBetaISecondDerivative', sub(one, x), b, a),
        apply('logBetaIFirstDerivative', sub(one, x), b, a),
      ],
      javascript: null,
      cost: 330,
      integer: false,
    },
  ],
  /** dI_x(a, b)/da. */
  betaIFirstDerivative: [3, { evaluate: shapeDerivatives.betaIFirstDerivative, javascript: null, cost: 3000, integer: false }],
  /** dI_x(a, b)/db. */
  betaISecondDerivative: [3, { evaluate: shapeDerivatives.betaISecondDerivative, javascript: null, cost: 3000, integer: false }],
  logBetaI: [
    3,
    {
      evaluate: incompleteBeta.logBetaI,
      derivative: (x, a, b) => [
        exp(sub(logBetaDensity(x, a, b), apply('logBetaI', x, a, b))),
        apply('logBetaIFirstDerivative', x, a, b),
        apply('logBetaISecondDerivative', x, a, b),
      ],
      javascript: null,
      cost: 330,
      integer: false,
    },
  ],
  logBetaIFirstDerivative: [3, { evaluate: shapeDerivatives.logBetaIFirstDerivative, javascript: null, cost: 3000, integer: false }],
  logBetaISecondDerivative: [3, { evaluate: shapeDerivatives.logBetaISecondDerivative, javascript: null, cost: 3000, integer: false }],
  betaIInverse: [
    3,
    {
      evaluate: incompleteBeta.betaIInverse,
      derivative: (u, a, b) => {
        const x = apply('betaIInverse', u, a, b),
          density = betaDensity(x, a, b);
        return [
          reciprocal(density),
          neg(div(apply('betaIFirstDerivative', x, a, b), density)),
          neg(div(apply('betaISecondDerivative', x, a, b), density)),
        ];
      },
      javascript: null,
      cost: 2000,
      integer: false,
    },
  ],
  studentCdf: [
    2,
    {
      evaluate: studentLaw.studentCdf,
      derivative: (t, df) => [studentDensity(t, df), apply('studentCdfDerivative', t, df)],
      javascript: null,
      cost: 300,
      integer: false,
    },
  ],
  /** d studentCdf(t, df)/d df. */
  studentCdfDerivative: [2, { evaluate: shapeDerivatives.studentCdfDerivative, javascript: null, cost: 3000, integer: false }],
  logStudentCdf: [
    2,
    {
      evaluate: studentLaw.logStudentCdf,
      derivative: (t, df) => [exp(sub(logStudentDensity(t, df), apply('logStudentCdf', t, df))), apply('logStudentCdfDerivative', t, df)],
      javascript: null,
      cost: 330,
      integer: false,
    },
  ],
  logStudentCdfDerivative: [2, { evaluate: shapeDerivatives.logStudentCdfDerivative, javascript: null, cost: 3000, integer: false }],
  studentQuantile: [
    2,
    {
      evaluate: studentLaw.studentQuantile,
      derivative: (u, df) => {
        const t = apply('studentQuantile', u, df),
          density = studentDensity(t, df);
        return [reciprocal(density), neg(div(apply('studentCdfDerivative', t, df), density))];
      },
      javascript: null,
      cost: 2000,
      integer: false,
    },
  ],
  poissonQuantile: [2, { evaluate: countQuantiles.poissonQuantile, derivative: nowhere2, javascript: null, cost: 1500, integer: true }],
  binomialQuantile: [3, { evaluate: countQuantiles.binomialQuantile, derivative: nowhere3, javascript: null, cost: 2000, integer: true }],
  negativeBinomialQuantile: [
    3,
    { evaluate: countQuantiles.negativeBinomialQuantile, derivative: nowhere3, javascript: null, cost: 2000, integer: true },
  ],
  betaBinomialQuantile: [
    4,
    { evaluate: countQuantiles.betaBinomialQuantile, derivative: nowhere4, javascript: null, cost: 20_000, integer: true },
  ],
  hypergeometricQuantile: [
    4,
    { evaluate: countQuantiles.hypergeometricQuantile, derivative: nowhere4, javascript: null, cost: 20_000, integer: true },
  ],

  // --- Bessel functions and the von Mises distribution
  /** log(e^-x I_0(x)). */
  logScaledBesselI0: [
    1,
    {
      evaluate: circular.logScaledBesselI0,
      derivative: (x) => [sub(apply('besselRatio', x), one)],
      javascript: null,
      cost: 60,
      integer: false,
    },
  ],
  /** I_1(x) / I_0(x). */
  besselRatio: [
    1,
    {
      evaluate: circular.besselRatio,
      derivative: (x) => {
        const ratio = apply('besselRatio', x);
        return [cond(apply('gt', x, num(0)), sub(sub(one, div(ratio, x)), square(ratio)), num(0.5))];
      },
      javascript: null,
      cost: 80,
      integer: false,
    },
  ],
  vonMisesCdf: [3, { evaluate: circular.vonMisesCdf, derivative: vonMisesSlopes, javascript: null, cost: 3000, integer: false }],
  vonMisesSurvival: [
    3,
    {
      evaluate: circular.vonMisesSurvival,
      derivative: (x, loc, concentration) => vonMisesSlopes(x!, loc!, concentration!).map(neg),
      javascript: null,
      cost: 3000,
      integer: false,
    },
  ],
  /** d vonMisesCdf / d concentration. */
  vonMisesCdfSlope: [3, { evaluate: circular.vonMisesCdfSlope, javascript: null, cost: 3000, integer: false }],
  logVonMisesMass: [
    4,
    {
      evaluate: circular.logVonMisesMass,
      derivative: (low, high, loc, concentration) => {
        const logMass = apply('logVonMisesMass', low!, high!, loc!, concentration!);
        const [atLow, atHigh] = [low!, high!].map((at) => exp(sub(logVonMisesDensity(at, loc!, concentration!), logMass)));
        return [neg(atLow!), atHigh!, sub(atLow!, atHigh!), apply('logVonMisesMassSlope', low!, high!, loc!, concentration!)];
      },
      javascript: null,
      cost: 6000,
      integer: false,
    },
  ],
  /** d logVonMisesMass / d concentration. */
  logVonMisesMassSlope: [4, { evaluate: circular.logVonMisesMassSlope, javascript: null, cost: 6000, integer: false }],
  vonMisesQuantile: [
    3,
    {
      evaluate: circular.vonMisesQuantile,
      // By the implicit function theorem on F(x) = u.
      derivative: (u, loc, concentration) => {
        const [density, inLoc, inConcentration] = vonMisesSlopes(apply('vonMisesQuantile', u!, loc!, concentration!), loc!, concentration!);
        return [reciprocal(density), neg(div(inLoc, density)), neg(div(inConcentration, density))];
      },
      javascript: null,
      cost: 20_000,
      integer: false,
    },
  ],
};

/** The rows by name, and implicit functions by the names that carry what they solve. */
class PrimitiveTable extends Map<string, Primitive> {
  override get(name: string): Primitive | undefined {
    const known = super.get(name);
    if (known !== undefined || !isRoot(name)) return known;
    const implicit = implicitFunction(name, (inner) => super.get(inner));
    return implicit === undefined ? undefined : { name, ...implicit };
  }
}

/** Every scalar primitive by name. */
export const primitives: ReadonlyMap<string, Primitive> = new PrimitiveTable(
  Object.entries(rows).map(([name, [arity, row]]): [string, Primitive] => [name, { name, arity, ...row }]),
);

/** Functions whose value is 0 or 1. */
export const truths: ReadonlySet<string> = new Set(['lt', 'le', 'gt', 'ge', 'eq', 'ne', 'and', 'or', 'not']);
