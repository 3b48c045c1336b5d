/**
 * A flat typed array with a shape: how large data is passed without nesting, and how columns of
 * words arrive as codes.
 */
import { ModelError } from '../errors/diagnostic.js';

/** Row-major values; `shape` is empty for a scalar. Missing elements are NaN. */
export interface Tensor {
  /** The dimensions, outermost first. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values:
    | Float64Array
    | Float32Array
    | Int32Array
    | Int16Array
    | Int8Array
    | Uint32Array
    | Uint16Array
    | Uint8Array
    | Uint8ClampedArray;
  /** For a column of words: the word that each code 0, 1, ... stands for. */
  readonly levels?: readonly string[] | undefined;
  /**
   * For a column of a table that holds numbers and words: the first cell that is no number, `row` counted from 0. Binding refuses its
   * codes, because one stray cell (`n/a`) would make names of all numbers; `coded` says that names are meant.
   */
  readonly firstWord?: { readonly row: number; readonly text: string } | undefined;
}

/**
 * Row-major values with a shape, to be passed as data.
 * @throws ModelError (code `bad-tensor`) where the shape is not made of counts or does not hold exactly the values.
 */
export function tensor(values: ArrayLike<number>, shape: readonly number[]): Tensor {
  const expected = shape.reduce((product, d) => product * d, 1);
  if (!shape.every((d) => Number.isInteger(d) && d >= 0)) refuse(`the shape [${shape.join(', ')}] is not a list of counts`);
  if (expected !== values.length) refuse(`the shape [${shape.join(', ')}] holds ${expected} values but ${values.length} were given`);
  return { shape: [...shape], values: isTypedArray(values) ? values : Float64Array.from(values) };
}

/** True for every typed array of numbers (bigint arrays are not). */
export function isTypedArray(x: unknown): x is Tensor['values'] {
  return ArrayBuffer.isView(x) && !(x instanceof DataView) && !(x instanceof BigInt64Array) && !(x instanceof BigUint64Array);
}

/** True for what `tensor` returns; an object of a JSON file never is, because its values are no typed array. */
export function isTensor(x: unknown): x is Tensor {
  return typeof x === 'object' && x !== null && 'shape' in x && 'values' in x && Array.isArray(x.shape) && isTypedArray(x.values);
}

function refuse(message: string): never {
  throw new ModelError([{ code: 'bad-tensor', severity: 'error', message }], message);
}
