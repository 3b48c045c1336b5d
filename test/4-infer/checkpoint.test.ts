/**
 * A chain that goes on from a checkpoint makes the draws of the chain that was not cut off: on programs of others with every kind of
 * kernel, wherever it is cut. A checkpoint that forgot anything (a kept table, the factor of a block, a tuned scale, a word of the
 * random stream) shows as a different draw.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ChainProgram } from '../../src/4-infer/chainProgram.js';
import { type ChainOutput, chainOutput } from '../../src/4-infer/chainOutput.js';
import { type ChainState, joinPieces } from '../../src/4-infer/checkpoint.js';
import { ChainRun } from '../../src/4-infer/runChain.js';
import { fakeProgram } from './fakeProgram.js';
import { compile, type CompileOptions } from './machine.js';

const programs = join(dirname(fileURLToPath(import.meta.url)), '..', 'programs');
const settings = { seed: 's', warmup: 6, draws: 13, thin: 2 };

/** The chain run to its end, in a new process as it were after each of these sweeps. */
function cutAfter(program: ChainProgram, cuts: readonly number[]): ChainOutput {
  let state = null as ChainState | null;
  for (const cut of [...cuts, settings.warmup + settings.draws * settings.thin]) {
    const run: ChainRun = new ChainRun(program, 1, settings, [], state?.checkpoint ?? null);
    while (run.done < cut) run.advance(cut - run.done);
    state = structuredClone({ checkpoint: run.checkpoint(), pieces: [...(state?.pieces ?? []), ...run.takePieces()] });
  }
  return chainOutput(program, state!, settings.draws, settings.draws);
}

function expectSame(program: ChainProgram): void {
  const { seconds: _, ...whole } = cutAfter(program, []);
  for (const cuts of [[0], [7], [2, 6, 9, 10, 31]]) {
    const { seconds: _own, ...cut } = cutAfter(program, cuts);
    expect(cut, `cut after ${cuts.join(', ')} sweeps`).toEqual(whole);
  }
}

describe('a chain that was cut off goes on as if it had not been', () => {
  it.each([{}, { moments: true }])('a program written by hand, %j', (options) => {
    expectSame(fakeProgram(options));
  });

  // Large models take long to compile, and show nothing that small ones do not.
  const names = readdirSync(programs)
    .filter((name) => name.endsWith('.cred'))
    .map((name) => name.slice(0, -'.cred'.length))
    .sort()
    .filter((name) => existsSync(join(programs, `${name}.json`)) && readFileSync(join(programs, `${name}.json`)).length < 1000);
  const options: readonly CompileOptions[] = [{}, { blocks: { kind: 'derived' } }, { backend: 'mh' }];
  it.each(names)('%s', (name) => {
    const read = (ending: string): string => readFileSync(join(programs, `${name}.${ending}`), 'utf8');
    for (const option of options) {
      let program: ChainProgram | null = null;
      // What a backend refuses is refused by name elsewhere.
      try {
        program = compile(read('cred'), JSON.parse(read('json')) as Record<string, unknown>, option).program;
      } catch {
        continue;
      }
      expectSame(program);
    }
  });
});

describe('pieces of draws', () => {
  it('are joined in order, as many draws as are wanted', () => {
    const pieces = [
      { first: 0, count: 2, values: [Float64Array.of(1, 2, 3, 4), null] },
      { first: 2, count: 1, values: [Float64Array.of(5, 6), null] },
    ];
    expect(joinPieces(pieces, 0, 3)).toEqual(Float64Array.of(1, 2, 3, 4, 5, 6));
    expect(joinPieces(pieces, 0, 1)).toEqual(Float64Array.of(1, 2));
    expect(joinPieces(pieces, 1, 3)).toBeNull();
    expect(joinPieces([], 0, 0)).toBeNull();
  });
});
