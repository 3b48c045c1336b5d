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
import { oneChain } from './oneChain.js';

const request: RunRequest = oneChain({ chains: 3, draws: 20, warmup: 5, workers: 2 });

/**
 * Does at once what a worker does; `lives` says which of them, by number, come to be ready. `pauses` takes down what is asked of them.
 * Where chains are given `steps`, a worker dies after so many draws of one, which it hands over first.
 */
function workers(
  lives: (number: number) => boolean,
  made: { count: number },
  pauses: number[] = [],
  steps = Number.POSITIVE_INFINITY,
): WorkerConstructor {
  return class implements WorkerThread {
    private received: (message: unknown) => void = () => undefined;
    private failed: (message: string) => void = () => undefined;
    private asked: ChainRequest | null = null;

    listen(received: (message: unknown) => void, failed: (message: string) => void): void {
      const number = made.count++;
      this.received = received;
      this.failed = failed;
      setTimeout(
        () => {
          if (lives(number)) this.say({ kind: 'ready' });
          else failed('no memory');
        },
        number === 0 ? 0 : 2,
      );
    }

    post(message: unknown): void {
      const order = message as ToWorker;
      if (order.kind === 'program') {
        this.asked = order.request;
        pauses.push(order.pause);
        return;
      }
      const run = new ChainRun(fakeProgram(), order.chain, this.asked!, [], order.checkpoint);
      const draws = Math.min(order.draws, run.kept + steps);
      while (run.kept < draws) run.advance(run.sweepsTo(draws));
      setTimeout(() => {
        if (steps > 0) this.say({ kind: 'checkpoint', checkpoint: run.checkpoint(), pieces: run.takePieces() });
        if (run.finished) this.say({ kind: 'rests', chain: order.chain });
        else this.failed('no memory');
      }, 30);
    }

    terminate(): void {
      this.received = () => undefined;
      this.failed = () => undefined;
    }
    private say(message: FromWorker): void {
      this.received(message);
    }
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('threads that die before they have work', () => {
  it('are not replaced for ever: the others do all', async () => {
    const made = { count: 0 },
      ledger = await ChainLedger.open(fakeProgram(), request);
    const threads = new ChainThreads(
      workers((number) => number === 0, made),
      2,
      fakeProgram(),
      request,
      ledger,
    );
    expect(await threads.loaded()).toBe(true);
    await threads.advance(20);
    threads.end();
    expect((await ledger.result(20)).outputs.map(({ draws }) => draws)).toEqual([20, 20, 20]);
    expect(made.count).toBeLessThan(6);
  });
});

describe('threads that die of their work', () => {
  it('are replaced as often as they bring it further, and the draws are those of threads that live', async () => {
    const run = async (steps: number): Promise<Awaited<ReturnType<ChainLedger['result']>>> => {
      const ledger = await ChainLedger.open(fakeProgram(), request),
        threads = new ChainThreads(
          workers(() => true, { count: 0 }, [], steps),
          2,
          fakeProgram(),
          request,
          ledger,
        );
      await threads.loaded();
      await threads.advance(20);
      threads.end();
      return ledger.result(20);
    };
    const mortal = await run(3),
      immortal = await run(Number.POSITIVE_INFINITY);
    expect(mortal.outputs.map(({ values }) => values)).toEqual(immortal.outputs.map(({ values }) => values));
    // 20 draws by threes: six deaths of each chain, and one word about all of them.
    expect(mortal.notes.map(({ message }) => message)).toEqual(
      [0, 1, 2].map(
        (chain) =>
          `threads of chain ${chain} died 6 times (the last of them: no memory); the chain went on from draw 18 in another one, with the same draws`,
      ),
    );
    expect(immortal.notes).toEqual([]);
  });

  it('are given up where they do not', async () => {
    const ledger = await ChainLedger.open(fakeProgram(), request),
      threads = new ChainThreads(
        workers(() => true, { count: 0 }, [], 0),
        1,
        fakeProgram(),
        request,
        ledger,
      );
    await threads.loaded();
    await expect(threads.advance(20)).rejects.toThrow(/the threads of chain 0 died 3 times at the same place, at last with: no memory/);
    threads.end();
  });
});

describe('threads that are told to stop', () => {
  it('are waited for until all have heard, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
    let isStopped = false,
      hasEnded = false;
    const stoppable = { ...request, stopped: () => isStopped };
    const ledger = await ChainLedger.open(fakeProgram(), stoppable),
      threads = new ChainThreads(
        workers(() => true, { count: 0 }),
        1,
        fakeProgram(),
        stoppable,
        ledger,
      );
    const loaded = threads.loaded();
    await vi.advanceTimersByTimeAsync(1);
    expect(await loaded).toBe(true);
    // The first chain rests 30 ms later; the look at 50 ms finds the second one under way, which rests at 60 ms.
    const ended = threads.advance(20).then(() => {
      hasEnded = true;
    });
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
      const asked: number[] = [],
        ledger = await ChainLedger.open(large, settings);
      const threads = new ChainThreads(
        workers(() => true, { count: 0 }, asked),
        1,
        large,
        settings,
        ledger,
      );
      await threads.loaded();
      threads.end();
      return asked;
    };
    expect(await pauses(request)).toEqual([Number.POSITIVE_INFINITY]);
    // 64 bytes for each of 600,000 elements, at 20 MB a second.
    expect((await pauses({ ...request, stopped: () => false }))[0]).toBeCloseTo(0.5 + (600_000 * 64) / 2e7, 3);
  });
});
