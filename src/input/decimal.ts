/**
 * Decimal numbers without the engine's parser: a number of at most 15 digits with a small exponent is one exact
 * product or quotient of two doubles, hence the nearest double (Clinger 1990).
 */

/** Powers of ten that are doubles exactly. */
const powersOfTen: readonly number[] = Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

/** mantissa * 10^scale for a mantissa of so many digits; NaN where that is not certain to be the nearest double. */
export function exactDecimal(mantissa: number, digits: number, scale: number): number {
  if (digits > 15 || scale > 22 || scale < -22) return Number.NaN;
  return scale < 0 ? mantissa / powersOfTen[-scale]! : mantissa * powersOfTen[scale]!;
}
