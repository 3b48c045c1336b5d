/**
 * The exact rank test of a Markov kernel (Gandy and Scott, "Unit testing for MCMC and other Monte Carlo methods",
 * 2020, section 3.2): a state drawn from its target stands at a random place of a chain of L states, run forwards from
 * it by the kernel and backwards by the kernel's time reversal. Where the kernel leaves the target invariant, its rank
 * among the L states is uniform, for any statistic and any L: no warm-up, no effective size, no approximation.
 */
import { breathe } from '../platform/platform.js';
import { createRandom, type Random } from '../random/generator.js';
import { judgedRanks, RankTable } from './ranks.js';
import { defaultFalseAlarm, type Quantities, type RankRecord, requireOptions, type TestOptions, type TestReport } from './results.js';

/** A kernel, its time reversal, and draws from its target: what the test of Gandy and Scott (2020) needs. */
export interface RankProblem<State> {
  /**
   * A draw from the kernel's target; of a Bayesian model parameters from the prior and data given them. States are never changed in place.
   */
  draw(random: Random): State;
  /** One transition of the kernel, data fixed. */
  forward(state: State, random: Random): State;
  /** One transition of its time reversal: p(x) forward(x, y) = p(y) backward(y, x). Absent: the kernel is reversible. */
  backward?(state: State, random: Random): State;
  /** Functions of a state that are ranked. */
  quantities(state: State): Quantities;
}

export interface RankOptions extends TestOptions {
  /** Chains, each from a new draw: 1000. */
  readonly repetitions?: number | undefined;
  /** States of a chain, the exact one among them: 20. */
  readonly length?: number | undefined;
}

/** Several kernels of one target, each tested from the same exact draws. */
export interface KernelSet<State> {
  draw(random: Random): State;
  readonly kernels: readonly {
    readonly name: string;
    forward(state: State, random: Random): State;
    backward(state: State, random: Random): State;
  }[];
  /** What is ranked of a kernel. */
  quantities(state: State, kernel: string): Quantities;
}

/** Ranks of exact draws among the states of their chains, by kernel and quantity. Ranks are 0..length-1. */
export async function chainRanks<State>(
  set: KernelSet<State>,
  options: RankOptions,
): Promise<readonly (RankRecord & { readonly kernel: string })[]> {
  const { repetitions = 1000, length = 20, seed = 1, onProgress } = options;
  const tables = new Map(set.kernels.map((k) => [k.name, new RankTable('rank', length)]));
  for (let r = 0; r < repetitions; r++) {
    const random = createRandom(String(seed), `repetition ${r}`);
    const start = set.draw(random);
    for (const kernel of set.kernels) {
      const place = random.integer(length),
        others: Quantities[] = [];
      let state = start;
      for (let k = place + 1; k < length; k++) {
        state = kernel.forward(state, random);
        others.push(set.quantities(state, kernel.name));
      }
      state = start;
      for (let k = place; k > 0; k--) {
        state = kernel.backward(state, random);
        others.push(set.quantities(state, kernel.name));
      }
      tables.get(kernel.name)!.add(set.quantities(start, kernel.name), others, random);
    }
    onProgress?.(r + 1, repetitions);
    if (r % 10 === 0) await breathe();
  }
  return [...tables].flatMap(([kernel, table]) => table.records().map((record) => ({ kernel, ...record })));
}

/**
 * The exact rank test of any kernel.
 * @returns for each quantity the exact p-value of the uniformity of its ranks.
 * @throws RangeError for options that make no sense; TypeError where a state lacks a quantity.
 */
export async function rank<State>(problem: RankProblem<State>, options: RankOptions = {}): Promise<TestReport> {
  const { repetitions = 1000, length = 20, falseAlarm = defaultFalseAlarm } = options;
  requireOptions('rank', falseAlarm, { repetitions: [repetitions, 1], length: [length, 2] });
  const backward = (state: State, random: Random): State => (problem.backward ?? problem.forward)(state, random);
  const records = await chainRanks<State>(
    {
      draw: (random) => problem.draw(random),
      quantities: (state) => problem.quantities(state),
      kernels: [{ name: 'kernel', forward: (state, random) => problem.forward(state, random), backward }],
    },
    options,
  );
  return rankReport(records, options);
}

/** Ranks judged together. */
export function rankReport(
  records: readonly RankRecord[],
  { repetitions = 1000, length = 20, falseAlarm = defaultFalseAlarm }: RankOptions,
): TestReport {
  return judgedRanks(
    'rank',
    `${repetitions} chains of ${length} states, forwards and backwards from an exact draw at a random place`,
    falseAlarm,
    records,
    'the kernel does not leave the posterior invariant, or its reversal is not one',
  );
}
