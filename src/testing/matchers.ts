/**
 * Matchers for vitest and jest: `expect.extend(credenceMatchers)`. Statistical ones state their false-alarm rate and
 * say in their message what was compared.
 */
import type { CheckReport } from '../6-check/check.js';
import { defaultFalseAlarm, requireOptions, type TestReport } from '../6-check/results.js';
import { compareMeans, estimate, known } from '../6-check/statistics/meanTests.js';
import { fewestRanks, leastP, rankTest, shapeOfRanks } from '../6-check/statistics/uniformRanks.js';

/** What a matcher answers. */
export interface MatcherResult {
  /** Whether the claim holds. */
  readonly pass: boolean;
  /** What to print where it does not hold (or does, under `not`). */
  message(): string;
}

/** What is known exactly of a law. */
export interface ExactMoments {
  /** The true mean. */
  readonly mean: number;
  /** The true variance. */
  readonly variance?: number | undefined;
}

/** How draws are judged. */
export interface DrawsOptions {
  /** Probability of failing where draws are right: 1e-3. */
  readonly falseAlarm?: number | undefined;
  /** Chains, one after the other in the list: 1. */
  readonly chains?: number | undefined;
}

/** How ranks are judged. */
export interface RanksOptions {
  /** Probability of failing where ranks are uniform: 1e-3. */
  readonly falseAlarm?: number | undefined;
}

/**
 * What `expect(...)` has after `expect.extend(credenceMatchers)`, for the declarations of a test runner:
 * `declare module 'vitest' { interface Matchers<T> extends CredenceAssertions<T> {} }`.
 */
export interface CredenceAssertions<Result = void> {
  /** A report of `check`, `sbc`, `geweke` or `rank` has passed. Throws for one that says nothing, with the reason. */
  toPassCheck(): Result;
  /**
   * Draws have a mean (and variance) within their Monte Carlo error, by the effective sample size. Throws, with `not` too, for draws and
   * moments that are not finite numbers, for fewer than six draws of a chain, and for options that make no sense.
   */
  toMatchExact(expected: ExactMoments, options?: DrawsOptions): Result;
  /**
   * Whole numbers are uniform on 0..values-1, by the exact simultaneous test of their distribution function. Throws, with `not` too, for
   * ranks outside that range, for so few that they cannot fail at the false-alarm rate, and for options that make no sense.
   */
  toHaveRanksUniform(values: number, options?: RanksOptions): Result;
}

/** The same as functions of what is received. A type and no interface, because `expect.extend` takes a record. */
export type CredenceMatchers = {
  readonly [Name in keyof CredenceAssertions]: (received: unknown, ...expected: Parameters<CredenceAssertions[Name]>) => MatcherResult;
};

/**
 * What a matcher is given must make sense: a claim about nothing neither holds nor fails, so that `.not` would be content with it.
 * @throws TypeError with the place of the first element that is no finite number.
 */
function numbersOf(received: unknown, matcher: string): readonly number[] {
  if (!(Array.isArray(received) || ArrayBuffer.isView(received)) || received instanceof DataView)
    throw new TypeError(`${matcher} is for a list of numbers`);
  return Array.from(received as ArrayLike<unknown>, (x, k) => {
    if (typeof x === 'number' && Number.isFinite(x)) return x;
    throw new TypeError(
      `${matcher} is for a list of finite numbers, and element ${k} is ${typeof x === 'string' ? JSON.stringify(x) : String(x)}`,
    );
  });
}

function optionsOf<Options>(options: Options, matcher: string): Options {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${matcher} takes options as an object, as { falseAlarm: 0.01 }`);
  return options;
}

/** The fewest draws of a chain of which an effective size can be told. */
const fewestDraws = 6;

/** @throws RangeError where draws cannot be cut into so many chains. */
function requireChains(count: number, chains: number): void {
  requireOptions('toMatchExact', defaultFalseAlarm, { chains: [chains, 1] });
  if (count % chains !== 0) throw new RangeError(`toMatchExact: ${count} draws cannot be of ${chains} chains of one length`);
  if (count < fewestDraws * chains)
    throw new RangeError(
      `toMatchExact needs ${fewestDraws} draws of each chain at least, and has ${count}${chains === 1 ? '' : ` of ${chains} chains`}`,
    );
}

/** @throws TypeError where what is said to be exact is none. */
function requireMoments(expected: ExactMoments): void {
  const { mean, variance } = expected ?? {};
  if (!Number.isFinite(mean)) throw new TypeError(`toMatchExact takes the exact mean, a finite number: { mean: 3 }; it is ${String(mean)}`);
  if (variance !== undefined && !(Number.isFinite(variance) && variance >= 0))
    throw new TypeError(`toMatchExact takes an exact variance that is finite and not negative; it is ${String(variance)}`);
}

function isReport(x: unknown): x is TestReport | CheckReport {
  return typeof x === 'object' && x !== null && 'verdict' in x && ('tests' in x || 'methods' in x);
}

/** Matchers for `expect.extend` of vitest and jest. */
export const credenceMatchers: CredenceMatchers = {
  toPassCheck(received: unknown) {
    if (!isReport(received)) throw new TypeError('toPassCheck is for a report of check, sbc, geweke or rank');
    const reports: readonly TestReport[] = 'methods' in received ? received.methods : [received];
    const failed = reports.flatMap((r) =>
      r.tests
        .filter((t) => t.failed)
        .map((t) => `${r.method}: ${t.quantity}, ${t.statistic} = ${t.value}${t.p === null ? '' : `, p = ${t.p}`}; ${t.detail}`),
    );
    // Neither passed nor failed: an error, so that `.not.toPassCheck()` is not content with it either.
    if (received.verdict === 'inapplicable')
      throw new Error(
        ['the check says nothing:', ...reports.flatMap((r) => (r.reason === null ? [] : [`${r.method} does not apply: ${r.reason}`]))].join(
          '\n  ',
        ),
      );
    return {
      pass: received.verdict === 'passed',
      message: () => (received.verdict === 'passed' ? 'the check passes' : ['the check fails:', ...failed].join('\n  ')),
    };
  },

  toMatchExact(received, expected, options = {}) {
    const { falseAlarm = defaultFalseAlarm, chains = 1 } = optionsOf(options, 'toMatchExact'),
      draws = Float64Array.from(numbersOf(received, 'toMatchExact'));
    requireMoments(expected);
    requireOptions('toMatchExact', falseAlarm, {});
    requireChains(draws.length, chains);
    const sides = [{ name: 'mean', found: estimate(draws, chains), exact: expected.mean }];
    if (expected.variance !== undefined)
      sides.push({
        name: 'variance',
        found: estimate(
          draws.map((x) => (x - expected.mean) ** 2),
          chains,
        ),
        exact: expected.variance,
      });
    const compared = sides.map((side) => ({ ...side, ...compareMeans(side.found, known(side.exact)) }));
    const unknown = compared.find(({ p }) => Number.isNaN(p));
    if (unknown !== undefined)
      throw new RangeError(`toMatchExact: the error of the ${unknown.name} of these draws is beyond what a number can hold`);
    const wrong = compared.filter(({ p }) => p <= falseAlarm / compared.length);
    return {
      pass: wrong.length === 0,
      message: () =>
        (wrong.length > 0 ? wrong : compared)
          .map(
            ({ name, found, exact, z, p }) =>
              `${name} of ${draws.length} draws is ${found.mean} (± ${found.error}), exactly ${exact}: z = ${z.toFixed(2)}, p = ${p.toPrecision(2)}`,
          )
          .join('\n'),
    };
  },

  toHaveRanksUniform(received, values, options = {}) {
    const { falseAlarm = defaultFalseAlarm } = optionsOf(options, 'toHaveRanksUniform'),
      ranks = numbersOf(received, 'toHaveRanksUniform');
    requireOptions('toHaveRanksUniform', falseAlarm, { values: [values, 2] });
    if (leastP(ranks.length, values) > falseAlarm)
      throw new RangeError(
        `toHaveRanksUniform: ${ranks.length} ranks of ${values} values cannot fail at a false-alarm rate of ${falseAlarm}, ${fewestRanks(values, falseAlarm)} can`,
      );
    const { p, at, excess } = rankTest(ranks, values);
    return {
      pass: p > falseAlarm,
      message: () =>
        `${ranks.length} ranks of ${values} values: p = ${p.toPrecision(2)} that they are uniform; ${(100 * excess).toFixed(1)} % more than expected below ${at.toFixed(2)}: ${shapeOfRanks(ranks, values)}`,
    };
  },
};
