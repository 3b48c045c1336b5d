/**
 * What is handed to a store that fails now and then: in the end every draw, once and in order; or a word about those it does not have.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunRequest, RunStore } from '../../src/4-infer/backend.js';
import type { DrawPiece } from '../../src/4-infer/checkpoint.js';
import { ChainLedger } from '../../src/4-infer/ledger.js';
import { ChainRun } from '../../src/4-infer/runChain.js';
import { fakeProgram } from './fakeProgram.js';
import { oneChain } from './oneChain.js';

/** A run of one chain, handed over after every tenth draw, into a store that fails at these calls. */
async function handedOver(
  failsAt: (call: number) => boolean,
): Promise<{ readonly kept: readonly DrawPiece[]; readonly calls: number; readonly notes: readonly string[] }> {
  const kept: DrawPiece[] = [];
  let calls = 0;
  const store: RunStore = {
    open: async () => [],
    keep: async (_checkpoint, pieces) => {
      if (failsAt(calls++)) throw new Error('the disk is full');
      kept.push(...pieces);
    },
  };
  const request: RunRequest = oneChain({ draws: 50, warmup: 5, store });
  const ledger = await ChainLedger.open(fakeProgram(), request),
    run = new ChainRun(fakeProgram(), 0, request, []);
  for (let draws = 10; draws <= 50; draws += 10) {
    while (run.kept < draws) run.advance(run.sweepsTo(draws));
    ledger.record(run.checkpoint(), run.takePieces());
    await vi.advanceTimersByTimeAsync(6000);
  }
  const { notes } = await ledger.result(50);
  return { kept, calls, notes: notes.map(({ code, message }) => `${code}: ${message}`) };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a store that fails', () => {
  it('has every draw in the end where it works again, and nothing is said', async () => {
    for (const failing of [[1], [0, 1, 2], [4], [0, 2, 4]]) {
      const { kept, notes } = await handedOver((call) => failing.includes(call));
      expect(
        kept.map(({ first, count }) => [first, count]),
        `fails at ${failing.join()}`,
      ).toEqual([
        [0, 10],
        [10, 10],
        [20, 10],
        [30, 10],
        [40, 10],
      ]);
      expect(notes).toEqual([]);
    }
  });

  it('to the end is named, with what it does not have', async () => {
    const { kept, notes } = await handedOver((call) => call >= 2);
    expect(kept.map(({ first }) => first)).toEqual([0, 10]);
    expect(notes).toEqual([
      'cannot-keep: draws could not be kept while the chains ran (the disk is full): chain 0 from draw 20. Had the run been cut off, they would have been made again',
    ]);
  });
});
