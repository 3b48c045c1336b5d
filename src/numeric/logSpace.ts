/**
 * Sums and differences of numbers given by their logarithms, shifted so that nothing overflows
 * and nothing cancels (Maechler, "Accurately computing log(1 - exp(-|a|))", 2012).
 */

/** log(e^a + e^b). */
export function logAddExp(a: number, b: number): number {
  if (a === b) return a + Math.LN2;
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
}

/** log(1 - e^a) for a <= 0; NaN above. */
export function log1mExp(a: number): number {
  return a > -Math.LN2 ? Math.log(-Math.expm1(a)) : Math.log1p(-Math.exp(a));
}

/** log(e^a - e^b) for a >= b; NaN otherwise. */
export function logSubtractExp(a: number, b: number): number {
  return b === -Infinity ? a : a + log1mExp(b - a);
}

/** log of the sum of e^v over `count` elements from `offset`; -Infinity for none, NaN where an element is NaN. */
export function logSumExp(values: ArrayLike<number>, offset: number, count: number): number {
  let maximum = -Infinity;
  for (let i = offset; i < offset + count; i++) {
    const v = values[i]!;
    if (v > maximum || v !== v) maximum = v;
    if (maximum !== maximum) return Number.NaN;
  }
  if (maximum === Infinity || maximum === -Infinity) return maximum;
  let sum = 0;
  for (let i = offset; i < offset + count; i++) sum += Math.exp(values[i]! - maximum);
  return maximum + Math.log(sum);
}
