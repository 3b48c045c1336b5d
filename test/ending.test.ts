/**
 * When a run ends, and what is said of it: once there is enough (`until`), by the clock (`maxSeconds`), by a signal.
 */
import { describe, expect, it } from 'vitest';
import { compile, type InferOptions, type Posterior } from '../src/index.js';

const codes = ({ warnings, notes }: Posterior): readonly string[] =>
  [...warnings, ...notes].map(({ code }) => code).filter((code) => code !== 'chosen-backend');
const drawsOf = (posterior: Posterior): number => posterior.draws(posterior.names[0]!).shape[1]!;
const infer = (text: string, data: Readonly<Record<string, unknown>>, options: InferOptions): Promise<Posterior> =>
  compile(text).infer(data, { workers: 0, seed: 3, warmup: 100, ...options });

const normal = 'data y: real[N]\nsample m ~ Normal(0, 10)\nsample s ~ HalfNormal(5)\nfor n in 0..<N { observe y[n] ~ Normal(m, s) }';
const y = [1, 2, 3, 4.5, 2.2];

describe('a run that ends once there is enough', () => {
  it('is whole: nothing is said of draws that were not needed', async () => {
    const posterior = await infer(normal, { y }, { backend: 'gibbs', until: { ess: 100 } });
    expect(codes(posterior)).not.toContain('stopped-early');
    expect(codes(posterior)).not.toContain('not-enough');
    expect(drawsOf(posterior)).toBeLessThan(1000);
    for (const element of Object.values(posterior.summary().variables)) expect(element.essBulk).toBeGreaterThanOrEqual(100);
  });

  it('says so where all its draws are not enough, however few they are', async () => {
    for (const draws of [10, 300]) {
      const posterior = await infer(normal, { y }, { backend: 'gibbs', draws, chains: 1, until: { ess: 1e6 } });
      expect(drawsOf(posterior)).toBe(draws);
      expect(codes(posterior)).toContain('not-enough');
    }
  });

  it('does not wait for reports that are constant or not numbers', async () => {
    const posterior = await infer(
      `${normal}\nreport one = 1 + 0 * m\nreport broken = log(-exp(m))`,
      { y },
      { backend: 'gibbs', until: { ess: 100 } },
    );
    expect(drawsOf(posterior)).toBeLessThan(1000);
    expect(codes(posterior)).toContain('not-finite');
  });

  it('judges unknowns of data plates where there are no others', async () => {
    const posterior = await infer(
      'data y: real[N]\nfor n in 0..<N { sample z[n] ~ Normal(0, 1) observe y[n] ~ Laplace(z[n], 1) }',
      { y },
      { backend: 'mh', until: { ess: 400 } },
    );
    for (const element of Object.values(posterior.summary().variables))
      expect(Math.min(element.essBulk ?? 0, element.essTail ?? 0)).toBeGreaterThanOrEqual(400);
  });

  it('is told where auto has chosen what runs no chains, and draws no more than would do', async () => {
    const conjugate = 'data y: real[N]\nsample m ~ Normal(0, 10)\nfor n in 0..<N { observe y[n] ~ Normal(m, 1) }';
    for (const [ess, draws] of [
      [50, 1000],
      [8000, 2000],
    ] as const) {
      const posterior = await infer(conjugate, { y }, { until: { ess } });
      expect(posterior.backend).toBe('exact');
      expect(codes(posterior)).toEqual(['until-ignored']);
      expect(posterior.draws('m').shape.reduce((a, b) => a * b)).toBe(4 * draws);
    }
  });
});

describe('iterations that are stopped', () => {
  const mixture = `data x: real[N]
param w: simplex[3] param m: real[3]
param s: interval(0.1, 10)
for n in 0..<N { sample z[n] ~ Categorical(w) observe x[n] ~ Normal(m[z[n]], s) }`;
  const withPriors = mixture
    .replaceAll('param w: simplex[3] param m: real[3]', 'sample w ~ Dirichlet(fill(1, 3))\nfor k in 0..<3 { sample m[k] ~ Normal(0, 10) }')
    .replace('param s: interval(0.1, 10)', 'sample s ~ Gamma(2, 1)');
  // Without gaps between the components, so that iterations are many.
  const x = Array.from({ length: 300 }, (_, n) => Math.sin(n * n) * 2 + (n % 3));

  /** A signal that is aborted once it has been looked at so many times: wherever a run could be left, whatever the time. */
  const abortedAfter = (looks: number): AbortSignal => {
    let looked = 0;
    return new Proxy(new AbortController().signal, {
      get: (target, name): unknown => (name === 'aborted' ? ++looked > looks : Reflect.get(target, name)),
    });
  };
  const cases = [
    ['em', mixture, { x }, 'logLikelihood'],
    ['map', mixture, { x }, 'logLikelihood'],
    ['cavi', withPriors, { x }, 'elbo'],
    ['laplace', normal, { y }, 'logJoint'],
  ] as const;

  it.each(cases)('%s: nothing, before there is anything', async (backend, text, data) => {
    const stop = new AbortController();
    stop.abort();
    await expect(infer(text, data, { backend, signal: stop.signal })).rejects.toThrow(/stopped before .*: there are no results/);
  });

  it.each(cases)(
    '%s: the best so far, wherever it is left, and a whole run for a signal that comes too late',
    async (backend, text, data, name) => {
      const whole = await infer(text, data, { backend, draws: 50 }),
        highest = Math.max(...whole.result.traces[name]!);
      let stopped = 0;
      for (let looks = 1; ; looks = Math.ceil(looks * 2.2)) {
        const posterior = await infer(text, data, { backend, draws: 50, signal: abortedAfter(looks) }).catch(
          (error: Error) => error.message,
        );
        if (typeof posterior === 'string') {
          expect(posterior).toMatch(/there are no results/);
          expect(stopped).toBe(0);
          continue;
        }
        const trace = posterior.result.traces[name]!;
        for (const element of Object.values(posterior.summary().variables)) expect(element.mean).not.toBeNull();
        if (!codes(posterior).includes('stopped-early')) {
          // Signals that come too late change nothing.
          expect(trace).toEqual(whole.result.traces[name]!);
          expect(posterior.summary().variables).toEqual(whole.summary().variables);
          break;
        }
        stopped++;
        // What it ends with is what it says: no higher than the maximum, and its own highest.
        expect(trace.at(-1)!).toBeLessThanOrEqual(highest + 1e-9 * Math.abs(highest));
        expect(trace.at(-1)!).toBeGreaterThanOrEqual(Math.max(...trace) - 1e-9 * Math.abs(highest));
      }
      expect(stopped).toBeGreaterThan(2);
    },
    60_000,
  );

  it('exact: no part of a posterior is known before all of it is', async () => {
    const text =
      'data y: real[N]\nsample k ~ DiscreteUniform(0, 400)\nsample m ~ Normal(k, 1)\nfor n in 0..<N { observe y[n] ~ Normal(m, 1) }';
    const events: string[] = [],
      onProgress: InferOptions['onProgress'] = ({ phase, done, total }) => events.push(`${phase} ${done}/${total}`);
    await expect(infer(text, { y }, { backend: 'exact', signal: abortedAfter(200), onProgress })).rejects.toThrow(
      /stopped before the posterior was solved: there are no results/,
    );
    expect(events[0]).toBe('solving 0/1');
    expect(codes(await infer(text, { y }, { backend: 'exact', signal: abortedAfter(1e9) }))).toEqual([]);
  });

  it('are refused a time where there are none', async () => {
    await expect(
      infer(
        normal.replace('Normal(m, s)', 'Normal(m, 1)').replace('sample s ~ HalfNormal(5)\n', ''),
        { y },
        { backend: 'exact', maxSeconds: 3 },
      ),
    ).rejects.toThrow(/maxSeconds is for backends that run chains or iterate; exact does not/);
  });
});
