/**
 * `map` and `laplace` on random programs: they end with finite estimates or say what is wrong, they
 * never throw anything but a refusal, and where they believe themselves the gradient vanishes.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compile, ModelError } from '../../src/index.js';
import { randomProgram } from '../fuzz/arbitraries.js';

test.each(['map', 'laplace'] as const)(
  '%s',
  async (backend) => {
    let ran = 0,
      trusted = 0;
    await fc.assert(
      fc.asyncProperty(randomProgram, fc.nat({ max: 99 }), async (program, seed) => {
        try {
          const model = compile(program.source);
          if (/undefined|NaN|\[object/.test(model.explain({ backend }).toText())) throw new Error('explain shows undefined');
          const p = await model.infer(program.data, {
            backend,
            workers: 0,
            seed,
            chains: 1,
            draws: 20,
            options: { restarts: 2, iterations: 300 },
          });
          ran++;
          if (p.converged) trusted++;
          else if (p.warnings.length === 0) throw new Error('not trusted, without a reason');
          for (const w of p.warnings) if (/undefined|NaN|\[object|%\w/.test(w.message)) throw new Error(w.message);
          for (const [name, row] of Object.entries(p.summary().variables)) {
            const known = p.result.variables.find((v) => v.name === name.replace(/\[.*/, ''))!;
            if (known.kind === 'latent' && known.result.form === 'closed' && row.mean === null && p.converged)
              throw new Error(`${name} has no estimate`);
            if (known.kind === 'latent' && row.sd !== null && row.sd < 0) throw new Error(`${name} has sd ${row.sd}`);
          }
        } catch (thrown) {
          if (thrown instanceof ModelError) {
            if (/undefined|NaN|\[object|%\w/.test(thrown.message.replaceAll(program.source, ''))) throw thrown;
            return;
          }
          throw new Error(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n${program.source}\n${JSON.stringify(program.data)}`);
        }
      }),
      { seed: 4, numRuns: 40 },
    );
    expect(ran).toBeGreaterThan(20);
    expect(trusted).toBeGreaterThan(10);
  },
  600_000,
);
