import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/random/generator.js';
import { allocate, instantiate, printModule } from '../../src/code/module.js';
import type { Module } from '../../src/code/loop.js';
import { createRuntime } from '../../src/code/runtime.js';
import { interpret } from './interpret.js';
import { procedures, programs } from './programs.js';

interface Outcome {
  readonly memory: ReadonlyMap<string, readonly number[]>;
  readonly result: number | undefined;
  readonly next: number;
}

/** Start values from a stream of their own, the same for every way of running. */
function start(module: Module): Map<string, Float64Array | Int32Array> {
  const random = createRandom('1', 'start');
  return new Map(
    module.storages
      .filter((s) => s.place !== 'local')
      .map((s) => {
        const length = s.shape.reduce((x, y) => x * y, 1);
        const values = Array.from({ length }, () => random.uniform());
        return [
          s.name,
          s.type === 'int32' ? Int32Array.from(values, (u) => Math.floor(u * (s.range ?? 1))) : Float64Array.from(values, (u) => 2 * u - 1),
        ];
      }),
  );
}

function outcome(
  module: Module,
  run: (memory: Map<string, Float64Array | Int32Array>, runtime: ReturnType<typeof createRuntime>) => number | undefined,
): Outcome {
  const memory = start(module),
    random = createRandom('1', 'run');
  const result = run(memory, createRuntime(random, [], procedures));
  return { memory: new Map([...memory].map(([name, values]) => [name, Array.from(values)])), result, next: random.uniform() };
}

/** Runs twice, so that what survives a call is met again. */
function compiled(module: Module, optimise: boolean): Outcome {
  const printed = printModule(module, { optimise });
  return outcome(module, (memory, runtime) => {
    const entry = instantiate(printed.source, allocate(printed.storages, memory), runtime)['run']!;
    entry();
    return entry();
  });
}
function interpreted(module: Module): Outcome {
  return outcome(module, (memory, runtime) => {
    interpret(module, 'run', [], memory, runtime);
    return interpret(module, 'run', [], memory, runtime);
  });
}

function same(a: number | undefined, b: number | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Object.is(a, b) || Math.abs(a - b) <= 1e-12 * (1 + Math.abs(a)) || (Number.isNaN(a) && Number.isNaN(b));
}
function expectSame(a: Outcome, b: Outcome): void {
  for (const [name, values] of a.memory)
    values.forEach((x, k) => {
      if (!same(x, b.memory.get(name)![k])) expect.fail(`${name}[${k}]: ${x} against ${b.memory.get(name)![k]}`);
    });
  if (!same(a.result, b.result)) expect.fail(`result: ${a.result} against ${b.result}`);
  expect(a.next).toBe(b.next);
}

describe('generated code', () => {
  it('does what the interpreter does, unoptimised', () => {
    fc.assert(
      fc.property(programs, (module) => {
        expectSame(compiled(module, false), interpreted(module));
      }),
      { numRuns: 300, seed: 1 },
    );
  });
  it('does the same optimised and unoptimised', () => {
    fc.assert(
      fc.property(programs, (module) => {
        expectSame(compiled(module, true), compiled(module, false));
      }),
      { numRuns: 1500, seed: 2 },
    );
  });
});
