/** A walk that never accepts gives constant draws, which have no R-hat: the run must say so itself. */
import { expect, it } from 'vitest';
import { compile } from '../../src/index.js';

const program = 'sample z ~ Normal(0, 1)';
const settings = { backend: 'mh', chains: 2, draws: 200, warmup: 0, seed: 1, workers: 0 };

it('warns of a block whose proposals were all rejected, and does not call the run converged', async () => {
  const posterior = await compile(program).infer({}, { ...settings, options: { 'kernel.z': 'rw(scale: 1e12, adapt: false)' } });
  expect(posterior.converged).toBe(false);
  expect(posterior.warnings.map((w) => w.code)).toContain('never-moved');
});
it('says nothing of a block that moves', async () => {
  const posterior = await compile(program).infer({}, { ...settings, options: { 'kernel.z': 'rw(scale: 1, adapt: false)' } });
  expect(posterior.warnings.map((w) => w.code)).not.toContain('never-moved');
});
