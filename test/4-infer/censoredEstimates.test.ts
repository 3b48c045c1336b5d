/**
 * Bounds that differ by datum leave instances in which nothing is impossible: minus infinity times none of them must not
 * become no number. Times of an exponential law with a rate, censored at limits of their own: with d events in
 * total time T the likelihood is rate^d exp(-rate T), so its maximum is at d / T, and with a Gamma(1, 1) prior the posterior is
 * Gamma(1 + d, 1 + T) and the evidence d! / (1 + T)^(1 + d).
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';

// Few enough data to be unrolled, and many: the two are summed by different code.
const cases = [2, 40].map((count) => {
  const time = Array.from({ length: count }, (_, n) => 0.5 + 0.1 * n),
    limit = time.map((t, n) => (n % 3 === 1 ? t : t + 1));
  return { count, time, limit, events: limit.filter((l, n) => l > time[n]!).length, total: time.reduce((sum, t) => sum + t, 0) };
});
const factorial = (n: number): number => Array.from({ length: n }, (_, k) => Math.log(k + 1)).reduce((a, b) => a + b, 0);

describe.each(cases)('$count censored times', ({ time, limit, events, total }) => {
  it.each(['em', 'map'])('have their maximum where it is (%s)', async (backend) => {
    const fit = await compile(
      'data time: positive[N] data limit: real[N] param a: real for n in 0..<N { observe time[n] ~ censored(Exponential(exp(a)), -inf, limit[n]) }',
    ).infer({ time, limit }, { backend, seed: 1, workers: 0 });
    expect(fit.converged).toBe(true);
    expect(fit.mean('a')).toBeCloseTo(Math.log(events / total), 5);
    expect(fit.logLikelihood).toBeCloseTo(events * Math.log(events / total) - events, 8);
  });

  it.each(['exact', 'cavi'])('have their posterior and evidence (%s)', async (backend) => {
    const fit = await compile(
      'data time: positive[N] data limit: real[N] sample r ~ Gamma(1, 1) for n in 0..<N { observe time[n] ~ censored(Exponential(r), -inf, limit[n]) }',
    ).infer({ time, limit }, { backend, seed: 1, workers: 0 });
    expect(fit.mean('r')).toBeCloseTo((1 + events) / (1 + total), 8);
    expect(fit.logEvidence ?? fit.elbo).toBeCloseTo(factorial(events) - (1 + events) * Math.log(1 + total), 8);
  });
});
