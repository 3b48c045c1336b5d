/**
 * Comparisons of means with their Monte Carlo errors: of draws with a known number, and of two sets of draws.
 */
import { ChainDraws } from '../../5-report/diagnostics/chainDraws.js';
import { essMean } from '../../5-report/diagnostics/ess.js';
import { rhat } from '../../5-report/diagnostics/rhat.js';
import { studentCdf } from '../../numeric/special/student.js';

/** A mean with its standard error. */
export interface Estimate {
  readonly mean: number;
  readonly error: number;
  /** Degrees of freedom of the error; infinite where it is known. */
  readonly degrees: number;
  /** Standard deviation of a draw; NaN where only the mean is known. */
  readonly sd: number;
  /** Number of draws; infinite for what is known. */
  readonly count: number;
  /** Improved R-hat of the draws; 1 for what is known or independent. */
  readonly rhat: number;
  /** Share of the draw farthest out in the sum of squares about the mean: near 1 where the variance need not exist. */
  readonly largest: number;
}

/** A number known exactly. @param sd of what it is the mean of. */
export function known(mean: number, sd: number = Number.NaN): Estimate {
  return { mean, error: 0, degrees: Number.POSITIVE_INFINITY, sd, count: Number.POSITIVE_INFINITY, rhat: 1, largest: 0 };
}

/**
 * The mean of draws [chains, draws], its error by the effective sample size.
 * A variance summed over about 4 tau lags of N states has N / (8 tau) degrees of freedom (Priestley 1981, 6.2).
 */
export function estimate(values: Float64Array, chains: number): Estimate {
  const draws = ChainDraws.of(values, chains, values.length / chains),
    mean = draws.mean(),
    count = values.length;
  const size = essMean(draws);
  if (Number.isNaN(size))
    return {
      mean,
      error: draws.isDegenerate() && Number.isFinite(mean) ? 0 : Number.NaN,
      degrees: Number.POSITIVE_INFINITY,
      sd: 0,
      count,
      rhat: 1,
      largest: 0,
    };
  let sum = 0,
    largest = 0;
  for (const x of values) {
    const square = (x - mean) ** 2;
    sum += square;
    if (square > largest) largest = square;
  }
  const sd = draws.standardDeviation();
  return { mean, error: sd / Math.sqrt(size), degrees: Math.max(2, size / 8), sd, count, rhat: rhat(draws), largest: largest / sum };
}

/** Draws that all agree show no error of their own: a value that is rare may not have come up, and the other side knows how rare. */
function errorOf(own: Estimate, other: Estimate): number {
  return own.sd === 0 && Number.isFinite(own.count) ? other.sd / Math.sqrt(own.count) : own.error;
}

/**
 * z of the difference and its two-sided p-value, by Student's law with the degrees of freedom of Welch and Satterthwaite; NaN where no
 * error is known.
 */
export function compareMeans(a: Estimate, b: Estimate): { readonly z: number; readonly p: number } {
  const difference = a.mean - b.mean;
  // Rounding of sums is no difference.
  if (Math.abs(difference) <= 1e-9 * (1 + Math.abs(b.mean))) return { z: 0, p: 1 };
  const [u, v] = [errorOf(a, b) ** 2, errorOf(b, a) ** 2];
  if (u + v === 0) return { z: difference > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY, p: 0 };
  const z = difference / Math.sqrt(u + v);
  const degrees = (u + v) ** 2 / (u ** 2 / a.degrees + v ** 2 / b.degrees);
  return { z, p: 2 * studentCdf(-Math.abs(z), degrees) };
}
