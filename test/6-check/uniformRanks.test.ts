/**
 * The simultaneous test of uniform ranks: its level gamma against simulation in NumPy, its p-values against
 * enumeration of every sample (test/reference/rankEnvelope.py), and its false-alarm rate.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { familyPValue, holm } from '../../src/6-check/statistics/multiplicity.js';
import { ecdfEnvelope, evaluationCuts, rankTest, shapeOfRanks } from '../../src/6-check/statistics/uniformRanks.js';
import { createRandom } from '../../src/random/generator.js';

interface Reference {
  readonly envelopes: readonly {
    readonly count: number;
    readonly values: number;
    readonly points: number;
    readonly rate: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly exact: readonly {
    readonly ranks: readonly number[];
    readonly values: number;
    readonly cuts: readonly number[];
    readonly p: number;
  }[];
}
const reference = JSON.parse(readFileSync(new URL('../reference/rankEnvelope.json', import.meta.url), 'utf8')) as Reference;

describe('the envelope of uniform ranks', () => {
  it.each(reference.envelopes)(
    'has the gamma that $count ranks of $values values simulate at $rate',
    ({ count, values, points, rate, low, high }) => {
      const envelope = ecdfEnvelope(count, values, rate);
      expect(evaluationCuts(count, values)).toEqual(Array.from({ length: points - 1 }, (_, i) => ((i + 1) * values) / points));
      expect(envelope.gamma).toBeGreaterThan(low);
      expect(envelope.gamma).toBeLessThan(high);
    },
  );
  it('is left by as many uniform samples as it says, and no more', () => {
    const random = createRandom('envelope', 'ranks'),
      count = 80,
      values = 20,
      repetitions = 1500;
    const { low, high, points } = ecdfEnvelope(count, values, 0.1);
    let left = 0;
    for (let r = 0; r < repetitions; r++) {
      const ranks = Array.from({ length: count }, () => random.integer(values));
      if (
        points.some((z, i) => {
          const below = ranks.filter((x) => x < z * values - 1e-9).length;
          return below < low[i]! || below > high[i]!;
        })
      )
        left++;
    }
    // 0.1 at most; discreteness costs little: 4 standard errors either side of 0.085 to 0.1.
    expect(left / repetitions).toBeLessThan(0.1 + 4 * Math.sqrt(0.09 / repetitions));
    expect(left / repetitions).toBeGreaterThan(0.05);
  });
});

describe('the test of uniform ranks', () => {
  it.each(reference.exact)('has the p-value of all samples for $ranks of $values', ({ ranks, values, cuts, p }) => {
    expect(evaluationCuts(ranks.length, values)).toEqual(cuts);
    expect(rankTest(ranks, values).p).toBeCloseTo(p, 9);
  });
  it('has p-values below their level with that probability at most', () => {
    const random = createRandom('p-values', 'ranks'),
      repetitions = 1000;
    const p = Array.from(
      { length: repetitions },
      () =>
        rankTest(
          Array.from({ length: 60 }, () => random.integer(20)),
          20,
        ).p,
    );
    for (const level of [0.01, 0.05, 0.2, 0.5])
      expect(p.filter((x) => x <= level).length / repetitions).toBeLessThan(level + 4 * Math.sqrt((level * (1 - level)) / repetitions));
    expect(p.filter((x) => x <= 0.2).length / repetitions).toBeGreaterThan(0.13);
  });
  it('says where ranks are not uniform, and what that means', () => {
    const low = Array.from({ length: 100 }, (_, k) => k % 10),
      ends = Array.from({ length: 100 }, (_, k) => (k % 2 === 0 ? k % 4 : 19 - (k % 4)));
    expect(rankTest(low, 20)).toMatchObject({ at: 0.5, excess: 0.5 });
    expect(rankTest(low, 20).p).toBeLessThan(1e-12);
    expect(shapeOfRanks(low, 20)).toMatch(/too high/);
    expect(
      shapeOfRanks(
        low.map((r) => 19 - r),
        20,
      ),
    ).toMatch(/too low/);
    expect(shapeOfRanks(ends, 20)).toMatch(/too narrow/);
    expect(
      shapeOfRanks(
        low.map((r) => 5 + r),
        20,
      ),
    ).toMatch(/too wide/);
  });
  it('refuses what are no ranks', () => {
    expect(() => rankTest([0, 5], 5)).toThrow(/rank 5/);
  });
});

describe('many tests at one rate', () => {
  it("are judged by Holm's steps", () => {
    // 0.01 <= 0.05 / 4, 0.02 > 0.05 / 3 although 0.02 <= 0.05 / 2.
    expect(holm([0.02, 0.01, 0.9, 0.03], 0.05)).toEqual([false, true, false, false]);
    expect(holm([0.01, 0.012, 0.02, 0.04], 0.05)).toEqual([true, true, true, true]);
    expect(holm([Number.NaN, 0.03], 0.05)).toEqual([false, true]);
    expect(familyPValue([0.02, Number.NaN, 0.5])).toBeCloseTo(0.04, 12);
  });
});
