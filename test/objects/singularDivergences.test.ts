/**
 * Divergences of laws whose densities are infinite at ends of their supports: to 1e-12, and within the error that is stated. The truth
 * is closed forms worked out here and mpmath (`test/reference/singularDivergences.py`).
 */
import { describe, expect, it } from 'vitest';
import {
  Beta,
  Exponential,
  Gamma,
  Normal,
  Uniform,
  chiSquared,
  crossEntropy,
  type Estimate,
  kl,
  l1,
  pushforward,
} from '../../src/distributions-api.js';
import reference from '../reference/singularDivergences.json' with { type: 'json' };

const arcsine = Beta(0.5, 0.5),
  unit = Uniform(0, 1);
/** The arcsine law on -1..1, and log(1 + t^2) of a normal draw. */
const wave = pushforward('t => cos(t)', Uniform(0, Math.PI)),
  logged = pushforward('t => log(1 + t^2)', Normal(0, 1));
/** The arcsine density is 1 at c and 1 - c. */
const crossing = 0.5 * (1 - Math.sqrt(1 - 4 / Math.PI ** 2)),
  arcsineMass = (2 / Math.PI) * Math.asin(Math.sqrt(crossing));
/** E (X - 1)^2 = 3/2 under the arcsine law on -1..1, whose entropy is log(pi / 2). */
const waveCross = Math.log(2 * Math.sqrt(2 * Math.PI)) + 1.5 / 8;

const cases: readonly (readonly [string, () => Estimate, number])[] = [
  ['kl of the arcsine law and the uniform', () => kl(arcsine, unit), -Math.log(Math.PI / 4)],
  ['l1 of the arcsine law and the uniform', () => l1(arcsine, unit), 4 * (arcsineMass - crossing)],
  ['chi-square of the uniform under the arcsine law', () => chiSquared(unit, arcsine), Math.PI ** 2 / 8 - 1],
  ['l1 of Beta(0.1, 0.2) and the arcsine law', () => l1(Beta(0.1, 0.2), arcsine), Number(reference['l1 Beta(0.1, 0.2) Beta(0.5, 0.5)'])],
  ['l1 of Gamma(0.01, 2) and Gamma(2, 1)', () => l1(Gamma(0.01, 2), Gamma(2, 1)), Number(reference['l1 Gamma(0.01, 2) Gamma(2, 1)'])],
  ['kl of a cosine and a normal law, ends inside the other support', () => kl(wave, Normal(1, 2)), waveCross - Math.log(Math.PI / 2)],
  ['cross-entropy of a cosine under a normal law', () => crossEntropy(wave, Normal(1, 2)), waveCross],
  ['l1 of a cosine and a normal law, as of the same laws moved', () => l1(wave, Normal(1, 2)), l1(Beta(0.5, 0.5), Normal(1, 1)).value],
  ['kl of log(1 + t^2) and an exponential law', () => kl(logged, Exponential(1)), Number(reference['kl log(1 + Normal^2) Exponential(1)'])],
];

describe('divergences of singular densities', () => {
  it.each(cases)('%s', (_, estimate, truth) => {
    const { value, error } = estimate();
    expect(Math.abs(value - truth)).toBeLessThan(1e-12);
    expect(Math.abs(value - truth)).toBeLessThanOrEqual(error + 4 * Number.EPSILON);
    expect(error).toBeLessThan(1e-11);
  });

  it('are infinite where p^2 / q is not integrable at an end, also inside the support of q', () => {
    for (const e of [
      chiSquared(arcsine, unit),
      chiSquared(wave, Normal(1, 2)),
      chiSquared(logged, Exponential(1)),
      chiSquared(arcsine, Normal(0, 1)),
    ])
      expect(e).toMatchObject({ value: Number.POSITIVE_INFINITY, error: 0 });
  });
});
