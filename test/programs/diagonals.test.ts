/**
 * Regions on a diagonal (`L[i, i]`): factor loadings as they are written everywhere else, and sequences of
 * matrices. Truth: the same model with the two triangles and the diagonal under names of their own, at
 * the same points (densities, gradients), the ratio law, and closed forms worked out here.
 */
import { describe, expect, it } from 'vitest';
import { compile as compileModel } from '../../src/model.js';
import { checkRatios } from '../3-derive/ratio.js';
import { compile } from '../3-derive/support.js';

const loadings = `
  data y: real[N, K]
  for i in 0..<K {
    for j in 0..<i { sample L[i, j] ~ Normal(0.2, 1.5) }
    sample L[i, i] ~ HalfNormal(0.7)
    for j in i+1..<K { let L[i, j] = 0 }
  }
  for n in 0..<N { for k in 0..<K { sample f[n, k] ~ Normal(0, 1) } }
`;
const whole = `${loadings} for n in 0..<N, k in 0..<K { observe y[n, k] ~ Normal(L[k] @ f[n], 0.8) }`;
const byElement = `${loadings} for n in 0..<N, k in 0..<K { observe y[n, k] ~ Normal(sum(L[k, j] * f[n, j] for j in 0..<K), 0.8) }`;
/** No repeated index: the diagonal is a vector. */
const apart = `
  data y: real[N, K]
  for i in 0..<K { for j in 0..<i { sample below[i, j] ~ Normal(0.2, 1.5) } }
  for i in 0..<K { sample diagonal[i] ~ HalfNormal(0.7) }
  for n in 0..<N { for k in 0..<K { sample f[n, k] ~ Normal(0, 1) } }
  for n in 0..<N, k in 0..<K { observe y[n, k] ~ Normal(sum(below[k, j] * f[n, j] for j in 0..<k) + diagonal[k] * f[n, k], 0.8) }
`;
const y = [
  [0.3, -1.2, 0.8],
  [1.1, 0.4, -0.6],
  [-0.9, 2.1, 0.2],
  [0.5, -0.1, 1.7],
];
const L = [
  [0.6, 0, 0],
  [-0.4, 1.3, 0],
  [0.9, 0.2, 0.5],
];
const f = [
  [0.1, -0.7, 1.2],
  [0.4, 0.9, -0.3],
  [-1.1, 0.2, 0.6],
  [0.8, -0.5, 0.3],
];
/** Elements that do not exist hold anything. */
const below = [
  [0, 0],
  [-0.4, 0],
  [0.9, 0.2],
];

describe('a lower triangular matrix of loadings', () => {
  it.each([
    ['used whole', whole],
    ['used by element', byElement],
  ])('%s has the density of its parts', (_name, program) => {
    const density = compileModel(program).logDensity({ y });
    const parts = compileModel(apart).logDensity({ y });
    const point = { L, f },
      same = { below, diagonal: [0.6, 1.3, 0.5], f };
    expect(density(point)).toBeCloseTo(parts(same), 10);
    const gradient = density.gradient(point),
      expected = parts.gradient(same);
    const rows = gradient['L'] as readonly (readonly number[])[],
      triangle = expected['below'] as readonly (readonly number[])[];
    for (const [i, j] of [
      [1, 0],
      [2, 0],
      [2, 1],
    ] as const)
      expect(rows[i]![j]).toBeCloseTo(triangle[i]![j]!, 9);
    for (const i of [0, 1, 2]) expect(rows[i]![i]).toBeCloseTo((expected['diagonal'] as readonly number[])[i]!, 9);
  });

  it.each([
    ['used whole', whole],
    ['used by element', byElement],
  ])('%s has conditionals that obey the ratio law', (_name, program) => {
    const { failures, compared } = checkRatios(compile(program, { y }));
    expect(failures).toEqual([]);
    expect([...compared].filter(([, count]) => count === 0)).toEqual([]);
    expect([...compared.keys()].sort()).toEqual(['L[i,j]', 'f[n,k]']);
  });

  it.each(['gibbs', 'mh'] as const)('by %s has the posterior of its parts', async (backend) => {
    const options = { backend, chains: 2, draws: 4000, warmup: 1000, seed: 5 };
    const [own, other] = [await compileModel(whole).infer({ y }, options), await compileModel(apart).infer({ y }, options)];
    const matrix = own.mean('L') as readonly (readonly number[])[],
      diagonal = other.mean('diagonal') as readonly number[];
    for (const i of [0, 1, 2]) expect(matrix[i]![i]).toBeCloseTo(diagonal[i]!, 1);
    expect(matrix[0]![2]).toBe(0);
  });
});

describe('a diagonal alone', () => {
  it('of data and unknowns: the posterior of each element in closed form', async () => {
    // Normal(0, 1) prior, one observation with sd 1: mean y/2, variance 1/2.
    const model =
      compileModel(`data d: real[K] for i in 0..<K { sample A[i, i] ~ Normal(0, 1) for j in 0..<i { let A[i, j] = 2 } for j in i+1..<K { let A[i, j] = -1 }
      observe d[i] ~ Normal(A[i, i], 1) }`);
    const posterior = await model.infer({ d: [1, -2, 3] }, { backend: 'exact' });
    expect((posterior.mean('A') as readonly (readonly number[])[]).map((row) => row.map((x) => Number(x.toFixed(9))))).toEqual([
      [0.5, -1, -1],
      [2, -1, -1],
      [2, 2, 1.5],
    ]);
    expect(posterior.logEvidence).toBeCloseTo(
      [1, -2, 3].reduce((sum, x) => sum - 0.5 * Math.log(4 * Math.PI) - (x * x) / 4, 0),
      10,
    );
  });

  it('shifted, in three dimensions and in a simulation', () => {
    const model = compileModel(`data K: int
      for i in 0..<K { sample c[i, i+1, i] ~ Delta(i) }
      report t = sum(c[i, i+1, i] for i in 0..<K)`);
    expect(model.sample({ K: 4 }, { seed: 1 })).toMatchObject({ t: 6 });
  });

  it('with a gap or an overlap beside it is refused by name of the element', () => {
    const text = (program: string): string => {
      try {
        compileModel(program).logDensity({ K: 3 });
        return '';
      } catch (thrown) {
        return (thrown as Error).message;
      }
    };
    expect(text('data K: int for i in 0..<K { sample A[i, i] ~ Normal(0, 1) for j in 0..i { sample A[i, j] ~ Normal(0, 1) } }')).toMatch(
      /A\[.*defined/,
    );
    expect(text('data K: int for i in 0..<K { sample A[i, i] ~ Normal(0, 1) } factor A[0, 1]')).toMatch(
      /A\[0,1\] is read, but no statement defines it/,
    );
  });

  it('observed with a gap infers the gap', async () => {
    const model = compileModel('data X: real[K, K] sample m ~ Normal(0, 1) for i in 0..<K { observe X[i, i] ~ Normal(m, 1) }');
    const posterior = await model.infer(
      {
        X: [
          [1, 0],
          [0, null],
        ],
      },
      { backend: 'gibbs', seed: 2, draws: 4000 },
    );
    expect((posterior.mean('X') as readonly (readonly number[])[])[1]![1]).toBeCloseTo(0.5, 1);
  });
});
