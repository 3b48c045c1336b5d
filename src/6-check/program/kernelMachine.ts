/**
 * A sampler's generated code with its memory in reach: values of unknowns put in, sweeps or single steps run, values
 * read out. Adaptation never happens here: what was learnt elsewhere is brought along as `Tuning`. All state of generated
 * code is its memory and its stream, so that one machine serves many data sets and streams and its code stays compiled.
 */
import type { KernelProgram } from '../../4-infer/backend.js';
import type { ChainProgram } from '../../4-infer/chainProgram.js';
import { sizeOf } from '../../4-infer/posterior.js';
import { type EntryPoint, type ModuleFactory, moduleFactory } from '../../code/module.js';
import { createRuntime, type HostFunction, type Runtime } from '../../code/runtime.js';
import type { Random } from '../../random/generator.js';
import type { Values } from './jointLaw.js';

/** What a kernel has learnt in warm-up: widths and scales. */
export type Tuning = Values;

export class KernelMachine {
  readonly kernel: KernelProgram;
  private readonly random: Random;
  private readonly memory: ReadonlyMap<string, Float64Array | Int32Array>;
  private readonly arrays: readonly (Float64Array | Int32Array)[];
  private readonly factory: ModuleFactory;
  private readonly runtime: Runtime;
  private entries: Readonly<Record<string, EntryPoint>>;

  /**
   * @param kernel compiled with start values for every unknown, so that `initialise` draws nothing. @param random the stream to draw from.
   */
  constructor(kernel: KernelProgram, random: Random, hostFunctions: readonly HostFunction[], tuning: Tuning | null) {
    this.kernel = kernel;
    this.random = random;
    const { storages, source } = kernel.program;
    this.arrays = storages.map((s) => (s.type === 'int32' ? new Int32Array(lengthOf(s)) : new Float64Array(lengthOf(s))));
    this.memory = new Map(storages.map((s, k) => [s.name, this.arrays[k]!]));
    this.factory = moduleFactory(source);
    this.runtime = createRuntime(random, hostFunctions);
    this.entries = this.begin(kernel.program, tuning);
  }

  /** Begins anew with the memory of a program of the same source over other data. */
  load(program: ChainProgram, tuning: Tuning | null): void {
    this.entries = this.begin(program, tuning);
  }

  /** Fills the memory; what depends on data alone is computed as the entry points are made. */
  private begin({ storages }: ChainProgram, tuning: Tuning | null): Readonly<Record<string, EntryPoint>> {
    for (const s of storages) {
      const own = this.memory.get(s.name)!;
      if (s.values === undefined) own.fill(0);
      else own.set(s.values);
    }
    for (const [name, storage] of learnt(this.kernel)) {
      const own = this.memory.get(storage)!,
        values = tuning?.get(name);
      if (values?.length === own.length) own.set(values);
    }
    const entries = this.factory(this.runtime, this.arrays);
    entries['initialise']!(0);
    return entries;
  }

  /** Runs a move on another stream, which goes on from where the move leaves it. */
  drawingFrom(random: Random, move: (machine: this) => void): void {
    this.random.state.set(random.state);
    move(this);
    random.state.set(this.random.state);
  }

  /** Values of some unknowns into the state, with all that is computed from them. */
  place(values: Values, names: readonly string[]): void {
    for (const name of names) this.memory.get(name)!.set(values.get(name)!);
    this.entries['initialise']!(0);
  }
  read(name: string): Float64Array | Int32Array {
    return this.memory.get(name)!;
  }
  sweep(adapting: boolean = false): void {
    this.entries['sweep']!(adapting ? 1 : 0);
  }
  step(k: number): void {
    this.entries[`step${k}`]!();
  }
  stepBack(k: number): void {
    this.entries[`back${k}`]!();
  }
  /** Computes reports and draws predictions, as before a draw is kept. */
  report(): void {
    this.entries['report']!();
  }
  /** The log joint density as the sampler has it. */
  logJoint(): number {
    return this.entries['logJoint']!() ?? Number.NaN;
  }
  /** What the kernel has learnt so far. */
  tuning(): Tuning {
    return new Map([...learnt(this.kernel)].map(([name, storage]) => [name, this.memory.get(storage)!.slice()]));
  }
}

function lengthOf({ values, shape }: ChainProgram['storages'][number]): number {
  return values?.length ?? sizeOf(shape);
}

/**
 * Storages of the kernel's own, by what they are for and which of its kind they are: programs of the same kernel
 * for other data may number them differently.
 */
function learnt({ program }: KernelProgram): ReadonlyMap<string, string> {
  const out = new Map<string, string>(),
    counts = new Map<string, number>();
  for (const { name, place } of program.storages) {
    if (place !== 'state' || !name.startsWith('%')) continue;
    const kind = name.replace(/\d+$/, ''),
      count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    out.set(`${kind} ${count}`, name);
  }
  return out;
}
