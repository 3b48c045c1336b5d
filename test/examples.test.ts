/**
 * Every example's claims, through the public surface alone. A claim is a posterior mean and standard
 * deviation with the script that computed it (test/reference/systems/); test/claims.ts runs and compares.
 *
 * With at least 40 batches and a bound of 5 standard
 * errors the false alarm is below 2e-5 a comparison, below 1 in 200 for the whole file; seeds are
 * fixed, so a file that passes keeps passing.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as publicSurface from '../src/index.js';
import { check, claimOf, compareDraws, exampleNames, referenceOf, type Surface } from './claims.js';

const examples = join(dirname(fileURLToPath(import.meta.url)), '..', 'examples');
const surface = publicSurface as unknown as Surface;

describe.each(exampleNames())('example %s', (example) => {
  const claim = claimOf(example);

  it('prints the numbers of its reference', () => {
    for (const [against, { quantities, ...rest }] of Object.entries(claim.truth)) {
      const { quantities: referenceQuantities, ...referenceRest } = referenceOf(against);
      expect(rest).toEqual(referenceRest);
      expect(referenceQuantities).toMatchObject(quantities);
    }
    expect(Object.keys(claim.truth).sort()).toEqual([...new Set(claim.runs.map((run) => run.against))].sort());
  });

  it('has a page that says what it shows', () => {
    expect(readFileSync(join(examples, example, 'README.md'), 'utf8').length).toBeGreaterThan(200);
  });

  it.each(
    claim.runs.map((run) => ({
      run,
      name: [
        run.backend,
        ...[run.model ?? run.program ?? []].flat(),
        ...Object.entries(run.options ?? {}).map(([option, value]) => `${option}=${value}`),
      ].join(' '),
    })),
  )('holds by $name, unless the backend is of a later version and says so', async ({ run }) => {
    const checked = check(surface, example, claim, run);
    if (surface.laterBackends.includes(run.backend))
      await expect(checked).rejects.toMatchObject({ diagnostics: [{ code: 'not-in-this-version' }] });
    else expect((await checked).complaints).toEqual([]);
  });
});

describe('the comparison itself', () => {
  /** A fixed sequence of independent standard normals (Park-Miller generator, Box-Muller). */
  function normals(count: number): Float64Array {
    let state = 42;
    const uniform = (): number => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    return Float64Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
  }

  it('accepts the truth, and rejects a mean off by a tenth and a variance off by a fifth', () => {
    const chains = [normals(8000), normals(16000).slice(8000)];
    expect(compareDraws('x', { mean: 0, sd: 1 }, chains, 5)).toEqual([]);
    expect(compareDraws('x', { mean: 0.1, sd: 1 }, chains, 5)).not.toEqual([]);
    expect(compareDraws('x', { mean: 0, sd: 1.1 }, chains, 5)).not.toEqual([]);
    expect(compareDraws('x', { mean: Number.NaN }, chains, 5)).not.toEqual([]);
  });
});
