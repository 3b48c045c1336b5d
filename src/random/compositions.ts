/**
 * Vectors of counts with a fixed total, as procedures that generated code calls: the compositions of a total
 * into cells one after the other (Nijenhuis and Wilf 1978, NEXCOM), and the choice of a second cell.
 *
 * Cells are positions of `memory` from `offset`, listed in `cells` from `from`; the others are left alone.
 */
import type { Random } from './generator.js';

type Numbers = Float64Array | Int32Array;

/** Number of compositions of a total into `count` cells: (total + count - 1)! / (total! (count - 1)!); Infinity beyond 2^53. */
export function compositionCount(_random: Random | null, total: number, count: number): number {
  if (count === 0) return total === 0 ? 1 : 0;
  let product = 1;
  for (let k = 1; k < count; k++) {
    product = Math.round((product * (total + k)) / k);
    if (product > Number.MAX_SAFE_INTEGER) return Number.POSITIVE_INFINITY;
  }
  return product;
}

/** The first composition: everything in the first cell. */
export function firstComposition(
  _random: Random,
  memory: Numbers,
  offset: number,
  cells: Numbers,
  from: number,
  count: number,
  total: number,
): void {
  for (let k = 0; k < count; k++) memory[offset + cells[from + k]!] = k === 0 ? total : 0;
}

/** The composition after the one in memory; after the last comes the first. */
export function nextComposition(_random: Random, memory: Numbers, offset: number, cells: Numbers, from: number, count: number): void {
  let first = 0;
  while (first < count && memory[offset + cells[from + first]!] === 0) first++;
  if (first >= count) return;
  const held = memory[offset + cells[from + first]!]!;
  memory[offset + cells[from + first]!] = 0;
  if (first === count - 1) {
    memory[offset + cells[from]!] = held;
    return;
  }
  memory[offset + cells[from]!] = held - 1;
  const next = offset + cells[from + first + 1]!;
  memory[next] = memory[next]! + 1;
}

/** How many compositions come before the one in memory. */
export function compositionRank(_random: Random, memory: Numbers, offset: number, cells: Numbers, from: number, count: number): number {
  // In the order of the list the last cell grows slowest: all compositions with less in it come before.
  let rank = 0,
    left = 0;
  for (let k = 0; k < count; k++) left += memory[offset + cells[from + k]!]!;
  for (let k = count - 1; k > 0; k--) {
    const held = memory[offset + cells[from + k]!]!;
    for (let less = 0; less < held; less++) rank += compositionCount(null, left - less, k);
    left -= held;
  }
  return rank;
}

/** A position below `count` other than `position`, each as likely. */
export function otherPosition(random: Random, position: number, count: number): number {
  const drawn = random.integer(count - 1);
  return drawn < position ? drawn : drawn + 1;
}
