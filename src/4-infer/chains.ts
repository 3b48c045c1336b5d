/**
 * All chains of a run: on worker threads where that pays, else on the calling thread. A chain's draws
 * depend on its number and the seed alone, so the result is the same whatever the number of workers.
 *
 * Chain 0 begins on the calling thread; only when the work left is worth more than the start of
 * threads (50-75 ms) are the chains, chain 0 again among them, given to workers. Data are put into
 * shared memory once where that exists; draws are transferred, not copied. Where workers cannot be
 * loaded (TypeScript sources run without a build, strict hosts) everything runs here.
 */
import { InternalError, ModelError } from '../errors/diagnostic.js';
import { breathe, currentPlatform, seconds } from '../platform/platform.js';
import type { WorkerConstructor, WorkerThread } from '../platform/surroundings.js';
import type { RunRequest } from './backend.js';
import type { ChainProgram, ProgramStorage } from './chainProgram.js';
import { type ChainOutput, type ChainRequest, ChainRun, type HostCall, Pace, progressOf } from './runChain.js';
import type { FromWorker, ToWorker } from './worker.js';

/** Seconds of chain 0 on the calling thread before it is decided whether workers pay. */
const PROBE = 0.03;
/** Seconds of work left, all chains together, from which workers pay. */
const WORTH_WORKERS = 0.25;
/** Seconds between two breaths of the calling thread. */
const SLICE = 0.1;

/** What `workers: auto` stands for: a thread for each chain, as far as there are processors. */
export async function automaticWorkers(chains: number): Promise<number> {
  return Math.min(chains, (await currentPlatform()).cores);
}

/**
 * Runs `request.chains` chains; outputs are in the order of the chains.
 * @throws InternalError where a worker fails; whatever a host function throws.
 */
export async function runChains(program: ChainProgram, request: RunRequest, hostFunctions: readonly HostCall[]): Promise<ChainOutput[]> {
  const onlyGenerated = !program.usesHostFunctions && hostFunctions.length === 0;
  try {
    return await runAnywhere(program, request, hostFunctions, onlyGenerated ? Math.min(request.workers, request.chains) : 0);
  } catch (error) {
    // Generated code throws nothing, though a platform may refuse it; what a host function throws is its author's.
    throw onlyGenerated && !(error instanceof InternalError) && !(error instanceof ModelError) ? new InternalError(error instanceof Error ? error.message : String(error)) : error;
  }
}

async function runAnywhere(program: ChainProgram, request: RunRequest, hostFunctions: readonly HostCall[], workers: number): Promise<ChainOutput[]> {
  const first = request.chains > 0 ? new ChainRun(program, 0, chainRequest(request), hostFunctions) : null;
  if (workers > 0 && first !== null && isLong(first, request)) {
    const { worker: Worker } = await currentPlatform();
    const outputs = Worker === null ? null : await onWorkers(Worker, workers, program, request);
    if (outputs !== null) return outputs;
  }
  return here(first, program, request, hostFunctions);
}

function chainRequest(request: RunRequest): ChainRequest {
  const { seed, warmup, draws, thin } = request;
  return { seed, warmup, draws, thin };
}

/** Runs the beginning of chain 0 and tells whether what is left is worth workers. */
function isLong(run: ChainRun, request: RunRequest): boolean {
  const start = seconds();
  const pace = new Pace(PROBE / 4);
  let rate = Number.POSITIVE_INFINITY;
  while (!run.finished && seconds() - start < PROBE) {
    const before = { time: seconds(), done: run.done };
    run.advance(pace.next(run));
    // The latest piece says most: the first ones ran before the code was optimised.
    rate = (seconds() - before.time) / (run.done - before.done);
  }
  return (request.chains * run.total - run.done) * rate > WORTH_WORKERS;
}

async function here(first: ChainRun | null, program: ChainProgram, request: RunRequest, hostFunctions: readonly HostCall[]): Promise<ChainOutput[]> {
  const outputs: ChainOutput[] = [];
  for (let chain = 0; chain < request.chains; chain++) {
    const run = chain === 0 && first !== null ? first : new ChainRun(program, chain, chainRequest(request), hostFunctions);
    const pace = new Pace(SLICE);
    let breath = seconds();
    while (!run.finished) {
      run.advance(pace.next(run));
      request.onProgress?.(progressOf(run));
      if (seconds() - breath > SLICE) {
        await breathe();
        breath = seconds();
      }
    }
    outputs.push(run.output());
  }
  return outputs;
}

/** The chains on worker threads; null where workers cannot be loaded at all. */
function onWorkers(Worker: WorkerConstructor, count: number, program: ChainProgram, request: RunRequest): Promise<ChainOutput[] | null> {
  const shared = shareData(program);
  return new Promise((resolve, reject) => {
    const threads: WorkerThread[] = [];
    const outputs: ChainOutput[] = [];
    let next = 0;
    let loaded = false;
    const settle = (finish: () => void): void => {
      for (const thread of threads) thread.terminate();
      finish();
    };
    const give = (thread: WorkerThread): void => {
      if (next < request.chains) post(thread, { kind: 'run', chain: next++ });
    };
    const received = (thread: WorkerThread, message: FromWorker): void => {
      switch (message.kind) {
        case 'ready':
          loaded = true;
          post(thread, { kind: 'program', program: shared, request: chainRequest(request) });
          give(thread);
          return;
        case 'progress':
          request.onProgress?.(message.event);
          return;
        case 'done':
          outputs[message.output.chain] = message.output;
          if (outputs.filter(Boolean).length === request.chains) settle(() => resolve(outputs));
          else give(thread);
          return;
        case 'failed':
          settle(() => reject(new InternalError(message.message)));
      }
    };
    const failed = (message: string): void => {
      settle(() => (loaded ? reject(new InternalError(`a worker thread failed: ${message}`)) : resolve(null)));
    };
    for (let i = 0; i < count; i++) {
      const thread = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
      threads.push(thread);
      thread.listen((message) => received(thread, message as FromWorker), failed);
    }
  });
}

function post(thread: WorkerThread, message: ToWorker): void {
  thread.post(message, []);
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
