/** Colourings by the definition: every element of a symmetric matrix can be read off its products with the colours. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { graphOf } from '../../src/numeric/sparseCholesky.js';
import { type Colouring, starColouring } from '../../src/numeric/starColouring.js';

type Edges = readonly (readonly [number, number])[];

function coloured(n: number, edges: Edges): Colouring {
  return starColouring(
    graphOf(
      n,
      Int32Array.from(edges, ([i]) => i),
      Int32Array.from(edges, ([, j]) => j),
      edges.length,
    ),
  );
}

test('elements are what the products say they are', () => {
  const graphs = fc.integer({ min: 1, max: 14 }).chain((n) =>
    fc.record({
      n: fc.constant(n),
      edges: fc.array(fc.tuple(fc.nat(n - 1), fc.nat(n - 1)), { maxLength: 40 }),
    }),
  );
  fc.assert(
    fc.property(graphs, ({ n, edges }) => {
      const matrix = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_unused, j) => (i === j ? 100 + i : 0)));
      edges.forEach(([i, j], e) => {
        if (i !== j) {
          matrix[i]![j] = e + 1;
          matrix[j]![i] = e + 1;
        }
      });
      const { colour, count } = coloured(n, edges);
      const products = Array.from({ length: count }, (_, c) =>
        matrix.map((row) => row.reduce((sum, cell, j) => sum + (colour[j] === c ? cell : 0), 0)),
      );
      for (let i = 0; i < n; i++) {
        expect(products[colour[i]!]![i]).toBe(matrix[i]![i]);
        for (let j = 0; j < n; j++)
          if (i !== j && matrix[i]![j] !== 0) {
            expect(colour[i]).not.toBe(colour[j]);
            if (colour[i]! < colour[j]!) expect(products[colour[i]!]![j]).toBe(matrix[i]![j]);
          }
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('hierarchies and chains need few colours, whatever their size', () => {
  const n = 500;
  const hubs: Edges = Array.from({ length: n }, (_, i) => [0, 1, 2, 3, 4].map((hub) => [hub, 5 + i] as const)).flat();
  expect(coloured(n + 5, hubs).count).toBe(6);
  // A mean, 20 schools, 25 pupils in each.
  const schools: Edges = Array.from(
    { length: n },
    (_, i) =>
      [
        [0, 21 + i],
        [0, 1 + (i % 20)],
        [1 + (i % 20), 21 + i],
      ] as const,
  ).flat();
  expect(coloured(n + 21, schools).count).toBe(3);
  const chain: Edges = Array.from({ length: n - 1 }, (_, i) => [i, i + 1] as const);
  expect(coloured(n, chain).count).toBeLessThanOrEqual(4);
  expect(coloured(3, [])).toEqual({ colour: Int32Array.of(0, 0, 0), count: 1 });
});
