/** Memory of chains, counted against what they hold: arrays of a chain's own and of its moments, byte by byte. */
import { describe, expect, it } from 'vitest';
import { ownBytes, refuseWithoutMemory } from '../../src/4-infer/chainMemory.js';
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
      needed = 5 * ownBytes(program);
    expect(() => refuseWithoutMemory(program, 4, needed)).not.toThrow();
    expect(() => refuseWithoutMemory(program, 4, null)).not.toThrow();
    expect(() => refuseWithoutMemory(program, 4, needed - 1)).toThrow(
      /4 chains take 0\.000320 GB, 0\.0000641 GB each .*; 0\.000320 GB of memory are free/,
    );
    expect(() => refuseWithoutMemory(program, 1, 1)).toThrow(/The chain takes/);
  });
});
