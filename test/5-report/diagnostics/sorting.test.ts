/** The radix order against the language's own sort with a comparator that is stable and total. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RadixSorter } from '../../../src/5-report/diagnostics/sorting.js';

function expectedOrder(values: readonly number[]): number[] {
  return values.map((_, i) => i).sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : a - b));
}

describe('RadixSorter', () => {
  it('orders any doubles, infinities and both zeros as a stable comparison sort does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }), fc.constantFrom(0, -0)), { maxLength: 200 }),
        (values) => {
          expect([...new RadixSorter(values.length).sort(Float64Array.from(values))]).toEqual(expectedOrder(values));
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('orders values that differ in their last bits only', () => {
    const values = Array.from({ length: 500 }, (_, i) => 1 + ((i * 7919) % 500) * Number.EPSILON);
    expect([...new RadixSorter(500).sort(Float64Array.from(values))]).toEqual(expectedOrder(values));
  });

  it('puts NaN at the ends and keeps the rest in order', () => {
    const values = [3, Number.NaN, -1, 2];
    const order = [...new RadixSorter(4).sort(Float64Array.from(values))];
    expect(order.filter((i) => i !== 1)).toEqual([2, 3, 0]);
    expect([0, 3]).toContain(order.indexOf(1));
  });

  it('does not depend on what was sorted before', () => {
    const sorter = new RadixSorter(50);
    for (let round = 0; round < 4; round++) {
      const values = Array.from({ length: 50 }, (_, i) => Math.sin(i * (round + 1)));
      expect([...sorter.sort(Float64Array.from(values))]).toEqual(expectedOrder(values));
    }
  });
});
