/**
 * All chains of a run: on worker threads where that pays, else on the calling thread. A chain's draws
 * depend on its number and the seed alone, so the result is the same whatever the number of workers.
 *
 * Chain 0 begins on the calling thread; only when the work left is worth more than the start of
 * threads (50-75 ms) are the chains, chain 0 again among them, given to workers. Data are put into
 * shared memory once where that exists; draws are transferred, not copied. Where workers cannot be
 * loaded (TypeScript sources run without a build, strict hosts) everything runs here.
 *
 * Chains hand over their draws with a checkpoint now and then (`ledger.ts`). So a run can be kept while it goes on, a chain whose
 * thread has died goes on in another, and a run that is stopped ends with what there is.
 */
import { type Diagnostic, InternalError, ModelError } from '../errors/diagnostic.js';
import { breathe, currentPlatform, seconds } from '../platform/platform.js';
import type { RunRequest } from './backend.js';
import { refuseWithoutMemory } from './chainMemory.js';
import type { ChainProgram } from './chainProgram.js';
import { ChainLedger, type ChainsResult } from './ledger.js';
import { ChainRun, chainRequest, type HostCall, Pace, progressOf } from './runChain.js';
import { ChainThreads } from './threads.js';

/** Seconds of chain 0 on the calling thread before it is decided whether workers pay. */
const probeSeconds = 0.03;
/** Seconds of work left, all chains together, from which workers pay. */
const worthWorkersSeconds = 0.25;
/** Seconds between two breaths of the calling thread. */
const sliceSeconds = 0.1;
/** Draws of the first round of chains in step, and by how much each further round is longer than the one before. */
const firstRound = 100,
  roundGrowth = 1.25;

/** What advances chains, wherever they are. */
interface Chains {
  /** Until every chain has kept `draws` draws, or the run is stopped. */
  advance(draws: number): Promise<void>;
}

/** What `workers: auto` stands for: a thread for each chain, as far as there are processors. */
export async function automaticWorkers(chains: number): Promise<number> {
  return Math.min(chains, (await currentPlatform()).cores);
}

/**
 * Runs `request.chains` chains.
 * @throws InternalError where a worker fails again and again; ModelError where a run was stopped before its first draw, what is kept of it
 * cannot be used, and where chains do not fit into the memory that is free; whatever a host function or `onProgress` throws.
 */
export async function runChains(program: ChainProgram, request: RunRequest, hostFunctions: readonly HostCall[]): Promise<ChainsResult> {
  const onlyGenerated = !program.usesHostFunctions && hostFunctions.length === 0;
  const listener = new Listener(request);
  try {
    const result = await runAnywhere(
      program,
      listener.request,
      hostFunctions,
      onlyGenerated ? Math.min(request.workers, request.chains) : 0,
    );
    listener.rethrow();
    return result;
  } catch (error) {
    listener.rethrow();
    // Generated code throws nothing, though a platform may refuse it; what a host function throws is its author's.
    throw onlyGenerated && !(error instanceof InternalError) && !(error instanceof ModelError)
      ? new InternalError(error instanceof Error ? error.message : String(error))
      : error;
  }
}

/** Whoever hears of the progress may throw: that ends the run, wherever chains are, and is what the run throws. */
class Listener {
  /** The request with a listener that does not throw. */
  readonly request: RunRequest;
  private thrown: { readonly error: unknown } | null = null;

  constructor(request: RunRequest) {
    const { onProgress, stopped } = request;
    this.request =
      onProgress === undefined
        ? request
        : {
            ...request,
            onProgress: (event) => {
              try {
                if (this.thrown === null) onProgress(event);
              } catch (error) {
                this.thrown = { error };
              }
            },
            stopped: () => this.thrown !== null || stopped?.() === true,
          };
  }

  rethrow(): void {
    if (this.thrown !== null) throw this.thrown.error;
  }
}

async function runAnywhere(
  program: ChainProgram,
  request: RunRequest,
  hostFunctions: readonly HostCall[],
  workers: number,
): Promise<ChainsResult> {
  refuseWithoutMemory(program, request.chains, (await currentPlatform()).memory, isInStep(request));
  const ledger = await ChainLedger.open(program, request);
  const fresh = ledger.isEmpty;
  const first = fresh ? new ChainRun(program, 0, chainRequest(request), hostFunctions) : null;
  let threads: ChainThreads | null = null;
  try {
    if (workers > 0 && (first === null || isLong(first, request))) {
      const { worker: Worker } = await currentPlatform();
      if (Worker !== null) {
        const started = new ChainThreads(Worker, workers, program, request, ledger);
        if (await started.loaded()) threads = started;
      }
    }
    const chains: Chains = threads ?? new ChainsHere(first, program, request, hostFunctions, ledger);
    const draws = await inRounds(chains, request, ledger);
    return await ledger.result(draws);
  } finally {
    threads?.end();
  }
}

/** True of chains that are all there at once; others end one after the other. */
function isInStep({ inStep, enough }: RunRequest): boolean {
  return inStep === true || enough !== undefined;
}

/** How many draws of each chain count, once enough were made; less where the run was stopped. */
async function inRounds(chains: Chains, request: RunRequest, ledger: ChainLedger): Promise<number> {
  const { draws, enough, stopped } = request;
  for (let round = isInStep(request) ? firstRound : draws; ; round = Math.ceil(roundGrowth * round)) {
    const target = Math.min(draws, round);
    await chains.advance(target);
    if (stopped?.() === true) return draws;
    if (enough?.(ledger.collected(target)) === true) return target;
    if (target < draws) continue;
    if (enough !== undefined) ledger.note(notEnough(draws));
    return draws;
  }
}

function notEnough(draws: number): Diagnostic {
  return {
    code: 'not-enough',
    severity: 'warning',
    message: `the run ended with ${draws} draws of each chain, before they were worth what was asked for`,
    hint: 'Allow more draws (--draws), or sweep more for each (--thin): the effective sizes say which unknowns are slow.',
  };
}

/** Runs the beginning of chain 0 and tells whether what is left is worth workers. */
function isLong(run: ChainRun, request: RunRequest): boolean {
  const start = seconds();
  const pace = new Pace(probeSeconds / 4);
  let rate = Number.POSITIVE_INFINITY;
  while (!run.finished && seconds() - start < probeSeconds) {
    const before = { time: seconds(), done: run.done };
    run.advance(pace.next(run));
    // The latest piece says most: the first ones ran before the code was optimised.
    rate = (seconds() - before.time) / (run.done - before.done);
  }
  return (request.chains * run.total - run.done) * rate > worthWorkersSeconds;
}

/** Chains on the calling thread, one after the other. */
class ChainsHere implements Chains {
  private readonly runs = new Map<number, ChainRun>();
  private readonly program: ChainProgram;
  private readonly request: RunRequest;
  private readonly hostFunctions: readonly HostCall[];
  private readonly ledger: ChainLedger;
  /** When the event loop had its last turn: of chains that take less than a slice, many go by between two. */
  private breath = seconds();

  constructor(first: ChainRun | null, program: ChainProgram, request: RunRequest, hostFunctions: readonly HostCall[], ledger: ChainLedger) {
    if (first !== null) this.runs.set(0, first);
    this.program = program;
    this.request = request;
    this.hostFunctions = hostFunctions;
    this.ledger = ledger;
  }

  async advance(draws: number): Promise<void> {
    const { request, ledger } = this;
    for (let chain = 0; chain < request.chains && request.stopped?.() !== true; chain++) await this.advanceOne(chain, draws);
    await ledger.written();
  }

  private async advanceOne(chain: number, draws: number): Promise<void> {
    const { request, ledger } = this;
    const run =
      this.runs.get(chain) ?? new ChainRun(this.program, chain, chainRequest(request), this.hostFunctions, ledger.checkpointOf(chain));
    this.runs.set(chain, run);
    // Of a short run the probe has made chain 0 already.
    if (run.finished) request.onProgress?.(progressOf(run));
    const pace = new Pace(sliceSeconds);
    while (run.kept < draws && !run.finished) {
      run.advance(Math.min(pace.next(run), run.sweepsTo(draws)));
      request.onProgress?.(progressOf(run));
      if (seconds() - this.breath <= sliceSeconds) continue;
      await breathe();
      this.breath = seconds();
      if (request.stopped?.() === true) break;
      if (ledger.isDue(chain)) ledger.record(run.checkpoint(), run.takePieces());
    }
    ledger.record(run.checkpoint(), run.takePieces());
    if (run.finished) this.runs.delete(chain);
  }
}
