/** The assignment against the best of all permutations, tried one by one. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Matching } from '../../src/5-report/matching.js';

function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((rest) =>
    Array.from({ length: count }, (_, at) => [...rest.slice(0, at), count - 1, ...rest.slice(at)]),
  );
}

describe('Matching', () => {
  it('finds an assignment as cheap as the best of all', () => {
    const coordinates = fc.integer({ min: -4, max: 4 });
    const pair = fc
      .integer({ min: 1, max: 5 })
      .chain((labels) =>
        fc.tuple(
          fc.constant(labels),
          fc.array(coordinates, { minLength: 2 * labels, maxLength: 2 * labels }),
          fc.array(coordinates, { minLength: 2 * labels, maxLength: 2 * labels }),
        ),
      );
    fc.assert(
      fc.property(pair, ([labels, points, reference]) => {
        const cost = (assignment: ArrayLike<number>): number => {
          let sum = 0;
          for (let place = 0; place < labels; place++) {
            for (let j = 0; j < 2; j++) sum += (points[2 * assignment[place]! + j]! - reference[2 * place + j]!) ** 2;
          }
          return sum;
        };
        const found = new Matching(labels).solve(Float64Array.from(points), Float64Array.from(reference), 2);
        expect([...found].sort()).toEqual(Array.from({ length: labels }, (_, label) => label));
        expect(cost(found)).toBe(Math.min(...permutations(labels).map(cost)));
      }),
      { seed: 3, numRuns: 1000 },
    );
  });
});
