/**
 * Angles of a von Mises law, by rejection from a wrapped Cauchy law (Best and Fisher 1979).
 */
import type { Random } from '../generator.js';

/**
 * The angle of a von Mises law in (-pi, pi] (Best and Fisher, "Efficient simulation of the von Mises distribution", 1979:
 * rejection from a wrapped Cauchy), uniform for concentration 0.
 */
export function vonMises(random: Random, loc: number, concentration: number): number {
  if (!(concentration >= 0) || !Number.isFinite(loc)) return Number.NaN;
  let angle: number;
  if (concentration < 1e-8) angle = Math.PI * (2 * random.uniform() - 1);
  else if (concentration > 1e8) angle = random.normal() / Math.sqrt(concentration);
  else {
    const tau = 1 + Math.sqrt(1 + 4 * concentration * concentration);
    const rho = (tau - Math.sqrt(2 * tau)) / (2 * concentration);
    const r = (1 + rho * rho) / (2 * rho);
    // The cosine may miss its range by rounding only.
    let cosine: number;
    for (;;) {
      const z = Math.cos(Math.PI * random.uniform());
      cosine = (1 + r * z) / (r + z);
      const c = concentration * (r - cosine),
        u = random.uniformPositive();
      if (c * (2 - c) > u || Math.log(c / u) + 1 >= c) break;
    }
    const size = Math.acos(Math.min(1, Math.max(-1, cosine)));
    angle = random.uniform() < 0.5 ? size : -size;
  }
  const x = loc + angle;
  return x - 2 * Math.PI * Math.ceil((x - Math.PI) / (2 * Math.PI));
}
