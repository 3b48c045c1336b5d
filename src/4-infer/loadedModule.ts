/**
 * The code of a program builder on the calling thread: printed, its memory filled with data and initial values, its entry points ready to be
 * called. Chains run by `runChain.ts`, which also keeps and restores memory.
 */
import { allocate, type EntryPoint, instantiate, printModule, type PrintedStorage } from '../code/module.js';
import { createRuntime, type Procedure } from '../code/runtime.js';
import type { Random } from '../random/generator.js';
import type { ProgramBuilder } from './programBuilder.js';

/** Values of one storage, row-major. */
export type Memory = Float64Array | Int32Array;

/** A module that can be called. */
export interface LoadedModule {
  /** The JavaScript that was generated. */
  readonly source: string;
  readonly storages: readonly PrintedStorage[];
  /** The entry points by name. */
  readonly functions: Readonly<Record<string, EntryPoint>>;
  /** The values of each storage by its name: data shared with the builder, everything else its own. */
  readonly memory: ReadonlyMap<string, Memory>;
}

/**
 * Loads what a builder has gathered.
 * @param random the stream that variates are drawn from
 * @param filled values that take the place of the builder's own, such as sums that were folded
 * @param procedures what the code calls beside the variates
 * @throws ModelError where the platform forbids the generation of code
 */
export function loadModule(
  builder: ProgramBuilder,
  random: Random,
  { filled, procedures }: { readonly filled?: ReadonlyMap<string, Memory>; readonly procedures?: ReadonlyMap<string, Procedure> } = {},
): LoadedModule {
  const { source, storages } = printModule(builder.module());
  const initial = new Map<string, Memory>();
  for (const { name, place } of storages) {
    const values = filled?.get(name) ?? builder.initialValues(name);
    if (values !== undefined) initial.set(name, place === 'data' ? values : values.slice());
  }
  const arrays = allocate(storages, initial);
  const hostFunctions = builder.bound.graph.hostFunctions.map(({ call }) => call);
  return {
    source,
    storages,
    functions: instantiate(source, arrays, createRuntime(random, hostFunctions, procedures)),
    memory: new Map(storages.map(({ name }, k) => [name, arrays[k]!])),
  };
}
