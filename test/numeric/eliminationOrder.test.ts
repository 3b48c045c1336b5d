/**
 * Orders of elimination against what they promise: every table is that of a variable and the variables it
 * then meets (replayed here on the graph), tree-widths of graphs for which they are known, and time
 * near-linear in the size of chains and stars.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eliminationOrder, type EliminationOrder } from '../../src/numeric/eliminationOrder.js';

function orderOf(counts: readonly number[], scopes: readonly (readonly number[])[], cap = 1e9): ReturnType<typeof eliminationOrder> {
  const starts = [0];
  for (const s of scopes) starts.push(starts[starts.length - 1]! + s.length);
  return eliminationOrder(counts, Int32Array.from(scopes.flat()), Int32Array.from(starts), cap);
}
function found(counts: readonly number[], scopes: readonly (readonly number[])[]): EliminationOrder {
  const order = orderOf(counts, scopes);
  if (order.kind !== 'order') throw new Error('too wide');
  return order;
}

describe('order of elimination', () => {
  test('is a permutation whose separators are the neighbours left, with their tables counted', () => {
    const graph = fc.record({
      counts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 9 }),
      scopes: fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 10 }),
    });
    fc.assert(
      fc.property(graph, ({ counts, scopes: raw }) => {
        const scopes = raw.map((s) => s.map((v) => v % counts.length));
        const order = found(counts, scopes);
        expect([...order.order].sort((a, b) => a - b)).toEqual(counts.map((_, v) => v));
        const meets = counts.map(() => new Set<number>());
        for (const s of scopes) for (const a of s) for (const b of s) if (a !== b) meets[a]!.add(b);
        let width = 0,
          largest = 0,
          total = 0;
        for (const v of order.order) {
          const left = [...meets[v]!];
          expect([...order.separators[v]!].sort()).toEqual(left.sort());
          const ranks = [...order.separators[v]!].map((u) => order.order.indexOf(u));
          expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
          for (const a of left) {
            meets[a]!.delete(v);
            for (const b of left) if (a !== b) meets[a]!.add(b);
          }
          const table = left.reduce((n, u) => n * counts[u]!, counts[v]!);
          width = Math.max(width, left.length);
          largest = Math.max(largest, table);
          total += table;
        }
        expect(order).toMatchObject({ treeWidth: width, largest, total });
      }),
      { seed: 3 },
    );
  });

  test('has the tree-width of chains, trees, circles, grids and complete graphs', () => {
    const n = 30,
      ones = (k: number): number[] => new Array<number>(k).fill(2);
    const chain = Array.from({ length: n - 1 }, (_, t) => [t, t + 1]);
    expect(found(ones(n), chain)).toMatchObject({ treeWidth: 1, rule: 'min-fill' });
    expect([...found(ones(n), chain).order]).toEqual(ones(n).map((_, t) => t));
    expect(
      found(
        ones(n),
        Array.from({ length: n - 1 }, (_, t) => [t + 1, t >> 1]),
      ).treeWidth,
    ).toBe(1);
    expect(found(ones(n), [...chain, [n - 1, 0]]).treeWidth).toBe(2);
    const grid = Array.from({ length: 25 }, (_, c) => [...(c % 5 < 4 ? [[c, c + 1]] : []), ...(c < 20 ? [[c, c + 5]] : [])]).flat();
    expect(found(ones(25), grid).treeWidth).toBe(5);
    expect(found(ones(6), [[0, 1, 2, 3, 4, 5]])).toMatchObject({ treeWidth: 5, largest: 64 });
  });

  test('refuses what needs a larger table than allowed, and says how large', () => {
    expect(orderOf(new Array<number>(8).fill(3), [[0, 1, 2, 3, 4, 5, 6, 7]], 1000)).toEqual({ kind: 'too wide', needed: 3 ** 8 });
    expect(orderOf([10, 10, 2], [[0, 1, 2]], 200)).toMatchObject({ kind: 'order', largest: 200 });
  });

  test('takes chains and stars of 10^5 variables in seconds', () => {
    const n = 100_000,
      counts = new Int32Array(n).fill(3);
    const chain = new Int32Array(2 * (n - 1)),
      star = new Int32Array(2 * (n - 1)),
      starts = new Int32Array(n);
    for (let t = 0; t + 1 < n; t++) {
      chain.set([t, t + 1], 2 * t);
      star.set([0, t + 1], 2 * t);
      starts[t + 1] = 2 * (t + 1);
    }
    expect(eliminationOrder(counts, chain, starts, 1e6)).toMatchObject({ treeWidth: 1 });
    expect(eliminationOrder(counts, star, starts, 1e6)).toMatchObject({ treeWidth: 1 });
  });
});
