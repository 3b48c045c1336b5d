/** Random programs (`src/testing/programs.ts`) and random options of a run. */
import fc from 'fast-check';
import { programs, type RandomProgram } from '../../src/testing/programs.js';

export { fragmentKinds, programOf, type RandomProgram } from '../../src/testing/programs.js';

export interface RandomOptions {
  readonly chains: number;
  readonly warmup: number;
  readonly thin: number;
  readonly seed: string | number;
  /** Kernel asked for all unknowns, where the backend takes one. */
  readonly kernel: 'derived' | 'rw' | 'slice';
  /** Whether only the first unknown is kept. */
  readonly keepFirst: boolean;
}

export const randomProgram: fc.Arbitrary<RandomProgram> = programs(fc);

export const randomOptions: fc.Arbitrary<RandomOptions> = fc.record({
  chains: fc.integer({ min: 1, max: 2 }),
  warmup: fc.integer({ min: 0, max: 6 }),
  thin: fc.integer({ min: 1, max: 2 }),
  seed: fc.oneof(fc.integer({ min: 0, max: 99 }), fc.constantFrom('', 'a seed', '__proto__', 'μ', -1, 0.5)),
  kernel: fc.constantFrom('derived', 'derived', 'rw', 'slice'),
  keepFirst: fc.boolean(),
});
