/**
 * Memory of a run: what its draws need is held against what there is before the run begins, and what is said where it
 * ran out all the same. Draws are there twice at the end of a run: as the chains handed them over, and joined.
 */
import type { BoundModel } from './2-graph/bound.js';
import { sizeOf } from './4-infer/posterior.js';
import type { Diagnostic } from './errors/diagnostic.js';
import type { Settings } from './request.js';

/** Bytes of draws that are kept at most, whatever memory there is. */
const mostBytes = 16e9;
/** Larger variables keep moments only (`4-infer/assemble.ts`), unless they are asked for by name. */
const largestKept = 10_000;
/** How often draws are in memory at once. */
const copies = 2;

/**
 * Refuses runs whose draws cannot fit into memory.
 * @param available bytes that this process may still take; null where nobody knows.
 */
export function checkMemory(
  { chains, draws }: Pick<Settings, 'chains' | 'draws'>,
  bound: BoundModel,
  keep: readonly string[] | null,
  available: number | null,
): readonly Diagnostic[] {
  const kept = [...bound.variables.values()].flatMap(({ name, status, shape, values }) => {
    const size = sizeOf(shape),
      isKept =
        status !== 'given' &&
        bound.graph.variables.get(name)?.origin !== 'constant' &&
        (keep === null ? size <= largestKept : keep.includes(name));
    // Integers of a short range take a byte each: the least that can be needed is what a run is refused for.
    return isKept ? [{ name, size, bytes: size * (values instanceof Int32Array ? 1 : 8) * chains * draws }] : [];
  });
  const elements = kept.reduce((sum, { size }) => sum + size, 0),
    bytes = kept.reduce((sum, own) => sum + own.bytes, 0);
  const needed = copies * bytes,
    isTooMuch = available !== null && needed > available;
  if (bytes <= mostBytes && !isTooMuch) return [];
  const [largest] = kept.toSorted((a, b) => b.bytes - a.bytes);
  const limit = isTooMuch
    ? `${gigabytes(needed)} are needed to hold and to join them, and ${gigabytes(available)} of memory are free.`
    : `at most ${gigabytes(mostBytes)} are kept.`;
  return [
    {
      code: 'wrong-option',
      severity: 'error',
      message: `${chains} chains of ${draws} draws of ${elements} numbers take ${gigabytes(bytes)}; ${limit}`,
      hint: `ask for fewer draws, thin the chains, or keep fewer variables${largest === undefined || kept.length === 1 ? '' : ` (${largest.name} alone takes ${gigabytes(largest.bytes)})`}`,
    },
  ];
}

/** What is said where memory ran out; null for an error of another kind. Engines have no error of its own for it. */
export function outOfMemory(error: unknown): Diagnostic | null {
  if (
    !(error instanceof Error) ||
    !/allocation failed|invalid typed array length|invalid array (?:buffer )?length|memory limit|out of memory/i.test(error.message)
  )
    return null;
  return {
    code: 'out-of-memory',
    severity: 'error',
    message: 'There is not enough memory for this run.',
    hint: 'ask for fewer draws, thin the chains, keep fewer variables, or run fewer chains at a time (workers); a run that is kept (--out) can go on (--resume)',
  };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toPrecision(3)} GB`;
}
