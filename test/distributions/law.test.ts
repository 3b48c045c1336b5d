/**
 * Truncation, mixtures, support and validity of laws: SciPy and mpmath values of
 * `test/reference/families.py`, and identities.
 */
import { describe, expect, it } from 'vitest';
import type { Law } from '../../src/distributions/law/law.js';
import { cdfOf, guardedLogDensityOf, logDensityOf, survivalOf } from '../../src/distributions/law/density.js';
import { conditionsOf } from '../../src/distributions/law/conditions.js';
import { domainTests, supportTests } from '../../src/distributions/tests.js';
import { eventDimsOf, eventRankOf, isProper, substituteLaw } from '../../src/distributions/law/law.js';
import { hasCdf, isDiscrete, supportOf } from '../../src/distributions/law/form.js';
import { quantileOf } from '../../src/distributions/law/quantile.js';
import { apply, cond, type Expr, index, num, ref, scalar, sub, visit, zero } from '../../src/expr/expr.js';
import reference from '../reference/families.json' with { type: 'json' };
import { discrepancy, integratePieces, numberOf, symbol, symbols, type Values } from './numerics.js';

const span = { start: 0, end: 0 };
const family = (name: string, values: Values): Law => ({ kind: 'family', family: name, parameters: symbols(values), span });
const constants = (name: string, values: Readonly<Record<string, number>>): Law => ({
  kind: 'family',
  family: name,
  parameters: Object.fromEntries(Object.entries(values).map(([k, v]) => [k, scalar(num(v))])),
  span,
});
const truncated = (base: Law, low: number, high: number): Law => ({ kind: 'truncated', base, low: num(low), high: num(high), span });
const x = ref('x');
const at = (e: Expr, point: number, values: Values = {}): number => numberOf(e, { ...values, x: point });

const normal = family('Normal', { mean: 0, sd: 1 }),
  normalValues = { mean: 0, sd: 1 };
const k = index('k');
const weights = [0.2, 0.5, 0.3],
  means = [-3, 0, 4],
  sds = [1, 0.5, 2];
const mixtureValues = { w: weights, mean: means, sd: sds };
const indexed: Law = {
  kind: 'mixture',
  index: k,
  from: zero,
  to: num(3),
  weight: ref('w', [k]),
  span,
  component: { kind: 'family', family: 'Normal', parameters: { mean: scalar(ref('mean', [k])), sd: scalar(ref('sd', [k])) }, span },
};
const listed: Law = {
  kind: 'mixtureOf',
  weights: weights.map(num),
  components: means.map((m, i) => constants('Normal', { mean: m, sd: sds[i]! })),
  span,
};

describe('truncated laws and mixtures', () => {
  for (const row of reference.laws) {
    it(`${row.law} between ${row.low} and ${row.high} at ${row.x} is the reference`, () => {
      const bounds = [row.low ?? -Infinity, row.high ?? Infinity] as const;
      const laws: readonly (readonly [Law, Values])[] =
        row.law === 'normal'
          ? [[truncated(normal, ...bounds), normalValues]]
          : row.law === 'poisson'
            ? [[truncated(family('Poisson', { rate: 3 }), ...bounds), { rate: 3 }]]
            : [
                [indexed, mixtureValues],
                [listed, {}],
              ];
      for (const [law, values] of laws) {
        expect(discrepancy(at(guardedLogDensityOf(law, scalar(x)), row.x, values), row.logDensity)).toBeLessThan(1e-9);
        expect(Math.abs(at(cdfOf(law, x), row.x, values) - row.cdf)).toBeLessThan(1e-9);
        expect(Math.abs(at(survivalOf(law, x), row.x, values) - (1 - row.cdf))).toBeLessThan(1e-9);
        const quantile = quantileOf(law, ref('u'));
        if (quantile !== null && row.law === 'normal')
          expect(discrepancy(numberOf(quantile, { ...values, u: row.cdf }), row.x)).toBeLessThan(1e-8);
        if (quantile !== null && row.law === 'poisson') expect(numberOf(quantile, { ...values, u: row.cdf - 1e-9 })).toBe(row.x);
      }
    });
  }

  it('a truncated law has mass one, all of it between the bounds', () => {
    const cases: readonly (readonly [string, Values, number, number])[] = [
      ['Gamma', { shape: 0.6, rate: 2 }, 0.5, 3],
      ['Cauchy', { loc: 1, scale: 2 }, -4, 30],
      ['Beta', { a: 2, b: 3 }, 0.2, 0.9],
      ['Laplace', { loc: 0, scale: 1 }, 5, 9],
    ];
    for (const [name, values, low, high] of cases) {
      const law = truncated(family(name, values), low, high),
        density = guardedLogDensityOf(law, scalar(x));
      expect(
        integratePieces(
          (y) => Math.exp(at(density, y, values)),
          [0, 0.1, 0.2, 0.4, 1].map((f) => low + f * (high - low)),
        ),
      ).toBeCloseTo(1, 9);
      expect(at(density, low - 0.01, values)).toBe(-Infinity);
      expect(at(density, high + 0.01, values)).toBe(-Infinity);
      expect([at(cdfOf(law, x), low, values), at(cdfOf(law, x), high, values)]).toEqual([0, 1]);
    }
    const counts = truncated(family('NegativeBinomial', { r: 2, p: 0.3 }), 1, Infinity),
      density = guardedLogDensityOf(counts, scalar(x));
    let sum = 0;
    for (let n = 0; n < 200; n++) sum += Math.exp(at(density, n, { r: 2, p: 0.3 }));
    expect(sum).toBeCloseTo(1, 10);
    expect(at(density, 0, { r: 2, p: 0.3 })).toBe(-Infinity);
    expect(at(density, 1.5, { r: 2, p: 0.3 })).toBe(-Infinity);
  });

  it('the normaliser of a half normal does not depend on its scale', () => {
    const half = truncated(
      { kind: 'family', family: 'Normal', parameters: { mean: scalar(zero), sd: scalar(ref('sd')) }, span },
      0,
      Infinity,
    );
    const normaliser = new Set<string>();
    visit(sub(logDensityOf(half, scalar(x)), zero), (e) => {
      if (e.op === 'apply' && (e.fn === 'Phi' || e.fn === 'logPhi'))
        visit(e, (y) => {
          if (y.op === 'ref') normaliser.add(y.variable);
        });
    });
    expect([...normaliser]).toEqual([]);
    expect(at(logDensityOf(half, scalar(x)), 1, { sd: 2 })).toBeCloseTo(
      Math.log(2) - 0.125 - Math.log(2) - 0.5 * Math.log(2 * Math.PI),
      12,
    );
  });

  it('truncation to the whole support changes nothing', () => {
    const whole = truncated(family('Gamma', { shape: 2, rate: 3 }), 0, Infinity);
    const plain = family('Gamma', { shape: 2, rate: 3 });
    expect(at(logDensityOf(whole, scalar(x)), 0.7, { shape: 2, rate: 3 })).toBe(
      at(logDensityOf(plain, scalar(x)), 0.7, { shape: 2, rate: 3 }),
    );
  });

  it('a flat law stays flat where a bound is infinite and is uniform where both are finite', () => {
    const flat: Law = { kind: 'family', family: 'Flat', parameters: {}, span };
    expect(isProper(truncated(flat, 0, Infinity))).toBe(false);
    expect(at(guardedLogDensityOf(truncated(flat, 0, Infinity), scalar(x)), 3)).toBe(0);
    expect(at(guardedLogDensityOf(truncated(flat, 0, Infinity), scalar(x)), -3)).toBe(-Infinity);
    const uniform = truncated(flat, 2, 6);
    expect(isProper(uniform)).toBe(true);
    expect(at(guardedLogDensityOf(uniform, scalar(x)), 3)).toBeCloseTo(-Math.log(4), 12);
    expect(numberOf(quantileOf(uniform, num(0.25))!)).toBeCloseTo(3, 12);
    expect(at(cdfOf(uniform, x), 5)).toBeCloseTo(0.75, 12);
  });

  it('a mixture guards components of smaller support and takes the union', () => {
    const law: Law = {
      kind: 'mixtureOf',
      weights: [num(0.4), num(0.6)],
      components: [constants('Exponential', { rate: 2 }), constants('Normal', { mean: 0, sd: 1 })],
      span,
    };
    const density = guardedLogDensityOf(law, scalar(x));
    expect(at(density, -1)).toBeCloseTo(Math.log(0.6) - 0.5 - 0.5 * Math.log(2 * Math.PI), 12);
    expect(at(density, 1)).toBeCloseTo(Math.log(0.4 * 2 * Math.exp(-2) + (0.6 * Math.exp(-0.5)) / Math.sqrt(2 * Math.PI)), 12);
    const inflated: Law = {
      kind: 'mixtureOf',
      weights: [num(0.3), num(0.7)],
      components: [constants('Delta', { value: 0 }), constants('Poisson', { rate: 2 })],
      span,
    };
    const mass = guardedLogDensityOf(inflated, scalar(x));
    expect(isDiscrete(inflated)).toBe(true);
    expect(at(mass, 0)).toBeCloseTo(Math.log(0.3 + 0.7 * Math.exp(-2)), 12);
    expect(at(mass, 3)).toBeCloseTo(Math.log((0.7 * Math.exp(-2) * 8) / 6), 12);
    expect(supportOf(inflated)).toMatchObject({ kind: 'integers', low: { value: 0 }, high: { value: Infinity } });
    expect(at(cdfOf(inflated, x), 0)).toBeCloseTo(0.3 + 0.7 * Math.exp(-2), 12);
  });
});

describe('validity', () => {
  it('tests domains and conditions, and says nothing about what cannot fail', () => {
    const holds = (law: Law, values: Values): boolean => conditionsOf(law).every((t) => numberOf(t, values) !== 0);
    expect(holds(normal, { mean: 0, sd: 1 })).toBe(true);
    expect(holds(normal, { mean: 0, sd: 0 })).toBe(false);
    expect(holds(normal, { mean: 0, sd: Number.NaN })).toBe(false);
    expect(holds(family('Uniform', { low: 0, high: 1 }), { low: 1, high: 1 })).toBe(false);
    expect(
      holds(
        family('Wishart', {
          df: 2,
          scale: [
            [1, 0],
            [0, 1],
          ],
        }),
        {
          df: 0.9,
          scale: [
            [1, 0],
            [0, 1],
          ],
        },
      ),
    ).toBe(false);
    expect(holds(family('DiscreteUniform', { low: 0, high: 0 }), { low: 3, high: 3 })).toBe(true);
    expect(holds(family('Dirichlet', { alpha: [1, 1] }), { alpha: [1, -1] })).toBe(false);
    expect(holds(family('Binomial', { n: 3, p: 0.5 }), { n: 2.5, p: 0.5 })).toBe(false);
    expect(conditionsOf(constants('Normal', { mean: 0, sd: 1 }))).toEqual([]);
    expect(conditionsOf(truncated(constants('Normal', { mean: 0, sd: 1 }), 2, 1)).map((t) => numberOf(t))).toEqual([0]);
  });
  it('an invalid parameter or a value outside the support has density zero', () => {
    const density = guardedLogDensityOf(family('LogNormal', { meanlog: 0, sdlog: 1 }), scalar(x));
    expect(at(density, 0, { meanlog: 0, sdlog: 1 })).toBe(-Infinity);
    expect(at(density, 1, { meanlog: 0, sdlog: -1 })).toBe(-Infinity);
    const inverse = guardedLogDensityOf(family('InverseGamma', { shape: 1, scale: 1 }), scalar(x));
    expect(at(inverse, 0, { shape: 1, scale: 1 })).toBe(-Infinity);
  });
  it('domain tests are the domains', () => {
    const inside = (domain: Parameters<typeof domainTests>[0], v: number): boolean =>
      domainTests(domain, num(v)).every((t) => numberOf(t) !== 0);
    expect([
      inside('positive', 0),
      inside('nonnegative', 0),
      inside('unit', 1),
      inside('unit', 1.1),
      inside('count', 2),
      inside('count', -1),
      inside('positiveInt', 0),
      inside('int', -2),
      inside('int', 0.5),
      inside('real', -1),
    ]).toEqual([false, true, true, false, true, false, false, true, false, true]);
    expect(supportTests({ kind: 'point', value: num(2) }, x).map((t) => at(t, 2))).toEqual([1]);
  });
});

describe('shape and substitution', () => {
  it('reads rank, dimensions and kind through combinators', () => {
    const vectors: Law = {
      kind: 'mixtureOf',
      weights: [num(1)],
      components: [
        family('MvNormal', {
          mean: [0, 0],
          cov: [
            [1, 0],
            [0, 1],
          ],
        }),
      ],
      span,
    };
    expect([eventRankOf(vectors), eventDimsOf(vectors).map((d) => numberOf(d)), isDiscrete(vectors), hasCdf(vectors)]).toEqual([
      1,
      [2],
      false,
      false,
    ]);
    expect([hasCdf(indexed), eventRankOf(truncated(normal, 0, 1)), quantileOf(indexed, num(0.5))]).toEqual([true, 0, null]);
    expect(() => cdfOf(vectors, x)).toThrow(/no distribution function/);
    expect(() => logDensityOf({ kind: 'family', family: 'Nope', parameters: {}, span }, scalar(x))).toThrow(/unknown family Nope/);
  });
  it('substitutes indices everywhere', () => {
    const n = index('n');
    const law: Law = {
      kind: 'truncated',
      base: { kind: 'family', family: 'Normal', parameters: { mean: scalar(ref('m', [n])), sd: scalar(num(1)) }, span },
      low: ref('m', [n]),
      high: cond(apply('gt', n, zero), num(9), num(5)),
      span,
    };
    const moved = substituteLaw(law, new Map([[n, num(1)]]));
    expect(numberOf(logDensityOf(moved, symbol('x', 3)), { m: [0, 2], x: 3 })).toBeCloseTo(
      -0.5 - 0.5 * Math.log(2 * Math.PI) + Math.log(2),
      9,
    );
  });
});
