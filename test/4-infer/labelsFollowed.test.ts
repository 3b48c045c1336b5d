/**
 * Finite unknowns that quantities computed by recursion follow, and statements that read several elements of one: every backend of the
 * registry gives the posterior, by enumeration of the labels with the Normals integrated out, or refuses. None may leave the statement out.
 */
import { describe, expect, it } from 'vitest';
import { backends } from '../../src/4-infer/registry.js';
import { compile, ModelError } from '../../src/index.js';
import { normalLogPdf } from './exactTruth.js';

interface Case {
  readonly name: string;
  readonly program: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Label elements, all Bernoulli(0.4). */
  readonly labels: readonly string[];
  readonly logLikelihood: (z: readonly number[]) => number;
}

const y = [2, 1.5, -1];
/** h[t] = h[t-1] / 2 + z[t]. */
function filtered(z: readonly number[]): readonly number[] {
  let h = 0;
  return y.map((_, t) => (h = 0.5 * h + z[Math.min(t, z.length - 1)]!));
}
const total = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
const recursion = 'let h[0] = 1.0 * z[0]\nfor t in 1..<T { let h[t] = 0.5 * h[t-1] + z[t] }';
const cases: readonly Case[] = [
  {
    name: 'a filter of labels beside Normals of each step',
    program: `data y: real[T]\nfor t in 0..<T { sample z[t] ~ Bernoulli(0.4) }\n${recursion}\nfor t in 0..<T { sample x[t] ~ Normal(0, 1)  observe y[t] ~ Normal(x[t] + 2 * h[t], 0.5) }`,
    data: { y },
    labels: ['z[0]', 'z[1]', 'z[2]'],
    logLikelihood: (z) => total(filtered(z).map((h, t) => normalLogPdf(y[t]!, 2 * h, Math.sqrt(1.25)))),
  },
  {
    name: 'a filter of labels',
    program: `data y: real[T]\nfor t in 0..<T { sample z[t] ~ Bernoulli(0.4) }\n${recursion}\nfor t in 0..<T { observe y[t] ~ Normal(2 * h[t], 1.5) }`,
    data: { y },
    labels: ['z[0]', 'z[1]', 'z[2]'],
    logLikelihood: (z) => total(filtered(z).map((h, t) => normalLogPdf(y[t]!, 2 * h, 1.5))),
  },
  {
    name: 'a filter of one label',
    program:
      'data y: real[T]\nsample z ~ Bernoulli(0.4)\nlet h[0] = 1.0 * z\nfor t in 1..<T { let h[t] = 0.5 * h[t-1] + z }\nfor t in 0..<T { observe y[t] ~ Normal(2 * h[t], 1.5) }',
    data: { y },
    labels: ['z'],
    logLikelihood: (z) => total(filtered(z).map((h, t) => normalLogPdf(y[t]!, 2 * h, 1.5))),
  },
  {
    name: 'three elements in one statement',
    program: 'data y: int\nfor t in 0..<3 { sample z[t] ~ Bernoulli(0.4) }\nobserve y ~ Bernoulli(z[0] + z[1] + z[2] == 3 ? 0.9 : 0.1)',
    data: { y: 1 },
    labels: ['z[0]', 'z[1]', 'z[2]'],
    logLikelihood: (z) => Math.log(total(z) === 3 ? 0.9 : 0.1),
  },
];

function enumerated({ labels, logLikelihood }: Case): { readonly means: readonly number[]; readonly logEvidence: number } {
  const states = Array.from({ length: 2 ** labels.length }, (_, k) => labels.map((_, l) => (k >> l) & 1));
  const weights = states.map((z) => Math.exp(logLikelihood(z)) * z.reduce((p, v) => p * (v === 1 ? 0.4 : 0.6), 1)),
    evidence = total(weights);
  return {
    means: labels.map((_, l) => total(states.map((z, k) => z[l]! * weights[k]!)) / evidence),
    logEvidence: Math.log(evidence),
  };
}

/** A bound may be loose, and an approximation of labels too: their marginals are then not the posterior's. */
const approximations = new Set(['cavi', 'laplace']);

describe.each(cases)('$name', (one) => {
  const truth = enumerated(one);
  it.each([...backends.values()].filter(({ gives }) => gives !== 'estimates').map(({ name }) => name))('%s', async (backend) => {
    try {
      const posterior = await compile(one.program).infer(one.data, {
        backend,
        seed: 4,
        workers: 0,
        ...(backends.get(backend)!.runsChains === true ? { draws: 5000 } : {}),
      });
      const { variables, logEvidence, elbo } = posterior.summary();
      if (logEvidence !== null) expect(logEvidence).toBeCloseTo(truth.logEvidence, 8);
      if (elbo !== null) expect(elbo).toBeLessThan(truth.logEvidence + 1e-9);
      if (approximations.has(backend)) return;
      // 20,000 draws, at least 400 of them effective: five errors of a probability.
      one.labels.forEach((name, l) =>
        expect(Math.abs(variables[name]!.mean! - truth.means[l]!), name).toBeLessThan(5 * Math.sqrt(0.25 / 400)),
      );
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      expect(['no-mean-field', 'no-marginal']).toContain(error.diagnostics.find(({ severity }) => severity === 'error')!.code);
      expect(approximations.has(backend), error.message).toBe(true);
    }
  });
});

it.each(['em', 'map'])('%s does not estimate with labels that a recursion follows', async (backend) => {
  const program = `data y: real[T]\nparam a: real\nfor t in 0..<T { sample z[t] ~ Bernoulli(0.4) }\n${recursion}\nfor t in 0..<T { observe y[t] ~ Normal(a + 2 * h[t], 0.5) }`;
  await expect(compile(program).infer({ y }, { backend, workers: 0 })).rejects.toThrow(/recursion/);
});

it('cavi refuses elements that are read together, where each has a factor of its own', async () => {
  const { program, data } = cases[3]!;
  await expect(compile(program).infer(data, { backend: 'cavi', workers: 0 })).rejects.toThrow(
    /reads elements of a finite unknown together/,
  );
});

it('cavi has the posterior where the elements that are read together are one block', async () => {
  const one = cases[3]!,
    truth = enumerated(one);
  const { variables, elbo } = (
    await compile(one.program).infer(one.data, { backend: 'cavi', options: { block: 'z' }, workers: 0 })
  ).summary();
  expect(elbo).toBeCloseTo(truth.logEvidence, 8);
  one.labels.forEach((name, l) => expect(variables[name]!.mean).toBeCloseTo(truth.means[l]!, 6));
});
