/**
 * Where a chain stands: all that its next sweeps depend on, and the draws it has made so far. A chain that goes on
 * from a checkpoint makes the very draws it would have made, on any thread and in any process. Plain
 * data, so that it crosses threads and goes into files as it is.
 */
import type { ChainProgram } from './chainProgram.js';
import type { MomentsState } from './moments.js';
import { type DrawValues, sizeOf } from './posterior.js';

/** Where a chain stands. */
export interface Checkpoint {
  /** Its number. */
  readonly chain: number;
  /** Sweeps made, warm-up included. */
  readonly done: number;
  /** Draws kept. */
  readonly kept: number;
  /** Memory of the program that is not data, in the order of its storages. */
  readonly memory: readonly (Float64Array | Int32Array)[];
  /** The four words of the random stream. */
  readonly random: Uint32Array;
  /** How often each fault was met, by code. */
  readonly faults: readonly (readonly [code: number, count: number])[];
  /** False where no start of positive density was found and the warm-up did not lead to one. */
  readonly foundStart: boolean;
  /** What had been counted when the warm-up ended: accepted and proposed by counter, faults, failures by joint block. */
  readonly atWarmup: { readonly counters: Float64Array; readonly faults: number; readonly failures: Float64Array };
  /** In the order of the program's recorded variables; null where draws are kept. */
  readonly moments: readonly (MomentsState | null)[];
  /** Spent so far. */
  readonly seconds: { readonly warmup: number; readonly sampling: number };
}

/** Consecutive kept draws of one chain. */
export interface DrawPiece {
  /** Number of the first of them. */
  readonly first: number;
  /** How many draws. */
  readonly count: number;
  /** In the order of the program's recorded variables, [count, ...shape]; null where only moments are kept. */
  readonly values: readonly (DrawValues | null)[];
}

/** A chain as far as it has come. */
export interface ChainState {
  /** Where it stands. */
  readonly checkpoint: Checkpoint;
  /** Its kept draws, in order. */
  readonly pieces: readonly DrawPiece[];
}

/** What a program and its layout are: a checkpoint means nothing to another. */
export function identityOf(program: ChainProgram): string {
  const storages = program.storages.map(({ name, type, shape, place }) => ({ name, type, shape, place }));
  const recorded = program.recorded.map(({ name, storage, shape, mode }) => ({ name, storage, shape, mode }));
  return JSON.stringify({ storages, recorded, source: program.source });
}

/** Values kept for each draw, all variables together. */
export function valuesPerDraw(program: ChainProgram): number {
  return program.recorded.reduce((sum, { mode, shape }) => sum + (mode === 'draws' ? sizeOf(shape) : 0), 0);
}

/** The first `draws` kept values of a variable, [draws, ...shape]; null where only its moments are kept. */
export function joinPieces(pieces: readonly DrawPiece[], variable: number, draws: number): DrawValues | null {
  const first = pieces.find((piece) => piece.count > 0)?.values[variable];
  if (first === null || first === undefined) return null;
  const size = first.length / pieces.find((piece) => piece.count > 0)!.count;
  if (first.length === draws * size) return first;
  const all =
    first instanceof Float64Array
      ? new Float64Array(draws * size)
      : first instanceof Int32Array
        ? new Int32Array(draws * size)
        : new Uint8Array(draws * size);
  for (const piece of pieces) {
    const left = (draws - piece.first) * size,
      values = piece.values[variable]!;
    if (left <= 0) break;
    all.set(left < values.length ? values.subarray(0, left) : values, piece.first * size);
  }
  return all;
}
