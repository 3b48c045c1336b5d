/**
 * `credence sample`: draws from a program as JSON lines, one draw a line; a number that JSON lacks is null.
 */
import { failure } from '../files.js';
import { write } from '../output.js';
import { printNotes, type ProgramFlags, readProgram } from './program.js';

export interface SampleFlags extends ProgramFlags {
  readonly count?: string;
  readonly seed?: string;
  readonly observed?: boolean;
}

/** @throws ModelError for whatever is wrong with program, data or options. */
export async function sample(path: string, flags: SampleFlags): Promise<number> {
  const count = flags.count === undefined ? 1 : Number(flags.count);
  if (!(Number.isSafeInteger(count) && count >= 0) || flags.count?.trim() === '') {
    throw failure('-n', '', [
      { code: 'wrong-option', severity: 'error', message: `${JSON.stringify(flags.count)} is not a whole number of at least 0.` },
    ]);
  }
  const { model, values } = readProgram(path, flags);
  const draws = model.simulate(values, { count, seed: flags.seed, observed: flags.observed, onNotes: printNotes(model) });
  for (const draw of draws) await write(`${JSON.stringify(draw)}\n`);
  return 0;
}
