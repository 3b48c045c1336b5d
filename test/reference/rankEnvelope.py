"""Pointwise level gamma of the simultaneous ECDF bands by simulation (Saeilynoja, Buerkner, Vehtari 2022, section 2.1):
N discrete uniform ranks on 0..V-1, K evaluation points i/K; for each simulated sample the smallest two-sided binomial
tail over the points; gamma is the alpha quantile of these minima. Also exact p-values of small cases by enumeration of all samples."""
import itertools, json, math
import numpy as np
from scipy.stats import binom

def tails(n, k):
    z = np.arange(1, k) / k
    x = np.arange(n + 1)[:, None]
    low = binom.cdf(x, n, z)
    high = binom.sf(x - 1, n, z)
    return np.minimum(2 * low, 2 * high)  # [count, point]

def minima(n, v, k, m, rng):
    t = tails(n, k)
    out = np.empty(m)
    for s in range(m):
        ranks = rng.integers(0, v, n)
        counts = np.cumsum(np.bincount(ranks * k // v, minlength=k))[:-1]
        out[s] = t[counts, np.arange(k - 1)].min()
    return out

rng = np.random.default_rng(20221)
envelopes = []
for n, v, k in [(50, 20, 20), (100, 100, 100), (250, 100, 100), (200, 100, 100), (400, 20, 20)]:
    for alpha in [0.05, 0.2]:
        low = minima(n, v, k, 40000, rng)
        # Standard error of the quantile level: sqrt(alpha (1 - alpha) / 40000); the two quantiles a few of these apart bracket gamma.
        half = 4 * math.sqrt(alpha * (1 - alpha) / 40000)
        envelopes.append({"count": n, "values": v, "points": k, "rate": alpha, "low": float(np.quantile(low, alpha - half)), "high": float(np.quantile(low, alpha + half))})

def p_value(ranks, v, cuts):
    n = len(ranks)
    cuts = np.array(cuts)
    x = np.arange(n + 1)[:, None]
    t = np.minimum(2 * binom.cdf(x, n, cuts / v), 2 * binom.sf(x - 1, n, cuts / v))
    def gamma(r):
        counts = (np.array(r)[:, None] < cuts).sum(axis=0)
        return t[counts, np.arange(len(cuts))].min()
    own = gamma(ranks)
    every = [gamma(r) for r in itertools.product(range(v), repeat=n)]
    return sum(g <= own * (1 + 1e-9) for g in every) / len(every)

exact = []
# Cuts: i V / K for a divisor K of V near the number of ranks; for 7 values and 4 or 5 ranks there is none, and multiples of 7 / 4 and 7 / 5 are rounded.
for ranks, v, cuts in [([0, 0, 0, 1, 2], 6, [2, 4]), ([0, 1, 2, 3, 4], 5, [1, 2, 3, 4]), ([3, 3, 3, 3, 3], 4, [1, 2, 3]), ([0, 0, 0, 0, 0, 5], 6, [1, 2, 3, 4, 5]), ([1, 1, 4, 4, 4], 6, [2, 4]),
                       ([0, 1, 1, 5], 7, [2, 4, 5]), ([6, 6, 6, 6, 5], 7, [1, 3, 4, 6])]:
    exact.append({"ranks": ranks, "values": v, "cuts": cuts, "p": p_value(ranks, v, cuts)})
json.dump({"envelopes": envelopes, "exact": exact}, open("rankEnvelope.json", "w"), indent=1)
