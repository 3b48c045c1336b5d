/**
 * Independence proposals for many numbers at once from what a warm-up has learnt of them: their mean and covariance, with
 * the tails of a Student t (Tierney 1994, section 2.3.4; learnt before, fixed after, so that the chain stays one of its posterior).
 *
 * Memory: 0 nothing learnt, 1 learnt, 2 learnt and accepted often enough; count and length of the window; accepted and proposed
 * since the last one ended; then mean, factor (rows of L, covariance L L'), running mean and scatter of the window, and room to work in.
 */
import { choleskyInPlace, solveLower } from '../numeric/linearAlgebra.js';
import type { Random } from './generator.js';

const degrees = 5;
/** Least share of proposals accepted for them to take the place of other steps, and how many are waited for. */
const leastAccepted = 0.4,
  leastProposed = 20;
const header = 5;

/** Numbers of memory for `size` numbers that are learnt of. */
export function learntMemory(size: number): number {
  return header + 2 * (size + size * size) + size;
}

/** Takes in a state of the warm-up, `tried` and `accepted` telling of a proposal made in its sweep. */
export function learntObserve(
  _random: Random,
  memory: Float64Array,
  _memory: number,
  point: Float64Array,
  _point: number,
  size: number,
  tried: number,
  accepted: number,
): void {
  const mean = header + size + size * size,
    scatter = mean + size;
  memory[3] = memory[3]! + accepted;
  memory[4] = memory[4]! + tried;
  const count = memory[1]! + 1;
  memory[1] = count;
  if (memory[2] === 0) memory[2] = 50 + 5 * size;
  // Welford: scatter gains (x - mean before) (x - mean after)'.
  for (let i = 0; i < size; i++) {
    const before = point[i]! - memory[mean + i]!;
    for (let j = 0; j <= i; j++) {
      const after = j < i ? point[j]! - memory[mean + j]! : before * (1 - 1 / count);
      memory[scatter + i * size + j] = memory[scatter + i * size + j]! + before * after;
    }
    memory[mean + i] = memory[mean + i]! + before / count;
  }
  if (count >= memory[2]!) endWindow(memory, size);
  if (memory[0]! > 0 && memory[4]! >= leastProposed) memory[0] = memory[3]! >= leastAccepted * memory[4]! ? 2 : 1;
}

/** What the window has seen becomes the proposal; the next one is twice as long. */
function endWindow(memory: Float64Array, size: number): void {
  const mean = header + size + size * size,
    scatter = mean + size;
  for (let k = scatter; k < scatter + size * size; k++) memory[k] = memory[k]! / (memory[1]! - 1);
  if (choleskyInPlace(memory, scatter, size)) {
    memory.copyWithin(header, mean, mean + size + size * size);
    memory[0] = Math.max(1, memory[0]!);
    memory[3] = 0;
    memory[4] = 0;
  }
  memory.fill(0, mean, mean + size + size * size);
  memory[1] = 0;
  memory[2] = 2 * memory[2]!;
}

/** Writes a proposal to `next`. Returns log q(point) - log q(next). */
export function learntPropose(
  random: Random,
  memory: Float64Array,
  _memory: number,
  point: Float64Array,
  _point: number,
  next: Float64Array,
  _next: number,
  size: number,
): number {
  const factor = header + size,
    work = header + 2 * (size + size * size);
  let squares = 0;
  for (let i = 0; i < degrees; i++) squares += random.normal() ** 2;
  const stretch = Math.sqrt(degrees / squares);
  for (let i = 0; i < size; i++) next[i] = stretch * random.normal();
  const proposed = logTail(next, 0, size);
  // Last row first: rows above still need the standard numbers.
  for (let i = size - 1; i >= 0; i--) {
    let sum = memory[header + i]!;
    for (let j = 0; j <= i; j++) sum += memory[factor + i * size + j]! * next[j]!;
    next[i] = sum;
  }
  for (let i = 0; i < size; i++) memory[work + i] = point[i]! - memory[header + i]!;
  solveLower(memory, factor, size, memory, work);
  return logTail(memory, work, size) - proposed;
}

/** Log density of standard Student t numbers, up to a constant. */
function logTail(standard: Float64Array, offset: number, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += standard[offset + i]! ** 2;
  return -0.5 * (degrees + size) * Math.log1p(sum / degrees);
}
