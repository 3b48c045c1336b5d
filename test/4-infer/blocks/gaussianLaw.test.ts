/**
 * The ratio law of a joint draw, exact and for any program: a draw is x = m + A z with z standard normal, so
 * log joint(m + A z) - log joint(m) = -z'z / 2 for every z, and the log normaliser is
 * log joint(m) + n/2 log 2 pi + log |det A|. The normals are the test's own; nothing is simulated.
 * Programs: those of test/programs (chains, hierarchies, gaps, regressions of others) and random ones.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrayFunctions } from '../../../src/numeric/linearAlgebra.js';
import { createRandom, Random } from '../../../src/random/generator.js';
import { programOf } from '../../3-derive/programs.js';
import { BlockMachine } from './gaussianMachine.js';

/** A stream whose normals are given while `noise` is set. */
class Given extends Random {
  noise: Float64Array | null = null;
  private at = 0;
  give(noise: Float64Array): void {
    this.noise = noise;
    this.at = 0;
  }
  override normal(): number {
    return this.noise === null ? super.normal() : this.noise[this.at++]!;
  }
}

/** Blocks small enough for the matrix of the map to be written out. */
const largestWritten = 150;

/** @returns the number of blocks looked at. */
function law(source: string, data: Readonly<Record<string, unknown>>, seed: string): number {
  const random = new Given(createRandom(seed, 'law').state);
  const machine = new BlockMachine(source, data, { random });
  if (machine.blocks.length === 0) return 0;
  let found = 0;
  for (let attempt = 0; attempt < 60 && found === 0; attempt++) {
    random.noise = null;
    machine.call('initialise', attempt % 2);
    if (!Number.isFinite(machine.logJoint())) continue;
    machine.blocks.forEach((block, k) => {
      found += one(machine, block.size, k, random) ? 1 : 0;
    });
  }
  return found;
}

function one(machine: BlockMachine, n: number, k: number, random: Given): boolean {
  const block = machine.blocks[k]!;
  const noise = (): Float64Array => {
    random.noise = null;
    return Float64Array.from({ length: n }, () => random.normal());
  };
  const state = (): Float64Array => Float64Array.from(block.members.flatMap((m) => [...machine.get(m.name)]));
  const before = new Map(block.members.map((m) => [m.name, machine.get(m.name).slice()]));
  const normaliser = machine.prepare(k);
  if (machine.get(block.status)[1]! > 0) return false;
  const drawn = (z: Float64Array): number => {
    random.give(z);
    machine.draw(k);
    return machine.logJoint();
  };
  const atMean = drawn(new Float64Array(n)),
    mean = state();
  expect(Number.isFinite(atMean)).toBe(true);
  const close = (a: number, b: number, scale: number, what: string): void => {
    expect(Math.abs(a - b) <= 1e-9 * scale, `${what} of ${block.structure}: ${a} instead of ${b}`).toBe(true);
  };
  for (let draw = 0; draw < 3; draw++) {
    const z = noise(),
      square = z.reduce((sum, x) => sum + x * x, 0);
    close(drawn(z) - atMean, -0.5 * square, 1 + Math.abs(atMean) + square, 'log density ratio');
  }
  if (n <= largestWritten) {
    random.give(new Float64Array(n));
    machine.draw(k);
    const members = machine.call(`members${k}`),
      positions = block.rows,
      a = new Float64Array(n * n);
    for (let j = 0; j < n; j++) {
      const z = new Float64Array(n);
      z[j] = 1;
      drawn(z);
      const x = state();
      for (let i = 0; i < n; i++) a[i * n + j] = x[positions[i]!]! - mean[positions[i]!]!;
    }
    const square = new Float64Array(n * n),
      out = new Float64Array(1);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let c = 0; c < n; c++) sum += a[i * n + c]! * a[j * n + c]!;
        square[i * n + j] = sum;
      }
    arrayFunctions.get('logdet')!.compute(out, [square], [[n, n]]);
    if (Number.isFinite(out[0]!))
      close(
        normaliser,
        members + 0.5 * n * Math.log(2 * Math.PI) + 0.5 * out[0]!,
        1 + Math.abs(members) + Math.abs(out[0]!) * 1e3,
        'log normaliser',
      );
  }
  for (const [name, values] of before) machine.get(name).set(values);
  return true;
}

const folder = join(import.meta.dirname, '..', '..', 'programs');

describe('the ratio law of joint draws', () => {
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.cred'))) {
    const data = join(folder, file.replace('.cred', '.json'));
    if (!existsSync(data)) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    if (!/Normal/.test(text)) continue;
    test(file, () => {
      law(text, JSON.parse(readFileSync(data, 'utf8')) as Record<string, unknown>, file);
    });
  }

  test('rats, the Nile with gaps and camel have blocks that the law is held to', () => {
    for (const name of ['bugs_rats_missing', 'exact_kalman_nile_missing', 'exact_kalman_trend', 'bugs_birats', 'em_ppca_iris']) {
      expect(
        law(
          readFileSync(join(folder, `${name}.cred`), 'utf8'),
          JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Record<string, unknown>,
          'again',
        ),
        name,
      ).toBeGreaterThan(0);
    }
  });

  test('random programs', () => {
    let blocks = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(1e6), { minLength: 40, maxLength: 60 }), fc.nat(1e6), (choices, seed) => {
        const { text, data } = programOf(choices);
        try {
          blocks += law(text, data, String(seed));
        } catch (error) {
          throw new Error(`${text}\n${JSON.stringify(data)}\n${String(error)}`);
        }
      }),
      { numRuns: 60, seed: 3 },
    );
    expect(blocks).toBeGreaterThan(20);
  });
});
