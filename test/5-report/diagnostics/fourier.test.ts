/** Autocovariance sums by transform against the sums themselves, for every length up to 70. */
import { describe, expect, it } from 'vitest';
import { Autocovariance } from '../../../src/5-report/diagnostics/fourier.js';
import { createRandom } from '../../../src/random/generator.js';

describe('Autocovariance', () => {
  it.each([1, 2, 3])('agrees with direct sums for %i series', (chains) => {
    const random = createRandom('fourier', String(chains));
    for (let n = 1; n <= 70; n++) {
      const values = Float64Array.from({ length: chains * n }, () => random.normal());
      const sums = new Float64Array(n);
      new Autocovariance(n).sum(values, chains, n, sums);
      for (let lag = 0; lag < n; lag++) {
        let direct = 0;
        for (let chain = 0; chain < chains; chain++) {
          for (let i = 0; i + lag < n; i++) direct += values[chain * n + i]! * values[chain * n + i + lag]!;
        }
        expect(Math.abs(sums[lag]! - direct), `n ${n}, lag ${lag}`).toBeLessThan(1e-12);
      }
    }
  });
});
