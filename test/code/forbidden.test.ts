/** Where a platform forbids code from strings, the run is refused with what to change, not with a broken invariant. */
import { expect, it, vi } from 'vitest';
import { ModelError } from '../../src/errors/diagnostic.js';
import { compile } from '../../src/index.js';

it.each(['gibbs', 'mh', 'cavi'])('%s says which policy stands in the way', async (backend) => {
  // As under --disallow-code-generation-from-strings and under a strict Content-Security-Policy.
  vi.stubGlobal('Function', function forbidden() {
    throw new EvalError('Code generation from strings disallowed for this context');
  });
  try {
    const run = compile('sample x ~ Normal(0, 1)').infer({}, { backend, chains: 1, draws: 10, warmup: 10, workers: 0 });
    await expect(run).rejects.toThrow(ModelError);
    await expect(run).rejects.toThrow(/code generation is forbidden here[\s\S]*unsafe-eval[\s\S]*--disallow-code-generation-from-strings/);
  } finally {
    vi.unstubAllGlobals();
  }
});
