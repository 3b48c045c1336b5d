/**
 * Unknowns whose law has no distribution for some values of its arguments: never a silent NaN. Truth: P(m < 0) = 1/2 for m ~ Normal(0, 1).
 */
import { expect, it } from 'vitest';
import { compile } from '../../src/model.js';

it('draws of a law that half of the values of its argument do not have make an exact run untrusted, with their share', async () => {
  const { converged, warnings } = await compile('sample m ~ Normal(0, 1)\nsample v ~ Gamma(1, m)\n').infer(
    {},
    { backend: 'exact', seed: 1, chains: 1, draws: 2000 },
  );
  expect(converged).toBe(false);
  const [, bad] = /v is NaN in (\d+) of 2000 draws/.exec(warnings.map((w) => w.message).join('\n')) ?? [];
  // Six standard deviations of a binomial count.
  expect(Math.abs(Number(bad) - 1000)).toBeLessThan(6 * Math.sqrt(500));
});

it.each(['exact', 'cavi'])('a report without a value for some draws does not make a run of %s untrusted', async (backend) => {
  const posterior = await compile('sample m ~ Normal(0, 1)\nreport l = log(m)\n').infer({}, { backend, seed: 1, chains: 1, draws: 200 });
  expect(posterior.converged).toBe(true);
  expect(posterior.result.warnings.map((w) => `${w.severity} ${w.code}`)).toEqual(['note not-finite']);
});
