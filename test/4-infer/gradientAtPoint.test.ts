/**
 * `logp --gradient` and `--unconstrained`: conventions for matrices and simplexes against differences of
 * the density along the directions that they name, values with gaps, and refusals.
 */
import { describe, expect, test } from 'vitest';
import { compile, type LogDensity, model } from '../../src/index.js';

type Point = Record<string, unknown>;
const density = (source: string, data: object = {}): LogDensity => compile(source).logDensity(data as Record<string, unknown>);
/** A copy of a nested value with numbers moved. */
function moved(value: unknown, by: readonly (readonly [readonly number[], number])[], at: readonly number[] = []): unknown {
  if (Array.isArray(value)) return value.map((v, i) => moved(v, by, [...at, i]));
  return by.reduce((x, [where, h]) => (where.length === at.length && where.every((w, d) => w === at[d]) ? x + h : x), value as number);
}
function slope(
  f: LogDensity,
  point: Point,
  name: string,
  direction: readonly (readonly number[])[],
  signs: readonly number[] = direction.map(() => 1),
): number {
  const h = 1e-5,
    along = (t: number): number =>
      f({
        ...point,
        [name]: moved(
          point[name],
          direction.map((d, k) => [d, t * signs[k]!] as const),
        ),
      });
  return (along(h) - along(-h)) / (2 * h);
}

describe('on the scale of the program', () => {
  test('scalars and vectors', () => {
    const f = density('data y: real[N] sample m ~ Normal(0, 2) param s: positive param v: real[3] observe y ~ Normal(m * v[1] + v[0], s)', {
      y: [1, 2, 0.5],
    });
    const point: Point = { m: 0.3, s: 1.4, v: [0.2, -0.7, 5] };
    const g = f.gradient(point) as Record<string, number & number[]>;
    expect(g['m']).toBeCloseTo(slope(f, point, 'm', [[]]), 7);
    expect(g['s']).toBeCloseTo(slope(f, point, 's', [[]]), 7);
    [0, 1, 2].forEach((i) => {
      expect(g['v']![i]).toBeCloseTo(slope(f, point, 'v', [[i]]), 7);
    });
  });

  test('data and unknowns at an index that an unknown chooses', () => {
    const f = density(
      'data x: real[N] data y: real[N] sample b ~ iid(Normal(0, 3), 2) sample c ~ Uniform(-2, 2) for i in 0..<N { let side = x[i] > c ? 0 : 1  observe y[i] ~ Normal(b[side] * (x[side] - c), 1) }',
      { x: [-1, 0, 1], y: [1, 0.5, 0.1] },
    );
    const point: Point = { b: [0.5, -0.3], c: 0.4 };
    const g = f.gradient(point) as Record<string, number & number[]>;
    expect(g['c']).toBeCloseTo(slope(f, point, 'c', [[]]), 7);
    [0, 1].forEach((i) => {
      expect(g['b']![i]).toBeCloseTo(slope(f, point, 'b', [[i]]), 7);
    });
  });

  test('a covariance matrix: lower triangle, both entries moving', () => {
    const f = density('data x: real[N, D] param S: cov[D] observe x ~ MvNormal(zeros(D), S)', {
      x: [
        [1, 0.3, -1],
        [0.2, 2, 0.1],
      ],
    });
    const point: Point = {
      S: [
        [2, 0.3, 0.1],
        [0.3, 1.5, -0.2],
        [0.1, -0.2, 1.1],
      ],
    };
    const g = f.gradient(point)['S'] as number[][];
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) {
        if (j > i) expect(g[i]![j]).toBe(0);
        else
          expect(g[i]![j]).toBeCloseTo(
            slope(
              f,
              point,
              'S',
              i === j
                ? [[i, i]]
                : [
                    [i, j],
                    [j, i],
                  ],
            ),
            6,
          );
      }
  });

  test('a correlation matrix has no diagonal', () => {
    const f = density('data x: real[N, D] param R: corr[D] observe x ~ MvNormal(zeros(D), R)', {
      x: [
        [1, 0.3],
        [0.2, 2],
      ],
    });
    const point: Point = {
      R: [
        [1, 0.4],
        [0.4, 1],
      ],
    };
    const g = f.gradient(point)['R'] as number[][];
    expect(g[0]).toEqual([0, 0]);
    expect(g[1]![1]).toBe(0);
    expect(g[1]![0]).toBeCloseTo(
      slope(f, point, 'R', [
        [0, 1],
        [1, 0],
      ]),
      6,
    );
  });

  test('a simplex: projected to sum zero', () => {
    const f = density('data k: int[N] param p: simplex[3] observe k ~ Categorical(p)', { k: [0, 1, 1, 2, 1] });
    const point: Point = { p: [0.2, 0.5, 0.3] };
    const g = f.gradient(point)['p'] as number[];
    expect(g[0]! + g[1]! + g[2]!).toBeCloseTo(0, 12);
    // Along (1, -1, 0) and (0, 1, -1), which keep the sum.
    expect(g[0]! - g[1]!).toBeCloseTo(slope(f, point, 'p', [[0], [1]], [1, -1]), 6);
    expect(g[1]! - g[2]!).toBeCloseTo(slope(f, point, 'p', [[1], [2]], [1, -1]), 6);
  });

  test('a bound that is unknown is held while what it bounds moves', () => {
    const f = density('sample h ~ Exponential(1) sample v ~ Uniform(-h, h) factor -v^2');
    const point: Point = { h: 1.3, v: 0.4 };
    const g = f.gradient(point);
    expect(g['h']).toBeCloseTo(slope(f, point, 'h', [[]]), 7);
    expect(g['v']).toBeCloseTo(-0.8, 10);
  });

  test('recursions hand on; labels have the values given; gaps only', () => {
    const f = density(
      'data y: real[T] param a: real sample z ~ Bernoulli(0.4) let h[0] = a for t in 1..<T { let h[t] = 0.5 * h[t-1] + a^2 + z } observe y ~ Normal(h, 1)',
      { y: [1, null, 0.3] },
    );
    const point: Point = { a: 0.7, z: 1, y: [1, 0.9, 0.3] };
    const g = f.gradient(point);
    expect(g['a']).toBeCloseTo(slope(f, point, 'a', [[]]), 6);
    const y = g['y'] as number[];
    expect(Number.isNaN(y[0]) && Number.isNaN(y[2])).toBe(true);
    expect(y[1]).toBeCloseTo(slope(f, point, 'y', [[1]]), 7);
    expect(Object.keys(g).sort()).toEqual(['a', 'y']);
  });
});

describe('in unconstrained coordinates', () => {
  test('the Jacobian of a logarithm and of log odds', () => {
    const f = density('sample s ~ Gamma(2, 1) sample p ~ Beta(2, 3) sample q ~ Uniform(1, 3)');
    const point = { s: 1.7, p: 0.3, q: 1.5 };
    const { value, position, gradient } = f.unconstrained(point);
    expect(position['s']).toBeCloseTo(Math.log(1.7), 12);
    expect(position['p']).toBeCloseTo(Math.log(0.3 / 0.7), 12);
    expect(position['q']).toBeCloseTo(Math.log(0.25 / 0.75), 12);
    expect(value).toBeCloseTo(f(point) + Math.log(1.7) + Math.log(0.21) + Math.log(2 * 0.25 * 0.75), 11);
    // d/du of 2 log s - s, of (a) log p + (b) log(1 - p), of log q (1 - q) in the unit interval.
    expect(gradient['s']).toBeCloseTo(2 - 1.7, 11);
    expect(gradient['p']).toBeCloseTo(2 * 0.7 - 3 * 0.3, 11);
    expect(gradient['q']).toBeCloseTo(1 - 2 * 0.25, 11);
  });

  test('blocks are lists', () => {
    const found = density(
      'param p: simplex[3] param S: cov[2] param v: real[2, 2] factor -sum(v[i, j]^2 for i in 0..<2, j in 0..<2) - p[0] - S[1, 0]',
    ).unconstrained({
      p: [0.2, 0.5, 0.3],
      S: [
        [2, 0.3],
        [0.3, 1],
      ],
      v: [
        [1, 2],
        [3, 4],
      ],
    });
    expect((found.position['p'] as number[]).length).toBe(2);
    expect((found.position['S'] as number[]).length).toBe(3);
    expect(found.gradient['v']).toEqual([
      [-2, -4],
      [-6, -8],
    ]);
  });

  test('elements stand at their own places, however the loops around them run', () => {
    const transposed = density('for j in 0..<2, i in 0..<3 { sample x[i, j] ~ Normal(0, 1) }');
    const x = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    // A real number is its own coordinate, and the slope of -x^2 / 2 is -x.
    expect(transposed.unconstrained({ x }).position['x']).toEqual(x);
    expect(transposed.unconstrained({ x }).gradient['x']).toEqual(x.map((row) => row.map((v) => -v)));
    const backwards = density('sample x[2] ~ Normal(0, 1) for t in 0..<2 { sample x[t] ~ Normal(x[t + 1], 1) }');
    expect(backwards.unconstrained({ x: [1, 2, 4] }).position['x']).toEqual([1, 2, 4]);
    expect(backwards.unconstrained({ x: [1, 2, 4] }).gradient['x']).toEqual([1, 1, -6]);
  });

  test('an end that is infinite for some elements only, or where an unknown decides', () => {
    const point = { x: [0.5, 1, 3, -2] };
    const found = density('sample x ~ truncated(Normal(0, 2), [-inf, 0, 1, -inf], [inf, 3, inf, 2])').unconstrained(point);
    [0.5, Math.log(1 / 2), Math.log(2), Math.log(4)].forEach((u, k) => {
      expect((found.position['x'] as number[])[k]).toBeCloseTo(u, 12);
    });
    // -x / 4 dx/du plus the slope of log |dx/du|: dx/du is 1, (x - 0) (3 - x) / 3, x - 1 and x - 2.
    [-0.125, -(1 / 4) * (2 / 3) + 1 - 2 / 3, -(3 / 4) * 2 + 1, -(-2 / 4) * -4 + 1].forEach((g, k) => {
      expect((found.gradient['x'] as number[])[k]).toBeCloseTo(g, 12);
    });
    const signed = density('sample m ~ Normal(0, 1) sample x ~ pushforward(t => m * exp(t), Normal(0, 1))');
    for (const m of [-2, 2]) {
      const { value, position } = signed.unconstrained({ m, x: 1.5 * m });
      expect(position['x']).toBeCloseTo(Math.log(3), 12);
      // log(x / m) is Normal; |x| of the density and of the Jacobian cancel.
      expect(value).toBeCloseTo(-0.5 * (4 + Math.log(1.5) ** 2) - Math.log(2 * Math.PI), 12);
    }
  });

  test('ordered elements below an upper end', () => {
    const c = [-1, 0.3, 0.8];
    const found = density('sample c: ordered[3] ~ iid(truncated(Flat(), -inf, 1), 3) factor sum(c)').unconstrained({ c });
    // c = 1 - exp(-v), v rising by exp u.
    const v = c.map((x) => -Math.log(1 - x)),
      steps = [v[0]!, Math.log(v[1]! - v[0]!), Math.log(v[2]! - v[1]!)];
    steps.forEach((u, k) => {
      expect((found.position['c'] as number[])[k]).toBeCloseTo(u, 12);
    });
    // With slopes d c / d v = 1 - c, whose logarithm falls by 1 with v: g_k = sum over elements from k on of (1 - c) - 1.
    const tails = [0, 1, 2].map((k) => c.slice(k).reduce((sum, x) => sum - x, 0));
    [tails[0]!, tails[1]! * Math.exp(steps[1]!) + 1, tails[2]! * Math.exp(steps[2]!) + 1].forEach((g, k) => {
      expect((found.gradient['c'] as number[])[k]).toBeCloseTo(g, 11);
    });
  });
});

test('refuses where the density is zero, and functions without a derivative by name', async () => {
  const doubled = (x: unknown): number => 2 * Number(x);
  const hosted = model`data y: real sample a ~ Normal(0, 1) observe y ~ Normal(${doubled}(a), 1)`;
  expect(() => hosted.logDensity({ y: 1 }).gradient({ a: 0.3 })).toThrowError(/no-gradient[\s\S]*the host function doubled/);
  for (const backend of ['map', 'laplace'])
    await expect(hosted.infer({ y: 1 }, { backend, workers: 0 })).rejects.toThrowError(/the host function doubled/);
  expect(() => density('param s: positive factor -s').gradient({ s: -1 })).toThrowError(
    expect.objectContaining({ diagnostics: [expect.objectContaining({ code: 'no-gradient' })] }),
  );
});
