/**
 * Chains on worker threads. A chain stays in the thread that began it; a thread without a chain of its own takes
 * the next one that nobody has. Where a thread dies its chain goes on, from its last checkpoint, in a new one.
 */
import { type Diagnostic, InternalError } from '../errors/diagnostic.js';
import type { WorkerConstructor, WorkerThread } from '../platform/surroundings.js';
import type { RunRequest } from './backend.js';
import type { ChainProgram, ProgramStorage } from './chainProgram.js';
import { ChainLedger } from './ledger.js';
import { chainRequest } from './runChain.js';
import type { FromWorker, ToWorker } from './worker.js';

/**
 * A chain whose threads die so often without having come further is not begun again; as many threads that die without a chain are not
 * replaced.
 */
const mostDeaths = 3;
/** Milliseconds between two looks whether the run is to stop, and until threads that do not hear are ended. */
const lookMilliseconds = 50,
  patienceMilliseconds = 5000;

interface Thread {
  readonly worker: WorkerThread;
  /** Chains begun there. */
  readonly chains: Set<number>;
  /** The chain that it is at. */
  running: number | null;
  ready: boolean;
}

/** What befell the threads of one chain: a long run outlives any number of deaths, as long as it gets on between them. */
interface Deaths {
  /** All of them. */
  count: number;
  /** Sweeps of the checkpoint that was gone on from last, and how many deaths there were since it. */
  done: number;
  here: number;
}

/** One call of `advance`: chains that are not yet as far. */
interface Round {
  readonly draws: number;
  readonly left: Set<number>;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

export class ChainThreads {
  private readonly Worker: WorkerConstructor;
  private readonly shared: ChainProgram;
  private readonly request: RunRequest;
  private readonly ledger: ChainLedger;
  private readonly threads: Thread[] = [];
  /** Chains that have no thread. */
  private readonly homeless: Set<number>;
  private readonly deaths = new Map<number, Deaths>();
  /** Threads that died before they had a chain, or between two. */
  private idleDeaths = 0;
  /** One cell that threads look at between pieces of their work; null where memory cannot be shared. */
  private readonly stop: Int32Array | null;
  private readonly count: number;
  private round: Round | null = null;
  private patience: ReturnType<typeof setTimeout> | null = null;
  private anyLoaded = false;
  private whenLoaded: ((loaded: boolean) => void) | null = null;

  constructor(Worker: WorkerConstructor, count: number, program: ChainProgram, request: RunRequest, ledger: ChainLedger) {
    this.Worker = Worker;
    this.count = count;
    this.shared = shareData(program);
    this.request = request;
    this.ledger = ledger;
    this.homeless = new Set(Array.from({ length: request.chains }, (_, chain) => chain));
    this.stop = typeof SharedArrayBuffer === 'undefined' ? null : new Int32Array(new SharedArrayBuffer(4));
  }

  /** Starts the threads; false where they cannot be loaded at all. */
  loaded(): Promise<boolean> {
    return new Promise((resolve) => {
      this.whenLoaded = resolve;
      for (let i = 0; i < this.count; i++) this.startThread();
    });
  }

  /**
   * Until every chain has kept `draws` draws, or the run is stopped.
   * @throws InternalError where the generated code fails, or a chain's threads die again and again.
   */
  async advance(draws: number): Promise<void> {
    const left = new Set(
      Array.from({ length: this.request.chains }, (_, chain) => chain).filter(
        (chain) => (this.ledger.checkpointOf(chain)?.kept ?? 0) < draws,
      ),
    );
    if (left.size === 0) return;
    if (this.threads.length === 0) throw new InternalError('all threads have died');
    let watch: ReturnType<typeof setInterval> | null = null;
    try {
      await new Promise<void>((resolve, reject) => {
        this.round = { draws, left, resolve, reject };
        const { stopped } = this.request;
        if (stopped !== undefined)
          watch = setInterval(() => {
            if (stopped()) this.stopThreads();
          }, lookMilliseconds);
        for (const thread of this.threads) this.give(thread);
      });
    } finally {
      if (watch !== null) clearInterval(watch);
      if (this.patience !== null) clearTimeout(this.patience);
      this.round = null;
    }
    await this.ledger.written();
  }

  end(): void {
    for (const { worker } of this.threads) worker.terminate();
    this.threads.length = 0;
  }

  private startThread(): void {
    const worker = new this.Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    const thread: Thread = { worker, chains: new Set(), running: null, ready: false };
    this.threads.push(thread);
    worker.listen(
      (message) => {
        this.received(thread, message as FromWorker);
      },
      (message) => {
        this.died(thread, message);
      },
    );
  }

  private received(thread: Thread, message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        thread.ready = true;
        this.settleLoading(true);
        this.post(thread, {
          kind: 'program',
          program: this.shared,
          request: chainRequest(this.request),
          pause: this.pause(),
          stop: this.stop,
        });
        this.give(thread);
        return;
      case 'progress':
        this.request.onProgress?.(message.event);
        return;
      case 'checkpoint':
        this.ledger.record(message.checkpoint, message.pieces);
        return;
      case 'rests':
        thread.running = null;
        this.round?.left.delete(message.chain);
        if (this.round?.left.size === 0 || (this.isStopped() && this.threads.every(({ running }) => running === null)))
          this.round?.resolve();
        else this.give(thread);
        return;
      case 'failed':
        this.round?.reject(new InternalError(message.message));
    }
  }

  /** The next piece of work of a thread: a chain of its own, else one that has no thread yet. */
  private give(thread: Thread): void {
    const { round } = this;
    if (round === null || !thread.ready || thread.running !== null || this.isStopped()) return;
    const chain = [...thread.chains].find((own) => round.left.has(own)) ?? [...this.homeless].find((free) => round.left.has(free));
    if (chain === undefined) return;
    const known = thread.chains.has(chain);
    this.homeless.delete(chain);
    thread.chains.add(chain);
    thread.running = chain;
    this.post(thread, { kind: 'run', chain, draws: round.draws, checkpoint: known ? null : this.ledger.checkpointOf(chain) });
  }

  private died(thread: Thread, message: string): void {
    const place = this.threads.indexOf(thread);
    if (place < 0) return;
    this.threads.splice(place, 1);
    if (!this.anyLoaded) {
      if (this.threads.length === 0) this.settleLoading(false);
      return;
    }
    const { running } = thread;
    if (running !== null) {
      const from = this.ledger.checkpointOf(running),
        done = from?.done ?? 0,
        before = this.deaths.get(running);
      const deaths: Deaths = { count: (before?.count ?? 0) + 1, done, here: before?.done === done ? before.here + 1 : 1 };
      this.deaths.set(running, deaths);
      if (deaths.here >= mostDeaths) {
        this.round?.reject(
          new InternalError(`the threads of chain ${running} died ${deaths.here} times at the same place, at last with: ${message}`),
        );
        return;
      }
      this.ledger.note(threadDied(running, deaths.count, message, from?.kept ?? null), `thread-died ${running}`);
    }
    for (const chain of thread.chains) this.homeless.add(chain);
    if (running === null) this.idleDeaths++;
    if (this.idleDeaths < mostDeaths) this.startThread();
    else if (this.threads.length === 0) this.round?.reject(new InternalError(`all threads died, the last one with: ${message}`));
    else for (const other of this.threads) this.give(other);
  }

  /** Threads that cannot be told to stop are ended at any time: what counts then is their last checkpoint, of whatever size. */
  private pause(): number {
    return ChainLedger.pauseFor(this.shared, this.request, this.stop === null && this.request.stopped !== undefined);
  }

  private settleLoading(loaded: boolean): void {
    this.anyLoaded ||= loaded;
    this.whenLoaded?.(loaded);
    this.whenLoaded = null;
  }

  private isStopped(): boolean {
    return this.request.stopped?.() === true;
  }

  /** Threads hand over what they have; those that do not hear in time are ended, and their last checkpoints count. */
  private stopThreads(): void {
    const { round } = this;
    if (round === null) return;
    if (this.stop === null || this.threads.every(({ running }) => running === null)) {
      round.resolve();
      return;
    }
    if (Atomics.exchange(this.stop, 0, 1) === 0)
      this.patience = setTimeout(() => {
        round.resolve();
      }, patienceMilliseconds);
  }

  private post(thread: Thread, message: ToWorker): void {
    thread.worker.post(message, []);
  }
}

function threadDied(chain: number, count: number, message: string, draw: number | null): Diagnostic {
  const went = `the chain went on ${draw === null ? 'from its beginning' : `from draw ${draw}`} in another one, with the same draws`;
  return {
    code: 'thread-died',
    severity: 'warning',
    message:
      count === 1
        ? `the thread of chain ${chain} died (${message}); ${went}`
        : `threads of chain ${chain} died ${count} times (the last of them: ${message}); ${went}`,
  };
}

/** The program with its data in shared memory, so that threads read one copy. */
function shareData(program: ChainProgram): ChainProgram {
  if (typeof SharedArrayBuffer === 'undefined') return program;
  return { ...program, storages: program.storages.map(share) };
}

function share(storage: ProgramStorage): ProgramStorage {
  const { values } = storage;
  if (storage.place !== 'data' || values === undefined || values.buffer instanceof SharedArrayBuffer) return storage;
  const buffer = new SharedArrayBuffer(values.byteLength);
  const copy = values instanceof Int32Array ? new Int32Array(buffer) : new Float64Array(buffer);
  copy.set(values);
  return { ...storage, values: copy };
}
