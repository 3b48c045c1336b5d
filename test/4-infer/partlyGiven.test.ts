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
