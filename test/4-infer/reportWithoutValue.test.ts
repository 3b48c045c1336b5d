/** A report that is no finite number is said to be one by every backend: its row of the table is empty, and no other sign would tell. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

const latent = 'data y: real[N]\nsample m ~ Normal(10, 1)\nfor n in 0..<N { observe y[n] ~ Normal(m, 1) }\nreport q = logit(m)';
const estimated =
  'data y: real[N]\nparam w: simplex[2]\nparam m: real[2]\nfor n in 0..<N { sample z[n] ~ Categorical(w) observe y[n] ~ Normal(m[z[n]], 1) }\nreport q = logit(2 + m[0]^2)';

describe('a report without a value', () => {
  it.each([
    ['gibbs', latent],
    ['mh', latent],
    ['exact', latent],
    ['cavi', latent],
    ['laplace', latent],
    ['map', latent],
    ['map', estimated],
    ['em', estimated],
  ] as const)('under %s is named', async (backend, text) => {
    const posterior = await compile(text).infer({ y: [9, 10, 11.5, 10.2] }, { backend, draws: 200, seed: 1, workers: 0, chains: 2 });
    expect(posterior.summary().variables['q']!.mean).toBeNull();
    expect([...posterior.notes, ...posterior.warnings].map(({ code, message }) => `${code}: ${message}`).join('\n')).toMatch(
      /not-finite: q is (?:NaN|not finite)/,
    );
  });

  it.each(['gibbs', 'mh', 'exact', 'cavi', 'laplace', 'map'])('that is infinite under %s is named', async (backend) => {
    // exp(10^4) is beyond every double.
    const posterior = await compile(latent.replace('logit(m)', 'exp(1000 * m)')).infer(
      { y: [9, 10, 11.5, 10.2] },
      { backend, draws: 200, seed: 1, workers: 0, chains: 2 },
    );
    expect([...posterior.notes, ...posterior.warnings].map(({ code, message }) => `${code}: ${message}`).join('\n')).toMatch(
      /not-finite: q is (?:Infinity|not finite)/,
    );
  });

  it('that has one is not', async () => {
    for (const backend of ['gibbs', 'exact', 'cavi', 'laplace', 'map']) {
      const posterior = await compile(latent.replace('logit(m)', 'log(m^2)')).infer(
        { y: [9, 10, 11.5] },
        { backend, draws: 200, seed: 1, workers: 0 },
      );
      expect(
        posterior.notes.map(({ code }) => code),
        backend,
      ).not.toContain('not-finite');
    }
  });
});
