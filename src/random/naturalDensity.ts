/**
 * Log densities of vectors by natural parameters, for collapsed Gibbs: what integrating a parent out weighs is
 * the difference of its log density, at one point, between two sets of parameters, so constants are left out.
 */
import { choleskyInPlace, solveLower } from '../numeric/linearAlgebra.js';
import { lgamma } from '../numeric/special/gamma.js';
import type { Random } from './generator.js';

/**
 * log N(x; P^-1 h, P^-1) + d/2 log 2 pi with P = -(Q + Q') = L L': log det L - |L'x - L^-1 h|^2 / 2; NaN where P is not
 * positive definite. h [d] and Q [d, d], row-major.
 */
export function naturalNormalDensity(
  random: Random,
  h: Float64Array,
  hAt: number,
  q: Float64Array,
  qAt: number,
  x: Float64Array,
  d: number,
): number {
  const work = random.workspace(d * d + d),
    y = d * d;
  for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) work[i * d + j] = -(q[qAt + i * d + j]! + q[qAt + j * d + i]!);
  if (!choleskyInPlace(work, 0, d)) return Number.NaN;
  for (let i = 0; i < d; i++) work[y + i] = h[hAt + i]!;
  solveLower(work, 0, d, work, y);
  let sum = 0;
  for (let i = 0; i < d; i++) {
    let left = -work[y + i]!;
    for (let k = i; k < d; k++) left += work[k * d + i]! * x[k]!;
    sum += Math.log(work[i * d + i]!) - 0.5 * left * left;
  }
  return sum;
}

/** log Dirichlet(x; 1 + h). */
export function naturalDirichletDensity(_random: Random, h: Float64Array, hAt: number, x: Float64Array, d: number): number {
  let total = 0,
    sum = 0;
  for (let k = 0; k < d; k++) {
    const c = h[hAt + k]!;
    total += c + 1;
    sum += (c === 0 ? 0 : c * Math.log(x[k]!)) - lgamma(c + 1);
  }
  return lgamma(total) + sum;
}
