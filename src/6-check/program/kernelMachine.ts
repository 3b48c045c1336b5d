/**
 * A sampler's generated code with its memory in reach: values of unknowns put in, sweeps or single steps run, values
 * read out. Adaptation never happens here: what was learnt elsewhere is brought along as `Tuning`.
 */
import type { KernelProgram } from '../../4-infer/backend.js';
import { sizeOf } from '../../4-infer/posterior.js';
import { type EntryPoint, instantiate } from '../../code/module.js';
import { createRuntime, type HostFunction } from '../../code/runtime.js';
import type { Random } from '../../random/generator.js';
import type { Values } from './jointLaw.js';

/** What a kernel has learnt in warm-up: widths and scales. */
export type Tuning = Values;

export class KernelMachine {
  readonly kernel: KernelProgram;
  private readonly memory: ReadonlyMap<string, Float64Array | Int32Array>;
  private readonly entries: Readonly<Record<string, EntryPoint>>;

  /** @param kernel compiled with start values for every unknown, so that `initialise` draws nothing. */
  constructor(kernel: KernelProgram, random: Random, hostFunctions: readonly HostFunction[], tuning: Tuning | null) {
    this.kernel = kernel;
    const { storages, source } = kernel.program;
    const arrays = storages.map((s) => s.values?.slice() ?? (s.type === 'int32' ? new Int32Array(sizeOf(s.shape)) : new Float64Array(sizeOf(s.shape))));
    this.memory = new Map(storages.map((s, k) => [s.name, arrays[k]!]));
    this.entries = instantiate(source, arrays, createRuntime(random, hostFunctions));
    for (const [name, storage] of learnt(kernel)) { const own = this.memory.get(storage)!, values = tuning?.get(name); if (values?.length === own.length) own.set(values); }
    this.entries['initialise']!(0);
  }

  /** Values of some unknowns into the state, with all that is computed from them. */
  place(values: Values, names: readonly string[]): void {
    for (const name of names) this.memory.get(name)!.set(values.get(name)!);
    this.entries['initialise']!(0);
  }
  read(name: string): Float64Array | Int32Array { return this.memory.get(name)!; }
  sweep(adapting: boolean = false): void { this.entries['sweep']!(adapting ? 1 : 0); }
  step(k: number): void { this.entries[`step${k}`]!(); }
  stepBack(k: number): void { this.entries[`back${k}`]!(); }
  /** Computes reports and draws predictions, as before a draw is kept. */
  report(): void { this.entries['report']!(); }
  /** The log joint density as the sampler has it. */
  logJoint(): number { return this.entries['logJoint']!() ?? Number.NaN; }
  /** What the kernel has learnt so far. */
  tuning(): Tuning { return new Map([...learnt(this.kernel)].map(([name, storage]) => [name, this.memory.get(storage)!.slice()])); }
}

/**
 * Storages of the kernel's own, by what they are for and which of its kind they are: programs of the same kernel
 * for other data may number them differently.
 */
function learnt({ program }: KernelProgram): ReadonlyMap<string, string> {
  const out = new Map<string, string>(), counts = new Map<string, number>();
  for (const { name, place } of program.storages) {
    if (place !== 'state' || !name.startsWith('%')) continue;
    const kind = name.replace(/\d+$/, ''), count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    out.set(`${kind} ${count}`, name);
  }
  return out;
}
