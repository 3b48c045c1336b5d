/**
 * Ranks of exact values among draws, quantity by quantity, and what they say together: `rank` and `sbc` differ in
 * where the draws come from only.
 */
import type { Random } from '../random/generator.js';
import { judged, type Quantities, quantitiesOf, type QuantityTest, type RankRecord, type TestReport } from './results.js';
import { fewestRanks, leastP, rankTest, shapeOfRanks } from './statistics/uniformRanks.js';

/** The ranks of each quantity so far. */
export class RankTable {
  private readonly test: string;
  private readonly values: number;
  private readonly lists = new Map<string, { readonly ranks: number[]; byLot: boolean }>();
  /** @param test name of the test, for messages. @param values ranks are 0..values-1. */
  constructor(test: string, values: number) {
    this.test = test;
    this.values = values;
  }

  /** Ranks each exact quantity among as many others. @throws TypeError where one of the others lacks a quantity, or it is no number. */
  add(exact: Quantities, others: readonly Quantities[], ties: Random): void {
    const names = Object.keys(exact),
      own = quantitiesOf(this.test, names, exact),
      values = others.map((q) => quantitiesOf(this.test, names, q));
    names.forEach((name, k) => {
      const list = this.lists.get(name) ?? { ranks: [], byLot: true };
      this.lists.set(name, list);
      const { below, equal } = placeAmong(
        own[k]!,
        values.map((v) => v[k]!),
      );
      list.ranks.push(below + ties.integer(equal + 1));
      if (equal < values.length) list.byLot = false;
    });
  }

  records(): readonly RankRecord[] {
    return [...this.lists].map(([quantity, { ranks, byLot }]) => ({ quantity, values: this.values, ranks, byLot }));
  }
}

/** How many of the draws are below a value, and how many equal to it. What is no number counts as the smallest. */
function placeAmong(value: number, draws: readonly number[]): { readonly below: number; readonly equal: number } {
  const number = (x: number): number => (Number.isNaN(x) ? Number.NEGATIVE_INFINITY : x);
  const v = number(value);
  let below = 0,
    equal = 0;
  for (const d of draws) {
    const x = number(d);
    if (x < v) below++;
    else if (x === v) equal++;
  }
  return { below, equal };
}

/**
 * Ranks judged together at a family-wise rate. Those that can say nothing are not judged: drawn by lot, or so few that not even the least
 * likely of all their outcomes would fail.
 * @param pointsTo what a failure points to; absent: what the shape of the ranks says of draws of a posterior.
 */
export function judgedRanks(
  method: string,
  did: string,
  rate: number,
  records: readonly RankRecord[],
  pointsTo: string | null = null,
): TestReport {
  const ranked = records.filter((r) => !r.byLot).length;
  const tests = records.map((record): Omit<QuantityTest, 'failed'> => {
    const { quantity, values, ranks } = record,
      silent = nothingSaidBy(record, rate / ranked),
      { p, gamma, at, excess } = rankTest(ranks, values);
    return {
      quantity,
      statistic: 'gamma',
      value: gamma,
      p: silent === null ? p : Number.NaN,
      detail: silent ?? `${signed(excess)} of the ranks below ${at.toFixed(2)} against uniform`,
      pointsTo: pointsTo ?? shapeOfRanks(ranks, values),
    };
  });
  const report = judged(method, did, rate, tests, records);
  return report.verdict === 'inapplicable' && tests.length > 0 ? { ...report, reason: reasonOf(tests) } : report;
}

/** Names in one reason. */
const mostNames = 3;

/** Why nothing is judged, once for all quantities of which the same is true. */
function reasonOf(tests: readonly Pick<QuantityTest, 'quantity' | 'detail'>[]): string {
  const named = new Map<string, string[]>();
  for (const { quantity, detail } of tests) named.set(detail, [...(named.get(detail) ?? []), quantity]);
  return [...named]
    .map(
      ([detail, names]) =>
        `${names.slice(0, mostNames).join(', ')}${names.length > mostNames ? ` and ${names.length - mostNames} more` : ''}: ${detail}`,
    )
    .join('; ');
}

/** In words why ranks cannot fail at a rate; null where they can. */
function nothingSaidBy({ values, ranks, byLot }: RankRecord, rate: number): string | null {
  if (byLot)
    return 'the exact value equals all that it is ranked among, always (or none of them is a number), so that its ranks are drawn by lot';
  if (leastP(ranks.length, values) <= rate) return null;
  return `too few ranks: ${ranks.length} of ${values} values cannot fail at a false-alarm rate of ${Number(rate.toPrecision(3))}, ${fewestRanks(values, rate)} can`;
}

function signed(x: number): string {
  return `${x < 0 ? '' : '+'}${(100 * x).toFixed(1)} %`;
}
