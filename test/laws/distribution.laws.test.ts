/**
 * Laws every family keeps, run over the registry on the grid of `test/reference/families.py`.
 * Densities, distribution functions and moments are SciPy's; the rest are identities.
 */
import { describe, expect, it } from 'vitest';
import type { Statistic } from '../../src/distributions/family.js';
import { families } from '../../src/distributions/registry.js';
import { at, type Expr, num, ref, scalar, sumOver } from '../../src/expr/expr.js';
import { differentiate } from '../../src/expr/gradient.js';
import { inverseOf, logdetOf } from '../../src/expr/simplify.js';
import { createRandom } from '../../src/random/generator.js';
import * as variates from '../../src/random/variates.js';
import {
  arrayOfValues,
  discrepancy,
  familyNamed,
  integratePieces,
  numberOf,
  symbol,
  symbols,
  type Value,
  type Values,
} from '../distributions/numerics.js';
import reference from '../reference/families.json' with { type: 'json' };

interface ScalarCase {
  readonly family: string;
  readonly parameters: Values;
  readonly points: readonly { readonly x: number; readonly logDensity: number; readonly cdf: number; readonly survival: number }[];
  readonly mean: number | null;
  readonly variance: number | null;
}
interface ArrayCase {
  readonly family: string;
  readonly parameters: Values;
  readonly x: Value;
  readonly logDensity: number;
  readonly mean: Value | null;
  readonly variance: Value | null;
}
const scalarCases = reference.scalars as unknown as readonly ScalarCase[];
const arrayCases = reference.arrays as unknown as readonly ArrayCase[];
const title = (c: { readonly family: string; readonly parameters: Values }): string => `${c.family}(${JSON.stringify(c.parameters)})`;
const x = ref('x');

/** Relative agreement of numbers of any size. */
function relative(a: number, b: number): number {
  return a === b ? 0 : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
}

describe('the registry', () => {
  it('states every family once, in alphabetical order, under its own name', () => {
    const names = [...families.keys()];
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual([...names].sort());
    for (const [name, family] of families) expect(family.name).toBe(name);
  });
  it('has a reference case for every proper family but Delta', () => {
    const covered = new Set([...scalarCases, ...arrayCases].map((c) => c.family));
    expect([...families.values()].filter((f) => f.proper && f.name !== 'Delta' && !covered.has(f.name)).map((f) => f.name)).toEqual([]);
  });
  it('documents every parameter and replaces only canonical ones', () => {
    for (const family of families.values()) {
      const own = new Set(family.parameters.map((q) => q.name));
      for (const q of [...family.parameters, ...family.alternatives.flatMap((a) => a.parameters)]) expect(q.doc).not.toBe('');
      for (const name of family.alternatives.flatMap((a) => a.replaces)) expect(own.has(name)).toBe(true);
    }
  });
});

describe('scalar families', () => {
  for (const c of scalarCases) {
    const family = familyNamed(c.family),
      p = symbols(c.parameters);
    const value = (e: Expr, at = 0): number => numberOf(e, { ...c.parameters, x: at });
    const density = family.logDensity(scalar(x), p);

    it(`${title(c)} has SciPy's log density, distribution function and survival function`, () => {
      const cdf = family.cdf!(x, p),
        survival = family.survival!(x, p);
      for (const point of c.points) {
        expect(discrepancy(value(density, point.x), point.logDensity)).toBeLessThan(2e-9);
        // Relative, tails of 1e-12 included: where SciPy's own tail has no digits left it is not compared.
        if (point.cdf > 1e-300) expect(relative(value(cdf, point.x), point.cdf)).toBeLessThan(1e-8);
        if (point.survival > 1e-300) expect(relative(value(survival, point.x), point.survival)).toBeLessThan(1e-8);
      }
    });

    it(`${title(c)} has SciPy's mean and variance`, () => {
      if (c.mean !== null && family.mean !== undefined) expect(discrepancy(value(family.mean(p).body), c.mean)).toBeLessThan(1e-10);
      else if (family.mean !== undefined) expect(Number.isFinite(value(family.mean(p).body))).toBe(false);
      if (c.variance !== null && family.variance !== undefined)
        expect(relative(value(family.variance(p).body), c.variance)).toBeLessThan(1e-9);
      else if (family.variance !== undefined) expect(Number.isFinite(value(family.variance(p).body))).toBe(false);
    });

    const quantile = (u: number): number => numberOf(family.quantile!(num(u), p), c.parameters);

    it(`${title(c)} has a quantile that inverts its distribution function`, () => {
      const cdf = family.cdf!(x, p);
      for (const u of [1e-6, 0.03, 0.25, 0.5, 0.81, 0.995]) {
        const q = quantile(u);
        if (family.discrete) {
          expect(value(cdf, q)).toBeGreaterThanOrEqual(u * (1 - 1e-12));
          const support = family.support(p);
          if (support.kind === 'integers' && q > value(support.low)) expect(value(cdf, q - 1)).toBeLessThan(u);
        } else {
          expect(relative(value(cdf, q), u)).toBeLessThan(1e-9);
          if (family.upperQuantile !== undefined) {
            expect(relative(value(family.survival!(x, p), numberOf(family.upperQuantile(num(u), p), c.parameters)), u)).toBeLessThan(1e-9);
          }
        }
      }
    });

    // The law with nearly all mass below 1e-300 has no finite representation of its lower quantiles.
    it(`${title(c)} has total mass one and the moments it states`, () => {
      let expectation: (f: (x: number) => number) => number;
      if (family.discrete) {
        const low = quantile(1e-13),
          high = quantile(1 - 1e-13);
        const masses = Float64Array.from({ length: high - low + 1 }, (_, k) => Math.exp(value(density, low + k)));
        expectation = (f) => masses.reduce((sum, mass, k) => sum + f(low + k) * mass, 0);
      } else {
        const breaks = [1e-14, 1e-9, 1e-4, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99].map(quantile);
        const upper = [1e-4, 1e-6, 1e-9, 1e-14].map((q) =>
          family.upperQuantile === undefined ? quantile(1 - q) : numberOf(family.upperQuantile(num(q), p), c.parameters),
        );
        expectation = (f) => integratePieces((y) => f(y) * Math.exp(value(density, y)), [...breaks, ...upper]);
      }
      expect(Math.abs(expectation(() => 1) - 1)).toBeLessThan(1e-8);
      // Heavy tails leave too much of the moments beyond the last quantile.
      const light = new Set([
        'Normal',
        'Laplace',
        'HalfNormal',
        'Exponential',
        'Gamma',
        'Beta',
        'Uniform',
        'ChiSquared',
        'Binomial',
        'Poisson',
        'NegativeBinomial',
        'Geometric',
        'Bernoulli',
        'Categorical',
        'DiscreteUniform',
        'Logistic',
        'Gumbel',
        'BetaBinomial',
        'Hypergeometric',
        'OrderedLogistic',
      ]);
      if (light.has(c.family)) {
        const mean = expectation((y) => y);
        expect(discrepancy(mean, value(family.mean!(p).body))).toBeLessThan(1e-6);
        expect(
          discrepancy(
            expectation((y) => (y - mean) ** 2),
            value(family.variance!(p).body),
          ),
        ).toBeLessThan(1e-6);
      }
      if (family.exponential !== undefined && light.has(c.family)) {
        const form = family.exponential;
        const logs: Readonly<Partial<Record<Statistic, (y: number) => number>>> = {
          x: (y) => y,
          'x^2': (y) => y * y,
          'log x': Math.log,
          'log(1-x)': (y) => Math.log1p(-y),
        };
        for (const s of form.statistics) {
          const f = logs[s];
          if (f !== undefined) expect(discrepancy(expectation(f), value(form.expectation(s, p).body))).toBeLessThan(2e-6);
        }
        expect(discrepancy(-expectation((y) => value(density, y)), value(form.entropy(p)))).toBeLessThan(1e-6);
      }
    });

    it(`${title(c)} has a log density whose symbolic derivatives are its finite differences`, () => {
      const point = c.points[Math.floor(c.points.length / 2)]!.x;
      const names = family.discrete ? [] : ['x'];
      const integer = new Set(
        family.parameters.filter((q) => q.rank > 0 || ['count', 'int', 'positiveInt'].includes(q.domain)).map((q) => q.name),
      );
      for (const name of [...names, ...Object.keys(c.parameters).filter((n) => !integer.has(n))]) {
        const values: Record<string, Value> = { ...c.parameters, x: point };
        if (c.family === 'Laplace' && point === values['loc']) values['x'] = point + 0.1;
        const centre = values[name] as number,
          h = 1e-4 * Math.max(Math.abs(centre), 1e-4);
        const shifted = (d: number): number => numberOf(density, { ...values, [name]: centre + d });
        // Five points: error h^4, so that 1e-6 tells a wrong derivative from rounding.
        const numeric = (8 * (shifted(h) - shifted(-h)) - (shifted(2 * h) - shifted(-2 * h))) / (12 * h);
        expect(discrepancy(numberOf(differentiate(density, ref(name)), values), numeric)).toBeLessThan(1e-5);
      }
    });

    it(`${title(c)} is drawn from its distribution function`, () => {
      const draws = drawsOf(c.family, c.parameters, 40_000)
        .map((d) => d[0]!)
        .sort((a, b) => a - b);
      const cdf = family.cdf!(x, p);
      // Dvoretzky-Kiefer-Wolfowitz: P(sup |F_n - F| > eps) <= 2 exp(-2 n eps^2) = 1e-7.
      const bound = Math.sqrt(Math.log(2 / 1e-7) / (2 * draws.length));
      for (let k = 199; k < draws.length; k += 400) {
        const point = draws[k]!;
        let atMost = k + 1;
        while (draws[atMost] === point) atMost++;
        expect(Math.abs(value(cdf, point) - atMost / draws.length)).toBeLessThan(bound);
        if (family.discrete) k = Math.max(k, atMost - 1);
      }
    });
  }
});

/** Draws through the family's own variate, each as a flat list. */
function drawsOf(name: string, parameters: Values, count: number): number[][] {
  const family = familyNamed(name),
    p = symbols(parameters),
    variate = family.variate(p);
  const random = createRandom('laws', name);
  const args = variate.args.map((a) =>
    a.dims.length === 0 ? numberOf(a.body, parameters) : Float64Array.from(arrayOfValues(a, parameters)),
  );
  const call = (variates as unknown as Readonly<Record<string, (...a: unknown[]) => number>>)[variate.fn]!;
  const dims = family.eventDims(p).map((d) => numberOf(d, parameters));
  const out = new Float64Array(dims.reduce((a, b) => a * b, 1));
  const transformed = variate.transform?.(ref('draw'));
  return Array.from({ length: count }, () => {
    if (dims.length > 0) {
      call(random, out, 0, ...args);
      return [...out];
    }
    const draw = call(random, ...args);
    return [transformed === undefined ? draw : numberOf(transformed, { ...parameters, draw })];
  });
}

describe('vector and matrix families', () => {
  for (const c of arrayCases) {
    const family = familyNamed(c.family),
      p = symbols(c.parameters);
    const values = { ...c.parameters, x: c.x };
    const density = family.logDensity(symbol('x', c.x), p);
    it(`${title(c)} has SciPy's log density at ${JSON.stringify(c.x)} and moments`, () => {
      expect(discrepancy(numberOf(density, values), c.logDensity)).toBeLessThan(1e-10);
      const flat = (v: Value): number[] => [v].flat(2) as number[];
      if (c.mean !== null)
        arrayOfValues(family.mean!(p), values).forEach((m, k) => expect(discrepancy(m, flat(c.mean!)[k]!)).toBeLessThan(1e-10));
      if (c.variance !== null)
        arrayOfValues(family.variance!(p), values).forEach((m, k) => expect(discrepancy(m, flat(c.variance!)[k]!)).toBeLessThan(1e-10));
    });
    if (!family.discrete) {
      it(`${title(c)} has a log density at ${JSON.stringify(c.x)} whose symbolic derivatives are its finite differences`, () => {
        for (const [name, value] of Object.entries(values)) {
          if (family.parameters.some((q) => q.name === name && ['count', 'int', 'positiveInt'].includes(q.domain))) continue;
          const places =
            typeof value === 'number'
              ? [[]]
              : typeof value[0] === 'number'
                ? value.map((_, i) => [i])
                : value.flatMap((row, i) => (row as readonly number[]).map((_, j) => [i, j]));
          for (const place of places) {
            // Matrices move on and below the diagonal together: the density is defined on symmetric ones.
            const [i, j] = place;
            if (i !== undefined && j !== undefined && j > i) continue;
            const moved = (d: number): Values => ({ ...values, [name]: shift(value, place, d) });
            const h = 1e-4;
            const f = (d: number): number => numberOf(density, moved(d));
            const numeric = (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
            const partial = (k: readonly number[]): number => numberOf(differentiate(density, ref(name, k.map(num))), values);
            const symbolic = i !== undefined && j !== undefined && i !== j ? partial([i, j]) + partial([j, i]) : partial(place as number[]);
            expect(discrepancy(symbolic, numeric)).toBeLessThan(1e-6);
          }
        }
      });
    }
  }

  const scale = [
      [1.5, 0.4],
      [0.4, 0.8],
    ],
    a = [0.6, -1.1];
  const form = (m: readonly number[]): number => a[0]! * (a[0]! * m[0]! + a[1]! * m[1]!) + a[1]! * (a[0]! * m[2]! + a[1]! * m[3]!);
  const inverse = ([p, q, r, s]: readonly number[]): number[] => {
    const d = p! * s! - q! * r!;
    return [s! / d, -q! / d, -r! / d, p! / d];
  };
  /** Scalar functions of a draw whose law is known. */
  const projections: readonly (readonly [string, Values, (x: readonly number[]) => number, string, Values])[] = [
    [
      'MvNormal',
      { mean: [1, -2], cov: scale },
      (y) => a[0]! * y[0]! + a[1]! * y[1]!,
      'Normal',
      { mean: 2.8, sd: Math.sqrt(form(scale.flat())) },
    ],
    ['Dirichlet', { alpha: [0.5, 2, 7] }, (y) => y[1]!, 'Beta', { a: 2, b: 7.5 }],
    ['Multinomial', { n: 12, probs: [0.05, 0.25, 0.7] }, (y) => y[2]!, 'Binomial', { n: 12, p: 0.7 }],
    ['Wishart', { df: 4.5, scale }, (y) => form(y) / form(scale.flat()), 'ChiSquared', { df: 4.5 }],
    [
      'MvStudentT',
      { df: 4.5, loc: [1, -2], scale },
      (y) => a[0]! * y[0]! + a[1]! * y[1]!,
      'StudentT',
      { df: 4.5, loc: 2.8, scale: Math.sqrt(form(scale.flat())) },
    ],
    [
      'MvStudentT',
      { df: 4.5, loc: [1, -2], scale },
      (y) => {
        const c = [y[0]! - 1, y[1]! + 2],
          i = inverse(scale.flat());
        return (
          (c[0]! ** 2 * i[0]! + 2 * c[0]! * c[1]! * i[1]! + c[1]! ** 2 * i[3]!) /
          2 /
          (1 + (c[0]! ** 2 * i[0]! + 2 * c[0]! * c[1]! * i[1]! + c[1]! ** 2 * i[3]!) / 4.5) /
          2.25
        );
      },
      'Beta',
      { a: 1, b: 2.25 },
    ],
    ['DirichletMultinomial', { n: 12, alpha: [0.5, 2, 7] }, (y) => y[1]!, 'BetaBinomial', { n: 12, a: 2, b: 7.5 }],
    ['DirichletMultinomial', { n: 12, alpha: [0.5, 2, 7] }, (y) => y[0]! + y[1]!, 'BetaBinomial', { n: 12, a: 2.5, b: 7 }],
    // Every entry has (r + 1) / 2 ~ Beta(b, b) with b = shape - 1 + d / 2, whichever place it has in the vine.
    ['LKJ', { dimension: 4, shape: 0.7 }, (y) => (y[4]! + 1) / 2, 'Beta', { a: 1.7, b: 1.7 }],
    ['LKJ', { dimension: 4, shape: 0.7 }, (y) => (y[14]! + 1) / 2, 'Beta', { a: 1.7, b: 1.7 }],
    ['LKJ', { dimension: 4, shape: 2.5 }, (y) => (y[9]! + 1) / 2, 'Beta', { a: 3.5, b: 3.5 }],
    ['InverseWishart', { df: 4.5, scale }, (y) => form(inverse(y)) / form(inverse(scale.flat())), 'ChiSquared', { df: 4.5 }],
  ];
  for (const [name, parameters, project, target, targetParameters] of projections) {
    it(`${name} is drawn so that ${String(project).slice(0, 60)} is ${target}`, () => {
      const draws = drawsOf(name, parameters, 40_000)
        .map(project)
        .sort((u, v) => u - v);
      const cdf = familyNamed(target).cdf!(x, symbols(targetParameters));
      const bound = Math.sqrt(Math.log(2 / 1e-7) / (2 * draws.length));
      for (let k = 199; k < draws.length; k += 400) {
        let atMost = k + 1;
        while (draws[atMost] === draws[k]) atMost++;
        expect(Math.abs(numberOf(cdf, { ...targetParameters, x: draws[k]! }) - atMost / draws.length)).toBeLessThan(bound);
      }
    });
  }
});

function shift(value: Value, place: readonly number[], by: number): Value {
  if (typeof value === 'number') return value + by;
  const [i, j] = place;
  if (j === undefined) return (value as readonly number[]).map((v, k) => (k === i ? v + by : v));
  return (value as readonly (readonly number[])[]).map((row, r) =>
    row.map((v, k) => ((r === i && k === j) || (r === j && k === i) ? v + by : v)),
  );
}

describe('exponential forms', () => {
  const inner = (list: readonly number[]): readonly number[] => (list.length > 4 ? list.slice(1, -1) : list);
  const cases = [
    ...scalarCases.map((c) => ({ ...c, x: inner(c.points.map((q) => q.x)) as readonly Value[] })),
    ...arrayCases.map((c) => ({ ...c, x: [c.x] })),
  ].filter((c) => familyNamed(c.family).exponential !== undefined);
  /** The statistic's elements as expressions of a draw. */
  const statistic = (s: Statistic, draw: Value): number[] => {
    const v = [draw].flat(2) as number[],
      m = draw as readonly (readonly number[])[];
    switch (s) {
      case 'x':
        return v;
      case 'x^2':
        return v.map((y) => y * y);
      case '1/x':
        return v.map((y) => 1 / y);
      case 'log x':
        return v.map(Math.log);
      case 'log(1-x)':
        return v.map((y) => Math.log1p(-y));
      case '1[x=k]':
        return [0, 1, 2, 3].map((k) => (k === v[0] ? 1 : 0)); // the grid has one Categorical, of four outcomes
      case 'x_i':
        return v;
      case 'x_i x_j':
        return v.flatMap((y) => v.map((z) => y * z));
      case 'log x_i':
        return v.map(Math.log);
      case 'X_ij':
        return v;
      case 'inverse(X)_ij': {
        const d = m[0]![0]! * m[1]![1]! - m[0]![1]! * m[1]![0]!;
        return [m[1]![1]! / d, -m[0]![1]! / d, -m[1]![0]! / d, m[0]![0]! / d];
      }
      case 'logdet X':
        return [Math.log(m[0]![0]! * m[1]![1]! - m[0]![1]! * m[1]![0]!)];
    }
  };
  for (const c of cases) {
    const family = familyNamed(c.family),
      form = family.exponential!,
      p = symbols(c.parameters);
    const support = family.support(p);
    const natural = form.natural(p).map((eta) => arrayOfValues(eta, c.parameters));
    /** A(eta) from the density at a draw: sum eta T + logBase - log p. */
    const logNormaliser = (eta: readonly (readonly number[])[], draw: Value): number => {
      const names = Object.fromEntries(
        eta.map((e, k) => [
          `eta${k}`,
          form.natural(p)[k]!.dims.length === 2
            ? [e.slice(0, Math.sqrt(e.length)), ...rows(e).slice(1)]
            : form.natural(p)[k]!.dims.length === 0
              ? e[0]!
              : e,
        ]),
      ) as Values;
      const canonical = form.parameters(
        eta.map((_, k) => symbol(`eta${k}`, names[`eta${k}`]!)),
        support,
      );
      const values = { ...c.parameters, ...names, x: draw };
      const inner = form.statistics.reduce(
        (sum, s, k) => sum + statistic(s, draw).reduce((t, v, l) => t + (v === 0 ? 0 : v * eta[k]![l]!), 0),
        0,
      );
      const base = form.logBase === undefined ? 0 : numberOf(form.logBase(symbol('x', draw)), values);
      return inner + base - numberOf(family.logDensity(symbol('x', draw), canonical), values);
    };
    const rows = (e: readonly number[]): number[][] => {
      const d = Math.sqrt(e.length);
      return Array.from({ length: d }, (_, i) => e.slice(i * d, i * d + d));
    };

    it(`${title(c)} has a log density linear in its statistics`, () => {
      const constants = c.x.map((draw) => logNormaliser(natural, draw));
      const expected = c.x.map((draw) => {
        const inner = form.statistics.reduce(
          (sum, s, k) => sum + statistic(s, draw).reduce((t, v, l) => t + (v === 0 ? 0 : v * natural[k]![l]!), 0),
          0,
        );
        const base = form.logBase === undefined ? 0 : numberOf(form.logBase(symbol('x', draw)), { x: draw });
        return inner + base - numberOf(family.logDensity(symbol('x', draw), p), { ...c.parameters, x: draw });
      });
      for (const [k, value] of constants.entries()) {
        // parameters(natural(p)) gives the same density as p, and the constant does not depend on the draw.
        expect(discrepancy(value, expected[k]!)).toBeLessThan(1e-8);
        expect(discrepancy(value, constants[0]!)).toBeLessThan(1e-8);
      }
    });

    // The gradient of A is E[T]. With Categorical the natural parameters are only defined up to a constant.
    it(`${title(c)} expects its statistics at the gradient of the log normaliser`, () => {
      const draw = c.x[Math.floor(c.x.length / 2)]!;
      for (const [k, s] of form.statistics.entries()) {
        const expected = arrayOfValues(form.expectation(s, p), c.parameters);
        for (const [l, value] of expected.entries()) {
          if (s === '1[x=k]') continue;
          const h = 1e-4 * Math.max(0.1, Math.abs(natural[k]![l]!));
          const f = (d: number): number =>
            logNormaliser(
              natural.map((e, m) => (m === k ? e.map((v, n) => (n === l ? v + d : v)) : e)),
              draw,
            );
          const numeric = (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
          expect(discrepancy(value, numeric)).toBeLessThan(1e-4);
        }
      }
      for (const condition of form.proper(form.natural(p))) expect(numberOf(condition, c.parameters)).toBeGreaterThan(0);
    });

    // H = A - sum eta E[T] - E[logBase]; Poisson's base is summed in the mass law above.
    if (form.logBase === undefined) {
      it(`${title(c)} has the entropy of its log normaliser`, () => {
        const draw = c.x[0]!;
        const inner = form.statistics.reduce(
          (sum, s, k) => sum + arrayOfValues(form.expectation(s, p), c.parameters).reduce((t, v, l) => t + v * natural[k]![l]!, 0),
          0,
        );
        expect(discrepancy(numberOf(form.entropy(p), c.parameters), logNormaliser(natural, draw) - inner)).toBeLessThan(1e-8);
      });
    }
  }
});

describe('exponential forms of improper parameters', () => {
  it('MvNormal and Wishart refuse an indefinite matrix', () => {
    const indefinite = [
      [-0.5, -2],
      [-2, -0.5],
    ];
    const values = { h: [0, 0], q: indefinite, n: 1 };
    for (const [name, natural] of [
      ['MvNormal', [symbol('h', [0, 0]), symbol('q', indefinite)]],
      ['Wishart', [symbol('q', indefinite), symbol('n', 1)]],
    ] as const) {
      const least = Math.min(
        ...familyNamed(name)
          .exponential!.proper(natural)
          .map((e) => {
            const v = numberOf(e, values);
            return Number.isNaN(v) ? -1 : v;
          }),
      );
      expect(least).toBeLessThanOrEqual(0);
    }
  });
  it('the matrix statistics of the tests are those of the rules', () => {
    const m = [
      [2, 0.7],
      [0.7, 1.1],
    ];
    const inverse = inverseOf(symbol('m', m));
    const trace = sumOver(
      num(2),
      (i) =>
        sumOver(
          num(2),
          (j) => {
            return at(inverse, i, j);
          },
          'j',
        ),
      'i',
    );
    const d = 2 * 1.1 - 0.49;
    expect(numberOf(trace, { m })).toBeCloseTo((1.1 + 2 - 1.4) / d, 12);
    expect(numberOf(logdetOf(symbol('m', m)), { m })).toBeCloseTo(Math.log(d), 12);
  });
});
