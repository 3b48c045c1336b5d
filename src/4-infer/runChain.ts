/**
 * One chain: memory, generated code, a stream of random numbers, and the loop that warms up, sweeps
 * and records. The draws depend on the program, the seed and the number of the chain alone, not on
 * how the loop is cut into pieces or on which thread it runs.
 */
import { type EntryPoint, instantiate } from '../code/module.js';
import { createRuntime, type Runtime } from '../code/runtime.js';
import { faults } from '../code/schedule.js';
import { type Diagnostic, InternalError } from '../errors/diagnostic.js';
import { seconds as clock } from '../platform/platform.js';
import { createRandom } from '../random/generator.js';
import type { ProgressEvent } from './backend.js';
import type { ChainProgram, ProgramStorage, Recorded } from './chainProgram.js';
import { type ChainMoments, MomentAccumulator } from './moments.js';
import { type DrawValues, elementName, nameOfCell, sizeOf } from './posterior.js';

/** The part of a request that a chain needs: plain data, as it is sent to a worker. */
export interface ChainRequest {
  readonly seed: string;
  readonly warmup: number;
  /** Draws kept. */
  readonly draws: number;
  /** Sweeps for each draw kept. */
  readonly thin: number;
}

/** A function of the host that the program calls by number. */
export type HostCall = (...args: readonly unknown[]) => unknown;

/** What a chain hands back; plain data. */
export interface ChainOutput {
  readonly chain: number;
  /** Number of draws in `values`. */
  readonly draws: number;
  /** In the order of `program.recorded`: [draws, ...shape], or null where only moments are kept. */
  readonly values: readonly (DrawValues | null)[];
  readonly moments: readonly (ChainMoments | null)[];
  /** Proposals after warm-up, by counter of the program. */
  readonly counters: readonly { readonly block: string; readonly accepted: number; readonly proposed: number }[];
  readonly warnings: readonly Diagnostic[];
  /** False where the state became unusable. */
  readonly sound: boolean;
  readonly seconds: { readonly warmup: number; readonly sampling: number };
}

type Memory = Float64Array | Int32Array;

interface Recording {
  readonly recorded: Recorded;
  readonly size: number;
  readonly source: Memory;
  readonly values: DrawValues | null;
  readonly moments: MomentAccumulator | null;
}

/** Starts drawn at most, and starts of positive density among which the best is taken: fewer where a draw is long. */
const startsTried = 100, startsCompared = 10;
const manyCells = 100_000;

/** A chain that runs in pieces of any length. */
export class ChainRun {
  readonly chain: number;
  /** Sweeps done and to do, warm-up included. */
  readonly total: number;
  readonly warmup: number;
  done: number;

  private readonly program: ChainProgram;
  private readonly request: ChainRequest;
  private readonly memory: ReadonlyMap<string, Memory>;
  private readonly sweep: EntryPoint;
  private readonly report: EntryPoint;
  private readonly logJoint: EntryPoint;
  /** False where no start of positive density was found and the warm-up did not lead to one. */
  private foundStart: boolean;
  private readonly records: readonly Recording[];
  private readonly runtime: Runtime;
  private readonly countersAtWarmup: Float64Array;
  /** Draws without a possible value before the chain settled: not held against it. */
  private faultsAtWarmup: number;
  /** The same for joint blocks, in the order of the program's. */
  private readonly failuresAtWarmup: Float64Array;
  private kept: number;
  private readonly seconds: { warmup: number; sampling: number };

  /** @throws InternalError where the program is not sound. */
  constructor(program: ChainProgram, chain: number, request: ChainRequest, hostFunctions: readonly HostCall[]) {
    const start = clock();
    this.chain = chain;
    this.program = program;
    this.request = request;
    this.total = request.warmup + request.draws * request.thin;
    this.warmup = request.warmup;
    this.done = 0;
    this.kept = 0;
    const arrays = program.storages.map(allocate);
    this.memory = new Map(program.storages.map((storage, i) => [storage.name, arrays[i]!]));
    const random = createRandom(request.seed, `chain ${chain}`);
    this.runtime = createRuntime(random, hostFunctions);
    const functions = instantiate(program.source, arrays, this.runtime);
    this.sweep = entry(functions, 'sweep');
    this.report = entry(functions, 'report');
    this.records = program.recorded.map((recorded) => this.record(recorded));
    this.countersAtWarmup = new Float64Array(2 * program.counters.length);
    this.faultsAtWarmup = 0;
    this.failuresAtWarmup = new Float64Array(program.blocks?.length ?? 0);
    this.logJoint = entry(functions, 'logJoint');
    this.foundStart = this.start(entry(functions, 'initialise'));
    this.seconds = { warmup: clock() - start, sampling: 0 };
    if (request.warmup === 0) this.endWarmup();
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

  /** What was recorded. */
  output(): ChainOutput {
    const { records, program, request } = this;
    const warnings = [...records.flatMap((record) => brokenValues(record, this.chain)), ...this.faultWarnings(), ...this.blockWarnings(), ...this.startWarnings()];
    return {
      chain: this.chain,
      draws: request.draws,
      values: records.map((record) => record.values),
      moments: records.map((record) => record.moments?.result() ?? null),
      counters: program.counters.map((counter, i) => {
        const [accepted, proposed] = this.countedSoFar(counter.storage);
        return { block: counter.block, accepted: accepted - this.countersAtWarmup[2 * i]!, proposed: proposed - this.countersAtWarmup[2 * i + 1]! };
      }),
      warnings,
      sound: warnings.every((warning) => warning.severity !== 'warning'),
      seconds: { ...this.seconds },
    };
  }

  private record(recorded: Recorded): Recording {
    const source = this.memory.get(recorded.storage);
    const size = sizeOf(recorded.shape);
    if (source === undefined || source.length < size) throw new InternalError(`no memory for the values of '${recorded.name}'`);
    const { draws } = this.request;
    return {
      recorded, size, source,
      values: recorded.mode === 'draws' ? drawStorage(recorded, source, draws * size) : null,
      moments: recorded.mode === 'moments' ? new MomentAccumulator(size, draws, recorded.range) : null,
    };
  }

  private keep(): void {
    const draw = this.kept++;
    for (const { source, size, values, moments } of this.records) {
      if (values !== null) copy(source, values, draw * size, size);
      else moments?.add(source);
    }
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
    let best = -Infinity, found = 0;
    let kept: readonly Memory[] | null = null;
    for (let attempt = 0; attempt < startsTried && found < wanted; attempt++) {
      initialise(attempt % 2);
      const density = this.logJoint() ?? Number.NaN;
      if (!Number.isFinite(density)) continue;
      found++;
      if (density > best) { best = density; kept = state.map((values) => values.slice()); }
    }
    kept?.forEach((values, i) => { state[i]!.set(values); });
    return kept !== null;
  }

  private endWarmup(): void {
    if (!this.foundStart) this.foundStart = Number.isFinite(this.logJoint() ?? Number.NaN);
    this.faultsAtWarmup = this.impossibleDraws();
    this.program.blocks?.forEach((block, i) => { this.failuresAtWarmup[i] = this.memory.get(block.storage)![2]!; });
    this.program.counters.forEach((counter, i) => {
      this.countersAtWarmup.set(this.countedSoFar(counter.storage), 2 * i);
    });
  }

  private impossibleDraws(): number {
    return this.runtime.faults.get(faults.categoricalWeights) ?? 0;
  }

  private startWarnings(): Diagnostic[] {
    return this.foundStart ? [] : [{
      code: 'no-start',
      severity: 'warning',
      message: `no start of positive density was found in ${startsTried} tries, nor by the warm-up, in chain ${this.chain}: its draws mean nothing`,
      hint: 'Give start values with --init, or check that the data are possible under the priors (supports, factors, constraints).',
    }];
  }

  private faultWarnings(): Diagnostic[] {
    const count = this.impossibleDraws() - this.faultsAtWarmup;
    return count === 0 ? [] : [{
      code: 'impossible-draw',
      severity: 'warning',
      message: `${count} draws of a discrete variable had no value of positive probability and kept the old one in chain ${this.chain}`,
      hint: 'Some observation is impossible under every value: check supports and start values.',
    }];
  }

  /** Joint blocks that could not be drawn: some direction was held by no factor. */
  private blockWarnings(): Diagnostic[] {
    return (this.program.blocks ?? []).flatMap((block, i): Diagnostic[] => {
      const status = this.memory.get(block.storage)!, count = status[2]! - this.failuresAtWarmup[i]!;
      if (count === 0) return [];
      return [{
        code: 'improper-block', severity: 'warning',
        message: `${count} joint draws of ${block.block} were not possible and kept the old values in chain ${this.chain}: ${nameOfCell(block.members, block.rows[status[3]! - 1]!)} is not determined given the rest`,
        hint: 'Its prior is flat and no data bear on it, or columns are collinear: give it a proper prior, or leave out what the others already say.',
      }];
    });
  }

  /** Accepted and proposed, summed over the pairs of a counter. */
  private countedSoFar(storage: string): [accepted: number, proposed: number] {
    const pairs = this.memory.get(storage);
    let accepted = 0;
    let proposed = 0;
    for (let i = 0; pairs !== undefined && i + 1 < pairs.length; i += 2) {
      accepted += pairs[i]!;
      proposed += pairs[i + 1]!;
    }
    return [accepted, proposed];
  }
}

/** A chain from beginning to end on this thread; `progress` is called now and then. */
export function runChain(program: ChainProgram, chain: number, request: ChainRequest, hostFunctions: readonly HostCall[], progress: (run: ChainRun) => void): ChainOutput {
  const run = new ChainRun(program, chain, request, hostFunctions);
  const pace = new Pace(0.1);
  while (!run.finished) {
    run.advance(pace.next(run));
    progress(run);
  }
  return run.output();
}

/** How far a chain is, counted within its phase. */
export function progressOf(run: ChainRun): ProgressEvent {
  const { chain, done, total, warmup } = run;
  return done < warmup || done === total && total === warmup
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

function drawStorage(recorded: Recorded, source: Memory, length: number): DrawValues {
  if (recorded.range !== undefined && recorded.range <= 256) return new Uint8Array(length);
  return source instanceof Int32Array ? new Int32Array(length) : new Float64Array(length);
}

/** Below this size a loop beats the call of `set`. */
const SHORT = 64;

function copy(source: Memory, values: DrawValues, offset: number, size: number): void {
  if (size > SHORT && source.constructor === values.constructor) {
    values.set(source.length === size ? source : source.subarray(0, size), offset);
  } else {
    for (let i = 0; i < size; i++) values[offset + i] = source[i]!;
  }
}

/** A warning for a variable with values that are not finite (a note where it is only a report). */
function brokenValues(record: Recording, chain: number): Diagnostic[] {
  const { recorded, size, values, moments } = record;
  const elements = recorded.elements;
  const count = elements === undefined ? size : elements.length;
  const looked = values ?? moments?.mean ?? new Float64Array(0);
  if (!(looked instanceof Float64Array) || size === 0) return [];
  for (let start = 0; start + size <= looked.length; start += size) {
    for (let i = 0; i < count; i++) {
      const element = elements === undefined ? i : elements[i]!;
      if (!Number.isFinite(looked[start + element])) {
        const place = values === null ? '' : ` in draw ${start / size}`;
        const latent = recorded.kind === 'latent';
        return [{
          code: 'not-finite',
          severity: latent ? 'warning' : 'note',
          message: `${elementName(recorded.name, recorded.shape, element)} is ${values === null ? 'not finite' : looked[start + element]}${place} of chain ${chain}`,
          hint: latent ? 'The model may be improper, or a start value lies where the density vanishes: give priors to all unknowns, or start values with --init.' : undefined,
        }];
      }
    }
  }
  return [];
}
