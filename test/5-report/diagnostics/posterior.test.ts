/**
 * The diagnostics against the R package `posterior` (test/reference/diagnostics.R) on thirty sets of
 * draws: well-mixed, correlated, antithetic, trending, stuck, tied, constant, not finite, very short.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ChainDraws } from '../../../src/5-report/diagnostics/chainDraws.js';
import { essBulk, essMean, essQuantile, essTail } from '../../../src/5-report/diagnostics/ess.js';
import { mcseMean, mcseQuantile, mcseSd } from '../../../src/5-report/diagnostics/mcse.js';
import { rhat, rhatWithoutRanks } from '../../../src/5-report/diagnostics/rhat.js';
import { createRandom } from '../../../src/random/generator.js';

type Wanted = number | string | null;
interface Case {
  readonly chains: number;
  readonly draws: number;
  readonly values: readonly string[];
  readonly [quantity: string]: unknown;
}
const reference = JSON.parse(readFileSync(new URL('../../reference/diagnostics.json', import.meta.url), 'utf8')) as {
  cases: Record<string, Case>;
};

const quantities: Record<string, (draws: ChainDraws) => number> = {
  rhat,
  rhatBasic: rhatWithoutRanks,
  essBulk,
  essTail,
  essMean,
  essMedian: (draws) => essQuantile(draws, 0.5),
  mcseMean,
  mcseSd,
  mcseQ5: (draws) => mcseQuantile(draws, 0.05),
  mcseQ50: (draws) => mcseQuantile(draws, 0.5),
  mcseQ95: (draws) => mcseQuantile(draws, 0.95),
  q5: (draws) => draws.quantile(0.05),
  q50: (draws) => draws.quantile(0.5),
  q95: (draws) => draws.quantile(0.95),
};

function number(text: string): number {
  return text === 'Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

function relativeError(actual: number, wanted: Wanted): number {
  if (wanted === null) return Number.isNaN(actual) ? 0 : Infinity;
  const target = typeof wanted === 'string' ? number(wanted) : wanted;
  if (actual === target) return 0;
  // Chains that stand still have no variance within; R's rounding leaves 1e15 where we say infinite.
  if (target > 1e12 && actual > 1e12) return 0;
  const error = Math.abs(actual - target) / Math.max(Math.abs(target), 1e-300);
  return Number.isNaN(error) ? Infinity : error;
}

describe.each(Object.entries(reference.cases))('draws "%s"', (_name, given) => {
  const values = Float64Array.from(given.values, number);
  it.each(Object.keys(quantities))('has the %s of R', (quantity) => {
    const actual = quantities[quantity]!(ChainDraws.of(values, given.chains, given.draws));
    expect(relativeError(actual, given[quantity] as Wanted), `${actual} for ${String(given[quantity])}`).toBeLessThan(1e-8);
  });

  it('gives the same whatever was computed before with the same buffers', () => {
    const reused = new ChainDraws(given.chains, given.draws);
    reused.load(
      Float64Array.from(values, (_, i) => Math.sin(i)),
      0,
      1,
    );
    for (const compute of Object.values(quantities)) compute(reused);
    reused.load(values, 0, 1);
    for (const [quantity, compute] of Object.entries(quantities)) {
      expect(compute(reused), quantity).toEqual(compute(ChainDraws.of(values, given.chains, given.draws)));
    }
  });
});

describe('draws that repeat', () => {
  const chains = 3,
    draws = 101,
    repeats = 5,
    random = createRandom('repeats', 'test');
  // First-order autoregressions, odd in number: the middle one is left out, with its repeats.
  const chain = new Float64Array(chains * draws);
  for (let i = 0; i < chain.length; i++) chain[i] = (i % draws === 0 ? 0 : 0.7 * chain[i - 1]!) + random.normal();
  const once = ChainDraws.of(chain, chains, draws);

  it.each(['rhat', 'essBulk', 'essMedian', 'essMean', 'mcseMean', 'mcseSd'])('exactly have the %s of what they repeat', (quantity) => {
    const repeated = new ChainDraws(chains, draws * repeats, repeats).load(
      Float64Array.from({ length: chain.length * repeats }, (_, i) => chain[Math.floor(i / repeats)]!),
      0,
      1,
    );
    // Divisors n - 1 of 303 draws and scores of 1515 ranks differ by less than one in a hundred; R-hat of halves of 250 by its own 1/50.
    expect(Math.abs(quantities[quantity]!(repeated) / quantities[quantity]!(once) - 1)).toBeLessThan(quantity === 'rhat' ? 0.001 : 0.01);
  });

  it('with noise of their own have the error of their means', () => {
    const noise = 4,
      values = Float64Array.from({ length: chain.length * repeats }, (_, i) => chain[Math.floor(i / repeats)]! + noise * random.normal());
    const means = Float64Array.from(chain, (_, i) => values.subarray(i * repeats, (i + 1) * repeats).reduce((a, b) => a + b, 0) / repeats);
    const repeated = new ChainDraws(chains, draws * repeats, repeats).load(values, 0, 1);
    expect(Math.abs(mcseMean(repeated) / mcseMean(ChainDraws.of(means, chains, draws)) - 1)).toBeLessThan(0.01);
  });
});
