/**
 * What the laws over the registry do not see: alternative parameterisations, values at the edges,
 * closed forms between families, and the form of densities that derivations rely on.
 */
import { describe, expect, it } from 'vitest';
import type { Arguments } from '../../src/distributions/family.js';
import { at, build, equal, index, mul, num, ref, scalar, size, visit } from '../../src/expr/expr.js';
import { eye } from '../../src/expr/simplify.js';
import { arrayOfValues, discrepancy, familyNamed, integrate, numberOf, symbol, symbols, type Values } from './numerics.js';

/** The canonical arguments from an alternative, with the canonical ones it does not replace. */
function viaAlternative(name: string, alternative: Values, others: Values = {}): Arguments {
  const family = familyNamed(name),
    names = Object.keys(alternative);
  const chosen = family.alternatives.find((a) => a.parameters.length === names.length && a.parameters.every((q) => names.includes(q.name)));
  if (chosen === undefined) throw new Error(`no alternative ${names.join(', ')}`);
  const given = symbols({ ...alternative, ...others });
  const canonical = chosen.canonical(given);
  expect(Object.keys(canonical).sort()).toEqual([...chosen.replaces].sort());
  return { ...symbols(others), ...canonical };
}

describe('alternative parameterisations', () => {
  const inverse = [
    [0.8 / 1.04, -0.4 / 1.04],
    [-0.4 / 1.04, 1.5 / 1.04],
  ];
  const cases: readonly (readonly [string, Values, Values, Values, number | readonly number[]])[] = [
    ['Normal', { variance: 4 }, { mean: 1 }, { mean: 1, sd: 2 }, 2.5],
    ['Normal', { precision: 0.25 }, { mean: 1 }, { mean: 1, sd: 2 }, 2.5],
    [
      'MvNormal',
      { precision: inverse },
      { mean: [1, 2] },
      {
        mean: [1, 2],
        cov: [
          [1.5, 0.4],
          [0.4, 0.8],
        ],
      },
      [0.3, 0.1],
    ],
    [
      'MvNormal',
      {
        cholesky: [
          [1.2, 0],
          [0.5, 0.7],
        ],
      },
      { mean: [1, 2] },
      {
        mean: [1, 2],
        cov: [
          [1.44, 0.6],
          [0.6, 0.74],
        ],
      },
      [0.3, 0.1],
    ],
    ['Exponential', { scale: 4 }, {}, { rate: 0.25 }, 3],
    ['Gamma', { scale: 4 }, { shape: 1.5 }, { shape: 1.5, rate: 0.25 }, 3],
    ['Gamma', { mean: 6, sd: 2 }, {}, { shape: 9, rate: 1.5 }, 3],
    ['Beta', { mean: 0.3, concentration: 10 }, {}, { a: 3, b: 7 }, 0.4],
    ['Bernoulli', { logit: 0.7 }, {}, { p: 1 / (1 + Math.exp(-0.7)) }, 0],
    ['Binomial', { logit: 0.7 }, { n: 9 }, { n: 9, p: 1 / (1 + Math.exp(-0.7)) }, 4],
    [
      'Categorical',
      { logits: [0.1, 1.1, -2] },
      {},
      { probs: [0.1, 1.1, -2].map((l) => Math.exp(l) / (Math.exp(0.1) + Math.exp(1.1) + Math.exp(-2))) },
      1,
    ],
    ['Poisson', { lograte: 1.2 }, {}, { rate: Math.exp(1.2) }, 5],
    ['NegativeBinomial', { mean: 4, overdispersion: 2.5 }, {}, { r: 2.5, p: 2.5 / 6.5 }, 3],
  ];
  for (const [name, alternative, others, canonical, x] of cases) {
    it(`${name}(${Object.keys(alternative).join(', ')}) has the density of its canonical parameters`, () => {
      const family = familyNamed(name),
        draw = symbol('x', x),
        values = { ...alternative, ...others, ...canonical, x };
      const viaIt = numberOf(family.logDensity(draw, viaAlternative(name, alternative, others)), values);
      expect(discrepancy(viaIt, numberOf(family.logDensity(draw, symbols(canonical)), values))).toBeLessThan(1e-12);
    });
  }
  it('every alternative of the registry is tested', () => {
    const tested = new Set(cases.map(([name, a]) => `${name}:${Object.keys(a).sort().join()}`));
    for (const name of [
      'Normal',
      'MvNormal',
      'Exponential',
      'Gamma',
      'Beta',
      'Bernoulli',
      'Binomial',
      'Categorical',
      'Poisson',
      'NegativeBinomial',
    ]) {
      for (const a of familyNamed(name).alternatives)
        expect(
          tested.has(
            `${name}:${a.parameters
              .map((q) => q.name)
              .sort()
              .join()}`,
          ),
        ).toBe(true);
    }
  });
  it('logits far out keep their digits', () => {
    const bernoulli = familyNamed('Bernoulli').logDensity(symbol('x', 0), viaAlternative('Bernoulli', { logit: 40 }));
    expect(discrepancy(numberOf(bernoulli, { logit: 40, x: 1 }), -Math.exp(-40))).toBeLessThan(1e-30);
    expect(numberOf(bernoulli, { logit: 800, x: 0 })).toBe(-800);
    const counts = familyNamed('NegativeBinomial').logDensity(
      symbol('x', 0),
      viaAlternative('NegativeBinomial', { mean: 2, overdispersion: 1e9 }),
    );
    // The Poisson limit: -2 + 3 log 2 - log 6, apart from the cancellation of lgamma at 1e9.
    expect(Math.abs(numberOf(counts, { mean: 2, overdispersion: 1e9, x: 3 }) - (-2 + 3 * Math.log(2) - Math.log(6)))).toBeLessThan(1e-5);
  });
});

describe('edges', () => {
  const logDensity = (name: string, values: Values, x: number): number =>
    numberOf(familyNamed(name).logDensity(scalar(ref('x')), symbols(values)), { ...values, x });
  it('are exact where a probability is 0 or 1 or a shape is 1', () => {
    expect(logDensity('Bernoulli', { p: 0 }, 0)).toBe(0);
    expect(logDensity('Bernoulli', { p: 1 }, 0)).toBe(-Infinity);
    expect(logDensity('Binomial', { n: 5, p: 0 }, 0)).toBe(0);
    expect(logDensity('Binomial', { n: 5, p: 1 }, 5)).toBe(0);
    expect(logDensity('Binomial', { n: 5, p: 1 }, 4)).toBe(-Infinity);
    expect(logDensity('Binomial', { n: 0, p: 0.3 }, 0)).toBe(0);
    expect(logDensity('Poisson', { rate: 0 }, 0)).toBeCloseTo(0, 15);
    expect(logDensity('Geometric', { p: 1 }, 0)).toBe(0);
    expect(logDensity('Categorical', { probs: [1, 0] }, 1)).toBe(-Infinity);
    expect(logDensity('Gamma', { shape: 1, rate: 3 }, 0)).toBeCloseTo(Math.log(3), 14);
    expect(logDensity('Beta', { a: 1, b: 1 }, 0)).toBe(0);
    expect(logDensity('Beta', { a: 1, b: 1 }, 1)).toBe(0);
    expect(logDensity('Weibull', { shape: 1, scale: 2 }, 0)).toBeCloseTo(-Math.log(2), 14);
    const corner = { alpha: [1, 1, 1], x: [0, 0.4, 0.6] };
    expect(numberOf(familyNamed('Dirichlet').logDensity(symbol('x', corner.x), symbols({ alpha: corner.alpha })), corner)).toBeCloseTo(
      Math.log(2),
      12,
    );
    const counts = { n: 3, probs: [0, 1], x: [0, 3] };
    expect(
      numberOf(familyNamed('Multinomial').logDensity(symbol('x', counts.x), symbols({ n: 3, probs: counts.probs })), counts),
    ).toBeCloseTo(0, 12);
  });
  it('Delta and Flat are what they say', () => {
    expect(logDensity('Delta', { value: 2.5 }, 2.5)).toBe(0);
    expect(logDensity('Delta', { value: 2.5 }, 2)).toBe(-Infinity);
    const delta = familyNamed('Delta'),
      p = symbols({ value: 2.5 });
    expect(numberOf(delta.variate(p).transform!(num(0.1)), { value: 2.5 })).toBe(2.5);
    expect([2, 2.5, 3].map((x) => numberOf(delta.cdf!(num(x), p), { value: 2.5 }))).toEqual([0, 1, 1]);
    expect([2, 2.5, 3].map((x) => numberOf(delta.survival!(num(x), p), { value: 2.5 }))).toEqual([1, 0, 0]);
    expect(logDensity('Flat', {}, -1e9)).toBe(0);
    expect(() => familyNamed('Flat').variate({})).toThrow(/improper/);
  });
  it('the quantile of a DiscreteUniform steps exactly where its distribution function does', () => {
    const family = familyNamed('DiscreteUniform'),
      p = symbols({ low: 0, high: 0 });
    const quantile = family.quantile!(ref('u'), p),
      cdf = family.cdf!(ref('x'), p);
    for (let n = 1; n <= 60; n++) {
      for (let k = 0; k < n; k++) {
        const u = numberOf(cdf, { low: 0, high: n - 1, x: k });
        expect(numberOf(quantile, { low: 0, high: n - 1, u })).toBe(k);
      }
    }
  });
  it('an expectation without closed form is refused by name', () => {
    expect(() => familyNamed('Normal').exponential!.expectation('log x', symbols({ mean: 0, sd: 1 }))).toThrow(/log x under Normal/);
  });
  it('Pareto needs the bound of the support for its minimum', () => {
    const form = familyNamed('Pareto').exponential!;
    expect(() => form.parameters([scalar(num(-3))])).toThrow(/bound of its support/);
    const p = form.parameters([scalar(num(-3))], { kind: 'interval', low: num(4), high: num(Infinity) });
    expect([numberOf(p['minimum']!.body), numberOf(p['shape']!.body)]).toEqual([4, 2]);
  });
});

describe('closed forms between families', () => {
  it('in one dimension matrix families are scalar ones', () => {
    const values = { df: 5, scale: [[1.7]], x: [[2.2]] };
    const wishart = numberOf(familyNamed('Wishart').logDensity(symbol('x', values.x), symbols({ df: 5, scale: values.scale })), values);
    const gamma = { shape: 2.5, rate: 1 / 3.4 };
    expect(wishart).toBeCloseTo(numberOf(familyNamed('Gamma').logDensity(scalar(num(2.2)), symbols(gamma)), gamma), 12);
    const inverse = numberOf(
      familyNamed('InverseWishart').logDensity(symbol('x', values.x), symbols({ df: 5, scale: values.scale })),
      values,
    );
    const inverseGamma = { shape: 2.5, scale: 0.85 };
    expect(inverse).toBeCloseTo(
      numberOf(familyNamed('InverseGamma').logDensity(scalar(num(2.2)), symbols(inverseGamma)), inverseGamma),
      12,
    );
  });
  it('densities of the plane integrate to one', () => {
    const normal = {
      mean: [0.5, -1],
      cov: [
        [1.5, 0.4],
        [0.4, 0.8],
      ],
    };
    const density = familyNamed('MvNormal').logDensity(
      build([num(2)], (i) => ref('x', [i])),
      symbols(normal),
    );
    const mass = integrate((u) => integrate((v) => Math.exp(numberOf(density, { ...normal, x: [u, v] })), -9, 7), -9, 10);
    expect(mass).toBeCloseTo(1, 7);
    const alpha = [1.5, 2, 3.2];
    const simplex = familyNamed('Dirichlet').logDensity(
      build([num(3)], (i) => ref('x', [i])),
      symbols({ alpha }),
    );
    const total = integrate((u) => integrate((v) => Math.exp(numberOf(simplex, { alpha, x: [u, v, 1 - u - v] })), 0, 1 - u), 0, 1);
    expect(total).toBeCloseTo(1, 6);
  });
});

describe('the form of densities', () => {
  it('an isotropic MvNormal is a single sum without matrix functions', () => {
    const D = size('D'),
      isotropic = build([D, D], (i, j) => mul(ref('s'), at(eye(D), i, j)));
    const density = familyNamed('MvNormal').logDensity(
      build([D], (i) => ref('x', [i])),
      { mean: build([D], () => num(0)), cov: isotropic },
    );
    let sums = 0,
      elements = 0;
    visit(density, (e) => {
      if (e.op === 'reduce') sums++;
      if (e.op === 'element') elements++;
    });
    expect([sums, elements]).toEqual([1, 0]);
  });
  it('a precision of an MvNormal stands in its density itself, never inverted', () => {
    const D = size('D'),
      precision = build([D, D], (i, j) => ref('P', [i, j]));
    const { canonical } = familyNamed('MvNormal').alternatives[0]!;
    const density = familyNamed('MvNormal').logDensity(
      build([D], (i) => ref('x', [i])),
      { mean: build([D], () => num(0)), ...canonical({ precision }) },
    );
    const calls: string[] = [];
    visit(density, (e) => {
      if (e.op === 'element') calls.push(e.array.fn);
    });
    expect(calls).toEqual(['logdet']);
    expect(equal(at(precision, index('i'), index('j')), ref('P', [index('i'), index('j')]))).toBe(false);
  });
  it('expectations and parameters of MvNormal are inverse maps', () => {
    const p = {
      mean: [1, -2],
      cov: [
        [1.5, 0.4],
        [0.4, 0.8],
      ],
    };
    const form = familyNamed('MvNormal').exponential!;
    const back = form.parameters(form.natural(symbols(p)));
    arrayOfValues(back['mean']!, p).forEach((m, k) => expect(m).toBeCloseTo(p.mean[k]!, 12));
    arrayOfValues(back['cov']!, p).forEach((m, k) => expect(m).toBeCloseTo(p.cov.flat()[k]!, 12));
  });
});
