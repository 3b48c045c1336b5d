/**
 * Simulation-based calibration (Cook, Gelman and Rubin 2006; Talts et al. 2018): parameters from the prior, data
 * given them, posterior draws given the data; the rank of the true value among L independent posterior draws is uniform
 * on 0..L. Ties are broken at random, so that discrete quantities count too. Ranks are judged by the simultaneous
 * test of their distribution function (`uniformRanks.ts`).
 */
import { breathe } from '../platform/platform.js';
import { createRandom, type Random } from '../random/generator.js';
import { judgedRanks, RankTable } from './ranks.js';
import { defaultFalseAlarm, inapplicable, type Quantities, requireOptions, type TestOptions, type TestReport } from './results.js';
import { ecdfEnvelope } from './statistics/uniformRanks.js';

/** A model and the sampler under test. `random` is the stream to draw from; a sampler may use one of its own. */
export interface SbcProblem<Data> {
  /** Parameters from the prior, and data given them. `truth` may hold functions of parameters and data. */
  simulate(random: Random): { readonly truth: Quantities; readonly data: Data };
  /**
   * `count` draws from the posterior given data, nearly independent (thin a chain by its effective size), each
   * with the names of `truth`; null where the sampler itself says that its run is not to be trusted: such runs are left out
   * and counted.
   */
  posterior(data: Data, count: number, random: Random): readonly Quantities[] | null | Promise<readonly Quantities[] | null>;
}

export interface SbcOptions extends TestOptions {
  /** Data sets simulated: 200. */
  readonly simulations?: number | undefined;
  /** Posterior draws for each: 99. */
  readonly draws?: number | undefined;
}

/**
 * Simulation-based calibration of any sampler.
 * @returns for each quantity the exact p-value of the uniformity of its ranks, and the ranks.
 * @throws RangeError for options that make no sense, and for a sampler that gives more or fewer draws than it is asked for; TypeError
 * where a draw lacks a quantity.
 */
export async function sbc<Data>(problem: SbcProblem<Data>, options: SbcOptions = {}): Promise<TestReport> {
  const { simulations = 200, draws = 99, seed = 1, falseAlarm = defaultFalseAlarm, onProgress } = options;
  requireOptions('sbc', falseAlarm, { simulations: [simulations, 1], draws: [draws, 1] });
  const ranks = new RankTable('sbc', draws + 1);
  let left = 0;
  for (let s = 0; s < simulations; s++) {
    const { truth, data } = problem.simulate(createRandom(String(seed), `simulation ${s}`));
    const found = await problem.posterior(data, draws, createRandom(String(seed), `posterior ${s}`));
    onProgress?.(s + 1, simulations);
    if (s % 10 === 0) await breathe();
    if (found === null) {
      left++;
      continue;
    }
    if (found.length !== draws) throw new RangeError(`sbc: the posterior gave ${found.length} draws and was asked for ${draws}`);
    ranks.add(truth, found, createRandom(String(seed), `ties ${s}`));
  }
  if (left > simulations / 2) return inapplicable('sbc', `${left} of ${simulations} runs say themselves that they are not to be trusted`);
  const records = ranks.records();
  const did = `${simulations} data sets from the prior, ${draws} posterior draws each${left === 0 ? '' : `, ${left} runs left out that are not to be trusted`}`;
  const report = judgedRanks('sbc', did, falseAlarm, records),
    ranked = records.filter((r) => !r.byLot).length;
  return { ...report, envelope: ecdfEnvelope(simulations - left, draws + 1, falseAlarm / Math.max(1, ranked)) };
}
