/**
 * Laws in their extremes against mpmath (test/reference/extremes.py): truncated to intervals whose mass is below the range of
 * doubles, with derivatives by parameters, distribution functions, quantiles and draws.
 */
import { describe, expect, it } from 'vitest';
import { cdfOf, evaluatedLogDensityOf, guardedLogDensityOf, logDensityOf, logMassBetween } from '../../src/distributions/law/density.js';
import type { Law } from '../../src/distributions/law/law.js';
import { families } from '../../src/distributions/registry.js';
import * as api from '../../src/distributions-api.js';
import type { Distribution } from '../../src/distributions-api.js';
import { num, ref, scalar } from '../../src/expr/expr.js';
import { differentiate } from '../../src/expr/gradient.js';
import { simplify } from '../../src/expr/simplify.js';
import reference from '../reference/extremes.json' with { type: 'json' };
import { numberOf, symbol, symbols, type Values } from './numerics.js';

const span = { start: 0, end: 0 };
const x = ref('x');
type Case = (typeof reference)[number];

function symbolic(c: Case): { readonly law: Law & { kind: 'truncated' }; readonly values: Readonly<Record<string, number>> } {
  const names = families.get(c.family)!.parameters.map((p) => p.name);
  const base: Law = { kind: 'family', family: c.family, parameters: Object.fromEntries(names.map((n) => [n, scalar(ref(n))])), span };
  return {
    law: { kind: 'truncated', base, low: num(c.low), high: num(c.high), span },
    values: { ...Object.fromEntries(names.map((n, k) => [n, c.arguments[k]!])), x: c.x },
  };
}
const make = (c: Case): Distribution<number> => {
  const factories = api as unknown as Readonly<Record<string, (...args: readonly number[]) => Distribution<number>>>;
  return api.truncated(factories[c.family]!(...c.arguments), c.low, c.high);
};
const label = (c: Case): string => `${c.family}(${c.arguments.join(', ')}) on ${c.low}..${c.high}`;
/** Rounding of the logarithm of a mass is relative to it. */
const digits = (c: Case): number => 4e-14 * (10 + Math.abs(c.logMass));

describe('a truncated law whose mass underflows', () => {
  for (const c of reference) {
    it(`${label(c)} has its density, mass, distribution function and derivatives`, () => {
      const { law, values } = symbolic(c);
      expect(Math.abs(numberOf(logMassBetween(law.base, law.low, law.high), values) - c.logMass)).toBeLessThan(digits(c));
      const density = logDensityOf(law, scalar(x));
      expect(Math.abs(numberOf(simplify(guardedLogDensityOf(law, scalar(x), evaluatedLogDensityOf)), values) - c.logDensity)).toBeLessThan(
        digits(c),
      );
      expect(Math.abs(numberOf(cdfOf(law, x), values) - c.cdf)).toBeLessThan(digits(c));
      const names = families.get(c.family)!.parameters.map((p) => p.name);
      c.wanted.forEach((k, i) => {
        const slope = numberOf(differentiate(density, ref(names[k]!)), values);
        // Both sides are differences of slopes of the size of the log mass.
        expect(Math.abs(slope - c.gradient[i]!), `d ${names[k]}: ${slope} against ${c.gradient[i]}`).toBeLessThan(
          1e-9 * (1 + Math.abs(c.logMass)),
        );
      });
    });
    it(`${label(c)} has quantiles that invert its distribution function, and draws of it`, () => {
      const d = make(c);
      // Halving an integral or a long sum is slow, and the way is the same.
      const count = ['VonMises', 'BetaBinomial', 'Hypergeometric'].includes(c.family) ? 0 : 300;
      if (count === 0) {
        expect(Math.abs(d.cdf(d.quantile(0.5)) - 0.5)).toBeLessThan(d.discrete ? 0.5 : 1e-6);
        return;
      }
      for (const u of [0.001, 0.2, 0.5, 0.9, 0.999]) {
        const q = d.quantile(u);
        if (d.discrete) {
          expect(d.cdf(q)).toBeGreaterThanOrEqual(u - 1e-9);
          if (q > c.low) expect(d.cdf(q - 1)).toBeLessThan(u + 1e-9);
        } else expect(Math.abs(d.cdf(q) - u)).toBeLessThan(1e-6);
      }
      const draws = [...d.sample(7, count)].sort((a, b) => a - b);
      // Dvoretzky, Kiefer and Wolfowitz at 1e-7; ties of counts are counted at their last.
      const bound = Math.sqrt(Math.log(2 / 1e-7) / (2 * draws.length));
      draws.forEach((v, k) => {
        if (v !== draws[k + 1]) expect(Math.abs(d.cdf(v) - (k + 1) / draws.length)).toBeLessThan(bound);
      });
    });
  }
});

/**
 * The log mass of counts under a law whose dispersion vanishes, and the same under the simpler law: the masses differ by a part of the order
 * of one over the concentration.
 */
describe('a count law of a large concentration is the simpler law', () => {
  const logFactorial = (n: number): number => Array.from({ length: n }, (_, k) => Math.log(k + 1)).reduce((a, b) => a + b, 0);
  const poisson = (k: number, mean: number): number => k * Math.log(mean) - mean - logFactorial(k);
  const multinomial = (counts: readonly number[], shares: readonly number[]): number =>
    counts.reduce((sum, k, i) => sum + k * Math.log(shares[i]!) - logFactorial(k), logFactorial(counts.reduce((a, b) => a + b, 0)));
  /** Weights that sum to 1 exactly, so that no rounding of theirs is multiplied by the concentration. */
  const shares = [0.25, 0.125, 0.625];
  const laws: readonly {
    readonly name: string;
    readonly values: readonly (number | readonly number[])[];
    make(concentration: number): { logProb(x: never): number };
    parameters(concentration: number): Values;
    limit(x: never): number;
  }[] = [
    {
      name: 'NegativeBinomial',
      values: [0, 1, 7, 10, 40],
      make: (c) => api.NegativeBinomial({ mean: 10, overdispersion: c }),
      parameters: (c) => ({ r: c, p: 1 / (1 + 10 / c) }),
      limit: (x: number) => poisson(x, 10),
    },
    {
      name: 'BetaBinomial',
      values: [0, 1, 7, 19, 20],
      make: (c) => api.BetaBinomial(20, 0.25 * c, 0.75 * c),
      parameters: (c) => ({ n: 20, a: 0.25 * c, b: 0.75 * c }),
      limit: (x: number) => multinomial([x, 20 - x], [0.25, 0.75]),
    },
    {
      name: 'DirichletMultinomial',
      values: [
        [5, 3, 12],
        [0, 0, 20],
        [20, 0, 0],
      ],
      make: (c) =>
        api.DirichletMultinomial(
          20,
          shares.map((w) => w * c),
        ),
      parameters: (c) => ({ n: 20, alpha: shares.map((w) => w * c) }),
      limit: (x: readonly number[]) => multinomial(x, shares),
    },
  ];
  for (const { name, values, make, parameters, limit } of laws)
    it(name, () => {
      for (const concentration of [1e6, 1e9, 1e12, 1e15, 1e17, 1e18, 1e30, 1e100]) {
        const given = parameters(concentration);
        for (const x of values) {
          const allowed = 4e3 / concentration + 1e-11,
            truth = limit(x as never);
          expect(Math.abs(make(concentration).logProb(x as never) - truth), `${concentration}, ${x}`).toBeLessThan(allowed);
          // In the form that conjugacy is read from; a probability of success has no digits left for what is next to 1.
          if (name === 'NegativeBinomial' && concentration > 1e6) continue;
          const family = families.get(name)!,
            value = symbol('x', x);
          const plain = numberOf(simplify(family.logDensity(value, symbols(given))), { ...given, x });
          expect(Math.abs(plain - truth), `as terms: ${concentration}, ${x}`).toBeLessThan(allowed);
        }
      }
    });
});
