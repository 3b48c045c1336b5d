/**
 * Variates whose density on an interval is an exponential or a power, by inversion measured from the heavier end. NaN
 * where the density has no finite integral.
 */
import type { Random } from '../generator.js';
import { smallestNormal } from './range.js';

/**
 * A draw with density proportional to exp(slope x) on [low, high]; one bound may be infinite where the slope allows. NaN where improper.
 */
export function tiltedUniform(random: Random, slope: number, low: number, high: number): number {
  const u = random.uniformPositive();
  if (!(low < high)) return low === high ? low : NaN;
  if (high === Infinity) return slope < 0 ? low + Math.log(u) / slope : NaN;
  if (low === -Infinity) return slope > 0 ? high + Math.log(u) / slope : NaN;
  const width = high - low,
    t = slope * width;
  if (Math.abs(t) < 1e-12) return low + u * width;
  // Measured from the heavier end, so that nothing overflows.
  const distance = -Math.log1p(u * Math.expm1(-Math.abs(t))) / Math.abs(slope);
  return Math.min(high, Math.max(low, slope > 0 ? high - distance : low + distance));
}

/** A draw from Exponential(rate) given low <= x <= high; no memory, so a lower bound only shifts it. NaN where improper. */
export function truncatedExponential(random: Random, rate: number, low: number, high: number): number {
  return tiltedUniform(random, -rate, Math.max(0, low), high);
}

/** A draw from the density x^(power-1) on [low, high], wherever it has a finite integral. */
export function drawPower(random: Random, power: number, low: number, high: number): number {
  if (!(power > 0 || low > 0) || !(power < 0 || high < Infinity)) return Number.NaN;
  // log x has the density e^(power t): start at the end where that is higher.
  const width = Math.log(high) - Math.log(Math.max(low, 0));
  const u = random.uniformPositive();
  const x =
    power > 0
      ? high * Math.exp(Math.log1p(u * Math.expm1(-power * width)) / power)
      : power < 0
        ? low * Math.exp(Math.log1p(u * Math.expm1(power * width)) / power)
        : low * Math.exp(u * width);
  return Math.min(Math.max(x, low, smallestNormal), high);
}

/**
 * A draw with density proportional to x^slope on [low, high], 0 <= low; upwards unbounded needs slope < -1 (Pareto). NaN where improper.
 */
export function powerLaw(random: Random, slope: number, low: number, high: number): number {
  return low < high ? drawPower(random, slope + 1, low, high) : low === high ? low : Number.NaN;
}
