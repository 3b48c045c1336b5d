import { kl, klGradient, Normal } from '../../src/distributions-api.js';

interface Step {
  readonly mean: number;
  readonly sd: number;
  readonly divergence: number;
}

/** Plain descent of KL(N(0, 1) || N(mean, sd)) in both arguments of the second, from (4, 2.5). */
export function flow(rate: number, steps: number): readonly Step[] {
  const p = Normal(0, 1);
  const path: Step[] = [];
  let [mean, sd] = [4, 2.5];
  for (let step = 0; step <= steps; step++) {
    const q = Normal(mean, sd);
    path.push({ mean, sd, divergence: kl(p, q).value });
    const slope = klGradient(p, q);
    mean -= rate * Number(slope['mean']);
    sd -= rate * Number(slope['sd']);
  }
  return path;
}
