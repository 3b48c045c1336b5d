/**
 * Logarithms of gamma tails that a double cannot hold: closed forms for whole shapes, values of mpmath (800 digits) for others; laws made
 * of them.
 */
import { describe, expect, it } from 'vitest';
import { Gamma, InverseGamma, Poisson, censored } from '../../src/distributions-api.js';
import { compile } from '../../src/index.js';
import { logGammaP, logGammaQ } from '../../src/numeric/special/incompleteGamma.js';
import { logGammaQShapeDerivative } from '../../src/numeric/special/shapeDerivatives.js';

describe('gamma tails in logarithms', () => {
  it('have the values of closed forms and of mpmath', () => {
    // Q(1, x) = e^-x, Q(2, x) = (1 + x) e^-x.
    for (const x of [0.01, 1, 50, 700, 800, 1e5]) {
      expect(logGammaQ(1, x) / -x).toBeCloseTo(1, 12);
      expect(logGammaQ(2, x) / (Math.log1p(x) - x)).toBeCloseTo(1, x < 0.1 ? 9 : 12);
    }
    expect(logGammaP(900, 60) / -1601.4965015428685).toBeCloseTo(1, 12);
    expect(logGammaP(50, 1e-20) / -2451.0628599458187).toBeCloseTo(1, 12);
    expect(logGammaP(3, 2) / -1.1291016497509286).toBeCloseTo(1, 12);
    expect(logGammaQ(2.5, 1200) / -1189.6483178774419).toBeCloseTo(1, 12);
    expect(logGammaQ(30, 1500) / -1359.1541384585227).toBeCloseTo(1, 12);
  });

  it('have a derivative in the shape on both sides of underflow', () => {
    for (const [a, x] of [
      [2, 600],
      [2, 1200],
      [3.5, 3],
    ] as const) {
      const h = 1e-4,
        central = (s: number): number => (logGammaQ(a + s, x) - logGammaQ(a - s, x)) / (2 * s);
      expect(logGammaQShapeDerivative(a, x)).toBeCloseTo((4 * central(h / 2) - central(h)) / 3, 6);
    }
  });

  it('give truncated and censored laws their densities far out', () => {
    // (1 + x) e^-x cancels: x - (1001 - 1000) + log(1001 / 1001).
    const program = compile('data x: positive param r: positive observe x ~ truncated(Gamma(2, r), 1000, inf)');
    expect(program.logDensity({ x: 1001 })({ r: 1 })).toBeCloseTo(Math.log(1001) - 1001 - (Math.log(1001) - 1000), 9);
    expect(censored(Gamma(2, 1), 0, 1000).logProb(1000)).toBeCloseTo(Math.log(1001) - 1000, 9);
    expect(censored(InverseGamma(2, 1), 1e-3, Infinity).logProb(1e-3)).toBeCloseTo(Math.log(1001) - 1000, 9);
    // P(X >= 200) of Poisson(1) is its first term times 1 + 1/201 + 1/(201 202) + ...
    let first = -1;
    for (let k = 1; k <= 200; k++) first -= Math.log(k);
    const rest = Math.log(1 + (1 / 201) * (1 + (1 / 202) * (1 + (1 / 203) * (1 + 1 / 204))));
    expect(censored(Poisson(1), -Infinity, 200).logProb(200)).toBeCloseTo(first + rest, 8);
  });
});
