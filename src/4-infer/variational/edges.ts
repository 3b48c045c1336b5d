/** Which coordinates have run off to the edges of their ranges, from the slopes of an objective around where it stands. */
import { symmetricEigen } from '../../numeric/symmetric.js';
import { edge } from '../coordinates.js';

/**
 * Curvature in units of a coordinate's size, over that of an edge, below which it runs off to infinity: an estimate of a thousandth of its
 * standard error.
 */
const unboundedCurvature = 1e-5;

/** Half the distance between the points whose slopes are compared. */
const step = 0.1;

/** More coordinates than these that are far out are looked at one by one only: curvatures between them are a matrix. */
const mostTogether = 100;

/**
 * The coordinates that are far out where the objective has neither slope nor curvature: in each alone, or as several go outwards together
 * (both shapes of a Beta whose mean is known). @param slopes the gradient at a position. @param isBounded whether infinity is the edge of
 * a coordinate's range.
 */
export function coordinatesAtEdges(
  here: Float64Array,
  slopes: (position: Float64Array) => Float64Array,
  isBounded: readonly boolean[],
): readonly number[] {
  const far = Array.from(here.keys()).filter((k) => Math.abs(here[k]!) > edge.distance);
  if (far.length === 0) return [];
  const atRest = slopes(here);
  const moved = (direction: ReadonlyMap<number, number>, by: number): Float64Array => {
    const position = here.slice();
    for (const [k, d] of direction) position[k]! += by * d;
    return slopes(position);
  };
  /** How the gradient changes along a direction, by a unit of it. */
  const bend = (direction: ReadonlyMap<number, number>): Float64Array => {
    const [ahead, behind] = [moved(direction, step), moved(direction, -step)];
    return ahead.map((g, k) => (g - behind[k]!) / (2 * step));
  };
  const alone = far.filter((k) => {
    // Without a bound a coordinate has its own size for a unit, and may be large though little is known of it.
    const unit = isBounded[k]! ? 1 : Math.abs(here[k]!) / Math.sqrt(unboundedCurvature);
    return Math.abs(atRest[k]!) * unit < edge.curvature && Math.abs(bend(new Map([[k, 1]]))[k]!) * unit * unit < edge.curvature;
  });
  const others = far.filter((k) => isBounded[k]! && !alone.includes(k));
  if (others.length < 2 || others.length > mostTogether) return alone;
  const together = flatOutwards(
    others.map((k) => Math.sign(here[k]!)),
    others.map((k) => {
      const bent = bend(new Map([[k, 1]]));
      return others.map((j) => bent[j]!);
    }),
  );
  const direction = new Map(others.flatMap((k, i) => (together[i] === 0 ? [] : [[k, together[i]!] as const])));
  const along = (v: Float64Array): number => [...direction].reduce((sum, [k, d]) => sum + v[k]! * d, 0);
  if (direction.size < 2 || Math.abs(along(atRest)) >= edge.curvature || Math.abs(along(bend(direction))) >= edge.curvature) return alone;
  return [...alone, ...direction.keys()].sort((a, b) => a - b);
}

/**
 * What is left of the direction outwards in the directions that may have no curvature, 0 where it is not mainly there. Differences tell
 * curvatures to a part of the largest only: whether it is flat is to be looked at along it.
 */
function flatOutwards(outwards: readonly number[], curvatures: readonly (readonly number[])[]): readonly number[] {
  const size = outwards.length,
    cells = Float64Array.from({ length: size * size }, (_, at) => {
      const [i, j] = [Math.floor(at / size), at % size];
      return (curvatures[i]![j]! + curvatures[j]![i]!) / 2;
    });
  const left = outwards.map(() => 0);
  if (!cells.every(Number.isFinite)) return left;
  const { values, vectors } = symmetricEigen(cells, size);
  const largest = Math.max(...values.map(Math.abs));
  values.forEach((value, v) => {
    if (Math.abs(value) > edge.curvature + 0.02 * largest) return;
    const vector = vectors[v]!,
      part = outwards.reduce((sum, o, i) => sum + o * vector[i]!, 0);
    for (let i = 0; i < size; i++) left[i]! += part * vector[i]!;
  });
  return left.map((d, i) => (d * outwards[i]! > 0.5 ? d : 0));
}
