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
