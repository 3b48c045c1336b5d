/**
 * Gamma, inverse gamma and beta variates between bounds, also where the law exists between its bounds only. One plain draw
 * is tried first where the interval holds the bulk: a draw inside has the truncated law, and so has what replaces a draw outside.
 */
import type { Random } from '../generator.js';
import { drawLogConcave, logGammaLaw, logitBetaLaw } from './logConcave.js';
import { drawPower } from './powers.js';
import { gamma, inverseGamma, beta } from './gamma.js';
import { smallestNormal, belowOne } from './range.js';

/*
 * The truncated laws below first try one plain draw where their interval holds the bulk: a draw inside
 * has the truncated law, and so has what replaces a draw outside.
 */

/**
 * log of a draw from the density u^(shape-1) e^-u on [e^from, e^to], wherever it has a finite integral:
 * the shape may be 0 or negative if `from` is finite.
 */
function drawLogGamma(random: Random, shape: number, from: number, to: number): number {
  if (!(shape > 0) && !(from > -Infinity)) return Number.NaN;
  return drawLogConcave(random, logGammaLaw, shape, 0, shape > 0 ? Math.log(shape) : -Infinity, from, to);
}

/**
 * Gamma(shape, rate) restricted to [low, high], 0 <= low, high possibly Infinity: the density proportional to
 * x^(shape-1) e^(-rate x) there. Conditionals of scales under flat priors also have shape <= 0 (with low > 0)
 * or rate 0 (with a bound on the heavy side). NaN where that has no finite integral.
 */
export function truncatedGamma(random: Random, shape: number, rate: number, low: number, high: number): number {
  if (!(rate >= 0 && low <= high && high > 0) || shape !== shape) return Number.NaN;
  if (low === high) return low;
  if (rate === 0) return drawPower(random, shape, low, high);
  if (shape > 0 && low * rate <= shape && shape <= high * rate) {
    const plain = gamma(random, shape, rate);
    if (plain >= low && plain <= high) return plain;
  }
  const logRate = Math.log(rate);
  const from = low > 0 ? Math.log(low) + logRate : -Infinity;
  const t = drawLogGamma(random, shape, from, Math.log(high) + logRate);
  const x = Math.max(Math.exp(t - logRate), smallestNormal);
  return x < low ? low : x > high ? high : x;
}

/**
 * InverseGamma(shape, scale) restricted to [low, high]: the density proportional to x^(-shape-1) e^(-scale/x) there,
 * with shape <= 0 (and finite high) or scale 0 (and a bound on the heavy side) as in `truncatedGamma`.
 */
export function truncatedInverseGamma(random: Random, shape: number, scale: number, low: number, high: number): number {
  if (!(scale >= 0 && low <= high && high > 0) || shape !== shape) return Number.NaN;
  if (low === high) return low;
  if (scale === 0) return drawPower(random, -shape, low, high);
  if (shape > 0 && low * shape <= scale && scale <= high * shape) {
    const plain = inverseGamma(random, shape, scale);
    if (plain >= low && plain <= high) return plain;
  }
  const logScale = Math.log(scale);
  const to = low > 0 ? logScale - Math.log(low) : Infinity;
  const t = drawLogGamma(random, shape, logScale - Math.log(high), to);
  const x = Math.min(Math.exp(logScale - t), Number.MAX_VALUE);
  return x < low ? low : x > high ? high : x;
}

/** Beta(a, b) restricted to [low, high] within [0, 1]. */
export function truncatedBeta(random: Random, a: number, b: number, low: number, high: number): number {
  if (!(a > 0 && b > 0 && low <= high && high > 0 && low < 1)) return Number.NaN;
  if (low * (a + b) <= a && a <= high * (a + b)) {
    const plain = beta(random, a, b);
    if (plain >= low && plain <= high) return plain;
  }
  const from = low > 0 ? Math.log(low) - Math.log1p(-low) : -Infinity;
  const to = high < 1 ? Math.log(high) - Math.log1p(-high) : Infinity;
  const t = drawLogConcave(random, logitBetaLaw, a, b, Math.log(a) - Math.log(b), from, to);
  const x = Math.min(Math.max(1 / (1 + Math.exp(-t)), smallestNormal), belowOne);
  return x < low ? low : x > high ? high : x;
}
