/** What a run is asked for where one short chain will do. */
import type { RunRequest } from '../../src/4-infer/backend.js';

/** One chain of one draw, seed 1, nothing else; with other settings where they are given. */
export function oneChain(changes: Partial<RunRequest> = {}): RunRequest {
  return { chains: 1, draws: 1, warmup: 0, thin: 1, seed: '1', workers: 0, keep: null, options: {}, init: null, ...changes };
}
