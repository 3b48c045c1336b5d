/** Log densities at points: closed forms with every constant, terms by statement, and points outside of a support. */
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/1-parse/parse.js';
import { bind } from '../../src/2-graph/bind.js';
import { lower } from '../../src/2-graph/lower.js';
import { type LogDensity, logDensityFunction } from '../../src/4-infer/logDensity.js';

function density(source: string, data: Record<string, unknown> = {}): LogDensity {
  return logDensityFunction(bind(lower(parse(source).program!, []).graph!, data, { mode: 'infer' }).model!);
}
function point(values: Record<string, number | readonly number[]>): Map<string, ArrayLike<number>> {
  return new Map(Object.entries(values).map(([name, v]) => [name, typeof v === 'number' ? [v] : v]));
}
const logNormal = (x: number, m: number, s: number): number => -0.5 * ((x - m) / s) ** 2 - Math.log(s) - 0.5 * Math.log(2 * Math.PI);

describe('the log joint density', () => {
  const normal = density('data y: real[N]\nsample m ~ Normal(0, 10)\nsample s ~ Gamma(2, 1)\nfor n in 0..<N { observe y[n] ~ Normal(m, s) }', { y: [1, 3] });

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
  it('takes missing observations as unknowns and keeps the given ones', () => {
    const gaps = density('data y: real[N]\nsample m ~ Normal(0, 1)\nfor n in 0..<N { observe y[n] ~ Normal(m, 1) }', { y: [1, null, 3] });
    expect(gaps.unknowns.map((u) => u.name)).toEqual(['y', 'm']);
    expect(gaps.total(point({ m: 0, y: [99, 2, 99] }))).toBeCloseTo(logNormal(0, 0, 1) + logNormal(1, 0, 1) + logNormal(2, 0, 1) + logNormal(3, 0, 1), 12);
  });
  it('follows recursive quantities', () => {
    const recursive = density('sample a ~ Normal(0, 1)\nlet h[0] = 1\nfor t in 1..<4 { let h[t] = a * h[t-1] }\ndata y: real\nobserve y ~ Normal(h[3], 1)', { y: 2 });
    expect(recursive.total(point({ a: 1.5 }))).toBeCloseTo(logNormal(1.5, 0, 1) + logNormal(2, 1.5 ** 3, 1), 12);
  });
  it('names every value that a point lacks', () => {
    expect(() => normal.total(point({ s: 1 }))).toThrow(/'m'/);
    expect(() => normal.total(point({ m: [1, 2], s: 1 }))).toThrow(/2 numbers, 1 are needed/);
  });
});
