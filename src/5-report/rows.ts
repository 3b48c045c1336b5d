/** A row of the summary: what is known of one element. */

/** The row of one element: what does not apply is null. */
export interface ElementSummary {
  /** `mu[0,1]`. */
  readonly name: string;
  /** Number of the element in its variable, row-major. */
  readonly flat: number;
  /** Posterior mean; the estimate for em and map. */
  readonly mean: number | null;
  /** Posterior standard deviation; the standard error of an estimate. */
  readonly sd: number | null;
  /** Of the mean; where the mean is known and only quantiles come from draws, the largest of theirs. */
  readonly mcse: number | null;
  /** The 5 % quantile. */
  readonly q5: number | null;
  /** The median. */
  readonly q50: number | null;
  /** The 95 % quantile. */
  readonly q95: number | null;
  /** Effective sample size of the centre (Vehtari et al. 2021). */
  readonly essBulk: number | null;
  /** Effective sample size of the 5 % and 95 % quantiles, the smaller one. */
  readonly essTail: number | null;
  /** Infinite where chains stand still at different values. */
  readonly rhat: number | null;
  /** From value to probability. */
  readonly probs: Readonly<{ [value: string]: number }> | null;
}

/** A number of a row. */
export type RowNumber = Exclude<keyof ElementSummary, 'name' | 'flat' | 'probs'>;
export const rowNumbers: readonly RowNumber[] = ['mean', 'sd', 'mcse', 'q5', 'q50', 'q95', 'essBulk', 'essTail', 'rhat'];
