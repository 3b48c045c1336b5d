/**
 * Elements of a sampled variable that a `let` defines (`let a[0] = 0` beside `sample a[k]`): their moments
 * and quantiles, put beside the closed forms of the others. What depends on no unknown is the same in all
 * draws and exact; the rest is estimated from independent draws, with its standard error.
 */
import type { BoundVariable } from '../2-graph/bound.js';
import { quantileOfSorted } from '../numeric/orderStatistics.js';
import type { ClosedForm } from './posterior.js';

/** The closed form with computed elements filled in; unchanged where there are none, or no draws to read them from. */
export function withComputedElements(closed: ClosedForm, { computed }: Pick<BoundVariable, 'computed'>): ClosedForm {
  const { draws } = closed;
  if (computed === undefined || draws === null || draws.count === 0) return closed;
  const size = computed.length,
    { count, values } = draws;
  const mean = closed.mean.slice(),
    sd = closed.sd?.slice() ?? null;
  const mcse = closed.mcse?.slice() ?? new Float64Array(size);
  const quantiles =
    closed.quantiles === null
      ? null
      : { q5: closed.quantiles.q5.slice(), q50: closed.quantiles.q50.slice(), q95: closed.quantiles.q95.slice() };
  let isEstimated = closed.mcse !== null;
  for (let cell = 0; cell < size; cell++) {
    if (computed[cell] === 0) continue;
    const own = Float64Array.from({ length: count }, (_, d) => values[d * size + cell]!).sort();
    const isConstant = own[0] === own[count - 1];
    // A constant is not to be worn down by rounding.
    const centre = isConstant ? own[0]! : own.reduce((sum, x) => sum + x / count, 0);
    const variance = isConstant ? 0 : own.reduce((sum, x) => sum + (x - centre) ** 2, 0) / Math.max(1, count - 1);
    mean[cell] = centre;
    if (sd !== null) sd[cell] = Math.sqrt(variance);
    if (!isConstant) {
      mcse[cell] = Math.sqrt(variance / count);
      isEstimated = true;
    }
    if (quantiles !== null) {
      quantiles.q5[cell] = quantileOfSorted(own, 0.05);
      quantiles.q50[cell] = quantileOfSorted(own, 0.5);
      quantiles.q95[cell] = quantileOfSorted(own, 0.95);
    }
  }
  return { ...closed, mean, sd, mcse: isEstimated ? mcse : null, quantiles };
}
