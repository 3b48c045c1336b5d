/**
 * The laws of coordinate ascent on random programs: those that mean field applies to never lose bound,
 * come to rest at stationary points, and their bound is the average of log p over draws plus entropy,
 * whichever way the draws are made. Others are refused, and only refused.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeanFieldRefusal } from '../../src/3-derive/meanField.js';
import { VariationalProgram } from '../../src/4-infer/variational/program.js';
import { begin, startKind } from '../../src/4-infer/variational/starts.js';
import { programOf } from '../3-derive/programs.js';
import { boundModel, direction, settle } from './caviMachine.js';
import { toEnd } from './toEnd.js';

function compiled(text: string, data: Readonly<Record<string, unknown>>, seed: string): VariationalProgram | null {
  try {
    return new VariationalProgram(boundModel(text, data), seed);
  } catch (error) {
    if (error instanceof MeanFieldRefusal) return null;
    throw error;
  }
}

describe('on random programs', () => {
  it('no update lowers the bound and each ends at a stationary point', () => {
    let accepted = 0,
      refused = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(999), { minLength: 12, maxLength: 40 }), fc.nat(5), (choices, start) => {
        const { text, data } = programOf(choices);
        const p = compiled(text, data, String(start));
        if (p === null) {
          refused++;
          return;
        }
        accepted++;
        toEnd(begin(p, startKind(p, start), start));
        let last = p.bound();
        if (!Number.isFinite(last)) return;
        for (let sweep = 0; sweep < 5; sweep++)
          for (let k = 0; k < p.blocks.length; k++) {
            p.update(k);
            const next = p.bound();
            if (!(next - last > -1e-8 * (1 + Math.abs(last))))
              throw new Error(`${text}\n${JSON.stringify(data)}\nblock ${k} lowered ${last} to ${next}`);
            last = next;
          }
        for (let k = 0; k < p.blocks.length; k++) {
          settle(p, k);
          const saved = p.save(),
            middle = p.bound();
          if (!Number.isFinite(middle)) return;
          const d = direction(p, k, k + 1),
            h = 1e-3;
          d.to(h);
          const up = p.bound();
          d.to(-h);
          const down = p.bound();
          p.restore(saved);
          const slope = (up - down) / (2 * h),
            curvature = (up + down - 2 * middle) / (h * h);
          if (!(curvature < 1e-4 * (1 + Math.abs(middle)) && Math.abs(slope / Math.min(curvature, -1e-2)) < 1e-3)) {
            throw new Error(
              `${text}\n${JSON.stringify(data)}\n${p.blocks[k]!.block.region.variable.name} (${p.blocks[k]!.factor.kind}): slope ${slope}, curvature ${curvature}`,
            );
          }
        }
      }),
      { numRuns: 60, seed: 4 },
    );
    // Without programs to hold to the laws this test would say nothing.
    expect(accepted).toBeGreaterThan(25);
    expect(refused).toBeLessThan(35);
  }, 60000);
});
