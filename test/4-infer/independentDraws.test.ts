/** Independent draws: kept whole or as moments, as many as were wanted or as there was time for. */
import { describe, expect, it, vi } from 'vitest';
import type { RunRequest } from '../../src/4-infer/backend.js';
import type { Recorded } from '../../src/4-infer/chainProgram.js';
import { IndependentDraws } from '../../src/4-infer/independentDraws.js';
import { oneChain } from './oneChain.js';

const request: RunRequest = oneChain({ chains: 2, draws: 5 });
const recorded = (name: string, mode: Recorded['mode']): Recorded => ({
  name,
  storage: name,
  shape: [2],
  mode,
  discrete: false,
  insidePlate: false,
  kind: 'report',
});

/** Draw d of a law is (d^2, -d). */
async function made(changes: Partial<RunRequest>): Promise<IndependentDraws> {
  const draws = new IndependentDraws(
    [recorded('kept', 'draws'), recorded('large', 'moments')],
    { ...request, ...changes },
    (_, length) => new Float64Array(length),
  );
  let d = -1;
  await draws.make(
    () => d++,
    () => Float64Array.of(d * d, -d),
  );
  return draws;
}

describe('independent draws', () => {
  it('are kept, or summed up: the same moments', async () => {
    const draws = await made({}),
      values = Array.from({ length: 10 }, (_, d) => [d * d, -d]);
    expect(draws.warnings).toEqual([]);
    expect(draws.form('kept')).toEqual({ form: 'draws', chains: 2, draws: 5, values: Float64Array.from(values.flat()), independent: true });
    const moments = draws.form('large');
    if (moments?.form !== 'moments') throw new Error('not moments');
    for (const e of [0, 1]) {
      const column = values.map((row) => row[e]!),
        mean = column.reduce((sum, x) => sum + x, 0) / 10,
        variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 9;
      expect(moments.mean[e]).toBeCloseTo(mean, 10);
      expect(moments.variance[e]).toBeCloseTo(variance, 9);
      expect(moments.mcse[e]).toBeCloseTo(Math.sqrt(variance / 10), 10);
    }
    expect(draws.of('large')).toBeNull();
  });

  it('of a run that is stopped are those that there was time for, and said to be', async () => {
    // A clock that goes on by 10 ms whenever it is looked at: a stopped run has the time for some of its draws.
    let time = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (time += 10));
    const draws = await made({ draws: 100, stopped: () => true }).finally(() => clock.mockRestore()),
      kept = draws.of('kept')!;
    expect(kept.count).toBeGreaterThan(5);
    expect(kept.count).toBeLessThan(50);
    expect(kept.values.length).toBe(2 * kept.count);
    expect([...kept.values.slice(0, 2)]).toEqual([0, -0]);
    expect([...kept.values.slice(-2)]).toEqual([(kept.count - 1) ** 2, -(kept.count - 1)]);
    expect(draws.form('kept')).toMatchObject({ chains: 1, draws: kept.count });
    expect(draws.form('large')).toMatchObject({ form: 'moments', chains: 1, draws: kept.count });
    expect(draws.warnings.map(({ code, message }) => [code, message])).toEqual([
      ['stopped-early', `the run was stopped after ${kept.count} of 200 independent draws from the law that it had come to`],
    ]);
  });
});
