/**
 * Memory that chains take beside the draws they keep (`src/memory.ts` counts those before data are put into code): the state and scratch
 * of the generated program, and running moments of what is too large to be kept. Held against what is free before the first sweep.
 */
import { ModelError } from '../errors/diagnostic.js';
import type { ChainProgram } from './chainProgram.js';
import { momentsBytes } from './moments.js';
import { sizeOf } from './posterior.js';

/** Bytes of one chain's own: everything but data, which all share, and kept draws. */
export function ownBytes({ storages, recorded }: ChainProgram): number {
  const state = storages.reduce(
    (sum, { shape, type, place }) => sum + (place === 'data' ? 0 : sizeOf(shape) * (type === 'int32' ? 4 : 8)),
    0,
  );
  return state + recorded.reduce((sum, { mode, shape, range }) => sum + (mode === 'moments' ? momentsBytes(sizeOf(shape), range) : 0), 0);
}

/**
 * Bytes that a chain takes however small its program is: what is known of it at its end; and while it can go on, its generated functions.
 * Measured, of thousands of chains.
 */
export const bytesOfEnded = 4000,
  bytesOfOpen = 60_000;

/**
 * Refuses chains that cannot fit: each has a checkpoint at its end, and one at least is still in memory of its own then.
 * @param available bytes that this process may still take; null where nobody knows.
 * @param areOpen whether all chains can go on until the last one has ended.
 * @throws ModelError (code `out-of-memory`).
 */
export function refuseWithoutMemory(program: ChainProgram, chains: number, available: number | null, areOpen: boolean): void {
  const own = ownBytes(program) + (areOpen ? bytesOfOpen : bytesOfEnded),
    needed = (chains + 1) * own;
  if (available === null || needed <= available) return;
  const message = `${chains === 1 ? 'The chain takes' : `${chains} chains take`} ${gigabytes(needed)}, ${gigabytes(own)} each and once more for the one that runs; ${gigabytes(available)} of memory are free.`;
  throw new ModelError(
    [
      {
        code: 'out-of-memory',
        severity: 'error',
        message,
        hint: 'run fewer chains, or a smaller problem; what is given or integrated out takes less than what is drawn',
      },
    ],
    message,
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toPrecision(3)} GB`;
}
