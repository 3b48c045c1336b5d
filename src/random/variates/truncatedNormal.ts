/**
 * Normal variates between bounds, in any tail (Robert, "Simulation of truncated normal variables", 1995).
 */
import type { Random } from '../generator.js';

/**
 * Normal(mean, sd) restricted to [low, high], bounds possibly infinite: Robert, "Simulation of
 * truncated normal variables" (1995), with its translated exponential cut at the upper bound.
 */
export function truncatedNormal(random: Random, mean: number, sd: number, low: number, high: number): number {
  if (!(sd > 0 && low <= high && sd < Infinity && mean > -Infinity && mean < Infinity)) return Number.NaN;
  if (low === high) return low;
  const a = (low - mean) / sd;
  const b = (high - mean) / sd;
  // Work on the side where the interval is not below zero.
  const z = a >= 0 || b > -a ? standardTruncated(random, a, b) : -standardTruncated(random, -b, -a);
  const x = mean + sd * z;
  return x < low ? low : x > high ? high : x;
}

/** Standard normal on [a, b], b > 0 and b >= |a|. */
function standardTruncated(random: Random, a: number, b: number): number {
  if (a <= 0) {
    // The mode is inside: plain normals unless the interval is narrower than sqrt(2 pi).
    if (b - a > 2.5066282746310002) {
      for (;;) {
        const x = random.normal();
        if (x >= a && x <= b) return x;
      }
    }
    for (;;) {
      const x = a + (b - a) * random.uniform();
      if (random.exponential() >= 0.5 * x * x) return x;
    }
  }
  if (a < 0.5 && b > a + 2) {
    for (;;) {
      const x = Math.abs(random.normal());
      if (x >= a && x <= b) return x;
    }
  }
  // Over a flat stretch a uniform proposal is accepted at least with probability 1/e.
  if ((b - a) * (b + a) < 2) {
    for (;;) {
      const x = a + (b - a) * random.uniform();
      if (random.exponential() >= 0.5 * (x - a) * (x + a)) return x;
    }
  }
  // Density e^(-x^2/2) = e^(-rate x) e^(-(x - rate)^2/2) e^(rate^2/2); the best rate is Robert's.
  const gap = 2 / (a + Math.sqrt(a * a + 4));
  const rate = a + gap;
  const mass = -Math.expm1(-rate * (b - a));
  for (;;) {
    const step = -Math.log1p(-mass * random.uniform()) / rate;
    const distance = step - gap;
    if (random.exponential() >= 0.5 * distance * distance) return a + step;
  }
}
