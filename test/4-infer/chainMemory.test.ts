/** Memory of chains, counted against what they hold: arrays of a chain's own and of its moments, byte by byte. */
import { describe, expect, it } from 'vitest';
import { bytesOfEnded, ownBytes, refuseWithoutMemory } from '../../src/4-infer/chainMemory.js';
import { ChainRun } from '../../src/4-infer/runChain.js';
import { fakeProgram } from './fakeProgram.js';

/** Bytes of the arrays in a value, however deep they lie. */
function arrayBytes(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  return typeof value === 'object' && value !== null ? Object.values(value).reduce((sum: number, part) => sum + arrayBytes(part), 0) : 0;
}

describe('the memory of a chain', () => {
  it.each([true, false])('is that of its checkpoint (moments: %s)', (moments) => {
    const program = fakeProgram({ size: 500, moments });
    // An odd number of draws has a middle one by itself, which is not always there.
    const { memory, moments: states } = new ChainRun(program, 0, { seed: '1', warmup: 0, draws: 4, thin: 1 }, []).checkpoint();
    expect(ownBytes(program)).toBe(arrayBytes(memory) + arrayBytes(states));
  });

  it('is refused from the first byte that is missing on, where anybody knows', () => {
    const program = fakeProgram({ size: 1000, moments: true }),
      needed = 5 * (ownBytes(program) + bytesOfEnded);
    expect(() => refuseWithoutMemory(program, 4, needed, false)).not.toThrow();
    expect(() => refuseWithoutMemory(program, 4, null, false)).not.toThrow();
    expect(() => refuseWithoutMemory(program, 4, needed - 1, false)).toThrow(
      /4 chains take 0\.000340 GB, 0\.0000681 GB each .*; 0\.000340 GB of memory are free/,
    );
    expect(() => refuseWithoutMemory(program, 1, 1, false)).toThrow(/The chain takes/);
  });

  it('counts chains, however small', () => {
    const program = fakeProgram({ size: 1 });
    expect(ownBytes(program)).toBeLessThan(1000);
    // Ten thousand times what a chain and its functions were measured to take.
    expect(() => refuseWithoutMemory(program, 10_000, 5e8, true)).toThrow(/10000 chains take 0\.6/);
    expect(() => refuseWithoutMemory(program, 10_000, 7e8, true)).not.toThrow();
    expect(() => refuseWithoutMemory(program, 10_000, 3e7, false)).toThrow(/10000 chains take 0\.04/);
    expect(() => refuseWithoutMemory(program, 10_000, 6e7, false)).not.toThrow();
  });
});
