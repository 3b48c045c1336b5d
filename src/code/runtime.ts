/**
 * What generated code may call: the chain's random stream, scalar functions, random variates and
 * samplers, array functions, the user's host functions, and faults. Everything is looked up once,
 * by name, in maps (never in objects that have a prototype), when a module is instantiated.
 */
import { InternalError } from '../errors/diagnostic.js';
import { toNested } from '../expr/evaluate.js';
import { primitives } from '../expr/primitives.js';
import { arrayFunctions } from '../numeric/linearAlgebra.js';
import type { Random } from '../random/generator.js';
import * as carefulGaussian from '../random/carefulGaussian.js';
import * as gaussianBlock from '../random/gaussianBlock.js';
import * as elimination from '../random/elimination.js';
import * as compositions from '../random/compositions.js';
import * as learntNormal from '../random/learntNormal.js';
import * as metropolis from '../random/metropolis.js';
import * as naturalDensity from '../random/naturalDensity.js';
import * as sliceSampling from '../random/sliceSampling.js';
import { quadratureGrid } from '../random/quadratureGrid.js';
import * as variates from '../random/variates.js';
import { fractionTable, powerTable } from './exponential.js';

/** A function of the user's program: numbers and nested arrays in, a number out. */
export type HostFunction = (...args: readonly unknown[]) => unknown;
export type ScalarFunction = (...x: readonly number[]) => number;
/** A random variate or sampler, called with the random stream first. */
export type Procedure = (random: Random, ...args: readonly never[]) => unknown;
export type ArrayProcedure = (out: Float64Array, args: readonly Float64Array[], shapes: readonly (readonly number[])[]) => void;

export interface Runtime {
  readonly random: Random;
  /** Tables of the inlined exponential; see `exponential.ts`. */
  readonly fractions: Float64Array;
  readonly powers: Float64Array;
  /** @throws InternalError for a name that does not exist. */
  scalar(name: string): ScalarFunction;
  /** @throws InternalError for a name that does not exist. */
  procedure(name: string): Procedure;
  /** @throws InternalError for a name that does not exist. */
  arrayFunction(name: string): ArrayProcedure;
  /** Calls a host function on row-major arrays; rank 0 arrives as a number, others as nested arrays. */
  host(position: number, args: readonly ArrayLike<number>[], shapes: readonly (readonly number[])[]): number;
  /** Counts a numerical fault; the code that met it goes on with the old value. */
  fault(code: number): void;
  /** How often each fault was met since the runtime was made, by code. */
  readonly faults: ReadonlyMap<number, number>;
}

/** The runtime of one chain. `procedures` adds to (or replaces) the procedures of `random/`. */
export function createRuntime(
  random: Random,
  hostFunctions: readonly HostFunction[] = [],
  procedures: ReadonlyMap<string, Procedure> = new Map(),
): Runtime {
  const faults = new Map<number, number>();
  const libraries = [
    variates,
    sliceSampling,
    metropolis,
    learntNormal,
    compositions,
    elimination,
    gaussianBlock,
    carefulGaussian,
    naturalDensity,
    { quadratureGrid },
  ];
  const known = new Map<string, unknown>([...libraries.flatMap((library) => Object.entries<unknown>({ ...library })), ...procedures]);
  return {
    random,
    fractions: fractionTable(),
    powers: powerTable(),
    faults,
    scalar(name) {
      const primitive = primitives.get(name);
      if (primitive === undefined) throw new InternalError(`generated code asks for an unknown function ${name}`);
      return primitive.evaluate;
    },
    procedure(name) {
      const procedure = known.get(name);
      if (typeof procedure !== 'function') throw new InternalError(`generated code asks for an unknown procedure ${name}`);
      return procedure as Procedure;
    },
    arrayFunction(name) {
      const implementation = arrayFunctions.get(name);
      if (implementation === undefined) throw new InternalError(`generated code asks for an unknown array function ${name}`);
      return (out, args, shapes) => {
        implementation.compute(out, args, shapes);
      };
    },
    host(position, args, shapes) {
      const host = hostFunctions[position];
      if (host === undefined) throw new InternalError(`generated code asks for an unknown host function ${position}`);
      return Number(host(...args.map((values, k) => toNested({ shape: shapes[k]!, values: Float64Array.from(values) }))));
    },
    fault(code) {
      faults.set(code, (faults.get(code) ?? 0) + 1);
    },
  };
}
