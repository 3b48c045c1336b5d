/**
 * The slow meaning of loop code: one case for each form, expressions by the reference interpreter.
 * It shares nothing with the optimiser or the printer.
 */
import { evaluate } from '../../src/expr/evaluate.js';
import type { Environment } from '../../src/expr/evaluate.js';
import type { Expr, Index } from '../../src/expr/expr.js';
import type { Code, Module, Place } from '../../src/code/loop.js';
import type { Procedure, Runtime } from '../../src/code/runtime.js';

type Memory = ReadonlyMap<string, Float64Array | Int32Array>;
type Local = (...x: readonly number[]) => number | undefined;
class Returned {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Runs an entry point on the memory of its arrays (by storage name) and returns what it returns. */
export function interpret(module: Module, entry: string, args: readonly number[], memory: Memory, runtime: Runtime): number | undefined {
  const f = module.functions.find((g) => g.name === entry)!;
  const locals = new Map<string, number>(module.storages.filter((s) => s.place === 'local').map((s) => [s.name, 0]));
  const shapes = new Map(module.storages.map((s) => [s.name, s.shape]));
  const functions = new Map<string, Local>();
  f.parameters.forEach((p, k) => {
    locals.set(p, args[k]!);
  });

  const offset = (name: string, at: readonly number[]): number => at.reduce((sum, x, axis) => sum * shapes.get(name)![axis]! + x, 0);
  const run = (body: readonly Code[], indices: ReadonlyMap<Index, number>): void => {
    const environment: Environment = { indices, variable: (name, at) => locals.get(name) ?? memory.get(name)![offset(name, at)]! };
    const value = (e: Expr, extra?: readonly [Index, number]): number =>
      evaluate(e, extra === undefined ? environment : { ...environment, indices: new Map([...indices, extra]) });
    const write = (place: Place, x: number, accumulate = false): void => {
      if (locals.has(place.storage)) {
        locals.set(place.storage, accumulate ? locals.get(place.storage)! + x : x);
        return;
      }
      const array = memory.get(place.storage)!,
        k = offset(
          place.storage,
          place.at.map((e) => value(e)),
        );
      array[k] = accumulate ? array[k]! + x : x;
    };
    for (const code of body) {
      switch (code.do) {
        case 'for': {
          const from = value(code.from),
            to = value(code.to);
          const range = Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k);
          if (code.descending === true) range.reverse();
          for (const k of range) run(code.body, new Map([...indices, [code.index, k]]));
          break;
        }
        case 'if':
          run(value(code.test) !== 0 ? code.then : code.otherwise, indices);
          break;
        case 'store':
          write(code.into, value(code.value), code.accumulate);
          break;
        case 'fill':
          memory.get(code.storage)!.fill(value(code.value));
          break;
        case 'return':
          throw new Returned(value(code.value));
        case 'categorical': {
          const weights = Array.from({ length: value(code.count) }, (_, k) => value(code.logWeight, [code.index, k]));
          const top = Math.max(...weights);
          const shares = weights.map((w) => Math.exp(w - top));
          const total = shares.reduce((a, b) => a + b, 0);
          if (!(total > 0)) {
            runtime.fault(1);
            break;
          }
          const point = runtime.random.uniform() * total;
          let k = 0;
          for (let sum = shares[0]!; k < shares.length - 1 && point >= sum; sum += shares[++k]!);
          write(code.into, k);
          break;
        }
        case 'function':
          functions.set(code.name, (...x) => {
            const outer = code.parameters.map((p) => locals.get(p)!);
            code.parameters.forEach((p, k) => {
              locals.set(p, x[k]!);
            });
            try {
              run(code.body, indices);
              return undefined;
            } catch (thrown) {
              if (thrown instanceof Returned) return thrown.value;
              throw thrown;
            } finally {
              code.parameters.forEach((p, k) => {
                locals.set(p, outer[k]!);
              });
            }
          });
          break;
        case 'call': {
          const args: unknown[] = code.args.flatMap((a): unknown[] => {
            switch (a.kind) {
              case 'value':
                return [value(a.value)];
              case 'place':
                return [
                  memory.get(a.place.storage)!,
                  offset(
                    a.place.storage,
                    a.place.at.map((e) => value(e)),
                  ),
                ];
              case 'function':
                return [functions.get(a.name)!];
              case 'array': {
                const dims = a.value.dims.map((d) => value(d));
                const out = new Float64Array(dims.reduce((x, y) => x * y, 1));
                const fill = (axis: number, k: number, at: ReadonlyMap<Index, number>): void => {
                  if (axis === dims.length) {
                    out[k] = evaluate(a.value.body, { ...environment, indices: at });
                    return;
                  }
                  for (let i = 0; i < dims[axis]!; i++) fill(axis + 1, k * dims[axis]! + i, new Map([...at, [a.value.indices[axis]!, i]]));
                };
                fill(0, 0, indices);
                return [out];
              }
            }
          });
          // The place of the result is fixed before the call.
          const at = code.into?.at.map((e) => value(e)) ?? [];
          const procedure = runtime.procedure(code.procedure) as (random: unknown, ...rest: unknown[]) => number;
          const result = procedure(runtime.random, ...args);
          if (code.into !== null) {
            if (locals.has(code.into.storage)) locals.set(code.into.storage, result);
            else memory.get(code.into.storage)![offset(code.into.storage, at)] = result;
          }
          break;
        }
      }
    }
  };
  try {
    run(f.body, new Map());
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Returned) return thrown.value;
    throw thrown;
  }
}

export type { Memory, Procedure };
