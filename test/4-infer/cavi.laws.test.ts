/**
 * Laws of coordinate ascent, for every kind of factor and at any start: no update lowers the bound,
 * each leaves its factor at a stationary point of the bound, and the bound is E_q[log p - log q] with
 * every constant.
 */
import { describe, expect, it } from 'vitest';
import type { VariationalProgram } from '../../src/4-infer/variational/program.js';
import { seedable } from '../../src/4-infer/variational/starts.js';
import { direction, settle, started } from './caviMachine.js';
import { examples } from './caviModels.js';

function kindsOf(p: VariationalProgram): Set<string> {
  return new Set(p.blocks.map((b) => (b.factor.kind === 'family' ? b.factor.family.name : b.factor.kind)));
}

describe.each(examples.map((e) => [e.title, e] as const))('%s', (_title, example) => {
  it('has the factors it is here for', () => {
    const kinds = kindsOf(started(example.source, example.data));
    for (const k of example.kinds) expect([...kinds]).toContain(k);
  });

  it('never lowers the bound by any single update', () => {
    for (const [seed, kind] of [
      ['1', 'prior'],
      ['2', 'prior, finite first'],
      ['3', 'seeded'],
      ['4', 'prior'],
    ] as const) {
      if (kind === 'seeded' && seedable(started(example.source, example.data)).length === 0) continue;
      const p = started(example.source, example.data, seed, kind, Number(seed));
      let last = p.bound();
      expect(last).toBeLessThan(Infinity);
      expect(last).toBeGreaterThan(-Infinity);
      for (let sweep = 0; sweep < 8; sweep++)
        for (let k = 0; k < p.blocks.length; k++) {
          p.update(k);
          const next = p.bound();
          expect(next - last, `block ${k} in sweep ${sweep}`).toBeGreaterThan(-1e-9 * (1 + Math.abs(last)));
          last = next;
        }
    }
  });

  it('leaves each factor where the bound is largest', () => {
    const p = started(example.source, example.data, '5');
    p.sweep();
    for (let k = 0; k < p.blocks.length; k++) {
      // Elements of one block may read each other: the block alone comes to rest first.
      settle(p, k);
      const saved = p.save(),
        here = p.bound();
      for (let seed = 1; seed <= 3; seed++) {
        const d = direction(p, k, 100 * k + seed);
        d.to(0);
        const h = 1e-3,
          middle = p.bound();
        expect(Math.abs(middle - here), 'the entropy of the factor').toBeLessThan(1e-9 * (1 + Math.abs(here)));
        d.to(h);
        const up = p.bound();
        d.to(-h);
        const down = p.bound();
        const slope = (up - down) / (2 * h),
          curvature = (up + down - 2 * middle) / (h * h);
        const name = `${p.blocks[k]!.block.region.variable.name} (${p.blocks[k]!.factor.kind})`;
        expect(curvature, `curvature at ${name}`).toBeLessThan(1e-4 * (1 + Math.abs(here)));
        // Newton's step to the maximum, in units of the parameters' own scale.
        expect(Math.abs(slope / Math.min(curvature, -1e-2)), `slope at ${name}`).toBeLessThan(2e-4);
        p.restore(saved);
      }
    }
  });
});
