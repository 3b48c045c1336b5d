/**
 * A run that was stopped leaves out chains that had not come as far as the others: those that are left keep their numbers, so that
 * their rows are rows of the run that goes on.
 */
import { describe, expect, it } from 'vitest';
import type { RunStore } from '../../src/4-infer/backend.js';
import type { ChainState, DrawPiece } from '../../src/4-infer/checkpoint.js';
import { readStoredRun } from '../../src/5-report/storedRun.js';
import { compile, type InferOptions, type Posterior } from '../../src/index.js';
import { tracePlot } from '../../src/plot-api.js';

const data = { y: [1, 2, 3, 4.5, 2.2] };
const model = compile(
  'data y: real[N]\nsample m ~ Normal(0, 10)\nsample s ~ HalfNormal(5)\nfor n in 0..<N { observe y[n] ~ Normal(m, s) }',
);
const infer = (options: InferOptions): Promise<Posterior> =>
  model.infer(data, { backend: 'gibbs', chains: 3, draws: 40, warmup: 20, seed: 3, workers: 0, ...options });

describe('chains that are left when others are left out', () => {
  it('have their own numbers in draws.csv, in run.json and in figures', async () => {
    const pieces: DrawPiece[][] = [[], [], []],
      states: (ChainState | null)[] = [null, null, null];
    const keeping: RunStore = {
      open: async () => [],
      keep: async (checkpoint, made) => {
        pieces[checkpoint.chain]!.push(...made);
        states[checkpoint.chain] = { checkpoint, pieces: pieces[checkpoint.chain]! };
      },
    };
    const whole = (await infer({ store: keeping })).files()['draws.csv']!.split('\n');
    expect(states).not.toContain(null);

    const stop = new AbortController();
    stop.abort();
    const stopped = await infer({
      signal: stop.signal,
      store: { open: async () => [null, states[1]!, states[2]!], keep: async () => undefined },
    });
    expect(stopped.warnings.map(({ message }) => message).join('\n')).toContain('2 of 3 chains: chain 0 had not come as far');
    const files = stopped.files(),
      rows = files['draws.csv']!.split('\n');
    expect(rows).toEqual([whole[0], ...whole.filter((row) => /^[12],/.test(row)), '']);
    expect(tracePlot(stopped)).toContain('chain 2');
    expect(tracePlot(stopped)).not.toContain('chain 0');

    const read = readStoredRun({
      summary: files['summary.json']!,
      run: files['run.json']!,
      draws: [files['draws.csv']!],
      data: null,
      pointwise: null,
    });
    for (const { variable } of read.variables) expect(variable.result).toMatchObject({ chains: 2, chainNumbers: [1, 2] });
  });
});
