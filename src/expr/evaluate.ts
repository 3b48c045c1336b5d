/**
 * The slow reference interpreter of expressions: one line of meaning for each form, no
 * compilation, no rewriting. Generated code, derivatives and derivations are tested against it.
 *
 * Invariant: it shares nothing with the code generator but the table of primitives.
 */
import { InternalError } from '../errors/diagnostic.js';
import { arrayFunctions } from '../numeric/linearAlgebra.js';
import { freeIndices } from './expr.js';
import type { ArrayExpr, ArrayFunction, Expr, Index, Reduce } from './expr.js';
import { primitives } from './primitives.js';

/** What the free names of an expression stand for. */
export interface Environment {
  /** Values of free indices. */
  readonly indices?: ReadonlyMap<Index, number> | undefined;
  /** Values of named dimensions. */
  readonly sizes?: ReadonlyMap<string, number> | undefined;
  /** The element of a variable. */
  readonly variable?: ((name: string, at: readonly number[]) => number) | undefined;
  /** Whether data have a gap at an element; without it an element is missing where its value is not a number. */
  readonly missing?: ((name: string, at: readonly number[]) => boolean) | undefined;
  /** Host functions by number; array arguments arrive as nested arrays. */
  readonly hostFunctions?: readonly ((...args: readonly unknown[]) => unknown)[] | undefined;
}

/** An array by value, row-major; rank 0 has an empty shape and one value. */
export interface ArrayValue {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/**
 * The value of a scalar expression.
 * @throws InternalError where a name has no value in the environment or a function is unknown.
 */
export function evaluate(e: Expr, environment: Environment): number {
  return new Interpreter(environment).scalar(e, environment.indices ?? new Map());
}

/**
 * The value of an array expression, every element by `evaluate`. Negative dimensions count as 0.
 * @throws InternalError as `evaluate`.
 */
export function evaluateArray(a: ArrayExpr, environment: Environment): ArrayValue {
  return new Interpreter(environment).array(a, environment.indices ?? new Map());
}

type Bindings = ReadonlyMap<Index, number>;

class Interpreter {
  private readonly environment: Environment;
  /** Results of array functions by the values of their free indices: `inverse(S)[i, j]` is read d^2 times. */
  private readonly results = new Map<ArrayFunction, Map<string, ArrayValue>>();

  constructor(environment: Environment) {
    this.environment = environment;
  }

  scalar(e: Expr, bindings: Bindings): number {
    switch (e.op) {
      case 'const':
        return e.value;
      case 'index': {
        const value = bindings.get(e);
        if (value === undefined) throw new InternalError(`index ${e.name} has no value`);
        return value;
      }
      case 'size': {
        const value = this.environment.sizes?.get(e.name);
        if (value === undefined) throw new InternalError(`size ${e.name} has no value`);
        return value;
      }
      case 'ref': {
        const { variable } = this.environment;
        if (variable === undefined) throw new InternalError(`variable ${e.variable} has no value`);
        return variable(
          e.variable,
          e.at.map((x) => this.scalar(x, bindings)),
        );
      }
      case 'apply': {
        const [gap] = e.args;
        if (e.fn === 'missing' && gap?.op === 'ref') {
          const { missing } = this.environment;
          return Number(
            missing === undefined
              ? Number.isNaN(this.scalar(gap, bindings))
              : missing(
                  gap.variable,
                  gap.at.map((x) => this.scalar(x, bindings)),
                ),
          );
        }
        const primitive = primitives.get(e.fn);
        if (primitive === undefined) throw new InternalError(`unknown primitive ${e.fn}`);
        return primitive.evaluate(...e.args.map((x) => this.scalar(x, bindings)));
      }
      case 'cond':
        return this.scalar(this.scalar(e.test, bindings) !== 0 ? e.then : e.otherwise, bindings);
      case 'reduce': {
        const from = this.scalar(e.from, bindings);
        const to = this.scalar(e.to, bindings);
        const values: number[] = [];
        for (let i = from; i < to; i++) values.push(this.scalar(e.body, new Map([...bindings, [e.index, i]])));
        return reduceValues(e.kind, values, from);
      }
      case 'element': {
        const { shape, values } = this.arrayFunction(e.array, bindings);
        return (
          values[
            flatten(
              e.at.map((x) => this.scalar(x, bindings)),
              shape,
            )
          ] ?? Number.NaN
        );
      }
    }
  }

  array(a: ArrayExpr, bindings: Bindings): ArrayValue {
    const shape = a.dims.map((d) => Math.max(0, this.scalar(d, bindings)));
    const values = new Float64Array(shape.reduce((product, d) => product * d, 1));
    const at = shape.map(() => 0);
    for (let flat = 0; flat < values.length; flat++) {
      const inner = new Map(bindings);
      a.indices.forEach((i, axis) => inner.set(i, at[axis]!));
      values[flat] = this.scalar(a.body, inner);
      for (let axis = shape.length - 1; axis >= 0 && ++at[axis]! === shape[axis]; axis--) at[axis] = 0;
    }
    return { shape, values };
  }

  private arrayFunction(f: ArrayFunction, bindings: Bindings): ArrayValue {
    const free = [...freeIndices({ op: 'element', array: f, at: [] })];
    const key = free.map((i) => bindings.get(i)).join(',');
    const known = this.results.get(f)?.get(key);
    if (known !== undefined) return known;
    const args = f.args.map((a) => this.array(a, bindings));
    const shape = f.dims.map((d) => Math.max(0, this.scalar(d, bindings)));
    const values = new Float64Array(shape.reduce((product, d) => product * d, 1));
    if (f.fn.startsWith('host:')) {
      const host = this.environment.hostFunctions?.[Number(f.fn.slice('host:'.length))];
      if (host === undefined) throw new InternalError(`unknown host function ${f.fn}`);
      values[0] = Number(host(...args.map(toNested)));
    } else {
      const implementation = arrayFunctions.get(f.fn);
      if (implementation === undefined) throw new InternalError(`unknown array function ${f.fn}`);
      implementation.compute(
        values,
        args.map((a) => a.values),
        args.map((a) => a.shape),
      );
    }
    const result = { shape, values };
    this.results.set(f, (this.results.get(f) ?? new Map<string, ArrayValue>()).set(key, result));
    return result;
  }
}

function reduceValues(kind: Reduce['kind'], values: readonly number[], from: number): number {
  switch (kind) {
    case 'sum':
      return values.reduce((a, b) => a + b, 0);
    case 'prod':
      return values.reduce((a, b) => a * b, 1);
    case 'min':
      return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    case 'max':
      return values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    case 'logsumexp': {
      const top = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      // At an infinite maximum the shift below would make inf - inf.
      if (!Number.isFinite(top)) return top;
      return top + Math.log(values.reduce((sum, x) => sum + Math.exp(x - top), 0));
    }
    case 'argmax': {
      let best = 0;
      values.forEach((x, k) => {
        if (x > values[best]!) best = k;
      });
      return from + best;
    }
  }
}

function flatten(at: readonly number[], shape: readonly number[]): number {
  return at.reduce((flat, i, axis) => (i >= 0 && i < shape[axis]! ? flat * shape[axis]! + i : Number.NaN), 0);
}

/** A flat array as a number (rank 0) or nested arrays, for host functions. */
export function toNested(a: ArrayValue): unknown {
  const build = (axis: number, offset: number, stride: number): unknown => {
    if (axis === a.shape.length) return a.values[offset];
    const extent = a.shape[axis]!;
    const inner = extent === 0 ? 0 : stride / extent;
    return Array.from({ length: extent }, (_, i) => build(axis + 1, offset + i * inner, inner));
  };
  return build(0, 0, a.values.length);
}
