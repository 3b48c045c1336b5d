/**
 * What a test of inference says: for each quantity a statistic and how surprising it is, and one verdict
 * with a stated false-alarm rate. Plain data; `render.ts` shows it.
 */
import { familyPValue, holm } from './statistics/multiplicity.js';
import type { Envelope } from './statistics/uniformRanks.js';

/** One comparison. */
export interface QuantityTest {
  /** What was compared, in the program's names: `mu[0]`, `log joint`. */
  readonly quantity: string;
  /** Which statistic `value` is: `z`, `gamma`, `error`. */
  readonly statistic: string;
  /** The statistic itself. */
  readonly value: number;
  /** How probable a statistic at least as far out is where inference is right; null where chance plays no part. */
  readonly p: number | null;
  /** True where it failed, all quantities of the test considered. */
  readonly failed: boolean;
  /** The two sides in words. */
  readonly detail: string;
  /** What a failure points to; empty where it points to nothing in particular. */
  readonly pointsTo: string;
}

/** Ranks of true values among draws, for pictures. */
export interface RankRecord {
  /** Its name. */
  readonly quantity: string;
  /** Ranks are 0..values-1. */
  readonly values: number;
  /** One for each repetition. */
  readonly ranks: readonly number[];
  /** True where the exact value equalled all others in every repetition: ranks among equals are drawn by lot, and say nothing. */
  readonly byLot: boolean;
}

/** What one test found. */
export interface TestReport {
  /** Name of the method: `geweke`, `sbc`, ... */
  readonly method: string;
  /** Whether anything failed at the stated rate. */
  readonly verdict: 'passed' | 'failed' | 'inapplicable';
  /** Why the method does not apply; else null. */
  readonly reason: string | null;
  /** What was done, one sentence. */
  readonly did: string;
  /** Probability that a right implementation fails, at most; 0 where chance plays no part. */
  readonly falseAlarm: number;
  /** The smallest false-alarm rate at which it would fail; null where chance plays no part. */
  readonly p: number | null;
  /** One for each quantity. */
  readonly tests: readonly QuantityTest[];
  /** Ranks by quantity, of tests that have them; for histograms. */
  readonly ranks?: readonly RankRecord[] | undefined;
  /** Of `sbc`: bands for the distribution function of each quantity's ranks, whose rates add up to the false-alarm rate. */
  readonly envelope?: Envelope | undefined;
  /** Of `power`: errors planted, and how many of them each check caught. */
  readonly scores?: { readonly planted: number; readonly caught: Readonly<Record<string, number>> } | undefined;
}

/** A method that cannot say anything of a program, with the reason. */
export function inapplicable(method: string, reason: string): TestReport {
  return { method, verdict: 'inapplicable', reason, did: '', falseAlarm: 0, p: null, tests: [] };
}

/** Statistical comparisons judged together at a family-wise rate by Holm's procedure. */
export function judged(
  method: string,
  did: string,
  rate: number,
  tests: readonly Omit<QuantityTest, 'failed'>[],
  ranks?: readonly RankRecord[],
): TestReport {
  const pValues = tests.map((t) => t.p ?? Number.NaN),
    rejected = holm(pValues, rate);
  const all = tests.map((t, k): QuantityTest => ({ ...t, failed: rejected[k]! }));
  if (pValues.every(Number.isNaN)) return { ...inapplicable(method, 'nothing that it compares can be judged'), did, tests: all, ranks };
  return { method, verdict: verdictOf(all), reason: null, did, falseAlarm: rate, p: familyPValue(pValues), tests: all, ranks };
}

/** Comparisons without chance: each has failed or not. */
export function settled(method: string, did: string, tests: readonly Omit<QuantityTest, 'p'>[]): TestReport {
  const all = tests.map((t): QuantityTest => ({ ...t, p: null }));
  return { method, verdict: verdictOf(all), reason: null, did, falseAlarm: 0, p: null, tests: all };
}

function verdictOf(tests: readonly QuantityTest[]): 'passed' | 'failed' {
  return tests.some((t) => t.failed) ? 'failed' : 'passed';
}

/** Named numbers: parameters, or functions of parameters and data. */
export type Quantities = Readonly<Record<string, number>>;

/** Called now and then with how far a test is. */
export type TestProgress = (done: number, total: number) => void;

/** What every test that draws takes. */
export interface TestOptions {
  /** Any text or number: 1. The same seed gives the same result. */
  readonly seed?: string | number | undefined;
  /** Probability of failing where the sampler is right, over all quantities together: 1e-3. */
  readonly falseAlarm?: number | undefined;
  /** Hears how far the test has come. */
  readonly onProgress?: TestProgress | undefined;
}

export const defaultFalseAlarm: number = 1e-3;

/**
 * What is asked of a test must make sense before anything is drawn.
 * @param counts how many of what, and the fewest there may be.
 * @throws RangeError that names what does not.
 */
export function requireOptions(
  test: string,
  falseAlarm: number,
  counts: Readonly<Record<string, readonly [value: number, least: number]>>,
): void {
  if (!(falseAlarm > 0 && falseAlarm < 1)) throw new RangeError(`${test}: falseAlarm is ${falseAlarm}; it must lie between 0 and 1`);
  for (const [name, [value, least]] of Object.entries(counts))
    if (!(Number.isSafeInteger(value) && value >= least))
      throw new RangeError(`${test}: ${name} is ${value}; it must be a whole number of at least ${least}`);
}

/** The numbers of some names, in their order. @throws TypeError for a name without a number: half a comparison is none. */
export function quantitiesOf(test: string, names: readonly string[], given: Quantities): readonly number[] {
  return names.map((name) => {
    const x = given[name];
    if (typeof x === 'number') return x;
    const what = JSON.stringify(name),
      names = Object.keys(given).map((n) => JSON.stringify(n));
    throw new TypeError(
      Object.hasOwn(given, name)
        ? `${test}: the quantity ${what} is ${x === null ? 'null' : `of type ${typeof x}`} in some states, and no number`
        : `${test}: the quantity ${what} is missing in some states; those have ${names.join(', ') || 'none'}`,
    );
  });
}
