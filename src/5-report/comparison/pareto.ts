/**
 * The generalised Pareto distribution of the excesses over a threshold, fitted by the quasi-Bayesian
 * estimate of Zhang and Stephens (Technometrics 51, 2009) with the weakly informative prior on the shape of
 * Vehtari et al. (Pareto smoothed importance sampling, JMLR 25, 2024): shape k as if ten more excesses had
 * said 1/2. Agrees with `gpdfit` of the R package loo.
 */

export interface GeneralisedPareto {
  /** Shape k; infinite where it cannot be estimated. */
  readonly shape: number;
  readonly scale: number;
}

const priorStrength = 10;
const priorShape = 0.5;
const fewestGridPoints = 30;

/** @param sorted positive excesses, increasing. */
export function fitGeneralisedPareto(sorted: Float64Array): GeneralisedPareto {
  const n = sorted.length,
    points = fewestGridPoints + Math.floor(Math.sqrt(n));
  const quartile = sorted[Math.floor(n / 4 + 0.5) - 1]!,
    largest = sorted[n - 1]!;
  const theta = new Float64Array(points),
    profile = new Float64Array(points);
  let best = -Infinity;
  for (let j = 0; j < points; j++) {
    const t = 1 / largest + (1 - Math.sqrt(points / (j + 0.5))) / 3 / quartile;
    const k = meanLog(-t, sorted);
    theta[j] = t;
    profile[j] = n * (Math.log(-t / k) - k - 1);
    if (profile[j]! > best) best = profile[j]!;
  }
  let total = 0,
    weighted = 0;
  for (let j = 0; j < points; j++) {
    const w = Math.exp(profile[j]! - best);
    total += w;
    weighted += w * theta[j]!;
  }
  const estimate = weighted / total,
    k = meanLog(-estimate, sorted);
  const shape = (k * n + priorStrength * priorShape) / (n + priorStrength);
  return { shape: Number.isNaN(shape) ? Number.POSITIVE_INFINITY : shape, scale: -k / estimate };
}

/** Mean of log(1 + a x): logarithms of products, as long as these are far from the ends of what a number holds. */
function meanLog(a: number, values: Float64Array): number {
  let sum = 0,
    product = 1;
  for (let i = 0; i < values.length; i++) {
    product *= 1 + a * values[i]!;
    if (product > 1e100 || product < 1e-100) {
      sum += Math.log(product);
      product = 1;
    }
  }
  return (sum + Math.log(product)) / values.length;
}

/** The quantile of the excess; NaN where the scale is no scale. */
export function paretoQuantile(p: number, { shape, scale }: GeneralisedPareto): number {
  return scale > 0 ? (scale * Math.expm1(-shape * Math.log1p(-p))) / shape : Number.NaN;
}
