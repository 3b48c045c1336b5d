/**
 * Tables for the inlined exponential of relative weights: exp(x) = 2^(i div 64) 2^((i mod 64)/64) e^r
 * with i = round(64 x / ln 2) and |r| <= ln2/128, e^r by its Taylor polynomial of degree 5
 * (Tang 1989, ACM TOMS 15). The step ln2/64 is split in two so that i times its high part is exact.
 */

const step = Math.LN2 / 64;
/** The step's leading 34 bits. */
export const logStepHigh: number = Math.round(step * 2 ** 40) / 2 ** 40;
/** ln 2 = 0.693147180559945309417232121458..., of which a double holds all but 2.319e-17. */
export const logStepLow: number = step - logStepHigh + 2.3190468138462996e-17 / 64;
/** Position of 2^0 in the table of powers; weights below e^-37 are 0. */
export const powerOffset: number = 54;

/** 2^(j/64) for j in 0..63. */
export function fractionTable(): Float64Array {
  return Float64Array.from({ length: 64 }, (_, j) => 2 ** (j / 64));
}
/** 2^(j - powerOffset). */
export function powerTable(): Float64Array {
  return Float64Array.from({ length: powerOffset + 1 }, (_, j) => 2 ** (j - powerOffset));
}
