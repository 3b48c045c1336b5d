/**
 * One chain: memory, generated code, a stream of random numbers, and the loop that warms up, sweeps
 * and records. The draws depend on the program, the seed and the number of the chain alone, not on
 * how the loop is cut into pieces or on which thread it runs.
 */
import { type EntryPoint, instantiate } from '../code/module.js';
import { createRuntime, type Runtime } from '../code/runtime.js';
import { faults } from '../code/schedule.js';
import { InternalError } from '../errors/diagnostic.js';
import { seconds as clock } from '../platform/platform.js';
import { createRandom } from '../random/generator.js';
import type { ProgressEvent } from './backend.js';
import type { ChainProgram, ProgramStorage, Recorded } from './chainProgram.js';
import { countedSoFar, startsTried } from './chainOutput.js';
import { type Checkpoint, type DrawPiece, valuesPerDraw } from './checkpoint.js';
import { MomentAccumulator } from './moments.js';
import { type DrawValues, roomLike, sizeOf } from './posterior.js';

/** The part of a request that a chain needs: plain data, as it is sent to a worker. */
export interface ChainRequest {
  readonly seed: string;
  readonly warmup: number;
  /** Draws kept. */
  readonly draws: number;
  /** Sweeps for each draw kept. */
  readonly thin: number;
}

export function chainRequest({ seed, warmup, draws, thin }: ChainRequest): ChainRequest {
  return { seed, warmup, draws, thin };
}

/** A function of the host that the program calls by number. */
export type HostCall = (...args: readonly unknown[]) => unknown;

type Memory = Float64Array | Int32Array;

interface Recording {
  readonly size: number;
  readonly source: Memory;
  /** Room for the draws of a piece; null where only moments are kept. */
  values: DrawValues | null;
  readonly moments: MomentAccumulator | null;
}

/** Starts of positive density among which the best is taken: fewer where a draw is long. */
const startsCompared = 10;
const manyCells = 100_000;
/** Values of a piece of draws, at most, where a draw is no larger. */
const pieceValues = 1 << 18;

/** A chain that runs in pieces of any length. */
export class ChainRun {
  readonly chain: number;
  /** Sweeps done and to do, warm-up included. */
  readonly total: number;
  readonly warmup: number;
  done: number;
  /** Draws kept. */
  kept: number;

  private readonly program: ChainProgram;
  private readonly request: ChainRequest;
  private readonly memory: ReadonlyMap<string, Memory>;
  private readonly sweep: EntryPoint;
  private readonly report: EntryPoint;
  private readonly logJoint: EntryPoint;
  private readonly records: readonly Recording[];
  private readonly runtime: Runtime;
  /** What was counted when the warm-up ended is not held against the chain. */
  private atWarmup: Checkpoint['atWarmup'];
  /** Faults before the checkpoint that the chain went on from. */
  private readonly faultsBefore: ReadonlyMap<number, number>;
  private foundStart: boolean;
  private readonly seconds: { warmup: number; sampling: number };
  /** Draws that a piece has room for, and how many the current one holds. */
  private readonly capacity: number;
  private filled: number;
  private pieces: DrawPiece[];

  /**
   * @param checkpoint where the chain goes on; from the beginning where it is null.
   * @throws InternalError where the program is not sound.
   */
  constructor(
    program: ChainProgram,
    chain: number,
    request: ChainRequest,
    hostFunctions: readonly HostCall[],
    checkpoint: Checkpoint | null = null,
  ) {
    const start = clock();
    this.chain = chain;
    this.program = program;
    this.request = request;
    this.total = request.warmup + request.draws * request.thin;
    this.warmup = request.warmup;
    this.done = checkpoint?.done ?? 0;
    this.kept = checkpoint?.kept ?? 0;
    const arrays = program.storages.map(allocate);
    this.memory = new Map(program.storages.map((storage, i) => [storage.name, arrays[i]!]));
    const random = createRandom(request.seed, `chain ${chain}`);
    this.runtime = createRuntime(random, hostFunctions);
    const functions = instantiate(program.source, arrays, this.runtime);
    this.sweep = entry(functions, 'sweep');
    this.report = entry(functions, 'report');
    this.logJoint = entry(functions, 'logJoint');
    this.capacity = Math.min(request.draws, Math.max(1, Math.floor(pieceValues / Math.max(1, valuesPerDraw(program)))));
    this.filled = 0;
    this.pieces = [];
    this.records = program.recorded.map((recorded, i) => this.record(recorded, checkpoint?.moments[i] ?? null));
    this.faultsBefore = new Map(checkpoint?.faults ?? []);
    this.atWarmup = checkpoint?.atWarmup ?? {
      counters: new Float64Array(2 * program.counters.length),
      faults: 0,
      failures: new Float64Array(program.blocks?.length ?? 0),
    };
    if (checkpoint === null) this.foundStart = this.start(entry(functions, 'initialise'));
    else {
      this.foundStart = checkpoint.foundStart;
      this.ownMemory().forEach((values, i) => {
        values.set(checkpoint.memory[i]!);
      });
      random.state.set(checkpoint.random);
    }
    this.seconds = { warmup: (checkpoint?.seconds.warmup ?? 0) + clock() - start, sampling: checkpoint?.seconds.sampling ?? 0 };
    if (checkpoint === null && request.warmup === 0) this.endWarmup();
  }

  get finished(): boolean {
    return this.done >= this.total;
  }

  /** At most `count` more sweeps, all of one phase. */
  advance(count: number): void {
    const start = clock();
    const { warmup, thin } = this.request;
    if (this.done < warmup) {
      const end = Math.min(warmup, this.done + count);
      while (this.done < end) {
        this.sweep(1);
        this.done++;
      }
      if (this.done === warmup) this.endWarmup();
      this.seconds.warmup += clock() - start;
      return;
    }
    const end = Math.min(this.total, this.done + count);
    while (this.done < end) {
      this.sweep(0);
      this.done++;
      if ((this.done - warmup) % thin === 0) {
        this.report();
        this.keep();
      }
    }
    this.seconds.sampling += clock() - start;
  }

  /** Sweeps that are left until the chain has kept so many draws. */
  sweepsTo(draws: number): number {
    return Math.min(this.total, this.warmup + draws * this.request.thin) - this.done;
  }

  /** Where the chain stands, in memory of its own. */
  checkpoint(): Checkpoint {
    return {
      chain: this.chain,
      done: this.done,
      kept: this.kept,
      memory: this.ownMemory().map((values) => values.slice()),
      random: this.runtime.random.state.slice(),
      faults: [...this.faults()],
      foundStart: this.foundStart,
      atWarmup: this.atWarmup,
      moments: this.records.map((record) => record.moments?.state() ?? null),
      seconds: { ...this.seconds },
    };
  }

  /** The draws made since they were last taken; their memory is the taker's. */
  takePieces(): readonly DrawPiece[] {
    this.closePiece(!this.finished);
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  private ownMemory(): readonly Memory[] {
    return this.program.storages.filter((storage) => storage.place !== 'data').map((storage) => this.memory.get(storage.name)!);
  }

  private record(recorded: Recorded, moments: Checkpoint['moments'][number]): Recording {
    const source = this.memory.get(recorded.storage);
    const size = sizeOf(recorded.shape);
    if (source === undefined || source.length < size) throw new InternalError(`no memory for the values of '${recorded.name}'`);
    return {
      size,
      source,
      values: recorded.mode === 'draws' ? drawStorage(recorded, source, this.capacity * size) : null,
      moments: recorded.mode === 'moments' ? new MomentAccumulator(size, this.request.draws, recorded.range, moments) : null,
    };
  }

  private keep(): void {
    if (this.filled === this.capacity) this.closePiece(true);
    const draw = this.filled++;
    this.kept++;
    for (const { source, size, values, moments } of this.records) {
      if (values !== null) copy(source, values, draw * size, size);
      else moments?.add(source);
    }
  }

  /** @param isFollowed whether there are draws to come that need room. */
  private closePiece(isFollowed: boolean): void {
    const count = this.filled;
    if (count === 0) return;
    this.filled = 0;
    this.pieces.push({
      first: this.kept - count,
      count,
      values: this.records.map((record) => {
        const { values, size } = record;
        if (values === null) return null;
        if (count < this.capacity) return values.slice(0, count * size);
        // A full piece is handed over as it is; new room only where there is more to come.
        if (isFollowed) record.values = emptyLike(values);
        return values;
      }),
    });
  }

  /**
   * The best of some starts with positive density, by turns from the prior and near the origin: prior
   * draws may miss a support that depends on other unknowns, and lie absurdly far out where a prior is
   * vague. Returns false where `startsTried` starts had none; the last one stays.
   */
  private start(initialise: EntryPoint): boolean {
    const state = this.program.storages.filter((storage) => storage.place === 'state').map((storage) => this.memory.get(storage.name)!);
    const cells = state.reduce((sum, values) => sum + values.length, 0);
    const wanted = cells > manyCells ? 2 : startsCompared;
    let best = -Infinity,
      found = 0;
    let kept: readonly Memory[] | null = null;
    for (let attempt = 0; attempt < startsTried && found < wanted; attempt++) {
      initialise(attempt % 2);
      const density = this.logJoint() ?? Number.NaN;
      if (!Number.isFinite(density)) continue;
      found++;
      if (density > best) {
        best = density;
        kept = state.map((values) => values.slice());
      }
    }
    kept?.forEach((values, i) => {
      state[i]!.set(values);
    });
    return kept !== null;
  }

  private endWarmup(): void {
    if (!this.foundStart) this.foundStart = Number.isFinite(this.logJoint() ?? Number.NaN);
    this.atWarmup = {
      counters: Float64Array.from(this.program.counters.flatMap((counter) => countedSoFar(this.memory.get(counter.storage)))),
      faults: this.faults().get(faults.categoricalWeights) ?? 0,
      failures: Float64Array.from(this.program.blocks ?? [], (block) => this.memory.get(block.storage)![2]!),
    };
  }

  private faults(): ReadonlyMap<number, number> {
    const all = new Map(this.faultsBefore);
    for (const [code, count] of this.runtime.faults) all.set(code, (all.get(code) ?? 0) + count);
    return all;
  }
}

/** How far a chain is, counted within its phase. */
export function progressOf(run: ChainRun): ProgressEvent {
  const { chain, done, total, warmup } = run;
  return done < warmup || (done === total && total === warmup)
    ? { chain, phase: 'warmup', done, total: warmup }
    : { chain, phase: 'sampling', done: done - warmup, total: total - warmup };
}

/** Chooses how many sweeps fill a wanted time, from those just done. */
export class Pace {
  private readonly wanted: number;
  private count: number;
  private last: { done: number; time: number } | null;

  /** @param wanted seconds for one piece. */
  constructor(wanted: number) {
    this.wanted = wanted;
    this.count = 1;
    this.last = null;
  }

  next(run: { readonly done: number }): number {
    const time = clock();
    if (this.last !== null) {
      const spent = time - this.last.time;
      // At most doubling: the first sweeps run before the code is optimised.
      this.count = Math.max(1, Math.min(2 * this.count, Math.floor((this.count * this.wanted) / Math.max(spent, 1e-6))));
    }
    this.last = { done: run.done, time };
    return this.count;
  }
}

function allocate(storage: ProgramStorage): Memory {
  const size = sizeOf(storage.shape);
  if (storage.values === undefined) return storage.type === 'int32' ? new Int32Array(size) : new Float64Array(size);
  // Data are read by all chains; everything else is the chain's own.
  if (storage.place === 'data') return storage.values;
  return storage.values.slice();
}

function entry(functions: Readonly<Record<string, EntryPoint>>, name: string): EntryPoint {
  const found = functions[name];
  if (found === undefined) throw new InternalError(`the generated code has no entry '${name}'`);
  return found;
}

function emptyLike(values: DrawValues): DrawValues {
  return values instanceof Float64Array
    ? new Float64Array(values.length)
    : values instanceof Int32Array
      ? new Int32Array(values.length)
      : new Uint8Array(values.length);
}

function drawStorage(recorded: Recorded, source: Memory, length: number): DrawValues {
  if (recorded.range !== undefined && recorded.range <= 256) return new Uint8Array(length);
  return roomLike(source, length);
}

/** Below this size a loop beats the call of `set`. */
const shortCopy = 64;

function copy(source: Memory, values: DrawValues, offset: number, size: number): void {
  if (size > shortCopy && source.constructor === values.constructor) {
    values.set(source.length === size ? source : source.subarray(0, size), offset);
  } else {
    for (let i = 0; i < size; i++) values[offset + i] = source[i]!;
  }
}
