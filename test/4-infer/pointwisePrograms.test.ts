/**
 * Every program of test/programs that has data: one draw of its unknowns from a short run, and the log likelihoods
 * of its units against the terms that its observe statements have in the joint density at the same point (another
 * way through the compiler). Programs with gaps or finite latents, whose units are other densities, must have numbers.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pointwiseLikelihood } from '../../src/4-infer/pointwise.js';
import { pointwiseProgram } from '../../src/4-infer/pointwiseProgram.js';
import { compile } from '../../src/index.js';
import { boundModel } from './machine.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'programs');
// bugs_biops has draws of different lengths, which no backend takes.
const programs = readdirSync(folder).filter(
  (name) => name.endsWith('.cred') && name !== 'bugs_biops.cred' && existsSync(join(folder, name.replace('.cred', '.json'))),
);

let compared = 0;

describe('units of programs written without them in mind', () => {
  it.each(programs)('%s', async (name) => {
    const source = readFileSync(join(folder, name), 'utf8');
    const data = JSON.parse(readFileSync(join(folder, name.replace('.cred', '.json')), 'utf8')) as Readonly<Record<string, unknown>>;
    const model = compile(source),
      bound = boundModel(source, data);
    const units = pointwiseProgram(bound, null);
    expect(new Set(units.names).size).toBe(units.names.length);
    if (units.names.length === 0) return;
    const fit = await model.infer(data, { backend: 'mh', chains: 1, draws: 1, warmup: 3, workers: 0, seed: 3 });
    const found = pointwiseLikelihood(bound, fit.result, null);
    const total = found.values!.reduce((a, b) => a + b, 0);
    const density = model.logDensity(data);
    const point = Object.fromEntries(density.unknowns.map(({ name: unknown, shape }) => [unknown, nested([...fit.draws(unknown)], shape)]));
    const observed = density
      .byFactor(point)
      .filter((t) => t.statement.startsWith('observe'))
      .reduce((sum, t) => sum + t.value, 0);
    const gaps = [...bound.variables.values()].some((v) => v.status === 'partial');
    const summed = [...bound.variables.values()].some((v) => v.status === 'latent' && bound.graph.variables.get(v.name)?.scalar !== 'real');
    if (gaps || summed) {
      expect(Number.isNaN(total)).toBe(false);
      return;
    }
    compared++;
    expect(Math.abs(total - observed), `${total} against ${observed}`).toBeLessThan(1e-9 * (1 + Math.abs(observed)));
  });
  it('were compared for many of them', () => {
    expect(compared).toBeGreaterThan(25);
  });
});

function nested(values: readonly number[], shape: readonly number[]): unknown {
  if (shape.length === 0) return values[0];
  const [length, ...rest] = shape,
    stride = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length: length! }, (_, i) => nested(values.slice(i * stride, (i + 1) * stride), rest));
}
