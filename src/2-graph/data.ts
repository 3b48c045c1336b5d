/**
 * Values as users pass them, read into flat arrays: numbers, booleans, nested arrays, typed arrays,
 * tensors, ml-matrix matrices. Nothing is known here of the program; `bind.ts` checks against it.
 *
 * Invariant: inputs are never changed and never shared with the result.
 */
import { isTensor, isTypedArray } from '../input/tensor.js';

/** A value read into row-major order. */
export interface Reading {
  readonly kind: 'array';
  readonly shape: readonly number[];
  /** NaN where missing. */
  readonly values: Float64Array;
  /** 1 where missing; null where nothing is. */
  readonly gaps: Uint8Array | null;
  /** The input was (nested) empty lists: dimensions after the last of `shape` are unknown. */
  readonly open: boolean;
  readonly levels: readonly string[] | null;
  /** Of a column that holds numbers and words: the first word. */
  readonly firstWord: { readonly row: number; readonly text: string } | null;
}

/** Why a value could not be read; `at` are the indices of the offending element. */
export type Unreadable =
  | { readonly kind: 'nested-object'; readonly at: readonly number[]; readonly keys: readonly string[] }
  | { readonly kind: 'ragged'; readonly at: readonly number[]; readonly expected: string; readonly found: string }
  | { readonly kind: 'not-a-number'; readonly at: readonly number[]; readonly found: string };

/** Lists nested deeper than this are no array; the limit keeps hostile input from exhausting the stack. */
const deepestNesting = 64;

/** Reads a value of any accepted form. Never throws. */
export function readValue(value: unknown): Reading | Unreadable {
  if (isTensor(value)) return { ...fromFlat(value.values, [...value.shape], value.levels ?? null), firstWord: value.firstWord ?? null };
  if (isTypedArray(value)) return fromFlat(value, [value.length], null);
  if (isMatrix(value)) return fromFlat(Float64Array.from(value.to1DArray()), [value.rows, value.columns], null);
  const list = asList(value);
  if (list !== null) return fromNested(list);
  const x = scalarOf(value);
  if (x !== null) return fromFlat(Float64Array.of(x), [], null);
  return unreadable(value, []);
}

/** `x[2,0]` for element 4 of an array of shape [3, 2]; `x` for a scalar. */
export function elementName(name: string, flat: number, shape: readonly number[]): string {
  return nameAt(name, indicesOf(flat, shape));
}

/** Constants have no name a program could write: `$0` is shown as what it is. */
export function nameAt(variable: string, at: readonly number[]): string {
  const name = variable.startsWith('$') ? 'the constant array' : variable;
  return at.length === 0 ? name : `${name}[${at.join(',')}]`;
}

/** Indices of a row-major position. */
export function indicesOf(flat: number, shape: readonly number[]): number[] {
  const at: number[] = [];
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = Math.max(1, shape[axis]!);
    at.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return at;
}

interface MatrixLike {
  readonly rows: number;
  readonly columns: number;
  to1DArray(): number[];
}

/** ml-matrix's Matrix, recognised by what it offers: the caller may have another copy of the package. */
function isMatrix(x: unknown): x is MatrixLike {
  return (
    typeof x === 'object' &&
    x !== null &&
    'rows' in x &&
    'columns' in x &&
    'to1DArray' in x &&
    typeof x.rows === 'number' &&
    typeof x.columns === 'number' &&
    typeof x.to1DArray === 'function'
  );
}

type List = ArrayLike<unknown>;

function asList(x: unknown): List | null {
  if (Array.isArray(x)) return x;
  return ArrayBuffer.isView(x) && !(x instanceof DataView) ? (x as unknown as List) : null;
}

/** The number an element stands for, NaN for a missing one, null where it is none. */
function scalarOf(x: unknown): number | null {
  switch (typeof x) {
    case 'number':
      return x;
    case 'boolean':
      return x ? 1 : 0;
    case 'bigint':
      return Number(x);
    case 'undefined':
      return Number.NaN;
    default:
      return x === null ? Number.NaN : null;
  }
}

function fromFlat(source: ArrayLike<number>, shape: readonly number[], levels: readonly string[] | null): Reading {
  const values = Float64Array.from(source);
  return { kind: 'array', shape, values, gaps: gapsOf(values), open: false, levels, firstWord: null };
}

function gapsOf(values: Float64Array): Uint8Array | null {
  let gaps: Uint8Array | null = null;
  for (let k = 0; k < values.length; k++) {
    if (!Number.isNaN(values[k]!)) continue;
    gaps ??= new Uint8Array(values.length);
    gaps[k] = 1;
  }
  return gaps;
}

function fromNested(list: List): Reading | Unreadable {
  const shape: number[] = [];
  let open = false;
  for (let level: List | null = list; level !== null && shape.length < deepestNesting; level = asList(level[0])) {
    shape.push(level.length);
    if (level.length === 0) {
      open = true;
      break;
    }
  }
  const values = new Float64Array(shape.reduce((product, d) => product * d, 1));
  let next = 0;
  const at: number[] = [];
  const fill = (level: List, axis: number): Unreadable | null => {
    const expected = shape[axis]!;
    if (level.length !== expected)
      return { kind: 'ragged', at: [...at], expected: `${counted(expected)} as in the first row`, found: `holds ${counted(level.length)}` };
    const last = axis === shape.length - 1;
    for (let k = 0; k < expected; k++) {
      const item = level[k];
      if (last) {
        const x = typeof item === 'number' ? item : scalarOf(item);
        if (x === null)
          return asList(item) !== null
            ? { kind: 'ragged', at: [...at, k], expected: 'a number', found: 'is a list' }
            : unreadable(item, [...at, k]);
        values[next++] = x;
        continue;
      }
      const inner = asList(item);
      if (inner === null) {
        return scalarOf(item) === null
          ? unreadable(item, [...at, k])
          : {
              kind: 'ragged',
              at: [...at, k],
              expected: `a list of ${shape[axis + 1]!}`,
              found: item === null || item === undefined ? 'is missing' : 'is a number',
            };
      }
      at.push(k);
      const problem = fill(inner, axis + 1);
      if (problem !== null) return problem;
      at.pop();
    }
    return null;
  };
  const problem = fill(list, 0);
  if (problem !== null) return problem;
  return { kind: 'array', shape, values, gaps: gapsOf(values), open, levels: null, firstWord: null };
}

function counted(n: number): string {
  return `${n} element${n === 1 ? '' : 's'}`;
}

function unreadable(value: unknown, at: readonly number[]): Unreadable {
  if (typeof value === 'string') return { kind: 'not-a-number', at, found: `the text ${JSON.stringify(shorten(value))}` };
  if (typeof value === 'function') return { kind: 'not-a-number', at, found: 'a function' };
  if (typeof value === 'object' && value !== null) return { kind: 'nested-object', at, keys: Object.keys(value) };
  return { kind: 'not-a-number', at, found: `a ${typeof value}` };
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
