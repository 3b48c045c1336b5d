/**
 * Scales of a start in unconstrained coordinates: an unknown without a law is multiplied as a whole, which moves the
 * logarithms of scales and stretches the coordinates of numbers of either sign.
 */
import type { CoordinateKind } from './coordinates.js';
import type { DifferentiableDensity } from './gradient.js';
import { findScales, type Scalable, type Scaled } from './startScales.js';
import type { Interruptible } from './stopping.js';

/** How a coordinate follows when what it stands for is multiplied; kinds that are not here have ranges of their own. */
const multiplied: Partial<Readonly<Record<CoordinateKind, (u: number, factor: number) => number>>> = {
  real: (u, factor) => u * factor,
  lowerTriangle: (u, factor) => u * factor,
  low: (u, factor) => u + Math.log(factor),
  high: (u, factor) => u + Math.log(factor),
  logDiagonal: (u, factor) => u + Math.log(factor),
};

/** Numbers between these are taken to have a scale of 1. */
const usual = { least: 1e-2, most: 1e2 } as const;

/**
 * A start with its unknowns without a law on the scale of the data; the same where the density there is not finite.
 * @param measure whether positions are from now on measured in these scales: a search that takes 1 for a usual size then has it.
 */
export function* scaledStart(
  density: DifferentiableDensity,
  start: Float64Array,
  jacobian: boolean,
  measure: boolean,
): Interruptible<Float64Array> {
  const coordinates = new Map<string, number[]>();
  density.owners.forEach(({ variable }, k) => {
    if (density.lawless.has(variable)) coordinates.set(variable, [...(coordinates.get(variable) ?? []), k]);
  });
  const kindOf = (k: number): CoordinateKind => density.owners[k]!.kind;
  const unknowns = [...coordinates].flatMap(([name, own]): Scalable[] => {
    const kinds = own.map(kindOf);
    return kinds.every((kind) => multiplied[kind] !== undefined) ? [{ name, positive: !kinds.includes('real') }] : [];
  });
  const at = (state: Float64Array): Scaled<Float64Array> => ({ state, value: density.density(state, jacobian) });
  const found = (yield* findScales(at(start), unknowns, (state, { name }, factor) => {
    const next = state.slice();
    for (const k of coordinates.get(name)!) next[k] = multiplied[kindOf(k)]!(state[k]!, factor);
    return at(next);
  })).state;
  if (!measure || found === start) return found;
  const origins = new Float64Array(density.dimension),
    units = new Float64Array(density.dimension).fill(1);
  for (const { name } of unknowns) {
    const own = coordinates.get(name)!,
      linear = own.filter((k) => kindOf(k) === 'real'),
      logarithms = own.filter((k) => !['real', 'lowerTriangle'].includes(kindOf(k)));
    const size =
      logarithms.length === 0
        ? Math.max(...linear.map((k) => Math.abs(found[k]!)))
        : Math.exp(logarithms.reduce((sum, k) => sum + found[k]!, 0) / logarithms.length);
    if (!(size > 0 && size < Infinity) || (size >= usual.least && size <= usual.most)) continue;
    for (const k of own) {
      if (logarithms.includes(k)) origins[k] = Math.log(size);
      else units[k] = size;
    }
  }
  density.measureFrom(origins, units);
  return found.map((u, k) => (u - origins[k]!) / units[k]!);
}
