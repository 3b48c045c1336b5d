/** Log densities at points: closed forms with every constant, terms by statement, and points outside of a support. */
import { describe, expect, it } from 'vitest';
import { type LogDensity, logDensityFunction } from '../../src/4-infer/logDensity.js';
import { boundModel } from '../compiled.js';

function density(source: string, data: Record<string, unknown> = {}): LogDensity {
  return logDensityFunction(boundModel(source, data));
}
function point(values: Record<string, number | readonly number[]>): Map<string, ArrayLike<number>> {
  return new Map(Object.entries(values).map(([name, v]) => [name, typeof v === 'number' ? [v] : v]));
}
const logNormal = (x: number, m: number, s: number): number => -0.5 * ((x - m) / s) ** 2 - Math.log(s) - 0.5 * Math.log(2 * Math.PI);

describe('the log joint density', () => {
  const normal = density(
    'data y: real[N]\nsample m ~ Normal(0, 10)\nsample s ~ Gamma(2, 1)\nfor n in 0..<N { observe y[n] ~ Normal(m, s) }',
    { y: [1, 3] },
  );

  it('has every normalising constant', () => {
    const expected = logNormal(0.5, 0, 10) + Math.log(2) - 2 + logNormal(1, 0.5, 2) + logNormal(3, 0.5, 2);
    expect(normal.total(point({ m: 0.5, s: 2 }))).toBeCloseTo(expected, 12);
  });
  it('is the sum of one term for each statement', () => {
    const terms = normal.byFactor(point({ m: 0.5, s: 2 })).map((t) => t.value);
    expect(terms).toHaveLength(3);
    expect(terms[0]).toBeCloseTo(logNormal(0.5, 0, 10), 12);
    expect(terms[2]).toBeCloseTo(logNormal(1, 0.5, 2) + logNormal(3, 0.5, 2), 12);
  });
  it('is minus infinity outside the support of a scalar, a simplex, a covariance and a param', () => {
    expect(normal.total(point({ m: 0, s: -1 }))).toBe(-Infinity);
    const simplex = density('sample p ~ Dirichlet([1, 1, 1])');
    expect(simplex.total(point({ p: [0.2, 0.3, 0.5] }))).toBeCloseTo(Math.log(2), 12);
    expect(simplex.total(point({ p: [0.2, 0.3, 0.6] }))).toBe(-Infinity);
    expect(simplex.total(point({ p: [-0.2, 0.7, 0.5] }))).toBe(-Infinity);
    const matrix = density('sample S ~ InverseWishart(4, eye(2))');
    expect(matrix.total(point({ S: [1, 0.2, 0.2, 1] }))).toBeGreaterThan(-Infinity);
    expect(matrix.total(point({ S: [1, 2, 2, 1] }))).toBe(-Infinity);
    const param = density('param s: positive\ndata y: real\nobserve y ~ Normal(0, s)', { y: 1 });
    expect(param.total(point({ s: 2 }))).toBeCloseTo(logNormal(1, 0, 2), 12);
    expect(param.total(point({ s: -2 }))).toBe(-Infinity);
  });
  it('is minus infinity where an ordered variable is not increasing', () => {
    const three = logNormal(1, 0, 5) + logNormal(2, 0, 5) + logNormal(3, 0, 5);
    const ordered = density('sample c: ordered[3] ~ iid(Normal(0, 5), 3)');
    // Three values have 3! orders, one of which is allowed.
    expect(ordered.total(point({ c: [1, 2, 3] }))).toBeCloseTo(three + Math.log(6), 12);
    const rows = density('data J: int for j in 0..<J { sample c[j]: ordered[3] ~ iid(Normal(0, 5), 3) }', { J: 2 });
    expect(rows.total(point({ c: [1, 2, 3, 1, 2, 3] }))).toBeCloseTo(2 * (three + Math.log(6)), 12);
    const flat = density('param c: ordered[3] factor -c[0]'),
      flatRows = density('for j in 0..<2 { param c[j]: ordered[3] } factor -c[0, 0]');
    expect(flat.total(point({ c: [1, 2, 3] }))).toBe(-1);
    for (const bad of [
      [2, 1, 3],
      [1, 3, 2],
      [1, 1, 2],
    ]) {
      expect(ordered.total(point({ c: bad }))).toBe(-Infinity);
      expect(flat.total(point({ c: bad }))).toBe(-Infinity);
      for (const d of [rows, flatRows]) {
        expect(d.total(point({ c: [1, 2, 3, ...bad] }))).toBe(-Infinity);
        expect(d.total(point({ c: [...bad, 1, 2, 3] }))).toBe(-Infinity);
      }
    }
  });
  it('is minus infinity for matrices and counts outside of their support', () => {
    const matrix = density('sample S ~ InverseWishart(4, eye(2))');
    expect(matrix.total(point({ S: [1, 0.2, 0.3, 1] }))).toBe(-Infinity);
    const floored = density('param S: cov[2](floor: 0.5) factor -trace(S)');
    // Eigenvalues 1 - c and 1 + c.
    expect(floored.total(point({ S: [1, 0.4, 0.4, 1] }))).toBe(-2);
    expect(floored.total(point({ S: [1, 0.6, 0.6, 1] }))).toBe(-Infinity);
    const correlations = density('param R: corr[2] factor R[0, 1]');
    expect(correlations.total(point({ R: [1, 0.4, 0.4, 1] }))).toBe(0.4);
    expect(correlations.total(point({ R: [1.1, 0.4, 0.4, 1] }))).toBe(-Infinity);
    const counts = density('sample k ~ Multinomial(4, [0.5, 0.5])');
    expect(counts.total(point({ k: [1, 3] }))).toBeCloseTo(Math.log(4 / 16), 12);
    for (const bad of [
      [1, 2],
      [-1, 5],
      [1.5, 2.5],
    ])
      expect(counts.total(point({ k: bad }))).toBe(-Infinity);
  });
  it('is minus infinity where an integer leaves the range of its law, and says which statement', () => {
    const mixture = density('sample z ~ Categorical([0.5, 0.5]) sample m ~ Normal([-1.0, 1.0][z], 1)');
    expect(mixture.total(point({ z: 1, m: 0 }))).toBeCloseTo(Math.log(0.5) + logNormal(0, 1, 1), 12);
    for (const z of [2, -1, 0.5, 1e12]) {
      expect(mixture.total(point({ z, m: 0 }))).toBe(-Infinity);
      expect(mixture.byFactor(point({ z, m: 0 }))[0]!.value).toBe(-Infinity);
    }
    expect(density('sample k ~ Poisson(3)').total(point({ k: -1 }))).toBe(-Infinity);
    expect(density('sample k ~ DiscreteUniform(-2, 2)').total(point({ k: -3 }))).toBe(-Infinity);
  });
  it('takes missing observations as unknowns and keeps the given ones', () => {
    const gaps = density('data y: real[N]\nsample m ~ Normal(0, 1)\nfor n in 0..<N { observe y[n] ~ Normal(m, 1) }', { y: [1, null, 3] });
    expect(gaps.unknowns.map((u) => u.name)).toEqual(['y', 'm']);
    expect(gaps.total(point({ m: 0, y: [99, 2, 99] }))).toBeCloseTo(
      logNormal(0, 0, 1) + logNormal(1, 0, 1) + logNormal(2, 0, 1) + logNormal(3, 0, 1),
      12,
    );
  });
  it('follows recursive quantities', () => {
    const recursive = density(
      'sample a ~ Normal(0, 1)\nlet h[0] = 1\nfor t in 1..<4 { let h[t] = a * h[t-1] }\ndata y: real\nobserve y ~ Normal(h[3], 1)',
      { y: 2 },
    );
    expect(recursive.total(point({ a: 1.5 }))).toBeCloseTo(logNormal(1.5, 0, 1) + logNormal(2, 1.5 ** 3, 1), 12);
  });
  it('names every value that a point lacks', () => {
    expect(() => normal.total(point({ s: 1 }))).toThrow(/'m'/);
    expect(() => normal.total(point({ m: [1, 2], s: 1 }))).toThrow(/2 numbers, 1 are needed/);
  });

  it('counts what lies between bounds that are not affine in an outer index', () => {
    // At its last index each of these ranges, and each of these tests, says another thing than before.
    const over = (inner: string): number =>
      density(`sample x ~ Flat() factor sum(x for i in 0..<40, j in ${inner})`).total(point({ x: 1 }));
    const indices = Array.from({ length: 40 }, (_, i) => i);
    const count = (length: (i: number) => number): number => indices.reduce((sum, i) => sum + Math.max(0, length(i)), 0);
    expect(over('i..<i * i')).toBe(count((i) => i * i - i));
    expect(over('i * i..<3 * i')).toBe(count((i) => 3 * i - i * i));
    expect(over('i..<max(2 * i, 3)')).toBe(count((i) => Math.max(2 * i, 3) - i));
    const where = (test: string): number => density(`sample x ~ Flat() factor sum(${test} ? x : 0 for i in 0..<40)`).total(point({ x: 1 }));
    expect(where('i * i > i')).toBe(38);
    expect(where('i * i <= i')).toBe(2);
    expect(where('i * i == i')).toBe(2);
    const sized = density('data n: int sample x ~ Flat() factor sum(exp(x * j) for i in 0..<4, j in i..<i * n)', { n: 2 });
    expect(sized.total(point({ x: 1 }))).toBeCloseTo(Math.E + Math.E ** 2 + 2 * Math.E ** 3 + Math.E ** 4 + Math.E ** 5, 9);
    const product = density('sample x ~ Flat() factor prod(1 + x for i in 0..<4, j in i..<i * i)');
    expect(product.total(point({ x: 1 }))).toBe(2 ** 8);
  });
  it('has no term for an index that a real between two of its values is compared with', () => {
    const at = (r: number): number =>
      density('data r: real sample x ~ Flat() factor sum(i == r ? x * i : 0 for i in 0..<50)', { r }).total(point({ x: 1 }));
    expect([at(2), at(2.5)]).toEqual([2, 0]);
    const total = (terms: string): number => density(`sample x ~ Flat() factor sum(${terms})`).total(point({ x: 1 }));
    expect(total('i / 2 == j ? x * j : 0 for i in 0..<50, j in 0..<50')).toBe(300);
    expect(total('i + 0.5 == j ? x : 0 for i in 0..<50, j in 0..<50')).toBe(0);
    expect(total('i == 2.5 ? x : 0 for i in 0..<50')).toBe(0);
    const defined = density(
      'for i in 0..<5 { let u[i] = i + 0.5 } sample x ~ Flat() factor sum(u[i] == k ? x : 0 for i in 0..<5, k in 0..<5)',
    );
    expect(defined.total(point({ x: 1 }))).toBe(0);
    const unknown = density('sample k ~ DiscreteUniform(0, 5) factor sum(i == k / 2 ? 7 : 0 for i in 0..<40)');
    expect(unknown.total(point({ k: 4 }))).toBeCloseTo(7 - Math.log(6), 12);
    expect(unknown.total(point({ k: 5 }))).toBeCloseTo(-Math.log(6), 12);
    // An element that lies outside of its array is not read.
    const read = density(
      'data t: real[N] sample a ~ iid(Normal(0, 1), 3) for k in 0..<N { factor sum(t[k] == i ? a[i] : 0 for i in 0..<3) }',
      {
        t: [1, 2, 2.5, 7],
      },
    );
    expect(read.total(point({ a: [1, 2, 3] }))).toBeCloseTo(5 + logNormal(1, 0, 1) + logNormal(2, 0, 1) + logNormal(3, 0, 1), 12);
  });
});
