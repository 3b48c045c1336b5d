/**
 * Threads that misbehave, played by objects: those that die before they have work, and those that share no memory with the
 * calling thread and so cannot be told to stop.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RunRequest } from '../../src/4-infer/backend.js';
import { ChainLedger } from '../../src/4-infer/ledger.js';
import { type ChainRequest, ChainRun } from '../../src/4-infer/runChain.js';
import { ChainThreads } from '../../src/4-infer/threads.js';
import type { FromWorker, ToWorker } from '../../src/4-infer/worker.js';
import type { WorkerConstructor, WorkerThread } from '../../src/platform/surroundings.js';
import { fakeProgram } from './fakeProgram.js';

const request: RunRequest = { chains: 3, draws: 20, warmup: 5, thin: 1, seed: '1', workers: 2, keep: null, options: {}, init: null };

/** Does at once what a worker does; `lives` says which of them, by number, come to be ready. `pauses` takes down what is asked of them. */
function workers(lives: (number: number) => boolean, made: { count: number }, pauses: number[] = []): WorkerConstructor {
  return class implements WorkerThread {
    private received: (message: unknown) => void = () => undefined;
    private asked: ChainRequest | null = null;

    listen(received: (message: unknown) => void, failed: (message: string) => void): void {
      const number = made.count++;
      this.received = received;
      setTimeout(() => { if (lives(number)) this.say({ kind: 'ready' }); else failed('no memory'); }, number === 0 ? 0 : 2);
    }

    post(message: unknown): void {
      const order = message as ToWorker;
      if (order.kind === 'program') { this.asked = order.request; pauses.push(order.pause); return; }
      const run = new ChainRun(fakeProgram(), order.chain, this.asked!, [], order.checkpoint);
      while (!run.finished) run.advance(run.sweepsTo(order.draws));
      setTimeout(() => {
        this.say({ kind: 'checkpoint', checkpoint: run.checkpoint(), pieces: run.takePieces() });
        this.say({ kind: 'rests', chain: order.chain });
      }, 30);
    }

    terminate(): void { this.received = () => undefined; }
    private say(message: FromWorker): void { this.received(message); }
  };
}

afterEach(() => { vi.unstubAllGlobals(); vi.useRealTimers(); });

describe('threads that die before they have work', () => {
  it('are not replaced for ever: the others do all', async () => {
    const made = { count: 0 }, ledger = await ChainLedger.open(fakeProgram(), request);
    const threads = new ChainThreads(workers((number) => number === 0, made), 2, fakeProgram(), request, ledger);
    expect(await threads.loaded()).toBe(true);
    await threads.advance(20);
    threads.end();
    expect((await ledger.result(20)).outputs.map(({ draws }) => draws)).toEqual([20, 20, 20]);
    expect(made.count).toBeLessThan(6);
  });
});

describe('threads that are told to stop', () => {
  it('are waited for until all have heard, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
    let isStopped = false, hasEnded = false;
    const stoppable = { ...request, stopped: () => isStopped };
    const ledger = await ChainLedger.open(fakeProgram(), stoppable), threads = new ChainThreads(workers(() => true, { count: 0 }), 1, fakeProgram(), stoppable, ledger);
    const loaded = threads.loaded();
    await vi.advanceTimersByTimeAsync(1);
    expect(await loaded).toBe(true);
    // The first chain rests 30 ms later; the look at 50 ms finds the second one under way, which rests at 60 ms.
    const ended = threads.advance(20).then(() => { hasEnded = true; });
    await vi.advanceTimersByTimeAsync(40);
    isStopped = true;
    await vi.advanceTimersByTimeAsync(15);
    expect(hasEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(10);
    expect(hasEnded).toBe(true);
    await ended;
    expect(vi.getTimerCount()).toBe(0);
    threads.end();
    expect((await ledger.result(20)).outputs.map(({ chain }) => chain)).toEqual([0, 1]);
  });
});

describe('threads that share no memory', () => {
  it('hand checkpoints over, of whatever size, where the run may be stopped', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const large = fakeProgram({ size: 600_000, moments: true });
    const pauses = async (settings: RunRequest): Promise<readonly number[]> => {
      const asked: number[] = [], ledger = await ChainLedger.open(large, settings);
      const threads = new ChainThreads(workers(() => true, { count: 0 }, asked), 1, large, settings, ledger);
      await threads.loaded();
      threads.end();
      return asked;
    };
    expect(await pauses(request)).toEqual([Number.POSITIVE_INFINITY]);
    expect((await pauses({ ...request, stopped: () => false }))[0]).toBeLessThan(1);
  });
});
