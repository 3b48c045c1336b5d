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

/** log(1 + k/64) and 1 / (1 + k/64) for k in 0..64. */
const logarithms: Float64Array = Float64Array.from({ length: 65 }, (_, k) => Math.log1p(k / 64));
const reciprocals: Float64Array = Float64Array.from({ length: 65 }, (_, k) => 1 / (1 + k / 64));

/**
 * log(1 + e^x) without overflow, at half the cost of `Math.log1p(Math.exp(x))`: x, if positive, and log(1 + u) with u = e^-|x|. By the
 * tables above log(1 + u) = log(1 + c) + log(1 + r), c = k/64 nearest to u and r = (u - c)/(1 + c), |r| <= 1/128, the second by its Taylor
 * polynomial.
 * Without branches, since signs of predictors are as good as random. Relative error below 1e-15.
 */
export function softplus(x: number): number {
  const below = Math.max(-745, -Math.abs(x));
  const i = (below * stepsPerUnit - 0.5) | 0;
  const s = below - i * logStepHigh - i * logStepLow,
    s2 = s * s;
  const u = fractions[i & 63]! * powers[(i >> 6) + 1075]! * (1 + s + s2 * (0.5 + s * (1 / 6) + s2 * (1 / 24 + s * (1 / 120))));
  const k = (u * 64 + 0.5) | 0;
  const r = (u - k / 64) * reciprocals[k]!,
    r2 = r * r;
  return Math.max(x, 0) + (logarithms[k]! + (r + r2 * (r * (1 / 3) - 1 / 2 + r2 * (r * (1 / 5) - 1 / 4 + r2 * (r * (1 / 7) - 1 / 6)))));
}
