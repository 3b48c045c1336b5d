/**
 * Special functions against tables computed with mpmath to 60 digits (test/reference/special.py),
 * tails included, and laws: inverses invert, complements add up, discrete quantiles are the
 * smallest count whose summed mass reaches u.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { special } from './specialFunctions.js';

const table = JSON.parse(readFileSync(new URL('../reference/special.json', import.meta.url), 'utf8')) as Record<string, number[][]>;

/**
 * Relative error allowed, about three times the worst seen; exponents of several hundred cost digits.
 * Ten times as much for negative gamma arguments, whose reflection cancels.
 */
const tolerance: Readonly<Record<string, number>> = {
  lgamma: 1.5e-15,
  digamma: 2e-15,
  trigamma: 8e-15,
  tetragamma: 1.5e-14,
  erf: 1e-15,
  erfc: 2e-15,
  erfcx: 1.5e-15,
  Phi: 1.5e-15,
  logPhi: 1.5e-15,
  inverseMills: 4e-15,
  normalQuantile: 2e-15,
  lbeta: 8e-15,
  logRisingFactorial: 1e-14,
  digammaRise: 1e-14,
  lchoose: 3e-15,
  logNegativeBinomialMass: 1e-13,
  stirlingError: 4e-13,
  gammaP: 1.5e-13,
  gammaQ: 2e-13,
  betaI: 6e-13,
  studentCdf: 1e-13,
  gammaPShapeDerivative: 1e-11,
  betaIFirstDerivative: 1e-11,
  betaISecondDerivative: 1.5e-11,
  studentCdfDerivative: 5e-11,
};

/** Log-uniform between two positive numbers. */
function logUniform(low: number, high: number): fc.Arbitrary<number> {
  return fc.double({ min: Math.log(low), max: Math.log(high), noNaN: true }).map(Math.exp);
}
const probability = fc.oneof(
  logUniform(1e-290, 0.5),
  fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  logUniform(1e-14, 0.5).map((q) => 1 - q),
);

function relative(value: number, truth: number): number {
  return truth === 0 ? Math.abs(value) : Math.abs(value - truth) / Math.abs(truth);
}

describe('special functions agree with mpmath', () => {
  it('has a tolerance for every table', () => {
    expect(Object.keys(table).sort()).toEqual(Object.keys(tolerance).sort());
  });

  for (const [name, rows] of Object.entries(table)) {
    it(`${name} is within ${tolerance[name]} of ${rows.length} values`, () => {
      const f = (special as unknown as Record<string, (...x: number[]) => number>)[name]!;
      const wrong = rows
        .map((row) => ({ row, error: relative(f(...row.slice(0, -1)), row.at(-1)!) }))
        .filter(({ row, error }) => !(error <= tolerance[name]! * (name.endsWith('gamma') && row[0]! < 0 ? 10 : 1)));
      expect(wrong).toEqual([]);
    });
  }
});

describe('elementary helpers', () => {
  it('logit inverts sigmoid', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 30, noNaN: true }), (x) => {
        // Near 1 a probability cannot carry more digits than 1 - p has.
        const tolerated = 4e-16 * Math.max(1, Math.abs(x)) + 2.3e-16 * (1 + Math.exp(x));
        return Math.abs(special.logit(special.sigmoid(x)) - x) <= 2 * tolerated;
      }),
      { seed: 1 },
    );
    expect(special.logit(0)).toBe(-Infinity);
    expect(special.logit(1)).toBe(Infinity);
  });

  it('softplus neither overflows nor underflows', () => {
    expect(special.softplus(800)).toBe(800);
    expect(relative(special.softplus(-700), Math.exp(-700))).toBeLessThan(1e-15);
    expect(relative(special.softplus(0), Math.LN2)).toBeLessThan(1e-15);
    expect([Infinity, -Infinity, -800, Number.NaN].map(special.softplus)).toEqual([Infinity, 0, 0, Number.NaN]);
    for (let x = -40; x < 40; x += 0.0137)
      expect(relative(special.softplus(x), x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)))).toBeLessThan(1e-15);
  });

  it('round takes halves away from zero', () => {
    expect([-2.5, -1.5, -0.6, 0.4, 0.5, 1.5, 2.5].map(special.round)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  });

  it('xlogy and xlog1my are zero where their first argument is', () => {
    expect([special.xlogy(0, 0), special.xlog1my(0, 1), special.xlogy(2, 0)]).toEqual([0, 0, -Infinity]);
  });
});

describe('edges of the domains', () => {
  it('gamma functions', () => {
    expect([special.lgamma(0), special.lgamma(-3), special.lgamma(Infinity), special.lgamma(1), special.lgamma(2)]).toEqual([
      Infinity,
      Infinity,
      Infinity,
      0,
      0,
    ]);
    expect([special.digamma(0), special.trigamma(-2), special.lgamma(Number.NaN)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([special.lchoose(5, 0), special.lchoose(5, 5), special.lchoose(5, 6), special.lchoose(5, -1)]).toEqual([
      0,
      0,
      -Infinity,
      -Infinity,
    ]);
  });

  it('NaN gives NaN in every argument of every function', () => {
    for (const [name, rows] of Object.entries(table)) {
      const f = (special as unknown as Record<string, (...x: number[]) => number>)[name]!;
      const ordinary = rows.map((row) => row.slice(0, -1)).find((x) => x.every((v) => v > 0.01 && v < 20)) ?? [0.5];
      ordinary.forEach((_, i) => expect(f(...ordinary.with(i, Number.NaN)), `${name} argument ${i}`).toBeNaN());
    }
  });

  it('distribution functions', () => {
    expect([special.gammaP(2, 0), special.gammaP(2, Infinity), special.gammaQ(0, 1), special.gammaP(-1, 1)]).toEqual([0, 1, 0, Number.NaN]);
    expect([special.betaI(0, 1, 2), special.betaI(1, 1, 2), special.betaI(-0.1, 1, 2), special.betaI(0.5, -1, 2)]).toEqual([
      0,
      1,
      Number.NaN,
      Number.NaN,
    ]);
    expect([
      special.Phi(-Infinity),
      special.Phi(Infinity),
      special.logPhi(-Infinity),
      special.erf(Infinity),
      special.erfc(-Infinity),
    ]).toEqual([0, 1, -Infinity, 1, 2]);
    expect([special.studentCdf(-Infinity, 3), special.studentCdf(Infinity, 3), special.studentCdf(0, 3)]).toEqual([0, 1, 0.5]);
  });

  it('quantiles', () => {
    expect([special.normalQuantile(0), special.normalQuantile(1), special.normalQuantile(0.5), special.normalQuantile(1.1)]).toEqual([
      -Infinity,
      Infinity,
      0,
      Number.NaN,
    ]);
    expect([special.gammaPInverse(2, 0), special.gammaPInverse(2, 1), special.gammaQInverse(2, 0), special.gammaPInverse(2, -1)]).toEqual([
      0,
      Infinity,
      Infinity,
      Number.NaN,
    ]);
    expect([
      special.betaIInverse(0, 2, 3),
      special.betaIInverse(1, 2, 3),
      special.studentQuantile(0, 3),
      special.studentQuantile(0.5, 3),
    ]).toEqual([0, 1, -Infinity, 0]);
  });
});

describe('inverses invert', () => {
  it('normalQuantile', () => {
    fc.assert(
      fc.property(probability, (u) => {
        const x = special.normalQuantile(u);
        // x is off by half a unit in the last place, which the tail multiplies by x^2.
        const limit = 1e-15 * (2 + x * x);
        expect(u < 0.5 ? relative(special.Phi(x), u) : relative(special.Phi(-x), 1 - u)).toBeLessThan(limit);
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  it('gammaPInverse and gammaQInverse, both tails', () => {
    fc.assert(
      fc.property(logUniform(1e-3, 1e4), probability, (a, u) => {
        const x = special.gammaPInverse(a, u);
        if (x > 1e-300) expect(u < 0.5 ? relative(special.gammaP(a, x), u) : relative(special.gammaQ(a, x), 1 - u)).toBeLessThan(1e-11);
        const y = special.gammaQInverse(a, u);
        if (y > 1e-300) expect(u < 0.5 ? relative(special.gammaQ(a, y), u) : relative(special.gammaP(a, y), 1 - u)).toBeLessThan(1e-11);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  it('betaIInverse', () => {
    fc.assert(
      fc.property(logUniform(1e-2, 1e4), logUniform(1e-2, 1e4), probability, (a, b, u) => {
        const x = special.betaIInverse(u, a, b);
        // Next to 1 a double cannot hold the quantile.
        if (x > 1e-300 && x < 0.999)
          expect(Math.min(relative(special.betaI(x, a, b), u), relative(special.betaI(1 - x, b, a), 1 - u))).toBeLessThan(5e-12);
      }),
      { seed: 4, numRuns: 1000 },
    );
  });

  it('studentQuantile', () => {
    fc.assert(
      fc.property(logUniform(1e-2, 1e8), probability, (df, u) => {
        const t = special.studentQuantile(u, df);
        if (Math.abs(t) < 1e150)
          expect(u < 0.5 ? relative(special.studentCdf(t, df), u) : relative(special.studentCdf(-t, df), 1 - u)).toBeLessThan(2e-12);
      }),
      { seed: 5, numRuns: 1000 },
    );
  });
});

describe('laws', () => {
  it('P + Q = 1 and I_x(a, b) + I_(1-x)(b, a) = 1', () => {
    fc.assert(
      fc.property(
        logUniform(1e-3, 1e5),
        logUniform(1e-3, 1e5),
        fc.integer({ min: 1, max: 1023 }).map((k) => k / 1024),
        (a, b, x) => {
          expect(Math.abs(special.gammaP(a, b) + special.gammaQ(a, b) - 1)).toBeLessThan(1e-13);
          expect(Math.abs(special.betaI(x, a, b) + special.betaI(1 - x, b, a) - 1)).toBeLessThan(1e-10);
        },
      ),
      { seed: 6, numRuns: 500 },
    );
  });

  it('Student with many degrees of freedom approaches the normal', () => {
    for (const t of [-8, -3, -1, -0.1]) expect(relative(special.studentCdf(t, 1e12), special.Phi(t))).toBeLessThan(2e-9);
  });

  it('recurrences of the gamma function and its derivatives', () => {
    fc.assert(
      fc.property(logUniform(1e-3, 1e3), (x) => {
        expect(Math.abs(special.lgamma(x + 1) - special.lgamma(x) - Math.log(x))).toBeLessThan(
          1e-15 * (4 + 2 * Math.abs(special.lgamma(x + 1))) + 1e-15 * Math.abs(Math.log(x)),
        );
        expect(Math.abs(special.digamma(x + 1) - special.digamma(x) - 1 / x)).toBeLessThan(1e-15 * (8 + 4 / x));
        expect(Math.abs(special.trigamma(x + 1) - special.trigamma(x) + 1 / (x * x))).toBeLessThan(1e-15 * (8 + 4 / (x * x)));
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe('quantiles of counts are the smallest count that reaches u', () => {
  /** Smallest k whose cumulative mass reaches u, by plain summation of exact masses. */
  function bySummation(u: number, mass: (k: number) => number): number {
    let sum = 0;
    for (let k = 0; ; k++) {
      sum += mass(k);
      if (sum >= u * (1 - 1e-12)) return k;
    }
  }

  it('poissonQuantile', () => {
    for (const rate of [0.02, 0.7, 3, 17.5, 120]) {
      for (const u of [1e-6, 0.01, 0.2, 0.5, 0.77, 0.99, 0.999999]) {
        expect(special.poissonQuantile(u, rate)).toBe(bySummation(u, (k) => Math.exp(k * Math.log(rate) - rate - special.lgamma(k + 1))));
      }
    }
    expect([special.poissonQuantile(0, 3), special.poissonQuantile(1, 3), special.poissonQuantile(0.3, 0)]).toEqual([0, Infinity, 0]);
  });

  it('binomialQuantile', () => {
    for (const [n, p] of [
      [1, 0.3],
      [10, 0.5],
      [40, 0.03],
      [300, 0.8],
    ] as const) {
      for (const u of [1e-6, 0.01, 0.2, 0.5, 0.77, 0.99, 0.999999]) {
        expect(special.binomialQuantile(u, n, p)).toBe(
          bySummation(u, (k) => Math.exp(special.lchoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p))),
        );
      }
    }
    expect([
      special.binomialQuantile(0, 5, 0.5),
      special.binomialQuantile(1, 5, 0.5),
      special.binomialQuantile(0.4, 5, 1),
      special.binomialQuantile(0.4, 5, 0),
    ]).toEqual([0, 5, 5, 0]);
  });

  it('negativeBinomialQuantile', () => {
    for (const [r, p] of [
      [0.4, 0.3],
      [3, 0.2],
      [25, 0.7],
    ] as const) {
      for (const u of [1e-6, 0.01, 0.2, 0.5, 0.77, 0.99, 0.999999]) {
        expect(special.negativeBinomialQuantile(u, r, p)).toBe(
          bySummation(u, (k) =>
            Math.exp(special.lgamma(k + r) - special.lgamma(r) - special.lgamma(k + 1) + r * Math.log(p) + k * Math.log1p(-p)),
          ),
        );
      }
    }
  });

  it('inverts the distribution function at every count', () => {
    for (let k = 0; k < 60; k++) {
      expect(special.poissonQuantile(special.gammaQ(k + 1, 20), 20)).toBe(k);
      // From 36 of 50 on the distribution function rounds to neighbours that a double cannot tell apart.
      if (k < 36) expect(special.binomialQuantile(special.betaI(1 - 0.4, 50 - k, k + 1), 50, 0.4)).toBe(k);
    }
  });
});
