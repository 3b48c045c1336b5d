/**
 * Comparisons of means with their Monte Carlo errors: of draws with a known number, and of two sets of draws.
 */
import { ChainDraws } from '../../5-report/diagnostics/chainDraws.js';
import { essMean } from '../../5-report/diagnostics/ess.js';
import { rhat } from '../../5-report/diagnostics/rhat.js';
import { studentCdf } from '../../numeric/special.js';

/** A mean with its standard error. */
export interface Estimate {
  readonly mean: number;
  readonly error: number;
  /** Degrees of freedom of the error; infinite where it is known. */
  readonly degrees: number;
  /** Improved R-hat of the draws; 1 for what is known or independent. */
  readonly rhat: number;
  /** Share of the draw farthest out in the sum of squares about the mean: near 1 where the variance need not exist. */
  readonly largest: number;
}

export function known(mean: number): Estimate { return { mean, error: 0, degrees: Number.POSITIVE_INFINITY, rhat: 1, largest: 0 }; }

/**
 * The mean of draws [chains, draws], its error by the effective sample size.
 * A variance summed over about 4 tau lags of N states has N / (8 tau) degrees of freedom (Priestley 1981, 6.2).
 */
export function estimate(values: Float64Array, chains: number): Estimate {
  const draws = ChainDraws.of(values, chains, values.length / chains);
  const size = essMean(draws);
  if (Number.isNaN(size)) return { mean: draws.mean(), error: draws.isDegenerate() ? 0 : Number.NaN, degrees: 2, rhat: 1, largest: 0 };
  const mean = draws.mean();
  let sum = 0, largest = 0;
  for (const x of values) { const square = (x - mean) ** 2; sum += square; if (square > largest) largest = square; }
  return { mean, error: draws.standardDeviation() / Math.sqrt(size), degrees: Math.max(2, size / 8), rhat: rhat(draws), largest: largest / sum };
}

/** z of the difference and its two-sided p-value, by Student's law with the degrees of freedom of Welch and Satterthwaite. */
export function compareMeans(a: Estimate, b: Estimate): { readonly z: number; readonly p: number } {
  const [u, v] = [a.error ** 2, b.error ** 2];
  const difference = a.mean - b.mean;
  // Rounding of sums is no difference.
  if (Math.abs(difference) <= 1e-9 * (1 + Math.abs(b.mean))) return { z: 0, p: 1 };
  if (u + v === 0) return { z: difference > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY, p: 0 };
  const z = difference / Math.sqrt(u + v);
  const degrees = (u + v) ** 2 / (u ** 2 / a.degrees + v ** 2 / b.degrees);
  return { z, p: 2 * studentCdf(-Math.abs(z), degrees) };
}
