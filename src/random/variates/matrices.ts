/**
 * Matrix variates, row-major and symmetric, written to `out` from `offset`. They return 1, or 0 where the law does not exist
 * (the result is then NaN throughout).
 */
import { choleskyInPlace, solveLower } from '../../numeric/linearAlgebra.js';
import type { Random } from '../generator.js';
import { chiSquared, beta } from './gamma.js';
import { fail } from './range.js';

/** Fills the lower triangle at `at` with Bartlett's factor A of a Wishart(df, I): A_ii^2 chi-squared(df - i), normals below. */
function bartlettFactor(random: Random, scratch: Float64Array, at: number, df: number, d: number): void {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) scratch[at + i * d + j] = random.normal();
    scratch[at + i * d + i] = Math.sqrt(chiSquared(random, df - i));
  }
}

/** Wishart(df, scale) with mean df scale, df > d - 1, by Bartlett's decomposition. */
export function wishart(
  random: Random,
  out: Float64Array,
  offset: number,
  df: number,
  scale: Float64Array,
  d: number = Math.round(Math.sqrt(scale.length)),
): number {
  const size = d * d;
  const scratch = random.workspace(2 * size);
  for (let i = 0; i < size; i++) scratch[i] = scale[i]!;
  if (!(df > d - 1) || !choleskyInPlace(scratch, 0, d)) return fail(out, offset, size);
  bartlettFactor(random, scratch, size, df, d);
  // M = L A in place of A, rows from the last: row i needs rows k <= i of A.
  for (let i = d - 1; i >= 0; i--) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = j; k <= i; k++) sum += scratch[i * d + k]! * scratch[size + k * d + j]!;
      scratch[size + i * d + j] = sum;
    }
  }
  // X = M M^T.
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k <= j; k++) sum += scratch[size + i * d + k]! * scratch[size + j * d + k]!;
      out[offset + i * d + j] = sum;
      out[offset + j * d + i] = sum;
    }
  }
  return 1;
}

/** InverseWishart(df, scale) with mean scale/(df - d - 1), df > d - 1: the inverse of a Wishart(df, scale^-1). */
export function inverseWishart(
  random: Random,
  out: Float64Array,
  offset: number,
  df: number,
  scale: Float64Array,
  d: number = Math.round(Math.sqrt(scale.length)),
): number {
  const size = d * d;
  const scratch = random.workspace(3 * size);
  for (let i = 0; i < size; i++) scratch[i] = scale[i]!;
  if (!(df > d - 1) || !choleskyInPlace(scratch, 0, d)) return fail(out, offset, size);
  bartlettFactor(random, scratch, size, df, d);
  // With scale = L L^T and W = A A^T ~ Wishart(df, I): X = L W^-1 L^T = Y^T Y where A Y = L^T.
  const y = 2 * size;
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) scratch[y + i * d + j] = j >= i ? scratch[j * d + i]! : 0;
  for (let j = 0; j < d; j++) solveLower(scratch, size, d, scratch, y + j, d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += scratch[y + k * d + i]! * scratch[y + k * d + j]!;
      out[offset + i * d + j] = sum;
      out[offset + j * d + i] = sum;
    }
  }
  return 1;
}

/**
 * LKJ(d, shape) by independent partial correlations (Lewandowski, Kurowicka and Joe 2009, the C-vine): z_ij, j < i, given the
 * first j variables has (z + 1) / 2 ~ Beta(b, b), b = shape + (d - 2 - j) / 2; with R = L L', L_ij = z_ij times the length left of row i.
 */
export function lkj(random: Random, out: Float64Array, offset: number, d: number, shape: number): number {
  const size = d * d;
  if (!(shape > 0)) return fail(out, offset, size);
  const l = random.workspace(size);
  for (let i = 0; i < d; i++) {
    let rest = 1;
    for (let j = 0; j < i; j++) {
      const b = shape + 0.5 * (d - 2 - j);
      const z = 2 * beta(random, b, b) - 1;
      l[i * d + j] = z * Math.sqrt(rest);
      rest *= (1 - z) * (1 + z);
    }
    l[i * d + i] = Math.sqrt(rest);
  }
  for (let i = 0; i < d; i++) {
    out[offset + i * d + i] = 1;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k <= j; k++) sum += l[i * d + k]! * l[j * d + k]!;
      out[offset + i * d + j] = sum;
      out[offset + j * d + i] = sum;
    }
  }
  return 1;
}
