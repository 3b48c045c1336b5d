/**
 * The laws of exact posteriors on random programs: the evidence is no less than any lower bound of
 * coordinate ascent, draws average to the moments stated, and a program is solved or refused with a
 * diagnostic, never anything else.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, ModelError, type Posterior } from '../../src/index.js';
import { programOf } from '../3-derive/programs.js';
import { randomProgram } from '../fuzz/arbitraries.js';

async function attempt(
  text: string,
  data: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, unknown>>,
): Promise<Posterior | null> {
  try {
    return await compile(text).infer(data, { chains: 1, workers: 0, seed: 5, ...settings });
  } catch (error) {
    if (error instanceof ModelError && error.diagnostics.some((d) => d.severity === 'error')) return null;
    throw new Error(`${text}\n${JSON.stringify(data)}\n${String(error)}`, { cause: error });
  }
}

describe('on random programs', () => {
  it('the evidence bounds the bound, and draws have the moments', async () => {
    let solved = 0,
      compared = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(999), { minLength: 12, maxLength: 40 }), async (choices) => {
        const { text, data } = programOf(choices);
        const exact = await attempt(text, data, { backend: 'exact', draws: 400 });
        if (exact === null) return;
        solved++;
        const { logEvidence, variables } = exact.summary();
        for (const [name, row] of Object.entries(variables)) {
          if (row.mcse !== null || row.mean === null || row.sd === null || row.sd === 0) continue;
          const base = name.replace(/\[.*/, ''),
            shape = exact.draws(base).shape.slice(2);
          const at = /\[([\d,]+)\]$/.exec(name)?.[1]?.split(',').map(Number) ?? [];
          const flat = at.reduce((offset, i, axis) => offset * shape[axis]! + i, 0),
            size = shape.reduce((a, b) => a * b, 1);
          const draws = exact.draws(base).filter((_, i) => i % size === flat);
          const mean = draws.reduce((a, x) => a + x, 0) / draws.length;
          // Six standard errors: heavy tails are common here.
          if (!(Math.abs(mean - row.mean) <= (6 * row.sd) / Math.sqrt(draws.length)))
            throw new Error(`${text}\n${JSON.stringify(data)}\n${name}: draws average to ${mean}, the mean is ${row.mean}, sd ${row.sd}`);
        }
        if (logEvidence === null) return;
        const cavi = await attempt(text, data, { backend: 'cavi', draws: 1, options: { restarts: 1, iterations: 30 } });
        const elbo = cavi?.elbo ?? null;
        if (elbo === null) return;
        compared++;
        if (!(elbo <= logEvidence + 1e-7 * (1 + Math.abs(logEvidence))))
          throw new Error(`${text}\n${JSON.stringify(data)}\nbound ${elbo}, evidence ${logEvidence}`);
      }),
      { numRuns: 30, seed: 9, endOnFailure: true },
    );
    // Without programs to hold to the laws this test would say nothing.
    expect(solved).toBeGreaterThan(8);
    expect(compared).toBeGreaterThan(4);
  });

  it('programs of any kind are solved or refused', async () => {
    let solved = 0;
    await fc.assert(
      fc.asyncProperty(randomProgram, async ({ source, data }) => {
        if ((await attempt(source, data, { backend: 'exact', draws: 3 })) !== null) solved++;
      }),
      { numRuns: 30, seed: 2, endOnFailure: true },
    );
    expect(solved).toBeGreaterThan(5);
  });
});
