/** Numbers behind the figures against R (`test/reference/plots.R`) and against sums written out. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { quantileOfSorted } from '../../src/numeric/orderStatistics.js';
import { autocorrelations, bandwidth, envelope, evenly, frequencies, kernelDensity, rankCounts } from '../../src/plot/statistics.js';

interface Case {
  readonly values: readonly number[];
  readonly bandwidth: number;
  readonly quantiles: readonly number[];
  readonly autocorrelations: readonly number[];
  readonly ranks: readonly (readonly number[])[];
}
const cases = JSON.parse(readFileSync(new URL('../reference/plots.json', import.meta.url), 'utf8')) as Readonly<Record<string, Case>>;
const close = (found: readonly number[], wanted: readonly number[], within: number): void => {
  expect(found).toHaveLength(wanted.length);
  found.forEach((x, i) => {
    expect(Math.abs(x - wanted[i]!), `at ${i}`).toBeLessThanOrEqual(within * Math.max(1, Math.abs(wanted[i]!)));
  });
};

describe.each(Object.entries(cases))('%s draws', (_, { values, ...wanted }) => {
  const sorted = Float64Array.from(values).sort();
  it('have the bandwidth, quantiles, autocorrelations and ranks that R computes', () => {
    close([bandwidth(sorted)], [wanted.bandwidth], 1e-12);
    close(
      [0, 0.05, 0.5, 0.95, 1].map((level) => quantileOfSorted(sorted, level)),
      wanted.quantiles,
      1e-12,
    );
    close(autocorrelations(Float64Array.from(values), 10), wanted.autocorrelations, 1e-10);
    const half = values.length / 2;
    rankCounts([Float64Array.from(values.slice(0, half)), Float64Array.from(values.slice(half))], 8).forEach((counts, chain) => {
      close(counts, wanted.ranks[chain]!, 1e-10);
    });
  });

  it('have a density that is the reflected sum of kernels and has area 1', () => {
    const { x, y } = kernelDensity(Float64Array.from(values))!,
      h = wanted.bandwidth;
    const [low, high] = [sorted[0]!, sorted.at(-1)!];
    const kernel = (u: number): number => Math.exp(-0.5 * (u / h) ** 2) / (h * Math.sqrt(2 * Math.PI));
    const direct = x.map(
      (at) => values.reduce((sum, v) => sum + kernel(at - v) + kernel(at - 2 * low + v) + kernel(at - 2 * high + v), 0) / values.length,
    );
    // Linear binning moves mass by less than a bin of 1/639 of the range.
    close(y, direct, 2e-3 * Math.max(...direct));
    const area = x.slice(1).reduce((sum, at, i) => sum + ((at - x[i]!) * (y[i]! + y[i + 1]!)) / 2, 0);
    expect(area).toBeGreaterThan(0.995);
    expect(area).toBeLessThan(1.002);
  });
});

describe('series made short', () => {
  it('keep the extremes of each column, in order', () => {
    const long = Float64Array.from({ length: 100_000 }, (_, i) => Math.sin(i) + (i === 777 ? 5 : 0) - (i === 50_001 ? 7 : 0));
    const { x, y } = envelope(long, 200);
    expect(x.length).toBeLessThanOrEqual(400);
    expect(x).toEqual(x.toSorted((a, b) => a - b));
    expect([x[y.indexOf(Math.max(...y))], x[y.indexOf(Math.min(...y))]]).toEqual([777, 50_001]);
    for (const [i, at] of x.entries()) expect(y[i]).toBe(long[at]);
    expect(envelope(Float64Array.of(3, 1, 2), 200)).toEqual({ x: [0, 1, 2], y: [3, 1, 2] });
  });

  it('are spread evenly with both ends', () => {
    expect([evenly(3, 5), evenly(11, 3), evenly(0, 4)]).toEqual([[0, 1, 2], [0, 5, 10], []]);
  });

  it('have no density where they do not vary or are not numbers', () => {
    expect([
      kernelDensity(Float64Array.of(2, 2, 2)),
      kernelDensity(Float64Array.of(Number.NaN)),
      kernelDensity(new Float64Array(0)),
    ]).toEqual([null, null, null]);
    expect(autocorrelations(Float64Array.of(1, 1, 1), 2)).toEqual([1, 0, 0]);
  });

  it('count whole numbers', () => {
    expect(frequencies([3, 1, 3, 3])).toEqual([
      { value: 1, share: 0.25 },
      { value: 3, share: 0.75 },
    ]);
  });
});
