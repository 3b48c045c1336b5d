import { kl, Normal } from '../../src/distributions-api.js';

/** Both divergences between N(0, 1) and N(0, variance). */
export function divergences(
  variances: readonly number[],
): readonly { readonly variance: number; readonly direct: number; readonly reverse: number }[] {
  const p = Normal(0, 1);
  return variances.map((variance) => {
    const q = Normal({ mean: 0, variance });
    return { variance, direct: kl(p, q).value, reverse: kl(q, p).value };
  });
}
