/**
 * `data.json`: what a run was given, so that it can be looked at again, and run again by
 * `--data DIR/data.json`. Data by name, sizes that no data shows, values that sampled variables were
 * conditioned on; a gap is null, coded words are their codes. One value to a line, in pieces.
 */
import type { BoundModel, BoundVariable } from '../2-graph/bound.js';

/** Sizes that no printed value shows: the form of an array has no dimension that follows an empty one. */
export function hiddenSizes(bound: BoundModel): ReadonlyMap<string, number> {
  const hidden = new Map<string, number>();
  for (const [name, { sources }] of bound.graph.sizes) {
    const size = bound.sizes.get(name);
    const shown = sources.some(({ variable, axis }) =>
      bound.variables
        .get(variable)
        ?.shape.slice(0, axis)
        .every((length) => length > 0),
    );
    if (!shown && size !== undefined) hidden.set(name, size);
  }
  return hidden;
}

/** The given values of a bound model as JSON. */
export function* dataJson(bound: BoundModel): Generator<string> {
  let separator = '{\n';
  for (const [name, size] of hiddenSizes(bound)) {
    yield `${separator}  ${JSON.stringify(name)}: ${size}`;
    separator = ',\n';
  }
  for (const { name, origin } of bound.graph.variables.values()) {
    const known = bound.variables.get(name);
    if (known === undefined || !isGiven(origin, known)) continue;
    yield `${separator}  ${JSON.stringify(name)}: `;
    yield* nested(known, 0, 0);
    separator = ',\n';
  }
  yield separator === '{\n' ? '{}\n' : '\n}\n';
}

function isGiven(origin: string, { status }: BoundVariable): boolean {
  return (origin === 'data' || origin === 'sample' || origin === 'param') && (status === 'given' || status === 'partial');
}

const cellsAtOnce = 4096;

function* nested(variable: BoundVariable, axis: number, offset: number): Generator<string> {
  const { shape } = variable;
  if (axis === shape.length) {
    yield cell(variable, offset);
    return;
  }
  const length = shape[axis]!;
  const stride = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  if (axis < shape.length - 1) {
    yield '[';
    for (let i = 0; i < length; i++) {
      if (i > 0) yield ',';
      yield* nested(variable, axis + 1, offset + i * stride);
    }
    yield ']';
    return;
  }
  for (let from = 0; from < length || from === 0; from += cellsAtOnce) {
    const cells = Array.from({ length: Math.min(cellsAtOnce, length - from) }, (_, i) => cell(variable, offset + from + i));
    yield `${from === 0 ? '[' : ','}${cells.join(',')}`;
  }
  yield ']';
}

/** Data that are given are finite. */
function cell({ values, mask, absent }: BoundVariable, at: number): string {
  const value = values[at]!;
  return mask?.[at] === 1 || absent?.[at] === 1 || Number.isNaN(value) ? 'null' : String(value);
}
