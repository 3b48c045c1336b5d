/** Unknowns of which a part is given: what is given stays, and what cannot be given in part is refused. */
import { describe, expect, it, test } from 'vitest';
import { compile, type Posterior } from '../../src/index.js';

const infer = (source: string, data: Readonly<Record<string, unknown>>, backend: string): Promise<Posterior> =>
  compile(source).infer(data, { backend, chains: 1, draws: 500, warmup: 100, workers: 0, seed: 1 });

describe('a param of which an element is given keeps it', () => {
  const y = [1, 2, -1, -2];
  const source = (declaration: string): string =>
    `data y: real[N]  ${declaration}  for n in 0..<N { observe y[n] ~ Normal(n < 2 ? c[0] : c[1], 1) }  report second = c[1]`;
  it.each(['map', 'gibbs', 'mh', 'laplace', 'cavi', 'em', 'exact'])('%s', async (backend) => {
    for (const declaration of ['param c: real[2]', 'param c: positive[2]']) {
      const p = await infer(source(declaration), { y, c: [null, 3] }, backend);
      expect(p.summary().variables['second']!.mean).toBe(3);
    }
  });
  it('map: its likelihood is that of what is given', async () => {
    const p = await infer(source('param c: real[2]'), { y, c: [null, 3] }, 'map');
    // Residuals about 1.5 and 3.
    expect(p.logLikelihood).toBeCloseTo(-2 * Math.log(2 * Math.PI) - 0.5 * (0.5 + 16 + 25), 9);
  });
  it('ordered: the others keep to it', async () => {
    const p = await infer(source('param c: ordered[2]'), { y, c: [null, 0.5] }, 'gibbs');
    expect(Math.max(...p.draws('c').filter((_, i) => i % 2 === 0))).toBeLessThanOrEqual(0.5);
  });
});

test.each(['gibbs', 'mh', 'cavi'])('a simplex or a matrix given in part is refused: %s', async (backend) => {
  await expect(
    infer('data y: real sample p ~ Dirichlet([1, 1, 1]) observe y ~ Normal(p[1] - p[2], 1)', { y: 1, p: [0.2, null, null] }, backend),
  ).rejects.toThrow('a part of it is given');
  await expect(
    infer(
      'data y: real[2] sample S ~ Wishart(4, eye(2)) observe y ~ MvNormal(zeros(2), S)',
      {
        y: [1, 0],
        S: [
          [2, null],
          [null, null],
        ],
      },
      backend,
    ),
  ).rejects.toThrow('a part of it is given');
});

test.each(['gibbs', 'mh', 'cavi', 'em', 'map', 'laplace'])('a simplex or a matrix that is a param, too: %s', async (backend) => {
  const counts = 'data k: int[3] param p: simplex[3] observe k ~ Multinomial(10, p)';
  await expect(infer(counts, { k: [2, 5, 3], p: [0.2, null, null] }, backend)).rejects.toThrow('a part of it is given');
  const pairs = 'data y: real[N, 2] param S: cov[2] observe y ~ MvNormal(zeros(2), S)';
  const data = {
    y: [
      [1, 0.5],
      [-1, 0.2],
      [0.3, -0.8],
    ],
    S: [
      [1, null],
      [null, null],
    ],
  };
  await expect(infer(pairs, data, backend)).rejects.toThrow('a part of it is given');
});

describe('simulation of a draw that is given in part', () => {
  const correlated = 'MvNormal([0, 0], [[1, 0.99], [0.99, 1]])';
  it('is refused where it would not be given the rest', () => {
    for (const [program, data] of [
      [`sample z ~ ${correlated}`, { z: [2, null] }],
      [`data z: real[2] observe z ~ ${correlated}`, { z: [null, 2] }],
      ['sample z ~ DirichletMultinomial(5, [1, 2, 3])', { z: [4, null, null] }],
      ['sample z: ordered[2] ~ iid(Normal(0, 1), 2)', { z: [null, -2] }],
    ] as const)
      expect(() => compile(program).sample(data)).toThrow(/'z' is given in part, and its elements are drawn together/);
  });
  it('takes draws that are given or missing as a whole, and elements that do not depend on each other', () => {
    const rows = compile(`data y: real[N, 2] observe y ~ ${correlated}`).sample(
      {
        y: [
          [null, null],
          [1, 2],
        ],
      },
      { seed: 1 },
    );
    expect((rows['y'] as number[][])[1]).toEqual([1, 2]);
    expect((compile('sample z ~ iid(Normal(0, 1), 2)').sample({ z: [3, null] })['z'] as number[])[0]).toBe(3);
  });
});
