/**
 * Samplers opened up for tests: a program compiled with chosen kernels, its memory by name, its entry
 * points, and a random stream that the test may replace.
 */
import type { BlockRequest } from '../../src/4-infer/blocks/plan.js';
import { chooserFromOptions } from '../../src/4-infer/kernelOptions.js';
import { type SamplerProgram, samplerProgram } from '../../src/4-infer/mcmc.js';
import { defaultGibbsKernel, defaultWalkKernel } from '../../src/4-infer/plan.js';
import { type ChainOutput, chainOutput } from '../../src/4-infer/chainOutput.js';
import { ChainRun } from '../../src/4-infer/runChain.js';
import { type EntryPoint, instantiate } from '../../src/code/module.js';
import { createRuntime } from '../../src/code/runtime.js';
import { createRandom, type Random } from '../../src/random/generator.js';
import { boundModel } from '../compiled.js';

export { boundModel };

export interface CompileOptions {
  readonly backend?: 'gibbs' | 'mh';
  /** `--opt kernel.NAME=...` by name. */
  readonly kernels?: Readonly<Record<string, string>>;
  readonly init?: Readonly<Record<string, unknown>>;
  readonly keep?: readonly string[];
  /** What is drawn together: nothing unless asked for. */
  readonly blocks?: BlockRequest;
}

export function compile(source: string, data: Readonly<Record<string, unknown>> = {}, options: CompileOptions = {}): SamplerProgram {
  const bound = boundModel(source, data);
  const fallback = options.backend === 'mh' ? defaultWalkKernel : defaultGibbsKernel;
  const settings = Object.fromEntries(Object.entries(options.kernels ?? {}).map(([name, text]) => [`kernel.${name}`, text]));
  const chooser = chooserFromOptions(bound.graph, settings, fallback);
  return samplerProgram(bound, chooser, { keep: options.keep ?? null, init: options.init ?? null }, options.blocks ?? { kind: 'none' });
}

type Memory = Float64Array | Int32Array;

/** Generated code with its memory in reach. */
export class Machine {
  readonly sampler: SamplerProgram;
  readonly random: Random;
  private readonly memory: ReadonlyMap<string, Memory>;
  private readonly entries: Readonly<Record<string, EntryPoint>>;

  constructor(sampler: SamplerProgram, seed: string = '1', random: Random = createRandom(seed, 'chain 0')) {
    this.sampler = sampler;
    this.random = random;
    const arrays = sampler.program.storages.map((s): Memory => {
      const size = s.shape.reduce((a, b) => a * b, 1);
      return s.values?.slice() ?? (s.type === 'int32' ? new Int32Array(size) : new Float64Array(size));
    });
    this.memory = new Map(sampler.program.storages.map((s, k) => [s.name, arrays[k]!]));
    this.entries = instantiate(sampler.program.source, arrays, createRuntime(random));
  }

  get(name: string): Memory {
    const found = this.memory.get(name);
    if (found === undefined) throw new Error(`no storage ${name}`);
    return found;
  }
  names(): readonly string[] {
    return [...this.memory.keys()];
  }
  call(entry: string, ...args: readonly number[]): number {
    return this.entries[entry]!(...args) ?? Number.NaN;
  }
  logJoint(): number {
    return this.call('logJoint');
  }
}

/** Draws of each recorded variable as [draws][elements], one chain. */
export interface Draws {
  readonly of: (name: string, element?: number) => Float64Array;
  readonly run: ChainRun;
  readonly output: ChainOutput;
  readonly sampler: SamplerProgram;
}

export function draw(
  sampler: SamplerProgram,
  count: number,
  options: { readonly warmup?: number; readonly seed?: string; readonly thin?: number } = {},
): Draws {
  const run = new ChainRun(
    sampler.program,
    0,
    { seed: options.seed ?? '1', warmup: options.warmup ?? Math.min(1000, count), draws: count, thin: options.thin ?? 1 },
    [],
  );
  while (!run.finished) run.advance(count);
  const output = chainOutput(sampler.program, { checkpoint: run.checkpoint(), pieces: run.takePieces() }, count, count);
  return {
    run,
    output,
    sampler,
    of: (name, element = 0) => {
      const k = sampler.program.recorded.findIndex((r) => r.name === name);
      const values = output.values[k];
      if (values === null || values === undefined) throw new Error(`${name} was not kept`);
      const size = values.length / count;
      return Float64Array.from({ length: count }, (_, d) => values[d * size + element]!);
    },
  };
}
