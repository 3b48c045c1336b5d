/**
 * Banded and sparse factors against dense linear algebra on random patterns and matrices: log
 * determinant, solution, selected inverse, and the map from white noise to draws. Orders against what
 * they promise: permutations, small bandwidth for chains, no fill for trees.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawBanded, factorBanded, invertBanded, solveBanded } from '../../src/numeric/bandedCholesky.js';
import { arrayFunctions } from '../../src/numeric/linearAlgebra.js';
import { halfBandwidth, minimumDegree, positionsOf, reverseCuthillMcKee } from '../../src/numeric/ordering.js';
import {
  columnCounts,
  drawSparse,
  factorSparse,
  type Graph,
  graphOf,
  invertSparse,
  solveSparse,
  sparsePlace,
  symbolicFactor,
} from '../../src/numeric/sparseCholesky.js';
import { createRandom } from '../../src/random/generator.js';

/** A diagonally dominated symmetric matrix with the given pairs, some of them weak or zero. */
function matrixOf(n: number, pairs: readonly (readonly [number, number])[], seed: number): Float64Array {
  const random = createRandom(String(seed), 'matrix');
  const p = new Float64Array(n * n);
  for (let i = 0; i < n; i++) p[i * n + i] = 0.05 + random.uniform();
  for (const [i, j] of pairs) {
    // Adding v v^T keeps the matrix positive definite.
    const a = random.normal(),
      b = random.uniform() < 0.1 ? 0 : random.normal();
    p[i * n + i]! += a * a;
    if (i === j) continue;
    p[j * n + j]! += b * b;
    p[i * n + j]! += a * b;
    p[j * n + i]! += a * b;
  }
  return p;
}
function inverse(p: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  arrayFunctions.get('inverse')!.compute(out, [p], [[n, n]]);
  return out;
}
function logdet(p: Float64Array, n: number): number {
  const out = new Float64Array(1);
  arrayFunctions.get('logdet')!.compute(out, [p], [[n, n]]);
  return out[0]!;
}
function close(a: number, b: number, scale = 1): void {
  expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-9 * (scale + Math.abs(b)));
}

const shape = fc.record({
  n: fc.integer({ min: 1, max: 14 }),
  width: fc.integer({ min: 0, max: 6 }),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

describe('banded factors', () => {
  test('agree with dense algebra for every half bandwidth', () => {
    fc.assert(
      fc.property(shape, ({ n, width, seed }) => {
        const w = Math.min(width, n - 1);
        const pairs: [number, number][] = [];
        for (let i = 0; i < n; i++) for (let j = Math.max(0, i - w); j < i; j++) pairs.push([i, j]);
        const p = matrixOf(n, pairs, seed);
        const band = new Float64Array(n * (w + 1));
        for (let i = 0; i < n; i++) for (let j = Math.max(0, i - w); j <= i; j++) band[i * (w + 1) + j - i + w] = p[i * n + j]!;
        const status = new Float64Array(1),
          random = createRandom(String(seed), 'potential');
        expect(factorBanded(band, n, w, status)).toBe(-1);
        close(status[0]!, logdet(p, n));
        const covariance = inverse(p, n);
        const h = Float64Array.from({ length: n }, () => random.normal());
        const x = h.slice();
        solveBanded(band, n, w, x);
        for (let i = 0; i < n; i++) {
          let sum = 0;
          for (let j = 0; j < n; j++) sum += covariance[i * n + j]! * h[j]!;
          close(x[i]!, sum);
        }
        const z = new Float64Array(band.length).fill(Number.NaN);
        invertBanded(band, n, w, z);
        for (let i = 0; i < n; i++)
          for (let j = Math.max(0, i - w); j <= i; j++) close(z[i * (w + 1) + j - i + w]!, covariance[i * n + j]!);
        drawsHaveCovariance(n, covariance, h, (noise) => {
          drawBanded(band, n, w, h, noise);
        });
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  test('a singular matrix is reported with its row', () => {
    for (const w of [0, 1, 2, 3]) {
      const band = new Float64Array(5 * (w + 1));
      for (let i = 0; i < 5; i++) band[i * (w + 1) + w] = 1;
      if (w > 0) {
        band[3 * (w + 1) + w - 1] = 1;
      } else band[3] = 0;
      expect(factorBanded(band, 5, w, new Float64Array(1))).toBe(3);
    }
  });

  test('determinants of long chains neither overflow nor vanish', () => {
    for (const [w, scale] of [
      [1, 1e9],
      [2, 1e-9],
      [1, 1e250],
      [2, 1e-250],
    ] as const) {
      const n = 1000,
        band = new Float64Array(n * (w + 1)),
        status = new Float64Array(1);
      for (let i = 0; i < n; i++) band[i * (w + 1) + w] = scale;
      factorBanded(band, n, w, status);
      close(status[0]!, n * Math.log(scale));
    }
  });
});

/** The map from noise to draws is linear, mean + A z: A A^T is the covariance. */
function drawsHaveCovariance(n: number, covariance: Float64Array, mean: Float64Array, draw: (noise: Float64Array) => void): void {
  const columns = Array.from({ length: n }, (_, k) => {
    const z = new Float64Array(n);
    z[k] = 1;
    draw(z);
    return z.map((x, i) => x - mean[i]!);
  });
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (const c of columns) sum += c[i]! * c[j]!;
      close(sum, covariance[i * n + j]!);
    }
}

const pattern = fc.record({
  n: fc.integer({ min: 1, max: 16 }),
  density: fc.double({ min: 0, max: 0.6, noNaN: true }),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

function randomPairs(n: number, density: number, seed: number): [number, number][] {
  const random = createRandom(String(seed), 'pairs');
  const out: [number, number][] = [];
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) if (random.uniform() < density) out.push(random.uniform() < 0.5 ? [i, j] : [j, i]);
  return [...out, ...out.slice(0, 3)];
}
function asGraph(n: number, pairs: readonly (readonly [number, number])[]): Graph {
  return graphOf(
    n,
    Int32Array.from(pairs, (p) => p[0]),
    Int32Array.from(pairs, (p) => p[1]),
    pairs.length,
  );
}

describe('sparse factors', () => {
  test('agree with dense algebra for any pattern and order', () => {
    fc.assert(
      fc.property(pattern, ({ n, density, seed }) => {
        const pairs = randomPairs(n, density, seed),
          graph = asGraph(n, pairs);
        for (const order of [minimumDegree(graph), reverseCuthillMcKee(graph), Int32Array.from({ length: n }, (_, i) => i)]) {
          expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
          const position = positionsOf(order),
            s = symbolicFactor(graph, order, position);
          expect(columnCounts(graph, order, position).reduce((a, b) => a + b, 0)).toBe(s.count);
          const p = matrixOf(n, pairs, seed),
            permuted = new Float64Array(n * n);
          for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) permuted[position[i]! * n + position[j]!] = p[i * n + j]!;
          const a = new Float64Array(n + s.count);
          for (let i = 0; i < n; i++)
            for (let j = 0; j <= i; j++) {
              const place = sparsePlace(s, j, i);
              if (place < 0) expect(permuted[i * n + j]).toBe(0);
              else a[place] = permuted[i * n + j]!;
            }
          const status = new Float64Array(1),
            work = new Float64Array(n);
          expect(factorSparse(a, n, s.columnStart, s.rowOf, s.rowStart, s.columnOf, s.placeOf, work, status)).toBe(-1);
          close(status[0]!, logdet(p, n));
          const covariance = inverse(permuted, n),
            random = createRandom(String(seed), 'potential');
          const h = Float64Array.from({ length: n }, () => random.normal()),
            x = h.slice();
          solveSparse(a, n, s.columnStart, s.rowOf, x);
          for (let i = 0; i < n; i++) {
            let sum = 0;
            for (let j = 0; j < n; j++) sum += covariance[i * n + j]! * h[j]!;
            close(x[i]!, sum);
          }
          const z = new Float64Array(a.length).fill(Number.NaN);
          invertSparse(a, n, s.columnStart, s.rowOf, z, work, new Float64Array(n));
          for (let i = 0; i < n; i++)
            for (let j = 0; j <= i; j++) {
              const place = sparsePlace(s, i, j);
              if (place >= 0) close(z[place]!, covariance[i * n + j]!);
            }
          drawsHaveCovariance(n, covariance, h, (noise) => {
            drawSparse(a, n, s.columnStart, s.rowOf, h, noise);
          });
        }
      }),
      { numRuns: 150, seed: 12 },
    );
  });

  test('collinear rows are reported', () => {
    const graph = asGraph(3, [
        [0, 1],
        [1, 2],
        [0, 2],
      ]),
      order = Int32Array.of(0, 1, 2),
      s = symbolicFactor(graph, order, order);
    // The outer product of (1, 2, 3) and that of (0, 1, 1): rank two.
    const a = new Float64Array(3 + s.count),
      p = [
        [1, 2, 3],
        [2, 5, 7],
        [3, 7, 10],
      ];
    for (let i = 0; i < 3; i++) for (let j = 0; j <= i; j++) a[sparsePlace(s, i, j)] = p[i]![j]!;
    expect(factorSparse(a, 3, s.columnStart, s.rowOf, s.rowStart, s.columnOf, s.placeOf, new Float64Array(3), new Float64Array(1))).toBe(2);
  });
});

describe('orders', () => {
  test('a shuffled chain gets bandwidth one, a shuffled ladder two', () => {
    const n = 400,
      random = createRandom('1', 'shuffle'),
      name = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(random.uniform() * (i + 1));
      [name[i], name[j]] = [name[j]!, name[i]!];
    }
    const chain = asGraph(
      n,
      Array.from({ length: n - 1 }, (_, i): [number, number] => [name[i]!, name[i + 1]!]),
    );
    expect(halfBandwidth(chain, positionsOf(reverseCuthillMcKee(chain)))).toBe(1);
    const ladder = asGraph(
      n,
      Array.from({ length: n - 2 }, (_, i): [number, number] => [name[i]!, name[i + 2]!]).concat(
        Array.from({ length: n / 2 }, (_, i): [number, number] => [name[2 * i]!, name[2 * i + 1]!]),
      ),
    );
    expect(halfBandwidth(ladder, positionsOf(reverseCuthillMcKee(ladder)))).toBeLessThanOrEqual(2);
  });

  test('trees and stars fill nothing, whatever their names', () => {
    const n = 3000,
      random = createRandom('2', 'tree');
    const tree = asGraph(
      n,
      Array.from({ length: n - 1 }, (_, i): [number, number] => [i + 1, Math.floor(random.uniform() * (i + 1))]),
    );
    const order = minimumDegree(tree);
    expect(columnCounts(tree, order, positionsOf(order)).reduce((a, b) => a + b, 0)).toBe(n - 1);
    const star = asGraph(
      n,
      Array.from({ length: n - 1 }, (_, i): [number, number] => [0, i + 1]),
    );
    const outwards = minimumDegree(star);
    expect(outwards[n - 1]).toBe(0);
    expect(columnCounts(star, outwards, positionsOf(outwards)).reduce((a, b) => a + b, 0)).toBe(n - 1);
  });

  test('a grid fills far less than its band', () => {
    const side = 40,
      n = side * side,
      pairs: [number, number][] = [];
    for (let i = 0; i < side; i++)
      for (let j = 0; j < side; j++) {
        if (i > 0) pairs.push([i * side + j, (i - 1) * side + j]);
        if (j > 0) pairs.push([i * side + j, i * side + j - 1]);
      }
    const grid = asGraph(n, pairs),
      order = minimumDegree(grid);
    // The natural order fills the band: n * side. Nested dissection's bound is 31/4 n log2(side), about 5 n with these constants in
    // practice.
    expect(columnCounts(grid, order, positionsOf(order)).reduce((a, b) => a + b, 0)).toBeLessThan(0.4 * n * side);
  });
});
