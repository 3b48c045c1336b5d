/**
 * Many tests with one stated false-alarm rate: Holm's step-down procedure (Holm 1979) inside a method, shares
 * of the rate (Bonferroni) among methods. Neither needs the tests to be independent.
 */

/**
 * Which hypotheses Holm's procedure rejects at a family-wise rate.
 * @param pValues p-values; NaN where a test says nothing.
 * @returns for each p-value whether it is rejected: the smallest is held against rate / n, the next against rate / (n - 1), ..., up to the
 * first that passes.
 */
export function holm(pValues: readonly number[], rate: number): readonly boolean[] {
  const order = pValues
    .map((p, k) => ({ p, k }))
    .filter(({ p }) => !Number.isNaN(p))
    .sort((a, b) => a.p - b.p);
  const rejected = pValues.map(() => false);
  for (const [place, { p, k }] of order.entries()) {
    if (p > rate / (order.length - place)) break;
    rejected[k] = true;
  }
  return rejected;
}

/**
 * The smallest rate at which Holm's procedure would reject anything: n times the smallest p-value, at most 1; NaN where there is no test.
 */
export function familyPValue(pValues: readonly number[]): number {
  const known = pValues.filter((p) => !Number.isNaN(p));
  return known.length === 0 ? Number.NaN : Math.min(1, known.length * Math.min(...known));
}
