/**
 * Laws of the table of primitives: derivatives against finite differences, JavaScript text against
 * `evaluate`, integer flags against values. Every row must have a grid of arguments here.
 */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/expr/evaluate.js';
import { num, ref } from '../../src/expr/expr.js';
import { literalValue, primitives } from '../../src/expr/primitives.js';
import { special } from '../numeric/specialFunctions.js';
import * as circular from '../../src/numeric/vonMises.js';

const line = [[-3.3], [-0.7], [0.4], [2.6]];
const positive = [[0.05], [0.7], [2.6], [40]];
const unit = [[0.002], [0.2], [0.6], [0.9]];
const pairs = [
  [-1.3, 0.8],
  [2.6, -0.4],
  [0.3, 0.9],
  [4.2, 3.1],
];
const logical = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const counts = [
  [0.03, 4.4, 0.3],
  [0.61, 20.5, 0.7],
];
/** Arguments inside the domain and away from jumps and kinks. */
const grids: Readonly<Record<string, readonly (readonly number[])[]>> = {
  add: pairs,
  sub: pairs,
  mul: pairs,
  div: pairs,
  neg: line,
  abs: line,
  min: pairs,
  max: pairs,
  pow: [
    [0.4, 2],
    [2.6, -1],
    [1.3, 0.5],
    [2.2, 2.7],
    [-1.7, 3],
    [0.3, -1.5],
    [5, -2],
    [1.1, 4],
    [0.7, 1.5],
    [0.6, -0.5],
    [0.9, -3],
  ],
  floor: line,
  ceil: line,
  round: line,
  sign: line,
  lt: pairs,
  le: pairs,
  gt: pairs,
  ge: pairs,
  eq: pairs,
  ne: pairs,
  and: logical,
  or: logical,
  not: [[0], [1]],
  exp: line,
  log: positive,
  log10: positive,
  log2: positive,
  log1p: positive,
  expm1: line,
  sin: line,
  cos: line,
  tan: line,
  atan: line,
  tanh: line,
  sigmoid: [...line, [30]],
  logit: unit,
  softplus: line,
  xlogy: [
    [0.5, 2],
    [3, 0.2],
    [0, 0.4],
  ],
  xlog1my: [
    [0.5, 0.2],
    [3, 0.9],
    [0, 0.4],
  ],
  erf: line,
  erfc: line,
  Phi: [...line, [-9]],
  logPhi: [...line, [-9], [-300]],
  inverseMills: [...line, [-9]],
  normalQuantile: unit,
  lgamma: [...positive, [-1.3]],
  digamma: positive,
  trigamma: positive,
  tetragamma: positive,
  lbeta: [
    [0.4, 3],
    [12, 7.5],
  ],
  logRisingFactorial: [
    [0.4, 3],
    [2.5, 0.7],
    [12, 7.5],
    [0.3, 40],
  ],
  digammaRise: [
    [0.4, 3],
    [2.5, 0.7],
    [12, 7.5],
    [0.3, 40],
  ],
  lchoose: [
    [7.3, 2.2],
    [30, 11.5],
  ],
  gammaP: [
    [0.6, 0.3],
    [4, 2],
    [4, 9],
    [60, 55],
  ],
  gammaQ: [
    [0.6, 0.3],
    [4, 2],
    [4, 9],
    [60, 55],
  ],
  gammaPShapeDerivative: [[4, 2]],
  logGammaP: [
    [0.6, 0.3],
    [4, 9],
    [60, 55],
    [900, 60],
  ],
  logGammaQ: [
    [0.6, 0.3],
    [4, 2],
    [60, 55],
    [4, 1200],
  ],
  logGammaPShapeDerivative: [[4, 2]],
  logGammaQShapeDerivative: [[4, 2]],
  logPoissonMass: [
    [3, 2.5],
    [40.5, 38],
    [900, 950],
  ],
  logBinomialMass: [
    [3, 10, 0.4, 0.6],
    [40, 90, 0.5, 0.5],
  ],
  logNegativeBinomialMass: [
    [3, 2.5, 0.4, 0.6],
    [40, 90, 0.6, 0.4],
  ],
  gammaPInverse: [
    [0.6, 0.3],
    [4, 0.02],
    [30, 0.9],
  ],
  gammaQInverse: [
    [0.6, 0.3],
    [4, 0.02],
    [30, 0.9],
  ],
  logMinusExp: [
    [0.4, -0.3],
    [-1250, -1290],
    [-700, -700.5],
  ],
  log1pSquare: [...line, [3e7]],
  betaIComplement: [
    [0.2, 0.7, 3],
    [0.6, 4, 2.5],
  ],
  logBetaIComplement: [
    [0.2, 0.7, 3],
    [0.6, 4, 2.5],
    [0.9, 3, 40],
  ],
  logBetaI: [
    [0.2, 0.7, 3],
    [0.6, 4, 2.5],
    [0.01, 400, 3],
    [0.3, 2, 900],
  ],
  logBetaIFirstDerivative: [[0.2, 0.7, 3]],
  logBetaISecondDerivative: [[0.2, 0.7, 3]],
  logStudentCdf: [
    [-2, 3],
    [0.7, 12],
    [-300, 150],
  ],
  logStudentCdfDerivative: [[-2, 3]],
  logVonMisesMass: [
    [-2, 1, 0.4, 2],
    [-2, 2.9, 3, 7],
    [-2.5, -2, 0.3, 900],
    [-0.5, 2, 0.3, 50],
  ],
  logVonMisesMassSlope: [[-1, 1, 0.4, 2]],
  betaI: [
    [0.2, 0.7, 3],
    [0.6, 4, 2.5],
  ],
  betaIFirstDerivative: [[0.2, 0.7, 3]],
  betaISecondDerivative: [[0.2, 0.7, 3]],
  betaIInverse: [
    [0.2, 0.7, 3],
    [0.6, 4, 2.5],
  ],
  studentCdf: [
    [-2, 3],
    [0.7, 12],
  ],
  studentCdfDerivative: [[-2, 3]],
  studentQuantile: [
    [0.1, 3],
    [0.8, 12],
  ],
  logScaledBesselI0: [[0.05], [3], [19.5], [20.5], [700]],
  besselRatio: [[0.05], [3], [19.5], [20.5], [40]],
  vonMisesCdf: [
    [1, 0.4, 2],
    [-2, 3, 7],
    [0.5, -9, 0.3],
  ],
  vonMisesSurvival: [
    [1, 0.4, 2],
    [-2, 3, 7],
  ],
  vonMisesCdfSlope: [[1, 0.4, 2]],
  vonMisesQuantile: [
    [0.3, 0.4, 2],
    [0.8, 3, 7],
  ],
  betaBinomialQuantile: [
    [0.3, 10, 0.5, 2],
    [0.9, 40, 3, 3],
  ],
  hypergeometricQuantile: [
    [0.3, 10, 20, 8],
    [0.9, 30, 5, 12],
  ],
  poissonQuantile: [
    [0.3, 2.2],
    [0.9, 31],
  ],
  binomialQuantile: counts.map(([u, n, p]) => [u!, Math.round(n!), p!]),
  negativeBinomialQuantile: counts,
};
const stepwise = new Set([
  'floor',
  'ceil',
  'round',
  'sign',
  'lt',
  'le',
  'gt',
  'ge',
  'eq',
  'ne',
  'and',
  'or',
  'not',
  'poissonQuantile',
  'binomialQuantile',
  'negativeBinomialQuantile',
  'betaBinomialQuantile',
  'hypergeometricQuantile',
]);
/** Numerical derivatives and the end of the polygamma chain have none of their own. */
const underived = [
  'tetragamma',
  'logGammaPShapeDerivative',
  'logGammaQShapeDerivative',
  'gammaPShapeDerivative',
  'betaIFirstDerivative',
  'betaISecondDerivative',
  'studentCdfDerivative',
  'vonMisesCdfSlope',
  'logBetaIFirstDerivative',
  'logBetaISecondDerivative',
  'logStudentCdfDerivative',
  'logVonMisesMassSlope',
];

/** Central differences with one Richardson step: error of order h^4. */
function slope(f: (x: number) => number, x: number): number {
  const h = 1e-3 * Math.max(0.05, Math.min(Math.abs(x), 2));
  const central = (s: number): number => (f(x + s) - f(x - s)) / (2 * s);
  return (4 * central(h / 2) - central(h)) / 3;
}

describe('the table of primitives', () => {
  it('has exactly the rows tested here, with the arity of their arguments', () => {
    expect([...primitives.keys()].sort()).toEqual(Object.keys(grids).sort());
    for (const [name, p] of primitives) for (const x of grids[name]!) expect(x.length, name).toBe(p.arity);
    expect(
      [...primitives.values()]
        .filter((p) => p.derivative === undefined)
        .map((p) => p.name)
        .sort(),
    ).toEqual([...underived].sort());
  });

  for (const [name, p] of primitives) {
    if (p.derivative === undefined) continue;
    it(`the derivative of ${name} agrees with finite differences`, () => {
      for (const x of grids[name]!) {
        const names = x.map((_, i) => `x${i}`);
        const partial = p.derivative!(...names.map((v) => ref(v)));
        expect(partial.length).toBe(p.arity);
        x.forEach((xi, i) => {
          if (name === 'pow' && i === 1 && x[0]! < 0) return;
          // Logic and discrete quantiles have integer arguments that cannot move.
          if (stepwise.has(name)) {
            expect(partial[i], `${name} argument ${i}`).toBeNull();
            return;
          }
          const e = partial[i];
          const value = e === null || e === undefined ? 0 : evaluate(e, { variable: (v) => x[names.indexOf(v)]! });
          const numeric = slope((t) => p.evaluate(...x.with(i, t)), xi);
          expect(Math.abs(value - numeric), `${name}(${x.join(', ')}) in argument ${i}: ${value} against ${numeric}`).toBeLessThan(
            1e-7 * (1e-3 + Math.abs(numeric)),
          );
        });
      }
    });
  }

  it('pow with a constant exponent leaves out the derivative in it', () => {
    expect(primitives.get('pow')!.derivative!(ref('x'), num(2))[1]).toBeNull();
    const inExponent = primitives.get('pow')!.derivative!(ref('x'), ref('y'))[1]!;
    expect(evaluate(inExponent, { variable: (v) => (v === 'x' ? 0 : 2) })).toBe(0);
  });
});

describe('JavaScript text', () => {
  const run = (text: string, names: readonly string[], x: readonly number[]): number =>
    (new Function(...names, `'use strict'; return ${text};`) as (...v: readonly number[]) => number)(...x);

  it('computes what evaluate computes, for names, compound texts and literals', () => {
    for (const [name, p] of primitives) {
      if (p.javascript === null) continue;
      for (const x of [...grids[name]!, ...(p.arity === 2 && p.integer !== true ? [[-2, -3]] : [])]) {
        const names = x.map((_, i) => `v${i}`);
        const expected = p.evaluate(...x);
        for (const texts of [
          names,
          names.map((v) => `v0 - v0 + ${v}`).map((t) => `(${t})`),
          x.map(String),
          x.map((v) => `(${v})`),
          names.map((v, i) => (i === 1 ? String(x[1]) : v)),
        ]) {
          const value = run(p.javascript(...texts), names, x);
          expect(Math.abs(value - expected), `${name}: ${p.javascript(...texts)}`).toBeLessThanOrEqual(2e-15 * Math.abs(expected));
        }
      }
    }
  });

  it('rows without text have a function of their name in the runtime', () => {
    const functions: Readonly<Record<string, unknown>> = { ...special, ...circular };
    for (const [name, p] of primitives) if (p.javascript === null) expect(functions[name], name).toBe(p.evaluate);
  });

  it('specialises constant exponents', () => {
    const pow = primitives.get('pow')!.javascript!;
    expect(pow('x', '2')).toBe('(x*x)');
    expect(pow('x', '-1')).toBe('(1/(x))');
    expect(pow('a[i]', '0.5')).toBe('Math.sqrt(a[i])');
    expect(pow('x', '(-0.5)')).toBe('(1/Math.sqrt(x))');
    // Work is never repeated.
    expect(pow('f(x)', '3')).toBe('Math.pow(f(x),3)');
    expect(pow('x', 'y')).toBe('Math.pow(x,y)');
  });

  it('recognises numeric literals only', () => {
    expect(['2', '-0.5', '(3)', '1e-5', '.5', '1e308'].map(literalValue)).toEqual([2, -0.5, 3, 1e-5, 0.5, 1e308]);
    expect(['x', '2*x', '(2)*(3)', '', 'Infinity', '2 '].map(literalValue)).toEqual([null, null, null, null, null, null]);
  });
});

describe('integer flags', () => {
  it('hold of the values', () => {
    for (const [name, p] of primitives) {
      const integers = grids[name]!.map((x) => x.map((v) => Math.round(v) || 2));
      if (p.integer === true) for (const x of grids[name]!) expect(Number.isInteger(p.evaluate(...x)), name).toBe(true);
      if (p.integer === 'inherit') for (const x of integers) expect(Number.isInteger(p.evaluate(...x)), name).toBe(true);
      if (p.integer === false)
        expect(
          grids[name]!.some((x) => !Number.isInteger(p.evaluate(...x))),
          name,
        ).toBe(true);
    }
  });

  it('logic gives 0 or 1', () => {
    expect(logical.map((x) => primitives.get('and')!.evaluate(...x))).toEqual([0, 0, 0, 1]);
    expect(logical.map((x) => primitives.get('or')!.evaluate(...x))).toEqual([0, 1, 1, 1]);
    expect([0, 1, 7].map((x) => primitives.get('not')!.evaluate(x))).toEqual([1, 0, 0]);
    expect(
      [
        [1, 2],
        [2, 2],
        [3, 2],
      ].map((x) => ['lt', 'le', 'gt', 'ge', 'eq', 'ne'].map((n) => primitives.get(n)!.evaluate(...x)).join('')),
    ).toEqual(['110001', '010110', '001101']);
  });
});
