/**
 * Poisson variates: inversion for small rates, Hoermann's transformed rejection (1993) for large ones.
 */
import { logPoissonMass } from '../../numeric/special/countMasses.js';
import type { Random } from '../generator.js';

/** Poisson with the given rate: sequential inversion below 10, Hoermann's PTRS (1993) above. */
export function poisson(random: Random, rate: number): number {
  if (!(rate >= 0) || rate === Infinity) return Number.NaN;
  if (rate < 10) {
    const start = Math.exp(-rate);
    for (;;) {
      let u = random.uniform();
      let mass = start;
      let k = 0;
      while (mass > 0) {
        if (u < mass) return k;
        u -= mass;
        k++;
        mass *= rate / k;
      }
    }
  }
  const root = Math.sqrt(rate);
  const b = 0.931 + 2.53 * root;
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random.uniform() - 0.5;
    const v = random.uniformPositive();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (!(k >= 0) || (us < 0.013 && v > us)) continue;
    if (Math.log((v * inverseAlpha) / (a / (us * us) + b)) <= logPoissonMass(k, rate)) return k;
  }
}
