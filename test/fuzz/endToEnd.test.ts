/**
 * Random programs through everything: no fault of ours, no hang, no NaN without a word, and generated
 * code that agrees with the statements.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fragmentKinds, programOf, randomOptions, randomProgram } from './arbitraries.js';
import { checkProgram } from './check.js';

/** Seconds of processor time that no step of a program of this size may take. */
const limit = 20;
/** FUZZ_RUNS asks for more by hand. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 30);
const seed = Number(process.env['FUZZ_SEED'] ?? 2026);

describe('random programs', () => {
  it.each(fragmentKinds)('%s by itself', async (kind) => {
    for (const choice of [0, 1, 3]) {
      const numbers = Array.from({ length: 14 }, (_, k) => (choice * (2 * k + 1) * 7) % 720);
      const outcome = await checkProgram(programOf([{ kind, numbers, seed: choice }]), {
        chains: 1,
        warmup: 3,
        thin: 1,
        seed: choice,
        kernel: 'derived',
        keepFirst: false,
      });
      expect(outcome.faults).toEqual([]);
    }
  });

  it(`${runs} of several fragments, by every backend`, async () => {
    let refusedByMeanField = 0;
    await fc.assert(
      fc.asyncProperty(randomProgram, randomOptions, async (program, options) => {
        const { faults, refusals, slowest } = await checkProgram(program, options);
        expect(faults).toEqual([]);
        expect(slowest.seconds, slowest.step).toBeLessThan(limit);
        if (refusals.some((refusal) => refusal.startsWith('cavi:'))) refusedByMeanField++;
      }),
      { seed, numRuns: runs },
    );
    // Most programs are not conjugate throughout; a backend that refused everything would pass the rest.
    expect(refusedByMeanField).toBeLessThan(0.8 * runs);
  }, 3_600_000);
});
