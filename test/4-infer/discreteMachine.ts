/**
 * Discrete blocks opened up for tests: entry points that prepare, draw, read marginals and find the mode,
 * and enumeration of all states by the program's own joint density, which knows nothing of blocks.
 */
import { jointTerms, prepare, runFolds } from '../../src/4-infer/assemble.js';
import { type DiscreteBlocks, type EliminationBlock, findDiscreteBlocks } from '../../src/4-infer/blocks/discrete.js';
import { derive } from '../../src/4-infer/derivation.js';
import { ProgramBuilder } from '../../src/4-infer/programBuilder.js';
import { allocate, type EntryPoint, instantiate, printModule } from '../../src/code/module.js';
import { createRuntime } from '../../src/code/runtime.js';
import { addAll, num, ref } from '../../src/expr/expr.js';
import { createRandom } from '../../src/random/generator.js';
import { boundModel } from './machine.js';

type Memory = Float64Array | Int32Array;
export interface Element {
  readonly name: string;
  readonly at: readonly number[];
}

export class DiscreteMachine {
  readonly found: DiscreteBlocks;
  readonly blocks: readonly EliminationBlock[];
  private readonly memory: ReadonlyMap<string, Memory>;
  private readonly entries: Readonly<Record<string, EntryPoint>>;
  private readonly shapes = new Map<string, readonly number[]>();
  private readonly runtime: ReturnType<typeof createRuntime>;

  /** @param asked elements whose joint marginals (low end 0) are read by `probability(k, values)`. */
  constructor(
    source: string,
    data: Readonly<Record<string, unknown>> = {},
    asked: readonly (readonly Element[])[] = [],
    candidates: (name: string) => boolean = () => true,
  ) {
    const builder = new ProgramBuilder(boundModel(source, data));
    prepare(builder);
    const derivation = derive(builder.model);
    this.found = findDiscreteBlocks(
      builder,
      derivation,
      derivation.regions.filter((r) => candidates(r.region.variable.name)),
    );
    this.blocks = this.found.blocks;
    for (const v of builder.bound.variables.values()) this.shapes.set(v.name, v.shape);
    builder.entry(
      'prepare',
      this.blocks.flatMap((b) => b.prepare),
    );
    builder.entry('normaliser', [{ do: 'return', value: addAll(this.blocks.map((b) => b.logNormaliser)) }]);
    builder.entry(
      'draw',
      this.blocks.flatMap((b) => b.draw),
    );
    builder.entry(
      'mode',
      this.blocks.flatMap((b) => b.mode),
    );
    builder.entry(
      'moments',
      this.blocks.flatMap((b) => b.moments),
    );
    const blockNames = new Set(this.blocks.flatMap((b) => b.regions.map((r) => r.variable.name)));
    const inside = derivation.factors.filter((f) => {
      const text = JSON.stringify([f.logDensity, f.conditions, f.guards]);
      return [...blockNames].some((n) => text.includes(`"variable":"${n}"`));
    });
    builder.entry('inside', [{ do: 'return', value: addAll(jointTerms(builder, inside).map((t) => t.value)) }]);
    asked.forEach((elements, k) => {
      const parameters = elements.map(() => builder.fresh('value', [], 'local'));
      const block = this.blocks.find((b) => b.regions.some((r) => r.variable.name === elements[0]!.name));
      const p =
        block?.probability(elements.map((e, i) => ({ element: ref(e.name, e.at.map(num)), value: ref(parameters[i]!, []) }))) ??
        num(Number.NaN);
      builder.entry(`probability${k}`, [{ do: 'return', value: p }], parameters);
    });
    const printed = printModule(builder.module());
    const folded = runFolds(builder);
    const values = new Map<string, Memory>();
    for (const s of printed.storages) {
      const v = folded.get(s.name) ?? builder.initialValues(s.name);
      if (v !== undefined) values.set(s.name, s.place === 'data' ? v : v.slice());
    }
    const arrays = allocate(printed.storages, values);
    this.memory = new Map(printed.storages.map((s, k) => [s.name, arrays[k]!]));
    this.runtime = createRuntime(createRandom('1', 'test'));
    this.entries = instantiate(printed.source, arrays, this.runtime);
  }

  call(entry: string, ...args: readonly number[]): number {
    return this.entries[entry]!(...args) ?? Number.NaN;
  }
  get(name: string): Memory {
    return this.memory.get(name)!;
  }
  faults(): number {
    return [...this.runtime.faults.values()].reduce((a, b) => a + b, 0);
  }
  flat(e: Element): number {
    return e.at.reduce((f, i, d) => f * this.shapes.get(e.name)![d]! + i, 0);
  }
  set(e: Element, value: number): void {
    this.get(e.name)[this.flat(e)] = value;
  }
  value(e: Element): number {
    return this.get(e.name)[this.flat(e)]!;
  }
}

/** A latent element with its values. */
export interface Unknown extends Element {
  readonly low: number;
  readonly count: number;
}

export interface Enumerated {
  /** All states in mixed radix, last element fastest, with the log joint of what mentions the block. */
  readonly logs: Float64Array;
  readonly logTotal: number;
  readonly probabilities: Float64Array;
}

/** Every state's joint density, by the interpreter of the whole program. */
export function enumerate(machine: DiscreteMachine, unknowns: readonly Unknown[]): Enumerated {
  const states = unknowns.reduce((n, u) => n * u.count, 1);
  const logs = new Float64Array(states);
  for (let s = 0; s < states; s++) {
    digits(s, unknowns).forEach((k, i) => machine.set(unknowns[i]!, unknowns[i]!.low + k));
    logs[s] = machine.call('inside');
  }
  const top = Math.max(...logs);
  const total = logs.reduce((sum, l) => sum + Math.exp(l - top), 0);
  const logTotal = top + Math.log(total);
  return { logs, logTotal, probabilities: logs.map((l) => Math.exp(l - logTotal)) };
}

export function digits(state: number, unknowns: readonly Unknown[]): number[] {
  const out = new Array<number>(unknowns.length);
  let rest = state;
  for (let i = unknowns.length - 1; i >= 0; i--) {
    out[i] = rest % unknowns[i]!.count;
    rest = Math.floor(rest / unknowns[i]!.count);
  }
  return out;
}
