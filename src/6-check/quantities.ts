/**
 * Which numbers of a program are compared: some elements of every unknown, the mean of a large one, and the log joint
 * density, which sees every factor. Where labels are arbitrary, components are compared in sorted order.
 */
import type { BoundVariable } from '../2-graph/bound.js';
import { elementName, type ExchangeableGroup, keptDraws, sizeOf, type VariableResult } from '../4-infer/posterior.js';
import type { Values } from './program/jointLaw.js';
import type { Quantities } from './results.js';

/** Elements of one variable that are compared one by one; of larger ones these many, evenly spaced, and the mean. */
const mostElements = 6;

/** Reads the numbers off values of all unknowns. */
export type Reader = (values: Values) => Quantities;

/** The existing elements of a variable that are unknown: gaps only of data. */
function elementsOf({ shape, mask, absent }: BoundVariable): readonly number[] {
  return [...Array(sizeOf(shape)).keys()].filter((k) => mask?.[k] !== 0 && absent?.[k] !== 1);
}

/** @param groups variables whose components have arbitrary labels: sorted along their axis; the labels themselves are left out. */
export function readerOf(unknowns: readonly BoundVariable[], groups: readonly ExchangeableGroup[] = []): Reader {
  const parts = unknowns.flatMap((v): readonly Reader[] => {
    if (groups.some((g) => g.labels?.includes(v.name))) return [];
    const axis = groups.flatMap((g) => g.variables).find((g) => g.name === v.name)?.axis;
    const elements = elementsOf(v);
    if (elements.length === 0) return [];
    const step = Math.max(1, (elements.length - 1) / (mostElements - 1));
    const chosen =
      elements.length <= mostElements ? elements : Array.from({ length: mostElements }, (_, k) => elements[Math.round(k * step)]!);
    const name = (k: number): string =>
      axis === undefined ? elementName(v.name, v.shape, k) : `sorted ${elementName(v.name, v.shape, k)}`;
    const named = chosen.map((k) => [k, name(k)] as const);
    const whole =
      axis === undefined
        ? (x: ArrayLike<number>): ArrayLike<number> => x
        : (x: ArrayLike<number>): ArrayLike<number> => sortedAlong(x, v.shape, axis);
    return [
      (values) => {
        const x = whole(values.get(v.name)!),
          out: Record<string, number> = {};
        for (const [k, label] of named) out[label] = x[k]!;
        if (elements.length > mostElements) out[`mean of ${v.name}`] = elements.reduce((sum, k) => sum + x[k]!, 0) / elements.length;
        return out;
      },
    ];
  });
  return (values) => Object.assign({}, ...parts.map((read) => read(values))) as Quantities;
}

/** The same with the log joint density of unknowns and data. */
export function withLogJoint(read: Reader, logJoint: (values: Values) => number): Reader {
  return (values) => ({ ...read(values), 'log joint': logJoint(values) });
}

/** Values in increasing order along one axis. */
function sortedAlong(x: ArrayLike<number>, shape: readonly number[], axis: number): Float64Array {
  const out = Float64Array.from(x),
    inner = sizeOf(shape.slice(axis + 1)),
    count = shape[axis]!;
  for (let outer = 0; outer < out.length / (inner * count); outer++) {
    for (let i = 0; i < inner; i++) {
      const at = (k: number): number => (outer * count + k) * inner + i;
      const line = Float64Array.from({ length: count }, (_, k) => out[at(k)]!).sort();
      line.forEach((y, k) => {
        out[at(k)] = y;
      });
    }
  }
  return out;
}

/** All values of unknowns in each draw of a result, chains one after the other; null where a variable has no draws. */
export function drawsOf(
  unknowns: readonly BoundVariable[],
  results: readonly Pick<VariableResult, 'name' | 'result'>[],
): { readonly count: number; readonly chains: number; values(draw: number): Map<string, Float64Array> } | null {
  const sources = unknowns.map((v) => {
    const found = results.find((r) => r.name === v.name),
      kept = found === undefined ? null : keptDraws(found);
    return kept === null
      ? null
      : {
          name: v.name,
          size: sizeOf(v.shape),
          count: kept.chains * kept.draws,
          chains: kept.independent ? 1 : kept.chains,
          values: kept.values,
        };
  });
  if (sources.some((s) => s === null) || sources.length === 0) return null;
  const known = sources.filter((s) => s !== null);
  return {
    count: Math.min(...known.map((s) => s.count)),
    chains: known[0]!.chains,
    values: (draw) => new Map(known.map((s) => [s.name, Float64Array.from(s.values.subarray(draw * s.size, (draw + 1) * s.size))])),
  };
}
