/**
 * Nothing is unrolled over data: the generated program of a model is the same text for ten rows and
 * for a hundred thousand, sizes aside.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultGibbsKernel, defaultWalkKernel } from '../../src/4-infer/plan.js';
import { boundModel } from '../compiled.js';
import { samplerProgram } from '../../src/4-infer/mcmc.js';

const mixture = readFileSync(new URL('../../examples/01-hierarchical-mixture/model.cred', import.meta.url), 'utf8');
const chain = `
data y: real[T]
sample q ~ InverseGamma(3, 1)
sample z[0] ~ Normal(0, 1)
for t in 1..<T { sample z[t] ~ Normal(z[t-1], variance: q) }
for t in 0..<T { observe y[t] ~ Normal(z[t], 1) }`;
const groups = `
data g: int[N]
data y: real[N]
data J: int
sample m ~ Normal(0, 10)
sample t ~ Gamma(1, 1)
for j in 0..<J { sample a[j] ~ Normal(m, precision: t) }
for n in 0..<N { observe y[n] ~ Normal(a[g[n]], 1) }`;

function wave(n: number): number[] {
  return Array.from({ length: n }, (_, i) => Math.sin(i));
}
const cases: readonly [string, string, (n: number) => Record<string, unknown>][] = [
  ['a mixture', mixture, (n) => ({ K: 3, x: wave(n).map((v, i) => [v, Math.cos(i)]) })],
  ['a chain of states', chain, (n) => ({ y: wave(n) })],
  ['grouped data', groups, (n) => ({ J: 5, g: wave(n).map((_, i) => i % 5), y: wave(n) })],
];

/** Generated text with its numbers blanked, and the memory beside what the data themselves take. */
function program(
  source: string,
  data: Record<string, unknown>,
  chooser: typeof defaultGibbsKernel,
): { readonly text: string; readonly elements: number } {
  const sampler = samplerProgram(boundModel(source, data), chooser, { keep: null, init: null });
  return {
    text: sampler.code.replace(/\d+(\.\d+)?(e[+-]?\d+)?/g, '#'),
    elements: sampler.program.storages.reduce((sum, s) => sum + s.shape.reduce((a, b) => a * b, 1), 0),
  };
}

describe('the generated program', () => {
  for (const [name, source, data] of cases) {
    for (const [backend, chooser] of [
      ['gibbs', defaultGibbsKernel],
      ['mh', defaultWalkKernel],
    ] as const) {
      it(`of ${name} by ${backend} does not grow with the data`, () => {
        const small = program(source, data(50), chooser),
          large = program(source, data(50_000), chooser);
        expect(large.text).toBe(small.text);
        // Memory is linear: data, state and, for Metropolis steps, a scale and two counters an element.
        expect(large.elements).toBeLessThan(1000 * (small.elements + 10));
      });
    }
  }
});
